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
