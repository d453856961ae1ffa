//! Whom a letter accuses, as a person says: named by him, or taken away with a reason. The guard that hangs on it is never switched off silently.

use serde::{Deserialize, Serialize};

use super::Refused;
use crate::domain::draft::Accused;

/// A person or a unit that the letter accuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedAccused {
    /// The person's name, or the unit's.
    pub name: String,
    /// The office he holds, with its unit: what would go to that unit goes to him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "镇人民政府镇长")]
    pub office: Option<String>,
}

/// Everybody the letter accuses, those that were known before included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccused {
    /// Persons and units.
    pub named: Vec<NamedAccused>,
    /// Why somebody who was named before is no longer; needed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl NewAccused {
    /// The list as it is from now on; what stood there and stands there now, in words.
    pub(super) fn apply(&self, list: &mut Vec<Accused>) -> Result<(String, String), Refused> {
        let stays = |old: &Accused| {
            let same = self.named.iter().find(|one| one.name == old.name);
            same.is_some_and(|one| old.office.is_none() || one.office == old.office)
        };
        if self.reason.is_none() && !list.iter().all(stays) {
            return Err(Refused {
                field: "accused",
                rule: "a reason is needed to take away somebody who was named before",
            });
        }
        let named = self.named.iter().map(|one| Accused {
            name: one.name.clone(),
            office: one.office.clone(),
            ..seen(list, &one.name)
        });
        let named: Vec<Accused> = named.collect();
        let before = in_words(list);
        *list = named;
        Ok((before, in_words(list)))
    }
}

/// What is known of him: where he was read, if he was.
fn seen(list: &[Accused], name: &str) -> Accused {
    let known = list.iter().find(|old| old.name == name);
    known.cloned().unwrap_or_default()
}

/// The names out of a list in words.
pub fn named_in(words: &str) -> Vec<&str> {
    let names = words
        .split('、')
        .map(|one| one.split('（').next().unwrap_or(one));
    names.filter(|name| !name.is_empty()).collect()
}

fn in_words(list: &[Accused]) -> String {
    let words = list.iter().map(|one| match &one.office {
        Some(office) => format!("{}（{office}）", one.name),
        None => one.name.clone(),
    });
    words.collect::<Vec<_>>().join("、")
}
