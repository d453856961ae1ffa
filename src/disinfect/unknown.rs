//! A cabinet that was found in use without a record: no cycle has a record of that, so the ledger does. It says what was found, who answered
//! for it and why, and that the door was seen open afterwards; a run after this one goes on from there.

use serde_json::json;

use super::Refused;
use super::task::{Supervisor, not_now};
use crate::domain::cycle::{Ask, Fault, Grounds, LastLoad, Left, Step};
use crate::store::{Db, StoreError};

pub(super) const ACTOR: &str = "task/disinfect";
const FOUND: &str = "cabinet.found_in_use";
const LOOKED_INTO: &str = "cabinet.looked_into";
const EMPTIED: &str = "cabinet.emptied";
pub(super) const ACKNOWLEDGED: &str = "cabinet.acknowledged";

/// What is on record of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Nothing, or that it is over.
    Nothing,
    /// It was found in use.
    Found,
    /// A person answered for it, and the door has not been seen open since.
    LookedInto,
}

pub(super) fn subject(cabinet: &str) -> String {
    format!("cabinet/{cabinet}")
}

impl Unknown {
    /// As an earlier run left it.
    pub(super) fn of(db: &Db, cabinet: &str) -> Result<Self, StoreError> {
        let told = db.ledger_of(&subject(cabinet))?;
        let mut newest_first = told.iter().rev();
        let found = newest_first.find_map(|entry| match entry.action.as_str() {
            FOUND => Some(Self::Found),
            LOOKED_INTO => Some(Self::LookedInto),
            EMPTIED => Some(Self::Nothing),
            _ => None,
        });
        Ok(found.unwrap_or(Self::Nothing))
    }

    /// How that leaves a cabinet without any cycle on record.
    pub(super) fn left(self) -> Left {
        match self {
            Self::Nothing => Left::NoRecord,
            Self::Found => Left::FoundInUse,
            Self::LookedInto => Left::LookedInto,
        }
    }
}

impl Supervisor {
    /// That it was found in use, and that its door was open afterwards. What cannot be written is tried again with the next look.
    pub(super) async fn note_unknown(&mut self) {
        let knows = self.cycle.last_load() != LastLoad::NobodyKnows;
        let seen = !matches!(self.cycle.step(), Step::Unknown { .. });
        let (action, then) = match self.unknown {
            Unknown::Nothing if !knows && seen => (FOUND, Unknown::Found),
            Unknown::Found | Unknown::LookedInto if knows && seen => (EMPTIED, Unknown::Nothing),
            _ => return,
        };
        let detail = json!({"step": self.cycle.step().code()});
        match self.note(ACTOR.to_owned(), action, detail).await {
            Ok(()) => self.unknown = then,
            Err(error) => self.say_unrecorded(&error),
        }
    }

    /// A person takes an alarm, a quarantine or a cabinet found in use from here.
    pub(super) async fn note_word(
        &mut self,
        ask: Ask,
        by: &str,
        reason: Option<String>,
    ) -> Result<(), Refused> {
        let looked_into = ask == Ask::Open(Grounds::APersonsWord);
        let action = match looked_into {
            true => LOOKED_INTO,
            false => ACKNOWLEDGED,
        };
        let detail = json!({
            "step": self.cycle.step().code(),
            "fault": self.cycle.fault().map(Fault::code),
            "reason": reason,
        });
        if let Err(error) = self.note(by.to_owned(), action, detail).await {
            self.say_unrecorded(&error);
            return Err(not_now(Fault::RecordFailed.code()));
        }
        if looked_into {
            self.unknown = Unknown::LookedInto;
        }
        Ok(())
    }

    pub(super) async fn note(
        &self,
        by: String,
        action: &'static str,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let subject = subject(&self.id.to_string());
        let written = move |db: &mut Db| db.record(&by, action, &subject, &detail);
        self.around.store.with(written).await
    }
}
