//! Between two loads the door is opened: another load than the last one can only have come in through it.

use super::super::Refused;
use super::bench::Bench;
use crate::domain::letter::LoadState;
use crate::store::Db;

/// Another load of the same batch.
async fn another_load(bench: &Bench) -> i64 {
    let batch = bench.load().await.batch_id;
    let add = move |db: &mut Db| db.add_load(batch, "cabinet-1", "test");
    bench.store.with(add).await.unwrap()
}

fn door_not_opened_since() -> Result<String, Refused> {
    let code = "door_not_opened_since".to_owned();
    Err(Refused::NotNow { code })
}

#[tokio::test]
async fn another_load_is_not_begun_before_the_door_was_open() {
    let mut bench = Bench::new().await;
    bench.start().await;
    bench.until_step("released").await;
    let strikes = bench.sim.truth().borrow().strikes;
    let other = another_load(&bench).await;
    let refused = bench.control.start(other, "operator").await;
    assert_eq!(refused, door_not_opened_since());
    // Nor after a restart: what was not seen is not known.
    bench.killed_and_started_again().await;
    bench.until_step("idle").await;
    let refused = bench.control.start(other, "operator").await;
    assert_eq!(refused, door_not_opened_since());
    assert_eq!(
        bench.sim.truth().borrow().strikes,
        strikes,
        "no lamp was lit"
    );
    bench.door_is_opened_and_closed().await;
    bench.control.start(other, "operator").await.unwrap();
    bench.until_step("released").await;
    let released = bench.store.with(move |db| db.load(other)).await.unwrap();
    assert_eq!(released.state, LoadState::Released);
}

#[tokio::test]
async fn an_opened_door_is_on_record_and_known_after_a_restart() {
    let mut bench = Bench::new().await;
    bench.start().await;
    bench.until_step("released").await;
    let cycle = bench.newest_cycle().await.id;
    let emptied = move |db: &mut Db| db.was_emptied(cycle);
    assert!(!bench.store.with(emptied).await.unwrap());
    bench.door_is_opened_and_closed().await;
    assert!(bench.store.with(emptied).await.unwrap());
    bench.killed_and_started_again().await;
    bench.until_step("idle").await;
    let other = another_load(&bench).await;
    bench.control.start(other, "operator").await.unwrap();
}

#[tokio::test]
async fn the_same_load_again_needs_no_opened_door() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.control.abort("operator").await.unwrap();
    bench.quarantined_for("aborted_by_operator").await;
    bench.start().await;
    bench.until_step("released").await;
}

#[tokio::test]
async fn a_load_under_an_override_is_out_before_another_is_begun() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.control.abort("operator").await.unwrap();
    bench.quarantined_for("aborted_by_operator").await;
    let (load, other) = (bench.load, another_load(&bench).await);
    let signed = move |db: &mut Db| db.override_load(load, ("zhang", "wang"), "urgent");
    bench.store.with(signed).await.unwrap();
    let refused = bench.control.start(other, "operator").await;
    assert_eq!(refused, door_not_opened_since());
    bench.opens_once_the_ozone_is_low().await;
    let refused = bench.control.start(other, "operator").await;
    assert_eq!(refused, door_not_opened_since());
    bench.door_is_opened_and_closed().await;
    bench.control.start(other, "operator").await.unwrap();
}

/// Opening the door would help neither: what is wrong with the load is said first.
#[tokio::test]
async fn a_released_load_or_none_at_all_is_told_before_the_door() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("released").await;
    let (released, waiting) = (bench.load, another_load(&bench).await);
    let refused = bench.control.start(waiting, "operator").await;
    assert_eq!(
        refused,
        door_not_opened_since(),
        "the door is what is wrong"
    );
    for (load, words) in [
        (released, ["load 1 is", "start a cycle"]),
        (999, ["there is no load", "999"]),
    ] {
        match bench.control.start(load, "operator").await {
            Err(Refused::Load { reason }) => {
                assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
            }
            other => panic!("load {load}: {other:?}"),
        }
    }
}
