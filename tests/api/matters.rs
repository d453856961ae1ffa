//! What a letter is about, corrected by a person: kept with who and what stood there, handed over, and left alone by a later reading.

use laixin::config::Offer;
use laixin::domain::draft::Matter;
use laixin::store::{Role, Scope};
use serde_json::{Value, json};

use super::house::{Answer, Caller, House};

const LEAK: &str = "城乡建设/房屋维修/漏水与质量";
const TRAFFIC: &str = "城乡建设/市政设施/排水与管网";

fn read(title: &str, page: u32) -> Matter {
    Matter {
        title: title.into(),
        main: page == 1,
        pages: vec![page],
        place: Some("昆山市".into()),
        category: Some(LEAK.into()),
        ranges: Vec::new(),
        n: None,
    }
}

fn house() -> (House, Caller) {
    let house = House::new();
    let zhang = house.person("zhang", Role::Operator);
    house.drafted_as("A1", |draft| {
        draft.fields.matters = vec![read("医保报销", 1), read("夜间施工", 2)];
    });
    (house, zhang)
}

fn call(house: &House, caller: &Caller, method: &str, part: &str, body: Option<Value>) -> Answer {
    let etag = house.get(caller, "/v1/letters/A1").header("etag");
    let body = body.map(|body| body.to_string());
    let address = format!("/v1/letters/A1/{part}");
    house.call(
        &caller.with("if-match", &etag),
        method,
        &address,
        body.as_deref(),
    )
}

fn correct(house: &House, caller: &Caller, matters: Value) -> Answer {
    let body = json!({ "matters": matters });
    call(house, caller, "PATCH", "fields", Some(body))
}

#[test]
fn corrected_matters_are_kept_with_who_and_what_stood_there_and_handed_over() {
    let (house, zhang) = house();
    let cases = house.machine("cases", Scope::CaseSystem);
    let list = json!([{"n": 1, "title": "增设充电桩", "main": true, "place": "昆山市玉山镇", "category": TRAFFIC},
        {"title": "公交班次", "category": null}]);
    let answer = correct(&house, &zhang, list);
    assert_eq!(answer.status, 200, "{}", answer.json());
    let stood = format!(
        "SELECT count(*) FROM corrections WHERE field = 'matters' AND by = 'zhang' AND before = '*医保报销 · 昆山市 · {LEAK}；夜间施工 · 昆山市 · {LEAK}'"
    );
    assert_eq!(house.count(&stood), 1);
    let confirmed = call(&house, &zhang, "POST", "confirm", None);
    assert_eq!(confirmed.status, 200, "{}", confirmed.json());
    let claimed = house.post(&cases, "/v1/drafts/claims", json!({})).json();
    let fields = &claimed["drafts"][0]["draft"]["fields"];
    assert_eq!(
        fields["matters"],
        json!([{"title": "增设充电桩", "main": true, "pages": [1], "place": "昆山市玉山镇", "category": TRAFFIC, "ranges": [], "n": 1},
            {"title": "公交班次", "main": false, "pages": [], "place": null, "category": null, "ranges": [], "n": 3}])
    );
    let read: Vec<_> = fields["matters_read"].as_array().unwrap().iter().collect();
    assert_eq!(
        read[1]["title"], "夜间施工",
        "what was read stays beside it"
    );
    assert!(read[1].get("n").is_none());
}

#[test]
fn a_later_reading_leaves_the_matters_that_an_officer_corrected() {
    let (house, zhang) = house();
    let list = json!([{"n": 2, "title": "夜间施工扰民", "category": LEAK}]);
    assert_eq!(correct(&house, &zhang, list).status, 200);
    let before = house.get(&zhang, "/v1/letters/A1").json()["draft"]["draft"]["fields"].clone();
    house.draft("A1", Offer::Confirmed);
    let after = house.get(&zhang, "/v1/letters/A1").json()["draft"]["draft"]["fields"].clone();
    assert_eq!(after["matters"], before["matters"]);
    assert_eq!(after["matters_read"], before["matters_read"]);
}

#[test]
fn an_uncorrected_letter_carries_nothing_new_and_a_change_taken_back_leaves_nothing() {
    let (house, zhang) = house();
    let fields = || house.get(&zhang, "/v1/letters/A1").json()["draft"]["draft"]["fields"].clone();
    let untouched = fields();
    assert!(untouched.get("matters_read").is_none());
    assert!(untouched["matters"][0].get("n").is_none());
    assert_eq!(correct(&house, &zhang, json!([])).status, 200);
    let empty = house.get(&zhang, "/v1/letters/A1").json()["draft"]["draft"].clone();
    assert!(
        empty["missing"]
            .as_array()
            .unwrap()
            .contains(&json!("matters"))
    );
    let back = json!([{"n": 1, "title": "医保报销", "main": true, "place": "昆山市", "category": LEAK},
        {"n": 2, "title": "夜间施工", "place": "昆山市", "category": LEAK}]);
    assert_eq!(correct(&house, &zhang, back).status, 200);
    assert_eq!(fields(), untouched);
}

#[test]
fn a_category_of_no_list_and_an_old_version_are_refused() {
    let (house, zhang) = house();
    let wrong = json!([{"n": 1, "title": "医保报销", "category": "医保"}]);
    let refused = correct(&house, &zhang, wrong);
    assert_eq!(
        (refused.status, refused.code()),
        (422, "correction_invalid".to_owned())
    );
    let old = house.get(&zhang, "/v1/letters/A1").header("etag");
    assert_eq!(correct(&house, &zhang, json!([])).status, 200);
    let body = json!({"matters": []}).to_string();
    let late = house.call(
        &zhang.with("if-match", &old),
        "PATCH",
        "/v1/letters/A1/fields",
        Some(&body),
    );
    assert_eq!(late.code(), "changed");
}

fn undo(house: &House, caller: &Caller, field: &str) -> Answer {
    call(
        house,
        caller,
        "POST",
        "fields/undo",
        Some(json!({ "field": field })),
    )
}

/// The value came back, as if a person had typed it.
#[test]
fn a_correction_taken_back_counts_as_read_again_and_both_stay_on_record() {
    let (house, zhang) = house();
    let fields = || house.get(&zhang, "/v1/letters/A1").json()["draft"]["draft"].clone();
    let read = fields();
    let change = |field: &str, body: Value| {
        let answer = call(
            &house,
            &zhang,
            "PATCH",
            "fields",
            Some(json!({ field: body })),
        );
        assert_eq!(answer.status, 200, "{}", answer.json());
    };
    change("sender_name", json!({"value": "钱七"}));
    change("sender_name", json!({"value": "孙八"}));
    change("phones", json!(["13912345678"]));
    change("matters", json!([]));
    for field in ["matters", "sender_name"] {
        assert_eq!(undo(&house, &zhang, field).status, 200);
    }
    let between = fields()["fields"]["sender_name"].clone();
    assert_eq!(
        (&between["value"], &between["source"]),
        (&json!("钱七"), &json!("officer"))
    );
    for field in ["sender_name", "phones"] {
        assert_eq!(undo(&house, &zhang, field).status, 200);
    }
    assert_eq!(fields(), read);
    assert_eq!(undo(&house, &zhang, "phones").code(), "nothing_to_undo");
    for (action, times) in [("draft.corrected", 4), ("draft.correction_undone", 4)] {
        let kept = format!(
            "SELECT count(*) FROM ledger WHERE action = '{action}' AND subject = 'letter/A1'"
        );
        assert_eq!(house.count(&kept), times, "{action}");
    }
    assert_eq!(house.count("SELECT count(*) FROM corrections_in_force"), 0);
    // Read anew, it is what the pages say: nobody's word stands in its way.
    house.draft("A1", Offer::Confirmed);
    assert_ne!(fields()["fields"]["matters"], read["fields"]["matters"]);
}

#[test]
fn nobody_takes_back_what_is_not_his_or_was_read_otherwise_since() {
    let (house, zhang) = house();
    let li = house.person("li", Role::Operator);
    let name = |value: &str| Some(json!({"sender_name": {"value": value}}));
    assert_eq!(
        call(&house, &zhang, "PATCH", "fields", name("钱七")).status,
        200
    );
    assert_eq!(undo(&house, &li, "sender_name").code(), "nothing_to_undo");
    assert_eq!(undo(&house, &zhang, "no_field").code(), "nothing_to_undo");
    assert_eq!(
        call(&house, &li, "PATCH", "fields", name("孙八")).status,
        200
    );
    assert_eq!(
        undo(&house, &zhang, "sender_name").code(),
        "nothing_to_undo"
    );
    house.draft("A1", Offer::Confirmed);
    assert_eq!(undo(&house, &li, "sender_name").code(), "nothing_to_undo");
}
