//! Drafts that go out as packages in an exchange folder: claimed like by any case system, so that nobody else gets them meanwhile; registered
//! or sent back by the receipt that comes for them.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::drafts::{subject, written};
use super::earlier::Settled;
use super::grouping::{NewHold, hold_once};
use super::handed_out::Handed;
use super::restored::Forgotten;
use super::{Channel, Claiming, Db, DraftState, Hindrance, Hold, Message, StoreError, ledger};
use crate::clock;
use crate::domain::grouping::hold;
use crate::domain::letter::Stage;
use crate::domain::outgoing::{Kind, State};

/// A package is answered when somebody answers it: ten years.
const LEASE_SECONDS: i64 = 10 * 366 * 24 * 3600;

/// The holder of what is at an office's brokers.
pub const BROKERS: &str = "office/drafts";

/// Whether drafts go to this holder as packages: they are with it until its receipt comes, however long that takes.
#[must_use]
pub fn takes_packages(holder: &str) -> bool {
    holder.starts_with("exchange/") || holder.starts_with("office/")
}

/// What the other side says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is registered.
    Accepted {
        /// Under this number.
        case_number: String,
    },
    /// It is not.
    Rejected {
        /// Why.
        reason: String,
    },
    /// Not now: it stays out and is offered there again.
    GivenBack {
        /// Why.
        reason: String,
    },
}

/// What a receipt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptTaken {
    /// Its package stands so now.
    Settled(Message),
    /// A restored station has forgotten the package, which told of no draft, or was refused and is followed by another: nothing hangs on it.
    NoDraft,
    /// The package is of another letter than the receipt says: of which of them it speaks nobody can tell.
    OtherLetter,
    /// A restored station has forgotten the package, and has no draft yet of the letter.
    LetterMissing,
    /// It has forgotten the package, and cannot tell whether that was one of a draft.
    KindUnknown,
}

/// Whether a package that is taken back was still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was.
    There,
    /// The other side has fetched it.
    Gone,
}

/// What stands beside a package until it is taken back.
const TAKE_BACK: &str = "take_back";

/// How the hold of a package names it.
fn unanswered(package: &str, channel: &str) -> String {
    format!("{package} ({channel})")
}

/// Makes a name that nothing else has.
type NewName = fn() -> String;

impl Db {
    /// Claims drafts for packages and makes their messages, in one step. How many.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn claim_packages(
        &mut self,
        channel: &Channel,
        limit: u32,
        random: NewName,
    ) -> Result<usize, StoreError> {
        self.atomically(|db| {
            let claiming = Claiming {
                by: channel.name.clone(),
                limit,
                lease_seconds: LEASE_SECONDS,
            };
            if db.clock_trouble()?.is_some() || db.handover_stopped()?.is_some() {
                return Ok(0);
            }
            let began = clock::now();
            let claims = db.claim_drafts_for(channel.unit.as_deref(), &claiming, random)?;
            if claims.len() < limit as usize {
                db.taken_until.insert(channel.name.clone(), began);
            }
            for claim in &claims {
                let now = clock::now();
                db.connection.execute(
                    "INSERT INTO outbox (message, channel, kind, letter_id, occasion, state, made_ms, next_ms)
                     SELECT ?1, ?2, ?3, letter_id, ready_ms, ?5, ?6, ?6 FROM drafts WHERE letter_id = ?4
                     ON CONFLICT (channel, kind, letter_id, occasion) DO UPDATE SET state = ?5, next_ms = ?6, done_ms = NULL",
                    (Kind::DraftReady.id(&random()), &channel.name, Kind::DraftReady, &claim.draft.letter, State::Waiting, now),
                )?;
            }
            Ok(claims.len())
        })
    }

    /// The package lies whole beside the folder; from here on only its last file is missing there.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn package_staged(
        &mut self,
        message: &Message,
        pdf: Option<&str>,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.connection.execute(
                "UPDATE outbox SET state = ?2, attempts = attempts + 1, last_ms = ?3 WHERE id = ?1",
                (message.id, State::Staged, clock::now()),
            )?;
            if !message.has_content() {
                return Ok(());
            }
            let detail =
                json!({"message": message.message, "channel": message.channel, "pdf": pdf});
            ledger::append(
                &db.connection,
                &message.channel,
                "draft.handed_out",
                &subject(&message.letter),
                &detail,
            )
        })
    }

    /// Packages that a crash left between being whole and being there; only alerts as long as nothing is handed out.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn staged_packages(&self, channel: &str) -> Result<Vec<Message>, StoreError> {
        let goes_on = self.handover_stopped()?.is_none();
        let staged = self.messages(Some(State::Staged), None, u32::MAX)?;
        Ok(staged
            .into_iter()
            .filter(|message| message.channel == channel)
            .filter(|message| goes_on || message.kind == Kind::AlertRaised)
            .collect())
    }

    /// The package is in the folder.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn package_placed(&mut self, message: &Message) -> Result<(), StoreError> {
        self.atomically(|db| {
            let placed = db.connection.execute(
                "UPDATE outbox SET state = ?2, done_ms = ?3, result = 'placed' WHERE id = ?1 AND state = ?4",
                (message.id, State::Sent, clock::now(), State::Staged),
            )?;
            if placed > 0 {
                db.note_message(message, "message.sent", &message.channel)?;
            }
            Ok(())
        })
    }

    /// Packages that the other side has by now, each with the SHA-256 of its PDF: staged and placed in one step.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn packages_out(&mut self, out: &[(Message, Option<String>)]) -> Result<(), StoreError> {
        self.atomically(|db| {
            out.iter().try_for_each(|(message, pdf)| {
                db.package_staged(message, pdf.as_deref())?;
                db.package_placed(message)
            })
        })
    }

    /// Packages of drafts that this channel has had for so long without a receipt, oldest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn packages_to_ask_for(
        &self,
        channel: &str,
        (seconds, limit): (i64, u32),
    ) -> Result<Vec<Message>, StoreError> {
        if self.handover_stopped()?.is_some() {
            return Ok(Vec::new());
        }
        let mut query = self.connection.prepare_cached(
            "SELECT o.id FROM outbox o JOIN drafts d ON d.letter_id = o.letter_id
             WHERE o.channel = ?1 AND o.kind = ?2 AND o.state = ?3 AND o.last_ms < ?4 AND d.state = 'leased' AND d.claimed_by = ?1
             AND o.id = (SELECT max(id) FROM outbox m WHERE m.channel = ?1 AND m.letter_id = o.letter_id AND m.kind = ?2)
             ORDER BY o.last_ms LIMIT ?5",
        )?;
        let before = clock::now().plus_seconds(-seconds);
        let asked = (channel, Kind::DraftReady, State::Sent, before, limit);
        let ids = query.query_map(asked, |row| row.get(0))?;
        let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
        ids.into_iter().map(|id| self.message(id)).collect()
    }

    /// They were sent once more.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn packages_asked_for(&mut self, again: &[Message]) -> Result<(), StoreError> {
        self.atomically(|db| {
            again.iter().try_for_each(|message| {
                db.connection.execute(
                    "UPDATE outbox SET attempts = attempts + 1, last_ms = ?2 WHERE id = ?1",
                    (message.id, clock::now()),
                )?;
                Ok(())
            })
        })
    }

    /// Drafts that this channel has and for which no receipt came.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn unanswered(&self, channel: &str) -> Result<u64, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT count(*) FROM drafts WHERE state = 'leased' AND claimed_by = ?1",
        )?;
        let count: i64 = query.query_row([channel], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// What was found on the other side's receipt for a package; the same receipt again changes nothing. Where a restored station has forgotten the package, it
    /// counts by the package's name and the letter that it names.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a package that this channel never had; [`StoreError::WrongState`] for a receipt that contradicts what is known.
    pub fn take_receipt(
        &mut self,
        channel: &str,
        (package, letter): (&str, Option<&str>),
        receipt: &Receipt,
    ) -> Result<ReceiptTaken, StoreError> {
        let taken = self.atomically(|db| {
            match (db.forgotten((channel, package), letter)?, letter) {
                (Forgotten::OtherLetter, _) => return Ok(ReceiptTaken::OtherLetter),
                (Forgotten::NoDraft, _) => return Ok(ReceiptTaken::NoDraft),
                (Forgotten::LetterMissing, _) => return Ok(ReceiptTaken::LetterMissing),
                (Forgotten::KindUnknown, _) => return Ok(ReceiptTaken::KindUnknown),
                (Forgotten::Draft, Some(letter)) => {
                    db.know_package_again((channel, package), letter)?;
                    if matches!(receipt, Receipt::Rejected { .. }) {
                        db.was_with(letter, channel)?;
                    }
                }
                (Forgotten::Before, Some(letter)) => match receipt {
                    // The package that followed is taken back, as where one is corrected.
                    Receipt::Accepted { .. } => {
                        db.drop_packages((letter, channel), 0)?;
                        db.know_package_again((channel, package), letter)?;
                    }
                    Receipt::Rejected { .. } | Receipt::GivenBack { .. } => {
                        return Ok(ReceiptTaken::NoDraft);
                    }
                },
                (Forgotten::Draft | Forgotten::Before | Forgotten::No, _) => {}
            }
            let settled = db.settle_receipt(channel, package, receipt)?;
            Ok(ReceiptTaken::Settled(settled))
        });
        if let Err(StoreError::WrongState { why, .. }) = &taken {
            match receipt {
                Receipt::Accepted { case_number } => {
                    self.hold_contradicted((channel, package), letter, case_number)?;
                }
                Receipt::Rejected { .. } if *why == Hindrance::Registered => {
                    self.hold_contradicted((channel, package), letter, "rejected")?;
                }
                Receipt::Rejected { .. } | Receipt::GivenBack { .. } => {}
            }
        }
        taken
    }

    /// A draft that nobody has was in this folder: then the rejection of its package brings it back to the desk.
    fn was_with(&self, letter: &str, channel: &str) -> Result<(), StoreError> {
        let until = clock::now().plus_seconds(LEASE_SECONDS);
        self.connection.execute(
            "UPDATE drafts SET state = 'leased', claimed_by = ?2, lease_ms = ?3 WHERE letter_id = ?1 AND state = 'open'",
            (letter, channel, until),
        )?;
        Ok(())
    }

    /// The other side says otherwise than the station knows, under a number or that it is rejected: nothing more of this letter goes out before a person
    /// has spoken with them.
    fn hold_contradicted(
        &mut self,
        (channel, package): (&str, &str),
        named: Option<&str>,
        said: &str,
    ) -> Result<(), StoreError> {
        // A package that only a receipt knows is none.
        let letter = match (self.package_named(channel, package), named) {
            (Ok(known), _) => known.letter,
            (Err(StoreError::NotFound { .. }), Some(named)) => named.to_owned(),
            (Err(error), _) => return Err(error),
        };
        let detail = format!("{said} ({channel})");
        self.atomically(|db| db.hold_until_said(&letter, hold::RECEIPT_CONTRADICTS, detail))
    }

    /// Holds a letter until a person has spoken with the other side; the same again only once.
    pub(super) fn hold_until_said(
        &self,
        letter: &str,
        reason: &str,
        detail: String,
    ) -> Result<(), StoreError> {
        let mut batch = self.connection.prepare_cached(
            "SELECT batch_id FROM letters l WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM holds h
             WHERE h.letter_id = l.id AND h.reason = ?2 AND h.detail = ?3)",
        )?;
        let batch: Option<i64> = batch
            .query_row((letter, reason, &detail), |row| row.get(0))
            .optional()?;
        let Some(batch) = batch else {
            return Ok(());
        };
        let new = NewHold {
            batch,
            letter: Some(letter.to_owned()),
            scan: None,
            reason,
            detail: Some(detail),
        };
        hold_once(&self.connection, &new).map(drop)
    }

    /// Packages of a letter are taken back that the other side may have fetched: nothing more of it goes out before that side, or a person, has answered.
    pub(super) fn hold_unanswered(&self, letter: &str, channel: &str) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT message FROM outbox WHERE channel = ?1 AND letter_id = ?2 AND kind = ?3 AND state IN ('staged', 'sent')",
        )?;
        let packages = query.query_map((channel, letter, Kind::DraftReady), |row| row.get(0))?;
        let packages: Vec<String> = packages.collect::<Result<_, _>>()?;
        packages.iter().try_for_each(|package| {
            let detail = unanswered(package, channel);
            self.hold_until_said(letter, hold::PACKAGE_UNANSWERED, detail)
        })
    }

    /// The other side has answered for a package, or for the notice that it is withdrawn.
    fn settle_unanswered(&mut self, message: &Message) -> Result<(), StoreError> {
        let package = self.withdrawn_package(message)?;
        let package = package.as_deref().unwrap_or(&message.message);
        let detail = unanswered(package, &message.channel);
        let mut held = self.holds_of(&message.letter)?;
        held.retain(|one| {
            one.reason == hold::PACKAGE_UNANSWERED && one.detail.as_ref() == Some(&detail)
        });
        held.iter().try_for_each(|one| {
            let resolved = self.settle_hold(one.id, &message.channel, "answered by a receipt");
            resolved.map(drop)
        })
    }

    /// Letters that wait for a person because a receipt contradicts what is known of them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn contradicted(&self, limit: u32) -> Result<Vec<Hold>, StoreError> {
        let mut held = self.open_holds(None, u32::MAX)?;
        held.retain(|one| one.reason == hold::RECEIPT_CONTRADICTS);
        held.truncate(limit as usize);
        Ok(held)
    }

    fn package_named(&self, channel: &str, package: &str) -> Result<Message, StoreError> {
        let id: Option<i64> = self
            .connection
            .query_row(
                "SELECT id FROM outbox WHERE channel = ?1 AND message = ?2",
                (channel, package),
                |row| row.get(0),
            )
            .optional()?;
        self.message(id.ok_or_else(|| StoreError::NotFound {
            what: "package",
            id: "of this receipt".into(),
        })?)
    }

    fn settle_receipt(
        &mut self,
        channel: &str,
        package: &str,
        receipt: &Receipt,
    ) -> Result<Message, StoreError> {
        self.atomically(|db| {
            let message = db.package_named(channel, package)?;
            let (state, result) = match receipt {
                Receipt::GivenBack { reason } => {
                    db.note_given_back(&message, reason)?;
                    return Ok(message);
                }
                Receipt::Accepted { case_number } => {
                    match message.kind {
                        Kind::Amended => drop(db.ack_amendment(message.occasion, channel)?),
                        Kind::DraftReady => db.register_package(&message, case_number)?,
                        Kind::AlertRaised | Kind::DraftWithdrawn => {}
                    }
                    (State::Accepted, "accepted".to_owned())
                }
                Receipt::Rejected { .. } if message.state == State::Rejected => return Ok(message),
                Receipt::Rejected { .. }
                    if message.kind == Kind::DraftReady && message.state == State::Accepted =>
                {
                    return Err(StoreError::WrongState {
                        why: Hindrance::Registered,
                        what: "draft",
                        id: message.letter,
                        state: "registered by an earlier receipt for this package".into(),
                        action: "take the rejection",
                    });
                }
                Receipt::Rejected { reason } => {
                    // On a package that another followed, or that was taken back, nothing hangs any more.
                    let is_past = message.state == State::Dropped || db.was_followed(&message)?;
                    if message.kind == Kind::DraftReady && !is_past {
                        db.reject_draft(&message.letter, reason, channel)?;
                    }
                    (State::Rejected, format!("rejected: {reason}"))
                }
            };
            db.connection.execute(
                "UPDATE outbox SET state = ?2, result = ?3, done_ms = ?4 WHERE id = ?1",
                (message.id, state, result, clock::now()),
            )?;
            // Who refuses the notice that a package is withdrawn has not said what became of that package.
            if message.kind != Kind::DraftWithdrawn || state == State::Accepted {
                db.settle_unanswered(&message)?;
            }
            db.message(message.id)
        })
    }

    /// The other side gave the draft back to its own queue: people here see why.
    fn note_given_back(&self, message: &Message, reason: &str) -> Result<(), StoreError> {
        let noted = self.connection.execute(
            "UPDATE drafts SET nack_reason = ?3 WHERE letter_id = ?1 AND claimed_by = ?2 AND state = 'leased' AND nack_reason IS NOT ?3",
            (&message.letter, &message.channel, reason),
        )?;
        if noted > 0 {
            let about = subject(&message.letter);
            ledger::append(
                &self.connection,
                &message.channel,
                "draft.given_back",
                &about,
                &json!({}),
            )?;
        }
        Ok(())
    }

    /// The letter is registered with what this package contained. Where another followed it, that one is taken back, and what is new comes as an
    /// amendment.
    fn register_package(&mut self, message: &Message, case_number: &str) -> Result<(), StoreError> {
        let handed = match self.was_followed(message)? {
            true => Handed::Before,
            false => Handed::Last,
        };
        let (letter, channel) = (message.letter.as_str(), message.channel.as_str());
        self.register_draft((letter, case_number), (channel, None), handed)?;
        self.drop_packages((letter, channel), message.id)
    }

    /// Packages of a letter after this message are taken back out of the folder.
    pub(super) fn drop_packages(
        &self,
        (letter, channel): (&str, &str),
        after: i64,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE outbox SET state = ?4, result = ?5, done_ms = ?6 WHERE channel = ?1 AND letter_id = ?2 AND kind = ?3 AND id > ?7
             AND state IN ('waiting', 'staged', 'sent', 'dead')",
            (channel, letter, Kind::DraftReady, State::Dropped, TAKE_BACK, clock::now(), after),
        )?;
        Ok(())
    }

    /// Whether another package of the same draft came after this one.
    fn was_followed(&self, message: &Message) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE channel = ?1 AND letter_id = ?2 AND kind = ?3 AND id > ?4)",
            (&message.channel, &message.letter, Kind::DraftReady, message.id),
            |row| row.get(0),
        )?)
    }

    /// Packages that are to be taken back out of the folder.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn packages_to_take_back(&self, channel: &str) -> Result<Vec<Message>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id FROM outbox WHERE channel = ?1 AND state = ?2 AND result = ?3 ORDER BY id",
        )?;
        let ids = query.query_map((channel, State::Dropped, TAKE_BACK), |row| row.get(0))?;
        let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
        ids.into_iter().map(|id| self.message(id)).collect()
    }

    /// It is not in the folder any more: taken back, or fetched before. A gate may have copied it in either case: where the letter was not registered out of
    /// another package, a notice says that this one is withdrawn.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn package_taken_back(
        &mut self,
        message: &Message,
        (found, random): (Found, NewName),
    ) -> Result<(), StoreError> {
        let result = match found {
            Found::There => "taken_back",
            Found::Gone => "overtaken",
        };
        self.atomically(|db| {
            db.connection.execute(
                "UPDATE outbox SET result = ?2, done_ms = ?3 WHERE id = ?1",
                (message.id, result, clock::now()),
            )?;
            db.connection.execute(
                "INSERT INTO outbox (message, channel, kind, letter_id, occasion, state, made_ms, next_ms)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7 WHERE NOT EXISTS (SELECT 1 FROM drafts WHERE letter_id = ?4 AND state = 'acked')
                 ON CONFLICT (channel, kind, letter_id, occasion) DO NOTHING",
                (Kind::DraftWithdrawn.id(&random()), &message.channel, Kind::DraftWithdrawn, &message.letter, message.id, State::Waiting, clock::now()),
            )?;
            db.note_message(message, "message.taken_back", &message.channel)
        })
    }

    /// The name of the package that this notice withdraws.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn withdrawn_package(&self, notice: &Message) -> Result<Option<String>, StoreError> {
        if notice.kind != Kind::DraftWithdrawn {
            return Ok(None);
        }
        Ok(Some(self.message(notice.occasion)?.message))
    }

    /// A package that cannot be made as the other system wants it: its letter is back at the desk.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn package_unfit(&mut self, message: &Message, why: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            if message.kind == Kind::DraftReady {
                db.reject_draft(&message.letter, why, &message.channel)?;
            }
            db.connection.execute(
                "UPDATE outbox SET state = ?2, result = ?3, attempts = attempts + 1, last_ms = ?4, done_ms = ?4 WHERE id = ?1",
                (message.id, State::Unfit, why, clock::now()),
            )?;
            db.note_message(message, "message.given_up", &message.channel)
        })
    }

    /// The other side does not take the draft as it is: it is open again, and wants a person before it goes anywhere.
    fn reject_draft(&mut self, letter: &str, reason: &str, by: &str) -> Result<(), StoreError> {
        let mut row = self.draft(letter)?;
        if row.state != DraftState::Leased || row.claimed_by.as_deref() != Some(by) {
            return Err(StoreError::WrongState {
                why: Hindrance::NotHandedOut,
                what: "draft",
                id: letter.to_owned(),
                state: match row.state {
                    DraftState::Acked => "registered by an earlier receipt".into(),
                    _ => "not with this exchange folder any more".into(),
                },
                action: "take the rejection",
            });
        }
        row.draft.confirmed = None;
        self.settle(letter, Settled::No)?;
        self.unlearn(letter)?;
        self.connection.execute(
            "UPDATE drafts SET state = 'open', claimed_by = NULL, lease = NULL, lease_ms = NULL, ready_ms = NULL, nack_reason = ?2,
             body = ?3, confirmed_ms = NULL, confirmed_by = NULL, updated_ms = ?4 WHERE letter_id = ?1",
            (letter, reason, written(&row.draft)?, clock::now()),
        )?;
        self.connection.execute(
            "UPDATE letters SET stage = ?2, version = version + 1 WHERE id = ?1",
            (letter, Stage::Drafted),
        )?;
        self.draft_anew_if_outdated(letter)?;
        ledger::append(
            &self.connection,
            by,
            "draft.rejected",
            &subject(letter),
            &json!({}),
        )
    }
}
