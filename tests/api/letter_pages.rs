//! What a letter says of its pages: under which load each was opened, and what somebody made of one by mistake.

use laixin::store::Role;
use serde_json::json;

use super::house::House;

/// The letter and its draft named one load only, whatever came into it.
#[test]
fn a_letter_names_every_load_its_pages_came_under() {
    let house = House::new();
    house.tampered();
    let operator = house.person("li", Role::Operator);
    house.letter("A1");
    house.letter("A2");
    house.sql("INSERT INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (2, 1, 'cabinet-1', 'released', 2, 2)");
    let arrived = |id: &'static str, load: i64| {
        let detail = json!({"letter": "A2", "load": load});
        let told = house
            .app
            .store
            .wait(move |db| db.record("task/scan", "page.arrived", id, &detail));
        told.unwrap();
    };
    arrived("arrival/a-A1", 1);
    arrived("arrival/a-A2", 2);
    let letter = |id: &str| house.get(&operator, &format!("/v1/letters/{id}")).json();
    assert_eq!(letter("A1")["other_loads"], json!([]));
    let body = json!({"pages": [1], "to": "A1", "reason": "一封信分在两处"});
    let moved = house.post(&operator, "/v1/letters/A2/pages/move", body);
    assert_eq!(moved.status, 200, "{}", moved.text);
    let seen = letter("A1");
    assert_eq!(seen["disinfection"]["id"], 1, "{seen}");
    assert_eq!(seen["other_loads"][0]["id"], 2, "{seen}");
    assert_eq!(seen["page_list"][0]["load"], 1);
    assert_eq!(seen["page_list"][1]["load"], 2);
    let others = house.app.store.wait(|db| db.other_loads("A1")).unwrap();
    assert_eq!(others.len(), 1, "the draft is made with it");
}

/// He could not see the page any more that he alone had called so.
#[test]
fn who_called_a_page_an_instruction_by_mistake_takes_it_back_and_nobody_else() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    let other = house.person("zhao", Role::Operator);
    house.letter("A1");
    let says = |who, kind: &str| {
        let body = json!({"kind": kind}).to_string();
        house.call(who, "PUT", "/v1/letters/A1/pages/1/kind", Some(&body))
    };
    assert_eq!(says(&operator, "instruction").status, 200);
    assert_eq!(says(&other, "letter").code(), "restricted");
    assert_eq!(says(&operator, "letter").status, 200);
    assert_eq!(says(&other, "instruction").status, 200);
    assert_eq!(says(&operator, "letter").code(), "restricted");
}
