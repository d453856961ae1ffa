//! An extractive summary: the letter's own sentences, each with the place it stands at, and none of ours.
//!
//! Of every matter the sentence that tells most of it, then what is asked for.

use crate::domain::draft::{Passage, SummarySentence};
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, text_of};

use super::super::body;
use super::super::evidence::{passages, place};
use super::{category, introduces, is_request};

/// Sentences of a matter and of requests at most.
const PER_MATTER: usize = 2;
const REQUESTS: usize = 2;
/// Longer ones are no summary; shorter ones tell nothing.
const LENGTH: std::ops::RangeInclusive<usize> = 6..=120;

/// A sentence with its place.
pub(super) fn sentence(pages: &[PageText], glyphs: &[Glyph]) -> SummarySentence {
    let (page, quad) = place(pages, glyphs);
    let quads: Vec<Passage> = passages(pages, glyphs);
    SummarySentence {
        text: text_of(glyphs),
        page,
        quad,
        quads,
    }
}

/// The sentences of the summary in the letter's order.
pub(super) fn of(pages: &[PageText], parts: &[&[Glyph]]) -> Vec<SummarySentence> {
    let mut chosen: Vec<&[Glyph]> = Vec::new();
    for part in parts {
        let all = body::sentences(part);
        let about = category::of(&text_of(part));
        let told = |s: &&&[Glyph]| {
            let text = text_of(s);
            LENGTH.contains(&text.chars().count())
                && !is_request(&text)
                && !courtesy(&text)
                && !introduces(&text)
        };
        let weight = |s: &&[Glyph]| about.map_or(0, |path| category::speaks_of(&text_of(s), path));
        let mut telling: Vec<(usize, &[Glyph])> =
            all.iter().filter(told).copied().enumerate().collect();
        // What tells most first; of equals the earlier.
        telling.sort_by_key(|(i, s)| (std::cmp::Reverse(weight(s)), *i));
        telling.truncate(PER_MATTER);
        telling.sort_by_key(|(i, _)| *i);
        chosen.extend(telling.into_iter().map(|(_, s)| s));
    }
    let asked = parts
        .iter()
        .flat_map(|p| body::sentences(p))
        .filter(|s| is_request(&text_of(s)));
    chosen.extend(asked.take(REQUESTS.max(parts.len())));
    chosen.dedup();
    chosen.into_iter().map(|s| sentence(pages, s)).collect()
}

/// 您好！冒昧给您写信.
pub(super) fn courtesy(text: &str) -> bool {
    [
        "您好",
        "你好",
        "打扰",
        "冒昧",
        "辛苦了",
        "百忙之中",
        "问好",
        "展信",
        "此致",
        "敬礼",
    ]
    .iter()
    .any(|c| text.contains(c))
        && text.chars().count() < 30
}
