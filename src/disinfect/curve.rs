//! The dose curve of the running cycle: about one sample a second, kept here and handed to the store in batches. Nobody
//! waits for that: a slow disk costs the picture, never a heartbeat.

use super::record::End;
use super::task::Supervisor;
use crate::domain::cycle::{Cycle, Seen, Step};
use crate::store::{CycleSample, Queued, Store};

/// From one sample to the next.
const EVERY_MS: u64 = 1_000;
/// Samples of one batch: so few that the picture on the cabinet's page grows while one looks at it.
const BATCH: usize = 2;
/// Samples kept at most while the store takes none; the oldest go first.
const KEPT: usize = 7_200;

/// What of the curve is not in the store yet.
#[derive(Default)]
pub(super) struct Curve {
    cycle: i64,
    due_ms: u64,
    kept: Vec<CycleSample>,
}

impl Curve {
    fn add(&mut self, cycle: i64, sample: CycleSample, decides: bool, store: &Store) {
        if self.cycle != cycle {
            *self = Self {
                cycle,
                ..Self::default()
            };
        }
        if sample.at_ms < self.due_ms && !decides {
            return;
        }
        self.due_ms = sample.at_ms + EVERY_MS;
        self.kept.push(sample);
        if self.kept.len() >= BATCH {
            self.hand_over(store);
        }
    }

    /// Hands over what there is, without waiting; it is kept when the store has no room.
    pub(super) fn hand_over(&mut self, store: &Store) {
        if self.kept.is_empty() {
            return;
        }
        let (cycle, samples) = (self.cycle, self.kept.clone());
        let queued = store.later(move |db| {
            if let Err(error) = db.atomically(|db| db.add_cycle_samples(cycle, &samples)) {
                tracing::error!(cycle, %error, "a part of a dose curve was not recorded");
            }
        });
        match queued {
            Queued::Yes => self.kept.clear(),
            Queued::No => {
                let too_many = self.kept.len().saturating_sub(KEPT);
                self.kept.drain(..too_many);
            }
        }
    }
}

impl Supervisor {
    /// Adds what is seen to the curve, while a cycle of this run is going on; what decided that the load is released always, since the
    /// certificate shows it.
    pub(super) fn note_sample(&mut self, next: &Cycle, seen: &Seen) {
        let (step, rules) = (self.cycle.step(), self.cycle.rules());
        let decides = matches!(next.step(), Step::Releasing { .. })
            && !matches!(step, Step::Releasing { .. });
        let Some(record) = &self.record else {
            return;
        };
        // What comes after an alarm may come days later: the picture would show nothing else.
        let counts = step.is_running() && record.end == End::Open;
        let Some(began_ms) = record.began_ms.filter(|_| counts) else {
            return;
        };
        let dose = next.load().exposure().dose_mj_cm2;
        let sample = CycleSample {
            at_ms: seen.at_ms.saturating_sub(began_ms),
            irradiance_mw_cm2: seen.irradiance.ok().map(|sample| sample.mw_cm2),
            dose_mj_cm2: rules.target_dose_mj_cm2().map(|_| dose),
            ozone_mg_m3: seen.ozone_mg_m3.ok(),
        };
        self.curve
            .add(record.cycle, sample, decides, &self.around.store);
    }
}
