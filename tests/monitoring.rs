//! Alert rules and dashboard (`config/monitoring`): every metric they name is one that a running station tells, and their form is right.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::support::{TestStation, project, reader, wait_for};

fn named_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c));
    words
        .filter(|word| word.starts_with("laixin_"))
        .map(str::to_owned)
        .collect()
}

/// Every expression of the rules; each line must be one of the few forms that the file has.
fn rules(text: &str) -> Vec<String> {
    let mut expressions = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let (key, value) = bare
            .trim_start_matches("- ")
            .split_once(':')
            .unwrap_or_else(|| panic!("line {}: no key", at + 1));
        let value = value.trim();
        match key {
            "groups" | "rules" | "labels" | "annotations" => {
                assert_eq!(value, "", "line {}", at + 1)
            }
            "name" | "alert" => assert!(!value.is_empty(), "line {}", at + 1),
            "for" => assert!(value.ends_with(['m', 'h', 'd']), "line {}", at + 1),
            "severity" => assert!(["warning", "critical"].contains(&value), "line {}", at + 1),
            "expr" | "summary" | "next" | "summary_en" | "next_en" => {
                let quoted = value
                    .strip_prefix('\'')
                    .and_then(|rest| rest.strip_suffix('\''));
                let quoted = quoted.unwrap_or_else(|| panic!("line {}: not quoted", at + 1));
                assert!(!quoted.replace("''", "").contains('\''), "line {}", at + 1);
                if key == "expr" {
                    let count = |one| quoted.matches(one).count();
                    assert_eq!(count('('), count(')'), "line {}", at + 1);
                    assert_eq!(
                        (count('{'), count('"') % 2),
                        (count('}'), 0),
                        "line {}",
                        at + 1
                    );
                    expressions.push(quoted.to_owned());
                }
            }
            other => panic!("line {}: {other}", at + 1),
        }
    }
    assert_eq!(expressions.len(), text.matches("alert:").count());
    assert_eq!(
        expressions.len(),
        text.matches("next_en:").count(),
        "each says what to do"
    );
    expressions
}

fn dashboard(text: &str) -> Vec<String> {
    let board: Value = serde_json::from_str(text).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut expressions = Vec::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_i64()), "an id twice: {panel}");
        for target in panel["targets"].as_array().expect("targets") {
            expressions.push(target["expr"].as_str().expect("an expression").to_owned());
        }
    }
    expressions
}

#[test]
fn every_metric_of_rules_and_dashboard_is_told_by_a_running_station() {
    let read = |name: &str| {
        fs::read_to_string(project(&format!("config/monitoring/{name}"))).expect("it is there")
    };
    let mut asked = rules(&read("laixin-alerts.yml"));
    asked.extend(dashboard(&read("laixin-dashboard.json")));
    let wanted: BTreeSet<String> = asked.iter().flat_map(|one| named_in(one)).collect();
    assert!(wanted.len() > 20, "{wanted:?}");

    let mut station = TestStation::with_settings(|text| {
        format!("{}[backup]\nunencrypted = true\n", reader::chosen(&text))
    });
    reader::surround(&mut station);
    station.add_person("keeper", "maintenance");
    station.start_simulator();
    station.start();
    station.sign_in();
    one_letter(&station);
    station.command(
        &["backup", &station.folder("kept").display().to_string()],
        None,
    );
    station.sign_in_as("keeper");
    station.ok("POST", "/v1/check", None);
    wait_for("every metric", 30, || {
        let url = format!("http://{}/metrics", station.address);
        let text = ureq::get(url)
            .call()
            .ok()?
            .body_mut()
            .read_to_string()
            .ok()?;
        let missing: Vec<_> = wanted.difference(&told(&text)).cloned().collect();
        missing.is_empty().then_some(()).or_else(|| {
            eprintln!("not told yet: {missing:?}");
            None
        })
    });
}

/// What has no members is not told: a cycle, a letter, its page and its draft.
fn one_letter(station: &TestStation) {
    let batch =
        json!({"carrier": "letter", "count": 1, "received_at": "2026-03-02T09:00:00+08:00"});
    let batch = station.ok("POST", "/v1/batches", Some(batch))["id"].clone();
    let load = Some(json!({"cabinet": "cabinet-1"}));
    let load = station.ok("POST", &format!("/v1/batches/{batch}/loads"), load)["id"].clone();
    wait_for("the cabinet to take it", 20, || {
        let cycle = Some(json!({"load": load}));
        let (status, _) = station.call("POST", "/v1/cabinets/cabinet-1/cycles", cycle);
        (status < 300).then_some(())
    });
    wait_for("the release", 60, || {
        let seen = station.ok("GET", &format!("/v1/batches/{batch}"), None);
        (seen["loads"][0]["state"] == "released").then_some(())
    });
    station.scan_bytes(&reader::page(1), "A001_p1.png");
    station.wait_for_stage("A001", &["drafted"], 60);
}

/// Names as Prometheus keeps them: what has no value yet is described all the same.
fn told(text: &str) -> BTreeSet<String> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = kinds.flat_map(|line| {
        let (name, kind) = line.split_once(' ').unwrap_or((line, ""));
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        endings.iter().map(move |ending| format!("{name}{ending}"))
    });
    names.collect()
}
