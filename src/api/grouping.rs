//! Letters taken apart and put together: the key “next letter”, separator sheets, what is held for a person, pages moved, exceptions of a batch.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Mailroom};
use super::batches::{BatchView, seen};
use super::guard;
use super::problem::{Problem, Wanted};
use super::ranged;
use super::valuables::ReasonBody;
use crate::clock;
use crate::config::Language;
use crate::console::words::Words;
use crate::domain::access::{Action, may};
use crate::domain::balance::Exception;
use crate::domain::grouping::hold;
use crate::domain::intake::next_action;
use crate::events::Event;
use crate::separators;
use crate::store::{Hold, MoveTo, StoreError};

/// Reasons and notes: something has to be said, and not a letter.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim().to_owned();
    match (2..=500).contains(&text.chars().count()) {
        true => Ok(text),
        false => Err(Problem::body("reason", Wanted::Characters(2, 500))),
    }
}

/// The letter that begins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NextLetter {
    batch: i64,
    /// Which letter of the batch, from 1.
    number: u32,
}

/// At which scanner.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"scanner": "scanner-2"}))]
pub struct NextLetterBody {
    /// Its id, where several go by the key; without it every one of them is meant.
    scanner: Option<String>,
}

/// Says that the next letter begins, for scanners that are grouped by press, and that this batch lies in the scanner: of several open batches the pages
/// that come go to this one.
#[utoipa::path(post, path = "/v1/batches/{id}/next-letter", tag = "batches", request_body = NextLetterBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = NextLetter)))]
pub async fn next_letter(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(batch): Path<i64>,
    asked: Asked<NextLetterBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let scanner = asked.body.scanner;
    if let Some(id) = &scanner
        && !app.scanners.contains_key(id)
    {
        return Err(Problem::not_found("scanner", id));
    }
    app.once_telling(key, move |db| {
        let number = db.next_letter(batch, scanner.as_deref(), &by)?;
        Ok((
            answer(StatusCode::OK, &NextLetter { batch, number })?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// Letters that explain a difference.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "empty_envelope", "letters": 1, "reason": "空信封，已单独登记"}))]
pub struct ExceptionBody {
    kind: Exception,
    /// How many.
    #[schema(minimum = 1, maximum = 10000)]
    letters: u32,
    reason: String,
}

/// Records letters that were signed in and are not scanned, or the other way round, with the reason. Of a closed batch a confirming officer does so, where
/// pages that were moved since have put it out of balance.
#[utoipa::path(post, path = "/v1/batches/{id}/exceptions", tag = "batches", request_body = ExceptionBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 201, body = BatchView)))]
pub async fn exception(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(batch): Path<i64>,
    asked: Asked<ExceptionBody>,
) -> Result<Given, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let ExceptionBody {
        kind,
        letters,
        reason: why,
    } = asked.body;
    if !(1..=10_000).contains(&letters) {
        return Err(Problem::body("letters", Wanted::Number(1, 10_000)));
    }
    let why = reason(&why)?;
    let is_closed = app
        .store
        .with(move |db| db.batch(batch))
        .await?
        .closed
        .is_some();
    if is_closed && !may(seer.holder, Action::DecideAccess) {
        return Err(Problem::forbidden(
            Action::DecideAccess,
            "the batch is closed: what changes its balance is not for everybody to say",
        ));
    }
    app.once_telling(key, move |db| {
        seen::explain(db, (batch, &seer), (kind, letters), &why)?;
        Ok((
            answer(StatusCode::CREATED, &BatchView::read(db, batch, &seer)?)?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// Takes back an exception that was entered wrongly; it stays to be read and counts no more.
#[utoipa::path(post, path = "/v1/batches/{id}/exceptions/{exception}/take-back", tag = "batches", request_body = ReasonBody,
    params(("id" = i64, Path), ("exception" = i64, Path), super::openapi::Key),
    responses((status = 200, body = BatchView)))]
pub async fn take_exception_back(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path((batch, id)): Path<(i64, i64)>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let why = reason(&asked.body.reason)?;
    app.once_telling(key, move |db| {
        db.take_exception_back((batch, id), (&by, &why))?;
        Ok((
            answer(StatusCode::OK, &BatchView::read(db, batch, &seer)?)?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// Something a person has to look at.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HoldView {
    id: i64,
    batch: i64,
    letter: Option<String>,
    scan: Option<i64>,
    /// Stable code.
    reason: String,
    /// Which sheet, which place.
    detail: Option<String>,
    /// What to do.
    next_action: &'static str,
    at: String,
    resolved_by: Option<String>,
    note: Option<String>,
    resolved_at: Option<String>,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        let (by, note, at) = match hold.resolved {
            Some((by, note, at)) => (Some(by), Some(note), Some(at.rfc3339())),
            None => (None, None, None),
        };
        Self {
            id: hold.id,
            batch: hold.batch,
            letter: hold.letter,
            scan: hold.scan,
            next_action: Words::of(Language::English)
                .known("hold_do", &hold.reason)
                .unwrap_or_else(|| next_action(&hold.reason)),
            reason: hold.reason,
            detail: hold.detail.filter(|detail| !detail.is_empty()),
            at: hold.at.rfc3339(),
            resolved_by: by,
            note,
            resolved_at: at,
        }
    }
}

/// Open holds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HoldList {
    items: Vec<HoldView>,
}

/// Which holds.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HoldQuery {
    /// Only of this batch.
    batch: Option<i64>,
}

/// What waits for a person, oldest first, at most 500.
#[utoipa::path(get, path = "/v1/holds", tag = "letters", params(HoldQuery),
    responses((status = 200, body = HoldList)))]
pub async fn holds(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(wanted): Query<HoldQuery>,
) -> Result<Json<HoldList>, Problem> {
    const MOST: u32 = 500;
    let seer = caller.seer();
    let found = app
        .store
        .with(move |db| {
            let kept = db.names_kept_from(&seer.actor)?;
            let mut found = db.open_holds(wanted.batch, MOST)?;
            found.retain(|hold| !kept.is_about(hold) && guard::may_hear_of(db, &seer, hold));
            guard::as_heard(db, &seer, found)
        })
        .await?;
    Ok(Json(HoldList {
        items: found.into_iter().map(HoldView::from).collect(),
    }))
}

/// What was found.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "已核对纸质件，页数无误"}))]
pub struct ResolveBody {
    note: String,
}

/// A person has looked and says what was found. A finding about a file that is held, or about a list that waits, is answered by the decision about that file
/// (`file_undecided`).
#[utoipa::path(post, path = "/v1/holds/{id}/resolve", tag = "letters", request_body = ResolveBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = HoldView)))]
pub async fn resolve(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<ResolveBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let note = reason(&asked.body.note)?;
    officer_where_needed(&app, &caller, vec![id]).await?;
    app.once_telling(key, move |db| {
        let hold = db.resolve_hold(id, &by, &note)?;
        let batch = hold.batch;
        let told = guard::as_heard(db, &seer, vec![hold])?;
        let told = told.into_iter().map(HoldView::from).next();
        Ok((answer(StatusCode::OK, &told)?, Event::Batch { batch }))
    })
    .await
}

/// Whether a letter may go on that no cycle released, or that the accused know of, is not an operator's to say.
async fn officer_where_needed(
    app: &App,
    caller: &Caller<Mailroom>,
    holds: Vec<i64>,
) -> Result<(), Problem> {
    let reasons = app.store.with(move |db| {
        let reasons = holds.into_iter().map(|id| db.hold_reason(id));
        reasons.collect::<Result<Vec<_>, _>>()
    });
    let is_an_officers = reasons
        .await?
        .iter()
        .any(|about| hold::is_for_an_officer(about));
    match is_an_officers && !may(caller.seer().holder, Action::DecideAccess) {
        true => Err(Problem::forbidden(
            Action::DecideAccess,
            "what was found of this letter is not for everybody to say",
        )),
        false => Ok(()),
    }
}

/// What was found of several.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"holds": [1, 2], "note": "已逐页核对纸质件，均为重复扫描"}))]
pub struct ResolveAllBody {
    /// Numbers of the findings, 1 to 500.
    holds: Vec<i64>,
    note: String,
}

/// A person has looked at several findings and says what was found: all of them are answered, or none.
#[utoipa::path(post, path = "/v1/holds/resolve", tag = "letters", request_body = ResolveAllBody,
    params(super::openapi::Key),
    responses((status = 200, body = HoldList)))]
pub async fn resolve_all(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<ResolveAllBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let ResolveAllBody { holds, note } = asked.body;
    let note = reason(&note)?;
    if !(1..=500).contains(&holds.len()) {
        return Err(Problem::new("body_invalid", "holds: 1 to 500 are needed"));
    }
    let asked_for = holds.clone();
    let his = seer.clone();
    let let_in = app.store.look(move |db| {
        let mut all = asked_for.into_iter();
        all.try_for_each(|id| guard::let_resolve(db, &seer, id))
    });
    let_in.await?;
    officer_where_needed(&app, &caller, holds.clone()).await?;
    app.once_telling(key, move |db| {
        let items = db.atomically(|db| {
            let one = |id: &i64| db.resolve_hold(*id, &by, &note);
            let all = holds.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            guard::as_heard(db, &his, all)
        })?;
        let items: Vec<HoldView> = items.into_iter().map(HoldView::from).collect();
        let batch = items.first().map_or(0, |hold| hold.batch);
        Ok((
            answer(StatusCode::OK, &HoldList { items })?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// Pages for another letter.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pages": [3, 4], "to": "A002", "reason": "两封信粘连"}))]
pub struct MoveBody {
    /// Numbers of the pages within the letter, from 1.
    pages: Vec<u32>,
    /// The letter they belong to; without it a new letter is made of them, or with `before` they stay in this one.
    to: Option<String>,
    /// The page of that letter, or of this one, that they come before as far as their kinds allow; without it behind its pages of their kind.
    before: Option<u32>,
    reason: String,
}

/// Where the pages are now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Moved {
    letter: String,
}

/// Puts pages into another letter, makes a new letter of them, or puts them in another order: a letter is split, two are merged. Drafts are made anew.
/// What was found of a letter that has no page left goes with its pages, unless it is answered by that. Out of one that waits for a confirming officer only
/// such an officer moves pages (`letter_held`): all of them into a letter that was counted, and that is his answer; some, and that letter waits, too.
/// The old image of a page that was scanned anew (`retaken`) goes with the new one, or stays with it; where only the new one goes, it is a page again.
#[utoipa::path(post, path = "/v1/letters/{id}/pages/move", tag = "letters", request_body = MoveBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = Moved)))]
pub async fn move_pages(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(from): Path<String>,
    asked: Asked<MoveBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let MoveBody {
        pages,
        to,
        before,
        reason: why,
    } = asked.body;
    let why = reason(&why)?;
    let to = to.filter(|to| !to.is_empty());
    let each_once: BTreeSet<&u32> = pages.iter().collect();
    if each_once.len() != pages.len() {
        return Err(Problem::new(
            "body_invalid",
            "pages: a page is named twice; name each once",
        ));
    }
    if pages.is_empty() || before.is_none() && to.as_deref() == Some(from.as_str()) {
        return Err(Problem::new(
            "body_invalid",
            "pages are needed, and another letter than this one or the page of it that they come before",
        ));
    }
    let to = match (to, before) {
        (to, Some(n)) => MoveTo::Before(to.unwrap_or_else(|| from.clone()), n),
        (Some(to), None) => MoveTo::Letter(to),
        (None, None) => MoveTo::NewLetter,
    };
    app.once_telling(key, move |db| {
        // The gate knows the letter that pages are taken from, not the one they go to.
        if let MoveTo::Letter(letter) | MoveTo::Before(letter, _) = &to {
            db.let_see(&seer, letter)?;
        }
        if !matches!(&to, MoveTo::Before(letter, _) if *letter == from) {
            db.let_move_from(&seer, &from)?;
        }
        let listed = db.page_ids(&from)?;
        let page = |n: &u32| {
            let at = (*n as usize).checked_sub(1);
            let found = at.and_then(|at| listed.get(at)).copied();
            found.ok_or_else(|| StoreError::NotFound {
                what: "page of this letter",
                id: n.to_string(),
            })
        };
        let pages = pages.iter().map(page).collect::<Result<Vec<_>, _>>()?;
        let letter = db.move_pages(&from, &pages, &to, (&by, &why))?;
        let event = Event::Letter {
            letter: letter.clone(),
            what: "pages_moved".into(),
        };
        Ok((answer(StatusCode::OK, &Moved { letter })?, event))
    })
    .await
}

/// How many sheets.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"count": 50}))]
pub struct SeparatorsBody {
    #[schema(minimum = 1, maximum = 500)]
    count: u32,
}

/// Prints a run of separator sheets as PDF. Only sheets of runs that were printed here separate letters.
#[utoipa::path(post, path = "/v1/separators", tag = "batches", request_body = SeparatorsBody,
    responses((status = 200, body = inline(ranged::File), content_type = "application/pdf")))]
pub async fn print(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<SeparatorsBody>,
) -> Result<Response, Problem> {
    let by = caller.actor();
    let count = asked.body.count;
    if !(1..=separators::MOST_SHEETS).contains(&count) {
        return Err(Problem::body("count", Wanted::Number(1, 500)));
    }
    let run = separators::new_run();
    let (settings, name) = (app.settings.clone(), run.clone());
    let printed = tokio::task::spawn_blocking(move || {
        separators::print(&settings, &name, count, clock::now())
    });
    let pdf = printed
        .await
        .map_err(|_| Problem::new("defect", "the station's log says more"))??;
    let kept = run.clone();
    app.store
        .with(move |db| db.add_separator_run(&kept, count, &by))
        .await?;
    let mut response = pdf.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/pdf"),
    );
    let disposition = format!("attachment; filename=\"separators-{run}.pdf\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
