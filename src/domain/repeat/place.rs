//! Whether two addresses are the same place: divisions, road or estate, house numbers; not strings (requirement J9).

use crate::domain::extract::divisions_in;
use crate::domain::extract::glyphs::{distance, swap_cost};
use crate::domain::zones::{fold, is_han};

/// An address taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Divisions from the province down to the lowest written, today's names: `江苏省/苏州市/姑苏区`; empty when none is written.
    pub divisions: String,
    /// Roads, estates, villages in the order they stand.
    pub ways: Vec<String>,
    /// House numbers in the order they stand: `38幢1单元1405室` and `38-1-1405` are the same.
    pub numbers: Vec<String>,
}

/// Words that count houses; what stands before them is a number.
const HOUSES: &[&str] = &[
    "村民小组",
    "居民小组",
    "号楼",
    "单元",
    "小组",
    "号",
    "幢",
    "栋",
    "座",
    "室",
    "弄",
    "楼",
    "层",
    "组",
    "户",
    "队",
    "门",
    "附",
];

const NUMERALS: &str = "〇零一二三四五六七八九十百";

impl Place {
    /// Takes an address apart.
    pub fn of(address: &str) -> Self {
        let chars: Vec<char> = address
            .chars()
            .map(fold)
            .filter(|c| is_han(*c) || c.is_ascii_alphanumeric() || matches!(c, '-' | '#'))
            .collect();
        let text: String = chars.iter().collect();
        let divisions = divisions_in(&text);
        let from = divisions.as_ref().map_or(0, |d| d.length.min(chars.len()));
        let mut place = Self {
            divisions: divisions.map(|d| d.path()).unwrap_or_default(),
            ..Self::default()
        };
        place.rest(&chars[from..]);
        place
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.divisions.is_empty() && self.ways.is_empty() && self.numbers.is_empty()
    }

    fn rest(&mut self, chars: &[char]) {
        let mut at = 0;
        let mut name = String::new();
        while at < chars.len() {
            if let Some((number, length)) = number(&chars[at..]) {
                self.named(&mut name);
                self.numbers.push(number);
                at += length;
            } else if let Some(word) = house(&chars[at..]).filter(|_| name.is_empty()) {
                at += word;
            } else {
                if is_han(chars[at]) {
                    name.push(chars[at]);
                }
                at += 1;
            }
        }
        self.named(&mut name);
    }

    fn named(&mut self, name: &mut String) {
        let plain = name.trim_matches('第');
        if !plain.is_empty() {
            self.ways.push(plain.to_owned());
        }
        name.clear();
    }

    /// The road or estate the numbers belong to.
    pub fn way(&self) -> Option<&str> {
        self.ways.last().map(String::as_str)
    }
}

fn starts(chars: &[char], word: &str) -> bool {
    let mut rest = chars.iter();
    word.chars().all(|c| rest.next() == Some(&c))
}

fn house(chars: &[char]) -> Option<usize> {
    let word = HOUSES.iter().find(|word| starts(chars, word))?;
    Some(word.chars().count())
}

/// A house number at the beginning and how long it is written: `38`, `三` of 三组, `甲` of 甲单元, `B` of B座.
fn number(chars: &[char]) -> Option<(String, usize)> {
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits > 0 {
        let text: String = chars[..digits].iter().collect();
        let plain = text.trim_start_matches('0');
        return Some((
            if plain.is_empty() { "0" } else { plain }.to_owned(),
            digits,
        ));
    }
    let written = chars.iter().take_while(|c| NUMERALS.contains(**c)).count();
    if written > 0 && house(&chars[written..]).is_some() {
        return Some((counted(&chars[..written]).to_string(), written));
    }
    let lettered = chars
        .first()
        .is_some_and(|c| c.is_ascii_alphabetic() || "甲乙丙丁戊".contains(*c));
    let counts = lettered && (house(&chars[1..]).is_some() || chars[0].is_ascii_alphabetic());
    counts.then(|| (chars[0].to_ascii_uppercase().to_string(), 1))
}

/// 二十三 and 二三 are 23.
fn counted(numerals: &[char]) -> u32 {
    let digit = |c: char| {
        "零一二三四五六七八九"
            .chars()
            .position(|d| d == c || c == '〇' && d == '零')
    };
    let has_tens = numerals.iter().any(|c| matches!(c, '十' | '百'));
    let (mut total, mut last) = (0_u32, 0_u32);
    for c in numerals {
        match (*c, digit(*c)) {
            ('百', _) => (total, last) = (total + last.max(1) * 100, 0),
            ('十', _) => (total, last) = (total + last.max(1) * 10, 0),
            (_, Some(d)) if has_tens => last = d as u32,
            (_, Some(d)) => last = last.saturating_mul(10).saturating_add(d as u32),
            _ => {}
        }
    }
    total.saturating_add(last)
}

/// How likely two addresses are the same place, 0 to 1; `None` where one says nothing below its town.
pub fn same_place(a: &Place, b: &Place) -> Option<f32> {
    let silent = |p: &Place| p.ways.is_empty() && p.numbers.is_empty();
    if silent(a) || silent(b) {
        return None;
    }
    let way = best_way(a, b);
    let numbers = same_numbers(&a.numbers, &b.numbers);
    let divisions = same_divisions(&a.divisions, &b.divisions);
    Some((way * numbers * divisions).clamp(0.0, 1.0))
}

fn best_way(a: &Place, b: &Place) -> f32 {
    if a.ways.is_empty() && b.ways.is_empty() {
        return 1.0;
    }
    let pairs = a
        .ways
        .iter()
        .flat_map(|x| b.ways.iter().map(move |y| (x, y)));
    pairs.map(|(x, y)| same_way(x, y)).fold(0.0, f32::max)
}

/// 梅亭苑 and 梅亭苑小区, 红星村 and 甪直镇红星村 are the same; one similar-looking character is nearly.
fn same_way(a: &str, b: &str) -> f32 {
    const LOOSE: [&str; 4] = ["小区", "社区", "村委会", "自然村"];
    let bare = |text: &str| {
        let cut = LOOSE.iter().find_map(|end| text.strip_suffix(end));
        cut.filter(|c| c.chars().count() >= 2)
            .unwrap_or(text)
            .to_owned()
    };
    let (a, b) = (bare(a), bare(b));
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() < b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    if short.chars().count() >= 2 && long.ends_with(short.as_str()) {
        return 0.97;
    }
    let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = x.len().max(y.len()) as f32;
    let alike = 1.0 - distance(&x, &y) / longest;
    if alike < 0.6 { alike * 0.4 } else { alike }
}

fn same_numbers(a: &[String], b: &[String]) -> f32 {
    if a == b {
        return if a.is_empty() { 0.85 } else { 1.0 };
    }
    if a.is_empty() || b.is_empty() {
        return 0.6;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.starts_with(short) || long.ends_with(short) || one_in_the_middle_left_out(short, long) {
        return 0.85;
    }
    let one_digit = |x: &String, y: &String| {
        x.len() == y.len()
            && x.len() > 1
            && x.chars().zip(y.chars()).filter(|(p, q)| p != q).count() == 1
    };
    let apart: Vec<_> = a.iter().zip(b).filter(|(x, y)| x != y).collect();
    if a.len() == b.len() && apart.len() == 1 && one_digit(apart[0].0, apart[0].1) {
        return 0.65;
    }
    0.2
}

/// 38幢1405室 for 38幢1单元1405室: house and room are the same, a number between is not written, or was not read.
fn one_in_the_middle_left_out(short: &[String], long: &[String]) -> bool {
    let ends = short.len() >= 2 && short.first() == long.first() && short.last() == long.last();
    let mut rest = long.iter();
    ends && short.iter().all(|number| rest.any(|other| other == number))
}

/// Divisions contradict each other only where both are written.
fn same_divisions(a: &str, b: &str) -> f32 {
    if a.is_empty() || b.is_empty() {
        return 0.95;
    }
    let agree = a.split('/').zip(b.split('/')).all(|(x, y)| x == y);
    if agree { 1.0 } else { 0.6 }
}

/// How likely two names are the same person's or unit's, 0 to 1.
pub fn same_name(a: &str, b: &str) -> f32 {
    let plain = |text: &str| -> Vec<char> {
        let folded = text.chars().map(fold);
        folded
            .filter(|c| is_han(*c) || c.is_alphanumeric())
            .collect()
    };
    let (a, b) = (plain(a), plain(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    if a == b {
        return 1.0;
    }
    let longest = a.len().max(b.len());
    if longest > UNIT_FROM {
        let alike = 1.0 - distance(&a, &b) / longest as f32;
        return if alike < 0.6 { alike * 0.5 } else { alike };
    }
    if a.len() == b.len() {
        let wrong: Vec<f32> = a
            .iter()
            .zip(&b)
            .map(|(x, y)| swap_cost(*x, *y))
            .filter(|c| *c > 0.0)
            .collect();
        return match wrong.as_slice() {
            [cost] if *cost < 1.0 => 0.8,
            [_] if longest >= 3 => 0.55,
            _ => 0.0,
        };
    }
    let (short, long) = if a.len() < b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    if long.len() != short.len() + 1 || short.len() < 2 {
        return 0.0;
    }
    let one_lost = |at: usize| long[..at] == short[..at] && long[at + 1..] == short[at..];
    if (0..long.len()).any(one_lost) {
        0.6
    } else {
        0.0
    }
}

/// Longer names are those of units.
const UNIT_FROM: usize = 4;
