//! What a letter is for (来信目的, SZ 7.4.2.1): by the words of each purpose, weighed against those of the others; else by how it speaks.

use crate::domain::field::Source;
use crate::domain::zones::{Glyph, is_han, text_of};

use super::super::alert;
use super::super::evidence::Candidate;
use super::super::glyphs::has_any;
use super::{NO_THANKS, introduces, plea};

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
            "我的主意",
            "有个主意",
            "有几个主意",
            "出个主意供",
            "我的点子",
            "有个点子",
            "有几个点子",
            "我的想法",
            "几点想法",
            "几个想法",
            "我的办法是",
            "我的看法是",
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

/// What a letter is for by its words, with what speaks for and against it; `None` where it tells nothing.
pub(super) fn of(sentences: &[&[Glyph]], head: &str) -> Option<Candidate> {
    // 申请问题 asks nothing; who appealed before tells what came of it.
    let plain = |text: &str| {
        let text = text.replace("申请问", "申请");
        APPEALED
            .iter()
            .chain(NO_APPEALS)
            .fold(text, |text, told| text.replace(told, ""))
    };
    let texts: Vec<String> = own_words(sentences).iter().map(|s| plain(s)).collect();
    let head = plain(head);
    let score = |words: &[&str]| {
        texts.iter().filter(|t| has_any(t, words)).count() + 2 * usize::from(has_any(&head, words))
    };
    let asked = score(REQUESTS);
    // 请你们替我谢谢她 asks for nothing.
    let asks = texts.iter().any(|t| plea::asks(t) && !passes_thanks_on(t));
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
        None if !are_belied && (only_thanks(&texts) || thanks_somebody(&texts) && !asks) => {
            return Some(told("感谢", sentences));
        }
        None if accuses(&texts) => return Some(told("检举控告", sentences)),
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
    let known = |holds: bool| f32::from(u8::from(holds));
    let mut found = Candidate {
        value: name.to_owned(),
        ..Candidate::as_read(&evidence, 0.7, Source::LetterBody, "7.4.2.1")
    };
    let grieves = texts.iter().any(|t| plea::grieves(t));
    found.note("words_for_others", count(others));
    if name == "投诉请求" {
        let unmixed = others == 0
            && !proposes_in_points(&texts)
            && !texts.iter().any(|t| plea::is_another(t));
        found.note("is_request", 1.0);
        found.note("urged", count(urged));
        found.note("asks", known(asks));
        found.note("grieves", known(grieves));
        found.note("unmixed", known(unmixed));
    } else {
        // What makes a complaint speaks against thanks, a question, a proposal or an accusation.
        found.note("words_for_it", count(own));
        found.note("urged_beside", count(urged));
        found.note("asks_beside", known(asks));
        found.note("grieves_beside", known(grieves));
    }
    Some(found)
}

/// Whether a purpose may be accepted: a complaint by three of the four things that make one; a proposal or thanks where nothing is urged and no other
/// purpose is named, and neither the proposal stands in a complaint nor does who thanks ask for anything; a question alone. An
/// accusation and an appeal never: the one holds back more than a purpose, and who appealed before tells of it in the same words.
pub(super) fn is_plain(found: &Candidate) -> bool {
    let sign = |name: &str| {
        let sign = found.signs.iter().find(|s| s.name == name);
        sign.map_or(0.0, |s| s.value)
    };
    let none = |names: &[&str]| names.iter().all(|name| sign(name) == 0.0);
    if sign("only_told") > 0.0 {
        return false;
    }
    match found.value.as_str() {
        "投诉请求" => {
            let said = ["asks", "grieves", "unmixed", "urged"];
            said.iter().filter(|name| sign(name) > 0.0).count() >= 3
        }
        "意见建议" => {
            none(&["urged_beside", "words_for_others"])
                && !(sign("asks_beside") > 0.0 && sign("grieves_beside") > 0.0)
        }
        "感谢" => none(&["urged_beside", "words_for_others", "asks_beside"]),
        "咨询" => none(&[
            "urged_beside",
            "words_for_others",
            "asks_beside",
            "grieves_beside",
        ]),
        _ => false,
    }
}

/// 这么着试试:一,错开…;二,…;三,…: points that nobody has called requests, facts or questions may be proposals.
fn proposes_in_points(texts: &[String]) -> bool {
    let all = texts.concat();
    let said = |marks: [&str; 3]| {
        let mut at = 0;
        let mut first = None;
        for mark in marks {
            let Some(found) = all[at..].find(mark) else {
                return false;
            };
            first.get_or_insert(at + found);
            at += found + mark.len();
        }
        let lead = &all[..first.unwrap_or_default()];
        let lead = lead
            .trim_end_matches(':')
            .rsplit(['。', '!', '?', ';'])
            .next();
        let called = has_any(lead.unwrap_or_default(), CALLED_POINTS);
        all[..first.unwrap_or_default()].ends_with(':') && !called
    };
    said(["一,", "二,", "三,"])
        || said(["一、", "二、", "三、"])
        || said(["1.", "2.", "3."])
        || said(["1、", "2、", "3、"])
        || said(["一是", "二是", "三是"])
}

/// What leads points that are no proposals.
const CALLED_POINTS: &[&str] = &[
    "请求", "恳请", "要求", "诉求", "希望", "请", "问题", "反映", "情况", "事实", "如下", "事",
    "原因", "理由", "困难", "难处", "违", "证据", "材料",
];

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

/// What 不服 means where nobody appeals: 我不服气.
const NO_APPEALS: &[&str] = &[
    "不服气",
    "不服输",
    "不服老",
    "不服管",
    "心里不服",
    "心中不服",
    "水土不服",
];

/// The sentences without what they quote of others at length: a paper's 建议向村委会申请 proposes nothing.
fn own_words(sentences: &[&[Glyph]]) -> Vec<String> {
    let all: Vec<char> = sentences
        .iter()
        .flat_map(|s| s.iter().map(|g| g.ch))
        .collect();
    let is_mark = |c: &char| matches!(c, '“' | '”' | '"');
    let mut quoted = vec![false; all.len()];
    let mut at = 0;
    while let Some(open) = all[at..].iter().position(is_mark) {
        let from = at + open + 1;
        let near = all[from..].iter().take(LONGEST_QUOTATION);
        let Some(length) = near.clone().position(is_mark) else {
            break;
        };
        let lead: String = all[from.saturating_sub(LONGEST_LEAD)..from - 1]
            .iter()
            .collect();
        let said = lead.trim_end_matches(':');
        let clause = said.rsplit([',', '。', ';', '!', '?']).next();
        let own = clause.is_some_and(|c| c.starts_with("我") && c.ends_with(['说', '问', '喊']));
        if length >= SHORTEST_QUOTATION && !own {
            quoted[from..from + length].fill(true);
        }
        at = from + length + 1;
    }
    let mut from = 0;
    let kept = sentences.iter().map(|sentence| {
        let marks = &quoted[from..from + sentence.len()];
        from += sentence.len();
        let own = sentence.iter().zip(marks).filter(|(_, quoted)| !**quoted);
        own.map(|(g, _)| g.ch).collect()
    });
    kept.collect()
}

/// Characters of a quotation that is more than a word, and of one that was closed; and before it, where its speaker is looked for.
const SHORTEST_QUOTATION: usize = 7;
const LONGEST_QUOTATION: usize = 300;
const LONGEST_LEAD: usize = 40;

/// 麻烦转告他,我们全家谢谢他; 心里暖得很: thanks to somebody who is no reader of the letter, and nothing regretted beside them.
fn thanks_somebody(texts: &[String]) -> bool {
    let thanked = ["他", "她", "这位", "那位", "这些", "那些"];
    let thanks = ["谢谢", "感谢", "多谢"];
    let words = thanks
        .iter()
        .flat_map(|t| thanked.map(|who| format!("{t}{who}")));
    let words: Vec<String> = words.collect();
    let thanks = |text: &String| {
        let passed_on = passes_thanks_on(text) || has_any(text, WARMED);
        passed_on || words.iter().any(|w| text.contains(w))
    };
    let regrets = ["但", "却", "可是", "不过", "仍", "还没", "至今"];
    // 事没办成,可是心里暖。
    let regretted = |text: &String| has_any(text, &regrets) && !has_any(text, WARMED);
    texts.iter().any(thanks) && !texts.iter().any(regretted)
}

/// How people say that somebody was good to them.
const WARMED: &[&str] = &[
    "心里暖",
    "心里热乎",
    "暖了心",
    "暖到心",
    "恩人",
    "救命之恩",
    "大好人",
];

/// 请替我谢谢她, 请表扬这位同志: what is asked for is to be told to whoever helped.
fn passes_thanks_on(text: &str) -> bool {
    has_any(
        text,
        &[
            "替我谢谢",
            "替我们谢谢",
            "代我谢谢",
            "代我们谢谢",
            "替我感谢",
            "转达谢意",
            "转达感谢",
            "请表扬",
            "予以表扬",
        ],
    )
}

/// Whether somebody in office is told to have helped himself, and it is asked that this be looked into: an accusation without the word.
fn accuses(texts: &[String]) -> bool {
    let looked_into = [
        "查处",
        "查一查",
        "查清",
        "调查",
        "严查",
        "彻查",
        "核查",
        "追究",
        "法办",
        "惩处",
        "查账",
        "查一下",
        "查查",
        "审计",
        "望查",
        "请查",
        "查办",
        "查实",
    ];
    let office = [
        "书记", "主任", "村长", "镇长", "乡长", "局长", "所长", "处长", "科长", "院长", "校长",
        "队长", "组长", "经理", "会计", "干部", "领导", "副总", "股长", "站长", "委员",
    ];
    let misdeeds = [
        "索要",
        "虚报",
        "红包",
        "礼金",
        "购物卡",
        "公款",
        "公家的钱",
        "以权谋私",
        "优亲厚友",
        "报了两遍",
        "重复报",
        "做假账",
        "假账",
    ];
    // A neighbour encroaches on land as well.
    let of_office = alert::OF_OFFICE.iter().filter(|word| **word != "侵占");
    let misdeeds: Vec<&str> = misdeeds.iter().chain(of_office).copied().collect();
    let helped = texts.iter().any(|text| alert::helps_himself(text));
    let any = |words: &[&str]| texts.iter().any(|text| has_any(text, words));
    any(&looked_into) && any(&office) && (helped || any(&misdeeds))
}

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
