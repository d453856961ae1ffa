//! Where a page stands that comes to a letter later: behind the letter's pages and before its envelope, or where a person says.

use laixin::digest::sha256_hex;
use laixin::domain::intake::ArrivalState;
use laixin::scan::HeldWish;
use laixin::store::{MoveTo, Store, StoreError};

use crate::scan_faults::{Station, page};

const WHO: (&str, &str) = ("王芳", "已与纸质件核对");

/// The pages of a letter by the names that their files came under, in archive order.
async fn names(station: &Station, letter: &str, files: &[&str]) -> Vec<String> {
    let pages = station.pages(letter).await;
    let named = |sha256: &str| {
        let at = (0..files.len()).find(|at| sha256_hex(&page(*at as u8)) == sha256);
        files[at.unwrap()].to_owned()
    };
    pages.iter().map(|(_, sha256)| named(sha256)).collect()
}

/// A station on a folder: of these files the first so many are held, because they were there before the release; the others came to their letters.
async fn intake(files: &[&str], held: usize) -> Station {
    let mut station = Station::new();
    station.start();
    for (at, name) in files.iter().enumerate().take(held) {
        station.file(name, &page(at as u8));
    }
    station
        .wait_until(ArrivalState::Waiting, |waiting| waiting.len() == held)
        .await;
    station.release().await;
    station
        .wait_until(ArrivalState::Held, |files| {
            files.iter().filter(|file| file.kept_as.is_some()).count() == held
        })
        .await;
    for (at, name) in files.iter().enumerate().skip(held) {
        station.file(name, &page(at as u8));
        station.wait_for(ArrivalState::Taken, at + 1 - held).await;
    }
    station
}

async fn take(station: &Station, name: &str, letter: &str, before: Option<u32>) {
    let held = station.arrivals(ArrivalState::Held).await;
    let file = held.iter().find(|file| file.name == name).unwrap();
    let control = station.control.as_ref().unwrap();
    let wish = HeldWish::IntoLetter(letter.to_owned(), before);
    let taken = control.decide(&file.id, wish, WHO).await.unwrap();
    assert_eq!(taken.unwrap().as_deref(), Some(letter));
}

async fn move_pages(
    store: &Store,
    from: &'static str,
    pages: &'static [usize],
    to: MoveTo,
) -> Result<String, StoreError> {
    let moved = store.with(move |db| {
        let ids = db.page_ids(from)?;
        let ids: Vec<i64> = pages.iter().map(|n| ids[n - 1]).collect();
        db.move_pages(from, &ids, &to, WHO)
    });
    moved.await
}

async fn end(mut station: Station) {
    station.is_clean().await;
    let rows = station.store.with(|db| db.verify_rows()).await.unwrap();
    assert_eq!(rows.faults, [], "the ledger vouches for where pages stand");
    station.stop().await;
}

/// It stood in front of them: its name has no number, or a low one.
#[tokio::test]
async fn a_held_page_taken_into_a_letter_comes_behind_its_pages_and_before_its_envelope() {
    let files = [
        "0.jpg",
        "B1_p1.jpg",
        "A1.jpg",
        "A1_p1.jpg",
        "A1_p2.jpg",
        "A1_env.jpg",
    ];
    let station = intake(&files, 3).await;
    for name in ["B1_p1.jpg", "0.jpg"] {
        take(&station, name, "A1", None).await;
    }
    // Its own name without a number: the letter's draft is being made by now.
    take(&station, "A1.jpg", "A1", None).await;
    assert_eq!(
        names(&station, "A1", &files).await,
        [
            "A1_p1.jpg",
            "A1_p2.jpg",
            "B1_p1.jpg",
            "0.jpg",
            "A1.jpg",
            "A1_env.jpg"
        ]
    );
    end(station).await;
}

#[tokio::test]
async fn a_person_says_before_which_page_a_held_one_comes() {
    let files = [
        "x.jpg",
        "y.jpg",
        "z.jpg",
        "A1_p1.jpg",
        "A1_p2.jpg",
        "A1_env.jpg",
    ];
    let station = intake(&files, 3).await;
    take(&station, "x.jpg", "A1", Some(2)).await;
    take(&station, "y.jpg", "A1", Some(1)).await;
    // Before the envelope: behind the letter.
    take(&station, "z.jpg", "A1", Some(5)).await;
    let all = [
        "y.jpg",
        "A1_p1.jpg",
        "x.jpg",
        "A1_p2.jpg",
        "z.jpg",
        "A1_env.jpg",
    ];
    assert_eq!(names(&station, "A1", &files).await, all);
    end(station).await;
}

/// A number left out among its pages is where its own page belongs.
#[tokio::test]
async fn a_held_page_of_the_letter_s_own_names_comes_where_its_number_is_left_out() {
    let files = ["A1_p2.jpg", "A1_p1.jpg", "A1_p3.jpg"];
    let station = intake(&files, 1).await;
    take(&station, "A1_p2.jpg", "A1", None).await;
    let all = ["A1_p1.jpg", "A1_p2.jpg", "A1_p3.jpg"];
    assert_eq!(names(&station, "A1", &files).await, all);
    end(station).await;
}

/// They were shuffled like cards: 1, 1, 2, 2.
#[tokio::test]
async fn pages_named_in_another_way_come_behind_those_with_the_same_numbers() {
    let files = [
        "A1_p1.jpg",
        "A1_p2.jpg",
        "A1/0001.jpg",
        "A1/0002.jpg",
        "A1/0003.jpg",
        "A1_p3.jpg",
    ];
    let station = intake(&files, 0).await;
    let all = [
        "A1_p1.jpg",
        "A1_p2.jpg",
        "A1_p3.jpg",
        "A1/0001.jpg",
        "A1/0002.jpg",
        "A1/0003.jpg",
    ];
    assert_eq!(names(&station, "A1", &files).await, all);
    end(station).await;
}

#[tokio::test]
async fn moved_pages_come_behind_in_their_order_or_where_a_person_says() {
    let files = [
        "A1_p1.jpg",
        "A1_p2.jpg",
        "B1_p1.jpg",
        "B1_p2.jpg",
        "C1_p1.jpg",
        "C1_p2.jpg",
        "A1_p3.jpg",
    ];
    let station = intake(&files, 0).await;
    let into = MoveTo::Letter("A1".into());
    move_pages(&station.store, "B1", &[1, 2], into)
        .await
        .unwrap();
    let before = MoveTo::Before("A1".into(), 2);
    move_pages(&station.store, "C1", &[1, 2], before)
        .await
        .unwrap();
    assert_eq!(
        names(&station, "A1", &files).await,
        [
            "A1_p1.jpg",
            "C1_p1.jpg",
            "C1_p2.jpg",
            "A1_p2.jpg",
            "A1_p3.jpg",
            "B1_p1.jpg",
            "B1_p2.jpg"
        ]
    );
    let unknown = MoveTo::Before("A1".into(), 9);
    let refused = move_pages(&station.store, "A1", &[1], unknown).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    // A letter made of some of them keeps their order.
    let made = move_pages(&station.store, "A1", &[2, 3, 4], MoveTo::NewLetter).await;
    let made = made.unwrap();
    let split = ["C1_p1.jpg", "C1_p2.jpg", "A1_p2.jpg"];
    assert_eq!(names(&station, &made, &files).await, split);
    end(station).await;
}

#[tokio::test]
async fn pages_of_a_letter_are_put_in_another_order_by_a_person() {
    let files = ["A1_p1.jpg", "A1_p2.jpg", "A1_p3.jpg", "A1_env.jpg"];
    let station = intake(&files, 0).await;
    let before = |n| MoveTo::Before("A1".into(), n);
    move_pages(&station.store, "A1", &[2, 3], before(1))
        .await
        .unwrap();
    assert_eq!(
        names(&station, "A1", &files).await,
        ["A1_p2.jpg", "A1_p3.jpg", "A1_p1.jpg", "A1_env.jpg"]
    );
    // Neither itself, nor across kinds: nothing would change, and that is said.
    for (pages, n) in [(&[1][..], 1), (&[4], 1), (&[1], 2)] {
        let refused = move_pages(&station.store, "A1", pages, before(n)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("in this order"), "{refused}");
    }
    let looked = station.store.with(|db| {
        let entries = db.ledger_of("letter/A1")?;
        Ok((entries, db.open_holds(None, 10)?))
    });
    let (entries, holds) = looked.await.unwrap();
    let ordered = entries
        .iter()
        .filter(|entry| entry.action == "pages.ordered");
    assert_eq!(ordered.count(), 1);
    assert!(holds.is_empty(), "no number is missing: {holds:?}");
    end(station).await;
}
