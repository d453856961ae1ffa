//! What wants a person: told in words and where it is done, once for what is one thing, and in nobody's way.

use laixin::clock;
use laixin::domain::letter::Carrier;
use laixin::domain::outgoing::Retry;
use laixin::store::{Channel, HealthRow, Role};
use scanner::sim::Fault;
use serde_json::json;

use super::browser::{Browser, ENTER, with_browser};
use super::browser_station::{Station, silent};
use super::{keeping, pictures, sign_in, trust};

async fn shown(browser: &Browser) -> String {
    let text = browser.ask("return document.body.innerText;").await;
    text.as_str().unwrap_or_default().to_owned()
}

/// “webhook cases 未就绪 / cannot_connect / error sending request for url (…)” on the overview and among the devices.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_system_that_is_away_is_told_in_words_with_what_to_do() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("周维", Role::Maintenance).await;
        let raw = "error sending request for url (http://127.0.0.1:9/hook): tcp connect error";
        let readiness = &station.app.readiness;
        readiness.not_ready("webhook/cases", "cannot_connect", raw);
        readiness.not_ready("exchange/gate-1", "folder_failed", "denied: os error 13");
        trust::sign_in_as(&browser, &station, "周维").await;
        for (language, name, does) in [("zh", "通知业务系统 cases", "检查网络、对方服务和证书"), ("en", "Messages to cases", "check the network")] {
            for page in ["/today", "/maintenance"] {
                browser.open(&station.page(&format!("/language/{language}?to={page}"))).await;
                let text = shown(&browser).await;
                assert!(text.contains(name) && text.contains(does), "{page}: {text}");
                for word in ["cannot_connect", "error sending", "os error", "webhook/", "exchange/"] {
                    assert!(!text.contains(word), "{page} says {word}: {text}");
                }
            }
            // Whoever mends it finds the system's own words folded beside.
            let folded = browser.ask("return [...document.querySelectorAll('#live-parts details')].map((one) => one.textContent).join();").await;
            assert!(folded.as_str().unwrap().contains(raw), "{folded}");
        }
        pictures(&browser, &station, "/today", "away-today").await;
        pictures(&browser, &station, "/maintenance", "away-maintenance").await;
    })
    .await;
}

/// 无法连接 stood in the column 下一步.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_step_of_a_device_that_does_not_answer_is_a_step() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("周维", Role::Maintenance).await;
        station.cabinet.send_replace(silent());
        let row = HealthRow {
            at: clock::now(),
            device: "cabinet-1".into(),
            point: "lamp_hours_h".into(),
            value: None,
            limit: Some(9000.0),
            state: "unknown".into(),
            code: Some("cannot_connect".into()),
            detail: None,
        };
        let written = station.app.store.with(move |db| db.log_health(&[row]));
        written.await.unwrap();
        trust::sign_in_as(&browser, &station, "周维").await;
        browser.open(&station.page("/maintenance")).await;
        let next = browser
            .text("#device-cabinet-1 .health tbody tr td:last-child")
            .await;
        assert!(next.contains("检查电源与网线"), "{next}");
        pictures(&browser, &station, "/maintenance", "silent-maintenance").await;
    })
    .await;
}

/// A jam stood in small grey beside the scanner's name, on one page only, and spoke of a sheet that it did not name.
#[tokio::test(flavor = "multi_thread")]
async fn a_jam_is_a_fault_beside_its_scanner_and_on_the_overview() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        station.open_batch(Carrier::Letter, 1).await;
        let device = station.device.as_ref().unwrap();
        device.set_faults(vec![Fault::Jam(2)]);
        device.put_in((1..=4).map(keeping::page).collect());
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        browser.click(".scanning form button.primary").await;
        browser
            .until("the fault", "document.querySelector('.scanning .fault')")
            .await;
        let told = browser.text(".scanning .fault").await;
        assert!(
            told.contains("第 2 面之后") && told.contains("卡纸") && told.contains("请清除纸路"),
            "{told}"
        );
        pictures(&browser, &station, "/batches", "jam-batches").await;
        browser.open(&station.page("/today")).await;
        let alerts = browser.text("#live-alerts .bad").await;
        assert!(
            alerts.contains("scanner-2")
                && alerts.contains("第 2 面之后")
                && alerts.contains("第 1 批"),
            "{alerts}"
        );
        pictures(&browser, &station, "/today", "jam-today").await;
        // Among the devices it is no folder, not ready as if nothing were, and one jam behind side 2 is not two jams.
        station.add_person("周维", Role::Maintenance).await;
        trust::sign_in_as(&browser, &station, "周维").await;
        browser.open(&station.page("/maintenance")).await;
        let parts = browser.text("#live-parts").await;
        assert!(
            parts.contains("扫描仪 scanner-2") && parts.contains("第 2 面之后"),
            "{parts}"
        );
        let jam = "return [...document.querySelectorAll('#device-scanner-2 tbody tr')].map((row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent)).find((row) => row[0] === '卡纸');";
        assert_eq!(browser.ask(jam).await, json!(["卡纸", "第 2 面之后", "—", "—"]));
        pictures(&browser, &station, "/maintenance", "jam-maintenance").await;
    })
    .await;
}

/// Twenty letters that a case system did not get were twenty cards.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_receiver_did_not_get_is_one_card_and_sent_again_at_once() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("陈静", Role::ConfirmingOfficer).await;
        station.open_batch(Carrier::Letter, 3).await;
        for letter in ["A002", "S001", "S002"] {
            station.letter(letter, |_| {}).await;
        }
        let own = rusqlite::Connection::open(station.app.settings.database()).unwrap();
        own.execute_batch("UPDATE drafts SET ready_ms = 1").unwrap();
        let given_up = station.app.store.with(|db| {
            use std::sync::atomic::{AtomicU32, Ordering};
            static NEXT: AtomicU32 = AtomicU32::new(1);
            let channel = Channel {
                name: "webhook/cases".into(),
                kinds: laixin::domain::outgoing::Kind::ALL.to_vec(),
                unit: None,
                holder: None,
            };
            db.queue_messages(&channel, || format!("msg_{}", NEXT.fetch_add(1, Ordering::Relaxed)))?;
            let due = db.due_messages(&channel, 10)?;
            for message in &due {
                db.message_failed(message, ("cannot_connect", None), (None::<Retry>, 0))?;
            }
            Ok(due.len())
        });
        let given_up = given_up.await.unwrap();
        assert!(given_up > 1, "{given_up}");
        trust::sign_in_as(&browser, &station, "陈静").await;
        pictures(&browser, &station, "/outbox", "given-up").await;
        browser.open(&station.page("/outbox")).await;
        let cards = "return [document.querySelectorAll('#given-up > ul > li').length, document.querySelectorAll('#given-up .resend').length];";
        assert_eq!(browser.ask(cards).await, json!([1, given_up]));
        let told = browser.text("#given-up").await;
        assert!(told.contains(&format!("{given_up} 条已放弃")) && told.contains("连接不上"), "{told}");
        browser.click("#given-up .resend-all").await;
        browser.until("none given up", "!document.querySelector('#given-up li') && document.querySelector('#given-up .allgood')").await;
        let waits: u32 = own
            .query_row("SELECT count(*) FROM outbox WHERE state = 'waiting'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(waits as usize, given_up);
    })
    .await;
}

/// After Enter the focus was on the page: seventeen times Tab to what comes next.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_batch_is_signed_in_by_enter_its_load_is_next() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        browser.fill("#count", "3").await;
        browser.press(ENTER).await;
        browser
            .until("its load", "document.activeElement.closest('#batch-1 form[data-call=\"POST /v1/batches/1/loads\"]') && document.activeElement.matches('button')")
            .await;
        browser.press(ENTER).await;
        browser.until("loaded", "document.querySelector('#batch-1 .loads .load-name')").await;
    })
    .await;
}

/// Five alerts took a third of every page until each was decided.
#[tokio::test(flavor = "multi_thread")]
async fn many_alerts_are_folded_by_hand_and_unfold_for_a_new_one() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 9).await;
        let threat = |draft: &mut serde_json::Value| {
            draft["fields"]["flags"]["threat"] =
                json!({"value": true, "quote": "不解决就同归于尽", "page": 1, "quad": null});
        };
        for letter in ["A001", "A002", "S001"] {
            station.letter(letter, threat).await;
        }
        sign_in(&browser, &station).await;
        let rows = |count: usize| {
            format!("document.querySelectorAll('#alerts .alarm.threat').length === {count}")
        };
        browser.until("all three", &rows(3)).await;
        browser.click("#alerts .all button").await;
        browser.until("folded", &rows(0)).await;
        let told = browser.text("#alerts").await;
        assert!(
            told.contains("3 条紧急提示没有认定") && told.contains("A002"),
            "{told}"
        );
        pictures(&browser, &station, "/review", "alerts-folded").await;
        // On the next page, too.
        browser.open(&station.page("/review")).await;
        browser
            .until("still folded", "document.querySelector('#alerts .all')")
            .await;
        assert_eq!(
            browser.ask(&format!("return {};", rows(0))).await,
            json!(true)
        );
        station.letter("S002", threat).await;
        browser
            .until("all are shown for the new one", &rows(4))
            .await;
    })
    .await;
}

/// A link that reads English, and is named 切换到英文 to whoever listens.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_pressed_is_named_as_it_reads() {
    with_browser(|browser| async move {
        let station = trust::desk().await;
        sign_in(&browser, &station).await;
        let otherwise = "return [...document.querySelectorAll('a[aria-label], button[aria-label], summary[aria-label], [role=button][aria-label]')]
            .filter((one) => /[\\p{L}]{2}/u.test(one.innerText) && !one.getAttribute('aria-label').toLowerCase().includes(one.innerText.trim().toLowerCase()))
            .map((one) => one.outerHTML);";
        for page in ["/today", "/batches", "/review", "/letters", "/outbox", "/statistics", "/letters/A001", "/myself", "/check"] {
            for language in ["zh", "en"] {
                browser.open(&station.page(&format!("/language/{language}?to={page}"))).await;
                assert_eq!(browser.ask(otherwise).await, json!([]), "{page}");
                let switch = browser.text(".who a[lang]").await;
                assert_eq!(switch, if language == "zh" { "English" } else { "中文" });
            }
        }
    })
    .await;
}

/// A search for % came back as an empty page without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_signs_alone_says_that_there_is_nothing_to_search_for() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        for asked in ["%25", "*"] {
            browser
                .open(&station.page(&format!("/search?q={asked}")))
                .await;
            let told = browser.text("main [role=alert]").await;
            assert!(told.contains("请输入文字或数字"), "{told}");
        }
        browser.open(&station.page("/search?q=")).await;
        let quiet = "return document.querySelector('main [role=alert]') === null;";
        assert_eq!(
            browser.ask(quiet).await,
            json!(true),
            "the empty field is no mistake"
        );
    })
    .await;
}

/// Who has a letter on his desk was cut in the middle of the time, beside empty room.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_at_work_on_a_letter_is_told_whole() {
    with_browser(|browser| async move {
        let station = trust::desk().await;
        let at_work = station.app.store.with(|db| {
            db.comes_to("A032", "欧阳若兰", clock::now());
            Ok(())
        });
        at_work.await.unwrap();
        sign_in(&browser, &station).await;
        browser.open(&station.page("/review")).await;
        let whole = "return [...document.querySelectorAll('.at-work')].filter((one) => one.textContent).map((one) => one.scrollWidth <= one.clientWidth);";
        assert_eq!(browser.ask(whole).await, json!([true]));
        pictures(&browser, &station, "/review", "at-work").await;
    })
    .await;
}
