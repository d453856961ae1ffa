//! Measures reading and registration against letters with ground truth (`ID.json` beside the images).
//!
//! Knows files and comparisons, not engines: the caller hands in the pages as read. Comparison is after NFKC-like folding, without white
//! space, with dashes, quotes and 〇/○ folded.

pub mod cer;
mod print;
pub mod score;
pub mod tally;
pub mod truth;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::domain::draft::Fields;
use crate::domain::text::PageText;
use tally::Tally;
use truth::Truth;

/// What an evaluation found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Letters looked at.
    pub letters: usize,
    /// Character error rate by group of pages: a print or handwriting font.
    pub cer: BTreeMap<String, cer::Errors>,
    /// All letter pages.
    pub cer_letter_pages: cer::Errors,
    /// Lines of envelopes read without an error.
    pub envelope_lines: Tally,
    /// Figures of each field.
    pub fields: BTreeMap<&'static str, Tally>,
    /// Source and rule of values that are right.
    pub lineage: BTreeMap<&'static str, Tally>,
    /// Letters in which the sender was taken for the addressee or the other way round.
    pub swaps: usize,
    /// What the rules took, letter by letter.
    pub rule_times: Vec<Duration>,
    /// What goes wrong in which scenario.
    pub scenarios: BTreeMap<String, Scenario>,
    /// What differs, letter by letter.
    pub differences: Vec<score::Difference>,
    /// What each confidence was worked out from, and whether its value is right.
    #[serde(skip)]
    pub signs: Vec<score::Graded>,
}

/// Letters made to show one thing.
#[derive(Debug, Default, Serialize)]
pub struct Scenario {
    /// How many.
    pub letters: usize,
    /// How often each field was wrong.
    pub wrong: BTreeMap<&'static str, usize>,
}

impl Report {
    /// Counts one letter in. `pages` are the pages as read, in the order of the truth's; `took` is what the rules needed for them.
    pub fn add(&mut self, truth: &Truth, pages: &[PageText], fields: &Fields, took: Duration) {
        self.letters += 1;
        self.rule_times.push(took);
        self.scenarios
            .entry(truth.scenario.clone())
            .or_default()
            .letters += 1;
        for (page, read) in truth.pages.iter().zip(pages) {
            if page.is_envelope() {
                cer::envelope_lines(page, read, &mut self.envelope_lines);
            } else {
                let errors = cer::page(page, read);
                self.cer_letter_pages.add(&errors);
                self.cer.entry(page.group()).or_default().add(&errors);
            }
        }
        score::score(truth, fields, self);
    }

    /// What the rules took, in milliseconds, shortest first.
    fn rule_times_ms(&self) -> Vec<f64> {
        let mut times: Vec<f64> = self
            .rule_times
            .iter()
            .map(|t| t.as_secs_f64() * 1000.0)
            .collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// One line a graded value: `{"letter", "field", "right", "signs": {…}}`, what `make fit` fits on.
    pub fn signs(&self) -> String {
        let line = |g: &score::Graded| {
            serde_json::to_string(g).expect("plain values have a JSON form") + "\n"
        };
        self.signs.iter().map(line).collect()
    }
}
