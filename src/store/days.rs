//! The close of a day, and what earlier days left open.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::letter_views::AT_WORK;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::balance::counted;
use crate::domain::letter::Stage;

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

impl Db {
    /// A closed day, if it is.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn day(&self, day: &str) -> Result<Option<Day>, StoreError> {
        let found = self.connection.query_row(
            "SELECT d.day, d.open_letters, d.open_batches, d.note, d.closed_by, d.closed_ms,
             coalesce(json_extract(l.detail, '$.earlier_letters'), 0), coalesce(json_extract(l.detail, '$.earlier_batches'), 0),
             coalesce(json_extract(l.detail, '$.earlier_days'), 0)
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
                })
            },
        );
        Ok(found.optional()?)
    }

    /// What is open of the letters and batches that came between two moments.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_between(&self, (from, to): (Millis, Millis)) -> Result<(u32, u32), StoreError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM letters l WHERE l.created_ms >= ?1 AND l.created_ms < ?2 AND l.stage IN (?3, ?4, ?5)
              AND {AT_WORK}),
             (SELECT count(*) FROM batches WHERE created_ms >= ?1 AND created_ms < ?2 AND closed_ms IS NULL)"
        );
        Ok(self.connection.query_row(
            &sql,
            (from, to, Stage::Arriving, Stage::Reading, Stage::Drafted),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?)
    }

    /// What is open of the days before this moment, the begin of a day.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_before(&self, begin: Millis) -> Result<Earlier, StoreError> {
        let (letters, batches) = self.open_between((Millis(i64::MIN), begin))?;
        let first = format!(
            "SELECT (SELECT min(l.batch_id) FROM letters l WHERE l.created_ms < ?1 AND l.stage IN (?2, ?3, ?4) AND {AT_WORK}),
             (SELECT min(id) FROM batches WHERE created_ms < ?1 AND closed_ms IS NULL)"
        );
        let (batch_of_letters, first_batch) = self.connection.query_row(
            &first,
            (begin, Stage::Arriving, Stage::Reading, Stage::Drafted),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
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

    /// Whether letters or batches of a day came after it was closed, so that it may be closed again.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn came_since(
        &self,
        (from, to): (Millis, Millis),
        closed: Millis,
    ) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM letters WHERE created_ms >= ?1 AND created_ms < ?2 AND created_ms > ?3)
             OR EXISTS (SELECT 1 FROM batches WHERE created_ms >= ?1 AND created_ms < ?2 AND created_ms > ?3)",
            (from, to, closed),
            |row| row.get(0),
        )?)
    }

    /// Closes a day, again if more came since. With letters or batches still open, of it or of earlier days, or with earlier days that nobody closed, a
    /// note has to say why; what was open stays on record.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it is closed and nothing came since, or when something is open and nobody says why.
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
            && !self.came_since(bounds, before.closed)?
        {
            return Err(refused(Hindrance::Decided, "closed already".into()));
        }
        let (letters, batches) = self.open_between(bounds)?;
        let earlier = self.open_before(bounds.0)?.counts();
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if letters + batches + earlier.iter().sum::<u32>() > 0 && note.is_none() {
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
            return Err(refused(
                Hindrance::OutOfBalance,
                format!("not finished ({}{before})", told(letters, batches)),
            ));
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO days (day, open_letters, open_batches, note, closed_by, closed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (day) DO UPDATE SET open_letters = ?2, open_batches = ?3, note = ?4, closed_by = ?5, closed_ms = ?6",
            (day, letters, batches, note, by, clock::now()),
        )?;
        let mut detail = json!({"open_letters": letters, "open_batches": batches, "note": note,
            "earlier_letters": earlier[0], "earlier_batches": earlier[1], "earlier_days": earlier[2]});
        vouch::along(&step, &mut detail, (vouch::DAYS, day))?;
        ledger::append(&step, by, "day.closed", &format!("day/{day}"), &detail)?;
        step.commit()?;
        self.day(day)?
            .ok_or_else(|| refused(Hindrance::NotSo, "not recorded".into()))
    }
}
