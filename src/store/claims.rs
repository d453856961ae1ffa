//! Drafts handed over exactly once: leased, acknowledged, given back.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::drafts::subject;
use super::handed_out::{CORRECTED, Handed, WITHDRAWN, content};
use super::offered::oldest_ready;
use super::units::case_system;
use super::{Db, DraftRow, DraftState, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::draft::Draft;
use crate::domain::letter::Stage;

/// A draft on its way out.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The draft.
    pub draft: Draft,
    /// The lease's token.
    pub lease: String,
    /// It runs out then.
    pub until: Millis,
}

/// Who claims, how many, for how long.
#[derive(Debug, Clone)]
pub struct Claiming {
    /// The token's actor name.
    pub by: String,
    /// At most so many.
    pub limit: u32,
    /// Each for so long.
    pub lease_seconds: i64,
}

const ACK: &str = "acknowledge it";
const NACK: &str = "give it back";

impl DraftRow {
    /// Why this claimant cannot acknowledge it or give it back.
    fn refuse_claimant(&self, by: &str, action: &'static str) -> StoreError {
        let is_own = self.claimed_by.as_deref() == Some(by);
        let number = self.case_number.as_deref();
        let (why, state) = match self.state {
            // Whoever does not hold it learns no other system's number.
            DraftState::Acked if is_own => (
                if action == ACK {
                    Hindrance::OtherCaseNumber
                } else {
                    Hindrance::Registered
                },
                format!("registered under {} already", number.unwrap_or("no number")),
            ),
            DraftState::Acked => (
                Hindrance::RegisteredElsewhere,
                "registered by another case system".to_owned(),
            ),
            DraftState::Leased if is_own => (
                Hindrance::LeaseOutdated,
                "leased to you under a newer lease".to_owned(),
            ),
            DraftState::Leased => (
                Hindrance::LeasedToAnother,
                "leased to another case system".to_owned(),
            ),
            // Nor what is done with it here.
            DraftState::Open => (Hindrance::NotLeased, "not leased to you".to_owned()),
        };
        self.refusal(why, state, action)
    }
}

impl Db {
    /// Leases the oldest drafts that are ready, urgent letters first. A lease that ran out is offered again.
    ///
    /// # Errors
    /// When SQLite refuses, and [`StoreError::WrongState`] while the clock is behind or far ahead, since no lease would end when it should, and one that
    /// another holds would have run out, and before a restored station goes on.
    pub fn claim_drafts(
        &mut self,
        claiming: &Claiming,
        new_lease: fn() -> String,
    ) -> Result<Vec<Claim>, StoreError> {
        self.time_has_passed("claim drafts")?;
        self.handover_goes_on("claim drafts")?;
        let unit = self.unit_of(&claiming.by)?;
        self.claim_drafts_for(unit.as_deref(), claiming, new_lease)
    }

    /// The same for the system of this office: what accuses it stays out, and what nobody here has read.
    pub(super) fn claim_drafts_for(
        &mut self,
        unit: Option<&str>,
        claiming: &Claiming,
        new_lease: fn() -> String,
    ) -> Result<Vec<Claim>, StoreError> {
        self.atomically(|db| {
            let now = clock::now();
            let until = now.plus_seconds(claiming.lease_seconds);
            // How many those are that accuse it is not known to the query.
            let most = if unit.is_some() { u32::MAX } else { claiming.limit };
            let ready: Vec<String> = db
                .connection
                .prepare_cached(&oldest_ready())?
                .query_map((now, most), |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut claims = Vec::new();
            for letter in ready {
                if claims.len() >= claiming.limit as usize {
                    break;
                }
                let mut draft = db.draft(&letter)?.draft;
                if db.is_unread_for(&draft, unit)?
                    || db.may_accuse(&letter, &draft.fields, unit)?
                    || db.keeps_later_pages_from(&letter, unit)?
                {
                    continue;
                }
                let lease = new_lease();
                db.connection
                    .prepare_cached(
                        "UPDATE drafts SET state = 'leased', claimed_by = ?2, lease = ?3, lease_ms = ?4, offered = offered + 1
                         WHERE letter_id = ?1",
                    )?
                    .execute((&letter, &claiming.by, &lease, until))?;
                let detail = json!({"until_ms": until.0, "draft": content(&mut draft)?});
                ledger::append(&db.connection, &claiming.by, "draft.claimed", &subject(&letter), &detail)?;
                claims.push(Claim { draft, lease, until });
            }
            Ok(claims)
        })
    }

    /// The case system has registered the draft. The same acknowledgement again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] under another case number, for a draft that this claimant never had, or that another
    /// has now.
    pub fn ack_draft(
        &mut self,
        letter: &str,
        case_number: &str,
        by: &str,
        lease: Option<&str>,
    ) -> Result<DraftRow, StoreError> {
        self.register_draft((letter, case_number), (by, lease), Handed::Last)
    }

    /// The same for one of several that the claimant was handed.
    pub(super) fn register_draft(
        &mut self,
        (letter, case_number): (&str, &str),
        (by, lease): (&str, Option<&str>),
        handed: Handed,
    ) -> Result<DraftRow, StoreError> {
        self.atomically(|db| {
            db.let_know(letter, by)?;
            // Destroyed meanwhile: whoever once had it is told so.
            if db.draft_is_gone(letter)? {
                db.not_withheld(letter, ACK)?;
            }
            let mut row = db.draft(letter)?;
            // Only its own: of a number that another system gave, nobody learns that he guessed it.
            let own = row.claimed_by.as_deref() == Some(by);
            let same = row.case_number.as_deref() == Some(case_number);
            if row.state == DraftState::Acked && own && same {
                return Ok(row);
            }
            // A claimant may be late, as long as nobody else has the draft by now.
            let free = match row.state {
                DraftState::Acked => false,
                DraftState::Leased => own,
                DraftState::Open => {
                    db.had_draft(letter, by)? && !db.gave_back(letter, by)?
                        || db.may_know_better(letter, by)?
                }
            };
            db.not_taken_back_from(&row, by, ACK)?;
            if !free || !db.lease_fits(&row, lease)? {
                return Err(row.refuse_claimant(by, ACK));
            }
            // It is registered there whatever we say: refusing would register it twice. What is another by now is told instead.
            let is_withdrawn = db.withholding(letter)?.is_some() || db.is_taken_back_from(&row, by)?;
            let is_as_handed = db.is_as_handed(&mut row, by, handed)?;
            let now = clock::now();
            let ready = row.ready.or(is_as_handed.then_some(now));
            db.connection
                .prepare_cached(
                    "UPDATE drafts SET state = 'acked', claimed_by = ?4, case_number = ?2, acked_ms = ?3, lease = NULL, lease_ms = NULL,
                     ready_ms = ?5 WHERE letter_id = ?1",
                )?
                .execute((letter, case_number, now, by, ready))?;
            db.letter_changed(letter, if ready.is_some() { Stage::Registered } else { Stage::Drafted })?;
            db.forget_imported(case_number)?;
            let mut detail = json!({"case_number": case_number});
            let also = db.also_registered_under((case_number, by), letter)?;
            if !also.is_empty() {
                detail["also"] = json!(also);
            }
            ledger::append(&db.connection, by, "draft.acked", &subject(letter), &detail)?;
            if is_withdrawn {
                db.amend(letter, WITHDRAWN, by)?;
            } else if !is_as_handed && ready.is_some() {
                db.amend(letter, CORRECTED, by)?;
            }
            row.state = DraftState::Acked;
            (row.ready, row.acked, row.lease_until) = (ready, Some(now), None);
            row.claimed_by = Some(by.to_owned());
            row.case_number = Some(case_number.to_owned());
            Ok(row)
        })
    }

    /// The case system gives the draft back; it goes to the end of the queue.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] unless this claimant has it.
    pub fn nack_draft(
        &mut self,
        letter: &str,
        reason: &str,
        by: &str,
        lease: Option<&str>,
    ) -> Result<DraftRow, StoreError> {
        self.atomically(|db| {
            db.let_know(letter, by)?;
            let mut row = db.draft(letter)?;
            db.not_taken_back_from(&row, by, NACK)?;
            let is_holder = row.state == DraftState::Leased && row.claimed_by.as_deref() == Some(by);
            if !is_holder || !db.lease_fits(&row, lease)? {
                return Err(row.refuse_claimant(by, NACK));
            }
            let now = clock::now();
            db.connection
                .prepare_cached(
                    "UPDATE drafts SET state = 'open', claimed_by = NULL, lease = NULL, lease_ms = NULL, nack_reason = ?2,
                     ready_ms = ?3 WHERE letter_id = ?1",
                )?
                .execute((letter, reason, now))?;
            ledger::append(&db.connection, by, "draft.nacked", &subject(letter), &json!({}))?;
            row.state = DraftState::Open;
            row.ready = if db.draft_anew_if_outdated(letter)? { None } else { Some(now) };
            (row.claimed_by, row.lease_until) = (None, None);
            row.nack_reason = Some(reason.to_owned());
            Ok(row)
        })
    }

    /// Whether a case system was ever handed a letter.
    pub(super) fn had_draft(&self, letter: &str, by: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM ledger WHERE subject = ?1 AND action = 'draft.claimed' AND actor = ?2)",
            )?
            .query_row((subject(letter), by), |row| row.get(0))?)
    }

    /// Whether a case system gave a letter back and has not claimed it since: what it says of it then it says of nothing that it has.
    fn gave_back(&self, letter: &str, by: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT action = 'draft.nacked' FROM ledger WHERE subject = ?1 AND actor = ?2 AND action IN ('draft.claimed', 'draft.nacked')
             ORDER BY seq DESC LIMIT 1",
        )?;
        let last = query.query_row((subject(letter), by), |row| row.get(0));
        Ok(last.optional()?.unwrap_or(false))
    }

    fn draft_is_gone(&self, letter: &str) -> Result<bool, StoreError> {
        match self.draft(letter) {
            Ok(_) => Ok(false),
            Err(StoreError::NotFound { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Of a letter that this system was neither handed nor offered it learns nothing, whatever has become of that letter: there is none.
    fn let_know(&self, letter: &str, by: &str) -> Result<(), StoreError> {
        match self.let_touch(&case_system(by), letter) {
            Err(StoreError::Unseen { .. } | StoreError::NotFound { .. }) => {
                Err(StoreError::NotFound {
                    what: "draft",
                    id: letter.to_owned(),
                })
            }
            other => other,
        }
    }

    /// Workers that share a token are told apart by their lease while one runs: whoever names an older one has to see that another of them has the draft
    /// now. Of a lease that ran out nothing hangs any more.
    fn lease_fits(&self, row: &DraftRow, lease: Option<&str>) -> Result<bool, StoreError> {
        let Some(lease) = lease.filter(|_| row.state == DraftState::Leased) else {
            return Ok(true);
        };
        let letter = &row.draft.letter;
        let newest: Option<String> = self
            .connection
            .prepare_cached("SELECT lease FROM drafts WHERE letter_id = ?1")?
            .query_row([letter], |row| row.get(0))?;
        Ok(newest.as_deref() == Some(lease))
    }
}
