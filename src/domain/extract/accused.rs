//! Whom a letter accuses (SZ 5.3.3): kept apart from the sender, for restricting who sees it and whom it must not reach.
//!
//! Found behind a verb of accusation or a label: whom the roster knows, by its full name however he is written; persons behind an office or straight
//! behind the verb; units; whoever holds an office there, where no name is written. In a sentence that tells of a crime: whoever is named with his
//! office, and who acts for a unit. A business that is complained about is not accused: every second letter is about one. What is wrongly found keeps a letter from somebody who might have seen it; what is not found hands it to the accused.

use std::ops::Range;

use crate::domain::draft::{Accused, Fields};
use crate::domain::roster::Roster;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, is_han, text_of};

use super::evidence::place;
use super::glyphs::{chars_of, find_from};
use super::roster_match::{Matcher, Who};
use super::{alert, body, names};

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
    "工作人员",
    "执法人员",
    "办事人员",
    "负责人员",
    "队员",
    "职员",
    "科员",
    "领导",
    "村官",
    "网格员",
    "协管员",
    "委员",
    "代表",
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
    "吃拿",
    "吃喝",
    "收黑",
    "收钱",
    "收礼",
    "收了",
    "拿了",
    "徇",
    "推诿",
    "拒不",
    "不给",
    "强行",
    "带人",
    "带头",
    "一直",
    "经常",
    "借机",
    "私吞",
    "变卖",
    "充当",
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

/// A business's name ends so.
const BUSINESSES: &[&str] = &[
    "公司",
    "集团",
    "合作社",
    "商行",
    "超市",
    "酒店",
    "宾馆",
    "饭店",
    "厂",
    "银行",
    "支行",
    "物业",
    "项目部",
    "诊所",
];

/// Units as people call them who write to one, work at one or live under one; and how they point at it.
const SHORT_UNITS: &str = "局委办院所厅部处队站府村镇乡县区市校厂";
const POINTING: &str = "我你贵本该某";
/// What an office does not go on behind, read backwards from its title.
const STOPS: &str = "在是到的们于从住他她它把被将给让找请与及就也都又还因为了着等说去，";
/// Behind these somebody with an office is turned to, or spoken of by the way.
const TURNED_TO: &str = "向给请找由经让对";
const LONGEST_OFFICE: usize = 20;

/// How far behind the verb a name is looked for, how many are told, how long a unit's name may be.
const REACH: usize = 40;
const MOST: usize = 8;
const LONGEST_UNIT: usize = 20;

/// Everyone accused: named, as a unit, or by the office he holds. The writer is none of them.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    roster: &Roster,
    known: &Fields,
) -> Vec<Accused> {
    let flow = body::flow(zones.body_rows());
    let matcher = Matcher::new(roster);
    let mut found: Vec<Accused> = Vec::new();
    let mut add = |named: Named, clause: &[Glyph]| {
        let addressed = known.addressee.value.as_deref();
        let office = named
            .office
            .map(|office| of_addressee(office, addressed, roster));
        let office = office.filter(|office| *office != named.name);
        let is_full = found.len() >= MOST;
        match found.iter_mut().find(|known| known.name == named.name) {
            Some(known) => known.office = known.office.take().or(office),
            None if is_full => {}
            None => {
                let (page, quad) = place(pages, &clause[named.at]);
                found.push(Accused {
                    name: named.name,
                    page,
                    quad,
                    office,
                });
            }
        }
    };
    for segment in segments(&flow) {
        for named in named_in(&segment, &matcher, roster) {
            add(named, segment.clause);
        }
    }
    let is_writer = |named: &Named| known.sender_name.value.as_ref() == Some(&named.name);
    let told = |sentence: &&[Glyph]| alert::tells_of_crime(&text_of(sentence));
    for sentence in body::sentences(&flow).into_iter().filter(told) {
        for clause in sentence.split(|g| "。！？；，、!?;,:：".contains(g.ch)) {
            if let Some(named) = acting_in(clause).filter(|named| !is_writer(named)) {
                add(named, clause);
            }
        }
    }
    found
}

/// 贵局科长 is of the office that is written to, where that is an office.
fn of_addressee(office: String, addressee: Option<&str>, roster: &Roster) -> String {
    let mut chars = office.chars();
    let points = matches!(chars.next(), Some('贵' | '你'));
    let is_unit = chars
        .next()
        .is_some_and(|c| SHORT_UNITS.contains(c) || c == '单');
    let addressed = addressee.filter(|name| roster.orgs.iter().any(|org| org.name == **name));
    match addressed {
        Some(name) if points && is_unit => {
            let rest = chars.as_str();
            format!("{name}{}", rest.strip_prefix('位').unwrap_or(rest))
        }
        _ => office,
    }
}

/// Somebody accused, with his place in the clause.
struct Named {
    name: String,
    office: Option<String>,
    at: Range<usize>,
}

impl Named {
    fn plain(name: String, at: Range<usize>) -> Self {
        let office = None;
        Self { name, office, at }
    }
}

/// What stands behind a verb or a label, up to the end of the clause or to what is asked for.
struct Segment<'a> {
    clause: &'a [Glyph],
    is_label: bool,
    /// 投诉: whoever is only complained about.
    is_complaint: bool,
}

fn segments(flow: &[Glyph]) -> Vec<Segment<'_>> {
    let chars = chars_of(flow);
    let mut all = Vec::new();
    for word in VERBS.iter().chain(LABELS) {
        let mut from = 0;
        while let Some(at) = find_from(&chars, word, from) {
            from = at + word.chars().count();
            let is_label = at > 0 && chars[at - 1] == '被' || LABELS.contains(word);
            if let Some(start) = behind(&chars, from, is_label) {
                let end = (start + REACH).min(flow.len());
                all.push(Segment {
                    clause: clause(&flow[start..end]),
                    is_label,
                    is_complaint: word.ends_with("投诉"),
                });
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

fn named_in(segment: &Segment<'_>, matcher: &Matcher<'_>, roster: &Roster) -> Vec<Named> {
    let clause = segment.clause;
    let text = text_of(clause);
    let mut all: Vec<Named> = Vec::new();
    for hit in matcher.find(&text) {
        let name = match hit.who {
            Who::Leader(i) => roster.leaders.get(i).map(|leader| &leader.name),
            Who::Organisation(i) => roster.orgs.get(i).map(|org| &org.name),
            Who::Outside(i) => roster.outside.get(i),
        };
        if let (Some(name), true) = (name, hit.score >= ROSTER_SURE) {
            all.push(Named::plain(name.clone(), hit.range));
        }
    }
    let plain = |at: Range<usize>| Named::plain(text_of(&clause[at.clone()]), at);
    let person = behind_title(clause)
        .map(|at| with_office(clause, at))
        .or_else(|| person_at(clause, 0).map(plain))
        .or_else(|| likely_at(clause, 0).filter(|_| segment.is_label).map(plain))
        .or_else(|| holder(clause, |_| true).filter(|_| all.is_empty()));
    let unit = unit(clause)
        .map(plain)
        .filter(|unit| !(segment.is_complaint && is_business(&unit.name)));
    for named in person.into_iter().chain(unit) {
        match all.iter_mut().find(|known| known.name == named.name) {
            Some(known) => known.office = known.office.take().or(named.office),
            None => all.push(named),
        }
    }
    all
}

fn is_business(name: &str) -> bool {
    BUSINESSES.iter().any(|end| name.ends_with(end))
}

/// Who acts in a clause that tells of a crime: a person with his office, or an office of some unit; not who is told of it.
fn acting_in(clause: &[Glyph]) -> Option<Named> {
    let is_turned_to = |office: usize| {
        let before = clause[..office].last();
        before.is_some_and(|g| TURNED_TO.contains(g.ch))
    };
    let person = places_behind_titles(clause)
        .into_iter()
        .find_map(|at| person_at(clause, at))
        .filter(|name| !is_turned_to(office_start(clause, name.start)))
        .map(|at| with_office(clause, at));
    let acts = |rest: &[Glyph]| {
        let rest: String = rest.iter().take(4).map(|g| g.ch).collect();
        DEEDS.iter().any(|deed| rest.starts_with(deed))
    };
    person.or_else(|| holder(clause, acts).filter(|named| !is_turned_to(named.at.start)))
}

/// Where an office begins whose name or title ends at `end`: 我村村支书, 该局工作人员, 信访局干部.
fn office_start(clause: &[Glyph], end: usize) -> usize {
    let mut start = end;
    while start > 0 && end - start < LONGEST_OFFICE {
        let ch = clause[start - 1].ch;
        if !(is_han(ch) || ch.is_ascii_digit()) || STOPS.contains(ch) {
            break;
        }
        start -= 1;
        // What points at a unit begins its name.
        if POINTING.contains(ch) {
            break;
        }
    }
    let chars = chars_of(&clause[start..end]);
    let verbs = VERBS.iter().chain(&["反映", "反应", "告发", "实名"]);
    let behind = verbs.filter_map(|verb| Some(find_from(&chars, verb, 0)? + 2));
    start + behind.max().unwrap_or(0)
}

fn with_office(clause: &[Glyph], at: Range<usize>) -> Named {
    let office = text_of(&clause[office_start(clause, at.start)..at.start]);
    Named {
        name: text_of(&clause[at.clone()]),
        office: names_unit(&office).then_some(office),
        at,
    }
}

/// Whether an office says of which unit it is, by its name or by pointing at it.
fn names_unit(office: &str) -> bool {
    let titles = TITLES.iter().filter_map(|title| office.strip_suffix(title));
    let Some(unit) = titles.min_by_key(|unit| unit.len()) else {
        return false;
    };
    let chars: Vec<char> = unit.chars().collect();
    let points = chars.first().is_some_and(|c| POINTING.contains(*c));
    chars.iter().skip(1).any(|c| SHORT_UNITS.contains(*c)) || points && unit.contains("单位")
}

/// Nobody is named: 贵局某科长, 信访局工作人员. What follows the title has to pass.
fn holder(clause: &[Glyph], passes: impl Fn(&[Glyph]) -> bool) -> Option<Named> {
    let ends = places_behind_titles(clause);
    ends.into_iter().find_map(|end| {
        let at = office_start(clause, end)..end;
        let office = text_of(&clause[at.clone()]);
        (names_unit(&office) && passes(&clause[end..])).then(|| Named {
            office: Some(office.clone()),
            name: office,
            at,
        })
    })
}

/// A leader's full name with one character misread counts, a mere surname with some title does not.
const ROSTER_SURE: f32 = 0.7;

fn places_behind_titles(clause: &[Glyph]) -> Vec<usize> {
    let chars = chars_of(clause);
    let mut places = Vec::new();
    for title in TITLES {
        let mut from = 0;
        while let Some(at) = find_from(&chars, title, from) {
            from = at + title.chars().count();
            places.push(from);
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

fn behind_title(clause: &[Glyph]) -> Option<Range<usize>> {
    let places = places_behind_titles(clause);
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
