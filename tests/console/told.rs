//! What a page says of what was filled in: which field, what it takes, in the console's language; and what a key reaches beyond its page.

use laixin::domain::letter::Carrier;
use serde_json::{Value, json};

use super::browser::{Browser, CONTROL, ENTER, with_browser};
use super::browser_station::Station;
use super::{earlier, many, sign_in};

async fn set(browser: &Browser, id: &str, value: &str) {
    let set = format!(
        "const place = document.getElementById('{id}'); place.value = '{value}'; place.dispatchEvent(new Event('input', {{bubbles: true}}));"
    );
    browser.ask(&set).await;
}

/// 填写的内容不符合要求 named neither the field nor what it takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_refused_says_which_field_and_what_it_takes() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        for (language, count, late) in [("zh", "“件数”应为 1 到 10000 的整数", "“收到时间”应在"), ("en", "a whole number from 1 to 10000", "lies between")] {
            browser.open(&station.page(&format!("/language/{language}?to=/batches"))).await;
            let say = |words: &str| format!("document.querySelector('form[data-call=\"POST /v1/batches\"] [data-say]').textContent.includes('{words}')");
            set(&browser, "count", "99999999").await;
            browser.click("form[data-call='POST /v1/batches'] button.primary").await;
            browser.until(count, &say(count)).await;
            set(&browser, "count", "3").await;
            set(&browser, "received_at", "2099-01-01T09:00").await;
            browser.click("form[data-call='POST /v1/batches'] button.primary").await;
            browser.until(late, &say(late)).await;
        }
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("A001", |_| {}).await;
        browser.open(&station.page("/language/zh?to=/letters/A001/keeping")).await;
        browser.at("#list-valuable").await;
        browser.ask("document.querySelector('#list-valuable [name=kind]').value = 'cash'; document.querySelector('#list-valuable').noValidate = true;").await;
        browser.click("#list-valuable button[type=submit]").await;
        browser.until("the amount", "document.querySelector('#list-valuable [data-say]').textContent.startsWith('没有受理：请填写“')").await;
        browser.open(&station.page("/letters/A001")).await;
        browser.at("#fields .field.chosen").await;
        browser.ask("const name = document.getElementById('v-sender_name'); name.focus(); name.value = '陆\\u202e思雨'; name.dispatchEvent(new Event('input', {bubbles: true}));").await;
        browser.press(ENTER).await;
        browser.until("the character", "/“来信人”.*U\\+202E/.test(document.querySelector('#f-sender_name [data-say]').textContent)").await;
    })
    .await;
}

/// Please fill out this field, beside a page in Chinese.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_finds_wrong_is_told_in_the_consoles_language() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        for (language, empty) in [("zh", "请填写这一项。"), ("en", "Please fill this in.")] {
            browser
                .open(&station.page(&format!("/language/{language}?to=/batches")))
                .await;
            set(&browser, "count", "").await;
            browser
                .click("form[data-call='POST /v1/batches'] button.primary")
                .await;
            let told = "return document.getElementById('count').validationMessage;";
            assert_eq!(browser.ask(told).await, json!(empty));
            browser.picture(&format!("told-empty-{language}")).await;
            set(&browser, "count", "3").await;
            let good = "return document.getElementById('count').validity.valid;";
            assert_eq!(
                browser.ask(good).await,
                json!(true),
                "what was said is over once it is filled in"
            );
        }
    })
    .await;
}

/// A split pushed the letter off the page, and M said that there was none above.
#[tokio::test(flavor = "multi_thread")]
async fn a_split_leaves_its_letter_on_the_page_and_m_reaches_the_page_before() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 30).await;
        station.letter("S006", |_| {}).await;
        let draft = station.draft("S006").await;
        let letters = (1..=27).map(|n| format!("T{n:03}")).collect();
        many::like(&station, &draft, letters, 2).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches/1/pages")).await;
        browser.at(".group .sheet").await;
        let first = "return document.querySelector('.group').dataset.letter;";
        let first = browser
            .ask(first)
            .await
            .as_str()
            .expect("a letter")
            .to_owned();
        browser.press("m").await;
        browser
            .until("asked", "document.getElementById('move').open")
            .await;
        let title = browser.text("#move-title").await;
        let before: u32 = first[1..].parse().expect("a number");
        assert!(
            title.contains(&first) && title.contains(&format!("T{:03}", before - 1)),
            "{title}"
        );
        browser.press("\u{e00c}").await;
        browser
            .ask(&format!(
                "document.querySelector('#sheet-{first}-2 [data-sheet]').focus();"
            ))
            .await;
        browser.press("s").await;
        browser
            .until("asked", "document.getElementById('move').open")
            .await;
        browser.press(ENTER).await;
        browser.at(&format!("#group-{first}_2 .sheet")).await;
        browser.at(&format!("#group-{first} .sheet")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_taken_back_after_a_reload_but_not_over_anothers() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("A001", |_| {}).await;
        sign_in(&browser, &station).await;
        let was = station.draft("A001").await.fields.addressee.value;
        let saved =
            "document.querySelector('#f-addressee [data-say]').textContent.includes('已保存')";
        for other in [false, true] {
            browser.open(&station.page("/letters/A001")).await;
            browser.at("#fields .field.chosen").await;
            browser.fill("#v-addressee", "市长").await;
            browser.press(ENTER).await;
            browser.until("saved", saved).await;
            if other {
                let version = browser
                    .ask("return Number(document.getElementById('live-form').dataset.version);")
                    .await
                    .as_i64()
                    .expect("a version");
                let corrections: laixin::domain::correct::Corrections =
                    serde_json::from_value(json!({"summary": "别人写的"})).unwrap();
                let offer = station.app.settings.handoff.offer;
                let corrected = station
                    .app
                    .store
                    .with(move |db| db.correct("A001", version, &corrections, ("李明", offer)));
                corrected.await.expect("corrected");
            }
            browser.open(&station.page("/letters/A001")).await;
            browser.at("#fields .field.chosen").await;
            browser.press(&format!("{CONTROL}z")).await;
            let told = if other {
                "没有可以撤销"
            } else {
                "已撤销"
            };
            browser
                .until(
                    told,
                    &format!("document.getElementById('live-form').textContent.includes('{told}')"),
                )
                .await;
            let now = station.draft("A001").await.fields.addressee.value;
            assert_eq!(now == was, !other);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_those_who_signed_lights_each_name_on_its_page() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station
            .letter("A001", |draft| {
                draft["fields"]["joint"] =
                    json!({"is_joint": false, "count": 2, "signatories": ["陆思雨", "彩虹新村"]});
            })
            .await;
        earlier::read(&station, "A001").await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A001")).await;
        browser.at("#fields .field.chosen").await;
        browser
            .ask("document.getElementById('v-joint').focus();")
            .await;
        browser
            .until(
                "both lit",
                "document.querySelectorAll('#boxes polygon.lit').length === 2",
            )
            .await;
        let quads: Value = browser
            .ask("return document.getElementById('f-joint').dataset.quad.split(';').length;")
            .await;
        assert_eq!(quads, json!(2));
    })
    .await;
}
