//! Which codes an operation may answer. What follows from its shape (a body, a key, a place in the address, who may ask) is derived; what its act adds
//! stands in `refusals.txt`. Every refusal that any test gets is compared with this (`tests/support/described.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Response};

use super::super::problem::Problem;
use super::super::{guard, query};
use super::PROBLEM;

/// The table. It leaves out what follows from an operation's shape.
static TABLE: LazyLock<BTreeMap<&'static str, BTreeSet<&'static str>>> =
    LazyLock::new(|| table(include_str!("refusals.txt")));

/// Codes by operation (`post /v1/users`) and by group (`@body`).
fn table(text: &'static str) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut table: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for line in lines.filter(|line| !line.is_empty()) {
        // A group's name is one word, an operation's are two.
        let last_of_name = usize::from(!line.starts_with('@'));
        let ends = line.match_indices(' ').nth(last_of_name);
        let (name, codes) = line.split_at(ends.map_or(line.len(), |(at, _)| at));
        let mut all = BTreeSet::new();
        for code in codes.split_whitespace() {
            match code.starts_with('@') {
                true => all.extend(&table[code]),
                false => all.extend([code]),
            }
        }
        table.insert(name, all);
    }
    table
}

/// What an operation may refuse with.
fn codes(method: &str, path: &str, operation: &Operation) -> BTreeSet<&'static str> {
    let is_unsafe = !matches!(method, "get" | "head");
    let doors = doors(operation);
    let act = format!("{method} {path}");
    let named = [
        (true, "@anywhere"),
        (!doors.is_empty(), "@known"),
        (doors.contains("token"), "@machines"),
        (operation.request_body.is_some() || is_unsafe, "@body"),
        (guard::is_about_a_letter(path), "@letter"),
        (query::is_strict(path), "@strict"),
        (true, act.as_str()),
    ];
    let named = named.into_iter().filter(|(holds, _)| *holds);
    let mut codes: BTreeSet<&str> = named
        .filter_map(|(_, name)| TABLE.get(name))
        .flatten()
        .copied()
        .collect();
    if is_unsafe && !doors.contains("token_only") {
        codes.insert("csrf");
    }
    for parameter in operation.parameters.iter().flatten() {
        if let RefOr::T(parameter) = parameter {
            codes.extend(of_parameter(parameter));
        }
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
        for act in TABLE.keys().filter(|name| !name.starts_with('@')) {
            let (method, path) = act.split_once(' ').unwrap();
            assert!(api["paths"][path][method].is_object(), "{act}");
        }
        let told: BTreeSet<&str> = TABLE.values().flatten().copied().collect();
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
