//! Devices: which part of the station is ready; of every cabinet what it measures, its limits, where it is going and what to do
//! next; and how its link does. `console/maintenance/trend.rs` draws and words the trends.

pub(super) mod chart;
mod trend;

pub(crate) use trend::words as trend_words;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::cabinet::{blocked_words, read_words};
use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::scanning::{Trouble, trouble};
use super::today::{part_name, part_words};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::DeviceHealth;
use crate::broker::neighbours::{Kind, Neighbour};
use crate::clock;
use crate::config::Settings;
use crate::disinfect::{CabinetControl, CabinetView, LinkView};
use crate::evidence::Second;
use crate::health::NotReady;
use crate::health::devices::{self, DeviceLine};
use crate::store::HealthRow;

struct PartLine {
    name: String,
    state: &'static str,
    tone: &'static str,
    next: String,
    /// What the system said, where it has no words for it.
    detail: String,
    /// The same beside the words, folded.
    raw: String,
}

struct PointLine {
    point: String,
    value: String,
    limit: String,
    span: String,
    trend: String,
    picture: Option<trend::Picture>,
    age: String,
    state: String,
    tone: String,
    next: String,
}

/// A station or a reader of the office.
struct OtherLine {
    name: String,
    state: &'static str,
    tone: &'static str,
    heard: String,
    waits: String,
    /// Its parts that are not ready, each with what to do.
    parts: Vec<String>,
}

struct Count {
    name: &'static str,
    value: String,
    tone: &'static str,
}

struct Device {
    id: String,
    /// The heading: what it is, and which.
    name: String,
    /// Under the heading: model, and whether it answers.
    about: String,
    points: Vec<PointLine>,
    link: Vec<Count>,
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct MaintenancePage {
    f: Frame,
    parts: Vec<PartLine>,
    devices: Vec<Device>,
    others: Vec<OtherLine>,
    /// How many of them are not ready.
    others_amiss: usize,
    /// Why no second copies are made, where an administrator may begin with their folder.
    second: Option<String>,
}

/// `blocked`: what a cabinet's page says of it, in this person's language; of a scanner why its last scan stopped.
fn part_line(
    w: &'static Words,
    part: &str,
    why: Option<NotReady>,
    blocked: Option<String>,
) -> PartLine {
    let name = part_name(w, part);
    let Some(why) = why else {
        let (state, tone) = match blocked {
            Some(_) => ("maintenance.warning", "warning"),
            None => ("maintenance.ready", "good"),
        };
        return PartLine {
            name,
            state: w.t(state),
            tone,
            next: blocked.unwrap_or_default(),
            detail: String::new(),
            raw: String::new(),
        };
    };
    let is_told = blocked.is_some();
    let (next, detail) = match blocked {
        Some(told) => (told, String::new()),
        None => part_words(w, &why),
    };
    PartLine {
        name,
        state: w.t("maintenance.not_ready"),
        tone: "bad",
        raw: match is_told || !detail.is_empty() {
            true => String::new(),
            false => w.system_said(&why.message),
        },
        next,
        detail,
    }
}

fn other_line(w: &'static Words, one: &Neighbour) -> OtherLine {
    let is_there = one.is_there();
    let parts = one.word.parts.iter().filter(|_| is_there);
    // In its own words: what is "here" there is not here.
    let amiss = parts.filter_map(|(part, code)| {
        let code = code.as_deref()?;
        let told = w.code("part_code", code);
        Some(w.two("maintenance.it_says", part_name(w, part), told))
    });
    let mut amiss: Vec<String> = amiss.collect();
    let (state, tone) = match (is_there, amiss.is_empty()) {
        (false, _) => ("maintenance.silent", "bad"),
        (true, false) => ("maintenance.not_ready", "bad"),
        (true, true) => ("maintenance.ready", "good"),
    };
    if !is_there {
        amiss.push(w.t("maintenance.silent_do").to_owned());
    }
    let kind = match one.kind {
        Kind::Station => "maintenance.station",
        Kind::Reader => "maintenance.reader",
    };
    OtherLine {
        name: w.one(kind, &one.name),
        state: w.t(state),
        tone,
        heard: match one.heard {
            Some(ago) => w.one("maintenance.heard", ago.as_secs()),
            None => w.t("app.none").to_owned(),
        },
        waits: match (one.kind, is_there) {
            (Kind::Station, true) => w.two("maintenance.waits", one.word.unread, one.word.drafts),
            _ => String::new(),
        },
        parts: amiss,
    }
}

/// A number as people read it: as many decimals as its size deserves.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn point_line(w: &'static Words, line: DeviceLine) -> PointLine {
    let row = &line.newest;
    let unit = w.known("point_unit", &row.point).unwrap_or_default();
    // Yes or no, or the side behind which something happened: no measure that goes up and down.
    let has_no_span = ["point_on", "point_after"]
        .iter()
        .any(|section| w.known(section, &row.point).is_some());
    let state = ["good", "warning", "bad"]
        .into_iter()
        .find(|known| *known == row.state);
    PointLine {
        point: w.code("point", &row.point).to_owned(),
        value: measured(w, &row.point, row.value),
        limit: measured(w, &row.point, row.limit),
        span: match line.span.filter(|_| !has_no_span) {
            Some((least, greatest)) if number(least) == number(greatest) => number(least),
            Some((least, greatest)) => {
                w.two("maintenance.span_of", number(least), number(greatest))
            }
            _ => w.t("app.none").to_owned(),
        },
        trend: line
            .outlook
            .map_or_else(String::new, |outlook| trend::words(w, outlook, unit)),
        picture: trend::picture(&line.history, row.limit),
        age: when::since(w, row.at),
        state: w.code("maintenance", state.unwrap_or("unknown")).to_owned(),
        tone: row.state.clone(),
        next: next_words(w, row).unwrap_or_default(),
    }
}

/// A value with its unit, or the words of one that is yes or no, or of where something happened.
pub(super) fn measured(w: &'static Words, point: &str, value: Option<f64>) -> String {
    let (on, off) = (w.known("point_on", point), w.known("point_off", point));
    let unit = w.known("point_unit", point).unwrap_or_default();
    if w.known("point_after", point).is_some() {
        let side = value.filter(|side| *side > 0.0);
        return match side {
            Some(side) => w.one(&format!("point_after.{point}"), number(side)),
            None => w.t("app.none").to_owned(),
        };
    }
    match (value, on.zip(off)) {
        (None, _) => w.t("app.none").to_owned(),
        (Some(value), Some((on, off))) => if value >= 0.5 { on } else { off }.to_owned(),
        (Some(value), None) => format!("{} {unit}", number(value)).trim_end().to_owned(),
    }
}

/// What is to be done about an entry, in words.
pub(super) fn next_words(w: &'static Words, row: &HealthRow) -> Option<String> {
    let code = row.code.as_deref()?;
    let known = ["health_do", "fault_do", "missing", "fault"];
    let known = known.iter().find_map(|section| w.known(section, code));
    let known = known.unwrap_or(code);
    Some(match &row.detail {
        Some(detail) => format!("{known} {}", detail_words(w, detail)),
        None => known.to_owned(),
    })
}

/// What was read and what is expected, as the log keeps it.
pub(crate) fn detail_words(w: &Words, detail: &str) -> String {
    let parts = detail.split_once(": read ").and_then(|(place, rest)| {
        let (read, expected) = rest.split_once(", expected ")?;
        Some([place.to_owned(), read_words(w, read), expected.to_owned()])
    });
    match parts {
        Some([place, read, expected]) => w.fill("maintenance.detail", &[&place, &read, &expected]),
        None => detail.to_owned(),
    }
}

fn counts(w: &'static Words, link: &LinkView) -> Vec<Count> {
    let wrong = [
        ("link.timeouts", link.timeouts),
        ("link.crc_errors", link.crc_errors),
        ("link.bad_replies", link.bad_replies),
        ("link.losses", link.losses),
        ("link.exceptions", link.exceptions),
        ("link.drains", link.drains),
        ("link.reconnects", link.reconnects),
    ];
    let mut counts = vec![Count {
        name: w.t("link.requests"),
        value: link.requests.to_string(),
        tone: "",
    }];
    counts.extend(wrong.into_iter().map(|(name, count)| Count {
        name: w.t(name),
        value: count.to_string(),
        tone: if count > 0 { "seen" } else { "" },
    }));
    let ms = |time: Option<f64>| {
        time.map_or_else(
            || w.t("app.none").to_owned(),
            |ms| format!("{} ms", number(ms)),
        )
    };
    counts.push(Count {
        name: w.t("link.round_trip"),
        value: ms(link.round_trip_p50_ms),
        tone: "",
    });
    counts.push(Count {
        name: w.t("link.last_problem"),
        value: match &link.last_problem {
            None => w.t("app.none").to_owned(),
            Some(code) => w.code("missing", code).to_owned(),
        },
        tone: "",
    });
    counts
}

/// What a device is and which; `None` where the settings do not have it.
pub(super) fn device_name(w: &'static Words, settings: &Settings, id: &str) -> Option<String> {
    let is_cabinet = settings.cabinets.iter().any(|one| one.id.0 == id);
    let is_scanner = settings.scanners.iter().any(|one| one.id.0 == id);
    match id {
        "evidence" => Some(w.t("part.evidence").to_owned()),
        _ if is_cabinet => Some(part_name(w, &format!("cabinet/{id}"))),
        _ if is_scanner => Some(part_name(w, &format!("scanner/{id}"))),
        _ => None,
    }
}

/// The cabinets of the settings first, then the other devices, those too that only the log knows any more.
fn device_cards(
    w: &'static Words,
    views: Vec<CabinetView>,
    lines: Vec<DeviceLine>,
    settings: &Settings,
) -> Vec<Device> {
    let mut points: BTreeMap<String, Vec<PointLine>> = BTreeMap::new();
    for line in lines {
        let device = line.newest.device.clone();
        points.entry(device).or_default().push(point_line(w, line));
    }
    let mut devices: Vec<Device> = views
        .into_iter()
        .map(|view| {
            let link = match view.connected {
                true => w.t("cabinet.connected"),
                false => w.t("cabinet.disconnected"),
            };
            Device {
                about: format!("{} · {link}", view.model),
                points: points.remove(&view.id).unwrap_or_default(),
                link: counts(w, &view.link),
                name: device_name(w, settings, &view.id).unwrap_or_else(|| view.id.clone()),
                id: view.id,
            }
        })
        .collect();
    devices.extend(points.into_iter().map(|(id, points)| {
        let known = device_name(w, settings, &id);
        let about = match known {
            Some(_) => "",
            None => w.t("maintenance.not_in_settings"),
        };
        Device {
            name: known.unwrap_or_else(|| id.clone()),
            id,
            about: about.to_owned(),
            points,
            link: Vec::new(),
        }
    }));
    devices
}

/// `GET /maintenance`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<DeviceHealth>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "maintenance"));
    let settings = app.settings.clone();
    let found = app
        .store
        .with(move |db| devices::lines(db, &settings.cabinets, clock::now()));
    let lines = match found.await {
        Ok(lines) => lines,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let parts = app.readiness.parts().into_iter();
    let views: Vec<_> = app.cabinets.values().map(CabinetControl::view).collect();
    let blocked = |part: &str, why: &Option<NotReady>| {
        if let Some(id) = part.strip_prefix("scanner/").filter(|_| why.is_none()) {
            let Trouble { what, next } = trouble(w, &app.scanners.get(id)?.state())?;
            return Some(format!("{what} {next}"));
        }
        let id = part.strip_prefix("cabinet/")?;
        let view = views.iter().find(|view| view.id == id)?;
        blocked_words(w, view, &why.as_ref()?.code)
    };
    let line = |(part, why): (String, Option<NotReady>)| {
        let blocked = blocked(&part, &why);
        part_line(w, &part, why, blocked)
    };
    let parts = parts.map(line).collect();
    let others = app.others.neighbours.all();
    let others: Vec<_> = others.iter().map(|one| other_line(w, one)).collect();
    let second = match app.evidence.second() {
        Second::Away(folder) => Some(w.one("second.away", folder.display())),
        Second::New(folder) => Some(w.one("second.new", folder.display())),
        Second::None | Second::Whole | Second::Behind => None,
    };
    show(&MaintenancePage {
        f,
        parts,
        devices: device_cards(w, views, lines, &app.settings),
        others_amiss: others.iter().filter(|one| one.tone == "bad").count(),
        others,
        second,
    })
}
