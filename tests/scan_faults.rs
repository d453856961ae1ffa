//! One function per fault of intake: what a folder, a disk or a crash can do to a page, and that no page is lost, altered or taken twice.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

mod crashes;
mod growing;
mod mounts;
mod station;

use std::fs;

use laixin::clock::Millis;
use laixin::domain::balance::Exception;
use laixin::domain::intake::{ArrivalState, reason};
use laixin::domain::text::PageKind;
use laixin::events::Event;
use laixin::store::{Arrival, MoveTo, NewArrival, TakePage, Taken};

use station::wait_ready;
pub(crate) use station::{Station, page};

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
        if let Event::Alert { code, subject } = event {
            // A file's name has the letter's number, and whoever looks after scanners hears this, too.
            assert_eq!(subject, "s1", "{code}");
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
        .with(|db| {
            let missing = db.batch_counts(1)?.letters_short();
            let all = (Exception::Missing, u32::try_from(missing).unwrap());
            db.close_batch_with(1, "op", (Some(all), Some("nothing came")))
        })
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

#[tokio::test]
async fn clock_set_back_holds_rather_than_takes() {
    let station = Station::new();
    station.release().await;
    let new = NewArrival {
        source: "s1".into(),
        name: "A001_p1.jpg".into(),
        file_key: "1".into(),
        first_seen: Millis(0),
        seen: None,
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

#[tokio::test]
async fn a_left_over_part_is_on_record_and_a_batch_is_closed_beside_it_with_a_note_only() {
    let mut station = Station::new();
    station.linger = std::time::Duration::from_millis(200);
    station.release_of(1).await;
    station.start();
    station.file("L1_p1.jpg", &page(1));
    station.file(".L1_p2.jpg.part", b"half");
    station
        .wait_until(ArrivalState::Waiting, |waiting| {
            let mut waiting = waiting.iter();
            waiting.any(|one| {
                one.name.ends_with(".part") && one.reason.as_deref() == Some("lingering")
            })
        })
        .await;
    station.wait_for(ArrivalState::Taken, 1).await;
    let files = station.store.with(|db| db.batch_files(1)).await.unwrap();
    assert_eq!((files.taken, files.pages, files.waiting), (1, 1, 1));
    let close = |note| station.store.with(move |db| db.close_batch(1, "op", note));
    assert!(close(None).await.is_err(), "a file waits");
    close(Some("the scanner's software left a part behind"))
        .await
        .unwrap();
    station.stop().await;
}

#[tokio::test]
async fn a_file_taken_away_while_no_station_looked_waits_no_longer() {
    let mut station = Station::new();
    station.start();
    station.file("L1_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Waiting, 1).await;
    station.stop().await;
    fs::remove_file(station.inbox.join("L1_p1.jpg")).unwrap();
    station.start();
    station.wait_for(ArrivalState::Gone, 1).await;
    station.stop().await;
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

#[tokio::test]
async fn a_page_of_a_letter_that_is_returned_withdrawn_or_emptied_says_so_in_one_finding() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    for (seed, letter) in (1..).zip(["A001", "B001", "C001", "D001"]) {
        station.file(&format!("{letter}_p1.jpg"), &page(seed));
    }
    station.wait_for(ArrivalState::Taken, 4).await;
    let over = station.store.with(|db| {
        db.return_unread("A001", "误拆", "li")?;
        db.withdraw("B001", "重复登记", "li")?;
        let pages = db.page_ids("C001")?;
        let into = MoveTo::Letter("D001".into());
        db.move_pages("C001", &pages, &into, ("li", "同一封信"))
    });
    over.await.unwrap();
    for (seed, letter) in (5..).zip(["A001", "B001", "C001"]) {
        station.file(&format!("{letter}_p2.jpg"), &page(seed));
    }
    let held = station.wait_for(ArrivalState::Held, 3).await;
    let mut why: Vec<_> = held
        .iter()
        .map(|one| (one.name.as_str(), one.reason.as_deref().unwrap()))
        .collect();
    why.sort_unstable();
    assert_eq!(
        why,
        [
            ("A001_p2.jpg", reason::LETTER_RETURNED_UNREAD),
            ("B001_p2.jpg", reason::LETTER_WITHDRAWN),
            ("C001_p2.jpg", reason::LETTER_EMPTIED),
        ]
    );
    let open = || station.store.with(|db| db.open_holds(None, 20));
    let settled = || async { (open().await.unwrap().len() >= 3).then_some(()) };
    while settled().await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(open().await.unwrap().len(), 3, "one for each file");
    // Reinstated, the letter waits for its page.
    let back = station.store.with(|db| {
        db.reinstate("B001", "撤回有误", "li")?;
        db.is_held("B001")
    });
    assert!(back.await.unwrap());
    station.stop().await;
}

/// It was read and shown to everybody, with a note that two letters have the same bytes.
#[tokio::test]
async fn bytes_of_a_letter_returned_unread_are_held_under_whatever_name_they_come() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("A001_p1.jpg", &page(1));
    station.file("B001_p1.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 2).await;
    let returned = station
        .store
        .with(|db| db.return_unread("A001", "误拆", "li"));
    returned.await.unwrap();
    // A late page of it is held; nobody reads that either.
    station.file("A001_p2.jpg", &page(3));
    station.wait_for(ArrivalState::Held, 1).await;
    station.file("C001_p1.jpg", &page(1));
    station.file("D001_p1.jpg", &page(3));
    // The same bytes as a letter's that is shown are a second page.
    station.file("E001_p1.jpg", &page(2));
    let held = station.wait_for(ArrivalState::Held, 3).await;
    let mut why: Vec<_> = held
        .iter()
        .map(|one| (one.name.as_str(), one.reason.as_deref().unwrap()))
        .collect();
    why.sort_unstable();
    assert_eq!(
        why,
        [
            ("A001_p2.jpg", reason::LETTER_RETURNED_UNREAD),
            ("C001_p1.jpg", reason::BYTES_RETURNED_UNREAD),
            ("D001_p1.jpg", reason::BYTES_RETURNED_UNREAD),
        ]
    );
    let taken = station.wait_for(ArrivalState::Taken, 3).await;
    assert!(taken.iter().any(|one| one.name == "E001_p1.jpg"));
    for file in held {
        let of = station.store.with(move |db| {
            let shown = db.held_not_withheld(&file.id);
            Ok((db.letter_of_held(&file.id)?, shown.is_err()))
        });
        assert_eq!(
            of.await.unwrap(),
            (Some("A001".into()), true),
            "{}",
            file.name
        );
    }
    station.stop().await;
}

#[tokio::test]
async fn one_sheet_twice_in_a_letter_is_told_by_its_files() {
    let mut station = Station::new();
    station.release().await;
    station.file("A001_p1.jpg", &page(1));
    station.start();
    station.wait_for(ArrivalState::Taken, 1).await;
    station.file("A001_p2.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 2).await;
    let holds = station.store.with(|db| db.open_holds(None, 20));
    let holds = holds.await.unwrap();
    let told: Vec<_> = holds.iter().map(|hold| hold.detail.as_deref()).collect();
    assert_eq!(told, [Some("A001: A001_p2.jpg = A001_p1.jpg")]);
    let held = station.store.with(|db| db.is_held("A001"));
    assert!(held.await.unwrap(), "it has the page twice");
    station.stop().await;
}
