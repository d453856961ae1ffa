//! What a cabinet's task writes down and reads back: steps, ends, and how the last run left things.

use super::SelfTestView;
use super::task::Supervisor;
use crate::clock;
use crate::domain::cycle::{Ask, Cycle, Fault, LastLoad, Left, Step};
use crate::domain::letter::LoadState;
use crate::events::Event;
use crate::store::{CycleOutcome, CycleStep, SelfTest, SideExposure, StoreError, TestOutcome};

/// The cycle in the records that the steps belong to.
pub(super) struct Record {
    pub(super) cycle: i64,
    pub(super) load: i64,
    pub(super) batch: i64,
    pub(super) end: End,
    /// When it began on our clock; `None` of a cycle of an earlier run.
    pub(super) began_ms: Option<u64>,
    /// Dose (mJ/cm²) and time under the lamps (s) as recorded by an earlier run.
    pub(super) had: Option<(Option<f64>, f64)>,
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
                let test = db.newest_self_test(&cabinet)?;
                let cut_short = test.as_ref().filter(|test| test.ended.is_none());
                if let Some(test) = cut_short {
                    db.end_self_test(test.id, TestOutcome::CutShort, &test.findings)?;
                }
                let found = newest
                    .map(|record| {
                        let opened = db.was_opened(record.id)?;
                        let emptied = db.was_emptied(record.id)?;
                        db.load(record.load_id)
                            .map(|load| (record, load, (opened, emptied)))
                    })
                    .transpose()?;
                let failed = db.self_test_failed(&cabinet)?;
                Ok((found, test, failed))
            })
            .await;
        let at_ms = self.now_ms();
        let mut newest_began = None;
        let (left, record, test) = match found {
            Err(error) => {
                self.say_unrecorded(&error);
                return Known::No;
            }
            Ok((None, test, failed)) => (Left::Clean, None, (test, failed)),
            Ok((Some((record, load, (opened, emptied))), test, failed)) => {
                newest_began = Some(record.started);
                let let_out = if emptied {
                    Left::Clean
                } else {
                    Left::NotEmptied
                };
                self.not_emptied = (!emptied).then_some(record.id);
                let (left, end) = match record.ended {
                    None => (Left::Unfinished, End::Open),
                    // An override signed is not a door opened: that has a step of its own.
                    Some(_) if opened => (let_out, End::Written),
                    Some(_)
                        if matches!(load.state, LoadState::Quarantined | LoadState::Overridden) =>
                    {
                        (Left::Quarantined, End::Written)
                    }
                    Some(_) => (let_out, End::Written),
                };
                let record = Record {
                    cycle: record.id,
                    load: load.id,
                    batch: load.batch_id,
                    end,
                    began_ms: None,
                    had: Some((record.dose_mj_cm2, record.exposure_s.unwrap_or(0.0))),
                };
                (left, Some(record), (test, failed))
            }
        };
        let (test, failed) = test;
        self.troubles.self_test_failed = failed;
        self.troubles.unrecorded = false;
        // One that did not pass leaves ozone, or worse, whether the daemon died in it or after it.
        let open = |test: &SelfTest| {
            let newer = newest_began.is_none_or(|began| test.began >= began);
            test.ended.is_none() || (newer && test.outcome != Some(TestOutcome::Passed))
        };
        let left = match (left, test.as_ref().is_some_and(open)) {
            (Left::Clean | Left::NotEmptied, true) => Left::TestFailed,
            (left, _) => left,
        };
        self.last_test = test.map(SelfTestView::from);
        self.cycle = Cycle::at_start(self.cycle.rules().clone(), left, at_ms);
        self.logged.cycle = record
            .as_ref()
            .filter(|r| r.end == End::Written)
            .map(|r| r.cycle);
        // A self test has no load inside, whatever the last cycle had.
        self.record = record.filter(|_| left != Left::TestFailed);
        tracing::info!(cabinet = %self.id, step = self.cycle.step().code(), "cabinet taken over");
        Known::Yes
    }

    /// The change to this step, and the person behind it.
    pub(super) async fn write_step(
        &self,
        next: &Cycle,
        by: Option<&str>,
    ) -> Result<(), StoreError> {
        let (step, fault) = (next.step(), next.fault());
        // After the end only what a person does with a quarantine belongs to it.
        let Some(record) = self
            .record
            .as_ref()
            .filter(|record| record.end == End::Open || by.is_some())
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
            detail: fault.map(|fault| self.told(fault)),
            by: by.map(str::to_owned),
        };
        self.around
            .store
            .with(move |db| db.cycle_step(cycle, &step))
            .await
    }

    /// A fault for the record; of a missing reading also what was read and what is expected.
    fn told(&self, fault: Fault) -> String {
        let Fault::ReadingMissing { point, .. } = fault else {
            return fault.to_string();
        };
        match self.troubles.of(point.code()) {
            Some(trouble) => format!("{fault}: {}", trouble.figures()),
            None => fault.to_string(),
        }
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
        let Some(outcome) = outcome(&self.cycle) else {
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
        self.not_emptied = Some(cycle);
        let batch = record.batch;
        self.troubles.unrecorded = false;
        // Refused where the end is a quarantine.
        if let Ok(released) = self.cycle.ask(Ask::ReleaseRecorded, self.now_ms()) {
            self.cycle = released;
            self.tell();
        }
        self.around.events.tell(Event::Batch { batch });
    }

    /// The door was seen open after the last cycle's end: on record, so that it is known after a restart.
    pub(super) async fn note_door(&mut self) {
        let Some(cycle) = self
            .not_emptied
            .filter(|_| self.cycle.last_load() == LastLoad::LetOut)
        else {
            return;
        };
        let step = CycleStep {
            at: clock::now(),
            after_ms: None,
            step: CycleStep::DOOR_OPENED.to_owned(),
            detail: None,
            by: None,
        };
        match self
            .around
            .store
            .with(move |db| db.cycle_step(cycle, &step))
            .await
        {
            Ok(()) => self.not_emptied = None,
            // Tried again with the next look.
            Err(error) => self.say_unrecorded(&error),
        }
    }

    /// Said once, however often it is tried again; `/readyz` says it until it is over.
    pub(super) fn say_unrecorded(&mut self, error: &StoreError) {
        if std::mem::replace(&mut self.troubles.unrecorded, true) {
            tracing::debug!(cabinet = %self.id, %error, "still not recorded");
            return;
        }
        let error: &dyn std::error::Error = error;
        tracing::error!(
            cabinet = %self.id,
            error,
            "what the cabinet did could not be recorded: no load is taken or released until it is; check the disk's space"
        );
    }

    /// A cycle is over and its end is not on record: nothing new begins before it is.
    pub(super) fn owes_an_end(&self) -> bool {
        let open = self
            .record
            .as_ref()
            .is_some_and(|record| record.end == End::Open);
        open && !self.cycle.step().is_running()
    }
}

/// The end of a cycle, if this step is one.
fn outcome(cycle: &Cycle) -> Option<CycleOutcome> {
    let had = cycle.load();
    let failed = match cycle.step() {
        Step::Releasing { .. } => None,
        Step::Quarantined { .. } | Step::Alarm { .. } => {
            Some(had.failed.map_or("unknown", Fault::code).to_owned())
        }
        _ => return None,
    };
    let measured = cycle.rules().target_dose_mj_cm2().is_some();
    Some(CycleOutcome {
        failed,
        exposures: had
            .exposures()
            .map(|side| SideExposure {
                dose_mj_cm2: measured.then_some(side.dose_mj_cm2),
                lit_s: side.lit_ms as f64 / 1000.0,
            })
            .collect(),
        ventilation_s: had.aired.fan_ms as f64 / 1000.0,
    })
}

fn cut_short() -> CycleOutcome {
    CycleOutcome {
        failed: Some(Fault::RestartedMidCycle.code().to_owned()),
        exposures: Vec::new(),
        ventilation_s: 0.0,
    }
}
