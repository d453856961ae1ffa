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
    // It waits for a person: an officer may look; nobody else before it is read.
    house.sql(
        "INSERT INTO holds (id, batch_id, letter_id, reason, at_ms) VALUES (1, 1, 'X1', 'r', 1)",
    );
    shut(&zhang);
    shut(&li);
    let officer = house.person("officer", Role::ConfirmingOfficer);
    open(&officer);
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
        7,
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

/// A held file in the folder of a scanner, as the desk leaves it.
fn held_file(house: &House) -> std::path::PathBuf {
    let folder = house.app.settings.scanners[0].folder.clone();
    std::fs::create_dir_all(folder.join("held/truncated")).unwrap();
    let kept = folder.join("held/truncated/H1_p1.jpg");
    std::fs::write(&kept, crate::page_workers::half_a_page()).unwrap();
    house.sql(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason, kept_as)
         VALUES ('h1', 's', 'H1_p1.jpg', 'k', 1, 'held', 'truncated', 'held/truncated/H1_p1.jpg')",
    );
    kept
}

#[test]
fn of_a_held_file_what_came_is_shown_on_record_and_coarsely_to_whoever_has_an_interest() {
    let house = House::with_more("[[scanner]]\nid = \"s\"\nfolder = \"scans\"\n");
    let zhang = house.person("zhang", Role::Operator);
    let li = house.person("li", Role::ConfirmingOfficer);
    let keeper = house.person("keeper", Role::Maintenance);
    let declared = house.app.store.wait(|db| {
        let unit = (InterestKind::Unit, Relation::Own, "恒发纺织有限公司");
        db.declare_interest("li", unit, "li")
    });
    declared.unwrap();
    let kept = held_file(&house);
    let image = "/v1/arrivals/h1/image";
    let (status, kind, jpeg) = house.get_bytes(&zhang, image);
    assert_eq!((status, kind.as_str()), (200, "image/jpeg"));
    assert!(longest_side(&jpeg) > 600, "{}", longest_side(&jpeg));
    let (_, _, small) = house.get_bytes(&li, image);
    assert!(longest_side(&small) <= 64, "{}", longest_side(&small));
    assert_eq!(house.get(&keeper, image).code(), "forbidden");
    assert_eq!(
        house.get(&zhang, "/v1/arrivals/none/image").code(),
        "not_found"
    );
    let looks =
        "SELECT count(*) FROM ledger WHERE action = 'page.viewed' AND subject = 'arrival/h1'";
    assert_eq!(house.count(looks), 2);
    // What lies elsewhere is nobody's to see through here.
    house.sql("UPDATE arrivals SET kept_as = '../station.toml'");
    assert_eq!(house.get(&zhang, image).code(), "page_unreadable");
    std::fs::remove_file(kept).unwrap();
    house.sql("UPDATE arrivals SET kept_as = 'held/truncated/H1_p1.jpg'");
    assert_eq!(house.get(&zhang, image).code(), "page_unreadable");
}

#[test]
fn several_findings_are_answered_together_or_not_at_all() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.letter("L1");
    house.letter("L2");
    house.sql(
        "INSERT INTO holds (id, batch_id, letter_id, reason, at_ms) VALUES (1, 1, 'L1', 'page_again', 1), (2, 1, NULL, 'same_bytes', 1), (3, 1, 'L2', 'page_again', 1);
         INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('L2', 'zhang', 1, 'r', 'x')",
    );
    let open = || house.count("SELECT count(*) FROM holds WHERE resolved_ms IS NULL");
    let answer = |holds: serde_json::Value| {
        let body = json!({"holds": holds, "note": "已与纸质件核对"});
        house.post(&zhang, "/v1/holds/resolve", body)
    };
    assert_eq!(answer(json!([])).code(), "body_invalid");
    assert_eq!(answer(json!([1, 99])).code(), "not_found");
    assert_eq!(open(), 3, "none of them");
    assert_eq!(
        answer(json!([1, 3])).code(),
        "not_found",
        "kept from this person"
    );
    assert_eq!(open(), 3);
    let done = answer(json!([1, 2]));
    assert_eq!(done.status, 200);
    assert_eq!(done.json()["items"][1]["note"], "已与纸质件核对");
    assert_eq!(open(), 1);
    assert_eq!(answer(json!([1])).status, 409, "answered already");
}
