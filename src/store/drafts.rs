//! Drafts: made, corrected, confirmed; handed over exactly once in `store/claims.rs`.
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
use super::handed_out::CORRECTED;
use super::later::{Later, PAGE_ADDED};
use super::{Db, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::config::Offer;
use crate::digest;
use crate::domain::correct::Corrections;
use crate::domain::draft::{Accused, Confirmation, Draft};
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

    pub(super) fn refusal(
        &self,
        why: Hindrance,
        state: String,
        action: &'static str,
    ) -> StoreError {
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
                // What this reading names is named before it: see `later_pages`.
                db.guard_letter(letter, &draft.fields)?;
                db.hold_if_accused_saw(letter, &draft.fields)?;
                let pages: Vec<&String> = draft.pages.iter().map(|page| &page.sha256).collect();
                ledger::append(&db.connection, "task/read", "draft.stays", &subject(letter), &json!({"pages": pages}))?;
                db.amend(letter, PAGE_ADDED, "task/read")?;
                return Ok(DraftKept::EarlierStays);
            }
            db.note_proposals(draft)?;
            let mut draft = draft.clone();
            let later = db.later_alike(letter)?;
            if let Some(earlier) = &earlier {
                draft.keep_corrected(&earlier.draft, &db.corrected_fields(letter)?);
                db.count_due(&mut draft);
                db.nothing_comes_back(letter)?;
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
            db.hold_if_accused_saw(letter, &draft.fields)?;
            db.settle_recusals(letter, Some(&draft.fields))?;
            db.letter_changed(letter, Stage::Drafted)?;
            db.judge_numbers(letter)?;
            db.judge_envelope(letter)?;
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

    pub(crate) fn corrected_fields(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT field FROM corrections_in_force WHERE letter_id = ?1",
        )?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn letter_changed(&self, letter: &str, stage: Stage) -> Result<(), StoreError> {
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
            let before = row.draft.clone();
            let changes = row.draft.correct(corrections)?;
            if changes.is_empty() {
                return Ok(());
            }
            let now = clock::now();
            let mut rows = serde_json::Map::new();
            for change in &changes {
                let told = (change.field, change.before.as_str(), change.after.as_str());
                let stood = before.as_it_stands(change.field);
                let (id, hash) = db.note_correction(letter, told, stood, (by, now))?;
                rows.insert(id.to_string(), hash);
            }
            db.keep_changed(row, &before.fields.accused, (by, offer))?;
            let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
            let reason = corrections
                .accused
                .as_ref()
                .and_then(|accused| accused.reason.as_deref());
            let detail = match reason {
                Some(reason) => json!({"fields": fields, "rows": rows, "reason": reason}),
                None => json!({"fields": fields, "rows": rows}),
            };
            ledger::append(
                &db.connection,
                by,
                "draft.corrected",
                &subject(letter),
                &detail,
            )
        })
    }

    /// Keeps a draft that a person changed, with what follows from it; it is confirmed no more.
    pub(super) fn keep_changed(
        &mut self,
        mut row: DraftRow,
        accused: &[Accused],
        (by, offer): (&str, Offer),
    ) -> Result<(), StoreError> {
        let letter = row.draft.letter.clone();
        let letter = letter.as_str();
        row.draft.confirmed = None;
        self.count_due(&mut row.draft);
        let later = self.later_alike(letter)?;
        self.compare_anew(&mut row.draft)?;
        self.settle(letter, Settled::No)?;
        self.unlearn(letter)?;
        self.compare_later(letter, later)?;
        let fields = &row.draft.fields;
        let is_cleared = is_taken_away(accused, &fields.accused);
        let ready = row.ready.filter(|_| offer == Offer::Read && !is_cleared);
        self.connection.execute(
            "UPDATE drafts SET body = ?2, updated_ms = ?3, ready_ms = ?4, confirmed_ms = NULL, confirmed_by = NULL
             WHERE letter_id = ?1",
            (letter, written(&row.draft)?, clock::now(), ready),
        )?;
        self.note_conflict(letter, fields)?;
        self.guard_letter(letter, fields)?;
        self.settle_offices(letter, fields)?;
        self.settle_recusals(letter, Some(fields))?;
        self.restrict_named(letter, (accused, &fields.accused), by)?;
        self.hold_if_accused_saw(letter, fields)?;
        self.index_letter(letter)?;
        self.weigh(letter)?;
        self.letter_changed(letter, Stage::Drafted)
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
            if row.draft.fields.is_sender_open() {
                return Err(StoreError::WrongState {
                    why: Hindrance::SenderOpen,
                    what: "letter",
                    id: letter.to_owned(),
                    state: "of a sender whom nobody has named, nor called anonymous".into(),
                    action: "confirm",
                });
            }
            db.nobody_accused_unnamed(letter, &row.draft.fields)?;
            db.entries_agree(&row.draft)?;
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

    pub(super) fn changeable(
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
}

pub(super) fn subject(letter: &str) -> String {
    format!("letter/{letter}")
}
