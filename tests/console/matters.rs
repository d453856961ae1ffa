//! What the letter is about, corrected on the desk by keyboard; two people on it; and what begins with a digit.

use laixin::domain::letter::Carrier;
use serde_json::{Value, json};

use super::browser::{ALT, Browser, CONTROL, ENTER, F8, F9, with_browser};
use super::browser_station::Station;
use super::{pictures, sign_in};

const LEAK: &str = "城乡建设/房屋维修/漏水与质量";
const DELETE: &str = "\u{e017}";

fn two_matters(draft: &mut Value) {
    let range = |page: u32, top: u32| json!({"page": page, "quad": [[300, top], [1900, top], [1900, top + 80], [300, top + 80]]});
    draft["fields"]["matters"] = json!([
        {"title": "医保报销", "main": true, "pages": [1], "place": "昆山市", "category": LEAK, "ranges": [range(1, 700), range(1, 800)]},
        {"title": "希望公交末班车晚一点", "main": false, "pages": [1], "place": null, "category": null, "ranges": [range(1, 1200)]}]);
}

async fn desk(browser: &Browser) -> Station {
    let station = Station::start().await;
    station.open_batch(Carrier::Letter, 2).await;
    station.letter("A001", two_matters).await;
    station.letter("S006", |_| {}).await;
    sign_in(browser, &station).await;
    browser.window((1366, 768)).await;
    browser.open(&station.page("/letters/A001")).await;
    browser.at("#fields .field.chosen").await;
    station
}

/// Titles, places and categories as they are kept.
async fn kept(station: &Station) -> Value {
    let draft = station.draft("A001").await;
    let matters = draft.fields.matters.iter();
    let parts = matters.map(|one| json!([one.title, one.place, one.category, one.main]));
    parts.collect()
}

async fn is_at(browser: &Browser, key: &str) {
    let at = format!("document.activeElement.id === 'v-{key}'");
    browser.until(key, &at).await;
}

async fn until_said(browser: &Browser, key: &str, words: &str) {
    let said =
        format!("document.querySelector('#f-{key} [data-say]').textContent.includes('{words}')");
    browser.until(words, &said).await;
}

async fn focus(browser: &Browser, key: &str) {
    browser.ask(&format!("document.getElementById('v-{key}').focus(); document.getElementById('v-{key}').select();")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matter_is_corrected_added_made_main_and_taken_out_by_keyboard_and_all_of_it_is_taken_back()
 {
    with_browser(|browser| async move {
        let station = desk(&browser).await;
        let read = station.draft("A001").await.fields.matters;
        focus(&browser, "matters-1-title").await;
        browser.until("both ranges lit", "document.querySelectorAll('#boxes polygon.lit').length === 2").await;
        browser.press("增设充电桩").await;
        browser.press(ENTER).await;
        until_said(&browser, "matters-1-title", "已保存").await;
        browser.until("marked", "document.querySelector('#f-matters-1-title.corrected .alternatives').textContent.includes('医保报销')").await;
        // A category is found by a word that tells of it, and Enter takes the first.
        focus(&browser, "matters-2-category").await;
        browser.press("欠薪").await;
        browser.until("offered", "document.querySelector('#f-matters-2-category [data-choices] button').textContent.includes('拖欠工资')").await;
        browser.press(ENTER).await;
        until_said(&browser, "matters-2-category", "已保存").await;
        focus(&browser, "matters-2-category").await;
        browser.press("噪声").await;
        browser.until("several", "document.querySelectorAll('#f-matters-2-category [data-choices] button').length > 1").await;
        let second = browser.ask("return document.querySelectorAll('#f-matters-2-category [data-choices] button')[1].dataset.take;").await;
        browser.press("2").await;
        until_said(&browser, "matters-2-category", "已保存").await;
        assert_eq!(kept(&station).await[1][2], second);
        focus(&browser, "matters-2-category").await;
        browser.press("没有这种类别").await;
        browser.press(ENTER).await;
        until_said(&browser, "matters-2-category", "三级类别").await;
        assert_eq!(kept(&station).await[1][2], second, "nothing half is kept");
        browser.press("\u{e00c}").await;
        focus(&browser, "matters-2-place").await;
        browser.press("玉山镇").await;
        browser.press(ENTER).await;
        until_said(&browser, "matters-2-place", "已保存").await;
        // One more; then its category is asked.
        focus(&browser, "matters-0-title").await;
        browser.press("12路公交改线").await;
        browser.press(ENTER).await;
        is_at(&browser, "matters-3-category").await;
        focus(&browser, "matters-2-title").await;
        browser.press(&format!("{ALT}m")).await;
        browser.until("the main one", "document.querySelector('#matter-2[data-main]') && !document.querySelector('#matter-1[data-main]')").await;
        browser.press(&format!("{ALT}{DELETE}")).await;
        browser.until("taken out", "!document.querySelector('#matter-2')").await;
        let now = json!([["增设充电桩", "昆山市", LEAK, true], ["12路公交改线", null, null, false]]);
        assert_eq!(kept(&station).await, now);
        for _ in 0..7 {
            let before = kept(&station).await;
            browser.press(&format!("{CONTROL}z")).await;
            let changed = async { while kept(&station).await == before { tokio::time::sleep(std::time::Duration::from_millis(20)).await; } };
            tokio::time::timeout(std::time::Duration::from_secs(10), changed).await.expect("taken back");
        }
        let fields = station.draft("A001").await.fields;
        assert_eq!((fields.matters, fields.matters_read), (read, Vec::new()), "as it was read");
        browser.press(&format!("{CONTROL}z")).await;
        browser.until("no more", "document.getElementById('confirm-say').textContent.includes('没有可以撤销')").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_a_place_in_a_matter_that_another_takes_out_keeps_his_words_and_is_told() {
    with_browser(|browser| async move {
        let station = desk(&browser).await;
        focus(&browser, "matters-2-place").await;
        browser.press("玉山镇").await;
        let out = "const at = '/v1/letters/A001'; const answer = await fetch(at); const csrf = document.querySelector('meta[name=csrf]').content;
            return (await fetch(`${at}/fields`, {method: 'PATCH', headers: {'If-Match': answer.headers.get('ETag'), 'Content-Type': 'application/json',
                'X-CSRF-Token': csrf, 'Idempotency-Key': 'another-one-123456'}, body: JSON.stringify({matters: [{n: 1, title: '充电桩', main: true}]})})).status;";
        assert_eq!(browser.ask(&format!("return (async () => {{ {out} }})();")).await, json!(200));
        until_said(&browser, "matters-2-place", "—").await;
        let typed = browser.ask("return document.getElementById('v-matters-2-place').value;").await;
        assert_eq!(typed, json!("玉山镇"));
        browser.press(ENTER).await;
        until_said(&browser, "matters-2-place", "已保存").await;
        let now = json!([["充电桩", null, null, true], ["希望公交末班车晚一点", "玉山镇", null, false]]);
        assert_eq!(kept(&station).await, now, "his matter is there again, and the other's change stands");
    })
    .await;
}

/// 1号院 took the first alternative, and 号院 was appended to it.
#[tokio::test(flavor = "multi_thread")]
async fn what_begins_with_a_digit_is_typed_whole_and_takes_no_alternative() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        let others = json!([{"value": "甲", "confidence": 0.5, "why_not": ""}, {"value": "乙", "confidence": 0.4, "why_not": ""}]);
        station
            .letter("A001", |draft| {
                for name in ["sender_name", "address", "addressee"] {
                    draft["fields"][name]["alternatives"] = others.clone();
                }
            })
            .await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A001")).await;
        browser.at("#fields .field.chosen").await;
        for (key, typed) in [("sender_name", "110指挥中心"), ("address", "1号院2栋"), ("addressee", "12345热线")] {
            focus(&browser, key).await;
            browser.press(typed).await;
            assert_eq!(browser.ask(&format!("return document.getElementById('v-{key}').value;")).await, json!(typed));
            browser.press(ENTER).await;
            until_said(&browser, key, "已保存").await;
        }
        focus(&browser, "address").await;
        let shown = browser.text("#f-address .alternatives").await;
        assert!(shown.contains("Alt 1"), "the key is shown: {shown}");
        browser.press(&format!("{ALT}2")).await;
        until_said(&browser, "address", "已保存").await;
        let fields = station.draft("A001").await.fields;
        assert_eq!(fields.sender_name.value.as_deref(), Some("110指挥中心"));
        assert_eq!(fields.addressee.value.as_deref(), Some("12345热线"));
        assert_eq!(fields.address.value.as_deref(), Some("甲"), "what stood there first, then 甲, then 乙");
    })
    .await;
}

/// F9 led to the keeping page of the same letter, where that was opened in between.
#[tokio::test(flavor = "multi_thread")]
async fn f9_leads_back_to_the_letter_before_whatever_pages_were_opened_in_between() {
    with_browser(|browser| async move {
        let station = desk(&browser).await;
        browser.press(F8).await;
        browser.until("the next letter", "location.pathname === '/letters/S006'").await;
        browser.open(&station.page("/letters/S006/keeping")).await;
        browser.click("a[href='/letters/S006']").await;
        browser.until("the letter", "location.pathname === '/letters/S006' && document.querySelector('#fields .field.chosen')").await;
        browser.press(F9).await;
        browser.until("the one before", "location.pathname === '/letters/A001' && document.querySelector('#fields .field.chosen')").await;
        browser.press(F9).await;
        browser.until("none before", "document.getElementById('confirm-say').textContent.includes('没有打开过')").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn matters_fit_the_desk_in_both_languages() {
    with_browser(|browser| async move {
        let station = desk(&browser).await;
        for language in ["zh", "en"] {
            browser.open(&station.page(&format!("/language/{language}?to=/letters/A001"))).await;
            browser.at("#fields .field.chosen").await;
            browser.picture(&format!("matters-plain-{language}")).await;
            let rows = "return new Set([...document.querySelector('.letter-foot .keys').children].map((one) => Math.round(one.getBoundingClientRect().top))).size;";
            assert_eq!(browser.ask(rows).await, json!(1), "the keys stand in one row");
            focus(&browser, "matters-1-title").await;
            browser.picture(&format!("matters-title-{language}")).await;
            focus(&browser, "matters-2-category").await;
            browser.press("噪声").await;
            browser.until("offered", "document.querySelectorAll('#f-matters-2-category [data-choices] button').length > 1").await;
            let seen = "const offered = document.querySelector('#f-matters-2-category [data-choices] button:nth-child(2)').getBoundingClientRect();
                return offered.bottom <= document.querySelector('.letter-foot').getBoundingClientRect().top;";
            assert_eq!(browser.ask(seen).await, json!(true), "what can be taken is in sight");
            browser.picture(&format!("matters-category-{language}")).await;
            let wide = "const form = document.getElementById('live-form'); return form.scrollWidth > form.clientWidth;";
            assert_eq!(browser.ask(wide).await, json!(false));
            browser.press("\u{e00c}").await;
            browser.until("taken back", "!document.querySelector('#fields [data-kept-typed]')").await;
        }
        pictures(&browser, &station, "/letters/A001", "matters").await;
    })
    .await;
}
