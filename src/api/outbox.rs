//! What case systems are told by webhook or exchange folder: each message, where it stands, and a person's wish to send one again.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Deciders, Mailroom};
use super::grouping::reason as said;
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::clock::Millis;
use crate::domain::outgoing::{Kind, State as Standing};
use crate::store::Message;

/// One message.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"id": 12, "message": "draft_2f0c6f5e8d5c4e6f9a1b2c3d4e5f6071", "channel": "webhook/cases", "kind": "draft.ready",
    "letter": "A001", "code": null, "state": "dead", "made_at": "2026-11-20T08:00:00+08:00", "attempts": 10,
    "next_at": null, "tried_at": "2026-11-22T10:00:00+08:00", "result": "cannot_connect", "said": null}))]
pub struct MessageView {
    /// Number, rising.
    pub id: i64,
    /// The `webhook-id`, or the package's name: stable at every attempt.
    pub message: String,
    /// `webhook/ID` or `exchange/ID` of the settings.
    pub channel: String,
    /// What is told.
    pub kind: Kind,
    /// Of which letter.
    pub letter: String,
    /// Of an amendment or alert: what.
    pub code: Option<String>,
    /// Where it stands.
    pub state: Standing,
    /// When it was made.
    pub made_at: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next_at: Option<String>,
    /// When it was tried last.
    pub tried_at: Option<String>,
    /// Stable code of what came of that, e.g. `answered_503`, `cannot_connect`, `address_not_allowed`.
    pub result: Option<String>,
    /// What the other side said of it, e.g. why its receipt rejects; for whoever may see the letter.
    pub said: Option<String>,
}

impl From<Message> for MessageView {
    fn from(row: Message) -> Self {
        let waits = row.state == Standing::Waiting;
        let (result, said) = row.result_and_said();
        Self {
            id: row.id,
            message: row.message,
            channel: row.channel,
            kind: row.kind,
            letter: row.letter,
            code: row.code,
            state: row.state,
            made_at: row.made.rfc3339(),
            attempts: row.attempts,
            next_at: waits.then(|| row.next.rfc3339()),
            tried_at: row.last.map(Millis::rfc3339),
            result,
            said,
        }
    }
}

/// Which messages.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OutboxQuery {
    /// Those that stand there only.
    state: Option<Standing>,
}

/// Messages, newest first; those of letters and alerts that the caller may not know of are not there.
#[utoipa::path(get, path = "/v1/outbox", tag = "outbox", params(OutboxQuery, Part),
    responses((status = 200, body = Listed<MessageView>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(OutboxQuery { state }): Query<OutboxQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<MessageView>>, Problem> {
    let limit = part.limit()?;
    let before: Option<i64> = part
        .place()?
        .map(|place| place.parse().map_err(|_| paging::invalid()))
        .transpose()?;
    let seer = caller.seer();
    let listed = app.store.with(move |db| {
        let rows = db.messages(state, before, limit + 1)?;
        let part = paging::part(rows, limit, |row| row.id.to_string(), |row| row);
        let mut items = Vec::with_capacity(part.items.len());
        for row in part.items {
            if db.may_know_of_message(&seer, &row)? {
                items.push(db.message_for(&seer, row)?.into());
            }
        }
        Ok(Listed {
            items,
            next: part.next,
        })
    });
    Ok(Json(listed.await?))
}

/// Why a message is sent again.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"reason": "对方恢复了昨天的备份，没有这条消息"}))]
pub struct ResendBody {
    /// 2 to 500 characters; needed for a message that was delivered.
    reason: Option<String>,
}

/// Sends a message again that was given up, or refused and no draft, or, with a reason, one that was delivered and is missed there; under its old id, so that a receiver that
/// has it knows. For confirming officers.
#[utoipa::path(post, path = "/v1/outbox/{id}/resend", tag = "outbox", params(("id" = i64, Path), super::openapi::Key), request_body = ResendBody,
    responses((status = 200, body = MessageView)))]
pub async fn resend(
    State(app): State<App>,
    caller: Caller<Deciders>,
    Path(id): Path<i64>,
    asked: Asked<ResendBody>,
) -> Result<Given, Problem> {
    let seer = caller.seer();
    let key = asked.key(&seer.actor);
    let reason = asked.body.reason;
    let reason = reason.map(|reason| said(&reason)).transpose()?;
    app.once(key, move |db| {
        let row = db.resend_message(id, (&seer.actor, reason.as_deref()))?;
        answer(
            StatusCode::OK,
            &MessageView::from(db.message_for(&seer, row)?),
        )
    })
    .await
}
