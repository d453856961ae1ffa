//! How people say that one writes or signs for another: 替父亲X写, 特委托我儿子X代为反映, X(由女儿Y代).

use crate::domain::zones::{Glyph, LetterZones, text_of};

use super::super::glyphs::{chars_of, find_from, has_any, squeeze};
use super::super::tail::{Item, Kind, trim};
use super::super::{body, names};
use super::{WRITING, relation_in_front};

/// What may stand before the words in their clause where it is the writer who acts.
const OWN: &[&str] = &[
    "我", "本人", "现", "特", "兹", "今", "故", "已", "并", "是", "来", "由我", "在此", "只好",
    "只能", "因此", "所以", "书面", "全权", "特此", "便", "就", "才", "想", "要",
];

/// What follows a name that was meant: a verb of writing, a courtesy, or the end of the clause.
const GOES_ON: &str = "写向来提致给申投上办代签反出同老大女先的(,:。、为全书信诉转前去替作进";

/// Who is named right behind a place, kinship before him left out: 我父亲熊大海.
fn named_at(glyphs: &[Glyph], at: usize) -> Option<(Vec<Glyph>, String)> {
    let chars = chars_of(glyphs);
    let at = at + relation_in_front(chars.get(at..)?);
    [4, 3, 2].into_iter().find_map(|length| {
        let name = glyphs.get(at..at + length)?;
        let after: String = chars[at + length..].iter().take(14).collect();
        let ends = after.is_empty() || after.starts_with(|c| GOES_ON.contains(c));
        // 委托骆启华为代理人
        let led = text_of(name).ends_with('为') && !after.starts_with('为');
        (ends && !led && names::person(&text_of(name)) > 0.8).then(|| (name.to_vec(), after))
    })
}

/// Whether the writer acts in a clause that begins so.
fn by_writer(before: &[char]) -> bool {
    let from = before
        .iter()
        .rposition(|c| matches!(c, ',' | ':' | '。' | ';' | '('));
    let clause: String = before[from.map_or(0, |i| i + 1)..].iter().collect();
    clause.is_empty() || OWN.iter().any(|word| clause.ends_with(word))
}

/// 我替父亲熊大海写这封信, 现代母亲段美兰向您反映: for whom the writer writes.
pub(super) fn wrote_for(sentence: &[Glyph]) -> Option<Vec<Glyph>> {
    let chars = chars_of(sentence);
    ["代", "替", "帮", "代表"].into_iter().find_map(|word| {
        let mut from = 0;
        while let Some(at) = find_from(&chars, word, from) {
            from = at + 1;
            let behind = at + word.chars().count();
            if let Some((name, after)) = named_at(sentence, behind)
                && by_writer(&chars[..at])
                && has_any(&after, WRITING)
            {
                return Some(name);
            }
        }
        None
    })
}

/// Whom the writer asks to act or to write for him, by one of some verbs.
pub(super) fn commissions(sentence: &[Glyph], verbs: &[&str]) -> Option<String> {
    asked(sentence, verbs, by_writer)
}

/// Whom an authorisation names, whoever it says gives it.
pub(super) fn authorises(sentence: &[Glyph], verbs: &[&str]) -> Option<String> {
    asked(sentence, verbs, |_| true)
}

fn asked(sentence: &[Glyph], verbs: &[&str], by: fn(&[char]) -> bool) -> Option<String> {
    let chars = chars_of(sentence);
    verbs.iter().find_map(|verb| {
        let mut from = 0;
        while let Some(at) = find_from(&chars, verb, from) {
            from = at + 1;
            if let Some((name, after)) = named_at(sentence, at + verb.chars().count())
                && by(&chars[..at])
                && has_any(&after, ACTS)
            {
                return Some(text_of(&name));
            }
        }
        None
    })
}

/// What an agent does.
const ACTS: &[&str] = &["代", "写", "反映", "来信", "信访", "投诉", "申诉", "全权"];

/// Who is said in the text to write for the writer: 由女儿熊小梅代笔, 委托邻居高远写信.
pub(super) fn appointed(zones: &LetterZones) -> Option<String> {
    let flow = body::flow(zones.body_rows());
    let mut sentences = body::sentences(&flow).into_iter();
    let verbs = ["委托", "授权", "拜托", "托", "由", "请", "让", "叫"];
    sentences.find_map(|sentence| commissions(sentence, &verbs))
}

/// A signature in another's name: whose, and who signed where it is said. 段美兰(女儿熊小梅代), 熊小梅(代段美兰), 代母亲段美兰.
pub(super) fn signed_for(item: &Item) -> Option<(Vec<Glyph>, Option<String>)> {
    if !matches!(item.kind, Kind::Signer | Kind::Bare | Kind::Role) {
        return None;
    }
    let glyphs = squeeze(trim(&item.value));
    let chars = chars_of(&glyphs);
    let whole = |part: &[Glyph]| {
        let from = relation_in_front(&chars_of(part));
        let name = trim(&part[from..]);
        (names::person(&text_of(name)) > 0.8).then(|| name.to_vec())
    };
    let at = chars.iter().position(|c| *c == '代')?;
    let (before, behind) = (&glyphs[..at], &glyphs[at + 1..]);
    let open = before.iter().position(|g| g.ch == '(');
    let for_whom = whole(behind);
    match (open, for_whom) {
        // 代段美兰, 熊小梅代段美兰
        // 代明珠 is a name.
        (None, Some(principal)) if !before.is_empty() || glyphs.len() > 3 => {
            let agent = whole(before).map(|name| text_of(&name));
            (before.is_empty() || agent.is_some()).then_some((principal, agent))
        }
        // 熊小梅(代段美兰)
        (Some(open), Some(principal)) if open + 1 == at => {
            let agent = whole(&before[..open])?;
            Some((principal, Some(text_of(&agent))))
        }
        // 段美兰(女儿熊小梅代): not 代笔, who only wrote it down.
        (Some(open), None) => {
            let rest = text_of(trim(behind));
            let inside = &before[open + 1..];
            let by = usize::from(inside.first().is_some_and(|g| g.ch == '由'));
            let agent = whole(&inside[by..])?;
            let signed = ["", "签", "签名", "签字"].contains(&rest.as_str());
            let principal = whole(&before[..open]).filter(|_| signed)?;
            Some((principal, Some(text_of(&agent))))
        }
        _ => None,
    }
}
