//! The keys about case systems that want drafts brought: `[[webhook]]`, `[[exchange]]`, and which addresses may be spoken to at all.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

use super::{DeviceId, Within};
use crate::domain::outgoing::Kind;

/// Addresses that begin alike: `10.20.0.0/16`, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.20.0.0/16`, `fd00::/8`, `192.168.1.60`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits.map_or(Some(longest), |bits| bits.parse().ok())?;
        (bits <= longest).then_some(Self { address, bits })
    }

    /// Whether this address is in it. An IPv4 address in IPv6's clothes is that IPv4 address.
    pub fn contains(self, address: IpAddr) -> bool {
        let same = |one: u128, other: u128, width: u8| {
            let shift = u32::from(width - self.bits);
            shift >= u32::from(width) || one >> shift == other >> shift
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(ours.to_bits().into(), theirs.to_bits().into(), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128),
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not allowed; an IP address or a network is, e.g. 192.168.1.60 or 10.20.0.0/16"
            ))
        })
    }
}

/// `[[webhook]]`: a case system that is told by HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its id.
    pub id: DeviceId,
    /// Where it listens.
    pub url: String,
    /// A file with its secrets, one a line; while two are there both sign.
    pub secret_file: PathBuf,
    /// What it is told.
    #[serde(default = "every_kind")]
    pub events: Vec<Kind>,
    /// Whose case system it is: of letters that accuse it nothing is told.
    #[serde(default)]
    pub unit: Option<String>,
    /// The name of its token: then it hears of changes of those letters only that it holds, and nothing of what another system has.
    #[serde(default)]
    pub token: Option<String>,
    /// PEM file with the authority that signed its certificate.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// Or SHA-256 of its own certificate.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// It may be told without TLS.
    #[serde(default)]
    pub plain: bool,
    /// Seconds after which a failed message is tried again the first time; each pause is four times the last, a day at most.
    #[serde(default = "first_retry_s")]
    pub first_retry_s: Within<1, 3600>,
    /// Attempts before a person has to look.
    #[serde(default = "attempts")]
    pub attempts: Within<1, 50>,
}

fn every_kind() -> Vec<Kind> {
    Kind::ALL.to_vec()
}

fn first_retry_s() -> Within<1, 3600> {
    Within(5)
}

fn attempts() -> Within<1, 50> {
    Within(10)
}

impl Webhook {
    /// Paths count from the settings' folder.
    pub(super) fn settle(&mut self, base: &Path) {
        self.secret_file = base.join(&self.secret_file);
        if let Some(authority) = &mut self.authority {
            *authority = base.join(&*authority);
        }
    }

    /// The key that does not fit the others, and what is allowed.
    pub(super) fn misfit(&self, allowed: &[Network]) -> Option<(&'static str, String)> {
        let told = |key, message: &str| Some((key, message.to_owned()));
        if allowed.is_empty() {
            return told(
                "url",
                "is never spoken to: name the addresses that may be, in handoff.push_to",
            );
        }
        let https = self.url.starts_with("https://");
        let host = self
            .url
            .strip_prefix("https://")
            .or_else(|| self.url.strip_prefix("http://").filter(|_| self.plain));
        let good = |host: &&str| {
            let end = host.find('/').unwrap_or(host.len());
            end > 0 && !host.contains(['@', '?', '#', ' ', '\\'])
        };
        if host.filter(good).is_none() {
            return told(
                "url",
                "is not allowed; https://, a host and a path are, without user, query or fragment; http:// with plain = true",
            );
        }
        if https && self.authority.is_some() == self.fingerprint.is_some() {
            return told(
                "authority",
                "either authority (a PEM file) or fingerprint (SHA-256 of its certificate) is needed with https",
            );
        }
        if !https && (self.authority.is_some() || self.fingerprint.is_some()) {
            return told(
                "plain",
                "belongs to http://: take authority and fingerprint out",
            );
        }
        None
    }
}

/// `[[exchange]]`: a folder in which packages are laid for a case system, and receipts come back.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Its id.
    pub id: DeviceId,
    /// Packages are laid in its sub-folder `out`, receipts come into `in`; `staging` is the station's own.
    pub folder: PathBuf,
    /// How our fields become theirs.
    pub mapping: PathBuf,
    /// Whose case system it is: letters that accuse it are not laid there.
    #[serde(default)]
    pub unit: Option<String>,
    /// A receipt is read when it has not changed for so long.
    #[serde(default = "quiet_ms")]
    pub quiet_ms: Within<0, 60_000>,
    /// Whether the letter's PDF goes along.
    #[serde(default = "yes")]
    pub pdf: bool,
}

fn quiet_ms() -> Within<0, 60_000> {
    Within(2000)
}

fn yes() -> bool {
    true
}

impl Exchange {
    /// Paths count from the settings' folder.
    pub(super) fn settle(&mut self, base: &Path) {
        self.folder = base.join(&self.folder);
        self.mapping = base.join(&self.mapping);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_alike_and_nothing_else() {
        let holds = |network: &str, address: &str| {
            let network = Network::parse(network).unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(holds("10.20.0.0/16", "10.20.255.1") && !holds("10.20.0.0/16", "10.21.0.1"));
        assert!(holds("192.168.1.60", "192.168.1.60") && !holds("192.168.1.60", "192.168.1.61"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3") && !holds("::/0", "10.1.2.3"));
        assert!(holds("::/0", "fe80::1"));
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "example.org",
            "10.0.0.1/x",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
