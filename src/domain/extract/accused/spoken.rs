//! Which offices a letter speaks of, and does not merely address: whatever it says of them, they are not the first to read it.
//!
//! No words of blame are looked for. An office is spoken of where the letter names it, or somebody who holds office there, in what it tells. It is only
//! addressed above and below the letter, on the envelope, by 贵局, and where it is asked, thanked or greeted as whoever is written to: in set phrases, with
//! nobody of it and nothing that it did beside them.

use crate::domain::draft::Fields;
use crate::domain::roster::{Roster, plain};
use crate::domain::text::{PageKind, PageText};
use crate::domain::zones::{Glyph, Row, is_closing, letter_zones, rows, text_of};

use super::callings::{Callings, Mention, Stands, clause_of, ends_with_any, offices_held, starts};
use super::misdeeds::{HANDLING, PLACES};
use crate::domain::extract::body;
use crate::domain::extract::glyphs::{chars_of, find_from, has_any};
use crate::domain::extract::names;
use crate::domain::extract::roster_match::Matcher;

/// Behind 贵局 or 你们: somebody or something of it, or what it did with something.
const OF_IT: &[&str] = &[
    "里", "内部", "的人", "有人", "那个", "那位", "这里", "某", "个别", "的小", "的老", "小",
    "一位", "一名", "有个", "有位", "有些", "把",
];
/// Behind 贵局的 what it is thanked or asked for.
const ITS_WORK: &[&str] = &[
    "答复", "回复", "帮助", "关心", "支持", "工作", "重视", "处理", "调解", "努力", "领导", "同志",
    "意见", "告知", "协调", "指导", "关怀",
];
/// What an office is asked or thanked for, beside [`HANDLING`].
const SERVICES: &[&str] = &[
    "答复", "回复", "转交", "转给", "转送", "转告", "协调", "帮", "催", "问问", "关心", "关注",
    "支持", "考虑", "维修", "恢复", "设置", "增设", "安排", "指导", "解答", "告知", "调解", "致谢",
    "重视", "改善", "加强", "办理", "研究", "采纳", "介入", "公道", "做主", "修", "接待", "顺利",
    "进步",
];
/// Whoever is written to did something to the writer, or is told to leave off or give back.
const DONE_TO_ONE: &[&str] = &[
    "收下",
    "收走",
    "收了",
    "收我",
    "拿走",
    "拿了",
    "拿去",
    "拿我",
    "要了我",
    "要走",
    "把我家",
    "从我",
    "害我",
    "害得",
    "搜我",
    "砸",
    "抢走",
    "抢我",
    "牵走",
    "抄我",
    "跟踪",
    "还我",
    "还给我",
    "退给我",
    "没有退",
    "放过",
    "派来",
    "别再",
    "不要再",
    "打了",
    "打断",
    "打骂",
    "打人",
    "断了",
    "推平",
    "祖坟",
    "挖了",
    "家破人亡",
    "被告手里",
    "威胁",
    "管管",
    "自己人",
    "自家人",
    "假钞",
    "打手",
    "封口",
];
/// What else stands in no mere request of an office by its name.
const NO_MERE_WORDS: &[&str] = &[
    "钱",
    "元",
    "块",
    "万",
    "礼",
    "烟",
    "酒",
    "红包",
    "后门",
    "撤走",
    "照顾有加",
    "司机",
    "会计",
    "出纳",
];
/// Together with thanks it is no thanks.
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
    "打断",
    "打骂",
    "威胁",
    "害得",
    "害我",
];
const HONOURED: &[&str] = &["尊敬的", "敬爱的", "亲爱的"];

/// Before 局长 that is no other office's: 找局长, 局长说.
const BEFORE_A_TITLE: &str = "找被给让由向对的是说叫见求请和与跟但而";

/// The offices of the roster that a letter speaks of by name, pointer or holder, and of `others`, which the roster does not know, those it names.
pub(crate) fn offices_spoken_of(
    pages: &[PageText],
    fields: &Fields,
    roster: &Roster,
    others: &[String],
) -> Vec<String> {
    let matcher = Matcher::new(roster);
    let addressee = fields.addressee.value.as_deref();
    let callings = Callings::new(roster, &matcher, addressee);
    let addressed = addressed(fields, roster);
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !found.contains(&name) {
            found.push(name);
        }
    };
    for flow in told(pages) {
        for sentence in body::sentences(&flow) {
            let chars = chars_of(sentence);
            let mentions = callings.mentions(sentence, &chars);
            for mention in &mentions {
                if is_spoken_of(mention, &chars, &addressed) {
                    mention.of.iter().cloned().for_each(&mut add);
                }
            }
            for office in addressed.iter().filter(|name| name.ends_with('局')) {
                if names_its_chief(&chars, &mentions) {
                    add(office.clone());
                }
            }
            if is_done_by_you(&chars) {
                addressed.iter().cloned().for_each(&mut add);
            }
            let text = plain(&text_of(sentence));
            let named = others.iter().filter(|unit| text.contains(&plain(unit)));
            named.cloned().for_each(&mut add);
        }
    }
    found
}

/// Everybody who is written to, by the offices they are or hold.
fn addressed(fields: &Fields, roster: &Roster) -> Vec<String> {
    let addressee = &fields.addressee;
    let called = addressee.value.iter().chain(&addressee.raw);
    let mut all: Vec<String> = Vec::new();
    for name in called {
        let own = roster.office_begun(name).map(|org| org.name.clone());
        for office in own.into_iter().chain(offices_held(roster, name)) {
            if !all.contains(&office) {
                all.push(office);
            }
        }
    }
    all
}

fn is_spoken_of(mention: &Mention, chars: &[char], addressed: &[String]) -> bool {
    let rest = &chars[mention.at.end..];
    let begins = clause_of(chars, mention.at.start);
    let lead = &chars[begins..mention.at.start];
    let is_place = PLACES.iter().any(|word| starts(rest, 0, word));
    let is_asked = mention.stands == Stands::Asked && !is_place;
    if mention.is_pointed_at && !mention.is_person {
        let is_its_work = ITS_WORK.iter().any(|word| starts(rest, 1, word));
        return OF_IT.iter().any(|word| starts(rest, 0, word))
            || starts(rest, 0, "的") && !is_its_work
            || is_asked && has_any_of(rest, &[DONE_TO_ONE]);
    }
    // What another is asked to do about it is said of it.
    if !mention.of.iter().any(|office| addressed.contains(office)) {
        return true;
    }
    if introduces_the_matter(lead, rest) {
        return false;
    }
    if !is_asked {
        return true;
    }
    let is_greeted = lead.is_empty() || ends_with_any(lead, HONOURED);
    if is_greeted {
        return has_any_of(rest, &[&["您", "你", "贵"]]) && has_any_of(rest, &[DONE_TO_ONE]);
    }
    let called = &chars[mention.at.clone()];
    let is_somebody =
        mention.is_person && !ends_with_any(called, &["领导", "同志", "负责人", "人员"]);
    let is_mere = !rest.iter().any(|c| c.is_alphanumeric())
        || !starts(rest, 0, "的")
            && has_any_of(rest, &[SERVICES, HANDLING])
            && !has_any_of(rest, &[DONE_TO_ONE, NO_MERE_WORDS]);
    is_somebody || !is_mere
}

fn has_any_of(chars: &[char], lists: &[&[&str]]) -> bool {
    let text: String = chars.iter().collect();
    lists.iter().any(|words| has_any(&text, words))
}

/// 特向…反映如下情况
fn introduces_the_matter(lead: &[char], rest: &[char]) -> bool {
    let lead: String = lead.iter().collect();
    let turns = [
        "向",
        "特向",
        "现向",
        "今向",
        "兹向",
        "我向",
        "我们向",
        "本人向",
        "现特向",
        "特此向",
    ];
    let says = [
        "反映如下",
        "反映以下",
        "反映下列",
        "反映一下",
        "反映情况",
        "反映问题",
        "提出如下",
        "提出以下",
        "汇报如下",
        "求助",
    ];
    turns.contains(&lead.as_str()) && says.iter().any(|word| starts(rest, 0, word))
}

/// 您收下的字画, 谢谢你们把我的信送到被告手里.
fn is_done_by_you(chars: &[char]) -> bool {
    let text: String = chars.iter().collect();
    if has_any(&text, &["感谢", "谢谢", "多谢"]) && has_any(&text, DONE_TO_ONE) {
        return true;
    }
    text.split([',', ':', '。', '!', '?', ';']).any(|clause| {
        let you = ["您", "你", "贵局", "请市长", "求市长", "望市长"];
        let from = you.iter().filter_map(|you| clause.find(you)).min();
        from.is_some_and(|from| has_any(&clause[from..], DONE_TO_ONE))
    })
}

/// Whether thanks are none because of what is told beside them.
pub(crate) fn belies_thanks(text: &str) -> bool {
    has_any(text, NO_THANKS)
}

/// 局长, 刘局长 in a letter to a 局, and no other office's.
fn names_its_chief(chars: &[char], mentions: &[Mention]) -> bool {
    let mut from = 0;
    while let Some(at) = find_from(chars, "局长", from) {
        from = at + 2;
        if mentions.iter().any(|one| one.at.contains(&at)) {
            continue;
        }
        let begins = |at: usize| {
            let before = at.checked_sub(1).map(|before| chars[before]);
            before.is_none_or(|c| !c.is_alphanumeric() || BEFORE_A_TITLE.contains(c))
        };
        let vice = usize::from(at > 0 && chars[at - 1] == '副');
        let title = at - vice;
        let is_named = title > 0 && names::is_surname(chars[title - 1]) && begins(title - 1);
        let start = if is_named { title - 1 } else { title };
        let lead = &chars[clause_of(chars, start)..start];
        if (is_named || begins(title)) && !ends_with_any(lead, HONOURED) && !greets(chars, from) {
            return true;
        }
    }
    false
}

fn greets(chars: &[char], end: usize) -> bool {
    [":", "您好", "你好", ",您好", ",你好"]
        .iter()
        .any(|word| starts(chars, end, word))
}

/// What a letter tells: title, body, what stands below the signature, enclosed sheets; not whom it is written to.
fn told(pages: &[PageText]) -> Vec<Vec<Glyph>> {
    let zones = letter_zones(pages);
    let is_title = |row: &&Row| {
        let text = row.compact();
        !["致", "给", "写给", "呈"]
            .iter()
            .any(|to| text.starts_with(to))
            && tells(&text)
    };
    let is_told = |row: &&Row| {
        let text = row.compact();
        !is_closing(&text) && has_any(&text, &["。", ",", "!", "?", ";"])
    };
    let head: Vec<Row> = zones.head().iter().filter(is_title).cloned().collect();
    let tail: Vec<Row> = zones.tail_rows().iter().filter(is_told).cloned().collect();
    let enclosed = pages
        .iter()
        .enumerate()
        .filter(|(_, page)| page.kind == PageKind::Attachment)
        .map(|(index, page)| rows(index, page));
    [head, zones.body_rows().to_vec(), tail]
        .into_iter()
        .chain(enclosed)
        .map(|rows| body::flow(&rows))
        .filter(|flow| !flow.is_empty())
        .collect()
}

/// Not an office's name alone, as it stands above a letter.
fn tells(text: &str) -> bool {
    has_any(text, &["关于", "反映", "情况", "问题", "的"])
}
