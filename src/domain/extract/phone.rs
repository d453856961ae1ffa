//! Phone numbers: all of them, typed, normalised, never repaired (SZ 7.4.2.5).
//!
//! A labelled number that has too many or too few digits is shown as it stands, without a value.

mod forms;
mod spoken;

use crate::domain::draft::{Fields, Phone, PhoneKind};
use crate::domain::field::{Alternative, Field, Sign, Source};
use crate::domain::text::PageText;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, Row, is_han, text_of};

use super::confidence::Measured;
use super::date::find_dates;
use super::evidence::{Candidate, field, for_a_person, place};
use super::signature::{self, Signature};
use super::tail::{Item, Kind};
use super::whose::{self, Whose, Writers};
use super::{form, names, nbest};
pub(crate) use forms::find_phones;
use forms::{Found, alone_in_row};
use spoken::{
    antecedent, elected, forgot, is_quoted, own_number, reaches_writer, speaks_of_his,
    speaks_of_nobody, stands_alone,
};

const RULE: &str = "7.4.2.5";

/// The sign of a number that the letter gives as another's.
const ANOTHERS: &str = "anothers";

impl Phone {
    /// Whether the words before it make it another's than the sender's. Known while the letter is read; of a draft that was written down the order tells.
    pub fn is_anothers(&self) -> bool {
        self.field.signs.iter().any(|sign| sign.name == ANOTHERS)
    }
}

/// Where a number was written and how much that is to be trusted.
struct Place {
    source: Source,
    prior: f32,
}

/// A number on its way to becoming a field: every place it was read at, weighed at the end.
struct Gathered {
    candidate: Candidate,
    kind: PhoneKind,
    /// The same digits stand in another place, too.
    agreed: bool,
    /// Another place has it with one digit different.
    disputed: bool,
    /// Whose it is, where the words before it say.
    whose: Whose,
    alternatives: Vec<Alternative>,
}

/// What was found, in reading order.
enum Seen {
    Number(Gathered),
    /// Labelled, but not a number that could be dialled as it stands.
    Shown(Phone),
}

/// The sender's numbers: under the letter, above it, beside signatures, on the envelope, and in the body where it says it is the writer's.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    items: &[Item],
    envelope: &EnvelopeZones,
    writers: &Writers,
) -> Vec<Phone> {
    let mut out: Vec<Seen> = Vec::new();
    let place = |source, prior| Place { source, prior };
    let tail = zones.tail_rows();
    let unsaid = |_: &[Glyph]| Whose::Unsaid;
    for item in items.iter().filter(|i| i.kind != Kind::Id) {
        let source = if item.kind == Kind::ListHead {
            Source::LetterSignatureList
        } else {
            Source::LetterContact
        };
        let before = out.len();
        let whose = |number: &[Glyph]| under_letter(tail, item.kind, number, writers);
        let found = add(&mut out, &item.value, &place(source, 0.98), whose);
        if item.kind == Kind::Phone && out.len() == before && found == 0 {
            let told = by_alternatives(pages, &item.value);
            let shown = told.or_else(|| local_or_unreadable(pages, &item.value));
            out.extend(shown.map(|phone| Seen::Shown(of(phone, whose(&item.value)))));
        }
    }
    // 1 50 72781 247 between a name and a date: its parts are no numbers, its row is.
    for row in tail
        .iter()
        .filter(|row| alone_in_row(&row.glyphs).is_some())
    {
        let whose = |number: &[Glyph]| under_letter(tail, Kind::Bare, number, writers);
        add(
            &mut out,
            &row.glyphs,
            &place(Source::LetterContact, 0.9),
            whose,
        );
    }
    for cell in form::cells(zones).iter().filter(|c| c.kind == Kind::Phone) {
        let whose = |number: &[Glyph]| in_cell(&zones.rows, number, writers);
        add(
            &mut out,
            &cell.value,
            &place(Source::LetterContact, 0.9),
            whose,
        );
    }
    told_in(&mut out, zones.head(), String::new(), Part::Head, writers);
    let salutation = zones.salutation_rows().iter().map(Row::compact).collect();
    told_in(&mut out, zones.body_rows(), salutation, Part::Body, writers);
    let added = zones.postscript_rows();
    told_in(&mut out, added, String::new(), Part::Postscript, writers);
    for line in &envelope.sender_lines {
        add(&mut out, line, &place(Source::EnvelopeSender, 0.95), unsaid);
    }
    let mut phones: Vec<Phone> = out.into_iter().map(|seen| ready(pages, seen)).collect();
    // Whoever is called back is the sender: others' numbers come last.
    phones.sort_by_key(Phone::is_anothers);
    phones
}

/// Whose a number in a cell of a form is: by its label; below the cells of somebody complained of it may be his.
fn in_cell(rows: &[Row], number: &[Glyph], writers: &Writers) -> Whose {
    let place = |g: &Glyph| (g.page, g.line);
    let row = number.first().map(place);
    let above = rows
        .iter()
        .take_while(|r| r.glyphs.first().map(place) != row);
    let of_others = |r: &Row| {
        let text = r.compact();
        text.starts_with('被') || text.starts_with("对方")
    };
    match whose::by_label(rows, number, writers) {
        Whose::Unsaid => match whose::by_row_above(rows, number, writers) {
            // 工作单位: is a cell of whoever fills it in.
            Some(name) if names::person(&name) > 0.8 => Whose::Others(name),
            _ if above.into_iter().any(of_others) => Whose::Doubtful,
            _ => Whose::Unsaid,
        },
        whose => whose,
    }
}

/// What part of a letter some rows of text are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Every number in it is told.
    Head,
    /// The writer's own numbers and those of others who are named.
    Body,
    /// As in the body; and a number is the writer's whose sentence speaks of his.
    Postscript,
}

/// The numbers in rows of text, each with whose it is by its sentence; one may go on in the next row.
fn told_in(out: &mut Vec<Seen>, rows: &[Row], mut before: String, part: Part, writers: &Writers) {
    let at = if part == Part::Head {
        Place {
            source: Source::LetterContact,
            prior: 0.9,
        }
    } else {
        Place {
            source: Source::LetterBody,
            prior: 0.8,
        }
    };
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        let is_own = own_number(&row.compact());
        let whose = |number: &[Glyph]| {
            let place = |g: &Glyph| (g.page, g.line, g.at);
            let first = number.first().map(place);
            let led = row.glyphs.iter().take_while(|g| Some(place(g)) != first);
            let led: Vec<Glyph> = led.copied().collect();
            whose::in_sentence(&format!("{before}{}", text_of(&led)), writers)
        };
        let below = rows.len();
        let next = rows.peek().map_or(&[][..], |next| &next.glyphs);
        let both: Vec<Glyph> = row.glyphs.iter().chain(next).copied().collect();
        let end = row.glyphs.len();
        let is_last = |found: &Found| below <= usize::from(found.to > end);
        let here = find_phones(&row.glyphs);
        let over = find_phones(&both).into_iter();
        let over = over.filter(|f| f.from < end && f.to > end);
        let over: Vec<Found> = over
            .filter(|f| here.iter().all(|h| h.to <= f.from))
            .collect();
        for found in here.into_iter().chain(over) {
            let number = &both[found.from..found.to];
            let led = format!("{before}{}", text_of(&both[..found.from]));
            let behind = text_of(&both[found.to..]);
            let told = match whose(number) {
                Whose::Named(name) if whose::cast::cast_before(&name, &led, writers) => {
                    Whose::Others(name)
                }
                told => told,
            };
            let told = match whose::claimed(&behind, writers) {
                Whose::Unsaid => told,
                claimed => claimed,
            };
            let spoken = (part != Part::Head && told == Whose::Unsaid)
                .then(|| spoken_of(&led, &behind, is_last(&found), writers));
            let whose = match spoken.flatten().unwrap_or(told) {
                Whose::Unsaid if part != Part::Head && !speaks_of_nobody(&led) => Whose::Doubtful,
                Whose::Unsaid | Whose::Writers
                    if part != Part::Head
                        && (is_quoted(&led) || writers.are_addressed_in(&led)) =>
                {
                    Whose::Doubtful
                }
                Whose::Others(who) => Whose::Others(whose::named_behind(&behind).unwrap_or(who)),
                whose => whose,
            };
            let elected = elected(&led, &behind).is_some();
            let told = matches!(whose, Whose::Others(_) | Whose::Writers) || elected;
            let his = part == Part::Postscript && speaks_of_his(&before, &row.compact())
                || whose == Whose::Unsaid && stands_alone(&before, row, found.from);
            if is_own && found.to <= end || part == Part::Head || told || his {
                add(out, number, &at, |_| whose.clone());
            }
        }
        before.push_str(&row.compact());
        if ends_what_it_says(row, writers) {
            before.push('。');
        }
    }
}

/// A writer's name or a day in a row of its own: the sentence below it is another. Anybody else's name may tell whose number follows.
fn ends_what_it_says(row: &Row, writers: &Writers) -> bool {
    let text = row.compact();
    let dated = text.chars().count() <= SIGNED_ROW && !find_dates(&row.glyphs).is_empty();
    dated || names::person(&text) > 0.8 && writers.are_named_within(&text)
}

/// Characters of a row that only says who signed and when.
const SIGNED_ROW: usize = 20;

/// Whose a number in the text is by its sentence and the one before it, where the words right before it say nothing.
fn spoken_of(led: &str, behind: &str, is_last: bool, writers: &Writers) -> Option<Whose> {
    let own = || reaches_writer(led, behind, is_last, writers) || forgot(led);
    elected(led, behind)
        .map(Whose::Named)
        .or_else(|| antecedent(led, writers).map(Whose::Others))
        .or_else(|| own().then_some(Whose::Writers))
}

/// Whose a number under the letter is: by its label, a note behind it, or the row above it. What speaks of anybody else beside it makes it doubtful.
fn under_letter(tail: &[Row], kind: Kind, number: &[Glyph], writers: &Writers) -> Whose {
    let noted = || whose::by_note(tail, number, writers);
    let above = || match whose::by_row_above(tail, number, writers) {
        Some(name) => Whose::Others(name),
        None => Whose::Unsaid,
    };
    let beside = || {
        let others = matches!(kind, Kind::Another | Kind::Scribe | Kind::Other);
        let listed = kind == Kind::ListHead;
        let own = whose::stands_for_writer(tail, number, writers)
            && !whose::led_from_above(tail, number, writers);
        if others || !listed && !own {
            Whose::Doubtful
        } else {
            Whose::Unsaid
        }
    };
    let mut told = whose::by_label(tail, number, writers);
    for other in [&noted as &dyn Fn() -> Whose, &above, &beside] {
        if told == Whose::Unsaid {
            told = other();
        }
    }
    told
}

/// A number with its owner as the page has him; another's than the writers' is nothing to be accepted.
fn of(phone: Phone, whose: Whose) -> Phone {
    match whose {
        Whose::Others(name) | Whose::Place(name) => {
            let mut field = for_a_person(phone.field);
            field.signs.push(Sign {
                name: ANOTHERS,
                value: 1.0,
            });
            Phone {
                field,
                owner: Some(name),
                ..phone
            }
        }
        Whose::Doubtful => {
            let mut field = for_a_person(phone.field);
            field.signs.push(Sign {
                name: ANOTHERS,
                value: 1.0,
            });
            Phone { field, ..phone }
        }
        // Whether he writes the letter nobody says.
        Whose::Named(name) => Phone {
            field: for_a_person(phone.field),
            owner: Some(name),
            ..phone
        },
        Whose::Writers | Whose::Unsaid => phone,
    }
}

fn ready(pages: &[PageText], seen: Seen) -> Phone {
    let mut number = match seen {
        Seen::Shown(phone) => return phone,
        Seen::Number(number) => number,
    };
    let said = |on: bool| f32::from(u8::from(on));
    number.candidate.note("agreed", said(number.agreed));
    number.candidate.note("disputed", said(number.disputed));
    number
        .candidate
        .note("landline", said(number.kind == PhoneKind::Landline));
    let field = field(
        pages,
        &number.candidate,
        Measured::Phone,
        number.alternatives,
    );
    let phone = Phone {
        field: if number.disputed {
            for_a_person(field)
        } else {
            field
        },
        r#type: number.kind,
        owner: None,
    };
    of(phone, number.whose)
}

/// Says whose each number is: the signatory it stands beside, the contact person, or the only sender there is. The number of a joint letter
/// that stands beside nobody is the contact person's, or nobody's (requirement J2).
pub(crate) fn tell_owners(items: &[Item], fields: &mut Fields) {
    let listed = signature::list(items);
    let contact = items.iter().find(|i| i.kind == Kind::Contact);
    let contact_name = contact.and_then(|i| {
        let name: String = i
            .value
            .iter()
            .map(|g| g.ch)
            .filter(|c| *c != ' ')
            .take_while(|c| is_han(*c))
            .collect();
        // 村主任 吴宏刚
        let whole = |s: &Signature| s.form == signature::Form::Person && s.is_whole();
        let told = || signature::tokens(&i.value).into_iter().find(whole);
        let named = (names::person(&name) > 0.0).then_some(name);
        named.or_else(|| told().map(|s| s.name()))
    });
    let alone = (fields.joint.count == 1 && !fields.anonymous.value)
        .then(|| fields.sender_name.value.clone())
        .flatten();
    let agent = fields
        .proxy
        .as_ref()
        .map(|p| p.agent.clone())
        .filter(|a| !a.is_empty());
    for phone in fields.phones.iter_mut().filter(|p| !p.is_anothers()) {
        let value = phone.field.value.clone();
        let beside = listed
            .iter()
            .find(|s| s.phone.is_some() && s.phone == value)
            .map(Signature::name);
        let said = phone.owner.take();
        // Of several who are named under a letter, the one whose number stands in his own row or right below it.
        let several = agent.is_some() || fields.joint.count > 1;
        let below = || {
            let named = named_above(items, value.as_deref()?)?;
            let known = fields.joint.signatories.contains(&named)
                || fields.sender_name.value.as_ref() == Some(&named)
                || agent.as_ref() == Some(&named);
            known.then_some(named)
        };
        phone.owner = beside
            .or(said)
            .or_else(|| below().filter(|_| several))
            .or_else(|| contact_name.clone())
            .or_else(|| agent.clone())
            .or_else(|| alone.clone());
    }
}

/// Whoever a label names alone in the row of a number, or right above it.
fn named_above(items: &[Item], number: &str) -> Option<String> {
    let has = |i: &Item| find_phones(&i.value).iter().any(|f| f.value == number);
    let at = items.iter().position(has)?;
    let detail = |i: &&Item| {
        let labelled = matches!(i.kind, Kind::Address | Kind::Phone | Kind::Id | Kind::Other);
        !labelled
    };
    let named = items[..=at].iter().rev().find(detail)?;
    let near = items[at].row.saturating_sub(named.row) <= ROWS_OF_ONE;
    let one = matches!(
        named.kind,
        Kind::Signer | Kind::Principal | Kind::Agent | Kind::Role | Kind::Contact
    );
    match &signature::tokens(&named.value)[..] {
        [signed] if near && one && signed.is_whole() => Some(signed.name()),
        _ => None,
    }
}

/// Rows under a name that tell of its bearer.
const ROWS_OF_ONE: usize = 3;

/// Adds the numbers of a place; how many there were, known ones included.
fn add(
    out: &mut Vec<Seen>,
    glyphs: &[Glyph],
    at: &Place,
    whose: impl Fn(&[Glyph]) -> Whose,
) -> usize {
    let mut numbers = find_phones(glyphs);
    if numbers.is_empty() {
        numbers.extend(alone_in_row(glyphs));
    }
    let count = numbers.len();
    for found in numbers {
        let candidate = Candidate {
            value: found.value,
            glyphs: glyphs[found.from..found.to].to_vec(),
            prior: at.prior,
            source: at.source,
            rule: RULE,
            signs: Vec::new(),
        };
        let whose = whose(&candidate.glyphs);
        let same = |n: &Gathered| {
            let (known, other) = (&n.candidate.value, &candidate.value);
            known == other || same_number(known, other) && !are_two(&n.whose, &whose)
        };
        let mut numbers = out.iter_mut().filter_map(|seen| match seen {
            Seen::Number(n) if n.kind == found.kind => Some(n),
            _ => None,
        });
        let known = numbers.find(|n| same(n));
        let first = |c: &Candidate| c.glyphs.first().map(|g| (g.page, g.line, g.at));
        match known {
            Some(known) if first(&known.candidate) == first(&candidate) => {}
            None => out.push(Seen::Number(Gathered {
                whose,
                candidate,
                kind: found.kind,
                agreed: false,
                disputed: false,
                alternatives: Vec::new(),
            })),
            Some(known) if known.candidate.value == candidate.value => {
                known.agreed = true;
                // Who is named once is named; the writer's own word goes before that.
                if whose != Whose::Unsaid && known.whose != Whose::Writers {
                    known.whose = whose;
                }
            }
            Some(known) => two_readings(known, candidate),
        }
    }
    count
}

/// Two places, one digit apart: two readings of one number. The surer one stays, unaccepted.
fn two_readings(known: &mut Gathered, other: Candidate) {
    let why = "与另一处只差一位，系同一号码的另一读法";
    known.disputed = true;
    if other.confidence() > known.candidate.confidence() {
        known.alternatives.push(known.candidate.lost(why));
        known.candidate = other;
    } else {
        known.alternatives.push(other.lost(why));
    }
}

/// Whether the letter itself says that two numbers have two owners: 我哥的电话是…938,我的是…939.
fn are_two(a: &Whose, b: &Whose) -> bool {
    matches!(
        (a, b),
        (Whose::Others(_), Whose::Writers) | (Whose::Writers, Whose::Others(_))
    ) || matches!((a, b), (Whose::Others(a), Whose::Others(b)) if a != b)
}

fn same_number(a: &str, b: &str) -> bool {
    a == b || super::glyphs::one_off(a, b)
}

/// A labelled number with one or two characters that are no digits, where the engine names digits for them: a value a person must look at.
fn by_alternatives(pages: &[PageText], glyphs: &[Glyph]) -> Option<Phone> {
    let (digits, put_in) = nbest::with_digits(pages, glyphs);
    let [found] = &find_phones(&digits)[..] else {
        return None;
    };
    let candidate = Candidate {
        value: found.value.clone(),
        glyphs: digits[found.from..found.to].to_vec(),
        prior: 0.5,
        source: Source::LetterContact,
        rule: RULE,
        signs: Vec::new(),
    };
    let as_read = Alternative {
        value: glyphs.iter().map(|g| g.raw).collect(),
        confidence: 0.0,
        why_not: "识读原样；非数字的字已按识别引擎给出的数字列出，须核对".to_owned(),
    };
    (1..=2).contains(&put_in).then(|| Phone {
        field: for_a_person(field(pages, &candidate, Measured::Phone, vec![as_read])),
        r#type: found.kind,
        owner: None,
    })
}

/// A labelled number without area code, or one that is not a number: shown, not repaired.
fn local_or_unreadable(pages: &[PageText], glyphs: &[Glyph]) -> Option<Phone> {
    let digits: Vec<Glyph> = glyphs
        .iter()
        .filter(|g| g.ch.is_ascii_digit())
        .copied()
        .collect();
    let value: String = digits.iter().map(|g| g.ch).collect();
    if (7..=8).contains(&value.len()) && !value.starts_with(['0', '1']) {
        let candidate = Candidate {
            value,
            glyphs: digits,
            prior: 0.8,
            source: Source::LetterContact,
            rule: RULE,
            signs: Vec::new(),
        };
        return Some(Phone {
            field: field(pages, &candidate, Measured::Phone, Vec::new()),
            r#type: PhoneKind::Landline,
            owner: None,
        });
    }
    if value.len() < 6 {
        return None;
    }
    let (page, quad) = place(pages, &digits);
    let kind = if value.starts_with('0') {
        PhoneKind::Landline
    } else {
        PhoneKind::Mobile
    };
    let unreadable = Field {
        source: Source::LetterContact,
        rule: Some(RULE.to_owned()),
        page,
        quad,
        raw: vec![glyphs.iter().map(|g| g.raw).collect()],
        ..Field::empty()
    };
    Some(Phone {
        field: unreadable,
        r#type: kind,
        owner: None,
    })
}
