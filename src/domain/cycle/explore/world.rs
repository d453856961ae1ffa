//! The world around the machine that is explored: what is on record, what the load has really had, everything that can be seen or
//! done, and which of its states are alike.

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
    pub(super) door_opened: bool,
    pub(super) door_closed_again: bool,
}

impl Witness {
    pub(super) fn look(&mut self, rules: &Rules, seen: &Seen) {
        self.count_light(rules, seen);
        self.count_air(rules, seen);
        match seen.door_closed {
            Ok(true) => self.door_closed_again |= self.door_opened,
            Ok(false) => (self.door_opened, self.door_closed_again) = (true, false),
            Err(_) => {}
        }
        let sides = &self.proven[..rules.sides.exposures()];
        self.disinfected_and_ventilated = sides.iter().all(|proven| *proven)
            && self.fan_ms >= rules.ventilation_ms
            && self.air_clear;
    }

    /// What a load had that is not in a running cycle, or that has failed, counts for nothing: forgetting it makes this
    /// witness stricter, and the states fewer.
    pub(super) fn forget(&mut self, rules: &Rules, cycle: &Cycle) {
        let counts = cycle.step.is_running() && cycle.load.failed.is_none();
        if !counts {
            (self.dose, self.lit_ms, self.last) = (0.0, 0, None);
            self.proven = [false; 2];
            self.disinfected_and_ventilated = false;
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

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) now_ms: u64,
    /// What the UV sensor showed last: the same sample may be looked at twice.
    pub(super) sample: Sample,
    pub(super) cycle: Cycle,
    pub(super) witness: Witness,
}

/// What no rule can tell apart from another state: ages instead of times, amounts up to their limits.
pub(super) type Key = [u64; 20];

impl World {
    pub(super) fn key(&self, rules: &Rules) -> Key {
        let age = |at: u64| (self.now_ms - at).min(AGES_ALIKE);
        let ago = |at: Option<u64>| at.map_or(AGES_ALIKE + 1, age);
        let tenths = |number: f64| (number * 10.0).round() as u64;
        let target = rules.target_dose_mj_cm2().unwrap_or_default();
        let (step, since, more) = match self.cycle.step {
            Step::Unknown { since_ms, left } => (0, age(since_ms), left as u64),
            Step::Idle => (1, 0, 0),
            Step::Preflight { since_ms } => (2, age(since_ms), 0),
            Step::Locked { since_ms } => (3, age(since_ms), 0),
            Step::Striking { since_ms } => (4, age(since_ms), 0),
            Step::Irradiating { since_ms } => (5, age(since_ms), 0),
            Step::Stopping { since_ms } => (6, age(since_ms), 0),
            Step::Ventilating { since_ms } => (7, age(since_ms), 0),
            Step::TurningOver { since_ms, door } => (8, age(since_ms), door as u64),
            Step::Releasing { since_ms } => (9, age(since_ms), 0),
            Step::Released => (10, 0, 0),
            Step::Aborting { since_ms } => (11, age(since_ms), 0),
            Step::Quarantined { air } => (12, 0, air as u64),
            Step::Alarm { lamp } => (13, 0, lamp as u64),
        };
        let w = &self.witness;
        // What the next steps do not look at: an exposure that has failed, air before the lamp was seen out.
        let mut load = self.cycle.load.clone();
        if load.failed.is_some() || !self.cycle.step.is_running() {
            load.now = Exposure::default();
            load.done.clear();
        }
        let airs = match self.cycle.step {
            Step::Ventilating { .. } => true,
            Step::Quarantined { .. } => rules.ozone == Ozone::Timer,
            _ => false,
        };
        if !airs {
            load.aired = Aired::default();
        }
        let fresh = self.now_ms - self.sample.at_ms <= SAME_AT_MOST;
        let sample = fresh.then_some(self.sample);
        let flags = [
            w.inside,
            w.recorded,
            w.quarantine_recorded,
            w.overridden,
            w.proven[0],
            w.proven[1],
            w.air_clear,
            w.disinfected_and_ventilated,
            w.door_opened,
            w.door_closed_again,
            load.failed.is_some() && self.cycle.step.is_running(),
            load.aired.running == load::Running::Yes,
        ];
        let flags = flags
            .into_iter()
            .fold(0, |all, flag| all << 1 | u64::from(flag));
        [
            step,
            since,
            more,
            flags,
            load.done.len() as u64,
            tenths(load.now.dose_mj_cm2.min(target)),
            load.now.lit_ms.min(rules.min_exposure_ms),
            ago(load.now.last.map(|last| last.at_ms)),
            tenths(load.now.last.map_or(0.0, |last| last.mw_cm2)),
            load.aired.fan_ms.min(rules.ventilation_ms),
            ago(load.aired.fan_seen_at_ms),
            ago(sample.map(|sample| sample.at_ms)),
            tenths(sample.map_or(0.0, |sample| sample.mw_cm2)),
            w.side as u64,
            tenths(w.dose.min(target)),
            w.lit_ms.min(rules.min_exposure_ms),
            ago(w.last.map(|last| last.at_ms)),
            tenths(w.last.map_or(0.0, |last| last.mw_cm2)),
            w.fan_ms.min(rules.ventilation_ms),
            ago(w.fan_at_ms),
        ]
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Uv {
    Fresh(f64),
    Same,
    Missing,
}

/// One look, before its times are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glance {
    pub(super) gap_ms: u64,
    pub(super) door_closed: Look<bool>,
    pub(super) locked: Look<bool>,
    pub(super) estop_pressed: Look<bool>,
    pub(super) lamp_on: Look<bool>,
    pub(super) uv: Uv,
    pub(super) fan_on: Look<bool>,
    ozone_mg_m3: Look<f64>,
}

/// Everything that can be seen at once.
pub(super) fn glances(rules: &Rules) -> Vec<Glance> {
    let gone = WhyMissing::Stale;
    let flags = [Ok(true), Ok(false), Err(gone)];
    let (measured_uv, measured_ozone) = (
        rules.dose_basis() == Basis::Measured,
        rules.ozone_basis() == Basis::Measured,
    );
    let uvs = [
        Uv::Fresh(0.0),
        Uv::Fresh(2.0),
        Uv::Fresh(5.0),
        Uv::Fresh(20.0),
        Uv::Same,
        Uv::Missing,
    ];
    let uvs = if measured_uv { &uvs[..] } else { &uvs[..1] };
    let ozones = [Ok(0.0), Ok(1.0), Err(gone)];
    let ozones = if measured_ozone {
        &ozones[..]
    } else {
        &ozones[..1]
    };
    let mut all = Vec::new();
    for gap_ms in [POLL, 4 * POLL] {
        for door_closed in flags {
            for locked in flags {
                for estop_pressed in flags {
                    for lamp_on in flags {
                        for uv in uvs {
                            for fan_on in flags {
                                for ozone_mg_m3 in ozones {
                                    all.push(Glance {
                                        gap_ms,
                                        door_closed,
                                        locked,
                                        estop_pressed,
                                        lamp_on,
                                        uv: *uv,
                                        fan_on,
                                        ozone_mg_m3: *ozone_mg_m3,
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

/// Everything that can happen beside a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Deed {
    Ask(Ask),
    /// The release becomes durable, before the cycle is told.
    RecordRelease,
    SignOverride,
    /// The daemon dies and starts again.
    Restart(Left),
}

pub(super) const DEEDS: [Deed; 16] = [
    Deed::Ask(Ask::Start),
    Deed::Ask(Ask::Abort),
    Deed::Ask(Ask::Shutdown),
    Deed::Ask(Ask::TurnedOver),
    Deed::Ask(Ask::ReleaseRecorded),
    Deed::Ask(Ask::RecordFailed),
    Deed::Ask(Ask::OrderFailed),
    Deed::Ask(Ask::Acknowledge),
    Deed::Ask(Ask::Open(Grounds::SignedOverride)),
    Deed::Ask(Ask::Open(Grounds::NothingInside)),
    Deed::RecordRelease,
    Deed::SignOverride,
    Deed::Restart(Left::Clean),
    Deed::Restart(Left::Unfinished),
    Deed::Restart(Left::Quarantined),
    Deed::Restart(Left::TestFailed),
];

impl World {
    pub(super) fn look(&self, rules: &Rules, glance: &Glance) -> (Self, Seen) {
        let mut next = self.clone();
        next.now_ms += glance.gap_ms;
        if let Uv::Fresh(mw_cm2) = glance.uv {
            let at_ms = next.now_ms;
            next.sample = Sample { at_ms, mw_cm2 };
        }
        let gone = WhyMissing::Stale;
        let seen = Seen {
            at_ms: next.now_ms,
            feedback_at_ms: next.now_ms,
            door_closed: glance.door_closed,
            locked: glance.locked,
            estop_pressed: glance.estop_pressed,
            lamp_on: glance.lamp_on,
            lamp_current_a: Err(WhyMissing::NotFitted),
            irradiance: match glance.uv {
                Uv::Same if next.now_ms - next.sample.at_ms <= SAME_AT_MOST => Ok(next.sample),
                Uv::Same | Uv::Missing => Err(gone),
                Uv::Fresh(_) => Ok(next.sample),
            },
            fan_on: glance.fan_on,
            ozone_mg_m3: glance.ozone_mg_m3,
        };
        next.witness.look(rules, &seen);
        next.cycle = self.cycle.see(&seen);
        next.witness.forget(rules, &next.cycle);
        next.witness.quarantine_recorded |= next.witness.inside
            && matches!(
                next.cycle.step,
                Step::Quarantined { .. } | Step::Alarm { .. }
            );
        (next, seen)
    }

    /// `None`: it cannot happen here, or is refused.
    pub(super) fn deed(&self, deed: Deed) -> Option<Self> {
        let (cycle, w) = (&self.cycle, &self.witness);
        let mut next = self.clone();
        match deed {
            Deed::Ask(ask) => {
                let told_the_truth = match ask {
                    Ask::ReleaseRecorded => w.recorded,
                    Ask::Open(Grounds::SignedOverride) => w.overridden,
                    Ask::Open(Grounds::NothingInside) => !w.inside,
                    _ => true,
                };
                next.cycle = cycle
                    .ask(ask, self.now_ms)
                    .ok()
                    .filter(|_| told_the_truth)?;
                match ask {
                    Ask::Start => {
                        next.witness = Witness {
                            inside: true,
                            ..Witness::default()
                        }
                    }
                    Ask::TurnedOver => next.witness.side = 1,
                    Ask::Open(_) => next.witness.inside = false,
                    _ => {}
                }
            }
            Deed::RecordRelease => {
                matches!(cycle.step, Step::Releasing { .. }).then_some(())?;
                next.witness.recorded = true;
                next.witness.inside = false;
            }
            Deed::SignOverride => {
                (w.quarantine_recorded && !w.overridden).then_some(())?;
                next.witness.overridden = true;
            }
            Deed::Restart(left) => {
                let truly = match left {
                    Left::Clean => !w.inside,
                    Left::Unfinished => w.inside && !w.overridden,
                    Left::Quarantined => w.inside && w.quarantine_recorded,
                    Left::TestFailed => !w.inside,
                };
                truly.then_some(())?;
                let rules = cycle.rules.clone();
                next.cycle = Cycle::at_start(rules, left, self.now_ms);
            }
        }
        Some(next)
    }
}
