//! An override needs two people: the caller, and another one with a password of his own.

use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Caller, House, PASSWORD};

/// A house with a load that waits, and the override of it as `zhang` and somebody else would sign it.
fn waiting_load(house: &House) -> Caller {
    let zhang = house.person("zhang", Role::Operator);
    let batch =
        json!({"carrier": "letter", "count": 1, "received_at": "2026-11-20T08:30:00+08:00"});
    house.post(&zhang, "/v1/batches", batch);
    let load = json!({"cabinet": "cabinet-1"});
    house.post(&zhang, "/v1/batches/1/loads", load);
    zhang
}

fn signed_with(approver: &str, password: &str) -> Value {
    json!({"reason": "柜体故障，人工消毒", "approver": approver, "approver_password": password})
}

fn waits(house: &House) -> bool {
    house.count("SELECT count(*) FROM loads WHERE state = 'waiting' AND override_by IS NULL") == 1
}

#[test]
fn nobody_signs_an_override_twice() {
    let house = House::new();
    let zhang = waiting_load(&house);
    for himself in ["zhang", " zhang ", ""] {
        let alone = signed_with(himself, PASSWORD);
        let refused = house.post(&zhang, "/v1/loads/1/override", alone);
        assert_eq!(
            (refused.status, refused.code()),
            (422, "second_person_needed".into())
        );
    }
    // Without a second person the request is not one.
    let one = json!({"reason": "柜体故障，人工消毒"});
    assert_eq!(
        house.post(&zhang, "/v1/loads/1/override", one).code(),
        "body_invalid"
    );
    assert!(waits(&house));
    let store = &house.app.store;
    let both = store.wait(|db| db.override_load(1, ("zhang", "zhang"), "alone"));
    assert!(both.is_err(), "the store refuses it too");
}

#[test]
fn a_wrong_second_password_counts_against_who_asks_and_locks_nobody_else_out() {
    let house = House::new();
    let zhang = waiting_load(&house);
    house.add_user("li", Role::Operator);
    for _ in 0..laixin::store::FAILURES_ALLOWED {
        let wrong = signed_with("li", "not his password");
        let refused = house.post(&zhang, "/v1/loads/1/override", wrong);
        assert_eq!(
            (refused.status, refused.code()),
            (403, "approval_failed".into())
        );
    }
    // He asks nobody any more for a while; whom he named signs in, and signs for others.
    let right = house.post(&zhang, "/v1/loads/1/override", signed_with("li", PASSWORD));
    assert_eq!(right.code(), "approval_failed");
    assert!(waits(&house));
    let session = json!({"user": "li", "password": PASSWORD});
    let signed_in = house.post(&Caller::default(), "/v1/session", session);
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let wang = house.person("wang", Role::Operator);
    let signed = house.post(&wang, "/v1/loads/1/override", signed_with("li", PASSWORD));
    assert_eq!(signed.status, 200, "{}", signed.text);
    // An unknown name is answered alike.
    let nobody = house.post(&zhang, "/v1/loads/1/override", signed_with("wu", PASSWORD));
    assert_eq!(nobody.code(), "approval_failed");
}

#[test]
fn the_second_person_needs_the_right_and_an_open_account() {
    let house = House::new();
    let zhang = waiting_load(&house);
    house.add_user("wei", Role::Maintenance);
    house.add_user("chen", Role::Operator);
    let store = &house.app.store;
    store.wait(|db| db.disable_user("chen", "admin")).unwrap();
    for (who, code) in [("wei", "forbidden"), ("chen", "approval_failed")] {
        let refused = house.post(&zhang, "/v1/loads/1/override", signed_with(who, PASSWORD));
        assert_eq!(
            (refused.status, refused.code()),
            (403, code.into()),
            "{who}"
        );
    }
    assert!(waits(&house));
}

#[test]
fn an_override_sent_twice_is_one_and_its_password_is_kept_nowhere() {
    let house = House::new();
    let zhang = waiting_load(&house);
    house.add_user("li", Role::Operator);
    let keyed = zhang.with("idempotency-key", "o-1");
    let first = house.post(&keyed, "/v1/loads/1/override", signed_with("li", PASSWORD));
    assert_eq!(first.status, 200, "{}", first.text);
    // The repetition needs no password any more: it changes nothing.
    let again = house.post(
        &keyed,
        "/v1/loads/1/override",
        signed_with("li", "whatever it is"),
    );
    assert_eq!((again.status, &again.text), (200, &first.text));
    let other = json!({"reason": "另一个理由", "approver": "li", "approver_password": PASSWORD});
    let reused = house.post(&keyed, "/v1/loads/1/override", other);
    assert_eq!(reused.code(), "key_reused");
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'load.overridden'"),
        1
    );
    let ledger = house.count("SELECT count(*) FROM ledger WHERE action = 'load.overridden' AND detail LIKE '%\"approved_by\":\"li\"%'");
    assert_eq!(ledger, 1);
}

#[test]
fn a_reason_that_shows_itself_as_another_one_is_refused() {
    let house = House::new();
    let zhang = waiting_load(&house);
    house.add_user("li", Role::Operator);
    for mark in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{0007}', '\u{e0041}'] {
        let mut signed = signed_with("li", PASSWORD);
        signed["reason"] = json!(format!("柜体故障，{mark}人工消毒"));
        let refused = house.post(&zhang, "/v1/loads/1/override", signed);
        assert_eq!(refused.code(), "body_invalid", "{mark:?}");
        let named = format!(
            "reason: has an invisible character (U+{:04X})",
            u32::from(mark)
        );
        assert!(refused.text.contains(&named), "{}", refused.text);
    }
    assert!(waits(&house));
}

#[test]
fn a_load_that_is_no_number_is_no_load() {
    let house = House::new();
    let zhang = waiting_load(&house);
    let refused = house.post(
        &zhang,
        "/v1/loads/abc/override",
        signed_with("li", PASSWORD),
    );
    assert_eq!((refused.status, refused.code()), (404, "not_found".into()));
    assert!(refused.text.contains("by its number"), "{}", refused.text);
}

/// No cycle released it: the time since when it may be opened is the signature's.
#[test]
fn an_overridden_load_has_no_time_of_release() {
    let house = House::new();
    let zhang = waiting_load(&house);
    house.add_user("li", Role::Operator);
    let signed = house.post(&zhang, "/v1/loads/1/override", signed_with("li", PASSWORD));
    assert_eq!(signed.status, 200, "{}", signed.text);
    let batch = house.get(&zhang, "/v1/batches/1").json();
    for load in [signed.json(), batch["loads"][0].clone()] {
        assert_eq!(load["state"], "overridden", "{load}");
        assert_eq!(load["released_at"], Value::Null, "{load}");
        assert!(load["override"]["at"].is_string(), "{load}");
    }
    let scanned = house.app.store.wait(|db| db.current_scanning_load());
    let scanned = scanned.expect("asked").map(|load| load.id);
    assert_eq!(scanned, Some(1), "and its letters may be scanned");
}

/// An administrator who had set an officer's password signed in as that officer and named himself as the second person.
#[test]
fn whoever_set_the_others_password_is_no_second_person_whichever_of_the_two_is_signed_in() {
    let house = House::new();
    waiting_load(&house);
    house.add_user("li", Role::Operator);
    let sets = |user: &str, by: &str| {
        let (user, by) = (user.to_owned(), by.to_owned());
        let phc = laixin::api::password::hash(PASSWORD).unwrap();
        let set = house
            .app
            .store
            .wait(move |db| db.set_password(&user, &phc, &by));
        set.unwrap();
    };
    let signed = || {
        let zhang = house.signed_in("zhang");
        house.post(&zhang, "/v1/loads/1/override", signed_with("li", PASSWORD))
    };
    for (set, by) in [("li", "zhang"), ("zhang", "li")] {
        sets(set, by);
        assert_eq!(signed().code(), "password_not_chosen", "{set} by {by}");
        let both = house
            .app
            .store
            .wait(|db| db.override_load(1, ("zhang", "li"), "both"));
        assert!(both.is_err(), "nor does the store take it");
        sets(set, set);
    }
    assert!(waits(&house));
    assert_eq!(signed().status, 200, "each has chosen his own");
}
