//! Devices: which part of the station is ready, and the newest value of every point with its limit and next action.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::today::part_name;
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::DeviceHealth;
use crate::health::NotReady;
use crate::store::HealthRow;

struct PartLine {
    name: String,
    state: String,
    tone: &'static str,
    next: String,
}

struct DeviceLine {
    device: String,
    point: String,
    value: String,
    limit: String,
    age: String,
    state: String,
    tone: String,
    next: String,
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct MaintenancePage {
    f: Frame,
    parts: Vec<PartLine>,
    devices: Vec<DeviceLine>,
}

fn part_line(w: &'static Words, part: &str, why: Option<NotReady>) -> PartLine {
    let (state, tone, next) = match why {
        None => (w.t("maintenance.ready").to_owned(), "good", String::new()),
        Some(why) => {
            let state = w.one("maintenance.not_ready", w.code("part_code", &why.code));
            (state, "bad", why.message)
        }
    };
    PartLine {
        name: part_name(w, part),
        state,
        tone,
        next,
    }
}

fn device_line(w: &'static Words, line: HealthRow) -> DeviceLine {
    let unit = w.known("point_unit", &line.point).unwrap_or_default();
    let number = |value: Option<f64>| {
        value.map_or_else(
            || w.t("app.none").to_owned(),
            |value| format!("{value} {unit}").trim_end().to_owned(),
        )
    };
    let next = line.code.as_deref().map(|code| {
        let health = w.known("health_do", code);
        health
            .or_else(|| w.known("fault_do", code))
            .unwrap_or(code)
            .to_owned()
    });
    let state = ["good", "warning", "bad"]
        .into_iter()
        .find(|known| *known == line.state);
    DeviceLine {
        value: number(line.value),
        limit: number(line.limit),
        age: when::moment(w, line.at),
        state: w.code("maintenance", state.unwrap_or("unknown")).to_owned(),
        next: next.unwrap_or_default(),
        point: w.code("point", &line.point).to_owned(),
        device: line.device,
        tone: line.state,
    }
}

/// `GET /maintenance`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<DeviceHealth>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "maintenance"));
    let lines = match app.store.with(|db| db.newest_health()).await {
        Ok(lines) => lines,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let parts = app.readiness.parts().into_iter();
    show(&MaintenancePage {
        f,
        parts: parts.map(|(part, why)| part_line(w, &part, why)).collect(),
        devices: lines.into_iter().map(|line| device_line(w, line)).collect(),
    })
}
