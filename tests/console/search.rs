//! Search by keyboard alone, from any page: the field, what was found, and the page of the letter that it leads to.

use laixin::domain::letter::Carrier;

use super::browser::{ENTER, with_browser};
use super::browser_station::Station;
use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_leads_from_any_page_to_the_search_and_from_there_to_the_page_of_a_letter() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("A001", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.press("/").await;
        browser
            .until(
                "the field has the keyboard",
                "document.activeElement.id === 'search'",
            )
            .await;
        browser.press("陆思雨").await;
        browser.press(ENTER).await;
        browser
            .until(
                "what was found",
                "document.querySelector('.found mark')?.textContent === '陆思雨'",
            )
            .await;
        // In the field a stroke is a stroke.
        browser.press("/").await;
        browser.press("/").await;
        browser
            .until(
                "it is typed",
                "document.getElementById('search').value.endsWith('/')",
            )
            .await;
        pictures(&browser, &station, "/search?q=A001", "search").await;
        browser.open(&station.page("/search?q=A001")).await;
        browser
            .until(
                "the letter",
                "document.querySelector('.found .number-link')?.textContent === 'A001'",
            )
            .await;
        browser.open(&station.page("/letters/A001#page-2")).await;
        browser
            .until(
                "its second page",
                "document.querySelector('#tabs [aria-selected=\"true\"]')?.dataset.page === '2'",
            )
            .await;
    })
    .await;
}
