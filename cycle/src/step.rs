//! The transitions of a cycle that a look at the cabinet makes, one function per step.

use super::witness::missing;
use super::{
    Air, Aired, Cycle, DoorSeen, Exposure, Fault, Lamp, LastLoad, Left, Load, Seen, Step, Watched,
    WhyMissing,
};

impl Cycle {
    /// The next state after a look at the cabinet.
    #[must_use]
    pub fn see(&self, seen: &Seen) -> Self {
        if self.is_to_be_watched() && seen.unseen_ms > self.rules.unwatched_ms {
            return self.aborted(Fault::Unwatched, seen);
        }
        match &self.step {
            Step::Unknown { since_ms, left } => self.unknown(*since_ms, *left, seen),
            Step::Idle | Step::Released => self.unlocked(seen),
            Step::Quarantined { .. } => self.quarantined(seen),
            Step::Preflight { since_ms } => self.preflight(*since_ms, seen),
            Step::Locked { since_ms } => self.locked(*since_ms, seen),
            Step::Striking { since_ms } => self.striking(*since_ms, seen),
            Step::Irradiating { since_ms } => self.irradiating(*since_ms, seen),
            Step::Stopping { since_ms } => self.stopping(*since_ms, seen),
            Step::Ventilating { since_ms } if self.load.failed.is_some() => {
                self.airing_a_failed_load(*since_ms, seen)
            }
            Step::Ventilating { since_ms } => self.ventilating(*since_ms, seen),
            Step::TurningOver { since_ms, door } => self.turning_over(*since_ms, *door, seen),
            Step::Releasing { since_ms } => self.releasing(*since_ms, seen),
            Step::Aborting { since_ms } => self.aborting(*since_ms, seen),
            Step::Alarm { .. } => self.at(Step::Alarm {
                lamp: self.rules.lamp(seen),
            }),
        }
    }

    /// Whether something that nobody saw could undo what the load has had, or is about to have: a door opened and shut again leaves
    /// no trace. While letters are turned over the door is free anyway, and what has failed has nothing to lose.
    fn is_to_be_watched(&self) -> bool {
        let watched = matches!(
            self.step,
            Step::Locked { .. }
                | Step::Striking { .. }
                | Step::Irradiating { .. }
                | Step::Stopping { .. }
                | Step::Ventilating { .. }
                | Step::Releasing { .. }
        );
        watched && self.load.failed.is_none()
    }

    /// First look since the start. A cycle that was running is never taken up again.
    fn unknown(&self, since_ms: u64, left: Left, seen: &Seen) -> Self {
        match (left, self.rules.lamp(seen)) {
            (Left::Unfinished, _) => self
                .failed(Fault::RestartedMidCycle)
                .at(Step::Aborting { since_ms }),
            (Left::NoRecord, lamp) => self.without_a_record(lamp, seen),
            (_, Lamp::Lit) => self.lit_unasked(seen),
            (Left::Clean | Left::NotEmptied | Left::LookedInto, Lamp::Out) => self.at(Step::Idle),
            (Left::FoundInUse, Lamp::Out) => {
                self.failed(Fault::FoundInUse).ventilated_from(seen.at_ms)
            }
            // The lamp may have burnt a moment ago, and nobody knows how long the fan ran since.
            (Left::Quarantined, Lamp::Out) => self
                .failed(Fault::LeftInQuarantine)
                .ventilated_from(seen.at_ms),
            (Left::TestFailed, Lamp::Out) => self
                .failed(Fault::SelfTestFailed)
                .ventilated_from(seen.at_ms),
            (_, Lamp::Unknown) => self.clone(),
        }
    }

    /// What is found locked, lit or with its fan running was left so by somebody, with whatever is inside. What cannot be read may be.
    fn without_a_record(&self, lamp: Lamp, seen: &Seen) -> Self {
        let nobody_knows = Self {
            last_load: LastLoad::NobodyKnows,
            ..self.clone()
        };
        match (lamp, seen.locked, seen.fan_on) {
            (Lamp::Lit, _, _) => nobody_knows.lit_unasked(seen),
            (Lamp::Out, Ok(true), _) | (Lamp::Out, _, Ok(true)) => nobody_knows
                .failed(Fault::FoundInUse)
                .ventilated_from(seen.at_ms),
            (Lamp::Out, Ok(false) | Err(WhyMissing::NotFitted), Ok(false)) => self.at(Step::Idle),
            _ => self.clone(),
        }
    }

    /// Nothing is going on and the door may be opened; once it was, the load before is out of the way.
    fn unlocked(&self, seen: &Seen) -> Self {
        let last_load = match seen.door_closed {
            Ok(false) => LastLoad::LetOut,
            Ok(true) | Err(_) => self.last_load,
        };
        let next = self.resting(self.step.clone(), seen);
        Self { last_load, ..next }
    }

    fn resting(&self, step: Step, seen: &Seen) -> Self {
        match self.rules.lamp(seen) {
            Lamp::Lit => self.lit_unasked(seen),
            Lamp::Out | Lamp::Unknown => self.at(step),
        }
    }

    fn quarantined(&self, seen: &Seen) -> Self {
        let aired = self.aired(seen);
        let air = if self.rules.air_is_clear(&aired, seen) {
            Air::Clear
        } else {
            Air::NotShown
        };
        self.with_air(aired)
            .resting(Step::Quarantined { air }, seen)
    }

    fn preflight(&self, since_ms: u64, seen: &Seen) -> Self {
        if self.rules.lamp(seen) == Lamp::Lit {
            return self.lit_unasked(seen);
        }
        // Ordered off since this step began: a contact that says on would say so while the load is aired, too.
        let fan = (seen.fan_on == Ok(true)).then_some(Fault::FanNotStopped);
        match self.rules.hinders_start(seen).or(fan) {
            None => self.at(Step::Locked {
                since_ms: seen.at_ms,
            }),
            Some(fault) if over(seen.at_ms, since_ms, self.rules.preflight_max_ms) => {
                self.failed(fault).at_rest()
            }
            Some(_) => self.clone(),
        }
    }

    fn locked(&self, since_ms: u64, seen: &Seen) -> Self {
        if self.rules.lamp(seen) == Lamp::Lit {
            return self.lit_unasked(seen);
        }
        let hindrance = seen.interlock().or_else(|| self.rules.hinders_start(seen));
        match hindrance {
            None => self.at(Step::Striking {
                since_ms: seen.at_ms,
            }),
            Some(fault) if over(seen.at_ms, since_ms, self.rules.preflight_max_ms) => {
                self.failed(fault).at_rest()
            }
            Some(_) => self.clone(),
        }
    }

    fn striking(&self, since_ms: u64, seen: &Seen) -> Self {
        if let Some(fault) = seen.interlock() {
            return self.aborted(fault, seen);
        }
        match self.rules.burning(seen) {
            // A sample from before the order says nothing about this lamp.
            Ok(Some(sample)) if sample.at_ms >= since_ms => self
                .with(self.load.exposing(Exposure::default().with(sample, 0)))
                .at(Step::Irradiating {
                    since_ms: seen.at_ms,
                }),
            Err(fault) => self.aborted(fault, seen),
            Ok(_) if over(seen.at_ms, since_ms, self.rules.strike_max_ms) => {
                self.aborted(Fault::LampDidNotStrike, seen)
            }
            Ok(_) => self.clone(),
        }
    }

    fn irradiating(&self, since_ms: u64, seen: &Seen) -> Self {
        if let Some(fault) = seen.interlock() {
            return self.aborted(fault, seen);
        }
        if over(seen.at_ms, since_ms, self.rules.max_exposure_ms) {
            return self.aborted(Fault::DoseNotReached, seen);
        }
        let sample = match self.rules.burning(seen) {
            Ok(Some(sample)) => sample,
            Ok(None) => return self.aborted(Fault::LampWentOut, seen),
            Err(fault) => return self.aborted(fault, seen),
        };
        let exposure = self.load.now.with(sample, self.rules.longest_gap_ms());
        if self.is_enough(&exposure) {
            return self.with(self.load.exposed(exposure)).at(Step::Stopping {
                since_ms: seen.at_ms,
            });
        }
        self.with(self.load.exposing(exposure))
    }

    /// Dose and time; in timer mode time alone, which is then longer.
    fn is_enough(&self, exposure: &Exposure) -> bool {
        let dose = self
            .rules
            .target_dose_mj_cm2()
            .is_none_or(|target| exposure.dose_mj_cm2 >= target);
        dose && exposure.lit_ms >= self.rules.min_exposure_ms
    }

    fn stopping(&self, since_ms: u64, seen: &Seen) -> Self {
        if let Some(fault) = seen.interlock() {
            return self.aborted(fault, seen);
        }
        if self.rules.lamp_since(since_ms, seen) == Lamp::Out {
            return self.ventilated_from(seen.at_ms);
        }
        if over(seen.at_ms, since_ms, self.rules.off_confirm_max_ms) {
            return self.aborted(Fault::LampNotOff, seen);
        }
        self.clone()
    }

    fn ventilating(&self, since_ms: u64, seen: &Seen) -> Self {
        if let Some(fault) = self.rules.not_quiet(seen) {
            return self.aborted(fault, seen);
        }
        let aired = self.aired(seen);
        if self.fan_is_missed(&aired, since_ms, seen) {
            return self.aborted(no_fan(seen), seen);
        }
        if over(seen.at_ms, since_ms, self.rules.ventilation_max_ms) {
            return self.aborted(self.why_not_released(&aired, seen), seen);
        }
        // Nobody opens a door on a lamp that one of its witnesses has nothing to say of.
        let enough = aired.fan_ms >= self.rules.ventilation_ms
            && self.rules.air_is_clear(&aired, seen)
            && self.rules.is_out(seen);
        let since_now = seen.at_ms;
        let next = self.with_air(aired);
        if !enough {
            return next;
        }
        if self.load.done.len() < self.rules.sides.exposures() {
            return next.at(Step::TurningOver {
                since_ms: since_now,
                door: DoorSeen::NotOpened,
            });
        }
        next.at(Step::Releasing {
            since_ms: since_now,
        })
    }

    /// The longest ventilation is over.
    fn why_not_released(&self, aired: &Aired, seen: &Seen) -> Fault {
        match seen.ozone_mg_m3 {
            Err(why) if self.rules.ozone_release_mg_m3().is_some() => missing(Watched::Ozone, why),
            _ if self.rules.air_is_clear(aired, seen) => self
                .rules
                .silent_witness(seen)
                .unwrap_or(Fault::OzoneDidNotFall),
            _ => Fault::OzoneDidNotFall,
        }
    }

    /// Its lamp burnt, so there is ozone: the fan runs for its least time and until the ozone is low, but not for ever. A sensor
    /// alone is not enough: it sits in one corner, and the air has not moved yet.
    fn airing_a_failed_load(&self, since_ms: u64, seen: &Seen) -> Self {
        if self.rules.lamp(seen) == Lamp::Lit {
            return self.lit_unasked(seen);
        }
        let aired = self.aired(seen);
        let next = self.with_air(aired);
        let long_enough = next.load.aired.fan_ms >= self.rules.ventilation_ms;
        if long_enough && self.rules.air_is_clear(&next.load.aired, seen) {
            return next.at(Step::Quarantined { air: Air::Clear });
        }
        let given_up = self.fan_is_missed(&next.load.aired, since_ms, seen)
            || over(seen.at_ms, since_ms, self.rules.ventilation_max_ms);
        if given_up { next.at_rest() } else { next }
    }

    /// What else was wrong, where this look gave up airing a load that had failed before: what it failed for says nothing of its air.
    #[must_use]
    pub fn gave_up_airing(&self, next: &Self, seen: &Seen) -> Option<Fault> {
        let given_up = Step::Quarantined { air: Air::NotShown };
        let Step::Ventilating { since_ms } = self.step else {
            return None;
        };
        self.load.failed.filter(|_| next.step == given_up)?;
        let aired = &next.load.aired;
        let blows = !self.fan_is_missed(aired, since_ms, seen);
        Some(match blows && !self.rules.air_is_clear(aired, seen) {
            true => self.why_not_released(aired, seen),
            false => no_fan(seen),
        })
    }

    fn turning_over(&self, since_ms: u64, door: DoorSeen, seen: &Seen) -> Self {
        if self.rules.lamp(seen) == Lamp::Lit {
            return self.lit_unasked(seen);
        }
        if over(seen.at_ms, since_ms, self.rules.turn_over_max_ms) {
            return self.aborted(Fault::NotTurnedOver, seen);
        }
        let door = match (door, seen.door_closed) {
            (_, Ok(false)) => DoorSeen::Open,
            (DoorSeen::Open, Ok(true)) => DoorSeen::ClosedAgain,
            (before, _) => before,
        };
        self.at(Step::TurningOver { since_ms, door })
    }

    /// Waiting for the record; whoever keeps it has as long as a ventilation may take.
    fn releasing(&self, since_ms: u64, seen: &Seen) -> Self {
        if let Some(fault) = self.rules.not_quiet(seen) {
            return self.aborted(fault, seen);
        }
        if over(seen.at_ms, since_ms, self.rules.ventilation_max_ms) {
            return self.aborted(Fault::RecordFailed, seen);
        }
        self.clone()
    }

    fn aborting(&self, since_ms: u64, seen: &Seen) -> Self {
        match self.rules.lamp_since(since_ms, seen) {
            Lamp::Out => self.ventilated_from(seen.at_ms),
            lamp if over(seen.at_ms, since_ms, self.rules.off_confirm_max_ms) => {
                self.at(Step::Alarm { lamp })
            }
            Lamp::Lit | Lamp::Unknown => self.clone(),
        }
    }

    fn fan_is_missed(&self, aired: &Aired, since_ms: u64, seen: &Seen) -> bool {
        let fan_seen_at_ms = aired.fan_seen_at_ms.unwrap_or(since_ms);
        over(seen.at_ms, fan_seen_at_ms, self.rules.fan_start_max_ms)
    }

    fn aired(&self, seen: &Seen) -> Aired {
        let gap_ms = self.rules.longest_gap_ms();
        self.load
            .aired
            .with(seen.fan_on, seen.feedback_at_ms, gap_ms)
    }

    /// The lamp is out: the air counts from here.
    pub(super) fn ventilated_from(&self, since_ms: u64) -> Self {
        self.with_air(Aired::default())
            .at(Step::Ventilating { since_ms })
    }

    pub(super) fn with_air(&self, aired: Aired) -> Self {
        self.with(self.load.airing(aired))
    }

    fn aborted(&self, fault: Fault, seen: &Seen) -> Self {
        self.failed(fault).at(Step::Aborting {
            since_ms: seen.at_ms,
        })
    }

    /// Whatever was on record before, a lamp that burns by itself is news.
    fn lit_unasked(&self, seen: &Seen) -> Self {
        self.with(self.load.failing_anew(Fault::LampLitUnasked))
            .at(Step::Aborting {
                since_ms: seen.at_ms,
            })
    }

    /// The same, failed for this unless it had failed before.
    #[must_use]
    pub fn failed(&self, fault: Fault) -> Self {
        self.with(self.load.failing(fault))
    }

    /// In quarantine, until a look shows more with the air taken as bad.
    pub(super) fn at_rest(&self) -> Self {
        self.at(Step::Quarantined { air: Air::NotShown })
    }

    pub(super) fn at(&self, step: Step) -> Self {
        Self {
            step,
            ..self.clone()
        }
    }

    pub(super) fn with(&self, load: Load) -> Self {
        Self {
            load,
            ..self.clone()
        }
    }
}

fn no_fan(seen: &Seen) -> Fault {
    match seen.fan_on {
        Err(why) => missing(Watched::FanOn, why),
        Ok(_) => Fault::FanNotRunning,
    }
}

fn over(now_ms: u64, since_ms: u64, limit_ms: u64) -> bool {
    now_ms.saturating_sub(since_ms) > limit_ms
}
