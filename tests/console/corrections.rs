//! What a person types on the desk: taken, refused in words, or kept and not trusted; and what long words do to lists.

use laixin::domain::draft::Draft;
use laixin::domain::field::Source;
use laixin::domain::letter::Carrier;
use serde_json::json;

use super::browser::{Browser, ENTER, with_browser};
use super::browser_station::Station;
use super::quality::TOO_WIDE;
use super::sign_in;

async fn desk(browser: &Browser, id: &str) -> Station {
    let station = Station::start().await;
    station.open_batch(Carrier::Letter, 1).await;
    station.letter(id, |_| {}).await;
    sign_in(browser, &station).await;
    browser.open(&station.page(&format!("/letters/{id}"))).await;
    browser.at("#fields .field.chosen").await;
    station
}

/// Types into a field, saves it with Enter and awaits what is said beside it.
async fn save(browser: &Browser, key: &str, text: &str, said: &str) {
    browser.fill(&format!("#v-{key}"), text).await;
    browser.press(ENTER).await;
    let say =
        format!("document.querySelector('#f-{key} [data-say]').textContent.includes('{said}')");
    browser.until(said, &say).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_number_of_the_wrong_form_is_refused_and_a_wrong_check_digit_is_not_trusted() {
    with_browser(|browser| async move {
        let station = desk(&browser, "A001").await;
        let before = station.draft("A001").await;
        for wrong in ["123", "1101051949123100", "11010519491231002Y"] {
            save(&browser, "id_number", wrong, "身份证号应为 18 位").await;
            assert_eq!(station.draft("A001").await, before, "{wrong}");
        }
        save(&browser, "id_number", "110105194912310021", "已保存").await;
        let kept = station.draft("A001").await.fields.id_number;
        assert_eq!(kept.field.value.as_deref(), Some("110105194912310021"));
        assert_eq!((kept.checksum_ok, kept.field.accepted), (Some(false), false));
        assert!(kept.field.confidence < 1.0);
        browser.until("shown as unsure", "document.querySelector('#f-id_number.check .sure.check')").await;
        let note = browser.text("#f-id_number .why.bad").await;
        assert!(note.contains("人工填写") && !note.contains("按原件保留"), "{note}");
        save(&browser, "id_number", "11010519491231002X", "已保存").await;
        browser.until("sure again", "document.querySelector('#f-id_number.corrected') && !document.querySelector('#f-id_number .why.bad')").await;
        let kept = station.draft("A001").await.fields.id_number;
        assert_eq!((kept.checksum_ok, kept.field.accepted), (Some(true), true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_too_long_is_refused_in_words_and_stays_on_the_page() {
    with_browser(|browser| async move {
        let station = desk(&browser, "A001").await;
        let before = station.draft("A001").await;
        for (key, length, said) in [
            ("sender_name", 51, "不超过 50 个字"),
            ("address", 201, "不超过 200 个字"),
            ("addressee", 101, "不超过 100 个字"),
        ] {
            let long = "W".repeat(length);
            save(&browser, key, &long, said).await;
            let typed = browser
                .ask(&format!("return document.getElementById('v-{key}').value;"))
                .await;
            assert_eq!(typed, json!(long));
        }
        assert_eq!(station.draft("A001").await, before);
    })
    .await;
}

/// What sticks out of the window, and cells of a row that start beyond their table's frame.
pub(super) const OUTSIDE: &str = "
    const found = [];
    for (const one of document.querySelectorAll('main table.rows th, main table.rows td, main .card, main .tag')) {
        const r = one.getBoundingClientRect(), card = (one.closest('.card') || document.body).getBoundingClientRect();
        if (r.right > innerWidth + 0.5 || r.right > card.right + 0.5) found.push([one.nodeName, one.textContent.slice(0, 20), r.right, card.right]);
    }
    return found;";

/// What of the bar on top lies outside the window.
const BAR_CUT_OFF: &str = "
    const cut = (one) => one.getBoundingClientRect().right > innerWidth + 0.5;
    return [...document.querySelectorAll('.bar a, .bar button, .bar input')].filter(cut).map((one) => one.outerHTML.slice(0, 60));";

#[tokio::test(flavor = "multi_thread")]
async fn a_very_long_word_pushes_no_column_away() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        station
            .letter("A001", |draft| {
                for name in ["sender_name", "addressee"] {
                    draft["fields"][name]["value"] = json!("W".repeat(500));
                }
                draft["fields"]["flags"]["threat"] = json!({"value": true, "quote": "W".repeat(300), "page": 1, "quad": null});
                draft["fields"]["matters"] = json!([{"title": "W".repeat(300), "main": true, "pages": [1], "place": null, "category": null}]);
            })
            .await;
        station.letter("S006", |_| {}).await;
        sign_in(&browser, &station).await;
        for size in [(1024, 700), (1366, 768), (1920, 1080)] {
            browser.window(size).await;
            for path in ["/letters", "/today"] {
                for language in ["en", "zh"] {
                    browser.open(&station.page(&format!("/language/{language}?to={path}"))).await;
                    browser.at("#row-A001 .cut").await;
                    browser.at(".alarm .quoted").await;
                    assert_eq!(browser.ask(TOO_WIDE).await, json!(false), "{path} {language} at {size:?}");
                    assert_eq!(browser.ask(BAR_CUT_OFF).await, json!([]), "{path} {language} at {size:?}");
                    assert_eq!(browser.ask(OUTSIDE).await, json!([]), "{path} {language} at {size:?}");
                    browser.picture(&format!("long{}-{language}-{}", path.replace('/', "-"), size.0)).await;
                    let whole = "return document.querySelector('#row-A001 .cut').title.length;";
                    assert_eq!(browser.ask(whole).await, json!(500), "all of it can still be read");
                }
            }
            browser.open(&station.page("/letters/A001")).await;
            browser.at("#fields .field.chosen").await;
            let wide = "const form = document.getElementById('live-form'); return form.scrollWidth > form.clientWidth;";
            assert_eq!(browser.ask(wide).await, json!(false), "the form at {size:?}");
        }
    })
    .await;
}

async fn until_kept(station: &Station, what: &str, holds: impl Fn(&Draft) -> bool) {
    let kept = async {
        while !holds(&station.draft("A001").await) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let kept = tokio::time::timeout(std::time::Duration::from_secs(10), kept).await;
    kept.unwrap_or_else(|_| panic!("never kept: {what}"));
}

/// Chooses an entry of a list with the keyboard, as its focus and value, and saves it with Enter.
async fn pick(browser: &Browser, key: &str, code: &str) {
    browser
        .ask(&format!(
            "const list = document.getElementById('v-{key}'); list.focus(); list.value = '{code}'; \
             list.dispatchEvent(new Event('input', {{bubbles: true}}));"
        ))
        .await;
    browser.press(ENTER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_anonymity_signatories_and_summary_are_edited_by_keyboard() {
    with_browser(|browser| async move {
        let station = desk(&browser, "A001").await;
        browser.window((1024, 700)).await;
        assert!(station.draft("A001").await.fields.phones.is_empty(), "the sample has none");
        save(&browser, "phones-0", "65227061", "已保存").await;
        browser.until("room for one more", "document.querySelector('#v-phones-1')").await;
        save(&browser, "phones-1", "12345", "手机应为 11 位数字").await;
        save(&browser, "phones-1", "13800000000", "已保存").await;
        browser.until("room for one more", "document.querySelector('#v-phones-2')").await;
        let draft = station.draft("A001").await;
        let numbers: Vec<_> = draft.fields.phones.iter().map(|phone| phone.field.value.as_deref()).collect();
        assert_eq!(numbers, [Some("65227061"), Some("13800000000")]);
        save(&browser, "joint", "甲一、乙二，丙三;丁四、戊五", "已保存").await;
        let joint = station.draft("A001").await.fields.joint;
        assert_eq!((joint.is_joint, joint.count), (true, 5));
        assert!(browser.text("#s-joint").await.contains('5'));
        save(&browser, "summary", "反映小区电梯停运", "已保存").await;
        assert_eq!(station.draft("A001").await.fields.summary, "反映小区电梯停运");
        pick(&browser, "anonymous", "假名").await;
        until_kept(&station, "anonymous", |draft| draft.fields.anonymous.value).await;
        let fields = station.draft("A001").await.fields;
        assert_eq!(fields.anonymous.reason.as_deref(), Some("假名"));
        assert_eq!(fields.sender_name.value.as_deref(), Some("匿名"));
        browser.until("shown", "document.getElementById('v-sender_name').value === '匿名'").await;
        // Not anonymous any more needs the sender's name; that alone is enough.
        pick(&browser, "anonymous", "").await;
        let say = "document.querySelector('#f-anonymous [data-say]').textContent.includes('填写来信人姓名')";
        browser.until("told what to do", say).await;
        save(&browser, "sender_name", "陆思雨", "已保存").await;
        until_kept(&station, "signed", |draft| !draft.fields.anonymous.value).await;
        let sender = station.draft("A001").await.fields.sender_name;
        assert_eq!((sender.value.as_deref(), sender.source), (Some("陆思雨"), Source::Officer));
        for key in ["anonymous", "summary"] {
            browser.ask(&format!("document.getElementById('v-{key}').focus();")).await;
            browser.picture(&format!("letter-{key}-zh")).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counts_of_stages_follow_the_rows() {
    with_browser(|browser| async move {
        let station = Station::start().await;
        station.open_batch(Carrier::Letter, 2).await;
        sign_in(&browser, &station).await;
        browser.open(&station.page("/letters")).await;
        let drafted = "document.querySelector('.chip[href*=\"stage=drafted\"] b').textContent";
        browser
            .until("none yet", &format!("{drafted} === '0'"))
            .await;
        browser.ask("window.sameDocument = true;").await;
        station.letter("A001", |_| {}).await;
        station.app.events.tell(laixin::events::Event::Letter {
            letter: "A001".into(),
            what: "drafted".into(),
        });
        browser
            .until("the row", "document.querySelector('#row-A001')")
            .await;
        browser
            .until("its count", &format!("{drafted} === '1'"))
            .await;
        assert_eq!(
            browser.ask("return window.sameDocument;").await,
            json!(true)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_are_named_in_the_readers_language_and_quote_their_basis() {
    with_browser(|browser| async move {
        let station = desk(&browser, "S006").await;
        browser.open(&station.page("/language/en?to=/letters/S006")).await;
        let more = browser.text(".more").await;
        assert!(more.contains("2026-12-06 Register and pass on (信访工作条例第二十二条; public holidays not counted)"), "{more}");
        browser.open(&station.page("/language/zh?to=/letters/S006")).await;
        let more = browser.text(".more").await;
        assert!(more.contains("2026-12-06 登记并转送（信访工作条例第二十二条，未计法定节假日）"), "{more}");
    })
    .await;
}
