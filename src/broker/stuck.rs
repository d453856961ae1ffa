//! A stream that takes nothing while its brokers call themselves well: seen at 2.9 after kills, for good (`stream store EOF`). Another leader mends it;
//! whoever puts something into a stream asks for one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use serde_json::{Value, json};

use super::Link;
use super::fault::BrokerFault;
use crate::{Chain, clock};

/// A stream that has taken nothing for so long is stuck: brokers choose another leader by themselves within a few seconds.
const STUCK: Duration = Duration::from_secs(15);

/// Since when streams have taken nothing. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Untaken(Arc<Mutex<BTreeMap<String, Instant>>>);

impl Untaken {
    /// Notes whether a stream took something; whether it is stuck, which is said once in so long.
    fn note(&self, stream: &str, was_taken: bool, now: Instant) -> bool {
        // Nothing is left half done under it.
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if was_taken {
            since.remove(stream);
            return false;
        }
        let first = *since.entry(stream.to_owned()).or_insert(now);
        let is_stuck = now.saturating_duration_since(first) >= STUCK;
        if is_stuck {
            since.remove(stream);
        }
        is_stuck
    }
}

impl Link {
    /// Waits for something to be in a stream, and sees to it that a stuck one gets another leader.
    pub(super) async fn put<T>(
        &self,
        stream: &str,
        sending: impl Future<Output = Result<T, BrokerFault>>,
    ) -> Result<T, BrokerFault> {
        let sent = sending.await;
        let was_taken = !matches!(sent, Err(BrokerFault::Away(_)));
        self.took(stream, was_taken).await;
        sent
    }

    /// Whether a stream took what was put into it just now. Without a connection nothing is known of it.
    pub(super) async fn took(&self, stream: &str, was_taken: bool) {
        let was_taken = was_taken || self.client().connection_state() != State::Connected;
        if !self.untaken().note(stream, was_taken, clock::monotonic()) {
            return;
        }
        let asked = format!("STREAM.LEADER.STEPDOWN.{stream}");
        // An empty body: brokers of 2.9 call `null` a bad request.
        let told: Result<Value, _> = self.jetstream().request(asked, &json!({})).await;
        let why = match told {
            Ok(told) if told["error"].is_null() => {
                tracing::warn!(
                    stream,
                    "took nothing for a while: the brokers were asked for another leader"
                );
                return;
            }
            Ok(told) => told["error"]["description"].to_string(),
            Err(error) => Chain(&error).to_string(),
        };
        tracing::warn!(
            stream,
            why,
            "took nothing for a while, and no other leader was to be had"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_stuck_once_it_has_taken_nothing_for_a_while_and_others_are_not() {
        let (streams, start) = (Untaken::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        // Twenty at once are one silence.
        assert!((0..20).all(|_| !streams.note("drafts", false, at(0))));
        assert!(!streams.note("drafts", false, at(14)));
        assert!(!streams.note("notices", false, at(16)));
        assert!(streams.note("drafts", false, at(16)));
        assert!(!streams.note("drafts", false, at(17)), "said once");
        assert!(!streams.note("drafts", true, at(30)));
        assert!(!streams.note("drafts", false, at(33)), "it took something");
    }
}
