//! Where ink is: a page scaled to a small grey image, what is darker there than its surroundings, and the patches that
//! hang together. Serves the searches for printed frames and postmark rings; reads no text.

use crate::page::Page;
use crate::preprocess::{Ink, scaled_rgb};

/// A small grey image of a page.
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
    /// Page pixels for one of this image's.
    pub(crate) to_page: f32,
}

/// How three colours become one grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// The darkest of the three: a red or blue rule is as dark as a black one.
    Darkest,
    /// The mean, red ink made paper.
    WithoutRed,
}

/// A page made small.
pub(crate) struct Small {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    to_page: f32,
}

impl Small {
    /// # Errors
    /// Only if the page's size is not what its pixels are, which [`Page`] rules out.
    pub(crate) fn new(
        page: &Page,
        longest_px: u32,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let scale = (longest_px as f32 / page.width().max(page.height()) as f32).min(1.0);
        let side = |px: u32| ((px as f32 * scale).round() as u32).max(1);
        let (width, height) = (side(page.width()), side(page.height()));
        Ok(Self {
            width: width as usize,
            height: height as usize,
            rgb: scaled_rgb(page, width, height)?,
            to_page: 1.0 / scale,
        })
    }

    pub(crate) fn grey(&self, tone: Tone) -> Grey {
        let values = self.rgb.chunks_exact(3).map(|p| {
            let rgb = [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])];
            match tone {
                Tone::Darkest => rgb[0].min(rgb[1]).min(rgb[2]),
                Tone::WithoutRed => Ink::NotRed.seen(rgb).iter().sum::<f32>() / 3.0,
            }
        });
        Grey {
            width: self.width,
            height: self.height,
            values: values.collect(),
            to_page: self.to_page,
        }
    }
}

impl Grey {
    /// The value at a place in page pixels; `None` outside.
    pub(crate) fn at_page(&self, [x, y]: [f32; 2]) -> Option<f32> {
        let (x, y) = (x / self.to_page, y / self.to_page);
        let inside =
            (0.0..self.width as f32).contains(&x) && (0.0..self.height as f32).contains(&y);
        inside.then(|| self.values[y as usize * self.width + x as usize])
    }

    /// Mean over a square of `2 × reach + 1` pixels around each pixel.
    pub(crate) fn blurred(&self, reach: usize) -> Vec<f32> {
        let (w, h) = (self.width, self.height);
        let mut sums = vec![0.0_f64; (w + 1) * (h + 1)];
        for y in 0..h {
            let mut row = 0.0;
            for x in 0..w {
                row += f64::from(self.values[y * w + x]);
                sums[(y + 1) * (w + 1) + x + 1] = sums[y * (w + 1) + x + 1] + row;
            }
        }
        let mut means = Vec::with_capacity(w * h);
        for y in 0..h {
            let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(h));
            for x in 0..w {
                let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(w));
                let at = |x: usize, y: usize| sums[y * (w + 1) + x];
                let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
                means.push((sum / ((right - left) * (bottom - top)) as f64) as f32);
            }
        }
        means
    }

    /// Pixels darker than the mean around them by `depth` grey levels.
    pub(crate) fn ink(&self, reach: usize, depth: f32) -> Mask {
        let means = self.blurred(reach);
        let dark = self
            .values
            .iter()
            .zip(&means)
            .map(|(v, m)| *v < m - depth)
            .collect();
        Mask {
            width: self.width,
            height: self.height,
            dark,
        }
    }
}

/// Which pixels are ink.
pub(crate) struct Mask {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) dark: Vec<bool>,
}

/// An upright rectangle in mask pixels: left, top, right and bottom, the last two beyond the edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
}

impl Rect {
    pub(crate) fn width(&self) -> f32 {
        self.right - self.left
    }
    pub(crate) fn height(&self) -> f32 {
        self.bottom - self.top
    }
    pub(crate) fn centre(&self) -> [f32; 2] {
        [
            f32::midpoint(self.left, self.right),
            f32::midpoint(self.top, self.bottom),
        ]
    }
    pub(crate) fn moved(&self, dx: f32, dy: f32) -> Self {
        Self {
            left: self.left + dx,
            top: self.top + dy,
            right: self.right + dx,
            bottom: self.bottom + dy,
        }
    }
}

impl Mask {
    /// Is there ink at this pixel? Outside there is none.
    pub(crate) fn at(&self, x: i32, y: i32) -> bool {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.dark[y * self.width + x],
            _ => false,
        }
    }

    /// The rectangle around each 8-connected patch.
    pub(crate) fn patches(&self) -> Vec<Rect> {
        let mut seen = vec![false; self.dark.len()];
        let mut stack = Vec::new();
        let mut found = Vec::new();
        for start in 0..self.dark.len() {
            if !self.dark[start] || seen[start] {
                continue;
            }
            seen[start] = true;
            stack.push(start);
            let (mut left, mut top, mut right, mut bottom) = (self.width, self.height, 0, 0);
            while let Some(at) = stack.pop() {
                let (x, y) = (at % self.width, at / self.width);
                (left, right) = (left.min(x), right.max(x + 1));
                (top, bottom) = (top.min(y), bottom.max(y + 1));
                for ny in y.saturating_sub(1)..(y + 2).min(self.height) {
                    for nx in x.saturating_sub(1)..(x + 2).min(self.width) {
                        let next = ny * self.width + nx;
                        if self.dark[next] && !seen[next] {
                            seen[next] = true;
                            stack.push(next);
                        }
                    }
                }
            }
            found.push(Rect {
                left: left as f32,
                top: top as f32,
                right: right as f32,
                bottom: bottom as f32,
            });
        }
        found
    }

    /// Which share of each side of `rect` has ink within `reach` pixels: top, bottom, left, right.
    pub(crate) fn sides(&self, rect: &Rect, reach: i32) -> [f32; 4] {
        let (left, top) = (rect.left.round() as i32, rect.top.round() as i32);
        let (right, bottom) = (
            rect.right.round() as i32 - 1,
            rect.bottom.round() as i32 - 1,
        );
        let near = |from: i32| from - reach..=from + reach;
        let across = |y: i32| {
            let hit = (left..=right).filter(|&x| near(y).any(|y| self.at(x, y)));
            hit.count() as f32 / (right - left + 1).max(1) as f32
        };
        let down = |x: i32| {
            let hit = (top..=bottom).filter(|&y| near(x).any(|x| self.at(x, y)));
            hit.count() as f32 / (bottom - top + 1).max(1) as f32
        };
        [across(top), across(bottom), down(left), down(right)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, dark: impl Fn(usize, usize) -> bool) -> Grey {
        Grey {
            width,
            height,
            values: (0..width * height)
                .map(|i| {
                    if dark(i % width, i / width) {
                        40.0
                    } else {
                        220.0
                    }
                })
                .collect(),
            to_page: 1.0,
        }
    }

    #[test]
    fn a_mean_is_taken_over_what_lies_on_the_page() {
        let image = grey(5, 4, |x, _| x == 0);
        let means = image.blurred(1);
        assert!(
            (means[0] - 130.0).abs() < 1e-3,
            "half of four: {}",
            means[0]
        );
        assert!((means[7] - 220.0).abs() < 1e-3);
    }

    #[test]
    fn strokes_are_ink_and_a_dark_page_is_not() {
        let image = grey(60, 60, |x, y| x == 30 && (10..50).contains(&y));
        let ink = image.ink(8, 14.0);
        assert!(ink.at(30, 20) && !ink.at(31, 20) && !ink.at(-1, 20) && !ink.at(30, 60));
        assert!(!grey(60, 60, |_, _| true).ink(8, 14.0).dark.contains(&true));
        let patches = ink.patches();
        assert_eq!(patches.len(), 1);
        assert_eq!((patches[0].width(), patches[0].height()), (1.0, 40.0));
    }
}
