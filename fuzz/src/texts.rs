//! Texts: what an office writes for its station, and what comes back to it through folders. The first line says which.

use std::io::Write as _;
use std::path::Path;

use laixin::config::{Settings, load_toml};
use laixin::domain::deadline::{Holidays, Profile};
use laixin::domain::draft::Draft;
use laixin::domain::grouping::Separator;
use laixin::domain::mail_number::{mail_number, written};
use laixin::domain::roster::Roster;
use laixin::{at_rest, handoff, history, office};

use super::headed;
use super::wires::quick_folder;

/// A draft of a letter that nobody wrote, as case systems get it.
pub(super) fn draft() -> Draft {
    serde_json::from_str(include_str!("../../src/api/examples/draft.json")).expect("a draft")
}

pub(super) fn settings(bytes: &[u8]) {
    let Some((what, text)) = headed(bytes) else {
        return;
    };
    let mut file = tempfile::NamedTempFile::new_in(quick_folder()).expect("a file");
    file.write_all(text).expect("written");
    let file = file.path();
    match what {
        "# station" => told(Settings::load(file)),
        "# cabinet" => told(uv_cabinet::Profile::load(file)),
        "# roster" => told(roster(file)),
        "# deadlines" => deadlines(file),
        "# mapping" => mapping(file),
        _ => {}
    }
}

/// A refusal has words.
fn told<T>(done: Result<T, impl std::fmt::Display>) {
    if let Err(error) = done {
        assert!(!error.to_string().is_empty());
    }
}

fn roster(file: &Path) -> Result<(), laixin::config::ConfigError> {
    let roster: Roster = load_toml(file)?;
    if roster.fault().is_none() {
        // What is shown to be changed comes back.
        let shown = office::table::written(&roster);
        told(office::table::parsed(&shown));
    }
    Ok(())
}

/// A profile, and behind it perhaps the table of days off.
fn deadlines(file: &Path) {
    let Ok(profile) = load_toml::<Profile>(file) else {
        return told(load_toml::<Holidays>(file).map(|table| table.faults()));
    };
    let fields = draft().fields;
    let due = profile.due("2026-02-27", &fields);
    assert!(due.len() <= profile.deadline.len());
    assert!(due.iter().all(|due| due.due.as_str() >= "2026-02-27"));
    let _ = (
        profile.to_come(&fields),
        profile.table_wanting("2026-12-31"),
    );
}

fn mapping(file: &Path) {
    let Ok(mapping) = handoff::mapping(file) else {
        return;
    };
    let draft = draft();
    if let Ok(told) = mapping.write(&draft) {
        assert_eq!(told.len(), mapping.fields.len());
    }
}

pub(super) fn exchange(bytes: &[u8]) {
    let Some((what, rest)) = headed(bytes) else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    match what {
        "receipt.json" | "receipt.xml" => {
            let ending = what.trim_start_matches("receipt.");
            let _ = handoff::is_receipt(&text, ending);
        }
        "history.csv" | "history.jsonl" => {
            for (_, line) in history::lines(&text, what.ends_with("jsonl")) {
                let Ok(columns) = line else { continue };
                let _ = history::Told::of(&columns);
                if let Ok(record) = history::record(&columns) {
                    assert!(!record.case_number.is_empty());
                }
            }
        }
        "roster.csv" => {
            if let Ok(roster) = office::table::parsed(&text) {
                assert_eq!(
                    office::table::parsed(&office::table::written(&roster)).ok(),
                    Some(roster)
                );
            }
        }
        "secret" => drop(handoff::Secret::parse(&text)),
        "key" => {
            let is_key = at_rest::StationKey::parse(&text).is_some();
            assert!(!is_key || at_rest::StationKey::looks_like_one(&text));
        }
        "code" => {
            if let Some(separator) = Separator::parse(&text) {
                assert_eq!(separator.payload(), text);
            }
            let _ = (mail_number(&text), written(&text));
        }
        _ => {}
    }
}
