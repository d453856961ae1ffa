//! The end of an address below its divisions: a road, an estate or a village, then figures each with what it counts.
//!
//! A lost character leaves a figure that counts nothing (`44幢1405室` → `441405室`) or too short a room (`205室` → `25室`). What does not
//! fit this grammar may be right all the same: it only is not let through by itself.

use crate::domain::zones::is_han;

/// Whether everything behind the divisions is there: a name, and figures that count what they can count.
pub(crate) fn whole(tail: &[char]) -> bool {
    let name = name_of(tail);
    let named = (2..=12).contains(&name.len()) && name.iter().all(|c| is_han(*c));
    if !named {
        return false;
    }
    if name.len() == tail.len() {
        return matches!(tail.last(), Some('组' | '村' | '队' | '社'));
    }
    counted(&tail[name.len()..], name.last())
}

/// Whether the name in front of the figures ends in a word for what has houses, and no road in groups: 横街19组 lost its 村.
pub(crate) fn is_named(tail: &[char]) -> bool {
    let name = name_of(tail);
    let behind = &tail[name.len()..];
    let in_groups = matches!(behind.get(figures(behind)), Some('组' | '队' | '社'));
    name.last()
        .is_some_and(|c| NAMED.contains(*c) && !(in_groups && "路街道巷弄".contains(*c)))
}

/// What names of villages, roads, estates and houses end in, and 第 before a figure.
const NAMED: &str =
    "村社区庄屯寨湾坝组队路街道巷弄里坊胡同条线苑园城庭府寓院楼厦居郡都轩阁座场舍墅邸邨会委第";

/// The characters in front of the first figure; the letter of A座 and B区 is one.
fn name_of(tail: &[char]) -> &[char] {
    let first = (0..tail.len()).position(|at| figures(&tail[at..]) > 0);
    &tail[..first.unwrap_or(tail.len())]
}

/// How many characters of a figure a text begins with.
fn figures(text: &[char]) -> usize {
    match text {
        [letter, '座' | '区' | '栋' | '幢' | '楼', ..] if letter.is_ascii_uppercase() => 1,
        _ => text.iter().take_while(|c| c.is_ascii_digit()).count(),
    }
}

/// Figures and what they count, to the end, behind a name that ends in `last`: 第 counts groups, and no village has a thousand houses.
fn counted(mut rest: &[char], last: Option<&char>) -> bool {
    let (nth, in_village) = (last == Some(&'第'), last == Some(&'村'));
    let mut before = Unit::Name;
    // 2单元3楼西户: the doors of a landing have no figures.
    let door = rest.strip_suffix(&['户']).and_then(|r| r.split_last());
    let door = door.filter(|(side, _)| "东西南北中".contains(**side));
    if let Some((_, stairs)) = door {
        rest = stairs;
    }
    while !rest.is_empty() {
        // 白云路27号长江华庭20栋: the estate behind its road's number.
        let estate = name_of(rest);
        if before == Unit::House && (3..=12).contains(&estate.len()) && estate.len() < rest.len() {
            if !is_named(estate) || !estate.iter().all(|c| is_han(*c)) {
                return false;
            }
            (before, rest) = (Unit::Name, &rest[estate.len()..]);
            continue;
        }
        let digits = figures(rest);
        let tail = &rest[digits..];
        let Some((unit, length)) = unit_of(tail) else {
            return false;
        };
        if digits == 0
            || !fits(before, digits, unit)
            || nth && before == Unit::Name && unit != Unit::Group
            || in_village && before == Unit::Name && unit == Unit::House && digits > 3
        {
            return false;
        }
        (before, rest) = (unit, &tail[length..]);
    }
    match door {
        Some(_) => matches!(before, Unit::Floor | Unit::Entrance | Unit::Building),
        None => !matches!(before, Unit::Name | Unit::Dash | Unit::HouseAnd),
    }
}

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    /// Nothing yet: the name.
    Name,
    /// 组, 队, 社
    Group,
    /// 号院, 院, 区: houses within.
    Yard,
    /// 弄, 巷
    Lane,
    /// 号
    House,
    /// 号附, 号-: one more figure belongs to the house.
    HouseAnd,
    /// 幢, 栋, 号楼, 座
    Building,
    /// 单元
    Entrance,
    /// 楼, 层
    Floor,
    /// 室
    Room,
    /// The dash of 19-4-1004.
    Dash,
    /// The end.
    Nothing,
}

fn unit_of(text: &[char]) -> Option<(Unit, usize)> {
    let known: [(&str, Unit); 28] = [
        ("号楼", Unit::Building),
        ("号大院", Unit::Yard),
        ("号院", Unit::Yard),
        ("院", Unit::Yard),
        ("区", Unit::Yard),
        ("号附", Unit::HouseAnd),
        ("号-", Unit::HouseAnd),
        ("号", Unit::House),
        ("幢甲单元", Unit::Entrance),
        ("幢乙单元", Unit::Entrance),
        ("幢丙单元", Unit::Entrance),
        ("幢丁单元", Unit::Entrance),
        ("幢", Unit::Building),
        ("栋", Unit::Building),
        ("座", Unit::Building),
        ("单元", Unit::Entrance),
        ("组", Unit::Group),
        ("队", Unit::Group),
        ("社", Unit::Group),
        ("排", Unit::Lane),
        ("弄", Unit::Lane),
        ("巷", Unit::Lane),
        ("室", Unit::Room),
        ("房", Unit::Room),
        ("户", Unit::Room),
        ("层", Unit::Floor),
        ("楼", Unit::Floor),
        ("-", Unit::Dash),
    ];
    if text.is_empty() {
        return Some((Unit::Nothing, 0));
    }
    let begins = |word: &str| {
        word.chars()
            .eq(text.iter().copied().take(word.chars().count()))
    };
    let found = known.iter().find(|(word, _)| begins(word))?;
    Some((found.1, found.0.chars().count()))
}

/// Whether a figure of so many digits behind a unit counts the next one.
fn fits(before: Unit, digits: usize, unit: Unit) -> bool {
    use Unit::{
        Building, Dash, Entrance, Floor, Group, House, HouseAnd, Lane, Name, Nothing, Room, Yard,
    };
    match (before, unit) {
        (Name, Group) => digits <= 2,
        (Name, Lane) => digits <= 4,
        // 44幢乙单元: the unit's own letter.
        (Name, Entrance) => digits <= 3,
        (Group, House) => digits <= 3,
        (Name | Lane | Group, House | HouseAnd) | (Name, Building | Yard) => digits <= 4,
        (Yard, House | Building) => digits <= 3,
        // 20幢2-1229号
        (Building | Yard, Dash) => digits <= 2,
        (Dash | Entrance, House) => (3..=4).contains(&digits),
        (Entrance, Floor) => digits <= 2,
        (HouseAnd, House | Nothing) => digits <= 2,
        (House, Building) => digits <= 3,
        (Building | House, Entrance | Floor) => digits <= 2,
        (House | Building | Entrance | Floor, Room) | (Building | Entrance, Nothing) => {
            (3..=4).contains(&digits)
        }
        (Name | Dash, Dash) => digits <= 3,
        (Dash, Nothing) => (3..=4).contains(&digits),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(text: &str) -> bool {
        whole(&text.chars().collect::<Vec<_>>())
    }

    #[test]
    fn every_usual_form_is_whole() {
        for tail in [
            "人民路449号",
            "清扬路5弄33号501室",
            "广丰公寓44号楼4单元1002室",
            "阳山村第16组31号",
            "阳山村第十六组",
            "甸柳新村29-1-506",
            "玉函小区60号楼2单元1502室",
            "英雄山路565号14幢1731室",
            "燕子山小区35栋1102",
            "解放路421号-9",
            "兴宁路48号附4号",
            "金星苑44幢乙单元1405室",
            "港沟村82号",
            "仲宫村23组",
            "江心村9队",
            "新民村4社12号",
            "高新大道195号院20幢2-1229号",
            "经二路20号院3号楼2单元501室",
            "建材厂家属院9号楼2单元2楼西户",
            "建材厂家属院9号楼2单元东户",
            "铁路新村5排12号",
            "姜谭路18号3栋602房",
            "白云路27号长江华庭20栋3单元1204室",
            "燎原路192号玉桥新村2-1-1101",
            "鸿源大厦A座1703",
            "兰天花园B区5-1-602",
        ] {
            assert!(is_whole(tail), "{tail}");
        }
    }

    #[test]
    fn a_name_ends_in_a_word_for_what_has_houses() {
        let named = |text: &str| is_named(&text.chars().collect::<Vec<_>>());
        for tail in [
            "横街村19组",
            "药行街766号",
            "第16组",
            "佛山苑小区60幢",
            "鸿源大厦A座1703",
        ] {
            assert!(named(tail), "{tail}");
        }
        for tail in ["横街19组", "佛山苑元60幢", "哈西骏赫告5-3-906", "19组", ""] {
            assert!(!named(tail), "{tail}");
        }
    }

    #[test]
    fn a_lost_or_added_character_is_seen() {
        for tail in [
            "金星苑441405室",
            "仲宫村23",
            "阳光舜城48栋03",
            "通途路40弄2号25室",
            "府前路710204室",
            "燕子山小区35栋1102八现年62",
            "通途路22弄号206室",
            "孔浦二村3",
            "甸柳新村29-1-06",
            "江东北路290",
            "玉苑42-4-86",
            "号88号",
            "新村42-50",
            "高新大道195号院20幢2-29号",
            "高新大道19520幢2-1229号",
            "江心村9",
            "家属院92单元西户9",
            "西户",
            "甘蔗村1558号",
            "甘蔗村15组5842号",
            "白云路27号长江20栋3单元1204室",
            "大厦AB座1703",
        ] {
            assert!(!is_whole(tail), "{tail}");
        }
    }
}
