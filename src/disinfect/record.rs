//! What a cabinet's task writes down and reads back: steps, ends, and how the last run left things.

use super::task::Supervisor;
use crate::clock;
use crate::domain::cycle::{Ask, Cycle, Fault, Left, Step};
use crate::domain::letter::LoadState;
use crate::events::Event;
use crate::store::{CycleOutcome, CycleStep, SideExposure, StoreError};

/// The cycle in the records that the steps belong to.
pub(super) struct Record {
    pub(super) cycle: i64,
    pub(super) load: i64,
    pub(super) batch: i64,
    pub(super) end: End,
    /// When it began on our clock; `None` of a cycle of an earlier run.
    pub(super) began_ms: Option<u64>,
}

/// Whether the records have been read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Yes,
    No,
}

/// Whether a cycle's end is on record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Open,
    Written,
}

impl Supervisor {
    /// Reads how the last run of the daemon left this cabinet.
    pub(super) async fn take_over(&mut self) -> Known {
        let cabinet = self.id.to_string();
        let found = self
            .around
            .store
            .with(move |db| {
                let mut running = db.running_cycles(&cabinet)?;
                let newest = running.pop();
                for older in running {
                    db.end_cycle(older.id, &cut_short())?;
                }
                let newest = match newest {
                    Some(record) => Some(record),
                    None => db.newest_cycle_in(&cabinet)?,
                };
                newest
                    .map(|record| db.load(record.load_id).map(|load| (record, load)))
                    .transpose()
            })
            .await;
        let at_ms = self.now_ms();
        let (left, record) = match found {
            Err(error) => {
                self.say_unrecorded(&error);
                return Known::No;
            }
            Ok(None) => (Left::Clean, None),
            Ok(Some((record, load))) => {
                let (left, end) = match record.ended {
                    None => (Left::Unfinished, End::Open),
                    Some(_) if load.state == LoadState::Quarantined => {
                        (Left::Quarantined, End::Written)
                    }
                    Some(_) => (Left::Clean, End::Written),
                };
                let record = Record {
                    cycle: record.id,
                    load: load.id,
                    batch: load.batch_id,
                    end,
                    began_ms: None,
                };
                (left, Some(record))
            }
        };
        self.cycle = Cycle::at_start(self.cycle.rules().clone(), left, at_ms);
        self.logged.cycle = record
            .as_ref()
            .filter(|r| r.end == End::Written)
            .map(|r| r.cycle);
        self.record = record;
        tracing::info!(cabinet = %self.id, step = self.cycle.step().code(), "cabinet taken over");
        Known::Yes
    }

    /// The change to this step, and the person behind it.
    pub(super) async fn write_step(&self, step: &Step, by: Option<&str>) -> Result<(), StoreError> {
        let Some(record) = self
            .record
            .as_ref()
            .filter(|record| record.end == End::Open)
        else {
            return Ok(());
        };
        let cycle = record.cycle;
        let step = CycleStep {
            at: clock::now(),
            after_ms: record
                .began_ms
                .map(|began| self.now_ms().saturating_sub(began)),
            step: step.code().to_owned(),
            detail: step.fault().map(|fault| fault.to_string()),
            by: by.map(str::to_owned),
        };
        self.around
            .store
            .with(move |db| db.cycle_step(cycle, &step))
            .await
    }

    /// Writes a cycle's end. A load is released by this row and by nothing else; the door is
    /// unlocked after it.
    pub(super) async fn settle(&mut self) {
        let Some(record) = self
            .record
            .as_mut()
            .filter(|record| record.end == End::Open)
        else {
            return;
        };
        let Some(outcome) = outcome(self.cycle.step()) else {
            return;
        };
        let cycle = record.cycle;
        self.curve.hand_over(&self.around.store);
        let written = self
            .around
            .store
            .with(move |db| db.end_cycle(cycle, &outcome))
            .await;
        if let Err(error) = written {
            self.say_unrecorded(&error);
            return;
        }
        record.end = End::Written;
        let batch = record.batch;
        // Refused where the end is a quarantine.
        if let Ok(released) = self.cycle.ask(Ask::ReleaseRecorded, self.now_ms()) {
            self.cycle = released;
            self.tell();
        }
        self.around.events.tell(Event::Batch { batch });
    }

    pub(super) fn say_unrecorded(&self, error: &StoreError) {
        tracing::error!(cabinet = %self.id, %error, "a step of the cabinet could not be recorded");
    }
}

/// The end of a cycle, if this step is one.
fn outcome(step: &Step) -> Option<CycleOutcome> {
    let (failed, fan_ms) = match step {
        Step::Releasing { aired, .. } => (None, aired.fan_ms),
        Step::Quarantined { fault, .. } | Step::Alarm { fault, .. } => {
            (Some(fault.code().to_owned()), 0)
        }
        _ => return None,
    };
    let exposure = step.exposure();
    Some(CycleOutcome {
        failed,
        exposures: vec![SideExposure {
            dose_mj_cm2: Some(exposure.dose_mj_cm2),
            lit_s: exposure.lit_ms as f64 / 1000.0,
        }],
        ventilation_s: fan_ms as f64 / 1000.0,
    })
}

fn cut_short() -> CycleOutcome {
    CycleOutcome {
        failed: Some(Fault::RestartedMidCycle.code().to_owned()),
        exposures: Vec::new(),
        ventilation_s: 0.0,
    }
}
