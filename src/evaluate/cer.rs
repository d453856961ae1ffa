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

/// Edit distance. Takes as long as the texts are long times how far they are apart, not times their length: only cells are computed that
/// a path so cheap can pass, and the allowance doubles until one does.
pub fn edits(a: &[char], b: &[char]) -> usize {
    let same = |(x, y): &(&char, &char)| x == y;
    let front = a.iter().zip(b).take_while(same).count();
    let (a, b) = (&a[front..], &b[front..]);
    let back = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
    let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
    let mut allowed = a.len().abs_diff(b.len()).max(16);
    loop {
        if let Some(found) = within(a, b, allowed) {
            return found;
        }
        allowed *= 2;
    }
}

/// The edit distance, if it is at most `allowed`: whatever is further from the diagonal costs more.
fn within(a: &[char], b: &[char], allowed: usize) -> Option<usize> {
    let beyond = allowed + 1;
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j.min(beyond)).collect();
    for (i, x) in a.iter().enumerate() {
        let from = (i + 1).saturating_sub(allowed).max(1);
        let to = (i + 1 + allowed).min(b.len());
        let mut corner = row[from - 1];
        row[from - 1] = if from == 1 { i + 1 } else { beyond };
        for j in from..=to {
            let swap = corner + usize::from(*x != b[j - 1]);
            corner = row[j];
            row[j] = swap.min(corner + 1).min(row[j - 1] + 1);
        }
    }
    (row[b.len()] <= allowed).then_some(row[b.len()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every cell of the table.
    fn whole_table(a: &[char], b: &[char]) -> usize {
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

    proptest! {
        #[test]
        fn the_band_gives_what_the_whole_table_gives(a in "[一二三]{0,90}", b in "[一二三]{0,90}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(edits(&a, &b), whole_table(&a, &b));
        }

        #[test]
        fn nearly_the_same_text_too(text in "[一二三四五六七八]{40,200}", at in 0_usize..40, cut in 0_usize..20, added in "[一九]{0,20}") {
            let a: Vec<char> = text.chars().collect();
            let mut b = a.clone();
            b.splice(at..(at + cut).min(a.len()), added.chars());
            prop_assert_eq!(edits(&a, &b), whole_table(&a, &b));
        }
    }

    #[test]
    fn a_line_of_a_million_characters_with_errors_far_apart_is_counted() {
        let a: Vec<char> = "请求修路，一二三四五号楼漏水，"
            .chars()
            .cycle()
            .take(1_000_000)
            .collect();
        let mut b = a.clone();
        (b[10], b[999_990]) = ('王', '王');
        b.remove(500_000);
        assert_eq!(edits(&a, &b), 3);
    }
}
