//! What stands in the way of closing a letter or a batch: things that were enclosed and are not given back.

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
