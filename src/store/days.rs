//! The close of a day, and what earlier days left open, as whoever looks may know it: letters that are kept from him are in none of his counts, and a day
//! with such a letter still open is closed by somebody else.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::letter_views::AT_WORK;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::balance::counted;

/// What is left open of the days before one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Letters that are neither confirmed nor registered.
    pub letters: u32,
    /// Batches that are not closed.
    pub batches: u32,
    /// The first batch with such a letter.
    pub batch_of_letters: Option<i64>,
    /// The first such batch.
    pub first_batch: Option<i64>,
    /// Days on which a batch was signed in, and that nobody closed since; the oldest first.
    pub days: Vec<String>,
}

/// A closed day, as it was closed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Letters of it that were neither confirmed nor registered.
    pub open_letters: u32,
    /// Batches of it that were not closed.
    pub open_batches: u32,
    /// Letters, batches and days before it that were open.
    pub earlier: [u32; 3],
    /// Files in folders that belonged to no open batch.
    pub open_files: u32,
    /// Why it was closed all the same.
    pub note: Option<String>,
    /// Who closed it.
    pub closed_by: String,
    /// When.
    pub closed: Millis,
}

impl Earlier {
    /// How many letters, batches and days.
    #[must_use]
    pub fn counts(&self) -> [u32; 3] {
        let days = u32::try_from(self.days.len()).unwrap_or(u32::MAX);
        [self.letters, self.batches, days]
    }
}

/// Of a letter `l`: it is kept from `who`.
pub(super) fn is_kept_from(who: &str) -> String {
    format!("l.id IN (SELECT letter_id FROM recusals WHERE user = {who} AND lifted_ms IS NULL)")
}

/// Of a letter `l`: it is neither confirmed nor registered.
fn is_open() -> String {
    format!("l.stage IN ('arriving', 'reading', 'drafted') AND {AT_WORK}")
}

impl Db {
    /// A closed day, if it is, as this person may know it: what was open when it was closed, but for letters that are kept from him.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn day_seen_by(&self, looks: &str, day: &str) -> Result<Option<Day>, StoreError> {
        let Some(mut found) = self.day(day)? else {
            return Ok(None);
        };
        if let Some((from, to)) = Millis::bounds_of_day(day) {
            let kept = |from: Millis, to: Millis| self.kept_open(looks, (from, to), found.closed);
            let (of_it, before) = (kept(from, to)?, kept(Millis(i64::MIN), from)?);
            found.open_letters = found.open_letters.saturating_sub(of_it);
            found.earlier[0] = found.earlier[0].saturating_sub(before);
        }
        Ok(Some(found))
    }

    /// How many letters that came between two moments were open at a third and are kept from this person.
    fn kept_open(
        &self,
        looks: &str,
        (from, to): (Millis, Millis),
        then: Millis,
    ) -> Result<u32, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT count(*) FROM letters l WHERE l.created_ms >= ?2 AND l.created_ms < ?3 AND l.created_ms <= ?4 AND {}
             AND NOT EXISTS (SELECT 1 FROM ledger WHERE subject = 'letter/' || l.id AND at_ms <= ?4
                 AND action IN ('draft.confirmed', 'draft.acked', 'letter.withdrawn', 'letter.returned_unread', 'letter.destroyed'))",
            is_kept_from("?1")
        ))?;
        Ok(query.query_row((looks, from, to, then), |row| row.get(0))?)
    }

    fn day(&self, day: &str) -> Result<Option<Day>, StoreError> {
        let found = self.connection.query_row(
            "SELECT d.day, d.open_letters, d.open_batches, d.note, d.closed_by, d.closed_ms,
             coalesce(json_extract(l.detail, '$.earlier_letters'), 0), coalesce(json_extract(l.detail, '$.earlier_batches'), 0),
             coalesce(json_extract(l.detail, '$.earlier_days'), 0), coalesce(json_extract(l.detail, '$.open_files'), 0)
             FROM days d LEFT JOIN ledger l ON l.subject = 'day/' || d.day AND l.action = 'day.closed' WHERE d.day = ?1 ORDER BY l.seq DESC LIMIT 1",
            [day],
            |row| {
                Ok(Day {
                    day: row.get(0)?,
                    open_letters: row.get(1)?,
                    open_batches: row.get(2)?,
                    note: row.get(3)?,
                    closed_by: row.get(4)?,
                    closed: row.get(5)?,
                    earlier: [row.get(6)?, row.get(7)?, row.get(8)?],
                    open_files: row.get(9)?,
                })
            },
        );
        Ok(found.optional()?)
    }

    /// What is open of the letters and batches that came between two moments, as far as this person may know of the letters.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_between(
        &self,
        looks: &str,
        (from, to): (Millis, Millis),
    ) -> Result<(u32, u32), StoreError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM letters l WHERE l.created_ms >= ?1 AND l.created_ms < ?2 AND {} AND NOT {}),
             (SELECT count(*) FROM batches WHERE created_ms >= ?1 AND created_ms < ?2 AND closed_ms IS NULL)",
            is_open(),
            is_kept_from("?3")
        );
        let counts = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(self.connection.query_row(&sql, (from, to, looks), counts)?)
    }

    /// Whether a letter that came before a moment is open and kept from this person.
    fn keeps_open_letter_from(&self, looks: &str, to: Millis) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT 1 FROM letters l WHERE l.created_ms < ?1 AND {} AND {}",
            is_open(),
            is_kept_from("?2")
        );
        Ok(self.connection.prepare_cached(&sql)?.exists((to, looks))?)
    }

    /// What is open of the days before this moment, the begin of a day, as far as this person may know of the letters.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_before(&self, looks: &str, begin: Millis) -> Result<Earlier, StoreError> {
        let (letters, batches) = self.open_between(looks, (Millis(i64::MIN), begin))?;
        let first = format!(
            "SELECT (SELECT min(l.batch_id) FROM letters l WHERE l.created_ms < ?1 AND {} AND NOT {}),
             (SELECT min(id) FROM batches WHERE created_ms < ?1 AND closed_ms IS NULL)",
            is_open(),
            is_kept_from("?2")
        );
        let (batch_of_letters, first_batch) =
            self.connection
                .query_row(&first, (begin, looks), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut query = self.connection.prepare_cached(
            "SELECT created_ms FROM batches WHERE created_ms < ?1 ORDER BY created_ms",
        )?;
        let mut signed_in = query.query([begin])?;
        // Each day with its end and its newest batch.
        let mut days: Vec<(String, Millis, Millis)> = Vec::new();
        while let Some(row) = signed_in.next()? {
            let at: Millis = row.get(0)?;
            match days.last_mut() {
                Some((_, end, newest)) if at < *end => *newest = at,
                _ => {
                    let day = at.day();
                    let end = Millis::bounds_of_day(&day).map_or(at, |(_, end)| end);
                    days.push((day, end, at));
                }
            }
        }
        let mut closed = self
            .connection
            .prepare_cached("SELECT 1 FROM days WHERE day = ?1 AND closed_ms >= ?2")?;
        let mut open = Vec::new();
        for (day, _, newest) in days {
            if !closed.exists((&day, newest))? {
                open.push(day);
            }
        }
        Ok(Earlier {
            letters,
            batches,
            batch_of_letters,
            first_batch,
            days: open,
        })
    }

    /// Whether letters of which this person may know, or batches, of a day came after it was closed, so that it may be closed again.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn came_since(
        &self,
        looks: &str,
        (from, to): (Millis, Millis),
        closed: Millis,
    ) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM letters l WHERE l.created_ms >= ?1 AND l.created_ms < ?2 AND l.created_ms > ?3 AND NOT {})
             OR EXISTS (SELECT 1 FROM batches WHERE created_ms >= ?1 AND created_ms < ?2 AND created_ms > ?3)",
            is_kept_from("?4")
        );
        Ok(self
            .connection
            .query_row(&sql, (from, to, closed, looks), |row| row.get(0))?)
    }

    /// Closes a day, again if more came since. With letters or batches still open, of it or of earlier days, with files in folders that belong to no open
    /// batch, or with earlier days that nobody closed, a note has to say why; what was open stays on record.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it is closed and nothing came since, when something is open and nobody says why, and for whom a letter is kept from that
    /// is open: he could not say why, and how many there are is not told him.
    pub fn close_day(
        &mut self,
        day: &str,
        bounds: (Millis, Millis),
        (by, note): (&str, Option<&str>),
    ) -> Result<Day, StoreError> {
        let refused = |why, state: String| StoreError::WrongState {
            why,
            what: "day",
            id: day.to_owned(),
            state,
            action: "close",
        };
        self.clock_is_right("close the day")?;
        if let Some(before) = self.day(day)?
            && !self.came_since(by, bounds, before.closed)?
        {
            return Err(refused(Hindrance::Decided, "closed already".into()));
        }
        if self.keeps_open_letter_from(by, bounds.1)? {
            return Err(refused(
                Hindrance::SamePerson,
                "not among those that you close".into(),
            ));
        }
        let (letters, batches) = self.open_between(by, bounds)?;
        let earlier = self.open_before(by, bounds.0)?.counts();
        let files = self.files_of_no_batch(by, bounds.1)?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if letters + batches + files + earlier.iter().sum::<u32>() > 0 && note.is_none() {
            let told = |letters: u32, batches: u32| {
                format!(
                    "{} not confirmed, {} not closed",
                    counted(letters.into(), "letter", "letters"),
                    counted(batches.into(), "batch", "batches")
                )
            };
            let before = match earlier {
                [0, 0, 0] => String::new(),
                [letters, batches, days] => format!(
                    "; of earlier days {}, {} not closed",
                    told(letters, batches),
                    counted(days.into(), "day", "days")
                ),
            };
            let loose = match files {
                0 => String::new(),
                files => format!(
                    "; {} of no open batch in scanners' folders",
                    counted(files.into(), "file", "files")
                ),
            };
            return Err(refused(
                Hindrance::OutOfBalance,
                format!("not finished ({}{before}{loose})", told(letters, batches)),
            ));
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO days (day, open_letters, open_batches, note, closed_by, closed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (day) DO UPDATE SET open_letters = ?2, open_batches = ?3, note = ?4, closed_by = ?5, closed_ms = ?6",
            (day, letters, batches, note, by, clock::now()),
        )?;
        let mut detail = json!({"open_letters": letters, "open_batches": batches, "note": note,
            "open_files": files, "earlier_letters": earlier[0], "earlier_batches": earlier[1], "earlier_days": earlier[2]});
        vouch::along(&step, &mut detail, (vouch::DAYS, day))?;
        ledger::append(&step, by, "day.closed", &format!("day/{day}"), &detail)?;
        step.commit()?;
        self.day(day)?
            .ok_or_else(|| refused(Hindrance::NotSo, "not recorded".into()))
    }
}
