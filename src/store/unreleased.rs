//! Letters that come beyond what was counted into the opened loads of their batch: nothing in a folder tells whose they are, and whether a cycle
//! released them. Each waits for an officer, and is neither confirmed nor handed over before. Likewise a letter of which a page was there before the
//! release: it was opened before it was disinfected.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::amiss::find_once;
use super::balance::counts;
use super::grouping::{NewHold, hold_once};
use super::letters::ACTOR;
use super::{Db, Hold, StoreError};
use crate::clock::Millis;
use crate::domain::balance::{Exception, InLoad, letters_not_loaded, letters_opened};
use crate::domain::grouping::hold;
use crate::domain::intake::{ArrivalState, reason};
use crate::domain::letter::LoadState;
use crate::domain::own_time::{Made, OwnTime};

/// Of a batch: the letters it should have by what is on record, how many of them were found beyond those signed in, and its loads.
pub(super) fn letters_and_loads(
    step: &Connection,
    batch: i64,
) -> Result<(i64, i64, Vec<InLoad>), StoreError> {
    let count: i64 = step.query_row("SELECT count FROM batches WHERE id = ?1", [batch], |row| {
        row.get(0)
    })?;
    let mut query = step.prepare_cached(concat!(
        "SELECT e.kind, e.letters FROM batch_exceptions e WHERE e.batch_id = ?1 AND ",
        counts!()
    ))?;
    let exceptions = query.query_map([batch], |row| {
        let (kind, letters): (Exception, i64) = (row.get(0)?, row.get(1)?);
        Ok(kind.sign() * letters)
    })?;
    let exceptions: Vec<i64> = exceptions.collect::<Result<_, _>>()?;
    let expected = count + exceptions.iter().sum::<i64>();
    let more = exceptions.iter().filter(|letters| **letters > 0).sum();
    let mut query = step.prepare_cached(
        "SELECT n.letters, l.state FROM loads l LEFT JOIN load_letters n ON n.load_id = l.id WHERE l.batch_id = ?1",
    )?;
    let loads = query.query_map([batch], |row| {
        let state: LoadState = row.get(1)?;
        Ok(InLoad {
            letters: row.get(0)?,
            opened: state.may_be_opened(),
        })
    })?;
    Ok((expected, more, loads.collect::<Result<_, _>>()?))
}

/// Behind the number of letters that were released: nothing but that number speaks against the letter.
const BEYOND: &str = " released, this one is beyond";

impl Hold {
    /// It says how many letters of its batch were released.
    #[must_use]
    pub fn counts_letters(&self) -> bool {
        let detail = self.detail.as_deref().unwrap_or_default();
        self.reason == hold::UNRELEASED_LOAD && detail.ends_with(BEYOND)
    }
}

/// Whether only the number of its batch's letters speaks against a letter.
pub(super) fn is_number_alone(hold: &Hold) -> bool {
    hold.reason == hold::UNRELEASED_LOAD
        && hold.detail.as_ref().is_some_and(|detail| {
            // As an older laixin wrote it.
            detail.ends_with(BEYOND) || *detail == format!("batch {}", hold.batch)
        })
}

/// Holds a letter that has just begun, if it may be one that no cycle released: when its batch has more letters than were counted into its opened
/// loads, whatever else waits or has its cycle beside it.
pub(super) fn hold_if_beyond(
    step: &Connection,
    (batch, letter): (i64, &str),
) -> Result<(), StoreError> {
    let (expected, more, loads) = letters_and_loads(step, batch)?;
    let opened = letters_opened(expected, more, &loads);
    // A batch may have thousands of letters: those without a page are told apart only where it matters.
    let begun: i64 = step
        .prepare_cached("SELECT count(*) FROM letters WHERE batch_id = ?1 AND id <> ?2")?
        .query_row((batch, letter), |row| row.get(0))?;
    if let Some(opened) = opened
        && (begun < opened || letters_with_pages(step, (batch, letter), opened)? < opened)
    {
        return Ok(());
    }
    let rest = letters_not_loaded(expected, &loads).is_some_and(|letters| letters > 0);
    let another = match rest {
        true => None,
        false => not_loaded(step)?,
    };
    let detail = match (unreleased(step, batch)?, another) {
        (Some(load), _) => format!("load {load}"),
        (None, Some(other)) => format!("batch {other}"),
        (None, None) => format!("{}{BEYOND}", opened.unwrap_or(0)),
    };
    let new = NewHold {
        batch,
        letter: Some(letter.to_owned()),
        scan: None,
        reason: hold::UNRELEASED_LOAD,
        detail: Some(detail),
    };
    hold_once(step, &new)?;
    Ok(())
}

/// The letters that came last of a batch wait again, as many as there are beyond those counted into its opened loads.
pub(super) fn hold_again_beyond(step: &Connection, batch: i64) -> Result<(), StoreError> {
    let (expected, more, loads) = letters_and_loads(step, batch)?;
    let opened = letters_opened(expected, more, &loads).unwrap_or(0);
    let beyond = letters_with_pages(step, (batch, ""), i64::MAX)? - opened;
    let mut query = step.prepare_cached(
        "SELECT l.id FROM letters l WHERE l.batch_id = ?1 AND EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = l.id)
         ORDER BY l.created_ms DESC, l.rowid DESC LIMIT max(?2, 0)",
    )?;
    let last = query.query_map((batch, beyond), |row| row.get::<_, String>(0))?;
    let last = last.collect::<Result<Vec<_>, _>>()?;
    last.iter()
        .try_for_each(|letter| hold_if_beyond(step, (batch, letter)))
}

impl Db {
    /// Letters were found beyond what was signed in, and a person said why: those that only their number held go on, the oldest first. Where another load or
    /// batch lies about that no cycle released, an officer still has to look.
    pub(super) fn count_was_corrected(
        &mut self,
        batch: i64,
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        let (expected, more, loads) = letters_and_loads(&self.connection, batch)?;
        let letters = letters_with_pages(&self.connection, (batch, ""), i64::MAX)?;
        let mut held = self.open_holds(Some(batch), u32::MAX)?;
        held.retain(is_number_alone);
        let beyond = letters - letters_opened(expected, more, &loads).unwrap_or(0);
        let stay = usize::try_from(beyond).unwrap_or(0);
        let go_on = held.len().saturating_sub(stay);
        held.into_iter()
            .take(go_on)
            .try_for_each(|hold| self.settle_hold(hold.id, by, why).map(drop))
    }
}

/// Holds a letter that was opened before it was disinfected: the same file was there before the release, and came again.
pub(super) fn hold_if_opened_early(
    step: &Connection,
    (batch, letter): (i64, &str),
    arrival: &str,
) -> Result<(), StoreError> {
    let early: Option<String> = step
        // The name may come back another day, once it was taken.
        .prepare_cached(
            "SELECT e.name FROM arrivals a JOIN arrivals e ON e.source = a.source AND e.name = a.name AND e.rowid < a.rowid
             WHERE a.id = ?1 AND e.reason = ?2 AND NOT EXISTS (
               SELECT 1 FROM arrivals t WHERE t.source = a.source AND t.name = a.name AND +t.state = ?3 AND t.id <> a.id AND t.taken_ms > e.first_seen_ms)
             LIMIT 1",
        )?
        .query_row((arrival, reason::SEEN_BEFORE_RELEASE, ArrivalState::Taken), |row| row.get(0))
        .optional()?;
    match early {
        Some(name) => opened_early(step, (batch, letter), name),
        None => Ok(()),
    }
}

/// A page of this letter was there before its load was released.
pub(super) fn opened_early(
    step: &Connection,
    (batch, letter): (i64, &str),
    name: String,
) -> Result<(), StoreError> {
    let letter = Some(letter);
    find_once(step, (batch, letter), hold::OPENED_BEFORE_RELEASE, name)
}

/// What a page's own time came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnTimeJudged {
    /// When it was first seen.
    pub first_seen: Millis,
    /// Against the release of its letter's load.
    pub made: Made,
}

/// A letter of a file, its batch and the release of its load.
type OfFile = (String, i64, Millis);

impl Db {
    /// Holds the letters of a file that was made before the release by its own time; a clock that is off is told once a batch.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn judge_own_time(
        &mut self,
        arrival: &str,
        own: OwnTime,
    ) -> Result<OwnTimeJudged, StoreError> {
        let found = self.arrival(arrival)?;
        let mut worst = Made::After;
        for (letter, batch, released) in self.letters_of_file(arrival)? {
            let made = own.against(released.0);
            let time = own
                .made_ms
                .map_or_else(|| "–".to_owned(), |made| Millis(made).rfc3339());
            let step = &self.connection;
            match made {
                Made::After => continue,
                Made::Before => {
                    let told = format!("{}: {time} < {}", found.name, released.rfc3339());
                    let one = (batch, Some(letter.as_str()));
                    find_one(step, one, hold::MADE_BEFORE_RELEASE, ("", told))?;
                }
                Made::ByAClockThatIsOff | Made::Untimed => {
                    let source = format!("{}: ", found.source);
                    let told = format!("{source}{time} ≠ {}", found.first_seen.rfc3339());
                    find_one(
                        step,
                        (batch, None),
                        hold::SCANNER_CLOCK_OFF,
                        (&source, told),
                    )?;
                }
            }
            worst = made;
        }
        Ok(OwnTimeJudged {
            first_seen: found.first_seen,
            made: worst,
        })
    }

    /// A clock was measured: letters that only it held go on, and the clock itself is told.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn clock_explains(&mut self, files: &[(String, OwnTime)]) -> Result<(), StoreError> {
        const WHY: &str = "the scanner's clock is off by as much, as its other pages show";
        let (mut explained, mut stay) = (BTreeSet::new(), BTreeSet::new());
        for (arrival, own) in files {
            for (letter, _, released) in self.letters_of_file(arrival)? {
                match own.against(released.0) {
                    Made::Before => stay.insert(letter),
                    _ => explained.insert(letter),
                };
            }
        }
        for letter in explained.difference(&stay) {
            let open = self.holds_of(letter)?.into_iter();
            let by_time = open.filter(|open| open.reason == hold::MADE_BEFORE_RELEASE);
            for open in by_time.collect::<Vec<_>>() {
                self.settle_hold(open.id, ACTOR, WHY)?;
            }
        }
        files
            .iter()
            .try_for_each(|(arrival, own)| self.judge_own_time(arrival, *own).map(drop))
    }

    fn letters_of_file(&self, arrival: &str) -> Result<Vec<OfFile>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT l.id, l.batch_id, o.released_ms FROM pages p JOIN letters l ON l.id = p.letter_id JOIN loads o ON o.id = l.load_id
             WHERE p.arrival_id = ?1 AND o.released_ms IS NOT NULL ORDER BY l.id",
        )?;
        let rows = query.query_map([arrival], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Notes a finding unless there was one with that reason about the same letter, or with the same front of its detail about the batch.
fn find_one(
    step: &Connection,
    (batch, letter): (i64, Option<&str>),
    reason: &'static str,
    (front, detail): (&str, String),
) -> Result<(), StoreError> {
    let known = step
        .prepare_cached(
            "SELECT 1 FROM holds WHERE batch_id = ?1 AND letter_id IS ?2 AND reason = ?3 AND substr(detail, 1, length(?4)) = ?4",
        )?
        .exists((batch, letter, reason, front))?;
    match known {
        true => Ok(()),
        false => find_once(step, (batch, letter), reason, detail),
    }
}

/// The letters of a batch that have pages, but for one; counted up to a number where more do not matter: there may be thousands.
fn letters_with_pages(
    step: &Connection,
    (batch, but): (i64, &str),
    at_most: i64,
) -> Result<i64, StoreError> {
    let mut query = step.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM letters l WHERE l.batch_id = ?1 AND l.id <> ?2
         AND EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = l.id) LIMIT ?3)",
    )?;
    Ok(query.query_row((batch, but, at_most), |row| row.get(0))?)
}

/// A load that no cycle released and nobody overrode, of this batch if there is one. What waits for a closed batch waits for nothing.
fn unreleased(step: &Connection, batch: i64) -> Result<Option<i64>, StoreError> {
    let mut query = step.prepare_cached(
        "SELECT l.id FROM loads l JOIN batches b ON b.id = l.batch_id
         WHERE l.state IN (?1, ?2) OR (l.state = ?3 AND b.closed_ms IS NULL) ORDER BY l.batch_id = ?4 DESC, l.id LIMIT 1",
    )?;
    let states = (
        LoadState::Quarantined,
        LoadState::InCycle,
        LoadState::Waiting,
        batch,
    );
    Ok(query.query_row(states, |row| row.get(0)).optional()?)
}

/// An open batch that was put into no cabinet yet.
fn not_loaded(step: &Connection) -> Result<Option<i64>, StoreError> {
    let mut query = step.prepare_cached(
        "SELECT id FROM batches b WHERE closed_ms IS NULL AND NOT EXISTS (SELECT 1 FROM loads l WHERE l.batch_id = b.id) ORDER BY id LIMIT 1",
    )?;
    Ok(query.query_row([], |row| row.get(0)).optional()?)
}

/// Of a batch whose opened letters have all begun: what was noted since its last letter's last page and is not released. A sheet that comes behind
/// that letter now may be of that. Earlier in a batch, loading the next one while this one is scanned is how a mailroom works.
pub(super) fn noted_since(
    step: &Connection,
    batch: i64,
    last: Millis,
) -> Result<Option<String>, StoreError> {
    let mut query = step.prepare_cached(
        "SELECT 'load ' || l.id FROM loads l JOIN batches b ON b.id = l.batch_id
         WHERE l.created_ms > ?1 AND (l.state IN (?2, ?3) OR (l.state = ?4 AND b.closed_ms IS NULL))
         UNION ALL SELECT 'batch ' || b.id FROM batches b WHERE b.created_ms > ?1 AND b.closed_ms IS NULL
         AND NOT EXISTS (SELECT 1 FROM loads l WHERE l.batch_id = b.id) LIMIT 1",
    )?;
    let wanted = (
        last,
        LoadState::Quarantined,
        LoadState::InCycle,
        LoadState::Waiting,
    );
    let noted: Option<String> = query.query_row(wanted, |row| row.get(0)).optional()?;
    if noted.is_none() {
        return Ok(None);
    }
    let (expected, more, loads) = letters_and_loads(step, batch)?;
    let is_all = match letters_opened(expected, more, &loads) {
        Some(opened) => letters_with_pages(step, (batch, ""), opened)? >= opened,
        None => false,
    };
    Ok(noted.filter(|_| is_all))
}
