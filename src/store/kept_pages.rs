//! What an officer's word about an office decides of pages that are kept back, and what a letter's page says of them.

use super::alerts::AlertRow;
use super::later::Later;
use super::named_offices::OfficeWord;
use super::units::case_system;
use super::{Db, DraftState, StoreError};
use crate::domain::access::{Restricted, is_accused};
use crate::domain::alarm::{Code, Verdict};

/// Pages that came after the hand-over and that the system which has the letter does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPages {
    /// Their numbers.
    pub pages: Vec<u32>,
    /// The office whose system has the letter; `None`: it is of none.
    pub office: Option<String>,
    /// What they wait for.
    pub until: KeptUntil,
}

/// What a page that is kept back waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptUntil {
    /// A confirming officer has decided the alert about it; no system gets it before.
    AlertDecided,
    /// The same of a page that nobody could read.
    AlertOfUnread,
    /// He has said whether the secret mark is one.
    MarkDecided,
    /// He has said whether the letter accuses the office; its system does not get it before.
    OfficeJudged,
    /// Nothing: it accuses that office.
    Never,
}

impl Db {
    fn open_alert_of_kept_page(
        &self,
        letter: &str,
    ) -> Result<Option<(AlertRow, Later)>, StoreError> {
        let alert = self.alert_of(letter, Code::PageKeptBack)?;
        let is_open = |alert: &AlertRow| {
            alert
                .acked
                .as_ref()
                .is_none_or(|(_, _, said)| !said.is_last())
        };
        let (Some(alert), Some((later, _))) = (alert.filter(is_open), self.later(letter)?) else {
            return Ok(None);
        };
        Ok(Some((alert, later)))
    }

    /// An officer has read the letter and said of an office whether it accuses it: that answers the alert about its pages that are kept back as well, where
    /// nothing else is the matter with them. That it accuses one lets the other systems have them. That it does not says so of those pages once no other
    /// office is in question and everybody whom they accuse is of an office that he has spoken of.
    pub(super) fn answer_kept_page(
        &self,
        letter: &str,
        accuses: bool,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        let Some((alert, later)) = self.open_alert_of_kept_page(letter)? else {
            return Ok(());
        };
        let is_secret = self
            .restriction(letter)?
            .is_some_and(|known| known.holds && known.why == Restricted::Secret);
        if is_secret {
            return Ok(());
        }
        let offices = self.named_offices(letter)?;
        let verdict = match accuses {
            true => Verdict::Confirmed,
            false if later.accused().is_empty() || offices.iter().any(|one| one.is_open) => {
                return Ok(());
            }
            false => {
                let cleared = offices
                    .iter()
                    .filter(|one| matches!(one.decided, Some((false, ..))));
                let cleared: Vec<&str> = cleared.filter_map(|one| one.office.as_deref()).collect();
                let is_cleared = |one| {
                    is_accused(
                        std::slice::from_ref(one),
                        cleared.iter().copied(),
                        self.roster(),
                    )
                };
                match later.accused().iter().all(is_cleared) {
                    true => Verdict::FalseAlarm,
                    false => Verdict::Confirmed,
                }
            }
        };
        self.answer_alert(&alert, (verdict, Some(reason)), by)
    }

    /// A confirming officer says that a secret mark is none: that answers the alert about pages that are kept back for nothing else.
    pub(super) fn unmark_kept_page(
        &self,
        letter: &str,
        (by, note): (&str, Option<&str>),
    ) -> Result<(), StoreError> {
        let Some((alert, later)) = self.open_alert_of_kept_page(letter)? else {
            return Ok(());
        };
        if !later.is_marked() || self.named_offices(letter)?.iter().any(|one| one.is_open) {
            return Ok(());
        }
        self.answer_alert(&alert, (Verdict::FalseAlarm, note), by)
    }

    /// Which pages the system that has the letter does not get, and what they wait for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn kept_pages(&self, letter: &str) -> Result<Option<KeptPages>, StoreError> {
        let row = match self.draft(letter) {
            Ok(row) => row,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(holder) = row.claimed_by.filter(|_| row.state != DraftState::Open) else {
            return Ok(None);
        };
        if !self.is_settled(letter)? {
            return Ok(None);
        }
        let all = self.page_rows(letter)?;
        let pages = self.pages_kept_from(&case_system(&holder), letter, &all)?;
        if pages.is_empty() {
            return Ok(None);
        }
        let unit = self.unit_of(&holder)?;
        let is_unread = |n: &u32| {
            all.iter()
                .any(|row| row.n == *n && row.state == "unreadable")
        };
        let until = if let Some((_, later)) = self.open_alert_of_kept_page(letter)? {
            match later.is_marked() {
                true => KeptUntil::MarkDecided,
                false if pages.iter().all(is_unread) => KeptUntil::AlertOfUnread,
                false => KeptUntil::AlertDecided,
            }
        } else if self.office_word(letter, unit.as_deref())? == OfficeWord::Open {
            KeptUntil::OfficeJudged
        } else {
            KeptUntil::Never
        };
        Ok(Some(KeptPages {
            pages,
            office: unit.map(|unit| self.office_of(&unit)),
            until,
        }))
    }
}
