//! The time that a page's file bears itself, given by the scanner or its software: whether the page was made before its load was released.
//!
//! When a file was first seen is our own clock's, and the gate goes by it. A page that was scanned before the release and put into the folder
//! after it passes that gate, and only its own time tells. That time may be wrong: a clock is measured by the pages themselves, since one
//! that is off is off by the same for every page, whenever it comes, and pages that were scanned early and copied later are not.

use std::collections::VecDeque;

/// So much earlier than the release a page's own time may be: a clock that nobody sets for a month is off by less, and a file system may count in
/// seconds.
pub const TOLERANCE_MS: i64 = 60_000;
/// Before this (2020-01-01 UTC) it is no time: a clock that begins anew with every power cut, or software that gives none.
const NO_TIME_BEFORE_MS: i64 = 1_577_836_800_000;
/// Pages that a clock is measured by.
const MEASURED_BY: usize = 20;
/// As few as this, and over at least this time: fewer may have been copied together.
const LEAST_PAGES: usize = 8;
const LEAST_SPAN_MS: i64 = 10 * 60_000;
/// So far the middle half of them may lie apart: some files are seen while they are being written, some later than others.
const APART_MS: i64 = 60_000;

/// A file's own time, and how far behind the clock is known to be that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnTime {
    /// `None`: it bears none.
    pub made_ms: Option<i64>,
    /// Less than nought of a clock that is ahead; `None` where that is not measured.
    pub behind_ms: Option<i64>,
}

/// What a page's own time says of the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Made after it.
    After,
    /// Made before it, as far as is known.
    Before,
    /// It says before, and the clock explains it.
    ByAClockThatIsOff,
    /// It says nothing.
    Untimed,
}

impl OwnTime {
    /// A time that can be one.
    #[must_use]
    pub fn of(modified_ms: Option<i64>, behind_ms: Option<i64>) -> Self {
        Self {
            made_ms: modified_ms.filter(|made| *made >= NO_TIME_BEFORE_MS),
            behind_ms,
        }
    }

    /// Against the release of its load.
    #[must_use]
    pub fn against(self, released_ms: i64) -> Made {
        let Some(made_ms) = self.made_ms else {
            return Made::Untimed;
        };
        let is_before = |made_ms: i64| made_ms.saturating_add(TOLERANCE_MS) < released_ms;
        let truly_ms = made_ms.saturating_add(self.behind_ms.unwrap_or(0));
        match (is_before(truly_ms), is_before(made_ms)) {
            (true, _) => Made::Before,
            (false, true) => Made::ByAClockThatIsOff,
            (false, false) => Made::After,
        }
    }
}

/// The clock that one source's files are stamped by, measured by those that came.
#[derive(Debug, Clone, Default)]
pub struct SourceClock {
    /// When a file was first seen, and by how much its own time was earlier.
    pages: VecDeque<(i64, i64)>,
}

impl SourceClock {
    /// One more page.
    pub fn note(&mut self, first_seen_ms: i64, made_ms: i64) {
        let behind_ms = first_seen_ms.saturating_sub(made_ms);
        self.pages.push_back((first_seen_ms, behind_ms));
        if self.pages.len() > MEASURED_BY {
            self.pages.pop_front();
        }
    }

    /// How far behind it is, where its pages agree: they came over some time, each as late as the others.
    #[must_use]
    pub fn behind_ms(&self) -> Option<i64> {
        let seen = self.pages.iter().map(|(seen_ms, _)| *seen_ms);
        let span_ms = seen.clone().max()? - seen.min()?;
        if self.pages.len() < LEAST_PAGES || span_ms < LEAST_SPAN_MS {
            return None;
        }
        let mut behind: Vec<i64> = self.pages.iter().map(|(_, behind_ms)| *behind_ms).collect();
        behind.sort_unstable();
        let (first, last) = (behind[behind.len() / 4], behind[behind.len() * 3 / 4]);
        (last - first <= APART_MS).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NINE: i64 = 1_790_000_000_000;
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn made(made_ms: i64, behind_ms: Option<i64>) -> Made {
        OwnTime::of(Some(made_ms), behind_ms).against(NINE)
    }

    /// A page every minute from the release on, stamped by a clock that is behind by so much.
    fn measured(pages: i64, behind_ms: impl Fn(i64) -> i64) -> Option<i64> {
        let mut clock = SourceClock::default();
        for at in 0..pages {
            let seen_ms = NINE + at * MINUTE;
            clock.note(seen_ms, seen_ms - behind_ms(at));
        }
        clock.behind_ms()
    }

    #[test]
    fn a_page_whose_own_time_is_before_the_release_is_not_made_after_it() {
        assert_eq!(made(NINE + 1, None), Made::After);
        assert_eq!(made(NINE - MINUTE, None), Made::After, "within tolerance");
        assert_eq!(made(NINE - MINUTE - 1, None), Made::Before);
        assert_eq!(OwnTime::of(Some(0), None).against(NINE), Made::Untimed);
        assert_eq!(OwnTime::of(None, None).against(NINE), Made::Untimed);
    }

    #[test]
    fn a_clock_an_hour_behind_is_measured_and_explains_its_pages() {
        let behind = measured(12, |at| HOUR + at % 3 * 1_000);
        assert_eq!(behind, Some(HOUR));
        assert_eq!(made(NINE + 5_000 - HOUR, behind), Made::ByAClockThatIsOff);
        assert_eq!(made(NINE - 10 * MINUTE - HOUR, behind), Made::Before);
    }

    #[test]
    fn a_clock_ahead_hides_nothing_once_it_is_measured() {
        let behind = measured(12, |_| -HOUR);
        assert_eq!(made(NINE - 30 * MINUTE + HOUR, behind), Made::Before);
        assert_eq!(made(NINE + MINUTE + HOUR, behind), Made::After);
    }

    #[test]
    fn pages_copied_together_or_too_few_measure_no_clock() {
        assert_eq!(measured(7, |_| HOUR), None, "too few");
        // Scanned over half an hour, put into the folder within two minutes.
        let mut clock = SourceClock::default();
        for at in 0..20 {
            clock.note(NINE + at * 6_000, NINE - HOUR + at * 90_000);
        }
        assert_eq!(clock.behind_ms(), None);
        // And with a quarter of an hour between them, each as late as the copying made it.
        assert_eq!(measured(16, |at| HOUR - at * 5_000 * 10), None);
        // A stamp that never moves is no clock.
        assert_eq!(measured(20, |at| HOUR + at * MINUTE), None);
    }
}
