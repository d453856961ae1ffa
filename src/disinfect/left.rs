//! How the last run of the daemon left a cabinet, out of the records: its newest cycle, its newest self test, and the last words of a
//! cycle that could not be recorded.

use std::path::PathBuf;

use super::aftermath::Aftermath;
use super::alarm::Alarm;
use super::last_words::{LastWords, Word};
use super::record::{End, Kept, Record};
use super::unknown::Unknown;
use crate::domain::cycle::{Fault, Left};
use crate::domain::letter::LoadState;
use crate::store::{
    CycleOutcome, CycleRecord, CycleStep, Db, HealthRow, Load, SelfTest, SideExposure, StoreError,
    TestOutcome,
};

/// What the records say of a cabinet.
pub(super) struct LeftBehind {
    pub(super) cycle: Option<LeftCycle>,
    pub(super) test: Option<SelfTest>,
    /// The last self test that said anything did not pass.
    pub(super) test_failed: bool,
    /// Of the cycle that has no end on record.
    pub(super) word: Option<Word>,
    /// Found in use, and what became of that.
    pub(super) unknown: Unknown,
    /// As the ledger says.
    pub(super) alarm: Alarm,
    /// Where last words are left.
    pub(super) folder: Option<PathBuf>,
    /// What the health log says of it last.
    pub(super) standing: Vec<HealthRow>,
}

/// The newest cycle, ended or not.
pub(super) struct LeftCycle {
    pub(super) record: CycleRecord,
    load: Load,
    /// A person opened the quarantine after it.
    opened: bool,
    /// The door was seen open after its end.
    pub(super) emptied: bool,
    sides: Vec<SideExposure>,
    steps: Vec<CycleStep>,
}

impl LeftBehind {
    /// Reads it, and ends whatever can have no other end.
    pub(super) fn of(db: &mut Db, cabinet: &str) -> Result<Self, StoreError> {
        let mut running = db.running_cycles(cabinet)?;
        let newest = running.pop();
        for older in running {
            let sides = db.cycle_exposures(older.id)?;
            db.end_cycle(older.id, &cut_short(sides))?;
        }
        let newest = match newest {
            Some(record) => Some(record),
            None => db.newest_cycle_in(cabinet)?,
        };
        let test = db.newest_self_test(cabinet)?;
        if let Some(test) = test.as_ref().filter(|test| test.ended.is_none()) {
            db.end_self_test(test.id, TestOutcome::CutShort, &test.findings)?;
        }
        let folder = db.folder();
        let unfinished = newest.as_ref().filter(|record| record.ended.is_none());
        let word = unfinished
            .and_then(|record| LastWords::in_folder(folder.as_deref(), cabinet).about(record.id));
        if let Some(word) = &word {
            word.put_on_record(db)?;
        }
        Ok(Self {
            cycle: newest.map(|record| LeftCycle::of(db, record)).transpose()?,
            test,
            test_failed: db.self_test_failed(cabinet)?,
            word,
            unknown: Unknown::of(db, cabinet)?,
            alarm: Alarm::of(db, cabinet)?,
            folder,
            standing: db.newest_health_of(cabinet)?,
        })
    }
}

impl LeftCycle {
    fn of(db: &Db, record: CycleRecord) -> Result<Self, StoreError> {
        Ok(Self {
            load: db.load(record.load_id)?,
            opened: db.was_opened(record.id)?,
            emptied: db.was_emptied(record.id)?,
            sides: db.cycle_exposures(record.id)?,
            steps: db.cycle_steps(record.id)?,
            record,
        })
    }

    fn left(&self) -> Left {
        let kept = matches!(
            self.load.state,
            LoadState::Quarantined | LoadState::Overridden
        );
        match self.record.ended {
            None => Left::Unfinished,
            // An override signed is not a door opened: that has a step of its own.
            Some(_) if kept && !self.opened => Left::Quarantined,
            Some(_) if self.emptied => Left::Clean,
            Some(_) => Left::NotEmptied,
        }
    }

    /// It ended in an alarm that nobody has acknowledged, with its load inside.
    pub(super) fn is_in_alarm(&self) -> bool {
        let inside = matches!(self.left(), Left::Quarantined | Left::Unfinished);
        inside && matches!(Aftermath::left(&self.steps), Aftermath::Alarm(_))
    }

    /// What the steps of this run belong to.
    pub(super) fn into_record(self) -> Record {
        let unwatched = CycleStep::burnt_unwatched(&self.steps, self.record.ended.is_some());
        let had = match self.record.ended {
            _ if unwatched => (None, None),
            Some(_) => (self.record.dose_mj_cm2, self.record.exposure_s),
            None => {
                let had = cut_short(self.sides.clone());
                (had.dose_mj_cm2(), Some(had.exposure_s()))
            }
        };
        let kept = match self.left() {
            Left::Quarantined => Kept::Yes,
            _ => Kept::No,
        };
        let mut details = self.steps.iter().filter_map(CycleStep::fault_code);
        let failed_first = details.next().map(str::to_owned);
        let failed_first = failed_first.or_else(|| self.record.reason.clone());
        Record {
            cycle: self.record.id,
            load: self.load.id,
            batch: self.load.batch_id,
            end: match self.record.ended {
                None => End::Open,
                Some(_) => End::Written,
            },
            began_ms: None,
            had: Some(had),
            unwatched_side: unwatched.then_some(self.sides.len() + 1),
            kept,
            aftermath: Aftermath::left(&self.steps),
            failed_first,
            sides: self.sides,
        }
    }
}

/// How the cabinet was left. A self test that did not pass leaves ozone, or worse, whether the daemon died in it or after it.
pub(super) fn left(cycle: Option<&LeftCycle>, test: Option<&SelfTest>, unknown: Unknown) -> Left {
    let began = cycle.map(|left| left.record.started);
    let test_stands = test.is_some_and(|test| {
        let newer = began.is_none_or(|began| test.began >= began);
        test.ended.is_none() || (newer && test.outcome != Some(TestOutcome::Passed))
    });
    match (cycle.map_or(unknown.left(), LeftCycle::left), test_stands) {
        (Left::NoRecord | Left::Clean | Left::NotEmptied | Left::LookedInto, true) => {
            Left::TestFailed
        }
        (left, _) => left,
    }
}

fn cut_short(sides: Vec<SideExposure>) -> CycleOutcome {
    CycleOutcome {
        failed: Some(Fault::RestartedMidCycle.code().to_owned()),
        exposures: sides,
        ventilation_s: 0.0,
    }
}
