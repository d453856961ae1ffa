//! Held files: who sees what of them before anybody has read them, and that a look at one is a look at the letter it is taken into.

use laixin::domain::grouping::GroupBy;
use laixin::store::{HeldBeside, HeldInto, Role, TakeHeld, TakePage};
use serde_json::{Value, json};

use super::house::{Caller, House};
use super::late_pages::{later_page, longest_side};

const SCANNER: &str = "[[scanner]]\nid = \"s\"\nfolder = \"scans\"\n";

/// A late page of A1, held with its file in its place.
fn held_late(house: &House) -> (String, TakePage) {
    let (id, page) = later_page(house, "A1_p2.jpg", 2);
    let folder = house.app.settings.scanners[0].folder.join("held/late_page");
    std::fs::create_dir_all(&folder).unwrap();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S001_p1.jpg");
    std::fs::copy(sample, folder.join("A1_p2.jpg")).unwrap();
    let held = id.clone();
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
    (id, page)
}

fn post(house: &House, caller: &Caller, path: &str, body: Value) {
    let answer = house.post(caller, path, body);
    assert!(answer.status < 300, "{path}: {}", answer.text);
}

fn accuses(draft: &mut laixin::domain::draft::Draft) {
    draft.fields.purpose.value = Some("检举控告".into());
}

#[test]
fn a_late_page_of_an_emptied_letter_is_seen_as_the_letter_that_has_its_pages_now() {
    let house = House::with_more(SCANNER);
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let li = house.person("li", Role::ConfirmingOfficer);
    house.drafted("A1");
    house.drafted_as("B1", accuses);
    let why = json!({"reason": "核对举报内容"});
    post(&house, &officer, "/v1/letters/B1/views", why.clone());
    let to = json!({"pages": [1], "to": "B1", "reason": "是同一封信"});
    post(&house, &officer, "/v1/letters/A1/pages/move", to);
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('B1', 'li', 1, 'r', 'x')");
    let (id, _) = held_late(&house);
    let image = format!("/v1/arrivals/{id}/image");
    assert_eq!(house.get(&zhang, &image).code(), "restricted");
    let aside = format!("/v1/arrivals/{id}/set-aside");
    let no_letter = json!({"reason": "不是信件"});
    assert_eq!(
        house.post(&zhang, &aside, no_letter.clone()).code(),
        "restricted"
    );
    // For whom the letter is kept from there is no such file.
    assert_eq!(house.get(&li, &image).code(), "not_found");
    assert_eq!(house.post(&li, &aside, no_letter).code(), "not_found");
    assert_eq!(house.get(&li, "/v1/arrivals").json()["items"], json!([]));
    let (status, _, jpeg) = house.get_bytes(&officer, &image);
    assert_eq!(status, 200);
    assert!(longest_side(&jpeg) > 600);
}

#[test]
fn a_late_page_of_a_letter_returned_unread_is_shown_to_nobody() {
    let house = House::with_more(SCANNER);
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted("A1");
    let why = json!({"reason": "不属本单位受理"});
    post(&house, &officer, "/v1/letters/A1/return-unread", why);
    let (id, _) = held_late(&house);
    let image = format!("/v1/arrivals/{id}/image");
    for caller in [&zhang, &officer] {
        assert_eq!(house.get(caller, &image).code(), "letter_withheld");
    }
}

#[test]
fn a_late_page_of_a_letter_returned_unread_goes_into_no_other_letter_without_an_officer() {
    for (path, kind) in [
        ("/v1/letters/A1/return-unread", "returned_unread"),
        ("/v1/letters/A1/withdraw", "withdrawn"),
    ] {
        let house = House::with_more(SCANNER);
        let zhang = house.person("zhang", Role::Operator);
        let officer = house.person("wang", Role::ConfirmingOfficer);
        house.drafted("A1");
        house.drafted("B1");
        post(&house, &officer, path, json!({"reason": "不属本单位受理"}));
        let (id, page) = held_late(&house);
        let take = format!("/v1/arrivals/{id}/take");
        for into in [
            json!({"letter": "B1", "reason": "归入这封信"}),
            json!({"load": 1, "reason": "另作一封信"}),
        ] {
            let answer = house.post(&zhang, &take, into.clone());
            assert_eq!(answer.code(), "officer_decides", "{kind}: {}", answer.text);
            // His word would do: the house has no task that moves the file.
            let answer = house.post(&officer, &take, into);
            assert_eq!(answer.code(), "not_found", "{kind}: {}", answer.text);
        }
        let done = house.app.store.wait(move |db| {
            let take = TakeHeld {
                arrival: page.arrival,
                into: HeldInto::Letter("B1".into()),
                before: None,
                by: GroupBy::Name,
                group: "B1".into(),
                kind: page.kind,
                number: page.number,
                frames: page.frames,
                original: page.original,
            };
            db.take_held(&take, ("wang", "扫描件误用了文件名，已与纸质件核对"))
        });
        done.unwrap();
        let of = format!("arrival/{id}");
        let noted = house.app.store.wait(move |db| db.ledger_of(&of)).unwrap();
        let detail: Value = serde_json::from_str(&noted.last().unwrap().detail).unwrap();
        let held_of = json!([{"letter": "A1", "kind": kind}]);
        assert_eq!(detail["held_of"], held_of, "{detail}");
    }
}

#[test]
fn no_list_names_the_late_page_of_a_letter_that_is_kept_from_whoever_looks() {
    let house = House::with_more(SCANNER);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let li = house.person("li", Role::ConfirmingOfficer);
    house.drafted("A1");
    house.sql("INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('A1', 'li', 1, 'r', 'x')");
    let (id, _) = held_late(&house);
    let names = |caller: &Caller, path: &str| {
        let answer = house.get(caller, path);
        assert_eq!(answer.status, 200, "{path}");
        answer.text.contains("A1_p2")
    };
    let pages = ["/held", "/today", "/batches", "/v1/arrivals", "/v1/holds"];
    for path in pages {
        assert!(!names(&li, path), "{path}");
    }
    for path in ["/held", "/today", "/v1/arrivals"] {
        assert!(names(&officer, path), "{path}");
    }
    // Nor once it was left out.
    let done = house
        .app
        .store
        .wait(move |db| db.set_held_aside(&id, None, ("wang", "空白页")));
    done.unwrap();
    for path in ["/held", "/v1/arrivals?state=set_aside"] {
        assert!(!names(&li, path), "{path}");
        assert!(names(&officer, path), "{path}");
    }
}

/// What “who saw letter X” says of a person: looks, and under which other names.
fn saw(house: &House, letter: &'static str, who: &str) -> Option<(u32, Vec<String>)> {
    let found = house.app.store.wait(move |db| db.who_saw(letter)).unwrap();
    let his = found.into_iter().find(|saw| saw.actor == who);
    his.map(|saw| (saw.looks, saw.under))
}

#[test]
fn who_saw_a_page_while_it_was_held_saw_the_letter_it_was_taken_into() {
    let house = House::with_more(SCANNER);
    let zhang = house.person("zhang", Role::Operator);
    let shen = house.person("shen", Role::Auditor);
    house.drafted("A1");
    let (id, page) = held_late(&house);
    let image = format!("/v1/arrivals/{id}/image");
    assert_eq!(house.get_bytes(&zhang, &image).0, 200);
    assert_eq!(
        saw(&house, "A1", "zhang"),
        None,
        "it is not in the letter yet"
    );
    let taken = house.app.store.wait(move |db| {
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
    taken.unwrap();
    let his = saw(&house, "A1", "zhang");
    assert_eq!(his, Some((1, vec!["A1_p2.jpg".to_owned()])));
    let listed = house.get(&shen, "/v1/audit?letter=A1&looks=true").json();
    assert_eq!(listed["items"][0]["subject"], format!("arrival/{id}"));
    let page = house.get(&shen, "/audit?letter=A1&looks=1").text;
    assert!(page.contains("A1_p2.jpg"), "{page}");
    assert!(!page.contains("late_page"), "said in words: {page}");
}

#[test]
fn who_saw_a_page_before_it_was_moved_or_split_off_saw_the_letter_it_is_in_now() {
    let house = House::new();
    let li = house.person("li", Role::Operator);
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let shen = house.person("shen", Role::Auditor);
    house.drafted("H5");
    house.drafted("H6");
    let original = house
        .app
        .evidence
        .put(&super::house::two_page_tiff())
        .unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{}', sm3 = '{}' WHERE letter_id = 'H6';
         INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size, state) VALUES ('H6', 'a-H6', 1, 'letter', 2, 'cc', 'dd', 1, 'read')",
        original.sha256, original.sm3
    ));
    assert_eq!(
        house.get_bytes(&li, "/v1/letters/H6/pages/1/thumbnail").0,
        200
    );
    let move_to = |from: &str, to: Value| {
        let body = json!({"pages": [1], "to": to, "reason": "分属两封信"});
        let path = format!("/v1/letters/{from}/pages/move");
        let moved = house.post(&officer, &path, body);
        assert_eq!(moved.status, 200, "{}", moved.text);
    };
    move_to("H6", json!("H5"));
    assert_eq!(saw(&house, "H5", "li"), Some((1, vec!["H6".to_owned()])));
    assert_eq!(
        saw(&house, "H6", "li"),
        Some((1, Vec::new())),
        "it was in that one, too"
    );
    // What he looks at in the letter it came from later on is none of this one's.
    assert_eq!(house.get(&zhang, "/v1/letters/H6").status, 200);
    assert_eq!(saw(&house, "H5", "zhang"), None);
    // Whoever sees it where it is now saw a page of the letter that it was in.
    assert_eq!(house.get(&zhang, "/v1/letters/H5").status, 200);
    assert_eq!(saw(&house, "H6", "zhang"), Some((2, vec!["H5".to_owned()])));
    // Split off into a letter of its own, where nobody has looked since.
    let moved = house.get(&shen, "/v1/audit?letter=H5&looks=true").json();
    let subjects: Vec<&str> = moved["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["subject"].as_str())
        .collect();
    assert!(subjects.contains(&"letter/H6"), "{subjects:?}");
    let page = house.get(&shen, "/audit?letter=H5").text;
    assert!(page.contains("其中以其他名称看到：H6"), "{page}");
}
