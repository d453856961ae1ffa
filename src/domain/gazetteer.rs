//! China's administrative divisions from province to town and street, development zones included, with their former names.
//!
//! Data of `setup/divisions.py`, read once. Finds where a text begins with divisions, also when a character of a name was misread, a
//! level left out or its last character (苏州 for 苏州市). Villages are not in it: their names repeat too often to tell anything apart.

mod autonomous;
mod path;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use path::{Divisions, Step};

use crate::domain::extract::glyphs::swap_cost;

/// A division, as index into [`Gazetteer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(u32);

/// How far down a division is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 省, 自治区, 直辖市
    Province,
    /// 市, 自治州, 地区, 盟
    City,
    /// 区, 县, 县级市, 旗, and zones that count as one
    County,
    /// 街道, 镇, 乡, and zones that count as one
    Town,
}

struct Node {
    code: &'static str,
    name: &'static str,
    parent: Option<Place>,
    level: Level,
}

/// The divisions, ready for looking up.
pub struct Gazetteer {
    nodes: Vec<Node>,
    by_name: HashMap<&'static str, Vec<Place>>,
    children: HashMap<Place, Vec<Place>>,
    /// Former name → today's places.
    former: HashMap<&'static str, Vec<Place>>,
    /// Former names below each of today's parents.
    former_below: HashMap<Place, Vec<&'static str>>,
}

impl Gazetteer {
    /// The one there is.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Gazetteer> = OnceLock::new();
        SHARED.get_or_init(|| {
            Self::parse(
                include_str!("gazetteer/divisions.txt"),
                include_str!("gazetteer/renamed.txt"),
            )
        })
    }

    fn parse(divisions: &'static str, renamed: &'static str) -> Self {
        let mut gazetteer = Self {
            nodes: Vec::new(),
            by_name: HashMap::new(),
            children: HashMap::new(),
            former: HashMap::new(),
            former_below: HashMap::new(),
        };
        let mut above: Vec<(usize, Place)> = Vec::new();
        for line in divisions.lines().filter(|l| !l.starts_with('#')) {
            let entry = line.trim_start_matches('\t');
            let depth = line.len() - entry.len();
            let name = entry.trim_start_matches(|c: char| c.is_ascii_digit());
            above.retain(|(d, _)| *d < depth);
            let parent = above.last().map(|(_, place)| *place);
            let code = &entry[..entry.len() - name.len()];
            let place = gazetteer.add(code, name, parent);
            above.push((depth, place));
        }
        for line in renamed.lines().filter(|l| !l.starts_with('#')) {
            gazetteer.add_former(line);
        }
        gazetteer
    }

    fn add(&mut self, code: &'static str, name: &'static str, parent: Option<Place>) -> Place {
        let place = Place(self.nodes.len() as u32);
        let above = parent.map(|p| self.level(p));
        // Counties of 直辖市 and counties ruled by the province stand right below it; so do cities: their codes tell them apart.
        let level = match above {
            None => Level::Province,
            Some(Level::Province) if code.len() == 6 && code.ends_with("00") => Level::City,
            Some(Level::Province | Level::City) if code.len() == 6 => Level::County,
            _ => Level::Town,
        };
        self.nodes.push(Node {
            code,
            name,
            parent,
            level,
        });
        self.by_name.entry(name).or_default().push(place);
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().push(place);
        }
        place
    }

    /// `吴县市 ⇥ 吴中区 相城区 ⇥ 2001`; today's names stand below one city.
    fn add_former(&mut self, line: &'static str) {
        let mut columns = line.split('\t');
        let (Some(former), Some(today)) = (columns.next(), columns.next()) else {
            return;
        };
        let mut today = today.split(' ').map(|name| self.named(name).to_vec());
        let Some(first) = today.next() else {
            return;
        };
        let rest: Vec<Vec<Place>> = today.collect();
        for place in first {
            let Some(parent) = self.parent(place) else {
                continue;
            };
            let sibling = |found: &Vec<Place>| {
                found
                    .iter()
                    .copied()
                    .find(|p| self.parent(*p) == Some(parent))
            };
            let siblings: Option<Vec<Place>> = rest.iter().map(sibling).collect();
            if let Some(siblings) = siblings {
                let all = self.former.entry(former).or_default();
                all.push(place);
                all.extend(siblings);
                self.former_below.entry(parent).or_default().push(former);
            }
        }
    }

    /// Its name.
    pub fn name(&self, place: Place) -> &'static str {
        self.nodes[place.0 as usize].name
    }

    /// Its code, six digits to the county and nine for a town; empty for the few that have none of their own any more.
    pub fn code(&self, place: Place) -> &'static str {
        self.nodes[place.0 as usize].code
    }

    /// How far down it is.
    pub fn level(&self, place: Place) -> Level {
        self.nodes[place.0 as usize].level
    }

    /// What it belongs to.
    pub fn parent(&self, place: Place) -> Option<Place> {
        self.nodes[place.0 as usize].parent
    }

    /// Itself and what it belongs to, province first.
    pub fn lineage(&self, place: Place) -> Vec<Place> {
        let mut line: Vec<Place> =
            std::iter::successors(Some(place), |p| self.parent(*p)).collect();
        line.reverse();
        line
    }

    /// Every place of that name.
    pub fn named(&self, name: &str) -> &[Place] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The division of a code, six digits for a county; former codes are not in it.
    pub fn of_code(&self, code: &str) -> Option<Place> {
        let found = self.nodes.iter().position(|n| n.code == code)?;
        Some(Place(found as u32))
    }

    /// What a former name means today.
    pub fn today(&self, former: &str) -> &[Place] {
        self.former.get(former).map_or(&[], Vec::as_slice)
    }

    /// What lies right below it.
    pub(crate) fn below(&self, place: Place) -> &[Place] {
        self.children.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The name of a city or county as a postmark has it, without the word for its level, where a character of it was misread: the only
    /// one in the office's own province that looks or sounds like it, or that the engine allows (`others`).
    pub fn near_name(
        &self,
        read: &[char],
        others: &[Vec<char>],
        home: Option<Place>,
    ) -> Option<String> {
        let province = *self.lineage(home?).first()?;
        let cities = self.below(province).iter().copied();
        let mut names: Vec<&str> = cities
            .flat_map(|c| self.below(c).iter().copied().chain([c]))
            .filter(|p| self.level(*p) < Level::Town)
            .filter_map(|p| short(self.name(p)))
            .filter(|name| name.chars().count() == read.len())
            .collect();
        names.sort_unstable();
        names.dedup();
        let whole: String = read.iter().collect();
        if names.contains(&whole.as_str()) {
            return Some(whole);
        }
        let alike = |name: &&str| {
            let cost = |(i, (meant, read)): (usize, (char, &char))| {
                let allowed = others.get(i).is_some_and(|o| o.contains(&meant));
                let cost = swap_cost(*read, meant);
                if allowed { cost.min(0.4) } else { cost }
            };
            let costs = name.chars().zip(read).enumerate().map(cost);
            let (wrong, cost) =
                costs.fold((0, 0.0), |(n, sum), c| (n + usize::from(c > 0.0), sum + c));
            wrong == 1 && cost < 1.0
        };
        let mut near = names.into_iter().filter(alike);
        match (near.next(), near.next()) {
            (Some(only), None) => Some(only.to_owned()),
            _ => None,
        }
    }

    /// The city or county an office belongs to by its name: 苏州市 of 苏州市信访局.
    pub fn home_of(&self, office: &str) -> Option<Place> {
        let chars: Vec<char> = office.chars().collect();
        (2..=chars.len().min(12)).rev().find_map(|n| {
            let name: String = chars[..n].iter().collect();
            match self.named(&name) {
                [only] => Some(*only),
                several => several
                    .iter()
                    .copied()
                    .find(|p| self.level(*p) < Level::County),
            }
        })
    }
}

/// The name without the word for its level, where enough is left: 苏州 of 苏州市.
fn short(name: &str) -> Option<&str> {
    if let Some(short) = autonomous::short(name) {
        return Some(short.bare);
    }
    let ends = [
        "壮族自治区",
        "回族自治区",
        "维吾尔自治区",
        "自治区",
        "省",
        "市",
        "区",
        "县",
    ];
    let cut = ends.iter().find_map(|e| name.strip_suffix(e))?;
    (cut.chars().count() >= 2).then_some(cut)
}
