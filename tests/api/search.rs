//! Search: what finds a letter, and that nobody finds what he may not see.

use laixin::domain::access::{InterestKind, Relation};
use laixin::domain::draft::{Accused, Draft, Phone, PhoneKind};
use laixin::domain::field::Field;
use laixin::domain::search::LONGEST;
use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Caller, House};

fn field(value: &str) -> Field {
    Field {
        value: Some(value.to_owned()),
        page: Some(1),
        ..Field::empty()
    }
}

/// A letter whose only page says this.
fn letter(house: &House, id: &str, text: &str, change: impl FnOnce(&mut Draft)) {
    house.letter(id);
    let lines = json!([{"text": text, "raw": text, "quad": [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]],
        "confidence": 0.9, "vertical": false}]);
    house.sql(&format!(
        "INSERT INTO readings (page_id, engine, width, height, turned_deg, lines, seconds, read_ms)
         SELECT id, 'e', 10, 10, 0, '{lines}', 1.0, 1 FROM pages WHERE letter_id = '{id}'"
    ));
    house.drafted_again(id, change);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn search(house: &House, caller: &Caller, words: &str) -> Value {
    let answer = house.get(caller, &format!("/v1/search?q={}", encoded(words)));
    assert_eq!(answer.status, 200, "{words}: {}", answer.text);
    answer.json()
}

fn found(house: &House, caller: &Caller, words: &str) -> Vec<String> {
    let answer = search(house, caller, words);
    let items = answer["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["letter"].as_str().unwrap().to_owned())
        .collect()
}

fn accuse(draft: &mut Draft) {
    draft.fields.accused = vec![Accused {
        name: "王大明".into(),
        ..Accused::default()
    }];
}

#[test]
fn a_letter_is_found_by_what_it_says_and_by_its_fields() {
    let house = House::offering("confirmed");
    let li = house.person("li", Role::Operator);
    letter(
        &house,
        "A1",
        "楼上邻居夜间噪音扰民，\n请求处理。",
        |draft| {
            let fields = &mut draft.fields;
            fields.address = field("苏州市彩虹新村38幢");
            fields.addressee = field("林市长");
            fields.id_number.field = field("32050419900101123X");
            fields.phones = vec![Phone {
                field: field("0512-65227061"),
                r#type: PhoneKind::Landline,
                owner: Some("周小芸".into()),
            }];
        },
    );
    letter(&house, "B2", "供暖不足", |_| {});
    for (words, place) in [
        ("A", "letter_number"),
        ("林市长", "addressee"),
        ("彩虹", "address"),
        ("周小芸", "person"),
        ("0512 6522 7061", "phone"),
        ("７０６１", "phone"),
        ("3205 0419 9001 0112 3x", "id_number"),
        // One character, two, across a line, Traditional.
        ("噪", "text"),
        ("扰民", "text"),
        ("民请求", "text"),
        ("鄰居", "text"),
        ("陸思雨 噪音", "sender"),
    ] {
        let answer = search(&house, &li, words);
        let items = answer["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{words}: {answer}");
        assert_eq!(items[0]["letter"], "A1", "{words}");
        assert_eq!(items[0]["found"][0]["place"], place, "{words}: {answer}");
    }
    assert_eq!(found(&house, &li, "陆思雨"), ["B2", "A1"]);
    for words in ["思陆", "061", "陆思雨 供暖 噪音", "音噪"] {
        assert!(found(&house, &li, words).is_empty(), "{words}");
    }
    // A list shows no number and no address.
    let told = search(&house, &li, "彩虹 7061").to_string();
    assert!(
        !told.contains("65227061") && !told.contains("38幢"),
        "{told}"
    );
    let text = &search(&house, &li, "噪音")["items"][0]["found"][0];
    assert_eq!(text["page"], 1);
    assert_eq!(text["excerpt"][1], json!({"text": "噪音", "marked": true}));
}

#[test]
fn a_restricted_letter_is_not_found_by_an_operator_and_shows_no_text_before_a_reason() {
    let house = House::offering("confirmed");
    let (li, wang) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
    );
    letter(&house, "A1", "王大明收受贿赂", accuse);
    letter(&house, "B2", "路灯不亮", |_| {});
    let nothing = search(&house, &li, "什么都没有");
    for words in ["王大明", "贿赂", "A1", "陆思雨 贿"] {
        // Not by a count, not by a cursor.
        assert_eq!(search(&house, &li, words), nothing, "{words}");
    }
    assert_eq!(found(&house, &li, "陆思雨"), ["B2"]);
    // Nor does an officer try words on it before he has said why: he finds it by its number.
    for words in ["王大明", "贿赂", "陆思雨 贿"] {
        assert_eq!(search(&house, &wang, words), nothing, "{words}");
    }
    let hit = search(&house, &wang, "A1");
    let item = &hit["items"][0];
    assert_eq!(item["letter"], "A1");
    assert_eq!(item["restricted"], true);
    assert_eq!(
        (&item["sender"], &item["found"]),
        (&Value::Null, &json!([]))
    );
    house.post(
        &wang,
        "/v1/letters/A1/views",
        json!({"reason": "核对来信内容"}),
    );
    let item = &search(&house, &wang, "贿赂")["items"][0];
    assert_eq!(item["found"][0]["place"], "text", "{item}");
}

#[test]
fn a_recused_officer_finds_nothing_and_a_part_of_a_list_has_no_gap_where_something_is_hidden() {
    let house = House::offering("confirmed");
    let wang = house.person("wang", Role::ConfirmingOfficer);
    let declare = |db: &mut laixin::store::Db| {
        db.declare_interest(
            "wang",
            (InterestKind::Unit, Relation::Own, "回避来信人丁"),
            "wang",
        )
    };
    house.app.store.wait(declare).unwrap();
    for n in 1..=5 {
        letter(&house, &format!("L{n}"), "供暖", |draft| {
            if n % 2 == 0 {
                draft.fields.sender_name = field("回避来信人丁");
            }
        });
    }
    assert!(found(&house, &wang, "回避来信人丁").is_empty());
    let first = house
        .get(&wang, "/v1/search?q=%E4%BE%9B%E6%9A%96&limit=2")
        .json();
    let ids = |part: &Value| -> Vec<String> {
        let items = part["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["letter"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&first), ["L5", "L3"]);
    let next = first["next"].as_str().unwrap();
    let rest = house
        .get(
            &wang,
            &format!("/v1/search?q=%E4%BE%9B%E6%9A%96&limit=2&cursor={next}"),
        )
        .json();
    assert_eq!(
        (ids(&rest), &rest["next"]),
        (vec!["L1".to_owned()], &Value::Null)
    );
}

#[test]
fn a_corrected_name_is_found_and_the_wrong_one_only_in_the_text() {
    let house = House::offering("confirmed");
    let li = house.person("li", Role::Operator);
    letter(&house, "A1", "此致敬礼", |_| {});
    let etag = house.get(&li, "/v1/letters/A1").header("etag");
    let corrected = house.call(
        &li.with("if-match", &etag),
        "PATCH",
        "/v1/letters/A1/fields",
        Some(&json!({"sender_name": {"value": "陆思宇"}}).to_string()),
    );
    assert_eq!(corrected.status, 200, "{}", corrected.text);
    assert_eq!(found(&house, &li, "陆思宇"), ["A1"]);
    assert!(found(&house, &li, "陆思雨").is_empty());
}

#[test]
fn what_is_withheld_is_not_found_and_what_is_forgotten_is_out_of_the_index() {
    let house = House::offering("confirmed");
    let (li, wang) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
    );
    letter(&house, "A1", "供暖不足", |_| {});
    letter(&house, "B2", "供暖不足", |_| {});
    assert_eq!(found(&house, &li, "供暖"), ["B2", "A1"]);
    let indexed =
        || house.count("SELECT count(*) FROM search_text WHERE search_text MATCH '\"4f9b 6696\"'");
    assert_eq!(indexed(), 2);
    for (id, way) in [("A1", "withdraw"), ("B2", "return-unread")] {
        let answer = house.post(
            &wang,
            &format!("/v1/letters/{id}/{way}"),
            json!({"reason": "来信人要求"}),
        );
        assert!(answer.status < 300, "{way}: {}", answer.text);
        assert!(
            !found(&house, &wang, "供暖").contains(&id.to_owned()),
            "{way}"
        );
    }
    // What was forgotten is gone with it; what may be reinstated stays.
    assert_eq!(indexed(), 1);
    assert!(found(&house, &wang, "A1").is_empty());
}

#[test]
fn syntax_in_a_search_is_inert_and_what_is_no_search_is_refused() {
    let house = House::offering("confirmed");
    let li = house.person("li", Role::Operator);
    letter(&house, "A1", "供暖", |_| {});
    for words in [
        "\"供暖",
        "供暖*",
        "text:供暖",
        "NEAR(供暖 不足)",
        "供暖 OR 不足",
        "'; DROP TABLE letters; --",
        "^供 -暖",
        "%",
        "_",
    ] {
        let answer = house.get(&li, &format!("/v1/search?q={}", encoded(words)));
        assert!(
            answer.status == 200 || answer.code() == "query_invalid",
            "{words}"
        );
    }
    assert_eq!(found(&house, &li, "“供暖”"), ["A1"]);
    for words in ["", "，。", &"字".repeat(LONGEST + 1), "a b c d e f g h i"] {
        let answer = house.get(&li, &format!("/v1/search?q={}", encoded(words)));
        assert_eq!(answer.code(), "query_invalid", "{words}");
    }
    assert_eq!(
        house.get(&li, "/v1/search?q=a&cursor=zz").code(),
        "cursor_invalid"
    );
}

#[test]
fn every_search_is_in_the_audit_without_its_words() {
    let house = House::offering("confirmed");
    let (li, shen) = (
        house.person("li", Role::Operator),
        house.person("shen", Role::Auditor),
    );
    letter(&house, "A1", "供暖", |_| {});
    for words in ["供暖", "供暖", "陆思雨", "没有的词"] {
        search(&house, &li, words);
    }
    let audit = house.get(&shen, "/v1/audit?actor=li").json();
    let entries: Vec<&Value> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "letters.searched")
        .collect();
    assert_eq!(entries.len(), 4, "{audit}");
    let told = audit.to_string();
    for word in ["供暖", "陆思雨", "没有的词"] {
        assert!(!told.contains(word), "{told}");
    }
    // Who saw the letter counts the searches that showed it.
    let of_letter = house.get(&shen, "/v1/audit?letter=A1").json();
    let shown = of_letter["items"].as_array().unwrap().iter();
    assert_eq!(
        shown
            .filter(|entry| entry["action"] == "letters.searched")
            .count(),
        3
    );
}

#[test]
fn letters_of_an_earlier_schema_are_found() {
    let house = House::offering("confirmed");
    let li = house.person("li", Role::Operator);
    letter(&house, "A1", "供暖", |_| {});
    house.sql("DELETE FROM search_text; INSERT INTO search_due SELECT id FROM letters");
    assert_eq!(found(&house, &li, "供暖"), ["A1"]);
}
