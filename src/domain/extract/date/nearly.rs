//! A date with one character misread, lost or added: proposed where only one day of the calendar can have been meant, and always left to a person.
//!
//! Every single change is tried, figures included; where two of them make different days there is no proposal. A figure of the year is put
//! right only to a year that the day of receipt, or the postmark, allows.

use crate::domain::zones::{Glyph, is_han};

use super::{days, find_dates};

/// A row of this many characters is no date with one error.
const LONGEST: usize = 14;
const SHORTEST: usize = 7;
/// A letter is older than its receipt by at most this.
const OLDEST_DAYS: i64 = 120;

/// The row as the one date it can be, with the day; `None` where there is none, or more than one. `until`: `YYYY-MM-DD`.
pub(super) fn one(row: &[Glyph], until: Option<&str>) -> Option<(Vec<Glyph>, String)> {
    let glyphs: Vec<Glyph> = row.iter().filter(|g| g.ch != ' ').copied().collect();
    let counted = glyphs.iter().filter(|g| counts(g.ch)).count();
    let sized = (SHORTEST..=LONGEST).contains(&glyphs.len());
    let strange = glyphs.len() - counted - glyphs.iter().filter(|g| marks(g.ch)).count();
    if !sized || counted < 4 || strange > 2 {
        return None;
    }
    let mut found: Option<(Vec<Glyph>, String)> = None;
    for variant in variants(&glyphs) {
        for date in find_dates(&variant) {
            let Some(day) = date.iso() else { continue };
            let left_out = variant.len() - date.range.len();
            if left_out > 1 || !allowed(&day, until) {
                continue;
            }
            match &found {
                Some((_, known)) if *known != day => return None,
                Some(_) => {}
                None => found = Some((variant[date.range.clone()].to_vec(), day)),
            }
        }
    }
    found
}

fn counts(ch: char) -> bool {
    ch.is_ascii_digit() || "〇○零一二三四五六七八九十廿".contains(ch)
}

fn marks(ch: char) -> bool {
    matches!(ch, '年' | '月' | '日' | '号' | '.' | '-' | '/')
}

fn allowed(day: &str, until: Option<&str>) -> bool {
    let plausible = ("2000".."2050").contains(&&day[..4]);
    let near = until.is_none_or(|until| {
        let apart = days(until).zip(days(day)).map(|(u, d)| u - d);
        apart.is_some_and(|n| (0..=OLDEST_DAYS).contains(&n))
    });
    plausible && near
}

/// The row with one character another, one more, or one less: strange characters anywhere, figures only in the year.
fn variants(glyphs: &[Glyph]) -> Vec<Vec<Glyph>> {
    let figures: Vec<char> = "0123456789".chars().collect();
    let numerals: Vec<char> = "〇一二三四五六七八九十".chars().collect();
    let signs = ['年', '月', '日', '-', '.'];
    let western = glyphs.iter().filter(|g| g.ch.is_ascii_digit()).count() >= 3;
    let counting = if western { &figures } else { &numerals };
    let mut out = Vec::new();
    let with = |at: usize, replaced: usize, ch: Option<char>| {
        let near = glyphs[at.min(glyphs.len() - 1)];
        let put_in = ch.map(|ch| Glyph {
            ch,
            confidence: 0.1,
            ..near
        });
        let mut all = glyphs[..at].to_vec();
        all.extend(put_in);
        all.extend(&glyphs[at + replaced..]);
        all
    };
    for (at, glyph) in glyphs.iter().enumerate() {
        let ch = glyph.ch;
        let strange = !counts(ch) && !marks(ch) || !is_han(ch) && ch.is_alphabetic();
        if strange {
            out.push(with(at, 1, None));
            out.extend(counting.iter().chain(&signs).map(|c| with(at, 1, Some(*c))));
        }
        if at < 4 {
            out.extend(counting.iter().map(|c| with(at, 1, Some(*c))));
            out.extend(counting.iter().map(|c| with(at, 0, Some(*c))));
        }
        if at > 2 {
            out.extend(signs.iter().map(|c| with(at, 0, Some(*c))));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(text: &str, until: Option<&str>) -> Option<String> {
        let glyph = |(at, ch)| Glyph {
            ch,
            raw: ch,
            confidence: 0.9,
            page: 0,
            line: 0,
            at,
        };
        let row: Vec<Glyph> = text.chars().enumerate().map(glyph).collect();
        one(&row, until).map(|(_, day)| day)
    }

    #[test]
    fn one_error_that_leaves_one_day_is_proposed() {
        for (text, day) in [
            ("2025年5景月12日", "2025-05-12"),
            ("2025年8吗23日", "2025-08-23"),
            ("2025有8月3日", "2025-08-03"),
            ("2025年2)5日", "2025-02-05"),
            ("二〇二五然六月十日", "2025-06-10"),
            ("8024-01-17", "2024-01-17"),
            ("2224年8月26日", "2024-08-26"),
        ] {
            assert_eq!(proposed(text, None).as_deref(), Some(day), "{text}");
        }
    }

    #[test]
    fn what_may_be_two_days_is_no_date() {
        for text in [
            "2025年4月(8日",
            "202年4月13日",
            "二〇二五年九月清三日",
            "2075-03-05",
        ] {
            assert_eq!(proposed(text, None), None, "{text}");
        }
    }

    #[test]
    fn the_day_of_receipt_tells_the_year() {
        for text in ["202年4月13日", "205年4月13日", "20Z5年4月13日"] {
            let day = proposed(text, Some("2025-04-16"));
            assert_eq!(day.as_deref(), Some("2025-04-13"), "{text}");
        }
        assert_eq!(proposed("202年4月13日", Some("2030-12-31")), None);
    }
}
