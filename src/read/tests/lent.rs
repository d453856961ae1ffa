//! Pages that are lent: each is read once into the record, whatever comes back, and when.

use super::*;
use crate::broker::lend::{Carrier, lending};
use crate::config::{PublicKey, Readers, Within};
use crate::read::Lent;
use crate::store::Reading;

const ENGINE: &str = "engine 1";

fn reading() -> Reading {
    Reading {
        engine: ENGINE.into(),
        width: 100,
        height: 100,
        turned_deg: 0,
        lines: Vec::new(),
        seconds: 0.5,
        blank: false,
    }
}

/// A station with one unread page, which lends all it has, to readers that answer within so long.
fn station(answer_s: u64) -> (Bench, Carrier) {
    let mut desk = Bench::new("read\n");
    let settings = Readers {
        seal_to: PublicKey(nkeys::XKey::new().public_key()),
        queue: Within(0),
        each: Within(4),
        answer_s: Within(answer_s),
    };
    let (lending, carrier) = lending(&settings, &desk.reader.others.neighbours);
    desk.reader.lent = Some(RefCell::new(Lent::new(lending)));
    *desk.reader.engine.borrow_mut() = Some(ENGINE.into());
    (desk, carrier)
}

fn count(desk: &Bench, sql: &str) -> i64 {
    let beside = rusqlite::Connection::open(desk.folder.path().join("laixin.db")).unwrap();
    beside.query_row(sql, [], |row| row.get(0)).unwrap()
}

const READ: &str = "SELECT count(*) FROM ledger WHERE action = 'page.read'";
const ELSEWHERE: &str =
    "SELECT count(*) FROM ledger WHERE action = 'page.read_elsewhere' AND detail LIKE '%reader-1%'";

#[test]
fn with_no_reader_of_this_engine_nothing_is_lent() {
    let (desk, mut carrier) = station(60);
    desk.reader.lend().unwrap();
    assert!(carrier.lent().is_none());
    desk.reader
        .others
        .neighbours
        .meets("reader.reader-1", "another engine");
    desk.reader.lend().unwrap();
    assert!(carrier.lent().is_none());
    assert_eq!(desk.reader.pages_lent(), Vec::<i64>::new());
}

#[test]
fn an_answer_counts_once_and_only_for_what_was_asked() {
    let (desk, mut carrier) = station(60);
    desk.reader
        .others
        .neighbours
        .meets("reader.reader-1", ENGINE);
    desk.reader.lend().unwrap();
    let (token, loan) = carrier.lent().expect("the page is lent");
    assert_eq!(loan.bytes, b"a page");
    desk.reader.lend().unwrap();
    assert!(carrier.lent().is_none(), "once");
    assert_eq!(desk.reader.pages_lent(), [1]);
    carrier.answers("another token", Ok(reading()));
    carrier.answers(&token, Ok(reading()));
    carrier.answers(&token, Ok(reading()));
    assert!(desk.reader.keep_answers(Duration::ZERO).unwrap());
    assert_eq!((count(&desk, READ), count(&desk, ELSEWHERE)), (1, 1));
    assert_eq!(desk.reader.pages_lent(), Vec::<i64>::new());
}

#[test]
fn a_page_that_comes_back_unread_is_read_here_and_not_lent_again() {
    let (mut desk, mut carrier) = station(60);
    desk.reader
        .others
        .neighbours
        .meets("reader.reader-1", ENGINE);
    desk.reader.lend().unwrap();
    let (token, _) = carrier.lent().expect("the page is lent");
    carrier.answers(&token, Err("reader_died".into()));
    desk.reader.keep_answers(Duration::ZERO).unwrap();
    desk.reader.lend().unwrap();
    assert!(carrier.lent().is_none());
    assert_eq!(desk.read().0, "read");
    // What comes late is nothing any more.
    carrier.answers(&token, Ok(reading()));
    desk.reader.keep_answers(Duration::ZERO).unwrap();
    assert_eq!((count(&desk, READ), count(&desk, ELSEWHERE)), (1, 0));
}

#[test]
fn an_answer_for_a_page_that_is_read_by_then_is_not_kept() {
    let (desk, mut carrier) = station(60);
    desk.reader
        .others
        .neighbours
        .meets("reader.reader-1", ENGINE);
    desk.reader.lend().unwrap();
    let (token, _) = carrier.lent().expect("the page is lent");
    desk.reader
        .store
        .wait(|db| db.finish_reading(1, &reading()))
        .unwrap();
    carrier.answers(&token, Ok(reading()));
    desk.reader.keep_answers(Duration::ZERO).unwrap();
    assert_eq!((count(&desk, READ), count(&desk, ELSEWHERE)), (1, 0));
}

#[test]
fn an_answer_for_a_letter_with_a_secret_mark_is_not_kept() {
    let (desk, mut carrier) = station(60);
    desk.reader
        .others
        .neighbours
        .meets("reader.reader-1", ENGINE);
    desk.reader.lend().unwrap();
    let (token, _) = carrier.lent().expect("the page is lent");
    desk.reader
        .store
        .wait(|db| db.stop_reading("L", "secret_mark", 1))
        .unwrap();
    carrier.answers(&token, Ok(reading()));
    desk.reader.keep_answers(Duration::ZERO).unwrap();
    assert_eq!(count(&desk, READ), 0);
}
