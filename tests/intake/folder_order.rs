//! A folder whose scanner writes separator sheets, or pages by name, and what goes wrong in it: each is told, and no page is in the wrong letter unseen.

use laixin::domain::balance::Difference;
use laixin::domain::grouping::{GroupBy, hold};
use laixin::domain::intake::ArrivalState;
use laixin::domain::text::PageKind;

use super::sheets::{blank, know_run, label, page, separator};
use crate::scan_faults::Station;
use crate::support::{TestStation, project, wait_for};

async fn by_separator() -> Station {
    by_separator_of(20).await
}

/// A station whose batch has so many letters.
async fn by_separator_of(letters: u32) -> Station {
    let mut station = Station::new();
    station.by = Some(GroupBy::Separator);
    know_run(&station.store).await;
    station.release_of(letters).await;
    station
}

async fn holds(station: &Station) -> Vec<(String, Option<String>)> {
    let found = station.store.with(|db| db.open_holds(None, 100)).await;
    let found = found.unwrap().into_iter();
    found.map(|hold| (hold.reason, hold.letter)).collect()
}

fn about(reason: &str, letter: Option<&str>) -> (String, Option<String>) {
    (reason.to_owned(), letter.map(str::to_owned))
}

/// D2: the envelope of the second letter is whole before its separator is.
#[tokio::test]
async fn a_separator_written_slowly_is_not_overtaken() {
    let mut station = by_separator().await;
    station.grace = std::time::Duration::from_secs(60);
    station.start();
    let slow = separator(2);
    station.file("y1.jpg", &separator(1));
    station.file("y2.jpg", &page(1));
    station.file("y3.jpg", &slow[..slow.len() / 2]);
    station.file("y4.jpg", &page(2));
    station.file("y10.jpg", &page(3));
    station.wait_for(ArrivalState::Taken, 2).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(station.pages(&label(1)).await.len(), 1);
    station.file("y3.jpg", &slow);
    station.wait_for(ArrivalState::Taken, 5).await;
    assert_eq!(station.pages(&label(1)).await.len(), 1);
    assert_eq!(station.pages(&label(2)).await.len(), 2);
    assert_eq!(holds(&station).await, []);
    station.stop().await;
}

/// D3: the separator of the second letter stays cut off.
#[tokio::test]
async fn a_held_separator_holds_the_letter_it_would_have_ended() {
    let mut station = by_separator().await;
    station.start();
    let cut = separator(2);
    station.file("g1.jpg", &separator(1));
    station.file("g2.jpg", &page(1));
    station.file("g3.jpg", &cut[..cut.len() / 2]);
    station.file("g4.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 3).await;
    station.wait_for(ArrivalState::Held, 1).await;
    assert_eq!(
        holds(&station).await,
        [
            about(hold::IMAGE_HELD, None),
            about(hold::HELD_BETWEEN, Some(&label(1)))
        ]
    );
    station.stop().await;
}

/// D4: a page of the letter is held, another never came.
#[tokio::test]
async fn a_held_page_and_a_left_out_number_are_in_the_balance() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("K1_p1.jpg", &page(1));
    station.file("K1_p2.jpg", &b"<html>x</html>".repeat(300));
    station.file("K1_p4.jpg", &page(4));
    station.wait_for(ArrivalState::Taken, 2).await;
    station.wait_for(ArrivalState::Held, 1).await;
    let mut found = holds(&station).await;
    found.sort();
    assert_eq!(
        found,
        [
            about(hold::IMAGE_HELD, None),
            about(hold::IMAGE_HELD, Some("K1"))
        ]
    );
    let counts = station.store.with(|db| db.batch_counts(1)).await.unwrap();
    assert!(
        counts
            .differences()
            .iter()
            .any(|difference| matches!(difference, Difference::Held { holds: 2 })),
        "{counts:?}"
    );
    station.stop().await;
}

/// D6: a sheet without a separator comes when the letters of another load lie in the cabinet.
#[tokio::test]
async fn a_page_that_comes_after_another_load_was_noted_is_told() {
    let mut station = by_separator_of(1).await;
    station.start();
    station.file("h1.jpg", &separator(1));
    station.file("h2.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 2).await;
    station.file("h3.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 3).await;
    assert_eq!(holds(&station).await, [], "one after the other");
    let other = station.store.with(|db| {
        let new = laixin::store::NewBatch {
            carrier: laixin::domain::letter::Carrier::Letter,
            count: 5,
            received: laixin::clock::now(),
        };
        let batch = db.sign_in_batch(&new, "op")?;
        db.add_load(batch, "cabinet-1", "op")
    });
    let other = other.await.unwrap();
    station.file("h4.jpg", &page(3));
    station.wait_for(ArrivalState::Taken, 4).await;
    let found = station
        .store
        .with(|db| db.open_holds(None, 9))
        .await
        .unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|hold| {
            (
                hold.reason.as_str(),
                hold.letter.clone(),
                hold.detail.clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(
            hold::PAGE_AFTER_LOAD,
            Some(label(1)),
            Some(format!("load {other}"))
        )]
    );
    station.file("h5.jpg", &page(4));
    station.wait_for(ArrivalState::Taken, 5).await;
    assert_eq!(holds(&station).await.len(), 1, "told once");
    station.stop().await;
}

/// D5: identical bytes, and a name with other bytes.
#[tokio::test]
async fn the_same_bytes_or_the_same_name_again_are_told() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("K2_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 1).await;
    station.file("K2_p2.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 2).await;
    assert_eq!(holds(&station).await, [about(hold::SAME_BYTES, Some("K2"))]);
    station.file("K2_p1.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 3).await;
    assert_eq!(
        holds(&station).await,
        [
            about(hold::SAME_BYTES, Some("K2")),
            about(hold::PAGE_AGAIN, Some("K2"))
        ]
    );
    station.stop().await;
}

/// D4: the second page is left out, told when the letter is drafted, and answered when it comes.
#[test]
fn a_number_left_out_is_told_until_its_page_comes() {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    station.open_batch(1);
    let come =
        |letter: &str, name: &str| station.scan(&project(&format!("tests/letters/{letter}")), name);
    let told = || {
        let holds = station.ok("GET", "/v1/holds", None);
        let holds = holds["items"].as_array().expect("a list").clone();
        holds
            .iter()
            .find(|hold| hold["reason"] == hold::NUMBER_MISSING)
            .map(|hold| hold["detail"].clone())
    };
    come("A001_p1.jpg", "LO_p1.jpg");
    come("A002_p1.jpg", "LO_p3.jpg");
    assert_eq!(wait_for("the finding", 120, told), "2");
    come("A032_p1.jpg", "LO_p2.jpg");
    wait_for("the answer", 120, || told().is_none().then_some(()));
}

/// Two batches open at once: pages go to the one whose key was pressed last, not to the one that was released last.
#[tokio::test]
async fn of_two_open_batches_pages_go_to_the_one_whose_key_was_pressed_last() {
    let mut station = Station::new();
    station.by = Some(GroupBy::Press);
    station.start();
    station.release_of(5).await;
    station.release_of(5).await;
    let pressed = [Some(1), None, Some(2), None, Some(1), None];
    for (n, batch) in (1..).zip(pressed) {
        if let Some(batch) = batch {
            let press = station
                .store
                .with(move |db| db.next_letter(batch, None, "op"));
            press.await.unwrap();
        }
        station.file(&format!("{n:04}.jpg"), &page(n));
        station.wait_for(ArrivalState::Taken, n as usize).await;
        station.is_clean().await;
    }
    for (letter, pages) in [("B1-002", 2), ("B2-002", 2), ("B1-003", 2)] {
        assert_eq!(station.pages(letter).await.len(), pages, "{letter}");
    }
    assert_eq!(holds(&station).await, []);
    station.stop().await;
}

/// Two batches open at once, and nobody said which of them lies in the scanner.
#[test]
fn of_two_open_batches_pages_wait_until_somebody_says_which_lies_in_the_scanner() {
    let mut station = TestStation::with_settings(|text| {
        text.replace("quiet_ms = 200", "quiet_ms = 200\nby = \"press\"")
    });
    station.start();
    station.sign_in();
    station.open_batch(2);
    station.open_batch(2);
    station.scan_bytes(&crate::scan_faults::page(1), "0001.jpg");
    wait_for("the page to wait for a word", 30, || {
        let waiting = station.ok("GET", "/v1/arrivals?state=waiting", None);
        (waiting["items"][0]["reason"] == "which_batch").then_some(())
    });
    let scanners = station.ok("GET", "/v1/scanners", None);
    let shown = &scanners["items"][0];
    assert_eq!(
        (&shown["batch"], &shown["waiting_for_batch"]),
        (&serde_json::Value::Null, &1.into())
    );
    for batch in [1, 2] {
        let seen = station.ok("GET", &format!("/v1/batches/{batch}"), None);
        assert_eq!(seen["files"]["waiting"], 1, "{seen}");
    }
    let say = Some(serde_json::json!({"batch": 1}));
    let said = station.ok("PUT", "/v1/scanners/scanner-1/batch", say);
    assert_eq!(said["batch"], 1, "{said}");
    wait_for("the page to be taken", 30, || {
        let letter = station.call("GET", "/v1/letters/B1-001", None);
        (letter.0 == 200).then_some(())
    });
    station.command(&["verify"], None);
}

/// A page came before anybody pressed. The key is what says which batch lies there: it was refused from then on.
#[tokio::test]
async fn the_key_says_of_which_batch_a_page_is_that_came_before_it_and_a_person_looks_at_that() {
    let mut station = Station::new();
    station.by = Some(GroupBy::Press);
    station.start();
    station.release_of(5).await;
    station.release_of(5).await;
    for n in [1, 2] {
        station.file(&format!("{n:04}.jpg"), &page(n));
    }
    let asked = |waiting: &[laixin::store::Arrival]| {
        let mut waiting = waiting.iter();
        waiting.all(|one| one.reason.as_deref() == Some("which_batch"))
    };
    station
        .wait_until(ArrivalState::Waiting, |waiting| {
            waiting.len() == 2 && asked(waiting)
        })
        .await;
    for (n, batch) in [(3, 2), (4, 1)] {
        let press = station
            .store
            .with(move |db| db.next_letter(batch, None, "op"));
        press.await.unwrap();
        station.file(&format!("{n:04}.jpg"), &page(n));
        station.wait_for(ArrivalState::Taken, n as usize).await;
    }
    station.is_clean().await;
    for (letter, pages) in [("B2-001", 2), ("B2-002", 1), ("B1-002", 1)] {
        assert_eq!(station.pages(letter).await.len(), pages, "{letter}");
    }
    assert_eq!(
        holds(&station).await,
        [about(hold::WHICH_BATCH, Some("B2-001"))]
    );
    station.stop().await;
}

/// The blank back of the separator became the envelope, and the envelope the first page.
#[tokio::test]
async fn the_blank_back_of_a_separator_is_no_page_in_a_folder_either() {
    let mut station = by_separator().await;
    station.start();
    let blank_back = blank();
    let images = [
        separator(1),
        blank_back.clone(),
        page(1),
        blank(),
        page(2),
        separator(2),
        page(3),
    ];
    for (n, image) in (1..).zip(&images) {
        station.file(&format!("k{n}.jpg"), image);
    }
    station.wait_for(ArrivalState::Taken, images.len()).await;
    let pages = station.pages(&label(1)).await;
    let sha256 = laixin::digest::sha256_hex;
    let envelopes: Vec<_> = pages
        .iter()
        .filter(|page| page.0 == PageKind::Envelope)
        .collect();
    assert_eq!(envelopes, [&(PageKind::Envelope, sha256(&images[2]))]);
    assert_eq!(pages.len(), 3, "a blank side behind the envelope is a page");
    assert_eq!(station.pages(&label(2)).await.len(), 1);
    assert_eq!(
        station.evidence.get(&sha256(&blank_back)).unwrap(),
        blank_back
    );
    assert_eq!(holds(&station).await, []);
    station.stop().await;
}

/// The sheet of a letter that was counted twice or scanned as part of another.
#[tokio::test]
async fn a_last_separator_without_a_letter_behind_it_is_held_when_the_batch_is_to_be_closed() {
    for sides in ["simplex", "duplex"] {
        let mut station = by_separator_of(2).await;
        station.start();
        let sheets = match sides {
            "simplex" => vec![separator(1), page(1), separator(2), page(2), separator(3)],
            _ => vec![
                separator(1),
                blank(),
                page(1),
                page(2),
                separator(2),
                blank(),
                page(3),
                page(4),
                separator(3),
                blank(),
            ],
        };
        let all = sheets.len();
        for (number, sheet) in sheets.iter().enumerate() {
            station.file(&format!("z{number:02}.jpg"), sheet);
        }
        station.wait_for(ArrivalState::Taken, all).await;
        let before = holds(&station).await;
        assert!(
            !before.contains(&about(hold::LETTER_EMPTY, None)),
            "{sides}: a page may still come: {before:?}"
        );
        for other in station
            .store
            .with(|db| db.open_holds(None, 9))
            .await
            .unwrap()
        {
            let seen = move |db: &mut laixin::store::Db| db.resolve_hold(other.id, "op", "看过");
            station.store.with(seen).await.unwrap();
        }
        let close = || station.store.with(|db| db.close_batch(1, "op", None));
        for time in ["at first", "and again"] {
            assert!(close().await.is_err(), "{sides} {time}");
            assert_eq!(holds(&station).await, [about(hold::LETTER_EMPTY, None)]);
        }
        let found = station
            .store
            .with(|db| db.open_holds(Some(1), 9))
            .await
            .unwrap();
        assert_eq!(found[0].detail, Some(label(3)));
        let id = found[0].id;
        let decided = station
            .store
            .with(move |db| db.resolve_hold(id, "op", "空信封"));
        decided.await.unwrap();
        close().await.unwrap();
        let rows = station.store.with(|db| db.verify_rows()).await.unwrap();
        assert_eq!(rows.faults, []);
        station.stop().await;
    }
}

#[tokio::test]
async fn a_sheet_used_again_at_the_end_without_a_letter_is_held_too() {
    let mut station = by_separator_of(1).await;
    station.start();
    for (number, sheet) in [separator(1), page(1), separator(1)].iter().enumerate() {
        station.file(&format!("z{number}.jpg"), sheet);
        // The sheet is of a later moment than the page.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    station.wait_for(ArrivalState::Taken, 3).await;
    let close = || station.store.with(|db| db.close_batch(1, "op", None));
    assert!(close().await.is_err());
    assert!(
        holds(&station)
            .await
            .contains(&about(hold::LETTER_EMPTY, None))
    );
    station.stop().await;
}
