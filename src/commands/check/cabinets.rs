//! `laixin check` on the cabinets: who answers, whether it is the profile's model, every point a cycle needs, the last self test.

use std::time::Instant;

use uv_cabinet::{Cabinet, LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S, Point, Profile};

use super::Report;
use crate::config::{self, Settings};
use crate::store::{Db, TestOutcome};
use crate::{Chain, disinfect};

/// Tries every cabinet of the settings.
pub(super) async fn all(settings: &Settings, report: &mut Report) {
    // As the station does it at its start; nothing is asked on these.
    let lines = uv_cabinet::Lines::default();
    let mut on_lines = Vec::new();
    for cabinet in &settings.cabinets {
        match disinfect::profile_of(cabinet) {
            Ok(profile) => {
                match lines.cabinet(profile.clone()) {
                    Ok(on_line) => on_lines.push(on_line),
                    Err(error) => {
                        let then = "give every cabinet an address and unit number of its own: with this the station does not start";
                        report.bad(
                            &format!("cabinet {}", cabinet.id),
                            &Chain(&error).to_string(),
                            then,
                        );
                        continue;
                    }
                }
                if profile.map == uv_cabinet::MapOrigin::Invented {
                    let what = format!("cabinet {}", cabinet.id);
                    let why = "the map of its profile is invented: nothing but a simulated cabinet has it, and its times may be compressed";
                    let then = "for a real cabinet write a profile from its maker's papers, with cabinet.map = \"published\" or \"measured\"";
                    report.warn(&what, why, then);
                }
                limits_of_its_proof(cabinet, &profile, report);
                one(cabinet, profile, report).await;
                self_test(settings, cabinet, report);
            }
            Err(error) => report.bad(
                &format!("cabinet {}", cabinet.id),
                &Chain(&error).to_string(),
                "mend the line it names, or set the right path where the file is missing",
            ),
        }
    }
}

/// A simulator's times may be compressed: where they are shorter than any disinfection takes, certificates say so.
fn too_little(profile: &Profile) -> Option<String> {
    let dose = profile.limits.uv.map(|uv| uv.target_dose_mj_cm2);
    let time_s = profile.timing.min_exposure.as_secs_f64();
    let less = dose.is_some_and(|dose| dose < LEAST_DOSE_MJ_CM2);
    (less || time_s < LEAST_EXPOSURE_S as f64).then(|| {
        let dose = dose.map_or_else(|| "no dose".to_owned(), |dose| format!("{dose} mJ/cm2"));
        format!("its profile asks for {dose} and {time_s} s, less than any disinfection takes ({LEAST_DOSE_MJ_CM2} mJ/cm2, {LEAST_EXPOSURE_S} s)")
    })
}

/// What its cycles do not prove, whoever answers.
fn limits_of_its_proof(cabinet: &config::Cabinet, profile: &Profile, report: &mut Report) {
    let what = format!("cabinet {}", cabinet.id);
    if let Some(why) = too_little(profile) {
        let then = "only a simulator may; its certificates say that they prove nothing";
        report.warn(&what, &why, then);
    }
    let ozone = profile.points.get(&Point::OzoneMgM3);
    if ozone.is_some_and(|spec| spec.frozen_after.is_none()) {
        report.warn(
            &what,
            "points.ozone_mg_m3 has no frozen_after_ms: an ozone sensor that never moves is told of in the health log only",
            "where the lamp makes ozone, set it in the profile: within which time after the strike the sensor moves at the latest",
        );
    }
    match profile.points.get(&Point::IrradianceMwCm2) {
        None => report.warn(
            &what,
            "its profile has no UV sensor: timer mode, no dose is ever recorded",
            "certificates say so; where the model has a UV sensor, describe its point in the profile",
        ),
        Some(spec) if spec.frozen_after.is_none() => report.warn(
            &what,
            "points.irradiance_mw_cm2 has no frozen_after_ms: a UV sensor that holds its value is believed",
            "set it in the profile, longer than the sensor ever shows the same value with the lamp lit",
        ),
        Some(_) => {}
    }
    if profile.without.contains(&Point::ScanCounter) {
        report.warn(
            &what,
            "its profile has no scan counter: a controller that stands still is noticed only by a UV sensor that does",
            "have a counter added to the controller's program, and describe it in the profile",
        );
    }
}

async fn one(cabinet: &config::Cabinet, profile: Profile, report: &mut Report) {
    let (what, address) = (format!("cabinet {}", cabinet.id), &cabinet.address);
    let (handle, task) = Cabinet::new(profile.clone());
    let task = tokio::spawn(task.run());
    let readings = handle.poll().await;
    let commands = handle.probe().await;
    let now = Instant::now();
    drop(handle);
    let _ = task.await;
    if let Some(wrong) = readings.wrong_cabinet() {
        let then = "set cabinet.address right, or cabinet.profile to the one of this model";
        report.bad(&what, &format!("{address}: {wrong}"), then);
        return;
    }
    if let Some(why) = disinfect::silence(&readings, now) {
        let told = format!("{address}: no answer ({})", why.code());
        report.bad(&what, &told, disinfect::silence_next(&why));
        return;
    }
    let troubles = disinfect::troubles(&profile, &readings, &commands, now);
    for trouble in &troubles {
        if trouble.needed {
            let why = format!("{trouble}: no cycle can be started");
            report.bad(&what, &why, disinfect::READING_NEXT);
        } else {
            let why = format!("{trouble}: cycles go on without it");
            report.warn(&what, &why, disinfect::READING_NEXT);
        }
    }
    if !troubles.iter().any(|trouble| trouble.needed) {
        report.good(&what, &format!("answers at {address}"));
    }
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
    if failed {
        let why = "its last self test failed: no cycle can be started";
        let then = "mend what the test names (`laixin health`), then let it pass `laixin cabinet selftest --empty`";
        report.bad(&what, why, then);
    } else if newest.is_none_or(|test| test.outcome != Some(TestOutcome::Passed)) {
        let why = "it has passed no self test: that lock, lamp, fan and cut-off work was never tried, and every certificate says so";
        let then = "before the first load take every letter out, close the door, and let it pass `laixin cabinet selftest --empty`";
        report.warn(&what, why, then);
    }
}
