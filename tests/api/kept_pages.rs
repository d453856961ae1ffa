//! A page that is kept back: the system that is not to have it sees nothing of it, one word of an officer lets the others have it, and a letter's page says what it
//! waits for.

use laixin::domain::draft::{Accused, Draft};
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House};
use super::late::{claim, page_comes, system_of, with_pages};
use super::late_accusations::{OFFICE, accuses, is_read, opens};
use super::named_offices::judge;

fn acks(house: &House, caller: &Caller) -> Value {
    let acked = house.post(caller, "/v1/drafts/A1/ack", json!({"case_number": "XF-1"}));
    assert_eq!(acked.status, 200, "{}", acked.text);
    acked.json()
}

fn registered(house: &House, holder: &Caller) {
    house.drafted("A1");
    house.confirmed("A1");
    assert_eq!(claim(house, holder), ["A1"]);
    acks(house, holder);
}

/// Read, and it accuses this unit; the letter speaks of it.
fn page_accuses(house: &House, unit: &str) {
    page_comes(house, 2);
    accuses(house, unit);
}

fn reads_page(house: &House, caller: &Caller) -> (u16, usize) {
    let changes = house.get(caller, "/v1/amendments").json();
    let page = house.get_bytes(caller, "/v1/letters/A1/pages/2").0;
    (page, changes["items"].as_array().unwrap().len())
}

/// `created_at` of its draft became the second in which the page was read that accuses it.
#[test]
fn what_the_accused_office_sees_of_its_draft_stays_as_it_was_when_a_page_is_kept_from_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市政府");
    registered(&house, &theirs);
    // Made long ago.
    house.sql("UPDATE drafts SET created_ms = 1; UPDATE ledger SET at_ms = 1000 WHERE action = 'draft.made'");
    house.tampered();
    let sees = || {
        let paths = [
            "/v1/drafts/A1",
            "/v1/drafts",
            "/v1/drafts?state=acked",
            "/v1/amendments",
            "/v1/alerts",
            "/v1/letters/A1/pages/2",
        ];
        let read = |path: &&str| {
            let answer = house.get(&theirs, path);
            let mut headers: Vec<String> = answer
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            headers.retain(|header| !header.starts_with("date:"));
            (answer.status, answer.text, headers)
        };
        let acked = acks(&house, &theirs);
        (paths.iter().map(read).collect::<Vec<_>>(), acked)
    };
    let before = sees();
    assert!(
        before.0[0].1.contains("\"created_at\":\"1970-01-01T"),
        "{:?}",
        before.0[0]
    );
    page_comes(&house, 2);
    assert_eq!(sees(), before, "it came");
    accuses(&house, OFFICE);
    assert_eq!(sees(), before, "it is read");
    opens(&house, &officer);
    assert_eq!(judge_alert(&house, &officer), 200);
    assert_eq!(sees(), before, "it is judged");
}

fn judge_alert(house: &House, officer: &Caller) -> u16 {
    let open = house.get(officer, "/v1/alerts?open=true").json();
    let alert = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|alert| alert["code"] == "page_kept_back");
    let path = format!("/v1/alerts/{}/acknowledge", alert.unwrap()["id"]);
    house
        .post(officer, &path, json!({"verdict": "confirmed"}))
        .status
}

/// After the officer's word the page stayed with nobody: the alert about it wanted the same word once more, and no page said so.
#[test]
fn an_officers_word_about_the_office_answers_the_alert_about_its_page_too() {
    for says in [true, false] {
        let house = House::with_roster("");
        let officer = house.person("wang", Role::ConfirmingOfficer);
        let cases = house.machine("cases", Scope::CaseSystem);
        let theirs = system_of(&house, "市政府");
        registered(&house, &cases);
        page_accuses(&house, OFFICE);
        opens(&house, &officer);
        assert_eq!(reads_page(&house, &cases), (404, 0));
        let told = |page: &str, words: &str| house.get(&officer, page).text.contains(words);
        assert!(told(
            "/letters/A1",
            "第 2 页是移交后补到的，暂不交给任何业务系统"
        ));
        assert!(told("/today", "移交后补到的页涉及检举控告"));
        assert!(told("/today", "第 2 页（后补）"), "which page");
        let named = house.post(
            &officer,
            "/v1/letters/A1/offices/named",
            json!({"office": OFFICE}),
        );
        assert_eq!(named.status, 200, "{}", named.text);
        let word = judge(&house, &officer, "A1", json!(OFFICE), says);
        assert_eq!(word.status, 200, "{}", word.text);
        assert_eq!(reads_page(&house, &cases), (200, 1), "at once: {says}");
        assert_eq!(house.get(&theirs, "/v1/letters/A1/pages/2").status, 404);
        assert!(!told("/letters/A1", "是移交后补到的"));
        assert!(!told("/today", "移交后补到的页涉及检举控告"));
        let verdict = if says { "confirmed" } else { "false_alarm" };
        let answered = format!(
            "SELECT count(*) FROM alerts WHERE code = 'page_kept_back' AND verdict = '{verdict}' AND acked_by = 'wang'"
        );
        assert_eq!(house.count(&answered), 1);
    }
}

/// A word about one office said nothing of others that the page accuses.
#[test]
fn a_word_about_one_office_lets_no_page_go_to_another_that_it_accuses() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市信访局");
    let governments = house.machine_of("gov", "市政府");
    registered(&house, &governments);
    page_accuses(&house, OFFICE);
    opens(&house, &officer);
    for office in [OFFICE, super::named_offices::OFFICE] {
        let named = house.post(
            &officer,
            "/v1/letters/A1/offices/named",
            json!({"office": office}),
        );
        assert_eq!(named.status, 200, "{}", named.text);
    }
    let word = judge(
        &house,
        &officer,
        "A1",
        json!(super::named_offices::OFFICE),
        false,
    );
    assert_eq!(word.status, 200, "{}", word.text);
    assert_eq!(reads_page(&house, &governments), (404, 0));
    assert_eq!(house.get(&theirs, "/v1/letters/A1/pages/2").status, 404);
    let open = "SELECT count(*) FROM alerts WHERE code = 'page_kept_back' AND verdict IS NULL";
    assert_eq!(house.count(open), 1, "the other office is in question");
    assert_eq!(
        judge(&house, &officer, "A1", json!(OFFICE), true).status,
        200
    );
    assert_eq!(reads_page(&house, &governments), (404, 0));
    let page = house.get(&officer, "/letters/A1").text;
    assert!(
        page.contains(&format!("第 2 页是移交后补到的，不交给{OFFICE}的业务系统")),
        "{page}"
    );
}

/// The button stood above the hold, answered 409, and no page said that the hold comes first, or which number is to be undone.
#[test]
fn a_hold_stands_above_the_page_that_may_be_parted_and_names_the_number_to_be_undone() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市政府");
    registered(&house, &theirs);
    page_accuses(&house, OFFICE);
    opens(&house, &officer);
    let named = house.post(
        &officer,
        "/v1/letters/A1/offices/named",
        json!({"office": OFFICE}),
    );
    assert_eq!(named.status, 200, "{}", named.text);
    assert_eq!(
        judge(&house, &officer, "A1", json!(OFFICE), true).status,
        200
    );
    let page = || house.get(&officer, "/letters/A1").text;
    let text = page();
    let at = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words}: {text}"))
    };
    assert!(
        at("XF-1 (token/theirs)") < at("id=\"to-part\""),
        "the hold first"
    );
    at("先处理上面的事项");
    assert!(
        !text.contains("/v1/letters/A1/pages/move"),
        "no button that answers 409"
    );
    assert!(!text.contains("没有读出举报的是谁"), "he has said it");
    let hold = house
        .count("SELECT id FROM holds WHERE letter_id = 'A1' AND reason = 'accused_office_saw'");
    let settled = house.post(
        &officer,
        &format!("/v1/holds/{hold}/resolve"),
        json!({"note": "对方已撤销"}),
    );
    assert_eq!(settled.status, 200, "{}", settled.text);
    assert!(page().contains("/v1/letters/A1/pages/move"));
}

/// 市信访局 stood there, and the officer's word put 苏州市信访局 beside it.
#[test]
fn an_office_that_is_accused_by_its_short_name_is_not_listed_twice() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft: &mut Draft| {
        draft.fields.accused = vec![Accused {
            name: "市信访局".into(),
            ..Accused::default()
        }];
    });
    opens(&house, &officer);
    let office = json!(super::named_offices::OFFICE);
    system_of(&house, "市信访局");
    let named = house.post(
        &officer,
        "/v1/letters/A1/offices/named",
        json!({"office": office}),
    );
    assert_eq!(named.status, 200, "{}", named.text);
    assert_eq!(judge(&house, &officer, "A1", office, true).status, 200);
    let row = house.app.store.wait(|db| db.draft("A1")).unwrap();
    let names: Vec<&str> = row
        .draft
        .fields
        .accused
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["市信访局"]);
}

/// Whoever was kept from the letter that its pages come from is kept from it as well, and nobody was told who lets him at it again.
#[test]
fn a_letter_made_of_a_page_says_who_is_kept_from_it_and_who_lifts_that() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.person("zhang", Role::Operator);
    house.drafted("A1");
    page_comes(&house, 2);
    is_read(&house, None);
    let mut draft = super::house::draft("A1");
    with_pages(&house, &mut draft);
    let path = "/v1/letters/A1/recusals";
    let recused = house.post(&officer, path, json!({"user": "zhang", "reason": "亲属"}));
    assert!(recused.status < 300, "{}", recused.text);
    let parted = house.post(
        &officer,
        "/v1/letters/A1/pages/move",
        json!({"pages": [2], "reason": "另一封信"}),
    );
    assert_eq!(parted.status, 200, "{}", parted.text);
    let letter = parted.json()["letter"].as_str().unwrap().to_owned();
    let page = house.get(&officer, &format!("/letters/{letter}")).text;
    assert!(
        page.contains("本信的页来自 A1，照该信对 zhang 回避") && page.contains("“权限”页解除"),
        "{page}"
    );
}

/// 钱正阳 counted by a batch's numbers how many letters and findings are kept from him.
#[test]
fn a_batch_counts_nothing_that_is_kept_from_whoever_looks() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let recused = house.person("钱正阳", Role::ConfirmingOfficer);
    for letter in ["A1", "B1"] {
        house.drafted(letter);
    }
    house.drafted_as("C1", |draft: &mut Draft| {
        draft.fields.accused = vec![Accused {
            name: "钱正阳".into(),
            ..Accused::default()
        }];
    });
    house.sql(
        "INSERT INTO load_letters (load_id, letters) VALUES (1, 3);
         INSERT INTO holds (batch_id, letter_id, reason, detail, at_ms) VALUES (1, 'C1', 'late_page', 'C1_p2.jpg', 1)",
    );
    let counts = |caller: &Caller| {
        let one = house.get(caller, "/v1/batches/1").json();
        let listed = house.get(caller, "/v1/batches").json()["items"][0].clone();
        assert_eq!(one, listed);
        (
            one["count"].clone(),
            one["letters"].clone(),
            one["files"]["pages"].clone(),
            one["loads"][0]["letters"].clone(),
            one["differences"].clone(),
        )
    };
    let (count, letters, pages, load, differences) = counts(&officer);
    assert_eq!(
        (count, letters, pages, load),
        (json!(3), json!(3), json!(3), json!(3))
    );
    assert_eq!(differences[0]["holds"], 1, "{differences}");
    assert_eq!(
        counts(&recused),
        (json!(2), json!(2), json!(2), Value::Null, json!([]))
    );
    for path in ["/batches", "/batches/1/sheets"] {
        let text = house.get(&recused, path).text;
        assert!(!text.contains("1 项"), "{path}");
    }
    let refused = house.post(&recused, "/v1/batches/1/close", json!({"note": "结批"}));
    assert_eq!(
        (refused.status, refused.code()),
        (409, "same_person".into()),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains("finding"), "{}", refused.text);
    let his = house.post(&officer, "/v1/batches/1/close", json!({"note": "结批"}));
    assert!(his.text.contains("finding"), "{}", his.text);
}

/// The PDF's digest and the dates in it became those of the second in which the page was read that accuses the office; what was found of it stood in the title.
#[test]
fn the_archive_of_the_accused_office_stays_as_it_was_when_a_page_is_kept_from_it() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市政府");
    registered(&house, &theirs);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S001_p1.jpg");
    let first = house
        .app
        .evidence
        .put(&std::fs::read(sample).unwrap())
        .unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{0}', sm3 = '{1}'; UPDATE drafts SET body = json_set(body, '$.pages[0].sha256', '{0}')",
        first.sha256, first.sm3
    ));
    let fetched = |caller: &Caller, below: &str| {
        let mut response = house.open(caller, &format!("/v1/letters/A1/{below}"));
        assert_eq!(response.status(), 200, "{below}");
        let header = response.headers().get("etag");
        let etag = header.map(|etag| etag.to_str().unwrap().to_owned());
        (etag, response.body_mut().read_to_vec().unwrap())
    };
    let sees = |caller: &Caller| {
        let below = [
            "archive.pdf",
            "pages/1",
            "pages/1/image",
            "pages/1/thumbnail",
        ];
        below.map(|below| fetched(caller, below))
    };
    let before = sees(&theirs);
    let dated = "<xmp:CreateDate>1970-01-01T";
    let has = |pdf: &[u8], text: &str| {
        let text = text.as_bytes();
        pdf.windows(text.len()).any(|part| part == text)
    };
    assert!(has(&before[0].1, dated), "of the page that it has");
    page_comes(&house, 2);
    let came = house.count("SELECT max(id) FROM pages");
    house.sql("UPDATE arrivals SET taken_ms = unixepoch('subsec') * 1000 WHERE id = 'late-2'");
    assert!(sees(&theirs) == before, "it came");
    let read = laixin::store::Reading {
        engine: "test".into(),
        width: 100,
        height: 100,
        turned_deg: 0,
        lines: Vec::new(),
        seconds: 0.1,
        blank: false,
    };
    house
        .app
        .store
        .wait(move |db| db.finish_reading(came, &read))
        .unwrap();
    accuses(&house, OFFICE);
    assert!(sees(&theirs) == before, "it is read");
    opens(&house, &officer);
    let whole = fetched(&officer, "archive.pdf").1;
    assert!(!has(&whole, dated), "whoever has the page sees its time");
    assert_eq!(judge_alert(&house, &officer), 200);
    house.sql("INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'A1', 'accused_office_saw', 1)");
    assert!(sees(&theirs) == before, "it is judged, and to be settled");
    house.tampered();
}

/// “签收 8 件，已扫描 18 件 多出 10 件”, beside a finding that eighteen were released: ten letters were kept from him.
#[test]
fn a_recused_person_counts_by_a_batch_with_more_letters_than_signed_in_none_that_are_kept_from_him()
{
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let recused = house.person("钱正阳", Role::ConfirmingOfficer);
    for letter in ["A1", "B1"] {
        house.drafted(letter);
    }
    for letter in ["C1", "D1"] {
        house.drafted_as(letter, |draft: &mut Draft| {
            draft.fields.accused = vec![Accused {
                name: "钱正阳".into(),
                ..Accused::default()
            }];
        });
    }
    house.sql(
        "UPDATE batches SET count = 2; INSERT INTO load_letters (load_id, letters) VALUES (1, 2);
         INSERT INTO separators_seen (batch_id, arrival_id, frame, source, run, number, side, at_ms) SELECT 1, arrival_id, 0, 's', 'R', id, 'front', 1 FROM pages;
         INSERT INTO holds (id, batch_id, letter_id, reason, detail, at_ms) VALUES (7, 1, 'B1', 'unreleased_load', '2 released, this one is beyond', 1)",
    );
    house.tampered();
    let counts = |caller: &Caller| {
        let one = house.get(caller, "/v1/batches/1").json();
        let number = |of: &str| one[of].as_i64().unwrap();
        let letters = one["differences"].as_array().unwrap().iter();
        let short: Vec<String> = letters
            .filter(|one| one["where"].as_str().unwrap().starts_with("letters_"))
            .map(Value::to_string)
            .collect();
        (
            number("count"),
            number("letters"),
            one["files"]["separators"].as_i64().unwrap(),
            short.len(),
        )
    };
    assert_eq!(counts(&officer), (2, 4, 4, 1));
    assert_eq!(counts(&recused), (2, 2, 2, 0), "as somebody signed it in");
    let detail =
        |caller: &Caller| house.get(caller, "/v1/holds").json()["items"][0]["detail"].clone();
    assert_eq!(detail(&officer), "2 released, this one is beyond");
    assert_eq!(detail(&recused), Value::Null);
    for path in ["/batches", "/letters/B1", "/v1/letters/B1"] {
        for numbers in ["只放行了 2", "2 released", "多出"] {
            let text = house.get(&recused, path).text;
            assert!(!text.contains(numbers), "{path}: {numbers}");
        }
    }
    assert!(
        house
            .get(&officer, "/batches")
            .text
            .contains("只放行了 2 封")
    );
    let missing = json!({"kind": "missing", "letters": 1, "reason": "找不到"});
    let refused = house.post(&recused, "/v1/batches/1/exceptions", missing.clone());
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused
            .text
            .contains("2 signed in, +0 by exceptions, 2 scanned"),
        "{}",
        refused.text
    );
    let refused = house.post(&recused, "/v1/batches/1/close", json!({}));
    assert!(refused.text.contains("1 finding"), "{}", refused.text);
    // One letter of five is still to be scanned: that is told him as it is.
    house.sql("UPDATE batches SET count = 5");
    assert_eq!(counts(&recused), (3, 2, 2, 1));
    // Closed, and out of balance by what is kept from him alone.
    house.sql(
        "UPDATE batches SET count = 2, closed_ms = 5, closed_by = 'x';
         INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) VALUES (1, 'A1', 'A1', 'x', 'y', 6)",
    );
    let open = |caller: &Caller| house.get(caller, "/today").text.contains("结批后多了 2 件");
    assert!(open(&officer) && !open(&recused));
    let more = json!({"kind": "several_in_one", "letters": 2, "reason": "一封两信"});
    let refused = house.post(&recused, "/v1/batches/1/exceptions", more.clone());
    assert_eq!(refused.code(), "wrong_state", "{}", refused.text);
    let settled = house.post(&officer, "/v1/batches/1/exceptions", more);
    assert_eq!(settled.status, 201, "{}", settled.text);
}
