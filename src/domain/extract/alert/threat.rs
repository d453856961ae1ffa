//! Threats (扬言, SZ 7.3.5(1)): who would do what to whom, clause by clause.
//!
//! A missed threat is the worst error: words of harm raise the flag unless the clause denies them, tells what others did or said, or
//! tells of the past. Words that are innocent in most letters (煤气罐, 砸, 烧) need the writer as the one who acts, or a condition.

use super::innocent::innocent;
use super::words::words;
use crate::domain::extract::glyphs::has_any;

/// Whether a sentence threatens.
pub(super) fn threatens(sentence: &str) -> bool {
    let told = said_by_another(sentence);
    let own = &sentence[..told.unwrap_or(sentence.len())];
    let clauses: Vec<&str> = own.split([',', '、', ':', '。', '!', '?', ';']).collect();
    ultimatum(own, &clauses)
        || (0..clauses.len()).any(|i| {
            let (before, clause) = (&clauses[..i], clauses[i]);
            hits(clause).any(|hit| counts(own, before, clause, &hit))
        })
}

/// What follows in a sentence that begins with a lawful step, three clauses at a time, from each on that sets a term, has the writer in it or what is always a threat: 我举报…,院长不管,我就去跳楼.
/// Weighed as one, the complaint hides what is threatened.
pub(super) fn behind_a_lawful_step(sentence: &str) -> impl Iterator<Item = &str> {
    let lawful = words()
        .lawful
        .iter()
        .chain(&["查处", "请", "控告", "检举", "揭发", "控诉", "申诉"]);
    let step = lawful.filter_map(|word| sentence.find(word)).min();
    let begins = |from: &usize| {
        let clause = sentence[*from..].split(',').next().unwrap_or_default();
        let telling = [&words().ultimatum, &words().writer, &words().unmistakable];
        telling.into_iter().any(|list| has_any(clause, list))
    };
    let commas = sentence
        .match_indices(',')
        .map(|(at, comma)| at + comma.len());
    let behind = commas.filter(move |from| step.is_some_and(|step| *from > step));
    behind.filter(begins).map(|from| {
        let rest = &sentence[from..];
        let end = rest.match_indices(',').nth(2).map(|(at, _)| at);
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// The words that are enough by themselves, for looking among what else a character may be.
pub(super) fn unmistakable() -> impl Iterator<Item = &'static str> {
    words().strong.iter().chain(&words().unmistakable).copied()
}

/// Where somebody else's words begin: behind 他说:, 恐吓我:. What the writer says himself (我说:) is his own.
fn said_by_another(sentence: &str) -> Option<usize> {
    let at = sentence.find([':', '“', '"'])?;
    let lead = &sentence[..at];
    let speaks = [
        "说",
        "骂",
        "恐吓我",
        "威胁我",
        "放话",
        "喊",
        "扬言",
        "写道",
        "称",
    ];
    let clause = lead.rsplit([',', '。', ';']).next().unwrap_or(lead);
    let quoted = speaks.iter().any(|s| clause.contains(s));
    (quoted && actor(clause) == Some(Actor::Other)).then_some(at)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    Strong,
    Weak,
    Disorder,
}

struct Hit {
    at: usize,
    end: usize,
    force: Force,
}

/// Whether a clause holds such a word with one character misread.
fn misread(clause: &str) -> Option<Hit> {
    let chars: Vec<(usize, char)> = clause.char_indices().collect();
    chars.windows(4).find_map(|window| {
        let same = |word: &&&str| {
            word.chars()
                .zip(window)
                .filter(|(a, (_, b))| a == b)
                .count()
                == 3
        };
        words().unmistakable.iter().find(same)?;
        let (at, (last, ch)) = (window[0].0, window[3]);
        Some(Hit {
            at,
            end: last + ch.len_utf8(),
            force: Force::Strong,
        })
    })
}

fn hits(clause: &str) -> impl Iterator<Item = Hit> {
    let lists = [
        (&words().strong, Force::Strong),
        (&words().weak, Force::Weak),
        (&words().disorder, Force::Disorder),
    ];
    lists
        .into_iter()
        .flat_map(move |(words, force)| {
            words.iter().filter_map(move |word| {
                let at = clause.find(word)?;
                let end = at + word.len();
                let (lead, rest) = (&clause[..at], &clause[end..]);
                (!innocent(word, lead, rest)).then_some(Hit { at, end, force })
            })
        })
        .chain(
            words()
                .together
                .iter()
                .filter_map(move |pair| together(clause, pair)),
        )
        .chain(misread(clause))
}

/// Two words at most this many characters apart.
const NEAR: usize = 8;

fn together(clause: &str, &(first, second): &(&str, &str)) -> Option<Hit> {
    let at = clause.find(first)?;
    let between = at + first.len();
    let gap = clause[between..].find(second)?;
    let span = &clause[between..between + gap];
    let close = span.chars().count() <= NEAR;
    // 打断我的腿: done to the writer.
    let violent = "打砍废卸剁割挖挑捅烧砸绑炸".contains(first.chars().next().unwrap_or(' '));
    // 糕点店, 一点: nothing is set on fire.
    let no_fire = first == "点"
        && clause[..at].ends_with(|c| "糕一有几早餐茶网地景重站终起缺优观热".contains(c));
    let suffered = violent && span.contains('我') || clause[..at].ends_with('被');
    (close && !suffered && !no_fire).then_some(Hit {
        at,
        end: between + gap + second.len(),
        force: Force::Disorder,
    })
}

fn counts(sentence: &str, before: &[&str], clause: &str, hit: &Hit) -> bool {
    let lead = &clause[..hit.at];
    if denied(lead) || aimed_at_writer(&clause[hit.end..], hit.force) || reported(before, lead) {
        return false;
    }
    let actor = actor(lead).or_else(|| before.iter().rev().find_map(|c| actor(without_object(c))));
    let intent = has_any(sentence, &words().intent);
    let past = has_any(sentence, &words().past) && !has_any(clause, &words().ahead);
    let announced = words().writer.iter().any(|w| last_own(lead, w).is_some())
        && has_any(lead, &words().intent);
    if past && !announced {
        return false;
    }
    match (actor, hit.force) {
        (_, Force::Strong) if announced => true,
        (Some(Actor::Other), _) => false,
        (_, Force::Strong) => true,
        (Some(Actor::Writer), _) => intent || has_any(sentence, &["你们", "政府"]),
        (None, Force::Disorder) => intent,
        // Without anyone who acts: 再不修,早晚要撞死人 is a worry. 谁来拆就炸 is none.
        (None, Force::Weak) => {
            intent
                && has_any(
                    sentence,
                    &["谁", "你们", "逼", "别怪", "拼", "死也", "见血"],
                )
        }
    }
}

/// Somebody else's words: 他扬言要…, 有人提议去….
fn reported(before: &[&str], lead: &str) -> bool {
    let told = |clause: &str| {
        let word = words().reported.iter().filter_map(|r| clause.find(r)).min();
        word.is_some_and(|at| actor(&clause[..at]) != Some(Actor::Writer))
    };
    let own = words().writer.iter().any(|w| {
        last_own(lead, w).is_some_and(|at| {
            ["就", "要", "会", "将", "也", "只", "准备", "打算"]
                .iter()
                .any(|m| lead[at + w.len()..].starts_with(m))
        })
    });
    told(lead) || before.last().is_some_and(|c| told(c)) && !own
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Actor {
    Writer,
    Other,
}

/// A whole clause without the one it ends with, who is acted on: 老天不收他.
fn without_object(clause: &str) -> &str {
    let ends = words()
        .others
        .iter()
        .chain(&words().writer)
        .filter_map(|w| clause.strip_suffix(w));
    ends.min_by_key(|rest| rest.len())
        .filter(|rest| !rest.is_empty())
        .unwrap_or(clause)
}

/// 再不…, 我就把…: an ultimatum whose end is nothing anyone may do. No word of harm is needed.
fn ultimatum(sentence: &str, clauses: &[&str]) -> bool {
    if !has_any(sentence, &words().ultimatum)
        || has_any(sentence, &words().lawful)
        || has_any(sentence, &words().reported)
    {
        return false;
    }
    clauses.iter().enumerate().any(|(i, clause)| {
        let goes_on = ["就把", "就叫", "就让", "就给", "那就把", "便把"]
            .iter()
            .any(|o| clause.starts_with(o));
        let before = clauses[..i]
            .iter()
            .rev()
            .find_map(|c| actor(without_object(c)));
        if goes_on && before != Some(Actor::Other) {
            return true;
        }
        words().writer.iter().any(|w| {
            let Some(at) = last_own(clause, w) else {
                return false;
            };
            let rest = &clause[at + w.len()..];
            let then = [
                "就", "将", "会", "只好", "只有", "只能", "也", "要", "便", "打",
            ];
            then.iter().any(|t| rest.starts_with(t))
                && has_any(rest, &words().then)
                && !denied(&rest.chars().take(3).collect::<String>())
        })
    })
}

/// Who was named last in a text.
fn actor(text: &str) -> Option<Actor> {
    let writer = words()
        .writer
        .iter()
        .filter_map(|w| last_own(text, w))
        .max();
    let other = words()
        .others
        .iter()
        .filter_map(|w| last_acting(text, w))
        .chain(last_kin(text))
        .max();
    match (writer, other) {
        (None, None) => None,
        (Some(w), Some(o)) if o > w => Some(Actor::Other),
        (None, Some(_)) => Some(Actor::Other),
        _ => Some(Actor::Writer),
    }
}

/// The last place of someone who acts: 他 of 和他, 把他, 找他 is only acted on, 他的楼下 a place.
fn last_acting(text: &str, word: &str) -> Option<usize> {
    let objects = [
        "和",
        "跟",
        "与",
        "同",
        "把",
        "让",
        "找",
        "对",
        "向",
        "拉",
        "带",
        "给",
        "叫",
        "去",
        "到",
        "在",
        "遇到",
        "碰上",
        "姓",
        "将",
        "从",
        "敢",
        "谁",
        "当",
        "为",
        "联系好",
        "着",
    ];
    let places = [
        "的", "门", "楼", "家", "院", "们", "大门", "厂门", "公司", "孩子", "儿子",
    ];
    let found = text.match_indices(word).map(|(at, _)| at);
    found
        .filter(|at| !objects.iter().any(|o| text[..*at].ends_with(o)))
        .filter(|at| {
            !places
                .iter()
                .any(|p| text[at + word.len()..].starts_with(p))
        })
        .last()
}

/// The last place of 我 that is not 我父亲 and not what somebody does to me (把我, 逼我, 让我).
fn last_own(text: &str, word: &str) -> Option<usize> {
    let kin = |at: usize| {
        let rest = &text[at + word.len()..];
        (words().kin.iter().any(|k| rest.starts_with(k)) || rest.starts_with('的'))
            && !word.contains('们')
    };
    let found = text.match_indices(word).map(|(at, _)| at);
    found.filter(|at| !kin(*at)).last()
}

fn last_kin(text: &str) -> Option<usize> {
    let kin = |at: usize| {
        words()
            .kin
            .iter()
            .any(|k| text[at + "我".len()..].starts_with(k))
    };
    text.match_indices('我')
        .map(|(at, _)| at)
        .rfind(|at| kin(*at))
}

/// A denial right before the words; the 不 of 再不, 若不, 不然 is a condition and none.
fn denied(lead: &str) -> bool {
    let mut lead = lead.to_owned();
    for condition in [
        "再不",
        "若不",
        "如不",
        "要不是",
        "要不回",
        "要不",
        "不然",
        "不得不",
        "还不",
        "不让",
        "不给",
        "不管",
        "不怕",
        "不处理",
        "不解决",
        "不是他",
        "不死",
        "不如",
        "不结清",
        "不想活",
    ] {
        lead = lead.replace(condition, "");
    }
    has_any(&lead, &words().denied) || lead.ends_with(['不', '没', '未', '别'])
}

/// 弄死我, 打死我们: somebody threatens the writer.
fn aimed_at_writer(rest: &str, force: Force) -> bool {
    // 硫酸我都备好了: the writer is who acts.
    let acts = [
        "我都",
        "我已",
        "我就",
        "我有",
        "我也",
        "我手",
        "我准备",
        "我早",
        "我买",
    ];
    force != Force::Disorder
        && ["我", "本人", "咱"].iter().any(|w| rest.starts_with(w))
        && !acts.iter().any(|a| rest.starts_with(a))
}

#[cfg(test)]
#[path = "threat_tests.rs"]
mod tests;
