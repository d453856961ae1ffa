//! What is wrong with a roster, and what one that takes another's place changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Roster, plain};

/// Longest name, title or alias: more is no name, but something pasted into the wrong place.
pub const LONGEST_NAME: usize = 60;
/// Entries at most; the largest office has some hundreds.
pub const MOST_ENTRIES: usize = 2_000;

/// Why a roster is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterFault {
    /// Nobody is in it.
    #[error("nobody is in it: a leader or an organisation at least has to be")]
    Empty,
    /// It has more entries than any office has.
    #[error("it has {entries} entries, at most {MOST_ENTRIES} are")]
    TooMany {
        /// How many.
        entries: usize,
    },
    /// The office that runs the station has no name.
    #[error("the office that runs the station is not named")]
    NoStation,
    /// Something that is no name stands where one should.
    #[error(
        "{entry}: every name, title and alias has 2 to {LONGEST_NAME} characters, none of them one that no name has"
    )]
    NoName {
        /// The entry, by its kind and number.
        entry: String,
    },
    /// Two have the same place.
    #[error("{one} and {other} have the same number {number}: each has its own")]
    SamePlace {
        /// The number.
        number: u32,
        /// Who.
        one: String,
        /// And who.
        other: String,
    },
    /// One entry stands there twice.
    #[error("{name} stands there twice")]
    Twice {
        /// The name.
        name: String,
    },
}

impl RosterFault {
    /// Whether an entry is wrong, and not how many there are: such a file is refused where it is loaded.
    pub fn is_of_an_entry(&self) -> bool {
        !matches!(self, Self::Empty | Self::TooMany { .. })
    }
}

/// What an entry of a roster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// 本站: the office that runs the station.
    Station,
    /// 领导.
    Leader,
    /// 单位.
    Organisation,
    /// 范围外: known, never chosen.
    Outside,
}

/// What becomes of an entry. Without one before it comes, without one after it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChange {
    /// What it is.
    pub kind: EntryKind,
    /// Its name.
    pub name: String,
    /// How it stands in the roster in force: number, title, aliases.
    pub before: Option<String>,
    /// How it will stand.
    pub after: Option<String>,
}

fn is_name(text: &str) -> bool {
    let marks = |c: char| c.is_control() || "<>&\"'`{}\\|".contains(c);
    (2..=LONGEST_NAME).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(marks)
        && text.chars().any(char::is_alphanumeric)
}

impl Roster {
    /// The first thing that is wrong with it. At the console such a roster is refused; of a file, too, where an entry is wrong.
    pub fn fault(&self) -> Option<RosterFault> {
        let entries = self.leaders.len() + self.orgs.len() + self.outside.len();
        if self.leaders.is_empty() && self.orgs.is_empty() {
            return Some(RosterFault::Empty);
        }
        if entries > MOST_ENTRIES {
            return Some(RosterFault::TooMany { entries });
        }
        if !is_name(&self.station) {
            return Some(RosterFault::NoStation);
        }
        let leaders = self.leaders.iter().map(|one| {
            let names = [&one.name, &one.title].into_iter().chain(&one.alias);
            (&one.name, names.collect::<Vec<_>>(), one.rank)
        });
        let orgs = self.orgs.iter().map(|one| {
            let names = std::iter::once(&one.name).chain(&one.alias);
            (&one.name, names.collect(), one.order)
        });
        let outside = self.outside.iter().map(|name| (name, vec![name], 0));
        let (leaders, orgs): (Vec<_>, Vec<_>) = (leaders.collect(), orgs.collect());
        let kinds = [
            ("领导", leaders),
            ("单位", orgs),
            ("范围外", outside.collect()),
        ];
        kinds.iter().find_map(|(kind, all)| fault_among(kind, all))
    }

    /// Every entry in words, by kind and name.
    fn entries(&self) -> BTreeMap<(EntryKind, String), String> {
        let aliases = |alias: &[String]| alias.join("、");
        let told = |parts: [&str; 3]| {
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        };
        let leaders = self.leaders.iter().map(|one| {
            let text = told([&one.rank.to_string(), &one.title, &aliases(&one.alias)]);
            ((EntryKind::Leader, one.name.clone()), text)
        });
        let orgs = self.orgs.iter().map(|one| {
            let text = told([&one.order.to_string(), "", &aliases(&one.alias)]);
            ((EntryKind::Organisation, one.name.clone()), text)
        });
        let outside = self
            .outside
            .iter()
            .map(|name| ((EntryKind::Outside, name.clone()), String::new()));
        let station = ((EntryKind::Station, self.station.clone()), String::new());
        leaders
            .chain(orgs)
            .chain(outside)
            .chain([station])
            .collect()
    }

    /// What another roster in this one's place changes, by kind and name.
    pub fn changes_to(&self, new: &Self) -> Vec<EntryChange> {
        let (before, after) = (self.entries(), new.entries());
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        let change = |key: (EntryKind, String)| {
            let (was, becomes) = (before.get(&key), after.get(&key));
            (was != becomes).then(|| EntryChange {
                kind: key.0,
                name: key.1.clone(),
                before: was.cloned(),
                after: becomes.cloned(),
            })
        };
        keys.into_iter().filter_map(change).collect()
    }

    /// Whether another roster knows somebody less well: a name, title or alias of a leader or an office that it has not any more. A letter that accuses
    /// him by it is then no longer found to accuse him.
    pub fn knows_less_than(&self, before: &Self) -> bool {
        let known = |roster: &Self| -> BTreeSet<(String, String)> {
            let leaders = roster.leaders.iter().flat_map(|one| {
                let names = [&one.name, &one.title].into_iter().chain(&one.alias);
                names.map(|name| (plain(&one.name), plain(name)))
            });
            let orgs = roster.orgs.iter().flat_map(|one| {
                let names = std::iter::once(&one.name).chain(&one.alias);
                names.map(|name| (plain(&one.name), plain(name)))
            });
            let station = (String::new(), plain(&roster.station));
            leaders.chain(orgs).chain([station]).collect()
        };
        !known(before).is_subset(&known(self))
    }
}

type Named<'a> = (&'a String, Vec<&'a String>, u32);

fn fault_among(kind: &str, all: &[Named<'_>]) -> Option<RosterFault> {
    let (mut names, mut places) = (BTreeSet::new(), BTreeMap::new());
    for (at, (name, written, number)) in all.iter().enumerate() {
        if !written.iter().all(|text| is_name(text)) {
            let entry = format!("{kind} {}", at + 1);
            return Some(RosterFault::NoName { entry });
        }
        if !names.insert(plain(name)) {
            return Some(RosterFault::Twice {
                name: (*name).clone(),
            });
        }
        // 0: those outside have no place.
        if *number > 0
            && let Some(one) = places.insert(*number, *name)
        {
            return Some(RosterFault::SamePlace {
                number: *number,
                one: one.clone(),
                other: (*name).clone(),
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roster::{Leader, Organisation};

    fn leader(name: &str, alias: &str, rank: u32) -> Leader {
        Leader {
            name: name.into(),
            title: format!("{name}的职务"),
            alias: vec![alias.into()],
            rank,
        }
    }

    fn roster() -> Roster {
        Roster {
            station: "苏州市信访局".into(),
            leaders: vec![leader("林伯年", "林市长", 2), leader("汤继红", "汤市长", 5)],
            orgs: vec![Organisation {
                name: "苏州市人民政府".into(),
                alias: Vec::new(),
                order: 1,
            }],
            outside: vec!["国家信访局".into()],
        }
    }

    #[test]
    fn a_roster_with_two_equal_ranks_is_refused() {
        let mut two = roster();
        assert_eq!(two.fault(), None);
        two.leaders[1].rank = 2;
        let (one, other) = ("林伯年".into(), "汤继红".into());
        assert_eq!(
            two.fault(),
            Some(RosterFault::SamePlace {
                number: 2,
                one,
                other
            })
        );
    }

    #[test]
    fn one_without_anybody_with_one_twice_or_with_something_that_is_no_name_is_refused() {
        let none = Roster {
            station: "苏州市信访局".into(),
            ..Roster::default()
        };
        assert_eq!(none.fault(), Some(RosterFault::Empty));
        let mut twice = roster();
        twice.leaders.push(leader("林 伯年", "老林", 9));
        assert_eq!(
            twice.fault(),
            Some(RosterFault::Twice {
                name: "林 伯年".into()
            })
        );
        for text in ["<b>林</b>", "", "林", "林\u{7}某", &"林".repeat(61)] {
            let mut odd = roster();
            odd.leaders[1].alias = vec![text.into()];
            assert_eq!(
                odd.fault(),
                Some(RosterFault::NoName {
                    entry: "领导 2".into()
                }),
                "{text}"
            );
        }
        let mut nameless = roster();
        nameless.station = String::new();
        assert_eq!(nameless.fault(), Some(RosterFault::NoStation));
    }

    #[test]
    fn who_comes_goes_and_changes_is_told() {
        let mut new = roster();
        new.leaders.remove(0);
        new.leaders[0].rank = 6;
        new.outside.push("苏州日报社".into());
        let told = roster().changes_to(&new);
        let short: Vec<_> = told
            .iter()
            .map(|one| (one.name.as_str(), one.before.is_some(), one.after.is_some()))
            .collect();
        assert_eq!(
            short,
            [
                ("林伯年", true, false),
                ("汤继红", true, true),
                ("苏州日报社", false, true)
            ]
        );
        assert_eq!(told[1].after.as_deref(), Some("6 · 汤继红的职务 · 汤市长"));
        assert_eq!(roster().changes_to(&roster()), []);
    }

    #[test]
    fn only_who_takes_a_name_away_knows_less() {
        let mut more = roster();
        more.leaders[0].alias.push("老林".into());
        more.leaders[0].rank = 1;
        assert!(!more.knows_less_than(&roster()));
        assert!(roster().knows_less_than(&more));
        let mut moved = roster();
        moved.station = "苏州市委".into();
        assert!(moved.knows_less_than(&roster()));
    }
}
