//! Which parts of a page are worth looking at: bands of tiles with strokes in them. Detection costs as much on blank paper as on
//! text, so margins and empty halves are left out. Rules run through a tile in one direction only and are no strokes.

/// Side of a tile, and the multiple that areas are made of, pixels: what the detector's input sides must be multiples of.
pub(crate) const TILE: usize = 32;
/// A tile holds strokes when its marked pixels lie in so many of its rows and of its columns…
const SPREAD_MIN: usize = 6;
/// …and are so many.
const MARKED_MIN: usize = 10;
/// Bands of tiles this far apart are looked at together, tiles.
const GAP_MAX: usize = 2;
/// Tiles looked at around those with strokes.
const RIM: usize = 1;
/// When areas make up this share of the page, the whole page is looked at: seams cost more than they save.
const WHOLE: f32 = 0.85;

/// A part of the detection image, pixels, all multiples of [`TILE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Bands of an image (sides multiples of [`TILE`]) in which marked pixels make strokes, from the top. Empty when there are none.
pub(crate) fn areas(width: usize, height: usize, marked: &[bool]) -> Vec<Area> {
    let (across, down) = (width / TILE, height / TILE);
    let held: Vec<bool> = (0..across * down)
        .map(|i| strokes(width, marked, (i % across) * TILE, (i / across) * TILE))
        .collect();
    let row = |y: usize| &held[y * across..(y + 1) * across];
    let inked: Vec<usize> = (0..down).filter(|y| row(*y).contains(&true)).collect();
    let bands: Vec<Area> = inked
        .chunk_by(|a, b| b - a <= GAP_MAX + 1)
        .map(|rows| {
            let (first, last) = (rows[0], rows[rows.len() - 1]);
            let columns = |x: &usize| (first..=last).any(|y| row(y)[*x]);
            let left = (0..across).find(columns).unwrap_or(0);
            let right = (0..across).rev().find(columns).unwrap_or(left);
            let span = |from: usize, to: usize, most: usize| {
                let from = from.saturating_sub(RIM);
                (from * TILE, ((to + RIM + 1).min(most) - from) * TILE)
            };
            let (left, width) = span(left, right, across);
            let (top, height) = span(first, last, down);
            Area {
                left,
                top,
                width,
                height,
            }
        })
        .collect();
    let covered: usize = bands.iter().map(|a| a.width * a.height).sum();
    if covered as f32 >= WHOLE * (width * height) as f32 {
        return vec![Area {
            left: 0,
            top: 0,
            width,
            height,
        }];
    }
    bands
}

/// Whether the tile at this place of an image holds strokes.
pub(crate) fn strokes(width: usize, marked: &[bool], left: usize, top: usize) -> bool {
    let (mut rows, mut columns, mut count) = (0_u32, 0_u32, 0);
    for y in 0..TILE {
        let from = (top + y) * width + left;
        for (x, _) in marked[from..from + TILE]
            .iter()
            .enumerate()
            .filter(|(_, m)| **m)
        {
            rows |= 1 << y;
            columns |= 1 << x;
            count += 1;
        }
    }
    let spread = |bits: u32| bits.count_ones() as usize >= SPREAD_MIN;
    count >= MARKED_MIN && spread(rows) && spread(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 20 * TILE;
    const HEIGHT: usize = 30 * TILE;

    fn page(mark: impl Fn(usize, usize) -> bool) -> Vec<Area> {
        let marked: Vec<bool> = (0..WIDTH * HEIGHT)
            .map(|i| mark(i % WIDTH, i / WIDTH))
            .collect();
        areas(WIDTH, HEIGHT, &marked)
    }

    fn text(x: usize, y: usize) -> bool {
        x.is_multiple_of(5) && y % 16 < 10
    }

    #[test]
    fn text_is_looked_at_with_a_rim_and_blank_paper_is_not() {
        let found = page(|x, y| {
            text(x, y) && (100..400).contains(&x) && ((100..200).contains(&y) || y > 800)
        });
        assert_eq!(found.len(), 2, "{found:?}");
        let first = found[0];
        assert!(first.left <= 100 - 32 && first.left + first.width >= 400 + 16);
        assert!(first.top <= 100 - 32 && first.top + first.height >= 200 + 16);
        assert!(first.height < 300 && found[1].top > 700);
    }

    #[test]
    fn rules_and_dust_are_no_strokes() {
        assert!(page(|_, y| y % 40 < 2).is_empty(), "rules");
        assert!(page(|x, y| x % 50 < 2 && y % 50 < 2).is_empty(), "dust");
        assert!(page(|_, _| false).is_empty());
    }

    #[test]
    fn a_full_page_is_looked_at_whole() {
        let found = page(|x, y| text(x, y) && x > 40 && y > 40);
        assert_eq!(
            found,
            [Area {
                left: 0,
                top: 0,
                width: WIDTH,
                height: HEIGHT
            }]
        );
    }
}
