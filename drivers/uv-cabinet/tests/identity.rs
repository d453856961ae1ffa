//! Another cabinet than the profile's: believed nothing, told nothing, never lit; on TCP and on a serial line.

use std::{cell::Cell, time::Instant};

use crate::support::{poll_until, truth_until};
use tokio::{net::TcpListener, task::JoinHandle};
use uv_cabinet::{
    Address, Cabinet, Command, CommandError, Missing, Point, Profile, Switch, WrongCabinet,
    sim::{self, Fault, SerialEnd, SimHandle, SimSettings, Wire},
};

/// The demo cabinet's name, as the profile has it.
const EXPECTED: &str = "expected = \"LX-DEMO1\"";

struct Bench {
    cabinet: Cabinet,
    sim: SimHandle,
    tasks: [JoinHandle<()>; 2],
    _folder: tempfile::TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Tcp,
    Rtu,
}

const BOTH: [On; 2] = [On::Tcp, On::Rtu];

/// A simulated cabinet and a driver whose profile was changed.
async fn bench(on: On, change: impl FnOnce(String) -> String, faults: &[Fault]) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("cabinet-1");
    let serial = "transport = \"rtu\"\ndevice = \"/dev/x\"\nbaud = 115200\nparity = \"none\"\nstop_bits = 1\nsilent_ms = 200";
    let (end, text, address) = match on {
        On::Tcp => {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let at = listener.local_addr().expect("bound").to_string();
            let text = crate::support::DEMO.to_owned();
            (Wire::Tcp(listener), text, Address::Network(at))
        }
        On::Rtu => {
            let end = SerialEnd::pseudo_terminal(link.clone()).expect("a pseudo-terminal");
            let tcp = "transport = \"tcp\"\naddress = \"127.0.0.1:1502\"";
            let text = crate::support::DEMO.replace(tcp, serial);
            (Wire::Serial(end), text, Address::Device(link))
        }
    };
    let mut profile = Profile::parse(&change(text)).expect("a good profile");
    profile.link.move_to(address).expect("its wire");
    let (sim, plug) = sim::start_on(vec![end], SimSettings::default());
    for fault in faults {
        sim.switch_on(*fault);
    }
    let plug = tokio::spawn(async move {
        let _ = plug.await;
    });
    let (cabinet, task) = Cabinet::new(profile);
    Bench {
        cabinet,
        sim,
        tasks: [tokio::spawn(task.run()), plug],
        _folder: folder,
    }
}

async fn as_shipped(on: On, faults: &[Fault]) -> Bench {
    bench(on, |text| text, faults).await
}

fn another() -> WrongCabinet {
    WrongCabinet {
        point: "model".into(),
        read: "\"LX-TWIN2\"".into(),
        expected: "\"LX-DEMO1\"".into(),
    }
}

#[tokio::test]
async fn another_model_is_believed_nothing_and_told_nothing() {
    for on in BOTH {
        let bench = as_shipped(on, &[Fault::WrongCabinet]).await;
        let readings = bench.cabinet.poll().await;
        assert_eq!(readings.wrong_cabinet(), Some(&another()), "{on:?}");
        for (point, reading) in readings.all(Instant::now()) {
            let wrong = Err(Missing::WrongCabinet(another()));
            assert_eq!(reading, wrong, "{on:?} {point}");
        }
        for command in [
            Command::Heartbeat,
            Command::Lamp(Switch::On),
            Command::Lamp(Switch::Off),
            Command::Lock(Switch::On),
            Command::Fan(Switch::On),
        ] {
            let told = bench.cabinet.command(command).await;
            let error = told.expect_err("another cabinet is told nothing");
            assert_eq!(error.code(), "wrong_cabinet", "{on:?} {command:?}");
            let said =
                "identity.model is \"LX-TWIN2\", expected \"LX-DEMO1\": a cabinet of another model";
            assert_eq!(error.to_string(), said);
        }
        let truth = bench.sim.truth().borrow().clone();
        assert_eq!((truth.lamp_on_orders, truth.lamp_off_orders), (0, 0));
        assert!(!truth.locked && !truth.fan_turning, "{truth:?}");
    }
}

/// Nothing else would have told: the port stays open, and the other cabinet's registers all look good.
#[tokio::test]
async fn swapped_behind_an_open_connection_it_is_found_before_the_lamp_is_lit() {
    for on in BOTH {
        let bench = as_shipped(on, &[]).await;
        poll_until(&bench.cabinet, |r| {
            r.flag(Point::DoorClosed, Instant::now()) == Ok(true)
        })
        .await;
        bench.sim.switch_on(Fault::WrongCabinet);
        let lit = bench.cabinet.command(Command::Lamp(Switch::On)).await;
        assert!(
            matches!(&lit, Err(CommandError::WrongCabinet(wrong)) if *wrong == another()),
            "{on:?} {lit:?}"
        );
        assert_eq!(bench.sim.truth().borrow().lamp_on_orders, 0, "{on:?}");
    }
}

#[tokio::test]
async fn swapped_while_it_was_silent_it_is_found_with_the_first_answer() {
    for on in BOTH {
        let bench = as_shipped(on, &[]).await;
        bench.cabinet.poll().await;
        bench.sim.switch_on(Fault::NoAnswer);
        poll_until(&bench.cabinet, |r| {
            r.flag(Point::DoorClosed, Instant::now()).is_err()
        })
        .await;
        bench.sim.switch_on(Fault::WrongCabinet);
        bench.sim.switch_off(Fault::NoAnswer);
        let believed = Cell::new(false);
        poll_until(&bench.cabinet, |r| {
            let value = r.flag(Point::DoorClosed, Instant::now()).is_ok();
            believed.set(believed.get() || value);
            r.wrong_cabinet().is_some()
        })
        .await;
        assert!(
            !believed.get(),
            "{on:?}: a value of the other cabinet was taken"
        );
        bench.sim.switch_off(Fault::WrongCabinet);
        poll_until(&bench.cabinet, |r| {
            r.flag(Point::DoorClosed, Instant::now()) == Ok(true)
        })
        .await;
        bench
            .cabinet
            .command(Command::Lock(Switch::On))
            .await
            .expect("the right one is told");
        truth_until(&bench.sim, |truth| truth.locked).await;
    }
}

#[tokio::test]
async fn a_stranger_that_falls_silent_is_called_silent() {
    for on in BOTH {
        let bench = as_shipped(on, &[Fault::WrongCabinet]).await;
        poll_until(&bench.cabinet, |r| r.wrong_cabinet().is_some()).await;
        bench.sim.switch_on(Fault::NoAnswer);
        poll_until(&bench.cabinet, |r| {
            let door = r.flag(Point::DoorClosed, Instant::now());
            r.wrong_cabinet().is_none() && matches!(door, Err(Missing::NoAnswer(_)))
        })
        .await;
    }
}

#[tokio::test]
async fn a_cabinet_without_that_register_is_another_one() {
    for on in BOTH {
        let elsewhere = |text: String| text.replace("address = 16\n", "address = 900\n");
        let bench = bench(on, elsewhere, &[]).await;
        let readings = bench.cabinet.poll().await;
        let wrong = readings.wrong_cabinet().expect("it has no such register");
        assert_eq!(wrong.read, "Modbus exception 2", "{on:?}");
    }
}

/// Busy is not wrong: nothing is believed until it says who it is, and nothing is told.
#[tokio::test]
async fn a_cabinet_that_does_not_say_who_it_is_now_is_not_called_wrong() {
    for (on, fault) in [
        (On::Tcp, Fault::Exception6),
        (On::Rtu, Fault::Exception6),
        (On::Tcp, Fault::NoAnswer),
        (On::Rtu, Fault::NoAnswer),
    ] {
        let bench = as_shipped(on, &[fault]).await;
        let readings = bench.cabinet.poll().await;
        assert_eq!(readings.wrong_cabinet(), None);
        assert!(readings.flag(Point::DoorClosed, Instant::now()).is_err());
        let lit = bench.cabinet.command(Command::Lamp(Switch::On)).await;
        assert!(
            matches!(lit, Err(CommandError::NotTold { .. })),
            "{on:?} {fault:?} {lit:?}"
        );
        assert_eq!(bench.sim.truth().borrow().lamp_on_orders, 0);
    }
}

#[tokio::test]
async fn numbers_in_both_word_orders_are_shown_as_the_profile_writes_them() {
    // The simulated name's first two registers, read as a number: 0x4C58 0x2D44.
    let as_number = |kind: &str, expected: &str| {
        let (kind, expected) = (kind.to_owned(), format!("expected = {expected}"));
        move |text: String| {
            text.replace("type = \"text\"", &kind)
                .replace(EXPECTED, &expected)
        }
    };
    for (kind, good) in [
        ("type = \"u16\"", "0x4C58"),
        ("type = \"u32\"", "0x4C582D44"),
        ("type = \"u32\"\nword_order = \"low_first\"", "0x2D444C58"),
    ] {
        let right = bench(On::Tcp, as_number(kind, good), &[]).await;
        let readings = right.cabinet.poll().await;
        assert_eq!(
            readings.flag(Point::DoorClosed, Instant::now()),
            Ok(true),
            "{kind}"
        );
        let wrong = bench(On::Tcp, as_number(kind, "1"), &[]).await;
        let readings = wrong.cabinet.poll().await;
        let found = readings.wrong_cabinet().expect("another number");
        assert!(found.read.contains(good), "{kind}: {found:?}");
    }
}

#[tokio::test]
async fn a_profile_without_identity_asks_nobody() {
    let bare = |text: String| {
        let begin = text.find("[identity.model]").expect("shipped");
        let end = text.find("# Points: what is where").expect("shipped");
        format!("{}{}", &text[..begin], &text[end..])
    };
    let bench = bench(On::Tcp, bare, &[Fault::WrongCabinet]).await;
    let readings = bench.cabinet.poll().await;
    assert_eq!(readings.flag(Point::DoorClosed, Instant::now()), Ok(true));
}

#[test]
fn a_wrong_identity_is_refused_with_its_line() {
    let cases = [
        (
            EXPECTED,
            "expected = 7",
            "identity.model.expected = 7: allowed: 1 to 64 ASCII characters in quotes",
        ),
        (
            EXPECTED,
            "expected = \"柜\"",
            "identity.model.expected = \"柜\": allowed: 1 to 64 ASCII characters in quotes",
        ),
        (
            "address = 16\ntype = \"text\"",
            "address = 16\ntype = \"u16\"",
            "identity.model.expected = \"LX-DEMO1\": allowed: a number, 0 to 65535",
        ),
        (
            "address = 16\n",
            "address = 65533\n",
            "identity.model.address = 65533: allowed: 0 to 65532",
        ),
    ];
    for (from, to, said) in cases {
        assert!(crate::support::DEMO.contains(from), "{from}");
        let text = crate::support::DEMO.replacen(from, to, 1);
        let error = Profile::parse(&text).expect_err("refused").to_string();
        let (line, rest) = error
            .strip_prefix("line ")
            .and_then(|e| e.split_once(": "))
            .expect("a line");
        assert_eq!(rest, said);
        let line: usize = line.parse().expect("a number");
        let there = text.lines().nth(line - 1).expect("a line of the file");
        let key = said
            .split(' ')
            .next()
            .and_then(|key| key.rsplit('.').next());
        assert!(there.starts_with(key.expect("a key")), "{there}");
    }
}

#[test]
fn age_that_would_hide_a_silence_is_refused() {
    let from = "address = 0\ntype = \"bool\"\nmax_age_ms = 250";
    assert!(crate::support::DEMO.contains(from));
    let text =
        crate::support::DEMO.replacen(from, "address = 0\ntype = \"bool\"\nmax_age_ms = 300", 1);
    let error = Profile::parse(&text).expect_err("three polls are one too many");
    let said = "points.door_closed.max_age_ms = 300: allowed: 20 to 250, two and a half times timing.poll_ms";
    assert!(error.to_string().ends_with(said), "{error}");
}
