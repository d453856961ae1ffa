//! The review desk by geometry: what a person must see is inside the window, measured and not clicked, because a click
//! by WebDriver first scrolls to what no person could reach.

use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::events::Event;
use laixin::store::Reading;
use serde_json::{Value, json};

use super::browser::{ALT, Browser, with_browser};
use super::browser_station::Station;
use super::{pictures, sign_in};

/// Windows of offices: a small laptop, the usual one, a large screen.
const SIZES: [(u32, u32); 3] = [(1024, 700), (1366, 768), (1920, 1080)];
const LETTERS: [&str; 5] = ["A001", "A032", "S002", "S003", "S008"];

/// After the next picture is drawn: rectangles as left, top, right, bottom, and what lies at the middle of each.
const MEASURE: &str = "
    const rect = (one) => { const r = one.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
    const middle = (one) => { const r = one.getBoundingClientRect(); return document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2); };
    const uncovered = (one, whole) => { const at = middle(one); return at !== null && (whole || one).contains(at); };
    const measure = () => {
        const table = document.getElementById('table'), confirm = document.getElementById('confirm');
        const lit = document.querySelector('#boxes polygon.lit'), chosen = document.querySelector('.field.chosen');
        const image = document.getElementById('image');
        const inner = table.getBoundingClientRect();
        return {
            window: [0, 0, innerWidth, innerHeight],
            viewer: [inner.left, inner.top, inner.left + table.clientWidth, inner.top + table.clientHeight],
            lit: lit && rect(lit), litFree: lit && uncovered(lit, table),
            confirm: confirm && rect(confirm), confirmFree: confirm && uncovered(confirm),
            snippetFree: [...document.querySelectorAll('.field.chosen canvas.snippet:not([hidden])')].every((one) => {
                const r = one.getBoundingClientRect();
                return document.elementFromPoint((r.left + r.right) / 2, r.top + 2) === one;
            }),
            allShown: [...document.querySelectorAll('#v-address')].every((one) => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight + 2),
            chosen: chosen && rect(chosen.querySelector('input, select, textarea')), chosenFree: chosen && uncovered(chosen.querySelector('input, select, textarea')),
            image: rect(image), scrolled: table.scrollTop, zoom: document.getElementById('zoom-now').textContent,
        };
    };
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(measure()))));";

fn inside(inner: &Value, outer: &Value) -> bool {
    let side = |rect: &Value, at: usize| rect[at].as_f64().expect("a side");
    // Half a pixel: the browser rounds.
    (0..2).all(|at| side(inner, at) >= side(outer, at) - 0.5)
        && (2..4).all(|at| side(inner, at) <= side(outer, at) + 0.5)
}

/// Nothing that a person needs is outside the window or below something else.
fn assert_desk(seen: &Value, what: &str) {
    assert!(
        inside(&seen["viewer"], &seen["window"]),
        "viewer: {what} {seen}"
    );
    assert_eq!(
        seen["snippetFree"],
        json!(true),
        "snippet covered: {what} {seen}"
    );
    assert_eq!(
        seen["allShown"],
        json!(true),
        "part of the address is out of sight: {what} {seen}"
    );
    for part in ["confirm", "chosen"] {
        assert!(
            inside(&seen[part], &seen["window"]),
            "{part}: {what} {seen}"
        );
        assert_eq!(
            seen[format!("{part}Free")],
            json!(true),
            "{part} covered: {what} {seen}"
        );
    }
}

async fn shown(browser: &Browser, what: &str) {
    browser
        .until(what, "document.getElementById('image').complete && !document.querySelector('.paper.loading')")
        .await;
}

/// Chooses a field as a click on it does, and measures what is then to be seen.
async fn choose(browser: &Browser, key: &str) -> Value {
    let key = Value::from(key);
    browser
        .ask(&format!(
            "const value = document.getElementById('v-' + {key}); value.focus(); value.click();"
        ))
        .await;
    let lit = format!(
        "(() => {{ const field = document.getElementById('f-' + {key}), lit = document.querySelector('#boxes polygon.lit'); \
         return field.classList.contains('chosen') && lit && lit.getAttribute('points') === field.dataset.quad && \
         document.querySelector('#tabs [aria-selected=true]').dataset.page === field.dataset.page; }})()"
    );
    browser.until("its lit box", &lit).await;
    shown(browser, "its page").await;
    browser.ask(MEASURE).await
}

async fn keys(browser: &Browser) -> Vec<String> {
    let keys = "return [...document.querySelectorAll('#fields .field')].filter((field) => field.dataset.quad).map((field) => field.dataset.key);";
    let keys = browser.ask(keys).await;
    serde_json::from_value(keys).expect("names of fields")
}

async fn desk() -> Station {
    let station = Station::start().await;
    station.open_batch(Carrier::Letter, 5).await;
    for id in LETTERS {
        station.letter(id, |_| {}).await;
    }
    station
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_lights_its_place_inside_the_window() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        let mut measured = 0;
        for size in SIZES {
            browser.window(size).await;
            for id in LETTERS {
                browser.open(&station.page(&format!("/letters/{id}"))).await;
                shown(&browser, "the first page").await;
                let places = keys(&browser).await;
                for zoomed in ["width", "in"] {
                    browser
                        .ask(&format!(
                            "document.querySelector('[data-zoom={zoomed}]').click();"
                        ))
                        .await;
                    for key in &places {
                        let what = format!("{id} {key} at {size:?}, {zoomed}");
                        let seen = choose(&browser, key).await;
                        assert_desk(&seen, &what);
                        assert!(
                            inside(&seen["lit"], &seen["window"]) || zoomed == "in",
                            "{what} {seen}"
                        );
                        let beginning = json!([
                            seen["lit"][0],
                            seen["lit"][1],
                            seen["lit"][0],
                            seen["lit"][3]
                        ]);
                        let wanted = if zoomed == "in" {
                            &beginning
                        } else {
                            &seen["lit"]
                        };
                        assert!(inside(wanted, &seen["viewer"]), "{what} {seen}");
                        assert_eq!(seen["litFree"], json!(true), "{what} {seen}");
                        measured += 1;
                    }
                }
            }
        }
        assert!(
            measured >= 3 * 2 * 5 * 4,
            "only {measured} places were measured"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_page_fits_and_the_wheel_scrolls_and_zooms() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        for size in SIZES {
            browser.window(size).await;
            pictures(
                &browser,
                &station,
                "/letters/S008",
                &format!("desk-{}", size.0),
            )
            .await;
            browser.open(&station.page("/letters/S008")).await;
            shown(&browser, "the first page").await;
            let top = choose(&browser, "addressee").await;
            browser.wheel("#table", 240, "").await;
            let moved = "document.getElementById('table').scrollTop";
            browser
                .until(
                    "scrolled by the wheel",
                    &format!("{moved} > {}", top["scrolled"]),
                )
                .await;
            let back = choose(&browser, "addressee").await;
            assert_eq!(
                back["scrolled"], top["scrolled"],
                "chosen again, it is shown again: {size:?}"
            );
            let before = back["zoom"].clone();
            browser.wheel("#table", -120, "\u{e009}").await;
            browser
                .until(
                    "zoomed by Ctrl and the wheel",
                    &format!("document.getElementById('zoom-now').textContent !== {before}"),
                )
                .await;
            browser
                .ask("document.querySelector('[data-zoom=page]').click();")
                .await;
            let whole = browser.ask(MEASURE).await;
            assert!(
                inside(&whole["image"], &whole["viewer"]),
                "{size:?} {whole}"
            );
            assert_desk(&whole, &format!("whole page at {size:?}"));
            let height = |rect: &Value| rect[3].as_f64().unwrap() - rect[1].as_f64().unwrap();
            let width = |rect: &Value| rect[2].as_f64().unwrap() - rect[0].as_f64().unwrap();
            let (image, viewer) = (&whole["image"], &whole["viewer"]);
            let fills = (height(image) / height(viewer)).max(width(image) / width(viewer));
            assert!(
                fills > 0.9,
                "the whole page uses the room there is: {size:?} {whole}"
            );
        }
    })
    .await;
}

/// Whether the lit box is inside the window, and where the image's longer side lies.
const LIT: &str = "
    const box = document.querySelector('#boxes polygon.lit').getBoundingClientRect(), table = document.getElementById('table').getBoundingClientRect();
    const image = document.getElementById('image').getBoundingClientRect();
    return [box.top >= table.top && box.bottom <= table.bottom && box.left >= image.left - 4 && box.right <= image.right + 4
        && box.top >= image.top - 4 && box.bottom <= image.bottom + 4, image.width > image.height];";

#[tokio::test(flavor = "multi_thread")]
async fn the_view_is_turned_and_the_lit_place_turns_with_it() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S008")).await;
        shown(&browser, "the first page").await;
        let upright = choose(&browser, "addressee").await;
        for (turned, lies) in [("1", true), ("2", false), ("3", true), ("0", false)] {
            browser.press(&format!("{ALT}r")).await;
            let holds = format!("document.getElementById('paper').dataset.turned === '{turned}'");
            browser.until("turned", &holds).await;
            browser.ask("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));").await;
            assert_eq!(browser.ask(LIT).await, json!([true, lies]), "{turned} quarters");
            browser.picture(&format!("desk-turned-{turned}-zh")).await;
        }
        let again = browser.ask(MEASURE).await;
        assert_eq!(again["lit"], upright["lit"], "four quarters are none");
        // With the mouse, and kept while the letter lies on the desk.
        browser.click("[data-rotate]").await;
        browser.ask("window.laixinViewer.turn(1); window.laixinViewer.turn(-1);").await;
        browser.until("as it was turned", "document.getElementById('paper').dataset.turned === '1'").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_read_upside_down_is_shown_upright() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("A001", |_| {}).await;
        let read = station.app.store.with(|db| {
            while let Some(page) = db.begin_reading()? {
                let reading = Reading {
                    engine: "test".into(),
                    width: 2480,
                    height: 3507,
                    turned_deg: 180,
                    lines: Vec::new(),
                    seconds: 0.1,
                    blank: false,
                };
                db.finish_reading(page.id, &reading)?;
            }
            Ok(())
        });
        read.await.expect("it is kept");
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/A001")).await;
        shown(&browser, "the first page").await;
        browser
            .until(
                "upright",
                "document.getElementById('paper').dataset.turned === '2'",
            )
            .await;
        browser.open(&station.page("/batches/1/pages")).await;
        browser.at("#sheet-A001-1 [data-turn='2']").await;
        browser.open(&station.page("/letters/A001/visitor")).await;
        browser.at("figure[data-turned='2']").await;
        let turned = "const of = (one) => getComputedStyle(document.querySelector(`figure ${one}`)).transform; return [of('img') !== 'none', of('img') === of('svg')];";
        assert_eq!(browser.ask(turned).await, json!([true, true]), "the covers turn with the page");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_late_gets_its_tab_and_the_shown_page_stays() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 1).await;
        station.letter("S008", |_| {}).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S008")).await;
        shown(&browser, "the first page").await;
        browser.ask("window.laixinViewer.show('2');").await;
        shown(&browser, "the second page").await;
        let tabs = "document.querySelectorAll('#tabs [role=tab]').length";
        let before = browser.ask(&format!("return {tabs};")).await;
        let before = before.as_u64().expect("a number");
        let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S006_p1.jpg");
        let bytes = std::fs::read(image).expect("a sample");
        station.page_arrives("S008", "S008_p9.jpg", 9, PageKind::Letter, &bytes).await;
        let event = Event::Letter { letter: "S008".into(), what: "page_added".into() };
        station.app.events.tell(event);
        browser.until("its tab", &format!("{tabs} === {}", before + 1)).await;
        let chosen = "return [...document.querySelectorAll('#tabs [aria-selected=true]')].map((tab) => tab.dataset.page);";
        assert_eq!(browser.ask(chosen).await, json!(["2"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_shown_says_so_and_the_others_are_shown() {
    with_browser(|browser| async move {
        let station = desk().await;
        let first = station.app.store.with(|db| db.page_rows("S008")).await.unwrap();
        let name = first[0].sha256.clone();
        let lost = walk(&station.app.settings.evidence_dir(), &name);
        std::fs::remove_file(lost.expect("its original")).expect("it goes");
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters/S008")).await;
        browser.ask("window.laixinViewer.show('1');").await;
        browser.until("told", "!document.getElementById('image-failed').hidden").await;
        let told = browser.text("#image-failed").await;
        assert!(told.contains('页'), "{told}");
        browser.picture("letter-page-failed-zh").await;
        browser.ask("window.laixinViewer.show('2');").await;
        shown(&browser, "the second page").await;
        browser.until("shown", "document.getElementById('image-failed').hidden && document.getElementById('image').naturalWidth > 0").await;
    })
    .await;
}

/// The file of this name anywhere below a folder.
fn walk(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.find_map(|entry| match entry.path() {
        path if path.is_dir() => walk(&path, name),
        path => entry
            .file_name()
            .to_string_lossy()
            .contains(name)
            .then_some(path),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_does_not_push_the_confirm_button_out_of_the_window() {
    with_browser(|browser| async move {
        let station = desk().await;
        sign_in(&browser, &station).await;
        browser.window(SIZES[0]).await;
        browser.open(&station.page("/letters/A001")).await;
        shown(&browser, "the first page").await;
        browser.ask("window.fetch = () => Promise.reject(new TypeError('no link')); window.laixinRefresh();").await;
        browser.until("the warning", "!document.getElementById('lost').hidden").await;
        assert_desk(&browser.ask(MEASURE).await, "link lost");
    })
    .await;
}
