//! What the letter's page shows below the fields: who signed a joint letter, disinfection, deadlines.

use std::collections::BTreeMap;

use super::super::when;
use super::super::words::Words;
use crate::domain::deadline::{Start, Unit, WEEKENDS_ONLY};
use crate::domain::draft::{Deadline, DeadlineToCome, Disinfection, Draft, Fields};
use crate::store::PageRow;

/// A label with its text.
pub(super) struct Line {
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) tone: &'static str,
}

/// One who signed.
pub(super) struct Signatory {
    pub(super) n: usize,
    pub(super) name: String,
    pub(super) phone: String,
    /// Under whose name the letter is registered.
    pub(super) registered: bool,
}

/// The list of a letter that more than one signed.
pub(super) fn signatories(fields: &Fields) -> Vec<Signatory> {
    if fields.joint.signatories.len() < 2 {
        return Vec::new();
    }
    let phone_of = |name: &str| {
        let of = fields.phones.iter();
        of.filter(|phone| phone.owner.as_deref() == Some(name))
            .filter_map(|phone| phone.field.value.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let names = fields.joint.signatories.iter().enumerate();
    names
        .map(|(at, name)| Signatory {
            n: at + 1,
            phone: phone_of(name),
            registered: fields.sender_name.value.as_ref() == Some(name),
            name: name.clone(),
        })
        .collect()
}

fn proof(w: &'static Words, proof: &Disinfection) -> (String, &'static str) {
    if let Some(signed) = &proof.r#override {
        let at = when::written(w, &signed.at);
        let signers = w.signers(&signed.by, signed.approved_by.as_deref());
        let text = w.fill("letter.proof_override", &[&signers, &at, &signed.reason]);
        return (text, "bad");
    }
    let none = || w.t("app.none").to_owned();
    let cycle = proof.cycle.clone().unwrap_or_else(none);
    let dose = proof
        .dose_mj_cm2
        .map_or_else(none, |dose| format!("{dose:.1}"));
    let at = proof
        .released_at
        .as_deref()
        .map_or_else(none, |at| when::written(w, at));
    (w.fill("letter.proof_released", &[&cycle, &dose, &at]), "")
}

/// The name in the reader's language; the basis is a quotation and stays as it is written.
fn deadline(w: &'static Words, due: &Deadline) -> String {
    let name = w.known("deadline", &due.name).unwrap_or(&due.name);
    let (basis, note) = match due.basis.strip_suffix(WEEKENDS_ONLY) {
        Some(basis) => (basis, w.t("letter.deadline_weekends_only")),
        None => (due.basis.as_str(), ""),
    };
    w.fill("letter.deadline", &[&due.due, &name, &basis, &note])
}

/// A deadline that something of the case system starts.
fn deadline_to_come(w: &'static Words, rule: &DeadlineToCome) -> String {
    let name = w.known("deadline", &rule.name).unwrap_or(&rule.name);
    let start = w.code(
        "deadline_start",
        match rule.start {
            Start::Received => "received",
            Start::Accepted => "accepted",
            Start::Registered => "registered",
            Start::Transferred => "transferred",
        },
    );
    let days = |n: u32| match rule.unit {
        Unit::Working => w.one("letter.working_days", n),
        Unit::Calendar => w.one("letter.calendar_days", n),
    };
    let longer = rule
        .extend_days
        .map(|n| w.one("letter.extension", days(n)))
        .unwrap_or_default();
    let within = days(rule.days);
    w.fill(
        "letter.deadline_to_come",
        &[&name, &start, &within, &longer, &rule.basis],
    )
}

/// Pages that another machine read, and which.
fn read_elsewhere(w: &'static Words, pages: &[PageRow]) -> String {
    let mut by: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for page in pages {
        if let Some(reader) = &page.read_by {
            by.entry(reader).or_default().push(page.n.to_string());
        }
    }
    let lines = by
        .into_iter()
        .map(|(reader, pages)| w.two("letter.read_by", pages.join("、"), reader));
    lines.collect::<Vec<_>>().join("\n")
}

/// What the form shows below the fields.
pub(super) fn more(
    w: &'static Words,
    (draft, pages): (&Draft, &[PageRow]),
    seen: Option<&str>,
) -> Vec<Line> {
    let fields = &draft.fields;
    let mut lines = Vec::new();
    let mut add = |label: &'static str, text: String, tone: &'static str| {
        if !text.is_empty() {
            lines.push(Line {
                label: w.t(label),
                text,
                tone,
            });
        }
    };
    if draft.disinfection.is_none() {
        add("letter.proof", w.t("letter.proof_none").to_owned(), "bad");
    }
    for shown in draft.disinfection.iter().chain(&draft.other_disinfections) {
        let (text, tone) = proof(w, shown);
        add("letter.proof", text, tone);
    }
    if let Some(word) = &draft.visitor {
        let (text, tone) = crate::console::visitor::said_words(w, word, seen);
        add("visitor.label", text, tone);
    }
    if let Some(proxy) = &fields.proxy {
        let (key, tone) = match proxy.authorisation_seen {
            true => ("letter.proxy_with", ""),
            false => ("letter.proxy_without", "bad"),
        };
        add("letter.proxy", w.one(key, &proxy.agent), tone);
    }
    if let Some(postmark) = &fields.postmark {
        let parts: Vec<_> = [&postmark.place, &postmark.date]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        add("letter.postmark", parts.join(" "), "");
    }
    let deadlines = draft.deadlines.iter();
    let deadlines: Vec<_> = deadlines.map(|due| deadline(w, due)).collect();
    add("letter.deadlines", deadlines.join("\n"), "");
    let to_come = draft.deadlines_to_come.iter();
    let to_come: Vec<_> = to_come.map(|rule| deadline_to_come(w, rule)).collect();
    add("letter.deadlines_to_come", to_come.join("\n"), "");
    add("letter.read_elsewhere", read_elsewhere(w, pages), "");
    lines
}
