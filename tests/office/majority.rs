//! Three brokers with the shipped permissions: one dies, two die, or a stream takes nothing though all of them answer.

use std::fs;
use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use serde_json::{Value, json};

use super::brokers::{Brokers, Office, ask, code_of, feed, private, station};
use super::permissions::{connected, runtime};
use crate::support::{TestStation, wait_for};

const PARTS: [&str; 6] = [
    "office",
    "office/name",
    "office/drafts",
    "office/clock",
    "repeats",
    "shared_settings",
];

fn ack(office: &Office, claim: &Value) -> u16 {
    let path = format!("/v1/drafts/{}/ack", claim["id"].as_str().unwrap());
    let number = format!("SZ-{}", claim["id"]);
    let body = json!({"case_number": number, "lease": claim["lease"]});
    office.call(0, "POST", &path, Some(body)).0
}

fn is_content(station: &TestStation) -> bool {
    PARTS.iter().all(|part| code_of(station, part).is_none())
}

/// What the brokers refused, by their own logs.
fn refused(brokers: &Brokers) -> Vec<String> {
    let logs = (0..brokers.nodes.len()).map(|n| brokers.file(&format!("node-{n}.log")));
    let lines = logs.flat_map(|log| {
        let text = fs::read_to_string(log).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines.filter(|line| line.contains("Violation")).collect()
}

#[test]
fn whichever_broker_dies_nobody_asks_for_what_the_shipped_permissions_refuse() {
    let names = ["desk-a", "desk-b"];
    let mut brokers = Brokers::new(3, &names);
    // What a claim took in the second of a death comes again soon.
    let mut office = Office::new(&brokers, &names, (1, 10));
    office.up(&brokers, 0);
    let key = office.file("stations.key");
    private(&key, &"0a".repeat(32));
    let more = format!("pdf = false\nstations_key = {key:?}\nshared_settings = true\n");
    let stations = names.map(|name| station(&office.table(&brokers, name, &more), 20));
    for n in 0..3 {
        brokers.kill(n);
        let letter = format!("H0000{n}");
        stations
            .iter()
            .for_each(|one| drop(feed(one, &[letter.as_str()])));
        for claim in office.claim(0, 2) {
            wait_for("the acknowledgement", 60, || {
                (ack(&office, &claim) == 200).then_some(())
            });
        }
        brokers.start(n);
        let acked = "SELECT letter_id FROM drafts WHERE state = 'acked'";
        for one in &stations {
            // What was on its way at a death comes again after a minute (`RECEIPT_WAIT`).
            wait_for("the receipt", 150, || {
                (ask(one, acked).len() == n + 1).then_some(())
            });
            wait_for("the station to be content", 60, || {
                is_content(one).then_some(())
            });
        }
    }
    assert_eq!(refused(&brokers), Vec::<String>::new());

    // And what is not permitted does stand there.
    runtime().block_on(async {
        let (client, ..) = connected(&brokers, "desk-b").await;
        client.publish("drafts.desk-a.x", "x".into()).await.unwrap();
        client.flush().await.unwrap();
    });
    wait_for("the refusal", 10, || {
        (refused(&brokers).len() == 1).then_some(())
    });
}

#[test]
fn an_office_without_a_majority_of_brokers_says_that_it_is_not_ready() {
    let mut brokers = Brokers::new(3, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let code = || {
        let (status, told) = office.call(0, "GET", "/readyz", None);
        let parts = told["parts"].as_array().unwrap().iter();
        let mut streams = parts.filter(|one| one["part"] == "streams");
        let code = streams.next().unwrap()["code"].as_str().map(str::to_owned);
        (status, code)
    };
    assert_eq!(code(), (200, None));
    (1..3).for_each(|n| brokers.kill(n));
    wait_for("it to say so", 40, || {
        (code() == (503, Some("brokers_silent".into()))).then_some(())
    });
    (1..3).for_each(|n| brokers.start(n));
    wait_for("it to be ready", 60, || {
        (code() == (200, None)).then_some(())
    });
}

#[test]
fn brokers_that_lost_their_streams_get_them_again_from_the_office_that_runs() {
    let mut brokers = Brokers::new(3, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = station(
        &office.table(&brokers, "desk-a", "pages = false\nask_again_s = 10\n"),
        20,
    );
    feed(&station, &["H00001", "H00002"]);
    let claim = office.claim(0, 1).remove(0);
    assert_eq!(ack(&office, &claim), 200);

    (0..3).for_each(|n| brokers.kill(n));
    for n in 0..3 {
        fs::remove_dir_all(brokers.file(&format!("node-{n}"))).unwrap();
    }
    (0..3).for_each(|n| brokers.start(n));
    wait_for("the streams to be made again", 90, || {
        office.log().contains("they are made again").then_some(())
    });
    wait_for("the office to be ready", 60, || {
        (office.call(0, "GET", "/readyz", None).0 == 200).then_some(())
    });
    wait_for("the station to be content", 60, || {
        is_content(&station).then_some(())
    });

    // What lay there comes from the station again.
    let claim = office.claim(0, 1).remove(0);
    assert_eq!(ack(&office, &claim), 200);
    feed(&station, &["H00003"]);
    assert_eq!(ack(&office, &office.claim(0, 1)[0]), 200);
    let acked = "SELECT letter_id FROM drafts WHERE state = 'acked'";
    wait_for("the receipts", 60, || {
        (ask(&station, acked).len() == 3).then_some(())
    });
}

/// As when its disk is full: it keeps its clients, and JetStream cannot be asked through it (10008).
#[test]
fn a_broker_that_keeps_its_clients_and_answers_nothing_is_left_for_another() {
    let mut brokers = Brokers::new(3, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    feed(&station, &["H00001"]);
    assert_eq!(office.claim(0, 1).len(), 1);

    // One comes back cut off from the others, and everybody to it: there is no other one.
    let whole = brokers.configuration(2);
    brokers.kill(2);
    let alone = Brokers::alone(&whole);
    brokers.start_with(2, &alone);
    (0..2).for_each(|n| brokers.kill(n));
    let named = || {
        let (status, told) = office.call(0, "GET", "/readyz", None);
        let parts = told["parts"].as_array().unwrap().iter();
        let mut link = parts.filter(|one| one["part"] == "office");
        let link = link.next().unwrap();
        let code = ["broker_ill", "brokers_leaderless"]
            .contains(&link["code"].as_str().unwrap_or_default());
        let name = link["message"].as_str().unwrap_or_default();
        (status == 503 && code && name.contains("n2")).then_some(())
    };
    wait_for("the office to name it", 60, named);
    wait_for("the station to say so", 60, || {
        ["broker_ill", "brokers_leaderless"]
            .contains(&code_of(&station, "office")?.as_str())
            .then_some(())
    });

    // Two are well again; the third still keeps whoever is connected to it.
    (0..2).for_each(|n| brokers.start(n));
    feed(&station, &["H00002"]);
    assert_eq!(office.claim(0, 1).len(), 1);
    wait_for("the office to be ready", 60, || {
        (office.call(0, "GET", "/readyz", None).0 == 200).then_some(())
    });
    wait_for("the station to be content", 60, || {
        is_content(&station).then_some(())
    });
    assert!(office.log().contains("left for another broker"));
}

async fn leader(asked: &Context, stream: &str) -> Option<String> {
    let found = asked.get_stream(stream).await.ok()?;
    found.cached_info().cluster.as_ref()?.leader.clone()
}

/// A sealed stream answers every question about itself and takes nothing: as near as a real broker comes to one that is stuck.
#[test]
fn a_stream_that_takes_nothing_gets_another_leader_from_whoever_puts_something_into_it() {
    let brokers = Brokers::new(3, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    feed(&station, &["H00001"]);
    let claim = office.claim(0, 1).remove(0);
    runtime().block_on(async {
        let (_, asked, _) = connected(&brokers, "office").await;
        // Receipts are put there by the office, drafts by the station: each asks for the other leader under its own permissions.
        let mut before = Vec::new();
        for name in ["receipts", "drafts"] {
            before.push((name, leader(&asked, name).await.unwrap()));
            let mut config = asked
                .get_stream(name)
                .await
                .unwrap()
                .cached_info()
                .config
                .clone();
            config.sealed = true;
            asked.update_stream(config).await.unwrap();
        }
        feed(&station, &["H00002"]);
        let begin = Instant::now();
        while !before.is_empty() {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "still led as before: {before:?}"
            );
            assert_eq!(ack(&office, &claim), 503);
            for (name, old) in std::mem::take(&mut before) {
                let now = leader(&asked, name).await;
                if now.as_ref().is_none_or(|now| *now == old) {
                    before.push((name, old));
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    assert_eq!(code_of(&station, "office"), None, "it may ask for that");
    let log = office.log();
    assert!(log.contains("took nothing for a while"), "{log}");
}
