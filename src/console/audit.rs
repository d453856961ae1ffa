//! Who saw and did what, for auditors: by letter or by person. Words for codes; nothing of any letter.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::address::encode;
use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Auditors;
use crate::store::{AuditWanted, LedgerEntry, Saw};

const PAGE: u32 = 100;

/// What was asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    letter: Option<String>,
    actor: Option<String>,
    looks: Option<String>,
    before: Option<i64>,
}

struct Entry {
    seq: i64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    letter: String,
    actor: String,
    looks: bool,
    people: Vec<String>,
    summary: Vec<(String, String)>,
    entries: Vec<Entry>,
    more: Option<String>,
}

/// The word for a stable code that an entry may name; what a person wrote is none.
fn code_in_words<'a>(w: &'a Words, text: &'a str) -> Option<&'a str> {
    const SECTIONS: [&str; 8] = [
        "restricted",
        "matched",
        "role",
        "verdict",
        "flag",
        "held",
        "hold",
        "outbox_code",
    ];
    SECTIONS
        .into_iter()
        .find_map(|section| w.known(section, text))
}

/// An identifier, number or reason of an entry in words.
fn detail(w: &'static Words, entry: &LedgerEntry) -> String {
    let Ok(serde_json::Value::Object(detail)) = serde_json::from_str(&entry.detail) else {
        return String::new();
    };
    let told = |(name, value): (&String, &serde_json::Value)| {
        let label = w.known("audit_detail", name)?;
        let text = match value {
            serde_json::Value::String(text) if text.is_empty() => return None,
            serde_json::Value::String(text) if name == "list" => {
                w.known("audit_list", text).unwrap_or(text).to_owned()
            }
            serde_json::Value::String(text) => code_in_words(w, text).unwrap_or(text).to_owned(),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Array(items) => w.one("audit.so_many", items.len()),
            _ => return None,
        };
        Some(format!("{label} {text}"))
    };
    let told: Vec<String> = detail.iter().filter_map(told).collect();
    told.join(" · ")
}

/// `letter/A001` → 信件 A001; what has no word of its own shows itself.
fn subject(w: &'static Words, text: &str) -> String {
    let (kind, id) = text
        .split_once('/')
        .map_or((text, None), |(kind, id)| (kind, Some(id)));
    match (w.known("audit_subject", kind), id) {
        (Some(word), Some(id)) => format!("{word} {id}"),
        (Some(word), None) => word.to_owned(),
        (None, _) => text.to_owned(),
    }
}

fn line(w: &'static Words, entry: LedgerEntry) -> Entry {
    Entry {
        detail: detail(w, &entry),
        seq: entry.seq,
        at: when::moment(w, entry.at),
        action: w.code("audit_action", &entry.action).to_owned(),
        actor: entry.actor,
        subject: subject(w, &entry.subject),
    }
}

/// One entry for a person at a terminal: when, who, what, of what, and what more.
pub(crate) fn told(w: &'static Words, entry: LedgerEntry) -> String {
    let at = when::stamp(entry.at);
    let told = line(w, entry);
    let parts = [at, told.actor, told.action, told.subject, told.detail];
    parts.join("\t").trim_end().to_owned()
}

/// The same for looks that came one after the other, the newest first.
pub(crate) fn told_of_run(w: &'static Words, run: Vec<LedgerEntry>) -> String {
    let (times, since) = (run.len(), run.last().map(|first| first.at));
    let mut details: Vec<String> = Vec::new();
    for entry in run.iter().rev() {
        let detail = detail(w, entry);
        if !detail.is_empty() && !details.contains(&detail) {
            details.push(detail);
        }
    }
    let Some((newest, since)) = run.into_iter().next().zip(since) else {
        return String::new();
    };
    if times == 1 {
        return told(w, newest);
    }
    let line = line(w, newest.clone());
    let often = w.two("audit.so_often", times, when::moment(w, since));
    let parts = [
        when::stamp(newest.at),
        line.actor,
        line.action,
        line.subject,
        details.join(w.t("app.and")),
        often,
    ];
    parts.join("\t")
}

/// How often somebody saw the letter, and when last.
pub(crate) fn times(w: &'static Words, saw: &Saw) -> String {
    let looks = w.two("audit.times", saw.looks, saw.listed);
    let mut told = vec![looks, w.one("audit.last", when::moment(w, saw.last))];
    if !saw.under.is_empty() {
        told.push(w.one("audit.under", w.list(&saw.under)));
    }
    told.join(" · ")
}

fn address(asked: &Asked, before: i64) -> String {
    let mut parts = vec![format!("before={before}")];
    parts.extend(
        asked
            .letter
            .iter()
            .map(|letter| format!("letter={}", encode(letter))),
    );
    parts.extend(
        asked
            .actor
            .iter()
            .map(|actor| format!("actor={}", encode(actor))),
    );
    parts.extend(asked.looks.iter().map(|_| "looks=1".to_owned()));
    format!("/audit?{}", parts.join("&"))
}

/// `GET /audit`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Auditors>,
    Query(mut asked): Query<Asked>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "audit"));
    let by = visitor.person.session.user.clone();
    let given = |text: &mut Option<String>| {
        *text = text
            .take()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    given(&mut asked.letter);
    given(&mut asked.actor);
    given(&mut asked.looks);
    let wanted = AuditWanted {
        letter: asked.letter.clone(),
        actor: asked.actor.clone(),
        looks_only: asked.looks.is_some(),
        before: asked.before,
    };
    let found = app.store.with(move |db| {
        let entries = db.audit(&wanted, PAGE + 1)?;
        let saw = match &wanted.letter {
            Some(letter) => db.who_saw(letter)?,
            None => Vec::new(),
        };
        db.note_audit(&by, &wanted)?;
        Ok((entries, saw, db.users()?))
    });
    let (mut entries, saw, users) = match found.await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let there_is_more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let last = entries
        .last()
        .filter(|_| there_is_more)
        .map(|entry| entry.seq);
    show(&AuditPage {
        f,
        more: last.map(|seq| address(&asked, seq)),
        summary: saw
            .iter()
            .map(|saw| (saw.actor.clone(), times(w, saw)))
            .collect(),
        people: users.into_iter().map(|user| user.name).collect(),
        entries: entries.into_iter().map(|entry| line(w, entry)).collect(),
        looks: asked.looks.is_some(),
        letter: asked.letter.unwrap_or_default(),
        actor: asked.actor.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Language;

    fn tasks_named_in(folder: &Path, found: &mut Vec<String>) {
        for file in std::fs::read_dir(folder).expect("the sources are there") {
            let path = file.expect("the folder can be listed").path();
            if path.is_dir() {
                tasks_named_in(&path, found);
                continue;
            }
            if path.extension().is_none_or(|kind| kind != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a text file");
            let named = text.split("\"task/").skip(1);
            let named = named.filter_map(|rest| Some(rest.split_once('"')?.0));
            let is_word = |name: &&str| !name.is_empty() && name.chars().all(char::is_alphabetic);
            found.extend(named.filter(is_word).map(str::to_owned));
        }
    }

    #[test]
    fn every_task_that_acts_by_itself_is_told_in_words() {
        let mut found = Vec::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        tasks_named_in(&sources, &mut found);
        assert!(found.len() > 9, "{found:?}");
        for task in found {
            let actor = format!("task/{task}");
            for language in [Language::Chinese, Language::English] {
                let told = Words::of(language).known("audit_actor", &actor);
                assert!(told.is_some(), "{actor}");
            }
        }
    }
}
