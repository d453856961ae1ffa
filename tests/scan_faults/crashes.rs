//! The station killed between any two steps of a page, and a disk that is full.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use laixin::clock;
use laixin::domain::intake::{ArrivalState, reason};
use laixin::domain::text::PageKind;
use laixin::evidence::Evidence;
use laixin::store::{NewArrival, TakePage, Taken};
use scanner::claim;
use tempfile::TempDir;

use super::station::{BOUND, Station, page, wait_ready};
use crate::support::small_disk::SmallDisk;

/// What an earlier run did up to its claim.
async fn claimed_by_an_earlier_run(station: &Station, name: &str) -> claim::Claimed {
    let new = NewArrival {
        source: "s1".into(),
        name: name.into(),
        file_key: "1".into(),
        first_seen: clock::now(),
        seen: None,
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

/// A mount that vanishes between the list of claims and the look at one, or a disk that fails under it: no word about the page.
#[tokio::test]
async fn a_claim_that_cannot_be_read_is_tried_again_and_never_called_truncated() {
    let mut station = Station::new();
    station.release().await;
    station.file("L001_p1.jpg", &page(1));
    let claimed = claimed_by_an_earlier_run(&station, "L001_p1.jpg").await;
    let away = station.inbox.with_file_name("away.jpg");
    fs::rename(&claimed.path, &away).unwrap();
    // In its place something that opens and gives no bytes.
    fs::create_dir(&claimed.path).unwrap();
    station.start();
    wait_ready(&station, false).await;
    assert_eq!(station.arrivals(ArrivalState::Held).await.len(), 0);
    fs::remove_dir(&claimed.path).unwrap();
    fs::rename(&away, &claimed.path).unwrap();
    station.wait_for(ArrivalState::Taken, 1).await;
    station.is_clean().await;
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
async fn disk_full() {
    let Some(small) = SmallDisk::new(1) else {
        println!("skipped: a small tmpfs cannot be mounted here (not root)");
        return;
    };
    let mut station = Station::new();
    station.evidence = Arc::new(Evidence::open(&small.path().join("evidence")).unwrap());
    let filler = small.path().join("filler");
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
            .args([
                "--ignored",
                "--exact",
                "scan_faults::crashes::station_to_be_killed",
            ])
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
