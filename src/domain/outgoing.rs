//! What case systems are told without asking: kinds of messages, where one stands, and when it is tried again.

use serde::{Deserialize, Serialize};

/// What a message tells. Numbers and codes only; whoever is told reads the rest where he may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Kind {
    /// A draft may be claimed.
    #[serde(rename = "draft.ready")]
    DraftReady,
    /// A draft that was told may not be claimed any more.
    #[serde(rename = "draft.withdrawn")]
    DraftWithdrawn,
    /// Something changed after the hand-over.
    #[serde(rename = "letter.amended")]
    Amended,
    /// Something wants a person at once.
    #[serde(rename = "alert.raised")]
    AlertRaised,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::DraftReady,
        Self::DraftWithdrawn,
        Self::Amended,
        Self::AlertRaised,
    ];

    /// As it stands on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::DraftReady => "draft.ready",
            Self::DraftWithdrawn => "draft.withdrawn",
            Self::Amended => "letter.amended",
            Self::AlertRaised => "alert.raised",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::DraftReady => "draft_",
            Self::DraftWithdrawn => "withdrawn_",
            Self::Amended => "amended_",
            Self::AlertRaised => "alert_",
        }
    }

    /// The id of a message: what it tells stands before what is random, so that a station which has forgotten a package knows what a receipt for it answers.
    #[must_use]
    pub fn id(self, random: &str) -> String {
        [self.mark(), random].concat()
    }

    /// What a message of this id tells; unknown of ids that are not ours, or older than this form.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| id.starts_with(kind.mark()))
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is tried, or tried again.
    Waiting,
    /// A package lies whole beside the exchange folder and is about to be put into it.
    Staged,
    /// The other side has it: it said so, or the package is in the folder.
    Sent,
    /// The other side's receipt says that it is registered.
    Accepted,
    /// The other side's receipt refuses it; the letter is back at the desk.
    Rejected,
    /// Never laid down: it cannot be written as the other side's mapping asks (`field_missing`, `code_unknown`, `too_long`); the letter is back at the desk.
    Unfit,
    /// Given up; a person may send it again.
    Dead,
    /// There is nothing to tell any more: the draft was withdrawn before anybody was told.
    Dropped,
    /// Never sent: the letter accuses the office whose system this is.
    KeptBack,
}

/// How a channel tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Seconds after the first failure.
    pub first_s: u32,
    /// Attempts before it is given up.
    pub attempts: u32,
}

/// Longest pause between two attempts.
const LONGEST_S: u64 = 24 * 3600;
/// Each pause is so many times the last one.
const FACTOR: u64 = 4;

impl Retry {
    /// Milliseconds until the next attempt after so many failed ones; `None` once it is given up. `chance` in 0..1000 spreads attempts over
    /// a fifth of the pause, so that a receiver that comes back is not asked by everybody at once; `asked_s` is what the receiver asked for.
    pub fn pause_ms(self, failed: u32, chance: u64, asked_s: Option<u64>) -> Option<i64> {
        if failed >= self.attempts {
            return None;
        }
        let grown = FACTOR.saturating_pow(failed.saturating_sub(1));
        let pause_s = u64::from(self.first_s).saturating_mul(grown);
        let pause_s = pause_s.max(asked_s.unwrap_or(0)).min(LONGEST_S);
        let ms = pause_s * 1000 + pause_s * 200 * chance.min(999) / 1000;
        Some(i64::try_from(ms).expect("a day and a fifth"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        first_s: 5,
        attempts: 10,
    };

    #[test]
    fn an_id_says_what_its_message_tells() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_id(&kind.id("5d41402a")), Some(kind));
        }
        assert_eq!(Kind::of_id("msg_5d41402a"), None);
    }

    #[test]
    fn pauses_grow_to_a_day_and_end() {
        let pauses: Vec<i64> = (1..10)
            .map(|failed| RETRY.pause_ms(failed, 0, None).unwrap() / 1000)
            .collect();
        assert_eq!(pauses, [5, 20, 80, 320, 1280, 5120, 20_480, 81_920, 86_400]);
        assert_eq!(RETRY.pause_ms(10, 0, None), None);
    }

    #[test]
    fn chance_spreads_over_a_fifth_and_the_receiver_is_heard() {
        assert_eq!(RETRY.pause_ms(2, 0, None), Some(20_000));
        assert_eq!(RETRY.pause_ms(2, 999, None), Some(23_996));
        assert_eq!(RETRY.pause_ms(1, 0, Some(120)), Some(120_000));
        assert_eq!(RETRY.pause_ms(2, 0, Some(1)), Some(20_000));
        assert_eq!(RETRY.pause_ms(1, 0, Some(u64::MAX)), Some(86_400_000));
    }
}
