//! Reading order: boxes on a page to lines, in the order a clerk reads them. Pure geometry: no pixels, no text.
//!
//! A page is *across* (rows from the top, each left to right) or *down* (columns from the right, each top to
//! bottom), whichever holds more characters by the shapes of its boxes. Pieces closer together than
//! [`JOIN_GAP`] become one line; wider gaps part lines, so that the names of a signature table stay single.
//! Columns beside one another are told apart in `columns.rs`; pages turned by 90° are not handled here.

use crate::columns::blocks;
use crate::geometry::{Quad, bounds, centre, size};

/// Boxes at least this much longer than wide are taken as running in that direction.
pub(crate) const LONG: f32 = 1.5;
/// Pieces of one row join when the gap is below this share of the line's height. Boxes are grown by about
/// a quarter of their height on each side, so this is a gap of one and a half characters in ink.
const JOIN_GAP: f32 = 0.5;
/// A joined gap above this share of the height is written as a space.
const SPACE_GAP: f32 = 0.1;
/// Part of the lower of two boxes that must overlap for both to be in one row.
const ROW_OVERLAP: f32 = 0.5;
/// A box is dropped when this share of it lies inside a larger one.
const INSIDE: f32 = 0.85;
/// Tilt beyond this is not believed, degrees.
const SKEW_MAX_DEG: f32 = 20.0;

/// One line of the page: pieces in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) pieces: Vec<Piece>,
    /// The pieces follow one another downwards.
    pub(crate) down: bool,
}

/// A box's part in its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    /// Index into the boxes given.
    pub(crate) index: usize,
    /// Where it begins and ends along the line, 0–1.
    pub(crate) span: (f32, f32),
    /// A gap worth a space lies before it.
    pub(crate) space_before: Spacing,
}

/// Is there a visible gap?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spacing {
    Tight,
    Gap,
}

/// A box with the page's tilt taken out. In a page read down, x runs down the page and y from its right edge
/// to the left, so that both kinds of page are rows from here on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upright {
    pub(crate) index: usize,
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
}

impl Upright {
    pub(crate) fn height(&self) -> f32 {
        self.bottom - self.top
    }
    pub(crate) fn width(&self) -> f32 {
        self.right - self.left
    }
    pub(crate) fn middle(&self) -> f32 {
        (self.top + self.bottom) / 2.0
    }
    fn overlap(&self, other: &Self) -> (f32, f32) {
        (
            (self.right.min(other.right) - self.left.max(other.left)).max(0.0),
            (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0.0),
        )
    }
    fn on_its_side(&self) -> Self {
        Self {
            index: self.index,
            left: self.top,
            top: -self.right,
            right: self.bottom,
            bottom: -self.left,
        }
    }
}

/// Lines in reading order. The page's direction and tilt are judged by the first `telling` boxes; postcodes and postmarks come after
/// them and tell nothing of either.
pub(crate) fn arrange(boxes: &[Quad], telling: usize) -> Vec<Group> {
    arranged(boxes, telling, &[])
}

/// The same, now that it is known what the boxes say: what stands beside one another at one height is told apart by it.
pub(crate) fn arranged(boxes: &[Quad], telling: usize, said: &[String]) -> Vec<Group> {
    let down = runs_down(&boxes[..telling]);
    let skew = skew_rad(&boxes[..telling], down);
    let upright = without_nested(levelled(boxes, skew));
    if !down {
        return blocks(upright, said)
            .into_iter()
            .flat_map(rows)
            .flat_map(|row| lines(row, false))
            .collect();
    }
    let (across, columns): (Vec<_>, Vec<_>) = upright
        .into_iter()
        .partition(|b| b.width() >= LONG * b.height());
    let top = columns.iter().map(|b| b.top).fold(f32::MAX, f32::min);
    let bottom = columns.iter().map(|b| b.bottom).fold(f32::MIN, f32::max);
    let (above, rest): (Vec<_>, Vec<_>) = across.into_iter().partition(|b| b.middle() < top);
    let (below, beside): (Vec<_>, Vec<_>) = rest.into_iter().partition(|b| b.middle() > bottom);
    let columns = columns.iter().map(Upright::on_its_side).collect();
    let in_rows = |boxes| rows(boxes).into_iter().flat_map(|row| lines(row, false));
    let mut order: Vec<Group> = in_rows(above).collect();
    order.extend(
        rows(columns)
            .into_iter()
            .flat_map(|column| lines(column, true)),
    );
    order.extend(in_rows(beside));
    order.extend(in_rows(below));
    order
}

/// Does most of the text run downwards? Boxes weigh as many characters as their sides promise.
fn runs_down(boxes: &[Quad]) -> bool {
    let (mut across, mut down) = (0.0, 0.0);
    for quad in boxes {
        let (width, height) = size(quad);
        if width >= LONG * height {
            across += width / height.max(1.0);
        } else if height >= LONG * width {
            down += height / width.max(1.0);
        }
    }
    down > across
}

/// The page's tilt: the median over long boxes, each weighing its length. Clockwise is positive.
pub(crate) fn skew_rad(boxes: &[Quad], down: bool) -> f32 {
    let mut angles: Vec<(f32, f32)> = boxes
        .iter()
        .filter_map(|quad| {
            let (width, height) = size(quad);
            let [a, b, _, d] = quad;
            let (length, other, angle) = if down {
                (height, width, (a[0] - d[0]).atan2(d[1] - a[1]))
            } else {
                (width, height, (b[1] - a[1]).atan2(b[0] - a[0]))
            };
            (length >= 3.0 * other && angle.abs() <= SKEW_MAX_DEG.to_radians())
                .then_some((angle, length))
        })
        .collect();
    angles.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = angles.iter().map(|a| a.1).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    angles
        .iter()
        .find(|(_, length)| {
            sum += length;
            sum >= half
        })
        .map_or(0.0, |(angle, _)| *angle)
}

/// Every box turned back by the page's tilt around the origin, as an upright rectangle of its own size.
fn levelled(boxes: &[Quad], skew: f32) -> Vec<Upright> {
    let (sin, cos) = (-skew).sin_cos();
    boxes
        .iter()
        .enumerate()
        .map(|(index, quad)| {
            let turned: Quad = quad.map(|p| [p[0] * cos - p[1] * sin, p[0] * sin + p[1] * cos]);
            let middle = centre(&turned);
            let around = bounds(&turned);
            let (width, height) = size(quad);
            // A box whose own tilt differs (a short one, or a stamp) keeps its size, not its bounding box.
            let half = [
                width.min(around[2] - around[0]) / 2.0,
                height.min(around[3] - around[1]) / 2.0,
            ];
            Upright {
                index,
                left: middle[0] - half[0],
                top: middle[1] - half[1],
                right: middle[0] + half[0],
                bottom: middle[1] + half[1],
            }
        })
        .collect()
}

fn without_nested(boxes: Vec<Upright>) -> Vec<Upright> {
    let area = |b: &Upright| b.width() * b.height();
    let nested = |small: &Upright| {
        boxes.iter().any(|large| {
            let larger = (area(large), small.index) > (area(small), large.index);
            let (x, y) = small.overlap(large);
            large.index != small.index && larger && x * y >= INSIDE * area(small)
        })
    };
    boxes.iter().filter(|b| !nested(b)).copied().collect()
}

/// Rows from the top, each from the left. A box belongs to the row of its nearest neighbour on the left with
/// which it shares enough height, so a row may bend.
pub(crate) fn rows(mut boxes: Vec<Upright>) -> Vec<Vec<Upright>> {
    boxes.sort_by(|a, b| a.left.total_cmp(&b.left).then(a.top.total_cmp(&b.top)));
    let mut rows: Vec<Vec<Upright>> = Vec::new();
    for piece in boxes {
        let shares = |last: &Upright| {
            let lower = last.height().min(piece.height());
            let (x, y) = last.overlap(&piece);
            y >= ROW_OVERLAP * lower
                && x <= 0.5 * piece.width().min(last.width())
                && similar(last, &piece)
        };
        let nearest = rows
            .iter_mut()
            .filter(|row| row.last().is_some_and(shares))
            .max_by(|a, b| ends(a).total_cmp(&ends(b)));
        match nearest {
            Some(row) => row.push(piece),
            None => rows.push(vec![piece]),
        }
    }
    rows.sort_by(|a, b| level(a).total_cmp(&level(b)));
    rows
}

fn ends(row: &[Upright]) -> f32 {
    row.last().map_or(f32::MIN, |b| b.right)
}

/// A seal or a tall stroke beside three rows is in none of them.
fn similar(a: &Upright, b: &Upright) -> bool {
    a.height().max(b.height()) <= 2.5 * a.height().min(b.height())
}

/// Height of a row on the page: its boxes' middles, weighted by their widths.
fn level(row: &[Upright]) -> f32 {
    let weight: f32 = row.iter().map(Upright::width).sum();
    row.iter().map(|b| b.middle() * b.width()).sum::<f32>() / weight.max(f32::EPSILON)
}

/// A row cut at its wide gaps.
fn lines(row: Vec<Upright>, down: bool) -> Vec<Group> {
    let mut runs: Vec<Vec<Upright>> = Vec::new();
    for piece in row {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| joined(last, &piece)) => run.push(piece),
            _ => runs.push(vec![piece]),
        }
    }
    runs.into_iter()
        .map(|run| Group {
            pieces: spans(&run),
            down,
        })
        .collect()
}

/// Two columns side by side on a page of rows are two lines however close they are.
fn joined(a: &Upright, b: &Upright) -> bool {
    let column = |b: &Upright| b.height() >= 2.0 * LONG * b.width();
    gap(a, b) < JOIN_GAP && !(column(a) && column(b))
}

/// Gap between neighbours in heights of the lower one.
fn gap(a: &Upright, b: &Upright) -> f32 {
    (b.left - a.right) / a.height().min(b.height()).max(1.0)
}

fn spans(run: &[Upright]) -> Vec<Piece> {
    let start = run.first().map_or(0.0, |b| b.left);
    let end = run.iter().map(|b| b.right).fold(start, f32::max);
    let share = |x: f32| ((x - start) / (end - start).max(f32::EPSILON)).clamp(0.0, 1.0);
    run.iter()
        .enumerate()
        .map(|(i, piece)| Piece {
            index: piece.index,
            span: (share(piece.left), share(piece.right)),
            space_before: match i.checked_sub(1).map(|before| gap(&run[before], piece)) {
                Some(gap) if gap > SPACE_GAP => Spacing::Gap,
                _ => Spacing::Tight,
            },
        })
        .collect()
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
