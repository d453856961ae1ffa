//! Is there anything on this sheet? Backs of letters are mostly blank; a faint pencil note on one must not be lost, while what shines
//! through from the front, dust, folds and holes are nothing.

use crate::PageText;
use crate::areas::{TILE, strokes};
use crate::ink::{Small, Tone};
use crate::page::Page;
use crate::turn::sureness;

/// Longest side of the image that is looked at, pixels.
const SIDE_PX: u32 = 1000;
/// Ink is this much darker than what is around it, grey levels of 255: faint pencil.
const FAINT: f32 = 10.0;
/// What shines through from the other side is not as dark as this.
const DARK: f32 = 35.0;
/// How far around a pixel its surroundings reach.
const REACH: usize = 12;
/// The rim of a scan shows the edges of the paper and of the glass, as a share of the page.
const RIM: f32 = 0.03;
/// With no text read, strokes in less than this share of the sheet are dust, holes and folds.
const SPECKS: f32 = 0.01;
/// Text read less surely than this, all of it faint, is the other side's.
const UNSURE: f32 = 0.6;

/// How much of a sheet has strokes on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Share of the sheet with strokes of any darkness.
    faint: f32,
    /// Share with dark ones.
    dark: f32,
}

impl Sheet {
    /// Looks at a page; some 10 ms.
    ///
    /// # Errors
    /// Only if the page's size is not what its pixels are, which [`Page`] rules out.
    pub fn of(page: &Page) -> Result<Self, crate::ReadError> {
        let small = Small::new(page, SIDE_PX).map_err(crate::ReadError::Preprocess)?;
        let grey = small.grey(Tone::Darkest);
        let share = |depth: f32| {
            let ink = grey.ink(REACH, depth);
            let (across, down) = (ink.width / TILE, ink.height / TILE);
            let rim = |tiles: usize| (tiles as f32 * RIM).ceil() as usize;
            let inner: Vec<bool> = (rim(down)..down.saturating_sub(rim(down)))
                .flat_map(|y| {
                    (rim(across)..across.saturating_sub(rim(across))).map(move |x| (x, y))
                })
                .map(|(x, y)| strokes(ink.width, &ink.dark, x * TILE, y * TILE))
                .collect();
            let held = inner.iter().filter(|held| **held).count();
            // Of a scrap that is all rim nothing can be said.
            if inner.is_empty() {
                return 1.0;
            }
            held as f32 / inner.len() as f32
        };
        Ok(Self {
            faint: share(FAINT),
            dark: share(DARK),
        })
    }

    /// Nothing on it at all: it need not be read.
    pub fn is_empty(self) -> bool {
        self.faint == 0.0
    }

    /// Nothing but specks on it, none of them dark: for a side of which nobody expects anything, and that is not read.
    pub fn is_bare(self) -> bool {
        self.dark == 0.0 && self.faint < SPECKS
    }

    /// Nothing on it, now that it was read.
    pub fn is_blank(self, read: &PageText) -> bool {
        let nothing_read = read.lines.iter().all(|line| line.text.trim().is_empty());
        if nothing_read {
            return read.shows_through || self.faint < SPECKS;
        }
        self.dark == 0.0 && sureness(read) < UNSURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::MediaType;

    const WIDTH: usize = 1240;
    const HEIGHT: usize = 1754;

    /// Paper of that grey with something drawn on it.
    fn page(paper: u8, draw: impl Fn(usize, usize) -> Option<u8>) -> Page {
        let rgb = (0..WIDTH * HEIGHT)
            .flat_map(|i| {
                let (x, y) = (i % WIDTH, i / WIDTH);
                // Grain of ±2, the same each time.
                let grain = (x * 31 + y * 17) % 5;
                let grey = draw(x, y).unwrap_or(paper - 2 + grain as u8);
                [grey; 3]
            })
            .collect();
        Page::from_rgb(WIDTH as u32, HEIGHT as u32, rgb, MediaType::Jpeg).unwrap()
    }

    /// Characters of sorts: strokes both ways inside a box.
    fn writing(x: usize, y: usize, left: usize, top: usize) -> bool {
        let inside = (left..left + 200).contains(&x) && (top..top + 40).contains(&y);
        inside && ((x - left) % 14 < 3 || (y - top) % 13 < 3)
    }

    fn lines(confidence: f32) -> PageText {
        let one = crate::Char {
            ch: '字',
            confidence,
            at: 0.5,
            others: Vec::new(),
            digit: None,
        };
        PageText {
            width: WIDTH as u32,
            height: HEIGHT as u32,
            turned_deg: 0,
            lines: vec![crate::Line {
                text: "字".into(),
                raw: "字".into(),
                quad: [[0.0; 2]; 4],
                confidence,
                chars: vec![one],
                vertical: false,
            }],
            shows_through: false,
            seconds: 0.0,
        }
    }

    fn no_lines() -> PageText {
        PageText {
            lines: Vec::new(),
            ..lines(1.0)
        }
    }

    #[test]
    fn clean_and_yellow_paper_is_empty() {
        for paper in [250, 210, 180] {
            assert!(Sheet::of(&page(paper, |_, _| None)).unwrap().is_empty());
        }
        let edge = page(240, |x, _| (x < 20).then_some(30));
        assert!(
            Sheet::of(&edge).unwrap().is_empty(),
            "the edge of the glass"
        );
        let rule = page(240, |_, y| (y % 60 < 2).then_some(150));
        let rule = Sheet::of(&rule).unwrap();
        assert!(rule.is_empty() && rule.is_bare(), "ruled paper");
    }

    #[test]
    fn one_faint_note_is_something() {
        let pencil = page(240, |x, y| writing(x, y, 500, 900).then_some(205));
        let sheet = Sheet::of(&pencil).unwrap();
        assert!(!sheet.is_empty());
        assert!(!sheet.is_blank(&lines(0.9)), "read surely");
        let pen = page(240, |x, y| writing(x, y, 500, 900).then_some(90));
        assert!(!Sheet::of(&pen).unwrap().is_bare(), "one line of a pen");
    }

    #[test]
    fn holes_without_text_are_nothing_and_a_picture_is_something() {
        let holes = page(240, |x, y| {
            let far = |cy: usize| x.abs_diff(70).pow(2) + y.abs_diff(cy).pow(2);
            (far(600) < 400 || far(1100) < 400).then_some(40)
        });
        assert!(Sheet::of(&holes).unwrap().is_blank(&no_lines()));
        let picture = page(240, |x, y| {
            ((200..1000).contains(&x) && (300..1200).contains(&y))
                .then(|| if (x / 9 + y / 11) % 2 == 0 { 60 } else { 160 })
        });
        assert!(!Sheet::of(&picture).unwrap().is_blank(&no_lines()));
    }

    #[test]
    fn what_shines_through_is_the_other_sides() {
        let through = page(240, |x, y| {
            let row = y / 70;
            (row > 2 && row < 20 && writing(x % 260, y % 70, 10, 10)).then_some(222)
        });
        let sheet = Sheet::of(&through).unwrap();
        assert!(!sheet.is_empty(), "it is read, in case it is pencil");
        assert!(sheet.is_blank(&lines(0.4)));
        assert!(!sheet.is_blank(&lines(0.8)), "read surely: it is writing");
    }
}
