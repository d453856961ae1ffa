//! Whether a refusal that the station gave is one that its description names for that operation and status.

use std::sync::OnceLock;

use serde_json::Value;

fn description() -> &'static Value {
    static TOLD: OnceLock<Value> = OnceLock::new();
    TOLD.get_or_init(|| serde_json::to_value(laixin::api::openapi::description()).expect("JSON"))
}

/// The path of the description that an address belongs to: one that names it in full before one with a place in it.
fn path_of(address: &str) -> Option<&'static str> {
    let asked: Vec<&str> = address.split('/').collect();
    let paths = description()["paths"].as_object().expect("paths");
    let fits = |path: &&String| {
        let parts: Vec<&str> = path.split('/').collect();
        let mut both = parts.iter().zip(&asked);
        parts.len() == asked.len()
            && both.all(|(part, asked)| part == asked || part.starts_with('{') && !asked.is_empty())
    };
    let mut fitting: Vec<&String> = paths.keys().filter(fits).collect();
    fitting.sort_by_key(|path| path.matches('{').count());
    fitting.first().map(|path| path.as_str())
}

/// A refusal's code has to stand in the description, with its status. Routes that are none are not described.
pub fn assert_described(method: &str, uri: &str, status: u16, problem: &Value) {
    let Some(code) = problem["code"]
        .as_str()
        .filter(|_| problem["type"].is_string())
    else {
        return;
    };
    let address = uri.split_once("://").map_or(uri, |(_, rest)| {
        rest.find('/').map_or("/", |at| &rest[at..])
    });
    let address = address.split('?').next().unwrap_or_default();
    let api = description();
    let Some(path) = path_of(address) else {
        return;
    };
    let operation = &api["paths"][path][method.to_lowercase()];
    if operation.is_null() {
        return;
    }
    let named = operation["responses"][status.to_string()]["$ref"].as_str();
    let named = named
        .and_then(|named| named.rsplit('/').next())
        .unwrap_or_default();
    let kinds = &api["components"]["responses"][named]["content"]["application/problem+json"];
    let codes = &kinds["schema"]["allOf"][1]["properties"]["code"]["enum"];
    let codes = codes.as_array().map_or(&[][..], Vec::as_slice);
    assert!(
        codes.iter().any(|one| one == code),
        "{method} {path} answered {status} {code}, which its description does not name: {codes:?}"
    );
}

/// The comparison itself: what an operation does not name is noticed, with its own code elsewhere or another status.
#[test]
fn a_refusal_that_is_not_described_is_noticed() {
    let described = |method: &str, uri: &str, status: u16, code: &str| {
        let problem = serde_json::json!({"type": "urn:laixin:problem:x", "code": code});
        let (method, uri) = (method.to_owned(), uri.to_owned());
        std::panic::catch_unwind(move || assert_described(&method, &uri, status, &problem)).is_ok()
    };
    let ack = "http://127.0.0.1:1/v1/drafts/A001/ack?x=1";
    assert!(described("POST", ack, 409, "leased_to_another"));
    assert!(!described("POST", ack, 409, "last_administrator"));
    assert!(!described("POST", ack, 422, "leased_to_another"));
    assert!(!described(
        "POST",
        "/v1/drafts/claims",
        409,
        "leased_to_another"
    ));
    assert!(described("GET", "/no/such/route", 404, "not_found"));
}
