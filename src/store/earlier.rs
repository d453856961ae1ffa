//! Earlier registrations to compare new letters with: this station's own, kept with each draft, and those imported.
//!
//! Of a letter's text only its pairs of characters and an index of its triples are kept here; the text itself stays with its pages.

use rusqlite::{OptionalExtension, Row};

use super::imports::ImportedRecord;
use super::{Db, StoreError};
use crate::clock;
use crate::domain::draft::EarlierFrom;
use crate::domain::repeat::{Earlier, Grams, Place, Registered, content};
use crate::domain::text::PageText;

/// How many earlier registrations there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryCounts {
    /// Letters of this station.
    pub ours: u64,
    /// Of them confirmed.
    pub confirmed: u64,
    /// Imported ones.
    pub imported: u64,
    /// Accusations among all.
    pub restricted: u64,
    /// With a telephone number.
    pub with_phone: u64,
    /// With an ID number.
    pub with_id_number: u64,
    /// Without any text.
    pub without_text: u64,
    /// The earliest day of receipt.
    pub first_day: Option<String>,
    /// The latest.
    pub last_day: Option<String>,
}

pub(super) const EARLIER: &str =
    "SELECT letter_id, case_number, settled, name, address, place, ways, numbers, phones, id_number,
    signatories, addressee, written_on, received_on, purpose, category, restricted, grams FROM earlier";

pub(super) fn earlier(row: &Row<'_>) -> rusqlite::Result<Earlier> {
    let letter: Option<String> = row.get(0)?;
    let case: Option<String> = row.get(1)?;
    let list = |at: usize, between: char| -> rusqlite::Result<Vec<String>> {
        let text: String = row.get(at)?;
        let parts = text.split(between).filter(|part| !part.is_empty());
        Ok(parts.map(str::to_owned).collect())
    };
    let grams = Grams::from_bytes(row.get_ref(17)?.as_blob()?);
    Ok(Earlier {
        from: if letter.is_some() {
            EarlierFrom::Station
        } else {
            EarlierFrom::Imported
        },
        of: letter.or(case).unwrap_or_default(),
        settled: row.get(2)?,
        registered: Registered {
            name: row.get(3)?,
            address: row.get(4)?,
            place: Place {
                divisions: row.get(5)?,
                ways: list(6, '|')?,
                numbers: list(7, '-')?,
            },
            phones: list(8, ' ')?,
            id_number: row.get(9)?,
            signatories: list(10, '|')?,
            addressee: row.get(11)?,
            written_on: row.get(12)?,
            received_on: row.get(13)?,
            purpose: row.get(14)?,
            category: row.get(15)?,
            restricted: row.get(16)?,
            grams,
        },
    })
}

/// A row to be written: whose it is, and what it says.
pub(super) struct Remembered<'a> {
    pub(super) letter: Option<&'a str>,
    pub(super) record: Option<&'a ImportedRecord>,
    pub(super) registered: &'a Registered,
    pub(super) prepared: &'a str,
}

impl Db {
    /// Writes what a registration is compared by; what was written of it before is replaced. Its row number.
    pub(super) fn remember(&mut self, new: &Remembered<'_>) -> Result<i64, StoreError> {
        let (r, case) = (
            new.registered,
            new.record.map(|record| record.case_number.as_str()),
        );
        let known: Option<i64> = self
            .connection
            .prepare_cached("SELECT id FROM earlier WHERE letter_id = ?1 OR case_number = ?2")?
            .query_row((new.letter, case), |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                self.connection
                    .prepare_cached("INSERT INTO earlier (letter_id, case_number, settled, grams, at_ms) VALUES (?1, ?2, ?3, x'', ?4)")?
                    .execute((new.letter, case, new.record.is_some(), clock::now()))?;
                self.connection.last_insert_rowid()
            }
        };
        self.connection
            .prepare_cached(
                "UPDATE earlier SET name = ?2, address = ?3, place = ?4, ways = ?5, numbers = ?6, phones = ?7, id_number = ?8,
                 signatories = ?9, addressee = ?10, written_on = ?11, received_on = ?12, purpose = ?13, category = ?14,
                 restricted = ?15, grams = ?16 WHERE id = ?1",
            )?
            .execute(rusqlite::params![
                id,
                r.name,
                r.address,
                r.place.divisions,
                r.place.ways.join("|"),
                r.place.numbers.join("-"),
                r.phones.join(" "),
                r.id_number,
                r.signatories.join("|"),
                r.addressee,
                r.written_on,
                r.received_on,
                r.purpose,
                r.category,
                r.restricted,
                r.grams.to_bytes(),
            ])?;
        if let Some(record) = new.record {
            self.connection
                .prepare_cached("UPDATE earlier SET digest = ?2, text = ?3 WHERE id = ?1")?
                .execute((id, &record.digest, &record.text))?;
        }
        self.index(id, known.is_some(), r, new.prepared)?;
        Ok(id)
    }

    fn index(
        &self,
        id: i64,
        known: bool,
        r: &Registered,
        prepared: &str,
    ) -> Result<(), StoreError> {
        if known {
            self.connection
                .prepare_cached("DELETE FROM earlier_keys WHERE earlier_id = ?1")?
                .execute([id])?;
            self.connection
                .prepare_cached("DELETE FROM earlier_words WHERE rowid = ?1")?
                .execute([id])?;
        }
        let mut key = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO earlier_keys (key, earlier_id) VALUES (?1, ?2)",
        )?;
        for word in r.keys() {
            key.execute((word, id))?;
        }
        self.connection
            .prepare_cached("INSERT INTO earlier_words (rowid, text) VALUES (?1, ?2)")?
            .execute((id, prepared))?;
        Ok(())
    }

    /// A letter's text as it is compared: what its readings say, and nothing of salutation, signature and envelope.
    pub(super) fn matter_text(&self, letter: &str) -> Result<String, StoreError> {
        Ok(content::of_pages(&self.page_texts(letter)?))
    }

    /// The texts of a letter's pages that are read.
    pub fn page_texts(&self, letter: &str) -> Result<Vec<PageText>, StoreError> {
        let pages = self.read_pages(letter)?;
        Ok(pages
            .into_iter()
            .filter_map(|page| {
                let reading = page.reading?;
                Some(PageText {
                    n: page.n,
                    kind: page.kind,
                    width: reading.width,
                    height: reading.height,
                    lines: reading.lines,
                })
            })
            .collect())
    }

    /// Counts of what there is to compare with.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn history_counts(&self) -> Result<HistoryCounts, StoreError> {
        let counts = self.connection.query_row(
            "SELECT count(letter_id), coalesce(sum(letter_id IS NOT NULL AND settled), 0), count(case_number),
             coalesce(sum(restricted), 0), coalesce(sum(phones <> ''), 0), count(id_number),
             coalesce(sum(length(grams) = 0), 0), min(received_on), max(received_on) FROM earlier",
            [],
            |row| {
                let n = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
                Ok(HistoryCounts {
                    ours: n(0)?,
                    confirmed: n(1)?,
                    imported: n(2)?,
                    restricted: n(3)?,
                    with_phone: n(4)?,
                    with_id_number: n(5)?,
                    without_text: n(6)?,
                    first_day: row.get(7)?,
                    last_day: row.get(8)?,
                })
            },
        )?;
        Ok(counts)
    }

    /// Marks a letter's registration as an officer's, or no longer one.
    pub(super) fn settle(&self, letter: &str, settled: Settled) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE earlier SET settled = ?2 WHERE letter_id = ?1",
            (letter, settled == Settled::Yes),
        )?;
        Ok(())
    }
}

/// Whether an officer has confirmed a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Yes,
    No,
}
