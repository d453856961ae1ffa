//! The addressees of this office: leaders by rank, organisations by establishment order, aliases (SZ 7.4.2.4).

use serde::{Deserialize, Serialize};

mod changes;

pub use changes::{EntryChange, EntryKind, LONGEST_NAME, MOST_ENTRIES, RosterFault};

/// A leader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leader {
    /// Full name.
    pub name: String,
    /// Full title.
    pub title: String,
    /// Other ways people write to this person.
    #[serde(default)]
    pub alias: Vec<String>,
    /// Rank; 1 is the highest.
    pub rank: u32,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Full name.
    pub name: String,
    /// Other ways people write it.
    #[serde(default)]
    pub alias: Vec<String>,
    /// Place in the establishment order (编制序列); 1 comes first.
    pub order: u32,
}

/// Everyone a letter to this office may be addressed to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Name of the office that runs the station.
    pub station: String,
    /// Leaders within the receiving scope.
    #[serde(default)]
    pub leaders: Vec<Leader>,
    /// Organisations within the receiving scope.
    #[serde(default)]
    pub orgs: Vec<Organisation>,
    /// Known recipients outside the scope: listed, never chosen.
    #[serde(default)]
    pub outside: Vec<String>,
}

/// Shortest names that stand for an organisation at the beginning of a longer text: 市委.
const SHORT: usize = 2;

const LEVELS: [char; 6] = ['省', '市', '县', '区', '州', '盟'];

/// How everybody shortens an office: behind its place, or the level of that alone (市府, 苏州市府).
const USUAL: &[(&str, &[&str])] = &[
    ("纪律检查委员会", &["纪委", "纪检委", "纪委监委"]),
    ("监察委员会", &["监委", "监察委"]),
    ("人民代表大会常务委员会", &["人大", "人大常委会"]),
    ("人民政府办公室", &["政府办", "府办"]),
    ("人民政府", &["政府", "府"]),
    ("委员会", &["委"]),
];

impl Organisation {
    fn names(&self) -> impl Iterator<Item = String> {
        std::iter::once(&self.name)
            .chain(&self.alias)
            .map(|name| plain(name))
    }

    /// 苏州市 and the ways of shortening 人民政府.
    fn place_and_usual(&self) -> Option<(String, &'static [&'static str])> {
        let full = plain(&self.name);
        let party = ["中国共产党", "中共"];
        let bare = party.iter().find_map(|party| full.strip_prefix(party));
        let name = bare.unwrap_or(&full);
        let mut kinds = USUAL.iter();
        let (place, kind, short) =
            kinds.find_map(|(kind, short)| Some((name.strip_suffix(kind)?, *kind, *short)))?;
        // 发展和改革委员会 and 村民委员会 are no 市委.
        let is_one = kind != "委员会" || bare.is_some();
        (is_one && place.ends_with(LEVELS)).then(|| (place.to_owned(), short))
    }
}

impl Roster {
    /// What an organisation is called by rule, whatever aliases the roster has: 市府 is 苏州市人民政府 in 苏州. By its level alone only that of the station's
    /// own place, or the only one there is.
    pub(super) fn usual_names(&self, org: &Organisation) -> Vec<String> {
        let Some((place, short)) = org.place_and_usual() else {
            return Vec::new();
        };
        let level = place.chars().last();
        let is_like = |other: &&Organisation| {
            let known = other.place_and_usual();
            known.is_some_and(|(at, kind)| at.chars().last() == level && kind == short)
        };
        let is_own = plain(&self.station).starts_with(&place);
        let is_only = is_own || self.orgs.iter().filter(is_like).count() == 1;
        let by_level = level.filter(|_| is_only).map(String::from);
        let places = std::iter::once(place).chain(by_level);
        places
            .flat_map(|place| short.iter().map(move |short| format!("{place}{short}")))
            .collect()
    }

    fn names_of(&self, org: &Organisation) -> impl Iterator<Item = String> {
        org.names().chain(self.usual_names(org))
    }

    /// The organisation that a unit is: by its full name, an alias, or another way of writing one of them.
    pub fn organisation(&self, unit: &str) -> Option<&Organisation> {
        let wanted = plain(unit);
        let known = |org: &&Organisation| self.names_of(org).any(|name| name == wanted);
        let near = || Some(&self.orgs[super::extract::organisation_called(&wanted, self)?]);
        self.orgs.iter().find(known).or_else(near)
    }

    /// A unit or an office as it stands, and by the full name of the organisation that it is or begins with: 市政府副秘书长 is of 苏州市人民政府.
    pub fn spelt_out(&self, text: &str) -> Vec<String> {
        let text = plain(text);
        let mut all = vec![text.clone()];
        let bare = ["中国共产党", "中共"]
            .iter()
            .find_map(|party| text.strip_prefix(party))
            .unwrap_or(&text);
        let begun = self
            .orgs
            .iter()
            .flat_map(|org| self.names_of(org).map(move |name| (name, org)))
            .filter(|(name, _)| name.chars().count() >= SHORT)
            .filter_map(|(name, org)| Some((bare.strip_prefix(&name)?, org)))
            .min_by_key(|(rest, _)| rest.len());
        if let Some((rest, org)) = begun {
            all.push(format!("{}{rest}", plain(&org.name)));
        } else if let Some(org) = self.organisation(&text) {
            all.push(plain(&org.name));
        }
        all.dedup();
        all
    }

    /// The organisation by whose name, short or long, an office begins.
    pub fn office_begun(&self, office: &str) -> Option<&Organisation> {
        let spelt = self.spelt_out(office);
        let begun =
            |org: &&Organisation| spelt.iter().any(|text| text.starts_with(&plain(&org.name)));
        self.orgs
            .iter()
            .filter(begun)
            .max_by_key(|org| org.name.len())
    }

    /// The leader whom a letter calls so: by name, alias, title, or his title behind a short name of his office.
    pub fn leader_called(&self, name: &str) -> Option<&Leader> {
        let wanted: Vec<String> = self.spelt_out(&name.replace('的', ""));
        self.leaders
            .iter()
            .find(|leader| {
                let party = plain(&leader.title);
                let bare = party.trim_start_matches("中共").to_owned();
                let called = [&leader.name]
                    .into_iter()
                    .chain(&leader.alias)
                    .map(|name| plain(name));
                called
                    .chain([party, bare])
                    .any(|known| wanted.contains(&known))
            })
            .or_else(|| self.leader_behind_office(&wanted))
    }

    /// 信访局钱局长: whoever is called 钱局长, behind the office that he holds.
    fn leader_behind_office(&self, wanted: &[String]) -> Option<&Leader> {
        self.leaders.iter().find(|leader| {
            let called = std::iter::once(&leader.name).chain(&leader.alias);
            let is_last = |name: &String| wanted.iter().any(|text| text.ends_with(name));
            let called: Vec<String> = called.map(|name| plain(name)).filter(is_last).collect();
            // Offices are compared by likeness, which takes long: only his of whom the text may speak.
            let held = match called.is_empty() {
                true => Vec::new(),
                false => self.offices_of(&leader.name),
            };
            let held = held.into_iter();
            let held = held.filter_map(|office| Some(plain(&self.office_begun(&office)?.name)));
            let held: Vec<String> = held.collect();
            let mut behind = called
                .iter()
                .flat_map(|name| held.iter().map(move |office| format!("{office}{name}")));
            behind.any(|known| wanted.contains(&known))
        })
    }

    /// Which offices somebody holds whom a letter calls so, by name, alias or title: 汤市长 is of 苏州市人民政府.
    pub fn offices_of(&self, name: &str) -> Vec<String> {
        let wanted = plain(name);
        let is_called = |leader: &&Leader| {
            let mut all = [&leader.name, &leader.title]
                .into_iter()
                .chain(&leader.alias);
            all.any(|known| plain(known) == wanted)
        };
        let held = self.leaders.iter().filter(is_called);
        held.flat_map(|leader| {
            self.spelt_out(&leader.title)
                .into_iter()
                .chain(self.governments_of(&leader.title))
        })
        .collect()
    }

    /// 副市长 says of which government it is though it names none.
    fn governments_of(&self, title: &str) -> Vec<String> {
        let Some(level) = title
            .strip_suffix('长')
            .and_then(|rest| rest.chars().last())
        else {
            return Vec::new();
        };
        let government = format!("{level}人民政府");
        let orgs = self.orgs.iter().map(|org| plain(&org.name));
        orgs.filter(|name| "省市县区镇乡州".contains(level) && name.ends_with(&government))
            .collect()
    }
}

/// Without blanks and punctuation and in simplified characters, so that 王 建国, 王建国 and 王建國 are one.
pub(crate) fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.map(ocr::simplified).collect()
}
