//! Lines that go on beyond their box: detection often ends before the last digits of a column, a date or a house number. A box is
//! lengthened while writing of its own darkness follows at its own height; what is read there counts only if it is text.

use crate::geometry::{Quad, contains, size};
use crate::ink::Grey;
use crate::layout::LONG;
use crate::recognise::Read;

/// The next stroke may lie this far behind the last one, in heights of the box (a box is half as high again as its text).
const GAP_MAX: f32 = 0.9;
/// Ink without a break for longer than this is a rule or the page's edge, heights.
const RUN_MAX: f32 = 2.0;
/// Middle part of the box's height in which ink counts.
const BAND: f32 = 0.7;
/// A stroke must reach over this part of the height, or of the same length along the line: smaller is dust.
const STROKE_MIN: f32 = 0.2;
/// What is added behind the last stroke, heights.
const MARGIN: f32 = 0.25;
/// Boxes shorter than this say too little about their direction, heights.
const LENGTH_MIN: f32 = 1.5;
/// Added characters must be read this surely in the mean.
const ADDED_SURE: f32 = 0.7;

/// What was added to a box: where the box as it was found begins and ends along the new one, 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lengthened {
    from: f32,
    to: f32,
}

impl Default for Lengthened {
    fn default() -> Self {
        Self { from: 0.0, to: 1.0 }
    }
}

impl Lengthened {
    /// The characters without those that were read in an added part and are no text: rules, dust, the edge of the page.
    pub(crate) fn kept(&self, reads: Vec<Read>) -> Vec<Read> {
        if *self == Self::default() {
            return reads;
        }
        let (before, rest): (Vec<Read>, Vec<Read>) =
            reads.into_iter().partition(|r| r.at < self.from);
        let (core, after): (Vec<Read>, Vec<Read>) = rest.into_iter().partition(|r| r.at <= self.to);
        let first: Vec<char> = core.iter().take(2).map(|r| r.ch).collect();
        let last: Vec<char> = core.iter().rev().take(2).map(|r| r.ch).collect();
        let text = |added: Vec<Read>, beside: &[char]| match is_text(&added, beside) {
            true => added,
            false => Vec::new(),
        };
        [text(before, &first), core, text(after, &last)].concat()
    }
}

/// The numbers that a telephone number is written out in.
const NUMBERS: &str = "零〇一二三四五六七八九";

/// Whether what was read is text; `beside` are the two characters next to it. A stroke beside numbers is one: 八八一一.
fn is_text(added: &[Read], beside: &[char]) -> bool {
    let strokes = [
        '一', '-', '—', '_', '|', '丨', '.', '·', ',', '，', '、', '\'', ' ',
    ];
    let sure = crate::recognise::mean_confidence(added);
    let of_numbers = beside.len() == 2 && beside.iter().all(|ch| NUMBERS.contains(*ch));
    let is_number = |r: &Read| of_numbers && r.ch == '一';
    sure >= ADDED_SURE
        && added
            .iter()
            .any(|r| !strokes.contains(&r.ch) || is_number(r))
}

/// Lengthens `boxes` in place and tells what was added to each.
pub(crate) fn lengthened(grey: &Grey, boxes: &mut [Quad]) -> Vec<Lengthened> {
    let found = boxes.to_vec();
    boxes
        .iter_mut()
        .enumerate()
        .map(|(i, quad)| {
            let (width, height) = size(quad);
            let down = height >= LONG * width;
            let (length, short) = if down {
                (height, width)
            } else {
                (width, height)
            };
            if length < LENGTH_MIN * short {
                return Lengthened::default();
            }
            let line = Line::new(quad, down);
            let Some(threshold) = threshold(grey, quad) else {
                return Lengthened::default();
            };
            let taken = |p: [f32; 2]| {
                let other = |(j, q): (usize, &Quad)| j != i && contains(q, p);
                found.iter().enumerate().any(other)
            };
            let before = line.reach(grey, threshold, Way::Back, &taken);
            let after = line.reach(grey, threshold, Way::On, &taken);
            if before + after == 0.0 {
                return Lengthened::default();
            }
            *quad = line.stretched(quad, before, after, down);
            let whole = length + before + after;
            Lengthened {
                from: before / whole,
                to: (before + length) / whole,
            }
        })
        .collect()
}

/// Half-way between the paper and the strokes of a box; `None` without contrast.
pub(crate) fn threshold(grey: &Grey, quad: &Quad) -> Option<f32> {
    let [a, b, _, d] = *quad;
    let mut values: Vec<f32> = (0..=24)
        .flat_map(|i| (0..=96).map(move |j| (j as f32 / 96.0, i as f32 / 24.0)))
        .filter_map(|(u, v)| {
            grey.at_page([
                a[0] + u * (b[0] - a[0]) + v * (d[0] - a[0]),
                a[1] + u * (b[1] - a[1]) + v * (d[1] - a[1]),
            ])
        })
        .collect();
    values.sort_by(f32::total_cmp);
    let stroke = *values.get(values.len() / 20)?;
    let paper = *values.get(values.len() * 3 / 4)?;
    (paper - stroke > 30.0).then_some(f32::midpoint(paper, stroke))
}

/// In which direction a line is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Back,
    On,
}

/// A box as a line: the middles of its ends, its direction and its height.
struct Line {
    start: [f32; 2],
    end: [f32; 2],
    along: [f32; 2],
    height: f32,
}

impl Line {
    fn new(quad: &Quad, down: bool) -> Self {
        let [a, b, c, d] = *quad;
        let middle =
            |p: [f32; 2], q: [f32; 2]| [f32::midpoint(p[0], q[0]), f32::midpoint(p[1], q[1])];
        let (width, height) = size(quad);
        let (start, end, length, short) = if down {
            (middle(a, b), middle(d, c), height, width)
        } else {
            (middle(a, d), middle(b, c), width, height)
        };
        let along = [
            (end[0] - start[0]) / length.max(1.0),
            (end[1] - start[1]) / length.max(1.0),
        ];
        Self {
            start,
            end,
            along,
            height: short,
        }
    }

    /// How far writing goes on beyond one end, page pixels; 0 when it does not.
    fn reach(
        &self,
        grey: &Grey,
        threshold: f32,
        way: Way,
        taken: &dyn Fn([f32; 2]) -> bool,
    ) -> f32 {
        let (from, sign) = match way {
            Way::Back => (self.start, -1.0),
            Way::On => (self.end, 1.0),
        };
        let step = grey.to_page;
        let (mut reached, mut run, mut tall) = (0.0_f32, 0.0_f32, 0.0_f32);
        // The rim of a box is empty, so a stroke may begin a little before its end.
        let mut at = 0.0_f32;
        loop {
            at += step;
            let middle = [
                from[0] + sign * at * self.along[0],
                from[1] + sign * at * self.along[1],
            ];
            let Some(inked) = self.inked(grey, threshold, middle) else {
                return reached;
            };
            if taken(middle) {
                return reached;
            }
            if inked > 0.0 {
                run += step;
                tall = tall.max(inked);
                if run > RUN_MAX * self.height {
                    return reached;
                }
            } else {
                if run > 0.0 && run.max(tall) >= STROKE_MIN * self.height {
                    reached = at + MARGIN * self.height;
                }
                (run, tall) = (0.0, 0.0);
                if at - (reached - MARGIN * self.height).max(0.0) > GAP_MAX * self.height {
                    return reached;
                }
            }
        }
    }

    /// Height of the ink across the line at one place; `None` beyond the page.
    fn inked(&self, grey: &Grey, threshold: f32, middle: [f32; 2]) -> Option<f32> {
        let half = BAND / 2.0 * self.height;
        let count = (2.0 * half / grey.to_page).ceil().max(1.0) as usize;
        let mut dark: Option<(f32, f32)> = None;
        for i in 0..=count {
            let v = 2.0 * half * i as f32 / count as f32 - half;
            let value =
                grey.at_page([middle[0] - v * self.along[1], middle[1] + v * self.along[0]])?;
            if value < threshold {
                dark = Some((dark.map_or(v, |(low, _)| low), v));
            }
        }
        Some(dark.map_or(0.0, |(low, high)| high - low + grey.to_page))
    }

    fn stretched(&self, quad: &Quad, before: f32, after: f32, down: bool) -> Quad {
        let moved = |p: [f32; 2], by: f32| [p[0] + by * self.along[0], p[1] + by * self.along[1]];
        let [a, b, c, d] = *quad;
        if down {
            [
                moved(a, -before),
                moved(b, -before),
                moved(c, after),
                moved(d, after),
            ]
        } else {
            [
                moved(a, -before),
                moved(b, after),
                moved(c, after),
                moved(d, -before),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paper 600 × 100 with bars of 6 × 30 pixels from y = 35, at the given x.
    fn paper(bars: &[usize]) -> Grey {
        let mut values = vec![230.0; 600 * 100];
        for &x in bars {
            for y in 35..65 {
                values[y * 600 + x..y * 600 + x + 6].fill(30.0);
            }
        }
        Grey {
            width: 600,
            height: 100,
            values,
            to_page: 1.0,
        }
    }

    const BOX: Quad = [[40.0, 28.0], [200.0, 28.0], [200.0, 72.0], [40.0, 72.0]];

    #[test]
    fn a_line_is_followed_to_its_last_stroke() {
        let bars: Vec<usize> = (50..340).step_by(20).collect();
        let mut boxes = [BOX];
        let added = lengthened(&paper(&bars), &mut boxes);
        assert!((336.0..360.0).contains(&boxes[0][1][0]), "{boxes:?}");
        assert_eq!(boxes[0][0], BOX[0]);
        assert!(added[0].from == 0.0 && added[0].to < 0.6, "{added:?}");
    }

    #[test]
    fn what_lies_far_off_or_in_another_box_is_left() {
        let mut bars: Vec<usize> = (50..200).step_by(20).collect();
        bars.push(260);
        let mut boxes = [BOX];
        lengthened(&paper(&bars), &mut boxes);
        assert_eq!(boxes[0], BOX);
        let near: Vec<usize> = (50..300).step_by(20).collect();
        let other = BOX.map(|[x, y]| [x + 165.0, y]);
        let mut boxes = [BOX, other];
        lengthened(&paper(&near), &mut boxes);
        assert!(boxes[0][1][0] < 206.0, "{boxes:?}");
    }

    #[test]
    fn a_rule_is_no_writing() {
        let mut page = paper(&(50..200).step_by(20).collect::<Vec<_>>());
        page.values[50 * 600 + 200..50 * 600 + 600].fill(30.0);
        let mut boxes = [BOX];
        lengthened(&page, &mut boxes);
        assert_eq!(boxes[0], BOX);
    }

    #[test]
    fn strokes_read_in_an_added_part_are_dropped_and_digits_are_kept() {
        let read = |(ch, at): (char, f32)| Read {
            ch,
            confidence: 0.95,
            ..Read::space(at)
        };
        let added = Lengthened { from: 0.0, to: 0.7 };
        let kept = |line: &[(char, f32)]| -> String {
            let reads = line.iter().copied().map(read).collect();
            added.kept(reads).iter().map(|r| r.ch).collect()
        };
        assert_eq!(kept(&[('路', 0.5), ('1', 0.8), ('号', 0.9)]), "路1号");
        assert_eq!(kept(&[('路', 0.5), ('一', 0.8)]), "路");
        let written_out = [('八', 0.5), ('八', 0.6), ('一', 0.8), ('一', 0.9)];
        assert_eq!(kept(&written_out), "八八一一");
        assert_eq!(kept(&[('第', 0.5), ('八', 0.6), ('一', 0.8)]), "第八");
    }
}
