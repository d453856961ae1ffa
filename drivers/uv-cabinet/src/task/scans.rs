//! What the controller's scan counter does: a living program counts on, one that has started anew falls back, and a value that only
//! goes to and fro proves nothing, even where the polls keep step with it and mostly see it stand still.

use std::time::{Duration, Instant};

use crate::{Missing, PointSpec};

/// After a longer pause a quick counter may have come round, and nothing can be said.
const JUDGED_WITHIN: Duration = Duration::from_secs(10);
/// So often in a row it has to count on after it fell or stood still, before the controller is believed again.
const BELIEVED_AFTER: u8 = 3;

#[derive(Debug, Default)]
pub(super) struct Scans {
    last: Option<(u32, Instant)>,
    /// What it did last that no living program does.
    doubt: Option<Missing>,
    counted_on: u8,
}

/// With how many values the counter begins again by itself.
pub(super) fn comes_round_after(spec: &PointSpec) -> u64 {
    ((spec.max / spec.scale) as u64).saturating_add(1)
}

impl Scans {
    /// Why the controller is not believed now, by this value of its counter; `still` where it has not changed for too long.
    pub(super) fn note(
        &mut self,
        now: u32,
        at: Instant,
        round: u64,
        still: Option<Missing>,
    ) -> Option<Missing> {
        let last = self.last.replace((now, at));
        if let Some((before, read_at)) = last.filter(|(before, _)| *before != now) {
            let onward = (u64::from(now) + round).saturating_sub(u64::from(before)) % round;
            let falls = onward > round / 2;
            if falls && at.saturating_duration_since(read_at) <= JUDGED_WITHIN {
                self.doubt(Missing::FellBack { before, now });
            } else {
                self.counted_on = self.counted_on.saturating_add(1);
            }
        }
        if let Some(still) = still {
            self.doubt(still);
        }
        self.doubt.take_if(|_| self.counted_on >= BELIEVED_AFTER);
        self.doubt.clone()
    }

    fn doubt(&mut self, why: Missing) {
        (self.doubt, self.counted_on) = (Some(why), 0);
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
            scans.note(*value, at, round, None).is_none()
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
    fn a_counter_that_stood_still_is_believed_once_it_counts_on() {
        let (mut scans, at) = (Scans::default(), Instant::now());
        let mut note = |value, still: Option<Missing>| scans.note(value, at, 65_536, still);
        let still = Missing::Frozen { for_ms: 600 };
        assert_eq!(note(7, None), None);
        assert_eq!(note(7, Some(still.clone())), Some(still.clone()));
        // One step may be the other half of a toggle that the polls keep step with.
        assert_eq!(note(8, None), Some(still.clone()));
        assert_eq!(note(9, None), Some(still));
        assert_eq!(note(10, None), None);
    }

    #[test]
    fn after_a_long_silence_nothing_is_said_of_a_counter() {
        let (mut scans, at) = (Scans::default(), Instant::now());
        assert_eq!(scans.note(60_000, at, 65_536, None), None);
        let later = at + Duration::from_secs(60);
        assert_eq!(scans.note(5, later, 65_536, None), None);
    }
}
