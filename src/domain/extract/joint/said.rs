//! How many signed a letter by its own words, where not all of them are named: 骆启华等三十二户, 以上共计12名业主.

use crate::domain::zones::{LetterZones, Row, is_closing, is_han, text_of};

use super::super::glyphs::has_any;
use super::super::labels::ROLES;
use super::super::{body, names};

/// How many have signed with whoever is named in a row under the letter: 骆启华等四人.
pub(crate) fn signed_with(rows: &[Row]) -> Option<u32> {
    let counted = rows.iter().filter_map(|row| {
        let chars = row.compact().chars().collect::<Vec<char>>();
        let mut found = counts(&chars).into_iter();
        found.find_map(|count| with_name(&chars, &count).then_some(count.value))
    });
    counted.max()
}

/// Whether a name and 等 stand before a number of people.
fn with_name(chars: &[char], count: &Count) -> bool {
    let before: String = chars[..count.from].iter().collect();
    let bare = before.trim_end_matches([':', '约', '有']);
    let named = bare.strip_suffix('等');
    named.is_some_and(|named| ends_with_name(named.trim_end_matches(['(', ','])))
}

/// How many the letter says have signed it. Only what is said under the letter, beside names or of signing, or in its text of a list that goes with it.
pub(crate) fn count_said(zones: &LetterZones) -> Option<u32> {
    let rows = zones.tail_rows();
    let closing = rows.iter().rposition(|row| is_closing(&row.compact()));
    let under = &rows[closing.map_or(0, |at| at + 1)..];
    let in_rows = under.iter().filter_map(|row| under_letter(&row.compact()));
    let flow = body::flow(zones.body_rows());
    let in_body = body::sentences(&flow)
        .into_iter()
        .filter_map(|sentence| of_a_list(&text_of(sentence)));
    in_rows.chain(in_body).max()
}

/// Words of signing.
const SIGNING: &[&str] = &["签", "署", "联名", "具名", "联合", "手印", "画押"];

fn under_letter(text: &str) -> Option<u32> {
    let chars: Vec<char> = text.chars().collect();
    let found = counts(&chars);
    let told = |count: &&Count| {
        let before: String = chars[..count.from].iter().collect();
        let behind: String = chars[count.to..].iter().collect();
        let bare = before.trim_end_matches([':', '约', '有']);
        let more = with_name(&chars, count);
        let summed = SUMMED.iter().any(|word| bare.ends_with(word));
        let alone = summed && bare.chars().count() <= 6 && behind.chars().count() <= 8;
        // 三组46户村民代表:骆启华
        let (who, named) = behind.split_once("代表").unwrap_or_default();
        // 业主代表:骆启华(共四十一户)
        let open = SUMMED.iter().find_map(|word| bare.strip_suffix(word));
        let noted = open.and_then(|open| open.strip_suffix('('));
        let noted = noted.is_some_and(ends_with_name) && behind.ends_with(')');
        // 柳林小区二十六户业主
        let whole = ROLES.contains(&behind.as_str()) && names::may_be_village(&before);
        let spoken_for = who.chars().count() <= 4 && named.starts_with([':', '(']);
        more || alone
            || noted
            || whole
            || spoken_for && who.chars().all(is_han)
            || has_any(text, SIGNING) && !has_any(text, THINGS)
    };
    found.iter().find(told).map(|count| count.value)
}

/// Before the sum of those who signed.
const SUMMED: &[&str] = &[
    "共", "共计", "总计", "合计", "总共", "一共", "计", "人数", "户数",
];

/// What else is counted beside signatures: 附签名表共3页 has no unit of people, 签名费32元一户 no signatories.
const THINGS: &[&str] = &["元", "页", "份", "费"];

/// 后附32名业主签名: a list that goes with the letter.
fn of_a_list(text: &str) -> Option<u32> {
    let listed = has_any(text, &["签名", "签字", "署名", "联名"]);
    let here = has_any(text, &["附", "以下", "下列", "以上", "上列"]);
    if !listed || !here || has_any(text, THINGS) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let found = counts(&chars);
    let [one] = &found[..] else {
        return None;
    };
    Some(one.value)
}

fn ends_with_name(before: &str) -> bool {
    let last = before
        .rsplit(['、', ',', ':', ' ', '('])
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    let chars: Vec<char> = last.chars().collect();
    let name = |n: usize| {
        let from = chars.len().checked_sub(n);
        from.is_some_and(|from| names::person(&chars[from..].iter().collect::<String>()) > 0.4)
    };
    names::unit(last) >= 0.5 || [2, 3, 4].into_iter().any(name)
}

/// A number of people or units.
struct Count {
    from: usize,
    to: usize,
    value: u32,
}

/// Every number that counts people or units, in figures or Chinese numerals.
fn counts(chars: &[char]) -> Vec<Count> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let run = chars[at..].iter().take_while(|c| is_numeral(**c)).count();
        if run == 0 {
            at += 1;
            continue;
        }
        let end = at + run;
        let rest: String = chars[end..].iter().take(4).collect();
        let unit = rest.trim_start_matches(['余', '多', '来', '个']);
        let people = [
            "人", "名", "户", "位", "家", "单位", "业主", "村民", "居民", "商户",
        ];
        if let (Some(value), true) = (
            number(&chars[at..end]),
            people.iter().any(|word| unit.starts_with(word)),
        ) {
            let to = end + (rest.chars().count() - unit.chars().count()) + 1;
            found.push(Count {
                from: at,
                to: to.min(chars.len()),
                value,
            });
        }
        at = end;
    }
    found
}

fn is_numeral(ch: char) -> bool {
    ch.is_ascii_digit() || "〇零一二三四五六七八九十百千两廿卅".contains(ch)
}

/// 32, 三十二, 一百零五, 两百, 廿五; `None` for what is no number of people.
fn number(chars: &[char]) -> Option<u32> {
    if chars.iter().all(char::is_ascii_digit) {
        let value = chars.iter().collect::<String>().parse().ok()?;
        return (chars.len() <= 5 && value > 0).then_some(value);
    }
    let (mut total, mut digit) = (0_u32, 0_u32);
    for ch in chars {
        match ch {
            '〇' | '零' => {}
            '十' | '百' | '千' => {
                let unit = match ch {
                    '十' => 10,
                    '百' => 100,
                    _ => 1000,
                };
                (total, digit) = (total.checked_add(digit.max(1) * unit)?, 0);
            }
            '廿' => total = total.checked_add(20)?,
            '卅' => total = total.checked_add(30)?,
            '两' => digit = 2,
            _ => digit = "一二三四五六七八九".chars().position(|c| c == *ch)? as u32 + 1,
        }
    }
    let value = total.checked_add(digit)?;
    (chars.len() <= 8 && value > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_signed_is_told_in_every_usual_form() {
        for (row, count) in [
            ("骆启华、聂光明等32人", 32),
            ("骆启华等三十二户", 32),
            ("骆启华等一百零五名村民", 105),
            ("骆启华等廿五户居民", 25),
            ("骆启华等40余户", 40),
            ("骆启华(等二十户)", 20),
            ("骆启华、聂光明等四人", 4),
            ("骆启华等3人", 3),
            ("全体业主(签名见附表,计一百零六人)", 106),
            ("宜昌明珠印刷厂等6家企业", 6),
            ("宜昌明珠印刷厂等六个单位", 6),
            ("以上共计12名业主", 12),
            ("共计12名", 12),
            ("合计:两百一十户", 210),
            ("骆启华(等二十户)", 20),
            ("签名人数:32人", 32),
            ("联名人(32人)", 32),
            ("附:32户业主签名", 32),
            ("全体业主(58户)签字", 58),
            ("柳林村三组46户村民代表:骆启华、聂光明", 46),
            ("三十二户业主代表:骆启华", 32),
        ] {
            assert_eq!(under_letter(row), Some(count), "{row}");
        }
    }

    #[test]
    fn what_else_is_counted_is_no_number_of_signatories() {
        for row in [
            "附件共5份",
            "共2页",
            "附签名表共3页",
            "家里共5口",
            "三组12户",
            "柳林新村3幢2单元401室",
            "联系电话:13812345678",
            "2025年3月4日",
            "电话费共计三百元",
        ] {
            assert_eq!(under_letter(row), None, "{row}");
        }
    }
}
