//! A station that has nothing but a scanner's folder, a store and the evidence.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use laixin::clock;
use laixin::config::{Scanner, Within};
use laixin::domain::grouping::GroupBy;
use laixin::domain::intake::ArrivalState;
use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::events::{Event, Events};
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::scan::{self, Desk, ScannerControl};
use laixin::store::{Arrival, CycleOutcome, CycleTerms, NewBatch, SideExposure, Store};
use scanner::{Folder, FolderSettings, Source, claim};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::vouched::assert_store_vouched;

pub(super) const BOUND: Duration = Duration::from_secs(120);

/// A station that has nothing but a scanner's folder, a store and the evidence.
pub(crate) struct Station {
    root: Option<TempDir>,
    pub(crate) inbox: PathBuf,
    pub(crate) store: Store,
    pub(crate) evidence: Arc<Evidence>,
    pub(super) events: Events,
    pub(crate) readiness: Readiness,
    pub(crate) by: Option<GroupBy>,
    pub(crate) control: Option<ScannerControl>,
    /// An image without its end is waited for so long.
    pub(crate) grace: Duration,
    /// A temporary file is told of after so long.
    pub(crate) linger: Duration,
    /// So long a taken file is compared again.
    pub(crate) watch_taken_s: u64,
    /// The settings of a mailroom instead of quick ones, with or without change events.
    pub(crate) as_shipped: Option<scanner::Events>,
    pub(super) running: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
    is_tampered: Cell<bool>,
}

/// Whatever a test does, at its end the ledger vouches for every row.
impl Drop for Station {
    fn drop(&mut self) {
        if !self.is_tampered.get() {
            assert_store_vouched(&self.store);
        }
    }
}

impl Station {
    pub(crate) fn new() -> Self {
        let root = TempDir::new().unwrap();
        let mut station = Self::open(root.path());
        station.root = Some(root);
        station
    }

    /// The station of a folder that outlives it.
    pub(crate) fn open(root: &Path) -> Self {
        laixin::worker::program_is(env!("CARGO_BIN_EXE_laixin"));
        let inbox = root.join("inbox");
        fs::create_dir_all(&inbox).unwrap();
        let (store, _thread) = Store::open(&root.join("station.sqlite3")).unwrap();
        let evidence = Arc::new(Evidence::open(&root.join("evidence")).unwrap());
        let (events, readiness) = (Events::default(), Readiness::default());
        Self {
            inbox,
            store,
            evidence,
            events,
            readiness,
            by: None,
            control: None,
            grace: Duration::from_millis(100),
            linger: Duration::from_secs(300),
            watch_taken_s: 600,
            as_shipped: None,
            running: None,
            root: None,
            is_tampered: Cell::new(false),
        }
    }

    /// The test changes records behind the station's back, or its disk keeps none: nothing is asked of them at its end.
    pub(crate) fn tampered(&self) {
        self.is_tampered.set(true);
    }

    pub(crate) fn start(&mut self) {
        let usual = Scanner {
            by: self.by,
            watch_taken_s: Within(self.watch_taken_s),
            ..Scanner::folder("s1", &self.inbox)
        };
        let scanner = match self.as_shipped {
            Some(_) => usual,
            None => Scanner {
                quiet_ms: Within(100),
                rescan_s: Within(1),
                ..usual
            },
        };
        let desk = Desk::new(
            &scanner,
            self.store.clone(),
            Arc::clone(&self.evidence),
            self.events.clone(),
            self.readiness.clone(),
        )
        .with_memory_in(self.inbox.parent().unwrap());
        let quick = Duration::from_millis(50);
        let shipped = self.as_shipped.map(|events| FolderSettings {
            events,
            ..desk.folder_settings()
        });
        let settings = shipped.unwrap_or_else(|| FolderSettings {
            quiet: quick,
            rescan: quick,
            incomplete_grace: self.grace,
            empty_grace: 2 * quick,
            linger: self.linger,
            ..desk.folder_settings()
        });
        let source = Source::Folder(Folder::watch(settings).unwrap());
        let (_, control, orders) = scan::open(&scanner, &desk).unwrap();
        self.control = Some(control);
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let beat = laixin::sd_notify::Watchdog::default().task("scan", Duration::from_secs(60));
        let task = tokio::spawn(async move {
            scan::run(desk, source, orders, beat, stopping)
                .await
                .unwrap()
        });
        self.running = Some((stop, task));
    }

    pub(crate) async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        stop.cancel();
        tokio::time::timeout(BOUND, task)
            .await
            .expect("stops within the bound")
            .unwrap();
    }

    /// Signs a batch in and releases a load of it.
    pub(crate) async fn release(&self) -> i64 {
        self.release_of(20).await
    }

    /// A released load of a batch of so many letters.
    pub(crate) async fn release_of(&self, count: u32) -> i64 {
        let load = self
            .store
            .with(move |db| {
                let batch = db.sign_in_batch(
                    &NewBatch {
                        carrier: Carrier::Letter,
                        count,
                        received: clock::now(),
                    },
                    "op",
                )?;
                let load = db.add_load(batch, "cabinet-1", "op")?;
                let cycle = db.begin_cycle(load, &CycleTerms::measured("cabinet-1", "00"), "op")?;
                db.end_cycle(
                    cycle,
                    &CycleOutcome {
                        failed: None,
                        exposures: vec![SideExposure {
                            dose_mj_cm2: Some(120.0),
                            lit_s: 60.0,
                        }],
                        ventilation_s: 60.0,
                    },
                )?;
                Ok(load)
            })
            .await
            .unwrap();
        self.events.tell(Event::Batch { batch: 1 });
        load
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) {
        let path = self.inbox.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) async fn arrivals(&self, state: ArrivalState) -> Vec<Arrival> {
        self.store
            .with(move |db| db.arrivals(state, None, 1000))
            .await
            .unwrap()
    }

    /// Waits until so many arrivals are in a state, and for their files to have moved.
    pub(crate) async fn wait_for(&self, state: ArrivalState, count: usize) -> Vec<Arrival> {
        self.wait_until(state, |arrivals| arrivals.len() == count)
            .await
    }

    pub(crate) async fn wait_until(
        &self,
        state: ArrivalState,
        mut good: impl FnMut(&[Arrival]) -> bool,
    ) -> Vec<Arrival> {
        let search = async {
            let mut tick = tokio::time::interval(Duration::from_millis(10));
            loop {
                tick.tick().await;
                let arrivals = self.arrivals(state).await;
                if good(&arrivals) {
                    return arrivals;
                }
            }
        };
        match tokio::time::timeout(BOUND, search).await {
            Ok(arrivals) => arrivals,
            Err(_) => panic!("not within the bound: {:?}", self.arrivals(state).await),
        }
    }

    pub(crate) async fn pages(&self, letter: &str) -> Vec<(PageKind, String)> {
        let letter = letter.to_owned();
        let pages = self
            .store
            .with(move |db| db.read_pages(&letter))
            .await
            .unwrap();
        pages
            .into_iter()
            .map(|page| (page.kind, page.sha256))
            .collect()
    }

    /// Nothing in the folder but what was moved to its places.
    pub(crate) fn inbox_is_clean(&self) -> bool {
        let left = |folder: &Path| {
            fs::read_dir(folder).map_or(0, |items| {
                items
                    .map(|item| item.unwrap())
                    .filter(|item| item.file_name() != ".station" && item.path().is_file())
                    .count()
            })
        };
        left(&self.inbox) == 0 && left(&self.inbox.join(claim::CLAIMED_FOLDER)) == 0
    }

    pub(crate) async fn is_clean(&self) {
        let search = async {
            let mut tick = tokio::time::interval(Duration::from_millis(10));
            while !self.inbox_is_clean() {
                tick.tick().await;
            }
        };
        tokio::time::timeout(BOUND, search)
            .await
            .expect("every file moved within the bound");
        let ledger = self.store.with(|db| db.verify_ledger()).await.unwrap();
        assert!(ledger.is_ok(), "the ledger holds");
    }
}

/// The smallest file that is structurally a JPEG; `seed` makes it another one.
pub(crate) fn page(seed: u8) -> Vec<u8> {
    vec![
        0xff,
        0xd8,
        0xff,
        0xda,
        0,
        4,
        1,
        2,
        7,
        seed & 0x7f,
        0xff,
        0xd9,
    ]
}

pub(super) async fn wait_ready(station: &Station, wanted: impl Into<Option<bool>>) {
    let wanted = wanted.into();
    let search = async {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while station
            .readiness
            .parts()
            .get("scanner/s1")
            .map(Option::is_none)
            != wanted
        {
            tick.tick().await;
        }
    };
    tokio::time::timeout(BOUND, search)
        .await
        .expect("within the bound");
}
