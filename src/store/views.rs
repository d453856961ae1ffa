//! What lists and overviews show: read-only, a few columns each, never a letter's text beyond sender and addressee.

use rusqlite::{OptionalExtension, Row};

use super::letter_views::{AT_WORK, EMPTIED};
use super::{CycleRecord, Db, Load, StoreError, cycles, loads};
use crate::clock::Millis;
use crate::domain::keeping::Withheld;
use crate::domain::letter::{LoadState, Stage};

/// One line of the list of letters.
#[derive(Debug, Clone)]
pub struct LetterLine {
    /// Its number.
    pub id: String,
    /// Its batch.
    pub batch_id: i64,
    /// Its stage.
    pub stage: Stage,
    /// Read first.
    pub urgent: bool,
    /// When its first page came.
    pub created: Millis,
    /// Pages so far.
    pub pages: u32,
    /// Pages that were not read yet.
    pub unread: u32,
    /// Pages that could not be read.
    pub unreadable: u32,
    /// Sender as drafted.
    pub sender: Option<String>,
    /// Addressee as drafted.
    pub addressee: Option<String>,
    /// Name of the first alert that is raised, as in the draft.
    pub alert: Option<String>,
    /// Who corrected or confirmed it last.
    pub officer: Option<String>,
    /// It is withdrawn, returned or destroyed: its stage says nothing any more.
    pub withheld: Option<Withheld>,
    /// All its pages were put into other letters.
    pub emptied: bool,
    /// Not everybody sees it.
    pub restricted: bool,
}

/// Which letters a list shows.
#[derive(Debug, Clone, Default)]
pub struct LetterLinesWanted {
    /// Only this stage, and neither withheld nor emptied.
    pub stage: Option<Stage>,
    /// Only those that are withheld or emptied.
    pub is_withheld: bool,
    /// Only this batch.
    pub batch: Option<i64>,
    /// Only letters that came before this one.
    pub before: Option<String>,
}

/// How many of each there are, for the overview.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overview {
    /// Batches that are not closed.
    pub open_batches: u32,
    /// Loads waiting for the cabinet or quarantined, of open batches.
    pub waiting_loads: u32,
    /// Letters by stage, in the order of [`Stage`]; without those that are withheld or emptied.
    pub letters: [u32; 5],
    /// Those.
    pub withheld: u32,
}

/// A file that was not taken.
#[derive(Debug, Clone)]
pub struct HeldFile {
    /// Its arrival.
    pub id: String,
    /// The folder's id.
    pub source: String,
    /// Path below the folder.
    pub name: String,
    /// When it was first seen.
    pub seen: Millis,
    /// Stable code of the reason.
    pub reason: String,
    /// It was set aside for a person; otherwise it waits where it is.
    pub is_held: bool,
}

fn letter_line_sql() -> String {
    format!("SELECT l.id, l.batch_id, l.stage, l.urgent, l.created_ms,
    (SELECT count(*) FROM pages p WHERE p.letter_id = l.id),
    (SELECT count(*) FROM pages p WHERE p.letter_id = l.id AND p.state = 'unread'),
    (SELECT count(*) FROM pages p WHERE p.letter_id = l.id AND p.state = 'unreadable' AND p.kind <> 'retaken'),
    d.sender, d.addressee, d.flag,
    coalesce(d.confirmed_by, (SELECT c.by FROM corrections c WHERE c.letter_id = l.id ORDER BY c.id DESC LIMIT 1)),
    l.withheld, {EMPTIED} FROM letters l LEFT JOIN drafts d ON d.letter_id = l.id AND {AT_WORK}")
}

fn letter_line(row: &Row<'_>) -> rusqlite::Result<LetterLine> {
    Ok(LetterLine {
        id: row.get(0)?,
        batch_id: row.get(1)?,
        stage: row.get(2)?,
        urgent: row.get(3)?,
        created: row.get(4)?,
        pages: row.get(5)?,
        unread: row.get(6)?,
        unreadable: row.get(7)?,
        sender: row.get(8)?,
        addressee: row.get(9)?,
        alert: row.get(10)?,
        officer: row.get(11)?,
        withheld: row.get(12)?,
        emptied: row.get(13)?,
        restricted: false,
    })
}

impl Db {
    /// Letters, newest first, as lists show them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letter_lines(
        &self,
        filter: &LetterLinesWanted,
        limit: u32,
    ) -> Result<Vec<LetterLine>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{} WHERE (?1 IS NULL OR l.stage = ?1 AND {AT_WORK}) AND (?2 IS NULL OR l.batch_id = ?2)
             AND (?5 = 0 OR NOT {AT_WORK}) AND (?3 IS NULL OR (l.created_ms, l.id) < (SELECT created_ms, id FROM letters WHERE id = ?3))
             ORDER BY l.created_ms DESC, l.id DESC LIMIT ?4",
            letter_line_sql()
        ))?;
        let rows = query.query_map(
            (
                filter.stage,
                filter.batch,
                &filter.before,
                limit,
                filter.is_withheld,
            ),
            letter_line,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Letters not yet confirmed that raise an alert or have a page that could not be read, newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn troubled_letters(&self, limit: u32) -> Result<Vec<LetterLine>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{} WHERE l.stage IN (?1, ?2, ?3) AND {AT_WORK} AND (d.flag IS NOT NULL OR EXISTS
             (SELECT 1 FROM pages p WHERE p.letter_id = l.id AND p.state = 'unreadable' AND p.kind <> 'retaken'))
             ORDER BY l.created_ms DESC LIMIT ?4",
            letter_line_sql()
        ))?;
        let open = (Stage::Arriving, Stage::Reading, Stage::Drafted, limit);
        let rows = query.query_map(open, letter_line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One letter as lists show it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn letter_line(&self, id: &str) -> Result<LetterLine, StoreError> {
        self.connection
            .prepare_cached(&format!("{} WHERE l.id = ?1", letter_line_sql()))?
            .query_row([id], letter_line)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "letter",
                id: id.to_owned(),
            })
    }

    /// The counts of the overview, without the letters that are kept from whoever looks. Batches and loads are counted whole.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn overview(&self, looks: &str) -> Result<Overview, StoreError> {
        let mut letters = [0; 5];
        let mut withheld = 0;
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT CASE WHEN {AT_WORK} THEN l.stage END, count(*) FROM letters l WHERE l.id NOT IN
             (SELECT letter_id FROM recusals WHERE user = ?1 AND lifted_ms IS NULL) GROUP BY 1"
        ))?;
        let rows = query.query_map([looks], |row| {
            Ok((row.get::<_, Option<Stage>>(0)?, row.get::<_, u32>(1)?))
        })?;
        for row in rows {
            match row? {
                (Some(stage), count) => letters[stage as usize] = count,
                (None, count) => withheld = count,
            }
        }
        let (open_batches, waiting_loads) = self.connection.query_row(
            "SELECT (SELECT count(*) FROM batches WHERE closed_ms IS NULL),
             (SELECT count(*) FROM loads l JOIN batches b ON b.id = l.batch_id
              WHERE b.closed_ms IS NULL AND l.state IN (?1, ?2))",
            (LoadState::Waiting, LoadState::Quarantined),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Overview {
            open_batches,
            waiting_loads,
            letters,
            withheld,
        })
    }

    /// Files that were not taken, newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn held_files(&self, limit: u32) -> Result<Vec<HeldFile>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT source, name, first_seen_ms, coalesce(reason, ''), state = 'held', id FROM arrivals
             WHERE state = 'held' OR (state = 'waiting' AND reason IS NOT NULL AND reason <> 'arriving')
             ORDER BY first_seen_ms DESC LIMIT ?1",
        )?;
        let rows = query.query_map([limit], |row| {
            Ok(HeldFile {
                source: row.get(0)?,
                name: row.get(1)?,
                seen: row.get(2)?,
                reason: row.get(3)?,
                is_held: row.get(4)?,
                id: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Loads of open batches that may be put through a cabinet.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn loads_to_disinfect(&self) -> Result<Vec<Load>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{} WHERE state IN (?1, ?2) AND batch_id IN (SELECT id FROM batches WHERE closed_ms IS NULL) ORDER BY id",
            loads::LOAD
        ))?;
        let rows = query.query_map((LoadState::Waiting, LoadState::Quarantined), loads::load)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest cycle of a load, with the reason it ended for.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_cycle_of(&self, load: i64) -> Result<Option<CycleRecord>, StoreError> {
        let query = format!(
            "{} WHERE load_id = ?1 ORDER BY id DESC LIMIT 1",
            cycles::CYCLE
        );
        Ok(self
            .connection
            .query_row(&query, [load], cycles::cycle)
            .optional()?)
    }
}
