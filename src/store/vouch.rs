//! What the ledger vouches for beyond its own entries: rows whose hash an entry carries, so that a changed, added or missing row shows.
//!
//! Covered: every arrival that was taken and its pages (hashes, sizes, places), every file that was set aside, every reading, every correction, the draft as an officer
//! confirmed it, which letter a page is in, and the rows of [`COVERED`] and [`ALONG`]. Not covered, because it can be made again from those: drafts nobody confirmed, stages, queues,
//! leases. Not covered either: accounts and sessions, device health. Entries of a laixin that did not carry hashes yet vouch for
//! nothing; their rows are counted.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::{Db, StoreError, ledger};
use crate::digest;

mod covered;

pub(super) use covered::{
    ALERTS, BOXED, BOXES, INTERESTS, LETTER_ACCESS, LOANS, RECUSALS, RESTRICTIONS, RETENTIONS,
    VALUABLES,
};
use covered::{COVERED, Covered};

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
        .query_row([id], |row| row.get(0))
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
        .query_row((page, engine), |row| row.get(0))
        .optional()?;
    Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
}

/// Hash of a correction, as `draft.corrected` carries it.
pub(super) fn correction_hash(
    connection: &Connection,
    id: i64,
) -> Result<Option<String>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached(
            "SELECT json_array(letter_id, field, before, after, by, at_ms) FROM corrections WHERE id = ?1",
        )?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
}

/// What the entries say, the newest of each subject.
#[derive(Default)]
struct Said {
    arrivals: BTreeMap<String, Value>,
    /// Held files that a person left out: their bytes are kept.
    aside: BTreeMap<String, Value>,
    readings: BTreeMap<(i64, String), Option<String>>,
    corrections: BTreeMap<i64, String>,
    confirmed: BTreeMap<String, Option<String>>,
    rows: BTreeMap<String, Option<String>>,
    /// By `prefix/key`.
    along: BTreeMap<String, String>,
    /// Where pages were put by a person.
    moved: BTreeMap<i64, String>,
}

impl Said {
    fn hear(&mut self, action: &str, subject: &str, detail: &Value) {
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        let id = subject.split_once('/').map_or(subject, |(_, id)| id);
        match action {
            "page.arrived" => drop(self.arrivals.insert(id.to_owned(), detail.clone())),
            "page.set_aside" => drop(self.aside.insert(id.to_owned(), detail.clone())),
            "page.read" => {
                if let (Ok(page), Some(engine)) = (id.parse(), text("engine")) {
                    self.readings.insert((page, engine), text("reading"));
                }
            }
            "draft.corrected" => {
                self.confirmed.remove(id);
                let rows = detail["rows"].as_object().into_iter().flatten();
                self.corrections.extend(
                    rows.filter_map(|(id, hash)| {
                        Some((id.parse().ok()?, hash.as_str()?.to_owned()))
                    }),
                );
            }
            // What two people or the law took away is no break.
            "letter.returned_unread" | "letter.destroyed" => {
                self.confirmed.remove(id);
                self.forget(&detail["forgotten"]);
            }
            "draft.confirmed" => drop(self.confirmed.insert(id.to_owned(), text("draft"))),
            _ => {}
        }
        if action == "pages.moved"
            && let Some(to) = text("to")
        {
            let pages = detail["pages"].as_array().into_iter().flatten();
            let pages = pages.filter_map(Value::as_i64);
            self.moved.extend(pages.map(|page| (page, to.clone())));
        }
        for row in detail["along"].as_array().into_iter().flatten() {
            if let (Some(key), Some(hash)) = (row[0].as_str(), row[1].as_str()) {
                self.along.insert(key.to_owned(), hash.to_owned());
            }
        }
        if COVERED
            .iter()
            .any(|covered| subject.split('/').next() == Some(covered.prefix))
        {
            self.rows.insert(subject.to_owned(), text("row"));
        }
    }
}

impl Said {
    fn forget(&mut self, rows: &Value) {
        let ids = |name: &str| -> BTreeSet<i64> {
            let list = rows[name].as_array().into_iter().flatten();
            list.filter_map(Value::as_i64).collect()
        };
        let (pages, corrections) = (ids("pages"), ids("corrections"));
        self.readings.retain(|(page, _), _| !pages.contains(page));
        self.corrections.retain(|id, _| !corrections.contains(id));
    }
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
            let [action, subject, detail]: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
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
        self.compare_places(&said, &mut rows)?;
        Ok(rows)
    }

    fn compare_arrivals(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self.connection.prepare(
            "SELECT json_object('sha256', a.sha256, 'sm3', a.sm3, 'size', a.size), coalesce((SELECT json_group_array(frame) FROM
             (SELECT frame FROM pages WHERE arrival_id = a.id AND sha256 = a.sha256 AND sm3 = a.sm3 AND size = a.size ORDER BY frame)), '[]'),
             (SELECT count(*) FROM pages WHERE arrival_id = a.id) FROM arrivals a WHERE a.id = ?1 AND a.state = 'taken'",
        )?;
        for (id, detail) in &said.arrivals {
            let found: Option<(String, String, u32)> = query
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let what = format!("arrival {id}");
            let Some((hashes, frames, pages)) = found else {
                rows.fault(what, MISSING);
                continue;
            };
            let hashes: Value = serde_json::from_str(&hashes).unwrap_or(Value::Null);
            let frames: Value = serde_json::from_str(&frames).unwrap_or(Value::Null);
            let same = ["sha256", "sm3", "size"]
                .iter()
                .all(|name| hashes[name] == detail[name]);
            let mut wanted: Vec<u64> = detail["frames"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect();
            wanted.sort_unstable();
            match (
                same,
                frames == json!(wanted) && pages as usize == wanted.len(),
            ) {
                (false, _) => rows.fault(what, CHANGED),
                (true, false) => rows.fault(format!("pages of {what}"), CHANGED),
                (true, true) => rows.good += 1,
            }
        }
        self.nothing_added(
            "SELECT id FROM arrivals WHERE state = 'taken'",
            |id: &String| said.arrivals.contains_key(id),
            "arrival",
            rows,
        )
    }

    fn compare_aside(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self.connection.prepare(
            "SELECT json_object('sha256', sha256, 'sm3', sm3, 'size', size) FROM arrivals WHERE id = ?1 AND state = 'set_aside'",
        )?;
        for (id, detail) in &said.aside {
            let found: Option<String> = query.query_row([id], |row| row.get(0)).optional()?;
            let what = format!("file {id} that was set aside");
            let found = found.map(|text| serde_json::from_str(&text).unwrap_or(Value::Null));
            match found {
                None => rows.fault(what, MISSING),
                Some(found)
                    if ["sha256", "sm3", "size"]
                        .iter()
                        .all(|name| found[name] == detail[name]) =>
                {
                    rows.good += 1;
                }
                Some(_) => rows.fault(what, CHANGED),
            }
        }
        self.nothing_added(
            "SELECT id FROM arrivals WHERE state = 'set_aside'",
            |id: &String| said.aside.contains_key(id),
            "file set aside:",
            rows,
        )
    }

    fn compare_readings(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        for ((page, engine), hash) in &said.readings {
            let what = format!("reading of page {page} by {engine}");
            rows.compare(what, hash, reading_hash(&self.connection, *page, engine)?);
        }
        let mut query = self
            .connection
            .prepare("SELECT page_id, engine FROM readings")?;
        let all = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for key in all {
            let key: (i64, String) = key?;
            if !said.readings.contains_key(&key) {
                rows.fault(format!("reading of page {} by {}", key.0, key.1), ADDED);
            }
        }
        Ok(())
    }

    fn compare_corrections(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        for (id, hash) in &said.corrections {
            let found = correction_hash(&self.connection, *id)?;
            rows.compare(format!("correction {id}"), &Some(hash.clone()), found);
        }
        // Those of an older laixin come before the first that is vouched for.
        let mut query = self.connection.prepare("SELECT id FROM corrections")?;
        for id in query.query_map([], |row| row.get(0))? {
            let id: i64 = id?;
            if said.corrections.contains_key(&id) {
                continue;
            }
            match said.corrections.first_key_value() {
                Some((first, _)) if id > *first => rows.fault(format!("correction {id}"), ADDED),
                _ => rows.unhashed += 1,
            }
        }
        Ok(())
    }

    fn compare_confirmed(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self
            .connection
            .prepare("SELECT letter_id, body FROM drafts WHERE confirmed_ms IS NOT NULL")?;
        let confirmed = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut found = BTreeSet::new();
        for draft in confirmed {
            let (letter, body): (String, String) = draft?;
            let what = format!("confirmed draft of letter {letter}");
            found.insert(letter.clone());
            match said.confirmed.get(&letter) {
                None => rows.fault(what, ADDED),
                Some(hash) => rows.compare(what, hash, Some(digest::sha256_hex(body.as_bytes()))),
            }
        }
        for letter in said
            .confirmed
            .keys()
            .filter(|letter| !found.contains(*letter))
        {
            rows.fault(format!("confirmed draft of letter {letter}"), MISSING);
        }
        Ok(())
    }

    fn compare_covered(
        &self,
        covered: Covered,
        said: &Said,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let prefix = format!("{}/", covered.prefix);
        for (subject, hash) in &said.rows {
            if let Some(id) = subject.strip_prefix(&prefix) {
                let found = row_hash(&self.connection, covered, id)?;
                // An entry about a row that was taken out on purpose, such as a letter taken out of its box, carries none.
                if hash.is_some() || found.is_some() {
                    let hash = Some(hash.clone().unwrap_or_default());
                    rows.compare(subject.clone(), &hash, found);
                }
            }
        }
        let sql = format!(
            "SELECT CAST({} AS TEXT) FROM {}",
            covered.key, covered.table
        );
        self.nothing_added(
            &sql,
            |id: &String| said.rows.contains_key(&format!("{prefix}{id}")),
            covered.prefix,
            rows,
        )
    }

    fn compare_along(
        &self,
        covered: Covered,
        said: &Said,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let prefix = format!("{}/", covered.prefix);
        let of_table = || {
            said.along
                .iter()
                .filter(|(key, _)| key.starts_with(&prefix))
        };
        for (key, hash) in of_table() {
            let found = row_hash(&self.connection, covered, &key[prefix.len()..])?;
            rows.compare(key.clone(), &Some(hash.clone()), found);
        }
        // Numbers and days rise; both are told apart as SQLite keeps them.
        let sql = format!(
            "SELECT CAST({key} AS TEXT), {key} < (SELECT min({key}) FROM {table} WHERE CAST({key} AS TEXT) IN (SELECT value FROM json_each(?1)))
             FROM {table}",
            key = covered.key,
            table = covered.table
        );
        let known: Vec<&str> = of_table().map(|(key, _)| &key[prefix.len()..]).collect();
        let mut query = self.connection.prepare(&sql)?;
        let all = query.query_map([json!(known).to_string()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<bool>>(1)?))
        })?;
        for row in all {
            let (id, is_older) = row?;
            if known.contains(&id.as_str()) {
                continue;
            }
            match is_older {
                Some(false) => rows.fault(format!("{prefix}{id}"), ADDED),
                Some(true) | None => rows.unhashed += 1,
            }
        }
        Ok(())
    }

    /// Every page is in the letter that it arrived in, or in the one that a person put it into.
    fn compare_places(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self
            .connection
            .prepare("SELECT id, letter_id, arrival_id FROM pages ORDER BY id")?;
        let all = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for page in all {
            let (page, letter, arrival): (i64, String, String) = page?;
            let fits = match (said.moved.get(&page), said.arrivals.get(&arrival)) {
                (Some(to), _) => *to == letter,
                (None, Some(detail)) => {
                    let several = detail["letters"].as_array().into_iter().flatten();
                    let mut arrived = several.chain([&detail["letter"]]);
                    arrived.any(|name| name.as_str() == Some(&letter))
                }
                // The arrival itself is named already.
                (None, None) => true,
            };
            if !fits {
                rows.fault(format!("the letter of page {page}"), CHANGED);
            }
        }
        Ok(())
    }

    fn nothing_added(
        &self,
        sql: &str,
        known: impl Fn(&String) -> bool,
        what: &str,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let mut query = self.connection.prepare(sql)?;
        let ids: BTreeSet<String> = query
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids.iter().filter(|id| !known(id)) {
            rows.fault(format!("{what} {id}"), ADDED);
        }
        Ok(())
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
