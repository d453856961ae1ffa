//! A training station: sample letters into its scanner, nothing out of it, and a day that is ticked step by step.

use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House};

fn training_house() -> (House, tempfile::TempDir) {
    let samples = tempfile::tempdir().unwrap();
    for page in [
        "A1_p1.jpg",
        "A1_env.jpg",
        "A2_p1.jpg",
        "A3_p1.jpg",
        "A4_p1.jpg",
        "A4.json",
    ] {
        std::fs::write(samples.path().join(page), page).unwrap();
    }
    let house = House::with_more(&format!(
        "[[scanner]]\nid = \"scanner-1\"\nfolder = \"data/scanner-1\"\n[training]\nletters = \"{}\"\n",
        samples.path().display()
    ));
    std::fs::create_dir_all(house.folder.path().join("data/scanner-1")).unwrap();
    (house, samples)
}

fn put(house: &House, caller: &Caller) -> Value {
    let answer = house.post(caller, "/v1/training/letters", json!({}));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn steps_done(told: &Value) -> Vec<String> {
    let steps = told["steps"].as_array().unwrap().iter();
    let done = steps.filter(|one| one["done"] == one["wanted"]);
    done.map(|one| one["step"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn sample_letters_go_into_the_scanner_once_and_the_day_is_ticked() {
    let (house, _samples) = training_house();
    let zhang = house.person("zhang", Role::Operator);
    let first = put(&house, &zhang);
    assert_eq!(
        (&first["letters_left"], steps_done(&first)),
        (&json!(1), vec!["scan".to_owned()])
    );
    let inbox = || {
        let files = std::fs::read_dir(house.folder.path().join("data/scanner-1")).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        inbox(),
        ["A1_env.jpg", "A1_p1.jpg", "A2_p1.jpg", "A3_p1.jpg"]
    );
    assert_eq!(put(&house, &zhang)["letters_left"], 0);
    assert_eq!(inbox().len(), 5);
    let more = house.post(&zhang, "/v1/training/letters", json!({}));
    assert_eq!(more.code(), "wrong_state", "each is used once");
    let li = house.person("li", Role::Operator);
    assert_eq!(
        steps_done(&house.get(&li, "/v1/training").json()),
        [""; 0],
        "everybody has a day of his own"
    );
    let anew = house.post(&zhang, "/v1/training/begin", json!({})).json();
    assert_eq!(steps_done(&anew), [""; 0]);
}

#[test]
fn a_training_station_hands_nothing_over_and_carries_its_mark() {
    let (house, _samples) = training_house();
    let cases = house.machine("cases", Scope::CaseSystem);
    house.drafted("A1");
    let refused = house.post(&cases, "/v1/drafts/claims", json!({"limit": 10}));
    assert_eq!(refused.code(), "wrong_state");
    assert_eq!(house.app.settings.station.name, "【练习】test");
    let (_, _, page) = house.get_bytes(&Caller::default(), "/");
    let page = String::from_utf8(page).unwrap();
    assert!(
        page.contains("training-mark") && page.contains("【练习】test"),
        "{page}"
    );
}

#[test]
fn a_station_in_earnest_has_no_training() {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    assert_eq!(house.get(&zhang, "/v1/training").code(), "not_found");
    assert_eq!(
        house.post(&zhang, "/v1/training/letters", json!({})).code(),
        "not_found"
    );
    let (status, _, page) = house.get_bytes(&zhang, "/training");
    assert_eq!(status, 404);
    assert!(!String::from_utf8(page).unwrap().contains("training-mark"));
}
