//! The clock of this machine, where it is behind what is on record or far ahead of it: a person says whether it is right.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{AnyoneSignedIn, Caller, Countersigners};
use super::problem::Problem;
use super::valuables::{ReasonBody, reason};
use crate::clock;
use crate::store::{ClockTrouble, Db, StoreError};

/// What the clock says, and what is on record.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClockView {
    /// By the clock.
    now: String,
    /// The latest time on record, where the clock is behind it: nothing is begun, closed or handed over meanwhile.
    behind: Option<String>,
    /// What it should show, or the latest time on record, where the clock is far ahead of it: nothing is destroyed because its time is over.
    ahead_of: Option<String>,
}

impl ClockView {
    fn read(db: &Db) -> Result<Self, StoreError> {
        let (behind, ahead_of) = match db.clock_trouble()? {
            None => (None, None),
            Some(ClockTrouble::SetBack(found)) => (Some(found.last.rfc3339()), None),
            Some(ClockTrouble::JumpedAhead(found)) => (None, Some(found.last.rfc3339())),
        };
        Ok(Self {
            now: clock::now().rfc3339(),
            behind,
            ahead_of,
        })
    }
}

/// The clock of this machine.
#[utoipa::path(get, path = "/v1/clock", tag = "health", responses((status = 200, body = ClockView)))]
pub async fn get(
    State(app): State<App>,
    _: Caller<AnyoneSignedIn>,
) -> Result<Json<ClockView>, Problem> {
    Ok(Json(app.store.with(|db| ClockView::read(db)).await?))
}

/// A confirming officer or an administrator says that the clock is right now: that what is on record was written by one that
/// was ahead, or that it is so late by now.
#[utoipa::path(post, path = "/v1/clock/confirm", tag = "health", request_body = ReasonBody,
    params(super::openapi::Key), responses((status = 200, body = ClockView)))]
pub async fn confirm(
    State(app): State<App>,
    caller: Caller<Countersigners>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body)?;
    app.once(key, move |db| {
        db.confirm_clock(&by, &why)?;
        answer(StatusCode::OK, &ClockView::read(db)?)
    })
    .await
}
