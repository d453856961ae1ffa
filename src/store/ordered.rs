//! One file whose images are taken in their order: each image's letter, and what is odd about it.

use rusqlite::{Connection, OptionalExtension};

use super::amiss::{beside_held, last_letter, last_separator_at};
use super::grouping::{NewHold, Stack, TakeOrdered, hold_once, last_separator, separator_before};
use super::letters::letter_of;
use super::places::{NUMBER, place_by_name};
use super::unreleased::noted_since;
use super::{Db, News, StoreError};
use crate::clock::{self, Millis};
use crate::domain::grouping::{Face, GroupBy, Separator, after, hold, natural};
use crate::domain::letter::Stage;
use crate::domain::mail_number::mail_number;
use crate::domain::text::PageKind;

/// One file being taken.
pub(super) struct Taking<'a> {
    pub(super) step: &'a Connection,
    pub(super) take: &'a TakeOrdered,
    pub(super) batch: i64,
    pub(super) load: i64,
    pub(super) sides: u32,
    /// It waited for somebody to say which batch lies in its scanner, since this entry of the ledger.
    pub(super) waited_since: Option<i64>,
    pub(super) letters: Vec<String>,
    /// Which images became pages; the ledger vouches for them.
    pub(super) frames: Vec<u32>,
    pub(super) holds: Vec<&'static str>,
}

/// What is odd about an image, and where it stands.
type Odd = (&'static str, Option<String>);

/// Why nothing is written.
pub(super) enum Stop {
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

/// Which image of a scan, or which file, for whoever has to look at it.
fn image_named(
    step: &Connection,
    arrival: &str,
    scan: Option<(i64, u32)>,
) -> Result<String, StoreError> {
    if let Some((_, place)) = scan {
        return Ok(format!("image {place}"));
    }
    let mut query = step.prepare_cached("SELECT name FROM arrivals WHERE id = ?1")?;
    let name: Option<String> = query.query_row([arrival], |row| row.get(0)).optional()?;
    Ok(name.unwrap_or_default())
}

/// Whether a separator sheet is of a run that was printed here.
pub(super) fn is_ours(step: &Connection, separator: &Separator) -> Result<bool, StoreError> {
    let mut query =
        step.prepare_cached("SELECT 1 FROM separator_runs WHERE run = ?1 AND count >= ?2")?;
    Ok(query.exists((&separator.run, separator.number))?)
}

/// A page that is read as an envelope inside a letter that a mail number began: probably the next letter's, whose number was not made out.
pub(super) fn hold_envelope_inside(step: &Connection, page: i64) -> Result<(), StoreError> {
    match beside_number(step, page)? {
        Some((new, _)) => hold_once(step, &new).map(drop),
        None => Ok(()),
    }
}

/// What there is to say of a page inside a letter that a mail number began, and that number.
fn beside_number(
    step: &Connection,
    page: i64,
) -> Result<Option<(NewHold<'static>, String)>, StoreError> {
    let (letter, batch, group, arrival): (String, i64, String, String) = step.query_row(
        "SELECT l.id, l.batch_id, l.group_name, p.arrival_id FROM pages p JOIN letters l ON l.id = p.letter_id WHERE p.id = ?1",
        [page],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    // A letter that was taken out of another is called after it: `XA123456785CN+2`.
    let number = group.split('+').next().unwrap_or_default();
    if mail_number(number).is_none() {
        return Ok(None);
    }
    let (scan, place): (Option<i64>, Option<u32>) = step.query_row(
        "SELECT scan_id, place FROM arrivals WHERE id = ?1",
        [&arrival],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let new = NewHold {
        batch,
        letter: Some(letter),
        scan,
        reason: hold::ENVELOPE_INSIDE,
        detail: Some(image_named(step, &arrival, scan.zip(place))?),
    };
    Ok(Some((new, number.to_owned())))
}

impl Db {
    /// Another mail number is written on a page inside a letter that a mail number began: bars that were not read may be its. A person looks.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_written_number(&mut self, page: i64, written: &str) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        if let Some((mut new, number)) = beside_number(&step, page)?
            && number != written
        {
            new.reason = hold::MAIL_NUMBER_WRITTEN;
            new.detail = new.detail.map(|image| format!("{image}: {written}"));
            hold_once(&step, &new)?;
        }
        step.commit()?;
        Ok(())
    }
}

impl Taking<'_> {
    fn stack(&self) -> Stack<'_> {
        (
            &self.take.source,
            self.batch,
            self.take.scan.map(|(scan, _)| scan),
        )
    }

    pub(super) fn all(&mut self) -> Result<(), Stop> {
        let take = self.take;
        for (frame, face) in &take.faces {
            match face {
                Face::Page => self.page(*frame, None)?,
                Face::Mail(number) => self.envelope(*frame, number)?,
                Face::DoubtfulMail(text) => self.doubtful_envelope(*frame, text)?,
                Face::UnreadBars => {
                    let image = image_named(self.step, &take.arrival, take.scan)?;
                    self.page(*frame, Some((hold::BARS_UNREAD, Some(image))))?;
                }
                Face::Disputed if take.by == GroupBy::Barcode => {
                    self.page(*frame, Some((hold::TWO_MAIL_NUMBERS, None)))?;
                }
                Face::Disputed => self.page(*frame, Some((hold::SEPARATOR_DISPUTED, None)))?,
                Face::Unseen => self.page(*frame, Some((hold::IMAGE_NOT_SEEN, None)))?,
                Face::Separator(separator) | Face::SeparatorBack(separator)
                    if !is_ours(self.step, separator)? =>
                {
                    self.page(*frame, Some((hold::SEPARATOR_FOREIGN, None)))?;
                }
                Face::BesideSeparator(separator) => {
                    let detail = is_ours(self.step, separator)?.then(|| separator.label());
                    let odd = detail.map(|label| (hold::ODD_COUNT, Some(label)));
                    self.page(*frame, odd)?;
                }
                Face::Separator(separator) => self.separator(*frame, separator)?,
                Face::SeparatorBack(separator) => self.seen(*frame, separator, "back").map(drop)?,
            }
        }
        Ok(())
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
        let odd = after(Some(&before), separator);
        if odd == Some(hold::SEPARATOR_SKIPPED) && self.came_all(&before, separator)? {
            return Ok(());
        }
        if let Some(reason @ (hold::SEPARATOR_SKIPPED | hold::SEPARATOR_RUN_CHANGED)) = odd {
            let between = format!("{} → {}", before.label(), separator.label());
            self.hold(letter, reason, Some(between))?;
        }
        Ok(())
    }

    /// Whether every sheet between these two came in this batch: the first lay out of its order, and no letter is missing.
    fn came_all(&self, from: &Separator, to: &Separator) -> Result<bool, StoreError> {
        let came: u32 = self.step.query_row(
            "SELECT count(DISTINCT number) FROM separators_seen WHERE batch_id = ?1 AND run = ?2 AND side = 'front' AND number > ?3 AND number < ?4",
            (self.batch, &to.run, from.number, to.number),
            |row| row.get(0),
        )?;
        Ok(came + 1 == to.number - from.number)
    }

    /// An envelope with a mail number begins the letter of that number; one that came before is a person's to look at.
    fn envelope(&mut self, frame: u32, number: &str) -> Result<(), Stop> {
        let again = self.letter_named(number)?;
        let odd = again.map(|_| (hold::MAIL_NUMBER_AGAIN, None));
        self.page_of((number.to_owned(), None), frame, odd)
    }

    /// What has the form of a mail number and does not check begins a letter, too: behind it lies no page of the letter before. A person looks.
    fn doubtful_envelope(&mut self, frame: u32, text: &str) -> Result<(), Stop> {
        let again = self.letter_named(text)?.map(|_| hold::MAIL_NUMBER_AGAIN);
        let odd = (hold::MAIL_NUMBER_DOUBTFUL, Some(text.to_owned()));
        self.page_of((text.to_owned(), again), frame, Some(odd))
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

    /// Holds the letters of an image that came when its scan was thought to be over.
    pub(super) fn look_again_if(&mut self, late: bool) -> Result<(), Stop> {
        let Some((_, place)) = self.take.scan.filter(|_| late) else {
            return Ok(());
        };
        for letter in self.letters.clone() {
            let detail = format!("image {place}");
            self.hold(Some(letter), hold::SCAN_INTERRUPTED, Some(detail))?;
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
            (GroupBy::Barcode, _) => Ok(match last_letter(self.step, self.stack())? {
                Some(last) => (last.group, None),
                None => {
                    let group = scan.map_or_else(
                        || format!("{source}-{batch}"),
                        |scan| format!("scan-{scan}"),
                    );
                    (group, Some(hold::MAIL_NUMBER_MISSING))
                }
            }),
            (GroupBy::Scan, Some(scan)) => Ok((format!("scan-{scan}"), None)),
            _ => {
                let pressed: u32 = match self.waited_since {
                    None => self.step.query_row(
                        "SELECT count(*) FROM next_letters WHERE batch_id = ?1",
                        [batch],
                        |row| row.get(0),
                    )?,
                    // It was there before whatever was pressed since.
                    Some(since) => self.step.query_row(
                        "SELECT count(*) FROM ledger WHERE subject = ?1 AND action = 'letter.next' AND seq <= ?2",
                        (format!("batch/{batch}"), since),
                        |row| row.get(0),
                    )?,
                };
                let odd = self.waited_since.map(|_| hold::WHICH_BATCH);
                Ok((format!("B{batch}-{:03}", pressed + 1), odd))
            }
        }
    }

    fn page(&mut self, frame: u32, odd: Option<Odd>) -> Result<(), Stop> {
        let group = self.group()?;
        self.page_of(group, frame, odd)
    }

    fn page_of(
        &mut self,
        (group, odd_group): (String, Option<&'static str>),
        frame: u32,
        odd: Option<Odd>,
    ) -> Result<(), Stop> {
        let noted = self.noted_since_last_page(&group)?;
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
            &format!("SELECT count(*) FROM pages WHERE letter_id = ?1 AND {NUMBER} > 0"),
            [&letter],
            |row| row.get(0),
        )?;
        // Envelope first, then the letter: the first sheet is the envelope. Without a separator before it nobody knows that it is the first: it may be the rest of
        // a letter whose scan stopped.
        let is_begun = odd_group != Some(hold::SEPARATOR_MISSING);
        let sides = if is_begun { self.sides } else { 0 };
        let (kind, number) = match so_far < sides {
            true => (PageKind::Envelope, so_far + 1),
            false => (PageKind::Letter, so_far + 1 - sides),
        };
        let name = self.name_of(&self.take.arrival)?.unwrap_or_default();
        let place = place_by_name(self.step, &letter, kind, (&name, Some(number)))?;
        let original = &self.take.original;
        self.step.execute(
            "INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (&letter, &self.take.arrival, frame, kind, place.kept(), &original.sha256, &original.sm3, original.size as i64),
        )?;
        self.frames.push(frame);
        if let Some((reason, detail)) = odd {
            self.hold(Some(letter.clone()), reason, detail)?;
        }
        for reason in [odd_group, self.out_of_order()?].into_iter().flatten() {
            match reason {
                hold::WHICH_BATCH => self.hold_which_batch(&letter)?,
                _ => self.hold(Some(letter.clone()), reason, None)?,
            }
        }
        if self.take.scan.is_none() {
            self.beside_held(&letter)?;
        }
        if let Some(noted) = noted {
            self.hold(Some(letter.clone()), hold::PAGE_AFTER_LOAD, Some(noted))?;
        }
        if !self.letters.contains(&letter) {
            self.letters.push(letter);
        }
        Ok(())
    }

    /// Pages of a letter that waited for somebody to say which batch they are of: told once, by the first of them.
    fn hold_which_batch(&mut self, letter: &str) -> Result<(), StoreError> {
        let told = self
            .step
            .prepare_cached(
                "SELECT 1 FROM holds WHERE letter_id = ?1 AND reason = ?2 AND resolved_ms IS NULL",
            )?
            .exists((letter, hold::WHICH_BATCH))?;
        if told {
            return Ok(());
        }
        let name = self.name_of(&self.take.arrival)?.unwrap_or_default();
        self.hold(
            Some(letter.to_owned()),
            hold::WHICH_BATCH,
            Some(format!("{name} …")),
        )
    }

    /// What was noted and is not released since the last page of the letter that a page of a folder would be put behind. A scan is begun for its load.
    fn noted_since_last_page(&self, group: &str) -> Result<Option<String>, StoreError> {
        if self.take.scan.is_some() {
            return Ok(None);
        }
        let last: Option<Millis> = self
            .step
            .prepare_cached(
                "SELECT last_arrival_ms FROM letters WHERE batch_id = ?1 AND group_name = ?2",
            )?
            .query_row((self.batch, group), |row| row.get(0))
            .optional()?;
        last.map_or(Ok(None), |last| noted_since(self.step, self.batch, last))
    }

    /// A file of this folder that is held since the last separator may have been one.
    fn beside_held(&self, letter: &str) -> Result<(), StoreError> {
        let (source, batch, _) = self.stack();
        let (reason, since) = match self.take.by {
            GroupBy::Separator => (
                hold::HELD_BETWEEN,
                last_separator_at(self.step, source, batch)?,
            ),
            GroupBy::Barcode => (
                hold::HELD_BETWEEN,
                last_letter(self.step, self.stack())?.map_or(Millis(0), |last| last.begun),
            ),
            _ => return Ok(()),
        };
        beside_held(self.step, (batch, letter), source, (reason, since))
    }

    fn name_of(&self, arrival: &str) -> Result<Option<String>, StoreError> {
        let mut query = self
            .step
            .prepare_cached("SELECT name FROM arrivals WHERE id = ?1")?;
        Ok(query.query_row([arrival], |row| row.get(0)).optional()?)
    }

    /// Of a folder, names have to rise: software that restarts its counter puts pages in front of others.
    fn out_of_order(&self) -> Result<Option<&'static str>, StoreError> {
        if self.take.scan.is_some() {
            return Ok(None);
        }
        // From the newest page back, in this order and no other: it is found among the first, and a folder brings thousands.
        let last: Option<String> = self
            .step
            .prepare_cached(
                "SELECT a.name FROM pages p CROSS JOIN arrivals a ON a.id = p.arrival_id CROSS JOIN letters l ON l.id = p.letter_id
                 WHERE EXISTS (SELECT 1 FROM letters WHERE batch_id = ?1) AND l.batch_id = ?1 AND a.source = ?2 AND a.id <> ?3
                 ORDER BY p.id DESC LIMIT 1",
            )?
            .query_row((self.batch, &self.take.source, &self.take.arrival), |row| row.get(0))
            .optional()?;
        let lower = match (last, self.name_of(&self.take.arrival)?) {
            (Some(last), Some(name)) => natural(&name) < natural(&last),
            _ => false,
        };
        Ok(lower.then_some(hold::OUT_OF_ORDER))
    }
}
