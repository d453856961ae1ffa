//! An ozone sensor that never moves while the lamp burns and the fan blows.

use uv_cabinet::sim::Fault;

use super::bench::Bench;
use super::trouble::logged;
use crate::domain::letter::LoadState;

#[tokio::test]
async fn an_ozone_sensor_stuck_at_nothing_releases_nothing_where_the_profile_says_that_it_moves() {
    let bench = Bench::of(|profile| {
        profile
            .replace("frozen_after_ms = 5000", "frozen_after_ms = 500")
            .replace("ventilation_max_s = 120", "ventilation_max_s = 3")
    })
    .await;
    bench.sim.switch_on(Fault::OzoneStuck);
    bench.start().await;
    bench.quarantined_for("reading_missing").await;
    let id = bench.newest_cycle().await.id;
    let record = bench.store.with(move |db| db.cycle_record(id)).await;
    let steps = record.unwrap().steps;
    let told = "reading_missing: ozone_mg_m3 frozen";
    assert!(
        steps
            .iter()
            .any(|step| step.detail.as_deref() == Some(told)),
        "{steps:?}"
    );
    // Mended, the same load goes through.
    bench.sim.switch_off(Fault::OzoneStuck);
    bench.start().await;
    bench.until_step("released").await;
    assert_eq!(bench.load().await.state, LoadState::Released);
}

#[tokio::test]
async fn an_ozone_sensor_that_never_moved_is_told_where_the_profile_does_not_say() {
    let bench = Bench::of(|profile| profile.replace("frozen_after_ms = 5000\n", "")).await;
    bench.sim.switch_on(Fault::OzoneStuck);
    bench.start().await;
    bench.until_step("released").await;
    let row = logged(&bench, "ozone_mg_m3", "warning").await;
    assert_eq!(row.code.as_deref(), Some("sensor_stands_still"));
    assert_eq!(row.value, Some(0.0));
}
