//! What the controller's scan counter does: a living program counts on, one that has started anew falls back, and a value that only
//! goes to and fro proves nothing. (That it stands still is noticed as with any other point.)

use std::time::{Duration, Instant};

use crate::{Missing, PointSpec};

/// After a longer pause a quick counter may have come round, and nothing can be said.
const JUDGED_WITHIN: Duration = Duration::from_secs(10);
/// So often in a row it has to count on after it fell, before the controller is believed again.
const BELIEVED_AFTER: u8 = 3;

#[derive(Debug, Default)]
pub(super) struct Scans {
    last: Option<(u32, Instant)>,
    /// From what to what it fell.
    fell: Option<(u32, u32)>,
    counted_on: u8,
}

/// With how many values the counter begins again by itself.
pub(super) fn comes_round_after(spec: &PointSpec) -> u64 {
    ((spec.max / spec.scale) as u64).saturating_add(1)
}

impl Scans {
    /// Why the controller is not believed now, by this value of its counter.
    pub(super) fn note(&mut self, now: u32, at: Instant, round: u64) -> Option<Missing> {
        let last = self.last.replace((now, at));
        if let Some((before, read_at)) = last.filter(|(before, _)| *before != now) {
            let onward = (u64::from(now) + round).saturating_sub(u64::from(before)) % round;
            let falls = onward > round / 2;
            if falls && at.saturating_duration_since(read_at) <= JUDGED_WITHIN {
                (self.fell, self.counted_on) = (Some((before, now)), 0);
            } else {
                self.counted_on = self.counted_on.saturating_add(1);
            }
        }
        self.fell.take_if(|_| self.counted_on >= BELIEVED_AFTER);
        let (before, now) = self.fell?;
        Some(Missing::FellBack { before, now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is believed after each of these values, a poll apart.
    fn believed(values: &[u32], round: u64) -> Vec<bool> {
        let (mut scans, mut at) = (Scans::default(), Instant::now());
        let mut note = |value: &u32| {
            at += Duration::from_millis(100);
            scans.note(*value, at, round).is_none()
        };
        values.iter().map(&mut note).collect()
    }

    #[test]
    fn a_counter_that_comes_round_or_is_read_twice_counts_on() {
        assert!(!believed(&[65_530, 65_535, 3, 3, 40], 65_536).contains(&false));
        assert!(!believed(&[9_995, 4, 17], 10_000).contains(&false));
        // By the profile a bit that changes with every scan.
        assert!(!believed(&[0, 1, 0, 1, 0], 2).contains(&false));
    }

    #[test]
    fn a_counter_that_falls_is_a_controller_that_started_anew_and_is_believed_once_it_counts_on() {
        assert_eq!(
            believed(&[5_000, 5_010, 2, 12, 12, 22, 32], 65_536),
            [true, true, false, false, false, false, true]
        );
    }

    #[test]
    fn a_counter_that_goes_to_and_fro_is_never_believed() {
        let believed = believed(&[7, 8, 7, 8, 7, 8, 7, 8, 7, 8], 65_536);
        assert_eq!(believed[..2], [true, true]);
        assert!(!believed[2..].contains(&true));
    }

    #[test]
    fn after_a_long_silence_nothing_is_said_of_a_counter() {
        let (mut scans, at) = (Scans::default(), Instant::now());
        assert_eq!(scans.note(60_000, at, 65_536), None);
        assert_eq!(scans.note(5, at + Duration::from_secs(60), 65_536), None);
    }
}
