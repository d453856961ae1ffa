//! What stands under a letter, taken apart: labelled values (来信人：…, 地址：…), and bare writing.
//!
//! Labels are often misread or left out, so an unknown label is typed by what follows it.

mod found;

use crate::domain::zones::{Glyph, Row, address_like, is_closing, is_han, text_of};

use super::date::find_dates;
use super::form::CELL;
use super::glyphs::{all_han, chars_of, has_any, squeeze};
use super::heading::{heads_a_list, rest_of_closing};
pub(crate) use super::labels::Kind;
use super::labels::{OTHERS, WRITERS, is_mark, is_of_others, parts_label};
use super::phone::find_phones;
use super::signature::seal;
use super::stitch::{FULL_ROW, stitched};
use super::{foot, names, reach};
use found::labels;

/// One labelled or bare piece of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    /// The characters after the label, blanks kept.
    pub(crate) value: Vec<Glyph>,
    /// Index of the row within the tail.
    pub(crate) row: usize,
    /// Under the closing formula.
    pub(crate) after_closing: bool,
}

/// Takes the tail apart; dates and closing formulas are left out, wrapped addresses and numbers put together again.
pub(crate) fn items(tail: &[Row]) -> Vec<Item> {
    let closing = tail.iter().rposition(|r| is_closing(&r.compact()));
    let mut out: Vec<Item> = Vec::new();
    let written = told_together(tail, stitched(tail));
    // The rows below 证明人: with nothing beside it are names of such.
    let mut others_end = None;
    for (index, row) in tail.iter().enumerate() {
        let after_closing = closing.is_none_or(|c| index > c);
        if let Some(value) = foot::addressed(tail, index) {
            out.push(Item {
                kind: Kind::Addressed,
                value,
                row: index,
                after_closing,
            });
            continue;
        }
        if foot::is_distributed(&row.compact()) {
            continue;
        }
        if let Some((name, behind)) = foot::elected(&row.glyphs) {
            let contact = (Kind::Contact, name.clone());
            // His number with his name before it: whose it is is said.
            let number = [name, behind].concat();
            let number = (!find_phones(&number).is_empty()).then_some((Kind::Phone, number));
            for (kind, value) in [contact].into_iter().chain(number) {
                out.push(Item {
                    kind,
                    value,
                    row: index,
                    after_closing,
                });
            }
            continue;
        }
        let undated = without_dates(&row.glyphs);
        let closes = is_closing(&row.compact()) || is_closing(&text_of(&undated));
        if closes || rest_of_closing(tail, index) {
            // 盼复!韦志英
            let named = foot::name_behind_closing(&undated);
            if let Some(name) = named.or_else(|| foot::name_before_closing(&undated)) {
                out.push(Item {
                    kind: Kind::Bare,
                    value: name,
                    row: index,
                    after_closing: true,
                });
            }
            continue;
        }
        let of_others = labels_others(&row.compact());
        if of_others {
            others_end = Some(index);
        }
        if !of_others && heads_a_list(&tail[index..]) {
            out.push(Item {
                kind: Kind::ListHead,
                value: Vec::new(),
                row: index,
                after_closing,
            });
            continue;
        }
        let mut found = row_items(&written[index]);
        if foot::is_endorsed(&row.compact()) {
            found.retain(|(kind, _)| matches!(kind, Kind::Another | Kind::Officer));
        }
        let continues = found.len() == 1 && found[0].0 == Kind::Bare;
        if continues
            && let Some(last) = out.last_mut()
            && last.row + 1 == index
            && carries_on(last, &found[0].1, &tail[last.row])
        {
            last.value.extend(found[0].1.iter().copied());
            last.row = index;
            continue;
        }
        if continues
            && index > 0
            && row.left > tail[index - 1].left + CELL
            && let Some(cell) = out
                .iter_mut()
                .find(|i| i.kind == Kind::Address && i.row + 1 == index)
            && goes_on_in_cell(cell, &found[0].1)
        {
            cell.value.extend(found[0].1.iter().copied());
            cell.row = index;
            continue;
        }
        let more = others_end.is_some_and(|end| end + 1 == index)
            && found.iter().all(|(kind, _)| *kind == Kind::Bare)
            && names_only(row)
            && !is_after_units(tail, index);
        if more {
            others_end = Some(index);
        }
        // 情况属实。 / X村民委员会(盖章): whoever endorses a letter has not written it.
        let signed = out.iter().any(is_signed);
        let endorses = |row: &Row| signed && foot::endorses(&row.compact());
        let endorsed = index > 0 && endorses(&tail[index - 1]) && is_unit(row);
        let of_another = more || endorsed && continues;
        if tail.get(index + 1).is_some_and(is_unit) && endorses(row) {
            continue;
        }
        for (kind, value) in found {
            let kind = if of_another { Kind::Another } else { kind };
            out.push(Item {
                kind,
                value,
                row: index,
                after_closing,
            });
        }
    }
    out
}

/// The rows' characters; a sentence of how to reach the writer that goes on below its row, as one.
fn told_together(tail: &[Row], mut written: Vec<Vec<Glyph>>) -> Vec<Vec<Glyph>> {
    for at in 1..written.len() {
        let (above, below) = written.split_at_mut(at);
        let Some((above, below)) = above.last_mut().zip(below.first_mut()) else {
            continue;
        };
        let ended = text_of(above).ends_with(['。', '!']);
        let other = foot::is_dated(&tail[at]) || tail[at].left > tail[at - 1].left + CELL;
        if reach::is_prose(above) && tail[at - 1].right > FULL_ROW && !ended && !other {
            above.append(below);
        }
    }
    written
}

/// 证明人: with names below it, or 证明人:向传英、骆启华、 that go on there.
fn labels_others(text: &str) -> bool {
    let Some((label, value)) = text.split_once(':') else {
        return false;
    };
    let open = value.is_empty() || value.ends_with(['、', ',']);
    let about = value.is_empty() && is_of_others(label) && !has_any(label, &["签", "署", "联名"]);
    open && (about || OTHERS.iter().any(|other| label.ends_with(other)))
}

/// Whether a row below a unit's is a person's: units were listed, and he signs below them.
fn is_after_units(tail: &[Row], at: usize) -> bool {
    is_unit(&tail[at - 1]) && !is_unit(&tail[at])
}

/// Whether somebody has put his whole name there.
fn is_signed(item: &Item) -> bool {
    let signs = matches!(item.kind, Kind::Bare | Kind::Signer | Kind::Role);
    signs && names::person(&text_of(&squeeze(trim(&item.value)))) > 0.8
}

/// A unit's name, under its seal or without one.
fn is_unit(row: &Row) -> bool {
    let text = row.compact();
    names::unit(&text) >= 0.8 || seal::is_units(&text)
}

fn names_only(row: &Row) -> bool {
    let (named, parts) = names::names_in(row);
    parts > 0 && named == parts
}

/// Whether a bare row below a cell goes on with the address in it: 住址 …133 / 号9栋2单元302室.
fn goes_on_in_cell(cell: &Item, next: &[Glyph]) -> bool {
    let text = text_of(next);
    let ends = text.ends_with([
        '室', '房', '号', '楼', '层', '户', '幢', '栋', '组', '队', '村', '社', '元',
    ]);
    let number = text.chars().all(|c| c.is_ascii_digit() || c == '-');
    address_like(&text_of(&cell.value))
        && text.chars().count() <= 16
        && (ends || number && text.len() <= 6)
        && !begins_other(&text)
        && find_phones(next).is_empty()
        && names::person(&text) <= 0.8
}

/// Whether a bare row goes on with the value above it.
fn carries_on(above: &Item, next: &[Glyph], above_row: &Row) -> bool {
    let next_text: String = chars_of(&squeeze(next)).into_iter().collect();
    let full = above_row.right > FULL_ROW;
    let above_text = text_of(&above.value);
    let address =
        above.kind == Kind::Address || above.kind == Kind::Bare && address_like(&above_text);
    match above.kind {
        _ if address => {
            let street = next_text.chars().any(|c| c.is_ascii_digit()) || address_like(&next_text);
            let ends = ["室", "房", "号", "楼", "层", "户", "幢", "组", "村"]
                .iter()
                .any(|e| next_text.ends_with(e));
            let named = names::person(&next_text) > 0.8;
            let lives = next_text.starts_with('住') && !next_text.starts_with("住宅");
            full && (street || ends)
                && !begins_other(&next_text)
                && !lives
                && find_phones(next).is_empty()
                && !named
                && next_text.chars().count() <= 24
                && find_dates(next).is_empty()
        }
        // A whole number below is its own.
        Kind::Id if begins_other(&next_text) && find_phones(next).len() == 1 => false,
        Kind::Phone | Kind::Id => {
            let figures = |c: char| {
                c.is_ascii_digit() || matches!(c, '-' | 'X' | 'x' | '、' | ',' | ' ' | '(' | ')')
            };
            full && next_text.chars().all(figures) && find_dates(next).is_empty()
        }
        _ => false,
    }
}

/// A date or a phone number that could not be read whole is one all the same, and no part of an address.
fn begins_other(text: &str) -> bool {
    let dated = text.contains('年') && text.contains(['月', '日']);
    let year = text.starts_with("20") || text.starts_with("19") || text.starts_with('二');
    let number = text.starts_with('1') && text.chars().filter(char::is_ascii_digit).count() >= 8;
    number
        || dated
        || year
            && text.chars().filter(char::is_ascii_digit).count() >= 5
            && text.contains(['.', '年', '-'])
}

fn row_items(row_glyphs: &[Glyph]) -> Vec<(Kind, Vec<Glyph>)> {
    let undated = without_dates(row_glyphs);
    let glyphs = with_colon(&undated).to_vec();
    if let Some(wrote) = super::scribe::row(&glyphs) {
        return vec![wrote];
    }
    if let Some(told) = foot::told_of_one(&glyphs) {
        return told.to_vec();
    }
    let reached = reach::parts(&glyphs);
    if !reached.is_empty() {
        return reached;
    }
    let day = foot::is_day(&text_of(&squeeze(row_glyphs)));
    if day || scrap_of_date(&text_of(&glyphs), undated.len() < row_glyphs.len()) {
        return Vec::new();
    }
    if let Some(place) = bracketed_place(row_glyphs) {
        return vec![(Kind::Address, place.to_vec())];
    }
    if is_remark(row_glyphs, &glyphs) {
        return Vec::new();
    }
    let chars = chars_of(&glyphs);
    let labels = labels(&chars);
    let mut out = Vec::new();
    if labels.is_empty() && open_label(&text_of(&glyphs)) {
        return out;
    }
    // 覃玉兰(西陵区珍珠路21号)
    if labels.is_empty()
        && let Some((name, place)) = housed_behind(Kind::Signer, &glyphs)
    {
        push(&mut out, Kind::Bare, name);
        push(&mut out, Kind::Address, place);
        return out;
    }
    let first = labels.first().map_or(glyphs.len(), |l| l.from);
    let before = &glyphs[..first];
    let his = labels.first().is_some_and(|l| l.kind == Kind::Phone) && says_whose(before);
    if !his && (labels.is_empty() || !part_of_label(before)) {
        for part in foot::parted(before_number(before)) {
            // 覃玉兰(住西陵区珍珠路21号)
            if let Some((name, place)) = housed_behind(Kind::Signer, trim(part)) {
                push(&mut out, Kind::Bare, name);
                push(&mut out, Kind::Address, place);
            } else {
                push(&mut out, Kind::Bare, part);
            }
        }
    }
    for (i, label) in labels.iter().enumerate() {
        let end = labels.get(i + 1).map_or(glyphs.len(), |l| l.from);
        let begins = if his && i == 0 { 0 } else { label.to.min(end) };
        let value = trim(&glyphs[begins..end]);
        if label.kind == Kind::ListHead {
            out.push((Kind::ListHead, value.to_vec()));
        } else if label.kind == Kind::Signer && blank(value) {
            out.push((Kind::Unread, Vec::new()));
        } else if let Some((name, place)) = housed_behind(label.kind, value) {
            push(&mut out, label.kind, name);
            push(&mut out, Kind::Address, place);
        } else {
            push(&mut out, label.kind, value);
        }
    }
    out
}

/// 写信人:覃玉兰(西陵区珍珠路21号): the name, and in brackets where he lives.
fn housed_behind(kind: Kind, value: &[Glyph]) -> Option<(&[Glyph], &[Glyph])> {
    let open = value.iter().position(|g| g.ch == '(')?;
    let (name, behind) = value.split_at(open);
    let place = trim(behind);
    let front = ["家住", "现住", "住在", "住"];
    let text = text_of(place);
    let front = front.iter().find(|word| text.starts_with(**word));
    let place = &place[front.map_or(0, |word| word.chars().count())..];
    let own = matches!(kind, Kind::Signer | Kind::Role | Kind::Writer);
    let inside = text_of(place);
    let housed = inside.chars().count() >= SHORTEST_REMARK && address_like(&inside);
    let alone = !has_any(&inside, &[":", "电话", "手机", ","]) && names::unit(&inside) < 0.9;
    let named = names::person(&text_of(&squeeze(trim(name)))) > 0.8;
    (own && housed && alone && named).then_some((name, place))
}

/// Whether a label of a number stands behind the words for whose it is: (其中王芳的 手机:….
fn says_whose(before: &[Glyph]) -> bool {
    let text = text_of(trim(before));
    text.starts_with("其中") || text.ends_with('的') && text.chars().count() > 2
}

/// (铁西区英雄街道平安里4号楼东头): where who signed above it lives, in a row of its own.
fn bracketed_place(row: &[Glyph]) -> Option<&[Glyph]> {
    let [open, inside @ .., close] = row else {
        return None;
    };
    if open.ch != '(' || close.ch != ')' {
        return None;
    }
    let text = text_of(inside);
    let marked = text.contains([':', ',', '(', ')', '。']);
    let known = super::divisions_in(&text).is_some_and(|d| d.steps.len() >= 2);
    (!marked && known && address_like(&text)).then_some(inside)
}

/// A whole row in brackets that neither labels nor signs anything: (原件已交社区,此为重写).
fn is_remark(row: &[Glyph], undated: &[Glyph]) -> bool {
    let text = text_of(row);
    let bracketed = text.starts_with('(') && text.ends_with(')') && text.matches('(').count() == 1;
    let inside = text_of(trim(undated));
    bracketed
        && inside.chars().count() >= SHORTEST_REMARK
        && !text.contains(':')
        && find_phones(row).is_empty()
        && !labelled_name(&inside)
        && names::unit(&inside) < 0.8
        && !names::incomplete(&inside)
        && !names::pseudonym(&inside)
        && names::after_role(&inside).is_none()
        && names::after_whose(&inside).is_none()
}

/// 写信人覃玉兰: the writer's label and his whole name.
fn labelled_name(text: &str) -> bool {
    let mut named = WRITERS.iter().filter_map(|label| text.strip_prefix(label));
    named.any(|name| names::person(name) > 0.8)
}

/// Characters in brackets that say more than a name.
const SHORTEST_REMARK: usize = 6;

/// 备注: with nothing behind it, however it reads; a stroke behind a whole name is no colon.
fn open_label(text: &str) -> bool {
    let label = text.trim_end_matches([':', ';', '.', '_', '-', '(', ')']);
    let colon = text[label.len()..].contains(':');
    colon
        && names::person(label) <= 0.8
        && names::unit(label) < 0.8
        && all_han(&label.chars().collect::<Vec<_>>())
}

/// 来信人:＿＿＿, 签名: 年 月 日: a form nobody filled in.
fn blank(value: &[Glyph]) -> bool {
    value.iter().all(|g| {
        matches!(
            g.ch,
            ' ' | '_' | '＿' | '-' | '—' | '*' | '年' | '月' | '日'
        )
    })
}

/// What stands without a gap before a label or a number and is nobody's name belongs to it: 目前 in 目前住址, 可打 in 可打139….
fn part_of_label(before: &[Glyph]) -> bool {
    let text = text_of(before);
    let gap = before.last().is_none_or(|g| !is_han(g.ch));
    let named = names::person(&text) > 0.8
        || names::unheard(&text)
        || names::incomplete(&text)
        || names::pseudonym(&text)
        || names::unit(&text) >= 0.8;
    let short = (1..=6).contains(&before.len());
    short && !gap && !named && before.iter().all(|g| is_han(g.ch))
}

/// A bare value without the words that only lead to the number behind them.
fn before_number(value: &[Glyph]) -> &[Glyph] {
    match find_phones(value).first() {
        Some(phone) if part_of_label(&value[..phone.from]) => &value[phone.from..],
        _ => value,
    }
}

/// What is left of a row whose date was taken out, or could not be: 2025步年8月15日.
fn scrap_of_date(text: &str, dated: bool) -> bool {
    let n = text.chars().count();
    let marks = ['年', '月', '日'];
    let figures = text.chars().filter(char::is_ascii_digit).count();
    if dated {
        let whole = n == 3 && names::person(text) > 0.8;
        return n <= 3 && text.contains(marks) && !whole;
    }
    let seen = marks.iter().filter(|m| text.contains(**m)).count();
    let begins = text.starts_with("20") || text.starts_with("19");
    begins && seen >= 2 && figures >= 4 && n <= 14
}

/// As [`trim`], but the colon of a label with nothing behind it stays.
fn with_colon(glyphs: &[Glyph]) -> &[Glyph] {
    let (from, to) = ends(glyphs);
    let colon = to > from
        && glyphs
            .get(to)
            .is_some_and(|g| parts_label(g.ch) && g.ch != '-');
    &glyphs[from..to + usize::from(colon)]
}

fn push(out: &mut Vec<(Kind, Vec<Glyph>)>, kind: Kind, value: &[Glyph]) {
    let value = trim(value);
    // 本人地址, 我的电话: the front of a label.
    let front = ["本人", "我的", "我", "现", "家庭", "个人"].contains(&text_of(value).as_str());
    if value.is_empty() || kind == Kind::Bare && front {
        return;
    }
    out.push((kind, value.to_vec()));
}

/// The row without its dates: they are read elsewhere and would hide a name beside them. 于 and 公元 before one go with it.
pub(crate) fn without_dates(glyphs: &[Glyph]) -> Vec<Glyph> {
    let mut out = glyphs.to_vec();
    for found in find_dates(glyphs).iter().rev() {
        let mut from = found.range.start;
        for word in ERAS {
            let led = text_of(&glyphs[..from]);
            if led.ends_with(word) {
                let mut left = word.chars().count();
                while left > 0 {
                    from -= 1;
                    left -= usize::from(glyphs[from].ch != ' ');
                }
            }
        }
        out.drain(from..found.range.end);
    }
    out
}

/// What leads a date and is no part of what stands before it; 于 may stand before the era.
const ERAS: &[&str] = &["公元", "西元", "公历", "阳历", "于"];

/// Without blanks, brackets and colons at both ends.
pub(crate) fn trim(glyphs: &[Glyph]) -> &[Glyph] {
    let (from, to) = ends(glyphs);
    &glyphs[from..to]
}

/// Where what [`trim`] keeps begins and ends.
fn ends(glyphs: &[Glyph]) -> (usize, usize) {
    let idle = |g: &Glyph| is_mark(g.ch) || matches!(g.ch, ' ' | '(' | '-' | '_');
    let idle_front = |g: &Glyph| idle(g) || g.ch == ')';
    // 王?, 王…: what is withheld of a name stands at its end.
    let idle_end = |g: &Glyph| idle(g) && !"-?…~".contains(g.ch) || g.ch == ')';
    // A dash before a figure is the `-5` of a house number or the second half of a phone number.
    let figure_next =
        |i: usize| glyphs[i].ch == '-' && glyphs.get(i + 1).is_some_and(|g| g.ch.is_ascii_digit());
    let from = (0..glyphs.len())
        .find(|&i| !idle_front(&glyphs[i]) || figure_next(i))
        .unwrap_or(glyphs.len());
    let to = glyphs
        .iter()
        .rposition(|g| !idle_end(g))
        .map_or(from, |i| i + 1)
        .max(from);
    // The bracket that closes one inside stays: 珍珠路21号(近汽车站).
    let open = |ch| glyphs[from..to].iter().filter(|g| g.ch == ch).count();
    let closes = glyphs.get(to).is_some_and(|g| g.ch == ')') && open('(') > open(')');
    (from, to + usize::from(closes))
}
