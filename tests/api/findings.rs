//! Findings of intake: who answers them, by what, and what becomes of them when pages move.

use laixin::archive::Outline;
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::archive::{Sheet, letter, reading, row};
use super::house::{Answer, Caller, House};

/// Letters of which H2 came beyond what was released, with two pages.
fn with_one_beyond() -> (House, Caller, Caller) {
    let house = House::new();
    house.drafted("A1");
    house.drafted("H2");
    house.sql(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state) VALUES ('a-H2-2', 's', 'H2_p2.jpg', 'k2', 1, 'taken');
         INSERT INTO pages (letter_id, arrival_id, kind, hint, sha256, sm3, size, state) VALUES ('H2', 'a-H2-2', 'letter', 2, 'cc', 'dd', 10, 'read');
         INSERT INTO holds (id, batch_id, letter_id, reason, detail, at_ms) VALUES (7, 1, 'H2', 'unreleased_load', '1 released, this one is beyond', 1)",
    );
    let operator = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    (house, operator, officer)
}

fn moves(house: &House, caller: &Caller, pages: Value, to: &str) -> Answer {
    let body = json!({"pages": pages, "to": to, "reason": "核对纸质件"});
    house.post(caller, "/v1/letters/H2/pages/move", body)
}

fn open(house: &House, letter: &str) -> Vec<(String, Option<String>)> {
    let letter = letter.to_owned();
    let found = house.app.store.wait(move |db| db.holds_of(&letter));
    let found = found.unwrap().into_iter();
    found.map(|hold| (hold.reason, hold.detail)).collect()
}

#[test]
fn an_operator_gives_no_officer_s_answer_by_moving_pages() {
    let (house, operator, officer) = with_one_beyond();
    for pages in [json!([1]), json!([1, 2])] {
        let refused = moves(&house, &operator, pages, "A1");
        assert_eq!(refused.code(), "letter_held", "{}", refused.text);
    }
    assert_eq!(open(&house, "H2").len(), 1);
    // In another order they stand where they were.
    let order = json!({"pages": [2], "before": 1, "reason": "顺序颠倒"});
    let ordered = house.post(&operator, "/v1/letters/H2/pages/move", order);
    assert_eq!(ordered.status, 200, "{}", ordered.text);
    let moved = moves(&house, &officer, json!([1, 2]), "A1");
    assert_eq!(moved.status, 200, "{}", moved.text);
    let answered = house.count("SELECT count(*) FROM holds WHERE id = 7 AND note = '核对纸质件'");
    assert_eq!((answered, open(&house, "A1")), (1, Vec::new()));
}

#[test]
fn a_page_of_a_letter_beyond_the_release_takes_the_question_with_it() {
    let (house, operator, officer) = with_one_beyond();
    let moved = moves(&house, &officer, json!([1]), "A1");
    assert_eq!(moved.status, 200, "{}", moved.text);
    let asked = |detail: &str| vec![("unreleased_load".to_owned(), Some(detail.to_owned()))];
    assert_eq!(open(&house, "H2"), asked("1 released, this one is beyond"));
    assert_eq!(open(&house, "A1"), asked("H2"));
    house.draft("A1", laixin::config::Offer::Confirmed);
    let etag = house.get(&operator, "/v1/letters/A1").header("etag");
    let confirmed = house.post(
        &operator.with("if-match", &etag),
        "/v1/letters/A1/confirm",
        json!({}),
    );
    assert_eq!(confirmed.code(), "letter_held");
    // Nor is it answered with the number of its batch, which speaks of the other one.
    let one = json!({"kind": "not_counted", "letters": 9, "reason": "漏计"});
    assert_eq!(
        house.post(&officer, "/v1/batches/1/exceptions", one).status,
        201
    );
    assert_eq!(open(&house, "A1"), asked("H2"));
}

#[test]
fn a_letter_whose_pages_all_went_elsewhere_keeps_no_question_and_none_is_lost() {
    let house = House::new();
    house.drafted("A1");
    house.drafted("H2");
    house.sql(
        "INSERT INTO holds (batch_id, letter_id, reason, detail, at_ms) VALUES (1, 'H2', 'separator_missing', NULL, 1),
         (1, 'H2', 'page_unreadable', 'page 1 damaged', 1)",
    );
    let zhang = house.person("zhang", Role::Operator);
    let twice = moves(&house, &zhang, json!([1, 1]), "A1");
    assert_eq!(twice.code(), "body_invalid");
    assert!(twice.text.contains("named twice"), "{}", twice.text);
    let moved = moves(&house, &zhang, json!([1]), "A1");
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert_eq!(open(&house, "H2"), []);
    let unreadable = (
        "page_unreadable".to_owned(),
        Some("page 1 damaged".to_owned()),
    );
    assert_eq!(open(&house, "A1"), [unreadable]);
    let emptied = house.get(&zhang, "/v1/letters/H2").json();
    assert_eq!(
        (&emptied["stage"], &emptied["emptied"]),
        (&json!("drafted"), &json!(true)),
        "nothing of it is being read"
    );
}

#[test]
fn what_was_found_goes_with_a_withdrawal_and_comes_back_with_the_letter() {
    let house = House::new();
    house.tampered();
    house.drafted("A1");
    house.sql(
        "INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'A1', 'page_again', 1), (1, 'A1', 'unreleased_load', 1),
         (1, 'A1', 'scan_broken', 1)",
    );
    let zhang = house.person("zhang", Role::Operator);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let reason = json!({"reason": "整封重复"});
    let did = |caller: &Caller, what: &str| {
        let answer = house.post(caller, &format!("/v1/letters/A1/{what}"), reason.clone());
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    did(&zhang, "withdraw");
    let reasons = || {
        let mut all: Vec<String> = open(&house, "A1").into_iter().map(|one| one.0).collect();
        all.sort();
        all
    };
    assert_eq!(reasons(), ["scan_broken", "unreleased_load"]);
    did(&officer, "reinstate");
    assert_eq!(reasons(), ["page_again", "scan_broken", "unreleased_load"]);
}

#[test]
fn a_written_page_is_no_separator_and_stays_in_the_archive() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let read = |text: &str| Sheet {
        kind: "letter",
        bytes: b"image",
        frame: 0,
        reading: Some(reading(1240, 1754, 0, vec![row(text, 60.0, 60.0, 40.0)])),
    };
    let sheets = [
        read("再不处理我就和你们同归于尽"),
        read("K7QF2M-0003"),
        read("ABCDEF-0003"),
    ];
    letter(&house, "A1", &sheets);
    let printed = house
        .app
        .store
        .wait(|db| db.add_separator_run("K7QF2M", 5, "op"));
    printed.unwrap();
    let says = |n: u32, kind: &str| {
        let path = format!("/v1/letters/A1/pages/{n}/kind");
        house.call(
            &zhang,
            "PUT",
            &path,
            Some(&json!({ "kind": kind }).to_string()),
        )
    };
    // A written one, and a sheet of another station.
    for n in [1, 3] {
        let refused = says(n, "separator");
        assert_eq!(refused.code(), "not_a_separator", "{}", refused.text);
    }
    let pages = || {
        let outline = house.app.store.wait(|db| Outline::of(db, "A1"));
        outline.unwrap().pages()
    };
    assert_eq!(pages(), 3);
    assert_eq!(says(2, "separator").status, 200);
    assert_eq!(pages(), 2, "the sheet is no page of the letter");
    // It stands last now, and may be called what it was.
    assert_eq!(says(3, "letter").status, 200);
    assert_eq!(pages(), 3);
    // As an older laixin let it be called.
    house.sql("UPDATE pages SET kind = 'separator' WHERE letter_id = 'A1'");
    assert_eq!(
        pages(),
        1,
        "both sheets are left out, what is written is not"
    );
    assert_eq!(says(1, "letter").status, 200);
}

/// Of a batch whose only load was released at 1.
fn file(house: &House, id: &str, (name, state, reason): (&str, &str, &str)) {
    house.sql(&format!(
        "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason, kept_as)
         VALUES ('{id}', 's', '{name}', 'k-{id}', 5, '{state}', '{reason}', 'held/{name}')"
    ));
}

fn aside(house: &House, id: &'static str) {
    let decided = house
        .app
        .store
        .wait(move |db| db.set_held_aside(id, None, ("wang", "不是信件")));
    decided.unwrap();
}

#[test]
fn a_batch_is_not_closed_over_files_that_wait_or_are_held() {
    let house = House::new();
    house.drafted("A1");
    house.sql("UPDATE batches SET count = 1");
    let zhang = house.person("zhang", Role::Operator);
    file(&house, "w1", ("0001.jpg", "waiting", "no_released_load"));
    file(&house, "h1", ("0002.jpg", "held", "truncated"));
    let close = || {
        let body = json!({"note": "已经全部核对"});
        house.post(&zhang, "/v1/batches/1/close", body)
    };
    let refused = close();
    assert_eq!(refused.code(), "wrong_state");
    assert!(refused.text.contains("1 file is held"), "{}", refused.text);
    aside(&house, "h1");
    let refused = close();
    assert_eq!(refused.code(), "wrong_state");
    assert!(
        refused.text.contains("1 file in a scanner's folder"),
        "{}",
        refused.text
    );
    let more = json!({"exception": "not_counted", "letters": 1, "note": "漏计"});
    let refused = house.post(&zhang, "/v1/batches/1/close", more);
    assert_eq!(refused.code(), "wrong_state", "no exception stands for it");
    house.sql("UPDATE arrivals SET state = 'gone' WHERE id = 'w1'");
    let closed = close();
    assert_eq!(closed.status, 200, "{}", closed.text);
}

#[test]
fn a_finding_about_a_held_file_is_answered_by_the_decision_about_it() {
    let house = House::new();
    house.drafted("A1");
    let zhang = house.person("zhang", Role::Operator);
    file(&house, "h1", ("A1_p2.jpg", "held", "truncated"));
    file(&house, "h2", ("scan-4/0003.jpg", "held", "damaged"));
    file(&house, "l1", ("A1.csv", "waiting", "index_page_missing"));
    house.sql(
        "INSERT INTO scans (id, scanner, batch_id, load_id, sides, asked_by, asked_ms, received_images) VALUES (4, 'driven', 1, 1, 1, 'op', 1, 3);
         UPDATE arrivals SET scan_id = 4, place = 3 WHERE id = 'h2';
         INSERT INTO holds (id, batch_id, letter_id, scan_id, reason, detail, at_ms) VALUES (1, 1, NULL, NULL, 'image_held', 'A1: A1_p2.jpg', 1),
         (2, 1, 'A1', NULL, 'image_held', 'A1: A1_p2.jpg', 1), (3, 1, NULL, 4, 'damaged', 'image 3', 1),
         (4, 1, NULL, NULL, 'index_page_missing', 'A1.csv: 2.jpg', 1), (5, 1, 'A1', NULL, 'page_again', NULL, 1)",
    );
    let open = || house.count("SELECT count(*) FROM holds WHERE resolved_ms IS NULL");
    let note = json!({"note": "已与纸质件核对"});
    for id in 1..=4 {
        let said = house.post(&zhang, &format!("/v1/holds/{id}/resolve"), note.clone());
        assert_eq!(said.code(), "file_undecided", "{id}: {}", said.text);
    }
    let all = json!({"holds": [5, 1, 2, 3, 4], "note": "均已核对"});
    let said = house.post(&zhang, "/v1/holds/resolve", all);
    assert_eq!(
        said.code(),
        "file_undecided",
        "one sentence for all of them"
    );
    assert_eq!(open(), 5, "all or none");
    aside(&house, "h1");
    assert_eq!(open(), 3, "the batch's and the letter's");
    aside(&house, "h2");
    assert_eq!(open(), 2);
    // The list was taken away.
    let gone = |db: &mut laixin::store::Db| db.arrival_gone("s", "A1.csv", "k-l1");
    house.app.store.wait(gone).unwrap();
    assert_eq!(open(), 1);
    let said = house.post(&zhang, "/v1/holds/5/resolve", note);
    assert_eq!(said.status, 200, "{}", said.text);
}

#[test]
fn a_letter_of_nothing_but_its_envelope_waits_for_a_person() {
    let house = House::offering("read");
    let zhang = house.person("zhang", Role::Operator);
    let cases = house.machine("cases", Scope::CaseSystem);
    let claimed = || {
        let body = json!({"limit": 5, "lease_seconds": 60});
        let claimed = house.post(&cases, "/v1/drafts/claims", body).json();
        claimed["drafts"].as_array().map(Vec::len)
    };
    let sheet = |kind, lines: usize| Sheet {
        kind,
        bytes: b"image",
        frame: 0,
        reading: Some(reading(
            1240,
            1754,
            0,
            vec![row("江苏省苏州市信访局收", 60.0, 60.0, 40.0); lines],
        )),
    };
    letter(&house, "E1", &[sheet("envelope", 3), sheet("letter", 30)]);
    house.letter("A1");
    house.draft("E1", laixin::config::Offer::Read);
    assert_eq!(open(&house, "E1"), []);
    let body = json!({"pages": [1], "to": "A1", "reason": "属于另一封信"});
    let moved = house.post(&zhang, "/v1/letters/E1/pages/move", body);
    assert_eq!(moved.status, 200, "{}", moved.text);
    house.draft("E1", laixin::config::Offer::Read);
    assert_eq!(open(&house, "E1"), [("envelope_alone".to_owned(), None)]);
    assert_eq!(claimed(), Some(0));
    let hold = house.count("SELECT id FROM holds WHERE reason = 'envelope_alone'");
    let note = json!({"note": "信封是空的"});
    let said = house.post(&zhang, &format!("/v1/holds/{hold}/resolve"), note);
    assert_eq!(said.status, 200, "{}", said.text);
    house.draft("E1", laixin::config::Offer::Read);
    assert_eq!(open(&house, "E1"), [], "it is asked once");
    assert_eq!(claimed(), Some(1));
    // By its place an envelope, by what is on it the letter.
    letter(&house, "E2", &[sheet("envelope", 30)]);
    house.draft("E2", laixin::config::Offer::Read);
    assert_eq!(open(&house, "E2"), []);
}

/// It had gone by itself when a page came, and did not come again when that page went.
#[test]
fn an_envelope_is_alone_again_when_the_page_goes_that_had_come() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let envelope = Sheet {
        kind: "envelope",
        bytes: b"image",
        frame: 0,
        reading: Some(reading(
            1240,
            1754,
            0,
            vec![row("江苏省苏州市信访局收", 60.0, 60.0, 40.0); 3],
        )),
    };
    letter(&house, "E1", &[envelope]);
    house.letter("A1");
    house.letter("A2");
    let drafted = || house.draft("E1", laixin::config::Offer::Confirmed);
    let alone = [("envelope_alone".to_owned(), None)];
    drafted();
    assert_eq!(open(&house, "E1"), alone);
    let moves = |from: &str, to: &str| {
        let body = json!({"pages": [1], "to": to, "reason": "属于另一封信"});
        let moved = house.post(&zhang, &format!("/v1/letters/{from}/pages/move"), body);
        assert_eq!(moved.status, 200, "{}", moved.text);
        drafted();
    };
    moves("A1", "E1");
    assert_eq!(open(&house, "E1"), []);
    // The draft was made a moment after the page had gone.
    house.sql("UPDATE holds SET resolved_ms = resolved_ms + 60000 WHERE letter_id = 'E1'");
    moves("E1", "A2");
    assert_eq!(open(&house, "E1"), alone);
}

#[test]
fn a_held_list_says_in_which_line_it_is_wrong_and_how() {
    let house = House::with_more("[[scanner]]\nid = \"s\"\nfolder = \"scans\"\nby = \"index\"\n");
    house.letter("A1");
    let zhang = house.person("zhang", Role::Operator);
    let folder = house.app.settings.scanners[0].folder.join("held");
    std::fs::create_dir_all(&folder).unwrap();
    for (id, text) in [
        ("l1", "文件,信件\n0001.jpg,A1\n0001.jpg,A2\n"),
        ("l2", "0003.jpg\n../../laixin.toml\n0077.jpg\n"),
    ] {
        let name = format!("{id}.csv");
        std::fs::write(folder.join(&name), text).unwrap();
        file(&house, id, (&name, "held", "index_unclear"));
    }
    let files = house.get(&zhang, "/v1/arrivals").json();
    let fault = |id: &str| {
        let items = files["items"].as_array().unwrap();
        items.iter().find(|one| one["id"] == id).unwrap()["list_fault"].clone()
    };
    assert_eq!(
        fault("l1"),
        json!({"fault": "page_in_two_letters", "line": 3, "page": "0001.jpg"})
    );
    assert_eq!(
        fault("l2"),
        json!({"fault": "path_out", "line": 2, "page": null})
    );
    let page = house.get(&zhang, "/held").text;
    assert!(
        page.contains("清单第 3 行：0001.jpg：同一页列在两封信下"),
        "{page}"
    );
    assert!(page.contains("清单第 2 行：路径指向文件夹之外"), "{page}");
}
