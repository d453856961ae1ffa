//! Packages that a station withdraws, at the office: the station's side of it is that of exchange folders. The test is the station here.

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, ContextBuilder};
use futures_util::StreamExt as _;
use laixin::broker::SealKey;
use laixin::broker::names;
use laixin::broker::package::{Answer, Package};
use laixin::config::PublicKey;
use laixin::domain::outgoing::Kind;
use serde_json::{Value, json};

use super::brokers::{Brokers, Office};

/// A station that only says and hears what a test tells it to.
pub struct Hand {
    runtime: tokio::runtime::Runtime,
    jetstream: jetstream::Context,
    key: SealKey,
    office: PublicKey,
}

impl Hand {
    pub fn new(brokers: &Brokers, office: &Office) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let seed = std::fs::read_to_string(brokers.file("desk-a.nkey")).unwrap();
        let at = format!("127.0.0.1:{}", brokers.nodes[0].port);
        let client = runtime.block_on(
            async_nats::ConnectOptions::with_nkey(seed)
                .custom_inbox_prefix("_INBOX.desk-a")
                .connect(at),
        );
        let asked = ContextBuilder::new().timeout(Duration::from_secs(5));
        let jetstream = {
            let _inside = runtime.enter();
            asked.build(client.unwrap())
        };
        Self {
            runtime,
            jetstream,
            key: SealKey::load(&office.file("desk-a.seal")).unwrap(),
            office: office.public(),
        }
    }

    pub fn says(&self, package: &str, kind: Kind, withdrawn: Option<&str>) {
        let package = Package {
            package: package.into(),
            kind,
            station: "desk-a".into(),
            letter: "H00001".into(),
            made_at: "2026-11-30T08:00:00+08:00".into(),
            withdrawn: withdrawn.map(str::to_owned),
            code: match kind {
                Kind::Amended => Some("withdrawn".to_owned()),
                Kind::AlertRaised => Some("threat".to_owned()),
                Kind::DraftReady | Kind::DraftWithdrawn => None,
            },
            pages: Vec::new(),
            draft: (kind == Kind::DraftReady).then(|| json!({"pages": [], "which": package})),
            files: Vec::new(),
            archive: None,
        };
        let sealed = self
            .key
            .seal(&serde_json::to_vec(&package).unwrap(), &self.office);
        let subject = names::subject("desk-a", "H00001", kind);
        let publish = PublishMessage::build()
            .message_id(&package.package)
            .payload(sealed.into());
        self.runtime.block_on(async {
            let sent = self.jetstream.send_publish(subject, publish).await.unwrap();
            sent.await.unwrap();
        });
    }

    /// The next answers that come, opened, until one is of this package.
    pub fn hears_of(&self, package: &str) -> Answer {
        self.runtime.block_on(async {
            let consumer: PullConsumer = self
                .jetstream
                .get_consumer_from_stream("desk-a", "receipts")
                .await
                .unwrap();
            for _ in 0..20 {
                let asked = consumer
                    .batch()
                    .max_messages(1)
                    .expires(Duration::from_secs(1));
                let mut came = asked.messages().await.unwrap();
                while let Some(message) = came.next().await {
                    let message = message.unwrap();
                    let plain = self.key.open(&message.payload, &self.office).unwrap();
                    message.ack().await.unwrap();
                    let answer: Answer = serde_json::from_slice(&plain).unwrap();
                    if answer.package == package {
                        return answer;
                    }
                }
            }
            panic!("no answer about {package}");
        })
    }
}

pub fn office() -> (Brokers, Office) {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 5));
    office.up(&brokers, 0);
    (brokers, office)
}

fn claimed(office: &Office) -> Vec<Value> {
    let (status, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    assert_eq!(status, 200, "{body}");
    let drafts = body["drafts"].as_array().unwrap().iter();
    drafts.map(|one| one["draft"]["which"].clone()).collect()
}

#[test]
fn a_package_that_is_withdrawn_before_anybody_claims_it_is_never_offered_and_its_notice_is_answered()
 {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    station.says("withdrawn_1", Kind::DraftWithdrawn, Some("draft_1"));
    assert_eq!(station.hears_of("withdrawn_1").result, "accepted");
    assert_eq!(claimed(&office), Vec::<Value>::new());
}

#[test]
fn a_package_that_follows_takes_the_place_of_the_one_before_and_stays_when_that_is_withdrawn() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    station.says("draft_2", Kind::DraftReady, None);
    station.says("withdrawn_1", Kind::DraftWithdrawn, Some("draft_1"));
    station.hears_of("withdrawn_1");
    assert_eq!(claimed(&office), ["draft_2"]);
}

#[test]
fn a_withdrawn_package_that_is_registered_by_then_counts_and_the_one_that_follows_is_not_offered() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    let (_, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    let lease = body["drafts"][0]["lease"].clone();
    assert!(lease.is_string(), "{body}");
    station.says("withdrawn_1", Kind::DraftWithdrawn, Some("draft_1"));
    station.hears_of("withdrawn_1");
    station.says("draft_2", Kind::DraftReady, None);
    let path = "/v1/drafts/desk-a.H00001/ack";
    let said = json!({"case_number": "SZ-1", "lease": lease});
    let (status, told) = office.call(0, "POST", path, Some(said));
    assert_eq!(
        (status, &told["changed_since_claim"]),
        (200, &json!(true)),
        "{told}"
    );
    let heard = station.hears_of("draft_1");
    assert_eq!(heard.case_number.as_deref(), Some("SZ-1"));
    for _ in 0..2 {
        assert_eq!(
            claimed(&office),
            Vec::<Value>::new(),
            "the letter is registered"
        );
    }
    // Without a lease, too, it is the package that was handed out.
    let (status, _) = office.call(0, "POST", path, Some(json!({"case_number": "SZ-1"})));
    assert_eq!(status, 200);
}

#[test]
fn a_package_sent_again_long_after_it_was_registered_is_answered_for_and_goes() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("draft_1", Kind::DraftReady, None);
    let (_, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    let said = json!({"case_number": "SZ-1", "lease": body["drafts"][0]["lease"]});
    let (status, _) = office.call(0, "POST", "/v1/drafts/desk-a.H00001/ack", Some(said));
    assert_eq!(status, 200);
    station.hears_of("draft_1");
    // A restored station does not know what it sent: the same letter under another name.
    station.says("draft_9", Kind::DraftReady, None);
    assert_eq!(claimed(&office), Vec::<Value>::new());
    let (_, view) = office.call(0, "GET", "/v1/drafts/desk-a.H00001", None);
    assert_eq!(
        (&view["state"], &view["case_number"]),
        (&json!("acked"), &json!("SZ-1"))
    );
}

#[test]
fn a_change_is_listed_until_the_case_system_has_it_and_its_station_hears_that() {
    let (brokers, office) = office();
    let station = Hand::new(&brokers, &office);
    station.says("amended_1", Kind::Amended, None);
    let (status, list) = office.call(0, "GET", "/v1/amendments", None);
    let item = &list["items"][0];
    assert_eq!(
        (status, &item["letter"], &item["kind"]),
        (200, &json!("desk-a.H00001"), &json!("withdrawn"))
    );
    let path = format!("/v1/amendments/{}/ack", item["id"]);
    assert_eq!(office.call(0, "POST", &path, None).0, 200);
    assert_eq!(office.call(0, "POST", &path, None).0, 200, "twice is once");
    assert_eq!(station.hears_of("amended_1").result, "accepted");
    let (_, list) = office.call(0, "GET", "/v1/amendments", None);
    assert_eq!(list["items"], json!([]));
}
