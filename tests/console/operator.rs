//! A scripted operator over the sample letters: how many keys a letter takes and how long the next one is waited for. The long form, over
//! letters that were really read, is bench/scripted_operator.py.

use laixin::domain::letter::Carrier;
use laixin::store::Role;
use serde_json::{Value, json};

use super::browser::{Browser, ENTER, with_browser};
use super::browser_station::Station;
use super::trust;

const LETTERS: [&str; 12] = [
    "A001", "A002", "A032", "S001", "S002", "S003", "S004", "S005", "S006", "S007", "S008", "S009",
];
/// What the issue asks for.
const MOST_KEYS: usize = 8;

/// From the press that confirms to the next letter drawn, as the page itself sees it.
const WATCH: &str = "
    window.waits = [];
    let pressed = 0;
    addEventListener('keydown', (event) => { if (event.key === 'Enter' && event.target.id === 'confirm') pressed = performance.now(); }, true);
    document.addEventListener('laixin-letter', () => requestAnimationFrame(() => requestAnimationFrame(() => window.waits.push(performance.now() - pressed))));";

async fn letter(browser: &Browser) -> String {
    let at = browser
        .ask("return document.getElementById('live-form').dataset.letter;")
        .await;
    at.as_str().unwrap_or_default().to_owned()
}

fn middle(mut of: Vec<f64>, part: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    of[((of.len() - 1) as f64 * part).round() as usize]
}

/// Confirms the letter on the desk as it stands; the keys it took.
async fn confirm(browser: &Browser, is_last: bool) -> usize {
    let here = letter(browser).await;
    for keys in 1..=20 {
        let was_at = browser.ask("return document.activeElement.id;").await;
        browser.press(ENTER).await;
        if was_at == json!("confirm") {
            let gone = if is_last {
                "document.querySelector('.letter-foot .allgood')".to_owned()
            } else {
                format!(
                    "document.getElementById('live-form').dataset.letter !== '{here}' && document.getElementById('image').complete"
                )
            };
            browser.until("the next letter", &gone).await;
            // A person looks at it; the page takes no key sooner.
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            return keys;
        }
    }
    panic!("{here} is never confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_draft_is_right_takes_a_glance_and_a_key_or_a_few() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 12).await;
        for (at, id) in LETTERS.into_iter().enumerate() {
            station
                .letter(id, |draft| {
                    // Every other one with two fields below their threshold; a flag would call other people first.
                    for name in ["sender_name", "purpose"] {
                        if at % 2 == 0 && !draft["fields"][name]["value"].is_null() {
                            draft["fields"][name]["accepted"] = json!(false);
                        }
                    }
                    draft["fields"]["flags"]["valuables"] = Value::Null;
                    draft["fields"]["flags"]["threat"] = Value::Null;
                })
                .await;
        }
        station.add_person("李明", Role::Operator).await;
        trust::sign_in_as(&browser, &station, "李明").await;
        browser.open(&station.page("/review")).await;
        // An accusation is not for an operator: it is not in his queue.
        let waiting = browser
            .ask("return document.querySelectorAll('tbody tr').length;")
            .await;
        let waiting = waiting.as_u64().expect("a count") as usize;
        assert!(waiting >= 10, "{waiting} of the samples are in the queue");
        browser.press(ENTER).await;
        browser
            .until(
                "the first letter",
                "document.getElementById('live-form') && document.getElementById('image').complete",
            )
            .await;
        browser.ask(WATCH).await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let (mut keys, mut seen) = (Vec::new(), Vec::new());
        for at in 1..=waiting {
            seen.push(letter(&browser).await);
            keys.push(confirm(&browser, at == waiting).await as f64);
        }
        let waits: Vec<f64> =
            serde_json::from_value(browser.ask("return window.waits;").await).expect("numbers");
        assert_eq!(
            waits.len(),
            waiting - 1,
            "every letter but the last brings another, on the same page: {seen:?} {keys:?} {waits:?}"
        );
        let counts = station
            .app
            .store
            .with(|db| Ok(db.overview("")?.letters))
            .await
            .unwrap();
        assert_eq!(
            counts[laixin::domain::letter::Stage::Confirmed as usize] as usize,
            waiting
        );
        println!("operator_keys_median {} keys", middle(keys.clone(), 0.5));
        println!("operator_keys_most {} keys", middle(keys.clone(), 1.0));
        println!(
            "operator_next_letter_p50 {:.0} ms",
            middle(waits.clone(), 0.5)
        );
        println!("operator_next_letter_p95 {:.0} ms", middle(waits, 0.95));
        assert!(middle(keys, 0.5) <= MOST_KEYS as f64);
    })
    .await;
}
