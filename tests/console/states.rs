//! What the desk says of a field, a letter and a page is so: an undone change leaves no trace of itself, a confirmation is not lost in passing, what is still
//! being read is nothing to decide by, and the focus is where somebody has put it.

use laixin::clock;
use laixin::disinfect::Order;
use laixin::domain::letter::{Carrier, Stage};
use laixin::domain::text::PageKind;
use laixin::store::{CycleSample, CycleTerms, NewBatch};
use serde_json::{Value, json};

use super::browser::{Browser, CONTROL, ENTER, F9, with_browser};
use super::browser_station::{Station, idle, irradiating};
use super::{pictures, sign_in};

/// Tab.
const TAB: &str = "\u{e004}";

async fn desk(change: impl FnOnce(&mut Value)) -> Station {
    let station = Station::start().await;
    station.open_batch(Carrier::Letter, 2).await;
    station.letter("A001", change).await;
    station
}

async fn opened(browser: &Browser, station: &Station) {
    sign_in(browser, station).await;
    browser.open(&station.page("/letters/A001")).await;
    browser.at("#fields .field.chosen").await;
}

async fn save(browser: &Browser, key: &str, text: &str) {
    browser.fill(&format!("#v-{key}"), text).await;
    browser.press(ENTER).await;
    let said =
        format!("document.querySelector('#f-{key} [data-say]').textContent.includes('已保存')");
    browser.until("saved", &said).await;
}

async fn stage(station: &Station) -> Stage {
    let stage = station
        .app
        .store
        .with(|db| Ok(db.letter_row("A001")?.stage));
    stage.await.expect("it is there")
}

const ACTIVE: &str = "return document.activeElement.id || document.activeElement.nodeName;";

/// A reading that nobody had checked counted as typed by a person, and what was taken back stayed as an alternative of 100 %.
#[tokio::test(flavor = "multi_thread")]
async fn an_undone_change_leaves_the_field_as_it_was_read_with_its_stop() {
    with_browser(|browser| async move {
        let station = desk(|draft| {
            let date = &mut draft["fields"]["letter_date"];
            date["accepted"] = json!(false);
            date["confidence"] = json!(0.91);
        })
        .await;
        opened(&browser, &station).await;
        let read = station.draft("A001").await;
        for (key, text) in [
            ("letter_date", "2024-04-08"),
            ("sender_name", "陆思羽"),
            ("addressee", "市长"),
            ("id_number", "11010519491231002X"),
        ] {
            save(&browser, key, text).await;
            assert_ne!(station.draft("A001").await, read, "{key}");
            if key == "letter_date" {
                // What can be taken back outlives a reload, and gives back as much.
                browser.open(&station.page("/letters/A001")).await;
                browser.at("#fields .field.chosen").await;
            }
            browser.press(&format!("{CONTROL}z")).await;
            browser.until("taken back", &format!("document.querySelector('#f-{key} [data-say]').textContent.includes('已撤销')")).await;
            assert_eq!(station.draft("A001").await, read, "{key}");
            let left = format!("return document.querySelectorAll('#f-{key}.corrected, #f-{key} [data-take=\"{text}\"]').length;");
            assert_eq!(browser.ask(&left).await, json!(0), "{key}");
        }
        let badge = browser.text("#f-letter_date .sure").await;
        assert!(badge.contains("请核对") && badge.contains("91%"), "{badge}");
        let is_stop = "return document.querySelector('#f-letter_date').matches('.check[data-wants]');";
        assert_eq!(browser.ask(is_stop).await, json!(true));
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser.until("it stops there", "document.getElementById('confirm-say').textContent.includes('项待核对')").await;
        assert_eq!(stage(&station).await, Stage::Drafted);
        browser.picture("states-undone-zh").await;
    })
    .await;
}

/// All that was said was 已保存, and F9 had put the keyboard into the first field.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_letter_is_changed_by_whoever_says_so_only() {
    with_browser(|browser| async move {
        let station = desk(|_| {}).await;
        station.letter("S006", |_| {}).await;
        opened(&browser, &station).await;
        browser.ask("document.getElementById('confirm').focus();").await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        browser.press(ENTER).await;
        browser.until("the next one", "location.pathname === '/letters/S006'").await;
        while stage(&station).await != Stage::Confirmed {
            tokio::task::yield_now().await;
        }
        browser.at("#fields .field.chosen").await;
        browser.press(F9).await;
        browser.until("back", "location.pathname === '/letters/A001' && document.getElementById('confirmed')").await;
        browser.until("in no field", "document.activeElement.id === 'confirmed'").await;
        let confirmed = station.draft("A001").await;
        for (end, changes) in [(ENTER, false), (TAB, false), (ENTER, true)] {
            browser.fill("#v-summary", "反映供暖").await;
            let told = "document.querySelector('#f-summary [data-say]').textContent.includes('改动后要重新核对')";
            browser.until("told while typing", told).await;
            browser.press(end).await;
            browser.until("asked", "document.getElementById('was-confirmed').open").await;
            pictures_here(&browser, "states-confirmed-ask").await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            assert_eq!(station.draft("A001").await, confirmed, "nothing before he answered");
            if changes {
                browser.click("#was-confirmed button[value=change]").await;
                browser.until("saved", "document.querySelector('#f-summary [data-say]').textContent.includes('已保存')").await;
                browser.until("to be confirmed anew", "document.getElementById('confirm')").await;
                assert_eq!(stage(&station).await, Stage::Drafted);
            } else {
                browser.press(ENTER).await;
                browser.until("it stays", "document.getElementById('v-summary').value === document.getElementById('v-summary').dataset.saved").await;
                assert_eq!(station.draft("A001").await, confirmed);
            }
        }
        // It is confirmed no more: nothing is asked.
        save(&browser, "summary", "反映小区供暖").await;
    })
    .await;
}

async fn pictures_here(browser: &Browser, name: &str) {
    browser.picture(&format!("{name}-zh")).await;
}

/// 请核对 100 %, because it did not reach its standard of 99.
#[tokio::test(flavor = "multi_thread")]
async fn a_sure_value_that_a_rule_holds_back_says_the_rule() {
    with_browser(|browser| async move {
        let station = desk(|draft| {
            let purpose = &mut draft["fields"]["purpose"];
            *purpose = json!({"value": "感谢", "confidence": 1.0, "accepted": false, "source": "letter.body", "rule": "7.4.2.1", "page": 1, "quad": null});
        })
        .await;
        opened(&browser, &station).await;
        let badge = browser.text("#f-purpose .sure").await;
        assert!(badge.contains("请核对") && !badge.contains('%'), "{badge}");
        let why = browser.text("#f-purpose .why").await;
        assert!(why.contains("都由人认定"), "{why}");
        let title = browser.ask("return document.querySelector('#f-purpose .sure').title;").await;
        assert!(!title.as_str().unwrap().contains("未达到"), "{title}");
        pictures(&browser, &station, "/letters/A001", "states-purpose").await;
    })
    .await;
}

/// Whoever watched a cycle with his finger on Enter aborted nothing: the focus was nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_draws_itself_anew_keeps_the_focus_on_the_cabinets_buttons() {
    with_browser(|browser| async move {
        let mut station = Station::start().await;
        let signed = station.app.store.with(|db| {
            db.sign_in_batch(
                &NewBatch { carrier: Carrier::Letter, count: 3, received: clock::now() },
                super::USER,
            )
        });
        signed.await.expect("a batch");
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        browser.ask("document.querySelector('.loads .new button[type=submit]').focus();").await;
        browser.press(ENTER).await;
        browser.until("loaded, and starting it is next", "document.activeElement.matches('.loads button.primary') && document.activeElement.form.dataset.call.endsWith('/cycles')").await;
        browser.open(&station.page("/cabinets/cabinet-1")).await;
        browser.at("form.start button").await;
        browser.ask("document.querySelector('form.start button').focus();").await;
        let (cabinet, store) = (station.cabinet.clone(), station.app.store.clone());
        let answered = async {
            match station.orders.recv().await.expect("an order") {
                Order::Start { answer, .. } => {
                    let begun = store.with(|db| db.begin_cycle(1, &CycleTerms::measured("cabinet-1", &"0".repeat(64)), super::USER));
                    assert_eq!(begun.await.expect("it begins"), 1);
                    cabinet.send(irradiating(4.0, 1.0)).expect("somebody looks");
                    answer.send(Ok("C000001".into())).expect("it waits");
                }
                other => panic!("{other:?}"),
            }
        };
        let (_, ()) = tokio::join!(answered, browser.press(ENTER));
        browser.until("aborting it is next", "document.activeElement.id === 'to-abort'").await;
        // Samples make a curve, which appears above the button.
        for (dose, curve) in [(20.0, false), (40.0, true), (60.0, true)] {
            if curve {
                let sample = |n: u64| CycleSample {
                    at_ms: n * 1000 + dose as u64,
                    irradiance_mw_cm2: Some(4.0),
                    dose_mj_cm2: Some(dose),
                    ozone_mg_m3: None,
                };
                let samples: Vec<_> = (1..=3).map(sample).collect();
                let kept = station.app.store.with(move |db| db.add_cycle_samples(1, &samples));
                kept.await.expect("kept");
            }
            station.cabinet.send(irradiating(4.0, dose)).expect("somebody looks");
            browser.until("drawn anew", &format!("document.getElementById('dose').textContent.includes('{dose:.0}')")).await;
            browser.until("with its curve", &format!("Boolean(document.getElementById('curve')) === {curve}")).await;
            assert_eq!(browser.ask(ACTIVE).await, json!("to-abort"), "at {dose}");
        }
        browser.press(ENTER).await;
        browser.until("asked", "document.getElementById('abort').open").await;
        browser.press("\u{e00c}").await;
        station.cabinet.send(idle()).expect("somebody looks");
        browser.until("over", "!document.getElementById('to-abort')").await;
        let at = browser.ask(ACTIVE).await;
        assert_ne!(at, json!("BODY"), "on what comes next");
    })
    .await;
}

/// It said that the letter was not read yet, and stayed like that after the link was back.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_image_that_the_link_did_not_bring_says_so_and_comes_by_itself() {
    with_browser(|browser| async move {
        let mut station = desk(|_| {}).await;
        opened(&browser, &station).await;
        browser.until("its image", "document.getElementById('image').naturalWidth > 100").await;
        station.goes_away().await;
        browser.ask("window.laixinViewer.turn(1);").await;
        browser.until("the reason", "document.getElementById('image-failed').textContent.includes('连接中断') && !document.getElementById('image-failed').hidden").await;
        browser.picture("states-image-lost-zh").await;
        station.comes_back().await;
        browser.until("its image", "document.getElementById('image-failed').hidden && !document.getElementById('paper').hidden && document.getElementById('image').naturalWidth > 100").await;
    })
    .await;
}

/// 未找到, a confirm button, and a refusal of what was typed.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_being_read_again_is_shown_and_nothing_of_it_decided() {
    with_browser(|browser| async move {
        let station = desk(|draft| {
            draft["fields"]["address"] = json!({"value": null, "confidence": 0.0, "accepted": false, "source": "none", "rule": null, "page": null, "quad": null});
            draft["missing"] = json!(["address"]);
        })
        .await;
        let page = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S006_p1.jpg")).expect("a sample");
        station.page_arrives("A001", "A001_p9.jpg", 9, PageKind::Letter, &page).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A001")).await;
        let said = browser.text("#being-read").await;
        assert!(said.contains("正在识读，还有 3 页"), "{said}");
        let open = "return [...document.querySelectorAll('#fields input, #fields textarea, #fields select')].filter((one) => !one.readOnly && !one.disabled).length;";
        assert_eq!(browser.ask(open).await, json!(0));
        let shown = browser.text("#live-form").await;
        assert!(!shown.contains("未找到"), "{shown}");
        assert_eq!(browser.ask("return document.querySelectorAll('#confirm, [data-wants]').length;").await, json!(0));
        assert_eq!(browser.ask(ACTIVE).await, json!("being-read"));
        pictures(&browser, &station, "/letters/A001", "states-being-read").await;
    })
    .await;
}
