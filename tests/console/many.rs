//! A queue of 2,000 letters and a letter of 300 pages in a real Chromium: still quick. Prints what it measured.

use laixin::clock;
use laixin::domain::draft::Draft;
use laixin::domain::letter::Carrier;
use laixin::domain::text::PageKind;
use laixin::store::{Db, NewArrival, StoreError, TakePage, Taken};
use serde_json::{Value, json};

use super::browser::{ALT, Browser, ENTER, with_browser};
use super::browser_station::Station;
use super::sign_in;

const LETTERS: usize = 2_000;
const PAGES: u32 = 300;
const LOOKS: usize = 20;
/// A page is there after this long (issue: first paint).
const FIRST_PAINT_MS: f64 = 1_000.0;
/// From one page to the next (issue: p95).
const PAGE_TO_PAGE_MS: f64 = 200.0;

/// How long an address takes to answer in full, slowest of nearly all.
async fn answers_ms(browser: &Browser, name: &str, path: &str) -> f64 {
    let timed = format!(
        "return (async () => {{ const all = []; for (let n = 0; n < {LOOKS}; n += 1) {{ const from = performance.now(); \
         const answer = await fetch('{path}'); if (!answer.ok) throw new Error(answer.status); await answer.text(); \
         all.push(performance.now() - from); }} return all.sort((a, b) => a - b); }})();"
    );
    let all: Vec<f64> = serde_json::from_value(browser.ask(&timed).await).expect("numbers");
    let (p50, p95) = (all[LOOKS / 2], all[LOOKS * 95 / 100 - 1]);
    println!("{name}_p50 {p50:.0} ms\n{name}_p95 {p95:.0} ms");
    p95
}

/// The first paint of the page that is open.
async fn first_paint_ms(browser: &Browser, name: &str) -> f64 {
    let painted = "performance.getEntriesByName('first-contentful-paint').length";
    browser.until("painted", painted).await;
    let at = "return performance.getEntriesByName('first-contentful-paint')[0].startTime;";
    let at = browser.ask(at).await.as_f64().expect("a time");
    println!("{name}_first_paint {at:.0} ms");
    at
}

/// One page of a group, with the image that another letter has.
fn page(
    db: &mut Db,
    group: &str,
    n: u32,
    original: &laixin::evidence::Original,
) -> Result<(), StoreError> {
    let file = format!("{group}-{n}.jpg");
    let arrival = db.note_arrival(&NewArrival {
        source: "scanner-1".into(),
        file_key: file.clone(),
        name: file,
        first_seen: clock::now(),
        seen: None,
    })?;
    let taken = db.take_page(&TakePage {
        arrival: arrival.id,
        group: group.to_owned(),
        kind: PageKind::Letter,
        number: Some(n),
        frames: vec![0],
        original: original.clone(),
    })?;
    assert!(matches!(taken, Taken::Letter { .. }), "{taken:?}");
    Ok(())
}

/// A letter of so many pages with the draft of another.
pub(super) async fn like(station: &Station, draft: &Draft, letters: Vec<String>, pages: u32) {
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/letters/S006_p1.jpg");
    let original = station
        .app
        .evidence
        .put(&std::fs::read(image).expect("a sample"))
        .expect("kept");
    let offer = station.app.settings.handoff.offer;
    let mut told = serde_json::to_value(draft).expect("a draft is JSON");
    for chunk in letters.chunks(100) {
        let mut drafts = Vec::new();
        for id in chunk {
            told["letter"] = json!(id);
            told["pages"] = (1..=pages)
                .map(|n| json!({"n": n, "kind": "letter", "sha256": original.sha256, "sm3": original.sm3}))
                .collect::<Value>();
            drafts.push(serde_json::from_value::<Draft>(told.clone()).expect("it is a draft"));
        }
        let (original, ids) = (original.clone(), chunk.to_vec());
        let made = station.app.store.with(move |db| {
            for (id, draft) in ids.iter().zip(&drafts) {
                for n in 1..=pages {
                    page(db, id, n, &original)?;
                }
                db.insert_or_replace_draft(draft, offer)?;
            }
            Ok(())
        });
        made.await.expect("letters can be made");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of more than a minute"]
async fn a_queue_of_two_thousand_letters_and_a_letter_of_three_hundred_pages_stay_quick() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, LETTERS as u32 + 2).await;
        station.letter("S006", |_| {}).await;
        let draft = station.draft("S006").await;
        like(&station, &draft, (0..LETTERS).map(|n| format!("Q{n:04}")).collect(), 1).await;
        like(&station, &draft, vec!["Z300".into()], PAGES).await;
        sign_in(&browser, &station).await;

        browser.open(&station.page("/review")).await;
        let rows = browser.ask("return document.querySelectorAll('tbody tr').length;").await;
        assert!(rows.as_u64() > Some(0), "the queue shows letters");
        let queue = first_paint_ms(&browser, "queue_2000").await;
        assert!(queue <= FIRST_PAINT_MS, "{queue} ms");
        answers_ms(&browser, "queue_2000_page", "/review").await;
        answers_ms(&browser, "letters_2000_page", "/letters").await;
        answers_ms(&browser, "today_2000_page", "/today").await;
        answers_ms(&browser, "letter_in_2000_page", "/letters/Q1000").await;

        browser.open(&station.page("/letters/Z300")).await;
        let tabs = browser.ask("return document.querySelectorAll('#tabs [role=tab]').length;").await;
        assert_eq!(tabs, json!(PAGES));
        let long = first_paint_ms(&browser, "letter_of_300").await;
        assert!(long <= FIRST_PAINT_MS, "{long} ms");
        let answered = answers_ms(&browser, "letter_of_300_page", "/letters/Z300").await;
        assert!(answered <= PAGE_TO_PAGE_MS, "{answered} ms");
        let wide = "return document.documentElement.scrollWidth - innerWidth;";
        assert!(browser.ask(wide).await.as_f64() <= Some(0.0), "nothing overflows");
        browser.until("the first page", "document.getElementById('image').complete").await;
        browser.picture("letter-of-300-zh").await;
        // By keyboard to the last page: 299 steps, and the last one is shown.
        let turned = "const from = performance.now(); for (let n = 1; n < 300; n += 1) window.laixinViewer.turn(1); \
             return [performance.now() - from, document.querySelector('#tabs [aria-selected=true]').dataset.page];";
        let turned = browser.ask(turned).await;
        assert_eq!(turned[1], json!(PAGES.to_string()));
        println!("letter_of_300_turned {:.1} ms a page", turned[0].as_f64().expect("a time") / 299.0);
        let shown = "document.getElementById('image').complete && document.getElementById('image').naturalWidth > 0";
        browser.until("the last page", shown).await;
        browser.picture("letter-of-300-end-zh").await;
        // And to any page by its number.
        browser.press(&format!("{ALT}g")).await;
        browser.press(&format!("150{ENTER}")).await;
        let chosen = "document.querySelector('#tabs [aria-selected=true]').dataset.page === '150'";
        browser.until("the page of that number", chosen).await;
    })
    .await;
}
