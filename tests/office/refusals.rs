//! Bad input from around an office: each is told in one sentence with a stable code, held, and the station goes on alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use laixin::broker::SealKey;
use serde_json::json;

use super::brokers::{Brokers, Office, ask, code_of, feed, permissions, station};
use super::permissions::{connected, runtime};
use crate::support::clock::Clock;
use crate::support::{LAIXIN, TestStation, bounded, wait_for};

fn says(station: &TestStation, part: &str, code: &str) {
    wait_for(&format!("{part} to say {code}"), 40, || {
        (code_of(station, part)? == code).then_some(())
    });
    // It works, and takes letters.
    assert_eq!(feed(station, &["H00009"]).len(), 1);
    assert_eq!(station.call("GET", "/v1/letters/H00009", None).0, 200);
    let out = "SELECT message FROM outbox WHERE state = 'sent'";
    assert_eq!(ask(station, out), Vec::<String>::new(), "nothing is sent");
}

/// The program without what speaks to brokers lies alone: nothing goes on half.
#[test]
fn a_station_of_an_office_without_the_program_for_it_is_told_what_to_install() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    let station = TestStation::with_settings(|text| text + &office.table(&brokers, "desk-a", ""));
    // Beside the built one, since a link may not leave its disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let alone = folder.path().join("laixin");
    fs::hard_link(LAIXIN, &alone).unwrap();
    let commands = [
        ("run", station.folder("station.toml")),
        ("office", office.file("office.toml")),
        ("reader", office.file("reader.toml")),
    ];
    for (command, settings) in commands {
        let mut ended = bounded(&alone);
        let ended = ended.args([command, "--config"]).arg(settings).output();
        let ended = ended.unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{command}: {told}");
        assert!(told.contains("install the package laixin-office"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn wrong_credentials() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    let stranger = nkeys::KeyPair::new_user().seed().unwrap();
    fs::write(brokers.file("desk-a.nkey"), stranger).unwrap();
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    says(&station, "office", "credentials_refused");
}

#[test]
fn the_credentials_of_another_station_are_no_silence() {
    let brokers = Brokers::new(1, &["desk-a", "desk-b"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    fs::copy(brokers.file("desk-b.nkey"), brokers.file("desk-a.nkey")).unwrap();
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    says(&station, "office", "not_permitted");
}

#[test]
fn a_broker_without_jetstream() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    brokers.kill(0);
    let file = brokers.file("node-0.conf");
    let without: String = fs::read_to_string(&file)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("jetstream"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let permissions = fs::read_to_string(brokers.file("permissions.conf")).unwrap();
    let permissions = permissions.replace("jetstream: enabled", "");
    fs::write(brokers.file("permissions.conf"), permissions).unwrap();
    brokers.start_with(0, &without);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    says(&station, "office", "no_jetstream");
}

#[test]
fn no_broker_at_all() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    brokers.kill(0);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    says(&station, "office", "brokers_unreachable");
    // How many wait is told all the same.
    let page = String::from_utf8(station.bytes("/outbox")).unwrap();
    assert!(page.contains("1 封信可以移交"), "{page}");
}

#[test]
fn a_full_stream_keeps_drafts_at_the_station_until_there_is_room() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.drafts_most = 40;
    office.up(&brokers, 0);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 400);
    let names: Vec<String> = (0..200).map(|n| format!("H{n:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    feed(&station, &names);
    wait_for("the stream to be full", 60, || {
        (code_of(&station, "office/drafts")? == "stream_full").then_some(())
    });
    let left = "SELECT letter_id FROM drafts WHERE state = 'acked'";
    let mut taken = 0;
    wait_for("every draft to come through", 240, || {
        let wish = json!({"limit": 20});
        let (_, body) = office.call(0, "POST", "/v1/drafts/claims", Some(wish));
        for claim in body["drafts"].as_array().unwrap() {
            taken += 1;
            let path = format!("/v1/drafts/{}/ack", claim["id"].as_str().unwrap());
            let body = json!({"case_number": format!("SZ-{taken}"), "lease": claim["lease"]});
            assert_eq!(office.call(0, "POST", &path, Some(body)).0, 200);
        }
        (ask(&station, left).len() == 200).then_some(())
    });
    assert_eq!(taken, 200, "none twice");
    wait_for("the station to be content", 20, || {
        code_of(&station, "office/drafts").is_none().then_some(())
    });
}

#[test]
fn a_limit_that_the_settings_lower_holds_for_a_stream_that_is_there() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    office.kill(0);
    office.drafts_most = 2;
    office.up(&brokers, 0);
    feed(&station, &["H00001", "H00002", "H00003", "H00004"]);
    wait_for("the stream to be full", 60, || {
        (code_of(&station, "office/drafts")? == "stream_full").then_some(())
    });
}

#[test]
fn room_and_time_for_originals_hold_for_buckets_that_are_there() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    let has = || {
        let client = connected(&brokers, "office");
        runtime().block_on(async {
            let (_, asked, _) = client.await;
            let stream = asked.get_stream("OBJ_pages-desk-a").await.unwrap();
            let config = &stream.cached_info().config;
            (config.max_bytes >> 20, config.max_age.as_secs() / 86_400)
        })
    };
    office.up(&brokers, 0);
    assert_eq!(has(), (500, 30));
    for pages in [(7, 2), (900, 60)] {
        office.kill(0);
        office.pages = pages;
        office.up(&brokers, 0);
        assert_eq!(has(), (pages.0.into(), pages.1.into()));
    }
}

#[test]
fn a_full_bucket_of_originals_is_no_silence_of_the_brokers() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let holds = |bytes: i64| {
        runtime().block_on(async {
            let (_, asked, _) = connected(&brokers, "office").await;
            let stream = asked.get_stream("OBJ_pages-desk-a").await.unwrap();
            let mut config = stream.cached_info().config.clone();
            config.max_bytes = bytes;
            asked.update_stream(config).await.unwrap();
        });
    };
    holds(200);
    let station = station(&office.table(&brokers, "desk-a", "pdf = false\n"), 20);
    feed(&station, &["H00001"]);
    wait_for("the bucket to be full", 60, || {
        (code_of(&station, "office/drafts")? == "stream_full").then_some(())
    });
    holds(1 << 20);
    assert_eq!(office.claim(0, 1).len(), 1, "it heals by itself");
}

#[test]
fn more_copies_than_there_are_brokers_are_no_silence_of_the_brokers() {
    for (count, replicas) in [(1, 3), (3, 5)] {
        let brokers = Brokers::new(count, &["desk-a"]);
        let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
        office.replicas = replicas;
        office.start(&brokers, 0);
        wait_for("the office to say so", 60, || {
            let log = office.log();
            let is_told = log.contains("too_few_brokers") && log.contains("office.replicas asks");
            is_told.then_some(())
        });
    }
}

#[test]
fn an_authority_that_is_not_there_is_named_with_its_key() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let nowhere = brokers.file("nowhere.pem");
    brokers.secured = format!("authority = {nowhere:?}\n");
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.start(&brokers, 0);
    let file = nowhere.display().to_string();
    wait_for("the office to say so", 20, || {
        let log = office.log();
        let is_told = log.contains(&file) && log.contains("brokers.authority");
        assert!(!log.contains("office.brokers"), "its own table: {log}");
        is_told.then_some(())
    });
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    says(&station, "office", "tls_unusable");
}

#[test]
fn a_sealing_key_in_the_place_of_credentials() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    fs::copy(office.file("desk-a.seal"), brokers.file("desk-a.nkey")).unwrap();
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    says(&station, "office", "credentials_missing");
}

#[test]
fn a_station_that_seals_to_itself_does_not_start() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    let own = SealKey::load(&office.file("desk-a.seal")).unwrap().public();
    let table = office.table(&brokers, "desk-a", "");
    let table = table.replace(&office.public().0, &own.0);
    let station = TestStation::with_settings(|text| text + &table);
    let ended = station.try_command(&["run"], None);
    assert_eq!(ended.status.code(), Some(2));
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        told.contains("desk-a.seal") && told.contains("private half of what seal_to names"),
        "{told}"
    );
}

#[test]
fn two_stations_with_one_name() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let table = office.table(&brokers, "desk-a", "pages = false\n");
    let mut first = station(&table, 20);
    feed(&first, &["H00001"]);
    assert_eq!(office.claim(0, 1).len(), 1);
    let second = station(&table, 20);
    says(&second, "office/name", "name_taken");
    assert_eq!(code_of(&first, "office/name"), None, "the first goes on");
    // Once the first is gone for good the name is free.
    first.stop();
    wait_for("the second to send", 60, || {
        let out = "SELECT message FROM outbox WHERE state = 'sent'";
        (ask(&second, out).len() == 1).then_some(())
    });
}

#[test]
fn a_station_whose_key_the_office_does_not_know_is_held_at_the_brokers() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    fs::write(office.file("desk-a.seal"), SealKey::generated().seed()).unwrap();
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    feed(&station, &["H00001"]);
    wait_for("the package to be out", 30, || {
        let out = "SELECT message FROM outbox WHERE state = 'sent'";
        (ask(&station, out).len() == 1).then_some(())
    });
    let (status, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    assert_eq!((status, &body["drafts"]), (200, &json!([])));
    let (_, ready) = office.call(0, "GET", "/readyz", None);
    let parts = ready["parts"].as_array().unwrap();
    let part = parts
        .iter()
        .find(|one| one["part"] == "station/desk-a")
        .unwrap();
    assert_eq!(part["code"], "station_unknown", "{ready}");
}

#[test]
fn clocks_hours_apart_keep_drafts_here_until_one_is_set() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let mut station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    station.stop();
    let Some(clock) = Clock::of(&mut station) else {
        return;
    };
    clock.set(3 * 3600);
    // Owed already: the clock is judged before anything goes out. Once the station has written down what time it holds it to be, nothing of ours is taken.
    feed(&station, &["H00002", "H00001"]);
    station.start();
    wait_for("the station to say so", 40, || {
        (code_of(&station, "office/clock")? == "clock_apart").then_some(())
    });
    std::thread::park_timeout(Duration::from_secs(5));
    let out = "SELECT message FROM outbox WHERE state = 'sent'";
    assert_eq!(ask(&station, out), Vec::<String>::new(), "nothing is sent");
}

#[test]
fn a_key_that_others_may_read_stops_the_station_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(permissions(folder.path(), &["desk-a"]));
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    let key = office.file("desk-a.seal");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let table = office.table(&brokers, "desk-a", "");
    let station = TestStation::with_settings(|text| text + &table);
    let ended = station.try_command(&["run"], None);
    assert_eq!(ended.status.code(), Some(2));
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        told.contains("office.seal_key") && told.contains("chmod 600"),
        "{told}"
    );
}
