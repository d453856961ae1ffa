//! How long a cabinet may go without a look, and how long one look may be held up by orders: a profile whose orders could take longer
//! than that is refused.

use std::time::Duration;

use super::{Profile, check::Place, link::LinkTable};
use crate::error::ProfileError;

/// Nobody opens a door, reaches in and shuts it again in less; a busy machine that looks up some hundred milliseconds late costs no
/// cycle. It is the silence after which the controller itself has put the lamps out.
const UNWATCHED_LEAST: Duration = Duration::from_secs(1);

/// Polls that may be missed.
const POLLS_MISSED: u32 = 3;

/// The order to light, and its read-back.
const EXCHANGES_TO_LIGHT: u32 = 2;

fn unwatched(poll: Duration) -> Duration {
    UNWATCHED_LEAST.max(POLLS_MISSED * poll)
}

/// An order and its read-back, after a poll that is on its way.
fn order_patience(poll: Duration, reply_timeout: Duration) -> Duration {
    poll + 2 * reply_timeout
}

impl Profile {
    /// What happens in a longer time without a look nobody knows: it ends a cycle.
    #[must_use]
    pub fn unwatched(&self) -> Duration {
        unwatched(self.timing.poll)
    }

    /// How long all orders of one look together may be waited for.
    #[must_use]
    pub fn order_patience(&self) -> Duration {
        order_patience(self.timing.poll, self.link.reply_timeout)
    }
}

impl Place<'_> {
    /// While an order waits for a late reply nobody looks: the longest such wait and the look after it must be over before the cabinet
    /// counts as unwatched. The lamp is lit after asking for each of `signs` identity points.
    pub(super) fn orders_leave_time_to_look(
        &self,
        link: &LinkTable,
        (poll, reply_timeout): (Duration, Duration),
        signs: usize,
    ) -> Result<(), ProfileError> {
        let exchanges = EXCHANGES_TO_LIGHT + u32::try_from(signs).unwrap_or(u32::MAX);
        let to_light = reply_timeout.saturating_mul(exchanges);
        let longest = order_patience(poll, reply_timeout).max(to_light);
        let limit = unwatched(poll);
        if longest + poll <= limit {
            return Ok(());
        }
        let most = ((limit - 2 * poll) / 2).min((limit - poll) / exchanges);
        let allowed = format!(
            "10 to {}: an order would be waited for up to {} ms, and with timing.poll_ms = {} the next look would come after {} ms; after {} ms without a look a cycle ends",
            most.as_millis(),
            longest.as_millis(),
            poll.as_millis(),
            (longest + poll).as_millis(),
            limit.as_millis(),
        );
        let value = &link.reply_timeout_ms;
        self.refuse(
            value.span().start,
            "link.reply_timeout_ms",
            value.get_ref(),
            allowed,
        )
    }
}
