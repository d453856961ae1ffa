//! The settings of `laixin office`: another file than a station's. Which stations there are, which case systems come, where the brokers are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::broker::{KeyFault, SealKey};
use crate::config::{Brokers, ConfigError, DeviceId, Http, Level, Log, PublicKey, Within};
use crate::config::{line_of_key, load_toml};

/// `[office]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// A file with the seed of the office's sealing key (`SX…`): every process of the office has the same.
    pub seal_key: PathBuf,
    /// A claimed draft that nobody acknowledges is offered again after so many seconds, unless the claim says otherwise.
    #[serde(default = "lease_seconds")]
    pub lease_seconds: Within<5, 3600>,
    /// The longest lease a case system may ask for.
    #[serde(default = "max_lease_seconds")]
    pub max_lease_seconds: Within<10, 86_400>,
    /// On how many brokers every message lies; 1 only to try it out.
    #[serde(default = "replicas")]
    pub replicas: Within<1, 5>,
    /// How many drafts wait at the brokers for the case system at most; a station keeps what does not fit. Counted, not measured: where a stream is limited in
    /// bytes a broker of 2.9 lets one message too many in and takes the oldest out for it, which is then nowhere.
    #[serde(default = "drafts_most")]
    pub drafts_most: Within<1, 10_000_000>,
    /// How large each station's bucket of originals may become.
    #[serde(default = "pages_mb")]
    pub pages_mb: Within<1, 10_000_000>,
    /// Originals and archive files lie at the brokers for so many days.
    #[serde(default = "pages_days")]
    pub pages_days: Within<1, 3650>,
}

fn lease_seconds() -> Within<5, 3600> {
    Within(300)
}

fn max_lease_seconds() -> Within<10, 86_400> {
    Within(3600)
}

fn replicas() -> Within<1, 5> {
    Within(3)
}

fn drafts_most() -> Within<1, 10_000_000> {
    Within(500_000)
}

fn pages_mb() -> Within<1, 10_000_000> {
    Within(100_000)
}

fn pages_days() -> Within<1, 3650> {
    Within(30)
}

/// `[[station]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownStation {
    /// Its name among the others.
    pub name: DeviceId,
    /// Its public sealing key: what is sealed with another under its name is held.
    pub seal_to: PublicKey,
}

/// `[[system]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Its name, as records have it.
    pub name: DeviceId,
    /// SHA-256 of its token, hex: `printf %s TOKEN | sha256sum`.
    pub token_sha256: String,
}

/// Everything the office was told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterSettings {
    /// The office itself.
    pub office: Own,
    /// The brokers.
    pub brokers: Brokers,
    /// Where case systems come.
    #[serde(default)]
    pub http: Http,
    /// Its stations.
    #[serde(rename = "station")]
    pub stations: Vec<KnownStation>,
    /// Case systems.
    #[serde(rename = "system")]
    pub systems: Vec<System>,
    /// Logging.
    #[serde(default)]
    pub log: Log,
}

impl CounterSettings {
    /// Reads, checks and types the file. Relative paths count from its folder.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line, key and what is allowed.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let mut settings: Self = load_toml(file)?;
        let base = file.parent().unwrap_or(Path::new("."));
        settings.office.seal_key = base.join(&settings.office.seal_key);
        settings.brokers.settle(base, "brokers");
        settings.http.settle(base);
        match settings.misfit() {
            None => Ok(settings),
            Some((key, message)) => Err(ConfigError::Refused {
                file: file.to_owned(),
                line: line_of_key(file, key),
                key: key.to_owned(),
                message,
            }),
        }
    }

    /// The office's sealing key, which is none of its stations'.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn key(&self) -> Result<SealKey, KeyFault> {
        let stations = self.stations.iter().map(|station| &station.seal_to);
        SealKey::load_for(&self.office.seal_key, stations)
    }

    /// The key that does not fit the others, and what is allowed.
    fn misfit(&self) -> Option<(&'static str, String)> {
        let own = self.brokers.misfit().or_else(|| self.http.misfit());
        if own.is_some() {
            return own;
        }
        let mut seen = BTreeSet::new();
        let names = self.stations.iter().map(|one| &one.name);
        let mut all = names.chain(self.systems.iter().map(|one| &one.name));
        if let Some(name) = all.find(|name| !seen.insert(*name)) {
            return Some((
                "name",
                format!(
                    "\"{name}\" is used twice; every station and system needs a name of its own"
                ),
            ));
        }
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(bad) = self.systems.iter().find(|one| !is_hash(&one.token_sha256)) {
            let message = format!(
                "of {} is no SHA-256: 64 hexadecimal digits are; the token itself stays with the case system",
                bad.name
            );
            return Some(("token_sha256", message));
        }
        let mut keys = BTreeSet::new();
        let twice = self.stations.iter().find(|one| !keys.insert(&one.seal_to));
        if let Some(station) = twice {
            let message = format!(
                "of {} is another station's: each makes a key of its own, or one could pass for the other",
                station.name
            );
            return Some(("seal_to", message));
        }
        let mut tokens = BTreeSet::new();
        let hash = |one: &System| one.token_sha256.to_ascii_lowercase();
        let twice = self.systems.iter().find(|one| !tokens.insert(hash(one)));
        if let Some(system) = twice {
            let message = format!(
                "of {} is another system's: each has a token of its own",
                system.name
            );
            return Some(("token_sha256", message));
        }
        if self.office.lease_seconds.0 > self.office.max_lease_seconds.0 {
            return Some(("lease_seconds", "is longer than max_lease_seconds".into()));
        }
        None
    }

    /// Least severity that is logged.
    #[must_use]
    pub fn level(&self) -> Level {
        self.log.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(String) -> String) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("office.toml");
        let key = crate::broker::SealKey::generated().public().0;
        let text = format!(
            "[office]\nseal_key = \"k\"\n[brokers]\nservers = [\"nats://127.0.0.1:4222\"]\ncredentials = \"c\"\nplain = true\n\
             [[station]]\nname = \"desk-a\"\nseal_to = \"{key}\"\n[[system]]\nname = \"cases\"\ntoken_sha256 = \"{}\"\n",
            "0".repeat(64)
        );
        std::fs::write(&file, change(text)).unwrap();
        CounterSettings::load(&file).map_or_else(
            |error| {
                error
                    .to_string()
                    .rsplit_once("office.toml")
                    .unwrap()
                    .1
                    .to_owned()
            },
            |_| "taken".to_owned(),
        )
    }

    #[test]
    fn an_office_file_is_refused_with_its_line() {
        assert_eq!(refused(|text| text), "taken");
        let twice = refused(|text| text.replace("\"cases\"", "\"desk-a\""));
        assert_eq!(
            twice,
            ":8: name: \"desk-a\" is used twice; every station and system needs a name of its own"
        );
        let plain = refused(|text| text.replace(&"0".repeat(64), "secret"));
        assert!(
            plain.starts_with(":12: token_sha256: of cases is no SHA-256"),
            "{plain}"
        );
        let key = |text: &str| text.split("seal_to = \"").nth(1).unwrap()[..56].to_owned();
        let same = refused(|text| {
            let key = key(&text);
            text + &format!("[[station]]\nname = \"desk-b\"\nseal_to = \"{key}\"\n")
        });
        assert!(
            same.contains("seal_to: of desk-b is another station's"),
            "{same}"
        );
        let same = refused(|text| {
            let token = "0".repeat(64);
            text + &format!("[[system]]\nname = \"more\"\ntoken_sha256 = \"{token}\"\n")
        });
        assert!(
            same.contains("token_sha256: of more is another system's"),
            "{same}"
        );
        let more = refused(|text| text + "more = 1\n");
        assert!(
            more.starts_with(":13: system[0].more: unknown field"),
            "{more}"
        );
        let long = refused(|text| {
            text.replace(
                "[brokers]",
                "lease_seconds = 600\nmax_lease_seconds = 300\n[brokers]",
            )
        });
        assert_eq!(long, ":3: lease_seconds: is longer than max_lease_seconds");
    }
}
