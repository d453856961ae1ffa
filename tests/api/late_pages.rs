//! Pages before anybody knows what is in them, and pages that come after the hand-over.

use laixin::domain::access::{InterestKind, Relation};
use laixin::domain::text::PageKind;
use laixin::evidence::Original;
use laixin::store::{Claiming, HeldInto, Hindrance, Role, Scope, StoreError, TakeHeld};
use serde_json::json;

use super::house::{Caller, House};

fn longest_side(jpeg: &[u8]) -> u32 {
    let page = &ocr::decode(jpeg, &ocr::Limits::default()).unwrap()[0];
    page.width().max(page.height())
}

/// A letter that nobody has read, its page a real one.
fn unread(house: &House) {
    house.letter("X1");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S001_p1.jpg");
    let sample = std::fs::read(sample).unwrap();
    let original = house.app.evidence.put(&sample).unwrap();
    house.sql(&format!(
        "UPDATE pages SET state = 'unread', sha256 = '{}', sm3 = '{}'",
        original.sha256, original.sm3
    ));
}

#[test]
fn a_page_that_nobody_has_read_is_shown_only_as_a_page() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let li = house.person("li", Role::ConfirmingOfficer);
    let declared = house.app.store.wait(|db| {
        let unit = (InterestKind::Unit, Relation::Own, "恒发纺织有限公司");
        db.declare_interest("li", unit, "li")
    });
    declared.unwrap();
    unread(&house);
    let shut = |caller: &Caller| {
        for what in ["pages/1", "pages/1/image", "archive.pdf"] {
            let answer = house.get(caller, &format!("/v1/letters/X1/{what}"));
            assert_eq!(answer.code(), "not_read_yet", "{what}");
        }
        let (status, _, small) = house.get_bytes(caller, "/v1/letters/X1/pages/1/thumbnail");
        assert_eq!(status, 200, "that it is there is seen");
        assert!(longest_side(&small) <= 64, "{}", longest_side(&small));
    };
    let open = |caller: &Caller| {
        assert_eq!(
            house.get_bytes(caller, "/v1/letters/X1/pages/1/image").0,
            200
        );
        let (_, _, small) = house.get_bytes(caller, "/v1/letters/X1/pages/1/thumbnail");
        assert!(longest_side(&small) > 200, "{}", longest_side(&small));
    };
    shut(&zhang);
    shut(&li);
    // It waits for a person, who has to look; not for one with an interest that it might touch.
    house.sql(
        "INSERT INTO holds (id, batch_id, letter_id, reason, at_ms) VALUES (1, 1, 'X1', 'r', 1)",
    );
    open(&zhang);
    shut(&li);
    house.sql("UPDATE holds SET resolved_ms = 2, resolved_by = 'x'");
    shut(&zhang);
    house.sql("UPDATE pages SET state = 'unreadable'");
    open(&zhang);
    shut(&li);
    house.sql("UPDATE pages SET state = 'read'");
    shut(&zhang);
    house.draft("X1", house.app.settings.handoff.offer);
    open(&zhang);
    open(&li);
    let coarse = "SELECT count(*) FROM ledger WHERE action = 'page.viewed' AND detail LIKE '%\"coarse\":true%'";
    assert_eq!(
        house.count(coarse),
        6,
        "every look is on record, as what it was"
    );
}

/// A page that was held because its letter had gone on.
fn held(house: &House, arrival: &str) -> TakeHeld {
    house.sql(&format!(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason, kept_as)
         VALUES ('{arrival}', 's', 'A1_p2.jpg', 'k-{arrival}', 2, 'held', 'letter_closed', 'held/{arrival}.jpg')"
    ));
    let original: Original = house.app.evidence.put(arrival.as_bytes()).unwrap();
    TakeHeld {
        arrival: arrival.into(),
        into: HeldInto::Letter("A1".into()),
        kind: PageKind::Letter,
        number: Some(2),
        frames: vec![0],
        original,
    }
}

#[test]
fn a_page_after_the_registration_is_added_and_told_as_an_amendment() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let claim = house.app.store.wait(|db| {
        let claiming = Claiming {
            by: "token/cases".into(),
            limit: 1,
            lease_seconds: 60,
        };
        db.claim_drafts(&claiming, || "lease".into())
    });
    assert_eq!(claim.unwrap().len(), 1);
    let first = held(&house, "late-1");
    let take = |take: TakeHeld| {
        house
            .app
            .store
            .wait(move |db| db.take_held(&take, ("zhang", "补页，已与纸质件核对")))
    };
    assert_eq!(
        take(first).unwrap(),
        "A1",
        "while it is with the case system"
    );
    let ack = json!({"case_number": "C-1"});
    assert_eq!(house.post(&cases, "/v1/drafts/A1/ack", ack).status, 200);
    let body = "SELECT length(body) FROM drafts WHERE letter_id = 'A1'";
    let registered = house.count(body);
    let second = held(&house, "late-2");
    assert_eq!(take(second).unwrap(), "A1", "and after it was registered");
    assert_eq!(
        house.count("SELECT count(*) FROM pages WHERE letter_id = 'A1' AND state = 'unread'"),
        2
    );
    assert_eq!(
        house.count("SELECT count(*) FROM letters WHERE stage = 'registered'"),
        1
    );
    // Read like any other page; the draft as it was registered stays.
    house.sql("UPDATE pages SET state = 'read'");
    let due = house
        .app
        .store
        .wait(|db| db.letters_due(laixin::clock::now().plus_seconds(9), 1));
    assert_eq!(due.unwrap().len(), 1);
    house.drafted_again("A1", |draft| draft.fields.summary = "another one".into());
    assert_eq!(house.count(body), registered);
    let told = house.get(&cases, "/v1/amendments").json();
    assert_eq!(told["items"][0]["kind"], "page_added", "{told}");
    assert_eq!(told["items"][0]["case_number"], "C-1");
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_page = |what: &str| what.contains("late") || what.contains("draft");
    assert!(
        !rows.faults.iter().any(|fault| of_page(&fault.what)),
        "{:?}",
        rows.faults
    );
}

#[test]
fn a_page_for_a_letter_that_is_only_confirmed_waits_until_that_is_withdrawn() {
    let house = House::new();
    house.drafted("A1");
    house
        .app
        .store
        .wait(|db| db.confirm("A1", db.letter_row("A1")?.version, "zhang"))
        .unwrap();
    let take = held(&house, "late-1");
    let refused = house
        .app
        .store
        .wait(move |db| db.take_held(&take, ("zhang", "补页")));
    assert!(
        matches!(
            &refused,
            Err(StoreError::WrongState {
                why: Hindrance::Confirmed,
                ..
            })
        ),
        "{refused:?}"
    );
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("Take the confirmation back first"), "{told}");
}

#[test]
fn no_page_is_added_to_a_registered_letter_without_a_released_load() {
    let house = House::offering("read");
    house.drafted("A1");
    house.sql("UPDATE drafts SET state = 'acked', case_number = 'C-1'; UPDATE letters SET stage = 'registered'; UPDATE loads SET state = 'quarantined', released_ms = NULL");
    let take = held(&house, "late-1");
    let refused = house
        .app
        .store
        .wait(move |db| db.take_held(&take, ("zhang", "补页")));
    assert!(
        matches!(&refused, Err(StoreError::WrongState { what: "load", .. })),
        "{refused:?}"
    );
}
