//! Whom a sentence speaks of before it comes to a home or a number: its writer, somebody else, nobody it says.
//!
//! 我和老伴住…, 我叫覃玉兰，今年六十八岁，住… tell of the writer; 邻居家住…, 欠我钱的人叫…，家住…, 我们村的…住… of others, whatever 我 stands in them.

use super::super::labels::{OFFICERS, OTHERS, WRITERS};
use super::super::{glyphs::has_any, names, place, third};
use super::words::{COMPANY, KIN, LABELS, NEUTRAL, OWN, PARTS, STRANGERS, UNITS};
use super::{Writers, cast, is_detail};
use crate::domain::zones::{address_like, is_closing, is_han};

/// Whose a home is by what stands before it in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The writer's beyond doubt.
    Writer,
    /// Somebody else's.
    Another,
    /// Somebody is spoken of, and who nobody can tell.
    Untold,
    /// Nothing stands before it but particulars.
    Nobody,
}

/// Marks between the clauses of a sentence.
const MARKS: [char; 11] = [',', ':', '(', ')', '"', '“', '”', '、', ' ', '.', ';'];

/// Whose home is spoken of behind `before`, the beginning of its sentence.
pub(crate) fn of_home(before: &str, writers: &Writers) -> Subject {
    let quoted = before.rsplit('”').next().unwrap_or_default();
    let clauses: Vec<&str> = quoted.split(MARKS).collect();
    for (back, clause) in clauses.into_iter().rev().enumerate() {
        match of_clause(clause, back == 0, writers) {
            Subject::Nobody => {}
            told => return told,
        }
    }
    Subject::Nobody
}

/// Whom one clause speaks of; `nearest`: what follows in it is the home.
fn of_clause(clause: &str, nearest: bool, writers: &Writers) -> Subject {
    if clause.is_empty() || is_detail(clause) {
        return Subject::Nobody;
    }
    if writers.has(clause) || names_writer(clause, writers) {
        return Subject::Writer;
    }
    // 受外公凌八斤委托 names the sender among others.
    if writers.named_at_end(clause).is_some() && first_own(clause).is_none() {
        return Subject::Untold;
    }
    let own = if nearest {
        last_own(clause)
    } else {
        first_own(clause)
    };
    let Some((front, rest)) = own else {
        return without_own(clause, nearest, writers);
    };
    let led = is_neutral(front) || nearest && !mentions_another(front);
    let accompanied = nearest && front.ends_with(['和', '与', '跟', '同', '陪', '带']);
    if is_neutral(rest) && (led || accompanied) {
        return Subject::Writer;
    }
    let at_home = HOMES.iter().any(|word| rest.starts_with(word));
    let told = introduces(rest, writers) && !mentions_another(rest);
    if led && (at_home || told) {
        return Subject::Writer;
    }
    // 我表哥, 我们村的五保户, 打我的司机
    if has_kin(rest)
        || mentions_another(rest)
        || rest.contains('的')
        || cast::names_another(rest, writers)
    {
        return Subject::Another;
    }
    Subject::Untold
}

fn without_own(clause: &str, nearest: bool, writers: &Writers) -> Subject {
    let ends_with_person = clause.ends_with(['人', '户', '者', '方', '队', '家']);
    let another = mentions_another(clause) || cast::names_another(clause, writers);
    if another || nearest && ends_with_person && !is_neutral(clause) {
        Subject::Another
    } else if !nearest || is_neutral(clause) {
        Subject::Nobody
    } else {
        Subject::Untold
    }
}

/// 覃玉兰, 申诉人覃玉兰: a writer's name and nothing before it but his label.
fn names_writer(clause: &str, writers: &Writers) -> bool {
    writers.named_at_end(clause).is_some_and(|length| {
        let at = clause.chars().count() - length;
        let front: String = clause.chars().take(at).collect();
        let label = WRITERS.iter().any(|writer| front == *writer);
        label || is_neutral(&front) || OWN.contains(&front.as_str())
    })
}

/// Where a clause names its writer first, and nothing before it: what stands before and behind.
fn first_own(clause: &str) -> Option<(&str, &str)> {
    own_words()
        .filter_map(|word| Some((clause.find(word)?, word)))
        .filter(|(at, _)| !clause[..*at].ends_with('被'))
        .min_by_key(|(at, word)| (*at, std::cmp::Reverse(word.len())))
        .map(|(at, word)| (&clause[..at], &clause[at + word.len()..]))
}

fn last_own(clause: &str) -> Option<(&str, &str)> {
    own_words()
        .filter_map(|word| Some((clause.rfind(word)?, word)))
        .filter(|(at, _)| !clause[..*at].ends_with('被'))
        .max_by_key(|(at, word)| (*at, word.len()))
        .map(|(at, word)| (&clause[..at], &clause[at + word.len()..]))
}

fn own_words() -> impl Iterator<Item = &'static str> {
    OWN.iter().chain(WRITERS).copied()
}

/// How a writer goes on behind 我 who tells where he lived or is registered.
const HOMES: &[&str] = &[
    "户口",
    "户籍",
    "原住",
    "原来住",
    "原居住",
    "以前住",
    "原先住",
    "家原",
    "家户口",
    "的户口",
    "的户籍",
    "家以前",
    "家在",
    "家住",
    "住在",
    "老家",
];

/// What a writer says of himself behind 我: 叫覃玉兰, 是退休工人, 户口在…, 今年六十八岁.
fn introduces(rest: &str, writers: &Writers) -> bool {
    const SAID: &[&str] = &[
        "叫",
        "名叫",
        "的名字",
        "姓名",
        "是",
        "系",
        "乃",
        "姓",
        "今年",
        "现年",
        "生于",
        "出生",
        "们是",
        "们系",
        "们都是",
        "退休",
        "务农",
        "从小",
        "自幼",
        "一家",
    ];
    const COMPLAINS: &[&str] = &[
        "反映", "举报", "控告", "检举", "投诉", "状告", "揭发", "来告", "要告", "不是", "替", "受",
    ];
    let said = SAID.iter().any(|word| rest.starts_with(word));
    let named = writers.has(rest) || names::person(rest) > 0.8;
    (said || named) && !has_any(rest, COMPLAINS)
}

/// Whether a text speaks of somebody, or of a body, that does not write.
pub(crate) fn mentions_another(text: &str) -> bool {
    let text = [
        "其中",
        "其他",
        "其它",
        "尤其",
        "极其",
        "其余",
        "他们好",
        "代表人",
    ]
    .iter()
    .fold(text.to_owned(), |text, word| text.replace(word, ""));
    let dwells = [
        "村民",
        "居民",
        "业主",
        "住户",
        "联系人",
        "姓名",
        "名叫",
        "叫做",
    ];
    let mut third = third::WORDS.iter().filter(|word| !dwells.contains(word));
    has_any(&text, STRANGERS)
        || third.any(|word| text.contains(word))
        || [KIN, PARTS, UNITS, OTHERS, OFFICERS]
            .iter()
            .any(|words| has_any(&text, words))
}

/// Whether the first characters name one of the writer's kin: 我表哥, 我的小儿子.
fn has_kin(rest: &str) -> bool {
    let first: String = rest.chars().take(4).collect();
    first.contains(|c| "父母爸妈爹娘爷奶婆儿女哥弟姐妹叔伯舅姑姨婶嫂岳孙侄甥媳婿妻夫".contains(c))
        && !has_any(&first, &["夫妻", "夫妇"])
}

/// Whether nothing is said but when, how long and with whom: 从小就一直, 和老伴, 2021年8月起租.
pub(crate) fn is_neutral(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let figure = |c: char| !is_han(c) || "〇一二三四五六七八九十百两几多余".contains(c);
        let company = |with: &&str| rest.strip_prefix(*with).and_then(without_company);
        let withs = ["和", "与", "跟", "同", "随", "带着", "带", "陪"];
        if let Some(word) = longest_of(NEUTRAL, rest) {
            rest = &rest[word.len()..];
        } else if rest.starts_with(figure) {
            rest = rest.trim_start_matches(figure);
        } else {
            match withs.iter().find_map(company) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
    }
    true
}

/// Behind those somebody lives with: 老伴, 儿子一家.
fn without_company(text: &str) -> Option<&str> {
    let mut rest = text;
    let kin = || KIN.iter().chain(COMPANY).copied();
    while let Some(word) = kin()
        .filter(|word| rest.starts_with(word))
        .max_by_key(|w| w.len())
    {
        rest = &rest[word.len()..];
        rest = rest.trim_start_matches(['、', '和']);
    }
    (rest.len() < text.len()).then_some(rest)
}

fn longest_of<'a>(words: &[&'a str], text: &str) -> Option<&'a str> {
    let found = words.iter().filter(|word| text.starts_with(**word));
    found.max_by_key(|word| word.len()).copied()
}

/// Whether what leads to a number says nothing but how to reach who writes: 白天请打, 微信同号, a writer's name, his address. `signs`: the row is of those who
/// sign, some of whom have no name that is known.
pub(crate) fn leads_to_own(before: &str, writers: &Writers) -> bool {
    let named = writers.are_named_within(before);
    if named && !mentions_another(before) {
        return true;
    }
    // 联系人:殷春桃,电话: whom to ask for is told.
    let parts: Vec<&str> = before.split(MARKS).collect();
    let spoken = parts.iter().any(|part| asked_for(part).is_some());
    let named = |part: &str| names::person(asked_for(part).unwrap_or(part)) > 0.8;
    parts
        .iter()
        .all(|part| leads(part, writers) || spoken && named(part))
}

/// What stands behind the label of whom to ask for.
fn asked_for(part: &str) -> Option<&str> {
    CONTACTS.iter().find_map(|label| part.strip_prefix(label))
}

/// Labels of those whom the writer wants called, or whom he stands for.
const CONTACTS: &[&str] = &[
    "联系人",
    "联络人",
    "受托人",
    "代理人",
    "委托代理人",
    "受委托人",
    "代表人",
    "负责人",
];

/// The same of one part of it.
pub(crate) fn leads(part: &str, writers: &Writers) -> bool {
    if part.is_empty() || is_detail(part) || writers.has(part) || is_closing(part) {
        return true;
    }
    let unnamed = !writers.is_known() && (names::incomplete(part) || names::pseudonym(part));
    if unnamed || address_like(part) && place::ends_well(part) {
        return true;
    }
    let words = LABELS.iter().chain(WRITERS).chain(OWN).chain(REACHING);
    let words: Vec<&str> = words.chain(NEUTRAL).copied().collect();
    let mut rest = part;
    let mut over = 0;
    while let Some(first) = rest.chars().next() {
        let word = longest_of(&words, rest).filter(|word| !word.is_empty());
        over += usize::from(word.is_none() && is_han(first));
        rest = &rest[word.map_or(first.len_utf8(), str::len)..];
    }
    over <= MISREAD
}

/// Characters of a label that may be misread.
const MISREAD: usize = 1;

/// How one says when and how to be reached.
const REACHING: &[&str] = &[
    "请",
    "拨打",
    "打",
    "致电",
    "来电",
    "回电",
    "回复",
    "答复",
    "有事",
    "如需",
    "需要",
    "核实",
    "了解",
    "情况",
    "详情",
    "可以",
    "可",
    "随时",
    "联系",
    "联络",
    "白天",
    "晚上",
    "上午",
    "下午",
    "晚间",
    "夜里",
    "本机",
    "微信",
    "同号",
    "同步",
    "家里",
    "家中",
    "或者",
    "或",
    "和",
    "及",
    "另外",
    "另",
    "备用",
    "常用",
    "短信",
    "来信",
    "回信",
    "长途",
    "区号",
    "盼复",
    "望复",
    "附",
    "邮编",
    "邮政编码",
    "男",
    "女",
    "单位",
    "宅",
    "宅电",
    "固话",
    "小灵通",
    "传真",
    "办公",
    "值班",
    "本地",
    "外地",
    "手机",
    "电话",
    "座机",
    "留",
    "通知",
    "告知",
    "反馈",
    "处理结果",
    "结果",
    "调查",
    "代表",
    "联名",
    "签名",
    "签字",
    "方式",
    "此",
    "致",
    "敬",
    "礼",
    "谢",
    "谢谢",
    "盼",
    "望",
    "祝",
    "好",
    "年龄",
    "性别",
    "民族",
    "职业",
    "身份",
    "证",
    "日期",
    "时间",
    "以便",
    "便于",
    "方便",
    "不便",
    "接听",
    "接",
    "能",
    "都",
    "只",
    "要",
    "有",
    "问题",
    "请求",
    "人",
    "QQ",
    "Tel",
    "TEL",
    "编",
    "码",
    "姓名",
    "名",
    "址",
    "住",
    "地",
    "现",
    "家",
    "联系人",
    "联络人",
    "委托人",
    "受托人",
    "受委托人",
    "代理人",
    "找得到",
    "找得着",
    "能找到",
    "找到",
    "找",
    "就",
    "家就在",
    "家在",
    "住处",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::extract::whose::tests::writers;

    #[test]
    fn a_sentence_says_whose_home_it_speaks_of() {
        for (before, subject) in [
            ("我和老伴", Subject::Writer),
            ("我和儿子一家", Subject::Writer),
            ("我们一家五口一直", Subject::Writer),
            ("我老两口", Subject::Writer),
            ("我叫覃玉兰,女,今年六十八岁,", Subject::Writer),
            ("本人户口在棠垭村三组,2021年8月起租", Subject::Writer),
            ("申诉人:覃玉兰", Subject::Writer),
            ("自打结婚起我就", Subject::Writer),
            ("儿子和我", Subject::Writer),
            ("", Subject::Nobody),
            ("现年63岁,", Subject::Nobody),
            ("被投诉人", Subject::Another),
            ("邻居", Subject::Another),
            ("肇事司机", Subject::Another),
            ("我表哥", Subject::Another),
            ("我的小儿子", Subject::Another),
            ("欠我钱的人叫简平,", Subject::Another),
            ("我们村的五保户陶老倌", Subject::Another),
            ("打伤我的那个人", Subject::Another),
            ("楼上那户", Subject::Another),
            ("收了我彩礼的媒人", Subject::Another),
            ("村会计骆启华(", Subject::Another),
        ] {
            assert_eq!(of_home(before, &writers()), subject, "{before}");
        }
    }

    #[test]
    fn what_leads_to_a_number_of_ones_own_says_nothing_else() {
        for own in [
            "",
            "联系电话",
            "白天请打",
            "微信同号",
            "覃玉兰",
            "家里座机",
            "住址:西陵区珍珠路21号,电话",
        ] {
            assert!(leads_to_own(own, &writers()), "{own}");
        }
        for other in [
            "邻居骆启华也可以作证",
            "(由网格员小陶",
            "社区小陶",
            "找不到我可找向传英,",
            "救助站电话",
            "对方:陶响",
            "同村的向传英也是这情况,她电话",
        ] {
            assert!(!leads_to_own(other, &writers()), "{other}");
        }
    }
}
