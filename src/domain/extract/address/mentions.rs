//! What two mentions of an address say of each other: levels left out above, or the house left out below, contradict nothing.

use super::super::place::{self, Written};

/// Whether another mention says the same: 天水市秦州区玉泉镇 or 秦州区玉泉镇, 4单元403 where this one has 4单元403室.
pub(super) fn says_the_same(this: &Written, other: &Written) -> bool {
    let is = |other: &[char], this: &[char]| other == this || other == without_room(this);
    let below = |from: &usize| is(&other.chars, &this.chars[*from..]);
    let above = |from: &usize| is(&other.chars[*from..], &this.chars);
    this.begins_at().iter().any(below) || other.begins_at().iter().any(above)
}

/// Whether the other mention ends with a village, a group or an estate before the house that this one names: it leaves off, and denies nothing.
pub(super) fn leaves_off(this: &Written, other: &Written) -> bool {
    let text: String = other.chars.iter().collect();
    let ends = place::ends_well(&text) && !text.ends_with(|c: char| c.is_ascii_digit());
    let goes_on = |long: &[char], short: &[char]| {
        short.len() >= SHORTEST && short.len() < long.len() && long.starts_with(short)
    };
    let below = |from: &usize| goes_on(&this.chars[*from..], &other.chars);
    let above = |from: &usize| goes_on(&this.chars, &other.chars[*from..]);
    ends && (this.begins_at().iter().any(below) || other.begins_at().iter().any(above))
}

/// Whether the pages have two towns of as many characters, one here and one there: 老厂乡 against 老广乡. That only one of them is known does not tell which was meant.
pub(super) fn differ_in_town(this: &Written, other: &Written) -> bool {
    let towns = this.town_as_read().zip(other.town_as_read());
    towns.is_some_and(|(a, b)| a != b && a.chars().count() == b.chars().count())
}

/// Characters of a mention that are more than a town's name.
const SHORTEST: usize = 5;

/// What may be written as well without the 室 behind its figure.
fn without_room(chars: &[char]) -> &[char] {
    match chars {
        [before @ .., figure, '室'] if figure.is_ascii_digit() => &chars[..before.len() + 1],
        _ => chars,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::zones::Glyph;

    use super::*;

    fn written(text: &str) -> Written {
        let glyph = |(at, ch)| Glyph {
            ch,
            raw: ch,
            confidence: 0.99,
            page: 0,
            line: 0,
            at,
        };
        let glyphs: Vec<Glyph> = text.chars().enumerate().map(glyph).collect();
        Written::new(&[], &glyphs, None)
    }

    #[test]
    fn levels_left_out_above_and_a_room_without_its_word_say_the_same() {
        for (this, other) in [
            ("天水市秦州区玉泉镇孙家坪村26号", "秦州区玉泉镇孙家坪村26号"),
            (
                "秦州区玉泉镇孙家坪村26号",
                "甘肃省天水市秦州区玉泉镇孙家坪村26号",
            ),
            (
                "荆州区白云路132号4单元403室",
                "荆州市荆州区白云路132号4单元403",
            ),
        ] {
            assert!(says_the_same(&written(this), &written(other)), "{other}");
        }
        for (this, other) in [
            ("天水市秦州区玉泉镇孙家坪村26号", "玉泉镇孙家坪村36号"),
            ("荆州区白云路132号4单元403", "荆州区白云路132号4单元403室"),
            ("荆州区白云路132号4单元403室", "荆州区白云路132号4单元40"),
        ] {
            assert!(!says_the_same(&written(this), &written(other)), "{other}");
        }
    }

    #[test]
    fn a_mention_that_ends_before_the_house_leaves_off_and_one_that_lost_a_figure_does_not() {
        let this = written("天水市秦州区玉泉镇孙家坪村三组126号");
        for other in [
            "天水市秦州区玉泉镇孙家坪村三组",
            "秦州区玉泉镇孙家坪村",
            "甘肃省天水市秦州区玉泉镇孙家坪村",
        ] {
            assert!(leaves_off(&this, &written(other)), "{other}");
        }
        for other in [
            "天水市秦州区玉泉镇孙家坪村三组12",
            "天水市秦州区玉泉镇孙家坪",
            "天水市秦州区玉泉镇吴家坪村三组",
            "天水市秦州区玉泉镇孙家坪村三组126号",
        ] {
            assert!(!leaves_off(&this, &written(other)), "{other}");
        }
    }
}
