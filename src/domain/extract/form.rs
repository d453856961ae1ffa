//! A letter that is a form: rows of labels with their values in the cells beside them, above what the form is about.

use crate::domain::zones::{LetterZones, Row};

use super::labels;
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
