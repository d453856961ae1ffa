//! What a person does about held files: taken in after all or set aside for good, with name and reason, and never twice.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

use std::fs;

use laixin::domain::balance::Exception;
use laixin::domain::grouping::{GroupBy, hold};
use laixin::domain::intake::{ArrivalState, reason};
use laixin::domain::text::PageKind;
use laixin::scan::{HeldRefused, HeldWish};
use laixin::store::{Arrival, Db, HeldInto, StoreError, TakeHeld};

use crate::scan_faults::{Station, page};

async fn decide(
    station: &Station,
    arrival: &str,
    wish: HeldWish,
) -> Result<Option<String>, HeldRefused> {
    let control = station.control.as_ref().unwrap();
    let decided = control
        .decide(arrival, wish, ("王芳", "已与纸质件核对"))
        .await;
    decided.expect("the task runs")
}

/// A station with a released load and one file that it holds: seen before the release.
async fn held_before_release(name: &str, bytes: &[u8]) -> (Station, Arrival, i64) {
    let mut station = Station::new();
    station.start();
    station.file(name, bytes);
    station
        .wait_until(ArrivalState::Waiting, |waiting| waiting.len() == 1)
        .await;
    let load = station.release().await;
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    let arrival = held[0].clone();
    (station, arrival, load)
}

async fn is_whole(station: &Station) {
    station.is_clean().await;
    let rows = station.store.with(|db| db.verify_rows()).await.unwrap();
    assert_eq!(rows.faults, [], "the ledger vouches for what was decided");
}

#[tokio::test]
async fn a_held_page_is_taken_into_the_letter_of_its_name_with_person_and_reason() {
    let (mut station, arrival, load) = held_before_release("A001_p1.jpg", &page(1)).await;
    assert_eq!(arrival.reason.as_deref(), Some(reason::SEEN_BEFORE_RELEASE));
    let letter = decide(&station, &arrival.id, HeldWish::IntoLoad(load))
        .await
        .unwrap();
    assert_eq!(letter.as_deref(), Some("A001"));
    assert_eq!(station.pages("A001").await.len(), 1);
    let done = station.inbox.join("done/A001_p1.jpg");
    assert_eq!(fs::read(done).unwrap(), page(1), "moved like any other");
    let id = arrival.id.clone();
    let said = station
        .store
        .with(move |db| db.held_decision(&id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (said.by.as_str(), said.reason.as_str()),
        ("王芳", "已与纸质件核对")
    );
    let again = decide(&station, &arrival.id, HeldWish::Aside).await;
    assert!(
        matches!(
            again,
            Err(HeldRefused::Store(StoreError::WrongState { .. }))
        ),
        "decided once: {again:?}"
    );
    is_whole(&station).await;
    station.stop().await;
}

#[tokio::test]
async fn a_page_of_a_confirmed_name_goes_into_the_letter_a_person_names() {
    let (mut station, arrival, _) = held_before_release("A001_p1.jpg", &page(1)).await;
    station.file("B002_p1.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 1).await;
    let into = HeldWish::IntoLetter("B002".into(), None);
    assert_eq!(
        decide(&station, &arrival.id, into)
            .await
            .unwrap()
            .as_deref(),
        Some("B002")
    );
    assert_eq!(station.pages("B002").await.len(), 2);
    let unknown = decide(
        &station,
        &arrival.id,
        HeldWish::IntoLetter("C003".into(), None),
    )
    .await;
    assert!(unknown.is_err());
    is_whole(&station).await;
    station.stop().await;
}

#[tokio::test]
async fn no_person_can_take_a_page_into_a_load_that_is_not_released() {
    let (mut station, arrival, load) = held_before_release("A001_p1.jpg", &page(1)).await;
    let closed = station.store.with(move |db| {
        let batch = db.load(load)?.batch_id;
        let waiting = db.add_load(batch, "cabinet-1", "op")?;
        Ok((batch, waiting))
    });
    let (batch, waiting) = closed.await.unwrap();
    let refused = decide(&station, &arrival.id, HeldWish::IntoLoad(waiting)).await;
    assert!(
        matches!(
            refused,
            Err(HeldRefused::Store(StoreError::WrongState {
                what: "load",
                ..
            }))
        ),
        "{refused:?}"
    );
    let closed = station.store.with(move |db| {
        let missing = db.batch_counts(batch)?.letters_short();
        let all = (Exception::Missing, u32::try_from(missing).unwrap());
        db.close_batch_with(batch, "op", (Some(all), Some("nothing came")))
    });
    closed.await.unwrap();
    let refused = decide(&station, &arrival.id, HeldWish::IntoLoad(load)).await;
    assert!(
        matches!(
            refused,
            Err(HeldRefused::Store(StoreError::WrongState {
                what: "load",
                ..
            }))
        ),
        "{refused:?}"
    );
    assert!(station.pages("A001").await.is_empty());
    let held = station.inbox.join(arrival.kept_as.unwrap());
    assert_eq!(
        fs::read(held).unwrap(),
        page(1),
        "it stays where it was held"
    );
    station.stop().await;
}

#[tokio::test]
async fn a_file_cut_short_is_no_page_and_is_set_aside_with_its_bytes_kept() {
    let mut station = Station::new();
    let load = station.release().await;
    station.start();
    let cut = &page(1)[..9];
    station.file("cut_p1.jpg", cut);
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    let refused = decide(&station, &held[0].id, HeldWish::IntoLoad(load)).await;
    assert!(
        matches!(&refused, Err(HeldRefused::NoPage { code }) if code == "truncated"),
        "{refused:?}"
    );
    assert_eq!(
        decide(&station, &held[0].id, HeldWish::Aside)
            .await
            .unwrap(),
        None
    );
    assert!(station.arrivals(ArrivalState::Held).await.is_empty());
    let aside = station.arrivals(ArrivalState::SetAside).await;
    let original = aside[0].sha256.clone().expect("its bytes are kept");
    assert_eq!(station.evidence.get(&original).unwrap(), cut);
    assert_eq!(
        fs::read(station.inbox.join("held/set_aside/cut_p1.jpg")).unwrap(),
        cut
    );
    let originals = station.store.with(|db| db.original_rows()).await.unwrap();
    assert_eq!(originals.len(), 1, "verified and backed up like any other");
    is_whole(&station).await;
    station.stop().await;
}

#[tokio::test]
async fn a_link_is_set_aside_and_what_it_names_is_not_read() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    std::os::unix::fs::symlink("/etc/passwd", station.inbox.join("link_p1.jpg")).unwrap();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    decide(&station, &held[0].id, HeldWish::Aside)
        .await
        .unwrap();
    let aside = station.arrivals(ArrivalState::SetAside).await;
    assert_eq!(aside[0].sha256, None);
    let moved = station.inbox.join("held/set_aside/link_p1.jpg");
    assert!(fs::symlink_metadata(moved).unwrap().is_symlink());
    assert_eq!(station.evidence.verify_all().unwrap().good, 0);
    is_whole(&station).await;
    station.stop().await;
}

#[tokio::test]
async fn killed_between_decision_and_move() {
    let (mut station, arrival, load) = held_before_release("A001_p1.jpg", &page(1)).await;
    station.stop().await;
    let lies = station.inbox.join(arrival.kept_as.clone().unwrap());
    let take = TakeHeld {
        arrival: arrival.id.clone(),
        into: HeldInto::Load(load),
        before: None,
        by: GroupBy::Name,
        group: "A001".into(),
        kind: PageKind::Letter,
        number: Some(1),
        frames: vec![0],
        original: station.evidence.put_file(&lies).unwrap(),
    };
    let again = take.clone();
    let taken = station
        .store
        .with(move |db| db.take_held(&take, ("op", "checked")));
    assert_eq!(taken.await.unwrap(), "A001");
    let twice = station
        .store
        .with(move |db| db.take_held(&again, ("op", "checked")));
    assert!(twice.await.is_err(), "never registered twice");
    assert!(lies.exists(), "the station was killed here");
    station.start();
    let moved = station.inbox.join("done/A001_p1.jpg");
    let wait = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(10));
        while !moved.exists() {
            tick.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait)
        .await
        .expect("moved at the next start");
    assert_eq!(station.pages("A001").await.len(), 1);
    assert!(!lies.exists());
    is_whole(&station).await;
    station.stop().await;
}

#[tokio::test]
async fn what_was_decided_cannot_be_changed_unnoticed() {
    let (mut station, arrival, _) = held_before_release("A001_p1.jpg", &page(1)).await;
    decide(&station, &arrival.id, HeldWish::Aside)
        .await
        .unwrap();
    station.stop().await;
    for change in [
        "UPDATE arrivals SET sha256 = 'x'",
        "UPDATE arrivals SET size = size + 1",
        "UPDATE arrivals SET state = 'held'",
        "DELETE FROM arrivals",
    ] {
        let copy = station.inbox.with_file_name("copy.sqlite3");
        let _ = fs::remove_file(&copy);
        let database = station.inbox.with_file_name("station.sqlite3");
        let tampered = rusqlite::Connection::open(&database).unwrap();
        tampered
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
        rusqlite::Connection::open(&copy)
            .unwrap()
            .execute(change, [])
            .unwrap();
        let faults = Db::open_to_look(&copy)
            .unwrap()
            .verify_rows()
            .unwrap()
            .faults;
        assert!(
            faults.iter().any(|fault| fault.what.contains(&arrival.id)),
            "{change}: {faults:?}"
        );
    }
}

async fn opened_early(station: &Station) -> Vec<(i64, Option<String>)> {
    let open = station.store.with(|db| db.open_holds(None, 100)).await;
    let open = open.unwrap().into_iter();
    open.filter(|found| found.reason == hold::OPENED_BEFORE_RELEASE)
        .map(|found| (found.id, found.letter))
        .collect()
}

/// Who takes in a page from before the release does not also say that all is well with its letter.
#[tokio::test]
async fn a_page_from_before_the_release_holds_its_letter_for_another_officer() {
    let (mut station, arrival, load) = held_before_release("A001_p1.jpg", &page(1)).await;
    decide(&station, &arrival.id, HeldWish::IntoLoad(load))
        .await
        .unwrap();
    let found = opened_early(&station).await;
    let [(id, letter)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(letter.as_deref(), Some("A001"));
    assert!(station.store.with(|db| db.is_held("A001")).await.unwrap());
    let id = *id;
    let say = move |by| move |db: &mut Db| db.resolve_hold(id, by, "已放回消毒");
    let own = station.store.with(say("王芳")).await;
    assert!(matches!(own, Err(StoreError::WrongState { .. })), "{own:?}");
    station.store.with(say("李明")).await.unwrap();
    assert_eq!(opened_early(&station).await, []);
    station.stop().await;
}

/// Copied back out of the held folder, or scanned again under its name: the letter was opened before its release all the same.
#[tokio::test]
async fn a_file_from_before_the_release_that_comes_again_holds_its_letter() {
    let (mut station, _, _) = held_before_release("A001_p1.jpg", &page(1)).await;
    station.file("A001_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 1).await;
    let letters: Vec<_> = opened_early(&station)
        .await
        .into_iter()
        .map(|(_, letter)| letter)
        .collect();
    assert_eq!(letters, [Some("A001".to_owned())]);
    station.stop().await;
}
