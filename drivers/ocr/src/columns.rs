//! Columns beside one another, and notes in the margin: which boxes are read before which others. Pure geometry.
//!
//! A row with a wide gap is mostly one row: signature tables, forms, a letter on paper with a fold or a printed middle. Two columns are
//! believed only where they show that they do not belong together: a line on the left ends early although there is one beside it, a
//! paragraph begins on the right in the middle of a line, or the lines do not even stand at one height.

use crate::layout::{Upright, rows};

/// A gutter is at least this wide, in line heights.
const GUTTER: f32 = 1.2;
/// A column has at least so many rows…
const ROWS_MIN: usize = 5;
/// …is at least so wide, in line heights…
const WIDTH_MIN: f32 = 8.0;
/// …and this share of its rows fill this share of it.
const FULL_ROWS: f32 = 0.5;
const FULL: f32 = 0.75;
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

/// The boxes in the order their blocks are read; each block is rows from the top.
pub(crate) fn blocks(boxes: Vec<Upright>) -> Vec<Vec<Upright>> {
    match split(&boxes) {
        Some(parts) => parts.into_iter().flat_map(blocks).collect(),
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
fn split(boxes: &[Upright]) -> Option<[Vec<Upright>; 4]> {
    let height = median_height(boxes);
    let found = boxes
        .iter()
        .flat_map(|edge| bands(boxes, edge.right, height))
        .filter(|columns| columns.are_columns(height))
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
fn bands(boxes: &[Upright], x: f32, height: f32) -> Vec<Columns> {
    let from = x + 0.1 * height;
    let to = x + GUTTER * height;
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

    fn are_columns(&self, height: f32) -> bool {
        let (left, right) = (extents(&self.left), extents(&self.right));
        is_text(&left, height)
            && is_text(&right, height)
            && signs(&left, &right, height) >= SIGNS_MIN
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

/// Small writing wholly beside the body is read after it.
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
    let (notes, text): (Vec<_>, Vec<_>) = boxes.iter().partition(|b| small(b) && beside(b));
    // One small line beside the body is a page number or a mark; it stays where it is.
    if notes.len() < 2 || text.len() < ROWS_MIN {
        return vec![boxes];
    }
    vec![text, notes]
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
