//! What is wrong with a cabinet, in words: the faults that stand, what keeps it from taking a load, its last test and cycle.

use crate::api::App;
use crate::clock::{self, Millis};
use crate::console::when;
use crate::console::words::Words;
use crate::disinfect::{CHANGED, CabinetView, TroubleView};
use crate::store::{CycleRecord, TestOutcome};

/// A fault and what to do about it.
pub(super) struct FaultLine {
    pub(super) what: String,
    pub(super) next: Option<String>,
}

/// The newest cycle of the records.
pub(super) struct LastCycle {
    pub(super) number: String,
    pub(super) words: String,
    pub(super) paper: &'static str,
}

/// The fault that ended the cycle in view, if one did.
pub(in crate::console) fn fault_code(view: &CabinetView) -> Option<String> {
    view.cycle.as_ref()?.failed.clone()
}

/// A code of the driver's in the reader's language: what it says of an exception is in English.
pub(in crate::console) fn read_words(w: &Words, read: &str) -> String {
    match read.strip_prefix("Modbus exception ") {
        Some(number) => w.one("cabinet.exception", number),
        None => read.to_owned(),
    }
}

/// A point without a value: why, where, what was read, what is expected.
fn trouble_words(w: &Words, trouble: &TroubleView) -> String {
    let read = read_words(w, &trouble.read);
    let told: [&dyn std::fmt::Display; 6] = [
        &w.code("point", &trouble.point),
        &trouble.point,
        &w.code("missing", &trouble.code),
        &trouble.place,
        &read,
        &trouble.expected,
    ];
    w.fill("cabinet.trouble", &told)
}

/// Every fault that stands, the first one first. Another cabinet than the profile's comes before whatever the last cycle ended with.
pub(super) fn lines(w: &'static Words, view: &CabinetView) -> Vec<FaultLine> {
    if let Some(wrong) = &view.wrong_cabinet {
        let read = read_words(w, &wrong.read);
        let values: [&dyn std::fmt::Display; 3] = [&wrong.point, &read, &wrong.expected];
        let what = w.fill("cabinet.wrong", &values);
        return vec![line(w, view, "wrong_cabinet", what)];
    }
    let mut codes: Vec<String> = fault_code(view).into_iter().collect();
    let mut add = |code: &str| {
        if !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    };
    let besides = view.cycle.as_ref();
    if let Some(besides) = besides.and_then(|cycle| cycle.failed_besides.as_deref()) {
        add(besides);
    }
    if view.step == "alarm" {
        add("lamp_not_off");
    }
    // What goes on beside it, while somebody is to go there.
    if matches!(view.step.as_str(), "alarm" | "aborting") && view.connected {
        let shows = |point: &str, bad: f64| {
            let mut points = view.points.iter();
            points.any(|found| found.point == point && found.value == Some(bad))
        };
        if shows("door_closed", 0.0) {
            add("door_open");
        }
        if shows("estop_pressed", 1.0) {
            add("estop_pressed");
        }
    }
    let by_others = view
        .troubles
        .iter()
        .filter(|trouble| trouble.code == CHANGED);
    let by_others = by_others.map(|trouble| {
        let point = w.code("point", &trouble.point);
        let told = [w.code("fault", CHANGED), point].join(w.t("cabinet.colon"));
        line(w, view, CHANGED, told)
    });
    codes
        .iter()
        .map(|code| line(w, view, code, w.code("fault", code).to_owned()))
        .chain(by_others)
        .collect()
}

fn line(w: &'static Words, view: &CabinetView, code: &str, what: String) -> FaultLine {
    // While the lamp may burn there is one thing to do, and the step says it: whatever else the first fault asks for must wait.
    let next = w.known("fault_do", code).filter(|_| view.step != "alarm");
    FaultLine {
        what,
        next: next.map(str::to_owned),
    }
}

/// Why no load can be taken now. Silence and a stranger are told elsewhere on the page.
pub(super) fn blocked(w: &'static Words, view: &CabinetView) -> Option<FaultLine> {
    let blocked = view.blocked.as_ref()?;
    if view.wrong_cabinet.is_some() || blocked.code == "cabinet_silent" {
        return None;
    }
    let what = match &blocked.trouble {
        Some(trouble) => trouble_words(w, trouble),
        None => w.code("fault", &blocked.code).to_owned(),
    };
    let next = match &blocked.trouble {
        Some(trouble) if trouble.is_late() => "reading_late",
        _ => &blocked.code,
    };
    let next = w.known("fault_do", next);
    Some(FaultLine {
        what,
        next: next.map(str::to_owned),
    })
}

/// The same in one sentence, where it is what a part of the station is not ready for.
pub(in crate::console) fn blocked_words(
    w: &'static Words,
    view: &CabinetView,
    not_ready: &str,
) -> Option<String> {
    view.blocked
        .as_ref()
        .filter(|blocked| blocked.code == not_ready)?;
    let FaultLine { what, next } = blocked(w, view)?;
    Some([what, next.unwrap_or_default()].join(w.t("script.stop")))
}

/// What this cabinet cannot show and what stands for it: said before anybody starts, and on every certificate.
pub(super) fn lacks(w: &'static Words, view: &CabinetView) -> Vec<&'static str> {
    let invented = (view.map == "invented").then(|| w.t("cabinet.map_invented"));
    let absent = view.absent.iter();
    let absent = absent.filter_map(|point| w.known("lacks", point));
    invented.into_iter().chain(absent).collect()
}

/// Points without a value, beside the one that is told as what blocks: those without which nothing can be disinfected either, or the others.
pub(super) fn also_missing(w: &'static Words, view: &CabinetView, needed: bool) -> Vec<String> {
    let told = view
        .blocked
        .as_ref()
        .and_then(|blocked| blocked.trouble.as_ref());
    view.troubles
        .iter()
        .filter(|trouble| trouble.needed == needed)
        .filter(|trouble| Some(*trouble) != told && trouble.code != CHANGED)
        .map(|trouble| trouble_words(w, trouble))
        .collect()
}

/// Somebody else gives it orders.
pub(in crate::console) fn is_told_by_another(view: &CabinetView) -> bool {
    view.troubles.iter().any(|trouble| trouble.code == CHANGED)
}

/// What the PDF of a cycle that has ended is called: a sheet that proves no release is no certificate.
pub(super) fn paper(w: &'static Words, released: bool) -> &'static str {
    w.t(match released {
        true => "certificate.download",
        false => "certificate.record",
    })
}

pub(super) fn last_cycle(w: &'static Words, cycle: &CycleRecord) -> LastCycle {
    let number = CycleRecord::number(cycle.id);
    let end = match (cycle.outcome.as_deref(), cycle.reason.as_deref()) {
        (Some("released"), _) => w.t("cabinet.last_released").to_owned(),
        (Some(_), reason) => {
            let reason = w.code("fault", reason.unwrap_or_default());
            w.one("cabinet.last_failed", reason)
        }
        (None, _) => w.t("cabinet.last_open").to_owned(),
    };
    let when = when::moment(w, cycle.ended.unwrap_or(cycle.started));
    let told: [&dyn std::fmt::Display; 4] = [&number, &cycle.load_id, &when, &end];
    LastCycle {
        words: w.fill("cabinet.last_cycle", &told),
        paper: paper(w, cycle.outcome.as_deref() == Some("released")),
        number,
    }
}

pub(super) fn last_test(w: &Words, view: &CabinetView) -> String {
    let Some(test) = &view.self_test else {
        return w.t("cabinet.self_test_never").to_owned();
    };
    let bad = test.findings.iter().find(|finding| !finding.good);
    let outcome = match (test.outcome, bad) {
        (Some(TestOutcome::Passed), _) => w.code("self_test_outcome", "passed"),
        (_, Some(finding)) => w.code("fault", finding.code.as_deref().unwrap_or_default()),
        (Some(TestOutcome::Aborted), None) => w.code("self_test_outcome", "aborted"),
        (_, None) => w.code("self_test_outcome", "cut_short"),
    };
    let when = when::written(w, &test.began_at);
    let doubtful = test.findings.iter().find_map(|f| f.code.as_deref());
    match (bad, doubtful) {
        (Some(finding), _) => {
            let check = w.code("self_test_check", &finding.check);
            w.fill("cabinet.self_test_bad", &[&when, &check, &outcome])
        }
        (None, Some(code)) => {
            let told = format!("{outcome}{}{}", w.t("script.stop"), w.code("fault", code));
            w.two("cabinet.self_test_last", when, told)
        }
        (None, None) => w.two("cabinet.self_test_last", when, outcome),
    }
}

/// What to say when the last test did not pass, or is older than so many days.
pub(super) fn test_due(w: &Words, view: &CabinetView, days: u64) -> Option<String> {
    let passed = view
        .self_test
        .as_ref()
        .filter(|test| test.outcome == Some(TestOutcome::Passed))
        .and_then(|test| test.ended_at.as_deref())
        .and_then(Millis::parse);
    let oldest = i64::try_from(days).map_or(i64::MAX, |days| days.saturating_mul(86_400_000));
    let failed = view
        .blocked
        .as_ref()
        .is_some_and(|blocked| blocked.code == "self_test_failed");
    match passed {
        _ if failed => Some(w.t("cabinet.self_test_blocks").to_owned()),
        None => Some(w.t("cabinet.self_test_needed").to_owned()),
        Some(at) if clock::now().0.saturating_sub(at.0) > oldest => {
            Some(w.one("cabinet.self_test_old", days))
        }
        Some(_) => None,
    }
}

/// How old a cabinet's last self test may be.
pub(super) fn self_test_days(app: &App, id: &str) -> u64 {
    let mut configured = app.settings.cabinets.iter();
    configured
        .find(|one| one.id.0 == id)
        .map_or(7, |one| one.self_test_days.0)
}

/// What to say before a start in this cabinet, where its last self test is none to go by.
pub(in crate::console) fn due_before_start(w: &Words, app: &App, cabinet: &str) -> Option<String> {
    let view = app.cabinets.get(cabinet)?.view();
    test_due(w, &view, self_test_days(app, cabinet))
}
