//! Which offices a letter speaks of, and does not merely address: whatever it says of them, they are not the first to read it.
//!
//! No words of blame are looked for. An office is spoken of wherever the letter names it, points at it, or names somebody who holds office there, unless it
//! does so in a set phrase in which one only turns to somebody (`courtesy`).

use std::ops::Range;

use pinyin::ToPinyin;

use crate::domain::draft::Fields;
use crate::domain::gazetteer::Gazetteer;
use crate::domain::roster::{Leader, Organisation, Roster, plain};
use crate::domain::text::{PageKind, PageText};
use crate::domain::zones::{Glyph, Row, letter_zones, rows};

use super::callings::{Callings, offices_held, starts};
use super::courtesy::{ANOTHER, Clause, HE, is_mere};
use super::pointed::pointed_at;
use super::unnamed::unnamed;
use super::words::TITLES;
use crate::domain::extract::body;
use crate::domain::extract::glyphs::{chars_of, find_from, swap_cost};
use crate::domain::extract::names;
use crate::domain::extract::roster_match::Matcher;

/// Between the surname and the given name, or before a title: 钱君正阳, 钱大局长.
const BETWEEN: &[&str] = &["君", "先生", "同志", "公", "氏", "某", "某某"];
const BEFORE_TITLE: &[&str] = &["大", "老", "小", "某", "某某", "副", "的", "姓"];
/// Behind a given name: it is somebody's.
const BEHIND_GIVEN: &[&str] = &["同志", "先生", "女士", "君", "兄", "老弟", "大人", "同学"];
/// What everybody calls the head of an office beside his title.
const HEADS: &[&str] = &["头儿", "头头", "头", "一把手", "领导", "老大"];
/// How a bureau of letters and visits is called by those who go there.
const RECEPTION: &[&str] = &[
    "信访办公室",
    "信访办",
    "信访部门",
    "信访大厅",
    "信访中心",
    "信访接待",
    "信访窗口",
    "信访干部",
    "信访人员",
    "信访工作人员",
    "信访口",
];

/// Roads whose names begin like a title.
const LONG_ROADS: &[&str] = &[
    "长安", "长江", "长春", "长宁", "长乐", "长征", "长虹", "长青", "长兴",
];

/// A place where the text means an office.
pub(super) struct Meant {
    pub(super) at: Range<usize>,
    pub(super) of: Vec<String>,
}

/// The offices of the roster that a letter speaks of by name, pointer or holder, and of `others`, which the roster does not know, those it names.
pub(crate) fn offices_spoken_of(
    pages: &[PageText],
    fields: &Fields,
    roster: &Roster,
    others: &[String],
) -> Vec<String> {
    let mut roster = roster.clone();
    let others = others.iter().enumerate().map(|(at, name)| Organisation {
        name: name.clone(),
        alias: vec![plain(name)],
        order: u32::MAX - at as u32,
    });
    roster.orgs.extend(others);
    let matcher = Matcher::new(&roster);
    let callings = Callings::new(&roster, &matcher, fields.addressee.value.as_deref());
    let parts = parts(pages);
    let mut addressed = addressed(fields, &roster);
    for part in parts.iter().filter(|part| part.is_framed) {
        for meant in named(&callings, &roster, &part.flow) {
            meant
                .of
                .into_iter()
                .for_each(|office| add(&mut addressed, office));
        }
    }
    if addressed.is_empty() {
        addressed.push(
            roster
                .office_begun(&roster.station)
                .map_or_else(|| roster.station.clone(), |org| org.name.clone()),
        );
    }
    let mut found = Vec::new();
    for part in &parts {
        let chars = chars_of(&part.flow);
        let mut all = named(&callings, &roster, &part.flow);
        let pointed = pointed_at(&chars, &all, &addressed);
        all.extend(pointed);
        let unnamed = unnamed(&chars, &addressed);
        let spoken = spoken(&chars, &merged(all), part.is_framed);
        for meant in spoken.into_iter().chain(unnamed) {
            meant
                .of
                .into_iter()
                .for_each(|office| add(&mut found, office));
        }
    }
    found
}

fn add(all: &mut Vec<String>, office: String) {
    if !office.is_empty() && !all.contains(&office) {
        all.push(office);
    }
}

/// Everybody who is written to, by the offices they are or hold.
fn addressed(fields: &Fields, roster: &Roster) -> Vec<String> {
    let addressee = &fields.addressee;
    let mut all: Vec<String> = Vec::new();
    for name in addressee.value.iter().chain(&addressee.raw) {
        let own = roster.office_begun(name).map(|org| org.name.clone());
        for office in own.into_iter().chain(offices_held(roster, name)) {
            add(&mut all, office);
        }
    }
    all
}

/// What a letter says in one go.
struct Part {
    flow: Vec<Glyph>,
    /// Above or below its text: each row stands for itself.
    is_framed: bool,
}

/// Everything but the envelope and the papers of other organs.
fn parts(pages: &[PageText]) -> Vec<Part> {
    let zones = letter_zones(pages);
    let framed = |rows: &[Row]| Part {
        flow: rows.iter().flat_map(with_end).collect(),
        is_framed: true,
    };
    let told = |rows: &[Row]| Part {
        flow: body::flow(rows),
        is_framed: false,
    };
    let enclosed = pages
        .iter()
        .enumerate()
        .filter(|(_, page)| matches!(page.kind, PageKind::Attachment | PageKind::Photograph));
    let mut all = vec![
        framed(zones.head()),
        framed(zones.salutation_rows()),
        told(zones.body_rows()),
        framed(zones.tail_rows()),
        framed(zones.postscript_rows()),
        told(&zones.authorisation),
        told(&zones.enclosed),
    ];
    all.extend(enclosed.map(|(index, page)| told(&rows(index, page))));
    all.retain(|part| !part.flow.is_empty());
    all
}

fn with_end(row: &Row) -> Vec<Glyph> {
    let mut glyphs: Vec<Glyph> = row
        .glyphs
        .iter()
        .filter(|glyph| !glyph.ch.is_whitespace())
        .copied()
        .collect();
    if let Some(last) = glyphs.last().copied() {
        glyphs.push(Glyph { ch: '\n', ..last });
    }
    glyphs
}

/// Everybody whom a text names, however it is broken or misread.
fn named(callings: &Callings<'_>, roster: &Roster, flow: &[Glyph]) -> Vec<Meant> {
    let mut all: Vec<Meant> = Vec::new();
    let mut from = 0;
    for sentence in body::sentences(flow) {
        for mention in callings.mentions(sentence, &chars_of(sentence)) {
            let at = mention.at.start + from..mention.at.end + from;
            // Whoever 你们 are is looked at in `pointed_at`.
            if chars_of(&flow[at.clone()]) == ['你', '们'] {
                continue;
            }
            all.push(Meant { at, of: mention.of });
        }
        from += sentence.len();
    }
    // 信-访-局, 信坊局
    let mut places: Vec<usize> = (0..flow.len())
        .filter(|at| flow[*at].ch.is_alphanumeric())
        .collect();
    let mut bare: Vec<Glyph> = places.iter().map(|at| flow[*at]).collect();
    let names = names_to_put_right(roster);
    out_of_pinyin(&mut bare, &mut places, &names);
    put_right(&mut bare, &names);
    let chars = chars_of(&bare);
    let mentions = callings
        .mentions(&bare, &chars)
        .into_iter()
        .filter(|one| chars[one.at.clone()] != ['你', '们'])
        .map(|one| (one.at, one.of));
    let holders = holders(&chars, roster);
    let receptions = receptions(&chars, roster);
    for (at, of) in mentions.chain(holders).chain(receptions) {
        let at = places[at.start]..places[at.end - 1] + 1;
        all.push(Meant { at, of });
    }
    let chars = chars_of(flow);
    all.retain(|one| !is_in_a_place(&chars, &one.at));
    all
}

/// 西安市长安区, 苏州市长江北路: no 市长.
fn is_in_a_place(chars: &[char], at: &Range<usize>) -> bool {
    let rest = &chars[at.end - 1..];
    let is_place = |length: usize| {
        let place: String = rest.get(..length).unwrap_or_default().iter().collect();
        place.ends_with(['区', '县', '镇', '乡']) && !Gazetteer::shared().named(&place).is_empty()
    };
    let is_road = || {
        let named = LONG_ROADS.iter().find(|word| starts(rest, 0, word));
        named.is_some_and(|word| {
            let mut behind = word.chars().count();
            behind += usize::from(rest.get(behind).is_some_and(|c| "东南西北中".contains(*c)));
            ["路", "街", "大道"]
                .iter()
                .any(|road| starts(rest, behind, road))
        })
    };
    chars[at.clone()].ends_with(&['市', '长']) && ((2..=4).any(is_place) || is_road())
}

/// Names of offices and leaders that a slip of the pen leaves readable.
fn names_to_put_right(roster: &Roster) -> Vec<Vec<char>> {
    let offices = roster
        .orgs
        .iter()
        .flat_map(|org| std::iter::once(&org.name).chain(&org.alias));
    let leaders = roster
        .leaders
        .iter()
        .flat_map(|leader| std::iter::once(&leader.name).chain(&leader.alias));
    let mut names: Vec<Vec<char>> = offices
        .chain(leaders)
        .map(|name| name.chars().collect())
        .collect();
    if roster.orgs.iter().any(|org| org.name.ends_with("信访局")) {
        let called = RECEPTION.iter().chain([&"信访局"]);
        names.extend(called.map(|word| word.chars().collect()));
    }
    names.retain(|name| name.len() >= 3);
    names
}

/// xin访局, xinfang局: characters of a name by their sounds.
fn out_of_pinyin(bare: &mut Vec<Glyph>, places: &mut Vec<usize>, names: &[Vec<char>]) {
    for at in 0..bare.len() {
        let Some((name, ends)) = names
            .iter()
            .find_map(|name| sounded(&bare[at.min(bare.len())..], name).map(|ends| (name, ends)))
        else {
            continue;
        };
        // Each character stands where its sound began.
        let mut begins = at;
        for (n, end) in ends.iter().enumerate() {
            let mut glyph = bare[begins];
            glyph.ch = name[n];
            bare[at + n] = glyph;
            places[at + n] = places[begins];
            begins = at + end;
        }
        let kept = at + name.len();
        places[kept - 1] = places[begins - 1];
        bare.drain(kept..begins);
        places.drain(kept..begins);
    }
}

/// Where each character of a name ends that is written with its sound instead of at least one; `None` for what is another text, or no sound.
fn sounded(read: &[Glyph], name: &[char]) -> Option<Vec<usize>> {
    let (mut at, mut is_sounded, mut ends) = (0, false, Vec::new());
    for right in name {
        if read.get(at)?.ch == *right {
            at += 1;
        } else {
            let sound = right.to_pinyin()?.plain();
            let written = read.get(at..at + sound.len())?;
            let is_it = |(glyph, letter): (&Glyph, char)| glyph.ch.to_ascii_lowercase() == letter;
            if !written.iter().zip(sound.chars()).all(is_it) {
                return None;
            }
            at += sound.len();
            is_sounded = true;
        }
        ends.push(at);
    }
    is_sounded.then_some(ends)
}

/// Names of offices and leaders with one character taken for one that looks or sounds like it.
fn put_right(bare: &mut [Glyph], names: &[Vec<char>]) {
    for at in 0..bare.len() {
        let near = names.iter().find(|name| {
            let Some(read) = bare.get(at..at + name.len()) else { return false };
            let wrong: Vec<usize> = (0..name.len()).filter(|n| read[*n].ch != name[*n]).collect();
            // 是政府 is no 市政府.
            matches!(wrong[..], [n] if swap_cost(read[n].ch, name[n]) < 0.5 && (n > 0 || name.len() > 3))
        });
        if let Some(name) = near {
            for (glyph, right) in bare[at..].iter_mut().zip(name) {
                glyph.ch = *right;
            }
        }
    }
}

/// 钱君正阳, 正阳同志, 姓钱的局长, 钱大局长: leaders by a part of their names.
fn holders(chars: &[char], roster: &Roster) -> Vec<(Range<usize>, Vec<String>)> {
    let mut all = Vec::new();
    for leader in &roster.leaders {
        let name: Vec<char> = leader.name.chars().collect();
        let (surname, given) = name.split_at(names::surname_length(&name).min(name.len()));
        if surname.is_empty() || given.is_empty() {
            continue;
        }
        for at in 0..chars.len() {
            let end = called_by_part(&chars[at..], surname, given, leader);
            all.extend(end.map(|end| (at..at + end, offices_held(roster, &leader.name))));
        }
    }
    all
}

fn called_by_part(
    rest: &[char],
    surname: &[char],
    given: &[char],
    leader: &Leader,
) -> Option<usize> {
    if rest.starts_with(surname) {
        let at = surname.len();
        let split = BETWEEN
            .iter()
            .filter(|word| starts(rest, at, word))
            .map(|word| at + word.chars().count());
        let whole = split
            .into_iter()
            .find(|at| rest[*at..].starts_with(given))
            .map(|at| at + given.len());
        let mut at = surname.len();
        let mut is_told = false;
        while let Some(word) = BEFORE_TITLE.iter().find(|word| starts(rest, at, word)) {
            at += word.chars().count();
            is_told = true;
        }
        let level = leader.title.chars().rev().take(2).collect::<Vec<char>>();
        let title: String = level.into_iter().rev().collect();
        let short = if title == "局长" {
            "局"
        } else {
            title.as_str()
        };
        let head = HEADS
            .iter()
            .copied()
            .chain([title.as_str(), short])
            .find(|word| is_told && starts(rest, at, word));
        return whole.or_else(|| head.map(|word| at + word.chars().count()));
    }
    let honoured = BEHIND_GIVEN
        .iter()
        .chain(TITLES)
        .find(|word| starts(rest, given.len(), word));
    (given.len() >= 2 && rest.starts_with(given)).then_some(())?;
    honoured.map(|word| given.len() + word.chars().count())
}

fn receptions(chars: &[char], roster: &Roster) -> Vec<(Range<usize>, Vec<String>)> {
    let of: Vec<String> = roster
        .orgs
        .iter()
        .filter(|org| org.name.ends_with("信访局"))
        .map(|org| org.name.clone())
        .collect();
    let mut all = Vec::new();
    if of.is_empty() {
        return all;
    }
    for word in RECEPTION {
        let mut from = 0;
        while let Some(at) = find_from(chars, word, from) {
            from = at + word.chars().count();
            // 镇信访办 is another one.
            let is_elsewhere = at > 0 && "省县区镇乡".contains(chars[at - 1]);
            if !is_elsewhere {
                all.push((at..from, of.clone()));
            }
        }
    }
    all
}

/// Places that overlap are one.
fn merged(mut all: Vec<Meant>) -> Vec<Meant> {
    all.sort_by_key(|one| (one.at.start, std::cmp::Reverse(one.at.end)));
    let mut merged: Vec<Meant> = Vec::new();
    for one in all {
        match merged.last_mut().filter(|last| one.at.start < last.at.end) {
            Some(last) => {
                last.at.end = last.at.end.max(one.at.end);
                one.of
                    .into_iter()
                    .for_each(|office| add(&mut last.of, office));
            }
            None => merged.push(one),
        }
    }
    merged
}

/// Those of them that are not only turned to.
fn spoken(chars: &[char], all: &[Meant], is_framed: bool) -> Vec<Meant> {
    let ends = |at: usize| {
        !all.iter().any(|one| one.at.contains(&at))
            && !chars[at].is_alphanumeric()
            && chars[at] != '、'
            && chars[at] != '-'
            && chars[at] != '·'
    };
    let mut clauses: Vec<(Range<usize>, char)> = Vec::new();
    let mut from = 0;
    for (at, mark) in chars.iter().enumerate() {
        if ends(at) {
            clauses.push((from..at, *mark));
            from = at + 1;
        }
    }
    clauses.push((from..chars.len(), '。'));
    let told = |he: Option<usize>| -> Vec<Clause> {
        let text = |range: &Range<usize>| {
            let mut text = String::new();
            let mut at = range.start;
            while at < range.end {
                match all.iter().position(|one| one.at.start == at) {
                    Some(n) => {
                        text.push(if he == Some(n) { HE } else { ANOTHER });
                        at = all[n].at.end;
                    }
                    None => {
                        text.push(chars[at]);
                        at += 1;
                    }
                }
            }
            text
        };
        clauses
            .iter()
            .map(|(range, mark)| Clause {
                text: text(range),
                mark: *mark,
            })
            .collect()
    };
    let is_spoken_of = |n: usize| {
        let within = clauses
            .iter()
            .position(|(range, _)| range.contains(&all[n].at.start));
        within.is_none_or(|at| !is_mere(&told(Some(n)), at, is_framed))
    };
    let free = (0..all.len()).filter(|n| is_spoken_of(*n));
    free.map(|n| Meant {
        at: all[n].at.clone(),
        of: all[n].of.clone(),
    })
    .collect()
}
