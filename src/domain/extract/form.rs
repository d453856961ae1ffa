//! A letter that is a form: rows of labels with their values in the cells beside them, above what the form is about.

use crate::domain::field::Source;
use crate::domain::zones::{Glyph, LetterZones, Row, address_like, text_of};

use super::evidence::Candidate;
use super::foot;
use super::labels::{self, WRITTEN_TO};
use super::names;
use super::phone::find_phones;
use super::signature::{self, Form, Signature, seal};
use super::tail::{Item, Kind, items};

/// Rows of a form's head at most.
const LONGEST_FORM: usize = 16;

/// Fewer rows of cells make no form.
const SHORTEST_FORM: usize = 3;

/// The labelled values in the cells of a form; nothing where the letter is none.
pub(crate) fn cells(zones: &LetterZones) -> Vec<Item> {
    let above = zones.rows.len().min(zones.tail.start);
    let top = &zones.rows[..above.min(LONGEST_FORM)];
    let top: Vec<Row> = top
        .iter()
        .enumerate()
        .filter(|(at, _)| !zones.salutation.contains(at))
        .map(|(_, row)| row.clone())
        .collect();
    let Some(from) = top.iter().position(is_labelled) else {
        return Vec::new();
    };
    let rows = top[from..].iter().scan(f32::MAX, |left, row| {
        let labelled = is_labelled(row);
        if labelled {
            *left = row.left;
        }
        // What does not fit into a cell goes on below it.
        let goes_on = row.left > *left + CELL && !is_sentence(row);
        (labelled || goes_on).then_some(row.clone())
    });
    let rows: Vec<Row> = rows.collect();
    let labelled = rows.iter().filter(|row| is_labelled(row)).count();
    if labelled < SHORTEST_FORM {
        return Vec::new();
    }
    let mut cells = items(&rows);
    cells.retain(|cell| cell.kind != Kind::Bare);
    cells
}

/// The name in the cell of whoever fills in a form.
pub(crate) fn name(zones: &LetterZones) -> Option<Candidate> {
    let cells = cells(zones);
    let signer = cells.iter().filter(|cell| cell.kind == Kind::Signer);
    signer.into_iter().find_map(|cell| {
        let glyphs = cell.value.iter().take_while(|g| g.ch != ' ').copied();
        let name: Vec<Glyph> = glyphs.collect();
        (names::person(&text_of(&name)) > 0.8).then(|| in_form(&name))
    })
}

/// 来信人:匿名, 姓名:王某, 企业名称:X公司: what stands in the cell of whoever fills in a form, where it is nobody's full name.
pub(crate) fn signed(zones: &LetterZones) -> Option<Signature> {
    let cells = cells(zones);
    let mut named = cells.iter().filter(|cell| cell.kind == Kind::Signer);
    named.find_map(|cell| {
        let parts = signature::tokens(&cell.value);
        parts.into_iter().find(|s| s.form != Form::Person)
    })
}

/// What a form asks for who writes by.
const WHO: &[&str] = &[
    "我是谁",
    "我叫什么",
    "我叫什么名字",
    "我叫",
    "我的姓名",
    "我的名字",
    "您是谁",
    "你是谁",
    "本人是谁",
    "写信人是谁",
    "谁写的信",
    "谁写的",
    "写信的人",
    "来信的人",
    "反映问题的人",
    "姓名",
    "写信人",
    "来信人",
    "反映人",
];

/// 一、我是谁:王芳: the name in a numbered row that asks for who writes.
pub(crate) fn asked(zones: &LetterZones) -> Option<Candidate> {
    let top = &zones.rows[..zones.rows.len().min(LONGEST_FORM)];
    let mut rows = top.iter().map(|row| super::glyphs::squeeze(&row.glyphs));
    rows.find_map(|glyphs| {
        let colon = glyphs.iter().position(|g| g.ch == ':')?;
        let label = text_of(&glyphs[..colon]);
        let asked = seal::numbered(&label);
        let name = super::tail::trim(&glyphs[colon + 1..]);
        let named = asked.len() < label.len() && WHO.contains(&asked);
        (named && names::person(&text_of(name)) > 0.4).then(|| in_form(name))
    })
}

/// 发件人:王芳 收件单位:X: the writer's label in one of the first rows, and whose name it is.
pub(crate) fn sent_by(zones: &LetterZones) -> Option<Candidate> {
    let mut top = zones.rows.iter().take(TOP_ROWS);
    top.find_map(|row| {
        let colon = row.glyphs.iter().position(|g| g.ch == ':')?;
        let label = text_of(&super::glyphs::squeeze(&row.glyphs[..colon]));
        let sent = SENT_BY.contains(&label.as_str());
        let name = row.glyphs[colon + 1..].iter().skip_while(|g| g.ch == ' ');
        let name: Vec<Glyph> = name.take_while(|g| g.ch != ' ').copied().collect();
        (sent && names::person(&text_of(&name)) > 0.8).then(|| in_form(&name))
    })
}

/// 一位市民:王芳 above whom a letter is for: who he is and his name.
pub(crate) fn called(zones: &LetterZones) -> Option<Candidate> {
    let above = zones.rows.len().min(zones.tail.start).min(TOP_ROWS);
    zones.rows[..above].iter().find_map(|row| {
        let glyphs = super::glyphs::squeeze(&row.glyphs);
        let colon = glyphs.iter().position(|g| g.ch == ':')?;
        let label = text_of(&glyphs[..colon]);
        let own = names::pseudonym(&label) && !labels::is_of_others(&label);
        let name = super::tail::trim(&glyphs[colon + 1..]);
        (own && names::person(&text_of(name)) > 0.8).then(|| in_form(name))
    })
}

/// What stands before who sends a letter, on top of it.
const SENT_BY: &[&str] = &["发件人", "发信人", "寄件人", "寄信人", "发", "自"];

/// X路6号　王芳 above the salutation: who wrote, beside his address or his number, where a letter begins with them.
pub(crate) fn letterhead(head: &[Row]) -> Option<Candidate> {
    let whole = |glyphs: &[Glyph]| {
        let letters = glyphs.split(|g| g.ch.is_ascii_digit()).next();
        let name = super::glyphs::squeeze(super::tail::trim(letters.unwrap_or_default()));
        (names::person(&text_of(&name)) > 0.8).then_some(name)
    };
    let parted = head.iter().find_map(|row| {
        let parts = foot::parted(&row.glyphs);
        let named = |part: &&[Glyph]| whole(part);
        parts.iter().find_map(named).filter(|_| parts.len() == 2)
    });
    let alone = || {
        let reached =
            |row: &&Row| !find_phones(&row.glyphs).is_empty() || address_like(&row.compact());
        let beside = head.iter().any(|row| reached(&row));
        // 申诉书 is a title.
        let titled = |row: &&Row| row.compact().ends_with(TITLES);
        let mut named = head.iter().filter(|row| !reached(row) && !titled(row));
        named.find_map(|row| whole(&row.glyphs)).filter(|_| beside)
    };
    parted
        .or_else(alone)
        .or_else(|| beside_number(head))
        .map(|name| Candidate::as_read(&name, 0.8, Source::LetterBody, "7.4.2.2/1"))
}

/// X村 / 王芳 139…: a whole name and a number in a row, and an address in another.
fn beside_number(head: &[Row]) -> Option<Vec<Glyph>> {
    let placed = |row: &Row| {
        let known = super::divisions_in(&row.compact()).is_some_and(|d| d.steps.len() >= 2);
        known && find_phones(&row.glyphs).is_empty()
    };
    let named = head.iter().find_map(|row| {
        let numbers = find_phones(&row.glyphs);
        let [number] = &numbers[..] else {
            return None;
        };
        let name = super::glyphs::squeeze(super::tail::trim(&row.glyphs[..number.from]));
        let ends = super::tail::trim(&row.glyphs[number.to..]).is_empty();
        (ends && names::person(&text_of(&name)) > 0.8).then_some(name)
    });
    named.filter(|_| head.iter().any(placed))
}

/// What the title of a letter ends in.
const TITLES: [char; 10] = ['书', '信', '表', '函', '状', '件', '告', '单', '文', '材'];

/// A name behind the label of who writes signs, wherever it stands.
fn in_form(name: &[Glyph]) -> Candidate {
    Candidate::as_read(name, 0.8, Source::LetterSignature, "7.4.2.2/1")
}

/// Whom labels say it is written to, on top of a letter or in the cells of a form.
pub(crate) fn written_to(zones: &LetterZones) -> Vec<Vec<Glyph>> {
    let is_form = !cells(zones).is_empty();
    let top = zones.rows.iter().take(LONGEST_FORM).enumerate();
    let top = top.filter(|(at, _)| !zones.salutation.contains(at) && !zones.tail.contains(at));
    let value = |(at, row): (usize, &Row)| {
        let gap = row.glyphs.iter().position(|g| g.ch == ' ');
        let is_colon = |i: &usize| row.glyphs[*i].ch == ':';
        let colons = (0..row.glyphs.len()).filter(is_colon);
        let labelled = |end: &usize| {
            // 发件人:X 收件单位:Y, but 抄 送:X is one label.
            let before = &row.glyphs[..*end];
            let from = before.iter().rposition(|g| g.ch == ' ');
            let from = from.filter(|from| before[..*from].iter().any(|g| g.ch == ':'));
            let label = text_of(&before[from.map_or(0, |at| at + 1)..]);
            // 4.收信单位:
            let label = seal::numbered(&label).trim_start();
            let long = label.chars().count() > 1 || is_form || at < TOP_ROWS;
            let told = label.chars().count() == 1 && is_sentence(row);
            long && !told && WRITTEN_TO.contains(&label.trim_end_matches(':'))
        };
        let end = colons.chain(gap).find(labelled)?;
        Some(super::tail::trim(&row.glyphs[end..]).to_vec())
    };
    top.filter_map(value).collect()
}

/// A label of one character heads a letter in its first rows: 致 市长.
const TOP_ROWS: usize = 4;

/// What goes on below its cell begins so much of the page's width right of the label.
pub(crate) const CELL: f32 = 0.06;

/// 来信人姓名 艾梅 民族 汉: a label stands alone before the first gap, or before a colon.
fn is_labelled(row: &Row) -> bool {
    let first: String = row.chars().into_iter().take_while(|c| *c != ' ').collect();
    let named = first.strip_suffix("姓名").unwrap_or(&first);
    let alone = labels::is_label(&first) || labels::is_label(named);
    (alone || labels::is_of_a_form(&row.compact())) && !is_sentence(row)
}

fn is_sentence(row: &Row) -> bool {
    row.compact().contains(['。', '!', '?', ';'])
}
