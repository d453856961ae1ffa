//! A page that was scanned anew takes the place of the one that was scanned badly; that one is kept.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::App;
use super::asked::Asked;
use super::auth::{Caller, Mailroom};
use super::grouping::reason;
use super::letters::{changed, given_with_etag};
use super::problem::Problem;

/// The page that was scanned anew.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"letter": "A003", "page": 1, "reason": "原图缺右边，已重新扫描"}))]
pub struct RetakeBody {
    /// The letter it was taken into; without it the same one.
    letter: Option<String>,
    /// Its number there, from 1.
    page: u32,
    reason: String,
}

/// Puts a page that was scanned anew in the place of this one, of its kind; this one stays with the letter as `retaken`, behind all others, in its
/// archive file, too: what somebody wrote is not taken out of it by a key. Not of an instruction, nor by a page that is blank or not read yet, where this
/// one is not blank. The letter's draft is made anew.
#[utoipa::path(post, path = "/v1/letters/{id}/pages/{n}/retake", tag = "letters", request_body = RetakeBody,
    params(("id" = String, Path), ("n" = u32, Path, description = "from 1, as the draft counts"), super::openapi::Key),
    responses((status = 200, body = super::letters::LetterView)))]
pub async fn retake(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path((letter, n)): Path<(String, u32)>,
    asked: Asked<RetakeBody>,
) -> Result<Response, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let why = reason(&asked.body.reason)?;
    let page = asked.body.page;
    let from = asked.body.letter.filter(|from| !from.is_empty());
    let from = from.unwrap_or_else(|| letter.clone());
    let given = app
        .once_telling(key, move |db| {
            // The gate knows the letter of the address, not the one that the page comes from.
            db.let_see(&seer, &from)?;
            if from != letter {
                db.let_move_from(&seer, &from)?;
            }
            db.retake_page((&letter, n), (&from, page), (&seer.actor, &why))?;
            changed(db, letter, "page_retaken", &seer)
        })
        .await?;
    Ok(given_with_etag(given))
}
