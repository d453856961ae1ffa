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
