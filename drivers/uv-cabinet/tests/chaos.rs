//! libmodbus and pymodbus behind a proxy that spoils their replies byte by byte, each fault on TCP and on a serial line: a spoilt
//! reply is never a value, the link's counters show it, and the cabinet is well again afterwards.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::peer::{Peer, drive, rtu_profile};
use crate::rogue::{Dice, End, Fault, Rogue, Wire, reply};
use crate::support::{poll_until, profile};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
};
use tokio_serial::{SerialPort as _, SerialStream};
use uv_cabinet::{Cabinet, LinkQuality, Missing, Point, Profile, Readings};

const REPLY_TIMEOUT_MS: u64 = 120;
const LATEST: Duration = Duration::from_millis(300);
const SILENT_MS: u64 = 350;

/// What every peer holds: the raw bits of each point.
const HELD: [(Point, u32); 11] = [
    (Point::DoorClosed, 1),
    (Point::Locked, 0),
    (Point::EstopPressed, 0),
    (Point::LampOn, 1),
    (Point::FanOn, 0),
    (Point::IrradianceMwCm2, 12_345),
    (Point::OzoneMgM3, 87),
    (Point::LampTemperatureC, 65_481),
    (Point::LampHoursH, 0x1_E240),
    (Point::LampStrikes, 4321),
    (Point::ScanCounter, 777),
];

/// When replies are spoilt, and how many were.
#[derive(Debug, Default)]
struct Weather {
    calm: AtomicBool,
    spoilt: AtomicUsize,
}

impl Weather {
    /// One reply in three is spoilt while it storms. By chance: at every third, a refused heartbeat (which is not read back) would
    /// shorten each round to three replies, and every later heartbeat be refused in its turn and nothing else.
    fn next(&self, dice: &mut Dice, fault: Fault) -> Option<Fault> {
        if self.calm.load(Ordering::SeqCst) || dice.below(3) > 0 {
            return None;
        }
        self.spoilt.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }
}

/// A peer, the proxy before it, and a driver's profile for it.
struct Bench {
    profile: Profile,
    weather: Arc<Weather>,
    proxy: JoinHandle<()>,
    _peer: Peer,
    _ends: Vec<SerialStream>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.proxy.abort();
    }
}

#[derive(Debug, Clone, Copy)]
enum Maker {
    Libmodbus,
    Pymodbus,
}

fn peer(maker: Maker, arguments: &[&str]) -> Peer {
    match maker {
        Maker::Libmodbus => Peer::libmodbus(&[&["serve"][..], arguments].concat()),
        Maker::Pymodbus => Peer::python("pymodbus_cabinet.py", arguments),
    }
}

async fn bench(maker: Maker, wire: Wire, fault: Fault) -> Bench {
    let weather = Arc::<Weather>::default();
    let rogue = Rogue {
        wire,
        dice: Dice::new(20),
        latest: LATEST,
    };
    let (mut profile, proxy, peer, ends) = match wire {
        Wire::Tcp => {
            let mut peer = peer(maker, &["tcp"]);
            let upstream = format!("127.0.0.1:{}", peer.line().await);
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let port = listener.local_addr().expect("bound").port();
            let proxy = tokio::spawn(tcp_proxy(listener, upstream, rogue, weather.clone(), fault));
            (profile(port), proxy, peer, Vec::new())
        }
        Wire::Rtu => {
            let pair = || SerialStream::pair().expect("a pseudo-terminal");
            let ((to_peer, peer_end), (to_station, station_end)) = (pair(), pair());
            let name = |end: &SerialStream| end.name().expect("a name");
            let mut peer = peer(maker, &["rtu", &name(&peer_end)]);
            assert_eq!(peer.line().await, "ready");
            let device = PathBuf::from(name(&station_end));
            let proxy = tokio::spawn(rtu_proxy(
                to_station,
                to_peer,
                rogue,
                weather.clone(),
                fault,
            ));
            let profile = rtu_profile(&device, REPLY_TIMEOUT_MS, SILENT_MS);
            (profile, proxy, peer, vec![peer_end, station_end])
        }
    };
    profile.link.reply_timeout = Duration::from_millis(REPLY_TIMEOUT_MS);
    profile.link.backoff_first = Duration::from_millis(10);
    profile.link.backoff_max = Duration::from_millis(10);
    for spec in profile.points.values_mut() {
        (spec.max_age, spec.frozen_after) = (Duration::from_secs(20), None);
    }
    Bench {
        profile,
        weather,
        proxy,
        _peer: peer,
        _ends: ends,
    }
}

/// Hands the request on and gives what the peer says.
async fn passed_on<S>(wire: Wire, upstream: Arc<Mutex<S>>, asked: Vec<u8>) -> io::Result<Vec<u8>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut upstream = upstream.lock().await;
    upstream.write_all(&asked).await?;
    reply(wire, &mut *upstream).await
}

async fn tcp_proxy(
    listener: TcpListener,
    upstream: String,
    mut rogue: Rogue,
    weather: Arc<Weather>,
    fault: Fault,
) {
    while let Ok((client, _)) = listener.accept().await {
        let upstream = Arc::new(Mutex::new(
            TcpStream::connect(&upstream)
                .await
                .expect("the peer listens"),
        ));
        let answer = |asked| passed_on(Wire::Tcp, Arc::clone(&upstream), asked);
        let spoil = |dice: &mut Dice| weather.next(dice, fault);
        let (end, client) = rogue.serve(client, answer, spoil).await;
        if end == End::Reset {
            client.set_zero_linger().expect("an open socket");
        }
    }
}

async fn rtu_proxy(
    station: SerialStream,
    upstream: SerialStream,
    mut rogue: Rogue,
    weather: Arc<Weather>,
    fault: Fault,
) {
    let upstream = Arc::new(Mutex::new(upstream));
    let answer = |asked| passed_on(Wire::Rtu, Arc::clone(&upstream), asked);
    let spoil = |dice: &mut Dice| weather.next(dice, fault);
    rogue.serve(station, answer, spoil).await;
}

/// How many points are there; fails on the first that is not what the peer holds.
fn right(readings: &Readings) -> usize {
    let now = Instant::now();
    let there = HELD.iter().filter(|(point, held)| {
        readings.get(*point, now).is_ok_and(|reading| {
            assert_eq!(reading.raw, *held, "{point} is silently wrong");
            true
        })
    });
    there.count()
}

/// Polls through the fault and out of it again; gives what the link counted.
async fn endured(maker: Maker, wire: Wire, fault: Fault) -> LinkQuality {
    let bench = bench(maker, wire, fault).await;
    let (cabinet, driver) = drive(bench.profile.clone());
    let spoilt_enough = |_: &Readings| bench.weather.spoilt.load(Ordering::SeqCst) >= 5;
    poll_until(&cabinet, |readings| {
        right(readings);
        spoilt_enough(readings)
    })
    .await;
    bench.weather.calm.store(true, Ordering::SeqCst);
    let calm_from = Instant::now();
    poll_until(&cabinet, |readings| {
        let fresh = |(point, _): &(Point, u32)| {
            readings
                .get(*point, Instant::now())
                .is_ok_and(|reading| reading.at > calm_from)
        };
        right(readings) == HELD.len() && HELD.iter().all(fresh)
    })
    .await;
    let link = cabinet.link_quality();
    drop(cabinet);
    crate::support::bounded(driver)
        .await
        .expect("ends with its last handle");
    link
}

fn check_timed_out(link: &LinkQuality) {
    assert!(link.timeouts >= 3, "{link:?}");
}

fn check_bad(link: &LinkQuality) {
    assert!(link.bad_replies + link.crc_errors >= 3, "{link:?}");
}

fn check_crc(link: &LinkQuality) {
    assert!(link.crc_errors >= 3, "{link:?}");
}

fn check_lost(link: &LinkQuality) {
    assert!(link.losses >= 3, "{link:?}");
}

fn check_late_or_bad(link: &LinkQuality) {
    assert!(
        link.timeouts + link.bad_replies + link.crc_errors >= 3,
        "{link:?}"
    );
}

/// One fault on both wires: each a test of its own.
macro_rules! fault {
    ($name:ident, $fault:expr, tcp $tcp:expr, rtu $rtu:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn on_tcp() {
                $tcp(&endured(Maker::Libmodbus, Wire::Tcp, $fault).await);
            }

            #[tokio::test]
            async fn on_a_serial_line() {
                $rtu(&endured(Maker::Libmodbus, Wire::Rtu, $fault).await);
            }
        }
    };
}

fault!(late_reply, Fault::Late(Duration::from_millis(200)), tcp check_timed_out, rtu check_timed_out);
fault!(dropped_reply, Fault::Dropped, tcp check_timed_out, rtu check_timed_out);
fault!(duplicated_reply, Fault::Twice, tcp check_bad, rtu check_bad);
fault!(garbage_before, Fault::GarbageBefore, tcp check_late_or_bad, rtu check_late_or_bad);
fault!(garbage_after, Fault::GarbageAfter, tcp check_bad, rtu check_bad);
fault!(truncated_frame, Fault::Truncated, tcp check_timed_out, rtu check_timed_out);
fault!(wrong_check_sum_or_transaction, Fault::WrongCheck, tcp check_bad, rtu check_crc);
fault!(reply_of_another_unit, Fault::OtherUnit, tcp check_bad, rtu check_bad);
fault!(slow_loris_reply, Fault::SlowLoris(Duration::from_millis(30)), tcp check_timed_out, rtu check_timed_out);
fault!(reset, Fault::Reset, tcp check_lost, rtu check_timed_out);

#[tokio::test]
async fn late_replies_of_pymodbus_on_tcp() {
    let fault = Fault::Late(Duration::from_millis(200));
    check_timed_out(&endured(Maker::Pymodbus, Wire::Tcp, fault).await);
}

#[tokio::test]
async fn late_replies_of_pymodbus_on_a_serial_line() {
    let fault = Fault::Late(Duration::from_millis(200));
    check_timed_out(&endured(Maker::Pymodbus, Wire::Rtu, fault).await);
}

/// Exceptions 1 to 6 are answers in step: named, counted, and they cost the link nothing. 10 and 11 are a gateway's word that nobody is there.
async fn exceptions(wire: Wire) {
    for code in [1, 2, 3, 4, 5, 6, 10, 11] {
        let bench = bench(Maker::Libmodbus, wire, Fault::Exception(code)).await;
        let (cabinet, _driver) = drive(bench.profile.clone());
        // Known first: a cabinet without its name's registers (1 to 3) would be another one.
        bench.weather.calm.store(true, Ordering::SeqCst);
        poll_until(&cabinet, |readings| right(readings) == HELD.len()).await;
        bench.weather.calm.store(false, Ordering::SeqCst);
        refused_with(&cabinet, code).await;
        bench.weather.calm.store(true, Ordering::SeqCst);
        poll_until(&cabinet, |readings| right(readings) == HELD.len()).await;
        assert!(cabinet.link_quality().exceptions >= 1);
    }
}

async fn refused_with(cabinet: &Cabinet, code: u8) {
    let refused = Missing::Refused { exception: code };
    // What was read is believed until it is too old, as in any silence.
    let unreached = || {
        let last = cabinet.link_quality().last_problem;
        code >= 10 && last == Some(uv_cabinet::LinkProblem::Unreached)
    };
    poll_until(cabinet, |readings| {
        right(readings);
        readings
            .all(Instant::now())
            .any(|(_, reading)| reading == Err(refused.clone()))
            || unreached()
    })
    .await;
}

#[tokio::test]
async fn exceptions_on_tcp() {
    exceptions(Wire::Tcp).await;
}

#[tokio::test]
async fn exceptions_on_a_serial_line() {
    exceptions(Wire::Rtu).await;
}
