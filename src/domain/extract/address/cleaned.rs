//! An address without what stands around it in its row: labels, the words that lead to it, a name, a number, a postcode, enclosures, what is said behind it.

use crate::domain::zones::{Glyph, address_like, is_han, text_of};

use super::super::divisions_in;
use super::super::glyphs::{chars_of, find, squeeze};
use super::super::names;
use super::super::phone::find_phones;
use super::super::place;
use super::super::reach;
use super::super::tail::trim;
use super::two_levels;

/// Without blanks, a trailing name, postcode or bracketed note.
pub(super) fn cleaned(value: &[Glyph]) -> Vec<Glyph> {
    let mut value = squeeze(trim(without_neighbours(value)));
    if let Some(to) = own_label(&value) {
        value.drain(..to);
    }
    drop_lead(&mut value);
    drop_all(&mut value);
    if let Some(at) = enclosure(&value).or_else(|| spoken_on(&value)) {
        value.truncate(at);
    }
    if let Some(at) = led_postcode(&value).or_else(|| next_label(&value)) {
        value.truncate(at);
    }
    drop_dweller(&mut value);
    let text = text_of(&value);
    value.truncate(place::without_households(&text).chars().count());
    let chars = chars_of(&value);
    if let Some(postcode) = trailing_postcode(&chars) {
        value.truncate(postcode);
    }
    if let Some(from) = strangers(&value) {
        value.truncate(from);
    }
    let count = |value: &[Glyph], ch| value.iter().filter(|g| g.ch == ch).count();
    while let Some(last) = value.last() {
        let idle = matches!(last.ch, '(' | ',' | '.' | ':' | '、');
        let unopened = last.ch == ')' && count(&value, ')') > count(&value, '(');
        if !idle && !unopened {
            break;
        }
        value.pop();
    }
    value
}

/// Without what leads to where somebody lives or wrote: 我家住, 写于.
fn drop_lead(value: &mut Vec<Glyph>) {
    let text = text_of(value);
    let home = reach::home(&text).map(|home| home.place);
    let leads = ["写于", "书于", "寄自", "住于", "住", "于"];
    let other = leads.iter().find_map(|word| text.strip_prefix(word));
    let is_place = |place: &&str| {
        let numbered = place.contains(|c: char| c.is_ascii_digit()) && address_like(place);
        // 住宅小区3栋 has 住 in its name.
        let part = place.starts_with(['宅', '建', '房', '院']);
        let named = !part && place.chars().count() >= SHORTEST_PLACE && place::ends_well(place);
        divisions_in(place).is_some() || numbered && !part || named && address_like(place)
    };
    let place = home.into_iter().chain(other).find(is_place);
    if let Some(place) = place {
        value.drain(..text.chars().count() - place.chars().count());
    }
}

/// 以上八户均为…: the words that say of all who signed where they live.
fn drop_all(value: &mut Vec<Glyph>) {
    let text = text_of(value);
    if !text.starts_with("以上") {
        return;
    }
    let words = [
        "均为",
        "均系",
        "均是",
        "均住在",
        "均住",
        "都是",
        "都住在",
        "都住",
        "全是",
        "皆为",
    ];
    let behind = words
        .iter()
        .filter_map(|word| Some(text.split_once(word)?.1));
    let place = behind.min_by_key(|place| place.len());
    if let Some(place) = place.filter(|place| two_levels(place)) {
        value.drain(..text.chars().count() - place.chars().count());
    }
}

/// Characters of a place without a number: 伊通县二道镇.
const SHORTEST_PLACE: usize = 6;

/// Characters of a label in front that was not taken for one: 通讯处:….
fn own_label(value: &[Glyph]) -> Option<usize> {
    let colon = value.iter().take(LONGEST_LABEL).position(|g| g.ch == ':')?;
    let label = text_of(&value[..colon]);
    let known = label.ends_with(['处', '址', '住', '家', '所', '在']);
    known.then_some(colon + 1)
}

/// Characters of a label with its colon.
const LONGEST_LABEL: usize = 9;

/// Where the enclosures begin that stand behind an address: …201室附:诊断证明. A house has 附8号.
fn enclosure(value: &[Glyph]) -> Option<usize> {
    let chars = chars_of(value);
    let words = [
        "附件",
        "附:",
        "附材料",
        "随信附",
        "附上",
        "附一、",
        "附1.",
        "附1、",
    ];
    let found = words.iter().filter_map(|word| find(&chars, word)).min()?;
    (found > 0).then_some(found)
}

/// Where a sentence goes on behind the end of an address: …3组12号,打; …201室,随时可以找我.
fn spoken_on(value: &[Glyph]) -> Option<usize> {
    let at = value
        .iter()
        .position(|g| matches!(g.ch, ',' | ';' | '。'))?;
    let (address, behind) = (text_of(&value[..at]), text_of(&value[at + 1..]));
    let housed = |text: &str| place::ends_well(text) || address_like(text);
    let short = behind.chars().count() <= LONGEST_ASIDE;
    (short && housed(&address) && address_like(&address) && !housed(&behind)).then_some(at)
}

/// Characters of what is said behind an address that is no part of it.
const LONGEST_ASIDE: usize = 14;

/// The address alone of a row that has a name or a number beside it, with a gap between: 覃玉兰　13872514096　东山大道126号.
fn without_neighbours(value: &[Glyph]) -> &[Glyph] {
    let is_address = |part: &[Glyph]| {
        let text = text_of(part);
        address_like(&text) || two_levels(&text)
    };
    let mut rest = value;
    while let Some(phone) = find_phones(rest).into_iter().next() {
        let (before, behind) = (&rest[..phone.from], &rest[phone.to..]);
        match (is_address(before), is_address(behind)) {
            (true, false) => rest = before,
            (false, true) => rest = behind,
            _ => break,
        }
    }
    let rest = trim(rest);
    let is_name = |part: &[Glyph]| {
        let text = text_of(part);
        names::person(&text) > 0.8 && !place::ends_well(&text)
    };
    let first = rest.iter().position(|g| g.ch == ' ');
    let last = rest.iter().rposition(|g| g.ch == ' ');
    match (first, last) {
        (Some(at), _) if is_name(&rest[..at]) && is_address(&rest[at..]) => &rest[at..],
        (_, Some(at))
            if is_name(&rest[at..])
                && is_address(&rest[..at])
                && place::ends_well(&text_of(&rest[..at])) =>
        {
            &rest[..at]
        }
        _ => rest,
    }
}

/// Where a few characters of another line, a seal's or a neighbour's, begin behind the end of an address: `…50栋1103` `山泥`.
fn strangers(value: &[Glyph]) -> Option<usize> {
    let last = value.last()?;
    let other = |g: &Glyph| (g.page, g.line) != (last.page, last.line);
    let from = value.iter().rposition(other)? + 1;
    let (address, rest) = (text_of(&value[..from]), &value[from..]);
    let foreign =
        rest.len() <= 4 && rest.iter().all(|g| is_han(g.ch)) && !place::ends_well(&text_of(rest));
    (foreign && place::ends_well(&address)).then_some(from)
}

/// `…88号 邮编:443000`: where the label of a postcode begins behind which there is nothing else.
fn led_postcode(value: &[Glyph]) -> Option<usize> {
    let chars = chars_of(value);
    ["邮政编码", "邮编"].iter().find_map(|word| {
        let at = find(&chars, word)?;
        let behind = &chars[at + word.chars().count()..];
        (at > 0 && !behind.iter().any(|c| is_han(*c))).then_some(at)
    })
}

/// `现暂住:…21号,户口所在地:…`: where another label begins behind a comma.
fn next_label(value: &[Glyph]) -> Option<usize> {
    let marks = (1..value.len()).filter(|at| matches!(value[*at].ch, ',' | ';'));
    let labelled = |at: &usize| {
        let behind = text_of(&value[at + 1..]);
        NEXT.iter().any(|word| behind.starts_with(word))
    };
    marks.into_iter().find(labelled)
}

/// What is told of a person beside his address.
const NEXT: &[&str] = &[
    "户口",
    "户籍",
    "籍贯",
    "原籍",
    "身份证",
    "公民身份",
    "电话",
    "手机",
    "联系",
    "邮编",
    "邮政编码",
];

/// `…三组村民`: who lives there is no part of where.
fn drop_dweller(value: &mut Vec<Glyph>) {
    let text = text_of(value);
    let dwellers = ["村民", "居民", "住户", "社员", "业主"];
    let bare = dwellers.iter().find_map(|word| text.strip_suffix(word));
    if let Some(bare) = bare.filter(|bare| place::ends_well(bare)) {
        value.truncate(bare.chars().count());
    }
}

/// `…88号(215000)`: six digits behind the last character of the address.
fn trailing_postcode(chars: &[char]) -> Option<usize> {
    let digits = chars
        .iter()
        .rev()
        .skip_while(|c| **c == ')')
        .take_while(|c| c.is_ascii_digit())
        .count();
    let closing = chars.iter().rev().take_while(|c| **c == ')').count();
    let at = chars.len().checked_sub(digits + closing)?;
    let whole =
        digits == 6 && at > 0 && matches!(chars[at - 1], '(' | '号' | '室' | '幢' | '组' | '村');
    whole.then(|| if chars[at - 1] == '(' { at - 1 } else { at })
}
