//! Whoever keeps accounts sees no letter: he hears its number where he has to decide something by it.

use std::io::Read;

use laixin::domain::alarm::Escalation;
use laixin::domain::draft::Flag;
use laixin::events::Event;
use laixin::store::Role;
use serde_json::{Value, json};

use super::house::House;

const WORDS: &str = "不解决就同归于尽";

fn threatening(house: &House) {
    house.drafted_as("QX77", |draft| {
        draft.fields.sender_name.value = Some("明文公开甲".into());
        draft.fields.flags.threat = Some(Flag {
            value: true,
            quote: Some(WORDS.into()),
            page: Some(1),
            ..Flag::default()
        });
    });
}

/// README and the administrator's page said that he hears a letter's number only; he read every letter that was not restricted.
#[test]
fn an_administrator_read_letters_though_the_papers_say_their_number_only() {
    let house = House::new();
    let chief = house.person("chief", Role::Administrator);
    let keeper = house.person("keeper", Role::Maintenance);
    threatening(&house);
    for path in [
        "/v1/letters",
        "/v1/letters/QX77",
        "/v1/letters/QX77/pages/1",
        "/v1/letters/QX77/pages/1/image",
        "/v1/letters/QX77/pages/1/thumbnail",
        "/v1/letters/QX77/archive.pdf",
        "/v1/letters/QX77/access",
        "/v1/drafts",
        "/v1/drafts/QX77",
        "/v1/search?q=%E6%98%8E%E6%96%87",
        "/v1/batches",
        "/v1/statistics",
    ] {
        let (his, maintenance) = (house.get(&chief, path), house.get(&keeper, path));
        assert_eq!(his.code(), "forbidden", "{path}: {}", his.text);
        assert_eq!(his.text, maintenance.text, "{path}");
    }
    let alerts = house.get(&chief, "/v1/alerts");
    assert_eq!(alerts.json()["items"], json!([]), "none has gone up");
    for page in [
        "/letters/QX77",
        "/letters",
        "/review",
        "/batches",
        "/search?q=QX77",
    ] {
        assert_eq!(house.get(&chief, page).status, 403, "{page}");
    }
    for page in [
        "/today",
        "/accounts",
        "/settings",
        "/maintenance",
        "/check",
        "/myself",
    ] {
        let shown = house.get(&chief, page);
        assert_eq!(shown.status, 200, "{page}");
        for letters in [
            "QX77",
            "明文公开甲",
            WORDS,
            "href=\"/letters",
            "href=\"/batches",
        ] {
            assert!(!shown.text.contains(letters), "{letters} on {page}");
        }
    }
    assert!(house.get(&chief, "/today").text.contains("管理员不看信件"));
}

/// What has gone up to him he hears by the number; of a letter that is kept from him he hears nothing.
#[test]
fn an_alert_that_has_gone_up_tells_an_administrator_the_number_and_nothing_where_he_is_recused() {
    let house = House::new();
    let (chief, other) = (
        house.person("chief", Role::Administrator),
        house.person("other", Role::Administrator),
    );
    threatening(&house);
    house.sql(
        "UPDATE alerts SET level = 1, level_ms = 1;
         INSERT INTO recusals (letter_id, user, at_ms, reason, by) VALUES ('QX77', 'other', 1, 'r', 'x')",
    );
    let rules = Escalation {
        officers_min: 5,
        administrators_min: 15,
    };
    let risen = house.app.store.wait(move |db| db.escalate_alerts(rules));
    assert_eq!(risen.unwrap().len(), 1);
    let told = house.get(&chief, "/v1/alerts").json();
    let alert = &told["items"][0];
    assert_eq!(
        (&alert["letter"], &alert["level"], &alert["quotes"]),
        (&json!("QX77"), &json!(2), &json!([]))
    );
    assert_eq!(alert["code"], Value::Null, "its number only");
    let mut stream = house.open(&chief, "/v1/events").into_body().into_reader();
    house.app.events.tell(Event::Alert {
        code: "threat".into(),
        subject: "letter/QX77".into(),
    });
    let (mut heard, mut part) = (String::new(), [0; 4096]);
    while !heard.contains("QX77") {
        let n = stream.read(&mut part).unwrap();
        assert!(n > 0, "the stream ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..n]));
    }
    assert!(
        heard.contains("gone_up") && !heard.contains("threat"),
        "{heard}"
    );
    let today = house.get(&chief, "/today").text;
    assert!(today.contains("信件 QX77") && today.contains("请核准人打开信件认定"));
    assert!(!today.contains(WORDS) && !today.contains("href=\"/letters/QX77\""));
    assert_eq!(
        house.get(&other, "/v1/alerts").json()["items"],
        json!([]),
        "kept from him"
    );
    assert!(!house.get(&other, "/today").text.contains("QX77"));
    let to = format!("/v1/alerts/{}/acknowledge", alert["id"]);
    let noted = json!({"verdict": "noted", "note": "已电话通知核准人"});
    assert_eq!(house.post(&other, &to, noted.clone()).status, 404);
    let answered = house.post(&chief, &to, noted);
    assert_eq!(
        (answered.status, answered.json()["note"].as_str()),
        (200, Some("已电话通知核准人")),
        "his own words"
    );
    let cleared = house.post(&chief, &to, json!({"verdict": "false_alarm"}));
    assert_eq!(cleared.code(), "not_opened");
}
