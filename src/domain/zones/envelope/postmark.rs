//! The postmark on an envelope: its date in figures and the place nearest to it, struck over the stamp or beside its imprint.

use super::super::is_han;
use super::super::row::{Glyph, text_of};
use super::{EnvelopeZones, Piece, names_recipient, names_town};
use crate::domain::extract::glyphs::{has_any, squeeze};

/// The postmark: a date in figures, or what is left of one where it was struck over the stamp, and the place nearest to it. Where neither
/// was read, a town's name standing alone on an envelope, or beside nothing but the imprint, is the postmark's all the same.
pub(super) fn take(pieces: &mut Vec<Piece>, zones: &mut EnvelopeZones) {
    let dated = pieces.iter().position(|p| date_in(&p.glyphs).is_some());
    let anchor = dated.or_else(|| pieces.iter().position(|p| stamp_print(&p.text)));
    if let Some(anchor) = anchor.map(|i| pieces.remove(i)) {
        zones.postmark_date = date_in(&anchor.glyphs);
        zones.postmark_place = beside_imprint(&anchor)
            .or_else(|| take_joined(pieces))
            .or_else(|| place_beside(&anchor, pieces));
    }
    if zones.postmark_place.is_none() {
        zones.postmark_place = take_joined(pieces).or_else(|| {
            let alone = |p: &Piece| names_town(&p.text) || names_town(&text_of(&of_year(p)));
            let alone = pieces.iter().position(alone)?;
            let glyphs = pieces.remove(alone).glyphs;
            Some(glyphs.into_iter().filter(|g| is_han(g.ch)).collect())
        });
    }
}

/// What a postmark or a stamp has printed in it, the longest first.
const IMPRINTS: &[&str] = &["中国邮政", "国邮政", "中国邮", "邮政"];

/// 湖北黄冈中国邮政: the town in one row with what is printed in the postmark.
fn beside_imprint(piece: &Piece) -> Option<Vec<Glyph>> {
    let glyphs = squeeze(&piece.glyphs);
    let print = |imprint: &&str| {
        let text = text_of(&glyphs);
        let at = text[..text.find(*imprint)?].chars().count();
        Some(at..at + imprint.chars().count())
    };
    let print = IMPRINTS.iter().find_map(print)?;
    let han =
        |part: &[Glyph]| -> Vec<Glyph> { part.iter().filter(|g| is_han(g.ch)).copied().collect() };
    let (before, behind) = (han(&glyphs[..print.start]), han(&glyphs[print.end..]));
    [before, behind].into_iter().find(|part| ends_in_town(part))
}

/// Whether a text is a town's name, its province before it or not.
fn ends_in_town(words: &[Glyph]) -> bool {
    let text = text_of(words);
    let bare = text.trim_end_matches(['市', '县', '区']);
    let n = bare.chars().count();
    let town = |name: &str| names_town(name);
    (2..=LONGEST_PLACE).contains(&n)
        && (2..=4.min(n)).any(|length| {
            let skipped = n - length;
            let name: String = bare.chars().skip(skipped).collect();
            town(&name) && skipped != 1
        })
}

/// Characters of a province and a town.
const LONGEST_PLACE: usize = 8;

/// Takes the piece out that has the town beside the imprint, wherever it stands: nothing else on an envelope has one.
fn take_joined(pieces: &mut Vec<Piece>) -> Option<Vec<Glyph>> {
    let (at, place) = pieces
        .iter()
        .enumerate()
        .find_map(|(at, piece)| Some((at, beside_imprint(piece)?)))?;
    pieces.remove(at);
    Some(place)
}

/// 余姚2024.: the characters of a piece whose figures begin a year of the postmark; none of another.
fn of_year(piece: &Piece) -> Vec<Glyph> {
    let (han, rest): (Vec<Glyph>, Vec<Glyph>) = squeeze(&piece.glyphs)
        .into_iter()
        .partition(|g| is_han(g.ch));
    let figures = text_of(&rest);
    let dated = figures.starts_with("20") && figures.chars().all(|c| "0123456789.-/".contains(c));
    if dated { han } else { Vec::new() }
}

/// The place in the postmark whose date or stamp was read.
fn place_beside(anchor: &Piece, pieces: &mut Vec<Piece>) -> Option<Vec<Glyph>> {
    let words: Vec<Glyph> = squeeze(&anchor.glyphs)
        .into_iter()
        .filter(|g| is_han(g.ch))
        .collect();
    if words.len() >= 2 && !stamp_print(&anchor.text) {
        return Some(words);
    }
    let far = |p: &Piece| (p.middle[0] - anchor.middle[0]).hypot(p.middle[1] - anchor.middle[1]);
    let short = |p: &Piece| {
        let n = p.text.chars().count();
        (2..=5).contains(&n) && p.text.chars().all(is_han) && !names_recipient(&p.text)
    };
    let nearest = (0..pieces.len())
        .filter(|&j| short(&pieces[j]) && far(&pieces[j]) < 4.5 * anchor.height)
        .min_by(|a, b| far(&pieces[*a]).total_cmp(&far(&pieces[*b])));
    if let Some(j) = nearest {
        return Some(pieces.remove(j).glyphs);
    }
    // 太 and 仓 read apart, perhaps with figures of the date: together the name of a city or county, or nothing.
    let mut single: Vec<([f32; 2], Glyph)> = Vec::new();
    for p in pieces.iter().filter(|p| far(p) < 4.5 * anchor.height) {
        let mut han = p.glyphs.iter().filter(|g| is_han(g.ch));
        let mut rest = p.glyphs.iter().filter(|g| !is_han(g.ch));
        if let (Some(only), None) = (han.next(), han.next())
            && rest.all(|g| g.ch.is_ascii_digit() || matches!(g.ch, '.' | ' ' | '-'))
        {
            single.push((p.middle, *only));
        }
    }
    single.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]));
    let together: Vec<Glyph> = single.iter().map(|(_, g)| *g).collect();
    (together.len() >= 2 && names_town(&text_of(&together))).then_some(together)
}

/// The figures of a date among other writing: `中国邮政1 2024.02.09`.
fn date_in(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let of_date = |g: &Glyph| g.ch.is_ascii_digit() || matches!(g.ch, '.' | '-' | '/' | ',' | '·');
    let mut runs = glyphs.split(|g| !of_date(g));
    runs.find(|run| figure_date(&text_of(run)))
        .map(<[Glyph]>::to_vec)
}

/// What is printed on a stamp: 中国邮政120分.
fn stamp_print(text: &str) -> bool {
    let digits = text.chars().any(|c| c.is_ascii_digit());
    text.chars().count() <= 24
        && digits
        && (has_any(text, &["邮政", "国邮", "政1", "政8"]) || text.ends_with('分'))
}

fn figure_date(text: &str) -> bool {
    let parts: Vec<&str> = text
        .split(['.', '-', '/', ',', '·'])
        .filter(|p| !p.is_empty())
        .collect();
    parts.len() >= 3 && parts.iter().any(|p| p.starts_with("20") && p.len() >= 4)
}
