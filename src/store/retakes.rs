//! A page that was scanned anew: its image takes the place and the kind of the one that was scanned badly, and that one is kept behind all others.

use serde_json::json;

use super::page_kinds::KIND_SET;
use super::{Db, Hindrance, MoveTo, StoreError, ledger};
use crate::domain::text::PageKind;

impl Db {
    /// Puts a page, of this letter or of another, in the place of one that was scanned badly, both by letter and number. Drafts are made anew; nothing is deleted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] once a case system has one of the letters, where one of the pages has been replaced already,
    /// and for an instruction: what it was replaced by, or what it replaced, would be shown to everybody.
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
            let is_fixed = |kind| matches!(kind, PageKind::Retaken | PageKind::Instruction);
            if old == new || is_fixed(kind) || is_fixed(was) {
                return Err(StoreError::WrongState {
                    why: Hindrance::NotSo,
                    what: "page",
                    id: format!("{letter}/{n}"),
                    state: "the same page, one that was replaced already, or an instruction".into(),
                    action: "put another in its place",
                });
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
            ledger::append(&db.connection, by, "page.retaken", &about, &detail)
        })
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
