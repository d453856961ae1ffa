//! What one registration is compared by, and what finds its sender among all others.

use super::content::Grams;
use super::place::Place;
use crate::domain::draft::{Draft, EarlierFrom, Fields, Flag};
use crate::domain::extract::ANONYMOUS;
use crate::domain::field::Source;

/// What one registration is compared by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registered {
    /// The sender; for a proxy's letter the principal. `None` for an anonymous letter.
    pub name: Option<String>,
    /// The address as registered.
    pub address: Option<String>,
    /// The address taken apart.
    pub place: Place,
    /// Telephone numbers, digits only.
    pub phones: Vec<String>,
    /// ID number.
    pub id_number: Option<String>,
    /// Signatories of a joint letter.
    pub signatories: Vec<String>,
    /// Addressee.
    pub addressee: Option<String>,
    /// Date of the letter.
    pub written_on: Option<String>,
    /// Day it reached the office.
    pub received_on: Option<String>,
    /// Purpose.
    pub purpose: Option<String>,
    /// Category of the main matter.
    pub category: Option<String>,
    /// An accusation.
    pub restricted: bool,
    /// Its text, by pairs of characters.
    pub grams: Grams,
}

/// An earlier registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// Letter number or case number.
    pub of: String,
    /// Where it comes from.
    pub from: EarlierFrom,
    /// Confirmed by an officer, or imported.
    pub settled: bool,
    /// What it is compared by.
    pub registered: Registered,
}

impl Registered {
    /// What a draft is compared by; `grams` is its text.
    pub fn of(draft: &Draft, grams: Grams) -> Self {
        let received = draft.received_at.as_deref().and_then(|at| at.get(..10));
        Self::of_fields(&draft.fields, received, grams)
    }

    /// What fields are compared by; `received_on` is the day the letter reached the office.
    pub fn of_fields(fields: &Fields, received_on: Option<&str>, grams: Grams) -> Self {
        let named = fields.sender_name.value.as_deref();
        let at_home = fields.address.source != Source::EnvelopePostmark;
        let address = fields.address.value.clone().filter(|_| at_home);
        let main = fields.matters.iter().find(|m| m.main);
        let raised = |flag: &Option<Flag>| flag.as_ref().is_some_and(|f| f.value);
        Self {
            name: named.filter(|n| *n != ANONYMOUS).map(str::to_owned),
            place: address.as_deref().map(Place::of).unwrap_or_default(),
            address,
            phones: fields
                .phones
                .iter()
                .filter_map(|p| p.field.value.as_deref())
                .map(digits)
                .collect(),
            id_number: fields.id_number.field.value.clone(),
            signatories: fields.joint.signatories.clone(),
            addressee: fields.addressee.value.clone(),
            written_on: fields.letter_date.value.clone(),
            received_on: received_on.map(str::to_owned),
            purpose: fields.purpose.value.clone(),
            category: main.and_then(|m| m.category.clone()),
            restricted: fields.purpose.value.as_deref() == Some(ACCUSATION)
                || raised(&fields.flags.crime_clue),
            grams,
        }
    }

    /// Nothing to compare by.
    pub fn is_empty(&self) -> bool {
        self.grams.is_empty()
            && self.name.is_none()
            && self.phones.is_empty()
            && self.id_number.is_none()
    }

    /// How much of a registration is there: of several records of one matter the fullest is linked to (SZ 7.4.3.1).
    pub(super) fn completeness(&self) -> usize {
        let there = [
            self.name.is_some(),
            self.address.is_some(),
            !self.phones.is_empty(),
            self.id_number.is_some(),
            self.addressee.is_some(),
            self.written_on.is_some(),
            self.purpose.is_some(),
            !self.grams.is_empty(),
        ];
        there.into_iter().filter(|t| *t).count()
    }

    /// What finds this sender among all registrations: see `earlier_keys` of the schema.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for name in self.name.iter().chain(&self.signatories) {
            let chars: Vec<char> = name.chars().filter(|c| !c.is_whitespace()).collect();
            keys.push(format!("n:{}", chars.iter().collect::<String>()));
            if chars.len() == 3 {
                for hole in 0..3 {
                    let masked = chars
                        .iter()
                        .enumerate()
                        .map(|(i, c)| if i == hole { '_' } else { *c });
                    keys.push(format!("m:{}", masked.collect::<String>()));
                }
            }
        }
        keys.extend(self.phones.iter().map(|phone| format!("p:{phone}")));
        keys.extend(self.id_number.iter().map(|number| format!("i:{number}")));
        if let (Some(way), false) = (self.place.way(), self.place.numbers.is_empty()) {
            keys.push(format!("a:{way}#{}", self.place.numbers.join("-")));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// 检举控告
const ACCUSATION: &str = "检举控告";

/// The digits of a telephone number.
pub fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
