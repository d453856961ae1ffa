//! High contrast: what colours say is said by lines and by the system's highlight, and drawings can be read.

use laixin::domain::letter::Carrier;
use serde_json::json;

use super::browser::with_browser;
use super::browser_station::{Station, irradiating};
use super::sign_in;

/// Texts in drawings that do not stand out from the ground, and bars that cannot be told from theirs.
const UNREADABLE: &str = "
    const numbers = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);
    const light = (colour) => numbers(colour).map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((all, part, at) => all + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
    const ground = (one) => {
        for (let at = one; at; at = at.parentElement) { const { backgroundColor } = getComputedStyle(at); if (!/, 0\\)$|transparent/.test(backgroundColor)) return backgroundColor; }
        return 'rgb(0, 0, 0)';
    };
    return [...document.querySelectorAll('main svg text')].filter((one) => one.checkVisibility())
        .filter((one) => ratio(getComputedStyle(one).fill, ground(one.closest('svg'))) < 4.5).map((one) => one.textContent);";

#[tokio::test(flavor = "multi_thread")]
async fn in_high_contrast_nothing_is_said_by_a_tint_alone() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 3).await;
        for letter in ["A001", "S008"] {
            station
                .letter(letter, |draft| {
                    draft["fields"]["address"]["accepted"] = json!(false);
                })
                .await;
        }
        station.held("A007_p1.jpg", "truncated").await;
        let history = station.app.store.with(|db| db.note_health(&super::device_history()));
        history.await.expect("it is kept");
        station.cabinet.send_replace(irradiating(4.2, 61.0));
        sign_in(&browser, &station).await;
        browser.in_high_contrast().await;
        for path in [
            "/today",
            "/batches",
            "/cabinets/cabinet-1",
            "/review",
            "/letters/A001",
            "/batches/1/pages",
            "/letters",
            "/maintenance",
            "/maintenance/cabinet-1",
            "/statistics",
            "/settings",
        ] {
            browser.open(&station.page(path)).await;
            let active = "return matchMedia('(forced-colors: active)').matches;";
            assert_eq!(browser.ask(active).await, json!(true), "{path}");
            let here = "const [here, other] = [document.querySelector('nav [aria-current=page]'), document.querySelector('nav [aria-current=false]')];
                return !here || getComputedStyle(here).borderBottomColor !== getComputedStyle(other).borderBottomColor;";
            assert_eq!(browser.ask(here).await, json!(true), "{path}: where one is");
            assert_eq!(browser.ask(UNREADABLE).await, json!([]), "{path}");
            browser.picture(&format!("contrast{}-zh", path.replace('/', "-"))).await;
        }
        browser.open(&station.page("/letters/A001")).await;
        browser.until("the field", "document.querySelector('.field.chosen')").await;
        let told_apart = "
            const of = (selector) => getComputedStyle(document.querySelector(selector));
            return [of('.field.chosen').outlineStyle !== 'none', of('.field.check').borderLeftColor !== of('.field.accepted').borderLeftColor,
                of('.tabs [aria-selected=true]').backgroundColor !== of('.tabs [aria-selected=false]').backgroundColor];";
        assert_eq!(browser.ask(told_apart).await, json!([true, true, true]));
    })
    .await;
}
