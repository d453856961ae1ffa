//! The mark of a seal behind a name: X公司(章), X店（盖章）, X厂 公章. Where it stands somebody has signed, whatever his unit's name ends in.

use crate::domain::zones::is_han;

use super::super::glyphs::has_any;
use super::super::names;

/// What alone in a bracket marks a seal.
const MARKS: &[&str] = &[
    "章",
    "印",
    "印鉴",
    "盖印",
    "红章",
    "手章",
    "私章",
    "行政章",
    "财务章",
    "合同章",
    "业务章",
    "专用章",
    "印信",
    "钤印",
];

/// What does among other words: (加盖公章), (签字、盖章), (盖章处).
const STAMPED: &[&str] = &["盖章", "公章", "签章", "印章"];

/// Characters of such a mark: 法人签字并加盖公章.
const LONGEST_MARK: usize = 10;

/// Whether a text is the mark of a seal and nothing else, with its brackets or without.
pub(crate) fn is_mark(text: &str) -> bool {
    let bare = text.trim_matches(['(', ')', ' ']);
    let told = has_any(bare, STAMPED) && bare.chars().count() <= LONGEST_MARK;
    // 盖章单位:X
    MARKS.contains(&bare) || told && !bare.contains(':') && names::unit(bare) == 0.0
}

/// What stands before the mark of a seal at the end of a text; `None` where there is none.
pub(crate) fn under(text: &str) -> Option<&str> {
    let open = text.rfind('(').filter(|at| is_mark(&text[*at..]));
    let behind = || {
        let words = ["加盖公章", "盖公章", "盖章", "公章", "签章", "印章"];
        let long = words.iter().find_map(|word| text.strip_suffix(word));
        let long = long.filter(|rest| names::unit(rest) >= 0.5);
        long.or_else(|| {
            text.strip_suffix('章')
                .filter(|rest| names::unit(rest) >= SURE)
        })
    };
    open.map(|at| &text[..at]).or_else(behind)
}

/// Whether a row is a unit's name under its seal, numbered or not.
pub(crate) fn is_units(text: &str) -> bool {
    under(text).is_some_and(|name| unit(numbered(name)) > 0.0)
}

/// How much a name under a seal reads like a unit's: nobody lists every kind (李记烧烤, 月亮湾农家乐).
pub(super) fn unit(name: &str) -> f32 {
    let listed = names::unit(name);
    let n = name.chars().count();
    let somebody = || {
        let foreign = n > 4 && names::person(name) > 0.0;
        foreign
            || names::person(name) > 0.8
            || names::incomplete(name)
            || names::pseudonym(name)
            || names::after_role(name).is_some()
            || names::after_whose(name).is_some()
    };
    let long = (SHORTEST_UNIT..=LONGEST_UNIT).contains(&n);
    if listed >= 0.5 {
        0.95
    } else if long && name.chars().all(is_han) && !somebody() {
        SURE
    } else {
        0.0
    }
}

/// A unit's name is sure from here on.
const SURE: f32 = 0.8;

/// Characters of a unit's name.
const SHORTEST_UNIT: usize = 4;
const LONGEST_UNIT: usize = 30;

/// A text without its place in a list: 1.X公司, (二)X店.
pub(crate) fn numbered(text: &str) -> &str {
    let figure = |c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c);
    let rest = text.trim_start_matches('(').trim_start_matches(figure);
    let behind = rest.trim_start_matches(['.', '、', ')']);
    if rest.len() < text.len() && behind.len() < rest.len() {
        behind
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_under_its_seal_is_told_by_the_mark() {
        for text in [
            "临江市恒达机械有限公司(章)",
            "临江市恒达机械有限公司(盖章)",
            "凤台书店(公章)",
            "李记烧烤(章)",
            "月亮湾农家乐(加盖公章)",
            "1.临江市恒达机械有限公司(章)",
            "(二)临江市河东区柳林酒家(盖章)",
            "临江市恒达机械有限公司公章",
            "东坡村第三村民小组(章)",
            "临江市河东区凤台书店(签字、盖章)",
        ] {
            assert!(is_units(text), "{text}");
        }
        for text in [
            "段美兰(章)",
            "东坡村村民段美兰(章)",
            "段某某(盖章)",
            "全体村民(盖章)",
            "临江市恒达机械有限公司",
            "临江市恒达机械有限公司(章小明)",
            "请贵局盖章",
            "(盖章)",
            "盖章",
            "我写的文章",
        ] {
            assert!(!is_units(text), "{text}");
        }
    }
}
