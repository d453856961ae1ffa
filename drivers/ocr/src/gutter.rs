//! Boxes that detection drew over two columns: cut where a channel without ink runs through all lines above one another. A blank in one
//! line is a space; the same blank in five lines is a gutter, or a tabulator, at which nothing is lost by the cut: `layout.rs` joins
//! pieces of a row again.

use crate::geometry::{Quad, centre, size};
use crate::ink::Grey;
use crate::layout::{LONG, skew_rad};
use crate::lengthen::threshold;

/// So many lines above one another have the channel.
const LINES_MIN: usize = 5;
/// It is at least so wide in each, in heights of the box (a box is half as high again as its text).
const WIDTH_MIN: f32 = 0.5;
/// It leaves at least so much of a line on both sides, heights.
const SIDE_MIN: f32 = 4.0;
/// Lines that end or begin beside it are no farther from it than this, heights.
const NEAR: f32 = 1.5;
/// What is left of the blank at each piece, heights.
const MARGIN: f32 = 0.2;
/// Middle part of the box's height in which ink counts.
const BAND: f32 = 0.7;

/// A box across the page, its tilt taken out, and the blanks in it.
struct Row {
    index: usize,
    left: f32,
    right: f32,
    middle: f32,
    height: f32,
    /// From, to: shares of the box's length.
    blanks: Vec<(f32, f32)>,
}

impl Row {
    fn at(&self, share: f32) -> f32 {
        self.left + share * (self.right - self.left)
    }

    fn crosses(&self, x: f32) -> bool {
        self.left < x && x < self.right
    }

    /// The blank at `x`.
    fn blank(&self, x: f32) -> Option<(f32, f32)> {
        let here = |(from, to): &&(f32, f32)| self.at(*from) <= x && x <= self.at(*to);
        self.blanks.iter().find(here).copied()
    }
}

/// The boxes with those that lie over a gutter in two, each with what was given beside it.
pub(crate) fn cut<T: Copy>(grey: &Grey, boxes: Vec<(Quad, T)>) -> Vec<(Quad, T)> {
    let quads: Vec<Quad> = boxes.iter().map(|(quad, _)| *quad).collect();
    let rows = rows(grey, &quads);
    let blanks = rows
        .iter()
        .flat_map(|row| row.blanks.iter().map(|(a, b)| row.at((a + b) / 2.0)));
    let widest = blanks
        .map(|x| channel(&rows, x))
        .max_by_key(Vec::len)
        .unwrap_or_default();
    let mut parted = Vec::with_capacity(boxes.len());
    for (i, (quad, with)) in boxes.into_iter().enumerate() {
        match widest.iter().find(|(index, _)| *index == i) {
            Some((_, (from, to))) => {
                let margin = MARGIN * size(&quad).1 / size(&quad).0;
                // Of a box that only reaches into the gutter one part is left.
                if *from > 0.0 {
                    parted.push((part(&quad, 0.0, from + margin), with));
                }
                if *to < 1.0 {
                    parted.push((part(&quad, to - margin, 1.0), with));
                }
            }
            None => parted.push((quad, with)),
        }
    }
    parted
}

fn rows(grey: &Grey, quads: &[Quad]) -> Vec<Row> {
    let (sin, cos) = (-skew_rad(quads, false)).sin_cos();
    let mut rows: Vec<Row> = quads
        .iter()
        .enumerate()
        .filter(|(_, quad)| size(quad).0 >= LONG * size(quad).1)
        .map(|(index, quad)| {
            let [x, y] = centre(quad);
            let (width, height) = size(quad);
            let middle = x * cos - y * sin;
            Row {
                index,
                left: middle - width / 2.0,
                right: middle + width / 2.0,
                middle: x * sin + y * cos,
                height,
                blanks: blanks(grey, quad),
            }
        })
        .collect();
    rows.sort_by(|a, b| a.middle.total_cmp(&b.middle));
    rows
}

/// Where a box has no ink for long enough: far enough from its ends, or at one of them.
fn blanks(grey: &Grey, quad: &Quad) -> Vec<(f32, f32)> {
    let (width, height) = size(quad);
    let side = SIDE_MIN * height / width;
    if side >= 0.5 {
        return Vec::new();
    }
    let Some(threshold) = threshold(grey, quad) else {
        return Vec::new();
    };
    let [a, b, _, d] = *quad;
    let steps = (width / grey.to_page).ceil() as usize;
    let across = ((height / grey.to_page).ceil() as usize).max(4);
    let inked = |step: usize| {
        let u = (step as f32 + 0.5) / steps as f32;
        (0..=across).any(|i| {
            let v = 0.5 + BAND * (i as f32 / across as f32 - 0.5);
            let at = std::array::from_fn(|k| a[k] + u * (b[k] - a[k]) + v * (d[k] - a[k]));
            grey.at_page(at).is_some_and(|value| value < threshold)
        })
    };
    let inked: Vec<bool> = (0..steps).map(inked).collect();
    let share = |step: usize| step as f32 / steps as f32;
    let mut step = 0;
    let mut found = Vec::new();
    for run in inked.chunk_by(|a, b| a == b) {
        let (from, to) = (share(step), share(step + run.len()));
        step += run.len();
        let wide = (to - from) * width >= WIDTH_MIN * height;
        let before = from == 0.0 || from >= side;
        let after = to == 1.0 || to <= 1.0 - side;
        if !run[0] && wide && before && after {
            found.push((from, to));
        }
    }
    found
}

/// The boxes that lie over a channel at `x` with their blanks there; none if too few lines have it.
fn channel(rows: &[Row], x: f32) -> Vec<(usize, (f32, f32))> {
    let stretches = rows.split(|row| row.crosses(x) && row.blank(x).is_none());
    let over = |rows: &[Row]| -> Vec<(usize, (f32, f32))> {
        let over = rows.iter().filter(|row| row.crosses(x));
        over.filter_map(|row| Some((row.index, row.blank(x)?)))
            .collect()
    };
    stretches
        .filter(|rows| {
            let near = |edge: f32, row: &Row| (edge - x).abs() <= NEAR * row.height;
            let ending = rows.iter().filter(|r| r.right <= x && near(r.right, r));
            let beginning = rows.iter().filter(|r| r.left >= x && near(r.left, r));
            over(rows).len() + ending.count().min(beginning.count()) >= LINES_MIN
        })
        .map(over)
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

fn part(quad: &Quad, from: f32, to: f32) -> Quad {
    let [a, b, c, d] = *quad;
    let between =
        |p: [f32; 2], q: [f32; 2], t: f32| std::array::from_fn(|k| p[k] + t * (q[k] - p[k]));
    [
        between(a, b, from),
        between(a, b, to),
        between(d, c, to),
        between(d, c, from),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 1000 × 1000 at a scale of 1: characters of 20 px, 24 apart, lines 60 apart, but for those that `blank` takes out.
    fn page(blank: impl Fn(usize, usize) -> bool) -> (Grey, Vec<(Quad, u8)>) {
        let dark = |x: usize, y: usize| {
            let (row, column) = (y / 60, x / 24);
            let inside = y % 60 < 20 && x % 24 < 20 && column < 36;
            inside && !blank(row, column) && (x % 24 % 6 < 3 || y % 60 % 6 < 3)
        };
        let values = (0..1_000_000)
            .map(|i| {
                if dark(i % 1000, i / 1000) {
                    20.0
                } else {
                    240.0
                }
            })
            .collect();
        let grey = Grey {
            width: 1000,
            height: 1000,
            values,
            to_page: 1.0,
        };
        let line = |row: u8| {
            let y = 60.0 * f32::from(row);
            let (top, bottom) = (y - 5.0, y + 25.0);
            let quad = [[0.0, top], [864.0, top], [864.0, bottom], [0.0, bottom]];
            (quad, row)
        };
        (grey, (1..10).map(line).collect())
    }

    #[test]
    fn lines_over_a_narrow_gutter_are_cut_in_two() {
        let (grey, boxes) = page(|_, column| column == 18);
        let parts = cut(&grey, boxes);
        assert_eq!(parts.len(), 18);
        for pair in parts.chunks(2) {
            assert_eq!(pair[0].1, pair[1].1);
            let (left, right) = (pair[0].0[1][0], pair[1].0[0][0]);
            assert!((428.0..450.0).contains(&left), "{left}");
            assert!((440.0..456.0).contains(&right) && right > left, "{right}");
        }
    }

    #[test]
    fn a_box_that_reaches_into_the_gutter_is_cut_back() {
        let (grey, boxes) = page(|_, column| column == 18);
        let halves = boxes.iter().flat_map(|&(quad, row)| {
            let end = if row == 5 { 452.0 } else { 432.0 };
            let at = |end: f32| end / 864.0;
            [
                (part(&quad, 0.0, at(end)), row),
                (part(&quad, at(456.0), 1.0), row),
            ]
        });
        let parts = cut(&grey, halves.collect());
        assert_eq!(parts.len(), 18);
        assert!(
            parts
                .iter()
                .all(|(q, _)| q[1][0] < 445.0 || q[0][0] > 445.0)
        );
    }

    #[test]
    fn spaces_that_do_not_stand_above_one_another_stay() {
        let (grey, boxes) = page(|row, column| column == 14 + row);
        assert_eq!(cut(&grey, boxes).len(), 9);
        let (grey, boxes) = page(|row, column| column == 18 && row % 4 != 0);
        assert_eq!(cut(&grey, boxes).len(), 9, "a line across every fourth row");
    }
}
