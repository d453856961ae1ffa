//! Whom a text gives a part in the matter: by an accusation, by an office before his name, by what is called his.

use super::super::accused::{TITLES, VERBS};
use super::super::glyphs::has_any;
use super::super::names;
use super::words::{LABELS, OWN};
use super::{Whose, Writers, called, subject, told};
use crate::domain::zones::is_han;

/// Titles that writers have as well, or that address a reader.
const ANYBODYS: &[&str] = &["同志", "代表", "领导", "委员", "工作人员"];

/// Whether what stands before a name makes its bearer another: 实名举报…, 副股长…; not 我是退休教师…, nor who holds an office in a unit that writes.
pub(super) fn leads_to_another(front: &str, writers: &Writers) -> bool {
    let accuses = VERBS.iter().any(|verb| front.ends_with(verb));
    let titled = titles().any(|title| front.ends_with(title));
    accuses || titled && !writers.is_unit && !own_word(front) && !asks(front)
}

/// Whether a writer speaks of himself there, and accuses nobody behind it.
fn own_word(front: &str) -> bool {
    let own = OWN.iter().filter_map(|word| front.rfind(word)).max();
    own.is_some_and(|at| !has_any(&front[at..], VERBS))
}

fn titles() -> impl Iterator<Item = &'static str> {
    let others = TITLES.iter().filter(|title| !ANYBODYS.contains(title));
    others.copied()
}

/// Whether a clause ends in somebody who does not write: whom it accuses by name, or an office and what may be a name: 举报黄大发, 副股长老黄.
pub(crate) fn names_another(clause: &str, writers: &Writers) -> bool {
    let name_behind = |title: &str| {
        let (_, behind) = clause.rsplit_once(title)?;
        let count = behind.chars().count();
        ((1..=LONGEST_NAME).contains(&count) && behind.chars().all(is_han)).then_some(())
    };
    let is_titled = || titles().any(|title| name_behind(title).is_some());
    match super::named_at_end(clause, writers) {
        Whose::Others(name) => names::person(&name) > 0.8,
        Whose::Unsaid => !asks(clause) && !own_word(clause) && is_titled(),
        _ => false,
    }
}

/// Whether a clause asks something of whoever reads it: 请法官明察.
fn asks(clause: &str) -> bool {
    clause.starts_with(['请', '恳', '望', '求', '盼']) || clause.starts_with("希望")
}

/// Characters of most names.
const LONGEST_NAME: usize = 3;

/// Whether a clause accuses somebody, whoever it is: 实名举报校长老黄.
pub(super) fn accuses(clause: &str) -> bool {
    let behind = VERBS.iter().filter_map(|verb| clause.split_once(verb));
    let mut behind = behind.map(|(_, whom)| whom);
    behind.any(|whom| whom.chars().count() >= 2 && !whom.starts_with(['人', '信', '材']))
}

/// Whose a value is that a label gives to somebody: 邻居小梁转, 杨的号, 龙凤英的是, 联系电话（父）; `rest` is the label without its own words.
pub(super) fn of_label(label: &str, rest: &str, writers: &Writers) -> Option<Whose> {
    passed_on(rest, writers)
        .or_else(|| kin_alone(rest))
        .or_else(|| possessed(label, rest, writers))
}

/// Whose a number is behind another's name in a cell of its own: 被投诉人:X,电话N; `before` is the row up to the number.
pub(super) fn of_cell_before(before: &str, writers: &Writers) -> Whose {
    let before = before.trim_end_matches([':', ' ']);
    let cell = super::bare(before);
    let cell = (cell.len() < before.len()).then(|| cell.strip_suffix([',', ';']));
    let clause = cell
        .flatten()
        .and_then(|cell| cell.rsplit([',', ';', '。']).next());
    let Some((label, name)) = clause.and_then(|clause| clause.split_once(':')) else {
        return Whose::Unsaid;
    };
    match told(label.trim(), writers) {
        Whose::Others(_) if names::person(name) > 0.8 => Whose::Others(name.to_owned()),
        Whose::Others(who) => Whose::Others(who),
        _ => Whose::Unsaid,
    }
}

/// 邻居小梁转: who answers there is not he.
fn passed_on(rest: &str, writers: &Writers) -> Option<Whose> {
    let words = ["转交", "转告", "代转", "收转", "代接", "转接", "转"];
    let by = words.iter().find_map(|word| rest.strip_suffix(word))?;
    let by = by.trim_start_matches(['请', '由', '托', '烦']);
    (subject::mentions_another(by) || nickname(by)).then(|| match told(by, writers) {
        Whose::Others(name) | Whose::Named(name) => Whose::Others(name),
        _ => Whose::Others(called(by)),
    })
}

/// 联系电话(母): kin in one character, beside a label or alone in brackets.
fn kin_alone(rest: &str) -> Option<Whose> {
    let mut kin = rest;
    while let Some(cut) = LABELS.iter().find_map(|label| kin.strip_prefix(label)) {
        kin = cut;
    }
    let one = [
        "父", "母", "爸", "妈", "夫", "妻", "兄", "弟", "姐", "妹", "爷", "奶", "媳",
    ];
    one.contains(&kin).then(|| Whose::Others(kin.to_owned()))
}

/// 杨的号, 小梁的电话; 龙凤英的是: of several who write, one.
fn possessed(label: &str, rest: &str, writers: &Writers) -> Option<Whose> {
    let behind = label.strip_prefix(rest)?.strip_prefix('的')?;
    let mut chars = rest.chars();
    if let (Some(surname), None) = (chars.next(), chars.next()) {
        let mut bearers = writers
            .names
            .iter()
            .filter(|name| name.starts_with(surname));
        return match (bearers.next(), bearers.next()) {
            _ if !names::is_surname(surname) => None,
            (Some(_), _) if writers.names.len() == 1 => None,
            (Some(name), None) => Some(Whose::Named(name.clone())),
            (Some(_), Some(_)) => Some(Whose::Doubtful),
            (None, _) => Some(Whose::Others(rest.to_owned())),
        };
    }
    if nickname(rest) {
        return Some(Whose::Others(rest.to_owned()));
    }
    let one_of_several = writers.names.len() > 1 && writers.names.iter().any(|name| name == rest);
    (one_of_several && behind == "是").then(|| Whose::Named(rest.to_owned()))
}

/// 小梁, 老杨, 阿莲.
fn nickname(text: &str) -> bool {
    text.chars().count() == 2 && text.starts_with(['小', '老', '阿'])
}

/// Whether a name was given a part in the matter where the text has it before: 副局长黄大发…. 黄大发,住….
pub(crate) fn cast_before(name: &str, text: &str, writers: &Writers) -> bool {
    let mentions = text
        .match_indices(name)
        .map(|(at, _)| &text[..at + name.len()]);
    let marks = [
        ',', '、', ':', '(', ')', '。', ';', '!', '?', '"', '“', '”', ' ',
    ];
    let mut parts = mentions.filter_map(|text| text.rsplit(marks).next());
    parts.any(|part| part != name && matches!(super::named_at_end(part, writers), Whose::Others(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writers(names: &[&str]) -> Writers {
        Writers {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Writers::default()
        }
    }

    #[test]
    fn who_is_accused_or_holds_an_office_is_another() {
        let writers = writers(&["覃玉兰"]);
        for clause in [
            "实名举报黄大发",
            "临江县某局副股长黄大发",
            "某局副股长老黄",
            "我实名举报黄大发",
        ] {
            assert!(names_another(clause, &writers), "{clause}");
        }
        for clause in [
            "我是退休教师覃玉兰",
            "我是退休教师谭家英",
            "举报人覃玉兰",
            "现举报工地噪声",
        ] {
            assert!(!names_another(clause, &writers), "{clause}");
        }
    }

    #[test]
    fn a_number_behind_the_cell_of_somebody_complained_of_is_his() {
        let writers = writers(&["文思远"]);
        let of = |before: &str| of_cell_before(before, &writers);
        for before in [
            "被投诉人:佟大勇,电话",
            "被举报人:佟大勇,联系电话:",
            "住址:南街3号;被投诉人:佟大勇;手机:",
        ] {
            assert_eq!(of(before), Whose::Others("佟大勇".into()), "{before}");
        }
        for before in ["投诉人:文思远,电话", "电话", "联系电话:", "文思远,电话:"]
        {
            assert_eq!(of(before), Whose::Unsaid, "{before}");
        }
    }

    #[test]
    fn a_label_gives_a_number_to_somebody() {
        let several = writers(&["覃玉兰", "谭家英", "莫小满"]);
        let alone = writers(&["覃玉兰"]);
        let others = |name: &str| Whose::Others(name.to_owned());
        for (label, writers, whose) in [
            ("邻居小梁转", &alone, others("邻居小梁")),
            ("联系电话父", &alone, others("父")),
            ("母", &alone, others("母")),
            ("杨的号", &alone, others("杨")),
            ("小杨的手机", &alone, others("小杨")),
            ("谭的号", &several, Whose::Named("谭家英".into())),
            ("谭家英的是", &several, Whose::Named("谭家英".into())),
            ("覃玉兰的是", &alone, Whose::Writers),
            ("谭家英的手机", &several, Whose::Writers),
            ("我的号", &several, Whose::Writers),
            ("请转", &alone, Whose::Unsaid),
            ("联系电话", &alone, Whose::Unsaid),
        ] {
            assert_eq!(told(label, writers), whose, "{label}");
        }
    }
}
