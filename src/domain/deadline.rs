//! Due dates: which days, from which event, on which basis (requirements G).
//!
//! Only clocks that start when the letter reached the office are computed; the others need to know of acceptance or transfer,
//! and that is the case system's. Days off and make-up days are data; a year without them counts weekends only and says so.

use serde::{Deserialize, Serialize};

use super::draft::{Deadline, Fields};
use super::field::Source;

/// A set of deadlines, as `config/deadlines/*.toml` has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub profile: String,
    /// The deadlines.
    #[serde(default)]
    pub deadline: Vec<Rule>,
    /// Days off and make-up working days.
    #[serde(default)]
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
    pub days: u32,
    /// Which days count.
    pub unit: Unit,
    /// Longest extension, in the same unit.
    #[serde(default)]
    pub extend_days: Option<u32>,
    /// Letters it does not apply to.
    #[serde(default)]
    pub not_for: Vec<Exception>,
}

/// What starts a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// The yearly table: days off that are no weekend, and weekend days that are worked, `YYYY-MM-DD`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// Days off.
    #[serde(default)]
    pub off: Vec<String>,
    /// Make-up working days.
    #[serde(default)]
    pub worked: Vec<String>,
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
                let untold = rule.unit == Unit::Working && !self.holidays.covers(&due_text);
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
}

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

impl Holidays {
    fn covers(&self, day: &str) -> bool {
        let year = &day[..4.min(day.len())];
        self.off.iter().any(|d| d.starts_with(year))
    }

    fn worked(&self, day: Day) -> bool {
        let text = day.to_string();
        let weekend = day.weekday() >= 5;
        !self.off.contains(&text) && (!weekend || self.worked.contains(&text))
    }

    fn working_days_after(&self, start: Day, days: u32) -> Day {
        let (mut day, mut left) = (start, days);
        while left > 0 {
            day = day.plus(1);
            left -= u32::from(self.worked(day));
        }
        day
    }
}

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Day(i64);

impl Day {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(|p| p.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let found = Self::of(year, month, day);
        // A day that does not exist comes back as another one.
        (text.len() == 10 && found.to_string() == text).then_some(found)
    }

    fn of(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    fn plus(self, days: u32) -> Self {
        Self(self.0 + i64::from(days))
    }

    /// 0 is Monday.
    fn weekday(self) -> i64 {
        (self.0 + 3).rem_euclid(7)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let (day, month) = (
            of_year - (153 * shifted + 2) / 5 + 1,
            (shifted + 2) % 12 + 1,
        );
        write!(
            f,
            "{:04}-{month:02}-{day:02}",
            year + era * 400 + i64::from(month <= 2)
        )
    }
}

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

    #[test]
    fn working_days_skip_weekends_and_holidays_and_count_make_up_days() {
        let mut profile = profile(Unit::Working, 7);
        // Friday 2025-09-26; the 28th (a Sunday) was worked, 1–8 October were off.
        profile.holidays.off = (1..=8).map(|d| format!("2025-10-{d:02}")).collect();
        profile.holidays.worked = vec!["2025-09-28".into(), "2025-10-11".into()];
        let due = &profile.due("2025-09-26", &named())[0];
        assert_eq!(due.due, "2025-10-13");
        assert_eq!(due.basis, "第二十二条");
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
