//! A file whose writer goes on after it was taken.

use std::fs::{self, File};
use std::io::{Seek, Write};

use laixin::at_rest::{Lock, StationKey};
use laixin::domain::grouping::hold;
use laixin::domain::intake::{ArrivalState, reason};
use laixin::evidence::Evidence;
use laixin::scan::HeldWish;
use laixin::store::Arrival;
use scanner::claim::CLAIMED_FOLDER;

use super::station::Station;
use super::tiff;

/// A file of one page, taken while somebody has it open who will write on.
async fn taken_too_early(station: &Station) -> (Arrival, File) {
    station.release().await;
    station.file("A001.tif", &tiff(1));
    let writer = File::options()
        .write(true)
        .open(station.inbox.join("A001.tif"));
    let taken = station.wait_for(ArrivalState::Taken, 1).await.remove(0);
    (taken, writer.unwrap())
}

fn write_on(writer: &mut File, pages: u8) {
    writer.rewind().unwrap();
    writer.write_all(&tiff(pages)).unwrap();
    writer.flush().unwrap();
}

async fn held(station: &Station) -> Arrival {
    let is_there = |held: &[Arrival]| held.len() == 1 && held[0].kept_as.is_some();
    let mut held = station.wait_until(ArrivalState::Held, is_there).await;
    assert_eq!(held[0].reason.as_deref(), Some(reason::FILE_GREW));
    assert_eq!(held[0].kept_as.as_deref(), Some("held/file_grew/A001.tif"));
    held.remove(0)
}

async fn findings(station: &Station) -> Vec<(Option<String>, String, Option<String>)> {
    let holds = station
        .store
        .with(|db| db.open_holds(None, 10))
        .await
        .unwrap();
    let shown = holds
        .into_iter()
        .map(|hold| (hold.letter, hold.reason, hold.detail));
    shown.collect()
}

#[tokio::test]
async fn what_is_written_after_a_file_was_taken_is_held_and_adds_only_what_is_new() {
    let mut station = Station::new();
    station.start();
    let (taken, mut writer) = taken_too_early(&station).await;
    station.is_clean().await;
    write_on(&mut writer, 3);
    let grown = held(&station).await;
    assert_ne!(grown.id, taken.id, "an arrival of its own");
    let told = (
        Some("A001".into()),
        hold::FILE_GREW.into(),
        Some("1 → 3: A001.tif".into()),
    );
    assert_eq!(findings(&station).await, [told]);
    assert!(station.store.with(|db| db.is_held("A001")).await.unwrap());

    let wish = HeldWish::IntoLetter("A001".into(), None);
    let control = station.control.as_ref().unwrap();
    let letter = control
        .decide(&grown.id, wish, ("li", "compared with the paper"))
        .await;
    assert_eq!(letter.unwrap().unwrap().as_deref(), Some("A001"));
    let pages = station.pages("A001").await;
    let originals: Vec<&str> = pages.iter().map(|page| page.1.as_str()).collect();
    let now = laixin::digest::sha256_hex(&tiff(3));
    assert_eq!(
        originals,
        [taken.sha256.as_deref().unwrap(), &now, &now],
        "no page twice"
    );
    assert_eq!(findings(&station).await, []);

    // And once more, after a person took it in.
    write_on(&mut writer, 4);
    held(&station).await;
    station.stop().await;
}

#[tokio::test]
async fn what_is_written_while_the_station_is_down_is_found_at_the_next_start() {
    let mut station = Station::new();
    station.start();
    let (taken, mut writer) = taken_too_early(&station).await;
    station.is_clean().await;
    station.stop().await;
    write_on(&mut writer, 2);
    // An earlier run may have been killed before it had moved the file.
    let id = taken.id;
    station
        .store
        .with(move |db| db.file_grew(&id, Some(2)))
        .await
        .unwrap();
    station.start();
    held(&station).await;
    assert_eq!(findings(&station).await.len(), 1);
    assert_eq!(
        fs::read(station.inbox.join("held/file_grew/A001.tif")).unwrap(),
        tiff(2)
    );
    station.stop().await;
}

#[tokio::test]
async fn encrypted_the_file_stays_until_nobody_wrote_on_and_is_then_removed() {
    let mut station = Station::new();
    let lock = Lock::of(StationKey::new().unwrap());
    let evidence = Evidence::open(&station.inbox.with_file_name("evidence"));
    station.evidence = evidence.unwrap().with_lock(&lock).into();
    station.start();
    let (_, mut writer) = taken_too_early(&station).await;
    write_on(&mut writer, 2);
    held(&station).await;
    let kept = fs::read(station.inbox.join("held/file_grew/A001.tif")).unwrap();
    assert_eq!(kept, tiff(2), "nothing of it is anywhere else");
    station.stop().await;

    station.watch_taken_s = 1;
    station.start();
    station.file("B001.tif", &tiff(1));
    station.wait_for(ArrivalState::Taken, 2).await;
    station.is_clean().await;
    assert!(!station.inbox.join("done").exists());
    let left = fs::read_dir(station.inbox.join(CLAIMED_FOLDER))
        .unwrap()
        .count();
    assert_eq!(left, 1, "the lock alone");
    station.stop().await;
}
