//! Batches, their loads, and the cycles that release them.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};
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
#[derive(Debug, Clone)]
pub struct Load {
    /// Number.
    pub id: i64,
    /// Its batch.
    pub batch_id: i64,
    /// Cabinet it is meant for.
    pub cabinet: String,
    /// Where it stands.
    pub state: LoadState,
    /// When it may be opened since.
    pub released: Option<Millis>,
    /// The cycle that released it.
    pub cycle_id: Option<i64>,
    /// Who overrode, why, when.
    pub overridden: Option<(String, String, Millis)>,
}

/// How a cycle ended.
#[derive(Debug, Clone)]
pub struct CycleOutcome {
    /// `None`: the load is released. Otherwise the stable code of what went wrong.
    pub failed: Option<String>,
    /// Dose on the outer surface.
    pub dose_mj_cm2: f64,
    /// Time under the lamps.
    pub exposure_s: f64,
    /// Time ventilated.
    pub ventilation_s: f64,
}

/// A cycle as recorded.
#[derive(Debug, Clone)]
pub struct CycleRecord {
    /// Number.
    pub id: i64,
    /// Its load.
    pub load_id: i64,
    /// Cabinet.
    pub cabinet: String,
    /// SHA-256 of the cabinet's profile file.
    pub profile_sha256: String,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// `released` or `quarantined`; `None` while it runs.
    pub outcome: Option<String>,
    /// Stable code of what ended it, unless released.
    pub reason: Option<String>,
    /// Dose on the outer surface.
    pub dose_mj_cm2: Option<f64>,
}

impl CycleRecord {
    /// The number as people and the case system see it.
    pub fn number(id: i64) -> String {
        format!("C{id:06}")
    }
}

const BATCH: &str =
    "SELECT b.id, b.carrier, b.count, b.received_ms, b.signed_by, b.created_ms, b.closed_ms,
    (SELECT count(*) FROM letters l WHERE l.batch_id = b.id) FROM batches b";

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

pub(super) const LOAD: &str = "SELECT id, batch_id, cabinet, state, released_ms, cycle_id, override_by, override_reason, override_ms
    FROM loads";

pub(super) fn load(row: &Row<'_>) -> rusqlite::Result<Load> {
    let (by, reason, at): (Option<String>, Option<String>, Option<Millis>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    Ok(Load {
        id: row.get(0)?,
        batch_id: row.get(1)?,
        cabinet: row.get(2)?,
        state: row.get(3)?,
        released: row.get(4)?,
        cycle_id: row.get(5)?,
        overridden: by
            .zip(reason)
            .zip(at)
            .map(|((by, reason), at)| (by, reason, at)),
    })
}

pub(super) const CYCLE: &str = "SELECT id, load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, reason,
    dose_mj_cm2 FROM cycles";

pub(super) fn cycle(row: &Row<'_>) -> rusqlite::Result<CycleRecord> {
    Ok(CycleRecord {
        id: row.get(0)?,
        load_id: row.get(1)?,
        cabinet: row.get(2)?,
        profile_sha256: row.get(3)?,
        started_by: row.get(4)?,
        started: row.get(5)?,
        ended: row.get(6)?,
        outcome: row.get(7)?,
        reason: row.get(8)?,
        dose_mj_cm2: row.get(9)?,
    })
}

impl Db {
    /// Signs a batch in.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn sign_in_batch(&mut self, new: &NewBatch, by: &str) -> Result<i64, StoreError> {
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

    /// Closes a batch. The counts must agree unless `note` says why they do not.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when already closed or when counts differ without a note.
    pub fn close_batch(&mut self, id: i64, by: &str, note: Option<&str>) -> Result<(), StoreError> {
        let found = self.batch(id)?;
        let refused = |state: String| StoreError::WrongState {
            what: "batch",
            id: id.to_string(),
            state,
            action: "close",
        };
        if found.closed.is_some() {
            return Err(refused("closed".into()));
        }
        if found.letters != found.count && note.is_none_or(|note| note.trim().is_empty()) {
            return Err(refused(format!(
                "out of balance ({} signed in, {} scanned)",
                found.count, found.letters
            )));
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE batches SET closed_ms = ?2, closed_by = ?3, close_note = ?4 WHERE id = ?1",
            (id, clock::now(), by, note),
        )?;
        let detail = json!({"signed_in": found.count, "scanned": found.letters, "note": note});
        ledger::append(&step, by, "batch.closed", &format!("batch/{id}"), &detail)?;
        step.commit()?;
        Ok(())
    }

    /// Puts a batch, or what fits of it, into a cabinet as a load.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::WrongState`] when the batch is closed.
    pub fn add_load(&mut self, batch_id: i64, cabinet: &str, by: &str) -> Result<i64, StoreError> {
        if self.batch(batch_id)?.closed.is_some() {
            let (state, action) = ("closed".into(), "load");
            return Err(StoreError::WrongState {
                what: "batch",
                id: batch_id.to_string(),
                state,
                action,
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO loads (batch_id, cabinet, state, created_ms) VALUES (?1, ?2, ?3, ?4)",
            (batch_id, cabinet, LoadState::Waiting, clock::now()),
        )?;
        let id = step.last_insert_rowid();
        let detail = json!({"batch": batch_id, "cabinet": cabinet});
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

    /// Records that a cycle begins, before anything is switched on. The load must be waiting or quarantined.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] otherwise.
    pub fn begin_cycle(
        &mut self,
        load_id: i64,
        cabinet: &str,
        profile_sha256: &str,
        by: &str,
    ) -> Result<i64, StoreError> {
        let found = self.load(load_id)?;
        if !matches!(found.state, LoadState::Waiting | LoadState::Quarantined) {
            let (state, action) = (format!("{:?}", found.state), "start a cycle");
            return Err(StoreError::WrongState {
                what: "load",
                id: load_id.to_string(),
                state,
                action,
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO cycles (load_id, cabinet, profile_sha256, started_by, started_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            (load_id, cabinet, profile_sha256, by, clock::now()),
        )?;
        let id = step.last_insert_rowid();
        step.execute(
            "UPDATE loads SET state = ?2, cabinet = ?3 WHERE id = ?1",
            (load_id, LoadState::InCycle, cabinet),
        )?;
        let detail = json!({"load": load_id, "cabinet": cabinet, "profile_sha256": profile_sha256});
        ledger::append(&step, by, "cycle.begun", &format!("cycle/{id}"), &detail)?;
        step.commit()?;
        Ok(id)
    }

    /// Records one step of a running cycle.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn cycle_step(
        &mut self,
        cycle_id: i64,
        at: Millis,
        name: &str,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO cycle_steps (cycle_id, at_ms, step, detail) VALUES (?1, ?2, ?3, ?4)",
            (cycle_id, at, name, detail),
        )?;
        Ok(())
    }

    /// Records how a cycle ended and, with it in one transaction, whether its load is released.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when the cycle has already ended.
    pub fn end_cycle(&mut self, cycle_id: i64, ended: &CycleOutcome) -> Result<(), StoreError> {
        let record = self.cycle(cycle_id)?;
        if record.ended.is_some() {
            let (state, action) = ("over".into(), "end");
            return Err(StoreError::WrongState {
                what: "cycle",
                id: cycle_id.to_string(),
                state,
                action,
            });
        }
        let now = clock::now();
        let (outcome, state) = match ended.failed {
            None => ("released", LoadState::Released),
            Some(_) => ("quarantined", LoadState::Quarantined),
        };
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE cycles SET ended_ms = ?2, outcome = ?3, reason = ?4, dose_mj_cm2 = ?5, exposure_s = ?6,
             ventilation_s = ?7 WHERE id = ?1",
            (cycle_id, now, outcome, &ended.failed, ended.dose_mj_cm2, ended.exposure_s, ended.ventilation_s),
        )?;
        let released = (state == LoadState::Released).then_some(now);
        step.execute(
            "UPDATE loads SET state = ?2, released_ms = ?3, cycle_id = ?4 WHERE id = ?1",
            (record.load_id, state, released, released.map(|_| cycle_id)),
        )?;
        let detail = json!({"load": record.load_id, "outcome": outcome, "reason": ended.failed,
            "dose_mj_cm2": ended.dose_mj_cm2, "exposure_s": ended.exposure_s, "ventilation_s": ended.ventilation_s});
        ledger::append(
            &step,
            "task/disinfect",
            "cycle.ended",
            &format!("cycle/{cycle_id}"),
            &detail,
        )?;
        step.commit()?;
        Ok(())
    }

    /// One cycle.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn cycle(&self, id: i64) -> Result<CycleRecord, StoreError> {
        self.connection
            .query_row(&format!("{CYCLE} WHERE id = ?1"), [id], cycle)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "cycle",
                id: CycleRecord::number(id),
            })
    }

    /// Cycles without an end: at start these were cut short and quarantine their loads.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn running_cycles(&self, cabinet: &str) -> Result<Vec<CycleRecord>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{CYCLE} WHERE ended_ms IS NULL AND cabinet = ?1 ORDER BY id"
        ))?;
        let rows = query.query_map([cabinet], cycle)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest cycle in this cabinet: at start it tells whether a quarantined load may be inside.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_cycle_in(&self, cabinet: &str) -> Result<Option<CycleRecord>, StoreError> {
        let newest = format!("{CYCLE} WHERE cabinet = ?1 ORDER BY id DESC LIMIT 1");
        Ok(self
            .connection
            .query_row(&newest, [cabinet], cycle)
            .optional()?)
    }

    /// A named person takes responsibility for opening a load that no cycle released.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] while a cycle runs or when it is open already.
    pub fn override_load(
        &mut self,
        load_id: i64,
        by: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let found = self.load(load_id)?;
        if !matches!(found.state, LoadState::Waiting | LoadState::Quarantined) {
            let (state, action) = (format!("{:?}", found.state), "override");
            return Err(StoreError::WrongState {
                what: "load",
                id: load_id.to_string(),
                state,
                action,
            });
        }
        let now = clock::now();
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE loads SET state = ?2, released_ms = ?3, override_by = ?4, override_reason = ?5, override_ms = ?3
             WHERE id = ?1",
            (load_id, LoadState::Overridden, now, by, reason),
        )?;
        ledger::append(
            &step,
            by,
            "load.overridden",
            &format!("load/{load_id}"),
            &json!({"reason": reason}),
        )?;
        step.commit()?;
        Ok(())
    }
}
