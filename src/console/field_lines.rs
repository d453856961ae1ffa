//! A draft's fields as the console shows them: value, how sure, why, where on the page, what else it might be.

use serde::Serialize;

use super::words::Words;
use crate::domain::double_entry::{Agreement, EntryField};
use crate::domain::draft::{Draft, IdNumber, Phone, PhoneKind};
use crate::domain::field::{Field, Source};
use crate::domain::learn::Thresholds;
use crate::domain::text::Quad;

mod held_back;
mod matters;
mod of_letter;

pub(super) use matters::{MatterRow, rows as matter_rows};
use of_letter::{accused, anonymous, another_phone, by_a_person, joint, summary};

/// Purposes a letter may have (requirement C10); the words are in the message files.
const PURPOSES: [&str; 7] = [
    "投诉请求",
    "意见建议",
    "检举控告",
    "申诉",
    "咨询",
    "感谢",
    "其他",
];

/// Something to choose from.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) code: String,
    pub(super) label: String,
}

/// A candidate that lost.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) value: String,
    pub(super) shown: String,
    pub(super) percent: String,
    pub(super) why_not: String,
}

/// One field.
#[derive(Debug)]
pub(super) struct FieldLine {
    /// Unique on the page: `sender_name`, `phones-0`.
    pub(super) key: String,
    /// As corrections name it.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
    /// `accepted`, `check`, `empty`, `corrected`; `plain` for what has no confidence.
    pub(super) state: &'static str,
    pub(super) state_words: String,
    pub(super) state_means: String,
    /// Whether a person should stop here.
    pub(super) wants: bool,
    pub(super) why: String,
    pub(super) note: Option<String>,
    /// The clause that governs it, without its branch: `7.4.2.2`.
    pub(super) rule: String,
    /// Said where nothing is written.
    pub(super) hint: &'static str,
    pub(super) page: String,
    pub(super) quad: String,
    pub(super) choices: Vec<Choice>,
    pub(super) alternatives: Vec<Other>,
}

impl FieldLine {
    /// One line of which more rows are shown where it does not fit into one: nothing of it may be out of sight.
    pub(super) fn is_long(&self) -> bool {
        ["address", "joint", "accused"].contains(&self.name)
    }
}

/// A letter cannot be registered well without these: when empty they want a look.
const NEEDED: [&str; 4] = ["sender_name", "address", "addressee", "purpose"];

fn percent(confidence: f32) -> String {
    format!("{:.0}%", confidence.clamp(0.0, 1.0) * 100.0)
}

/// The corners as SVG writes them.
pub(super) fn points(quad: &Quad) -> String {
    let corners: Vec<_> = quad.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
    corners.join(" ")
}

/// The stable name of a source, as in the draft.
fn source_code(source: Source) -> String {
    match source.serialize(serde_json::value::Serializer) {
        Ok(serde_json::Value::String(code)) => code,
        _ => String::new(),
    }
}

fn state(w: &'static Words, field: &Field) -> (&'static str, String, String) {
    let nothing = String::new();
    match (field.source, &field.value, field.accepted) {
        (Source::Officer, ..) => ("corrected", w.t("letter.corrected").to_owned(), nothing),
        (_, None, _) => ("empty", w.t("letter.empty").to_owned(), nothing),
        (_, Some(_), true) => (
            "accepted",
            format!("{} {}", w.t("letter.accepted"), percent(field.confidence)),
            w.t("letter.accepted_means").to_owned(),
        ),
        (_, Some(_), false) => (
            "check",
            format!("{} {}", w.t("letter.check"), percent(field.confidence)),
            nothing,
        ),
    }
}

/// Source, rule, page and the page's own words, in one line.
fn why(w: &'static Words, field: &Field) -> String {
    let mut parts = Vec::new();
    if field.source != Source::None {
        let code = source_code(field.source);
        parts.push(w.code("source", &code).to_owned());
    }
    if let Some(rule) = &field.rule {
        parts.push(w.one("letter.rule", rule));
    }
    if let Some(page) = field.page {
        parts.push(w.one("letter.seen_on", page));
    }
    let mut why = parts.join(" · ");
    if !field.raw.is_empty() {
        let raw = field.raw.join("、");
        why.push_str(&format!(" · {} “{raw}”", w.t("letter.raw")));
    }
    why
}

fn alternatives(field: &Field, shown: impl Fn(&str) -> String) -> Vec<Other> {
    let others = field.alternatives.iter();
    others
        .map(|other| Other {
            value: other.value.clone(),
            shown: shown(&other.value),
            percent: percent(other.confidence),
            why_not: other.why_not.clone(),
        })
        .collect()
}

/// The clause of the standard behind a field; without evidence the one that would govern it.
fn clause(name: &str, rule: Option<&str>) -> String {
    let of_field = match name {
        "sender_name" | "anonymous" | "joint" => "7.4.2.2",
        "address" => "7.4.2.3",
        "addressee" => "7.4.2.4",
        "phones" => "7.4.2.5",
        "summary" => "7.4.2.6",
        "urgent_reason" => "7.3.5",
        "report_upward_reason" => "7.3.6",
        _ => "7.4.2.1",
    };
    let rule = rule.unwrap_or(of_field);
    rule.split('/').next().unwrap_or(rule).to_owned()
}

fn line(w: &'static Words, name: &'static str, label: &'static str, field: &Field) -> FieldLine {
    let (state, state_words, state_means) = state(w, field);
    FieldLine {
        key: name.to_owned(),
        name,
        label: w.t(label),
        value: field.value.clone().unwrap_or_default(),
        state,
        state_words,
        state_means,
        wants: state == "check" || (state == "empty" && NEEDED.contains(&name)),
        why: why(w, field),
        note: None,
        rule: clause(name, field.rule.as_deref()),
        hint: w.t("letter.empty_placeholder"),
        page: field.page.map(|page| page.to_string()).unwrap_or_default(),
        quad: field.quad.as_ref().map(points).unwrap_or_default(),
        choices: Vec::new(),
        alternatives: alternatives(field, str::to_owned),
    }
}

fn purpose(w: &'static Words, field: &Field) -> FieldLine {
    let word = |code: &str| w.known("purpose", code).unwrap_or(code).to_owned();
    let choices = PURPOSES.iter().map(|code| Choice {
        code: (*code).to_owned(),
        label: word(code),
    });
    let none = Choice {
        code: String::new(),
        label: String::new(),
    };
    FieldLine {
        choices: std::iter::once(none).chain(choices).collect(),
        alternatives: alternatives(field, word),
        ..line(w, "purpose", "field.purpose", field)
    }
}

fn phone(w: &'static Words, at: usize, phone: &Phone) -> FieldLine {
    let kind = match phone.r#type {
        PhoneKind::Mobile => w.t("letter.phone_mobile"),
        PhoneKind::Landline => w.t("letter.phone_landline"),
    };
    let plain = line(w, "phones", "field.phone", &phone.field);
    let mut parts = vec![kind.to_owned()];
    parts.extend(
        phone
            .owner
            .as_ref()
            .map(|owner| w.one("letter.phone_owner", owner)),
    );
    parts.extend((!plain.why.is_empty()).then(|| plain.why.clone()));
    FieldLine {
        key: format!("phones-{at}"),
        why: parts.join(" · "),
        ..plain
    }
}

/// The ID number; a wrong check digit is never shown as sure, whoever wrote it.
fn id_number(w: &'static Words, id_number: &IdNumber) -> FieldLine {
    let shown = line(w, "id_number", "field.id_number", &id_number.field);
    if id_number.checksum_ok != Some(false) {
        return shown;
    }
    let note = match id_number.field.source {
        Source::Officer => "letter.checksum_bad_typed",
        _ => "letter.checksum_bad",
    };
    let sure = matches!(shown.state, "accepted" | "corrected");
    FieldLine {
        note: Some(w.t(note).to_owned()),
        wants: true,
        state: "check",
        state_words: match sure {
            true => w.t("letter.check").to_owned(),
            false => shown.state_words,
        },
        state_means: if sure {
            String::new()
        } else {
            shown.state_means
        },
        ..shown
    }
}

/// Every field that can be corrected here, in the order of the form.
pub(super) fn lines(
    w: &'static Words,
    draft: &Draft,
    accused_open: bool,
    thresholds: &Thresholds,
) -> Vec<FieldLine> {
    let fields = &draft.fields;
    let mut lines = vec![
        line(w, "sender_name", "field.sender_name", &fields.sender_name),
        line(w, "address", "field.address", &fields.address),
        line(w, "addressee", "field.addressee", &fields.addressee),
        line(w, "letter_date", "field.letter_date", &fields.letter_date),
        purpose(w, &fields.purpose),
    ];
    lines.push(id_number(w, &fields.id_number));
    let phones = fields.phones.iter().enumerate();
    lines.extend(phones.map(|(at, found)| phone(w, at, found)));
    if fields.phones.is_empty() {
        lines.push(FieldLine {
            key: "phones-0".to_owned(),
            ..line(w, "phones", "field.phone", &Field::empty())
        });
    } else {
        lines.push(another_phone(w, fields.phones.len()));
    }
    lines.push(anonymous(w, &fields.anonymous));
    lines.push(joint(w, &fields.joint));
    lines.push(accused(w, fields, accused_open));
    lines.push(summary(w, &fields.summary));
    for (name, label, reason) in [
        (
            "urgent_reason",
            "field.urgent_reason",
            &fields.urgent_reason,
        ),
        (
            "report_upward_reason",
            "field.report_upward_reason",
            &fields.report_upward_reason,
        ),
    ] {
        lines.push(by_a_person(w, name, label, reason.as_deref()));
    }
    match draft.confirmed {
        Some(_) => lines.iter_mut().for_each(|line| vouched(w, line)),
        None => held_back::tell(w, &mut lines, draft, thresholds),
    }
    lines
}

/// The list of those who signed lights their names where they stand; of one alone, where he was read as the sender.
pub(super) fn light_names(lines: &mut [FieldLine], signed_at: Option<&(u32, Vec<Quad>)>) {
    let sender = lines
        .first()
        .map(|one| (one.page.clone(), one.quad.clone()));
    let Some(joint) = lines.iter_mut().find(|line| line.name == "joint") else {
        return;
    };
    (joint.page, joint.quad) = match (signed_at, sender) {
        (Some((page, quads)), _) => {
            let places: Vec<String> = quads.iter().map(points).collect();
            (page.to_string(), places.join(";"))
        }
        (None, Some(sender)) if !joint.value.is_empty() && !joint.value.contains('、') => sender,
        _ => return,
    };
}

/// As long as pages are being read nothing wants a look, and what was not found may stand on one of them.
pub(super) fn not_found_yet(w: &'static Words, lines: &mut [FieldLine]) {
    for line in lines {
        line.wants = false;
        line.hint = w.t("letter.being_read_hint");
        if line.state == "empty" {
            w.t("letter.being_read_state")
                .clone_into(&mut line.state_words);
        }
    }
}

/// Of a confirmed draft nothing wants a look: an officer's name stands under every value. A wrong check digit is still told.
fn vouched(w: &'static Words, line: &mut FieldLine) {
    line.wants = false;
    if line.state == "check" && line.note.is_none() {
        line.state = "corrected";
        line.state_words = w.t("letter.vouched").to_owned();
        line.state_means.clear();
    }
}

/// Where a second person keyed another value, that is a note beside the field and one more value to take.
pub(super) fn keyed_otherwise(
    w: &'static Words,
    lines: &mut [FieldLine],
    draft: &Draft,
    entries: &[(EntryField, Agreement)],
) {
    let differing = entries
        .iter()
        .filter(|(_, told)| *told == Agreement::Differs);
    for (field, _) in differing {
        let entry = draft
            .second_entries
            .iter()
            .find(|entry| entry.field == *field);
        let line = lines.iter_mut().find(|line| line.name == field.name());
        let Some((entry, line)) = entry.zip(line) else {
            continue;
        };
        let keyed: Vec<&str> = entry
            .values
            .iter()
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .collect();
        line.wants = true;
        line.note = Some(match keyed.as_slice() {
            [] => w.one("entry.keyed_nothing", &entry.by),
            keyed => w.two(
                "entry.keyed_otherwise",
                &entry.by,
                keyed.join(w.t("app.and")),
            ),
        });
        // Several numbers are no one value.
        if let ([value], true) = (keyed.as_slice(), field.drafted(&draft.fields).len() <= 1) {
            let other = Other {
                value: (*value).to_owned(),
                shown: (*value).to_owned(),
                percent: w.t("entry.keyed").to_owned(),
                why_not: String::new(),
            };
            line.alternatives.insert(0, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    fn field(value: Option<&str>, confidence: f32, accepted: bool, source: Source) -> Field {
        Field {
            value: value.map(str::to_owned),
            confidence,
            accepted,
            source,
            ..Field::empty()
        }
    }

    #[test]
    fn every_source_has_a_word_in_both_languages() {
        let all = [
            Source::LetterSignature,
            Source::LetterSignatureList,
            Source::LetterContact,
            Source::LetterBody,
            Source::LetterBodyHabitual,
            Source::LetterSignedAddress,
            Source::EnvelopeSender,
            Source::EnvelopeSenderAddress,
            Source::EnvelopePostmark,
            Source::LetterSalutation,
            Source::EnvelopeAddressee,
            Source::Officer,
            Source::None,
        ];
        for source in all {
            let code = source_code(source);
            for language in [Language::Chinese, Language::English] {
                assert!(
                    Words::of(language).known("source", &code).is_some(),
                    "{code}"
                );
            }
        }
    }

    #[test]
    fn only_what_is_unsure_or_needed_wants_a_look() {
        let w = Words::of(Language::Chinese);
        let sure = field(Some("陆思雨"), 0.97, true, Source::LetterSignature);
        assert!(!line(w, "sender_name", "field.sender_name", &sure).wants);
        let unsure = field(Some("陆思雨"), 0.5, false, Source::LetterSignature);
        let shown = line(w, "sender_name", "field.sender_name", &unsure);
        assert!(shown.wants && shown.state == "check" && shown.state_words == "请核对 50%");
        assert!(line(w, "address", "field.address", &Field::empty()).wants);
        assert!(!line(w, "id_number", "field.id_number", &Field::empty()).wants);
        let typed = field(Some("陆思羽"), 1.0, false, Source::Officer);
        assert!(!line(w, "sender_name", "field.sender_name", &typed).wants);
    }

    #[test]
    fn a_wrong_check_digit_is_sure_in_no_hand_and_its_note_is_true() {
        let w = Words::of(Language::Chinese);
        let shown = |source, accepted| {
            let mut fields = crate::domain::draft::Fields::default();
            fields.id_number.field = field(Some("110105194912310021"), 1.0, accepted, source);
            fields.id_number.checksum_ok = Some(false);
            id_number(w, &fields.id_number)
        };
        for (source, accepted) in [
            (Source::Officer, true),
            (Source::Officer, false),
            (Source::LetterContact, true),
            (Source::LetterContact, false),
        ] {
            let line = shown(source, accepted);
            assert!(line.wants && line.state == "check", "{line:?}");
            let note = line.note.expect("a note");
            assert_eq!(
                note.contains("按原件保留"),
                source != Source::Officer,
                "{note}"
            );
        }
    }

    #[test]
    fn source_and_rule_are_said_in_words() {
        let w = Words::of(Language::Chinese);
        let mut found = field(Some("林伯年"), 0.9, true, Source::LetterSalutation);
        found.rule = Some("7.4.2.4".into());
        found.page = Some(1);
        found.raw = vec!["林市长".into()];
        assert_eq!(
            why(w, &found),
            "信首称呼 · 依据 7.4.2.4 · 第 1 页 · 原文 “林市长”"
        );
    }
}
