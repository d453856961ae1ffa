//! One broker, two stations, two processes of the office: what the HTTP contract promises of drafts holds across machines.

use serde_json::{Value, json};

use super::brokers::{Brokers, Office, ask, code_of, feed, station};
use crate::support::{TestStation, wait_for};

struct All {
    brokers: Brokers,
    office: Office,
    stations: Vec<TestStation>,
}

/// An office whose leases hold for so long, and these stations.
fn all(lease_s: u64, names: &[&str]) -> All {
    let brokers = Brokers::new(1, names);
    let mut office = Office::new(&brokers, names, (2, lease_s));
    office.up(&brokers, 0);
    office.up(&brokers, 1);
    let stations = names
        .iter()
        .map(|name| station(&office.table(&brokers, name, "pages = false\n"), 20))
        .collect();
    All {
        brokers,
        office,
        stations,
    }
}

fn ack(office: &Office, n: usize, claim: &Value, number: &str) -> (u16, Value) {
    let path = format!("/v1/drafts/{}/ack", claim["id"].as_str().unwrap());
    let body = json!({"case_number": number, "lease": claim["lease"]});
    office.call(n, "POST", &path, Some(body))
}

fn number_of(station: &TestStation, letter: &str) -> Vec<String> {
    ask(
        station,
        &format!("SELECT case_number FROM drafts WHERE letter_id = '{letter}' AND state = 'acked'"),
    )
}

#[test]
fn letters_of_one_number_at_two_stations_are_two_and_each_is_registered_once_whatever_process_hears_it()
 {
    let All {
        brokers: _brokers,
        office,
        stations,
    } = all(60, &["desk-a", "desk-b"]);
    stations.iter().for_each(|one| drop(feed(one, &["H00001"])));
    let mut claims = office.claim(0, 2);
    claims.sort_by_key(|claim| claim["id"].to_string());
    let ids: Vec<&str> = claims
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["desk-a.H00001", "desk-b.H00001"]);
    for claim in &claims {
        assert_eq!(claim["draft"]["letter"], claim["id"]);
        assert!(claim["draft"]["fields"]["sender_name"]["value"].is_string());
    }

    // The other process has never heard of the lease.
    let (status, view) = ack(&office, 1, &claims[0], "SZ-1");
    assert_eq!((status, &view["state"]), (200, &json!("acked")));
    assert_eq!(ack(&office, 0, &claims[0], "SZ-1").0, 200, "twice is once");
    let (status, refused) = ack(&office, 0, &claims[0], "SZ-9");
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("other_case_number"))
    );
    assert_eq!(ack(&office, 0, &claims[1], "SZ-2").0, 200);

    for (station, number) in stations.iter().zip(["SZ-1", "SZ-2"]) {
        wait_for("the receipt", 20, || {
            (number_of(station, "H00001") == [number]).then_some(())
        });
        let acked = "SELECT count(*) || '' FROM ledger WHERE action = 'draft.acked'";
        assert_eq!(ask(station, acked), ["1"]);
    }
    let (status, list) = office.call(1, "GET", "/v1/drafts?state=acked&limit=1", None);
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 1));
    let next = format!(
        "/v1/drafts?state=acked&limit=5&cursor={}",
        list["next"].as_str().unwrap()
    );
    let (_, rest) = office.call(0, "GET", &next, None);
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["next"]),
        (1, &Value::Null)
    );
}

#[test]
fn a_lease_that_ran_out_is_offered_again_and_a_late_acknowledgement_still_counts() {
    let All {
        brokers: _brokers,
        office,
        stations,
    } = all(60, &["desk-a"]);
    feed(&stations[0], &["H00001"]);
    // Shorter than usual, too: the claim says for how long.
    let first = wait_for("the draft", 30, || {
        let wish = json!({"limit": 1, "lease_seconds": 5});
        let (_, body) = office.call(0, "POST", "/v1/drafts/claims", Some(wish));
        body["drafts"].get(0).cloned()
    });
    let (_, none) = office.call(1, "POST", "/v1/drafts/claims", None);
    assert_eq!(none["drafts"], json!([]), "leased to another");
    let second = wait_for("the draft to be offered again", 20, || {
        let wish = json!({"limit": 1, "lease_seconds": 5});
        let (_, body) = office.call(1, "POST", "/v1/drafts/claims", Some(wish));
        body["drafts"].get(0).cloned()
    });
    assert_eq!(second["id"], first["id"]);
    let (status, newer) = ack(&office, 0, &first, "SZ-1");
    assert_eq!((status, &newer["code"]), (409, &json!("lease_outdated")));
    std::thread::park_timeout(std::time::Duration::from_secs(6));
    assert_eq!(
        ack(&office, 0, &first, "SZ-1").0,
        200,
        "no lease runs any more"
    );
    assert_eq!(ack(&office, 1, &second, "SZ-1").0, 200);
    wait_for("the receipt", 20, || {
        (number_of(&stations[0], "H00001") == ["SZ-1"]).then_some(())
    });
}

#[test]
fn a_draft_that_was_given_back_comes_again_and_its_station_knows_why() {
    let All {
        brokers: _brokers,
        office,
        stations,
    } = all(60, &["desk-a"]);
    feed(&stations[0], &["H00001"]);
    let claim = office.claim(0, 1).remove(0);
    let path = "/v1/drafts/desk-a.H00001/nack";
    let body = json!({"reason": "系统升级", "lease": claim["lease"]});
    assert_eq!(office.call(1, "POST", path, Some(body.clone())).0, 200);
    assert_eq!(
        office.call(0, "POST", path, Some(body)).0,
        200,
        "asked twice"
    );
    let told = "SELECT nack_reason FROM drafts";
    wait_for("the reason", 20, || {
        (ask(&stations[0], told) == ["系统升级"]).then_some(())
    });
    let again = office.claim(0, 1).remove(0);
    assert_ne!(again["lease"], claim["lease"]);
    let (status, stale) = ack(&office, 0, &claim, "SZ-1");
    assert_eq!((status, &stale["code"]), (409, &json!("lease_outdated")));
    assert_eq!(ack(&office, 0, &again, "SZ-1").0, 200);
}

#[test]
fn a_claim_asked_again_under_its_key_gives_the_same_drafts_and_no_others() {
    let All {
        brokers: _brokers,
        office,
        stations,
    } = all(60, &["desk-a"]);
    feed(&stations[0], &["H00001", "H00002", "H00003"]);
    wait_for("three packages out", 30, || {
        let out = "SELECT message FROM outbox WHERE state = 'sent' AND kind = 'draft.ready'";
        (ask(&stations[0], out).len() == 3).then_some(())
    });
    let wish = || Some(json!({"limit": 2}));
    let route = ("POST", "/v1/drafts/claims");
    let (status, first) = office.call_keyed(0, route, wish(), "key-1");
    assert_eq!(
        (status, first["drafts"].as_array().unwrap().len()),
        (200, 2)
    );
    let (_, again) = office.call_keyed(1, route, wish(), "key-1");
    let leased = |answer: &Value| -> Vec<Value> {
        let drafts = answer["drafts"].as_array().unwrap().iter();
        drafts.map(|one| one["id"].clone()).collect()
    };
    assert_eq!(leased(&again), leased(&first));
    let (status, reused) = office.call_keyed(0, route, Some(json!({"limit": 3})), "key-1");
    assert_eq!((status, &reused["code"]), (422, &json!("key_reused")));
    assert_eq!(ack(&office, 0, &again["drafts"][0], "SZ-1").0, 200);
    let (_, left) = office.call_keyed(0, route, wish(), "key-1");
    assert_eq!(
        leased(&left),
        leased(&first)[1..],
        "what is registered is no more leased"
    );
    assert_eq!(office.claim(1, 1).len(), 1, "the third");
}

#[test]
fn nobody_without_a_token_and_nothing_of_a_station_that_is_none() {
    let All {
        brokers: _brokers,
        office,
        ..
    } = all(60, &["desk-a"]);
    let url = format!("{}/v1/drafts/claims", office.url(0));
    let refused = ureq::post(&url).send_empty().unwrap_err();
    assert!(matches!(refused, ureq::Error::StatusCode(401)), "{refused}");
    for path in [
        "/v1/drafts/desk-z.H00001",
        "/v1/drafts/H00001",
        "/v1/drafts/desk-a.H00009",
    ] {
        assert_eq!(office.call(0, "GET", path, None).0, 404, "{path}");
    }
    let never = office.call(
        0,
        "POST",
        "/v1/drafts/desk-a.H00009/ack",
        Some(json!({"case_number": "1"})),
    );
    assert_eq!(never.0, 404);
    let forged = json!({"case_number": "1", "lease": "AAAA"});
    let (status, told) = office.call(0, "POST", "/v1/drafts/desk-a.H00009/ack", Some(forged));
    assert_eq!((status, &told["code"]), (409, &json!("lease_outdated")));
}

#[test]
fn with_the_cable_pulled_a_station_goes_on_and_catches_up() {
    let All {
        mut brokers,
        office,
        stations,
    } = all(5, &["desk-a"]);
    let station = &stations[0];
    brokers.kill(0);
    wait_for("the station to say so", 30, || {
        (code_of(station, "office")? == "brokers_unreachable").then_some(())
    });
    feed(station, &["H00001", "H00002"]);
    assert_eq!(
        station.ok("GET", "/v1/letters/H00001", None)["id"],
        "H00001"
    );
    brokers.start(0);
    let claims = office.claim(0, 2);
    for (at, claim) in claims.iter().enumerate() {
        assert_eq!(ack(&office, 1, claim, &format!("SZ-{at}")).0, 200);
    }
    let acked = "SELECT letter_id FROM drafts WHERE state = 'acked'";
    wait_for("both receipts", 30, || {
        (ask(station, acked).len() == 2).then_some(())
    });
}

#[test]
fn a_case_system_sees_and_ends_nothing_of_what_another_has() {
    let All {
        brokers: _brokers,
        office,
        stations,
    } = all(60, &["desk-a"]);
    feed(&stations[0], &["H00001"]);
    let claim = office.claim(0, 1).remove(0);
    let other = |method: &str, path: &str, body: Option<Value>| {
        let (status, told) = office.call_as_other(1, (method, path), body);
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    };
    let draft = "/v1/drafts/desk-a.H00001";
    let page = "/v1/letters/desk-a.H00001/pages/1/original";
    let unseen = || {
        assert_eq!(other("GET", draft, None).0, 404);
        assert_eq!(other("GET", page, None).0, 404);
        let (status, told) = office.call_as_other(0, ("GET", "/v1/drafts?state=acked"), None);
        assert_eq!((status, &told["items"]), (200, &json!([])));
    };
    let acks = || {
        let body = json!({"case_number": "X-1"});
        other("POST", &format!("{draft}/ack"), Some(body))
    };
    unseen();
    assert_eq!(acks(), (409, "leased_to_another".to_owned()));

    // Given back it is everybody's again, and nobody's without a claim: not even his who gave it back.
    let body = json!({"reason": "不归我们管", "lease": claim["lease"]});
    let nack = office.call(0, "POST", &format!("{draft}/nack"), Some(body));
    assert_eq!(nack.0, 200, "{}", nack.1);
    assert_eq!(acks(), (409, "not_leased".to_owned()));
    let (status, told) = ack(&office, 0, &claim, "SZ-1");
    assert_eq!((status, &told["code"]), (409, &json!("not_leased")));

    let claim = office.claim(0, 1).remove(0);
    assert_eq!(ack(&office, 0, &claim, "SZ-1").0, 200);
    unseen();
    assert_eq!(acks(), (409, "registered_elsewhere".to_owned()));
    let mine = office.call(1, "GET", "/v1/drafts?state=acked", None).1;
    assert_eq!(mine["items"][0]["case_number"], "SZ-1");
    wait_for("the receipt", 20, || {
        (number_of(&stations[0], "H00001") == ["SZ-1"]).then_some(())
    });
}
