//! An area of a page cut into bands, so that cores can look at them side by side: a network shared by two cores leaves the second idle
//! half of the time. Cuts run across the page, where least is written; an area whose writing stands in columns stays whole. Each part sees [`BEYOND`] pixels past them, and the maps are put together again
//! before boxes are sought, so that a line on a cut stays one. How many parts there are does not depend on the machine, nor then what
//! is read.

use crate::areas::{Area, TILE};

/// A part is at least so high, pixels: two make up a page. What lies beyond the cuts is looked at twice.
const HEIGHT_MIN: usize = 14 * TILE;
/// How far from where parts would be equal a cut may lie, pixels.
const LEEWAY: usize = TILE;
/// What a part sees past its cuts, pixels, before that is rounded up to whole tiles.
const BEYOND: usize = 24;

/// Rows of an area, and the rows that are looked at for them: whole tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// What the network gets.
    pub(crate) seen: Area,
    /// First row kept, from the top of `seen`.
    pub(crate) from: usize,
    /// Rows kept.
    pub(crate) rows: usize,
}

/// A row or column with no more of its pixels marked than this is empty.
const EMPTY: f32 = 0.02;

/// The parts of an area, from the top; `marked` is the whole image, `width` wide.
pub(crate) fn parts(area: &Area, width: usize, marked: &[bool]) -> Vec<Part> {
    let most = area.height / HEIGHT_MIN;
    let count = if most > 1 && stands_in_rows(area, width, marked) {
        most
    } else {
        1
    };
    let mut cuts = vec![0];
    cuts.extend((1..count).map(|i| cut(area, i * area.height / count, width, marked)));
    cuts.push(area.height);
    cuts.windows(2)
        .map(|ends| {
            let (from, to) = (ends[0], ends[1]);
            let top = from.saturating_sub(BEYOND) / TILE * TILE;
            let bottom = (to + BEYOND).next_multiple_of(TILE).min(area.height);
            Part {
                seen: Area {
                    top: area.top + top,
                    height: bottom - top,
                    ..*area
                },
                from: from - top,
                rows: to - from,
            }
        })
        .collect()
}

/// Whether rows part the writing of an area more than columns do.
fn stands_in_rows(area: &Area, width: usize, marked: &[bool]) -> bool {
    let (mut rows, mut columns) = (vec![0_usize; area.height], vec![0_usize; area.width]);
    for (y, row) in rows.iter_mut().enumerate() {
        let start = (area.top + y) * width + area.left;
        for (x, _) in marked[start..start + area.width]
            .iter()
            .enumerate()
            .filter(|(_, m)| **m)
        {
            *row += 1;
            columns[x] += 1;
        }
    }
    emptiness(&rows, area.width) >= emptiness(&columns, area.height)
}

/// The share of empty rows between the first and the last that is written on, each of `length` pixels.
fn emptiness(rows: &[usize], length: usize) -> f32 {
    let written = |count: &usize| *count > 0;
    let first = rows.iter().position(written).unwrap_or(0);
    let last = rows.iter().rposition(written).unwrap_or(0);
    let inner = &rows[first..=last];
    let empty = |count: &&usize| **count as f32 <= EMPTY * length as f32;
    inner.iter().filter(empty).count() as f32 / inner.len() as f32
}

/// The row near `middle` with the fewest marked pixels, from the top of the area; of equal ones that nearest to it.
fn cut(area: &Area, middle: usize, width: usize, marked: &[bool]) -> usize {
    let written = |row: &usize| {
        let start = (area.top + row) * width + area.left;
        marked[start..start + area.width]
            .iter()
            .filter(|m| **m)
            .count()
    };
    (middle - LEEWAY..=middle + LEEWAY)
        .min_by_key(|row| (written(row), row.abs_diff(middle)))
        .unwrap_or(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDTH: usize = 10 * TILE;

    fn area(height: usize) -> Area {
        Area {
            left: TILE,
            top: 2 * TILE,
            width: 8 * TILE,
            height,
        }
    }

    #[test]
    fn a_cut_goes_between_lines() {
        let area = area(28 * TILE);
        let marked: Vec<bool> = (0..WIDTH * 30 * TILE)
            .map(|i| (i / WIDTH) % 40 < 28)
            .collect();
        let parts = parts(&area, WIDTH, &marked);
        assert_eq!(parts.len(), 2);
        let cut = area.top + parts[0].rows;
        assert!(cut % 40 >= 28, "row {cut} is written on");
    }

    #[test]
    fn columns_are_not_cut() {
        let area = area(28 * TILE);
        let marked: Vec<bool> = (0..WIDTH * 30 * TILE)
            .map(|i| (i % WIDTH) % 40 < 28 && (i / WIDTH) % 30 < 28)
            .collect();
        assert_eq!(parts(&area, WIDTH, &marked).len(), 1);
    }

    #[test]
    fn a_low_area_stays_whole() {
        let area = area(27 * TILE);
        let whole = Part {
            seen: area,
            from: 0,
            rows: area.height,
        };
        assert_eq!(
            parts(&area, WIDTH, &vec![false; WIDTH * 40 * TILE]),
            [whole]
        );
    }

    proptest! {
        /// Every row is kept once, by a part that sees beyond it unless the area ends there.
        #[test]
        fn parts_make_up_their_area(tiles in 1_usize..60, marked in prop::collection::vec(any::<bool>(), 64)) {
            let area = area(tiles * TILE);
            let marked: Vec<bool> = (0..WIDTH * (area.top + area.height)).map(|i| marked[(i / WIDTH) % 64]).collect();
            let mut next = area.top;
            for part in parts(&area, WIDTH, &marked) {
                prop_assert_eq!(part.seen.top + part.from, next);
                prop_assert_eq!((part.seen.height % TILE, part.seen.width), (0, area.width));
                prop_assert!(part.from >= BEYOND || next == area.top);
                next += part.rows;
                let bottom = part.seen.top + part.seen.height;
                prop_assert!(bottom >= next + BEYOND || bottom == area.top + area.height);
            }
            prop_assert_eq!(next, area.top + area.height);
        }
    }
}
