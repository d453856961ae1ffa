//! Whom a letter accuses (SZ 5.3.3): kept apart from the sender, for restricting who sees it and whom it must not reach.
//!
//! Found behind a verb of accusation or a label: whom the roster knows, by its full name however he is written; persons behind an office or straight
//! behind the verb; units; whoever holds an office there, where no name is written. In a sentence that tells of a crime: whoever is named with his
//! office, and who acts for a unit. A business that is complained about is not accused: every second letter is about one. What is wrongly found
//! keeps a letter from somebody who might have seen it; what is not found hands it to the accused. Whoever the roster knows needs neither verb nor label:
//! words of a misdeed beside him are enough (`conduct`).

mod callings;
mod conduct;
mod courtesy;
mod gifts;
mod misdeeds;
mod pointed;
pub(crate) mod reproached;
mod spoken;
mod unnamed;
mod words;

use std::ops::Range;

use crate::domain::draft::{Accused, Fields};
use crate::domain::roster::Roster;
use crate::domain::text::{PageKind, PageText};
use crate::domain::zones::{Glyph, LetterZones, Row, is_han, rows, text_of};

use super::evidence::place;
use super::glyphs::{chars_of, find_from, has_any};
use super::roster_match::{Matcher, Who};
use super::{alert, body, names};
use callings::Callings;
use misdeeds::RUDENESS;
pub(crate) use spoken::offices_spoken_of;
use words::{
    BUSINESSES, DEEDS, LABELS, LONGEST_OFFICE, NO_ACCUSATION, POINTING, PRIVATE, SHORT_UNITS,
    STOPS, TURNED_TO, UNITS,
};
pub(crate) use words::{TITLES, VERBS};

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
    let behind = behind_signature(pages, zones);
    let matcher = Matcher::new(roster);
    let addressed = known.addressee.value.as_deref();
    let callings = Callings::new(roster, &matcher, addressed);
    let mut found: Vec<Accused> = Vec::new();
    let mut add = |named: Named, clause: &[Glyph]| {
        let (name, also) = of_addressee(named.name, addressed, roster);
        // 信访局局长 is whoever the roster has there.
        let name = match roster.leader_called(&name) {
            Some(leader) => leader.name.clone(),
            None => name,
        };
        let (office, also_there) = match named.office {
            Some(office) => {
                let (office, also) = of_addressee(office, addressed, roster);
                (Some(office), also)
            }
            None => (None, None),
        };
        let office = office.filter(|office| {
            let holder = roster.leader_called(office);
            *office != name && holder.is_none_or(|holder| holder.name != name)
        });
        let mut all = vec![(name, office)];
        all.extend(also.or(also_there).map(|also| (also, None)));
        for (name, office) in all {
            let is_full = found.len() >= MOST;
            match found.iter_mut().find(|known| known.name == name) {
                Some(known) => known.office = known.office.take().or(office),
                None if is_full => {}
                None => {
                    let (page, quad) = place(pages, &clause[named.at.clone()]);
                    found.push(Accused {
                        name,
                        page,
                        quad,
                        office,
                    });
                }
            }
        }
    };
    let others = behind.iter().flat_map(|(flow, kind)| {
        // An enclosed judgment has its accused, too: there only what the writer himself says counts.
        let is_told = |segment: &Segment<'_>| *kind == PageKind::Letter || !segment.is_label;
        segments(flow).into_iter().filter(is_told)
    });
    for segment in segments(&flow).into_iter().chain(others) {
        for named in named_in(&segment, &matcher, roster) {
            add(named, segment.clause);
        }
    }
    let is_writer = |named: &Named| known.sender_name.value.as_ref() == Some(&named.name);
    let letters = behind.iter().filter(|(_, kind)| *kind == PageKind::Letter);
    for flow in std::iter::once(&flow).chain(letters.map(|(flow, _)| flow)) {
        let mut before = None;
        let sentences = body::sentences(flow);
        for (at, sentence) in sentences.iter().copied().enumerate() {
            for named in callings.accused_in(sentence, &mut before) {
                if !is_writer(&named) {
                    add(named, sentence);
                }
            }
            let text = text_of(sentence);
            let is_crime = alert::tells_of_crime(&text);
            let lists = [RUDENESS, alert::BEATING];
            if !is_crime && !lists.iter().any(|list| has_any(&text, list)) {
                continue;
            }
            let official = |named: &Named| named.office.as_deref().is_some_and(is_official);
            let passes = |named: &Named| !is_writer(named) && (is_crime || official(named));
            let mut acted = false;
            for clause in clauses_of(sentence) {
                if let Some(named) = acting_in(clause).filter(passes) {
                    acted = true;
                    add(named, clause);
                }
            }
            // 副镇长潘耀武在镇上…。 他收了老板一辆车。
            if is_crime && !acted && clauses_of(sentence).any(begins_with_him) {
                let back = sentences[..at].iter().rev().take(SENTENCES_BACK);
                let clauses = back.flat_map(|sentence| clauses_of(sentence).rev());
                let mut named = clauses.filter_map(|clause| Some((acting_in(clause)?, clause)));
                let of_office = |(named, _): &(Named, &[Glyph])| {
                    official(named)
                        && !is_writer(named)
                        && named.office.as_ref() != Some(&named.name)
                };
                if let Some((named, clause)) = named.find(of_office) {
                    add(named, clause);
                }
            }
        }
    }
    found
}

/// Sentences between somebody's name and what is told of him.
const SENTENCES_BACK: usize = 3;

fn clauses_of(sentence: &[Glyph]) -> impl DoubleEndedIterator<Item = &[Glyph]> {
    sentence.split(|g| "。！？；，、!?;,:：".contains(g.ch))
}

/// Whether a clause tells what somebody did who was named before: 他收了…, and not 他的…, 他被…, 他说….
fn begins_with_him(clause: &[Glyph]) -> bool {
    let text = text_of(clause);
    let text = text.trim_start_matches(' ');
    let him = ["此人", "该人", "他", "她", "其"];
    let Some(rest) = him.iter().find_map(|word| text.strip_prefix(word)) else {
        return false;
    };
    ![
        "的", "们", "被", "说", "讲", "告诉", "答应", "叫我", "让我", "帮", "替", "查", "他", "中",
        "实", "余",
    ]
    .iter()
    .any(|word| rest.starts_with(word))
}

/// What is written behind the signature and on enclosed sheets, page by page: whoever lays an accusation there means it no less.
fn behind_signature(pages: &[PageText], zones: &LetterZones) -> Vec<(Vec<Glyph>, PageKind)> {
    let tail = zones.tail_rows();
    let rows_of = |index: usize, page: &PageText| match page.kind {
        PageKind::Letter => {
            let own = |row: &&Row| row.page == index;
            let below = tail.iter().chain(zones.postscript_rows());
            below.filter(own).cloned().collect()
        }
        PageKind::Attachment => rows(index, page),
        _ => Vec::new(),
    };
    let flows = pages
        .iter()
        .enumerate()
        .map(|(index, page)| (body::flow(&rows_of(index, page)), page.kind));
    flows.filter(|(flow, _)| !flow.is_empty()).collect()
}

/// Whether an office is a public one, as far as its words tell: how a shop assistant treated somebody accuses nobody.
fn is_official(office: &str) -> bool {
    !has_any(office, PRIVATE)
}

/// 贵局科长, 你们信访局工作人员 is of the office that is written to; where that is of another kind than 局, of the station's own as well.
fn of_addressee(
    office: String,
    addressee: Option<&str>,
    roster: &Roster,
) -> (String, Option<String>) {
    let pointers = ["你们", "贵", "你"];
    let Some(rest) = pointers.iter().find_map(|word| office.strip_prefix(word)) else {
        return (office, None);
    };
    let kind = rest.chars().next().unwrap_or(' ');
    let (kind, rest) = match rest.strip_prefix("单位") {
        Some(rest) => (None, rest),
        None if SHORT_UNITS.contains(kind) => (Some(kind), &rest[kind.len_utf8()..]),
        // 你们信访局
        None => match roster.office_begun(rest) {
            Some(_) => return (rest.to_owned(), None),
            None => return (office, None),
        },
    };
    let (first, also) = callings::written_to(roster, addressee, kind);
    let with = |unit: String| format!("{unit}{rest}");
    match first {
        Some(unit) => (with(unit), also.map(with)),
        None => (office, None),
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
    // 举报信 is what he writes, 举报信访局 accuses an office.
    let is_office = rest.starts_with("信访");
    if !is_office && NO_ACCUSATION.iter().any(|word| rest.starts_with(word)) {
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
    loop {
        // 检举控告: the second verb is no part of a name.
        let verb = VERBS
            .iter()
            .find(|verb| find_from(chars, verb, start) == Some(start));
        let is_between = |c: &char| !c.is_alphanumeric() || "的是为了叫".contains(*c);
        match (verb, chars.get(start)) {
            (Some(verb), _) => start += verb.chars().count(),
            (None, Some(c)) if is_between(c) => start += 1,
            _ => return Some(start),
        }
    }
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
        .or_else(|| {
            let is_accusation = segment.is_label && !segment.is_complaint;
            word_at_head(clause).filter(|_| is_accusation).map(plain)
        })
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

/// 被检举人：简单，某镇队长: what stands alone behind a label is a name, though it is a word.
fn word_at_head(clause: &[Glyph]) -> Option<Range<usize>> {
    let length = clause.iter().take_while(|g| is_han(g.ch)).count();
    let word = text_of(&clause[..length]);
    let ends = clause
        .get(length)
        .is_none_or(|g| "，,、。;；( （".contains(g.ch));
    (matches!(length, 2 | 3) && ends && !NOBODY.contains(&word.as_str())).then_some(0..length)
}

/// Written where nobody is known.
const NOBODY: &[&str] = &[
    "不详",
    "不明",
    "未知",
    "不知",
    "不清楚",
    "不认识",
    "多人",
    "数人",
];

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
    (names::person(&text) > 0.9 && !begins_otherwise(&text)).then_some(name)
}

/// 索要红, 干部: a deed or a title whose first character is a surname, too.
fn begins_otherwise(text: &str) -> bool {
    DEEDS
        .iter()
        .chain(TITLES)
        .any(|word| text.starts_with(word))
}

/// A name with something behind it that ends one: a deed or a title before a mere character, since 李华收 stands before 受 and 李华 before 收受.
fn person_at(clause: &[Glyph], at: usize) -> Option<Range<usize>> {
    let by_word =
        |rest: &str| rest.chars().next().is_none_or(|next| !is_han(next)) || begins_otherwise(rest);
    let by_character = |rest: &str| {
        rest.starts_with(|next: char| {
            "贪侵伙在与和从为以滥将把自于的等及勾违私一借受挪系住男女现原任".contains(next)
        })
    };
    let named = |ends: &dyn Fn(&str) -> bool| {
        [3, 2, 4].into_iter().find_map(|length| {
            let name = at..at + length;
            let text = text_of(clause.get(name.clone())?);
            let rest: String = clause[name.end..].iter().take(4).map(|g| g.ch).collect();
            (names::person(&text) > 0.8 && !begins_otherwise(&text) && ends(&rest)).then_some(name)
        })
    };
    named(&by_word).or_else(|| named(&by_character))
}

fn unit(clause: &[Glyph]) -> Option<Range<usize>> {
    (4..=clause.len().min(LONGEST_UNIT))
        .rev()
        .map(|n| 0..n)
        .find(|name| {
            let text = text_of(&clause[name.clone()]);
            // 信访局局长: half a title is no end of a name.
            let is_half = clause.get(name.end).is_some_and(|next| next.ch == '长');
            !is_half && UNITS.iter().any(|end| text.ends_with(end))
        })
}
