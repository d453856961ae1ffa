//! Every route × every role × own and foreign letter: who gets through, who does not, and that no answer holds what its caller may not see.

use laixin::domain::access::{InterestKind, Relation};
use laixin::domain::draft::Accused;
use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{Caller, House, two_page_tiff};
use super::routes::RIGHTS;

/// Everybody who asks, in the order of the columns of [`RIGHTS`]; then one operator who is on the list of the restricted letter.
const CALLERS: [&str; 8] = [
    "operator",
    "officer",
    "maintenance",
    "auditor",
    "administrator",
    "cases",
    "devices",
    "listed",
];
const LISTED: usize = 7;
const ADMINISTRATOR: usize = 4;
/// The letter that is kept from everybody who is named here.
const KEPT: usize = 3;

/// An ordinary letter, a restricted one (accusation), a sensitive one, one that is kept from everybody who is named here.
const LETTERS: [&str; 4] = ["OPEN1", "ACCUSES1", "TENDER1", "KEPT1"];

/// What an answer about a letter must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// It gets through: whatever it then is, it is not the gate's refusal.
    Through,
    /// `restricted`.
    Restricted,
    /// `reason_needed`.
    Reason,
    /// `not_found`: for this caller there is no such letter.
    Hidden,
    /// Not this role: `forbidden`.
    Role,
}
use Gate::{Hidden, Reason, Restricted, Role as NoRole, Through};

/// Rows as [`CALLERS`], columns as [`LETTERS`].
const SEES: [[Gate; 4]; 8] = [
    [Through, Restricted, Restricted, Hidden],
    [Through, Reason, Reason, Hidden],
    [NoRole, NoRole, NoRole, NoRole],
    [NoRole, NoRole, NoRole, NoRole],
    [NoRole, NoRole, NoRole, NoRole],
    [Through, Through, Through, Through],
    [NoRole, NoRole, NoRole, NoRole],
    [Through, Reason, Restricted, Hidden],
];

/// Routes about one letter, and how near they come. A route that is in the description and in none of the lists fails the test.
const CONTENT: &[(&str, &str)] = &[
    ("GET", "/v1/letters/{id}"),
    ("GET", "/v1/letters/{id}/archive.pdf"),
    ("GET", "/v1/letters/{id}/pages/{n}"),
    ("GET", "/v1/letters/{id}/pages/{n}/image"),
    ("GET", "/v1/letters/{id}/pages/{n}/thumbnail"),
    ("PUT", "/v1/letters/{id}/pages/{n}/kind"),
    ("POST", "/v1/letters/{id}/pages/{n}/retake"),
    ("PATCH", "/v1/letters/{id}/fields"),
    ("POST", "/v1/letters/{id}/fields/undo"),
    ("POST", "/v1/letters/{id}/confirm"),
    ("POST", "/v1/letters/{id}/offices"),
    ("POST", "/v1/letters/{id}/offices/named"),
    ("GET", "/v1/letters/{id}/second-entry"),
    ("POST", "/v1/letters/{id}/second-entry"),
    ("GET", "/v1/letters/{id}/visitor"),
    ("POST", "/v1/letters/{id}/visitor"),
    ("POST", "/v1/letters/{id}/pages/move"),
    ("GET", "/v1/letters/{id}/valuables"),
    ("POST", "/v1/letters/{id}/valuables"),
    ("POST", "/v1/letters/{id}/return-unread"),
    ("POST", "/v1/letters/{id}/withdraw"),
    ("POST", "/v1/letters/{id}/reinstate"),
    ("POST", "/v1/letters/{id}/box"),
    ("POST", "/v1/letters/{id}/loans"),
    ("GET", "/v1/drafts/{id}"),
];
/// By the number of a thing that belongs to the letter.
const THINGS: &[(&str, &str, Near)] = &[
    ("POST", "/v1/valuables/{id}/witness", Near::Content),
    ("POST", "/v1/valuables/{id}/return", Near::Content),
    ("POST", "/v1/valuables/{id}/return-witness", Near::Content),
    ("POST", "/v1/valuables/{id}/strike", Near::Content),
    ("POST", "/v1/loans/{id}/approve", Near::Beside),
    ("POST", "/v1/loans/{id}/back", Near::Beside),
    ("POST", "/v1/retentions/{id}/approve", Near::Number),
    ("POST", "/v1/retentions/{id}/refuse", Near::Number),
    ("POST", "/v1/holds/{id}/resolve", Near::Decision),
    ("POST", "/v1/alerts/{id}/acknowledge", Near::Number),
    ("POST", "/v1/outbox/{id}/resend", Near::Decision),
];
/// About the letter and nothing of it: only whoever is recused is kept out.
const BESIDE: &[(&str, &str)] = &[
    ("POST", "/v1/letters/{id}/destruction"),
    ("POST", "/v1/letters/{id}/views"),
    ("GET", "/v1/letters/{id}/access"),
    ("POST", "/v1/letters/{id}/access"),
    ("DELETE", "/v1/letters/{id}/access/{user}"),
    ("POST", "/v1/letters/{id}/restriction"),
    ("DELETE", "/v1/letters/{id}/restriction"),
    ("POST", "/v1/letters/{id}/recusals"),
    ("DELETE", "/v1/letters/{id}/recusals/{user}"),
    ("POST", "/v1/drafts/{id}/ack"),
    ("POST", "/v1/drafts/{id}/nack"),
];
/// Lists and streams that could show several letters: looked through for what is not to be seen.
const LISTS: &[&str] = &[
    "/v1/letters",
    "/v1/search?q=%E6%9D%A5",
    "/v1/drafts",
    "/v1/holds",
    "/v1/retentions",
    "/v1/loans",
    "/v1/boxes",
    "/v1/boxes/{id}",
    "/v1/arrivals",
    "/v1/arrivals?state=taken",
    "/v1/alerts",
    "/v1/amendments",
    "/v1/outbox",
    "/v1/audit",
    "/v1/batches",
    "/v1/batches/{id}",
    "/v1/scans",
    "/v1/days/{date}",
    "/v1/interests",
    "/v1/users",
    "/v1/health/log",
    "/v1/health/devices",
    "/v1/check",
    "/v1/cabinets",
];
/// Routes that touch no letter, by the beginning of their address.
const ELSEWHERE: &[&str] = &[
    "/v1/session",
    "/v1/training",
    "/v1/clock",
    // What a change makes of letters is told of those only that the caller may see: `a_letter_that_is_not_for_the_administrator_is_not_told`.
    "/v1/settings",
    "/v1/handover",
    "/v1/second-copies",
    "/v1/users",
    "/v1/tokens",
    "/v1/interests",
    "/v1/batches",
    "/v1/loads",
    "/v1/arrivals",
    "/v1/scanners",
    "/v1/scans",
    "/v1/separators",
    "/v1/days",
    "/v1/cabinets",
    "/v1/cycles",
    "/v1/boxes",
    "/v1/drafts/claims",
    "/v1/amendments",
    "/v1/events",
    "/v1/health",
    "/v1/check",
    "/v1/statistics",
    // Their letters stand in the body; `several_findings_are_answered_together_or_not_at_all` asks for those that are kept from somebody.
    "/v1/holds/resolve",
];
/// Pages of the console below a letter, and others that list letters.
const PAGES: &[&str] = &[
    "/letters/{id}",
    "/letters/{id}/keeping",
    "/letters/{id}/beside?letter=OPEN1",
    "/letters/OPEN1/beside?letter={id}",
];
const PAGE_LISTS: &[&str] = &[
    "/today",
    "/letters",
    "/batches",
    "/boxes",
    "/boxes/1",
    "/accounts",
    "/settings",
    "/audit",
    "/audit?letter=KEPT1",
    "/myself",
    "/maintenance",
    "/check",
    "/statistics",
    "/held",
    "/outbox",
    "/search?q=%E6%9D%A5",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Near {
    Content,
    Decision,
    Beside,
    /// Its number is enough: an administrator's, too.
    Number,
}

/// What no answer may hold for whoever may not see the letter: its sender's name, unlike any other.
fn secret_of(letter: usize) -> &'static str {
    ["明文公开甲", "密函来信人乙", "敏感来信人丙", "回避来信人丁"][letter]
}

struct Desk {
    house: House,
    callers: Vec<Caller>,
}

/// Everybody and every letter.
fn desk() -> Desk {
    let mut house = House::offering("read");
    house.cabinet_answers(drop);
    let people = [
        ("operator", Role::Operator),
        ("officer", Role::ConfirmingOfficer),
        ("maintenance", Role::Maintenance),
        ("auditor", Role::Auditor),
        ("administrator", Role::Administrator),
    ];
    let mut callers: Vec<Caller> = people
        .into_iter()
        .map(|(name, role)| house.person(name, role))
        .collect();
    callers.push(house.machine("cases", Scope::CaseSystem));
    callers.push(house.machine("devices", Scope::Maintenance));
    callers.push(house.person("listed", Role::Operator));
    for name in ["operator", "officer", "administrator", "listed"] {
        let declare = move |db: &mut laixin::store::Db| {
            db.declare_interest(
                name,
                (InterestKind::Unit, Relation::Own, "回避来信人丁"),
                name,
            )
        };
        house.app.store.wait(declare).unwrap();
    }
    for (at, letter) in LETTERS.into_iter().enumerate() {
        house.drafted_as(letter, |draft| {
            draft.fields.sender_name.value = Some(secret_of(at).into());
            draft.fields.summary = format!("{}所述", secret_of(at));
            match letter {
                "ACCUSES1" => {
                    draft.fields.accused = vec![Accused {
                        name: "王大明".into(),
                        ..Accused::default()
                    }]
                }
                "TENDER1" => {
                    draft.fields.flags.sensitive = Some(laixin::domain::draft::Flag {
                        value: true,
                        ..Default::default()
                    })
                }
                _ => {}
            }
        });
    }
    for (at, letter) in LETTERS.into_iter().enumerate() {
        let n = at + 1;
        house.sql(&format!(
            "INSERT INTO valuables (id, letter_id, kind, listed_by, listed_ms) VALUES ({n}, '{letter}', 'cash', 'x', 1);
             INSERT INTO loans (id, letter_id, asked_by, reason, asked_ms) VALUES ({n}, '{letter}', 'x', 'why', 1);
             INSERT INTO retentions (id, letter_id, policy, proposed_by, proposed_ms) VALUES ({n}, '{letter}', 'p', 'x', 1);
             INSERT INTO holds (id, batch_id, letter_id, reason, at_ms) VALUES ({n}, 1, '{letter}', 'r', 1);
             INSERT OR IGNORE INTO boxes (id, name, location, made_by, made_ms) VALUES (1, 'b', 'l', 'x', 1);
             INSERT INTO boxed_letters (letter_id, box_id, division, dated, put_by, put_ms) VALUES ('{letter}', 1, '', '', 'x', 1);
             INSERT INTO outbox (id, message, channel, kind, letter_id, occasion, state, made_ms, next_ms)
                 VALUES ({n}, 'msg_{n}', 'webhook/x', 'draft.ready', '{letter}', 1, 'dead', 1, 1);
             INSERT INTO alerts (id, letter_id, code, raised_ms, level_ms) VALUES ({}, '{letter}', 'threat', 1, 1);
             UPDATE letters SET stage = 'drafted' WHERE id = '{letter}';
             UPDATE drafts SET state = 'leased', claimed_by = 'token/cases', lease = 'l', lease_ms = unixepoch('subsec') * 1000 + 3600000
                 WHERE letter_id = '{letter}';",
            n + 100
        ));
    }
    let original = house.app.evidence.put(&two_page_tiff()).unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{}', sm3 = '{}'",
        original.sha256, original.sm3
    ));
    let let_in = |db: &mut laixin::store::Db| {
        db.grant_access("ACCUSES1", "listed", ("officer", "helps with this one"))
    };
    house.app.store.wait(let_in).unwrap();
    Desk { house, callers }
}

impl Desk {
    fn ask(&self, caller: usize, method: &str, path: &str) -> (u16, String) {
        let body = matches!(method, "POST" | "PATCH" | "PUT" | "DELETE").then_some("{}");
        let (status, _, bytes) = self.house.bytes(&self.callers[caller], method, path, body);
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Fails when an answer holds what this caller may not see.
    fn no_leak(&self, caller: usize, what: &str, text: &str) {
        for (letter, name) in LETTERS.into_iter().enumerate() {
            let gate = SEES[caller][letter];
            // What he declared himself he knows.
            let own = matches!(what, "/v1/interests" | "/myself") && letter == 3;
            if gate != Through && !own {
                assert!(
                    !text.contains(secret_of(letter)),
                    "{} learns of {name} at {what}: {text}",
                    CALLERS[caller]
                );
            }
            let knows_numbers = matches!(gate, Through | Restricted | Reason)
                || CALLERS[caller] == "auditor"
                || caller == ADMINISTRATOR && letter != KEPT;
            if !knows_numbers && !what.contains(name) {
                assert!(
                    !text.contains(name),
                    "{} learns that there is {name} at {what}: {text}",
                    CALLERS[caller]
                );
            }
        }
    }
}

/// What the gate must say at a route near the letter's content, or only beside it.
fn expected(caller: usize, letter: usize, near: Near, right: bool) -> Gate {
    let gate = SEES[caller][letter];
    match (near, gate) {
        (Near::Number, NoRole) if right && letter == KEPT => Hidden,
        (Near::Number, NoRole) if right => Through,
        (_, NoRole) => NoRole,
        (_, Hidden) => Hidden,
        // The gate lets him by, and the route does not know his role.
        (Near::Decision, Restricted) => Restricted,
        (Near::Beside | Near::Decision | Near::Number, _) | (Near::Content, Through) if !right => {
            NoRole
        }
        (Near::Beside | Near::Decision | Near::Number, _) => Through,
        (Near::Content, gate) => gate,
    }
}

fn holds(gate: Gate, status: u16, text: &str) -> bool {
    let code = |code: &str| text.contains(&format!("\"code\":\"{code}\""));
    match gate {
        Restricted => status == 403 && code("restricted"),
        Reason => status == 403 && code("reason_needed"),
        Hidden => status == 404 && code("not_found"),
        NoRole => status == 403 && code("forbidden"),
        Through => {
            !matches!(status, 401 | 403)
                && !code("restricted")
                && !code("reason_needed")
                && status < 500
        }
    }
}

fn right_of(caller: usize, method: &str, path: &str) -> bool {
    // Who is listed is an operator.
    let column = if caller == LISTED { 0 } else { caller };
    let row = RIGHTS.iter().find(|(m, p, _)| *m == method && *p == path);
    row.unwrap_or_else(|| panic!("{method} {path} has no rights"))
        .2[column]
        == 1
}

#[test]
fn every_route_with_every_role_and_letter() {
    let desk = desk();
    let mut asked = 0;
    let rows = CONTENT
        .iter()
        .map(|(method, path)| (*method, *path, Near::Content, false))
        .chain(
            BESIDE
                .iter()
                .map(|(method, path)| (*method, *path, Near::Beside, false)),
        )
        .chain(
            THINGS
                .iter()
                .map(|(method, path, near)| (*method, *path, *near, true)),
        );
    for (method, path, near, by_thing) in rows {
        for (caller, role) in CALLERS.iter().enumerate() {
            for (letter, name) in LETTERS.into_iter().enumerate() {
                let number = if path.starts_with("/v1/alerts") {
                    letter + 101
                } else {
                    letter + 1
                };
                let id = if by_thing {
                    number.to_string()
                } else {
                    name.to_owned()
                };
                let to = path
                    .replace("{id}", &id)
                    .replace("{n}", "1")
                    .replace("{user}", "nobody");
                let gate = expected(caller, letter, near, right_of(caller, method, path));
                let (status, text) = desk.ask(caller, method, &to);
                assert!(
                    holds(gate, status, &text),
                    "{role} {method} {to}: {gate:?}, but {status} {text}"
                );
                desk.no_leak(caller, &to, &text);
                asked += 1;
            }
        }
    }
    assert_eq!(
        asked,
        (CONTENT.len() + BESIDE.len() + THINGS.len()) * CALLERS.len() * LETTERS.len()
    );
}

#[test]
fn no_list_and_no_page_shows_what_is_not_to_be_seen() {
    let desk = desk();
    for caller in 0..CALLERS.len() {
        for path in LISTS.iter().chain(PAGE_LISTS) {
            let to = path.replace("{id}", "1").replace("{date}", "2026-01-02");
            let (status, text) = desk.ask(caller, "GET", &to);
            assert!(status < 500, "{} {to}: {status} {text}", CALLERS[caller]);
            desk.no_leak(caller, &to, &text);
        }
        for (letter, name) in LETTERS.into_iter().enumerate() {
            for path in PAGES {
                let to = path.replace("{id}", name);
                let (status, text) = desk.ask(caller, "GET", &to);
                assert!(status < 500, "{} {to}: {status}", CALLERS[caller]);
                desk.no_leak(caller, &to, &text);
                let person = !matches!(CALLERS[caller], "cases" | "devices");
                if person && SEES[caller][letter] == Through && status != 200 {
                    assert!(
                        path.contains("beside"),
                        "{} {to}: {status}",
                        CALLERS[caller]
                    );
                }
            }
        }
    }
}

#[test]
fn every_route_of_the_description_is_in_the_table() {
    let missing: Vec<_> = RIGHTS
        .iter()
        .filter(|(method, path, _)| {
            let row = |rows: &[(&str, &str)]| rows.contains(&(*method, *path));
            let thing = THINGS.iter().any(|(m, p, _)| (m, p) == (method, path));
            let asked = |list: &&str| list.split('?').next() == Some(*path);
            let list = *method == "GET" && LISTS.iter().any(asked);
            let elsewhere = ELSEWHERE.iter().any(|root| {
                path.strip_prefix(root)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            !(row(CONTENT) || row(BESIDE) || thing || list || elsewhere)
        })
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert!(
        missing.is_empty(),
        "say of these how near they come to a letter: {missing:?}"
    );
    // And nothing of a letter hides among what touches none.
    for (_, path, _) in RIGHTS.iter().filter(|(_, path, _)| {
        path.starts_with("/v1/letters/") || path.starts_with("/v1/drafts/{id}")
    }) {
        assert!(
            CONTENT.iter().chain(BESIDE).any(|(_, known)| known == path),
            "{path}"
        );
    }
}

#[test]
fn a_reason_opens_a_restricted_letter_for_a_while_and_only_for_whom_it_may() {
    let desk = desk();
    let view = |caller: usize| {
        let to = "/v1/letters/ACCUSES1/views";
        desk.house
            .post(&desk.callers[caller], to, json!({"reason": "核对附件页数"}))
    };
    let (operator, officer) = (0, 1);
    assert_eq!(view(operator).code(), "restricted");
    for caller in [officer, LISTED] {
        assert_eq!(desk.ask(caller, "GET", "/v1/letters/ACCUSES1").0, 403);
        assert_eq!(view(caller).status, 200);
        let (status, text) = desk.ask(caller, "GET", "/v1/letters/ACCUSES1");
        assert!(
            status == 200 && text.contains(secret_of(1)),
            "{status} {text}"
        );
    }
    assert_eq!(desk.ask(operator, "GET", "/v1/letters/ACCUSES1").0, 403);
    desk.house.sql("UPDATE looks SET until_ms = 1");
    assert_eq!(desk.ask(officer, "GET", "/v1/letters/ACCUSES1").0, 403);
    let reasons = "SELECT count(*) FROM ledger WHERE action = 'letter.opened' AND detail LIKE '%核对附件页数%'";
    assert_eq!(desk.house.count(reasons), 2);
}

#[test]
fn an_officer_opens_a_letter_to_everybody_and_nobody_opens_it_for_himself() {
    let desk = desk();
    let (operator, officer, administrator) = (0, 1, 4);
    let house = &desk.house;
    let lift = |caller: usize| {
        house.call(
            &desk.callers[caller],
            "DELETE",
            "/v1/letters/ACCUSES1/restriction",
            Some(&json!({"reason": "内容不涉检举"}).to_string()),
        )
    };
    assert_eq!(lift(operator).code(), "forbidden");
    assert_eq!(lift(administrator).code(), "forbidden");
    let own = house.post(
        &desk.callers[officer],
        "/v1/letters/ACCUSES1/access",
        json!({"user": "officer", "reason": "I would like to"}),
    );
    assert_eq!(own.code(), "same_person");
    for blind in ["auditor", "administrator"] {
        let let_in = house.post(
            &desk.callers[officer],
            "/v1/letters/ACCUSES1/access",
            json!({"user": blind, "reason": "would like to"}),
        );
        assert_eq!(let_in.code(), "wrong_state", "{blind}");
    }
    assert_eq!(lift(officer).code(), "reason_needed");
    let why = json!({"reason": "核对内容"});
    assert_eq!(
        house
            .post(&desk.callers[officer], "/v1/letters/ACCUSES1/views", why)
            .status,
        200
    );
    assert_eq!(lift(officer).status, 200);
    assert_eq!(desk.ask(operator, "GET", "/v1/letters/ACCUSES1").0, 200);
    // Read again with the same cause, the officer's word stands.
    house.drafted_again("ACCUSES1", |draft| {
        draft.fields.accused = vec![Accused {
            name: "王大明".into(),
            ..Accused::default()
        }];
    });
    assert_eq!(desk.ask(operator, "GET", "/v1/letters/ACCUSES1").0, 200);
}

#[test]
fn a_recusal_is_lifted_by_another_person_only() {
    let desk = desk();
    let (operator, officer) = (0, 1);
    let house = &desk.house;
    house.add_user("second", Role::ConfirmingOfficer);
    let second = house.person("third", Role::ConfirmingOfficer);
    let lift = |caller: &Caller, user: &str| {
        house.call(
            caller,
            "DELETE",
            &format!("/v1/letters/KEPT1/recusals/{user}"),
            Some(&json!({"reason": "同名不同人"}).to_string()),
        )
    };
    // The recused officer does not even find the letter.
    assert_eq!(lift(&desk.callers[officer], "officer").code(), "not_found");
    assert_eq!(lift(&second, "operator").status, 200);
    let (status, text) = desk.ask(operator, "GET", "/v1/letters/KEPT1");
    assert!(status == 200 && text.contains(secret_of(3)), "{status}");
    assert_eq!(lift(&second, "operator").code(), "not_found");
    // Said by hand, it holds anew.
    let own = house.post(
        &desk.callers[operator],
        "/v1/letters/KEPT1/recusals",
        json!({"user": "operator", "reason": "亲属涉及"}),
    );
    assert_eq!(own.status, 204);
    assert_eq!(desk.ask(operator, "GET", "/v1/letters/KEPT1").0, 404);
    let other = house.post(
        &desk.callers[operator],
        "/v1/letters/OPEN1/recusals",
        json!({"user": "second", "reason": "亲属涉及"}),
    );
    assert_eq!(other.code(), "forbidden");
}

/// Which letter somebody is recused from is told to whoever decides who sees letters, and to nobody else; of findings made before a letter had its
/// number, whoever is recused hears nothing either.
#[test]
fn who_is_recused_from_what_is_no_news_of_the_day_and_its_findings_are_kept_by_name_too() {
    let house = House::new();
    let callers = [Role::Operator, Role::ConfirmingOfficer, Role::Operator];
    let names = ["li", "wang", "zhao"];
    let callers: Vec<Caller> = names
        .into_iter()
        .zip(callers)
        .map(|(name, role)| house.person(name, role))
        .collect();
    house.drafted("A1-2");
    house.sql(
        "UPDATE letters SET group_name = 'A1';
         INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1-2', 'zhao', 1, 'r', 'x');
         INSERT INTO holds (id, batch_id, reason, detail, at_ms) VALUES (1, 1, 'image_held', 'A1: A1_p2.jpg', 1)",
    );
    let today = |caller: usize| house.get(&callers[caller], "/today").text;
    assert!(!today(0).contains("有人回避"));
    assert!(today(1).contains("信件 A1-2 有人回避"));
    let finds = |caller: usize| {
        let page = house.get(&callers[caller], "/batches").text;
        let holds = house.get(&callers[caller], "/v1/holds").text;
        [page, holds].map(|text| text.contains("A1_p2.jpg"))
    };
    assert_eq!(finds(0), [true, true]);
    assert_eq!(finds(2), [false, false]);
}

#[test]
fn pages_never_move_into_a_letter_that_is_not_to_be_seen() {
    let desk = desk();
    for (to, code) in [("ACCUSES1", "restricted"), ("KEPT1", "not_found")] {
        let body = json!({"pages": [1], "to": to, "reason": "belongs there"});
        assert_eq!(
            desk.house
                .post(&desk.callers[0], "/v1/letters/OPEN1/pages/move", body)
                .code(),
            code
        );
    }
}

/// Before it was read anew, whoever was recused saw it.
#[test]
fn a_page_that_becomes_a_letter_of_its_own_is_kept_from_whom_its_letter_was_kept_from() {
    let house = House::new();
    let operator = house.person("li", Role::Operator);
    let recused = house.person("zhao", Role::Operator);
    house.drafted("A1");
    house.sql(
        "INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'zhao', 1, 'r', 'x')",
    );
    let body = json!({"pages": [1], "reason": "a letter of its own"});
    let moved = house.post(&operator, "/v1/letters/A1/pages/move", body);
    assert_eq!(moved.status, 200, "{}", moved.text);
    let own = format!("/v1/letters/{}", moved.json()["letter"].as_str().unwrap());
    assert_eq!(house.get(&operator, &own).status, 200, "{own}");
    assert_eq!(house.get(&recused, &own).status, 404, "{own}");
    let listed = house.get(&recused, "/v1/letters").json();
    assert_eq!(listed["items"], json!([]));
}

#[test]
fn events_of_a_kept_letter_reach_nobody_it_is_kept_from() {
    use std::io::Read;
    let desk = desk();
    let tell = |letter: &str| {
        desk.house.app.events.tell(laixin::events::Event::Letter {
            letter: letter.into(),
            what: "drafted".into(),
        });
    };
    for (caller, hears) in [(0, true), (2, false), (3, false)] {
        let response = desk.house.open(&desk.callers[caller], "/v1/events");
        tell("KEPT1");
        tell("OPEN1");
        desk.house.app.events.tell(laixin::events::Event::Device {
            device: "cabinet-1".into(),
            state: "the end".into(),
        });
        let mut body = response.into_body().into_reader();
        let mut text = String::new();
        let mut part = [0; 4096];
        let end = if caller == 3 {
            "not sent to an auditor"
        } else {
            "the end"
        };
        while caller != 3 && !text.contains(end) {
            let n = body.read(&mut part).unwrap();
            text.push_str(&String::from_utf8_lossy(&part[..n]));
        }
        assert!(!text.contains("KEPT1"), "{}: {text}", CALLERS[caller]);
        assert_eq!(text.contains("OPEN1"), hears, "{}: {text}", CALLERS[caller]);
    }
}

#[test]
fn nothing_is_handed_to_whom_it_accuses() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("TOHIM", |draft| {
        draft.fields.addressee.value = Some("局长林建国".into());
        draft.fields.accused = vec![Accused {
            name: "林建国".into(),
            ..Accused::default()
        }];
    });
    house.drafted_as("TOUNIT", |draft| {
        draft.fields.addressee.value = Some("市长".into());
        draft.fields.accused = vec![Accused {
            name: "姑苏区城市管理局".into(),
            ..Accused::default()
        }];
    });
    house.drafted("PLAIN");
    let ours = house.app.store.wait(|db| {
        let new = laixin::store::NewToken {
            name: "accused-office".into(),
            scope: Scope::CaseSystem,
            expires: None,
            unit: Some("苏州市姑苏区城市管理局".into()),
            certificate: None,
        };
        db.add_token(&new, "their secret", "test")
    });
    ours.unwrap();
    let theirs = Caller::default().with("authorization", "Bearer their secret");
    let claimed = |caller: &Caller| -> Vec<String> {
        let claims = house
            .post(caller, "/v1/drafts/claims", json!({"limit": 10}))
            .json();
        claims["drafts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|draft| draft["id"].as_str().unwrap().to_owned())
            .collect()
    };
    for letter in ["TOHIM", "TOUNIT", "PLAIN"] {
        house.confirmed(letter);
    }
    for (caller, id) in [(&cases, "TOHIM"), (&theirs, "TOHIM"), (&theirs, "TOUNIT")] {
        for path in [
            format!("/v1/drafts/{id}"),
            format!("/v1/letters/{id}/pages/1"),
            format!("/v1/letters/{id}/archive.pdf"),
        ] {
            assert_eq!(house.get(caller, &path).status, 404, "{path}");
        }
    }
    let listed = house.get(&theirs, "/v1/drafts").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(claimed(&theirs), ["PLAIN"]);
    assert_eq!(claimed(&cases), ["TOUNIT"]);
    // An officer is told, cannot confirm it, and chooses another addressee.
    let officer = house.person("officer", Role::ConfirmingOfficer);
    assert_eq!(
        house
            .post(&officer, "/v1/letters/TOHIM/views", json!({"reason": "核"}))
            .status,
        422
    );
    assert_eq!(
        house
            .post(
                &officer,
                "/v1/letters/TOHIM/views",
                json!({"reason": "核对受信人"})
            )
            .status,
        200
    );
    assert_eq!(
        house.get(&officer, "/v1/letters/TOHIM/access").json()["conflict"],
        "addressee_accused"
    );
    let version = house.get(&officer, "/v1/letters/TOHIM").header("etag");
    let confirm = house.call(
        &officer.with("if-match", &version),
        "POST",
        "/v1/letters/TOHIM/confirm",
        Some("{}"),
    );
    assert_eq!(confirm.code(), "addressee_accused");
    assert!(
        confirm.text.contains("Choose another addressee"),
        "{}",
        confirm.text
    );
    let corrected = house.call(
        &officer.with("if-match", &version),
        "PATCH",
        "/v1/letters/TOHIM/fields",
        Some(&json!({"addressee": {"value": "市长"}}).to_string()),
    );
    assert_eq!(corrected.status, 200, "{}", corrected.text);
    assert_eq!(claimed(&cases), ["TOHIM"]);
}

#[test]
fn a_sensitive_letter_is_listed_with_a_masked_name() {
    let desk = desk();
    let (_, text) = desk.ask(0, "GET", "/v1/letters");
    assert!(text.contains("\"敏***\""), "{text}");
    assert!(text.contains(secret_of(0)), "{text}");
}

#[test]
fn a_letter_that_is_kept_and_none_at_all_give_the_same_answer() {
    let desk = desk();
    let mut asked = 0;
    for (caller, role) in CALLERS.iter().enumerate() {
        if SEES[caller][3] != Hidden {
            continue;
        }
        for (method, path) in CONTENT.iter().chain(BESIDE) {
            let ask = |letter: &str| {
                let to = path
                    .replace("{id}", letter)
                    .replace("{n}", "1")
                    .replace("{user}", "nobody");
                let (status, text) = desk.ask(caller, method, &to);
                (status, text.replace(letter, "LETTER"))
            };
            assert_eq!(ask("KEPT1"), ask("QQQ9"), "{role} {method} {path}");
            asked += 1;
        }
    }
    assert_eq!(asked, 3 * (CONTENT.len() + BESIDE.len()));
}
