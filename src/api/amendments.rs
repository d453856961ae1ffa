//! What changed of a letter after the case system had it: a page was added, a threat was confirmed.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Serialize;

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, CaseSystem};
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::clock::Millis;
use crate::store::{AmendmentRow, Numbered, StoreError};

/// One change. The letter's pages and draft are to be read again.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"id": 4, "letter": "A001", "kind": "page_added", "case_number": "SZ-2026-000123",
    "at": "2026-11-20T08:00:00+08:00", "known_at": null}))]
pub struct AmendmentView {
    /// Its number, which tells nothing of others.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// `page_added`; `corrected`: the draft reads otherwise than it was handed out; `withdrawn`: nothing more is done with the letter;
    /// `reinstated`: it is after all; `threat_confirmed`, `threat_withdrawn`.
    pub kind: String,
    /// The case system's own number, once registered.
    pub case_number: Option<String>,
    /// When; of a page that an officer had to judge first, when he let it go.
    pub at: String,
    /// Known to the case system since.
    pub known_at: Option<String>,
}

impl From<AmendmentRow> for AmendmentView {
    fn from(row: AmendmentRow) -> Self {
        Self {
            id: row.id,
            letter: row.letter,
            kind: row.kind,
            case_number: row.case_number,
            at: row.at.rfc3339(),
            known_at: row.acked.map(Millis::rfc3339),
        }
    }
}

/// Changes of letters that this case system claimed and that it has not acknowledged, oldest first.
#[utoipa::path(get, path = "/v1/amendments", tag = "drafts", params(Part),
    responses((status = 200, body = Listed<AmendmentView>)), security(("token" = [])))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<CaseSystem>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<AmendmentView>>, Problem> {
    let limit = part.limit()?;
    let after = paging::number_shown(&part)?;
    let by = caller.actor();
    let rows = app
        .store
        .with(move |db| {
            let after = match after {
                Some(shown) => db.number_meant(Numbered::Amendment, shown)?,
                None => 0,
            };
            let mut rows = db.open_amendments(&by, after, limit + 1)?;
            for row in &mut rows {
                row.id = db.number_shown(Numbered::Amendment, row.id)?;
            }
            Ok(rows)
        })
        .await?;
    let place = |row: &AmendmentRow| paging::place_shown(row.id);
    Ok(Json(paging::part(rows, limit, place, AmendmentView::from)))
}

/// The case system has taken the change over; twice is once.
#[utoipa::path(post, path = "/v1/amendments/{number}/ack", tag = "drafts", params(("number" = i64, Path), super::openapi::Key),
    responses((status = 200, body = AmendmentView)), security(("token" = [])))]
pub async fn ack(
    State(app): State<App>,
    caller: Caller<CaseSystem>,
    Path(number): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once(asked.key(&by), move |db| {
        let meant = db.number_meant(Numbered::Amendment, number)?;
        let none = |error| match error {
            StoreError::NotFound { what, .. } => StoreError::NotFound {
                what,
                id: number.to_string(),
            },
            other => other,
        };
        let mut row = db.ack_amendment(meant, &by).map_err(none)?;
        row.id = number;
        answer(StatusCode::OK, &AmendmentView::from(row))
    })
    .await
}
