//! Things enclosed in letters: listed, seen by a second person, given back, seen again (SZ 7.3.3, 5.3.1).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, Mailroom};
use super::problem::{Problem, Wanted};
use crate::domain::keeping::{ReturnWay, ValuableKind};
use crate::events::Event;
use crate::store::{Answered, Db, NewReturn, NewValuable, StoreError, ValuableRow};

/// A named person and a moment.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Signed {
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
}

/// How a thing went back.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ReturnView {
    /// How.
    pub how: ReturnWay,
    /// To whom.
    pub to: String,
    /// Number of the receipt.
    pub receipt_no: String,
    /// The day.
    pub on: String,
    /// Who gave it back.
    pub signed: Option<Signed>,
    /// The second person.
    pub witnessed: Option<Signed>,
}

/// A thing that was enclosed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ValuableView {
    /// Number.
    pub id: i64,
    /// Its letter.
    pub letter: String,
    /// What it is.
    pub kind: ValuableKind,
    /// As written.
    pub amount: Option<String>,
    /// Number of the note, card or order.
    pub serial: Option<String>,
    /// Who listed it.
    pub listed: Signed,
    /// The second person.
    pub witnessed: Option<Signed>,
    /// How it went back.
    pub returned: Option<ReturnView>,
    /// Why it was struck out, and by whom.
    pub struck: Option<(String, String)>,
    /// Nothing is left to be done.
    pub closed: bool,
}

impl From<ValuableRow> for ValuableView {
    fn from(row: ValuableRow) -> Self {
        let closed = row.is_closed();
        let signed = |(by, at): (String, crate::clock::Millis)| Signed {
            by,
            at: at.rfc3339(),
        };
        let (giver, witness) = (
            row.returned_by.map(signed),
            row.return_witnessed.map(signed),
        );
        Self {
            id: row.id,
            letter: row.letter,
            kind: row.kind,
            amount: row.amount,
            serial: row.serial,
            listed: signed(row.listed),
            witnessed: row.witnessed.map(signed),
            returned: row.returned.map(|(how, to, receipt_no, on)| ReturnView {
                how,
                to,
                receipt_no,
                on,
                signed: giver,
                witnessed: witness,
            }),
            struck: row.struck,
            closed,
        }
    }
}

/// Things of one letter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Valuables {
    /// The things.
    pub items: Vec<ValuableView>,
}

/// A thing to list.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewValuableBody {
    /// What it is; `nothing_found` when the letter speaks of something that is not there.
    pub kind: ValuableKind,
    /// As written: 500 元, 2 件. Needed for cash.
    pub amount: Option<String>,
    /// Number of the note, card or order.
    pub serial: Option<String>,
}

/// How a thing goes back.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnBody {
    /// How.
    pub how: ReturnWay,
    /// To whom.
    pub to: String,
    /// Number of the receipt.
    pub receipt_no: String,
    /// The day, `YYYY-MM-DD`: not before the letter came, not after today.
    pub on: String,
}

/// Why.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// 2 to 500 characters.
    pub reason: String,
}

/// A reason that says something.
pub(super) fn reason(body: &ReasonBody) -> Result<String, Problem> {
    words("reason", &body.reason, 2, 500)
}

/// A text without blanks around it, of so many characters.
pub(super) fn words(name: &str, text: &str, least: usize, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    if (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Problem::body(name, Wanted::Characters(least, most)))
}

fn changed(db: &Db, id: i64, status: StatusCode) -> Result<(Answered, Event), StoreError> {
    let row = db.valuable(id)?;
    let event = Event::Letter {
        letter: row.letter.clone(),
        what: "valuables".into(),
    };
    Ok((answer(status, &ValuableView::from(row))?, event))
}

/// What was enclosed in a letter.
#[utoipa::path(get, path = "/v1/letters/{id}/valuables", tag = "valuables", params(("id" = String, Path)),
    responses((status = 200, body = Valuables)))]
pub async fn of_letter(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
) -> Result<Json<Valuables>, Problem> {
    let by = caller.actor();
    let found = app.store.with(move |db| {
        db.letter_row(&letter)?;
        let subject = format!("letter/{letter}");
        db.record(&by, "valuables.viewed", &subject, &serde_json::json!({}))?;
        db.valuables_of(&letter)
    });
    let items = found.await?.into_iter().map(ValuableView::from).collect();
    Ok(Json(Valuables { items }))
}

/// Lists a thing; a second person has to see it.
#[utoipa::path(post, path = "/v1/letters/{id}/valuables", tag = "valuables", request_body = NewValuableBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 201, body = ValuableView)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<NewValuableBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let optional = |name: &str, text: Option<String>| {
        let text = text.filter(|text| !text.trim().is_empty());
        text.map(|text| words(name, &text, 1, 100)).transpose()
    };
    let new = NewValuable {
        kind: asked.body.kind,
        amount: optional("amount", asked.body.amount)?,
        serial: optional("serial", asked.body.serial)?,
    };
    if new.kind == ValuableKind::Cash && new.amount.is_none() {
        return Err(Problem::body("amount", Wanted::Something));
    }
    app.once_telling(key, move |db| {
        let id = db.list_valuable(&letter, &new, &by)?;
        changed(db, id, StatusCode::CREATED)
    })
    .await
}

/// The second person saw it; not the one who listed it.
#[utoipa::path(post, path = "/v1/valuables/{id}/witness", tag = "valuables", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = ValuableView)))]
pub async fn witness(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once_telling(asked.key(&by), move |db| {
        db.witness_valuable(id, &by)?;
        changed(db, id, StatusCode::OK)
    })
    .await
}

/// Records that it was given back.
#[utoipa::path(post, path = "/v1/valuables/{id}/return", tag = "valuables", request_body = ReturnBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = ValuableView)))]
pub async fn give_back(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<ReturnBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let body = asked.body;
    let day = body.on.parse::<jiff::civil::Date>();
    let is_over = day.is_ok_and(|day| day <= crate::clock::now().zoned().date());
    if !is_over || body.on.len() != 10 {
        return Err(Problem::body("on", Wanted::DayPast));
    }
    let back = NewReturn {
        how: body.how,
        to: words("to", &body.to, 1, 100)?,
        receipt_no: words("receipt_no", &body.receipt_no, 1, 100)?,
        on: body.on,
    };
    app.once_telling(key, move |db| {
        db.return_valuable(id, &back, &by)?;
        changed(db, id, StatusCode::OK)
    })
    .await
}

/// The second person saw it given back; not the one who gave it.
#[utoipa::path(post, path = "/v1/valuables/{id}/return-witness", tag = "valuables", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = ValuableView)))]
pub async fn witness_return(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once_telling(asked.key(&by), move |db| {
        db.witness_return(id, &by)?;
        changed(db, id, StatusCode::OK)
    })
    .await
}

/// Strikes out what was listed by mistake; not the one who listed it.
#[utoipa::path(post, path = "/v1/valuables/{id}/strike", tag = "valuables", request_body = ReasonBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = ValuableView)))]
pub async fn strike(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let reason = reason(&asked.body)?;
    app.once_telling(key, move |db| {
        db.strike_valuable(id, &reason, &by)?;
        changed(db, id, StatusCode::OK)
    })
    .await
}
