//! Letters with a threat are offered before others, as express mail is, until an officer calls it a false alarm.

use laixin::domain::draft::{Accused, Draft, Flag};
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House};

fn threatens(draft: &mut Draft) {
    draft.fields.flags.threat = Some(Flag {
        value: true,
        ..Flag::default()
    });
}

/// The next letter that is claimed.
fn next(house: &House, cases: &Caller) -> String {
    let claimed = house.post(cases, "/v1/drafts/claims", json!({"limit": 1}));
    let letter = &claimed.json()["drafts"][0]["draft"]["letter"];
    letter.as_str().unwrap_or_default().to_owned()
}

fn acknowledge(house: &House, caller: &Caller, letter: &str, verdict: &str) {
    let alert = house.count(&format!(
        "SELECT id FROM alerts WHERE letter_id = '{letter}'"
    ));
    let opened = house.get(caller, &format!("/v1/letters/{letter}"));
    assert_eq!(opened.status, 200, "{}", opened.text);
    let said = json!({"verdict": verdict});
    let answer = house.post(caller, &format!("/v1/alerts/{alert}/acknowledge"), said);
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// They came in their turn, even behind all others after they were given back.
#[test]
fn letters_with_an_open_or_confirmed_threat_are_offered_before_others_and_false_alarms_are_not() {
    let house = House::offering("read");
    let cases = house.machine("cases", Scope::CaseSystem);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.drafted("FIRST");
    for letter in ["FALSE", "OPEN", "CONFIRMED"] {
        house.drafted_as(letter, threatens);
    }
    acknowledge(&house, &officer, "FALSE", "false_alarm");
    acknowledge(&house, &officer, "CONFIRMED", "confirmed");
    let claimed: Vec<String> = (0..4).map(|_| next(&house, &cases)).collect();
    assert_eq!(claimed, ["OPEN", "CONFIRMED", "FIRST", "FALSE"]);
    for letter in ["OPEN", "FIRST"] {
        let back = json!({"reason": "稍后"});
        let given = house.post(&cases, &format!("/v1/drafts/{letter}/nack"), back);
        assert_eq!(given.status, 200, "{}", given.text);
    }
    assert_eq!(next(&house, &cases), "OPEN");
}

/// An express letter is urgent whatever is said of its threat.
#[test]
fn an_express_letter_stays_urgent_after_a_false_alarm() {
    let house = House::offering("read");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    house.letter("A1");
    house.sql("UPDATE batches SET carrier = 'express'; UPDATE letters SET urgent = 1");
    house.drafted_again("A1", threatens);
    acknowledge(&house, &officer, "A1", "false_alarm");
    assert_eq!(house.get(&officer, "/v1/letters/A1").json()["urgent"], true);
}

#[test]
fn a_list_does_not_tell_of_a_threat_by_calling_a_letter_urgent_that_may_not_be_opened() {
    let house = House::offering("read");
    let listed = house.person("wang", Role::ConfirmingOfficer);
    let others = house.person("li", Role::Operator);
    house.drafted_as("PLAIN", threatens);
    house.drafted_as("ACCUSES", |draft| {
        threatens(draft);
        draft.fields.accused.push(Accused {
            name: "王大明".into(),
            ..Accused::default()
        });
    });
    let urgent = |caller: &Caller| -> Vec<(String, bool)> {
        let items = house.get(caller, "/v1/letters").json()["items"].clone();
        let items: Vec<Value> = items.as_array().unwrap().clone();
        let mut told: Vec<_> = items
            .iter()
            .map(|one| {
                let id = one["id"].as_str().unwrap_or_default();
                (id.to_owned(), one["urgent"] == true)
            })
            .collect();
        told.sort();
        told
    };
    let all = |accuses| vec![("ACCUSES".to_owned(), accuses), ("PLAIN".to_owned(), true)];
    assert_eq!(urgent(&others), all(false));
    assert_eq!(urgent(&listed), all(false), "before he said why he looks");
    let why = json!({"reason": "核对警报"});
    let opened = house.post(&listed, "/v1/letters/ACCUSES/views", why);
    assert_eq!(opened.status, 200, "{}", opened.text);
    assert_eq!(urgent(&listed), all(true));
    let tagged = |caller: &Caller| house.get(caller, "/letters").text.matches("急件").count();
    assert_eq!((tagged(&others), tagged(&listed)), (1, 2));
}
