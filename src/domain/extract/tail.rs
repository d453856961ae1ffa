//! What stands under a letter, taken apart: labelled values (来信人：…, 地址：…), and bare writing.
//!
//! Labels are often misread or left out, so an unknown label is typed by what follows it.

use crate::domain::zones::{Glyph, Row, address_like, is_closing, is_han, text_of};

use super::date::find_dates;
use super::form::CELL;
use super::glyphs::{all_han, chars_of, find, has_any, one_off, squeeze};
use super::heading::{heads_a_list, rest_of_closing};
pub(crate) use super::labels::Kind;
use super::labels::{LABELS, OTHERS, is_mark, parts_label, unanswered};
use super::phone::find_phones;
use super::stitch::{FULL_ROW, stitched};
use super::{foot, names};

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

/// A label found in a row.
struct Label {
    kind: Kind,
    from: usize,
    to: usize,
}

/// Takes the tail apart; dates and closing formulas are left out, wrapped addresses and numbers put together again.
pub(crate) fn items(tail: &[Row]) -> Vec<Item> {
    let closing = tail.iter().rposition(|r| is_closing(&r.compact()));
    let mut out: Vec<Item> = Vec::new();
    let written = stitched(tail);
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
            && names_only(row);
        if more {
            others_end = Some(index);
        }
        for (kind, value) in found {
            let kind = if more { Kind::Another } else { kind };
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

/// 证明人: with names below it, or 证明人:向传英、骆启华、 that go on there.
fn labels_others(text: &str) -> bool {
    let Some((label, value)) = text.split_once(':') else {
        return false;
    };
    let open = value.is_empty() || value.ends_with(['、', ',']);
    open && OTHERS.iter().any(|other| label.ends_with(other))
}

fn names_only(row: &Row) -> bool {
    let (named, parts) = names::names_in(row);
    parts > 0 && named == parts
}

/// Whether a bare row below a cell goes on with the address in it: 住址 …133 / 号9栋2单元302室.
fn goes_on_in_cell(cell: &Item, next: &[Glyph]) -> bool {
    let text = text_of(next);
    let ends = text.ends_with([
        '室', '号', '楼', '层', '户', '幢', '栋', '组', '队', '村', '社', '元',
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
            let ends = ["室", "号", "楼", "层", "户", "幢", "组", "村"]
                .iter()
                .any(|e| next_text.ends_with(e));
            let named = names::person(&next_text) > 0.8;
            full && (street || ends)
                && !begins_other(&next_text)
                && find_phones(next).is_empty()
                && !named
                && next_text.chars().count() <= 24
                && find_dates(next).is_empty()
        }
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
    if scrap_of_date(&text_of(&glyphs), undated.len() < row_glyphs.len()) {
        return Vec::new();
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
    let first = labels.first().map_or(glyphs.len(), |l| l.from);
    let before = &glyphs[..first];
    let his = labels.first().is_some_and(|l| l.kind == Kind::Phone) && says_whose(before);
    if !his && (labels.is_empty() || !part_of_label(before)) {
        for part in foot::parted(before_number(before)) {
            push(&mut out, Kind::Bare, part);
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
        } else {
            push(&mut out, label.kind, value);
        }
    }
    out
}

/// Whether a label of a number stands behind the words for whose it is: (其中王芳的 手机:….
fn says_whose(before: &[Glyph]) -> bool {
    let text = text_of(trim(before));
    text.starts_with("其中") || text.ends_with('的') && text.chars().count() > 2
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
        && names::unit(&inside) < 0.8
        && !names::incomplete(&inside)
        && !names::pseudonym(&inside)
        && names::after_role(&inside).is_none()
        && names::after_whose(&inside).is_none()
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

fn labels(chars: &[char]) -> Vec<Label> {
    let (flat, home): (Vec<char>, Vec<usize>) = chars
        .iter()
        .enumerate()
        .filter(|(_, c)| **c != ' ')
        .map(|(i, c)| (*c, i))
        .unzip();
    let mut found: Vec<(Kind, usize, usize)> = Vec::new();
    for (kind, words) in LABELS {
        for word in *words {
            let n = word.chars().count();
            let mut from = 0;
            while let Some(i) = super::glyphs::find_from(&flat, word, from) {
                from = i + n;
                let free = found.iter().all(|(_, a, b)| i + n <= *a || i >= *b);
                let cell = is_cell(&home, i, i + n, *kind);
                if free && (cell || stands_as_label(&flat, i, i + n, *kind)) {
                    let begins = if matches!(kind, Kind::Another | Kind::Officer) {
                        whole_label(&flat, &home, i)
                    } else {
                        i
                    };
                    let front: String = flat[begins..i].iter().collect();
                    let own = *kind == Kind::Officer && names::once(&front);
                    let kind = if own { Kind::Role } else { *kind };
                    found.push((kind, begins, i + n));
                }
            }
        }
    }
    if flat.get(2) == Some(&')') && find(&flat, "签").is_some_and(|at| at < 2) {
        // (签名)韦志英: the note stands before the name.
        found.push((Kind::Signer, 0, 3));
    }
    let of_others = |f: &(Kind, usize, usize)| f.0 == Kind::Another && f.1 == 0;
    if let Some(colon) = list_heading(&flat).filter(|_| !found.iter().any(of_others)) {
        found.retain(|(_, from, _)| *from > colon);
        found.push((Kind::ListHead, 0, colon));
    }
    found.sort_by_key(|f| f.1);
    if found.is_empty() {
        found.extend(unknown_label(&flat));
    }
    let back = |i: usize| home.get(i).copied().unwrap_or(chars.len());
    found
        .into_iter()
        .map(|(kind, from, to)| Label {
            kind,
            from: back(from),
            to: back(after_colon(&flat, to)),
        })
        .collect()
}

/// Where a label of somebody else begins: 棠垭村 in 棠垭村村主任: belongs to it; a name before it, or the unit he stands for, does not.
fn whole_label(flat: &[char], home: &[usize], at: usize) -> usize {
    let joined = |i: &usize| home[*i] == home[i - 1] + 1 && is_han(flat[i - 1]);
    let begins = (1..=at)
        .rev()
        .take_while(joined)
        .last()
        .map_or(at, |i| i - 1);
    let before: String = flat[begins..at].iter().collect();
    let stands_for = matches!(flat[at], '法' | '单' | '负') && names::unit(&before) >= 0.8;
    // 东坡村 may be anybody's name, but not before 村主任.
    let place = before.ends_with([
        '村', '镇', '乡', '社', '厂', '校', '院', '所', '站', '局', '处',
    ]);
    if names::person(&before) > 0.8 && !place || stands_for {
        at
    } else {
        begins
    }
}

/// 联合署名:, 以下为联名者:, however it is worded: the colon's place.
fn list_heading(flat: &[char]) -> Option<usize> {
    let colon = flat.iter().take(10).position(|c| *c == ':')?;
    let head: String = flat[..colon].iter().collect();
    let together = ["联名", "联合", "联署", "共同", "集体", "签名者", "署名者"];
    (together.iter().any(|t| head.contains(t)) && !head.contains(['电', '址'])).then_some(colon)
}

/// Whether a label stands alone between two gaps of its row, as in a table: 现居住地 东坡村9队 工作单位 机械厂.
fn is_cell(home: &[usize], from: usize, to: usize, kind: Kind) -> bool {
    let gap = |at: usize| home.get(at).is_none_or(|next| *next > home[at - 1] + 1);
    let details = match kind {
        Kind::Address | Kind::Phone | Kind::Id => true,
        Kind::Other => to - from > 2,
        _ => false,
    };
    details && to - from > 1 && (from == 0 || gap(from)) && to < home.len() && gap(to)
}

/// A label is one where a row or a gap begins and a colon, a bracket or its value follows.
fn stands_as_label(flat: &[char], from: usize, to: usize, kind: Kind) -> bool {
    let next = flat.get(to).copied();
    let colon = next.is_some_and(|c| parts_label(c) || c == '(');
    let starts = from == 0
        || is_mark(flat[from - 1])
        || matches!(flat[from - 1], '(' | ')')
        || flat[from - 1].is_ascii_digit();
    let length = to - from;
    // 证明人 0, 律师 ..: a row of its own. 签名 may also head what stands below it.
    if from == 0 && kind != Kind::ListHead && unanswered(&flat[to..]) {
        return true;
    }
    match kind {
        Kind::Another | Kind::Officer => {
            let number = from == 0 && !flat[to..].iter().any(|c| is_han(*c));
            colon || number || starts && names_follow(&flat[to..])
        }
        Kind::Addressed => from == 0 && next == Some(':'),
        // 律师事务所 and 代表大会 are none.
        Kind::Agent | Kind::Signer if length == 2 && matches!(flat[from], '律' | '代') => {
            colon || starts && names_follow(&flat[to..])
        }
        // 张三（签名） is a signature with a note behind it, not a list.
        Kind::ListHead if length == 2 => from == 0 && next.is_some_and(|c| c == ':'),
        Kind::ListHead => from == 0 || colon,
        Kind::Phone | Kind::Id => colon || starts || next.is_some_and(|c| c.is_ascii_digit()),
        // 委托人住:
        Kind::Address if length == 1 => colon && (starts || flat[from - 1] == '人'),
        Kind::Signer
            if matches!(
                flat[from..to],
                ['本', '人']
                    | ['口', '述']
                    | ['姓', '名']
                    | ['签', '字']
                    | ['署', '名']
                    | ['落', '款']
                    | ['签', '署']
            ) =>
        {
            starts && (colon || names_follow(&flat[to..]))
        }
        Kind::Scribe if flat[from..to] == ['记', '录'] => {
            starts && (colon || names_follow(&flat[to..]))
        }
        Kind::Other => colon && (starts || length > 2) || starts && length > 2,
        _ => colon || starts,
    }
}

/// Full names and nothing else, numbered or not: 证明人 向传英、骆启华.
fn names_follow(rest: &[char]) -> bool {
    let rest: String = rest.iter().collect();
    let numbered = |part: &str| part.trim_start_matches(|c| !is_han(c)).to_owned();
    let parts = rest.split(['、', ',', '(', ')']).map(numbered);
    let mut parts = parts.filter(|p| !p.is_empty());
    parts.next().is_some_and(|part| names::person(&part) > 0.8)
        && parts.all(|part| names::person(&part) > 0.4)
}

/// Whose a name is behind a label nobody listed: the writer's where the label is nearly one of his, or says who he is. Of any other nobody can tell.
fn whose(label: &str) -> Kind {
    let own = LABELS.iter().filter(|(kind, _)| *kind == Kind::Signer);
    let nearly = |word: &&str| word.chars().count() >= 3 && one_off(word, label);
    if label.starts_with('被') {
        Kind::Another
    } else if own.flat_map(|(_, words)| words.iter()).any(nearly) {
        Kind::Signer
    } else if names::pseudonym(label) {
        Kind::Role
    } else {
        Kind::Called
    }
}

/// `来信入：陆思雨`: a colon after a few characters, the label itself unreadable. What follows tells its kind.
fn unknown_label(flat: &[char]) -> Option<(Kind, usize, usize)> {
    if let Some(end) = signer_without_colon(flat) {
        return Some((Kind::Signer, 0, end));
    }
    let colon = flat.iter().take(8).position(|c| *c == ':')?;
    let value: String = flat[colon + 1..].iter().filter(|c| **c != ')').collect();
    let label: String = flat[..colon].iter().collect();
    let figures = value.chars().filter(char::is_ascii_digit).count();
    let kind = if address_like(&value) {
        Kind::Address
    } else if figures >= 7 && figures * 2 > value.chars().count() {
        if figures >= 15 { Kind::Id } else { Kind::Phone }
    } else if has_any(&label, &["联系", "联络"]) && names::person(&value) > 0.4 {
        Kind::Contact
    } else if colon > 0
        && all_han(&flat[..colon])
        && (names::person(&value) > 0.4 || names::incomplete(&value) || names::unit(&value) >= 0.8)
    {
        whose(&label)
    } else {
        return None;
    };
    // 王芳:13872514096: whose it is stands before the mark.
    let detail = matches!(kind, Kind::Address | Kind::Phone | Kind::Id);
    let named = detail && names::person(&label) > 0.8;
    Some((kind, if named { colon } else { 0 }, colon))
}

/// `末信人兵王爱民`: label and colon both misread, a whole name at the end.
fn signer_without_colon(flat: &[char]) -> Option<usize> {
    let person = flat
        .iter()
        .take(4)
        .position(|c| *c == '人')
        .filter(|i| *i >= 1)?;
    // Of the label 写信人 only 人 may be left; whoever is named in another part is no signer.
    let label: String = flat[..=person].iter().collect();
    let other = [
        "证明", "介绍", "负责", "联系", "委托", "代", "经办", "责任", "见证",
    ];
    let known = "信映诉请助报告议访".contains(flat[person - 1])
        || person == 2 && names::person(&label) <= 0.8 && !has_any(&label, &other);
    if flat.contains(&':') || !known {
        return None;
    }
    (person + 1..=person + 2).find(|&from| {
        let rest: String = flat.get(from..).unwrap_or_default().iter().collect();
        names::person(&rest) > 0.8
    })
}

/// Past the brackets and the colon that follow a label.
fn after_colon(flat: &[char], mut at: usize) -> usize {
    if flat.get(at) == Some(&'(')
        && let Some(close) = flat[at..].iter().take(8).position(|c| *c == ')')
    {
        let inside: String = flat[at + 1..at + close].iter().collect();
        if inside.contains('签')
            || inside.contains('章')
            || inside.contains('印')
            || flat.get(at + close + 1) == Some(&':')
            || inside.chars().all(|c| !is_han(c))
        {
            at += close + 1;
        }
    }
    for word in [
        "签名", "签字", "签章", "盖章", "名叫", "名为", "叫", "为", "是", "系",
    ] {
        if find(&flat[at.min(flat.len())..], word) == Some(0) {
            at += word.chars().count();
        }
    }
    while flat.get(at).is_some_and(|c| is_mark(*c) || *c == ')') {
        at += 1;
    }
    at
}
