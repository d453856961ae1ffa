//! `[office]`: the brokers that the stations of one office share, and what this station is among them. Absent: a station by itself.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

use super::{DeviceId, Readers, Within};

/// Where the brokers are and who asks them. The same table in a station's settings, an office's and a reader's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brokers {
    /// `tls://HOST:PORT` each; whichever answers is taken.
    pub servers: Vec<String>,
    /// A `.creds` file, or a file with one seed of an nkey (`SU…`).
    pub credentials: PathBuf,
    /// PEM file with the authority that signed the brokers' certificates.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// PEM file with a certificate to show them.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// PEM file with its key.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// They may be spoken to without TLS, at `nats://HOST:PORT`: on this machine, or where the network is trusted.
    #[serde(default)]
    pub plain: bool,
    /// Where this table stands in its file: `brokers`, `office.brokers`.
    #[serde(skip)]
    pub table: &'static str,
}

impl Brokers {
    /// Paths count from the settings' folder; the table is called so in their file.
    pub fn settle(&mut self, base: &Path, table: &'static str) {
        self.table = table;
        self.credentials = base.join(&self.credentials);
        [&mut self.authority, &mut self.certificate, &mut self.key]
            .into_iter()
            .flatten()
            .for_each(|path| *path = base.join(&*path));
    }

    /// The key that does not fit the others, and what is allowed.
    #[must_use]
    pub fn misfit(&self) -> Option<(&'static str, String)> {
        let told = |key, message: String| Some((key, message));
        if self.servers.is_empty() {
            return told("servers", "at least one broker is needed".into());
        }
        let scheme = if self.plain { "nats://" } else { "tls://" };
        let good = |server: &&String| server.strip_prefix(scheme).is_some_and(is_host_and_port);
        if let Some(bad) = self.servers.iter().find(|server| !good(server)) {
            let message = format!(
                "\"{bad}\" is not allowed; tls://HOST:PORT is, or nats://HOST:PORT with plain = true"
            );
            return told("servers", message);
        }
        if !self.plain && self.authority.is_none() {
            let message = "is needed with tls://: a PEM file with the authority that signed the brokers' certificates";
            return told("authority", message.into());
        }
        if self.certificate.is_some() != self.key.is_some() {
            let message = "certificate and key belong together: set both or neither";
            return told("certificate", message.into());
        }
        if self.plain && (self.authority.is_some() || self.certificate.is_some()) {
            let message = "belongs to nats://: take authority, certificate and key out";
            return told("plain", message.into());
        }
        None
    }
}

/// A name or an address, and a port; no user, path or query.
fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_name = !host.is_empty() && host.chars().all(good);
    port.parse::<u16>().is_ok_and(|port| port > 0) && (is_name || bare.parse::<IpAddr>().is_ok())
}

/// Somebody's public sealing key (`X…`): what is sealed to it only he opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey(pub String);

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        match nkeys::XKey::from_public_key(&text) {
            Ok(_) => Ok(Self(text)),
            // Not shown: by mistake it may be the seed.
            Err(_) => Err(de::Error::custom(
                "what stands there is not allowed; a public sealing key is, X and 55 letters and digits; `laixin key office` makes a pair",
            )),
        }
    }
}

/// `[office]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// This station's name among the others; no two have the same.
    pub station: DeviceId,
    /// The brokers.
    pub brokers: Brokers,
    /// A file with the seed of this station's own sealing key (`SX…`).
    pub seal_key: PathBuf,
    /// The office's public sealing key: only the office opens what goes out.
    pub seal_to: PublicKey,
    /// Whose case system is behind the office: of letters that accuse it nothing goes there.
    #[serde(default)]
    pub unit: Option<String>,
    /// Whether originals go along.
    #[serde(default = "yes")]
    pub pages: bool,
    /// Whether the letter's PDF goes along with them.
    #[serde(default = "yes")]
    pub pdf: bool,
    /// Drafts that may wait at the brokers before this station keeps further ones to itself.
    #[serde(default = "most_waiting")]
    pub most_waiting: Within<1, 1_000_000>,
    /// A draft for which no receipt has come is sent again after so many seconds: what the brokers lost is there again, what is registered is answered for.
    #[serde(default = "ask_again_s")]
    pub ask_again_s: Within<10, 604_800>,
    /// A clock that is further from the brokers' than so many seconds keeps drafts here until somebody has set it.
    #[serde(default = "clock_apart_s")]
    pub clock_apart_s: Within<10, 86_400>,
    /// A file with the key that the stations of the office share: with it they tell each other of confirmed registrations and of shared settings.
    #[serde(default)]
    pub stations_key: Option<PathBuf>,
    /// Whether roster, deadlines and access lists are the same at all stations: set at any of them by two people, in force at every one.
    #[serde(default)]
    pub shared_settings: bool,
    /// Pages may be read on other machines.
    #[serde(default)]
    pub readers: Option<Readers>,
}

fn yes() -> bool {
    true
}

fn most_waiting() -> Within<1, 1_000_000> {
    Within(20_000)
}

fn ask_again_s() -> Within<10, 604_800> {
    Within(86_400)
}

fn clock_apart_s() -> Within<10, 86_400> {
    Within(300)
}

impl Office {
    /// Paths count from the settings' folder.
    pub(super) fn settle(&mut self, base: &Path) {
        self.brokers.settle(base, "office.brokers");
        self.seal_key = base.join(&self.seal_key);
        if let Some(key) = &mut self.stations_key {
            *key = base.join(&*key);
        }
    }

    /// Whom this station seals to: the office, and who reads pages for it.
    pub fn seals_to(&self) -> impl Iterator<Item = &PublicKey> {
        let readers = self.readers.iter().map(|readers| &readers.seal_to);
        std::iter::once(&self.seal_to).chain(readers)
    }

    /// The key that does not fit the others, and what is allowed.
    pub(super) fn misfit(&self) -> Option<(&'static str, String)> {
        if self.shared_settings && self.stations_key.is_none() {
            let message =
                "needs stations_key: the stations believe no setting that none of them sealed";
            return Some(("shared_settings", message.into()));
        }
        let readers = self.readers.as_ref();
        if readers.is_some_and(|readers| readers.seal_to == self.seal_to) {
            let message = "of the readers is the office's: they have a key of their own, or whoever reads pages opens every letter";
            return Some(("readers.seal_to", message.into()));
        }
        self.brokers.misfit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brokers(toml: &str) -> Brokers {
        toml::from_str(&format!("credentials = \"c\"\n{toml}")).unwrap()
    }

    #[test]
    fn brokers_are_spoken_to_with_tls_unless_it_is_said_that_not() {
        let key = |toml| brokers(toml).misfit().map(|(key, _)| key);
        let fits =
            "servers = [\"tls://nats-1:4222\", \"tls://[fd00::1]:4222\"]\nauthority = \"ca\"";
        assert_eq!(key(fits), None);
        assert_eq!(
            key("servers = [\"nats://127.0.0.1:4222\"]\nplain = true"),
            None
        );
        assert_eq!(key("servers = []"), Some("servers"));
        assert_eq!(key("servers = [\"nats://10.0.0.1:4222\"]"), Some("servers"));
        assert_eq!(key("servers = [\"tls://nats-1:4222\"]"), Some("authority"));
        let half = "servers = [\"tls://nats-1:4222\"]\nauthority = \"ca\"\nkey = \"k\"";
        assert_eq!(key(half), Some("certificate"));
        let both = "servers = [\"nats://127.0.0.1:4222\"]\nplain = true\nauthority = \"ca\"";
        assert_eq!(key(both), Some("plain"));
    }

    #[test]
    fn an_address_is_a_host_and_a_port_and_nothing_else() {
        for good in [
            "nats-1:4222",
            "10.0.0.1:1",
            "[::1]:4222",
            "a.b.example:65535",
        ] {
            assert!(is_host_and_port(good), "{good}");
        }
        for bad in [
            "nats-1",
            "nats-1:0",
            ":4222",
            "user@h:4222",
            "h:4222/x",
            "h:70000",
            "h h:1",
        ] {
            assert!(!is_host_and_port(bad), "{bad}");
        }
    }

    #[test]
    fn a_seed_is_no_public_key() {
        let pair = nkeys::XKey::new();
        let read = |text: String| {
            toml::from_str::<std::collections::BTreeMap<String, PublicKey>>(&format!(
                "k = \"{text}\""
            ))
        };
        assert!(read(pair.public_key()).is_ok());
        let seed = pair.seed().unwrap();
        let told = read(seed.clone()).unwrap_err();
        assert!(!told.message().contains(&seed), "{}", told.message());
        assert!(read("X".into()).is_err());
    }
}
