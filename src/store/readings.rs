//! Pages waiting to be read, what was read on them, and letters that are due for a draft.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::places::ARCHIVE_ORDER;
use super::{Db, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::grouping::hold;
use crate::domain::letter::Stage;
use crate::domain::text::{Line, PageKind};

/// A page is given up after this many begun readings: it has killed the reader each time.
pub const READING_ATTEMPTS: u32 = 3;

/// Code of a draft's note on a page that was not yet read when the draft was made.
pub const PAGE_UNREAD: &str = "page_unread";

/// A page to be read.
#[derive(Debug, Clone)]
pub struct UnreadPage {
    /// Row number.
    pub id: i64,
    /// Its letter.
    pub letter: String,
    /// Hash of its original.
    pub sha256: String,
    /// Page inside a multi-page file, from 0.
    pub frame: u32,
    /// Readings begun so far, this one included.
    pub attempts: u32,
}

/// What one engine read on one page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    /// Engine and model version.
    pub engine: String,
    /// Width of the original in pixels.
    pub width: u32,
    /// Height of the original in pixels.
    pub height: u32,
    /// By how much the page was turned to be read.
    pub turned_deg: u16,
    /// Lines in reading order.
    pub lines: Vec<Line>,
    /// How long it took.
    pub seconds: f64,
    /// There is nothing on the page.
    pub blank: bool,
}

/// Code of a page with nothing on it.
pub const PAGE_BLANK: &str = "blank";

/// A page of a letter with what was read on it.
#[derive(Debug, Clone)]
pub struct ReadPage {
    /// Number within the letter, from 1, in archive order.
    pub n: u32,
    /// What it is.
    pub kind: PageKind,
    /// SHA-256 of the original.
    pub sha256: String,
    /// SM3 of the original.
    pub sm3: String,
    /// Stable code when it could not be read.
    pub problem: Option<String>,
    /// The newest reading.
    pub reading: Option<Reading>,
}

/// 0 for what a draft's fields stand on (form, envelope, first and last page of the letter), 1 for the pages between and
/// for attachments.
pub(super) const INNER: &str = "CASE WHEN p.kind IN ('transfer_form', 'envelope') THEN 0 WHEN p.kind = 'letter' AND (NOT EXISTS
    (SELECT 1 FROM pages q WHERE q.letter_id = p.letter_id AND q.kind = 'letter' AND (q.hint, q.id) < (p.hint, p.id))
    OR NOT EXISTS
    (SELECT 1 FROM pages q WHERE q.letter_id = p.letter_id AND q.kind = 'letter' AND (q.hint, q.id) > (p.hint, p.id)))
    THEN 0 ELSE 1 END";

/// A page that waits to be read.
pub(super) const UNREAD: &str =
    "SELECT p.id, p.letter_id, p.sha256, p.frame, p.attempts + 1 FROM pages p
    JOIN letters l ON l.id = p.letter_id WHERE p.state = 'unread' AND l.withheld IS NULL";

pub(super) fn unread(row: &rusqlite::Row<'_>) -> rusqlite::Result<UnreadPage> {
    Ok(UnreadPage {
        id: row.get(0)?,
        letter: row.get(1)?,
        sha256: row.get(2)?,
        frame: row.get(3)?,
        attempts: row.get(4)?,
    })
}

/// None of these pages.
pub(super) fn but_for(pages: &[i64]) -> String {
    let list: Vec<String> = pages.iter().map(i64::to_string).collect();
    match list.is_empty() {
        true => "TRUE".to_owned(),
        false => format!("p.id NOT IN ({})", list.join(", ")),
    }
}

/// Which pages of a letter are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagesRead {
    /// Every one, or given up.
    All,
    /// Those a draft's fields stand on; others are still unread.
    Outer,
}

/// A letter for which a draft is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLetter {
    /// Its number.
    pub id: String,
    /// What the draft can stand on.
    pub read: PagesRead,
}

/// By its indexes it looks only at letters whose draft may be due, and only at their own unread pages: this is asked after
/// every page, with a whole year's letters in the table.
fn letters_due() -> String {
    format!(
        "SELECT l.id, EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = l.id AND p.state = 'unread') AS more
         FROM letters l
         WHERE l.last_arrival_ms <= ?1 AND l.withheld IS NULL AND (l.drafted_ms IS NULL OR l.drafted_ms < l.last_arrival_ms)
         AND EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = l.id)
         AND CASE WHEN more THEN NOT EXISTS (SELECT 1 FROM drafts d WHERE d.letter_id = l.id) AND NOT EXISTS
             (SELECT 1 FROM pages p WHERE p.letter_id = l.id AND p.state = 'unread' AND {INNER} = 0)
           ELSE TRUE END
         ORDER BY l.urgent DESC, more, l.last_arrival_ms"
    )
}

/// Why a page is left unread that could be read: not for a person to answer.
const UNREAD_ON_PURPOSE: &str = "secret_mark";

/// A page that was given up is a finding of its letter.
fn hold_for(step: &Connection, page: i64, problem: &str) -> Result<(), StoreError> {
    let (batch, letter, n) = step.query_row(
        &format!(
            "SELECT l.batch_id, l.id, (SELECT n FROM (SELECT p.id AS id, row_number() OVER (ORDER BY {ARCHIVE_ORDER}) AS n FROM pages p
             WHERE p.letter_id = l.id) WHERE id = ?1) FROM letters l JOIN pages o ON o.letter_id = l.id WHERE o.id = ?1"
        ),
        [page],
        |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, u32>(2)?)),
    )?;
    let new = NewHold {
        batch,
        letter: Some(letter),
        scan: None,
        reason: hold::PAGE_UNREADABLE,
        detail: Some(format!("page {n} {problem}")),
    };
    hold_once(step, &new).map(drop)
}

impl Db {
    /// As [`Db::begin_reading_but`], with no page lent.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_reading(&mut self) -> Result<Option<UnreadPage>, StoreError> {
        self.begin_reading_but(&[])
    }

    /// The next page to read: urgent letters first, then what drafts stand on before the pages between, then the longest
    /// waiting; none of those that are `lent` to readers elsewhere. Notes that its reading begins.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_reading_but(&mut self, lent: &[i64]) -> Result<Option<UnreadPage>, StoreError> {
        let step = self.connection.savepoint()?;
        let next = step
            .query_row(
                &format!(
                    "{UNREAD} AND {} ORDER BY l.urgent DESC, {INNER}, p.attempts, p.id LIMIT 1",
                    but_for(lent)
                ),
                [],
                unread,
            )
            .optional()?;
        if let Some(page) = &next {
            step.execute(
                "UPDATE pages SET attempts = attempts + 1 WHERE id = ?1",
                [page.id],
            )?;
            step.execute(
                "UPDATE letters SET stage = ?2 WHERE id = ?1 AND stage = ?3",
                (&page.letter, Stage::Reading, Stage::Arriving),
            )?;
        }
        step.commit()?;
        Ok(next)
    }

    /// Takes back that a reading began: it was not the page that kept it from ending.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn reading_not_begun(&mut self, page: i64) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE pages SET attempts = max(attempts - 1, 0) WHERE id = ?1",
            [page],
        )?;
        Ok(())
    }

    /// Whether a page was read before, by whatever engine.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn was_read(&self, page: i64) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM readings WHERE page_id = ?1)")?;
        Ok(query.query_row([page], |row| row.get(0))?)
    }

    /// Keeps what was read. Reading a page again with the same engine replaces its reading.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn finish_reading(&mut self, page: i64, reading: &Reading) -> Result<(), StoreError> {
        let lines =
            serde_json::to_string(&reading.lines).map_err(|source| StoreError::Document {
                what: "page",
                id: page.to_string(),
                source,
            })?;
        let step = self.connection.savepoint()?;
        let is_forgotten: bool = step
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM pages p JOIN letters l ON l.id = p.letter_id
                 WHERE p.id = ?1 AND l.withheld IN ('returned_unread', 'destroyed'))",
            )?
            .query_row([page], |row| row.get(0))?;
        if is_forgotten {
            // Returned unread while it was being read.
            return Ok(());
        }
        step.execute(
            "INSERT OR REPLACE INTO readings (page_id, engine, width, height, turned_deg, lines, seconds, read_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                page,
                &reading.engine,
                reading.width,
                reading.height,
                reading.turned_deg,
                lines,
                reading.seconds,
                clock::now(),
            ),
        )?;
        step.execute(
            "UPDATE pages SET state = 'read', problem = ?2 WHERE id = ?1",
            (page, reading.blank.then_some(PAGE_BLANK)),
        )?;
        let hash = vouch::reading_hash(&step, page, &reading.engine)?;
        let detail = json!({"engine": reading.engine, "reading": hash});
        ledger::append(
            &step,
            "task/read",
            "page.read",
            &format!("page/{page}"),
            &detail,
        )?;
        step.commit()?;
        Ok(())
    }

    /// Gives a page up. Its original stays; the letter gets its draft without it, the draft says so, and a person looks at the paper before the
    /// letter goes on.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn give_up_reading(&mut self, page: i64, problem: &str) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE pages SET state = 'unreadable', problem = ?2 WHERE id = ?1",
            (page, problem),
        )?;
        let detail = json!({"problem": problem});
        ledger::append(
            &step,
            "task/read",
            "page.unreadable",
            &format!("page/{page}"),
            &detail,
        )?;
        if problem != UNREAD_ON_PURPOSE {
            hold_for(&step, page, problem)?;
        }
        step.commit()?;
        Ok(())
    }

    /// Letters of which no page came for `quiet_s` and whose draft is due: all pages are read and the draft, if there is one,
    /// is older than the newest page or was made before all were read; or there is none and what it stands on is read.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_due(&self, now: Millis, quiet_s: i64) -> Result<Vec<DueLetter>, StoreError> {
        let mut query = self.connection.prepare_cached(&letters_due())?;
        let rows = query.query_map([now.plus_seconds(-quiet_s)], |row| {
            let more: bool = row.get(1)?;
            Ok(DueLetter {
                id: row.get(0)?,
                read: if more {
                    PagesRead::Outer
                } else {
                    PagesRead::All
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A letter's pages in archive order with their newest readings.
    ///
    /// # Errors
    /// When SQLite refuses or a stored reading does not parse.
    pub fn read_pages(&self, letter: &str) -> Result<Vec<ReadPage>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT p.kind, p.sha256, p.sm3, p.problem, p.id, r.engine, r.width, r.height, r.turned_deg, r.lines,
             r.seconds FROM pages p LEFT JOIN readings r ON r.rowid =
             (SELECT rowid FROM readings WHERE page_id = p.id ORDER BY read_ms DESC, rowid DESC LIMIT 1)
             WHERE p.letter_id = ?1 ORDER BY {ARCHIVE_ORDER}"
        ))?;
        let mut rows = query.query([letter])?;
        let mut pages = Vec::new();
        while let Some(row) = rows.next()? {
            let reading = match row.get::<_, Option<String>>(5)? {
                None => None,
                Some(engine) => {
                    let lines: String = row.get(9)?;
                    let id: i64 = row.get(4)?;
                    let lines =
                        serde_json::from_str(&lines).map_err(|source| StoreError::Document {
                            what: "reading of page",
                            id: id.to_string(),
                            source,
                        })?;
                    Some(Reading {
                        engine,
                        width: row.get(6)?,
                        height: row.get(7)?,
                        turned_deg: row.get(8)?,
                        lines,
                        seconds: row.get(10)?,
                        blank: row.get::<_, Option<String>>(3)?.as_deref() == Some(PAGE_BLANK),
                    })
                }
            };
            pages.push(ReadPage {
                n: pages.len() as u32 + 1,
                kind: row.get(0)?,
                sha256: row.get(1)?,
                sm3: row.get(2)?,
                problem: row.get(3)?,
                reading,
            });
        }
        Ok(pages)
    }

    /// What a draft says about its letter's way through the station: batch, load, cycle.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn letter_origin(&self, letter: &str) -> Result<(super::Batch, super::Load), StoreError> {
        let (batch, load) = self
            .connection
            .query_row(
                "SELECT batch_id, load_id FROM letters WHERE id = ?1",
                [letter],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "letter",
                id: letter.to_owned(),
            })?;
        Ok((self.batch(batch)?, self.load(load)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with letter L (one envelope and five pages, arriving in the order given) and nothing read.
    fn letter(names: &[(&str, &str, i64)]) -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&folder.path().join("laixin.db")).expect("a new database");
        db.connection
            .execute_batch(
                "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms)
                 VALUES (1, 'letter', 1, 0, 'x', 0);
                 INSERT INTO loads (id, batch_id, cabinet, state, created_ms) VALUES (1, 1, 'c', 'released', 0);",
            )
            .expect("a batch");
        for (at, (letter, kind, hint)) in names.iter().enumerate() {
            let urgent = *letter == "URGENT";
            let stage = serde_json::to_value(Stage::Arriving).expect("a word");
            db.connection
                .execute(
                    "INSERT OR IGNORE INTO letters (id, batch_id, load_id, group_name, stage, urgent, created_ms, last_arrival_ms)
                     VALUES (?1, 1, 1, ?1, ?2, ?3, 0, 0)",
                    (letter, stage.as_str(), urgent),
                )
                .expect("a letter");
            let arrival = format!("a{at}");
            db.connection
                .execute(
                    "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES (?1, 's', ?1, ?1, 0, 'taken')",
                    [&arrival],
                )
                .expect("an arrival");
            db.connection
                .execute(
                    "INSERT INTO pages (letter_id, arrival_id, kind, hint, sha256, sm3, size) VALUES (?1, ?2, ?3, ?4, ?2, '', 0)",
                    (letter, &arrival, kind, hint),
                )
                .expect("a page");
        }
        (folder, db)
    }

    const LONG: [(&str, &str, i64); 6] = [
        ("L", "letter", 1),
        ("L", "letter", 2),
        ("L", "letter", 3),
        ("L", "attachment", 0),
        ("L", "letter", 4),
        ("L", "envelope", 0),
    ];

    fn read_next(db: &mut Db) -> Option<i64> {
        let page = db.begin_reading().expect("the database answers")?;
        let reading = Reading {
            engine: "e".into(),
            width: 1,
            height: 1,
            turned_deg: 0,
            lines: Vec::new(),
            seconds: 0.0,
            blank: false,
        };
        db.finish_reading(page.id, &reading).expect("it is kept");
        Some(page.id)
    }

    fn due(db: &Db) -> Vec<DueLetter> {
        db.letters_due(clock::now(), 0)
            .expect("the database answers")
    }

    fn keep_draft(db: &Db, notes: &str) {
        db.connection
            .execute(
                "INSERT OR REPLACE INTO drafts (letter_id, body, created_ms, updated_ms) VALUES ('L', ?1, ?2, ?2)",
                (format!("{{\"notes\":[{notes}]}}"), clock::now()),
            )
            .expect("a draft");
    }

    #[test]
    fn envelope_first_and_last_page_are_read_before_the_pages_between() {
        let (_folder, mut db) = letter(&LONG);
        let order: Vec<i64> = std::iter::from_fn(|| read_next(&mut db)).collect();
        assert_eq!(order, [1, 5, 6, 2, 3, 4]);
    }

    #[test]
    fn an_urgent_letter_is_read_before_all_others() {
        let mut pages = LONG.to_vec();
        pages.extend([
            ("URGENT", "letter", 1),
            ("URGENT", "letter", 2),
            ("URGENT", "letter", 3),
        ]);
        let (_folder, mut db) = letter(&pages);
        let order: Vec<i64> = std::iter::from_fn(|| read_next(&mut db)).collect();
        assert_eq!(order, [7, 9, 8, 1, 5, 6, 2, 3, 4]);
    }

    #[test]
    fn readers_get_what_waits_behind_the_stations_own_queue_and_nothing_twice() {
        let (_folder, mut db) = letter(&LONG);
        let ids = |pages: Vec<UnreadPage>| pages.iter().map(|page| page.id).collect::<Vec<_>>();
        let lent = ids(db.pages_to_lend(2, &[], 3).expect("it answers"));
        assert_eq!(lent, [6, 2, 3], "the first two are the station's own");
        assert_eq!(ids(db.pages_to_lend(2, &lent, 3).expect("it answers")), [4]);
        let all: Vec<i64> = std::iter::from_fn(|| {
            let page = db.begin_reading_but(&lent).expect("it answers")?;
            let reading = Reading {
                engine: "test".into(),
                width: 1,
                height: 1,
                turned_deg: 0,
                lines: vec![],
                seconds: 0.0,
                blank: false,
            };
            db.finish_reading(page.id, &reading).expect("it is kept");
            Some(page.id)
        })
        .collect();
        assert_eq!(all, [1, 5, 4], "what is lent is not read here");
        assert!(db.page_to_read(6).expect("it answers").is_some());
        assert!(db.page_to_read(1).expect("it answers").is_none());
    }

    #[test]
    fn of_a_letter_with_a_secret_mark_no_page_is_lent() {
        let (_folder, mut db) = letter(&LONG);
        db.stop_reading("L", "secret_mark", 1).expect("it is noted");
        assert!(db.pages_to_lend(0, &[], 9).expect("it answers").is_empty());
    }

    #[test]
    fn a_page_that_was_begun_here_is_not_lent() {
        let (_folder, mut db) = letter(&LONG);
        let begun = db.begin_reading().expect("it answers").expect("a page");
        let lent = db.pages_to_lend(0, &[], 9).expect("it answers");
        assert!(lent.iter().all(|page| page.id != begun.id) && lent.len() == 5);
    }

    #[test]
    fn a_draft_is_due_early_and_again_when_the_pages_between_are_read() {
        let (_folder, mut db) = letter(&LONG);
        for _ in 0..2 {
            read_next(&mut db);
            assert_eq!(due(&db), [], "the envelope is unread");
        }
        read_next(&mut db);
        let early = DueLetter {
            id: "L".into(),
            read: PagesRead::Outer,
        };
        assert_eq!(due(&db), [early]);
        keep_draft(&db, &format!("\"{PAGE_UNREAD}: 2\""));
        assert_eq!(due(&db), [], "there is an early draft");
        while read_next(&mut db).is_some() {}
        let whole = DueLetter {
            id: "L".into(),
            read: PagesRead::All,
        };
        assert_eq!(due(&db), [whole]);
        keep_draft(&db, "\"page_unreadable: 3 (damaged)\"");
        assert_eq!(due(&db), []);
    }

    #[test]
    fn a_page_that_was_given_up_does_not_hold_the_whole_draft_back() {
        let (_folder, mut db) = letter(&LONG);
        for _ in 0..5 {
            read_next(&mut db);
        }
        keep_draft(&db, &format!("\"{PAGE_UNREAD}: 4\""));
        let page = db
            .begin_reading()
            .expect("it answers")
            .expect("one is left");
        db.give_up_reading(page.id, "damaged").expect("it is noted");
        assert_eq!(due(&db).len(), 1);
        assert_eq!(due(&db)[0].read, PagesRead::All);
    }

    /// Steps of SQLite for one look at what is due.
    fn steps(db: &Db) -> i32 {
        let mut query = db.connection.prepare(&letters_due()).expect("it is SQL");
        let mut rows = query.query([clock::now()]).expect("it runs");
        while rows.next().expect("a row").is_some() {}
        drop(rows);
        query.get_status(rusqlite::StatementStatus::VmStep)
    }

    #[test]
    fn what_is_due_is_found_without_walking_all_pages_and_letters() {
        let names: Vec<String> = (0..400).map(|at| format!("{at:03}")).collect();
        let of = |names: &[String]| -> (tempfile::TempDir, Db) {
            let pages: Vec<_> = names
                .iter()
                .map(|name| (name.as_str(), "letter", 1))
                .collect();
            letter(&pages)
        };
        let (_few, few) = of(&names[..100]);
        let (_many, many) = of(&names);
        let (few, unread) = (steps(&few), steps(&many));
        assert!(
            unread < 5 * few,
            "{few} steps for 100 unread pages, {unread} for 400"
        );
        many.connection
            .execute_batch(
                "UPDATE pages SET state = 'read';
                 INSERT INTO drafts (letter_id, body, created_ms, updated_ms) SELECT id, '{\"notes\":[]}', 1, 1 FROM letters;",
            )
            .expect("all are drafted");
        assert!(
            steps(&many) < 50,
            "{} steps where nothing is due",
            steps(&many)
        );
    }

    #[test]
    fn two_mail_numbers_in_one_letter_are_held() {
        let (_folder, mut db) = letter(&[("L", "envelope", 1), ("L", "envelope", 2)]);
        let keep =
            |db: &mut Db, page, code| db.keep_envelope_code(page, Some(code)).expect("it is kept");
        keep(&mut db, 1, "EA473124829CN");
        assert!(!db.is_held("L").expect("it answers"));
        keep(&mut db, 2, "RR473124829CN");
        let holds = db.holds_of("L").expect("the database answers");
        assert_eq!(holds[0].reason, hold::TWO_MAIL_NUMBERS);
        assert_eq!(
            holds[0].detail.as_deref(),
            Some("EA473124829CN / RR473124829CN")
        );
    }

    #[test]
    fn a_page_that_cannot_be_decoded_is_a_finding_of_its_letter() {
        let (_folder, mut db) = letter(&LONG);
        db.give_up_reading(2, "too_large").expect("it is noted");
        db.give_up_reading(3, UNREAD_ON_PURPOSE)
            .expect("it is noted");
        let holds = db.holds_of("L").expect("the database answers");
        let told: Vec<_> = holds
            .iter()
            .map(|one| (one.reason.as_str(), one.detail.as_deref()))
            .collect();
        assert_eq!(told, [(hold::PAGE_UNREADABLE, Some("page 2 too_large"))]);
        assert!(
            db.is_held("L").expect("it answers"),
            "nobody hands it over before a person answered"
        );
    }
}
