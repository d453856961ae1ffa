//! A whole day with the keyboard alone: a batch is signed in, disinfected, looked through, reviewed, closed, and so is the day.

use laixin::disinfect::Order;
use laixin::domain::letter::{Carrier, Stage};
use laixin::events::Event;
use laixin::store::{CycleOutcome, CycleTerms, SideExposure};

use super::browser::{Browser, DOWN, ENTER, with_browser};
use super::browser_station::{PASSWORD, Station, USER};

const LETTERS: [&str; 3] = ["A002", "S004", "S006"];

/// Over the bar on top to a page.
async fn go(browser: &Browser, page: &str) {
    let link = format!("nav a[href='{page}']");
    browser.tab_to(&link).await;
    browser.press(ENTER).await;
    browser
        .until(page, &format!("location.pathname === '{page}'"))
        .await;
}

/// What the cabinet does.
async fn disinfect(station: &mut Station) {
    let Some(Order::Start { load, answer, .. }) = station.orders.recv().await else {
        panic!("the cabinet is asked to start");
    };
    answer.send(Ok("C000001".into())).expect("the route waits");
    let released = station.app.store.with(move |db| {
        let terms = CycleTerms::measured("cabinet-1", &"0".repeat(64));
        let cycle = db.begin_cycle(load, &terms, USER)?;
        let exposures = vec![SideExposure {
            dose_mj_cm2: Some(104.2),
            lit_s: 21.0,
        }];
        let ended = CycleOutcome {
            failed: None,
            exposures,
            ventilation_s: 12.0,
        };
        db.end_cycle(cycle, &ended)
    });
    released.await.expect("it is released");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_worked_through_without_a_mouse() {
    with_browser(|browser| async move {
        let mut station = Station::start().await;
        browser.open(&station.page("/")).await;
        browser.tab_to("#user").await;
        browser.press(USER).await;
        browser.tab_to("#password").await;
        browser.press(PASSWORD).await;
        browser.press(ENTER).await;
        browser.until("signed in", "location.pathname === '/today'").await;

        go(&browser, "/batches").await;
        browser.tab_to("#count").await;
        browser.press("3").await;
        browser.press(ENTER).await;
        browser.at("#batch-1 .loads form").await;
        browser.tab_to("#batch-1 .loads form button.primary").await;
        browser.press(ENTER).await;
        browser.at("#batch-1 .loads .waiting").await;
        browser.tab_to("#batch-1 .loads .waiting button.primary").await;
        browser.press(ENTER).await;
        disinfect(&mut station).await;
        browser.until("the cabinet", "location.pathname === '/cabinets/cabinet-1'").await;

        for letter in LETTERS {
            station.letter(letter, |_| {}).await;
            station.app.events.tell(Event::Letter { letter: letter.into(), what: "drafted".into() });
        }
        go(&browser, "/batches").await;
        browser.tab_to("#batch-1 a[href='/batches/1/pages']").await;
        browser.press(ENTER).await;
        browser.at("#group-A002 .sheet").await;
        browser.press(DOWN).await;
        browser.until("a page", "document.activeElement.matches('[data-sheet]')").await;
        browser.press("r").await;
        browser.until("turned", "document.activeElement.dataset.keptTurn").await;

        go(&browser, "/review").await;
        browser.tab_to("#live-queue a.primary").await;
        browser.press(ENTER).await;
        for at in 1..=LETTERS.len() {
            browser.until("a letter", "document.getElementById('confirm') && document.getElementById('image').complete").await;
            // Longer than a key may bounce.
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            let here = browser.ask("return document.getElementById('live-form').dataset.letter;").await;
            for _ in 0..20 {
                let focus = browser.ask("return document.activeElement.id;").await;
                browser.press(ENTER).await;
                if focus == "confirm" {
                    break;
                }
            }
            let gone = match at == LETTERS.len() {
                true => "document.querySelector('.letter-foot .allgood')".to_owned(),
                false => format!("document.getElementById('live-form').dataset.letter !== {here}"),
            };
            browser.until("the next", &gone).await;
        }
        for letter in LETTERS {
            let stage = station.app.store.with(move |db| Ok(db.letter_row(letter)?.stage));
            assert_eq!(stage.await.unwrap(), Stage::Confirmed, "{letter}");
        }

        go(&browser, "/batches").await;
        browser.tab_to("[data-open='close-1']").await;
        browser.press(ENTER).await;
        browser.until("asked", "document.getElementById('close-1').open").await;
        browser.tab_to("#close-1 button.primary").await;
        browser.press(ENTER).await;
        browser.at("#batch-1.done").await;

        go(&browser, "/today").await;
        browser.tab_to("#close-day").await;
        browser.press(ENTER).await;
        browser.at("#day-closed").await;
        let batch = station.app.store.with(|db| db.batch(1)).await.unwrap();
        assert_eq!((batch.carrier, batch.closed.is_some()), (Carrier::Letter, true));

        browser.tab_to(".who button").await;
        browser.press(ENTER).await;
        browser.until("signed out", "location.pathname === '/'").await;
    })
    .await;
}
