//! What a personal name, a unit's name, an incomplete or a false name look like.
//!
//! Surnames are a prior, not a must: a signature with a surname nobody listed is still a signature, with less confidence.

mod lists;
mod syllables;
mod words;

use crate::domain::zones::{Row, is_han};

use super::glyphs::has_any;
use super::labels::{OFFICERS, is_label};
use lists::{
    BEARERS, CALLED, COMPOUND, ENDS_PLACE, GIVEN, HOUSES, NOT_GIVEN, NOT_NAMES, ROLES, SURNAMES,
    TRANSLITERATED, UNITS, UNNAMED, WHOLE,
};

pub(crate) use words::{Word, beside_letter, is_epithet, word};

/// Whether a character is a surname by itself, or begins a compound one.
pub(crate) fn is_surname(ch: char) -> bool {
    SURNAMES.contains(ch) || COMPOUND.iter().any(|c| c.starts_with(ch))
}

/// Whether a character is usual in given names.
pub(crate) fn is_given(ch: char) -> bool {
    GIVEN.contains(ch)
}

/// Whether a text ends like a place's name rather than a person's.
pub(crate) fn ends_place(text: &str) -> bool {
    text.ends_with(|c| ENDS_PLACE.contains(c))
}

/// Whether a text names a village, a group of one or an estate, and nobody: 卢坪村, 柳家庄, 柳林村三组. 王新村 may be somebody.
pub(crate) fn is_village(text: &str) -> bool {
    may_be_village(text) && {
        let chars: Vec<char> = text.chars().collect();
        let given = chars.len() == 3 && text.ends_with(['村', '庄']) && chars[1] != '家';
        chars.len() > 2 && !(given && surname_length(&chars) > 0 && is_given(chars[1]))
    }
}

/// The same, and what may be somebody's name as well.
pub(crate) fn may_be_village(text: &str) -> bool {
    let ends = [
        "村", "庄", "屯", "寨", "组", "社区", "小区", "巷", "新村", "家湾", "家沟", "家坪", "家坡",
        "家堡", "家岭", "家塬",
    ];
    let n = text.chars().count();
    (2..=LONGEST_INTRODUCTION).contains(&n)
        && text.chars().all(|c| is_han(c) || c.is_ascii_digit())
        && ends.iter().any(|end| text.ends_with(end))
        && !text.ends_with("小组")
}

/// How many characters of `chars` are a surname: 0, 1 or 2.
pub(crate) fn surname_length(chars: &[char]) -> usize {
    let two: String = chars.iter().take(2).collect();
    if chars.len() > 2 && COMPOUND.contains(&two.as_str()) {
        2
    } else if chars.first().is_some_and(|c| SURNAMES.contains(*c)) {
        1
    } else {
        0
    }
}

/// How much a text reads like a full personal name: 0 not at all, 1 surely.
pub(crate) fn person(text: &str) -> f32 {
    let chars: Vec<char> = text.chars().collect();
    if chars.contains(&'·') {
        let parts: Vec<&str> = text.split('·').collect();
        let sound = parts
            .iter()
            .all(|p| (1..=8).contains(&p.chars().count()) && p.chars().all(is_han))
            && !chars.starts_with(&['我'])
            && !ROLES
                .iter()
                .chain(BEARERS)
                .any(|word| text.starts_with(word));
        let usual = |c: &char| *c == '·' || TRANSLITERATED.contains(*c);
        let foreign = chars.iter().filter(|c| usual(c)).count() * 2 > chars.len();
        return match sound && parts.len() <= 4 {
            true if foreign => 0.9,
            true => 0.8,
            false => 0.0,
        };
    }
    let n = chars.len();
    if (5..=9).contains(&n) && chars.iter().all(|c| TRANSLITERATED.contains(*c)) {
        return 0.45;
    }
    if syllables::is_name(text) {
        return 0.85;
    }
    // 年 is a surname, and 年月日 the blanks of a form.
    if !(2..=4).contains(&n)
        || !chars.iter().all(|c| is_han(*c))
        || chars.iter().all(|c| "年月日".contains(*c))
        || NOT_NAMES.contains(&text)
        || is_label(text)
        || BEARERS.contains(&text)
        || incomplete(text)
    {
        return 0.0;
    }
    if has_any(
        text,
        &[
            "群众", "居民", "村民", "业主", "代表", "公司", "党员", "匿名", "化名", "领导", "此致",
            "日期", "时间", "签字", "签名", "盖章", "签章", "编号", "甲方", "乙方", "丙方", "单位",
            "意见", "敬礼", "谢谢", "拜谢", "叩谢", "多谢", "感谢", "通信", "通讯", "地址", "电话",
            "人民", "手边",
        ],
    ) {
        return 0.0;
    }
    // 成都市, 简阳市, 成华区: places whose first character is a surname, too.
    let levels = if n >= 3 {
        "市县区镇乡省"
    } else {
        "市县省"
    };
    if chars.last().is_some_and(|c| levels.contains(*c)) {
        return 0.0;
    }
    let surname = surname_length(&chars);
    let given = &chars[surname.max(1)..];
    if given.iter().any(|c| NOT_GIVEN.contains(*c)) {
        return 0.0;
    }
    match (surname, n) {
        (2, 3 | 4) => 0.97,
        (1, 2) => 0.9,
        (1, 3) => 0.97,
        (1, _) => 0.4,
        (_, 2 | 3) => 0.45,
        _ => 0.2,
    }
}

/// How much a text reads like the name of a unit.
pub(crate) fn unit(text: &str) -> f32 {
    let n = text.chars().count();
    let ends = UNITS
        .iter()
        .filter(|u| text.ends_with(*u))
        .map(|u| u.chars().count())
        .max();
    // A signed address ends like a unit too: …新村, …小区.
    let place = matches!(ends, Some(1)) || text.ends_with("社区");
    // 投诉对象:宜昌明珠印刷厂 is a label and a value.
    if text.ends_with("大院") || text.contains(':') {
        return 0.0;
    }
    let divisions = ["省", "市", "区", "县", "乡", "镇"];
    let levels = divisions.iter().filter(|d| text.contains(*d)).count();
    if place && (levels >= 3 || starts_with_divisions(text)) {
        return 0.0;
    }
    match ends {
        Some(_) if has_any(text, &["全体", "部分", "一名", "广大", "请", "我们"]) => 0.0,
        Some(2..) if (4..=30).contains(&n) => 0.95,
        Some(1) if (5..=30).contains(&n) => 0.8,
        Some(1) if n == 4 => 0.5,
        _ => 0.0,
    }
}

/// Whether a text begins with at least two levels of divisions, or a county and a town.
fn starts_with_divisions(text: &str) -> bool {
    super::divisions_in(text).is_some_and(|d| d.steps.len() >= 2 && d.repairs() == 0)
}

/// A name with a part withheld: 王某某, 李先生, 张××, 老赵 (requirement A5).
pub(crate) fn incomplete(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() || chars.len() > 7 {
        return false;
    }
    let first = chars[0];
    let surname = surname_length(&chars).max(1).min(chars.len());
    let rest: String = chars[surname..].iter().collect();
    let masked = |c: char| {
        matches!(
            c,
            '某' | '×'
                | 'x'
                | 'X'
                | '*'
                | '?'
                | '口'
                | '□'
                | '乂'
                | '_'
                | '.'
                | '…'
                | 'o'
                | 'O'
                | '〇'
        )
    };
    if !rest.is_empty() && rest.chars().all(masked) && chars.iter().any(|c| is_han(*c)) {
        return true;
    }
    if chars.len() <= 4 && CALLED.contains(&rest.as_str()) {
        return true;
    }
    // 吴姓住户, 姓吴, 姓吴的人: a surname that says it is one.
    let surnamed =
        |w: &[char]| w[0] == '姓' && SURNAMES.contains(w[1]) && (w.len() < 3 || w[2] == '的');
    if surname_length(&chars) == 1 && chars.get(1) == Some(&'姓')
        || chars.len() == 2 && surnamed(&chars)
        || chars.windows(3).any(surnamed)
    {
        return true;
    }
    chars.len() == 2
        && (first == '老' || first == '小' || first == '阿')
        && SURNAMES.contains(chars[1])
        || chars.len() >= 3 && rest.chars().any(|c| c == '某' || c == '×') && chars.len() <= 4
}

/// The person's name after a role: `村民代表王建国` → the last three characters; `None` when only the role is there.
pub(crate) fn after_role(text: &str) -> Option<usize> {
    let chars: Vec<char> = text.chars().collect();
    let end = ROLES
        .iter()
        .chain(UNNAMED)
        .filter_map(|r| {
            text.rfind(r)
                .map(|b| text[..b].chars().count() + r.chars().count())
        })
        .max()?;
    let rest: String = chars[end..].iter().collect();
    let rest = rest.trim_start_matches([':', ' ']);
    let skipped = chars.len() - rest.chars().count();
    // 百姓藏岩: behind who he is, a surname nobody listed is one where usual characters follow it.
    let said = !rest.starts_with(['之', '的', '者']);
    let humble = || HUMBLE.iter().any(|word| text.starts_with(word));
    let named = person(rest) > 0.8 || said && unheard(rest) && unit(text) == 0.0;
    let named = named || said && person(rest) > 0.4 && humble();
    (named || incomplete(rest)).then_some(skipped)
}

/// What only a writer calls himself: a unit's name does not begin so.
const HUMBLE: &[&str] = &["草民", "小民", "民女", "山民"];

/// Where the whole name begins behind words that say whose or whence its bearer is, without a gap: 儿媳王芳, 东坡村三组向传英, 机械厂赵大海.
pub(crate) fn after_whose(text: &str) -> Option<usize> {
    let chars: Vec<char> = text.chars().collect();
    if !(4..=LONGEST_INTRODUCTION).contains(&chars.len()) || !chars.iter().all(|c| said(*c)) {
        return None;
    }
    [4, 3, 2].into_iter().find_map(|length| {
        let at = chars.len().checked_sub(length).filter(|at| *at >= 1)?;
        let (before, name): (String, String) =
            (chars[..at].iter().collect(), chars[at..].iter().collect());
        let place = chars.last().is_some_and(|c| ENDS_PLACE.contains(*c));
        let compound = length < 4 || surname_length(&chars[at..]) == 2;
        // 学员小吴, 莘县赵女士
        let whole = person(&name) > 0.8 && compound || incomplete(&name);
        (whole && !place && introduces(&before)).then_some(at)
    })
}

/// 养蜂人, 班组长: what its bearer does, no name.
fn is_calling(text: &str) -> bool {
    text.chars().count() > 2 && word(text) == Some(Word::InPlaceOfName)
}

/// 养蜂人段美兰: a name behind what its bearer does, which begins with a surname as well.
pub(crate) fn after_calling(text: &str) -> bool {
    let at = after_whose(text);
    let front = |at: usize| text.chars().take(at).collect::<String>();
    at.is_some_and(|at| is_calling(&front(at)))
}

/// 段大山之妻, 段某某之女: whose wife or daughter, and no name of hers.
pub(crate) fn is_kin_of(text: &str) -> bool {
    let Some((whose, kin)) = text.split_once('之') else {
        return false;
    };
    let kin = kin.chars().count() == 1 && "妻夫子女父母兄弟姐妹孙".contains(kin);
    kin && (person(whose) > 0.8 || incomplete(whose))
}

/// Two or three characters the first of which is a surname, behind the label of who writes: 石请. A person looks.
pub(crate) fn by_label(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (2..=3).contains(&chars.len())
        && chars.iter().all(|c| is_han(*c))
        && surname_length(&chars) > 0
        && word(text).is_none()
        && !is_label(text)
        && !beside_letter(text)
        && !NOT_NAMES.contains(&text)
}

/// Whether a word may be somebody's name where nothing but a name is to be expected: 白天.
pub(crate) fn is_word_or_name(text: &str) -> bool {
    ["白天", "高兴", "成立", "明白", "方向"].contains(&text)
}

/// Where the name begins of one who says whose wife, son or mother she is: 骆启华之妻覃玉兰.
pub(crate) fn after_kin(text: &str) -> Option<usize> {
    let at = text
        .char_indices()
        .find(|(_, c)| *c == '之')
        .map(|(at, _)| at)?;
    let whose = text[..at].chars().count();
    let behind: Vec<char> = text[at..].chars().skip(1).collect();
    let kin = behind
        .first()
        .is_some_and(|c| "妻夫子女父母兄弟姐妹孙".contains(*c));
    let name: String = behind.iter().skip(1).collect();
    (kin && person(&text[..at]) > 0.8 && person(&name) > 0.8).then_some(whose + 2)
}

/// 大姐覃凤仙, 小妹覃凤娇: which of several that sign together, and his name.
pub(crate) fn after_sibling(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let counted = chars
        .next()
        .is_some_and(|c| "大二三四五六七小老长次幼".contains(c));
    let kin = chars
        .next()
        .is_some_and(|c| "哥弟姐妹兄嫂叔伯姑姨舅儿女子".contains(c));
    (counted && kin && person(chars.as_str()) > 0.8).then_some(2)
}

/// Characters of a name with who bears it.
const LONGEST_INTRODUCTION: usize = 24;

fn said(ch: char) -> bool {
    is_han(ch) || ch.is_ascii_digit() || matches!(ch, '(' | ')' | '-' | '·')
}

/// Whether a name's bearer is told by such words: a kinship, a calling, a house, a village or a unit he belongs to.
fn introduces(before: &str) -> bool {
    let n = before.chars().count();
    let house = before.ends_with(HOUSES);
    let placed = n >= 3 && before.ends_with(['村', '组', '社', '镇', '乡', '寨', '屯', '庄', '湾']);
    house
        || placed
        || BEARERS.iter().any(|word| before.ends_with(word))
        || is_calling(before)
        || OFFICERS
            .iter()
            .any(|office| before.strip_suffix(office).is_some_and(once))
        || n >= 4 && unit(before) >= 0.8
        || super::divisions_in(before)
            .is_some_and(|d| d.length == n || super::place::ends_well(before))
}

/// Characters of a name that runs on to where its bearer lives: 刘铁柱穿山镇高平村.
pub(crate) fn before_place(text: &str) -> Option<usize> {
    let chars: Vec<char> = text.chars().collect();
    if !(5..=LONGEST_INTRODUCTION).contains(&chars.len()) {
        return None;
    }
    [3, 2, 4].into_iter().find(|n| {
        let (name, rest): (String, String) =
            (chars[..*n].iter().collect(), chars[*n..].iter().collect());
        let named = *n < 4 || surname_length(&chars) == 2;
        named
            && person(&name) > 0.8
            && !super::place::ends_well(&name)
            && super::place::ends_well(&rest)
            && super::divisions_in(text).is_none()
            && super::divisions_in(&rest).is_some()
    })
}

/// Two or three characters that are a name if the first is a surname: what follows it are characters of given names.
pub(crate) fn unheard(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next();
    let given = chars.as_str();
    person(text) > 0.4 && (1..=2).contains(&given.chars().count()) && given.chars().all(is_given)
}

/// Whether an office is one its holder has left or speaks of as his own: 退休老校长, 原村主任, 本村书记.
pub(crate) fn once(front: &str) -> bool {
    has_any(
        front,
        &[
            "退休", "离休", "离任", "卸任", "退职", "前任", "曾任", "退役",
        ],
    ) || front.starts_with(['原', '前', '老'])
}

/// Whether a signature says itself that it is no name: 化名, 匿名.
pub(crate) fn pretended(text: &str) -> bool {
    has_any(text, &["化名", "匿名", "假名", "笔名", "无名氏"])
}

/// Whether a person must look whether a name is one: a figure everybody knows, 于 before a town, a name that laments.
pub(crate) fn may_be_no_name(text: &str) -> bool {
    let town = text.strip_prefix('于').is_some_and(super::place::is_town);
    let ends = text.ends_with(['冤', '怨', '苦', '恨', '泪', '忌']) || text.ends_with("不平");
    let laments = text.chars().count() > 2 && ends;
    // 代王芳 may sign for 王芳.
    let signs_for = text
        .strip_prefix('代')
        .is_some_and(|name| person(name) > 0.8);
    words::is_figure(text)
        || signs_for
        || is_epithet(text)
        || beside_letter(text)
        || town
        || laments
        || text.chars().count() == 3 && text.ends_with('人')
}

/// Whether a text signs for someone unnamed: 一名老党员, 知情群众, 小区部分业主, 苏小民(化名).
pub(crate) fn pseudonym(text: &str) -> bool {
    let n = text.chars().count();
    if !(2..=20).contains(&n) || has_any(text, &["。", ",", "?"]) {
        return false;
    }
    // 工人们: more than one of them.
    let role = text.strip_suffix('们').unwrap_or(text);
    let mut chars = text.chars();
    let whole = match chars.next() {
        Some('众') => true,
        Some('全') => chars.next().is_some_and(|c| WHOLE.contains(c)) && n >= 4,
        _ => false,
    };
    whole
        || pretended(text)
        || is_epithet(text)
        || (has_any(text, UNNAMED) || ROLES.iter().any(|r| role.ends_with(r)))
            && after_role(text).is_none()
            && after_whose(text).is_none_or(|at| n < at + 3)
}

/// Whether a row has one whole name in it and says who bears it, or where and how it was written: 退休民办教师向传英, 向传英 泣书于病榻.
pub(crate) fn signs(row: &Row) -> bool {
    let text = row.compact();
    let parts: Vec<String> = row
        .chars()
        .split(|c| *c == ' ')
        .map(|part| part.iter().collect())
        .collect();
    let ends = [parts.first(), parts.last()];
    let beside = parts.len() > 1 && ends.into_iter().flatten().any(|part| person(part) > 0.8);
    text.chars().count() <= LONGEST_INTRODUCTION
        && (beside || after_role(&text).is_some() || after_whose(&text).is_some())
}

/// Whether a row is a list of names: at least two, parted by gaps.
pub(crate) fn list_like(row: &Row) -> bool {
    let (named, parts) = names_in(row);
    parts >= 2 && (named == parts || named >= 3 && named * 4 >= parts * 3)
}

/// How many parts of a row read like names, and how many there are.
pub(crate) fn names_in(row: &Row) -> (usize, usize) {
    let text: String = row.chars().into_iter().collect();
    // A telephone beside a name is no part of it, nor is the number before it: 1. 王芳.
    let figures = |c: char| c.is_ascii_digit() || "-.():".contains(c);
    let parts: Vec<&str> = text
        .split([' ', '、', ','])
        .map(|p| p.trim_start_matches(figures))
        .map(|p| p.split(figures).next().unwrap_or_default())
        .filter(|p| !p.is_empty())
        .collect();
    let named = parts
        .iter()
        .filter(|p| person(p) > 0.0 || unit(p) > 0.0 || after_sibling(p).is_some())
        .count();
    (named, parts.len())
}
