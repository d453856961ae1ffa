//! Settings that all stations share, and how the others are.

use serde_json::{Value, json};

use super::broker::Broker;
use crate::support::{PASSWORD, TestStation, wait_for};

const SHARED: &str = "shared_settings = true";

fn running(broker: &Broker, name: &str) -> TestStation {
    let mut station = broker.station(name, SHARED);
    station.add_person("admin", "administrator");
    station.add_person("countersigner", "confirming_officer");
    station.start();
    station.sign_in_as("admin");
    station
}

fn roster(station: &TestStation) -> String {
    let settings = station.ok("GET", "/v1/settings", None);
    settings["roster"].as_str().unwrap().to_owned()
}

/// Looks at a roster, then puts it in force with this second person.
fn set(station: &TestStation, table: &str, approver: &str) -> (u16, Value) {
    let looked = station.ok("POST", "/v1/settings/roster", Some(json!({"table": table})));
    assert_eq!(looked["second_person"], true, "{looked}");
    let body = json!({"table": table, "preview": looked["preview"], "approver": approver, "approver_password": PASSWORD});
    station.call("POST", "/v1/settings/roster", Some(body))
}

fn with(table: &str, line: &str) -> String {
    format!("{table}{line}\n")
}

#[test]
fn a_roster_is_set_by_two_people_and_in_force_everywhere() {
    let mut broker = Broker::new();
    let (a, mut b) = (running(&broker, "desk-a"), running(&broker, "desk-b"));
    wait_for("the connection", 20, || {
        a.log().contains("part=\"shared_settings\"").then_some(())
    });
    let one = with(&roster(&a), "范围外,,某某局,,");
    let (status, told) = set(&a, &one, "admin");
    assert_ne!(status, 200, "one person twice: {told}");
    assert_ne!(roster(&a), one);
    let (status, told) = set(&a, &one, "countersigner");
    assert_eq!(status, 200, "{told}");
    assert_eq!(roster(&a), one);
    wait_for("it to be in force there", 20, || {
        (roster(&b) == one).then_some(())
    });
    let settings = b.ok("GET", "/v1/settings", None);
    let change = &settings["roster_changes"][0];
    assert_eq!(
        (&change["by"], &change["approved_by"]),
        (&json!("desk-a/admin"), &json!("desk-a/countersigner"))
    );

    let own = a.ok("GET", "/v1/settings", None);
    let times = own["roster_changes"].as_array().unwrap().len();
    assert_eq!(times, 1, "once in the history of its own station: {own}");

    // The other way round, and over what is in force now.
    let two = with(&one, "范围外,,另一局,,");
    assert_eq!(set(&b, &two, "countersigner").0, 200);
    wait_for("it to be in force here", 20, || {
        (roster(&a) == two).then_some(())
    });

    // With the brokers away the last good one stays, over a restart too, and nothing is changed.
    broker.kill();
    b.stop();
    b.start();
    b.sign_in_as("admin");
    assert_eq!(roster(&b), two);
    let (status, told) = set(&b, &one, "countersigner");
    assert_eq!(
        (status, &told["code"]),
        (503, &json!("office_unreachable")),
        "{told}"
    );
    assert_eq!(roster(&b), two);
    broker.start();
    let three = with(&two, "范围外,,第三局,,");
    wait_for("the brokers again", 30, || {
        (set(&b, &three, "countersigner").0 == 200).then_some(())
    });
    wait_for("it to be in force here", 30, || {
        (roster(&a) == three).then_some(())
    });
}

/// Both looked at the same roster; whoever is second would take back what the first has done, and nobody saw that.
#[test]
fn of_two_settings_put_in_force_at_two_stations_at_once_the_second_is_refused() {
    let broker = Broker::new();
    let stations = [running(&broker, "desk-a"), running(&broker, "desk-b")];
    for station in &stations {
        wait_for("the connection", 20, || {
            station
                .log()
                .contains("part=\"shared_settings\"")
                .then_some(())
        });
    }
    let mut before = roster(&stations[0]);
    for round in 0..4 {
        let tables = ["甲", "乙"].map(|name| with(&before, &format!("范围外,,{name}{round}局,,")));
        let bodies: Vec<Value> = stations
            .iter()
            .zip(&tables)
            .map(|(station, table)| {
                let looked = Some(json!({"table": table}));
                let looked = station.ok("POST", "/v1/settings/roster", looked);
                json!({"table": table, "preview": looked["preview"], "approver": "countersigner", "approver_password": PASSWORD})
            })
            .collect();
        let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let asked: Vec<_> = stations
                .iter()
                .zip(bodies)
                .map(|(station, body)| {
                    scope.spawn(|| station.call("POST", "/v1/settings/roster", Some(body)))
                })
                .collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let first = answers.iter().position(|(status, _)| *status == 200);
        let first = first.unwrap_or_else(|| panic!("one is in force: {answers:?}"));
        let (status, told) = &answers[1 - first];
        assert_eq!(
            (*status, &told["code"]),
            (409, &json!("setting_changed")),
            "{told}"
        );
        for station in &stations {
            wait_for("the first to be in force", 20, || {
                (roster(station) == tables[first]).then_some(())
            });
        }
        before.clone_from(&tables[first]);
    }
}

#[test]
fn a_setting_that_no_station_sealed_is_refused_and_the_last_good_one_stays() {
    let broker = Broker::new();
    let a = running(&broker, "desk-a");
    wait_for("the connection", 20, || {
        a.log().contains("part=\"shared_settings\"").then_some(())
    });
    let one = with(&roster(&a), "范围外,,某某局,,");
    assert_eq!(set(&a, &one, "countersigner").0, 200);
    broker.run(async |jetstream| {
        let bucket = jetstream.get_key_value("shared").await.unwrap();
        bucket
            .put("roster", "{\"value\": {\"station\": \"x\"}}".into())
            .await
            .unwrap();
    });
    wait_for("the refusal", 20, || {
        let (_, ready) = a.call("GET", "/readyz", None);
        let parts = ready["parts"].as_array().cloned().unwrap_or_default();
        parts
            .iter()
            .any(|part| part["code"] == "setting_refused")
            .then_some(())
    });
    assert_eq!(roster(&a), one);

    // Two people set over it: it is nobody's setting.
    let two = with(&one, "范围外,,另一局,,");
    let (status, told) = set(&a, &two, "countersigner");
    assert_eq!(status, 200, "{told}");
    assert_eq!(roster(&a), two);
}

#[test]
fn every_station_tells_how_the_others_are() {
    let broker = Broker::new();
    let a = running(&broker, "desk-a");
    let mut b = running(&broker, "desk-b");
    let other = |answers: bool| {
        let all = a.ok("GET", "/v1/health/stations", None);
        let all = all["items"].as_array().cloned().unwrap_or_default();
        all.into_iter()
            .find(|one| one["name"] == "desk-b" && one["answers"] == answers)
    };
    let told = wait_for("the other to be heard", 30, || other(true));
    assert_eq!(told["kind"], "station");
    assert!(
        told["parts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|part| part["part"] == "store" && part["ready"] == true)
    );
    let figures = String::from_utf8(a.bytes("/metrics")).unwrap();
    assert!(
        figures.contains("laixin_office_answers{kind=\"station\",name=\"desk-b\"} 1"),
        "{figures}"
    );
    let page = String::from_utf8(a.bytes("/maintenance")).unwrap();
    assert!(page.contains("站 desk-b"), "{page}");
    b.kill();
    wait_for("its silence to be noticed", 40, || other(false));
    let figures = String::from_utf8(a.bytes("/metrics")).unwrap();
    assert!(
        figures.contains("laixin_office_answers{kind=\"station\",name=\"desk-b\"} 0"),
        "{figures}"
    );
    assert!(
        !figures.contains("laixin_office_part_ready{kind=\"station\",name=\"desk-b\""),
        "{figures}"
    );
}
