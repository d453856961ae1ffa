//! One function per fault of intake: what a folder, a disk or a crash can do to a page, and that no page is lost, altered or taken twice.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use laixin::clock::{self, Millis};
use laixin::config::{Scanner, Within};
use laixin::domain::grouping::GroupBy;
use laixin::domain::intake::{ArrivalState, reason};
use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::events::{Event, Events};
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::scan::{self, Desk, ScannerControl};
use laixin::store::{
    Arrival, CycleOutcome, CycleTerms, NewArrival, NewBatch, SideExposure, Store, TakePage, Taken,
};
use scanner::{Folder, FolderSettings, Source, claim};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const BOUND: Duration = Duration::from_secs(120);

/// A station that has nothing but a scanner's folder, a store and the evidence.
pub(crate) struct Station {
    root: Option<TempDir>,
    pub(crate) inbox: PathBuf,
    pub(crate) store: Store,
    pub(crate) evidence: Arc<Evidence>,
    events: Events,
    pub(crate) readiness: Readiness,
    pub(crate) by: Option<GroupBy>,
    pub(crate) control: Option<ScannerControl>,
    /// An image without its end is waited for so long.
    pub(crate) grace: Duration,
    /// The settings of a mailroom instead of quick ones, with or without change events.
    pub(crate) as_shipped: Option<scanner::Events>,
    running: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
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
            as_shipped: None,
            running: None,
            root: None,
        }
    }

    pub(crate) fn start(&mut self) {
        let usual = Scanner {
            by: self.by,
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
        );
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
        let load = self
            .store
            .with(|db| {
                let batch = db.sign_in_batch(
                    &NewBatch {
                        carrier: Carrier::Letter,
                        count: 1,
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

/// A little-endian TIFF with so many pages.
fn tiff(pages: u8) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\0\0\0\0".to_vec();
    let mut link = 4;
    for page in 0..pages {
        let data = bytes.len() as u32;
        bytes.extend([page; 10]);
        let directory = bytes.len() as u32;
        bytes[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        bytes.extend(2u16.to_le_bytes());
        for (tag, value) in [(273u16, data), (279, 10)] {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(4u16.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        link = bytes.len();
        bytes.extend([0; 4]);
    }
    bytes
}

#[tokio::test]
async fn pages_of_a_released_load_become_a_letter() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("A001_env.jpg", &page(3));
    station.file("A001_p2.jpg", &page(2));
    station.file("A001_p1.jpg", &page(1));
    station.file("B7/0001.jpg", &page(4));
    let taken = station.wait_for(ArrivalState::Taken, 4).await;
    station.is_clean().await;
    let sha = |name: &str| {
        taken
            .iter()
            .find(|a| a.name == name)
            .unwrap()
            .sha256
            .clone()
            .unwrap()
    };
    assert_eq!(
        station.pages("A001").await,
        [
            (PageKind::Letter, sha("A001_p1.jpg")),
            (PageKind::Letter, sha("A001_p2.jpg")),
            (PageKind::Envelope, sha("A001_env.jpg"))
        ]
    );
    assert_eq!(station.pages("B7").await.len(), 1);
    assert_eq!(station.evidence.get(&sha("A001_p2.jpg")).unwrap(), page(2));
    assert_eq!(
        fs::read(station.inbox.join("done/B7/0001.jpg")).unwrap(),
        page(4)
    );
    station.stop().await;
}

#[tokio::test]
async fn page_without_release_is_not_taken() {
    let mut station = Station::new();
    station.start();
    station.file("A001_p1.jpg", &page(1));
    let waits = |arrivals: &[Arrival]| {
        arrivals
            .iter()
            .any(|a| a.reason.as_deref() == Some(reason::NO_RELEASED_LOAD))
    };
    station.wait_until(ArrivalState::Waiting, waits).await;
    assert_eq!(
        fs::read(station.inbox.join("A001_p1.jpg")).unwrap(),
        page(1),
        "it stays where it is"
    );
    assert!(station.arrivals(ArrivalState::Taken).await.is_empty());
    station.stop().await;
}

#[tokio::test]
async fn page_seen_before_release_is_held() {
    let mut station = Station::new();
    station.start();
    station.file("A001_p1.jpg", &page(1));
    station
        .wait_until(ArrivalState::Waiting, |arrivals| arrivals.len() == 1)
        .await;
    // A restart forgets nothing: the page is not first seen by the new run.
    station.stop().await;
    station.release().await;
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    assert_eq!(held[0].reason.as_deref(), Some(reason::SEEN_BEFORE_RELEASE));
    assert_eq!(
        held[0].kept_as.as_deref(),
        Some("held/seen_before_release/A001_p1.jpg")
    );
    assert_eq!(
        fs::read(station.inbox.join("held/seen_before_release/A001_p1.jpg")).unwrap(),
        page(1)
    );
    // Scanned again after the release, under the same name.
    station.file("A001_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 1).await;
    station.is_clean().await;
    station.stop().await;
}

/// What an earlier run did up to its claim.
async fn claimed_by_an_earlier_run(station: &Station, name: &str) -> claim::Claimed {
    let new = NewArrival {
        source: "s1".into(),
        name: name.into(),
        file_key: "1".into(),
        first_seen: clock::now(),
    };
    let arrival = station
        .store
        .with(move |db| db.note_arrival(&new))
        .await
        .unwrap();
    let folder = station.inbox.join(claim::CLAIMED_FOLDER);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}__{name}", arrival.id));
    fs::rename(station.inbox.join(name), &path).unwrap();
    let left = claim::leftovers(&station.inbox).unwrap();
    left.claimed
        .into_iter()
        .find(|claimed| claimed.path == path)
        .unwrap()
}

#[tokio::test]
async fn killed_between_claim_and_commit() {
    let mut station = Station::new();
    station.release().await;
    station.file("A001_p1.jpg", &page(1));
    claimed_by_an_earlier_run(&station, "A001_p1.jpg").await;
    station.start();
    station.wait_for(ArrivalState::Taken, 1).await;
    station.is_clean().await;
    assert_eq!(station.pages("A001").await.len(), 1);
    assert!(station.inbox.join("done/A001_p1.jpg").exists());
    station.stop().await;
}

#[tokio::test]
async fn killed_between_commit_and_done() {
    let mut station = Station::new();
    station.release().await;
    station.file("A001_p1.jpg", &page(1));
    let claimed = claimed_by_an_earlier_run(&station, "A001_p1.jpg").await;
    let original = station.evidence.put_file(&claimed.path).unwrap();
    let page = TakePage {
        arrival: claimed.arrival_id,
        group: "A001".into(),
        kind: PageKind::Letter,
        number: Some(1),
        frames: vec![0],
        original,
    };
    let again = page.clone();
    assert!(matches!(
        station
            .store
            .with(move |db| db.take_page(&page))
            .await
            .unwrap(),
        Taken::Letter { .. }
    ));
    assert_eq!(
        station
            .store
            .with(move |db| db.take_page(&again))
            .await
            .unwrap(),
        Taken::Already
    );
    station.start();
    station.is_clean().await;
    assert_eq!(station.pages("A001").await.len(), 1, "not registered twice");
    assert_eq!(station.arrivals(ArrivalState::Taken).await.len(), 1);
    station.stop().await;
}

#[tokio::test]
async fn killed_between_hold_and_move() {
    let mut station = Station::new();
    station.release().await;
    station.file("A001_p1.jpg", &page(1));
    let claimed = claimed_by_an_earlier_run(&station, "A001_p1.jpg").await;
    let id = claimed.arrival_id;
    station
        .store
        .with(move |db| db.hold_arrival(&id, reason::LETTER_CLOSED))
        .await
        .unwrap();
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.iter().all(|a| a.kept_as.is_some())
        })
        .await;
    assert_eq!(held.len(), 1);
    station.is_clean().await;
    station.stop().await;
}

#[tokio::test]
async fn claimed_under_another_database() {
    let mut station = Station::new();
    station.release().await;
    let folder = station.inbox.join(claim::CLAIMED_FOLDER);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("00-old__A001_p1.jpg"), page(1)).unwrap();
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    assert_eq!(held[0].reason.as_deref(), Some(reason::UNKNOWN_CLAIM));
    station.stop().await;
}

#[tokio::test]
async fn same_page_twice_is_two_arrivals() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("A001_p1.jpg", &page(1));
    let first = station.wait_for(ArrivalState::Taken, 1).await;
    station.is_clean().await;
    station.file("A001_p1.jpg", &page(1));
    let both = station.wait_for(ArrivalState::Taken, 2).await;
    assert_eq!(both[0].same_as.as_ref(), Some(&first[0].id));
    assert_eq!(
        station.pages("A001").await.len(),
        2,
        "two blank pages are two pages"
    );
    station.is_clean().await;
    assert!(station.inbox.join("done/A001_p1 (2).jpg").exists());
    assert_eq!(station.evidence.verify_all().unwrap().good, 1);
    station.stop().await;
}

#[tokio::test]
async fn multi_page_tiff_is_several_pages() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("A001.tif", &tiff(3));
    station.wait_for(ArrivalState::Taken, 1).await;
    let pages = station.pages("A001").await;
    assert_eq!(pages.len(), 3);
    assert!(
        pages.iter().all(|page| page.1 == pages[0].1),
        "one original"
    );
    station.is_clean().await;
    station.stop().await;
}

#[tokio::test]
async fn bad_files_are_held_and_the_rest_goes_on() {
    let mut station = Station::new();
    station.release().await;
    let mut alerts = station.events.listen();
    station.file("cut_p1.jpg", &page(1)[..9]);
    station.file("empty_p1.jpg", b"");
    station.file("text_p1.jpg", b"not a page at all");
    station.file("bad\nname.jpg", &page(2));
    std::os::unix::fs::symlink("/etc/passwd", station.inbox.join("link_p1.jpg")).unwrap();
    station.file("A001_p1.jpg", &page(3));
    station.start();
    station.wait_for(ArrivalState::Taken, 1).await;
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 5 && held.iter().all(|a| a.kept_as.is_some())
        })
        .await;
    let mut reasons: Vec<_> = held
        .iter()
        .map(|a| (a.name.as_str(), a.reason.as_deref().unwrap()))
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            ("bad\\nname.jpg", "unsafe_name"),
            ("cut_p1.jpg", "truncated"),
            ("empty_p1.jpg", "empty"),
            ("link_p1.jpg", "symlink"),
            ("text_p1.jpg", "not_an_image"),
        ]
    );
    assert_eq!(
        fs::read(station.inbox.join("held/truncated/cut_p1.jpg")).unwrap(),
        page(1)[..9],
        "kept untouched"
    );
    station.is_clean().await;
    station.stop().await;
    let mut codes = Vec::new();
    while let Ok(event) = alerts.try_recv() {
        if let Event::Alert { code, .. } = event {
            codes.push(code);
        }
    }
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "empty",
            "not_an_image",
            "symlink",
            "truncated",
            "unsafe_name"
        ],
        "one message each"
    );
}

#[tokio::test]
async fn names_come_back_in_the_next_batch() {
    let mut station = Station::new();
    station.start();
    for seed in 1..=2 {
        station.release().await;
        station.file("A001_p1.jpg", &page(seed));
        station.wait_for(ArrivalState::Taken, seed.into()).await;
        station.is_clean().await;
    }
    assert_eq!(
        (
            station.pages("A001").await.len(),
            station.pages("A001-2").await.len()
        ),
        (1, 1)
    );
    station.stop().await;
}

#[tokio::test]
async fn closed_batch_takes_no_more_pages() {
    let mut station = Station::new();
    station.release().await;
    station
        .store
        .with(|db| db.close_batch(1, "op", Some("nothing came")))
        .await
        .unwrap();
    station.start();
    station.file("A001_p1.jpg", &page(1));
    let waits = |arrivals: &[Arrival]| {
        arrivals
            .iter()
            .any(|a| a.reason.as_deref() == Some(reason::NO_RELEASED_LOAD))
    };
    station.wait_until(ArrivalState::Waiting, waits).await;
    station.stop().await;
}

#[tokio::test]
async fn folder_vanishes_and_returns() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    let away = station.inbox.with_extension("away");
    fs::rename(&station.inbox, &away).unwrap();
    wait_ready(&station, false).await;
    assert_eq!(
        station.readiness.parts()["scanner/s1"]
            .as_ref()
            .unwrap()
            .code,
        "folder_unreadable"
    );
    fs::write(away.join("A001_p1.jpg"), page(1)).unwrap();
    fs::rename(&away, &station.inbox).unwrap();
    station.wait_for(ArrivalState::Taken, 1).await;
    wait_ready(&station, true).await;
    station.stop().await;
}

async fn wait_ready(station: &Station, wanted: impl Into<Option<bool>>) {
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

#[tokio::test]
async fn disk_full() {
    let Some(small) = SmallDisk::new() else {
        println!("skipped: a small tmpfs cannot be mounted here (not root)");
        return;
    };
    let mut station = Station::new();
    station.evidence = Arc::new(Evidence::open(&small.0.path().join("evidence")).unwrap());
    let filler = small.0.path().join("filler");
    let written = fs::write(&filler, vec![1; 4 << 20]);
    assert!(written.is_err(), "the small disk is full now");
    station.release().await;
    station.start();
    let mut large = page(1);
    large.splice(9..9, std::iter::repeat_n(5, 200_000));
    station.file("A001_p1.jpg", &large);
    wait_ready(&station, false).await;
    assert_eq!(
        station.readiness.parts()["scanner/s1"]
            .as_ref()
            .unwrap()
            .code,
        "disk_full"
    );
    assert!(station.arrivals(ArrivalState::Taken).await.is_empty());
    fs::remove_file(&filler).unwrap();
    station.wait_for(ArrivalState::Taken, 1).await;
    wait_ready(&station, true).await;
    station.is_clean().await;
    assert_eq!(
        fs::read(station.inbox.join("done/A001_p1.jpg")).unwrap(),
        large
    );
    station.stop().await;
}

/// A tmpfs of 1 MB, unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .status();
        assert!(
            unmounted.is_ok_and(|status| status.success()),
            "the small disk is unmounted"
        );
    }
}

#[tokio::test]
async fn clock_set_back_holds_rather_than_takes() {
    let station = Station::new();
    station.release().await;
    let new = NewArrival {
        source: "s1".into(),
        name: "A001_p1.jpg".into(),
        file_key: "1".into(),
        first_seen: Millis(0),
    };
    let arrival = station
        .store
        .with(move |db| db.note_arrival(&new))
        .await
        .unwrap();
    let original = station.evidence.put(&page(1)).unwrap();
    let page = TakePage {
        arrival: arrival.id,
        group: "A001".into(),
        kind: PageKind::Letter,
        number: None,
        frames: vec![0],
        original,
    };
    assert!(matches!(
        station
            .store
            .with(move |db| db.take_page(&page))
            .await
            .unwrap(),
        Taken::NotNow(_)
    ));
}

const CHILD_ROOT: &str = "LAIXIN_TEST_SCAN_ROOT";

/// The other process of `killed_at_random_moments`: takes pages until it is killed.
#[tokio::test]
#[ignore = "run by killed_at_random_moments"]
async fn station_to_be_killed() {
    let Some(root) = std::env::var_os(CHILD_ROOT) else {
        println!("skipped: only killed_at_random_moments runs this");
        return;
    };
    let mut station = Station::open(Path::new(&root));
    station.start();
    // Ended by SIGKILL; bounded should the parent die first.
    let (_, task) = station.running.take().unwrap();
    assert!(
        tokio::time::timeout(BOUND, task).await.is_err(),
        "the task goes on"
    );
}

#[tokio::test]
async fn killed_at_random_moments() {
    const PAGES: usize = 120;
    let root = TempDir::new().unwrap();
    let station = Station::open(root.path());
    station.release().await;
    drop(station);
    let inbox = root.path().join("inbox");
    for number in 0..PAGES {
        let mut bytes = page(1);
        bytes.splice(9..9, (0..60_000).map(|at| ((at * 31 + number) % 127) as u8));
        bytes.splice(9..9, format!("{number:08}").into_bytes());
        fs::write(
            inbox.join(format!("L{:03}_p{}.jpg", number / 2, number % 2 + 1)),
            bytes,
        )
        .unwrap();
    }
    let mut killed_with_claims = 0;
    for round in 0..12_u64 {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "scan_faults::station_to_be_killed"])
            .env(CHILD_ROOT, root.path())
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // The waiting is the fault itself: the process is killed wherever it is by then.
        let lives = Duration::from_millis(150 + round * 37);
        assert!(
            tokio::time::timeout(lives, child.wait()).await.is_err(),
            "alive until killed"
        );
        child.kill().await.unwrap();
        killed_with_claims += claim::leftovers(&inbox).unwrap().claimed.len();
    }
    println!("{killed_with_claims} pages were claimed and not finished at a kill");
    let mut station = Station::open(root.path());
    let taken_before = station.arrivals(ArrivalState::Taken).await.len();
    println!("{taken_before} of {PAGES} were taken by killed runs");
    station.start();
    let taken = station.wait_for(ArrivalState::Taken, PAGES).await;
    station.is_clean().await;
    station.stop().await;
    let originals: std::collections::HashSet<_> =
        taken.iter().map(|a| a.sha256.clone().unwrap()).collect();
    assert_eq!(originals.len(), PAGES, "every page, none twice");
    assert!(taken.iter().all(|a| a.same_as.is_none()));
    for letter in 0..PAGES / 2 {
        assert_eq!(station.pages(&format!("L{letter:03}")).await.len(), 2);
    }
    assert_eq!(fs::read_dir(inbox.join("done")).unwrap().count(), PAGES);
    let scrub = station.evidence.verify_all().unwrap();
    assert_eq!((scrub.good as usize, scrub.faults.len()), (PAGES, 0));
}

/// A figure for the report, not a test of right or wrong: `cargo test --test station -- --ignored --nocapture measure_intake`.
#[tokio::test]
#[ignore = "a measurement"]
async fn measure_intake() {
    const PAGES: usize = 300;
    let mut station = Station::new();
    station.release().await;
    for number in 0..PAGES {
        let mut bytes = page(1);
        let filling = (0..1_500_000).map(|at| ((at * 31 + number) & 0x7f) as u8);
        bytes.splice(9..9, filling);
        station.file(&format!("L{number:04}_p1.jpg"), &bytes);
    }
    let began = std::time::Instant::now();
    station.start();
    station.wait_for(ArrivalState::Taken, PAGES).await;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "intake of {PAGES} pages of 1.5 MB: {:.1} pages/s",
        PAGES as f64 / seconds
    );
    station.is_clean().await;
    station.stop().await;
}
