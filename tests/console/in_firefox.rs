//! The console in a real Firefox: every page fits and says nothing in the wrong place, and a letter is reviewed with the keyboard alone.

use laixin::domain::letter::{Carrier, Stage};
use serde_json::json;

use super::browser::{CONTROL, ENTER, F8, with_firefox};
use super::browser_station::{ADMINISTRATOR, Station, irradiating};
use super::quality::{ADMINISTRATORS_PAGES, PAGES, TOO_WIDE};
use super::{assert_lit, sign_in, trust};

/// What went wrong in a page's scripts, from its first line on.
const LISTEN: &str = "window.troubles = []; addEventListener('error', (event) => window.troubles.push(String(event.message)));";

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_reviewed_in_firefox_with_the_keyboard_alone() {
    with_firefox(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        for letter in ["S004", "A001"] {
            station.letter(letter, |_| {}).await;
        }
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S004")).await;
        browser.ask(LISTEN).await;
        let at_confirm =
            "document.activeElement.id === 'confirm' && document.getElementById('image').complete";
        browser.until("the first letter", at_confirm).await;
        let fields = station.draft("S004").await.fields;
        browser
            .ask("document.getElementById('v-address').focus();")
            .await;
        // Firefox counts the stroke and its mitres with the box.
        assert_lit(&browser, &fields.address, 12.5).await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8幢").await;
        browser.press(ENTER).await;
        browser
            .until(
                "saved",
                "document.querySelector('#f-address.corrected:not(.typed)')",
            )
            .await;
        assert_eq!(
            station.draft("S004").await.fields.address.value.as_deref(),
            Some("苏州市虎丘区彩虹新村8幢")
        );
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser
            .until(
                "the next letter",
                "document.getElementById('live-form').dataset.letter === 'A001'",
            )
            .await;
        let stage = station
            .app
            .store
            .with(|db| Ok(db.letter_row("S004")?.stage));
        assert_eq!(stage.await.unwrap(), Stage::Confirmed);
        browser.press(F8).await;
        browser
            .until("told", "document.getElementById('confirm-say').textContent")
            .await;
        assert_eq!(browser.ask("return window.troubles;").await, json!([]));
        browser.picture("firefox-letter-zh").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_in_firefox() {
    with_firefox(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Express, 4).await;
        for letter in ["A001", "A032"] {
            station.letter(letter, |_| {}).await;
        }
        station.cabinet.send_replace(irradiating(4.2, 61.0));
        station
            .add_person(ADMINISTRATOR, laixin::store::Role::Administrator)
            .await;
        sign_in(&browser, &station).await;
        let both = PAGES.into_iter().chain(ADMINISTRATORS_PAGES);
        for (at, path) in both.enumerate() {
            if at == PAGES.len() {
                trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
            }
            browser.open(&station.page(path)).await;
            assert_eq!(browser.ask(TOO_WIDE).await, json!(false), "{path} is wider than the screen");
            let dressed = "return getComputedStyle(document.body).margin === '0px' && [...document.styleSheets].every((sheet) => sheet.cssRules.length > 0);";
            assert_eq!(browser.ask(dressed).await, json!(true), "{path} has no style");
            browser.picture(&format!("firefox{}-zh", path.replace(['/', '?', '='], "-"))).await;
        }
    })
    .await;
}
