//! The close of a day: what earlier days left open counts, and what came after the closing.

use laixin::clock;
use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};

fn close(house: &House, caller: &Caller, day: &str, body: Value) -> Answer {
    house.post(caller, &format!("/v1/days/{day}/close"), body)
}

/// Signed in on 1 January 1970 and never closed: a batch with one letter that was drafted.
fn with_an_old_day() -> (House, Caller) {
    let house = House::new();
    house.drafted("A1");
    let zhang = house.person("zhang", Role::Operator);
    (house, zhang)
}

#[test]
fn a_day_that_nobody_closed_and_letters_of_earlier_days_are_told_and_today_is_not_closed_in_silence()
 {
    let (house, zhang) = with_an_old_day();
    let (today, old) = (clock::now().day(), clock::Millis(1).day());
    let page = || house.get(&zhang, "/today").text;
    for told in [
        "以前各天到的信还有 1 封没有确认",
        "以前各天签收的还有 1 批没有结批",
        "以前有 1 天没有关账",
        "/letters?batch=1",
        "/batches?before=2#batch-1",
    ] {
        assert!(page().contains(told), "{told}");
    }
    let silent = close(&house, &zhang, &today, json!({}));
    assert_eq!(silent.status, 409, "{}", silent.text);
    assert!(
        silent.text.contains(
            "of earlier days 1 letter not confirmed, 1 batch not closed, 1 day not closed"
        ),
        "{}",
        silent.text
    );
    let closed = close(&house, &zhang, &today, json!({"note": "明日处理"}));
    assert_eq!(closed.status, 200, "{}", closed.text);
    let earlier = |day: &str| {
        let seen = house.get(&zhang, &format!("/v1/days/{day}")).json();
        ["open_letters", "earlier_letters", "earlier_batches", "earlier_days"]
            .map(|name| seen[name].as_i64().unwrap())
    };
    assert_eq!(earlier(&today), [0, 1, 1, 1]);
    // The old day is closed with a word, and is told no more; its letter and its batch are.
    let settled = close(&house, &zhang, &old, json!({"note": "补关"}));
    assert_eq!(settled.status, 200, "{}", settled.text);
    assert_eq!(earlier(&old), [1, 0, 0, 0]);
    let page = page();
    assert!(!page.contains("天没有关账</a>") && page.contains("1 封没有确认</a>"));
}

#[test]
fn a_day_once_closed_is_closed_again_when_more_came() {
    let (house, zhang) = with_an_old_day();
    let today = clock::now().day();
    let note = |words: &str| json!({"note": words});
    assert_eq!(close(&house, &zhang, &today, note("一")).status, 200);
    let again = close(&house, &zhang, &today, note("二"));
    assert_eq!(again.code(), "already_decided", "nothing came since");
    let button = || house.get(&zhang, "/today").text.contains("id=\"close-day\"");
    assert!(!button());
    let batch = json!({"carrier": "letter", "count": 2, "received_at": clock::now().rfc3339()});
    assert_eq!(house.post(&zhang, "/v1/batches", batch).status, 201);
    assert!(button());
    let seen = || house.get(&zhang, &format!("/v1/days/{today}")).json();
    assert_eq!(seen()["more_came"], true);
    let again = close(&house, &zhang, &today, note("又来一批"));
    assert_eq!(again.status, 200, "{}", again.text);
    let seen = seen();
    assert_eq!((&seen["open_batches"], &seen["note"]), (&json!(1), &json!("又来一批")));
    assert_eq!(seen["more_came"], false);
    let closings = "SELECT count(*) FROM ledger WHERE action = 'day.closed'";
    assert_eq!(house.count(closings), 2, "the ledger has each");
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_it = |fault: &&laixin::store::Unvouched| fault.what.starts_with("day");
    assert_eq!(rows.faults.iter().find(of_it), None);
}
