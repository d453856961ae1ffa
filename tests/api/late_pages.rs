//! Pages before anybody knows what is in them, and pages that come after the hand-over.

use laixin::clock::Millis;
use laixin::domain::access::{InterestKind, Relation};
use laixin::domain::grouping::GroupBy;
use laixin::domain::text::PageKind;
use laixin::evidence::Original;
use laixin::store::{
    Claiming, HeldBeside, HeldInto, Hindrance, NewArrival, Role, Scope, StoreError, TakeHeld,
    TakePage, Taken,
};
use serde_json::json;

use super::house::{Caller, House};
use super::late::{claim, page_comes};

pub(super) fn longest_side(jpeg: &[u8]) -> u32 {
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

/// It went out again as it had been, with its threat told by nothing but an alert.
#[test]
fn a_draft_given_back_after_another_page_came_is_offered_to_nobody_before_it_knows_the_page() {
    let house = House::offering("read");
    house.drafted("A1");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    assert_eq!(claim(&house, &one), ["A1"]);
    page_comes(&house, 2);
    let back = house.post(&one, "/v1/drafts/A1/nack", json!({"reason": "不在本系统"}));
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(claim(&house, &two).is_empty());
    let officer = house.person("wang", Role::ConfirmingOfficer);
    assert_eq!(
        house.get(&officer, "/v1/letters/A1").json()["stage"],
        "reading"
    );
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
        before: None,
        by: GroupBy::Name,
        group: "A1".into(),
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
    // A page that came later stood in front of it, and its number was another's then.
    house.sql("UPDATE pages SET kind = 'envelope'");
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
    let in_front = TakeHeld {
        before: Some(1),
        ..second.clone()
    };
    assert!(
        matches!(take(in_front), Err(StoreError::WrongState { why, .. }) if why == Hindrance::WithCaseSystem),
        "what is registered keeps its order"
    );
    assert_eq!(take(second).unwrap(), "A1", "and after it was registered");
    let order = house.app.store.wait(|db| db.page_ids("A1")).unwrap();
    assert_eq!(
        order,
        [1, 2, 3],
        "behind, whatever numbers and kinds they bear"
    );
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
    let wang = house.person("wang", Role::ConfirmingOfficer);
    let li = house.person("li", Role::ConfirmingOfficer);
    let keeper = house.person("keeper", Role::Maintenance);
    let declared = house.app.store.wait(|db| {
        let unit = (InterestKind::Unit, Relation::Own, "恒发纺织有限公司");
        db.declare_interest("li", unit, "li")
    });
    declared.unwrap();
    let kept = held_file(&house);
    let image = "/v1/arrivals/h1/image";
    let (status, kind, jpeg) = house.get_bytes(&wang, image);
    assert_eq!((status, kind.as_str()), (200, "image/jpeg"));
    assert!(longest_side(&jpeg) > 600, "{}", longest_side(&jpeg));
    // Nobody knows whom it touches: whoever is no officer sees that it is there.
    for caller in [&zhang, &li] {
        let (status, _, small) = house.get_bytes(caller, image);
        assert_eq!(status, 200);
        assert!(longest_side(&small) <= 64, "{}", longest_side(&small));
    }
    assert_eq!(house.get(&keeper, image).code(), "forbidden");
    assert_eq!(
        house.get(&zhang, "/v1/arrivals/none/image").code(),
        "not_found"
    );
    let looks =
        "SELECT count(*) FROM ledger WHERE action = 'page.viewed' AND subject = 'arrival/h1'";
    assert_eq!(house.count(looks), 3);
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
    house.tampered();
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

/// Whoever may not open a letter says nothing of what was found of it, by whichever route, however the finding names it.
#[test]
fn a_finding_is_settled_only_by_whoever_may_open_its_letter() {
    let house = House::new();
    house.tampered();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        draft.fields.purpose.value = Some("检举控告".into());
    });
    house.drafted("B1");
    let every_kind = [
        "receipt_contradicts",
        "page_again",
        "same_bytes",
        "number_missing",
        "out_of_order",
        "image_held",
        "file_grew",
        "held_between",
        "page_unreadable",
        "image_not_seen",
        "two_mail_numbers",
        "mail_number_again",
        "letter_empty",
        "envelope_alone",
        "odd_count",
        "scan_broken",
        "counts_differ",
        "scan_interrupted",
        "unreleased_load",
        "opened_before_release",
        "made_before_release",
        "page_after_load",
        "which_batch",
        "separator_missing",
        "separator_repeated",
        "separator_skipped",
        "separator_disputed",
        "separator_run_changed",
    ];
    for (n, reason) in (1..).zip(every_kind) {
        house.sql(&format!("INSERT INTO holds (id, batch_id, letter_id, reason, at_ms) VALUES ({n}, 1, 'A1', '{reason}', 1)"));
    }
    // Of no letter, or of another one, and it names this one.
    house.sql(
        "INSERT INTO holds (id, batch_id, letter_id, reason, detail, at_ms) VALUES (101, 1, NULL, 'image_held', 'late_page: A1_p2.jpg', 1),
         (102, 1, 'B1', 'same_bytes', 'B1 = A1', 1), (103, 1, 'B1', 'page_again', NULL, 1);
         UPDATE letters SET group_name = 'A1_p2.jpg' WHERE id = 'A1'",
    );
    let note = json!({"note": "已与纸质件核对"});
    let settle = |caller: &Caller, id: i64| {
        house.post(caller, &format!("/v1/holds/{id}/resolve"), note.clone())
    };
    let together = |caller: &Caller, ids: &[i64]| {
        house.post(
            caller,
            "/v1/holds/resolve",
            json!({"holds": ids, "note": "已核对"}),
        )
    };
    let open = || house.count("SELECT count(*) FROM holds WHERE resolved_ms IS NULL");
    let all = open();
    let other = house.person("chen", Role::Operator);
    for caller in [&zhang, &other] {
        assert_eq!(house.get(caller, "/v1/letters/A1").code(), "restricted");
        for id in (1..=every_kind.len() as i64).chain([101, 102]) {
            assert_eq!(settle(caller, id).code(), "restricted", "{id}");
            assert_eq!(together(caller, &[103, id]).code(), "restricted", "{id}");
        }
    }
    assert_eq!(open(), all, "not even the one that would have been theirs");
    let page = house.get(&zhang, "/batches").text;
    assert!(page.contains("由能打开这封信的人核对并写明结果"), "{page}");
    assert!(!page.contains("name=\"holds\" value=\"1\""), "{page}");
    assert!(page.contains("name=\"holds\" value=\"103\""), "{page}");
    assert_eq!(settle(&zhang, 103).status, 200);
    assert_eq!(together(&officer, &[1, 101, 102]).status, 200);
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'wang', 1, 'r', 'x')");
    assert_eq!(settle(&officer, 2).code(), "not_found");
    assert_eq!(together(&officer, &[2]).code(), "not_found");
}

/// A page with the name of a letter that came with an earlier batch, scanned with a load of its own.
pub(super) fn later_page(house: &House, name: &str, number: u32) -> (String, TakePage) {
    house.sql(
        "INSERT OR IGNORE INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (2, 'letter', 9, 1, 't', 1);
         INSERT OR IGNORE INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (2, 2, 'cabinet-1', 'released', 1, 5);
         UPDATE batches SET closed_ms = 4, closed_by = 't' WHERE id = 1",
    );
    let name = name.to_owned();
    let noted = house.app.store.wait(move |db| {
        db.note_arrival(&NewArrival {
            source: "s".into(),
            file_key: format!("k-{name}"),
            name,
            first_seen: Millis(9),
            seen: None,
        })
    });
    let arrival = noted.unwrap();
    let original: Original = house.app.evidence.put(arrival.id.as_bytes()).unwrap();
    let page = TakePage {
        arrival: arrival.id.clone(),
        group: "A1".into(),
        kind: PageKind::Letter,
        number: Some(number),
        frames: vec![0],
        original,
    };
    (arrival.id, page)
}

#[test]
fn a_later_page_of_an_accusation_is_held_and_only_whoever_sees_the_letter_decides() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let li = house.person("li", Role::Operator);
    house.drafted_as("A1", |draft| {
        draft.fields.purpose.value = Some("检举控告".into());
    });
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'li', 1, 'r', 'x')");
    let (id, page) = later_page(&house, "A1_p2.jpg", 2);
    let (again, held) = (page.clone(), id.clone());
    let taken = house
        .app
        .store
        .wait(move |db| db.take_page(&again))
        .unwrap();
    assert_eq!(taken, Taken::Late);
    assert_eq!(house.count("SELECT count(*) FROM letters"), 1);
    let done = house.app.store.wait(move |db| {
        db.hold_arrival(&held, "late_page")?;
        db.arrival_kept_as(&held, "held/late_page/A1_p2.jpg")?;
        db.hold_beside(&HeldBeside {
            arrival: held,
            by: GroupBy::Name,
            group: "A1".into(),
        })
    });
    done.unwrap();
    let listed = |caller: &Caller| house.get(caller, "/v1/arrivals").json()["items"].clone();
    assert_eq!(listed(&li), json!([]), "for him there is no such letter");
    assert_eq!(house.get(&li, "/v1/holds").json()["items"], json!([]));
    assert_eq!(listed(&zhang)[0]["reason"], "late_page");
    assert_eq!(listed(&zhang)[0]["letter"], json!(null));
    assert_eq!(listed(&officer)[0]["letter"], "A1");
    let image = format!("/v1/arrivals/{id}/image");
    assert_eq!(house.get(&zhang, &image).code(), "restricted");
    assert_eq!(house.get(&officer, &image).code(), "reason_needed");
    let aside = format!("/v1/arrivals/{id}/set-aside");
    let why = json!({"reason": "不是信件"});
    assert_eq!(house.post(&zhang, &aside, why.clone()).code(), "restricted");
    assert_eq!(house.post(&li, &aside, why).code(), "not_found");
    // A letter of its own is guarded like the one whose page it may be; its own batch is closed, the page's load is open.
    let take = |into: HeldInto| {
        let take = TakeHeld {
            arrival: page.arrival.clone(),
            into,
            before: None,
            by: GroupBy::Name,
            group: "A1".into(),
            kind: page.kind,
            number: page.number,
            frames: page.frames.clone(),
            original: page.original.clone(),
        };
        house
            .app
            .store
            .wait(move |db| db.take_held(&take, ("wang", "已与纸质件核对")))
    };
    let made = take(HeldInto::Load(2)).unwrap();
    let guarded = format!(
        "SELECT count(*) FROM restrictions WHERE letter_id = '{made}' AND state = 'restricted'"
    );
    assert_eq!((made.as_str(), house.count(&guarded)), ("A1-2", 1));
}

#[test]
fn a_page_found_the_day_after_goes_into_its_letter_though_the_batch_is_closed() {
    let house = House::new();
    house.drafted("A1");
    let (id, page) = later_page(&house, "A1_p2.jpg", 2);
    let taken = house.app.store.wait(move |db| {
        db.hold_arrival(&id, "late_page")?;
        db.arrival_kept_as(&id, "held/late_page/A1_p2.jpg")?;
        let take = TakeHeld {
            arrival: page.arrival,
            into: HeldInto::Letter("A1".into()),
            before: None,
            by: GroupBy::Name,
            group: "A1".into(),
            kind: page.kind,
            number: page.number,
            frames: page.frames,
            original: page.original,
        };
        db.take_held(&take, ("wang", "第二页夹在信封里"))
    });
    assert_eq!(taken.unwrap(), "A1");
    assert_eq!(
        house.count("SELECT count(*) FROM pages WHERE letter_id = 'A1'"),
        2
    );
}

#[test]
fn names_that_are_counted_anew_every_day_are_no_later_pages() {
    let house = House::new();
    house.drafted("A1");
    let (_, second) = later_page(&house, "A1_p2.jpg", 2);
    let (_, first) = later_page(&house, "A1_p1.jpg", 1);
    let take = |page: TakePage| house.app.store.wait(move |db| db.take_page(&page)).unwrap();
    assert_eq!(
        take(second.clone()),
        Taken::NotYet,
        "its first page is on its way"
    );
    assert!(matches!(take(first), Taken::Letter { letter, .. } if letter == "A1-2"));
    assert!(matches!(take(second), Taken::Letter { letter, .. } if letter == "A1-2"));
}

/// A page that lies in its folder long enough: what it could join would have come.
fn lone(house: &House, name: &str, kind: PageKind, number: Option<u32>) -> (String, Taken) {
    let (id, page) = later_page(house, name, 1);
    let page = TakePage {
        kind,
        number,
        ..page
    };
    (
        id,
        house.app.store.wait(move |db| db.take_page(&page)).unwrap(),
    )
}

#[test]
fn a_late_envelope_of_an_accusation_is_held_and_only_whoever_sees_the_letter_looks_at_it() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let li = house.person("li", Role::Operator);
    house.drafted_as("A1", |draft| {
        draft.fields.purpose.value = Some("检举控告".into());
    });
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'li', 1, 'r', 'x')");
    let (id, taken) = lone(&house, "A1_env.jpg", PageKind::Envelope, None);
    assert_eq!(taken, Taken::Late);
    assert_eq!(house.count("SELECT count(*) FROM letters"), 1);
    let image = format!("/v1/arrivals/{id}/image");
    let held = house.app.store.wait(move |db| {
        db.hold_arrival(&id, "late_page")?;
        db.arrival_kept_as(&id, "held/late_page/A1_env.jpg")?;
        db.hold_beside(&HeldBeside {
            arrival: id,
            by: GroupBy::Name,
            group: "A1".into(),
        })
    });
    held.unwrap();
    assert_eq!(house.get(&zhang, &image).code(), "restricted");
    assert_eq!(house.get(&li, &image).code(), "not_found");
    let listed = house.get(&li, "/v1/arrivals").json();
    assert_eq!(listed["items"], json!([]));
}

#[test]
fn a_late_first_page_or_envelope_is_held_only_where_the_earlier_letter_lacks_it() {
    let house = House::new();
    house.drafted("A1");
    let (envelope, letter) = (PageKind::Envelope, PageKind::Letter);
    let comes = |name: &str, kind, number| lone(&house, name, kind, number).1;
    let begins = |taken: Taken| matches!(taken, Taken::Letter { .. });
    // It has an envelope, and lacks its first sheet.
    house.sql("UPDATE pages SET kind = 'envelope'");
    assert_eq!(comes("A1_p1.jpg", letter, Some(1)), Taken::Late);
    assert_eq!(comes("A1.jpg", letter, None), Taken::Late);
    // Whole, its name has come back.
    house.sql(
        "INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES ('A1', 'a-A1', 1, 'letter', 1, 'cc', 'dd', 1)",
    );
    assert!(begins(comes("A1_p1.jpg", letter, Some(1))));
    assert!(begins(comes("A1_env.jpg", envelope, None)));
    // A person took everything out of it.
    house.drafted("B1");
    house.sql("UPDATE arrivals SET name = 'B1_p2.jpg' WHERE id = 'a-B1'; UPDATE pages SET hint = 2 WHERE letter_id = 'B1'");
    let other = |name: &str| {
        let (_, page) = later_page(&house, name, 1);
        let page = TakePage {
            group: "B1".into(),
            ..page
        };
        house.app.store.wait(move |db| db.take_page(&page)).unwrap()
    };
    assert_eq!(other("B1_p1.jpg"), Taken::Late);
    house.sql("UPDATE pages SET letter_id = 'A1' WHERE letter_id = 'B1'");
    assert!(begins(other("B1_p01.jpg")));
}

#[test]
fn a_late_page_of_a_letter_whose_batch_is_closed_is_held_whatever_batch_is_open() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted("A1");
    let why = json!({"reason": "误拆私人信件"});
    let returned = house.post(&officer, "/v1/letters/A1/return-unread", why);
    assert_eq!(returned.status, 200, "{}", returned.text);
    let (id, page) = later_page(&house, "A1_p2.jpg", 2);
    // The batch that is open was signed in before the letter's, which is closed.
    house.sql(
        "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms, closed_ms, closed_by) VALUES (3, 'letter', 1, 1, 't', 1, 4, 't');
         UPDATE letters SET batch_id = 3 WHERE id = 'A1'",
    );
    let again = page.clone();
    let taken = house.app.store.wait(move |db| db.take_page(&again));
    assert_eq!(taken.unwrap(), Taken::Late);
    assert_eq!(house.count("SELECT count(*) FROM letters"), 1);
    let held = house.app.store.wait(move |db| {
        db.hold_arrival(&id, "late_page")?;
        db.arrival_kept_as(&id, "held/late_page/A1_p2.jpg")?;
        db.hold_beside(&HeldBeside {
            arrival: id,
            by: GroupBy::Name,
            group: "A1".into(),
        })
    });
    held.unwrap();
    let listed = house.get(&zhang, "/v1/arrivals").json();
    assert_eq!(listed["items"][0]["letter"], "A1", "{listed}");
    let shown = house.get(&zhang, "/held").text;
    assert!(shown.contains("href=\"/letters/A1\""), "{shown}");
    let holds = house.get(&zhang, "/v1/holds?batch=2").json();
    assert_eq!(holds["items"][0]["letter"], "A1", "{holds}");
    let path = format!("/v1/arrivals/{}/image", page.arrival);
    assert_eq!(house.get(&officer, &path).code(), "letter_withheld");
}

#[test]
fn a_page_moved_into_a_registered_letter_is_told_as_an_amendment_and_guarded_like_where_it_came_from()
 {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted("A1");
    let claims = house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!(claims.json()["drafts"][0]["id"], "A1");
    let ack = json!({"case_number": "C-1"});
    assert_eq!(house.post(&cases, "/v1/drafts/A1/ack", ack).status, 200);
    house.drafted_as("A2", |draft| {
        draft.fields.purpose.value = Some("检举控告".into());
    });
    let why = json!({"reason": "核对举报内容"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A2/views", why).status,
        200
    );
    let to = json!({"pages": [1], "to": "A1", "reason": "是同一封信的补页"});
    let moved = house.post(&officer, "/v1/letters/A2/pages/move", to);
    assert_eq!(moved.status, 200, "{}", moved.text);
    let guarded =
        "SELECT count(*) FROM restrictions WHERE letter_id = 'A1' AND state = 'restricted'";
    assert_eq!(house.count(guarded), 1);
    assert_eq!(
        house.count("SELECT count(*) FROM letters WHERE id = 'A1' AND stage = 'registered'"),
        1
    );
    house.drafted_again("A1", |_| {});
    let told = house.get(&cases, "/v1/amendments").json();
    assert_eq!(told["items"][0]["kind"], "page_added", "{told}");
}
