//! What holds on every page: nothing for axe-core to call serious, nothing wider than the screen, everything reachable by Tab.

use std::path::{Path, PathBuf};

use laixin::domain::letter::Carrier;
use laixin::store::Role;
use serde_json::{Value, json};

use super::browser::{Browser, with_browser};
use super::browser_station::{ADMINISTRATOR, Station, USER, irradiating};
use super::corrections::OUTSIDE;
use super::{sign_in, trust};

/// Every page that a confirming officer sees; a new route of the console has to come in here, or below.
pub(super) const PAGES: [&str; 26] = [
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
    "/batches/1/pages?letter=A001",
    "/boxes/1",
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

/// These pages in both languages.
async fn look_at(browser: &Browser, station: &Station, axe: &str, paths: &[&str]) {
    for path in paths {
        for language in ["en", "zh"] {
            browser
                .open(&station.page(&format!(
                    "/language/{language}?to={}",
                    path.replace('?', "%3F").replace('&', "%26")
                )))
                .await;
            browser
                .whole_picture(&format!(
                    "page{}-{language}",
                    path.replace(['/', '?', '='], "-")
                ))
                .await;
            assert_eq!(
                serious(browser, axe).await,
                json!([]),
                "{path} in {language}"
            );
            assert_eq!(
                browser.ask(TOO_WIDE).await,
                json!(false),
                "{path} in {language} is wider than the screen"
            );
            for (look, wrong) in [(UNREACHABLE, "not reached by Tab"), (OUTSIDE, "cut off")] {
                let found = browser.ask(look).await;
                assert_eq!(found, json!([]), "{wrong}: {path} in {language}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_serious_on_any_page() {
    with_browser(|browser| async move {
        let station = Station::keying_twice("\"sender_name\", \"phones\"").await;
        station.open_batch(Carrier::Express, 4).await;
        for letter in ["A001", "A032", "S008"] {
            station.letter(letter, |_| {}).await;
        }
        station.held("A007_p1.jpg", "truncated").await;
        let boxed = station
            .app
            .store
            .with(|db| db.make_box("2026-11 第1盒", "档案室三架", USER));
        boxed.await.expect("a box can be made");
        station.cabinet.send_replace(irradiating(4.2, 61.0));
        let axe = axe();
        look_at(&browser, &station, &axe, &["/"]).await;
        sign_in(&browser, &station).await;
        look_at(&browser, &station, &axe, &PAGES).await;
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
    })
    .await;
}

/// What only some roles see, what is refused, and the guided first day.
#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_serious_on_pages_of_other_roles_and_in_training() {
    with_browser(|browser| async move {
        let station = Station::training().await;
        for (name, role) in [
            (ADMINISTRATOR, Role::Administrator),
            ("审计", Role::Auditor),
            ("维护", Role::Maintenance),
            ("核准", Role::ConfirmingOfficer),
            ("操作", Role::Operator),
        ] {
            station.add_person(name, role).await;
        }
        station.open_batch(Carrier::Letter, 2).await;
        station.letter("A001", |_| {}).await;
        let accusing = |draft: &mut Value| {
            draft["fields"]["accused"] = json!([{"name": "王大明"}]);
        };
        station.letter("S009", accusing).await;
        let axe = axe();
        let of: [(&str, &[&str]); 5] = [
            (ADMINISTRATOR, &ADMINISTRATORS_PAGES),
            (
                "审计",
                &[
                    "/audit",
                    "/audit?letter=A001&looks=1",
                    "/myself",
                    "/letters",
                ],
            ),
            (
                "维护",
                &["/today", "/maintenance", "/check", "/letters/A001"],
            ),
            (
                "核准",
                &[
                    "/training",
                    "/today",
                    "/review",
                    "/letters/S009",
                    "/letters/S009/access",
                ],
            ),
            (
                "操作",
                &["/training", "/batches", "/letters/S009", "/search?q=A001"],
            ),
        ];
        for (name, paths) in of {
            trust::sign_in_as(&browser, &station, name).await;
            look_at(&browser, &station, &axe, paths).await;
        }
    })
    .await;
}

/// A page that nobody looks at here would be looked at by nobody.
#[test]
fn every_page_of_the_console_is_among_those_that_are_looked_at() {
    let routes = include_str!("../../src/console.rs")
        .split(".route(\"")
        .skip(1);
    let seen = include_str!("quality.rs");
    let elsewhere = [
        "/language/{language}",
        "/maintenance/{id}/log.csv",
        "/console/{version}/{name}",
    ];
    for route in routes.filter_map(|rest| Some(rest.split_once('"')?.0)) {
        let parts: Vec<&str> = route.split('/').collect();
        let is_it = |path: &str| {
            let path = path.split('?').next().unwrap_or_default();
            let of: Vec<&str> = path.split('/').collect();
            let fits =
                |(part, of): (&&str, &&str)| part == of || part.starts_with('{') && !of.is_empty();
            of.len() == parts.len() && parts.iter().zip(&of).all(fits)
        };
        let is_seen = seen
            .split('"')
            .any(|text| text.starts_with('/') && is_it(text));
        assert!(is_seen || elsewhere.contains(&route), "{route}");
    }
}
