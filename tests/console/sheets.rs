//! The pages of a batch in small: they appear as they arrive, and one key splits a letter or joins two; nothing is deleted.

use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::events::Event;
use laixin::store::Reading;
use serde_json::json;

use super::browser::{Browser, ENTER, ESCAPE, with_browser};
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

/// Only the pages that were drawn went to the new letter; the others stayed behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_letter_is_split_with_all_its_pages() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S006_p1.jpg");
        let image = std::fs::read(image).expect("a sample");
        for n in 1..=45 {
            let file = format!("L45_p{n}.jpg");
            station
                .page_arrives("L45", &file, n, PageKind::Letter, &image)
                .await;
        }
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches/1/pages")).await;
        let drawn = "return document.querySelectorAll('#group-L45 .sheet').length;";
        assert_eq!(browser.ask(drawn).await, json!(40));
        browser.click("#group-L45 a[href*='letter=L45']").await;
        browser
            .until(
                "all of them",
                "document.querySelectorAll('#group-L45 .sheet').length === 45",
            )
            .await;
        pictures(
            &browser,
            &station,
            "/batches/1/pages%3Fletter=L45",
            "sheets-long",
        )
        .await;
        browser.open(&station.page("/batches/1/pages")).await;
        focus(&browser, "L45", 20).await;
        browser.press("s").await;
        browser
            .until("asked", "document.getElementById('move').open")
            .await;
        let title = browser.text("#move-title").await;
        assert!(title.contains("20–45"), "{title}");
        browser.press(ENTER).await;
        browser.at("#group-L45_2 .sheet").await;
        assert_eq!(
            (pages(&station, "L45").await, pages(&station, "L45_2").await),
            (19, 26)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_scanned_anew_takes_the_place_of_the_bad_one_by_two_keys() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("S008", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches/1/pages")).await;
        let before = station
            .app
            .store
            .with(|db| db.page_rows("S008"))
            .await
            .unwrap();
        focus(&browser, "S008", 2).await;
        browser.press("t").await;
        browser
            .until(
                "told what to do",
                "document.getElementById('sheets-say').textContent.includes('重新扫描')",
            )
            .await;
        browser.press(ESCAPE).await;
        browser
            .until("taken back", "!document.querySelector('[data-kept-bad]')")
            .await;
        browser.press("t").await;
        browser.at("#sheet-S008-2[data-kept-bad]").await;
        // The sheet lies in the scanner; its new image comes by itself, as a letter of its own.
        let image = std::fs::read(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/letters/A002_p1.jpg"
        ))
        .expect("a sample");
        station
            .page_arrives("anew", "anew_p1.jpg", 1, PageKind::Letter, &image)
            .await;
        let read = station.app.store.with(|db| {
            while let Some(page) = db.begin_reading()? {
                let reading = Reading {
                    engine: "test".into(),
                    width: 2480,
                    height: 3507,
                    turned_deg: 0,
                    lines: Vec::new(),
                    seconds: 0.1,
                    blank: false,
                };
                db.finish_reading(page.id, &reading)?;
            }
            Ok(())
        });
        read.await.expect("it is kept");
        station.app.events.tell(Event::Letter {
            letter: "anew".into(),
            what: "arriving".into(),
        });
        browser.at("#group-anew .sheet").await;
        browser.at("#sheet-S008-2[data-kept-bad]").await;
        browser.picture("sheets-retake-zh").await;
        focus(&browser, "anew", 1).await;
        browser.press("t").await;
        browser
            .until("asked", "document.getElementById('move').open")
            .await;
        let title = browser.text("#move-title").await;
        assert!(
            title.contains("anew") && title.contains("S008 第 2 页"),
            "{title}"
        );
        browser.picture("sheets-retake-asked-zh").await;
        browser.press(ENTER).await;
        browser.at("#group-S008 .sheet.retaken").await;
        browser
            .until(
                "told",
                "document.getElementById('sheets-say').textContent.includes('已换成新扫的图像')",
            )
            .await;
        let now = station
            .app
            .store
            .with(|db| db.page_rows("S008"))
            .await
            .unwrap();
        assert_eq!(now.len(), before.len() + 1, "nothing is deleted");
        assert_ne!(now[1].sha256, before[1].sha256);
        let last = now.last().expect("pages");
        assert_eq!(
            (last.kind, &last.sha256),
            (PageKind::Retaken, &before[1].sha256)
        );
        assert_eq!(pages(&station, "anew").await, 0);
        pictures(&browser, &station, "/batches/1/pages", "sheets-retaken").await;
        pictures(&browser, &station, "/letters/S008", "letter-retaken").await;
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
        browser.until("turned", "document.activeElement.dataset.keptTurn === '1'").await;
        browser.ask("return window.laixinRefresh();").await;
        let turned = "return getComputedStyle(document.querySelector('#sheet-A002-1 img')).transform !== 'none';";
        assert_eq!(browser.ask(turned).await, json!(true), "it stays turned while the page is fetched again");
        // With the mouse: the page that was chosen last.
        browser.click("[data-act='r']").await;
        browser.until("turned again", "document.querySelector('#sheet-A002-1 [data-sheet]').dataset.keptTurn === '2'").await;
        focus(&browser, "A002", 1).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn as_many_separator_sheets_are_printed_as_were_asked_for() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        let watched = "window.asked = []; const really = window.fetch; \
             window.fetch = (address, how) => { if (how && how.method === 'POST') window.asked.push([address, how.body]); return really(address, how); };";
        browser.ask(watched).await;
        browser.fill("#separators-count", "501").await;
        browser.press(ENTER).await;
        browser
            .until("refused", "document.querySelector('#print-separators [data-say]').textContent.includes('500')")
            .await;
        browser.fill("#separators-count", "3").await;
        browser.press(ENTER).await;
        browser
            .until("printed", "document.getElementById('separators-count').value === '20'")
            .await;
        let asked = browser.ask("return window.asked;").await;
        assert_eq!(asked, json!([["/v1/separators", "{\"count\":3}"]]));
        assert_eq!(browser.text("#print-separators [data-say]").await, "");
    })
    .await;
}
