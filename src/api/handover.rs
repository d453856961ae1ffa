//! The hand-over of a station that was restored from a back-up: a person says when it goes on.

use axum::extract::State;

use super::App;
use super::asked::{Asked, Given};
use super::auth::{Caller, Countersigners};
use super::problem::Problem;
use super::valuables::{ReasonBody, reason};
use crate::store::Answered;

/// A confirming officer or an administrator says that every case system has acknowledged again what it registered after the back-up from which this station
/// was restored: drafts are handed out, webhooks and packages sent again.
#[utoipa::path(post, path = "/v1/handover/reconcile", tag = "drafts",
    request_body(content = ReasonBody, example = json!({"reason": "各业务系统已重发备份之后的回告，逐一核对无误"})),
    params(super::openapi::Key), responses((status = 204)))]
pub async fn reconcile(
    State(app): State<App>,
    caller: Caller<Countersigners>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body)?;
    app.once(key, move |db| {
        db.reconcile_handover(&by, &why)?;
        Ok(Answered {
            status: 204,
            body: String::new(),
        })
    })
    .await
}
