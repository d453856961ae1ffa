//! What the stream of events tells case systems: of letters that they may claim or hold, and nothing of one another.

use std::io::Read;

use laixin::domain::draft::Accused;
use laixin::events::Event;
use laixin::store::Scope;
use serde_json::json;

use super::house::{Caller, House};

/// Whatever happens to a letter.
const KINDS: [&str; 12] = [
    "page_arrived",
    "page_read",
    "drafted",
    "corrected",
    "confirmed",
    "office_judged",
    "office_named",
    "handed_out",
    "given_back",
    "registered",
    "withdrawn",
    "restricted",
];

/// What each of these systems is told while everything happens to a letter, each word once.
fn heard(house: &House, systems: &[&Caller], letter: &str) -> Vec<Vec<String>> {
    let streams: Vec<_> = systems
        .iter()
        .map(|system| house.open(system, "/v1/events").into_body().into_reader())
        .collect();
    let tell = |letter: &str, what: &str| {
        house.app.events.tell(Event::Letter {
            letter: letter.into(),
            what: what.into(),
        });
    };
    KINDS.iter().for_each(|what| tell(letter, what));
    for code in ["receipt_contradicts", "message_given_up", "page_unreadable"] {
        house.app.events.tell(Event::Alert {
            code: code.into(),
            subject: format!("letter/{letter}"),
        });
    }
    // Everybody may claim it: with it the rest is over.
    tell("LAST", "confirmed");
    let read = |mut stream: ureq::BodyReader<'_>| {
        let mut text = String::new();
        let mut part = [0; 4096];
        while !text.contains("LAST") {
            let n = stream.read(&mut part).unwrap();
            assert!(n > 0, "the stream ended: {text}");
            text.push_str(&String::from_utf8_lossy(&part[..n]));
        }
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let mut words: Vec<String> = events
            .filter(|event| {
                event.contains(&format!("\"{letter}\""))
                    || event.contains(&format!("letter/{letter}\""))
            })
            .map(|event| {
                let event: serde_json::Value = serde_json::from_str(event).unwrap();
                let word = event["what"].as_str().or(event["code"].as_str());
                word.unwrap().to_owned()
            })
            .collect();
        words.dedup();
        words
    };
    streams.into_iter().map(read).collect()
}

#[test]
fn a_case_system_hears_of_what_it_may_claim_and_of_what_it_holds_and_of_no_other_system() {
    let house = House::with_roster("");
    let (first, other) = (
        house.machine("first", Scope::CaseSystem),
        house.machine("other", Scope::CaseSystem),
    );
    let accused = house.machine_of("accused", "市信访局");
    let systems = [&first, &other, &accused];
    let table = |letter: &str, first: &[&str], other: &[&str], accused: &[&str], state: &str| {
        let heard = heard(&house, &systems, letter);
        assert_eq!(heard, [first, other, accused], "{state}");
    };
    let (offered, registered): (&[&str], &[&str]) = (&["offered"], &["registered"]);
    house.drafted_as("ACCUSES", |draft| {
        draft.fields.accused = vec![Accused {
            name: "苏州市信访局".into(),
            ..Accused::default()
        }];
    });
    house.letter("UNREAD");
    house.drafted("A1");
    house.sql("UPDATE drafts SET ready_ms = 1 WHERE letter_id = 'A1'");
    assert_eq!(claim_one(&house, &first), "A1");
    house.drafted("LAST");
    for letter in ["ACCUSES", "A1", "LAST"] {
        house.confirmed(letter);
    }
    table("UNREAD", &[], &[], &[], "nothing is read");
    table("ACCUSES", offered, offered, &[], "it accuses an office");
    table("A1", registered, &[], &[], "leased to the first");
    let back = json!({"reason": "不属本系统"});
    assert_eq!(house.post(&first, "/v1/drafts/A1/nack", back).status, 200);
    table("A1", offered, offered, offered, "given back");
    house.sql("UPDATE drafts SET ready_ms = 1 WHERE letter_id = 'A1'");
    assert_eq!(claim_one(&house, &other), "A1");
    table("A1", &[], registered, &[], "leased to the other");
    let number = json!({"case_number": "XF-1"});
    assert_eq!(house.post(&other, "/v1/drafts/A1/ack", number).status, 200);
    table("A1", &[], registered, &[], "registered by the other");
    house.sql(
        "INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES ('A1', 'corrected', 1, 'x')",
    );
    table(
        "A1",
        &[],
        &["amended", "registered", "amended"],
        &[],
        "a change is to be fetched",
    );
    house.sql("UPDATE drafts SET state = 'leased', lease_ms = 1 WHERE letter_id = 'A1'; UPDATE letters SET stage = 'drafted' WHERE id = 'A1'");
    table("A1", offered, offered, offered, "the lease ran out");
    house.sql(
        "INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'A1', 'page_again', 1)",
    );
    table("A1", &[], &[], &[], "held for a person");
}

fn claim_one(house: &House, system: &Caller) -> String {
    let claims = house.post(system, "/v1/drafts/claims", json!({"limit": 1}));
    claims.json()["drafts"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}
