//! Which codes an operation may answer. What follows from its shape (a body, a key, a place in the address, who may ask) is derived; what its act adds
//! stands in one table. Every refusal that any test gets is compared with this (`tests/support/described.rs`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Response};

use super::super::guard;
use super::super::problem::Problem;
use super::PROBLEM;

/// Wherever something is asked.
const ANYWHERE: &[&str] = &[
    "misdirected",
    "defect",
    "timeout",
    "store_stopped",
    "storage_full",
];
/// Whoever has to be known.
const KNOWN: &[&str] = &["not_signed_in", "forbidden"];
/// Machines that come with a token.
const MACHINES: &[&str] = &["certificate_needed", "certificate_mismatch"];
const BODY: &[&str] = &[
    "body_invalid",
    "not_json",
    "content_type",
    "body_too_large",
    "body_too_slow",
];
/// A letter that is not for everybody.
const LETTER: &[&str] = &["restricted", "reason_needed"];
const SECOND_PERSON: &[&str] = &[
    "second_person_needed",
    "approval_failed",
    "password_expired",
];
const ORIGINALS: &[&str] = &["original_altered", "original_missing", "not_read_yet"];
/// A letter that changes.
const IN_HAND: &[&str] = &["letter_withheld", "already_registered", "with_case_system"];

/// Method, address, what the act itself may refuse with.
const ACTS: &[(&str, &str, &[&[&str]])] = &[
    ("get", "/metrics", &[&["host_only"]]),
    (
        "post",
        "/v1/session",
        &[&["sign_in_failed", "password_expired", "password_refused"]],
    ),
    (
        "post",
        "/v1/session/password",
        &[&["sign_in_failed", "password_refused"]],
    ),
    ("post", "/v1/users", &[&["name_taken", "password_refused"]]),
    (
        "post",
        "/v1/users/{name}/password",
        &[&["password_refused"]],
    ),
    ("post", "/v1/users/{name}/role", &[&["last_administrator"]]),
    (
        "post",
        "/v1/users/{name}/disable",
        &[&["last_administrator"]],
    ),
    ("post", "/v1/tokens", &[&["name_taken"]]),
    ("post", "/v1/batches/{id}/loads", &[&["wrong_state"]]),
    (
        "post",
        "/v1/batches/{id}/close",
        &[&["wrong_state", "already_decided"]],
    ),
    ("post", "/v1/batches/{id}/exceptions", &[&["wrong_state"]]),
    ("post", "/v1/batches/{id}/next-letter", &[&["wrong_state"]]),
    (
        "post",
        "/v1/loads/{id}/override",
        &[SECOND_PERSON, &["wrong_state", "same_person"]],
    ),
    (
        "post",
        "/v1/cabinets/{id}/cycles",
        &[&["wrong_state", "cabinet_refuses", "cabinet_stopped"]],
    ),
    (
        "post",
        "/v1/cabinets/{id}/abort",
        &[&["cabinet_refuses", "cabinet_stopped"]],
    ),
    (
        "post",
        "/v1/cabinets/{id}/turned-over",
        &[&["cabinet_refuses", "cabinet_stopped"]],
    ),
    (
        "post",
        "/v1/cabinets/{id}/selftest",
        &[&["cabinet_refuses", "cabinet_stopped"]],
    ),
    (
        "post",
        "/v1/cabinets/{id}/acknowledge",
        &[&["cabinet_refuses", "cabinet_stopped"]],
    ),
    (
        "get",
        "/v1/cycles/{id}/certificate.pdf",
        &[&["font_missing", "wrong_state"]],
    ),
    (
        "post",
        "/v1/scanners/{id}/scans",
        &[&[
            "wrong_state",
            "scanner_busy",
            "scanner_not_driven",
            "scanner_stopped",
        ]],
    ),
    (
        "post",
        "/v1/scanners/{id}/cancel",
        &[&["wrong_state", "scanner_not_driven", "scanner_stopped"]],
    ),
    (
        "get",
        "/v1/arrivals/{id}/image",
        &[
            LETTER,
            &[
                "wrong_state",
                "file_gone",
                "file_no_page",
                "file_trouble",
                "scanner_stopped",
                "page_unreadable",
                "original_altered",
                "original_missing",
            ],
        ],
    ),
    (
        "post",
        "/v1/arrivals/{id}/take",
        &[
            IN_HAND,
            LETTER,
            &[
                "wrong_state",
                "file_gone",
                "file_no_page",
                "file_trouble",
                "scanner_stopped",
            ],
        ],
    ),
    (
        "post",
        "/v1/arrivals/{id}/set-aside",
        &[&[
            "wrong_state",
            "file_gone",
            "file_trouble",
            "scanner_stopped",
        ]],
    ),
    (
        "post",
        "/v1/holds/{id}/resolve",
        &[&["already_decided", "same_person"]],
    ),
    (
        "post",
        "/v1/holds/resolve",
        &[&["already_decided", "not_found", "same_person"]],
    ),
    (
        "post",
        "/v1/letters/{id}/pages/move",
        &[IN_HAND, &["letter_held", "wrong_state"]],
    ),
    ("post", "/v1/separators", &[&["font_missing"]]),
    (
        "post",
        "/v1/days/{date}/close",
        &[&["wrong_state", "already_decided"]],
    ),
    ("get", "/v1/letters/{id}", &[&["letter_withheld"]]),
    (
        "get",
        "/v1/letters/{id}/archive.pdf",
        &[ORIGINALS, &["letter_withheld", "page_unreadable"]],
    ),
    (
        "get",
        "/v1/letters/{id}/pages/{n}",
        &[ORIGINALS, &["letter_withheld"]],
    ),
    (
        "get",
        "/v1/letters/{id}/pages/{n}/image",
        &[ORIGINALS, &["letter_withheld", "page_unreadable"]],
    ),
    (
        "get",
        "/v1/letters/{id}/pages/{n}/thumbnail",
        &[ORIGINALS, &["letter_withheld", "page_unreadable"]],
    ),
    (
        "put",
        "/v1/letters/{id}/pages/{n}/kind",
        &[IN_HAND, &["wrong_state"]],
    ),
    (
        "patch",
        "/v1/letters/{id}/fields",
        &[IN_HAND, &["correction_invalid", "being_read"]],
    ),
    (
        "post",
        "/v1/letters/{id}/confirm",
        &[
            IN_HAND,
            &[
                "being_read",
                "letter_held",
                "valuables_open",
                "addressee_accused",
            ],
        ],
    ),
    (
        "post",
        "/v1/valuables/{id}/witness",
        &[&["already_decided", "same_person"]],
    ),
    (
        "post",
        "/v1/valuables/{id}/return",
        &[
            SECOND_PERSON,
            &["already_decided", "valuables_open", "same_person"],
        ],
    ),
    (
        "post",
        "/v1/valuables/{id}/return-witness",
        &[&["already_decided", "valuables_open", "same_person"]],
    ),
    (
        "post",
        "/v1/valuables/{id}/strike",
        &[&["already_decided", "same_person"]],
    ),
    ("post", "/v1/letters/{id}/return-unread", &[IN_HAND]),
    ("post", "/v1/letters/{id}/withdraw", &[IN_HAND]),
    (
        "post",
        "/v1/letters/{id}/reinstate",
        &[&["letter_withheld", "wrong_state"]],
    ),
    (
        "post",
        "/v1/letters/{id}/destruction",
        &[&[
            "letter_withheld",
            "wrong_state",
            "valuables_open",
            "already_decided",
        ]],
    ),
    (
        "post",
        "/v1/retentions/{id}/approve",
        &[&[
            "already_decided",
            "same_person",
            "valuables_open",
            "wrong_state",
            "letter_withheld",
        ]],
    ),
    (
        "post",
        "/v1/retentions/{id}/refuse",
        &[&["already_decided", "same_person"]],
    ),
    ("post", "/v1/boxes", &[&["name_taken"]]),
    ("post", "/v1/boxes/{id}/close", &[&["already_decided"]]),
    (
        "post",
        "/v1/letters/{id}/box",
        &[&["letter_withheld", "wrong_state", "valuables_open"]],
    ),
    ("post", "/v1/letters/{id}/loans", &[&["wrong_state"]]),
    (
        "post",
        "/v1/loans/{id}/approve",
        &[&["already_decided", "same_person"]],
    ),
    ("post", "/v1/loans/{id}/back", &[&["already_decided"]]),
    ("post", "/v1/drafts/claims", &[&["lease_too_long"]]),
    ("get", "/v1/drafts/{id}", &[&["letter_withheld"]]),
    (
        "post",
        "/v1/drafts/{id}/ack",
        &[&[
            "leased_to_another",
            "lease_outdated",
            "not_leased",
            "other_case_number",
            "taken_back",
            "wrong_state",
            "letter_withheld",
        ]],
    ),
    (
        "post",
        "/v1/drafts/{id}/nack",
        &[&[
            "leased_to_another",
            "lease_outdated",
            "not_leased",
            "already_registered",
            "wrong_state",
            "letter_withheld",
        ]],
    ),
    (
        "post",
        "/v1/outbox/{id}/resend",
        &[&[
            "already_delivered",
            "already_decided",
            "addressee_accused",
            "wrong_state",
        ]],
    ),
    (
        "post",
        "/v1/letters/{id}/access",
        &[&["wrong_state", "same_person"]],
    ),
    (
        "delete",
        "/v1/letters/{id}/restriction",
        &[&["wrong_state"]],
    ),
    (
        "delete",
        "/v1/letters/{id}/recusals/{user}",
        &[&["same_person"]],
    ),
    (
        "post",
        "/v1/alerts/{id}/acknowledge",
        &[&["already_decided"]],
    ),
    (
        "post",
        "/v1/statistics/export",
        &[SECOND_PERSON, &["query_invalid"]],
    ),
];

/// What an operation may refuse with.
fn codes(method: &str, path: &str, operation: &Operation) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<&str> = ANYWHERE.iter().copied().collect();
    let is_unsafe = !matches!(method, "get" | "head");
    let doors = doors(operation);
    let mut with = |some: &[&'static str]| codes.extend(some);
    if !doors.is_empty() {
        with(KNOWN);
    }
    if doors.contains("token") {
        with(MACHINES);
    }
    if is_unsafe && !doors.contains("token_only") {
        with(&["csrf"]);
    }
    if operation.request_body.is_some() || is_unsafe {
        with(BODY);
    }
    for parameter in operation.parameters.iter().flatten() {
        if let RefOr::T(parameter) = parameter {
            with(of_parameter(parameter));
        }
    }
    if guard::is_about_a_letter(path) {
        with(LETTER);
    }
    let acts = ACTS
        .iter()
        .filter(|(of, at, _)| (*of, *at) == (method, path));
    for some in acts.flat_map(|(_, _, groups)| groups.iter()) {
        codes.extend(*some);
    }
    codes
}

/// By which doors one comes in: the operation's own, or those of the whole description.
fn doors(operation: &Operation) -> BTreeSet<&'static str> {
    let Some(own) = &operation.security else {
        return BTreeSet::from(["session", "token"]);
    };
    let told = json!(own).to_string();
    let mut doors: BTreeSet<&str> = ["session", "token"]
        .into_iter()
        .filter(|door| told.contains(door))
        .collect();
    if doors == BTreeSet::from(["token"]) {
        doors.insert("token_only");
    }
    doors
}

fn of_parameter(parameter: &Parameter) -> &'static [&'static str] {
    match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Path, _) => &["not_found"],
        (ParameterIn::Query, "cursor") => &["query_invalid", "cursor_invalid"],
        (ParameterIn::Query, _) => &["query_invalid"],
        (ParameterIn::Header, "Idempotency-Key") => &["key_invalid", "key_reused"],
        (ParameterIn::Header, "If-Match") => &["if_match_missing", "changed"],
        _ => &[],
    }
}

/// One answer: every code it may have, with an example of each.
fn response(codes: &BTreeSet<&'static str>) -> Value {
    let problems = codes.iter().map(|code| Problem::new(code, ""));
    let problems: Vec<Problem> = problems.collect();
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("`{}`: {}", problem.code, problem.title))
        .collect();
    let examples: serde_json::Map<String, Value> = problems
        .iter()
        .map(|problem| (problem.code.to_owned(), json!({"value": problem})))
        .collect();
    let schema = json!({"allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}}
    ]});
    json!({"description": told.join("; "), "content": {PROBLEM: {"schema": schema, "examples": examples}}})
}

/// Puts the refusals of one operation in the place of what its route says of them; answers that many have in common stand in `shared` once.
pub(super) fn tell(
    (method, path): (&str, &str),
    operation: &mut Operation,
    shared: &mut BTreeMap<String, RefOr<Response>>,
) {
    let mut by_status: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for code in codes(method, path, operation) {
        let status = Problem::new(code, "").status.as_u16().to_string();
        by_status.entry(status).or_default().insert(code);
    }
    let responses = &mut operation.responses.responses;
    responses.retain(|_, response| !is_refusal(response));
    for (status, codes) in by_status {
        // `/readyz` says with 503 what is not ready.
        if responses.contains_key(&status) {
            continue;
        }
        let codes_told: Vec<&str> = codes.iter().copied().collect();
        let name = format!("{status}.{}", codes_told.join("."));
        responses.insert(
            status,
            RefOr::Ref(utoipa::openapi::Ref::new(format!(
                "#/components/responses/{name}"
            ))),
        );
        shared.entry(name).or_insert_with(|| {
            let told = serde_json::from_value::<Response>(response(&codes));
            RefOr::T(told.expect("a test makes every one of them"))
        });
    }
}

fn is_refusal(response: &RefOr<Response>) -> bool {
    let RefOr::T(response) = response else {
        return false;
    };
    let schemas = response
        .content
        .values()
        .map(|content| json!(content)["schema"]["$ref"].to_string());
    schemas
        .into_iter()
        .any(|named| named.ends_with("/Problem\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Hindrance;

    /// What is said of an act is said of one that there is, and every code of the store's is said somewhere.
    #[test]
    fn every_act_in_the_table_is_a_route_and_every_hindrance_is_told() {
        let api = json!(crate::api::openapi::description());
        for (method, path, _) in ACTS {
            assert!(api["paths"][path][method].is_object(), "{method} {path}");
        }
        let told: BTreeSet<&str> = ACTS
            .iter()
            .flat_map(|(_, _, groups)| groups.iter().copied().flatten().copied())
            .collect();
        for why in Hindrance::ALL {
            assert!(told.contains(why.code()), "{}", why.code());
            Problem::new(why.code(), "");
        }
    }

    #[test]
    fn an_acknowledgement_says_each_way_in_which_it_may_be_refused() {
        let api = json!(crate::api::openapi::description());
        let ack = &api["paths"]["/v1/drafts/{id}/ack"]["post"]["responses"];
        let named = ack["409"]["$ref"]
            .as_str()
            .unwrap()
            .rsplit_once('/')
            .unwrap()
            .1;
        let codes = &api["components"]["responses"][named]["content"][PROBLEM]["schema"]["allOf"]
            [1]["properties"]["code"]["enum"];
        for code in ["leased_to_another", "other_case_number", "not_leased"] {
            assert!(
                codes.as_array().unwrap().contains(&json!(code)),
                "{code}: {codes}"
            );
        }
        assert!(ack["4XX"].is_null() && ack["5XX"].is_null(), "{ack}");
        assert!(ack["200"].is_object());
    }
}
