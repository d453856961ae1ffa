//! Cabinets: state and readings with their age; cycles started and aborted. The cabinet's own controller stays the interlock.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{AlarmEnders, CabinetReader, Cabinets, Caller, Mailroom, Need};
use super::problem::Problem;
use super::valuables::words;
use crate::disinfect::{CabinetControl, CabinetView, MayEnd};

/// Every cabinet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CabinetList {
    items: Vec<CabinetView>,
}

/// A load to expose.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"load": 7}))]
pub struct NewCycleBody {
    load: i64,
}

/// The word of a person that the cabinet is empty.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"empty": true}))]
pub struct SelfTestBody {
    /// Must be true: the lamp will burn.
    empty: bool,
}

/// A self test that has begun; its result is in the cabinet's view and in the health log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"self_test": 4}))]
pub struct SelfTestBegun {
    self_test: i64,
}

/// What a person found who takes an alarm or a quarantine from there.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The fitter ran it at its panel for a trial; it is empty"}))]
pub struct AcknowledgeCabinetBody {
    /// In his words; needed where the cabinet was found in use and nothing is on record of it.
    reason: Option<String>,
}

/// A cycle that has begun.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"cycle": "C000012"}))]
pub struct CycleBegun {
    cycle: String,
}

fn cabinet<'a>(app: &'a App, id: &str) -> Result<&'a CabinetControl, Problem> {
    app.cabinets
        .get(id)
        .ok_or_else(|| Problem::not_found("cabinet", id))
}

/// Every cabinet with its readings and their age.
#[utoipa::path(get, path = "/v1/cabinets", tag = "cabinets",
    responses((status = 200, body = CabinetList)))]
pub async fn list(State(app): State<App>, _: Caller<CabinetReader>) -> Json<CabinetList> {
    Json(CabinetList {
        items: app.cabinets.values().map(CabinetControl::view).collect(),
    })
}

/// One cabinet with its readings and their age.
#[utoipa::path(get, path = "/v1/cabinets/{id}", tag = "cabinets", params(("id" = String, Path)),
    responses((status = 200, body = CabinetView)))]
pub async fn get(
    State(app): State<App>,
    _: Caller<CabinetReader>,
    Path(id): Path<String>,
) -> Result<Json<CabinetView>, Problem> {
    Ok(Json(cabinet(&app, &id)?.view()))
}

/// Starts a cycle for a load.
#[utoipa::path(post, path = "/v1/cabinets/{id}/cycles", tag = "cabinets", request_body = NewCycleBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 201, body = CycleBegun)))]
pub async fn start(
    State(app): State<App>,
    caller: Caller<Cabinets>,
    Path(id): Path<String>,
    asked: Asked<NewCycleBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let cycle = cabinet(&app, &id)?.start(asked.body.load, &by).await?;
    // A repetition that overtakes this answer finds the load in its cycle and is refused: nothing starts twice.
    app.once(key, move |_| {
        answer(StatusCode::CREATED, &CycleBegun { cycle })
    })
    .await
}

/// Aborts the running cycle: lamps off, the load goes to quarantine.
#[utoipa::path(post, path = "/v1/cabinets/{id}/abort", tag = "cabinets", params(("id" = String, Path), super::openapi::Key),
    responses((status = 204)))]
pub async fn abort(
    State(app): State<App>,
    caller: Caller<Cabinets>,
    Path(id): Path<String>,
    _: Asked<Nothing>,
) -> Result<StatusCode, Problem> {
    // Never held back by a key: a second abort is as good as the first.
    cabinet(&app, &id)?.abort(&caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs the self test of the empty cabinet: dark, lock, strike, heartbeat cut-off, lamp out, fan, ozone. It goes on after the answer.
#[utoipa::path(post, path = "/v1/cabinets/{id}/selftest", tag = "cabinets", request_body = SelfTestBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 202, body = SelfTestBegun)))]
pub async fn self_test(
    State(app): State<App>,
    caller: Caller<Cabinets>,
    Path(id): Path<String>,
    asked: Asked<SelfTestBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    if !asked.body.empty {
        return Err(Problem::new(
            "body_invalid",
            "empty: take every letter out, close the door, then say true",
        ));
    }
    let self_test = cabinet(&app, &id)?.self_test(&by).await?;
    // A repetition that overtakes this answer finds the test running and is refused: nothing burns twice.
    app.once(key, move |_| {
        answer(StatusCode::ACCEPTED, &SelfTestBegun { self_test })
    })
    .await
}

/// The letters have been turned over and the door was seen opened and closed again: the second exposure begins. The load is
/// not released before both sides are done. Who handles letters says it: nobody else has seen them.
#[utoipa::path(post, path = "/v1/cabinets/{id}/turned-over", tag = "cabinets", params(("id" = String, Path), super::openapi::Key),
    responses((status = 204)))]
pub async fn turned_over(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    _: Asked<Nothing>,
) -> Result<StatusCode, Problem> {
    // A second one finds the lamp being lit and is refused: nothing happens twice.
    cabinet(&app, &id)?.turned_over(&caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person has seen an alarm or a quarantine and takes it from there. An alarm stands until the lamp was seen out, and is ended by
/// maintenance, a confirming officer or an administrator only; the door of a quarantine opens only for a load under a signed override.
/// A cabinet that was found in use without a record is ended by those, too, and with a reason. Who and why stand in the ledger.
#[utoipa::path(post, path = "/v1/cabinets/{id}/acknowledge", tag = "cabinets", request_body = AcknowledgeCabinetBody,
    params(("id" = String, Path), super::openapi::Key), responses((status = 204)))]
pub async fn acknowledge(
    State(app): State<App>,
    caller: Caller<Cabinets>,
    Path(id): Path<String>,
    asked: Asked<AcknowledgeCabinetBody>,
) -> Result<StatusCode, Problem> {
    let reason = asked.body.reason;
    let reason = reason
        .filter(|said| !said.trim().is_empty())
        .map(|reason| words("reason", &reason, 2, 500))
        .transpose()?;
    let may = match AlarmEnders::lets(caller.who.holder()) {
        true => MayEnd::Everything,
        false => MayEnd::AllButAlarms,
    };
    cabinet(&app, &id)?
        .acknowledge(&caller.actor(), may, reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
