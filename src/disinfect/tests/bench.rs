//! A station with one cabinet and one load: the task under test, a simulated cabinet, a real database.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uv_cabinet::Profile;
use uv_cabinet::sim::{self, Fault, SimHandle, SimSettings};

use super::super::{CabinetControl, CabinetView, MayEnd, Refused, Surroundings, start};
use crate::clock;
use crate::domain::letter::{Carrier, LoadState};
use crate::events::Events;
use crate::health::Readiness;
use crate::sd_notify::Watchdog;
use crate::store::{CycleRecord, Load, NewBatch, Store};

const DEMO: &str = include_str!("../../../config/cabinets/demo.toml");
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// A station with one cabinet and one load.
pub(super) struct Bench {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) load: i64,
    pub(super) port: u16,
    pub(super) sim: SimHandle,
    pub(super) plug: JoinHandle<std::io::Result<()>>,
    pub(super) readiness: Readiness,
    pub(super) control: CabinetControl,
    pub(super) task: JoinHandle<()>,
    pub(super) stop: CancellationToken,
    pub(super) change: Change,
}

/// What is different from the shipped demo profile.
pub(super) type Change = fn(String) -> String;

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
        self.plug.abort();
    }
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::of(|profile| profile).await
    }

    pub(super) async fn of(change: Change) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, _thread) = Store::open(&folder.path().join("laixin.db")).unwrap();
        let load = store
            .with(|db| {
                let new = NewBatch {
                    carrier: Carrier::Letter,
                    count: 1,
                    received: clock::now(),
                };
                let batch = db.sign_in_batch(&new, "test")?;
                db.add_load(batch, "cabinet-1", "test")
            })
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = SimSettings {
            speed: 20.0,
            ..SimSettings::default()
        };
        let (sim, plug) = sim::start(listener, settings);
        let plug = tokio::spawn(plug);
        let readiness = Readiness::default();
        let stop = CancellationToken::new();
        let (control, task) = supervised(port, change, &store, &readiness, &stop);
        Self {
            folder,
            store,
            load,
            port,
            sim,
            plug,
            readiness,
            control,
            task,
            stop,
            change,
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.path().join("laixin.db")
    }

    pub(super) async fn until(
        &self,
        what: &str,
        met: impl Fn(&CabinetView) -> bool,
    ) -> CabinetView {
        let mut changes = self.control.changes();
        match tokio::time::timeout(PATIENCE, changes.wait_for(|view| met(view))).await {
            Ok(view) => view.expect("the task lives").clone(),
            Err(_) => panic!("never {what}: {:?}", self.control.view()),
        }
    }

    pub(super) async fn until_step(&self, step: &str) -> CabinetView {
        self.until(step, |view| view.step == step).await
    }

    pub(super) async fn until_ready(&self) {
        let closed = |view: &CabinetView| {
            let at = view
                .points
                .iter()
                .find(|point| point.point == "door_closed");
            view.step != "aborting" && at.is_some_and(|point| point.value == Some(1.0))
        };
        self.until("connected", closed).await;
    }

    pub(super) async fn start(&self) -> String {
        self.until_ready().await;
        self.control.start(self.load, "operator").await.unwrap()
    }

    pub(super) async fn load(&self) -> Load {
        let load = self.load;
        self.store.with(move |db| db.load(load)).await.unwrap()
    }

    pub(super) async fn newest_cycle(&self) -> CycleRecord {
        let newest = self.store.with(|db| db.newest_cycle_in("cabinet-1")).await;
        newest.unwrap().expect("there was a cycle")
    }

    pub(super) async fn quarantined_for(&self, reason: &str) {
        // Wherever it ends, the end is written before it is shown or shortly after an alarm.
        self.until(reason, |view| {
            matches!(view.step.as_str(), "quarantined" | "alarm")
        })
        .await;
        assert_eq!(self.load().await.state, LoadState::Quarantined);
        assert_eq!(self.newest_cycle().await.reason.as_deref(), Some(reason));
    }

    pub(super) async fn until_logged(&self, point: &str) {
        let logged = async {
            let mut changes = self.control.changes();
            loop {
                let rows = self
                    .store
                    .with(|db| db.health_log(Some("cabinet-1"), clock::Millis(0), 100))
                    .await
                    .unwrap();
                if rows
                    .iter()
                    .any(|row| row.point == point && row.value.is_some())
                {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, logged)
            .await
            .expect("logged in time");
    }

    /// The daemon dies here and now; another one starts.
    pub(super) async fn killed_and_started_again(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.stop = CancellationToken::new();
        (self.control, self.task) = supervised(
            self.port,
            self.change,
            &self.store,
            &self.readiness,
            &self.stop,
        );
    }

    /// The fan runs first; until then the door is refused.
    pub(super) async fn opens_once_the_ozone_is_low(&self) {
        let mut changes = self.control.changes();
        let opened = async {
            loop {
                let refused = self
                    .control
                    .acknowledge("operator", MayEnd::AllButAlarms, None)
                    .await;
                let code = "ozone_not_low".to_owned();
                match refused {
                    Ok(()) => return,
                    refused => assert_eq!(refused, Err(Refused::NotNow { code })),
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, opened).await.unwrap();
        assert!(self.sim.truth().borrow().ozone_mg_m3 <= 0.1);
    }

    pub(super) async fn door_is_opened_and_closed(&self) {
        for (closed, switch) in [(0.0, true), (1.0, false)] {
            if switch {
                self.sim.switch_on(Fault::DoorOpen);
            } else {
                self.sim.switch_off(Fault::DoorOpen);
            }
            self.until("the door moved", |view| {
                let door = view.points.iter().find(|at| at.point == "door_closed");
                door.is_some_and(|door| door.value == Some(closed))
            })
            .await;
        }
    }

    pub(super) async fn lamp_is_out(&self) {
        let mut truth = self.sim.truth();
        let out = truth.wait_for(|truth| truth.irradiance_mw_cm2 == 0.0);
        tokio::time::timeout(PATIENCE, out).await.unwrap().unwrap();
    }
}

fn supervised(
    port: u16,
    change: Change,
    store: &Store,
    readiness: &Readiness,
    stop: &CancellationToken,
) -> (CabinetControl, JoinHandle<()>) {
    let text = DEMO
        .replace("127.0.0.1:1502", &format!("127.0.0.1:{port}"))
        .replace("target_dose_mj_cm2 = 100.0", "target_dose_mj_cm2 = 10.0")
        .replace("min_exposure_s = 8 ", "min_exposure_s = 1 ")
        .replace("ventilation_s = 5 ", "ventilation_s = 1 ");
    let surroundings = Surroundings {
        store: store.clone(),
        events: Events::default(),
        readiness: readiness.clone(),
        beat: Watchdog::default().task("cabinet/cabinet-1", PATIENCE),
    };
    let id = crate::config::DeviceId("cabinet-1".into());
    let mut profile = Profile::parse(&change(text)).unwrap();
    // A machine that does much else looks late; how soon silence is judged is measured elsewhere.
    for spec in profile.points.values_mut() {
        spec.max_age = spec.max_age.max(Duration::from_millis(900));
    }
    start(
        id,
        profile.clone(),
        uv_cabinet::Cabinet::new(profile),
        surroundings,
        stop.clone(),
    )
}
