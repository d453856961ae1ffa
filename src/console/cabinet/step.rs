//! A cabinet's step as people are told it: whether something is going on, how it is coloured, how far it is.

use crate::disinfect::{CabinetView, CycleView};

/// Whether a cycle is going on.
pub(in crate::console) fn is_running(view: &CabinetView) -> bool {
    matches!(
        view.step.as_str(),
        "preflight"
            | "locked"
            | "striking"
            | "irradiating"
            | "stopping"
            | "ventilating"
            | "turning_over"
            | "releasing"
            | "aborting"
            | "self_test"
    )
}

/// The step as people are told it: once the door was seen open after a release, that load is out, and what is inside now is another one.
pub(in crate::console) fn shown_step(view: &CabinetView) -> &str {
    match view.step.as_str() {
        "released" if !view.awaits_unloading => "idle",
        step => step,
    }
}

/// How a cabinet is coloured.
pub(in crate::console) fn tone(view: &CabinetView) -> &'static str {
    match view.step.as_str() {
        "alarm" | "quarantined" | "aborting" => "bad",
        _ if view.wrong_cabinet.is_some() => "bad",
        _ if !view.connected => "down",
        _ if is_running(view) => "run",
        _ => "good",
    }
}

/// How much of a whole, at most 100.
pub(in crate::console) fn percent(part: f64, whole: f64) -> u32 {
    if whole <= 0.0 {
        return 0;
    }
    (part / whole * 100.0).clamp(0.0, 100.0) as u32
}

/// How far the exposure of this side is: by its dose, or by its time where no dose is measured.
pub(in crate::console) fn progress(cycle: &CycleView) -> u32 {
    match cycle.dose_mj_cm2.zip(cycle.target_dose_mj_cm2) {
        Some((dose, target)) => percent(dose, target),
        None => percent(cycle.exposure_s.unwrap_or(0.0), cycle.min_exposure_s),
    }
}
