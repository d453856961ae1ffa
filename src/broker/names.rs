//! Where things lie at the brokers. A station's name stands in every subject, so that the brokers themselves keep stations apart; a letter's
//! number in none.

use crate::digest;
use crate::domain::outgoing::Kind;

/// Work queue: drafts on their way to a case system, one message a letter at most, the newest.
pub const DRAFTS: &str = "drafts";
/// Work queue: what is told of drafts that are out: withdrawn, amended.
pub const NOTICES: &str = "notices";
/// Alerts, for as long as the stream keeps them.
pub const ALERTS: &str = "alerts";
/// Work queue: what case systems say, one consumer a station.
pub const RECEIPTS: &str = "receipts";
/// Bucket: which letter is registered, under which number. Created once, never changed.
pub const REGISTERED: &str = "registered";
/// Bucket: which package of a letter was handed to a case system last.
pub const HANDED: &str = "handed";
/// Bucket: answers that may be asked for again.
pub const ANSWERS: &str = "answers";
/// Bucket: which process is which station.
pub const PRESENT: &str = "stations";
/// The consumer behind `POST /v1/drafts/claims`.
pub const CLAIMS: &str = "claims";
/// The consumer of notices that a package is withdrawn.
pub const WITHDRAWN: &str = "withdrawn";

/// A letter's place: tells nothing of its number.
#[must_use]
pub fn place(letter: &str) -> String {
    let mut hash = digest::sha256_hex(letter.as_bytes());
    hash.truncate(32);
    hash
}

/// A letter's key in a bucket, and the end of its subject.
#[must_use]
pub fn key(station: &str, letter: &str) -> String {
    format!("{station}.{}", place(letter))
}

/// Where a letter's draft lies.
#[must_use]
pub fn draft(station: &str, letter: &str) -> String {
    format!("{DRAFTS}.{}", key(station, letter))
}

/// Where a package of this kind goes.
#[must_use]
pub fn subject(station: &str, letter: &str, kind: Kind) -> String {
    match kind {
        Kind::DraftReady => draft(station, letter),
        Kind::DraftWithdrawn => format!("{NOTICES}.{station}.{WITHDRAWN}"),
        Kind::Amended => format!("{NOTICES}.{station}.amended"),
        Kind::AlertRaised => format!("{ALERTS}.{station}"),
    }
}

/// The stream that it goes into.
#[must_use]
pub fn stream(kind: Kind) -> &'static str {
    match kind {
        Kind::DraftReady => DRAFTS,
        Kind::DraftWithdrawn | Kind::Amended => NOTICES,
        Kind::AlertRaised => ALERTS,
    }
}

/// Where receipts for a station come.
#[must_use]
pub fn receipts(station: &str) -> String {
    format!("{RECEIPTS}.{station}")
}

/// The bucket of a station's originals and archive files.
#[must_use]
pub fn pages(station: &str) -> String {
    format!("pages-{station}")
}

/// A letter as case systems know it: no two stations' letters have one number.
#[must_use]
pub fn shown(station: &str, letter: &str) -> String {
    format!("{station}.{letter}")
}

/// The station and its letter, out of what [`shown`] made.
#[must_use]
pub fn meant(shown: &str) -> Option<(&str, &str)> {
    shown.split_once('.')
}

/// The station that a subject names.
#[must_use]
pub fn station_of(subject: &str) -> Option<&str> {
    subject.split('.').nth(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_letter_has_a_place_of_its_own_that_a_broker_takes(letter in ".{1,60}", other in ".{1,60}") {
            let subject = draft("desk-a", &letter);
            prop_assert!(subject.is_ascii() && !subject.contains([' ', '*', '>']));
            prop_assert_eq!(subject.split('.').count(), 3);
            prop_assert_eq!(station_of(&subject), Some("desk-a"));
            prop_assert_eq!(letter == other, subject == draft("desk-a", &other));
            let known = shown("desk-a", &letter);
            prop_assert_eq!(meant(&known), Some(("desk-a", letter.as_str())));
        }
    }
}
