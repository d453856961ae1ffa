//! What others than the reviewing officer say of a draft: a second person who keys it blind, the visitor who brought it.

use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Caller, House};

const KEYED_TWICE: &str = "[registration]\nroster = \"r\"\ndeadlines = \"d\"\ndouble_entry = [\"sender_name\", \"phones\"]\n";

fn confirm(house: &House, caller: &Caller) -> (u16, String) {
    let etag = house.get(caller, "/v1/letters/A1").header("etag");
    let caller = caller.with("if-match", &etag);
    let answer = house.call(&caller, "POST", "/v1/letters/A1/confirm", Some("{}"));
    (
        answer.status,
        answer.json()["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

fn correct(house: &House, caller: &Caller, corrections: &Value) {
    let etag = house.get(caller, "/v1/letters/A1").header("etag");
    let caller = caller.with("if-match", &etag);
    let answer = house.call(
        &caller,
        "PATCH",
        "/v1/letters/A1/fields",
        Some(&corrections.to_string()),
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn key(house: &House, caller: &Caller, body: Value) -> Value {
    let answer = house.post(caller, "/v1/letters/A1/second-entry", body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    let stands = |at: usize| told["fields"][at]["agreement"].clone();
    json!([stands(0), stands(1)])
}

#[test]
fn a_draft_is_confirmed_once_two_wrote_the_same() {
    let house = House::with_more(KEYED_TWICE);
    let zhang = house.person("zhang", Role::Operator);
    let li = house.person("li", Role::Operator);
    house.drafted("A1");
    assert_eq!(confirm(&house, &zhang), (409, "second_entry_open".into()));
    // The draft has no telephone number.
    let keyed = key(&house, &li, json!({"sender_name": "陆思宇", "phones": []}));
    assert_eq!(keyed, json!(["differs", "agrees"]));
    assert_eq!(confirm(&house, &zhang), (409, "second_entry_open".into()));
    correct(&house, &zhang, &json!({"sender_name": {"value": "陆思宇"}}));
    let now = house.get(&zhang, "/v1/letters/A1/second-entry").json();
    assert_eq!(now["fields"][0]["agreement"], "agrees");
    assert_eq!(confirm(&house, &zhang).0, 200);
    let again = house.post(
        &li,
        "/v1/letters/A1/second-entry",
        json!({"sender_name": "陆"}),
    );
    assert_eq!(again.code(), "wrong_state", "it is confirmed");
    let faults = house.app.store.wait(|db| db.verify_rows()).unwrap().faults;
    let of_draft = faults.iter().filter(|fault| fault.what.contains("draft"));
    assert_eq!(of_draft.count(), 0, "{faults:?}");
}

#[test]
fn one_person_who_writes_the_same_twice_is_one_entry() {
    let house = House::with_more(KEYED_TWICE);
    let zhang = house.person("zhang", Role::Operator);
    let li = house.person("li", Role::Operator);
    house.drafted("A1");
    key(
        &house,
        &li,
        json!({"sender_name": "陆思宇", "phones": ["138 1234 5678"]}),
    );
    correct(
        &house,
        &li,
        &json!({"sender_name": {"value": "陆思宇"}, "phones": ["13812345678"]}),
    );
    let list = house.get(&zhang, "/v1/drafts").text;
    assert!(
        !list.contains("1234 5678") && !list.contains("12345678"),
        "a list masks numbers: {list}"
    );
    let now = house.get(&zhang, "/v1/letters/A1/second-entry").json();
    assert_eq!(
        now["fields"],
        json!([{"field": "sender_name", "agreement": "missing"}, {"field": "phones", "agreement": "missing"}])
    );
    let own = house.post(
        &li,
        "/v1/letters/A1/second-entry",
        json!({"sender_name": "陆思宇"}),
    );
    assert_eq!(own.code(), "same_person");
    assert_eq!(confirm(&house, &li), (409, "second_entry_open".into()));
    let keyed = key(
        &house,
        &zhang,
        json!({"sender_name": "陆思宇", "phones": ["13812345678"]}),
    );
    assert_eq!(keyed, json!(["agrees", "agrees"]));
    assert_eq!(confirm(&house, &li).0, 200);
}

#[test]
fn an_office_that_wants_no_second_entry_is_asked_for_none() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    assert_eq!(
        house.get(&zhang, "/v1/letters/A1/second-entry").json()["fields"],
        json!([])
    );
    let keyed = house.post(
        &zhang,
        "/v1/letters/A1/second-entry",
        json!({"sender_name": "陆"}),
    );
    assert_eq!(keyed.code(), "wrong_state");
    assert_eq!(confirm(&house, &zhang).0, 200);
}

#[test]
fn a_visitor_says_whether_what_he_sees_is_right_and_sees_no_secret() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let path = "/v1/letters/A1/visitor";
    let first = house.get(&zhang, path);
    assert!(!first.text.contains("陆思雨"), "{}", first.text);
    let seen = first.json()["seen"].clone();
    correct(&house, &zhang, &json!({"phones": ["13812345678"]}));
    let late = house.post(&zhang, path, json!({"seen": seen, "agrees": true}));
    assert_eq!(late.code(), "changed", "he saw another draft");
    let seen = house.get(&zhang, path).json()["seen"].clone();
    let said = house
        .post(&zhang, path, json!({"seen": seen, "agrees": true}))
        .json();
    assert_eq!(
        (&said["answer"]["agrees"], &said["answer"]["seen"]),
        (&json!(true), &seen)
    );
    assert_eq!(said["answer"]["by"], "zhang");
    assert_eq!(confirm(&house, &zhang).0, 200);
    let faults = house.app.store.wait(|db| db.verify_rows()).unwrap().faults;
    assert!(
        !faults.iter().any(|fault| fault.what.contains("draft")),
        "{faults:?}"
    );
}

#[test]
fn a_restricted_letter_is_not_shown_on_the_second_screen() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted("A1");
    let restricted = house.post(
        &zhang,
        "/v1/letters/A1/restriction",
        json!({"reason": "涉及他人隐私"}),
    );
    assert!(restricted.status < 300, "{}", restricted.text);
    house.post(
        &officer,
        "/v1/letters/A1/views",
        json!({"reason": "核对来信"}),
    );
    assert_eq!(house.get(&officer, "/v1/letters/A1").status, 200);
    let refused = house.get(&officer, "/v1/letters/A1/visitor");
    assert_eq!(refused.code(), "wrong_state", "{}", refused.text);
}
