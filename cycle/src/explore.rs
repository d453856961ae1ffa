//! Every state that can be reached × everything that can be seen or asked, against a witness that counts for itself.
//!
//! The rule: *the door is unlocked ⇒ every side of the load has had dose and time, the air is clear and the release is on
//! record ∨ an override is signed and the air is clear ∨ no load that waits for disinfection is inside* (and for turning
//! over: one side has had its exposure, the air is clear, and nothing is released), and *another load's cycle began ⇒ the door
//! stood open since the last one's end*, and *nobody looked for more than three polls ⇒ the load failed*. Times are ticks of one poll; a state is
//! the same as another when no rule can tell their times apart.

// Nothing below is part of the domain.
#[cfg(test)]
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;

use super::*;

mod kinds;
mod witness;
mod world;

use kinds::Kinds;
use witness::Witness;
use world::*;

const POLL: u64 = 100;
/// Longer than every limit below and the longest gap: beyond it no rule tells times apart.
const AGES_ALIKE: u64 = 600;

/// The same sample is looked at again at most this long after it was taken; then its point is missing.
const SAME_AT_MOST: u64 = 200;

/// Small limits, so that every one of them is passed within a few polls.
fn strict(sides: Sides, dose: Basis, ozone: Basis) -> Rules {
    Rules {
        poll_ms: POLL,
        unwatched_ms: 3 * POLL,
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

/// What was found.
#[derive(Debug, Default, PartialEq)]
struct Found {
    states: usize,
    transitions: u64,
    edges: BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>,
    broken: Option<String>,
}

/// Explores the machine under `machine`'s rules, judged by a witness under the `strict` ones.
fn explore(machine: &Rules, strict: &Rules) -> Found {
    explore_with(machine, strict, &DEEDS, &glances(strict), Looks::OneOfAKind)
}

/// Which looks are followed from each state.
#[derive(Debug, Clone, Copy)]
enum Looks {
    OneOfAKind,
    Every,
}

fn explore_with(
    machine: &Rules,
    strict: &Rules,
    deeds: &[Deed],
    glances: &[Glance],
    looks: Looks,
) -> Found {
    let mut found = Found::default();
    let mut kinds = Kinds::default();
    let first = World {
        now_ms: 10 * AGES_ALIKE,
        sample: Sample {
            at_ms: 9 * AGES_ALIKE,
            mw_cm2: 0.0,
        },
        cycle: Cycle::at_start(machine.clone(), Left::Clean, 10 * AGES_ALIKE),
        witness: Witness {
            let_out: true,
            ..Witness::default()
        },
    };
    let mut known = HashSet::from([first.key(strict)]);
    let mut waiting = VecDeque::from([first]);
    while let Some(world) = waiting.pop_front() {
        found.states += 1;
        let deeds = deeds.iter().filter_map(|&deed| {
            let next = world.deed(deed)?;
            Some((next, None, deed, 1))
        });
        let kinds = match looks {
            Looks::Every => (0..glances.len()).map(|glance| (glance, 1)).collect(),
            Looks::OneOfAKind => kinds.of(&world, strict, glances),
        };
        let looks = kinds.iter().map(|&(glance, alike)| {
            let (next, told) = world.look(strict, &glances[glance]);
            (
                next,
                Some(told),
                Deed::Ask(Ask::Start(For::TheSameLoad)),
                alike,
            )
        });
        for (next, seen, deed, alike) in deeds.chain(looks) {
            found.transitions += alike;
            let cause = match &seen {
                Some(_) => cause_of_look(&world.cycle, &next.cycle),
                None => cause_of(deed),
            };
            let (from, to) = (world.cycle.step.code(), next.cycle.step.code());
            if from != to {
                found.edges.entry((from, to)).or_default().insert(cause);
            }
            if let Err(rule) = judge(&world, seen.as_ref(), &next, deed) {
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
            Ask::Start(_) => "asked: start",
            Ask::Abort => "asked: abort",
            Ask::Shutdown => "station stops",
            Ask::TurnedOver => "asked: turned over",
            Ask::ReleaseRecorded => "release recorded",
            Ask::RecordFailed => "record_failed",
            Ask::OrderFailed => "order_failed",
            Ask::Acknowledge => "asked: acknowledge",
            Ask::Open(_) => "asked: open",
        },
        Deed::StartAnotherAsTheSame => "asked: start",
        Deed::RecordRelease => "release recorded",
        Deed::SignOverride => "override signed",
        Deed::Restart(_) | Deed::RestartForgettingAlarms => "daemon restarts",
    }
}

/// The rules that must hold of every change.
fn judge(
    before: &World,
    seen: Option<&Told>,
    after: &World,
    deed: Deed,
) -> Result<(), &'static str> {
    let another = matches!(
        deed,
        Deed::Ask(Ask::Start(For::AnotherLoad)) | Deed::StartAnotherAsTheSame
    );
    if seen.is_none() && another && !before.witness.let_out {
        return Err("another load was begun behind a door that never opened");
    }
    let (step, w) = (&after.cycle.step, &after.witness);
    let orders = step.orders();
    let hold = |good: bool, rule| if good { Ok(()) } else { Err(rule) };
    let alarm = |cycle: &Cycle| matches!(cycle.step, Step::Alarm { .. });
    if alarm(&before.cycle) && !alarm(&after.cycle) {
        let by_word = Deed::Ask(Ask::Acknowledge) == deed || Deed::Restart(Left::NoRecord) == deed;
        hold(
            seen.is_none() && by_word,
            "an alarm ended without a person's word",
        )?;
    }
    let changed = before.cycle.step.code() != step.code();
    hold(!w.unseen, "went on though nobody had looked")?;
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
    if let Some(seen) = seen
        && changed
        && matches!(step, Step::Releasing { .. } | Step::TurningOver { .. })
    {
        let uv = after.cycle.rules.dose == Dose::Timer || seen.uv_dark;
        hold(
            seen.lamp_off && uv,
            "let out though the lamp was not seen out",
        )?;
    }
    if changed && matches!(step, Step::Releasing { .. }) {
        hold(
            w.disinfected_and_ventilated,
            "releasing what is not disinfected and ventilated",
        )?;
    }
    let from_air = matches!(before.cycle.step, Step::Ventilating { .. });
    if seen.is_some() && from_air && matches!(step, Step::Quarantined { air: Air::Clear }) {
        hold(w.ventilated, "a failed load was not aired long enough")?;
    }
    if changed && matches!(step, Step::Idle) {
        let opened = matches!(before.cycle.step, Step::Quarantined { .. });
        let word = before.cycle.last_load == LastLoad::NobodyKnows;
        let grounds = w.overridden || word || !before.witness.inside;
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
            hold(
                seen.safe,
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

/// What is left out as alike changes nothing: where every look is followed, the same is found.
#[test]
fn one_look_of_a_kind_finds_what_every_look_finds() {
    let rules = strict(Sides::Both, Basis::Timer, Basis::Timer);
    let found = |looks| explore_with(&rules, &rules, &DEEDS, &glances(&rules), looks);
    let every = found(Looks::Every);
    println!("{} states, {} transitions", every.states, every.transitions);
    assert!(every.states > 1000, "{every:?}");
    assert_eq!(found(Looks::OneOfAKind), every);
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

/// A driver that says “the same load” of another one is caught too: nothing else keeps the door's rule.
#[test]
fn a_start_for_another_load_behind_a_closed_door_is_caught() {
    let rules = strict(Sides::Both, Basis::Timer, Basis::Timer);
    let deeds = [&DEEDS[..], &[Deed::StartAnotherAsTheSame]].concat();
    let found = explore_with(&rules, &rules, &deeds, &glances(&rules), Looks::OneOfAKind);
    let broken = found.broken.expect("nobody missed the door");
    assert!(
        broken.starts_with("another load was begun behind a door that never opened"),
        "{broken}"
    );
}

/// A driver that begins anew after a restart, whatever stood before it, is caught: a power cut would end alarms.
#[test]
fn a_restart_that_ends_an_alarm_is_caught() {
    let rules = strict(Sides::Both, Basis::Timer, Basis::Timer);
    let deeds = [&DEEDS[..], &[Deed::RestartForgettingAlarms]].concat();
    let found = explore_with(&rules, &rules, &deeds, &glances(&rules), Looks::OneOfAKind);
    let broken = found.broken.expect("nobody missed the alarm");
    assert!(
        broken.starts_with("an alarm ended without a person's word"),
        "{broken}"
    );
}

/// A driver that says nothing of the time in which it did not look is caught as well.
#[test]
fn a_driver_that_hides_how_long_nobody_looked_is_caught() {
    let rules = strict(Sides::Both, Basis::Timer, Basis::Timer);
    let mut hidden = glances(&rules);
    for glance in &mut hidden {
        glance.unseen_ms = POLL;
    }
    let found = explore_with(&rules, &rules, &DEEDS, &hidden, Looks::OneOfAKind);
    let broken = found.broken.expect("nobody missed the gap");
    assert!(
        broken.starts_with("went on though nobody had looked"),
        "{broken}"
    );
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
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/transitions.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, now).unwrap();
    }
    assert!(
        include_str!("transitions.md") == now || std::fs::read_to_string(file).unwrap() == now,
        "the machine has other transitions than cycle/src/transitions.md: if that is meant, run with UPDATE_SNAPSHOTS=1"
    );
}
