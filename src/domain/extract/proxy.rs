//! A proxy's letter: the principal is the sender, the writer only his agent (SZ 3.6, 7.4.1).
//!
//! Needs words of authorisation; being someone's son is none.

mod wordings;

use crate::domain::draft::Proxy;
use crate::domain::field::Source;
use crate::domain::zones::{Glyph, LetterZones, Row, text_of};

use super::evidence::{Candidate, reading};
use super::glyphs::{chars_of, find_from, has_any, squeeze};
use super::signature::{Form, Signature};
use super::tail::{Item, Kind, items, trim};
use super::{body, names};
use wordings::{appointed, signed_for, wrote_for};

/// A principal and his agent.
pub(crate) struct Found {
    pub(crate) principal: Candidate,
    pub(crate) proxy: Proxy,
}

/// Finds a proxy's letter. `own_words`: who the writer says he is.
pub(crate) fn find(
    zones: &LetterZones,
    tail: &[Item],
    signed: &[Signature],
    own_words: Option<&Candidate>,
) -> Option<Found> {
    if let Some(found) = by_appointment(zones, tail, signed, own_words) {
        return Some(found);
    }
    let enclosed = items(&zones.authorisation);
    let in_body = body_principal(zones.body_rows());
    let agent_item = tail
        .iter()
        .find(|i| matches!(i.kind, Kind::Agent | Kind::Scribe));
    let said = authorised_words(zones.body_rows()) && (in_body.is_some() || agent_item.is_some());
    let seen = !zones.authorisation.is_empty();
    let commissioned = commissioned(zones, tail);
    let beside_agent = if agent(tail).is_some() {
        named(tail, Kind::Principal)
    } else {
        Vec::new()
    };
    if !seen && !said && commissioned.is_empty() && beside_agent.is_empty() {
        return None;
    }
    let mut readings: Vec<Vec<Glyph>> = beside_agent;
    readings.extend(commissioned);
    readings.extend(in_body.filter(|_| seen || said));
    readings.extend(named(&enclosed, Kind::Principal));
    let principal = best_reading(&readings)?;
    let prior = if seen { 0.95 } else { 0.7 };
    let agent = agent_item
        .and_then(|i| person_in(&i.value))
        .map(|g| text_of(&g))
        .or_else(|| lawyer(tail))
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

/// Who signed in another's name, and he: 熊小梅(代段美兰); 我叫段美兰,由女儿熊小梅代笔 above the daughter's signature.
fn by_appointment(
    zones: &LetterZones,
    tail: &[Item],
    signed: &[Signature],
    own_words: Option<&Candidate>,
) -> Option<Found> {
    let proxy = |agent: String| Proxy {
        agent,
        authorisation_seen: !zones.authorisation.is_empty(),
    };
    let principal =
        |name: &[Glyph]| Candidate::as_read(name, 0.7, Source::LetterSignature, "7.4.1");
    if let Some((name, agent)) = tail.iter().find_map(signed_for) {
        let agent = agent.or_else(|| {
            let mut others = signed.iter().map(Signature::name);
            others.find(|other| *other != text_of(&name))
        });
        return Some(Found {
            principal: principal(&name),
            proxy: proxy(agent.unwrap_or_default()),
        });
    }
    let (agent, own) = (appointed(zones)?, own_words?);
    let signs = signed.first().is_some_and(|s| s.name() == agent);
    (signs && own.value != agent).then(|| Found {
        principal: Candidate {
            rule: "7.4.1",
            ..own.clone()
        },
        proxy: proxy(agent),
    })
}

/// The agent named beside who signed himself: 申请人:何永康 / 委托代理人:骆小勇.
pub(crate) fn beside(zones: &LetterZones, tail: &[Item], signed: &[Signature]) -> Option<Proxy> {
    let agent = agent(tail)
        .or_else(|| commissions(zones))
        .or_else(|| authorised(zones))?;
    let own = signed.first().filter(|s| s.form == Form::Person)?;
    (own.name() != agent).then_some(Proxy {
        agent,
        authorisation_seen: !zones.authorisation.is_empty(),
    })
}

/// 特委托我儿子熊小梅代为反映: not who only wrote the letter down.
fn commissions(zones: &LetterZones) -> Option<String> {
    let flow = body::flow(zones.body_rows());
    let mut sentences = body::sentences(&flow).into_iter();
    sentences.find_map(|sentence| wordings::commissions(sentence, AUTHORISED))
}

/// 骆启华律师 below the name of his office.
fn lawyer(tail: &[Item]) -> Option<String> {
    let bare = tail.iter().filter(|i| i.kind == Kind::Bare);
    bare.map(|i| text_of(&i.value)).find_map(|text| {
        let name = text.strip_suffix("律师")?;
        (names::person(name) > 0.8).then(|| name.to_owned())
    })
}

/// Whom an enclosed authorisation names: 委托人覃玉兰委托骆启华为代理人.
fn authorised(zones: &LetterZones) -> Option<String> {
    let named = named(&items(&zones.authorisation), Kind::Agent);
    let told = || {
        let flow = body::flow(&zones.authorisation);
        let mut sentences = body::sentences(&flow).into_iter();
        sentences.find_map(|sentence| wordings::authorises(sentence, AUTHORISED))
    };
    named.first().map(|name| text_of(name)).or_else(told)
}

/// Verbs of authorisation.
const AUTHORISED: &[&str] = &["委托", "授权", "拜托"];

fn agent(tail: &[Item]) -> Option<String> {
    named(tail, Kind::Agent).first().map(|name| text_of(name))
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

/// What a proxy was asked to do; somebody may be commissioned with other things, too.
const WRITING: &[&str] = &[
    "写", "来信", "致信", "致函", "发函", "反映", "代为", "信访", "投诉", "申诉", "代理",
];

/// Whom the letter says its writer was commissioned by: 受何永康先生的委托, 代理人:骆小勇(受何永康委托), 我母亲向传英…委托我写信.
fn commissioned(zones: &LetterZones, tail: &[Item]) -> Vec<Vec<Glyph>> {
    let flow = body::flow(zones.body_rows());
    let agents = tail.iter().filter(|i| i.kind == Kind::Agent);
    let bracketed = agents.filter_map(|i| by_whom(&squeeze(&i.value)));
    let sentences = body::sentences(&flow);
    let told = sentences.iter().copied();
    told.filter(|s| has_any(&text_of(s), WRITING))
        .filter_map(|s| by_whom(s).or_else(|| who_asked(s)).or_else(|| wrote_for(s)))
        .chain(bracketed)
        .collect()
}

/// What one is given who writes for somebody: 受X之托.
const ASKED: &[&str] = &[
    "委托", "授权", "之托", "所托", "嘱托", "重托", "拜托", "托付", "请托",
];

/// 受(邻居)X(老人)委托 of the writer: where a clause begins, or behind who he is.
fn by_whom(sentence: &[Glyph]) -> Option<Vec<Glyph>> {
    let chars = chars_of(sentence);
    let mut from = 0;
    while let Some(at) = find_from(&chars, "受", from) {
        from = at + 1;
        let before: String = chars[..at].iter().collect();
        let own = before.is_empty()
            || before.ends_with([',', ':', '(', '、', '我', '接', '现', '特', '兹', '系'])
            || ["本人", "律师", "事务所", "本所"]
                .iter()
                .any(|w| before.ends_with(w));
        if !own {
            continue;
        }
        let rest = &sentence[at + 1..];
        let name_at = relation_in_front(&chars[at + 1..]);
        let name = [4, 3, 2].into_iter().find_map(|length| {
            let name = rest.get(name_at..name_at + length)?;
            let after: String = chars[at + 1 + name_at + length..].iter().take(12).collect();
            let whole = names::person(&text_of(name)) > 0.8 && boundary(&after);
            (whole && has_any(&after, ASKED)).then(|| name.to_vec())
        });
        if name.is_some() {
            return name;
        }
    }
    None
}

/// 我母亲向传英年过八旬,委托我写信: who asked the writer to write.
fn who_asked(sentence: &[Glyph]) -> Option<Vec<Glyph>> {
    let chars = chars_of(sentence);
    let asked = [
        "委托我",
        "委托本人",
        "授权我",
        "授权本人",
        "托我写",
        "托我代",
        "托我向",
        "托我给",
        "托我把",
        "嘱我",
        "请我代",
        "请我写",
        "请我向",
        "让我代",
        "让我写",
        "让我替",
        "让我给",
        "叫我代",
        "叫我写",
        "叫我替",
        "要我代",
        "要我写",
        "要我替",
        "央我",
        "求我代",
        "求我写",
    ];
    let end = asked.iter().filter_map(|w| find_from(&chars, w, 0)).min()?;
    let clause = |at: &usize| *at == 0 || matches!(chars[at - 1], ',' | ':' | '我' | '的');
    let starts = (0..end).filter(clause);
    starts
        .map(|at| at + relation_in_front(&chars[at..end]))
        .find_map(|at| {
            [3, 2, 4].into_iter().find_map(|length| {
                let name = sentence[..end].get(at..at + length)?;
                let next = chars.get(at + length).copied().unwrap_or(',');
                let ends = ",(年今因现于是的已身有患住不无没在系也想特书委授托请让先女老叫要嘱求央"
                    .contains(next);
                (ends && names::person(&text_of(name)) > 0.8).then(|| name.to_vec())
            })
        })
}

/// How long the word is that says what a person is to the writer: 邻居, 我父亲.
fn relation_in_front(chars: &[char]) -> usize {
    let own = usize::from(chars.first() == Some(&'我'));
    let relations = [
        "老父亲",
        "老母亲",
        "老伴",
        "爱人",
        "儿媳",
        "女婿",
        "孙子",
        "孙女",
        "外孙",
        "外甥",
        "大哥",
        "大姐",
        "二哥",
        "二姐",
        "表哥",
        "表弟",
        "堂兄",
        "堂弟",
        "嫂子",
        "弟媳",
        "大伯",
        "大叔",
        "老人",
        "律师",
        "邻居",
        "朋友",
        "同事",
        "同学",
        "战友",
        "老乡",
        "亲戚",
        "村民",
        "居民",
        "工友",
        "父亲",
        "母亲",
        "爸爸",
        "妈妈",
        "丈夫",
        "妻子",
        "儿子",
        "女儿",
        "哥哥",
        "姐姐",
        "弟弟",
        "妹妹",
        "爷爷",
        "奶奶",
        "外公",
        "外婆",
        "岳父",
        "岳母",
        "公公",
        "婆婆",
        "叔叔",
        "伯父",
        "伯母",
        "婶婶",
        "舅妈",
        "姑妈",
        "大婶",
        "大娘",
        "弟妹",
        "姑姑",
        "舅舅",
        "姨妈",
        "侄子",
        "侄女",
        "委托人",
        "当事人",
        "申请人",
    ];
    let rest: String = chars[own..].iter().take(4).collect();
    let relation = relations.iter().find(|r| rest.starts_with(**r));
    own + relation.map_or(0, |r| r.chars().count())
}

fn boundary(rest: &str) -> bool {
    [
        "(", "的", "书面", "之", "委托", "授权", ",", "写", "反映", "本人", "先生", "女士", "老人",
        "所托", "嘱托", "重托", "拜托", "托付", "请托", "同志", "大爷", "大妈", "大娘", "大叔",
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
