//! Several case systems at one office: what is told of a letter is for the one that has it.

use laixin::domain::outgoing::Kind;
use serde_json::{Value, json};

use super::brokers::Office;
use super::withdrawn::{Hand, office};

fn listed(office: &Office, what: &str) -> [usize; 2] {
    let path = format!("/v1/{what}");
    let own = office.call(0, "GET", &path, None);
    let others = office.call_as_other(0, ("GET", &path), None);
    [own, others].map(|(status, told)| {
        assert_eq!(status, 200, "{told}");
        told["items"].as_array().unwrap().len()
    })
}

fn claimed(office: &Office) -> Value {
    let (_, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    body["drafts"][0].clone()
}

fn register(office: &Office, claim: &Value) {
    let body = json!({"case_number": "SZ-1", "lease": claim["lease"]});
    let acked = office.call(0, "POST", "/v1/drafts/desk-a.H00001/ack", Some(body));
    assert_eq!(acked.0, 200, "{}", acked.1);
}

#[test]
fn a_change_is_neither_seen_nor_taken_by_a_system_that_did_not_register_the_letter() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    register(&office, &claimed(&office));
    station.says("amended_1", Kind::Amended, None);
    assert_eq!(listed(&office, "amendments"), [1, 0]);
    let known = "/v1/amendments/1/ack";
    let (status, told) = office.call_as_other(0, ("POST", known), None);
    assert_eq!((status, &told["code"]), (404, &json!("not_found")));
    assert_eq!(listed(&office, "amendments"), [1, 0], "it is still there");
    assert_eq!(office.call(0, "POST", known, None).0, 200);
    assert_eq!(station.hears_of("amended_1").result, "accepted");
    assert_eq!(office.call(0, "POST", known, None).0, 200, "twice is once");
}

#[test]
fn a_change_that_was_never_told_is_not_known() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    for id in [0, 1, 999] {
        let path = format!("/v1/amendments/{id}/ack");
        let (status, told) = office.call(0, "POST", &path, None);
        assert_eq!((status, &told["code"]), (404, &json!("not_found")), "{id}");
    }
    station.says("amended_1", Kind::Amended, None);
    assert_eq!(
        listed(&office, "amendments"),
        [1, 1],
        "no record says whose"
    );
    assert_eq!(office.call(0, "POST", "/v1/amendments/1/ack", None).0, 200);
    assert_eq!(office.call(0, "POST", "/v1/amendments/2/ack", None).0, 404);
}

#[test]
fn a_change_of_a_draft_that_waits_is_there_for_whoever_registers_it() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    station.says("amended_1", Kind::Amended, None);
    assert_eq!(listed(&office, "amendments"), [0, 0]);
    let (status, _) = office.call_as_other(0, ("POST", "/v1/amendments/1/ack"), None);
    assert_eq!(status, 404);
    let claim = claimed(&office);
    assert_eq!(listed(&office, "amendments"), [0, 0]);
    register(&office, &claim);
    assert_eq!(listed(&office, "amendments"), [1, 0]);
}

#[test]
fn an_alert_of_a_letter_that_another_system_has_is_not_told() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    station.says("alert_1", Kind::AlertRaised, None);
    assert_eq!(listed(&office, "alerts"), [1, 1], "nobody has it");
    let claim = claimed(&office);
    assert_eq!(listed(&office, "alerts"), [1, 0], "leased");
    let body = json!({"reason": "系统升级", "lease": claim["lease"]});
    let back = office.call(0, "POST", "/v1/drafts/desk-a.H00001/nack", Some(body));
    assert_eq!(back.0, 200);
    assert_eq!(listed(&office, "alerts"), [1, 1], "given back");
    let claim = crate::support::wait_for("the draft again", 20, || {
        Some(claimed(&office)).filter(Value::is_object)
    });
    register(&office, &claim);
    assert_eq!(listed(&office, "alerts"), [1, 0], "registered");
}
