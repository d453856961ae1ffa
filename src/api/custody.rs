//! The paper: boxes, what lies in them, and what was taken out by whom with whose approval.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, Mailroom};
use super::problem::Problem;
use super::valuables::{ReasonBody, reason, words};
use crate::events::Event;
use crate::store::{BoxRow, BoxedLetter, Db, LoanRow, StoreError};

/// A box.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BoxView {
    /// Number.
    pub id: i64,
    /// What is written on it.
    pub name: String,
    /// Where it stands.
    pub location: String,
    /// Letters in it.
    pub letters: u32,
    /// Closed since.
    pub closed_at: Option<String>,
    /// What lies in it, in order: region, then date, then intake. Only where one box is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<BoxedView>,
}

/// A letter in its box.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BoxedView {
    /// From 1.
    pub position: u32,
    /// Its number.
    pub letter: String,
    /// Code of the division; empty where unknown.
    pub division: String,
    /// The letter's date; empty where unknown.
    pub dated: String,
    /// Lent out just now.
    pub is_out: bool,
}

impl BoxView {
    fn new(row: BoxRow, list: Vec<BoxedLetter>) -> Self {
        let list = list.into_iter().map(|boxed| BoxedView {
            position: boxed.position,
            letter: boxed.letter,
            division: boxed.division,
            dated: boxed.dated,
            is_out: boxed.is_out,
        });
        Self {
            id: row.id,
            name: row.name,
            location: row.location,
            letters: row.letters,
            closed_at: row.sealed.map(crate::clock::Millis::rfc3339),
            list: list.collect(),
        }
    }

    fn read(db: &Db, id: i64, by: &str) -> Result<Self, StoreError> {
        let kept = db.kept_from(by)?;
        let mut list = db.box_list(id)?;
        list.retain(|boxed| !kept.contains(&boxed.letter));
        Ok(Self::new(db.a_box(id)?, list))
    }
}

/// Every box.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Boxes {
    /// Newest first.
    pub items: Vec<BoxView>,
}

/// A letter's paper on its way.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LoanView {
    /// Number.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// Who wants it.
    pub asked_by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub asked_at: String,
    /// Who let it go.
    pub approved_by: Option<String>,
    /// Who brought it back.
    pub back_by: Option<String>,
}

impl From<LoanRow> for LoanView {
    fn from(row: LoanRow) -> Self {
        Self {
            id: row.id,
            letter: row.letter,
            asked_by: row.asked_by,
            reason: row.reason,
            asked_at: row.asked.rfc3339(),
            approved_by: row.approved_by,
            back_by: row.back_by,
        }
    }
}

/// Paper that is not back.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Loans {
    /// Oldest first.
    pub items: Vec<LoanView>,
}

/// A new box.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBoxBody {
    /// What is written on it; once only.
    pub name: String,
    /// Where it stands.
    pub location: String,
}

/// A new place.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoxMoveBody {
    /// Where it stands now.
    pub location: String,
}

/// Which box.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntoBoxBody {
    /// Its number.
    pub r#box: i64,
}

/// Every box.
#[utoipa::path(get, path = "/v1/boxes", tag = "custody", responses((status = 200, body = Boxes)))]
pub async fn boxes(State(app): State<App>, _: Caller<Mailroom>) -> Result<Json<Boxes>, Problem> {
    let rows = app.store.with(|db| db.boxes()).await?;
    let items = rows.into_iter().map(|row| BoxView::new(row, Vec::new()));
    Ok(Json(Boxes {
        items: items.collect(),
    }))
}

/// One box with its list.
#[utoipa::path(get, path = "/v1/boxes/{id}", tag = "custody", params(("id" = i64, Path)),
    responses((status = 200, body = BoxView)))]
pub async fn a_box(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
) -> Result<Json<BoxView>, Problem> {
    let by = caller.actor();
    Ok(Json(
        app.store.with(move |db| BoxView::read(db, id, &by)).await?,
    ))
}

/// Makes a box.
#[utoipa::path(post, path = "/v1/boxes", tag = "custody", request_body = NewBoxBody, params(super::openapi::Key),
    responses((status = 201, body = BoxView)))]
pub async fn make(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<NewBoxBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let name = words("name", &asked.body.name, 1, 100)?;
    let location = words("location", &asked.body.location, 1, 200)?;
    app.once(key, move |db| {
        let id = db.make_box(&name, &location, &by)?;
        answer(StatusCode::CREATED, &BoxView::read(db, id, &by)?)
    })
    .await
}

/// Moves a box.
#[utoipa::path(post, path = "/v1/boxes/{id}/move", tag = "custody", request_body = BoxMoveBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = BoxView)))]
pub async fn move_to(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<BoxMoveBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let location = words("location", &asked.body.location, 1, 200)?;
    app.once(key, move |db| {
        db.move_box(id, &location, &by)?;
        answer(StatusCode::OK, &BoxView::read(db, id, &by)?)
    })
    .await
}

/// Closes a box: nothing is put in any more.
#[utoipa::path(post, path = "/v1/boxes/{id}/close", tag = "custody", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = BoxView)))]
pub async fn close(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        db.seal_box(id, &by)?;
        answer(StatusCode::OK, &BoxView::read(db, id, &by)?)
    })
    .await
}

/// Puts a letter's paper into a box.
#[utoipa::path(post, path = "/v1/letters/{id}/box", tag = "custody", request_body = IntoBoxBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = BoxView)))]
pub async fn put(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<IntoBoxBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let id = asked.body.r#box;
    app.once_telling(key, move |db| {
        db.put_into_box(&letter, id, &by)?;
        let what = "boxed".to_owned();
        Ok((
            answer(StatusCode::OK, &BoxView::read(db, id, &by)?)?,
            Event::Letter { letter, what },
        ))
    })
    .await
}

/// Asks for a letter's paper; another person approves.
#[utoipa::path(post, path = "/v1/letters/{id}/loans", tag = "custody", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 201, body = LoanView)))]
pub async fn ask(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let reason = reason(&asked.body)?;
    app.once(key, move |db| {
        let id = db.ask_for_paper(&letter, &reason, &by)?;
        answer(StatusCode::CREATED, &LoanView::from(db.loan(id)?))
    })
    .await
}

/// Paper that is asked for or out.
#[utoipa::path(get, path = "/v1/loans", tag = "custody", responses((status = 200, body = Loans)))]
pub async fn loans(
    State(app): State<App>,
    caller: Caller<Mailroom>,
) -> Result<Json<Loans>, Problem> {
    let by = caller.actor();
    let found = app
        .store
        .with(move |db| Ok((db.loans(None)?, db.kept_from(&by)?)));
    let (rows, kept) = found.await?;
    let rows = rows.into_iter().filter(|row| !kept.contains(&row.letter));
    let items = rows.map(LoanView::from).collect();
    Ok(Json(Loans { items }))
}

/// Lets the paper go; not the one who asked for it.
#[utoipa::path(post, path = "/v1/loans/{id}/approve", tag = "custody", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = LoanView)))]
pub async fn approve(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        db.approve_loan(id, &by)?;
        answer(StatusCode::OK, &LoanView::from(db.loan(id)?))
    })
    .await
}

/// The paper is back in its place.
#[utoipa::path(post, path = "/v1/loans/{id}/back", tag = "custody", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = LoanView)))]
pub async fn back(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        db.bring_back(id, &by)?;
        answer(StatusCode::OK, &LoanView::from(db.loan(id)?))
    })
    .await
}
