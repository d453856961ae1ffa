//! What closes a letter beside its formula: whom it is for (此致 / 宜昌市信访局), and names that share a row with something else.

use crate::domain::zones::{Glyph, Row, address_like, is_closing, is_han, text_of};

use super::date::find_dates;
use super::glyphs::{has_any, squeeze};
use super::labels;
use super::names;
use super::phone::find_phones;
use super::signature::{self, Form};

/// What an office or its holder is called by in the end.
const OFFICES: &[&str] = &[
    "政府",
    "委员会",
    "常委会",
    "省委",
    "市委",
    "县委",
    "区委",
    "党委",
    "纪委",
    "监委",
    "局",
    "厅",
    "部",
    "办公室",
    "信访办",
    "办事处",
    "法院",
    "检察院",
    "人大",
    "政协",
    "工会",
    "妇联",
    "联合会",
    "总队",
    "支队",
    "大队",
    "派出所",
    "省长",
    "市长",
    "县长",
    "区长",
    "镇长",
    "乡长",
    "局长",
    "厅长",
    "书记",
    "主任",
    "主席",
    "领导",
    "同志",
];

/// Committees that write letters rather than receive them.
const WRITERS: &[&str] = &["村民委员会", "居民委员会", "业主委员会"];

/// Whom a row under a letter names as the one it is for: the office below 此致, or on its row.
pub(crate) fn addressed(rows: &[Row], at: usize) -> Option<Vec<Glyph>> {
    let glyphs = squeeze(&rows[at].glyphs);
    let text = text_of(&glyphs);
    let opener = ["此致", "谨呈", "敬呈"]
        .into_iter()
        .find(|o| text.starts_with(o));
    let asked = glyphs.iter().position(|g| g.ch == ':');
    let asked = asked.filter(|colon| has_any(&text_of(&glyphs[..*colon]), ASKED_OF));
    let value = match opener {
        _ if asked.is_some() => &glyphs[asked.map_or(0, |colon| colon + 1)..],
        Some(opener) => &glyphs[opener.chars().count()..],
        None if at > 0 && opens(&rows[at - 1].compact()) => &glyphs[..],
        None => return None,
    };
    let value = super::tail::trim(value);
    is_office(text_of(value).trim_end_matches('!')).then(|| value.to_vec())
}

/// What a form asks for whom a letter is for by.
const ASKED_OF: &[&str] = &[
    "希望谁",
    "请谁",
    "由谁",
    "哪位领导",
    "哪个部门",
    "哪个单位",
    "受理部门",
    "受理单位",
];

fn opens(text: &str) -> bool {
    let bare = text.trim_end_matches([':', ',', '。', '!']);
    ["此致", "谨呈", "敬呈", "呈", "致"].contains(&bare)
}

/// Whether a text ends like an office or its holder.
pub(crate) fn is_office(text: &str) -> bool {
    let n = text.chars().count();
    let holds = OFFICES.iter().any(|office| text.ends_with(office));
    (2..=24).contains(&n)
        && text.chars().all(is_han)
        && holds
        && !WRITERS.iter().any(|w| text.ends_with(w))
}

/// Whom the rows under a letter say it is for.
pub(crate) fn all_addressed(rows: &[Row]) -> Vec<Vec<Glyph>> {
    let items = super::tail::items(rows);
    let named = items
        .into_iter()
        .filter(|i| i.kind == super::tail::Kind::Addressed);
    named.map(|i| i.value).collect()
}

/// The full name behind a closing formula on its row: 盼复!韦志英, 敬礼  王芳, 此致敬礼王芳13872514096.
pub(crate) fn name_behind_closing(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let end = find_phones(glyphs).first().map_or(glyphs.len(), |p| p.from);
    let glyphs = &glyphs[..end];
    let glyphs = &glyphs[..glyphs.len() - glyphs.iter().rev().take_while(|g| g.ch == ' ').count()];
    let parted = glyphs
        .iter()
        .rposition(|g| matches!(g.ch, '!' | '。' | ' ' | ',' | ':'))
        .and_then(|at| {
            let formula = text_of(&squeeze(&glyphs[..at]));
            let closes = ["敬礼", "盼复", "望复", "回复", "此致", "致敬", "感激", "谢"];
            has_any(&formula, &closes).then(|| &glyphs[at + 1..])
        });
    let joined = || {
        let chars = super::glyphs::chars_of(glyphs);
        let behind = ["敬礼", "盼复", "望复", "回复", "致敬", "叩谢"];
        let ends = behind.iter().filter_map(|word| {
            let at = super::glyphs::find(&chars, word)?;
            Some(at + word.chars().count())
        });
        ends.max().map(|at| &glyphs[at..])
    };
    [parted, joined()].into_iter().flatten().find_map(|name| {
        let name = super::tail::trim(name);
        let text = text_of(name);
        let one = match &signature::bare(name)[..] {
            [one] => one.is_whole() || matches!(one.form, Form::Pseudonym | Form::Incomplete),
            _ => false,
        };
        let named = names::person(&text) > 0.8 && !names::beside_letter(&text);
        let signed = named || one && names::unit(&text) == 0.0;
        (signed && !is_closing(&text) && !is_office(&text)).then(|| name.to_vec())
    })
}

/// The full name before a courtesy that is a closing formula by itself: 端木志坚 叩谢.
pub(crate) fn name_before_closing(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let glyphs = squeeze(glyphs);
    let courtesies = [
        "此致敬礼",
        "叩谢",
        "致敬",
        "敬礼",
        "拜谢",
        "致谢",
        "谨谢",
        "敬谢",
        "叩首",
        "谨呈",
        "盼复",
        "望复",
    ];
    let named = [4, 3, 2].into_iter().find_map(|n| {
        let (name, rest) = glyphs.split_at_checked(n)?;
        let rest = text_of(rest);
        let courteous = courtesies.contains(&rest.trim_end_matches(['!', '。', '.']));
        (courteous && names::person(&text_of(name)) > 0.8).then(|| name.to_vec())
    });
    // 退伍军人 覃玉兰 敬礼: who he is stands before his name.
    named.or_else(|| {
        let text = text_of(&glyphs);
        let bare = text.trim_end_matches(['!', '。', '.']);
        let before = courtesies.iter().find_map(|word| bare.strip_suffix(word))?;
        let at = names::after_role(before).or_else(|| names::after_whose(before))?;
        let name = &glyphs[at..before.chars().count()];
        (names::person(&text_of(name)) > 0.8).then(|| name.to_vec())
    })
}

/// An address and a name that share a row: 珍珠路21号  覃玉兰, 覃玉兰  13872514096  珍珠路21号.
pub(crate) fn parted(glyphs: &[Glyph]) -> Vec<&[Glyph]> {
    let place = |part: &[Glyph]| {
        let text = text_of(&squeeze(part));
        let long = part.iter().filter(|g| is_han(g.ch)).count() >= 5;
        long && address_like(&text) && names::unit(&text) < 0.9
    };
    if let Some(at) = before_group(glyphs) {
        return vec![&glyphs[..at], &glyphs[at..]];
    }
    let named = |part: &[Glyph]| {
        let letters = part
            .split(|g| g.ch.is_ascii_digit())
            .next()
            .unwrap_or_default();
        names::person(&text_of(&squeeze(super::tail::trim(letters)))) > 0.8
    };
    let begins_with_figure = |part: &[Glyph]| {
        let first = part.iter().find(|g| g.ch != ' ');
        first.is_some_and(|g| g.ch.is_ascii_digit())
    };
    let gaps = (1..glyphs.len()).filter(|i| glyphs[*i].ch == ' ');
    let cut = gaps.map(|i| glyphs.split_at(i)).find(|(before, behind)| {
        let figures = |part: &[Glyph]| part.iter().any(|g| g.ch.is_ascii_digit());
        let known = || divided(&text_of(&squeeze(before)));
        let called = || names::incomplete(&text_of(&squeeze(behind))) && known();
        place(before) && (named(behind) || called()) && !figures(behind)
            || named(before) && place(behind) && !begins_with_figure(behind)
    });
    match cut {
        Some((before, behind)) => vec![before, behind],
        None => vec![glyphs],
    }
}

/// Whether a text begins with two divisions that are known, and ends like a place.
fn divided(text: &str) -> bool {
    let known = super::divisions_in(text).is_some_and(|d| d.steps.len() >= 2);
    known && super::place::ends_well(text)
}

/// 分乡镇棠垭村覃玉兰等四十一户村民: where the name begins of who signs for others, behind where they live.
fn before_group(glyphs: &[Glyph]) -> Option<usize> {
    let and = glyphs.iter().position(|g| g.ch == '等')?;
    let counts = |c: char| c.is_ascii_digit() || "一二三四五六七八九十百余".contains(c);
    let behind = text_of(glyphs.get(and + 1..)?);
    let counted = behind.trim_start_matches(counts);
    let group = counted.len() < behind.len() && counted.starts_with(['户', '人', '名', '位', '家']);
    let begins = [3, 2, 4].into_iter().filter_map(|n| and.checked_sub(n));
    let named = |at: &usize| {
        let (place, name) = (text_of(&glyphs[..*at]), text_of(&glyphs[*at..and]));
        names::person(&name) > 0.8 && divided(&place)
    };
    begins.filter(|at| group && *at > 0).find(named)
}

/// 覃玉兰,夷陵区分乡镇棠垭村人,电话139…: who somebody is, where he lives and how he is reached, in one row; the number may go on below. Nothing says that he
/// signs.
pub(crate) fn told_of_one(glyphs: &[Glyph]) -> Option<[(labels::Kind, Vec<Glyph>); 3]> {
    let flat = squeeze(super::tail::trim(glyphs));
    let mut parts = flat.split(|g| g.ch == ',');
    let (name, home, number) = (parts.next()?, parts.next()?, parts.next()?);
    let text = text_of(home);
    let text = ["家住", "住在", "住", "系", "是"]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(&text);
    let from = home.len() - text.chars().count();
    let dwellers = ["村民", "居民", "人"];
    let place = dwellers.iter().find_map(|word| text.strip_suffix(word));
    let place = place.unwrap_or(text);
    let figures = number.iter().filter(|g| g.ch.is_ascii_digit()).count();
    let called = ["电话", "手机", "联系"];
    let label = text_of(number);
    let called = called.iter().any(|word| label.starts_with(word)) && figures >= SHORTEST_NUMBER;
    let first = number.iter().position(|g| g.ch.is_ascii_digit())?;
    let whole = parts.next().is_none() && !has_any(&text_of(&flat), &["。", "!", "?", ":"]);
    (whole && called && names::person(&text_of(name)) > 0.8 && divided(place)).then(|| {
        let to = from + place.chars().count();
        [
            (labels::Kind::Called, name.to_vec()),
            (labels::Kind::Address, home[from..to].to_vec()),
            (labels::Kind::Phone, number[first..].to_vec()),
        ]
    })
}

/// Figures of a telephone number without its area code.
const SHORTEST_NUMBER: usize = 7;

/// Who endorses a letter in a row of its own.
const ENDORSING: &[&str] = &[
    "村委会",
    "村民委员会",
    "居委会",
    "居民委员会",
    "业委会",
    "社区",
    "单位",
    "组织",
    "部门",
    "政府",
    "街道",
    "办事处",
    "学校",
    "公司",
    "支部",
    "村组",
    "工会",
    "妇联",
    "派出所",
    "领导",
];

/// 村委会意见:情况属实。 村主任:骆启华: what is written there others have written, below the signatures.
pub(crate) fn is_endorsed(text: &str) -> bool {
    let label = text.split(':').next().unwrap_or_default();
    let who = label.strip_suffix("意见");
    label.len() < text.len()
        && label.chars().count() <= LONGEST_LABEL
        && who.is_some_and(|who| has_any(who, ENDORSING) && !has_any(who, &["我", "本人"]))
}

/// 情况属实。, 同意上报。: what a unit writes above its seal on somebody's letter.
pub(crate) fn endorses(text: &str) -> bool {
    let words = ["属实", "同意", "情况真实"];
    text.chars().count() <= LONGEST_ENDORSEMENT && !text.contains(':') && has_any(text, &words)
}

/// Characters of such a sentence.
const LONGEST_ENDORSEMENT: usize = 16;

/// Characters of a label in a row under a letter.
const LONGEST_LABEL: usize = 12;

/// 抄送:市纪委, 送:王局长;报:李书记;存档一份: to whom copies go.
pub(crate) fn is_distributed(text: &str) -> bool {
    let copied = ["抄送", "抄报", "抄呈", "分送", "分报"];
    let sent = ["送:", "报:", "发:", "呈:"];
    let to = |part: &str| sent.iter().any(|word| part.starts_with(word));
    copied.iter().any(|word| text.starts_with(word))
        || to(text)
            && text
                .split([';', '。'])
                .skip(1)
                .any(|part| to(part) || part.starts_with('存'))
}

/// 申请人:覃玉兰,向传英,骆启华等3人: names in a row, parted by commas; the last of them may go on below.
pub(crate) fn is_signed_list(row: &Row) -> bool {
    let text = row.compact();
    let Some((label, list)) = text.split_once(':') else {
        return false;
    };
    let parts: Vec<&str> = list.split([',', '、']).collect();
    let named = |part: &&&str| {
        let name = part.split('等').next().unwrap_or_default();
        names::person(name) > 0.4
    };
    let named = parts.iter().filter(named).count();
    labels::WRITERS.contains(&label) && named >= 2 && named + 1 >= parts.len()
}

/// A name and the day on its row, with nothing behind them but when and how it was written: 覃玉兰,2025年3月4日写,次日寄出.
pub(crate) fn signed_and_dated(row: &Row) -> bool {
    let begins = |g: &Glyph| g.ch.is_ascii_digit() || g.ch == '年';
    if !row.glyphs.iter().take(LONGEST_LABEL).any(begins) {
        return false;
    }
    let dates = find_dates(&row.glyphs);
    let [date] = &dates[..] else {
        return false;
    };
    let name = super::tail::trim(&row.glyphs[..date.range.start]);
    let name = text_of(name);
    let name = name.trim_end_matches('于');
    let behind = text_of(&row.glyphs[date.range.end..]);
    date.iso().is_some()
        && names::person(name) > 0.8
        && behind.chars().count() <= LONGEST_LABEL
        && behind.chars().all(|c| OF_WRITING.contains(c))
}

/// Whether a row is a day and nothing else.
pub(crate) fn is_dated(row: &Row) -> bool {
    let dates = find_dates(&row.glyphs);
    let [date] = &dates[..] else {
        return false;
    };
    let alone = row.glyphs.len() <= date.range.len() + 3;
    date.iso().is_some() && (alone || is_day(&row.compact()))
}

/// 二〇二六年农历七月十五 公历八月二十七日, 正月初四,2026.2.20, 2026年清明节: made of nothing but how days are told.
pub(crate) fn is_day(text: &str) -> bool {
    let text = behind_cycle(without_feast(text));
    let numeral = |c: &char| c.is_ascii_digit() || "〇○零一二三四五六七八九十廿卅".contains(*c);
    let numerals = text.chars().filter(numeral).count();
    numerals >= 2
        && text.chars().count() <= LONGEST_DAY
        && text.contains(['年', '月', '日', '节'])
        && text.chars().all(|c| numeral(&c) || OF_DAYS.contains(c))
        && names::person(text) <= 0.8
}

/// A day without what is told of it in brackets behind it: 2025年3月12日(植树节), 2025年清明后两天(4月7日), 3月6日(星期四).
fn without_feast(text: &str) -> &str {
    let inside = text.strip_suffix(')').and_then(|text| text.split_once('('));
    let Some((day, feast)) = inside else {
        return text;
    };
    let week = ["星期", "周", "农历", "阴历", "旧历", "公历", "阳历"];
    let told = feast.ends_with(['节', '日', '天', '夜', '晚', '晨', '午'])
        || week.iter().any(|word| feast.starts_with(word));
    let short = (2..=LONGEST_FEAST).contains(&feast.chars().count());
    let surname = feast.chars().next().is_some_and(names::is_surname);
    let named = surname && !has_any(feast, &week) && !has_any(feast, FEASTS);
    if told && short && !named && !feast.contains([':', '(']) {
        day
    } else {
        text
    }
}

/// Days with a name that begins like somebody's.
const FEASTS: &[&str] = &[
    "植树", "元旦", "元宵", "党的", "国庆", "国际", "全国", "教师", "护士", "年",
];

/// Characters of what is told of a day in brackets.
const LONGEST_FEAST: usize = 10;

/// A day without the year of the cycle before it: 丙午马年,公历2026年2月14日.
fn behind_cycle(text: &str) -> &str {
    let text = text.strip_prefix("岁次").unwrap_or(text);
    let mut chars = text.chars();
    let stem = chars
        .next()
        .is_some_and(|c| "甲乙丙丁戊己庚辛壬癸".contains(c));
    let branch = chars
        .next()
        .is_some_and(|c| "子丑寅卯辰巳午未申酉戌亥".contains(c));
    let rest = chars.as_str();
    let rest = rest
        .strip_prefix(|c| "鼠牛虎兔龙蛇马羊猴鸡狗猪".contains(c))
        .unwrap_or(rest);
    match rest.strip_prefix('年') {
        Some(rest) if stem && branch => rest,
        _ => text,
    }
}

/// Characters of a day told twice over.
const LONGEST_DAY: usize = 32;

/// What days are told by, beside their numbers.
const OF_DAYS: &str = "公元年月日号农阴阳旧古新西夏历正腊冬闰初今是未出国庆清明中秋春元旦劳动端午重阳节前后次当夜晚早上下凌晨即两天,、.()-/";

/// What a note of when a letter was written and sent is made of.
const OF_WRITING: &str = "写书草寄于次日当天同夜晚上午下凌晨记具呈补重出投递发誊抄清稿成,、。.()";

/// Whoever the others have chosen to speak for them, and where what follows begins: 推选覃玉兰为联系人,电话….
pub(crate) fn elected(glyphs: &[Glyph]) -> Option<(Vec<Glyph>, Vec<Glyph>)> {
    let chooses = |g: &Glyph| matches!(g.ch, '推' | '选');
    if !glyphs.iter().take(LONGEST_LABEL).any(chooses) {
        return None;
    }
    let glyphs = squeeze(super::tail::trim(glyphs));
    let text = text_of(&glyphs);
    let choosing = CHOOSING.iter().filter_map(|word| {
        let at = text.find(word)?;
        let before = text[..at].chars().count();
        (before <= 4).then_some(before + word.chars().count())
    });
    let from = choosing.max()?;
    [4, 3, 2].into_iter().find_map(|length| {
        let name = glyphs.get(from..from + length)?;
        let rest = text_of(&glyphs[from + length..]);
        let as_what = ["为", "作为", "担任", "任", "做", "当"];
        let mut offices = as_what.iter().filter_map(|word| rest.strip_prefix(word));
        let office = offices.find_map(|rest| {
            let rest =
                rest.trim_start_matches(['我', '们', '本', '次', '的', '全', '体', '信', '访']);
            SPEAKING.iter().find_map(|office| rest.strip_prefix(office))
        })?;
        let behind = &glyphs[glyphs.len() - office.chars().count()..];
        let ends = office.is_empty() || !office.starts_with(is_han);
        (ends && names::person(&text_of(name)) > 0.8).then(|| (name.to_vec(), behind.to_vec()))
    })
}

/// Verbs of choosing somebody.
const CHOOSING: &[&str] = &[
    "推选", "推举", "公推", "共推", "推荐", "选举", "选派", "选出",
];

/// What one is chosen for who speaks for others.
const SPEAKING: &[&str] = &["联系人", "联络人", "代表人", "代表", "牵头人", "负责人"];
