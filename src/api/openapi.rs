//! `/openapi.json`: the description is made from the routes themselves; a test freezes it.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::App;

/// A key that makes a repeated request safe.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only describes the header; api/asked.rs reads it")]
pub struct Key {
    /// The same key with the same request gets the same answer and acts once; kept for a day. Without one the request is done each time it comes.
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
    super::routes().split_for_parts().1
}
