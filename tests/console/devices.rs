//! A device's charts and its log, as maintenance staff look at them.

use laixin::clock;
use laixin::store::{HealthRow, Role};
use serde_json::{Value, json};

use super::browser::{ENTER, with_browser};
use super::browser_station::Station;
use super::{pictures, trust};

/// A lamp that grows old over 90 days, and a link that failed on one of them.
async fn worn(station: &Station) {
    let now = clock::now();
    let row = |day: i64, point: &str, value: f64, limit: f64| HealthRow {
        at: now.plus_seconds(-day * 86_400),
        device: "cabinet-1".into(),
        point: point.into(),
        value: Some(value),
        limit: Some(limit),
        state: if day == 40 && point == "link_errors_percent" {
            "bad"
        } else {
            "good"
        }
        .into(),
        code: (day == 40 && point == "link_errors_percent").then(|| "check_cable".into()),
        detail: None,
    };
    let rows = (0..90_i64).rev().flat_map(|day| {
        let age = 90.0 - day as f64;
        let errors = if day == 40 { 7.5 } else { 0.1 };
        [
            row(day, "irradiance_mw_cm2", 4.6 - age * 0.012, 3.0),
            row(day, "lamp_hours_h", 5200.0 + age * 6.0, 9000.0),
            row(day, "ozone_mg_m3", 0.05 + (age % 7.0) * 0.008, 0.2),
            row(day, "link_errors_percent", errors, 1.0),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let written = station.app.store.with(move |db| db.log_health(&rows));
    written.await.unwrap();
}

/// 05:49:42, 05:34:22, 05:49:42: an entry that is renewed keeps its row.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_device_stands_in_the_order_of_time() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("周维", Role::Maintenance).await;
        let now = clock::now();
        let rows: Vec<_> = [-10, -900, -5, -600]
            .map(|s| HealthRow {
                at: now.plus_seconds(s),
                device: "cabinet-1".into(),
                point: "link".into(),
                value: None,
                limit: None,
                state: "bad".into(),
                code: Some("check_cable".into()),
                detail: None,
            })
            .into();
        let written = station.app.store.with(move |db| db.log_health(&rows));
        written.await.unwrap();
        trust::sign_in_as(&browser, &station, "周维").await;
        browser.open(&station.page("/maintenance/cabinet-1")).await;
        let times = "return [...document.querySelectorAll('#log tbody tr td:first-child')].map((cell) => cell.textContent);";
        let times: Vec<String> = serde_json::from_value(browser.ask(times).await).unwrap();
        assert_eq!(times.len(), 4);
        assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_has_charts_with_their_limits_and_a_log_to_look_through_and_take_along() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("周维", Role::Maintenance).await;
        worn(&station).await;
        trust::sign_in_as(&browser, &station, "周维").await;
        browser.open(&station.page("/maintenance")).await;
        browser.click("#device-cabinet-1 h2 a").await;
        browser.until("the device", "location.pathname === '/maintenance/cabinet-1'").await;
        let charts = "return [...document.querySelectorAll('.charts figure')].map((one) => [one.querySelector('figcaption').textContent, one.querySelectorAll('line.limit').length]);";
        let wanted = json!([["紫外线强度（mW/cm²）", 1], ["灯管累计使用（小时）", 1], ["臭氧浓度（mg/m³）", 1], ["通信出错率（%）", 1]]);
        assert_eq!(browser.ask(charts).await, wanted);
        let outside = "
            return [...document.querySelectorAll('.chart text, .chart polyline')].filter((one) => {
                const own = one.getBoundingClientRect(), frame = one.closest('svg').getBoundingClientRect();
                return own.left < frame.left - 1 || own.right > frame.right + 1 || own.top < frame.top - 1 || own.bottom > frame.bottom + 1;
            }).map((one) => one.outerHTML);";
        assert_eq!(browser.ask(outside).await, json!([]), "everything lies within its chart");
        pictures(&browser, &station, "/maintenance/cabinet-1", "device").await;
        browser.open(&station.page("/maintenance/cabinet-1")).await;
        assert_eq!(browser.ask("return document.querySelectorAll('#log tbody tr').length;").await, json!(100));
        browser.ask("document.getElementById('of-state').value = 'bad';").await;
        browser.click("form.filters button").await;
        browser.until("filtered", "location.search.includes('state=bad')").await;
        let log = browser.text("#log tbody").await;
        assert!(log.contains("通信出错率") && log.contains("检查网线") && log.lines().count() <= 2, "{log}");
        let taken = browser.ask("return fetch(document.querySelector('form.filters a').href).then((answer) => answer.text());").await;
        let Value::String(taken) = taken else { panic!("{taken}") };
        let lines: Vec<&str> = taken.lines().collect();
        assert_eq!(lines[0], "time,device,point,value,limit,state,code,detail,next_in_words");
        assert!(lines.len() == 2 && lines[1].contains(",cabinet-1,link_errors_percent,7.5,1,bad,check_cable,"), "{taken}");
        browser.open(&station.page("/maintenance/cabinet-1")).await;
        browser.fill("#said", "网线").await;
        browser.press(ENTER).await;
        browser.until("searched", "location.search.includes('said=')").await;
        let said = browser.text("#log tbody").await;
        assert_eq!(said, log, "what an entry says is found in the words of the page");
        let taken_again = browser.ask("return fetch(document.querySelector('form.filters a').href).then((answer) => answer.text());").await;
        assert_eq!(taken_again, json!(taken), "and taken along");
        browser.open(&station.page("/maintenance/cabinet-1?said=no+such+words")).await;
        assert_eq!(browser.ask("return document.querySelectorAll('#log tbody tr').length;").await, json!(0));
        browser.open(&station.page("/maintenance/nothing")).await;
        browser.until("told", "document.querySelector('.refused')").await;
    })
    .await;
}

/// Scans of so many days ago, with their images, jammed or not.
fn scanned(station: &Station, scans: &[(i64, u32, bool)]) {
    let database = rusqlite::Connection::open(station.app.settings.database()).unwrap();
    for &(days, images, is_jammed) in scans {
        let at = clock::now().plus_seconds(-days * 86_400 - 60).0;
        let trouble = is_jammed.then_some("scanner_jam");
        let outcome = if is_jammed { "failed" } else { "done" };
        database
            .execute(
                "INSERT INTO scans (scanner, batch_id, load_id, sides, asked_by, asked_ms, ended_ms, outcome, trouble, received_images)
                 SELECT 'scanner-2', batch_id, id, 1, '周维', ?1, ?1, ?2, ?3, ?4 FROM loads LIMIT 1",
                (at, outcome, trouble, images),
            )
            .unwrap();
    }
}

/// The chart told it, the table of devices did not.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_tells_how_often_paper_jams_in_a_scanner() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        station.add_person("周维", Role::Maintenance).await;
        station.open_batch(laixin::domain::letter::Carrier::Letter, 9).await;
        trust::sign_in_as(&browser, &station, "周维").await;
        browser.open(&station.page("/maintenance")).await;
        assert!(!browser.text("main").await.contains("每千面"), "nothing was scanned yet");
        scanned(&station, &[(10, 400, true), (9, 600, false), (3, 150, true), (0, 50, true)]);
        browser.open(&station.page("/maintenance")).await;
        let row = "const rows = [...document.querySelectorAll('#device-scanner-2 tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
            return rows.find((cells) => cells[0].startsWith('每千面')).slice(0, 4);";
        assert_eq!(browser.ask(row).await, json!(["每千面卡纸、重张（按周）", "10", "—", "1 – 10"]));
        let listed = browser.ask("return fetch('/v1/health/devices').then((answer) => answer.json());").await;
        let listed = listed["items"].as_array().unwrap().iter();
        let jams: Vec<_> = listed.filter(|one| one["point"] == "jams_per_1000").collect();
        assert_eq!(jams.len(), 1, "{jams:?}");
        assert_eq!((&jams[0]["device"], jams[0]["value"].as_f64()), (&json!("scanner-2"), Some(10.0)));
        pictures(&browser, &station, "/maintenance", "devices-jams").await;
        pictures(&browser, &station, "/maintenance/scanner-2", "scanner").await;
    })
    .await;
}
