//! What a profile in another one's place changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Profile, Rule, Unit};

/// What stands under a name before and after, where the two differ.
pub type Differing = (String, Option<String>, Option<String>);

/// What of two lists by name differs.
pub fn differing<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = Differing> + use<'a> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let both = names.into_iter().map(|name| {
        (
            name.clone(),
            before.get(name).cloned(),
            after.get(name).cloned(),
        )
    });
    both.filter(|(_, before, after)| before != after)
}

impl Rule {
    /// In the house's words: 15 日（信访工作条例第二十二条）.
    fn told(&self) -> String {
        let days = |days: u32| match self.unit {
            Unit::Calendar => format!("{days} 日"),
            Unit::Working => format!("{days} 个工作日"),
        };
        let more = self
            .extend_days
            .map_or(String::new(), |more| format!("，可延长 {}", days(more)));
        format!("{}{more}（{}）", days(self.days), self.basis)
    }

    /// Calendar days that it comes to at least as often as not: five working days are a week.
    fn length(&self) -> u32 {
        let all = self.days + self.extend_days.unwrap_or(0);
        match self.unit {
            Unit::Calendar => all * 5,
            Unit::Working => all * 7,
        }
    }
}

impl Profile {
    /// The deadlines that come, go and change with another profile, by name.
    pub fn changes_to(&self, new: &Self) -> Vec<Differing> {
        let told = |profile: &Self| -> BTreeMap<String, String> {
            let rules = profile.deadline.iter();
            rules.map(|rule| (rule.name.clone(), rule.told())).collect()
        };
        differing(&told(self), &told(new)).collect()
    }

    /// Whether some deadline of another profile is gone here, longer, or for fewer letters.
    pub fn allows_longer_than(&self, before: &Self) -> bool {
        before.deadline.iter().any(|old| {
            let new = self.deadline.iter().find(|new| new.name == old.name);
            new.is_none_or(|new| {
                let fewer = new.not_for.iter().any(|one| !old.not_for.contains(one));
                fewer || new.start != old.start || new.length() > old.length()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> Profile {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_deadline_that_goes_or_gets_longer_is_told_apart_from_one_that_gets_shorter() {
        let of_2022 = profile(include_str!("../../../config/deadlines/2022.toml"));
        let of_suzhou = profile(include_str!("../../../config/deadlines/sz-2022.toml"));
        let told = of_2022.changes_to(&of_suzhou);
        let gone: Vec<_> = told
            .iter()
            .filter(|(_, _, after)| after.is_none())
            .map(|(name, ..)| name.as_str())
            .collect();
        assert_eq!(gone, ["告知信访人接收情况", "对转送提出异议"]);
        assert!(of_suzhou.allows_longer_than(&of_2022));
        assert_eq!(of_2022.changes_to(&of_2022), []);
        assert!(!of_2022.allows_longer_than(&of_2022));
        let mut shorter = of_2022.clone();
        shorter.deadline[0].days = 10;
        assert!(!shorter.allows_longer_than(&of_2022) && of_2022.allows_longer_than(&shorter));
        let (name, before, after) = of_2022.changes_to(&shorter).remove(0);
        assert_eq!(name, "登记并转送");
        assert_eq!(
            (before.unwrap(), after.unwrap()),
            (
                "15 日（信访工作条例第二十二条）".into(),
                "10 日（信访工作条例第二十二条）".into()
            )
        );
    }
}
