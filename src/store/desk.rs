//! What others than the reviewing officer say of a draft before it is confirmed: a second person who keys fields blind (`domain::double_entry`), and the
//! visitor who brought the letter (`domain::visitor`). Both are parts of the draft: a draft that is made anew because a page came asks again.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::drafts::subject;
use super::{Db, DraftRow, Hindrance, StoreError, ledger};
use crate::clock;
use crate::digest;
use crate::domain::double_entry::{Agreement, EntryField, SecondEntry, agreement};
use crate::domain::draft::Draft;
use crate::domain::visitor::{Shown, VisitorWord, shown};

impl Db {
    /// The fields that this office wants keyed twice.
    pub fn keyed_twice(&self) -> &[EntryField] {
        self.offices.keyed_twice()
    }

    fn corrected_last_by(
        &self,
        letter: &str,
        field: EntryField,
    ) -> Result<Option<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT by FROM corrections_in_force WHERE letter_id = ?1 AND field = ?2 ORDER BY id DESC LIMIT 1",
        )?;
        Ok(query
            .query_row((letter, field.name()), |row| row.get(0))
            .optional()?)
    }

    /// How the fields that are to be keyed twice stand; none in an office that does not want that.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn entries_of(&self, draft: &Draft) -> Result<Vec<(EntryField, Agreement)>, StoreError> {
        let fields = self.keyed_twice().iter();
        fields
            .map(|&field| {
                let by = self.corrected_last_by(&draft.letter, field)?;
                let told = agreement(field, &draft.fields, &draft.second_entries, by.as_deref());
                Ok((field, told))
            })
            .collect()
    }

    /// Nothing is confirmed before two wrote the same.
    pub(super) fn entries_agree(&self, draft: &Draft) -> Result<(), StoreError> {
        let open = self.entries_of(draft)?.into_iter();
        let open: Vec<_> = open
            .filter(|(_, told)| *told != Agreement::Agrees)
            .map(|(field, _)| field.name())
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        Err(StoreError::WrongState {
            why: Hindrance::SecondEntryOpen,
            what: "letter",
            id: draft.letter.clone(),
            state: format!("not keyed twice alike ({})", open.join(", ")),
            action: "confirm",
        })
    }

    /// A draft about which something may still be said.
    fn unconfirmed(&self, letter: &str, action: &'static str) -> Result<DraftRow, StoreError> {
        let row = self.changeable(letter, self.letter_row(letter)?.version, action)?;
        if row.draft.confirmed.is_some() {
            return Err(StoreError::WrongState {
                why: Hindrance::Confirmed,
                what: "letter",
                id: letter.to_owned(),
                state: "confirmed".into(),
                action,
            });
        }
        Ok(row)
    }

    /// A second person keys fields from the paper. Fields that the office does not want keyed twice are left.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] in an office that wants none, once the draft is confirmed or with a case system, and of a
    /// field whose value he wrote himself.
    pub fn enter_again(
        &mut self,
        letter: &str,
        entered: Vec<(EntryField, Vec<String>)>,
        by: &str,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "key again";
        let refused = |why, state: &str| {
            Err(StoreError::WrongState {
                why,
                what: "letter",
                id: letter.to_owned(),
                state: state.into(),
                action: ACTION,
            })
        };
        self.atomically(|db| {
            let mut row = db.unconfirmed(letter, ACTION)?;
            let wanted = entered
                .into_iter()
                .filter(|(field, _)| db.keyed_twice().contains(field));
            let wanted: Vec<_> = wanted.collect();
            if wanted.is_empty() {
                return refused(Hindrance::NotSo, "not to be keyed twice in these fields");
            }
            let (at, mut fields) = (clock::now().rfc3339(), Vec::new());
            for (field, values) in wanted {
                if db.corrected_last_by(letter, field)?.as_deref() == Some(by) {
                    return refused(Hindrance::SamePerson, "as you wrote it yourself");
                }
                fields.push(field);
                row.draft
                    .second_entries
                    .retain(|entry| entry.field != field);
                let (by, at) = (by.to_owned(), at.clone());
                row.draft.second_entries.push(SecondEntry {
                    field,
                    values,
                    by,
                    at,
                });
            }
            let told = db.entries_of(&row.draft)?;
            let told: serde_json::Map<_, _> = told
                .into_iter()
                .filter(|(field, _)| fields.contains(field))
                .map(|(field, told)| (field.name().to_owned(), json!(told)))
                .collect();
            db.keep_said(&row.draft)?;
            ledger::append(
                &db.connection,
                by,
                "draft.entered_again",
                &subject(letter),
                &json!({"fields": told}),
            )
        })
    }

    /// What a visitor sees of his letter, and the name of what he sees.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without a draft; [`StoreError::WrongState`] of a letter that is not for everybody, or is withheld.
    pub fn for_visitor(&self, letter: &str) -> Result<(Shown, String), StoreError> {
        self.not_withheld(letter, "show")?;
        if self.restriction(letter)?.is_some_and(|known| known.holds) {
            return Err(StoreError::WrongState {
                why: Hindrance::NotForVisitors,
                what: "letter",
                id: letter.to_owned(),
                state: "restricted".into(),
                action: "show on the second screen",
            });
        }
        let shown = shown(&self.draft(letter)?.draft.fields, &self.page_texts(letter)?);
        let told = serde_json::to_vec(&shown).map_err(|source| StoreError::Document {
            what: "second screen",
            id: letter.to_owned(),
            source,
        })?;
        let seen = digest::sha256_hex(&told)[..16].to_owned();
        Ok((shown, seen))
    }

    /// A visitor says whether the draft that he saw is right.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when the draft is not as he saw it any more; [`StoreError::WrongState`] as [`Db::for_visitor`], and once it is confirmed.
    pub fn visitor_says(
        &mut self,
        letter: &str,
        (agrees, seen): (bool, &str),
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let mut row = db.unconfirmed(letter, "note what the visitor says")?;
            if db.for_visitor(letter)?.1 != seen {
                return Err(StoreError::Changed {
                    what: "letter",
                    id: letter.to_owned(),
                });
            }
            row.draft.visitor = Some(VisitorWord {
                agrees,
                seen: seen.to_owned(),
                by: by.to_owned(),
                at: clock::now().rfc3339(),
            });
            db.keep_said(&row.draft)?;
            let detail = json!({"agrees": agrees, "seen": seen});
            ledger::append(
                &db.connection,
                by,
                "visitor.answered",
                &subject(letter),
                &detail,
            )
        })
    }

    fn keep_said(&self, draft: &Draft) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE drafts SET body = ?2, updated_ms = ?3 WHERE letter_id = ?1",
            (&draft.letter, super::drafts::written(draft)?, clock::now()),
        )?;
        let stage = self.letter_row(&draft.letter)?.stage;
        self.letter_changed(&draft.letter, stage)
    }
}
