//! What the case system gets: drafts leased, acknowledged, given back. Each is registered once, whatever dies in between.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::App;
use super::alerts::AlertView;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, CaseSystem, LetterReader};
use super::paging::{self, Listed, Part};
use super::password;
use super::problem::Problem;
use crate::clock::Millis;
use crate::domain::access::{Holder, Seer};
use crate::domain::draft::Draft;
use crate::domain::mask;
use crate::events::Event;
use crate::store::{Answered, Claiming, Db, DraftRow, DraftState, StoreError, takes_packages};

/// Drafts claimed at once at most.
pub(crate) const CLAIM_MOST: u32 = 100;
pub(crate) const LEASE_SHORTEST: u32 = 5;
const LEASE_USUAL: u32 = 300;

/// How many drafts, for how long.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"limit": 10, "lease_seconds": 300}))]
pub struct ClaimBody {
    /// 1 to 100; 10 unless said otherwise.
    pub(crate) limit: Option<u32>,
    /// 5 to the settings' `handoff.max_lease_seconds`; 300 unless said otherwise.
    pub(crate) lease_seconds: Option<u32>,
}

/// The case system's number.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"case_number": "SZ-2026-000123"}))]
pub struct AckBody {
    /// 1 to 64 characters.
    pub(crate) case_number: String,
    /// The lease, where workers of one case system share a token.
    #[serde(default)]
    pub(crate) lease: Option<String>,
}

/// Why a draft comes back.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "duplicate in the case system"}))]
pub struct NackBody {
    /// 1 to 500 characters.
    pub(crate) reason: String,
    /// The lease, where workers of one case system share a token.
    #[serde(default)]
    pub(crate) lease: Option<String>,
}

/// Claimed drafts; empty when none is ready.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Claims {
    drafts: Vec<ClaimView>,
}

/// A claimed draft.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClaimView {
    /// The letter's number; the draft's address.
    id: String,
    /// The lease.
    lease: String,
    /// Unless acknowledged by then, the draft is offered again.
    lease_expires_at: String,
    /// The draft.
    draft: Draft,
}

/// A draft and where it stands.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DraftView {
    /// The letter's number.
    pub id: String,
    /// Where it stands in the hand-over.
    #[serde(flatten)]
    pub handover: HandoverView,
    /// The draft.
    pub draft: Draft,
}

/// A draft as whoever asks may have it, and where it stands.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ShownDraft {
    /// The letter's number.
    id: String,
    /// Where it stands in the hand-over.
    #[serde(flatten)]
    handover: HandoverView,
    /// The draft; `null` for the case system that registered it, where it was corrected since and no officer has confirmed that.
    draft: Option<Draft>,
}

impl ShownDraft {
    fn of(db: &Db, mut row: DraftRow, seer: &Seer) -> Result<Self, StoreError> {
        db.without_unseen(seer, &mut row.draft)?;
        row.created = db.draft_made(&row)?;
        let is_shown = matches!(seer.holder, Holder::Person(_)) || row.ready.is_some();
        let DraftView {
            id,
            handover,
            draft,
        } = row.into();
        Ok(Self {
            id,
            handover,
            draft: is_shown.then_some(draft),
        })
    }
}

/// A draft with the alerts about its letter.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DraftWithAlerts {
    #[serde(flatten)]
    shown: ShownDraft,
    /// Each with what raised it, also on pages that came after the draft was handed out, as far as the caller may read them.
    alerts: Vec<AlertView>,
}

/// Where a draft stands in the hand-over.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HandoverView {
    /// A lease that ran out counts as open.
    pub state: DraftState,
    /// When it was made or made anew.
    pub created_at: String,
    /// May be claimed since.
    pub ready_at: Option<String>,
    /// Who has or had it last.
    pub claimed_by: Option<String>,
    /// Until when; `null` for a package in an exchange folder or at an office's brokers, which waits for its receipt however long that takes.
    pub lease_expires_at: Option<String>,
    /// The case system's number.
    pub case_number: Option<String>,
    /// When it was acknowledged.
    pub acked_at: Option<String>,
    /// How often it was claimed.
    pub offered: u32,
    /// Why it was given back last.
    pub nack_reason: Option<String>,
}

impl From<DraftRow> for DraftView {
    fn from(row: DraftRow) -> Self {
        let is_package = row.claimed_by.as_ref().is_some_and(|by| takes_packages(by));
        let lease_until = row.lease_until.filter(|_| !is_package);
        Self {
            id: row.draft.letter.clone(),
            handover: HandoverView {
                state: row.state,
                created_at: row.created.rfc3339(),
                ready_at: row.ready.map(Millis::rfc3339),
                claimed_by: row.claimed_by,
                lease_expires_at: lease_until.map(Millis::rfc3339),
                case_number: row.case_number,
                acked_at: row.acked.map(Millis::rfc3339),
                offered: row.offered,
                nack_reason: row.nack_reason,
            },
            draft: row.draft,
        }
    }
}

/// A draft that is registered now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AckView {
    /// The letter's number.
    id: String,
    /// Where it stands in the hand-over.
    #[serde(flatten)]
    handover: HandoverView,
    /// What is registered; `null` where it is another by now that no officer has confirmed, or the letter is withheld.
    draft: Option<Draft>,
    /// Other letters that this case system registered under the same number. Allowed, since a case may hold several letters; people at the station
    /// see it as a warning.
    same_case_number: Vec<String>,
    /// The draft was corrected, the letter got a page, or it was withdrawn or returned unread, after it was handed to this case system: what was
    /// registered is not what the letter is now. An amendment says so, `corrected`, `page_added` or `withdrawn`; a correction is shown once an officer
    /// has confirmed it.
    changed_since_claim: bool,
}

impl AckView {
    fn read(db: &Db, row: DraftRow, seer: &Seer) -> Result<Self, StoreError> {
        let is_withheld = db.withholding(&row.draft.letter)?.is_some();
        let same_case_number = db.sharing_case_number_with(&row)?;
        let changed_since_claim = db.is_changed_since_claim(seer, &row.draft.letter)?;
        let ShownDraft {
            id,
            handover,
            draft,
        } = ShownDraft::of(db, row, seer)?;
        Ok(Self {
            id,
            handover,
            draft: draft.filter(|_| !is_withheld),
            same_case_number,
            changed_since_claim,
        })
    }
}

/// Which drafts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DraftQuery {
    /// In this state only.
    state: Option<DraftState>,
}

/// Of claims that were answered before: those whose lease is still theirs. What ran out and went to another, was given back, registered or taken back
/// is no more the caller's, and its content not either.
fn still_leased(db: &Db, seer: &Seer, answered: Answered) -> Result<Answered, StoreError> {
    let mut body: Value = match serde_json::from_str(&answered.body) {
        Ok(body) => body,
        Err(_) => return Ok(answered),
    };
    let Some(drafts) = body.get_mut("drafts").and_then(Value::as_array_mut) else {
        return Ok(answered);
    };
    let mut left = Vec::with_capacity(drafts.len());
    for claim in std::mem::take(drafts) {
        let text = |name: &str| claim[name].as_str().unwrap_or_default().to_owned();
        if db.is_leased(seer, &text("id"), &text("lease"))? {
            left.push(claim);
        }
    }
    *drafts = left;
    Ok(Answered {
        body: body.to_string(),
        ..answered
    })
}

/// Leases the oldest ready drafts, urgent letters first: express mail, telegrams, and those with a threat that nobody has called a false alarm. Repeated with its `Idempotency-Key` it gives those of the first answer whose lease is still the
/// caller's, and leases no others.
#[utoipa::path(post, path = "/v1/drafts/claims", tag = "drafts", request_body = ClaimBody, params(super::openapi::Key),
    responses((status = 200, body = Claims)), security(("token" = [])))]
pub async fn claim(
    State(app): State<App>,
    caller: Caller<CaseSystem>,
    asked: Asked<ClaimBody>,
) -> Result<Given, Problem> {
    if app.settings.training.is_some() {
        let why = "this is a training station: its letters are samples, and nothing is handed over";
        return Err(Problem::new("wrong_state", why));
    }
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let limit = asked.body.limit.unwrap_or(10);
    if !(1..=CLAIM_MOST).contains(&limit) {
        return Err(Problem::new(
            "body_invalid",
            format!("limit: 1 to {CLAIM_MOST} is allowed"),
        ));
    }
    let seconds = asked.body.lease_seconds.unwrap_or(LEASE_USUAL);
    let longest = app.settings.handoff.max_lease_seconds.0;
    if seconds < LEASE_SHORTEST || u64::from(seconds) > longest {
        return Err(Problem::new(
            "lease_too_long",
            format!("{LEASE_SHORTEST} to {longest} seconds are allowed"),
        ));
    }
    let claiming = Claiming {
        by,
        limit,
        lease_seconds: seconds.into(),
    };
    let asking = seer.clone();
    let work = move |db: &mut Db| {
        let claims = db.claim_drafts(&claiming, password::random_hex::<16>)?;
        let drafts = claims
            .into_iter()
            .map(|mut claim| {
                db.without_unseen(&seer, &mut claim.draft)?;
                Ok(ClaimView {
                    id: claim.draft.letter.clone(),
                    lease: claim.lease,
                    lease_expires_at: claim.until.rfc3339(),
                    draft: claim.draft,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        answer(StatusCode::OK, &Claims { drafts })
    };
    let again = move |db: &Db, answered| {
        db.handover_goes_on("claim drafts")?;
        still_leased(db, &asking, answered)
    };
    app.once_or(key, work, again).await
}

/// Numbers and addresses of people as a list shows them (SZ 5.3.4), wherever in the registration they stand.
fn masked(draft: &Draft) -> Draft {
    fn hide(value: &mut Value, addresses: &[String]) {
        match value {
            Value::String(text) => {
                let found = addresses.iter().filter(|one| text.contains(one.as_str()));
                let hidden = found.fold(text.clone(), |text, one| {
                    text.replace(one.as_str(), &mask::address(one))
                });
                *text = mask::numbers(&hidden);
            }
            Value::Array(all) => all.iter_mut().for_each(|one| hide(one, addresses)),
            // What it says of other letters is their numbers.
            Value::Object(all) => {
                let own = all.iter_mut().filter(|(name, _)| *name != "repeat");
                own.for_each(|(_, one)| hide(one, addresses));
            }
            _ => {}
        }
    }
    let of = &draft.fields.address;
    let others = of.alternatives.iter().map(|other| other.value.clone());
    let mut addresses: Vec<String> = of.value.iter().cloned().chain(others).collect();
    addresses.extend(of.raw.iter().cloned());
    addresses.retain(|one| one.chars().count() > 3);
    addresses.sort_by_key(|one| std::cmp::Reverse(one.len()));
    let mut fields = serde_json::to_value(&draft.fields).expect("a draft is a document");
    hide(&mut fields, &addresses);
    Draft {
        fields: serde_json::from_value(fields).expect("masked, it has the same form"),
        // What was keyed again is those numbers and that name.
        second_entries: Vec::new(),
        ..draft.clone()
    }
}

/// Drafts are looked at so many at a time for a list.
const CHUNK: u32 = 100;

/// Drafts by letter number. People see telephone numbers, identity numbers and addresses masked here, and whole in the draft itself; a case system
/// gets whole the drafts that are its own or offered to it.
#[utoipa::path(get, path = "/v1/drafts", tag = "drafts", params(DraftQuery, Part),
    responses((status = 200, body = Listed<ShownDraft>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<LetterReader>,
    Query(DraftQuery { state }): Query<DraftQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<ShownDraft>>, Problem> {
    let limit = part.limit()?;
    let after = part.place()?.unwrap_or_default();
    let seer = caller.seer();
    let listed = app.store.with(move |db| {
        // What is kept from him moves no cursor of his: he would learn its number.
        let (mut after, mut items, mut more) = (after, Vec::new(), false);
        'seen: loop {
            let rows = db.drafts(state, &after, CHUNK)?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.draft.letter);
            for mut row in rows {
                if !db.sight(&seer, &row.draft.letter)?.is_full() {
                    continue;
                }
                more = items.len() == limit as usize;
                if more {
                    break 'seen;
                }
                if matches!(seer.holder, Holder::Person(_)) {
                    row.draft = masked(&row.draft);
                }
                items.push(ShownDraft::of(db, row, &seer)?);
            }
        }
        let last = items.last().filter(|_| more);
        let next = last.map(|last| paging::mark(&last.id));
        let seen: Vec<&str> = items.iter().map(|view| view.id.as_str()).collect();
        let detail = serde_json::json!({"letters": seen});
        db.record(&seer.actor, "drafts.listed", "drafts", &detail)?;
        Ok(Listed { items, next })
    });
    Ok(Json(listed.await?))
}

/// One draft.
#[utoipa::path(get, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)),
    responses((status = 200, body = DraftWithAlerts)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<LetterReader>,
    Path(id): Path<String>,
) -> Result<Json<DraftWithAlerts>, Problem> {
    let seer = caller.seer();
    let shown = app
        .store
        .with(move |db| {
            let row = db.draft(&id)?;
            db.not_withheld(&id, "show")?;
            let shown = DraftWithAlerts {
                shown: ShownDraft::of(db, row, &seer)?,
                alerts: super::alerts::of_letter(db, &id, &seer)?,
            };
            db.record(
                &seer.actor,
                "draft.viewed",
                &format!("letter/{id}"),
                &serde_json::json!({}),
            )?;
            Ok(shown)
        })
        .await?;
    Ok(Json(shown))
}

/// Says that the draft is registered; twice is once. Also taken late, as long as nobody else has the draft: see `changed_since_claim`. Of a letter that
/// was destroyed meanwhile it is refused as `letter_withheld`.
#[utoipa::path(post, path = "/v1/drafts/{id}/ack", tag = "drafts", request_body = AckBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = AckView)), security(("token" = [])))]
pub async fn ack(
    State(app): State<App>,
    caller: Caller<CaseSystem>,
    Path(id): Path<String>,
    asked: Asked<AckBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let AckBody { case_number, lease } = asked.body;
    check_text("case_number", &case_number, 64)?;
    let (letter, said, sayer) = (id.clone(), case_number.clone(), by.clone());
    let given = app.once_telling(key, move |db| {
        let row = db.ack_draft(&id, &case_number, &by, lease.as_deref())?;
        Ok((
            answer(StatusCode::OK, &AckView::read(db, row, &seer)?)?,
            Event::Letter {
                letter: id,
                what: "registered".into(),
            },
        ))
    });
    let given = given.await;
    if given.is_err() {
        app.store
            .with(move |db| db.keep_refused_number(&letter, &said, &sayer))
            .await?;
    }
    given
}

/// Gives the draft back; it goes to the end of the queue.
#[utoipa::path(post, path = "/v1/drafts/{id}/nack", tag = "drafts", request_body = NackBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = ShownDraft)), security(("token" = [])))]
pub async fn nack(
    State(app): State<App>,
    caller: Caller<CaseSystem>,
    Path(id): Path<String>,
    asked: Asked<NackBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let NackBody { reason, lease } = asked.body;
    check_text("reason", &reason, 500)?;
    app.once_telling(key, move |db| {
        let row = db.nack_draft(&id, &reason, &by, lease.as_deref())?;
        Ok((
            answer(StatusCode::OK, &ShownDraft::of(db, row, &seer)?)?,
            Event::Letter {
                letter: id,
                what: "given_back".into(),
            },
        ))
    })
    .await
}

pub(crate) fn check_text(field: &str, text: &str, longest: usize) -> Result<(), Problem> {
    let length = text.trim().chars().count();
    if length == 0 || length > longest || text.chars().any(char::is_control) {
        return Err(Problem::new(
            "body_invalid",
            format!("{field}: 1 to {longest} characters are allowed"),
        ));
    }
    Ok(())
}
