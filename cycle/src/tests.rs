//! The cycle against a small plant that obeys or disobeys: each fault, and the one rule that matters.

use proptest::{collection::vec, prelude::*};

use super::*;

mod plant;

use plant::{Plant, Spoil, blind};

fn rules() -> Rules {
    Rules {
        poll_ms: 100,
        unwatched_ms: 300,
        preflight_max_ms: 1_000,
        strike_max_ms: 1_000,
        min_exposure_ms: 2_500,
        max_exposure_ms: 6_000,
        off_confirm_max_ms: 1_000,
        fan_start_max_ms: 500,
        ventilation_ms: 1_000,
        ventilation_max_ms: 4_000,
        turn_over_max_ms: 3_000,
        sides: Sides::Both,
        dose: Dose::Measured {
            struck_mw_cm2: 0.5,
            dark_mw_cm2: 0.05,
            target_mj_cm2: 20.0,
        },
        ozone: Ozone::Measured { release_mg_m3: 0.1 },
        lamp_current_lit_a: None,
    }
}

/// One poll: look, decide, obey. A release is recorded at once.
fn poll(cycle: &Cycle, plant: &mut Plant) -> (Cycle, Seen) {
    let seen = plant.look(cycle.step().orders());
    let mut next = cycle.see(&seen);
    if matches!(next.step(), Step::Releasing { .. }) {
        next = next
            .ask(Ask::ReleaseRecorded, seen.at_ms)
            .expect("releasing");
    }
    plant.obey(next.step().orders());
    (next, seen)
}

fn idle(rules: Rules) -> Cycle {
    let mut plant = Plant::new();
    let unknown = Cycle::at_start(rules, Left::Clean, 0);
    let seen = plant.look(unknown.step().orders());
    unknown.see(&seen)
}

fn started(plant: &Plant) -> Cycle {
    idle(rules())
        .ask(Ask::Start(For::TheSameLoad), plant.now_ms)
        .expect("idle takes a start")
}

/// Runs until `code` is reached, spoiling things from there on; gives the last state.
fn spoilt_at(code: &str, spoil: Spoil) -> Cycle {
    let mut plant = Plant::new();
    let mut cycle = started(&plant);
    for _ in 0..300 {
        if cycle.step().code() == code {
            plant.spoil = spoil;
        }
        (cycle, _) = poll(&cycle, &mut plant);
        if !cycle.step().is_running() {
            return cycle;
        }
    }
    panic!("still {} after 300 polls", cycle.step().code());
}

fn end(code: &str, spoil: Spoil) -> (&'static str, &'static str) {
    let cycle = spoilt_at(code, spoil);
    let fault = cycle.fault().map_or("none", Fault::code);
    (cycle.step().code(), fault)
}

#[test]
fn a_good_cabinet_releases_the_load_after_dose_time_and_air() {
    let cycle = spoilt_at("never", Spoil::Nothing);
    assert_eq!(*cycle.step(), Step::Released);
    let [exposure] = &cycle.load().done[..] else {
        panic!("{:?}", cycle.load());
    };
    assert!(exposure.dose_mj_cm2 >= 20.0);
    assert!(exposure.lit_ms >= 2_500);
    assert!(cycle.load().aired.fan_ms >= 1_000);
}

#[test]
fn every_fault_ends_where_it_must() {
    let table = [
        ("preflight", Spoil::DoorOpen, "quarantined", "door_open"),
        ("preflight", Spoil::Unlocked, "quarantined", "not_locked"),
        ("preflight", Spoil::Estop, "quarantined", "estop_pressed"),
        ("preflight", Spoil::Silent, "quarantined", "cabinet_silent"),
        (
            "preflight",
            Spoil::OzoneUnknown,
            "quarantined",
            "reading_missing",
        ),
        (
            "preflight",
            Spoil::Dark,
            "quarantined",
            "lamp_did_not_strike",
        ),
        ("striking", Spoil::DoorOpen, "quarantined", "door_open"),
        ("irradiating", Spoil::DoorOpen, "quarantined", "door_open"),
        ("irradiating", Spoil::Unlocked, "quarantined", "not_locked"),
        ("irradiating", Spoil::Estop, "quarantined", "estop_pressed"),
        ("irradiating", Spoil::Dark, "quarantined", "lamp_went_out"),
        (
            "irradiating",
            Spoil::Weak,
            "quarantined",
            "dose_not_reached",
        ),
        (
            "irradiating",
            Spoil::SameSample,
            "alarm",
            "dose_not_reached",
        ),
        ("locked", Spoil::LongGap, "quarantined", "unwatched"),
        ("striking", Spoil::LongGap, "quarantined", "unwatched"),
        ("irradiating", Spoil::LongGap, "quarantined", "unwatched"),
        ("stopping", Spoil::LongGap, "quarantined", "unwatched"),
        ("ventilating", Spoil::LongGap, "quarantined", "unwatched"),
        ("irradiating", Spoil::Silent, "alarm", "cabinet_silent"),
        ("irradiating", Spoil::UvUnknown, "alarm", "reading_missing"),
        ("irradiating", Spoil::Welded, "alarm", "lamp_not_off"),
        ("stopping", Spoil::DoorOpen, "quarantined", "door_open"),
        ("ventilating", Spoil::DoorOpen, "quarantined", "door_open"),
        (
            "ventilating",
            Spoil::FanStopped,
            "quarantined",
            "fan_not_running",
        ),
        (
            "ventilating",
            Spoil::FanUnknown,
            "quarantined",
            "reading_missing",
        ),
        (
            "ventilating",
            Spoil::OzoneStays,
            "quarantined",
            "ozone_did_not_fall",
        ),
        (
            "ventilating",
            Spoil::OzoneUnknown,
            "quarantined",
            "reading_missing",
        ),
        ("ventilating", Spoil::Silent, "alarm", "cabinet_silent"),
        ("ventilating", Spoil::UvUnknown, "alarm", "reading_missing"),
    ];
    for (at, spoil, step, fault) in table {
        assert_eq!(end(at, spoil), (step, fault), "{spoil:?} while {at}");
    }
}

#[test]
fn a_machine_that_slept_through_the_airing_does_not_release_what_it_did_not_watch() {
    let mut plant = Plant::new();
    let mut cycle = started(&plant);
    while cycle.step().code() != "ventilating" {
        (cycle, _) = poll(&cycle, &mut plant);
    }
    // The monotonic clock stands still meanwhile: only this tells.
    let slept = Seen {
        unseen_ms: 8_000,
        ..plant.look(cycle.step().orders())
    };
    let woken = cycle.see(&slept);
    assert_eq!(woken.step().code(), "aborting");
    assert_eq!(woken.fault(), Some(Fault::Unwatched));
    let just_in_time = Seen {
        unseen_ms: rules().unwatched_ms,
        ..slept
    };
    assert_eq!(cycle.see(&just_in_time).step().code(), "ventilating");
}

/// The looks may go on while the sensor's samples do not.
#[test]
fn a_gap_between_two_samples_earns_nothing() {
    let at = |at_ms| Sample {
        at_ms,
        mw_cm2: 10.0,
    };
    let gap_ms = rules().longest_gap_ms();
    let first = Exposure::default().with(at(1_000), gap_ms);
    let late = first.with(at(1_001 + gap_ms), gap_ms);
    assert_eq!((late.dose_mj_cm2, late.lit_ms), (0.0, 0));
    let in_time = first.with(at(1_000 + gap_ms), gap_ms);
    assert_eq!(in_time.lit_ms, gap_ms);
}

#[test]
fn restart_never_resumes_irradiation() {
    let mut plant = Plant::new();
    plant.lamp = Switch::On;
    let mut cycle = Cycle::at_start(rules(), Left::Unfinished, plant.now_ms);
    assert_eq!(cycle.step().orders().lamp, Switch::Off);
    assert_eq!(cycle.step().orders().heartbeat, Heartbeat::Withheld);
    assert_eq!(cycle.step().orders().lock, None);
    for _ in 0..40 {
        (cycle, _) = poll(&cycle, &mut plant);
    }
    assert_eq!(cycle.step().code(), "quarantined");
    assert_eq!(cycle.fault(), Some(Fault::RestartedMidCycle));
}

/// How long the fan runs before somebody may open this.
fn aired_for_ms(mut cycle: Cycle, plant: &mut Plant) -> u64 {
    let mut since_ms = None;
    for _ in 0..60 {
        (cycle, _) = poll(&cycle, plant);
        match cycle.step() {
            Step::Ventilating { .. } => {
                since_ms.get_or_insert(plant.now_ms);
            }
            Step::Quarantined { air: Air::Clear } => {
                return plant.now_ms - since_ms.expect("aired before it was at rest");
            }
            _ => {}
        }
    }
    panic!("never aired: {cycle:?}");
}

#[test]
fn whatever_burnt_is_aired_for_the_whole_time_however_clean_its_sensor_says_it_is() {
    let mut plant = Plant::new();
    let mut cycle = started(&plant);
    while cycle.step().code() != "irradiating" {
        (cycle, _) = poll(&cycle, &mut plant);
    }
    let aborted = cycle.ask(Ask::Abort, plant.now_ms).expect("it is running");
    assert!(aired_for_ms(aborted, &mut plant) >= rules().ventilation_ms);
    for left in [Left::Unfinished, Left::Quarantined, Left::TestFailed] {
        let found = Cycle::at_start(rules(), left, plant.now_ms);
        let aired_ms = aired_for_ms(found, &mut plant);
        assert!(aired_ms >= rules().ventilation_ms, "{left:?}: {aired_ms}");
    }
}

#[test]
fn a_lamp_lit_by_nobody_is_put_out_in_every_resting_state() {
    for left in [Left::Clean, Left::Quarantined] {
        let mut plant = Plant::new();
        plant.lamp = Switch::On;
        plant.uv_mw_cm2 = 5.0;
        let cycle = Cycle::at_start(rules(), left, plant.now_ms);
        let (cycle, _) = poll(&cycle, &mut plant);
        assert_eq!(cycle.fault(), Some(Fault::LampLitUnasked));
        assert_eq!(plant.lamp, Switch::Off);
    }
}

/// A contact that is stuck on, or daylight at the sensor: whoever wants to start hears of that, and not of a cycle that does not run.
#[test]
fn a_start_beside_a_lamp_that_nobody_lit_is_not_told_of_a_running_cycle() {
    let start = |cycle: &Cycle| cycle.ask(Ask::Start(For::TheSameLoad), 0);
    let mut plant = Plant::new();
    let mut cycle = idle(rules());
    let lit = Seen {
        lamp_on: Ok(true),
        ..plant.look(cycle.step().orders())
    };
    cycle = cycle.see(&lit);
    assert_eq!(start(&cycle), Err(Refused::LampLitUnasked));
    let dark = plant.look(cycle.step().orders());
    cycle = cycle.see(&dark);
    assert_eq!(cycle.step().code(), "ventilating");
    assert_eq!(start(&cycle), Err(Refused::BeingAired));
}

#[test]
fn what_nobody_knows_outlives_a_restart_before_and_after_a_person_looked_into_it() {
    let mut plant = Plant::new();
    let found = Cycle::at_start(rules(), Left::FoundInUse, plant.now_ms);
    let (found, _) = poll(&found, &mut plant);
    assert_eq!(found.fault(), Some(Fault::FoundInUse));
    assert_eq!(found.last_load(), LastLoad::NobodyKnows);
    let answered = Cycle::at_start(rules(), Left::LookedInto, plant.now_ms);
    let (answered, _) = poll(&answered, &mut plant);
    assert_eq!(*answered.step(), Step::Idle);
    assert_eq!(
        answered.ask(Ask::Start(For::TheSameLoad), 0),
        Err(Refused::DoorNotOpenedSince)
    );
    let open = Seen {
        door_closed: Ok(false),
        ..plant.look(answered.step().orders())
    };
    assert_eq!(answered.see(&open).last_load(), LastLoad::LetOut);
}

#[test]
fn an_alarm_is_acknowledged_only_once_the_lamp_is_seen_out() {
    let mut plant = Plant::new();
    let alarm = spoilt_at("irradiating", Spoil::Welded);
    assert_eq!(alarm.ask(Ask::Acknowledge, 0), Err(Refused::LampNotSeenOut));
    assert_eq!(
        alarm.ask(Ask::Start(For::TheSameLoad), 0),
        Err(Refused::AlarmStands)
    );
    let silent = alarm.see(&blind(&plant.look(alarm.step().orders())));
    assert_eq!(
        silent.ask(Ask::Acknowledge, 0),
        Err(Refused::LampNotSeenOut)
    );
    let seen = plant.look(alarm.step().orders());
    let out = alarm.see(&seen).ask(Ask::Acknowledge, seen.at_ms);
    assert_eq!(out.expect("lamp is out").step().code(), "ventilating");
}

#[test]
fn nothing_is_released_that_was_not_recorded() {
    let mut plant = Plant::new();
    let mut cycle = started(&plant);
    for _ in 0..200 {
        let seen = plant.look(cycle.step().orders());
        cycle = cycle.see(&seen);
        plant.obey(cycle.step().orders());
        assert_ne!(cycle.step().code(), "released");
        let open_allowed = cycle.step().orders().lock == Some(Switch::Off);
        assert!(!open_allowed, "unlocked while {}", cycle.step().code());
    }
    assert_eq!(cycle.fault(), Some(Fault::RecordFailed));
}

#[test]
fn abort_is_taken_in_every_running_step_and_refused_elsewhere() {
    let mut plant = Plant::new();
    let mut cycle = started(&plant);
    assert_eq!(
        idle(rules()).ask(Ask::Abort, 0),
        Err(Refused::NothingRunning)
    );
    assert_eq!(
        cycle.ask(Ask::Start(For::TheSameLoad), 0),
        Err(Refused::CycleRunning)
    );
    let mut steps = Vec::new();
    while cycle.step().is_running() {
        steps.push(cycle.step().code());
        let aborted = cycle.ask(Ask::Abort, plant.now_ms).expect("running");
        assert_eq!(aborted.fault(), Some(Fault::AbortedByOperator));
        assert_eq!(aborted.step().orders().lamp, Switch::Off);
        let stopped = cycle.ask(Ask::Shutdown, plant.now_ms).expect("running");
        assert_eq!(stopped.fault(), Some(Fault::StationStopped));
        assert_eq!(stopped.step().orders().lamp, Switch::Off);
        (cycle, _) = poll(&cycle, &mut plant);
    }
    steps.dedup();
    assert_eq!(
        steps,
        [
            "preflight",
            "locked",
            "striking",
            "irradiating",
            "stopping",
            "ventilating"
        ]
    );
    assert_eq!(cycle.ask(Ask::Abort, 0), Err(Refused::NothingRunning));
}

/// Counts independently of the machine what a load can at most have had.
#[derive(Default)]
struct Witness {
    dose_mj_cm2: f64,
    lit_ms: u64,
    fan_ms: u64,
    last: Option<Seen>,
    opened: bool,
}

impl Witness {
    fn note(&mut self, seen: &Seen) {
        if let Some(last) = &self.last {
            let gap_ms = seen.at_ms - last.at_ms;
            if let (Ok(a), Ok(b)) = (last.irradiance, seen.irradiance)
                && gap_ms <= 300
                && a.mw_cm2.min(b.mw_cm2) > 0.0
            {
                self.dose_mj_cm2 += a.mw_cm2.max(b.mw_cm2) * gap_ms as f64 / 1000.0;
                self.lit_ms += gap_ms;
            }
            if last.fan_on == Ok(true) && seen.fan_on == Ok(true) && gap_ms <= 300 {
                self.fan_ms += gap_ms;
            }
        }
        self.last = Some(seen.clone());
    }
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        60 => Just(Spoil::Nothing),
        1 => Just(Spoil::DoorOpen),
        1 => Just(Spoil::Unlocked),
        1 => Just(Spoil::Estop),
        2 => Just(Spoil::Dark),
        8 => Just(Spoil::Weak),
        2 => Just(Spoil::Welded),
        4 => Just(Spoil::FanStopped),
        4 => Just(Spoil::OzoneStays),
        2 => Just(Spoil::Silent),
        2 => Just(Spoil::UvUnknown),
        4 => Just(Spoil::OzoneUnknown),
        2 => Just(Spoil::FanUnknown),
        8 => Just(Spoil::SameSample),
        8 => Just(Spoil::LongGap),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn released_means_dose_and_time_and_air(
        spoils in vec((spoil(), 1_u8..20), 1..25),
        restart_at in proptest::option::of(0_usize..200),
    ) {
        let mut plant = Plant::new();
        let mut cycle = started(&plant);
        let mut witness = Witness::default();
        let polls = spoils.iter().flat_map(|(s, n)| std::iter::repeat_n(*s, usize::from(*n)));
        for (n, spoil) in polls.chain(std::iter::repeat_n(Spoil::Nothing, 80)).enumerate() {
            plant.spoil = spoil;
            if restart_at == Some(n) && cycle.step().is_running() {
                cycle = Cycle::at_start(rules(), Left::Unfinished, plant.now_ms);
            }
            let before = cycle.step().orders();
            let seen;
            (cycle, seen) = poll(&cycle, &mut plant);
            witness.note(&seen);
            let orders = cycle.step().orders();
            let running = cycle.step().is_running();
            witness.opened |= running && seen.door_closed != Ok(true) && before.lamp == Switch::On;
            if orders.lamp == Switch::On {
                let lit_step = matches!(cycle.step().code(), "striking" | "irradiating");
                prop_assert!(lit_step);
                prop_assert_eq!(orders.lock, Some(Switch::On));
            }
            if *cycle.step() == Step::Released {
                let r = rules();
                let target = r.target_dose_mj_cm2().expect("measured");
                let exposure = &cycle.load().done[0];
                prop_assert!(exposure.dose_mj_cm2 >= target);
                prop_assert!(witness.dose_mj_cm2 >= target - 1e-9);
                prop_assert!(exposure.lit_ms >= r.min_exposure_ms);
                prop_assert!(witness.lit_ms >= r.min_exposure_ms);
                prop_assert!(cycle.load().aired.fan_ms >= r.ventilation_ms);
                prop_assert!(witness.fan_ms >= r.ventilation_ms);
                prop_assert!(seen.ozone_mg_m3.is_ok_and(|o| o <= 0.1));
                prop_assert!(seen.lamp_on == Ok(false));
                prop_assert!(!witness.opened);
            }
            if !running {
                break;
            }
        }
    }
}
