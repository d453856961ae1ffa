//! Dates in every written form, and which of them is the letter's (来信时间).
//!
//! A date is only read, never completed: without year, month or day there is no value, and what was seen is listed.

mod forms;
mod nearly;

use std::ops::Range;

use crate::domain::draft::Fields;
use crate::domain::field::{Alternative, Sign, Source};
use crate::domain::text::PageText;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, Row, address_like, is_han, text_of};

use super::confidence::Measured;
use super::evidence::{Candidate, field, for_a_person, nothing};
use super::glyphs::has_any;
use super::{names, nbest};
pub(crate) use forms::{FoundDate, days_in, find_dates};

const RULE: &str = "7.4.2.1";
/// Marks a candidate of the lunar calendar, whose word for it stands before its characters.
const LUNAR: &str = "lunar";

/// The letter's date (under the letter, else above it) and the postmark's.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    received_on: Option<&str>,
    posted_on: Option<&str>,
    fields: &mut Fields,
) {
    let mut tail: Vec<Candidate> = candidates(zones.tail_rows(), 0.97);
    if tail.iter().all(|c| c.value.len() < "YYYY-MM-DD".len()) {
        tail.extend(by_alternatives(pages, zones.tail_rows()));
    }
    if tail.iter().all(|c| c.value.len() < "YYYY-MM-DD".len()) {
        tail.extend(with_one_error(zones.tail_rows(), received_on.or(posted_on)));
    }
    let last_rows = &zones.body_rows()[zones.body.len().saturating_sub(2)..];
    let mut near_end = if tail.is_empty() {
        candidates(last_rows, 0.7)
    } else {
        Vec::new()
    };
    // What the text ends with may as well be the day of what it tells.
    near_end.iter_mut().for_each(|c| c.note(IN_TEXT, 1.0));
    let mut head = candidates(zones.head(), 0.85);
    // The day alone in a row of its own, at the right below whom the letter is for; at the left it heads what is told.
    let below = zones.body_rows().iter().take(ROWS_BELOW_SALUTATION);
    let alone = below.filter(|row| row.left > RIGHT_OF && is_alone(row));
    let alone: Vec<Row> = alone.cloned().collect();
    head.extend(candidates(&alone, 0.85));
    if tail.iter().all(|c| c.value.len() < "YYYY-MM-DD".len()) {
        head.extend(candidates(&in_memo(zones.body_rows()), 0.85));
    }
    // The last date under a letter is when it was signed; the ones before it are lower in this order.
    let all: Vec<Candidate> = tail.into_iter().rev().chain(head).chain(near_end).collect();
    let mut lost: Vec<Alternative> = Vec::new();
    let mut winner: Option<Candidate> = None;
    for candidate in all {
        let whole = find_dates(&candidate.glyphs)
            .iter()
            .any(|d| d.iso().is_some());
        let lunar =
            find_dates(&candidate.glyphs).iter().any(|d| d.lunar) || candidate.rule == LUNAR;
        if candidate.signs.iter().any(|sign| sign.name == OTHERS) {
            lost.push(candidate.lost("是所附或所述材料的日期，不是来信日期"));
        } else if lunar {
            lost.push(candidate.lost("农历日期，未换算为公历"));
        } else if !whole {
            lost.push(candidate.lost("年、月、日不全，或没有这一天"));
        } else if received_on.is_some_and(|r| candidate.value.as_str() > r) {
            lost.extend(turned(&candidate, received_on));
            lost.push(candidate.lost("晚于收信日期"));
        } else if winner.is_none() {
            lost.extend(turned(&candidate, received_on));
            winner = Some(candidate);
        } else {
            lost.push(candidate.lost("不在落款处或在其前"));
        }
    }
    fields.letter_date = match winner {
        Some(mut w) => {
            let posted = posted_on.and_then(|posted| days_until(&w.value, posted));
            let at_once = posted.is_some_and(|days| (0..=POSTED_AT_ONCE).contains(&days));
            w.note("posted_at_once", if at_once { 1.0 } else { 0.0 });
            let told = w
                .signs
                .iter()
                .any(|s| matches!(s.name, BY_ALTERNATIVES | CUT | EITHER_ORDER | IN_TEXT));
            let field = field(pages, &w, Measured::Date, lost);
            if told || figure_lost(&w.glyphs) {
                for_a_person(field)
            } else {
                field
            }
        }
        None => nothing(lost),
    };
}

/// No letter is written after the day it is read on: a later date stays to be seen, and is not registered.
pub(crate) fn not_after(fields: &mut Fields, day: &str) {
    let late = fields.letter_date.value.as_deref().is_some_and(|d| d > day);
    if !late {
        return;
    }
    let mut field = std::mem::take(&mut fields.letter_date);
    let seen = Alternative {
        value: field.value.take().unwrap_or_default(),
        confidence: field.confidence,
        why_not: "晚于今天".to_owned(),
    };
    field.alternatives.insert(0, seen);
    fields.letter_date = nothing(field.alternatives);
}

/// Rows below a salutation that may hold the day, and where they begin as a share of the page's width.
const ROWS_BELOW_SALUTATION: usize = 2;
const RIGHT_OF: f32 = 0.4;

/// The row 日期:… among the labelled rows a memo begins with, which has nothing else in it.
fn in_memo(rows: &[Row]) -> Vec<Row> {
    let is_labelled = |row: &&Row| row.compact().contains(':');
    // A sheet of labels has its title above them.
    let title = rows.iter().take_while(|row| !is_labelled(row)).count();
    let from = if title <= LONGEST_TITLE { title } else { 0 };
    let labelled = rows[from..].iter().take_while(is_labelled);
    let dates = labelled.take(ROWS_OF_MEMO).filter(|row| {
        let text = row.compact();
        let label = text.split(':').next().unwrap_or_default();
        DAYS_OF_WRITING.contains(&label) && without_its_date(row) == format!("{label}:")
    });
    dates.cloned().collect()
}

fn without_its_date(row: &Row) -> String {
    let rest = super::tail::without_dates(&row.glyphs);
    rest.iter().map(|g| g.ch).filter(|c| *c != ' ').collect()
}

/// Rows of a title above the labels of a sheet.
const LONGEST_TITLE: usize = 2;

/// Rows of a memo's head at most, and how its day is labelled.
const ROWS_OF_MEMO: usize = 12;
const DAYS_OF_WRITING: &[&str] = &[
    "日期",
    "写信日期",
    "来信日期",
    "发信日期",
    "书写日期",
    "填写日期",
    "填表日期",
    "写信时间",
    "来信时间",
];

fn is_alone(row: &Row) -> bool {
    super::tail::without_dates(&row.glyphs)
        .iter()
        .all(|g| g.ch == ' ' || super::labels::is_mark(g.ch))
}

fn candidates(rows: &[Row], prior: f32) -> Vec<Candidate> {
    let mut out = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let above = at
            .checked_sub(1)
            .map(|i| rows[i].compact())
            .unwrap_or_default();
        for found in find_dates(&row.glyphs) {
            let glyphs = row.glyphs[found.range.clone()].to_vec();
            let value = found.iso().unwrap_or_else(|| {
                let year = found.year.map(|y| format!("{y:04}-")).unwrap_or_default();
                let day = found.day.map(|d| format!("-{d:02}")).unwrap_or_default();
                format!("{year}{:02}{day}", found.month)
            });
            let sign = |name| Sign { name, value: 1.0 };
            let beside = beside(&row.glyphs, &found.range, &above);
            let cut = found.cut.then(|| sign(CUT));
            let either = found.either_order.then(|| sign(EITHER_ORDER));
            out.push(Candidate {
                value,
                glyphs,
                prior,
                source: Source::LetterSignature,
                rule: if found.lunar { LUNAR } else { RULE },
                signs: cut
                    .into_iter()
                    .chain(either)
                    .chain(beside.map(sign))
                    .collect(),
            });
        }
    }
    out
}

/// The other day that 10/11/2025 may be, unless it lies after the day of receipt.
fn turned(candidate: &Candidate, received_on: Option<&str>) -> Option<Alternative> {
    let found = find_dates(&candidate.glyphs);
    let value = found.iter().find_map(FoundDate::turned)?;
    let in_time = received_on.is_none_or(|received| value.as_str() <= received);
    let other = Candidate {
        value,
        ..candidate.clone()
    };
    in_time.then(|| other.lost("日、月次序两可"))
}

/// Marks a date whose day runs into something else.
const CUT: &str = "cut";
/// Marks a date of another paper: 附：合同（2021年5月18日签订）, 上次答复落款日期.
const OTHERS: &str = "of_another_paper";
/// Marks a date in a row that says more than who signed and when.
const IN_TEXT: &str = "in_text";

/// Words of papers that have dates of their own, and of what was done on a day.
const PAPERS: &[&str] = &[
    "附",
    "合同",
    "协议",
    "收据",
    "收条",
    "欠条",
    "借条",
    "发票",
    "票据",
    "意见书",
    "答复",
    "告知",
    "通知",
    "判决",
    "裁定",
    "调解",
    "决定书",
    "证明",
    "签订",
    "签署于",
    "出具",
    "开具",
    "回复",
    "回执",
    "受理",
    "立案",
    "编号",
    "文号",
    "购房",
    "复印件",
    "证书",
    "有效",
    "上次",
    "原件",
    "截止",
    "截至",
    "出生",
    "生于",
    "入职",
    "入伍",
    "入党",
    "摄于",
    "拍摄",
    "拍于",
    "打印",
    "首次",
    "第一次",
    "收信",
    "收件",
    "收文",
    "寄达",
    "身份证",
    "摄于",
    "拍摄",
    "拍于",
    "照片",
    "收信日",
    "收信时间",
    "收件日",
    "收件时间",
    "收到日",
    "收到时间",
    "收文",
    "收讫",
    "第一次",
    "首次",
    "上一封",
    "上封信",
    "前信",
];

/// What right behind a day makes it none of writing: 1950年3月1日生, 5月1日前回信.
const BEHIND: &[&str] = &[
    "生", "前", "之前", "以前", "止", "为止", "到期", "期满", "截止",
];

/// Names of places and people that begin so.
const BEGINS_A_NAME: &[&str] = &[
    "前进", "前锋", "前门", "前街", "前村", "前山", "前程", "生产",
];

/// What a row says beside its date that makes it another's, or a doubtful one.
fn beside(row: &[Glyph], date: &Range<usize>, above: &str) -> Option<&'static str> {
    let before = text_of(&row[..date.start]);
    let in_brackets =
        before == "(" || text_of(&row[date.end..]).starts_with(')') && !before.contains('(');
    // 附:收据两张 and the bracket in the row below.
    if in_brackets {
        return Some(if has_any(above, PAPERS) {
            OTHERS
        } else {
            IN_TEXT
        });
    }
    let rest: String = before
        .chars()
        .chain(text_of(&row[date.end..]).chars())
        .collect();
    // 证明人:骆启华 2025年3月4日 is a witness's row, no paper's.
    if limits(&row[date.end..]) || has_any(&without_doors(&rest.replace("证明人", "")), PAPERS) {
        return Some(OTHERS);
    }
    if rest.contains("打印") {
        return Some(IN_TEXT);
    }
    let is_word = |word: &str| {
        names::person(word) > 0.4
            || names::unit(word) > 0.0
            || names::incomplete(word)
            || names::pseudonym(word)
            || LABELS.iter().any(|label| word.ends_with(label))
            || word.chars().count() <= 4
    };
    let mut words = rest
        .split(|c: char| !is_han(c))
        .filter(|word| !word.is_empty());
    let labelled = rest.contains(':') || address_like(&rest);
    (!labelled && !words.all(is_word)).then_some(IN_TEXT)
}

/// 98号附8号 is a house; nothing is enclosed.
fn without_doors(text: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c);
    let mut parts = text.split('附');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let door = part.trim_start_matches(is_number);
        if door.len() == part.len() || !door.starts_with('号') {
            out.push('附');
        }
        out.push_str(part);
    }
    out
}

/// Whether what follows a day without a gap says that it is somebody's birthday or a term.
fn limits(behind: &[Glyph]) -> bool {
    let text = text_of(&behind[..behind.len().min(4)]);
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    behind.first().is_some_and(|g| g.ch != ' ') && begins(BEHIND) && !begins(BEGINS_A_NAME)
}

/// What stands before the day on which a letter was written.
const LABELS: &[&str] = &["日期", "时间", "日", "于", "星期"];

/// Marks a date whose day and month may be the other way round.
const EITHER_ORDER: &str = "either_order";
/// Marks a date some of whose figures are the engine's second choice.
const BY_ALTERNATIVES: &str = "by_alternatives";

/// Dates a row becomes when characters that are no figures are read as the digits the engine names for them; a person must look.
fn by_alternatives(pages: &[PageText], rows: &[Row]) -> Vec<Candidate> {
    let dated = |row: &&Row| {
        row.compact()
            .chars()
            .filter(|c| c.is_ascii_digit() || "年月日.-/".contains(*c))
            .count()
            >= 4
    };
    let reread = |row: &Row| {
        let (glyphs, put_in) = nbest::with_digits(pages, &row.glyphs);
        (put_in > 0 && put_in <= 3).then(|| Row {
            glyphs,
            ..row.clone()
        })
    };
    let rows: Vec<Row> = rows.iter().filter(dated).filter_map(reread).collect();
    let mut found = candidates(&rows, 0.5);
    found.retain(|c| c.value.len() == "YYYY-MM-DD".len());
    found.iter_mut().for_each(|c| c.note(BY_ALTERNATIVES, 1.0));
    found
}

/// Rows that are one date but for one character; a person must look.
fn with_one_error(rows: &[Row], until: Option<&str>) -> Vec<Candidate> {
    let proposed = rows
        .iter()
        .filter_map(|row| nearly::one(&row.glyphs, until));
    let candidate = |(glyphs, value): (Vec<Glyph>, String)| {
        let mut found = Candidate {
            value,
            glyphs,
            prior: 0.4,
            source: Source::LetterSignature,
            rule: RULE,
            signs: Vec::new(),
        };
        found.note(BY_ALTERNATIVES, 1.0);
        found
    };
    proposed.map(candidate).collect()
}

/// `2024-05-3`: who writes the month with two figures writes the day with two.
fn figure_lost(glyphs: &[Glyph]) -> bool {
    let text: String = glyphs.iter().map(|g| g.ch).filter(|c| *c != ' ').collect();
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    matches!(parts[..], [year, month, day]
        if year.len() == 4 && month.len() == 2 && day.len() == 1 && (month.starts_with('0') || text.contains('-')))
}

/// The postmark's date.
pub(crate) fn postmark(envelope: &EnvelopeZones) -> Option<String> {
    let glyphs = envelope.postmark_date.as_ref()?;
    // A postmark prints two figures for month and day: 2025.05.2 lost one at the stamp's edge.
    let whole = |d: &&FoundDate| {
        glyphs[d.range.clone()]
            .iter()
            .filter(|g| g.ch.is_ascii_digit())
            .count()
            == 8
            && !d.either_order
    };
    find_dates(glyphs)
        .iter()
        .find(whole)
        .and_then(FoundDate::iso)
}

/// A letter is posted when it is written or soon after: a date that lies after its postmark, or long before it, is left to a person.
pub(crate) fn weigh_by_postmark(fields: &mut Fields) {
    let stamped = fields.postmark.as_ref().and_then(|p| p.date.as_deref());
    let written = fields.letter_date.value.as_deref();
    let between = written.zip(stamped);
    let between = between.and_then(|(written, stamped)| days_until(written, stamped));
    if between.is_some_and(|days| !(0..=POSTED_WITHIN_DAYS).contains(&days)) {
        fields.letter_date = for_a_person(std::mem::take(&mut fields.letter_date));
    }
}

/// Days from a letter's date to its postmark that need no second look.
const POSTED_WITHIN_DAYS: i64 = 30;
/// So many days behind the letter's, a postmark's day says that both were read right.
const POSTED_AT_ONCE: i64 = 3;

/// Days from one day to another.
fn days_until(from: &str, to: &str) -> Option<i64> {
    Some(days(to)? - days(from)?)
}

/// A count of days that grows by one a day, near enough for differences of weeks; `YYYY-MM-DD`.
fn days(iso: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| iso.get(range)?.parse::<u32>().ok();
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let before: u32 = (1..month).map(|m| days_in(year, m)).sum();
    Some(i64::from(year) * 365 + i64::from(year / 4) + i64::from(before + day))
}
