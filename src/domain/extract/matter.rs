//! Purpose, matters and summary: the letter's own words, each with its place, and a proposal of what they are about.
//!
//! Parts of the text are matters ([`split`]), the first of them the main one (SZ 7.4.2.6); categories are a proposal ([`category`]).

mod category;
mod place;
mod plea;
mod split;
mod summary;
mod title;

pub(crate) use category::is_course as tells_course;

use crate::domain::draft::{Fields, Flag, Matter, SummarySentence};
use crate::domain::field::Source;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, is_han, text_of};

pub use category::{categories, is_category, likely_categories};

use super::body;
use super::confidence::Measured;
use super::evidence::{Candidate, field, for_a_person, passages};
use super::glyphs::has_any;

const PURPOSES: &[(&str, &[&str])] = &[
    (
        "检举控告",
        // 打过举报电话 is no accusation.
        &[
            "实名举报",
            "实名检举",
            "实名反映",
            "我举报",
            "我要举报",
            "我们举报",
            "现举报",
            "特此举报",
            "特举报",
            "向您举报",
            "向你举报",
            "举报人",
            "举报如下",
            "举报对象",
            "举报信",
            "举报材料",
            "检举",
            "控告",
            "揭发",
        ],
    ),
    ("申诉", &["申诉", "不服", "再审", "重新认定"]),
    (
        "感谢",
        &[
            "感谢信",
            "表扬信",
            "从心里感谢",
            "衷心感谢",
            "衷心的感谢",
            "表示感谢",
            "深表谢意",
            "由衷",
            "特此感谢",
            "谢意",
            "感激不尽",
            "感激之情",
            "好公仆",
            "办了实事",
            "送上锦旗",
            "致以感谢",
            "非常感谢",
            "心里感谢",
            "道谢",
            "致谢",
            "说声谢谢",
            "道一声谢",
            "说一声谢",
            "表达谢",
            "感谢党",
            "感谢政府",
            "感谢您们",
            "感激之心",
            "写信感谢",
            "写信致谢",
            "这份恩情",
            "报个喜",
            "报喜",
            "打心眼里佩服",
            "好干部",
            "铭记在心",
            "大恩",
        ],
    ),
    (
        "咨询",
        &[
            "我想咨询",
            "想咨询",
            "咨询一下",
            "咨询几个",
            "特咨询",
            "现咨询",
            "向您咨询",
            "向贵局咨询",
            "请问",
            "想问",
            "想了解",
            "了解一下",
            "想请教",
            "请教一下",
            "怎样办理",
            "如何办理",
            "怎么办理",
            "请予解答",
            "请解答",
            "请告知",
            "也请一并告知",
        ],
    ),
    (
        "意见建议",
        &[
            "我建议",
            "建议",
            "提个建议",
            "提个意见",
            "提点意见",
            "提一点意见",
            "有一个想法",
            "有个想法",
            "建言",
            "几点意见",
            "献策",
        ],
    ),
];

const REQUESTS: &[&str] = &[
    "请求",
    "恳请",
    "要求",
    "希望",
    "盼望",
    "请领导",
    "恳求",
    "诉求",
    "反映",
    "投诉",
    "解决",
    "帮助我",
    "为我",
    "为民做主",
    "望",
    "处理",
    "查处",
    "答复",
    "给个说法",
    "讨个公道",
    "还我公道",
    "求助",
    "帮助",
];

/// Fills purpose, matters, summary and the archive hint.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones, fields: &mut Fields) {
    let flow = body::flow(zones.body_rows());
    let sentences = body::sentences(&flow);
    let head: String = zones.head().iter().map(|r| r.compact()).collect();
    if let Some(purpose) = purpose(&sentences, &head) {
        // Only a grievance that asks for something, and does nothing else, says what it is for in the way it speaks; words alone do not.
        let said = |name: &str| {
            purpose
                .signs
                .iter()
                .any(|s| s.name == name && s.value > 0.0)
        };
        let plain = ["is_request", "asks", "grieves", "unmixed"]
            .into_iter()
            .all(said);
        let read = field(pages, &purpose, Measured::Purpose, Vec::new());
        fields.purpose = if plain { read } else { for_a_person(read) };
    }
    fields.flags.archive_only = Some(archive_hint(fields, &sentences));
    let parts = split::parts(zones);
    let texts: Vec<&[Glyph]> = parts.iter().map(|p| p.glyphs.as_slice()).collect();
    fields.summary_sentences = summary::of(pages, &texts);
    fields.summary = fields
        .summary_sentences
        .iter()
        .map(|s| s.text.as_str())
        .collect();
    fields.matters = matters(pages, zones, &parts);
    fields.earlier = earlier(pages, &sentences);
}

/// 我叫…, 今年…岁, 家住…: who writes, not what about.
fn introduces(sentence: &str) -> bool {
    let opens = [
        "我叫",
        "本人",
        "我名",
        "我是",
        "我系",
        "我们是",
        "我们都是",
        "反映人",
        "鄙人",
        "我姓",
    ];
    opens.iter().any(|o| sentence.starts_with(o))
        && has_any(
            sentence,
            &[
                "岁", "家住", "住在", "住户", "居民", "村民", "业主", "职工", "现住", "居住", "男",
                "女",
            ],
        )
        || has_any(
            sentence,
            &[
                "家住",
                "我住在",
                "现住在",
                "我家住",
                "一直住",
                "常住",
                "居住在",
            ],
        ) && sentence.chars().count() < 60
}

fn is_request(sentence: &str) -> bool {
    has_any(
        sentence,
        &[
            "请求", "恳请", "要求", "希望", "盼望", "建议", "恳求", "诉求",
        ],
    )
}

fn purpose(sentences: &[&[Glyph]], head: &str) -> Option<Candidate> {
    // 申请问题 asks nothing; who appealed before tells what came of it.
    let plain = |text: &str| {
        let text = text.replace("申请问", "申请");
        APPEALED
            .iter()
            .fold(text, |text, told| text.replace(told, ""))
    };
    let texts: Vec<String> = sentences.iter().map(|s| plain(&text_of(s))).collect();
    let head = plain(head);
    let score = |words: &[&str]| {
        texts.iter().filter(|t| has_any(t, words)).count() + 2 * usize::from(has_any(&head, words))
    };
    let asked = score(REQUESTS);
    let asks = texts.iter().any(|t| plea::asks(t));
    // A title is often a form of its own; what is urged stands in the text.
    let urging = ["请求", "恳请", "要求", "盼望", "恳求", "诉求"];
    let urged = texts.iter().filter(|t| has_any(t, &urging)).count();
    let mut best: Option<(&str, usize)> = None;
    let are_belied = texts.iter().any(|text| has_any(text, NO_THANKS));
    for (name, words) in PURPOSES {
        if *name == "感谢" && are_belied {
            continue;
        }
        let hits = score(words);
        // Thanks, questions and proposals must outweigh what is asked for beside them.
        let needed = if *name == "检举控告" {
            1
        } else {
            urged.max(1)
        };
        if hits >= needed && best.is_none_or(|(_, b)| hits > b) {
            best = Some((name, hits));
        }
    }
    let (name, words) = match best {
        Some((name, _)) => (
            name,
            PURPOSES
                .iter()
                .find(|(n, _)| *n == name)
                .map_or(REQUESTS, |(_, w)| *w),
        ),
        None if !are_belied && only_thanks(&texts) => return Some(told("感谢", sentences)),
        None if asked > 0 || asks => ("投诉请求", REQUESTS),
        // A letter that tells a grievance and asks for nothing in words still asks for redress: proposed, never sure.
        None if texts.iter().any(|t| t.chars().count() >= TOLD) => {
            return Some(told("投诉请求", sentences));
        }
        None => return None,
    };
    let evidence = sentences
        .iter()
        .find(|s| has_any(&text_of(s), words))
        .map_or_else(Vec::new, |s| s.to_vec());
    let own = score(words);
    let others: usize = PURPOSES
        .iter()
        .filter(|(n, _)| *n != name)
        .map(|(_, w)| score(w))
        .sum();
    let count = |n: usize| n.min(4) as f32;
    let mut found = Candidate {
        value: name.to_owned(),
        ..Candidate::as_read(&evidence, 0.7, Source::LetterBody, "7.4.2.1")
    };
    found.note("is_request", f32::from(u8::from(name == "投诉请求")));
    found.note("words_for_it", count(own));
    found.note("words_for_others", count(others));
    found.note("urged", count(urged));
    let known = |holds: bool| f32::from(u8::from(holds));
    found.note("asks", known(asks));
    found.note("grieves", known(texts.iter().any(|t| plea::grieves(t))));
    let unmixed = others == 0 && !texts.iter().any(|t| plea::is_another(t));
    found.note("unmixed", known(unmixed));
    Some(found)
}

/// Earlier appeals that are told of.
const APPEALED: &[&str] = &[
    "多次申诉",
    "几次申诉",
    "数次申诉",
    "屡次申诉",
    "反复申诉",
    "再三申诉",
    "一直申诉",
    "曾申诉",
    "曾经申诉",
    "申诉过",
    "申诉无果",
    "申诉未果",
    "申诉无门",
];

/// A sentence of this many characters tells something.
const TOLD: usize = 12;

/// It begins with thanks, and nothing is asked or regretted beside them. What those thanked are wished is no request.
fn only_thanks(texts: &[String]) -> bool {
    let begins = |text: &&String| {
        let text = text.trim_start_matches(|c: char| !is_han(c));
        let text = [
            "首先", "特此", "衷心", "非常", "十分", "万分", "真诚", "再次", "我", "要", "特别",
            "由衷",
        ]
        .iter()
        .fold(text, |text, word| text.strip_prefix(word).unwrap_or(text));
        ["感谢", "谢谢", "多谢", "感激", "表扬"]
            .iter()
            .any(|word| text.starts_with(word))
    };
    let is_greeting = |text: &&String| text.chars().count() < 6 || introduces(text);
    let told: Vec<&String> = texts.iter().filter(|text| !is_greeting(text)).collect();
    let asks = |text: &String| {
        let mut words = REQUESTS
            .iter()
            .filter(|word| !["希望", "望"].contains(word));
        words.any(|word| text.contains(word))
    };
    let regrets = |text: &String| {
        has_any(
            text,
            &["但", "却", "可是", "不过", "仍", "还没", "没有", "未"],
        )
    };
    told.first().is_some_and(begins)
        && told
            .iter()
            .all(|text| !regrets(text) && (begins(text) || !asks(text)))
}

fn told(purpose: &str, sentences: &[&[Glyph]]) -> Candidate {
    let longest = sentences.iter().max_by_key(|s| s.len());
    let glyphs = longest.map_or(&[][..], |s| *s);
    let mut told = Candidate {
        value: purpose.to_owned(),
        ..Candidate::as_read(glyphs, 0.4, Source::LetterBody, "7.4.2.1")
    };
    told.note("only_told", 1.0);
    told
}

/// Thanks and questions may be filed without action (SZ 7.5.1): a hint, never automatic, and none where money, a threat or harm is told beside them.
fn archive_hint(fields: &Fields, sentences: &[&[Glyph]]) -> Flag {
    let filed = matches!(fields.purpose.value.as_deref(), Some("感谢" | "咨询"));
    let flags = [&fields.flags.threat, &fields.flags.crime_clue];
    let is_raised = flags
        .iter()
        .any(|flag| flag.as_ref().is_some_and(|flag| flag.value));
    let is_told = fields.purpose.value.as_deref() == Some("感谢")
        && sentences
            .iter()
            .any(|sentence| tells_of_more(&text_of(sentence)));
    if !filed || is_raised || is_told {
        return Flag::default();
    }
    let quote = fields
        .purpose
        .quad
        .and(sentences.first())
        .map(|s| text_of(s));
    Flag {
        value: true,
        quote,
        page: fields.purpose.page,
        quad: fields.purpose.quad,
        why: None,
    }
}

/// Done to the writer: with it thanks are none.
const NO_THANKS: &[&str] = &[
    "收下我",
    "收走",
    "收了我",
    "拿了我",
    "拿走",
    "推平",
    "家破人亡",
    "断了",
    "砸",
    "搜我",
    "祖坟",
    "被告手里",
    "没有退",
    "挖了我",
    "拆了我",
    "害得",
    "害我",
];

/// An amount of money, or something done to somebody, which nobody gives thanks for.
fn tells_of_more(sentence: &str) -> bool {
    let chars: Vec<char> = sentence.chars().collect();
    let is_number = |c: &char| c.is_ascii_digit() || "一二两三四五六七八九十百千万几".contains(*c);
    let amount = |(at, _): (usize, &char)| {
        at > 0 && is_number(&chars[at - 1])
            || at > 1 && "多余来".contains(chars[at - 1]) && is_number(&chars[at - 2])
    };
    let mut money = chars
        .iter()
        .enumerate()
        .filter(|(_, c)| "元块万".contains(**c));
    let harm = [
        "打断",
        "打伤",
        "打骂",
        "打人",
        "打了我",
        "殴打",
        "抢",
        "跟踪",
        "威胁",
        "死",
        "被告",
        "收下",
        "收了",
        "拿了",
        "红包",
        "送礼",
        "骗",
    ];
    money.any(amount) || has_any(sentence, &harm) || has_any(sentence, NO_THANKS)
}

/// What the letter says of earlier ones: numbers of papers, 已于某日来信 (requirement H13).
fn earlier(pages: &[PageText], sentences: &[&[Glyph]]) -> Vec<SummarySentence> {
    let words = [
        "告知书",
        "受理通知",
        "信访编号",
        "受理编号",
        "答复意见书",
        "处理意见书",
        "复查意见",
        "复核意见",
        "曾来信",
        "曾写信",
        "已来信",
        "多次来信",
        "上次来信",
        "去信",
        "再次来信",
        "第二次来信",
        "又一次写信",
        "信访件",
    ];
    let told = sentences.iter().filter(|s| has_any(&text_of(s), &words));
    told.take(5).map(|s| summary::sentence(pages, s)).collect()
}

fn matters(pages: &[PageText], zones: &LetterZones, parts: &[split::Part]) -> Vec<Matter> {
    let titled = zones.head().iter().find_map(|r| title_of(&r.compact()));
    let single = parts.len() == 1;
    let matter = |(i, part): (usize, &split::Part)| {
        let told = without_greeting(&part.glyphs[part.marked.min(part.glyphs.len())..]);
        let all: Vec<String> = body::sentences(told).into_iter().map(text_of).collect();
        let own = all.iter().filter(|text| !introduces(text)).cloned();
        let own: Vec<String> = own.collect();
        // 我家住的小区换了供热公司,室温只有十三度: who writes and what about, in one sentence.
        let sentences = if own.is_empty() { all } else { own };
        let own_words = || title::of(&sentences);
        let title = titled.clone().filter(|_| single).unwrap_or_else(own_words);
        let text = sentences.concat();
        let ranges = passages(pages, told);
        let mut on: Vec<u32> = ranges.iter().map(|r| r.page).collect();
        on.dedup();
        (!title.is_empty()).then(|| Matter {
            category: category::of_matter(&title, &text).map(ToOwned::to_owned),
            title,
            main: i == 0,
            pages: on,
            place: place::of(&text),
            ranges,
            n: None,
        })
    };
    parts.iter().enumerate().filter_map(matter).collect()
}

/// The text behind 您好! and other courtesies it begins with.
fn without_greeting(told: &[Glyph]) -> &[Glyph] {
    let sentences = body::sentences(told);
    let greetings = sentences.iter().take_while(|s| {
        let text = text_of(s);
        text.chars().count() <= 12 && summary::courtesy(&text)
    });
    let from: usize = greetings.map(|s| s.len()).sum();
    // A letter of nothing but courtesies keeps them.
    if from < told.len() {
        &told[from..]
    } else {
        told
    }
}

/// 关于屋面漏水的来信 → 屋面漏水.
fn title_of(text: &str) -> Option<String> {
    let rest = &text[text.find("关于")? + "关于".len()..];
    let end = [
        "的来信",
        "的反映",
        "的情况",
        "的请求",
        "的投诉",
        "的信",
        "的建议",
        "的申请",
        "一事",
        "问题",
        "的举报",
    ]
    .iter()
    .filter_map(|e| rest.find(e))
    .min()?;
    let title = &rest[..end];
    (2..=30)
        .contains(&title.chars().count())
        .then(|| title.to_owned())
}
