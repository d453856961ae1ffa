//! Self tests of the simulated cabinet: every check, every fault under its name, and a test cut short.

use uv_cabinet::sim::Fault;

use super::super::{Refused, SelfTestView};
use super::bench::{Bench, PATIENCE};
use crate::store::TestOutcome;

async fn self_tested(bench: &Bench) -> SelfTestView {
    bench.until_ready().await;
    let id = bench.control.self_test("wang").await.unwrap();
    let view = bench
        .until("the end of the test", |view| {
            view.step != "self_test" && view.self_test.as_ref().is_some_and(|test| test.id == id)
        })
        .await;
    view.self_test.unwrap()
}

fn bad(test: &SelfTestView) -> Vec<&str> {
    let bad = test.findings.iter().filter(|finding| !finding.good);
    bad.map(|finding| finding.check.as_str()).collect()
}

#[tokio::test]
async fn self_test_tries_the_interlock_and_everything_else() {
    let bench = Bench::new().await;
    let test = self_tested(&bench).await;
    assert_eq!(test.outcome, Some(TestOutcome::Passed), "{test:?}");
    let checks: Vec<_> = test.findings.iter().map(|f| f.check.as_str()).collect();
    let all = [
        "dark",
        "lock_read_back",
        "lock",
        "lamp_read_back",
        "strike",
        "heartbeat_cut_off",
        "lamp_out_read_back",
        "lamp_out",
        "fan_read_back",
        "fan",
        "ozone",
        "fan_off_read_back",
        "fan_stopped",
        "unlock_read_back",
        "unlocked",
    ];
    assert_eq!(checks, all);
    // The simulated controller waits one second for a heartbeat.
    let cut_off = test.findings[5].value.unwrap();
    assert!((0.5..=1.6).contains(&cut_off), "{cut_off}");
    bench.until_logged("self_test").await;
    // The next cycle's record names it.
    bench.start().await;
    bench.until_step("released").await;
    let id = bench.newest_cycle().await.id;
    let history = bench.store.with(move |db| db.cycle_record(id)).await;
    let before = history.unwrap().self_test.expect("tested before");
    assert_eq!((before.id, before.by.as_str()), (test.id, "wang"));
}

#[tokio::test]
async fn self_test_finds_a_welded_relay_and_the_door_stays_shut() {
    let bench = Bench::new().await;
    bench.until_ready().await;
    bench.sim.switch_on(Fault::RelayWelded);
    let test = self_tested(&bench).await;
    assert_eq!(test.outcome, Some(TestOutcome::Failed));
    assert_eq!(bad(&test), ["heartbeat_cut_off"]);
    bench.until_step("alarm").await;
    assert!(bench.sim.truth().borrow().locked);
}

/// B5: nothing is welded and no alarm waits for anybody; the controller's program lacks its watchdog.
#[tokio::test]
async fn a_controller_without_a_watchdog_is_no_welded_relay() {
    let bench = Bench::new().await;
    bench.until_ready().await;
    bench.sim.switch_on(Fault::HeartbeatUnwatched);
    let test = self_tested(&bench).await;
    assert_eq!(test.outcome, Some(TestOutcome::Failed));
    let found = test.findings.last().expect("the last one");
    let said = (found.check.as_str(), found.code.as_deref());
    let own = ("heartbeat_cut_off", Some("heartbeat_not_watched"));
    assert_eq!(said, own, "{test:?}");
    bench.until_step("quarantined").await;
    let log = bench.store.with(|db| db.newest_health_of("cabinet-1"));
    let log = log.await.unwrap();
    assert!(log.iter().all(|row| !row.is_alarm()), "{log:?}");
}

/// B4.
#[tokio::test]
async fn a_door_opened_during_airing_is_the_door_and_not_the_ozone() {
    let longer = |profile: String| profile.replace("ventilation_s = 1 ", "ventilation_s = 9 ");
    let bench = Bench::of(longer).await;
    bench.until_ready().await;
    let id = bench.control.self_test("wang").await.unwrap();
    let mut truth = bench.sim.truth();
    let airs = truth.wait_for(|truth| truth.strikes > 0 && truth.aired.as_millis() > 500);
    tokio::time::timeout(PATIENCE, airs).await.unwrap().unwrap();
    bench.sim.switch_on(Fault::DoorOpen);
    let view = bench
        .until("the end of the test", |view| {
            view.step != "self_test" && view.self_test.as_ref().is_some_and(|test| test.id == id)
        })
        .await;
    let found = view
        .self_test
        .unwrap()
        .findings
        .pop()
        .expect("the last one");
    assert_eq!(found.code.as_deref(), Some("door_open"), "{found:?}");
    assert_eq!((found.value, found.limit), (None, None));
}

#[tokio::test]
async fn self_test_finds_each_fault_under_its_name() {
    for (fault, check) in [
        (Fault::FanContactStuck, "fan_stopped"),
        (Fault::LockContactStuck, "unlocked"),
        (Fault::LampNeverStrikes, "strike"),
        (Fault::LockStuck, "lock"),
        (Fault::FanFailed, "fan"),
        (Fault::IgnoresWrites, "lock_read_back"),
    ] {
        let bench = Bench::new().await;
        bench.until_ready().await;
        bench.sim.switch_on(fault);
        let test = self_tested(&bench).await;
        assert_eq!(test.outcome, Some(TestOutcome::Failed), "{fault:?}");
        assert_eq!(bad(&test), [check], "{fault:?}");
        bench.lamp_is_out().await;
    }
}

/// A lamp that burns for a moment makes little ozone: it fails nothing, and is not passed over either.
#[tokio::test]
async fn self_test_does_not_judge_an_ozone_sensor_that_never_moved_and_says_so() {
    let bench = Bench::new().await;
    bench.until_ready().await;
    bench.sim.switch_on(Fault::OzoneStuck);
    let test = self_tested(&bench).await;
    assert_eq!(test.outcome, Some(TestOutcome::Passed), "{test:?}");
    let sensor = test.findings.iter().find(|f| f.check == "ozone_moves");
    let sensor = sensor.expect("told");
    assert_eq!(sensor.code.as_deref(), Some("ozone_not_judged"));
    assert_eq!(sensor.value, Some(0.0));
    let row = super::trouble::logged(&bench, "self_test", "warning").await;
    assert_eq!(row.code.as_deref(), Some("ozone_not_judged"));
}

#[tokio::test]
async fn self_test_is_aborted_and_takes_nothing_else() {
    let bench = Bench::new().await;
    bench.until_ready().await;
    let id = bench.control.self_test("wang").await.unwrap();
    bench.until_step("self_test").await;
    let refused = bench.control.start(bench.load, "operator").await;
    let code = "self_test_running".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
    assert_eq!(bench.control.abort("wang").await, Ok(()));
    bench.lamp_is_out().await;
    let test = bench
        .until("the end", |view| {
            view.self_test.as_ref().is_some_and(|t| t.id == id)
        })
        .await;
    assert_eq!(test.self_test.unwrap().outcome, Some(TestOutcome::Aborted));
}

#[tokio::test]
async fn killed_in_a_self_test_is_cut_short_and_stays_dark() {
    let mut bench = Bench::new().await;
    bench.until_ready().await;
    bench.control.self_test("wang").await.unwrap();
    let mut truth = bench.sim.truth();
    let lit = truth.wait_for(|truth| truth.relay_closed);
    tokio::time::timeout(PATIENCE, lit).await.unwrap().unwrap();
    bench.killed_and_started_again().await;
    bench.lamp_is_out().await;
    let newest = bench.store.with(|db| db.newest_self_test("cabinet-1"));
    bench.until_step("quarantined").await;
    assert_eq!(
        newest.await.unwrap().unwrap().outcome,
        Some(TestOutcome::CutShort)
    );
    let shown = bench.control.view().self_test.expect("in view");
    assert_eq!(
        shown.outcome,
        Some(TestOutcome::CutShort),
        "nobody need guess"
    );
    bench.opens_once_the_ozone_is_low().await;
    bench.door_is_opened_and_closed().await;
    let refused = bench.control.start(bench.load, "operator").await;
    let code = "self_test_failed".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
}
