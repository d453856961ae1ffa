//! Which earlier registrations are worth comparing with a letter: those of its sender's name, telephone, ID number or home, and those
//! whose text shares rare triples of characters with it; other stations' among them (`store/elsewhere.rs`). What they are to the letter is decided in `domain::repeat`.

use std::collections::HashMap;

use rusqlite::OptionalExtension;

use super::earlier::{EARLIER, Remembered, earlier};
use super::imports::ImportedRecord;
use super::{Db, StoreError};
use crate::domain::draft::{Draft, EarlierIs, Repeat};
use crate::domain::repeat::{self, Earlier, Grams, Registered, Weights, content};

/// A triple that more registrations than this have tells nothing apart.
pub(super) const RARE: usize = 250;
/// Where every triple is commoner, this many registrations of each are looked at.
const COMMON: usize = 4_000;
/// Triples of a letter looked up at most.
const TRIPLES: usize = 600;
/// Registrations compared because of their text, at most.
pub(super) const BY_CONTENT: usize = 120;
/// Registrations compared because of one key, at most, the newest first.
pub(super) const BY_KEY: usize = 150;
/// Registrations that tell how rare a pair of characters is.
const SAMPLE: i64 = 3_000;

mod again;

pub use again::ComparedAgain;

/// How rare pairs of characters are among the registrations, counted on a sample while `rows` there were.
#[derive(Debug)]
pub(super) struct Sampled {
    weights: Weights,
    rows: i64,
}

impl Db {
    /// Compares a draft with every earlier registration, writes the finding into it, and keeps what later letters are compared with.
    pub(super) fn compare_anew(&mut self, draft: &mut Draft) -> Result<(), StoreError> {
        let prepared = self.matter_text(&draft.letter)?;
        let registered = Registered::of(draft, Grams::of(&prepared));
        let id = self.remember(&Remembered {
            letter: Some(&draft.letter),
            record: None,
            registered: &registered,
            prepared: &prepared,
        })?;
        let found = self.compared(&draft.letter, id, &registered, &prepared)?;
        draft.fields.repeat = found.under(&draft.fields.repeat);
        self.link(id, &draft.fields.repeat)?;
        Ok(())
    }

    /// What is known of a registration that is not kept: an imported record asked for, or a letter being evaluated.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn compare_text(
        &mut self,
        name: &str,
        registered: &Registered,
        prepared: &str,
    ) -> Result<Repeat, StoreError> {
        self.compared(name, i64::MAX, registered, prepared)
    }

    /// As [`Db::compare_text`], and keeps it for those that follow. For a database that is no station's.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn compare_and_keep(
        &mut self,
        number: &str,
        registered: &Registered,
        prepared: &str,
    ) -> Result<Repeat, StoreError> {
        let found = self.compare_text(number, registered, prepared)?;
        let record = ImportedRecord {
            case_number: number.to_owned(),
            ..ImportedRecord::default()
        };
        self.remember(&Remembered {
            letter: None,
            record: Some(&record),
            registered,
            prepared,
        })?;
        Ok(found)
    }

    /// Letters whose drafts name this one as an earlier letter on the same matter, in the order of their registration.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_naming(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT e.letter_id FROM earlier_links l JOIN earlier e ON e.id = l.later_id
             WHERE l.of = ?1 AND e.letter_id NOT IN (SELECT id FROM letters WHERE withheld IS NOT NULL) ORDER BY e.id",
        )?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps which earlier registrations a letter repeats or copies, to be found from those.
    fn link(&self, id: i64, found: &Repeat) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM earlier_links WHERE later_id = ?1")?
            .execute([id])?;
        let mut keep = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO earlier_links (of, later_id) VALUES (?1, ?2)")?;
        let repeats = found
            .candidates
            .iter()
            .filter(|c| matches!(c.is, EarlierIs::Repeat | EarlierIs::PossibleRepeat));
        for candidate in repeats {
            keep.execute((&candidate.of, id))?;
        }
        Ok(())
    }

    fn compared(
        &mut self,
        letter: &str,
        id: i64,
        new: &Registered,
        prepared: &str,
    ) -> Result<Repeat, StoreError> {
        let found = self.worth_comparing(id, new, prepared)?;
        let weights = self.weights()?;
        Ok(repeat::compare(letter, new, &found, weights))
    }

    fn worth_comparing(
        &self,
        id: i64,
        new: &Registered,
        prepared: &str,
    ) -> Result<Vec<Earlier>, StoreError> {
        let mut wanted = self.with_keys(new)?;
        wanted.extend(self.with_triples(prepared)?);
        wanted.sort_unstable();
        wanted.dedup();
        // A letter registered later is not earlier, one that is withheld counts for nothing; an imported one is earlier unless it was
        // received after this one or is this one.
        let mut row = self.connection.prepare_cached(&format!(
            "{EARLIER} WHERE id = ?1 AND id <> ?2 AND CASE WHEN letter_id IS NULL THEN
               (received_on IS NULL OR ?3 IS NULL OR received_on <= ?3) AND case_number IS NOT (SELECT case_number FROM drafts
                 WHERE letter_id = (SELECT letter_id FROM earlier WHERE id = ?2))
             ELSE id < ?2 AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.id = letter_id AND l.withheld IS NOT NULL) END"
        ))?;
        let mut found = Vec::new();
        for other in wanted {
            found.extend(
                row.query_row((other, id, &new.received_on), earlier)
                    .optional()?,
            );
        }
        found.extend(self.alike_elsewhere(new, prepared)?);
        found.sort_by(|a: &Earlier, b: &Earlier| {
            a.registered.received_on.cmp(&b.registered.received_on)
        });
        Ok(found)
    }

    fn with_keys(&self, new: &Registered) -> Result<Vec<i64>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT earlier_id FROM earlier_keys WHERE key = ?1 ORDER BY earlier_id DESC LIMIT ?2",
        )?;
        let mut found = Vec::new();
        for key in new.keys() {
            let rows = query.query_map((key, BY_KEY as i64), |row| row.get(0))?;
            found.extend(rows.collect::<Result<Vec<i64>, _>>()?);
        }
        Ok(found)
    }

    /// The registrations that share most rare triples with a text.
    fn with_triples(&self, prepared: &str) -> Result<Vec<i64>, StoreError> {
        let all = content::trigrams(prepared);
        let step = all.len().div_ceil(TRIPLES).max(1);
        let triples: Vec<&String> = all.iter().step_by(step).collect();
        let mut shared: HashMap<i64, f32> = HashMap::new();
        let mut common = Vec::new();
        for triple in triples {
            let rows = self.with_triple(triple, RARE)?;
            if rows.len() >= RARE {
                common.push(triple);
            } else {
                count(&mut shared, &rows);
            }
        }
        if shared.len() < BY_CONTENT / 4 {
            let step = common.len().div_ceil(12).max(1);
            for triple in common.into_iter().step_by(step) {
                count(&mut shared, &self.with_triple(triple, COMMON)?);
            }
        }
        let mut best: Vec<(i64, f32)> = shared.into_iter().collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        Ok(best
            .into_iter()
            .take(BY_CONTENT)
            .map(|(id, _)| id)
            .collect())
    }

    fn with_triple(&self, triple: &str, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT rowid FROM earlier_words WHERE earlier_words MATCH ?1 LIMIT ?2",
        )?;
        let rows = query.query_map((format!("\"{triple}\""), limit as i64), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How rare pairs of characters are; counted again when a third more registrations have come.
    fn weights(&mut self) -> Result<&Weights, StoreError> {
        let (ours, elsewhere): (i64, i64) = self.connection.query_row(
            "SELECT coalesce((SELECT max(id) FROM earlier), 0), coalesce((SELECT max(id) FROM elsewhere), 0)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let rows = ours + elsewhere;
        let stale = self
            .sampled
            .as_ref()
            .is_none_or(|s| rows > s.rows + s.rows / 3);
        if stale {
            let mut weights = Weights::default();
            let mut one = self
                .connection
                .prepare_cached("SELECT grams FROM earlier WHERE id = ?1")?;
            // Looked up one by one: a scan would read every registration.
            let step = usize::try_from((rows / SAMPLE).max(1)).unwrap_or(usize::MAX);
            for id in (1..=ours).step_by(step) {
                let grams = one
                    .query_row([id], |row| {
                        Ok(Grams::from_bytes(row.get_ref(0)?.as_blob()?))
                    })
                    .optional()?;
                grams.iter().for_each(|grams| weights.add(grams));
            }
            drop(one);
            for id in (1..=elsewhere).step_by(step) {
                let there = self.elsewhere(id)?;
                there
                    .iter()
                    .for_each(|there| weights.add(&there.registered.grams));
            }
            self.sampled = Some(Sampled { weights, rows });
        }
        Ok(&self.sampled.as_ref().expect("counted above").weights)
    }
}

pub(super) fn count(shared: &mut HashMap<i64, f32>, rows: &[i64]) {
    let weight = (COMMON as f32 * 2.0 / rows.len().max(1) as f32).ln();
    for row in rows {
        *shared.entry(*row).or_default() += weight;
    }
}

#[cfg(test)]
mod tests;
