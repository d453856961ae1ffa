//! Pages that lie on a side or on their head: found by reading, not by a model. Where a page reads badly or runs downwards, its longest
//! lines are read the other way round; columns are told from a page on its side by reading their characters one by one.

use crate::geometry::{Quad, size};
use crate::layout::LONG;
use crate::page::Page;
use crate::ppocr::{Job, PpOcr, WIDTH_STEP};
use crate::preprocess::{Columns, Ink, LINE_HEIGHT, Reading, cut_line};
use crate::recognise::{ctc, mean_confidence};
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
/// Share of them that must be read as in the column for the column to be one.
const SAME: f32 = 0.34;

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
        if lines.is_empty() || (!runs_down && sureness(read) >= SURE) {
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
        if !runs_down {
            return Ok(if on_head { 180 } else { 0 });
        }
        let (mut same, mut asked) = (0, 0);
        for line in &lines {
            let (read, of) = self.singles(page, line, on_head)?;
            (same, asked) = (same + read, asked + of);
        }
        let columns = same as f32 >= SAME * asked.max(1) as f32;
        Ok(match (columns, on_head) {
            (true, false) => 0,
            (true, true) => 180,
            (false, false) => 90,
            (false, true) => 270,
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

    /// How many characters of a column are the same when each is read upright by itself, of how many.
    fn singles(
        &self,
        page: &Page,
        line: &Line,
        on_head: bool,
    ) -> Result<(usize, usize), ReadError> {
        let quad = if on_head {
            on_its_head(&line.quad)
        } else {
            line.quad
        };
        let job = Job::across(quad, Ink::All);
        let scores = self.along(page, &job, Reading::Down, 0)?;
        let mut column = ctc(&scores.values, &self.networks.dictionary, scores.used);
        column.retain(|r| ('\u{4E00}'..='\u{9FFF}').contains(&r.ch));
        column.truncate(SINGLES);
        if column.is_empty() {
            return Ok((0, 0));
        }
        let [a, b, _, d] = quad;
        let width = column.len() * LINE_HEIGHT;
        let stride = width.next_multiple_of(WIDTH_STEP);
        let mut planes = vec![0.0; 3 * LINE_HEIGHT * stride];
        for (i, read) in column.iter().enumerate() {
            // A square as wide as the column, its upper edge along the column's.
            let side = size(&quad).0 / size(&quad).1.max(1.0);
            let corner = |u: f32, v: f32| -> [f32; 2] {
                std::array::from_fn(|k| a[k] + u * (b[k] - a[k]) + v * (d[k] - a[k]))
            };
            let (top, bottom) = (read.at - side / 2.0, read.at + side / 2.0);
            let square = [
                corner(0.0, top),
                corner(1.0, top),
                corner(1.0, bottom),
                corner(0.0, bottom),
            ];
            let columns = Columns {
                start: i * LINE_HEIGHT,
                width: LINE_HEIGHT,
                stride,
            };
            let how = (Reading::Across, Ink::All);
            cut_line(page, &square, how, &columns, &mut planes);
        }
        let scores = self.networks.scores(0, planes, stride)?;
        let found = ctc(
            &scores,
            &self.networks.dictionary,
            width as f32 / stride as f32,
        );
        let place = |at: f32| (at * column.len() as f32) as usize;
        let same = found
            .iter()
            .filter(|r| column.get(place(r.at)).is_some_and(|c| c.ch == r.ch))
            .count();
        Ok((same, column.len()))
    }
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

fn on_its_head(quad: &Quad) -> Quad {
    let [a, b, c, d] = *quad;
    [c, d, a, b]
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
