//! What is amiss about a page although it is taken: a file beside it is held, its bytes or its number came before, a number is left out. A person
//! looks, and the batch cannot be closed before. It leaves out separators and scans, which have findings of their own.

use rusqlite::{Connection, OptionalExtension};

use super::grouping::{NewHold, Stack, hold_once, last_separator};
use super::late::earlier_letter;
use super::letters::{ACTOR, gate};
use super::lies::gate_of;
use super::places::{NUMBER, ORDERED};
use super::{Db, ReadPage, StoreError};
use crate::clock::Millis;
use crate::domain::grouping::{GroupBy, hold};
use crate::domain::intake::{ArrivalState, Gate, reason};
use crate::domain::kind::ENVELOPE_LINES;
use crate::domain::letter::Stage;
use crate::domain::text::PageKind;

/// A held file of a folder, and where it would have gone.
#[derive(Debug, Clone)]
pub struct HeldBeside {
    /// Its arrival.
    pub arrival: String,
    /// What tells letters apart in its folder.
    pub by: GroupBy,
    /// The letter that its name claims; of a folder whose order makes the letters, the folder.
    pub group: String,
}

/// Notes a finding unless there was the same before, also one that was settled.
pub(super) fn find_once(
    step: &Connection,
    (batch, letter): (i64, Option<&str>),
    reason: &'static str,
    detail: String,
) -> Result<(), StoreError> {
    let known = step
        .prepare_cached(
            "SELECT 1 FROM holds WHERE batch_id = ?1 AND letter_id IS ?2 AND reason = ?3 AND detail = ?4",
        )?
        .exists((batch, letter, reason, &detail))?;
    if !known {
        let letter = letter.map(str::to_owned);
        let (scan, detail) = (None, Some(detail));
        hold_once(
            step,
            &NewHold {
                batch,
                letter,
                scan,
                reason,
                detail,
            },
        )?;
    }
    Ok(())
}

/// A letter of this batch that may still be held, by its group.
fn open_letter(step: &Connection, batch: i64, group: &str) -> Result<Option<String>, StoreError> {
    Ok(step
        .prepare_cached(
            "SELECT id FROM letters WHERE batch_id = ?1 AND group_name = ?2 AND stage NOT IN (?3, ?4) AND withheld IS NULL",
        )?
        .query_row((batch, group, Stage::Confirmed, Stage::Registered), |row| row.get(0))
        .optional()?)
}

/// Holds the letter of a page that came, where a file of its group, or of its folder since the last separator, is held.
pub(super) fn beside_held(
    step: &Connection,
    (batch, letter): (i64, &str),
    group: &str,
    (reason, since): (&'static str, Millis),
) -> Result<(), StoreError> {
    let front = format!("{group}: ");
    let held: Vec<String> = step
        .prepare_cached(
            "SELECT detail FROM holds WHERE batch_id = ?1 AND resolved_ms IS NULL AND reason = ?2 AND letter_id IS NULL
             AND at_ms >= ?3 AND substr(detail, 1, length(?4)) = ?4",
        )?
        .query_map((batch, hold::IMAGE_HELD, since, &front), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    held.into_iter()
        .try_for_each(|detail| find_once(step, (batch, Some(letter)), reason, detail))
}

/// When the last separator of a folder was seen.
pub(super) fn last_separator_at(
    step: &Connection,
    source: &str,
    batch: i64,
) -> Result<Millis, StoreError> {
    let found: Option<Millis> = step
        .prepare_cached(
            "SELECT at_ms FROM separators_seen WHERE source = ?1 AND batch_id = ?2 AND scan_id IS NULL ORDER BY id DESC LIMIT 1",
        )?
        .query_row((source, batch), |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(Millis(0)))
}

/// The letter that the last page of a stack went into.
pub(super) struct LastLetter {
    pub(super) id: String,
    pub(super) group: String,
    pub(super) begun: Millis,
}

/// From the newest page back, in this order and no other: it is found among the first.
pub(super) fn last_letter(
    step: &Connection,
    (source, batch, scan): Stack<'_>,
) -> Result<Option<LastLetter>, StoreError> {
    let mut query = step.prepare_cached(
        "SELECT l.id, l.group_name, l.created_ms FROM pages p CROSS JOIN arrivals a ON a.id = p.arrival_id CROSS JOIN letters l ON l.id = p.letter_id
         WHERE EXISTS (SELECT 1 FROM letters WHERE batch_id = ?1) AND l.batch_id = ?1 AND a.source = ?2 AND a.scan_id IS ?3
         ORDER BY p.id DESC LIMIT 1",
    )?;
    let found = query.query_row((batch, source, scan), |row| {
        Ok(LastLetter {
            id: row.get(0)?,
            group: row.get(1)?,
            begun: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}

fn names(step: &Connection, arrivals: [&str; 2]) -> Result<Vec<String>, StoreError> {
    let mut query = step.prepare_cached("SELECT name FROM arrivals WHERE id = ?1")?;
    let names = arrivals
        .iter()
        .map(|id| Ok(query.query_row([id], |row| row.get(0))?));
    names.collect()
}

/// Tells of bytes that are a page of this or another letter already: a sheet scanned twice, or a file put in again. The letter that got them again waits.
pub(super) fn same_bytes(
    step: &Connection,
    batch: i64,
    (letter, arrival): (&str, &str),
    same_as: Option<&str>,
) -> Result<(), StoreError> {
    let Some(same_as) = same_as else {
        return Ok(());
    };
    let other: Option<String> = step
        .prepare_cached("SELECT letter_id FROM pages WHERE arrival_id = ?1 LIMIT 1")?
        .query_row([same_as], |row| row.get(0))
        .optional()?;
    match other {
        Some(other) => {
            let told = match other == letter {
                false => format!("{letter} = {other}"),
                true => format!("{letter}: {}", names(step, [arrival, same_as])?.join(" = ")),
            };
            find_once(step, (batch, Some(letter)), hold::SAME_BYTES, told)
        }
        None => Ok(()),
    }
}

/// Tells of a name, or a page's number, that this letter has already of another file: software that counts anew, or a sheet scanned again.
pub(super) fn number_again(
    step: &Connection,
    batch: i64,
    letter: &str,
    arrival: &str,
) -> Result<(), StoreError> {
    let again: Option<String> = step
        .prepare_cached(
            &format!("SELECT new.name FROM arrivals new WHERE new.id = ?2 AND EXISTS (
               SELECT 1 FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE p.letter_id = ?1 AND a.id <> new.id
               AND (a.name = new.name OR p.{NUMBER} > 0 AND EXISTS (
                 SELECT 1 FROM pages n WHERE n.arrival_id = new.id AND n.{NUMBER} = p.{NUMBER} AND n.kind = p.kind)))"),
        )?
        .query_row([letter, arrival], |row| row.get(0))
        .optional()?;
    match again {
        Some(name) => find_once(step, (batch, Some(letter)), hold::PAGE_AGAIN, name),
        None => Ok(()),
    }
}

impl Db {
    /// A file of a folder is held: its batch cannot be closed before a person decides about it, and the letter it would have belonged to is held.
    /// Of a stack parted by separators it may have been one: a person looks at the letter that it lies in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn hold_beside(&mut self, held: &HeldBeside) -> Result<(), StoreError> {
        let found = self.arrival(&held.arrival)?;
        let load = match gate_of(&self.connection, &found, held.by)? {
            Gate::Enter { load } => load,
            // Of whichever batch it is, one of them waits for somebody to look.
            Gate::WhichBatch => match gate(&self.connection, &found)? {
                Gate::Enter { load } => load,
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        self.atomically(|db| {
            db.list_waits_no_more(&held.arrival, "the list is held")?;
            let step = &db.connection;
            let batch: i64 =
                step.query_row("SELECT batch_id FROM loads WHERE id = ?1", [load], |row| {
                    row.get(0)
                })?;
            let detail = format!("{}: {}", held.group, found.name);
            let is_late = found.reason.as_deref() == Some(reason::LATE_PAGE);
            let earlier = match is_late {
                true => earlier_letter(step, batch, &held.group)?,
                false => None,
            };
            let new = NewHold {
                batch,
                letter: earlier,
                scan: None,
                reason: hold::IMAGE_HELD,
                detail: Some(detail.clone()),
            };
            hold_once(step, &new)?;
            if is_late {
                return Ok(());
            }
            let (letter, reason) = match held.by {
                GroupBy::Name | GroupBy::Index => {
                    (open_letter(step, batch, &held.group)?, hold::IMAGE_HELD)
                }
                GroupBy::Separator => {
                    let separator = last_separator(step, (&found.source, batch, None))?;
                    let group = separator.map_or_else(
                        || format!("{}-{batch}", found.source),
                        |separator| separator.label(),
                    );
                    (open_letter(step, batch, &group)?, hold::HELD_BETWEEN)
                }
                GroupBy::Barcode => (
                    last_letter(step, (&found.source, batch, None))?.map(|last| last.id),
                    hold::HELD_BETWEEN,
                ),
                GroupBy::Scan | GroupBy::Press => (None, hold::IMAGE_HELD),
            };
            match letter {
                Some(letter) => find_once(step, (batch, Some(&letter)), reason, detail),
                None => Ok(()),
            }
        })
    }

    /// A decision about a held file answers what was found because of it, unless another of that name is still held. Whether a letter lies on either
    /// side of a separator that was held is another question, and stays.
    pub(super) fn held_beside_done(
        &mut self,
        id: &str,
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        let open: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT h.id FROM holds h JOIN arrivals a ON substr(h.detail, -length(a.name) - 2) = ': ' || a.name
                 WHERE a.id = ?1 AND h.reason IN (?2, ?4) AND h.resolved_ms IS NULL
                 AND NOT EXISTS (SELECT 1 FROM arrivals o WHERE o.name = a.name AND o.id <> a.id AND o.state = ?3)",
            )?
            .query_map((id, hold::IMAGE_HELD, ArrivalState::Held, hold::FILE_GREW), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        open.into_iter()
            .try_for_each(|hold| self.settle_hold(hold, by, why).map(drop))
    }

    /// Whether all that a letter has is its envelope. Told when it is drafted, and again when its pages change after somebody has looked, or when the page is
    /// gone again that had answered it; answered when a page comes. An image that is the envelope by its place alone, and bears more than an envelope does, is the letter.
    pub(super) fn judge_envelope(&mut self, letter: &str) -> Result<(), StoreError> {
        if !self.is_envelope_alone(letter)? {
            for found in self.holds_of(letter)? {
                if found.reason == hold::ENVELOPE_ALONE {
                    self.settle_hold(found.id, ACTOR, "it has a page of its own now")?;
                }
            }
            return Ok(());
        }
        let (batch, is_seen): (i64, bool) = self.connection.query_row(
            "SELECT batch_id, EXISTS (SELECT 1 FROM holds h WHERE h.letter_id = l.id AND h.reason = ?2
             AND (h.resolved_ms IS NULL OR h.resolved_by <> ?3 AND h.resolved_ms >= l.last_arrival_ms)) FROM letters l WHERE id = ?1",
            (letter, hold::ENVELOPE_ALONE, ACTOR),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if is_seen {
            return Ok(());
        }
        let new = NewHold {
            batch,
            letter: Some(letter.to_owned()),
            scan: None,
            reason: hold::ENVELOPE_ALONE,
            detail: None,
        };
        hold_once(&self.connection, &new).map(drop)
    }

    fn is_envelope_alone(&self, letter: &str) -> Result<bool, StoreError> {
        let has_more = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM pages WHERE letter_id = ?1 AND kind NOT IN (?2, ?3, ?4)",
            )?
            .exists((
                letter,
                PageKind::Envelope,
                PageKind::Separator,
                PageKind::Retaken,
            ))?;
        if has_more {
            return Ok(false);
        }
        let lines = |page: &ReadPage| page.reading.as_ref().map_or(0, |read| read.lines.len());
        let pages = self.read_pages(letter)?;
        // An image in whose place another stood, which is gone again, is no page of it either.
        let mut of_the_letter = pages.iter().filter(|page| page.kind != PageKind::Retaken);
        Ok(of_the_letter.all(|page| lines(page) <= ENVELOPE_LINES))
    }

    /// Numbers left out among the pages of a letter as its files name them. Told when it is drafted, answered when the pages come. Pages that a person
    /// moved are that person's.
    pub(super) fn judge_numbers(&mut self, letter: &str) -> Result<(), StoreError> {
        let (batch, moved): (i64, bool) = self.connection.query_row(
            "SELECT batch_id, EXISTS (SELECT 1 FROM page_moves WHERE ?1 IN (from_letter, to_letter))
               OR EXISTS (SELECT 1 FROM ledger WHERE subject = 'letter/' || ?1 AND action = ?2) FROM letters WHERE id = ?1",
            (letter, ORDERED),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let numbers: Vec<i64> = self
            .connection
            .prepare_cached(
                &format!("SELECT DISTINCT {NUMBER} AS number FROM pages WHERE letter_id = ?1 AND number > 0 ORDER BY number"),
            )?
            .query_map([letter], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let gaps: Vec<String> = numbers
            .windows(2)
            .filter(|pair| pair[1] > pair[0] + 1)
            .map(|pair| match pair[1] - pair[0] {
                2 => format!("{}", pair[0] + 1),
                _ => format!("{}–{}", pair[0] + 1, pair[1] - 1),
            })
            .collect();
        let told = gaps.join(", ");
        let before: Vec<(i64, String)> = self
            .connection
            .prepare_cached("SELECT id, detail FROM holds WHERE letter_id = ?1 AND reason = ?2 AND resolved_ms IS NULL")?
            .query_map((letter, hold::NUMBER_MISSING), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (id, _) in before.iter().filter(|(_, detail)| *detail != told) {
            self.settle_hold(*id, ACTOR, "the pages that were left out are others now")?;
        }
        match gaps.is_empty() || moved {
            true => Ok(()),
            false => find_once(
                &self.connection,
                (batch, Some(letter)),
                hold::NUMBER_MISSING,
                told,
            ),
        }
    }
}
