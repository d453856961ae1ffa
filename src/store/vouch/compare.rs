//! Compares the rows with what the ledger says of them.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::covered::Covered;
use super::kept::text;
use super::said::Said;
use super::watched::Watched;
use super::{ADDED, CHANGED, MISSING, Rows, correction_hash, reading_hash, row_hash};
use crate::digest;
use crate::domain::letter::Stage;
use crate::store::{Db, StoreError};

impl Db {
    pub(super) fn compare_arrivals(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self.connection.prepare(
            "SELECT json_object('sha256', a.sha256, 'sm3', a.sm3, 'size', a.size), coalesce((SELECT json_group_array(frame) FROM
             (SELECT frame FROM pages WHERE arrival_id = a.id AND sha256 = a.sha256 AND sm3 = a.sm3 AND size = a.size ORDER BY frame)), '[]'),
             (SELECT count(*) FROM pages WHERE arrival_id = a.id) FROM arrivals a WHERE a.id = ?1 AND a.state = 'taken'",
        )?;
        for (id, detail) in &said.arrivals {
            let found: Option<(String, String, u32)> = query
                .query_row([id], |row| Ok((text(row, 0)?, text(row, 1)?, row.get(2)?)))
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

    pub(super) fn compare_aside(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self.connection.prepare(
            "SELECT json_object('sha256', sha256, 'sm3', sm3, 'size', size) FROM arrivals WHERE id = ?1 AND state = 'set_aside'",
        )?;
        for (id, detail) in &said.aside {
            let found: Option<String> = query.query_row([id], |row| text(row, 0)).optional()?;
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

    pub(super) fn compare_readings(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        for ((page, engine), hash) in &said.readings {
            let what = format!("reading of page {page} by {engine}");
            rows.compare(what, hash, reading_hash(&self.connection, *page, engine)?);
        }
        let mut query = self
            .connection
            .prepare("SELECT page_id, engine FROM readings")?;
        let all = query.query_map([], |row| Ok((row.get(0)?, text(row, 1)?)))?;
        for key in all {
            let key: (i64, String) = key?;
            if !said.readings.contains_key(&key) {
                rows.fault(format!("reading of page {} by {}", key.0, key.1), ADDED);
            }
        }
        Ok(())
    }

    pub(super) fn compare_corrections(
        &self,
        said: &Said,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
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

    pub(super) fn compare_confirmed(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self
            .connection
            .prepare("SELECT letter_id, body FROM drafts WHERE confirmed_ms IS NOT NULL")?;
        let confirmed = query.query_map([], |row| Ok((text(row, 0)?, text(row, 1)?)))?;
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
        self.compare_stages(rows)
    }

    /// A stage is not vouched for, but it must not say more than the draft, which is. A destroyed letter has no draft any more.
    fn compare_stages(&self, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self.connection.prepare(
            "SELECT l.id FROM letters l LEFT JOIN drafts d ON d.letter_id = l.id
             WHERE (l.stage = ?1 AND d.confirmed_ms IS NULL OR l.stage = ?2 AND d.state IS NOT 'acked')
             AND l.withheld IS NOT 'destroyed' ORDER BY l.id",
        )?;
        let ahead = query.query_map((Stage::Confirmed, Stage::Registered), |row| text(row, 0))?;
        for letter in ahead {
            let letter: String = letter?;
            rows.fault(format!("stage of letter {letter}"), CHANGED);
        }
        Ok(())
    }

    pub(super) fn compare_covered(
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

    pub(super) fn compare_along(
        &self,
        covered: Covered,
        said: &Said,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let prefix = format!("{}/", covered.prefix);
        let of_table = || said.of(&prefix);
        for (key, hash) in of_table() {
            let found = row_hash(&self.connection, covered, &key[prefix.len()..])?;
            rows.compare(key.clone(), hash, found);
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
            Ok((text(row, 0)?, row.get::<_, Option<bool>>(1)?))
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

    /// Every row that counts is as the newest entry says, and every row that an entry tells of is there.
    pub(super) fn compare_watched(
        &self,
        watched: &Watched,
        said: &Said,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let prefix = format!("{}/", watched.prefix);
        let there: BTreeSet<String> = watched.keys(&self.connection)?.into_iter().collect();
        for key in &there {
            let what = format!("{prefix}{key}");
            match said.along.get(&what) {
                Some(hash @ Some(_)) => {
                    rows.compare(what, hash, watched.hash(&self.connection, key)?);
                }
                Some(None) | None => rows.fault(what, ADDED),
            }
        }
        for (what, hash) in said.of(&prefix) {
            if hash.is_some() && !there.contains(&what[prefix.len()..]) {
                rows.fault(what.clone(), MISSING);
            }
        }
        Ok(())
    }

    /// Every page is in the letter that it arrived in, or in the one that a person put it into.
    pub(super) fn compare_places(&self, said: &Said, rows: &mut Rows) -> Result<(), StoreError> {
        let mut query = self
            .connection
            .prepare("SELECT id, letter_id, arrival_id FROM pages ORDER BY id")?;
        let all = query.query_map([], |row| Ok((row.get(0)?, text(row, 1)?, text(row, 2)?)))?;
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
            .query_map([], |row| text(row, 0))?
            .collect::<Result<_, _>>()?;
        for id in ids.iter().filter(|id| !known(id)) {
            rows.fault(format!("{what} {id}"), ADDED);
        }
        Ok(())
    }
}
