//! A second person keys fields blind; the visitor who brought a letter looks at the second screen.

use laixin::domain::letter::Carrier;
use laixin::store::Role;
use serde_json::json;

use super::browser::{ALT, Browser, ENTER, F2, with_browser};
use super::browser_station::Station;
use super::{earlier, pictures, sign_in, trust};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_person_keys_blind_and_both_are_compared() {
    with_browser(|browser| async move {
        let station = Station::keying_twice("\"sender_name\", \"phones\", \"id_number\"").await;
        station.add_person("李明", Role::Operator).await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("S008", |_| {}).await;
        let fields = station.draft("S008").await.fields;
        let name = fields.sender_name.value.unwrap();
        trust::sign_in_as(&browser, &station, "李明").await;
        browser.open(&station.page("/review")).await;
        browser.click("a.to-key").await;
        browser.until("the page to key", "location.pathname === '/letters/S008/entry' && document.activeElement.id === 'k-sender_name'").await;
        let blind = browser.ask("return document.documentElement.outerHTML;").await;
        assert!(!blind.as_str().unwrap().contains(&name), "the draft's value is on the page");
        pictures(&browser, &station, "/letters/S008/entry", "entry").await;
        browser.open(&station.page("/letters/S008/entry")).await;
        browser.press(F2).await;
        browser.until("the rules", "document.querySelector('details.rules').open").await;
        let rules = browser.text("details.rules").await;
        assert!(rules.contains("联名来信的，登记1人姓名") && rules.contains("7.4.2.5"), "{rules}");
        browser.fill("#k-sender_name", "张三").await;
        let phones: Vec<_> = fields.phones.iter().filter_map(|one| one.field.value.clone()).collect();
        browser.fill("#k-phones", &phones.join("、")).await;
        browser.fill("#k-id_number", fields.id_number.field.value.as_deref().unwrap_or_default()).await;
        browser.press(ENTER).await;
        browser.until("compared", "document.querySelector('#keyed .differs')").await;
        let shown = browser.text("#keyed").await;
        assert!(shown.contains("不一致") && !shown.contains(&name), "{shown}");
        assert_eq!(browser.ask("return document.querySelectorAll('#keying input').length;").await, json!(1));
        pictures(&browser, &station, "/letters/S008/entry", "entry-differs").await;
        sign_in_again(&browser, &station).await;
        browser.open(&station.page("/letters/S008")).await;
        browser.until("the other value", "document.querySelector('#f-sender_name .why.bad')").await;
        let note = browser.text("#f-sender_name .why.bad").await;
        assert!(note.contains("李明") && note.contains("张三"), "{note}");
        pictures(&browser, &station, "/letters/S008", "letter-keyed-otherwise").await;
        browser.open(&station.page("/letters/S008")).await;
        browser.until("the first field", "document.activeElement.id === 'v-sender_name'").await;
        browser.press(&format!("{ALT}1")).await;
        browser.until("taken", "document.querySelector('#f-sender_name.corrected:not(.typed)')").await;
        browser.until("agreed", "document.querySelectorAll('.entries .agrees').length === 3").await;
        assert_eq!(station.draft("S008").await.fields.sender_name.value.as_deref(), Some("张三"));
    })
    .await;
}

async fn sign_in_again(browser: &Browser, station: &Station) {
    browser.forget_cookies().await;
    sign_in(browser, station).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_screen_is_masked_follows_the_desk_and_takes_the_visitors_word() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("A001", |_| {}).await;
        earlier::read(&station, "A001").await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A001")).await;
        browser
            .until(
                "its link",
                "document.querySelector('a[target=laixin-visitor]')",
            )
            .await;
        browser.open(&station.page("/letters/A001/visitor")).await;
        let fields = station.draft("A001").await.fields;
        let page = browser
            .ask("return document.documentElement.outerHTML;")
            .await;
        let page = page.as_str().unwrap();
        for secret in [fields.sender_name.value, fields.address.value] {
            let secret = secret.unwrap();
            assert!(!page.contains(&secret), "{secret} is on the second screen");
        }
        assert!(page.matches("<polygon").count() >= 2, "places are covered");
        assert_eq!(
            browser
                .ask("return document.querySelectorAll('a').length;")
                .await,
            json!(0),
            "nothing to go anywhere from"
        );
        pictures(&browser, &station, "/letters/A001/visitor", "visitor").await;
        browser.open(&station.page("/letters/A001/visitor")).await;
        browser.click(".answers .primary").await;
        browser
            .until("thanked", "document.getElementById('thanks')")
            .await;
        pictures(
            &browser,
            &station,
            "/letters/A001/visitor",
            "visitor-thanks",
        )
        .await;
        browser.open(&station.page("/letters/A001")).await;
        let told = browser.text(".more").await;
        assert!(told.contains("认为内容无误"), "{told}");
        // Another letter on the desk clears the second screen.
        browser.open(&station.page("/letters/A001/visitor")).await;
        browser
            .ask("new BroadcastChannel('laixin-desk').postMessage('A002');")
            .await;
        browser
            .until("cleared", "location.pathname === '/visitor'")
            .await;
        pictures(&browser, &station, "/visitor", "visitor-waits").await;
    })
    .await;
}
