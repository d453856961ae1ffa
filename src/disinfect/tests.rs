//! A cabinet's task against a simulated cabinet on a real socket and a real database.

use std::time::Duration;

use uv_cabinet::sim::Fault;

use super::{MayEnd, Refused};
use crate::domain::letter::LoadState;
use crate::store::{CycleOutcome, CycleSample, CycleTerms, Db, StoreError};
use bench::{Bench, PATIENCE};

mod bench;
mod door;
mod others;
mod ozone;
mod record;
mod self_test;
mod trouble;

#[tokio::test]
async fn a_load_is_released_after_a_whole_cycle() {
    let bench = Bench::new().await;
    let number = bench.start().await;
    let view = bench.until_step("released").await;
    let cycle = view.cycle.expect("the last cycle stays in view");
    assert_eq!((cycle.cycle, cycle.load), (number, bench.load));
    let dose_mj_cm2 = cycle.dose_mj_cm2.expect("measured");
    assert!(dose_mj_cm2 >= 10.0);
    assert!(cycle.exposure_s >= Some(1.0));
    let load = bench.load().await;
    assert_eq!(load.state, LoadState::Released);
    assert!(load.released.is_some());
    let truth = bench.sim.truth().borrow().clone();
    assert!(truth.dose_mj_cm2 >= dose_mj_cm2, "{truth:?}");
    assert!(truth.ozone_mg_m3 <= 0.1, "{truth:?}");
    let mut truth = bench.sim.truth();
    let unlocked = truth.wait_for(|truth| !truth.locked && !truth.relay_closed);
    tokio::time::timeout(PATIENCE, unlocked)
        .await
        .unwrap()
        .unwrap();
    bench.until_logged("irradiance_mw_cm2").await;
    bench.until_logged("lamp_hours_h").await;
    let id = bench.newest_cycle().await.id;
    let history = bench.store.with(move |db| db.cycle_record(id)).await;
    let history = history.unwrap();
    assert_eq!(history.steps[0].by.as_deref(), Some("operator"));
    assert!(history.steps.is_sorted_by_key(|step| step.after_ms));
    assert_eq!(history.exposures.len(), 1);
    assert_eq!(history.exposures[0].dose_mj_cm2, history.cycle.dose_mj_cm2);
    assert!(history.samples.len() >= 2, "{:?}", history.samples);
    let apart = |pair: &[CycleSample]| pair[1].at_ms - pair[0].at_ms >= 1_000;
    let (decided, curve) = history.samples.split_last().unwrap();
    assert!(curve.windows(2).all(apart));
    assert!(decided.ozone_mg_m3.is_some_and(|ozone| ozone <= 0.1));
    let said = history.steps.iter().find(|step| step.step == "releasing");
    let said_ms = said.and_then(|step| step.after_ms).unwrap();
    assert!(
        said_ms - decided.at_ms < 1_000,
        "the look that released it: {decided:?}, {said_ms} ms"
    );
}

#[tokio::test]
async fn a_load_quarantined_in_another_cabinet_is_not_released_by_this_one() {
    let bench = Bench::new().await;
    let (load, elsewhere) = (bench.load, CycleTerms::measured("cabinet-2", "00"));
    let failed = CycleOutcome {
        failed: Some("aborted_by_operator".into()),
        exposures: Vec::new(),
        ventilation_s: 0.0,
    };
    let ended = move |db: &mut Db| {
        let cycle = db.begin_cycle(load, &elsewhere, "operator")?;
        db.end_cycle(cycle, &failed)
    };
    bench.store.with(ended).await.unwrap();
    bench.until_ready().await;
    let refused = bench.control.start(load, "operator").await;
    let code = "load_in_other_cabinet".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
    let here = CycleTerms::measured("cabinet-1", "00");
    let begun = bench
        .store
        .with(move |db| db.begin_cycle(load, &here, "operator"));
    assert!(matches!(begun.await, Err(StoreError::WrongState { .. })));
    assert_eq!(bench.load().await.state, LoadState::Quarantined);
    assert_eq!(bench.load().await.cabinet, "cabinet-2");
    assert_eq!(bench.sim.truth().borrow().strikes, 0, "no lamp was lit");
}

#[tokio::test]
async fn door_opens_mid_cycle() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::DoorOpen);
    bench.quarantined_for("door_open").await;
    bench.lamp_is_out().await;
    bench.sim.switch_off(Fault::DoorOpen);
    bench.start().await;
    bench.until_step("released").await;
    assert_eq!(bench.load().await.state, LoadState::Released);
}

#[tokio::test]
async fn lamp_never_strikes() {
    let bench = Bench::new().await;
    bench.sim.switch_on(Fault::LampNeverStrikes);
    bench.start().await;
    bench.quarantined_for("lamp_did_not_strike").await;
}

#[tokio::test]
async fn welded_relay_is_an_alarm() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::RelayWelded);
    bench.until_step("alarm").await;
    assert_eq!(bench.load().await.state, LoadState::Quarantined);
    let refused = bench
        .control
        .acknowledge("maintenance", MayEnd::Everything, None)
        .await;
    let code = "lamp_not_seen_out".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
    assert!(!bench.readiness.all_ready());
    bench.sim.switch_off(Fault::RelayWelded);
    bench.lamp_is_out().await;
    bench
        .until("dark", |view| {
            let lamp = view.points.iter().find(|point| point.point == "lamp_on");
            lamp.is_some_and(|lamp| lamp.value == Some(0.0))
        })
        .await;
    let refused = bench
        .control
        .acknowledge("operator", MayEnd::AllButAlarms, None)
        .await;
    assert_eq!(refused, Err(Refused::NotYourAlarm));
    assert_eq!(bench.control.view().step, "alarm");
    let acknowledged = bench
        .control
        .acknowledge("maintenance", MayEnd::Everything, None)
        .await;
    assert_eq!(acknowledged, Ok(()));
    bench.until_step("quarantined").await;
}

#[tokio::test]
async fn an_alarm_is_on_the_certificate_whatever_the_cycle_failed_for_before() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::RelayWelded);
    bench.sim.switch_on(Fault::DoorOpen);
    bench.until_step("alarm").await;
    let cycle = bench.newest_cycle().await.id;
    let record = bench.store.with(move |db| db.cycle_record(cycle)).await;
    let faults = crate::certificate::faults(&record.expect("on record"));
    let codes: Vec<_> = faults.iter().map(|(_, fault)| fault.as_str()).collect();
    assert_eq!(codes, ["door_open", "lamp_not_off"]);
}

#[tokio::test]
async fn a_lamp_put_out_before_it_was_warm_is_no_finding() {
    let bench =
        Bench::of(|profile| profile.replace("min_exposure_s = 1", "min_exposure_s = 60")).await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::DoorOpen);
    bench.quarantined_for("door_open").await;
    // It would be written with the first look after the end.
    let mut looks = bench.control.changes();
    for _ in 0..3 {
        looks.changed().await.expect("the supervisor lives");
    }
    let log = bench
        .store
        .with(|db| db.health_log(Some("cabinet-1"), crate::clock::Millis(0), 100));
    let log = log.await.expect("the log");
    assert!(
        log.iter().all(|row| row.point != "irradiance_mw_cm2"),
        "{log:?}"
    );
}

#[tokio::test]
async fn cabinet_falls_silent_mid_cycle() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::NoAnswer);
    bench.lamp_is_out().await;
    bench.quarantined_for("cabinet_silent").await;
}

#[tokio::test]
async fn connection_reset_mid_cycle_costs_nothing() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::Resets);
    let mut truth = bench.sim.truth();
    let asked = truth.borrow().requests;
    truth
        .wait_for(|truth| truth.requests > asked)
        .await
        .unwrap();
    bench.sim.switch_off(Fault::Resets);
    bench.until_step("released").await;
}

#[tokio::test]
async fn cabinet_that_does_not_answer_takes_no_load() {
    let bench = Bench::new().await;
    bench.sim.switch_on(Fault::NoAnswer);
    bench
        .until("silent", |view| !view.connected && !view.points.is_empty())
        .await;
    let refused = bench.control.start(bench.load, "operator").await;
    let code = "cabinet_silent".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
    assert_eq!(bench.load().await.state, LoadState::Waiting);
    assert!(!bench.readiness.all_ready());
}

#[tokio::test]
async fn killed_mid_cycle_is_quarantined_and_stays_dark() {
    let mut bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.killed_and_started_again().await;
    bench
        .until("taken over", |view| {
            view.step == "quarantined" && view.cycle.is_some()
        })
        .await;
    bench.quarantined_for("restarted_mid_cycle").await;
    bench.lamp_is_out().await;
}

#[tokio::test]
async fn stopped_mid_cycle_puts_the_lamp_out_first() {
    let mut bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.stop.cancel();
    let ended = tokio::time::timeout(PATIENCE, &mut bench.task).await;
    ended.unwrap().unwrap();
    assert_eq!(bench.sim.truth().borrow().irradiance_mw_cm2, 0.0);
    assert_eq!(bench.load().await.state, LoadState::Quarantined);
    assert_eq!(
        bench.newest_cycle().await.reason.as_deref(),
        Some("station_stopped")
    );
}

#[tokio::test]
async fn quarantine_outlives_a_restart_and_opens_only_under_an_override() {
    let mut bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.control.abort("operator").await.unwrap();
    bench.quarantined_for("aborted_by_operator").await;
    bench.killed_and_started_again().await;
    bench
        .until("taken over", |view| {
            view.step == "quarantined" && view.cycle.is_some()
        })
        .await;
    let (recorded, shown) = (bench.newest_cycle().await, bench.control.view());
    let shown = shown.cycle.unwrap();
    assert_eq!(shown.dose_mj_cm2, recorded.dose_mj_cm2, "not a dose of 0");
    assert_eq!(shown.exposure_s, recorded.exposure_s);
    let refused = bench
        .control
        .acknowledge("operator", MayEnd::AllButAlarms, None)
        .await;
    let code = "override_needed".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
    assert!(
        bench.sim.truth().borrow().locked,
        "nothing was unlocked by the restart"
    );
    let load = bench.load;
    let signed =
        move |db: &mut crate::store::Db| db.override_load(load, ("chief", "deputy"), "urgent");
    bench.store.with(signed).await.unwrap();
    bench.opens_once_the_ozone_is_low().await;
    let mut truth = bench.sim.truth();
    let unlocked = truth.wait_for(|truth| !truth.locked);
    tokio::time::timeout(PATIENCE, unlocked)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_quarantined_door_that_somebody_unlocked_is_locked_again() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.control.abort("operator").await.unwrap();
    bench.quarantined_for("aborted_by_operator").await;
    bench.sim.switch_on(Fault::PanelUnlocks);
    let mut truth = bench.sim.truth();
    let unlocked = truth.wait_for(|truth| !truth.locked);
    tokio::time::timeout(PATIENCE, unlocked)
        .await
        .unwrap()
        .unwrap();
    bench.sim.switch_off(Fault::PanelUnlocks);
    let locked = truth.wait_for(|truth| truth.locked);
    tokio::time::timeout(PATIENCE, locked)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_release_that_cannot_be_recorded_is_none() {
    let bench = Bench::new().await;
    let other = rusqlite::Connection::open(bench.database()).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE ON cycles WHEN NEW.outcome = 'released'
        BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    other.execute_batch(full).unwrap();
    bench.start().await;
    bench.until_step("releasing").await;
    assert_eq!(bench.load().await.state, LoadState::InCycle);
    assert!(bench.sim.truth().borrow().locked);
    other.execute_batch("DROP TRIGGER full").unwrap();
    bench.until_step("released").await;
    assert_eq!(bench.load().await.state, LoadState::Released);
}

/// The demo profile without this point's table.
fn without(profile: &str, point: &str) -> String {
    let begin = profile.find(&format!("[points.{point}]")).unwrap();
    let rest = &profile[begin + 1..];
    let end = begin + 1 + rest.find("\n[").unwrap();
    format!("{}{}", &profile[..begin], &profile[end..])
}

fn without_lines(profile: &str, keys: &[&str]) -> String {
    let kept = |line: &&str| !keys.iter().any(|key| line.starts_with(key));
    profile.lines().filter(kept).collect::<Vec<_>>().join("\n")
}

fn one_sided(profile: String) -> String {
    profile
        .replace("sides = \"both\"", "sides = \"one\"")
        .replace("[timing]\n", "[timing]\nturn_over_max_s = 30\n")
}

fn timed(profile: String) -> String {
    let profile = without(&without(&profile, "irradiance_mw_cm2"), "ozone_mg_m3");
    let keys = ["irradiance_", "target_dose", "ozone_release"];
    without_lines(&profile, &keys)
        .replace("dose = \"measured\"", "dose = \"timer\"")
        .replace("ozone = \"measured\"", "ozone = \"timer\"")
        .replace(
            "[timing]\n",
            "[timing]\ntimer_exposure_s = 2\ntimer_ventilation_s = 2\n",
        )
}

#[tokio::test]
async fn letters_are_turned_over_between_two_exposures() {
    let bench = Bench::of(one_sided).await;
    bench.start().await;
    let code = "nothing_to_turn_over".to_owned();
    let early = bench.control.turned_over("operator").await;
    assert_eq!(early, Err(Refused::NotNow { code }));
    bench.until_step("turning_over").await;
    assert_eq!(bench.load().await.state, LoadState::InCycle, "half done");
    let code = "door_not_seen_moving".to_owned();
    let unseen = bench.control.turned_over("operator").await;
    assert_eq!(unseen, Err(Refused::NotNow { code }));
    bench.door_is_opened_and_closed().await;
    assert_eq!(bench.control.turned_over("operator").await, Ok(()));
    bench.until_step("released").await;
    let id = bench.newest_cycle().await.id;
    let history = bench.store.with(move |db| db.cycle_record(id)).await;
    let history = history.unwrap();
    assert_eq!(history.cycle.terms.sides, crate::domain::cycle::Sides::One);
    assert_eq!(history.exposures.len(), 2);
    for side in &history.exposures {
        assert!(
            side.dose_mj_cm2.is_some_and(|dose| dose >= 10.0),
            "{side:?}"
        );
    }
    let again = history.steps.iter().rfind(|step| step.step == "locked");
    assert_eq!(again.unwrap().by.as_deref(), Some("operator"));
}

#[tokio::test]
async fn killed_while_turning_over_is_quarantined() {
    let mut bench = Bench::of(one_sided).await;
    bench.start().await;
    bench.until_step("turning_over").await;
    bench.killed_and_started_again().await;
    bench.quarantined_for("restarted_mid_cycle").await;
}

#[tokio::test]
async fn timer_mode_claims_no_dose() {
    let bench = Bench::of(timed).await;
    bench.start().await;
    let view = bench.until_step("released").await;
    let cycle = view.cycle.unwrap();
    assert_eq!((cycle.dose_mj_cm2, cycle.target_dose_mj_cm2), (None, None));
    assert!(cycle.exposure_s >= Some(2.0));
    let id = bench.newest_cycle().await.id;
    let history = bench.store.with(move |db| db.cycle_record(id)).await;
    let history = history.unwrap();
    let terms = &history.cycle.terms;
    assert_eq!(terms.dose_basis, crate::domain::cycle::Basis::Timer);
    assert_eq!(terms.ozone_basis, crate::domain::cycle::Basis::Timer);
    assert_eq!(terms.absent, ["irradiance_mw_cm2", "ozone_mg_m3"]);
    assert_eq!(history.cycle.dose_mj_cm2, None);
    assert!(history.cycle.ventilation_s.is_some_and(|s| s >= 2.0));
    assert!(history.samples.iter().all(|s| s.dose_mj_cm2.is_none()));
}

#[tokio::test]
async fn a_quarantined_load_inside_keeps_another_one_out() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.control.abort("operator").await.unwrap();
    bench.quarantined_for("aborted_by_operator").await;
    let batch = bench.load().await.batch_id;
    let add = move |db: &mut crate::store::Db| db.add_load(batch, "cabinet-1", "test");
    let other = bench.store.with(add).await.unwrap();
    let refused = bench.control.start(other, "operator").await;
    let load = bench.load;
    assert_eq!(refused, Err(Refused::OtherLoadInside { load }));
    let refused = bench.control.self_test("maintenance").await;
    assert_eq!(refused, Err(Refused::OtherLoadInside { load }));
}
