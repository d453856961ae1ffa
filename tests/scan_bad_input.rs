//! What a folder may hold that no scanner should write: names that lead elsewhere, files that are larger than they are, a second station.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use laixin::domain::intake::ArrivalState;
use tempfile::TempDir;

use crate::scan_faults::{Station, page};

/// Every plain file below a folder, by its path, links not followed.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            match fs::symlink_metadata(&path).unwrap().is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn names_that_lead_elsewhere_or_cannot_be_kept_are_held_inside_the_folder() {
    let mut station = Station::new();
    let root = station.inbox.parent().unwrap().to_owned();
    let long = format!("{}.jpg", "信".repeat(83));
    assert_eq!(long.len(), 253);
    let longest = format!("x{}.jpg", "a".repeat(250));
    assert_eq!(longest.len(), 255);
    let names: [&[u8]; 9] = [
        b"x..\\..\\evil_p1.jpg",
        b"%2E%2E%2Fescaped_p1.jpg",
        b"x..%2F..%2Ftwice_p1.jpg",
        b"line\nbreak_p1.jpg",
        b"bell\x07_p1.jpg",
        b"not-utf8-\xff\xfe_p1.jpg",
        b"-rf_p1.jpg",
        long.as_bytes(),
        longest.as_bytes(),
    ];
    for (seed, name) in (1_u8..).zip(names) {
        fs::write(
            station.inbox.join(std::ffi::OsStr::from_bytes(name)),
            page(seed),
        )
        .unwrap();
    }
    station.release().await;
    station.start();
    let good = [1, 2, 6];
    let taken = station.wait_for(ArrivalState::Taken, good.len()).await;
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == names.len() - good.len() && held.iter().all(|one| one.kept_as.is_some())
        })
        .await;
    for arrival in &held {
        assert_eq!(
            arrival.reason.as_deref(),
            Some("unsafe_name"),
            "{arrival:?}"
        );
        assert!(!arrival.name.contains('\n'), "shown on one line");
    }
    station.is_clean().await;
    station.stop().await;
    // Everything is where it belongs, with the bytes it had, and nothing lies beside the folder.
    let kept: Vec<Vec<u8>> = files(&station.inbox)
        .iter()
        .filter(|path| !path.ends_with(".claimed/.station"))
        .map(|path| fs::read(path).unwrap())
        .collect();
    for seed in 1..=names.len() as u8 {
        assert!(kept.contains(&page(seed)), "the bytes of file {seed}");
    }
    assert_eq!(kept.len(), names.len());
    assert!(taken.iter().all(|arrival| !arrival.name.contains("..\\")));
    let beside: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            name != "inbox" && name != "evidence" && !name.starts_with("station.sqlite3")
        })
        .collect();
    assert_eq!(beside, [""; 0]);
}

#[tokio::test]
async fn links_are_never_followed() {
    let mut station = Station::new();
    let secret = TempDir::new().unwrap();
    fs::write(secret.path().join("private_p1.jpg"), page(9)).unwrap();
    symlink(
        secret.path().join("private_p1.jpg"),
        station.inbox.join("file_p1.jpg"),
    )
    .unwrap();
    symlink(secret.path(), station.inbox.join("FOLDER")).unwrap();
    symlink("nowhere", station.inbox.join("dangling_p1.jpg")).unwrap();
    symlink("loop_p1.jpg", station.inbox.join("loop_p1.jpg")).unwrap();
    station.release().await;
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 4 && held.iter().all(|one| one.kept_as.is_some())
        })
        .await;
    assert!(
        held.iter()
            .all(|one| one.reason.as_deref() == Some("symlink")),
        "{held:?}"
    );
    station.file("A001_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 1).await;
    assert!(secret.path().join("private_p1.jpg").exists(), "untouched");
    assert_eq!(
        station.evidence.verify_all().unwrap().good,
        1,
        "only the page"
    );
    station.stop().await;
}

#[tokio::test]
async fn a_sparse_file_of_ten_gigabytes_is_held_unread() {
    let mut station = Station::new();
    let path = station.inbox.join("huge_p1.jpg");
    let file = File::create(&path).unwrap();
    std::io::Write::write_all(&mut &file, &page(1)).unwrap();
    file.set_len(10 << 30).unwrap();
    drop(file);
    station.release().await;
    let began = std::time::Instant::now();
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    assert_eq!(held[0].reason.as_deref(), Some("too_large"));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "nobody reads ten gigabytes"
    );
    let kept = station.inbox.join("held/too_large/huge_p1.jpg");
    assert_eq!(fs::metadata(kept).unwrap().len(), 10 << 30);
    assert_eq!(station.evidence.verify_all().unwrap().good, 0);
    station.stop().await;
}

#[tokio::test]
async fn a_second_station_on_the_same_folder_takes_nothing_and_says_so() {
    let mut first = Station::new();
    first.release().await;
    first.start();
    first.file("A001_p1.jpg", &page(1));
    first.wait_for(ArrivalState::Taken, 1).await;
    let other_root = TempDir::new().unwrap();
    let mut second = Station::open(other_root.path());
    second.inbox = first.inbox.clone();
    second.release().await;
    second.start();
    let told = async {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            tick.tick().await;
            let parts = second.readiness.parts();
            if let Some(Some(why)) = parts.get("scanner/s1") {
                return why.code.clone();
            }
        }
    };
    let code = tokio::time::timeout(Duration::from_secs(30), told)
        .await
        .expect("it is told");
    assert_eq!(code, "folder_in_use");
    for seed in 2..=20 {
        first.file(&format!("A001_p{seed}.jpg"), &page(seed));
    }
    first.wait_for(ArrivalState::Taken, 20).await;
    first.is_clean().await;
    for state in [ArrivalState::Taken, ArrivalState::Held] {
        assert!(second.arrivals(state).await.is_empty(), "{state:?}");
    }
    assert!(first.arrivals(ArrivalState::Held).await.is_empty());
    // When the first one stops, the second takes over by itself.
    first.stop().await;
    second.file("B002_p1.jpg", &page(30));
    second.wait_for(ArrivalState::Taken, 1).await;
    second.is_clean().await;
    second.stop().await;
}

const CHILD: &str = "LAIXIN_TEST_CLOCK";

/// Pages before and after the wall clock was set back by a year; in a process of its own, since the clock is the process's.
#[test]
fn a_clock_that_is_set_back_by_a_year_loses_and_launders_nothing() {
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "scan_bad_input::with_the_clock_set_back",
            "--ignored",
        ])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test]
#[ignore = "run by a_clock_that_is_set_back_by_a_year_loses_and_launders_nothing"]
async fn with_the_clock_set_back() {
    const YEAR_MS: i64 = 365 * 86_400_000;
    if std::env::var_os(CHILD).is_none() {
        println!("skipped: only its parent runs this");
        return;
    }
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("A001_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 1).await;
    station.is_clean().await;
    laixin::clock::jump(-YEAR_MS);
    station.file("A001_p2.jpg", &page(2));
    let waiting = station
        .wait_until(ArrivalState::Waiting, |waiting| {
            let mut waiting = waiting.iter();
            waiting.any(|one| one.reason.as_deref() == Some("clock_set_back"))
        })
        .await;
    assert_eq!(waiting.len(), 1, "it stays where it is");
    assert!(station.inbox.join("A001_p2.jpg").exists());
    let confirmed = station
        .store
        .with(|db| db.confirm_clock("li", "时间服务器已校准"));
    confirmed.await.unwrap();
    // In the order of the ledger it came after the release, whatever the clock said.
    station.wait_for(ArrivalState::Taken, 2).await;
    station.release().await;
    station.file("B002_p1.jpg", &page(3));
    station.wait_for(ArrivalState::Taken, 3).await;
    station.is_clean().await;
    laixin::clock::jump(YEAR_MS);
    station.file("C003_p1.jpg", &page(4));
    station.wait_for(ArrivalState::Taken, 4).await;
    station.is_clean().await;
    let rows = station.store.with(|db| db.verify_rows()).await.unwrap();
    assert_eq!(rows.faults, []);
    let by_name: BTreeMap<String, i64> = station
        .arrivals(ArrivalState::Taken)
        .await
        .into_iter()
        .map(|arrival| (arrival.name, arrival.taken.unwrap().0))
        .collect();
    assert!(
        by_name["B002_p1.jpg"] < by_name["A001_p1.jpg"],
        "recorded as the clock said"
    );
    station.stop().await;
}
