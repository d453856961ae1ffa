//! Letters that come beyond what was counted into the opened loads of their batch, while others lie about that no cycle released: nothing
//! in a folder tells whose they are. Each waits for a person, and is neither confirmed nor handed over before.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::grouping::{NewHold, hold_once};
use crate::clock::Millis;
use crate::domain::balance::{Exception, InLoad, letters_not_loaded, letters_opened};
use crate::domain::grouping::hold;
use crate::domain::letter::LoadState;

/// Of a batch: the letters it should have by what is on record, and its loads.
pub(super) fn letters_and_loads(
    step: &Connection,
    batch: i64,
) -> Result<(i64, Vec<InLoad>), StoreError> {
    let count: i64 = step.query_row("SELECT count FROM batches WHERE id = ?1", [batch], |row| {
        row.get(0)
    })?;
    let mut query =
        step.prepare_cached("SELECT kind, letters FROM batch_exceptions WHERE batch_id = ?1")?;
    let exceptions = query.query_map([batch], |row| {
        let (kind, letters): (Exception, i64) = (row.get(0)?, row.get(1)?);
        Ok(kind.sign() * letters)
    })?;
    let expected = count + exceptions.sum::<Result<i64, _>>()?;
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
    Ok((expected, loads.collect::<Result<_, _>>()?))
}

/// Holds a letter that has just begun, if it may be one that no cycle released. As long as a batch has not more letters than were
/// counted into its opened loads, another load may wait, or have its cycle, beside it.
pub(super) fn hold_if_beyond(
    step: &Connection,
    (batch, letter): (i64, &str),
) -> Result<(), StoreError> {
    let (expected, loads) = letters_and_loads(step, batch)?;
    let rest = letters_not_loaded(expected, &loads).is_some_and(|letters| letters > 0);
    let elsewhere = match unreleased(step, batch)? {
        Some(load) => Some(format!("load {load}")),
        None if rest => Some(format!("batch {batch}")),
        None => not_loaded(step)?.map(|batch| format!("batch {batch}")),
    };
    let Some(detail) = elsewhere else {
        return Ok(());
    };
    // Counted last: a batch may have thousands of letters, and usually nothing else lies about.
    let before = letters_with_pages(step, (batch, letter))?;
    if letters_opened(expected, &loads).is_some_and(|opened| before < opened) {
        return Ok(());
    }
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

/// The letters of a batch that have pages, but for one.
fn letters_with_pages(step: &Connection, (batch, but): (i64, &str)) -> Result<i64, StoreError> {
    Ok(step.query_row(
        "SELECT count(DISTINCT p.letter_id) FROM pages p JOIN letters l ON l.id = p.letter_id WHERE l.batch_id = ?1 AND l.id <> ?2",
        (batch, but),
        |row| row.get(0),
    )?)
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
    let (expected, loads) = letters_and_loads(step, batch)?;
    let begun = letters_with_pages(step, (batch, ""))?;
    let is_all = letters_opened(expected, &loads).is_some_and(|opened| begun >= opened);
    Ok(noted.filter(|_| is_all))
}
