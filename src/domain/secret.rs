//! Secret marks (B15): where 绝密, 机密 or 秘密 stands as a mark, nothing further of that letter is read.
//!
//! The mark as GB/T 9704 has it: on a row of its own at the top, mostly with a star and a term (`机密★1年`). The words inside a sentence are
//! no mark.

use super::text::PageText;
use super::zones::{Row, rows};

const LEVELS: [&str; 3] = ["绝密", "机密", "秘密"];
/// A bare word counts as a mark in this share of the page from the top.
const TOP: f32 = 0.25;
/// A row with a mark has no more characters than this.
const LONGEST: usize = 12;
/// The star, and what readers make of it.
const STARS: [char; 12] = [
    '★', '☆', '*', '※', '✩', '✭', '⋆', '✡', '女', '大', '食', '·',
];

/// The first row that is a mark.
pub fn mark(rows: &[Row]) -> Option<&Row> {
    rows.iter().find(|row| is_mark(&row.compact(), row.middle))
}

/// Whether a row is a mark.
pub fn is_row(row: &Row) -> bool {
    is_mark(&row.compact(), row.middle)
}

/// Whether a page has a mark.
pub fn is_on(page: &PageText) -> bool {
    mark(&rows(0, page)).is_some()
}

fn is_mark(text: &str, middle: f32) -> bool {
    if text.chars().count() > LONGEST {
        return false;
    }
    let bare = text.trim_matches(['(', ')', '「', '」', ':', '.']);
    let bare = bare.strip_prefix("密级").unwrap_or(bare);
    let bare = bare.trim_start_matches(':');
    let Some(rest) = LEVELS.iter().find_map(|level| bare.strip_prefix(level)) else {
        return false;
    };
    let starred = rest.trim_start_matches(STARS);
    let has_star = starred.len() < rest.len();
    let term = is_term(starred);
    match (has_star, rest.is_empty()) {
        (true, _) => starred.is_empty() || term,
        (false, true) => middle <= TOP,
        (false, false) => term || matches!(rest, "文件" | "级" | "件") && middle <= TOP,
    }
}

/// `1年`, `三十年`, `6个月`, `长期`.
fn is_term(text: &str) -> bool {
    let number = |c: char| c.is_ascii_digit() || "一二三四五六七八九十两".contains(c);
    let unit = text.trim_start_matches(number);
    text == "长期" || unit.len() < text.len() && matches!(unit, "年" | "个月" | "月" | "天")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_with_star_term_or_place() {
        for (text, middle) in [
            ("机密★1年", 0.05),
            ("秘密★", 0.5),
            ("绝密★长期", 0.9),
            ("机密女三十年", 0.08),
            ("秘密6个月", 0.3),
            ("绝密", 0.06),
            ("(机密)", 0.1),
            ("密级:秘密", 0.1),
            ("机密文件", 0.1),
        ] {
            assert!(is_mark(text, middle), "{text} at {middle}");
        }
    }

    #[test]
    fn the_words_in_running_text_are_no_mark() {
        for (text, middle) in [
            ("秘密", 0.6),
            ("机密。", 0.1),
            ("秘密进行的", 0.1),
            ("他们秘密签了协议", 0.1),
            ("机密大厦的物业公司", 0.1),
            ("商业秘密", 0.1),
            ("秘密文件", 0.7),
            ("泄露国家机密", 0.05),
        ] {
            assert!(!is_mark(text, middle), "{text} at {middle}");
        }
    }
}
