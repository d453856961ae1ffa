//! Points that give no value, and a self test that failed: refused by name before any lamp is lit, said aloud, and on record.

use uv_cabinet::sim::Fault;

use super::super::{Refused, TroubleView};
use super::bench::{Bench, PATIENCE};
use crate::clock::Millis;
use crate::domain::letter::LoadState;
use crate::store::HealthRow;

/// The start is refused for this point; nothing was lit, the load waits.
async fn refused_for(bench: &Bench, point: &str) -> TroubleView {
    bench
        .until("the trouble", |view| {
            let blocked = view
                .blocked
                .as_ref()
                .and_then(|found| found.trouble.as_ref());
            view.connected && blocked.is_some_and(|trouble| trouble.point == point)
        })
        .await;
    let refused = bench.control.start(bench.load, "operator").await;
    let Err(Refused::Reading(trouble)) = refused else {
        panic!("{point}: {refused:?}");
    };
    assert_eq!(trouble.point, point);
    assert!(trouble.needed);
    assert_eq!(bench.load().await.state, LoadState::Waiting);
    assert_eq!(bench.sim.truth().borrow().strikes, 0, "no lamp was lit");
    assert!(!bench.sim.truth().borrow().relay_closed);
    *trouble
}

/// `/readyz` says it once it has lasted.
async fn said_by_ready(bench: &Bench, words: &[&str]) {
    let said = async {
        let mut changes = bench.control.changes();
        loop {
            let parts = bench.readiness.parts();
            if let Some(Some(why)) = parts.get("cabinet/cabinet-1") {
                assert_eq!(why.code, "reading_missing");
                for word in words {
                    assert!(why.message.contains(word), "{word}: {}", why.message);
                }
                return;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, said)
        .await
        .expect("said in time");
}

pub(super) async fn logged(bench: &Bench, point: &str, state: &str) -> HealthRow {
    let found = async {
        let mut changes = bench.control.changes();
        loop {
            let log = bench.store.with(|db| db.health_log(None, Millis(0), 1_000));
            let mut rows = log.await.unwrap().into_iter();
            if let Some(row) = rows.find(|row| row.point == point && row.state == state) {
                return row;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, found)
        .await
        .expect("logged in time")
}

#[tokio::test]
async fn an_unknown_register_is_refused_by_name_before_the_lamp_can_be_lit() {
    // Each beside its neighbours (one read with them) or far from them.
    let ozone = |profile: String| moved(profile, "ozone_mg_m3", 8);
    let fan = |profile: String| moved(profile, "fan_on", 40);
    let uv = |profile: String| moved(profile, "irradiance_mw_cm2", 40);
    let lamp = |profile: String| moved(profile, "lamp_on", 40);
    let lock = |profile: String| moved(profile, "locked", 40);
    let changes: [(super::bench::Change, &str, &str); 5] = [
        (ozone, "ozone_mg_m3", "input_register 8"),
        (fan, "fan_on", "discrete_input 40"),
        (uv, "irradiance_mw_cm2", "input_register 40"),
        (lamp, "lamp_on", "discrete_input 40"),
        (lock, "locked", "discrete_input 40"),
    ];
    for (change, point, place) in changes {
        let bench = Bench::of(change).await;
        let trouble = refused_for(&bench, point).await;
        assert_eq!(
            (trouble.code.as_str(), trouble.place.as_str()),
            ("refused", place)
        );
        assert_eq!(trouble.read, "Modbus exception 2");
        assert!(
            trouble.expected.contains(['…', '/']),
            "{}",
            trouble.expected
        );
        said_by_ready(&bench, &[point, place, "Modbus exception 2"]).await;
        let row = logged(&bench, point, "bad").await;
        assert_eq!(row.code.as_deref(), Some("refused"));
        assert_eq!(row.detail, Some(trouble.figures()));
        // Nobody else is blamed.
        let others = bench.control.view().troubles;
        assert_eq!(others.len(), 1, "{others:?}");
    }
}

/// B3: the sensor comes back in the dark; that measures nothing of the lamp.
#[tokio::test]
async fn a_uv_sensor_mended_in_the_dark_is_no_measurement_of_the_lamp() {
    let bench = Bench::new().await;
    bench.start().await;
    bench.until_step("released").await;
    bench.until_logged("irradiance_mw_cm2").await;
    let measured = logged(&bench, "irradiance_mw_cm2", "good").await;
    bench.sim.switch_on(Fault::IrradianceBroken);
    logged(&bench, "irradiance_mw_cm2", "bad").await;
    bench.sim.switch_off(Fault::IrradianceBroken);
    let over = async {
        let mut changes = bench.control.changes();
        loop {
            let log = bench.store.with(|db| db.health_log(None, Millis(0), 1_000));
            let mut log = log.await.unwrap();
            log.retain(|row| row.point == "irradiance_mw_cm2");
            if log.len() == 3 {
                return log;
            }
            changes.changed().await.unwrap();
        }
    };
    let log = tokio::time::timeout(PATIENCE, over).await.expect("over");
    let last = log.last().expect("three");
    assert_eq!((last.state.as_str(), last.value), ("good", None), "{log:?}");
    let lines = bench
        .store
        .with(|db| crate::health::devices::lines(db, &[], crate::clock::now()));
    let lines = lines.await.unwrap();
    let mut shown = lines.iter().filter(|line| line.newest.point == last.point);
    let shown = shown.next().expect("a line");
    assert_eq!(shown.newest.value, measured.value);
    assert_eq!(shown.newest.limit, measured.limit);
    assert_eq!(
        (shown.history.len(), shown.span),
        (1, measured.value.zip(measured.value))
    );
}

/// The demo profile with this point at another address.
fn moved(profile: String, point: &str, address: u16) -> String {
    let at = profile.find(&format!("[points.{point}]")).unwrap();
    let begin = at + profile[at..].find("address = ").unwrap();
    let end = begin + profile[begin..].find('\n').unwrap();
    format!(
        "{}address = {address}{}",
        &profile[..begin],
        &profile[end..]
    )
}

#[tokio::test]
async fn an_unknown_register_of_an_order_is_refused_before_the_lamp_can_be_lit() {
    let changes: [(super::bench::Change, &str); 4] = [
        (|profile| moved(profile, "fan_command", 50), "fan_command"),
        (|profile| moved(profile, "lamp_command", 50), "lamp_command"),
        (|profile| moved(profile, "lock_command", 50), "lock_command"),
        (|profile| moved(profile, "heartbeat", 5), "heartbeat"),
    ];
    for (change, point) in changes {
        let bench = Bench::of(change).await;
        let trouble = refused_for(&bench, point).await;
        assert_eq!(trouble.read, "Modbus exception 2");
    }
}

#[tokio::test]
async fn a_value_out_of_its_range_is_refused_with_what_was_read_and_expected() {
    let bench = Bench::new().await;
    bench.until_ready().await;
    bench.sim.switch_on(Fault::OzoneBroken);
    let trouble = refused_for(&bench, "ozone_mg_m3").await;
    assert_eq!(trouble.code, "out_of_range");
    assert_eq!(trouble.read, "65.535 mg/m3 (raw 65535)");
    assert_eq!(trouble.expected, "0 … 20 mg/m3");
    said_by_ready(&bench, &["ozone_mg_m3", "65.535", "0 … 20 mg/m3"]).await;
    logged(&bench, "ozone_mg_m3", "bad").await;
    // Mended: ready again, on record, and a load is taken.
    bench.sim.switch_off(Fault::OzoneBroken);
    bench
        .until("good again", |view| view.blocked.is_none())
        .await;
    assert!(bench.readiness.all_ready());
    bench.start().await;
    bench.until_step("released").await;
}

#[tokio::test]
async fn what_only_maintenance_reads_warns_and_keeps_no_load_out() {
    let bench = Bench::of(|profile| moved(profile, "lamp_temperature_c", 40)).await;
    bench
        .until("the warning", |view| !view.troubles.is_empty())
        .await;
    let view = bench.control.view();
    assert_eq!(view.blocked, None);
    assert!(!view.troubles[0].needed);
    let row = logged(&bench, "lamp_temperature_c", "warning").await;
    assert!(
        row.detail
            .is_some_and(|detail| detail.contains("Modbus exception 2"))
    );
    bench.start().await;
    bench.until_step("released").await;
    assert!(bench.readiness.all_ready());
}

#[tokio::test]
async fn a_failed_self_test_takes_no_load_until_one_has_passed() {
    let mut bench = Bench::new().await;
    bench.until_ready().await;
    bench.sim.switch_on(Fault::LampNeverStrikes);
    bench.control.self_test("wang").await.unwrap();
    bench.until_step("quarantined").await;
    bench.sim.switch_off(Fault::LampNeverStrikes);
    let code = || "self_test_failed".to_owned();
    bench.opens_once_the_ozone_is_low().await;
    let refused = bench.control.start(bench.load, "operator").await;
    assert_eq!(refused, Err(Refused::NotNow { code: code() }));
    // Nor after a restart, nor after one that was only aborted.
    bench.killed_and_started_again().await;
    bench
        .until("still blocked", |view| {
            let blocked = view.blocked.as_ref();
            view.step == "quarantined" && blocked.is_some_and(|found| found.code == code())
        })
        .await;
    bench.opens_once_the_ozone_is_low().await;
    bench.control.self_test("wang").await.unwrap();
    bench.until_step("self_test").await;
    bench.control.abort("wang").await.unwrap();
    bench.until_step("quarantined").await;
    bench.opens_once_the_ozone_is_low().await;
    let refused = bench.control.start(bench.load, "operator").await;
    assert_eq!(refused, Err(Refused::NotNow { code: code() }));
    assert!(!bench.readiness.all_ready());
    // One that passes lets it, and needs nobody to clear the last one first.
    let id = bench.control.self_test("wang").await.unwrap();
    bench.until_step("self_test").await;
    bench.control.abort("wang").await.unwrap();
    bench
        .until("the end of the aborted test", |view| {
            view.step != "self_test" && view.self_test.as_ref().is_some_and(|test| test.id == id)
        })
        .await;
    let id = bench.control.self_test("wang").await.unwrap();
    bench
        .until("the end of the test", |view| {
            view.step == "idle" && view.self_test.as_ref().is_some_and(|test| test.id == id)
        })
        .await;
    // After the restart nobody knows what the door did meanwhile.
    bench.door_is_opened_and_closed().await;
    bench.start().await;
    bench.until_step("released").await;
    assert!(bench.readiness.all_ready());
}

#[tokio::test]
async fn an_aborted_load_is_aired_as_long_as_a_released_one() {
    let longer = |profile: String| profile.replace("ventilation_s = 1 ", "ventilation_s = 3 ");
    let bench = Bench::of(longer).await;
    bench.start().await;
    bench.until_step("irradiating").await;
    bench.control.abort("operator").await.unwrap();
    bench.until_step("ventilating").await;
    let began = crate::clock::monotonic();
    bench.until_step("quarantined").await;
    let aired = crate::clock::monotonic() - began;
    assert!(aired.as_secs_f64() >= 2.9, "{aired:?}");
}

/// Before anything is commanded: a contact that says on by itself proves nothing, and is named with what was read and expected.
#[tokio::test]
async fn a_contact_that_is_stuck_on_is_refused_by_name_before_anything_is_commanded() {
    for (fault, point) in [
        (Fault::FanContactStuck, "fan_on"),
        (Fault::LockContactStuck, "locked"),
    ] {
        let bench = Bench::new().await;
        bench.until_ready().await;
        bench.until_step("idle").await;
        bench.sim.switch_on(fault);
        bench
            .until("stuck", |view| {
                let mut points = view.points.iter();
                points.any(|at| at.point == point && at.value == Some(1.0))
            })
            .await;
        match bench.control.start(bench.load, "operator").await {
            Err(Refused::Reading(trouble)) => {
                let told = (trouble.point.as_str(), trouble.code.as_str());
                assert_eq!(told, (point, "stuck_on"));
                assert_eq!(
                    (trouble.read.as_str(), trouble.expected.as_str()),
                    ("1", "0")
                );
                assert!(trouble.place.contains("discrete_input"), "{trouble:?}");
            }
            other => panic!("{point}: {other:?}"),
        }
        assert_eq!(bench.load().await.state, LoadState::Waiting, "{point}");
        assert_eq!(bench.sim.truth().borrow().strikes, 0, "{point}");
    }
}
