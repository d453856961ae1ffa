//! What a page is, said by a person: kept whatever is read on the page.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::App;
use super::asked::Asked;
use super::auth::{Caller, Mailroom};
use super::letters::{changed, given_with_etag};
use super::problem::Problem;
use crate::domain::text::PageKind;

/// What a page is.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindSaid {
    kind: PageKind,
}

/// Says what a page is; pages are numbered anew by it, and the letter's draft is made anew. `separator`, which the archive leaves out, is only a page on
/// which one of this station's separator sheets was read (409 `not_a_separator`).
#[utoipa::path(put, path = "/v1/letters/{id}/pages/{n}/kind", tag = "letters", request_body = KindSaid,
    params(("id" = String, Path), ("n" = u32, Path, description = "from 1, as the draft counts"), super::openapi::Key),
    responses((status = 200, body = super::letters::LetterView)))]
pub async fn set(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path((letter, n)): Path<(String, u32)>,
    asked: Asked<KindSaid>,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let kind = asked.body.kind;
    let given = app
        .once_telling(key, move |db| {
            db.set_page_kind(&letter, n, kind, &seer)?;
            changed(db, letter, "page_kind_set", &seer)
        })
        .await?;
    Ok(given_with_etag(given))
}
