//! ID numbers: 18 digits with the check digit of GB 11643, or the old 15; kept as written, never corrected.

use crate::domain::draft::IdNumber;
use crate::domain::field::Source;
use crate::domain::gazetteer::Gazetteer;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones};

use super::confidence::Measured;
use super::date::days_in;
use super::evidence::{Candidate, field, for_a_person};
use super::tail::{Item, Kind};

const RULE: &str = "7.4.2.1";

/// Whether the check digit of an 18-digit number holds (GB 11643-1999, ISO 7064 MOD 11-2).
pub fn checksum_ok(id: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let bytes = id.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    bytes[17].to_ascii_uppercase() == CHECK[(sum % 11) as usize]
}

/// Whether the birthday inside an 18-digit number is a day.
fn birthday_plausible(id: &str) -> bool {
    let part = |range: std::ops::Range<usize>| {
        id.get(range)
            .and_then(|s| s.parse::<u32>().ok())
            .unwrap_or(0)
    };
    let (year, month, day) = (part(6..10), part(10..12), part(12..14));
    (1900..2100).contains(&year) && (1..=days_in(year, month)).contains(&day)
}

/// Whether the year of birth is one of people who write letters and are written of today.
fn of_age(id: &str) -> bool {
    let year = id.get(6..10).and_then(|y| y.parse::<u32>().ok());
    year.is_some_and(|y| (1915..2015).contains(&y))
}

fn birth(id: &str) -> Option<String> {
    Some(format!(
        "{}-{}-{}",
        id.get(6..10)?,
        id.get(10..12)?,
        id.get(12..14)?
    ))
}

/// The last but one digit is odd for a man.
fn sex(id: &str) -> Option<String> {
    let digit = id.as_bytes().get(16)?;
    let man = digit.is_ascii_digit() && (digit - b'0') % 2 == 1;
    Some(if man { "男" } else { "女" }.to_owned())
}

fn region(id: &str) -> Option<String> {
    let gazetteer = Gazetteer::shared();
    let place = gazetteer.of_code(id.get(..6)?)?;
    let names: Vec<&str> = gazetteer
        .lineage(place)
        .into_iter()
        .map(|p| gazetteer.name(p))
        .collect();
    Some(names.concat())
}

/// The sender's ID number: the labelled one, else one standing anywhere in the letter.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones, items: &[Item]) -> IdNumber {
    let labelled = items
        .iter()
        .filter(|i| i.kind == Kind::Id)
        .find_map(|i| id_in(&i.value, Written::Labelled));
    let bare = || items.iter().find_map(|i| id_in(&i.value, Written::Bare));
    let body = || {
        zones
            .body_rows()
            .iter()
            .chain(zones.head())
            .find_map(|r| id_in(&r.glyphs, Written::Bare))
    };
    let Some((value, glyphs)) = labelled.or_else(bare).or_else(body) else {
        return IdNumber::default();
    };
    let ok = (value.len() != 15).then(|| checksum_ok(&value));
    let plausible = value.len() == 18 && birthday_plausible(&value);
    let prior = match (ok, plausible) {
        (Some(true), true) => 0.99,
        (None, _) => 0.7,
        // As written, flagged: the officer looks at the image.
        _ => 0.5,
    };
    let mut candidate = Candidate {
        value,
        glyphs,
        prior,
        source: Source::LetterContact,
        rule: RULE,
        signs: Vec::new(),
    };
    let sound = ok == Some(true) && plausible;
    let known = |holds: bool| if holds { 1.0 } else { 0.0 };
    candidate.note("checked", known(ok == Some(true)));
    candidate.note("birthday", known(plausible && of_age(&candidate.value)));
    candidate.note("region", known(region(&candidate.value).is_some()));
    let person = |found: fn(&str) -> Option<String>| found(&candidate.value).filter(|_| sound);
    IdNumber {
        birth: person(birth),
        sex: person(sex),
        region: person(region),
        field: if sound {
            field(pages, &candidate, Measured::IdNumber, Vec::new())
        } else {
            for_a_person(field(pages, &candidate, Measured::IdNumber, Vec::new()))
        },
        checksum_ok: ok,
    }
}

/// Whether a label says that the digits are an ID number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Labelled,
    Bare,
}

fn id_in(glyphs: &[Glyph], written: Written) -> Option<(String, Vec<Glyph>)> {
    let mut run: Vec<Glyph> = Vec::new();
    let mut best: Option<Vec<Glyph>> = None;
    let blank = Glyph {
        ch: '\0',
        raw: '\0',
        confidence: 0.0,
        page: 0,
        line: 0,
        at: 0,
    };
    for glyph in glyphs.iter().chain([&blank]) {
        match glyph.ch {
            '0'..='9' | 'x' | 'X' => run.push(*glyph),
            ' ' => {}
            _ => {
                if best.as_ref().is_none_or(|b| b.len() < run.len()) {
                    best = Some(std::mem::take(&mut run));
                }
                run.clear();
            }
        }
    }
    let best = best?;
    let value: String = best.iter().map(|g| g.ch.to_ascii_uppercase()).collect();
    let inner_x = value[..value.len().saturating_sub(1)].contains('X');
    let sound = match written {
        Written::Labelled => value.len() >= 12,
        Written::Bare => value.len() == 18 && birthday_plausible(&value),
    };
    (sound && !inner_x).then_some((value, best))
}
