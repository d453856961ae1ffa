//! Lamp and air of the simulated cabinet: warm-up, ageing, wall temperature, ozone. Plausible
//! constants, no measured cabinet; time is compressed by whoever calls.

use super::SimSettings;

/// Irradiance of a new, warm lamp at the letters.
const FULL_MW_CM2: f64 = 14.0;
/// Current of a burning lamp.
const BURNING_MA: u16 = 1_800;
/// Time constant of the lamp's warm-up.
const WARM_UP_S: f64 = 15.0;
/// Time constant of the lamp wall's heating, and how far above the room it ends.
const HEATING_S: f64 = 40.0;
const HEATED_BY_K: f64 = 23.0;
/// A low-pressure lamp is best at this wall temperature.
const BEST_WALL_C: f64 = 45.0;
const WALL_WIDTH_K: f64 = 28.0;
/// Loss of output per hour burnt: 30 % after 9,000 h.
const AGEING_PER_H: f64 = 0.3 / 9_000.0;
/// Ozone made by the lamp, decay by itself (half-life ten minutes), and air changes of the fan.
const OZONE_MG_M3_S: f64 = 0.03;
const OZONE_DECAY_S: f64 = 600.0 / std::f64::consts::LN_2;
const AIR_CHANGES_PER_S: f64 = 0.12;
/// What comes in with bad air.
const BAD_AIR_MG_M3: f64 = 0.3;

/// How the lamp is now.
pub(super) struct Lamp {
    /// Share of what it would give.
    pub(super) output: f64,
    /// Whether a dark one lights.
    pub(super) strikes: bool,
    /// Whether a burning one goes on.
    pub(super) lives: bool,
}

/// How the air is moved now.
pub(super) struct Air {
    /// The fan moves it.
    pub(super) moves: bool,
    /// The fan moves less of it.
    pub(super) throttled: bool,
    /// What comes in is bad.
    pub(super) comes_in_bad: bool,
}

/// What is inside.
pub(super) struct Chamber {
    ambient_c: f64,
    warm: f64,
    pub(super) wall_c: f64,
    pub(super) irradiance_mw_cm2: f64,
    pub(super) ozone_mg_m3: f64,
    pub(super) lamp_h: f64,
}

impl Chamber {
    pub(super) fn new(settings: &SimSettings) -> Self {
        Self {
            ambient_c: settings.ambient_c,
            warm: 0.0,
            wall_c: settings.ambient_c,
            irradiance_mw_cm2: 0.0,
            ozone_mg_m3: 0.0,
            lamp_h: settings.lamp_hours_h,
        }
    }

    /// What flows through a burning lamp; none through a dark one.
    pub(super) fn lamp_current_ma(&self) -> u16 {
        if self.warm > 0.0 { BURNING_MA } else { 0 }
    }

    /// `s` seconds go by, with or without current in the lamp.
    pub(super) fn pass(&mut self, s: f64, current: bool, lamp: &Lamp, air: &Air) {
        let lit = current && lamp.lives && (lamp.strikes || self.warm > 0.0);
        let goal_c = self.ambient_c + if lit { HEATED_BY_K } else { 0.0 };
        self.wall_c += (goal_c - self.wall_c) * (1.0 - (-s / HEATING_S).exp());
        if lit {
            // A struck lamp gives a third at once and the rest as it warms.
            self.warm = 1.0 - (1.0 - self.warm.max(0.3)) * (-s / WARM_UP_S).exp();
            self.lamp_h += s / 3600.0;
        } else {
            self.warm = 0.0;
        }
        let off_best = (self.wall_c - BEST_WALL_C) / WALL_WIDTH_K;
        let aged = (1.0 - AGEING_PER_H * self.lamp_h).max(0.1);
        let best = FULL_MW_CM2 * lamp.output * aged;
        self.irradiance_mw_cm2 = best * self.warm * (-off_best * off_best).exp();
        self.air(s, if lit { OZONE_MG_M3_S * self.warm } else { 0.0 }, air);
    }

    /// dC/dt = made − (decay + air changes) · C, plus what comes in.
    fn air(&mut self, s: f64, made: f64, air: &Air) {
        let changes_per_s = match (air.moves, air.throttled) {
            (false, _) => 0.0,
            (true, true) => 0.3 * AIR_CHANGES_PER_S,
            (true, false) => AIR_CHANGES_PER_S,
        };
        let loss_per_s = 1.0 / OZONE_DECAY_S + changes_per_s;
        let settles_at = made / loss_per_s;
        self.ozone_mg_m3 = settles_at + (self.ozone_mg_m3 - settles_at) * (-loss_per_s * s).exp();
        if air.comes_in_bad {
            self.ozone_mg_m3 = self.ozone_mg_m3.max(BAD_AIR_MG_M3);
        }
    }
}
