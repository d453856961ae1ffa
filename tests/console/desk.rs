//! The review desk by geometry: what a person must see is inside the window, measured and not clicked, because a click
//! by WebDriver first scrolls to what no person could reach.

use laixin::domain::letter::Carrier;
use serde_json::{Value, json};

use super::browser::{Browser, with_browser};
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
