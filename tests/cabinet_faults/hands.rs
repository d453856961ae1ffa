//! An operator's hands at a one-sided cabinet.

use laixin::disinfect::{CabinetControl, CabinetView};
use uv_cabinet::sim::{Fault, SimHandle};

use super::bench::{Bench, PATIENCE};
use super::cases::{Case, Trouble};
use super::plan::{Model, Plan};

/// The hands of an operator who turns the letters over when asked to; a door that is the fault itself he leaves alone.
pub struct Hands(Option<tokio::task::JoinHandle<()>>);

impl Hands {
    pub fn at(bench: &Bench, case: &Case, plan: &Plan) -> Self {
        let willing =
            plan.model == Model::OneSided && case.trouble != Trouble::Cabinet(Fault::DoorOpen);
        let (control, sim) = (bench.daemon().control.clone(), bench.sim.clone());
        Self(willing.then(|| tokio::spawn(turn_over(control, sim))))
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        if let Some(hands) = &self.0 {
            hands.abort();
        }
    }
}

async fn turn_over(control: CabinetControl, sim: SimHandle) {
    let door = |view: &CabinetView| {
        let door = view.points.iter().find(|at| at.point == "door_closed");
        door.and_then(|door| door.value)
    };
    let mut changes = control.changes();
    let asked = changes.wait_for(|view| view.step == "turning_over");
    if asked.await.is_err() {
        return;
    }
    // Nobody opens a door that is still bolted.
    let mut truth = sim.truth();
    let unbolted = truth.wait_for(|truth| !truth.locked);
    if !matches!(
        tokio::time::timeout(PATIENCE / 10, unbolted).await,
        Ok(Ok(_))
    ) {
        return;
    }
    // Whatever becomes of the cycle meanwhile ends the waiting.
    let over = |view: &CabinetView| view.step != "turning_over";
    for (switch, shown) in [(true, 0.0), (false, 1.0)] {
        if switch {
            sim.switch_on(Fault::DoorOpen);
        } else {
            sim.switch_off(Fault::DoorOpen);
        }
        let seen = changes.wait_for(|view| over(view) || door(view) == Some(shown));
        if seen.await.is_err() {
            break;
        }
    }
    sim.switch_off(Fault::DoorOpen);
    while !over(&changes.borrow_and_update()) {
        // Refused while the door was not seen.
        let _ = control.turned_over("operator").await;
        if changes.changed().await.is_err() {
            return;
        }
    }
}
