//! A page that was scanned anew: its image takes the place and the kind of the one that was scanned badly, and that one is kept behind all others. It goes
//! wherever its replacement goes, and stands in its place again when that one goes alone.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::page_kinds::KIND_SET;
use super::{Db, Hindrance, MoveTo, PAGE_BLANK, StoreError, ledger};
use crate::domain::text::PageKind;

const RETAKEN: &str = "page.retaken";

impl Db {
    /// Puts a page, of this letter or of another, in the place of one that was scanned badly, both by letter and number. Drafts are made anew; nothing is deleted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] once a case system has one of the letters, where one of the pages has been replaced already,
    /// for an instruction, since what it was replaced by, or what it replaced, would be shown to everybody, for a blank page in the place of one on which
    /// something was read, and before that is known of the new one.
    pub fn retake_page(
        &mut self,
        (letter, n): (&str, u32),
        (from, m): (&str, u32),
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.clock_is_right("put a page in the place of another")?;
            db.may_regroup(letter)?;
            let (old, kind) = db.page_numbered(letter, n)?;
            let (new, was) = db.page_numbered(from, m)?;
            let refused = |why, (letter, n): (&str, u32), state: &str| StoreError::WrongState {
                why,
                what: "page",
                id: format!("{letter}/{n}"),
                state: state.to_owned(),
                action: "put one in the place of the other",
            };
            let fixed = |kind| match kind {
                PageKind::Retaken => Some("one in whose place another stands already"),
                PageKind::Instruction => Some("an instruction"),
                _ => None,
            };
            if old == new {
                return Err(refused(Hindrance::NotSo, (letter, n), "that page itself"));
            }
            if let Some(state) = fixed(kind) {
                return Err(refused(Hindrance::NotSo, (letter, n), state));
            }
            if let Some(state) = fixed(was) {
                return Err(refused(Hindrance::NotSo, (from, m), state));
            }
            let covers_nothing = db.is_blank(old)? == Some(true);
            match db.is_blank(new)? {
                _ if covers_nothing => {}
                None => {
                    let state = "not read yet";
                    return Err(refused(Hindrance::BeingRead, (from, m), state));
                }
                Some(true) => {
                    let state = "blank, and the other one is not";
                    return Err(refused(Hindrance::NotSo, (from, m), state));
                }
                Some(false) => {}
            }
            if from == letter {
                db.stand_again(letter, &[new], by)?;
            }
            // Of its kind first: otherwise it could not stand where that one stood.
            db.is_now(new, kind)?;
            if from != letter {
                let to = MoveTo::Letter(letter.to_owned());
                db.move_pages(from, &[new], &to, (by, why))?;
            }
            db.put_before(letter, &[new], old)?;
            db.is_now(old, PageKind::Retaken)?;
            db.regrouped(letter)?;
            let set = json!({"letter": letter, "n": n, "before": was, "after": kind});
            ledger::append(&db.connection, by, KIND_SET, &format!("page/{new}"), &set)?;
            let detail =
                json!({"letter": letter, "n": n, "by": new, "before": kind, "reason": why});
            let about = format!("page/{old}");
            ledger::append(&db.connection, by, RETAKEN, &about, &detail)
        })
    }

    /// These pages of a letter without those in whose place others stand that do not go: they stay with them.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where none is left to go.
    pub(super) fn with_replacements(
        &self,
        letter: &str,
        pages: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        let mut go = pages.to_vec();
        let mut stays = None;
        for (n, (page, kind)) in (1..).zip(self.pages_with_kinds(letter)?) {
            if kind != PageKind::Retaken || !pages.contains(&page) {
                continue;
            }
            let by = self.replacement(page)?.map(|(by, _)| by);
            if by.is_none_or(|by| !pages.contains(&by)) {
                go.retain(|other| *other != page);
                stays = Some(n);
            }
        }
        match stays {
            Some(n) if go.is_empty() => Err(StoreError::WrongState {
                why: Hindrance::NotSo,
                what: "page",
                id: format!("{letter}/{n}"),
                state: "one in whose place another stands: move that one along, or say first what this one is".into(),
                action: "move it",
            }),
            _ => Ok(go),
        }
    }

    /// Pages of a letter that these replaced, and that do not go with them, are again what they were.
    pub(super) fn stand_again(
        &self,
        letter: &str,
        gone: &[i64],
        by: &str,
    ) -> Result<(), StoreError> {
        for (n, (page, kind)) in (1..).zip(self.pages_with_kinds(letter)?) {
            if kind != PageKind::Retaken || gone.contains(&page) {
                continue;
            }
            let Some((_, before)) = self.replacement(page)?.filter(|(by, _)| gone.contains(by))
            else {
                continue;
            };
            self.is_now(page, before)?;
            let detail = json!({"letter": letter, "n": n, "before": kind, "after": before});
            ledger::append(
                &self.connection,
                by,
                KIND_SET,
                &format!("page/{page}"),
                &detail,
            )?;
        }
        Ok(())
    }

    /// The page that was last put in the place of this one, and what this one had been.
    fn replacement(&self, page: i64) -> Result<Option<(i64, PageKind)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT detail ->> '$.by', detail ->> '$.before' FROM ledger WHERE subject = ?1 AND action = ?2 ORDER BY seq DESC LIMIT 1",
        )?;
        let found = query.query_row((format!("page/{page}"), RETAKEN), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        Ok(found.optional()?)
    }

    /// Whether nothing was found on it; `None` before it is read.
    fn is_blank(&self, page: i64) -> Result<Option<bool>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT CASE state WHEN 'unread' THEN NULL ELSE problem IS ?2 END FROM pages WHERE id = ?1",
        )?;
        Ok(query.query_row((page, PAGE_BLANK), |row| row.get(0))?)
    }

    fn page_numbered(&self, letter: &str, n: u32) -> Result<(i64, PageKind), StoreError> {
        let at = (n as usize).checked_sub(1);
        let pages = self.pages_with_kinds(letter)?;
        at.and_then(|at| pages.get(at).copied())
            .ok_or_else(|| StoreError::NotFound {
                what: "page",
                id: format!("{letter}/{n}"),
            })
    }

    fn is_now(&self, page: i64, kind: PageKind) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE pages SET kind = ?2 WHERE id = ?1")?
            .execute((page, kind))?;
        Ok(())
    }
}
