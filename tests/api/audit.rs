//! “Who saw letter X”: every look at a letter, a page, its fields or a line about it is answered by one page, one call and one command.

use laixin::store::{Role, Scope};
use serde_json::json;

use super::house::{House, two_page_tiff};

fn with_a_page(house: &House, id: &str) {
    house.drafted(id);
    let original = house.app.evidence.put(&two_page_tiff()).unwrap();
    house.sql(&format!(
        "UPDATE pages SET sha256 = '{}', sm3 = '{}' WHERE letter_id = '{id}'",
        original.sha256, original.sm3
    ));
}

#[test]
fn every_look_is_on_record_with_person_time_letter_and_reason() {
    let house = House::offering("read");
    let (li, wang, shen) = (
        house.person("li", Role::Operator),
        house.person("wang", Role::ConfirmingOfficer),
        house.person("shen", Role::Auditor),
    );
    let cases = house.machine("cases", Scope::CaseSystem);
    with_a_page(&house, "A1");
    house.drafted("A2");
    for path in [
        "/v1/letters",
        "/v1/letters/A1",
        "/v1/letters/A1/valuables",
        "/letters",
        "/today",
        "/letters/A1",
        "/letters/A1/keeping",
        "/v1/drafts/A1",
        "/v1/drafts",
    ] {
        assert_eq!(house.get(&li, path).status, 200, "{path}");
    }
    for path in [
        "/v1/letters/A1/pages/1",
        "/v1/letters/A1/pages/1/image",
        "/v1/letters/A1/pages/1/thumbnail",
        "/v1/letters/A1/archive.pdf",
    ] {
        assert_eq!(house.get_bytes(&li, path).0, 200, "{path}");
    }
    assert_eq!(
        house
            .post(
                &wang,
                "/v1/letters/A1/restriction",
                json!({"reason": "涉及隐私"})
            )
            .status,
        204
    );
    assert_eq!(house.get(&wang, "/v1/letters/A1").code(), "reason_needed");
    assert_eq!(
        house
            .post(
                &wang,
                "/v1/letters/A1/views",
                json!({"reason": "核对涉隐私段落"})
            )
            .status,
        200
    );
    assert_eq!(house.get(&wang, "/v1/letters/A1").status, 200);
    house.post(&cases, "/v1/drafts/claims", json!({"limit": 1}));
    let seen = house.get(&shen, "/v1/audit?letter=A1&looks=true&limit=200");
    assert_eq!(seen.status, 200, "{}", seen.text);
    let looks: Vec<(String, String)> = seen.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert!(entry["at"].is_string() && entry["seq"].is_i64());
            (
                entry["actor"].as_str().unwrap().to_owned(),
                entry["action"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let count = |actor: &str, action: &str| {
        looks
            .iter()
            .filter(|(a, b)| a == actor && b == action)
            .count()
    };
    assert_eq!(count("li", "letter.viewed"), 3, "{looks:?}");
    assert_eq!(count("li", "page.viewed"), 3);
    assert_eq!(count("li", "archive.read"), 1);
    assert_eq!(count("li", "draft.viewed"), 1);
    assert_eq!(count("li", "drafts.listed"), 1);
    assert_eq!(count("li", "valuables.viewed"), 1);
    // The API's list, the console's, the overview.
    assert_eq!(count("li", "letters.listed"), 3);
    assert_eq!(
        (
            count("wang", "letter.opened"),
            count("wang", "letter.viewed")
        ),
        (1, 1)
    );
    assert_eq!(count("token/cases", "draft.claimed"), 1);
    assert!(seen.text.contains("核对涉隐私段落"), "{}", seen.text);
    assert!(
        !seen.text.contains("陆思雨"),
        "no letter's content: {}",
        seen.text
    );
    // Nothing of another letter.
    assert!(!seen.text.contains("letter/A2"), "{}", seen.text);
    // Everything, not only looks.
    let all = house.get(&shen, "/v1/audit?letter=A1&limit=200");
    assert!(
        all.text.contains("letter.restricted") && all.text.contains("draft.made"),
        "{}",
        all.text
    );
    let person = house.get(&shen, "/v1/audit?actor=wang&limit=200").json();
    assert!(
        person["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["actor"] == "wang")
    );
    // The look at the audit is in it.
    assert_eq!(
        house.count("SELECT count(*) FROM ledger WHERE action = 'audit.viewed' AND actor = 'shen'"),
        3
    );
    let page = house.get(&shen, "/audit?letter=A1&looks=1");
    assert!(
        page.status == 200 && page.text.contains("核对涉隐私段落") && !page.text.contains("陆思雨"),
        "{}",
        page.text
    );
}

#[test]
fn a_list_that_says_the_same_again_is_one_entry() {
    let house = House::new();
    let li = house.person("li", Role::Operator);
    house.drafted("A1");
    let entries = || house.count("SELECT count(*) FROM ledger WHERE action = 'letters.listed'");
    for _ in 0..5 {
        house.get(&li, "/letters");
    }
    assert_eq!(entries(), 1);
    house.drafted("A2");
    house.get(&li, "/letters");
    assert_eq!(entries(), 2);
    let wang = house.person("wang", Role::Operator);
    house.get(&wang, "/letters");
    assert_eq!(entries(), 3);
}

#[test]
fn one_command_answers_who_saw_a_letter() {
    let mut station = crate::support::TestStation::new();
    station.start();
    station.sign_in();
    station.open_batch(1);
    station.scan(
        &crate::support::project("tests/letters/A032_p1.jpg"),
        "A032_p1.jpg",
    );
    station.wait_for_stage("A032", &["drafted"], 120);
    station.bytes("/v1/letters/A032/pages/1/thumbnail");
    let told = station.command(&["audit", "letter", "A032", "--looks"], None);
    let line = told
        .lines()
        .find(|line| line.contains("查看页面图像"))
        .unwrap_or_else(|| panic!("{told}"));
    assert!(
        line.contains("\ttester\t") && line.contains("信件 A032"),
        "{line}"
    );
    // Looks one after the other are one line, also among everything else.
    station.bytes("/v1/letters/A032/pages/1/thumbnail");
    let all = station.command(&["audit", "letter", "A032"], None);
    assert!(
        all.contains("task/read"),
        "what was done with it, too: {all}"
    );
    let looks = |line: &&str| line.contains("查看页面图像");
    let looks: Vec<&str> = all.lines().filter(looks).collect();
    assert!(
        matches!(looks[..], [one] if one.contains("共 2 次")),
        "{all}"
    );
    let missing = station.try_command(&["audit", "letter", "NONE"], None);
    let no_letter = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert_eq!(no_letter.trim_end(), "laixin: 没有信件 NONE。");
    // A line in a list is no look at the letter: the two are counted apart, over all its time.
    let first = told.lines().next().unwrap();
    assert!(first.starts_with("tester\t查看信件 "), "{first}");
    let whole: serde_json::Value = serde_json::from_str(
        &station.command(&["audit", "letter", "A032", "--looks", "--json"], None),
    )
    .unwrap();
    let saw = &whole["saw"][0];
    let entries = whole["entries"].as_array().unwrap();
    let listed = entries
        .iter()
        .filter(|entry| entry["action"] == "letters.listed")
        .count();
    assert_eq!(saw["listed"], listed, "{whole}");
    assert_eq!(saw["looks"], entries.len() - listed, "{whole}");
    let json: serde_json::Value =
        serde_json::from_str(&station.command(&["audit", "person", "tester", "--json"], None))
            .unwrap();
    let did = |action: &str| {
        let entries = json["entries"].as_array().unwrap();
        entries.iter().any(|entry| entry["action"] == action)
    };
    assert!(did("letter.viewed") && did("batch.signed_in"), "{json}");
    assert_eq!(
        station
            .try_command(&["audit", "letter", "NONE"], None)
            .status
            .code(),
        Some(1)
    );
    // A machine is found by its token's name.
    station.command(&["token", "add", "cases", "--scope", "case_system"], None);
    station.command(&["audit", "person", "cases"], None);
    // Who is asked for by a wrong name is told so.
    let nobody = station.try_command(&["audit", "person", "testre"], None);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("testre"));
    // What the ledger vouches for is whole.
    assert!(station.try_command(&["verify"], None).status.success());
}

/// What a look costs: the whole way of a thumbnail, and of it the entry in the ledger. A measurement, not a gate.
#[test]
#[ignore = "a measurement: run on a quiet machine with --nocapture"]
fn measure_what_a_look_costs() {
    let house = House::new();
    let li = house.person("li", Role::Operator);
    with_a_page(&house, "A1");
    let time = |rounds: u32, mut work: Box<dyn FnMut() + '_>| {
        let began = std::time::Instant::now();
        for _ in 0..rounds {
            work();
        }
        began.elapsed().as_secs_f64() * 1000.0 / f64::from(rounds)
    };
    let page = time(
        200,
        Box::new(|| assert_eq!(house.get_bytes(&li, "/v1/letters/A1/pages/1").0, 200)),
    );
    let entry = time(
        200,
        Box::new(|| {
            house
                .app
                .store
                .wait(|db| db.record("li", "page.viewed", "letter/A1", &json!({"n": 1})))
                .unwrap();
        }),
    );
    let sight = time(
        2000,
        Box::new(|| {
            let seer = laixin::domain::access::Seer {
                actor: "li".into(),
                holder: laixin::domain::access::Holder::Person(Role::Operator),
            };
            house
                .app
                .store
                .wait(move |db| db.let_see(&seer, "A1"))
                .unwrap();
        }),
    );
    println!("page_view {page:.2} ms\nledger_entry {entry:.2} ms\nmay_see {sight:.3} ms");
}

/// Auditors are no programmers: what an entry is about is said in words, in both languages.
#[test]
fn the_audit_page_speaks_in_words() {
    let house = House::offering("read");
    let li = house.person("li", Role::Operator);
    let shen = house.person("shen", Role::Auditor);
    with_a_page(&house, "A1");
    for path in ["/v1/letters", "/v1/letters/A1", "/v1/drafts"] {
        assert_eq!(house.get(&li, path).status, 200, "{path}");
    }
    house.get(&shen, "/v1/audit");
    let english = shen.with("cookie", "laixin_language=en");
    for (caller, words) in [
        (&shen, ["信件 A1", "信件列表", "草稿列表", "审计记录"]),
        (
            &english,
            [
                "letter A1",
                "the list of letters",
                "the list of drafts",
                "the audit",
            ],
        ),
    ] {
        let html = house.get(caller, "/audit").text;
        for word in words {
            assert!(html.contains(word), "{word}");
        }
        for raw in [
            "letter/A1",
            "<td>letters</td>",
            "<td>ledger</td>",
            "letters.listed",
        ] {
            assert!(!html.contains(raw), "{raw}");
        }
    }
}

/// An empty answer is an answer, and says so.
#[test]
fn a_letter_that_nobody_looked_at_is_answered_in_words() {
    let house = House::new();
    house.drafted("A1");
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_laixin"))
        .args(["audit", "letter", "A1", "--looks", "--config"])
        .arg(house.folder.path().join("station.toml"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.trim_end(), "没有人查看过。");
}
