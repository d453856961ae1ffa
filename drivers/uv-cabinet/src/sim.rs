//! A cabinet on a real socket and on a real serial line: a small controller, its lamp, door, fan and
//! ozone, and faults one can switch on. It speaks Modbus with its own hand-written frames and keeps its
//! own copy of the invented map, so that a mistake in the driver cannot hide behind the same mistake here.
//!
//! `speed` compresses the physics only (warm-up, heating, ozone). The heartbeat cut-off stays 1.0 s
//! of real time, and irradiance is what a sensor would show: dose is counted by whoever reads it.
//!
//! `fault` is the list of faults, `plant` and `physics` the controller and its chamber, `modbus` what it
//! answers, `spoil` what a fault makes of an answer, `tcp` and `rtu` the two wires, `control` the side
//! channel, `truth` what a release is measured with.

use std::{
    future::Future,
    io,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

mod control;
mod fault;
mod modbus;
mod physics;
mod plant;
mod rtu;
mod spoil;
mod tcp;
mod truth;

pub use control::serve as serve_control;
pub use fault::{Fault, UnknownFault};
pub use rtu::SerialEnd;
pub use truth::{Truth, Unlocked, Writer};

use fault::Faults;
use plant::Plant;

/// How the simulated cabinet is.
#[derive(Debug, Clone, PartialEq)]
pub struct SimSettings {
    /// Times faster than life its physics run.
    pub speed: f64,
    /// Temperature of the room.
    pub ambient_c: f64,
    /// Hours the lamp has burnt.
    pub lamp_hours_h: f64,
    /// How late a late reply is, and how long a slow one takes.
    pub late: Duration,
    /// Its unit on a serial line; on TCP it answers to any.
    pub unit: u8,
    /// Of the sensors' noise.
    pub seed: u64,
    /// Who opens the door when the bolt is withdrawn.
    pub attendant: Attendant,
}

/// Who is at the simulated cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attendant {
    /// Nobody: the door moves only as a fault says.
    #[default]
    Nobody,
    /// An operator who opens the door as soon as the station unlocks it, takes the letters out or turns them over, and closes it.
    Operator,
}

impl Default for SimSettings {
    fn default() -> Self {
        Self {
            speed: 1.0,
            ambient_c: 22.0,
            lamp_hours_h: 120.0,
            late: Duration::from_millis(700),
            unit: 1,
            seed: 1,
            attendant: Attendant::Nobody,
        }
    }
}

/// A wire the cabinet answers on.
#[derive(Debug)]
pub enum Wire {
    /// Modbus TCP.
    Tcp(TcpListener),
    /// Modbus RTU.
    Serial(SerialEnd),
}

/// Switches faults, and shows what is true inside, whatever the registers say. Dropping the last
/// one leaves the simulator running as it is.
#[derive(Debug, Clone)]
pub struct SimHandle {
    faults: watch::Sender<Faults>,
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

    /// From now on everything is right again.
    pub fn heal(&self) {
        self.faults.send_modify(Faults::clear);
    }

    /// Whether this is wrong now.
    #[must_use]
    pub fn is_on(&self, fault: Fault) -> bool {
        self.faults.borrow().contains(&fault)
    }

    /// What is true inside, now and as it changes.
    #[must_use]
    pub fn truth(&self) -> watch::Receiver<Truth> {
        self.truth.clone()
    }
}

/// One request's bytes after the header, and where its answer goes; no answer is silence.
struct Asked {
    pdu: Vec<u8>,
    answer: oneshot::Sender<Option<Vec<u8>>>,
}

/// What a wire needs of the cabinet behind it.
#[derive(Clone)]
struct Behind {
    ask: mpsc::Sender<Asked>,
    faults: watch::Receiver<Faults>,
    settings: SimSettings,
}

impl Behind {
    /// The controller's answer; `Err` when the cabinet is gone.
    async fn ask(&self, pdu: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let (answer, answered) = oneshot::channel();
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.ask
            .send(Asked { pdu, answer })
            .await
            .map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.borrow().contains(&fault)
    }

    /// Until this fault is switched on, or off.
    async fn until(&mut self, fault: Fault, wanted: Switched) {
        let met = |faults: &Faults| faults.contains(&fault) == (wanted == Switched::On);
        // Without a switch nothing changes any more.
        if self.faults.wait_for(met).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switched {
    On,
    Off,
}

/// Real time between two scans of the controller.
const SCAN: Duration = Duration::from_millis(10);

/// A cabinet on `listener`: its handle, and the future that is the cabinet. The future ends only
/// with an error of the listener; drop it to pull the plug, connections included.
pub fn start(
    listener: TcpListener,
    settings: SimSettings,
) -> (SimHandle, impl Future<Output = io::Result<()>> + Send) {
    start_on(vec![Wire::Tcp(listener)], settings)
}

/// The same on several wires at once, as many a controller has them.
pub fn start_on(
    wires: Vec<Wire>,
    settings: SimSettings,
) -> (SimHandle, impl Future<Output = io::Result<()>> + Send) {
    let (fault_switch, faults) = watch::channel(Faults::new());
    let (show, truth) = watch::channel(Truth::default());
    let handle = SimHandle {
        // One end stays with the cabinet: the last handle may be dropped.
        faults: fault_switch.clone(),
        truth,
    };
    (handle, serve(wires, settings, faults, fault_switch, show))
}

async fn serve(
    wires: Vec<Wire>,
    settings: SimSettings,
    faults: watch::Receiver<Faults>,
    _keeps_faults_open: watch::Sender<Faults>,
    show: watch::Sender<Truth>,
) -> io::Result<()> {
    let (ask, mut asked) = mpsc::channel::<Asked>(32);
    let behind = Behind {
        ask,
        faults: faults.clone(),
        settings: settings.clone(),
    };
    let mut ends = JoinSet::new();
    for wire in wires {
        match wire {
            Wire::Tcp(listener) => ends.spawn(tcp::listen(listener, behind.clone())),
            Wire::Serial(end) => ends.spawn(rtu::serve(end, behind.clone())),
        };
    }
    let mut plant = Plant::new(settings);
    let mut scan = interval(SCAN);
    scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut scanned_at = Instant::now();
    loop {
        tokio::select! {
            _ = scan.tick() => {
                let now = Instant::now();
                plant.scan(now, now - scanned_at, &faults.borrow());
                scanned_at = now;
                show.send_replace(plant.truth.clone());
            }
            Some(Asked { pdu, answer }) = asked.recv() => {
                let reply = plant.answer(&pdu, Instant::now(), &faults.borrow());
                // The connection may have gone away meanwhile.
                let _ = answer.send(reply);
            }
            Some(ended) = ends.join_next() => {
                return ended.unwrap_or_else(|error| Err(io::Error::other(error)));
            }
        }
    }
}
