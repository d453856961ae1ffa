//! The second screen of the desk: what the visitor who brought a letter sees of it, and what he says.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Mailroom};
use super::problem::Problem;
use crate::domain::access::Seer;
use crate::domain::visitor::{Shown, VisitorWord};
use crate::events::Event;
use crate::store::{Db, StoreError};

/// What the second screen shows.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct VisitorView {
    /// The letter.
    pub letter: String,
    /// Name of what is shown: an answer is about that.
    pub seen: String,
    /// The draft, masked.
    pub shown: Shown,
    /// What he said last; about an earlier state where its `seen` is another one.
    pub answer: Option<VisitorWord>,
}

impl VisitorView {
    /// As it stands; that it is shown is in the ledger.
    ///
    /// # Errors
    /// As [`Db::for_visitor`].
    pub fn look(db: &mut Db, letter: String, seer: &Seer) -> Result<Self, StoreError> {
        let (shown, seen) = db.for_visitor(&letter)?;
        let subject = format!("letter/{letter}");
        let detail = json!({"second_screen": true});
        db.record(&seer.actor, "letter.viewed", &subject, &detail)?;
        Ok(Self {
            answer: db.draft(&letter)?.draft.visitor,
            letter,
            seen,
            shown,
        })
    }
}

/// What the visitor says.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"seen": "c3e5b62398179e3e", "agrees": true}))]
pub struct VisitorBody {
    /// Name of what he saw; refused with `changed` when the draft is another by now.
    seen: String,
    /// He finds it right.
    agrees: bool,
}

/// What a visitor sees of his letter: masked, without anything that the office thinks of it. A restricted letter is not shown.
#[utoipa::path(get, path = "/v1/letters/{id}/visitor", tag = "letters", params(("id" = String, Path)),
    responses((status = 200, body = VisitorView)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
) -> Result<Json<VisitorView>, Problem> {
    let seer = caller.seer();
    let looked = app
        .store
        .with(move |db| VisitorView::look(db, letter, &seer));
    Ok(Json(looked.await?))
}

/// Notes what the visitor says, beside the name of whoever stands at the desk. It changes no field and confirms nothing: an officer does.
#[utoipa::path(post, path = "/v1/letters/{id}/visitor", tag = "letters", request_body = VisitorBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = VisitorView)))]
pub async fn say(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<VisitorBody>,
) -> Result<Given, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let VisitorBody { seen, agrees } = asked.body;
    app.once_telling(key, move |db| {
        db.visitor_says(&letter, (agrees, &seen), &seer.actor)?;
        let view = VisitorView::look(db, letter.clone(), &seer)?;
        let what = "visitor_answered".to_owned();
        Ok((
            answer(StatusCode::OK, &view)?,
            Event::Letter { letter, what },
        ))
    })
    .await
}
