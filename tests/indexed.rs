//! Page files with a list beside them: the letter is what the list says, all of it or nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test's preparation is its report"
)]

use std::fs;

use laixin::domain::access::{Holder, Role, Seer};
use laixin::domain::grouping::GroupBy;
use laixin::domain::intake::{ArrivalState, reason};
use laixin::scan::HeldWish;
use laixin::store::{Arrival, NewArrival};
use scanner::claim;

use crate::scan_faults::{Station, page};

async fn station() -> Station {
    let mut station = Station::new();
    station.by = Some(GroupBy::Index);
    station.release().await;
    station
}

/// Which pages, by the number they were made with, a letter has in its order.
async fn order(station: &Station, letter: &str) -> Vec<u8> {
    let pages = station.pages(letter).await;
    pages
        .into_iter()
        .map(|(_, sha256)| station.evidence.get(&sha256).unwrap()[9])
        .collect()
}

#[tokio::test]
async fn a_list_makes_a_letter_in_its_own_order() {
    let mut station = station().await;
    for seed in 1..=3 {
        station.file(&format!("IMG_{seed}.jpg"), &page(seed));
    }
    station.file(
        "A001.csv",
        b"File;Pages\nC:\\Scans\\IMG_3.jpg;1\nC:\\Scans\\IMG_1.jpg;1\nC:\\Scans\\IMG_2.jpg;1\n",
    );
    station.start();
    let taken = station.wait_for(ArrivalState::Taken, 4).await;
    station.is_clean().await;
    assert_eq!(order(&station, "A001").await, [3, 1, 2]);
    let list = taken
        .iter()
        .find(|arrival| arrival.name == "A001.csv")
        .unwrap();
    let kept = station.evidence.get(list.sha256.as_ref().unwrap()).unwrap();
    assert!(
        kept.starts_with(b"File;Pages"),
        "the list is an original, too"
    );
    assert!(station.inbox.join("done/A001.csv").exists());
    let rows = station.store.with(|db| db.verify_rows()).await.unwrap();
    // Four arrivals; then each as it was seen, three pages, a letter, and its batch, load, cycle and exposure. On a slow machine also what was waited for.
    assert_eq!(rows.faults, []);
    assert!(rows.good >= 4 + 4 + 3 + 1 + 4, "{}", rows.good);
    station.stop().await;
}

#[tokio::test]
async fn a_list_that_is_there_first_waits_for_its_pages() {
    let mut station = station().await;
    station.start();
    station.file(
        "L7/index.xml",
        b"<batch><letter><page file=\"1.jpg\"/><page file=\"2.jpg\"/></letter></batch>",
    );
    station.file("L7/1.jpg", &page(1));
    station
        .wait_until(ArrivalState::Waiting, |waiting| waiting.len() == 2)
        .await;
    assert!(
        station.arrivals(ArrivalState::Taken).await.is_empty(),
        "all or nothing"
    );
    station.file("L7/2.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 3).await;
    station.is_clean().await;
    assert_eq!(order(&station, "L7").await, [1, 2]);
    station.stop().await;
}

#[tokio::test]
async fn a_column_parts_the_letters_and_a_page_that_no_list_names_waits() {
    let mut station = station().await;
    for seed in 1..=4 {
        station.file(&format!("{seed:04}.jpg"), &page(seed));
    }
    let list = "文件,信件编号\n0001.jpg,A001\n0002.jpg,A002\n0003.jpg,A001\n";
    station.file("batch.txt", list.as_bytes());
    station.start();
    station.wait_for(ArrivalState::Taken, 4).await;
    assert_eq!(order(&station, "A001").await, [1, 3]);
    assert_eq!(order(&station, "A002").await, [2]);
    let waiting = station.arrivals(ArrivalState::Waiting).await;
    assert_eq!(waiting.len(), 1);
    assert!(station.inbox.join("0004.jpg").exists(), "left where it is");
    station.stop().await;
}

#[tokio::test]
async fn a_list_that_is_not_clear_is_held_and_its_pages_stay() {
    let mut station = station().await;
    station.file("1.jpg", &page(1));
    station.file("A001.csv", b"1.jpg\n1.jpg\n");
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 1 && held[0].kept_as.is_some()
        })
        .await;
    assert_eq!(held[0].reason.as_deref(), Some("index_unclear"));
    assert!(station.inbox.join("1.jpg").exists());
    station.stop().await;
}

/// It was called truncated, and the page was to be scanned again.
#[tokio::test]
async fn a_list_with_a_fault_or_without_an_end_is_not_called_a_truncated_image() {
    let mut station = station().await;
    station.file("1.jpg", &page(1));
    station.file("A001.csv", b"1.jpg\n../../laixin.toml\n2.jpg\n");
    station.file("A002.csv", b"1.jpg\n0002.jp");
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 2 && held.iter().all(|one| one.kept_as.is_some())
        })
        .await;
    assert!(
        held.iter()
            .all(|one| one.reason.as_deref() == Some("index_unclear")),
        "{held:?}"
    );
    assert!(station.inbox.join("1.jpg").exists());
    station.stop().await;
}

#[tokio::test]
async fn one_bad_page_holds_the_whole_list() {
    let mut station = station().await;
    station.file("1.jpg", &page(1));
    let locked = crate::support::project("drivers/ocr/tests/samples/password.pdf");
    station.file("2.pdf", &fs::read(locked).unwrap());
    station.file("A001.csv", b"1.jpg\n2.pdf\n");
    station.start();
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 3 && held.iter().all(|one| one.kept_as.is_some())
        })
        .await;
    assert!(
        held.iter().all(|one| one.reason == held[0].reason),
        "{held:?}"
    );
    assert!(station.pages("A001").await.is_empty());
    station.is_clean().await;
    station.stop().await;
}

#[tokio::test]
async fn killed_while_the_pages_of_a_list_were_claimed() {
    let mut station = station().await;
    for seed in 1..=3 {
        station.file(&format!("{seed}.jpg"), &page(seed));
    }
    station.file("A001.csv", b"1.jpg\n2.jpg\n3.jpg\n");
    // What an earlier run did: two of four files claimed, nothing committed.
    let folder = station.inbox.join(claim::CLAIMED_FOLDER);
    fs::create_dir_all(&folder).unwrap();
    for name in ["1.jpg", "2.jpg"] {
        let new = NewArrival {
            source: "s1".into(),
            name: name.into(),
            file_key: "1".into(),
            first_seen: laixin::clock::now(),
            seen: None,
        };
        let arrival = station
            .store
            .with(move |db| db.note_arrival(&new))
            .await
            .unwrap();
        fs::rename(
            station.inbox.join(name),
            folder.join(format!("{}__{name}", arrival.id)),
        )
        .unwrap();
    }
    station.start();
    station
        .wait_until(ArrivalState::Taken, |taken| taken.len() == 4)
        .await;
    station.is_clean().await;
    assert_eq!(
        order(&station, "A001").await,
        [1, 2, 3],
        "each once, in order"
    );
    station.stop().await;
}

#[tokio::test]
async fn pages_of_a_list_seen_before_the_release_are_held_together() {
    let mut station = Station::new();
    station.by = Some(GroupBy::Index);
    station.start();
    station.file("1.jpg", &page(1));
    station.file("A001.csv", b"1.jpg\n");
    station
        .wait_until(ArrivalState::Waiting, |waiting| waiting.len() == 2)
        .await;
    station.release().await;
    let held = station
        .wait_until(ArrivalState::Held, |held| {
            held.len() == 2 && held.iter().all(|one| one.kept_as.is_some())
        })
        .await;
    assert!(
        held.iter()
            .all(|one| one.reason.as_deref() == Some(reason::SEEN_BEFORE_RELEASE))
    );
    station.stop().await;
}

/// Everything that was recorded, so much earlier.
fn age(station: &Station, ms: i64) {
    station.tampered();
    let database = station.inbox.with_file_name("station.sqlite3");
    let database = rusqlite::Connection::open(database).unwrap();
    database
        .execute_batch(&format!(
            "UPDATE arrivals SET first_seen_ms = first_seen_ms - {ms}; UPDATE loads SET released_ms = released_ms - {ms};"
        ))
        .unwrap();
}

#[tokio::test]
async fn a_list_names_the_page_it_waits_for_and_keeps_its_batch_open_until_it_comes() {
    let mut station = station().await;
    age(&station, 3_600_000);
    station.start();
    station.file("1.jpg", &page(1));
    station.file("A001.csv", b"letter,file\nA001,1.jpg\nA001,missing.jpg\n");
    station
        .wait_until(ArrivalState::Waiting, |waiting| waiting.len() == 2)
        .await;
    age(&station, 11_000);
    let told = station
        .wait_until(ArrivalState::Waiting, |waiting| {
            waiting
                .iter()
                .any(|one| one.reason.as_deref() == Some(reason::INDEX_PAGE_MISSING))
        })
        .await;
    let list = told.iter().find(|one| one.name == "A001.csv").unwrap();
    let id = list.id.clone();
    let waits = station
        .store
        .with(move |db| db.waits_for(&id))
        .await
        .unwrap();
    assert_eq!(waits, ["missing.jpg"]);
    let holds = || station.store.with(|db| db.open_holds(None, 9));
    assert_eq!(holds().await.unwrap().len(), 0, "not late yet");
    age(&station, 60_000);
    let found = async {
        loop {
            if let Some(found) = holds().await.unwrap().into_iter().next() {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(60), found)
        .await
        .expect("a finding");
    assert_eq!(found.reason, reason::INDEX_PAGE_MISSING);
    assert_eq!(found.detail.as_deref(), Some("A001.csv: missing.jpg"));
    let closed = station
        .store
        .with(|db| db.close_batch(1, "op", Some("all is well")))
        .await;
    assert!(closed.is_err(), "a finding is open");
    station.file("missing.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 3).await;
    assert_eq!(holds().await.unwrap().len(), 0, "answered by itself");
    assert_eq!(order(&station, "A001").await, [1, 2]);
    station.is_clean().await;
    station.stop().await;
}

#[tokio::test]
async fn a_page_that_no_list_names_can_be_taken_or_set_aside_while_it_waits() {
    let mut station = station().await;
    age(&station, 3_600_000);
    station.start();
    station.file("1.jpg", &page(1));
    station.file("2.jpg", &page(2));
    station
        .wait_until(ArrivalState::Waiting, |waiting| waiting.len() == 2)
        .await;
    age(&station, 61_000);
    let waiting = station
        .wait_until(ArrivalState::Waiting, |waiting| {
            waiting.len() == 2 && waiting.iter().all(Arrival::awaits_list)
        })
        .await;
    let control = station.control.as_ref().unwrap();
    let id = |name: &str| {
        waiting
            .iter()
            .find(|one| one.name == name)
            .unwrap()
            .id
            .clone()
    };
    let why = ("王芳", "清单已被退回");
    let load = HeldWish::IntoLoad(1);
    let taken = control.decide(&id("1.jpg"), load, why).await.unwrap();
    assert!(taken.unwrap().is_some());
    let aside = control
        .decide(&id("2.jpg"), HeldWish::Aside, why)
        .await
        .unwrap();
    assert_eq!(aside.unwrap(), None);
    assert!(station.arrivals(ArrivalState::Waiting).await.is_empty());
    station.is_clean().await;
    station.stop().await;
}

/// The same export twice: held, but shown to an officer, and an operator could take it into another letter, where it was read.
#[tokio::test]
async fn bytes_of_a_letter_returned_unread_are_held_for_it_when_a_list_names_them() {
    let mut station = station().await;
    station.start();
    station.file("1.jpg", &page(1));
    station.file("A001.csv", b"1.jpg\n");
    station.wait_for(ArrivalState::Taken, 2).await;
    let returned = station
        .store
        .with(|db| db.return_unread("A001", "误拆", "li"));
    returned.await.unwrap();
    station.file("again.jpg", &page(1));
    station.file("new.jpg", &page(2));
    station.file("B001.csv", b"again.jpg\nnew.jpg\n");
    let held = station.wait_for(ArrivalState::Held, 3).await;
    for file in held {
        let of = station.store.with(move |db| {
            let operator = Seer {
                actor: "wang".into(),
                holder: Holder::Person(Role::Operator),
            };
            let shown = db.held_not_withheld(&file.id);
            let taken = db.let_take_held(&operator, &file.id);
            let kept = (shown.is_err(), taken.is_err());
            Ok((db.letter_of_held(&file.id)?, kept))
        });
        let due = (file.name == "again.jpg").then(|| "A001".to_owned());
        let is_its = due.is_some();
        assert_eq!(of.await.unwrap(), (due, (is_its, is_its)), "{}", file.name);
        let why = if is_its {
            "bytes_returned_unread"
        } else {
            "list_held"
        };
        assert_eq!(file.reason.as_deref(), Some(why), "{}", file.name);
    }
    station.stop().await;
}
