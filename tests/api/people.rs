//! Accounts and tokens by the administrator, one's own password, the first account, password rules, and what anybody may type into a field.

use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House, PASSWORD};

const GOOD: &str = "a long Password 1";

#[test]
fn an_administrator_makes_closes_and_opens_accounts() {
    let house = House::new();
    let admin = house.person("admin", Role::Administrator);
    let new = json!({"name": "王芳", "role": "confirming_officer", "password": GOOD});
    assert_eq!(house.post(&admin, "/v1/users", new.clone()).status, 201);
    assert_eq!(house.post(&admin, "/v1/users", new).code(), "name_taken");
    let sign_in = |password: &str| {
        let body = json!({"user": "王芳", "password": password});
        house.post(&Caller::default(), "/v1/session", body).status
    };
    assert_eq!(sign_in(GOOD), 200);
    let name = "%E7%8E%8B%E8%8A%B3";
    assert_eq!(
        house
            .post(&admin, &format!("/v1/users/{name}/disable"), json!({}))
            .status,
        200
    );
    assert_eq!(sign_in(GOOD), 401);
    assert_eq!(
        house.count("SELECT count(*) FROM sessions WHERE user = '王芳'"),
        0
    );
    assert_eq!(
        house
            .post(&admin, &format!("/v1/users/{name}/enable"), json!({}))
            .status,
        200
    );
    assert_eq!(sign_in(GOOD), 200);
    let other = json!({"password": "another Password 2"});
    assert_eq!(
        house
            .post(&admin, &format!("/v1/users/{name}/password"), other)
            .status,
        200
    );
    assert_eq!((sign_in(GOOD), sign_in("another Password 2")), (401, 200));
    let role = house.post(
        &admin,
        &format!("/v1/users/{name}/role"),
        json!({"role": "auditor"}),
    );
    assert_eq!(role.json()["role"], "auditor");
    assert_eq!(
        house.count("SELECT count(*) FROM sessions WHERE user = '王芳'"),
        0
    );
    assert_eq!(
        house
            .post(&admin, "/v1/users/nobody/disable", json!({}))
            .code(),
        "not_found"
    );
    let listed = house.get(&admin, "/v1/users");
    assert!(!listed.text.contains("argon2"), "{}", listed.text);
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
}

#[test]
fn the_last_administrator_stays() {
    let house = House::new();
    let admin = house.person("admin", Role::Administrator);
    assert_eq!(
        house
            .post(&admin, "/v1/users/admin/disable", json!({}))
            .code(),
        "last_administrator"
    );
    assert_eq!(
        house
            .post(&admin, "/v1/users/admin/role", json!({"role": "operator"}))
            .code(),
        "last_administrator"
    );
    house.add_user("second", Role::Administrator);
    assert_eq!(
        house
            .post(&admin, "/v1/users/second/role", json!({"role": "operator"}))
            .status,
        200
    );
    house.add_user("third", Role::Administrator);
    assert_eq!(
        house
            .post(&admin, "/v1/users/admin/disable", json!({}))
            .status,
        200
    );
    assert_eq!(house.get(&admin, "/v1/users").code(), "not_signed_in");
}

#[test]
fn passwords_keep_the_rules_of_the_settings() {
    let house = House::with_more("[passwords]\nleast_length = 12\nleast_kinds = 3\n");
    let admin = house.person("admin", Role::Administrator);
    for (password, fits) in [
        ("short 1A", false),
        ("onlysmallletters", false),
        ("Password-12345", false),
        ("A fine password", true),
    ] {
        let answer = house.post(
            &admin,
            "/v1/users",
            json!({"name": "zhang", "role": "operator", "password": password}),
        );
        assert_eq!(
            answer.status,
            if fits { 201 } else { 422 },
            "{password}: {}",
            answer.text
        );
        assert!(!answer.text.contains(password), "{}", answer.text);
        if !fits {
            assert_eq!(answer.code(), "password_refused");
        }
    }
}

#[test]
fn everybody_changes_his_own_password_with_the_old_one() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Maintenance);
    let change = |old: &str, new: &str| {
        house.post(
            &zhang,
            "/v1/session/password",
            json!({"old": old, "new": new}),
        )
    };
    assert_eq!(change("not the old one", GOOD).code(), "sign_in_failed");
    assert_eq!(change(PASSWORD, "short").code(), "password_refused");
    assert_eq!(change(PASSWORD, GOOD).status, 204);
    assert_eq!(house.get(&zhang, "/v1/session").code(), "not_signed_in");
    assert_eq!(house.sign_in("zhang").status, 401);
}

#[test]
fn a_token_is_said_once_and_ends_at_once_when_it_is_taken_back() {
    let house = House::new();
    let admin = house.person("admin", Role::Administrator);
    let made = house.post(
        &admin,
        "/v1/tokens",
        json!({"name": "cases", "scope": "case_system", "days": 10, "unit": "市信访局"}),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    let cases = Caller::default().with("authorization", &format!("Bearer {secret}"));
    assert_eq!(house.get(&cases, "/v1/drafts").status, 200);
    let listed = house.get(&admin, "/v1/tokens");
    assert!(!listed.text.contains(&secret));
    assert_eq!(listed.json()["items"][0]["unit"], "市信访局");
    // Nowhere in the database in the clear.
    let database = std::fs::read(house.database()).unwrap();
    let needle = secret.as_bytes();
    assert!(!database.windows(needle.len()).any(|bytes| bytes == needle));
    assert_eq!(
        house.count(&format!(
            "SELECT count(*) FROM idempotency WHERE body LIKE '%{secret}%'"
        )),
        0
    );
    assert_eq!(
        house
            .post(&admin, "/v1/tokens/cases/revoke", json!({}))
            .json()["holds"],
        false
    );
    assert_eq!(house.get(&cases, "/v1/drafts").code(), "not_signed_in");
    assert_eq!(
        house
            .post(&admin, "/v1/tokens/cases/revoke", json!({}))
            .code(),
        "not_found"
    );
    for (body, code) in [
        (
            json!({"name": "a b", "scope": "case_system"}),
            "body_invalid",
        ),
        (json!({"name": "x", "scope": "everything"}), "body_invalid"),
        (
            json!({"name": "x", "scope": "case_system", "days": 0}),
            "body_invalid",
        ),
        (json!({"name": 7, "scope": "case_system"}), "body_invalid"),
    ] {
        assert_eq!(
            house.post(&admin, "/v1/tokens", body.clone()).code(),
            code,
            "{body}"
        );
    }
}

#[test]
fn the_first_administrator_is_made_on_the_machine_and_only_once() {
    let station = crate::support::TestStation::new();
    let added = station.command(&["user", "add", "chief", "--first"], None);
    assert!(
        added.starts_with("password of chief, shown this once: "),
        "{added}"
    );
    let again = station.try_command(&["user", "add", "other", "--first"], None);
    assert_eq!(again.status.code(), Some(1));
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(told.contains("there is an administrator already"), "{told}");
    let weak = station.try_command(
        &[
            "user",
            "add",
            "weak",
            "--role",
            "auditor",
            "--password-stdin",
        ],
        Some("password1234"),
    );
    assert_eq!(weak.status.code(), Some(2));
    assert!(
        station
            .command(&["user", "list"], None)
            .contains("chief\tadministrator")
    );
    station.command(&["user", "role", "tester", "auditor"], None);
    station.command(&["user", "disable", "tester"], None);
    station.command(&["user", "enable", "tester"], None);
    assert!(
        station
            .command(&["user", "list"], None)
            .contains("tester\tauditor")
    );
    let last = station.try_command(&["user", "disable", "chief"], None);
    assert_eq!(last.status.code(), Some(1));
}

/// What a letter or a person may hold: nothing of it is run, neither by the database nor by a browser.
const HOSTILE: [&str; 4] = [
    "'; DROP TABLE letters; --",
    "<script>document.title='hit'</script>",
    "\" onmouseover=\"alert(1)",
    "../../etc/passwd%00",
];

#[test]
fn sql_and_html_in_every_text_field_stay_text() {
    let house = House::new();
    house.drafted("A1");
    let officer = house.person("officer", Role::ConfirmingOfficer);
    let admin = house.person("admin", Role::Administrator);
    house.add_user("li", Role::Operator);
    for (at, text) in HOSTILE.into_iter().enumerate() {
        let calls = [
            (
                &officer,
                "/v1/interests".to_owned(),
                json!({"kind": "unit", "relation": "own", "text": text}),
            ),
            (
                &officer,
                "/v1/letters/A1/views".to_owned(),
                json!({"reason": text}),
            ),
            (
                &officer,
                "/v1/letters/A1/restriction".to_owned(),
                json!({"reason": text}),
            ),
            (
                &officer,
                "/v1/letters/A1/access".to_owned(),
                json!({"user": "li", "reason": text}),
            ),
            (
                &officer,
                "/v1/letters/A1/recusals".to_owned(),
                json!({"user": "li", "reason": text}),
            ),
            (
                &admin,
                "/v1/tokens".to_owned(),
                json!({"name": format!("t{at}"), "scope": "case_system", "unit": text}),
            ),
        ];
        for (caller, path, body) in calls {
            let answer = house.post(caller, &path, body);
            // Somebody who was recused is not let in any more: a refusal by rule is fine, a fault is not.
            assert!(
                matches!(answer.status, 200 | 201 | 204 | 409),
                "{path} {text}: {} {}",
                answer.status,
                answer.text
            );
        }
        let name = house.post(
            &admin,
            "/v1/users",
            json!({"name": text, "role": "operator", "password": GOOD}),
        );
        assert_eq!(name.code(), "body_invalid", "{text}");
        let asked = house.get(&officer, &format!("/v1/letters?stage={}", "%27%3B%20DROP"));
        assert_eq!(asked.code(), "query_invalid");
    }
    assert_eq!(house.count("SELECT count(*) FROM letters"), 1);
    assert_eq!(house.count("SELECT count(*) FROM interests"), 4);
    for (caller, page) in [
        (&officer, "/letters/A1/access"),
        (&officer, "/myself"),
        (&admin, "/accounts"),
    ] {
        let html = house.get(caller, page);
        assert_eq!(html.status, 200, "{page}: {}", html.text);
        assert!(!html.text.contains("<script>document.title"), "{page}");
        assert!(!html.text.contains("\" onmouseover=\"alert"), "{page}");
    }
}

#[test]
fn oversized_bodies_and_wrong_types_are_documented_refusals() {
    let house = House::new();
    house.drafted("A1");
    let admin = house.person("admin", Role::Administrator);
    let officer = house.person("officer", Role::ConfirmingOfficer);
    // Twice in one body, a little more than 256 KiB: whoever sends far more may be hung up on before it has read the answer.
    let large = "长".repeat(44_000);
    for (caller, path) in [
        (&admin, "/v1/users"),
        (&admin, "/v1/tokens"),
        (&officer, "/v1/interests"),
        (&officer, "/v1/letters/A1/views"),
        (&officer, "/v1/letters/A1/access"),
    ] {
        let answer = house.call(
            caller,
            "POST",
            path,
            Some(&json!({"reason": large, "name": large}).to_string()),
        );
        assert_eq!(answer.code(), "body_too_large", "{path}");
        for wrong in [
            "[]",
            "7",
            "{\"reason\": 7, \"name\": [], \"kind\": 1}",
            "null",
        ] {
            assert_eq!(
                house.call(caller, "POST", path, Some(wrong)).code(),
                "body_invalid",
                "{path} {wrong}"
            );
        }
        assert_eq!(
            house.call(caller, "POST", path, Some("{")).code(),
            "not_json",
            "{path}"
        );
    }
    // Within the limit of a body, beyond that of a field.
    let long = "长".repeat(2000);
    assert_eq!(
        house
            .post(&officer, "/v1/letters/A1/views", json!({"reason": long}))
            .code(),
        "body_invalid"
    );
    assert_eq!(
        house
            .post(
                &officer,
                "/v1/interests",
                json!({"kind": "unit", "relation": "own", "text": long})
            )
            .code(),
        "body_invalid"
    );
}

#[test]
fn a_machine_has_no_affairs_of_its_own() {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    assert_eq!(house.get(&cases, "/v1/interests").code(), "forbidden");
    assert_eq!(house.get(&cases, "/v1/users").code(), "forbidden");
}

#[test]
fn a_password_that_is_too_old_signs_in_only_with_a_new_one() {
    let house = House::with_more("[passwords]\nlongest_days = 90\n");
    house.add_user("zhang", Role::Operator);
    assert_eq!(house.sign_in("zhang").status, 200);
    let day = 24 * 3_600_000_i64;
    house.sql(&format!(
        "UPDATE users SET password_ms = password_ms - {}",
        91 * day
    ));
    // As often as he likes: the password is right, so nothing is locked.
    for _ in 0..7 {
        assert_eq!(house.sign_in("zhang").code(), "password_expired");
    }
    let with = |password: &str, new: &str| {
        let body = json!({"user": "zhang", "password": password, "new_password": new});
        house.post(&Caller::default(), "/v1/session", body)
    };
    assert_eq!(
        with("wrong password", "another one 2").code(),
        "sign_in_failed"
    );
    assert_eq!(
        with(super::house::PASSWORD, super::house::PASSWORD).code(),
        "password_expired"
    );
    assert_eq!(
        with(super::house::PASSWORD, "short").code(),
        "password_refused"
    );
    assert_eq!(with(super::house::PASSWORD, "another one 2").status, 200);
    assert_eq!(
        house.sign_in("zhang").code(),
        "sign_in_failed",
        "the old one is gone"
    );
    let again = json!({"user": "zhang", "password": "another one 2"});
    assert_eq!(
        house.post(&Caller::default(), "/v1/session", again).status,
        200
    );
    // An account of an older laixin: its making counts.
    house.sql("UPDATE users SET password_ms = NULL, created_ms = 1");
    let again = json!({"user": "zhang", "password": "another one 2"});
    assert_eq!(
        house.post(&Caller::default(), "/v1/session", again).code(),
        "password_expired"
    );
}

/// Leaders' written instructions have a permission of their own (SZ 5.3.6).
#[test]
fn an_instruction_is_for_confirming_officers_and_for_who_is_listed() {
    let house = House::offering("read");
    let operator = house.person("operator", Role::Operator);
    let listed = house.person("listed", Role::Operator);
    let officer = house.person("officer", Role::ConfirmingOfficer);
    let cases = house.machine("cases", Scope::CaseSystem);
    let original = house
        .app
        .evidence
        .put(&super::house::two_page_tiff())
        .unwrap();
    house.drafted("A1");
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{0}', sm3 = '{1}'; UPDATE drafts SET body = json_set(body, '$.pages[0].sha256', '{0}')",
        original.sha256, original.sm3
    ));
    house
        .app
        .store
        .wait(|db| db.grant_access("A1", "listed", ("officer", "prepares the answer")))
        .unwrap();
    let kind = |caller: &Caller, kind: &str| {
        let body = json!({"kind": kind}).to_string();
        house.call(caller, "PUT", "/v1/letters/A1/pages/1/kind", Some(&body))
    };
    assert_eq!(kind(&operator, "instruction").status, 200);
    house.sql("UPDATE letters SET stage = 'drafted'");
    for path in [
        "/v1/letters/A1/pages/1",
        "/v1/letters/A1/pages/1/image",
        "/v1/letters/A1/pages/1/thumbnail",
    ] {
        for caller in [&operator, &cases] {
            assert_eq!(house.get(caller, path).code(), "restricted", "{path}");
        }
        for caller in [&officer, &listed] {
            assert_eq!(house.bytes(caller, "GET", path, None).0, 200, "{path}");
        }
    }
    // What it is not to be seen as, it is not made either, except by whoever said so himself (`letter_pages.rs`).
    let other = house.person("other", Role::Operator);
    assert_eq!(kind(&other, "letter").code(), "restricted");
    // The letter is still there for everybody; the archive file holds the sheet only for who may see it.
    assert_eq!(house.get(&operator, "/v1/letters/A1").status, 200);
    let archive = |caller: &Caller| {
        house
            .bytes(caller, "GET", "/v1/letters/A1/archive.pdf", None)
            .0
    };
    assert_eq!(
        (archive(&operator), archive(&cases)),
        (404, 404),
        "it was the only page"
    );
    assert_eq!(archive(&officer), 200);
    assert_eq!(kind(&officer, "letter").status, 200);
}

/// Whoever is refused is told who may do it: by the answer, by the page of the finding, and by a page that is not his.
#[test]
fn a_refusal_names_whose_it_is() {
    let house = House::new();
    let (li, wang) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
    );
    house.drafted("A1");
    house.sql("INSERT INTO holds (id, batch_id, letter_id, reason, at_ms) VALUES (7, 1, 'A1', 'unreleased_load', 1)");
    let note = json!({"note": "签收时少点一件"});
    let refused = house.post(&li, "/v1/holds/7/resolve", note.clone());
    assert_eq!(refused.code(), "forbidden");
    let deciders = json!(["confirming_officer"]);
    assert_eq!(refused.json()["roles"], deciders);
    let told = refused.json()["detail"].to_string();
    assert!(told.contains("confirming_officer"), "{told}");
    let (seen_by_li, seen_by_wang) = (house.get(&li, "/batches"), house.get(&wang, "/batches"));
    let form = "POST /v1/holds/resolve";
    assert!(seen_by_wang.text.contains(form) && !seen_by_li.text.contains(form));
    assert!(seen_by_li.text.contains("由核准人核对并写明结果"));
    assert!(
        house
            .get(&li, "/audit")
            .text
            .contains("这一页只供审计员查看")
    );
    assert_eq!(house.post(&wang, "/v1/holds/7/resolve", note).status, 200);
    // What is no day is nothing that there is: an address refuses by that, not by a body it has not got.
    for day in ["0", "2026-13-01", "9999-01-01"] {
        assert_eq!(
            house.get(&wang, &format!("/v1/days/{day}")).code(),
            "not_found"
        );
    }
    // What nobody of the people may is for machines.
    let claim = house.post(&wang, "/v1/drafts/claims", json!({}));
    assert_eq!(claim.json()["roles"], json!([]));
}

/// Whoever set a password can sign in by it: at the machine, by an account, or by an account whose own password somebody else has set.
#[test]
fn nobody_is_one_of_two_before_he_chose_his_own_password() {
    let house = House::new();
    let root = house.person("root", Role::ConfirmingOfficer);
    let same = json!({"old": PASSWORD, "new": PASSWORD});
    let refused = house.post(&root, "/v1/session/password", same);
    assert_eq!(refused.code(), "password_refused");
    let made_by = |name: &'static str, by: &'static str| {
        let phc = laixin::api::password::hash(PASSWORD).unwrap();
        let made = house
            .app
            .store
            .wait(move |db| db.add_user(name, Role::ConfirmingOfficer, &phc, by));
        made.unwrap();
    };
    let sets = |name: &'static str, by: &'static str| {
        let phc = laixin::api::password::hash(PASSWORD).unwrap();
        let set = house
            .app
            .store
            .wait(move |db| db.set_password(name, &phc, by));
        set.unwrap();
    };
    let sign = |caller: &str, second: &str| {
        let body = json!({"length": "month", "year": 2026, "n": 11, "approver": second, "approver_password": PASSWORD});
        house.post(&house.signed_in(caller), "/v1/statistics/export", body)
    };
    // Two that were made at the machine; one that an account made that was made there; one that its own second made.
    made_by("a", "command/root");
    made_by("b", "command/root/li");
    made_by("y2", "a");
    made_by("y3", "root");
    for (caller, second) in [
        ("a", "b"),
        ("b", "y2"),
        ("a", "y2"),
        ("root", "y3"),
        ("y3", "root"),
        ("root", "b"),
        ("b", "root"),
    ] {
        let refused = sign(caller, second);
        assert_eq!(refused.code(), "password_not_chosen", "{caller} {second}");
    }
    for (name, by) in [("b", "b"), ("y2", "y2")] {
        assert_eq!(
            sign("b", "y2").code(),
            "password_not_chosen",
            "before {name} has chosen"
        );
        sets(name, by);
    }
    let signed = sign("b", "y2");
    assert_eq!(signed.status, 200, "{}", signed.text);
    // What another sets anew is his again.
    sets("y2", "root");
    assert_eq!(sign("b", "y2").code(), "password_not_chosen");
    assert_eq!(sign("y2", "b").code(), "password_not_chosen");
}

/// Whoever set it could begin in the other's name, hand the account over, and sign as himself.
#[test]
fn the_first_of_two_signatures_wants_a_password_of_ones_own_as_well() {
    let house = House::new();
    let chen = house.person("chen", Role::ConfirmingOfficer);
    let phc = laixin::api::password::hash(PASSWORD).unwrap();
    let made = house
        .app
        .store
        .wait(move |db| db.add_user("li", Role::Operator, &phc, "chen"));
    made.unwrap();
    house.letter("A1");
    let li = house.signed_in("li");
    let thing = json!({"kind": "cash", "amount": "100元"});
    let refused = house.post(&li, "/v1/letters/A1/valuables", thing.clone());
    assert_eq!(refused.code(), "password_not_chosen", "{}", refused.text);
    let asked = json!({"reason": "复核"});
    let refused = house.post(&li, "/v1/letters/A1/loans", asked);
    assert_eq!(refused.code(), "password_not_chosen", "{}", refused.text);
    let proposed = house
        .app
        .store
        .wait(|db| db.propose_destruction("A1", ("p", 0), "li"));
    let told = proposed.unwrap_err().to_string();
    assert!(told.contains("chosen himself"), "{told}");
    assert_eq!(
        house
            .post(&chen, "/v1/letters/A1/valuables", thing.clone())
            .status,
        201
    );
    let refused = house.post(&li, "/v1/valuables/1/witness", json!({}));
    assert_eq!(refused.code(), "password_not_chosen", "{}", refused.text);
    let phc = laixin::api::password::hash(PASSWORD).unwrap();
    let set = house
        .app
        .store
        .wait(move |db| db.set_password("li", &phc, "li"));
    set.unwrap();
    let li = house.signed_in("li");
    assert_eq!(
        house.post(&li, "/v1/valuables/1/witness", json!({})).status,
        200
    );
    assert_eq!(
        house.post(&li, "/v1/letters/A1/valuables", thing).status,
        201
    );
}
