//! Batches, cabinets, letters, pages, corrections, events.

use std::io::{BufRead, BufReader};

use laixin::config::Offer;
use laixin::disinfect::{Order, Refused, TroubleView};
use laixin::events::Event;
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House, PASSWORD};

fn new_batch() -> Value {
    json!({"carrier": "registered", "count": 2, "received_at": "2026-11-20T08:30:00+08:00"})
}

#[test]
fn a_batch_is_signed_in_loaded_overridden_and_closed() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let made = house.post(&zhang, "/v1/batches", new_batch());
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (
            made.json()["id"].as_i64(),
            made.json()["signed_by"].as_str()
        ),
        (Some(1), Some("zhang"))
    );
    let load = house.post(
        &zhang,
        "/v1/batches/1/loads",
        json!({"cabinet": "cabinet-1"}),
    );
    assert_eq!(
        (load.status, load.json()["state"].as_str()),
        (201, Some("waiting"))
    );
    assert_eq!(
        house
            .post(&zhang, "/v1/batches/1/loads", json!({"cabinet": "none"}))
            .code(),
        "not_found"
    );
    house.add_user("li", Role::Operator);
    let signed =
        |reason: &str| json!({"reason": reason, "approver": "li", "approver_password": PASSWORD});
    assert_eq!(
        house
            .post(&zhang, "/v1/loads/1/override", signed(" "))
            .code(),
        "body_invalid"
    );
    let opened = house.post(&zhang, "/v1/loads/1/override", signed("柜体故障，人工消毒"));
    assert_eq!(opened.status, 200, "{}", opened.text);
    let r#override = &opened.json()["override"];
    assert_eq!(
        (
            r#override["by"].as_str(),
            r#override["approved_by"].as_str()
        ),
        (Some("zhang"), Some("li"))
    );
    assert_eq!(
        house
            .post(&zhang, "/v1/loads/1/override", signed("再来一次吧"))
            .code(),
        "wrong_state"
    );
    assert_eq!(
        house.post(&zhang, "/v1/batches/1/close", json!({})).code(),
        "wrong_state",
        "the counts differ"
    );
    let closing = |body: Value| house.post(&zhang, "/v1/batches/1/close", body);
    let noted = closing(json!({"note": "两封退回"}));
    assert_eq!(
        noted.code(),
        "wrong_state",
        "a note alone says not what is missing"
    );
    let one = json!({"exception": "returned", "letters": 1, "note": "一封退回"});
    assert_eq!(closing(one).code(), "wrong_state", "one more is missing");
    let unsaid = json!({"exception": "returned", "letters": 2});
    assert_eq!(closing(unsaid).code(), "body_invalid");
    let named = json!({"exception": "returned", "letters": 2, "note": "两封退回"});
    let closed = closing(named).json();
    assert!(closed["closed_at"].is_string());
    assert_eq!(closed["exceptions"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        house
            .post(
                &zhang,
                "/v1/batches/1/loads",
                json!({"cabinet": "cabinet-1"})
            )
            .code(),
        "wrong_state"
    );
    assert_eq!(house.get(&zhang, "/v1/batches/7").code(), "not_found");
}

#[test]
fn a_batch_sent_twice_under_one_key_is_one_batch() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let keyed = zhang.with("idempotency-key", "b-1");
    let (first, second) = (
        house.post(&keyed, "/v1/batches", new_batch()),
        house.post(&keyed, "/v1/batches", new_batch()),
    );
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert_eq!(house.count("SELECT count(*) FROM batches"), 1);
    let mut other = new_batch();
    other["count"] = json!(3);
    assert_eq!(
        house.post(&keyed, "/v1/batches", other).code(),
        "key_reused"
    );
    let bad = zhang.with("idempotency-key", "with space");
    assert_eq!(
        house.post(&bad, "/v1/batches", new_batch()).code(),
        "key_invalid"
    );
}

#[test]
fn a_batch_sent_side_by_side_under_one_key_is_one_batch() {
    let house = House::new();
    let keyed = house
        .person("zhang", Role::Operator)
        .with("idempotency-key", "b-1");
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads
                .spawn(|| assert_eq!(house.post(&keyed, "/v1/batches", new_batch()).status, 201));
        }
    });
    assert_eq!(house.count("SELECT count(*) FROM batches"), 1);
}

#[test]
fn odd_batches_are_refused() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    for (key, value) in [
        ("count", json!(0)),
        ("count", json!(-1)),
        ("carrier", json!("pigeon")),
        ("received_at", json!("2026-11-20 08:30")),
        ("extra", json!(1)),
    ] {
        let mut batch = new_batch();
        batch[key] = value;
        assert_eq!(
            house.post(&zhang, "/v1/batches", batch).code(),
            "body_invalid",
            "{key}"
        );
    }
    let cut_short = house.call(&zhang, "POST", "/v1/batches", Some("{"));
    assert_eq!(
        (cut_short.status, cut_short.code()),
        (400, "not_json".to_owned())
    );
    let form = zhang.sending("application/x-www-form-urlencoded");
    let sent_as_form = house.call(&form, "POST", "/v1/batches", Some("count=1"));
    assert_eq!(
        (sent_as_form.status, sent_as_form.code()),
        (415, "content_type".to_owned())
    );
    let large = format!("{{\"carrier\":\"{}\"}}", "x".repeat(300_000));
    assert_eq!(
        house
            .call(&zhang, "POST", "/v1/batches", Some(&large))
            .code(),
        "body_too_large"
    );
}

/// Taken for the fields in their order, `[1]` would claim one draft.
#[test]
fn a_list_where_an_object_is_asked_for_is_refused_and_numbers_are_called_numbers() {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    for (body, told) in [
        ("[1]", "expected an object"),
        ("  [1, 60]", "expected an object"),
        (
            "{\"limit\": \"two\"}",
            "expected a whole number, not negative",
        ),
        ("{\"limit\": -1}", "expected a whole number, not negative"),
    ] {
        let refused = house.call(&cases, "POST", "/v1/drafts/claims", Some(body));
        assert_eq!(refused.code(), "body_invalid", "{body}");
        assert!(refused.text.contains(told), "{}", refused.text);
    }
}

#[test]
fn nothing_was_received_in_another_century_or_tomorrow() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    for when in [
        "1800-01-01T08:30:00+08:00",
        "2015-01-01T08:30:00+08:00",
        "2099-01-01T08:30:00+08:00",
    ] {
        let mut batch = new_batch();
        batch["received_at"] = json!(when);
        let refused = house.post(&zhang, "/v1/batches", batch);
        assert_eq!(refused.code(), "body_invalid", "{when}");
        assert!(
            refused.text.contains("clock of this station"),
            "{}",
            refused.text
        );
    }
}

#[test]
fn a_body_of_another_shape_is_not_told_what_we_call_it() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    for body in ["[]", "7", "\"x\""] {
        let refused = house.call(&zhang, "POST", "/v1/cabinets/cabinet-1/cycles", Some(body));
        assert_eq!(refused.code(), "body_invalid", "{body}");
        assert!(
            refused.text.contains("expected an object"),
            "{}",
            refused.text
        );
        assert!(!refused.text.contains("struct"), "{}", refused.text);
    }
}

#[test]
fn lists_page_by_cursor_without_losing_or_repeating() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    for n in 0..7 {
        house.drafted(&format!("A{n}"));
        house.post(&zhang, "/v1/batches", new_batch());
    }
    for (list, expected) in [("batches", 8), ("letters", 7), ("drafts", 7)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let part = house
                .get(&zhang, &format!("/v1/{list}?limit=3{cursor}"))
                .json();
            seen.extend(
                part["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].to_string()),
            );
            let Some(next) = part["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(
            (seen.len(), distinct.len()),
            (expected, expected),
            "{list}: {seen:?}"
        );
        for bad in ["zz", "a", "ff", "%E4%BF%A1"] {
            let answer = house.get(&zhang, &format!("/v1/{list}?cursor={bad}"));
            // A draft's place is its number: any text is one.
            if answer.status != 200 {
                assert_eq!(answer.code(), "cursor_invalid", "{list} {bad}");
            }
        }
        assert_eq!(
            house.get(&zhang, &format!("/v1/{list}?limit=0")).code(),
            "query_invalid"
        );
        assert_eq!(
            house.get(&zhang, &format!("/v1/{list}?limit=x")).code(),
            "query_invalid"
        );
    }
    // A filter that is misspelt must not answer with everything.
    for (address, named) in [
        (
            "/v1/letters?stages=drafted",
            "stages: no such parameter; there is batch, cursor, limit, stage",
        ),
        (
            "/v1/letters/A1?full=1",
            "full: no such parameter; none is taken here",
        ),
        ("/v1/letters?%E4%BF%A1=1", "one: no such parameter"),
    ] {
        let answer = house.get(&zhang, address);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "query_unknown")
        );
        assert!(answer.text.contains(named), "{}", answer.text);
    }
    let tried = house.call(&zhang, "POST", "/v1/batches?dry_run=true", Some("{}"));
    assert_eq!(tried.code(), "query_unknown");
    assert_eq!(house.get(&zhang, "/healthz?probe=1").status, 200);
    let drafted = house
        .get(&zhang, "/v1/letters?stage=drafted&batch=1")
        .json();
    assert_eq!(drafted["items"].as_array().unwrap().len(), 7);
    assert_eq!(
        house.get(&zhang, "/v1/letters?stage=confirmed").json()["items"],
        json!([])
    );
}

fn broken_ozone_sensor() -> TroubleView {
    TroubleView {
        point: "ozone_mg_m3".into(),
        code: "out_of_range".into(),
        place: "input_register 1".into(),
        read: "65.535 mg/m3 (raw 65535)".into(),
        expected: "0 … 20 mg/m3".into(),
        needed: true,
    }
}

#[test]
fn a_cabinet_shows_itself_and_takes_orders() {
    let mut house = House::new();
    house.cabinet_answers(|order| match order {
        Order::Start {
            load: 7, answer, ..
        } => {
            let refused = Refused::NotNow {
                code: "door_open".into(),
            };
            let _ = answer.send(Err(refused));
        }
        Order::Start {
            load: 8, answer, ..
        } => {
            let _ = answer.send(Err(Refused::Reading(Box::new(broken_ozone_sensor()))));
        }
        Order::Start { answer, .. } => {
            let _ = answer.send(Ok("C000001".into()));
        }
        Order::SelfTest { answer, .. } => {
            let _ = answer.send(Ok(3));
        }
        Order::Abort { answer, .. }
        | Order::Acknowledge { answer, .. }
        | Order::TurnedOver { answer, .. } => {
            let _ = answer.send(Ok(()));
        }
    });
    let wang = house.person("wang", Role::Maintenance);
    assert_eq!(
        house.get(&wang, "/v1/cabinets/cabinet-1").json()["step"],
        "idle"
    );
    assert_eq!(
        house.get(&wang, "/v1/cabinets").json()["items"][0]["id"],
        "cabinet-1"
    );
    assert_eq!(house.get(&wang, "/v1/cabinets/none").code(), "not_found");
    let started = house.post(&wang, "/v1/cabinets/cabinet-1/cycles", json!({"load": 1}));
    assert_eq!(
        (started.status, started.json()),
        (201, json!({"cycle": "C000001"}))
    );
    let refused = house.post(&wang, "/v1/cabinets/cabinet-1/cycles", json!({"load": 7}));
    assert_eq!(refused.code(), "cabinet_refuses");
    assert!(refused.text.contains("door_open"));
    let refused = house.post(&wang, "/v1/cabinets/cabinet-1/cycles", json!({"load": 8}));
    assert_eq!(refused.json()["reason"], "reading_missing");
    let trouble = &refused.json()["trouble"];
    assert_eq!(trouble["point"], "ozone_mg_m3");
    assert_eq!(trouble["read"], "65.535 mg/m3 (raw 65535)");
    assert_eq!(trouble["expected"], "0 … 20 mg/m3");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    for word in ["ozone_mg_m3", "input_register 1", "65.535", "0 … 20"] {
        assert!(detail.contains(word), "{word}: {detail}");
    }
    assert_eq!(
        house
            .call(&wang, "POST", "/v1/cabinets/cabinet-1/abort", None)
            .status,
        204
    );
    let test = "/v1/cabinets/cabinet-1/selftest";
    let full = house.post(&wang, test, json!({"empty": false}));
    assert_eq!(full.code(), "body_invalid");
    let begun = house.post(&wang, test, json!({"empty": true}));
    assert_eq!((begun.status, begun.json()), (202, json!({"self_test": 3})));
    // Whether letters were turned is for those who handle them.
    let turned_over = "/v1/cabinets/cabinet-1/turned-over";
    let refused = house.call(&wang, "POST", turned_over, None);
    assert_eq!(refused.code(), "forbidden");
}

fn correct(house: &House, caller: &Caller, etag: &str, fields: Value) -> Answer {
    let caller = caller.with("if-match", etag);
    house.call(
        &caller,
        "PATCH",
        "/v1/letters/A1/fields",
        Some(&fields.to_string()),
    )
}

#[test]
fn corrections_need_the_newest_version() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let etag = house.get(&zhang, "/v1/letters/A1").header("etag");
    let new = json!({"sender_name": {"value": "陆思羽"}});
    let bare = house.call(
        &zhang,
        "PATCH",
        "/v1/letters/A1/fields",
        Some(&new.to_string()),
    );
    assert_eq!(
        (bare.status, bare.code().as_str()),
        (428, "if_match_missing")
    );
    for stale in ["\"0\"", "*", "W/\"2\"", "2"] {
        let answer = correct(&house, &zhang, stale, new.clone());
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (412, "changed"),
            "{stale}"
        );
    }
    let done = correct(&house, &zhang, &etag, new.clone());
    assert_eq!(done.status, 200, "{}", done.text);
    let name = &done.json()["draft"]["draft"]["fields"]["sender_name"];
    assert_eq!(
        (name["value"].as_str(), name["source"].as_str()),
        (Some("陆思羽"), Some("officer"))
    );
    assert_eq!(name["alternatives"][0]["value"], "陆思雨");
    assert_ne!(done.header("etag"), etag);
    assert_eq!(correct(&house, &zhang, &etag, new).code(), "changed");
    assert_eq!(
        house.count("SELECT count(*) FROM corrections WHERE by = 'zhang' AND before = '陆思雨'"),
        1
    );
    // The ledger knows which field, not what stands in it.
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE detail LIKE '%陆思%'"),
        0
    );
}

#[test]
fn corrections_that_are_not_allowed_name_the_field_and_not_the_text() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let etag = house.get(&zhang, "/v1/letters/A1").header("etag");
    for (fields, code) in [
        (
            json!({"letter_date": {"value": "秘密"}}),
            "correction_invalid",
        ),
        (json!({"phones": ["秘密"]}), "correction_invalid"),
        (json!({"sender_name": {}}), "body_invalid"),
        (json!({"sender_name": {"value": 1}}), "body_invalid"),
        (json!({"sender_name": "秘密"}), "body_invalid"),
        (json!({"名": "秘密"}), "body_invalid"),
    ] {
        let answer = correct(&house, &zhang, &etag, fields.clone());
        assert_eq!(answer.code(), code, "{fields}");
        assert!(!answer.text.contains("秘密"), "{}", answer.text);
    }
    let wrong_type = correct(&house, &zhang, &etag, json!({"sender_name": {"value": 1}}));
    let told = wrong_type.json()["detail"].to_string();
    assert!(
        told.contains("sender_name") && told.contains("expected a string"),
        "{told}"
    );
    assert_eq!(house.get(&zhang, "/v1/letters/A1").header("etag"), etag);
}

#[test]
fn a_change_without_if_match_is_told_so_before_its_body_is_looked_at() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let answer = house.call(&zhang, "PATCH", "/v1/letters/A1/fields", Some("{"));
    assert_eq!(
        (answer.status, answer.code()),
        (428, "if_match_missing".to_owned())
    );
}

#[test]
fn a_correction_withdraws_the_confirmation_and_a_claim_ends_corrections() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let confirm = |etag: &str| {
        house.call(
            &zhang.with("if-match", etag),
            "POST",
            "/v1/letters/A1/confirm",
            None,
        )
    };
    let confirmed = confirm(&house.get(&zhang, "/v1/letters/A1").header("etag"));
    assert_eq!(
        (confirmed.status, confirmed.json()["stage"].as_str()),
        (200, Some("confirmed"))
    );
    let corrected = correct(
        &house,
        &zhang,
        &confirmed.header("etag"),
        json!({"summary": "一"}),
    );
    assert_eq!(corrected.json()["stage"], "drafted");
    assert_eq!(corrected.json()["draft"]["ready_at"], Value::Null);
    assert_eq!(corrected.json()["draft"]["draft"]["confirmed"], Value::Null);
    let claim = || {
        house.post(&cases, "/v1/drafts/claims", json!({})).json()["drafts"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(claim(), 0);
    let confirmed = confirm(&corrected.header("etag"));
    assert_eq!(claim(), 1);
    let late = correct(
        &house,
        &zhang,
        &confirmed.header("etag"),
        json!({"summary": "二"}),
    );
    assert_eq!(late.code(), "with_case_system");
}

/// SZ 7.3.5(5): other urgent matters are for a person to say, with the reason.
#[test]
fn a_letter_that_a_person_calls_urgent_goes_before_others_until_that_is_taken_back() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let letter = || house.get(&zhang, "/v1/letters/A1");
    let say = |reason: Value| {
        let etag = letter().header("etag");
        let urgent = json!({"urgent_reason": {"value": reason}});
        let answer = correct(&house, &zhang, &etag, urgent);
        assert_eq!(answer.status, 200, "{}", answer.json());
    };
    assert_eq!(letter().json()["urgent"], false);
    say("明日停暖，有病人".into());
    let told = letter().json();
    assert_eq!(told["urgent"], true);
    let fields = &told["draft"]["draft"]["fields"];
    assert_eq!(fields["urgent_reason"], "明日停暖，有病人");
    house.draft("A1", Offer::Confirmed);
    assert_eq!(letter().json()["urgent"], true, "a later reading leaves it");
    say(Value::Null);
    assert_eq!(letter().json()["urgent"], false);
}

/// SZ 7.4.2.2: a letter is registered under its sender or as 匿名, never under nobody.
#[test]
fn a_letter_whose_sender_was_emptied_is_not_confirmed() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let etag = || house.get(&zhang, "/v1/letters/A1").header("etag");
    let confirm = || {
        house.call(
            &zhang.with("if-match", &etag()),
            "POST",
            "/v1/letters/A1/confirm",
            None,
        )
    };
    correct(
        &house,
        &zhang,
        &etag(),
        json!({"sender_name": {"value": null}}),
    );
    assert_eq!(confirm().code(), "sender_open");
    let nobody = json!({"anonymous": {"value": true, "reason": "无署名"}});
    correct(&house, &zhang, &etag(), nobody);
    assert_eq!(confirm().status, 200);
}

#[test]
fn a_later_reading_keeps_what_an_officer_corrected() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let etag = house.get(&zhang, "/v1/letters/A1").header("etag");
    correct(
        &house,
        &zhang,
        &etag,
        json!({"sender_name": {"value": "陆思羽"}}),
    );
    house.draft("A1", Offer::Confirmed);
    let letter = house.get(&zhang, "/v1/letters/A1").json();
    assert_eq!(
        letter["draft"]["draft"]["fields"]["sender_name"]["value"],
        "陆思羽"
    );
}

#[test]
fn every_look_at_a_letter_and_its_pages_is_on_record() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let sample = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/letters/S001_p1.jpg"
    ))
    .unwrap();
    let original = house.app.evidence.put(&sample).unwrap();
    house.sql(&format!("UPDATE pages SET sha256 = '{}'", original.sha256));
    house.get(&zhang, "/v1/letters/A1");
    for _ in 0..2 {
        let page = house.get_bytes(&zhang, "/v1/letters/A1/pages/1");
        assert_eq!((page.0, page.1.as_str()), (200, "image/jpeg"));
        assert_eq!(page.2, sample, "the original, byte for byte");
    }
    assert_eq!(
        house.get_bytes(&zhang, "/v1/letters/A1/pages/1/image").2,
        sample
    );
    let thumbnail = house.get_bytes(&zhang, "/v1/letters/A1/pages/1/thumbnail");
    assert_eq!((thumbnail.0, thumbnail.1.as_str()), (200, "image/jpeg"));
    assert!(thumbnail.2.len() < 60_000, "{}", thumbnail.2.len());
    assert_eq!(
        house.get(&zhang, "/v1/letters/A1/pages/2").code(),
        "not_found"
    );
    let of = |action: &str| {
        let sql = format!(
            "SELECT count(*) FROM ledger WHERE subject = 'letter/A1' AND actor = 'zhang' AND action = '{action}'"
        );
        house.count(&sql)
    };
    assert_eq!((of("letter.viewed"), of("page.viewed")), (1, 4));
    // A part of a page, with the digest of the whole; who has it is told so. Each is a look, too.
    for path in ["", "/image"] {
        let path = format!("/v1/letters/A1/pages/1{path}");
        let part = house.open(&zhang.with("range", "bytes=5-14"), &path);
        assert_eq!(part.status(), 206, "{path}");
        let etag = part.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(etag, format!("\"{}\"", original.sha256));
        assert!(part.headers().contains_key("repr-digest"));
        let known = house.open(&zhang.with("if-none-match", &etag), &path);
        assert_eq!(known.status(), 304, "{path}");
    }
    assert_eq!(of("page.viewed"), 8);
    let chain = house.app.store.wait(|db| db.verify_ledger()).unwrap();
    assert!(chain.is_ok(), "{chain:?}");
}

#[test]
fn a_tiff_page_is_shown_as_jpeg_frame_by_frame() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let original = house
        .app
        .evidence
        .put(&super::house::two_page_tiff())
        .unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{}', frame = 1",
        original.sha256
    ));
    let shown = house.get_bytes(&zhang, "/v1/letters/A1/pages/1/image");
    assert_eq!((shown.0, shown.1.as_str()), (200, "image/jpeg"));
    let page = &ocr::decode(&shown.2, &ocr::Limits::default()).unwrap()[0];
    assert_eq!((page.width(), page.height()), (24, 16));
    assert_eq!(
        house.get_bytes(&zhang, "/v1/letters/A1/pages/1").1,
        "image/tiff"
    );
    house.sql("UPDATE pages SET frame = 2");
    assert_eq!(
        house.get(&zhang, "/v1/letters/A1/pages/1/image").code(),
        "page_unreadable"
    );
}

#[test]
fn a_pdf_page_is_shown_as_jpeg_and_given_as_it_came() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    let sample = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/drivers/ocr/tests/samples/scan_pages.pdf"
    ))
    .unwrap();
    let original = house.app.evidence.put(&sample).unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{}', frame = 2",
        original.sha256
    ));
    for what in ["image", "thumbnail"] {
        let shown = house.get_bytes(&zhang, &format!("/v1/letters/A1/pages/1/{what}"));
        assert_eq!((shown.0, shown.1.as_str()), (200, "image/jpeg"), "{what}");
        let page = &ocr::decode(&shown.2, &ocr::Limits::default()).unwrap()[0];
        assert_eq!((page.width(), page.height()), (96, 64), "{what}");
    }
    let given = house.get_bytes(&zhang, "/v1/letters/A1/pages/1");
    assert_eq!((given.1.as_str(), given.2), ("application/pdf", sample));
}

#[test]
fn an_altered_original_is_not_shown() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted("A1");
    assert_eq!(
        house.get(&zhang, "/v1/letters/A1/pages/1").code(),
        "defect",
        "'aa' is no hash"
    );
    house.sql(&format!("UPDATE pages SET sha256 = '{}'", "0".repeat(64)));
    assert_eq!(
        house.get(&zhang, "/v1/letters/A1/pages/1").code(),
        "original_missing"
    );
}

#[test]
fn a_case_system_sees_pages_only_of_drafts_on_their_way() {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let sample = house.app.evidence.put(b"\xFF\xD8\xFFnot whole").unwrap();
    house.sql(&format!("UPDATE pages SET sha256 = '{}'", sample.sha256));
    assert_eq!(
        house.get(&cases, "/v1/letters/A1/pages/1").code(),
        "not_found"
    );
    house
        .app
        .store
        .wait(|db| db.confirm("A1", 2, "zhang"))
        .unwrap();
    assert_eq!(house.get_bytes(&cases, "/v1/letters/A1/pages/1").0, 200);
}

#[test]
fn events_reach_a_listener() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let response = house.open(&zhang, "/v1/events");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut lines = BufReader::new(response.into_body().into_reader())
        .lines()
        .map(Result::unwrap);
    // The cabinet's state comes at once; from then on the listener hears everything.
    assert!(lines.any(|line| line == "event: cabinet"));
    house.app.events.tell(Event::Letter {
        letter: "A1".into(),
        what: "drafted".into(),
    });
    assert!(lines.any(|line| line == "event: letter"));
    assert_eq!(
        lines.next().unwrap(),
        "data: {\"event\":\"letter\",\"letter\":\"A1\",\"what\":\"drafted\"}"
    );
    house.app.closing.cancel();
    assert_eq!(
        lines.last().unwrap(),
        "",
        "the stream ends with the station"
    );
}

/// Whoever may not ask any more hears no more either.
#[test]
fn a_stream_of_events_ends_with_its_session_its_account_its_role_and_its_token() {
    use std::io::Read;
    let house = House::new();
    type End = fn(&mut laixin::store::Db);
    let ends: [(&str, End); 3] = [
        ("closed", |db| db.disable_user("closed", "test").unwrap()),
        ("moved", |db| {
            db.set_role("moved", Role::Maintenance, "test").unwrap();
        }),
        ("token/cases", |db| {
            db.revoke_token("cases", "test").unwrap()
        }),
    ];
    for (name, end) in ends {
        let caller = match name {
            "token/cases" => house.machine("cases", laixin::store::Scope::CaseSystem),
            name => house.person(name, Role::Operator),
        };
        let mut body = house.open(&caller, "/v1/events").into_body().into_reader();
        let ended = house.app.store.wait(move |db| {
            end(db);
            Ok(())
        });
        ended.unwrap();
        let began = std::time::Instant::now();
        let mut text = String::new();
        body.read_to_string(&mut text).unwrap();
        assert!(
            began.elapsed().as_secs() < 5,
            "{name}: {:?}",
            began.elapsed()
        );
    }
    // One that holds goes on, and is not made to last by it.
    let zhang = house.person("zhang", Role::Operator);
    let before = house.count("SELECT max(expires_ms) FROM sessions WHERE user = 'zhang'");
    let mut body = house.open(&zhang, "/v1/events").into_body().into_reader();
    std::thread::park_timeout(std::time::Duration::from_millis(1200));
    house
        .app
        .events
        .tell(laixin::events::Event::Batch { batch: 1 });
    let mut part = [0; 512];
    assert!(body.read(&mut part).unwrap() > 0);
    let after = house.count("SELECT max(expires_ms) FROM sessions WHERE user = 'zhang'");
    assert_eq!(before, after);
}
