//! Webhooks, with the listening half of the reference case system (`tests/case_system/webhooks.py`) on a real socket.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use laixin::config::Offer;
use laixin::domain::draft::{Accused, Flag};
use laixin::domain::outgoing::Kind;
use laixin::handoff::{Secret, secrets_of, sign};
use laixin::store::{Channel, Role};
use serde_json::json;

use super::house::{House, draft};
use crate::support::{LAIXIN, Process, TestStation, project, wait_for};

/// A receiver: its folder holds secrets and ledger, its process can be killed and started again on its port.
struct Receiver {
    home: tempfile::TempDir,
    process: Option<Process>,
    port: u16,
}

impl Receiver {
    fn new() -> Self {
        let receiver = Self {
            home: tempfile::tempdir().unwrap(),
            process: None,
            port: 0,
        };
        receiver.secrets("ours", &[&Secret::new_text()]);
        std::fs::copy(receiver.file("ours"), receiver.file("theirs")).unwrap();
        receiver
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `ours` is the station's file of secrets, `theirs` the receiver's.
    fn secrets(&self, name: &str, secrets: &[&str]) {
        let file = self.file(name);
        std::fs::write(&file, secrets.join("\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn start(&mut self, more: &[&str]) {
        // The specification's own library is among the packages of the tests.
        let python = match more.contains(&"--library") {
            true => project(".setup/venv-test/bin/python"),
            false => "python3".into(),
        };
        let mut child = Command::new(python)
            .arg(project("tests/case_system/webhooks.py"))
            .arg("--ledger")
            .arg(self.file("cases.db"))
            .arg("--secret-file")
            .arg(self.file("theirs"))
            .args(["--port", &self.port.to_string()])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        self.process = Some(Process(child));
        BufReader::new(out).read_line(&mut line).unwrap();
        self.port = line.trim().parse().expect("a port");
    }

    fn stop(&mut self) {
        self.process = None;
    }

    /// The block of the settings; `more` are further keys.
    fn settings(&self, scheme: &str, more: &str) -> String {
        format!(
            "push_to = [\"127.0.0.1\"]\n[[webhook]]\nid = \"cases\"\nurl = \"{scheme}://127.0.0.1:{}/hook\"\n\
             secret_file = {:?}\nfirst_retry_s = 1\n{more}\n",
            self.port,
            self.file("ours"),
        )
    }

    fn plain(&self) -> String {
        self.settings("http", "plain = true")
    }

    /// `type letter times` of every message, oldest first.
    fn told(&self) -> Vec<String> {
        let Ok(ledger) = rusqlite::Connection::open(self.file("cases.db")) else {
            return Vec::new();
        };
        let sql = "SELECT type || ' ' || letter || ' ' || times FROM messages ORDER BY at, rowid";
        let Ok(mut query) = ledger.prepare(sql) else {
            return Vec::new();
        };
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn hears(&self, expected: &[&str]) {
        wait_for(&format!("{expected:?}, not {:?}", self.told()), 20, || {
            (self.told() == expected).then_some(())
        });
    }

    /// A message as anybody could send it.
    fn send(&self, id: &str, at_s: i64, signature: &str, body: &str) -> u16 {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let request = agent
            .post(format!("http://127.0.0.1:{}/hook", self.port))
            .header("webhook-id", id)
            .header("webhook-timestamp", at_s.to_string())
            .header("webhook-signature", signature);
        request.send(body).unwrap().status().as_u16()
    }
}

fn waits(house: &House, letter: &str, state: &str, result: &str) {
    let sql = format!(
        "SELECT count(*) FROM outbox WHERE letter_id = '{letter}' AND state = '{state}' AND result = '{result}'"
    );
    wait_for(&format!("{letter} to be {state}: {result}"), 20, || {
        (house.count(&sql) > 0).then_some(())
    });
}

#[test]
fn what_happens_is_told_signed_and_once() {
    let mut receiver = Receiver::new();
    receiver.start(&["--library"]);
    let house = House::telling(&receiver.plain());
    house.drafted("A1");
    receiver.hears(&["draft.ready A1 1"]);
    house.drafted_as("A2", |draft| {
        draft.fields.flags.threat = Some(Flag {
            value: true,
            ..Flag::default()
        });
    });
    wait_for("draft and alert", 20, || {
        (receiver.told().len() == 3).then_some(())
    });
    assert!(receiver.told().contains(&"alert.raised A2 1".to_owned()));
    // Handed over, then another page comes: an amendment. Withdrawn: told, too.
    house.sql("UPDATE drafts SET state = 'leased', claimed_by = 'token/x', lease_ms = 9e15 WHERE letter_id = 'A1'");
    house.draft("A1", Offer::Read);
    house.sql("UPDATE alerts SET acked_ms = 1, acked_by = 'zhang', verdict = 'confirmed'");
    house
        .app
        .store
        .wait(|db| db.withdraw("A2", "scanned twice", "zhang"))
        .unwrap();
    wait_for("amendment and withdrawal", 20, || {
        (receiver.told().len() == 5).then_some(())
    });
    let mut told = receiver.told();
    told.sort();
    assert_eq!(
        told,
        [
            "alert.raised A2 1",
            "draft.ready A1 1",
            "draft.ready A2 1",
            "draft.withdrawn A2 1",
            "letter.amended A1 1"
        ]
    );
    // The receiver has it before its answer is on record here.
    wait_for("every answer to be on record", 20, || {
        (house.count("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0).then_some(())
    });
    let sent = "SELECT count(*) FROM ledger WHERE action = 'message.sent'";
    assert_eq!(house.count(sent), 5);
}

/// The answer is lost: the same message comes again under its id, and counts once there.
#[test]
fn a_receiver_killed_before_it_answers_gets_the_message_again_and_counts_it_once() {
    let mut receiver = Receiver::new();
    receiver.start(&["--die-after", "1"]);
    let house = House::telling(&receiver.plain());
    house.drafted("A1");
    receiver.hears(&["draft.ready A1 1"]);
    wait_for("the failed attempt", 20, || {
        (house.count("SELECT attempts FROM outbox") > 0).then_some(())
    });
    let unready = house.app.readiness.parts();
    assert!(unready["webhook/cases"].is_some(), "{unready:?}");
    receiver.stop();
    receiver.start(&[]);
    receiver.hears(&["draft.ready A1 2"]);
    waits(&house, "A1", "sent", "answered_204");
    assert!(house.app.readiness.parts()["webhook/cases"].is_none());
}

/// What waits for its next attempt waits in the store: under its old id, with the attempts it had.
#[test]
fn a_station_killed_between_two_attempts_goes_on_with_the_same_message() {
    let mut receiver = Receiver::new();
    receiver.start(&["--refuse", "1000", "--status", "503"]);
    let mut station = TestStation::with_settings(|text| text + &receiver.plain());
    station.start();
    station.sign_in();
    station.open_batch(1);
    station.scan(&project("tests/letters/S001_p1.jpg"), "S001_p1.jpg");
    // The only message there is: its id, and how often it was tried.
    let message = |station: &TestStation| {
        let listed = station.ok("GET", "/v1/outbox", None);
        let items = listed["items"].as_array().unwrap().clone();
        assert!(items.len() <= 1, "{items:?}");
        let item = items.into_iter().next().unwrap_or_default();
        (
            item["message"].clone(),
            item["attempts"].as_i64().unwrap_or(0),
        )
    };
    wait_for("two attempts", 120, || {
        (message(&station).1 >= 2).then_some(())
    });
    let before = message(&station);
    station.kill();
    receiver.stop();
    receiver.start(&[]);
    station.start();
    station.sign_in();
    wait_for("the message to be told", 60, || {
        receiver
            .told()
            .contains(&"draft.ready S001 1".to_owned())
            .then_some(())
    });
    wait_for("that to be on record", 20, || {
        (station.ok("GET", "/v1/outbox?state=sent", None)["items"][0]["message"].is_string())
            .then_some(())
    });
    let after = message(&station);
    assert_eq!(after.0, before.0);
    assert!(after.1 > before.1, "{before:?}, then {after:?}");
    station.stop();
    // Whatever happened to the message is vouched for.
    station.command(&["verify"], None);
}

#[test]
fn a_refusing_receiver_is_asked_again_then_given_up_until_a_person_sends_it_again() {
    let mut receiver = Receiver::new();
    receiver.start(&["--refuse", "2", "--status", "500"]);
    let house = House::telling(&receiver.settings("http", "plain = true\nattempts = 2"));
    house.drafted("A1");
    waits(&house, "A1", "dead", "answered_500");
    assert!(receiver.told().is_empty());
    let zhang = house.person("zhang", Role::Operator);
    let listed = house.get(&zhang, "/v1/outbox?state=dead").json();
    let item = &listed["items"][0];
    assert_eq!(
        (item["letter"].as_str(), item["attempts"].as_i64()),
        (Some("A1"), Some(2))
    );
    let again = format!("/v1/outbox/{}/resend", item["id"]);
    assert_eq!(house.post(&zhang, &again, json!({})).code(), "forbidden");
    let chen = house.person("chen", Role::ConfirmingOfficer);
    let answer = house.post(&chen, &again, json!({}));
    assert_eq!(
        answer.json()["message"],
        item["message"],
        "under its old id"
    );
    receiver.hears(&["draft.ready A1 1"]);
    // The receiver has it before its answer is on record here.
    waits(&house, "A1", "sent", "answered_204");
    let resent = "SELECT count(*) FROM ledger WHERE action = 'message.resent' AND actor = 'chen'";
    assert_eq!(house.count(resent), 1);
    // What was delivered is sent again with a reason only, and that is on record.
    assert_eq!(
        house.post(&chen, &again, json!({})).code(),
        "already_delivered"
    );
    let why = json!({"reason": "对方恢复了昨天的备份"});
    assert_eq!(house.post(&chen, &again, why).status, 200);
    waits(&house, "A1", "sent", "answered_204");
    let reasons = "SELECT count(*) FROM ledger WHERE action = 'message.resent' AND detail ->> '$.reason' = '对方恢复了昨天的备份' AND detail ->> '$.was' = 'sent'";
    assert_eq!(house.count(reasons), 1);
    // What waits is not sent twice by hand, whoever wants it.
    house.sql("UPDATE outbox SET state = 'waiting', next_ms = 9e15");
    let why = json!({"reason": "once more"});
    assert_eq!(house.post(&chen, &again, why).code(), "wrong_state");
}

#[test]
fn a_receiver_that_is_gone_for_good_is_not_asked_again() {
    let mut receiver = Receiver::new();
    receiver.start(&["--refuse", "1", "--status", "410"]);
    let house = House::telling(&receiver.plain());
    house.drafted("A1");
    waits(&house, "A1", "dead", "answered_410");
    assert_eq!(house.count("SELECT attempts FROM outbox"), 1);
}

/// Standard Webhooks: whoever answers 410 is sent nothing more. The next ten messages were sent all the same.
#[test]
fn a_receiver_that_wants_nothing_any_more_is_sent_nothing_until_a_person_sends_that_message_again()
{
    let mut receiver = Receiver::new();
    receiver.start(&["--refuse", "1", "--status", "410"]);
    let house = House::telling(&receiver.plain());
    house.drafted("A1");
    waits(&house, "A1", "dead", "answered_410");
    let queued = |letter: &str| {
        house.drafted(letter);
        let waiting = format!(
            "SELECT count(*) FROM outbox WHERE letter_id = '{letter}' AND state = 'waiting'"
        );
        wait_for("the next message", 20, || {
            (house.count(&waiting) == 1).then_some(())
        });
    };
    queued("A2");
    wait_for("maintenance to be told", 20, || {
        let parts = house.app.readiness.parts();
        let why = parts["webhook/cases"].as_ref()?;
        (why.code == "webhook_off").then_some(())
    });
    // One round after the other: this one was queued by a later round than the one that had A2 to send.
    queued("A3");
    assert_eq!(receiver.told(), Vec::<String>::new());
    assert_eq!(house.count("SELECT sum(attempts) FROM outbox"), 1);
    let chen = house.person("chen", Role::ConfirmingOfficer);
    let id = house.count("SELECT id FROM outbox WHERE letter_id = 'A1'");
    let again = house.post(&chen, &format!("/v1/outbox/{id}/resend"), json!({}));
    assert_eq!(again.status, 200, "{}", again.text);
    for letter in ["A1", "A2", "A3"] {
        waits(&house, letter, "sent", "answered_204");
    }
    assert!(house.app.readiness.parts()["webhook/cases"].is_none());
}

/// Where a redirect leads nobody allowed.
#[test]
fn a_redirect_is_not_followed() {
    let mut receiver = Receiver::new();
    let mut elsewhere = Receiver::new();
    elsewhere.start(&[]);
    let to = format!("http://127.0.0.1:{}/", elsewhere.port);
    receiver.start(&["--refuse", "9", "--status", "307", "--location", &to]);
    let house = House::telling(&receiver.settings("http", "plain = true\nattempts = 1"));
    house.drafted("A1");
    waits(&house, "A1", "dead", "redirect_refused");
    assert!(elsewhere.told().is_empty());
}

#[test]
fn an_address_that_the_administrator_did_not_name_is_never_spoken_to() {
    let mut receiver = Receiver::new();
    receiver.start(&[]);
    for (url, allowed) in [("127.0.0.1", "10.0.0.0/8"), ("localhost", "192.168.0.0/16")] {
        let settings = receiver.settings("http", "plain = true\nattempts = 1");
        let settings = settings
            .replace("//127.0.0.1", &format!("//{url}"))
            .replace("[\"127.0.0.1\"]", &format!("[\"{allowed}\"]"));
        let house = House::telling(&settings);
        house.drafted("A1");
        waits(&house, "A1", "dead", "address_not_allowed");
    }
    assert!(receiver.told().is_empty());
}

/// What the reference case system refuses, so that only this station can tell it anything.
#[test]
fn forged_and_replayed_messages_are_refused_or_counted_once() {
    let mut receiver = Receiver::new();
    receiver.start(&[]);
    let secrets = secrets_of(&receiver.file("ours")).unwrap();
    let stranger = vec![Secret::parse(&Secret::new_text()).unwrap()];
    let now = laixin::clock::now().0 / 1000;
    let body = r#"{"type":"draft.ready","timestamp":"x","data":{"letter":"A1"}}"#;
    let good = sign(&secrets, "msg_1", now, body);
    assert_eq!(receiver.send("msg_1", now, "", body), 401, "unsigned");
    assert_eq!(
        receiver.send("msg_1", now, &sign(&stranger, "msg_1", now, body), body),
        401
    );
    assert_eq!(receiver.send("msg_2", now, &good, body), 401, "another id");
    assert_eq!(
        receiver.send("msg_1", now - 1, &good, body),
        401,
        "another time"
    );
    let changed = body.replace("A1", "A2");
    assert_eq!(
        receiver.send("msg_1", now, &good, &changed),
        401,
        "another body"
    );
    let old = now - 3600;
    let stale = sign(&secrets, "msg_1", old, body);
    assert_eq!(
        receiver.send("msg_1", old, &stale, body),
        400,
        "an hour old"
    );
    assert!(receiver.told().is_empty());
    assert_eq!(receiver.send("msg_1", now, &good, body), 204);
    assert_eq!(
        receiver.send("msg_1", now, &good, body),
        204,
        "replayed at once"
    );
    assert_eq!(receiver.told(), ["draft.ready A1 2"], "known by its id");
    let noise = "not json";
    assert_eq!(
        receiver.send("msg_3", now, &sign(&secrets, "msg_3", now, noise), noise),
        400
    );
}

/// While both sides change their secret every message is signed with the old and the new one.
#[test]
fn a_secret_is_exchanged_without_a_message_lost() {
    let mut receiver = Receiver::new();
    let (old, new) = (Secret::new_text(), Secret::new_text());
    receiver.secrets("ours", &[&new, &old]);
    receiver.secrets("theirs", &[&old]);
    receiver.start(&[]);
    let house = House::telling(&receiver.plain());
    house.drafted("A1");
    receiver.hears(&["draft.ready A1 1"]);
    receiver.secrets("theirs", &[&new]);
    house.drafted("A2");
    receiver.hears(&["draft.ready A1 1", "draft.ready A2 1"]);
    // Nothing is sent unsigned, or with secrets that others may read.
    std::fs::set_permissions(
        receiver.file("ours"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    house.drafted("A3");
    waits(&house, "A3", "waiting", "secret_unusable");
    assert_eq!(receiver.told().len(), 2);
}

fn certificate(receiver: &Receiver) {
    let done = Command::new(LAIXIN)
        .args(["tls", "new", "127.0.0.1", "--out"])
        .arg(receiver.home.path())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let read = |name: &str| std::fs::read_to_string(receiver.file(name)).unwrap();
    let both = read("station.pem") + &read("station.key");
    std::fs::write(receiver.file("both.pem"), both).unwrap();
}

fn fingerprint(receiver: &Receiver) -> String {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let own = CertificateDer::from_pem_file(receiver.file("station.pem")).unwrap();
    laixin::digest::sha256_hex(&own)
}

#[test]
fn over_tls_only_the_named_certificate_or_authority_is_trusted() {
    let mut receiver = Receiver::new();
    certificate(&receiver);
    let both = receiver.file("both.pem");
    receiver.start(&["--certificate", both.to_str().unwrap()]);
    let right = fingerprint(&receiver);
    let authority = receiver.file("station.pem");
    let other = Receiver::new();
    certificate(&other);
    let trusts = [
        (format!("fingerprint = {right:?}"), true),
        (format!("authority = {authority:?}"), true),
        (format!("fingerprint = {:?}", fingerprint(&other)), false),
        (
            format!("authority = {:?}", other.file("station.pem")),
            false,
        ),
    ];
    for (at, (trust, good)) in trusts.into_iter().enumerate() {
        let house = House::telling(&receiver.settings("https", &format!("attempts = 1\n{trust}")));
        let letter = format!("A{at}");
        house.drafted(&letter);
        let (state, result) = if good {
            ("sent", "answered_204")
        } else {
            ("dead", "cannot_connect")
        };
        waits(&house, &letter, state, result);
    }
    let told = receiver.told();
    assert_eq!(told, ["draft.ready A0 1", "draft.ready A1 1"]);
}

/// The accused is never the addressee of a hand-over.
#[test]
fn the_office_that_a_letter_accuses_is_told_nothing_of_it() {
    let mut receiver = Receiver::new();
    receiver.start(&[]);
    let house = House::telling(&receiver.settings("http", "plain = true\nunit = \"姑苏区城管局\""));
    house.drafted_as("A1", |draft| {
        draft.fields.accused = vec![Accused {
            name: "姑苏区城管局".into(),
            ..Accused::default()
        }];
        draft.fields.flags.threat = Some(Flag {
            value: true,
            ..Flag::default()
        });
    });
    house.drafted("A2");
    house.confirmed("A1");
    house.confirmed("A2");
    receiver.hears(&["draft.ready A2 1"]);
    let kept = "SELECT count(*) FROM outbox WHERE letter_id = 'A1' AND state = 'kept_back'";
    assert_eq!(house.count(kept), 2);
    assert_eq!(receiver.told(), ["draft.ready A2 1"]);
}

/// Each draft in front of it kept a threat waiting for another fifteen seconds.
#[test]
fn an_alert_does_not_wait_behind_drafts() {
    let house = House::offering("read");
    for letter in ["A1", "A2", "A3"] {
        house.drafted(letter);
    }
    let channel = Channel {
        name: "webhook/w".into(),
        kinds: vec![Kind::DraftReady, Kind::AlertRaised],
        unit: None,
        holder: None,
    };
    assert_eq!(house.queued(channel.clone()), 3);
    house.sql("UPDATE outbox SET next_ms = 1");
    house.drafted_as("B1", |draft| {
        draft.fields.flags.threat = Some(Flag {
            value: true,
            ..Flag::default()
        });
    });
    house.queued(channel.clone());
    let due = house.app.store.wait(move |db| db.due_messages(&channel, 2));
    let kinds: Vec<Kind> = due.unwrap().iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [Kind::AlertRaised, Kind::DraftReady]);
}

/// Withdrawn before anybody was told: then there is nothing to tell.
#[test]
fn a_draft_that_is_withdrawn_before_it_was_told_is_not_told() {
    let receiver = Receiver::new();
    let mut receiver = receiver;
    receiver.start(&[]);
    receiver.stop();
    let house = House::telling(&receiver.plain());
    house.drafted("A1");
    wait_for("a failed attempt", 20, || {
        (house.count("SELECT count(*) FROM outbox WHERE attempts > 0") > 0).then_some(())
    });
    house
        .app
        .store
        .wait(|db| db.withdraw("A1", "scanned twice", "zhang"))
        .unwrap();
    house.sql("UPDATE outbox SET attempts = 0");
    receiver.start(&[]);
    house.drafted("A2");
    receiver.hears(&["draft.ready A2 1"]);
    // It is dropped when its turn comes again.
    wait_for("the withdrawn draft dropped", 20, || {
        let dropped = "SELECT count(*) FROM outbox WHERE letter_id = 'A1' AND state = 'dropped'";
        (house.count(dropped) == 1).then_some(())
    });
    receiver.hears(&["draft.ready A2 1"]);
}

/// Nothing of a letter: neither in the address nor in the body.
#[test]
fn a_message_holds_numbers_and_codes_only() {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = Receiver {
        port,
        ..Receiver::new()
    };
    let house = House::telling(&receiver.settings("http", "plain = true\nattempts = 1"));
    house.drafted_as("A1", |draft| draft.fields.summary = "秘密的内容".into());
    let (mut socket, _) = listener.accept().unwrap();
    let timeout = Some(std::time::Duration::from_millis(500));
    socket.set_read_timeout(timeout).unwrap();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.starts_with("POST /hook HTTP/1.1"), "{text}");
    assert!(text.contains(r#""letter":"A1""#), "{text}");
    let name = draft("A1").fields.sender_name.value.unwrap();
    for content in [name.as_str(), "秘密", "sender", "summary"] {
        assert!(!text.contains(content), "{content} in {text}");
    }
}
