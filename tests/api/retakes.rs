//! A page that was scanned anew takes the place of the one that was scanned badly: of its kind, on record, and nothing is deleted.

use laixin::archive::Outline;
use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Caller, House};

/// A letter of three pages in an envelope, of which the second is bad, and a letter that is nothing but that page scanned anew.
fn letters(house: &House) {
    house.letter("A1");
    house.letter("A2");
    for (n, kind, hash) in [
        (2, "letter", "bad"),
        (3, "letter", "third"),
        (4, "envelope", "env"),
    ] {
        house.sql(&format!(
            "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a-{n}', 's', 'A1_p{n}.jpg', 'k{n}', 1, 'taken');
             INSERT INTO pages (letter_id, arrival_id, kind, hint, sha256, sm3, size, state) VALUES ('A1', 'a-{n}', '{kind}', {n}, '{hash}', 'bb', 10, 'read')"
        ));
    }
    house.sql("UPDATE pages SET sha256 = 'anew' WHERE letter_id = 'A2'");
}

fn pages(house: &House, caller: &Caller, letter: &str) -> Vec<(String, String)> {
    let letter = house.get(caller, &format!("/v1/letters/{letter}")).json();
    let text = |page: &Value, name: &str| page[name].as_str().unwrap().to_owned();
    let all = letter["page_list"].as_array().unwrap().iter();
    all.map(|page| (text(page, "kind"), text(page, "sha256")))
        .collect()
}

fn retake(house: &House, caller: &Caller, page: &str, body: Value) -> super::house::Answer {
    house.post(caller, &format!("/v1/letters/{page}/retake"), body)
}

fn of(kind: &str, hash: &str) -> (String, String) {
    (kind.to_owned(), hash.to_owned())
}

#[test]
fn a_page_scanned_anew_takes_the_place_and_the_kind_of_the_bad_one() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    let body = json!({"letter": "A2", "page": 1, "reason": "原图缺右边"});
    let taken = retake(&house, &operator, "A1/pages/2", body);
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(
        pages(&house, &operator, "A1"),
        [
            of("letter", "aa"),
            of("letter", "anew"),
            of("letter", "third"),
            of("envelope", "env"),
            of("retaken", "bad")
        ]
    );
    assert_eq!(
        house.count("SELECT count(*) FROM pages WHERE letter_id = 'A2'"),
        0
    );
    let told = "SELECT count(*) FROM ledger WHERE action = 'page.retaken' AND actor = 'li' AND detail LIKE '%原图缺右边%'";
    assert_eq!(house.count(told), 1);
    let outline = house
        .app
        .store
        .wait(|db| Ok(Outline::of(db, "A1")?.pages()));
    assert_eq!(
        outline.unwrap(),
        5,
        "what was written on the bad image is in the archive file, last"
    );
    // It may be put back: a person says what it is.
    let back = house.call(
        &operator,
        "PUT",
        "/v1/letters/A1/pages/5/kind",
        Some(r#"{"kind": "letter"}"#),
    );
    assert_eq!(back.status, 200, "{}", back.text);
    let kind = "/v1/letters/A1/pages/1/kind";
    let hidden = house.call(&operator, "PUT", kind, Some(r#"{"kind": "retaken"}"#));
    assert_eq!(hidden.status, 409, "{}", hidden.text);
}

/// It would answer, as a move, what an officer is asked of that letter.
#[test]
fn a_page_of_a_letter_that_an_officer_is_asked_about_is_put_nowhere_by_an_operator() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    letters(&house);
    house.sql("INSERT INTO holds (id, batch_id, letter_id, reason, detail, at_ms) VALUES (7, 1, 'A2', 'unreleased_load', '1 released, this one is beyond', 1)");
    let body = json!({"letter": "A2", "page": 1, "reason": "重扫"});
    let refused = retake(&house, &operator, "A1/pages/2", body.clone());
    assert_eq!(refused.code(), "letter_held", "{}", refused.text);
    let open = "SELECT count(*) FROM holds WHERE id = 7 AND resolved_ms IS NULL";
    assert_eq!(house.count(open), 1);
    let taken = retake(&house, &officer, "A1/pages/2", body);
    assert_eq!(taken.status, 200, "{}", taken.text);
}

#[test]
fn an_envelope_is_replaced_by_a_page_that_came_as_a_letters() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    let body = json!({"page": 3, "reason": "信封重扫"});
    let taken = retake(&house, &operator, "A1/pages/4", body);
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(
        pages(&house, &operator, "A1"),
        [
            of("letter", "aa"),
            of("letter", "bad"),
            of("envelope", "third"),
            of("retaken", "env")
        ]
    );
}

#[test]
fn what_may_not_be_replaced_says_so_and_nothing_changes() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    house.drafted("SECRET");
    house.sql(
        "UPDATE pages SET kind = 'instruction' WHERE sha256 = 'third';
         INSERT INTO restrictions (letter_id, state, why, at_ms, by) VALUES ('SECRET', 'restricted', 'by_hand', 1, 'x')",
    );
    let before = house.count("SELECT count(*) FROM ledger");
    // An instruction stands first in the archive's order.
    for (page, body, code) in [
        (
            "A1/pages/1",
            json!({"letter": "A2", "page": 1, "reason": "重扫"}),
            "wrong_state",
        ),
        (
            "A1/pages/2",
            json!({"page": 1, "reason": "重扫"}),
            "wrong_state",
        ),
        (
            "A1/pages/2",
            json!({"page": 2, "reason": "重扫"}),
            "wrong_state",
        ),
        (
            "A1/pages/9",
            json!({"page": 1, "reason": "重扫"}),
            "not_found",
        ),
        (
            "A1/pages/2",
            json!({"letter": "SECRET", "page": 1, "reason": "重扫"}),
            "restricted",
        ),
        (
            "A1/pages/2",
            json!({"letter": "A2", "page": 1, "reason": ""}),
            "body_invalid",
        ),
    ] {
        let refused = retake(&house, &operator, page, body);
        assert_eq!(refused.code(), code, "{page}: {}", refused.text);
    }
    assert_eq!(house.count("SELECT count(*) FROM ledger"), before);
}

/// It stayed `retaken` where nothing stood in its place any more, and its letter was confirmed without it.
#[test]
fn a_page_is_again_what_it_was_when_the_one_in_its_place_goes_away() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    house.letter("A3");
    let anew = json!({"letter": "A2", "page": 1, "reason": "重扫"});
    assert_eq!(retake(&house, &operator, "A1/pages/2", anew).status, 200);
    let moves = |pages: Value| {
        let body = json!({"pages": pages, "to": "A3", "reason": "属于另一封信"});
        house.post(&operator, "/v1/letters/A1/pages/move", body)
    };
    let alone = moves(json!([5]));
    assert_eq!(alone.code(), "wrong_state", "{}", alone.text);
    assert!(alone.text.contains("page A1/5"), "{}", alone.text);
    let gone = moves(json!([2]));
    assert_eq!(gone.status, 200, "{}", gone.text);
    assert_eq!(
        pages(&house, &operator, "A1"),
        [
            of("letter", "aa"),
            of("letter", "bad"),
            of("letter", "third"),
            of("envelope", "env")
        ]
    );
    let told = "SELECT count(*) FROM ledger WHERE action = 'page.kind_set' AND actor = 'li' AND detail LIKE '%\"before\":\"retaken\"%'";
    assert_eq!(house.count(told), 1);
}

#[test]
fn a_page_that_was_replaced_goes_along_with_the_one_in_its_place() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    house.letter("A3");
    let anew = json!({"letter": "A2", "page": 1, "reason": "重扫"});
    assert_eq!(retake(&house, &operator, "A1/pages/2", anew).status, 200);
    // Split off behind it: the old image stays with the one in its place.
    let split = json!({"pages": [3, 4, 5], "to": "A3", "reason": "属于另一封信"});
    let split = house.post(&operator, "/v1/letters/A1/pages/move", split);
    assert_eq!(split.status, 200, "{}", split.text);
    let due = [
        of("letter", "aa"),
        of("letter", "anew"),
        of("retaken", "bad"),
    ];
    assert_eq!(pages(&house, &operator, "A1"), due);
    let body = json!({"pages": [2, 3], "to": "A3", "reason": "属于另一封信"});
    let both = house.post(&operator, "/v1/letters/A1/pages/move", body);
    assert_eq!(both.status, 200, "{}", both.text);
    let due = [
        of("letter", "aa"),
        of("letter", "third"),
        of("letter", "anew"),
        of("envelope", "env"),
        of("retaken", "bad"),
    ];
    assert_eq!(pages(&house, &operator, "A3"), due);
    // The one in its place is put in the place of another one of the same letter.
    let again = json!({"page": 3, "reason": "重扫"});
    let moved_on = retake(&house, &operator, "A3/pages/1", again);
    assert_eq!(moved_on.status, 200, "{}", moved_on.text);
    let now = pages(&house, &operator, "A3");
    assert_eq!(now[0], of("letter", "anew"), "{now:?}");
    assert!(now.contains(&of("letter", "bad")), "{now:?}");
    assert_eq!(now.last(), Some(&of("retaken", "aa")), "{now:?}");
}

#[test]
fn a_refusal_names_the_page_that_stands_in_the_way() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    let anew = json!({"letter": "A2", "page": 1, "reason": "重扫"});
    assert_eq!(retake(&house, &operator, "A1/pages/2", anew).status, 200);
    house.letter("A3");
    let given = json!({"letter": "A1", "page": 5, "reason": "重扫"});
    let refused = retake(&house, &operator, "A3/pages/1", given);
    assert_eq!(refused.code(), "wrong_state");
    assert!(refused.text.contains("page A1/5"), "{}", refused.text);
    assert!(!refused.text.contains("instruction"), "{}", refused.text);
}

/// A written page was hidden under the blank back of another one.
#[test]
fn a_blank_page_takes_no_written_ones_place() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    letters(&house);
    let body = || json!({"letter": "A2", "page": 1, "reason": "重扫"});
    house.sql("UPDATE pages SET state = 'unread' WHERE sha256 = 'anew'");
    let unread = retake(&house, &operator, "A1/pages/2", body());
    assert_eq!(unread.status, 409, "{}", unread.text);
    house.sql("UPDATE pages SET state = 'read', problem = 'blank' WHERE sha256 = 'anew'");
    let refused = retake(&house, &operator, "A1/pages/2", body());
    assert_eq!(refused.code(), "wrong_state", "{}", refused.text);
    assert!(refused.text.contains("page A2/1"), "{}", refused.text);
    house.sql("UPDATE pages SET problem = 'blank' WHERE sha256 = 'bad'");
    let both_blank = retake(&house, &operator, "A1/pages/2", body());
    assert_eq!(both_blank.status, 200, "{}", both_blank.text);
}
