//! Reporting periods (HZ 6.4.3, FK 二(九)): a month may begin on the 26th of the month before; quarters, half-years and years are made of such
//! months.

use serde::{Deserialize, Serialize};

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// 月
    Month,
    /// 季度
    Quarter,
    /// 半年
    HalfYear,
    /// 年
    Year,
}

/// One period: the `n`th of its kind in a year, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Period {
    /// How long.
    pub length: Length,
    /// The year it is counted to.
    pub year: i32,
    /// Which one, from 1.
    pub n: u32,
}

impl Length {
    /// How many there are in a year.
    pub fn in_a_year(self) -> u32 {
        12 / self.months()
    }

    fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::HalfYear => 6,
            Self::Year => 12,
        }
    }
}

impl Period {
    /// The first day and the day after the last, `YYYY-MM-DD`, where a month begins on `first_day`: 1 for the calendar's months, 26 for the
    /// months from the 26th to the 25th. `None` for a period that no year has.
    pub fn bounds(self, first_day: u32) -> Option<(String, String)> {
        let Self { length, year, n } = self;
        let exists = (1..=length.in_a_year()).contains(&n)
            && (1970..=9998).contains(&year)
            && (1..=28).contains(&first_day);
        if !exists {
            return None;
        }
        let first = (n - 1) * length.months() + 1;
        Some((
            begin(year, first, first_day),
            begin(year, first + length.months(), first_day),
        ))
    }

    /// The one before.
    pub fn before(self) -> Self {
        match self.n {
            0 | 1 => Self {
                year: self.year - 1,
                n: self.length.in_a_year(),
                ..self
            },
            n => Self { n: n - 1, ..self },
        }
    }

    /// The one behind.
    pub fn behind(self) -> Self {
        if self.n >= self.length.in_a_year() {
            Self {
                year: self.year + 1,
                n: 1,
                ..self
            }
        } else {
            Self {
                n: self.n + 1,
                ..self
            }
        }
    }

    /// The period of this length that holds a day, given as year, month and day of the month.
    pub fn holding(length: Length, (year, month, day): (i32, u32, u32), first_day: u32) -> Self {
        let next = first_day > 1 && day >= first_day;
        let (year, month) = match (next, month) {
            (true, 12) => (year + 1, 1),
            (true, month) => (year, month + 1),
            (false, month) => (year, month),
        };
        Self {
            length,
            year,
            n: (month - 1) / length.months() + 1,
        }
    }
}

/// The first day of a month, 13 being the next year's first.
fn begin(year: i32, month: u32, first_day: u32) -> String {
    // A month that begins on the 26th begins in the month before.
    let month = if first_day > 1 { month - 1 } else { month };
    let (year, month) = match month {
        0 => (year - 1, 12),
        13 => (year + 1, 1),
        month => (year, month),
    };
    format!("{year:04}-{month:02}-{first_day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(length: Length, n: u32, first_day: u32) -> (String, String) {
        let period = Period {
            length,
            year: 2026,
            n,
        };
        period.bounds(first_day).unwrap()
    }

    fn days(from: &str, until: &str) -> (String, String) {
        (from.into(), until.into())
    }

    #[test]
    fn a_month_is_the_26th_to_the_25th_or_the_calendars() {
        assert_eq!(of(Length::Month, 11, 26), days("2026-10-26", "2026-11-26"));
        assert_eq!(of(Length::Month, 1, 26), days("2025-12-26", "2026-01-26"));
        assert_eq!(of(Length::Month, 12, 26), days("2026-11-26", "2026-12-26"));
        assert_eq!(of(Length::Month, 12, 1), days("2026-12-01", "2027-01-01"));
    }

    #[test]
    fn longer_periods_are_made_of_months() {
        assert_eq!(of(Length::Quarter, 1, 26), days("2025-12-26", "2026-03-26"));
        assert_eq!(
            of(Length::HalfYear, 2, 26),
            days("2026-06-26", "2026-12-26")
        );
        assert_eq!(of(Length::Year, 1, 26), days("2025-12-26", "2026-12-26"));
        assert_eq!(of(Length::Year, 1, 1), days("2026-01-01", "2027-01-01"));
        for first_day in [1, 26] {
            for length in [Length::Month, Length::Quarter, Length::HalfYear] {
                for n in 1..length.in_a_year() {
                    assert_eq!(of(length, n, first_day).1, of(length, n + 1, first_day).0);
                }
                assert_eq!(of(length, 1, first_day).0, of(Length::Year, 1, first_day).0);
                assert_eq!(
                    of(length, length.in_a_year(), first_day).1,
                    of(Length::Year, 1, first_day).1
                );
            }
        }
    }

    #[test]
    fn a_day_lies_in_its_period() {
        let month = |day, first_day| {
            let found = Period::holding(Length::Month, day, first_day);
            (found.year, found.n)
        };
        assert_eq!(month((2026, 11, 25), 26), (2026, 11));
        assert_eq!(month((2026, 11, 26), 26), (2026, 12));
        assert_eq!(month((2026, 12, 26), 26), (2027, 1));
        assert_eq!(month((2026, 12, 31), 1), (2026, 12));
        let quarter = Period::holding(Length::Quarter, (2026, 12, 26), 26);
        assert_eq!((quarter.year, quarter.n), (2027, 1));
        assert_eq!((quarter.before().year, quarter.before().n), (2026, 4));
        assert_eq!(quarter.before().behind(), quarter);
    }

    #[test]
    fn what_no_year_has_is_no_period() {
        for (length, n) in [
            (Length::Month, 0),
            (Length::Month, 13),
            (Length::Quarter, 5),
            (Length::Year, 2),
        ] {
            let period = Period {
                length,
                year: 2026,
                n,
            };
            assert_eq!(period.bounds(26), None);
        }
        let period = Period {
            length: Length::Month,
            year: 99_999,
            n: 1,
        };
        assert_eq!(period.bounds(26), None);
    }
}
