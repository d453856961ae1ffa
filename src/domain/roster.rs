//! The addressees of this office: leaders by rank, organisations by establishment order, aliases (SZ 7.4.2.4).

use serde::{Deserialize, Serialize};

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

impl Organisation {
    fn names(&self) -> impl Iterator<Item = String> {
        std::iter::once(&self.name)
            .chain(&self.alias)
            .map(|name| plain(name))
    }
}

impl Roster {
    /// The organisation that a unit is: by its full name, an alias, or another way of writing one of them.
    pub fn organisation(&self, unit: &str) -> Option<&Organisation> {
        let wanted = plain(unit);
        let known = |org: &&Organisation| org.names().any(|name| name == wanted);
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
            .flat_map(|org| org.names().map(move |name| (name, org)))
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

/// Without blanks and punctuation, so that 王 建国 and 王建国 are one.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
