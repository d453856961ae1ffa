//! Days: which exist, which are worked, how to count them. The yearly table is data (`config/holidays.toml`).

use serde::{Deserialize, Serialize};

/// The yearly tables, as `config/holidays.toml` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// One a year.
    #[serde(default)]
    pub year: Vec<Year>,
}

/// One year: days off that nobody works, and weekend days that are worked, `YYYY-MM-DD`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Year {
    /// The year.
    pub year: i64,
    /// The published arrangement.
    #[serde(default)]
    pub source: String,
    /// Days off.
    #[serde(default)]
    pub off: Vec<String>,
    /// Make-up working days.
    #[serde(default)]
    pub worked: Vec<String>,
}

/// A mistake in a yearly table: due dates would be counted wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// A day that does not exist or is not of that year.
    #[error("{day:?} is no day of {year}, written YYYY-MM-DD")]
    NoSuchDay {
        /// The table.
        year: i64,
        /// What it says.
        day: String,
    },
    /// A make-up day that is no weekend.
    #[error("{day} is listed as worked but is no Saturday or Sunday")]
    NoWeekend {
        /// The day.
        day: String,
    },
    /// Off and worked at once.
    #[error("{day} is listed as off and as worked")]
    Both {
        /// The day.
        day: String,
    },
    /// A year twice.
    #[error("{year} has two tables")]
    Twice {
        /// The year.
        year: i64,
    },
}

impl Holidays {
    /// What is wrong with the tables; nobody would notice a wrong due date.
    pub fn faults(&self) -> Vec<TableFault> {
        let mut faults = Vec::new();
        for (at, table) in self.year.iter().enumerate() {
            let year = table.year;
            if self.year[..at].iter().any(|earlier| earlier.year == year) {
                faults.push(TableFault::Twice { year });
            }
            for day in table.off.iter().chain(&table.worked) {
                if Day::parse(day).is_none_or(|d| d.year() != year) {
                    let day = day.clone();
                    faults.push(TableFault::NoSuchDay { year, day });
                }
            }
            for day in &table.worked {
                if table.off.contains(day) {
                    faults.push(TableFault::Both { day: day.clone() });
                } else if Day::parse(day).is_some_and(|d| d.weekday() < SATURDAY) {
                    faults.push(TableFault::NoWeekend { day: day.clone() });
                }
            }
        }
        faults
    }

    /// Whether there is a table of that year.
    pub fn knows(&self, year: i64) -> bool {
        self.year.iter().any(|table| table.year == year)
    }

    /// The last year that has a table.
    pub fn last_year(&self) -> Option<i64> {
        self.year.iter().map(|table| table.year).max()
    }

    /// Whether every year from one day to another has its table.
    pub(super) fn cover(&self, from: Day, to: Day) -> bool {
        (from.year()..=to.year()).all(|year| self.knows(year))
    }

    /// Whether offices work on that day.
    pub(super) fn worked(&self, day: Day) -> bool {
        let text = day.to_string();
        let tables = || self.year.iter().filter(|table| table.year == day.year());
        let off = tables().any(|table| table.off.contains(&text));
        let made_up = tables().any(|table| table.worked.contains(&text));
        !off && (day.weekday() < SATURDAY || made_up)
    }

    /// The `days`th working day after `start`.
    pub(super) fn working_days_after(&self, start: Day, days: u32) -> Day {
        let (mut day, mut left) = (start, days);
        while left > 0 {
            day = day.plus(1);
            left -= u32::from(self.worked(day));
        }
        day
    }
}

/// As [`Day::weekday`] counts.
const SATURDAY: i64 = 5;

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i64);

impl Day {
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Longer numbers are no days, and nothing to count with.
        if text.len() != 10 {
            return None;
        }
        let mut parts = text.split('-').map(|p| p.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let found = Self::of(year, month, day);
        // A day that does not exist comes back as another one.
        (found.to_string() == text).then_some(found)
    }

    fn of(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    pub(super) fn plus(self, days: u32) -> Self {
        Self(self.0 + i64::from(days))
    }

    /// 0 is Monday.
    fn weekday(self) -> i64 {
        (self.0 + 3).rem_euclid(7)
    }

    pub(super) fn year(self) -> i64 {
        self.civil().0
    }

    pub(super) fn month(self) -> i64 {
        self.civil().1
    }

    fn civil(self) -> (i64, i64, i64) {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let (day, month) = (
            of_year - (153 * shifted + 2) / 5 + 1,
            (shifted + 2) % 12 + 1,
        );
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shipped() -> Holidays {
        toml::from_str(include_str!("../../../config/holidays.toml")).expect("the table parses")
    }

    #[test]
    fn the_shipped_tables_are_sound_and_those_of_the_state_council() {
        let table = shipped();
        assert_eq!(table.faults(), []);
        let worked = |day: &str| table.worked(Day::parse(day).expect("a day"));
        // Spring Festival 2026 was 15 to 23 February; the Saturdays before and after were worked.
        assert!(worked("2026-02-14") && worked("2026-02-28") && worked("2026-02-24"));
        assert!(!worked("2026-02-15") && !worked("2026-02-23"));
        // National Day 2025 lasted eight days; 28 September and 11 October were worked.
        assert!(worked("2025-09-28") && !worked("2025-10-08") && worked("2025-10-11"));
    }

    #[test]
    fn a_mistake_in_a_table_is_named() {
        let table: Holidays = toml::from_str(
            "[[year]]\nyear = 2026\noff = [\"2026-02-30\", \"2025-01-01\", \"2026-02-14\"]
             worked = [\"2026-02-14\", \"2026-02-16\"]\n[[year]]\nyear = 2026\n",
        )
        .expect("it parses");
        let told: Vec<String> = table.faults().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told[0].contains("2026-02-30") && told[1].contains("2025-01-01"));
        assert!(told[2].contains("2026-02-14 is listed as off and as worked"));
        assert!(told[3].contains("2026-02-16 is listed as worked but is no Saturday"));
    }

    proptest! {
        #[test]
        fn a_working_day_deadline_ends_on_a_working_day_with_exactly_so_many_between(
            from in 19_358_i64..20_800, days in 1_u32..70, with_table in any::<bool>()
        ) {
            let table = if with_table { shipped() } else { Holidays::default() };
            let start = Day(from);
            let due = table.working_days_after(start, days);
            prop_assert!(table.worked(due));
            let counted = (1..=due.0 - start.0).filter(|n| table.worked(Day(start.0 + n))).count();
            prop_assert_eq!(counted, days as usize);
            // A later start is never due earlier.
            prop_assert!(table.working_days_after(start.plus(1), days) >= due);
        }

        #[test]
        fn every_day_is_written_and_read_back(days in -200_000_i64..200_000) {
            let day = Day(days);
            prop_assert_eq!(Day::parse(&day.to_string()), Some(day));
            prop_assert!((0..7).contains(&day.weekday()));
        }
    }
}
