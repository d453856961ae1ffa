//! What else a character may be: the engine's alternatives, weighed only where something else speaks for them.
//!
//! An alternative never wins by itself. A surname must be one, a given name's character a usual one, another mention of the same
//! name must allow it, or a word must be there. Digits become a value a person has to look at; the page's own reading stays in `raw`.

use crate::domain::text::{Char, PageText};
use crate::domain::zones::{Glyph, fold, is_han};

use super::names;

/// Alternatives the engine gives less than this are none.
const LEAST: f32 = 0.02;

/// A value made of alternatives must beat the reading by this factor.
const MARGIN: f32 = 1.6;

/// How much likelier a character is in its place when it is a surname, or usual in given names, than when it is neither: misreadings
/// seldom make names, and names seldom have other characters. What it changes is left to a person.
const SURNAME: f32 = 12.0;
const GIVEN: f32 = 8.0;

fn char_of<'a>(pages: &'a [PageText], glyph: &Glyph) -> Option<&'a Char> {
    let line = pages.get(glyph.page)?.lines.get(glyph.line)?;
    line.chars.get(glyph.at)
}

/// What a character may be with the engine's confidence, as read first.
pub(crate) fn options(pages: &[PageText], glyph: &Glyph) -> Vec<(char, f32)> {
    let mut all = vec![(glyph.ch, glyph.confidence.max(LEAST))];
    let others = char_of(pages, glyph).map_or(&[][..], |c| c.others.as_slice());
    for (ch, confidence) in others {
        let ch = fold(*ch);
        match all.iter_mut().skip(1).find(|(c, _)| *c == ch) {
            // 來 and 来 are one character here; the reading's own variants are in its confidence already.
            Some((_, sum)) => *sum += *confidence,
            None if ch != glyph.ch => all.push((ch, *confidence)),
            None => {}
        }
    }
    all.retain(|(_, p)| *p >= LEAST);
    all
}

/// How near the engine was to reading some characters otherwise: the greatest confidence of an alternative, and how many have one worth naming.
pub(crate) fn doubts(pages: &[PageText], glyphs: &[Glyph]) -> (f32, usize) {
    let next = |g: &Glyph| {
        options(pages, g)
            .iter()
            .skip(1)
            .map(|(_, p)| *p)
            .fold(0.0, f32::max)
    };
    let all = || glyphs.iter().filter(|g| g.ch != ' ').map(next);
    (
        all().fold(0.0, f32::max),
        all().filter(|p| *p >= WORTH).count(),
    )
}

/// An alternative of this confidence is one the engine hesitated over.
const WORTH: f32 = 0.05;

/// Whether the engine tells alternatives at all for some characters.
pub(crate) fn told(pages: &[PageText], glyphs: &[Glyph]) -> bool {
    glyphs.iter().any(|g| options(pages, g).len() > 1)
}

/// The engine's confidence that a glyph is `ch`; what it does not name is hardly so.
pub(crate) fn odds_of(pages: &[PageText], glyph: &Glyph, ch: char) -> f32 {
    let options = options(pages, glyph);
    let found = options.iter().find(|(c, _)| *c == ch);
    found.map_or(LEAST / 2.0, |(_, p)| *p)
}

/// The glyphs with the likeliest digit where none was read, and how many were put in; blanks and marks of a number stay.
pub(crate) fn with_digits(pages: &[PageText], glyphs: &[Glyph]) -> (Vec<Glyph>, usize) {
    let mut put_in = 0;
    let digits = glyphs.iter().map(|glyph| {
        let kept = glyph.ch.is_ascii_digit()
            || matches!(
                glyph.ch,
                ' ' | '-' | '(' | ')' | '.' | '/' | '年' | '月' | '日' | ':'
            );
        let read = char_of(pages, glyph);
        let among = read.and_then(|c| {
            c.others
                .iter()
                .copied()
                .find(|(c, p)| c.is_ascii_digit() && *p >= LEAST)
        });
        match among.or_else(|| read.and_then(|c| c.digit)) {
            Some((ch, confidence)) if !kept && confidence >= LEAST => {
                put_in += 1;
                Glyph {
                    ch,
                    confidence,
                    ..*glyph
                }
            }
            _ => *glyph,
        }
    });
    let digits = digits.collect();
    (digits, put_in)
}

/// A personal name by the reading, the alternatives, and the other mentions of it. `None`: as read.
pub(crate) fn name(
    pages: &[PageText],
    read: &[Glyph],
    mentions: &[&[Glyph]],
) -> Option<Vec<Glyph>> {
    if !(2..=4).contains(&read.len()) || !read.iter().all(|g| is_han(g.ch)) {
        return None;
    }
    let text: Vec<char> = read.iter().map(|g| g.ch).collect();
    let surname = names::surname_length(&text).max(1);
    let same: Vec<&[Glyph]> = mentions
        .iter()
        .copied()
        .filter(|m| could_be(pages, read, m))
        .collect();
    let mut out = read.to_vec();
    let mut changed = false;
    for (i, glyph) in read.iter().enumerate() {
        let weight = |ch: char| {
            let seen: f32 = same.iter().map(|m| odds_of(pages, &m[i], ch)).product();
            let usual = if i < surname {
                names::is_surname(ch)
            } else {
                names::is_given(ch)
            };
            let prior = match (usual, i < surname) {
                (true, true) => SURNAME,
                (true, false) => GIVEN,
                _ => 1.0,
            };
            odds_of(pages, glyph, ch) * seen * prior
        };
        let candidates = options(pages, glyph)
            .into_iter()
            .chain(same.iter().flat_map(|m| options(pages, &m[i])));
        let best = candidates
            .filter(|(c, _)| is_han(*c))
            .max_by(|a, b| weight(a.0).total_cmp(&weight(b.0)));
        if let Some((ch, _)) = best
            && ch != glyph.ch
            && weight(ch) > MARGIN * weight(glyph.ch)
        {
            out[i] = Glyph {
                ch,
                confidence: odds_of(pages, glyph, ch),
                ..*glyph
            };
            changed = true;
        }
    }
    changed.then_some(out)
}

/// Whether a mention may be the same name: as long, and at most one character that neither side allows.
fn could_be(pages: &[PageText], a: &[Glyph], b: &[Glyph]) -> bool {
    let allowed = |x: &Glyph, y: &Glyph| {
        let theirs = options(pages, y);
        options(pages, x)
            .iter()
            .any(|(c, _)| theirs.iter().any(|(d, _)| c == d))
    };
    a.len() == b.len() && a.iter().zip(b).filter(|(x, y)| !allowed(x, y)).count() * 3 <= a.len()
}

/// The sentences a text becomes when one of `words` is read into it by alternatives: characters the engine was not sure of only.
pub(crate) fn with_word(pages: &[PageText], glyphs: &[Glyph], word: &str) -> Option<String> {
    let word: Vec<char> = word.chars().collect();
    if word.len() < 2 || glyphs.len() < word.len() {
        return None;
    }
    (0..=glyphs.len() - word.len()).find_map(|at| {
        let window = &glyphs[at..at + word.len()];
        let wrong = window.iter().zip(&word).filter(|(g, c)| g.ch != **c);
        let changes: Vec<(&Glyph, char)> = wrong.map(|(g, c)| (g, *c)).collect();
        let few = !changes.is_empty() && changes.len() * 2 <= word.len();
        let told = |(glyph, ch): &(&Glyph, char)| {
            glyph.confidence < DOUBTFUL && odds_of(pages, glyph, *ch) >= LEAST
        };
        (few && changes.iter().all(told)).then(|| {
            let text = glyphs.iter().enumerate();
            text.map(|(i, g)| {
                if (at..at + word.len()).contains(&i) {
                    word[i - at]
                } else {
                    g.ch
                }
            })
            .collect()
        })
    })
}

/// Below this the engine was not sure of a character.
pub(crate) const DOUBTFUL: f32 = 0.9;
