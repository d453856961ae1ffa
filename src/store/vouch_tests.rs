//! Every single change of what the ledger covers is found and named: each field of each entry, each column of each row, entries and rows taken out,
//! put in or put in another order.

use rusqlite::types::Value as Cell;

use super::*;
use crate::clock::Millis;
use crate::config::Offer;
use crate::domain::access::{InterestKind, Relation, Restricted, Role};
use crate::domain::alarm::Verdict;
use crate::domain::balance::Exception;
use crate::domain::correct::Corrections;
use crate::domain::draft::{Draft, DraftPage, Fields, Flag, Flags};
use crate::domain::keeping::ValuableKind;
use crate::domain::text::PageKind;
use crate::evidence::Original;
use crate::store::grouping::{NewHold, hold_once};
use crate::store::{MoveTo, NewArrival, NewBatch, NewValuable, Reading, TakePage};

/// A station's day: two pages arrive, are read, drafted, corrected, confirmed; something was enclosed; the paper is boxed and lent.
fn day() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let mut db = Db::open(&folder.path().join("station.sqlite3")).unwrap();
    let batch = NewBatch {
        carrier: crate::domain::letter::Carrier::Letter,
        count: 1,
        received: Millis(1),
    };
    let batch = db.sign_in_batch(&batch, "zhang").unwrap();
    let load = db.add_load(batch, "c", "zhang").unwrap();
    db.override_load(load, ("zhang", "li"), "a test without a cabinet")
        .unwrap();
    for n in [1_u32, 2] {
        arrive(&mut db, n);
        let reading = Reading {
            engine: "e".into(),
            width: 10,
            height: 20,
            turned_deg: 0,
            lines: Vec::new(),
            seconds: 0.5,
            blank: false,
        };
        db.finish_reading(i64::from(n), &reading).unwrap();
    }
    db.insert_or_replace_draft(&draft(), Offer::Confirmed)
        .unwrap();
    let version = |db: &Db| db.letter_row("A1").unwrap().version;
    let corrections: Corrections =
        serde_json::from_value(json!({"sender_name": {"value": "陆思雨"}})).unwrap();
    let at = version(&db);
    db.correct("A1", at, &corrections, ("zhang", Offer::Confirmed))
        .unwrap();
    let cash = NewValuable {
        kind: ValuableKind::NothingFound,
        amount: None,
        serial: None,
    };
    let item = db.list_valuable("A1", &cash, "zhang").unwrap();
    db.witness_valuable(item, "li").unwrap();
    let at = version(&db);
    db.confirm("A1", at, "zhang").unwrap();
    let a_box = db.make_box("2026-01", "柜", "zhang").unwrap();
    db.put_into_box("A1", a_box, "zhang").unwrap();
    let loan = db.ask_for_paper("A1", "核对原件", "zhang").unwrap();
    db.approve_loan(loan, "li").unwrap();
    db.bring_back(loan, "zhang").unwrap();
    // A third page that came with the wrong letter, a file left out, a day closed with a note.
    arrive_in(&mut db, 3, "B2");
    let pages = db.page_ids("B2").unwrap();
    db.move_pages("B2", &pages, &MoveTo::NewLetter, ("li", "两封信粘连"))
        .unwrap();
    let aside = seen(&mut db, 4);
    db.hold_arrival(&aside, "truncated").unwrap();
    db.arrival_kept_as(&aside, "held/truncated/x.jpg").unwrap();
    let original = Original {
        sha256: "4".repeat(64),
        sm3: "4".repeat(64),
        size: 9,
    };
    db.set_held_aside(&aside, Some(&original), ("li", "没有纸质件"))
        .unwrap();
    let hold = NewHold {
        batch,
        letter: None,
        scan: None,
        reason: "letter_empty",
        detail: Some("AAAAAA-0001".into()),
    };
    hold_once(&db.connection, &hold).unwrap();
    db.resolve_hold(1, "li", "空信封").unwrap();
    db.add_exception(batch, (Exception::EmptyEnvelope, 1), ("li", "空信封"))
        .unwrap();
    let bounds = (Millis(0), Millis(i64::MAX));
    db.close_day("2026-03-02", bounds, ("li", Some("明日处理")))
        .unwrap();
    trusted(&mut db);
    (folder, db)
}

/// The letter is restricted, somebody is let in, another one stands back, and its threat is seen to.
fn trusted(db: &mut Db) {
    for name in ["zhang", "li", "wang"] {
        db.add_user(name, Role::ConfirmingOfficer, "phc", "test")
            .unwrap();
    }
    db.restrict("A1", Restricted::ByHand, ("zhang", "涉及隐私"))
        .unwrap();
    db.grant_access("A1", "wang", ("zhang", "协助核对"))
        .unwrap();
    db.declare_interest("li", (InterestKind::Unit, Relation::Own, "某某公司"), "li")
        .unwrap();
    db.recuse("A1", "li", ("zhang", "亲属涉及")).unwrap();
    db.acknowledge_alert(1, (Verdict::Confirmed, Some("已报告")), "zhang")
        .unwrap();
}

fn seen(db: &mut Db, n: u32) -> String {
    db.note_arrival(&NewArrival {
        source: "s".into(),
        name: format!("A1_p{n}.jpg"),
        file_key: n.to_string(),
        first_seen: crate::clock::now(),
    })
    .unwrap()
    .id
}

fn arrive(db: &mut Db, n: u32) {
    arrive_in(db, n, "A1");
}

fn arrive_in(db: &mut Db, n: u32, group: &str) {
    let page = TakePage {
        arrival: seen(db, n),
        group: group.into(),
        kind: PageKind::Letter,
        number: Some(n),
        frames: vec![0],
        original: Original {
            sha256: n.to_string().repeat(64),
            sm3: n.to_string().repeat(64),
            size: 7,
        },
    };
    db.take_page(&page).unwrap();
}

fn draft() -> Draft {
    Draft {
        letter: "A1".into(),
        station: "测试".into(),
        received_at: None,
        pages: vec![DraftPage {
            n: 1,
            kind: PageKind::Letter,
            sha256: "a".into(),
            sm3: "b".into(),
        }],
        disinfection: None,
        fields: Fields {
            flags: Flags {
                threat: Some(Flag {
                    value: true,
                    ..Flag::default()
                }),
                ..Flags::default()
            },
            ..Fields::default()
        },
        missing: Vec::new(),
        deadlines: Vec::new(),
        deadlines_to_come: Vec::new(),
        confirmed: None,
        notes: Vec::new(),
    }
}

/// Does something to the database, looks, and takes it back. SQLite's own guards are off, as for whoever edits the file.
fn with<T>(db: &Db, change: &str, values: &[Cell], look: impl FnOnce(&Db) -> T) -> T {
    db.connection
        .pragma_update(None, "foreign_keys", "OFF")
        .unwrap();
    db.connection.execute_batch("SAVEPOINT tampered").unwrap();
    db.connection
        .execute(change, rusqlite::params_from_iter(values))
        .unwrap();
    let seen = look(db);
    db.connection
        .execute_batch("ROLLBACK TO tampered; RELEASE tampered")
        .unwrap();
    seen
}

fn other(cell: &Cell) -> Cell {
    match cell {
        Cell::Null => Cell::Text("x".into()),
        Cell::Integer(n) => Cell::Integer(n + 1),
        Cell::Real(n) => Cell::Real(n + 1.0),
        Cell::Text(text) => {
            let mut chars: Vec<char> = text.chars().collect();
            match chars.last_mut() {
                Some(last) => *last = if *last == 'z' { 'y' } else { 'z' },
                None => chars.push('z'),
            }
            Cell::Text(chars.into_iter().collect())
        }
        Cell::Blob(_) => Cell::Null,
    }
}

#[test]
fn an_untouched_day_holds() {
    let (_folder, db) = day();
    assert!(db.verify_ledger().unwrap().is_ok());
    let rows = db.verify_rows().unwrap();
    assert_eq!(rows.faults, []);
    assert_eq!(rows.unhashed, 0);
    // Three arrivals, two readings, a correction, a confirmed draft, a valuable, a box, a boxed letter, a loan, a file left out, a hold, an exception,
    // a move, a day; a restriction, somebody let in, an interest, somebody kept out, an alert.
    assert_eq!(rows.good, 21);
}

#[test]
fn every_field_of_every_entry_is_covered_and_the_entry_is_named() {
    let (_folder, db) = day();
    let entries = db.ledger_mark().unwrap().0;
    assert!(entries > 15, "{entries}");
    for seq in 1..=entries {
        for field in ["at_ms", "actor", "action", "subject", "detail", "hash"] {
            let cell: Cell = db
                .connection
                .query_row(
                    &format!("SELECT {field} FROM ledger WHERE seq = ?1"),
                    [seq],
                    |row| row.get(0),
                )
                .unwrap();
            let change = format!("UPDATE ledger SET {field} = ?2 WHERE seq = ?1");
            let broken = with(&db, &change, &[Cell::Integer(seq), other(&cell)], |db| {
                db.verify_ledger().unwrap()
            });
            assert_eq!(broken, Err(seq), "{field} of entry {seq}");
        }
        let gone = with(
            &db,
            "DELETE FROM ledger WHERE seq = ?1",
            &[Cell::Integer(seq)],
            |db| db.verify_ledger().unwrap(),
        );
        assert_eq!(gone, Err(seq), "entry {seq} taken out");
        let moved = with(
            &db,
            "UPDATE ledger SET seq = seq + 1000 WHERE seq = ?1",
            &[Cell::Integer(seq)],
            |db| db.verify_ledger().unwrap(),
        );
        assert_eq!(moved, Err(seq), "entry {seq} moved to the end");
    }
    // Two neighbours change places.
    for seq in 1..entries {
        let swap = "UPDATE ledger SET seq = CASE seq WHEN ?1 THEN -1 ELSE seq END";
        let broken = with(&db, swap, &[Cell::Integer(seq)], |db| {
            db.connection
                .execute("UPDATE ledger SET seq = ?1 WHERE seq = ?1 + 1", [seq])
                .unwrap();
            db.connection
                .execute("UPDATE ledger SET seq = ?1 + 1 WHERE seq = -1", [seq])
                .unwrap();
            db.verify_ledger().unwrap()
        });
        assert_eq!(broken, Err(seq), "entries {seq} and its neighbour");
    }
}

#[test]
fn every_covered_column_of_every_row_is_covered_and_the_row_is_named() {
    let (_folder, db) = day();
    let own: Vec<(&str, &str, &str)> = vec![
        ("arrivals", "id", "sha256, sm3, size"),
        (
            "pages",
            "id",
            "sha256, sm3, size, frame, arrival_id, letter_id",
        ),
        (
            "readings",
            "page_id",
            "engine, width, height, turned_deg, lines",
        ),
        (
            "corrections",
            "id",
            "letter_id, field, before, after, by, at_ms",
        ),
        ("drafts", "letter_id", "body"),
    ];
    let covered = COVERED
        .iter()
        .chain(&ALONG)
        .map(|covered| (covered.table, covered.key, covered.columns));
    let mut changes = 0;
    for (table, key, columns) in own.into_iter().chain(covered) {
        let mut ids = db
            .connection
            .prepare(&format!("SELECT {key} FROM {table}"))
            .unwrap();
        let ids: Vec<Cell> = ids
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for id in &ids {
            for column in columns.split(',').map(str::trim) {
                let cell: Cell = db
                    .connection
                    .query_row(
                        &format!("SELECT {column} FROM {table} WHERE {key} = ?1"),
                        [id],
                        |row| row.get(0),
                    )
                    .unwrap();
                let value = match (&cell, column) {
                    // Columns of numbers that are empty take a number.
                    (Cell::Null, c) if c.ends_with("_ms") || c == "scan_id" => Cell::Integer(1),
                    _ => other(&cell),
                };
                let change = format!("UPDATE OR IGNORE {table} SET {column} = ?2 WHERE {key} = ?1");
                let rows = with(&db, &change, &[id.clone(), value], |db| {
                    db.verify_rows().unwrap()
                });
                assert!(
                    !rows.faults.is_empty(),
                    "{table}.{column} of {id:?} was changed and nobody noticed"
                );
                changes += 1;
            }
            let gone = format!("DELETE FROM {table} WHERE {key} = ?1");
            let rows = with(&db, &gone, std::slice::from_ref(id), |db| {
                db.verify_rows().unwrap()
            });
            assert!(!rows.faults.is_empty(), "{table} {id:?} was deleted");
        }
    }
    assert!(changes > 60, "only {changes} changes were tried");
}

#[test]
fn rows_that_nobody_recorded_are_named() {
    let (_folder, db) = day();
    let added = [
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, sha256) VALUES ('new', 's', 'n', 'k', 1, 'taken', 'x')",
        "INSERT INTO pages (letter_id, arrival_id, frame, kind, sha256, sm3, size) SELECT letter_id, arrival_id, 9, kind, sha256, sm3, size FROM pages LIMIT 1",
        "INSERT INTO readings SELECT page_id, 'other', width, height, turned_deg, lines, seconds, read_ms FROM readings LIMIT 1",
        "INSERT INTO corrections (letter_id, field, by, at_ms) VALUES ('A1', 'address', 'nobody', 1)",
        "INSERT INTO loans (letter_id, asked_by, reason, asked_ms) VALUES ('A1', 'nobody', 'none', 1)",
        "INSERT INTO holds (batch_id, reason, at_ms) VALUES (1, 'odd_count', 1)",
        "INSERT INTO batch_exceptions (batch_id, kind, letters, reason, by, at_ms) VALUES (1, 'empty_envelope', 1, 'none', 'nobody', 1)",
        "INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) VALUES (1, 'A1', 'A1', 'nobody', 'none', 1)",
        "INSERT INTO days (day, open_letters, open_batches, closed_by, closed_ms) VALUES ('2026-03-03', 0, 0, 'nobody', 1)",
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('new', 's', 'n', 'k', 1, 'set_aside')",
        "INSERT INTO valuables (letter_id, kind, listed_by, listed_ms) VALUES ('A1', 'cash', 'nobody', 1)",
    ];
    for change in added {
        let rows = with(&db, change, &[], |db| db.verify_rows().unwrap());
        assert_eq!(rows.faults.len(), 1, "{change}: {:?}", rows.faults);
    }
}
