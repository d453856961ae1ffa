//! A cabinet's task against a simulated cabinet on a real socket and a real database.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uv_cabinet::Profile;
use uv_cabinet::sim::{self, Fault, SimHandle, SimSettings};

use super::{CabinetControl, CabinetView, Refused, Surroundings, start};
use crate::clock;
use crate::domain::letter::{Carrier, LoadState};
use crate::events::Events;
use crate::health::Readiness;
use crate::sd_notify::Watchdog;
use crate::store::{CycleRecord, CycleSample, Load, NewBatch, Store, TestOutcome};

const DEMO: &str = include_str!("../../config/cabinets/demo.toml");
const PATIENCE: Duration = Duration::from_secs(40);

/// A station with one cabinet and one load.
struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    load: i64,
    port: u16,
    sim: SimHandle,
    plug: JoinHandle<std::io::Result<()>>,
    readiness: Readiness,
    control: CabinetControl,
    task: JoinHandle<()>,
    stop: CancellationToken,
    change: Change,
}

/// What is different from the shipped demo profile.
type Change = fn(String) -> String;

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
        self.plug.abort();
    }
}

impl Bench {
    async fn new() -> Self {
        Self::of(|profile| profile).await
    }

    async fn of(change: Change) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, _thread) = Store::open(&folder.path().join("laixin.db")).unwrap();
        let load = store
            .with(|db| {
                let new = NewBatch {
                    carrier: Carrier::Letter,
                    count: 1,
                    received: clock::now(),
                };
                let batch = db.sign_in_batch(&new, "test")?;
                db.add_load(batch, "cabinet-1", "test")
            })
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = SimSettings {
            speed: 20.0,
            ..SimSettings::default()
        };
        let (sim, plug) = sim::start(listener, settings);
        let plug = tokio::spawn(plug);
        let readiness = Readiness::default();
        let stop = CancellationToken::new();
        let (control, task) = supervised(port, change, &store, &readiness, &stop);
        Self {
            folder,
            store,
            load,
            port,
            sim,
            plug,
            readiness,
            control,
            task,
            stop,
            change,
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("laixin.db")
    }

    async fn until(&self, what: &str, met: impl Fn(&CabinetView) -> bool) -> CabinetView {
        let mut changes = self.control.changes();
        match tokio::time::timeout(PATIENCE, changes.wait_for(|view| met(view))).await {
            Ok(view) => view.expect("the task lives").clone(),
            Err(_) => panic!("never {what}: {:?}", self.control.view()),
        }
    }

    async fn until_step(&self, step: &str) -> CabinetView {
        self.until(step, |view| view.step == step).await
    }

    async fn until_ready(&self) {
        let closed = |view: &CabinetView| {
            let at = view
                .points
                .iter()
                .find(|point| point.point == "door_closed");
            view.step != "aborting" && at.is_some_and(|point| point.value == Some(1.0))
        };
        self.until("connected", closed).await;
    }

    async fn start(&self) -> String {
        self.until_ready().await;
        self.control.start(self.load, "operator").await.unwrap()
    }

    async fn load(&self) -> Load {
        let load = self.load;
        self.store.with(move |db| db.load(load)).await.unwrap()
    }

    async fn newest_cycle(&self) -> CycleRecord {
        let newest = self.store.with(|db| db.newest_cycle_in("cabinet-1")).await;
        newest.unwrap().expect("there was a cycle")
    }

    async fn quarantined_for(&self, reason: &str) {
        // Wherever it ends, the end is written before it is shown or shortly after an alarm.
        self.until(reason, |view| {
            matches!(view.step.as_str(), "quarantined" | "alarm")
        })
        .await;
        assert_eq!(self.load().await.state, LoadState::Quarantined);
        assert_eq!(self.newest_cycle().await.reason.as_deref(), Some(reason));
    }

    async fn until_logged(&self, point: &str) {
        let logged = async {
            let mut changes = self.control.changes();
            loop {
                let rows = self
                    .store
                    .with(|db| db.health_log(Some("cabinet-1"), clock::Millis(0), 100))
                    .await
                    .unwrap();
                if rows
                    .iter()
                    .any(|row| row.point == point && row.value.is_some())
                {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, logged)
            .await
            .expect("logged in time");
    }

    /// The daemon dies here and now; another one starts.
    async fn killed_and_started_again(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.stop = CancellationToken::new();
        (self.control, self.task) = supervised(
            self.port,
            self.change,
            &self.store,
            &self.readiness,
            &self.stop,
        );
    }

    /// The fan runs first; until then the door is refused.
    async fn opens_once_the_ozone_is_low(&self) {
        let mut changes = self.control.changes();
        let opened = async {
            loop {
                let refused = self.control.acknowledge("operator").await;
                let code = "ozone_not_low".to_owned();
                match refused {
                    Ok(()) => return,
                    refused => assert_eq!(refused, Err(Refused::NotNow { code })),
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, opened).await.unwrap();
        assert!(self.sim.truth().borrow().ozone_mg_m3 <= 0.1);
    }

    async fn door_is_opened_and_closed(&self) {
        for (closed, switch) in [(0.0, true), (1.0, false)] {
            if switch {
                self.sim.switch_on(Fault::DoorOpen);
            } else {
                self.sim.switch_off(Fault::DoorOpen);
            }
            self.until("the door moved", |view| {
                let door = view.points.iter().find(|at| at.point == "door_closed");
                door.is_some_and(|door| door.value == Some(closed))
            })
            .await;
        }
    }

    async fn lamp_is_out(&self) {
        let mut truth = self.sim.truth();
        let out = truth.wait_for(|truth| truth.irradiance_mw_cm2 == 0.0);
        tokio::time::timeout(PATIENCE, out).await.unwrap().unwrap();
    }
}

fn supervised(
    port: u16,
    change: Change,
    store: &Store,
    readiness: &Readiness,
    stop: &CancellationToken,
) -> (CabinetControl, JoinHandle<()>) {
    let text = DEMO
        .replace("127.0.0.1:1502", &format!("127.0.0.1:{port}"))
        .replace("target_dose_mj_cm2 = 100.0", "target_dose_mj_cm2 = 10.0")
        .replace("min_exposure_s = 8 ", "min_exposure_s = 1 ")
        .replace("ventilation_s = 5 ", "ventilation_s = 1 ");
    let surroundings = Surroundings {
        store: store.clone(),
        events: Events::default(),
        readiness: readiness.clone(),
        beat: Watchdog::default().task("cabinet/cabinet-1", PATIENCE),
    };
    let id = crate::config::DeviceId("cabinet-1".into());
    let profile = Profile::parse(&change(text)).unwrap();
    start(
        id,
        profile.clone(),
        uv_cabinet::Cabinet::new(profile),
        surroundings,
        stop.clone(),
    )
}

#[tokio::test]
async fn a_load_is_released_after_a_whole_cycle() {
    let bench = Bench::new().await;
    let number = bench.start().await;
    let view = bench.until_step("released").await;
    let cycle = view.cycle.expect("the last cycle stays in view");
    assert_eq!((cycle.cycle, cycle.load), (number, bench.load));
    let dose_mj_cm2 = cycle.dose_mj_cm2.expect("measured");
    assert!(dose_mj_cm2 >= 10.0);
    assert!(cycle.exposure_s >= 1.0);
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
    assert!(history.samples.windows(2).all(apart));
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
    let refused = bench.control.acknowledge("maintenance").await;
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
    let acknowledged = bench.control.acknowledge("maintenance").await;
    assert_eq!(acknowledged, Ok(()));
    bench.until_step("quarantined").await;
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
    let refused = bench.control.acknowledge("operator").await;
    let code = "override_needed".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
    assert!(
        bench.sim.truth().borrow().locked,
        "nothing was unlocked by the restart"
    );
    let load = bench.load;
    let signed = move |db: &mut crate::store::Db| db.override_load(load, "chief", "urgent");
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
    assert!(cycle.exposure_s >= 2.0);
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
    let code = "other_load_inside".to_owned();
    assert_eq!(refused, Err(Refused::NotNow { code }));
}

async fn self_tested(bench: &Bench) -> super::SelfTestView {
    bench.until_ready().await;
    let id = bench.control.self_test("wang").await.unwrap();
    let view = bench
        .until("the end of the test", |view| {
            view.step != "self_test" && view.self_test.as_ref().is_some_and(|test| test.id == id)
        })
        .await;
    view.self_test.unwrap()
}

fn bad(test: &super::SelfTestView) -> Vec<&str> {
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
        "unlock_read_back",
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

#[tokio::test]
async fn self_test_finds_each_fault_under_its_name() {
    for (fault, check) in [
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
}
