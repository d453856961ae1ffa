//! Columns beside one another, and notes in the margin: which boxes are read before which others. Pure geometry.
//!
//! A row with a wide gap is mostly one row: signature tables, forms, a letter on paper with a fold or a printed middle. Two columns are
//! believed only where they show that they do not belong together: a line on the left ends early although there is one beside it, a
//! paragraph begins on the right in the middle of a line, or the lines do not even stand at one height. Where all lines are full and
//! level, what they say decides: words that go on in the line below, or in the one beside it (`columns/told.rs`).

mod told;

use crate::layout::{Upright, rows};
use told::Told;

/// A gutter is at least this wide, in line heights.
const GUTTER: f32 = 1.2;
/// …or this, where it is known what the lines say.
const NARROW: f32 = 0.25;
/// No row has a gap like this in every line: wider ones are a gutter unless what the lines say speaks against it.
const WIDE: f32 = 4.0;
/// A column has at least so many rows…
const ROWS_MIN: usize = 5;
/// …is at least so wide, in line heights…
const WIDTH_MIN: f32 = 8.0;
/// …and this share of its rows fill this share of it.
const FULL_ROWS: f32 = 0.5;
const FULL: f32 = 0.75;
/// …or so many of them, where all else speaks for it.
const FULL_ROWS_MIN: usize = 3;
/// A line ends early, or begins late, by more than this, in line heights.
const SHORT: f32 = 2.0;
const INDENT: f32 = 1.2;
/// So many signs make two columns.
const SIGNS_MIN: usize = 2;
/// Rows at one height are no farther apart than this, in line heights.
const LEVEL: f32 = 0.35;
const LAG_MAX: f32 = 0.8;
/// Lines in a margin are not higher than this share of the body's.
const NOTE_HEIGHT: f32 = 0.75;
/// …or they stand so far outside of all long lines, in line heights.
const OUTSIDE: f32 = 1.0;
/// A box so much higher than wide is a column of characters.
const COLUMN: f32 = 3.0;

/// The boxes in the order their blocks are read; each block is rows from the top.
pub(crate) fn blocks(boxes: Vec<Upright>, said: &[String]) -> Vec<Vec<Upright>> {
    match split(&boxes, said) {
        Some(parts) => parts
            .into_iter()
            .flat_map(|part| blocks(part, said))
            .collect(),
        None => with_notes_last(boxes),
    }
}

fn median_height(boxes: &[Upright]) -> f32 {
    let mut heights: Vec<f32> = boxes.iter().map(Upright::height).collect();
    heights.sort_by(f32::total_cmp);
    heights
        .get(heights.len() / 2)
        .copied()
        .unwrap_or(1.0)
        .max(1.0)
}

/// What lies above two columns, the left one, the right one, what lies below.
fn split(boxes: &[Upright], said: &[String]) -> Option<[Vec<Upright>; 4]> {
    let height = median_height(boxes);
    let least: &[f32] = if said.is_empty() {
        &[GUTTER]
    } else {
        &[GUTTER, NARROW]
    };
    let found = least
        .iter()
        .flat_map(|gutter| boxes.iter().map(move |edge| (*gutter, edge)))
        .flat_map(|(gutter, edge)| bands(boxes, edge.right, [0.1 * height, gutter * height]))
        .filter(|columns| columns.are_columns(height, said))
        .max_by_key(|columns| columns.left.len() + columns.right.len())?;
    let [top, bottom] = found.span();
    let inside = |b: &Upright| {
        let is = |c: &Upright| c.index == b.index;
        found.left.iter().any(is) || found.right.iter().any(is)
    };
    let (above, below): (Vec<_>, Vec<_>) = boxes
        .iter()
        .filter(|b| !inside(b))
        .copied()
        .partition(|b| b.middle() < f32::midpoint(top, bottom));
    Some([above, found.left, found.right, below])
}

/// The boxes on both sides of a gutter, between two lines that cross it.
struct Columns {
    left: Vec<Upright>,
    right: Vec<Upright>,
}

/// For a gutter that begins at `x`: what is beside it, in each stretch where nothing crosses it.
fn bands(boxes: &[Upright], x: f32, gutter: [f32; 2]) -> Vec<Columns> {
    let [from, to] = gutter.map(|past| x + past);
    let mut crossing: Vec<f32> = boxes
        .iter()
        .filter(|b| b.right > from && b.left < to)
        .map(Upright::middle)
        .collect();
    crossing.sort_by(f32::total_cmp);
    let mut edges = vec![f32::NEG_INFINITY];
    edges.extend(crossing);
    edges.push(f32::INFINITY);
    let within = |top: f32, bottom: f32| {
        let inside = move |b: &&Upright| b.middle() > top && b.middle() < bottom;
        Columns {
            left: boxes
                .iter()
                .filter(inside)
                .filter(|b| b.right <= from)
                .copied()
                .collect(),
            right: boxes
                .iter()
                .filter(inside)
                .filter(|b| b.left >= to)
                .copied()
                .collect(),
        }
    };
    edges
        .windows(2)
        .map(|pair| within(pair[0], pair[1]))
        .filter(|c| c.left.len() >= ROWS_MIN && c.right.len() >= ROWS_MIN)
        .collect()
}

/// Ends and height of a row.
#[derive(Clone, Copy)]
struct Extent {
    left: f32,
    right: f32,
    middle: f32,
}

fn extents(boxes: &[Upright]) -> Vec<Extent> {
    rows(boxes.to_vec())
        .iter()
        .map(|row| Extent {
            left: row.iter().map(|b| b.left).fold(f32::MAX, f32::min),
            right: row.iter().map(|b| b.right).fold(f32::MIN, f32::max),
            middle: row.iter().map(Upright::middle).sum::<f32>() / row.len() as f32,
        })
        .collect()
}

fn edges(rows: &[Extent]) -> (f32, f32) {
    let left = rows.iter().map(|r| r.left).fold(f32::MAX, f32::min);
    let right = rows.iter().map(|r| r.right).fold(f32::MIN, f32::max);
    (left, right)
}

impl Columns {
    fn span(&self) -> [f32; 2] {
        let all = || self.left.iter().chain(&self.right);
        [
            all().map(|b| b.top).fold(f32::MAX, f32::min),
            all().map(|b| b.bottom).fold(f32::MIN, f32::max),
        ]
    }

    fn are_columns(&self, height: f32, said: &[String]) -> bool {
        let (left, right) = (extents(&self.left), extents(&self.right));
        let full = is_text(&left, height) && is_text(&right, height);
        let ragged = is_ragged_text(&left, height) && is_ragged_text(&right, height);
        if !full && (said.is_empty() || !ragged) {
            return false;
        }
        let gutter = (edges(&right).0 - edges(&left).1) / height;
        let signs = signs(&left, &right, height);
        let shown = signs >= SIGNS_MIN && gutter >= GUTTER;
        if said.is_empty() {
            return shown;
        }
        let told = Told::of(&self.left, &self.right, said);
        if told.below + 2 <= told.beside {
            return false;
        }
        let more = told.below.saturating_sub(told.beside);
        if !full {
            return told.is_prose(height)
                && gutter >= GUTTER
                && signs >= 2 * SIGNS_MIN
                && more >= 1;
        }
        if shown {
            return true;
        }
        told.is_prose(height)
            && if gutter >= WIDE {
                told.below >= told.beside
            } else if gutter >= GUTTER {
                more >= 1
            } else {
                more >= 1 && more + signs >= SIGNS_MIN
            }
    }
}

/// Rows of running text: enough of them, wide enough, and most of them full.
fn is_text(rows: &[Extent], height: f32) -> bool {
    let (left, right) = edges(rows);
    let width = right - left;
    let full = rows.iter().filter(|r| r.right - r.left >= FULL * width);
    rows.len() >= ROWS_MIN
        && width >= WIDTH_MIN * height
        && full.count() as f32 >= FULL_ROWS * rows.len() as f32
}

/// Rows of text with many short ones among them, as at the end of a letter.
fn is_ragged_text(rows: &[Extent], height: f32) -> bool {
    let (left, right) = edges(rows);
    let width = right - left;
    let full = rows.iter().filter(|r| r.right - r.left >= FULL * width);
    rows.len() >= ROWS_MIN && width >= WIDTH_MIN * height && full.count() >= FULL_ROWS_MIN
}

/// How often the two sides show that they are not one line.
fn signs(left: &[Extent], right: &[Extent], height: f32) -> usize {
    let (_, gutter) = edges(left);
    let (begin, _) = edges(right);
    let beside = |row: &Extent| {
        right
            .iter()
            .find(|other| (other.middle - row.middle).abs() <= LEVEL * height)
    };
    let overlap = |row: &&Extent| {
        let first = right.first().map_or(f32::MAX, |r| r.middle - height);
        let last = right.last().map_or(f32::MIN, |r| r.middle + height);
        row.middle >= first && row.middle <= last
    };
    let rows: Vec<&Extent> = left.iter().filter(overlap).collect();
    // One wavering line says nothing; half of them not level with anything do.
    let lagging = rows
        .iter()
        .filter(|row| beside(row).is_none() && lags(row, right, height));
    if lagging.count() * 2 >= rows.len().max(1) {
        return SIGNS_MIN;
    }
    let parts = |row: &&&Extent| {
        beside(row).is_some_and(|other| {
            let ends_early = row.right < gutter - SHORT * height;
            ends_early || other.left > begin + INDENT * height
        })
    };
    rows.iter().filter(parts).count()
}

/// Whether a row stands between the heights of the rows on the other side.
fn lags(row: &Extent, right: &[Extent], height: f32) -> bool {
    right.iter().any(|other| {
        let apart = (other.middle - row.middle).abs();
        apart > LEVEL * height && apart < LAG_MAX * height
    })
}

/// Small writing wholly beside the body is read after it, and so are lines outside of all long ones and a column beside running text.
fn with_notes_last(boxes: Vec<Upright>) -> Vec<Vec<Upright>> {
    let height = median_height(&boxes);
    let small = |b: &Upright| b.height() <= NOTE_HEIGHT * height;
    let body: Vec<&Upright> = boxes.iter().filter(|b| !small(b)).collect();
    let beside = |b: &Upright| {
        let near = body
            .iter()
            .filter(|o| o.top < b.bottom + 3.0 * height && o.bottom > b.top - 3.0 * height);
        let (left, right) = near.fold((f32::MAX, f32::MIN), |(left, right), o| {
            (left.min(o.left), right.max(o.right))
        });
        left < right && (b.left >= right || b.right <= left)
    };
    let column = |b: &Upright| b.height() >= COLUMN * b.width();
    let (columns, rest): (Vec<Upright>, Vec<Upright>) = boxes
        .iter()
        .partition(|b| column(b) && beside_rows(b, &boxes));
    let long = rest
        .iter()
        .filter(|b: &&Upright| b.width() >= WIDTH_MIN * height);
    if !columns.is_empty() && long.count() >= ROWS_MIN.max(rest.len() / 2) {
        let mut parts = with_notes_last(rest);
        parts.push(columns);
        return parts;
    }
    let outside = outside(&boxes, height);
    let (notes, text): (Vec<_>, Vec<_>) = boxes
        .iter()
        .partition(|b| small(b) && beside(b) || outside(b));
    // One small line beside the body is a page number or a mark; it stays where it is.
    if notes.len() < 2 || text.len() < ROWS_MIN {
        return vec![boxes];
    }
    vec![text, notes]
}

/// Which boxes stand wholly to the left or to the right of everything that the long lines of a text take up, and mostly between their heights: what is level
/// with a line is its number, or the next cell of a table.
fn outside(boxes: &[Upright], height: f32) -> impl Fn(&Upright) -> bool + use<> {
    let is_long = |b: &&Upright| b.width() >= WIDTH_MIN * height;
    let long: Vec<Upright> = boxes.iter().filter(is_long).copied().collect();
    let left = long.iter().map(|b| b.left).fold(f32::MAX, f32::min);
    let right = long.iter().map(|b| b.right).fold(f32::MIN, f32::max);
    let far = OUTSIDE * height;
    let outside = move |b: &Upright| b.right <= left - far || b.left >= right + far;
    let level = |b: &Upright| {
        let apart = |line: &Upright| (line.middle() - b.middle()).abs();
        long.iter().any(|line| apart(line) <= LEVEL * height)
    };
    let (notes, between) = boxes
        .iter()
        .filter(|b| outside(b))
        .fold((0, 0), |n, b| (n.0 + 1, n.1 + usize::from(!level(b))));
    let are_notes = long.len() >= ROWS_MIN && 2 * between >= notes;
    move |b| are_notes && outside(b)
}

/// Does a column stand wholly on one side of the rows at its height?
fn beside_rows(column: &Upright, boxes: &[Upright]) -> bool {
    let mut level = boxes
        .iter()
        .filter(|b| b.index != column.index && b.top < column.bottom && b.bottom > column.top)
        .peekable();
    // The end of a row may reach a little over it.
    let slack = 0.3 * column.width();
    let is_beside = level.peek().is_some();
    let (mut left, mut right) = (is_beside, is_beside);
    for row in level {
        left &= column.right <= row.left + slack;
        right &= column.left >= row.right - slack;
    }
    left || right
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
