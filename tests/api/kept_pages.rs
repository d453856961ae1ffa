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

pub(super) fn registered(house: &House, holder: &Caller) {
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

pub(super) fn judge_alert(house: &House, officer: &Caller) -> u16 {
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

/// `at` was the second in which the page was read: how long it had been kept back could be told by it.
#[test]
fn an_amendment_told_when_a_page_was_read_that_had_been_kept_back() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市信访局");
    registered(&house, &theirs);
    let told = || house.get(&theirs, "/v1/amendments").json()["items"].clone();
    let long_ago = || house.sql("UPDATE amendments SET at_ms = 1");
    house.tampered();
    page_comes(&house, 2);
    is_read(&house, None);
    long_ago();
    let free = told()[0].clone();
    let is_old = |change: &Value| change["at"].as_str().unwrap().starts_with("1970-");
    assert!(free["kind"] == "page_added" && is_old(&free), "{free}");
    page_comes(&house, 3);
    accuses(&house, OFFICE);
    long_ago();
    assert_eq!(told(), json!([free]), "the third page is kept back");
    opens(&house, &officer);
    assert_eq!(judge_alert(&house, &officer), 200);
    let all = told();
    assert_eq!(all[0], free, "that one was never kept back");
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
    assert!(!is_old(&all[1]), "when he let it go: {all}");
    let path = format!("/v1/amendments/{}/ack", all[1]["id"]);
    for _ in 0..2 {
        let acked = house.post(&theirs, &path, json!({})).json();
        assert_eq!(acked["at"], all[1]["at"]);
    }
}
