//! One device: its histories as charts, and its part of the health log, to be looked through and taken along as a table.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::frame::{Frame, Visitor};
use super::maintenance::chart::{Chart, chart};
use super::maintenance::{device_name, measured, next_words};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::DeviceHealth;
use crate::clock::{self, Millis};
use crate::domain::wear::{self, Point};
use crate::health::devices;
use crate::store::{Db, HealthRow, Keep, StoreError};

/// Entries on one page.
const PAGE: u32 = 100;
/// Entries of one table at most.
const TAKEN_ALONG: u32 = 100_000;
/// Days of a chart.
const DAYS: u32 = 365;

/// What has a history worth a chart, and how it is thinned.
const CHARTED: [(&str, Keep); 7] = [
    ("irradiance_mw_cm2", Keep::Every),
    ("lamp_hours_h", Keep::LastOfDay),
    ("lamp_strikes", Keep::LastOfDay),
    ("ozone_mg_m3", Keep::GreatestOfDay),
    ("ozone_after_ventilation_mg_m3", Keep::GreatestOfDay),
    ("link_errors_percent", Keep::GreatestOfDay),
    ("images_per_day", Keep::GreatestOfDay),
];

/// What part of the log is wanted.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    point: Option<String>,
    state: Option<String>,
    /// Words that the entry says.
    said: Option<String>,
    before: Option<String>,
}

struct LogLine {
    at: String,
    point: String,
    value: String,
    limit: String,
    state: String,
    tone: String,
    next: String,
}

struct Choice {
    code: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    f: Frame,
    /// What it is, and which.
    name: String,
    charts: Vec<Chart>,
    points: Vec<Choice>,
    states: Vec<Choice>,
    said: String,
    log: Vec<LogLine>,
    older: Option<String>,
    newest: Option<String>,
    csv: String,
}

struct Seen {
    charts: Vec<(&'static str, Vec<Point>, Option<f64>)>,
    points: Vec<String>,
    log: Vec<(i64, HealthRow)>,
}

fn nothing_like(device: &str) -> StoreError {
    StoreError::NotFound {
        what: "device",
        id: device.to_owned(),
    }
}

fn look(
    db: &Db,
    w: &'static Words,
    known: &[String],
    (device, wanted): (&str, &Wanted),
) -> Result<Seen, StoreError> {
    if !known.iter().any(|one| one == device) {
        return Err(nothing_like(device));
    }
    let newest = db.newest_health_of(device)?;
    let limit = |point: &str| newest.iter().find(|row| row.point == point)?.limit;
    let mut charts = Vec::new();
    for (point, keep) in CHARTED {
        let history = db.health_history(device, point, keep, DAYS)?;
        charts.push((point, history, limit(point)));
    }
    let scans = db.feeding_of(device)?;
    charts.push((devices::JAMS, wear::per_thousand_of_weeks(&scans), None));
    Ok(Seen {
        charts,
        points: newest.iter().map(|row| row.point.clone()).collect(),
        log: log(db, w, (device, wanted), PAGE + 1)?,
    })
}

fn some(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn log(
    db: &Db,
    w: &'static Words,
    (device, wanted): (&str, &Wanted),
    limit: u32,
) -> Result<Vec<(i64, HealthRow)>, StoreError> {
    let before = wanted.before.as_deref().and_then(|row| row.parse().ok());
    let said = some(&wanted.said).map(str::to_lowercase);
    db.health_log_of(
        device,
        (some(&wanted.point), some(&wanted.state)),
        (before, limit),
        |row| said.as_ref().is_none_or(|said| says(w, row, said)),
    )
}

/// Whether an entry says these words, on the page or in the table.
fn says(w: &'static Words, row: &HealthRow, said: &str) -> bool {
    let next = next_words(w, row).unwrap_or_default();
    let words = [
        w.code("point", &row.point),
        &row.point,
        w.code("maintenance", &row.state),
        &next,
        row.code.as_deref().unwrap_or_default(),
        row.detail.as_deref().unwrap_or_default(),
    ];
    words.iter().any(|text| text.to_lowercase().contains(said))
}

fn log_line(w: &'static Words, row: &HealthRow) -> LogLine {
    LogLine {
        at: when::stamp(row.at),
        point: w.code("point", &row.point).to_owned(),
        value: measured(w, &row.point, row.value),
        limit: measured(w, &row.point, row.limit),
        state: w.code("maintenance", &row.state).to_owned(),
        tone: row.state.clone(),
        next: next_words(w, row).unwrap_or_default(),
    }
}

fn address(device: &str, file: &str, wanted: &Wanted, before: Option<i64>) -> String {
    let encode = super::address::encode;
    let named = [
        ("point", &wanted.point),
        ("state", &wanted.state),
        ("said", &wanted.said),
    ];
    let mut parts: Vec<String> = named
        .into_iter()
        .filter_map(|(name, value)| Some((name, some(value)?)))
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    parts.extend(before.map(|row| format!("before={row}")));
    let path = format!("/maintenance/{}{file}", encode(device));
    match parts.as_slice() {
        [] => path,
        parts => format!("{path}?{}", parts.join("&")),
    }
}

/// An entry that is renewed keeps its row: in the order of their rows they would not be in the order of time.
fn newest_first((row, entry): &(i64, HealthRow)) -> std::cmp::Reverse<(Millis, i64)> {
    std::cmp::Reverse((entry.at, *row))
}

fn filled(
    w: &'static Words,
    f: Frame,
    (device, name): (&str, String),
    wanted: &Wanted,
    mut seen: Seen,
) -> DevicePage {
    let older = (seen.log.len() > PAGE as usize).then(|| seen.log[PAGE as usize - 1].0);
    seen.log.truncate(PAGE as usize);
    seen.log.sort_by_key(newest_first);
    let choice = |section: &'static str, code: &str, chosen: &Option<String>| Choice {
        label: w.code(section, code).to_owned(),
        chosen: chosen.as_deref() == Some(code),
        code: code.to_owned(),
    };
    let charts = seen.charts.iter().filter_map(|(point, history, limit)| {
        let unit = w.known("point_unit", point).unwrap_or_default();
        chart(w, (w.code("point", point), unit), history, *limit)
    });
    DevicePage {
        charts: charts.collect(),
        points: seen
            .points
            .iter()
            .map(|code| choice("point", code, &wanted.point))
            .collect(),
        states: ["good", "warning", "bad", "unknown"]
            .map(|code| choice("maintenance", code, &wanted.state))
            .into(),
        said: wanted.said.clone().unwrap_or_default(),
        log: seen.log.iter().map(|(_, row)| log_line(w, row)).collect(),
        older: older.map(|row| address(device, "", wanted, Some(row))),
        newest: wanted
            .before
            .as_ref()
            .map(|_| address(device, "", wanted, None)),
        csv: address(device, "/log.csv", wanted, None),
        name,
        f,
    }
}

/// `GET /maintenance/{id}`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<DeviceHealth>,
    Path(device): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "maintenance"));
    let settings = app.settings.clone();
    let found = app.store.with(move |db| {
        let known = devices::known(db, &settings)?;
        let seen = look(db, w, &known, (&device, &wanted))?;
        Ok((device, wanted, seen))
    });
    match found.await {
        Ok((device, wanted, seen)) => {
            let name = device_name(w, &app.settings, &device).unwrap_or_else(|| device.clone());
            show(&filled(w, f, (&device, name), &wanted, seen))
        }
        Err(error) => Refused::by_store(f, &error).into_response(),
    }
}

/// `GET /maintenance/{id}/log.csv`: what the page lists, all of it, in the columns of `laixin health --csv` that an entry has by itself.
pub(super) async fn table(
    State(app): State<App>,
    visitor: Visitor<DeviceHealth>,
    Path(device): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "maintenance"));
    let settings = app.settings.clone();
    let found = app.store.with(move |db| {
        if !devices::known(db, &settings)?.contains(&device) {
            return Err(nothing_like(&device));
        }
        let rows = log(db, w, (&device, &wanted), TAKEN_ALONG)?;
        Ok((device, rows))
    });
    let (device, mut rows) = match found.await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let mut text = "time,device,point,value,limit,state,code,detail,next_in_words\n".to_owned();
    rows.sort_by_key(newest_first);
    for (_, row) in &rows {
        text.push_str(&csv_line(w, row));
    }
    let name = format!(
        "attachment; filename=\"{device}-{}.csv\"",
        clock::now().day()
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, text).into_response()
}

fn csv_line(w: &'static Words, row: &HealthRow) -> String {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let cells = [
        Millis(row.at.0).rfc3339(),
        row.device.clone(),
        row.point.clone(),
        number(row.value),
        number(row.limit),
        row.state.clone(),
        row.code.clone().unwrap_or_default(),
        row.detail.clone().unwrap_or_default(),
        next_words(w, row).unwrap_or_default(),
    ];
    let quoted = cells.map(|cell| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    });
    quoted.join(",") + "\n"
}
