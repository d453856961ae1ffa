//! Everything kept of one cycle: its steps, both exposures, the dose curve, the self test before it. What a certificate is made of.

use rusqlite::{Connection, OptionalExtension};

use super::{CycleRecord, CycleStep, Db, Load, SelfTest, SideExposure, StoreError};

/// One point of the dose curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CycleSample {
    /// Since the cycle began, on the monotonic clock.
    pub at_ms: u64,
    /// UV at the letters; `None` where there was no value.
    pub irradiance_mw_cm2: Option<f64>,
    /// Dose of the side being exposed; `None` in timer mode.
    pub dose_mj_cm2: Option<f64>,
    /// Ozone inside; `None` where there was no value.
    pub ozone_mg_m3: Option<f64>,
}

/// Everything kept of one cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleHistory {
    /// Terms, who, when, how it ended.
    pub cycle: CycleRecord,
    /// Its load as it is now, with the override if one was signed.
    pub load: Load,
    /// Its steps in order, with the people behind them and the faults.
    pub steps: Vec<CycleStep>,
    /// What each side has had; while it runs those that are done, none in records of schema 1.
    pub exposures: Vec<SideExposure>,
    /// The dose curve, about one sample a second.
    pub samples: Vec<CycleSample>,
    /// The last self test of this cabinet that ended before the cycle began.
    pub self_test: Option<SelfTest>,
}

impl Db {
    /// Adds to a cycle's dose curve.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn add_cycle_samples(
        &mut self,
        cycle_id: i64,
        samples: &[CycleSample],
    ) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        {
            let mut insert = step.prepare_cached(
                "INSERT INTO cycle_samples (cycle_id, at_ms, irradiance_mw_cm2, dose_mj_cm2, ozone_mg_m3)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for sample in samples {
                insert.execute((
                    cycle_id,
                    i64::try_from(sample.at_ms).unwrap_or(i64::MAX),
                    sample.irradiance_mw_cm2,
                    sample.dose_mj_cm2,
                    sample.ozone_mg_m3,
                ))?;
            }
        }
        step.commit()?;
        Ok(())
    }

    /// Records the step after a side of the letters was exposed, and what that side has had: a cycle that is cut short later keeps it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn side_exposed(
        &mut self,
        cycle_id: i64,
        step: &CycleStep,
        had: (i64, &SideExposure),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.cycle_step(cycle_id, step)?;
            keep_side(&db.connection, cycle_id, had)
        })
    }

    /// Everything kept of one cycle.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn cycle_record(&self, id: i64) -> Result<CycleHistory, StoreError> {
        let cycle = self.cycle(id)?;
        let load = self.load(cycle.load_id)?;
        Ok(CycleHistory {
            steps: self.cycle_steps(id)?,
            exposures: self.cycle_exposures(id)?,
            samples: self.cycle_samples(id)?,
            self_test: self.self_test_before(&cycle)?,
            cycle,
            load,
        })
    }

    /// The steps of one cycle, in order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn cycle_steps(&self, id: i64) -> Result<Vec<CycleStep>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT at_ms, after_ms, step, detail, actor FROM cycle_steps WHERE cycle_id = ?1 ORDER BY rowid",
        )?;
        let rows = query.query_map([id], |row| {
            Ok(CycleStep {
                at: row.get(0)?,
                after_ms: row
                    .get::<_, Option<i64>>(1)?
                    .and_then(|ms| u64::try_from(ms).ok()),
                step: row.get(2)?,
                detail: row.get(3)?,
                by: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What each side has had; of a cycle without an end the sides that were done.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn cycle_exposures(&self, id: i64) -> Result<Vec<SideExposure>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT dose_mj_cm2, lit_s FROM cycle_exposures WHERE cycle_id = ?1 ORDER BY side",
        )?;
        let rows = query.query_map([id], |row| {
            Ok(SideExposure {
                dose_mj_cm2: row.get(0)?,
                lit_s: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The dose curve of one cycle, in order of time.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn cycle_samples(&self, id: i64) -> Result<Vec<CycleSample>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT at_ms, irradiance_mw_cm2, dose_mj_cm2, ozone_mg_m3 FROM cycle_samples
             WHERE cycle_id = ?1 ORDER BY at_ms, rowid",
        )?;
        let rows = query.query_map([id], |row| {
            Ok(CycleSample {
                at_ms: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
                irradiance_mw_cm2: row.get(1)?,
                dose_mj_cm2: row.get(2)?,
                ozone_mg_m3: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// By its place in time on the wall clock, which is all that two records share.
    fn self_test_before(&self, cycle: &CycleRecord) -> Result<Option<SelfTest>, StoreError> {
        let before = format!(
            "{} WHERE cabinet = ?1 AND ended_ms <= ?2 ORDER BY id DESC LIMIT 1",
            super::self_tests::SELF_TEST
        );
        Ok(self
            .connection
            .query_row(
                &before,
                (&cycle.terms.cabinet, cycle.started),
                super::self_tests::self_test,
            )
            .optional()?)
    }
}

/// Once: what is on record of a side stays.
pub(super) fn keep_side(
    connection: &Connection,
    cycle_id: i64,
    (side, had): (i64, &SideExposure),
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO cycle_exposures (cycle_id, side, dose_mj_cm2, lit_s) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (cycle_id, side) DO NOTHING",
        (cycle_id, side, had.dose_mj_cm2, had.lit_s),
    )?;
    Ok(())
}
