//! The schema and its history. A released migration is never edited; add the next one.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;
use crate::clock;

/// Every migration in order; the number of a schema is its place in this list, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3_history.sql"),
    include_str!("schema_4_intake.sql"),
    include_str!("schema_5_evidence.sql"),
    include_str!("schema_6_trust.sql"),
    include_str!("schema_7_push.sql"),
    include_str!("schema_8_lists.sql"),
    include_str!("schema_9_loads.sql"),
    include_str!("schema_10_tied.sql"),
    include_str!("schema_11_health.sql"),
    include_str!("schema_12_due.sql"),
    include_str!("schema_13_claims.sql"),
    include_str!("schema_14_later.sql"),
    include_str!("schema_15_search.sql"),
    include_str!("schema_16_offices.sql"),
    include_str!("schema_17_elsewhere.sql"),
    include_str!("schema_18_undo.sql"),
];

/// Brings the database to the newest schema, each step in a transaction of its own. Another process may be at the same: who comes
/// second finds the step done.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    refuse_newer(connection)?;
    for (schema, sql) in (1_u32..).zip(MIGRATIONS) {
        if schema <= version(connection)? {
            continue;
        }
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if schema <= version(&step)? {
            continue;
        }
        step.execute_batch(sql)?;
        step.execute(
            "INSERT INTO schema_versions (version, applied_ms, laixin) VALUES (?1, ?2, ?3)",
            (schema, clock::now().0, env!("CARGO_PKG_VERSION")),
        )?;
        step.pragma_update(None, "user_version", schema)?;
        step.commit()?;
    }
    Ok(())
}

/// The schema's number; 0 is a new file.
fn version(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Refuses a database of a newer laixin.
pub(super) fn refuse_newer(connection: &Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(())
}

/// Refuses a database of any other schema than this build's.
pub(super) fn require_current(connection: &Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    let known = MIGRATIONS.len() as u32;
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(StoreError::Older { found, known }),
        std::cmp::Ordering::Greater => Err(StoreError::Newer { found, known }),
    }
}

#[cfg(test)]
mod tests {
    //! A database of every released schema opens and keeps its letters and cycles.

    use super::*;
    use crate::at_rest::{Lock, StationKey};
    use crate::domain::cycle::{Basis, Sides};
    use crate::store::{CycleTerms, Db, recode};

    /// A database as a laixin of that schema left it: a released load with a letter, and a cycle cut short.
    fn of_schema_1(path: &std::path::Path) {
        let old = Connection::open(path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "INSERT INTO schema_versions VALUES (1, 0, '0.1.0');
             INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 1, 1, 'z', 1);
             INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'cabinet-1', 'released', 1);
             INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (2, 1, 'cabinet-1', 'in_cycle', 1);
             INSERT INTO cycles (id, load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, dose_mj_cm2,
               exposure_s, ventilation_s) VALUES (1, 1, 'cabinet-1', 'ab', 'z', 2, 9, 'released', 101.5, 20.0, 5.0);
             INSERT INTO cycles (id, load_id, cabinet, profile_sha256, started_by, started_ms)
               VALUES (2, 2, 'cabinet-1', 'ab', 'z', 10);
             INSERT INTO cycle_steps VALUES (1, 3, 'preflight', NULL), (1, 4, 'striking', NULL);
             UPDATE loads SET cycle_id = 1, released_ms = 9 WHERE id = 1;
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms)
               VALUES ('A001', 1, 1, 'A001', 'drafted', 5, 5);
             PRAGMA user_version = 1;",
        )
        .unwrap();
    }

    #[test]
    fn two_that_open_a_new_database_at_once_both_find_it_whole() {
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("laixin.db");
            let together = std::sync::Barrier::new(4);
            let open = || {
                together.wait();
                Db::open(&path).map(drop)
            };
            std::thread::scope(|scope| {
                let opening: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
                for one in opening {
                    one.join().unwrap().unwrap();
                }
            });
        }
    }

    #[test]
    fn a_database_of_schema_1_opens_and_keeps_its_letters_and_cycles() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laixin.db");
        of_schema_1(&path);
        let mut db = Db::open(&path).unwrap();
        let letters: u32 = db
            .connection
            .query_row(
                "SELECT count(*) FROM letters WHERE id = 'A001'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(letters, 1);
        let history = db.cycle_record(1).unwrap();
        assert_eq!(history.cycle.dose_mj_cm2, Some(101.5));
        assert_eq!(history.cycle.terms.dose_basis, Basis::Measured);
        assert_eq!(history.cycle.terms.sides, Sides::Both);
        assert_eq!(history.steps.len(), 2);
        assert_eq!(history.steps[1].after_ms, None);
        assert!(history.samples.is_empty());
        // And it goes on from there: the cut-short cycle ends, another one begins.
        assert_eq!(db.running_cycles("cabinet-1").unwrap().len(), 1);
        let ended = crate::store::CycleOutcome {
            failed: Some("restarted_mid_cycle".into()),
            exposures: Vec::new(),
            ventilation_s: 0.0,
        };
        db.end_cycle(2, &ended).unwrap();
        let again = db.begin_cycle(2, &CycleTerms::measured("cabinet-1", "cd"), "z");
        assert_eq!(again.unwrap(), 3);
    }

    /// A database as a laixin of schema 5 left it: an account that is signed in, a token, a confirmed accusation, a claimed draft.
    #[test]
    fn a_database_of_schema_5_opens_and_keeps_its_people_and_hands_over_what_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laixin.db");
        of_schema_1(&path);
        let old = Connection::open(&path).unwrap();
        for sql in &MIGRATIONS[1..5] {
            old.execute_batch(sql).unwrap();
        }
        old.execute_batch(
            "INSERT INTO users (name, role, password, created_ms) VALUES ('z', 'administrator', '$argon2id$', 1);
             INSERT INTO sessions VALUES ('aa', 'z', 'c', 1, 2);
             INSERT INTO tokens (name, hash, scope, created_ms) VALUES ('cases', 'bb', 'case_system', 1);
             PRAGMA user_version = 5;",
        )
        .unwrap();
        drop(old);
        let db = Db::open(&path).unwrap();
        assert_eq!(
            db.users().unwrap()[0].role,
            crate::domain::access::Role::Administrator
        );
        let token = &db.tokens().unwrap()[0];
        assert_eq!((token.name.as_str(), &token.unit), ("cases", &None));
        // Nobody is shut out of what he worked on: restrictions begin with the next reading.
        assert_eq!(db.restriction("A001").unwrap(), None);
        let seer = crate::domain::access::Seer {
            actor: "z".into(),
            holder: crate::domain::access::Holder::Person(crate::domain::access::Role::Operator),
        };
        assert!(db.sight(&seer, "A001").unwrap().is_full());
        assert_eq!(db.verify_rows().unwrap().faults, []);
    }

    #[test]
    fn a_database_in_the_clear_of_every_schema_is_encrypted_and_keeps_its_letters() {
        for schema in 1..=MIGRATIONS.len() {
            let folder = tempfile::tempdir().unwrap();
            let (path, sealed) = (folder.path().join("old.db"), folder.path().join("new.db"));
            of_schema_1(&path);
            let old = Connection::open(&path).unwrap();
            // Some thousand statements, each a transaction of its own that would wait for the disk.
            old.pragma_update(None, "synchronous", "OFF").unwrap();
            for sql in &MIGRATIONS[1..schema] {
                old.execute_batch(sql).unwrap();
            }
            old.pragma_update(None, "user_version", schema as u32)
                .unwrap();
            if schema >= 3 {
                old.execute_batch(
                    "INSERT INTO earlier_words (rowid, text) VALUES (7, 'balcony noise')",
                )
                .unwrap();
            }
            drop(old);
            let lock = Lock::of(StationKey::new().unwrap());
            drop(recode((&path, None), (&sealed, lock.database_keys().next())).unwrap());
            assert!(!std::fs::read(&sealed).unwrap().starts_with(b"SQLite"));
            let db = Db::open_with(&sealed, &lock).unwrap();
            assert_eq!(db.damage().unwrap(), None, "schema {schema}");
            let count = |db: &Db, sql: &str| -> u32 {
                db.connection.query_row(sql, [], |row| row.get(0)).unwrap()
            };
            for db in [&db, &Db::open(&path).unwrap()] {
                assert_eq!(
                    count(db, "SELECT count(*) FROM letters WHERE id = 'A001'"),
                    1
                );
                assert_eq!(db.cycle_record(1).unwrap().steps.len(), 2);
                let found = "SELECT count(*) FROM earlier_words WHERE earlier_words MATCH 'noi'";
                assert_eq!(count(db, found), u32::from(schema >= 3), "schema {schema}");
                // Numbers that were given are not given again.
                let last = "SELECT seq FROM sqlite_sequence WHERE name = 'cycles'";
                assert_eq!(count(db, last), 2);
                assert_eq!(count(db, "PRAGMA user_version"), MIGRATIONS.len() as u32);
            }
        }
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laixin.db");
        of_schema_1(&path);
        drop(Db::open(&path).unwrap());
        let db = Db::open(&path).unwrap();
        let versions: u32 = db
            .connection
            .query_row("SELECT count(*) FROM schema_versions", [], |row| row.get(0))
            .unwrap();
        assert_eq!(versions as usize, MIGRATIONS.len());
    }
}
