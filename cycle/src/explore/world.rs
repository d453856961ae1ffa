//! The world around the machine that is explored: what is on record, what the load has really had, everything that can be seen or
//! done, and which of its states are alike.

use super::*;

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) now_ms: u64,
    /// What the UV sensor showed last: the same sample may be looked at twice.
    pub(super) sample: Sample,
    pub(super) cycle: Cycle,
    pub(super) witness: Witness,
}

/// What no rule can tell apart from another state: ages instead of times, amounts up to their limits.
pub(super) type Key = (CycleKey, WitnessKey);
/// The machine's part of it, with the sample.
pub(super) type CycleKey = [u64; 13];
/// The witness's part of it, with the sample.
pub(super) type WitnessKey = [u64; 10];

impl World {
    pub(super) fn key(&self, rules: &Rules) -> Key {
        (self.cycle_key(rules), self.witness_key(rules))
    }

    fn age(&self, at_ms: u64) -> u64 {
        (self.now_ms - at_ms).min(AGES_ALIKE)
    }

    fn ago(&self, at_ms: Option<u64>) -> u64 {
        at_ms.map_or(AGES_ALIKE + 1, |at_ms| self.age(at_ms))
    }

    /// Age and value of the last sample, as long as it may be looked at.
    fn sample_key(&self) -> [u64; 2] {
        let fresh = self.now_ms - self.sample.at_ms <= SAME_AT_MOST;
        let sample = fresh.then_some(self.sample);
        [
            self.ago(sample.map(|sample| sample.at_ms)),
            tenths(sample.map_or(0.0, |sample| sample.mw_cm2)),
        ]
    }

    pub(super) fn cycle_key(&self, rules: &Rules) -> CycleKey {
        let age = |at_ms| self.age(at_ms);
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
        let flags = [
            self.cycle.last_load == LastLoad::LetOut,
            self.cycle.last_load == LastLoad::NobodyKnows,
            load.failed.is_some() && self.cycle.step.is_running(),
            load.aired.running == load::Running::Yes,
        ];
        let [sample_age, sample] = self.sample_key();
        [
            step,
            since,
            more,
            bits(&flags),
            load.done.len() as u64,
            tenths(load.now.dose_mj_cm2.min(target)),
            load.now.lit_ms.min(rules.min_exposure_ms),
            self.ago(load.now.last.map(|last| last.at_ms)),
            tenths(load.now.last.map_or(0.0, |last| last.mw_cm2)),
            load.aired.fan_ms.min(rules.ventilation_ms),
            self.ago(load.aired.fan_seen_at_ms),
            sample_age,
            sample,
        ]
    }

    pub(super) fn witness_key(&self, rules: &Rules) -> WitnessKey {
        let target = rules.target_dose_mj_cm2().unwrap_or_default();
        let w = &self.witness;
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
            w.let_out,
            w.unseen,
        ];
        let [sample_age, sample] = self.sample_key();
        [
            bits(&flags),
            w.side as u64,
            tenths(w.dose.min(target)),
            w.lit_ms.min(rules.min_exposure_ms),
            self.ago(w.last.map(|last| last.at_ms)),
            tenths(w.last.map_or(0.0, |last| last.mw_cm2)),
            w.fan_ms.min(rules.ventilation_ms),
            self.ago(w.fan_at_ms),
            sample_age,
            sample,
        ]
    }
}

fn tenths(number: f64) -> u64 {
    (number * 10.0).round() as u64
}

fn bits(flags: &[bool]) -> u64 {
    let bit = |all, flag: &bool| all << 1 | u64::from(*flag);
    flags.iter().fold(0, bit)
}

/// Steps in which something that nobody saw could undo what the load has had.
const WATCHED: [&str; 6] = [
    "locked",
    "striking",
    "irradiating",
    "stopping",
    "ventilating",
    "releasing",
];

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
    /// What the machine is told of that gap.
    pub(super) unseen_ms: u64,
    pub(super) door_closed: Look<bool>,
    pub(super) locked: Look<bool>,
    pub(super) estop_pressed: Look<bool>,
    pub(super) lamp_on: Look<bool>,
    pub(super) uv: Uv,
    pub(super) fan_on: Look<bool>,
    ozone_mg_m3: Look<f64>,
}

/// What the world and the judge ask of a look, beside what the machine and the witness make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Told {
    gap_ms: u64,
    door_open: bool,
    /// Unlocked, and the fan not running.
    at_rest: bool,
    /// Door, lock and stop button seen good.
    pub(super) safe: bool,
    pub(super) lamp_off: bool,
    pub(super) uv_dark: bool,
}

impl Told {
    pub(super) fn of(glance: &Glance, seen: &Seen) -> Self {
        Self {
            gap_ms: glance.gap_ms,
            door_open: seen.door_closed == Ok(false),
            at_rest: (seen.locked, seen.fan_on) == (Ok(false), Ok(false)),
            safe: (seen.door_closed, seen.locked, seen.estop_pressed)
                == (Ok(true), Ok(true), Ok(false)),
            lamp_off: seen.lamp_on == Ok(false),
            uv_dark: seen.irradiance.is_ok_and(|sample| sample.mw_cm2 <= 1.0),
        }
    }
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
                                        unseen_ms: gap_ms,
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
    /// A driver's mistake: another load is begun as if it were the same one.
    StartAnotherAsTheSame,
    /// The release becomes durable, before the cycle is told.
    RecordRelease,
    SignOverride,
    /// The daemon dies and starts again.
    Restart(Left),
    /// A driver's mistake: an alarm is over because the daemon died.
    RestartForgettingAlarms,
}

pub(super) const DEEDS: [Deed; 22] = [
    Deed::Ask(Ask::Start(For::TheSameLoad)),
    Deed::Ask(Ask::Start(For::AnotherLoad)),
    Deed::Ask(Ask::Abort),
    Deed::Ask(Ask::Shutdown),
    Deed::Ask(Ask::TurnedOver),
    Deed::Ask(Ask::ReleaseRecorded),
    Deed::Ask(Ask::RecordFailed),
    Deed::Ask(Ask::OrderFailed),
    Deed::Ask(Ask::Acknowledge),
    Deed::Ask(Ask::Open(Grounds::SignedOverride)),
    Deed::Ask(Ask::Open(Grounds::NothingInside)),
    Deed::Ask(Ask::Open(Grounds::APersonsWord)),
    Deed::RecordRelease,
    Deed::SignOverride,
    Deed::Restart(Left::NoRecord),
    Deed::Restart(Left::Clean),
    Deed::Restart(Left::NotEmptied),
    Deed::Restart(Left::Unfinished),
    Deed::Restart(Left::Quarantined),
    Deed::Restart(Left::TestFailed),
    Deed::Restart(Left::FoundInUse),
    Deed::Restart(Left::LookedInto),
];

impl World {
    /// What a glance shows here, and the world at that moment, before anybody has judged by it.
    pub(super) fn seen(&self, glance: &Glance) -> (Self, Seen) {
        let mut next = self.clone();
        next.now_ms += glance.gap_ms;
        if let Uv::Fresh(mw_cm2) = glance.uv {
            let at_ms = next.now_ms;
            next.sample = Sample { at_ms, mw_cm2 };
        }
        let gone = WhyMissing::Stale;
        let seen = Seen {
            at_ms: next.now_ms,
            unseen_ms: glance.unseen_ms,
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
        (next, seen)
    }

    pub(super) fn look(&self, rules: &Rules, glance: &Glance) -> (Self, Told) {
        let (mut next, seen) = self.seen(glance);
        let told = Told::of(glance, &seen);
        next.witness.unseen |= told.gap_ms > 3 * POLL && WATCHED.contains(&self.cycle.step.code());
        next.witness.look(rules, &seen);
        // Judged by what the machine had ordered before this look: only then was the door free.
        next.witness.let_out |= self.cycle.step.orders().lock == Some(Switch::Off)
            && !self.cycle.step.is_running()
            && told.door_open;
        next.cycle = self.cycle.see(&seen);
        // Found unlocked and at rest by a station without memory: whoever unlocked it has answered for what is inside.
        let forgot = matches!(
            self.cycle.step,
            Step::Unknown {
                left: Left::NoRecord,
                ..
            }
        );
        if forgot && told.at_rest && matches!(next.cycle.step, Step::Idle) {
            (next.witness.inside, next.witness.let_out) = (false, true);
        }
        next.witness.forget(rules, &next.cycle);
        next.witness.quarantine_recorded |= next.witness.inside
            && matches!(
                next.cycle.step,
                Step::Quarantined { .. } | Step::Alarm { .. }
            );
        (next, told)
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
                    // Behind the door of a quarantine another load has no business before an override.
                    Ask::Start(For::AnotherLoad) => !w.inside || w.overridden,
                    _ => true,
                };
                next.cycle = cycle
                    .ask(ask, self.now_ms)
                    .ok()
                    .filter(|_| told_the_truth)?;
                match ask {
                    Ask::Start(_) => next.witness = Witness::of_a_load_inside(),
                    Ask::TurnedOver => next.witness.side = 1,
                    Ask::Open(_) => next.witness.inside = false,
                    _ => {}
                }
            }
            Deed::StartAnotherAsTheSame => {
                let start = Ask::Start(For::TheSameLoad);
                next.cycle = cycle.ask(start, self.now_ms).ok()?;
                next.witness = Witness::of_a_load_inside();
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
                    // Memory may be lost at any time, with whatever inside.
                    Left::NoRecord => true,
                    Left::Clean => !w.inside && w.let_out,
                    Left::NotEmptied => !w.inside,
                    Left::Unfinished => w.inside && !w.overridden,
                    Left::Quarantined => w.inside && w.quarantine_recorded,
                    Left::TestFailed => !w.inside,
                    Left::FoundInUse => cycle.last_load == LastLoad::NobodyKnows,
                    // A person's word is on record.
                    Left::LookedInto => cycle.last_load == LastLoad::NobodyKnows && !w.inside,
                };
                truly.then_some(())?;
                let rules = cycle.rules.clone();
                // With the records its alarm is lost, too.
                let stands = matches!(cycle.step, Step::Alarm { .. }) && left != Left::NoRecord;
                next.cycle = match stands {
                    true => Cycle::at_start_in_alarm(rules, left, self.now_ms),
                    false => Cycle::at_start(rules, left, self.now_ms),
                };
            }
            Deed::RestartForgettingAlarms => {
                let rules = cycle.rules.clone();
                next.cycle = Cycle::at_start(rules, Left::Quarantined, self.now_ms);
            }
        }
        Some(next)
    }
}
