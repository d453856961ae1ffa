//! A proxy's letter: the principal is the sender, the writer only his agent (SZ 3.6, 7.4.1).
//!
//! Needs words of authorisation; being someone's son is none.

use crate::domain::draft::Proxy;
use crate::domain::field::Source;
use crate::domain::zones::{Glyph, LetterZones, Row, text_of};

use super::evidence::{Candidate, reading};
use super::glyphs::{chars_of, find_from, has_any, squeeze};
use super::signature::{Form, Signature};
use super::tail::{Item, Kind, items, trim};
use super::{body, names};

/// A principal and his agent.
pub(crate) struct Found {
    pub(crate) principal: Candidate,
    pub(crate) proxy: Proxy,
}

/// Finds a proxy's letter.
pub(crate) fn find(zones: &LetterZones, tail: &[Item], signed: &[Signature]) -> Option<Found> {
    let enclosed = items(&zones.authorisation);
    let in_body = body_principal(zones.body_rows());
    let agent_item = tail
        .iter()
        .find(|i| matches!(i.kind, Kind::Agent | Kind::Scribe));
    let said = authorised_words(zones.body_rows());
    if zones.authorisation.is_empty() && !(said && (in_body.is_some() || agent_item.is_some())) {
        return None;
    }
    let mut readings: Vec<Vec<Glyph>> = in_body.into_iter().collect();
    readings.extend(named(&enclosed, Kind::Principal));
    let principal = best_reading(&readings)?;
    let seen = !zones.authorisation.is_empty();
    let prior = if seen { 0.95 } else { 0.7 };
    let agent = agent_item
        .and_then(|i| person_in(&i.value))
        .map(|g| text_of(&g))
        .or_else(|| {
            signed
                .iter()
                .find(|s| s.form == Form::Person)
                .map(Signature::name)
        })
        .or_else(|| named(&enclosed, Kind::Agent).first().map(|g| text_of(g)))
        .unwrap_or_default();
    if agent == text_of(&principal) {
        return None;
    }
    Some(Found {
        principal: Candidate::as_read(&principal, prior, Source::LetterBody, "7.4.1"),
        proxy: Proxy {
            agent,
            authorisation_seen: seen,
        },
    })
}

fn named(items: &[Item], kind: Kind) -> Vec<Vec<Glyph>> {
    items
        .iter()
        .filter(|i| i.kind == kind)
        .filter_map(|i| person_in(&i.value))
        .collect()
}

/// The name at the beginning of a value: `上官伟(系委托人亲属)`.
fn person_in(value: &[Glyph]) -> Option<Vec<Glyph>> {
    let end = value
        .iter()
        .position(|g| matches!(g.ch, '(' | ',' | '。') || g.ch.is_ascii_digit())
        .unwrap_or(value.len());
    let name = squeeze(trim(&value[..end]));
    (names::person(&text_of(&name)) > 0.4).then_some(name)
}

/// The name most mentions agree on; of equals the surest.
fn best_reading(readings: &[Vec<Glyph>]) -> Option<Vec<Glyph>> {
    let support = |r: &Vec<Glyph>| -> f32 {
        let text = text_of(r);
        readings
            .iter()
            .filter(|o| text_of(o) == text)
            .map(|o| reading(o))
            .sum()
    };
    // `max_by` takes the last of equals; reversed, the first mention stands.
    readings
        .iter()
        .rev()
        .max_by(|a, b| support(a).total_cmp(&support(b)))
        .cloned()
}

fn authorised_words(rows: &[Row]) -> bool {
    let text = text_of(&body::flow(rows));
    has_any(&text, &["委托", "授权", "代理人", "全权"])
        && has_any(
            &text,
            &[
                "代其来信",
                "代为写",
                "代写",
                "代为反映",
                "代其",
                "由我代",
                "我代",
                "代为来信",
                "代理人",
                "代笔",
                "代他",
                "代她",
            ],
        )
}

/// `受马伟(伯父)书面委托`, `我是马伟的儿子，经其书面授权`.
fn body_principal(rows: &[Row]) -> Option<Vec<Glyph>> {
    let flow = body::flow(rows);
    let chars = chars_of(&flow);
    for opening in ["受", "接受", "我是", "我系", "本人系", "本人受", "代"] {
        let mut from = 0;
        while let Some(i) = find_from(&chars, opening, from) {
            from = i + 1;
            let at = i + opening.chars().count();
            for length in [4, 3, 2] {
                let Some(name) = flow.get(at..at + length) else {
                    continue;
                };
                let rest: String = chars[at + length..].iter().take(12).collect();
                let follows = if opening.ends_with('受') {
                    rest.contains("委托") || rest.contains("授权")
                } else if opening == "代" {
                    rest.starts_with("写") || rest.starts_with("反映")
                } else {
                    kinship(&rest)
                };
                if follows && boundary(&rest) && names::person(&text_of(name)) > 0.8 {
                    return Some(name.to_vec());
                }
            }
        }
    }
    None
}

fn boundary(rest: &str) -> bool {
    [
        "(", "的", "书面", "之", "委托", "授权", ",", "写", "反映", "本人", "先生", "女士", "老人",
    ]
    .iter()
    .any(|b| rest.starts_with(b))
}

fn kinship(rest: &str) -> bool {
    rest.starts_with(['的', '之'])
        && has_any(
            &rest.chars().take(6).collect::<String>(),
            &[
                "儿", "女", "子", "父", "母", "妻", "夫", "兄", "弟", "姐", "妹", "孙", "侄", "婿",
                "媳", "亲", "代理", "律师", "朋友", "邻居",
            ],
        )
}
