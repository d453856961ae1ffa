//! Who of an office is let in to every restricted letter of a kind, at every desk, without being put on each letter's list. It opens nothing to whoever is
//! recused, or whose role sees no letters; a letter with a secret mark is never on it.
//!
//! ```text
//! 账号,可查阅的限制信
//! zhang,检举控告、敏感内容
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Restricted;

/// The first line.
const HEAD: &str = "账号";
/// Kinds of restricted letters that somebody may be let in to by a list.
const KINDS: [(Restricted, &str); 3] = [
    (Restricted::Accusation, "检举控告"),
    (Restricted::Sensitive, "敏感内容"),
    (Restricted::ByHand, "人工设定"),
];
/// Accounts at most.
const MOST: usize = 200;
/// Longest name of an account.
const LONGEST: usize = 64;

/// Accounts by name, and to which kinds of restricted letters each is let in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lists(BTreeMap<String, BTreeSet<Restricted>>);

/// A line that is none, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine(pub usize);

impl Lists {
    /// Whether this account is let in to letters restricted for that.
    pub fn let_in(&self, user: &str, why: Restricted) -> bool {
        why != Restricted::Secret && self.0.get(user).is_some_and(|kinds| kinds.contains(&why))
    }

    /// The table.
    pub fn written(&self) -> String {
        let mut text = format!("{HEAD},可查阅的限制信\n");
        for (user, kinds) in &self.0 {
            text += &format!("{user},{}\n", words(kinds));
        }
        text
    }

    /// The lists of a table.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parsed(text: &str) -> Result<Self, BadLine> {
        let mut lists = Self::default();
        for (at, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let bad = BadLine(at);
            let (user, kinds) = line.split_once([',', '，', '\t']).unwrap_or((line, ""));
            let (user, kinds) = (user.trim(), kinds.trim());
            if user.is_empty() && kinds.is_empty() || user == HEAD {
                continue;
            }
            let is_name = !user.is_empty()
                && user.chars().count() <= LONGEST
                && !user.chars().any(|c| c.is_control() || c.is_whitespace());
            let kinds = kinds
                .split(['、', ';', '；', ' ', '，', ','])
                .filter(|word| !word.is_empty());
            let kinds: Option<BTreeSet<Restricted>> = kinds.map(kind).collect();
            let kinds = kinds
                .filter(|kinds| is_name && !kinds.is_empty())
                .ok_or(bad)?;
            if lists.0.len() >= MOST || lists.0.insert(user.to_owned(), kinds).is_some() {
                return Err(bad);
            }
        }
        Ok(lists)
    }

    /// Who comes, goes and changes: name, before, after.
    pub fn changes_to(&self, new: &Self) -> Vec<(String, Option<String>, Option<String>)> {
        let told = |lists: &Self, user: &String| lists.0.get(user).map(words);
        let users: BTreeSet<&String> = self.0.keys().chain(new.0.keys()).collect();
        users
            .into_iter()
            .map(|user| (user.clone(), told(self, user), told(new, user)))
            .filter(|(_, before, after)| before != after)
            .collect()
    }

    /// Whether these let somebody in to what he was not let in to before.
    pub fn lets_in_more_than(&self, before: &Self) -> bool {
        let mut all = self
            .0
            .iter()
            .flat_map(|(user, kinds)| kinds.iter().map(move |kind| (user, *kind)));
        all.any(|(user, kind)| !before.let_in(user, kind))
    }
}

fn kind(word: &str) -> Option<Restricted> {
    KINDS
        .iter()
        .find(|(_, known)| *known == word)
        .map(|(kind, _)| *kind)
}

fn words(kinds: &BTreeSet<Restricted>) -> String {
    let named = KINDS.iter().filter(|(kind, _)| kinds.contains(kind));
    named.map(|(_, word)| *word).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_comes_back_and_lets_in_to_what_it_says() {
        let lists =
            Lists::parsed("账号,可查阅的限制信\nzhang,检举控告、敏感内容\n\nli，人工设定\n")
                .unwrap();
        assert_eq!(Lists::parsed(&lists.written()), Ok(lists.clone()));
        assert!(
            lists.let_in("zhang", Restricted::Accusation)
                && lists.let_in("zhang", Restricted::Sensitive)
        );
        assert!(lists.let_in("li", Restricted::ByHand));
        for (user, why) in [
            ("zhang", Restricted::ByHand),
            ("li", Restricted::Accusation),
            ("wang", Restricted::ByHand),
        ] {
            assert!(!lists.let_in(user, why), "{user} {why:?}");
        }
        for user in ["zhang", "li"] {
            assert!(!lists.let_in(user, Restricted::Secret));
        }
    }

    #[test]
    fn a_secret_mark_is_on_no_list_and_a_broken_line_is_named() {
        for bad in [
            "zhang,密级标志",
            "zhang",
            "zhang,",
            ",检举控告",
            "zhang wang,检举控告",
            "a,检举控告\na,敏感内容",
        ] {
            assert!(Lists::parsed(bad).is_err(), "{bad}");
        }
        assert_eq!(Lists::parsed("a,敏感内容\n\nb,秘密"), Err(BadLine(3)));
    }

    #[test]
    fn only_what_lets_somebody_in_opens_anything() {
        let of = |text: &str| Lists::parsed(text).unwrap();
        let (none, one, both) = (of(""), of("a,敏感内容"), of("a,敏感内容、检举控告"));
        assert!(one.lets_in_more_than(&none) && both.lets_in_more_than(&one));
        assert!(
            !none.lets_in_more_than(&both)
                && !one.lets_in_more_than(&both)
                && !one.lets_in_more_than(&one)
        );
        let changes = one.changes_to(&both);
        assert_eq!(
            changes,
            [(
                "a".into(),
                Some("敏感内容".into()),
                Some("检举控告、敏感内容".into())
            )]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_lists_or_one_bad_line(text in "[a-c,，、\n检举控告敏感内容 \t]{0,60}") {
            if let Ok(lists) = Lists::parsed(&text) {
                prop_assert_eq!(Lists::parsed(&lists.written()), Ok(lists));
            }
        }
    }
}
