//! Whom a letter accuses, as a person says: named by him, or taken away with a reason. The guard that hangs on it is never switched off silently.

use serde::{Deserialize, Serialize};

use super::Refused;
use crate::domain::draft::{Accused, names_whom_it_accuses};

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

impl NamedAccused {
    /// As he stands there.
    pub fn of(known: &Accused) -> Self {
        let (name, office) = (known.name.clone(), known.office.clone());
        Self { name, office }
    }
}

/// Everybody the letter accuses, those that were known before included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccused {
    /// Persons and units.
    pub named: Vec<NamedAccused>,
    /// Why somebody who was named before is no longer, or why the letter accuses nobody of an office; needed then. With an empty list it is the word
    /// that lets an accusation go on in which nobody was read (`accused_unknown`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody by his name, and by his office where that is known.
pub type Party<'a> = (&'a str, Option<&'a str>);

impl Accused {
    /// How he is told apart from others.
    pub fn party(&self) -> Party<'_> {
        (&self.name, self.office.as_deref())
    }
}

/// Whether he who was accused is so now: under his name, and under the office that was known of him. Either may be what keeps the letter from him.
pub fn stays((name, office): Party<'_>, now: &[Party<'_>]) -> bool {
    let is_he = |one: &Party<'_>| one.0 == name && (office.is_none() || one.1 == office);
    now.iter().any(is_he)
}

impl NewAccused {
    /// Whether nobody of these is taken away.
    pub fn keeps_all(&self, known: &[Accused]) -> bool {
        let now: Vec<Party<'_>> = self
            .named
            .iter()
            .map(|one| (one.name.as_str(), one.office.as_deref()))
            .collect();
        known.iter().all(|old| stays(old.party(), &now))
    }

    /// Whether he says, with his reason, that the letter accuses nobody of an office, or nobody of whom more can be told.
    pub fn says_that_is_all(&self) -> bool {
        let named = self.named.iter().map(|one| Accused {
            name: one.name.clone(),
            office: one.office.clone(),
            ..Accused::default()
        });
        self.reason.is_some() && !names_whom_it_accuses(&named.collect::<Vec<_>>())
    }

    /// The list as it is from now on; what stood there and stands there now, in words.
    pub(super) fn apply(&self, list: &mut Vec<Accused>) -> Result<(String, String), Refused> {
        if self.reason.is_none() && !self.keeps_all(list) {
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

/// The parties out of a list in words.
pub fn parties_in(words: &str) -> Vec<Party<'_>> {
    let named = words.split('、').filter(|one| !one.is_empty());
    named
        .map(|one| match one.split_once('（') {
            Some((name, office)) => (name, Some(office.trim_end_matches('）'))),
            None => (one, None),
        })
        .collect()
}

fn in_words(list: &[Accused]) -> String {
    let words = list.iter().map(|one| match &one.office {
        Some(office) => format!("{}（{office}）", one.name),
        None => one.name.clone(),
    });
    words.collect::<Vec<_>>().join("、")
}
