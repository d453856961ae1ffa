//! The hand-over: every draft registered once, whatever dies in between.

use laixin::config::Offer;
use laixin::store::{Claiming, Db, Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House, draft};

fn claim(house: &House, caller: &Caller, limit: u32) -> Vec<Value> {
    let answer = house.post(
        caller,
        "/v1/drafts/claims",
        json!({"limit": limit, "lease_seconds": 60}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["drafts"].as_array().unwrap().clone()
}

fn ids(claims: &[Value]) -> Vec<&str> {
    claims
        .iter()
        .map(|claim| claim["id"].as_str().unwrap())
        .collect()
}

fn run_out(house: &House) {
    house.sql("UPDATE drafts SET lease_ms = 1 WHERE state = 'leased'");
}

fn ack(house: &House, caller: &Caller, id: &str, case: &str) -> (u16, String) {
    let answer = house.post(
        caller,
        &format!("/v1/drafts/{id}/ack"),
        json!({"case_number": case}),
    );
    let told = if answer.status == 200 {
        answer.json()["case_number"].to_string()
    } else {
        answer.code()
    };
    (answer.status, told)
}

#[test]
fn a_draft_is_claimed_and_registered_once() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    for id in ["A1", "A2", "A3"] {
        house.drafted(id);
    }
    house.sql("UPDATE letters SET urgent = 1 WHERE id = 'A3'");
    let first = claim(&house, &cases, 2);
    assert_eq!(ids(&first), ["A3", "A1"]);
    assert_eq!(
        first[0]["draft"]["fields"]["sender_name"]["value"],
        "陆思雨"
    );
    assert_eq!(ids(&claim(&house, &cases, 10)), ["A2"]);
    assert!(claim(&house, &cases, 10).is_empty());
    assert_eq!(ack(&house, &cases, "A1", "N1"), (200, "\"N1\"".into()));
    assert_eq!(ack(&house, &cases, "A1", "N1"), (200, "\"N1\"".into()));
    assert_eq!(
        ack(&house, &cases, "A1", "N2"),
        (409, "other_case_number".into())
    );
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'draft.acked'"),
        1
    );
    assert_eq!(
        house.count("SELECT count(*) FROM letters WHERE stage = 'registered'"),
        1
    );
    run_out(&house);
    assert_eq!(
        ids(&claim(&house, &cases, 10)),
        ["A3", "A2"],
        "what is acknowledged is never offered again"
    );
}

/// The answer would tell that the number was guessed right, and the other system would take the letter for its own.
#[test]
fn a_draft_that_another_system_registered_is_not_acknowledged_under_the_same_number() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted("A1");
    assert_eq!(claim(&house, &one, 1).len(), 1);
    run_out(&house);
    assert_eq!(claim(&house, &two, 1).len(), 1);
    let back = json!({"reason": "not ours"});
    assert_eq!(house.post(&two, "/v1/drafts/A1/nack", back).status, 200);
    // Late, but nobody else has it.
    assert_eq!(ack(&house, &one, "A1", "N1"), (200, "\"N1\"".into()));
    assert_eq!(ack(&house, &one, "A1", "N1"), (200, "\"N1\"".into()));
    for number in ["N1", "N2"] {
        let answer = ack(&house, &two, "A1", number);
        assert_eq!(answer, (409, "registered_elsewhere".into()), "{number}");
    }
}

/// A case may hold several letters: taken, said to the case system, on record, and seen by people.
#[test]
fn one_case_number_for_two_letters_of_one_system_is_a_warning() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    let zhang = house.person("zhang", Role::Operator);
    for id in ["A1", "A2", "A3"] {
        house.drafted(id);
    }
    assert_eq!(claim(&house, &one, 2).len(), 2);
    assert_eq!(claim(&house, &two, 1).len(), 1);
    let same = |caller: &Caller, id: &str| {
        let answer = house.post(
            caller,
            &format!("/v1/drafts/{id}/ack"),
            json!({"case_number": "N1"}),
        );
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["same_case_number"].clone()
    };
    let warned = |page: &str| house.get(&zhang, page).text.contains("N1");
    assert_eq!(same(&one, "A1"), json!([]));
    // Another system's numbers are its own.
    assert_eq!(same(&two, "A3"), json!([]));
    assert!(!warned("/today") && !warned("/outbox"));
    assert_eq!(same(&one, "A2"), json!(["A1"]));
    assert_eq!(same(&one, "A2"), json!(["A1"]), "twice is once");
    assert!(warned("/today") && warned("/outbox"));
    let recorded = "SELECT count(*) FROM ledger WHERE action = 'draft.acked' AND subject = 'letter/A2' AND detail ->> '$.also[0]' = 'A1'";
    assert_eq!(house.count(recorded), 1);
    // Nobody hears of a letter that is kept from him.
    house
        .sql("INSERT INTO recusals (letter_id, user, by, at_ms) VALUES ('A1', 'zhang', 'chen', 1)");
    assert!(!warned("/today") && !warned("/outbox"));
}

#[test]
fn a_lease_that_ran_out_is_offered_again() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted("A1");
    assert_eq!(claim(&house, &one, 1).len(), 1);
    assert!(claim(&house, &two, 1).is_empty());
    run_out(&house);
    assert_eq!(claim(&house, &two, 1).len(), 1);
    assert_eq!(
        ack(&house, &one, "A1", "N1"),
        (409, "leased_to_another".into())
    );
    assert_eq!(ack(&house, &two, "A1", "N2").0, 200);
}

#[test]
fn a_late_acknowledgement_counts_while_nobody_else_has_the_draft() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted("A1");
    house.drafted("A2");
    assert_eq!(claim(&house, &one, 2).len(), 2);
    run_out(&house);
    assert_eq!(ack(&house, &one, "A1", "N1").0, 200);
    assert_eq!(ids(&claim(&house, &two, 1)), ["A2"]);
    run_out(&house);
    assert_eq!(
        ack(&house, &one, "A2", "N2").0,
        200,
        "the second lease ran out too: whoever comes first"
    );
    assert_eq!(ack(&house, &two, "A2", "N9").0, 409);
}

#[test]
fn nobody_acknowledges_what_they_never_had() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    assert_eq!(ack(&house, &cases, "A1", "N1"), (409, "not_leased".into()));
    assert_eq!(ack(&house, &cases, "A9", "N1"), (404, "not_found".into()));
}

#[test]
fn an_old_lease_of_the_same_token_does_not_acknowledge() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let old = claim(&house, &cases, 1)[0]["lease"].clone();
    run_out(&house);
    let new = claim(&house, &cases, 1)[0]["lease"].clone();
    let with = |lease: &Value| {
        house
            .post(
                &cases,
                "/v1/drafts/A1/ack",
                json!({"case_number": "N1", "lease": lease}),
            )
            .status
    };
    assert_eq!(with(&old), 409);
    let late = json!({"case_number": "N1", "lease": old});
    let late = house.post(&cases, "/v1/drafts/A1/ack", late);
    assert_eq!(late.code(), "lease_outdated");
    assert_eq!(with(&new), 200);
}

#[test]
fn a_draft_given_back_goes_to_the_end_of_the_queue() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted("A1");
    house.drafted("A2");
    house.sql("UPDATE drafts SET ready_ms = 1");
    assert_eq!(ids(&claim(&house, &one, 1)), ["A1"]);
    let nack = |caller: &Caller| {
        house
            .post(caller, "/v1/drafts/A1/nack", json!({"reason": "busy"}))
            .status
    };
    assert_eq!(nack(&two), 404, "it was never handed that one");
    assert_eq!(nack(&one), 200);
    assert_eq!(nack(&one), 409);
    let late = json!({"case_number": "XF-1"});
    let late = house.post(&one, "/v1/drafts/A1/ack", late);
    assert_eq!(late.code(), "not_leased", "it gave it back itself");
    assert_eq!(ids(&claim(&house, &two, 2)), ["A2", "A1"]);
}

#[test]
fn a_repeated_claim_under_its_key_gets_the_same_drafts() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    for id in ["A1", "A2", "A3"] {
        house.drafted(id);
    }
    let keyed = cases.with("idempotency-key", "claim-1");
    let first = claim(&house, &keyed, 2);
    assert_eq!(claim(&house, &keyed, 2), first);
    assert_eq!(house.count("SELECT sum(offered) FROM drafts"), 2);
    let other = house.post(&keyed, "/v1/drafts/claims", json!({"limit": 3}));
    assert_eq!((other.status, other.code().as_str()), (422, "key_reused"));
    assert_eq!(ids(&claim(&house, &cases, 9)), ["A3"]);
}

#[test]
fn two_callers_may_use_the_same_key() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted("A1");
    house.drafted("A2");
    let keyed = |caller: &Caller| claim(&house, &caller.with("idempotency-key", "k"), 1);
    let (first, second) = (keyed(&one), keyed(&two));
    assert_ne!(ids(&first), ids(&second));
}

#[test]
fn an_unconfirmed_draft_is_not_offered() {
    let house = House::new();
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    assert!(claim(&house, &cases, 1).is_empty());
    house
        .app
        .store
        .wait(|db| db.confirm("A1", 2, "zhang"))
        .unwrap();
    let claimed = claim(&house, &cases, 1);
    assert_eq!(claimed[0]["draft"]["confirmed"]["by"], "zhang");
}

#[test]
fn a_draft_of_a_letter_that_is_read_again_is_not_offered() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    house.sql("UPDATE letters SET stage = 'reading'");
    assert!(claim(&house, &cases, 1).is_empty());
    house.draft("A1", Offer::Read);
    assert_eq!(claim(&house, &cases, 1).len(), 1);
}

#[test]
fn a_lease_longer_than_the_settings_allow_is_refused() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    for seconds in [0, 4, 3601] {
        let answer = house.post(
            &cases,
            "/v1/drafts/claims",
            json!({"lease_seconds": seconds}),
        );
        assert_eq!(answer.code(), "lease_too_long");
    }
}

#[test]
fn a_new_reading_never_reopens_a_registered_draft() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    claim(&house, &cases, 1);
    let mut changed = draft("A1");
    changed.fields.sender_name.value = Some("别人".into());
    let again = changed.clone();
    house
        .app
        .store
        .wait(move |db| db.insert_or_replace_draft(&again, Offer::Read))
        .unwrap();
    assert_eq!(ack(&house, &cases, "A1", "N1").0, 200);
    house
        .app
        .store
        .wait(move |db| db.insert_or_replace_draft(&changed, Offer::Read))
        .unwrap();
    let kept = house.get(&cases, "/v1/drafts/A1").json();
    assert_eq!(kept["state"], "acked");
    assert_eq!(kept["draft"]["fields"]["sender_name"]["value"], "陆思雨");
    assert!(claim(&house, &cases, 1).is_empty());
}

/// Killed at any point between two commits: the next process finds either all of a step or nothing of it.
#[test]
fn killed_and_started_again_nothing_is_lost_or_registered_twice() {
    let house = House::offering("read");
    for id in ["A1", "A2", "A3", "A4"] {
        house.drafted(id);
    }
    let open = || Db::open(&house.database()).unwrap();
    let claiming = Claiming {
        by: "token/cases".into(),
        limit: 1,
        lease_seconds: 60,
    };
    let mut registered = Vec::new();
    for round in 0..50 {
        let mut db = open();
        let claims = db.claim_drafts(&claiming, || "lease".into()).unwrap();
        drop(db);
        for claim in claims {
            let letter = claim.draft.letter.clone();
            // Every third time the claimant dies before it acknowledges, and its lease runs out.
            if round % 3 == 0 {
                run_out(&house);
                continue;
            }
            let case = format!("N-{letter}");
            open()
                .ack_draft(&letter, &case, "token/cases", None)
                .unwrap();
            // The answer was lost: it is sent again after a restart.
            open()
                .ack_draft(&letter, &case, "token/cases", None)
                .unwrap();
            registered.push(letter);
        }
    }
    registered.sort();
    assert_eq!(registered, ["A1", "A2", "A3", "A4"]);
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'draft.acked'"),
        4
    );
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state <> 'acked'"),
        0
    );
}

/// The effect of a request and the memory of its answer stand or fall together.
#[test]
fn a_failure_after_the_effect_takes_the_effect_back() {
    use laixin::store::{RequestKey, StoreError};
    let house = House::offering("read");
    house.drafted("A1");
    let key = RequestKey {
        actor: "token/cases".into(),
        key: "k".into(),
        request: "r".into(),
    };
    let failed = house.app.store.wait(move |db| {
        db.once(Some(&key), |db| {
            let claiming = Claiming {
                by: "token/cases".into(),
                limit: 1,
                lease_seconds: 60,
            };
            assert_eq!(db.claim_drafts(&claiming, || "lease".into())?.len(), 1);
            Err(StoreError::Stopped)
        })
    });
    assert!(failed.is_err());
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'open'"),
        1
    );
    assert_eq!(house.count("SELECT count(*) FROM idempotency"), 0);
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'draft.claimed'"),
        0
    );
}

/// The client in `tests/case_system` as a case system would run it, again and again.
struct Outside {
    token: std::path::PathBuf,
    ledger: std::path::PathBuf,
}

impl Outside {
    fn new(house: &House) -> Self {
        let (token, ledger) = (
            house.folder.path().join("token"),
            house.folder.path().join("cases.db"),
        );
        std::fs::write(&token, "secret of cases\n").unwrap();
        Self { token, ledger }
    }

    /// Whether it ends well, and what it says.
    fn run(&self, house: &House, more: &[&str]) -> (bool, String) {
        let done = std::process::Command::new("python3")
            .arg(crate::support::project("tests/case_system/client.py"))
            .args(["--url", &house.url, "--expect", "3", "--timeout", "20"])
            .args(more)
            .arg("--token-file")
            .arg(&self.token)
            .arg("--ledger")
            .arg(&self.ledger)
            .output()
            .unwrap();
        let told = [done.stdout, done.stderr].concat();
        (
            done.status.success(),
            String::from_utf8_lossy(&told).into_owned(),
        )
    }

    fn registrations(&self) -> i64 {
        let ledger = rusqlite::Connection::open(&self.ledger).unwrap();
        let count = "SELECT count(*) FROM registrations";
        ledger.query_row(count, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn a_case_system_in_another_language_takes_every_draft() {
    let house = House::offering("read");
    house.machine("cases", Scope::CaseSystem);
    for id in ["A1", "A2", "信-3"] {
        house.drafted(id);
    }
    let outside = Outside::new(&house);
    let (well, told) = outside.run(&house, &["--nacks", "0.5", "--seed", "3"]);
    assert!(well, "{told}");
    assert_eq!(outside.registrations(), 3);
    // Killed after it wrote its ledger and before it acknowledged: started again, it acknowledges and writes nothing new.
    house.sql("UPDATE drafts SET state = 'leased', case_number = NULL, lease_ms = 1 WHERE letter_id = 'A1'; UPDATE letters SET stage = 'drafted' WHERE id = 'A1'");
    let (well, told) = outside.run(&house, &[]);
    assert!(well, "{told}");
    assert_eq!(outside.registrations(), 3);
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'acked'"),
        3
    );
}

#[test]
fn the_reference_case_system_overwrites_what_it_holds_with_a_draft_that_is_offered_again() {
    let house = House::offering("read");
    house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let outside = Outside::new(&house);
    let (well, told) = outside.run(&house, &["--expect", "1"]);
    assert!(well, "{told}");
    // Its acknowledgement was lost, and the letter corrected before it came to be offered again.
    house.sql(
        "UPDATE drafts SET state = 'open', case_number = NULL, lease_ms = NULL, ready_ms = 1, body = replace(body, '陆思雨', '周强生');
         UPDATE letters SET stage = 'drafted'",
    );
    let (well, told) = outside.run(&house, &["--expect", "1"]);
    assert!(well, "{told}");
    let ledger = rusqlite::Connection::open(&outside.ledger).unwrap();
    let held = "SELECT count(*) FROM registrations WHERE content LIKE '%周强生%' AND content NOT LIKE '%陆思雨%'";
    let held: i64 = ledger.query_row(held, [], |row| row.get(0)).unwrap();
    assert_eq!((held, outside.registrations()), (1, 1));
}

/// What the campaign proves with this ledger it could also disprove.
#[test]
fn a_case_system_that_does_not_look_first_is_caught_by_its_own_ledger() {
    let house = House::offering("read");
    house.machine("cases", Scope::CaseSystem);
    for id in ["A1", "A2", "A3"] {
        house.drafted(id);
    }
    let outside = Outside::new(&house);
    assert!(outside.run(&house, &["--forgets"]).0);
    house.sql("UPDATE drafts SET state = 'leased', case_number = NULL, lease_ms = 1 WHERE letter_id = 'A1'; UPDATE letters SET stage = 'drafted' WHERE id = 'A1'");
    let (well, told) = outside.run(&house, &["--forgets"]);
    assert!(
        !well && told.contains("letter A1 is registered twice"),
        "{told}"
    );
}

/// A system that died with a claim repeated it under its key when the lease had long gone to another, and registered the letter a second time.
#[test]
fn a_repeated_claim_tells_nothing_of_what_is_another_systems_by_now() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    for id in ["A1", "A2", "A3"] {
        house.drafted(id);
    }
    let keyed = one.with("idempotency-key", "k");
    assert_eq!(ids(&claim(&house, &keyed, 3)), ["A1", "A2", "A3"]);
    house.sql("UPDATE drafts SET lease_ms = 1 WHERE letter_id = 'A1'");
    assert_eq!(
        ids(&claim(&house, &keyed, 3)),
        ["A2", "A3"],
        "it may be another's at any moment"
    );
    assert_eq!(ids(&claim(&house, &two, 1)), ["A1"]);
    let left = claim(&house, &keyed, 3);
    assert_eq!(ids(&left), ["A2", "A3"]);
    let nack = json!({"reason": "暂不登记", "lease": left[0]["lease"]});
    assert_eq!(house.post(&one, "/v1/drafts/A2/nack", nack).status, 200);
    assert_eq!(ids(&claim(&house, &keyed, 3)), ["A3"]);
    let ack = json!({"case_number": "C-1"});
    assert_eq!(house.post(&one, "/v1/drafts/A3/ack", ack).status, 200);
    assert!(claim(&house, &keyed, 3).is_empty());
}
