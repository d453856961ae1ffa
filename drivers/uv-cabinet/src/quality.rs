//! How well the link to one cabinet works: counted by the task that owns the connection, looked at by anyone.
//!
//! Counters only grow, from the start of the driver; whoever wants a rate keeps the last look and subtracts. Round trips are
//! those of the last 256 replies, so that two lookers never take each other's figures away.

use std::time::Duration;

use tokio::sync::watch;

use crate::error::{BadReply, LinkError, LinkProblem};

/// What the link has done since the driver started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkQuality {
    /// Requests sent, repeats among them.
    pub requests: u64,
    /// Replies that fitted their request; exceptions are not among them.
    pub replies: u64,
    /// Requests without a whole reply in time.
    pub timeouts: u64,
    /// Replies whose check sum was wrong. Only a serial line has one.
    pub crc_errors: u64,
    /// Modbus exceptions: answers, but not values.
    pub exceptions: u64,
    /// Replies that were whole and not to what was asked, and bytes nobody asked for.
    pub bad_replies: u64,
    /// Connections that were refused, reset or closed by the other side.
    pub losses: u64,
    /// Reads asked a second time after the link was heard out or made anew. Writes never are.
    pub repeats: u64,
    /// Times the line was listened to until it was silent, because a late reply might still have come.
    pub drains: u64,
    /// Connections made after the first one.
    pub reconnects: u64,
    /// What broke the link last; the stable name is its `code()`.
    pub last_problem: Option<LinkProblem>,
    /// Median time from request to reply, over the last 256 replies.
    pub round_trip_p50: Option<Duration>,
    /// Longest of these.
    pub round_trip_max: Option<Duration>,
}

/// Round trips that are kept.
const KEPT: usize = 256;

/// The counters as they are kept; [`LinkQuality`] is the look at them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) counts: LinkQuality,
    round_trips_us: Vec<u32>,
    next: usize,
}

impl Tally {
    pub(crate) fn replied(&mut self, after: Duration) {
        let after_us = u32::try_from(after.as_micros()).unwrap_or(u32::MAX);
        if self.round_trips_us.len() < KEPT {
            self.round_trips_us.push(after_us);
        } else {
            self.round_trips_us[self.next] = after_us;
        }
        self.next = (self.next + 1) % KEPT;
    }

    pub(crate) fn broke(&mut self, error: &LinkError) {
        let counts = &mut self.counts;
        match error {
            // Nothing was tried.
            LinkError::BackingOff | LinkError::LineGone => return,
            // The gateway waited for the reply in our stead.
            LinkError::ReplyTimedOut { .. } | LinkError::Unreached { .. } => counts.timeouts += 1,
            LinkError::BadReply {
                what: BadReply::CheckSum,
            } => counts.crc_errors += 1,
            LinkError::BadReply { .. } => counts.bad_replies += 1,
            LinkError::Connect { .. }
            | LinkError::Port { .. }
            | LinkError::ConnectTimedOut { .. }
            | LinkError::Lost { .. }
            | LinkError::LineBusy { .. } => counts.losses += 1,
        }
        counts.last_problem = Some(error.problem());
    }

    fn look(&self) -> LinkQuality {
        let mut sorted = self.round_trips_us.clone();
        sorted.sort_unstable();
        let time = |us: &u32| Duration::from_micros(u64::from(*us));
        LinkQuality {
            round_trip_p50: sorted.get(sorted.len() / 2).map(time),
            round_trip_max: sorted.last().map(time),
            ..self.counts.clone()
        }
    }
}

/// The looker's end.
#[derive(Debug, Clone)]
pub(crate) struct Gauge(watch::Receiver<Tally>);

/// The owner's end and a looker's.
pub(crate) fn gauge() -> (watch::Sender<Tally>, Gauge) {
    let (counted, seen) = watch::channel(Tally::default());
    (counted, Gauge(seen))
}

impl Gauge {
    pub(crate) fn look(&self) -> LinkQuality {
        self.0.borrow().look()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_those_of_the_last_256_replies() {
        let mut tally = Tally::default();
        assert_eq!(tally.look().round_trip_p50, None);
        tally.replied(Duration::from_secs(9));
        for ms in 1..=256 {
            tally.replied(Duration::from_millis(ms));
        }
        let look = tally.look();
        assert_eq!(look.round_trip_max, Some(Duration::from_millis(256)));
        assert_eq!(look.round_trip_p50, Some(Duration::from_millis(129)));
    }

    #[test]
    fn waiting_for_the_next_try_is_not_a_fault_of_the_line() {
        let mut tally = Tally::default();
        tally.broke(&LinkError::ReplyTimedOut { after_ms: 30 });
        tally.broke(&LinkError::BackingOff);
        let look = tally.look();
        assert_eq!((look.timeouts, look.losses), (1, 0));
        assert_eq!(look.last_problem, Some(LinkProblem::ReplyTimedOut));
    }
}
