//! Character errors of a page against its truth.
//!
//! Lines read outside every line of the truth (letterhead, seals) are no errors. The rest is one string in the truth's reading
//! order against one string in the order as read, so wrong order costs.

use serde::Serialize;

use super::tally::{Seen, Tally};
use super::truth::TruthPage;
use crate::domain::text::{PageText, Quad};

/// Wrong characters (replaced, missing, added) of so many.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Errors {
    /// Edit distance.
    pub wrong: usize,
    /// Characters of the truth.
    pub of: usize,
}

impl Errors {
    /// Adds another page's.
    pub fn add(&mut self, other: &Self) {
        self.wrong += other.wrong;
        self.of += other.of;
    }

    /// Errors a character.
    pub fn rate(&self) -> f32 {
        self.wrong as f32 / self.of.max(1) as f32
    }
}

/// The form two texts are compared in.
pub fn folded(text: &str) -> String {
    text.chars()
        .map(crate::domain::zones::fold)
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '“' | '”' | '‘' | '’' | '「' | '」' | '"' => '\'',
            '。' | '．' => '.',
            '〇' => '0',
            other => other,
        })
        .collect()
}

/// The errors of a page.
pub fn page(truth: &TruthPage, read: &PageText) -> Errors {
    let wanted: Vec<char> = truth
        .lines
        .iter()
        .flat_map(|l| folded(&l.text).chars().collect::<Vec<_>>())
        .collect();
    let inside = |quad: &Quad| truth.lines.iter().any(|l| covered(quad, &l.quad));
    let found: Vec<char> = read
        .lines
        .iter()
        .filter(|l| inside(&l.quad))
        .flat_map(|l| folded(&l.text).chars().collect::<Vec<_>>())
        .collect();
    Errors {
        wrong: edits(&wanted, &found),
        of: wanted.len(),
    }
}

/// Counts the lines of an envelope that were read without an error, by the one line or the several that lie on each.
pub fn envelope_lines(truth: &TruthPage, read: &PageText, tally: &mut Tally) {
    for line in &truth.lines {
        let text: String = read
            .lines
            .iter()
            .filter(|l| covered(&l.quad, &line.quad))
            .map(|l| folded(&l.text))
            .collect();
        tally.add(Seen {
            wanted: true,
            found: !text.is_empty(),
            right: text == folded(&line.text),
            confidence: None,
            accepted: false,
        });
    }
}

/// Whether the middle of a line that was read lies on the bounding box of a true line.
fn covered(read: &Quad, truth: &Quad) -> bool {
    let middle = |axis: usize| read.iter().map(|p| p[axis]).sum::<f32>() / 4.0;
    let within = |axis: usize| {
        let low = truth.iter().map(|p| p[axis]).fold(f32::MAX, f32::min);
        let high = truth.iter().map(|p| p[axis]).fold(f32::MIN, f32::max);
        (low..=high).contains(&middle(axis))
    };
    within(0) && within(1)
}

/// Edit distance.
pub fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let swap = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = swap.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
