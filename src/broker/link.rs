//! The connection to the brokers: made with this side's credentials, kept up by the client, told by readiness. Nothing of letters is here.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::{self, ContextBuilder};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::credentials::Held;
use super::elsewhere::Elsewhere;
use super::stuck::Untaken;
use crate::Chain;
use crate::api::tls::{self, TlsError};
use crate::config::Brokers;
use crate::health::Readiness;

/// The part of the station that readiness tells the connection of.
pub const PART: &str = "office";
/// A broker that does not answer for so long is asked again, or another is.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to get a first connection.
const AGAIN: Duration = Duration::from_secs(2);
/// A broker that is silent for so long is left for another.
const PING: Duration = Duration::from_secs(5);
/// JetStream's numbers for an account or a server that has none.
const NOT_ENABLED: [u64; 2] = [10_039, 10_076];

/// How a broker says that somebody may not do something.
const NOT_PERMITTED: &str = "ermissions Violation";

/// Why there is no connection. Each is one sentence that says what to do; the station goes on alone.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file with the credentials cannot be read.
    #[error("{} cannot be read: it holds the credentials for the brokers", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It holds none.
    #[error("{} holds no credentials: a .creds file or one seed of an nkey (SU…) is needed; `laixin key broker` makes one", file.display())]
    NoCredentials {
        /// The file.
        file: PathBuf,
    },
    /// It holds what letters are sealed with.
    #[error("{} holds a sealing key (SX…), which belongs to seal_key: the credentials are another one, SU…; `laixin key broker` makes it", file.display())]
    SealingKey {
        /// The file.
        file: PathBuf,
    },
    /// The brokers do not know them.
    #[error(
        "the brokers refuse the credentials in {}: have them made out anew, or let the brokers know them", file.display()
    )]
    WrongCredentials {
        /// The file.
        file: PathBuf,
    },
    /// What TLS takes is not there, or holds something else.
    #[error("{table}.authority, {table}.certificate, {table}.key: TLS cannot be spoken")]
    Tls {
        /// The table of the settings.
        table: &'static str,
        /// Which file, and why.
        #[source]
        source: TlsError,
    },
    /// No broker answers as one.
    #[error(
        "no broker of {table}.servers can be reached: look at the cable, the addresses and TLS"
    )]
    Unreachable {
        /// The table of the settings.
        table: &'static str,
        /// Why.
        #[source]
        source: ConnectError,
    },
    /// They are brokers without streams.
    #[error(
        "the brokers have no JetStream: switch it on in their configuration, for this account too"
    )]
    NoJetStream,
    /// They know the credentials, and do not let them do what this side does.
    #[error(
        "the brokers do not allow what this side asks for: the credentials may be those of another name; compare its permissions with config/office"
    )]
    NotPermitted,
    /// They do not say, just now.
    #[error(
        "the brokers do not answer what is asked through {broker}: too few of them may be up to agree on anything, or the disk of that one is full"
    )]
    NoAnswer {
        /// The broker's name.
        broker: String,
    },
}

impl Refusal {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::NoCredentials { .. } | Self::SealingKey { .. } => {
                "credentials_missing"
            }
            Self::WrongCredentials { .. } => "credentials_refused",
            Self::Tls { .. } => "tls_unusable",
            Self::Unreachable { .. } => "brokers_unreachable",
            Self::NoJetStream => "no_jetstream",
            Self::NotPermitted => "not_permitted",
            Self::NoAnswer { .. } => "brokers_silent",
        }
    }
}

/// A connection that stays: lost, it is made again by itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Link {
    client: Client,
    jetstream: jetstream::Context,
    untaken: Untaken,
    elsewhere: Elsewhere,
}

impl Link {
    /// Connects under this name (`desk-a`, `office`, `reader-1`); replies come to `_INBOX.NAME.>`, which is all it has to be allowed to hear.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn connect(
        brokers: &Brokers,
        name: &str,
        readiness: &Readiness,
    ) -> Result<Self, Refusal> {
        let table = brokers.table;
        tls::of_brokers(brokers).map_err(|source| Refusal::Tls { table, source })?;
        let (established, refused) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let elsewhere = Elsewhere::default();
        let next = elsewhere.clone();
        let mut options = with_credentials(&brokers.credentials)?
            .name(name)
            .custom_inbox_prefix(format!("_INBOX.{name}"))
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING)
            .require_tls(!brokers.plain)
            .reconnect_to_server_callback(move |all, _| ready(next.next(&all)))
            .event_callback(told_to(
                readiness.clone(),
                (established.clone(), Arc::clone(&refused)),
            ));
        if let Some(authority) = &brokers.authority {
            options = options.add_root_certificates(authority.clone());
        }
        if let (Some(certificate), Some(key)) = (&brokers.certificate, &brokers.key) {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        let connected = options.connect(brokers.servers.as_slice()).await;
        let client = connected.map_err(|error| match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                let file = brokers.credentials.clone();
                Refusal::WrongCredentials { file }
            }
            _ => Refusal::Unreachable {
                table,
                source: error,
            },
        })?;
        let jetstream = ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.clone());
        let link = Self {
            client,
            jetstream,
            untaken: Untaken::default(),
            elsewhere,
        };
        link.has_jetstream()
            .await
            .map_err(|refusal| match refusal {
                Refusal::NoAnswer { .. } if refused.load(Ordering::Acquire) => {
                    Refusal::NotPermitted
                }
                other => other,
            })?;
        established.store(true, Ordering::Release);
        readiness.ready(PART);
        Ok(link)
    }

    /// Tries until there is a connection, and says meanwhile why there is none. `None` at a stop.
    pub async fn established(
        brokers: &Brokers,
        name: &str,
        (readiness, stop): (&Readiness, &CancellationToken),
    ) -> Option<Self> {
        loop {
            let connecting = Self::connect(brokers, name, readiness);
            let tried = tokio::select! {
                () = stop.cancelled() => return None,
                tried = connecting => tried,
            };
            match tried {
                Ok(link) => return Some(link),
                Err(refusal) => {
                    readiness.not_ready(PART, refusal.code(), &Chain(&refusal).to_string());
                }
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// Asked in our own words: the client wants an answer as newer brokers give it than Debian's.
    async fn has_jetstream(&self) -> Result<(), Refusal> {
        let silent = || Refusal::NoAnswer {
            broker: self.client.server_info().server_name,
        };
        let told: Result<Value, _> = self.jetstream.request("INFO", &()).await;
        let told = told.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => Refusal::NoJetStream,
            _ => silent(),
        })?;
        match told["error"]["err_code"].as_u64() {
            _ if told["error"].is_null() => Ok(()),
            Some(code) if NOT_ENABLED.contains(&code) => Err(Refusal::NoJetStream),
            _ => Err(silent()),
        }
    }

    /// Streams, buckets, consumers.
    #[must_use]
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// What streams have not taken.
    pub(super) fn untaken(&self) -> &Untaken {
        &self.untaken
    }

    /// Which broker comes next.
    pub(super) fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }

    /// Plain messages.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// A `.creds` file, or the seed of an nkey alone.
fn with_credentials(file: &Path) -> Result<ConnectOptions, Refusal> {
    let text = std::fs::read_to_string(file).map_err(|source| Refusal::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    let none = || Refusal::NoCredentials {
        file: file.to_owned(),
    };
    match Held::of(&text) {
        Held::Seed(seed) => Ok(ConnectOptions::with_nkey(seed.to_owned())),
        Held::Creds => ConnectOptions::with_credentials(&text).map_err(|_| none()),
        Held::SealingKey => Err(Refusal::SealingKey {
            file: file.to_owned(),
        }),
        Held::Nothing => Err(none()),
    }
}

/// What the client says of a connection that is established, told on.
fn told_to(
    readiness: Readiness,
    (established, refused): (Arc<AtomicBool>, Arc<AtomicBool>),
) -> impl Fn(Event) -> std::future::Ready<()> + Send + Sync {
    move |event| {
        match event {
            Event::ServerError(ServerError::Other(said))
                if !established.load(Ordering::Acquire) && said.contains(NOT_PERMITTED) =>
            {
                refused.store(true, Ordering::Release);
            }
            _ if !established.load(Ordering::Acquire) => {}
            Event::Connected => readiness.ready(PART),
            Event::Disconnected | Event::Closed => readiness.not_ready(
                PART,
                "brokers_unreachable",
                "the connection to the brokers is lost; it is made again by itself, and what is owed waits here",
            ),
            Event::ServerError(ServerError::AuthorizationViolation) => readiness.not_ready(
                PART,
                "credentials_refused",
                "the brokers refuse the credentials that they took before: have them made out anew",
            ),
            // Names a subject, never what was said under it.
            Event::ServerError(ServerError::Other(said)) if said.contains(NOT_PERMITTED) => {
                let why = format!(
                    "the brokers do not allow what this side asks for ({said}): compare its permissions with config/office"
                );
                readiness.not_ready(PART, "not_permitted", &why);
            }
            _ => {}
        }
        ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> &'static str {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c");
        std::fs::write(&file, text).unwrap();
        with_credentials(&file).map_or_else(|refusal| refusal.code(), |_| "taken")
    }

    #[test]
    fn credentials_are_a_seed_or_a_creds_file() {
        let user = nkeys::KeyPair::new_user().seed().unwrap();
        assert_eq!(refused(&format!("{user}\n")), "taken");
        let creds = format!(
            "-----BEGIN NATS USER JWT-----\neyJ0.eyJ.x\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{user}\n------END USER NKEY SEED------\n"
        );
        assert_eq!(refused(&creds), "taken");
        for bad in ["", "SU", "secret", "-----BEGIN NATS USER JWT-----\nx\n"] {
            assert_eq!(refused(bad), "credentials_missing", "{bad}");
        }
        let missing = with_credentials(Path::new("/nowhere/c")).map(drop);
        assert_eq!(missing.unwrap_err().code(), "credentials_missing");
    }
}
