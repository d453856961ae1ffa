//! Who says with his name that he wrote the letter (此信由X书写, 执笔人X), and who only wrote it down for another (由X代笔, 代书人X).
//!
//! SZ 7.4.2.2 registers who signed. Who names himself as the one who wrote it has signed; a scribe has not, and no name of his becomes the sender's: that
//! is for who signed beside him, for the envelope, or for who says in the letter who he is.

use crate::domain::zones::{Glyph, Row, text_of};

use super::glyphs::{chars_of, has_any, squeeze};
use super::labels::Kind;
use super::{body, names, tail};

/// Verbs of one who writes for himself.
const OWN: &[&str] = &[
    "亲自书写",
    "亲笔书写",
    "书写",
    "亲笔",
    "亲书",
    "手书",
    "执笔",
    "撰写",
    "起草",
    "所写",
    "写成",
    "自述",
    "口述",
    "写",
];

/// Verbs of one who writes for another.
const FOR_ANOTHER: &[&str] = &[
    "代为书写",
    "代为撰写",
    "代为起草",
    "代为执笔",
    "代笔",
    "代书",
    "代写",
    "代拟",
    "记录",
    "打字",
    "誊写",
];

/// What one did with the letter who only passed it on, copied or checked it.
const PASSED: &[&str] = &[
    "代寄", "代转", "代递", "代交", "代送", "代投", "代发", "代邮", "代呈", "转呈", "转交", "转递",
    "转送", "转报", "转寄", "递交", "递送", "捎来", "捎带", "捎交", "捎信", "带来", "带交", "带信",
    "送交", "送达", "送来", "抄写", "抄录", "誊抄", "誊清", "翻译", "录入", "校对", "校", "排版",
    "打印", "整理", "经办", "经手", "带到", "转", "递", "抄", "捎", "交", "译", "送", "誊",
];

/// The same, but only behind a gap: 侯玉娥寄 has sent it himself.
const BEHIND_GAP: &[&str] = &["寄", "录"];

/// 侯玉娥 代寄, 侯玉娥转: who had the letter in his hands and signed nothing. One character may end a name: it needs a gap before it, or three others.
fn passed_on(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let glyphs = tail::trim(glyphs);
    if glyphs.len() > LONGEST_PASSED {
        return None;
    }
    let gap = glyphs.iter().rposition(|g| g.ch == ' ');
    let parted = gap.and_then(|at| {
        let (name, verb) = (squeeze(&glyphs[..at]), text_of(&glyphs[at + 1..]));
        let passed = PASSED.iter().chain(BEHIND_GAP).any(|word| *word == verb);
        passed.then_some(name)
    });
    let joined = || {
        let text = text_of(glyphs);
        let ends = |verb: &&&str| text.ends_with(**verb);
        let verb = PASSED.iter().find(ends)?.chars().count();
        let flat = squeeze(glyphs);
        let name = flat[..flat.len() - verb].to_vec();
        (verb > 1 || name.len() >= 3).then_some(name)
    };
    let name = parted.or_else(joined)?;
    // 欧阳建交
    let whole = gap.is_none() && names::person(&text_of(glyphs)) > 0.8;
    (!whole && names::person(&text_of(&name)) > 0.8).then_some(name)
}

/// Characters of a name, a gap and what its bearer did with the letter.
const LONGEST_PASSED: usize = 10;

/// What is written by someone.
const PAPERS: &[&str] = &["信", "文", "材料", "状", "书", "件", "此", "本"];

/// A row that says who wrote the letter.
pub(crate) fn row(glyphs: &[Glyph]) -> Option<(Kind, Vec<Glyph>)> {
    if let Some(name) = passed_on(glyphs) {
        return Some((Kind::Another, name));
    }
    let glyphs = squeeze(tail::trim(glyphs));
    if !(4..=18).contains(&glyphs.len()) {
        return None;
    }
    by_whom(&glyphs).or_else(|| name_first(&glyphs))
}

/// `此信由王芳书写`; the last word may be misread where the beginning leaves no doubt.
fn by_whom(glyphs: &[Glyph]) -> Option<(Kind, Vec<Glyph>)> {
    let chars = chars_of(glyphs);
    let at = chars.iter().take(7).position(|c| *c == '由')?;
    let before: String = chars[..at].iter().collect();
    if at > 0 && !has_any(&before, PAPERS) {
        return None;
    }
    // 由王晶书写: the longest verb tells where the name ends.
    let verb_at = |length: usize| {
        let rest: String = chars.get(at + 1 + length..)?.iter().collect();
        verb(&rest).map(|(_, n)| n)
    };
    let mut lengths = [4, 3, 2];
    lengths.sort_by_key(|n| std::cmp::Reverse(verb_at(*n).unwrap_or(0)));
    lengths.into_iter().find_map(|length| {
        let name = glyphs.get(at + 1..at + 1 + length)?;
        let rest: String = chars[at + 1 + length..].iter().collect();
        let kind = verb(&rest).map(|(kind, _)| kind).or_else(|| {
            let few = (1..=3).contains(&rest.chars().count());
            let one_read = rest.contains(['书', '写', '笔', '执']);
            (before.chars().count() >= 2 && few && one_read).then(|| {
                if rest.contains('代') {
                    Kind::Scribe
                } else {
                    Kind::Writer
                }
            })
        })?;
        (names::person(&text_of(name)) > 0.8).then(|| (kind, name.to_vec()))
    })
}

/// `王芳代笔`.
fn name_first(glyphs: &[Glyph]) -> Option<(Kind, Vec<Glyph>)> {
    let text = text_of(glyphs);
    let kinds = [(FOR_ANOTHER, Kind::Scribe), (OWN, Kind::Writer)];
    kinds.into_iter().find_map(|(verbs, kind)| {
        let verb = verbs
            .iter()
            .filter(|v| v.chars().count() > 1)
            .find(|v| text.ends_with(**v))?;
        let name = &glyphs[..glyphs.len() - verb.chars().count()];
        (names::person(&text_of(name)) > 0.8).then(|| (kind, name.to_vec()))
    })
}

/// The verb a text begins with: whose it is, and how long.
fn verb(rest: &str) -> Option<(Kind, usize)> {
    let longest = |verbs: &[&str]| {
        let found = verbs.iter().filter(|v| rest.starts_with(**v));
        found.map(|v| v.chars().count()).max()
    };
    let scribe = longest(FOR_ANOTHER).map(|n| (Kind::Scribe, n));
    scribe.or_else(|| longest(OWN).map(|n| (Kind::Writer, n)))
}

/// The same in the last sentences of a body.
pub(crate) fn in_body(rows: &[Row]) -> Option<(Kind, Vec<Glyph>)> {
    let flow = body::flow(&rows[rows.len().saturating_sub(LAST_ROWS)..]);
    let clauses = flow.split(|g| matches!(g.ch, '。' | ',' | '!' | ';'));
    clauses
        .rev()
        .filter(|clause| has_any(&text_of(clause), &["信由", "材料由", "文由"]))
        .find_map(by_whom)
}

/// Rows at the end of a body in which a writer names himself.
const LAST_ROWS: usize = 4;
