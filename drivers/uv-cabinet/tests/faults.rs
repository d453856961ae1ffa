//! One test per fault, each against a simulated cabinet on a real socket.

use std::time::{Duration, Instant};

use crate::support::{DEMO, bench, bounded, light, lit, look, poll_until, profile, truth_until};
use uv_cabinet::{
    Cabinet, Command, CommandError, LinkError, LinkProblem, Missing, Point, Profile, Switch,
    sim::Fault,
};

#[tokio::test]
async fn a_whole_cycle_by_hand() {
    let bench = bench(20.0).await;
    let readings = light(&bench).await;
    let now = Instant::now();
    assert_eq!(readings.flag(Point::Locked, now), Ok(true));
    assert_eq!(readings.number(Point::LampStrikes, now), Ok(1.0));
    assert_eq!(readings.number(Point::LampHoursH, now), Ok(120.0));
    poll_until(&bench.cabinet, |r| {
        r.number(Point::OzoneMgM3, Instant::now())
            .is_ok_and(|ozone| ozone > 0.15)
    })
    .await;
    let off = bench.cabinet.command(Command::Lamp(Switch::Off)).await;
    off.expect("the lamp goes out");
    let fan = bench.cabinet.command(Command::Fan(Switch::On)).await;
    fan.expect("the fan starts");
    let readings = poll_until(&bench.cabinet, |r| {
        r.number(Point::OzoneMgM3, Instant::now())
            .is_ok_and(|ozone| ozone <= 0.1)
    })
    .await;
    let now = Instant::now();
    assert_eq!(readings.flag(Point::LampOn, now), Ok(false));
    assert_eq!(readings.flag(Point::FanOn, now), Ok(true));
    assert_eq!(readings.number(Point::IrradianceMwCm2, now), Ok(0.0));
}

#[tokio::test]
async fn door_opens_mid_cycle() {
    let bench = bench(10.0).await;
    light(&bench).await;
    bench.sim.switch_on(Fault::DoorOpen);
    let dark_after = truth_until(&bench.sim, |t| t.irradiance_mw_cm2 == 0.0).await;
    assert!(dark_after < Duration::from_millis(500), "{dark_after:?}");
    let readings = poll_until(&bench.cabinet, |r| !lit(r)).await;
    assert_eq!(readings.flag(Point::DoorClosed, Instant::now()), Ok(false));
    bench.sim.switch_off(Fault::DoorOpen);
    let readings = poll_until(&bench.cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()) == Ok(true)
    })
    .await;
    assert!(
        !lit(&readings),
        "a closed door must not light the lamp again"
    );
}

#[tokio::test]
async fn lamp_never_strikes() {
    let bench = bench(10.0).await;
    bench.sim.switch_on(Fault::LampNeverStrikes);
    for command in [Command::Heartbeat, Command::Lamp(Switch::On)] {
        bench.cabinet.command(command).await.expect("taken");
    }
    let readings = poll_until(&bench.cabinet, |r| {
        r.flag(Point::LampOn, Instant::now()) == Ok(true)
    })
    .await;
    let uv = readings.number(Point::IrradianceMwCm2, Instant::now());
    assert_eq!(uv, Ok(0.0), "the relay is closed and there is no UV");
}

#[tokio::test]
async fn relay_is_welded() {
    let bench = bench(10.0).await;
    light(&bench).await;
    bench.sim.switch_on(Fault::RelayWelded);
    let off = bench.cabinet.command(Command::Lamp(Switch::Off)).await;
    off.expect("the coil takes it");
    let readings = bench.cabinet.poll().await;
    assert!(lit(&readings), "the coil says off, both witnesses say lit");
}

#[tokio::test]
async fn cabinet_does_not_answer() {
    let bench = bench(10.0).await;
    assert_eq!(look(&bench.cabinet, Point::DoorClosed).await, Ok(1.0));
    bench.sim.switch_on(Fault::NoAnswer);
    let began = Instant::now();
    let gone = poll_until(&bench.cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()).is_err()
    })
    .await;
    assert!(
        began.elapsed() < Duration::from_millis(1500),
        "{:?}",
        began.elapsed()
    );
    assert!(matches!(
        gone.flag(Point::DoorClosed, Instant::now()),
        Err(Missing::NoAnswer(
            LinkProblem::ReplyTimedOut | LinkProblem::BackingOff
        ))
    ));
    bench.sim.switch_off(Fault::NoAnswer);
    poll_until(&bench.cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()) == Ok(true)
    })
    .await;
}

/// The device behind a gateway has no power, and the gateway says so: that is a cabinet that does not answer, and no wrong address in the profile.
#[tokio::test]
async fn a_gateway_answers_for_a_dead_cabinet() {
    let bench = bench(10.0).await;
    assert_eq!(look(&bench.cabinet, Point::DoorClosed).await, Ok(1.0));
    bench.sim.switch_on(Fault::Exception11);
    poll_until(&bench.cabinet, |r| {
        let unreached = Err(Missing::NoAnswer(LinkProblem::Unreached));
        let now = Instant::now();
        r.flag(Point::DoorClosed, now) == unreached && r.number(Point::OzoneMgM3, now).is_err()
    })
    .await;
    let lamp = bench.cabinet.command(Command::Lamp(Switch::On)).await;
    let said = lamp.expect_err("nobody is there").code();
    assert!(
        ["command_unsure", "command_not_told"].contains(&said),
        "{said}"
    );
    let link = bench.cabinet.link_quality();
    assert!(
        link.timeouts > 0 && link.exceptions > 0 && link.reconnects == 0,
        "{link:?}"
    );
    assert_eq!(link.last_problem, Some(LinkProblem::Unreached));
    bench.sim.switch_off(Fault::Exception11);
    poll_until(&bench.cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()) == Ok(true)
    })
    .await;
    assert!(
        !bench.sim.truth().borrow().relay_closed,
        "the order was lost with the cabinet"
    );
}

#[tokio::test]
async fn nobody_listens() {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let (cabinet, task) = Cabinet::new(profile(port));
    let driver = tokio::spawn(task.run());
    assert_eq!(
        look(&cabinet, Point::DoorClosed).await,
        Err(Missing::NoAnswer(LinkProblem::CannotConnect))
    );
    let lamp = cabinet.command(Command::Lamp(Switch::On)).await;
    assert_eq!(lamp.expect_err("nobody there").code(), "command_not_told");
    drop(cabinet);
    bounded(driver)
        .await
        .expect("the owner ends with its last handle");
}

#[tokio::test]
async fn connection_reset_mid_cycle() {
    let bench = bench(10.0).await;
    light(&bench).await;
    bench.sim.switch_on(Fault::Resets);
    bench.cabinet.poll().await;
    let heartbeat = bench.cabinet.command(Command::Heartbeat).await;
    assert!(matches!(heartbeat, Err(CommandError::NotTold { .. })));
    bench.sim.switch_off(Fault::Resets);
    let readings = poll_until(&bench.cabinet, |r| {
        let now = Instant::now();
        r.all(now)
            .all(|(_, reading)| reading.is_ok() || reading == Err(Missing::NotInProfile))
            && r.get(Point::LampOn, now)
                .is_ok_and(|reading| reading.age(now) < Duration::from_millis(20))
    })
    .await;
    assert!(
        lit(&readings),
        "back within the heartbeat's second, the lamp never went out"
    );
}

#[tokio::test]
async fn heartbeat_lost_puts_lamp_out() {
    let bench = bench(10.0).await;
    light(&bench).await;
    let dark_after = truth_until(&bench.sim, |t| !t.relay_closed).await;
    let bounds = Duration::from_millis(800)..Duration::from_millis(1600);
    assert!(bounds.contains(&dark_after), "{dark_after:?}");
    let readings = poll_until(&bench.cabinet, |_| true).await;
    assert!(
        !lit(&readings),
        "a new heartbeat must not light the lamp again"
    );
}

#[tokio::test]
async fn driver_killed_puts_lamp_out() {
    let bench = bench(10.0).await;
    light(&bench).await;
    bench.driver.abort();
    truth_until(&bench.sim, |t| !t.relay_closed).await;
    let after_death = bench.cabinet.poll().await;
    assert_eq!(
        after_death.flag(Point::LampOn, Instant::now()),
        Err(Missing::OwnerGone)
    );
    let command = bench.cabinet.command(Command::Heartbeat).await;
    assert!(matches!(command, Err(CommandError::OwnerGone)));
}

#[tokio::test]
async fn stale_reading_is_not_a_value() {
    let bench = bench(10.0).await;
    let readings = bench.cabinet.poll().await;
    let now = Instant::now();
    assert_eq!(readings.flag(Point::DoorClosed, now), Ok(true));
    let later = now + Duration::from_millis(400);
    assert!(matches!(
        readings.flag(Point::DoorClosed, later),
        Err(Missing::Stale {
            age_ms: 400..,
            max_age_ms: 250
        })
    ));
    assert!(
        readings.number(Point::OzoneMgM3, later).is_ok(),
        "ozone may be 1 s old"
    );
}

#[tokio::test]
async fn write_acknowledged_but_ignored() {
    let bench = bench(10.0).await;
    bench.sim.switch_on(Fault::IgnoresWrites);
    let lamp = bench.cabinet.command(Command::Lamp(Switch::On)).await;
    let error = lamp.expect_err("read back as off");
    assert_eq!(
        error.to_string(),
        "lamp_command: acknowledged 1, reads back 0"
    );
    assert_eq!(error.code(), "command_not_taken");
}

#[tokio::test]
async fn late_reply_is_not_an_echo() {
    let bench = bench(10.0).await;
    bench.cabinet.poll().await;
    bench.sim.switch_on(Fault::LateReply);
    let lamp = bench.cabinet.command(Command::Heartbeat).await;
    assert!(matches!(
        lamp,
        Err(CommandError::Unsure {
            source: LinkError::ReplyTimedOut { after_ms: 150 },
            ..
        })
    ));
    bench.sim.switch_off(Fault::LateReply);
    // The late reply arrives while we go on: on the connection it belongs to nobody may listen.
    let mut tick = tokio::time::interval(Duration::from_millis(30));
    for _ in 0..40 {
        tick.tick().await;
        let readings = bench.cabinet.poll().await;
        let now = Instant::now();
        match readings.flag(Point::LampOn, now) {
            Ok(lamp_on) => {
                assert!(!lamp_on);
                assert_eq!(readings.number(Point::LampHoursH, now), Ok(120.0));
            }
            Err(missing) => assert!(
                matches!(
                    missing,
                    Missing::NoAnswer(LinkProblem::BackingOff | LinkProblem::ReplyTimedOut)
                ),
                "{missing:?}"
            ),
        }
    }
    assert_eq!(look(&bench.cabinet, Point::LampOn).await, Ok(0.0));
}

#[tokio::test]
async fn spoilt_replies_are_never_values() {
    let cases = [
        (Fault::ShortReply, LinkProblem::BadReply),
        (Fault::WrongTransaction, LinkProblem::BadReply),
        (Fault::HalfReply, LinkProblem::ReplyTimedOut),
        (Fault::Resets, LinkProblem::ConnectionLost),
    ];
    for (fault, problem) in cases {
        let bench = bench(10.0).await;
        bench.sim.switch_on(fault);
        assert_eq!(
            look(&bench.cabinet, Point::IrradianceMwCm2).await,
            Err(Missing::NoAnswer(problem)),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn exceptions_are_named() {
    let bench = bench(10.0).await;
    bench.cabinet.poll().await;
    bench.sim.switch_on(Fault::Exception4);
    assert_eq!(
        look(&bench.cabinet, Point::DoorClosed).await,
        Err(Missing::Refused { exception: 4 })
    );
    let lock = bench.cabinet.command(Command::Lock(Switch::On)).await;
    assert!(matches!(
        lock,
        Err(CommandError::Refused { exception: 4, .. })
    ));
}

#[tokio::test]
async fn controller_standing_still_is_not_believed() {
    let bench = bench(10.0).await;
    light(&bench).await;
    bench.sim.switch_on(Fault::ScanStopped);
    let readings = poll_until(&bench.cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()).is_err()
    })
    .await;
    for (point, reading) in readings.all(Instant::now()) {
        assert!(
            matches!(reading, Err(Missing::Frozen { .. })),
            "{point}: {reading:?}"
        );
    }
}

#[tokio::test]
async fn a_counter_that_toggles_is_no_living_controller() {
    let bench = bench(10.0).await;
    light(&bench).await;
    bench.sim.switch_on(Fault::ScanToggles);
    // Polls in step with it see it stand still.
    let not_believed = |r: &uv_cabinet::Readings| {
        let door = r.flag(Point::DoorClosed, Instant::now());
        matches!(door, Err(Missing::FellBack { .. } | Missing::Frozen { .. }))
    };
    poll_until(&bench.cabinet, not_believed).await;
    for _ in 0..40 {
        assert!(not_believed(&bench.cabinet.poll().await), "still not");
    }
    bench.sim.switch_off(Fault::ScanToggles);
    poll_until(&bench.cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()) == Ok(true)
    })
    .await;
}

#[tokio::test]
async fn an_order_that_somebody_else_changed_is_named_once() {
    let bench = bench(10.0).await;
    for command in [Command::Lock(Switch::On), Command::Fan(Switch::On)] {
        bench.cabinet.command(command).await.expect("taken");
    }
    truth_until(&bench.sim, |truth| truth.fan_turning).await;
    assert_eq!(bench.cabinet.probe().await.changed, []);
    bench.sim.switch_on(Fault::PanelFanOff);
    truth_until(&bench.sim, |truth| !truth.fan_turning).await;
    let changed = bench.cabinet.probe().await.changed;
    let told: Vec<_> = changed.iter().map(|c| (c.point, c.told, c.found)).collect();
    assert_eq!(told, [(Point::FanCommand, 1, 0)]);
    assert_eq!(bench.cabinet.probe().await.changed, [], "said once");
}

#[tokio::test]
async fn sensor_gone_mad_is_not_a_value() {
    let bench = bench(10.0).await;
    bench.sim.switch_on(Fault::IrradianceBroken);
    let readings = poll_until(&bench.cabinet, |r| {
        r.number(Point::IrradianceMwCm2, Instant::now()).is_err()
    })
    .await;
    assert_eq!(
        readings.number(Point::IrradianceMwCm2, Instant::now()),
        Err(Missing::OutOfRange {
            value: 65.535,
            min: 0.0,
            max: 40.0
        })
    );
    assert_eq!(readings.flag(Point::DoorClosed, Instant::now()), Ok(true));
}

#[tokio::test]
async fn a_refused_address_costs_only_its_own_block() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = DEMO
        .replace("127.0.0.1:1502", &format!("127.0.0.1:{port}"))
        .replacen(
            "address = 2\ntype = \"i16\"",
            "address = 700\ntype = \"i16\"",
            1,
        );
    let (_sim, plug) = uv_cabinet::sim::start(listener, uv_cabinet::sim::SimSettings::default());
    let plug = tokio::spawn(plug);
    let (cabinet, task) = Cabinet::new(Profile::parse(&text).unwrap());
    let driver = tokio::spawn(task.run());
    let readings = cabinet.poll().await;
    let now = Instant::now();
    assert_eq!(
        readings.number(Point::LampTemperatureC, now),
        Err(Missing::Refused { exception: 2 })
    );
    assert_eq!(readings.number(Point::LampHoursH, now), Ok(120.0));
    plug.abort();
    drop(cabinet);
    bounded(driver).await.unwrap();
}

/// Lamp dead, contact on, and the sensor's last value for ever: held exactly constant, it is no measurement.
#[tokio::test]
async fn a_light_that_never_changes_is_not_believed() {
    let bench = bench(20.0).await;
    light(&bench).await;
    bench.sim.switch_on(Fault::IrradianceFrozen);
    poll_until(&bench.cabinet, |r| {
        matches!(
            r.number(Point::IrradianceMwCm2, Instant::now()),
            Err(Missing::Frozen { .. })
        )
    })
    .await;
}
