//! Files that scanners showed: waiting, taken, held with their reason, gone; and what a person decides about held ones. Nothing is deleted here or
//! anywhere.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use scanner::index::Unclear;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Mailroom};
use super::grouping::reason;
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::clock::Millis;
use crate::domain::access::Seer;
use crate::domain::intake::{ArrivalState, next_action, reason as code};
use crate::events::Event;
use crate::scan::{HeldRefused, HeldWish, lists};
use crate::store::{Arrival, HeldDecision, StoreError};

/// Which arrivals.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArrivalQuery {
    /// `held` unless said otherwise.
    state: Option<ArrivalState>,
}

/// One file as a scanner showed it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArrivalView {
    id: String,
    /// The scanner.
    source: String,
    /// Name below the scanner's folder.
    name: String,
    first_seen_at: String,
    taken_at: Option<String>,
    state: ArrivalState,
    /// Stable code while it waits or is held.
    reason: Option<String>,
    /// What to do then.
    next_action: Option<&'static str>,
    /// Of a list of pages: those that it names and that did not come.
    waits_for: Vec<String>,
    /// Of a list of pages that is held because it cannot be used: what is wrong with it.
    list_fault: Option<ListFault>,
    /// Where a held file lies, below the scanner's folder.
    kept_as: Option<String>,
    /// Its original.
    sha256: Option<String>,
    /// An earlier arrival with the same bytes.
    same_as: Option<String>,
    /// The letter whose page a held file may be; only to whoever may see that letter.
    letter: Option<String>,
    /// What a person decided about it, where one had to.
    decision: Option<DecisionView>,
}

/// The first fault of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListFault {
    /// Stable: `unfinished`, `no_text`, `no_xml`, `entity`, `no_pages`, `no_page`, `other_file`, `path_out`, `no_letter`, `page_twice`,
    /// `page_in_two_letters`.
    fault: &'static str,
    /// In which line, from 1, where one is to blame.
    line: Option<usize>,
    /// The page that it is about, where that has a plain file's name.
    page: Option<String>,
}

impl From<Unclear> for ListFault {
    fn from(unclear: Unclear) -> Self {
        Self {
            fault: unclear.fault.code(),
            line: unclear.line,
            page: unclear.page,
        }
    }
}

/// Who decided about a held file, and why.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DecisionView {
    by: String,
    reason: String,
    at: String,
}

impl From<HeldDecision> for DecisionView {
    fn from(decision: HeldDecision) -> Self {
        Self {
            by: decision.by,
            reason: decision.reason,
            at: decision.at.rfc3339(),
        }
    }
}

impl From<Arrival> for ArrivalView {
    fn from(arrival: Arrival) -> Self {
        Self {
            next_action: arrival.reason.as_deref().map(next_action),
            id: arrival.id,
            source: arrival.source,
            name: arrival.name,
            first_seen_at: arrival.first_seen.rfc3339(),
            taken_at: arrival.taken.map(Millis::rfc3339),
            state: arrival.state,
            reason: arrival.reason,
            waits_for: Vec::new(),
            list_fault: None,
            kept_as: arrival.kept_as,
            sha256: arrival.sha256,
            same_as: arrival.same_as,
            letter: None,
            decision: None,
        }
    }
}

/// A file, who decided about it, what it waits for, whose page it may be; and what to do.
type Row = (
    Arrival,
    (Option<HeldDecision>, Vec<String>, Option<String>),
    Option<&'static str>,
);

/// Files that scanners showed, newest first.
#[utoipa::path(get, path = "/v1/arrivals", tag = "letters", params(ArrivalQuery, Part),
    responses((status = 200, body = Listed<ArrivalView>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(wanted): Query<ArrivalQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<ArrivalView>>, Problem> {
    let limit = part.limit()?;
    let before = part.place()?;
    let state = wanted.state.unwrap_or(ArrivalState::Held);
    let seer = caller.seer();
    let found = app.store.with(move |db| {
        let rows = db.arrivals(state, before.as_deref(), limit + 1)?;
        let with_decision = |arrival: Arrival| match state {
            ArrivalState::Waiting | ArrivalState::Held | ArrivalState::Gone => {
                let waits_for = match arrival.reason.as_deref() {
                    Some(code::INDEX_PAGE_MISSING) => db.waits_for(&arrival.id)?,
                    _ => Vec::new(),
                };
                let letter = match db.letter_of_held(&arrival.id)? {
                    Some(letter) if db.may_know(&seer, &letter)? => Some(letter),
                    _ => None,
                };
                let code = db.to_do_about(&arrival, letter.as_deref())?;
                let next = code.as_deref().map(next_action);
                Ok((arrival, (None, waits_for, letter), next))
            }
            ArrivalState::Taken | ArrivalState::SetAside => {
                let decision = db.held_decision(&arrival.id)?;
                let next = arrival.reason.as_deref().map(next_action);
                Ok((arrival, (decision, Vec::new(), None), next))
            }
        };
        let rows: Result<Vec<_>, StoreError> = rows.into_iter().map(with_decision).collect();
        Ok((rows?, db.arrivals_kept_from(&seer.actor)?))
    });
    let place = |(arrival, ..): &Row| arrival.id.clone();
    let settings = app.settings.clone();
    let view = move |(arrival, (decision, waits_for, letter), next_action): Row| ArrivalView {
        list_fault: lists::fault_of(&settings, &arrival).map(ListFault::from),
        next_action,
        decision: decision.map(DecisionView::from),
        waits_for,
        letter,
        ..ArrivalView::from(arrival)
    };
    let (rows, kept) = found.await?;
    let listed = paging::part(rows, limit, place, |row| row);
    // A file is named after its letter.
    let seen = listed
        .items
        .into_iter()
        .filter(|(arrival, ..)| !kept.contains(&arrival.id));
    let seen: Vec<Row> = seen.collect();
    // Lists are looked at where they lie.
    let items = tokio::task::spawn_blocking(move || seen.into_iter().map(view).collect());
    Ok(Json(Listed {
        items: items
            .await
            .map_err(|_| Problem::new("defect", "the station's log says more"))?,
        next: listed.next,
    }))
}

/// A held file is taken in after all.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"letter": "A001", "reason": "扫描仪重复使用了文件名，已与纸质件核对"}))]
pub struct TakeBody {
    /// The letter it belongs to; or else `load`.
    letter: Option<String>,
    /// With `letter`: the page of it, from 1 in archive order, that this comes before; without it behind the letter's pages of its kind.
    before: Option<u32>,
    /// A released load: its letter is then the one that the file's name says, made if it is not there.
    load: Option<i64>,
    reason: String,
}

/// A held file is left out for good.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "空白测试页，没有纸质件"}))]
pub struct AsideBody {
    reason: String,
}

/// What became of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Decided {
    arrival: String,
    state: ArrivalState,
    /// The letter it is in now.
    letter: Option<String>,
}

impl From<HeldRefused> for Problem {
    fn from(refused: HeldRefused) -> Self {
        let told = refused.to_string();
        match refused {
            HeldRefused::Store(error) => error.into(),
            HeldRefused::Gone { .. } => Self::new("file_gone", told),
            HeldRefused::NoPage { .. } => Self::new("file_no_page", told),
            HeldRefused::Trouble(_) => {
                tracing::error!(error = %crate::Chain(&refused), "a held file could not be dealt with");
                Self::new(
                    "file_trouble",
                    "the station's log says what the disk or the folder refused; try again then",
                )
            }
        }
    }
}

async fn decide(
    app: App,
    (id, seer, why): (String, Seer, String),
    key: Option<crate::store::RequestKey>,
    wish: HeldWish,
) -> Result<Given, Problem> {
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let (wanted, by) = (id.clone(), seer.actor.clone());
    let is_taken = !matches!(wish, HeldWish::Aside);
    let found = app.store.with(move |db| {
        // Nobody decides about a page of a letter that he may not see.
        db.let_see_held(&seer, &wanted)?;
        if is_taken {
            db.let_take_held(&seer, &wanted)?;
        }
        db.arrival(&wanted)
    });
    let source = found.await?.source;
    let scanner = app
        .scanners
        .get(&source)
        .ok_or_else(|| Problem::not_found("scanner", &source))?;
    let letter = scanner
        .decide(&id, wish, (&by, &why))
        .await
        .ok_or_else(|| {
            Problem::new(
                "scanner_stopped",
                format!("the task of scanner {source} has stopped: restart the station"),
            )
        })??;
    let event = match &letter {
        Some(letter) => Event::Letter {
            letter: letter.clone(),
            what: "page_arrived".into(),
        },
        None => Event::Alert {
            code: "file_set_aside".into(),
            subject: source,
        },
    };
    let state = match letter {
        Some(_) => ArrivalState::Taken,
        None => ArrivalState::SetAside,
    };
    let decided = Decided {
        arrival: id,
        state,
        letter,
    };
    // A repetition that overtakes this answer finds it decided: nothing is taken twice.
    app.once_telling(key, move |_| Ok((answer(StatusCode::OK, &decided)?, event)))
        .await
}

/// Takes a held file into a letter of a released load, because a person says so. What may be a page of a letter returned unread, withdrawn or destroyed a
/// confirming officer takes in.
#[utoipa::path(post, path = "/v1/arrivals/{id}/take", tag = "letters", request_body = TakeBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = Decided)))]
pub async fn take(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    asked: Asked<TakeBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body.reason)?;
    let letter = asked.body.letter.filter(|letter| !letter.trim().is_empty());
    let before = asked.body.before;
    let wish = match (letter, asked.body.load) {
        (Some(letter), None) => {
            let letter = letter.trim().to_owned();
            let (seer, into) = (caller.seer(), letter.clone());
            // Nobody works on a letter that he may not see.
            app.store.with(move |db| db.let_see(&seer, &into)).await?;
            HeldWish::IntoLetter(letter, before)
        }
        (None, Some(load)) if before.is_none() => HeldWish::IntoLoad(load),
        _ => {
            return Err(Problem::new(
                "body_invalid",
                "either letter or load is needed, and before with a letter alone",
            ));
        }
    };
    decide(app, (id, caller.seer(), why), key, wish).await
}

/// Leaves a held file out for good.
///
/// It lies in `held/set_aside` of the scanner's folder from then on, and its bytes are among the originals, too. A link or a folder, an empty file and one
/// beyond `max_file_bytes` are in `held/set_aside` only; in an encrypted station the bytes are among the originals only.
#[utoipa::path(post, path = "/v1/arrivals/{id}/set-aside", tag = "letters", request_body = AsideBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = Decided)))]
pub async fn set_aside(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    asked: Asked<AsideBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body.reason)?;
    decide(app, (id, caller.seer(), why), key, HeldWish::Aside).await
}
