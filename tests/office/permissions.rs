//! Least privilege with the shipped permissions: what a station may not do at the brokers is refused by them, and what lies there is sealed.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::{self, ContextBuilder};
use async_nats::{Client, ConnectOptions};

use super::brokers::{Brokers, Office, ask, feed, permissions, station};
use crate::support::{project, wait_for};

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// What a client is told by the brokers besides answers.
pub type Told = Arc<Mutex<Vec<String>>>;

pub async fn connected(brokers: &Brokers, name: &str) -> (Client, jetstream::Context, Told) {
    let seed = std::fs::read_to_string(brokers.file(&format!("{name}.nkey"))).unwrap();
    let told = Told::default();
    let hears = told.clone();
    let client = ConnectOptions::with_nkey(seed)
        .custom_inbox_prefix(format!("_INBOX.{name}"))
        .request_timeout(Some(Duration::from_secs(2)))
        .event_callback(move |event| {
            hears.lock().unwrap().push(event.to_string());
            std::future::ready(())
        })
        .connect(format!("127.0.0.1:{}", brokers.nodes[0].port))
        .await
        .unwrap();
    let asked = ContextBuilder::new()
        .timeout(Duration::from_secs(2))
        .ack_timeout(Duration::from_secs(2))
        .build(client.clone());
    (client, asked, told)
}

#[test]
fn a_station_sees_nothing_of_another_and_can_take_nothing_from_it() {
    let brokers = Brokers::new(1, &["desk-a", "desk-b"]);
    let mut office = Office::new(&brokers, &["desk-a", "desk-b"], (1, 60));
    office.up(&brokers, 0);
    let sender = station(&office.table(&brokers, "desk-a", "pdf = false\n"), 20);
    feed(&sender, &["H00001"]);
    wait_for("the package to be out", 30, || {
        let out = "SELECT message FROM outbox WHERE state = 'sent'";
        (ask(&sender, out).len() == 1).then_some(())
    });
    let subject = laixin::broker::names::draft("desk-a", "H00001");
    runtime().block_on(async {
        // What the office may, to see that these questions are answered at all.
        let (_, office, _) = connected(&brokers, "office").await;
        let drafts = office.get_stream("drafts").await.unwrap();
        let lying = drafts.get_last_raw_message_by_subject(&subject).await;
        assert!(!lying.unwrap().payload.is_empty());

        let (client, other, told) = connected(&brokers, "desk-b").await;
        for subject in [">", "drafts.desk-a.*", "_INBOX.desk-a.>"] {
            // The subscription is kept: dropped, nobody would hear that it was refused.
            let _tapped = client.subscribe(subject).await.unwrap();
            let begin = std::time::Instant::now();
            let is_refused = || {
                let told = told.lock().unwrap();
                told.iter().any(|one| {
                    one.contains("Subscription") && one.contains(&format!("\"{subject}\""))
                })
            };
            while !is_refused() {
                assert!(
                    begin.elapsed() < Duration::from_secs(5),
                    "{subject}: {:?}",
                    told.lock().unwrap()
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        assert!(
            other.get_stream("drafts").await.is_err(),
            "about the stream"
        );
        for stream in ["drafts", "receipts", "notices", "OBJ_pages-desk-a"] {
            let found = other.get_stream_no_info(stream).await.unwrap();
            let read = found.raw_message_builder().sequence(1).send().await;
            assert!(read.is_err(), "a message of {stream}");
            let config = pull::Config {
                deliver_policy: DeliverPolicy::All,
                ..pull::Config::default()
            };
            let made = other.create_consumer_on_stream(config, stream).await;
            assert!(made.is_err(), "a consumer of {stream}");
        }
        let receipts: Result<jetstream::consumer::PullConsumer, _> =
            other.get_consumer_from_stream("desk-a", "receipts").await;
        assert!(receipts.is_err(), "another's receipts");
        let own: Result<jetstream::consumer::PullConsumer, _> =
            other.get_consumer_from_stream("desk-b", "receipts").await;
        assert!(own.is_ok(), "its own receipts");
        let forged = other.publish(subject.clone(), "x".into()).await.unwrap();
        assert!(forged.await.is_err(), "under another's name");
        let emptied = other.get_stream_no_info("drafts").await.unwrap();
        assert!(emptied.delete_message(1).await.is_err(), "a deletion");
    });
}

#[test]
fn nothing_of_a_letter_lies_readable_on_a_brokers_disk() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let sender = station(&office.table(&brokers, "desk-a", "pdf = false\n"), 20);
    feed(&sender, &["H00001"]);
    let claim = office.claim(0, 1).remove(0);
    let name = claim["draft"]["fields"]["sender_name"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let address = claim["draft"]["fields"]["address"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let (mut files, mut bytes) = (0, 0);
    let mut folders = vec![brokers.file("node-0")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let held = std::fs::read(&path).unwrap();
            (files, bytes) = (files + 1, bytes + held.len());
            for secret in [name.as_bytes(), address.as_bytes(), b"H00001"] {
                let there = held.windows(secret.len()).any(|part| part == secret);
                assert!(
                    !there,
                    "{} shows {:?}",
                    path.display(),
                    String::from_utf8_lossy(secret)
                );
            }
        }
    }
    assert!(
        files > 5 && bytes > 2000,
        "{files} files, {bytes} bytes: that is not where it lies"
    );
}

#[test]
fn the_shipped_broker_is_one_that_nats_server_takes() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = std::fs::read_to_string(project("config/office/nats.conf")).unwrap();
    // Its certificates are nowhere here; everything else is read as it is.
    let mut parts = shipped.split("tls {");
    let mut plain = parts.next().unwrap().to_owned();
    let mut left_out = 0;
    for part in parts {
        plain.push_str(part.split_once('}').unwrap().1);
        left_out += 1;
    }
    assert_eq!(left_out, 2, "for clients and among the brokers");
    std::fs::write(folder.path().join("nats.conf"), &plain).unwrap();
    let permissions = permissions(folder.path(), &["desk-a", "desk-b"]);
    std::fs::write(folder.path().join("permissions.conf"), permissions).unwrap();
    let takes = |text: &str| {
        std::fs::write(folder.path().join("nats.conf"), text).unwrap();
        let tried = Command::new("nats-server")
            .arg("-t")
            .arg("-c")
            .arg(folder.path().join("nats.conf"))
            .output()
            .unwrap();
        (
            tried.status.success(),
            String::from_utf8_lossy(&tried.stderr).into_owned(),
        )
    };
    let (taken, told) = takes(&plain);
    assert!(taken, "{told}");
    let (taken, told) = takes(&plain.replace("max_file_store", "max_file_stone"));
    assert!(!taken && told.contains("max_file_stone"), "{told}");
}
