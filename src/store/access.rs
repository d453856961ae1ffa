//! How somebody stands to a letter, and why he looks at it. What follows is decided in `domain::access`.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::amendments::ITS_OWN;
use super::offered::OFFERED_ONE;
use super::{Db, PageRow, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::access::{
    Action, Holder, PageStanding, Scope, Seer, Sight, Standing, Unseen, may, may_see,
    may_see_instruction, may_see_sharply,
};
use crate::domain::draft::Fields;
use crate::domain::text::PageKind;

fn subject(letter: &str) -> String {
    format!("letter/{letter}")
}

impl Db {
    /// How this seer stands to a letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn standing(&self, seer: &Seer, letter: &str) -> Result<Standing, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                &format!("SELECT (SELECT why FROM restrictions WHERE letter_id = l.id AND state = 'restricted'),
                 EXISTS (SELECT 1 FROM letter_access WHERE letter_id = l.id AND user = ?2 AND ended_ms IS NULL),
                 EXISTS (SELECT 1 FROM recusals WHERE letter_id = l.id AND user = ?2 AND lifted_ms IS NULL),
                 EXISTS (SELECT 1 FROM looks WHERE letter_id = l.id AND user = ?2 AND until_ms > ?3),
                 EXISTS (SELECT 1 FROM drafts d WHERE letter_id = l.id AND (d.state = 'acked' AND {ITS_OWN}
                     OR d.state = 'leased' AND d.lease_ms > ?3 AND d.ready_ms IS NOT NULL AND d.conflict IS NULL AND {ITS_OWN}
                     OR (d.state = 'open' OR d.state = 'leased' AND d.lease_ms <= ?3) AND {OFFERED_ONE}))
                 FROM letters l WHERE l.id = ?1"),
            )?
            .query_row((letter, &seer.actor, clock::now()), |row| {
                Ok(Standing {
                    restricted: row.get(0)?,
                    is_listed: row.get(1)?,
                    is_recused: row.get(2)?,
                    has_reason: row.get(3)?,
                    is_offered: row.get(4)?,
                })
            })
            .optional()?;
        let mut standing = found.ok_or_else(|| StoreError::NotFound {
            what: "letter",
            id: letter.to_owned(),
        })?;
        if let Some(why) = standing.restricted {
            standing.is_listed |= self.lists_in_force().let_in(&seer.actor, why);
        }
        if standing.is_offered && seer.holder == Holder::Machine(Scope::CaseSystem) {
            standing.is_offered = !self.is_kept_from_office_of(seer, letter)?
                && !self.waits_for_reader(seer, letter)?;
        }
        Ok(standing)
    }

    /// Lets a seer who may see the letter see a page of this kind of it.
    ///
    /// # Errors
    /// [`StoreError::Unseen`] for an instruction that is not for him.
    pub fn let_see_page(
        &self,
        seer: &Seer,
        letter: &str,
        kind: PageKind,
    ) -> Result<(), StoreError> {
        let open = kind != PageKind::Instruction || self.sees_instructions(seer, letter)?;
        match open {
            true => Ok(()),
            false => Err(unseen(letter, Unseen::Restricted)),
        }
    }

    /// Whether a seer who may see the letter may see this page of it sharply.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn sees_sharply(
        &self,
        seer: &Seer,
        letter: &str,
        page: &PageRow,
    ) -> Result<bool, StoreError> {
        let (has_draft, is_settled, is_held, has_interest) = self
            .connection
            .prepare_cached(
                "SELECT d.letter_id IS NOT NULL,
                 l.stage NOT IN ('arriving', 'reading') AND coalesce(d.created_ms >= l.last_arrival_ms, 0),
                 EXISTS (SELECT 1 FROM holds WHERE letter_id = l.id AND resolved_ms IS NULL),
                 EXISTS (SELECT 1 FROM interests WHERE user = ?2 AND ended_ms IS NULL)
                 FROM letters l LEFT JOIN drafts d ON d.letter_id = l.id WHERE l.id = ?1",
            )?
            .query_row((letter, &seer.actor), |row| {
                let found: (bool, bool, bool, bool) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(found)
            })?;
        let standing = PageStanding {
            is_judged: has_draft && (is_settled || page.state != "unread"),
            // A page that is left unread because the letter is secret could be read.
            is_unreadable: page.state == "unreadable"
                && page.problem.as_deref() != Some("secret_mark"),
            is_held,
            has_interest,
        };
        Ok(may_see_sharply(seer.holder, standing))
    }

    /// Whether a seer who may see the letter sees the instructions that lie in it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn sees_instructions(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        let standing = self.standing(seer, letter)?;
        Ok(may_see_instruction(seer.holder, standing))
    }

    /// What this seer sees of a letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn sight(&self, seer: &Seer, letter: &str) -> Result<Sight, StoreError> {
        // Who sees no letters learns of none, whatever number he asks for.
        if !may(seer.holder, Action::ReadLetters) {
            return Ok(Sight::No(Unseen::Role));
        }
        Ok(may_see(seer.holder, self.standing(seer, letter)?))
    }

    /// Refuses unless everything of the letter is to be seen.
    ///
    /// # Errors
    /// [`StoreError::Unseen`], [`StoreError::NotFound`].
    pub fn let_see(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        match self.sight(seer, letter)? {
            Sight::Full => Ok(()),
            Sight::Masked => Err(unseen(letter, Unseen::Restricted)),
            Sight::No(why) => Err(unseen(letter, why)),
        }
    }

    /// Refuses whoever may not open the letter, for acts that decide something about it and show nothing of it: why he looks is asked where he looks.
    ///
    /// # Errors
    /// [`StoreError::Unseen`], [`StoreError::NotFound`].
    pub fn let_decide(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        match self.let_see(seer, letter) {
            Err(StoreError::Unseen {
                why: Unseen::ReasonAsked,
                ..
            }) => Ok(()),
            decided => decided,
        }
    }

    /// Refuses whoever is recused, and a case system that never had the letter and is not offered it, for acts that show nothing of the letter.
    ///
    /// # Errors
    /// [`StoreError::Unseen`], [`StoreError::NotFound`].
    pub fn let_touch(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        match self.sight(seer, letter)? {
            Sight::No(why @ (Unseen::Recused | Unseen::Role)) => Err(unseen(letter, why)),
            Sight::No(why @ Unseen::NotOffered)
                if !self.had_draft(letter, &seer.actor)?
                    && !self.may_know_better(letter, &seer.actor)? =>
            {
                Err(unseen(letter, why))
            }
            _ => Ok(()),
        }
    }

    /// The same for acts that need the letter's number only: an administrator's, too, who sees no letter.
    ///
    /// # Errors
    /// [`StoreError::Unseen`], [`StoreError::NotFound`].
    pub fn let_name(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        match self.let_touch(seer, letter) {
            Err(StoreError::Unseen {
                why: Unseen::Role, ..
            }) if may(seer.holder, Action::Approve) => {
                match self.standing(seer, letter)?.is_recused {
                    true => Err(unseen(letter, Unseen::Recused)),
                    false => Ok(()),
                }
            }
            touched => touched,
        }
    }

    /// Somebody says why he looks at a restricted letter.
    ///
    /// # Errors
    /// [`StoreError::Unseen`] for whoever may not see it, whatever the reason.
    pub fn say_reason(
        &mut self,
        seer: &Seer,
        letter: &str,
        (reason, minutes): (&str, i64),
    ) -> Result<Millis, StoreError> {
        self.atomically(|db| {
            db.let_decide(seer, letter)?;
            let until = clock::now().plus_seconds(minutes * 60);
            db.connection
                .execute("DELETE FROM looks WHERE until_ms <= ?1", [clock::now()])?;
            db.connection.execute(
                "INSERT INTO looks (letter_id, user, until_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (letter_id, user) DO UPDATE SET until_ms = ?3",
                (letter, &seer.actor, until),
            )?;
            let detail = json!({"reason": reason});
            ledger::append(
                &db.connection,
                &seer.actor,
                "letter.opened",
                &subject(letter),
                &detail,
            )?;
            Ok(until)
        })
    }

    /// Keeps whether the addressee is whom the letter accuses: then nothing is handed over.
    pub(super) fn note_conflict(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        let conflict = self
            .goes_to_accused(fields, None)
            .then_some("addressee_accused");
        self.connection
            .prepare_cached("UPDATE drafts SET conflict = ?2 WHERE letter_id = ?1")?
            .execute((letter, conflict))?;
        Ok(())
    }

    /// Why a letter's draft must not be handed over as it stands.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn conflict(&self, letter: &str) -> Result<Option<String>, StoreError> {
        let found: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT conflict FROM drafts WHERE letter_id = ?1")?
            .query_row([letter], |row| row.get(0))
            .optional()?;
        Ok(found.flatten())
    }
}

pub(super) fn unseen(letter: &str, why: Unseen) -> StoreError {
    StoreError::Unseen {
        id: letter.to_owned(),
        why,
    }
}
