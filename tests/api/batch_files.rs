//! Of which batch files are that lie in a folder: of the one that it was said to hold, whichever was released last.

use laixin::store::{Db, Role};
use serde_json::{Value, json};

use super::house::{Caller, House};

/// Two batches of one released load each, the second one a minute ago, and a folder that is read by lists.
fn two_open_batches() -> (House, Caller) {
    let house = House::with_more("[[scanner]]\nid = \"idx\"\nfolder = \"scans\"\nby = \"index\"\n");
    let operator = house.person("li", Role::Operator);
    house.sql(&format!(
        "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 3, 1, 't', 1), (2, 'letter', 3, 1, 't', 1);
         INSERT INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (1, 1, 'c', 'released', 1, 1), (2, 2, 'c', 'released', 1, {})",
        now() - 60_000
    ));
    (house, operator)
}

fn now() -> i64 {
    laixin::clock::now().0
}

fn lies(house: &House, id: &str, state: &str, reason: &str) {
    house.sql(&format!(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason, kept_as)
         VALUES ('{id}', 'idx', '{id}', '{id}', {}, '{state}', '{reason}', iif('{state}' = 'held', 'held/{id}', NULL))",
        now()
    ));
}

fn says(house: &House, batch: i64) {
    let said = move |db: &mut Db| db.say_batch("idx", batch, "li");
    house.app.store.wait(said).unwrap();
}

fn files(house: &House, operator: &Caller, batch: i64) -> (Value, Value) {
    let seen = house.get(operator, &format!("/v1/batches/{batch}")).json();
    let files = &seen["files"];
    (files["waiting"].clone(), files["held"].clone())
}

#[test]
fn a_batch_does_not_close_over_files_in_the_folder_that_was_said_to_hold_it() {
    let (house, operator) = two_open_batches();
    says(&house, 1);
    for (id, reason) in [("0001.jpg", "awaiting_index"), ("0002.jpg", "arriving")] {
        lies(&house, id, "waiting", reason);
    }
    lies(&house, "l.csv", "held", "index_unclear");
    assert_eq!(files(&house, &operator, 1), (json!(2), json!(1)));
    assert_eq!(files(&house, &operator, 2), (json!(0), json!(0)));
    let body = json!({"exception": "missing", "letters": 3, "note": "已核对"});
    let closed = house.post(&operator, "/v1/batches/1/close", body);
    assert_eq!(closed.status, 409, "{}", closed.text);
}

/// They were of the batch released last for ever, since they lay there a moment before the word.
#[test]
fn files_put_there_shortly_before_somebody_said_what_lies_there_are_of_that_batch() {
    let (house, operator) = two_open_batches();
    lies(&house, "0001.jpg", "waiting", "awaiting_index");
    lies(&house, "l.csv", "held", "index_unclear");
    house.sql("INSERT INTO holds (id, batch_id, reason, detail, at_ms) VALUES (7, 2, 'image_held', 'l: l.csv', 1)");
    assert_eq!(files(&house, &operator, 2), (json!(1), json!(1)));
    says(&house, 1);
    assert_eq!(files(&house, &operator, 1), (json!(1), json!(1)));
    assert_eq!(files(&house, &operator, 2), (json!(0), json!(0)));
    let asked = "SELECT batch_id FROM holds WHERE reason = 'image_held' AND resolved_ms IS NULL";
    assert_eq!(house.count(asked), 1, "it is asked of that batch");
    // What comes after another word is of that one, and the word before still counts for what lay there.
    says(&house, 2);
    lies(&house, "0009.jpg", "waiting", "awaiting_index");
    assert_eq!(files(&house, &operator, 1), (json!(1), json!(1)));
    assert_eq!(files(&house, &operator, 2), (json!(1), json!(0)));
}
