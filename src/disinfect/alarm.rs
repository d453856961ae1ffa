//! An alarm stands until a person acknowledges it, over every restart and power cut: the ledger says so. One that a cycle ended in stands on that cycle's
//! record as well; one of an empty cabinet (a self test, a lamp that burns by itself) in the ledger only.

use serde_json::json;

use super::record::Record;
use super::task::Supervisor;
use super::unknown::{ACKNOWLEDGED, ACTOR, subject};
use crate::domain::cycle::{Fault, Step};
use crate::store::{CycleRecord, Db, StoreError};

const ALARM: &str = "cabinet.alarm";

/// Whether the ledger says that an alarm stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// There was none, or it was acknowledged.
    Over,
    /// Nobody has acknowledged it.
    Stands,
}

impl Alarm {
    /// As an earlier run left it. In an alarm nothing else can be acknowledged.
    pub(super) fn of(db: &Db, cabinet: &str) -> Result<Self, StoreError> {
        let told = db.ledger_of(&subject(cabinet))?;
        let mut newest_first = told.iter().rev();
        let said = newest_first.find_map(|entry| match entry.action.as_str() {
            ALARM => Some(Self::Stands),
            ACKNOWLEDGED => Some(Self::Over),
            _ => None,
        });
        Ok(said.unwrap_or(Self::Over))
    }
}

impl Supervisor {
    /// Into the ledger before anybody is shown it. What cannot be written is tried again with the next look.
    pub(super) async fn note_alarm(&mut self) {
        if !matches!(self.cycle.step(), Step::Alarm { .. }) {
            self.alarm = Alarm::Over;
            return;
        }
        if self.alarm == Alarm::Stands {
            return;
        }
        let record = self.record.as_ref().filter(|record| record.takes_more());
        let number = |record: &Record| CycleRecord::number(record.cycle);
        let detail = json!({
            "fault": self.cycle.fault().map(Fault::code),
            "cycle": record.map(number),
        });
        match self.note(ACTOR.to_owned(), ALARM, detail).await {
            Ok(()) => self.alarm = Alarm::Stands,
            Err(error) => self.say_unrecorded(&error),
        }
    }
}
