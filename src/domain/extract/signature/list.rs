//! The signatures of a list: names below a head, side by side, one below the other, numbered, in a table.

use crate::domain::zones::{Glyph, address_like, is_han, text_of};

use super::super::evidence::reading;
use super::super::glyphs::squeeze;
use super::super::labels::is_label;
use super::super::phone::find_phones;
use super::super::tail::{Item, Kind};
use super::{Form, Signature, at_a_unit, at_a_village, bare, dated, run_together, tokens};

/// One row that may belong to a list.
struct Listed {
    parts: Vec<Signature>,
    row: usize,
    under_head: bool,
    after_closing: bool,
    bare: bool,
    /// 来信人: and one name.
    labelled: bool,
    /// 业主: who they are that sign, and their names.
    role: bool,
    /// 临江书店 王芳: a unit and who signed for it, one signature among those of other units.
    for_unit: bool,
    /// A number stands beside the names: a telephone, a room.
    numbered: bool,
    /// Its place in the list, where it is written before the name.
    number: Option<u32>,
}

impl Listed {
    fn sure(&self) -> usize {
        self.parts.iter().filter(|t| t.is_whole()).count()
    }

    /// 业主:王芳 望佳: several names behind a label, one of them sure.
    fn names_labelled(&self) -> bool {
        self.sure() >= 1 && self.parts.len() >= 2 && self.parts.iter().all(|t| t.score >= 0.4)
    }

    /// Several parts, each of them like a name.
    fn names_only(&self) -> bool {
        self.parts.len() >= 2 && self.parts.iter().all(|t| t.score >= 0.2)
    }
}

/// The signatures of a list: under its head, or rows of several names. Empty when there is no list.
pub(crate) fn list(items: &[Item]) -> Vec<Signature> {
    let head = items.iter().position(|i| i.kind == Kind::ListHead);
    let mut rows = listed_rows(items, head);
    sign_for_units(&mut rows);
    let rows = rows;
    // 反映人:A, 反映人:B, each on a row of his own; so 户主:A, 户主:B.
    let each = |role: bool| {
        let own = rows.iter().filter(|r| r.labelled && r.role == role);
        own.filter(|r| r.sure() == 1).count() >= 2
    };
    let each = [each(false), each(true)];
    let mut found: Vec<Signature> = Vec::new();
    let (mut bare_rows, mut in_rows) = (0, 0);
    let mut last_listed = head.map(|h| items[h].row);
    for (index, at) in rows.iter().enumerate() {
        let sure = at.sure();
        // A row of a list may hold one name nobody is sure of.
        let goes_on = at.parts.len() == 1
            && at.parts[0].score >= 0.4
            && last_listed.is_some_and(|row: usize| at.row == row + 1);
        // Nor is a row of a table weaker for its surname: name and number as above.
        let in_table =
            goes_on && at.bare && at.numbered && found.len() >= 2 && rows[index - 1].numbered;
        let listed = if at.under_head {
            sure > 0 || at.parts.len() > 1 || goes_on
        } else {
            in_table
                || at.after_closing
                    && (sure >= 2 && sure * 2 > at.parts.len()
                        || names_around(&rows, index)
                        || at.labelled && at.names_labelled()
                        || at.for_unit)
        };
        let one = at.parts.len() == 1;
        let heads = at.sure() == 1 && heads_a_column(&rows, index);
        let labelled =
            at.labelled && (each[usize::from(at.role)] || heads) && one && at.parts[0].score >= 0.4;
        let rare = goes_on && between(&rows, index) || one && beside_a_unit(&rows, index);
        let alone = !at.under_head
            && at.after_closing
            && (at.bare && one && (sure == 1 || rare) || labelled);
        if listed || alone {
            bare_rows += usize::from(alone && at.bare);
            in_rows += 1;
            last_listed = Some(at.row);
            let floor = if at.under_head { 0.1 } else { 0.2 };
            // A seal's or a stroke's few characters between the names: nothing like a name, and hardly read at all.
            let noise = |t: &&Signature| t.score < 0.5 && reading(&t.glyphs) < 0.45;
            let kept = at.parts.iter().filter(|t| t.score >= floor && !noise(t));
            // Who each of them is that says 户主 before his name, a person has to see.
            let doubted = labelled && at.role;
            found.extend(kept.map(|t| Signature {
                cut_out: t.cut_out || doubted,
                ..t.clone()
            }));
        }
    }
    // Two names below each other are no list yet, but two rows of a table are, name and number, and two units'.
    let in_table = found.iter().all(|signature| signature.phone.is_some());
    let units = found.iter().all(|s| s.form == Form::Unit && s.score >= 0.9);
    let rows_alone =
        bare_rows == found.len() && found.len() < 3 && !in_table && !units && !is_numbered(&rows);
    if head.is_none()
        && (found.len() < 2
            || rows_alone
            || in_rows == 1 && (at_a_unit(&found) || at_a_village(&found)))
    {
        return Vec::new();
    }
    let mut listed = distinct(found);
    tell_holder(items, &mut listed);
    listed
}

/// Leaves one signature of a row that has a unit and who signed for it, where other rows are of units as well: the unit's where one of them signs by itself,
/// else the person's. Which of the two is registered, a person has to say.
fn sign_for_units(rows: &mut [Listed]) {
    let unit = |s: &Signature| s.form == Form::Unit && s.score >= 0.4;
    let headed = rows.iter().filter(|r| r.parts.first().is_some_and(unit));
    if headed.count() < 2 {
        return;
    }
    let by_itself = rows
        .iter()
        .any(|r| matches!(&r.parts[..], [one] if unit(one)));
    for row in rows
        .iter_mut()
        .filter(|row| row.bare && at_a_unit(&row.parts))
    {
        let [unit, person] = &row.parts[..] else {
            continue;
        };
        let kept = if by_itself { unit } else { person };
        let kept = Signature {
            phone: unit.phone.clone().or(person.phone.clone()),
            cut_out: true,
            ..kept.clone()
        };
        row.parts = vec![kept];
        row.for_unit = true;
    }
}

/// Whether what may be a unit's name stands alone right above or below a row that is one: 凤台书店 among 有限公司.
fn beside_a_unit(rows: &[Listed], at: usize) -> bool {
    let of_unit = |row: &Listed, score: f32| {
        let one = row.bare || row.for_unit;
        one && matches!(&row.parts[..], [one] if one.form == Form::Unit && one.score >= score)
    };
    let near = |other: Option<&Listed>| {
        other.is_some_and(|row| of_unit(row, 0.8) && row.row.abs_diff(rows[at].row) == 1)
    };
    let above = at.checked_sub(1).and_then(|above| rows.get(above));
    of_unit(&rows[at], 0.4) && (near(above) || near(rows.get(at + 1)))
}

/// (1)王芳 / (2)李建国: rows that count themselves, from the first on.
fn is_numbered(rows: &[Listed]) -> bool {
    let named = rows.iter().filter(|row| row.bare && row.sure() == 1);
    let numbers: Vec<u32> = named.map_while(|row| row.number).collect();
    numbers.len() >= 2 && numbers.iter().zip(1..).all(|(number, at)| *number == at)
}

/// Whether a name nobody is sure of stands between two that are sure, each alone on its row.
fn between(rows: &[Listed], at: usize) -> bool {
    let sure = |row: &Listed| row.bare && row.parts.len() == 1 && row.sure() == 1;
    let [above, here, below] = rows.get(at.wrapping_sub(1)..at + 2).unwrap_or_default() else {
        return false;
    };
    sure(above) && sure(below) && above.row + 1 == here.row && here.row + 1 == below.row
}

/// 反映人:项春桃, and two names or more below it, each alone on the next row.
fn heads_a_column(rows: &[Listed], at: usize) -> bool {
    let alone = |(i, row): &(usize, &Listed)| {
        row.bare && row.parts.len() == 1 && row.sure() == 1 && row.row == rows[at].row + i
    };
    let below = rows[at + 1..].iter().enumerate();
    let below = below.map(|(i, row)| (i + 1, row));
    rows[at].labelled && below.take_while(alone).count() >= 2
}

/// 联系电话:13800000000(王芳): whose of the signatories a number is, where his name stands beside it.
fn tell_holder(items: &[Item], listed: &mut [Signature]) {
    for item in items.iter().filter(|i| i.kind == Kind::Phone) {
        let text = text_of(&squeeze(&item.value));
        let numbers = find_phones(&item.value);
        let [number] = &numbers[..] else {
            continue;
        };
        if let Some(holder) = listed.iter_mut().find(|s| text.contains(&s.name())) {
            holder.phone.get_or_insert_with(|| number.value.clone());
        }
    }
}

fn listed_rows(items: &[Item], head: Option<usize>) -> Vec<Listed> {
    let row_of = |(index, item): (usize, &Item)| {
        let under_head = head.is_some_and(|h| index >= h);
        let mut parts = match item.kind {
            Kind::ListHead | Kind::Bare if under_head => with_unknown_units(&item.value),
            Kind::ListHead => tokens(&item.value),
            Kind::Bare => bare(&item.value),
            Kind::Signer if !under_head => tokens(&item.value),
            Kind::Role => tokens(&item.value),
            _ => return None,
        };
        if let [one] = &mut parts[..]
            && one.form == Form::Person
            && one.phone.is_none()
        {
            one.phone = number_beside(&items[index..]);
        }
        Some(Listed {
            parts,
            row: item.row,
            under_head,
            after_closing: item.after_closing,
            bare: item.kind == Kind::Bare,
            labelled: matches!(item.kind, Kind::Signer | Kind::Role),
            role: item.kind == Kind::Role,
            for_unit: false,
            numbered: item.value.iter().any(|g| g.ch.is_ascii_digit()),
            number: number_before(&item.value),
        })
    };
    items.iter().enumerate().filter_map(row_of).collect()
}

/// The one or two figures a value begins with, and a mark behind them: 1. 王芳.
fn number_before(value: &[Glyph]) -> Option<u32> {
    let figures: String = value
        .iter()
        .map(|g| g.ch)
        .take_while(char::is_ascii_digit)
        .collect();
    let mark = value
        .get(figures.len())
        .is_some_and(|g| matches!(g.ch, '.' | ')' | '、' | ' '));
    let number = figures.parse().ok().filter(|_| figures.len() <= 2);
    number.filter(|_| mark)
}

/// 汪小满 电话:13872514096: the number that a label gives in the row of a name, before somebody else is named there.
fn number_beside(items: &[Item]) -> Option<String> {
    let [name, behind @ ..] = items else {
        return None;
    };
    let details = behind.iter().take_while(|i| {
        let detail = matches!(i.kind, Kind::Address | Kind::Phone | Kind::Id | Kind::Other);
        i.row == name.row && detail
    });
    let mut numbers = details.flat_map(|i| find_phones(&i.value));
    numbers.next().map(|found| found.value)
}

/// Whether a row without a head stands in a block of rows of nothing but names, of which at least two have a surname one knows: 刀文山 is
/// a signature beside 刘祥.
fn names_around(rows: &[Listed], at: usize) -> bool {
    if !rows[at].names_only() {
        return false;
    }
    let joins = |a: usize, b: usize| {
        rows[a].names_only() && rows[b].names_only() && rows[a].row + 1 == rows[b].row
    };
    let mut first = at;
    while first > 0 && joins(first - 1, first) {
        first -= 1;
    }
    let mut last = at;
    while last + 1 < rows.len() && joins(last, last + 1) {
        last += 1;
    }
    rows[first..=last].iter().map(Listed::sure).sum::<usize>() >= 2
}

/// The signatures of a row under the head of a list; what is too long for a name and nothing else is a unit of a kind nobody listed.
fn with_unknown_units(glyphs: &[Glyph]) -> Vec<Signature> {
    let mut parts = tokens(glyphs);
    for word in glyphs.split(|g| g.ch == ' ') {
        let text = text_of(word);
        let long = (5..=16).contains(&word.len()) && word.iter().all(|g| is_han(g.ch));
        let unknown = Signature::new(word, 1.0).is_none() && run_together(word).is_none();
        let other = address_like(&text) || dated(&text) || is_label(&text);
        if long && unknown && !other {
            parts.push(Signature {
                glyphs: word.to_vec(),
                form: Form::Unit,
                score: 0.5,
                phone: None,
                cut_out: false,
            });
        }
    }
    parts
}

fn distinct(found: Vec<Signature>) -> Vec<Signature> {
    let mut out: Vec<Signature> = Vec::new();
    for signature in found {
        let name = signature.name();
        match out.iter_mut().find(|s| s.name() == name) {
            Some(known) => known.phone = known.phone.take().or(signature.phone),
            None => out.push(signature),
        }
    }
    out
}
