//! The console in a real Chromium: what a person does in a day, and what may never happen.

mod attention;
#[path = "support/browser.rs"]
mod browser;
#[path = "support/browser_station.rs"]
mod browser_station;
mod cabinet;
mod check;
mod closing;
mod contrast;
mod corrections;
mod desk;
mod devices;
mod earlier;
#[path = "support/firefox.rs"]
mod firefox;
mod in_firefox;
mod keeping;
mod many;
mod matters;
mod operator;
mod quality;
mod review;
mod search;
mod second_looks;
mod settings;
mod sheets;
mod states;
mod told;
mod training;
mod trust;
mod whole_day;

use std::sync::Arc;

use browser::{Browser, ENTER, ESCAPE, with_browser};
use browser_station::{ADMINISTRATOR, PASSWORD, Station, USER, idle, irradiating, silent};
use laixin::disinfect::Order;
use laixin::domain::field::Source;
use laixin::domain::letter::{Carrier, LoadState, Stage};
use serde_json::json;

/// Signs in and is on the overview afterwards.
async fn sign_in(browser: &Browser, station: &Station) {
    browser.open(&station.page("/")).await;
    browser.fill("#user", USER).await;
    browser.fill("#password", PASSWORD).await;
    browser.press(ENTER).await;
    browser
        .until("the overview", "location.pathname === '/today'")
        .await;
}

/// Both languages of a page, as pictures.
async fn pictures(browser: &Browser, station: &Station, path: &str, name: &str) {
    if std::env::var_os("LAIXIN_SHOTS").is_none() {
        return;
    }
    for language in ["en", "zh"] {
        browser
            .open(&station.page(&format!("/language/{language}?to={path}")))
            .await;
        browser
            .until(
                "its pictures",
                "[...document.images].every((image) => image.complete)",
            )
            .await;
        browser.picture(&format!("{name}-{language}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_in_words_and_the_right_one_opens() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        browser.open(&station.page("/letters?stage=drafted")).await;
        browser
            .until("the sign-in page", "document.querySelector('#password')")
            .await;
        pictures(&browser, &station, "/", "sign-in").await;
        browser.open(&station.page("/letters?stage=drafted")).await;
        browser.fill("#user", USER).await;
        browser.fill("#password", "not-the-password").await;
        browser.press(ENTER).await;
        browser
            .until(
                "the refusal",
                "document.querySelector('[data-say]').textContent",
            )
            .await;
        let said = browser.text("[data-say]").await;
        assert!(said.starts_with("用户名或密码不正确"), "{said}");
        browser.fill("#password", PASSWORD).await;
        browser.press(ENTER).await;
        browser
            .until(
                "the page asked for",
                "location.href.endsWith('/letters?stage=drafted')",
            )
            .await;
        browser.click(".who button").await;
        browser
            .until("signed out", "location.pathname === '/'")
            .await;
        browser.open(&station.page("/letters")).await;
        browser
            .until("asked to sign in", "document.querySelector('#password')")
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_signed_in_loaded_and_its_cycle_started() {
    with_browser(|browser| async move {
        let mut station = Station::start().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        browser.fill("#count", "十二").await;
        browser.press(ENTER).await;
        browser
            .until(
                "the refusal",
                "document.querySelector('#sign-in-batch [data-say]').textContent",
            )
            .await;
        browser.fill("#count", "12").await;
        browser
            .ask("document.querySelector('#carrier').value = 'express';")
            .await;
        browser.press(ENTER).await;
        let card = "#batch-1";
        browser.at(card).await;
        let text = browser.text(card).await;
        assert!(
            text.contains("特快专递") && text.contains("签收 12 件，已扫描 0 件"),
            "{text}"
        );
        // More than there are: it was said that somebody else may have been first.
        browser.fill("#letters-1", "13").await;
        browser.press(ENTER).await;
        browser
            .until(
                "how many are left",
                "document.querySelector('#batch-1 .loads [data-say]').textContent.includes('只有 12 件')",
            )
            .await;
        browser.fill("#letters-1", "12").await;
        browser.click("#batch-1 form.inline button").await;
        browser
            .click("#batch-1 .loads .waiting button.primary")
            .await;
        let Some(Order::Start { load, by, answer }) = station.orders.recv().await else {
            panic!("the cabinet is asked to start");
        };
        assert_eq!((load, by.as_str()), (1, USER));
        answer.send(Ok("C000001".into())).expect("the route waits");
        browser
            .until(
                "the cabinet's page",
                "location.pathname === '/cabinets/cabinet-1'",
            )
            .await;
        let batch = station.app.store.with(|db| db.batch(1)).await.unwrap();
        assert_eq!((batch.carrier, batch.count), (Carrier::Express, 12));
        pictures(&browser, &station, "/batches", "batches").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cabinet_that_refuses_says_why_in_words() {
    with_browser(|browser| async move {
        let mut station = Station::start().await;
        sign_in(&browser, &station).await;
        let made = station.app.store.with(|db| {
            let new = laixin::store::NewBatch {
                carrier: Carrier::Letter,
                count: 3,
                received: laixin::clock::now(),
            };
            let batch = db.sign_in_batch(&new, USER)?;
            db.add_load(batch, "cabinet-1", USER)
        });
        made.await.unwrap();
        browser.open(&station.page("/cabinets/cabinet-1")).await;
        browser.click("form.start button.primary").await;
        let Some(Order::Start { answer, .. }) = station.orders.recv().await else {
            panic!("the cabinet is asked to start");
        };
        let refused = laixin::disinfect::Refused::NotNow {
            code: "door_open".into(),
        };
        answer.send(Err(refused)).expect("the route waits");
        browser
            .until(
                "the reason",
                "document.querySelector('form.start [data-say]').textContent.startsWith('柜门未关。关好柜门')",
            )
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_needs_a_reason_and_two_names_that_stay() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        station
            .add_person("li", laixin::store::Role::Operator)
            .await;
        let made = station.app.store.with(|db| {
            let new = laixin::store::NewBatch {
                carrier: Carrier::Letter,
                count: 3,
                received: laixin::clock::now(),
            };
            let batch = db.sign_in_batch(&new, USER)?;
            db.add_load(batch, "cabinet-1", USER)
        });
        let load = made.await.unwrap();
        browser.open(&station.page("/batches")).await;
        browser.click("[data-open='override-1']").await;
        browser
            .until("the dialog", "document.querySelector('#override-1').open")
            .await;
        browser.picture("override-zh").await;
        browser.click("#override-1 button.danger").await;
        let state = move |db: &mut laixin::store::Db| Ok(db.load(load)?.state);
        assert_eq!(
            station.app.store.with(state).await.unwrap(),
            LoadState::Waiting
        );
        browser
            .fill("#override-1 textarea", "柜体故障，经值班主任批准人工处理")
            .await;
        browser.click("#override-1 input[type=checkbox]").await;
        let refused = [
            (USER, PASSWORD, "须由另一位同事签字"),
            ("li", "not his password", "第二人的用户名或密码不正确"),
        ];
        for (approver, password, said) in refused {
            browser.fill("#override-1 [name=approver]", approver).await;
            browser
                .fill("#override-1 [name=approver_password]", password)
                .await;
            browser.click("#override-1 button.danger").await;
            let says = format!(
                "document.querySelector('#override-1 [data-say]').textContent.includes('{said}')"
            );
            browser.until(said, &says).await;
            assert_eq!(
                station.app.store.with(state).await.unwrap(),
                LoadState::Waiting
            );
        }
        browser
            .fill("#override-1 [name=approver_password]", PASSWORD)
            .await;
        browser.picture("override-signed-zh").await;
        browser.click("#override-1 button.danger").await;
        browser
            .until(
                "the override",
                "document.querySelector('#batch-1 .overridden')",
            )
            .await;
        assert_eq!(
            station.app.store.with(state).await.unwrap(),
            LoadState::Overridden
        );
        let text = browser.text("#batch-1").await;
        assert!(
            text.contains(&format!("{USER}、li（两人签字）")) && text.contains("值班主任批准"),
            "{text}"
        );
        browser.click("[data-open='close-1']").await;
        browser.click("#close-1 button.primary").await;
        let closed = |db: &mut laixin::store::Db| Ok(db.batch(1)?.closed.is_some());
        assert!(
            !station.app.store.with(closed).await.unwrap(),
            "closed out of balance without a note"
        );
        browser
            .ask("document.querySelector('#close-1 select').value = 'empty_envelope';")
            .await;
        browser
            .fill("#close-1 textarea", "三封均为空信封，已单独登记")
            .await;
        browser.click("#close-1 button.primary").await;
        browser
            .until("closed", "document.querySelector('#batch-1.done')")
            .await;
        assert!(station.app.store.with(closed).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cabinet_is_seen_live_and_silence_does_not_look_like_off() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/cabinets/cabinet-1")).await;
        browser.until("idle", "document.querySelector('#step').dataset.step === 'idle'").await;
        pictures(&browser, &station, "/cabinets/cabinet-1", "cabinet-idle").await;
        browser.ask("window.sameDocument = true;").await;
        station.cabinet.send(irradiating(4.2, 37.8)).unwrap();
        let uv = "document.querySelector('[data-point=irradiance_mw_cm2] .number').textContent";
        browser.until("the first reading", &format!("{uv} === '4.200 mW/cm²'")).await;
        pictures_in_place(&browser, "cabinet-running-zh").await;
        station.cabinet.send(irradiating(4.7, 61.3)).unwrap();
        browser.until("the next reading", &format!("{uv} === '4.700 mW/cm²'")).await;
        browser.until("the dose", "document.querySelector('#dose').textContent.startsWith('61.3 ')").await;
        assert_eq!(browser.ask("return window.sameDocument;").await, json!(true), "the page was not left");
        assert_eq!(lamp(&browser).await, json!(["lamp on", "亮"]));
        station.cabinet.send(idle()).unwrap();
        browser.until("out", "document.querySelector('.part.lamp.off')").await;
        assert_eq!(lamp(&browser).await, json!(["lamp off", "灭"]));
        station.cabinet.send(silent()).unwrap();
        browser.until("no link", "document.querySelector('.link.down')").await;
        assert_eq!(lamp(&browser).await, json!(["lamp unknown", "无读数"]));
        let values = "return [...document.querySelectorAll('.readings .number')].slice(1).map((cell) => cell.textContent);";
        let shown = browser.ask(values).await;
        assert!(shown.as_array().unwrap().iter().all(|value| value == "无读数"), "{shown}");
        pictures(&browser, &station, "/cabinets/cabinet-1", "cabinet-not-connected").await;
        let mut failed = silent();
        failed.connected = true;
        failed.points = idle().points;
        failed.step = "quarantined".into();
        failed.cycle = irradiating(4.0, 12.0).cycle;
        failed.cycle.as_mut().unwrap().failed = Some("door_open".into());
        station.cabinet.send(failed).unwrap();
        browser.until("the fault", "document.querySelector('.fault')").await;
        let fault = browser.text(".fault").await;
        assert!(fault.contains("柜门未关") && fault.contains("关好柜门"), "{fault}");
        pictures(&browser, &station, "/cabinets/cabinet-1", "cabinet-fault").await;
    })
    .await;
}

async fn pictures_in_place(browser: &Browser, name: &str) {
    browser.picture(name).await;
}

async fn lamp(browser: &Browser) -> serde_json::Value {
    browser
        .ask("const part = document.querySelector('.part.lamp'); return [part.className.replace('part ', ''), part.querySelector('b').textContent];")
        .await
}

/// Where the lit box is on the screen and where it should be: the image's place plus the quad times the zoom.
const GEOMETRY: &str = "
    const image = document.getElementById('image'), frame = image.getBoundingClientRect();
    const lit = document.querySelector('#boxes polygon.lit');
    const box = lit.getBoundingClientRect(), table = document.getElementById('table').getBoundingClientRect();
    const zoom = frame.width / image.naturalWidth;
    const corners = lit.getAttribute('points').split(' ').map((pair) => pair.split(',').map(Number));
    const xs = corners.map((c) => c[0]), ys = corners.map((c) => c[1]);
    return {
        corners, zoom, naturalWidth: image.naturalWidth,
        off: [box.left - frame.left - Math.min(...xs) * zoom, box.top - frame.top - Math.min(...ys) * zoom,
            box.width - (Math.max(...xs) - Math.min(...xs)) * zoom, box.height - (Math.max(...ys) - Math.min(...ys)) * zoom],
        inView: box.top >= table.top && box.bottom <= table.bottom && Math.max(box.left, table.left) < Math.min(box.right, table.right),
        page: document.querySelector('#tabs [aria-selected=true]').dataset.page,
    };";

async fn assert_lit(browser: &Browser, field: &laixin::domain::field::Field, slack_px: f64) {
    let page = field.page.expect("it was seen on a page");
    let lit = format!(
        "document.querySelector('#boxes polygon.lit') && !document.querySelector('.paper.loading') && \
         document.querySelector('#tabs [aria-selected=true]').dataset.page === '{page}'"
    );
    browser.until("a lit box", &lit).await;
    let seen = browser.ask(GEOMETRY).await;
    let quad = field.quad.expect("it has a place");
    for (corner, told) in quad.iter().zip(seen["corners"].as_array().unwrap()) {
        for (want, got) in corner.iter().zip(told.as_array().unwrap()) {
            assert!(
                (f64::from(*want) - got.as_f64().unwrap()).abs() < 0.06,
                "{seen}"
            );
        }
    }
    for off in seen["off"].as_array().unwrap() {
        assert!(off.as_f64().unwrap().abs() <= slack_px, "{seen}");
    }
    assert_eq!(seen["inView"], json!(true), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn choosing_a_field_lights_its_box_and_a_correction_is_kept() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Registered, 4).await;
        station
            .letter("A001", |draft| {
                let name = &mut draft["fields"]["sender_name"];
                name["accepted"] = json!(false);
                name["confidence"] = json!(0.71);
                name["alternatives"] =
                    json!([{"value": "陆思宇", "confidence": 0.22, "why_not": "信封写法"}]);
                let place = name["quad"].clone();
                draft["fields"]["flags"]["threat"] = json!({"value": true, "page": 1, "quad": place,
                    "quote": "实在逼急了，我就和他们同归于尽，谁也别想好过。"});
            })
            .await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A001")).await;
        // The first field that wants a look has the focus, and its place is lit.
        browser
            .until("the unsure field", "document.activeElement.id === 'v-sender_name' && document.querySelector('.field.chosen')")
            .await;
        let before = station.draft("A001").await;
        assert_lit(&browser, &before.fields.sender_name, 4.5).await;
        let flags = browser.text(".flags").await;
        assert!(flags.contains("扬言") && flags.contains("同归于尽"), "{flags}");
        pictures(&browser, &station, "/letters/A001", "letter").await;
        assert_lit(&browser, &before.fields.sender_name, 4.5).await;
        for _ in 0..3 {
            browser.click("[data-zoom=in]").await;
        }
        browser.click("#f-address label").await;
        assert_lit(&browser, &before.fields.address, 4.5).await;
        let why = browser.text("#s-address").await;
        assert!(why.starts_with("信末地址 · 依据 7.4.2.3/1 · 第 "), "{why}");

        browser.fill("#v-sender_name", "陆思羽").await;
        browser.press(ESCAPE).await;
        browser.until("taken back", "document.querySelector('#v-sender_name').value === '陆思雨'").await;
        browser.fill("#v-sender_name", "陆思羽").await;
        browser.press(ENTER).await;
        browser.until("corrected", "document.querySelector('#f-sender_name.corrected')").await;
        let after = station.draft("A001").await;
        assert_eq!(after.fields.sender_name.value.as_deref(), Some("陆思羽"));
        assert_eq!(after.fields.sender_name.source, Source::Officer);

        browser.until("nothing else wants a look", "document.activeElement.id === 'confirm'").await;
        browser.press(ENTER).await;
        browser.until("confirmed", "document.querySelector('.letter-foot .allgood')").await;
        let confirmed = station.draft("A001").await.confirmed.expect("it is confirmed");
        assert_eq!(confirmed.by, USER);
        let stage = station.app.store.with(|db| Ok(db.letter_row("A001")?.stage));
        assert_eq!(stage.await.unwrap(), Stage::Confirmed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_on_one_letter_lose_nothing_they_typed() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("S006", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8幢").await;
        correct_elsewhere(&station, "S006", "address", "苏州市虎丘区彩虹新村9幢").await;
        browser.press(ENTER).await;
        let say = "document.querySelector('#f-address [data-say]').textContent";
        browser
            .until(
                "the conflict in words",
                &format!("{say}.includes('刚被别人改过')"),
            )
            .await;
        assert_eq!(
            browser
                .ask("return document.querySelector('#v-address').value;")
                .await,
            json!("苏州市虎丘区彩虹新村8幢")
        );
        assert!(
            browser
                .ask(&format!("return {say};"))
                .await
                .as_str()
                .unwrap()
                .contains("9幢")
        );
        browser.picture("letter-conflict-zh").await;
        browser.press(ENTER).await;
        browser
            .until(
                "saved",
                "document.querySelector('#f-address.corrected:not(.typed)')",
            )
            .await;
        let kept = station.draft("S006").await.fields.address.value;
        assert_eq!(kept.as_deref(), Some("苏州市虎丘区彩虹新村8幢"));
        // Another field changed by somebody else is no conflict.
        browser.fill("#v-sender_name", "司马志刚").await;
        correct_elsewhere(&station, "S006", "letter_date", "2024-01-30").await;
        browser.press(ENTER).await;
        browser
            .until(
                "saved",
                "document.querySelector('#f-sender_name.corrected')",
            )
            .await;
        let draft = station.draft("S006").await;
        assert_eq!(draft.fields.sender_name.value.as_deref(), Some("司马志刚"));
        assert_eq!(
            draft.fields.letter_date.value.as_deref(),
            Some("2024-01-30")
        );
    })
    .await;
}

/// Somebody else corrects a field; no event tells this page.
async fn correct_elsewhere(station: &Station, letter: &'static str, field: &str, value: &str) {
    let corrections = serde_json::from_value(json!({field: {"value": value}})).unwrap();
    let offer = station.app.settings.handoff.offer;
    let corrected = station.app.store.with(move |db| {
        let version = db.letter_row(letter)?.version;
        db.correct(letter, version, &corrections, ("李强", offer))
    });
    corrected.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_is_told_and_what_was_typed_stays() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("S006", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S006")).await;
        browser.fill("#v-address", "苏州市虎丘区彩虹新村8幢").await;
        browser.ask("window.realFetch = window.fetch; window.fetch = () => Promise.reject(new TypeError('no link'));").await;
        browser.press(ENTER).await;
        browser
            .until("told", "document.querySelector('#f-address [data-say]').textContent.includes('您输入的内容仍在')")
            .await;
        assert_eq!(
            browser.ask("return document.querySelector('#v-address').value;").await,
            json!("苏州市虎丘区彩虹新村8幢")
        );
        browser.ask("window.fetch = window.realFetch;").await;
        browser.press(ENTER).await;
        browser.until("saved", "document.querySelector('#f-address.corrected:not(.typed)')").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_letter_says_is_text_and_is_never_run() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        let evil = "\"><img src=x onerror=\"window.ran=1\"><script>window.ran=1</script>";
        station
            .letter("S006", |draft| {
                let fields = &mut draft["fields"];
                fields["sender_name"]["value"] = json!(evil);
                fields["sender_name"]["raw"] = json!([evil]);
                fields["sender_name"]["alternatives"] =
                    json!([{"value": evil, "confidence": 0.1, "why_not": evil}]);
                fields["summary"] = json!(evil);
                fields["flags"]["threat"] = json!({"value": true, "quote": evil, "page": 1, "quad": null});
                draft["notes"] = json!([evil]);
            })
            .await;
        sign_in(&browser, &station).await;
        for path in ["/letters/S006", "/letters", "/today"] {
            browser.open(&station.page(path)).await;
            browser.until("its text", "document.body.innerHTML.includes('onerror')").await;
            assert_eq!(browser.ask("return window.ran === undefined;").await, json!(true), "{path}");
            let inside = "return document.querySelectorAll('main script, main img:not(#image)').length;";
            assert_eq!(browser.ask(inside).await, json!(0), "{path}");
        }
        // Even what got into a page would not run.
        browser
            .ask("const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);")
            .await;
        assert_eq!(browser.ask("return window.ran === undefined;").await, json!(true));
        let policy = "return fetch('/letters').then((page) => page.headers.get('content-security-policy'));";
        let policy = browser.ask(policy).await;
        assert!(policy.as_str().unwrap().starts_with("default-src 'self';"), "{policy}");
    })
    .await;
}

const PAGES: [&str; 6] = [
    "/today",
    "/batches",
    "/cabinets/cabinet-1",
    "/letters",
    "/letters/A002",
    "/letters/A032",
];
const ADMINISTRATORS_PAGES: [&str; 3] = ["/today", "/maintenance", "/check"];

/// Chinese text of a page, but for what people and letters wrote and the switch to Chinese itself.
const HAN: &str = "
    const own = 'pre, #again, .signatories, input, textarea, option, select, .user, .station, [lang=zh], td:nth-child(2), td:nth-child(3), td:last-child, .why, .alternatives, .more dd, .quote, .part-own, .batch header .small';
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walk.nextNode()) {
        const node = walk.currentNode;
        if (/[\\u4e00-\\u9fff]/.test(node.data) && !node.parentElement.closest(own)) found.push(node.data.trim());
    }
    for (const one of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
        for (const name of ['title', 'aria-label', 'placeholder']) {
            const text = one.getAttribute(name) || '';
            if (/[\\u4e00-\\u9fff]/.test(text) && !one.closest(own)) found.push(text);
        }
    }
    return found;";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_in_both_languages_and_fits_the_screen() {
    with_browser(|browser| async move {
        let station = Arc::new(Station::start().await);
        station.open_batch(Carrier::Registered, 4).await;
        station.letter("A002", |_| {}).await;
        station.letter("A032", |_| {}).await;
        station.letter("S006", |_| {}).await;
        station.held("A007_p1.jpg", "truncated").await;
        station.app.readiness.ready("store");
        station.app.readiness.not_ready("scanner/scanner-1", "folder_unreadable", "/srv/scans");
        assert!(station.folder().exists());
        station.add_person(ADMINISTRATOR, laixin::store::Role::Administrator).await;
        sign_in(&browser, &station).await;
        for (at, path) in PAGES.into_iter().chain(ADMINISTRATORS_PAGES).enumerate() {
            if at == PAGES.len() {
                trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
            }
            browser.open(&station.page(&format!("/language/en?to={path}"))).await;
            let han = browser.ask(HAN).await;
            assert_eq!(han, json!([]), "untranslated on {path}");
            let keys = "return document.body.innerText.match(/\\b(app|nav|today|batches|cabinet|letters?|field|step)\\.[a-z_]+/g);";
            assert_eq!(browser.ask(keys).await, json!(null), "a key shows on {path}");
            let wide = "return document.documentElement.scrollWidth > innerWidth;";
            assert_eq!(browser.ask(wide).await, json!(false), "{path} is wider than the screen");
            let name = path.trim_start_matches('/').replace('/', "-");
            pictures(&browser, &station, path, &name).await;
            browser.open(&station.page(&format!("/language/zh?to={path}"))).await;
            assert_eq!(browser.ask("return document.documentElement.lang;").await, json!("zh-CN"));
            assert_eq!(browser.ask(wide).await, json!(false), "{path} is wider than the screen");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_appear_as_they_arrive_without_reloading() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters")).await;
        browser.ask("window.sameDocument = true;").await;
        station.letter("A001", |_| {}).await;
        station.app.events.tell(laixin::events::Event::Letter {
            letter: "A001".into(),
            what: "drafted".into(),
        });
        browser
            .until("the letter", "document.querySelector('#row-A001')")
            .await;
        assert_eq!(
            browser.ask("return window.sameDocument;").await,
            json!(true)
        );
        let row = browser.text("#row-A001").await;
        assert!(row.contains("陆思雨") && row.contains("待核对"), "{row}");
    })
    .await;
}

/// Thirty days of a lamp that ages, and a cable with a loose plug.
fn device_history() -> Vec<laixin::store::HealthRow> {
    let now = laixin::clock::now().0;
    let row = |days_ago: i64, point: &str, value: f64, limit: Option<f64>| {
        let state = limit.map_or("good", |limit| {
            laixin::health::devices::judged(point, value, Some(limit)).code()
        });
        laixin::store::HealthRow {
            at: laixin::clock::Millis(now - days_ago * 86_400_000),
            device: "cabinet-1".into(),
            point: point.into(),
            value: Some(value),
            limit,
            state: state.into(),
            code: None,
            detail: None,
        }
    };
    let mut rows = Vec::new();
    for ago in (0..30).rev() {
        let day = (30 - ago) as f64;
        let scatter = (day * 0.618).fract() * 0.3;
        rows.push(row(
            ago,
            "irradiance_mw_cm2",
            7.5 - 0.1 * day + scatter,
            Some(3.0),
        ));
        rows.push(row(ago, "lamp_hours_h", 8_300.0 + 9.5 * day, Some(9_000.0)));
        rows.push(row(
            ago,
            "lamp_strikes",
            4_100.0 + 12.0 * day,
            Some(10_000.0),
        ));
    }
    rows.push(row(0, "ozone_mg_m3", 0.012, Some(0.1)));
    rows.push(row(0, "lamp_temperature_c", 22.4, None));
    rows.push(row(0, "link_errors_percent", 4.2, Some(1.0)));
    rows.push(row(0, "link_round_trip_ms", 11.8, None));
    rows.push(row(0, "selftest_age_days", 2.4, Some(7.0)));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn the_devices_page_says_where_the_lamp_is_going_and_what_to_do() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        let rows = device_history();
        let logged = station.app.store.with(move |db| db.log_health(&rows));
        logged.await.unwrap();
        let mut view = idle();
        view.link = laixin::disinfect::LinkView {
            requests: 48_211,
            replies: 48_180,
            timeouts: 24,
            crc_errors: 7,
            drains: 31,
            reconnects: 31,
            last_problem: Some("reply_timed_out".into()),
            round_trip_p50_ms: Some(11.8),
            ..laixin::disinfect::LinkView::default()
        };
        station.cabinet.send(view).unwrap();
        station
            .add_person(ADMINISTRATOR, laixin::store::Role::Administrator)
            .await;
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        browser.open(&station.page("/maintenance")).await;
        browser.at("#device-cabinet-1").await;
        let text = browser.text("#device-cabinet-1").await;
        for said in [
            "紫外线强度",
            "到限",
            "请检查网线",
            "48211",
            "应答超时",
            "请订购灯管",
        ] {
            assert!(text.contains(said), "{said} is not in\n{text}");
        }
        let pictures =
            browser.ask("return document.querySelectorAll('svg.spark polyline').length;");
        assert_eq!(
            pictures.await,
            json!(3),
            "each point with a history has its picture"
        );
        let wide =
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth;";
        assert_eq!(
            browser.ask(wide).await,
            json!(true),
            "nothing is cut off at the side"
        );
        self::pictures(&browser, &station, "/maintenance", "maintenance").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_went_through_a_cycle_offers_its_certificate() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        let batch = station.open_batch(Carrier::Registered, 12).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/batches")).await;
        browser.at(&format!("#batch-{batch}")).await;
        let link = "return document.querySelector('a[href$=\"/certificate.pdf\"]').getAttribute('href');";
        assert_eq!(browser.ask(link).await, json!("/v1/cycles/C000001/certificate.pdf"));
        let fetched = browser
            .ask("return fetch('/v1/cycles/C000001/certificate.pdf').then((answer) => [answer.status, answer.headers.get('content-type')]);")
            .await;
        assert_eq!(fetched, json!([200, "application/pdf"]));
        self::pictures(&browser, &station, "/batches", "batches-certificate").await;
    })
    .await;
}
