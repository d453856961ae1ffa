//! The guided first day of a training station: marked on every page, ticked step by step, and the close of the day.

use laixin::clock;
use laixin::domain::letter::Carrier;
use serde_json::json;

use super::browser::with_browser;
use super::browser_station::{Station, USER};
use super::{pictures, sign_in};

const DONE: &str =
    "return [...document.querySelectorAll('.steps li')].map((one) => one.className);";

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_is_led_through_and_marked_on_every_page() {
    with_browser(|browser| async move {
        let station = Station::training().await;
        sign_in(&browser, &station).await;
        for page in ["/today", "/batches", "/review", "/visitor"] {
            browser.open(&station.page(page)).await;
            browser
                .until(page, "document.querySelector('.training-mark')")
                .await;
        }
        browser.open(&station.page("/today")).await;
        browser.click("nav a[href='/training']").await;
        browser
            .until("the first step", "document.querySelector('.steps li.next')")
            .await;
        assert_eq!(
            browser.ask(DONE).await,
            json!(["next", "", "", "", "", "", ""])
        );
        pictures(&browser, &station, "/training", "training").await;
        station.open_batch(Carrier::Letter, 3).await;
        browser.open(&station.page("/training")).await;
        browser.click("#put-letters").await;
        browser
            .until(
                "put in",
                "document.querySelectorAll('.steps li.done').length === 3",
            )
            .await;
        let inbox = std::fs::read_dir(station.folder().join("data/scanner-1")).unwrap();
        assert_eq!(inbox.count(), 6, "three sample letters of two pages");
        assert_eq!(
            browser.ask(DONE).await,
            json!(["done", "done", "done", "next", "", "", ""])
        );
        pictures(&browser, &station, "/training", "training-begun").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_closed_with_a_word_about_what_is_open() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/today")).await;
        let open = browser.text("#live-day").await;
        assert!(open.contains("0 封没有确认、1 批没有结批"), "{open}");
        pictures(&browser, &station, "/today", "today-day").await;
        browser.open(&station.page("/today")).await;
        browser.click("#close-day").await;
        let day = clock::now().day();
        let closed = |day: String| station.app.store.with(move |db| db.day_seen_by("", &day));
        assert!(
            closed(day.clone()).await.unwrap().is_none(),
            "nobody said why"
        );
        browser.fill("#day-note", "一批明日拆封").await;
        browser.click("#close-day").await;
        browser
            .until("closed", "document.getElementById('day-closed')")
            .await;
        let told = browser.text("#day-closed").await;
        assert!(
            told.contains(USER) && told.contains("一批明日拆封"),
            "{told}"
        );
        assert!(closed(day).await.unwrap().is_some());
    })
    .await;
}
