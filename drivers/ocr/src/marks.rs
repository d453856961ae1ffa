//! What detection cannot find on an envelope: digits in postcode frames, and place and date in a postmark. Each becomes a box of
//! its own with its text; what was detected at the same place is dropped.

use crate::frames::{self, FRAMES};
use crate::geometry::{Quad, centre, contains, grown, size};
use crate::ink::{Small, Tone};
use crate::page::Page;
use crate::postmark::{self, Ring};
use crate::ppocr::{Job, PieceText, PpOcr};
use crate::preprocess::{Columns, Ink, LINE_HEIGHT, Reading, cut_line, line_width};
use crate::recognise::{Read, ctc, digits_only, framed_digits, mean_confidence};
use crate::{Alternative, ReadError};

/// A page this much longer than wide, or wider than long, may be an envelope (A4 has 1.41, a DL envelope 2).
const ENVELOPE_ASPECT: f32 = 1.5;
/// A place or an arc read less surely than this is none.
const PLACE_SURE: f32 = 0.8;
/// A detected box is the postmark's when this share of its length lies in the text area: print of the stamp runs out of it.
const RING_SHARE: f32 = 0.35;
/// Points along a box at which that is looked at.
const RING_PROBES: usize = 20;
/// Inner edge of an arc of text as a share of the ring's radius.
const ARC_INNER: f32 = 0.6;

/// A box that was found and read apart from detection.
pub(crate) struct Mark {
    pub(crate) quad: Quad,
    pub(crate) text: PieceText,
}

/// The marks of a page and the places where detection is not believed.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) found: Vec<Mark>,
    rows: Vec<Quad>,
    ring: Option<Ring>,
}

impl Marks {
    /// Does a detected box lie where a mark was read?
    pub(crate) fn covers(&self, quad: &Quad) -> bool {
        let middle = centre(quad);
        let in_ring = self.ring.is_some_and(|ring| {
            let [a, b, c, d] = *quad;
            let inside = (0..RING_PROBES)
                .filter(|i| {
                    // Along the middle of the box, whichever way it is long.
                    let t = (*i as f32 + 0.5) / RING_PROBES as f32;
                    let (width, height) = size(quad);
                    let (from, to) = if width >= height {
                        ([a, d], [b, c])
                    } else {
                        ([a, b], [d, c])
                    };
                    let at = |k: usize| {
                        let start = f32::midpoint(from[0][k], from[1][k]);
                        start + t * (f32::midpoint(to[0][k], to[1][k]) - start)
                    };
                    let [x, y] = [at(0) - ring.centre[0], at(1) - ring.centre[1]];
                    x.hypot(y) < ring.text_radius
                })
                .count();
            inside as f32 >= RING_SHARE * RING_PROBES as f32
        });
        in_ring || self.rows.iter().any(|row| contains(row, middle))
    }
}

impl PpOcr {
    /// Postcodes of any page; the postmark of what may be an envelope.
    pub(crate) fn marks(&self, page: &Page, small: &Small) -> Result<Marks, ReadError> {
        let rows = frames::rows(&small.grey(Tone::Darkest));
        let mut marks = Marks::default();
        for row in &rows {
            marks.rows.push(whole_row(row));
            marks.found.extend(self.postcode(page, row)?);
        }
        let (width, height) = (page.width() as f32, page.height() as f32);
        if !rows.is_empty() || width.max(height) > ENVELOPE_ASPECT * width.min(height) {
            let smaller =
                Small::new(page, postmark::SEARCH_SIDE_PX).map_err(ReadError::Preprocess)?;
            if let Some(ring) = postmark::ring(&smaller.grey(Tone::WithoutRed)) {
                let read = self.postmark(page, &ring)?;
                // One of the two may still be found by detection.
                marks.ring = (read.len() == 2).then_some(ring);
                marks.found.extend(read);
            }
        }
        Ok(marks)
    }

    /// The frames' insides side by side as one line image, read as digits.
    fn postcode(&self, page: &Page, row: &frames::Row) -> Result<Option<Mark>, ReadError> {
        let cell = line_width(&row[0], Reading::Across);
        let columns = |i: usize| Columns {
            start: i * cell,
            width: cell,
            stride: (FRAMES * cell).next_multiple_of(crate::ppocr::WIDTH_STEP),
        };
        let stride = columns(0).stride;
        let mut planes = vec![0.0; 3 * LINE_HEIGHT * stride];
        for (i, quad) in row.iter().enumerate() {
            let how = (Reading::Across, Ink::NotRed);
            cut_line(page, quad, how, &columns(i), &mut planes);
        }
        let scores = self.networks.scores(0, planes, stride)?;
        let used = (FRAMES * cell) as f32 / stride as f32;
        let reads = framed_digits(&scores, &self.networks.dictionary, used, FRAMES);
        let quad = [row[0][0], row[FRAMES - 1][1], row[FRAMES - 1][2], row[0][3]];
        // Half a postcode is noise in frames more often than a postcode.
        Ok((reads.len() > FRAMES / 2).then_some(Mark {
            quad,
            text: PieceText::across(reads),
        }))
    }

    /// Place and date; what else is in the ring is left out. Empty when neither can be read.
    fn postmark(&self, page: &Page, ring: &Ring) -> Result<Vec<Mark>, ReadError> {
        let (mut place, mut dated): (Option<Mark>, Option<Mark>) = (None, None);
        for rows in postmark::rows(page, ring) {
            for quad in rows {
                let scores = self.line_scores(page, &Job::across(quad, Ink::NotRed))?;
                let mark = |reads| Mark {
                    quad,
                    text: PieceText::across(reads),
                };
                let free = ctc(&scores.values, &self.networks.dictionary, scores.used);
                // A row may hold print of the stamp as well, so the date is also looked for among digits alone.
                let figures = digits_only(&scores.values, &self.networks.dictionary, scores.used);
                let found = [date(&free), date(&figures)].into_iter().flatten();
                for reads in found {
                    let surer = |m: &Mark| mean_confidence(&m.text.reads);
                    if dated
                        .as_ref()
                        .is_none_or(|m| surer(m) < mean_confidence(&reads))
                    {
                        dated = Some(mark(reads));
                    }
                }
                if place.is_none() {
                    place = name(&free).map(mark);
                }
            }
            if place.is_some() && dated.is_some() {
                break;
            }
        }
        if place.is_none() && dated.is_some() {
            place = self.arc(page, ring)?;
        }
        Ok(place.into_iter().chain(dated).collect())
    }

    /// The place's name where it is written along the ring.
    fn arc(&self, page: &Page, ring: &Ring) -> Result<Option<Mark>, ReadError> {
        let inner = ARC_INNER * ring.radius;
        let long = std::f32::consts::PI * f32::midpoint(inner, ring.radius);
        let width = (LINE_HEIGHT as f32 * long / (ring.radius - inner)) as usize;
        let stride = width.next_multiple_of(crate::ppocr::WIDTH_STEP);
        let planes = postmark::arc(page, ring, inner, (stride, LINE_HEIGHT));
        let scores = self.networks.scores(0, planes, stride)?;
        let reads = ctc(&scores, &self.networks.dictionary, 1.0);
        let [x, y] = ring.centre;
        let corner = |u: f32, v: f32| [x + u * ring.radius, y + v * ring.radius];
        let quad = [
            corner(-0.8, -0.95),
            corner(0.8, -0.95),
            corner(0.8, -0.4),
            corner(-0.8, -0.4),
        ];
        Ok(name(&reads).map(|reads| Mark {
            quad,
            text: PieceText::across(reads),
        }))
    }
}

/// The row with the frames' rims and a little around them.
fn whole_row(row: &frames::Row) -> Quad {
    let quad = [row[0][0], row[FRAMES - 1][1], row[FRAMES - 1][2], row[0][3]];
    let (_, height) = size(&quad);
    grown(&quad, 0.25 * height)
}

/// The Chinese characters, if there are at least two and they are surely read; 邮政 after them is the stamp's.
fn name(reads: &[Read]) -> Option<Vec<Read>> {
    let mut han: Vec<Read> = reads
        .iter()
        .filter(|r| ('\u{4E00}'..='\u{9FFF}').contains(&r.ch))
        .cloned()
        .collect();
    let mostly = 2 * han.len() > reads.iter().filter(|r| r.ch != ' ').count();
    if let Some(at) = han.iter().position(|r| r.ch == '邮').filter(|at| *at >= 2) {
        han.truncate(at);
    }
    (han.len() >= 2 && mostly && mean_confidence(&han) >= PLACE_SURE).then_some(han)
}

/// Where the digits of a date stand: year, month and day with both marks between them, with one or with none. `d` is a digit.
const DATES: [&str; 4] = ["dddd.dd.dd", "dddd.dddd", "dddddd.dd", "dddddddd"];
/// Something read as another character counts as the digit it may also be from this likelihood on.
const DIGIT_MIN: f32 = 0.05;

/// The characters of a date as `2025.03.31`, whatever marks were seen between the digits; hours after it are cut off. `None`
/// when the digits are no day of a calendar.
fn date(reads: &[Read]) -> Option<Vec<Read>> {
    let reads: Vec<&Read> = reads
        .iter()
        .filter(|r| r.ch != ' ')
        .skip_while(|r| !r.ch.is_ascii_digit())
        .collect();
    DATES.iter().find_map(|form| {
        let n = form.len();
        let after = reads.get(n..)?;
        if after.first().is_some_and(|r| r.ch.is_ascii_digit()) {
            return None;
        }
        let mut digits = Vec::with_capacity(8);
        for (read, due) in reads.iter().zip(form.chars()) {
            match due {
                'd' => digits.push(as_digit(read)?),
                _ if n == 10 || !read.ch.is_ascii_digit() => {}
                _ => return None,
            }
        }
        let number = |range: std::ops::Range<usize>| {
            let of = |n: u32, r: &Read| 10 * n + r.ch.to_digit(10).unwrap_or(0);
            digits[range].iter().fold(0, of)
        };
        let (year, month, day) = (number(0..4), number(4..6), number(6..8));
        let real = (1980..2100).contains(&year) && (1..=12).contains(&month);
        (real && (1..=31).contains(&day)).then(|| with_marks(digits))
    })
}

/// The read as a digit, with the digit's own likelihood.
fn as_digit(read: &Read) -> Option<Read> {
    if read.ch.is_ascii_digit() {
        return Some(read.clone());
    }
    let Alternative { ch, confidence } = read.digit.filter(|d| d.confidence >= DIGIT_MIN)?;
    Some(Read {
        ch,
        confidence,
        ..read.clone()
    })
}

fn with_marks(digits: Vec<Read>) -> Vec<Read> {
    let mut whole: Vec<Read> = Vec::with_capacity(10);
    for (i, digit) in digits.into_iter().enumerate() {
        if i == 4 || i == 6 {
            let before = whole.last().map_or(0.0, |r| r.at);
            whole.push(Read {
                ch: '.',
                ..Read::space(f32::midpoint(before, digit.at))
            });
        }
        whole.push(digit);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Vec<Read> {
        let n = text.chars().count() as f32;
        text.chars()
            .enumerate()
            .map(|(i, ch)| Read {
                ch,
                confidence: 0.9,
                at: i as f32 / n,
                others: Vec::new(),
                digit: ch.is_ascii_digit().then_some(Alternative {
                    ch,
                    confidence: 0.9,
                }),
            })
            .collect()
    }

    fn text(reads: &[Read]) -> String {
        reads.iter().map(|r| r.ch).collect()
    }

    #[test]
    fn a_date_is_read_whatever_stands_between_its_digits() {
        for seen in [
            "2024.08.27",
            "2024:08.27",
            "2024.0827",
            "20240827",
            "2024.08527",
            "2024.08.27.10",
            ".2024.08.27",
        ] {
            let found = date(&reads(seen)).unwrap_or_else(|| panic!("{seen} is a date"));
            assert_eq!(text(&found), "2024.08.27", "{seen}");
            assert!(found.is_sorted_by(|a, b| a.at <= b.at));
        }
    }

    #[test]
    fn what_is_no_day_is_no_date() {
        for seen in [
            "2024.13.27",
            "2024.08.40",
            "1024.08.27",
            "2024.08.2",
            "2024.08.271",
            "长清",
            "",
        ] {
            assert!(date(&reads(seen)).is_none(), "{seen}");
        }
    }

    #[test]
    fn a_place_is_two_characters_and_sure() {
        assert_eq!(
            name(&reads("商河.")).map(|r| text(&r)).as_deref(),
            Some("商河")
        );
        for seen in ["丘", "10", "早1.2.3", ""] {
            assert!(name(&reads(seen)).is_none(), "{seen}");
        }
        let unsure: Vec<Read> = reads("商河")
            .into_iter()
            .map(|r| Read {
                confidence: 0.5,
                ..r
            })
            .collect();
        assert!(name(&unsure).is_none());
    }
}
