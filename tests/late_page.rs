//! A page that is found after its letter was registered, the whole way: scanned, held, taken in by a person, read, told to the case system.

use serde_json::json;

use crate::support::{TestStation, project, wait_for};

#[test]
fn a_page_found_after_the_registration_is_taken_in_read_and_told_as_an_amendment() {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    let token = |name: &str| {
        let made = station.command(&["token", "add", name, "--scope", "case_system"], None);
        made.trim().to_owned()
    };
    let (cases, stranger) = (token("cases"), token("stranger"));
    station.open_batch(1);
    station.scan(&project("tests/letters/S008_p1.jpg"), "S008_p1.jpg");
    station.wait_for_stage("S008", &["drafted"], 120);
    let claim = Some(json!({"limit": 1, "lease_seconds": 60}));
    let (_, claimed) = station.call_with_token(&cases, "POST", "/v1/drafts/claims", claim);
    let registered = claimed["drafts"][0]["draft"].clone();
    assert_eq!(registered["letter"], "S008", "{claimed}");
    let ack = Some(json!({"case_number": "SZ-8"}));
    let (status, told) = station.call_with_token(&cases, "POST", "/v1/drafts/S008/ack", ack);
    assert_eq!(status, 200, "{told}");

    // The second sheet turns up. Nobody adds to what is registered without a person.
    station.scan(&project("tests/letters/S008_p2.jpg"), "S008_p2.jpg");
    let held = wait_for("the page to be held", 30, || {
        let held = station.ok("GET", "/v1/arrivals?state=held", None);
        let item = &held["items"][0];
        (item["name"] == "S008_p2.jpg" && item["kept_as"].is_string()).then(|| item.clone())
    });
    assert_eq!(held["reason"], "letter_closed");
    let amendments = |token: &str| {
        let (status, told) = station.call_with_token(token, "GET", "/v1/amendments", None);
        assert_eq!(status, 200, "{told}");
        told["items"].clone()
    };
    assert_eq!(amendments(&cases), json!([]));
    let take = format!(
        "/v1/arrivals/{}/take",
        held["id"].as_str().unwrap_or_default()
    );
    let why = json!({"letter": "S008", "reason": "第二页夹在信封里，刚找到"});
    station.ok("POST", &take, Some(why));

    let told = wait_for("the page to be read and told", 120, || {
        let told = amendments(&cases);
        told[0].is_object().then(|| told[0].clone())
    });
    assert_eq!(
        (&told["letter"], &told["kind"], &told["case_number"]),
        (&json!("S008"), &json!("page_added"), &json!("SZ-8"))
    );
    assert_eq!(
        amendments(&stranger),
        json!([]),
        "it is with another system"
    );
    let letter = station.ok("GET", "/v1/letters/S008", None);
    assert_eq!(letter["stage"], "registered");
    let pages = letter["page_list"].as_array().expect("pages");
    assert!(
        pages.len() == 2 && pages.iter().all(|page| page["state"] == "read"),
        "{letter}"
    );
    // What was registered stays as it was; the new sheet is there for whoever registered it.
    let (_, now) = station.call_with_token(&cases, "GET", "/v1/drafts/S008", None);
    assert_eq!(now["draft"], registered);
    let page = ureq::get(format!(
        "http://{}/v1/letters/S008/pages/2",
        station.address
    ))
    .header("authorization", format!("Bearer {cases}"))
    .call()
    .expect("the case system sees the page");
    assert_eq!(page.status().as_u16(), 200);

    let known = format!("/v1/amendments/{}/ack", told["id"]);
    assert_eq!(
        station.call_with_token(&stranger, "POST", &known, None).0,
        404
    );
    assert_eq!(station.call_with_token(&cases, "POST", &known, None).0, 200);
    assert_eq!(amendments(&cases), json!([]));
    station.command(&["verify"], None);
}
