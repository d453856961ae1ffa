//! Due dates: which days, from which event, on which basis (requirements G).
//!
//! Only clocks that start when the letter reached the office are computed; the others need to know of acceptance or transfer,
//! and that is the case system's. Days off and make-up days are data; a year without them counts weekends only and says so.

use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize};

use super::draft::{Deadline, DeadlineToCome, Fields};
use super::field::Source;

mod calendar;
mod changes;

pub use calendar::{Holidays, TableFault, Year};
pub use changes::{Differing, differing};

use calendar::Day;

/// A set of deadlines, as `config/deadlines/*.toml` has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub profile: String,
    /// The deadlines.
    #[serde(default)]
    pub deadline: Vec<Rule>,
    /// Days off and make-up working days: a file of its own, the same for every profile.
    #[serde(skip)]
    pub holidays: Holidays,
}

/// One deadline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What is due.
    pub name: String,
    /// Where the rule stands.
    pub basis: String,
    /// What starts the clock.
    pub start: Start,
    /// How many days; the day of the start does not count.
    #[serde(deserialize_with = "countable")]
    pub days: u32,
    /// Which days count.
    pub unit: Unit,
    /// Longest extension, in the same unit.
    #[serde(default, deserialize_with = "countable_if_any")]
    pub extend_days: Option<u32>,
    /// Letters it does not apply to.
    #[serde(default)]
    pub not_for: Vec<Exception>,
}

/// Ten years: no deadline is longer, and working days are counted one by one.
const MOST_DAYS: u32 = 3_660;

fn countable<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let days = u32::deserialize(from)?;
    let too_many = || D::Error::custom(format!("at most {MOST_DAYS} days are"));
    (days <= MOST_DAYS).then_some(days).ok_or_else(too_many)
}

fn countable_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let Some(days) = Option::<u32>::deserialize(from)? else {
        return Ok(None);
    };
    countable(days.into_deserializer()).map(Some)
}

/// What starts a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The letter reached the office.
    Received,
    /// The matter was accepted.
    Accepted,
    /// The draft was registered.
    Registered,
    /// The matter was transferred.
    Transferred,
}

/// Which days count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Every day.
    Calendar,
    /// Days offices work on.
    Working,
}

/// A kind of letter a deadline does not apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// No name.
    NameUnclear,
    /// No address one could write to.
    AddressUnclear,
    /// Neither.
    AnonymousAndAddressUnclear,
}

/// What is added to the basis where the yearly table is missing.
pub(crate) const WEEKENDS_ONLY: &str = "（未计法定节假日）";

impl Profile {
    /// The due dates of a letter received on a day (`YYYY-MM-DD`); none for a day that is none.
    pub fn due(&self, received: &str, fields: &Fields) -> Vec<Deadline> {
        let Some(start) = Day::parse(received) else {
            return Vec::new();
        };
        let rules = self
            .deadline
            .iter()
            .filter(|r| r.start == Start::Received && !r.excepts(fields));
        rules
            .map(|rule| {
                let due = match rule.unit {
                    Unit::Calendar => start.plus(rule.days),
                    Unit::Working => self.holidays.working_days_after(start, rule.days),
                };
                let due_text = due.to_string();
                let untold = rule.unit == Unit::Working && !self.holidays.cover(start, due);
                let basis = if untold {
                    format!("{}{WEEKENDS_ONLY}", rule.basis)
                } else {
                    rule.basis.clone()
                };
                Deadline {
                    name: rule.name.clone(),
                    due: due_text,
                    basis,
                }
            })
            .collect()
    }

    /// No deadline that the receipt starts has fewer days.
    pub fn fewest_days(&self) -> u32 {
        let rules = self.deadline.iter();
        let of_receipt = rules.filter(|rule| rule.start == Start::Received);
        of_receipt.map(|rule| rule.days).min().unwrap_or(0)
    }

    /// The deadlines whose clock starts later, at an event of the case system; never one that does not apply to the letter.
    pub fn to_come(&self, fields: &Fields) -> Vec<DeadlineToCome> {
        let rules = self
            .deadline
            .iter()
            .filter(|r| r.start != Start::Received && !r.excepts(fields));
        rules
            .map(|rule| DeadlineToCome {
                name: rule.name.clone(),
                start: rule.start,
                days: rule.days,
                unit: rule.unit,
                extend_days: rule.extend_days,
                basis: rule.basis.clone(),
            })
            .collect()
    }

    /// The first year without a table that a deadline in working days reaches whose clock starts on `today`; also next year from
    /// November on, when its arrangement is published. `None` for a day that is none.
    pub fn table_wanting(&self, today: &str) -> Option<i64> {
        let from = Day::parse(today)?;
        let working = self.deadline.iter().filter(|r| r.unit == Unit::Working);
        let last = working.map(|r| {
            let days = r.days + r.extend_days.unwrap_or(0);
            self.holidays.working_days_after(from, days).year()
        });
        let published = from.year() + i64::from(from.month() >= PUBLISHED_IN);
        let last = last.max().unwrap_or(from.year()).max(published);
        (from.year()..=last).find(|year| !self.holidays.knows(*year))
    }
}

/// The State Council's office publishes next year's days off in November.
const PUBLISHED_IN: i64 = 11;

impl Rule {
    fn excepts(&self, fields: &Fields) -> bool {
        let nameless = fields.anonymous.value || fields.sender_name.value.is_none();
        let homeless =
            fields.address.value.is_none() || fields.address.source == Source::EnvelopePostmark;
        self.not_for.iter().any(|exception| match exception {
            Exception::NameUnclear => nameless,
            Exception::AddressUnclear => homeless,
            Exception::AnonymousAndAddressUnclear => nameless && homeless,
        })
    }
}

#[cfg(test)]
mod shipped;

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(unit: Unit, days: u32) -> Profile {
        let rule = Rule {
            name: "登记".into(),
            basis: "第二十二条".into(),
            start: Start::Received,
            days,
            unit,
            extend_days: None,
            not_for: vec![Exception::AnonymousAndAddressUnclear],
        };
        Profile {
            profile: "test".into(),
            deadline: vec![rule],
            holidays: Holidays::default(),
        }
    }

    fn named() -> Fields {
        let mut fields = Fields::default();
        fields.sender_name.value = Some("汪小满".into());
        fields
    }

    #[test]
    fn fifteen_days_from_receipt_cross_the_leap_day() {
        assert_eq!(
            profile(Unit::Calendar, 15).due("2024-02-20", &named())[0].due,
            "2024-03-06"
        );
    }

    fn year(year: i64, off: &[&str], worked: &[&str]) -> Year {
        let owned = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect();
        Year {
            year,
            source: String::new(),
            off: owned(off),
            worked: owned(worked),
        }
    }

    /// Four thousand million of them were counted one by one, while everything else waited.
    #[test]
    fn a_deadline_of_more_days_than_anybody_counts_is_refused() {
        let profile = |days: u32, more: u32| {
            toml::from_str::<Profile>(&format!(
                "profile = \"x\"\n[[deadline]]\nname = \"n\"\nbasis = \"b\"\nstart = \"received\"\nunit = \"working\"\ndays = {days}\nextend_days = {more}\n"
            ))
        };
        let longest = profile(3_660, 3_660).unwrap();
        assert_eq!(longest.due("2026-03-02", &named()).len(), 1);
        for (days, more) in [(3_661, 0), (15, u32::MAX)] {
            let refused = profile(days, more).unwrap_err().to_string();
            assert!(refused.contains("at most 3660 days are"), "{refused}");
        }
        // As the ledger keeps one.
        let kept = serde_json::to_value(super::tests::profile(Unit::Working, 7)).unwrap();
        assert_eq!(
            serde_json::from_value::<Profile>(kept).unwrap().deadline[0].extend_days,
            None
        );
    }

    #[test]
    fn a_day_with_more_digits_than_any_is_none() {
        assert_eq!(Day::parse("9223372036854775807-01-01"), None);
        assert_eq!(Day::parse("2026-9223372036854775807-01"), None);
    }

    #[test]
    fn working_days_skip_weekends_and_holidays_and_count_make_up_days() {
        let mut profile = profile(Unit::Working, 7);
        // Friday 2025-09-26; the 28th (a Sunday) was worked, 1–8 October were off.
        let off: Vec<String> = (1..=8).map(|d| format!("2025-10-{d:02}")).collect();
        let off: Vec<&str> = off.iter().map(String::as_str).collect();
        profile.holidays.year = vec![year(2025, &off, &["2025-09-28", "2025-10-11"])];
        let due = &profile.due("2025-09-26", &named())[0];
        assert_eq!(due.due, "2025-10-13");
        assert_eq!(due.basis, "第二十二条");
    }

    #[test]
    fn a_deadline_that_runs_into_a_year_without_table_says_so() {
        let mut profile = profile(Unit::Working, 7);
        profile.holidays.year = vec![year(2026, &["2026-10-01"], &[])];
        let basis = |profile: &Profile, day: &str| profile.due(day, &named())[0].basis.clone();
        assert_eq!(basis(&profile, "2026-12-18"), "第二十二条");
        assert!(basis(&profile, "2026-12-28").ends_with(WEEKENDS_ONLY));
        profile.holidays.year.push(year(2027, &["2027-01-01"], &[]));
        assert_eq!(basis(&profile, "2026-12-28"), "第二十二条");
    }

    #[test]
    fn the_check_wants_a_table_before_a_deadline_needs_it() {
        let mut profile = profile(Unit::Working, 7);
        profile.holidays.year = vec![year(2026, &["2026-10-01"], &[])];
        assert_eq!(profile.table_wanting("2026-10-31"), None);
        // Published in November: asked for two months before the first letter needs it.
        assert_eq!(profile.table_wanting("2026-11-01"), Some(2027));
        assert_eq!(profile.table_wanting("2027-01-04"), Some(2027));
        // A long deadline reaches next year before November.
        profile.deadline[0].days = 60;
        assert_eq!(profile.table_wanting("2026-10-20"), Some(2027));
        // Calendar days need no table but for the year that is published.
        profile.deadline[0].unit = Unit::Calendar;
        assert_eq!(profile.table_wanting("2026-10-20"), None);
        assert_eq!(profile.table_wanting("none"), None);
    }

    #[test]
    fn a_year_without_table_says_so() {
        assert!(
            profile(Unit::Working, 7).due("2025-09-26", &named())[0]
                .basis
                .ends_with(WEEKENDS_ONLY)
        );
    }

    #[test]
    fn not_for_anonymous_letters_without_address() {
        assert!(
            profile(Unit::Calendar, 7)
                .due("2025-09-26", &Fields::default())
                .is_empty()
        );
    }

    #[test]
    fn a_day_that_is_none_has_no_deadline() {
        assert!(
            profile(Unit::Calendar, 7)
                .due("2025-02-30", &named())
                .is_empty()
        );
        assert!(profile(Unit::Calendar, 7).due("", &named()).is_empty());
    }
}
