//! Valuables, letters opened by mistake, withdrawal, destruction, boxes and loans: what each refuses, and that the ledger vouches for all of it.

use laixin::config::Offer;
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};

fn post(house: &House, caller: &Caller, path: &str, body: Value) -> Answer {
    house.post(caller, path, body)
}

/// The refusal's words; they name what is in the way.
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 409, "{}", answer.text);
    answer.json()["detail"].as_str().unwrap().to_owned()
}

fn confirm(house: &House, caller: &Caller, id: &str) -> Answer {
    let etag = house
        .get(caller, &format!("/v1/letters/{id}"))
        .header("etag");
    let caller = caller.with("if-match", &etag);
    house.call(
        &caller,
        "POST",
        &format!("/v1/letters/{id}/confirm"),
        Some("{}"),
    )
}

/// Every row the ledger vouches for is as it says, and the chain holds.
fn holds(house: &House) {
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    // The house's letters are put in by hand, without entries, and their stage is set so.
    let by_hand = [
        "arrival",
        "seen/",
        "batch/",
        "load/",
        "letter/",
        "letter_arrival/",
        "page/",
        "page_state/",
        "stage of letter",
    ];
    let faults: Vec<_> = rows
        .faults
        .iter()
        .filter(|fault| !by_hand.iter().any(|kind| fault.what.starts_with(kind)))
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert!(
        house
            .app
            .store
            .wait(|db| db.verify_ledger())
            .unwrap()
            .is_ok()
    );
}

#[test]
fn cash_takes_two_people_in_and_two_people_out_and_holds_the_letter_meanwhile() {
    let house = House::new();
    let (zhang, li) = (
        house.person("zhang", Role::Operator),
        house.person("li", Role::Operator),
    );
    house.drafted("A1");
    // 2026-01-01.
    house.sql("UPDATE batches SET received_ms = 1767225600000");
    let cash = json!({"kind": "cash", "amount": "500 元", "serial": "AB12345678"});
    let listed = post(&house, &zhang, "/v1/letters/A1/valuables", cash);
    assert_eq!(listed.status, 201, "{}", listed.text);
    let id = listed.json()["id"].as_i64().unwrap();
    let of = |what: &str| format!("/v1/valuables/{id}/{what}");
    let back =
        json!({"how": "registered_mail", "to": "陆思雨", "receipt_no": "R-1", "on": "2026-11-27"});
    assert!(
        refused(&confirm(&house, &zhang, "A1"))
            .contains("1 enclosed valuables that are not returned")
    );
    assert!(refused(&post(&house, &zhang, &of("witness"), json!({}))).contains("same person"));
    assert!(
        refused(&post(
            &house,
            &zhang,
            &of("strike"),
            json!({"reason": "看错了一次"})
        ))
        .contains("same person")
    );
    assert!(refused(&post(&house, &zhang, &of("return"), back.clone())).contains("second person"));
    assert!(
        refused(&post(&house, &li, &of("return-witness"), json!({})))
            .contains("not yet given back")
    );
    assert_eq!(post(&house, &li, &of("witness"), json!({})).status, 200);
    assert!(refused(&post(&house, &li, &of("witness"), json!({}))).contains("already"));
    let mut odd = back.clone();
    odd["on"] = json!("27.11.2026");
    assert_eq!(
        post(&house, &zhang, &of("return"), odd).code(),
        "body_invalid"
    );
    let mut later = back.clone();
    later["on"] = json!("2099-12-31");
    let later = post(&house, &zhang, &of("return"), later);
    assert_eq!(later.code(), "body_invalid", "not given back yet");
    let mut before = back.clone();
    before["on"] = json!("1999-12-31");
    assert!(refused(&post(&house, &zhang, &of("return"), before)).contains("here since"));
    let uncounted = post(
        &house,
        &zhang,
        "/v1/letters/A1/valuables",
        json!({"kind": "cash"}),
    );
    assert_eq!(uncounted.code(), "body_invalid", "how much cash is said");
    let mut nobody = back.clone();
    nobody["receipt_no"] = json!(" ");
    assert_eq!(
        post(&house, &zhang, &of("return"), nobody).code(),
        "body_invalid"
    );
    assert_eq!(
        post(&house, &zhang, &of("return"), back.clone()).status,
        200
    );
    assert!(refused(&post(&house, &li, &of("return"), back)).contains("already"));
    assert!(
        refused(&post(&house, &zhang, &of("return-witness"), json!({}))).contains("same person")
    );
    assert!(refused(&confirm(&house, &zhang, "A1")).contains("not returned"));
    let closed = post(&house, &li, &of("return-witness"), json!({}));
    assert_eq!(closed.json()["closed"], true);
    assert_eq!(confirm(&house, &zhang, "A1").status, 200);
    let seen = house.get(&zhang, "/v1/letters/A1/valuables").json();
    assert_eq!(seen["items"][0]["returned"]["receipt_no"], "R-1");
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE subject LIKE 'valuable/%'"),
        4
    );
    holds(&house);
    house.sql("UPDATE valuables SET amount = '50 元'");
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    assert!(
        rows.faults
            .iter()
            .any(|fault| fault.what == format!("valuable/{id}"))
    );
}

#[test]
fn a_letter_that_speaks_of_money_is_not_confirmed_before_two_people_looked() {
    let house = House::new();
    let (zhang, li) = (
        house.person("zhang", Role::Operator),
        house.person("li", Role::Operator),
    );
    house.drafted("A1");
    house.sql("UPDATE drafts SET body = json_set(body, '$.fields.flags.valuables', json('{\"value\":true,\"quote\":null,\"page\":null,\"quad\":null}'))");
    assert!(refused(&confirm(&house, &zhang, "A1")).contains("nobody listed"));
    let none = post(
        &house,
        &zhang,
        "/v1/letters/A1/valuables",
        json!({"kind": "nothing_found"}),
    );
    let id = none.json()["id"].as_i64().unwrap();
    assert!(refused(&confirm(&house, &zhang, "A1")).contains("not returned"));
    assert_eq!(
        post(
            &house,
            &li,
            &format!("/v1/valuables/{id}/witness"),
            json!({})
        )
        .json()["closed"],
        true
    );
    assert_eq!(confirm(&house, &zhang, "A1").status, 200);
}

#[test]
fn what_was_listed_by_mistake_is_struck_out_by_another_person_and_stays_to_be_read() {
    let house = House::new();
    let (zhang, li) = (
        house.person("zhang", Role::Operator),
        house.person("li", Role::Operator),
    );
    house.drafted("A1");
    let id = post(
        &house,
        &zhang,
        "/v1/letters/A1/valuables",
        json!({"kind": "book"}),
    )
    .json()["id"]
        .clone();
    let strike = format!("/v1/valuables/{id}/strike");
    assert_eq!(
        post(&house, &li, &strike, json!({"reason": "错"})).code(),
        "body_invalid"
    );
    assert_eq!(
        post(&house, &li, &strike, json!({"reason": "是附件，不是书"})).json()["closed"],
        true
    );
    assert_eq!(
        house.get(&zhang, "/v1/letters/A1/valuables").json()["items"][0]["struck"][0],
        "li"
    );
    assert_eq!(confirm(&house, &zhang, "A1").status, 200);
    assert_eq!(
        post(
            &house,
            &zhang,
            "/v1/letters/A9/valuables",
            json!({"kind": "book"})
        )
        .code(),
        "not_found"
    );
    assert_eq!(
        post(
            &house,
            &zhang,
            "/v1/letters/A1/valuables",
            json!({"kind": "gold"})
        )
        .code(),
        "body_invalid"
    );
    holds(&house);
}

/// One of two who had signed for cash struck it out alone, and the letter was closed.
#[test]
fn what_two_have_signed_for_is_struck_out_by_neither_of_them() {
    let house = House::new();
    let person = |name: &str| house.person(name, Role::Operator);
    let (zhang, li, wang) = (person("zhang"), person("li"), person("wang"));
    house.drafted("A1");
    let cash = json!({"kind": "cash", "amount": "900 元"});
    let id = post(&house, &zhang, "/v1/letters/A1/valuables", cash).json()["id"].clone();
    let at = |what: &str| format!("/v1/valuables/{id}/{what}");
    assert_eq!(post(&house, &li, &at("witness"), json!({})).status, 200);
    let why = json!({"reason": "登记有误"});
    for one in [&zhang, &li] {
        assert_eq!(
            post(&house, one, &at("strike"), why.clone()).code(),
            "same_person"
        );
    }
    assert_eq!(
        post(&house, &wang, &at("strike"), why).json()["closed"],
        true
    );
}

/// It was returned with its alert open: nobody could read any more what had raised it.
#[test]
fn a_letter_whose_threat_nobody_has_decided_is_neither_returned_unread_nor_withdrawn() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let wang = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.flags.threat = Some(laixin::domain::draft::Flag {
            value: true,
            quote: Some("不解决就同归于尽".into()),
            page: Some(1),
            ..Default::default()
        });
    });
    let why = json!({"reason": "收件人不是本单位，误拆"});
    let ways = ["/v1/letters/A1/return-unread", "/v1/letters/A1/withdraw"];
    for way in ways {
        assert_eq!(
            post(&house, &zhang, way, why.clone()).code(),
            "letter_held",
            "{way}"
        );
    }
    let alert = house.get(&wang, "/v1/alerts").json()["items"][0]["id"].clone();
    let decided = json!({"verdict": "confirmed"});
    let told = post(
        &house,
        &wang,
        &format!("/v1/alerts/{alert}/acknowledge"),
        decided,
    );
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(post(&house, &zhang, ways[0], why).status, 200);
}

#[test]
fn a_letter_opened_by_mistake_is_forgotten_neither_read_nor_shown_nor_handed_over() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let reading = laixin::store::Reading {
        engine: "e".into(),
        width: 1,
        height: 1,
        turned_deg: 0,
        lines: Vec::new(),
        seconds: 0.0,
        blank: false,
    };
    house
        .app
        .store
        .wait(move |db| db.finish_reading(1, &reading))
        .unwrap();
    house.sql("INSERT INTO pages (letter_id, arrival_id, frame, kind, sha256, sm3, size) VALUES ('A1', 'a-A1', 1, 'letter', 'cc', 'dd', 1)");
    let path = "/v1/letters/A1/return-unread";
    assert_eq!(
        post(&house, &zhang, path, json!({"reason": "误"})).code(),
        "body_invalid"
    );
    let done = post(
        &house,
        &zhang,
        path,
        json!({"reason": "收件人不是本单位，误拆"}),
    );
    assert_eq!(
        (done.status, done.json()["withheld"].as_str()),
        (200, Some("returned_unread"))
    );
    let kind = house.call(
        &zhang,
        "PUT",
        "/v1/letters/A1/pages/1/kind",
        Some(r#"{"kind": "attachment"}"#),
    );
    assert_eq!(kind.code(), "letter_withheld", "{}", kind.text);
    for what in [
        "pages/1",
        "pages/1/image",
        "pages/1/thumbnail",
        "archive.pdf",
    ] {
        assert!(
            refused(&house.get(&zhang, &format!("/v1/letters/A1/{what}")))
                .contains("returned unread"),
            "{what}"
        );
    }
    let seen = house.get(&zhang, "/v1/letters/A1").json();
    assert_eq!(seen["draft"], Value::Null);
    for table in ["readings", "drafts", "corrections"] {
        assert_eq!(
            house.count(&format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
    let (next, due) = house
        .app
        .store
        .wait(|db| {
            Ok((
                db.begin_reading()?,
                db.letters_due(laixin::clock::now(), 0)?,
            ))
        })
        .unwrap();
    assert!(next.is_none() && due.is_empty(), "it is not read any more");
    let claimed = post(
        &house,
        &cases,
        "/v1/drafts/claims",
        json!({"limit": 5, "lease_seconds": 60}),
    );
    assert_eq!(claimed.json()["drafts"], json!([]));
    assert!(
        refused(&post(&house, &zhang, path, json!({"reason": "再退一次"})))
            .contains("returned unread")
    );
    assert!(
        refused(&post(
            &house,
            &zhang,
            "/v1/letters/A1/reinstate",
            json!({"reason": "改主意了"})
        ))
        .contains("returned unread")
    );
    assert_eq!(
        house.count("SELECT count(*) FROM pages"),
        2,
        "no page is deleted"
    );
    holds(&house);
}

#[test]
fn a_withdrawn_letter_keeps_everything_and_comes_back_as_it_was() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let why = json!({"reason": "同一封信扫描了两次"});
    assert_eq!(
        post(&house, &zhang, "/v1/letters/A1/withdraw", why.clone()).status,
        200
    );
    assert!(refused(&confirm(&house, &zhang, "A1")).contains("withdrawn"));
    assert_eq!(house.count("SELECT count(*) FROM drafts"), 1);
    assert!(refused(&house.get(&zhang, "/v1/drafts/A1")).contains("withdrawn"));
    assert_eq!(house.get(&zhang, "/v1/drafts").json()["items"], json!([]));
    assert_eq!(
        post(&house, &zhang, "/v1/letters/A1/reinstate", why.clone()).status,
        200
    );
    assert!(
        refused(&post(&house, &zhang, "/v1/letters/A1/reinstate", why)).contains("not withdrawn")
    );
    assert_eq!(confirm(&house, &zhang, "A1").status, 200);
    holds(&house);
}

#[test]
fn a_letter_with_a_case_system_is_neither_withdrawn_nor_returned() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    post(
        &house,
        &cases,
        "/v1/drafts/claims",
        json!({"limit": 5, "lease_seconds": 60}),
    );
    for what in ["withdraw", "return-unread"] {
        let answer = post(
            &house,
            &zhang,
            &format!("/v1/letters/A1/{what}"),
            json!({"reason": "已经晚了"}),
        );
        assert!(refused(&answer).contains("with a case system"));
    }
}

const LONG_AGO: &[u8] = b"a page of long ago";

/// A house whose settings know a policy, and an original that is really there.
fn with_policy() -> (House, Caller, Caller, String) {
    let house = House::with_more("[[retention]]\npolicy = \"短期\"\nyears = 10\n");
    let (zhang, boss, sha256) = long_ago(&house);
    (house, zhang, boss, sha256)
}

/// A1 was registered long ago.
fn long_ago(house: &House) -> (Caller, Caller, String) {
    let zhang = house.person("zhang", Role::Operator);
    let boss = house.person("boss", Role::Administrator);
    house.drafted("A1");
    let kept = house.app.evidence.put(LONG_AGO).unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{0}', sm3 = '{1}', size = {2};
         UPDATE arrivals SET sha256 = '{0}', sm3 = '{1}', size = {2}, taken_ms = 5;
         UPDATE letters SET stage = 'registered', last_arrival_ms = 5;
         UPDATE drafts SET state = 'acked', acked_ms = 5;",
        kept.sha256, kept.sm3, kept.size
    ));
    (zhang, boss, kept.sha256)
}

#[test]
fn a_letter_is_destroyed_only_after_its_time_by_two_people_and_leaves_a_tombstone() {
    let (house, zhang, boss, sha256) = with_policy();
    let path = "/v1/letters/A1/destruction";
    assert_eq!(
        post(&house, &zhang, path, json!({"policy": "永久"})).code(),
        "body_invalid"
    );
    let recent = laixin::clock::now().0 - 9 * 365 * 86_400_000;
    for (table, column) in [("drafts", "acked_ms"), ("letters", "last_arrival_ms")] {
        house.sql(&format!("UPDATE {table} SET {column} = {recent}"));
        assert!(
            refused(&post(&house, &zhang, path, json!({"policy": "短期"})))
                .contains("not yet 10 years")
        );
        house.sql(&format!("UPDATE {table} SET {column} = 5"));
    }
    let proposed = post(&house, &zhang, path, json!({"policy": "短期"}));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    assert!(
        refused(&post(&house, &zhang, path, json!({"policy": "短期"})))
            .contains("proposed already")
    );
    let approve = format!("/v1/retentions/{}/approve", proposed.json()["id"]);
    assert_eq!(
        post(&house, &zhang, &approve, json!({})).code(),
        "forbidden"
    );
    assert!(
        house.app.evidence.get(&sha256).is_ok(),
        "nothing is gone yet"
    );
    assert_eq!(post(&house, &boss, &approve, json!({})).status, 200);
    assert!(
        house.app.evidence.get(&sha256).is_err(),
        "the bytes are gone"
    );
    assert_eq!(
        house.count(&format!(
            "SELECT count(*) FROM tombstones WHERE sha256 = '{sha256}'"
        )),
        1
    );
    assert!(refused(&house.get(&zhang, "/v1/letters/A1/pages/1")).contains("destroyed by policy"));
    assert_eq!(
        house.app.store.wait(|db| db.original_rows()).unwrap(),
        [],
        "verify does not miss it"
    );
    assert!(refused(&post(&house, &boss, &approve, json!({}))).contains("decided already"));
    holds(&house);
}

/// A proposal to destroy A1, and where it is approved.
fn proposed(house: &House, caller: &Caller) -> String {
    let wish = json!({"policy": "短期"});
    let proposed = post(house, caller, "/v1/letters/A1/destruction", wish);
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    format!("/v1/retentions/{}/approve", proposed.json()["id"])
}

#[test]
fn an_approval_looks_again_at_everything_that_the_proposal_was_checked_for() {
    let (house, zhang, boss, sha256) = with_policy();
    let approve = proposed(&house, &zhang);
    // The proposal was made by a clock that was ten years ahead.
    let now = laixin::clock::now().0;
    house.sql(&format!("UPDATE drafts SET acked_ms = {now}"));
    let told = refused(&post(&house, &boss, &approve, json!({})));
    assert!(told.contains("not yet 10 years"), "{told}");
    house.sql(
        "UPDATE drafts SET acked_ms = 5;
         INSERT INTO loans (letter_id, asked_by, reason, asked_ms, approved_by, approved_ms) VALUES ('A1', 'x', 'y', 1, 'z', 2)",
    );
    let told = refused(&post(&house, &boss, &approve, json!({})));
    assert!(told.contains("lent out"), "{told}");
    house.sql("UPDATE loans SET back_ms = 3, back_by = 'x'; UPDATE retentions SET policy = '旧'");
    let told = refused(&post(&house, &boss, &approve, json!({})));
    assert!(told.contains("no longer have"), "{told}");
    assert!(house.app.evidence.get(&sha256).is_ok());
    house.sql("UPDATE retentions SET policy = '短期'");
    assert_eq!(post(&house, &boss, &approve, json!({})).status, 200);
    assert!(house.app.evidence.get(&sha256).is_err());
}

#[test]
fn nothing_is_destroyed_by_a_clock_that_jumped_ahead_until_an_officer_says_that_it_is_right() {
    let (house, zhang, boss, sha256) = with_policy();
    let approve = proposed(&house, &zhang);
    assert_eq!(
        house.get(&zhang, "/v1/clock").json()["ahead_of"],
        json!(null)
    );
    house.sql("UPDATE ledger SET at_ms = at_ms - 41 * 86400000");
    let why = json!({"reason": "停机六周，时间已核对"});
    let wish = json!({"policy": "短期"});
    for (caller, path) in [
        (&boss, approve.as_str()),
        (&zhang, "/v1/letters/A1/destruction"),
    ] {
        let answer = post(&house, caller, path, wish.clone());
        assert_eq!(answer.code(), "clock_jumped_ahead", "{}", answer.text);
    }
    assert!(house.get(&zhang, "/v1/clock").json()["ahead_of"].is_string());
    assert!(
        house
            .get(&zhang, "/today")
            .text
            .contains("本机时钟突然超前")
    );
    let confirm = "/v1/clock/confirm";
    assert_eq!(
        post(&house, &zhang, confirm, why.clone()).code(),
        "forbidden"
    );
    assert!(house.app.evidence.get(&sha256).is_ok());
    assert_eq!(post(&house, &boss, confirm, why).status, 200);
    assert_eq!(post(&house, &boss, &approve, json!({})).status, 200);
}

/// The mirror of it: the clock was eleven years behind when the letter was registered.
#[test]
fn a_letter_registered_by_a_clock_that_ran_behind_is_not_destroyed_when_that_is_confirmed_as_right()
{
    let (house, zhang, boss, sha256) = with_policy();
    let behind = "11 * 365 * 86400000";
    let now = laixin::clock::now().0;
    house.sql(&format!(
        "UPDATE ledger SET at_ms = at_ms - {behind}; UPDATE letters SET last_arrival_ms = {now} - {behind};
         UPDATE arrivals SET taken_ms = {now} - {behind}; UPDATE drafts SET acked_ms = {now} - {behind}"
    ));
    let wish = json!({"policy": "短期"});
    let path = "/v1/letters/A1/destruction";
    let answer = post(&house, &zhang, path, wish.clone());
    assert_eq!(answer.code(), "clock_jumped_ahead", "{}", answer.text);
    let why = json!({"reason": "先前走慢，现在正确"});
    assert_eq!(post(&house, &boss, "/v1/clock/confirm", why).status, 200);
    let told = refused(&post(&house, &zhang, path, wish));
    assert!(told.contains("not yet 10 years"), "{told}");
    assert!(house.app.evidence.get(&sha256).is_ok());
}

#[test]
fn what_was_proposed_while_the_clock_was_ahead_is_dropped_when_it_is_confirmed() {
    let (house, zhang, boss, _) = with_policy();
    let approve = proposed(&house, &zhang);
    let year_ms = 365 * 86_400_000_i64;
    house.sql(&format!(
        "UPDATE retentions SET proposed_ms = proposed_ms + {year_ms}; UPDATE ledger SET at_ms = at_ms + {year_ms}"
    ));
    let why = json!({"reason": "先前的时钟快了一年"});
    assert_eq!(post(&house, &boss, "/v1/clock/confirm", why).status, 200);
    let open = house.get(&boss, "/v1/retentions").json();
    assert_eq!(open["items"], json!([]));
    let told = refused(&post(&house, &boss, &approve, json!({})));
    assert!(told.contains("dropped when the clock"), "{told}");
}

#[test]
fn an_administrator_begins_with_a_new_folder_for_second_copies_and_that_is_on_record() {
    let house = House::with_more("[evidence]\nsecond_dir = \"second\"\n");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let keeper = house.person("sun", Role::Maintenance);
    let boss = house.person("boss", Role::Administrator);
    let (path, why) = ("/v1/second-copies/begin", json!({"reason": "换了新磁盘"}));
    let kept = house.app.evidence.put(LONG_AGO).unwrap();
    let state = || house.get(&boss, "/v1/second-copies").json()["state"].clone();
    assert_eq!(state(), "new");
    let page = house.get(&keeper, "/maintenance").text;
    assert!(page.contains("从现在起在此文件夹保存第二副本"), "{page}");
    assert!(!page.contains("second-reason"), "not his to say");
    assert!(
        house
            .get(&boss, "/maintenance")
            .text
            .contains("second-reason")
    );
    for caller in [&officer, &keeper] {
        assert_eq!(post(&house, caller, path, why.clone()).code(), "forbidden");
    }
    assert!(!house.app.evidence.second_holds(&kept.sha256));
    // Its disk is away, or was never there: it would have been made on the first one.
    let folder = house.app.settings.keeping.second_dir.clone().unwrap();
    let answer = post(&house, &boss, path, why.clone());
    assert_eq!(answer.code(), "second_folder_missing");
    assert!(!folder.exists());
    std::fs::create_dir(&folder).unwrap();
    assert_eq!(post(&house, &boss, path, why.clone()).status, 200);
    assert_eq!(state(), "behind");
    assert!(refused(&post(&house, &boss, path, why)).contains("in use"));
    let of = "evidence/second_copies";
    let noted = house.app.store.wait(|db| db.ledger_of(of)).unwrap();
    assert_eq!(
        (noted.len(), noted[0].action.as_str()),
        (1, "second_copies.begun")
    );
    assert!(
        noted[0].detail.contains("换了新磁盘"),
        "{}",
        noted[0].detail
    );
}

#[test]
fn the_scans_of_a_destroyed_letter_go_too_and_what_stays_is_named() {
    let house = House::with_more(
        "[[retention]]\npolicy = \"短期\"\nyears = 10\n[[scanner]]\nid = \"s\"\nfolder = \"scans\"\n",
    );
    let (zhang, boss, sha256) = long_ago(&house);
    let scanner = house
        .app
        .settings
        .scanners
        .iter()
        .find(|known| known.id.to_string() == "s");
    let done = scanner.unwrap().folder.join("done");
    std::fs::create_dir_all(&done).unwrap();
    let (own, others) = (done.join("A1_p1.jpg"), done.join("A1_p1-2.jpg"));
    std::fs::write(&own, LONG_AGO).unwrap();
    std::fs::write(&others, b"a page of anothers").unwrap();
    house.sql(&format!(
        "UPDATE arrivals SET source = 's', name = 'A1_p1.jpg';
         INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, sha256, sm3, size, taken_ms)
         SELECT 'again', 'old', 'A1_p1.jpg', 'k', 1, 'taken', sha256, sm3, size, 6 FROM arrivals WHERE sha256 = '{sha256}'"
    ));
    let answer = post(&house, &boss, &proposed(&house, &zhang), json!({}));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!own.exists(), "whoever opens the folder sees the letter");
    assert!(others.exists(), "it is another letter's");
    assert_eq!(answer.json()["scans_left"], json!(["old/done/A1_p1.jpg"]));
    let page = house.get(&zhang, "/letters/A1/keeping").text;
    assert!(page.contains("old/done/A1_p1.jpg"), "{page}");
    let listed = house.get(&boss, "/v1/retentions").json();
    assert_eq!(
        listed["items"][0]["scans_left"],
        json!(["old/done/A1_p1.jpg"])
    );
    let noted = house
        .app
        .store
        .wait(|db| db.ledger_of("letter/A1"))
        .unwrap();
    let noted = noted
        .iter()
        .filter(|entry| entry.action == "scan.destroyed");
    assert_eq!(noted.count(), 1);
}

/// Its last page lay held when it was destroyed, and stayed with everything that stands on it.
#[test]
fn no_letter_is_destroyed_while_a_file_of_it_is_held() {
    let (house, zhang, boss, _) = with_policy();
    let approve = proposed(&house, &zhang);
    house.sql(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason, sha256, sm3, size)
         VALUES ('late', 's', 'A1_p2.jpg', 'k', 6, 'held', 'letter_closed', 'ee', 'ff', 1);
         INSERT INTO holds (batch_id, letter_id, reason, detail, at_ms) VALUES (1, 'A1', 'image_held', 'A1: A1_p2.jpg', 6)",
    );
    assert_eq!(
        post(&house, &boss, &approve, json!({})).code(),
        "file_undecided"
    );
    house.sql("UPDATE arrivals SET state = 'set_aside' WHERE id = 'late'");
    assert_eq!(post(&house, &boss, &approve, json!({})).status, 200);
}

#[test]
fn a_letter_registered_nowhere_is_not_destroyed_whatever_was_typed_as_received() {
    let (house, zhang, boss, sha256) = with_policy();
    let path = "/v1/letters/A1/destruction";
    let wish = json!({"policy": "短期"});
    let proposed = post(&house, &zhang, path, wish.clone());
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    house.sql(
        "UPDATE batches SET received_ms = 1; UPDATE letters SET stage = 'drafted'; UPDATE drafts SET state = 'open', acked_ms = NULL",
    );
    let approve = format!("/v1/retentions/{}/approve", proposed.json()["id"]);
    let none = "neither registered nor withdrawn";
    assert!(refused(&post(&house, &boss, &approve, json!({}))).contains(none));
    let refuse = format!("/v1/retentions/{}/refuse", proposed.json()["id"]);
    assert_eq!(post(&house, &boss, &refuse, json!({})).status, 200);
    assert!(refused(&post(&house, &zhang, path, wish.clone())).contains(none));
    let withdraw = json!({"reason": "重复扫描"});
    assert_eq!(
        post(&house, &zhang, "/v1/letters/A1/withdraw", withdraw).status,
        200
    );
    assert!(
        refused(&post(&house, &zhang, path, wish)).contains("not yet 10 years"),
        "it counts from its withdrawal"
    );
    assert!(house.app.evidence.get(&sha256).is_ok());
}

#[test]
fn whoever_proposed_a_destruction_does_not_approve_it_and_a_refusal_keeps_the_letter() {
    let (house, _, boss, sha256) = with_policy();
    let chief = house.person("chief", Role::Administrator);
    // As what he was before.
    let propose = |db: &mut laixin::store::Db| db.propose_destruction("A1", ("短期", 10), "boss");
    let id = house.app.store.wait(propose).unwrap();
    assert_eq!(
        house.get(&boss, "/v1/retentions").json()["items"][0]["letter"],
        "A1"
    );
    assert!(
        refused(&post(
            &house,
            &boss,
            &format!("/v1/retentions/{id}/approve"),
            json!({})
        ))
        .contains("same person")
    );
    assert_eq!(
        post(
            &house,
            &chief,
            &format!("/v1/retentions/{id}/refuse"),
            json!({})
        )
        .status,
        200
    );
    assert!(house.app.evidence.get(&sha256).is_ok());
    assert_eq!(
        house.get(&boss, "/v1/retentions").json()["items"],
        json!([])
    );
    // As it was drafted: that it is registered was put in by hand.
    house.sql("UPDATE drafts SET state = 'open', acked_ms = NULL");
    holds(&house);
}

#[test]
fn an_original_that_another_letter_has_too_is_not_destroyed() {
    let (house, zhang, boss, sha256) = with_policy();
    house.drafted("A2");
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{sha256}' WHERE letter_id = 'A2'"
    ));
    let id = post(
        &house,
        &zhang,
        "/v1/letters/A1/destruction",
        json!({"policy": "短期"}),
    )
    .json()["id"]
        .clone();
    assert_eq!(
        post(
            &house,
            &boss,
            &format!("/v1/retentions/{id}/approve"),
            json!({})
        )
        .status,
        200
    );
    assert!(house.app.evidence.get(&sha256).is_ok());
    assert_eq!(house.count("SELECT count(*) FROM tombstones"), 0);
}

fn set(house: &House, id: &str, address: &str, dated: &str) {
    house.sql(&format!(
        "UPDATE drafts SET body = json_set(body, '$.fields.address.value', '{address}', '$.fields.letter_date.value', '{dated}') WHERE letter_id = '{id}'"
    ));
}

#[test]
fn a_box_lists_its_letters_by_region_then_date_then_intake() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let made = post(
        &house,
        &zhang,
        "/v1/boxes",
        json!({"name": "2026-01", "location": "三号柜 2 层"}),
    );
    let id = made.json()["id"].as_i64().unwrap();
    assert!(
        refused(&post(
            &house,
            &zhang,
            "/v1/boxes",
            json!({"name": "2026-01", "location": "别处"})
        ))
        .contains("there already")
    );
    let letters = [
        ("A1", "江苏省苏州市姑苏区平江路12号", "2026-01-05"),
        ("A2", "内详", "2025-01-01"),
        ("A3", "江苏省苏州市吴中区木渎镇", "2026-02-01"),
        ("A4", "江苏省苏州市姑苏区平江路99号", "2025-12-31"),
        ("A5", "江苏省苏州市姑苏区平江路7号", "2026-01-05"),
    ];
    for (letter, address, dated) in letters {
        house.drafted(letter);
        set(&house, letter, address, dated);
        let put = format!("/v1/letters/{letter}/box");
        assert!(refused(&post(&house, &zhang, &put, json!({"box": id}))).contains("not confirmed"));
        assert_eq!(confirm(&house, &zhang, letter).status, 200);
        assert_eq!(post(&house, &zhang, &put, json!({"box": id})).status, 200);
    }
    let list = house.get(&zhang, &format!("/v1/boxes/{id}")).json()["list"].clone();
    let order: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["letter"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["A3", "A4", "A1", "A5", "A2"]);
    assert_eq!(
        list[0]["division"].as_str().map(|code| &code[..6]),
        Some("320506")
    );
    assert_eq!(
        post(&house, &zhang, &format!("/v1/boxes/{id}/close"), json!({})).status,
        200
    );
    house.drafted("A6");
    confirm(&house, &zhang, "A6");
    assert!(
        refused(&post(
            &house,
            &zhang,
            "/v1/letters/A6/box",
            json!({"box": id})
        ))
        .contains("closed")
    );
    let moved = post(
        &house,
        &zhang,
        &format!("/v1/boxes/{id}/move"),
        json!({"location": "库房"}),
    );
    assert_eq!(moved.json()["location"], "库房");
    holds(&house);
}

#[test]
fn paper_leaves_its_box_with_a_reason_and_another_persons_approval_and_comes_back() {
    let house = House::new();
    let (zhang, li) = (
        house.person("zhang", Role::Operator),
        house.person("li", Role::Operator),
    );
    house.drafted("A1");
    let ask = |caller: &Caller| {
        post(
            &house,
            caller,
            "/v1/letters/A1/loans",
            json!({"reason": "承办处室核对原件"}),
        )
    };
    assert!(refused(&ask(&zhang)).contains("in no box"));
    let id = post(
        &house,
        &zhang,
        "/v1/boxes",
        json!({"name": "1", "location": "柜"}),
    )
    .json()["id"]
        .clone();
    confirm(&house, &zhang, "A1");
    post(&house, &zhang, "/v1/letters/A1/box", json!({"box": id}));
    let loan = ask(&zhang).json()["id"].clone();
    assert!(refused(&ask(&li)).contains("asked for or out already"));
    let of = |what: &str| format!("/v1/loans/{loan}/{what}");
    assert!(refused(&post(&house, &zhang, &of("approve"), json!({}))).contains("same person"));
    assert_eq!(
        post(&house, &li, &of("approve"), json!({})).json()["approved_by"],
        "li"
    );
    assert_eq!(
        house.get(&zhang, &format!("/v1/boxes/{id}")).json()["list"][0]["is_out"],
        true
    );
    assert!(
        refused(&post(
            &house,
            &zhang,
            "/v1/letters/A1/box",
            json!({"box": id})
        ))
        .contains("lent out")
    );
    assert_eq!(
        house.get(&zhang, "/v1/loans").json()["items"][0]["letter"],
        "A1"
    );
    assert_eq!(post(&house, &zhang, &of("back"), json!({})).status, 200);
    assert!(refused(&post(&house, &zhang, &of("back"), json!({}))).contains("back already"));
    assert_eq!(house.get(&zhang, "/v1/loans").json()["items"], json!([]));
    holds(&house);
}

#[test]
fn a_page_of_a_withheld_letter_is_held_for_a_person() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.letter("A1");
    house.draft("A1", Offer::Confirmed);
    post(
        &house,
        &zhang,
        "/v1/letters/A1/withdraw",
        json!({"reason": "同一封信扫描了两次"}),
    );
    let taken = house.app.store.wait(|db| {
        let arrival = db.note_arrival(&laixin::store::NewArrival {
            source: "s".into(),
            name: "A1_p2.jpg".into(),
            file_key: "k2".into(),
            first_seen: laixin::clock::now(),
            seen: None,
        })?;
        db.take_page(&laixin::store::TakePage {
            arrival: arrival.id,
            group: "A1".into(),
            kind: laixin::domain::text::PageKind::Letter,
            number: Some(2),
            frames: vec![0],
            original: laixin::evidence::Original {
                sha256: "ee".into(),
                sm3: "ff".into(),
                size: 1,
            },
        })
    });
    assert!(matches!(
        taken.unwrap(),
        laixin::store::Taken::LetterClosed { .. }
    ));
}
