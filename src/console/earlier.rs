//! What the comparison with earlier letters found, as the letter's page shows it.

use super::words::Words;
use crate::domain::draft::{Differs, Draft, EarlierFrom, EarlierIs, RepeatCandidate};

/// The part of the page.
pub(super) struct EarlierPart {
    pub(super) verdict: String,
    /// `check` where a person has to decide, `open` where nothing could be compared.
    pub(super) tone: &'static str,
    pub(super) notes: Vec<String>,
    pub(super) lines: Vec<EarlierLine>,
    /// A person may say that it is a first letter.
    pub(super) may_be_first: bool,
}

/// One earlier registration.
pub(super) struct EarlierLine {
    pub(super) is: &'static str,
    pub(super) is_words: &'static str,
    pub(super) of: String,
    /// Where it can be looked at; an imported one only beside the letter, another station's not from here.
    pub(super) address: Option<String>,
    pub(super) beside: Option<String>,
    pub(super) about: String,
    pub(super) scores: String,
    pub(super) signs: Vec<&'static str>,
    pub(super) differs: Vec<String>,
    /// A person may say that the letter repeats this one.
    pub(super) may_be: bool,
}

/// What is shown of a draft's comparison; `later` are the letters that repeat this one.
pub(super) fn part(w: &'static Words, draft: &Draft, later: &[String]) -> EarlierPart {
    let repeat = &draft.fields.repeat;
    let possible = repeat
        .candidates
        .iter()
        .any(|c| c.is == EarlierIs::PossibleRepeat);
    let (verdict, tone) = match (repeat.relation.as_str(), &repeat.of) {
        ("repeat", of) => (
            w.one("letter.repeat_repeat", of.as_deref().unwrap_or_default()),
            "check",
        ),
        ("first", _) if possible => (w.t("earlier.possible_repeat").to_owned(), "check"),
        ("first", _) => (w.t("letter.repeat_first").to_owned(), ""),
        _ => (w.t("letter.repeat_unchecked").to_owned(), "open"),
    };
    let mut notes = Vec::new();
    if repeat.relation == "unchecked" {
        notes.push(w.t("earlier.unchecked").to_owned());
    } else if repeat.candidates.is_empty() {
        notes.push(w.t("earlier.none").to_owned());
    }
    if repeat.decided {
        notes.push(w.t("earlier.decided").to_owned());
    }
    notes.extend(repeat.nth.map(|nth| w.one("earlier.nth", nth)));
    if let Some(copies) = &repeat.copies {
        notes.push(w.two("earlier.copies", &copies.handled, w.list(&copies.letters)));
    }
    if !later.is_empty() {
        notes.push(w.one("earlier.later", w.list(later)));
    }
    EarlierPart {
        verdict,
        tone,
        notes,
        lines: repeat
            .candidates
            .iter()
            .map(|c| line(w, &draft.letter, c, repeat.of.as_ref()))
            .collect(),
        may_be_first: repeat.relation == "repeat" || possible && !repeat.decided,
    }
}

fn line(
    w: &'static Words,
    letter: &str,
    c: &RepeatCandidate,
    linked: Option<&String>,
) -> EarlierLine {
    let is = match c.is {
        EarlierIs::Repeat => "repeat",
        EarlierIs::PossibleRepeat => "possible_repeat",
        EarlierIs::SameSenderOtherMatter => "same_sender_other_matter",
        EarlierIs::SameMatterOtherSender => "same_matter_other_sender",
        EarlierIs::SameMatterSenderUnknown => "same_matter_sender_unknown",
    };
    let percent = |score: f32| format!("{:.0}%", score * 100.0);
    let (name, address, content) = (
        percent(c.scores.name),
        percent(c.scores.address),
        percent(c.scores.content),
    );
    let here = super::address::encode(letter);
    let there = super::address::encode(&c.of);
    let ours = c.from == EarlierFrom::Station;
    let key = if ours { "letter" } else { "case" };
    let from = match (c.from, c.elsewhere()) {
        (EarlierFrom::Imported, _) => Some(w.t("earlier.imported").to_owned()),
        (_, Some((station, number))) => Some(w.two("earlier.elsewhere", station, number)),
        _ => None,
    };
    // Its pages lie there.
    let is_here = c.from != EarlierFrom::OtherStation;
    let received = c
        .received_on
        .as_ref()
        .map(|day| w.one("earlier.received", day));
    let about: Vec<String> = from.into_iter().chain(received).collect();
    let signs = [
        (c.same_phone, "same_phone"),
        (c.same_id_number, "same_id_number"),
        (c.moved, "moved"),
        (c.restricted, "restricted"),
    ];
    EarlierLine {
        is,
        is_words: w.code("earlier", is),
        of: c.of.clone(),
        address: ours.then(|| format!("/letters/{there}")),
        beside: is_here.then(|| format!("/letters/{here}/beside?{key}={there}")),
        about: about.join(" · "),
        scores: w.fill("earlier.scores", &[&name, &address, &content]),
        signs: signs
            .into_iter()
            .filter(|(there, _)| *there)
            .map(|(_, code)| w.code("earlier", code))
            .collect(),
        differs: differs(w, c),
        may_be: linked != Some(&c.of),
    }
}

fn differs(w: &'static Words, c: &RepeatCandidate) -> Vec<String> {
    // What another sender or another matter has otherwise is no mistake in a record.
    if !matches!(c.is, EarlierIs::Repeat | EarlierIs::PossibleRepeat) {
        return Vec::new();
    }
    let named = |how: Differs| -> Vec<&str> {
        let fields = c.differs.iter().filter(|d| d.how == how);
        fields.map(|d| w.code("field", &d.field)).collect()
    };
    let kinds = [
        ("earlier.only_here", Differs::OnlyHere),
        ("earlier.only_there", Differs::OnlyThere),
        ("earlier.other", Differs::Other),
    ];
    let told = kinds.into_iter().map(|(key, how)| (key, named(how)));
    told.filter(|(_, names)| !names.is_empty())
        .map(|(key, names)| w.one(key, w.list(&names)))
        .collect()
}
