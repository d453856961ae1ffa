//! Ten thousand pages through a folder while everything goes wrong that can: the station killed at random moments, the disk full, the disk refusing, the
//! mount gone and back, names used again and again, files half written, renamed, never finished. No page lost, none altered, none registered twice,
//! and every file that was not taken named with its reason.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use laixin::domain::grouping::GroupBy;
use laixin::domain::intake::ArrivalState;
use laixin::evidence::Evidence;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::scan_faults::Station;

const CHILD_ROOT: &str = "LAIXIN_CAMPAIGN_ROOT";
/// The folder goes by separators: its order counts.
const CHILD_BY_ORDER: &str = "LAIXIN_CAMPAIGN_BY_ORDER";
/// Longer than the writer's pauses on a busy machine.
const GRACE: Duration = Duration::from_secs(3);

/// Random numbers of our own, the same in every run of one seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Structurally a JPEG of some 8 kB, another one for each number.
fn page(number: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xda, 0, 4, 1, 2];
    bytes.extend(format!("{number:08}").into_bytes());
    bytes.extend((0..8_000 + number % 977).map(|at| ((at * 31 + number * 7) % 127) as u8));
    bytes.extend([0xff, 0xd9]);
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The station that gets killed.
#[tokio::test]
#[ignore = "run by folder_campaign"]
async fn folder_station_to_be_killed() {
    let Some(root) = std::env::var_os(CHILD_ROOT) else {
        println!("skipped: only folder_campaign runs this");
        return;
    };
    let mut station = Station::open(Path::new(&root));
    station.evidence = Arc::new(Evidence::open(&Path::new(&root).join("disk/evidence")).unwrap());
    station.grace = GRACE;
    station.by = std::env::var_os(CHILD_BY_ORDER).map(|_| GroupBy::Separator);
    station.start();
    // Ended by SIGKILL; bounded should the parent die first.
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

fn spawn(root: &Path, by: GroupBy, shim: Option<&Path>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--exact",
            "intake_campaign::folder_station_to_be_killed",
        ])
        .env(CHILD_ROOT, root)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if by == GroupBy::Separator {
        command.env(CHILD_BY_ORDER, "1");
    }
    if let Some(shim) = shim {
        command
            .env("LD_PRELOAD", shim)
            .env("LAIXIN_EIO_PER_MILLE", "4");
    }
    command.spawn().unwrap()
}

/// A library that lets one in so many writes and syncs of a process fail with EIO; `None` without a C compiler.
fn failing_disk(folder: &Path) -> Option<PathBuf> {
    const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
static __thread unsigned long state;
static int fails(int fd) {
    struct stat at;
    if (fd < 3 || fstat(fd, &at) != 0 || !S_ISREG(at.st_mode)) return 0;
    if (state == 0) { struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); state = now.tv_nsec * 2654435761u ^ (unsigned long)getpid() ^ (unsigned long)&state; }
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    const char *often = getenv("LAIXIN_EIO_PER_MILLE");
    if (often && (state >> 33) % 1000 < (unsigned long)atoi(often)) { errno = EIO; return 1; }
    return 0;
}
ssize_t write(int fd, const void *from, size_t n) { static ssize_t (*real)(int, const void *, size_t); if (!real) real = dlsym(RTLD_NEXT, "write"); return fails(fd) ? -1 : real(fd, from, n); }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { static ssize_t (*real)(int, const void *, size_t, off_t); if (!real) real = dlsym(RTLD_NEXT, "pwrite"); return fails(fd) ? -1 : real(fd, from, n, at); }
ssize_t pwrite64(int fd, const void *from, size_t n, off_t at) { static ssize_t (*real)(int, const void *, size_t, off_t); if (!real) real = dlsym(RTLD_NEXT, "pwrite64"); return fails(fd) ? -1 : real(fd, from, n, at); }
int fsync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fsync"); return fails(fd) ? -1 : real(fd); }
int fdatasync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fdatasync"); return fails(fd) ? -1 : real(fd); }
"#;
    let (source, library) = (folder.join("eio.c"), folder.join("eio.so"));
    fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .output();
    built
        .is_ok_and(|done| done.status.success())
        .then_some(library)
}

/// A tmpfs, unmounted when dropped; without the right to mount a plain folder stands in, and the disk never fills.
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    mounted: bool,
}

impl Disk {
    pub(crate) fn at(folder: PathBuf, megabytes: usize) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(&folder)
            .output();
        let mounted = done.is_ok_and(|done| done.status.success());
        Self { folder, mounted }
    }

    pub(crate) fn fill(&self) {
        if self.mounted {
            // It ends with “no space left”, which is the point.
            let mut file = fs::File::create(self.folder.join("filler")).unwrap();
            while std::io::Write::write_all(&mut file, &[1_u8; 1 << 16]).is_ok() {}
        }
    }

    pub(crate) fn make_room(&self) {
        let _ = fs::remove_file(self.folder.join("filler"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        }
    }
}

/// Between two pages: some hundred pages in each life of the station.
const PACE: Duration = Duration::from_millis(15);

/// What the scanner's software wrote.
#[derive(Default)]
struct Written {
    /// Hash of every page that was finished.
    whole: Vec<String>,
    /// Hash of every file that never was.
    cut: Vec<String>,
}

/// Gives a file its name, never another one's.
fn named(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Writes pages as scanner software does, under names that come back, until all are written.
fn write_pages(inbox: &Path, pages: usize, written: &AtomicUsize, stop: &AtomicBool) -> Written {
    let mut dice = Dice(seed().wrapping_add(6));
    let mut all = Written::default();
    let mut number = 0;
    while number < pages && !stop.load(Ordering::Relaxed) {
        let name = format!("L{:03}_p{}.jpg", dice.below(400), 1 + dice.below(3));
        let path = inbox.join(&name);
        let is_cut = number % 199 == 198;
        if !inbox.is_dir()
            || path.exists()
            || (is_cut && inbox.join(format!("cut{number}.jpg")).exists())
        {
            // The mount is away, or the name is still in use: as software does, it waits.
            std::thread::sleep(Duration::from_millis(2));
            continue;
        }
        let bytes = page(number);
        let done = match number % 7 {
            _ if is_cut => {
                let bytes = &bytes[..bytes.len() / 2];
                fs::write(inbox.join(format!("cut{number}.jpg")), bytes)
                    .map(|()| all.cut.push(sha256(bytes)))
            }
            // Into a hidden file, renamed when it is whole.
            0 => {
                let hidden = inbox.join(format!(".{name}.part"));
                fs::write(&hidden, &bytes).and_then(|()| named(&hidden, &path))
            }
            // In two halves with a pause.
            1 => fs::File::create_new(&path).and_then(|mut file| {
                use std::io::Write;
                file.write_all(&bytes[..3000])?;
                std::thread::sleep(Duration::from_millis(5));
                file.write_all(&bytes[3000..])
            }),
            // Under another name first, then renamed in place.
            2 => {
                let first = inbox.join(format!("~{number}.jpg"));
                fs::write(&first, &bytes).and_then(|()| named(&first, &path))
            }
            _ => fs::File::create_new(&path)
                .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes)),
        };
        if done.is_err() {
            // Cut off by the mount: what it wrote may be there in part, under this number; the page is written again under the next.
            number += 1;
            continue;
        }
        if !is_cut {
            all.whole.push(sha256(&bytes));
        }
        number += 1;
        written.store(number, Ordering::Relaxed);
        // A fast disk must not be done with all pages before anything was killed.
        std::thread::sleep(PACE);
    }
    all
}

/// What the writer could not rename because the mount went away: never a page, and the station waits for nobody to finish it.
fn hidden_parts(inbox: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(inbox)
        .unwrap()
        .map(|item| item.unwrap().path());
    items
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with('.') && name.ends_with(".part")
        })
        .collect()
}

/// What came into a folder that stood in the mount's place for a moment, put where it would have come. Nothing is written over: names come back.
fn rescued(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).into_iter().flatten().flatten() {
        let (path, name) = (item.path(), item.file_name());
        if path.is_dir() {
            rescued(&path, &to.join(name));
        } else if name != ".station" {
            let free = (0..)
                .map(|number| match number {
                    0 => to.join(&name),
                    _ => to.join(format!("R{number}{}", name.to_string_lossy())),
                })
                .find(|path| !path.exists())
                .unwrap();
            // The writer may have taken a file of its own away again.
            let _ = fs::rename(&path, free);
        }
    }
}

/// The mount is back in its place. Whoever made a folder there meanwhile, or makes one just now, finds what came into it beside the rest.
fn mounted_again(away: &Path, inbox: &Path) {
    let aside = away.with_file_name("aside");
    loop {
        // It may not be there.
        let _ = fs::rename(inbox, &aside);
        let back = fs::rename(away, inbox);
        let target = if back.is_ok() { inbox } else { away };
        if aside.is_dir() {
            rescued(&aside, target);
            fs::remove_dir_all(&aside).unwrap();
        }
        match back {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) => panic!("the folder does not come back: {error}"),
        }
    }
}

/// What the faults and names are drawn from.
fn seed() -> u64 {
    std::env::var("LAIXIN_SEED").map_or(5, |seed| seed.parse().unwrap())
}

/// Figures: `LAIXIN_PAGES=10000 LAIXIN_SEED=5 cargo test --release --test station -- --ignored --nocapture folder_campaign`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign of many minutes; a_campaign_in_small runs the same"]
async fn folder_campaign() {
    let pages = std::env::var("LAIXIN_PAGES").map_or(10_000, |pages| pages.parse().unwrap());
    campaign(pages, GroupBy::Name).await;
}

/// The same where the order of the files counts, and one waits for another: `… --ignored --nocapture separator_folder_campaign`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign of many minutes; a_campaign_in_order_in_small runs the same"]
async fn separator_folder_campaign() {
    let pages = std::env::var("LAIXIN_PAGES").map_or(10_000, |pages| pages.parse().unwrap());
    campaign(pages, GroupBy::Separator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_in_order_in_small() {
    campaign(150, GroupBy::Separator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_in_small() {
    campaign(300, GroupBy::Name).await;
}

async fn campaign(pages: usize, by: GroupBy) {
    let began = Instant::now();
    let root = TempDir::new().unwrap();
    let disk = Disk::at(root.path().join("disk"), 64 + pages / 50);
    let station = Station::open(root.path());
    station.release().await;
    drop(station);
    let (inbox, away) = (root.path().join("inbox"), root.path().join("away"));
    let shim = failing_disk(root.path());
    let (written, stop) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let writer = {
        let (inbox, written, stop) = (inbox.clone(), Arc::clone(&written), Arc::clone(&stop));
        std::thread::spawn(move || write_pages(&inbox, pages, &written, &stop))
    };
    let mut dice = Dice(seed());
    let (mut kills, mut full, mut gone, mut failing) = (0, 0, 0, 0);
    let limit = Duration::from_secs(60 + pages as u64 / 4);
    while written.load(Ordering::Relaxed) < pages && began.elapsed() < limit {
        let fails = shim.as_deref().filter(|_| dice.below(3) == 0);
        failing += u32::from(fails.is_some());
        let mut child = spawn(root.path(), by, fails);
        // The waiting is the fault itself: the process is killed wherever it is by then.
        let lives = Duration::from_millis(400 + dice.below(3_000));
        std::thread::sleep(lives / 2);
        match dice.below(4) {
            0 => {
                disk.fill();
                full += u32::from(disk.mounted);
                std::thread::sleep(lives / 4);
                disk.make_room();
            }
            1 => {
                fs::rename(&inbox, &away).unwrap();
                std::thread::sleep(lives / 4);
                mounted_again(&away, &inbox);
                gone += 1;
            }
            _ => std::thread::sleep(lives / 4),
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    stop.store(true, Ordering::Relaxed);
    let wrote = writer.join().unwrap();
    let left = hidden_parts(&inbox);
    left.iter().for_each(|part| fs::remove_file(part).unwrap());
    println!(
        "campaign: {} whole and {} cut files written in {:.0} s; {kills} kills, {full} times the disk full, {gone} times the folder away, {failing} lives with a failing disk; {} hidden parts left by the writer",
        wrote.whole.len(),
        wrote.cut.len(),
        began.elapsed().as_secs_f64(),
        left.len()
    );
    let mut station = Station::open(root.path());
    station.evidence = Arc::new(Evidence::open(&root.path().join("disk/evidence")).unwrap());
    station.grace = GRACE;
    station.by = Some(by);
    let taken_before = count(&station, ArrivalState::Taken).await;
    println!("campaign: {taken_before} were taken by runs that were killed");
    station.start();
    let settled = async {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        loop {
            tick.tick().await;
            let taken = count(&station, ArrivalState::Taken).await;
            if taken >= wrote.whole.len() && station.inbox_is_clean() {
                return;
            }
        }
    };
    if tokio::time::timeout(Duration::from_secs(120 + pages as u64 / 10), settled)
        .await
        .is_err()
    {
        println!("campaign: not settled within the bound");
    }
    judge(&station, &wrote).await;
    station.stop().await;
    println!(
        "campaign: {pages} pages in {:.0} s: 0 lost, 0 altered, 0 twice",
        began.elapsed().as_secs_f64()
    );
}

async fn count(station: &Station, state: ArrivalState) -> usize {
    all(station, state).await.len()
}

async fn all(station: &Station, state: ArrivalState) -> Vec<laixin::store::Arrival> {
    station
        .store
        .with(move |db| db.arrivals(state, None, 1_000_000))
        .await
        .unwrap()
}

/// What the station says of pages that were not taken, and the files that hold their bytes.
async fn whereabouts(station: &Station, lost: &[&String]) -> Vec<String> {
    let mut found = Vec::new();
    for state in [
        ArrivalState::Waiting,
        ArrivalState::Gone,
        ArrivalState::Held,
    ] {
        for arrival in all(station, state).await {
            let hash = arrival.sha256.as_ref();
            if state == ArrivalState::Waiting || hash.is_some_and(|hash| lost.contains(&hash)) {
                found.push(format!("{arrival:?}"));
            }
        }
    }
    let mut folders = vec![station.inbox.with_file_name("")];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = item.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path)
                && lost.contains(&&sha256(&bytes))
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Every page once and as it was written, everything else named, the books in order.
async fn judge(station: &Station, wrote: &Written) {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for arrival in all(station, ArrivalState::Taken).await {
        *times.entry(arrival.sha256.unwrap()).or_default() += 1;
    }
    let lost: Vec<_> = wrote
        .whole
        .iter()
        .filter(|hash| !times.contains_key(*hash))
        .collect();
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        lost.is_empty(),
        "{} of {} lost: {:#?}",
        lost.len(),
        wrote.whole.len(),
        whereabouts(station, &lost).await
    );
    assert!(twice.is_empty(), "{} registered twice", twice.len());
    let strangers = times
        .keys()
        .filter(|hash| !wrote.whole.contains(*hash))
        .count();
    assert_eq!(strangers, 0, "pages with bytes that nobody wrote");
    let database = station.inbox.with_file_name("station.sqlite3");
    let database = rusqlite::Connection::open(database).unwrap();
    let pages: i64 = database
        .query_row("SELECT count(*) FROM pages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        pages as usize,
        wrote.whole.len(),
        "a page for each, no more"
    );
    for hash in &wrote.whole {
        station.evidence.get(hash).expect("its original is whole");
    }
    let held = all(station, ArrivalState::Held).await;
    assert!(
        held.iter()
            .all(|arrival| arrival.reason.is_some() && arrival.kept_as.is_some())
    );
    let mut kept = Vec::new();
    for arrival in &held {
        kept.push(sha256(
            &fs::read(station.inbox.join(arrival.kept_as.as_ref().unwrap())).unwrap(),
        ));
    }
    let missed: Vec<_> = wrote
        .cut
        .iter()
        .filter(|hash| !kept.contains(hash))
        .collect();
    assert!(
        missed.is_empty(),
        "{} unfinished files are nowhere",
        missed.len()
    );
    let ledger = station.store.with(|db| db.verify_ledger()).await.unwrap();
    assert!(ledger.is_ok(), "the ledger holds");
    let rows = station.store.with(|db| db.verify_rows()).await.unwrap();
    assert_eq!(rows.faults, []);
}

/// How long after it became quiet a file is claimed, with the settings as shipped: `cargo test --release --test station -- --ignored --nocapture measure_claims`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of two minutes"]
async fn measure_claims() {
    const FILES: usize = 40;
    const QUIET: Duration = Duration::from_millis(800);
    for (events, limit) in [
        (scanner::Events::Hints, 2.0),
        (scanner::Events::RescanOnly, 10.0),
    ] {
        let mut station = Station::new();
        station.as_shipped = Some(events);
        station.release().await;
        station.start();
        let mut dice = Dice(3);
        let mut written = BTreeMap::new();
        for number in 0..FILES {
            let bytes = page(number);
            station.file(&format!("L{number:03}_p1.jpg"), &bytes);
            written.insert(sha256(&bytes), laixin::clock::now().0);
            tokio::time::sleep(Duration::from_millis(300 + dice.below(1_500))).await;
        }
        let taken = station.wait_for(ArrivalState::Taken, FILES).await;
        let mut seconds: Vec<f64> = taken
            .iter()
            .map(|arrival| {
                let quiet = written[arrival.sha256.as_ref().unwrap()] + QUIET.as_millis() as i64;
                (arrival.taken.unwrap().0 - quiet) as f64 / 1000.0
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        println!(
            "claimed after quiet, {events:?}: median {:.2} s, longest {:.2} s of {FILES}",
            seconds[FILES / 2],
            seconds[FILES - 1]
        );
        assert!(seconds[FILES - 1] <= limit);
        station.stop().await;
    }
}
