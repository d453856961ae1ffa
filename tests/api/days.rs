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
        [
            "open_letters",
            "earlier_letters",
            "earlier_batches",
            "earlier_days",
        ]
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
    let button = || {
        house
            .get(&zhang, "/today")
            .text
            .contains("id=\"close-day\"")
    };
    assert!(!button());
    let batch = json!({"carrier": "letter", "count": 2, "received_at": clock::now().rfc3339()});
    assert_eq!(house.post(&zhang, "/v1/batches", batch).status, 201);
    assert!(button());
    let seen = || house.get(&zhang, &format!("/v1/days/{today}")).json();
    assert_eq!(seen()["more_came"], true);
    let again = close(&house, &zhang, &today, note("又来一批"));
    assert_eq!(again.status, 200, "{}", again.text);
    let seen = seen();
    assert_eq!(
        (&seen["open_batches"], &seen["note"]),
        (&json!(1), &json!("又来一批"))
    );
    assert_eq!(seen["more_came"], false);
    let closings = "SELECT count(*) FROM ledger WHERE action = 'day.closed'";
    assert_eq!(house.count(closings), 2, "the ledger has each");
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_it = |fault: &&laixin::store::Unvouched| fault.what.starts_with("day");
    assert_eq!(rows.faults.iter().find(of_it), None);
}

#[test]
fn findings_of_a_batch_that_wait_for_a_person_are_on_the_overview() {
    let (house, zhang) = with_an_old_day();
    house.sql(
        "INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'A1', 'separator_missing', 1)",
    );
    let told = || {
        house
            .get(&zhang, "/today")
            .text
            .contains("第 1 批有 1 项等待核对")
    };
    assert!(told());
    // Whoever is recused from the letter hears nothing of it.
    house.sql("INSERT INTO recusals (letter_id, user, reason, by, at_ms) VALUES ('A1', 'zhang', '近亲属', 'li', 1)");
    assert!(!told());
}

#[test]
fn a_batch_that_a_split_puts_out_of_balance_after_its_closing_is_told_and_an_officer_settles_it() {
    let (house, zhang) = with_an_old_day();
    house.sql("UPDATE batches SET count = 1");
    let closed = house.post(&zhang, "/v1/batches/1/close", json!({}));
    assert_eq!(closed.status, 200, "{}", closed.text);
    let record = |caller: &Caller, kind: &str, letters: u32| {
        let body = json!({"kind": kind, "letters": letters, "reason": "一封内有两封"});
        house.post(caller, "/v1/batches/1/exceptions", body)
    };
    let li = house.person("li", Role::ConfirmingOfficer);
    assert_eq!(record(&li, "several_in_one", 1).status, 409, "it comes out");
    let page = "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a-2', 's', 'A1_p2.jpg', 'k2', 1, 'taken');
        INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state) VALUES ('A1', 'a-2', 'letter', 'aa', 'bb', 10, 'read')";
    page.split(';').for_each(|statement| house.sql(statement));
    let split = house.post(
        &zhang,
        "/v1/letters/A1/pages/move",
        json!({"pages": [2], "reason": "另一封信"}),
    );
    assert_eq!(split.status, 200, "{}", split.text);
    let told = || {
        let told = ["第 1 批结批后多了 1 件", "/batches?before=2#batch-1"];
        let page = house.get(&zhang, "/today").text;
        let card = house.get(&zhang, "/batches").text;
        told.iter().all(|words| page.contains(words)) && card.contains("id=\"out-of-balance-1\"")
    };
    assert!(told());
    assert_eq!(record(&zhang, "several_in_one", 1).status, 403);
    assert_eq!(record(&li, "several_in_one", 2).code(), "body_invalid");
    assert_eq!(record(&li, "missing", 1).code(), "body_invalid");
    let settled = record(&li, "several_in_one", 1);
    assert_eq!(settled.status, 201, "{}", settled.text);
    assert!(!told());
    let entries = "SELECT count(*) FROM ledger WHERE action = 'batch.exception' AND actor = 'li'";
    assert_eq!(house.count(entries), 1);
}

/// He counted on page 今日, and read in the API, how many letters were kept from him; the close told him as well.
#[test]
fn a_recused_person_is_told_of_no_letter_that_is_kept_from_him_and_another_closes_the_day() {
    let house = House::new();
    let (li, wang) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
    );
    for letter in ["A1", "B1", "B2"] {
        house.drafted(letter);
    }
    let now = clock::now();
    house.sql(&format!(
        "UPDATE letters SET created_ms = {0}; UPDATE batches SET created_ms = {0}, closed_ms = {0};
         INSERT INTO recusals (letter_id, user, reason, by, at_ms) SELECT id, 'li', '近亲属', 'wang', 1 FROM letters WHERE id LIKE 'B%'",
        now.0 - 1
    ));
    let day = clock::Millis(now.0 - 1).day();
    let open = |caller: &Caller| house.get(caller, &format!("/v1/days/{day}")).json();
    assert_eq!(
        (&open(&li)["open_letters"], &open(&wang)["open_letters"]),
        (&json!(1), &json!(3))
    );
    let told = |caller: &Caller| house.get(caller, "/today").text;
    assert!(told(&li).contains("还有 1 封") && told(&wang).contains("还有 3 封"));
    // Whatever he says; how many there are is not said.
    for note in [json!({}), json!({"note": "明日处理"})] {
        let refused = close(&house, &li, &day, note);
        assert_eq!(refused.code(), "same_person", "{}", refused.text);
        let numbers = refused.text.replace(&day, "").replace("409", "");
        assert!(
            !numbers.contains(|c: char| c.is_ascii_digit()) && !numbers.contains("letter"),
            "{}",
            refused.text
        );
    }
    let closed = close(&house, &wang, &day, json!({"note": "明日处理"}));
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert_eq!(closed.json()["open_letters"], 3);
    assert_eq!(
        (&open(&li)["open_letters"], &open(&wang)["open_letters"]),
        (&json!(1), &json!(3)),
        "nor does the record tell him"
    );
    // One more comes that is kept from him.
    house.drafted("B3");
    house.sql(&format!(
        "UPDATE letters SET created_ms = {} WHERE id = 'B3'; INSERT INTO recusals (letter_id, user, reason, by, at_ms) VALUES ('B3', 'li', '近亲属', 'wang', 1)",
        clock::now().0 + 1
    ));
    assert_eq!(
        (&open(&li)["more_came"], &open(&wang)["more_came"]),
        (&json!(false), &json!(true))
    );
    let again = close(&house, &li, &day, json!({"note": "又"}));
    assert_eq!(again.code(), "already_decided");
}

/// Nor does the queue say how many others review.
#[test]
fn the_queue_counts_no_letter_that_is_kept_from_whoever_looks() {
    let house = House::new();
    let (li, zhang) = (
        house.person("li", Role::Operator),
        house.person("zhang", Role::Operator),
    );
    for letter in ["A1", "A2", "B1", "B2", "B3"] {
        house.drafted(letter);
    }
    house.sql("INSERT INTO recusals (letter_id, user, reason, by, at_ms) SELECT id, 'li', '近亲属', 'wang', 1 FROM letters WHERE id LIKE 'B%'");
    let counted = |caller: &Caller, n: u32| {
        let (queue, letter) = ("/review", "/letters/A1");
        let told = [format!("开始核对（{n} 封）"), format!("待核对 {n} 封")];
        house.get(caller, queue).text.contains(&told[0])
            && house.get(caller, letter).text.contains(&told[1])
    };
    assert!(counted(&li, 2) && counted(&zhang, 5));
}

/// Every batch was closed, and pages of nobody's letter lay in a folder: the day was closed without a word.
#[test]
fn a_day_is_not_closed_in_silence_over_files_that_belong_to_no_batch() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let now = clock::now();
    let lies = |id: &str, state: &str, reason: &str| {
        house.sql(&format!(
            "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason) VALUES ('{id}', 's', '{id}', '{id}', {}, '{state}', '{reason}')",
            now.0 - 1
        ));
    };
    lies("0003.jpg", "waiting", "lingering");
    let today = now.day();
    let open = || house.get(&zhang, &format!("/v1/days/{today}")).json()["open_files"].clone();
    assert_eq!(open(), 0, "what its software never finished");
    lies("0001.jpg", "waiting", "no_released_load");
    lies("0002.jpg", "held", "seen_before_release");
    assert_eq!(open(), 2);
    let page = house.get(&zhang, "/today").text;
    assert!(page.contains("还有 2 个文件不属于任何未结的批"), "{page}");
    let silent = close(&house, &zhang, &today, json!({}));
    assert_eq!(silent.status, 409, "{}", silent.text);
    assert!(
        silent.text.contains("2 files of no open batch"),
        "{}",
        silent.text
    );
    let closed = close(&house, &zhang, &today, json!({"note": "明日补扫"}));
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert_eq!(open(), 2, "as it was closed");
}
