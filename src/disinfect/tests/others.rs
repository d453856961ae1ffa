//! Others at the same cabinet: a second master or a hand at the panel, another model, a controller that starts anew.

use uv_cabinet::sim::Fault;

use super::super::{CHANGED, Refused};
use super::bench::{Bench, PATIENCE};
use super::trouble::logged;
use crate::domain::cycle::CONTROLLER_RESTARTED;
use crate::domain::letter::LoadState;

async fn faults_on_the_certificate(bench: &Bench) -> Vec<String> {
    let cycle = bench.newest_cycle().await.id;
    let record = bench.store.with(move |db| db.cycle_record(cycle)).await;
    let faults = crate::certificate::faults(&record.expect("on record"));
    faults.into_iter().map(|(_, fault)| fault).collect()
}

#[tokio::test]
async fn a_second_master_is_on_the_record_in_the_log_and_on_the_page() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::SecondMaster);
    let told = |view: &super::super::CabinetView| {
        view.troubles.iter().any(|trouble| trouble.code == CHANGED)
    };
    bench.until("told", told).await;
    bench.sim.switch_off(Fault::SecondMaster);
    let row = logged(&bench, "lock_command", "warning").await;
    assert_eq!(row.code.as_deref(), Some(CHANGED));
    assert!(
        row.detail
            .is_some_and(|told| told.contains("read 0, expected 1"))
    );
    let faults = faults_on_the_certificate(&bench).await;
    let first = "changed_by_another: lock_command coil 2: read 0, expected 1";
    assert!(faults.iter().any(|fault| fault == first), "{faults:?}");
    bench.until_step("quarantined").await;
    // The next cycle begins without it.
    bench.start().await;
    let view = bench.until_step("released").await;
    assert!(!told(&view));
}

#[tokio::test]
async fn a_controller_that_starts_anew_is_told_though_the_cycle_failed_for_something_else() {
    let bench = Bench::new().await;
    // Far enough that it is not passed again before the cabinet is seen again.
    bench
        .until("many scans", |view| {
            let mut points = view.points.iter();
            points.any(|at| at.point == "scan_counter" && at.value > Some(400.0))
        })
        .await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.sim.switch_on(Fault::PlcReboots);
    bench.until("silent", |view| !view.connected).await;
    bench.sim.switch_off(Fault::PlcReboots);
    let on_record = async {
        let mut changes = bench.control.changes();
        loop {
            let faults = faults_on_the_certificate(&bench).await;
            if faults
                .iter()
                .any(|fault| fault.starts_with(CONTROLLER_RESTARTED))
            {
                return;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, on_record)
        .await
        .expect("on record");
    let row = logged(&bench, "scan_counter", "bad").await;
    assert_eq!(row.code.as_deref(), Some("fell_back"));
}

/// Nothing was begun, so nothing has to be disinfected again: the load stays as it was.
#[tokio::test]
async fn another_model_at_the_same_address_is_refused_before_a_load_is_taken() {
    let bench = Bench::new().await;
    bench.until_ready().await;
    bench.until_step("idle").await;
    bench.sim.switch_on(Fault::WrongCabinet);
    let refused = bench.control.start(bench.load, "operator").await;
    assert!(
        matches!(refused, Err(Refused::WrongCabinet(_))),
        "{refused:?}"
    );
    assert_eq!(bench.load().await.state, LoadState::Waiting);
    assert_eq!(bench.sim.truth().borrow().strikes, 0, "no lamp was lit");
}
