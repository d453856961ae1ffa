//! Pages that lie on a side or on their head: found by reading, not by a model. Where a page reads badly or runs downwards, its longest
//! lines are read the other way round; columns are told from a page on its side by reading their characters one by one.

use crate::geometry::{Quad, on_its_head, size};
use crate::layout::LONG;
use crate::page::Page;
use crate::ppocr::{Job, PpOcr, WIDTH_STEP};
use crate::preprocess::{Columns, Ink, LINE_HEIGHT, Reading, cut_line};
use crate::recognise::{Read, ctc, mean_confidence};
use crate::{Line, PageText, ReadError};

/// A page whose characters are surer than this in the mean lies as it should, if it does not run downwards.
const SURE: f32 = 0.85;
/// Lines that are asked.
const ASKED: usize = 4;
/// A line of fewer characters is not asked.
const CHARS_MIN: usize = 3;
/// The other way round must be surer by this.
const SURER: f32 = 0.1;
/// Characters of a column that are read one by one.
const SINGLES: usize = 10;
/// Share of them that must be read as in the column for the column to be one…
const SAME: f32 = 0.34;
/// …and it may be less than the share read so when each is turned by a quarter, by this: many are read lying, too.
const OTHER: f32 = 0.25;
/// Share of the characters of a line across that must be read when each is turned by a quarter for the line to be a column of a page on its side: of
/// lines across at most 0.1 were, of such columns at least 0.9, whatever share is read lying.
const LYING: f32 = 0.5;
/// A page wider than high with so many lines may be a page, or an envelope, of columns on its side.
const LYING_LINES_MIN: usize = 3;

/// Characters of a line, each read by itself.
struct Singles {
    /// Read as in the line when it stands as the box does.
    upright: usize,
    /// Read so when it is turned: in a box that runs down as the line is read, in one that runs across as a column is.
    turned: usize,
    asked: usize,
}

impl PpOcr {
    /// Quarter turns clockwise, in degrees, by which a page lies off, judged by what was read on it as it lies.
    pub(crate) fn turned_deg(&self, page: &Page, read: &PageText) -> Result<u16, ReadError> {
        let mut lines: Vec<&Line> = read
            .lines
            .iter()
            .filter(|l| l.text.chars().filter(|c| *c != ' ').count() >= CHARS_MIN)
            .collect();
        let tall = |l: &&Line| is_tall(&l.quad);
        let long = |l: &&Line| {
            let (width, height) = size(&l.quad);
            width.max(height)
        };
        let downwards: f32 = lines.iter().filter(|l| tall(l)).map(long).sum();
        let across: f32 = lines.iter().filter(|l| !tall(l)).map(long).sum();
        let runs_down = downwards > across;
        // Columns of a page on its side run across, and are read surely: only characters one by one tell.
        let lying = page.width() > page.height() && lines.len() >= LYING_LINES_MIN;
        if lines.is_empty() || (!runs_down && !lying && sureness(read) >= SURE) {
            return Ok(0);
        }
        lines.retain(|l| tall(l) == runs_down);
        lines.sort_by(|a, b| long(b).total_cmp(&long(a)));
        lines.truncate(ASKED);
        let (mut as_read, mut reversed) = (0.0, 0.0);
        for line in &lines {
            as_read += self.sureness_of(page, line.quad, runs_down)?;
            reversed += self.sureness_of(page, on_its_head(&line.quad), runs_down)?;
        }
        let on_head = reversed > as_read + SURER * lines.len() as f32;
        if !runs_down && !lying {
            return Ok(if on_head { 180 } else { 0 });
        }
        let (mut upright, mut turned, mut asked) = (0, 0, 0);
        for line in &lines {
            let quad = if on_head {
                on_its_head(&line.quad)
            } else {
                line.quad
            };
            let singles = self.singles(page, &quad, runs_down)?;
            upright += singles.upright;
            turned += singles.turned;
            asked += singles.asked;
        }
        let [upright, turned] = [upright, turned].map(|n| n as f32 / asked.max(1) as f32);
        let columns = if runs_down {
            are_columns(upright, turned)
        } else {
            turned >= LYING
        };
        Ok(match (runs_down, columns, on_head) {
            (true, true, false) | (false, false, false) => 0,
            (true, true, true) | (false, false, true) => 180,
            (true, false, false) | (false, true, true) => 90,
            (true, false, true) | (false, true, false) => 270,
        })
    }

    /// How surely a box reads in the mean.
    pub(crate) fn sureness_of(
        &self,
        page: &Page,
        quad: Quad,
        down: bool,
    ) -> Result<f32, ReadError> {
        let reading = if down { Reading::Down } else { Reading::Across };
        let job = Job::across(quad, Ink::All);
        let scores = self.along(page, &job, reading, 0)?;
        Ok(mean_confidence(&ctc(
            &scores.values,
            &self.networks.dictionary,
            scores.used,
        )))
    }

    /// How many characters of a line are the same when each is read by itself.
    fn singles(&self, page: &Page, quad: &Quad, down: bool) -> Result<Singles, ReadError> {
        let reading = if down { Reading::Down } else { Reading::Across };
        let job = Job::across(*quad, Ink::All);
        let scores = self.along(page, &job, reading, 0)?;
        let mut line = ctc(&scores.values, &self.networks.dictionary, scores.used);
        line.retain(|r| ('\u{4E00}'..='\u{9FFF}').contains(&r.ch));
        line.truncate(SINGLES);
        let squares: Vec<Quad> = line.iter().map(|r| square(quad, r.at, down)).collect();
        let turned = if down {
            squares.iter().map(|&[a, b, c, d]| [b, c, d, a]).collect()
        } else {
            squares
                .iter()
                .map(|&[a, b, c, d]| [d, a, b, c])
                .collect::<Vec<_>>()
        };
        Ok(Singles {
            upright: self.same(page, &squares, &line)?,
            turned: self.same(page, &turned, &line)?,
            asked: line.len(),
        })
    }

    /// How many of the squares are read as the line has them.
    fn same(&self, page: &Page, squares: &[Quad], line: &[Read]) -> Result<usize, ReadError> {
        if squares.is_empty() {
            return Ok(0);
        }
        let width = squares.len() * LINE_HEIGHT;
        let stride = width.next_multiple_of(WIDTH_STEP);
        let mut planes = vec![0.0; 3 * LINE_HEIGHT * stride];
        for (i, square) in squares.iter().enumerate() {
            let columns = Columns {
                start: i * LINE_HEIGHT,
                width: LINE_HEIGHT,
                stride,
            };
            let how = (Reading::Across, Ink::All);
            cut_line(page, square, how, &columns, &mut planes);
        }
        let scores = self.networks.scores(0, planes, stride)?;
        let used = width as f32 / stride as f32;
        let found = ctc(&scores, &self.networks.dictionary, used);
        let place = |at: f32| (at * line.len() as f32) as usize;
        Ok(found
            .iter()
            .filter(|r| line.get(place(r.at)).is_some_and(|c| c.ch == r.ch))
            .count())
    }
}

/// What runs down is columns of characters that stand upright: shares of them read as in the line when they stand as they do, and when
/// each is turned as a page on its side would have it.
fn are_columns(upright: f32, turned: f32) -> bool {
    upright >= SAME && upright + OTHER >= turned
}

/// The square of a box around the place `at` of its line, its corners in the box's order.
fn square(quad: &Quad, at: f32, down: bool) -> Quad {
    let [a, b, _, d] = *quad;
    let (width, height) = size(quad);
    let corner = |u: f32, v: f32| -> [f32; 2] {
        std::array::from_fn(|k| a[k] + u * (b[k] - a[k]) + v * (d[k] - a[k]))
    };
    let ([left, right], [top, bottom]) = if down {
        let half = width / height.max(1.0) / 2.0;
        ([0.0, 1.0], [at - half, at + half])
    } else {
        let half = height / width.max(1.0) / 2.0;
        ([at - half, at + half], [0.0, 1.0])
    };
    [
        corner(left, top),
        corner(right, top),
        corner(right, bottom),
        corner(left, bottom),
    ]
}

/// Mean sureness of a page's characters; 1 for none.
pub(crate) fn sureness(read: &PageText) -> f32 {
    let (sum, count) = read
        .lines
        .iter()
        .flat_map(|l| &l.chars)
        .filter(|c| c.ch != ' ')
        .fold((0.0, 0), |(sum, n), c| (sum + c.confidence, n + 1));
    if count == 0 { 1.0 } else { sum / count as f32 }
}

fn is_tall(quad: &Quad) -> bool {
    let (width, height) = size(quad);
    height >= LONG * width
}

/// Moves what was read on a page put upright back onto the page as given.
pub(crate) fn as_given(mut read: PageText, given: &Page, turned_deg: u16) -> PageText {
    let (width, height) = (given.width() as f32, given.height() as f32);
    for line in &mut read.lines {
        line.quad = line.quad.map(|[x, y]| match turned_deg {
            90 => [width - y, x],
            180 => [width - x, height - y],
            270 => [y, height - x],
            _ => [x, y],
        });
    }
    PageText {
        width: given.width(),
        height: given.height(),
        turned_deg,
        ..read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::centre;
    use crate::page::MediaType;

    #[test]
    fn a_page_on_its_side_is_none_of_columns_though_half_of_it_is_read_lying() {
        assert!(are_columns(0.9, 1.0), "columns, read lying as well");
        assert!(!are_columns(0.45, 0.95), "a hand that is read lying, too");
        assert!(!are_columns(0.1, 0.2), "nothing is read singly");
    }

    #[test]
    fn what_is_read_upright_lies_on_the_page_as_given() {
        // One black pixel in a corner of 4 × 2, its place known in every turn.
        let pixels = |black: usize| {
            (0..8)
                .flat_map(|i| [if i == black { 0 } else { 255 }; 3])
                .collect()
        };
        let given = Page::from_rgb(4, 2, pixels(1), MediaType::Png).unwrap();
        for turned_deg in [0, 90, 180, 270] {
            let upright = given.upright(turned_deg);
            let at = upright.rgb().chunks(3).position(|p| p[0] == 0).unwrap();
            let width = upright.width() as usize;
            let (x, y) = ((at % width) as f32, (at / width) as f32);
            let line = Line {
                text: String::new(),
                raw: String::new(),
                quad: [[x, y], [x + 1.0, y], [x + 1.0, y + 1.0], [x, y + 1.0]],
                confidence: 1.0,
                chars: Vec::new(),
                vertical: false,
            };
            let read = PageText {
                width: upright.width(),
                height: upright.height(),
                turned_deg: 0,
                lines: vec![line],
                shows_through: false,
                seconds: 0.0,
            };
            let back = as_given(read, &given, turned_deg);
            assert_eq!(
                (back.width, back.height, back.turned_deg),
                (4, 2, turned_deg)
            );
            assert_eq!(centre(&back.lines[0].quad), [1.5, 0.5], "{turned_deg}°");
        }
    }
}
