//! The list of `laixin check` on the console: made by its button, what wants a person first, each with what to do.

use serde_json::json;

use super::browser::with_browser;
use super::browser_station::{ADMINISTRATOR, Station};
use super::{pictures, trust};

#[tokio::test(flavor = "multi_thread")]
async fn the_button_checks_again_and_says_what_to_do_next() {
    with_browser(|browser| async move {
        laixin::worker::program_is(env!("CARGO_BIN_EXE_laixin"));
        let station = Station::start().await;
        station
            .add_person(ADMINISTRATOR, laixin::store::Role::Administrator)
            .await;
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        browser.open(&station.page("/maintenance")).await;
        browser.click("a[href='/check']").await;
        browser.at("#check-again").await;
        browser.click("#check-again button").await;
        browser
            .until("the list", "document.querySelector('table.checked')")
            .await;
        let list = browser.text("table.checked").await;
        for said in ["磁盘", "时钟", "消毒柜 cabinet-1", "收信人名册", "加密存放"] {
            assert!(list.contains(said), "{said} is not in\n{list}");
        }
        let unsaid = "return [...document.querySelectorAll('table.checked tbody tr')].filter((row) =>
            (row.dataset.level !== 'good') !== Boolean(row.lastElementChild.textContent.trim()) || /check(_do)?[.]/.test(row.textContent)).length;";
        assert_eq!(browser.ask(unsaid).await, json!(0), "each has its words: {list}");
        let order = "const worst = ['bad', 'warning', 'good'];
            const rows = [...document.querySelectorAll('table.checked tbody tr')].map((row) => worst.indexOf(row.dataset.level));
            return rows.every((level, at) => level >= 0 && (at === 0 || rows[at - 1] <= level));";
        assert_eq!(browser.ask(order).await, json!(true), "what wants a person stands first");
        pictures(&browser, &station, "/check", "checked").await;
        browser.open(&station.page("/check")).await;
        browser.click("#settings-file summary").await;
        let loaded = browser.text("#settings-file pre").await;
        assert!(loaded.contains("[registration]") && loaded.contains("id = \"cabinet-1\""), "{loaded}");
        let outdated = "return document.getElementById('outdated') !== null;";
        assert_eq!(browser.ask(outdated).await, json!(false));
        browser.picture("settings-file-zh").await;
        let file = station.folder().join("station.toml");
        let said = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, said + "\n[log]\nlevel = \"debug\"\n").unwrap();
        browser.open(&station.page("/check")).await;
        assert_eq!(browser.ask(outdated).await, json!(true), "the station has not taken it up");
        pictures(&browser, &station, "/check", "settings-outdated").await;
    })
    .await;
}

/// What a scanner offers, and what the system said of one that is away, stood in English on the Chinese page.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_scanner_offers_is_told_in_the_readers_words() {
    with_browser(|browser| async move {
        let mut station = Station::with_scanners().await;
        station
            .add_person(ADMINISTRATOR, laixin::store::Role::Administrator)
            .await;
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        browser.open(&station.page("/check")).await;
        browser.click("#check-again button").await;
        browser
            .until("the list", "document.querySelector('table.checked')")
            .await;
        let rows = "return [...document.querySelectorAll('table.checked tbody tr')].filter((row) => /scanner-2/.test(row.textContent))
            .map((row) => row.cells[2].firstChild.textContent);";
        let told = browser.ask(rows).await.to_string();
        for said in [
            "（序列号 SIM-0001）：空闲",
            "进纸器：200、300 dpi；灰度（8 位）、彩色（24 位）；纸张最大 216×356 mm",
            "进纸器双面：200、300 dpi；",
        ] {
            assert!(told.contains(said), "{said} is not in\n{told}");
        }
        pictures(&browser, &station, "/check", "checked-scanner").await;
        browser.open(&station.page("/language/en?to=/check")).await;
        let english = browser.ask(rows).await.to_string();
        let said = "feeder: 200, 300 dpi; grey (8 bits), colour (24 bits); paper up to 216×356 mm";
        assert!(english.contains(said), "{english}");
        browser.open(&station.page("/language/zh?to=/check")).await;
        drop(station.device.take());
        browser.click("#check-again button").await;
        browser
            .until(
                "that it is away",
                "document.querySelector('table.checked tbody').textContent.includes('连接不上扫描仪')",
            )
            .await;
        let away = browser.ask(rows).await.to_string();
        assert!(away.contains("连接不上扫描仪。") && !away.contains("os error"), "{away}");
        let folded = "const row = [...document.querySelectorAll('table.checked tr')].find((row) => row.textContent.includes('连接不上扫描仪'));
            return [row.querySelector('details')?.open ?? false, row.textContent.includes('连不上设备')];";
        assert_eq!(browser.ask(folded).await, json!([false, true]));
        pictures(&browser, &station, "/check", "checked-away").await;
    })
    .await;
}
