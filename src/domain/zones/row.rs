//! Rows: the lines of a page put side by side again, skew taken out, each character still knowing its line.
//!
//! Leaves out what the rows mean (see [`super`]). Characters are folded one to one, so every value cut out of a
//! row can be shown on the page it came from.

use crate::domain::text::{Char, Line, PageText, Quad};

/// One character of a row and where it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glyph {
    /// The character, folded by [`fold`].
    pub ch: char,
    /// The character as the engine read it.
    pub raw: char,
    /// The engine's confidence, 0 to 1.
    pub confidence: f32,
    /// Index of the page in the letter.
    pub page: usize,
    /// Index of the line on that page.
    pub line: usize,
    /// Index of the character in the line's text.
    pub at: usize,
}

/// What stands on one height of a page, from left to right (or one column of a vertical text).
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The characters; a blank stands for a gap.
    pub glyphs: Vec<Glyph>,
    /// Index of the page in the letter.
    pub page: usize,
    /// Left end, as a share of the page's width.
    pub left: f32,
    /// Right end, as a share of the page's width.
    pub right: f32,
    /// Middle, as a share of the page's height.
    pub middle: f32,
    /// Height of the writing, as a share of the page's height.
    pub height: f32,
}

impl Row {
    /// The folded characters, blanks included.
    pub fn chars(&self) -> Vec<char> {
        self.glyphs.iter().map(|g| g.ch).collect()
    }

    /// The folded text without blanks.
    pub fn compact(&self) -> String {
        text_of(&self.glyphs)
    }
}

/// The folded text of some characters, blanks left out.
pub fn text_of(glyphs: &[Glyph]) -> String {
    glyphs
        .iter()
        .map(|g| g.ch)
        .filter(|c| !c.is_whitespace())
        .collect()
}

/// Folds a character to the one form the rules compare: half-width, one kind of dash, blank, nought and middle dot.
pub fn fold(ch: char) -> char {
    match ch {
        '\u{3000}' | '\u{a0}' | '\t' | '\n' | '\r' => ' ',
        '！'..='～' => char::from_u32(ch as u32 - 0xFEE0).unwrap_or(ch),
        '—' | '–' | '―' | '‐' | '‑' | '‒' | '─' | '━' | '−' => '-',
        '○' | '◯' | '〇' | '⭕' => '〇',
        '•' | '・' | '‧' | '∙' => '·',
        '╳' | '✕' | '✖' | '╱' => '×',
        '︰' | '﹕' | '∶' | 'ː' | '˸' | '꞉' | '։' => ':',
        '﹔' => ';',
        '﹐' => ',',
        '﹒' => '.',
        '︵' | '﹙' => '(',
        '︶' | '﹚' => ')',
        '｡' => '。',
        '､' | '﹑' => '、',
        '﹣' => '-',
        '〔' | '【' | '[' => '(',
        '〕' | '】' | ']' => ')',
        other => other,
    }
}

/// Whether a character is a Chinese one.
pub fn is_han(ch: char) -> bool {
    matches!(ch, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{323af}')
}

/// A line with its place in coordinates along (`u`) and across (`v`) the text.
struct Placed {
    line: usize,
    from: f32,
    to: f32,
    v: f32,
    height: f32,
    tilt: f32,
}

/// The rows of a page, top to bottom; a page written in columns keeps the reader's order, one row a column.
///
/// A line tilted more than a hand's wavering against the others (seal text) is left out: it is no writing of the sender.
pub fn rows(page_index: usize, page: &PageText) -> Vec<Row> {
    let columns = page.lines.iter().filter(|l| l.vertical).count();
    if columns * 2 > page.lines.len() {
        return (0..page.lines.len())
            .map(|i| row_of(page_index, page, &[i]))
            .filter(|r| !r.glyphs.is_empty())
            .collect();
    }
    let skew = skew_of(page);
    let placed: Vec<Placed> = page
        .lines
        .iter()
        .enumerate()
        .map(|(i, l)| place(i, l, skew))
        .filter(|p| p.tilt.abs() < SEAL_TILT_RAD)
        .collect();
    blocks(placed)
        .into_iter()
        .flat_map(|block| side_by_side(page_index, page, block))
        .collect()
}

/// Where the reader went back up the page a column ended: what follows is not put beside it.
fn blocks(placed: Vec<Placed>) -> Vec<Vec<Placed>> {
    let mut blocks: Vec<Vec<Placed>> = Vec::new();
    let mut lowest = f32::MIN;
    for line in placed {
        let back = lowest - line.v > BACK_HEIGHTS * line.height;
        let labels = blocks.last().is_some_and(|block| is_left_of(&line, block));
        match blocks.last_mut() {
            Some(block) if !back || labels || block.len() < COLUMN_LINES => block.push(line),
            _ => {
                lowest = f32::MIN;
                blocks.push(vec![line]);
            }
        }
        let last = blocks.last().and_then(|block| block.last());
        lowest = lowest.max(last.map_or(f32::MIN, |line| line.v));
    }
    blocks
}

/// Whether a line lies left of most of those read before it, on their height: the labels of a form whose cells were read first. A second column lies at the right.
fn is_left_of(line: &Placed, block: &[Placed]) -> bool {
    let behind = block.iter().filter(|other| other.from >= line.to).count();
    let beside = |other: &&Placed| (other.v - line.v).abs() < 0.5 * line.height;
    behind * 2 > block.len()
        && block
            .iter()
            .filter(beside)
            .any(|other| other.from >= line.to)
}

/// How far up, in line heights, a reader goes from the end of one column to the beginning of the next.
const BACK_HEIGHTS: f32 = 5.0;
/// A column has at least so many lines.
const COLUMN_LINES: usize = 5;

/// The rows of one block, from the top, each from the left.
fn side_by_side(page_index: usize, page: &PageText, mut placed: Vec<Placed>) -> Vec<Row> {
    placed.sort_by(|a, b| a.v.total_cmp(&b.v));
    let mut groups: Vec<Vec<Placed>> = Vec::new();
    for line in placed {
        let home = groups
            .iter_mut()
            .rev()
            .take(3)
            .find(|group| group.iter().all(|other| beside(other, &line)));
        match home {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups
        .into_iter()
        .map(|mut group| {
            group.sort_by(|a, b| a.from.total_cmp(&b.from));
            let lines: Vec<usize> = group.iter().map(|p| p.line).collect();
            row_of(page_index, page, &lines)
        })
        .filter(|r| !r.glyphs.is_empty())
        .collect()
}

/// Text tilted more than this against the page is a seal's.
const SEAL_TILT_RAD: f32 = 0.22;

fn beside(a: &Placed, b: &Placed) -> bool {
    let overlap = a.to.min(b.to) - a.from.max(b.from);
    let narrow = (a.to - a.from).min(b.to - b.from);
    (a.v - b.v).abs() < 0.45 * a.height.min(b.height) && overlap < 0.3 * narrow
}

fn place(index: usize, line: &Line, skew: f32) -> Placed {
    let (sin, cos) = skew.sin_cos();
    let turn = |p: [f32; 2]| (p[0] * cos + p[1] * sin, p[1] * cos - p[0] * sin);
    let corners = line.quad.map(turn);
    let min_max = |pick: fn(&(f32, f32)) -> f32| {
        let values = corners.iter().map(pick);
        values.fold((f32::MAX, f32::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)))
    };
    let (from, to) = min_max(|p| p.0);
    let (top, bottom) = min_max(|p| p.1);
    let slope = slope_of(&line.quad);
    // A box of one or two characters says nothing about the direction of its text.
    let tilt = if to - from > 2.5 * (bottom - top) {
        slope - skew
    } else {
        0.0
    };
    Placed {
        line: index,
        from,
        to,
        v: (top + bottom) / 2.0,
        height: (bottom - top).max(1.0),
        tilt,
    }
}

fn slope_of(quad: &Quad) -> f32 {
    (quad[1][1] - quad[0][1]).atan2(quad[1][0] - quad[0][0])
}

/// The page's skew in radians: the median slope of its long lines.
fn skew_of(page: &PageText) -> f32 {
    let mut slopes: Vec<f32> = page
        .lines
        .iter()
        .filter(|l| {
            let [tl, tr, _, bl] = l.quad;
            (tr[0] - tl[0]).abs() > 4.0 * (bl[1] - tl[1]).abs()
        })
        .map(|l| slope_of(&l.quad))
        .filter(|s| s.abs() < 0.5)
        .collect();
    slopes.sort_by(f32::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or(0.0)
}

fn row_of(page_index: usize, page: &PageText, lines: &[usize]) -> Row {
    let mut glyphs: Vec<Glyph> = Vec::new();
    let (mut left, mut right, mut top, mut bottom) = (f32::MAX, f32::MIN, f32::MAX, f32::MIN);
    let mut tall = 0.0_f32;
    for &index in lines {
        let line = &page.lines[index];
        for [x, y] in line.quad {
            left = left.min(x);
            right = right.max(x);
            top = top.min(y);
            bottom = bottom.max(y);
        }
        tall = tall.max((line.quad[3][1] - line.quad[0][1]).abs());
        if let Some(last) = glyphs.last().copied() {
            glyphs.push(Glyph {
                ch: ' ',
                raw: ' ',
                ..last
            });
        }
        push_line(&mut glyphs, page_index, index, line);
    }
    let (width, height) = (page.width.max(1) as f32, page.height.max(1) as f32);
    Row {
        glyphs,
        page: page_index,
        left: left / width,
        right: right / width,
        middle: (top + bottom) / 2.0 / height,
        height: tall / height,
    }
}

fn push_line(glyphs: &mut Vec<Glyph>, page: usize, index: usize, line: &Line) {
    let text: Vec<char> = line.text.chars().collect();
    let raw: Vec<char> = line.raw.chars().collect();
    let known = line.chars.len() == text.len();
    let pitch = if known { pitch_of(line) } else { 0.0 };
    for (at, &ch) in text.iter().enumerate() {
        let glyph = Glyph {
            ch: fold(ch),
            raw: if raw.len() == text.len() { raw[at] } else { ch },
            confidence: if known {
                certainty(&line.chars[at])
            } else {
                line.confidence
            },
            page,
            line: index,
            at,
        };
        if known
            && at > 0
            && pitch > 0.0
            && line.chars[at].at - line.chars[at - 1].at > GAP_PITCHES * pitch
        {
            let blank = Glyph {
                ch: ' ',
                raw: ' ',
                ..glyph
            };
            glyphs.push(blank);
        }
        glyphs.push(glyph);
    }
}

/// The engine's confidence in a character, that in its variants (來 beside 来) included: they are one once folded.
pub(super) fn certainty(read: &Char) -> f32 {
    let same = read
        .others
        .iter()
        .filter(|(c, _)| fold(*c) == fold(read.ch));
    (read.confidence + same.map(|(_, p)| *p).sum::<f32>()).min(1.0)
}

/// A distance of so many usual ones between two characters is a gap the writer left.
const GAP_PITCHES: f32 = 2.2;

fn pitch_of(line: &Line) -> f32 {
    let mut steps: Vec<f32> = line
        .chars
        .windows(2)
        .filter(|w| is_han(w[0].ch) && is_han(w[1].ch))
        .map(|w| w[1].at - w[0].at)
        .filter(|s| *s > 0.0)
        .collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 3).copied().unwrap_or(0.0)
}
