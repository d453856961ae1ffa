//! The storm: polls against cabinets of which 15 % of the replies are late and 2 % garbage, on TCP and on serial lines, with delays and
//! time-outs scaled down. Every register answers with a value that tells its address and its turn, so that a wrong one cannot
//! pass for a right one. A naive client goes through the same storm and gets wrong values: the test can fail.
//!
//! `make test` polls 20,000 times; `make storm` a million times (`LAIXIN_STORM_POLLS`).

#[expect(dead_code, reason = "the half of a proxy is used by tests/chaos.rs")]
#[path = "support/rogue.rs"]
mod rogue;

use std::{
    collections::VecDeque,
    future::ready,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rogue::{Dice, End, Fault, Rogue, Wire, opened, sealed};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
    time::{interval, timeout},
};
use tokio_modbus::{Slave, client::Reader as _};
use tokio_serial::{SerialPort as _, SerialStream};
use uv_cabinet::{
    Address, Cabinet, Kind, LinkQuality, Point, PointSpec, Profile, Readings, Table, Transport,
};

const REPLY_TIMEOUT: Duration = Duration::from_millis(50);
/// Late replies come between these after their request, all later than the time-out.
const LATE_MS: std::ops::Range<u64> = 55..110;
const LATEST: Duration = Duration::from_millis(120);
/// Longer than the latest possible reply, and than this machine may keep a reply that was sent in time from arriving.
const SILENT: Duration = Duration::from_millis(500);
/// Registers that are asked for, each by a request of its own; all replies look alike.
const PLACES: [(Point, u16); 2] = [(Point::IrradianceMwCm2, 3), (Point::OzoneMgM3, 17)];
/// The lowest bits of a value are the turn it was served in, the highest its address.
const TURNS: u64 = 1 << 11;

/// A cabinet whose values tell where and when they are from.
#[derive(Debug, Default)]
struct Cunning {
    turn: AtomicU64,
    calm: AtomicBool,
    /// What happened to the reply of each turn, and when it was asked for; for the report of a wrong value.
    turns: Mutex<VecDeque<(u64, Instant, Option<Fault>)>>,
}

impl Cunning {
    fn answer(&self, wire: Wire, asked: &[u8]) -> Vec<u8> {
        let inside = opened(wire, asked);
        let address = u16::from_be_bytes([inside[2], inside[3]]);
        let turn = self.turn.fetch_add(1, Ordering::SeqCst) + 1;
        let value = (address << 11) | (turn % TURNS) as u16;
        let [high, low] = value.to_be_bytes();
        sealed(wire, asked, &[inside[0], inside[1], 2, high, low])
    }

    fn weather(&self, dice: &mut Dice) -> Option<Fault> {
        let fault = self.fault(dice);
        let mut turns = self.turns.lock().expect("no panic");
        turns.push_back((self.turn.load(Ordering::SeqCst), Instant::now(), fault));
        if turns.len() as u64 > TURNS / 2 {
            turns.pop_front();
        }
        fault
    }

    fn tell_of_wrong(&self, value: u64, address: u16, before: u64) {
        let turns = self.turns.lock().expect("no panic");
        let said = turns
            .iter()
            .rev()
            .find(|(turn, ..)| turn % TURNS == value % TURNS);
        println!(
            "storm/wrong address {address} got {} turns {before}..{} reply {:?}",
            value / TURNS,
            self.turn.load(Ordering::SeqCst),
            said.map(|(turn, at, fault)| (turn, at.elapsed(), fault))
        );
    }

    fn fault(&self, dice: &mut Dice) -> Option<Fault> {
        if self.calm.load(Ordering::SeqCst) {
            return None;
        }
        match dice.below(100) {
            0..15 => {
                let by = LATE_MS.start + dice.below(LATE_MS.end - LATE_MS.start);
                Some(Fault::Late(Duration::from_millis(by)))
            }
            15..17 => Some(
                [
                    Fault::GarbageBefore,
                    Fault::GarbageAfter,
                    Fault::Truncated,
                    Fault::WrongCheck,
                    Fault::OtherUnit,
                    Fault::Twice,
                    Fault::Dropped,
                    Fault::Reset,
                ][dice.below(8) as usize],
            ),
            _ => None,
        }
    }

    /// Whether `value` is what was at `address` in one of the turns after `before`.
    fn may_have_said(&self, value: u64, address: u16, before: u64) -> bool {
        let now = self.turn.load(Ordering::SeqCst);
        assert!(now - before < TURNS, "turns do not wrap within one poll");
        (before + 1..=now).any(|turn| value == ((u64::from(address) << 11) | (turn % TURNS)))
    }
}

/// A served line: where it is, who serves it, and what keeps it open.
struct Served {
    address: Address,
    cunning: Arc<Cunning>,
    server: JoinHandle<()>,
    _other_end: Option<SerialStream>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn served(wire: Wire, seed: u64) -> Served {
    let cunning = Arc::<Cunning>::default();
    let mut rogue = Rogue {
        wire,
        dice: Dice::new(seed),
        latest: LATEST,
    };
    let inside = Arc::clone(&cunning);
    if wire == Wire::Rtu {
        let (cabinet, station) = SerialStream::pair().expect("a pseudo-terminal");
        let device = PathBuf::from(station.name().expect("a name"));
        let server = tokio::spawn(async move {
            let answer = |asked: Vec<u8>| ready(io::Result::Ok(inside.answer(wire, &asked)));
            rogue.serve(cabinet, answer, |d| inside.weather(d)).await;
        });
        return Served {
            address: Address::Device(device),
            cunning,
            server,
            _other_end: Some(station),
        };
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let server = tokio::spawn(async move {
        let mut talks = JoinSet::new();
        let mut connections = seed;
        while let Ok((stream, _)) = listener.accept().await {
            connections = connections.wrapping_add(1_000_003);
            let mut rogue = Rogue {
                dice: Dice::new(connections),
                ..rogue.clone()
            };
            let inside = Arc::clone(&inside);
            talks.spawn(async move {
                let answer = |asked: Vec<u8>| ready(io::Result::Ok(inside.answer(wire, &asked)));
                let (end, stream) = rogue.serve(stream, answer, |d| inside.weather(d)).await;
                if end == End::Reset {
                    stream.set_zero_linger().expect("an open socket");
                }
            });
            while talks.try_join_next().is_some() {}
        }
    });
    Served {
        address: Address::Network(address),
        cunning,
        server,
        _other_end: None,
    }
}

/// The shipped profile with two points, on `line`, with the storm's times.
fn profile(line: &Served) -> Profile {
    const DEMO: &str = include_str!("../../../config/cabinets/demo.toml");
    const SERIAL: &str = "transport = \"rtu\"\ndevice = \"/dev/x\"\nbaud = 115200\nparity = \"none\"\n\
                          stop_bits = 1\nsilent_ms = 600";
    let text = match line.address {
        Address::Network(_) => DEMO.to_owned(),
        Address::Device(_) => {
            DEMO.replace("transport = \"tcp\"\naddress = \"127.0.0.1:1502\"", SERIAL)
        }
    };
    let mut profile = Profile::parse(&text).expect("the shipped profile is good");
    profile
        .link
        .move_to(line.address.clone())
        .expect("its wire");
    profile.link.reply_timeout = REPLY_TIMEOUT;
    profile.link.connect_timeout = Duration::from_secs(5);
    (profile.link.backoff_first, profile.link.backoff_max) =
        (Duration::from_millis(1), Duration::from_millis(2));
    if let Transport::Rtu(serial) = &mut profile.link.transport {
        serial.silent = SILENT;
    }
    profile.identity.clear();
    let spec = profile.points[&Point::OzoneMgM3].clone();
    profile.points.retain(|point, _| point.is_command());
    for (point, address) in PLACES {
        let place = PointSpec {
            table: Table::InputRegister,
            address,
            kind: Kind::U16,
            scale: 1.0,
            min: 0.0,
            max: 65_535.0,
            max_age: Duration::from_secs(5),
            ..spec.clone()
        };
        profile.points.insert(point, place);
    }
    profile
}

#[derive(Debug, Default)]
struct Tally {
    polls: u64,
    values: u64,
    wrong: u64,
    longest_outage: Duration,
    link: LinkQuality,
}

/// Values of this poll, and how many of them no cabinet can have said during it.
fn judge(readings: &Readings, cunning: &Cunning, before: u64, began: Instant) -> (u64, u64) {
    let (mut values, mut wrong) = (0, 0);
    for (point, address) in PLACES {
        if let Ok(reading) = readings.get(point, Instant::now())
            && reading.at >= began
        {
            values += 1;
            let said = cunning.may_have_said(u64::from(reading.raw), address, before);
            if !said {
                cunning.tell_of_wrong(u64::from(reading.raw), address, before);
            }
            wrong += u64::from(!said);
        }
    }
    (values, wrong)
}

/// Polls one line `polls` times (those that only waited for the next try do not count), then until it is well.
async fn weathered(wire: Wire, seed: u64, polls: u64) -> Tally {
    let line = served(wire, seed).await;
    let (cabinet, task) = Cabinet::new(profile(&line));
    let driver = tokio::spawn(task.run());
    let mut tally = Tally::default();
    let mut waiting = interval(Duration::from_millis(1));
    let mut well_at = Instant::now();
    while tally.polls < polls {
        let asked_before = cabinet.link_quality().requests;
        let before = line.cunning.turn.load(Ordering::SeqCst);
        let began = Instant::now();
        let readings = cabinet.poll().await;
        if cabinet.link_quality().requests == asked_before {
            waiting.tick().await;
            continue;
        }
        let (values, wrong) = judge(&readings, &line.cunning, before, began);
        tally.polls += 1;
        tally.values += values;
        tally.wrong += wrong;
        if values == PLACES.len() as u64 {
            tally.longest_outage = tally.longest_outage.max(well_at.elapsed());
            well_at = Instant::now();
        }
    }
    line.cunning.calm.store(true, Ordering::SeqCst);
    let recovery = async {
        loop {
            let before = line.cunning.turn.load(Ordering::SeqCst);
            let began = Instant::now();
            let readings = cabinet.poll().await;
            if judge(&readings, &line.cunning, before, began) == (PLACES.len() as u64, 0) {
                return;
            }
            waiting.tick().await;
        }
    };
    timeout(Duration::from_secs(60), recovery)
        .await
        .expect("every line recovers");
    tally.link = cabinet.link_quality();
    drop(cabinet);
    timeout(Duration::from_secs(10), driver)
        .await
        .expect("ends with its last handle")
        .expect("no panic");
    tally
}

/// The usual way: ask, wait, and go on with the same context after an error. Gives values and wrong values.
async fn naive(seed: u64, requests: u64) -> (u64, u64) {
    let line = served(Wire::Rtu, seed).await;
    let Address::Device(device) = &line.address else {
        panic!("a serial line");
    };
    let builder = tokio_serial::new(device.to_string_lossy(), 115_200);
    let port = SerialStream::open(&builder).expect("opens");
    let mut context = tokio_modbus::client::rtu::attach_slave(port, Slave(1));
    let (mut values, mut wrong) = (0, 0);
    for turn in 0..requests {
        let (_, address) = PLACES[turn as usize % PLACES.len()];
        let before = line.cunning.turn.load(Ordering::SeqCst);
        let asked = context.read_input_registers(address, 1);
        if let Ok(Ok(Ok(words))) = timeout(REPLY_TIMEOUT, asked).await {
            let said = |word| line.cunning.may_have_said(word, address, before);
            values += 1;
            wrong += u64::from(!words.first().is_some_and(|word| said(u64::from(*word))));
        }
    }
    (values, wrong)
}

fn polls() -> u64 {
    std::env::var("LAIXIN_STORM_POLLS").map_or(20_000, |polls| {
        polls.parse().expect("LAIXIN_STORM_POLLS is a number")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_is_silently_wrong_and_every_line_recovers() {
    let began = Instant::now();
    let (polls, mut storm) = (polls(), JoinSet::new());
    let lines = [(Wire::Tcp, 64_u64), (Wire::Rtu, 512)];
    for (wire, count) in lines {
        let each = (polls / 2).div_ceil(count);
        for seed in 0..count {
            storm.spawn(async move { (wire, weathered(wire, seed + 1, each).await) });
        }
    }
    let mut sums = [Tally::default(), Tally::default()];
    while let Some(done) = storm.join_next().await {
        let (wire, tally) = done.expect("no panic");
        let sum = &mut sums[usize::from(wire == Wire::Rtu)];
        sum.polls += tally.polls;
        sum.values += tally.values;
        sum.wrong += tally.wrong;
        sum.longest_outage = sum.longest_outage.max(tally.longest_outage);
        let (all, one) = (&mut sum.link, &tally.link);
        all.requests += one.requests;
        all.replies += one.replies;
        all.timeouts += one.timeouts;
        all.crc_errors += one.crc_errors;
        all.bad_replies += one.bad_replies;
        all.losses += one.losses;
        all.drains += one.drains;
        all.reconnects += one.reconnects;
        all.repeats += one.repeats;
    }
    for (sum, name) in sums.iter().zip(["tcp", "rtu"]) {
        println!("storm/{name} {sum:?}");
        assert!(sum.polls >= polls / 2, "{name}: {sum:?}");
        assert_eq!(sum.wrong, 0, "{name}: {sum:?}");
        let (requests, late) = (sum.link.requests, sum.link.timeouts);
        assert!(late * 100 > requests * 13, "{name} was a storm: {sum:?}");
        assert!(
            sum.values > sum.polls,
            "{name}: most polls gave values: {sum:?}"
        );
    }
    let requests = (polls / 20).clamp(500, 5_000);
    let (values, wrong) = naive(7, requests).await;
    println!("storm/naive_rtu requests {requests} values {values} wrong {wrong}");
    println!("storm/seconds {:.0}", began.elapsed().as_secs_f64());
    assert!(
        wrong > 20,
        "a naive client goes wrong in this storm: {wrong} of {values}"
    );
}
