//! Alerts about letters: seen by whom they are for, acknowledged by a named person, going up until then, told to the case system; and what
//! changes after the hand-over.

use laixin::domain::alarm::Escalation;
use laixin::domain::draft::{Accused, Draft, Flag};
use laixin::domain::outgoing::Kind;
use laixin::store::{Channel, Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House};

fn threatens(draft: &mut Draft) {
    let quote = Some("不解决就同归于尽".to_owned());
    draft.fields.flags.threat = Some(Flag {
        value: true,
        quote,
        ..Flag::default()
    });
}

fn open(house: &House, caller: &Caller) -> Vec<Value> {
    let answer = house.get(caller, "/v1/alerts?open=true");
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

#[test]
fn a_threat_is_on_every_screen_that_may_see_it_and_in_the_case_system_at_once() {
    let house = House::new();
    let (operator, officer) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
    );
    let (administrator, auditor) = (
        house.person("chief", Role::Administrator),
        house.person("shen", Role::Auditor),
    );
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("PLAIN", threatens);
    house.drafted_as("ACCUSES", |draft| {
        threatens(draft);
        draft.fields.accused = vec![Accused {
            name: "王大明".into(),
            ..Accused::default()
        }];
    });
    let letters = |caller: &Caller| -> Vec<String> {
        open(&house, caller)
            .iter()
            .map(|alert| alert["letter"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(letters(&operator), ["PLAIN"]);
    assert!(letters(&administrator).is_empty(), "none has gone up");
    assert_eq!(letters(&officer), ["PLAIN", "ACCUSES"]);
    assert_eq!(letters(&cases), ["PLAIN", "ACCUSES"]);
    assert_eq!(house.get(&auditor, "/v1/alerts").code(), "forbidden");
    // The same draft again raises nothing new.
    house.drafted_again("PLAIN", threatens);
    assert_eq!(letters(&operator).len(), 1);
    // The case system goes on from where it was.
    let first = house.get(&cases, "/v1/alerts?limit=1").json();
    let next = first["next"].as_str().unwrap();
    let rest = house
        .get(&cases, &format!("/v1/alerts?cursor={next}"))
        .json();
    assert_eq!(rest["items"][0]["letter"], "ACCUSES");
    assert_eq!(rest["next"].as_str(), None, "that was the last page");
}

#[test]
fn a_named_person_says_what_an_alert_is() {
    let house = House::new();
    let (li, wang) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
    );
    house.drafted_as("A1", threatens);
    let id = open(&house, &li)[0]["id"].clone();
    let to = format!("/v1/alerts/{id}/acknowledge");
    assert_eq!(
        house.post(&li, &to, json!({"verdict": "perhaps"})).code(),
        "body_invalid"
    );
    assert_eq!(
        house
            .post(
                &li,
                &to,
                json!({"verdict": "noted", "note": "x".repeat(501)})
            )
            .code(),
        "body_invalid"
    );
    let noted = house.post(&li, &to, json!({"verdict": "noted"})).json();
    assert_eq!(
        (noted["acknowledged_by"].as_str(), noted["verdict"].as_str()),
        (Some("li"), Some("noted"))
    );
    assert!(noted["acknowledged_at"].is_string());
    // What was only noted stays open, and goes up, until somebody decides it; what is decided stays.
    assert_eq!(open(&house, &wang)[0]["verdict"], "noted");
    house.sql("UPDATE alerts SET level_ms = 0");
    let rules = Escalation {
        officers_min: 5,
        administrators_min: 15,
    };
    let risen = house.app.store.wait(move |db| db.escalate_alerts(rules));
    assert_eq!(risen.unwrap().len(), 1);
    let decided = house
        .post(
            &wang,
            &to,
            json!({"verdict": "confirmed", "note": "已电话报告"}),
        )
        .json();
    assert_eq!(
        (
            decided["acknowledged_by"].as_str(),
            decided["note"].as_str()
        ),
        (Some("wang"), Some("已电话报告"))
    );
    assert!(open(&house, &wang).is_empty());
    assert_eq!(
        house
            .post(&li, &to, json!({"verdict": "false_alarm"}))
            .code(),
        "already_decided"
    );
    assert_eq!(
        house
            .post(
                &li,
                "/v1/alerts/99/acknowledge",
                json!({"verdict": "noted"})
            )
            .code(),
        "not_found"
    );
    let cases = house.machine("cases", Scope::CaseSystem);
    assert_eq!(
        house.post(&cases, &to, json!({"verdict": "noted"})).code(),
        "forbidden"
    );
}

#[test]
fn what_nobody_acknowledges_goes_up_to_the_administrator_without_the_letter() {
    let house = House::new();
    let chief = house.person("chief", Role::Administrator);
    house.drafted_as("A1", |draft| {
        threatens(draft);
        draft.fields.purpose.value = Some("检举控告".into());
    });
    let rules = Escalation {
        officers_min: 5,
        administrators_min: 15,
    };
    let go = |minutes: i64| {
        house.sql(&format!(
            "UPDATE alerts SET level_ms = level_ms - {minutes} * 60000"
        ));
        house
            .app
            .store
            .wait(move |db| db.escalate_alerts(rules))
            .unwrap()
            .len()
    };
    assert!(open(&house, &chief).is_empty());
    assert_eq!(go(4), 0);
    assert_eq!(go(1), 1);
    assert!(open(&house, &chief).is_empty());
    assert_eq!(go(15), 1);
    let told = open(&house, &chief);
    assert_eq!(
        (told[0]["letter"].as_str(), told[0]["level"].as_i64()),
        (Some("A1"), Some(2))
    );
    assert_eq!(told[0]["quotes"], json!([]));
    assert_eq!(house.get(&chief, "/v1/letters/A1").code(), "forbidden");
    assert_eq!(go(500), 0);
    let to = format!("/v1/alerts/{}/acknowledge", told[0]["id"]);
    assert_eq!(
        house.post(&chief, &to, json!({"verdict": "noted"})).status,
        200
    );
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'alert.escalated'"),
        2
    );
}

#[test]
fn the_stream_of_events_says_alert_within_seconds() {
    use std::io::Read;
    let house = House::new();
    let li = house.person("li", Role::Operator);
    let alarm = laixin::alarm::Alarm {
        settings: house.app.settings.clone(),
        store: house.app.store.clone(),
        events: house.app.events.clone(),
        readiness: house.app.readiness.clone(),
    };
    let beat =
        laixin::sd_notify::Watchdog::default().task("alerts", std::time::Duration::from_secs(60));
    house
        .runtime
        .spawn(laixin::alarm::run(alarm, beat, house.app.closing.clone()));
    let mut body = house.open(&li, "/v1/events").into_body().into_reader();
    // The task notes first what is there; only then is a new one new.
    std::thread::park_timeout(std::time::Duration::from_millis(300));
    let began = std::time::Instant::now();
    house.drafted_as("A1", threatens);
    let mut text = String::new();
    let mut part = [0; 4096];
    while !text.contains("event: alert") {
        let n = body.read(&mut part).unwrap();
        assert!(n > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..n]));
    }
    assert!(
        text.contains("\"code\":\"threat\"") && text.contains("letter/A1"),
        "{text}"
    );
    assert!(!text.contains("同归于尽"), "{text}");
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

#[test]
fn what_changes_after_the_hand_over_is_offered_until_the_case_system_knows() {
    let house = House::offering("read");
    let (li, cases) = (
        house.person("li", Role::Operator),
        house.machine("cases", Scope::CaseSystem),
    );
    house.drafted_as("A1", threatens);
    house.drafted("A2");
    let amendments = || {
        house.get(&cases, "/v1/amendments").json()["items"]
            .as_array()
            .unwrap()
            .clone()
    };
    // Before the hand-over nothing is a change.
    house.drafted_again("A1", threatens);
    assert!(amendments().is_empty());
    house.post(&cases, "/v1/drafts/claims", json!({"limit": 10}));
    assert_eq!(
        house
            .post(&cases, "/v1/drafts/A1/ack", json!({"case_number": "SZ-1"}))
            .status,
        200
    );
    house.drafted_again("A1", threatens);
    let id = open(&house, &li)[0]["id"].clone();
    house.post(
        &li,
        &format!("/v1/alerts/{id}/acknowledge"),
        json!({"verdict": "confirmed"}),
    );
    let offered = amendments();
    let kinds: Vec<_> = offered
        .iter()
        .map(|one| {
            (
                one["kind"].as_str().unwrap(),
                one["case_number"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [("page_added", "SZ-1"), ("threat_confirmed", "SZ-1")]
    );
    let to = format!("/v1/amendments/{}/ack", offered[0]["id"]);
    assert_eq!(house.post(&li, &to, json!({})).code(), "forbidden");
    // Another case system neither sees nor swallows what is for this one.
    let other = house.machine("other", Scope::CaseSystem);
    let none = house.get(&other, "/v1/amendments").json();
    assert_eq!(none["items"], json!([]));
    assert_eq!(house.post(&other, &to, json!({})).code(), "not_found");
    assert_eq!(amendments().len(), 2);
    let first = house.post(&cases, &to, json!({})).json();
    assert_eq!(house.post(&cases, &to, json!({})).json(), first);
    assert_eq!(amendments().len(), 1);
    assert_eq!(
        house
            .post(&cases, "/v1/amendments/99/ack", json!({}))
            .code(),
        "not_found"
    );
    // A token that was changed for another one leaves nothing behind that nobody is told.
    house.sql("UPDATE tokens SET revoked_ms = 1 WHERE name = 'cases'");
    let left = house.get(&other, "/v1/amendments").json();
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1), "{left}");
}

/// Somebody at the station was faster than the case system's channel, and it was never told.
#[test]
fn a_threat_that_is_confirmed_at_once_is_told_to_the_case_system_all_the_same() {
    let house = House::offering("read");
    let wang = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", threatens);
    let says = |verdict: &str| {
        let told = house.get(&wang, "/v1/alerts").json();
        let to = format!("/v1/alerts/{}/acknowledge", told["items"][0]["id"]);
        assert_eq!(
            house.post(&wang, &to, json!({"verdict": verdict})).status,
            200
        );
    };
    let queued = |name: &str| {
        let channel = Channel {
            name: format!("webhook/{name}"),
            kinds: vec![Kind::AlertRaised],
            unit: None,
            holder: None,
        };
        house.queued(channel)
    };
    says("noted");
    assert_eq!((queued("one"), queued("one")), (1, 0));
    says("confirmed");
    assert_eq!((queued("one"), queued("two")), (0, 1));
    house.sql("UPDATE alerts SET acked_ms = acked_ms - 86400001");
    assert_eq!(queued("three"), 0, "what was decided long ago is no news");
    house.sql("UPDATE alerts SET acked_ms = acked_ms + 86400001, verdict = 'false_alarm'");
    assert_eq!(queued("four"), 0);
}

/// An operator said “false alarm” of a threat that had gone up, and nobody could confirm it any more.
#[test]
fn no_operator_alone_dismisses_a_threat_for_good() {
    let house = House::offering("read");
    let li = house.person("li", Role::Operator);
    let wang = house.person("wang", Role::ConfirmingOfficer);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", threatens);
    let claims = house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!(claims.json()["drafts"][0]["id"], "A1");
    let to = format!("/v1/alerts/{}/acknowledge", open(&house, &li)[0]["id"]);
    let says = |caller: &Caller, verdict: &str| {
        house.post(caller, &to, json!({"verdict": verdict, "note": "像是玩笑"}))
    };
    // Nobody dismisses a threat whose letter he has not had before him.
    assert_eq!(says(&li, "false_alarm").code(), "not_opened");
    house.get(&li, "/v1/letters/A1");
    let noted = says(&li, "false_alarm");
    assert_eq!(
        (noted.status, noted.json()["verdict"].as_str()),
        (200, Some("doubted"))
    );
    // He has said it; it stays open with his word beside it, and goes up as before.
    assert_eq!(open(&house, &li)[0]["verdict"], "doubted");
    for verdict in ["false_alarm", "noted"] {
        assert_eq!(says(&li, verdict).code(), "already_decided");
    }
    let waits = open(&house, &wang);
    assert_eq!(
        (&waits[0]["acknowledged_by"], &waits[0]["note"]),
        (&json!("li"), &json!("像是玩笑"))
    );
    assert_eq!(open(&house, &cases).len(), 1);
    let kinds = || house.get(&cases, "/v1/amendments").json()["items"].clone();
    assert_eq!(kinds(), json!([]), "nobody has decided");
    house.sql("UPDATE alerts SET level_ms = 0");
    let rules = Escalation {
        officers_min: 5,
        administrators_min: 15,
    };
    let risen = house.app.store.wait(move |db| db.escalate_alerts(rules));
    assert_eq!(risen.unwrap().len(), 1);
    let confirmed = says(&wang, "confirmed");
    assert_eq!(
        confirmed.json()["verdict"],
        "confirmed",
        "{}",
        confirmed.text
    );
    assert_eq!(kinds()[0]["kind"], "threat_confirmed");
    assert!(open(&house, &wang).is_empty());
    assert_eq!(says(&li, "false_alarm").code(), "already_decided");
}

#[test]
fn the_outbox_tells_nobody_of_an_alert_that_the_alerts_hide_from_him() {
    let house = House::new();
    let li = house.person("li", Role::Operator);
    let wang = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("ACCUSES", |draft| {
        threatens(draft);
        draft.fields.purpose.value = Some("检举控告".into());
    });
    house.sql(
        "INSERT INTO outbox (message, channel, kind, letter_id, occasion, code, state, made_ms, next_ms) VALUES
         ('msg_1', 'webhook/w', 'alert.raised', 'ACCUSES', 1, 'threat', 'sent', 1, 1),
         ('msg_2', 'webhook/w', 'letter.amended', 'ACCUSES', 1, 'threat_confirmed', 'dead', 1, 1),
         ('msg_3', 'webhook/w', 'draft.ready', 'ACCUSES', 1, NULL, 'sent', 1, 1)",
    );
    let kinds = |caller: &Caller| -> Vec<Value> {
        let listed = house.get(caller, "/v1/outbox").json();
        let items = listed["items"].as_array().unwrap().iter();
        items.map(|one| one["kind"].clone()).collect()
    };
    assert_eq!(kinds(&li), [json!("draft.ready")]);
    assert_eq!(kinds(&wang).len(), 3);
    let page = |caller: &Caller| house.get(caller, "/outbox").text;
    assert!(page(&wang).contains("扬言"));
    assert!(!page(&li).contains("扬言"), "{}", page(&li));
}

/// An administrator who may not open a letter said of its page that it accuses nobody, and the accused office was told of it.
#[test]
fn nobody_clears_an_alert_of_a_letter_that_he_may_not_see() {
    let house = House::offering("read");
    let chief = house.person("chief", Role::Administrator);
    let wang = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", |draft| {
        threatens(draft);
        draft.fields.purpose.value = Some("检举控告".into());
    });
    house.sql("UPDATE alerts SET level = 2");
    let to = format!("/v1/alerts/{}/acknowledge", open(&house, &chief)[0]["id"]);
    let says =
        |caller: &Caller, verdict: &str| house.post(caller, &to, json!({"verdict": verdict}));
    assert_eq!(says(&chief, "false_alarm").code(), "not_opened");
    // Case systems are told what an officer decided: he has no letter to decide by.
    assert_eq!(says(&chief, "confirmed").code(), "not_opened");
    assert_eq!(
        says(&wang, "false_alarm").status,
        409,
        "before he has opened it"
    );
    assert_eq!(says(&chief, "noted").status, 200);
    let why = json!({"reason": "核实警报"});
    assert_eq!(house.post(&wang, "/v1/letters/A1/views", why).status, 200);
    assert_eq!(says(&wang, "false_alarm").status, 200);
}

/// An operator wrote down what stands in the letter; a case system to which the letter itself was hidden read it with the alert.
#[test]
fn what_somebody_wrote_of_an_alert_is_for_those_who_may_open_its_letter() {
    let house = House::new();
    let wang = house.person("wang", Role::ConfirmingOfficer);
    let zhao = house.person("zhao", Role::ConfirmingOfficer);
    let chief = house.person("chief", Role::Administrator);
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", |draft| {
        threatens(draft);
        draft.fields.purpose.value = Some("检举控告".into());
    });
    house.sql("UPDATE alerts SET level = 2");
    let to = format!("/v1/alerts/{}/acknowledge", open(&house, &wang)[0]["id"]);
    let said = json!({"verdict": "noted", "note": "信中点名"});
    assert_eq!(house.post(&wang, &to, said).json()["note"], "信中点名");
    let reads = |caller: &Caller| {
        let alert = open(&house, caller)[0].clone();
        (alert["acknowledged_by"].clone(), alert["note"].clone())
    };
    assert_eq!(house.get(&cases, "/v1/letters/A1").status, 404);
    assert_eq!(reads(&cases), (Value::Null, Value::Null));
    assert_eq!(reads(&chief), (json!("wang"), Value::Null));
    assert_eq!(reads(&zhao), (json!("wang"), Value::Null));
    assert_eq!(reads(&wang), (json!("wang"), json!("信中点名")));
    let why = json!({"reason": "核实警报"});
    assert_eq!(house.post(&zhao, "/v1/letters/A1/views", why).status, 200);
    assert_eq!(reads(&zhao), (json!("wang"), json!("信中点名")));
}

#[test]
fn a_case_system_hears_of_no_alert_and_no_change_of_a_letter_that_another_has() {
    let house = House::offering("read");
    let (one, two) = (
        house.machine("one", Scope::CaseSystem),
        house.machine("two", Scope::CaseSystem),
    );
    house.drafted_as("A1", threatens);
    let hears = |caller: &Caller| open(&house, caller).len();
    assert_eq!(
        (hears(&one), hears(&two)),
        (1, 1),
        "it is for whoever comes first"
    );
    house.post(&one, "/v1/drafts/claims", json!({"limit": 1}));
    assert_eq!((hears(&one), hears(&two)), (1, 0));
    let queued = |name: &str, token: &str| {
        let channel = Channel {
            name: format!("webhook/{name}"),
            kinds: vec![Kind::AlertRaised, Kind::Amended],
            unit: None,
            holder: Some(format!("token/{token}")),
        };
        house.queued(channel)
    };
    assert_eq!((queued("first", "one"), queued("second", "two")), (1, 0));
    house.sql(
        "INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES ('A1', 'corrected', 1, 't')",
    );
    assert_eq!((queued("first", "one"), queued("second", "two")), (1, 0));
}

/// The accused office counted by the numbers that it missed, and by a cursor that moved without an alert, what is kept from it.
#[test]
fn what_is_kept_from_a_case_system_moves_no_number_and_no_cursor_of_its_own() {
    let house = House::with_roster("");
    let theirs = super::late::system_of(&house, "市信访局");
    let other = house.machine("cases", Scope::CaseSystem);
    let accuses = |draft: &mut Draft| {
        threatens(draft);
        draft.fields.accused = vec![Accused {
            name: "钱正阳".into(),
            ..Accused::default()
        }];
    };
    house.drafted_as("A1", threatens);
    let listed = |caller: &Caller| house.get(caller, "/v1/alerts").json();
    let (first, next) = (
        listed(&theirs)["items"].clone(),
        listed(&theirs)["next"].clone(),
    );
    assert_eq!(listed(&other)["items"], first, "one alert is one number");
    for letter in ["B1", "B2"] {
        house.drafted_as(letter, accuses);
    }
    assert_eq!(listed(&theirs)["next"], next);
    house.drafted_as("C1", threatens);
    let ids: Vec<i64> = listed(&theirs)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["id"].as_i64().unwrap())
        .collect();
    assert!(ids.len() == 2 && (ids[1] - ids[0]).abs() > 1000, "{ids:?}");
    let stale = house.get(&theirs, "/v1/alerts?cursor=31");
    assert_eq!(stale.code(), "cursor_invalid", "one of before");
    // A webhook names an alert as the list does.
    let channel = Channel {
        name: "webhook/theirs".into(),
        kinds: vec![Kind::AlertRaised],
        unit: Some("市信访局".into()),
        holder: None,
    };
    let told = house.app.store.wait(move |db| {
        db.queue_messages(&channel, laixin::api::password::random_hex::<16>)?;
        db.due_messages(&channel, 9)
    });
    let told: Vec<i64> = told.unwrap().iter().map(|message| message.shown).collect();
    assert_eq!(told, ids);
}

/// It kept its number, so that a webhook which had told of it told nothing.
#[test]
fn an_alert_that_is_raised_again_is_told_again_under_its_number() {
    let house = House::offering("read");
    house.drafted_as("A1", threatens);
    let told = || {
        let channel = Channel {
            name: "webhook/w".into(),
            kinds: vec![Kind::AlertRaised],
            unit: None,
            holder: None,
        };
        let told = house.app.store.wait(move |db| {
            db.queue_messages(&channel, laixin::api::password::random_hex::<16>)?;
            let due = db.due_messages(&channel, 9)?;
            for message in &due {
                db.message_sent(message, "answered_204")?;
            }
            Ok(due)
        });
        told.unwrap()
    };
    // An alert registers nothing: it goes out at once, also where nothing else does.
    super::restored::restore(&house);
    let first = told();
    assert_eq!((first.len(), told().len()), (1, 0), "once");
    let again = |verdict: &str| {
        house.sql(&format!(
            "UPDATE alerts SET acked_by = 'wang', acked_ms = 1, verdict = '{verdict}'"
        ));
        std::thread::park_timeout(std::time::Duration::from_millis(5));
        let mut later = super::house::draft("A1");
        threatens(&mut later);
        let page = house.count("SELECT min(id) FROM pages WHERE letter_id = 'A1'");
        let raised = house
            .app
            .store
            .wait(move |db| db.raise_by_page("A1", page, &later.fields));
        raised.unwrap();
    };
    for verdict in ["false_alarm", "noted"] {
        again(verdict);
        let second = told();
        assert_eq!((second.len(), told().len()), (1, 0), "{verdict}: once more");
        assert_eq!(second[0].shown, first[0].shown, "the same alert");
        assert_ne!(second[0].message, first[0].message, "another message");
    }
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let listed = house.get(&officer, "/v1/outbox").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
}
