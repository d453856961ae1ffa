//! A broker that keeps its clients while nothing that is asked of JetStream through it is answered: its disk is full, or it is cut off from the others.
//! The others may be well, and the client stays for as long as it is kept: here the link leaves such a broker for another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::{ReconnectToServer, Server};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::link::{Link, PART};
use super::streams;
use crate::clock;
use crate::health::Readiness;

/// Between two questions whether JetStream answers.
const EVERY: Duration = Duration::from_secs(2);
/// Where all is well an answer takes no longer.
const ANSWER: Duration = Duration::from_secs(3);
/// A broker through which nothing was answered for so long is left: a leader is chosen within that.
const PATIENCE: Duration = Duration::from_secs(6);
/// Where every one was tried it is not one broker, and nobody runs from one to the other; except from one that says nothing at all.
const REST: Duration = Duration::from_secs(20);
/// JetStream's number for a stream that is not there: who says that is well.
const NO_STREAM: u64 = 10_059;

/// Which of the brokers comes next while one is being left. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Elsewhere {
    is_leaving: Arc<AtomicBool>,
    turn: Arc<AtomicUsize>,
}

impl Elsewhere {
    /// Asked by the client before it connects; nothing: whichever it likes.
    pub(super) fn next(&self, all: &[Server]) -> Option<ReconnectToServer> {
        if all.is_empty() || !self.is_leaving.load(Ordering::Acquire) {
            return None;
        }
        let turn = self.turn.fetch_add(1, Ordering::AcqRel);
        Some(ReconnectToServer {
            addr: all[turn % all.len()].addr.clone(),
            delay: None,
        })
    }
}

/// What came of a question that is asked of JetStream through a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It is well.
    Good,
    /// That it cannot: too few are up, as it sees them.
    Cannot,
    /// Nothing in time, or that nobody is there.
    None,
}

/// What is known of the broker that the link is at.
#[derive(Debug, Default)]
struct Watch {
    /// Since when nothing good was answered.
    since: Option<Instant>,
    /// Brokers left since one answered.
    left: Vec<String>,
    /// Each of them was.
    is_round: bool,
}

impl Watch {
    /// What is amiss, by its code and in words. One broker's disk is named only where that one is silent and others were not: a broker that answers that it
    /// cannot, or none that does, is what a choice of leaders looks like.
    fn told(&self, (broker, all): (&str, usize), answer: Answer) -> (&'static str, String) {
        let next = match all {
            1 => "free its disk or start it again: no other is set",
            _ => "another one is tried",
        };
        match answer {
            Answer::Cannot => (
                "brokers_leaderless",
                format!(
                    "the broker {broker} answers that it can do nothing: too few brokers reach each other, or they are just choosing one that leads. It goes on by itself; where it lasts for minutes, start those that are down and see to the network between them"
                ),
            ),
            _ if all > 1 && self.is_round => (
                "brokers_leaderless",
                format!(
                    "no broker answers what is asked, at last {broker}: too few of them are up or reach each other. It goes on by itself; where it lasts for minutes, start those that are down and see to the network between them"
                ),
            ),
            _ => (
                "broker_ill",
                format!(
                    "the broker {broker} keeps the connection and its JetStream does not answer: it may be starting or cut off from the others, or its disk is full; {next}"
                ),
            ),
        }
    }

    /// That was answered to what was asked at `asked` through this broker, one of so many; whether it is left.
    fn amiss(
        &mut self,
        (broker, all): (&str, usize),
        answer: Answer,
        (asked, now): (Instant, Instant),
    ) -> bool {
        let since = *self.since.get_or_insert(asked);
        let patience = match self.left.iter().any(|left| left == broker) {
            _ if self.left.len() >= all && answer == Answer::Cannot => REST,
            // The same one again, since the turn came to it.
            true if self.left.len() < all => Duration::ZERO,
            _ => PATIENCE,
        };
        let is_left = all > 1 && now.saturating_duration_since(since) >= patience;
        if is_left {
            if self.left.len() >= all {
                self.left.clear();
            }
            self.is_round |= self.left.len() + 1 >= all;
            self.left.push(broker.to_owned());
            self.since = None;
        }
        is_left
    }
}

impl Link {
    /// A stream that everybody may ask for, so that it is its leader who answers and nobody needs one of all brokers.
    async fn asked(&self) -> Answer {
        let question = format!("STREAM.INFO.KV_{}", streams::HEALTH);
        let nothing = json!({});
        let asking = self.jetstream().request::<_, _, Value>(question, &nothing);
        match tokio::time::timeout(ANSWER, asking).await {
            Ok(Ok(told)) if told["error"].is_null() => Answer::Good,
            Ok(Ok(told)) if told["error"]["err_code"] == NO_STREAM => Answer::Good,
            Ok(Ok(_)) => Answer::Cannot,
            Ok(Err(_)) | Err(_) => Answer::None,
        }
    }

    /// Until the stop: leaves a broker through which nothing is answered, and says which one that is.
    pub(super) async fn keep(&self, readiness: &Readiness, stop: &CancellationToken) {
        let (mut watch, mut is_told) = (Watch::default(), false);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if self.client().connection_state() != State::Connected {
                // That is told where it is seen, and another broker is sought already.
                watch.since = None;
                continue;
            }
            let (broker, asked) = (self.client().server_info(), clock::monotonic());
            let answer = self.asked().await;
            if answer == Answer::Good {
                watch = Watch::default();
                self.elsewhere().is_leaving.store(false, Ordering::Release);
                if std::mem::take(&mut is_told) {
                    readiness.ready(PART);
                }
                continue;
            }
            let name = &broker.server_name;
            let all = self.client().server_pool().await.map_or(1, |all| all.len());
            let (code, why) = watch.told((name.as_str(), all), answer);
            readiness.not_ready(PART, code, &why);
            is_told = true;
            let times = (asked, clock::monotonic());
            if watch.amiss((&broker.server_id, all), answer, times) {
                tracing::warn!(broker = name, "left for another broker");
                self.elsewhere().is_leaving.store(true, Ordering::Release);
                // It fails only where the client has ended.
                let _ = self.client().force_reconnect().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked in one second, answered in another: whether the broker is left.
    fn seen(watch: &mut Watch, broker: (&str, usize), answer: Answer, seconds: [u64; 2]) -> bool {
        // One beginning for all.
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        let [asked, now] = seconds.map(|after| *START + Duration::from_secs(after));
        watch.amiss(broker, answer, (asked, now))
    }

    #[test]
    fn a_broker_that_cannot_is_left_after_a_while_and_each_is_tried_once() {
        let mut watch = Watch::default();
        let mut cannot = |broker, seconds| seen(&mut watch, (broker, 3), Answer::Cannot, seconds);
        assert!(!cannot("a", [0, 0]));
        assert!(!cannot("a", [5, 5]));
        assert!(cannot("a", [7, 7]));
        assert!(cannot("a", [9, 9]), "the turn came to it again");
        assert!(!cannot("b", [11, 11]));
        assert!(cannot("b", [17, 17]));
        // So many times it was not the broker.
        assert!(!cannot("c", [20, 20]));
        assert!(!cannot("c", [39, 39]));
        assert!(cannot("c", [40, 40]));
        assert!(!cannot("a", [42, 42]), "and from the beginning");
    }

    #[test]
    fn nobody_stays_at_a_broker_that_says_nothing() {
        let mut watch = Watch::default();
        let mut at = |broker, answer, seconds| seen(&mut watch, (broker, 2), answer, seconds);
        assert!(!at("a", Answer::None, [0, 3]));
        assert!(at("a", Answer::None, [5, 8]));
        assert!(!at("b", Answer::Cannot, [9, 9]));
        assert!(at("b", Answer::Cannot, [15, 15]));
        assert!(!at("a", Answer::None, [17, 20]));
        assert!(at("a", Answer::None, [22, 25]), "though both were tried");
    }

    /// Where no leader is found for minutes, a full disk was named.
    #[test]
    fn a_full_disk_is_thought_of_only_where_one_broker_alone_is_silent() {
        let mut watch = Watch::default();
        let code = |watch: &Watch, answer| watch.told(("a", 2), answer).0;
        assert_eq!(code(&watch, Answer::None), "broker_ill");
        let (leaderless, why) = watch.told(("a", 2), Answer::Cannot);
        assert!(
            leaderless == "brokers_leaderless" && !why.contains("disk"),
            "{why}"
        );
        assert!(seen(&mut watch, ("a", 2), Answer::None, [0, 8]));
        assert_eq!(
            code(&watch, Answer::None),
            "broker_ill",
            "the other may be well"
        );
        assert!(seen(&mut watch, ("b", 2), Answer::None, [9, 17]));
        assert_eq!(code(&watch, Answer::None), "brokers_leaderless");
        // One by itself has no others to choose a leader with.
        let mut alone = Watch::default();
        assert!(!seen(&mut alone, ("a", 1), Answer::None, [0, 3600]));
        assert_eq!(alone.told(("a", 1), Answer::None).0, "broker_ill");
    }

    #[test]
    fn a_broker_by_itself_is_not_left() {
        let mut watch = Watch::default();
        assert!(!seen(&mut watch, ("a", 1), Answer::None, [0, 3600]));
        assert!(!seen(&mut watch, ("a", 1), Answer::Cannot, [3600, 7200]));
    }
}
