//! Over eSCL: the simulated device knows which sheet it fed to which job, so that every one of them can be accounted for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use laixin::store::Scan;
use scanner::sim::{SimSettings, Simulator};
use tempfile::TempDir;

use super::{Found, dice, finish, judged, open_load, sha256, spawn};

/// Images of a pile.
const PILE: usize = 20;
/// The bytes behind which no two sheets are alike.
const TELLING: usize = 16;

fn side(number: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xda, 0, 4, 1, 2];
    bytes.extend(format!("{number:08}").into_bytes());
    bytes.extend((0..60_000 + number % 977).map(|at| ((at * 31 + number * 7) % 127) as u8));
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// Figures: `LAIXIN_PAGES=2000 cargo test --release --test station -- --ignored --nocapture killed_over_escl`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a campaign of some minutes; killed_over_escl_in_small runs the same"]
async fn killed_over_escl() {
    over_escl(std::env::var("LAIXIN_PAGES").map_or(2_000, |pages| pages.parse().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_over_escl_in_small() {
    over_escl(80).await;
}

async fn over_escl(pages: usize) {
    let (began, root) = (Instant::now(), TempDir::new().unwrap());
    let settings = SimSettings {
        pace: Duration::from_millis(15),
        ..SimSettings::default()
    };
    let device = Simulator::listen(([127, 0, 0, 1], 0).into(), settings)
        .await
        .unwrap();
    open_load(root.path()).await;
    let (mut put_in, mut kills, mut state) = (Vec::new(), 0, 9);
    let limit = Duration::from_secs(60 + pages as u64 / 2);
    while (put_in.len() < pages || device.left() > 0) && began.elapsed() < limit {
        let url = device.url();
        let mut child = spawn(root.path(), Some(&url), None);
        let lives = Instant::now() + Duration::from_millis(700 + dice(&mut state) % 3_000);
        while Instant::now() < lives {
            if device.left() == 0 && put_in.len() < pages {
                let pile: Vec<_> = (put_in.len()..put_in.len() + PILE).map(side).collect();
                put_in.extend(pile.iter().map(|image| sha256(image)));
                device.put_in(pile);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    let found = finish(root.path(), Some(device.url())).await;
    judged(&found);
    let strangers = found
        .places
        .keys()
        .filter(|hash| !put_in.contains(hash))
        .count();
    let twice = found
        .places
        .values()
        .filter(|places| places.len() > 1)
        .count();
    let fed = device.fed();
    let sheets = account(&found, &fed, &put_in);
    println!(
        "escl: {} sheets fed, {} scans, {kills} kills in {:.0} s: {} registered, {strangers} altered, {twice} twice; in transfer at a kill: {} named by the part of them that is kept, {} by their place in a scan that is held; {} lost",
        fed.len(),
        found.scans.len(),
        began.elapsed().as_secs_f64(),
        found.places.len(),
        sheets.by_bytes,
        sheets.by_place,
        sheets.lost.len()
    );
    assert_eq!((strangers, twice), (0, 0));
    assert_eq!(sheets.lost, Vec::<String>::new());
    assert!(fed.len() >= pages * 9 / 10, "the device was fed");
    // What is on the line when the station dies is the one image under way.
    let unregistered = sheets.by_bytes + sheets.by_place;
    assert!(unregistered <= kills, "{unregistered} of {kills}");
}

/// What became of every sheet that went through.
#[derive(Default)]
struct Sheets {
    by_bytes: usize,
    by_place: usize,
    lost: Vec<String>,
}

/// Accounts for every sheet: registered at the place in its scan at which the device fed it, or tied to what a person is told of.
fn account(found: &Found, fed: &[(u32, usize)], hashes: &[String]) -> Sheets {
    let mut jobs: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (job, side) in fed {
        jobs.entry(*job).or_default().push(*side);
    }
    let mut sheets = Sheets::default();
    // Scans follow each other as the device's jobs do.
    let mut latest = 0;
    for (job, sides) in &jobs {
        let mut scan = None;
        for (side, place) in sides.iter().zip(1..) {
            let Some(&(of, at)) = found.places.get(&hashes[*side]).and_then(|all| all.first())
            else {
                continue;
            };
            assert_eq!(at, place, "image {place} of job {job} is where it was fed");
            assert_eq!(*scan.get_or_insert(of), of, "one job, one scan");
        }
        for (number, place) in sides.iter().zip(1..) {
            if found.places.contains_key(&hashes[*number]) {
                continue;
            }
            let whole = side(*number);
            let part = found.parts.iter().find(|(of, at, bytes)| {
                *at == place
                    && scan.is_none_or(|scan| scan == *of)
                    && bytes.len() > TELLING
                    && whole.starts_with(bytes)
            });
            if let Some((of, ..)) = part {
                scan = Some(*of);
                sheets.by_bytes += 1;
            } else if place as usize == sides.len()
                && let Some(held) = held_scan(found, scan, latest)
            {
                scan = Some(held);
                sheets.by_place += 1;
            } else {
                sheets
                    .lost
                    .push(format!("sheet {number}, image {place} of job {job}"));
            }
        }
        latest = scan.unwrap_or(latest);
    }
    sheets
}

/// The scan a sheet belongs to of which nothing came: its job's, where that is known, or else the next one that had nothing, and only if it is held.
fn held_scan(found: &Found, known: Option<i64>, latest: i64) -> Option<i64> {
    let is_held = |scan: i64| found.holds.contains(&Some(scan));
    if let Some(scan) = known {
        return is_held(scan).then_some(scan);
    }
    let mut later: Vec<&Scan> = found.scans.iter().filter(|scan| scan.id > latest).collect();
    later.sort_by_key(|scan| scan.id);
    let next = later
        .into_iter()
        .find(|scan| scan.registered_images == 0 && is_held(scan.id));
    next.map(|scan| scan.id)
}
