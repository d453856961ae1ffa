//! The witness of the exploration: counts by itself what a load has really had.

use super::*;

/// What the world is like beside the machine: what is on record, and what the load has really had.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Witness {
    /// A load that waits for disinfection is inside.
    pub(super) inside: bool,
    pub(super) recorded: bool,
    pub(super) quarantine_recorded: bool,
    pub(super) overridden: bool,
    pub(super) side: usize,
    pub(super) proven: [bool; 2],
    pub(super) dose: f64,
    pub(super) lit_ms: u64,
    pub(super) last: Option<Sample>,
    pub(super) fan_ms: u64,
    pub(super) fan_at_ms: Option<u64>,
    pub(super) air_clear: bool,
    /// Every side proven and aired, at the look that said so.
    pub(super) disinfected_and_ventilated: bool,
    /// The fan was seen running long enough since the lamp was last seen lit, at the look that said so.
    pub(super) ventilated: bool,
    /// The door stood open, unlocked, since the end of the last load's cycle.
    pub(super) let_out: bool,
    /// For more than three polls nobody saw what happened to this load.
    pub(super) unseen: bool,
    pub(super) door_opened: bool,
    pub(super) door_closed_again: bool,
}

impl Witness {
    pub(super) fn of_a_load_inside() -> Self {
        Self {
            inside: true,
            ..Self::default()
        }
    }

    pub(super) fn look(&mut self, rules: &Rules, seen: &Seen) {
        self.count_light(rules, seen);
        self.count_air(rules, seen);
        match seen.door_closed {
            Ok(true) => self.door_closed_again |= self.door_opened,
            Ok(false) => (self.door_opened, self.door_closed_again) = (true, false),
            Err(_) => {}
        }
        self.ventilated = self.fan_ms >= rules.ventilation_ms;
        let sides = &self.proven[..rules.sides.exposures()];
        self.disinfected_and_ventilated =
            sides.iter().all(|proven| *proven) && self.ventilated && self.air_clear;
    }

    /// What a load had that is not in a running cycle, or that has failed, counts for nothing: forgetting it makes this
    /// witness stricter, and the states fewer.
    pub(super) fn forget(&mut self, rules: &Rules, cycle: &Cycle) {
        let counts = cycle.step.is_running() && cycle.load.failed.is_none();
        if !counts {
            (self.dose, self.lit_ms, self.last) = (0.0, 0, None);
            self.proven = [false; 2];
            (self.disinfected_and_ventilated, self.unseen) = (false, false);
        }
        let airs = match cycle.step {
            Step::Ventilating { .. } => true,
            Step::Quarantined { .. } => rules.ozone == Ozone::Timer,
            _ => false,
        };
        if !airs {
            (self.fan_ms, self.fan_at_ms) = (0, None);
        }
        if !matches!(cycle.step, Step::TurningOver { .. }) {
            (self.door_opened, self.door_closed_again) = (false, false);
        }
    }

    pub(super) fn count_light(&mut self, rules: &Rules, seen: &Seen) {
        let safe = seen.door_closed == Ok(true)
            && seen.locked == Ok(true)
            && seen.estop_pressed == Ok(false);
        let (sample, bright) = match rules.dose {
            Dose::Measured { struck_mw_cm2, .. } => match seen.irradiance {
                Ok(sample) => (sample, sample.mw_cm2 >= struck_mw_cm2),
                Err(_) => (Sample::NONE, false),
            },
            Dose::Timer => {
                let (at_ms, mw_cm2) = (seen.at_ms, 0.0);
                (Sample { at_ms, mw_cm2 }, true)
            }
        };
        if !(safe && bright && seen.lamp_on == Ok(true)) {
            (self.dose, self.lit_ms, self.last) = (0.0, 0, None);
            return;
        }
        if let Some(last) = self.last {
            let gap = sample.at_ms - last.at_ms;
            if gap == 0 {
                return;
            }
            if gap <= 3 * POLL {
                self.dose += last.mw_cm2.min(sample.mw_cm2) * gap as f64 / 1000.0;
                self.lit_ms += gap;
            }
        }
        self.last = Some(sample);
        let dose = rules
            .target_dose_mj_cm2()
            .is_none_or(|target| self.dose >= target);
        self.proven[self.side] |= dose && self.lit_ms >= rules.min_exposure_ms;
    }

    pub(super) fn count_air(&mut self, rules: &Rules, seen: &Seen) {
        let dark = match (rules.dose, seen.irradiance) {
            (Dose::Measured { dark_mw_cm2, .. }, Ok(sample)) => sample.mw_cm2 <= dark_mw_cm2,
            (Dose::Measured { .. }, Err(_)) => true,
            (Dose::Timer, _) => true,
        };
        if seen.lamp_on == Ok(true) || !dark {
            (self.fan_ms, self.fan_at_ms) = (0, None);
        }
        match (seen.fan_on, self.fan_at_ms) {
            (Ok(true), Some(at_ms)) => {
                let gap = seen.at_ms - at_ms;
                self.fan_ms += if gap <= 3 * POLL { gap } else { 0 };
                self.fan_at_ms = Some(seen.at_ms);
            }
            (Ok(true), None) => self.fan_at_ms = Some(seen.at_ms),
            _ => self.fan_at_ms = None,
        }
        self.air_clear = match rules.ozone {
            Ozone::Measured { release_mg_m3 } => {
                seen.ozone_mg_m3.is_ok_and(|ozone| ozone <= release_mg_m3)
            }
            Ozone::Timer => self.fan_ms >= rules.ventilation_ms,
        };
    }
}

impl Sample {
    const NONE: Self = Self {
        at_ms: 0,
        mw_cm2: 0.0,
    };
}
