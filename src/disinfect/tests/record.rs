//! What is on record when the disk took nothing, or the daemon died on the second side.

use std::time::Duration;

use uv_cabinet::sim::Fault;

use super::bench::{Bench, Change, PATIENCE};
use super::one_sided;
use crate::certificate::{self, Certificate, Office};
use crate::clock::Millis;
use crate::domain::letter::LoadState;
use crate::store::{CycleHistory, CycleOutcome};

fn records(bench: &Bench, change: &str) {
    let other = rusqlite::Connection::open(bench.database()).unwrap();
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    other.execute_batch(change).unwrap();
}

fn fill(bench: &Bench) {
    records(
        bench,
        "BEGIN IMMEDIATE;
         CREATE TRIGGER full_1 BEFORE UPDATE ON cycles BEGIN SELECT RAISE(ABORT, 'disk full'); END;
         CREATE TRIGGER full_2 BEFORE INSERT ON cycle_steps BEGIN SELECT RAISE(ABORT, 'disk full'); END;
         COMMIT",
    );
}

const ROOM_AGAIN: &str = "DROP TRIGGER full_1; DROP TRIGGER full_2";

async fn history(bench: &Bench) -> CycleHistory {
    let id = bench.newest_cycle().await.id;
    let history = bench.store.with(move |db| db.cycle_record(id)).await;
    history.unwrap()
}

/// The last words lie on the disk.
async fn until_said(bench: &Bench, fault: &str) {
    let file = bench.folder.path().join("cabinet-1.last-words");
    let said = async {
        while !std::fs::read_to_string(&file).is_ok_and(|text| text.contains(fault)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, said).await.unwrap();
}

/// A fault that could not be written down, the daemon dead before there was room again: record, view and certificate say it.
async fn says_why(change: Change, break_it: impl Fn(&Bench), reason: &str) {
    let mut bench = Bench::of(change).await;
    bench.start().await;
    bench.until_step("irradiating").await;
    fill(&bench);
    break_it(&bench);
    until_said(&bench, reason).await;
    bench.sim.heal();
    assert_eq!(bench.newest_cycle().await.ended, None);
    records(&bench, ROOM_AGAIN);
    bench.killed_and_started_again().await;
    let view = bench
        .until("taken over", |view| {
            view.step == "quarantined" && view.cycle.is_some()
        })
        .await;
    let failed = view.cycle.and_then(|cycle| cycle.failed);
    assert_eq!(failed.as_deref(), Some(reason), "the console");
    bench.quarantined_for(reason).await;
    let history = history(&bench).await;
    let at = history
        .steps
        .iter()
        .find(|step| step.detail.as_deref() == Some(reason));
    let after_ms = at.and_then(|step| step.after_ms);
    assert!(after_ms.is_some(), "when it was: {:?}", history.steps);
    let faults = certificate::faults(&history);
    assert!(
        faults.iter().any(|(_, fault)| fault == reason),
        "{faults:?}"
    );
    assert_eq!(bench.load().await.state, LoadState::Quarantined);
    // When the lamp went out, and what it gave until then, nobody saw: no zero and no time says otherwise.
    let sheet = sheet(&bench, history.cycle.id).await;
    let m = &sheet.moments;
    assert!(m.unwatched && m.lit[0].to.is_none(), "{m:?}");
    assert_eq!((sheet.exposure_s, sheet.dose_mj_cm2), (None, None));
}

async fn sheet(bench: &Bench, cycle: i64) -> Certificate {
    let file = bench.store.with(move |db| db.cycle_file(cycle)).await;
    let office = Office {
        station: "t",
        profile: None,
        address: None,
        now: Millis(0),
    };
    Certificate::of(&file.unwrap(), &office)
}

#[tokio::test]
async fn killed_on_a_full_disk_the_record_says_so_after_the_restart() {
    // Whatever step comes next cannot be written.
    says_why(|profile| profile, |_| {}, "record_failed").await;
}

#[tokio::test]
async fn what_went_wrong_on_a_full_disk_is_on_record_after_the_restart() {
    // The door is opened before any other step is due.
    let long: Change = |profile| profile.replace("min_exposure_s = 1 ", "min_exposure_s = 60 ");
    let open = |bench: &Bench| bench.sim.switch_on(Fault::DoorOpen);
    says_why(long, open, "door_open").await;
}

#[tokio::test]
async fn last_words_about_another_cycle_are_not_believed() {
    let mut bench = Bench::new().await;
    let other = "cycle = 77\nat_ms = 1\nstep = \"aborting\"\ntold = \"door_open\"\n[fault]\nfault = \"door_open\"\n";
    std::fs::write(bench.folder.path().join("cabinet-1.last-words"), other).unwrap();
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.killed_and_started_again().await;
    bench.quarantined_for("restarted_mid_cycle").await;
}

/// Each step is written down before it is acted on: whichever the disk refuses, and however early there is room again, nothing is released.
#[tokio::test]
async fn without_every_step_on_record_nothing_is_released() {
    let steps = [
        "locked",
        "striking",
        "irradiating",
        "stopping",
        "ventilating",
        "releasing",
    ];
    let mut running = tokio::task::JoinSet::new();
    for step in steps {
        running.spawn(async move {
            let bench = Bench::new().await;
            let refuse = format!(
                "CREATE TRIGGER full BEFORE INSERT ON cycle_steps WHEN NEW.step = '{step}'
                 BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            );
            records(&bench, &refuse);
            bench.start().await;
            bench
                .until("failed", |view| {
                    view.cycle
                        .as_ref()
                        .is_some_and(|cycle| cycle.failed.is_some())
                })
                .await;
            records(&bench, "DROP TRIGGER full");
            bench.quarantined_for("record_failed").await;
            assert_eq!(bench.load().await.state, LoadState::Quarantined, "{step}");
            let history = history(&bench).await;
            assert!(
                history.steps.iter().all(|at| at.step != "released"),
                "{step}"
            );
        });
    }
    while let Some(held) = running.join_next().await {
        held.unwrap();
    }
}

#[tokio::test]
async fn killed_on_the_second_side_the_first_sides_dose_is_on_record_and_the_second_unknown() {
    let mut bench = Bench::of(one_sided).await;
    bench.start().await;
    bench.until_step("turning_over").await;
    bench.door_is_opened_and_closed().await;
    bench.control.turned_over("operator").await.unwrap();
    bench
        .until("the second side lit", |view| {
            let side = view.cycle.as_ref().map(|cycle| cycle.side);
            view.step == "irradiating" && side == Some(2)
        })
        .await;
    bench.killed_and_started_again().await;
    bench.quarantined_for("restarted_mid_cycle").await;
    let view = bench.until_step("quarantined").await;
    let cycle = view.cycle.unwrap();
    assert_eq!(cycle.side, 2, "{cycle:?}");
    assert_eq!((cycle.dose_mj_cm2, cycle.exposure_s), (None, None));
    let history = history(&bench).await;
    assert_eq!(history.exposures.len(), 1, "{:?}", history.exposures);
    let first = history.exposures[0].dose_mj_cm2;
    assert!(first.is_some_and(|dose| dose >= 10.0), "{first:?}");
    assert_eq!(history.cycle.dose_mj_cm2, first);
}

#[test]
fn the_time_of_no_exposure_is_nothing_and_not_less() {
    let none = CycleOutcome {
        failed: Some("restarted_mid_cycle".to_owned()),
        exposures: Vec::new(),
        ventilation_s: 0.0,
    };
    assert!(none.exposure_s().is_sign_positive());
}

/// The picture came ten samples at a time: none for the first nine seconds, then one every eight to ten.
#[tokio::test]
async fn the_dose_curve_is_on_record_while_the_lamps_still_burn() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    let cycle = bench.newest_cycle().await.id;
    let drawn = async {
        loop {
            let samples = bench.store.with(move |db| db.cycle_samples(cycle)).await;
            if samples.unwrap().len() >= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, drawn).await.unwrap();
    let over = bench.newest_cycle().await.outcome;
    assert_eq!(over, None, "it goes on");
}
