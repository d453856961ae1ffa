//! Every state that can be reached × everything that can be seen or asked, against a witness that counts for itself.
//!
//! The rule: *the door is unlocked ⇒ every side of the load has had dose and time, the air is clear and the release is on
//! record ∨ an override is signed and the air is clear ∨ no load that waits for disinfection is inside* (and for turning
//! over: one side has had its exposure, the air is clear, and nothing is released). Times are ticks of one poll; a state is
//! the same as another when no rule can tell their times apart.

// Nothing below is part of the domain.
#[cfg(test)]
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use super::*;

const POLL: u64 = 100;
/// Longer than every limit below and the longest gap: beyond it no rule tells times apart.
const AGES_ALIKE: u64 = 600;

/// The same sample is looked at again at most this long after it was taken; then its point is missing.
const SAME_AT_MOST: u64 = 200;

/// Small limits, so that every one of them is passed within a few polls.
fn strict(sides: Sides, dose: Basis, ozone: Basis) -> Rules {
    Rules {
        poll_ms: POLL,
        preflight_max_ms: 100,
        strike_max_ms: 100,
        min_exposure_ms: 200,
        max_exposure_ms: 400,
        off_confirm_max_ms: 100,
        fan_start_max_ms: 200,
        ventilation_ms: 200,
        ventilation_max_ms: 400,
        turn_over_max_ms: 300,
        sides,
        dose: match dose {
            Basis::Measured => Dose::Measured {
                struck_mw_cm2: 4.0,
                dark_mw_cm2: 1.0,
                target_mj_cm2: 1.5,
            },
            Basis::Timer => Dose::Timer,
        },
        ozone: match ozone {
            Basis::Measured => Ozone::Measured { release_mg_m3: 0.1 },
            Basis::Timer => Ozone::Timer,
        },
        lamp_current_lit_a: None,
    }
}

/// What the world is like beside the machine: what is on record, and what the load has really had.
#[derive(Debug, Clone, PartialEq, Default)]
struct Witness {
    /// A load that waits for disinfection is inside.
    inside: bool,
    recorded: bool,
    quarantine_recorded: bool,
    overridden: bool,
    side: usize,
    proven: [bool; 2],
    dose: f64,
    lit_ms: u64,
    last: Option<Sample>,
    fan_ms: u64,
    fan_at_ms: Option<u64>,
    air_clear: bool,
    /// Every side proven and aired, at the look that said so.
    disinfected_and_ventilated: bool,
    door_opened: bool,
    door_closed_again: bool,
}

impl Witness {
    fn look(&mut self, rules: &Rules, seen: &Seen) {
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
    fn forget(&mut self, rules: &Rules, cycle: &Cycle) {
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

    fn count_light(&mut self, rules: &Rules, seen: &Seen) {
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

    fn count_air(&mut self, rules: &Rules, seen: &Seen) {
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
struct World {
    now_ms: u64,
    /// What the UV sensor showed last: the same sample may be looked at twice.
    sample: Sample,
    cycle: Cycle,
    witness: Witness,
}

/// What no rule can tell apart from another state: ages instead of times, amounts up to their limits.
type Key = [u64; 20];

impl World {
    fn key(&self, rules: &Rules) -> Key {
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
enum Uv {
    Fresh(f64),
    Same,
    Missing,
}

/// One look, before its times are known.
#[derive(Debug, Clone, Copy)]
struct Glance {
    gap_ms: u64,
    door_closed: Look<bool>,
    locked: Look<bool>,
    estop_pressed: Look<bool>,
    lamp_on: Look<bool>,
    uv: Uv,
    fan_on: Look<bool>,
    ozone_mg_m3: Look<f64>,
}

/// Everything that can be seen at once.
fn glances(rules: &Rules) -> Vec<Glance> {
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
enum Deed {
    Ask(Ask),
    /// The release becomes durable, before the cycle is told.
    RecordRelease,
    SignOverride,
    /// The daemon dies and starts again.
    Restart(Left),
}

const DEEDS: [Deed; 16] = [
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
    fn look(&self, rules: &Rules, glance: &Glance) -> (Self, Seen) {
        let mut next = self.clone();
        next.now_ms += glance.gap_ms;
        if let Uv::Fresh(mw_cm2) = glance.uv {
            let at_ms = next.now_ms;
            next.sample = Sample { at_ms, mw_cm2 };
        }
        let gone = WhyMissing::Stale;
        let seen = Seen {
            at_ms: next.now_ms,
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
    fn deed(&self, deed: Deed) -> Option<Self> {
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

/// What was found.
#[derive(Default)]
struct Found {
    states: usize,
    transitions: u64,
    edges: BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>,
    broken: Option<String>,
}

/// Explores the machine under `machine`'s rules, judged by a witness under the `strict` ones.
fn explore(machine: &Rules, strict: &Rules) -> Found {
    let mut found = Found::default();
    let first = World {
        now_ms: 10 * AGES_ALIKE,
        sample: Sample {
            at_ms: 9 * AGES_ALIKE,
            mw_cm2: 0.0,
        },
        cycle: Cycle::at_start(machine.clone(), Left::Clean, 10 * AGES_ALIKE),
        witness: Witness::default(),
    };
    let glances = glances(strict);
    let mut known = HashSet::from([first.key(strict)]);
    let mut waiting = VecDeque::from([first]);
    while let Some(world) = waiting.pop_front() {
        found.states += 1;
        let deeds = DEEDS.into_iter().filter_map(|deed| {
            let next = world.deed(deed)?;
            Some((next, None, deed))
        });
        let looks = glances.iter().map(|glance| {
            let (next, seen) = world.look(strict, glance);
            (next, Some(seen), Deed::Ask(Ask::Start))
        });
        for (next, seen, deed) in deeds.chain(looks) {
            found.transitions += 1;
            let cause = match &seen {
                Some(_) => cause_of_look(&world.cycle, &next.cycle),
                None => cause_of(deed),
            };
            let (from, to) = (world.cycle.step.code(), next.cycle.step.code());
            if from != to {
                found.edges.entry((from, to)).or_default().insert(cause);
            }
            if let Err(rule) = judge(&world, seen.as_ref(), &next) {
                found.broken = Some(format!("{rule}\n{world:?}\n{seen:?}\n{next:?}"));
                return found;
            }
            if known.insert(next.key(strict)) {
                waiting.push_back(next);
            }
        }
    }
    found
}

fn cause_of_look(before: &Cycle, after: &Cycle) -> &'static str {
    match (before.load.failed, after.load.failed) {
        (before, Some(fault)) if before != Some(fault) => fault.code(),
        _ => "seen",
    }
}

fn cause_of(deed: Deed) -> &'static str {
    match deed {
        Deed::Ask(ask) => match ask {
            Ask::Start => "asked: start",
            Ask::Abort => "asked: abort",
            Ask::Shutdown => "station stops",
            Ask::TurnedOver => "asked: turned over",
            Ask::ReleaseRecorded => "release recorded",
            Ask::RecordFailed => "record_failed",
            Ask::OrderFailed => "order_failed",
            Ask::Acknowledge => "asked: acknowledge",
            Ask::Open(_) => "asked: open",
        },
        Deed::RecordRelease => "release recorded",
        Deed::SignOverride => "override signed",
        Deed::Restart(_) => "daemon restarts",
    }
}

/// The rules that must hold of every change.
fn judge(before: &World, seen: Option<&Seen>, after: &World) -> Result<(), &'static str> {
    let (step, w) = (&after.cycle.step, &after.witness);
    let orders = step.orders();
    let hold = |good: bool, rule| if good { Ok(()) } else { Err(rule) };
    let changed = before.cycle.step.code() != step.code();
    if orders.lock == Some(Switch::Off) {
        match step {
            Step::Released => hold(w.recorded, "released without a record")?,
            Step::Idle => hold(!w.inside, "unlocked with an undisinfected load inside")?,
            Step::TurningOver { .. } => {
                hold(
                    w.proven[0] && !w.recorded,
                    "turned over without an exposure",
                )?;
                hold(!changed || w.air_clear, "turned over in bad air")?;
            }
            _ => return Err("unlocked in a step that must be locked"),
        }
    }
    if changed && matches!(step, Step::Releasing { .. }) {
        hold(
            w.disinfected_and_ventilated,
            "releasing what is not disinfected and ventilated",
        )?;
    }
    if changed && matches!(step, Step::Idle) {
        let opened = matches!(before.cycle.step, Step::Quarantined { .. });
        let grounds = w.overridden || !before.witness.inside;
        hold(!opened || grounds, "opened a quarantine without grounds")?;
        hold(!opened || w.air_clear, "opened a quarantine in bad air")?;
    }
    let failed = after.cycle.load.failed.is_some();
    let good_steps = ["releasing", "released", "turning_over", "striking"];
    hold(
        !(failed && good_steps.contains(&step.code())),
        "a failed load went on",
    )?;
    if orders.lamp == Switch::On {
        hold(
            orders.lock == Some(Switch::On),
            "lit behind an unlocked door",
        )?;
        hold(
            matches!(step, Step::Striking { .. } | Step::Irradiating { .. }),
            "lit in a step that must be dark",
        )?;
        if let Some(seen) = seen {
            let safe = (seen.door_closed, seen.locked, seen.estop_pressed);
            hold(
                safe == (Ok(true), Ok(true), Ok(false)),
                "lit without door, lock and stop button seen good",
            )?;
        }
    }
    hold(
        orders.lamp == Switch::On
            || orders.heartbeat == Heartbeat::Withheld
            || matches!(step, Step::Locked { .. }),
        "the lamp is permitted though nobody wants it",
    )?;
    if matches!(before.cycle.step, Step::TurningOver { .. }) && matches!(step, Step::Locked { .. })
    {
        hold(
            before.witness.door_opened && before.witness.door_closed_again,
            "turned over without the door having moved",
        )?;
    }
    Ok(())
}

fn all_bases() -> Vec<Rules> {
    use Basis::{Measured, Timer};
    [
        (Sides::Both, Measured, Measured),
        (Sides::One, Measured, Measured),
        (Sides::Both, Timer, Measured),
        (Sides::Both, Measured, Timer),
        (Sides::One, Timer, Timer),
    ]
    .into_iter()
    .map(|(sides, dose, ozone)| strict(sides, dose, ozone))
    .collect()
}

#[test]
fn opened_means_disinfected_and_ventilated_or_a_signed_override() {
    let mut edges = BTreeMap::<_, BTreeSet<_>>::new();
    for rules in all_bases() {
        let found = explore(&rules, &rules);
        println!(
            "{:?}, dose {:?}, ozone {:?}: {} states, {} transitions",
            rules.sides,
            rules.dose_basis(),
            rules.ozone_basis(),
            found.states,
            found.transitions
        );
        assert_eq!(found.broken, None);
        for (edge, causes) in found.edges {
            edges.entry(edge).or_default().extend(causes);
        }
    }
    table_is_true(&written(&edges));
}

/// A machine that forgets one rule must be caught: otherwise the exploration proves nothing.
#[test]
fn a_machine_that_forgets_a_rule_is_caught() {
    let right = strict(Sides::One, Basis::Measured, Basis::Measured);
    let dose = |target_mj_cm2, struck_mw_cm2| Dose::Measured {
        struck_mw_cm2,
        dark_mw_cm2: 1.0,
        target_mj_cm2,
    };
    let forgetful = [
        (
            "dose",
            Rules {
                dose: dose(0.0, 4.0),
                ..right.clone()
            },
        ),
        (
            "a third of the dose",
            Rules {
                dose: dose(1.0, 4.0),
                ..right.clone()
            },
        ),
        (
            "weak lamp",
            Rules {
                dose: dose(0.0, 1.5),
                ..right.clone()
            },
        ),
        (
            "time",
            Rules {
                min_exposure_ms: 100,
                ..right.clone()
            },
        ),
        (
            "the UV sensor",
            Rules {
                dose: Dose::Timer,
                ..right.clone()
            },
        ),
        (
            "ventilation",
            Rules {
                ventilation_ms: 0,
                ..right.clone()
            },
        ),
        (
            "ozone",
            Rules {
                ozone: Ozone::Measured { release_mg_m3: 9.0 },
                ..right.clone()
            },
        ),
        (
            "the ozone sensor",
            Rules {
                ozone: Ozone::Timer,
                ..right.clone()
            },
        ),
        (
            "the second side",
            Rules {
                sides: Sides::Both,
                ..right.clone()
            },
        ),
        (
            "gaps",
            Rules {
                poll_ms: 200,
                ..right.clone()
            },
        ),
    ];
    for (what, machine) in forgetful {
        let found = explore(&machine, &right);
        assert!(found.broken.is_some(), "nobody missed {what}");
    }
}

/// The edges as `transitions.md` has them.
fn written(edges: &BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>) -> String {
    let mut text = String::from("\n```mermaid\nstateDiagram-v2\n    [*] --> unknown\n");
    // A restart is possible everywhere and would hide everything else.
    let drawn = edges
        .iter()
        .filter(|(_, causes)| causes.iter().any(|cause| *cause != "daemon restarts"));
    for ((from, to), _) in drawn {
        text += &format!("    {from} --> {to}\n");
    }
    text += "```\n\n| from | to | because |\n|---|---|---|\n";
    for ((from, to), causes) in edges {
        let causes: Vec<_> = causes.iter().copied().collect();
        text += &format!("| {from} | {to} | {} |\n", causes.join(", "));
    }
    text
}

fn table_is_true(now: &str) {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/domain/cycle/transitions.md"
    );
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, now).unwrap();
    }
    assert!(
        include_str!("transitions.md") == now || std::fs::read_to_string(file).unwrap() == now,
        "the machine has other transitions than src/domain/cycle/transitions.md: if that is meant, run with UPDATE_SNAPSHOTS=1"
    );
}
