//! What comes under a station's name and does not open with the key that the settings name for it. It is held at the brokers and looked at again and
//! again; meanwhile the station's part is not ready, whatever else opens, and the station is told once: it sees that its packages went out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Counter;
use crate::broker::package::Answer;
use crate::health::Readiness;
use crate::{Chain, clock};

/// So long after the last one that did not open a station counts as known again: what is held comes every minute, to any of several processes.
const QUIET: Duration = Duration::from_secs(5 * 60);
/// Between two looks whom to tell and what to take back.
const LOOK: Duration = Duration::from_secs(1);

/// The stations of which something did not open, each with when it last happened. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Unopened(Arc<Mutex<BTreeMap<String, Seen>>>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    last: Instant,
    is_told: bool,
}

/// What is to be done about a station.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Do {
    Tell(String),
    TakeBack(String),
}

impl Unopened {
    /// Something of this station did not open.
    fn note(&self, station: &str, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Seen {
            last: now,
            is_told: false,
        };
        seen.entry(station.to_owned()).or_insert(new).last = now;
    }

    fn has(&self, station: &str) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.contains_key(station)
    }

    fn told(&self, station: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.get_mut(station) {
            seen.is_told = true;
        }
    }

    /// What is to be done now; what is taken back is forgotten.
    fn due(&self, now: Instant) -> Vec<Do> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        seen.retain(|station, seen| {
            let is_over = now.saturating_duration_since(seen.last) >= QUIET;
            match (is_over, seen.is_told) {
                (true, _) => due.push(Do::TakeBack(station.clone())),
                (false, false) => due.push(Do::Tell(station.clone())),
                (false, true) => {}
            }
            !is_over
        });
        due
    }

    /// Notes whether what came of a station opened, and says so.
    pub(super) fn came(&self, readiness: &Readiness, station: &str, did_open: bool) {
        let part = format!("station/{station}");
        if did_open {
            if !self.has(station) {
                readiness.ready(&part);
            }
            return;
        }
        self.note(station, clock::monotonic());
        let why = format!(
            "what comes under the name {station} is not sealed with the key that [[station]] names: its key is another by now, or two stations have one name; it is held"
        );
        readiness.not_ready(&part, "station_unknown", &why);
    }
}

/// Task: tells stations of which something does not open, and takes back what was said of them, until `stop`.
pub(super) async fn run(counter: Counter, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        for what in counter.unopened.due(clock::monotonic()) {
            match what {
                Do::Tell(station) => {
                    match counter.tell(&station, &Answer::unreadable(&station)).await {
                        Ok(()) => counter.unopened.told(&station),
                        Err(fault) => {
                            tracing::debug!(fault = %Chain(&fault), "a station cannot be told just now");
                        }
                    }
                }
                Do::TakeBack(station) => counter.readiness.ready(&format!("station/{station}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_told_once_and_is_known_again_some_minutes_after_the_last_that_did_not_open() {
        let (unopened, readiness, start) =
            (Unopened::default(), Readiness::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        unopened.came(&readiness, "desk-a", true);
        assert!(readiness.all_ready() && unopened.due(at(0)).is_empty());
        unopened.came(&readiness, "desk-a", false);
        // The next one opens, a moment later.
        unopened.came(&readiness, "desk-a", true);
        assert!(!readiness.all_ready());
        unopened.note("desk-a", start);
        let tell = vec![Do::Tell("desk-a".into())];
        assert_eq!(unopened.due(at(1)), tell);
        assert_eq!(unopened.due(at(2)), tell, "the brokers were away");
        unopened.told("desk-a");
        unopened.note("desk-a", at(60));
        assert_eq!(unopened.due(at(359)), []);
        assert_eq!(unopened.due(at(360)), [Do::TakeBack("desk-a".into())]);
        assert_eq!(unopened.due(at(361)), []);
        unopened.came(&readiness, "desk-a", true);
        assert!(readiness.all_ready());
    }
}
