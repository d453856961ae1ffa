//! People, restricted letters, recusal, the audit and alerts, as they are seen and used in a browser.

use laixin::domain::draft::Accused;
use laixin::domain::letter::Carrier;
use laixin::domain::outgoing::{Kind, Retry};
use laixin::store::{Channel, Role};
use serde_json::json;

use super::browser::{Browser, ENTER, F2, F9, with_browser};
use super::browser_station::{ADMINISTRATOR, PASSWORD, Station, USER};
use super::pictures;

pub(super) async fn sign_in_as(browser: &Browser, station: &Station, name: &str) {
    browser.open(&station.page("/today")).await;
    browser
        .ask("const out = document.querySelector('.who button'); if (out) out.click();")
        .await;
    browser
        .until(
            "the sign-in page",
            "document.querySelector('#password') && location.pathname === '/'",
        )
        .await;
    browser.fill("#user", name).await;
    browser.fill("#password", PASSWORD).await;
    browser.press(ENTER).await;
    browser
        .until(
            "signed in",
            "location.pathname !== '/' && document.querySelector('.who .user')",
        )
        .await;
}

/// An ordinary letter that threatens, and one that accuses a person.
pub(super) async fn desk() -> Station {
    let station = Station::start().await;
    for (name, role) in [
        ("李明", Role::Operator),
        ("陈静", Role::ConfirmingOfficer),
        ("沈涛", Role::Auditor),
        ("周维", Role::Maintenance),
        (ADMINISTRATOR, Role::Administrator),
    ] {
        station.add_person(name, role).await;
    }
    station.open_batch(Carrier::Letter, 3).await;
    station
        .letter("A001", |draft| {
            draft["fields"]["flags"]["threat"] =
                json!({"value": true, "quote": "不解决就同归于尽", "page": 1, "quad": null});
        })
        .await;
    station
        .letter("S009", |draft| {
            let accused = Accused {
                name: "王大明".into(),
                ..Accused::default()
            };
            draft["fields"]["accused"] = json!([accused]);
        })
        .await;
    station.letter("A032", |_| {}).await;
    station
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_on_every_page_until_a_named_person_says_what_it_is() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in_as(&browser, &station, "李明").await;
        for page in ["/today", "/letters", "/letters/A032", "/batches", "/myself"] {
            browser.open(&station.page(page)).await;
            browser
                .until(
                    "the alert",
                    "document.querySelector('#alerts .alarm.threat')",
                )
                .await;
        }
        pictures(&browser, &station, "/today", "alert-today").await;
        pictures(&browser, &station, "/letters", "letters-restricted").await;
        browser.open(&station.page("/today")).await;
        browser
            .until(
                "the alert",
                "document.querySelector('#alerts .alarm button.danger')",
            )
            .await;
        let said = browser.text("#alerts .alarm .what").await;
        assert!(
            said.contains("A001") && said.contains("第 1 页 “不解决就同归于尽”"),
            "{said}"
        );
        browser.fill("#alerts .alarm input", "已报告值班领导").await;
        browser.click("#alerts .alarm button.danger").await;
        browser
            .until("the alert gone", "document.getElementById('alerts').hidden")
            .await;
        let alert = station
            .app
            .store
            .with(|db| db.alert(1))
            .await
            .expect("the alert");
        let (by, _, _) = alert.acked.expect("acknowledged");
        assert_eq!(
            (by.as_str(), alert.note.as_deref()),
            ("李明", Some("已报告值班领导"))
        );
        // Whoever looks after devices hears of no letter.
        sign_in_as(&browser, &station, "周维").await;
        let there = browser
            .ask("return document.getElementById('alerts') !== null;")
            .await;
        assert_eq!(there, json!(false));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_says_on_the_letters_page_that_nobody_of_an_office_is_accused() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person("陈静", Role::ConfirmingOfficer).await;
        station.open_batch(Carrier::Letter, 1).await;
        station
            .letter("A032", |draft| {
                draft["fields"]["purpose"]["value"] = json!("检举控告");
                draft["fields"]["accused"] = json!([]);
            })
            .await;
        sign_in_as(&browser, &station, "陈静").await;
        browser.open(&station.page("/letters/A032")).await;
        browser.fill("#reason", "核对检举信登记内容").await;
        browser.click("main button.primary").await;
        browser
            .until("the question", "document.getElementById('nobody')")
            .await;
        pictures(&browser, &station, "/letters/A032", "accused-unknown").await;
        browser.open(&station.page("/letters/A032")).await;
        browser.click("#nobody").await;
        browser
            .until(
                "a reason is asked",
                "document.getElementById('nobody-say').textContent.includes('理由')",
            )
            .await;
        browser
            .fill("#nobody-why", "举报的是邻居，不涉及单位")
            .await;
        browser.click("#nobody").await;
        browser
            .until("the word", "!document.getElementById('nobody')")
            .await;
        let open = station
            .app
            .store
            .with(|db| {
                let fields = db.draft("A032")?.draft.fields;
                db.accused_is_open("A032", &fields)
            })
            .await;
        assert!(!open.expect("the letter is there"));
    })
    .await;
}

/// F8 led on from there, F9 led nowhere, and no key told why a reason is asked.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_asks_for_a_reason_leads_back_and_tells_its_rule_by_a_key() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in_as(&browser, &station, "陈静").await;
        browser.window((1366, 768)).await;
        browser.open(&station.page("/letters/S009")).await;
        browser.at("#reason").await;
        let hidden = "return document.querySelector('[data-back]').hidden;";
        assert_eq!(browser.ask(hidden).await, json!(true), "no letter lay on the desk yet");
        browser.press(F9).await;
        browser.press(F2).await;
        browser.until("the rule", "document.querySelector('details.rules').open").await;
        let rule = browser.text("details.rules").await;
        assert!(rule.contains("不将来信人的检举、揭发材料或者有关情况透露"), "{rule}");
        pictures(&browser, &station, "/letters/S009", "reason").await;
        browser.open(&station.page("/letters/A032")).await;
        browser.at("#fields .field.chosen").await;
        browser.open(&station.page("/letters/S009")).await;
        browser.at("#reason").await;
        browser.press(F9).await;
        browser
            .until("the letter before", "location.pathname === '/letters/A032' && document.querySelector('#fields .field.chosen')")
            .await;
        // A reason that ran out on the way back: the key goes on from there.
        browser.ask("sessionStorage.setItem('laixin-trail', JSON.stringify(['A032', 'S009', 'A001']));").await;
        browser.open(&station.page("/letters/A001")).await;
        browser.at("#fields .field.chosen").await;
        browser.press(F9).await;
        browser.until("its reason", "location.pathname === '/letters/S009' && document.getElementById('reason')").await;
        browser.press(F9).await;
        browser.until("the one before it", "location.pathname === '/letters/A032'").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_letter_asks_an_officer_why_and_shows_an_operator_nothing() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in_as(&browser, &station, "李明").await;
        browser.open(&station.page("/letters/S009")).await;
        let text = browser.text("main").await;
        assert!(
            text.contains("限制查阅") && !text.contains("王大明"),
            "{text}"
        );
        pictures(&browser, &station, "/letters/S009", "refused-restricted").await;
        sign_in_as(&browser, &station, "陈静").await;
        browser.open(&station.page("/letters/S009")).await;
        browser.fill("#reason", "核对检举信登记内容").await;
        browser.click("main button.primary").await;
        browser
            .until("the letter", "document.getElementById('fields')")
            .await;
        pictures(&browser, &station, "/letters/S009", "letter-restricted").await;
        browser.open(&station.page("/letters/S009/access")).await;
        browser
            .ask("document.getElementById('grant-user').value = '李明';")
            .await;
        browser.fill("#grant-reason", "协助核对附件").await;
        browser.click("#grant button").await;
        browser
            .until(
                "somebody on the list",
                "document.querySelector('#restriction .people li')",
            )
            .await;
        browser
            .ask("document.getElementById('recuse-user').value = '王芳';")
            .await;
        browser.fill("#recuse-why", "与来信人系亲属").await;
        browser.click("#recuse button").await;
        browser
            .until(
                "somebody recused",
                "document.querySelector('#recusals .people li')",
            )
            .await;
        pictures(&browser, &station, "/letters/S009/access", "access").await;
        // The audit names both, and no content.
        sign_in_as(&browser, &station, "沈涛").await;
        browser.open(&station.page("/audit?letter=S009")).await;
        let text = browser.text("main").await;
        assert!(
            text.contains("陈静")
                && text.contains("核对检举信登记内容")
                && !text.contains("王大明"),
            "{text}"
        );
        pictures(&browser, &station, "/audit?letter=S009", "audit-letter").await;
        pictures(&browser, &station, "/audit", "audit").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_keeps_accounts_and_everybody_his_own_affairs() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in_as(&browser, &station, ADMINISTRATOR).await;
        browser.open(&station.page("/accounts")).await;
        browser.fill("#name", "新同事").await;
        browser.fill("#first-password", "short").await;
        browser.click("#new-person button.primary").await;
        browser
            .until(
                "the refusal",
                "document.querySelector('#new-person [data-say]').textContent",
            )
            .await;
        browser.fill("#first-password", "a long Password 1").await;
        browser.click("#new-person button.primary").await;
        browser
            .until("the account", "document.getElementById('user-新同事')")
            .await;
        browser.fill("#token-name", "cases").await;
        browser.fill("#unit", "苏州市信访局").await;
        browser.click("#new-token button.primary").await;
        browser
            .until(
                "the token",
                "document.querySelector('.secret').textContent.startsWith('laixin_')",
            )
            .await;
        if std::env::var_os("LAIXIN_SHOTS").is_some() {
            browser.picture("accounts-token-zh").await;
        }
        pictures(&browser, &station, "/accounts", "accounts").await;
        // Who sees no letter declares nothing.
        sign_in_as(&browser, &station, USER).await;
        browser.open(&station.page("/myself")).await;
        browser.fill("#text", "彩虹新村38幢").await;
        browser
            .ask("document.getElementById('kind').value = 'address';")
            .await;
        browser.click("#declare button").await;
        browser
            .until(
                "declared",
                "document.querySelector('#interests .people li')",
            )
            .await;
        pictures(&browser, &station, "/myself", "myself").await;
        pictures(&browser, &station, "/statistics", "statistics").await;
        browser.printed("statistics-print").await;
    })
    .await;
}

/// What case systems were told; what was given up is sent again by a person. Nobody tells them here: no task runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_given_up_is_sent_again_by_a_person() {
    with_browser(|browser| async move {
        let station = desk().await;
        let own = rusqlite::Connection::open(station.app.settings.database()).unwrap();
        own.execute_batch("UPDATE drafts SET ready_ms = 1").unwrap();
        station
            .app
            .store
            .with(|db| {
                let channel = Channel {
                    name: "webhook/cases".into(),
                    kinds: Kind::ALL.to_vec(),
                    unit: None,
                    holder: None,
                };
                let new_id = || {
                    use std::sync::atomic::{AtomicU32, Ordering};
                    static NEXT: AtomicU32 = AtomicU32::new(1);
                    format!("msg_{}", NEXT.fetch_add(1, Ordering::Relaxed))
                };
                db.queue_messages(&channel, new_id)?;
                let due = db.due_messages(&channel, 10)?;
                let retry = Retry {
                    first_s: 5,
                    attempts: 3,
                };
                for (at, message) in due.iter().enumerate() {
                    match at {
                        0 => db
                            .message_failed(message, ("cannot_connect", None), (None, 0))
                            .map(drop)?,
                        1 => db
                            .message_failed(message, ("answered_503", None), (Some(retry), 0))
                            .map(drop)?,
                        _ => db.message_sent(message, "answered_204")?,
                    }
                }
                Ok(())
            })
            .await
            .unwrap();
        // A receipt refused one, and two letters stand under one number.
        station.letter("S008", |_| {}).await;
        own.execute_batch(
            "UPDATE drafts SET state = 'acked', case_number = 'SZ-2026-000123', acked_ms = 1764288000000, claimed_by = 'token/cases'
                 WHERE letter_id IN ('S008', 'A032');
             INSERT INTO outbox (message, channel, kind, letter_id, occasion, state, made_ms, attempts, next_ms, last_ms, done_ms, result)
                 VALUES ('msg_refused', 'exchange/gate-1', 'draft.ready', 'S008', 1, 'rejected', 1764288000000, 1, 1, 1764288060000, 1764288060000, 'rejected: 住址不全，请补全门牌号')",
        )
        .unwrap();
        sign_in_as(&browser, &station, "李明").await;
        browser.open(&station.page("/outbox")).await;
        let text = browser.ask("return document.body.textContent;").await;
        for words in ["已放弃", "连接不上", "对方返回 503", "已试 1 次", "SZ-2026-000123", "住址不全"] {
            assert!(text.as_str().unwrap().contains(words), "{words}: {text}");
        }
        // An operator sees it; an officer decides.
        let resend = browser
            .ask("return document.querySelector('#given-up .resend') !== null;")
            .await;
        assert_eq!(resend, json!(false));
        sign_in_as(&browser, &station, "陈静").await;
        pictures(&browser, &station, "/outbox", "outbox").await;
        browser.open(&station.page("/outbox")).await;
        browser.click("#given-up .resend").await;
        browser
            .until(
                "nothing given up but what was refused",
                "document.querySelectorAll('#given-up li').length === 1 && !document.querySelector('#given-up .resend')",
            )
            .await;
        pictures(&browser, &station, "/outbox", "outbox-after").await;
    })
    .await;
}
