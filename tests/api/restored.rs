//! A station that was restored from a back-up: case systems are ahead of it. It hands out nothing before an officer says that they have told what it does
//! not know.

use laixin::api::password::random_hex;
use laixin::domain::outgoing::Kind;
use laixin::store::{Channel, Db, Receipt, ReceiptTaken, Role, Scope, StoreError};
use serde_json::json;

use super::house::{Caller, House};
use super::packages::{Gate, stands};
use super::raised_again::threat;
use crate::support::wait_for;

const CLAIMS: &str = "/v1/drafts/claims";
const RECONCILE: &str = "/v1/handover/reconcile";

/// What `laixin restore` leaves behind.
pub(super) fn restore(house: &House) {
    let noted = |db: &mut Db| db.note_restored("2026-03-02", &[], "test");
    house.app.store.wait(noted).unwrap();
}

fn goes_on(house: &House, officer: &Caller) {
    let why = json!({"reason": "已与各业务系统核对"});
    assert_eq!(house.post(officer, RECONCILE, why).status, 204);
}

fn claimed(house: &House, caller: &Caller) -> Vec<String> {
    let claims = house.post(caller, CLAIMS, json!({"limit": 10})).json();
    let drafts = claims["drafts"].as_array().unwrap().iter();
    let id = |draft: &serde_json::Value| draft["id"].as_str().unwrap().to_owned();
    drafts.map(id).collect()
}

fn ack(house: &House, caller: &Caller, letter: &str, number: &str) -> (u16, String) {
    let path = format!("/v1/drafts/{letter}/ack");
    let answer = house.post(caller, &path, json!({"case_number": number}));
    let code = match answer.status {
        200 => String::new(),
        _ => answer.code(),
    };
    (answer.status, code)
}

fn is_settled(taken: &Result<ReceiptTaken, StoreError>, letter: &str) -> bool {
    matches!(taken, Ok(ReceiptTaken::Settled(message)) if message.letter == letter)
}

fn registered() -> (u16, String) {
    (200, String::new())
}

/// `not_leased` for what was registered, and the rest handed out a second time.
#[test]
fn nothing_is_registered_twice_where_case_systems_are_ahead_of_a_restored_station() {
    let house = House::offering("read");
    let first = house.machine("cases-1", Scope::CaseSystem);
    let second = house.machine("cases-2", Scope::CaseSystem);
    for letter in ["A001", "B05", "B17"] {
        house.drafted(letter);
    }
    restore(&house);
    // Whatever arrives now waits as well.
    house.drafted("C01");

    let refused = house.post(&second, CLAIMS, json!({"limit": 10}));
    assert_eq!((refused.status, refused.code()), (409, "restored".into()));
    let seen = house.get(&second, "/v1/drafts").json();
    assert_eq!(seen["items"], json!([]));
    assert_eq!(house.get(&second, "/v1/drafts/B05").status, 404);

    // The back-up knows of none of these.
    for _ in 0..2 {
        assert_eq!(ack(&house, &first, "A001", "N1"), registered());
    }
    assert_eq!(ack(&house, &second, "B17", "N2"), registered());
    let elsewhere = (409, "registered_elsewhere".to_owned());
    assert_eq!(ack(&house, &second, "A001", "N3"), elsewhere);
    assert_eq!(ack(&house, &second, "B99", "N3").0, 404);
    let held = house.get(&first, "/v1/drafts/A001").json();
    assert_eq!(held["case_number"], "N1");

    let officer = house.person("boss", Role::ConfirmingOfficer);
    let operator = house.person("zhang", Role::Operator);
    for (caller, has_button) in [(&operator, false), (&officer, true)] {
        let page = house.get(caller, "/today").text;
        assert!(page.contains("本站恢复自备份"), "{page}");
        assert_eq!(page.contains("restored-reason"), has_button, "{page}");
    }
    goes_on(&house, &officer);
    let again = house.post(&officer, RECONCILE, json!({"reason": "再次确认"}));
    assert_eq!(again.code(), "wrong_state");
    assert!(
        !house
            .get(&officer, "/today")
            .text
            .contains("本站恢复自备份")
    );

    let unclaimed = (404, "not_found".to_owned());
    house.letter("D01");
    assert_eq!(ack(&house, &first, "D01", "N4"), unclaimed);
    assert_eq!(claimed(&house, &second), ["B05", "C01"]);
    assert_eq!(claimed(&house, &first), [""; 0]);
}

/// Its lease runs still; whoever registered it after the back-up may be another.
#[test]
fn a_claim_repeated_after_a_restore_hands_out_nothing() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let keyed = cases.with("idempotency-key", "before-the-back-up");
    assert_eq!(claimed(&house, &keyed), ["A1"]);
    restore(&house);
    let again = house.post(&keyed, CLAIMS, json!({"limit": 10}));
    assert_eq!((again.status, again.code()), (409, "restored".into()));
    // Its own it registers as ever.
    assert_eq!(ack(&house, &cases, "A1", "N1"), registered());
}

/// A package that was laid down after the back-up is known by its receipt only.
#[test]
fn a_receipt_that_names_its_letter_registers_it_on_a_restored_station_and_nothing_goes_out() {
    let house = House::offering("read");
    for letter in ["A1", "A2"] {
        house.drafted(letter);
    }
    let channel = |name: &str| Channel {
        name: name.into(),
        kinds: vec![Kind::DraftReady],
        unit: None,
        holder: None,
    };
    let (folder, hook) = (channel("exchange/gate-1"), channel("webhook/cases"));
    restore(&house);
    assert_eq!(house.queued(hook.clone()), 0);
    let packages = || {
        let (folder, id) = (folder.clone(), random_hex::<16>);
        let claim = move |db: &mut Db| db.claim_packages(&folder, 10, id);
        house.app.store.wait(claim).unwrap()
    };
    assert_eq!(packages(), 0);

    let receipt = |letter: Option<&'static str>| {
        let accepted = Receipt::Accepted {
            case_number: "N1".into(),
        };
        let take = move |db: &mut Db| {
            db.take_receipt("exchange/gate-1", ("draft_after", letter), &accepted)
        };
        house.app.store.wait(take)
    };
    let unknown = receipt(None);
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
    for _ in 0..2 {
        assert!(is_settled(&receipt(Some("A1")), "A1"));
    }
    let row = house.app.store.wait(|db| db.draft("A1")).unwrap();
    assert_eq!(row.case_number.as_deref(), Some("N1"));
    assert_eq!(row.claimed_by.as_deref(), Some("exchange/gate-1"));

    goes_on(&house, &house.person("boss", Role::ConfirmingOfficer));
    assert_eq!(house.queued(hook), 1, "of A2 alone");
    assert_eq!(packages(), 1, "A2 alone");
}

/// Behind a one-way gate a receipt may come days later: it was set aside as one for no package of ours, and the letter stayed open under its second one.
#[test]
fn a_receipt_for_a_forgotten_package_that_comes_after_the_handover_went_on_registers_its_letter() {
    let house = House::offering("read");
    house.drafted("A1");
    restore(&house);
    goes_on(&house, &house.person("boss", Role::ConfirmingOfficer));
    let folder = Channel {
        name: "exchange/gate-1".into(),
        kinds: vec![Kind::DraftReady],
        unit: None,
        holder: None,
    };
    let claim = move |db: &mut Db| db.claim_packages(&folder, 10, random_hex::<16>);
    assert_eq!(house.app.store.wait(claim).unwrap(), 1);
    let take = |receipt: Receipt| {
        let take = move |db: &mut Db| {
            db.take_receipt("exchange/gate-1", ("draft_after", Some("A1")), &receipt)
        };
        house.app.store.wait(take)
    };
    let accepted = || Receipt::Accepted {
        case_number: "N1".into(),
    };
    let waits = take(accepted());
    assert!(
        matches!(waits, Err(StoreError::NotFound { .. })),
        "the second one is not laid down yet"
    );
    house.sql("UPDATE outbox SET state = 'sent', attempts = 1");
    let rejected = take(Receipt::Rejected {
        reason: "住址不清".into(),
    });
    assert!(
        matches!(rejected, Ok(ReceiptTaken::NoDraft)),
        "the second one is still to be answered"
    );
    assert!(is_settled(&take(accepted()), "A1"));
    let row = house.app.store.wait(|db| db.draft("A1")).unwrap();
    assert_eq!(row.case_number.as_deref(), Some("N1"));
    let dropped =
        "SELECT count(*) FROM outbox WHERE message <> 'draft_after' AND state = 'dropped'";
    assert_eq!(house.count(dropped), 1, "nobody registers it a second time");
}

/// It was set aside as one for no package of ours, and the letter went out again as it was.
#[test]
fn a_rejection_of_a_package_that_a_restored_station_did_not_know_was_set_aside() {
    let house = House::offering("read");
    house.drafted("A1");
    restore(&house);
    let rejected = |letter: Option<&'static str>| {
        let receipt = Receipt::Rejected {
            reason: "住址不清".into(),
        };
        let take = move |db: &mut Db| {
            db.take_receipt("exchange/gate-1", ("draft_after", letter), &receipt)
        };
        house.app.store.wait(take)
    };
    assert!(matches!(rejected(None), Err(StoreError::NotFound { .. })));
    for _ in 0..2 {
        assert!(is_settled(&rejected(Some("A1")), "A1"));
    }
    let row = house.app.store.wait(|db| db.draft("A1")).unwrap();
    assert_eq!(row.nack_reason.as_deref(), Some("住址不清"));
    assert_eq!((row.ready, row.claimed_by), (None, None));
    goes_on(&house, &house.person("boss", Role::ConfirmingOfficer));
    let cases = house.machine("cases", Scope::CaseSystem);
    assert!(
        claimed(&house, &cases).is_empty(),
        "it goes nowhere before somebody has looked at it"
    );
}

/// What was to be told when the back-up was made may have been told since, or be over.
#[test]
fn no_webhook_goes_out_before_a_restored_station_goes_on() {
    let house = House::offering("read");
    house.drafted("A1");
    let hook = Channel {
        name: "webhook/cases".into(),
        kinds: vec![Kind::DraftReady],
        unit: None,
        holder: None,
    };
    assert_eq!(house.queued(hook.clone()), 1);
    restore(&house);
    let due = || {
        let hook = hook.clone();
        let due = house.app.store.wait(move |db| db.due_messages(&hook, 10));
        due.unwrap().len()
    };
    assert_eq!(due(), 0);
    goes_on(&house, &house.person("boss", Role::ConfirmingOfficer));
    assert_eq!(due(), 1, "it is not dropped");
}

/// Page 交接 showed a package as placed that was never laid, for ever.
#[test]
fn a_receipt_that_contradicts_makes_no_package_that_was_never_laid() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A001");
    restore(&house);
    assert_eq!(ack(&house, &cases, "A001", "N1"), registered());
    let accepted = Receipt::Accepted {
        case_number: "F-1".into(),
    };
    for _ in 0..2 {
        let receipt = accepted.clone();
        let taken = house.app.store.wait(move |db| {
            db.take_receipt("exchange/gate-1", ("draft_1", Some("A001")), &receipt)
        });
        assert!(matches!(taken, Err(StoreError::WrongState { .. })));
    }
    assert_eq!(house.count("SELECT count(*) FROM outbox"), 0);
    let held =
        "SELECT count(*) FROM holds WHERE letter_id = 'A001' AND reason = 'receipt_contradicts'";
    assert_eq!(house.count(held), 1, "a person hears of it");
}

/// A receipt for an alert, which may carry any number, registered the letter, whose draft had never gone out: then a correction of it went out.
#[test]
fn a_receipt_for_an_alert_registered_its_letter_on_a_restored_station() {
    let house = House::offering("read");
    house.drafted("A1");
    restore(&house);
    let accepted = Receipt::Accepted {
        case_number: "AL-1".into(),
    };
    let rejected = Receipt::Rejected {
        reason: "收到".into(),
    };
    let taken = |package: String, letter: &'static str, receipt: &Receipt| {
        let receipt = receipt.clone();
        let take = move |db: &mut Db| {
            db.take_receipt("exchange/gate-1", (&package, Some(letter)), &receipt)
        };
        house.app.store.wait(take).unwrap()
    };
    for receipt in [&accepted, &rejected] {
        for kind in Kind::ALL {
            let package = kind.id("after");
            if kind == Kind::DraftReady {
                assert_eq!(taken(package, "B1", receipt), ReceiptTaken::LetterMissing);
            } else {
                assert_eq!(
                    taken(package, "A1", receipt),
                    ReceiptTaken::NoDraft,
                    "{kind:?}"
                );
            }
        }
        let unknown = "msg_after".to_owned();
        assert_eq!(taken(unknown, "A1", receipt), ReceiptTaken::KindUnknown);
    }
    let untouched = "SELECT count(*) FROM drafts WHERE letter_id = 'A1' AND state = 'open' AND ready_ms IS NOT NULL AND nack_reason IS NULL";
    assert_eq!(house.count(untouched), 1);
    assert_eq!(house.count("SELECT count(*) FROM outbox"), 0);
}

/// The same through the folder: the receipt is moved back out of `in/done`, as the administrator's page says.
#[test]
fn receipts_moved_back_into_the_folder_register_only_what_answers_a_draft() {
    let gate = Gate::new();
    let house = gate.house("");
    restore(&house);
    house.drafted_as("A1", threat(1, "不解决就同归于尽"));
    let alert = gate.told("alert.raised")["package"].clone();
    let receipt = |package: &serde_json::Value, letter: &str| json!({"package": package, "letter": letter, "result": "accepted", "case_number": "AL-1"});
    let done = |name: &str| {
        let name = name.to_owned();
        wait_for("the receipt to be read", 30, || {
            gate.names("in/done").contains(&name).then_some(())
        });
    };
    gate.receipt("1.receipt.json", &receipt(&alert, "A1"));
    done("1.receipt.json");
    house.sql("DELETE FROM outbox");
    let (put_away, back) = ("in/done/1.receipt.json", "in/1.receipt.json");
    let at = |name: &str| gate.folder().join(name);
    std::fs::rename(at(put_away), at(back)).unwrap();
    done("1.receipt.json");
    let acked = "SELECT count(*) FROM drafts WHERE state = 'acked'";
    assert_eq!(house.count(acked), 0, "an alert registers nothing");

    let draft = json!(Kind::DraftReady.id("before-the-crash"));
    gate.receipt("2.receipt.json", &receipt(&draft, "B1"));
    let note = wait_for("it to be set aside", 30, || {
        std::fs::read_to_string(at("in/bad/2.receipt.json.why")).ok()
    });
    assert!(note.starts_with("letter_missing\n"), "{note}");
    gate.receipt(
        "3.receipt.json",
        &receipt(&json!("msg_of_an_older_station"), "A1"),
    );
    let note = wait_for("it to be set aside", 30, || {
        std::fs::read_to_string(at("in/bad/3.receipt.json.why")).ok()
    });
    assert!(note.starts_with("kind_unknown\n"), "{note}");
    assert_eq!(house.count(acked), 0);
    gate.receipt("4.receipt.json", &receipt(&draft, "A1"));
    stands(&house, "A1", "accepted");
    assert_eq!(house.count(acked), 1);
}

/// The station gave the numbers anew that it had forgotten: what was new under one was never told.
#[test]
fn an_acknowledgement_of_a_forgotten_amendment_took_another_letters_for_told() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    for (letter, number) in [("A1", "N1"), ("A2", "N2")] {
        house.drafted(letter);
        claimed(&house, &cases);
        assert_eq!(ack(&house, &cases, letter, number), registered());
    }
    let amended = |letter: &str| {
        house.sql(&format!("INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES ('{letter}', 'threat_confirmed', 1, 'boss')"));
        let open = house.get(&cases, "/v1/amendments").json();
        open["items"][0]["id"].as_i64().unwrap()
    };
    let forgotten = amended("A1");
    house.sql("DELETE FROM amendments; DELETE FROM sqlite_sequence WHERE name = 'amendments'");
    restore(&house);
    let told = amended("A2");
    assert_ne!(told, forgotten);
    let path = |number: i64| format!("/v1/amendments/{number}/ack");
    let late = house.post(&cases, &path(forgotten), json!({}));
    assert_eq!(late.status, 404);
    assert_eq!(house.post(&cases, &path(told), json!({})).status, 200);
}
