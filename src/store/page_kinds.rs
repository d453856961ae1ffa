//! What a page turned out to be, and letters whose reading was stopped. The ledger holds what was taken for what, and by whom.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::ordered::{hold_envelope_inside, is_ours};
use super::{Db, Hindrance, StoreError, ledger};
use crate::domain::access::Seer;
use crate::domain::grouping::sheet_read;
use crate::domain::letter::Stage;
use crate::domain::text::PageKind;

const ACTOR: &str = "task/read";
/// A person said what a page is.
pub(super) const KIND_SET: &str = "page.kind_set";
/// Nothing more of a letter is to be read.
const READING_STOPPED: &str = "letter.reading_stopped";

impl Db {
    /// Takes a page for what is written on it, unless its name or a person said what it is. Says whether that changed anything.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn propose_kind(
        &mut self,
        page: i64,
        kind: PageKind,
        sign: &str,
    ) -> Result<bool, StoreError> {
        let subject = format!("page/{page}");
        let step = self.connection.savepoint()?;
        let declared: Option<PageKind> = step
            .query_row("SELECT kind FROM pages WHERE id = ?1", [page], |row| {
                row.get(0)
            })
            .optional()?;
        // A name that says nothing makes a page of the letter; every other kind was said by somebody.
        let open = declared == Some(PageKind::Letter) && kind != PageKind::Letter;
        if !open || told(&step, &subject, KIND_SET)? {
            return Ok(false);
        }
        step.execute("UPDATE pages SET kind = ?2 WHERE id = ?1", (page, kind))?;
        let detail = json!({"declared": PageKind::Letter, "proposed": kind, "sign": sign});
        ledger::append(&step, ACTOR, "page.kind_proposed", &subject, &detail)?;
        if kind == PageKind::Envelope {
            hold_envelope_inside(&step, page)?;
        }
        step.commit()?;
        Ok(true)
    }

    /// A person says what a page is; that is kept whatever is read on it. The letter's draft is made anew. A separator is only what one of our sheets was
    /// read on: it is the one kind that the archive leaves out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] of a letter that is withheld, confirmed or registered, and of a separator that is none;
    /// [`StoreError::Unseen`] for an instruction that is not for this person.
    pub fn set_page_kind(
        &mut self,
        letter: &str,
        n: u32,
        kind: PageKind,
        seer: &Seer,
    ) -> Result<(), StoreError> {
        let by = seer.actor.as_str();
        let missing = || StoreError::NotFound {
            what: "page",
            id: format!("{letter}/{n}"),
        };
        let stage = self.letter_row(letter)?.stage;
        self.not_withheld(letter, "say what the page is")?;
        self.clock_is_right("say what the page is")?;
        if matches!(stage, Stage::Confirmed | Stage::Registered) {
            let state = if stage == Stage::Confirmed {
                "confirmed"
            } else {
                "registered"
            };
            return Err(StoreError::WrongState {
                why: if stage == Stage::Confirmed {
                    Hindrance::Confirmed
                } else {
                    Hindrance::Registered
                },
                what: "letter",
                id: letter.to_owned(),
                state: state.into(),
                action: "say what the page is",
            });
        }
        let rows = self.pages_with_kinds(letter)?;
        let at = (n as usize).checked_sub(1).ok_or_else(missing)?;
        let (page, before) = *rows.get(at).ok_or_else(missing)?;
        // Whoever may not see an instruction does not make it something that he may, unless he alone said that it is one.
        if !self.said_by(page, before, by)? {
            self.let_see_page(seer, letter, before)?;
        }
        if kind == PageKind::Separator && before != kind && !self.is_sheet(letter, at)? {
            return Err(StoreError::WrongState {
                why: Hindrance::NotASheet,
                what: "page",
                id: format!("{letter}/{n}"),
                state: "without a separator sheet of this station on it".into(),
                action: "call it a separator",
            });
        }
        if kind == PageKind::Retaken && before != kind {
            return Err(StoreError::WrongState {
                why: Hindrance::NotSo,
                what: "page",
                id: format!("{letter}/{n}"),
                state: "without another image in its place".into(),
                action: "call it scanned anew",
            });
        }
        let step = self.connection.savepoint()?;
        step.execute("UPDATE pages SET kind = ?2 WHERE id = ?1", (page, kind))?;
        // A draft older than the letter's newest page is made anew.
        step.execute(
            "UPDATE letters SET last_arrival_ms = ?2, version = version + 1 WHERE id = ?1",
            (letter, crate::clock::now()),
        )?;
        let detail = json!({"letter": letter, "n": n, "before": before, "after": kind});
        ledger::append(&step, by, KIND_SET, &format!("page/{page}"), &detail)?;
        step.commit()?;
        Ok(())
    }

    /// Whether it was this person who last said what the page is, and said that it is this.
    fn said_by(&self, page: i64, kind: PageKind, by: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT actor, detail ->> '$.after' FROM ledger WHERE subject = ?1 AND action = ?2 ORDER BY seq DESC LIMIT 1",
        )?;
        let last = query.query_row((format!("page/{page}"), KIND_SET), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        Ok(last.optional()? == Some((by.to_owned(), kind)))
    }

    /// Whether a separator sheet that was printed here was read on the page at this place of a letter.
    fn is_sheet(&self, letter: &str, at: usize) -> Result<bool, StoreError> {
        let read = self.read_pages(letter)?.into_iter().nth(at);
        let sheet = read
            .and_then(|page| page.reading)
            .and_then(|reading| sheet_read(&reading.lines));
        match sheet {
            Some(sheet) => is_ours(&self.connection, &sheet),
            None => Ok(false),
        }
    }

    /// Row numbers and kinds of a letter's pages in archive order.
    pub(super) fn pages_with_kinds(
        &self,
        letter: &str,
    ) -> Result<Vec<(i64, PageKind)>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT p.id, p.kind FROM pages p WHERE p.letter_id = ?1 ORDER BY {}",
            super::places::ARCHIVE_ORDER
        ))?;
        let rows = query.query_map([letter], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stops the reading of a letter: its unread pages are given up with this code, and so are those that still come.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn stop_reading(&mut self, letter: &str, code: &str, page: i64) -> Result<(), StoreError> {
        let subject = format!("letter/{letter}");
        let step = self.connection.savepoint()?;
        if told(&step, &subject, READING_STOPPED)? {
            return Ok(());
        }
        let left = step.execute(
            "UPDATE pages SET state = 'unreadable', problem = ?2 WHERE letter_id = ?1 AND state = 'unread'",
            (letter, code),
        )?;
        let detail = json!({"reason": code, "seen_on": page, "pages_left_unread": left});
        ledger::append(&step, ACTOR, READING_STOPPED, &subject, &detail)?;
        step.commit()?;
        Ok(())
    }

    /// Whether the reading of a letter was stopped.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn reading_stopped(&self, letter: &str) -> Result<bool, StoreError> {
        reading_was_stopped(&self.connection, letter)
    }
}

pub(super) fn reading_was_stopped(
    connection: &rusqlite::Connection,
    letter: &str,
) -> Result<bool, StoreError> {
    told(connection, &format!("letter/{letter}"), READING_STOPPED)
}

fn told(
    connection: &rusqlite::Connection,
    subject: &str,
    action: &str,
) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM ledger WHERE subject = ?1 AND action = ?2")?
        .exists((subject, action))?;
    Ok(found)
}
