//! A station without memory of a cabinet: a new data folder, a restored back-up, another name. What it finds in use stays shut.

use laixin::disinfect::{CabinetView, MayEnd, Refused};
use laixin::domain::letter::LoadState;
use uv_cabinet::sim::{Fault, SimSettings};

use super::bench::{Bench, Wire};

fn run(one: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(one);
}

fn is_found_in_use(view: &CabinetView) -> bool {
    let blocked = view.blocked.as_ref().map(|why| why.code.as_str());
    view.step == "quarantined" && blocked == Some("found_in_use")
}

/// Without a reason nobody ends it.
fn looked() -> Option<String> {
    Some("the fitter's trial, nothing is inside".to_owned())
}

async fn bench(wire: Wire) -> Bench {
    let settings = SimSettings {
        speed: 20.0,
        ..SimSettings::default()
    };
    let bench = Bench::with(wire, settings, |_| {}).await;
    bench.until_ready().await;
    bench
}

/// A load lies quarantined behind the locked door; a station that knows nothing of it comes.
async fn locked_stays_locked(wire: Wire) {
    let mut bench = bench(wire).await;
    bench.start().await.expect("a good cabinet takes a load");
    bench.daemon().until_state("irradiating").await;
    bench.sim.switch_on(Fault::DoorOpen);
    let quarantined = |view: &CabinetView| view.step == "quarantined";
    bench.daemon().until("quarantined", quarantined).await;
    bench.sim.heal();
    assert!(
        bench.truth_until(|truth| truth.locked).await,
        "locked again"
    );
    let (before, strikes) = (bench.truth().unlocked.len(), bench.truth().strikes);
    bench.forgets_everything().await;
    bench.daemon().until("found", is_found_in_use).await;
    let nobody = bench
        .daemon()
        .control
        .acknowledge("op", MayEnd::AllButAlarms, None);
    assert_eq!(nobody.await, Err(Refused::NotYourAlarm));
    let tested = bench.daemon().control.self_test("op").await;
    assert!(tested.is_err(), "a self test would light it: {tested:?}");
    let started = bench.start().await;
    assert!(started.is_err(), "{started:?}");
    let truth = bench.truth();
    assert_eq!(
        (truth.unlocked.len(), truth.strikes),
        (before, strikes),
        "{truth:?}"
    );
    // It is still so after a restart. Then a person answers for it and says why; the door has to be seen open all the same.
    bench.start_again().await;
    bench.daemon().until("found", is_found_in_use).await;
    let silent = bench
        .daemon()
        .control
        .acknowledge("fitter", MayEnd::Everything, None);
    let code = "reason_missing".to_owned();
    assert_eq!(silent.await, Err(Refused::NotNow { code }));
    let opened = async {
        let mut changes = bench.daemon().control.changes();
        while bench
            .daemon()
            .control
            .acknowledge("fitter", MayEnd::Everything, looked())
            .await
            .is_err()
        {
            changes.changed().await.expect("the daemon lives");
        }
    };
    tokio::time::timeout(super::bench::PATIENCE, opened)
        .await
        .expect("opened");
    bench
        .daemon()
        .until("idle", |view| view.step == "idle" && view.awaits_unloading)
        .await;
    let not_opened = || {
        let code = "door_not_opened_since".to_owned();
        Err(Refused::NotNow { code })
    };
    assert_eq!(bench.start().await, not_opened());
    // Who said so and why is on record, and a restart between that and the door forgets nothing.
    let told = bench.store.with(|db| db.ledger_of("cabinet/cabinet-1"));
    let told = told.await.expect("the ledger");
    let told = told.last().expect("an entry");
    assert_eq!(
        (told.action.as_str(), told.actor.as_str()),
        ("cabinet.looked_into", "fitter")
    );
    assert!(told.detail.contains("trial"), "{}", told.detail);
    bench.start_again().await;
    bench
        .daemon()
        .until("idle", |view| view.step == "idle" && view.awaits_unloading)
        .await;
    assert_eq!(bench.start().await, not_opened());
    bench.sim.switch_on(Fault::DoorOpen);
    bench
        .daemon()
        .until("taken out", |view| !view.awaits_unloading)
        .await;
    bench.sim.heal();
    bench.until_ready().await;
    bench
        .start()
        .await
        .expect("its own load, behind a door that was open");
    let over = |view: &CabinetView| ["released", "quarantined"].contains(&view.step.as_str());
    bench.daemon().until("an end", over).await;
    assert_ne!(bench.load().await.state, LoadState::InCycle);
}

/// Lit at first sight: dark again, it is still nobody's load.
async fn lit_is_in_use(wire: Wire) {
    let mut bench = bench(wire).await;
    bench.sim.switch_on(Fault::PanelLampOn);
    bench.forgets_everything().await;
    let burning = |view: &CabinetView| ["aborting", "alarm"].contains(&view.step.as_str());
    bench.daemon().until("seen lit", burning).await;
    bench.sim.heal();
    let ended = async {
        let mut changes = bench.daemon().control.changes();
        loop {
            if is_found_in_use(&changes.borrow_and_update()) {
                return;
            }
            // Refused until the lamp is seen out.
            let may = MayEnd::Everything;
            if bench.daemon().control.view().step == "alarm" {
                let _ = bench
                    .daemon()
                    .control
                    .acknowledge("fitter", may, looked())
                    .await;
            }
            changes.changed().await.expect("the daemon lives");
        }
    };
    tokio::time::timeout(super::bench::PATIENCE, ended)
        .await
        .expect("dark");
    assert!(bench.start().await.is_err(), "a start right after it");
    assert_eq!(bench.load().await.state, LoadState::Waiting);
}

#[test]
fn a_locked_cabinet_of_which_nothing_is_on_record_stays_locked_tcp() {
    run(locked_stays_locked(Wire::Tcp));
}

#[test]
fn a_locked_cabinet_of_which_nothing_is_on_record_stays_locked_rtu() {
    run(locked_stays_locked(Wire::Rtu));
}

#[test]
fn a_lit_cabinet_of_which_nothing_is_on_record_takes_no_load_tcp() {
    run(lit_is_in_use(Wire::Tcp));
}

#[test]
fn a_lit_cabinet_of_which_nothing_is_on_record_takes_no_load_rtu() {
    run(lit_is_in_use(Wire::Rtu));
}
