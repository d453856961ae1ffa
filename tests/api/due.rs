//! What is due of letters that no case system has registered, on page 今日.

use std::time::{Duration, Instant};

use laixin::clock::{self, Millis};
use laixin::domain::draft::{Accused, Deadline, Draft};
use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House};

/// So many days from today.
fn day(from_today: i64) -> String {
    Millis(clock::now().0 + from_today * 86_400_000).day()
}

fn due_on(draft: &mut Draft, days: &[i64]) {
    draft.deadlines = days
        .iter()
        .map(|from_today| Deadline {
            name: "登记并转送".into(),
            due: day(*from_today),
            basis: "信访工作条例第二十二条".into(),
        })
        .collect();
}

fn letter(house: &House, id: &str, days: &[i64]) {
    house.drafted_as(id, |draft| due_on(draft, days));
}

/// The letters of which the page says that they are due, in its order.
fn told(house: &House, caller: &Caller) -> Vec<String> {
    let page = house.get(caller, "/today").text;
    let lines = page.split("<p class=\"what\">").skip(1);
    lines
        .filter(|line| line.contains("登记并转送"))
        .filter_map(|line| line.split("信件 ").nth(1)?.split('：').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn letters_near_or_past_their_deadline_stand_on_the_overview_the_worst_first() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    letter(&house, "REGISTERED", &[-9]);
    let claim = house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!(claim.json()["drafts"][0]["draft"]["letter"], "REGISTERED");
    let ack = house.post(
        &cases,
        "/v1/drafts/REGISTERED/ack",
        json!({"case_number": "SZ-1"}),
    );
    assert_eq!(ack.status, 200, "{}", ack.text);
    letter(&house, "NEAR", &[3, 8]);
    letter(&house, "FAR", &[4]);
    letter(&house, "TODAY", &[0]);
    letter(&house, "OVER", &[9, -400]);
    letter(&house, "YESTERDAY", &[-1]);
    letter(&house, "WITHDRAWN", &[-9]);
    let withdraw = |db: &mut laixin::store::Db| db.withdraw("WITHDRAWN", "扫描两次", "zhang");
    house.app.store.wait(withdraw).unwrap();
    let zhang = house.person("zhang", Role::Operator);
    assert_eq!(told(&house, &zhang), ["OVER", "YESTERDAY", "TODAY", "NEAR"]);
    let page = house.get(&zhang, "/today").text;
    for words in [
        format!("信件 OVER：“登记并转送”的期限 {} 已过", day(-400)),
        format!("信件 TODAY：“登记并转送”的期限是 {}", day(0)),
        "href=\"/letters/OVER\"".to_owned(),
    ] {
        assert!(page.contains(&words), "{words}");
    }
}

#[test]
fn whoever_may_not_see_a_letter_hears_nothing_of_its_deadline() {
    let house = House::offering("read");
    letter(&house, "PLAIN", &[-2]);
    house.drafted_as("ACCUSES", |draft| {
        due_on(draft, &[-3]);
        draft.fields.accused.push(Accused {
            name: "王大明".into(),
            ..Accused::default()
        });
    });
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let auditor = house.person("shen", Role::Auditor);
    let maintenance = house.person("he", Role::Maintenance);
    assert_eq!(told(&house, &officer), ["ACCUSES", "PLAIN"]);
    assert_eq!(told(&house, &zhang), ["PLAIN"]);
    for caller in [&auditor, &maintenance] {
        assert_eq!(told(&house, caller), Vec::<String>::new());
    }
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('PLAIN', 'zhang', 1, 'r', 'x')");
    assert_eq!(told(&house, &zhang), Vec::<String>::new());
}

#[test]
fn two_thousand_letters_that_are_late_are_counted_and_the_overview_stays_quick() {
    let house = House::offering("read");
    house.drafted_as("Q", |draft| {
        due_on(draft, &[-5]);
        // As long as a draft of a real letter with its evidence.
        draft.notes.push("x".repeat(20_000));
    });
    let zhang = house.person("zhang", Role::Operator);
    // The quickest of five: other tests run beside.
    let quickest = |of: usize| {
        let look = |_| {
            let begun = Instant::now();
            assert_eq!(told(&house, &zhang).len(), of.min(8));
            begun.elapsed()
        };
        let quickest = (0..5).map(look).min().unwrap_or_default();
        println!("today_with_{of}_late {} ms", quickest.as_millis());
        quickest
    };
    quickest(1);
    house.tampered();
    house.sql(
        "CREATE TEMP TABLE more AS WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 2000)
            SELECT 'Q' || n AS id FROM more;
         INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms)
            SELECT id, 1, 1, id, 'drafted', 1, 1 FROM more;
         INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state)
            SELECT 'a-' || id, 's', id || '_p1.jpg', 'k', 1, 'taken' FROM more;
         INSERT INTO pages (letter_id, arrival_id, kind, sha256, sm3, size, state)
            SELECT id, 'a-' || id, 'letter', 'aa', 'bb', 10, 'read' FROM more;
         INSERT INTO drafts (letter_id, body, created_ms, updated_ms, ready_ms)
            SELECT id, json_set(body, '$.letter', id), 1, 1, 1 FROM more, drafts WHERE letter_id = 'Q';",
    );
    let took = quickest(2001);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let page = house.get(&zhang, "/today").text;
    assert!(page.contains("另有 492+ 封信的期限临近或已过"), "{page}");
}
