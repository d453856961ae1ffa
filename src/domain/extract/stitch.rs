//! Numbers and names broken at the right edge, put back together; nothing is added that is not on the page.

use crate::domain::zones::{Glyph, Row, is_han, text_of};

use super::date::find_dates;
use super::names;
use super::phone::find_phones;

/// The rows' characters, a number or a name that was broken at the right edge put back on the row it began on.
pub(crate) fn stitched(tail: &[Row]) -> Vec<Vec<Glyph>> {
    let mut written: Vec<Vec<Glyph>> = tail.iter().map(|r| r.glyphs.clone()).collect();
    for i in 1..written.len() {
        let (above, below) = written.split_at_mut(i);
        let (above, below) = (&mut above[i - 1], &mut below[0]);
        let mut moved = 0;
        if tail[i - 1].right > FULL_ROW {
            moved = broken_number(above, below).max(broken_name(above, below));
        } else if tail[i].left <= tail[i - 1].left + MARGIN && begun(above) >= SHORTEST_BEGUN {
            // Some break a number far from the edge.
            moved = broken_number(above, below);
        }
        above.extend(below.drain(..moved));
    }
    written
}

/// A row that ends past this share of the page's width may go on below.
pub(crate) const FULL_ROW: f32 = 0.72;

/// Figures a row ends in.
fn begun(above: &[Glyph]) -> usize {
    let figure = |g: &&Glyph| g.ch.is_ascii_digit();
    above.iter().rev().take_while(figure).count()
}

/// Fewer figures at the end of a row that is not full are a house's, not the beginning of a number.
const SHORTEST_BEGUN: usize = 4;

/// What goes on below begins at the margin, or so much of the page's width right of it.
const MARGIN: f32 = 0.03;

/// How many characters of `below` end a number that `above` begins: together a number, apart none.
fn broken_number(above: &[Glyph], below: &[Glyph]) -> usize {
    let figure = |g: &&Glyph| g.ch.is_ascii_digit() || matches!(g.ch, '-' | 'X' | 'x');
    let (begun, ended) = (
        above.iter().rev().take_while(figure).count(),
        below.iter().take_while(figure).count(),
    );
    if begun == 0 || ended == 0 {
        return 0;
    }
    let (first, rest) = (&above[above.len() - begun..], &below[..ended]);
    let whole: Vec<Glyph> = first.iter().chain(rest).copied().collect();
    let phone = |g: &[Glyph]| find_phones(g).len();
    // 2024年…, 2024-5-6: a date below is its own, whatever a house number above would make of it.
    if find_dates(below)
        .first()
        .is_some_and(|d| d.range.start == 0)
    {
        return 0;
    }
    // A whole number below is its own, whatever figures end the row above: `…9-4-1605` / `15272622387`.
    if phone(rest) > 0 {
        return 0;
    }
    let joined = find_phones(&whole)
        .iter()
        .any(|p| p.from < begun && p.to > begun);
    let id = whole.len() == 18 && whole.iter().filter(|g| g.ch.is_ascii_digit()).count() >= 17;
    if id || joined && phone(first) + phone(rest) < phone(&whole) {
        ended
    } else {
        0
    }
}

/// How many characters of `below` end a name that the list in `above` begins: `…　　上官凤` / `珍　　张静`.
fn broken_name(above: &[Glyph], below: &[Glyph]) -> usize {
    let part = |g: &&Glyph| is_han(g.ch);
    let begun = above.iter().rev().take_while(part).count();
    let ended = below.iter().take_while(part).count();
    let parts = |ch: char| matches!(ch, ' ' | ',' | '、');
    let listed = above.iter().any(|g| parts(g.ch));
    let more = below
        .get(ended)
        .is_none_or(|g| parts(g.ch) || g.ch.is_ascii_digit());
    if !listed || !more || ended == 0 || begun == 0 || begun >= above.len() {
        return 0;
    }
    let (first, rest) = (
        text_of(&above[above.len() - begun..]),
        text_of(&below[..ended]),
    );
    let whole = format!("{first}{rest}");
    // One character left alone is no name; a whole name is left alone.
    let split = begun == 1 || ended == 1;
    let unit_cut = ended <= 3 && names::unit(&whole) >= 0.8 && names::unit(&first) < 0.5;
    // 公 / 孙喜梅: half a surname of two characters begins no name.
    let chars: Vec<char> = whole.chars().collect();
    let half = begun == 1 && names::surname_length(&chars) == 2 && ended <= 3;
    if unit_cut || split && names::person(&whole) > 0.8 && (half || names::person(&rest) <= 0.8) {
        ended
    } else {
        0
    }
}
