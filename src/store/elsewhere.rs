//! Registrations of the office's other stations: this station's copy of what they tell, searched like its own; and what it tells them.
//!
//! Told is a letter that is confirmed and that everybody of a mailroom and every case system may know of: another station knows neither who is let in to a
//! restricted letter nor who is kept from it. What becomes restricted, is withdrawn or corrected is taken back until it is confirmed anew.

use std::collections::{BTreeSet, HashMap};

use rusqlite::OptionalExtension;

use super::earlier::{EARLIER, earlier};
use super::repeats::{BY_CONTENT, BY_KEY, RARE, count};
use super::{Db, OfficeSetting, StoreError};
use crate::digest;
use crate::domain::draft::EarlierFrom;
use crate::domain::letter::Stage;
use crate::domain::repeat::{Earlier, Fingerprint, Registered, words_of};

/// Entries of the ledger looked through at once.
const ENTRIES: u32 = 500;
/// The name under which it is kept how far our own ledger was told.
const LEDGER: &str = "ledger";

/// How far a stream was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenUpTo {
    /// Which stream of that name: when it was made.
    pub made: String,
    /// The last number taken; 0: none.
    pub number: i64,
}

/// Which version of a setting of all stations is in force here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Of which bucket: when it was made.
    pub made: String,
    /// The version.
    pub version: i64,
}

/// What is to be told of one letter.
#[derive(Debug, Clone)]
pub struct ToTell {
    /// What is said of it.
    pub said: Fingerprint,
    /// Tells it from what was said before; `None`: it is taken back.
    pub sha256: Option<String>,
}

/// What another station told, ready to be kept.
#[derive(Debug, Clone)]
pub struct Heard {
    station: String,
    said: Fingerprint,
    bytes: Vec<u8>,
    words: String,
}

impl Heard {
    /// `None` for what is no fingerprint of this version.
    pub fn of(station: &str, bytes: Vec<u8>) -> Option<Self> {
        let said = Fingerprint::from_bytes(&bytes)?;
        Some(Self {
            station: station.to_owned(),
            words: said.words(),
            said,
            bytes,
        })
    }

    fn name(&self) -> String {
        format!("{}/{}", self.station, self.said.letter)
    }
}

impl Db {
    /// How far a stream was taken.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn stream_taken(&self, name: &str) -> Result<TakenUpTo, StoreError> {
        let found = self
            .connection
            .prepare_cached("SELECT made, taken FROM streams_taken WHERE name = ?1")?
            .query_row([name], |row| {
                Ok(TakenUpTo {
                    made: row.get(0)?,
                    number: row.get(1)?,
                })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    pub(super) fn note_taken(&self, name: &str, taken: &TakenUpTo) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO streams_taken (name, made, taken) VALUES (?1, ?2, ?3)",
            )?
            .execute((name, &taken.made, taken.number))?;
        Ok(())
    }

    /// The version of a setting of all stations that is in force here; `None`: none was yet.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn shared(&self, setting: OfficeSetting) -> Result<Option<Shared>, StoreError> {
        let taken = self.stream_taken(setting.subject())?;
        Ok((taken.number > 0).then_some(Shared {
            made: taken.made,
            version: taken.number,
        }))
    }

    /// This version of a setting of all stations is in force here now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_shared(&self, setting: OfficeSetting, version: &Shared) -> Result<(), StoreError> {
        let taken = TakenUpTo {
            made: version.made.clone(),
            number: version.version,
        };
        self.note_taken(setting.subject(), &taken)
    }

    /// The stream is another one than before: it is taken from its beginning, and everything is told anew. The copy stays until then.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_elsewhere_anew(&mut self, stream: &str, made: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let begin = TakenUpTo {
                made: made.to_owned(),
                number: 0,
            };
            db.note_taken(stream, &begin)?;
            db.connection.execute("DELETE FROM told_elsewhere", [])?;
            db.connection
                .execute("DELETE FROM streams_taken WHERE name = ?1", [LEDGER])?;
            Ok(())
        })
    }

    /// Up to which entry of our ledger the other stations were told what happened.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn told_up_to(&self) -> Result<i64, StoreError> {
        Ok(self.stream_taken(LEDGER)?.number)
    }

    /// What the other stations have to be told of what happened to letters after this entry of the ledger, and up to which entry that is; `None` where
    /// nothing happened.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn to_tell(&self, after: i64) -> Result<Option<(Vec<ToTell>, i64)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT seq, CASE WHEN subject LIKE 'letter/%' THEN substr(subject, 8)
               WHEN subject LIKE 'office/%' THEN (SELECT letter_id FROM named_offices WHERE id = substr(subject, 8)) END
             FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = query.query_map((after, ENTRIES), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let entries: Vec<(i64, Option<String>)> = rows.collect::<Result<_, _>>()?;
        let Some((last, _)) = entries.last() else {
            return Ok(None);
        };
        let last = *last;
        let letters: BTreeSet<String> = entries.into_iter().filter_map(|(_, of)| of).collect();
        let mut all = Vec::new();
        for letter in letters {
            all.extend(self.news_of(&letter)?);
        }
        Ok(Some((all, last)))
    }

    fn news_of(&self, letter: &str) -> Result<Option<ToTell>, StoreError> {
        let told: Option<String> = self
            .connection
            .prepare_cached("SELECT sha256 FROM told_elsewhere WHERE letter_id = ?1")?
            .query_row([letter], |row| row.get(0))
            .optional()?;
        let Some(registered) = self.may_be_told(letter)? else {
            return Ok(told.map(|_| ToTell {
                said: Fingerprint::taken_back(letter),
                sha256: None,
            }));
        };
        // Without its text, which is the same as long as its pairs of characters are.
        let bytes = Fingerprint::of(letter, &registered, "").to_bytes();
        let sha256 = digest::sha256_hex(&bytes);
        if told.as_ref() == Some(&sha256) {
            return Ok(None);
        }
        Ok(Some(ToTell {
            said: Fingerprint::of(letter, &registered, &self.matter_text(letter)?),
            sha256: Some(sha256),
        }))
    }

    /// The registration of a letter of which the other stations may know.
    fn may_be_told(&self, letter: &str) -> Result<Option<Registered>, StoreError> {
        let is_open: bool = self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM letters l JOIN drafts d ON d.letter_id = l.id WHERE l.id = ?1 AND l.withheld IS NULL
                   AND (d.confirmed_ms IS NOT NULL OR d.state = 'acked' AND l.stage = ?2) AND d.conflict IS NULL
                   AND NOT EXISTS (SELECT 1 FROM restrictions WHERE letter_id = l.id AND state = 'restricted')
                   AND NOT EXISTS (SELECT 1 FROM named_offices WHERE letter_id = l.id AND ended_ms IS NULL
                     AND (accuses IS NOT 0 OR decided_ms < l.last_arrival_ms)))",
            )?
            .query_row((letter, Stage::Registered), |row| row.get(0))?;
        if !is_open {
            return Ok(None);
        }
        let found = self
            .connection
            .prepare_cached(&format!(
                "{EARLIER} WHERE letter_id = ?1 AND restricted = 0"
            ))?
            .query_row([letter], earlier)
            .optional()?;
        Ok(found.map(|earlier| earlier.registered))
    }

    /// The other stations were told this, up to that entry of the ledger.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn told_elsewhere(&mut self, told: &[ToTell], upto: i64) -> Result<(), StoreError> {
        self.atomically(|db| {
            for ToTell { said, sha256 } in told {
                match sha256 {
                    Some(sha256) => db
                        .connection
                        .prepare_cached("INSERT OR REPLACE INTO told_elsewhere (letter_id, sha256) VALUES (?1, ?2)")?
                        .execute((&said.letter, sha256))?,
                    None => db
                        .connection
                        .prepare_cached("DELETE FROM told_elsewhere WHERE letter_id = ?1")?
                        .execute([&said.letter])?,
                };
            }
            let taken = TakenUpTo {
                made: String::new(),
                number: upto,
            };
            db.note_taken(LEDGER, &taken)
        })
    }

    /// Keeps what other stations told, in the order they told it: what is said later of a letter replaces what was said before.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is kept then.
    pub fn take_heard(
        &mut self,
        stream: &str,
        heard: &[Heard],
        taken: &TakenUpTo,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            for one in heard {
                db.keep_heard(one)?;
            }
            db.note_taken(stream, taken)
        })
    }

    fn keep_heard(&self, one: &Heard) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM elsewhere WHERE station = ?1 AND letter = ?2")?
            .execute((&one.station, &one.said.letter))?;
        if one.said.registered.is_none() {
            return Ok(());
        }
        self.connection
            .prepare_cached("INSERT INTO elsewhere (station, letter, said) VALUES (?1, ?2, ?3)")?
            .execute((&one.station, &one.said.letter, &one.bytes))?;
        self.connection
            .prepare_cached("INSERT INTO elsewhere_words (rowid, words) VALUES (?1, ?2)")?
            .execute((self.connection.last_insert_rowid(), &one.words))?;
        Ok(())
    }

    /// Open drafts that what was heard may concern: those that name one of these letters, or share a name, number or home with one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_drafts_alike(&self, heard: &[Heard]) -> Result<Vec<String>, StoreError> {
        const OPEN: &str = "JOIN earlier e ON e.id = found.id JOIN drafts d ON d.letter_id = e.letter_id JOIN letters l ON l.id = e.letter_id
            WHERE d.confirmed_ms IS NULL AND d.state <> 'acked' AND l.withheld IS NULL";
        let mut naming = self.connection.prepare_cached(&format!(
            "SELECT e.letter_id FROM (SELECT later_id AS id FROM earlier_links WHERE of = ?1) found {OPEN}"
        ))?;
        let mut sharing = self.connection.prepare_cached(&format!(
            "SELECT e.letter_id FROM (SELECT earlier_id AS id FROM earlier_keys WHERE key = ?1
             ORDER BY earlier_id DESC LIMIT ?2) found {OPEN}"
        ))?;
        let mut all = BTreeSet::new();
        for one in heard {
            let rows = naming.query_map([one.name()], |row| row.get::<_, String>(0))?;
            all.extend(rows.collect::<Result<Vec<_>, _>>()?);
            for key in one.said.registered.iter().flat_map(Registered::keys) {
                let rows = sharing.query_map((key, BY_KEY as i64), |row| row.get(0))?;
                all.extend(rows.collect::<Result<Vec<String>, _>>()?);
            }
        }
        Ok(all.into_iter().collect())
    }

    /// How many letters of other stations there are.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn heard(&self) -> Result<u64, StoreError> {
        let count: i64 =
            self.connection
                .query_row("SELECT count(*) FROM elsewhere", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Whether another station's letter, `STATION/NUMBER`, may still be told of.
    pub(super) fn is_heard(&self, name: &str) -> Result<bool, StoreError> {
        let Some(of) = name.split_once('/') else {
            return Ok(false);
        };
        let mut query = self
            .connection
            .prepare_cached("SELECT 1 FROM elsewhere WHERE station = ?1 AND letter = ?2")?;
        Ok(query.exists(of)?)
    }

    /// Other stations' registrations worth comparing with this one. One that came to the office later is not earlier; of the same day either may be.
    pub(super) fn alike_elsewhere(
        &self,
        new: &Registered,
        prepared: &str,
    ) -> Result<Vec<Earlier>, StoreError> {
        let mut any = self
            .connection
            .prepare_cached("SELECT 1 FROM elsewhere LIMIT 1")?;
        if !any.exists([])? {
            return Ok(Vec::new());
        }
        let (by_sender, by_text) = words_of(new, prepared);
        let mut wanted = BTreeSet::new();
        for word in by_sender {
            wanted.extend(self.with_word(&word, BY_KEY)?);
        }
        let mut shared: HashMap<i64, f32> = HashMap::new();
        for word in by_text {
            let rows = self.with_word(&word, RARE)?;
            if rows.len() < RARE {
                count(&mut shared, &rows);
            }
        }
        let mut best: Vec<(i64, f32)> = shared.into_iter().collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        wanted.extend(best.into_iter().take(BY_CONTENT).map(|(id, _)| id));
        let mut found = Vec::with_capacity(wanted.len());
        for id in wanted {
            found.extend(self.elsewhere(id)?);
        }
        let is_later = |there: &Earlier| match (&there.registered.received_on, &new.received_on) {
            (Some(there), Some(here)) => there > here,
            _ => false,
        };
        found.retain(|there| !is_later(there));
        Ok(found)
    }

    fn with_word(&self, word: &str, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT rowid FROM elsewhere_words WHERE elsewhere_words MATCH ?1 ORDER BY rowid DESC LIMIT ?2",
        )?;
        let rows = query.query_map((word, limit as i64), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// `None` where it is gone.
    pub(super) fn elsewhere(&self, id: i64) -> Result<Option<Earlier>, StoreError> {
        let found: Option<(String, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT station, said FROM elsewhere WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.and_then(|(station, said)| {
            let said = Fingerprint::from_bytes(&said)?;
            Some(Earlier {
                of: format!("{station}/{}", said.letter),
                from: EarlierFrom::OtherStation,
                settled: true,
                registered: said.registered?,
            })
        }))
    }
}
