//! Pages that come when another batch than their letter's is open: told by the letter's name and by what it lacks, and held for a person (`late_page`). Names come back
//! every day, so the first page of a name that is whole begins a letter of its own.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::letters::{TakePage, first_id};
use super::places::NUMBER;
use crate::clock::{self, Millis};
use crate::domain::intake::ArrivalState;
use crate::domain::text::PageKind;

/// A scanner's software that counts anew every day writes the pages of a name together.
const OTHERS_COME_MS: i64 = 10_000;

/// Whether a page would begin a letter though one of its name came with another batch and lacks it: any page but a first one, and an envelope or a
/// first page where that letter has none.
pub(super) fn is_late(step: &Connection, load: i64, page: &TakePage) -> Result<bool, StoreError> {
    let batch: i64 = step
        .prepare_cached("SELECT batch_id FROM loads WHERE id = ?1")?
        .query_row([load], |row| row.get(0))?;
    let has_begun = step
        .prepare_cached("SELECT 1 FROM letters WHERE batch_id = ?1 AND group_name = ?2")?
        .exists((batch, &page.group))?;
    if has_begun {
        return Ok(false);
    }
    match earlier_letter(step, batch, &page.group)? {
        None => Ok(false),
        Some(_) if page.number.is_some_and(|number| number > 1) => Ok(true),
        Some(earlier) => lacks_first(step, &earlier, page.kind),
    }
}

/// Whether a letter as it came has no first page, or no envelope. What a person sorted, or took everything out of, lacks nothing.
fn lacks_first(step: &Connection, letter: &str, kind: PageKind) -> Result<bool, StoreError> {
    Ok(step
        .prepare_cached(
            &format!("SELECT 1 WHERE EXISTS (SELECT 1 FROM pages WHERE letter_id = ?1)
             AND NOT EXISTS (SELECT 1 FROM pages WHERE letter_id = ?1 AND (hint = 0 OR {NUMBER} = 1) AND (kind = ?3) = ?2)
             AND NOT EXISTS (SELECT 1 FROM page_moves WHERE from_letter = ?1)"),
        )?
        .exists((letter, kind == PageKind::Envelope, PageKind::Envelope))?)
}

/// Whether other files of its name may still come, or are on their way: what begins a letter of this batch takes it along.
pub(super) fn may_be_joined(
    step: &Connection,
    page: &TakePage,
    first_seen: Millis,
) -> Result<bool, StoreError> {
    // One that was seen by a clock that was ahead has waited long enough.
    if (0..OTHERS_COME_MS).contains(&(clock::now().0 - first_seen.0)) {
        return Ok(true);
    }
    Ok(step
        .prepare_cached(
            "SELECT 1 FROM arrivals a JOIN arrivals own ON own.id = ?1 WHERE a.state = ?3 AND a.source = own.source AND a.id <> own.id
             AND a.name < own.name AND instr(a.name, ?2) > 0",
        )?
        .exists((&page.arrival, &page.group, ArrivalState::Waiting))?)
}

/// The newest letter of this name that came with another batch, be it one signed in later that is closed already. Most names never come back: then no batch is looked through.
pub(super) fn earlier_letter(
    step: &Connection,
    batch: i64,
    group: &str,
) -> Result<Option<String>, StoreError> {
    let was_there = step
        .prepare_cached("SELECT 1 FROM letters WHERE id = ?1")?
        .exists([first_id(group)])?;
    if !was_there {
        return Ok(None);
    }
    Ok(step
        .prepare_cached(
            "SELECT l.id FROM batches b CROSS JOIN letters l ON l.batch_id = b.id AND l.group_name = ?2
             WHERE b.id <> ?1 ORDER BY b.id DESC LIMIT 1",
        )?
        .query_row((batch, group), |row| row.get(0))
        .optional()?)
}
