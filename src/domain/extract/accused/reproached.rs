//! Whether a letter reproaches an official by name, whatever else it asks for: it may be an accusation, and a person says what it is for.

use super::misdeeds::{MISDEEDS, RUDENESS};
use super::words::{DEEDS, TITLES};
use crate::domain::extract::body;
use crate::domain::extract::glyphs::has_any;
use crate::domain::extract::names;
use crate::domain::zones::{LetterZones, text_of};

/// Whether a sentence of the text names somebody with his office and says what he has done wrong.
pub(crate) fn official_by_name(zones: &LetterZones) -> bool {
    let flow = body::flow(zones.body_rows());
    body::sentences(&flow).into_iter().any(|sentence| {
        let text = text_of(sentence);
        let named = TITLES.iter().find_map(|title| behind_title(&text, title));
        named.is_some_and(|behind| {
            [MISDEEDS, RUDENESS, DEEDS, WRONGS]
                .iter()
                .any(|words| has_any(behind, words))
        })
    })
}

/// What stands behind an office and the full name of who holds it.
fn behind_title<'a>(text: &'a str, title: &str) -> Option<&'a str> {
    text.match_indices(title).find_map(|(at, _)| {
        let behind = &text[at + title.len()..];
        [3, 2].into_iter().find_map(|n| {
            let end = behind.char_indices().nth(n).map(|(at, _)| at)?;
            (names::person(&behind[..end]) > 0.8).then(|| &behind[end..])
        })
    })
}

/// What people reproach an official with in words of every day.
const WRONGS: &[&str] = &[
    "收了钱",
    "拿了钱",
    "要钱",
    "不给钱",
    "挪作",
    "挪用",
    "包给",
    "偷工减料",
    "不办事",
    "打人",
    "骂人",
    "打骂",
    "吃拿卡要",
    "刁难",
    "装进",
    "私分",
    "好处费",
    "回扣",
    "占为己有",
    "据为己有",
    "安排给",
    "亲戚",
    "优亲厚友",
    "欺压",
    "威胁",
    "不作为",
    "乱作为",
    "糊弄",
    "推诿",
    "护着",
];
