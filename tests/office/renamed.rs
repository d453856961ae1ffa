//! A station that gets another name at the office while letters under the old one are not answered for.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::brokers::{Brokers, Office, ask, code_of, feed, station};
use crate::support::{TestStation, wait_for};

fn rename(station: &mut TestStation, (from, to): (&str, &str)) {
    station.stop();
    let file = station.folder("station.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&file, text.replace(from, to)).unwrap();
    station.start();
    station.sign_in();
}

fn offered(office: &Office) -> Vec<Value> {
    let (status, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    assert_eq!(status, 200, "{body}");
    body["drafts"].as_array().unwrap().clone()
}

#[test]
fn a_renamed_station_sends_nothing_before_everything_under_the_old_name_is_answered_for() {
    let names = ["desk-c", "desk-d"];
    let brokers = Brokers::new(1, &names);
    let mut office = Office::new(&brokers, &names, (1, 300));
    office.up(&brokers, 0);
    let table = office.table(&brokers, "desk-c", "pages = false\nask_again_s = 10\n");
    let mut station = station(&table, 20);
    feed(&station, &["H00001"]);
    let claim = office.claim(0, 1).remove(0);
    assert_eq!(claim["id"], "desk-c.H00001");

    rename(&mut station, ("desk-c", "desk-d"));
    wait_for("the station to say so", 40, || {
        (code_of(&station, "office/drafts")? == "name_changed").then_some(())
    });
    let body = json!({"case_number": "SZ-1", "lease": claim["lease"]});
    let acked = office.call(0, "POST", "/v1/drafts/desk-c.H00001/ack", Some(body));
    assert_eq!(acked.0, 200, "{}", acked.1);
    feed(&station, &["H00002"]);
    // Longer than until it would ask again.
    std::thread::park_timeout(Duration::from_secs(14));
    assert_eq!(offered(&office), Vec::<Value>::new());
    assert_eq!(
        code_of(&station, "office/drafts").as_deref(),
        Some("name_changed")
    );

    rename(&mut station, ("desk-d", "desk-c"));
    wait_for("the receipt", 60, || {
        let acked = "SELECT case_number FROM drafts WHERE state = 'acked'";
        (ask(&station, acked) == ["SZ-1"]).then_some(())
    });
    let claim = office.claim(0, 1).remove(0);
    assert_eq!(claim["id"], "desk-c.H00002");
    let body = json!({"case_number": "SZ-2", "lease": claim["lease"]});
    let acked = office.call(0, "POST", "/v1/drafts/desk-c.H00002/ack", Some(body));
    assert_eq!(acked.0, 200, "{}", acked.1);
    wait_for("the second receipt", 60, || {
        let acked = "SELECT case_number FROM drafts WHERE state = 'acked'";
        (ask(&station, acked).len() == 2).then_some(())
    });

    rename(&mut station, ("desk-c", "desk-d"));
    feed(&station, &["H00003"]);
    assert_eq!(office.claim(0, 1)[0]["id"], "desk-d.H00003");
    assert_eq!(code_of(&station, "office/drafts"), None);
}
