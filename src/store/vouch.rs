//! What the ledger vouches for beyond its own entries: rows whose hash an entry carries, so that a changed, added or missing row shows.
//!
//! Covered: every arrival that was taken and its pages (hashes, sizes, places), every file that was set aside, every reading, every correction, the
//! draft as an officer confirmed it, which letter a page is in, and the rows of [`COVERED`], [`ALONG`] and [`WATCHED`]: batches, loads, cycles with their
//! steps and curves, arrivals, letters, scans, drafts and how they left the house, messages, accounts, sessions, what was taught and whatever else is
//! listed there; what became of each page, and when a letter's last one came. Not covered, because it can be made again from those: stages, queues, leases, what earlier letters are found by, imports. Not covered
//! either: device health, which changes with every look and is nobody's proof (a cycle's curve is), kept answers, the minutes that a given reason
//! holds (the reason itself is an entry). Entries of a laixin that did not carry hashes yet vouch for nothing; their rows are counted.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::{Db, StoreError, ledger};
use crate::digest;

mod compare;
mod covered;
mod kept;
mod listed;
mod said;
mod watched;

pub(super) use covered::{
    ALERTS, BOXED, BOXES, INTERESTS, LETTER_ACCESS, LOANS, NAMED_OFFICES, RECUSALS, RESTRICTIONS,
    RETENTIONS, VALUABLES,
};
use covered::{COVERED, Covered};
pub(super) use kept::text;
use listed::WATCHED;
use said::Said;
pub(super) use watched::{to_tell, watch};

pub(super) const HOLDS: Covered = Covered {
    table: "holds",
    key: "id",
    prefix: "hold",
    columns: "batch_id, letter_id, scan_id, reason, detail, at_ms, resolved_ms, resolved_by, note",
};
pub(super) const EXCEPTIONS: Covered = Covered {
    table: "batch_exceptions",
    key: "id",
    prefix: "exception",
    columns: "batch_id, kind, letters, reason, by, at_ms",
};
pub(super) const MOVES: Covered = Covered {
    table: "page_moves",
    key: "id",
    prefix: "move",
    columns: "page_id, from_letter, to_letter, by, reason, at_ms",
};
pub(super) const DAYS: Covered = Covered {
    table: "days",
    key: "day",
    prefix: "day",
    columns: "open_letters, open_batches, note, closed_by, closed_ms",
};

/// Tables whose rows are vouched for by entries about something else: a letter, a batch. Rows of a laixin that did not do so yet come before the
/// first that is vouched for.
const ALONG: [Covered; 4] = [HOLDS, EXCEPTIONS, MOVES, DAYS];

/// A row that is not as the ledger says, or an entry that has no row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unvouched {
    /// Which row, e.g. `reading of page 12 by pp-ocrv6`.
    pub what: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What [`Db::verify_rows`] saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows that are as the ledger says.
    pub good: u64,
    /// Rows that entries of an older laixin tell of without a hash.
    pub unhashed: u64,
    /// The others.
    pub faults: Vec<Unvouched>,
}

const CHANGED: &str = "was changed after it was recorded";
const MISSING: &str = "is gone";
const ADDED: &str = "was added without an entry in the ledger";

/// Appends an entry that carries the hash of the row it is about.
pub(super) fn append(
    connection: &Connection,
    (actor, action): (&str, &str),
    (covered, id): (Covered, &str),
    detail: Value,
) -> Result<(), StoreError> {
    let mut detail = detail;
    if let Some(hash) = row_hash(connection, covered, id)? {
        detail["row"] = json!(hash);
    }
    let subject = format!("{}/{id}", covered.prefix);
    ledger::append(connection, actor, action, &subject, &detail)
}

/// Lets an entry about something else vouch for a row, too.
pub(super) fn along(
    connection: &Connection,
    detail: &mut Value,
    (covered, id): (Covered, &str),
) -> Result<(), StoreError> {
    let Some(hash) = row_hash(connection, covered, id)? else {
        return Ok(());
    };
    let row = json!([format!("{}/{id}", covered.prefix), hash]);
    match &mut detail["along"] {
        Value::Array(rows) => rows.push(row),
        empty => *empty = json!([row]),
    }
    Ok(())
}

fn row_hash(
    connection: &Connection,
    covered: Covered,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let Covered {
        table,
        key,
        columns,
        ..
    } = covered;
    let text: Option<String> = connection
        .prepare_cached(&format!(
            "SELECT json_array({columns}) FROM {table} WHERE {key} = ?1"
        ))?
        .query_row([id], |row| text(row, 0))
        .optional()?;
    Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
}

/// Hash of a reading, as `page.read` carries it.
pub(super) fn reading_hash(
    connection: &Connection,
    page: i64,
    engine: &str,
) -> Result<Option<String>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached(
            "SELECT json_array(page_id, engine, width, height, turned_deg, lines) FROM readings
             WHERE page_id = ?1 AND engine = ?2",
        )?
        .query_row((page, engine), |row| text(row, 0))
        .optional()?;
    Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
}

/// Hash of a correction, as `draft.corrected` and `draft.correction_undone` carry it.
pub(super) fn correction_hash(
    connection: &Connection,
    id: i64,
) -> Result<Option<String>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached(
            "SELECT json_array(letter_id, field, before, after, by, at_ms) FROM corrections WHERE id = ?1",
        )?
        .query_row([id], |row| text(row, 0))
        .optional()?;
    Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
}

impl Db {
    /// Compares every row that the ledger vouches for with what its entries say.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn verify_rows(&self) -> Result<Rows, StoreError> {
        let mut said = Said::default();
        let mut query = self
            .connection
            .prepare("SELECT action, subject, detail FROM ledger ORDER BY seq")?;
        let mut entries = query.query([])?;
        while let Some(row) = entries.next()? {
            let [action, subject, detail] = [text(row, 0)?, text(row, 1)?, text(row, 2)?];
            // An entry that is no JSON has lost its hash too: the chain names it.
            let detail = serde_json::from_str(&detail).unwrap_or(Value::Null);
            said.hear(&action, &subject, &detail);
        }
        let mut rows = Rows::default();
        self.compare_arrivals(&said, &mut rows)?;
        self.compare_aside(&said, &mut rows)?;
        self.compare_readings(&said, &mut rows)?;
        self.compare_corrections(&said, &mut rows)?;
        self.compare_confirmed(&said, &mut rows)?;
        for covered in COVERED {
            self.compare_covered(covered, &said, &mut rows)?;
        }
        for covered in ALONG {
            self.compare_along(covered, &said, &mut rows)?;
        }
        for watched in &WATCHED {
            self.compare_watched(watched, &said, &mut rows)?;
        }
        self.compare_places(&said, &mut rows)?;
        Ok(rows)
    }
}

impl Rows {
    fn fault(&mut self, what: String, why: &'static str) {
        self.faults.push(Unvouched { what, why });
    }

    fn compare(&mut self, what: String, said: &Option<String>, found: Option<String>) {
        match (said, found) {
            (_, None) => self.fault(what, MISSING),
            (None, Some(_)) => self.unhashed += 1,
            (Some(said), Some(found)) if *said == found => self.good += 1,
            (Some(_), Some(_)) => self.fault(what, CHANGED),
        }
    }
}

#[cfg(test)]
#[path = "vouch_tests.rs"]
mod tests;
