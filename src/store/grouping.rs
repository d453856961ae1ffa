//! Images in their order become letters: by separator sheet, by press, by scan. What does not fit is held for a person, with its reason.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::amiss::same_bytes;
use super::held::is_unread;
use super::letters::{ACTOR, first_seen, subject, take_arrival};
use super::lies::gate_of;
use super::ordered::{Stop, Taking};
use super::scans::open_load;
use super::set_back::set_back;
use super::unreleased::hold_if_opened_early;
use super::{Db, News, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::grouping::{Face, GroupBy, Separator};
use crate::domain::intake::{ArrivalState, Gate, reason};
use crate::evidence::Original;

/// A file whose images are taken in their order.
#[derive(Debug, Clone)]
pub struct TakeOrdered {
    /// Its arrival.
    pub arrival: String,
    /// The scanner.
    pub source: String,
    /// What tells letters apart.
    pub by: GroupBy,
    /// The scan it belongs to, and its place there.
    pub scan: Option<(i64, u32)>,
    /// Sides of a sheet, where it belongs to no scan.
    pub sides: u8,
    /// Its images and what was made out on each.
    pub faces: Vec<(u32, Face)>,
    /// Its bytes in the evidence store.
    pub original: Original,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered {
    /// Its pages belong to these letters now; none for a separator sheet.
    Taken {
        /// The letters, each once.
        letters: Vec<String>,
        /// What a person has to look at because of it.
        holds: Vec<&'static str>,
        /// An earlier arrival with the same bytes.
        same_as: Option<String>,
    },
    /// It was taken by an earlier run.
    Already,
    /// The gate is shut.
    NotNow(Gate),
    /// An image before it is not there yet.
    NotYet,
    /// Its bytes are a page's of a letter returned unread.
    Unread,
    /// Its letter is confirmed or registered.
    LetterClosed {
        /// The letter.
        letter: String,
    },
}

/// Something for a person to look at.
#[derive(Debug, Clone)]
pub(super) struct NewHold<'a> {
    pub(super) batch: i64,
    pub(super) letter: Option<String>,
    pub(super) scan: Option<i64>,
    pub(super) reason: &'a str,
    pub(super) detail: Option<String>,
}

/// The same, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Number.
    pub id: i64,
    /// The batch.
    pub batch: i64,
    /// The letter, where it is about one.
    pub letter: Option<String>,
    /// The scan, where it came from one.
    pub scan: Option<i64>,
    /// Stable code.
    pub reason: String,
    /// Which sheet, which place.
    pub detail: Option<String>,
    /// Since when.
    pub at: Millis,
    /// Who looked, what was found, when.
    pub resolved: Option<(String, String, Millis)>,
}

impl Hold {
    /// What it says beside its reason, word by word: among them what letters and their files are called.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let detail = self.detail.as_deref().unwrap_or_default();
        let front = detail.split_once(": ").map(|(front, _)| front);
        detail.split([' ', ':', '=', ',']).chain(front)
    }
}

/// What is kept from somebody, as findings name it.
#[derive(Debug, Clone, Default)]
pub struct KeptNames {
    /// Letters.
    pub(super) letters: BTreeSet<String>,
    /// What their files are called, by batch.
    pub(super) names: BTreeSet<(i64, String)>,
}

impl KeptNames {
    /// Whether a finding names one of these letters, as its own or in its words: `A1 = A2`, `A1: A1_p2.jpg`.
    pub fn is_about(&self, hold: &Hold) -> bool {
        let is_kept = |word: &str| {
            self.letters.contains(word) || self.names.contains(&(hold.batch, word.to_owned()))
        };
        hold.letter
            .as_deref()
            .into_iter()
            .chain(hold.words())
            .any(is_kept)
    }
}

/// Notes a hold unless the same is open. Says whether it is news.
pub(super) fn hold_once(step: &Connection, new: &NewHold<'_>) -> Result<News, StoreError> {
    let open: bool = step.query_row(
        "SELECT EXISTS (SELECT 1 FROM holds WHERE batch_id = ?1 AND letter_id IS ?2 AND reason = ?3 AND detail IS ?4 AND scan_id IS ?5 AND resolved_ms IS NULL)",
        (new.batch, &new.letter, new.reason, &new.detail, new.scan),
        |row| row.get(0),
    )?;
    if open {
        return Ok(News::Known);
    }
    step.execute(
        "INSERT INTO holds (batch_id, letter_id, scan_id, reason, detail, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (new.batch, &new.letter, new.scan, new.reason, &new.detail, clock::now()),
    )?;
    let about = match &new.letter {
        Some(letter) => format!("letter/{letter}"),
        None => format!("batch/{}", new.batch),
    };
    let id = step.last_insert_rowid().to_string();
    let mut detail = json!({"reason": new.reason, "detail": new.detail, "scan": new.scan});
    vouch::along(step, &mut detail, (vouch::HOLDS, &id))?;
    ledger::append(step, ACTOR, "hold.made", &about, &detail)?;
    Ok(News::New)
}

/// A stack of paper: one scan, or all that one folder brings for a batch.
pub(super) type Stack<'a> = (&'a str, i64, Option<i64>);

/// The separator that the next page of a stack lies behind.
pub(super) fn last_separator(
    connection: &Connection,
    (source, batch, scan): Stack<'_>,
) -> Result<Option<Separator>, StoreError> {
    separator_before(connection, (source, batch, scan), i64::MAX)
        .map(|found| found.map(|(_, separator)| separator))
}

pub(super) fn separator_before(
    connection: &Connection,
    (source, batch, scan): Stack<'_>,
    before: i64,
) -> Result<Option<(i64, Separator)>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT id, run, number FROM separators_seen WHERE source = ?1 AND batch_id = ?2 AND scan_id IS ?3 AND side = 'front' AND id < ?4
         ORDER BY id DESC LIMIT 1",
    )?;
    let found = query
        .query_row((source, batch, scan, before), |row| {
            Ok((
                row.get(0)?,
                Separator {
                    run: row.get(1)?,
                    number: row.get(2)?,
                },
            ))
        })
        .optional()?;
    Ok(found)
}

impl Db {
    /// The last separator of a folder, while nothing came behind it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_separator(&self, source: &str) -> Result<Option<Separator>, StoreError> {
        let last = self
            .connection
            .prepare_cached(
                "SELECT run, number, batch_id FROM (SELECT * FROM separators_seen WHERE source = ?1 AND scan_id IS NULL ORDER BY id DESC LIMIT 1)
                 WHERE side = 'front'",
            )?
            .query_row([source], |row| {
                let (run, number) = (row.get(0)?, row.get(1)?);
                Ok((Separator { run, number }, row.get::<_, i64>(2)?))
            })
            .optional()?;
        let Some((separator, batch)) = last else {
            return Ok(None);
        };
        let has_begun = self
            .connection
            .prepare_cached("SELECT 1 FROM letters WHERE batch_id = ?1 AND group_name = ?2")?
            .exists((batch, separator.label()))?;
        Ok((!has_begun).then_some(separator))
    }

    /// Takes a file whose images are grouped by their order: arrival, letters, pages, separators and ledger in one transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival or scan.
    pub fn take_ordered(&mut self, take: &TakeOrdered) -> Result<Ordered, StoreError> {
        let found = self.arrival(&take.arrival)?;
        if found.state == ArrivalState::Taken {
            return Ok(Ordered::Already);
        }
        let scan = take.scan.map(|(id, _)| self.scan(id)).transpose()?;
        let step = self.connection.savepoint()?;
        if set_back(&step)?.is_some() {
            return Ok(Ordered::NotNow(Gate::ClockSetBack));
        }
        let (load, batch) = match &scan {
            // Begun for an open load: which load that was is known, and a release never reaches back before the scan.
            Some(scan) => match open_load(&step, scan.load)? {
                Some(batch) => (scan.load, batch),
                None => return Ok(Ordered::NotNow(Gate::NoReleasedLoad)),
            },
            None => match gate_of(&step, &found, take.by)? {
                Gate::Enter { load } => {
                    let batch = step.query_row(
                        "SELECT batch_id FROM loads WHERE id = ?1",
                        [load],
                        |row| row.get(0),
                    )?;
                    (load, batch)
                }
                shut => return Ok(Ordered::NotNow(shut)),
            },
        };
        let waited = found.reason.as_deref() == Some(reason::WHICH_BATCH);
        let waited_since = match waited && take.by == GroupBy::Press {
            true => first_seen(&step, &found)?.after,
            false => None,
        };
        let gap = match take.scan {
            Some((scan, place)) if place > 1 => !is_there(&step, scan, place - 1)?,
            _ => false,
        };
        let over = scan.as_ref().is_some_and(|scan| scan.ended.is_some());
        if gap && !over {
            return Ok(Ordered::NotYet);
        }
        if is_unread(&step, &take.original.sha256)? {
            return Ok(Ordered::Unread);
        }
        // The image before it never comes any more, or a person has looked at this scan already: somebody has to look now.
        let late = gap || scan.as_ref().is_some_and(|scan| scan.settled.is_some());
        let mut taking = Taking {
            step: &step,
            take,
            batch,
            load,
            sides: u32::from(scan.as_ref().map_or(take.sides, |scan| scan.sides)),
            waited_since,
            letters: Vec::new(),
            frames: Vec::new(),
            holds: Vec::new(),
        };
        match taking.all().and_then(|()| taking.look_again_if(late)) {
            Ok(()) => {}
            Err(Stop::Closed(letter)) => return Ok(Ordered::LetterClosed { letter }),
            Err(Stop::Store(error)) => return Err(error),
        }
        let (letters, frames, holds) = (taking.letters, taking.frames, taking.holds);
        let same_as = take_arrival(&step, &take.arrival, &take.original)?;
        for letter in &letters {
            same_bytes(&step, batch, (letter, &take.arrival), same_as.as_deref())?;
        }
        if let Some(letter) = letters.first() {
            hold_if_opened_early(&step, (batch, letter), &take.arrival)?;
        }
        let (scan, place) = take.scan.unzip();
        step.execute(
            "UPDATE arrivals SET scan_id = ?2, place = ?3 WHERE id = ?1",
            (&take.arrival, scan, place),
        )?;
        let detail = json!({"letters": letters, "frames": frames, "load": load, "scan": scan, "place": place, "sha256": take.original.sha256,
            "sm3": take.original.sm3, "size": take.original.size, "same_as": same_as, "holds": holds});
        ledger::append(
            &step,
            ACTOR,
            "page.arrived",
            &subject(&take.arrival),
            &detail,
        )?;
        step.commit()?;
        Ok(Ordered::Taken {
            letters,
            holds,
            same_as,
        })
    }
}

/// Whether an image of a scan is registered or held.
fn is_there(step: &Connection, scan: i64, place: u32) -> Result<bool, StoreError> {
    Ok(step.query_row(
        "SELECT EXISTS (SELECT 1 FROM arrivals WHERE scan_id = ?1 AND place = ?2 AND state IN (?3, ?4, ?5))",
        (
            scan,
            place,
            ArrivalState::Taken,
            ArrivalState::Held,
            ArrivalState::SetAside,
        ),
        |row| row.get(0),
    )?)
}
