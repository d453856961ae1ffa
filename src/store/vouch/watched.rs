//! Tables that vouch for themselves: whatever changes a row of theirs in the station is told by the next entry of the ledger, in the same
//! transaction. Triggers that live as long as the connection note what was touched; no statement can forget it. Whoever changes the file by other
//! means has no such trigger, and the row no longer fits.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::{Db, StoreError, ledger};
use crate::digest;

/// The action and subject of the entry that vouches for the rows of a database that an older laixin wrote.
const BEGUN: (&str, &str) = ("rows.vouched", "rows/1");
/// What is told when nothing else was said about a change.
const CHANGED: (&str, &str) = ("rows.changed", "rows/changed");
const ACTOR: &str = "task/store";
/// Rows in one entry at most.
const IN_ONE_ENTRY: usize = 500;

/// A table whose rows, or groups of rows with the same key, are vouched for.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Watched {
    /// The name of a row is `prefix/key`.
    pub(in crate::store) prefix: &'static str,
    /// The table.
    pub(in crate::store) table: &'static str,
    /// What tells its rows, or groups of them, apart.
    pub(in crate::store) key: &'static str,
    /// What is hashed, of every row with that key, in the order they were put in.
    pub(in crate::store) columns: &'static str,
    /// Columns that change; empty where a row never does.
    pub(in crate::store) changing: &'static str,
    /// Which rows count, `$` being the row; empty: all.
    pub(in crate::store) only: &'static str,
}

const ALL: Watched = Watched {
    prefix: "",
    table: "",
    key: "id",
    columns: "",
    changing: "",
    only: "",
};

/// SQLite writes a number with a point in full only as `quote` does.
const CYCLE: &str = "load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, reason, quote(dose_mj_cm2), quote(exposure_s),
    quote(ventilation_s), model, dose_basis, ozone_basis, sides, absent, quote(target_dose_mj_cm2), quote(min_exposure_s), quote(ozone_limit_mg_m3)";

/// Every such table. What is hashed of a released table stays: a column that a later schema adds comes as an entry with a prefix of its own.
pub(in crate::store) const WATCHED: [Watched; 26] = [
    Watched {
        prefix: "batch",
        table: "batches",
        columns: "carrier, count, received_ms, signed_by, created_ms, closed_ms, closed_by, close_note",
        changing: "carrier, count, received_ms, signed_by, closed_ms, closed_by, close_note",
        ..ALL
    },
    Watched {
        prefix: "load",
        table: "loads",
        columns: "batch_id, cabinet, state, created_ms, released_ms, cycle_id, override_by, override_reason, override_ms, override_approved_by",
        changing: "batch_id, cabinet, state, released_ms, cycle_id, override_by, override_reason, override_ms, override_approved_by",
        ..ALL
    },
    Watched {
        prefix: "cycle",
        table: "cycles",
        columns: CYCLE,
        changing: "load_id, ended_ms, outcome, reason, dose_mj_cm2, exposure_s, ventilation_s",
        ..ALL
    },
    Watched {
        prefix: "steps",
        table: "cycle_steps",
        key: "cycle_id",
        columns: "at_ms, step, detail, after_ms, actor",
        ..ALL
    },
    Watched {
        prefix: "exposures",
        table: "cycle_exposures",
        key: "cycle_id",
        columns: "side, quote(dose_mj_cm2), quote(lit_s)",
        ..ALL
    },
    // A sample a second is not worth an entry each: the whole curve is vouched for with the end of its cycle.
    Watched {
        prefix: "curve",
        table: "cycle_samples",
        key: "cycle_id",
        columns: "at_ms, quote(irradiance_mw_cm2), quote(dose_mj_cm2), quote(ozone_mg_m3)",
        only: "EXISTS (SELECT 1 FROM cycles c WHERE c.id = $.cycle_id AND c.outcome IS NOT NULL)",
        ..ALL
    },
    Watched {
        prefix: "self_test",
        table: "self_tests",
        columns: "cabinet, profile_sha256, by, began_ms, ended_ms, outcome, findings",
        changing: "ended_ms, outcome, findings",
        ..ALL
    },
    Watched {
        prefix: "seen",
        table: "arrivals",
        columns: "source, name, file_key, first_seen_ms, taken_ms, state, sha256, sm3, size, same_as, scan_id, place,
            CASE WHEN state IN ('held', 'set_aside') THEN reason END",
        changing: "first_seen_ms, taken_ms, state, sha256, sm3, size, same_as, scan_id, place",
        ..ALL
    },
    Watched {
        prefix: "letter",
        table: "letters",
        columns: "batch_id, load_id, group_name, urgent, created_ms, withheld, withheld_reason, withheld_by, withheld_ms",
        changing: "batch_id, load_id, group_name, urgent, withheld, withheld_reason, withheld_by, withheld_ms",
        ..ALL
    },
    Watched {
        prefix: "page",
        table: "pages",
        columns: "letter_id, arrival_id, frame, kind, hint, sha256, sm3, size",
        changing: "letter_id, kind, hint",
        ..ALL
    },
    Watched {
        prefix: "scan",
        table: "scans",
        columns: "scanner, batch_id, load_id, sides, asked_by, asked_ms, ended_ms, outcome, trouble, device_images,
            CASE WHEN ended_ms IS NOT NULL THEN received_images END, settled_ms",
        changing: "ended_ms, outcome, trouble, device_images, settled_ms",
        ..ALL
    },
    Watched {
        prefix: "run",
        table: "separator_runs",
        key: "run",
        columns: "count, made_by, made_ms",
        ..ALL
    },
    Watched {
        prefix: "separator",
        table: "separators_seen",
        columns: "arrival_id, frame, source, batch_id, scan_id, run, number, side, at_ms",
        ..ALL
    },
    Watched {
        prefix: "next_letter",
        table: "next_letters",
        columns: "batch_id, by, at_ms",
        ..ALL
    },
    // How a draft left the house; what it says is vouched for by its confirmation.
    Watched {
        prefix: "handed",
        table: "drafts",
        key: "letter_id",
        columns: "confirmed_ms, confirmed_by, state = 'acked', case_number, acked_ms",
        changing: "confirmed_ms, confirmed_by, state, case_number, acked_ms",
        only: "($.confirmed_ms IS NOT NULL OR $.state = 'acked')",
    },
    Watched {
        prefix: "amendment",
        table: "amendments",
        columns: "letter_id, kind, at_ms, by, acked_by, acked_ms",
        changing: "acked_by, acked_ms",
        ..ALL
    },
    Watched {
        prefix: "tombstone",
        table: "tombstones",
        key: "sha256",
        columns: "sm3, size, retention_id, destroyed_ms",
        changing: "sm3, size, retention_id, destroyed_ms",
        ..ALL
    },
    Watched {
        prefix: "archive_number",
        table: "archive_numbers",
        key: "letter_id",
        columns: "year, number, given_ms, given_by",
        changing: "year, number, given_ms, given_by",
        ..ALL
    },
    Watched {
        prefix: "backup",
        table: "backups",
        columns: "made_ms, folder, snapshot, sealed, entries, root, originals, added, faults",
        ..ALL
    },
    Watched {
        prefix: "root",
        table: "roots",
        key: "day",
        columns: "at_ms, entries, hash",
        changing: "at_ms, entries, hash",
        ..ALL
    },
    Watched {
        prefix: "user",
        table: "users",
        key: "name",
        columns: "role, password, password_ms, created_ms, disabled",
        changing: "role, password, password_ms, disabled",
        ..ALL
    },
    Watched {
        prefix: "token",
        table: "tokens",
        key: "name",
        columns: "hash, scope, unit, created_ms, expires_ms, revoked_ms",
        changing: "hash, scope, unit, expires_ms, revoked_ms",
        ..ALL
    },
    Watched {
        prefix: "threshold",
        table: "thresholds",
        columns: "change, field, quote(threshold), quote(before), applied_by, applied_ms, undone_by, undone_ms",
        changing: "threshold, undone_by, undone_ms",
        ..ALL
    },
    Watched {
        prefix: "scrub",
        table: "scrubs",
        columns: "began_ms, ended_ms, originals, healed, faults",
        changing: "ended_ms",
        only: "$.ended_ms IS NOT NULL",
        ..ALL
    },
    Watched {
        prefix: "outcome",
        table: "outcomes",
        key: "letter_id",
        columns: "field, quote(confidence), accepted, vetoed, proposed, is_right, at_ms",
        ..ALL
    },
    Watched {
        prefix: "code",
        table: "envelope_codes",
        key: "page_id",
        columns: "code, at_ms",
        ..ALL
    },
];

impl Watched {
    fn counts(&self, row: &str) -> String {
        match self.only {
            "" => "1".to_owned(),
            only => only.replace('$', row),
        }
    }

    /// Hash of the rows with this key; `None` where none counts.
    pub(super) fn hash(
        &self,
        connection: &Connection,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let Self { table, columns, .. } = self;
        let sql = format!(
            "SELECT CASE count(*) WHEN 0 THEN NULL ELSE json_group_array(json_array({columns})) END
             FROM (SELECT * FROM {table} r WHERE {} = ?1 AND {} ORDER BY rowid)",
            self.key,
            self.counts("r")
        );
        let text: Option<String> = connection
            .prepare_cached(&sql)?
            .query_row([key], |row| row.get(0))?;
        Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
    }

    /// Every key that counts.
    pub(super) fn keys(&self, connection: &Connection) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT CAST({key} AS TEXT) FROM {} r WHERE {} ORDER BY {key}",
            self.table,
            self.counts("r"),
            key = self.key
        );
        let mut query = connection.prepare(&sql)?;
        let keys = query.query_map([], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    fn triggers(&self) -> String {
        let Self {
            prefix,
            table,
            key,
            changing,
            ..
        } = self;
        let one = |name: &str, when: &str, counts: String, row: &str| {
            format!(
                "CREATE TEMP TRIGGER touched_{prefix}_{name} AFTER {when} ON main.{table} WHEN {counts}
                 BEGIN INSERT OR IGNORE INTO touched VALUES ('{prefix}/' || {row}.{key}); END;\n"
            )
        };
        let mut all = one("in", "INSERT", self.counts("new"), "new");
        all += &one("out", "DELETE", self.counts("old"), "old");
        if !changing.is_empty() {
            let either = format!("({}) OR ({})", self.counts("old"), self.counts("new"));
            all += &one("set", &format!("UPDATE OF {changing}"), either, "new");
        }
        all
    }
}

/// A curve counts from the end of its cycle on.
const CURVE_ENDS: &str =
    "CREATE TEMP TRIGGER touched_curve_ends AFTER UPDATE OF outcome ON main.cycles
    BEGIN INSERT OR IGNORE INTO touched VALUES ('curve/' || new.id); END;";

/// Notes from now on, on this connection, what is touched.
pub(in crate::store) fn watch(connection: &Connection) -> Result<(), StoreError> {
    let triggers: String = WATCHED.iter().map(Watched::triggers).collect();
    connection.execute_batch(&format!(
        "PRAGMA temp_store = MEMORY;
         CREATE TEMP TABLE touched (what TEXT PRIMARY KEY) WITHOUT ROWID;\n{triggers}{CURVE_ENDS}"
    ))?;
    Ok(())
}

/// What was touched and not told of yet, with the hash it has now; it is told of from here on. A row that is not there any more has none.
pub(in crate::store) fn to_tell(connection: &Connection) -> Result<Vec<Value>, StoreError> {
    let mut query = connection.prepare_cached("SELECT what FROM temp.touched ORDER BY what")?;
    let touched: Vec<String> = query
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if touched.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::with_capacity(touched.len());
    for what in touched {
        let Some((watched, key)) = watched(&what) else {
            continue;
        };
        rows.push(json!([what, watched.hash(connection, key)?]));
    }
    connection
        .prepare_cached("DELETE FROM temp.touched")?
        .execute([])?;
    Ok(rows)
}

fn watched(what: &str) -> Option<(&'static Watched, &str)> {
    let (prefix, key) = what.split_once('/')?;
    let found = WATCHED.iter().find(|watched| watched.prefix == prefix)?;
    Some((found, key))
}

fn has_begun(connection: &Connection) -> Result<bool, StoreError> {
    let begun = "SELECT EXISTS (SELECT 1 FROM ledger WHERE subject = ?1)";
    Ok(connection.query_row(begun, [BEGUN.1], |row| row.get(0))?)
}

impl Db {
    /// Vouches once for what an older laixin wrote.
    pub(in crate::store) fn vouch_for_what_is_there(&mut self) -> Result<(), StoreError> {
        let (action, subject) = BEGUN;
        if has_begun(&self.connection)? {
            return Ok(());
        }
        self.atomically(|db| {
            // Another process may have been at the same.
            if has_begun(&db.connection)? {
                return Ok(());
            }
            let mut rows = Vec::new();
            for watched in &WATCHED {
                for key in watched.keys(&db.connection)? {
                    let hash = watched.hash(&db.connection, &key)?;
                    rows.push(json!([format!("{}/{key}", watched.prefix), hash]));
                }
            }
            // Also where there is nothing yet: what comes to be there without the station's doing is never vouched for.
            let parts = rows.len().div_ceil(IN_ONE_ENTRY).max(1);
            for part in 0..parts {
                let part: Vec<&Value> = rows
                    .iter()
                    .skip(part * IN_ONE_ENTRY)
                    .take(IN_ONE_ENTRY)
                    .collect();
                ledger::append(
                    &db.connection,
                    ACTOR,
                    action,
                    subject,
                    &json!({"along": part}),
                )?;
            }
            Ok(())
        })
    }

    /// Tells of what was touched and nobody told of.
    pub(in crate::store) fn tell_the_rest(&mut self) -> Result<(), StoreError> {
        let touched: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.touched)")?
            .query_row([], |row| row.get(0))?;
        if touched {
            let (action, subject) = CHANGED;
            ledger::append(&self.connection, ACTOR, action, subject, &json!({}))?;
        }
        Ok(())
    }
}
