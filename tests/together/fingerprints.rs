//! First or repeat across the office: found at another table, caught up with after days, taken back, and none of anybody's business who may not know.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::broker::Broker;
use crate::support::{TestStation, project, wait_for};

/// A letter comes in and gets its draft.
fn arrives(station: &TestStation, letter: &str) {
    for part in ["p1", "env"] {
        let name = format!("{letter}_{part}.jpg");
        station.scan(&project("tests/letters").join(&name), &name);
    }
    station.wait_for_stage(letter, &["drafted"], 120);
}

fn running(broker: &Broker, name: &str) -> TestStation {
    let mut station = broker.station(name, "");
    station.start();
    station.sign_in();
    station.open_batch(3);
    station
}

fn confirmed(station: &TestStation, letter: &str) {
    let (status, told) = station.change_letter(letter, "confirm");
    assert_eq!(status, 200, "{told}\n{}", station.log());
}

fn repeat(station: &TestStation, letter: &str) -> Value {
    let found = station.ok("GET", &format!("/v1/letters/{letter}"), None);
    found["draft"]["draft"]["fields"]["repeat"].clone()
}

fn is_repeat_of(station: &TestStation, letter: &str, of: &str) -> Option<()> {
    let repeat = repeat(station, letter);
    (repeat["relation"] == "repeat" && repeat["of"] == of).then_some(())
}

fn is_first(station: &TestStation, letter: &str) -> Option<()> {
    (repeat(station, letter)["relation"] == "first").then_some(())
}

fn heard(station: &TestStation) -> i64 {
    let database = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    let count = database.query_row("SELECT count(*) FROM elsewhere", [], |row| row.get(0));
    count.unwrap()
}

#[test]
fn a_repeat_is_found_whose_first_letter_was_confirmed_at_another_table_a_second_ago() {
    let broker = Broker::new();
    let (a, b) = (running(&broker, "desk-a"), running(&broker, "desk-b"));
    for letter in ["A032", "S006"] {
        arrives(&a, letter);
        arrives(&b, letter);
        is_first(&b, letter).expect("nobody has confirmed it yet");
    }
    let mut took = Vec::new();
    for letter in ["A032", "S006"] {
        confirmed(&a, letter);
        let since = Instant::now();
        let of = format!("desk-a/{letter}");
        wait_for("the repeat to be found", 20, || {
            is_repeat_of(&b, letter, &of)
        });
        took.push(since.elapsed());
    }
    // Each is asked for every 30 ms over HTTP.
    let best = took.iter().min().expect("two were confirmed");
    assert!(*best < Duration::from_secs(1), "{took:?}");
    let found = repeat(&b, "A032");
    assert_eq!(found["candidates"][0]["from"], "other_station", "{found}");
    assert_eq!(
        found["decided"],
        Value::Null,
        "nothing is merged by itself: {found}"
    );
    let page = String::from_utf8(b.bytes("/letters/A032")).unwrap();
    assert!(
        page.contains("desk-a") && page.contains("编号 A032"),
        "{page}"
    );
}

#[test]
fn a_station_that_was_away_catches_up_and_what_is_withdrawn_is_taken_back() {
    let mut broker = Broker::new();
    let mut b = running(&broker, "desk-b");
    let a = running(&broker, "desk-a");
    arrives(&b, "A032");
    arrives(&a, "A032");
    arrives(&a, "S006");
    b.kill();
    // Without a broker it is confirmed all the same.
    broker.kill();
    confirmed(&a, "A032");
    broker.start();
    confirmed(&a, "S006");
    b.start();
    b.sign_in();
    wait_for("the repeat to be found", 60, || {
        is_repeat_of(&b, "A032", "desk-a/A032")
    });
    wait_for("the other one", 20, || (heard(&b) == 2).then_some(()));
    // Its own are not heard.
    assert_eq!(heard(&a), 0);

    let letter = a.ok("GET", "/v1/letters/A032", None);
    assert_eq!(letter["stage"], "confirmed", "{letter}");
    let body = serde_json::json!({"reason": "scanned twice"});
    a.ok("POST", "/v1/letters/A032/withdraw", Some(body));
    wait_for("it to be taken back", 20, || is_first(&b, "A032"));
    assert_eq!(heard(&b), 1);
}

#[test]
fn what_the_brokers_lost_is_told_again() {
    let mut broker = Broker::new();
    let a = running(&broker, "desk-a");
    arrives(&a, "A032");
    confirmed(&a, "A032");
    let b = running(&broker, "desk-b");
    wait_for("it to be heard", 20, || (heard(&b) == 1).then_some(()));
    broker.kill();
    broker.lose_disk();
    broker.start();
    broker.make_streams();
    let c = running(&broker, "desk-c");
    wait_for("it to be told anew", 60, || (heard(&c) == 1).then_some(()));
    assert_eq!(heard(&b), 1);
}

#[test]
fn a_station_with_another_key_hears_nothing_and_goes_on() {
    let broker = Broker::new();
    let a = running(&broker, "desk-a");
    arrives(&a, "A032");
    confirmed(&a, "A032");
    let mut c = broker.station("desk-c", "");
    fs::write(c.folder("stations.key"), "ff".repeat(32)).unwrap();
    c.start();
    c.sign_in();
    c.open_batch(1);
    arrives(&c, "A032");
    wait_for("the warning", 20, || {
        c.log().contains("another stations_key").then_some(())
    });
    assert_eq!(heard(&c), 0);
    confirmed(&c, "A032");
}

#[test]
fn the_broker_sees_neither_a_name_nor_a_number_of_a_letter() {
    let broker = Broker::new();
    let a = running(&broker, "desk-a");
    arrives(&a, "A032");
    confirmed(&a, "A032");
    let b = running(&broker, "desk-b");
    wait_for("it to be heard", 20, || (heard(&b) == 1).then_some(()));
    let said = broker.run(async |jetstream| {
        let stream = jetstream.get_stream("FINGERPRINTS").await.unwrap();
        let message = stream.get_raw_message(1).await.unwrap();
        (message.subject.to_string(), message.payload.to_vec())
    });
    assert_eq!(said.0, "fingerprints.desk-a");
    let text = String::from_utf8_lossy(&said.1);
    for hidden in ["A032", "何兴男", "桐泾北路"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}
