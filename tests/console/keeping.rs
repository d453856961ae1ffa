//! Scanning, held files, and what is kept beside a letter, in a real browser: every button does what it says, and the record has the person's name.

use laixin::clock::{self, Millis};
use laixin::domain::balance::Exception;
use laixin::domain::intake::ArrivalState;
use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::store::{NewBatch, Role};
use scanner::sim::Fault;
use serde_json::json;

use super::browser::{Browser, with_browser};
use super::browser_station::{PASSWORD, Station, USER};
use super::{pictures, sign_in};
use crate::page_workers::half_a_page;

const OTHER: &str = "李强";

/// The smallest file that is structurally a JPEG; `seed` makes it another one.
pub(super) fn page(seed: u8) -> Vec<u8> {
    vec![
        0xff,
        0xd8,
        0xff,
        0xda,
        0,
        4,
        1,
        2,
        7,
        seed & 0x7f,
        0xff,
        0xd9,
    ]
}

/// Another person sits down at the desk.
async fn change_person(browser: &Browser, station: &Station, name: &str) {
    browser.click(".who button").await;
    browser
        .until("signed out", "location.pathname === '/'")
        .await;
    browser.open(&station.page("/")).await;
    browser.fill("#user", name).await;
    browser.fill("#password", PASSWORD).await;
    browser.press(super::ENTER).await;
    browser
        .until("the overview", "location.pathname === '/today'")
        .await;
}

/// The letter's draft is confirmed: its paper may be put away.
async fn confirm(station: &Station, letter: &'static str) {
    let confirmed = station.app.store.with(move |db| {
        let at = db.letter_row(letter)?.version;
        db.confirm(letter, at, USER)
    });
    confirmed.await.unwrap();
}

/// Presses a form's button and waits until its page was loaded anew.
async fn submit(browser: &Browser, form: &str) {
    browser.ask("window.before = true;").await;
    browser.click(&format!("{form} button[type=submit]")).await;
    let said = format!(
        "[...document.querySelectorAll(`{form} [data-say]`)].map((one) => one.textContent).join('')"
    );
    let anew = "!window.before && document.readyState === 'complete'";
    browser
        .until("the page anew, or a refusal", &format!("{anew} || {said}"))
        .await;
    let refused = browser
        .ask(&format!("return window.before ? {said} : '';"))
        .await;
    assert_eq!(refused, json!(""), "{form}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_started_and_what_does_not_come_out_is_settled_with_a_note() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        station.open_batch(Carrier::Letter, 1).await;
        let device = station.device.as_ref().unwrap();
        device.set_faults(vec![Fault::Jam(2)]);
        device.put_in((1..=4).map(page).collect());
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        browser.click(".scanning form button.primary").await;
        browser
            .until("the jam", "document.querySelector('.holds .what')")
            .await;
        let holds = browser.text(".holds").await;
        assert!(holds.contains("扫描中途停止"), "{holds}");
        let scanning = browser.text(".scanning").await;
        assert!(
            scanning.contains("卡纸"),
            "why the last one failed: {scanning}"
        );
        pictures(&browser, &station, "/batches", "scanning").await;
        browser.open(&station.page("/batches")).await;
        let id = "document.querySelector('.holds form input[name=note]').id";
        let id = browser.ask(&format!("return {id};")).await;
        let id = id.as_str().unwrap().to_owned();
        browser
            .fill(&format!("#{id}"), "已清除卡纸，其余两张重新扫描")
            .await;
        browser.click(".holds form button[type=submit]").await;
        browser
            .until("settled", &format!("!document.getElementById('{id}')"))
            .await;
        // The rest of the pile, without the fault.
        device.set_faults(Vec::new());
        // The paper path is cleared.
        device.put_in(Vec::new());
        browser.click(".scanning form button.primary").await;
        let pages = async {
            loop {
                let taken = station
                    .app
                    .store
                    .with(|db| db.arrivals(ArrivalState::Taken, None, 100));
                if taken.await.unwrap().len() == 4 {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), pages)
            .await
            .expect("all four sheets");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn held_files_are_taken_in_or_left_out_by_name_and_reason() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        std::fs::write(station.inbox().join("A009_p1.jpg"), half_a_page()).unwrap();
        let waiting = async {
            while station.app.store.with(|db| db.arrivals(ArrivalState::Waiting, None, 9)).await.unwrap().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("seen");
        station.open_batch(Carrier::Letter, 1).await;
        std::fs::write(station.inbox().join("便条_p1.jpg"), "不是图像").unwrap();
        sign_in(&browser, &station).await;
        browser.until("both on the overview", "document.querySelectorAll('.alerts a[href=\"/held\"]').length === 2").await;
        browser.click(".alerts a[href='/held']").await;
        browser.until("the page", "location.pathname === '/held' && document.querySelectorAll('#held li details.about').length === 2").await;
        browser.ask("document.querySelectorAll('#held details').forEach((one) => { one.open = true; });").await;
        browser.until("what there is of the image", "[...document.querySelectorAll('#held .look img')].some((one) => one.complete && one.naturalWidth > 20 && one.naturalWidth <= 1000)").await;
        browser.picture("held-open").await;
        let of = |name: &str| format!("return [...document.querySelectorAll('#held li')].find((li) => li.textContent.includes('{name}')).id;");
        let note = browser.ask(&of("便条")).await.as_str().unwrap().to_owned();
        assert_eq!(browser.ask(&format!("return document.querySelectorAll('#{note} .look').length;")).await, json!(0), "no image, none to be seen");
        browser.fill(&format!("#{note} .aside input[name=reason]"), "误存的便条，没有纸质件").await;
        submit(&browser, &format!("#{note} .aside")).await;
        let aside = browser.text("#aside").await;
        assert!(aside.contains("便条_p1.jpg") && aside.contains(USER) && aside.contains("没有纸质件"), "{aside}");
        let early = browser.ask(&of("A009")).await.as_str().unwrap().to_owned();
        browser.ask(&format!("document.querySelector('#{early} details.about').open = true;")).await;
        // A letter that is not there is refused in words.
        browser.fill(&format!("#{early} .into-letter input[name=letter]"), "Z999").await;
        browser.fill(&format!("#{early} .into-letter input[name=reason]"), "纸质件已放行").await;
        browser.click(&format!("#{early} .into-letter button")).await;
        browser.until("the refusal", &format!("document.querySelector('#{early} .into-letter [data-say]').textContent.startsWith('没有找到')")).await;
        browser.fill(&format!("#{early} .into-load input[name=reason]"), "纸质件已放行").await;
        submit(&browser, &format!("#{early} .into-load")).await;
        browser.until("nothing left", "document.querySelector('#held .allgood')").await;
        pictures(&browser, &station, "/held", "held").await;
        let taken = station.app.store.with(|db| db.arrivals(ArrivalState::Taken, None, 9)).await.unwrap();
        assert_eq!(taken[0].name, "A009_p1.jpg");
        let id = taken[0].id.clone();
        let said = station.app.store.with(move |db| db.held_decision(&id)).await.unwrap().unwrap();
        assert_eq!((said.by.as_str(), said.reason.as_str()), (USER, "纸质件已放行"));
    })
    .await;
}

/// Findings of one batch: three of one reason, one of another.
async fn with_findings(station: &Station) -> i64 {
    let batch = station.open_batch(Carrier::Letter, 3).await;
    let home = station.app.settings.database();
    let database = rusqlite::Connection::open(home).unwrap();
    for (reason, detail) in [
        ("same_bytes", "A001 = A002"),
        ("same_bytes", "A003 = A002"),
        ("same_bytes", "A004 = A002"),
        ("image_held", "scanner-1: A001_p2.jpg"),
    ] {
        database
            .execute(
                "INSERT INTO holds (batch_id, reason, detail, at_ms) VALUES (?1, ?2, ?3, 1)",
                (batch, reason, detail),
            )
            .unwrap();
    }
    batch
}

/// A stack of fifty sheets went through twice.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_pages_that_came_twice_are_one_question() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        let batch = station.open_batch(Carrier::Letter, 100).await;
        let database = rusqlite::Connection::open(station.app.settings.database()).unwrap();
        for at in 1..=50 {
            database
                .execute(
                    "INSERT INTO holds (batch_id, reason, detail, at_ms) VALUES (?1, 'same_bytes', ?2, 1)",
                    (batch, format!("B{at:03} = A{at:03}")),
                )
                .unwrap();
        }
        sign_in(&browser, &station).await;
        pictures(&browser, &station, "/batches", "batches-twice").await;
        browser.open(&station.page("/batches")).await;
        let count = |what: &str| format!("return document.querySelectorAll('{what}').length;");
        browser.until("one question", "document.querySelectorAll('.findings').length === 1").await;
        assert_eq!(browser.ask(&count(".findings input[type=checkbox]:checked")).await, json!(50));
        browser.fill(".findings input[name=note]", "整叠误扫两次").await;
        browser.click(".findings button[type=submit]").await;
        browser.until("all answered", "document.querySelectorAll('.findings').length === 0").await;
        let open = station.app.store.with(move |db| db.open_holds(Some(batch), 99));
        assert_eq!(open.await.unwrap(), []);
        let each: i64 = database
            .query_row("SELECT count(*) FROM ledger WHERE action = 'hold.resolved'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(each, 50, "each is on record by itself");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_one_reason_are_answered_together_and_a_closed_batch_is_a_line() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        let closed = station.open_batch(Carrier::Registered, 1).await;
        let done = station.app.store.with(move |db| {
            let none = (Some((Exception::Returned, 1)), Some("没有拆封"));
            db.close_batch_with(closed, USER, none)
        });
        done.await.unwrap();
        let batch = with_findings(&station).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        let groups = "document.querySelectorAll('.holds > li').length";
        browser
            .until("two reasons", &format!("{groups} === 2"))
            .await;
        pictures(&browser, &station, "/batches", "batches-findings").await;
        browser.open(&station.page("/batches")).await;
        let line = browser
            .ask(&format!(
                "return document.querySelector('#batch-{closed}').getBoundingClientRect().height;"
            ))
            .await;
        assert!(
            line.as_f64().unwrap() < 90.0,
            "a closed batch takes {line} px"
        );
        // One of the three is another matter: it is left out.
        browser
            .ask("document.querySelector('.findings input[type=checkbox]').click();")
            .await;
        browser
            .fill(".findings input[name=note]", "同一张纸扫描了两次")
            .await;
        browser.click(".findings button[type=submit]").await;
        browser
            .until(
                "the other two answered",
                "document.querySelectorAll('.holds > li:first-child .findings li').length === 1",
            )
            .await;
        let open = station
            .app
            .store
            .with(move |db| db.open_holds(Some(batch), 9))
            .await
            .unwrap();
        assert_eq!(open.len(), 2);
        assert_eq!(open[0].detail.as_deref(), Some("A001 = A002"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_page_says_so_in_a_page() {
    with_browser(|browser| async move {
        let station = Station::with_scanners().await;
        sign_in(&browser, &station).await;
        for address in [
            "/batches/4",
            "/scanners",
            "/held/none",
            "/batches/abc/pages",
            "/boxes/abc",
        ] {
            browser.open(&station.page(address)).await;
            browser
                .until("a page", "document.querySelector('.refused h1')")
                .await;
            let text = browser.text(".refused").await;
            assert!(text.contains("没有这一页"), "{address}: {text}");
        }
        pictures(&browser, &station, "/scanners", "not-found").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valuables_box_and_loan_take_two_people() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Registered, 2).await;
        station.letter("A002", |_| {}).await;
        confirm(&station, "A002").await;
        station.add_person(OTHER, Role::Operator).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/boxes")).await;
        browser.fill("#new-box input[name=name]", "2026-01").await;
        browser
            .fill("#new-box input[name=location]", "二楼档案室 3 号柜")
            .await;
        submit(&browser, "#new-box").await;
        let keeping = station.page("/letters/A002/keeping");
        browser.open(&keeping).await;
        // Nothing of a letter may be open when its paper is put away: first the box.
        submit(&browser, "#paper form[data-call$='/box']").await;
        assert!(browser.text("#paper").await.contains("二楼档案室 3 号柜"));
        browser
            .fill("#list-valuable input[name=amount]", "人民币 200 元")
            .await;
        submit(&browser, "#list-valuable").await;
        assert!(browser.text("#valuable-1").await.contains("人民币 200 元"));
        assert_eq!(
            browser
                .ask("return document.querySelectorAll('#valuable-1 form').length;")
                .await,
            json!(0),
            "the one who listed it neither witnesses nor strikes it out"
        );
        browser
            .fill("#paper form[data-call$='/loans'] input", "核对原件")
            .await;
        submit(&browser, "#paper form[data-call$='/loans']").await;
        pictures(
            &browser,
            &station,
            "/letters/A002/keeping",
            "keeping-listed",
        )
        .await;
        change_person(&browser, &station, OTHER).await;
        browser.open(&keeping).await;
        submit(&browser, "#valuable-1 form[data-call$='/witness']").await;
        submit(&browser, "#paper form[data-call$='/approve']").await;
        browser
            .fill(
                "#valuable-1 form[data-call$='/return'] input[name=to]",
                "陆思雨",
            )
            .await;
        browser
            .fill(
                "#valuable-1 form[data-call$='/return'] input[name=receipt_no]",
                "R-7",
            )
            .await;
        pictures(
            &browser,
            &station,
            "/letters/A002/keeping",
            "keeping-witnessed",
        )
        .await;
        browser.open(&keeping).await;
        browser
            .fill(
                "#valuable-1 form[data-call$='/return'] input[name=to]",
                "陆思雨",
            )
            .await;
        browser
            .fill(
                "#valuable-1 form[data-call$='/return'] input[name=receipt_no]",
                "R-7",
            )
            .await;
        submit(&browser, "#valuable-1 form[data-call$='/return']").await;
        submit(&browser, "#paper form[data-call$='/back']").await;
        change_person(&browser, &station, USER).await;
        browser.open(&keeping).await;
        submit(&browser, "#valuable-1 form[data-call$='/return-witness']").await;
        let item = station
            .app
            .store
            .with(|db| db.valuables_of("A002"))
            .await
            .unwrap();
        assert!(item[0].is_closed());
        for path in ["/boxes", "/boxes/1"] {
            pictures(&browser, &station, path, &path[1..].replace('/', "-")).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_get_their_kind_and_their_letter_from_a_person() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("A002", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A002/keeping")).await;
        browser.ask("document.querySelector('#pages li:nth-child(1) select').value = 'photograph';").await;
        submit(&browser, "#pages li:nth-child(1)").await;
        let kinds = station.app.store.with(|db| db.page_rows("A002")).await.unwrap();
        assert!(kinds.iter().any(|page| page.kind == PageKind::Photograph));
        browser.fill("#move-pages input[name=reason]", "两封信装在一个信封里").await;
        browser.click("#move-pages button").await;
        browser.until("the refusal", "document.querySelector('#move-pages [data-say]').textContent.startsWith('请至少勾选一项')").await;
        browser.click("#move-pages input[name=pages][value='1']").await;
        submit(&browser, "#move-pages").await;
        let moved = station.app.store.with(|db| db.page_rows("A002_2")).await.unwrap();
        assert_eq!(moved.len(), 1, "a letter of its own");
        pictures(&browser, &station, "/letters/A002/keeping", "keeping-pages").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_in_a_wrong_order_are_seen_ticked_and_put_right() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("S008", |_| {}).await;
        let order = || async {
            let rows = station.app.store.with(|db| db.page_rows("S008")).await.unwrap();
            rows.into_iter().map(|row| row.sha256).collect::<Vec<_>>()
        };
        let mut wanted = order().await;
        wanted.swap(0, 1);
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S008/keeping")).await;
        // Its second sheet was taken for an attachment: those stand behind the letter's own.
        browser.ask("document.querySelector('#pages li:nth-child(2) select').value = 'letter';").await;
        submit(&browser, "#pages li:nth-child(2)").await;
        browser.ask("document.querySelector('#move-pages').scrollIntoView();").await;
        browser.until("each page to be seen", "[...document.querySelectorAll('#move-pages img')].every((one) => one.complete && one.naturalWidth > 20)").await;
        browser.click("#move-pages input[name=pages][value='2']").await;
        browser.fill("#move-pages input[name=before]", "1").await;
        browser.fill("#move-pages input[name=reason]", "第二页放在了前面").await;
        submit(&browser, "#move-pages").await;
        assert_eq!(order().await, wanted);
        pictures(&browser, &station, "/letters/S008/keeping", "keeping-order").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destruction_is_proposed_by_one_and_approved_by_another_and_leaves_a_record() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.add_person(OTHER, Role::Administrator).await;
        let old = Millis(clock::now().0 - 11 * 366 * 86_400_000);
        let made = station.app.store.with(move |db| {
            let new = NewBatch {
                carrier: Carrier::Letter,
                count: 1,
                received: old,
            };
            let batch = db.sign_in_batch(&new, USER)?;
            let load = db.add_load(batch, "cabinet-1", USER)?;
            db.override_load(load, (USER, OTHER), "旧信补录")
        });
        made.await.unwrap();
        station.letter("A002", |_| {}).await;
        confirm(&station, "A002").await;
        // Only what was registered grows old, and nobody can type that in: it is set by hand.
        let own = rusqlite::Connection::open(station.app.settings.database()).unwrap();
        own.execute_batch(
            "UPDATE drafts SET state = 'acked', acked_ms = 5 WHERE letter_id = 'A002';
             UPDATE letters SET stage = 'registered', last_arrival_ms = 5 WHERE id = 'A002';
             UPDATE arrivals SET taken_ms = 5 WHERE id IN (SELECT arrival_id FROM pages WHERE letter_id = 'A002');
             UPDATE ledger SET at_ms = 5 WHERE action IN ('letter.begun', 'page.arrived', 'page.kind_set');",
        )
        .unwrap();
        sign_in(&browser, &station).await;
        let keeping = station.page("/letters/A002/keeping");
        browser.open(&keeping).await;
        submit(&browser, "#retention").await;
        let told = browser.text("#retention").await;
        assert!(
            told.contains(USER) && !told.contains("批准销毁"),
            "not by the same person: {told}"
        );
        pictures(
            &browser,
            &station,
            "/letters/A002/keeping",
            "retention-proposed",
        )
        .await;
        // Who approves is told the letter's number and opens no letter.
        change_person(&browser, &station, OTHER).await;
        let told = browser.text("#destructions").await;
        assert!(told.contains("信件 A002") && told.contains(USER), "{told}");
        pictures(&browser, &station, "/today", "destruction-to-approve").await;
        browser.open(&station.page("/today")).await;
        submit(&browser, "#destructions form[data-call$='/approve']").await;
        change_person(&browser, &station, USER).await;
        browser.open(&keeping).await;
        assert!(!browser.text("#withheld").await.is_empty());
        pictures(
            &browser,
            &station,
            "/letters/A002/keeping",
            "retention-destroyed",
        )
        .await;
        let mut rows = station.app.store.with(|db| db.verify_rows()).await.unwrap();
        let by_hand = [
            "stage of letter A002",
            "arrival/",
            "seen/",
            "letter_arrival/A002",
        ];
        rows.faults
            .retain(|fault| !by_hand.iter().any(|kind| fault.what.starts_with(kind)));
        assert_eq!(rows.faults, []);
    })
    .await;
}
