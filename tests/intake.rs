//! A driven scanner, its separators and its counts: the simulated device on a real socket, the store, the evidence and the task between them.

mod balance;
mod bars;
mod campaign;
mod ends;
mod folder_order;
mod grouping;
mod https;
mod measure;
mod offers;
mod parts;
mod post;
mod sheets;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use laixin::clock;
use laixin::config::{Scanner, ScannerKind, Unchecked, Within};
use laixin::domain::grouping::GroupBy;
use laixin::domain::letter::Carrier;
use laixin::events::Events;
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::scan::{self, Desk, ScannerControl};
use laixin::store::{NewBatch, Scan, Store};
use scanner::order::Tray;
use scanner::sim::{Fault, SimSettings, Simulator};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::vouched::assert_store_vouched;

const BOUND: Duration = Duration::from_secs(120);

/// A station that has nothing but a scanner, a store and the evidence.
pub(crate) struct Intake {
    root: TempDir,
    pub(crate) store: Store,
    pub(crate) evidence: Arc<Evidence>,
    pub(crate) device: Simulator,
    pub(crate) control: Option<ScannerControl>,
    by: GroupBy,
    pub(crate) most_images: u64,
    pub(crate) express: Unchecked,
    running: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

/// Whatever a test does, at its end the ledger vouches for every row.
impl Drop for Intake {
    fn drop(&mut self) {
        assert_store_vouched(&self.store);
    }
}

impl Intake {
    pub(crate) async fn new(by: GroupBy) -> Self {
        let mut intake = Self::stopped(by).await;
        intake.start();
        intake
    }

    pub(crate) async fn stopped(by: GroupBy) -> Self {
        let root = TempDir::new().unwrap();
        let (store, _thread) = Store::open(&root.path().join("station.sqlite3")).unwrap();
        let evidence = Arc::new(Evidence::open(&root.path().join("evidence")).unwrap());
        let device = Simulator::listen(([127, 0, 0, 1], 0).into(), SimSettings::default());
        Self {
            device: device.await.unwrap(),
            root,
            store,
            evidence,
            control: None,
            by,
            most_images: 2000,
            express: Unchecked::Hold,
            running: None,
        }
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.root.path().join("scans")
    }

    pub(crate) fn start(&mut self) {
        let scanner = Scanner {
            kind: ScannerKind::Escl,
            by: Some(self.by),
            url: Some(self.device.url()),
            serial: Some("SIM-0001".into()),
            most_images: Within(self.most_images),
            express_13: self.express,
            ..Scanner::folder("s1", self.spool())
        };
        let desk = Desk::new(
            &scanner,
            self.store.clone(),
            Arc::clone(&self.evidence),
            Events::default(),
            Readiness::default(),
        );
        let (source, control, orders) = scan::open(&scanner, &desk).unwrap();
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let beat = laixin::sd_notify::Watchdog::default().task("scan", Duration::from_secs(60));
        let task = tokio::spawn(async move {
            scan::run(desk, source, orders, beat, stopping)
                .await
                .unwrap();
        });
        self.control = Some(control);
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

    /// A batch of so many letters with a load; returns both numbers.
    pub(crate) async fn load(&self, count: u32) -> (i64, i64) {
        let made = self.store.with(move |db| {
            let new = NewBatch {
                carrier: Carrier::Letter,
                count,
                received: clock::now(),
            };
            let batch = db.sign_in_batch(&new, "op")?;
            Ok((batch, db.add_load(batch, "cabinet-1", "op")?))
        });
        made.await.unwrap()
    }

    /// The same, opened by a signed override.
    pub(crate) async fn open_load(&self, count: u32) -> (i64, i64) {
        let (batch, load) = self.load(count).await;
        let opened = self
            .store
            .with(move |db| db.override_load(load, ("op", "second"), "a test without a cabinet"));
        opened.await.unwrap();
        (batch, load)
    }

    pub(crate) fn control(&self) -> &ScannerControl {
        self.control.as_ref().expect("it runs")
    }

    /// Scans what is put in and waits until everything that came is somewhere.
    pub(crate) async fn scan(&self, load: i64, sides: u8, images: Vec<Vec<u8>>) -> Scan {
        self.device.put_in(images);
        let begun = self
            .control()
            .start(load, Some(sides), Tray::Feeder, "op")
            .await
            .unwrap();
        self.settled(begun.id).await
    }

    pub(crate) async fn scan_with(&self, fault: Fault, load: i64, images: Vec<Vec<u8>>) -> Scan {
        self.device.set_faults(vec![fault]);
        let scan = self.scan(load, 1, images).await;
        self.device.set_faults(Vec::new());
        scan
    }

    pub(crate) async fn settled(&self, id: i64) -> Scan {
        let search = async {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                let scan = self.store.with(move |db| db.scan(id)).await.unwrap();
                if scan.settled.is_some() {
                    return scan;
                }
            }
        };
        tokio::time::timeout(BOUND, search)
            .await
            .expect("the scan is settled within the bound")
    }

    /// Every letter of a batch with the number of its envelope sides and pages, by number.
    pub(crate) async fn letters(&self, batch: i64) -> Vec<(String, usize, usize)> {
        use laixin::domain::text::PageKind;
        use laixin::store::LetterLinesWanted;
        let wanted = LetterLinesWanted {
            batch: Some(batch),
            ..LetterLinesWanted::default()
        };
        let found = self.store.with(move |db| {
            let lines = db.letter_lines(&wanted, 100)?;
            lines
                .into_iter()
                .map(|line| {
                    let pages = db.read_pages(&line.id)?;
                    let envelopes = pages
                        .iter()
                        .filter(|page| page.kind == PageKind::Envelope)
                        .count();
                    Ok((line.id, envelopes, pages.len() - envelopes))
                })
                .collect::<Result<Vec<_>, _>>()
        });
        let mut letters = found.await.unwrap();
        letters.sort();
        letters
    }

    /// Reasons of open holds with the letter each is about.
    pub(crate) async fn holds(&self, batch: i64) -> Vec<(String, Option<String>)> {
        let found = self
            .store
            .with(move |db| db.open_holds(Some(batch), 100))
            .await
            .unwrap();
        found
            .into_iter()
            .map(|hold| (hold.reason, hold.letter))
            .collect()
    }
}
