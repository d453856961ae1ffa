//! What the office keeps at the brokers about a letter, sealed to itself: who was handed which package, and under which number it is
//! registered. The second is created once and decides; everything else may be written again.

use async_nats::jetstream::kv::{CreateErrorKind, Store};
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Counter;
use crate::broker::fault::BrokerFault;
use crate::broker::package::{Archive, Package};
use crate::broker::seal::SealKey;
use crate::clock::{self, Millis};

/// A package in a case system's hands, or that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handed {
    /// The package.
    pub(super) package: String,
    /// The letter's number at its station.
    pub(super) letter: String,
    /// Who has it.
    pub(super) system: String,
    /// Until when, ms since 1970; 0 once it was given back.
    pub(super) until_ms: i64,
    /// Where JetStream hears of this delivery.
    pub(super) delivery: String,
    /// SHA-256 of each page's original.
    pub(super) pages: Vec<(u32, String)>,
    /// The letter's PDF.
    pub(super) archive: Option<Archive>,
    /// The change that brought these files, by its place in the stream of notices; 0: they are the package's own.
    #[serde(default)]
    pub(super) amended: u64,
}

impl Handed {
    /// Of a registered letter whose own entry is forgotten.
    pub(super) fn of(registered: Registered) -> Self {
        Self {
            package: registered.package,
            letter: registered.letter,
            system: registered.system,
            until_ms: 0,
            delivery: String::new(),
            pages: registered.pages,
            archive: registered.archive,
            amended: 0,
        }
    }

    /// Of a letter that no entry is left of, by a change that is told of it.
    pub(super) fn by_change(change: &Package, system: &str) -> Self {
        Self {
            package: change.package.clone(),
            letter: change.letter.clone(),
            system: system.to_owned(),
            until_ms: 0,
            delivery: String::new(),
            pages: Vec::new(),
            archive: None,
            amended: 0,
        }
    }

    /// Whether the lease runs.
    pub(super) fn runs(&self) -> bool {
        self.until_ms > clock::now().0
    }

    /// Whether another system than this one has it just now.
    pub(super) fn is_kept_from(&self, system: &str) -> bool {
        self.runs() && self.system != system
    }

    /// When it runs out.
    pub(super) fn until(&self) -> Millis {
        Millis(self.until_ms)
    }
}

/// A registered letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Registered {
    /// Out of this package.
    pub(super) package: String,
    /// The letter's number at its station.
    pub(super) letter: String,
    /// Under this number.
    pub(super) case_number: String,
    /// By this system.
    pub(super) system: String,
    /// When, ms since 1970.
    pub(super) at_ms: i64,
    /// SHA-256 of each page's original.
    pub(super) pages: Vec<(u32, String)>,
    /// The letter's PDF.
    pub(super) archive: Option<Archive>,
}

/// What a lease carries: any process of the office can act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    /// The letter's key.
    pub(super) key: String,
    /// Its package.
    pub(super) package: String,
    /// Who has it.
    pub(super) system: String,
    /// Where JetStream hears of this delivery.
    pub(super) delivery: String,
}

impl Lease {
    /// As the case system gets it.
    pub(super) fn token(&self, key: &SealKey) -> String {
        URL_SAFE_NO_PAD.encode(key.keep(&json(self)))
    }

    /// What a case system brings back; nothing of what the office did not make.
    pub(super) fn read(token: &str, key: &SealKey) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        serde_json::from_slice(&key.kept(&sealed)?).ok()
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain values are JSON")
}

/// The newest entry of a key, as the bucket's leader has it: a follower may be behind. With its place in the stream.
pub(super) async fn newest<T: DeserializeOwned>(
    store: &Store,
    key: &str,
    seal: &SealKey,
) -> Result<Option<T>, BrokerFault> {
    let subject = format!("{}{key}", store.prefix);
    match store.stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => Ok(unsealed(&message.payload, seal)),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(BrokerFault::away(error)),
    }
}

/// An entry's value.
pub(super) fn unsealed<T: DeserializeOwned>(sealed: &[u8], seal: &SealKey) -> Option<T> {
    serde_json::from_slice(&seal.kept(sealed)?).ok()
}

impl Counter {
    /// Writes an entry.
    pub(super) async fn write(
        &self,
        store: &Store,
        (key, value): (&str, &impl Serialize),
    ) -> Result<(), BrokerFault> {
        let sealed = self.key.keep(&json(value));
        let writing = async {
            let written = store.put(key, sealed.into()).await;
            written.map(drop).map_err(BrokerFault::away)
        };
        self.link.put(&store.stream_name, writing).await
    }

    /// Creates an entry unless there is one; whether it was created by this call.
    pub(super) async fn create(
        &self,
        store: &Store,
        (key, value): (&str, &impl Serialize),
    ) -> Result<bool, BrokerFault> {
        let sealed = self.key.keep(&json(value));
        let creating = async {
            match store.create(key, sealed.into()).await {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == CreateErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(BrokerFault::away(error)),
            }
        };
        self.link.put(&store.stream_name, creating).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_good_for_every_process_of_the_office_and_says_nothing_outside() {
        let office = SealKey::generated();
        let lease = Lease {
            key: "desk-a.00".into(),
            package: "draft_1".into(),
            system: "cases".into(),
            delivery: "$JS.ACK.drafts.claims.1.2.3.4.5".into(),
        };
        let token = lease.token(&office);
        let again = SealKey::parse(&office.seed()).unwrap();
        assert_eq!(Lease::read(&token, &again), Some(lease));
        assert!(token.is_ascii() && !token.contains("ACK"));
        assert_eq!(Lease::read(&token, &SealKey::generated()), None);
        assert_eq!(Lease::read("", &office), None);
    }
}
