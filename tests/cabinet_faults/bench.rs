//! One station with one cabinet and one load: the real supervisor and driver on a thread of their own, so that
//! they can be frozen and killed, a real database, the simulated cabinet on a real socket or pseudo-terminal.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle as Thread;
use std::time::Duration;

use laixin::certificate::{Certificate, Office};
use laixin::clock;
use laixin::config::DeviceId;
use laixin::disinfect::{self, CabinetControl, CabinetView, Refused, Surroundings};
use laixin::domain::letter::Carrier;
use laixin::events::{Event, Events};
use laixin::health::Readiness;
use laixin::sd_notify::Watchdog;
use laixin::store::{CycleRecord, Db, Hindrance, Load, NewBatch, Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uv_cabinet::sim::{self, SerialEnd, SimHandle, SimSettings, Truth};
use uv_cabinet::{Cabinet, Direction, Parity, Point, PointSpec, Profile, SerialLine, Transport};

use super::plan::{Model, Plan};
use crate::support::project;

/// Nothing here takes longer than this, on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How late a late reply is; the profile below waits less.
const LATE: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wire {
    Tcp,
    Rtu,
}

pub struct Bench {
    folder: tempfile::TempDir,
    pub store: Store,
    pub load: i64,
    pub sim: SimHandle,
    pub profile: Profile,
    plug: JoinHandle<std::io::Result<()>>,
    pub daemon: Option<Daemon>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.plug.abort();
    }
}

/// The demo cabinet's profile with times that a test can wait for.
pub fn quick_profile(transport: Transport) -> Profile {
    let text =
        std::fs::read_to_string(project("config/cabinets/demo.toml")).expect("the demo profile");
    let mut profile = Profile::parse(&text).expect("the shipped profile is good");
    let ms = Duration::from_millis;
    profile.link.transport = transport;
    profile.link.connect_timeout = ms(500);
    profile.link.reply_timeout = ms(200);
    profile.link.backoff_first = ms(20);
    profile.link.backoff_max = ms(100);
    for spec in profile.points.values_mut() {
        // How soon silence is judged is measured in `detection`; here a busy machine must not look like a silent cabinet.
        spec.max_age = spec.max_age.max(ms(900));
    }
    let ozone = profile.points.get_mut(&Point::OzoneMgM3);
    ozone.expect("the demo cabinet has one").frozen_after = Some(ms(300));
    let timing = &mut profile.timing;
    timing.poll = ms(50);
    timing.preflight_max = ms(1_000);
    timing.strike_max = ms(2_000);
    timing.min_exposure = ms(300);
    timing.max_exposure = ms(5_000);
    // The controller's own second must fit in.
    timing.off_confirm_max = ms(1_600);
    // Longer than a reading may be old, or a late one looks like a fan that stands still.
    timing.fan_start_max = ms(1_600);
    timing.ventilation = ms(400);
    timing.ventilation_max = ms(3_000);
    let uv = profile
        .limits
        .uv
        .as_mut()
        .expect("the demo cabinet measures");
    uv.target_dose_mj_cm2 = 4.0;
    profile
}

/// The quick profile as another kind of cabinet.
pub fn remodel(profile: &mut Profile, model: Model) {
    let ms = Duration::from_millis;
    match model {
        Model::Measured => {}
        Model::OneSided => {
            profile.sides = uv_cabinet::Sides::One;
            profile.timing.turn_over_max = ms(6_000);
        }
        Model::Timed => {
            (profile.dose, profile.ozone) = (uv_cabinet::Basis::Timer, uv_cabinet::Basis::Timer);
            let current = PointSpec {
                address: 7,
                ..profile.points[&Point::IrradianceMwCm2].clone()
            };
            profile.points.insert(Point::LampCurrentA, current);
            profile.points.remove(&Point::IrradianceMwCm2);
            profile.points.remove(&Point::OzoneMgM3);
            profile.limits.uv = None;
            profile.limits.ozone_release_mg_m3 = None;
            profile.limits.lamp_current_lit_a = Some(0.5);
            profile.timing.min_exposure = ms(800);
            profile.timing.ventilation = ms(1_500);
        }
    }
}

/// The serial line of the quick profile.
pub fn quick_line(device: PathBuf) -> Transport {
    Transport::Rtu(SerialLine {
        device,
        baud: 115_200,
        parity: Parity::None,
        stop_bits: 1,
        silent: Duration::from_millis(400),
        direction: Direction::Automatic,
    })
}

/// A cabinet on a wire, where it is found, and the task that it is.
pub async fn plugged_in(
    wire: Wire,
    folder: &Path,
    settings: SimSettings,
) -> (SimHandle, Transport, JoinHandle<std::io::Result<()>>) {
    let (end, transport) = match wire {
        Wire::Tcp => {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("bound").to_string();
            (sim::Wire::Tcp(listener), Transport::Tcp(address))
        }
        Wire::Rtu => {
            let link = folder.join("cabinet-1");
            let end = SerialEnd::pseudo_terminal(link.clone()).expect("a pseudo-terminal");
            (sim::Wire::Serial(end), quick_line(link))
        }
    };
    let (handle, cabinet) = sim::start_on(vec![end], settings);
    (handle, transport, tokio::spawn(cabinet))
}

impl Bench {
    pub async fn new(wire: Wire, plan: &Plan) -> Self {
        let settings = SimSettings {
            speed: 20.0,
            ambient_c: plan.ambient_c,
            lamp_hours_h: plan.lamp_hours_h,
            late: LATE,
            seed: plan.seed + 1,
            ..SimSettings::default()
        };
        let model = plan.model;
        Self::with(wire, settings, |profile| remodel(profile, model)).await
    }

    pub async fn with(
        wire: Wire,
        settings: SimSettings,
        change: impl FnOnce(&mut Profile),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _thread) = Store::open(&folder.path().join("laixin.db")).expect("a database");
        let load = a_load(&store).await;
        let (sim, transport, plug) = plugged_in(wire, folder.path(), settings).await;
        let mut profile = quick_profile(transport);
        change(&mut profile);
        let daemon = Some(Daemon::start(profile.clone(), store.clone()).await);
        Self {
            folder,
            store,
            load,
            sim,
            profile,
            plug,
            daemon,
        }
    }

    pub fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("a daemon runs")
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("laixin.db")
    }

    pub fn truth(&self) -> Truth {
        self.sim.truth().borrow().clone()
    }

    /// The records have been read and the cabinet has been seen.
    pub async fn until_ready(&self) {
        let seen = |view: &CabinetView| {
            let door = view
                .points
                .iter()
                .find(|point| point.point == "door_closed");
            let busy = ["unknown", "aborting", "ventilating"].contains(&view.step.as_str());
            !busy && door.is_some_and(|point| point.value == Some(1.0))
        };
        self.daemon().until("ready", seen).await;
    }

    pub async fn start(&self) -> Result<String, Refused> {
        self.daemon().control.start(self.load, "operator").await
    }

    pub async fn load(&self) -> Load {
        let load = self.load;
        self.store
            .with(move |db| db.load(load))
            .await
            .expect("the load")
    }

    pub async fn newest_cycle(&self) -> Option<CycleRecord> {
        let newest = self.store.with(|db| db.newest_cycle_in("cabinet-1")).await;
        newest.expect("the records can be read")
    }

    /// What the newest cycle's record says on paper.
    pub async fn certificate(&self) -> Certificate {
        let cycle = self.newest_cycle().await.expect("a cycle").id;
        let file = self.store.with(move |db| db.cycle_file(cycle)).await;
        let office = Office {
            station: "测试信访局",
            profile: Some(&self.profile),
            address: None,
            now: clock::now(),
        };
        Certificate::of(&file.expect("on record"), &office)
    }

    /// The health log's entries on this point, oldest first: state, code and value.
    pub async fn health(&self, point: &str) -> Vec<(String, Option<String>, Option<f64>)> {
        let log = self
            .store
            .with(|db| db.health_log(None, clock::now().plus_seconds(-3_600), 1_000));
        let mut log = log.await.expect("readable");
        log.retain(|row| row.point == point);
        let rows = log.into_iter();
        rows.map(|row| (row.state, row.code, row.value)).collect()
    }

    /// Steps that a release of so many sides stands on and that its record does not have.
    pub async fn steps_missing(&self, sides: usize) -> Vec<&'static str> {
        let recorded = self.recorded_steps().await;
        let times = |name: &str| recorded.iter().filter(|step| *step == name).count();
        let each = [
            "locked",
            "striking",
            "irradiating",
            "stopping",
            "ventilating",
        ];
        let once = [
            ("preflight", 1),
            ("releasing", 1),
            ("turning_over", sides - 1),
        ];
        each.map(|step| (step, sides))
            .into_iter()
            .chain(once)
            .filter(|(step, wanted)| times(step) < *wanted)
            .map(|(step, _)| step)
            .collect()
    }

    /// Nothing but the end itself is left to be written, or not even that.
    pub async fn is_recorded_up_to_its_release(&self) -> bool {
        let recorded = self.recorded_steps().await;
        recorded.iter().any(|step| step == "releasing")
    }

    async fn recorded_steps(&self) -> Vec<String> {
        let Some(cycle) = self.newest_cycle().await else {
            return Vec::new();
        };
        let record = self.store.with(move |db| db.cycle_record(cycle.id)).await;
        let steps = record.expect("the records can be read").steps;
        steps.into_iter().map(|step| step.step).collect()
    }

    /// The daemon dies, and another one with records of its own, in which nothing is, comes to the cabinet; with a load that waits.
    pub async fn forgets_everything(&mut self) {
        if let Some(old) = self.daemon.take() {
            old.kill().await;
        }
        let (store, _thread) = Store::open(&self.folder.path().join("other.db")).expect("opened");
        self.load = a_load(&store).await;
        self.store = store;
        self.start_again().await;
    }

    /// A daemon that is there, if need be a new one.
    pub async fn start_again(&mut self) {
        if let Some(old) = self.daemon.take() {
            old.kill().await;
        }
        self.daemon = Some(Daemon::start(self.profile.clone(), self.store.clone()).await);
    }

    pub async fn truth_until(&self, met: impl Fn(&Truth) -> bool) -> bool {
        let mut truth = self.sim.truth();
        let waited = timeout(PATIENCE, truth.wait_for(|truth| met(truth))).await;
        matches!(waited, Ok(Ok(_)))
    }
}

/// A load that waits. Another cycle of the same case may have pushed the one clock of this process meanwhile.
async fn a_load(store: &Store) -> i64 {
    let put_in = |db: &mut Db| {
        let new = NewBatch {
            carrier: Carrier::Letter,
            count: 1,
            received: clock::now(),
        };
        let batch = db.sign_in_batch(&new, "test")?;
        db.add_load(batch, "cabinet-1", "test")
    };
    let made = store.with(move |db| match put_in(db) {
        Err(StoreError::WrongState {
            why: Hindrance::ClockSetBack,
            ..
        }) => {
            db.confirm_clock("test", "another cycle moved it")?;
            put_in(db)
        }
        made => made,
    });
    made.await.expect("a load")
}

/// Writes down every state a cabinet is told to be in.
async fn note_states(mut heard: broadcast::Receiver<Event>, note: watch::Sender<Vec<String>>) {
    loop {
        match heard.recv().await {
            Ok(Event::Device { state, .. }) => note.send_modify(|states| states.push(state)),
            Err(RecvError::Closed) => std::future::pending::<()>().await,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
        }
    }
}

/// A supervisor with its driver, alone on a thread.
pub struct Daemon {
    pub control: CabinetControl,
    pub stop: CancellationToken,
    /// The states it went through.
    pub states: watch::Receiver<Vec<String>>,
    /// What it says of itself.
    pub readiness: Readiness,
    runtime: tokio::runtime::Handle,
    kill: oneshot::Sender<()>,
    thread: Thread<()>,
}

impl Daemon {
    pub async fn start(profile: Profile, store: Store) -> Self {
        let (kill, killed) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        let (note, states) = watch::channel(Vec::new());
        let readiness = Readiness::default();
        let ready = readiness.clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let handle = runtime.handle().clone();
            runtime.block_on(async move {
                let events = Events::default();
                let heard = events.listen();
                let around = Surroundings {
                    store,
                    events,
                    readiness: ready,
                    beat: Watchdog::default().task("cabinet/cabinet-1", PATIENCE),
                };
                let id = DeviceId("cabinet-1".into());
                let link = Cabinet::new(profile.clone());
                let (control, task) = disinfect::start(id, profile, link, around, stopped);
                let _ = tell.send((control, handle));
                tokio::select! {
                    // Everything on this thread is dropped where it stands.
                    _ = killed => {}
                    ended = task => ended.expect("the supervisor does not panic"),
                    () = note_states(heard, note) => {}
                }
            });
        });
        let (control, runtime) = told.await.expect("the thread starts");
        Self {
            control,
            stop,
            states,
            readiness,
            runtime,
            kill,
            thread,
        }
    }

    pub async fn until(&self, what: &str, met: impl Fn(&CabinetView) -> bool) -> CabinetView {
        let mut changes = self.control.changes();
        match timeout(PATIENCE, changes.wait_for(|view| met(view))).await {
            Ok(Ok(view)) => view.clone(),
            other => panic!(
                "never {what} ({}): {:?}",
                other.is_ok(),
                self.control.view()
            ),
        }
    }

    /// So many looks have been shown since; of a daemon that stands still or is gone none.
    pub async fn looks(&self, many: usize) {
        let mut changes = self.control.changes();
        for _ in 0..many {
            let _ = timeout(Duration::from_millis(500), changes.changed()).await;
        }
    }

    /// It reached this state, however shortly.
    pub async fn until_state(&self, state: &str) {
        let mut states = self.states.clone();
        let reached = states.wait_for(|states| states.iter().any(|s| s == state));
        match timeout(PATIENCE, reached).await {
            Ok(Ok(_)) => {}
            _ => panic!("never {state}: {:?}", self.states.borrow()),
        }
    }

    /// Nothing of it runs until the sender is dropped.
    pub fn freeze(&self) -> mpsc::Sender<()> {
        let (thaw, frozen) = mpsc::channel::<()>();
        self.runtime.spawn(async move {
            // Blocks the daemon's only thread: that is the fault.
            let _ = frozen.recv_timeout(PATIENCE);
        });
        thaw
    }

    /// The machine was suspended for so long: no thread of it ran, and the monotonic clock stood still.
    pub async fn sleep_through(&self, time: Duration) {
        let slept = self
            .runtime
            .spawn(async move { clock::sleep_through(time) });
        // It may have ended by itself.
        let _ = slept.await;
    }

    /// Ended between two awaits, with nothing put in order.
    pub async fn kill(self) {
        let Self { kill, thread, .. } = self;
        // It may have ended by itself.
        let _ = kill.send(());
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        joined
            .expect("joined")
            .expect("the daemon's thread does not panic");
    }
}
