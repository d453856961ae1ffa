//! Cycles: under which terms one began, its steps, its end. A load is released by the end of a cycle and by nothing else here.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::cycle_history::keep_side;
use super::words::Word;
use super::{Db, Hindrance, Load, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::cycle::{Basis, Sides};
use crate::domain::letter::LoadState;

/// Under which terms a cycle runs: the cabinet, and what its profile says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleTerms {
    /// Cabinet.
    pub cabinet: String,
    /// Its model, from the profile.
    pub model: String,
    /// SHA-256 of the cabinet's profile file.
    pub profile_sha256: String,
    /// Whether the dose is measured or stands on time alone.
    pub dose_basis: Basis,
    /// Whether the ozone is measured or stands on time alone.
    pub ozone_basis: Basis,
    /// How many exposures the letters need.
    pub sides: Sides,
    /// Points this cabinet does without.
    pub absent: Vec<String>,
    /// Dose to reach; `None` in timer mode.
    pub target_dose_mj_cm2: Option<f64>,
    /// Least time under the lamps, each side.
    pub min_exposure_s: f64,
    /// Ozone allowed at the release; `None` in timer mode.
    pub ozone_limit_mg_m3: Option<f64>,
}

impl CycleTerms {
    /// A cabinet with every sensor that exposes all sides at once.
    pub fn measured(cabinet: &str, profile_sha256: &str) -> Self {
        Self {
            cabinet: cabinet.to_owned(),
            model: String::new(),
            profile_sha256: profile_sha256.to_owned(),
            dose_basis: Basis::Measured,
            ozone_basis: Basis::Measured,
            sides: Sides::Both,
            absent: Vec::new(),
            target_dose_mj_cm2: Some(100.0),
            min_exposure_s: 8.0,
            ozone_limit_mg_m3: Some(0.1),
        }
    }
}

/// What one side of the letters has had.
#[derive(Debug, Clone, PartialEq)]
pub struct SideExposure {
    /// Dose on it; `None` where it was not measured.
    pub dose_mj_cm2: Option<f64>,
    /// Time under the lamps.
    pub lit_s: f64,
}

/// How a cycle ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleOutcome {
    /// `None`: the load is released. Otherwise the stable code of what went wrong.
    pub failed: Option<String>,
    /// What each side has had, in order.
    pub exposures: Vec<SideExposure>,
    /// Time ventilated.
    pub ventilation_s: f64,
}

impl CycleOutcome {
    /// The dose that every side has had at least; `None` where none was measured.
    pub fn dose_mj_cm2(&self) -> Option<f64> {
        self.exposures
            .iter()
            .map(|side| side.dose_mj_cm2)
            .reduce(|least, dose| least.zip(dose).map(|(a, b)| a.min(b)))
            .flatten()
    }

    /// Time under the lamps, all sides together.
    pub fn exposure_s(&self) -> f64 {
        // The sum of nothing is -0.0.
        let sides = self.exposures.iter();
        sides.fold(0.0, |all, side| all + side.lit_s)
    }
}

/// A cycle as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleRecord {
    /// Number.
    pub id: i64,
    /// Its load.
    pub load_id: i64,
    /// Under which terms it ran.
    pub terms: CycleTerms,
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
    /// Least dose on any side of the outer surface; `None` where it was not measured.
    pub dose_mj_cm2: Option<f64>,
    /// Time under the lamps, all sides together.
    pub exposure_s: Option<f64>,
    /// Time ventilated.
    pub ventilation_s: Option<f64>,
}

impl CycleRecord {
    /// The number as people and the case system see it.
    pub fn number(id: i64) -> String {
        format!("C{id:06}")
    }

    /// The row of a number as people write it: `C000012`, or `12`.
    pub fn id_of(number: &str) -> Option<i64> {
        let digits = number.strip_prefix('C').unwrap_or(number);
        let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        only_digits.then(|| digits.parse().ok()).flatten()
    }
}

pub(super) const CYCLE: &str = "SELECT id, load_id, cabinet, profile_sha256, started_by, started_ms, ended_ms, outcome, reason,
    dose_mj_cm2, exposure_s, ventilation_s, model, dose_basis, ozone_basis, sides, absent, target_dose_mj_cm2, min_exposure_s,
    ozone_limit_mg_m3 FROM cycles";

pub(super) fn cycle(row: &Row<'_>) -> rusqlite::Result<CycleRecord> {
    let absent: String = row.get(16)?;
    let terms = CycleTerms {
        cabinet: row.get(2)?,
        profile_sha256: row.get(3)?,
        model: row.get::<_, Option<String>>(12)?.unwrap_or_default(),
        dose_basis: row.get::<_, Word<_>>(13)?.0,
        ozone_basis: row.get::<_, Word<_>>(14)?.0,
        sides: row.get::<_, Word<_>>(15)?.0,
        absent: serde_json::from_str(&absent).map_err(|source| {
            rusqlite::Error::FromSqlConversionFailure(
                16,
                rusqlite::types::Type::Text,
                source.into(),
            )
        })?,
        target_dose_mj_cm2: row.get(17)?,
        min_exposure_s: row.get::<_, Option<f64>>(18)?.unwrap_or_default(),
        ozone_limit_mg_m3: row.get(19)?,
    };
    Ok(CycleRecord {
        id: row.get(0)?,
        load_id: row.get(1)?,
        terms,
        started_by: row.get(4)?,
        started: row.get(5)?,
        ended: row.get(6)?,
        outcome: row.get(7)?,
        reason: row.get(8)?,
        dose_mj_cm2: row.get(9)?,
        exposure_s: row.get(10)?,
        ventilation_s: row.get(11)?,
    })
}

/// One step of a cycle, as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleStep {
    /// Wall clock, for people.
    pub at: Millis,
    /// Since the cycle began, on the monotonic clock; `None` in records of schema 1.
    pub after_ms: Option<u64>,
    /// Its name, e.g. `irradiating`.
    pub step: String,
    /// What went wrong, with the point's name where one is to blame.
    pub detail: Option<String>,
    /// The person behind it, if one was.
    pub by: Option<String>,
}

impl CycleStep {
    /// Not a step of the machine: after the cycle's end the door was seen open, unlocked.
    pub const DOOR_OPENED: &'static str = "door_opened";
    /// Nor is this: something was seen beside it, and the detail says what.
    pub const NOTICED: &'static str = "noticed";
    /// In an alarm the lamp was seen out; the last of these counts, unless it was seen lit after it.
    pub const LAMP_SEEN_OUT: &'static str = "lamp_seen_out";
    /// In an alarm the lamp was seen lit again.
    pub const LAMP_SEEN_LIT: &'static str = "lamp_seen_lit";
    /// A person took the alarm from there; the detail is what he said.
    pub const ACKNOWLEDGED: &'static str = "acknowledged";
    /// The air after an alarm has been moved, or that was given up; the detail says for how many seconds the fan ran.
    pub const AIRED: &'static str = "aired";
}

impl CycleStep {
    /// Whether the station died after the lamp was ordered on and before it was seen out, as the steps of one cycle tell: how long it burnt nobody knows.
    /// `goes_on`: no later run has to write the cycle's end. Of an alarm the steps say themselves when the lamp was seen out.
    #[must_use]
    pub fn burnt_unwatched(steps: &[Self], goes_on: bool) -> bool {
        let mut ordered_on = false;
        for (at, step) in steps.iter().enumerate() {
            if ordered_on && Self::is_of_another_run(steps, at) {
                return true;
            }
            match step.step.as_str() {
                "striking" | "irradiating" => ordered_on = true,
                "ventilating" | "quarantined" | "alarm" => ordered_on = false,
                _ => {}
            }
        }
        ordered_on && !goes_on
    }

    /// Whether a later run of the station than the one that began the cycle wrote this step. An older laixin did not say how long after the beginning a step
    /// was: there only the fault tells.
    #[must_use]
    pub fn is_of_another_run(steps: &[Self], at: usize) -> bool {
        let tells = steps.first().is_some_and(|step| step.after_ms.is_some());
        tells && steps[at].after_ms.is_none()
            || steps[at].fault_code() == Some("restarted_mid_cycle")
    }

    /// Stable code of the fault that this step has on record.
    #[must_use]
    pub fn fault_code(&self) -> Option<&str> {
        self.fault()?.split(':').next()
    }

    /// The fault that this step has on record, with what belongs to it.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        let is_none = matches!(self.step.as_str(), Self::ACKNOWLEDGED | Self::AIRED);
        self.detail.as_deref().filter(|_| !is_none)
    }
}

impl Db {
    /// A load that waits for a cycle, or may have another one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when it has its cycle, or may be opened.
    pub fn load_for_cycle(&self, load_id: i64) -> Result<Load, StoreError> {
        let found = self.load(load_id)?;
        if matches!(found.state, LoadState::Waiting | LoadState::Quarantined) {
            return Ok(found);
        }
        let (state, action) = (found.state.told().to_owned(), "start a cycle");
        Err(StoreError::WrongState {
            why: Hindrance::LoadElsewhere,
            what: "load",
            id: load_id.to_string(),
            state,
            action,
        })
    }

    /// Records that a cycle begins, before anything is switched on. The load must be waiting or quarantined.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] otherwise.
    pub fn begin_cycle(
        &mut self,
        load_id: i64,
        terms: &CycleTerms,
        by: &str,
    ) -> Result<i64, StoreError> {
        let found = self.load_for_cycle(load_id)?;
        if found.is_kept_in_another_than(&terms.cabinet) {
            return Err(StoreError::WrongState {
                why: Hindrance::LoadElsewhere,
                what: "load",
                id: load_id.to_string(),
                state: format!("quarantined in {}", found.cabinet),
                action: "start a cycle in another cabinet",
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO cycles (load_id, cabinet, profile_sha256, started_by, started_ms, model, dose_basis, ozone_basis,
             sides, absent, target_dose_mj_cm2, min_exposure_s, ozone_limit_mg_m3)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            (
                load_id,
                &terms.cabinet,
                &terms.profile_sha256,
                by,
                clock::now(),
                &terms.model,
                Word(terms.dose_basis),
                Word(terms.ozone_basis),
                Word(terms.sides),
                json!(terms.absent).to_string(),
                terms.target_dose_mj_cm2,
                terms.min_exposure_s,
                terms.ozone_limit_mg_m3,
            ),
        )?;
        let id = step.last_insert_rowid();
        step.execute(
            "UPDATE loads SET state = ?2, cabinet = ?3 WHERE id = ?1",
            (load_id, LoadState::InCycle, &terms.cabinet),
        )?;
        let detail = json!({"load": load_id, "cabinet": terms.cabinet, "profile_sha256": terms.profile_sha256,
            "dose_basis": terms.dose_basis, "ozone_basis": terms.ozone_basis, "sides": terms.sides});
        ledger::append(&step, by, "cycle.begun", &format!("cycle/{id}"), &detail)?;
        step.commit()?;
        Ok(id)
    }

    /// Records one step of a cycle.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn cycle_step(&mut self, cycle_id: i64, step: &CycleStep) -> Result<(), StoreError> {
        let after_ms = step
            .after_ms
            .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
        self.atomically(|db| {
            db.connection.execute(
                "INSERT INTO cycle_steps (cycle_id, at_ms, step, detail, after_ms, actor) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (cycle_id, step.at, &step.step, &step.detail, after_ms, &step.by),
            )?;
            Ok(())
        })
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
                why: Hindrance::Over,
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
        let (dose_mj_cm2, exposure_s) = (ended.dose_mj_cm2(), ended.exposure_s());
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE cycles SET ended_ms = ?2, outcome = ?3, reason = ?4, dose_mj_cm2 = ?5, exposure_s = ?6,
             ventilation_s = ?7 WHERE id = ?1",
            (cycle_id, now, outcome, &ended.failed, dose_mj_cm2, exposure_s, ended.ventilation_s),
        )?;
        for (side, exposure) in (1..).zip(&ended.exposures) {
            keep_side(&step, cycle_id, (side, exposure))?;
        }
        let released = (state == LoadState::Released).then_some(now);
        step.execute(
            "UPDATE loads SET state = ?2, released_ms = ?3, cycle_id = ?4 WHERE id = ?1",
            (record.load_id, state, released, released.map(|_| cycle_id)),
        )?;
        let detail = json!({"load": record.load_id, "outcome": outcome, "reason": ended.failed,
            "dose_mj_cm2": dose_mj_cm2, "exposure_s": exposure_s, "ventilation_s": ended.ventilation_s});
        ledger::append(
            &step,
            "task/disinfect",
            "cycle.ended",
            &format!("cycle/{cycle_id}"),
            &detail,
        )?;
        step.commit()?;
        match state {
            LoadState::Released => self.note_release(),
            _ => Ok(()),
        }
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

    /// Whether the door was opened by a person after this cycle had quarantined its load.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn was_opened(&self, cycle_id: i64) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM cycle_steps WHERE cycle_id = ?1 AND step = 'idle')",
            [cycle_id],
            |row| row.get(0),
        )?)
    }

    /// Whether the door was seen open after this cycle's end.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn was_emptied(&self, cycle_id: i64) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM cycle_steps WHERE cycle_id = ?1 AND step = ?2)",
            (cycle_id, CycleStep::DOOR_OPENED),
            |row| row.get(0),
        )?)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(told: &[(&str, Option<u64>)]) -> Vec<CycleStep> {
        let step = |(step, after_ms): &(&str, Option<u64>)| CycleStep {
            at: Millis(0),
            after_ms: *after_ms,
            step: (*step).to_owned(),
            detail: None,
            by: None,
        };
        told.iter().map(step).collect()
    }

    #[test]
    fn a_lamp_that_was_ordered_on_when_the_station_died_burnt_unwatched() {
        let begun = [("locked", Some(0)), ("striking", Some(9))];
        let lit = [begun[0], begun[1], ("irradiating", Some(12))];
        let out = [
            lit[0],
            lit[1],
            lit[2],
            ("stopping", Some(20)),
            ("ventilating", Some(21)),
        ];
        for (told, dead) in [
            (&begun[..1], false),
            (&begun[..], true),
            (&lit[..], true),
            (&out[..], false),
        ] {
            let of_now = steps(told);
            assert_eq!(CycleStep::burnt_unwatched(&of_now, false), dead, "{told:?}");
            assert!(
                !CycleStep::burnt_unwatched(&of_now, true),
                "it goes on: {told:?}"
            );
            let mut ended = of_now;
            ended.extend(steps(&[("quarantined", None)]));
            assert_eq!(
                CycleStep::burnt_unwatched(&ended, true),
                dead,
                "a later run: {told:?}"
            );
        }
        let older = steps(&[
            ("striking", None),
            ("irradiating", None),
            ("quarantined", None),
        ]);
        assert!(
            !CycleStep::burnt_unwatched(&older, true),
            "schema 1 tells no runs apart"
        );
    }
}
