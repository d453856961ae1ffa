//! Acknowledged late: what a case system registered is not what the draft says by now. It is taken, since it is registered there, and the difference is told.

use laixin::domain::outgoing::Kind;
use laixin::store::{Channel, Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};

/// A case system has had the confirmed draft, and its lease ran out.
fn late() -> (House, Caller, Caller) {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    confirm(&house, &zhang);
    claim(&house, &cases, 1);
    run_out(&house);
    (house, cases, zhang)
}

fn claim(house: &House, caller: &Caller, expected: usize) {
    let claims = house.post(caller, "/v1/drafts/claims", json!({"limit": 10}));
    let claims = claims.json()["drafts"].as_array().unwrap().len();
    assert_eq!(claims, expected);
}

fn run_out(house: &House) {
    house.sql("UPDATE drafts SET lease_ms = unixepoch('subsec') * 1000 - 1 WHERE state = 'leased'");
}

fn change(house: &House, caller: &Caller, method: &str, below: &str, body: Value) -> Answer {
    let etag = house.get(caller, "/v1/letters/A1").header("etag");
    let path = format!("/v1/letters/A1/{below}");
    let caller = caller.with("if-match", &etag);
    house.call(&caller, method, &path, Some(&body.to_string()))
}

fn confirm(house: &House, caller: &Caller) {
    let confirmed = change(house, caller, "POST", "confirm", json!({}));
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
}

fn correct(house: &House, caller: &Caller) {
    let name = json!({"sender_name": {"value": "周强生"}});
    let corrected = change(house, caller, "PATCH", "fields", name);
    assert_eq!(corrected.status, 200, "{}", corrected.text);
}

/// Whether the answer says that something changed.
fn ack(house: &House, caller: &Caller) -> bool {
    let answer = house.post(caller, "/v1/drafts/A1/ack", json!({"case_number": "N1"}));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["claimed_by"], "token/cases");
    answer.json()["changed_since_claim"].as_bool().unwrap()
}

fn amendments(house: &House, caller: &Caller) -> Vec<(Value, Value)> {
    let listed = house.get(caller, "/v1/amendments").json();
    let items = listed["items"].as_array().unwrap().clone();
    let told = |item: &Value| (item["kind"].clone(), item["case_number"].clone());
    items.iter().map(told).collect()
}

fn one(kind: &str) -> Vec<(Value, Value)> {
    vec![(json!(kind), json!("N1"))]
}

fn stage(house: &House) -> String {
    let connection = rusqlite::Connection::open(house.database()).unwrap();
    let stage = connection.query_row("SELECT stage FROM letters", [], |row| row.get(0));
    stage.unwrap()
}

#[test]
fn what_stands_as_it_was_handed_out_is_registered_late_without_more() {
    let (house, cases, _) = late();
    assert!(!ack(&house, &cases));
    assert!(!ack(&house, &cases), "twice is once");
    assert_eq!(stage(&house), "registered");
    assert!(amendments(&house, &cases).is_empty());
}

#[test]
fn a_draft_corrected_before_a_late_acknowledgement_is_told_as_an_amendment_once_confirmed() {
    let (house, cases, zhang) = late();
    correct(&house, &zhang);
    assert!(ack(&house, &cases));
    // Nothing leaves without an officer's name on it: it is back at the desk, and no other system gets it.
    assert_eq!(stage(&house), "drafted");
    assert!(amendments(&house, &cases).is_empty());
    claim(&house, &cases, 0);
    let desk = house.get(&zhang, "/letters/A1").text;
    assert!(desk.contains("业务系统登记的是更正前的内容"), "{desk}");
    assert!(house.get(&zhang, "/review").text.contains("A1"));
    confirm(&house, &zhang);
    assert_eq!(stage(&house), "registered");
    assert_eq!(amendments(&house, &cases), one("corrected"));
    let draft = house.get(&cases, "/v1/drafts/A1").json();
    assert_eq!(draft["draft"]["fields"]["sender_name"]["value"], "周强生");
    let again = change(&house, &zhang, "POST", "confirm", json!({}));
    assert_eq!(again.code(), "already_registered");
}

#[test]
fn a_draft_corrected_and_confirmed_before_a_late_acknowledgement_is_told_at_once() {
    let (house, cases, zhang) = late();
    correct(&house, &zhang);
    confirm(&house, &zhang);
    assert!(ack(&house, &cases));
    assert_eq!(stage(&house), "registered");
    assert_eq!(amendments(&house, &cases), one("corrected"));
}

#[test]
fn a_letter_withdrawn_before_a_late_acknowledgement_is_told_as_withdrawn() {
    let (house, cases, zhang) = late();
    let why = json!({"reason": "来信人要求撤回"});
    let withdrawn = house.post(&zhang, "/v1/letters/A1/withdraw", why.clone());
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.text);
    assert!(ack(&house, &cases));
    assert_eq!(amendments(&house, &cases), one("withdrawn"));
    let back = house.post(&zhang, "/v1/letters/A1/reinstate", why);
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(amendments(&house, &cases)[1].0, "reinstated");
}

fn withhold(house: &House, caller: &Caller, how: &str) {
    let why = json!({"reason": "来信人要求撤回"});
    let withheld = house.post(caller, &format!("/v1/letters/A1/{how}"), why);
    assert_eq!(withheld.status, 200, "{}", withheld.text);
}

#[test]
fn the_answer_to_an_acknowledgement_carries_no_correction_that_no_officer_confirmed() {
    let (house, cases, zhang) = late();
    correct(&house, &zhang);
    let ack = || house.post(&cases, "/v1/drafts/A1/ack", json!({"case_number": "N1"}));
    for answer in [ack(), ack()] {
        let told = answer.json();
        assert_eq!(
            (&told["id"], &told["draft"], &told["changed_since_claim"]),
            (&json!("A1"), &Value::Null, &json!(true))
        );
        assert!(!answer.text.contains("周强生"), "{told}");
    }
    assert_eq!(
        house.get(&cases, "/v1/drafts/A1").json()["draft"],
        Value::Null
    );
    confirm(&house, &zhang);
    let name = &ack().json()["draft"]["fields"]["sender_name"]["value"];
    assert_eq!(name, "周强生");
}

#[test]
fn a_correction_withdrawn_and_reinstated_after_a_late_acknowledgement_waits_for_an_officer() {
    let (house, cases, zhang) = late();
    correct(&house, &zhang);
    withhold(&house, &zhang, "withdraw");
    assert!(ack(&house, &cases));
    withhold(&house, &zhang, "reinstate");
    let kinds = |told: Vec<(Value, Value)>| told.into_iter().map(|one| one.0).collect::<Vec<_>>();
    let told = kinds(amendments(&house, &cases));
    assert_eq!(told, ["withdrawn", "reinstated"]);
    assert_eq!(
        house.get(&cases, "/v1/drafts/A1").json()["draft"],
        Value::Null
    );
    confirm(&house, &zhang);
    let told = kinds(amendments(&house, &cases));
    assert_eq!(told, ["withdrawn", "reinstated", "corrected"]);
}

#[test]
fn a_letter_returned_unread_before_a_late_acknowledgement_is_registered_and_told_as_withdrawn() {
    let (house, cases, zhang) = late();
    withhold(&house, &zhang, "return-unread");
    let kept = "SELECT count(*) FROM drafts WHERE body LIKE '%陆思雨%' OR confirmed_by IS NOT NULL";
    assert_eq!(house.count(kept), 0, "nothing of its content stays");
    claim(&house, &cases, 0);
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_draft = |what: &str| what.contains("draft") || what.contains("stage");
    let faults: Vec<_> = rows.faults.iter().map(|fault| &fault.what).collect();
    assert!(!faults.iter().any(|what| of_draft(what)), "{faults:?}");
    assert!(ack(&house, &cases));
    assert!(ack(&house, &cases), "twice is once");
    assert_eq!(amendments(&house, &cases), one("withdrawn"));
    let other = house.post(&cases, "/v1/drafts/A1/ack", json!({"case_number": "N2"}));
    assert_eq!(other.code(), "other_case_number");
    // Who never had it learns nothing.
    let two = house.machine("two", Scope::CaseSystem);
    let guessed = house.post(&two, "/v1/drafts/A1/ack", json!({"case_number": "N1"}));
    assert_eq!(guessed.code(), "not_found");
}

#[test]
fn a_letter_that_was_destroyed_answers_a_late_acknowledgement_with_its_code() {
    let (house, cases, _) = late();
    house.sql("DELETE FROM drafts; UPDATE letters SET withheld = 'destroyed'");
    let ack =
        |caller: &Caller| house.post(caller, "/v1/drafts/A1/ack", json!({"case_number": "N"}));
    assert_eq!(ack(&cases).code(), "letter_withheld");
    let two = house.machine("two", Scope::CaseSystem);
    assert_eq!(ack(&two).code(), "not_found");
}

#[test]
fn a_draft_that_its_system_gave_back_was_registered_by_its_late_acknowledgement() {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    confirm(&house, &zhang);
    claim(&house, &cases, 1);
    let back = house.post(&cases, "/v1/drafts/A1/nack", json!({"reason": "地址不清"}));
    assert_eq!(back.status, 200, "{}", back.text);
    let refused = house.post(&cases, "/v1/drafts/A1/ack", json!({"case_number": "N"}));
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "not_leased")
    );
    correct(&house, &zhang);
    confirm(&house, &zhang);
    claim(&house, &cases, 1);
    assert!(!ack(&house, &cases), "claimed anew it is its own");
    assert!(amendments(&house, &cases).is_empty());
    // Who had the corrected one again knows it.
    let (house, cases, zhang) = late();
    correct(&house, &zhang);
    confirm(&house, &zhang);
    claim(&house, &cases, 1);
    assert!(!ack(&house, &cases));
    assert!(amendments(&house, &cases).is_empty());
}

#[test]
fn a_draft_claimed_before_it_was_announced_is_announced_when_the_lease_runs_out() {
    let house = House::offering("read");
    let other = house.machine("other", Scope::CaseSystem);
    let queued = || {
        let channel = Channel {
            name: "webhook/cases".into(),
            kinds: vec![Kind::DraftReady],
            unit: None,
            holder: None,
        };
        house.queued(channel)
    };
    house.drafted("A1");
    claim(&house, &other, 1);
    assert_eq!(queued(), 0);
    run_out(&house);
    house.sql("UPDATE drafts SET ready_ms = 5");
    assert_eq!((queued(), queued()), (1, 0));
    claim(&house, &other, 1);
    assert_eq!(queued(), 0);
    run_out(&house);
    assert_eq!((queued(), queued()), (1, 0), "and when the next one does");
}

#[test]
fn a_second_case_system_sees_neither_what_the_first_holds_nor_what_it_registered() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("cases", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted("A1");
    let sees = |caller: &Caller| {
        let listed = house.get(caller, "/v1/drafts").json();
        let status = |path: &str| house.get(caller, path).status;
        let page = status("/v1/letters/A1/pages/1/thumbnail");
        let pdf = status("/v1/letters/A1/archive.pdf");
        // The page's file is not there in this house: whoever gets that far is told so by another answer than 404.
        let opens = [status("/v1/drafts/A1") == 200, page != 404, pdf != 404];
        assert!(opens.iter().all(|open| *open == opens[0]), "{opens:?}");
        assert_eq!(listed["items"].as_array().unwrap().len() == 1, opens[0]);
        opens[0]
    };
    assert!(sees(&one) && sees(&two), "it is offered to both");
    claim(&house, &one, 1);
    assert!(sees(&one) && !sees(&two), "it is leased to one");
    run_out(&house);
    assert!(sees(&one) && sees(&two), "it is offered again");
    assert!(!ack(&house, &one));
    assert!(sees(&one) && !sees(&two), "it is registered there");
    // What a token registered that does not open any more is for those after it.
    house.sql("UPDATE tokens SET revoked_ms = 1 WHERE name = 'cases'");
    assert!(sees(&two));
}

/// A page with a threat came while the draft was leased, and the answer said that nothing had changed.
#[test]
fn an_acknowledgement_says_that_a_page_came_since_the_claim() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    assert!(!ack(&house, &cases));
    house.sql(
        "INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES ('A1', 'page_added', 1, 't')",
    );
    assert!(ack(&house, &cases));
}
