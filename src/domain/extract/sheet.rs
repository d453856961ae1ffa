//! A sheet of labels (群众来信登记表, 投诉单, 联系卡) brought to one way of writing: a label, a colon and its value a row, however its cells lie.
//!
//! Values stand beside their labels with a gap or none, below them, two or three pairs in a row, or over two rows. What is written stays what it was: only rows are
//! cut and put together, and a label is called by its common name (您的住址, 送达地址: 住址).

mod words;

use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, Row, address_like, is_han, text_of};

use super::labels;
use super::names;
use super::signature::seal;
use super::stitch::FULL_ROW;
use words::{Cell, cell_of};

/// Rows from the top among which a sheet has its first cells.
const TOP: usize = 5;

/// Fewer labelled rows make no sheet.
const FEWEST: usize = 3;

/// What hangs below or beside its label begins so much of the page's width away from it at most.
const ASIDE: f32 = 0.06;

/// A label with what stands behind it.
struct Pair {
    cell: Cell,
    /// Its characters as written.
    label: Vec<Glyph>,
    value: Vec<Glyph>,
    /// Where the label begins, as a share of the page's width.
    left: f32,
    /// Its value follows without a gap or a colon.
    is_joined: bool,
}

/// Whether a row of a form asks what the letter is about: 反映的主要问题:. Nobody is addressed so.
pub(crate) fn tells_what_about(text: &str) -> bool {
    let length = text.chars().count();
    let whole = |n: usize| n >= length || text.chars().nth(n) == Some(':');
    cell_of(text).is_some_and(|(cell, n)| cell == Cell::Content && whole(n))
}

/// The rows of a page, those of a sheet of labels a cell each; of any other page as they were.
pub(crate) fn in_order(page: &PageText, rows: Vec<Row>) -> Vec<Row> {
    let mut top = rows.iter().take(TOP);
    if !top.any(|row| !pairs(page, row).is_empty()) {
        return rows;
    }
    let read: Vec<Vec<Pair>> = rows.iter().map(|row| pairs(page, row)).collect();
    if !is_sheet(&rows, &read) {
        return rows;
    }
    let few = read.iter().filter(|cells| !cells.is_empty()).count() < FEWEST;
    let read = read.into_iter().map(Some).collect();
    let mut sheet = Sheet { page, rows, read };
    let mut out: Vec<Row> = Vec::new();
    let mut at = 0;
    while at < sheet.rows.len() {
        let mut here = sheet.read[at].take().unwrap_or_default();
        if sheet.values_below(at, &mut here) {
            out.extend(written(&sheet.rows[at], here));
            at += 2;
        } else if here.is_empty() && sheet.begins_value_below(at) {
            at += 1;
        } else {
            let extended = sheet.goes_on_below(at, &mut here);
            let row = &sheet.rows[at];
            at += 1 + usize::from(extended);
            if here.is_empty() || is_in_order(row, &here) && !extended && !few {
                out.push(row.clone());
            } else {
                out.extend(written(row, here));
            }
        }
    }
    out
}

/// The rows of a sheet with the cells that were read in each and not yet written.
struct Sheet<'a> {
    page: &'a PageText,
    rows: Vec<Row>,
    read: Vec<Option<Vec<Pair>>>,
}

impl Sheet<'_> {
    /// Whether a row may hold values: it says something, and no sentence.
    fn is_free(&self, at: usize) -> bool {
        let row = self.rows.get(at);
        row.is_some_and(|row| !is_sentence(row) && !row.compact().is_empty())
    }

    fn is_unlabelled(&self, at: usize) -> bool {
        matches!(self.read.get(at), Some(Some(cells)) if cells.is_empty())
    }

    /// Gives labels without values those that stand in the row below; whether they do.
    fn values_below(&self, at: usize, here: &mut [Pair]) -> bool {
        let labels_only = !here.is_empty()
            && here
                .iter()
                .all(|pair| pair.value.is_empty() && pair.cell != Cell::Content);
        let below = at + 1;
        if !labels_only
            || !self.is_free(below)
            || !self.is_unlabelled(below)
            || !fits_below(here, &self.rows[below])
        {
            return false;
        }
        for part in parts(&self.rows[below]) {
            let x = place_of(self.page, &part[0]);
            let home = here
                .iter()
                .rposition(|pair| pair.left <= x + ASIDE)
                .unwrap_or(0);
            let value = &mut here[home].value;
            if let Some(last) = value.last().copied() {
                value.push(Glyph {
                    ch: ' ',
                    raw: ' ',
                    ..last
                });
            }
            value.extend_from_slice(part);
        }
        true
    }

    /// Puts the first half of a value that stands above the row of its label where it belongs: 柳州市…305(电 / 送达地址 话同上).
    fn begins_value_below(&mut self, at: usize) -> bool {
        if !self.is_free(at) {
            return false;
        }
        let row = &self.rows[at];
        let Some(Some(below)) = self.read.get_mut(at + 1) else {
            return false;
        };
        let [pair] = &mut below[..] else {
            return false;
        };
        let above =
            pair.cell == Cell::Address && row.left > pair.left + ASIDE && row.right > FULL_ROW;
        if above {
            pair.value.splice(0..0, row.glyphs.iter().copied());
        }
        above
    }

    /// Puts the rest of a value that goes on in the row below to it; whether one does.
    fn goes_on_below(&self, at: usize, here: &mut [Pair]) -> bool {
        if !self.is_unlabelled(at + 1) || !self.is_free(at + 1) {
            return false;
        }
        let (row, next) = (&self.rows[at], &self.rows[at + 1]);
        let home = home_of(self.page, row, here, next);
        home.map(|pair| pair.value.extend_from_slice(&next.glyphs))
            .is_some()
    }
}

/// Whether labels of who writes and how to reach him stand in its first rows, before any sentence and before anybody is addressed.
fn is_sheet(rows: &[Row], read: &[Vec<Pair>]) -> bool {
    let labelled = |at: &usize| !read[*at].is_empty();
    let first = (0..rows.len().min(TOP)).find(labelled);
    let Some(first) = first else {
        return false;
    };
    let told = rows[..first].iter().any(is_sentence);
    let count = (first..rows.len()).filter(labelled).count();
    let all = || read.iter().flatten();
    let own = [Cell::Name, Cell::Phone, Cell::Address, Cell::Id];
    let kinds = own
        .iter()
        .filter(|kind| all().any(|pair| pair.cell == **kind));
    let kinds = kinds.count();
    let near = (first..rows.len().min(first + TOP))
        .filter(labelled)
        .count();
    // 姓名 X 性别 女 / 联系电话 P 住址 Y: few rows of many cells.
    let many = count >= 2 && (kinds > 2 || all().count() > FEWEST);
    !told && (count >= FEWEST || many) && near >= 2 && kinds >= 2
}

/// The labels of a row with their values; nothing where it begins with none.
fn pairs(page: &PageText, row: &Row) -> Vec<Pair> {
    let mut all: Vec<Pair> = Vec::new();
    if is_sentence(row) {
        return all;
    }
    for part in parts(row) {
        let text = text_of(part);
        let found = cell_of(&text).filter(|(cell, length)| {
            let behind: String = text.chars().skip(*length).collect();
            let marked = behind.starts_with(':');
            let value = behind.trim_start_matches(':');
            let first = all.is_empty();
            value.is_empty() || marked && (first || *length > 1) || answers(*cell, value)
        });
        match found {
            Some((cell, length)) => {
                let skip = part[length..].iter().take_while(|g| g.ch == ':').count();
                all.push(Pair {
                    cell,
                    label: part[..length].to_vec(),
                    value: part[length + skip..].to_vec(),
                    left: place_of(page, &part[0]),
                    is_joined: skip == 0 && length < part.len(),
                });
            }
            None => match all.last_mut() {
                Some(last) => {
                    if let Some(end) = last.value.last().copied() {
                        last.value.push(Glyph {
                            ch: ' ',
                            raw: ' ',
                            ..end
                        });
                    }
                    last.value.extend_from_slice(part);
                }
                None => return Vec::new(),
            },
        }
    }
    for pair in &mut all {
        let marks = pair
            .value
            .iter()
            .take_while(|g| matches!(g.ch, ':' | ' '))
            .count();
        pair.value.drain(..marks);
    }
    of_whom(&mut all);
    all
}

/// 代理人 X 联系电话 P, 负责人 X 电话 P: how he is reached who is named before it in the row.
fn of_whom(all: &mut [Pair]) {
    let Some((first, rest)) = all.split_first_mut() else {
        return;
    };
    if !is_agent(first) || first.value.is_empty() {
        return;
    }
    for pair in rest {
        if matches!(pair.cell, Cell::Phone | Cell::Address | Cell::Id) {
            let letters: Vec<Glyph> = first
                .value
                .iter()
                .take_while(|g| is_han(g.ch))
                .copied()
                .collect();
            let named = names::person(&text_of(&letters)) > 0.8;
            let name = if named { &letters[..] } else { &[] };
            pair.label = [&first.label, name, &pair.label].concat();
            pair.cell = Cell::Other;
        }
    }
}

/// Whether what stands behind a label without a gap or a colon is what it asks for.
fn answers(cell: Cell, value: &str) -> bool {
    let figure = value.starts_with(|c: char| c.is_ascii_digit() || c == '(');
    match cell {
        Cell::Name => {
            names::person(value) > 0.8 || names::incomplete(value) || names::unit(value) >= 0.8
        }
        Cell::Phone | Cell::Id => figure,
        Cell::Address => address_like(value) || super::divisions_in(value).is_some(),
        Cell::Date => figure || value.starts_with("二〇") || value.starts_with("二零"),
        Cell::To => super::foot::is_office(value),
        Cell::Other => figure || names::person(value) > 0.8 || names::unit(value) >= 0.8,
        Cell::Content | Cell::Detail => false,
    }
}

/// Whether a row of values lies below a row of labels: no more of them than labels, the first near the first.
fn fits_below(labels: &[Pair], values: &Row) -> bool {
    let one = labels.len() == 1;
    let near = labels
        .first()
        .is_some_and(|pair| (values.left - pair.left).abs() <= 2.0 * ASIDE);
    near && (one || parts(values).count() <= 2 * labels.len())
}

/// The cell whose value goes on in the row below: an address at its label's edge where its row is full (…3-2-170 / 2) or below its value, a number's last figures.
fn home_of<'a>(
    page: &PageText,
    row: &Row,
    here: &'a mut [Pair],
    next: &Row,
) -> Option<&'a mut Pair> {
    let one = here.len() == 1;
    let below = |pair: &Pair| {
        let begins = pair.value.first().map(|g| place_of(page, g));
        begins.is_some_and(|begins| (begins - next.left).abs() <= ASIDE)
    };
    here.iter_mut().find(|pair| {
        let full = one && row.right > FULL_ROW || next.left > pair.left + ASIDE && below(pair);
        pair.cell == Cell::Address && full && is_rest(next)
            || (one || below(pair)) && is_rest_of_number(pair, next)
    })
}

fn is_rest(row: &Row) -> bool {
    let text = row.compact();
    let short = text.chars().count() <= LONGEST_REST;
    let housed = text.contains(|c: char| c.is_ascii_digit()) || address_like(&text);
    short && (housed || super::place::ends_well(&text)) && !text.contains(':')
}

/// 身份证号:2203231958061128 / 23
fn is_rest_of_number(pair: &Pair, next: &Row) -> bool {
    let figures = |g: &Glyph| g.ch.is_ascii_digit() || matches!(g.ch, 'X' | 'x');
    let begun = pair.value.last().is_some_and(figures);
    let length = pair.value.iter().filter(|g| figures(g)).count() + next.glyphs.len();
    let whole = match pair.cell {
        Cell::Id => length == 18,
        Cell::Phone => (11..=12).contains(&length),
        _ => false,
    };
    begun && whole && next.glyphs.iter().all(figures)
}

/// Characters of an address that goes on below.
const LONGEST_REST: usize = 14;

/// 代理人, 受托人, 律师: who acts for whoever writes.
fn is_agent(pair: &Pair) -> bool {
    let label = text_of(&pair.label);
    let acts = ["代理人", "受托人", "受委托人", "律师", "社工"];
    pair.cell == Cell::Other && acts.iter().any(|word| label.ends_with(word))
}

/// Whether a row can be read as it is: known labels, each with a gap or a colon behind it, or somebody else's cells.
fn is_in_order(row: &Row, here: &[Pair]) -> bool {
    let label = |pair: &Pair| text_of(&pair.label);
    let known = |pair: &Pair| {
        let label = label(pair);
        Some(label.as_str()) == common(pair.cell) || labels::is_label(&label)
    };
    if let [pair] = here {
        let colon = row.glyphs.iter().any(|g| g.ch == ':');
        return pair.cell == Cell::Content || colon && known(pair) || pair.value.is_empty();
    }
    let others = here.first().is_some_and(|pair| pair.cell == Cell::Other);
    // 王某 and a firm's name are read in a row of their own.
    let whole = |pair: &Pair| pair.cell != Cell::Name || names::person(&text_of(&pair.value)) > 0.8;
    let parted =
        |pair: &Pair| known(pair) && whole(pair) && !pair.is_joined && !pair.value.is_empty();
    !here.iter().any(is_agent) && (others || here.iter().all(parted))
}

/// The cells of a row, each in a row of its own.
fn written(row: &Row, here: Vec<Pair>) -> impl Iterator<Item = Row> {
    let row = Row {
        glyphs: Vec::new(),
        ..row.clone()
    };
    here.into_iter().map(move |pair| {
        let mut glyphs = label_of(&pair);
        let last = *glyphs.last().unwrap_or(&pair.label[0]);
        glyphs.push(Glyph {
            ch: ':',
            raw: ':',
            ..last
        });
        glyphs.extend_from_slice(&pair.value);
        Row {
            glyphs,
            left: pair.left,
            ..row.clone()
        }
    })
}

/// A label by its common name, or as it was written.
fn label_of(pair: &Pair) -> Vec<Glyph> {
    let text = text_of(&pair.label);
    let known = labels::is_label(seal::numbered(&text));
    match common(pair.cell) {
        Some(name) if !known => {
            let first = pair.label[0];
            name.chars()
                .map(|ch| Glyph {
                    ch,
                    raw: ch,
                    ..first
                })
                .collect()
        }
        _ => {
            let skipped = text.chars().count() - seal::numbered(&text).chars().count();
            // 孩子姓名: no label of who writes.
            let named = pair.cell == Cell::Other && text.ends_with("姓名");
            let end = pair.label.len() - if named { 2 } else { 0 };
            pair.label[skipped..end].to_vec()
        }
    }
}

fn common(cell: Cell) -> Option<&'static str> {
    match cell {
        Cell::Name => Some("姓名"),
        Cell::Phone => Some("联系电话"),
        Cell::Address => Some("住址"),
        Cell::Id => Some("身份证号"),
        Cell::Date => Some("日期"),
        Cell::To => Some("收信单位"),
        Cell::Other | Cell::Detail | Cell::Content => None,
    }
}

fn is_sentence(row: &Row) -> bool {
    let text = row.compact();
    text.contains(['。', '!', '?', ';']) || text.chars().filter(|c| *c == ',').count() >= 2
}

/// What stands between the gaps of a row.
fn parts(row: &Row) -> impl Iterator<Item = &[Glyph]> {
    row.glyphs
        .split(|g| g.ch == ' ')
        .filter(|part| !part.is_empty())
}

/// Where a character begins, as a share of the page's width.
fn place_of(page: &PageText, glyph: &Glyph) -> f32 {
    let line = &page.lines[glyph.line];
    let xs = line.quad.map(|corner| corner[0]);
    let from = xs.iter().copied().fold(f32::MAX, f32::min);
    let to = xs.iter().copied().fold(f32::MIN, f32::max);
    let count = line.text.chars().count().max(1) as f32;
    let share = glyph.at as f32 / count;
    (from + share * (to - from)) / page.width.max(1) as f32
}
