//! A cabinet on a real socket: a small controller, its lamp, door, fan and ozone, and faults one
//! can switch on. It speaks Modbus with its own hand-written frames and keeps its own copy of the
//! invented map, so that a mistake in the driver cannot hide behind the same mistake here.
//!
//! `speed` compresses the physics only (warm-up, heating, ozone). The heartbeat cut-off stays 1.0 s
//! of real time, and irradiance is what a sensor would show: dose is counted by whoever reads it.

use std::{
    collections::BTreeSet,
    future::Future,
    io,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

mod plant;
mod server;

pub use plant::Truth;
use plant::{Outcome, Plant};

/// How the simulated cabinet is.
#[derive(Debug, Clone, PartialEq)]
pub struct SimSettings {
    /// Times faster than life its physics run.
    pub speed: f64,
    /// Temperature of the room.
    pub ambient_c: f64,
    /// Hours the lamp has burnt.
    pub lamp_hours_h: f64,
}

impl Default for SimSettings {
    fn default() -> Self {
        Self {
            speed: 1.0,
            ambient_c: 22.0,
            lamp_hours_h: 120.0,
        }
    }
}

/// What can be wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The door stands open, locked or not.
    DoorOpen,
    /// The bolt does not engage.
    LockStuck,
    /// The emergency stop is pressed.
    EstopPressed,
    /// The relay closes, the lamp stays dark.
    LampNeverStrikes,
    /// The relay's contacts are welded shut: the lamp burns whatever the controller says.
    RelayWelded,
    /// The fan does not turn.
    FanFailed,
    /// The fan turns and no air moves.
    DuctBlocked,
    /// The UV sensor repeats its last value.
    IrradianceFrozen,
    /// The UV sensor's wire is broken: the register reads 65535.
    IrradianceBroken,
    /// The controller's program has stopped; its communication goes on with old values.
    ScanStopped,
    /// Requests are read and never answered.
    NoAnswer,
    /// Replies come 700 ms late.
    LateReply,
    /// Register reads answer with one register too few, in a well-formed frame.
    ShortReply,
    /// Replies carry another transaction identifier.
    WrongTransaction,
    /// Half a reply, then silence.
    HalfReply,
    /// Writes are acknowledged and ignored.
    IgnoresWrites,
    /// Every request is answered with exception 4.
    Exceptions,
    /// Connections are closed with a reset at the next request.
    Resets,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::DoorOpen,
        Self::LockStuck,
        Self::EstopPressed,
        Self::LampNeverStrikes,
        Self::RelayWelded,
        Self::FanFailed,
        Self::DuctBlocked,
        Self::IrradianceFrozen,
        Self::IrradianceBroken,
        Self::ScanStopped,
        Self::NoAnswer,
        Self::LateReply,
        Self::ShortReply,
        Self::WrongTransaction,
        Self::HalfReply,
        Self::IgnoresWrites,
        Self::Exceptions,
        Self::Resets,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DoorOpen => "door_open",
            Self::LockStuck => "lock_stuck",
            Self::EstopPressed => "estop_pressed",
            Self::LampNeverStrikes => "lamp_never_strikes",
            Self::RelayWelded => "relay_welded",
            Self::FanFailed => "fan_failed",
            Self::DuctBlocked => "duct_blocked",
            Self::IrradianceFrozen => "irradiance_frozen",
            Self::IrradianceBroken => "irradiance_broken",
            Self::ScanStopped => "scan_stopped",
            Self::NoAnswer => "no_answer",
            Self::LateReply => "late_reply",
            Self::ShortReply => "short_reply",
            Self::WrongTransaction => "wrong_transaction",
            Self::HalfReply => "half_reply",
            Self::IgnoresWrites => "ignores_writes",
            Self::Exceptions => "exceptions",
            Self::Resets => "resets",
        }
    }
}

/// Switches faults, and shows what is true inside, whatever the registers say. Dropping the last
/// one leaves the simulator running as it is.
#[derive(Debug, Clone)]
pub struct SimHandle {
    faults: watch::Sender<BTreeSet<Fault>>,
    truth: watch::Receiver<Truth>,
}

impl SimHandle {
    /// From now on this is wrong.
    pub fn switch_on(&self, fault: Fault) {
        self.faults.send_modify(|faults| {
            faults.insert(fault);
        });
    }

    /// From now on this is right again.
    pub fn switch_off(&self, fault: Fault) {
        self.faults.send_modify(|faults| {
            faults.remove(&fault);
        });
    }

    /// What is true inside, now and as it changes.
    #[must_use]
    pub fn truth(&self) -> watch::Receiver<Truth> {
        self.truth.clone()
    }
}

/// One request's bytes after the header, and where its answer goes.
pub(crate) struct Asked {
    pdu: Vec<u8>,
    answer: tokio::sync::oneshot::Sender<Outcome>,
}

/// Real time between two scans of the controller.
const SCAN: Duration = Duration::from_millis(10);

/// A cabinet on `listener`: its handle, and the future that is the cabinet. The future ends only
/// with an error of the listener; drop it to pull the plug, connections included.
pub fn start(
    listener: TcpListener,
    settings: SimSettings,
) -> (SimHandle, impl Future<Output = io::Result<()>> + Send) {
    let (fault_switch, faults) = watch::channel(BTreeSet::new());
    let plant = Plant::new(settings);
    let (show, truth) = watch::channel(plant.truth());
    let handle = SimHandle {
        faults: fault_switch,
        truth,
    };
    (handle, serve(listener, plant, faults, show))
}

async fn serve(
    listener: TcpListener,
    mut plant: Plant,
    faults: watch::Receiver<BTreeSet<Fault>>,
    show: watch::Sender<Truth>,
) -> io::Result<()> {
    let (ask, mut asked) = mpsc::channel::<Asked>(32);
    let mut connections = JoinSet::new();
    let mut scan = interval(SCAN);
    scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut scanned_at = Instant::now();
    loop {
        tokio::select! {
            _ = scan.tick() => {
                let now = Instant::now();
                plant.scan(now, now - scanned_at, &faults.borrow());
                scanned_at = now;
                show.send_replace(plant.truth());
            }
            Some(Asked { pdu, answer }) = asked.recv() => {
                let outcome = plant.answer(&pdu, Instant::now(), &faults.borrow());
                // The connection may have gone away meanwhile.
                let _ = answer.send(outcome);
            }
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(server::converse(stream, ask.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
