//! A database of every released schema opens and keeps its letters; one of a newer laixin is refused and keeps every byte.

use std::path::Path;

use laixin::clock::Millis;
use laixin::store::{Db, StoreError};

fn fixtures() -> Vec<(u32, String)> {
    let folder = crate::support::project("tests/databases");
    let mut found: Vec<(u32, String)> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let stem = path.file_stem()?.to_str()?.strip_prefix("schema_")?;
            Some((stem.parse().ok()?, std::fs::read_to_string(&path).unwrap()))
        })
        .collect();
    found.sort();
    found
}

fn make(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn every_released_schema_opens_and_keeps_its_letters_and_its_ledger() {
    let fixtures = fixtures();
    assert!(
        fixtures
            .iter()
            .map(|(schema, _)| *schema)
            .eq(1..=fixtures.len() as u32)
    );
    assert!(fixtures.len() >= 2);
    for (schema, sql) in fixtures {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.sqlite3");
        make(&path, &sql);
        let db = Db::open(&path).unwrap_or_else(|error| panic!("schema {schema}: {error}"));
        let letter = db.letter_row("A001").unwrap();
        assert_eq!((letter.pages, letter.batch_id), (1, 1), "schema {schema}");
        let pages = db.read_pages("A001").unwrap();
        assert_eq!(pages[0].reading.as_ref().unwrap().width, 100);
        assert_eq!(db.batch(1).unwrap().received, Millis(1_767_225_600_000));
        assert_eq!(db.cycle(1).unwrap().dose_mj_cm2, Some(101.5));
        assert_eq!(db.damage().unwrap(), None);
        // Nine entries of its own, and three that vouch for its other rows from here on: those that are covered since schema 7, and those since then;
        // before them, that the clock is months beyond its last entry.
        assert_eq!(db.verify_ledger().unwrap(), Ok(13), "schema {schema}");
        let rows = db.verify_rows().unwrap();
        assert_eq!(rows.faults, [], "schema {schema}");
        // Its arrival is vouched for; its reading and its correction came before entries carried hashes. Batch, load, cycle, its steps, the file as it was
        // seen, letter, page and account are vouched for since it was opened, also when the letter's last page came and what became of the page; with
        // schema 2 exposures, curve and self test, too.
        let watched = if schema == 1 { 10 } else { 13 };
        let seen = (rows.good, rows.unhashed);
        assert_eq!(seen, (1 + watched, 2), "schema {schema}");
        assert_eq!(db.withholding("A001").unwrap(), None);
        drop(db);
        Db::open(&path).expect("it opens again");
    }
}

#[test]
fn a_database_of_a_newer_laixin_is_refused_and_keeps_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("station.sqlite3");
    let keep = folder.path().join("kept");
    std::fs::create_dir(&keep).unwrap();
    // Once at rest, once with changes that are still in its journal.
    for journal in ["DELETE", "WAL"] {
        let _ = std::fs::remove_file(&path);
        make(&path, &fixtures()[0].1);
        let writer = rusqlite::Connection::open(&path).unwrap();
        writer
            .query_row(&format!("PRAGMA journal_mode = {journal}"), [], |_| Ok(()))
            .unwrap();
        writer.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 99; CREATE TABLE from_the_future (x)").unwrap();
        // As a killed process leaves it: copied while it is open.
        let files = ["station.sqlite3", "station.sqlite3-wal"];
        for file in files
            .iter()
            .filter(|file| folder.path().join(file).exists())
        {
            std::fs::copy(folder.path().join(file), keep.join(file)).unwrap();
        }
        drop(writer);
        let found = keep.join("station.sqlite3");
        let before: Vec<_> = files
            .iter()
            .map(|file| std::fs::read(keep.join(file)).ok())
            .collect();
        assert_eq!(before[1].is_some(), journal == "WAL");
        for _ in 0..2 {
            assert!(matches!(
                Db::open(&found),
                Err(StoreError::Newer { found: 99, .. })
            ));
        }
        let after: Vec<_> = files
            .iter()
            .map(|file| std::fs::read(keep.join(file)).ok())
            .collect();
        assert!(
            before == after,
            "{journal}: the refused database was changed"
        );
    }
}

#[test]
fn a_station_says_so_and_touches_nothing() {
    let station = crate::support::TestStation::new();
    station.tampered();
    let path = station.folder("data/station.sqlite3");
    make(&path, "PRAGMA user_version = 99;");
    let before = std::fs::read(&path).unwrap();
    let run = station.try_command(&["run"], None);
    // Trying again does not mend it: the unit does not.
    assert_eq!(run.status.code(), Some(2));
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(told.contains("install the newer laixin again"), "{told}");
    assert!(
        std::fs::read(&path).unwrap() == before,
        "its bytes are as they were"
    );
}
