//! Whom a letter accuses (SZ 5.3.3): kept apart from the sender, for restricting who sees it. Names as read, none completed.

use crate::domain::draft::Accused;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, is_han, text_of};

use super::evidence::place;
use super::glyphs::{chars_of, find_from};
use super::{body, names};

const VERBS: &[&str] = &["举报", "检举", "控告", "揭发", "状告", "投诉"];

/// Offices a name stands behind.
const TITLES: &[&str] = &[
    "主任",
    "书记",
    "局长",
    "所长",
    "科长",
    "院长",
    "校长",
    "厂长",
    "经理",
    "镇长",
    "乡长",
    "县长",
    "区长",
    "会计",
    "队长",
    "站长",
    "老板",
    "支书",
    "村长",
    "处长",
    "股长",
    "法官",
    "警察",
    "民警",
    "医生",
    "包工头",
    "董事长",
    "组长",
];

/// How far behind the verb a name is looked for, and how many are told.
const REACH: usize = 40;
const MOST: usize = 8;

/// Everyone named behind a verb of accusation, as office and name or as a unit.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones) -> Vec<Accused> {
    let flow = body::flow(zones.body_rows());
    let chars = chars_of(&flow);
    let mut found: Vec<Accused> = Vec::new();
    for verb in VERBS {
        let mut from = 0;
        while let Some(at) = find_from(&chars, verb, from) {
            from = at + verb.chars().count();
            let end = (from + REACH).min(flow.len());
            let clause = flow[from..end]
                .split(|g| matches!(g.ch, '。' | '!' | '?' | ';'))
                .next()
                .unwrap_or_default();
            let named = behind_title(clause)
                .or_else(|| at_once(clause))
                .or_else(|| unit(clause));
            let Some(name) = named else {
                continue;
            };
            let text = text_of(&name);
            if found.len() < MOST && found.iter().all(|a| a.name != text) {
                let (page, quad) = place(pages, &name);
                found.push(Accused {
                    name: text,
                    page,
                    quad,
                });
            }
        }
    }
    found
}

fn behind_title(clause: &[Glyph]) -> Option<Vec<Glyph>> {
    let chars = chars_of(clause);
    let behind = |title: &&str| find_from(&chars, title, 0).map(|i| i + title.chars().count());
    let mut places: Vec<usize> = TITLES.iter().filter_map(behind).collect();
    places.sort_unstable();
    places.into_iter().find_map(|at| name_at(clause, at))
}

fn at_once(clause: &[Glyph]) -> Option<Vec<Glyph>> {
    name_at(clause, 0)
}

/// A name with something behind it that ends one.
fn name_at(clause: &[Glyph], at: usize) -> Option<Vec<Glyph>> {
    let ends = |next: Option<&Glyph>| {
        next.is_none_or(|g| {
            !is_han(g.ch) || "利借贪受侵挪伙在与和从为以滥多长将把自于的等及勾违私一".contains(g.ch)
        })
    };
    [3, 2, 4].into_iter().find_map(|length| {
        let name = clause.get(at..at + length)?;
        let whole = names::person(&text_of(name)) > 0.8 && ends(clause.get(at + length));
        whole.then(|| name.to_vec())
    })
}

fn unit(clause: &[Glyph]) -> Option<Vec<Glyph>> {
    (4..=clause.len().min(20)).rev().find_map(|n| {
        let name = &clause[..n];
        let long = [
            "公司",
            "委员会",
            "居委会",
            "村委会",
            "合作社",
            "派出所",
            "管理局",
            "商行",
            "超市",
            "医院",
            "学校",
            "酒店",
        ];
        long.iter()
            .any(|e| text_of(name).ends_with(e))
            .then(|| name.to_vec())
    })
}
