//! What holds on every page: nothing for axe-core to call serious, nothing wider than the screen, everything reachable by Tab.

use std::path::{Path, PathBuf};

use laixin::domain::letter::Carrier;
use laixin::store::Role;
use serde_json::{Value, json};

use super::browser::{Browser, with_browser};
use super::browser_station::{ADMINISTRATOR, Station, irradiating};
use super::{sign_in, trust};

/// Every page that a confirming officer sees; a new route of the console has to come in here, or below.
pub(super) const PAGES: [&str; 24] = [
    "/",
    "/today",
    "/batches",
    "/cabinets/cabinet-1",
    "/review",
    "/letters",
    "/letters/A001",
    "/letters/A032",
    "/letters/A001/keeping",
    "/letters/A001/access",
    "/letters/A032/beside?letter=A001",
    "/letters/A001/entry",
    "/letters/A001/visitor",
    "/visitor",
    "/letters/NONE",
    "/boxes",
    "/held",
    "/outbox",
    "/statistics",
    "/myself",
    "/letters?stage=drafted",
    "/search?q=A",
    "/batches?before=1",
    "/batches/1/pages",
];

/// Those of an administrator.
pub(super) const ADMINISTRATORS_PAGES: [&str; 7] = [
    "/today",
    "/maintenance",
    "/maintenance/cabinet-1",
    "/check",
    "/accounts",
    "/settings",
    "/letters/A001",
];

/// axe-core, as the package brings it (setup/python-test.txt).
fn axe() -> String {
    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join(".setup/venv-test/lib");
    let versions = std::fs::read_dir(&libraries).expect("make setup has been run");
    let script = |folder: PathBuf| folder.join("site-packages/axe_playwright_python/axe.min.js");
    let found = versions
        .map(|folder| script(folder.expect("a folder").path()))
        .find(|file| file.exists());
    std::fs::read_to_string(found.expect("axe-core is installed: setup/setup.sh test"))
        .expect("it is text")
}

/// What axe-core finds serious or critical, with the elements.
async fn serious(browser: &Browser, axe: &str) -> Value {
    let look = format!(
        "{axe}; return axe.run(document, {{resultTypes: ['violations']}}).then((told) => told.violations
            .filter((one) => ['serious', 'critical'].includes(one.impact))
            .map((one) => [one.id, one.nodes.slice(0, 5).map((node) => node.target.join(' '))]));"
    );
    browser.ask(&look).await
}

pub(super) const TOO_WIDE: &str =
    "return document.documentElement.scrollWidth > document.documentElement.clientWidth;";

/// Buttons, links and fields that Tab does not come to, though they can be seen and used.
const UNREACHABLE: &str = "
    const usable = [...document.querySelectorAll('a[href], button, input, select, textarea')].filter((one) =>
        !one.disabled && one.type !== 'hidden' && one.checkVisibility() && !one.closest('dialog:not([open])'));
    return usable.filter((one) => one.tabIndex < 0 && !('take' in one.dataset) && one.getAttribute('role') !== 'tab').map((one) => one.outerHTML.slice(0, 90));";

async fn is_good(browser: &Browser, station: &Station, axe: &str, path: &str) {
    for language in ["en", "zh"] {
        let to = path.replace('?', "%3F");
        browser
            .open(&station.page(&format!("/language/{language}?to={to}")))
            .await;
        let found = serious(browser, axe).await;
        assert_eq!(found, json!([]), "{path} in {language}");
        assert_eq!(
            browser.ask(TOO_WIDE).await,
            json!(false),
            "{path} in {language} is wider than the screen"
        );
        assert_eq!(
            browser.ask(UNREACHABLE).await,
            json!([]),
            "{path} in {language}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_serious_on_any_page() {
    with_browser(|browser| async move {
        let station = Station::keying_twice("\"sender_name\", \"phones\"").await;
        station.add_person("审计", Role::Auditor).await;
        station.add_person(ADMINISTRATOR, Role::Administrator).await;
        station.open_batch(Carrier::Express, 4).await;
        for letter in ["A001", "A032", "S008"] {
            station.letter(letter, |_| {}).await;
        }
        station.held("A007_p1.jpg", "truncated").await;
        station.cabinet.send_replace(irradiating(4.2, 61.0));
        let axe = axe();
        browser.open(&station.page("/")).await;
        assert_eq!(serious(&browser, &axe).await, json!([]), "signing in");
        sign_in(&browser, &station).await;
        for path in PAGES {
            is_good(&browser, &station, &axe, path).await;
        }
        for sheet in ["keys", "rule"] {
            browser.open(&station.page("/letters/A032")).await;
            browser
                .ask(&format!("document.getElementById('{sheet}').showModal();"))
                .await;
            assert_eq!(
                serious(&browser, &axe).await,
                json!([]),
                "the sheet of {sheet}"
            );
        }
        trust::sign_in_as(&browser, &station, ADMINISTRATOR).await;
        for path in ADMINISTRATORS_PAGES {
            is_good(&browser, &station, &axe, path).await;
        }
        trust::sign_in_as(&browser, &station, "审计").await;
        browser.open(&station.page("/audit?letter=A001")).await;
        assert_eq!(serious(&browser, &axe).await, json!([]), "the audit");
    })
    .await;
}
