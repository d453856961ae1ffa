//! One byte that is another one, an entry that is gone, two that changed places: each is named.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{originals, stopped, verify};
use crate::support::TestStation;

fn database(station: &TestStation) -> std::path::PathBuf {
    station.folder("data/station.sqlite3")
}

fn change(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
    let whole = "PRAGMA wal_checkpoint(TRUNCATE)";
    connection.query_row(whole, [], |_| Ok(())).unwrap();
}

/// A text that was no UTF-8 any more ended the comparison, and nothing was named.
#[test]
fn verify_names_one_byte_of_an_entry_or_row_and_entries_gone_or_moved() {
    let station = stopped();
    station.tampered();
    let path = database(&station);
    change(&path, "");
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(0), "{text}");
    let whole = fs::read(&path).unwrap();
    let last: i64 = {
        let connection = Connection::open(&path).unwrap();
        let last = "SELECT max(seq) FROM ledger";
        connection.query_row(last, [], |row| row.get(0)).unwrap()
    };
    // Its first byte with the lowest bit turned, and with the highest: no UTF-8 then.
    let bytes = |table: &str, column: &str, which: &str| {
        [
            "char(unicode($) + 1 - 2 * (unicode($) % 2)) || substr($, 2)",
            "CAST(x'ff' || CAST(substr($, 2) AS BLOB) AS TEXT)",
        ]
        .map(|to| to.replace('$', column))
        .map(|to| format!("UPDATE {table} SET {column} = {to} WHERE {which}"))
    };
    let at = |seq: i64| format!("ledger: BROKEN at entry {seq}");
    let mut cases = Vec::new();
    for column in ["actor", "action", "subject", "detail", "hash"] {
        for sql in bytes("ledger", column, "seq = 5") {
            cases.push((sql, at(5)));
        }
    }
    cases.push((
        "UPDATE ledger SET at_ms = at_ms + 1 WHERE seq = 5".into(),
        at(5),
    ));
    cases.push((format!("DELETE FROM ledger WHERE seq = {last}"), at(last)));
    cases.push(("DELETE FROM ledger WHERE seq = 6".into(), at(6)));
    let swap = "UPDATE ledger SET seq = -6 WHERE seq = 6; UPDATE ledger SET seq = 6 WHERE seq = 7; UPDATE ledger SET seq = 7 WHERE seq = -6";
    cases.push((swap.into(), at(6)));
    for (table, column, which, named) in [
        ("arrivals", "sm3", "name = 'L001_p1.jpg'", "arrival "),
        ("pages", "sha256", "letter_id = 'L001'", "page/"),
        ("letters", "group_name", "id = 'L001'", "letter/L001"),
        ("users", "password", "name = 'tester'", "user/tester"),
        ("batches", "signed_by", "id = 1", "batch/1"),
        ("loads", "override_reason", "id = 1", "load/1"),
    ] {
        for sql in bytes(table, column, which) {
            cases.push((sql, format!("record: BROKEN: {named}")));
        }
    }
    for (sql, named) in cases {
        fs::write(&path, &whole).unwrap();
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(station.folder(&format!("data/station.sqlite3{beside}")));
        }
        change(&path, &sql);
        let (code, text) = verify(&station, &[]);
        assert_eq!(code, Some(1), "{sql}: {text}");
        assert!(text.contains(&named), "{sql}: {text}");
    }
}

#[test]
fn verify_names_an_original_of_which_any_one_byte_is_another() {
    let station = stopped();
    let file = originals(&station.folder("data/evidence")).swap_remove(1);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let whole = fs::read(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions();
    let writable = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    fs::set_permissions(&file, writable).unwrap();
    for at in 0..whole.len() {
        let mut other = whole.clone();
        other[at] ^= 1 << (at % 8);
        fs::write(&file, other).unwrap();
        let (code, text) = verify(&station, &[]);
        assert_eq!(code, Some(1), "byte {at}");
        let named = format!("originals: BROKEN: original {name}");
        assert!(text.contains(&named), "byte {at}: {text}");
    }
    fs::write(&file, &whole).unwrap();
    fs::set_permissions(&file, mode).unwrap();
    assert_eq!(verify(&station, &[]).0, Some(0));
}

/// It said that the originals could not be listed.
#[test]
fn verify_finds_no_fault_in_a_station_that_was_never_started() {
    let station = TestStation::new();
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(0), "{text}");
}
