//! Exchange folders, with the other side of the reference case system (`tests/case_system/exchange.py`).

use std::path::{Path, PathBuf};
use std::process::Command;

use laixin::config::Offer;
use laixin::domain::draft::Accused;
use laixin::domain::outgoing::Kind;
use laixin::store::{Channel, Db, Receipt, Role, Scope};
use serde_json::{Value, json};

use super::house::{Caller, House, two_page_tiff};
use super::late::{claim, page_comes};
use super::late_accusations::{OFFICE, accuses};
use crate::support::{project, wait_for};

pub(super) struct Gate {
    home: tempfile::TempDir,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.home.path().join("exchange")
    }

    fn settings(&self, mapping: &Path, more: &str) -> String {
        format!(
            "[[exchange]]\nid = \"gate-1\"\nfolder = {:?}\nmapping = {mapping:?}\nquiet_ms = 0\n{more}\n",
            self.folder()
        )
    }

    pub(super) fn house(&self, more: &str) -> House {
        let mapping = project("config/case-system/example.toml");
        let house = House::telling(&self.settings(&mapping, more));
        let original = house.app.evidence.put(&two_page_tiff()).unwrap();
        house.sql(&format!(
            "CREATE TRIGGER real_pages AFTER INSERT ON pages BEGIN UPDATE pages SET sha256 = '{}', sm3 = '{}' WHERE id = new.id; END",
            original.sha256, original.sm3
        ));
        house
    }

    /// The folder belongs to an office of the roster; its first package is there, and then a page comes that accuses that office.
    fn taken_back(&self) -> (House, Value) {
        let mapping = project("config/case-system/example.toml");
        let roster = project("config/roster.toml");
        let more = format!(
            "pdf = false\nunit = \"市政府\"\n[registration]\nroster = {roster:?}\ndeadlines = \"d\""
        );
        let house = House::telling(&self.settings(&mapping, &more));
        house.drafted_as("A1", |draft| {
            draft.received_at = Some("2026-03-02T09:00:00+08:00".into())
        });
        house.confirmed("A1");
        let package = self.package()["package"].clone();
        stands(&house, "A1", "sent");
        page_comes(&house, 2);
        accuses(&house, OFFICE);
        (house, package)
    }

    /// The manifest of this kind.
    pub(super) fn told(&self, kind: &str) -> Value {
        wait_for(kind, 30, || self.manifests(kind).into_iter().next())
    }

    /// Those of this kind that lie there.
    fn manifests(&self, kind: &str) -> Vec<Value> {
        let names = self.names("out").into_iter();
        let manifests = names.filter(|name| name.ends_with(".manifest.json"));
        let read = |name: String| {
            let text = std::fs::read(self.folder().join("out").join(name)).ok()?;
            serde_json::from_slice::<Value>(&text).ok()
        };
        let mut manifests: Vec<Value> = manifests.filter_map(read).collect();
        manifests.retain(|manifest| manifest["kind"] == kind);
        manifests
    }

    pub(super) fn names(&self, below: &str) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.folder().join(below)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = folder
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The manifest of the only package that lies there.
    fn package(&self) -> Value {
        let name = wait_for("a package", 30, || {
            let names = self.names("out");
            names
                .into_iter()
                .find(|name| name.ends_with(".manifest.json"))
        });
        let text = std::fs::read_to_string(self.folder().join("out").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn receipt(&self, name: &str, receipt: &Value) {
        self.receipt_text(name, &receipt.to_string());
    }

    fn receipt_text(&self, name: &str, text: &str) {
        let back = self.folder().join("in");
        std::fs::write(back.join(format!(".{name}")), text).unwrap();
        std::fs::rename(back.join(format!(".{name}")), back.join(name)).unwrap();
    }

    fn carry_away(&self) {
        for name in self.names("out") {
            std::fs::remove_file(self.folder().join("out").join(name)).unwrap();
        }
    }
}

pub(super) fn stands(house: &House, letter: &str, state: &str) {
    let sql =
        format!("SELECT count(*) FROM outbox WHERE letter_id = '{letter}' AND state = '{state}'");
    wait_for(&format!("{letter} to be {state}"), 30, || {
        (house.count(&sql) > 0).then_some(())
    });
}

#[test]
fn a_draft_goes_out_in_their_words_and_is_registered_by_the_receipt() {
    let gate = Gate::new();
    let house = gate.house("");
    house.drafted_as("A1", |draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into());
        draft.fields.purpose.value = Some("投诉请求".into());
        draft.fields.summary = "一<b>二 & 三".into();
    });
    let manifest = gate.package();
    stands(&house, "A1", "sent");
    assert_eq!(
        (manifest["letter"].as_str(), manifest["kind"].as_str()),
        (Some("A1"), Some("draft.ready"))
    );
    let package = manifest["package"].as_str().unwrap();
    let files = manifest["files"].as_array().unwrap();
    let names: Vec<&str> = files
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, [format!("{package}.xml"), format!("{package}.pdf")]);
    for file in files {
        let bytes = std::fs::read(
            gate.folder()
                .join("out")
                .join(file["name"].as_str().unwrap()),
        )
        .unwrap();
        assert_eq!(file["sha256"], laixin::digest::sha256_hex(&bytes));
    }
    let xml = std::fs::read_to_string(gate.folder().join("out").join(names[0])).unwrap();
    for line in [
        "<来信编号>A1</来信编号>",
        "<目的>A1</目的>",
        "<概要>一&lt;b&gt;二 &amp; 三</概要>",
        "<收信日期>2026-03-02</收信日期>",
        "<住址></住址>",
    ] {
        assert!(xml.contains(line), "{line} in {xml}");
    }
    assert!(
        !package.contains("A1"),
        "the file's name says nothing of the letter"
    );
    // Nobody else gets it meanwhile.
    let cases = house.machine("cases", Scope::CaseSystem);
    let claimed = house.post(&cases, "/v1/drafts/claims", json!({"limit": 10}));
    assert_eq!(claimed.json()["drafts"], json!([]));
    // It waits for its receipt, not for a day in ten years.
    assert_eq!(house.get(&cases, "/v1/drafts/A1").status, 404);
    let zhang = house.person("zhang", Role::Operator);
    let waiting = house.get(&zhang, "/v1/drafts/A1").json();
    assert_eq!(
        (
            &waiting["state"],
            &waiting["claimed_by"],
            &waiting["lease_expires_at"]
        ),
        (&json!("leased"), &json!("exchange/gate-1"), &json!(null))
    );
    gate.carry_away();
    gate.receipt(
        "1.receipt.json",
        &json!({"package": package, "result": "accepted", "case_number": "SZ-9"}),
    );
    stands(&house, "A1", "accepted");
    let acked = "SELECT count(*) FROM drafts WHERE state = 'acked' AND case_number = 'SZ-9' AND claimed_by = 'exchange/gate-1'";
    assert_eq!(house.count(acked), 1);
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'draft.handed_out'"),
        1
    );
    // The same receipt again, and nothing goes out again.
    gate.receipt(
        "2.receipt.json",
        &json!({"package": package, "result": "accepted", "case_number": "SZ-9"}),
    );
    wait_for("both receipts to be put away", 20, || {
        (gate.names("in/done").len() == 2).then_some(())
    });
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'draft.acked'"),
        1
    );
    assert!(gate.names("out").is_empty());
}

#[test]
fn a_refused_package_brings_its_letter_back_to_the_desk_and_goes_out_once_confirmed_again() {
    let gate = Gate::new();
    let house = gate.house("");
    house.drafted_as("A1", |draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into())
    });
    let first = gate.package()["package"].clone();
    gate.carry_away();
    gate.receipt_text(
        "1.receipt.xml",
        &format!("<receipt><package>{}</package><result>rejected</result><reason>住址不全</reason></receipt>", first.as_str().unwrap()),
    );
    stands(&house, "A1", "rejected");
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'open' AND ready_ms IS NULL AND nack_reason = '住址不全'"),
        1
    );
    // Why it came back is said where people look, to whoever may see the letter.
    let zhang = house.person("zhang", Role::Operator);
    let message = || house.get(&zhang, "/v1/outbox").json()["items"][0].clone();
    let told = message();
    assert_eq!(
        (&told["result"], &told["said"]),
        (&json!("rejected"), &json!("住址不全"))
    );
    let shown_on = |path: &str| house.get(&zhang, path).text.contains("住址不全");
    let shown = || shown_on("/outbox");
    assert!(shown() && shown_on("/today") && shown_on("/letters/A1"));
    house.sql(
        "INSERT INTO restrictions VALUES ('A1', 'restricted', 'accusation', 'task/read', '', 1)",
    );
    let told = message();
    assert_eq!(
        (&told["result"], &told["said"]),
        (&json!("rejected"), &json!(null))
    );
    assert!(!shown() && !shown_on("/today"));
    house.sql("DELETE FROM restrictions");
    std::thread::park_timeout(std::time::Duration::from_millis(1500));
    assert!(
        gate.names("out").is_empty(),
        "it does not go out by itself again"
    );
    let confirm = || {
        let version = house.count("SELECT version FROM letters");
        let store = &house.app.store;
        let confirmed = store.wait(move |db| db.confirm("A1", version, "zhang"));
        confirmed.unwrap();
    };
    confirm();
    let second = gate.package()["package"].clone();
    assert_ne!(first, second);
    // What was confirmed and is given back is no break in what the ledger vouches for.
    gate.carry_away();
    gate.receipt(
        "2.receipt.json",
        &json!({"package": second, "result": "rejected", "reason": "住址还是不全"}),
    );
    wait_for("the second refusal", 20, || {
        let sql = "SELECT count(*) FROM outbox WHERE state = 'rejected'";
        (house.count(sql) == 2).then_some(())
    });
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    // The fixture's own rows nobody vouches for.
    let broken: Vec<_> = rows
        .faults
        .iter()
        .filter(|f| f.what.contains("draft"))
        .collect();
    assert!(broken.is_empty(), "{broken:?}");
    confirm();
    let third = gate.package()["package"].clone();
    gate.receipt(
        "3.receipt.json",
        &json!({"package": third, "result": "accepted", "case_number": "N1"}),
    );
    stands(&house, "A1", "accepted");
}

#[test]
fn a_letter_that_their_system_would_not_take_is_back_at_the_desk_with_the_field_named() {
    let gate = Gate::new();
    let house = gate.house("");
    house.drafted("A1"); // without a day of receipt, which the example's system needs
    stands(&house, "A1", "unfit");
    let unfit = "SELECT count(*) FROM outbox WHERE result LIKE 'field_missing: % → 收信日期'";
    assert_eq!(house.count(unfit), 1);
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'open' AND ready_ms IS NULL"),
        1
    );
    assert!(gate.names("out").is_empty() && gate.names("staging").is_empty());
    // It was called a refusal of the other side's, which had never seen it, and stood on page 交接 alone.
    let zhang = house.person("zhang", Role::Operator);
    for path in ["/today", "/letters/A1", "/outbox"] {
        let text = house.get(&zhang, path).text;
        let told = [
            "没有放出：不合对方格式",
            "对方必填的字段为空",
            "“收信日期”（对方字段 收信日期）",
        ];
        assert!(told.iter().all(|words| text.contains(words)), "{path}");
        assert!(!text.contains("对方拒收"), "{path}");
        let says_what_to_do = text.contains("补上所缺的项");
        assert_eq!(says_what_to_do, path != "/outbox", "{path}");
    }
    let outbox = house.get(&zhang, "/v1/outbox").json();
    assert_eq!(
        (&outbox["items"][0]["state"], &outbox["items"][0]["said"]),
        (&json!("unfit"), &json!("received_day → 收信日期"))
    );
    // Who is recused hears nothing of it, and nobody once it is confirmed anew.
    house.sql("INSERT INTO recusals (letter_id, user, reason, by, at_ms) VALUES ('A1', 'zhang', '近亲属', 'wang', 1)");
    assert!(!house.get(&zhang, "/today").text.contains("没有放出"));
    house.sql(
        "DELETE FROM recusals; UPDATE drafts SET state = 'acked', claimed_by = 'exchange/gate-1' ",
    );
    assert!(!house.get(&zhang, "/today").text.contains("没有放出"));
}

#[test]
fn what_is_no_receipt_or_contradicts_is_set_aside_and_changes_nothing() {
    let gate = Gate::new();
    let house = gate.house("");
    house.drafted_as("A1", |draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into())
    });
    let package = gate.package()["package"].clone();
    stands(&house, "A1", "sent");
    for (name, receipt) in [
        (
            "1",
            json!({"package": "msg_unknown", "result": "accepted", "case_number": "X"}),
        ),
        (
            "2",
            json!({"package": "../../etc/passwd", "result": "accepted", "case_number": "X"}),
        ),
        (
            "3",
            json!({"package": package, "result": "accepted", "case_number": "a\nb"}),
        ),
        (
            "4",
            json!({"package": "'; DROP TABLE outbox;--", "result": "rejected", "reason": "x"}),
        ),
    ] {
        gate.receipt(&format!("{name}.receipt.json"), &receipt);
    }
    gate.receipt_text("5.receipt.json", "{\"package\":");
    std::os::unix::fs::symlink("/etc/passwd", gate.folder().join("in/6.receipt.json")).unwrap();
    // Each with the reason beside it, and on the page of whoever has to settle it.
    wait_for("six files set aside", 20, || {
        let bad = std::fs::read_dir(gate.folder().join("in/bad")).unwrap();
        (bad.count() == 12).then_some(())
    });
    let zhang = house.person("zhang", Role::Operator);
    let page = house.get(&zhang, "/outbox").text;
    for told in [
        "1.receipt.json · 没有发过这个包",
        "5.receipt.json · 不是回执",
        "6.receipt.json · 不是普通文件",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    // The note speaks the station's language.
    let note = gate.folder().join("in/bad/1.receipt.json.why");
    let note = std::fs::read_to_string(note).unwrap();
    assert!(
        note.starts_with("unknown_package\n没有发过这个包\n"),
        "{note}"
    );
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'leased'"),
        1
    );
    gate.receipt(
        "7.receipt.json",
        &json!({"package": package, "result": "accepted", "case_number": "N1"}),
    );
    stands(&house, "A1", "accepted");
    gate.receipt(
        "8.receipt.json",
        &json!({"package": package, "result": "accepted", "case_number": "N2"}),
    );
    let held =
        "SELECT count(*) FROM holds WHERE reason = 'receipt_contradicts' AND letter_id = 'A1'";
    wait_for("another number held", 20, || {
        (house.count(held) == 1).then_some(())
    });
    gate.receipt(
        "9.receipt.json",
        &json!({"package": package, "result": "rejected", "reason": "late"}),
    );
    wait_for("two contradictions set aside", 20, || {
        let bad = std::fs::read_dir(gate.folder().join("in/bad")).unwrap();
        (bad.count() == 16).then_some(())
    });
    // It lay in the folder only, and nobody was told.
    assert_eq!(house.count(held), 2, "the rejection is told to a person");
    let page = house.get(&zhang, "/outbox").text;
    assert!(
        page.contains("A1</a> · 回执：拒收 (exchange/gate-1)"),
        "{page}"
    );
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE case_number = 'N1' AND state = 'acked'"),
        1
    );
}

/// The accused is never the addressee of a hand-over; what waits for a person is not handed over either.
#[test]
fn what_the_pull_path_would_not_hand_over_is_not_laid_down_either() {
    let gate = Gate::new();
    let house = gate.house("unit = \"姑苏区城管局\"");
    let dated = |draft: &mut laixin::domain::draft::Draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into());
    };
    house.drafted_as("ACCUSES", |draft| {
        dated(draft);
        draft.fields.accused = vec![Accused {
            name: "姑苏区城管局".into(),
            ..Accused::default()
        }];
    });
    house.drafted_as("CONFLICT", |draft| {
        dated(draft);
        draft.fields.addressee.value = Some("王大明".into());
        draft.fields.accused = vec![Accused {
            name: "王大明".into(),
            ..Accused::default()
        }];
    });
    house.letter("HELD");
    house.sql("INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'HELD', 'r', 1)");
    house.draft("HELD", Offer::Read);
    house.drafted_as("OPEN", dated);
    for letter in ["ACCUSES", "CONFLICT", "HELD", "OPEN"] {
        house.confirmed(letter);
    }
    stands(&house, "OPEN", "sent");
    let told = "SELECT count(*) FROM outbox WHERE letter_id <> 'OPEN'";
    assert_eq!(house.count(told), 0);
}

/// The whole other side, as it would run behind a gate.
#[test]
fn the_case_system_behind_the_folder_registers_each_letter_once() {
    let gate = Gate::new();
    let house = gate.house("pdf = false");
    for letter in ["A1", "A2", "信-3"] {
        house.drafted_as(letter, |draft| {
            draft.received_at = Some("2026-03-02T09:00:00+08:00".into())
        });
        stands(&house, letter, "sent");
    }
    let ledger = gate.home.path().join("cases.db");
    let run = || {
        let done = Command::new("python3")
            .arg(project("tests/case_system/exchange.py"))
            .arg("--folder")
            .arg(gate.folder())
            .arg("--ledger")
            .arg(&ledger)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    run();
    for letter in ["A1", "A2", "信-3"] {
        stands(&house, letter, "accepted");
    }
    // A person sends one again that was believed lost, and it is registered by now: nothing goes out.
    house.sql("UPDATE outbox SET state = 'sent' WHERE letter_id = 'A1'");
    let chen = house.person("chen", Role::ConfirmingOfficer);
    let id = house.count("SELECT id FROM outbox WHERE letter_id = 'A1'");
    let why = json!({"reason": "the folder there was emptied"});
    let resent = house.post(&chen, &format!("/v1/outbox/{id}/resend"), why);
    assert_eq!(resent.status, 200, "{}", resent.text);
    stands(&house, "A1", "dropped");
    run();
    let cases = rusqlite::Connection::open(&ledger).unwrap();
    let count: i64 = cases
        .query_row("SELECT count(*) FROM registrations", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 3);
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'draft.acked'"),
        3
    );
}

fn confirm(house: &House) {
    let version = house.count("SELECT version FROM letters WHERE id = 'A1'");
    let confirmed = house
        .app
        .store
        .wait(move |db| db.confirm("A1", version, "zhang"));
    confirmed.unwrap();
}

fn correct(house: &House) {
    let version = house.count("SELECT version FROM letters WHERE id = 'A1'");
    let name = json!({"sender_name": {"value": "周强生"}});
    let name = serde_json::from_value(name).unwrap();
    let corrected = house
        .app
        .store
        .wait(move |db| db.correct("A1", version, &name, ("zhang", Offer::Confirmed)));
    corrected.unwrap();
}

/// A package that was refused, which its letter was registered out of all the same.
fn refused(gate: &Gate, house: &House) -> Value {
    house.drafted_as("A1", |draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into())
    });
    let old = gate.package()["package"].clone();
    stands(house, "A1", "sent");
    gate.carry_away();
    gate.receipt(
        "1.receipt.json",
        &json!({"package": old, "result": "rejected", "reason": "姓名有误"}),
    );
    stands(house, "A1", "rejected");
    old
}

#[test]
fn a_receipt_for_an_old_package_registers_what_that_contained_and_the_newer_one_is_taken_back() {
    let gate = Gate::new();
    let house = gate.house("pdf = false");
    let old = refused(&gate, &house);
    correct(&house);
    confirm(&house);
    let new = gate.package()["package"].clone();
    assert_ne!(old, new);
    stands(&house, "A1", "sent");
    let accepted = json!({"package": old, "result": "accepted", "case_number": "OLD7"});
    gate.receipt("2.receipt.json", &accepted);
    stands(&house, "A1", "dropped");
    let taken = "SELECT count(*) FROM outbox WHERE state = 'dropped' AND result = 'taken_back'";
    wait_for("the newer package to be taken back", 30, || {
        (house.count(taken) > 0).then_some(())
    });
    // What is new comes as an amendment.
    let amended = wait_for("an amendment", 30, || {
        let manifest = gate.package();
        (manifest["kind"] == "letter.amended").then_some(manifest)
    });
    assert_eq!(amended["amendment"], "corrected");
    let text = gate.folder().join("out");
    let text = text.join(amended["files"][0]["name"].as_str().unwrap());
    assert!(std::fs::read_to_string(text).unwrap().contains("周强生"));
    let left = gate.names("out");
    let left: Vec<_> = left
        .iter()
        .filter(|name| name.starts_with(new.as_str().unwrap()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Had the gate been faster with the newer one: the same number again is known, a refusal changes nothing.
    for (name, receipt) in [
        (
            "3",
            json!({"package": new, "result": "rejected", "reason": "重复"}),
        ),
        (
            "4",
            json!({"package": new, "result": "accepted", "case_number": "OLD7"}),
        ),
    ] {
        gate.receipt(&format!("{name}.receipt.json"), &receipt);
    }
    wait_for("four receipts to be put away", 20, || {
        (gate.names("in/done").len() == 4).then_some(())
    });
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'acked' AND case_number = 'OLD7' AND claimed_by = 'exchange/gate-1'"),
        1
    );
}

#[test]
fn a_refused_package_that_is_registered_after_all_belongs_to_its_folder_and_changes_go_there() {
    let gate = Gate::new();
    let house = gate.house("pdf = false");
    let old = refused(&gate, &house);
    let accepted = json!({"package": old, "result": "accepted", "case_number": "T1"});
    gate.receipt("2.receipt.json", &accepted);
    stands(&house, "A1", "accepted");
    assert!(gate.names("out").is_empty(), "it reads as it did");
    house.draft("A1", Offer::Read); // a page was added
    assert_eq!(gate.package()["amendment"], "page_added");
    // A receipt that contradicts says what holds, and nothing that a folder cannot do.
    let late = json!({"package": old, "result": "rejected", "reason": "late"});
    gate.receipt("3.receipt.json", &late);
    let bad = wait_for("it to be set aside", 20, || {
        let names = gate.names("in/bad");
        (names.len() == 2).then_some(names)
    });
    let why: String = bad
        .iter()
        .map(|name| std::fs::read_to_string(gate.folder().join("in/bad").join(name)).unwrap())
        .collect();
    assert!(
        why.contains("registered by an earlier receipt") && !why.contains("Claim it"),
        "{why}"
    );
}

/// At once, before anybody has looked at the letter, and nothing of it.
#[test]
fn an_alert_is_laid_down_at_once_as_a_manifest_alone() {
    for takes in [true, false] {
        let gate = Gate::new();
        let mapping = std::fs::read_to_string(project("config/case-system/example.toml")).unwrap();
        let written = mapping.replace("alerts = true ", &format!("alerts = {takes} "));
        let file = gate.home.path().join("mapping.toml");
        std::fs::write(&file, written).unwrap();
        let house = House::telling(&gate.settings(&file, "pdf = false"));
        house.letter("A1");
        let mut threatens = super::house::draft("A1");
        threatens.fields.flags.threat = Some(laixin::domain::draft::Flag {
            value: true,
            quote: Some("同归于尽".into()),
            ..Default::default()
        });
        let kept = house
            .app
            .store
            .wait(move |db| db.insert_or_replace_draft(&threatens, Offer::Confirmed));
        kept.unwrap();
        if !takes {
            // Two rounds of the task, and nothing.
            std::thread::park_timeout(std::time::Duration::from_millis(2200));
            assert!(gate.names("out").is_empty());
            continue;
        }
        let manifest = gate.package();
        assert_eq!(
            (&manifest["kind"], &manifest["alert"], &manifest["letter"]),
            (&json!("alert.raised"), &json!("threat"), &json!("A1"))
        );
        assert_eq!(manifest["files"], json!([]));
        assert_eq!(gate.names("out").len(), 1);
        stands(&house, "A1", "sent");
        let receipt =
            json!({"package": manifest["package"], "result": "accepted", "case_number": "none"});
        gate.receipt("1.receipt.json", &receipt);
        stands(&house, "A1", "accepted");
        assert_eq!(
            house.count("SELECT count(*) FROM drafts WHERE state = 'open'"),
            1
        );
    }
}

/// Behind a gate nobody can ask which page it was.
#[test]
fn an_alert_in_the_exchange_folder_said_no_page() {
    let gate = Gate::new();
    let mapping = project("config/case-system/example.toml");
    let house = House::telling(&gate.settings(&mapping, "pdf = false"));
    house.drafted_as("A1", |draft| {
        draft.received_at = Some("2026-03-02T09:00:00+08:00".into());
        super::raised_again::threat(1, "来访的人只好饿着")(draft);
    });
    house.confirmed("A1");
    let package = gate.told("draft.ready");
    let receipt =
        json!({"package": package["package"], "result": "accepted", "case_number": "C-1"});
    gate.receipt("1.receipt.json", &receipt);
    stands(&house, "A1", "accepted");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    assert_eq!(
        super::raised_again::answer(&house, &officer, "false_alarm").status,
        200
    );
    page_comes(&house, 2);
    super::raised_again::page_says(&house, "A1", "再不解决我就从楼上跳下去");
    super::late_accusations::is_read(&house, None);
    let told = wait_for("the alert with its pages", 30, || {
        gate.manifests("alert.raised")
            .into_iter()
            .find(|manifest| manifest["pages"] == json!([1, 2]))
    });
    assert_eq!(told["files"], json!([]));
}

/// A gate copies: what was taken back is registered there by then. Refused it would be registered twice.
#[test]
fn a_package_taken_back_is_withdrawn_by_a_notice_and_its_late_receipt_still_registers_the_letter() {
    let gate = Gate::new();
    let (house, package) = gate.taken_back();
    let notice = gate.told("draft.withdrawn");
    assert_eq!(
        (&notice["withdrawn"], &notice["letter"], &notice["files"]),
        (&package, &json!("A1"), &json!([]))
    );
    let left = gate.names("out");
    let is_of_it = |name: &&String| name.starts_with(package.as_str().unwrap());
    assert_eq!(left.iter().find(is_of_it), None);
    let receipt = json!({"package": package, "result": "accepted", "case_number": "XF-1"});
    gate.receipt("1.receipt.json", &receipt);
    stands(&house, "A1", "accepted");
    assert_eq!(
        house.count("SELECT count(*) FROM drafts WHERE state = 'acked' AND case_number = 'XF-1' AND claimed_by = 'exchange/gate-1'"),
        1
    );
    let amended = gate.told("letter.amended");
    assert_eq!(
        (&amended["amendment"], &amended["files"]),
        (&json!("withdrawn"), &json!([]))
    );
    let settled = "SELECT count(*) FROM holds WHERE reason = 'package_unanswered' AND resolved_by = 'exchange/gate-1'";
    assert_eq!(house.count(settled), 1, "the receipt is the answer");
    assert_eq!(house.count("SELECT count(*) FROM holds"), 1);
    // Nobody else is offered that letter any more; the page that accuses its office becomes another one.
    let cases = house.machine("cases", Scope::CaseSystem);
    assert_eq!(claim(&house, &cases).len(), 0);
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let why = json!({"reason": "核对补页"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/views", why).status,
        200
    );
    let body = json!({"pages": [2], "reason": "改交其他单位"});
    let made = house.post(&officer, "/v1/letters/A1/pages/move", body);
    assert_eq!(made.status, 200, "{}", made.text);
}

/// It stayed refused for ever: nobody could tell the other side of the change again.
#[test]
fn a_refused_amendment_is_sent_again_by_a_person() {
    let gate = Gate::new();
    let (house, package) = gate.taken_back();
    gate.told("draft.withdrawn");
    let receipt = json!({"package": package, "result": "accepted", "case_number": "XF-1"});
    gate.receipt("1.receipt.json", &receipt);
    let amended = gate.told("letter.amended")["package"].clone();
    gate.carry_away();
    let refused = json!({"package": amended, "result": "rejected", "reason": "系统停用"});
    gate.receipt("2.receipt.json", &refused);
    stands(&house, "A1", "rejected");
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let id = house.count("SELECT id FROM outbox WHERE kind = 'letter.amended'");
    let again = house.post(&officer, &format!("/v1/outbox/{id}/resend"), json!({}));
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(gate.told("letter.amended")["package"], amended);
}

/// The other side may have fetched it and register it any day, beside whoever gets it next.
#[test]
fn a_letter_whose_package_was_taken_back_goes_nowhere_before_the_other_side_or_a_person_has_answered()
 {
    let gate = Gate::new();
    let (house, package) = gate.taken_back();
    let notice = gate.told("draft.withdrawn")["package"].clone();
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let why = json!({"reason": "核对收回的包"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/views", why).status,
        200
    );
    let shown = house.get(&officer, "/v1/letters/A1").json();
    let held = shown["holds"][0].clone();
    let named = format!("{} (exchange/gate-1)", package.as_str().unwrap());
    assert_eq!(
        (&held["reason"], &held["detail"]),
        (&json!("package_unanswered"), &json!(named)),
        "{shown}"
    );
    let page = house.get(&officer, "/letters/A1").text;
    assert!(page.contains("对方可能已取走，还没有回执"), "{page}");
    assert!(
        page.contains(&format!("POST /v1/holds/{}/resolve", held["id"])),
        "{page}"
    );
    let version = house.count("SELECT version FROM letters WHERE id = 'A1'");
    let confirmed = house
        .app
        .store
        .wait(move |db| db.confirm("A1", version, "zhang"));
    assert!(confirmed.unwrap_err().to_string().contains("held"));
    // Who refuses the notice may have registered it; and what names another letter speaks of nothing.
    let refused = json!({"package": notice, "result": "rejected", "reason": "已登记"});
    let other = json!({"package": package, "letter": "B1", "result": "rejected", "reason": "重复"});
    gate.receipt("1.receipt.json", &refused);
    gate.receipt("2.receipt.json", &other);
    let note = wait_for("it to be set aside", 30, || {
        std::fs::read_to_string(gate.folder().join("in/bad/2.receipt.json.why")).ok()
    });
    assert!(note.starts_with("other_letter\n"), "{note}");
    assert_eq!(gate.names("in/done"), ["1.receipt.json"]);
    let open = "SELECT count(*) FROM holds WHERE resolved_ms IS NULL";
    assert_eq!(house.count(open), 1, "neither is an answer");
    // Their word on the notice is an answer, too.
    let known = json!({"package": notice, "result": "accepted", "case_number": "-"});
    gate.receipt("3.receipt.json", &known);
    wait_for("their answer", 30, || {
        (house.count(open) == 0).then_some(())
    });
    confirm(&house);
    let page = house.get(&officer, "/letters/A1").text;
    assert!(!page.contains("对方可能已取走"), "{page}");
}

#[test]
fn a_receipt_that_contradicts_holds_the_letter_until_a_person_settled_it() {
    let gate = Gate::new();
    let (house, package) = gate.taken_back();
    gate.told("draft.withdrawn");
    house.sql("UPDATE holds SET resolved_ms = 1, resolved_by = 'wang', note = '对方未取走'");
    confirm(&house);
    let cases = house.machine("cases", Scope::CaseSystem);
    assert_eq!(claim(&house, &cases), ["A1"]);
    let receipt = json!({"package": package, "result": "accepted", "case_number": "XF-7"});
    gate.receipt("1.receipt.json", &receipt);
    let hold = wait_for("the letter to be held", 30, || {
        let holds = "SELECT id FROM holds WHERE letter_id = 'A1' AND reason = 'receipt_contradicts' AND resolved_ms IS NULL";
        (house.count(&format!("SELECT count(*) FROM ({holds})")) > 0).then(|| house.count(holds))
    });
    let officer = house.person("wang", Role::ConfirmingOfficer);
    let why = json!({"reason": "核对回执"});
    assert_eq!(
        house.post(&officer, "/v1/letters/A1/views", why).status,
        200
    );
    let page = house.get(&officer, "/outbox").text;
    assert!(page.contains("A1</a> · XF-7 (exchange/gate-1)"), "{page}");
    let listed = house.get(&officer, "/v1/holds").text;
    assert!(listed.contains("receipt_contradicts") && listed.contains("XF-7"));
    let offered = |house: &House, cases: &Caller| {
        let back = json!({"reason": "不在本系统"});
        let given = house.post(cases, "/v1/drafts/A1/nack", back);
        assert_eq!(given.status, 200, "{}", given.text);
        claim(house, cases).len()
    };
    assert_eq!(offered(&house, &cases), 0, "nothing more of it goes out");
    let settled = json!({"note": "对方已撤销XF-7"});
    let resolved = house.post(&officer, &format!("/v1/holds/{hold}/resolve"), settled);
    assert_eq!(resolved.status, 200, "{}", resolved.text);
    assert_eq!(claim(&house, &cases), ["A1"]);
    // That the package was taken back is vouched for.
    let rows = house.app.store.wait(|db| db.verify_rows()).unwrap();
    let of_messages = |fault: &&laixin::store::Unvouched| fault.what.starts_with("message");
    assert_eq!(rows.faults.iter().find(of_messages), None);
}

/// A page that was added went into the folder while the hold stood.
#[test]
fn no_change_of_a_letter_goes_out_while_a_receipt_contradicts() {
    let house = House::offering("read");
    house.drafted("A1");
    let folder = |kind: Kind| Channel {
        name: "exchange/gate-1".into(),
        kinds: vec![kind],
        unit: None,
        holder: None,
    };
    let ready = folder(Kind::DraftReady);
    let claim = move |db: &mut Db| db.claim_packages(&ready, 10, || "1".into());
    assert_eq!(house.app.store.wait(claim).unwrap(), 1);
    house.sql("UPDATE outbox SET state = 'sent', attempts = 1");
    let take = |receipt: Receipt| {
        let package = Kind::DraftReady.id("1");
        let take =
            move |db: &mut Db| db.take_receipt("exchange/gate-1", (&package, None), &receipt);
        house.app.store.wait(take)
    };
    let case_number = "F-1".into();
    take(Receipt::Accepted { case_number }).unwrap();
    let reason = "住址不清".into();
    assert!(take(Receipt::Rejected { reason }).is_err());
    house.sql(
        "INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES ('A1', 'corrected', 1, 't')",
    );
    assert_eq!(house.queued(folder(Kind::Amended)), 0);
    house.sql("UPDATE holds SET resolved_ms = 1, resolved_by = 'wang', note = '已核对'");
    assert_eq!(house.queued(folder(Kind::Amended)), 1);
}

/// The folder has it a second later, and its webhook was called in vain.
#[test]
fn a_webhook_hears_of_a_draft_only_once_the_folders_have_taken_what_is_theirs() {
    let mapping = project("config/case-system/example.toml");
    let house = House::with_roster(&Gate::new().settings(&mapping, "unit = \"市信访局\""));
    let channel = |name: &str, unit: &str, holder: &str| Channel {
        name: name.into(),
        kinds: vec![Kind::DraftReady],
        unit: Some(unit.into()),
        holder: Some(holder.into()),
    };
    let hook = channel("webhook/gov", "市政府", "token/gov");
    let gate = channel("exchange/gate-1", "市信访局", "exchange/gate-1");
    house.drafted("A1");
    house.drafted_as("B1", |draft| {
        draft.fields.accused = vec![Accused {
            name: "苏州市信访局".into(),
            ..Accused::default()
        }];
    });
    house.confirmed("A1");
    house.confirmed("B1");
    assert_eq!(house.queued(hook.clone()), 0, "the folder may take both");
    let taken = house.app.store.wait(move |db| {
        let id = laixin::api::password::random_hex::<16>;
        db.claim_packages(&gate, 20, id)
    });
    assert_eq!(taken.unwrap(), 1);
    assert_eq!(house.queued(hook), 1, "what it may not have is theirs");
    assert_eq!(
        house.count(
            "SELECT count(*) FROM outbox WHERE channel = 'webhook/gov' AND letter_id = 'B1'"
        ),
        1
    );
}
