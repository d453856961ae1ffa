//! `/openapi.json`: the description is made from the routes themselves; a test freezes it.

mod refusals;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{PathItem, RefOr, Schema};
use utoipa::{Modify, OpenApi};

use super::App;
use super::problem::Problem;

/// What refusals say they are (RFC 9457).
pub(super) const PROBLEM: &str = "application/problem+json";

/// A key that makes a repeated request safe.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only describes the header; api/asked.rs reads it")]
pub struct Key {
    /// The same key with the same request gets the same answer and acts once; kept for 30 days. Without one the request is done each time it comes.
    #[param(rename = "Idempotency-Key", max_length = 255)]
    idempotency_key: Option<String>,
}

/// The version that a change starts from.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "only describes the header; api/letters.rs reads it"
)]
pub struct IfMatch {
    /// The letter's ETag.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: String,
}

/// What stands around the routes.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "laixin",
        description = "Scanning station of a petition office's mailroom. Errors are problem documents (RFC 9457) with a \
            stable `code`; lists page by `cursor`; times are RFC 3339 with zone. People sign in with POST /v1/session and \
            send its `csrf` as X-CSRF-Token on unsafe calls; machines send a token as Authorization: Bearer.",
        version = "1"
    ),
    modifiers(&Doors),
    components(schemas(Problem)),
    security(("session" = []), ("token" = []))
)]
pub struct Description;

struct Doors;

impl Modify for Doors {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let doors = api.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::new(super::auth::COOKIE));
        doors.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        doors.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// This description.
pub async fn get(State(_): State<App>) -> Json<utoipa::openapi::OpenApi> {
    Json(description())
}

/// The description of every route.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut api = super::routes().split_for_parts().1;
    let mut refusals_told = BTreeMap::new();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in methods(item) {
            refusals::tell((method, path), operation, &mut refusals_told);
        }
    }
    let components = api.components.get_or_insert_default();
    components.responses.extend(refusals_told);
    let schemas = api.components.as_mut().map(|parts| &mut parts.schemas);
    if let Some(RefOr::T(Schema::Object(problem))) = schemas.and_then(|all| all.get_mut("Problem"))
        && let Some(RefOr::T(Schema::Object(code))) = problem.properties.get_mut("code")
    {
        code.enum_values = Some(Problem::codes().map(serde_json::Value::from).collect());
    }
    super::examples::add_to(&mut api);
    api
}

pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    methods(item).map(|(_, operation)| operation)
}

fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
