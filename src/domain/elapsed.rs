//! How much time has surely passed since something was recorded, by a clock that jumps, out of what the ledger says of it. What the clock showed is added up
//! from the record on; a jump adds nothing, in whichever direction. Nothing that came before another entry is younger than that.

/// A time server, or whoever sets a clock by his watch, moves it by less.
pub const ALLOWED_MS: i64 = 120_000;
/// How far the clock may run ahead of the one that never jumps, within a run.
pub const AHEAD_MS: i64 = 86_400_000;

/// Whether a clock that jumped to one time, and shows another, was set right again.
pub const fn returned(now_ms: i64, showed_ms: i64) -> bool {
    now_ms + ALLOWED_MS < showed_ms
}

/// What the ledger says of the clock, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It jumped ahead.
    JumpedAhead {
        /// What it should have shown, or showed last.
        last: i64,
        /// What it showed.
        showed: i64,
        /// What it showed at the entry after that, or now; where that is another jump, what that one began at.
        next: i64,
    },
    /// It was behind the latest time on record.
    SetBack {
        /// The latest time on record.
        last: i64,
    },
    /// After it had been behind, the first entry that shows a later time than what was on record.
    Shows {
        /// What it showed.
        at: i64,
    },
    /// A person said that it is right.
    Confirmed {
        /// What it showed then.
        at: i64,
    },
}

/// The time added up so far.
#[derive(Debug, Clone, Copy, Default)]
struct Point {
    passed: i64,
    /// How far jumps moved the clock, all of them together.
    moved: i64,
    /// While the clock was behind: when it shows more than before, the time that went by until then is not all from after this.
    is_behind: bool,
}

/// The time added up, and from where it is counted.
#[derive(Debug, Default)]
struct Reckoning {
    /// The latest time that the clock showed, jumps followed.
    shown: Option<i64>,
    now: Point,
    points: Vec<Point>,
}

impl Reckoning {
    /// Nothing is added while the clock is behind what it showed before.
    fn shows(&mut self, at: i64) {
        let before = self.shown.unwrap_or(at);
        if at <= before {
            self.shown = Some(before);
            return;
        }
        self.shown = Some(at);
        self.now.passed += at - before;
        for point in self.points.iter_mut().filter(|point| point.is_behind) {
            point.passed += at - before;
            point.is_behind = false;
        }
    }

    fn jumps_to(&mut self, at: i64) {
        self.now.moved += at - self.shown.unwrap_or(at);
        self.shown = Some(at);
        self.points
            .iter_mut()
            .for_each(|point| point.is_behind = false);
    }

    fn is_behind(&self, at: i64) -> bool {
        self.shown.is_some_and(|shown| at < shown)
    }

    fn counts_from(&mut self, at: i64) {
        let is_behind = self.shown.is_some_and(|shown| returned(at, shown));
        self.shows(at);
        self.points.push(Point {
            is_behind,
            ..self.now
        });
    }

    fn hears(&mut self, said: Clock) {
        match said {
            Clock::JumpedAhead { last, showed, next } => {
                self.shows(last);
                // Right again before anything else was written, it had not jumped.
                let to = match returned(next, showed) {
                    true => Some(next).filter(|next| next - last > AHEAD_MS),
                    false => Some(showed),
                };
                if let Some(to) = to.filter(|to| !self.is_behind(*to)) {
                    self.jumps_to(to);
                }
            }
            Clock::SetBack { last } => self.shows(last),
            Clock::Confirmed { at } if self.is_behind(at) => self.jumps_to(at),
            Clock::Confirmed { at } | Clock::Shows { at } => self.shows(at),
        }
    }

    /// What of the time since a point passed for sure. A clock that is behind by more than it had jumped ahead was ahead at that point, for all we know.
    fn since(&self, point: &Point) -> i64 {
        self.now.passed - point.passed + (self.now.moved - point.moved).min(0)
    }
}

/// How many milliseconds have passed at least since what stands at `record`, its place in the ledger and what the clock showed. `said` with their places.
pub fn passed_ms(said: &[(i64, Clock)], record: (i64, i64), now: i64) -> i64 {
    let mut reckoning = Reckoning::default();
    let (before, after) = said.split_at(said.partition_point(|(seq, _)| *seq < record.0));
    for (_, said) in before {
        reckoning.hears(*said);
    }
    reckoning.counts_from(record.1);
    for (_, said) in after {
        reckoning.hears(*said);
        if let Clock::Confirmed { at } = said {
            reckoning.counts_from(*at);
        }
    }
    reckoning.shows(now);
    let since = reckoning.points.iter().map(|point| reckoning.since(point));
    since.fold(0, i64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jumped(last: i64, showed: i64) -> Clock {
        followed((last, showed), showed)
    }

    fn followed((last, showed): (i64, i64), next: i64) -> Clock {
        let [last, showed, next] = [last, showed, next].map(|day| day * AHEAD_MS);
        Clock::JumpedAhead { last, showed, next }
    }

    fn set_back(last: i64) -> Clock {
        let last = last * AHEAD_MS;
        Clock::SetBack { last }
    }

    fn confirmed(at: i64) -> Clock {
        let at = at * AHEAD_MS;
        Clock::Confirmed { at }
    }

    /// Days since a record at a place, with the day that the clock showed; now is day 0.
    fn days(said: &[Clock], record: (i64, i64)) -> i64 {
        let said: Vec<_> = (1..)
            .zip(said.iter().copied())
            .map(|(at, said)| (at * 10, said))
            .collect();
        passed_ms(&said, (record.0, record.1 * AHEAD_MS), 0) / AHEAD_MS
    }

    #[test]
    fn what_a_clock_that_ran_behind_wrote_is_not_older_when_it_is_set_right() {
        assert_eq!(days(&[jumped(-400, 0)], (1, -400)), 0, "not confirmed");
        let steps = [jumped(-400, 0), confirmed(0)];
        assert_eq!(days(&steps, (1, -400)), 0);
        assert_eq!(
            days(&steps, (21, 0)),
            0,
            "what comes after it is not touched"
        );
        let two = [jumped(-400, -300), jumped(-300, 0)];
        assert_eq!(days(&two, (1, -400)), 0, "set right in two steps");
        let off = [jumped(-1100, -1000), confirmed(-999)];
        assert_eq!(
            days(&off, (1, -4000)),
            3900,
            "a station that was off for long"
        );
    }

    #[test]
    fn what_a_fast_clock_wrote_counts_from_the_confirmation() {
        let both = [jumped(-10, 800), set_back(801), confirmed(-8)];
        assert_eq!(days(&both, (11, 801)), 8);
        assert_eq!(days(&[set_back(100), confirmed(-8)], (1, 90)), 8);
    }

    #[test]
    fn a_jump_that_is_undone_takes_nothing_off_what_was_recorded_before_however_often() {
        // K1 of the review: done with since 2029, in 2026.
        let once = [jumped(-20, 980), set_back(981), confirmed(-9)];
        assert_eq!(days(&once, (1, -370)), 350 + 1 + 9);
        let moment = [followed((-10, 800), -10)];
        assert_eq!(days(&moment, (1, -20)), 20, "nothing was written meanwhile");
        let many = [
            jumped(-400, 400),
            set_back(401),
            confirmed(-399),
            jumped(-300, 2700),
            set_back(2700),
            confirmed(-300),
            jumped(-200, 2800),
            confirmed(2800),
            set_back(2801),
            confirmed(-199),
        ];
        assert_eq!(days(&many, (1, -500)), 500);
        // The other way round: wrongly behind, and right again.
        let back = [
            set_back(-300),
            confirmed(-700),
            jumped(-690, -290),
            confirmed(-290),
        ];
        assert_eq!(days(&back, (1, -400)), 400);
        assert_eq!(days(&back, (21, -700)), 300, "what the slow clock wrote");
    }

    #[test]
    fn a_clock_that_is_behind_for_a_while_without_a_word_adds_nothing_twice() {
        // Back to -450 at -50, right again by itself at -40: written down as a set-back only.
        assert_eq!(days(&[set_back(-50)], (1, -60)), 60);
        let shows = Clock::Shows { at: -40 * AHEAD_MS };
        assert_eq!(days(&[set_back(-50), shows], (1, -60)), 60);
        // The slow clock ran for ten days: what it wrote at their end is no ten days older.
        assert_eq!(days(&[set_back(-50), shows], (11, -440)), 40);
        assert_eq!(
            days(&[set_back(-50)], (11, -440)),
            0,
            "right again just now"
        );
        let jumped = [
            set_back(-50),
            jumped(-40, 800),
            set_back(800),
            confirmed(-30),
        ];
        assert_eq!(
            days(&jumped, (11, -440)),
            30,
            "of what the run explains as well"
        );
        assert_eq!(days(&[set_back(100)], (1, 90)), 10, "not confirmed yet");
        // Confirmed where it was ahead before: the record is from after that day.
        assert_eq!(days(&[set_back(300), confirmed(-100)], (1, 200)), 100);
    }
}
