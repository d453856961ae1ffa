//! ID numbers: 18 digits with the check digit of GB 11643, or the old 15; kept as written, never corrected.

use crate::domain::draft::IdNumber;
use crate::domain::field::{Alternative, Source};
use crate::domain::gazetteer::Gazetteer;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, Row, text_of};

use super::confidence::Measured;
use super::date::days_in;
use super::evidence::{Candidate, field, for_a_person, nothing, reading, round};
use super::stitch::stitched;
use super::tail::{Item, Kind};
use super::whose::{self, Whose, Writers};

const RULE: &str = "7.4.2.1";

/// How likely a number is the sender's that the letter gives as another's.
const ANOTHERS: f32 = 0.1;

/// Whether the check digit of an 18-digit number holds (GB 11643-1999, ISO 7064 MOD 11-2).
pub fn checksum_ok(id: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let bytes = id.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    bytes[17].to_ascii_uppercase() == CHECK[(sum % 11) as usize]
}

/// Whether the birthday inside an 18-digit number is a day.
fn birthday_plausible(id: &str) -> bool {
    let part = |range: std::ops::Range<usize>| {
        id.get(range)
            .and_then(|s| s.parse::<u32>().ok())
            .unwrap_or(0)
    };
    let (year, month, day) = (part(6..10), part(10..12), part(12..14));
    (1900..2100).contains(&year) && (1..=days_in(year, month)).contains(&day)
}

/// Whether a number has a date of birth in it that is no day, in either form.
pub(super) fn has_no_day(id: &str) -> bool {
    match id.len() {
        18 => !birthday_plausible(id),
        15 => id
            .get(6..12)
            .is_none_or(|day| !birthday_plausible(&format!("{}19{day}", &id[..6]))),
        _ => false,
    }
}

/// Whether the year of birth is one of people who write letters and are written of today.
fn of_age(id: &str) -> bool {
    let year = id.get(6..10).and_then(|y| y.parse::<u32>().ok());
    year.is_some_and(|y| (1915..2015).contains(&y))
}

fn birth(id: &str) -> Option<String> {
    Some(format!(
        "{}-{}-{}",
        id.get(6..10)?,
        id.get(10..12)?,
        id.get(12..14)?
    ))
}

/// The last but one digit is odd for a man.
fn sex(id: &str) -> Option<String> {
    let digit = id.as_bytes().get(16)?;
    let man = digit.is_ascii_digit() && (digit - b'0') % 2 == 1;
    Some(if man { "男" } else { "女" }.to_owned())
}

fn region(id: &str) -> Option<String> {
    let gazetteer = Gazetteer::shared();
    let place = gazetteer.of_code(id.get(..6)?)?;
    let names: Vec<&str> = gazetteer
        .lineage(place)
        .into_iter()
        .map(|p| gazetteer.name(p))
        .collect();
    Some(names.concat())
}

/// A number and whose it is.
struct Told {
    value: String,
    glyphs: Vec<Glyph>,
    source: Source,
    whose: Whose,
    /// In the text, where nobody says whose it is, or below the name of another.
    is_doubtful: bool,
}

/// Every ID number of the letter: the labelled ones, those under it, those in its text and above it.
fn all_told(zones: &LetterZones, items: &[Item], writers: &Writers) -> Vec<Told> {
    let tail = zones.tail_rows();
    let labelled = items.iter().filter(|i| i.kind == Kind::Id);
    let labelled = labelled.filter_map(|i| id_in(&i.value, Written::Labelled));
    let bare = items.iter();
    let bare = bare.filter_map(|i| id_in(&i.value, Written::Bare));
    let below = labelled.chain(bare).map(|(value, glyphs)| {
        let whose = whose::by_label(tail, &glyphs, writers);
        let is_doubtful =
            whose == Whose::Unsaid && whose::by_row_above(tail, &glyphs, writers).is_some();
        Told {
            value,
            is_doubtful,
            glyphs,
            source: Source::LetterContact,
            whose,
        }
    });
    let mut all: Vec<Told> = below.collect();
    // 申请人：覃玉兰，… in the first row is taken for a salutation.
    let salutation = zones.salutation_rows().iter().map(Row::compact).collect();
    let inside = [
        (zones.body_rows(), Source::LetterBody, salutation),
        (zones.head(), Source::LetterContact, String::new()),
        (zones.postscript_rows(), Source::LetterBody, String::new()),
    ];
    for (rows, source, mut before) in inside {
        // A number broken at the right edge is put together again.
        let figure = |g: Option<&Glyph>| g.is_some_and(|g| g.ch.is_ascii_digit());
        let broken = |pair: &[Row]| figure(pair[0].glyphs.last()) && figure(pair[1].glyphs.first());
        let joined = rows.windows(2).any(broken).then(|| stitched(rows));
        for (at, row) in rows.iter().enumerate() {
            let written = joined.as_ref().map_or(&row.glyphs, |joined| &joined[at]);
            if let Some((value, glyphs)) = id_in(written, Written::Bare) {
                let place = |g: &Glyph| (g.page, g.line, g.at);
                let first = glyphs.first().map(place);
                let is_before = |g: &&Glyph| Some(place(g)) != first;
                let own: Vec<Glyph> = written.iter().take_while(is_before).copied().collect();
                let whose = whose::in_sentence(&format!("{before}{}", text_of(&own)), writers);
                all.push(Told {
                    value,
                    glyphs,
                    source,
                    is_doubtful: whose == Whose::Unsaid,
                    whose,
                });
            }
            before.push_str(&row.compact());
        }
    }
    all.extend(of_principal(zones));
    all
}

/// The principal's number in a written authorisation: 委托人:柳涛,身份证号码:….
fn of_principal(zones: &LetterZones) -> Option<Told> {
    zones.authorisation.iter().find_map(|row| {
        let (value, glyphs) = id_in(&row.glyphs, Written::Bare)?;
        let text = row.compact();
        let by = text.find("委托人")?;
        let others = ["受委托人", "被委托人", "受托人", "代理人"];
        let is_others = others.iter().any(|word| text.contains(word));
        (by == 0 && !is_others).then_some(Told {
            value,
            glyphs,
            source: Source::LetterBody,
            whose: Whose::Unsaid,
            is_doubtful: true,
        })
    })
}

/// The sender's ID number: the labelled one, else one standing anywhere in the letter. Another's is shown and never the sender's.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    items: &[Item],
    writers: &Writers,
) -> IdNumber {
    let (own, others): (Vec<Told>, Vec<Told>) = all_told(zones, items, writers)
        .into_iter()
        .partition(|told| matches!(told.whose, Whose::Writers | Whose::Unsaid));
    let mut own = own.into_iter();
    let chosen = own.next();
    let mut alternatives: Vec<Alternative> = Vec::new();
    for told in &others {
        let is_known = chosen.as_ref().is_some_and(|c| c.value == told.value)
            || alternatives.iter().any(|a| a.value == told.value);
        if let (false, Whose::Others(name) | Whose::Named(name) | Whose::Place(name)) =
            (is_known, &told.whose)
        {
            alternatives.push(Alternative {
                value: told.value.clone(),
                confidence: round(reading(&told.glyphs) * ANOTHERS),
                why_not: format!("写明是“{name}”的，不是来信人的"),
            });
        }
    }
    let Some(Told {
        value,
        glyphs,
        source,
        is_doubtful,
        ..
    }) = chosen
    else {
        return IdNumber {
            field: nothing(alternatives),
            ..IdNumber::default()
        };
    };
    let ok = (value.len() != 15).then(|| checksum_ok(&value));
    let plausible = value.len() == 18 && birthday_plausible(&value);
    let prior = match (ok, plausible) {
        (Some(true), true) => 0.99,
        (None, _) => 0.7,
        // As written, flagged: the officer looks at the image.
        _ => 0.5,
    };
    let mut candidate = Candidate {
        value,
        glyphs,
        prior,
        source,
        rule: RULE,
        signs: Vec::new(),
    };
    let sound = ok == Some(true) && plausible;
    let known = |holds: bool| if holds { 1.0 } else { 0.0 };
    candidate.note("checked", known(ok == Some(true)));
    candidate.note("birthday", known(plausible && of_age(&candidate.value)));
    candidate.note("region", known(region(&candidate.value).is_some()));
    let is_unsure = candidate.glyphs.iter().any(|g| g.confidence < UNSURE);
    // What follows from a number that may be somebody else's is nothing of the sender's.
    let person = |found: fn(&str) -> Option<String>| {
        found(&candidate.value).filter(|_| sound && !is_doubtful)
    };
    IdNumber {
        birth: person(birth),
        sex: person(sex),
        region: person(region),
        field: if sound && !is_doubtful && !is_unsure {
            field(pages, &candidate, Measured::IdNumber, alternatives)
        } else {
            for_a_person(field(pages, &candidate, Measured::IdNumber, alternatives))
        },
        checksum_ok: ok,
    }
}

/// A figure that is read with less is left to a person: one number in eleven passes the check by chance.
const UNSURE: f32 = 0.5;

/// Whether a label says that the digits are an ID number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Labelled,
    Bare,
}

fn id_in(glyphs: &[Glyph], written: Written) -> Option<(String, Vec<Glyph>)> {
    let mut run: Vec<Glyph> = Vec::new();
    let mut best: Option<Vec<Glyph>> = None;
    let blank = Glyph {
        ch: '\0',
        raw: '\0',
        confidence: 0.0,
        page: 0,
        line: 0,
        at: 0,
    };
    for glyph in glyphs.iter().chain([&blank]) {
        match glyph.ch {
            '0'..='9' | 'x' | 'X' => run.push(*glyph),
            ' ' => {}
            _ => {
                if best.as_ref().is_none_or(|b| b.len() < run.len()) {
                    best = Some(std::mem::take(&mut run));
                }
                run.clear();
            }
        }
    }
    let best = best?;
    let value: String = best.iter().map(|g| g.ch.to_ascii_uppercase()).collect();
    let inner_x = value[..value.len().saturating_sub(1)].contains('X');
    let sound = match written {
        Written::Labelled => value.len() >= 12,
        Written::Bare => value.len() == 18 && birthday_plausible(&value),
    };
    (sound && !inner_x).then_some((value, best))
}
