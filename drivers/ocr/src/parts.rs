//! An area of a page cut in two, so that two cores can look at it side by side: a network shared by both leaves the second idle half of
//! the time. The cut runs along rows or along columns, as the writing stands, where least is written; each part sees [`BEYOND`] pixels
//! past it, and the maps are put together again before boxes are sought, so that a line on the cut stays one. How many parts there are
//! does not depend on the machine, nor then what is read.

use crate::areas::{Area, TILE};

/// A part is at least so high, or wide, pixels: what lies beyond the cut is looked at twice.
const SIDE_MIN: usize = 6 * TILE;
/// How far from the middle the cut may lie, pixels.
const LEEWAY: usize = TILE;
/// What a part sees past the cut, pixels, before that is rounded up to whole tiles.
const BEYOND: usize = 24;
/// A row or column with no more of its pixels marked than this is empty.
const EMPTY: f32 = 0.02;

/// What one core looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// What the network gets: whole tiles.
    pub(crate) seen: Area,
    /// What is kept of its answer.
    pub(crate) kept: Area,
}

/// The parts of an area; `marked` is the whole image, `width` wide.
pub(crate) fn parts(area: &Area, width: usize, marked: &[bool]) -> Vec<Part> {
    let (rows, columns) = written(area, width, marked);
    let in_rows = emptiness(&rows, area.width) >= emptiness(&columns, area.height);
    let counts = if in_rows { rows } else { columns };
    let whole = counts.len();
    if whole < 2 * SIDE_MIN {
        return vec![Part {
            seen: *area,
            kept: *area,
        }];
    }
    let cut = cut(&counts);
    let band = |from: usize, to: usize| match in_rows {
        true => Area {
            top: area.top + from,
            height: to - from,
            ..*area
        },
        false => Area {
            left: area.left + from,
            width: to - from,
            ..*area
        },
    };
    vec![
        Part {
            seen: band(0, (cut + BEYOND).next_multiple_of(TILE)),
            kept: band(0, cut),
        },
        Part {
            seen: band((cut - BEYOND) / TILE * TILE, whole),
            kept: band(cut, whole),
        },
    ]
}

/// How many pixels of each row and of each column of an area are marked.
fn written(area: &Area, width: usize, marked: &[bool]) -> (Vec<usize>, Vec<usize>) {
    let (mut rows, mut columns) = (vec![0; area.height], vec![0; area.width]);
    for (y, row) in rows.iter_mut().enumerate() {
        let start = (area.top + y) * width + area.left;
        let pixels = marked[start..start + area.width].iter().enumerate();
        for (x, _) in pixels.filter(|(_, marked)| **marked) {
            *row += 1;
            columns[x] += 1;
        }
    }
    (rows, columns)
}

/// The share of empty ones among rows (or columns) of `length` pixels, between the first and the last that is written on.
fn emptiness(counts: &[usize], length: usize) -> f32 {
    let is_written = |count: &usize| *count > 0;
    let first = counts.iter().position(is_written).unwrap_or(0);
    let last = counts.iter().rposition(is_written).unwrap_or(0);
    let inner = &counts[first..=last];
    let empty = |count: &&usize| **count as f32 <= EMPTY * length as f32;
    inner.iter().filter(empty).count() as f32 / inner.len() as f32
}

/// The row (or column) near the middle with the fewest marked pixels; of equal ones that nearest to it.
fn cut(counts: &[usize]) -> usize {
    let middle = counts.len() / 2;
    (middle - LEEWAY..=middle + LEEWAY)
        .min_by_key(|at| (counts[*at], at.abs_diff(middle)))
        .unwrap_or(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDTH: usize = 30 * TILE;

    fn area(across: usize, down: usize) -> Area {
        Area {
            left: TILE,
            top: 2 * TILE,
            width: across * TILE,
            height: down * TILE,
        }
    }

    fn marked(area: &Area, mark: impl Fn(usize, usize) -> bool) -> Vec<bool> {
        let pixels = WIDTH * (area.top + area.height);
        (0..pixels).map(|i| mark(i % WIDTH, i / WIDTH)).collect()
    }

    #[test]
    fn a_cut_goes_between_lines() {
        let area = area(8, 28);
        let parts = parts(&area, WIDTH, &marked(&area, |_, y| y % 40 < 28));
        assert_eq!(parts.len(), 2);
        let cut = parts[1].kept.top;
        assert!(cut % 40 >= 28, "row {cut} is written on");
    }

    #[test]
    fn columns_are_cut_between_columns() {
        let area = area(14, 28);
        let columns = marked(&area, |x, y| x % 40 < 28 && y % 30 < 28);
        let parts = parts(&area, WIDTH, &columns);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1].kept.height, area.height);
        let cut = parts[1].kept.left;
        assert!(cut % 40 >= 28, "column {cut} is written on");
    }

    #[test]
    fn a_small_area_stays_whole() {
        let area = area(8, 11);
        let whole = Part {
            seen: area,
            kept: area,
        };
        let none = marked(&area, |_, _| false);
        assert_eq!(parts(&area, WIDTH, &none), [whole]);
    }

    proptest! {
        /// Every pixel is kept once, by a part that sees beyond it unless the area ends there.
        #[test]
        fn parts_make_up_their_area(across in 1_usize..29, down in 1_usize..40, pattern in prop::collection::vec(any::<bool>(), 64), upright: bool) {
            let area = area(across, down);
            let marked = marked(&area, |x, y| pattern[if upright { x } else { y } % 64]);
            let ends = |a: &Area| [a.left, a.top, a.left + a.width, a.top + a.height];
            let whole = ends(&area);
            let mut pixels = 0;
            for Part { seen, kept } in parts(&area, WIDTH, &marked) {
                pixels += kept.width * kept.height;
                prop_assert_eq!((seen.width % TILE, seen.height % TILE), (0, 0));
                for (side, (seen, kept)) in ends(&seen).into_iter().zip(ends(&kept)).enumerate() {
                    prop_assert!(seen == whole[side] && kept == seen || seen.abs_diff(kept) >= BEYOND, "side {side}: {seen} {kept}");
                }
            }
            prop_assert_eq!(pixels, area.width * area.height);
        }
    }
}
