//! The cabinets: whether their ports can be used, who answers, whether it is the profile's model, every point a cycle needs, the last self test.

use std::collections::BTreeMap;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Instant;

use uv_cabinet::{
    Address, Cabinet, LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S, LinkProblem, Missing, Point, Profile,
    ProfileError,
};

use super::{Level, Report, Value, outside};
use crate::config::{self, Settings};
use crate::disinfect::{CabinetControl, CabinetView, TroubleView, WrongCabinetView};
use crate::store::{Db, HealthRow, TestOutcome};
use crate::{Chain, clock, disinfect};

const DAY_MS: i64 = 86_400_000;

/// Tries every cabinet of the settings.
pub(super) async fn all(settings: &Settings, report: &mut Report) {
    // As the station does it at its start; nothing is asked on these.
    let lines = uv_cabinet::Lines::default();
    let mut on_lines = Vec::new();
    let elsewhere = outside::station_is_elsewhere(settings, false);
    for cabinet in &settings.cabinets {
        let what = format!("cabinet {}", cabinet.id);
        match disinfect::profile_of(cabinet) {
            Ok(profile) => {
                match lines.cabinet(profile.clone()) {
                    Ok(on_line) => on_lines.push(on_line),
                    Err(error) => {
                        report.bad(&what, "cabinet_twice", &[]);
                        report.said(Chain(&error));
                        continue;
                    }
                }
                known_beforehand(cabinet, &profile, report);
                let alarm = faults(settings, cabinet, report);
                match &cabinet.address {
                    // That it answers is nothing to be content with.
                    _ if alarm => {}
                    // A serial port has one master: the station that runs.
                    Address::Device(port) if elsewhere => {
                        report.good(&what, "port_in_use", &[&port.display().to_string()]);
                    }
                    _ => one(cabinet, profile, report).await,
                }
                self_test(settings, cabinet, report);
            }
            Err(error) => profile_refused(&what, &error, report),
        }
    }
}

fn profile_refused(what: &str, error: &ProfileError, report: &mut Report) {
    report.bad(what, "profile_refused", &[]);
    report.said(Chain(error));
}

/// The same of a running station, whose tasks look at their cabinets several times a second: nobody else does.
pub(super) fn seen(
    settings: &Settings,
    running: &BTreeMap<String, CabinetControl>,
    report: &mut Report,
) {
    for cabinet in &settings.cabinets {
        let what = format!("cabinet {}", cabinet.id);
        faults(settings, cabinet, report);
        match disinfect::profile_of(cabinet) {
            Ok(profile) => known_beforehand(cabinet, &profile, report),
            // It runs with the profile it started with, and will not start again with this one.
            Err(error) => profile_refused(&what, &error, report),
        }
        let control = running.get(&cabinet.id.0);
        if let Some(control) = control.filter(|control| control.view().step != "alarm") {
            as_seen(&what, cabinet, &control.view(), report);
        }
        self_test(settings, cabinet, report);
    }
}

fn as_seen(what: &str, cabinet: &config::Cabinet, view: &CabinetView, report: &mut Report) {
    let address = cabinet.address.to_string();
    if let Some(wrong) = &view.wrong_cabinet {
        wrong_cabinet(what, &address, wrong, report);
    } else if !view.connected {
        let why = view.link.last_problem.as_deref().unwrap_or("not_read_yet");
        let blocked = view.blocked.as_ref().map(|blocked| blocked.code.as_str());
        let code = SILENCES.into_iter().find(|code| blocked == Some(code));
        no_answer(
            what,
            code.unwrap_or("cabinet_silent"),
            (&address, why),
            report,
        );
    } else {
        told_troubles(what, &address, &view.troubles, report);
    }
}

fn wrong_cabinet(what: &str, address: &str, wrong: &WrongCabinetView, report: &mut Report) {
    let told = vec![
        address.into(),
        (&wrong.point).into(),
        read(&wrong.read),
        (&wrong.expected).into(),
    ];
    report.tell(Level::Bad, what, "wrong_cabinet", told);
}

fn no_answer(what: &str, code: &'static str, (address, why): (&str, &str), report: &mut Report) {
    let why = Value::Code("missing", why.to_owned());
    report.tell(Level::Bad, what, code, vec![address.into(), why]);
}

/// What was read, where that is an exception in the driver's English.
fn read(found: &str) -> Value {
    match found.strip_prefix("Modbus exception ") {
        Some(number) => Value::Text("cabinet.exception", vec![number.into()]),
        None => found.into(),
    }
}

/// Stable codes of a cabinet that does not answer; each has its own advice.
const SILENCES: [&str; 8] = [
    "cabinet_silent",
    "port_busy",
    "port_missing",
    "port_not_serial",
    "port_forbidden",
    "port_no_direction",
    "bad_reply",
    "line_busy",
];

fn silence(why: &Missing) -> &'static str {
    let code = match why {
        Missing::NoAnswer(
            problem @ (LinkProblem::Port(_) | LinkProblem::BadReply | LinkProblem::LineBusy),
        ) => problem.code(),
        _ => "cabinet_silent",
    };
    let known = SILENCES.into_iter().find(|known| *known == code);
    known.unwrap_or("cabinet_silent")
}

/// A point without a value, as the cabinet's page tells it.
fn missing(trouble: &TroubleView) -> Value {
    let values = vec![
        Value::Code("point", trouble.point.clone()),
        (&trouble.point).into(),
        Value::Code("missing", trouble.code.clone()),
        (&trouble.place).into(),
        read(&trouble.read),
        (&trouble.expected).into(),
    ];
    Value::Text("cabinet.trouble", values)
}

fn told_troubles(what: &str, address: &str, troubles: &[TroubleView], report: &mut Report) {
    for trouble in troubles {
        let (level, code) = match trouble.needed {
            true => (Level::Bad, "reading_needed"),
            false => (Level::Warning, "reading_unneeded"),
        };
        report.tell(level, what, code, vec![missing(trouble)]);
    }
    if !troubles.iter().any(|trouble| trouble.needed) {
        report.good(what, "cabinet_answers", &[address]);
    }
}

/// What can be told without asking the cabinet.
fn known_beforehand(cabinet: &config::Cabinet, profile: &Profile, report: &mut Report) {
    let what = format!("cabinet {}", cabinet.id);
    if let Address::Device(port) = &cabinet.address {
        serial_port(&what, port, report);
    }
    if profile.map == uv_cabinet::MapOrigin::Invented {
        report.warn(&what, "map_invented", &[]);
    }
    limits_of_its_proof(&what, profile, report);
}

/// Whether the name will still mean this port tomorrow. Whether it opens is seen by opening it.
fn serial_port(what: &str, port: &Path, report: &mut Report) {
    let shown = port.display().to_string();
    let is_device = std::fs::metadata(port).is_ok_and(|meta| meta.file_type().is_char_device());
    let moves = ["/dev/ttyUSB", "/dev/ttyACM"];
    if is_device && moves.iter().any(|name| shown.starts_with(name)) {
        report.warn(what, "port_name_moves", &[&shown]);
    }
}

/// A simulator's times may be compressed: where they are shorter than any disinfection takes, certificates say so.
fn too_little(profile: &Profile) -> Option<(String, String)> {
    let dose = profile.limits.uv.map(|uv| uv.target_dose_mj_cm2);
    let time_s = profile.timing.min_exposure.as_secs_f64();
    let less = dose.is_some_and(|dose| dose < LEAST_DOSE_MJ_CM2);
    (less || time_s < LEAST_EXPOSURE_S as f64).then(|| {
        let dose = dose.map_or_else(|| "–".to_owned(), |dose| dose.to_string());
        (dose, time_s.to_string())
    })
}

/// What its cycles do not prove, whoever answers.
fn limits_of_its_proof(what: &str, profile: &Profile, report: &mut Report) {
    if let Some((dose, time_s)) = too_little(profile) {
        let least = [
            &LEAST_DOSE_MJ_CM2.to_string(),
            &LEAST_EXPOSURE_S.to_string(),
        ];
        let told = [&dose, &time_s, least[0], least[1]];
        report.warn(what, "too_little", &told.map(String::as_str));
    }
    let ozone = profile.points.get(&Point::OzoneMgM3);
    if ozone.is_some_and(|spec| spec.frozen_after.is_none()) {
        report.warn(what, "ozone_may_freeze", &[]);
    }
    match profile.points.get(&Point::IrradianceMwCm2) {
        None => report.warn(what, "no_uv_sensor", &[]),
        Some(spec) if spec.frozen_after.is_none() => report.warn(what, "uv_may_freeze", &[]),
        Some(_) => {}
    }
    if profile.without.contains(&Point::ScanCounter) {
        let code = match profile.points.contains_key(&Point::IrradianceMwCm2) {
            true => "no_scan_counter",
            false => "no_scan_counter_no_uv",
        };
        report.warn(what, code, &[]);
    }
}

async fn one(cabinet: &config::Cabinet, profile: Profile, report: &mut Report) {
    let (what, address) = (
        format!("cabinet {}", cabinet.id),
        cabinet.address.to_string(),
    );
    let (handle, task) = Cabinet::new(profile.clone());
    let task = tokio::spawn(task.run());
    let readings = handle.poll().await;
    let commands = handle.probe().await.refused;
    let now = Instant::now();
    drop(handle);
    let _ = task.await;
    if let Some(wrong) = readings.wrong_cabinet() {
        wrong_cabinet(&what, &address, &wrong.into(), report);
        return;
    }
    if let Some(why) = disinfect::silence(&readings, now) {
        no_answer(&what, silence(&why), (&address, why.code()), report);
        report.advise(disinfect::silence_next(&why), why.code());
        return;
    }
    let troubles = disinfect::troubles(&profile, &readings, &commands, now);
    told_troubles(&what, &address, &troubles, report);
}

/// What the health log has as standing of the device itself; whether an alarm is part of it. Of a database that cannot be opened
/// something was said already.
fn faults(settings: &Settings, cabinet: &config::Cabinet, report: &mut Report) -> bool {
    let id = cabinet.id.to_string();
    let newest = Db::look_at(settings).and_then(|db| db.newest_health_of(&id));
    let found = newest.map(disinfect::device_faults).unwrap_or_default();
    for row in &found {
        let code = match row.point.as_str() {
            _ if row.is_alarm() => "alarm",
            "lamp_state" => "lamp_at_fault",
            "fan_state" => "fan_at_fault",
            "ozone_after_ventilation_mg_m3" => "air_at_fault",
            // It is asked now.
            _ => continue,
        };
        report.bad(&format!("cabinet {id}"), code, &[&row.at.rfc3339()]);
    }
    found.iter().any(HealthRow::is_alarm)
}

/// A failed one keeps the cabinet from taking a load; without one nothing is refused, and every certificate says so. Of a database that
/// cannot be opened something was said already.
fn self_test(settings: &Settings, cabinet: &config::Cabinet, report: &mut Report) {
    let id = cabinet.id.to_string();
    let looked = Db::look_at(settings)
        .and_then(|db| Ok((db.self_test_failed(&id)?, db.newest_self_test(&id)?)));
    let Ok((failed, newest)) = looked else {
        return;
    };
    let what = format!("cabinet {id}");
    let passed = newest.filter(|test| test.outcome == Some(TestOutcome::Passed));
    let Some(test) = passed.filter(|_| !failed) else {
        match failed {
            true => report.bad(&what, "self_test_failed", &[]),
            false => report.warn(&what, "self_test_never", &[]),
        }
        return;
    };
    let at = test.ended.unwrap_or(test.began);
    let days = (clock::now().0 - at.0) / DAY_MS;
    let limit = i64::try_from(cabinet.self_test_days.0).expect("at most 365");
    match days > limit {
        true => report.warn(
            &what,
            "self_test_old",
            &[&days.to_string(), &limit.to_string()],
        ),
        false => report.good(&what, "self_test_passed", &[&at.rfc3339()]),
    }
}
