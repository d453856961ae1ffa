//! Signing in and out, lock-out, cookies, tokens.

use laixin::store::{FAILURES_ALLOWED, Role, Scope};
use serde_json::json;

use super::house::{Caller, House, PASSWORD};
use crate::support::wait_for;

fn wrong(house: &House, user: &str) -> (u16, String) {
    let answer = house.post(
        &Caller::default(),
        "/v1/session",
        json!({"user": user, "password": "wrong wrong wrong"}),
    );
    (answer.status, answer.text)
}

#[test]
fn a_person_signs_in_and_out() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    let answer = house.sign_in("zhang");
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let caller = Caller::default().with("cookie", cookie.split(';').next().unwrap());
    let session = house.get(&caller, "/v1/session").json();
    assert_eq!(
        (session["user"].as_str(), session["role"].as_str()),
        (Some("zhang"), Some("operator"))
    );
    let signed = caller.with("x-csrf-token", session["csrf"].as_str().unwrap());
    assert_eq!(
        house.call(&signed, "DELETE", "/v1/session", None).status,
        204
    );
    assert_eq!(house.get(&signed, "/v1/session").code(), "not_signed_in");
    assert_eq!(
        house.count(
            "SELECT count(*) FROM ledger WHERE action IN ('session.begun', 'session.ended')"
        ),
        2
    );
}

#[test]
fn the_cookie_is_not_in_the_database() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    let cookie = house.sign_in("zhang").header("set-cookie");
    let secret = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    assert_eq!(
        house.count(&format!(
            "SELECT count(*) FROM sessions WHERE hash = '{secret}'"
        )),
        0
    );
    assert_eq!(house.count("SELECT count(*) FROM sessions"), 1);
}

#[test]
fn an_unknown_user_gets_the_same_answer_as_a_wrong_password() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    let (known, unknown) = (wrong(&house, "zhang"), wrong(&house, "nobody"));
    assert_eq!(known, unknown);
    assert_eq!(known.0, 401);
    // Neither the name nor anything typed is kept of an unknown user.
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE subject LIKE '%nobody%'"),
        0
    );
}

#[test]
fn failures_lock_the_account_even_for_the_right_password() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    for _ in 0..FAILURES_ALLOWED {
        assert_eq!(wrong(&house, "zhang").0, 401);
    }
    assert_eq!(house.sign_in("zhang").code(), "sign_in_failed");
    // The lock runs out.
    house.sql("UPDATE users SET locked_ms = 1");
    assert_eq!(house.sign_in("zhang").status, 200);
    assert_eq!(house.count("SELECT failures FROM users"), 0);
}

/// Each was counted as a wrong one before it was looked at, and stayed so when its browser had gone meanwhile: on a busy machine five of them locked the
/// account, or the officer's second signature.
#[test]
fn right_passwords_whose_answers_nobody_waits_for_lock_nobody_out() {
    let house = House::new();
    let wang = house.person("wang", Role::ConfirmingOfficer);
    house.add_user("zhang", Role::Operator);
    house.letter("A1");
    let sign_in = json!({"user": "zhang", "password": PASSWORD});
    let sign = json!({"reason": "柜坏", "approver": "zhang", "approver_password": PASSWORD});
    let tried = "SELECT count(*) FROM ledger WHERE action LIKE '%.tried'";
    let failures = "SELECT failures FROM users WHERE name = 'zhang'";
    let proven = "SELECT count(*) FROM ledger WHERE action = 'user.proven'";
    for signed in 0..i64::from(FAILURES_ALLOWED) {
        for (caller, path, body, held) in [
            (&Caller::default(), "/v1/session", &sign_in, (failures, 0)),
            (&wang, "/v1/loads/1/override", &sign, (proven, signed + 1)),
        ] {
            let before = house.count(tried);
            let browser = house.asks(caller, path, body);
            wait_for("it to be counted", 60, || {
                (house.count(tried) > before).then_some(())
            });
            drop(browser);
            // Side by side they would count as guesses do, and lock for a moment.
            wait_for("it to be looked at", 60, || {
                (house.count(held.0) == held.1).then_some(())
            });
        }
    }
    assert_eq!(house.sign_in("zhang").status, 200);
    let signed = house.post(&wang, "/v1/loads/1/override", sign);
    assert_ne!(signed.code(), "approval_failed");
}

#[test]
fn guesses_side_by_side_count_too() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    std::thread::scope(|threads| {
        for _ in 0..FAILURES_ALLOWED * 2 {
            threads.spawn(|| wrong(&house, "zhang"));
        }
    });
    assert_eq!(house.sign_in("zhang").code(), "sign_in_failed");
}

#[test]
fn a_session_ends_when_it_is_not_used_or_the_account_is_closed() {
    let house = House::new();
    let caller = house.person("zhang", Role::Operator);
    assert_eq!(house.get(&caller, "/v1/session").status, 200);
    house.sql("UPDATE sessions SET expires_ms = 1");
    assert_eq!(house.get(&caller, "/v1/session").code(), "not_signed_in");
    let caller = house.person("wang", Role::Operator);
    house
        .app
        .store
        .wait(|db| db.disable_user("wang", "test"))
        .unwrap();
    assert_eq!(house.get(&caller, "/v1/session").code(), "not_signed_in");
    assert_eq!(house.sign_in("wang").code(), "sign_in_failed");
}

#[test]
fn nobody_is_signed_in_by_a_page_of_another_site_nor_under_another_name_of_this_machine() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    let from = |name: &str, value: &str| {
        let asked = json!({"user": "zhang", "password": "whatever it is"});
        house.post(&Caller::default().with(name, value), "/v1/session", asked)
    };
    assert_eq!(from("origin", "http://evil.example").code(), "csrf");
    assert_eq!(from("origin", "null").code(), "csrf");
    let rebound = from("host", "evil.example:8470");
    assert_eq!(
        (rebound.status, rebound.code().as_str()),
        (421, "misdirected")
    );
    assert_eq!(from("accept", "*/*").code(), "sign_in_failed");
}

#[test]
fn an_unsafe_call_by_cookie_needs_the_csrf_token() {
    let house = House::new();
    house.add_user("zhang", Role::Operator);
    let cookie = house.sign_in("zhang").header("set-cookie");
    let caller = Caller::default().with("cookie", cookie.split(';').next().unwrap());
    let batch =
        json!({"carrier": "letter", "count": 1, "received_at": "2026-11-20T08:00:00+08:00"});
    assert_eq!(
        house.post(&caller, "/v1/batches", batch.clone()).code(),
        "csrf"
    );
    assert_eq!(
        house
            .post(&caller.with("x-csrf-token", "0000"), "/v1/batches", batch)
            .code(),
        "csrf"
    );
    assert_eq!(house.count("SELECT count(*) FROM batches"), 0);
}

#[test]
fn a_token_holds_until_it_is_revoked_or_runs_out() {
    let house = House::new();
    let caller = house.machine("cases", Scope::CaseSystem);
    assert_eq!(house.get(&caller, "/v1/drafts").status, 200);
    house.sql("UPDATE tokens SET expires_ms = 1");
    assert_eq!(house.get(&caller, "/v1/drafts").code(), "not_signed_in");
    house.sql("UPDATE tokens SET expires_ms = NULL");
    house
        .app
        .store
        .wait(|db| db.revoke_token("cases", "test"))
        .unwrap();
    assert_eq!(house.get(&caller, "/v1/drafts").code(), "not_signed_in");
    let stranger = Caller::default().with("authorization", "Bearer something else");
    assert_eq!(house.get(&stranger, "/v1/drafts").code(), "not_signed_in");
    let basic = Caller::default().with("authorization", "Basic eDp5");
    assert_eq!(house.get(&basic, "/v1/drafts").code(), "not_signed_in");
}

#[test]
fn a_problem_never_repeats_what_was_sent() {
    let house = House::new();
    let answer = house.call(
        &Caller::default(),
        "POST",
        "/v1/session",
        Some(&json!({"user": "zhang", "password": [PASSWORD]}).to_string()),
    );
    assert_eq!(answer.code(), "body_invalid");
    assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    assert!(answer.text.contains("password"), "{}", answer.text);
}

#[test]
fn a_session_ends_after_its_longest_time_however_much_it_is_used() {
    let house = House::new();
    let caller = house.person("zhang", Role::Operator);
    assert_eq!(house.get(&caller, "/v1/session").status, 200);
    // Begun thirteen hours ago, used a moment ago.
    house.sql("UPDATE sessions SET created_ms = created_ms - 13 * 3600000");
    assert_eq!(house.get(&caller, "/v1/session").code(), "not_signed_in");
}

#[test]
fn a_stolen_cookie_from_another_origin_changes_nothing() {
    let house = House::new();
    let caller = house.person("zhang", Role::Operator);
    let batch =
        json!({"carrier": "letter", "count": 1, "received_at": "2026-11-20T08:00:00+08:00"});
    for origin in ["https://elsewhere.example", "null", "http://127.0.0.1:1"] {
        let stolen = caller.with("origin", origin);
        assert_eq!(
            house.post(&stolen, "/v1/batches", batch.clone()).code(),
            "csrf",
            "{origin}"
        );
    }
    let ours = caller.with("origin", &house.url);
    assert_eq!(house.post(&ours, "/v1/batches", batch).status, 201);
}
