//! Letters as people look at them: lists, one letter with its pages, counts. Arrivals and pages are written elsewhere.

use rusqlite::{OptionalExtension, Row};

use super::places::ARCHIVE_ORDER;
use super::{Db, Load, StoreError};
use crate::clock::Millis;
use crate::domain::keeping::Withheld;
use crate::domain::letter::Stage;
use crate::domain::text::PageKind;

/// A letter.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// Number.
    pub id: String,
    /// Its batch.
    pub batch_id: i64,
    /// Its load.
    pub load_id: i64,
    /// Where it stands.
    pub stage: Stage,
    /// Read first.
    pub urgent: bool,
    /// When its first page came.
    pub created: Millis,
    /// When its newest page came.
    pub last_arrival: Millis,
    /// Raised by every change.
    pub version: i64,
    /// How many pages it has.
    pub pages: u32,
    /// The registered sender, as far as there is a draft that is shown.
    pub sender: Option<String>,
    /// It is withdrawn, returned or destroyed, and since when.
    pub withheld: Option<(Withheld, Millis)>,
    /// All its pages were put into other letters.
    pub emptied: bool,
    /// Not everybody sees it.
    pub restricted: bool,
}

/// A page as it is listed.
#[derive(Debug, Clone)]
pub struct PageRow {
    /// Number within the letter, from 1, in archive order; as drafts count.
    pub n: u32,
    /// What it is.
    pub kind: PageKind,
    /// SHA-256 of the original.
    pub sha256: String,
    /// SM3 of the original.
    pub sm3: String,
    /// Bytes of the original.
    pub size: u64,
    /// Page inside a multi-page file, from 0.
    pub frame: u32,
    /// `unread`, `read`, `unreadable`.
    pub state: String,
    /// Stable code when unreadable.
    pub problem: Option<String>,
    /// Width and height in pixels, once read.
    pub size_px: Option<(u32, u32)>,
    /// By how much it was turned to be read: quarter turns clockwise by which it lies off, in degrees.
    pub turned_deg: u16,
    /// The load under which its sheet was opened.
    pub load: i64,
    /// Engine and models that it was read with, once it is read.
    pub engine: Option<String>,
    /// The reader of the office that read it; `None`: this station did, or nobody yet.
    pub read_by: Option<String>,
}

impl PageRow {
    /// Quarter turns clockwise that show it upright.
    #[must_use]
    pub fn turns_upright(&self) -> u16 {
        (4 - self.turned_deg / 90 % 4) % 4
    }
}

/// The load that a page `p` came under, by the entry of its arrival; of one that has none its letter's.
const LOAD_OF_PAGE: &str = "coalesce((SELECT detail ->> '$.load' FROM ledger WHERE subject = 'arrival/' || p.arrival_id AND action = 'page.arrived'
    ORDER BY seq DESC LIMIT 1), (SELECT load_id FROM letters WHERE id = p.letter_id))";

/// Who read a page `p`, where that was not this station: the note of it follows the reading.
const READER_OF_PAGE: &str = "(SELECT CASE action WHEN 'page.read_elsewhere' THEN detail ->> '$.reader' END FROM ledger
    WHERE subject = 'page/' || p.id AND action IN ('page.read', 'page.read_elsewhere') ORDER BY seq DESC LIMIT 1)";

/// Which letters to list.
#[derive(Debug, Clone, Default)]
pub struct LetterFilter {
    /// In this stage only, and neither withheld nor emptied.
    pub stage: Option<Stage>,
    /// Withheld or emptied ones only, or none of them.
    pub withheld: Option<bool>,
    /// Of this batch only.
    pub batch: Option<i64>,
    /// Older than this: creation and number of the last one listed before.
    pub before: Option<(Millis, String)>,
}

macro_rules! emptied {
    () => {
        "(NOT EXISTS (SELECT 1 FROM pages e WHERE e.letter_id = l.id) AND l.id IN (SELECT from_letter FROM page_moves))"
    };
}

/// Of a letter `l`: all its pages were put into others.
pub(super) const EMPTIED: &str = emptied!();
/// Of a letter `l`: it is neither withheld nor emptied, so that its stage says what is done with it.
pub(super) const AT_WORK: &str = concat!("(l.withheld IS NULL AND NOT ", emptied!(), ")");

const LETTER: &str = concat!(
    "SELECT l.id, l.batch_id, l.load_id, l.stage, l.urgent, l.created_ms, l.last_arrival_ms, l.version,
    (SELECT count(*) FROM pages p WHERE p.letter_id = l.id), CASE WHEN l.withheld IS NULL AND NOT ",
    emptied!(),
    " THEN d.sender END, l.withheld, l.withheld_ms, ",
    emptied!(),
    " FROM letters l LEFT JOIN drafts d ON d.letter_id = l.id"
);

fn letter(row: &Row<'_>) -> rusqlite::Result<LetterRow> {
    Ok(LetterRow {
        id: row.get(0)?,
        batch_id: row.get(1)?,
        load_id: row.get(2)?,
        stage: row.get(3)?,
        urgent: row.get(4)?,
        created: row.get(5)?,
        last_arrival: row.get(6)?,
        version: row.get(7)?,
        pages: row.get(8)?,
        sender: row.get(9)?,
        withheld: row.get::<_, Option<Withheld>>(10)?.zip(row.get(11)?),
        emptied: row.get(12)?,
        restricted: false,
    })
}

impl Db {
    /// One letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn letter_row(&self, id: &str) -> Result<LetterRow, StoreError> {
        self.connection
            .prepare_cached(&format!("{LETTER} WHERE l.id = ?1"))?
            .query_row([id], letter)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "letter",
                id: id.to_owned(),
            })
    }

    /// Whether all pages of a letter were put into others.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_emptied(&self, letter: &str) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("SELECT {EMPTIED} FROM letters l WHERE l.id = ?1"))?;
        let found = query.query_row([letter], |row| row.get(0)).optional()?;
        Ok(found.unwrap_or(false))
    }

    /// The letters that are neither registered nor done with otherwise.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_letters(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT l.id FROM letters l WHERE l.stage <> ?1 AND {AT_WORK}"
        ))?;
        let rows = query.query_map([Stage::Registered], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letters that pages of this one are in now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn pages_went_to(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT p.letter_id FROM page_moves m JOIN pages p ON p.id = m.page_id
             WHERE m.from_letter = ?1 AND p.letter_id <> ?1 ORDER BY 1",
        )?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Letters, newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letter_rows(
        &self,
        filter: &LetterFilter,
        limit: u32,
    ) -> Result<Vec<LetterRow>, StoreError> {
        let (before, before_id) = filter
            .before
            .clone()
            .unwrap_or((Millis(i64::MAX), String::new()));
        let mut query = self.connection.prepare_cached(&format!(
            "{LETTER} WHERE (l.created_ms, l.id) < (?1, ?2) AND (?3 IS NULL OR l.stage = ?3 AND {AT_WORK})
             AND (?4 IS NULL OR l.batch_id = ?4) AND (?5 IS NULL OR ?5 <> {AT_WORK})
             ORDER BY l.created_ms DESC, l.id DESC LIMIT ?6"
        ))?;
        let rows = query.query_map(
            (
                before,
                before_id,
                filter.stage,
                filter.batch,
                filter.withheld,
                limit,
            ),
            letter,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A letter's pages in archive order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn page_rows(&self, letter: &str) -> Result<Vec<PageRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT p.kind, p.sha256, p.sm3, p.size, p.frame, p.state, p.problem, r.width, r.height, coalesce(r.turned_deg, 0), {LOAD_OF_PAGE},
             r.engine, {READER_OF_PAGE} FROM pages p LEFT JOIN readings r ON r.rowid =
             (SELECT rowid FROM readings WHERE page_id = p.id ORDER BY read_ms DESC, rowid DESC LIMIT 1)
             WHERE p.letter_id = ?1 ORDER BY {ARCHIVE_ORDER}"
        ))?;
        let mut n = 0;
        let rows = query.query_map([letter], |row| {
            n += 1;
            let size: (Option<u32>, Option<u32>) = (row.get(7)?, row.get(8)?);
            Ok(PageRow {
                n,
                kind: row.get(0)?,
                sha256: row.get(1)?,
                sm3: row.get(2)?,
                size: row.get::<_, i64>(3)?.unsigned_abs(),
                frame: row.get(4)?,
                state: row.get(5)?,
                problem: row.get(6)?,
                size_px: size.0.zip(size.1),
                turned_deg: row.get(9)?,
                load: row.get(10)?,
                engine: row.get(11)?,
                read_by: row.get(12)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The loads under which sheets of this letter were opened beside its own: pages were moved into it, or came with a later load. In their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn other_loads(&self, letter: &str) -> Result<Vec<Load>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT DISTINCT {LOAD_OF_PAGE} AS load FROM pages p WHERE p.letter_id = ?1
             AND load <> (SELECT load_id FROM letters WHERE id = ?1) ORDER BY load"
        ))?;
        let loads = query.query_map([letter], |row| row.get(0))?;
        let loads: Vec<i64> = loads.collect::<Result<_, _>>()?;
        loads.into_iter().map(|load| self.load(load)).collect()
    }

    /// How many rows are in which state: `pages`, `letters`, `drafts`; for the metrics.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn counts(&self) -> Result<Vec<(&'static str, String, i64)>, StoreError> {
        let letters = format!(
            "SELECT CASE WHEN {AT_WORK} THEN l.stage ELSE 'withheld' END, count(*) FROM letters l GROUP BY 1"
        );
        let all: [(&str, &str); 3] = [
            ("pages", "SELECT state, count(*) FROM pages GROUP BY state"),
            ("letters", &letters),
            (
                "drafts",
                "SELECT CASE WHEN state = 'open' AND ready_ms IS NULL THEN 'unconfirmed' ELSE state END, count(*)
                 FROM drafts GROUP BY 1",
            ),
        ];
        let mut counts = Vec::new();
        for (what, sql) in all {
            let mut query = self.connection.prepare_cached(sql)?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in rows {
                let (state, count) = row?;
                counts.push((what, state, count));
            }
        }
        Ok(counts)
    }
}
