//! The time that a folder's files bear themselves: read before a file is done with, held against the release with it, and kept to measure the
//! clock that it comes from. Only what this run has seen counts: after a restart a clock is measured anew.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use super::desk::Desk;
use crate::Chain;
use crate::domain::own_time::{Made, OwnTime, SourceClock};
use crate::store::OwnTimeJudged;

/// Letters that are remembered while their clock is not measured; what is beyond waits for an officer.
const REMEMBERED: usize = 200;

/// What the files of this source have told so far.
#[derive(Debug, Default)]
pub(super) struct OwnTimes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    clock: SourceClock,
    /// Files that seemed to be made before the release, with the time that they bear.
    early: BTreeSet<(String, i64)>,
}

impl OwnTimes {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Of a file that is still there. One whose scan this station began needs none: its load is known.
    pub(super) fn own_time(&self, file: &Path) -> OwnTime {
        let modified = std::fs::metadata(file).and_then(|about| about.modified());
        let since = modified
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_ms = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        OwnTime::of(modified_ms, self.own_times.known().clock.behind_ms())
    }

    /// What came of it. Once the clock is measured, what it explains of earlier files goes on.
    pub(super) fn learn_of_clock(&self, arrival: &str, own: OwnTime, judged: OwnTimeJudged) {
        let Some(made_ms) = own.made_ms else {
            return;
        };
        let explained: Vec<(String, OwnTime)> = {
            let mut known = self.own_times.known();
            known.clock.note(judged.first_seen.0, made_ms);
            if judged.made == Made::Before && known.early.len() < REMEMBERED {
                known.early.insert((arrival.to_owned(), made_ms));
            }
            match known.clock.behind_ms() {
                Some(behind_ms) => {
                    let early = std::mem::take(&mut known.early).into_iter();
                    early
                        .map(|(arrival, made_ms)| {
                            (arrival, OwnTime::of(Some(made_ms), Some(behind_ms)))
                        })
                        .collect()
                }
                None => Vec::new(),
            }
        };
        if explained.is_empty() {
            return;
        }
        let told = self
            .store
            .wait(move |db| db.atomically(|db| db.clock_explains(&explained)));
        if let Err(error) = told {
            tracing::warn!(scanner = self.source, error = %Chain(&error), "letters that only a scanner's clock held stay held for an officer");
        }
    }
}
