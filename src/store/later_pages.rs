//! Pages that came after the hand-over, one by one: what a case system was free to read, a further page does not take back.
//!
//! When each was read stands in the ledger, and so does when an office was named or judged: a page read before an office was named, or before an officer
//! judged it, does not wait for that office again.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use super::amendments::AmendmentRow;
use super::later::{Later, PAGE_ADDED};
use super::named_offices::OfficeWord;
use super::{Db, Message, StoreError};
use crate::clock::Millis;
use crate::domain::alarm::Code;

/// A reading of a letter that is handed over: where it stands in the ledger, and of which pages it was.
type Reading = (i64, Vec<String>);

impl Db {
    fn readings_since(&self, letter: &str) -> Result<Vec<Reading>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT seq, detail ->> '$.pages' FROM ledger WHERE subject = 'letter/' || ?1 AND action = 'draft.stays'
             AND detail ->> '$.pages' IS NOT NULL ORDER BY seq",
        )?;
        let rows = query.query_map([letter], |row| {
            let pages: String = row.get(1)?;
            Ok((
                row.get(0)?,
                serde_json::from_str(&pages).unwrap_or_default(),
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The pages that were read after the hand-over, by now.
    pub(super) fn read_since(&self, letter: &str) -> Result<BTreeSet<String>, StoreError> {
        let readings = self.readings_since(letter)?;
        Ok(readings.into_iter().flat_map(|(_, pages)| pages).collect())
    }

    /// Whether a page waits or is kept from this office's system; `None` where nobody wrote down when it was read: then all of them do or none.
    pub(super) fn is_page_kept(
        &self,
        (letter, sha256): (&str, &str),
        unit: Option<&str>,
    ) -> Result<Option<bool>, StoreError> {
        let readings = self.readings_since(letter)?;
        let of_it = |reading: &&Reading| reading.1.iter().any(|page| page == sha256);
        let Some((read, _)) = readings.iter().find(of_it) else {
            return Ok(None);
        };
        let is_cleared = self
            .later(letter)?
            .is_none_or(|(later, _): (Later, _)| later.is_cleared(sha256));
        if !is_cleared && self.keeps_later_pages_from(letter, unit)? {
            return Ok(Some(true));
        }
        Ok(Some(self.waits_since(letter, unit, *read)?))
    }

    /// Whether an amendment tells of a page that waits or is kept; `None` where nobody wrote down of which.
    pub(super) fn tells_of_kept_page(
        &self,
        (letter, amendment): (&str, i64),
        unit: Option<&str>,
    ) -> Result<Option<bool>, StoreError> {
        let new = self.pages_of((letter, amendment))?;
        if new.is_empty() {
            return Ok(None);
        }
        for page in new {
            if self.is_page_kept((letter, &page), unit)? != Some(false) {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    /// SHA-256 of the pages that an amendment tells of; none where nobody wrote down of which.
    fn pages_of(&self, (letter, amendment): (&str, i64)) -> Result<Vec<String>, StoreError> {
        let Some(told) = self.noted_at((letter, amendment))? else {
            return Ok(Vec::new());
        };
        let mut readings = self.readings_since(letter)?;
        let Some(at) = readings.iter().rposition(|(seq, _)| *seq < told) else {
            return Ok(Vec::new());
        };
        let (_, mut new) = readings.swap_remove(at);
        readings.truncate(at);
        let handed = self.draft(letter)?.draft.pages;
        new.retain(|page| {
            readings.iter().all(|(_, pages)| !pages.contains(page))
                && handed.iter().all(|known| known.sha256 != *page)
        });
        Ok(new)
    }

    /// The pages that a message tells of as added, by their numbers.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn added_pages_told(&self, message: &Message) -> Result<Vec<u32>, StoreError> {
        if message.code.as_deref() != Some(PAGE_ADDED) {
            return Ok(Vec::new());
        }
        let letter = message.letter.as_str();
        let new = self.pages_of((letter, message.occasion))?;
        let kept = self.pages_kept_from_channel(&message.channel, letter)?;
        let pages = self.page_rows(letter)?.into_iter();
        let told = pages.filter(|page| new.contains(&page.sha256) && !kept.contains(&page.n));
        Ok(told.map(|page| page.n).collect())
    }

    /// Since when a change may be told to the system of this office: since an officer let it go, where it had been kept back. When its page was read would say
    /// that it was, and how long.
    pub(super) fn told_since(
        &self,
        change: &AmendmentRow,
        unit: Option<&str>,
    ) -> Result<Millis, StoreError> {
        let Some(noted) = self.noted_at((&change.letter, change.id))? else {
            return Ok(change.at);
        };
        let mut questions: Vec<String> = self
            .office_words(&change.letter, unit)?
            .iter()
            .map(|(id, _)| format!("office/{id}"))
            .collect();
        if change.kind == PAGE_ADDED {
            let alert = self.alert_of(&change.letter, Code::PageKeptBack)?;
            questions.extend(alert.map(|alert| format!("alert/{}", alert.id)));
        }
        let mut since = change.at;
        for question in questions {
            let answered = self.answered_behind(&question, noted)?;
            since = since.max(answered.unwrap_or(since));
        }
        Ok(since)
    }

    /// When a question was answered that was open at this entry of the ledger.
    fn answered_behind(&self, question: &str, entry: i64) -> Result<Option<Millis>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "WITH said AS (SELECT seq, at_ms, action IN ('office.judged', 'alert.acknowledged') AS is_answer FROM ledger WHERE subject = ?1
                 AND (action IN ('office.named', 'office.judged', 'alert.raised')
                     OR action = 'alert.acknowledged' AND detail ->> '$.verdict' IN ('confirmed', 'false_alarm')))
             SELECT min(at_ms) FROM said WHERE seq > ?2 AND is_answer
             AND NOT (SELECT is_answer FROM said WHERE seq < ?2 ORDER BY seq DESC LIMIT 1)",
        )?;
        Ok(query.query_row((question, entry), |row| row.get(0))?)
    }

    /// Where it stands in the ledger that an amendment was made.
    fn noted_at(&self, (letter, amendment): (&str, i64)) -> Result<Option<i64>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT max(seq) FROM ledger WHERE subject = 'letter/' || ?1 AND action = 'letter.amended' AND detail ->> '$.amendment' = ?2",
            )?
            .query_row((letter, amendment), |row| row.get(0))
            .optional()?
            .flatten())
    }

    /// Whether an officer has to say of this office what he has not said of what was read then, or has said that the letter accuses it.
    fn waits_since(&self, letter: &str, unit: Option<&str>, read: i64) -> Result<bool, StoreError> {
        for (id, word) in self.office_words(letter, unit)? {
            if word == OfficeWord::Accused {
                return Ok(true);
            }
            let mut since = self.connection.prepare_cached(
                "SELECT coalesce(max(seq), 0) FROM ledger WHERE subject = 'office/' || ?1 AND action IN ('office.named', 'office.judged')",
            )?;
            let since: i64 = since.query_row([id], |row| row.get(0))?;
            if word == OfficeWord::Open && since < read {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
