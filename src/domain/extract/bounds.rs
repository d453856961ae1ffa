//! How much of a letter the rules look at, so that no text keeps them for long.
//!
//! A rule may look at every pair of some things in a row, or weigh every sentence: in a letter of any length that a hand or a printer writes this is nothing,
//! in a megabyte that somebody put into one line it has no end. What lies beyond is still looked through for threats and marks.

use std::borrow::Cow;

use crate::domain::text::PageText;

/// Characters of a line; a sheet's width holds a tenth of them.
pub(super) const LINE: usize = 1000;
/// Characters of a letter's beginning and of its end: some sixty pages. Who writes, to whom and why stands there.
pub(super) const BEGINNING: usize = 16_000;
pub(super) const END: usize = 8_000;

/// The pages with as much of their text as the rules look at; every line keeps its place.
pub(super) fn within(pages: &[PageText]) -> Cow<'_, [PageText]> {
    if left_out(pages) == 0 {
        return Cow::Borrowed(pages);
    }
    let mut kept = pages.to_vec();
    let lengths: Vec<usize> = kept
        .iter_mut()
        .flat_map(|page| &mut page.lines)
        .map(cut)
        .collect();
    let all = lengths.iter().sum();
    let mut before = 0;
    let lines = kept.iter_mut().flat_map(|page| &mut page.lines);
    for (line, length) in lines.zip(lengths) {
        if is_between(before, length, all) {
            line.text.clear();
            line.raw.clear();
            line.chars.clear();
        }
        before += length;
    }
    Cow::Owned(kept)
}

/// How many characters [`within`] leaves out.
pub(super) fn left_out(pages: &[PageText]) -> usize {
    let lines = pages.iter().flat_map(|page| &page.lines);
    let lengths: Vec<usize> = lines.map(|line| line.text.chars().count()).collect();
    let kept = |length: &usize| (*length).min(LINE);
    let all = lengths.iter().map(kept).sum();
    let mut before = 0;
    let mut looked_at = 0;
    for length in lengths.iter().map(kept) {
        looked_at += if is_between(before, length, all) {
            0
        } else {
            length
        };
        before += length;
    }
    lengths.iter().sum::<usize>() - looked_at
}

/// Whether a line of some length lies behind the beginning and before the end.
fn is_between(before: usize, length: usize, all: usize) -> bool {
    before + length > BEGINNING && before + END < all
}

/// Cuts a line that is too long, its place with it, and says how long it is now.
fn cut(line: &mut crate::domain::text::Line) -> usize {
    let length = line.text.chars().count();
    if length <= LINE {
        return length;
    }
    line.quad = line.part(0, LINE);
    line.text = line.text.chars().take(LINE).collect();
    line.raw = line.raw.chars().take(LINE).collect();
    if line.chars.len() == length {
        let share = line.chars[LINE - 1].at.max(f32::EPSILON);
        line.chars.truncate(LINE);
        line.chars
            .iter_mut()
            .for_each(|c| c.at = (c.at / share).min(1.0));
    } else {
        line.chars.clear();
    }
    LINE
}
