//! Under which name drafts go to an office's brokers. The office knows a letter by it: what lies there unanswered under one name and goes out again under
//! another is two letters, and both are registered.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::domain::grouping::hold;

const SUBJECT: &str = "handover/name";

/// Drafts that went out under another name and are not answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedAs {
    /// That name.
    pub name: String,
    /// How many.
    pub drafts: u64,
}

impl Db {
    /// Drafts go out through this channel under this name from now on; unless some that went under another have no answer yet.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn go_out_as(&mut self, channel: &str, name: &str) -> Result<Option<OwedAs>, StoreError> {
        self.atomically(|db| {
            let before: Option<String> = db
                .connection
                .query_row(
                    "SELECT detail ->> '$.name' FROM ledger WHERE subject = ?1 ORDER BY seq DESC LIMIT 1",
                    [SUBJECT],
                    |row| row.get(0),
                )
                .optional()?
                .flatten();
            if before.as_deref() == Some(name) {
                return Ok(None);
            }
            let drafts = db.unanswered(channel)? + db.taken_back_unanswered(channel)?;
            // Who has written no name down had only one.
            if let Some(name) = before
                && drafts > 0
            {
                return Ok(Some(OwedAs { name, drafts }));
            }
            let detail = json!({"name": name});
            ledger::append(&db.connection, channel, "handover.named", SUBJECT, &detail)?;
            Ok(None)
        })
    }

    /// Letters whose package was taken back and may be registered all the same, as long as neither the other side nor a person has said more.
    fn taken_back_unanswered(&self, channel: &str) -> Result<u64, StoreError> {
        let mut held = self.open_holds(None, u32::MAX)?;
        let whose = format!("({channel})");
        held.retain(|one| {
            let of = one.detail.as_deref().unwrap_or_default();
            one.reason == hold::PACKAGE_UNANSWERED && of.ends_with(&whose)
        });
        Ok(held.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::BROKERS;

    /// A letter whose draft is with the brokers.
    fn out(db: &Db) {
        db.connection
            .execute_batch(
                "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 9, 1, 't', 1);
                 INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'c', 'released', 1);
                 INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES ('A', 1, 1, 'A', 'confirmed', 1, 1);
                 INSERT INTO drafts (letter_id, body, created_ms, updated_ms, state, claimed_by) VALUES ('A', '{}', 1, 1, 'leased', 'office/drafts')",
            )
            .unwrap();
    }

    #[test]
    fn another_name_is_taken_once_everything_that_went_out_under_the_old_one_is_answered_for() {
        let mut db = Db::open(Path::new(":memory:")).unwrap();
        assert_eq!(db.go_out_as(BROKERS, "desk-a").unwrap(), None);
        // Nothing went out under it.
        assert_eq!(db.go_out_as(BROKERS, "desk-c").unwrap(), None);
        out(&db);
        let owed = OwedAs {
            name: "desk-c".into(),
            drafts: 1,
        };
        for _ in 0..2 {
            assert_eq!(db.go_out_as(BROKERS, "desk-d").unwrap(), Some(owed.clone()));
        }
        assert_eq!(
            db.go_out_as(BROKERS, "desk-c").unwrap(),
            None,
            "the old one again"
        );
        // Withdrawn, it may have been fetched before.
        db.connection
            .execute_batch(
                "UPDATE drafts SET state = 'open', claimed_by = NULL;
                 INSERT INTO holds (batch_id, letter_id, reason, detail, at_ms) VALUES (1, 'A', 'package_unanswered', 'draft_1 (office/drafts)', 1)",
            )
            .unwrap();
        assert_eq!(db.go_out_as(BROKERS, "desk-d").unwrap(), Some(owed));
        db.connection
            .execute_batch("UPDATE holds SET resolved_ms = 2, resolved_by = 'z'")
            .unwrap();
        assert_eq!(db.go_out_as(BROKERS, "desk-d").unwrap(), None);
        assert_eq!(db.ledger_of(SUBJECT).unwrap().len(), 3);
    }

    #[test]
    fn a_station_that_had_written_no_name_down_goes_on_under_its_own() {
        let mut db = Db::open(Path::new(":memory:")).unwrap();
        out(&db);
        assert_eq!(db.go_out_as(BROKERS, "desk-a").unwrap(), None);
        assert!(db.go_out_as(BROKERS, "desk-b").unwrap().is_some());
    }
}
