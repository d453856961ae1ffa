//! Images in their order become letters: by separator sheet, by press, by scan. What does not fit is held for a person, with its reason.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::letters::{ACTOR, gate, letter_of, subject, take_arrival};
use super::scans::open_load;
use super::{Db, News, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::grouping::{Face, GroupBy, Separator, after, hold};
use crate::domain::intake::{ArrivalState, Gate};
use crate::domain::letter::Stage;
use crate::domain::text::PageKind;
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

/// Notes a hold unless the same is open. Says whether it is news.
pub(super) fn hold_once(step: &Connection, new: &NewHold<'_>) -> Result<News, StoreError> {
    let open: bool = step.query_row(
        "SELECT EXISTS (SELECT 1 FROM holds WHERE batch_id = ?1 AND letter_id IS ?2 AND reason = ?3 AND detail IS ?4 AND resolved_ms IS NULL)",
        (new.batch, &new.letter, new.reason, &new.detail),
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
    let detail = json!({"reason": new.reason, "detail": new.detail, "scan": new.scan});
    ledger::append(step, ACTOR, "hold.made", &about, &detail)?;
    Ok(News::New)
}

/// A stack of paper: one scan, or all that one folder brings for a batch.
type Stack<'a> = (&'a str, i64, Option<i64>);

/// The separator that the next page of a stack lies behind.
pub(super) fn last_separator(
    connection: &Connection,
    (source, batch, scan): Stack<'_>,
) -> Result<Option<Separator>, StoreError> {
    separator_before(connection, (source, batch, scan), i64::MAX)
        .map(|found| found.map(|(_, separator)| separator))
}

fn separator_before(
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

/// One file being taken.
struct Taking<'a> {
    step: &'a Connection,
    take: &'a TakeOrdered,
    batch: i64,
    load: i64,
    sides: u32,
    letters: Vec<String>,
    /// Which images became pages; the ledger vouches for them.
    frames: Vec<u32>,
    holds: Vec<&'static str>,
}

/// Why nothing is written.
enum Stop {
    Closed(String),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Db {
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
        let (load, batch) = match &scan {
            // Begun for an open load: which load that was is known, and a release never reaches back before the scan.
            Some(scan) => match open_load(&step, scan.load)? {
                Some(batch) => (scan.load, batch),
                None => return Ok(Ordered::NotNow(Gate::NoReleasedLoad)),
            },
            None => match gate(&step, found.first_seen)? {
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
        if let Some((scan, place)) = take.scan
            && place > 1
            && !is_there(&step, scan, place - 1)?
        {
            return Ok(Ordered::NotYet);
        }
        let mut taking = Taking {
            step: &step,
            take,
            batch,
            load,
            sides: scan.map_or(1, |scan| u32::from(scan.sides)),
            letters: Vec::new(),
            frames: Vec::new(),
            holds: Vec::new(),
        };
        match taking.all() {
            Ok(()) => {}
            Err(Stop::Closed(letter)) => return Ok(Ordered::LetterClosed { letter }),
            Err(Stop::Store(error)) => return Err(error),
        }
        let (letters, frames, holds) = (taking.letters, taking.frames, taking.holds);
        let same_as = take_arrival(&step, &take.arrival, &take.original)?;
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
        "SELECT EXISTS (SELECT 1 FROM arrivals WHERE scan_id = ?1 AND place = ?2 AND state IN (?3, ?4))",
        (scan, place, ArrivalState::Taken, ArrivalState::Held),
        |row| row.get(0),
    )?)
}

impl Taking<'_> {
    fn stack(&self) -> Stack<'_> {
        (
            &self.take.source,
            self.batch,
            self.take.scan.map(|(scan, _)| scan),
        )
    }

    fn all(&mut self) -> Result<(), Stop> {
        let take = self.take;
        for (frame, face) in &take.faces {
            match face {
                Face::Page => self.page(*frame, None)?,
                Face::Disputed => self.page(*frame, Some(hold::SEPARATOR_DISPUTED))?,
                Face::Unseen => self.page(*frame, Some(hold::IMAGE_NOT_SEEN))?,
                Face::Separator(separator) if !self.is_ours(separator)? => {
                    self.page(*frame, Some(hold::SEPARATOR_FOREIGN))?;
                }
                Face::Separator(separator) => self.separator(*frame, separator)?,
                Face::SeparatorBack(separator) => self.seen(*frame, separator, "back").map(drop)?,
            }
        }
        Ok(())
    }

    fn is_ours(&self, separator: &Separator) -> Result<bool, StoreError> {
        Ok(self.step.query_row(
            "SELECT EXISTS (SELECT 1 FROM separator_runs WHERE run = ?1 AND count >= ?2)",
            (&separator.run, separator.number),
            |row| row.get(0),
        )?)
    }

    fn seen(&self, frame: u32, separator: &Separator, side: &str) -> Result<i64, StoreError> {
        let (source, batch, scan) = self.stack();
        self.step.execute(
            "INSERT INTO separators_seen (arrival_id, frame, source, batch_id, scan_id, run, number, side, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (&self.take.arrival, frame, source, batch, scan, &separator.run, separator.number, side, clock::now()),
        )?;
        Ok(self.step.last_insert_rowid())
    }

    /// A separator begins the next letter. What it says about the letter before is noted now, about its own when that begins.
    fn separator(&mut self, frame: u32, separator: &Separator) -> Result<(), Stop> {
        let before = last_separator(self.step, self.stack())?;
        self.seen(frame, separator, "front")?;
        let Some(before) = before else {
            return Ok(());
        };
        let letter = self.letter_named(&before.label())?;
        if letter.is_none() {
            self.hold(None, hold::LETTER_EMPTY, Some(before.label()))?;
        }
        if after(Some(&before), separator) == Some(hold::SEPARATOR_SKIPPED) {
            let between = format!("{} → {}", before.label(), separator.label());
            self.hold(letter, hold::SEPARATOR_SKIPPED, Some(between))?;
        }
        Ok(())
    }

    fn letter_named(&self, group: &str) -> Result<Option<String>, StoreError> {
        let mut query = self
            .step
            .prepare_cached("SELECT id FROM letters WHERE batch_id = ?1 AND group_name = ?2")?;
        Ok(query
            .query_row((self.batch, group), |row| row.get(0))
            .optional()?)
    }

    fn hold(
        &mut self,
        letter: Option<String>,
        reason: &'static str,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        let new = NewHold {
            batch: self.batch,
            letter,
            scan: self.take.scan.map(|(scan, _)| scan),
            reason,
            detail,
        };
        if hold_once(self.step, &new)? == News::New {
            self.holds.push(reason);
        }
        Ok(())
    }

    /// The name of the letter that a page belongs to now, and what is odd about that.
    fn group(&self) -> Result<(String, Option<&'static str>), StoreError> {
        let (source, batch, scan) = self.stack();
        match (self.take.by, scan) {
            (GroupBy::Separator, _) => {
                let Some((id, separator)) = separator_before(self.step, self.stack(), i64::MAX)?
                else {
                    let group = scan.map_or_else(
                        || format!("{source}-{batch}"),
                        |scan| format!("scan-{scan}"),
                    );
                    return Ok((group, Some(hold::SEPARATOR_MISSING)));
                };
                let times: u32 = self.step.query_row(
                    "SELECT count(*) FROM separators_seen WHERE batch_id = ?1 AND run = ?2 AND number = ?3 AND side = 'front'",
                    (batch, &separator.run, separator.number),
                    |row| row.get(0),
                )?;
                let before = separator_before(self.step, self.stack(), id)?;
                let odd = match after(before.as_ref().map(|(_, before)| before), &separator) {
                    _ if times > 1 => Some(hold::SEPARATOR_REPEATED),
                    Some(hold::SEPARATOR_OUT_OF_ORDER) => Some(hold::SEPARATOR_OUT_OF_ORDER),
                    _ => None,
                };
                Ok((separator.label(), odd))
            }
            (GroupBy::Scan, Some(scan)) => Ok((format!("scan-{scan}"), None)),
            _ => {
                let pressed: u32 = self.step.query_row(
                    "SELECT count(*) FROM next_letters WHERE batch_id = ?1",
                    [batch],
                    |row| row.get(0),
                )?;
                Ok((format!("B{batch}-{:03}", pressed + 1), None))
            }
        }
    }

    fn page(&mut self, frame: u32, odd: Option<&'static str>) -> Result<(), Stop> {
        let (group, odd_group) = self.group()?;
        let (letter, stage) = letter_of(self.step, self.load, &group)?;
        let withheld: bool = self.step.query_row(
            "SELECT withheld IS NOT NULL FROM letters WHERE id = ?1",
            [&letter],
            |row| row.get(0),
        )?;
        if withheld || matches!(stage, Stage::Confirmed | Stage::Registered) {
            return Err(Stop::Closed(letter));
        }
        let so_far: u32 = self.step.query_row(
            "SELECT count(*) FROM pages WHERE letter_id = ?1",
            [&letter],
            |row| row.get(0),
        )?;
        // Envelope first, then the letter: the first sheet is the envelope.
        let (kind, number) = match so_far < self.sides {
            true => (PageKind::Envelope, so_far + 1),
            false => (PageKind::Letter, so_far + 1 - self.sides),
        };
        let original = &self.take.original;
        self.step.execute(
            "INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (&letter, &self.take.arrival, frame, kind, number, &original.sha256, &original.sm3, original.size as i64),
        )?;
        self.frames.push(frame);
        for reason in [odd, odd_group, self.out_of_order()?].into_iter().flatten() {
            self.hold(Some(letter.clone()), reason, None)?;
        }
        if !self.letters.contains(&letter) {
            self.letters.push(letter);
        }
        Ok(())
    }

    /// Of a folder, names have to rise: software that restarts its counter puts pages in front of others.
    fn out_of_order(&self) -> Result<Option<&'static str>, StoreError> {
        if self.take.scan.is_some() {
            return Ok(None);
        }
        let name = |id: &str| -> Result<Option<String>, StoreError> {
            let mut query = self
                .step
                .prepare_cached("SELECT name FROM arrivals WHERE id = ?1")?;
            Ok(query.query_row([id], |row| row.get(0)).optional()?)
        };
        let last: Option<String> = self
            .step
            .query_row(
                "SELECT a.name FROM pages p JOIN arrivals a ON a.id = p.arrival_id JOIN letters l ON l.id = p.letter_id
                 WHERE l.batch_id = ?1 AND a.source = ?2 AND a.id <> ?3 ORDER BY p.id DESC LIMIT 1",
                (self.batch, &self.take.source, &self.take.arrival),
                |row| row.get(0),
            )
            .optional()?;
        let lower = match (last, name(&self.take.arrival)?) {
            (Some(last), Some(name)) => natural(&name) < natural(&last),
            _ => false,
        };
        Ok(lower.then_some(hold::OUT_OF_ORDER))
    }
}

/// A name as people sort it: runs of digits count as numbers.
fn natural(name: &str) -> Vec<(bool, u64, String)> {
    let mut parts: Vec<(bool, u64, String)> = Vec::new();
    for c in name.chars() {
        let digit = c.to_digit(10).filter(|_| c.is_ascii_digit());
        match (parts.last_mut(), digit) {
            (Some((true, number, _)), Some(digit)) => {
                *number = number.saturating_mul(10).saturating_add(u64::from(digit));
            }
            (Some((false, _, text)), None) => text.push(c),
            (_, Some(digit)) => parts.push((true, u64::from(digit), String::new())),
            (_, None) => parts.push((false, 0, c.to_string())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn names_are_ordered_as_people_do() {
        assert!(natural("Scan_2.jpg") < natural("Scan_10.jpg"));
        assert!(natural("a/0009.jpg") < natural("a/0010.jpg"));
        assert!(natural("Scan_9999.jpg") > natural("Scan_0001.jpg"));
    }
}
