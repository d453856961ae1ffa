//! The other side's writing, shining through thin paper: read as unsure lines between and over the real ones. Where a page has such
//! lines, and they are much fainter than the surely read ones, it is read once more with everything so faint made paper; what is
//! faint and surely read (pencil) is kept.

use crate::geometry::{area, bounds, shared_area};
use crate::page::Page;
use crate::turn::sureness;
use crate::{Line, PageText};

/// Lines read surer than this are this side's.
const SURE: f32 = 0.85;
/// Lines read less surely than this may be the other side's…
const UNSURE: f32 = 0.75;
/// …when their ink is not darker than this share of the sure lines'.
const FAINT: f32 = 0.55;
/// So many of them are looked for before the page is read again.
const GHOSTS_MIN: usize = 2;
/// Side of the squares in which the paper's brightness is measured, pixels.
const SQUARE: usize = 64;
/// A line is told again by the second reading when it covers this share of it.
const COVERED: f32 = 0.3;

/// The page without what shines through, if anything does.
pub(crate) fn cleaned(page: &Page, read: &PageText) -> Option<Page> {
    let unsure = read.lines.iter().filter(|l| l.confidence < UNSURE);
    if unsure.count() < GHOSTS_MIN {
        return None;
    }
    let paper = Paper::of(page);
    let strengths: Vec<f32> = read
        .lines
        .iter()
        .map(|l| strength(page, &paper, l))
        .collect();
    let of = |wanted: &dyn Fn(&Line) -> bool| -> Vec<f32> {
        let pairs = read.lines.iter().zip(&strengths);
        pairs.filter(|(l, _)| wanted(l)).map(|(_, s)| *s).collect()
    };
    let main = middle(of(&|l| l.confidence >= SURE))?;
    let faint = |s: &f32| *s < FAINT * main;
    let unsure: Vec<f32> = of(&|l| l.confidence < UNSURE);
    let ghosts: Vec<f32> = unsure.into_iter().filter(faint).collect();
    if ghosts.len() < GHOSTS_MIN {
        return None;
    }
    let ghost = middle(ghosts)?;
    Some(paper.without(page, (1.25 * ghost).min(0.7 * main)))
}

/// Both readings together; the first as it is, if the second is no better.
pub(crate) fn merged(first: PageText, second: PageText) -> PageText {
    if sureness(&second) <= sureness(&first) {
        return first;
    }
    let told_again = |line: &Line| {
        let shared: f32 = second
            .lines
            .iter()
            .map(|l| shared_area(&l.quad, &line.quad))
            .sum();
        shared >= COVERED * area(&line.quad)
    };
    let kept: Vec<Line> = first
        .lines
        .into_iter()
        .filter(|line| line.confidence >= SURE && !told_again(line))
        .collect();
    let mut lines = second.lines;
    for line in kept {
        let top = bounds(&line.quad)[1];
        let at = lines.iter().position(|l| bounds(&l.quad)[1] > top);
        lines.insert(at.unwrap_or(lines.len()), line);
    }
    PageText {
        lines,
        seconds: first.seconds + second.seconds,
        ..second
    }
}

pub(crate) fn middle(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// How much darker than its paper a line's ink is: the darkest twentieth of its box.
pub(crate) fn strength(page: &Page, paper: &Paper, line: &Line) -> f32 {
    let [left, top, right, bottom] = bounds(&line.quad);
    let clip = |v: f32, most: u32| (v.max(0.0) as usize).min(most as usize);
    let (left, right) = (clip(left, page.width()), clip(right, page.width()));
    let (top, bottom) = (clip(top, page.height()), clip(bottom, page.height()));
    let mut depths: Vec<f32> = (top..bottom)
        .step_by(2)
        .flat_map(|y| (left..right).step_by(2).map(move |x| (x, y)))
        .map(|(x, y)| paper.at(x, y) - brightness(page, x, y))
        .collect();
    depths.sort_by(f32::total_cmp);
    depths
        .get(depths.len() * 19 / 20)
        .copied()
        .unwrap_or_default()
}

fn brightness(page: &Page, x: usize, y: usize) -> f32 {
    let at = 3 * (y * page.width() as usize + x);
    page.rgb()[at..at + 3]
        .iter()
        .map(|v| f32::from(*v))
        .sum::<f32>()
        / 3.0
}

/// How bright the paper is, square by square.
pub(crate) struct Paper {
    across: usize,
    down: usize,
    values: Vec<f32>,
}

impl Paper {
    pub(crate) fn of(page: &Page) -> Self {
        let (width, height) = (page.width() as usize, page.height() as usize);
        let (across, down) = (width.div_ceil(SQUARE), height.div_ceil(SQUARE));
        let bright = |i: usize| {
            let (left, top) = (i % across * SQUARE, i / across * SQUARE);
            let mut seen: Vec<f32> = (top..(top + SQUARE).min(height))
                .step_by(3)
                .flat_map(|y| {
                    (left..(left + SQUARE).min(width))
                        .step_by(3)
                        .map(move |x| (x, y))
                })
                .map(|(x, y)| brightness(page, x, y))
                .collect();
            seen.sort_by(f32::total_cmp);
            seen[seen.len() * 4 / 5]
        };
        Self {
            across,
            down,
            values: (0..across * down).map(bright).collect(),
        }
    }

    /// Between the middles of the squares.
    fn at(&self, x: usize, y: usize) -> f32 {
        let place = |v: usize, most: usize| {
            let v = (v as f32 / SQUARE as f32 - 0.5).clamp(0.0, (most - 1) as f32);
            let low = v as usize;
            (low, (low + 1).min(most - 1), v - low as f32)
        };
        let (x0, x1, fx) = place(x, self.across);
        let (y0, y1, fy) = place(y, self.down);
        let value = |x: usize, y: usize| self.values[y * self.across + x];
        let upper = value(x0, y0) * (1.0 - fx) + value(x1, y0) * fx;
        let lower = value(x0, y1) * (1.0 - fx) + value(x1, y1) * fx;
        upper * (1.0 - fy) + lower * fy
    }

    /// The page with everything less dark than `depth` made paper, softly.
    fn without(&self, page: &Page, depth: f32) -> Page {
        let (width, height) = (page.width() as usize, page.height() as usize);
        let mut rgb = page.rgb().to_vec();
        for y in 0..height {
            for x in 0..width {
                let paper = self.at(x, y);
                let dark = paper - brightness(page, x, y);
                if dark >= 1.3 * depth {
                    continue;
                }
                // From all paper at `depth` to untouched a little above it.
                let kept = ((dark - depth) / (0.3 * depth)).clamp(0.0, 1.0);
                for value in &mut rgb[3 * (y * width + x)..3 * (y * width + x) + 3] {
                    let lifted = paper + (f32::from(*value) - paper) * kept;
                    *value = lifted.clamp(0.0, 255.0) as u8;
                }
            }
        }
        Page::from_rgb(page.width(), page.height(), rgb, page.media_type())
            .expect("the size did not change")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::MediaType;

    /// Dark strokes in the upper half, strokes of `ghost` in the lower one, on paper of 240.
    fn page(ghost: u8) -> Page {
        let rgb = (0..512 * 512)
            .flat_map(|i| {
                let (x, y) = (i % 512, i / 512);
                let stroke = x % 16 < 5 && y % 64 > 20 && y % 64 < 50;
                [if !stroke {
                    240
                } else if y < 256 {
                    20
                } else {
                    ghost
                }; 3]
            })
            .collect();
        Page::from_rgb(512, 512, rgb, MediaType::Png).unwrap()
    }

    fn read(confidences: [f32; 8]) -> PageText {
        let line = |(i, confidence): (usize, f32)| {
            let (top, bottom) = (64.0 * i as f32 + 16.0, 64.0 * i as f32 + 54.0);
            Line {
                text: "字".into(),
                raw: "字".into(),
                quad: [[0.0, top], [512.0, top], [512.0, bottom], [0.0, bottom]],
                confidence,
                chars: Vec::new(),
                vertical: false,
            }
        };
        PageText {
            width: 512,
            height: 512,
            turned_deg: 0,
            lines: confidences.into_iter().enumerate().map(line).collect(),
            shows_through: false,
            seconds: 0.0,
        }
    }

    const GHOSTLY: [f32; 8] = [0.95, 0.95, 0.95, 0.95, 0.4, 0.4, 0.4, 0.4];

    #[test]
    fn what_shines_through_becomes_paper_and_dark_ink_stays() {
        let given = page(180);
        let clean = cleaned(&given, &read(GHOSTLY)).expect("there are ghosts");
        let at = |page: &Page, x: usize, y: usize| page.rgb()[3 * (y * 512 + x)];
        assert_eq!(at(&clean, 2, 30), 20, "ink");
        assert!(at(&clean, 2, 350) > 230, "the other side's");
    }

    #[test]
    fn pencil_that_is_read_surely_and_dark_writing_that_is_not_are_left() {
        assert!(cleaned(&page(180), &read([0.95; 8])).is_none(), "pencil");
        assert!(cleaned(&page(30), &read(GHOSTLY)).is_none(), "a bad hand");
        assert!(
            cleaned(&page(180), &read([0.3; 8])).is_none(),
            "nothing to compare with"
        );
    }
}
