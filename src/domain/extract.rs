//! Zones → candidates → registered fields, by the order of SZ 7.4.2.
//!
//! Each step reads one thing and says where it stood, by which rule it won and who lost. Nothing is invented: a field without
//! evidence stays empty and digits are never repaired. Comparing with earlier letters is not done here.

mod accused;
mod address;
mod addressee;
mod alert;
mod body;
mod bounds;
mod card;
mod confidence;
mod date;
mod evidence;
pub(crate) mod foot;
mod form;
pub(crate) mod glyphs;
mod heading;
mod houses;
mod idnumber;
mod joint;
pub(crate) mod labels;
mod matter;
pub(crate) mod names;
mod nbest;
mod phone;
mod place;
mod proxy;
pub(crate) mod reach;
mod residence;
mod roster_match;
mod scribe;
mod sender;
pub(crate) mod sheet;
pub(crate) mod signature;
pub(crate) mod stitch;
mod tail;
#[cfg(test)]
mod tests;
mod third;
mod whose;

pub(crate) use accused::offices_spoken_of;
pub use alert::Meaning;
pub use confidence::shipped_threshold;
pub use idnumber::checksum_ok;
pub(crate) use matter::tells_course;
pub use matter::{categories, is_category, likely_categories};
pub use sender::ANONYMOUS;
pub(crate) use third::spoken_of;

use super::draft::{Fields, Postmark};
use super::gazetteer::{Divisions, Gazetteer, Place};
use super::roster::Roster;
use super::text::{PageKind, PageText};
use super::zones::envelope::envelope_zones;
use super::zones::{EnvelopeZones, LetterZones, is_han, letter_zones};

/// Registers one letter: its pages' text in, fields out. `received_on` is the day the letter reached the office
/// (`YYYY-MM-DD`): no date of the letter lies after it.
pub fn extract(pages: &[PageText], roster: &Roster, received_on: Option<&str>) -> Fields {
    extract_by_meaning(pages, roster, received_on, None)
}

/// What a roster decides of a letter, and nothing else: its addressee and whom it accuses.
pub fn extract_by_roster(pages: &[PageText], roster: &Roster) -> Fields {
    let mut fields = Fields::default();
    let pages = &*bounds::within(pages);
    let legible = legible(pages);
    let zones = &if legible {
        letter_zones(pages)
    } else {
        LetterZones::default()
    };
    fields.addressee = addressee::read(pages, zones, &envelope(pages), roster);
    if legible {
        fields.accused = accused::read(pages, zones, roster, &fields);
    }
    fields
}

/// As [`extract`], with a language model that helps to tell threats.
pub fn extract_by_meaning(
    pages: &[PageText],
    roster: &Roster,
    received_on: Option<&str>,
    meaning: Option<&dyn Meaning>,
) -> Fields {
    // A threat counts however badly it can be read, and wherever it stands.
    let flags = alert::read(pages, &letter_zones(pages), meaning);
    let pages = &*bounds::within(pages);
    // Noise and other languages hold names only by chance.
    let legible = legible(pages);
    let zones = &if legible {
        letter_zones(pages)
    } else {
        LetterZones::default()
    };
    let items = tail::items(zones.tail_rows());
    let envelope = envelope(pages);
    let mut fields = Fields::default();
    sender::read(pages, zones, &items, &envelope, &mut fields);
    if !legible {
        fields.withdraw_anonymity();
    }
    let home = Gazetteer::shared().home_of(&roster.station);
    let writers = whose::Writers::of(&fields);
    let seen = address::Seen {
        pages,
        zones,
        items: &items,
        envelope: &envelope,
        home,
        writers: &writers,
    };
    address::read(&seen, &mut fields);
    fields.addressee = addressee::read(pages, zones, &envelope, roster);
    let posted_on = date::postmark(&envelope);
    date::read(pages, zones, received_on, posted_on.as_deref(), &mut fields);
    fields.id_number = idnumber::read(pages, zones, &items, &writers);
    card::read(pages, &mut fields.id_number);
    fields.phones = phone::read(pages, zones, &items, &envelope, &writers);
    phone::tell_owners(&items, &mut fields);
    fields.postmark = postmark(pages, &envelope, home);
    date::weigh_by_postmark(&mut fields);
    fields.flags = flags;
    if legible {
        matter::read(pages, zones, &mut fields);
        let place = address::place_of_matter(&seen);
        if let (Some(place), Some(main)) = (place, fields.matters.first_mut()) {
            main.place = Some(place);
        }
        fields.accused = accused::read(pages, zones, roster, &fields);
        // Whom a letter accuses of something may be what it is for, whatever else it asks.
        let crime = fields.flags.crime_clue.as_ref().is_some_and(|f| f.value);
        let reproached = accused::reproached::official_by_name(zones);
        if crime || reproached || !fields.accused.is_empty() {
            fields.purpose = evidence::for_a_person(std::mem::take(&mut fields.purpose));
        }
        if sender::nobody_to_accept(&fields, roster) {
            fields.sender_name = evidence::for_a_person(std::mem::take(&mut fields.sender_name));
        }
        if fields.accuses_somebody_unknown() {
            // It may be the very addressee.
            fields.addressee = evidence::for_a_person(std::mem::take(&mut fields.addressee));
        }
    }
    fields.assign_hint = assign_hint(pages, &fields);
    fields.repeat.relation = "unchecked".to_owned();
    fields
}

/// Why a letter may have to be assigned (SZ 7.9): hints for the officer, nothing follows from them here.
fn assign_hint(pages: &[PageText], fields: &Fields) -> Vec<String> {
    let threat = fields.flags.threat.as_ref().is_some_and(|f| f.value);
    let form = pages.iter().any(|p| p.kind == PageKind::TransferForm);
    let instruction = pages.iter().any(|p| p.kind == PageKind::Instruction);
    let hints = [
        (instruction, "领导批示"),
        (threat, "扬言信"),
        (fields.joint.is_joint, "联名信"),
        (form, "上级转办"),
    ];
    let raised = hints.into_iter().filter(|(on, _)| *on);
    raised.map(|(_, hint)| hint.to_owned()).collect()
}

/// Which organisation of the roster a unit is that is written in another way than the roster has it.
pub(super) fn organisation_called(unit: &str, roster: &Roster) -> Option<usize> {
    let length = unit.chars().count();
    // Comparing by likeness takes long, and no person is an office.
    if names::person(unit) > 0.8 && !foot::is_office(unit) {
        return None;
    }
    let hits = roster_match::Matcher::new(roster).find(unit);
    hits.into_iter().find_map(|hit| match hit.who {
        roster_match::Who::Organisation(at)
            if hit.range == (0..length) && hit.score >= SAME_OFFICE =>
        {
            Some(at)
        }
        _ => None,
    })
}

/// Two ways of writing one office, and nothing misread.
const SAME_OFFICE: f32 = 0.9;

/// The divisions an address begins with as it stands: nothing is put right.
pub fn divisions_in(address: &str) -> Option<Divisions> {
    let chars: Vec<char> = address.chars().collect();
    Gazetteer::shared().divisions(&chars, &[], None)
}

/// Whether the sheets of the letter show Chinese that can be read at all: not blank, not noise, not another language.
pub fn legible(pages: &[PageText]) -> bool {
    illegible(pages).is_none()
}

/// No letter is written after the day it is read on, where no day of receipt is known: a later date is withdrawn, and stays to be seen. `YYYY-MM-DD`.
pub fn dated_by(fields: &mut Fields, today: &str) {
    date::not_after(fields, today);
}

/// What a person has to know of a letter beside its fields: why nothing is registered ([`illegible`]), `id_date_impossible` where its ID number has a date
/// of birth that is no day, `text_left_out: N` where N characters are more than the rules look at.
pub fn remarks(pages: &[PageText], fields: &Fields) -> Vec<String> {
    let id = fields.id_number.field.value.as_deref();
    let no_day = id.is_some_and(idnumber::has_no_day);
    let no_day = no_day.then(|| "id_date_impossible".to_owned());
    let left_out = bounds::left_out(pages);
    let left_out = (left_out > 0).then(|| format!("text_left_out: {left_out}"));
    let all = illegible(pages).into_iter().chain(no_day).chain(left_out);
    all.collect()
}

/// Why nothing is registered from a letter, as the draft notes it: `illegible: ` and `blank`, `foreign` (hardly any Chinese) or `noise` (the engine was
/// sure of next to nothing, or most characters are such as nobody writes). `None` for Chinese that can be read.
pub fn illegible(pages: &[PageText]) -> Option<String> {
    let sheets = pages.iter().filter(|page| page.kind == PageKind::Letter);
    let (mut han, mut other, mut usual, mut sure) = (0_usize, 0_usize, 0_usize, 0.0_f32);
    for line in sheets.flat_map(|page| &page.lines) {
        let chars = line.text.chars();
        let written = chars.clone().filter(|c| c.is_alphanumeric()).count();
        let chinese = chars.clone().filter(|c| is_han(*c)).count();
        usual += chars.filter(|c| glyphs::is_usual(*c)).count();
        han += chinese;
        other += written - chinese;
        sure += line.confidence * chinese as f32;
    }
    let why = match (han, other) {
        (0, 0) => "blank",
        _ if han == 0 || han * 4 < other => "foreign",
        _ if sure / (han as f32) < LEGIBLE => "noise",
        _ if han >= SHORTEST_NOISE && usual * 2 < han => "noise",
        _ => return None,
    };
    Some(format!("illegible: {why}"))
}

/// In so many characters half are usual ones, whoever writes.
const SHORTEST_NOISE: usize = 12;

/// Below this mean confidence of the engine a letter is noise.
const LEGIBLE: f32 = 0.5;

/// The envelope's parts; of several sides the first that shows each.
fn envelope(pages: &[PageText]) -> EnvelopeZones {
    let mut all = EnvelopeZones::default();
    for (index, page) in pages
        .iter()
        .enumerate()
        .filter(|(_, p)| p.kind == PageKind::Envelope)
    {
        let side = envelope_zones(index, page);
        all.recipient.extend(side.recipient);
        all.sender_lines.extend(side.sender_lines);
        all.sender_address = all.sender_address.or(side.sender_address);
        all.sender_name = all.sender_name.or(side.sender_name);
        all.postmark_place = all.postmark_place.or(side.postmark_place);
        all.postmark_date = all.postmark_date.or(side.postmark_date);
    }
    all
}

fn postmark(pages: &[PageText], envelope: &EnvelopeZones, home: Option<Place>) -> Option<Postmark> {
    let place = envelope
        .postmark_place
        .as_ref()
        .and_then(|g| address::postmark(pages, g, home))
        .map(|c| c.value);
    let date = date::postmark(envelope);
    (place.is_some() || date.is_some()).then_some(Postmark { place, date })
}
