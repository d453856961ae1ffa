//! `/openapi.json`: the description is made from the routes themselves; a test freezes it.

mod refusals;
mod webhooks;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{PathItem, RefOr, Required, Response, Schema};
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
            operation.operation_id = Some(operation_id(method, path));
            operation
                .responses
                .responses
                .iter_mut()
                .for_each(say_what_it_is);
        }
    }
    let components = api.components.get_or_insert_default();
    components.responses.extend(refusals_told);
    for item in api.paths.paths.values_mut() {
        for operation in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(match may_be_empty(body, &components.schemas) {
                    true => Required::False,
                    false => Required::True,
                });
            }
        }
    }
    let schemas = api.components.as_mut().map(|parts| &mut parts.schemas);
    if let Some(RefOr::T(Schema::Object(problem))) = schemas.and_then(|all| all.get_mut("Problem"))
        && let Some(RefOr::T(Schema::Object(code))) = problem.properties.get_mut("code")
    {
        code.enum_values = Some(Problem::codes().map(serde_json::Value::from).collect());
    }
    super::examples::add_to(&mut api);
    let (told, named) = webhooks::told();
    api.webhooks = Some(told);
    let components = api.components.get_or_insert_default();
    components.schemas.extend(named.schemas);
    api
}

/// An empty body is taken for `{}`, so one is needed only where some field of it is.
fn may_be_empty(body: &RequestBody, schemas: &BTreeMap<String, RefOr<Schema>>) -> bool {
    body.content.values().all(|content| {
        let RefOr::T(content) = content else {
            return false;
        };
        let schema = match &content.schema {
            Some(RefOr::Ref(named)) => {
                let name = named.ref_location.rsplit('/').next();
                name.and_then(|name| schemas.get(name))
            }
            own => own.as_ref(),
        };
        matches!(schema, Some(RefOr::T(Schema::Object(fields))) if fields.required.is_empty())
    })
}

/// Unlike any other: `post_drafts_id_ack`. Programs that are made of the description name their calls so.
fn operation_id(method: &str, path: &str) -> String {
    let parts = path.split(['/', '{', '}', '.', '-']);
    let told = parts.filter(|part| !part.is_empty() && *part != "v1");
    std::iter::once(method)
        .chain(told)
        .collect::<Vec<_>>()
        .join("_")
}

/// OpenAPI wants words beside every status.
fn say_what_it_is((status, response): (&String, &mut RefOr<Response>)) {
    if let RefOr::T(response) = response
        && response.description.is_empty()
    {
        let status = StatusCode::from_bytes(status.as_bytes()).ok();
        let reason = status.and_then(|status| status.canonical_reason());
        response.description = reason.unwrap_or("as described").to_owned();
    }
}

pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    methods(item).map(|(_, operation)| operation)
}

pub(super) fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    fn named(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Array(all) => all.iter().for_each(|one| named(one, names)),
            Value::Object(all) => {
                names.extend(all.get("$ref").and_then(Value::as_str).map(str::to_owned));
                all.values().for_each(|one| named(one, names));
            }
            _ => {}
        }
    }

    #[test]
    fn whatever_is_named_is_there() {
        let api = json!(super::description());
        let mut names = BTreeSet::new();
        named(&api, &mut names);
        for name in names {
            let place = name.strip_prefix('#').expect("a place in this document");
            assert!(api.pointer(place).is_some(), "{name}");
        }
    }

    /// What programs that read the description stumble over.
    #[test]
    fn operations_have_names_of_their_own_and_every_answer_is_said_in_words() {
        let mut api = super::description();
        let mut names = BTreeSet::new();
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in super::methods(item) {
                let name = operation.operation_id.clone().expect("a name");
                assert!(names.insert(name), "{method} {path}");
                let answers = json!(operation.responses.responses);
                for (status, answer) in answers.as_object().expect("answers by status") {
                    let told = answer["description"].as_str().unwrap_or_default();
                    assert!(
                        answer["$ref"].is_string() || !told.is_empty(),
                        "{method} {path} {status}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_body_may_be_left_out_only_where_none_of_its_fields_is_needed() {
        let api = json!(super::description());
        let needed = |path: &str| api["paths"][path]["post"]["requestBody"]["required"].clone();
        assert_eq!(needed("/v1/cabinets/{id}/acknowledge"), false);
        assert_eq!(needed("/v1/drafts/claims"), false);
        assert_eq!(needed("/v1/drafts/{id}/ack"), true);
    }
}
