//! Each field of a draft against the expected one: exact or not.
//!
//! Addresses are compared folded, without white space and closing punctuation; nothing is expanded or guessed (苏州市 before a district stays
//! a difference). Phones are compared as sets of values; signatories as sets of names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Report;
use super::cer::folded;
use super::tally::Seen;
use super::truth::{Truth, TruthPage, Valued};
use crate::domain::draft::{Fields, Flag, Phone};
use crate::domain::field::Field;

/// One field of one letter that differs.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Letter.
    pub letter: String,
    /// Scenario of the letter.
    pub scenario: String,
    /// Field.
    pub field: &'static str,
    /// Expected.
    pub expected: String,
    /// Found.
    pub found: String,
}

/// A value with what its confidence was worked out from.
#[derive(Debug, Serialize)]
pub struct Graded {
    /// Letter.
    pub letter: String,
    /// Field.
    pub field: &'static str,
    /// Whether the value is the expected one.
    pub right: bool,
    /// Its confidence now.
    pub confidence: f32,
    /// The signs by name.
    pub signs: BTreeMap<String, f32>,
}

/// What is expected of the comparison with earlier letters: nothing, or what the earlier one is and its number.
fn expected_repeat(truth: &Truth) -> Option<String> {
    let repeat = truth.fields.repeat.as_ref()?;
    let is = match (repeat.relation.as_str(), &repeat.of) {
        ("first", None) => return Some(String::new()),
        ("repeat", _) => "repeat",
        (other, _) if other.ends_with("other_matter") => "same_sender_other_matter",
        (other, _) if other.ends_with("same_matter") => "same_matter_other_sender",
        _ => return None,
    };
    Some(format!("{is} {}", repeat.of.as_deref().unwrap_or_default()))
}

/// What was found, in the same form: a repeat, or what the expected earlier letter is shown as.
fn found_repeat(truth: &Truth, fields: &Fields) -> String {
    let found = &fields.repeat;
    if found.relation == "repeat" {
        return format!("repeat {}", found.of.as_deref().unwrap_or_default());
    }
    let of = truth
        .fields
        .repeat
        .as_ref()
        .and_then(|repeat| repeat.of.as_ref());
    let shown = found.candidates.iter().find(|c| Some(&c.of) == of);
    shown.map_or(String::new(), |c| {
        let is = serde_json::to_value(c.is).expect("an enum has a JSON form");
        format!("{} {}", is.as_str().unwrap_or_default(), c.of)
    })
}

struct Scorer<'a> {
    truth: &'a Truth,
    report: &'a mut Report,
}

impl Scorer<'_> {
    /// Compares two texts; empty is “none”.
    fn compare(&mut self, field: &'static str, expected: &str, found: &str) -> bool {
        let right = folded(expected) == folded(found);
        self.count(field, expected, found, right, None);
        right
    }

    fn count(
        &mut self,
        field: &'static str,
        expected: &str,
        found: &str,
        right: bool,
        graded: Option<&Field>,
    ) {
        self.report.fields.entry(field).or_default().add(Seen {
            wanted: !expected.is_empty(),
            found: !found.is_empty(),
            right,
            confidence: graded.map(|g| g.confidence),
            accepted: graded.is_some_and(|g| g.accepted),
        });
        if right {
            return;
        }
        let scenario = self
            .report
            .scenarios
            .entry(self.truth.scenario.clone())
            .or_default();
        *scenario.wrong.entry(field).or_default() += 1;
        self.report.differences.push(Difference {
            letter: self.truth.id.clone(),
            scenario: self.truth.scenario.clone(),
            field,
            expected: expected.to_owned(),
            found: found.to_owned(),
        });
    }

    fn value(&mut self, name: &'static str, expected: Option<&str>, found: &Field) -> bool {
        let (expected, value) = (
            expected.unwrap_or_default(),
            found.value.as_deref().unwrap_or_default(),
        );
        let right = folded(expected) == folded(value);
        self.count(name, expected, value, right, Some(found));
        self.grade(name, right, found);
        right
    }

    fn grade(&mut self, field: &'static str, right: bool, found: &Field) {
        if found.value.is_none() || found.signs.is_empty() {
            return;
        }
        let signs = found.signs.iter();
        self.report.signs.push(Graded {
            letter: self.truth.id.clone(),
            field,
            right,
            confidence: found.confidence,
            signs: signs.map(|s| (s.name.to_owned(), s.value)).collect(),
        });
    }

    /// Source and rule, counted only where the value is right.
    fn lineage(&mut self, names: [&'static str; 2], expected: &Valued, found: &Field) {
        if let Some(source) = &expected.source {
            let ours = serde_json::to_value(found.source).expect("an enum has a JSON form");
            self.count_lineage(names[0], ours == source.as_str());
        }
        if let Some(rule) = expected.rule.as_deref().and_then(rule_number) {
            self.count_lineage(names[1], found.rule.as_deref() == Some(rule));
        }
    }

    fn count_lineage(&mut self, name: &'static str, right: bool) {
        self.report.lineage.entry(name).or_default().add(Seen {
            wanted: true,
            found: true,
            right,
            confidence: None,
            accepted: false,
        });
    }

    /// `true` counts as a value, `false` as none: precision and recall are those of the raised ones.
    fn truth_value(&mut self, name: &'static str, expected: bool, found: bool) {
        let word = |b: bool| if b { "true" } else { "" };
        self.compare(name, word(expected), word(found));
    }

    fn flag(&mut self, name: &'static str, expected: Option<bool>, found: Option<&Flag>) {
        // An alert that is not looked for is not counted.
        if let (Some(expected), Some(found)) = (expected, found) {
            self.truth_value(name, expected, found.value);
        }
    }
}

/// Our number of a rule the ground truth describes.
fn rule_number(described: &str) -> Option<&'static str> {
    const RULES: &[(&str, &str)] = &[
        ("7.4.1 ", "7.4.1"),
        ("7.4.2.2 来信内署名", "7.4.2.2/1"),
        ("7.4.2.2 署名(不足", "7.4.2.2/1"),
        ("7.4.2.2 信内无署名", "7.4.2.2/2"),
        ("7.4.2.2 署假名", "7.4.2.2/3"),
        ("7.4.2.2 署名不完整", "7.4.2.2/3"),
        ("7.4.2.2 信内信封均无署名", "7.4.2.2/3"),
        ("7.4.2.2 联名:留有电话", "7.4.2.2/joint/1"),
        ("7.4.2.2 联名:来信联系人", "7.4.2.2/joint/2"),
        ("7.4.2.2 联名:信封", "7.4.2.2/joint/3"),
        ("7.4.2.2 联名:署名清晰", "7.4.2.2/joint/4"),
        ("7.4.2.3 来信内签署", "7.4.2.3/1"),
        ("7.4.2.3 信封签署", "7.4.2.3/2"),
        ("7.4.2.3 信中提到", "7.4.2.3/3"),
        ("7.4.2.3 均无", "7.4.2.3/4"),
    ];
    let known = RULES.iter().find(|(words, _)| described.starts_with(words));
    known.map(|(_, number)| *number)
}

fn text_of(value: Option<&Valued>) -> Option<&str> {
    value.and_then(|v| v.value.as_deref())
}

/// Counts one letter's fields.
pub fn score(truth: &Truth, found: &Fields, report: &mut Report) {
    let mut scorer = Scorer { truth, report };
    sender_and_address(&mut scorer, found);
    let expected = &truth.fields;
    let addressee = text_of(expected.addressee.as_ref());
    scorer.value("addressee", addressee, &found.addressee);
    scorer.value(
        "letter_date",
        expected.letter_date.as_deref(),
        &found.letter_date,
    );
    scorer.value("purpose", expected.purpose.as_deref(), &found.purpose);
    let id = text_of(expected.id_number.as_ref());
    scorer.value("id_number", id, &found.id_number.field);
    phones(&mut scorer, &found.phones);
    signatories(&mut scorer, found);
    postmark(&mut scorer, found);
    matters(&mut scorer, found);
    let (wanted, flags) = (&expected.flags, &found.flags);
    scorer.flag("flags.threat", wanted.threat, flags.threat.as_ref());
    scorer.flag(
        "flags.crime_clue",
        wanted.crime_clue,
        flags.crime_clue.as_ref(),
    );
    scorer.flag(
        "flags.valuables",
        wanted.valuables,
        flags.valuables.as_ref(),
    );
    scorer.flag(
        "flags.archive_only",
        wanted.archive_only,
        flags.archive_only.as_ref(),
    );
    if let Some(expected) = expected_repeat(truth) {
        scorer.compare("repeat", &expected, &found_repeat(truth, found));
    }
}

/// How many, and what the main one is about: the ground truth's two levels must open our three. A letter of thanks, a question or a proposal
/// has no category in the ground truth but its purpose, and is not compared.
fn matters(scorer: &mut Scorer<'_>, found: &Fields) {
    let expected = &scorer.truth.fields.matters;
    if expected.is_empty() {
        return;
    }
    let (wanted, ours) = (expected.len().to_string(), found.matters.len().to_string());
    scorer.compare("matters.count", &wanted, &ours);
    let category = scorer.truth.fields.matters[0].category.clone();
    let Some(category) = category.filter(|c| c.contains('/')) else {
        return;
    };
    let main = found.matters.iter().find(|m| m.main);
    let path = main.and_then(|m| m.category.as_deref()).unwrap_or_default();
    let levels = category.split('/').count();
    let ours: Vec<&str> = path.split('/').take(levels).collect();
    scorer.compare("matters.category", &category, &ours.join("/"));
}

fn sender_and_address(scorer: &mut Scorer<'_>, found: &Fields) {
    let expected = &scorer.truth.fields;
    let sender = &expected.sender_name;
    if scorer.value("sender_name", sender.value.as_deref(), &found.sender_name) {
        scorer.lineage(["sender source", "sender rule"], sender, &found.sender_name);
    }
    let taken = found.sender_name.value.is_some()
        && found.sender_name.value.as_deref() == text_of(expected.addressee.as_ref())
        || found.addressee.value.is_some() && found.addressee.value == sender.value;
    scorer.report.swaps += usize::from(taken);
    let wanted = text_of(expected.address.as_ref()).map(bare_address);
    let read = bare(&found.address);
    if scorer.value("address", wanted.as_deref(), &read)
        && let Some(address) = &expected.address
    {
        scorer.lineage(["address source", "address rule"], address, &read);
    }
    let division = |text: Option<&str>| text.and_then(crate::domain::extract::divisions_in);
    let path = |text: Option<&str>| division(text).map(|d| d.path()).unwrap_or_default();
    let ours = found.address.value.as_deref();
    scorer.compare("address.division", &path(wanted.as_deref()), &path(ours));
}

/// As a set, and number by number.
fn phones(scorer: &mut Scorer<'_>, found: &[Phone]) {
    let expected = &scorer.truth.fields.phones;
    let wanted: BTreeSet<&str> = expected.iter().filter_map(|p| p.value.as_deref()).collect();
    let read: BTreeSet<&str> = found
        .iter()
        .filter_map(|p| p.field.value.as_deref())
        .collect();
    let join = |set: &BTreeSet<&str>| set.iter().copied().collect::<Vec<_>>().join(" ");
    scorer.compare("phones", &join(&wanted), &join(&read));
    for phone in found {
        let value = phone.field.value.as_deref();
        let right = value.is_some_and(|v| wanted.contains(v));
        let truth = value.filter(|_| right);
        if value.is_some() {
            scorer.value("phone", truth, &phone.field);
        }
    }
    for missed in wanted.difference(&read) {
        scorer.count("phone", missed, "", false, None);
    }
}

fn signatories(scorer: &mut Scorer<'_>, found: &Fields) {
    let expected = &scorer.truth.fields;
    scorer.truth_value("anonymous", expected.anonymous.value, found.anonymous.value);
    let reason = |r: &Option<String>| r.clone().unwrap_or_default();
    let (a, b) = (
        reason(&expected.anonymous.reason),
        reason(&found.anonymous.reason),
    );
    scorer.compare("anonymous.reason", &a, &b);
    scorer.truth_value(
        "joint.is_joint",
        expected.joint.is_joint,
        found.joint.is_joint,
    );
    let (a, b) = (
        expected.joint.count.to_string(),
        found.joint.count.to_string(),
    );
    scorer.compare("joint.count", &a, &b);
    if !expected.joint.signatories.is_empty() {
        let join = |names: &[String]| {
            let set: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            set.into_iter().collect::<Vec<_>>().join(" ")
        };
        let (a, b) = (
            join(&expected.joint.signatories),
            join(&found.joint.signatories),
        );
        scorer.compare("joint.signatories", &a, &b);
    }
    let wanted = expected.proxy.as_ref().map(|p| p.agent.as_str());
    let agent = found.proxy.as_ref().map(|p| p.agent.as_str());
    scorer.compare(
        "proxy.agent",
        wanted.unwrap_or_default(),
        agent.unwrap_or_default(),
    );
}

fn postmark(scorer: &mut Scorer<'_>, found: &Fields) {
    let truth = scorer.truth;
    if !truth.pages.is_empty() && !truth.pages.iter().any(TruthPage::is_envelope) {
        return;
    }
    let wanted = truth.fields.postmark.as_ref();
    let read = found.postmark.as_ref();
    let text = |t: Option<&String>| t.cloned().unwrap_or_default();
    let (a, b) = (
        text(wanted.and_then(|p| p.place.as_ref())),
        text(read.and_then(|p| p.place.as_ref())),
    );
    scorer.compare("postmark.place", &a, &b);
    let (a, b) = (
        text(wanted.and_then(|p| p.date.as_ref())),
        text(read.and_then(|p| p.date.as_ref())),
    );
    scorer.compare("postmark.date", &a, &b);
}

fn bare_address(text: &str) -> String {
    folded(text)
        .trim_end_matches(['.', ',', ':', ';', '、'])
        .to_owned()
}

fn bare(field: &Field) -> Field {
    Field {
        value: field.value.as_deref().map(bare_address),
        ..field.clone()
    }
}
