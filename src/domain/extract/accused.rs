//! Whom a letter accuses (SZ 5.3.3): kept apart from the sender, for restricting who sees it and whom it must not reach.
//!
//! Found behind a verb of accusation or a label: whom the roster knows, by its full name however he is written; persons behind an office or straight
//! behind the verb; units. What is wrongly found keeps a letter from somebody who might have seen it; what is not found hands it to the accused.

use std::ops::Range;

use crate::domain::draft::Accused;
use crate::domain::roster::Roster;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, is_han, text_of};

use super::evidence::place;
use super::glyphs::{chars_of, find_from};
use super::roster_match::{Matcher, Who};
use super::{body, names};

/// A complaint names whom it is about, too; whoever accuses says one of the others.
const VERBS: &[&str] = &["举报", "检举", "控告", "揭发", "状告", "投诉"];
const LABELS: &[&str] = &[
    "被举报",
    "被检举",
    "被控告",
    "被揭发",
    "被投诉",
    "被反映",
    "被告",
    "反映对象",
    "控诉对象",
];

/// Behind a verb: it tells of the letter, its writer or whom he turned to, and accuses nobody here.
const NO_ACCUSATION: &[&str] = &[
    "信", "材料", "电话", "热线", "箱", "至", "到", "给", "后", "过", "无果", "无门", "多次",
    "如下", "内容", "事项", "事实", "须知", "奖励",
];

/// Offices a name stands behind, or before.
const TITLES: &[&str] = &[
    "书记",
    "支书",
    "主任",
    "主席",
    "省长",
    "州长",
    "市长",
    "县长",
    "区长",
    "镇长",
    "乡长",
    "村长",
    "厅长",
    "部长",
    "局长",
    "处长",
    "科长",
    "股长",
    "所长",
    "站长",
    "队长",
    "组长",
    "院长",
    "校长",
    "园长",
    "台长",
    "社长",
    "馆长",
    "行长",
    "庭长",
    "检察长",
    "秘书长",
    "秘书",
    "会计",
    "出纳",
    "文书",
    "干部",
    "法官",
    "检察官",
    "审判长",
    "审判员",
    "书记员",
    "警察",
    "民警",
    "辅警",
    "城管",
    "医生",
    "大夫",
    "老师",
    "教师",
    "律师",
    "厂长",
    "经理",
    "董事长",
    "老板",
    "法人",
    "法定代表人",
    "负责人",
    "包工头",
    "工头",
    "同志",
];

/// What begins behind a whole name.
const DEEDS: &[&str] = &[
    "收受",
    "收取",
    "受贿",
    "索贿",
    "索要",
    "行贿",
    "贪污",
    "贪赃",
    "挪用",
    "侵占",
    "侵吞",
    "滥用",
    "违法",
    "违规",
    "违纪",
    "违建",
    "利用",
    "勾结",
    "包庇",
    "纵容",
    "欺压",
    "欺骗",
    "打击",
    "打人",
    "打骂",
    "殴打",
    "威胁",
    "强占",
    "强拆",
    "强征",
    "骗取",
    "套取",
    "虚报",
    "冒领",
    "伪造",
    "篡改",
    "拖欠",
    "克扣",
    "截留",
    "私分",
    "霸占",
    "敲诈",
    "勒索",
    "徇私",
    "枉法",
    "玩忽",
    "失职",
    "渎职",
    "不作为",
    "乱作为",
    "以权",
    "仗势",
    "长期",
    "多次",
    "大肆",
    "公然",
    "公开",
    "非法",
    "私自",
    "擅自",
    "涉嫌",
    "存在",
    "一案",
    "一事",
    "等人",
    "等三",
    "等四",
    "之流",
    "其人",
    "本人",
    "身为",
    "作为",
    "担任",
    "任职",
    "在任",
    "对我",
    "把我",
    "将我",
    "给我",
    "与其",
    "及其",
    "和其",
    "故意",
    "恶意",
    "买卖",
    "倒卖",
    "出卖",
    "赌博",
    "吸毒",
    "乱收",
    "多收",
    "少报",
    "瞒报",
    "隐瞒",
];

/// A unit's name ends so.
const UNITS: &[&str] = &[
    "公司",
    "集团",
    "合作社",
    "商行",
    "超市",
    "酒店",
    "宾馆",
    "饭店",
    "工厂",
    "厂",
    "银行",
    "支行",
    "物业",
    "项目部",
    "中心",
    "医院",
    "卫生院",
    "诊所",
    "大学",
    "中学",
    "小学",
    "学校",
    "幼儿园",
    "委员会",
    "村委会",
    "居委会",
    "村委",
    "居委",
    "支部",
    "人民政府",
    "政府",
    "办事处",
    "街道办",
    "派出所",
    "公安局",
    "分局",
    "管理局",
    "局",
    "法院",
    "检察院",
    "支队",
    "大队",
    "中队",
    "管委会",
    "指挥部",
    "协会",
];

/// How far behind the verb a name is looked for, how many are told, how long a unit's name may be.
const REACH: usize = 40;
const MOST: usize = 8;
const LONGEST_UNIT: usize = 20;

/// Everyone named behind a verb of accusation, as name or as a unit.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones, roster: &Roster) -> Vec<Accused> {
    let flow = body::flow(zones.body_rows());
    let matcher = Matcher::new(roster);
    let mut found: Vec<Accused> = Vec::new();
    for (segment, is_label) in segments(&flow) {
        for (name, at) in named_in(segment, is_label, &matcher, roster) {
            if found.len() < MOST && found.iter().all(|known| known.name != name) {
                let (page, quad) = place(pages, &segment[at]);
                found.push(Accused {
                    name,
                    page,
                    quad,
                    office: None,
                });
            }
        }
    }
    found
}

/// What stands behind each verb or label, up to the end of the clause or to what is asked for; and whether it was a label.
fn segments(flow: &[Glyph]) -> Vec<(&[Glyph], bool)> {
    let chars = chars_of(flow);
    let mut all = Vec::new();
    for word in VERBS.iter().chain(LABELS) {
        let mut from = 0;
        while let Some(at) = find_from(&chars, word, from) {
            from = at + word.chars().count();
            let is_label = at > 0 && chars[at - 1] == '被' || LABELS.contains(word);
            if let Some(start) = behind(&chars, from, is_label) {
                let end = (start + REACH).min(flow.len());
                all.push((clause(&flow[start..end]), is_label));
            }
        }
    }
    all
}

/// Where the accused may begin: behind 人, 对象, colons and blanks. Nothing where nobody is accused: 举报人 is who wrote it.
fn behind(chars: &[char], verb_end: usize, is_label: bool) -> Option<usize> {
    let rest: String = chars[verb_end..].iter().take(4).collect();
    if NO_ACCUSATION.iter().any(|word| rest.starts_with(word)) {
        return None;
    }
    let skipped = if rest.starts_with("对象") {
        2
    } else if rest.starts_with('人') {
        if !is_label {
            return None;
        }
        1
    } else {
        0
    };
    let mut start = verb_end + skipped;
    while chars
        .get(start)
        .is_some_and(|c| !c.is_alphanumeric() || "的是为了叫".contains(*c))
    {
        start += 1;
    }
    Some(start)
}

fn clause(rest: &[Glyph]) -> &[Glyph] {
    let asks = ["请", "恳", "希望", "盼望", "要求", "向"];
    let chars = chars_of(rest);
    let ends = |c: &char| "。！？；，!?;,".contains(*c);
    let asked = asks.iter().filter_map(|word| find_from(&chars, word, 0));
    let end = chars.iter().position(ends).into_iter().chain(asked).min();
    &rest[..end.unwrap_or(rest.len())]
}

/// Names with their place in the clause.
fn named_in(
    clause: &[Glyph],
    is_label: bool,
    matcher: &Matcher<'_>,
    roster: &Roster,
) -> Vec<(String, Range<usize>)> {
    let text = text_of(clause);
    let mut named: Vec<(String, Range<usize>)> = Vec::new();
    for hit in matcher.find(&text) {
        let name = match hit.who {
            Who::Leader(i) => roster.leaders.get(i).map(|leader| &leader.name),
            Who::Organisation(i) => roster.orgs.get(i).map(|org| &org.name),
            Who::Outside(i) => roster.outside.get(i),
        };
        if let (Some(name), true) = (name, hit.score >= ROSTER_SURE) {
            named.push((name.clone(), hit.range));
        }
    }
    let person = behind_title(clause)
        .or_else(|| person_at(clause, 0))
        .or_else(|| likely_at(clause, 0).filter(|_| is_label));
    for at in person.into_iter().chain(unit(clause)) {
        let name = text_of(&clause[at.clone()]);
        if named.iter().all(|(known, _)| *known != name) {
            named.push((name, at));
        }
    }
    named
}

/// A leader's full name with one character misread counts, a mere surname with some title does not.
const ROSTER_SURE: f32 = 0.7;

fn behind_title(clause: &[Glyph]) -> Option<Range<usize>> {
    let chars = chars_of(clause);
    let behind = |title: &&str| find_from(&chars, title, 0).map(|i| i + title.chars().count());
    let mut places: Vec<usize> = TITLES.iter().filter_map(behind).collect();
    places.sort_unstable();
    let whole = places.iter().find_map(|at| person_at(clause, *at));
    whole.or_else(|| places.iter().find_map(|at| likely_at(clause, *at)))
}

/// A name behind an office or a label, where nobody can tell its end: three characters are one far more often than two.
fn likely_at(clause: &[Glyph], at: usize) -> Option<Range<usize>> {
    let name = at..at + 3;
    let text = text_of(clause.get(name.clone())?);
    (names::person(&text) > 0.9).then_some(name)
}

/// A name with something behind it that ends one.
fn person_at(clause: &[Glyph], at: usize) -> Option<Range<usize>> {
    let ends = |from: usize| {
        let rest: String = clause[from..].iter().take(4).map(|g| g.ch).collect();
        let Some(next) = rest.chars().next() else {
            return true;
        };
        !is_han(next)
            || "贪侵伙在与和从为以滥将把自于的等及勾违私一借受挪系住男女现原任".contains(next)
            || DEEDS
                .iter()
                .chain(TITLES)
                .any(|word| rest.starts_with(word))
    };
    [3, 2, 4].into_iter().find_map(|length| {
        let name = at..at + length;
        let text = text_of(clause.get(name.clone())?);
        (names::person(&text) > 0.8 && ends(name.end)).then_some(name)
    })
}

fn unit(clause: &[Glyph]) -> Option<Range<usize>> {
    (4..=clause.len().min(LONGEST_UNIT))
        .rev()
        .map(|n| 0..n)
        .find(|name| {
            let text = text_of(&clause[name.clone()]);
            UNITS.iter().any(|end| text.ends_with(end))
        })
}
