//! A cabinet whose registers answer with a value that tells its address and its turn, so that a wrong one cannot pass for a right
//! one; on a served line, with the weather of a storm.

use std::{
    collections::VecDeque,
    future::ready,
    io,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_serial::{SerialPort as _, SerialStream};
use uv_cabinet::{Address, Kind, Point, PointSpec, Profile, Table, Transport};

use crate::rogue::{Dice, End, Fault, Rogue, Wire, opened, sealed};

/// How late replies come, and how long both sides wait.
#[derive(Debug, Clone)]
pub(crate) struct Lateness {
    /// Late replies come between these after their request.
    pub(crate) late_ms: Range<u64>,
    /// After this no reply comes any more.
    pub(crate) latest: Duration,
    pub(crate) reply_timeout: Duration,
    /// How long a serial line is heard out.
    pub(crate) silent: Duration,
}

/// Registers that are asked for, each by a request of its own; all replies look alike.
pub(crate) const PLACES: [(Point, u16); 2] = [(Point::IrradianceMwCm2, 3), (Point::OzoneMgM3, 17)];
/// Modbus function.
const READ_COILS: u8 = 1;
/// The lowest bits of a value are the turn it was served in, the highest its address.
const TURNS: u64 = 1 << 11;

/// A cabinet whose values tell where and when they are from.
#[derive(Debug)]
pub(crate) struct Cunning {
    pub(crate) turn: AtomicU64,
    pub(crate) calm: AtomicBool,
    late_ms: Range<u64>,
    /// What happened to the reply of each turn, and when it was asked for; for the report of a wrong value.
    turns: Mutex<VecDeque<(u64, Instant, Option<Fault>)>>,
}

impl Cunning {
    fn answer(&self, wire: Wire, asked: &[u8]) -> Vec<u8> {
        let inside = opened(wire, asked);
        let address = u16::from_be_bytes([inside[2], inside[3]]);
        let turn = self.turn.fetch_add(1, Ordering::SeqCst) + 1;
        if inside[1] == READ_COILS {
            return sealed(wire, asked, &[inside[0], inside[1], 1, (turn % 2) as u8]);
        }
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

    pub(crate) fn tell_of_wrong(&self, value: u64, address: u16, before: u64) {
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
                let by = self.late_ms.start + dice.below(self.late_ms.end - self.late_ms.start);
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
    pub(crate) fn may_have_said(&self, value: u64, address: u16, before: u64) -> bool {
        let now = self.turn.load(Ordering::SeqCst);
        assert!(now - before < TURNS, "turns do not wrap within one poll");
        (before + 1..=now).any(|turn| value == ((u64::from(address) << 11) | (turn % TURNS)))
    }
}

/// A served line: where it is, who serves it, and what keeps it open.
pub(crate) struct Served {
    pub(crate) address: Address,
    pub(crate) cunning: Arc<Cunning>,
    server: JoinHandle<()>,
    _other_end: Option<SerialStream>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) async fn served(wire: Wire, seed: u64, lateness: &Lateness) -> Served {
    let cunning = Arc::new(Cunning {
        turn: AtomicU64::new(0),
        calm: AtomicBool::new(false),
        late_ms: lateness.late_ms.clone(),
        turns: Mutex::default(),
    });
    let mut rogue = Rogue {
        wire,
        dice: Dice::new(seed),
        latest: lateness.latest,
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

/// The shipped profile with two points and its commands, on `line`, with the storm's times.
pub(crate) fn profile(line: &Served, lateness: &Lateness) -> Profile {
    const DEMO: &str = include_str!("../../../../config/cabinets/demo.toml");
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
    profile.link.reply_timeout = lateness.reply_timeout;
    profile.link.connect_timeout = Duration::from_secs(5);
    (profile.link.backoff_first, profile.link.backoff_max) =
        (Duration::from_millis(1), Duration::from_millis(2));
    if let Transport::Rtu(serial) = &mut profile.link.transport {
        serial.silent = lateness.silent;
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
