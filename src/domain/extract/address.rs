//! The sender's address (SZ 7.4.2.3): /1 signed in the letter, /2 on the envelope, /3 habitual residence, /4 postmark.
//!
//! 内详 is no address, the recipient's address never the sender's. A postmark gives a place only. What a written address is made of and
//! what may be put right in it is in [`super::place`].

mod cleaned;
mod mentions;

use std::ops::Range;

use crate::domain::draft::Fields;
use crate::domain::field::{Alternative, Source};
use crate::domain::gazetteer::{Gazetteer, Place};
use crate::domain::text::PageText;
use crate::domain::zones::envelope::inside;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, Row, address_like, is_han, text_of};

use super::confidence::{Measured, log_odds};
use super::date::find_dates;
use super::evidence::{self, Candidate, field, for_a_person, nothing};
use super::glyphs::{distance, has_any, squeeze};
use super::houses;
use super::place::{self, Written};
use super::residence;
use super::tail::{Item, Kind};
use super::whose::{self, Whose, Writers};
use super::{names, signature};
use cleaned::cleaned;

/// A postmark names a post office, not a home.
const POSTMARK_PRIOR: f32 = 0.4;

/// What an address is looked for in.
pub(crate) struct Seen<'a> {
    pub(crate) pages: &'a [PageText],
    pub(crate) zones: &'a LetterZones,
    pub(crate) items: &'a [Item],
    pub(crate) envelope: &'a EnvelopeZones,
    /// The office's own city.
    pub(crate) home: Option<Place>,
    /// In whose name the letter is written.
    pub(crate) writers: &'a Writers,
}

/// Fills the address.
pub(crate) fn read(seen: &Seen<'_>, fields: &mut Fields) {
    let Signed {
        own: mut found,
        another,
        is_doubtful,
        is_written_there,
    } = signed(seen);
    let in_own_row = residence::beside_writer(&seen.zones.rows);
    let only_in_own_row = found.is_empty() && in_own_row.is_some();
    found.extend(in_own_row.filter(|c| {
        found
            .iter()
            .all(|own| text_of(&own.glyphs) != text_of(&c.glyphs))
    }));
    let lives = residence::residence(seen.zones.body_rows(), seen.writers)
        .or_else(|| residence::residence(seen.zones.postscript_rows(), seen.writers));
    let may_be_anothers = lives.as_ref().is_some_and(|home| home.is_doubtful);
    let lives = lives.map(|home| home.candidate);
    let lives_at = lives.as_ref().map(|home| text_of(&home.glyphs));
    let is_signed = |c: &Candidate| c.source == Source::LetterSignedAddress;
    found.extend(lives.clone().filter(is_signed));
    found.extend(on_envelope(seen));
    found.extend(lives.filter(|c| !is_signed(c)));
    // 地址:*0*: what has no character is no address, only what is left of one.
    found.retain(|c| c.glyphs.iter().any(|g| is_han(g.ch)));
    let mut ranked: Vec<(Candidate, Written)> = found
        .into_iter()
        .map(|c| {
            let written = Written::new(seen.pages, &c.glyphs, seen.home);
            (c, written)
        })
        .collect();
    let stamped = seen.envelope.postmark_place.as_ref();
    ranked.extend(
        stamped
            .and_then(|g| postmark(seen.pages, g, seen.home))
            .map(|c| {
                let written = Written::named(&c.value, &c.glyphs);
                (c, written)
            }),
    );
    if ranked.is_empty() {
        fields.address = nothing(another);
        return;
    }
    let (mut winner, mut written) = ranked.remove(0);
    let is_home = winner.source == Source::LetterBodyHabitual
        || lives_at.is_some_and(|home| home == text_of(&winner.glyphs));
    weigh(seen.pages, &mut winner, &mut written, &ranked);
    winner.value = written.value();
    let mut alternatives: Vec<Alternative> = ranked
        .iter()
        .map(|(c, w)| Candidate {
            value: w.value(),
            ..c.clone()
        })
        .filter(|c| c.value != winner.value)
        .map(|c| c.lost("登记次序在后"))
        .collect();
    alternatives.extend(other_forms(&winner, &written, seen.home));
    alternatives.extend(another.into_iter().filter(|a| a.value != winner.value));
    let field = field(seen.pages, &winner, Measured::Address, alternatives);
    // A figure nobody could read, an estate without a town, a town without a home, two readings, one that others outvoted, or a post office: never let through.
    let known = |name: &str| winner.signs.iter().any(|s| s.name == name && s.value > 0.0);
    let whole = soundness(&winner.value) >= 1.0
        && written.strokes == 0
        && !place::counts_nothing(&winner.value)
        && !written.has_unknown_district()
        && !written.has_unknown_town()
        && (known("levels") || known("agreed"))
        && !known("nearly")
        && !known("outvoted")
        && written.vouched() < written.chars.len()
        && (!only_in_own_row && !is_written_there || known("agreed"))
        && !(is_doubtful && winner.source == Source::LetterSignedAddress)
        && !(may_be_anothers && is_home)
        && winner.source != Source::EnvelopePostmark;
    fields.address = if whole { field } else { for_a_person(field) };
}

/// The same address as read, with the upper levels nobody wrote, and with today's names.
fn other_forms(winner: &Candidate, written: &Written, home: Option<Place>) -> Vec<Alternative> {
    let as_read = text_of(&winner.glyphs);
    let forms = [
        (
            Some(as_read).filter(|t| *t != winner.value),
            "识读原样；已按区划名或另一处写法校正",
        ),
        (written.with_upper_levels(), "补全上级区划，信中未写"),
        (written.with_todays_names(), "旧区划名，今已更名"),
        (
            in_own_town(&winner.value, home),
            "“本市”“本县”按本单位所在地写出，信中未写其名",
        ),
    ];
    let alternative = |(value, why): (Option<String>, &str)| {
        value.map(|value| Alternative {
            value,
            ..winner.lost(why)
        })
    };
    let districts = written.with_known_districts().into_iter();
    let districts = districts.map(|d| {
        (
            Some(d),
            "信中区县名在该市不存在；按形近、音近的区划名列出，须核对",
        )
    });
    forms
        .into_iter()
        .chain(districts)
        .filter_map(alternative)
        .collect()
}

/// 本市柳林街道…: the town is the office's own, if anybody's.
fn in_own_town(value: &str, home: Option<Place>) -> Option<String> {
    let here = ["本市", "本县", "本区", "我市", "我县"];
    let rest = here.iter().find_map(|word| value.strip_prefix(word))?;
    let town = Gazetteer::shared().name(home?);
    Some(format!("{town}{rest}"))
}

/// Notes what speaks for and against the winner: another mention of the same address, its divisions, its end.
fn weigh(
    pages: &[PageText],
    winner: &mut Candidate,
    written: &mut Written,
    others: &[(Candidate, Written)],
) {
    let outvoted = outvoted_by(written, others);
    if let Some(theirs) = outvoted {
        written.chars.clone_from(&theirs.chars);
        written.divisions.clone_from(&theirs.divisions);
    }
    winner.note("outvoted", if outvoted.is_some() { 1.0 } else { 0.0 });
    let mut agreeing = 0;
    let read = written.chars.clone();
    let known = written.divisions.as_ref().map_or(0, |d| d.length);
    for (_, theirs) in others
        .iter()
        .filter(|(c, _)| c.source != Source::EnvelopePostmark)
    {
        let apart = distance(&written.chars, &theirs.chars);
        if mentions::differ_in_town(written, theirs) {
            winner.note("nearly", 1.0);
        }
        if written.goes_on_in(theirs) {
            // The end of a line was lost: the other mention has it.
            written.chars.clone_from(&theirs.chars);
            winner.note("nearly", 1.0);
        } else if mentions::says_the_same(written, theirs) {
            agreeing += 1;
        } else if mentions::leaves_off(written, theirs) {
            continue;
        } else if written.agree(theirs) {
            winner.note("two_readings", 1.0);
            // Two mentions that still differ: one of them is wrong. Behind the divisions nothing tells which.
            let same = read.len() == written.chars.len();
            let changed = same
                && read
                    .iter()
                    .zip(&written.chars)
                    .skip(known)
                    .any(|(a, b)| a != b);
            if changed || written.chars != theirs.chars {
                winner.note("nearly", 1.0);
            }
        } else if apart <= 3.0 {
            winner.note("nearly", 1.0);
        }
    }
    winner.note("agreed", if agreeing > 0 { 1.0 } else { 0.0 });
    of_tail(pages, winner, written, agreeing);
    let value = written.value();
    let divisions = written.divisions.as_ref();
    let levels = divisions.map_or(0, |d| d.steps.len());
    winner.note("levels", levels as f32);
    winner.note("no_division", if levels == 0 { 1.0 } else { 0.0 });
    winner.note("repaired", written.repairs() as f32);
    winner.note(
        "ends_well",
        if place::ends_well(&value) { 1.0 } else { 0.0 },
    );
    let tail = &written.chars[written.vouched()..];
    let (whole, is_named) = (houses::whole(tail), houses::is_named(tail));
    winner.note("whole", if whole { 1.0 } else { 0.0 });
    winner.note("unnamed", if is_named { 0.0 } else { 1.0 });
    // Behind the divisions nothing but the reading vouches for a character.
    winner.note("tail_length", (1.0 + tail.len() as f32).ln());
    let read = written.glyphs.get(written.vouched()..).unwrap_or_default();
    let sure = read.iter().map(|g| g.confidence.clamp(0.0, 1.0));
    winner.note("tail_worst", log_odds(sure.clone().fold(1.0, f32::min)));
    let together: f32 = sure.map(|c| c.max(0.05).ln()).sum();
    winner.note("tail_together", together.max(-4.0));
    winner.note("short_names", written.short_names() as f32);
    winner.note("odd", if soundness(&value) < 1.0 { 1.0 } else { 0.0 });
    let figures = value.chars().filter(char::is_ascii_digit).count();
    winner.note("figures", figures as f32);
    let mut lines: Vec<(usize, usize)> = written.glyphs.iter().map(|g| (g.page, g.line)).collect();
    lines.dedup();
    winner.note("lines", lines.len().saturating_sub(1) as f32);
}

/// Notes how the engine hesitated behind the divisions, where nothing but the reading vouches for a character; and where it did although one other
/// mention agrees: one hand is misread alike twice.
fn of_tail(pages: &[PageText], winner: &mut Candidate, written: &Written, agreeing: usize) {
    let read = written.glyphs.get(written.vouched()..).unwrap_or_default();
    for sign in evidence::hesitation(pages, read) {
        match sign.name {
            "gap" => winner.note("tail_gap", sign.value),
            "squeezed" => winner.note("tail_squeezed", sign.value),
            "next_best" => winner.note("tail_next_best", sign.value),
            "hesitated" => {
                winner.note("tail_hesitated", sign.value);
                let once = if agreeing == 1 { sign.value } else { 0.0 };
                winner.note("agreed_in_doubt", once);
            }
            _ => {}
        }
    }
}

/// A reading on which two other mentions agree to the character, where this one is all but the same: it is misread.
fn outvoted_by<'a>(written: &Written, others: &'a [(Candidate, Written)]) -> Option<&'a Written> {
    let mentions = || {
        others
            .iter()
            .filter(|(c, _)| c.source != Source::EnvelopePostmark)
    };
    let theirs = mentions().enumerate().find_map(|(i, (_, a))| {
        let same = mentions().skip(i + 1).any(|(_, b)| a.chars == b.chars);
        same.then_some(a)
    })?;
    let apart = distance(&written.chars, &theirs.chars);
    (apart > 0.0 && apart <= 3.0).then_some(theirs)
}

/// The postmark's place as a candidate.
pub(crate) fn postmark(
    pages: &[PageText],
    glyphs: &[Glyph],
    home: Option<Place>,
) -> Option<Candidate> {
    let name = squeeze(glyphs);
    let named = (2..=8).contains(&name.len()) && name.iter().all(|g| is_han(g.ch));
    let town = |name: &[Glyph]| {
        let value = place::postmark_name(pages, name, home);
        (named && place::is_town(&value)).then_some(value)
    };
    let value = town(&name).or_else(|| town(behind_province(&name)?))?;
    Some(Candidate {
        value,
        ..Candidate::as_read(&name, POSTMARK_PRIOR, Source::EnvelopePostmark, "7.4.2.3/4")
    })
}

/// 湖北荆州: a postmark may have the province before its place.
fn behind_province(name: &[Glyph]) -> Option<&[Glyph]> {
    let is_province = |text: &str| {
        let named = |end: &str| {
            !Gazetteer::shared()
                .named(&format!("{text}{end}"))
                .is_empty()
        };
        named("省") || named("自治区")
    };
    [2, 3].into_iter().find_map(|length| {
        let (province, town) = name.split_at_checked(length)?;
        (town.len() >= 2 && is_province(&text_of(province))).then_some(town)
    })
}

/// The addresses under the letter.
#[derive(Default)]
struct Signed {
    /// The sender's, where he lives now first.
    own: Vec<Candidate>,
    /// Those the letter gives as another's, or as a place it is about.
    another: Vec<Alternative>,
    /// The only one stands behind the day, as the place of writing.
    is_written_there: bool,
    /// The first of the sender's may not be where he lives: several that differ, a registered one, one below another's name.
    is_doubtful: bool,
}

/// How likely an address is the sender's that the letter gives as another's.
const ANOTHERS: f32 = 0.1;

fn signed(seen: &Seen<'_>) -> Signed {
    let rows = seen.zones.tail_rows();
    let mut signed = Signed::default();
    let mut own: Vec<(Candidate, bool, bool)> = Vec::new();
    let mut own_in_form: Vec<Candidate> = Vec::new();
    // A form has its address above what it is about.
    let above = super::tail::items(seen.zones.head());
    let cells = super::form::cells(seen.zones);
    let in_form = above
        .iter()
        .chain(&cells)
        .filter(|i| i.kind == Kind::Address);
    for candidate in in_form.filter_map(|i| signed_at(i, 0.8)) {
        let own = whose::by_label(&seen.zones.rows, &candidate.glyphs, seen.writers);
        if matches!(own, Whose::Unsaid | Whose::Writers) {
            own_in_form.push(candidate);
        }
    }
    let labelled = seen.items.iter();
    let labelled = labelled.filter(|i| i.kind == Kind::Address || labels_both(rows, i));
    for candidate in labelled.filter_map(|i| signed_at(i, 0.95)) {
        let label = whose::lead(rows, &candidate.glyphs);
        match whose::by_label(rows, &candidate.glyphs, seen.writers) {
            Whose::Others(_) if seen.writers.may_be_principal(&label) => {
                own.push((candidate, false, true));
            }
            Whose::Others(_) => {
                let why = format!("写明是“{label}”，不是来信人的");
                signed.another.push(
                    Candidate {
                        prior: ANOTHERS,
                        ..candidate
                    }
                    .lost(&why),
                );
            }
            Whose::Place(_) => {
                let why = format!("写明是“{label}”，属问题属地，不是来信人的住址");
                signed.another.push(
                    Candidate {
                        prior: ANOTHERS,
                        ..candidate
                    }
                    .lost(&why),
                );
            }
            whose => {
                let below = || whose::by_row_above(rows, &candidate.glyphs, seen.writers);
                // 楼上那户地址, 寄回材料请寄, 代收地址: of whose home it is nothing is said.
                let unplaced =
                    || has_any(&label, TO_BE_SENT) || !whose::subject::leads(&label, seen.writers);
                let doubtful = matches!(whose, Whose::Named(_) | Whose::Doubtful)
                    || whose == Whose::Unsaid && (below().is_some() || unplaced());
                let registered = has_any(&label, REGISTERED);
                own.push((candidate, registered, doubtful));
            }
        }
    }
    // Stable: of several of one kind the first written stays first.
    own.sort_by_key(|(_, registered, doubtful)| (*doubtful, *registered));
    let differ = |(a, ..): &(Candidate, bool, bool)| {
        let text = |c: &Candidate| text_of(&c.glyphs);
        own.iter().any(|(b, ..)| !text(a).contains(&text(b)))
    };
    signed.is_doubtful = own
        .first()
        .is_some_and(|first| first.1 || first.2 || differ(first));
    signed.own = own.into_iter().map(|(candidate, ..)| candidate).collect();
    if signed.own.is_empty() {
        let bare = seen.items.iter().filter(|i| i.kind == Kind::Bare);
        let group = |i: &Item| signed_by_group(i).filter(|_| seen.writers.is_person());
        let mut written_there = false;
        let bare = bare.map(|i| {
            let item = behind_date(rows, i);
            let led = item.value.len() < i.value.len();
            (led, before_writer(item, seen.writers))
        });
        signed.own.extend(bare.into_iter().find_map(|(led, i)| {
            let found = signed_at(&i, 0.8).or_else(|| group(&i));
            written_there = led && found.is_some();
            found
        }));
        // 2025年3月4日于…: where it was written; that he lives there it does not say.
        signed.is_written_there = written_there;
    }
    // 覃玉兰 139…: his number beside his name.
    let lettered = |i: &Item| {
        let figure = i.value.iter().position(|g| g.ch.is_ascii_digit());
        let letters = &i.value[..figure.unwrap_or(i.value.len())];
        let value = super::tail::trim(letters).to_vec();
        Item { value, ..i.clone() }
    };
    let named: Vec<Item> = above.iter().map(lettered).collect();
    if signed.own.is_empty() && own_in_form.is_empty() && seen.writers.are_named_in(&named) {
        own_in_form.extend(
            above
                .iter()
                .filter(|i| i.kind == Kind::Bare)
                .find_map(|i| signed_at(i, 0.8)),
        );
    }
    if signed.own.is_empty() && !own_in_form.is_empty() {
        signed.is_doubtful = true;
        signed.own = own_in_form;
    }
    signed
}

/// 联系地址及电话:珍珠路21号,139…: one label for both.
fn labels_both(rows: &[Row], item: &Item) -> bool {
    let label = whose::lead(rows, &item.value);
    item.kind == Kind::Phone
        && has_any(&label, &["地址", "住址", "住处", "通讯处", "通信处"])
        && has_any(&label, &["电话", "手机", "联系方式", "号码"])
}

/// 2026年7月25日于珍珠路21号: 于 behind a day belongs to neither.
fn behind_date(rows: &[Row], item: &Item) -> Item {
    let mut item = item.clone();
    let place = |g: &Glyph| (g.page, g.line, g.at);
    let Some(first) = item.value.first().filter(|g| g.ch == '于').map(place) else {
        return item;
    };
    let row = rows
        .iter()
        .find(|row| row.glyphs.iter().any(|g| place(g) == first));
    let dated = row.is_some_and(|row| {
        let at = row.glyphs.iter().position(|g| place(g) == first);
        let before = &row.glyphs[..at.unwrap_or_default()];
        let end = before.iter().rposition(|g| g.ch != ' ').map(|at| at + 1);
        let dates = find_dates(before);
        end.is_some_and(|end| dates.iter().any(|date| date.range.end == end))
            || text_of(before).trim_end().ends_with(['日', '号'])
    });
    if dated {
        item.value.remove(0);
    }
    item
}

/// …分乡镇棠垭村六组覃玉兰 without a gap: the place alone, where the name is the writer's.
fn before_writer(mut item: Item, writers: &Writers) -> Item {
    let flat = squeeze(&item.value);
    let text = text_of(&flat);
    if let Some(name) = writers.named_at_end(&text) {
        let place = &flat[..flat.len() - name];
        let text = text_of(place);
        if two_levels(&text) && place::ends_well(&text) {
            item.value = place.to_vec();
        }
    }
    item
}

/// Labels of where something may be sent, which is where whoever takes it in lives.
const TO_BE_SENT: &[&str] = &["代收", "收件", "转交", "请寄"];

/// Labels of an address where somebody is registered, which need not be where he lives.
const REGISTERED: &[&str] = &[
    "户籍",
    "户口",
    "籍贯",
    "祖籍",
    "原籍",
    "身份证",
    "老家",
    "原住",
    "出生",
];

/// The place a label under the letter gives as that of the matter: 事发地点.
pub(crate) fn place_of_matter(seen: &Seen<'_>) -> Option<String> {
    let rows = seen.zones.tail_rows();
    let labelled = seen.items.iter().filter(|i| i.kind == Kind::Address);
    labelled.filter_map(|i| signed_at(i, 0.95)).find_map(|c| {
        let whose = whose::by_label(rows, &c.glyphs, seen.writers);
        matches!(whose, Whose::Place(_)).then_some(c.value)
    })
}

fn signed_at(item: &Item, prior: f32) -> Option<Candidate> {
    let mut value = cleaned(&item.value);
    let bare = item.kind == Kind::Bare;
    if let Some(place) = beside_name(&value).filter(|_| bare) {
        value = value[place].to_vec();
    }
    let text = text_of(&value);
    let n = text.chars().count();
    let sound = if bare {
        (n >= 6 || n == 5 && two_levels(&text))
            && (address_like(&text) || two_levels(&text))
            && place::ends_well(&text)
            && names::unit(&text) < 0.9
            && !names::pseudonym(&text)
            && (numbered(&text) || two_levels(&text))
    } else {
        n >= 3
    };
    let sentence = has_any(&text, &["。", "?", "!"]) || names::person(&text) > 0.8;
    (sound && !sentence && !unsaid(&text)).then(|| {
        Candidate::as_read(
            &value,
            prior * soundness(&text),
            Source::LetterSignedAddress,
            "7.4.2.3/1",
        )
    })
}

/// The place in a row that runs on from it to a name, or from a name to it: 梨树县蔡家镇常桂英敬上, 刘铁柱穿山镇高平村. It begins with a division that is known.
fn beside_name(value: &[Glyph]) -> Option<Range<usize>> {
    let signed = signature::without_courtesies(value);
    let end = signed.len();
    let named = |name: &[Glyph]| {
        let text = text_of(name);
        let chars: Vec<char> = text.chars().collect();
        let length = chars.len() < 4 || names::surname_length(&chars) == 2;
        length && names::person(&text) > 0.8 && !place::ends_well(&text)
    };
    let housed = |place: &[Glyph]| {
        let text = text_of(&place[..without_dweller(place)]);
        let known = super::divisions_in(&text).is_some();
        known && place::ends_well(&text) && names::unit(&text) < 0.9
    };
    let whole = text_of(&signed);
    if end > LONGEST_RUN_ON || place::ends_well(&whole) && super::divisions_in(&whole).is_some() {
        return None;
    }
    [3, 2, 4].into_iter().find_map(|n| {
        let at = end.checked_sub(n)?;
        let behind = named(&signed[at..]) && housed(&signed[..at]);
        let before = || named(&signed[..n]) && housed(&signed[n..]);
        match behind {
            true => Some(0..without_dweller(&signed[..at])),
            false => before().then_some(n..end),
        }
    })
}

/// Where a place ends before what its writer is there: 棠垭村三组村民.
fn without_dweller(place: &[Glyph]) -> usize {
    let text = text_of(place);
    let dwellers = ["村民", "居民", "住户", "业主", "农民", "社员", "市民"];
    let place = dwellers.iter().find_map(|word| text.strip_suffix(word));
    let place = place.map_or(&text[..], |place| place.trim_end_matches('的'));
    place.chars().count()
}

/// Characters of such a row.
const LONGEST_RUN_ON: usize = 40;

/// 远安县鸣凤镇东坡村第3村民小组 beside somebody's name: where he lives, not a unit that signs.
fn signed_by_group(item: &Item) -> Option<Candidate> {
    let value = cleaned(&item.value);
    let text = text_of(&value);
    let group = ["村民小组", "居民小组"]
        .iter()
        .any(|word| text.ends_with(word));
    (group && numbered(&text) && two_levels(&text))
        .then(|| Candidate::as_read(&value, 0.7, Source::LetterSignedAddress, "7.4.2.3/1"))
}

fn numbered(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_ascii_digit() || "一二三四五六七八九十".contains(c))
}

/// Whether it begins with two divisions: a bare line without a number is no address otherwise, but 安义古村客栈 or 小区全体住户.
fn two_levels(text: &str) -> bool {
    super::divisions_in(text).is_some_and(|d| d.steps.len() >= 2)
}

/// The prior of an address by what it is made of: a bar or a bracket inside is a figure the engine could not read.
fn soundness(text: &str) -> f32 {
    let odd = |c: char| {
        !is_han(c) && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '#' | '(' | ')' | '、' | '·')
    };
    if text.chars().any(odd) { 0.5 } else { 1.0 }
}

/// 内详, 同信封 and the like.
fn unsaid(text: &str) -> bool {
    let n = text.chars().count();
    let elsewhere = has_any(text, &["信封", "封面", "封皮"]) || text.starts_with('同') && n <= 3;
    // 宜昌市 内详: the town is no address of his either.
    let in_town = n <= 9 && text.ends_with("内详");
    in_town || n <= 4 && (inside(text) || has_any(text, &["内评", "信内"])) || n <= 8 && elsewhere
}

fn on_envelope(seen: &Seen<'_>) -> Option<Candidate> {
    let mut value = cleaned(seen.envelope.sender_address.as_ref()?);
    let text = text_of(&value);
    if let Some(name) = seen.writers.named_at_end(&text) {
        value.truncate(value.len() - name);
    } else if let Some(place) = beside_name(&value) {
        value = value[place].to_vec();
    }
    let text = text_of(&value);
    let n = text.chars().count();
    let known = address_like(&text) || super::divisions_in(&text).is_some();
    let sound =
        n >= 4 && !unsaid(&text) && text.chars().filter(|c| is_han(*c)).count() >= 3 && known;
    let prior = if address_like(&text) { 0.9 } else { 0.5 } * soundness(&text);
    sound.then(|| Candidate::as_read(&value, prior, Source::EnvelopeSenderAddress, "7.4.2.3/2"))
}
