//! Writing seen from behind: what shines through the paper stands mirrored, and lines of it are read far surer when they are mirrored
//! back. They are the other side's text and no text of this one, however like text what was read of them looks. Writing of this
//! side's, faint or hard to read, is not surer from behind and stays.

use crate::geometry::Quad;
use crate::ghost::{Paper, middle, strength};
use crate::page::Page;
use crate::ppocr::PpOcr;
use crate::{Line, PageText, ReadError};

/// Lines read surer than this are asked only where others were found to be mirrored.
const SURE: f32 = 0.85;
/// A line of fewer characters says too little.
const CHARS_MIN: usize = 3;
/// Lines that are asked before the page is taken to have none from behind.
const ASKED: usize = 4;
/// Mirrored, a line from behind is surer by this, and at least so sure.
const SURER: f32 = 0.15;
const SURE_MIRRORED: f32 = 0.75;
/// So many lines from behind are a page's that shines through: one may be chance…
const FOUND_MIN: usize = 2;
/// …but on a back with no more lines than these, where one is so sure mirrored.
const FEW_LINES: usize = 3;
const SURE_ALONE: f32 = 0.9;
/// The rest of what shines through is not darker than this, as a multiple of those lines' ink.
const DARKER: f32 = 1.3;
/// On such a page a pale line stays when it is surer as it stands by this…
const SURER_AS_READ: f32 = 0.1;
/// …or, of the sure ones, is not surer mirrored by this: 日, 一 and 二 are nearly the same from behind.
const SAME: f32 = 0.02;

/// How a line is turned over: with the sheet turned over its long or its short edge.
type Flip = fn(&Quad) -> Quad;
const FLIPS: [Flip; 2] = [|&[a, b, c, d]| [b, a, d, c], |&[a, b, c, d]| [d, c, b, a]];

impl PpOcr {
    /// The page without the lines of its other side; [`PageText::shows_through`] tells that there were any.
    pub(crate) fn without_mirrored(
        &self,
        page: &Page,
        read: PageText,
    ) -> Result<PageText, ReadError> {
        let started = std::time::Instant::now();
        let Some((flip, found)) = self.found_mirrored(page, &read.lines)? else {
            return Ok(read);
        };
        let paper = Paper::of(page);
        let pale = found
            .iter()
            .map(|i| strength(page, &paper, &read.lines[*i]))
            .collect();
        let pale = DARKER * middle(pale).unwrap_or_default();
        let mut kept = Vec::new();
        for (i, line) in read.lines.into_iter().enumerate() {
            let from_behind = found.contains(&i)
                || strength(page, &paper, &line) <= pale && {
                    let mirrored = self.sureness_of(page, flip(&line.quad), line.vertical)?;
                    let least = if line.confidence < SURE {
                        line.confidence - SURER_AS_READ
                    } else {
                        line.confidence + SAME
                    };
                    mirrored > least
                };
            if !from_behind {
                kept.push(line);
            }
        }
        Ok(PageText {
            lines: kept,
            shows_through: true,
            seconds: read.seconds + started.elapsed().as_secs_f64(),
            ..read
        })
    }

    /// The lines that are mirrored beyond doubt, and how; `None` where there are too few of them.
    fn found_mirrored(
        &self,
        page: &Page,
        lines: &[Line],
    ) -> Result<Option<(Flip, Vec<usize>)>, ReadError> {
        let chars = |l: &Line| l.text.chars().filter(|c| *c != ' ').count();
        let mut unsure: Vec<usize> = (0..lines.len())
            .filter(|i| lines[*i].confidence < SURE && chars(&lines[*i]) >= CHARS_MIN)
            .collect();
        let (enough, sure) = match lines.len() <= FEW_LINES {
            true => (1, SURE_ALONE),
            false => (FOUND_MIN, SURE_MIRRORED),
        };
        if unsure.len() < enough {
            return Ok(None);
        }
        unsure.sort_by_key(|i| std::cmp::Reverse(chars(&lines[*i])));
        let mut found: [Vec<usize>; 2] = Default::default();
        for (asked, &i) in unsure.iter().enumerate() {
            if asked == ASKED && found.iter().all(Vec::is_empty) {
                return Ok(None);
            }
            let line = &lines[i];
            for (flip, found) in FLIPS.iter().zip(&mut found) {
                let mirrored = self.sureness_of(page, flip(&line.quad), line.vertical)?;
                if mirrored >= sure && mirrored >= line.confidence + SURER {
                    found.push(i);
                }
            }
        }
        let best = FLIPS
            .into_iter()
            .zip(found)
            .max_by_key(|(_, found)| found.len());
        Ok(best.filter(|(_, found)| found.len() >= enough))
    }
}
