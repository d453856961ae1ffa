//! From letter to letter with the keyboard alone: the queue, confirm and next, alternatives on a digit, taking back, signing in again.

use laixin::domain::field::Source;
use laixin::domain::letter::{Carrier, Stage};
use laixin::store::Role;
use serde_json::{Value, json};

use super::browser::{ALT, Browser, CONTROL, ENTER, F1, F2, F8, with_browser};
use super::browser_station::{PASSWORD, Station, USER};
use super::{correct_elsewhere, pictures, sign_in};

/// A field of the draft as the reader was not sure of it.
fn unsure(draft: &mut Value, name: &str, alternatives: &[&str]) {
    let field = &mut draft["fields"][name];
    field["accepted"] = json!(false);
    field["confidence"] = json!(0.6);
    field["alternatives"] = alternatives
        .iter()
        .map(|value| json!({"value": value, "confidence": 0.2, "why_not": "得分较低"}))
        .collect();
}

async fn desk() -> Station {
    let station = Station::start().await;
    station.open_batch(Carrier::Letter, 3).await;
    station.letter("S004", |_| {}).await;
    station
        .letter("S006", |draft| {
            unsure(draft, "sender_name", &["司马志刚", "司马志网"]);
            unsure(draft, "letter_date", &["2024-02-03"]);
        })
        .await;
    station
        .letter("A002", |draft| unsure(draft, "address", &[]))
        .await;
    station
}

async fn is_at(browser: &Browser, letter: &str, focus: &str) {
    let there = format!(
        "location.pathname === '/letters/{letter}' && document.activeElement.id === '{focus}' && \
         document.getElementById('live-form').dataset.letter === '{letter}' && \
         document.getElementById('image').complete && performance.now()"
    );
    browser.until(&format!("{letter} at {focus}"), &there).await;
    // Longer than a key may bounce.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
}

async fn stage(station: &Station, letter: &'static str) -> Stage {
    let stage = station
        .app
        .store
        .with(move |db| Ok(db.letter_row(letter)?.stage));
    stage.await.expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_brings_the_next_letter_of_the_queue() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/review")).await;
        let order = "return [...document.querySelectorAll('tbody tr')].map((row) => row.id);";
        let most_doubtful_first = json!(["row-S006", "row-A002", "row-S004"]);
        assert_eq!(browser.ask(order).await, most_doubtful_first);
        pictures(&browser, &station, "/review", "review").await;
        browser.open(&station.page("/review")).await;
        browser.press(ENTER).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser.ask("window.sameDocument = true;").await;
        let drawn = "const one = document.querySelector('.field.chosen canvas.snippet'); return [one.hidden, one.width > 60, one.height > 20];";
        assert_eq!(browser.ask(drawn).await, json!([false, true, true]), "the place is enlarged beside its value");
        // Confirming leads to what was not looked at yet, and confirms nothing.
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser.until("told", "document.getElementById('confirm-say').textContent.includes('还有 2 项待核对')").await;
        for focus in ["v-letter_date", "confirm"] {
            browser.press(ENTER).await;
            is_at(&browser, "S006", focus).await;
        }
        assert_eq!(stage(&station, "S006").await, Stage::Drafted);
        browser.press(ENTER).await;
        is_at(&browser, "A002", "v-address").await;
        assert_eq!(stage(&station, "S006").await, Stage::Confirmed);
        assert_eq!(browser.ask("return window.sameDocument;").await, json!(true), "it was fetched before");
        assert!(browser.ask("return document.title;").await.as_str().unwrap().contains("A002"));
        // Left open, it stays in the queue.
        browser.press(F8).await;
        is_at(&browser, "S004", "confirm").await;
        assert_eq!(stage(&station, "A002").await, Stage::Drafted);
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        is_at(&browser, "A002", "v-address").await;
        browser.press(ENTER).await;
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser.until("the last one", "document.querySelector('.letter-foot .allgood')").await;
        for letter in ["S004", "A002"] {
            assert_eq!(stage(&station, letter).await, Stage::Confirmed);
        }
        browser.open(&station.page("/review")).await;
        assert!(browser.text("main").await.contains("没有等待核对的信件"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_held_down_confirms_no_letter() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        let held = "
            for (let n = 0; n < 12; n += 1) {
                const key = new KeyboardEvent('keydown', {key: 'Enter', code: 'Enter', repeat: n > 0, bubbles: true, cancelable: true});
                if (document.activeElement.dispatchEvent(key) && document.activeElement.id === 'confirm') document.activeElement.click();
            }
            return document.activeElement.id;";
        assert_eq!(browser.ask(held).await, json!("v-letter_date"), "one look for one press");
        assert_eq!(stage(&station, "S006").await, Stage::Drafted);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digit_takes_an_alternative_and_ctrl_z_takes_it_back() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        let before = station.draft("S006").await.fields;
        browser.press(&format!("{ALT}2")).await;
        is_at(&browser, "S006", "v-letter_date").await;
        browser.until("saved", "document.querySelector('#f-sender_name.corrected:not(.typed)')").await;
        let sender = station.draft("S006").await.fields.sender_name;
        assert_eq!((sender.value.as_deref(), sender.source), (Some("司马志网"), Source::Officer));
        // What is typed may begin with a digit: alone it takes nothing.
        browser.press("2").await;
        browser.until("typed", "document.getElementById('v-letter_date').value === '2'").await;
        browser.press("\u{e00c}").await;
        browser.press(&format!("{ALT}1")).await;
        browser.until("saved", "document.querySelector('#f-letter_date.corrected:not(.typed)')").await;
        assert_eq!(station.draft("S006").await.fields.letter_date.value.as_deref(), Some("2024-02-03"));
        for (key, was) in [("letter_date", &before.letter_date), ("sender_name", &before.sender_name)] {
            browser.press(&format!("{CONTROL}z")).await;
            browser.until("taken back", &format!("document.querySelector('#f-{key} [data-say]').textContent.includes('已撤销')")).await;
            let now = station.draft("S006").await.fields;
            let now = if key == "letter_date" { now.letter_date } else { now.sender_name };
            assert_eq!(now.value, was.value, "{key}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_saved_by_itself_when_one_goes_on_or_pauses() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser.fill("#v-sender_name", "司马志刚").await;
        browser.ask("document.getElementById('v-address').focus();").await;
        browser.until("saved on leaving", "document.querySelector('#f-sender_name.corrected:not(.typed)')").await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8幢").await;
        browser.until("saved after a pause", "document.querySelector('#f-address.corrected:not(.typed)')").await;
        assert_eq!(browser.ask("return document.activeElement.id;").await, json!("v-address"), "and the cursor stays");
        let fields = station.draft("S006").await.fields;
        assert_eq!(fields.sender_name.value.as_deref(), Some("司马志刚"));
        assert_eq!(fields.address.value.as_deref(), Some("苏州市虎丘区彩虹新村8幢"));
        // Several at once, faster than the station answers.
        browser
            .ask("const type = (id, text) => { const one = document.getElementById(id); one.focus(); one.value = text; one.dispatchEvent(new Event('input', {bubbles: true})); };
                  type('v-sender_name', '甲'); type('v-address', '乙路1号'); type('v-letter_date', '2024-02-05'); type('v-summary', '丙');")
            .await;
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser.until("the next letter", "location.pathname !== '/letters/S006'").await;
        browser.until("confirmed", "document.getElementById('confirm-say').textContent.includes('S006 已确认')").await;
        let draft = station.draft("S006").await;
        assert_eq!(draft.fields.sender_name.value.as_deref(), Some("甲"));
        assert_eq!(draft.fields.address.value.as_deref(), Some("乙路1号"));
        assert_eq!(draft.fields.letter_date.value.as_deref(), Some("2024-02-05"));
        assert_eq!(draft.fields.summary, "丙");
        assert_eq!(draft.confirmed.expect("it is confirmed").by, USER);
    })
    .await;
}

/// A page that was asked for before a letter was confirmed answers when the next one is on the desk already.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_about_one_letter_is_not_shown_on_the_next() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser
            .ask(
                "const real = window.fetch;
                 window.mixed = [];
                 window.fetch = async (at, how) => {
                     const answer = await real(at, how);
                     if (String(at).endsWith('/letters/S006')) { await answer.clone().text(); await new Promise((go) => { window.letGo = go; }); window.answered = true; }
                     return answer;
                 };
                 new MutationObserver(() => {
                     const form = document.getElementById('live-form');
                     if (form && `/letters/${form.dataset.letter}` !== location.pathname) window.mixed.push(form.dataset.letter);
                 }).observe(document.body, {subtree: true, childList: true, attributes: true});
                 for (const one of document.querySelectorAll('#fields [data-wants] input, #fields [data-wants] select, #fields [data-wants] textarea')) one.dataset.keptLooked = '';
                 window.laixinRefresh();",
            )
            .await;
        browser.until("the page is fetched", "window.letGo").await;
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser.until("the next letter", "location.pathname !== '/letters/S006'").await;
        browser.ask("window.letGo();").await;
        browser.until("answered", "window.answered").await;
        browser.until("confirmed", "document.getElementById('confirm-say').textContent.includes('S006 已确认')").await;
        assert_eq!(browser.ask("return window.mixed;").await, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ran_out_is_renewed_on_the_page_and_no_keystroke_is_lost() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser.fill("#v-sender_name", "司马志刚").await;
        browser.forget_cookies().await;
        browser.press(ENTER).await;
        browser.until("asked", "document.getElementById('again').open && document.activeElement.id === 'again-password'").await;
        browser.picture("again-zh").await;
        browser.fill("#again-password", "not it").await;
        browser.press(ENTER).await;
        browser.until("refused", "document.querySelector('#again [data-say]').textContent.includes('密码不正确')").await;
        browser.fill("#again-password", PASSWORD).await;
        browser.press(ENTER).await;
        browser.until("saved", "document.querySelector('#f-sender_name.corrected:not(.typed)') && !document.getElementById('again').open").await;
        let kept = station.draft("S006").await.fields.sender_name.value;
        assert_eq!(kept.as_deref(), Some("司马志刚"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_lost_for_a_while_saves_what_was_typed_when_it_is_back() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8幢").await;
        browser.ask("window.realFetch = window.fetch; window.fetch = () => Promise.reject(new TypeError('no link'));").await;
        browser.press(ENTER).await;
        browser.until("told", "document.querySelector('#f-address [data-say]').textContent.includes('恢复后会自动保存')").await;
        browser.press(&format!("{CONTROL}{ENTER}")).await;
        browser.until("told", "document.getElementById('confirm-say').textContent").await;
        assert_eq!(stage(&station, "S006").await, Stage::Drafted);
        browser.ask("window.fetch = window.realFetch;").await;
        browser.until("saved by itself", "document.querySelector('#f-address.corrected:not(.typed)')").await;
        assert_eq!(stage(&station, "S006").await, Stage::Drafted, "saved, and not confirmed unasked");
    })
    .await;
}

/// Real connections break, and nobody answers for some seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_is_started_anew_in_mid_edit_loses_no_keystroke() {
    with_browser(|browser| async move {
        let mut station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8").await;
        station.goes_away().await;
        browser.press("幢").await;
        browser.press(ENTER).await;
        browser.until("told", "document.querySelector('#f-address [data-say]').textContent.includes('恢复后会自动保存')").await;
        browser.fill("#v-summary", "电梯停运").await;
        browser.until("said on top", "!document.getElementById('lost').hidden").await;
        browser.picture("station-away-zh").await;
        station.comes_back().await;
        for key in ["address", "summary"] {
            let saved = format!("document.querySelector('#f-{key}.corrected:not(.typed), #f-{key}:not(.typed) [data-saved=电梯停运]')");
            browser.until("saved by itself", &saved).await;
        }
        let draft = station.draft("S006").await;
        assert_eq!(draft.fields.address.value.as_deref(), Some("苏州市虎丘区彩虹新村8幢"));
        assert_eq!(draft.fields.summary, "电梯停运");
        browser.until("the link is back", "document.getElementById('lost').hidden").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_that_is_refused_comes_back_with_its_letter_and_reason() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        // The next one lies ready; then somebody else changes this one.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        correct_elsewhere(&station, "S006", "address", "苏州市虎丘区彩虹新村9幢").await;
        for _ in 0..3 {
            browser.press(ENTER).await;
        }
        browser
            .until("the reason", "document.querySelector('#outcome li')")
            .await;
        let told = browser.text("#outcome").await;
        assert!(
            told.contains("S006") && told.contains("没有确认") && told.contains("刚被别人改过"),
            "{told}"
        );
        let foot = browser.text("#confirm-say").await;
        assert_eq!(foot, "", "nothing is being confirmed any more");
        assert_eq!(stage(&station, "S006").await, Stage::Drafted);
    })
    .await;
}

/// Two people on one field: what was typed saved itself over what the other had saved, and took the notice away.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_does_not_save_itself_over_what_somebody_else_saved() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8").await;
        correct_elsewhere(&station, "S006", "address", "苏州市虎丘区彩虹新村9幢").await;
        // The page hears of it before what is typed here would be saved.
        station.app.events.tell(laixin::events::Event::Letter {
            letter: "S006".into(),
            what: "corrected".into(),
        });
        let notice = "document.querySelector('#f-address [data-say]').textContent.includes('彩虹新村9幢')";
        browser.until("told", notice).await;
        // She goes on typing, and waits longer than it takes to be saved.
        browser.press("幢").await;
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        assert_eq!(browser.ask(&format!("return {notice};")).await, json!(true));
        let address = async || station.draft("S006").await.fields.address.value;
        assert_eq!(address().await.as_deref(), Some("苏州市虎丘区彩虹新村9幢"));
        browser.picture("their-value-stands").await;
        // Enter says that hers goes over it.
        browser.press(ENTER).await;
        browser.until("saved", "document.querySelector('#f-address:not(.typed)')").await;
        assert_eq!(address().await.as_deref(), Some("苏州市虎丘区彩虹新村8幢"));
        // And whoever had saved it is told when it is changed once more.
        correct_elsewhere(&station, "S006", "address", "苏州市虎丘区彩虹新村10幢").await;
        browser.until("told", "document.querySelector('#f-address [data-say]').textContent.includes('别人又改了')").await;
        assert_eq!(browser.ask("return document.getElementById('v-address').value;").await, json!("苏州市虎丘区彩虹新村10幢"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_officers_are_led_to_different_letters_and_told_of_each_other() {
    with_browser(|browser| async move {
        let station = desk().await;
        station.add_person("li", Role::ConfirmingOfficer).await;
        sign_in(&browser, &station).await;
        let somebody_else = |letter: &'static str| {
            station.app.store.with(move |db| {
                db.comes_to(letter, "li", laixin::clock::now());
                Ok(())
            })
        };
        somebody_else("A002").await.unwrap();
        browser.open(&station.page("/letters/S006")).await;
        is_at(&browser, "S006", "v-sender_name").await;
        let next = "return document.getElementById('live-form').dataset.next;";
        assert_eq!(browser.ask(next).await, json!("S004"));
        somebody_else("S006").await.unwrap();
        browser.open(&station.page("/letters/S006")).await;
        assert!(browser.text(".also").await.starts_with("li 也打开了这封信"));
        browser.open(&station.page("/review")).await;
        assert!(browser.text("#row-S006").await.contains("li（"));
        // And so does everybody on the overview.
        browser.open(&station.page("/today")).await;
        let at_work = browser.text("#live-at-work").await;
        assert!(
            at_work.contains("li A002 S006") && at_work.contains(USER),
            "{at_work}"
        );
        pictures(&browser, &station, "/today", "today-at-work").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_and_the_rule_behind_a_field_are_one_key_away() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        for (language, keys, rule) in [
            ("zh", "确认并到下一封", "姓名以来信内署名为准"),
            (
                "en",
                "Confirm and next",
                "The name is the signature in the letter",
            ),
        ] {
            browser
                .open(&station.page(&format!("/language/{language}?to=/letters/S006")))
                .await;
            is_at(&browser, "S006", "v-sender_name").await;
            for (key, sheet, wanted) in [(F1, "keys", keys), (F2, "rule", rule)] {
                browser.press(key).await;
                browser
                    .until(
                        "the sheet",
                        &format!("document.getElementById('{sheet}').open"),
                    )
                    .await;
                browser.picture(&format!("sheet-{sheet}-{language}")).await;
                let told = browser.text(&format!("#{sheet}")).await;
                assert!(told.contains(wanted), "{told}");
                browser.press("\u{e00c}").await;
                is_at(&browser, "S006", "v-sender_name").await;
            }
        }
    })
    .await;
}
