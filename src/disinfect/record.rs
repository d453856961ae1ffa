//! What a cabinet's task writes down and reads back: steps, ends, and how the last run left things.

use uv_cabinet::{Missing, Point};

use super::aftermath::Aftermath;
use super::alarm::Alarm;
use super::last_words::{LastWords, Word};
use super::left::{LeftBehind, LeftCycle, left};
use super::standing::Standing;
use super::task::Supervisor;
use super::{SelfTestView, TroubleView};
use crate::clock;
use crate::domain::cycle::{Ask, Cycle, Exposure, Fault, LastLoad, Left, Step};
use crate::events::Event;
use crate::store::{CycleOutcome, CycleStep, SideExposure, StoreError, TestOutcome};

/// The cycle in the records that the steps belong to.
pub(super) struct Record {
    pub(super) cycle: i64,
    pub(super) load: i64,
    pub(super) batch: i64,
    pub(super) end: End,
    /// When it began on our clock; `None` of a cycle of an earlier run.
    pub(super) began_ms: Option<u64>,
    /// Dose (mJ/cm²) and time under the lamps (s) as recorded by an earlier run; none where it died while they burnt.
    pub(super) had: Option<(Option<f64>, Option<f64>)>,
    /// The side that was exposed when an earlier run died.
    pub(super) unwatched_side: Option<usize>,
    /// The sides that an earlier run has on record as done, of a cycle that it did not end.
    pub(super) sides: Vec<SideExposure>,
    /// Its load failed and is still inside: what is found of it goes on being part of the record.
    pub(super) kept: Kept,
    pub(super) aftermath: Aftermath,
    /// Stable code of what an earlier run has on record as wrong first.
    pub(super) failed_first: Option<String>,
}

impl Record {
    /// Whether what is found now belongs to it.
    pub(super) fn takes_more(&self) -> bool {
        self.end == End::Open || self.kept == Kept::Yes
    }
}

/// Whether a load that failed is still inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Yes,
    No,
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
            .with(move |db| LeftBehind::of(db, &cabinet));
        let found = match found.await {
            Ok(found) => found,
            Err(error) => {
                self.say_unrecorded(&error);
                return Known::No;
            }
        };
        let LeftBehind {
            cycle,
            test,
            test_failed,
            word,
            unknown,
            alarm,
            folder,
            standing,
        } = found;
        self.standing = Standing::left(&standing);
        self.logged.standing = self.standing.codes();
        (self.unknown, self.alarm) = (unknown, alarm);
        self.last_words = LastWords::in_folder(folder.as_deref(), &self.id.to_string());
        self.last_words.take_room();
        self.troubles.self_test_failed = test_failed;
        self.troubles.unrecorded = false;
        self.not_emptied = cycle
            .as_ref()
            .filter(|left| !left.emptied)
            .map(|left| left.record.id);
        let left = left(cycle.as_ref(), test.as_ref(), unknown);
        self.last_test = test.map(|test| SelfTestView {
            // The run before died in it.
            outcome: Some(test.outcome.unwrap_or(TestOutcome::CutShort)),
            ..SelfTestView::from(test)
        });
        let in_alarm = alarm == Alarm::Stands || cycle.as_ref().is_some_and(LeftCycle::is_in_alarm);
        let (rules, now_ms) = (self.cycle.rules().clone(), self.now_ms());
        self.cycle = match in_alarm {
            true => Cycle::at_start_in_alarm(rules, left, now_ms),
            false => Cycle::at_start(rules, left, now_ms),
        };
        if let Some(word) = word {
            self.cycle = self.cycle.failed(word.fault);
        }
        let record = cycle.map(LeftCycle::into_record);
        self.logged.cycle = record
            .as_ref()
            .filter(|r| r.end == End::Written)
            .map(|r| r.cycle);
        // A self test has no load inside, whatever the last cycle had.
        self.record = record.filter(|_| left != Left::TestFailed);
        tracing::info!(cabinet = %self.id, step = self.cycle.step().code(), "cabinet taken over");
        Known::Yes
    }

    /// Of a cycle of this run.
    fn since_began_ms(&self, record: &Record) -> Option<u64> {
        let began_ms = record.began_ms?;
        Some(self.now_ms().saturating_sub(began_ms))
    }

    /// This step of that cycle, now.
    pub(super) fn step_now(&self, record: &Record, step: &str) -> CycleStep {
        CycleStep {
            at: clock::now(),
            after_ms: self.since_began_ms(record),
            step: step.to_owned(),
            detail: None,
            by: None,
        }
    }

    /// The change to this step, and the person behind it.
    pub(super) async fn write_step(
        &self,
        next: &Cycle,
        by: Option<&str>,
    ) -> Result<(), StoreError> {
        let (step, fault) = (next.step(), next.fault());
        // After the end only what a person does with a quarantine belongs to it, and a lamp that burns in one.
        let Some(record) = self.record.as_ref().filter(|record| {
            let is_news = matches!(step, Step::Aborting { .. } | Step::Alarm { .. });
            record.end == End::Open || by.is_some() || (is_news && record.takes_more())
        }) else {
            return Ok(());
        };
        let cycle = record.cycle;
        let step = CycleStep {
            detail: fault.map(|fault| self.told(fault)),
            by: by.map(str::to_owned),
            ..self.step_now(record, step.code())
        };
        let done = exposed_by(next);
        self.around
            .store
            .with(move |db| match &done {
                Some((side, had)) => db.side_exposed(cycle, &step, (*side, had)),
                None => db.cycle_step(cycle, &step),
            })
            .await
    }

    /// Something that is no step, for the record of the cycle that runs or has just ended.
    pub(super) async fn notice(&mut self, what: String) {
        let is_over = matches!(self.cycle.step(), Step::Idle | Step::Released);
        let record = self.record.as_ref().filter(|_| !is_over);
        let Some(record) = record.filter(|record| record.began_ms.is_some()) else {
            return;
        };
        let cycle = record.cycle;
        let now = self.step_now(record, CycleStep::NOTICED);
        let step = CycleStep {
            after_ms: now.after_ms.filter(|_| record.end == End::Open),
            detail: Some(what),
            ..now
        };
        let written = self
            .around
            .store
            .with(move |db| db.cycle_step(cycle, &step));
        if let Err(error) = written.await {
            self.say_unrecorded(&error);
        }
    }

    /// What went wrong, beside the database that does not take it: whoever starts the station again reads it.
    pub(super) fn leave_word(&mut self) {
        let (Some(record), Some(fault)) = (&self.record, self.cycle.fault()) else {
            return;
        };
        if record.end == End::Written {
            return;
        }
        let word = Word {
            cycle: record.cycle,
            at_ms: clock::now().0,
            after_ms: self.since_began_ms(record),
            step: self.cycle.step().code().to_owned(),
            told: self.told(fault),
            fault,
        };
        self.last_words.say(word);
    }

    /// A fault for the record; of a missing reading also what was read and what is expected.
    pub(super) fn told(&self, fault: Fault) -> String {
        let figures = match fault {
            Fault::ReadingMissing { point, .. } => {
                self.troubles.of(point.code()).map(TroubleView::figures)
            }
            Fault::OzoneDidNotFall => self
                .too_much_ozone()
                .map(|figures| format!("ozone_mg_m3 too_high: {figures}")),
            _ => None,
        };
        match figures {
            Some(figures) => format!("{fault}: {figures}"),
            None => fault.to_string(),
        }
    }

    /// The ozone last seen, and its limit.
    fn too_much_ozone(&self) -> Option<String> {
        let shown = self.seen.as_ref()?.ozone_mg_m3.ok()?;
        let most = self.cycle.rules().ozone_release_mg_m3()?;
        let about = self
            .profile
            .trouble(Point::OzoneMgM3, &Missing::NotReadYet, None);
        let place = about.place;
        Some(format!(
            "{place}: read {shown:.3} mg/m3, expected ≤ {most} mg/m3"
        ))
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
        let Some(mut outcome) = outcome(&self.cycle) else {
            return;
        };
        if record.began_ms.is_none() {
            outcome.exposures.clone_from(&record.sides);
            outcome.failed = outcome
                .failed
                .map(|now| record.failed_first.clone().unwrap_or(now));
        }
        let kept = match outcome.failed {
            Some(_) => Kept::Yes,
            None => Kept::No,
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
            self.leave_word();
            return;
        }
        (record.end, record.kept) = (End::Written, kept);
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
    Some(CycleOutcome {
        failed,
        exposures: had
            .exposures()
            .map(|side| side_exposure(cycle, side))
            .collect(),
        ventilation_s: had.aired.fan_ms as f64 / 1000.0,
    })
}

/// The side that has just been exposed, and what it has had, where this step follows on that.
fn exposed_by(next: &Cycle) -> Option<(i64, SideExposure)> {
    let done = &next.load().done;
    let last = done
        .last()
        .filter(|_| matches!(next.step(), Step::Stopping { .. }))?;
    Some((done.len() as i64, side_exposure(next, last)))
}

fn side_exposure(cycle: &Cycle, side: &Exposure) -> SideExposure {
    let measured = cycle.rules().target_dose_mj_cm2().is_some();
    SideExposure {
        dose_mj_cm2: measured.then_some(side.dose_mj_cm2),
        lit_s: side.lit_ms as f64 / 1000.0,
    }
}
