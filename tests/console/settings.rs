//! An administrator changes the roster: looked at, signed by two, in force; and what is refused says why.

use laixin::domain::letter::Carrier;
use laixin::store::Role;
use serde_json::json;

use super::browser::{Browser, ENTER, with_browser};
use super::browser_station::{ADMINISTRATOR, PASSWORD, Station};
use super::{pictures, trust};

const TABLE: &str = "本站,,苏州市信访局,,\n领导,1,周明远,中共苏州市委书记,市委书记、周书记\n领导,2,林伯年,苏州市人民政府市长,市长、林市长\n单位,1,苏州市人民政府,,市政府\n范围外,,国家信访局,,\n";

async fn write(browser: &Browser, text: &str) {
    let text = serde_json::to_string(text).unwrap();
    let put = format!(
        "document.querySelector('#roster details').open = true; document.getElementById('roster-table').value = {text};"
    );
    browser.ask(&put).await;
    browser.click("#roster details form button.primary").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_is_previewed_put_in_force_and_what_goes_is_signed_by_two() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("李明", Role::ConfirmingOfficer).await;
        station.add_person(ADMINISTRATOR, Role::Administrator).await;
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        pictures(&browser, &station, "/settings", "settings-at-first").await;
        browser.open(&station.page("/settings")).await;
        write(&browser, &TABLE.replace("领导,2", "领导,1")).await;
        browser.until("the refusal", "document.querySelector('#roster details form [data-say]').textContent.startsWith('周明远 与 林伯年 的次序同为 1')").await;
        browser.picture("settings-refused-zh").await;
        write(&browser, TABLE).await;
        browser.until("the preview", "document.querySelectorAll('#settings-changes tbody tr').length === 6").await;
        browser.picture("settings-preview-zh").await;
        // The station's own name changes, too: two sign.
        browser.fill("#approver", "李明").await;
        browser.fill("#approver-password", PASSWORD).await;
        browser.press(ENTER).await;
        browser.until("in force", "document.querySelectorAll('#roster > .settings-table tbody tr').length === 5").await;
        let told = browser.text("#roster h2").await;
        assert!(told.contains("李明"), "{told}");
        pictures(&browser, &station, "/settings", "settings-set").await;
        browser.open(&station.page("/settings")).await;
        write(&browser, TABLE).await;
        browser.until("nothing would change", "document.querySelector('#settings-preview[open]') && document.getElementById('settings-apply').querySelector('button[type=submit]').hidden").await;
        browser.open(&station.page("/settings")).await;
        write(&browser, &TABLE.replace("林市长", "老林")).await;
        browser.until("what goes", "document.querySelector('#settings-preview[open]') && !document.getElementById('settings-second').hidden").await;
        browser.picture("settings-second-zh").await;
        browser.open(&station.page("/settings")).await;
        browser.click("#thresholds button.primary").await;
        browser.until("no suggestion", "document.getElementById('settings-changes').textContent.includes('无须改动')").await;
        assert_eq!(browser.ask("return document.querySelector('#settings-second').hidden;").await, json!(true));
        browser.picture("settings-thresholds-zh").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_is_raised_by_hand_and_lowered_by_nobody() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person(ADMINISTRATOR, Role::Administrator).await;
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/deadlines/2022.toml");
        let of_file: laixin::domain::deadline::Profile = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let of_file = std::sync::Arc::new(of_file);
        station.app.store.with(move |db| db.count_due_by(of_file)).await.unwrap();
        browser.open(&station.page("/settings")).await;
        let (_, deadlines) = station.app.store.with(laixin::store::Db::office_in_force).await.unwrap();
        assert!(!deadlines.deadline.is_empty(), "the station counts by a profile");
        let told = browser.text("#deadlines").await;
        assert!(told.contains(&deadlines.profile), "{told}");
        let rows = browser.ask("return document.querySelectorAll('#deadlines tbody tr').length;").await;
        assert_eq!(rows, json!(deadlines.deadline.len()));
        browser.ask("document.querySelector('#raise select').value = 'address';").await;
        browser.fill("#raise input", "0.1").await;
        browser.press(ENTER).await;
        browser.until("the refusal", "document.querySelector('#raise [data-say]').textContent.includes('不高于现行阈值')").await;
        browser.fill("#raise input", "").await;
        browser.press(ENTER).await;
        browser.until("the preview", "document.querySelector('#settings-preview[open] tbody tr')").await;
        let told = browser.text("#settings-changes").await;
        assert!(told.contains("一律核对"), "{told}");
        browser.picture("settings-raise-zh").await;
        browser.click("#settings-apply button.primary").await;
        browser.until("in force", "document.querySelector('#thresholds tbody tr:nth-child(2) td:nth-child(3)').textContent === '一律核对'").await;
        pictures(&browser, &station, "/settings", "settings-raised").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_is_looked_at_before_it_is_given() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("周维", Role::Maintenance).await;
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("A002", |_| {}).await;
        station.add_person(ADMINISTRATOR, Role::Administrator).await;
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        browser.open(&station.page("/accounts")).await;
        browser.ask("document.querySelector('#user-周维 select').value = 'operator';").await;
        browser.click("#user-周维 [data-settings] button").await;
        browser.until("the preview", "document.querySelector('#settings-preview[open] h3')").await;
        let told = browser.text("#settings-changes").await;
        for words in ["维护员 改为 操作员", "查看信件；查看待批的销毁；信件警示", "失去 解除消毒柜报警；设备状况", "1 看不到 可看"] {
            assert!(told.contains(words), "{words}: {told}");
        }
        browser.picture("role-preview-zh").await;
        let role = |name: &'static str| station.app.store.with(move |db| Ok(db.user(name)?.role));
        assert_eq!(role("周维").await.unwrap(), Role::Maintenance, "a look changes nothing");
        browser.click("#settings-apply button.primary").await;
        browser.until("given", "document.querySelector('#user-周维 select').value === 'operator' && !document.querySelector('#settings-preview').open").await;
        assert_eq!(role("周维").await.unwrap(), Role::Operator);
    })
    .await;
}
