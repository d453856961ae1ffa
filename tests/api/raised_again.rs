//! An alert that a later page raises again says which page and which words did, to whoever may read that page, and what was answered before.

use laixin::domain::draft::{Draft, Flag};
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};
use super::late::{claim, page_comes, system_of};
use super::late_accusations::{OFFICE, accuses, is_read, opens};

const OLD: &str = "来访的人只好饿着";
const NEW: &str = "再不解决我就从楼上跳下去";

pub(super) fn threat(page: u32, quote: &str) -> impl Fn(&mut Draft) {
    move |draft| {
        draft.fields.flags.threat = Some(Flag {
            value: true,
            quote: Some(quote.to_owned()),
            page: Some(page),
            ..Flag::default()
        });
    }
}

/// Its newest page is read, and says this.
pub(super) fn page_says(house: &House, letter: &'static str, quote: &str) {
    let page = house.count(&format!(
        "SELECT max(id) FROM pages WHERE letter_id = '{letter}'"
    ));
    let mut said = super::house::draft(letter);
    threat(1, quote)(&mut said);
    let kept = house.app.store.wait(move |db| {
        db.guard_while_read(letter, &said.fields)?;
        db.raise_by_page(letter, page, &said.fields)
    });
    kept.unwrap();
}

pub(super) fn answer(house: &House, caller: &Caller, verdict: &str) -> Answer {
    // Nobody answers for a letter that he has not had before him.
    house.get(caller, "/v1/letters/A1");
    let open = house.get(caller, "/v1/alerts").json();
    let alert = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|alert| alert["code"] == "threat");
    let path = format!("/v1/alerts/{}/acknowledge", alert.unwrap()["id"]);
    house.post(
        caller,
        &path,
        json!({"verdict": verdict, "note": "食堂收费"}),
    )
}

fn listed(house: &House, caller: &Caller) -> Vec<Value> {
    let listed = house.get(caller, "/v1/alerts").json();
    listed["items"].as_array().unwrap().clone()
}

fn acks(house: &House, caller: &Caller) {
    let acked = house.post(caller, "/v1/drafts/A1/ack", json!({"case_number": "C-1"}));
    assert_eq!(acked.status, 200, "{}", acked.text);
}

/// Registered, its threat called a false alarm, and a page came that holds another.
fn reopened(house: &House, holder: &Caller, officer: &Caller) {
    house.drafted_as("A1", threat(1, OLD));
    house.confirmed("A1");
    assert_eq!(claim(house, holder), ["A1"]);
    acks(house, holder);
    assert_eq!(answer(house, officer, "false_alarm").status, 200);
    page_comes(house, 2);
    page_says(house, "A1", NEW);
    is_read(house, None);
}

/// The officer read the words again that he had called a false alarm, and nothing of those that opened it anew.
#[test]
fn an_alert_that_a_later_page_reopens_quotes_that_page_and_names_what_was_answered_before() {
    let house = House::offering("read");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let operator = house.person("zhang", Role::Operator);
    let holder = house.machine("cases", Scope::CaseSystem);
    reopened(&house, &holder, &officer);
    let quotes =
        json!([{"page": 2, "late": true, "text": NEW}, {"page": 1, "late": false, "text": OLD}]);
    for person in [&officer, &operator] {
        let alerts = [
            listed(&house, person)[0].clone(),
            house.get(person, "/v1/letters/A1").json()["alerts"][0].clone(),
        ];
        for alert in alerts {
            assert_eq!(
                (&alert["quotes"], &alert["verdict"]),
                (&quotes, &Value::Null)
            );
            let before = &alert["earlier"][0];
            assert_eq!(
                (&before["by"], &before["verdict"], &before["note"]),
                (&json!("wang"), &json!("false_alarm"), &json!("食堂收费"))
            );
        }
        for page in ["/letters/A1", "/today"] {
            let text = house.get(person, page).text;
            let at = |words: &str| {
                text.find(words)
                    .unwrap_or_else(|| panic!("{page}: {words}"))
            };
            assert!(
                at("第 2 页（后补）") <= at(NEW) && at(NEW) < at(OLD),
                "{page}: new ones first"
            );
            assert!(
                text.contains("此前 wang") && text.contains("误报"),
                "{page}"
            );
        }
    }
    // Its holder is told the pages in the list, and reads the words with the draft.
    let told = listed(&house, &holder);
    assert_eq!(
        told[0]["quotes"],
        json!([{"page": 2, "late": true, "text": null}, {"page": 1, "late": false, "text": null}])
    );
    assert_eq!(
        house.get(&holder, "/v1/drafts/A1").json()["alerts"][0]["quotes"],
        quotes
    );
    assert_eq!(answer(&house, &officer, "confirmed").status, 200);
    assert_eq!(
        listed(&house, &officer)[0]["quotes"],
        quotes,
        "also once it is decided"
    );
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let is_of_alert = |fault: &&laixin::store::Unvouched| fault.what.starts_with("alert");
    assert_eq!(
        rows.faults.iter().find(is_of_alert),
        None,
        "what it quotes is vouched for"
    );
}

/// Who asked for the list every few seconds read letters' words, and nobody could say who.
#[test]
fn whoever_reads_the_words_of_an_alert_in_the_list_is_on_record_once() {
    let house = House::offering("read");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted_as("A1", threat(1, OLD));
    for _ in 0..3 {
        listed(&house, &officer);
    }
    let on_record = "SELECT count(*) FROM ledger WHERE action = 'letters.listed' AND actor = 'wang' AND detail ->> '$.list' = 'alerts'
        AND detail ->> '$.letters[0]' = 'A1'";
    assert_eq!(house.count(on_record), 1);
}

/// The office that had registered the letter saw its alert opened in the second in which a page was read that accuses it.
#[test]
fn the_accused_office_sees_nothing_of_what_a_page_that_is_kept_from_it_raises() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let theirs = system_of(&house, "市政府");
    let other = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", threat(1, OLD));
    house.confirmed("A1");
    assert_eq!(claim(&house, &theirs), ["A1"]);
    acks(&house, &theirs);
    assert_eq!(answer(&house, &officer, "false_alarm").status, 200);
    let reads = || {
        let alerts = house.get(&theirs, "/v1/alerts").text;
        (
            alerts,
            house.get(&theirs, "/v1/drafts/A1").json()["alerts"].clone(),
        )
    };
    let hears = || {
        let seer = laixin::domain::access::Seer {
            actor: "token/theirs".into(),
            holder: laixin::domain::access::Holder::Machine(Scope::CaseSystem),
        };
        house
            .app
            .store
            .wait(move |db| db.hears_of_alert(&seer, "A1", "threat"))
            .unwrap()
    };
    let before = reads();
    assert!(before.0.contains("false_alarm") && hears());
    page_comes(&house, 2);
    page_says(&house, "A1", NEW);
    assert_eq!(
        (reads(), hears()),
        (before.clone(), false),
        "nobody knows whom it accuses"
    );
    accuses(&house, OFFICE);
    assert_eq!((reads(), hears()), (before.clone(), false));
    opens(&house, &officer);
    assert_eq!(listed(&house, &officer)[0]["quotes"][0]["text"], NEW);
    assert_eq!(answer(&house, &officer, "confirmed").status, 200);
    assert_eq!(
        (reads(), hears()),
        (before, false),
        "nor of what was answered since"
    );
    assert_eq!(
        listed(&house, &other),
        [] as [Value; 0],
        "another has the letter"
    );
}

/// It had passed the alert, and never heard that it was raised again.
#[test]
fn an_alert_that_is_raised_again_comes_once_more_behind_the_cursor() {
    for is_person in [true, false] {
        let house = House::offering("read");
        let caller = &match is_person {
            true => house.person("wang", Role::ConfirmingOfficer),
            false => house.machine("cases", Scope::CaseSystem),
        };
        for letter in ["A1", "B1", "C1"] {
            house.drafted_as(letter, threat(1, OLD));
        }
        let first = house.get(caller, "/v1/alerts?limit=2").json();
        let cursor = first["next"].as_str().unwrap().to_owned();
        let behind = |limit: u32| {
            let part = house
                .get(caller, &format!("/v1/alerts?cursor={cursor}&limit={limit}"))
                .json();
            let items = part["items"].as_array().unwrap().clone();
            items
                .iter()
                .map(|alert| alert["letter"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(behind(9).first().map(String::as_str), Some("C1"));
        house.sql("UPDATE alerts SET acked_by = 'wang', acked_ms = 2, verdict = 'noted' WHERE letter_id = 'A1'");
        page_says(&house, "A1", NEW);
        assert_eq!(behind(9), ["C1", "A1"], "once");
        assert_eq!(
            listed(&house, caller).len(),
            3,
            "and not twice from the start"
        );
    }
}

/// The alert's event came from whoever read the page, and of a page that is kept back from nobody.
#[test]
fn whatever_is_raised_again_is_told_as_it_rises() {
    let house = House::with_roster("");
    let theirs = system_of(&house, "市政府");
    house.drafted_as("A1", threat(1, OLD));
    house.confirmed("A1");
    claim(&house, &theirs);
    acks(&house, &theirs);
    let told = |since: i64| {
        let (told, newest) = house
            .app
            .store
            .wait(move |db| db.raised_since(since))
            .unwrap();
        let codes: Vec<&str> = told.iter().map(|alert| alert.code.word()).collect();
        (codes, newest)
    };
    let (codes, newest) = told(0);
    assert_eq!(codes, ["threat"]);
    page_comes(&house, 2);
    accuses(&house, OFFICE);
    let (codes, newest) = (told(newest).0, told(newest).1);
    assert_eq!(codes, ["page_kept_back"]);
    page_comes(&house, 3);
    accuses(&house, OFFICE);
    assert_eq!(told(newest).0, ["page_kept_back"], "again");
}

/// A page with other words came, and nobody was told: the threat was confirmed already.
#[test]
fn another_threat_opens_a_confirmed_alert_and_what_was_confirmed_stays() {
    let house = House::offering("read");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let holder = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", threat(1, OLD));
    house.confirmed("A1");
    claim(&house, &holder);
    acks(&house, &holder);
    let changes = || {
        let listed = house.get(&holder, "/v1/amendments").json();
        let kinds = listed["items"].as_array().unwrap().iter();
        kinds
            .filter(|change| change["kind"] != "page_added")
            .count()
    };
    assert_eq!(answer(&house, &officer, "confirmed").status, 200);
    assert_eq!(changes(), 1);
    page_comes(&house, 2);
    page_says(&house, "A1", NEW);
    is_read(&house, None);
    let alert = &listed(&house, &officer)[0];
    assert_eq!(
        (&alert["verdict"], &alert["earlier"][0]["verdict"]),
        (&Value::Null, &json!("confirmed"))
    );
    let (raised, late) = (&alert["raised_at"], &alert["quotes"][0]["late"]);
    house.sql("UPDATE alerts SET later = json_set(later, '$.earlier[0].raised_ms', 1, '$.earlier[0].at_ms', 2)");
    house.tampered();
    assert_eq!(answer(&house, &officer, "false_alarm").status, 200);
    let alert = &listed(&house, &officer)[0];
    assert_eq!(
        (&alert["verdict"], &alert["later"][0]["verdict"]),
        (&json!("confirmed"), &json!("false_alarm")),
        "the second answer stands beside"
    );
    assert_eq!(
        alert["earlier"],
        json!([]),
        "it is later than the one that holds"
    );
    assert_eq!(
        (&alert["raised_at"], &alert["quotes"][0]["late"]),
        (raised, late),
        "and says nothing of when"
    );
    assert_eq!(alert["quotes"][0]["text"], NEW);
    assert_eq!(changes(), 1, "nothing is taken back");
    assert_eq!(house.count("SELECT urgent FROM letters"), 1);
}

/// Its first page alone was quoted, with a page number that was not the other's.
#[test]
fn a_letter_that_is_not_registered_quotes_each_page_by_its_number() {
    let house = House::new();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.letter("A1");
    page_says(&house, "A1", OLD);
    page_comes(&house, 2);
    page_says(&house, "A1", NEW);
    let joint = format!("{NEW}……{OLD}");
    super::late::with_pages(&house, &mut super::house::draft("A1"));
    let mut draft = super::house::draft("A1");
    threat(2, &joint)(&mut draft);
    super::late::with_pages(&house, &mut draft);
    let offer = house.app.settings.handoff.offer;
    house
        .app
        .store
        .wait(move |db| db.insert_or_replace_draft(&draft, offer))
        .unwrap();
    let quotes =
        json!([{"page": 2, "late": false, "text": NEW}, {"page": 1, "late": false, "text": OLD}]);
    assert_eq!(listed(&house, &officer)[0]["quotes"], quotes);
}

/// 今日 said that there was nothing to be seen to while two threats of registered letters were open.
#[test]
fn open_alerts_of_registered_letters_stand_on_the_overview_for_whoever_may_see_them() {
    let house = House::with_roster("");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let operator = house.person("zhang", Role::Operator);
    let recused = house.person("钱正阳", Role::ConfirmingOfficer);
    let holder = house.machine("cases", Scope::CaseSystem);
    house.drafted_as("A1", |draft| {
        threat(1, OLD)(draft);
        draft.fields.accused = vec![laixin::domain::draft::Accused {
            name: "钱正阳".into(),
            ..Default::default()
        }];
    });
    house.drafted_as("B1", threat(1, NEW));
    for letter in ["A1", "B1"] {
        house.confirmed(letter);
    }
    assert_eq!(claim(&house, &holder).len(), 2);
    for letter in ["A1", "B1"] {
        let acked = house.post(
            &holder,
            &format!("/v1/drafts/{letter}/ack"),
            json!({"case_number": letter}),
        );
        assert_eq!(acked.status, 200, "{}", acked.text);
    }
    let told = |caller: &Caller| {
        let text = house.get(caller, "/today").text;
        let needs = text
            .split("<h2")
            .find(|part| part.contains("需要处理"))
            .unwrap_or_default()
            .to_owned();
        (
            needs.contains("信件 A1"),
            needs.contains("信件 B1：扬言"),
            needs.contains(NEW),
        )
    };
    assert_eq!(told(&officer), (true, true, true));
    assert_eq!(
        told(&operator),
        (false, true, true),
        "the other is restricted"
    );
    assert_eq!(
        told(&recused),
        (false, true, true),
        "the other is kept from him"
    );
    let path = |letter: &str| {
        let all = listed(&house, &officer);
        let alert = all
            .iter()
            .find(|alert| alert["letter"] == letter)
            .unwrap()
            .clone();
        format!("/v1/alerts/{}/acknowledge", alert["id"])
    };
    assert_eq!(
        house
            .post(&officer, &path("B1"), json!({"verdict": "confirmed"}))
            .status,
        200
    );
    assert!(!told(&operator).1, "until it is answered");
}
