//! The written forms of a date: figures, Chinese numerals, years of the Republic; lunar ones are told apart, never converted.

use std::ops::Range;

use crate::domain::zones::Glyph;

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
    /// Its day runs into something that is neither 日 nor a gap: a figure of it may be lost. Or its century is not written.
    pub(crate) cut: bool,
    /// 10/11/2025: day and month may be meant the other way round.
    pub(crate) either_order: bool,
}

impl FoundDate {
    fn new(year: Option<u32>, month: u32, day: Option<u32>) -> Self {
        Self {
            range: 0..0,
            year,
            month,
            day,
            lunar: false,
            cut: false,
            either_order: false,
        }
    }

    /// The day it is with day and month the other way round, where nobody can tell.
    pub(crate) fn turned(&self) -> Option<String> {
        let turned = Self {
            month: self.day?,
            day: Some(self.month),
            ..self.clone()
        };
        self.either_order.then(|| turned.iso()).flatten()
    }

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
        if let Some((mut date, end)) = in_both_calendars(&flat, at) {
            date.range = home[at]..home[end - 1] + 1;
            out.push(date);
            at = end;
            continue;
        }
        let found = written(&flat, at)
            .or_else(|| of_a_feast(&flat, at))
            .or_else(|| year_behind(&flat, at))
            .or_else(|| separated(&flat, at))
            .or_else(|| figures(&flat, at))
            .or_else(|| abbreviated(&flat, at))
            .or_else(|| day_first(&flat, at))
            .or_else(|| by_stem_and_branch(&flat, at))
            .or_else(|| month_day(&flat, at));
        match found {
            Some((mut date, mut end)) => {
                date.lunar |= lunar(&flat, at, end);
                date.cut |= runs_on(&flat, end)
                    || nought_lost(&flat, at).is_some()
                    || speck_in_year(&flat, at).is_some();
                if let Some((is_lunar, to)) = calendar_behind(&flat, end) {
                    date.lunar |= is_lunar;
                    end = to;
                }
                date.range = home[at]..home[end - 1] + 1;
                out.push(date);
                at = end;
            }
            None => at += 1,
        }
    }
    out
}

/// `2月1Z日`: behind the day neither 日 nor an end.
fn runs_on(flat: &[char], end: usize) -> bool {
    let signed = matches!(flat[end - 1], '日' | '号' | '曰' | '目');
    !signed && flat.get(end).is_some_and(|c| c.is_alphanumeric())
}

/// 农历, 阴历 before it, or a month and days that only the lunar calendar has: 正月, 腊月, 初八.
fn lunar(flat: &[char], at: usize, end: usize) -> bool {
    let before: String = flat[at.saturating_sub(4)..at].iter().collect();
    let said = LUNAR.iter().any(|w| before.contains(w));
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
    // 2025.年12月5日: a speck.
    let speck = matches!(flat.get(i..i + 2), Some(['.' | ',' | '·', '年']));
    let i = i + usize::from(speck);
    if !matches!(flat.get(i), Some('年' | '牛')) {
        return None;
    }
    let (month, i) = number(flat, i + 1)?;
    // 2025年10.30: the year alone has its word.
    let parted = matches!(flat.get(i), Some('.' | '/'))
        && number(flat, i + 1).is_some_and(|(day, _)| (1..=31).contains(&day));
    if !parted && !matches!(flat.get(i), Some('月')) || !(1..=12).contains(&month) {
        return None;
    }
    let (day, end) = match number(flat, i + 1) {
        Some((day, j)) if (1..=31).contains(&day) => (
            Some(day),
            j + usize::from(matches!(flat.get(j), Some('日' | '号' | '曰' | '目'))),
        ),
        _ => (None, i + 1),
    };
    let date = FoundDate {
        cut: speck,
        ..FoundDate::new(Some(year), month, day)
    };
    Some((date, end))
}

/// `2025.2.17`, `2025-02-17`, `2025/2/17`, `20250217`.
fn figures(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0 && (flat[at - 1].is_ascii_alphanumeric() || flat[at - 1] == '-') {
        return None;
    }
    let digits = digits_at(flat, at);
    let plain: String = flat[at..at + digits].iter().collect();
    if digits == 8 && (plain.starts_with("19") || plain.starts_with("20")) {
        let month = plain[4..6].parse().ok()?;
        let date = FoundDate::new(plain[..4].parse().ok(), month, plain[6..].parse().ok());
        return date.iso().is_some().then_some((date, at + 8));
    }
    if digits == 6 && plain.starts_with("20") {
        return separator_lost(flat, at, &plain);
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
    let date = FoundDate::new(plain.parse().ok(), numbers[0], Some(numbers[1]));
    date.iso().is_some().then_some((date, i))
}

/// `二○二五.十.三十`: Chinese numerals with marks between them.
fn separated(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    let numeral_before = at > 0 && numeral(flat[at - 1]).is_some();
    let written = flat.get(at..at + 4)?;
    if numeral_before || written.iter().all(char::is_ascii_digit) {
        return None;
    }
    let mark = |i: usize| matches!(flat.get(i), Some('.' | '/' | '·' | '、'));
    let (year, i) = year(flat, at).filter(|(_, i)| *i == at + 4 && mark(*i))?;
    let (month, i) = number(flat, i + 1).filter(|(_, i)| mark(*i))?;
    let (day, end) = number(flat, i + 1)?;
    let date = FoundDate::new(Some(year), month, Some(day));
    date.iso().is_some().then_some((date, end))
}

/// `’25.10.30`, and `25.10.30` where nothing else stands beside it: the century is not written. With a dash it is a room: 12-3-4.
fn abbreviated(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    let marked = matches!(flat[at], '’' | '‘' | '\'' | '`' | '′');
    let from = at + usize::from(marked);
    let (numbers, end) = three_figures(flat, from)?;
    let [(year, 2), (month, _), (day, _)] = numbers else {
        return None;
    };
    let alone = at == 0 && end == flat.len();
    let date = FoundDate {
        cut: !marked,
        ..FoundDate::new(Some(2000 + year), month, Some(day))
    };
    ((marked || alone) && date.iso().is_some()).then_some((date, end))
}

/// `30/10/2025`, `30.10.2025`; with a dash it may be a room. Where either number may be the month, nobody can tell.
fn day_first(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0 && (flat[at - 1].is_ascii_alphanumeric() || "./-".contains(flat[at - 1])) {
        return None;
    }
    let (numbers, end) = three_figures(flat, at)?;
    let [(first, 1..=2), (second, 1..=2), (year, 4)] = numbers else {
        return None;
    };
    if !(1900..2100).contains(&year) {
        return None;
    }
    let (day, month) = if second > 12 {
        (second, first)
    } else {
        (first, second)
    };
    let date = FoundDate {
        either_order: day <= 12 && day != month,
        ..FoundDate::new(Some(year), month, Some(day))
    };
    date.iso().is_some().then_some((date, end))
}

/// Three numbers in figures with the same mark between them, each with how many figures it has.
fn three_figures(flat: &[char], at: usize) -> Option<([(u32, usize); 3], usize)> {
    let (mut numbers, mut i) = ([(0, 0); 3], at);
    let mut mark = None;
    for (n, slot) in numbers.iter_mut().enumerate() {
        if n > 0 {
            let here = *flat.get(i).filter(|c| matches!(c, '.' | '/'))?;
            if *mark.get_or_insert(here) != here {
                return None;
            }
            i += 1;
        }
        let digits = digits_at(flat, i);
        if !(1..=4).contains(&digits) {
            return None;
        }
        let written: String = flat[i..i + digits].iter().collect();
        *slot = (written.parse().ok()?, digits);
        i += digits;
    }
    Some((numbers, i))
}

/// `乙巳年九月初十`: a year of the sixty is one of the lunar calendar.
fn by_stem_and_branch(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    let [stem, branch, '年', ..] = *flat.get(at..)? else {
        return None;
    };
    if !"甲乙丙丁戊己庚辛壬癸".contains(stem) || !"子丑寅卯辰巳午未申酉戌亥".contains(branch)
    {
        return None;
    }
    let (month, i) = number(flat, at + 3)?;
    if flat.get(i) != Some(&'月') || !(1..=12).contains(&month) {
        return None;
    }
    let (day, end) = number(flat, i + 1).map_or((None, i + 1), |(day, end)| (Some(day), end));
    let end = end + usize::from(matches!(flat.get(end), Some('日')));
    let date = FoundDate {
        lunar: true,
        ..FoundDate::new(None, month, day)
    };
    Some((date, end))
}

/// `202412.1`: the first point was not read; a month of two figures stands before the second.
fn separator_lost(flat: &[char], at: usize, plain: &str) -> Option<(FoundDate, usize)> {
    let point = matches!(flat.get(at + 6), Some('.' | '-' | '/'));
    let n = digits_at(flat, at + 7);
    if !point || !(1..=2).contains(&n) {
        return None;
    }
    let day = flat[at + 7..at + 7 + n].iter().collect::<String>();
    let month = plain[4..].parse().ok()?;
    let date = FoundDate {
        cut: true,
        ..FoundDate::new(plain[..4].parse().ok(), month, day.parse().ok())
    };
    date.iso().is_some().then_some((date, at + 7 + n))
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
    let date = FoundDate::new(None, month, Some(day));
    (day_sign && (1..=31).contains(&day)).then_some((date, j + 1))
}

/// Words for the calendar of the sun, and for that of the moon.
const SOLAR: [&str; 4] = ["公历", "阳历", "新历", "西历"];
const LUNAR: [&str; 5] = ["农历", "阴历", "旧历", "夏历", "古历"];

/// `(阳历)` behind a date: whether it says that the date is lunar, and where it ends.
fn calendar_behind(flat: &[char], at: usize) -> Option<(bool, usize)> {
    let ['(', a, b, ')'] = *flat.get(at..at + 4)? else {
        return None;
    };
    let word: String = [a, b].iter().collect();
    let is_lunar = LUNAR.contains(&word.as_str());
    (is_lunar || SOLAR.contains(&word.as_str())).then_some((is_lunar, at + 4))
}

/// Characters between a year and the word for the calendar of its month and day.
const BETWEEN_CALENDARS: usize = 12;

/// `二〇二六年农历七月十五 公历八月二十七日`: the day is that of the sun. At the turn of the year the two calendars have two years; which of them is written
/// nobody can tell.
fn in_both_calendars(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0 && numeral(flat[at - 1]).is_some() {
        return None;
    }
    let (year, i) = year(flat, at)?;
    let i = i + usize::from(flat.get(i) == Some(&'年'));
    let is_solar = |at: &usize| {
        let word: String = flat[*at..].iter().take(2).collect();
        SOLAR.contains(&word.as_str())
    };
    let word = (i..flat.len().min(i + BETWEEN_CALENDARS)).find(is_solar)?;
    let between: String = flat[i..word].iter().collect();
    let moon = between.trim_start_matches(['(', ',']);
    let said = moon.is_empty() || LUNAR.iter().any(|lunar| moon.starts_with(lunar));
    let (date, end) = month_day(flat, word + 2)?;
    let turns = !moon.is_empty() && date.month <= 3;
    let date = FoundDate {
        year: Some(year),
        ..date
    };
    (said && !turns && date.iso().is_some()).then_some((date, end))
}

/// Feasts and terms of the calendar of the sun.
const FEASTS: &[&str] = &[
    "国庆",
    "元旦",
    "五一",
    "劳动节",
    "清明",
    "建军节",
    "教师节",
    "妇女节",
    "儿童节",
    "青年节",
    "建党节",
    "立春",
    "雨水",
    "惊蛰",
    "春分",
    "谷雨",
    "立夏",
    "小满",
    "芒种",
    "夏至",
    "小暑",
    "大暑",
    "立秋",
    "处暑",
    "白露",
    "秋分",
    "寒露",
    "霜降",
    "立冬",
    "小雪",
    "大雪",
    "冬至",
    "小寒",
    "大寒",
];

/// Characters of a feast with what is said of its day: 国庆节第二天.
const LONGEST_FEAST: usize = 7;

/// `2026年国庆次日(10月2日)`.
fn of_a_feast(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0 && numeral(flat[at - 1]).is_some() {
        return None;
    }
    let (year, i) = year(flat, at)?;
    if flat.get(i) != Some(&'年') {
        return None;
    }
    let behind = &flat[i + 1..];
    let open = behind
        .iter()
        .take(LONGEST_FEAST + 1)
        .position(|c| *c == '(')?;
    let feast: String = behind[..open].iter().collect();
    let known = FEASTS.iter().any(|word| feast.starts_with(word));
    let (date, end) = month_day(flat, i + 1 + open + 1)?;
    let date = FoundDate {
        year: Some(year),
        ..date
    };
    let closed = flat.get(end) == Some(&')');
    (known && closed && date.iso().is_some()).then_some((date, end + 1))
}

/// `6月18日2026年`, `五月六日(2026年)`, `8月8日,2026`, `9.21日(二〇二六)`: the year behind the day.
fn year_behind(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    let (date, i) = month_day(flat, at).or_else(|| pointed_day(flat, at))?;
    let opened = flat.get(i) == Some(&'(');
    let parted = opened || flat.get(i) == Some(&',');
    let mut i = i + usize::from(parted);
    for word in ["今年是", "今年", "即", "公元"] {
        let n = word.chars().count();
        let here: String = flat[i..].iter().take(n).collect();
        if opened && here == word {
            i += n;
        }
    }
    let (year, i) = year(flat, i).filter(|(_, to)| *to == i + 4)?;
    let said = flat.get(i) == Some(&'年');
    let end = i + usize::from(said);
    let closed = match (opened, flat.get(end)) {
        (true, Some(')')) => Some(end + 1),
        // 6月18日2026年7月1日 are two days, 2026年度 is none's.
        (false, behind) if said || parted => {
            let ends = behind.is_none_or(|c| !c.is_alphanumeric());
            ends.then_some(end)
        }
        _ => None,
    };
    let date = FoundDate {
        year: Some(year),
        ..date
    };
    date.iso().and(closed).map(|end| (date, end))
}

/// `9.21日` without a year.
fn pointed_day(flat: &[char], at: usize) -> Option<(FoundDate, usize)> {
    if at > 0 && (flat[at - 1].is_ascii_alphanumeric() || "./-".contains(flat[at - 1])) {
        return None;
    }
    let (month, i) = number(flat, at)?;
    let (day, j) = number(flat, i + 1).filter(|_| flat.get(i) == Some(&'.'))?;
    let signed = matches!(flat.get(j), Some('日' | '号'));
    let known = (1..=12).contains(&month) && (1..=31).contains(&day);
    (signed && known).then(|| (FoundDate::new(None, month, Some(day)), j + 1))
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
    if let Some(year) = nought_lost(flat, at) {
        return Some((year, at + 3));
    }
    if let Some(year) = speck_in_year(flat, at) {
        return Some((year, at + 5));
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

/// `二二四年`: the nought of 二〇二四年 is read as a gap; no other year is written like that.
fn nought_lost(flat: &[char], at: usize) -> Option<u32> {
    let [century, decade, year] = *flat.get(at..at + 3)? else {
        return None;
    };
    let sound = century == '二' && decade == '二' && matches!(flat.get(at + 3), Some('年'));
    numeral(year)
        .filter(|_| sound && !year.is_ascii_digit())
        .map(|y| 2020 + y)
}

/// `202.5年`: a speck among the four figures of a year is read as a point.
fn speck_in_year(flat: &[char], at: usize) -> Option<u32> {
    let five = flat.get(at..at + 5)?;
    let points = five
        .iter()
        .filter(|c| matches!(c, '.' | ',' | '·' | ':'))
        .count();
    let figures: String = five.iter().filter(|c| c.is_ascii_digit()).collect();
    let whole = points == 1
        && figures.len() == 4
        && five[0] == '2'
        && matches!(flat.get(at + 5), Some('年'));
    figures
        .parse()
        .ok()
        .filter(|y| whole && (1900..2100).contains(y))
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
        '二' | '贰' | '弍' | '2' | '=' => Some(2),
        '三' | '叁' | '弎' | '3' => Some(3),
        '四' | '肆' | '4' => Some(4),
        '五' | '伍' | '5' => Some(5),
        '六' | '陆' | '6' => Some(6),
        '七' | '柒' | '7' => Some(7),
        '八' | '捌' | '8' => Some(8),
        '九' | '玖' | '9' => Some(9),
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
