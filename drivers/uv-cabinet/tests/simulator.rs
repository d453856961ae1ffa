//! The simulated cabinet itself, heard with sockets and ports only: its serial line, its side channel, and
//! that every fault of the wire bites on both wires.

use std::{path::Path, time::Duration};

use crate::support::bounded;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_serial::SerialStream;
use uv_cabinet::sim::{self, Fault, SerialEnd, SimHandle, SimSettings, Wire};

/// Read five inputs from 0, and what a shut, unlocked, dark cabinet answers.
const ASK: [u8; 8] = [0x01, 0x02, 0x00, 0x00, 0x00, 0x05, 0xB8, 0x09];
const ANSWER: [u8; 6] = [0x01, 0x02, 0x01, 0x01, 0x60, 0x48];
/// The same under a header of TCP.
const ASK_TCP: [u8; 12] = [0, 7, 0, 0, 0, 6, 1, 2, 0, 0, 0, 5];
const ANSWER_TCP: [u8; 10] = [0, 7, 0, 0, 0, 4, 1, 2, 1, 1];

/// Faults of the wire; the others are the cabinet's own, and the station's tests are about them.
const WIRE_FAULTS: [Fault; 23] = [
    Fault::PlcReboots,
    Fault::PowerCut,
    Fault::NoAnswer,
    Fault::LateReply,
    Fault::DuplicatedReply,
    Fault::OtherUnit,
    Fault::WrongCrc,
    Fault::GarbageBefore,
    Fault::GarbageAfter,
    Fault::WrongTransaction,
    Fault::HalfReply,
    Fault::SlowLoris,
    Fault::Resets,
    Fault::HalfOpen,
    Fault::TtyMoved,
    Fault::Exception1,
    Fault::Exception2,
    Fault::Exception3,
    Fault::Exception4,
    Fault::Exception5,
    Fault::Exception6,
    Fault::Exception11,
    Fault::DoorOpen,
];

struct Bench {
    folder: tempfile::TempDir,
    sim: SimHandle,
    port: u16,
    plug: JoinHandle<std::io::Result<()>>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.plug.abort();
    }
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("cabinet-1");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let serial = SerialEnd::pseudo_terminal(link).expect("a pseudo-terminal");
        let settings = SimSettings {
            late: Duration::from_millis(400),
            ..SimSettings::default()
        };
        let wires = vec![Wire::Serial(serial), Wire::Tcp(listener)];
        let (sim, plug) = sim::start_on(wires, settings);
        let plug = tokio::spawn(plug);
        Self {
            folder,
            sim,
            port,
            plug,
        }
    }

    fn link(&self) -> std::path::PathBuf {
        self.folder.path().join("cabinet-1")
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("taken")
    }

    /// The fault is on, and the controller has seen it.
    async fn with(&self, fault: Fault) {
        self.sim.switch_on(fault);
        let mut truth = self.sim.truth();
        for _ in 0..3 {
            bounded(truth.changed()).await.expect("it scans");
        }
    }
}

fn serial(link: &Path) -> SerialStream {
    let port = tokio_serial::new(link.to_string_lossy(), 9600);
    SerialStream::open(&port).expect("the link leads to a port")
}

/// All that comes within 80 ms of quiet.
async fn hear(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut heard = Vec::new();
    while let Ok(Ok(1..)) = timeout(Duration::from_millis(80), from.read_buf(&mut heard)).await {}
    heard
}

#[tokio::test]
async fn answers_alike_on_both_wires() {
    let bench = Bench::new().await;
    let (mut line, mut socket) = (serial(&bench.link()), bench.tcp().await);
    line.write_all(&ASK).await.unwrap();
    assert_eq!(hear(&mut line).await, ANSWER);
    socket.write_all(&ASK_TCP).await.unwrap();
    assert_eq!(hear(&mut socket).await, ANSWER_TCP);
}

#[tokio::test]
async fn another_units_frames_are_left_alone() {
    let bench = Bench::new().await;
    let mut line = serial(&bench.link());
    line.write_all(&[0x02, 0x02, 0x00, 0x00, 0x00, 0x05, 0xB8, 0x3A])
        .await
        .unwrap();
    assert_eq!(hear(&mut line).await, []);
    line.write_all(&ASK).await.unwrap();
    assert_eq!(hear(&mut line).await, ANSWER);
}

/// What answers a good request, with the fault on, is not the good answer.
#[tokio::test]
async fn every_fault_of_the_wire_bites_on_both() {
    for fault in WIRE_FAULTS {
        let bench = Bench::new().await;
        let (mut line, mut socket) = (serial(&bench.link()), bench.tcp().await);
        bench.with(fault).await;
        // A port that has gone cannot be written to either.
        let _ = line.write_all(&ASK).await;
        assert_ne!(hear(&mut line).await, ANSWER, "{fault} on a serial line");
        let _ = socket.write_all(&ASK_TCP).await;
        assert_ne!(hear(&mut socket).await, ANSWER_TCP, "{fault} on TCP");
    }
}

#[tokio::test]
async fn unplugged_port_is_back_under_another_number() {
    let bench = Bench::new().await;
    let before = std::fs::read_link(bench.link()).unwrap();
    let mut line = serial(&bench.link());
    bench.with(Fault::TtyMoved).await;
    let gone = bounded(line.read_u8()).await;
    assert!(gone.is_err(), "{gone:?}");
    assert!(!bench.link().exists());
    bench.sim.switch_off(Fault::TtyMoved);
    let back = async {
        let mut truth = bench.sim.truth();
        while !bench.link().exists() {
            truth.changed().await.expect("it scans");
        }
    };
    bounded(back).await;
    assert_ne!(std::fs::read_link(bench.link()).unwrap(), before);
    let mut line = serial(&bench.link());
    line.write_all(&ASK).await.unwrap();
    assert_eq!(hear(&mut line).await, ANSWER);
}

#[tokio::test]
async fn side_channel_switches_lists_and_tells() {
    let bench = Bench::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let control = tokio::spawn(sim::serve_control(listener, bench.sim.clone()));
    let (from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let mut lines = BufReader::new(from).lines();
    let mut answers = async |line: &str| {
        to.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut said = Vec::new();
        loop {
            let line = bounded(lines.next_line()).await.unwrap().unwrap();
            said.push(line.clone());
            if line == "ok" || line.starts_with("error") {
                return said;
            }
        }
    };
    assert_eq!(answers("list").await.len(), Fault::ALL.len() + 1);
    assert_eq!(answers("fault door_open on").await, ["ok"]);
    assert!(bench.sim.is_on(Fault::DoorOpen));
    let mut truth = bench.sim.truth();
    bounded(truth.wait_for(|truth| !truth.door_closed))
        .await
        .unwrap();
    assert!(answers("state").await.contains(&"door_closed 0".to_owned()));
    assert!(answers("list").await.contains(&"door_open on".to_owned()));
    assert_eq!(answers("fault door_open off").await, ["ok"]);
    assert!(!bench.sim.is_on(Fault::DoorOpen));
    assert_eq!(answers("fault fire on").await, ["error unknown fault fire"]);
    assert_eq!(answers("fault door_open").await.len(), 1);
    control.abort();
}

#[test]
fn every_fault_has_one_name() {
    let mut names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Fault::ALL.len());
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse(), Ok(*fault));
        assert!(!fault.about().is_empty());
    }
}
