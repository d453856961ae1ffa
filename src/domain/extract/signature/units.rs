//! Names of units in a list put together where a gap was seen inside one, and taken apart where the gap between two was not.

use crate::domain::zones::{Glyph, text_of};

use super::super::names;

/// A unit's name is sure from here on.
const SURE: f32 = 0.8;

/// The parts of a row with every unit whole.
pub(super) fn whole(parts: Vec<Vec<Glyph>>) -> Vec<Vec<Glyph>> {
    let mut out: Vec<Vec<Glyph>> = Vec::new();
    for part in parts {
        match out.last_mut() {
            Some(last) if goes_on(last, &part) => last.extend(part),
            _ => out.push(part),
        }
    }
    out.into_iter().flat_map(|p| two_in_one(&p)).collect()
}

/// 开福 / 区火宫殿小吃店: a name does not begin with the word for a division's level.
fn goes_on(before: &[Glyph], part: &[Glyph]) -> bool {
    let level = part.first().is_some_and(|g| LEVELS.contains(g.ch));
    let (first, second) = (text_of(before), text_of(part));
    level
        && (2..=4).contains(&before.len())
        && names::unit(&first) < SURE
        && names::unit(&format!("{first}{second}")) >= SURE
}

/// 台江区永和鱼丸店 and 仓山区茉莉花茶庄 without the gap between them: both begin with a division.
fn two_in_one(part: &[Glyph]) -> Vec<Vec<Glyph>> {
    let placed = |g: &[Glyph]| g.len() >= 6 && g[1..4].iter().any(|g| LEVELS.contains(g.ch));
    let unit = |g: &[Glyph]| names::unit(&text_of(g)) >= SURE;
    let cut = (6..part.len().saturating_sub(5)).find(|&at| {
        let (a, b) = part.split_at(at);
        placed(a) && placed(b) && unit(a) && unit(b)
    });
    match cut {
        Some(at) => vec![part[..at].to_vec(), part[at..].to_vec()],
        None => vec![part.to_vec()],
    }
}

const LEVELS: &str = "区县市镇乡";
