//! Dates in every written form, and which of them is the letter's (来信时间).
//!
//! A date is only read, never completed: without year, month or day there is no value, and what was seen is listed.

use std::ops::Range;

use crate::domain::draft::Fields;
use crate::domain::field::{Alternative, Source};
use crate::domain::text::PageText;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, Row};

use super::confidence::Measured;
use super::evidence::{Candidate, field, for_a_person, nothing};
use super::nbest;

/// A date found in some characters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FoundDate {
    /// Where, in indices of the characters searched.
    pub(crate) range: Range<usize>,
    /// Year, if written.
    pub(crate) year: Option<u32>,
    pub(crate) month: u32,
    /// Day, if written.
    pub(crate) day: Option<u32>,
    /// Of the lunar calendar: shown, never converted.
    pub(crate) lunar: bool,
}

impl FoundDate {
    /// `YYYY-MM-DD`, if it is a complete day of the calendar.
    pub(crate) fn iso(&self) -> Option<String> {
        let (year, day) = (self.year?, self.day?);
        let exists = !self.lunar
            && (1..=12).contains(&self.month)
            && (1..=days_in(year, self.month)).contains(&day);
        exists.then(|| format!("{year:04}-{:02}-{day:02}", self.month))
    }
}

/// Days of a month; 0 for a month that is none.
pub(crate) fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

/// Every date in some characters, in reading order; blanks inside are passed over.
pub(crate) fn find_dates(glyphs: &[Glyph]) -> Vec<FoundDate> {
    let (flat, home): (Vec<char>, Vec<usize>) = glyphs
        .iter()
        .enumerate()
        .filter(|(_, g)| g.ch != ' ')
        .map(|(i, g)| (g.ch, i))
        .unzip();
    let mut out = Vec::new();
    let mut at = 0;
    while at < flat.len() {
        let found = written(&flat, at)
            .or_else(|| figures(&flat, at))
            .or_else(|| month_day(&flat, at));
        match found {
            Some((mut date, end)) => {
                date.lunar = lunar(&flat, at, end);
                date.range = home[at]..home[end - 1] + 1;
                out.push(date);
                at = end;
            }
            None => at += 1,
        }
    }
    out
}

/// 农历, 阴历 before it, or a month and days that only the lunar calendar has: 正月, 腊月, 初八.
fn lunar(flat: &[char], at: usize, end: usize) -> bool {
    let before: String = flat[at.saturating_sub(4)..at].iter().collect();
    let said = ["农历", "阴历", "旧历", "夏历", "古历"]
        .iter()
        .any(|w| before.contains(w));
    let own: String = flat[at..end].iter().collect();
    said || ["正月", "腊月", "冬月", "初"]
        .iter()
        .any(|w| own.contains(w))
}

/// `2025年2月17日`, `二○二五年二月十七日`, `24年5月1日`, `民国114年2月17日`.
fn written(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0
        && (flat[at - 1].is_ascii_digit() || numeral(flat[at - 1]).is_some() && flat[at - 1] != '-')
    {
        return None;
    }
    let (year, i) = year(flat, at)?;
    if !matches!(flat.get(i), Some('年' | '牛')) {
        return None;
    }
    let (month, i) = number(flat, i + 1)?;
    if !matches!(flat.get(i), Some('月')) || !(1..=12).contains(&month) {
        return None;
    }
    let (day, end) = match number(flat, i + 1) {
        Some((day, j)) if (1..=31).contains(&day) => (
            Some(day),
            j + usize::from(matches!(flat.get(j), Some('日' | '号' | '曰' | '目'))),
        ),
        _ => (None, i + 1),
    };
    Some((
        FoundDate {
            range: 0..0,
            year: Some(year),
            month,
            day,
            lunar: false,
        },
        end,
    ))
}

/// `2025.2.17`, `2025-02-17`, `2025/2/17`, `20250217`.
fn figures(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0 && (flat[at - 1].is_ascii_alphanumeric() || flat[at - 1] == '-') {
        return None;
    }
    let digits = digits_at(flat, at);
    let plain: String = flat[at..at + digits].iter().collect();
    if digits == 8 && (plain.starts_with("19") || plain.starts_with("20")) {
        let date = FoundDate {
            range: 0..0,
            year: plain[..4].parse().ok(),
            month: plain[4..6].parse().ok()?,
            day: plain[6..].parse().ok(),
            lunar: false,
        };
        return date.iso().is_some().then_some((date, at + 8));
    }
    if digits != 4 || !(plain.starts_with("19") || plain.starts_with("20")) {
        return None;
    }
    let sep = |i: usize| matches!(flat.get(i), Some('.' | '-' | '/' | '、' | ',' | '·' | '。'));
    let (mut numbers, mut i) = ([0_u32; 2], at + 4);
    for slot in &mut numbers {
        if !sep(i) {
            return None;
        }
        let n = digits_at(flat, i + 1);
        if !(1..=2).contains(&n) {
            return None;
        }
        *slot = flat[i + 1..i + 1 + n]
            .iter()
            .collect::<String>()
            .parse()
            .ok()?;
        i += 1 + n;
    }
    let date = FoundDate {
        range: 0..0,
        year: plain.parse().ok(),
        month: numbers[0],
        day: Some(numbers[1]),
        lunar: false,
    };
    date.iso().is_some().then_some((date, i))
}

/// `2月17日` without a year.
fn month_day(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0
        && (flat[at - 1].is_ascii_digit()
            || numeral(flat[at - 1]).is_some()
            || flat[at - 1] == '年')
    {
        return None;
    }
    let (month, i) = number(flat, at)?;
    if flat.get(i) != Some(&'月') || !(1..=12).contains(&month) {
        return None;
    }
    let (day, j) = number(flat, i + 1)?;
    let day_sign = matches!(flat.get(j), Some('日' | '号'));
    (day_sign && (1..=31).contains(&day)).then_some((
        FoundDate {
            range: 0..0,
            year: None,
            month,
            day: Some(day),
            lunar: false,
        },
        j + 1,
    ))
}

fn digits_at(flat: &[char], at: usize) -> usize {
    flat.get(at..).map_or(0, |rest| {
        rest.iter().take_while(|c| c.is_ascii_digit()).count()
    })
}

/// The first year of the Republic is 1912.
const REPUBLIC: u32 = 1911;

fn year(flat: &[char], at: usize) -> Option<(u32, usize)> {
    if flat.get(at..at + 2) == Some(&['民', '国']) {
        let (count, end) = count_of_years(flat, at + 2)?;
        return (1..=150)
            .contains(&count)
            .then_some((REPUBLIC + count, end));
    }
    let digits = digits_at(flat, at);
    let plain: Option<u32> = flat[at..at + digits]
        .iter()
        .collect::<String>()
        .parse()
        .ok();
    match (digits, plain) {
        (4, Some(y)) if (1900..2100).contains(&y) => return Some((y, at + 4)),
        (2, Some(y)) if flat.get(at + 2) == Some(&'年') => return Some((2000 + y, at + 2)),
        _ => {}
    }
    let value: Vec<u32> = flat[at..]
        .iter()
        .take(4)
        .map_while(|c| numeral(*c))
        .collect();
    if value.len() < 4 || value[0] > 2 {
        return None;
    }
    let year = value.iter().fold(0, |sum, d| sum * 10 + d);
    (1900..2100).contains(&year).then_some((year, at + 4))
}

/// 114, 一一四, 一百一十四.
fn count_of_years(flat: &[char], at: usize) -> Option<(u32, usize)> {
    let digits = digits_at(flat, at);
    if (1..=3).contains(&digits) {
        let value = flat[at..at + digits]
            .iter()
            .collect::<String>()
            .parse()
            .ok()?;
        return Some((value, at + digits));
    }
    let run: Vec<char> = flat[at..]
        .iter()
        .take_while(|c| numeral(**c).is_some() || matches!(c, '十' | '百'))
        .copied()
        .collect();
    let end = at + run.len();
    if run.contains(&'百') || run.contains(&'十') {
        let (mut total, mut digit) = (0, 0);
        for ch in run {
            match ch {
                '百' => (total, digit) = (total + digit.max(1) * 100, 0),
                '十' => (total, digit) = (total + digit.max(1) * 10, 0),
                _ => digit = numeral(ch)?,
            }
        }
        return Some((total + digit, end));
    }
    let value = run
        .iter()
        .try_fold(0_u32, |sum, c| Some(sum * 10 + numeral(*c)?))?;
    (1..=3).contains(&run.len()).then_some((value, end))
}

/// A Chinese numeral as a digit of a year. The nought is read as many round things.
fn numeral(ch: char) -> Option<u32> {
    match ch {
        '〇' | '零' | 'O' | 'o' | '0' | '口' | '。' | 'Q' | 'D' => Some(0),
        '一' | '-' | '壹' | '1' => Some(1),
        '二' | '贰' | '2' | '=' => Some(2),
        '三' | '叁' | '3' => Some(3),
        '四' | '4' => Some(4),
        '五' | '5' => Some(5),
        '六' | '6' => Some(6),
        '七' | '7' => Some(7),
        '八' | '8' => Some(8),
        '九' | '9' => Some(9),
        _ => None,
    }
}

/// A number up to 31, in figures or Chinese: 17, 十七, 二十七, 廿七.
fn number(flat: &[char], at: usize) -> Option<(u32, usize)> {
    let digits = digits_at(flat, at);
    if (1..=2).contains(&digits) {
        let value = flat[at..at + digits]
            .iter()
            .collect::<String>()
            .parse()
            .ok()?;
        return Some((value, at + digits));
    }
    if digits > 2 {
        return None;
    }
    let (mut value, mut ten, mut i) = (0, false, at);
    while let Some(&ch) = flat.get(i) {
        match ch {
            '十' | '拾' | '+' if !ten => {
                value = if value == 0 { 10 } else { value * 10 };
                ten = true;
            }
            '廿' if i == at => (value, ten) = (20, true),
            '卅' if i == at => (value, ten) = (30, true),
            '初' if i == at => {}
            '元' | '正' if i == at => value = 1,
            '腊' if i == at => value = 12,
            '冬' if i == at => value = 11,
            _ => match numeral(ch).filter(|_| ch != '。' && !ch.is_ascii_digit()) {
                Some(d) if ten && value % 10 == 0 => value += d,
                Some(d) if value == 0 => value = d,
                _ => break,
            },
        }
        i += 1;
    }
    (i > at && value > 0).then_some((value, i))
}

const RULE: &str = "7.4.2.1";
/// Marks a candidate of the lunar calendar, whose word for it stands before its characters.
const LUNAR: &str = "lunar";

/// The letter's date (under the letter, else above it) and the postmark's.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    received_on: Option<&str>,
    fields: &mut Fields,
) {
    let mut tail: Vec<Candidate> = candidates(zones.tail_rows(), 0.97);
    if tail.iter().all(|c| c.value.len() < "YYYY-MM-DD".len()) {
        tail.extend(by_alternatives(pages, zones.tail_rows()));
    }
    let last_rows = &zones.body_rows()[zones.body.len().saturating_sub(2)..];
    let near_end = if tail.is_empty() {
        candidates(last_rows, 0.7)
    } else {
        Vec::new()
    };
    let head = candidates(zones.head(), 0.85);
    // The last date under a letter is when it was signed; the ones before it are lower in this order.
    let all: Vec<Candidate> = tail.into_iter().rev().chain(head).chain(near_end).collect();
    let mut lost: Vec<Alternative> = Vec::new();
    let mut winner: Option<Candidate> = None;
    for candidate in all {
        let whole = find_dates(&candidate.glyphs)
            .iter()
            .any(|d| d.iso().is_some());
        let lunar =
            find_dates(&candidate.glyphs).iter().any(|d| d.lunar) || candidate.rule == LUNAR;
        if lunar {
            lost.push(candidate.lost("农历日期，未换算为公历"));
        } else if !whole {
            lost.push(candidate.lost("年、月、日不全，或没有这一天"));
        } else if received_on.is_some_and(|r| candidate.value.as_str() > r) {
            lost.push(candidate.lost("晚于收信日期"));
        } else if winner.is_none() {
            winner = Some(candidate);
        } else {
            lost.push(candidate.lost("不在落款处或在其前"));
        }
    }
    fields.letter_date = match winner {
        Some(w) => {
            let told = w.signs.iter().any(|s| s.name == BY_ALTERNATIVES);
            let field = field(pages, &w, Measured::Date, lost);
            if told || figure_lost(&w.glyphs) {
                for_a_person(field)
            } else {
                field
            }
        }
        None => nothing(lost),
    };
}

fn candidates(rows: &[Row], prior: f32) -> Vec<Candidate> {
    let mut out = Vec::new();
    for row in rows {
        for found in find_dates(&row.glyphs) {
            let glyphs = row.glyphs[found.range.clone()].to_vec();
            let value = found.iso().unwrap_or_else(|| {
                let year = found.year.map(|y| format!("{y:04}-")).unwrap_or_default();
                let day = found.day.map(|d| format!("-{d:02}")).unwrap_or_default();
                format!("{year}{:02}{day}", found.month)
            });
            out.push(Candidate {
                value,
                glyphs,
                prior,
                source: Source::LetterSignature,
                rule: if found.lunar { LUNAR } else { RULE },
                signs: Vec::new(),
            });
        }
    }
    out
}

/// Marks a date some of whose figures are the engine's second choice.
const BY_ALTERNATIVES: &str = "by_alternatives";

/// Dates a row becomes when characters that are no figures are read as the digits the engine names for them; a person must look.
fn by_alternatives(pages: &[PageText], rows: &[Row]) -> Vec<Candidate> {
    let dated = |row: &&Row| {
        row.compact()
            .chars()
            .filter(|c| c.is_ascii_digit() || "年月日.-/".contains(*c))
            .count()
            >= 4
    };
    let reread = |row: &Row| {
        let (glyphs, put_in) = nbest::with_digits(pages, &row.glyphs);
        (put_in > 0 && put_in <= 3).then(|| Row {
            glyphs,
            ..row.clone()
        })
    };
    let rows: Vec<Row> = rows.iter().filter(dated).filter_map(reread).collect();
    let mut found = candidates(&rows, 0.5);
    found.retain(|c| c.value.len() == "YYYY-MM-DD".len());
    found.iter_mut().for_each(|c| c.note(BY_ALTERNATIVES, 1.0));
    found
}

/// `2024-05-3`: who writes the month with two figures writes the day with two.
fn figure_lost(glyphs: &[Glyph]) -> bool {
    let text: String = glyphs.iter().map(|g| g.ch).filter(|c| *c != ' ').collect();
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    matches!(parts[..], [year, month, day]
        if year.len() == 4 && month.len() == 2 && day.len() == 1 && (month.starts_with('0') || text.contains('-')))
}

/// The postmark's date.
pub(crate) fn postmark(envelope: &EnvelopeZones) -> Option<String> {
    let glyphs = envelope.postmark_date.as_ref()?;
    // A postmark prints two figures for month and day: 2025.05.2 lost one at the stamp's edge.
    let whole = |d: &&FoundDate| {
        glyphs[d.range.clone()]
            .iter()
            .filter(|g| g.ch.is_ascii_digit())
            .count()
            == 8
    };
    find_dates(glyphs)
        .iter()
        .find(whole)
        .and_then(FoundDate::iso)
}
