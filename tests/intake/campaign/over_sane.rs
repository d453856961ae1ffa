//! Over SANE: its test device gives one image again and again, so a program in scanimage's place stamps each differently and writes down what it handed
//! over. No counter: one that is killed while it counts begins anew.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use laixin::store::ScanOutcome;
use tempfile::TempDir;

use super::{dice, finish, judged, open_load, sha256, spawn};

/// Runs the real scanimage elsewhere, stamps every page as it comes, and gives it the name it was asked for. Before a page has that name it is in
/// `begun`, afterwards in `done`.
const STAMPING: &str = r#"#!/usr/bin/python3
import fcntl, hashlib, os, struct, subprocess, sys, tempfile, time, zlib

HOME = os.environ["LAIXIN_STAMPS"]
REAL = "/usr/bin/scanimage"
batch = next((a for a in sys.argv[1:] if a.startswith("--batch=")), None)
if batch is None:
    os.execv(REAL, [REAL] + sys.argv[1:])
wanted = batch[len("--batch="):]
own = tempfile.mkdtemp(dir=HOME)
others = [a for a in sys.argv[1:] if a != batch]
scan = subprocess.Popen([REAL, "--batch=" + own + "/p%04d.png"] + others, stderr=subprocess.PIPE, text=True)

def note(name, line):
    with open(os.path.join(HOME, name), "a+") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.write(line + "\n")
        log.flush()

def hand_over(page):
    with open(f"{own}/p{page:04}.png", "rb") as file:
        image = file.read()
    text = b"tEXtComment\0" + f"sheet {os.urandom(8).hex()}".encode()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    stamped = image[:-12] + chunk + image[-12:]
    digest = hashlib.sha256(stamped).hexdigest()
    note("begun", digest)
    time.sleep(0.03)
    with open(wanted % page + ".part", "wb") as file:
        file.write(stamped)
    os.rename(wanted % page + ".part", wanted % page)
    note("done", digest)

page = 1
while True:
    ended = scan.poll() is not None
    while os.path.exists(f"{own}/p{page:04}.png"):
        hand_over(page)
        page += 1
    if ended:
        break
    time.sleep(0.01)
sys.stderr.write(scan.stderr.read())
sys.exit(scan.returncode)
"#;

/// Figures: `LAIXIN_PAGES=2000 cargo test --release --test station -- --ignored --nocapture killed_over_sane`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign of some minutes; killed_over_sane_in_small runs the same"]
async fn killed_over_sane() {
    over_sane(std::env::var("LAIXIN_PAGES").map_or(2_000, |pages| pages.parse().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_over_sane_in_small() {
    over_sane(40).await;
}

/// The stamping program as `scanimage` in a folder of its own, first in the path.
fn stamping(root: &Path) -> (PathBuf, String) {
    let home = root.join("stamps");
    fs::create_dir(&home).unwrap();
    let program = home.join("scanimage");
    let script = STAMPING.replace("os.environ[\"LAIXIN_STAMPS\"]", &format!("{home:?}"));
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let others = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{others}", home.display());
    (home, path)
}

fn lines(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Waits until nothing of this folder's runs any more: what outlived its station ends its scan by itself.
async fn until_alone(home: &Path) {
    let home = home.to_string_lossy().into_owned();
    let runs = || {
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(Result::ok)
            .any(|item| {
                let line = fs::read(item.path().join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&home)
            })
    };
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let wait = async {
        while runs() {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .expect("every scan ends by itself");
}

async fn over_sane(pages: usize) {
    let (began, root) = (Instant::now(), TempDir::new().unwrap());
    open_load(root.path()).await;
    let (home, path) = stamping(root.path());
    let (mut kills, mut state) = (0, 4);
    let limit = Duration::from_secs(60 + pages as u64);
    while lines(&home.join("done")).len() < pages && began.elapsed() < limit {
        let mut child = spawn(root.path(), None, Some(&path));
        let lives = Duration::from_millis(1_500 + dice(&mut state) % 6_000);
        tokio::time::sleep(lives).await;
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    until_alone(&home).await;
    let found = finish(root.path(), None).await;
    let told = judged(&found);
    let whole = found
        .scans
        .iter()
        .filter(|scan| scan.outcome == Some(ScanOutcome::Done));
    for scan in whole.clone() {
        assert_eq!(
            scan.registered_images, 10,
            "the test device feeds ten: {scan:?}"
        );
    }
    let (begun, done) = (lines(&home.join("begun")), lines(&home.join("done")));
    let strangers = found
        .places
        .keys()
        .filter(|hash| !begun.contains(*hash))
        .count();
    let twice = found
        .places
        .values()
        .filter(|places| places.len() > 1)
        .count();
    let held: BTreeSet<String> = found
        .parts
        .iter()
        .map(|(_, _, bytes)| sha256(bytes))
        .collect();
    let lost: Vec<_> = done
        .iter()
        .filter(|hash| !found.places.contains_key(*hash) && !held.contains(*hash))
        .collect();
    println!(
        "sane: {} pages handed over, all different, in {} scans, {} of them whole, {kills} kills in {:.0} s: {} registered, {strangers} altered, {twice} twice, {} held, {} lost; {told} scans say that they were cut off",
        done.len(),
        found.scans.len(),
        whole.count(),
        began.elapsed().as_secs_f64(),
        found.places.len(),
        done.intersection(&held).count(),
        lost.len()
    );
    assert_eq!((strangers, twice), (0, 0));
    assert!(lost.is_empty(), "{lost:?}");
    assert!(done.len() >= pages);
}
