//! Letters: listed, looked at, corrected, confirmed. Every look is in the ledger.

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use super::alerts::AlertView;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, LetterReader, Mailroom};
use super::batches::LoadView;
use super::drafts::DraftView;
use super::grouping::HoldView;
use super::guard;
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::clock::Millis;
use crate::domain::access::Seer;
use crate::domain::correct::Corrections;
use crate::domain::keeping::Withheld;
use crate::domain::letter::Stage;
use crate::domain::text::PageKind;
use crate::events::Event;
use crate::store::{Db, LetterFilter, LetterRow, PageRow, StoreError};

/// A letter as it is listed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LetterListed {
    /// Number.
    pub id: String,
    /// Where it stands.
    pub stage: Stage,
    /// Read and offered first: express mail, a telegram, or a threat that nobody has called a false alarm. `false` of a letter that the caller may not open.
    pub urgent: bool,
    /// Its batch.
    pub batch: i64,
    /// Its load.
    pub load: i64,
    /// How many pages it has.
    pub pages: u32,
    /// The registered sender, once there is a draft.
    pub sender: Option<String>,
    /// When its first page came.
    pub created_at: String,
    /// When its newest page came.
    pub last_arrival_at: String,
    /// Raised by every change.
    pub version: i64,
    /// Not everybody of the mailroom sees it.
    pub restricted: bool,
    /// It was withdrawn, returned or destroyed: nothing of it is read, shown or handed over, and its stage is the last that it had.
    pub withheld: Option<WithheldSince>,
    /// All its pages were put into other letters: nothing is left to be read of it.
    pub emptied: bool,
}

/// That a letter is withheld. By whom and why, its keeping page says.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WithheldSince {
    /// How.
    pub how: Withheld,
    /// Since when.
    pub when: String,
}

impl From<LetterRow> for LetterListed {
    fn from(row: LetterRow) -> Self {
        Self {
            id: row.id,
            stage: row.stage,
            urgent: row.urgent,
            batch: row.batch_id,
            load: row.load_id,
            pages: row.pages,
            sender: row.sender,
            created_at: row.created.rfc3339(),
            last_arrival_at: row.last_arrival.rfc3339(),
            version: row.version,
            restricted: row.restricted,
            withheld: row.withheld.map(|(how, when)| WithheldSince {
                how,
                when: when.rfc3339(),
            }),
            emptied: row.emptied,
        }
    }
}

/// A page.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PageView {
    /// Number within the letter, from 1, as the draft's fields count.
    pub n: u32,
    /// What it is.
    pub kind: PageKind,
    /// SHA-256 of the original.
    pub sha256: String,
    /// SM3 of the original.
    pub sm3: String,
    /// Bytes of the original.
    pub size: u64,
    /// `unread`, `read`, `unreadable`.
    pub state: String,
    /// Stable code when unreadable.
    pub problem: Option<String>,
    /// Width in pixels, once read.
    pub width: Option<u32>,
    /// Height in pixels, once read.
    pub height: Option<u32>,
    /// The load under which its sheet was opened: another than the letter's where the page was moved into it, or came later.
    pub load: i64,
    /// Engine and models that it was read with, once it is read; the same name reads the same.
    pub engine: Option<String>,
    /// The reader of the office that read it; `null`: the station itself, or nobody yet.
    pub read_by: Option<String>,
}

impl From<PageRow> for PageView {
    fn from(row: PageRow) -> Self {
        Self {
            n: row.n,
            kind: row.kind,
            sha256: row.sha256,
            sm3: row.sm3,
            size: row.size,
            state: row.state,
            problem: row.problem,
            width: row.size_px.map(|(width, _)| width),
            height: row.size_px.map(|(_, height)| height),
            load: row.load,
            engine: row.engine,
            read_by: row.read_by,
        }
    }
}

/// A letter with its pages and its draft.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LetterView {
    /// The letter.
    #[serde(flatten)]
    pub letter: LetterListed,
    /// The load it was opened from.
    pub disinfection: LoadView,
    /// Other loads under which sheets of it were opened.
    pub other_loads: Vec<LoadView>,
    /// Numbers of registered or express mail, out of the bar codes of its envelopes.
    pub mail_numbers: Vec<String>,
    /// Its pages in archive order.
    pub page_list: Vec<PageView>,
    /// Its draft, once there is one.
    pub draft: Option<DraftView>,
    /// Offices whose systems receive it once it is confirmed as it stands. Whoever confirms looks whether it speaks of one of them or its people
    /// (`POST /v1/letters/{id}/offices/named`): no program sees everything that can be said of an office.
    pub receivers: Vec<String>,
    /// Its alerts, each with what raised it, and what was answered before.
    pub alerts: Vec<AlertView>,
    /// What waits for a person: until it is answered (`POST /v1/holds/{id}/resolve`) the letter is neither confirmed nor handed over.
    pub holds: Vec<HoldView>,
}

impl LetterView {
    /// A letter as it stands, without what its draft says of letters that this seer may not see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn read(db: &Db, id: &str, seer: &Seer) -> Result<Self, StoreError> {
        let mut row = db.letter_row(id)?;
        row.restricted = db.restriction(id)?.is_some_and(|known| known.holds);
        let is_shown = db.withholding(id)?.is_none();
        let draft = match db.draft(id) {
            Ok(mut draft) => {
                db.without_unseen(seer, &mut draft.draft)?;
                Some(draft.into()).filter(|_| is_shown)
            }
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            disinfection: db.load(row.load_id)?.into(),
            other_loads: db
                .other_loads(id)?
                .into_iter()
                .map(LoadView::from)
                .collect(),
            mail_numbers: db.mail_numbers(id)?,
            page_list: db.page_rows(id)?.into_iter().map(PageView::from).collect(),
            receivers: if is_shown {
                db.receivers(id)?
            } else {
                Vec::new()
            },
            alerts: super::alerts::of_letter(db, id, seer)?,
            holds: guard::as_heard(db, seer, db.holds_of(id)?)?
                .into_iter()
                .filter(|hold| guard::may_hear_of(db, seer, hold))
                .map(HoldView::from)
                .collect(),
            draft,
            letter: row.into(),
        })
    }
}

/// Which letters.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LetterQuery {
    /// In this stage only; none of those that are withheld or emptied.
    stage: Option<Stage>,
    /// `true`: only those that are withheld or emptied; `false`: none of them.
    withheld: Option<bool>,
    /// Of this batch only.
    batch: Option<i64>,
}

/// Letters, newest first.
#[utoipa::path(get, path = "/v1/letters", tag = "letters", params(LetterQuery, Part),
    responses((status = 200, body = Listed<LetterListed>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(LetterQuery {
        stage,
        withheld,
        batch,
    }): Query<LetterQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<LetterListed>>, Problem> {
    let limit = part.limit()?;
    let before = part
        .place()?
        .map(|place| place_of(&place).ok_or_else(paging::invalid))
        .transpose()?;
    let filter = LetterFilter {
        stage,
        withheld,
        batch,
        before,
    };
    let seer = caller.seer();
    let listed = app.store.with(move |db| {
        let rows = db.letter_rows(&filter, limit + 1)?;
        let mark = |row: &LetterRow| format!("{} {}", row.created.0, row.id);
        let part = paging::part(rows, limit, mark, |row| row);
        Ok(Listed {
            items: db.seen_by(&seer, "api", part.items)?,
            next: part.next,
        })
    });
    let Listed { items, next } = listed.await?;
    let items = items.into_iter().map(LetterListed::from).collect();
    Ok(Json(Listed { items, next }))
}

fn place_of(place: &str) -> Option<(Millis, String)> {
    let (created, id) = place.split_once(' ')?;
    Some((Millis(created.parse().ok()?), id.to_owned()))
}

/// One letter; its version is the ETag.
#[utoipa::path(get, path = "/v1/letters/{id}", tag = "letters", params(("id" = String, Path)),
    responses((status = 200, body = LetterView, headers(("etag" = String, description = "the letter's version")))))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let view = app
        .store
        .with(move |db| {
            let view = LetterView::read(db, &id, &seer)?;
            db.record(
                &seer.actor,
                "letter.viewed",
                &format!("letter/{id}"),
                &json!({}),
            )?;
            Ok(view)
        })
        .await?;
    let version = view.letter.version;
    Ok(with_etag(version, Json(view).into_response()))
}

/// Corrects fields; the letter's ETag must be sent as `If-Match`. A confirmation is withdrawn by it. Who is accused is taken away by a confirming
/// officer only, and whoever did it cannot confirm the letter.
#[utoipa::path(patch, path = "/v1/letters/{id}/fields", tag = "letters", request_body = Corrections,
    params(("id" = String, Path), super::openapi::IfMatch, super::openapi::Key),
    responses((status = 200, body = LetterView)))]
pub async fn correct(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    MeantFor(version): MeantFor,
    asked: Asked<Corrections>,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let (corrections, offer) = (asked.body, app.settings.handoff.offer);
    let given = app
        .once_telling(key, move |db| {
            db.let_take_away(&seer, &id, &corrections)?;
            db.correct(&id, version, &corrections, (&seer.actor, offer))?;
            changed(db, id, "corrected", &seer)
        })
        .await?;
    Ok(given_with_etag(given))
}

/// Which field.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"field": "letter_date"}))]
pub struct FieldUndoBody {
    /// As corrections name it.
    field: String,
}

/// Takes back what the caller changed last in a field: value, source, confidence and alternatives are what they were, and where it was read it counts as
/// read. The letter's ETag must be sent as `If-Match`. Whom a letter accuses is changed by a correction only.
#[utoipa::path(post, path = "/v1/letters/{id}/fields/undo", tag = "letters", request_body = FieldUndoBody,
    params(("id" = String, Path), super::openapi::IfMatch, super::openapi::Key),
    responses((status = 200, body = LetterView)))]
pub async fn undo(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    MeantFor(version): MeantFor,
    asked: Asked<FieldUndoBody>,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let (field, offer) = (asked.body.field, app.settings.handoff.offer);
    let given = app
        .once_telling(key, move |db| {
            db.undo_correction(&id, version, &field, (&seer.actor, offer))?;
            changed(db, id, "corrected", &seer)
        })
        .await?;
    Ok(given_with_etag(given))
}

/// Confirms the draft as it stands; the letter's ETag must be sent as `If-Match`.
#[utoipa::path(post, path = "/v1/letters/{id}/confirm", tag = "letters",
    params(("id" = String, Path), super::openapi::IfMatch, super::openapi::Key),
    responses((status = 200, body = LetterView)))]
pub async fn confirm(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    MeantFor(version): MeantFor,
    asked: Asked<Nothing>,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let letter = id.clone();
    app.store
        .with(move |db| db.compare_before_confirming(&letter, version))
        .await?;
    let given = app
        .once_telling(key, move |db| {
            db.confirm(&id, version, &seer.actor)?;
            changed(db, id, "confirmed", &seer)
        })
        .await?;
    Ok(given_with_etag(given))
}

pub(super) fn changed(
    db: &Db,
    id: String,
    what: &str,
    seer: &Seer,
) -> Result<(crate::store::Answered, Event), StoreError> {
    let given = answer(StatusCode::OK, &LetterView::read(db, &id, seer)?)?;
    Ok((
        given,
        Event::Letter {
            letter: id,
            what: what.to_owned(),
        },
    ))
}

/// The version a change is meant for; looked at before the body is.
#[derive(Debug, Clone, Copy)]
pub struct MeantFor(i64);

impl<S: Send + Sync> FromRequestParts<S> for MeantFor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Err(Problem::new(
                "if_match_missing",
                "send the letter's ETag as If-Match",
            ));
        };
        let version = value
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        // What is not a version of ours cannot be the newest one.
        version.map(Self).ok_or_else(|| {
            Problem::new(
                "changed",
                "If-Match is not this letter's ETag: read it again",
            )
        })
    }
}

fn with_etag(version: i64, mut response: Response) -> Response {
    let value =
        HeaderValue::from_str(&format!("\"{version}\"")).expect("digits are a header value");
    response.headers_mut().insert(header::ETAG, value);
    response
}

pub(super) fn given_with_etag(given: Given) -> Response {
    #[derive(Deserialize)]
    struct Versioned {
        version: i64,
    }
    let version = serde_json::from_str(&given.0.body).map(|Versioned { version }| version);
    let response = given.into_response();
    match version {
        Ok(version) => with_etag(version, response),
        Err(_) => response,
    }
}

/// Who may look at a page. The gate has asked already; what is withheld is shown to nobody.
pub fn may_see_pages(
    db: &Db,
    caller: &Caller<LetterReader>,
    letter: &str,
) -> Result<(), StoreError> {
    db.let_see(&caller.seer(), letter)?;
    db.not_withheld(letter, "show")
}
