//! Two thousand pages through each driven scanner while the station is killed at random moments: what the device fed is registered once, as it was sent,
//! or its sheet is named: by the part of it that is kept, or by its place in a scan that says that a person has to compare.

mod over_escl;
mod over_sane;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use laixin::clock;
use laixin::config::{Scanner, ScannerKind, Within};
use laixin::domain::grouping::GroupBy;
use laixin::domain::letter::Carrier;
use laixin::events::Events;
use laixin::evidence::Evidence;
use laixin::health::Readiness;
use laixin::scan::{self, Desk, ScannerControl};
use laixin::store::{NewBatch, Scan, ScanOutcome, Store};
use scanner::order::Tray;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

const ROOT: &str = "LAIXIN_DRIVEN_ROOT";
/// The device's address; none: SANE's test device.
const URL: &str = "LAIXIN_DRIVEN_URL";

/// Splitmix64, the same in every run.
fn dice(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

struct Driven {
    store: Store,
    evidence: Arc<Evidence>,
    control: ScannerControl,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Driven {
    /// The station of a folder that outlives it.
    fn start(root: &Path, url: Option<String>) -> Self {
        let (store, _thread) = Store::open(&root.join("station.sqlite3")).unwrap();
        let evidence = Arc::new(Evidence::open(&root.join("evidence")).unwrap());
        let folder = Scanner::folder("s1", root.join("scans"));
        let scanner = match url {
            Some(url) => Scanner {
                kind: ScannerKind::Escl,
                by: Some(GroupBy::Scan),
                url: Some(url),
                ..folder
            },
            None => Scanner {
                kind: ScannerKind::Sane,
                by: Some(GroupBy::Scan),
                device: Some("test:0".into()),
                sources: ["Automatic Document Feeder"; 3].map(str::to_owned),
                options: vec!["--test-picture=Grid".into()],
                dpi: Within(75),
                paper_mm: [Within(100), Within(100)],
                ..folder
            },
        };
        let (events, readiness) = (Events::default(), Readiness::default());
        let desk = Desk::new(
            &scanner,
            store.clone(),
            Arc::clone(&evidence),
            events,
            readiness,
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
        Self {
            store,
            evidence,
            control,
            stop,
            task,
        }
    }

    async fn scans(&self) -> Vec<Scan> {
        self.store
            .with(|db| db.scans(None, None, 100_000))
            .await
            .unwrap()
    }

    async fn settled(&self) -> bool {
        self.scans().await.iter().all(|scan| scan.settled.is_some())
    }
}

/// The station that gets killed: it scans whatever lies in the feeder, again and again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the campaigns"]
async fn driven_station_to_be_killed() {
    let Some(root) = std::env::var_os(ROOT) else {
        println!("skipped: only the campaigns run this");
        return;
    };
    let driven = Driven::start(Path::new(&root), std::env::var(URL).ok());
    let began = Instant::now();
    // Ended by SIGKILL; bounded should the parent die first.
    while began.elapsed() < Duration::from_secs(600) {
        if driven.control.state().scan.is_none() {
            // Refused while the device still does what a killed run had asked for.
            let _ = driven.control.start(1, Some(1), Tray::Feeder, "op").await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The station to be killed. Over SANE, `path` is where it looks for scanimage.
fn spawn(root: &Path, url: Option<&str>, path: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--exact",
            "intake::campaign::driven_station_to_be_killed",
        ])
        .env(ROOT, root)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(url) = url {
        command.env(URL, url);
    }
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.spawn().unwrap()
}

async fn open_load(root: &Path) {
    let (store, _thread) = Store::open(&root.join("station.sqlite3")).unwrap();
    let opened = store.with(|db| {
        let new = NewBatch {
            carrier: Carrier::Letter,
            count: 1,
            received: clock::now(),
        };
        let batch = db.sign_in_batch(&new, "op")?;
        let load = db.add_load(batch, "cabinet-1", "op")?;
        db.override_load(load, ("op", "second"), "a test without a cabinet")
    });
    opened.await.unwrap();
}

/// What the last, undisturbed run found.
struct Found {
    scans: Vec<Scan>,
    /// By the hash of the original: each image of a scan that was registered with it.
    places: BTreeMap<String, Vec<(i64, u32)>>,
    holds: Vec<Option<i64>>,
    /// What never became whole: its scan, its number there, its bytes.
    parts: Vec<(i64, u32, Vec<u8>)>,
}

/// What lies among the held files below a spool, named `scan-5_0003.part.1` or as scanimage named it.
fn parts(spool: &Path) -> Vec<(i64, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(spool.join("held")).into_iter().flatten() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let digits = |text: &str| {
                text.chars()
                    .filter(char::is_ascii_digit)
                    .collect::<String>()
            };
            let Some((scan, image)) = name.split_once('_') else {
                continue;
            };
            let image = image.split('.').next().unwrap_or_default();
            if let (Ok(scan), Ok(number)) = (digits(scan).parse(), digits(image).parse()) {
                found.push((scan, number, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// What lies in the spool but neither done nor held.
fn files_below(spool: &Path) -> Vec<std::path::PathBuf> {
    let mut left = Vec::new();
    for folder in std::fs::read_dir(spool).into_iter().flatten().flatten() {
        let name = folder.file_name();
        if folder.path().is_dir() && name != "done" && name != "held" {
            let files = std::fs::read_dir(folder.path()).unwrap();
            left.extend(files.filter_map(Result::ok).map(|file| file.path()));
        }
    }
    left
}

/// Every image of a scan that was taken: its original, its scan, its place there.
fn taken_images(root: &Path) -> Vec<(String, i64, u32)> {
    let seen = rusqlite::Connection::open(root.join("station.sqlite3")).unwrap();
    let mut query = seen
        .prepare("SELECT sha256, scan_id, place FROM arrivals WHERE state = 'taken' ORDER BY scan_id, place")
        .unwrap();
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

async fn finish(root: &Path, url: Option<String>) -> Found {
    let driven = Driven::start(root, url);
    let wait = async {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            if driven.settled().await {
                return;
            }
        }
    };
    // What outlived a killed station may have left hundreds of images, and a busy disk takes its time over each.
    if tokio::time::timeout(Duration::from_secs(600), wait)
        .await
        .is_err()
    {
        let open: Vec<_> = driven
            .scans()
            .await
            .into_iter()
            .filter(|scan| scan.settled.is_none())
            .collect();
        let left = files_below(&root.join("scans"));
        panic!("not settled: {open:#?}; in the spool: {left:?}");
    }
    let scans = driven.scans().await;
    let taken = taken_images(root);
    let mut places: BTreeMap<String, Vec<(i64, u32)>> = BTreeMap::new();
    for (original, scan, place) in taken {
        driven
            .evidence
            .check(&original)
            .expect("its original is whole");
        places.entry(original).or_default().push((scan, place));
    }
    let holds = driven
        .store
        .with(|db| db.open_holds(None, 100_000))
        .await
        .unwrap();
    let rows = driven.store.with(|db| db.verify_rows()).await.unwrap();
    assert_eq!(rows.faults, []);
    assert!(
        driven
            .store
            .with(|db| db.verify_ledger())
            .await
            .unwrap()
            .is_ok()
    );
    driven.stop.cancel();
    driven.task.await.unwrap();
    Found {
        scans,
        places,
        parts: parts(&root.join("scans")),
        holds: holds.into_iter().map(|hold| hold.scan).collect(),
    }
}

/// A scan that is not wholly here says so; one that says nothing is whole. Returns how many say so.
fn judged(found: &Found) -> usize {
    let mut told = 0;
    for scan in &found.scans {
        let here = scan.registered_images + scan.held_images;
        let is_told = found.holds.contains(&Some(scan.id));
        let fed_nothing = here == 0 && scan.device_images.unwrap_or(0) == 0;
        if scan.outcome == Some(ScanOutcome::Done) {
            assert_eq!(Some(here), scan.device_images.or(Some(here)), "{scan:?}");
            assert_eq!(here, scan.received_images, "{scan:?}");
        } else {
            assert!(is_told || fed_nothing, "{scan:?}");
        }
        told += usize::from(is_told);
    }
    told
}
