//! Figures of a period: counted by the day of receipt, taken along only with a second person's approval.

use laixin::store::Role;
use serde_json::{Value, json};

use super::house::{House, PASSWORD};

/// Milliseconds of a local moment.
fn at(moment: &str) -> i64 {
    let moment: jiff::civil::DateTime = moment.parse().unwrap();
    moment
        .to_zoned(jiff::tz::TimeZone::system())
        .unwrap()
        .timestamp()
        .as_millisecond()
}

/// A letter of a batch of its own, received at that moment.
fn received(house: &House, id: &str, batch: i64, moment: &str) {
    house.drafted_as(id, |draft| {
        draft.fields.purpose.value = Some("投诉请求".into());
        draft.fields.joint.is_joint = id == "J1";
    });
    house.sql(&format!(
        "INSERT INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES ({batch}, 'express', 1, {}, 't', 1);
         UPDATE letters SET batch_id = {batch}, last_arrival_ms = {} WHERE id = '{id}'",
        at(moment),
        at(moment)
    ));
}

fn figures(house: &House, query: &str) -> Value {
    let name = format!("li-{}", house.count("SELECT count(*) FROM users"));
    let caller = house.person(&name, Role::Operator);
    let answer = house.get(&caller, &format!("/v1/statistics?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[test]
fn a_letter_counts_on_the_day_it_was_received_by_the_26th_or_by_the_calendar() {
    let moments = [
        "2026-10-25T23:59:59",
        "2026-10-26T00:00:00",
        "2026-11-25T23:59:59",
        "2026-11-26T00:00:00",
    ];
    for (more, november, december) in [("", 2, 1), ("[statistics]\nmonth_begins_on = 1\n", 2, 0)] {
        let house = House::with_more(more);
        for (at, moment) in (2..).zip(moments) {
            received(&house, &format!("A{at}"), at, moment);
        }
        let month = figures(&house, "length=month&year=2026&n=11");
        assert_eq!(month["letters"], november, "{more}: {month}");
        assert_eq!(
            figures(&house, "length=month&year=2026&n=12")["letters"],
            december
        );
        assert_eq!(figures(&house, "length=year&year=2026")["letters"], 4);
        assert_eq!(
            figures(&house, "length=half_year&year=2026&n=2")["letters"],
            4
        );
    }
}

#[test]
fn what_is_counted_is_right() {
    let house = House::new();
    received(&house, "J1", 2, "2026-11-02T08:00:00");
    received(&house, "A1", 3, "2026-11-03T08:00:00");
    received(&house, "GONE", 4, "2026-11-04T08:00:00");
    house.sql("UPDATE letters SET withheld = 'withdrawn' WHERE id = 'GONE'");
    house.sql(&format!(
        "UPDATE drafts SET confirmed_ms = {}, confirmed_by = 'x' WHERE letter_id = 'A1';
         INSERT INTO alerts (letter_id, code, raised_ms, level_ms, verdict) VALUES ('A1', 'threat', 1, 1, 'false_alarm'), ('J1', 'threat', 1, 1, NULL)",
        at("2026-11-03T08:30:00")
    ));
    let found = figures(&house, "length=month&year=2026&n=11");
    let count = |what: &str| found[what].as_i64().unwrap();
    assert_eq!(
        (count("letters"), count("joint"), count("threats")),
        (2, 1, 1),
        "{found}"
    );
    assert_eq!(
        (
            count("confirmed"),
            count("straight_through"),
            count("registered")
        ),
        (1, 1, 0)
    );
    assert_eq!(found["median_minutes"], 30.0);
    assert_eq!(found["carriers"], json!([{"what": "express", "count": 2}]));
    assert_eq!(found["purposes"], json!([{"what": "投诉请求", "count": 2}]));
    assert!(!found.to_string().contains("陆思雨"));
}

#[test]
fn figures_leave_the_station_only_with_another_persons_approval() {
    let house = House::new();
    received(&house, "A1", 2, "2026-11-03T08:00:00");
    let li = house.person("li", Role::Operator);
    house.add_user("wang", Role::ConfirmingOfficer);
    house.add_user("zhao", Role::Operator);
    let export = |approver: &str, password: &str| {
        let body = json!({"length": "month", "year": 2026, "n": 11, "approver": approver, "approver_password": password});
        house.post(&li, "/v1/statistics/export", body)
    };
    assert_eq!(export("li", PASSWORD).code(), "second_person_needed");
    assert_eq!(export("zhao", PASSWORD).code(), "forbidden");
    assert_eq!(export("wang", "not his password").code(), "approval_failed");
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'statistics.exported'"),
        0
    );
    let taken = export("wang", PASSWORD);
    assert_eq!(
        (taken.status, taken.header("content-type").as_str()),
        (200, "text/csv; charset=utf-8")
    );
    assert!(taken.text.contains("\"letters\",\"\",1"), "{}", taken.text);
    let days = "\"first_day\",\"2026-10-26\",\r\n\"last_day\",\"2026-11-25\",\r\n";
    assert!(taken.text.contains(days), "{}", taken.text);
    let name = taken.header("content-disposition");
    assert!(name.contains("2026-10-26-2026-11-25.csv"), "{name}");
    assert_eq!(house.count("SELECT count(*) FROM ledger WHERE action = 'statistics.exported' AND actor = 'li' AND detail LIKE '%wang%'"), 1);
    for wrong in [
        "length=month&year=2026&n=13",
        "length=year&year=2026&n=2",
        "length=week",
        "year=x",
    ] {
        assert_eq!(
            house.get(&li, &format!("/v1/statistics?{wrong}")).code(),
            "query_invalid",
            "{wrong}"
        );
    }
}

#[test]
fn figures_leave_out_what_is_kept_from_whoever_looks_or_exports_and_tell_few_letters_together() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    for (n, place) in (2..).zip(["甲镇", "甲镇", "甲镇", "乙村", "丙村"]) {
        let id = format!("A{n}");
        received(&house, &id, n, "2026-11-03T08:00:00");
        house.sql(&format!(
            "UPDATE drafts SET body = json_set(body, '$.fields.matters', json('[{{\"title\": \"t\", \"main\": true, \"pages\": [1], \"place\": \"{place}\", \"category\": null}}]'))
             WHERE letter_id = '{id}'"
        ));
    }
    let zhang = house.person("zhang", Role::Operator);
    let kept = house
        .app
        .store
        .wait(|db| db.recuse("A6", "zhang", ("wang", "亲属涉及")));
    kept.unwrap();
    let seen = |caller: &super::house::Caller| {
        let answer = house.get(caller, "/v1/statistics?length=month&year=2026&n=11");
        answer.json()
    };
    let (his, all) = (seen(&zhang), seen(&officer));
    assert_eq!((&his["letters"], &all["letters"]), (&json!(4), &json!(5)));
    assert_eq!(
        his["places"],
        json!([{"what": "甲镇", "count": 3}, {"what": "few", "count": 1}])
    );
    assert_eq!(all["places"].as_array().unwrap().len(), 3, "{all}");
    // A file that he takes away says no more than his screen.
    let taken = |caller: &super::house::Caller, approver: &str| {
        let body = json!({"length": "month", "year": 2026, "n": 11, "approver": approver, "approver_password": PASSWORD});
        house.post(caller, "/v1/statistics/export", body).text
    };
    house.add_user("chen", Role::ConfirmingOfficer);
    let (his, all) = (taken(&zhang, "wang"), taken(&officer, "chen"));
    assert!(
        his.contains("\"place\",\"few\",1") && !his.contains("村"),
        "{his}"
    );
    // Also where he is an officer.
    let kept = house
        .app
        .store
        .wait(|db| db.recuse("A5", "chen", ("wang", "亲属涉及")));
    kept.unwrap();
    let chen = house.signed_in("chen");
    let chens = taken(&chen, "wang");
    assert!(
        chens.contains("\"letters\",\"\",4") && !chens.contains("乙村"),
        "{chens}"
    );
    assert!(all.contains("\"place\",\"乙村\",1"), "{all}");
    let tiles = |looks: &'static str| {
        let found = house.app.store.wait(move |db| db.overview(looks));
        found.unwrap().letters.iter().sum::<u32>()
    };
    assert_eq!((tiles("zhang"), tiles("wang")), (4, 5));
}

/// The page says the first and the last day, and lets any period of any year be chosen.
#[test]
fn the_page_of_figures_shows_the_period_that_was_chosen() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    let page = |query: &str| house.get(&zhang, &format!("/statistics?{query}")).text;
    for (query, heading, days) in [
        (
            "of=month-12&year=2026",
            "2026 年 12 月统计",
            "2026-11-26 至 2026-12-25",
        ),
        (
            "of=quarter-3&year=2025",
            "2025 年 第 3 季度统计",
            "2025-06-26 至 2025-09-25",
        ),
        (
            "of=half_year-2&year=2025",
            "2025 年 下半年统计",
            "2025-06-26 至 2025-12-25",
        ),
        (
            "length=year&year=2024&n=1",
            "2024 年 全年统计",
            "2023-12-26 至 2024-12-25",
        ),
    ] {
        let shown = page(query);
        assert!(
            shown.contains(heading) && shown.contains(days),
            "{query}: {shown}"
        );
    }
    let chosen = r#"<option value="quarter-3" selected>"#;
    assert!(page("of=quarter-3&year=2025").contains(chosen));
}
