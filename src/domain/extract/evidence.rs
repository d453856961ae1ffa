//! From a piece of writing to a field: value, place, confidence.
//!
//! Candidates are ranked by a first guess: the engine's confidence in the characters times the rule's prior. What wins gets the
//! fitted confidence of [`super::confidence`]; losers keep the first guess, which only says how they compare.

use std::collections::HashMap;

use crate::domain::draft::Passage;
use crate::domain::field::{Alternative, Field, Sign, Source};
use crate::domain::text::{Char, PageText, Quad};
use crate::domain::zones::{Glyph, text_of};

use super::confidence::{self, Measured};
use super::nbest;

/// A candidate for a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    /// The value as it would be registered.
    pub(crate) value: String,
    /// The characters it was read from.
    pub(crate) glyphs: Vec<Glyph>,
    /// How much the rule and the value's form are to be trusted, 0 to 1.
    pub(crate) prior: f32,
    pub(crate) source: Source,
    pub(crate) rule: &'static str,
    /// What else speaks for or against it, by name.
    pub(crate) signs: Vec<Sign>,
}

impl Candidate {
    /// A candidate whose value is what the page says.
    pub(crate) fn as_read(
        glyphs: &[Glyph],
        prior: f32,
        source: Source,
        rule: &'static str,
    ) -> Self {
        Self {
            value: text_of(glyphs),
            glyphs: glyphs.to_vec(),
            prior,
            source,
            rule,
            signs: Vec::new(),
        }
    }

    /// Notes what speaks for or against it.
    pub(crate) fn note(&mut self, name: &'static str, value: f32) {
        self.signs.push(Sign { name, value });
    }

    /// The engine's confidence in its characters times the prior.
    pub(crate) fn confidence(&self) -> f32 {
        reading(&self.glyphs) * self.prior
    }

    /// The same as a loser.
    pub(crate) fn lost(&self, why_not: &str) -> Alternative {
        Alternative {
            value: self.value.clone(),
            confidence: round(self.confidence()),
            why_not: why_not.to_owned(),
        }
    }
}

/// The engine's confidence in some characters: their geometric mean pulled towards the worst, since one wrong character makes a value wrong.
pub(crate) fn reading(glyphs: &[Glyph]) -> f32 {
    let known: Vec<f32> = glyphs
        .iter()
        .filter(|g| g.ch != ' ')
        .map(|g| g.confidence.clamp(0.0, 1.0))
        .collect();
    if known.is_empty() {
        return 0.0;
    }
    let log: f32 = known.iter().map(|c| c.max(1e-3).ln()).sum::<f32>() / known.len() as f32;
    let worst = known.iter().copied().fold(1.0, f32::min);
    (log.exp() * worst).sqrt()
}

/// The winning candidate as a field.
pub(crate) fn field(
    pages: &[PageText],
    winner: &Candidate,
    measured: Measured,
    alternatives: Vec<Alternative>,
) -> Field {
    let mut signs = confidence::common(&winner.glyphs, winner.prior, winner.source);
    signs.extend(hesitation(pages, &winner.glyphs));
    signs.extend(winner.signs.iter().copied());
    let (confidence, accepted) = confidence::of(measured, &signs, winner.confidence());
    let (page, quad) = place(pages, &winner.glyphs);
    let raw: String = winner.glyphs.iter().map(|g| g.raw).collect();
    Field {
        value: Some(winner.value.clone()),
        confidence: round(confidence),
        accepted,
        source: winner.source,
        rule: Some(winner.rule.to_owned()),
        page,
        quad,
        raw: if raw == winner.value || raw.is_empty() {
            Vec::new()
        } else {
            vec![raw]
        },
        alternatives,
        signs,
    }
}

/// What the engine's alternatives say against some characters, and its least confidence in a figure.
pub(super) fn hesitation(pages: &[PageText], glyphs: &[Glyph]) -> Vec<Sign> {
    let (next, hesitated) = nbest::doubts(pages, glyphs);
    let figure = glyphs
        .iter()
        .filter(|g| g.ch.is_ascii_digit())
        .map(|g| g.confidence)
        .fold(1.0, f32::min);
    let sign = |name, value| Sign { name, value };
    let (widest, narrowest) = paces(pages, glyphs);
    vec![
        sign("gap", widest.max(1.0).ln().min(1.5)),
        sign("squeezed", -narrowest.clamp(0.2, 1.0).ln()),
        sign("next_best", confidence::log_odds(next)),
        sign("hesitated", hesitated.min(4) as f32),
        sign("worst_figure", confidence::log_odds(figure)),
    ]
}

/// How far apart the engine placed neighbouring characters at most and at least, the usual of their line being 1: a lost character leaves a gap.
fn paces(pages: &[PageText], glyphs: &[Glyph]) -> (f32, f32) {
    let breadth = |ch: char| if ch.is_ascii() { 0.55 } else { 1.0 };
    let step = |a: &Char, b: &Char| (b.at - a.at) / ((breadth(a.ch) + breadth(b.ch)) / 2.0);
    let mut usual_of: Vec<((usize, usize), f32)> = Vec::new();
    let mut found = (1.0_f32, 1.0_f32);
    for pair in glyphs.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let line = pages.get(a.page).and_then(|p| p.lines.get(a.line));
        let Some(line) = line.filter(|_| (a.page, a.line, a.at + 1) == (b.page, b.line, b.at))
        else {
            continue;
        };
        let usual = usual_of.iter().find(|(l, _)| *l == (a.page, a.line));
        let usual = usual.map(|(_, u)| *u).unwrap_or_else(|| {
            let mut steps: Vec<f32> = line.chars.windows(2).map(|w| step(&w[0], &w[1])).collect();
            steps.sort_by(f32::total_cmp);
            let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
            usual_of.push(((a.page, a.line), usual));
            usual
        });
        if let (Some(first), Some(second), true) =
            (line.chars.get(a.at), line.chars.get(b.at), usual > 0.0)
        {
            let pace = step(first, second) / usual;
            found = (found.0.max(pace), found.1.min(pace));
        }
    }
    found
}

/// The field, not let through whatever its confidence: a rule says that a person must look.
pub(crate) fn for_a_person(field: Field) -> Field {
    let mut signs = field.signs;
    signs.push(Sign {
        name: "veto",
        value: 1.0,
    });
    Field {
        accepted: false,
        signs,
        ..field
    }
}

/// A field without a value that still tells what was seen and not taken.
pub(crate) fn nothing(alternatives: Vec<Alternative>) -> Field {
    Field {
        alternatives,
        ..Field::empty()
    }
}

/// Page number and quad of some characters; of those on the line that holds most of them.
pub(crate) fn place(pages: &[PageText], glyphs: &[Glyph]) -> (Option<u32>, Option<Quad>) {
    let mut lines: Vec<(&Glyph, usize)> = Vec::new();
    for glyph in glyphs {
        match lines
            .iter_mut()
            .rev()
            .find(|(g, _)| (g.page, g.line) == (glyph.page, glyph.line))
        {
            Some((_, n)) => *n += 1,
            None => lines.push((glyph, 1)),
        }
    }
    // Of lines with as many characters the first: `max_by_key` takes the last of equals.
    let most = lines.iter().rev().max_by_key(|(_, n)| *n).map(|(g, _)| *g);
    let Some(most) = most else {
        return (None, None);
    };
    let there = || {
        glyphs
            .iter()
            .filter(|g| (g.page, g.line) == (most.page, most.line))
            .map(|g| g.at)
    };
    let (from, to) = (there().min().unwrap_or(0), there().max().unwrap_or(0) + 1);
    let Some(page) = pages.get(most.page) else {
        return (None, None);
    };
    (
        Some(page.n),
        page.lines.get(most.line).map(|l| l.part(from, to)),
    )
}

/// The places of some characters, line by line.
pub(crate) fn passages(pages: &[PageText], glyphs: &[Glyph]) -> Vec<Passage> {
    let mut lines: Vec<(usize, usize)> = glyphs.iter().map(|g| (g.page, g.line)).collect();
    lines.dedup();
    let mut parts = HashMap::new();
    for glyph in glyphs {
        let part = parts.entry((glyph.page, glyph.line));
        let (from, to) = part.or_insert((glyph.at, glyph.at));
        (*from, *to) = (glyph.at.min(*from), glyph.at.max(*to));
    }
    let passage = |(page, line): (usize, usize)| {
        let (from, to) = parts.get(&(page, line))?;
        let on = pages.get(page)?;
        let quad = on.lines.get(line)?.part(*from, to + 1);
        Some(Passage { page: on.n, quad })
    };
    lines.into_iter().filter_map(passage).collect()
}

pub(super) fn round(confidence: f32) -> f32 {
    (confidence.clamp(0.0, 1.0) * 1000.0).round() / 1000.0
}
