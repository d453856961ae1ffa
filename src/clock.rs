//! The only place that asks the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// A moment on the wall clock, in milliseconds since 1970-01-01 UTC; how the store keeps times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    /// RFC 3339 with the machine's zone, to the second.
    pub fn rfc3339(self) -> String {
        self.zoned().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// In the machine's zone.
    pub fn zoned(self) -> jiff::Zoned {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.to_zoned(jiff::tz::TimeZone::system())
    }

    /// The local day, `YYYY-MM-DD`.
    pub fn day(self) -> String {
        self.rfc3339().chars().take(10).collect()
    }

    /// When a local day, `YYYY-MM-DD`, begins and when the next one does.
    pub fn bounds_of_day(day: &str) -> Option<(Self, Self)> {
        let date: jiff::civil::Date = day.parse().ok()?;
        let begins = |date: jiff::civil::Date| {
            let begin = date.to_zoned(jiff::tz::TimeZone::system()).ok()?;
            Some(Self(begin.timestamp().as_millisecond()))
        };
        Some((begins(date)?, begins(date.tomorrow().ok()?)?))
    }

    /// In UTC, fit for a file's name: `20261127T013000Z`.
    pub fn stamp(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// This moment, so many seconds later.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1000)
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|at| Self(at.as_millisecond()))
    }
}

/// How far tests have pushed this process's wall clock.
static PUSHED_MS: AtomicI64 = AtomicI64::new(0);

/// Now, on the wall clock.
pub fn now() -> Millis {
    let system = SystemTime::now();
    let since_1970 = match system.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(LAST_MS),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(0, |ms| -ms),
    };
    let pushed = PUSHED_MS.load(Ordering::Relaxed) + PUSHED_HERE_MS.get();
    Millis((since_1970 + pushed).clamp(0, LAST_MS))
}

/// The last day of the year 9998, UTC: what a clock shows beyond it is no date, and nothing falls over it.
const LAST_MS: i64 = 253_370_678_400_000;

/// Lets this process's wall clock jump, as a time server or an operator may. Only tests do.
#[doc(hidden)]
pub fn jump(by_ms: i64) {
    PUSHED_MS.fetch_add(by_ms, Ordering::Relaxed);
}

thread_local! {
    /// How far tests have pushed the wall clock, as far as this thread can tell.
    static PUSHED_HERE_MS: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}

/// Lets the wall clock jump for this thread alone. Only tests do.
#[doc(hidden)]
pub fn jump_here(by_ms: i64) {
    PUSHED_HERE_MS.set(PUSHED_HERE_MS.get() + by_ms);
}

/// Now, on the clock that never jumps.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// A moment on the clock that never jumps, and how long the machine has slept up to it: that clock stands still meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// On the clock that never jumps.
    pub at: Instant,
    slept: Duration,
}

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self {
            at: monotonic(),
            slept: slept() + SLEPT.get(),
        }
    }

    /// How long ago an earlier moment was, sleep included.
    pub fn since(&self, earlier: &Self) -> Duration {
        let awake = self.at.saturating_duration_since(earlier.at);
        awake + self.slept.saturating_sub(earlier.slept)
    }
}

/// How long this machine has been suspended since it was started.
fn slept() -> Duration {
    let since_boot = |clock| Duration::try_from(rustix::time::clock_gettime(clock));
    let (all, awake) = (
        since_boot(rustix::time::ClockId::Boottime),
        since_boot(rustix::time::ClockId::Monotonic),
    );
    match (all, awake) {
        (Ok(all), Ok(awake)) => all.saturating_sub(awake),
        _ => Duration::ZERO,
    }
}

thread_local! {
    /// How long tests have let the machine sleep, as far as this thread can tell.
    static SLEPT: std::cell::Cell<Duration> = const { std::cell::Cell::new(Duration::ZERO) };
}

/// Lets this thread believe that the machine was suspended. Only tests do.
#[doc(hidden)]
pub fn sleep_through(time: Duration) {
    SLEPT.set(SLEPT.get() + time);
}
