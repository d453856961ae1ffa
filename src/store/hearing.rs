//! What the stream of events tells of a letter. People hear what happens; a case system hears what it has to do, of letters that it may claim or holds:
//! what else happens, and with which other system, it could tell from nothing.

use super::offered::OFFERED;
use super::{AlertRow, Db, DraftState, StoreError};
use crate::domain::access::{Action, Holder, Scope, Seer, may};

/// It may be claimed.
const IS_OFFERED: &str = "offered";
/// This system has registered it.
const REGISTERED: &str = "registered";
/// There is a change to be fetched.
const AMENDED: &str = "amended";
/// What is told of an alert that somebody has said a word about.
const ACKNOWLEDGED: &str = "acknowledged";

/// How a letter stands to a case system that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It is not ready, another system has it, or it is kept from this one.
    Elsewhere,
    /// It may be claimed.
    Offered,
    /// This system has it, leased or registered, and knows every change that it may know.
    Held,
    /// The same with a change that it does not know yet.
    Amended,
}

/// What a case system is told of what happened to a letter.
fn told_to_system(stands: Stands, what: &str) -> Option<&'static str> {
    match stands {
        Stands::Elsewhere => None,
        Stands::Offered => Some(IS_OFFERED),
        Stands::Held | Stands::Amended if what == REGISTERED => Some(REGISTERED),
        Stands::Held => None,
        Stands::Amended => Some(AMENDED),
    }
}

impl Db {
    /// What of `what` that happened to a letter this seer hears; `None` for nothing, not even that there is such a letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn told_of(
        &self,
        seer: &Seer,
        letter: &str,
        what: &str,
    ) -> Result<Option<String>, StoreError> {
        if seer.holder == Holder::Machine(Scope::CaseSystem) {
            let told = told_to_system(self.stands_to(seer, letter)?, what);
            return Ok(told.map(str::to_owned));
        }
        Ok(self.may_know_of(seer, letter)?.then(|| what.to_owned()))
    }

    /// Whether this seer hears of an alert about a letter: whoever reads no letter, and a case system, of those that he finds in the list of alerts.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn hears_of_alert(
        &self,
        seer: &Seer,
        letter: &str,
        code: &str,
    ) -> Result<bool, StoreError> {
        if matches!(seer.holder, Holder::Person(_)) && may(seer.holder, Action::ReadLetters) {
            return self.may_know_of(seer, letter);
        }
        let is_meant = |alert: &AlertRow| code == ACKNOWLEDGED || alert.code.word() == code;
        for alert in self.alerts_of(letter)?.iter().filter(|one| is_meant(one)) {
            let (_, told) = self.alert_as_told(seer, alert.clone())?;
            if told == self.raised_at(alert.id, 0)? && self.may_know_of_alert(seer, alert)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn stands_to(&self, seer: &Seer, letter: &str) -> Result<Stands, StoreError> {
        let is_seen = match self.sight(seer, letter) {
            Ok(sight) => sight.is_full(),
            Err(StoreError::NotFound { .. }) => false,
            Err(error) => return Err(error),
        };
        if !is_seen {
            return Ok(Stands::Elsewhere);
        }
        if self.is_free(letter)? {
            return Ok(match self.is_claimable(letter)? {
                true => Stands::Offered,
                false => Stands::Elsewhere,
            });
        }
        let open = self.open_amendments_of(&seer.actor, letter)?;
        Ok(match open.is_empty() {
            false => Stands::Amended,
            true => Stands::Held,
        })
    }

    /// Whether no case system has a letter: a lease that ran out is nobody's.
    fn is_free(&self, letter: &str) -> Result<bool, StoreError> {
        Ok(match self.draft(letter)?.state {
            DraftState::Open => true,
            DraftState::Acked => false,
            DraftState::Leased => !self.is_held_by_another("", letter)?,
        })
    }

    fn is_claimable(&self, letter: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT 1 FROM drafts d JOIN letters l ON l.id = d.letter_id WHERE d.letter_id = ?1 AND {OFFERED}"
        ))?;
        Ok(query.exists([letter])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_system_hears_what_it_has_to_do_and_of_nobody_else() {
        let all = [
            "page_arrived",
            "page_read",
            "drafted",
            "corrected",
            "confirmed",
            "office_judged",
            "office_named",
            "handed_out",
            "given_back",
            "registered",
            "withdrawn",
        ];
        for what in all {
            let own = (what == "registered").then_some("registered");
            for (stands, told) in [
                (Stands::Elsewhere, None),
                (Stands::Offered, Some("offered")),
                (Stands::Held, own),
                (Stands::Amended, own.or(Some("amended"))),
            ] {
                assert_eq!(told_to_system(stands, what), told, "{stands:?} {what}");
            }
        }
    }
}
