//! One letter, the whole way: signed in, disinfected, scanned, read, registered, handed over.

use serde_json::json;

use crate::support::{TestStation, project, wait_for};

#[test]
fn one_letter_the_whole_way() {
    let mut station = TestStation::new();
    station.start_simulator();
    station.start();
    station.sign_in();
    let token = station.command(&["token", "add", "case", "--scope", "case_system"], None);
    let token = token.trim();

    let received = "2026-03-02T09:00:00+08:00";
    let batch = station.ok(
        "POST",
        "/v1/batches",
        Some(json!({"carrier": "letter", "count": 1, "received_at": received})),
    );
    let batch = batch["id"].as_i64().expect("a number");
    let load = station.ok(
        "POST",
        &format!("/v1/batches/{batch}/loads"),
        Some(json!({"cabinet": "cabinet-1"})),
    );
    wait_for("the cabinet to answer", 10, || {
        station.ok("GET", "/v1/cabinets/cabinet-1", None)["connected"]
            .as_bool()?
            .then_some(())
    });

    // Before the release nothing is taken.
    station.scan(&project("tests/letters/A001_p1.jpg"), "EARLY_p1.jpg");
    let cycle = station.ok(
        "POST",
        "/v1/cabinets/cabinet-1/cycles",
        Some(json!({"load": load["id"]})),
    );
    assert_eq!(cycle["cycle"], "C000001");
    wait_for("the load to be released", 60, || {
        let batch = station.ok("GET", &format!("/v1/batches/{batch}"), None);
        (batch["loads"][0]["state"] == "released").then_some(())
    });

    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.scan(&project("tests/letters/A001_env.jpg"), "A001_env.jpg");
    let letter = station.wait_for_stage("A001", &["drafted"], 90);
    let draft = &letter["draft"]["draft"];
    assert_eq!(draft["fields"]["sender_name"]["value"], "陆思雨");
    assert_eq!(draft["fields"]["sender_name"]["source"], "letter.signature");
    assert_eq!(draft["fields"]["addressee"]["value"], "林伯年");
    assert_eq!(draft["disinfection"]["cycle"], "C000001");
    assert!(
        draft["disinfection"]["dose_mj_cm2"]
            .as_f64()
            .expect("a dose")
            >= 5.0
    );
    assert_eq!(draft["pages"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        station.call("GET", "/v1/letters/EARLY", None).0,
        404,
        "a page scanned before the release became a letter"
    );

    let claim = Some(json!({"limit": 10, "lease_seconds": 60}));
    let (status, claimed) =
        station.call_with_token(token, "POST", "/v1/drafts/claims", claim.clone());
    assert_eq!(
        (status, claimed["drafts"].as_array().map(Vec::len)),
        (200, Some(1)),
        "{claimed}"
    );
    assert_eq!(claimed["drafts"][0]["draft"]["letter"], "A001");
    let (_, again) = station.call_with_token(token, "POST", "/v1/drafts/claims", claim.clone());
    assert_eq!(
        again["drafts"],
        json!([]),
        "a leased draft was offered twice"
    );
    let ack = Some(json!({"case_number": "SZ-1", "lease": claimed["drafts"][0]["lease"]}));
    for _ in 0..2 {
        assert_eq!(
            station
                .call_with_token(token, "POST", "/v1/drafts/A001/ack", ack.clone())
                .0,
            200
        );
    }
    assert_eq!(
        station.ok("GET", "/v1/letters/A001", None)["stage"],
        "registered"
    );
    let verified = station.command(&["verify"], None);
    assert!(
        verified.contains("unbroken") && verified.contains("unaltered"),
        "{verified}"
    );
    assert!(
        !station.log().contains("陆思雨") && !station.log().contains("同归于尽"),
        "a letter's content is in the log"
    );
}
