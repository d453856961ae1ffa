//! The keys about people and trust: `[http]` with its TLS, `[passwords]`, `[access]`, `[alerts]`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Within, socket_address};
use crate::domain::password::Rules;

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    #[serde(deserialize_with = "socket_address")]
    pub listen: SocketAddr,
    /// How long a person stays signed in without doing anything.
    pub session_minutes: Within<5, 1440>,
    /// How long a person stays signed in at most, however busy.
    pub session_longest_hours: Within<1, 168>,
    /// PEM file with the station's certificate and those that lead to its authority.
    pub certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub key: Option<PathBuf>,
    /// PEM file with the authority that signs the certificates of case systems: then a case system needs one beside its token.
    pub client_authority: Option<PathBuf>,
    /// Other machines may come without TLS: something in front of the station does it, or the network is trusted.
    pub plain: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8470)),
            session_minutes: Within(480),
            session_longest_hours: Within(12),
            certificate: None,
            key: None,
            client_authority: None,
            plain: false,
        }
    }
}

impl Http {
    /// Paths count from the settings' folder.
    pub(crate) fn settle(&mut self, base: &Path) {
        [
            &mut self.certificate,
            &mut self.key,
            &mut self.client_authority,
        ]
        .into_iter()
        .flatten()
        .for_each(|path| *path = base.join(&*path));
    }

    /// The key that does not fit the others, and what is allowed.
    pub(crate) fn misfit(&self) -> Option<(&'static str, String)> {
        let told = |key, message: &str| Some((key, message.to_owned()));
        match (&self.certificate, &self.key) {
            (Some(_), None) => {
                return told(
                    "http.certificate",
                    "needs http.key, the key that belongs to it; `laixin tls new` makes both",
                );
            }
            (None, Some(_)) => {
                return told(
                    "http.key",
                    "needs http.certificate, the certificate it belongs to; `laixin tls new` makes both",
                );
            }
            _ => {}
        }
        if self.client_authority.is_some() && self.certificate.is_none() {
            return told(
                "http.client_authority",
                "needs http.certificate and http.key: without TLS no case system can show a certificate",
            );
        }
        if self.plain && self.certificate.is_some() {
            return told(
                "http.plain",
                "belongs to a station without http.certificate: take one of the two out",
            );
        }
        if self.certificate.is_none() && !self.plain && !self.listen.ip().is_loopback() {
            return told(
                "http.listen",
                "opens letters to the network in the clear: set http.certificate and http.key (`laixin tls new` makes them), or plain = true where something in front of the station does TLS",
            );
        }
        None
    }

    /// Whether the station speaks TLS itself.
    pub fn is_tls(&self) -> bool {
        self.certificate.is_some()
    }
}

/// `[passwords]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// Fewest characters.
    pub least_length: Within<8, 64>,
    /// Fewest kinds out of small letters, capital letters, digits, others.
    pub least_kinds: Within<1, 4>,
    /// After so many days nobody signs in with a password without setting another one; 0: never.
    pub longest_days: Within<0, 3650>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            least_length: Within(10),
            least_kinds: Within(2),
            longest_days: Within(0),
        }
    }
}

impl Passwords {
    /// Whether a password that was set so many milliseconds ago is too old.
    pub fn is_too_old(&self, age_ms: i64) -> bool {
        let longest = i64::try_from(self.longest_days.0).expect("limited by its type");
        longest > 0 && age_ms > longest * 24 * 3_600_000
    }

    /// As the domain has them.
    pub fn rules(&self) -> Rules {
        let small = |within: u64| usize::try_from(within).unwrap_or(usize::MAX);
        Rules {
            least_length: small(self.least_length.0),
            least_kinds: small(self.least_kinds.0),
        }
    }
}

/// `[access]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// A reason said for a restricted letter holds for so long.
    pub reason_minutes: Within<1, 480>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            reason_minutes: Within(30),
        }
    }
}

/// `[alerts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// An alert that nobody decided goes to the confirming officers after so many minutes.
    pub officers_after_minutes: Within<1, 1440>,
    /// And to the administrators after so many more.
    pub administrators_after_minutes: Within<1, 1440>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            officers_after_minutes: Within(5),
            administrators_after_minutes: Within(15),
        }
    }
}

/// `[statistics]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Statistics {
    /// The day a reporting month begins on: 1 for the calendar's months, 26 for those from the 26th to the 25th.
    pub month_begins_on: Within<1, 28>,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            month_begins_on: Within(26),
        }
    }
}
