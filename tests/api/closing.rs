//! What stands in the way of closing a letter or a batch: things that were enclosed and are not given back, letters that nobody accounts for.

use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};

fn valuable(house: &House, caller: &Caller, letter: &str) -> i64 {
    let cash = json!({"kind": "cash", "amount": "500 元", "serial": "AB12345678"});
    let listed = house.post(caller, &format!("/v1/letters/{letter}/valuables"), cash);
    assert_eq!(listed.status, 201, "{}", listed.text);
    listed.json()["id"].as_i64().unwrap()
}

/// A second person saw it, it went back, and a second person saw that.
fn settle(house: &House, (one, other): (&Caller, &Caller), id: i64) {
    let back =
        json!({"how": "registered_mail", "to": "陆思雨", "receipt_no": "R-1", "on": "2026-11-20"});
    for (caller, what, body) in [
        (other, "witness", json!({})),
        (one, "return", back),
        (other, "return-witness", json!({})),
    ] {
        let answer = house.post(caller, &format!("/v1/valuables/{id}/{what}"), body);
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

fn is_refused_for_valuables(answer: &Answer) {
    assert_eq!(answer.code(), "valuables_open", "{}", answer.text);
    let told = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        told.contains("enclosed valuables") || told.contains("letter holds things"),
        "{told}"
    );
}

fn two(house: &House) -> (Caller, Caller) {
    // 2026-01-01.
    house.sql("UPDATE batches SET received_ms = 1767225600000");
    let person = |name| house.person(name, Role::Operator);
    (person("zhang"), person("li"))
}

#[test]
fn an_open_valuable_blocks_withdrawing_and_returning_a_letter_unread() {
    for act in ["withdraw", "return-unread"] {
        let house = House::new();
        house.drafted("A1");
        let (zhang, li) = two(&house);
        let id = valuable(&house, &zhang, "A1");
        let close = |why: &str| {
            let path = format!("/v1/letters/A1/{act}");
            house.post(&zhang, &path, json!({"reason": why}))
        };
        is_refused_for_valuables(&close("误拆私人信件"));
        settle(&house, (&zhang, &li), id);
        let closed = close("误拆私人信件");
        assert_eq!(closed.status, 200, "{}", closed.text);
    }
}

#[test]
fn a_letter_with_an_open_valuable_is_not_offered_to_a_case_system_before_it_is_settled() {
    let house = House::offering("read");
    house.drafted("A1");
    let (zhang, li) = two(&house);
    let cases = house.machine("cases", Scope::CaseSystem);
    let id = valuable(&house, &zhang, "A1");
    let claims = || {
        let body = json!({"limit": 5, "lease_seconds": 60});
        house.post(&cases, "/v1/drafts/claims", body).json()["drafts"].clone()
    };
    assert_eq!(claims(), json!([]), "registered, it would be closed");
    settle(&house, (&zhang, &li), id);
    assert_eq!(claims().as_array().map(Vec::len), Some(1));
}

#[test]
fn valuables_of_a_letter_whose_pages_all_move_go_along_and_stay_open() {
    let house = House::new();
    house.drafted("A1");
    house.drafted("B1");
    let (zhang, li) = two(&house);
    let id = valuable(&house, &zhang, "B1");
    let moved = house.post(
        &zhang,
        "/v1/letters/B1/pages/move",
        json!({"pages": [1], "to": "A1", "reason": "同一封信"}),
    );
    assert_eq!(moved.status, 200, "{}", moved.text);
    let of = |letter: &str| {
        house
            .get(&zhang, &format!("/v1/letters/{letter}/valuables"))
            .json()["items"]
            .clone()
    };
    assert_eq!(of("B1"), json!([]));
    assert_eq!(of("A1")[0]["listed"]["by"], "zhang");
    house.draft("A1", laixin::config::Offer::Confirmed);
    let etag = house.get(&zhang, "/v1/letters/A1").header("etag");
    let asking = zhang.with("if-match", &etag);
    is_refused_for_valuables(&house.post(&asking, "/v1/letters/A1/confirm", json!({})));
    settle(&house, (&zhang, &li), id);
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_it = |fault: &&laixin::store::Unvouched| fault.what.starts_with("valuable");
    assert_eq!(rows.faults.iter().find(of_it), None);
    let ledger = house
        .app
        .store
        .wait(move |db| db.ledger_of(&format!("valuable/{id}")));
    assert_eq!(ledger.unwrap()[1].action, "valuable.moved");
}

#[test]
fn a_batch_is_closed_only_when_two_people_saw_what_lay_in_its_letters_and_a_note_says_where_it_is()
{
    let house = House::new();
    house.drafted("A1");
    let (zhang, li) = two(&house);
    let id = valuable(&house, &zhang, "A1");
    let batch = house.count("SELECT batch_id FROM letters WHERE id = 'A1'");
    house.sql(
        "UPDATE batches SET count = (SELECT count(*) FROM letters l WHERE l.batch_id = batches.id)",
    );
    let close = |body: Value| house.post(&zhang, &format!("/v1/batches/{batch}/close"), body);
    let note = json!({"note": "现金存入保险柜"});
    is_refused_for_valuables(&close(note.clone()));
    let seen = house.post(&li, &format!("/v1/valuables/{id}/witness"), json!({}));
    assert_eq!(seen.status, 200, "{}", seen.text);
    is_refused_for_valuables(&close(json!({})));
    let closed = close(note);
    assert_eq!(closed.status, 200, "{}", closed.text);
}

/// A batch of three whose letters A1 and B1 were scanned.
fn with_one_missing() -> (House, Caller) {
    let house = House::new();
    house.drafted("A1");
    house.drafted("B1");
    let zhang = house.person("zhang", Role::Operator);
    (house, zhang)
}

fn exceptions(house: &House, caller: &Caller, body: Value) -> Answer {
    house.post(caller, "/v1/batches/1/exceptions", body)
}

#[test]
fn more_letters_than_are_missing_cannot_be_an_exception() {
    let (house, zhang) = with_one_missing();
    let missing = |letters| {
        let body = json!({"kind": "missing", "letters": letters, "reason": "丢失"});
        exceptions(&house, &zhang, body)
    };
    let five = missing(5);
    assert_eq!(five.code(), "body_invalid");
    assert!(
        five.text
            .contains("3 signed in, +0 by exceptions, 2 scanned: 1 not accounted for"),
        "{}",
        five.text
    );
    assert_eq!(missing(1).status, 201);
    assert_eq!(missing(1).code(), "body_invalid");
    assert_eq!(house.count("SELECT count(*) FROM batch_exceptions"), 1);
}

#[test]
fn an_exception_entered_wrongly_is_taken_back_with_a_reason_and_stays_to_be_read() {
    let (house, zhang) = with_one_missing();
    let wrong = json!({"kind": "not_counted", "letters": 4, "reason": "漏计"});
    assert_eq!(exceptions(&house, &zhang, wrong).status, 201);
    let counts = || house.app.store.wait(|db| db.batch_counts(1)).unwrap();
    assert_eq!(counts().letters_short(), 5);
    let back = |reason: &str| {
        let path = "/v1/batches/1/exceptions/1/take-back";
        house.post(&zhang, path, json!({"reason": reason}))
    };
    assert_eq!(back("误").code(), "body_invalid");
    let taken = back("误记");
    assert_eq!(taken.status, 200, "{}", taken.text);
    let told = &taken.json()["exceptions"][0];
    assert_eq!(
        (&told["letters"], &told["taken_back"]["by"]),
        (&json!(4), &json!("zhang"))
    );
    assert_eq!(told["taken_back"]["reason"], "误记");
    assert_eq!(counts().letters_short(), 1);
    assert_eq!(back("再来").code(), "already_decided");
    let other = house.post(
        &zhang,
        "/v1/batches/1/exceptions/7/take-back",
        json!({"reason": "误记"}),
    );
    assert_eq!(other.code(), "not_found");
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_it = |fault: &&laixin::store::Unvouched| fault.what.starts_with("exception");
    assert_eq!(rows.faults.iter().find(of_it), None);
}

#[test]
fn a_batch_closed_with_a_difference_books_nothing_by_itself() {
    let (house, zhang) = with_one_missing();
    let close = |body: Value| house.post(&zhang, "/v1/batches/1/close", body);
    let noted = close(json!({"note": "已经全部核对"}));
    assert_eq!(noted.code(), "wrong_state");
    assert!(
        noted.text.contains("1 letter fewer was scanned"),
        "{}",
        noted.text
    );
    assert_eq!(house.count("SELECT count(*) FROM batch_exceptions"), 0);
    let named = close(json!({"exception": "missing", "letters": 1, "note": "误拆"}));
    assert_eq!(named.status, 200, "{}", named.text);
    let booked = "SELECT count(*) FROM batch_exceptions WHERE kind = 'missing' AND letters = 1 AND reason = '误拆'";
    assert_eq!(house.count(booked), 1);
}
