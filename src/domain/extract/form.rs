//! A letter that is a form: rows of labels with their values in the cells beside them, above what the form is about.

use crate::domain::field::Source;
use crate::domain::zones::{Glyph, LetterZones, Row, text_of};

use super::evidence::Candidate;
use super::labels;
use super::names;
use super::tail::{Item, Kind, items};

/// Rows of a form's head at most.
const LONGEST_FORM: usize = 16;

/// Fewer rows of cells make no form.
const SHORTEST_FORM: usize = 3;

/// The labelled values in the cells of a form; nothing where the letter is none.
pub(crate) fn cells(zones: &LetterZones) -> Vec<Item> {
    let body = zones.body_rows();
    let top = &body[..body.len().min(LONGEST_FORM)];
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
        (names::person(&text_of(&name)) > 0.8)
            .then(|| Candidate::as_read(&name, 0.8, Source::LetterBody, "7.4.2.2/1"))
    })
}

/// What a form asks for whom it is written to by.
const WRITTEN_TO: &[&str] = &[
    "写给谁",
    "写给",
    "致送单位",
    "受信人",
    "受信单位",
    "收信人",
    "收信单位",
    "呈送单位",
    "受理单位",
    "致何单位",
];

/// Whom a form says it is written to.
pub(crate) fn written_to(zones: &LetterZones) -> Option<Vec<Glyph>> {
    let body = zones.body_rows();
    let top = &body[..body.len().min(LONGEST_FORM)];
    top.iter().find_map(|row| {
        let label = row.glyphs.iter().position(|g| g.ch == ' ')?;
        let asked = text_of(&row.glyphs[..label]);
        WRITTEN_TO
            .contains(&asked.trim_end_matches(':'))
            .then(|| row.glyphs[label + 1..].to_vec())
    })
}

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
