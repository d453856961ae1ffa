//! Drafts: made, corrected, confirmed, and handed over exactly once.
//!
//! ```text
//! open ── claim ──→ leased ── ack ──→ acked
//!  ↑                 │ │ lease runs out: offered again, still whoever acknowledges first
//!  └───── nack ──────┘
//! ```
//!
//! Who acknowledges late what was corrected meanwhile has registered what he was handed: the difference is offered as an amendment, once an officer
//! has confirmed it (`store/handed_out.rs`).

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::accused::is_taken_away;
use super::earlier::Settled;
use super::handed_out::{CORRECTED, Handed, WITHDRAWN, content};
use super::later::{Later, PAGE_ADDED};
use super::offered::oldest_ready;
use super::units::case_system;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::config::Offer;
use crate::digest;
use crate::domain::correct::Corrections;
use crate::domain::draft::{Confirmation, Draft};
use crate::domain::letter::Stage;

/// Where a draft stands in the hand-over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// Nobody has it.
    Open,
    /// A case system has it until its lease runs out.
    Leased,
    /// A case system has registered it.
    Acked,
}

/// A draft with its place in the hand-over.
#[derive(Debug, Clone)]
pub struct DraftRow {
    /// The draft, corrections applied.
    pub draft: Draft,
    /// Where it stands; a lease that ran out counts as open.
    pub state: DraftState,
    /// May be claimed since.
    pub ready: Option<Millis>,
    /// When it was made or made anew.
    pub created: Millis,
    /// Who has or had it last.
    pub claimed_by: Option<String>,
    /// Until when.
    pub lease_until: Option<Millis>,
    /// The case system's number.
    pub case_number: Option<String>,
    /// When it was acknowledged.
    pub acked: Option<Millis>,
    /// How often it was claimed.
    pub offered: u32,
    /// Why it was given back last.
    pub nack_reason: Option<String>,
}

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

/// What became of a draft that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftKept {
    /// It is the letter's first.
    Created,
    /// It replaced an earlier one; corrected fields stayed.
    Replaced,
    /// The earlier one stays: it is confirmed, with a case system, or registered.
    EarlierStays,
}

const ACK: &str = "acknowledge it";

const COLUMNS: &str = "d.letter_id, d.body, d.state, d.ready_ms, d.created_ms, d.claimed_by, d.lease_ms, d.case_number,
    d.acked_ms, d.offered, d.nack_reason";

struct Raw {
    letter: String,
    body: String,
    row: DraftRowParts,
}
type DraftRowParts = (
    DraftState,
    Option<Millis>,
    Millis,
    Option<String>,
    Option<Millis>,
    Option<String>,
    Option<Millis>,
    u32,
    Option<String>,
);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let parts = (
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
        row.get(9)?,
        row.get(10)?,
    );
    Ok(Raw {
        letter: row.get(0)?,
        body: row.get(1)?,
        row: parts,
    })
}

fn parse(letter: &str, body: &str) -> Result<Draft, StoreError> {
    serde_json::from_str(body).map_err(|source| StoreError::Document {
        what: "draft",
        id: letter.to_owned(),
        source,
    })
}

pub(super) fn written(draft: &Draft) -> Result<String, StoreError> {
    serde_json::to_string(draft).map_err(|source| StoreError::Document {
        what: "draft",
        id: draft.letter.clone(),
        source,
    })
}

fn typed(raw: Raw, now: Millis) -> Result<DraftRow, StoreError> {
    let (state, ready, created, claimed_by, lease_until, case_number, acked, offered, nack_reason) =
        raw.row;
    let ran_out = state == DraftState::Leased && lease_until.is_none_or(|until| until <= now);
    Ok(DraftRow {
        draft: parse(&raw.letter, &raw.body)?,
        state: if ran_out { DraftState::Open } else { state },
        ready,
        created,
        claimed_by,
        lease_until,
        case_number,
        acked,
        offered,
        nack_reason,
    })
}

impl DraftRow {
    /// Why a person cannot change it.
    fn refuse(&self, action: &'static str) -> StoreError {
        let number = self.case_number.as_deref();
        let (why, state) = match self.state {
            DraftState::Acked => {
                let number = number.map_or(String::new(), |number| format!(" under {number}"));
                (Hindrance::Registered, format!("registered{number}"))
            }
            DraftState::Leased | DraftState::Open => {
                (Hindrance::WithCaseSystem, "with a case system".to_owned())
            }
        };
        self.refusal(why, state, action)
    }

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
                Hindrance::LeasedToAnother,
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
            DraftState::Open if self.ready.is_none() => {
                (Hindrance::NotConfirmed, "not confirmed".to_owned())
            }
            DraftState::Open => (Hindrance::NotLeased, "not leased to you".to_owned()),
        };
        self.refusal(why, state, action)
    }

    fn refusal(&self, why: Hindrance, state: String, action: &'static str) -> StoreError {
        StoreError::WrongState {
            why,
            what: "draft",
            id: self.draft.letter.clone(),
            state,
            action,
        }
    }
}

impl Db {
    /// Keeps a letter's draft. What officers corrected stays; a draft that is confirmed, leased or registered stays whole.
    /// The letter is not due again until another page comes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the letter.
    pub fn insert_or_replace_draft(
        &mut self,
        draft: &Draft,
        offer: Offer,
    ) -> Result<DraftKept, StoreError> {
        self.atomically(|db| {
            let now = clock::now();
            let letter = draft.letter.as_str();
            if db.withholding(letter)?.is_some() {
                // Withheld while its last page was being read.
                return Ok(DraftKept::EarlierStays);
            }
            let mut earlier = match db.draft(letter) {
                Ok(earlier) => Some(earlier),
                Err(StoreError::NotFound { .. }) => None,
                Err(error) => return Err(error),
            };
            let said_later = earlier.as_ref().and_then(|earlier| Later::found(&earlier.draft, draft));
            if let (Some(earlier), Some(_)) = (&mut earlier, &said_later) {
                db.take_back_from_accused(earlier, &draft.fields)?;
            }
            // What nobody has is back at the desk, whoever had confirmed it without that page.
            let is_back = said_later.is_some()
                && earlier.as_ref().is_some_and(|row| row.state == DraftState::Open && row.draft.confirmed.is_some());
            if let Some(earlier) = &earlier
                && (earlier.state != DraftState::Open || earlier.draft.confirmed.is_some() && !is_back)
            {
                if let Some(said) = &said_later {
                    db.keep_back(letter, said)?;
                }
                db.connection.execute("UPDATE drafts SET created_ms = ?2 WHERE letter_id = ?1", (letter, now))?;
                db.connection.execute(
                    "UPDATE letters SET stage = ?2 WHERE id = ?1 AND stage = ?3",
                    (letter, Stage::Drafted, Stage::Reading),
                )?;
                ledger::append(&db.connection, "task/read", "draft.stays", &subject(letter), &json!({}))?;
                db.amend(letter, PAGE_ADDED, "task/read")?;
                db.guard_letter(letter, &draft.fields)?;
                return Ok(DraftKept::EarlierStays);
            }
            db.note_proposals(draft)?;
            let mut draft = draft.clone();
            let later = db.later_alike(letter)?;
            if let Some(earlier) = &earlier {
                draft.keep_corrected(&earlier.draft, &db.corrected_fields(letter)?);
                db.count_due(&mut draft);
            }
            if let Some(said) = &said_later {
                said.add_to(&mut draft.fields);
            }
            db.compare_anew(&mut draft)?;
            if is_back {
                db.settle(letter, Settled::No)?;
                db.unlearn(letter)?;
            }
            let needs_officer = said_later.is_some() && earlier.as_ref().is_some_and(|row| row.offered > 0 || is_back);
            let ready = (offer == Offer::Read && !needs_officer).then_some(now);
            db.connection.execute(
                "INSERT INTO drafts (letter_id, body, created_ms, updated_ms, ready_ms) VALUES (?1, ?2, ?3, ?3, ?4)
                 ON CONFLICT (letter_id) DO UPDATE SET body = ?2, created_ms = ?3, updated_ms = ?3, ready_ms = ?4,
                 confirmed_ms = NULL, confirmed_by = NULL",
                (letter, written(&draft)?, now, ready),
            )?;
            db.note_conflict(letter, &draft.fields)?;
            db.guard_letter(letter, &draft.fields)?;
            db.settle_offices(letter, &draft.fields)?;
            db.restrict_anew(letter, &draft.fields)?;
            db.letter_changed(letter, Stage::Drafted)?;
            db.judge_numbers(letter)?;
            if earlier.is_some() {
                db.compare_later(letter, later)?;
            }
            db.index_letter(letter)?;
            ledger::append(&db.connection, "task/read", "draft.made", &subject(letter), &json!({}))?;
            Ok(if earlier.is_some() { DraftKept::Replaced } else { DraftKept::Created })
        })
    }

    /// Keeps a draft made before every page was read. It can be looked at only: the letter is still being read, nothing is offered,
    /// and the whole draft replaces it. Where there is a draft already, that one stays.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn insert_early_draft(&mut self, draft: &Draft) -> Result<(), StoreError> {
        self.atomically(|db| {
            let letter = draft.letter.as_str();
            if db.withholding(letter)?.is_some() {
                return Ok(());
            }
            let kept = db.connection.execute(
                "INSERT INTO drafts (letter_id, body, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?3)
                 ON CONFLICT (letter_id) DO NOTHING",
                (letter, written(draft)?, clock::now()),
            )?;
            if kept > 0 {
                db.guard_letter(letter, &draft.fields)?;
                ledger::append(&db.connection, "task/read", "draft.made_early", &subject(letter), &json!({}))?;
            }
            Ok(())
        })
    }

    fn corrected_fields(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT DISTINCT field FROM corrections WHERE letter_id = ?1")?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn letter_changed(&self, letter: &str, stage: Stage) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE letters SET stage = ?2, version = version + 1 WHERE id = ?1")?
            .execute((letter, stage))?;
        Ok(())
    }

    /// A letter's draft.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn draft(&self, letter: &str) -> Result<DraftRow, StoreError> {
        let raw = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM drafts d WHERE d.letter_id = ?1"
            ))?
            .query_row([letter], raw)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "draft",
                id: letter.to_owned(),
            })?;
        typed(raw, clock::now())
    }

    /// Drafts by number, after `after`; those of one state only, if given.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn drafts(
        &self,
        state: Option<DraftState>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<DraftRow>, StoreError> {
        let now = clock::now();
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM drafts d WHERE d.letter_id > ?1 AND d.letter_id NOT IN (SELECT id FROM letters WHERE withheld IS NOT NULL) AND (?2 IS NULL OR ?2 =
             CASE WHEN d.state = 'leased' AND d.lease_ms <= ?3 THEN 'open' ELSE d.state END)
             ORDER BY d.letter_id LIMIT ?4"
        ))?;
        let rows = query.query_map((after, state, now, limit), raw)?;
        rows.map(|row| typed(row?, now)).collect()
    }

    /// Corrects a letter's draft. A confirmation is withdrawn by it.
    ///
    /// # Errors
    /// [`StoreError::Changed`] unless `version` is the letter's; [`StoreError::WrongState`] once a case system has the
    /// draft; [`StoreError::Correction`] when a value is not allowed.
    pub fn correct(
        &mut self,
        letter: &str,
        version: i64,
        corrections: &Corrections,
        (by, offer): (&str, Offer),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.take_back_if_accused(letter, corrections, by)?;
            let mut row = db.changeable(letter, version, "correct")?;
            let accused = row.draft.fields.accused.clone();
            let changes = row.draft.correct(corrections)?;
            if changes.is_empty() {
                return Ok(());
            }
            let now = clock::now();
            let mut rows = serde_json::Map::new();
            for change in &changes {
                db.connection.execute(
                    "INSERT INTO corrections (letter_id, field, before, after, by, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    (letter, change.field, &change.before, &change.after, by, now),
                )?;
                let id = db.connection.last_insert_rowid();
                rows.insert(id.to_string(), json!(vouch::correction_hash(&db.connection, id)?));
            }
            row.draft.confirmed = None;
            db.count_due(&mut row.draft);
            let later = db.later_alike(letter)?;
            db.compare_anew(&mut row.draft)?;
            db.settle(letter, Settled::No)?;
            db.unlearn(letter)?;
            db.compare_later(letter, later)?;
            let is_cleared = is_taken_away(&accused, &row.draft.fields.accused);
            let ready = if offer == Offer::Read && !is_cleared { row.ready } else { None };
            db.connection.execute(
                "UPDATE drafts SET body = ?2, updated_ms = ?3, ready_ms = ?4, confirmed_ms = NULL, confirmed_by = NULL
                 WHERE letter_id = ?1",
                (letter, written(&row.draft)?, now, ready),
            )?;
            db.note_conflict(letter, &row.draft.fields)?;
            db.guard_letter(letter, &row.draft.fields)?;
            db.settle_offices(letter, &row.draft.fields)?;
            db.restrict_named(letter, (&accused, &row.draft.fields.accused), by)?;
            db.index_letter(letter)?;
            db.letter_changed(letter, Stage::Drafted)?;
            let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
            let reason = corrections.accused.as_ref().and_then(|accused| accused.reason.as_deref());
            let detail = match reason {
                Some(reason) => json!({"fields": fields, "rows": rows, "reason": reason}),
                None => json!({"fields": fields, "rows": rows}),
            };
            ledger::append(&db.connection, by, "draft.corrected", &subject(letter), &detail)
        })
    }

    /// Confirms a letter's draft as it stands.
    ///
    /// # Errors
    /// [`StoreError::Changed`] unless `version` is the letter's; [`StoreError::WrongState`] once a case system has it.
    pub fn confirm(&mut self, letter: &str, version: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let mut row = db.changeable(letter, version, "confirm")?;
            db.not_who_took_away(&row.draft, by)?;
            if db.is_held(letter)? {
                return Err(StoreError::WrongState {
                    why: Hindrance::Held,
                    what: "letter",
                    id: letter.to_owned(),
                    state: "held for a person".into(),
                    action: "confirm",
                });
            }
            let flags = &row.draft.fields.flags;
            let speaks_of_some = flags.valuables.as_ref().is_some_and(|flag| flag.value);
            db.nothing_open(letter, speaks_of_some, "confirm")?;
            db.clock_is_right("confirm")?;
            if db.conflict(letter)?.is_some() {
                return Err(StoreError::WrongState {
                    why: Hindrance::AddresseeAccused,
                    what: "letter",
                    id: letter.to_owned(),
                    state: "addressed to whom it accuses".into(),
                    action: "confirm",
                });
            }
            db.nobody_accused_unnamed(letter, &row.draft.fields)?;
            let now = clock::now();
            db.compare_anew(&mut row.draft)?;
            db.settle(letter, Settled::Yes)?;
            db.learn_from(&row.draft)?;
            row.draft.confirmed = Some(Confirmation { by: by.to_owned(), at: now.rfc3339() });
            let body = written(&row.draft)?;
            let hash = digest::sha256_hex(body.as_bytes());
            db.connection.execute(
                "UPDATE drafts SET body = ?2, updated_ms = ?3, ready_ms = coalesce(ready_ms, ?3), confirmed_ms = ?3,
                 confirmed_by = ?4 WHERE letter_id = ?1",
                (letter, body, now, by),
            )?;
            let is_registered = row.state == DraftState::Acked;
            db.letter_changed(letter, if is_registered { Stage::Registered } else { Stage::Confirmed })?;
            ledger::append(&db.connection, by, "draft.confirmed", &subject(letter), &json!({"draft": hash}))?;
            if is_registered { db.amend(letter, CORRECTED, by) } else { Ok(()) }
        })
    }

    fn changeable(
        &self,
        letter: &str,
        version: i64,
        action: &'static str,
    ) -> Result<DraftRow, StoreError> {
        let (found, stage): (i64, Stage) = self
            .connection
            .query_row(
                "SELECT version, stage FROM letters WHERE id = ?1",
                [letter],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "letter",
                id: letter.to_owned(),
            })?;
        self.not_withheld(letter, action)?;
        let row = self.draft(letter)?;
        if found != version {
            return Err(StoreError::Changed {
                what: "letter",
                id: letter.to_owned(),
            });
        }
        // What was registered as it is no more is back at the desk.
        let is_back = row.state == DraftState::Acked && stage == Stage::Drafted;
        if row.state != DraftState::Open && !is_back {
            return Err(row.refuse(action));
        }
        if matches!(stage, Stage::Arriving | Stage::Reading) {
            // Another page came: its draft would be another one.
            let state = "being read again".into();
            return Err(StoreError::WrongState {
                why: Hindrance::BeingRead,
                what: "letter",
                id: letter.to_owned(),
                state,
                action,
            });
        }
        Ok(row)
    }

    /// Leases the oldest drafts that are ready, urgent letters first. A lease that ran out is offered again.
    ///
    /// # Errors
    /// When SQLite refuses, and [`StoreError::WrongState`] while the clock is behind: no lease would end when it should.
    pub fn claim_drafts(
        &mut self,
        claiming: &Claiming,
        new_lease: fn() -> String,
    ) -> Result<Vec<Claim>, StoreError> {
        self.clock_is_right("claim drafts")?;
        let unit = self.unit_of(&claiming.by)?;
        self.claim_drafts_for(unit.as_deref(), claiming, new_lease)
    }

    /// The same for the system of this office: what accuses it stays out.
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
                if db.may_accuse(&letter, &draft.fields, unit)? || db.keeps_later_pages_from(&letter, unit)? {
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
                DraftState::Open => db.had_draft(letter, by)?,
            };
            db.not_taken_back_from(&row, by)?;
            if !free || !db.lease_fits(&row, lease)? {
                return Err(row.refuse_claimant(by, ACK));
            }
            // It is registered there whatever we say: refusing would register it twice. What is another by now is told instead.
            let is_withheld = db.withholding(letter)?.is_some();
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
            if is_withheld {
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
            let is_holder = row.state == DraftState::Leased && row.claimed_by.as_deref() == Some(by);
            if !is_holder || !db.lease_fits(&row, lease)? {
                return Err(row.refuse_claimant(by, "give it back"));
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
            row.ready = Some(now);
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

pub(super) fn subject(letter: &str) -> String {
    format!("letter/{letter}")
}
