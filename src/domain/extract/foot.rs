//! What closes a letter beside its formula: whom it is for (此致 / 宜昌市信访局), and names that share a row with something else.

use crate::domain::zones::{Glyph, Row, address_like, is_closing, is_han, text_of};

use super::glyphs::{has_any, squeeze};
use super::names;
use super::phone::find_phones;
use super::signature::{self, Form};

/// What an office or its holder is called by in the end.
const OFFICES: &[&str] = &[
    "政府",
    "委员会",
    "省委",
    "市委",
    "县委",
    "区委",
    "党委",
    "纪委",
    "监委",
    "局",
    "厅",
    "部",
    "办公室",
    "信访办",
    "办事处",
    "法院",
    "检察院",
    "人大",
    "政协",
    "工会",
    "妇联",
    "联合会",
    "总队",
    "支队",
    "大队",
    "派出所",
    "省长",
    "市长",
    "县长",
    "区长",
    "镇长",
    "乡长",
    "局长",
    "厅长",
    "书记",
    "主任",
    "主席",
    "领导",
    "同志",
];

/// Committees that write letters rather than receive them.
const WRITERS: &[&str] = &["村民委员会", "居民委员会", "业主委员会"];

/// Whom a row under a letter names as the one it is for: the office below 此致, or on its row.
pub(crate) fn addressed(rows: &[Row], at: usize) -> Option<Vec<Glyph>> {
    let glyphs = squeeze(&rows[at].glyphs);
    let text = text_of(&glyphs);
    let opener = ["此致", "谨呈", "敬呈"]
        .into_iter()
        .find(|o| text.starts_with(o));
    let value = match opener {
        Some(opener) => &glyphs[opener.chars().count()..],
        None if at > 0 && opens(&rows[at - 1].compact()) => &glyphs[..],
        None => return None,
    };
    let value = super::tail::trim(value);
    is_office(text_of(value).trim_end_matches('!')).then(|| value.to_vec())
}

fn opens(text: &str) -> bool {
    let bare = text.trim_end_matches([':', ',', '。', '!']);
    ["此致", "谨呈", "敬呈", "呈", "致"].contains(&bare)
}

fn is_office(text: &str) -> bool {
    let n = text.chars().count();
    let holds = OFFICES.iter().any(|office| text.ends_with(office));
    (2..=24).contains(&n)
        && text.chars().all(is_han)
        && holds
        && !WRITERS.iter().any(|w| text.ends_with(w))
}

/// Whom the rows under a letter say it is for.
pub(crate) fn all_addressed(rows: &[Row]) -> Vec<Vec<Glyph>> {
    let items = super::tail::items(rows);
    let named = items
        .into_iter()
        .filter(|i| i.kind == super::tail::Kind::Addressed);
    named.map(|i| i.value).collect()
}

/// The full name behind a closing formula on its row: 盼复!韦志英, 敬礼  王芳, 此致敬礼王芳13872514096.
pub(crate) fn name_behind_closing(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let end = find_phones(glyphs).first().map_or(glyphs.len(), |p| p.from);
    let glyphs = &glyphs[..end];
    let glyphs = &glyphs[..glyphs.len() - glyphs.iter().rev().take_while(|g| g.ch == ' ').count()];
    let parted = glyphs
        .iter()
        .rposition(|g| matches!(g.ch, '!' | '。' | ' ' | ',' | ':'))
        .and_then(|at| {
            let formula = text_of(&squeeze(&glyphs[..at]));
            let closes = ["敬礼", "盼复", "望复", "回复", "此致", "致敬", "感激", "谢"];
            has_any(&formula, &closes).then(|| &glyphs[at + 1..])
        });
    let joined = || {
        let chars = super::glyphs::chars_of(glyphs);
        let behind = ["敬礼", "盼复", "望复", "回复", "致敬", "叩谢"];
        let ends = behind.iter().filter_map(|word| {
            let at = super::glyphs::find(&chars, word)?;
            Some(at + word.chars().count())
        });
        ends.max().map(|at| &glyphs[at..])
    };
    [parted, joined()].into_iter().flatten().find_map(|name| {
        let name = super::tail::trim(name);
        let text = text_of(name);
        let one = match &signature::tokens(name)[..] {
            [one] => one.is_whole() || matches!(one.form, Form::Pseudonym | Form::Incomplete),
            _ => false,
        };
        let signed = names::person(&text) > 0.8 || one && names::unit(&text) == 0.0;
        (signed && !is_closing(&text) && !is_office(&text)).then(|| name.to_vec())
    })
}

/// The full name before a courtesy that is a closing formula by itself: 端木志坚 叩谢.
pub(crate) fn name_before_closing(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let glyphs = squeeze(glyphs);
    let courtesies = [
        "此致敬礼",
        "叩谢",
        "致敬",
        "敬礼",
        "拜谢",
        "致谢",
        "谨谢",
        "敬谢",
        "叩首",
        "谨呈",
        "盼复",
        "望复",
    ];
    [4, 3, 2].into_iter().find_map(|n| {
        let (name, rest) = glyphs.split_at_checked(n)?;
        let rest = text_of(rest);
        let courteous = courtesies.contains(&rest.trim_end_matches(['!', '。', '.']));
        (courteous && names::person(&text_of(name)) > 0.8).then(|| name.to_vec())
    })
}

/// An address and a name that share a row: 珍珠路21号  覃玉兰, 覃玉兰  13872514096  珍珠路21号.
pub(crate) fn parted(glyphs: &[Glyph]) -> Vec<&[Glyph]> {
    let place = |part: &[Glyph]| {
        let text = text_of(&squeeze(part));
        let long = part.iter().filter(|g| is_han(g.ch)).count() >= 5;
        long && address_like(&text) && names::unit(&text) < 0.9
    };
    let named = |part: &[Glyph]| {
        let letters = part
            .split(|g| g.ch.is_ascii_digit())
            .next()
            .unwrap_or_default();
        names::person(&text_of(&squeeze(super::tail::trim(letters)))) > 0.8
    };
    let begins_with_figure = |part: &[Glyph]| {
        let first = part.iter().find(|g| g.ch != ' ');
        first.is_some_and(|g| g.ch.is_ascii_digit())
    };
    let gaps = (1..glyphs.len()).filter(|i| glyphs[*i].ch == ' ');
    let cut = gaps.map(|i| glyphs.split_at(i)).find(|(before, behind)| {
        let figures = |part: &[Glyph]| part.iter().any(|g| g.ch.is_ascii_digit());
        place(before) && named(behind) && !figures(behind)
            || named(before) && place(behind) && !begins_with_figure(behind)
    });
    match cut {
        Some((before, behind)) => vec![before, behind],
        None => vec![glyphs],
    }
}
