//! `laixin evaluate` as others rely on it: what it prints, what it writes, and one sentence where it cannot.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{LAIXIN, project};

struct Done {
    code: i32,
    out: String,
    err: String,
}

fn evaluate(folder: &Path, more: &[&str]) -> Done {
    let done = Command::new(LAIXIN)
        .arg("evaluate")
        .arg(folder)
        .arg("--truth-text")
        .args(more)
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Done {
        code: done.status.code().expect("an exit code"),
        out: text(&done.stdout),
        err: text(&done.stderr),
    }
}

/// A folder with a roster and nothing else.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(
        project("tests/letters/manifest.json"),
        folder.path().join("manifest.json"),
    )
    .expect("the roster is copied");
    folder
}

fn write(folder: &Path, id: &str, letter: &Value) {
    std::fs::write(folder.join(format!("{id}.json")), letter.to_string()).expect("it is written");
}

/// A letter's ground truth without images.
fn letter(id: &str, (name, home, phone): (&str, &str, &str), body: &str, repeat: Value) -> Value {
    let lines = [
        ("salutation", "林市长：".to_owned()),
        ("body", body.to_owned()),
        ("close", "此致".to_owned()),
        ("close_l", "敬礼！".to_owned()),
        ("signature", format!("来信人：{name}")),
        ("address", format!("地址：{home}")),
        ("phone", format!("电话：{phone}")),
        ("date", "2026年3月2日".to_owned()),
    ];
    let lines: Vec<Value> = lines
        .iter()
        .map(|(role, text)| json!({"role": role, "text": text}))
        .collect();
    json!({"id": id, "scenario": id, "lines": lines, "envelope": null, "fields": {
        "sender_name": {"value": name, "source": "letter.signature", "rule": "7.4.2.2 来信内署名"},
        "address": {"value": home, "source": "letter.signed_address", "rule": "7.4.2.3 来信内签署地址"},
        "phones": [{"value": phone}], "id_number": null,
        "addressee": {"value": "林伯年"}, "letter_date": "2026-03-02", "purpose": "投诉请求",
        "anonymous": {"value": false, "reason": null},
        "joint": {"is_joint": false, "count": 1, "signatories": []},
        "proxy": null, "postmark": null, "repeat": repeat}})
}

const HERS: (&str, &str, &str) = ("周淑琴", "苏州市姑苏区莲花新村38幢402室", "13812340001");
const HIS: (&str, &str, &str) = ("高建民", "苏州市吴中区木渎镇金山路12号", "13912340002");
const LIFT: &str = "我们这幢楼的电梯从去年起经常停在半空，上个月把一位老人关了四十分钟。物业公司说维修资金不够，业委会又选不出来。请求质监部门来检验，督促物业公司修好电梯。";
const LIFT_AGAIN: &str = "电梯又坏了。自从去年报修以来，物业公司只换过一根钢丝绳，前天我孙女被困在里面哭了很久。业委会至今没有成立，维修资金动不了。恳请派人检验这部电梯，不要等到出了人命。";
const WAGES: &str = "我儿子在工地做木工，包工头拖欠工资一年多，欠条写了三张，一分钱也没有拿到。去劳动监察大队投诉过两回，都说要等。请帮他讨回血汗钱。";

#[test]
fn a_repeat_and_what_only_looks_like_one_are_told_apart_from_the_letters_alone() {
    let folder = folder();
    let of =
        |relation: &str, of: Option<&str>| json!({"group": "R1", "relation": relation, "of": of});
    let rows = [
        ("R1", HERS, LIFT, of("first", None)),
        ("R2", HERS, LIFT_AGAIN, of("repeat", Some("R1"))),
        (
            "R3",
            HERS,
            WAGES,
            of("first_same_sender_other_matter", Some("R1")),
        ),
        (
            "R4",
            HIS,
            LIFT,
            of("first_other_sender_same_matter", Some("R1")),
        ),
        (
            "R5",
            HIS,
            WAGES,
            of("first_same_sender_other_matter", Some("R4")),
        ),
    ];
    for (id, who, body, repeat) in rows {
        write(folder.path(), id, &letter(id, who, body, repeat));
    }
    let predictions = folder.path().join("out.jsonl");
    let file = predictions.to_str().expect("a path");
    let done = evaluate(folder.path(), &["--json", "--predictions", file]);
    assert_eq!(done.code, 0, "{}", done.err);
    let report: Value =
        serde_json::from_str(&done.out).expect("one JSON document and nothing else");
    assert_eq!(report["letters"], 5);
    let repeat = &report["fields"]["repeat"];
    assert_eq!(
        (&repeat["n"], &repeat["exact"]),
        (&json!(5), &json!(5)),
        "{}",
        report["differences"]
    );
    let written = std::fs::read_to_string(&predictions).expect("predictions");
    let found: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(found.len(), 5);
    for line in &found {
        let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["fields", "letter"]);
    }
    let second = &found[1]["fields"]["repeat"];
    assert_eq!(
        (&second["relation"], &second["of"]),
        (&json!("repeat"), &json!("R1"))
    );
    for score in ["name", "address", "content"] {
        assert!(second["scores"][score].as_f64().expect("a score") >= 0.5);
    }
}

#[test]
fn predictions_have_the_fields_of_a_draft() {
    let folder = folder();
    write(folder.path(), "R1", &letter("R1", HERS, LIFT, Value::Null));
    let file = folder.path().join("out.jsonl");
    let done = evaluate(
        folder.path(),
        &["--predictions", file.to_str().expect("a path")],
    );
    assert_eq!(done.code, 0, "{}", done.err);
    let line = std::fs::read_to_string(&file).expect("predictions");
    let fields = &serde_json::from_str::<Value>(line.trim()).expect("one line")["fields"];
    for name in [
        "sender_name",
        "address",
        "addressee",
        "letter_date",
        "purpose",
    ] {
        for part in [
            "value",
            "confidence",
            "accepted",
            "source",
            "rule",
            "page",
            "quad",
        ] {
            assert!(fields[name].get(part).is_some(), "{name}.{part}");
        }
        assert!(fields[name]["value"].is_string(), "{name}");
    }
    assert_eq!(fields["sender_name"]["source"], "letter.signature");
    assert_eq!(fields["sender_name"]["rule"], "7.4.2.2/1");
    assert!(fields["id_number"].get("checksum_ok").is_some());
    assert_eq!(fields["phones"][0]["type"], "mobile");
    assert_eq!(fields["anonymous"], json!({"value": false, "reason": null}));
    assert_eq!(fields["joint"]["count"], 1);
    for flag in ["threat", "crime_clue", "valuables", "archive_only"] {
        assert!(fields["flags"][flag]["value"].is_boolean(), "{flag}");
    }
    for figure in [
        "field",
        "exact %",
        "precision",
        "recall",
        "accepted %",
        "wrong",
        "ECE %",
        "sender source",
        "scenario",
    ] {
        assert!(done.out.contains(figure), "{figure}: {}", done.out);
    }
}

/// One sentence on standard error, nothing on standard output, “wrong usage or configuration”.
fn refused(done: &Done, words: &[&str]) {
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.out.is_empty(), "{}", done.out);
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    for word in words {
        assert!(done.err.contains(word), "{word}: {}", done.err);
    }
}

#[test]
fn a_folder_without_letters_is_refused_in_one_sentence() {
    refused(&evaluate(folder().path(), &[]), &["no ground truth"]);
    let none = Path::new("/nowhere/at/all");
    refused(&evaluate(none, &[]), &["/nowhere/at/all", "cannot be read"]);
}

#[test]
fn a_folder_without_a_roster_is_refused_in_one_sentence() {
    let folder = folder();
    write(folder.path(), "R1", &letter("R1", HERS, LIFT, Value::Null));
    std::fs::remove_file(folder.path().join("manifest.json")).expect("it goes");
    refused(
        &evaluate(folder.path(), &[]),
        &["manifest.json", "--roster"],
    );
    std::fs::write(folder.path().join("manifest.json"), "{\"letters\": []}").expect("written");
    refused(
        &evaluate(folder.path(), &[]),
        &["manifest.json", "--roster"],
    );
}

#[test]
fn a_file_that_is_no_ground_truth_is_named_in_one_sentence() {
    let folder = folder();
    for wrong in ["", "not JSON", "[]", "{\"id\": \"R1\"}", "{\"id\": 7}"] {
        std::fs::write(folder.path().join("R1.json"), wrong).expect("written");
        refused(
            &evaluate(folder.path(), &[]),
            &["R1.json", "not in the form of ground truth"],
        );
    }
    std::fs::write(folder.path().join("R1.json"), [0xff, 0xfe, 0x00]).expect("written");
    refused(&evaluate(folder.path(), &[]), &["R1.json"]);
}

#[test]
fn predictions_that_cannot_be_written_are_refused_before_anything_is_read() {
    let folder = folder();
    write(folder.path(), "R1", &letter("R1", HERS, LIFT, Value::Null));
    refused(
        &evaluate(
            folder.path(),
            &["--predictions", "/nowhere/at/all/out.jsonl"],
        ),
        &["/nowhere/at/all/out.jsonl", "cannot be written"],
    );
}
