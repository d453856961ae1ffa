//! Whoever confirms a letter sees which office's system receives it, and may stop it there; a recusal ends with the page that was its reason.

use laixin::domain::access::{InterestKind, Relation};
use laixin::domain::draft::Accused;
use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Caller, House};
use super::late::{claim, system_of};
use super::named_offices::{OFFICE, judge, letter, looks, read};

/// No rule sees it.
const UNSEEN: (&str, &str) = (OFFICE, "我家的事，听说要看风向，请依法办理。");

fn receivers(house: &House, caller: &Caller) -> Value {
    house.get(caller, "/v1/letters/P1").json()["receivers"].clone()
}

#[test]
fn whoever_confirms_sees_who_receives_the_letter_and_may_stop_it_there() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市信访局");
    let operator = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    letter(&house, "P1", UNSEEN);
    assert_eq!(receivers(&house, &operator), json!([OFFICE]));
    let page = house.get(&operator, "/letters/P1").text;
    let key = format!("data-speaks-of=\"{OFFICE}\"");
    assert!(page.contains(&key), "{page}");
    let say = |office: &str| {
        let said = json!({"office": office});
        house.post(&operator, "/v1/letters/P1/offices/named", said)
    };
    assert_eq!(say("苏州市教育局").status, 404, "no system stands for it");
    let said = say(OFFICE);
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(said.json()["offices"][0]["waits"], true);
    // It waits as if the station had seen it, also once it is corrected or read again, and the operator cannot take it back.
    house.drafted_again("P1", |_| {});
    assert_eq!(claim(&house, &theirs), Vec::<String>::new());
    assert_eq!(receivers(&house, &operator), json!([]));
    looks(&house, &operator, "P1");
    let back = judge(&house, &operator, "P1", json!(OFFICE), false);
    assert_eq!(back.code(), "forbidden");
    let entries = "SELECT count(*) FROM ledger WHERE action = 'office.named' AND actor = 'zhang'";
    assert_eq!(house.count(entries), 1);
    looks(&house, &officer, "P1");
    let back = judge(&house, &officer, "P1", json!(OFFICE), false);
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(claim(&house, &theirs), ["P1"]);
}

#[test]
fn a_recusal_ends_with_the_page_that_was_its_reason() {
    let house = House::with_roster("");
    let li = house.person("li", Role::Operator);
    let declared = house.app.store.wait(|db| {
        let name = (InterestKind::Name, Relation::Relative, "邱德海");
        db.declare_interest("li", name, "li")
    });
    declared.unwrap();
    letter(&house, "A1", (OFFICE, "楼上邻居夜里噪音扰民，请求处理。"));
    assert_eq!(house.get(&li, "/v1/letters/A1").status, 200);
    house.drafted_again("A1", |draft| {
        draft.fields.accused = vec![Accused {
            name: "邱德海".into(),
            ..Accused::default()
        }];
    });
    assert_eq!(house.get(&li, "/v1/letters/A1").status, 404);
    // Read otherwise it stays: only a page that left takes its reason along.
    house.drafted_again("A1", |_| {});
    assert_eq!(house.get(&li, "/v1/letters/A1").status, 404);
    house.letter("B1");
    house.sql(
        "DELETE FROM readings WHERE page_id IN (SELECT id FROM pages WHERE letter_id = 'A1');
         UPDATE restrictions SET state = 'lifted';
         INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) SELECT id, 'A1', 'B1', 'z', 'r', unixepoch('subsec') * 1000 + 9 FROM pages WHERE letter_id = 'A1'",
    );
    read(
        &house,
        "A1",
        1,
        &["苏州市信访局：", "楼上邻居夜里噪音扰民，请求处理。"],
    );
    house.drafted_again("A1", |_| {});
    assert_eq!(
        house.count("SELECT count(*) FROM recusals WHERE user = 'li' AND lifted_by = 'task/read'"),
        1
    );
    assert_eq!(house.get(&li, "/v1/letters/A1").status, 200);
    // What a person said stands.
    house
        .sql("UPDATE recusals SET by = 'wang', matched = NULL, lifted_by = NULL, lifted_ms = NULL");
    house.drafted_again("A1", |_| {});
    assert_eq!(house.get(&li, "/v1/letters/A1").status, 404);
}
