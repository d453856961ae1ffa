//! The divisions a text begins with, from the highest that is written to the lowest.
//!
//! A search over all ways to read the beginning; each character that a name explains counts for it, each repaired one and each
//! level left out against it. Repairs are by likeness of shape or sound, and only to a name that is there.

use super::{Gazetteer, Level, Place, autonomous, short};
use crate::domain::extract::glyphs::swap_cost;

/// One division as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The division; of a former name that was split, the first of today's.
    pub place: Place,
    /// Characters of the text it takes.
    pub length: usize,
    /// The name as it should be written where a character of it was misread.
    pub repaired: Option<String>,
    /// Written with its former name.
    pub former: bool,
}

/// The divisions a text begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Divisions {
    /// What is written, highest first.
    pub steps: Vec<Step>,
    /// Characters of the text they take.
    pub length: usize,
    /// How much speaks for this way of reading: characters explained less the cost of repairs.
    pub score: f32,
}

impl Divisions {
    /// The lowest division.
    pub fn lowest(&self) -> Option<Place> {
        self.steps.last().map(|s| s.place)
    }

    /// Names from the province down to the lowest written, today's: 江苏省/苏州市/姑苏区.
    pub fn path(&self) -> String {
        let gazetteer = Gazetteer::shared();
        let names = |place| gazetteer.lineage(place);
        let line = self.lowest().map_or(Vec::new(), names);
        let names: Vec<&str> = line.into_iter().map(|p| gazetteer.name(p)).collect();
        names.join("/")
    }

    /// Characters that were misread.
    pub fn repairs(&self) -> usize {
        self.steps.iter().filter(|s| s.repaired.is_some()).count()
    }
}

/// What leaving out a level between two written ones costs.
const SKIPPED: f32 = 0.1;
/// A name of this many characters may have one wrong that looks like nothing of the kind, or one too many.
const LONG_NAME: usize = 3;

/// What is left of a text, with the engine's confidence in each character.
#[derive(Clone, Copy)]
struct Text<'a> {
    chars: &'a [char],
    sure: &'a [f32],
    /// What else each character may be by the engine; empty where it does not tell.
    others: &'a [Vec<char>],
}

impl Text<'_> {
    fn from(self, at: usize) -> Self {
        Self {
            chars: &self.chars[at..],
            sure: self.sure.get(at..).unwrap_or_default(),
            others: self.others.get(at..).unwrap_or_default(),
        }
    }

    /// Whether the engine itself names `ch` for the character at `at`.
    fn may_be(self, at: usize, ch: char) -> bool {
        self.others.get(at).is_some_and(|o| o.contains(&ch))
    }

    /// Whether the engine was surer of a character than this; surely, where it does not tell.
    fn surer(self, at: usize, limit: f32) -> bool {
        self.sure.get(at).is_none_or(|s| *s >= limit)
    }
}

/// A character the engine was this sure of is no misreading of one that looks nothing like it …
const SURE: f32 = 0.9;
/// … nor, from here on, of one that does.
const QUITE_SURE: f32 = 0.985;

/// What it costs to take a character the engine named itself.
const ALLOWED: f32 = 0.3;

struct Reading {
    steps: Vec<Step>,
    at: usize,
    score: f32,
}

impl Gazetteer {
    /// The divisions `text` begins with. `sure` is the engine's confidence in each character: only a doubtful one is put right. `home` is the office's own city: among places of one name those in it come first, and its towns
    /// may stand without anything above them.
    pub fn divisions(&self, text: &[char], sure: &[f32], home: Option<Place>) -> Option<Divisions> {
        self.divisions_among(text, sure, &[], home)
    }

    /// As [`Self::divisions`]; `others` is what else each character may be by the engine: a name that is there and that the engine allows.
    pub fn divisions_among(
        &self,
        text: &[char],
        sure: &[f32],
        others: &[Vec<char>],
        home: Option<Place>,
    ) -> Option<Divisions> {
        let text = Text {
            chars: text,
            sure,
            others,
        };
        let mut open: Vec<Reading> = Vec::new();
        for (place, step, gain) in self.beginnings(text, home) {
            let near = home.is_some_and(|h| {
                self.lineage(place).contains(&h) || self.lineage(h).contains(&place)
            });
            open.push(Reading {
                at: step.length,
                steps: vec![step],
                score: gain + if near { 0.3 } else { 0.0 },
            });
        }
        let mut best: Option<Divisions> = None;
        while let Some(reading) = open.pop() {
            let last = reading.steps[reading.steps.len() - 1].place;
            for (step, gain) in self.lower(last, text.from(reading.at)) {
                let mut steps = reading.steps.clone();
                let at = reading.at + step.length;
                steps.push(step);
                open.push(Reading {
                    steps,
                    at,
                    score: reading.score + gain,
                });
            }
            if best.as_ref().is_none_or(|b| reading.score > b.score)
                && self.stands(&reading, text.chars)
            {
                best = Some(Divisions {
                    steps: reading.steps,
                    length: reading.at,
                    score: reading.score,
                });
            }
        }
        best
    }

    /// A short name stands only before another division: 吴中 of 吴中大道 is none.
    fn stands(&self, reading: &Reading, text: &[char]) -> bool {
        let Some(last) = reading.steps.last() else {
            return false;
        };
        let from = reading.at - last.length;
        let written: String = text[from..reading.at].iter().collect();
        let name = self.name(last.place);
        let called = || autonomous::short(name)?.begins(&text[from..]);
        let full = last.former
            || last.repaired.is_some()
            || written == name
            || called() == Some(last.length);
        full && !continues(&text[reading.at..])
    }

    /// Where a reading may begin: at any province, city or county, or at a town of the office's own city.
    fn beginnings(&self, text: Text<'_>, home: Option<Place>) -> Vec<(Place, Step, f32)> {
        let mut found = Vec::new();
        let high = (0..self.nodes.len() as u32)
            .map(Place)
            .filter(|p| self.level(*p) < Level::Town);
        let towns = home.into_iter().flat_map(|h| {
            let counties = self.below(h).iter().copied();
            counties.flat_map(|c| self.below(c).iter().copied())
        });
        for place in high.chain(towns) {
            let inside = home.is_some_and(|h| self.lineage(place).contains(&h));
            let held = if inside { Held::Yes } else { Held::No };
            if let Some((step, gain)) = self.written(place, text, held) {
                // A lone county misread, of another city, is no evidence.
                if step.repaired.is_none() || self.level(place) < Level::County || inside {
                    found.push((place, step, gain));
                }
            }
        }
        for (former, places) in &self.former {
            if let (true, Some(place)) = (starts(text.chars, former), places.first()) {
                found.push((*place, former_step(*place, former), former_gain(former)));
            }
        }
        found
    }

    /// What may follow below a division, one or two levels down.
    fn lower(&self, place: Place, text: Text<'_>) -> Vec<(Step, f32)> {
        let mut found = Vec::new();
        for &child in self.below(place) {
            found.extend(self.written(child, text, Held::Yes));
            for &grandchild in self.below(child) {
                let step = self.written(grandchild, text, Held::Yes);
                found.extend(step.map(|(step, gain)| (step, gain - SKIPPED)));
            }
        }
        for former in self.former_below.get(&place).into_iter().flatten() {
            let today = self.today(former);
            let here = today.iter().find(|p| self.parent(**p) == Some(place));
            if let (true, Some(today)) = (starts(text.chars, former), here) {
                found.push((former_step(*today, former), former_gain(former)));
            }
        }
        // 湖北省宜昌县 leaves its city out, 巢湖市居巢区 names what the district has become.
        let below = self.below(place).iter().map(|child| (*child, SKIPPED));
        for (parent, cost) in below {
            for former in self.former_below.get(&parent).into_iter().flatten() {
                let here = self
                    .today(former)
                    .iter()
                    .find(|p| self.parent(**p) == Some(parent));
                if let (true, Some(today)) = (starts(text.chars, former), here) {
                    found.push((former_step(*today, former), former_gain(former) - cost));
                }
            }
        }
        let siblings = self.parent(place).and_then(|p| self.former_below.get(&p));
        for former in siblings.into_iter().flatten() {
            if starts(text.chars, former) && self.today(former).contains(&place) {
                found.push((former_step(place, former), former_gain(former)));
            }
        }
        found
    }

    /// Whether a text begins with a place's name: whole, short, or with one character misread or added. `held` says that something
    /// besides the name speaks for the place: the division above it, or the office's own city.
    fn written(&self, place: Place, text: Text<'_>, held: Held) -> Option<(Step, f32)> {
        let name = self.name(place);
        let step = |length, repaired| Step {
            place,
            length,
            repaired,
            former: false,
        };
        let length = name.chars().count();
        if starts(text.chars, name) {
            return Some((step(length, None), length as f32));
        }
        if held == Held::Yes && length >= LONG_NAME && one_added(name, text) {
            let gain = length as f32 - 1.5;
            return Some((step(length + 1, Some(name.to_owned())), gain));
        }
        if let Some(cost) = self.one_misread(place, text, held) {
            let gain = length as f32 - 0.8 - cost;
            return Some((step(length, Some(name.to_owned())), gain));
        }
        if let Some(length) = autonomous::short(name).and_then(|s| s.begins(text.chars)) {
            return Some((step(length, None), length as f32));
        }
        let short = short(name).filter(|_| self.level(place) < Level::Town)?;
        let length = short.chars().count();
        starts(text.chars, short).then(|| (step(length, None), length as f32 - 0.4))
    }

    /// What it costs that exactly one character of a name was misread, by one the engine was not sure of.
    fn one_misread(&self, place: Place, text: Text<'_>, held: Held) -> Option<f32> {
        let name = self.name(place);
        let length = name.chars().count();
        if text.chars.len() < length || length < 2 {
            return None;
        }
        let mut wrong = (0..length)
            .zip(name.chars())
            .filter(|(i, c)| text.chars[*i] != *c);
        let (Some((at, meant)), None) = (wrong.next(), wrong.next()) else {
            return None;
        };
        let read = text.chars[at];
        let cost = swap_cost(read, meant);
        // 溪口旅社 is no 溪口镇: what a town ends with must at least look alike.
        let ending = self.level(place) == Level::Town && at + 1 == length;
        let foreign = length >= LONG_NAME
            && held == Held::Yes
            && !ending
            && !own_meaning(read)
            && !text.surer(at, SURE);
        if text.may_be(at, meant) && !own_meaning(read) && !text.surer(at, QUITE_SURE) {
            return Some(cost.min(ALLOWED));
        }
        (foreign || cost < 1.0 && !text.surer(at, QUITE_SURE)).then_some(cost)
    }
}

/// Whether something besides the name itself speaks for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Yes,
    No,
}

/// Characters that would mean something where they stand: 吴中路 is no 吴中区 misread.
fn own_meaning(read: char) -> bool {
    read.is_ascii_digit()
        || "路街巷弄道村镇乡县市区里苑园桥坊庄新东西南北中上下前后大小花学医公广商老号第一二三四五六七八九十".contains(read)
}

/// Whether a text begins with a name that has one more character in it.
fn one_added(name: &str, text: Text<'_>) -> bool {
    let (text, all) = (text.chars, text);
    let name: Vec<char> = name.chars().collect();
    let same = name.iter().zip(text).take_while(|(a, b)| a == b).count();
    // Behind the whole name it is what comes next, and before it nothing of the name was seen yet.
    (1..name.len()).contains(&same)
        && text.len() > name.len()
        && !own_meaning(text[same])
        && !all.surer(same, SURE)
        && text[same + 1..].starts_with(&name[same..])
}

fn former_step(place: Place, former: &str) -> Step {
    Step {
        place,
        length: former.chars().count(),
        repaired: None,
        former: true,
    }
}

fn former_gain(former: &str) -> f32 {
    former.chars().count() as f32 - 0.2
}

fn starts(text: &[char], name: &str) -> bool {
    let mut rest = text.iter();
    name.chars().all(|c| rest.next() == Some(&c))
}

/// Words that make the name of a street or an estate out of what stands before them.
fn continues(rest: &[char]) -> bool {
    let streets = ["路", "大道", "街", "巷", "新村", "花园", "大桥"];
    // 街道 behind a division is the next one.
    streets.iter().any(|s| starts(rest, s)) && !starts(rest, "街道")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Divisions> {
        let chars: Vec<char> = text.chars().collect();
        let doubtful = vec![0.6; chars.len()];
        Gazetteer::shared().divisions(
            &chars,
            &doubtful,
            Gazetteer::shared().home_of("苏州市信访局"),
        )
    }

    fn path(text: &str) -> String {
        read(text).map(|d| d.path()).unwrap_or_default()
    }

    #[test]
    fn the_whole_path_is_found() {
        assert_eq!(
            path("江苏省苏州市吴中区甪直镇红星村3组"),
            "江苏省/苏州市/吴中区/甪直镇"
        );
    }

    #[test]
    fn levels_left_out_are_known_but_not_written() {
        let found = read("姑苏区平江街道大儒巷3号").expect("divisions");
        assert_eq!(found.path(), "江苏省/苏州市/姑苏区/平江街道");
        assert_eq!(found.steps.len(), 2);
    }

    #[test]
    fn a_development_zone_is_a_division() {
        assert_eq!(
            path("苏州市苏州工业园区斜塘街道"),
            "江苏省/苏州市/苏州工业园区/斜塘街道"
        );
    }

    #[test]
    fn a_former_name_leads_to_todays() {
        assert_eq!(path("苏州市沧浪区人民路3号"), "江苏省/苏州市/姑苏区");
        assert!(read("苏州市吴县市").expect("divisions").steps[1].former);
    }

    #[test]
    fn a_misread_character_is_repaired_to_a_name_that_exists() {
        let found = read("苏洲市姑苏区").expect("divisions");
        assert_eq!(found.path(), "江苏省/苏州市/姑苏区");
        assert_eq!(found.steps[0].repaired.as_deref(), Some("苏州市"));
    }

    #[test]
    fn a_foreign_character_in_a_name_is_put_right_only_where_the_place_is_known_otherwise() {
        assert_eq!(path("苏州市吴中叹甪直镇"), "江苏省/苏州市/吴中区/甪直镇");
        assert_eq!(path("昆山凉市张浦镇"), "江苏省/苏州市/昆山市/张浦镇");
        assert_eq!(path("苏州市吴中路12号"), "江苏省/苏州市");
    }

    #[test]
    fn a_character_the_engine_is_sure_of_is_left_alone() {
        let chars: Vec<char> = "姑苏华庭3幢".chars().collect();
        let home = Gazetteer::shared().home_of("苏州市信访局");
        assert_eq!(
            Gazetteer::shared().divisions(&chars, &[0.99; 6], home),
            None
        );
    }

    #[test]
    fn a_street_named_after_a_division_is_none() {
        assert_eq!(path("苏州市吴中大道12号"), "江苏省/苏州市");
        assert_eq!(path("平江路12号"), "");
    }

    #[test]
    fn an_invented_town_is_not_forced_onto_a_real_one() {
        assert_eq!(path("汉东省临江市"), "");
    }
}
