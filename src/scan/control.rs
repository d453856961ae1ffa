//! What starts and stops the scans of one scanner, and the handle for it. A folder has the handle too: it says that others drive it.

use std::sync::Arc;

use scanner::order::Tray;
use scanner::{Ended, Order, Outcome, Progress, Source};
use tokio::sync::{mpsc, oneshot, watch};

use super::desk::Desk;
use super::device::manner;
use super::health;
use super::held::{HeldRefused, HeldWish};
use crate::config;
use crate::domain::intake::next_action;
use crate::events::Event;
use crate::store::{EndedScan, NewScan, Scan, ScanOutcome, StoreError};

/// A scan that is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    load: i64,
    sides: Option<u8>,
    tray: Tray,
    by: String,
}

#[derive(Debug)]
pub(super) enum Command {
    Start(Wanted, oneshot::Sender<Result<Scan, ScanRefused>>),
    Cancel(String, oneshot::Sender<bool>),
    Decide(
        Decision,
        oneshot::Sender<Result<Option<String>, HeldRefused>>,
    ),
}

/// What a person wants of a held file.
#[derive(Debug)]
pub(super) struct Decision {
    arrival: String,
    wish: HeldWish,
    by: String,
    why: String,
}

/// The task's end of the handle.
#[derive(Debug)]
pub struct Orders {
    commands: mpsc::Receiver<Command>,
    state: watch::Sender<ScannerState>,
    settings: Arc<config::Scanner>,
}

/// Why a scan was not started.
#[derive(Debug, thiserror::Error)]
pub enum ScanRefused {
    /// The store refuses: no such load, or it is not released.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other software drives it.
    #[error("scanner {scanner} is a folder that other software fills: start the scan there")]
    NotDriven {
        /// The scanner.
        scanner: String,
    },
    /// It scans.
    #[error("scanner {scanner} is busy")]
    Busy {
        /// The scanner.
        scanner: String,
    },
    /// The task has ended.
    #[error("the task of scanner {scanner} has stopped: restart the station")]
    Stopped {
        /// The scanner.
        scanner: String,
    },
}

/// What a scanner is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScannerState {
    /// The running scan.
    pub scan: Option<i64>,
    /// Images of it so far.
    pub images: u32,
    /// The scan that ended last, of this run of the station.
    pub last: Option<i64>,
    /// Images of that one.
    pub last_images: u32,
    /// Why that one failed; empty after one that did not.
    pub trouble: Option<String>,
}

/// Handle of one scanner.
#[derive(Debug, Clone)]
pub struct ScannerControl {
    settings: Arc<config::Scanner>,
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<ScannerState>,
}

impl ScannerControl {
    /// Its settings.
    pub fn settings(&self) -> &config::Scanner {
        &self.settings
    }

    /// What it is doing.
    pub fn state(&self) -> ScannerState {
        self.state.borrow().clone()
    }

    /// Starts a scan for a released load.
    ///
    /// # Errors
    /// [`ScanRefused`].
    pub async fn start(
        &self,
        load: i64,
        sides: Option<u8>,
        from: Tray,
        by: &str,
    ) -> Result<Scan, ScanRefused> {
        let scanner = self.settings.id.to_string();
        if !self.settings.is_driven() {
            return Err(ScanRefused::NotDriven { scanner });
        }
        let (answer, answered) = oneshot::channel();
        let wanted = Wanted {
            load,
            sides,
            tray: from,
            by: by.to_owned(),
        };
        let stopped = || ScanRefused::Stopped {
            scanner: scanner.clone(),
        };
        self.commands
            .send(Command::Start(wanted, answer))
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Decides about a held file of this scanner; the letter it is in then, unless it was set aside. `None`: the task has ended.
    pub async fn decide(
        &self,
        arrival: &str,
        wish: HeldWish,
        (by, why): (&str, &str),
    ) -> Option<Result<Option<String>, HeldRefused>> {
        let (answer, answered) = oneshot::channel();
        let decision = Decision {
            arrival: arrival.to_owned(),
            wish,
            by: by.to_owned(),
            why: why.to_owned(),
        };
        self.commands
            .send(Command::Decide(decision, answer))
            .await
            .ok()?;
        answered.await.ok()
    }

    /// Stops the running scan; whether there was one. What had come is kept.
    ///
    /// # Errors
    /// [`ScanRefused::Stopped`].
    pub async fn cancel(&self, by: &str) -> Result<bool, ScanRefused> {
        let (answer, answered) = oneshot::channel();
        let stopped = || ScanRefused::Stopped {
            scanner: self.settings.id.to_string(),
        };
        self.commands
            .send(Command::Cancel(by.to_owned(), answer))
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())
    }
}

pub(super) fn pair(scanner: &config::Scanner) -> (ScannerControl, Orders) {
    const WAITING: usize = 8;
    let settings = Arc::new(scanner.clone());
    let (commands, received) = mpsc::channel(WAITING);
    let (tell, state) = watch::channel(ScannerState::default());
    let control = ScannerControl {
        settings: Arc::clone(&settings),
        commands,
        state,
    };
    let orders = Orders {
        commands: received,
        state: tell,
        settings,
    };
    (control, orders)
}

/// The task's half: carries commands out and keeps the books of the running scan.
pub(super) struct Driver {
    desk: Arc<Desk>,
    orders: Orders,
    health: health::Log,
}

impl Driver {
    pub(super) fn new(desk: Arc<Desk>, orders: Orders) -> Self {
        let health = health::Log::new(&orders.settings.id.to_string());
        Self {
            desk,
            orders,
            health,
        }
    }

    pub(super) async fn next(&mut self) -> Option<Command> {
        self.orders.commands.recv().await
    }

    pub(super) async fn pulse(&mut self) {
        self.health.daily(&self.desk.store).await;
    }

    pub(super) async fn carry_out(&mut self, command: Command, source: &mut Source) {
        match command {
            Command::Start(wanted, answer) => {
                let started = self.start(wanted, source).await;
                // Who asked may be gone; the scan runs all the same and is on record.
                let _ = answer.send(started);
            }
            Command::Cancel(by, answer) => {
                let ran = source.cancel();
                if ran {
                    tracing::info!(scanner = self.desk.source, by, "scan stopped");
                }
                let _ = answer.send(ran);
            }
            Command::Decide(decision, answer) => {
                let desk = Arc::clone(&self.desk);
                let Decision {
                    arrival,
                    wish,
                    by,
                    why,
                } = decision;
                let decided =
                    tokio::task::spawn_blocking(move || desk.decide(&arrival, &wish, (&by, &why)));
                // A panic has been printed by its hook: who asked is told that nothing answered.
                if let Ok(decided) = decided.await {
                    let _ = answer.send(decided);
                }
            }
        }
    }

    /// On record first, then at the device: what is fed is always accounted for.
    async fn start(&mut self, wanted: Wanted, source: &mut Source) -> Result<Scan, ScanRefused> {
        let scanner = self.desk.source.clone();
        if source.running().is_some() {
            return Err(ScanRefused::Busy { scanner });
        }
        let settings = Arc::clone(&self.orders.settings);
        let sides = match wanted.tray {
            Tray::Glass => 1,
            Tray::Feeder => wanted.sides.unwrap_or(settings.sides_of_a_sheet()),
        };
        let new = NewScan {
            scanner,
            load: wanted.load,
            sides,
            by: wanted.by,
        };
        let scan = self.desk.store.with(move |db| db.begin_scan(&new)).await?;
        let order = Order {
            id: format!("scan-{}", scan.id),
            manner: manner(&settings, sides, wanted.tray),
        };
        if let Err(error) = source.start(order) {
            tracing::error!(scan = scan.id, %error, "a scan was recorded and not started");
            self.ended(scan.id, &ended_with(ScanOutcome::Failed, "scanner_busy"))
                .await;
            let scanner = self.desk.source.clone();
            return Err(ScanRefused::Busy { scanner });
        }
        self.orders.state.send_replace(ScannerState {
            scan: Some(scan.id),
            ..ScannerState::default()
        });
        tracing::info!(
            scanner = self.desk.source,
            scan = scan.id,
            load = scan.load,
            "scan begun"
        );
        self.desk.tell_device("scanning");
        Ok(scan)
    }

    pub(super) async fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Image { order, number, .. } => {
                let Some(id) = scan_of(&order) else { return };
                let noted = self.desk.store.with(move |db| db.scan_received(id, number));
                if let Err(error) = noted.await {
                    tracing::error!(scan = id, %error, "an image was not counted; its end will be");
                }
                self.orders.state.send_modify(|state| state.images = number);
                self.health.image();
                self.desk.tell_device("scanning");
            }
            Progress::Ended(ended) => self.over(ended).await,
        }
    }

    async fn over(&mut self, ended: Ended) {
        let Some(id) = scan_of(&ended.order) else {
            return;
        };
        let (outcome, trouble) = match &ended.outcome {
            Outcome::Done => (ScanOutcome::Done, None),
            Outcome::Cancelled => (ScanOutcome::Cancelled, None),
            Outcome::Failed(trouble) => (ScanOutcome::Failed, Some(trouble.code().to_owned())),
        };
        if let Outcome::Failed(trouble) = &ended.outcome {
            let code = trouble.code();
            tracing::warn!(
                scanner = self.desk.source,
                scan = id,
                images = ended.images,
                code,
                "the scan failed: {trouble}; {}",
                next_action(code)
            );
            self.desk.events.tell(Event::Alert {
                code: code.to_owned(),
                subject: self.desk.source.clone(),
            });
        }
        let end = EndedScan {
            outcome,
            trouble: trouble.clone(),
            device_images: ended.device_images,
            received_images: ended.images,
        };
        self.ended(id, &end).await;
        self.health.ended(&self.desk.store, &ended).await;
        self.orders.state.send_replace(ScannerState {
            last: Some(id),
            last_images: ended.images,
            trouble,
            ..ScannerState::default()
        });
        self.desk.tell_device("idle");
        let desk = Arc::clone(&self.desk);
        // A panic in it has been printed by its hook; the next image or start settles again.
        let _ = tokio::task::spawn_blocking(move || desk.settle()).await;
    }

    async fn ended(&self, id: i64, end: &EndedScan) {
        let end = end.clone();
        if let Err(error) = self.desk.store.with(move |db| db.end_scan(id, &end)).await {
            tracing::error!(scan = id, %error, "the end of a scan was not recorded; the next start records it as interrupted");
        }
    }
}

fn ended_with(outcome: ScanOutcome, trouble: &str) -> EndedScan {
    EndedScan {
        outcome,
        trouble: Some(trouble.to_owned()),
        device_images: None,
        received_images: 0,
    }
}

/// The number of a scan out of its order's id.
pub(super) fn scan_of(order: &str) -> Option<i64> {
    order.strip_prefix("scan-")?.parse().ok()
}
