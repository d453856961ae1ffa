//! The six printed frames of a postcode on an envelope, found by geometry: the detector sees single digits in frames as
//! nothing or as noise. Knows squares in a row, no digits.

use crate::geometry::Quad;
use crate::ink::{Grey, Mask, Rect};

/// Frames of one postcode.
pub(crate) const FRAMES: usize = 6;
/// Smallest and largest side of a frame as a share of the envelope's longest side: 4 to 16 mm of 220.
const SIDE_MIN: f32 = 0.018;
const SIDE_MAX: f32 = 0.075;
/// Width over height of a frame.
const ASPECT: std::ops::Range<f32> = 0.6..1.6;
/// Share of each side that must be drawn for a frame found alone…
const DRAWN: f32 = 0.7;
/// …and of three of its sides for one that is looked for beside found ones, where a stamp or a stroke may cover the fourth.
const DRAWN_EXPECTED: f32 = 0.75;
/// Distance of neighbours in frame widths.
const PITCH: std::ops::Range<f32> = 0.9..2.2;
/// Frames that must be found alone before the others of a row are looked for.
const SEEDS_MIN: usize = 3;
/// A darker pixel than its surroundings by this is ink, grey levels.
const INK_DEPTH: f32 = 14.0;
/// How far its surroundings reach, pixels.
const INK_REACH: usize = 12;
/// The rim of a frame that is not read, as a share of its sides.
const RIM: f32 = 0.1;

/// The insides of one postcode's frames, page pixels, from left to right.
pub(crate) type Row = [Quad; FRAMES];

/// Every complete row of six frames. Longer rows are forms or grid paper and are left alone.
pub(crate) fn rows(grey: &Grey) -> Vec<Row> {
    let ink = grey.ink(INK_REACH, INK_DEPTH);
    let longest = grey.width.max(grey.height) as f32;
    let mut squares: Vec<Rect> = ink
        .patches()
        .into_iter()
        .filter(|r| is_frame(&ink, r, longest))
        .collect();
    squares.sort_by(|a, b| a.left.total_cmp(&b.left));
    chains(&squares)
        .into_iter()
        .filter_map(|chain| completed(chain, &ink))
        .map(|row| insides(&row, grey.to_page))
        .collect()
}

fn is_frame(ink: &Mask, rect: &Rect, longest: f32) -> bool {
    let sides = SIDE_MIN * longest..SIDE_MAX * longest;
    if !sides.contains(&rect.width())
        || !sides.contains(&rect.height())
        || !ASPECT.contains(&(rect.width() / rect.height()))
    {
        return false;
    }
    let drawn = ink.sides(rect, tilt_reach(rect));
    drawn.iter().all(|share| *share > DRAWN)
}

/// How far a side may lie from where it is looked for: a tilt of about 5°.
fn tilt_reach(rect: &Rect) -> i32 {
    ((0.1 * rect.width().min(rect.height())) as i32).max(2)
}

/// Runs of like squares, each beside the one before it. `squares` are sorted from the left.
fn chains(squares: &[Rect]) -> Vec<Vec<Rect>> {
    let mut used = vec![false; squares.len()];
    let mut found = Vec::new();
    for first in 0..squares.len() {
        if used[first] {
            continue;
        }
        let mut chain = vec![first];
        while let Some(&last) = chain.last() {
            let follows = |&j: &usize| !used[j] && beside(&squares[last], &squares[j]);
            match (last + 1..squares.len()).find(follows) {
                Some(next) => chain.push(next),
                None => break,
            }
        }
        if chain.len() >= SEEDS_MIN {
            chain.iter().for_each(|&i| used[i] = true);
            found.push(chain.iter().map(|&i| squares[i]).collect());
        }
    }
    found
}

fn beside(a: &Rect, b: &Rect) -> bool {
    let alike = |p: f32, q: f32| (p - q).abs() < 0.25 * p;
    PITCH.contains(&((b.left - a.left) / a.width()))
        && (b.top - a.top).abs() < 0.35 * a.height()
        && alike(a.width(), b.width())
        && alike(a.height(), b.height())
}

/// The row with the frames that were not found alone, or `None` when it is not six long.
fn completed(mut row: Vec<Rect>, ink: &Mask) -> Option<Vec<Rect>> {
    let (first, last) = (*row.first()?, *row.last()?);
    let mut gaps: Vec<f32> = row.windows(2).map(|w| w[1].left - w[0].left).collect();
    gaps.sort_by(f32::total_cmp);
    let dx = gaps[gaps.len() / 2];
    let dy = dx * (last.top - first.top) / (last.left - first.left);
    let sides = |r: &Rect| {
        let mut sides = ink.sides(r, tilt_reach(r));
        sides.sort_by(f32::total_cmp);
        sides
    };
    while row.len() < FRAMES {
        let before = row[0].moved(-dx, -dy);
        let after = row[row.len() - 1].moved(dx, dy);
        if sides(&before)[1] > DRAWN_EXPECTED {
            row.insert(0, before);
        } else if sides(&after)[1] > DRAWN_EXPECTED {
            row.push(after);
        } else {
            return None;
        }
    }
    let seventh = [row[0].moved(-dx, -dy), row[row.len() - 1].moved(dx, dy)];
    let longer = seventh.iter().any(|r| sides(r)[0] > DRAWN_EXPECTED);
    (row.len() == FRAMES && !longer).then_some(row)
}

/// The frames' insides: one size and one tilt for all.
fn insides(row: &[Rect], to_page: f32) -> Row {
    let median = |mut sizes: Vec<f32>| {
        sizes.sort_by(f32::total_cmp);
        sizes[sizes.len() / 2] * to_page * (0.5 - RIM)
    };
    let half_width = median(row.iter().map(Rect::width).collect());
    let half_height = median(row.iter().map(Rect::height).collect());
    let middle = |i: usize| row[i].centre().map(|c| c * to_page);
    let (from, to) = (middle(0), middle(FRAMES - 1));
    let (sin, cos) = (to[1] - from[1]).atan2(to[0] - from[0]).sin_cos();
    std::array::from_fn(|i| {
        let [x, y] = middle(i);
        let corner = |u: f32, v: f32| [x + u * cos - v * sin, y + u * sin + v * cos];
        [
            corner(-half_width, -half_height),
            corner(half_width, -half_height),
            corner(half_width, half_height),
            corner(-half_width, half_height),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 36 × 40 pixels, 46 apart, tilted; `erased` of them lack their right half.
    fn envelope(frames: usize, slope: f32, erased: usize) -> Grey {
        let (width, height) = (1200, 600);
        let mut values = vec![230.0; width * height];
        for i in 0..frames {
            let from = 60 + 46 * i;
            for x in 0..36 {
                for y in 0..40 {
                    let rim = x == 0 || x == 35 || y == 0 || y == 39;
                    let gone = i < erased && x > 18;
                    if rim && !gone {
                        let top = 50.0 + slope * (from + x) as f32;
                        values[(top as usize + y) * width + from + x] = 90.0;
                    }
                }
            }
        }
        Grey {
            width,
            height,
            values,
            to_page: 2.0,
        }
    }

    #[test]
    fn six_frames_in_a_tilted_row_are_found_in_page_pixels() {
        let found = rows(&envelope(6, 0.04, 0));
        assert_eq!(found.len(), 1);
        let first = found[0][0];
        assert!(first[0][0] > 120.0 && first[1][0] < 2.0 * 96.0, "{first:?}");
        assert!(found[0][5][0][1] > first[0][1] + 10.0, "the tilt is kept");
    }

    #[test]
    fn other_numbers_of_squares_are_no_postcode() {
        for frames in [0, 3, 5, 7, 20] {
            assert!(
                rows(&envelope(frames, 0.0, 0)).is_empty(),
                "{frames} frames"
            );
        }
    }

    #[test]
    fn a_half_drawn_frame_is_none() {
        assert!(rows(&envelope(6, 0.0, 6)).is_empty());
    }
}
