//! What was answered of an alert, where its words stand, and what a page that is held or kept back waits for.

use laixin::domain::draft::{Draft, Flag};
use laixin::domain::grouping::GroupBy;
use laixin::domain::text::Line;
use laixin::store::{HeldBeside, Reading, Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House};
use super::late::{claim, page_comes, with_pages};
use super::late_accusations::{is_read, opens};
use super::late_pages::later_page;
use super::raised_again::{answer, page_says, threat};

const FIRST: &str = "来访的人只好饿着";
const LATE: &str = "补充:三天内不给答复我就从市政府楼顶跳下去。";

fn registered(house: &House, change: impl FnOnce(&mut Draft)) -> Caller {
    let holder = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", change);
    house.confirmed("A1");
    assert_eq!(claim(house, &holder), ["A1"]);
    let acked = house.post(&holder, "/v1/drafts/A1/ack", json!({"case_number": "C-1"}));
    assert_eq!(acked.status, 200, "{}", acked.text);
    holder
}

fn drafted_again(house: &House, change: impl FnOnce(&mut Draft)) {
    let mut now = super::house::draft("A1");
    change(&mut now);
    with_pages(house, &mut now);
    let offer = house.app.settings.handoff.offer;
    let kept = house
        .app
        .store
        .wait(move |db| db.insert_or_replace_draft(&now, offer));
    kept.unwrap();
}

fn pages_and_words(house: &House, caller: &Caller) -> Vec<(u64, String)> {
    let listed = house.get(caller, "/v1/alerts").json();
    let quotes = listed["items"][0]["quotes"].as_array().unwrap().clone();
    let told = |quote: &Value| {
        let words = quote["text"].as_str().unwrap().to_owned();
        (quote["page"].as_u64().unwrap(), words)
    };
    quotes.iter().map(told).collect()
}

/// Of a drafted letter the late words stood once more under page 1, with that page's closing and date before them; and what page 3 says stood under page 1.
#[test]
fn late_words_of_a_letter_that_is_not_registered_stood_a_second_time_under_page_one() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", threat(1, FIRST));
    page_comes(&house, 2);
    page_says(&house, "A1", LATE);
    page_comes(&house, 3);
    let third = house.count("SELECT max(id) FROM pages");
    let says = "再不处理，就同归于尽。";
    let line = Line {
        text: says.into(),
        raw: says.into(),
        quad: [[0.0, 0.0], [9.0, 0.0], [9.0, 1.0], [0.0, 1.0]],
        confidence: 0.9,
        chars: Vec::new(),
        vertical: false,
    };
    let reading = Reading {
        engine: "e".into(),
        width: 100,
        height: 100,
        turned_deg: 0,
        lines: vec![line],
        seconds: 0.1,
        blank: false,
    };
    house
        .app
        .store
        .wait(move |db| db.finish_reading(third, &reading))
        .unwrap();
    let runs_over = format!("此致敬礼陆思雨2026年11月12日{LATE}");
    let folded = "再不处理,就同归于尽。";
    drafted_again(&house, threat(1, &[FIRST, &runs_over, folded].join("……")));
    assert_eq!(
        pages_and_words(&house, &officer),
        [
            (2, LATE.to_owned()),
            (1, FIRST.to_owned()),
            (3, folded.to_owned())
        ]
    );
    house.tampered();
}

/// The audit said in one second that an alert went out and that another page says so, of a letter with one page that does.
#[test]
fn the_first_page_that_says_so_was_another_page_in_the_audit() {
    let house = House::new();
    house.letter("A1");
    let entries = |action: &str| {
        house.count(&format!(
            "SELECT count(*) FROM ledger WHERE action = '{action}'"
        ))
    };
    page_says(&house, "A1", FIRST);
    assert_eq!((entries("alert.placed"), entries("alert.quoted")), (1, 0));
    page_comes(&house, 2);
    page_says(&house, "A1", LATE);
    assert_eq!((entries("alert.placed"), entries("alert.quoted")), (1, 1));
}

/// A confirmed alert that a later page had opened again showed the old answer only: the new words looked confirmed.
#[test]
fn the_second_answer_to_a_confirmed_alert_stood_in_the_audit_alone() {
    let house = House::offering("read");
    let first = house.person("wang", Role::ConfirmingOfficer);
    let second = house.person("zhao", Role::ConfirmingOfficer);
    let holder = registered(&house, threat(1, FIRST));
    assert_eq!(answer(&house, &first, "confirmed").status, 200);
    page_comes(&house, 2);
    page_says(&house, "A1", LATE);
    is_read(&house, None);
    let told = answer(&house, &second, "false_alarm").json();
    assert_eq!(
        (&told["verdict"], &told["acknowledged_by"]),
        (&json!("confirmed"), &json!("wang")),
        "what was confirmed stays so"
    );
    let other = &told["later"][0];
    assert_eq!(
        (&other["verdict"], &other["by"], &other["note"]),
        (&json!("false_alarm"), &json!("zhao"), &json!("食堂收费"))
    );
    let page = house.get(&first, "/letters/A1").text;
    let newest = page.find("误报 · 食堂收费").unwrap();
    assert!(newest < page.find("属实 · 食堂收费").unwrap(), "{page}");
    let theirs = house.get(&holder, "/v1/alerts").json();
    assert_eq!(
        (
            &theirs["items"][0]["verdict"],
            &theirs["items"][0]["earlier"]
        ),
        (&json!("confirmed"), &json!([])),
        "it took nothing back"
    );
    // Raised once more, everything that was said of it is in its order.
    page_comes(&house, 3);
    page_says(&house, "A1", "我就放火烧了信访局");
    let listed = house.get(&first, "/v1/alerts").json();
    let said: Vec<&Value> = listed["items"][0]["earlier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| &answer["by"])
        .collect();
    assert_eq!(said, [&json!("zhao"), &json!("wang")]);
}

fn marked(draft: &mut Draft) {
    draft.fields.flags.secret_mark = Some(Flag {
        value: true,
        quote: Some("机密★10年".into()),
        page: Some(2),
        ..Flag::default()
    });
}

/// Its page asked whether the letter accuses the office that it speaks of, where it speaks of none; and that the mark is none let the page go nowhere.
#[test]
fn a_kept_page_with_a_secret_mark_and_no_office_asked_for_an_office() {
    for says in ["false_alarm", "confirmed"] {
        let house = House::offering("read");
        let officer = house.person("wang", Role::ConfirmingOfficer);
        let holder = registered(&house, |_| {});
        page_comes(&house, 2);
        house.sql(
            "UPDATE pages SET state = 'read'; UPDATE letters SET last_arrival_ms = 2 WHERE id = 'A1'",
        );
        let mut said = super::house::draft("A1");
        marked(&mut said);
        let raised = house
            .app
            .store
            .wait(move |db| db.guard_while_read("A1", &said.fields));
        raised.unwrap();
        drafted_again(&house, marked);
        opens(&house, &officer);
        let waits = || house.get(&officer, "/letters/A1").text;
        assert!(
            waits().contains("第 2 页是移交后补到的，有密级标志"),
            "{}",
            waits()
        );
        assert!(!waits().contains("是否举报所写单位"), "{}", waits());
        assert_eq!(house.get(&holder, "/v1/letters/A1/pages/2").status, 404);
        let open = house.get(&officer, "/v1/alerts?open=true").json();
        let mark = open["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|alert| alert["code"] == "secret_mark");
        let path = format!("/v1/alerts/{}/acknowledge", mark.unwrap()["id"]);
        let word = house.post(&officer, &path, json!({"verdict": says}));
        assert_eq!(word.status, 200, "{}", word.text);
        let goes = says == "false_alarm";
        let page = house.get_bytes(&holder, "/v1/letters/A1/pages/2").0;
        assert_eq!(page == 200, goes, "{says}: {page}");
        assert_eq!(waits().contains("是移交后补到的"), !goes, "{says}");
        let answered = "SELECT count(*) FROM alerts WHERE code = 'page_kept_back' AND verdict = 'false_alarm' AND acked_by = 'wang'";
        assert_eq!(house.count(answered), i64::from(goes), "{says}");
    }
}

/// Taking it in was refused with “take the confirmation back first”; the file itself said only to scan it under another name.
#[test]
fn a_page_held_for_a_confirmed_letter_says_that_the_confirmation_is_taken_back_first() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted("A1");
    let (id, _) = later_page(&house, "A1_p2.jpg", 2);
    let beside = HeldBeside {
        arrival: id.clone(),
        by: GroupBy::Name,
        group: "A1".into(),
    };
    let held = id.clone();
    let done = house.app.store.wait(move |db| {
        db.hold_arrival(&held, "late_page")?;
        db.arrival_kept_as(&held, "held/A1_p2.jpg")?;
        db.hold_beside(&beside)
    });
    done.unwrap();
    for reason in ["late_page", "letter_closed"] {
        house.sql(&format!(
            "UPDATE arrivals SET reason = '{reason}' WHERE id = '{id}'"
        ));
        for (stage, first) in [("drafted", false), ("confirmed", true)] {
            house.sql(&format!("UPDATE letters SET stage = '{stage}'"));
            let listed = house.get(&officer, "/v1/arrivals").json();
            let next = listed["items"][0]["next_action"].to_string();
            assert_eq!(
                next.contains("take the confirmation back first"),
                first,
                "{reason} {stage}: {listed}"
            );
            let page = house.get(&officer, "/held").text;
            assert_eq!(
                page.contains("所属信件已确认、尚未移交"),
                first,
                "{reason} {stage}"
            );
        }
    }
    house.tampered();
}
