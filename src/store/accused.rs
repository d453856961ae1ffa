//! What follows when a person names whom a letter accuses: it is restricted, and taken back from the system of an office that is accused.
//! Recusals and the addressee's conflict follow with every correction, in `store/drafts.rs`.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::drafts::subject;
use super::named_offices::OfficeWord;
use super::packages::takes_packages;
use super::{Db, DraftRow, DraftState, Hindrance, StoreError, ledger};
use crate::domain::access::{Action, Restricted, Seer, may};
use crate::domain::correct::{Corrections, Party, parties_in, stays};
use crate::domain::draft::{Accused, Draft, Fields, names_whom_it_accuses};
use crate::domain::grouping::hold;

/// Whether somebody who was accused is not any more, or his office is not.
pub(super) fn is_taken_away(before: &[Accused], now: &[Accused]) -> bool {
    let now: Vec<Party<'_>> = now.iter().map(Accused::party).collect();
    !before.iter().all(|known| stays(known.party(), &now))
}

impl Db {
    /// Who takes a name away, or the office beside it, opens the letter to whom it accuses: an officer does that, and another person confirms it. Nor is a
    /// spelling put right otherwise, since nobody else knows which of two is meant: the right one is added, and guards as well.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for whoever is none.
    pub fn let_take_away(
        &self,
        seer: &Seer,
        letter: &str,
        corrections: &Corrections,
    ) -> Result<(), StoreError> {
        let Some(accused) = &corrections.accused else {
            return Ok(());
        };
        let known = match self.draft(letter) {
            Ok(row) => row.draft.fields.accused,
            Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let opens_nothing = accused.keeps_all(&known) && !accused.says_that_is_all();
        if opens_nothing || may(seer.holder, Action::DecideAccess) {
            return Ok(());
        }
        Err(StoreError::WrongState {
            why: Hindrance::OfficerNeeded,
            what: "letter",
            id: letter.to_owned(),
            state: "an accusation: who is accused is taken away or changed, and that nobody is, is said by a confirming officer only"
                .into(),
            action: "correct",
        })
    }

    /// Whether a letter accuses somebody of whom nobody has said who he is: it reads as an accusation, or was restricted as one, names nobody, and no officer
    /// has said since its last page came that this is all. Whom it must not reach is not known then, and every office may be it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn accused_is_open(&self, letter: &str, fields: &Fields) -> Result<bool, StoreError> {
        if names_whom_it_accuses(&fields.accused) {
            return Ok(false);
        }
        let mut query = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM restrictions WHERE letter_id = l.id AND why = ?2 AND NOT (state = 'lifted' AND by = 'task/read')),
             EXISTS (SELECT 1 FROM ledger WHERE subject = ?3 AND action = 'draft.corrected' AND at_ms >= l.last_arrival_ms
                 AND json_extract(detail, '$.reason') IS NOT NULL)
             FROM letters l WHERE l.id = ?1",
        )?;
        let known: Option<(bool, bool)> = query
            .query_row((letter, Restricted::Accusation, subject(letter)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (was_restricted, is_said) = known.unwrap_or_default();
        Ok((was_restricted || fields.accuses()) && !is_said)
    }

    /// Nothing is confirmed as long as that is open.
    pub(super) fn nobody_accused_unnamed(
        &self,
        letter: &str,
        fields: &Fields,
    ) -> Result<(), StoreError> {
        if !self.accused_is_open(letter, fields)? {
            return Ok(());
        }
        Err(StoreError::WrongState {
            why: Hindrance::AccusedUnknown,
            what: "letter",
            id: letter.to_owned(),
            state: "an accusation, and nobody has said of whom".into(),
            action: "confirm",
        })
    }

    /// Whoever took a name away that is still away does not confirm the draft himself.
    pub(super) fn not_who_took_away(&self, draft: &Draft, by: &str) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT before, after FROM corrections WHERE letter_id = ?1 AND field = 'accused' AND by = ?2",
        )?;
        let rows = query.query_map((&draft.letter, by), |row| {
            let (before, after): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
            Ok((before.unwrap_or_default(), after.unwrap_or_default()))
        })?;
        let accused = &draft.fields.accused;
        // What was read anew may say more of the name.
        let is_away = |(name, office): &Party<'_>| {
            !accused.iter().any(|one| {
                one.name.contains(name) && (office.is_none() || one.office.as_deref() == *office)
            })
        };
        for taken in rows {
            let (before, after) = taken?;
            let kept = parties_in(&after);
            let mut taken = parties_in(&before)
                .into_iter()
                .filter(|party| !stays(*party, &kept));
            if taken.any(|party| is_away(&party)) {
                return Err(StoreError::WrongState {
                    why: Hindrance::SamePerson,
                    what: "letter",
                    id: draft.letter.clone(),
                    state: "without an accused whom the same person took away".into(),
                    action: "confirm",
                });
            }
        }
        Ok(())
    }

    /// Takes a leased draft back from the system of the office that it accuses, as it would stand corrected. From anybody else it is not taken:
    /// he may be registering it this moment.
    pub(super) fn take_back_if_accused(
        &mut self,
        letter: &str,
        corrections: &Corrections,
        by: &str,
    ) -> Result<(), StoreError> {
        if corrections.accused.is_none() {
            return Ok(());
        }
        let row = match self.draft(letter) {
            Ok(row) if row.state == DraftState::Leased => row,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut corrected = row.draft;
        corrected.correct(corrections)?;
        let holder = row.claimed_by.unwrap_or_default();
        let unit = self.unit_of(&holder)?;
        if !self.goes_to_accused(&corrected.fields, unit.as_deref()) {
            return Ok(());
        }
        self.take_back(letter, &holder, by)
    }

    /// What was taken back from this claimant is not registered by him afterwards: he hears it at once, and forgets it. Behind an exchange folder it is
    /// registered by the time its receipt comes, and nobody there hears a refusal.
    pub(super) fn not_taken_back_from(
        &self,
        row: &DraftRow,
        by: &str,
        action: &'static str,
    ) -> Result<(), StoreError> {
        if !takes_packages(by) && self.is_taken_back_from(row, by)? {
            return Err(StoreError::WrongState {
                why: Hindrance::TakenBack,
                what: "draft",
                id: row.draft.letter.clone(),
                state: "taken back from you".into(),
                action,
            });
        }
        Ok(())
    }

    /// It accuses the office whose system this is, or was taken from it because it goes to whom it accuses. Any other system may be late.
    pub(super) fn is_taken_back_from(&self, row: &DraftRow, by: &str) -> Result<bool, StoreError> {
        let (letter, fields) = (row.draft.letter.as_str(), &row.draft.fields);
        Ok(row.state == DraftState::Open
            && (self.is_of_accused(by, letter, fields)?
                || self.goes_to_accused(fields, self.unit_of(by)?.as_deref())
                    && self.was_taken_back_from(letter, by)?))
    }

    /// Systems that were handed a draft before anybody knew that it accuses their office: an officer hears of each, and nothing more goes out before he has
    /// answered. Of a package in an exchange folder another finding asks, and of a page that came once the office had registered the letter its alert.
    pub(super) fn hold_if_accused_saw(
        &self,
        letter: &str,
        fields: &Fields,
    ) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT actor FROM ledger WHERE subject = ?1 AND action = 'draft.claimed' AND actor NOT LIKE 'exchange/%' AND actor NOT LIKE 'office/%'",
        )?;
        let systems = query.query_map([subject(letter)], |row| row.get(0))?;
        for system in systems.collect::<Result<Vec<String>, _>>()? {
            let is_accused = self.is_of_accused(&system, letter, fields)?;
            if is_accused && !self.keeps_registered(&system, letter)? {
                let said = self.with_its_number(letter, system)?;
                self.hold_until_said(letter, hold::ACCUSED_OFFICE_SAW, said)?;
            }
        }
        Ok(())
    }

    /// The number under which a system registered the letter, which is to be undone there, before its name.
    fn with_its_number(&self, letter: &str, system: String) -> Result<String, StoreError> {
        let row = self.draft(letter)?;
        let number = row
            .case_number
            .filter(|_| row.claimed_by.as_deref() == Some(&system));
        Ok(match number {
            Some(number) => format!("{number} ({system})"),
            None => system,
        })
    }

    /// Whether a system registered the letter and no officer has said that it accuses its office: it keeps what it has.
    fn keeps_registered(&self, system: &str, letter: &str) -> Result<bool, StoreError> {
        let row = self.draft(letter)?;
        let unit = self.unit_of(system)?;
        Ok(row.state == DraftState::Acked
            && row.claimed_by.as_deref() == Some(system)
            && self.office_word(letter, unit.as_deref())? != OfficeWord::Accused)
    }

    fn is_of_accused(
        &self,
        system: &str,
        letter: &str,
        fields: &Fields,
    ) -> Result<bool, StoreError> {
        match self.unit_of(system)? {
            Some(unit) => self.accuses_office(letter, fields, &unit),
            None => Ok(false),
        }
    }

    /// The number under which the system of an accused office says that it registered a letter, though it is refused: an officer has to know of it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn keep_refused_number(
        &mut self,
        letter: &str,
        case_number: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let row = match db.draft(letter) {
                Ok(row) => row,
                Err(StoreError::NotFound { .. }) => return Ok(()),
                Err(error) => return Err(error),
            };
            let is_holder = row.state != DraftState::Open && row.claimed_by.as_deref() == Some(by);
            if is_holder
                || !db.had_draft(letter, by)?
                || !db.is_of_accused(by, letter, &row.draft.fields)?
            {
                return Ok(());
            }
            let (about, detail) = (subject(letter), json!({"case_number": case_number}));
            let is_known = db
                .connection
                .prepare_cached(
                    "SELECT 1 FROM ledger WHERE subject = ?1 AND action = 'draft.ack_refused' AND actor = ?2 AND detail ->> '$.case_number' = ?3",
                )?
                .exists((&about, by, case_number))?;
            if is_known {
                return Ok(());
            }
            ledger::append(&db.connection, by, "draft.ack_refused", &about, &detail)?;
            let said = format!("{case_number} ({by})");
            db.hold_until_said(letter, hold::ACCUSED_OFFICE_SAW, said)
        })
    }

    /// Whom a person names restricts the letter, also after an officer had opened it to everybody: he did not know of this one.
    pub(super) fn restrict_named(
        &mut self,
        letter: &str,
        (before, now): (&[Accused], &[Accused]),
        by: &str,
    ) -> Result<(), StoreError> {
        let is_new = |one: &Accused| before.iter().all(|known| known.name != one.name);
        if !now.iter().any(is_new) {
            return Ok(());
        }
        match self.restriction(letter)? {
            Some(known) if known.holds && known.why != Restricted::Sensitive => Ok(()),
            _ => self.restrict(letter, Restricted::Accusation, (by, "")),
        }
    }
}
