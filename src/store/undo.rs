//! A correction taken back by whoever made it: the field is again what it was, its source, its confidence and its stop as well. Both stay on record.

use serde_json::{Map, Value, json};

use super::drafts::subject;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::config::Offer;
use crate::domain::correct::Stood;

/// A correction in force.
struct Made {
    id: i64,
    field: String,
    before: String,
    after: String,
    stood: Option<String>,
}

impl Db {
    /// Takes back what this person changed last in this field, with what followed from it in others. Nobody's change but his own, and none that somebody
    /// has changed since.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where there is none; else as [`Db::correct`].
    pub fn undo_correction(
        &mut self,
        letter: &str,
        version: i64,
        field: &str,
        (by, offer): (&str, Offer),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let mut row = db.changeable(letter, version, "take a correction back")?;
            let accused = row.draft.fields.accused.clone();
            let made = db.last_change(letter, field, by)?;
            let now = clock::now();
            let (mut rows, mut fields, mut undone) = (Map::new(), Vec::new(), Vec::new());
            for one in made {
                let Some(stood) = one.stood else {
                    return Err(nothing_to_undo(letter));
                };
                let stood: Stood =
                    serde_json::from_str(&stood).map_err(|source| StoreError::Document {
                        what: "correction",
                        id: one.id.to_string(),
                        source,
                    })?;
                let back = (one.field.as_str(), one.after.as_str(), one.before.as_str());
                let (id, hash) = db.note_correction(letter, back, None, (by, now))?;
                db.connection.execute(
                    "UPDATE corrections SET undoes = ?2 WHERE id = ?1",
                    (id, one.id),
                )?;
                db.connection.execute(
                    "UPDATE corrections SET stood = NULL WHERE id = ?1",
                    [one.id],
                )?;
                row.draft.stands_again(&stood);
                rows.insert(id.to_string(), hash);
                fields.push(one.field);
                undone.push(one.id);
            }
            db.keep_changed(row, &accused, (by, offer))?;
            let detail = json!({"fields": fields, "rows": rows, "undone": undone});
            let action = "draft.correction_undone";
            ledger::append(&db.connection, by, action, &subject(letter), &detail)
        })
    }

    /// A field's last change with the others of the same moment, each where nothing has followed it.
    fn last_change(&self, letter: &str, field: &str, by: &str) -> Result<Vec<Made>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT m.id, m.field, m.before, m.after, m.stood FROM corrections_in_force m
             JOIN (SELECT by, at_ms FROM corrections_in_force WHERE letter_id = ?1 AND field = ?2 ORDER BY id DESC LIMIT 1) l
             ON m.by = l.by AND m.at_ms = l.at_ms
             WHERE m.letter_id = ?1 AND m.by = ?3
             AND NOT EXISTS (SELECT 1 FROM corrections_in_force n WHERE n.letter_id = ?1 AND n.field = m.field AND n.id > m.id)
             ORDER BY m.id",
        )?;
        let made = query.query_map((letter, field, by), |row| {
            Ok(Made {
                id: row.get(0)?,
                field: row.get(1)?,
                before: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                after: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                stood: row.get(4)?,
            })
        })?;
        let made: Vec<Made> = made.collect::<Result<_, _>>()?;
        match made.iter().any(|one| one.field == field) {
            true => Ok(made),
            false => Err(nothing_to_undo(letter)),
        }
    }

    /// Keeps one change on record (the field, what it was, what it is), with what stood there; its number, and the hash that the ledger vouches for it with.
    pub(super) fn note_correction(
        &self,
        letter: &str,
        (field, before, after): (&str, &str, &str),
        stood: Option<Stood>,
        (by, at): (&str, Millis),
    ) -> Result<(i64, Value), StoreError> {
        let stood =
            stood.map(|stood| serde_json::to_string(&stood).expect("fields are a document"));
        self.connection
            .prepare_cached(
                "INSERT INTO corrections (letter_id, field, before, after, by, at_ms, stood) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((letter, field, before, after, by, at, stood))?;
        let id = self.connection.last_insert_rowid();
        let hash = vouch::correction_hash(&self.connection, id)?;
        Ok((id, json!(hash)))
    }

    /// What stood there was read from other pages, or otherwise: it is not to come back.
    pub(super) fn nothing_comes_back(&self, letter: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE corrections SET stood = NULL WHERE letter_id = ?1",
            [letter],
        )?;
        Ok(())
    }
}

fn nothing_to_undo(letter: &str) -> StoreError {
    StoreError::WrongState {
        why: Hindrance::NothingToUndo,
        what: "letter",
        id: letter.to_owned(),
        state: "without a change of yours in this field that nobody has changed since".into(),
        action: "take a correction back",
    }
}
