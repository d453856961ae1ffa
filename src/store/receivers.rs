//! Which offices' systems would receive a letter once it is confirmed, and the word of whoever reads it that it speaks of one of them. No rule sees all of
//! what can be said of an office: who confirms is shown where the letter goes, and may stop it there.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;
use serde_json::json;

use super::{Db, DraftState, StoreError};
use crate::clock;

impl Db {
    /// By their full names, the offices whose systems would receive this letter as it stands: those whose exchange folders take it, and where there is none,
    /// all who may claim it. Of a draft that is out already, whoever has it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn receivers(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let row = match self.draft(letter) {
            Ok(row) => row,
            Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if row.state != DraftState::Open {
            let unit = self.unit_of(row.claimed_by.as_deref().unwrap_or_default())?;
            return Ok(unit.iter().map(|unit| self.office_of(unit)).collect());
        }
        for units in [self.units_of_folders(), self.units()?] {
            let mut offices = BTreeSet::new();
            for unit in units {
                if !self.may_accuse(letter, &row.draft.fields, Some(&unit))? {
                    offices.insert(self.office_of(&unit));
                }
            }
            if !offices.is_empty() {
                return Ok(offices.into_iter().collect());
            }
        }
        Ok(Vec::new())
    }

    /// Whoever reads a letter says that it speaks of an office or its people: it waits for a confirming officer as if the station had seen it itself, also
    /// where one had said before that it accuses nobody there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where no case system stands for that office; [`StoreError::WrongState`] for a letter that is withheld.
    pub fn say_speaks_of(
        &mut self,
        letter: &str,
        office: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.not_withheld(letter, "say of which office it speaks")?;
            let fields = db.draft(letter)?.draft.fields;
            let name = db.office_of(office);
            if !db.offices_of_systems()?.contains(&name) {
                return Err(StoreError::NotFound {
                    what: "case system of the office",
                    id: office.to_owned(),
                });
            }
            let id: Option<i64> = db
                .connection
                .query_row(
                    "INSERT INTO named_offices (letter_id, office, raised_ms, decided_by) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (letter_id, office) DO UPDATE SET raised_ms = ?3, ended_ms = NULL, decided_by = ?4, decided_ms = NULL, accuses = NULL,
                     reason = NULL WHERE accuses IS NOT 1 RETURNING id",
                    (letter, &name, clock::now(), by),
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = id {
                let detail = json!({"letter": letter, "office": name});
                db.vouch_for_office(id, (by, "office.named"), detail)?;
            }
            db.guard_letter(letter, &fields)
        })
    }
}
