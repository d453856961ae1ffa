//! Where a letter's text ends, and what stands under it begins; what was added below that.

use super::row::Row;
use super::{address_like, is_closing, text_of};
use crate::domain::extract::glyphs::has_any;
use crate::domain::extract::labels::Kind;
use crate::domain::extract::signature::{is_run_of_names, seal};
use crate::domain::extract::stitch::FULL_ROW;
use crate::domain::extract::{foot, labels, names, reach};

/// Where what stands under a letter begins.
pub(super) fn tail_start(rows: &[Row], from: usize) -> usize {
    let closing = (from..rows.len())
        .rev()
        .find(|&i| is_closing(&rows[i].compact()));
    let listed = list_head(rows, from);
    let mut walked = rows.len();
    while walked > from {
        if looks_like_tail(&rows[walked - 1]) || is_of_units(rows, walked - 1) {
            walked -= 1;
        } else if let Some(begins) = contact_below(&rows[from..walked]) {
            walked = from + begins;
        } else {
            break;
        }
    }
    walked = walked.min(listed.unwrap_or(walked));
    match closing {
        // A closing far above the end is the quoted or first of two; what the walk found counts.
        Some(i) if rows.len() - i <= 24 || i * 2 > rows.len() => walked.min(i),
        _ => walked,
    }
}

/// Where a postscript begins, or a list of enclosures that is told in sentences: what is signed stands above it. Enclosures in rows like those under a letter
/// stay among them.
pub(super) fn postscript(rows: &[Row], from: usize) -> Option<usize> {
    let near = rows.len().saturating_sub(LONGEST_POSTSCRIPT).max(from + 1);
    let opens = |text: &str, words: &[&str]| words.iter().any(|word| text.starts_with(word));
    (near..rows.len()).find(|&i| {
        let text = rows[i].compact();
        let told = || rows[i..].iter().any(|row| !looks_like_tail(row));
        let added = opens(&text, ADDED)
            || opens(&text, ENCLOSURES) && told()
            || is_below_signature(rows, i);
        added && looks_like_tail(&rows[i - 1]) && !rows[i + 1..].iter().any(is_signature)
    })
}

/// Whether a sentence stands right below the day of whoever has signed at the right above it; how he is reached may be told there, too.
fn is_below_signature(rows: &[Row], at: usize) -> bool {
    let text = rows[at].compact();
    let sentence = text.ends_with(['。', '!', '?']) && !looks_like_tail(&rows[at]);
    let above = &rows[at.saturating_sub(CONTACT_ROWS)..at];
    let dated = above.last().is_some_and(foot::is_dated);
    let last = rows.len() - at <= LAST_ADDED;
    sentence && dated && last && above.iter().any(is_signed_at_right) && !reach::opens(&text)
}

/// Rows of what is added without saying so.
const LAST_ADDED: usize = 3;

/// 锦绣小区业主委员会 主任 雷永红 139…: a unit, and who signs for it.
fn signs_for_unit(row: &Row) -> bool {
    let mut parts = row.glyphs.split(|g| g.ch == ' ').map(text_of);
    let unit = parts.next().unwrap_or_default();
    let rest: String = parts.collect();
    let officer = labels::OFFICERS
        .iter()
        .filter_map(|office| rest.strip_prefix(office));
    let name = officer.min_by_key(|name| name.len()).unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let name = name.trim_start_matches(':');
    !name.is_empty() && names::person(name) > 0.8 && names::unit(&unit) >= 0.8
}

/// Whether a row signs or dates a letter: what stands above it is no postscript.
fn is_signature(row: &Row) -> bool {
    let text = row.compact();
    let right = row.left > SIGNED_LEFT && (names::person(&text) > 0.8 || names::signs(row));
    right || labels::opens_with_writer(&text) || foot::is_dated(row)
}

/// How a postscript opens.
const ADDED: &[&str] = &[
    "又及",
    "另及",
    "再及",
    "附言",
    "附记",
    "PS",
    "P.S",
    "补记",
    "又:",
    "另:",
    "再补充",
    "补充一点",
    "补充几点",
    "补充:",
    "补充说明",
    "另补充",
    "另外补充",
    "还要补充",
    "再说一句",
    "再说一点",
    "再讲一句",
    "再讲一点",
    "再啰嗦一句",
    "补一句",
    "忘了说",
    "忘记说",
    "差点忘",
    "还有一句",
];

/// How a list of enclosures opens.
pub(super) const ENCLOSURES: &[&str] = &["附件", "附:", "附录", "附上", "随信附", "所附"];

/// Rows of a postscript at most.
const LONGEST_POSTSCRIPT: usize = 8;

/// The row under which the signatures of a list stand: 联名人签名:, and no sentence below it.
fn list_head(rows: &[Row], from: usize) -> Option<usize> {
    let heads = ["签名", "签字", "联名", "联署", "署名", "联合"];
    let mut last = rows.len();
    while last > from && !rows[last - 1].compact().contains(['。', '!', '?']) {
        last -= 1;
    }
    (last..rows.len()).find(|&i| {
        let text = rows[i].compact();
        let bare = text.trim_end_matches([':', ';', '.']);
        bare.chars().count() <= 8 && bare != text && has_any(bare, &heads)
    })
}

/// Rows one finds under a letter: labelled lines, dates, numbers, names, addresses; not sentences.
pub(super) fn looks_like_tail(row: &Row) -> bool {
    let text = row.compact();
    let length = text.chars().count();
    // 此致敬礼!  韦志英  13872514096
    let told = foot::is_endorsed(&text) || foot::is_distributed(&text) || foot::is_signed_list(row);
    if is_closing(&text) || text.starts_with("此致") && length <= LONGEST_CLOSING || told {
        return true;
    }
    if foot::told_of_one(&row.glyphs).is_some() || is_told_in_brackets(&text) {
        return true;
    }
    if foot::elected(&row.glyphs).is_some() || foot::signed_and_dated(row) || signs_for_unit(row) {
        return true;
    }
    // 联系方式:139…;家里:0717-…
    let numbers = labels::opens_contact(&text) && told_by_label(row);
    let sentence = has_any(&text, &["。", "?", "!"])
        || text.contains(';') && !numbers
        || text.ends_with(',')
        || text.matches(',').count() >= 2 && !labels::opens_contact(&text) && !told_by_label(row);
    if sentence {
        return false;
    }
    let labelled = labels::opens_tail_row(&text) || text.contains(':');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let dated = text.contains('年') && text.contains('月') && length <= 14 || foot::is_day(&text);
    let unnamed = || names::pseudonym(text.trim_matches(['(', ')']));
    let signed = row.left > SIGNED_LEFT
        && (names::unit(&text) >= 0.8 || names::signs(row) || unnamed() || is_run_of_names(&text));
    labelled
        || signed
        || dated
        || digits * 2 > length
        || length <= 12
        || names::list_like(row)
        || address_like(&text)
}

/// 地址 X,电话 P,找不到我就找我女儿: a label and a number in the row, whatever else is added.
fn told_by_label(row: &Row) -> bool {
    let flat: Vec<char> = row.compact().chars().collect();
    let label = labels::at_front(&flat).map(|(kind, _)| kind);
    let contact = [Kind::Address, Kind::Phone, Kind::Contact];
    label.is_some_and(|kind| contact.contains(&kind))
        && row.compact().chars().filter(char::is_ascii_digit).count() >= SHORTEST_NUMBER
}

/// (找不到我就找我女儿139…): how to reach the writer, in brackets.
fn is_told_in_brackets(text: &str) -> bool {
    let inside = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    let figures = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    inside.is_some_and(|inside| figures(inside) >= SHORTEST_NUMBER && reach::is_told(inside))
}

/// Where the sentence begins in which the last of some rows tell how to reach who signed right above them: 家住：…12号。手机139…; 家住…，电话…，白天在家。 A sentence of
/// the letter does not stand below its signature and its day.
fn contact_below(rows: &[Row]) -> Option<usize> {
    let last = rows.len().checked_sub(1)?;
    let first = (last.saturating_sub(LONGEST_CONTACT - 1)..=last)
        .rev()
        .find(|at| reach::opens(&rows[*at].compact()))?;
    let near = &rows[first.saturating_sub(CONTACT_ROWS)..first];
    let signed = near
        .iter()
        .any(|row| foot::is_dated(row) || foot::signed_and_dated(row) || is_signed_at_right(row));
    let told: String = rows[first..].iter().map(Row::compact).collect();
    (signed && reach::is_told(&told)).then_some(first)
}

/// Rows of such a sentence at most.
const LONGEST_CONTACT: usize = 3;

/// Whether a row is the name of a unit that signs: under its seal, or in a column of such names. A sentence may end in one unit's name, and what a heading that
/// is none of signatures lists has not signed.
fn is_of_units(rows: &[Row], at: usize) -> bool {
    let sealed = |at: usize| rows.get(at).is_some_and(is_sealed);
    let is_beside = |test: &dyn Fn(usize) -> bool| at > 0 && test(at - 1) || test(at + 1);
    let text = rows[at].compact();
    let short = text.chars().count() <= LONGEST_CLOSING && !has_any(&text, &["。", "?", "!", ";"]);
    // The seal's mark on a row of its own, or a unit of an unusual kind between others.
    let below = rows.get(at + 1);
    if sealed(at)
        || is_unit(&rows[at]) && below.is_some_and(|row| seal::is_mark(&row.compact()))
        || short && at > 0 && sealed(at - 1) && sealed(at + 1)
        || foot::endorses(&text) && (sealed(at + 1) || below.is_some_and(is_unit))
    {
        return true;
    }
    let unit = |at: usize| rows.get(at).is_some_and(is_unit);
    if !unit(at) || !is_beside(&unit) {
        return false;
    }
    let first = (0..=at).rev().take_while(|at| unit(*at)).last();
    let above = first.and_then(|first| first.checked_sub(1));
    above.is_none_or(|above| {
        let text = rows[above].compact();
        let ends = text.ends_with(['。', '!', '?', ';']) || has_any(&text, SIGNED_HEADS);
        ends || looks_like_tail(&rows[above]) && !text.ends_with([':', ',', '、'])
    })
}

/// A unit's name and nothing else in a row that does not go on below.
fn is_unit(row: &Row) -> bool {
    let text = row.compact();
    names::unit(seal::numbered(&text)) >= 0.8 && row.right < FULL_ROW
}

fn is_sealed(row: &Row) -> bool {
    seal::is_units(&row.compact())
}

/// Words of a heading below which units sign.
const SIGNED_HEADS: &[&str] = &[
    "联名", "联合", "联署", "署名", "签名", "具名", "落款", "签章", "盖章",
];

/// A whole name alone, right of the middle.
fn is_signed_at_right(row: &Row) -> bool {
    row.left > SIGNED_LEFT && names::person(&row.compact()) > 0.8
}

/// Rows between a signature and the last row that tells how to reach who signed.
const CONTACT_ROWS: usize = 4;

/// Figures of a telephone number without its area code.
const SHORTEST_NUMBER: usize = 7;

/// Characters of a closing formula with the name, the number and the day behind it.
const LONGEST_CLOSING: usize = 30;

/// A unit's long name, or a name among other words, right of this share of the page's width is signed; at the left a sentence may end in one.
const SIGNED_LEFT: f32 = 0.3;
