//! Batches and their loads. What opens a load is the end of a cycle (`store/cycles.rs`) or the signed override here.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::unreleased::letters_and_loads;
use super::{Db, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::balance::{Difference, Exception, letters_not_loaded};
use crate::domain::letter::{Carrier, LoadState};

/// A batch to sign in.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// How the letters came.
    pub carrier: Carrier,
    /// Letters counted at sign-in.
    pub count: u32,
    /// When the office received them.
    pub received: Millis,
}

/// A signed-in batch.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Number.
    pub id: i64,
    /// How the letters came.
    pub carrier: Carrier,
    /// Letters counted at sign-in.
    pub count: u32,
    /// When the office received them.
    pub received: Millis,
    /// Who signed it in.
    pub signed_by: String,
    /// When it was signed in.
    pub created: Millis,
    /// When it was closed.
    pub closed: Option<Millis>,
    /// Letters scanned so far.
    pub letters: u32,
}

/// What lay in the cabinet together.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Number.
    pub id: i64,
    /// Its batch.
    pub batch_id: i64,
    /// Cabinet it is meant for.
    pub cabinet: String,
    /// Letters that were put in, where somebody said.
    pub letters: Option<u32>,
    /// Where it stands.
    pub state: LoadState,
    /// When a cycle released it; an override has its own time.
    pub released: Option<Millis>,
    /// The cycle that released it.
    pub cycle_id: Option<i64>,
    /// Its newest cycle, whatever came of it.
    pub last_cycle: Option<i64>,
    /// Who overrode, if anybody did.
    pub overridden: Option<SignedOverride>,
}

impl Load {
    /// It lies, not disinfected, behind the locked door of another cabinet than this one.
    pub fn is_kept_in_another_than(&self, cabinet: &str) -> bool {
        self.state == LoadState::Quarantined && self.cabinet != cabinet
    }
}

/// Two people who took responsibility for opening a load that no cycle released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOverride {
    /// Who asked for it.
    pub by: String,
    /// The second person; none in records from before two had to sign.
    pub approved_by: Option<String>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Millis,
    /// Where the cabinet's alarm stood: how its lamps were shown, `out` or `not_shown`. Then the two said that its mains were cut.
    pub alarm_lamp: Option<String>,
}

const BATCH: &str =
    "SELECT b.id, b.carrier, b.count, b.received_ms, b.signed_by, b.created_ms, b.closed_ms,
    (SELECT count(*) FROM letters l WHERE l.batch_id = b.id AND EXISTS (SELECT 1 FROM pages p WHERE p.letter_id = l.id)) FROM batches b";

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        id: row.get(0)?,
        carrier: row.get(1)?,
        count: row.get(2)?,
        received: row.get(3)?,
        signed_by: row.get(4)?,
        created: row.get(5)?,
        closed: row.get(6)?,
        letters: row.get(7)?,
    })
}

pub(super) const LOAD: &str = "SELECT id, batch_id, cabinet, state, released_ms, cycle_id, override_by, override_reason, override_ms,
    override_approved_by, (SELECT letters FROM load_letters WHERE load_id = loads.id),
    (SELECT max(id) FROM cycles WHERE load_id = loads.id),
    CASE WHEN override_ms IS NOT NULL THEN (SELECT json_extract(detail, '$.alarm_stands.lamps') FROM ledger
        WHERE subject = 'load/' || loads.id AND action = 'load.overridden' ORDER BY seq DESC LIMIT 1) END FROM loads";

pub(super) fn load(row: &Row<'_>) -> rusqlite::Result<Load> {
    let (by, reason, at): (Option<String>, Option<String>, Option<Millis>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    let approved_by = row.get(9)?;
    let alarm_lamp = row.get(12)?;
    // The column is also set by an override: since then the load may be opened.
    let may_be_opened: Option<Millis> = row.get(4)?;
    let state = row.get(3)?;
    Ok(Load {
        id: row.get(0)?,
        batch_id: row.get(1)?,
        cabinet: row.get(2)?,
        letters: row.get(10)?,
        state,
        released: may_be_opened.filter(|_| state == LoadState::Released),
        cycle_id: row.get(5)?,
        last_cycle: row.get(11)?,
        overridden: by
            .zip(reason)
            .zip(at)
            .map(|((by, reason), at)| SignedOverride {
                by,
                approved_by,
                reason,
                at,
                alarm_lamp,
            }),
    })
}

impl Db {
    /// Signs a batch in.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn sign_in_batch(&mut self, new: &NewBatch, by: &str) -> Result<i64, StoreError> {
        self.clock_is_right("sign a batch in")?;
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO batches (carrier, count, received_ms, signed_by, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            (new.carrier, new.count, new.received, by, clock::now()),
        )?;
        let id = step.last_insert_rowid();
        ledger::append(
            &step,
            by,
            "batch.signed_in",
            &format!("batch/{id}"),
            &json!({"count": new.count}),
        )?;
        step.commit()?;
        Ok(id)
    }

    /// One batch.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn batch(&self, id: i64) -> Result<Batch, StoreError> {
        self.connection
            .query_row(&format!("{BATCH} WHERE b.id = ?1"), [id], batch)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "batch",
                id: id.to_string(),
            })
    }

    /// Batches, newest first, with numbers below `before`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn batches(&self, before: Option<i64>, limit: u32) -> Result<Vec<Batch>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{BATCH} WHERE b.id < ?1 ORDER BY b.id DESC LIMIT ?2"
        ))?;
        let rows = query.query_map((before.unwrap_or(i64::MAX), limit), batch)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// As [`Db::close_batch_with`] without an exception.
    ///
    /// # Errors
    /// As there.
    pub fn close_batch(&mut self, id: i64, by: &str, note: Option<&str>) -> Result<(), StoreError> {
        self.close_batch_with(id, by, (None, note))
    }

    /// Closes a batch. Everything has to come out; a last separator sheet without a letter is held now. Letters more or fewer than signed in are recorded as an exception, which may be named here with its
    /// note; files that were not taken, and what lay in letters and is not given back yet, are explained by the note alone. A scan under way, a missing image, a finding that nobody has looked
    /// at, or a thing that only one person has seen is explained by no note.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when already closed, or where something does not come out, with where to look; [`StoreError::TooMany`].
    pub fn close_batch_with(
        &mut self,
        id: i64,
        by: &str,
        (exception, note): (Option<(Exception, u32)>, Option<&str>),
    ) -> Result<(), StoreError> {
        // Of its own: the finding stays when the closing is refused because of it.
        self.hold_empty_last_sheets(id)?;
        self.atomically(|db| {
            db.clock_is_right("close the batch")?;
            let found = db.batch(id)?;
            let refused = |why, state: String| StoreError::WrongState {
                why,
                what: "batch",
                id: id.to_string(),
                state,
                action: "close",
            };
            if found.closed.is_some() {
                return Err(refused(Hindrance::Decided, "closed already".into()));
            }
            let in_cycle = db
                .connection
                .prepare_cached("SELECT 1 FROM loads WHERE batch_id = ?1 AND state = ?2")?
                .exists((id, LoadState::InCycle))?;
            if in_cycle {
                return Err(refused(Hindrance::Busy, "in the cabinet".into()));
            }
            let note = note.map(str::trim).filter(|note| !note.is_empty());
            let stands = |told: &Difference| note.is_none() || !told.is_explained_by_a_note();
            if let (Some(exception), Some(note)) = (exception, note) {
                db.add_exception(id, exception, (by, note))?;
            }
            if let Some(difference) = db.batch_counts(id)?.differences().into_iter().find(stands) {
                let why = match difference {
                    Difference::ValuablesUnseen { .. } | Difference::ValuablesNotReturned { .. } => Hindrance::ValuablesOpen,
                    _ => Hindrance::OutOfBalance,
                };
                return Err(refused(why, format!("out of balance ({})", difference.told())));
            }
            db.connection.execute(
                "UPDATE batches SET closed_ms = ?2, closed_by = ?3, close_note = ?4 WHERE id = ?1",
                (id, clock::now(), by, note),
            )?;
            let counts = db.batch_counts(id)?;
            let detail = json!({"signed_in": counts.signed_in, "scanned": counts.scanned, "exceptions": counts.exceptions, "note": note});
            ledger::append(&db.connection, by, "batch.closed", &format!("batch/{id}"), &detail)
        })
    }

    /// Puts a batch, or what fits of it, into a cabinet as a load; nobody says how many letters that are.
    ///
    /// # Errors
    /// As [`Db::add_load_of`].
    pub fn add_load(&mut self, batch_id: i64, cabinet: &str, by: &str) -> Result<i64, StoreError> {
        self.add_load_of(batch_id, (cabinet, None), by)
    }

    /// Puts so many letters of a batch into a cabinet as a load.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::WrongState`] when the batch is closed, or has not so many letters left.
    pub fn add_load_of(
        &mut self,
        batch_id: i64,
        (cabinet, letters): (&str, Option<u32>),
        by: &str,
    ) -> Result<i64, StoreError> {
        let refused = |why, state: String| StoreError::WrongState {
            why,
            what: "batch",
            id: batch_id.to_string(),
            state,
            action: "load the cabinet with it",
        };
        self.clock_is_right("load the cabinet")?;
        if self.batch(batch_id)?.closed.is_some() {
            return Err(refused(Hindrance::Closed, "closed".into()));
        }
        let (expected, _, loads) = letters_and_loads(&self.connection, batch_id)?;
        let in_loads: u32 = loads.iter().filter_map(|load| load.letters).sum();
        let left = (expected - i64::from(in_loads)).max(0);
        if letters.is_some_and(|letters| i64::from(letters) > left) {
            return Err(refused(
                Hindrance::OutOfBalance,
                format!(
                    "of {expected} letters, {in_loads} of them in loads: {left} are left; record those that were not counted as an exception first"
                ),
            ));
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO loads (batch_id, cabinet, state, created_ms) VALUES (?1, ?2, ?3, ?4)",
            (batch_id, cabinet, LoadState::Waiting, clock::now()),
        )?;
        let id = step.last_insert_rowid();
        if let Some(letters) = letters {
            step.execute(
                "INSERT INTO load_letters (load_id, letters) VALUES (?1, ?2)",
                (id, letters),
            )?;
        }
        let detail = json!({"batch": batch_id, "cabinet": cabinet, "letters": letters});
        ledger::append(&step, by, "load.made", &format!("load/{id}"), &detail)?;
        step.commit()?;
        Ok(id)
    }

    /// One load.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn load(&self, id: i64) -> Result<Load, StoreError> {
        self.connection
            .query_row(&format!("{LOAD} WHERE id = ?1"), [id], load)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "load",
                id: id.to_string(),
            })
    }

    /// How many letters of a batch are in no load yet; `None` where nobody said of some load how many it has.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_to_load(&self, batch: i64) -> Result<Option<i64>, StoreError> {
        let (expected, _, loads) = letters_and_loads(&self.connection, batch)?;
        Ok(letters_not_loaded(expected, &loads))
    }

    /// The loads of a batch in order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn loads_of(&self, batch_id: i64) -> Result<Vec<Load>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{LOAD} WHERE batch_id = ?1 ORDER BY id"))?;
        let rows = query.query_map([batch_id], load)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The load whose letters are being scanned: released or overridden, its batch open; the latest so opened.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn current_scanning_load(&self) -> Result<Option<Load>, StoreError> {
        let open = format!(
            "{LOAD} WHERE state IN (?1, ?2) AND batch_id IN (SELECT id FROM batches WHERE closed_ms IS NULL)
             ORDER BY released_ms DESC, id DESC LIMIT 1"
        );
        Ok(self
            .connection
            .query_row(&open, (LoadState::Released, LoadState::Overridden), load)
            .optional()?)
    }

    /// Two named people take responsibility for opening a load that no cycle released.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] while a cycle runs or when it is open already, and when the two are one person.
    pub fn override_load(
        &mut self,
        load_id: i64,
        signed: (&str, &str),
        reason: &str,
    ) -> Result<(), StoreError> {
        self.override_load_in_alarm(load_id, signed, reason, None)
    }

    /// The same while an alarm of its cabinet stands: the entry in the ledger says so, and what was known of the lamps.
    ///
    /// # Errors
    /// As [`Db::override_load`].
    pub fn override_load_in_alarm(
        &mut self,
        load_id: i64,
        (by, approved_by): (&str, &str),
        reason: &str,
        alarm: Option<serde_json::Value>,
    ) -> Result<(), StoreError> {
        self.clock_is_right("open the load")?;
        if let Some(hand) = self.one_hand(by, approved_by)? {
            return Err(StoreError::WrongState {
                why: hand.why(),
                what: "override of load",
                id: load_id.to_string(),
                state: hand.state("signed by"),
                action: "open the load",
            });
        }
        let found = self.load(load_id)?;
        if !matches!(found.state, LoadState::Waiting | LoadState::Quarantined) {
            let (state, action) = (found.state.told().to_owned(), "override");
            return Err(StoreError::WrongState {
                why: Hindrance::LoadElsewhere,
                what: "load",
                id: load_id.to_string(),
                state,
                action,
            });
        }
        let now = clock::now();
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE loads SET state = ?2, released_ms = ?3, override_by = ?4, override_reason = ?5, override_ms = ?3,
             override_approved_by = ?6 WHERE id = ?1",
            (load_id, LoadState::Overridden, now, by, reason, approved_by),
        )?;
        ledger::append(
            &step,
            by,
            "load.overridden",
            &format!("load/{load_id}"),
            &match alarm {
                None => json!({"reason": reason, "approved_by": approved_by}),
                Some(alarm) => {
                    json!({"reason": reason, "approved_by": approved_by, "alarm_stands": alarm})
                }
            },
        )?;
        step.commit()?;
        self.note_release()
    }
}
