//! Aborts and deaths of the supervisor in every state a cycle can be in, each state held by a fault that keeps
//! it there. The real process is killed and frozen in `processes`.

use std::time::Duration;

use laixin::disinfect::Refused;
use laixin::domain::letter::LoadState;
use uv_cabinet::sim::{Fault, SimSettings};

use super::bench::{Bench, Wire};

/// Every state but idle, in order.
const STATES: [&str; 11] = [
    "preflight",
    "locked",
    "striking",
    "irradiating",
    "stopping",
    "ventilating",
    "turning_over",
    "releasing",
    "released",
    "quarantined",
    "alarm",
];

/// A cycle that stands in `state`.
async fn standing_in(wire: Wire, state: &str) -> Bench {
    let settings = SimSettings {
        speed: 20.0,
        ..SimSettings::default()
    };
    let bench = Bench::with(wire, settings, |profile| {
        if state == "turning_over" {
            profile.sides = uv_cabinet::Sides::One;
            profile.timing.turn_over_max = super::bench::PATIENCE;
        }
    })
    .await;
    bench.until_ready().await;
    match state {
        "locked" => bench.sim.switch_on(Fault::LockStuck),
        "striking" => bench.sim.switch_on(Fault::LampNeverStrikes),
        "ventilating" => bench.sim.switch_on(Fault::OzoneHigh),
        "releasing" => records(&bench, REFUSE_RELEASES),
        _ => {}
    }
    bench.start().await.expect("a good cabinet takes a load");
    match state {
        "stopping" => {
            bench.daemon().until_state("irradiating").await;
            bench.sim.switch_on(Fault::IrradianceFrozen);
        }
        "quarantined" => {
            bench.daemon().until_state("irradiating").await;
            bench.sim.switch_on(Fault::DoorOpen);
        }
        "alarm" => {
            bench.daemon().until_state("irradiating").await;
            bench.sim.switch_on(Fault::RelayWelded);
        }
        _ => {}
    }
    bench.daemon().until_state(state).await;
    if ["quarantined", "alarm"].contains(&state) {
        // Shown after its end was written.
        bench.daemon().until(state, |view| view.step == state).await;
    }
    bench
}

/// Far more than three polls, and more than the door's contact needs.
const UNSEEN: Duration = Duration::from_millis(1_200);

const REFUSE_RELEASES: &str =
    "CREATE TRIGGER full BEFORE UPDATE ON cycles WHEN NEW.outcome = 'released'
    BEGIN SELECT RAISE(ABORT, 'disk full'); END";
const TAKE_RELEASES: &str = "DROP TRIGGER IF EXISTS full";

fn records(bench: &Bench, change: &str) {
    let records = rusqlite::Connection::open(bench.database()).expect("opened");
    records.busy_timeout(super::bench::PATIENCE).expect("set");
    records.execute_batch(change).expect("changed");
}

async fn aborted(wire: Wire, state: &str) {
    let bench = standing_in(wire, state).await;
    let answer = bench.daemon().control.abort("operator").await;
    let refused = |code: &str| Err(Refused::NotNow { code: code.into() });
    let wanted = match state {
        "released" => (refused("nothing_running"), LoadState::Released, None),
        "quarantined" => (
            refused("nothing_running"),
            LoadState::Quarantined,
            Some("door_open"),
        ),
        "alarm" => (
            refused("alarm_stands"),
            LoadState::Quarantined,
            Some("lamp_not_off"),
        ),
        _ => (Ok(()), LoadState::Quarantined, Some("aborted_by_operator")),
    };
    assert_eq!(answer, wanted.0, "{state}");
    bench.sim.heal();
    let over = ["released", "quarantined", "alarm"];
    let ended = |view: &laixin::disinfect::CabinetView| over.contains(&view.step.as_str());
    bench.daemon().until("ended", ended).await;
    assert!(
        bench
            .truth_until(|truth| truth.irradiance_mw_cm2 == 0.0)
            .await,
        "{state}"
    );
    assert_eq!(bench.load().await.state, wanted.1, "{state}");
    let row = bench.newest_cycle().await.expect("a cycle");
    assert_eq!(row.reason.as_deref(), wanted.2, "{state}");
    assert!(bench.truth().lamp_on_orders <= 1, "{state}: lit again");
}

async fn killed(wire: Wire, state: &str) {
    let mut bench = standing_in(wire, state).await;
    if let Some(daemon) = bench.daemon.take() {
        daemon.kill().await;
    }
    bench.sim.heal();
    records(&bench, TAKE_RELEASES);
    let dark = bench
        .truth_until(|truth| truth.irradiance_mw_cm2 == 0.0)
        .await;
    assert!(dark, "{state}: the controller puts it out");
    bench.start_again().await;
    bench.until_ready().await;
    let row = bench.newest_cycle().await.expect("a cycle");
    // The record may have been on its way to the disk: then the load is released, and rightly so.
    let recorded = state == "releasing" && row.reason.is_none();
    let wanted = match state {
        "released" => (LoadState::Released, None),
        "releasing" if recorded => (LoadState::Released, None),
        "quarantined" => (LoadState::Quarantined, Some("door_open")),
        "alarm" => (LoadState::Quarantined, Some("lamp_not_off")),
        _ => (LoadState::Quarantined, Some("restarted_mid_cycle")),
    };
    assert_eq!(row.reason.as_deref(), wanted.1, "{state}");
    assert_eq!(bench.load().await.state, wanted.0, "{state}");
    let truth = bench.truth();
    assert!(truth.lamp_on_orders <= 1, "{state}: lit again");
    let may_open = recorded || ["released", "turning_over"].contains(&state);
    assert!(may_open || truth.unlocked.is_empty(), "{state}: {truth:?}");
}

/// Frozen for longer than three polls, while somebody opens the door and shuts it again: nobody saw it, and nothing shows it.
async fn frozen(wire: Wire, state: &str) {
    let bench = standing_in(wire, state).await;
    let thaw = bench.daemon().freeze();
    bench.sim.switch_on(Fault::DoorOpen);
    tokio::time::sleep(UNSEEN).await;
    bench.sim.heal();
    drop(thaw);
    let watched = [
        "locked",
        "striking",
        "irradiating",
        "stopping",
        "ventilating",
        "releasing",
    ];
    if watched.contains(&state) {
        bench.daemon().until_state("aborting").await;
        records(&bench, TAKE_RELEASES);
        let ended = |view: &laixin::disinfect::CabinetView| {
            ["quarantined", "alarm"].contains(&view.step.as_str())
        };
        bench.daemon().until("ended", ended).await;
        let row = bench.newest_cycle().await.expect("a cycle");
        // The order to light may have been on its way: it is the first thing that is known to have gone wrong.
        let lighting = row.reason.as_deref() == Some("order_failed");
        let lighting = lighting && ["locked", "striking"].contains(&state);
        let unwatched = row.reason.as_deref() == Some("unwatched");
        assert!(unwatched || lighting, "{state}: {row:?}");
        assert_eq!(bench.load().await.state, LoadState::Quarantined, "{state}");
    }
    let truth = bench.truth();
    assert!(truth.lamp_on_orders <= 1, "{state}: lit again");
}

/// All states at once: each is mostly waiting.
fn in_every_state<F>(one: impl Fn(&'static str) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let running: Vec<_> = STATES
        .into_iter()
        .map(|state| runtime.spawn(one(state)))
        .collect();
    runtime.block_on(async {
        for one in running {
            one.await.expect("holds in every state");
        }
    });
}

#[test]
fn operator_aborts_in_every_state_tcp() {
    in_every_state(|state| aborted(Wire::Tcp, state));
}

#[test]
fn operator_aborts_in_every_state_rtu() {
    in_every_state(|state| aborted(Wire::Rtu, state));
}

#[test]
fn supervisor_dies_in_every_state_tcp() {
    in_every_state(|state| killed(Wire::Tcp, state));
}

#[test]
fn supervisor_dies_in_every_state_rtu() {
    in_every_state(|state| killed(Wire::Rtu, state));
}

#[test]
fn supervisor_frozen_in_every_state_tcp() {
    in_every_state(|state| frozen(Wire::Tcp, state));
}

#[test]
fn supervisor_frozen_in_every_state_rtu() {
    in_every_state(|state| frozen(Wire::Rtu, state));
}
