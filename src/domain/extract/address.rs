//! The sender's address (SZ 7.4.2.3): /1 signed in the letter, /2 on the envelope, /3 habitual residence, /4 postmark.
//!
//! 内详 is no address, the recipient's address never the sender's. A postmark gives a place only: never accepted.

use crate::domain::draft::Fields;
use crate::domain::field::{Alternative, Source};
use crate::domain::text::PageText;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, address_like, is_han, text_of};

use super::body;
use super::evidence::{Candidate, Threshold, field, nothing};
use super::glyphs::{chars_of, distance, has_any, squeeze};
use super::names;
use super::tail::{Item, Kind, trim};

/// A postmark names a post office, not a home.
const POSTMARK_PRIOR: f32 = 0.4;

/// Fills the address.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    items: &[Item],
    envelope: &EnvelopeZones,
    fields: &mut Fields,
) {
    let mut ranked: Vec<Candidate> = Vec::new();
    ranked.extend(signed(items));
    ranked.extend(on_envelope(envelope));
    ranked.extend(body::residence(zones.body_rows()));
    ranked.extend(envelope.postmark_place.as_ref().and_then(|g| postmark(g)));
    let mut ranked = ranked.into_iter();
    let Some(mut winner) = ranked.next() else {
        fields.address = nothing(Vec::new());
        return;
    };
    let lost: Vec<Candidate> = ranked.collect();
    if let Some(second) = lost.iter().find(|c| c.source != Source::EnvelopePostmark) {
        winner.prior = agreed(&winner, second);
    }
    let alternatives: Vec<Alternative> = lost
        .iter()
        .filter(|c| c.value != winner.value)
        .map(|c| c.lost("登记次序在后"))
        .collect();
    fields.address = field(pages, &winner, Threshold::Address, alternatives);
}

/// A second mention of the same address makes it surer; one nearly the same says that one of them was misread.
fn agreed(winner: &Candidate, second: &Candidate) -> f32 {
    let chars = |c: &Candidate| c.value.chars().collect::<Vec<char>>();
    let (a, b) = (chars(winner), chars(second));
    let apart = distance(&a, &b);
    if apart == 0.0 {
        (winner.prior * 1.05).min(0.99)
    } else if apart <= 3.0 {
        winner.prior * 0.85
    } else {
        winner.prior
    }
}

/// The postmark's place as a candidate.
pub(crate) fn postmark(glyphs: &[Glyph]) -> Option<Candidate> {
    let place = squeeze(glyphs);
    let named = (2..=6).contains(&place.len()) && place.iter().all(|g| is_han(g.ch));
    named.then(|| {
        Candidate::as_read(
            &place,
            POSTMARK_PRIOR,
            Source::EnvelopePostmark,
            "7.4.2.3/4",
        )
    })
}

fn signed(items: &[Item]) -> Option<Candidate> {
    let labelled = items
        .iter()
        .filter(|i| i.kind == Kind::Address)
        .map(|i| (i, 0.95));
    let bare = items
        .iter()
        .filter(|i| i.kind == Kind::Bare)
        .map(|i| (i, 0.8));
    labelled.chain(bare).find_map(|(item, prior)| {
        let value = cleaned(&item.value);
        let text = text_of(&value);
        let n = text.chars().count();
        let bare = item.kind == Kind::Bare;
        let sound = if bare {
            n >= 6 && address_like(&text) && ends_like_address(&text) && names::unit(&text) < 0.9
        } else {
            n >= 3
        };
        let sentence = has_any(&text, &["。", "?", "!"]) || names::person(&text) > 0.8;
        (sound && !sentence && !unsaid(&text)).then(|| {
            Candidate::as_read(
                &value,
                prior * soundness(&text),
                Source::LetterSignedAddress,
                "7.4.2.3/1",
            )
        })
    })
}

/// The prior of an address by what it is made of: a bar or a bracket inside is a figure the engine could not read.
fn soundness(text: &str) -> f32 {
    let odd = |c: char| {
        !is_han(c) && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '#' | '(' | ')' | '、' | '·')
    };
    if text.chars().any(odd) { 0.5 } else { 1.0 }
}

/// 内详 and the like.
fn unsaid(text: &str) -> bool {
    text.chars().count() <= 4 && has_any(text, &["内详", "内祥", "内洋", "详内", "内评", "信内"])
}

fn ends_like_address(text: &str) -> bool {
    let ends = [
        '号', '室', '幢', '栋', '楼', '组', '村', '户', '苑', '园', '区', '镇', '乡', '街', '路',
        '巷', '弄', '里', '城', '院', '寓', '坊', '元', '层', '庭', '庄', '屯',
    ];
    text.chars()
        .last()
        .is_some_and(|c| ends.contains(&c) || c.is_ascii_digit())
}

/// Without blanks, a trailing name, postcode or bracketed note.
fn cleaned(value: &[Glyph]) -> Vec<Glyph> {
    let mut value = squeeze(trim(value));
    let chars = chars_of(&value);
    if let Some(postcode) = trailing_postcode(&chars) {
        value.truncate(postcode);
    }
    while value
        .last()
        .is_some_and(|g| matches!(g.ch, '(' | ')' | ',' | '.' | ':' | '、'))
    {
        value.pop();
    }
    value
}

/// `…88号(215000)`: six digits behind the last character of the address.
fn trailing_postcode(chars: &[char]) -> Option<usize> {
    let digits = chars
        .iter()
        .rev()
        .skip_while(|c| **c == ')')
        .take_while(|c| c.is_ascii_digit())
        .count();
    let closing = chars.iter().rev().take_while(|c| **c == ')').count();
    let at = chars.len().checked_sub(digits + closing)?;
    let whole =
        digits == 6 && at > 0 && matches!(chars[at - 1], '(' | '号' | '室' | '幢' | '组' | '村');
    whole.then(|| if chars[at - 1] == '(' { at - 1 } else { at })
}

fn on_envelope(envelope: &EnvelopeZones) -> Option<Candidate> {
    let value = cleaned(envelope.sender_address.as_ref()?);
    let text = text_of(&value);
    let n = text.chars().count();
    let sound = n >= 4 && !unsaid(&text) && text.chars().filter(|c| is_han(*c)).count() >= 3;
    let prior = if address_like(&text) { 0.9 } else { 0.5 } * soundness(&text);
    sound.then(|| Candidate::as_read(&value, prior, Source::EnvelopeSenderAddress, "7.4.2.3/2"))
}
