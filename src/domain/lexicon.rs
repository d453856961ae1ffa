//! Names an office has met: what confirmed registrations taught about its villages, estates, roads, units and writers.
//!
//! A name in it is a hint beside the page, never a reading: it adds an alternative and asks for a person, it changes no value and lets
//! nothing through. An accusation teaches nothing. One registration makes no name known, nor do many of one sender; and one that
//! was registered wrongly does not silence the hint to the right one (see [`outweighs`]).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::draft::Fields;
use super::extract::ANONYMOUS;
use super::extract::glyphs::swap_cost;
use super::extract::names;
use super::field::{Alternative, Field};
use super::repeat::{Place, Registered, digits};

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 村
    Village,
    /// 小区, 新村, 苑
    Estate,
    /// 路, 街, 巷
    Road,
    /// A unit that wrote.
    Unit,
    /// A person who wrote.
    Writer,
}

/// One thing a registration taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taught {
    /// What it is the name of.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// The divisions it lies in; of a writer: telephone, or road or estate and numbers.
    pub within: String,
}

/// What a registration teaches.
pub fn taught(registered: &Registered) -> Vec<Taught> {
    if registered.restricted {
        return Vec::new();
    }
    let place = &registered.place;
    let ways = place.ways.iter().filter_map(|way| {
        Some(Taught {
            kind: kind_of(way)?,
            name: way.clone(),
            within: place.divisions.clone(),
        })
    });
    let mut all: Vec<Taught> = ways.collect();
    let names = registered.name.iter().chain(&registered.signatories);
    all.extend(
        names
            .filter(|name| names::unit(name) >= 0.9)
            .map(|name| Taught {
                kind: Kind::Unit,
                name: name.clone(),
                within: String::new(),
            }),
    );
    if let Some(name) = registered
        .name
        .as_ref()
        .filter(|name| names::person(name) > 0.5)
    {
        all.push(Taught {
            kind: Kind::Writer,
            name: name.clone(),
            within: registered
                .phones
                .first()
                .cloned()
                .or_else(|| home(place))
                .unwrap_or_default(),
        });
    }
    all
}

/// Where a writer lives, short: `梅亭苑#38-1-1405`.
fn home(place: &Place) -> Option<String> {
    let way = place.way().filter(|_| !place.numbers.is_empty())?;
    Some(format!("{way}#{}", place.numbers.join("-")))
}

fn kind_of(way: &str) -> Option<Kind> {
    let ends = |ends: &[&str]| ends.iter().any(|end| way.ends_with(end));
    let length = way.chars().count();
    if !(2..=12).contains(&length) {
        None
    } else if ends(&[
        "新村", "小区", "花园", "家园", "苑", "公寓", "城", "庭", "园", "邨", "里", "府", "坊",
        "社区",
    ]) {
        Some(Kind::Estate)
    } else if ends(&["村", "庄", "屯", "湾", "社"]) {
        Some(Kind::Village)
    } else if ends(&[
        "路", "街", "巷", "大道", "弄", "道", "东段", "西段", "南段", "北段",
    ]) {
        Some(Kind::Road)
    } else {
        None
    }
}

/// Names with how often they were registered.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    counts: HashMap<(Kind, String), u32>,
    /// Places by their length, to find one that differs in a character.
    places: HashMap<usize, Vec<Vec<char>>>,
    /// Who writes from a telephone or home.
    writers: HashMap<String, HashMap<String, u32>>,
}

/// A place that so many senders wrote from is known.
const KNOWN_PLACE: u32 = 3;
/// A writer who signed so often from one telephone or home is known there.
const KNOWN_WRITER: u32 = 2;
/// A known name stands against one that was registered too when it is so many times as common.
const TIMES: u32 = 10;

/// Whether a known name may be held against what was read. A name that is itself known is left alone; one registered once or twice may be
/// a mistake that somebody confirmed, and is doubted only where the known one is far commoner.
fn outweighs(known: u32, read: u32, enough: u32) -> bool {
    known >= enough && read < enough && known >= read.saturating_mul(TIMES)
}

impl Lexicon {
    /// Counts one lesson in: a place or unit by its senders, a writer by his letters.
    pub fn learn(&mut self, lesson: &Taught, times: u32) {
        let count = self
            .counts
            .entry((lesson.kind, lesson.name.clone()))
            .or_default();
        let is_new = *count == 0;
        *count += times;
        match lesson.kind {
            Kind::Village | Kind::Estate | Kind::Road if is_new => {
                let chars: Vec<char> = lesson.name.chars().collect();
                self.places.entry(chars.len()).or_default().push(chars);
            }
            Kind::Writer if !lesson.within.is_empty() => {
                let there = self.writers.entry(lesson.within.clone()).or_default();
                *there.entry(lesson.name.clone()).or_default() += times;
            }
            _ => {}
        }
    }

    /// How often a name of that kind was registered.
    pub fn count(&self, kind: Kind, name: &str) -> u32 {
        self.counts
            .get(&(kind, name.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    /// How often a village, estate or road of that name was registered.
    pub fn place(&self, name: &str) -> u32 {
        [Kind::Village, Kind::Estate, Kind::Road]
            .iter()
            .map(|kind| self.count(*kind, name))
            .sum()
    }

    /// The one known village, estate or road that differs in one similar-looking character from a name that is not known.
    pub fn place_meant(&self, name: &str) -> Option<(String, u32)> {
        let so_far = self.place(name);
        let read: Vec<char> = name.chars().collect();
        let same_length = self.places.get(&read.len()).into_iter().flatten();
        let near = same_length.filter(|known| one_alike(&read, known));
        let mut meant: Vec<(String, u32)> = near
            .map(|known| known.iter().collect::<String>())
            .map(|known| (self.place(&known), known))
            .filter(|(count, _)| outweighs(*count, so_far, KNOWN_PLACE))
            .map(|(count, known)| (known, count))
            .collect();
        match meant.len() {
            1 => meant.pop(),
            _ => None,
        }
    }

    /// Who is known to write from a telephone or home under a name like this one, but not this one.
    fn writer_meant(&self, at: &str, name: &str) -> Option<(String, u32)> {
        let there = self.writers.get(at)?;
        let so_far = there.get(name).copied().unwrap_or(0);
        let read: Vec<char> = name.chars().collect();
        let near = there.iter().filter(|(known, count)| {
            outweighs(**count, so_far, KNOWN_WRITER)
                && one_alike(&read, &known.chars().collect::<Vec<_>>())
        });
        near.max_by_key(|(known, count)| (**count, known.len()))
            .map(|(known, count)| (known.clone(), *count))
    }

    /// Adds what the office knows beside what was read: an alternative, and a person's look. Values stay as they were read.
    pub fn advise(&self, fields: &mut Fields) {
        if self.counts.is_empty() {
            return;
        }
        if let Some(address) = fields.address.value.clone() {
            let place = Place::of(&address);
            for way in &place.ways {
                if let Some((known, count)) = self.place_meant(way) {
                    suggest(
                        &mut fields.address,
                        address.replace(way.as_str(), &known),
                        count,
                    );
                }
            }
        }
        let name = fields
            .sender_name
            .value
            .clone()
            .filter(|name| name != ANONYMOUS);
        if let Some(name) = name {
            let phone = fields.first_phone().map(digits);
            let home = fields
                .address
                .value
                .as_deref()
                .and_then(|a| home(&Place::of(a)));
            let meant = [phone, home]
                .into_iter()
                .flatten()
                .find_map(|at| self.writer_meant(&at, &name));
            if let Some((known, count)) = meant {
                suggest(&mut fields.sender_name, known, count);
            }
        }
    }
}

fn suggest(field: &mut Field, value: String, count: u32) {
    field.accepted = false;
    if field.alternatives.iter().any(|other| other.value == value) {
        return;
    }
    field.alternatives.insert(
        0,
        Alternative {
            value,
            confidence: 0.0,
            why_not: format!("本机构 {count} 次登记的写法，与所读只差一个形近或音近字"),
        },
    );
}

/// Whether two words of one length differ in exactly one character that looks or sounds alike.
fn one_alike(read: &[char], known: &[char]) -> bool {
    if read.len() != known.len() || read.len() < 2 {
        return false;
    }
    let mut wrong = read.iter().zip(known).filter(|(a, b)| a != b);
    match (wrong.next(), wrong.next()) {
        (Some((a, b)), None) => swap_cost(*a, *b) < 1.0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon(lessons: &[(Kind, &str, &str, u32)]) -> Lexicon {
        let mut lexicon = Lexicon::default();
        for (kind, name, within, times) in lessons {
            let lesson = Taught {
                kind: *kind,
                name: (*name).to_owned(),
                within: (*within).to_owned(),
            };
            lexicon.learn(&lesson, *times);
        }
        lexicon
    }

    fn read(name: &str, address: &str) -> Fields {
        let mut fields = Fields::default();
        fields.sender_name.value = Some(name.to_owned());
        fields.sender_name.accepted = true;
        fields.address.value = Some(address.to_owned());
        fields.address.accepted = true;
        fields
    }

    #[test]
    fn a_known_estate_is_offered_for_a_misread_one_and_the_value_stays() {
        let lexicon = lexicon(&[
            (Kind::Estate, "梅亭苑", "", 5),
            (Kind::Road, "人民路", "", 9),
        ]);
        let mut fields = read("王俊杰", "苏州市姑苏区梅停苑38幢1405室");
        lexicon.advise(&mut fields);
        assert_eq!(
            fields.address.value.as_deref(),
            Some("苏州市姑苏区梅停苑38幢1405室")
        );
        assert_eq!(
            fields.address.alternatives[0].value,
            "苏州市姑苏区梅亭苑38幢1405室"
        );
        assert!(!fields.address.accepted);
    }

    /// What is offered for an estate or road, and whether the address still counts as accepted.
    fn offered(lexicon: &Lexicon, address: &str) -> (Option<String>, bool) {
        let mut fields = read("王俊杰", address);
        lexicon.advise(&mut fields);
        let first = fields.address.alternatives.first();
        (first.map(|a| a.value.clone()), fields.address.accepted)
    }

    #[test]
    fn a_name_met_once_or_twice_is_never_offered() {
        for times in 1..KNOWN_PLACE {
            let lexicon = lexicon(&[(Kind::Road, "府前街", "", times)]);
            assert_eq!(offered(&lexicon, "姑苏区俯前街3号"), (None, true));
        }
        let lexicon = lexicon(&[(Kind::Road, "府前街", "", KNOWN_PLACE)]);
        assert_eq!(
            offered(&lexicon, "姑苏区俯前街3号"),
            (Some("姑苏区府前街3号".into()), false)
        );
    }

    #[test]
    fn a_mistake_that_was_confirmed_once_does_not_silence_the_hint() {
        let wrong_once = |right: u32, wrong: u32| {
            lexicon(&[
                (Kind::Estate, "梅亭苑", "", right),
                (Kind::Estate, "梅停苑", "", wrong),
            ])
        };
        let hint = (Some("姑苏区梅亭苑3幢".to_owned()), false);
        assert_eq!(offered(&wrong_once(10, 1), "姑苏区梅停苑3幢"), hint);
        assert_eq!(offered(&wrong_once(20, 2), "姑苏区梅停苑3幢"), hint);
        // Not common enough to doubt what an officer confirmed, and both of them known places.
        for (right, wrong) in [(9, 1), (19, 2), (500, KNOWN_PLACE)] {
            assert_eq!(
                offered(&wrong_once(right, wrong), "姑苏区梅停苑3幢"),
                (None, true)
            );
        }
        // The right one is never doubted for the wrong one's sake.
        assert_eq!(offered(&wrong_once(10, 1), "姑苏区梅亭苑3幢"), (None, true));
    }

    #[test]
    fn nothing_alike_is_offered_for_another_place() {
        let lexicon = lexicon(&[(Kind::Estate, "梅亭苑", "", 50)]);
        assert_eq!(offered(&lexicon, "姑苏区莲花新村3幢"), (None, true));
    }

    #[test]
    fn a_writer_who_signed_once_is_no_known_one() {
        let met = |times: u32| lexicon(&[(Kind::Writer, "王俊杰", "梅亭苑#38-1405", times)]);
        let name = |lexicon: &Lexicon| {
            let mut fields = read("王骏杰", "姑苏区梅亭苑38幢1405室");
            lexicon.advise(&mut fields);
            (
                fields.sender_name.accepted,
                fields.sender_name.alternatives.len(),
            )
        };
        assert_eq!(name(&met(1)), (true, 0));
        assert_eq!(name(&met(KNOWN_WRITER)), (false, 1));
    }

    #[test]
    fn a_writer_known_by_his_telephone_is_offered_for_a_misread_name() {
        let lexicon = lexicon(&[(Kind::Writer, "王俊杰", "梅亭苑#38-1405", 3)]);
        let mut fields = read("王骏杰", "姑苏区梅亭苑38幢1405室");
        lexicon.advise(&mut fields);
        assert_eq!(fields.sender_name.value.as_deref(), Some("王骏杰"));
        assert_eq!(fields.sender_name.alternatives[0].value, "王俊杰");
        assert!(!fields.sender_name.accepted);
        let mut wife = read("李桂芳", "姑苏区梅亭苑38幢1405室");
        lexicon.advise(&mut wife);
        assert!(wife.sender_name.accepted && wife.sender_name.alternatives.is_empty());
    }

    #[test]
    fn an_accusation_teaches_nothing() {
        let mut registered = Registered {
            name: Some("王俊杰".into()),
            place: Place::of("姑苏区梅亭苑38幢1405室"),
            ..Registered::default()
        };
        let told: Vec<(Kind, String)> = taught(&registered)
            .into_iter()
            .map(|t| (t.kind, t.name))
            .collect();
        assert_eq!(
            told,
            [
                (Kind::Estate, "梅亭苑".to_owned()),
                (Kind::Writer, "王俊杰".to_owned())
            ]
        );
        registered.restricted = true;
        assert!(taught(&registered).is_empty());
    }
}
