//! The pages of a batch in small: they appear as they arrive, and one key splits a letter or joins two; nothing is deleted.

use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::events::Event;
use serde_json::json;

use super::browser::{Browser, ENTER, with_browser};
use super::browser_station::Station;
use super::{pictures, sign_in};

async fn pages(station: &Station, letter: &'static str) -> usize {
    let pages = station.app.store.with(move |db| db.page_rows(letter));
    pages.await.expect("it is there").len()
}

async fn focus(browser: &Browser, letter: &str, n: u32) {
    let wanted = format!("#sheet-{letter}-{n} [data-sheet]");
    browser.at(&wanted).await;
    browser
        .ask(&format!("document.querySelector('{wanted}').focus();"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_split_and_joined_by_a_key_and_a_reason() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("S008", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches/1/pages")).await;
        browser.ask("window.sameDocument = true;").await;
        assert!(browser.text("#live-counts").await.contains("还差 1 件"));
        station.letter("A002", |_| {}).await;
        station.app.events.tell(Event::Letter { letter: "A002".into(), what: "arriving".into() });
        browser.at("#group-A002 .sheet").await;
        assert_eq!(browser.ask("return window.sameDocument;").await, json!(true), "it came by itself");
        pictures(&browser, &station, "/batches/1/pages", "sheets").await;
        browser.open(&station.page("/batches/1/pages")).await;
        let before = pages(&station, "S008").await;
        focus(&browser, "S008", 1).await;
        browser.press("s").await;
        browser.until("told", "document.getElementById('sheets-say').textContent.includes('第一页')").await;
        browser.press("\u{e014}").await;
        browser.until("the next page", "document.activeElement.closest('#sheet-S008-2')").await;
        browser.press("s").await;
        browser.until("asked", "document.getElementById('move').open").await;
        browser.picture("sheets-split-zh").await;
        browser.press(ENTER).await;
        browser.at("#group-S008_2 .sheet").await;
        assert_eq!((pages(&station, "S008").await, pages(&station, "S008_2").await), (1, before - 1));
        focus(&browser, "S008_2", 1).await;
        let above = browser.ask("return document.getElementById('group-S008_2').previousElementSibling.dataset.letter;").await;
        let above = above.as_str().expect("a letter stands above").to_owned();
        browser.press("m").await;
        browser.until("asked", "document.getElementById('move').open").await;
        let title = browser.text("#move-title").await;
        assert!(title.contains("S008_2") && title.contains(&above), "{title}");
        browser.press(ENTER).await;
        browser.until("joined", &format!("document.activeElement.closest('#group-{above}')")).await;
        let all = station.app.store.with(|db| db.counts());
        let kept: i64 = all.await.unwrap().iter().filter(|(what, ..)| *what == "pages").map(|(.., n)| n).sum();
        assert_eq!(kept as usize, before + 2, "no page is lost");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_its_kind_and_its_view_is_turned() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("A002", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches/1/pages")).await;
        focus(&browser, "A002", 1).await;
        browser.press("r").await;
        browser.until("turned", "document.activeElement.classList.contains('quarter')").await;
        browser.press("k").await;
        browser.until("the list of kinds", "document.activeElement.matches('#sheet-A002-1 select')").await;
        browser
            .ask("const list = document.activeElement; list.value = 'photograph'; list.dispatchEvent(new Event('change', {bubbles: true}));")
            .await;
        browser.until("kept", "document.getElementById('sheets-say').textContent.includes('已保存')").await;
        let kinds = station.app.store.with(|db| db.page_rows("A002")).await.unwrap();
        assert!(kinds.iter().any(|page| page.kind == PageKind::Photograph));
    })
    .await;
}
