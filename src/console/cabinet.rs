//! One cabinet: its drawing, its step in words, what it waits for, faults with the next action, readings with their age.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use self::curve::{Curve, curve};
use self::faults::{FaultLine, LastCycle};
use super::batches::carrier_words;
use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Cabinets;
use crate::disinfect::{CabinetView, CycleView, PointView};
use crate::domain::cycle::Sides;
use crate::store::{Batch, CycleRecord, CycleSample, Db, Load, StoreError};

mod curve;
mod faults;
mod step;

pub(super) use faults::{
    blocked_words, due_before_start, fault_code, is_told_by_another, read_words,
};
pub(super) use step::{is_running, percent, progress, shown_step, tone};

/// What is drawn: the point, and which word stands under the drawing.
const DRAWN: [(&str, &str, &str); 4] = [
    ("door_closed", "cabinet.door", "door"),
    ("locked", "cabinet.lock", "lock"),
    ("lamp_on", "cabinet.lamp", "lamp"),
    ("fan_on", "cabinet.fan", "fan"),
];
/// Orders and counters of the link: for maintenance, not for the operator.
const INNER: [&str; 5] = [
    "lamp_command",
    "fan_command",
    "lock_command",
    "heartbeat",
    "scan_counter",
];
/// Older than this, a reading's age is pointed out.
const OLD_MS: u64 = 3_000;

struct Part {
    name: &'static str,
    state: String,
    words: String,
}

struct PointLine {
    code: String,
    name: String,
    value: String,
    age: String,
    state: &'static str,
}

struct CycleLine {
    title: String,
    dose: String,
    /// None where no dose is measured: there is nothing to draw.
    dose_percent: Option<u32>,
    exposure: String,
    time_percent: u32,
    left: String,
    curve: Option<Curve>,
    running: bool,
    number: String,
    /// What its PDF is called.
    paper: &'static str,
}

struct Panel {
    id: String,
    model: String,
    connected: bool,
    step: String,
    step_words: String,
    waits_label: &'static str,
    waits: String,
    tone: &'static str,
    faults: Vec<FaultLine>,
    /// Why no load can be taken now.
    blocked: Option<FaultLine>,
    /// Points without a value that keep nobody from anything.
    needed: Vec<String>,
    warnings: Vec<String>,
    /// `mail-none` where nothing lies inside as far as is known.
    mail: &'static str,
    /// The load inside that wants an override before anybody opens.
    wants_override: Option<i64>,
    last_cycle: Option<LastCycle>,
    door: &'static str,
    lock: &'static str,
    lamp: &'static str,
    fan: &'static str,
    parts: Vec<Part>,
    points: Vec<PointLine>,
    cycle: Option<CycleLine>,
    may_start: bool,
    may_abort: bool,
    may_acknowledge: bool,
    /// Nobody knows what is inside: whoever ends that says what he found.
    wants_reason: bool,
    /// An alarm: whoever ends it may say what he found.
    may_say_why: bool,
    /// An alarm that may be ended, and not by this person.
    wants_alarm_ender: bool,
    may_turn_over: bool,
    /// What this cabinet cannot show, and what stands for it instead.
    lacks: Vec<&'static str>,
    may_test: bool,
    last_test: String,
    test_due: Option<String>,
}

struct LoadChoice {
    id: i64,
    label: String,
}

#[derive(Template)]
#[template(path = "cabinet.html")]
struct CabinetPage {
    f: Frame,
    tabs: Vec<String>,
    c: Panel,
    waiting: Vec<LoadChoice>,
}

/// `on`, `off`, or `unknown`: without a link and without a fresh reading nothing is known.
fn state_of(view: &CabinetView, point: &str) -> &'static str {
    let found = view.points.iter().find(|found| found.point == point);
    match found.and_then(|found| found.value) {
        Some(value) if view.connected => {
            if value >= 0.5 {
                "on"
            } else {
                "off"
            }
        }
        _ => "unknown",
    }
}

fn part(
    w: &'static Words,
    view: &CabinetView,
    (point, name, kind): (&str, &'static str, &str),
) -> Part {
    let state = state_of(view, point);
    let words = match state {
        "on" => w.code("point_on", point).to_owned(),
        "off" => w.code("point_off", point).to_owned(),
        _ => w.t("cabinet.no_reading").to_owned(),
    };
    Part {
        name: w.t(name),
        state: format!("{kind} {state}"),
        words,
    }
}

/// How many decimals a point is shown with.
fn decimals(point: &str) -> usize {
    match point {
        "irradiance_mw_cm2" | "ozone_mg_m3" => 3,
        "lamp_temperature_c" | "lamp_hours_h" => 1,
        _ => 0,
    }
}

fn value_words(w: &Words, point: &PointView, value: f64) -> String {
    let name = &point.point;
    if let (Some(on), Some(off)) = (w.known("point_on", name), w.known("point_off", name)) {
        return if value >= 0.5 { on } else { off }.to_owned();
    }
    let number = format!("{value:.*}", decimals(name));
    match w.known("point_unit", name) {
        Some(unit) => format!("{number} {unit}"),
        None => number,
    }
}

fn point_line(w: &'static Words, view: &CabinetView, point: &PointView) -> PointLine {
    let old = point.age_ms.is_some_and(|age| age > OLD_MS);
    let (value, state) = match (point.value, &point.missing) {
        _ if !view.connected => (w.t("cabinet.no_reading").to_owned(), "unknown"),
        (Some(value), _) => (value_words(w, point, value), if old { "old" } else { "" }),
        (None, Some(why)) => (w.code("missing", why).to_owned(), "unknown"),
        (None, None) => (w.t("cabinet.no_reading").to_owned(), "unknown"),
    };
    PointLine {
        name: w.code("point", &point.point).to_owned(),
        value,
        age: match (point.age_ms, point.missing.as_deref()) {
            // Read and not believed, or read before the silence: whatever there was is not kept.
            (None, Some(why)) if why != "not_read_yet" => w.t("app.none").to_owned(),
            (age_ms, _) => when::age(w, age_ms),
        },
        state,
        code: point.point.clone(),
    }
}

fn cycle_line(
    w: &'static Words,
    view: &CabinetView,
    cycle: &CycleView,
    samples: &[CycleSample],
) -> CycleLine {
    let whole = |number: f64| format!("{number:.0}");
    CycleLine {
        title: match view.sides {
            Sides::Both => w.two("cabinet.cycle", &cycle.cycle, cycle.load),
            Sides::One => format!(
                "{} · {}",
                w.two("cabinet.cycle", &cycle.cycle, cycle.load),
                w.one("cabinet.side_of", cycle.side)
            ),
        },
        dose: match (cycle.dose_mj_cm2, cycle.target_dose_mj_cm2) {
            (Some(dose), Some(target)) => {
                w.two("cabinet.dose_of", format!("{dose:.1}"), whole(target))
            }
            // The station died while the lamps burnt.
            (None, Some(_)) => w.t("certificate.unknown").to_owned(),
            (_, None) => w.t("cabinet.dose_not_measured").to_owned(),
        },
        dose_percent: cycle.dose_mj_cm2.map(|_| progress(cycle)),
        exposure: cycle.exposure_s.map_or_else(
            || w.t("certificate.unknown").to_owned(),
            |had| {
                w.two(
                    "cabinet.exposure_of",
                    whole(had),
                    whole(cycle.min_exposure_s),
                )
            },
        ),
        time_percent: percent(cycle.exposure_s.unwrap_or(0.0), cycle.min_exposure_s),
        left: cycle.left_s.map_or_else(
            || w.t("cabinet.left_unknown").to_owned(),
            |left| w.one("cabinet.left_s", whole(left.ceil())),
        ),
        curve: curve(w, samples, cycle.target_dose_mj_cm2),
        running: is_running(view),
        number: cycle.cycle.clone(),
        paper: faults::paper(w, cycle.failed.is_none()),
    }
}

fn panel(w: &'static Words, view: CabinetView, days: u64, found: &Found) -> Panel {
    let step = if view.connected || is_running(&view) || tone(&view) == "bad" {
        shown_step(&view).to_owned()
    } else {
        "unknown".to_owned()
    };
    let inside = inside(&view);
    let wants_override = inside.filter(|_| step == "quarantined" && !found.may_be_opened);
    let opens = step == "quarantined" && inside.is_some() && found.may_be_opened;
    let mut faults = faults::lines(w, &view);
    // A cabinet that does not answer opens for nobody: the link comes first, and the page says so.
    let is_out_of_reach = step == "quarantined" && !view.connected;
    if is_out_of_reach {
        faults.iter_mut().for_each(|fault| fault.next = None);
    } else if opens {
        // There is one thing to do; what the faults ask for would be refused.
        let open = [w.t("cabinet.press_open").to_owned()];
        let mut next = open.into_iter();
        faults.iter_mut().for_each(|fault| fault.next = next.next());
    }
    let aired_only =
        step == "ventilating" && view.cycle.as_ref().is_none_or(|c| c.failed.is_some());
    let waits_label = match step.as_str() {
        "idle" | "released" | "quarantined" | "alarm" => w.t("cabinet.next"),
        _ => w.t("cabinet.waits"),
    };
    let points = view.points.iter();
    let in_use = view.step == "quarantined"
        && view
            .blocked
            .as_ref()
            .is_some_and(|why| why.code == "found_in_use");
    let dark_alarm = view.step == "alarm" && state_of(&view, "lamp_on") == "off";
    let usable = view.connected && view.wrong_cabinet.is_none();
    Panel {
        step_words: step_words(w, &view, &step),
        waits: match inside {
            None if in_use => String::new(),
            None if step == "quarantined" => w.t("cabinet.test_left").to_owned(),
            Some(_) if opens => w.t("cabinet.press_open").to_owned(),
            _ if dark_alarm => w
                .known("fault_do", "alarm_stands")
                .unwrap_or_default()
                .to_owned(),
            _ if step == "idle" && view.awaits_unloading => {
                w.t("cabinet.awaits_unloading").to_owned()
            }
            _ => w.known("step_waits", &step).unwrap_or_default().to_owned(),
        },
        waits_label,
        tone: tone(&view),
        faults,
        blocked: faults::blocked(w, &view),
        needed: faults::also_missing(w, &view, true),
        warnings: faults::also_missing(w, &view, false),
        mail: if inside.is_some() { "" } else { "mail-none" },
        wants_override,
        last_cycle: found
            .newest
            .as_ref()
            .map(|cycle| faults::last_cycle(w, cycle)),
        door: state_of(&view, "door_closed"),
        lock: state_of(&view, "locked"),
        lamp: state_of(&view, "lamp_on"),
        fan: state_of(&view, "fan_on"),
        parts: DRAWN
            .into_iter()
            .map(|drawn| part(w, &view, drawn))
            .collect(),
        points: points
            .filter(|point| !INNER.contains(&point.point.as_str()))
            .map(|point| point_line(w, &view, point))
            .collect(),
        cycle: view
            .cycle
            .as_ref()
            .map(|cycle| cycle_line(w, &view, cycle, &found.samples)),
        may_start: usable && matches!(view.step.as_str(), "idle" | "released" | "quarantined"),
        may_abort: is_running(&view) && view.step != "aborting" && !aired_only,
        may_acknowledge: (view.step == "quarantined"
            && !is_out_of_reach
            && !in_use
            && wants_override.is_none())
            || ((dark_alarm || in_use) && found.ends_alarms),
        wants_reason: in_use,
        may_say_why: dark_alarm,
        wants_alarm_ender: (dark_alarm || in_use) && !found.ends_alarms,
        may_turn_over: view.step == "turning_over",
        may_test: usable
            && match view.step.as_str() {
                "idle" | "released" => true,
                "quarantined" => inside.is_none() && !in_use,
                _ => false,
            },
        last_test: faults::last_test(w, &view),
        test_due: faults::test_due(w, &view, days),
        lacks: faults::lacks(w, &view),
        connected: view.connected,
        step,
        id: view.id,
        model: view.model,
    }
}

fn load_choice(w: &'static Words, (load, batch): (Load, Batch)) -> LoadChoice {
    let values: [&dyn std::fmt::Display; 3] =
        [&load.id, &batch.id, &carrier_words(w, batch.carrier)];
    LoadChoice {
        id: load.id,
        label: w.fill("cabinet.start_option", &values),
    }
}

/// The step in words; after a self test that did not pass no letter is spoken of.
pub(super) fn step_words(w: &Words, view: &CabinetView, step: &str) -> String {
    let blocked = view.blocked.as_ref().map(|why| why.code.as_str());
    let of_test =
        step == "quarantined" && inside(view).is_none() && blocked != Some("found_in_use");
    match view.alarm_lamp.as_deref() {
        _ if of_test => w.t("cabinet.test_left_step").to_owned(),
        Some("out") => w.t("cabinet.alarm_dark").to_owned(),
        _ => w.code("step", step).to_owned(),
    }
}

/// The load inside, as far as the cabinet's task knows: one of a cycle that was begun, until its door was opened.
pub(super) fn inside(view: &CabinetView) -> Option<i64> {
    let cycle = view.cycle.as_ref()?;
    let emptied = matches!(view.step.as_str(), "idle" | "unknown" | "self_test")
        || (view.step == "released" && !view.awaits_unloading);
    (!emptied).then_some(cycle.load)
}

/// What the records add to a cabinet's page.
#[derive(Default)]
struct Found {
    waiting: Vec<(Load, Batch)>,
    newest: Option<CycleRecord>,
    /// The dose curve of the cycle that is shown, as far as it is on record.
    samples: Vec<CycleSample>,
    /// The load of the cycle that is shown may be opened.
    may_be_opened: bool,
    /// Whoever looks may end an alarm.
    ends_alarms: bool,
}

fn look(db: &Db, id: &str, shown: Option<CycleView>) -> Result<Found, StoreError> {
    let samples = shown
        .as_ref()
        .and_then(|cycle| CycleRecord::id_of(&cycle.cycle));
    let load = shown.map(|cycle| cycle.load);
    let mut waiting = db.loads_to_disinfect()?;
    waiting.retain(|load| !load.is_kept_in_another_than(id));
    // Behind the door of a quarantine any other would be refused.
    waiting.sort_by_key(|found| Some(found.id) != load);
    let waiting = waiting.into_iter().map(|load| {
        let batch = db.batch(load.batch_id)?;
        Ok((load, batch))
    });
    Ok(Found {
        waiting: waiting.collect::<Result<_, StoreError>>()?,
        newest: db.newest_cycle_in(id)?,
        samples: samples.map_or(Ok(Vec::new()), |cycle| db.cycle_samples(cycle))?,
        // Whatever the records say of the load, the page of an alarm is shown.
        may_be_opened: load
            .is_some_and(|load| db.load(load).is_ok_and(|load| load.state.may_be_opened())),
        ends_alarms: false,
    })
}

/// `GET /cabinets/{id}`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Cabinets>,
    Path(id): Path<String>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "cabinet"));
    let Some(cabinet) = app.cabinets.get(&id) else {
        return Refused::nothing_here(f).into_response();
    };
    let view = cabinet.view();
    let (of, shown) = (id.clone(), view.cycle.clone());
    let found = match app.store.with(move |db| look(db, &of, shown)).await {
        Ok(found) => Found {
            ends_alarms: f.ends_alarms(),
            ..found
        },
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let days = faults::self_test_days(&app, &id);
    show(&CabinetPage {
        f,
        tabs: app.cabinets.keys().cloned().collect(),
        c: panel(w, view, days, &found),
        waiting: found
            .waiting
            .into_iter()
            .map(|found| load_choice(w, found))
            .collect(),
    })
}
