//! Each field of a draft against the expected one: exact or not.
//!
//! Addresses are compared folded, without white space and closing punctuation; nothing is expanded or guessed (苏州市 before a district stays
//! a difference). Phones are compared as sets of values; signatories as sets of names.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Report;
use super::cer::folded;
use super::truth::Truth;
use crate::domain::draft::{Fields, Flag};
use crate::domain::field::Field;

/// How many values were exactly right.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Tally {
    /// Compared.
    pub n: usize,
    /// Right.
    pub exact: usize,
    /// Accepted by the field's threshold.
    pub accepted: usize,
    /// Accepted and wrong.
    pub accepted_wrong: usize,
}

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

struct Scorer<'a> {
    truth: &'a Truth,
    report: &'a mut Report,
}

impl Scorer<'_> {
    fn compare(&mut self, field: &'static str, expected: &str, found: &str) -> bool {
        let right = folded(expected) == folded(found);
        let tally = self.report.fields.entry(field).or_default();
        tally.n += 1;
        tally.exact += usize::from(right);
        if !right {
            self.report.differences.push(Difference {
                letter: self.truth.id.clone(),
                scenario: self.truth.scenario.clone(),
                field,
                expected: expected.to_owned(),
                found: found.to_owned(),
            });
        }
        right
    }

    fn value(&mut self, name: &'static str, expected: Option<&str>, found: &Field) {
        let value = found.value.as_deref().unwrap_or("");
        let right = self.compare(name, expected.unwrap_or(""), value);
        let tally = self.report.fields.entry(name).or_default();
        tally.accepted += usize::from(found.accepted);
        tally.accepted_wrong += usize::from(found.accepted && !right);
    }

    fn flag(&mut self, name: &'static str, expected: Option<bool>, found: Option<&Flag>) {
        // An alert that is not looked for is not counted.
        if let (Some(expected), Some(found)) = (expected, found) {
            self.compare(name, &expected.to_string(), &found.value.to_string());
        }
    }
}

/// Counts one letter's fields.
pub fn score(truth: &Truth, found: &Fields, report: &mut Report) {
    let expected = &truth.fields;
    let mut scorer = Scorer { truth, report };
    scorer.value(
        "sender_name",
        expected.sender_name.value.as_deref(),
        &found.sender_name,
    );
    scorer.value(
        "address",
        expected
            .address
            .as_ref()
            .and_then(|v| v.value.as_deref())
            .map(bare_address)
            .as_deref(),
        &bare(&found.address),
    );
    scorer.value(
        "addressee",
        expected.addressee.as_ref().and_then(|v| v.value.as_deref()),
        &found.addressee,
    );
    scorer.value(
        "letter_date",
        expected.letter_date.as_deref(),
        &found.letter_date,
    );
    scorer.value("purpose", expected.purpose.as_deref(), &found.purpose);
    scorer.value(
        "id_number",
        expected.id_number.as_ref().and_then(|v| v.value.as_deref()),
        &found.id_number.field,
    );
    let join = |set: BTreeSet<&str>| set.into_iter().collect::<Vec<_>>().join(" ");
    scorer.compare(
        "phones",
        &join(
            expected
                .phones
                .iter()
                .filter_map(|p| p.value.as_deref())
                .collect(),
        ),
        &join(
            found
                .phones
                .iter()
                .filter_map(|p| p.field.value.as_deref())
                .collect(),
        ),
    );
    scorer.compare(
        "anonymous",
        &expected.anonymous.value.to_string(),
        &found.anonymous.value.to_string(),
    );
    let reason = |r: &Option<String>| r.clone().unwrap_or_default();
    scorer.compare(
        "anonymous.reason",
        &reason(&expected.anonymous.reason),
        &reason(&found.anonymous.reason),
    );
    scorer.compare(
        "joint.is_joint",
        &expected.joint.is_joint.to_string(),
        &found.joint.is_joint.to_string(),
    );
    scorer.compare(
        "joint.count",
        &expected.joint.count.to_string(),
        &found.joint.count.to_string(),
    );
    if !expected.joint.signatories.is_empty() {
        let names = |names: &[String]| join(names.iter().map(String::as_str).collect());
        let (a, b) = (
            names(&expected.joint.signatories),
            names(&found.joint.signatories),
        );
        scorer.compare("joint.signatories", &a, &b);
    }
    let agent = |a: Option<&str>| a.unwrap_or("").to_owned();
    scorer.compare(
        "proxy.agent",
        &agent(expected.proxy.as_ref().map(|p| p.agent.as_str())),
        &agent(found.proxy.as_ref().map(|p| p.agent.as_str())),
    );
    if truth.pages.is_empty() || truth.pages.iter().any(super::truth::TruthPage::is_envelope) {
        let place = expected
            .postmark
            .as_ref()
            .and_then(|p| p.place.clone())
            .unwrap_or_default();
        let date = expected
            .postmark
            .as_ref()
            .and_then(|p| p.date.clone())
            .unwrap_or_default();
        let read = found.postmark.clone();
        let (found_place, found_date) = read.map_or((None, None), |p| (p.place, p.date));
        scorer.compare("postmark.place", &place, &found_place.unwrap_or_default());
        scorer.compare("postmark.date", &date, &found_date.unwrap_or_default());
    }
    scorer.flag(
        "flags.threat",
        expected.flags.threat,
        found.flags.threat.as_ref(),
    );
    scorer.flag(
        "flags.crime_clue",
        expected.flags.crime_clue,
        found.flags.crime_clue.as_ref(),
    );
    scorer.flag(
        "flags.valuables",
        expected.flags.valuables,
        found.flags.valuables.as_ref(),
    );
    scorer.flag(
        "flags.archive_only",
        expected.flags.archive_only,
        found.flags.archive_only.as_ref(),
    );
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
