//! Earlier letters on a letter's page: what they are, side by side, and the officer's word on it.

use laixin::domain::letter::Carrier;
use laixin::domain::repeat::{Place, Registered};
use laixin::domain::text::Line;
use laixin::store::{ImportedRecord, Reading};
use serde_json::Value;

use super::browser::{Browser, ENTER, with_browser};
use super::browser_station::Station;
use super::sign_in;

const EARLIER: &str = "彩虹新村38幢一楼住户在公共绿地上私自搭建阳光房，城管上门贴过通知书，至今没有拆除。消防通道被堵，万一失火后果不堪设想。请求依法拆除，恢复绿地。";

/// The sample's own text as if it had been read.
pub(super) async fn read(station: &Station, id: &str) {
    let truth = std::fs::read_to_string(format!(
        "{}/tests/letters/{id}.json",
        env!("CARGO_MANIFEST_DIR")
    ))
    .expect("a sample");
    let truth: Value = serde_json::from_str(&truth).expect("its truth is JSON");
    let pages: Vec<Value> = truth["pages"].as_array().expect("pages").clone();
    let read = station.app.store.with(move |db| {
        while let Some(page) = db.begin_reading()? {
            let truth = &pages[usize::from(page.id != 1)];
            let number = |value: &Value| value.as_f64().expect("a number") as f32;
            let line = |line: &Value| Line {
                text: line["text"].as_str().expect("a text").to_owned(),
                raw: line["text"].as_str().expect("a text").to_owned(),
                quad: std::array::from_fn(|i| {
                    [number(&line["quad"][i][0]), number(&line["quad"][i][1])]
                }),
                confidence: 0.99,
                chars: Vec::new(),
                vertical: false,
            };
            let reading = Reading {
                engine: "test".into(),
                width: 2480,
                height: 3507,
                turned_deg: 0,
                lines: truth["lines"]
                    .as_array()
                    .expect("lines")
                    .iter()
                    .map(line)
                    .collect(),
                seconds: 0.1,
                blank: false,
            };
            db.finish_reading(page.id, &reading)?;
        }
        Ok(())
    });
    read.await.expect("it is kept");
}

async fn desk(browser: &Browser, purpose: &'static str) -> Station {
    let station = Station::start().await;
    station.open_batch(Carrier::Letter, 1).await;
    station.letter("A001", |_| {}).await;
    read(&station, "A001").await;
    let fields = station.draft("A001").await.fields;
    let address = fields.address.value.clone().expect("an address");
    let imported = station.app.store.with(move |db| {
        db.import_earlier(&[ImportedRecord {
            case_number: "SZ/2021-7".into(),
            digest: String::new(),
            registered: Registered {
                name: fields.sender_name.value,
                place: Place::of(&address),
                address: Some(address),
                received_on: Some("2021-03-02".into()),
                purpose: Some(purpose.into()),
                restricted: purpose == "检举控告",
                ..Registered::default()
            },
            text: EARLIER.into(),
        }])
    });
    imported.await.expect("it is imported");
    sign_in(browser, &station).await;
    browser.open(&station.page("/letters/A001")).await;
    browser.at("#fields .field.chosen").await;
    // Any correction compares anew.
    browser.fill("#v-summary", "违章搭建").await;
    browser.press(ENTER).await;
    browser.at("#earlier li.repeat").await;
    station
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_letter_is_shown_with_its_scores_and_the_officer_decides() {
    with_browser(|browser| async move {
        let station = desk(&browser, "投诉请求").await;
        let told = browser.text("#earlier").await;
        for part in [
            "重复信",
            "SZ/2021-7",
            "姓名 100%",
            "地址 100%",
            "前信没有：受信人",
            "2021-03-02 收到",
        ] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
        browser.picture("letter-earlier").await;
        browser.click("#earlier [data-repeats='']").await;
        browser
            .until(
                "decided",
                "document.querySelector('#earlier').textContent.includes('经办人认定')",
            )
            .await;
        let kept = station.draft("A001").await.fields.repeat;
        assert_eq!(
            (kept.relation.as_str(), kept.of, kept.decided),
            ("first", None, true)
        );
        browser.click("#earlier [data-repeats='SZ/2021-7']").await;
        browser
            .until(
                "linked",
                "document.querySelector('#earlier .verdict').textContent.includes('SZ/2021-7')",
            )
            .await;
        assert_eq!(
            station.draft("A001").await.fields.repeat.of.as_deref(),
            Some("SZ/2021-7")
        );
        browser.click("#earlier .beside").await;
        let both = browser.at("table.both").await;
        assert!(!both.is_empty());
        let words = browser.text(".two .words").await;
        assert!(words.contains("私自搭建阳光房"), "{words}");
        let differs = browser.text("table.both tr.differs").await;
        assert!(differs.contains("仅本信有"), "{differs}");
        let path = "/letters/A001/beside?case=SZ%2F2021-7";
        browser.open(&station.page("/language/en?to=/today")).await;
        browser.open(&station.page(path)).await;
        browser
            .until(
                "the purpose in English",
                "document.querySelector('.both').textContent.includes('Complaint or request')",
            )
            .await;
        browser.open(&station.page("/language/zh?to=/today")).await;
        super::pictures(&browser, &station, path, "letter-beside").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_accusation_shows_nothing_beside() {
    with_browser(|browser| async move {
        let station = desk(&browser, "检举控告").await;
        browser
            .open(&station.page("/letters/A001/beside?case=SZ%2F2021-7"))
            .await;
        browser.at(".two").await;
        let page = browser.text("main").await;
        assert!(page.contains("检举控告类登记的内容不在此显示"), "{page}");
        assert!(
            !page.contains("私自搭建") && !page.contains("2021-03-02"),
            "{page}"
        );
        browser
            .open(&station.page("/letters/A001/beside?case=nothing"))
            .await;
        let page = browser.text("main").await;
        assert!(!page.contains("本信"), "{page}");
    })
    .await;
}
