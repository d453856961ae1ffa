//! Whose misdeeds a letter tells of where nobody says 举报: somebody whom the roster knows, or an office of it, by any name, title or pointer (贵局),
//! beside the words for them.
//!
//! Of those named before the words it is the last; not whom the letter asks to look into it, nor where another one is named in between. Where that is
//! unclear he is taken for accused: an officer strikes him, and nothing has reached his office.

use std::ops::Range;

use crate::domain::zones::Glyph;

use super::Named;
use super::callings::{Callings, Mention, Stands, clause_of, ends_with_any, starts};
use super::misdeeds::{
    BESIDE, DENIED, GIVEN_TO, GOODS, GOODS_WITHIN, HANDLING, INVOLVES, MEANWHILE, MISDEEDS, OTHERS,
    PRONOUNS, REACH, RUDENESS, TAKEN, VICES,
};
use super::words::TITLES;
use crate::domain::extract::alert;
use crate::domain::extract::glyphs::{chars_of, find_from, has_any};
use crate::domain::extract::names;

impl Callings<'_> {
    /// Whom a sentence accuses; `before` is whom the one before named last, and is left as that for the next.
    pub(super) fn accused_in(
        &self,
        sentence: &[Glyph],
        before: &mut Option<Mention>,
    ) -> Vec<Named> {
        let chars = chars_of(sentence);
        let mentions = self.mentions(sentence, &chars);
        let mut all: Vec<Named> = Vec::new();
        for word in reproaches(&chars) {
            let Some(mention) = blamed(&chars, &mentions, before.as_ref(), &word) else {
                continue;
            };
            let at = match mention.at.is_empty() {
                true => word.at.clone(),
                false => mention.at.clone(),
            };
            let also = mention.also.clone().map(|also| (also, None));
            let first = (mention.name.clone(), mention.office.clone());
            for (name, office) in std::iter::once(first).chain(also) {
                if all.iter().all(|known| known.name != name) {
                    let at = at.clone();
                    all.push(Named { name, office, at });
                }
            }
        }
        let last = mentions
            .into_iter()
            .rfind(|one| one.stands != Stands::Asked);
        let is_alone =
            |one: &Mention| other(&chars, one.at.end..chars.len(), one.is_person).is_none();
        let stays = chars.iter().collect::<String>();
        *before = match last {
            Some(one) => Some(one).filter(is_alone),
            None if PRONOUNS.iter().any(|word| stays.starts_with(word)) => before.take(),
            None => None,
        };
        // Places in another sentence are no places in this one.
        if let Some(one) = before {
            one.at = 0..0;
        }
        all
    }
}

/// Words of a misdeed.
struct Reproach {
    at: Range<usize>,
    /// What no office does as a whole.
    is_personal: bool,
}

/// What is reproached in a sentence, without what is denied.
fn reproaches(chars: &[char]) -> Vec<Reproach> {
    let mut all = Vec::new();
    let mut add = |at: Range<usize>, is_personal: bool| {
        let before = &chars[clause_of(chars, at.start)..at.start];
        let verb = before
            .iter()
            .rev()
            .take_while(|c| "收受拿吃搞有接过".contains(**c));
        let before = &before[..before.len() - verb.count()];
        if !ends_with_any(before, DENIED) {
            all.push(Reproach { at, is_personal });
        }
    };
    let lists = [
        (alert::OF_OFFICE, false),
        (MISDEEDS, false),
        (alert::OF_PEOPLE, true),
        (VICES, true),
        (alert::BEATING, true),
        (RUDENESS, true),
    ];
    for (list, is_personal) in lists {
        for at in list.iter().flat_map(|word| places_of(chars, word)) {
            add(at, is_personal);
        }
    }
    for at in TAKEN
        .iter()
        .chain(GIVEN_TO)
        .flat_map(|word| places_of(chars, word))
    {
        let end = (at.end + GOODS_WITHIN).min(chars.len());
        let rest = chars[at.end..end]
            .iter()
            .take_while(|c| !",。".contains(**c));
        if has_any(&rest.collect::<String>(), GOODS) {
            add(at, false);
        }
    }
    all.sort_by_key(|word| word.at.start);
    all
}

fn places_of(chars: &[char], word: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = find_from(chars, word, from) {
        from = at + word.chars().count();
        all.push(at..from);
    }
    all
}

/// 请贵局查处…收受: the misdeed is what somebody is to look into. 处理我的事时收受: what he did meanwhile.
fn is_looked_into(before: &[char]) -> bool {
    let last = HANDLING
        .iter()
        .flat_map(|word| places_of(before, word))
        .max_by_key(|at| at.start);
    last.is_some_and(|at| {
        let lead = &before[..at.start];
        let rest: String = before[at.end..].iter().collect();
        let is_denied = lead.iter().rev().take(3).any(|c| "不没未拒".contains(*c));
        !is_denied && !has_any(&rest, MEANWHILE)
    })
}

/// Who else is named as the one who acts in a stretch of the sentence that begins behind a mention.
fn other(chars: &[char], within: Range<usize>, is_person: bool) -> Option<usize> {
    let stretch = &chars[within.clone()];
    let words = OTHERS.iter().chain(TITLES);
    let found = words
        .flat_map(|word| places_of(stretch, word))
        .filter(|at| {
            let lead = &stretch[clause_of(stretch, at.start)..at.start];
            // 钱局长与老板, 对老板; 在那里当局长; 钱局长的秘书.
            let is_beside = |c: &char| BESIDE.contains(*c) || is_person && *c == '对';
            let is_his = at.start == 0 || at.start == 1 && stretch[0] == '的';
            !is_his
                && !lead.iter().any(is_beside)
                && !ends_with_any(lead, &["当", "任", "是", "做"])
        });
    found.map(|at| within.start + at.start).min()
}

/// A full name that is a clause's whole beginning: 李华明收受.
fn is_named_before(chars: &[char], at: usize) -> bool {
    let clause: String = chars[clause_of(chars, at)..at].iter().collect();
    clause.chars().count() == 3 && names::person(&clause) >= 0.97
}

fn blamed<'m>(
    chars: &[char],
    mentions: &'m [Mention],
    before: Option<&'m Mention>,
    word: &Reproach,
) -> Option<&'m Mention> {
    let fits = |one: &&Mention| one.is_person || !word.is_personal;
    let clause = clause_of(chars, word.at.start);
    let involves = INVOLVES
        .iter()
        .any(|known| starts(chars, word.at.start, known));
    // 买通钱局长, 勾结信访局; 收受贿赂的是钱局长.
    let behind = |one: &&Mention| {
        let gap = chars.get(word.at.end..one.at.start);
        gap.is_some_and(|gap| match gap {
            [] | ['了'] => involves,
            ['的'] | ['的', '是'] => {
                clause == word.at.start || other(chars, clause..word.at.start, true).is_none()
            }
            _ => false,
        })
    };
    if let Some(one) = mentions.iter().filter(fits).find(behind) {
        return Some(one);
    }
    let refers = |from: usize| {
        let mut clauses = chars[from..word.at.start]
            .split(|c| ",;".contains(*c))
            .skip(1);
        clauses.any(|clause| PRONOUNS.iter().any(|word| starts(clause, 0, word)))
    };
    let counts = |one: &&Mention| match one.stands {
        Stands::Free => true,
        // 向钱局长行贿
        Stands::Met => refers(one.at.end) || involves && one.at.start >= clause,
        Stands::Asked => false,
    };
    let alone = |from: usize, is_person: bool| {
        let since = from.max(clause);
        !is_looked_into(&chars[since..word.at.start])
            && other(chars, from..word.at.start, is_person).is_none()
            && !is_named_before(chars, word.at.start)
    };
    let is_near =
        |one: &&Mention| one.at.end <= word.at.start && word.at.start - one.at.end <= REACH;
    let mut named = mentions.iter().filter(fits).filter(is_near).filter(counts);
    match named.next_back() {
        Some(one) => alone(one.at.end, one.is_person).then_some(one),
        None => {
            let begins = PRONOUNS.iter().any(|word| starts(chars, 0, word));
            before.filter(fits).filter(|_| begins && alone(0, true))
        }
    }
}
