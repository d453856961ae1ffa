//! What goes wrong between here and the brokers, told once: nobody answers, or no stream takes more.

use async_nats::jetstream::Error as Told;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};

use crate::Chain;

/// JetStream's number for a publish that a full stream refuses, and those it says beside it.
const FULL: [u64; 4] = [10_077, 10_047, 10_053, 10_122];

/// Those of a stream that is to lie on more brokers than there are: of a cluster, of a broker by itself.
const TOO_FEW: [u64; 2] = [10_005, 10_074];

/// How it says that a stream, or the bucket over it, is not there; the client wraps it in errors of many kinds.
const MISSING: &str = "stream not found";

/// JetStream's number of an error, which the client wraps in errors of many kinds.
fn number(said: &str) -> Option<u64> {
    let (_, behind) = said.rsplit_once("error code ")?;
    behind.split(')').next()?.parse().ok()
}

/// Why something did not get across. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum BrokerFault {
    /// Nobody answered, or said that it cannot just now.
    #[error("the brokers do not answer")]
    Away(#[source] async_nats::Error),
    /// The stream is full.
    #[error(
        "the brokers' stream is full: let the case systems take what lies there, or give it more room (office.drafts_most, of originals office.pages_mb)"
    )]
    Full,
    /// A stream is to lie on more brokers than there are.
    #[error(
        "office.replicas asks for more copies than there are brokers: 1 for one broker, 3 for three; one that is only away has to come back"
    )]
    TooFewBrokers,
    /// The message is larger than the brokers take.
    #[error("the package is larger than the brokers take (max_payload)")]
    TooLarge,
    /// There is no such stream: the office has not set it up, or this side may not see it.
    #[error(
        "the brokers have no stream for it: a running `laixin office` makes it; where one runs, compare the permissions with config/office"
    )]
    NoStream,
}

impl BrokerFault {
    /// Of anything that the client returns.
    pub fn away(error: impl Into<async_nats::Error>) -> Self {
        let error = error.into();
        let said = Chain(error.as_ref()).to_string();
        match number(&said) {
            Some(full) if FULL.contains(&full) => Self::Full,
            Some(few) if TOO_FEW.contains(&few) => Self::TooFewBrokers,
            _ if said.contains(MISSING) => Self::NoStream,
            _ => Self::Away(error),
        }
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away(_) => "brokers_silent",
            Self::Full => "stream_full",
            Self::TooFewBrokers => "too_few_brokers",
            Self::TooLarge => "too_large",
            Self::NoStream => "stream_missing",
        }
    }
}

impl From<PublishError> for BrokerFault {
    fn from(error: PublishError) -> Self {
        match error.kind() {
            PublishErrorKind::StreamNotFound => return Self::NoStream,
            PublishErrorKind::MaxPayloadExceeded => return Self::TooLarge,
            _ => {}
        }
        let told = std::error::Error::source(&error).and_then(|told| told.downcast_ref::<Told>());
        match told {
            Some(told) if FULL.contains(&told.error_code().0) => Self::Full,
            Some(told) if told.error_code().0 == 10_054 => Self::TooLarge,
            _ => Self::away(error),
        }
    }
}
