//! Every single change of what the ledger covers is found and named: each field of each entry, each column of each row, entries and rows taken out,
//! put in or put in another order.

use rusqlite::types::Value as Cell;

use super::*;
use crate::at_rest::Lock;
use crate::clock::Millis;
use crate::config::Offer;
use crate::domain::access::{Holder, InterestKind, Relation, Restricted, Role, Seer};
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
        count: 3,
        received: Millis(1),
    };
    let batch = db.sign_in_batch(&batch, "zhang").unwrap();
    let load = db.add_load_of(batch, ("c", Some(2)), "zhang").unwrap();
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
    assert_eq!(untold(&db), 0, "each act told of what it changed");
    rare(&mut db);
    (folder, db)
}

/// Changes that no entry tells of yet.
fn untold(db: &Db) -> u32 {
    let count = "SELECT count(*) FROM temp.touched";
    db.connection
        .query_row(count, [], |row| row.get(0))
        .unwrap()
}

/// A row in each watched table that a day need not have one in.
fn rare(db: &mut Db) {
    let rows = "
        INSERT INTO cycles (id, load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, dose_mj_cm2)
            VALUES (9, 1, 'c', 'p', 'zhang', 1, 2, 'released', 120.5);
        INSERT INTO cycle_steps (cycle_id, at_ms, step) VALUES (9, 1, 'striking'), (9, 2, 'exposing');
        INSERT INTO cycle_exposures (cycle_id, side, dose_mj_cm2, lit_s) VALUES (9, 1, 60.25, 30.0), (9, 2, 60.25, 30.0);
        INSERT INTO cycle_samples (cycle_id, at_ms, irradiance_mw_cm2, dose_mj_cm2) VALUES (9, 1, 2.5, 0.1), (9, 2, 2.5, 0.30000000000000004);
        INSERT INTO self_tests (cabinet, profile_sha256, by, began_ms) VALUES ('c', 'p', 'wang', 1);
        INSERT INTO scans (scanner, batch_id, load_id, sides, asked_by, asked_ms, ended_ms, outcome, received_images)
            VALUES ('s', 1, 1, 1, 'zhang', 1, 2, 'done', 3);
        INSERT INTO separator_runs (run, count, made_by, made_ms) VALUES ('ABCDEF', 5, 'zhang', 1);
        INSERT INTO separators_seen (arrival_id, frame, source, batch_id, run, number, side, at_ms)
            SELECT id, 0, 's', 1, 'ABCDEF', 1, 'front', 1 FROM arrivals LIMIT 1;
        INSERT INTO next_letters (batch_id, by, at_ms) VALUES (1, 'zhang', 1);
        INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES ('A1', 'page_added', 1, 'zhang');
        INSERT INTO retentions (id, letter_id, policy, proposed_by, proposed_ms) VALUES (77, 'A1', 'p', 'zhang', 1);
        INSERT INTO tombstones (sha256, sm3, size, retention_id, destroyed_ms) VALUES ('f', 'e', 1, 77, 1);
        DELETE FROM retentions WHERE id = 77;
        INSERT INTO archive_numbers (letter_id, year, number, given_ms, given_by) VALUES ('A1', 2026, 1, 1, 'zhang');
        INSERT INTO backups (made_ms, folder, snapshot, sealed, entries, root, originals, added, faults)
            VALUES (1, '/b', 's', 1, 9, 'r', 3, 3, 0);
        INSERT INTO roots (day, at_ms, entries, hash) VALUES ('2026-03-02', 1, 9, 'h');
        INSERT INTO tokens (name, hash, scope, created_ms, certificate) VALUES ('cases', 'h', 'case_system', 1, 'cases');
        INSERT INTO thresholds (change, field, threshold, before, applied_by, applied_ms) VALUES (1, 'address', 0.97, 0.99, 'zhang', 1);
        INSERT INTO scrubs (began_ms, ended_ms, originals) VALUES (1, 2, 3);
        INSERT OR IGNORE INTO outcomes (letter_id, field, confidence, accepted, vetoed, proposed, is_right, at_ms)
            VALUES ('A1', 'address', 0.5, 0, 0, 1, 1, 1);
        INSERT INTO envelope_codes (page_id, code, at_ms) VALUES (1, 'RR473124829GB', 1);
        INSERT INTO outbox (message, channel, kind, letter_id, occasion, code, state, made_ms, attempts, next_ms, last_ms, result, done_ms)
            VALUES ('m', 'webhook/cases', 'alert.raised', 'A1', 1, 'threat', 'sent', 1, 1, 1, 1, 'answered_204', 2);
        INSERT INTO sessions (hash, user, csrf, created_ms, expires_ms) VALUES ('h', 'zhang', 'c', 1, 2);
        INSERT OR IGNORE INTO taught (source, kind, name, within, origin, at_ms)
            VALUES ('letter/A1', 'road', '人民路', '320506', 'confirmed', 1), ('letter/A1', 'unit', '某某公司', '', 'confirmed', 1);";
    db.connection
        .pragma_update(None, "foreign_keys", "OFF")
        .unwrap();
    db.connection.execute_batch(rows).unwrap();
    db.tell_the_rest().unwrap();
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
    let zhang = Seer {
        actor: "zhang".into(),
        holder: Holder::Person(Role::ConfirmingOfficer),
    };
    db.acknowledge_alert(1, (Verdict::Confirmed, Some("已报告")), &zhang)
        .unwrap();
}

fn seen(db: &mut Db, n: u32) -> String {
    db.note_arrival(&NewArrival {
        source: "s".into(),
        name: format!("A1_p{n}.jpg"),
        file_key: n.to_string(),
        first_seen: crate::clock::now(),
        seen: None,
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
        other_disinfections: Vec::new(),
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
        second_entries: Vec::new(),
        visitor: None,
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
        // A document the database itself looks into has to stay one; one blank more is a change, too.
        Cell::Text(text) if text.starts_with('{') && text.ends_with('}') => {
            Cell::Text(format!("{text} "))
        }
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
    let watched = WATCHED
        .iter()
        .map(|watched| watched.keys(&db.connection).unwrap().len());
    assert_eq!(rows.good as usize, 21 + watched.sum::<usize>());
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
        // Two columns that are hashed as one, where there is the second.
        let columns = columns.replace(
            "CASE WHEN later IS NULL THEN note ELSE json_array(note, later) END",
            "note, later",
        );
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

/// Columns of watched tables, by the rows' prefix, that nobody vouches for there: they can be made again, count what is under way, tell where something
/// lies just now, or are vouched for under another prefix.
const UNWATCHED: [(&str, &[&str]); 12] = [
    // Each column is the other's.
    ("token", &["certificate"]),
    (
        "tied_token",
        &[
            "hash",
            "scope",
            "unit",
            "created_ms",
            "expires_ms",
            "revoked_ms",
        ],
    ),
    ("seen", &["reason", "kept_as"]),
    (
        "letter",
        &["stage", "last_arrival_ms", "version", "drafted_ms"],
    ),
    ("page", &["state", "problem", "attempts"]),
    (
        "page_state",
        &[
            "letter_id",
            "arrival_id",
            "frame",
            "kind",
            "hint",
            "sha256",
            "sm3",
            "size",
            "attempts",
        ],
    ),
    (
        "letter_arrival",
        &[
            "batch_id",
            "load_id",
            "group_name",
            "stage",
            "urgent",
            "created_ms",
            "version",
            "withheld",
            "withheld_reason",
            "withheld_by",
            "withheld_ms",
            "drafted_ms",
        ],
    ),
    (
        "handed",
        &[
            "body",
            "created_ms",
            "updated_ms",
            "ready_ms",
            "claimed_by",
            "lease",
            "lease_ms",
            "offered",
            "nack_reason",
            "conflict",
        ],
    ),
    (
        "draft",
        &[
            "created_ms",
            "updated_ms",
            "confirmed_ms",
            "confirmed_by",
            "state",
            "claimed_by",
            "lease",
            "lease_ms",
            "case_number",
            "acked_ms",
            "offered",
            "nack_reason",
        ],
    ),
    ("message", &["attempts", "next_ms", "last_ms"]),
    ("session", &["expires_ms"]),
    ("user", &["failures", "locked_ms"]),
];

#[test]
fn every_watched_row_is_named_when_any_column_of_it_is_changed_or_it_is_gone() {
    let (_folder, db) = day();
    let mut changes = 0;
    for watched in WATCHED.iter().filter(|watched| watched.order == "rowid") {
        let table = watched.table;
        let columns: Vec<(String, String)> = db
            .connection
            .prepare(&format!("PRAGMA table_info({table})"))
            .unwrap()
            .query_map([], |row| Ok((row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let rows: Vec<(i64, String)> = db
            .connection
            .prepare(&format!(
                "SELECT rowid, '{}/' || {} FROM {table} r WHERE {}",
                watched.prefix,
                watched.key,
                if watched.only.is_empty() {
                    "1".into()
                } else {
                    watched.only.replace('$', "r")
                }
            ))
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(!rows.is_empty(), "nothing of {table} is tried");
        let unwatched = UNWATCHED.iter().find(|(name, _)| *name == watched.prefix);
        let unwatched = unwatched.map_or(&[][..], |(_, columns)| columns);
        for (rowid, name) in &rows {
            let faults_after = |change: &str, values: &[Cell]| {
                let rows = with(&db, change, values, |db| db.verify_rows().unwrap());
                rows.faults.iter().any(|fault| fault.what == *name)
            };
            for (column, kind) in columns
                .iter()
                .filter(|(name, _)| !unwatched.contains(&name.as_str()))
            {
                let cell: Cell = db
                    .connection
                    .query_row(
                        &format!("SELECT {column} FROM {table} WHERE rowid = ?1"),
                        [rowid],
                        |row| row.get(0),
                    )
                    .unwrap();
                let value = match (&cell, kind.as_str()) {
                    // Whose turn it is comes and goes; that it was handed over does not.
                    _ if (table, column.as_str()) == ("drafts", "state") => {
                        Cell::Text("acked".into())
                    }
                    (Cell::Null, "INTEGER") => Cell::Integer(1),
                    (Cell::Null, "REAL") => Cell::Real(1.0),
                    // Not the number of the row's neighbour.
                    (Cell::Integer(number), _) => Cell::Integer(number + 7),
                    // The very next number: the last bit counts.
                    (Cell::Real(number), _) => Cell::Real(number.next_up()),
                    _ => other(&cell),
                };
                let change = format!("UPDATE OR IGNORE {table} SET {column} = ?2 WHERE rowid = ?1");
                assert!(
                    faults_after(&change, &[Cell::Integer(*rowid), value]),
                    "{table}.{column} of {name} was changed and nobody noticed"
                );
                changes += 1;
            }
            let gone = format!("DELETE FROM {table} WHERE rowid = ?1");
            assert!(
                faults_after(&gone, &[Cell::Integer(*rowid)]),
                "{name} was taken out"
            );
        }
    }
    assert!(changes > 200, "only {changes} changes were tried");
}

#[test]
fn what_a_letter_taught_is_vouched_for_in_every_part() {
    let (_folder, db) = day();
    for change in [
        "UPDATE taught SET name = 'x' WHERE name = '人民路'",
        "UPDATE taught SET within = '320505' WHERE name = '人民路'",
        "UPDATE taught SET kind = 'x' WHERE name = '人民路'",
        "UPDATE taught SET origin = 'corrected' WHERE name = '人民路'",
        "UPDATE taught SET at_ms = 9 WHERE name = '人民路'",
        "UPDATE taught SET source = 'letter/A2' WHERE name = '人民路'",
        "DELETE FROM taught WHERE name = '人民路'",
        "INSERT INTO taught VALUES ('letter/A1', 'road', '石湖路', '', 'confirmed', 1)",
    ] {
        let rows = with(&db, change, &[], |db| db.verify_rows().unwrap());
        let named = rows
            .faults
            .iter()
            .any(|fault| fault.what == "taught/letter/A1");
        assert!(named, "{change}: {:?}", rows.faults);
    }
}

#[test]
fn tables_that_came_later_are_vouched_for_once_too_and_a_forged_session_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("station.sqlite3");
    let mut db = Db::open(&path).unwrap();
    db.add_user("zhang", Role::Operator, "phc", "test").unwrap();
    drop(db);
    let session = |hash: &str| {
        let other = Connection::open(&path).unwrap();
        let sql = "INSERT INTO sessions (hash, user, csrf, created_ms, expires_ms) VALUES (?1, 'zhang', 'c', 1, 2)";
        other.execute(sql, [hash]).unwrap();
        other
    };
    // As the laixin before this one left it: what it vouched for stands, and sessions were no part of it.
    session("older")
        .execute(
            "UPDATE ledger SET subject = 'rows/0' WHERE subject = 'rows/2'",
            [],
        )
        .unwrap();
    let db = Db::open(&path).unwrap();
    assert_eq!(db.verify_rows().unwrap().faults, []);
    drop(db);
    session("forged");
    let faults = Db::open(&path).unwrap().verify_rows().unwrap().faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(
        (faults[0].what.as_str(), faults[0].why),
        ("session/forged", ADDED)
    );
}

#[test]
fn what_a_station_writes_while_it_is_verified_is_no_break() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("station.sqlite3");
    let mut station = Db::open(&path).unwrap();
    let beside = Db::look_with(&path, &Lock::default()).unwrap();
    let (ledger, rows) = beside
        .at_one_moment(|db| {
            let ledger = db.verify_ledger()?;
            station.add_user("zhang", Role::Operator, "phc", "test")?;
            Ok((ledger, (db.ledger_mark()?.0, db.verify_rows()?)))
        })
        .unwrap();
    assert_eq!(
        ledger,
        Ok(rows.0),
        "the mark is of the entries that were walked"
    );
    assert_eq!(rows.1.faults, []);
    assert!(beside.ledger_mark().unwrap().0 > rows.0, "it did write");
}

#[test]
fn steps_that_change_places_are_named() {
    let (_folder, db) = day();
    let swap = "UPDATE cycle_steps SET rowid = -rowid WHERE cycle_id = ?1";
    let rows = with(&db, swap, &[Cell::Integer(9)], |db| {
        db.verify_rows().unwrap()
    });
    let what: Vec<_> = rows
        .faults
        .iter()
        .map(|fault| fault.what.as_str())
        .collect();
    assert_eq!(what, ["steps/9"]);
}

#[test]
fn rows_of_an_older_laixin_are_vouched_for_once_and_none_after_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("station.sqlite3");
    drop(Db::open(&path).unwrap());
    {
        // As an older laixin left it: rows, and no entry that tells of them.
        let older = Connection::open(&path).unwrap();
        let batch = "INSERT INTO batches (carrier, count, received_ms, signed_by, created_ms) VALUES ('letter', 1, 1, 'z', 1)";
        older
            .execute_batch(&format!(
                "DELETE FROM ledger; DELETE FROM sqlite_sequence WHERE name = 'ledger'; {batch};"
            ))
            .unwrap();
    }
    let db = Db::open(&path).unwrap();
    assert_eq!(db.verify_rows().unwrap().faults, []);
    assert!(db.verify_ledger().unwrap().is_ok());
    drop(db);
    {
        let intruder = Connection::open(&path).unwrap();
        let batch = "INSERT INTO batches (carrier, count, received_ms, signed_by, created_ms) VALUES ('letter', 1, 1, 'z', 1)";
        intruder.execute_batch(batch).unwrap();
    }
    let db = Db::open(&path).unwrap();
    let faults = db.verify_rows().unwrap().faults;
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].what.as_str(), faults[0].why), ("batch/2", ADDED));
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
        let told = rows
            .faults
            .iter()
            .filter(|fault| fault.why == ADDED || fault.why == CHANGED);
        // A page is vouched for in three ways.
        assert!(
            (1..=3).contains(&told.count()),
            "{change}: {:?}",
            rows.faults
        );
    }
}
