//! Pages whose own time says that they were made before their load was released: taken, and held for an officer; a clock that is off is one finding.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use laixin::domain::grouping::hold;
use laixin::domain::intake::ArrivalState;
use laixin::domain::own_time::OwnTime;

use crate::scan_faults::{Station, page};

const HOUR: Duration = Duration::from_secs(3_600);

/// A file that its scanner wrote so long ago, put into the folder now.
fn put_in(station: &Station, name: &str, seed: u8, ago: Duration) {
    let outside = station.inbox.with_file_name(name);
    fs::write(&outside, page(seed)).unwrap();
    let file = File::options().write(true).open(&outside).unwrap();
    file.set_modified(SystemTime::now() - ago).unwrap();
    fs::rename(&outside, station.inbox.join(name)).unwrap();
}

async fn found(station: &Station) -> Vec<(String, Option<String>)> {
    let open = station.store.with(|db| db.open_holds(None, 100)).await;
    let open = open.unwrap().into_iter();
    open.map(|found| (found.reason, found.letter)).collect()
}

#[tokio::test]
async fn a_page_older_than_the_release_by_its_own_time_is_not_taken_silently() {
    let mut station = Station::new();
    station.start();
    station.release().await;
    put_in(&station, "A001_p1.jpg", 1, HOUR);
    put_in(&station, "A001_p2.jpg", 2, HOUR);
    put_in(&station, "B002_p1.jpg", 3, Duration::from_secs(20));
    station.wait_for(ArrivalState::Taken, 3).await;
    let early = (
        hold::MADE_BEFORE_RELEASE.to_owned(),
        Some("A001".to_owned()),
    );
    assert_eq!(found(&station).await, [early], "one finding for a letter");
    assert!(station.store.with(|db| db.is_held("A001")).await.unwrap());
    assert!(!station.store.with(|db| db.is_held("B002")).await.unwrap());
    station.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_measured_to_be_off_is_one_finding_and_lets_its_letters_go_on() {
    let mut station = Station::new();
    station.start();
    station.release().await;
    put_in(&station, "A001_p1.jpg", 1, HOUR);
    put_in(&station, "B002_p1.jpg", 2, HOUR);
    // Scanned before the release, by whatever clock.
    put_in(&station, "C003_p1.jpg", 3, 3 * HOUR);
    let mut taken = station.wait_for(ArrivalState::Taken, 3).await;
    assert_eq!(found(&station).await.len(), 3);
    taken.sort_by(|a, b| a.name.cmp(&b.name));
    let hour_ms = i64::try_from(HOUR.as_millis()).unwrap();
    let measured = |at: usize, hours: i64| {
        let made_ms = taken[at].first_seen.0 - hours * hour_ms;
        (
            taken[at].id.clone(),
            OwnTime::of(Some(made_ms), Some(hour_ms)),
        )
    };
    let files = [measured(0, 1), measured(1, 1), measured(2, 3)];
    station
        .store
        .with(move |db| db.clock_explains(&files))
        .await
        .unwrap();
    let clock = (hold::SCANNER_CLOCK_OFF.to_owned(), None);
    let early = (
        hold::MADE_BEFORE_RELEASE.to_owned(),
        Some("C003".to_owned()),
    );
    assert_eq!(found(&station).await, [early, clock]);
    station.stop().await;
}

#[tokio::test]
async fn files_without_a_time_are_told_once_a_batch() {
    let mut station = Station::new();
    station.start();
    station.release().await;
    let ago = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    for (name, seed) in [("A001_p1.jpg", 1), ("B002_p1.jpg", 2)] {
        put_in(&station, name, seed, ago.clone().unwrap());
    }
    station.wait_for(ArrivalState::Taken, 2).await;
    let clock = (hold::SCANNER_CLOCK_OFF.to_owned(), None);
    assert_eq!(found(&station).await, [clock]);
    station.stop().await;
}
