//! Measures reading and registration against letters with ground truth (`ID.json` beside the images).
//!
//! Knows files and comparisons, not engines: the caller hands in the pages as read. Comparison is after NFKC-like folding, without white
//! space, with dashes, quotes and 〇/○ folded.

pub mod cer;
pub mod score;
pub mod truth;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::draft::Fields;
use crate::domain::text::PageText;
use score::Tally;
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
    /// What differs, letter by letter.
    pub differences: Vec<score::Difference>,
}

impl Report {
    /// Counts one letter in. `pages` are the pages as read, in the order of the truth's.
    pub fn add(&mut self, truth: &Truth, pages: &[PageText], fields: &Fields) {
        self.letters += 1;
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
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} letters", self.letters)?;
        for (group, errors) in &self.cer {
            writeln!(
                f,
                "CER {group:<24} {:6.2} %  ({} of {} characters)",
                errors.rate() * 100.0,
                errors.wrong,
                errors.of
            )?;
        }
        let all = &self.cer_letter_pages;
        writeln!(
            f,
            "CER {:<24} {:6.2} %  ({} of {} characters)",
            "all letter pages",
            all.rate() * 100.0,
            all.wrong,
            all.of
        )?;
        writeln!(
            f,
            "envelope lines exact {:>14} of {}",
            self.envelope_lines.exact, self.envelope_lines.n
        )?;
        for (name, tally) in &self.fields {
            let percent = 100.0 * tally.exact as f32 / tally.n.max(1) as f32;
            write!(
                f,
                "{name:<24} {:>5} of {:<5} {percent:6.1} %",
                tally.exact, tally.n
            )?;
            if tally.accepted > 0 {
                write!(
                    f,
                    "   accepted {}, of them wrong {}",
                    tally.accepted, tally.accepted_wrong
                )?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
