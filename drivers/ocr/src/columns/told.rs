//! What the lines on both sides of a gutter say about it.

use crate::layout::{Upright, rows};
use crate::words::is_word;

/// A cell of a table is this far from the next, in line heights.
const CELL: f32 = 1.2;
/// Of a table or a list so large a share of the rows are cells, or of the characters figures.
const CELLS: f32 = 0.25;
const FIGURES: f32 = 0.25;
/// No line begins with these: what does goes on from elsewhere.
const CLOSING: [char; 12] = [
    '，', '。', '、', '；', '：', '！', '？', '）', '》', '”', ',', ';',
];

pub(super) struct Told {
    /// Words that begin at the end of a line and end in the one below, on the same side.
    pub(super) below: usize,
    /// Words that go on across the gutter, or from the right end of a row to the left end of the next; a line on the right that begins
    /// with the mark after a word counts twice.
    pub(super) beside: usize,
    left: Side,
    right: Side,
}

impl Told {
    pub(super) fn of(left: &[Upright], right: &[Upright], said: &[String]) -> Self {
        let (left, right) = (Side::of(left, said), Side::of(right, said));
        let below = |side: &Side| {
            let pairs = side.rows.windows(2);
            pairs.filter(|pair| goes_on(&pair[0], &pair[1])).count()
        };
        let mut beside = 0;
        for (i, row) in left.rows.iter().enumerate() {
            let level = |other: &&Row| (other.middle - row.middle).abs() <= 0.5 * row.height;
            let Some(other) = right.rows.iter().find(level) else {
                continue;
            };
            let marked = other.said.starts_with(CLOSING);
            let next = left.rows.get(i + 1);
            beside += 2 * usize::from(marked)
                + usize::from(goes_on(row, other))
                + usize::from(next.is_some_and(|next| goes_on(other, next)));
        }
        Self {
            below: below(&left) + below(&right),
            beside,
            left,
            right,
        }
    }

    /// Running text on both sides: no table, no list of names and numbers.
    pub(super) fn is_prose(&self, height: f32) -> bool {
        self.left.is_prose(height) && self.right.is_prose(height)
    }
}

struct Row {
    said: String,
    middle: f32,
    height: f32,
    /// The widest gap inside it, pixels.
    gap: f32,
}

struct Side {
    rows: Vec<Row>,
}

impl Side {
    fn of(boxes: &[Upright], said: &[String]) -> Self {
        let row = |row: &Vec<Upright>| Row {
            said: row
                .iter()
                .filter_map(|b| said.get(b.index))
                .flat_map(|text| text.chars())
                .filter(|c| !c.is_whitespace())
                .collect(),
            middle: row.iter().map(Upright::middle).sum::<f32>() / row.len() as f32,
            height: row.iter().map(Upright::height).fold(0.0, f32::max),
            gap: row
                .windows(2)
                .map(|pair| pair[1].left - pair[0].right)
                .fold(0.0, f32::max),
        };
        Self {
            rows: rows(boxes.to_vec()).iter().map(row).collect(),
        }
    }

    fn is_prose(&self, height: f32) -> bool {
        let celled = self.rows.iter().filter(|row| row.gap >= CELL * height);
        let chars = || self.rows.iter().flat_map(|row| row.said.chars());
        let figures = chars().filter(char::is_ascii_alphanumeric).count() as f32;
        celled.count() as f32 <= CELLS * self.rows.len() as f32
            && figures <= FIGURES * chars().count() as f32
    }
}

fn goes_on(from: &Row, to: &Row) -> bool {
    match (from.said.chars().next_back(), to.said.chars().next()) {
        (Some(last), Some(first)) => is_word(last, first),
        _ => false,
    }
}
