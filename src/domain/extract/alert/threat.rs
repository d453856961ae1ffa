//! Threats (扬言, SZ 7.3.5(1)): who would do what to whom, clause by clause.
//!
//! A missed threat is the worst error: words of harm raise the flag unless the clause denies them, tells what others did or said, or
//! tells of the past. Words that are innocent in most letters (煤气罐, 砸, 烧) need the writer as the one who acts, or a condition.

use super::words::{
    DENIED, DISORDER, INTENT, KIN, OTHERS, PAST, STRONG, UNMISTAKABLE, WEAK, WRITER,
};
use crate::domain::extract::glyphs::has_any;

/// Whether a sentence threatens.
pub(super) fn threatens(sentence: &str) -> bool {
    let clauses: Vec<&str> = sentence
        .split([',', '、', ':', '。', '!', '?', ';'])
        .collect();
    (0..clauses.len()).any(|i| {
        let (before, clause) = (&clauses[..i], clauses[i]);
        hits(clause).any(|hit| counts(sentence, before, clause, &hit))
    })
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
        UNMISTAKABLE.iter().find(same)?;
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
        (STRONG, Force::Strong),
        (WEAK, Force::Weak),
        (DISORDER, Force::Disorder),
    ];
    lists
        .into_iter()
        .flat_map(move |(words, force)| {
            words.iter().filter_map(move |word| {
                let at = clause.find(word)?;
                let end = at + word.len();
                (!innocent(word, &clause[end..])).then_some(Hit { at, end, force })
            })
        })
        .chain(misread(clause))
}

/// 拼命工作, 砸锅卖铁: the same word without harm.
fn innocent(word: &str, rest: &str) -> bool {
    let after = |words: &[&str]| words.iter().any(|w| rest.starts_with(w));
    match word {
        "拼命" => after(&["工作", "干", "挣", "赚", "地", "学", "加班", "维持"]),
        "砸" => after(&["锅", "钱", "进", "到", "伤", "中", "坏", "在"]),
        "杀人" | "放火" => after(&["犯", "案", "罪"]),
        _ => false,
    }
}

fn counts(sentence: &str, before: &[&str], clause: &str, hit: &Hit) -> bool {
    let lead = &clause[..hit.at];
    if denied(lead) || aimed_at_writer(&clause[hit.end..], hit.force) {
        return false;
    }
    let actor = actor(lead).or_else(|| before.iter().rev().find_map(|c| actor(c)));
    let intent = has_any(sentence, INTENT);
    let past = has_any(sentence, PAST);
    let announced = WRITER.iter().any(|w| last_own(lead, w).is_some()) && has_any(lead, INTENT);
    if past && !announced {
        return false;
    }
    match (actor, hit.force) {
        (_, Force::Strong) if announced => true,
        (Some(Actor::Other), _) => false,
        (_, Force::Strong) => true,
        (Some(Actor::Writer), _) => intent || has_any(sentence, &["你们", "政府"]),
        (None, _) => intent,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Actor {
    Writer,
    Other,
}

/// Who was named last in a text.
fn actor(text: &str) -> Option<Actor> {
    let writer = WRITER.iter().filter_map(|w| last_own(text, w)).max();
    let other = OTHERS
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

/// The last place of someone who acts: 他 of 和他, 把他, 找他 is only acted on.
fn last_acting(text: &str, word: &str) -> Option<usize> {
    let objects = [
        "和", "跟", "与", "同", "把", "让", "找", "对", "向", "拉", "带", "给", "叫", "去",
    ];
    let found = text.match_indices(word).map(|(at, _)| at);
    found
        .filter(|at| !objects.iter().any(|o| text[..*at].ends_with(o)))
        .last()
}

/// The last place of 我 that is not 我父亲 and not what somebody does to me (把我, 逼我, 让我).
fn last_own(text: &str, word: &str) -> Option<usize> {
    let kin = |at: usize| {
        KIN.iter().any(|k| text[at + word.len()..].starts_with(k)) && !word.contains('们')
    };
    let found = text.match_indices(word).map(|(at, _)| at);
    found.filter(|at| !kin(*at)).last()
}

fn last_kin(text: &str) -> Option<usize> {
    let kin = |at: usize| KIN.iter().any(|k| text[at + "我".len()..].starts_with(k));
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
        "要不",
        "不然",
        "不得不",
        "还不",
        "不让",
        "不给",
        "不管",
    ] {
        lead = lead.replace(condition, "");
    }
    has_any(&lead, DENIED) || lead.ends_with(['不', '没', '未', '别'])
}

/// 弄死我, 打死我们: somebody threatens the writer.
fn aimed_at_writer(rest: &str, force: Force) -> bool {
    force != Force::Disorder && ["我", "本人", "咱"].iter().any(|w| rest.starts_with(w))
}

#[cfg(test)]
mod tests {
    use super::threatens;

    #[test]
    fn what_the_writer_would_do_is_a_threat() {
        for sentence in [
            "再不给钱我就从楼顶跳下去",
            "实在逼急了,我就和他们同归于尽,谁也别想好过",
            "实在不行,我只有抱着炸药去找他",
            "月底前没有答复,我们三百多户就去省政府门口静坐",
            "把我们逼到绝路上,什么事都做得出来",
            "我活着没有意思,遗书已经写好",
            "到时候出了人命你们负责",
            "他不让我活,我也不让他活",
            "有人跳楼你们才管,那我也跳给你们看",
            "我要带刀去砍他",
        ] {
            assert!(threatens(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_others_did_or_the_writer_will_not_do_is_none() {
        for sentence in [
            "我保证不越级上访,不闹事",
            "去年邻村有人为此喝了农药,幸好抢救及时",
            "村长扬言要弄死我,我已报警",
            "我父亲当时差点跳楼",
            "我一再劝大家不要去堵路",
            "楼道里堆满杂物和煤气罐,非常危险",
            "我拼命工作,供两个孩子上学",
            "噪音吵得全家不得安宁",
            "阳台上的花盆掉下来砸到人怎么办",
            "电视上有人爬上塔吊讨薪,我觉得不对",
        ] {
            assert!(!threatens(sentence), "{sentence}");
        }
    }
}
