//! A letter that waits for a person is nobody's to fetch: for a case system it is not there, unless that system holds it.

use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House};

const OF_THE_LETTER: [&str; 5] = [
    "/v1/drafts/A1",
    "/v1/letters/A1/archive.pdf",
    "/v1/letters/A1/pages/1",
    "/v1/letters/A1/pages/1/image",
    "/v1/letters/A1/pages/1/thumbnail",
];

fn listed(house: &House, caller: &Caller) -> Vec<String> {
    let drafts = house.get(caller, "/v1/drafts").json();
    let items = drafts["items"].as_array().unwrap().iter();
    let id = |item: &serde_json::Value| item["id"].as_str().unwrap().to_owned();
    items.map(id).collect()
}

fn is_found(house: &House, caller: &Caller) -> bool {
    let found = OF_THE_LETTER.map(|path| {
        let answer = house.get(caller, path);
        answer.status != 404 || answer.code() != "not_found"
    });
    assert_eq!(found, [found[0]; 5]);
    found[0]
}

fn hold(house: &House) {
    house.sql("INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'A1', 'unreleased_load', 1)");
}

/// Its draft and pages were open to every case system; only claims left it out.
#[test]
fn a_letter_under_a_hold_is_not_found_by_a_case_system_and_people_still_see_it() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    house.drafted("A2");
    assert_eq!(listed(&house, &cases), ["A1", "A2"]);
    assert!(is_found(&house, &cases));

    hold(&house);
    assert_eq!(listed(&house, &cases), ["A2"]);
    assert!(!is_found(&house, &cases));
    assert_eq!(listed(&house, &zhang), ["A1", "A2"]);
    assert!(is_found(&house, &zhang));
    assert_eq!(house.get(&zhang, "/letters/A1").status, 200);

    house.sql("UPDATE holds SET resolved_ms = 2, resolved_by = 'z'");
    assert!(is_found(&house, &cases));
}

#[test]
fn a_case_system_finds_what_it_holds_under_a_hold_until_its_lease_ends_and_registers_it_late() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let claims = house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!(claims.json()["drafts"][0]["id"], "A1");
    hold(&house);
    assert!(is_found(&house, &cases));
    house.sql("UPDATE drafts SET lease_ms = 1");
    assert!(!is_found(&house, &cases));
    let number = json!({"case_number": "N1"});
    assert_eq!(house.post(&cases, "/v1/drafts/A1/ack", number).status, 200);
    assert!(is_found(&house, &cases));
}
