//! The certificate that a caller showed: to whom it is made out, and its hash. rustls has checked it before; nothing is proved here.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::digest;

/// OID 2.5.4.3, the common name, as it stands in DER.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// UTF8String, PrintableString, IA5String: read as UTF-8 they are what they say.
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];

/// A certificate of the authority for case systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 in hex.
    sha256: String,
    /// Common name, DNS names and addresses that it is made out to.
    names: Vec<String>,
}

impl Shown {
    /// What stands in a certificate.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        let mut names = Vec::new();
        if let Ok(read) = EndEntityCert::try_from(certificate) {
            names.extend(common_names(read.subject()));
            names.extend(read.valid_dns_names().map(str::to_owned));
            names.extend(read.valid_uri_names().map(str::to_owned));
        }
        Self {
            sha256: digest::sha256_hex(certificate),
            names,
        }
    }

    /// Whether it is the one that a token is tied to.
    pub fn is(&self, tied: &str) -> bool {
        tied == self.sha256
            || self
                .names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(tied))
    }
}

/// What a person writes: a name stays as it is, a SHA-256 loses its colons and capitals. `None` when it is neither.
pub fn tie(written: &str) -> Option<String> {
    let written = written.trim();
    let hex: String = written.chars().filter(|c| *c != ':').collect();
    if hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()) {
        return Some(hex.to_ascii_lowercase());
    }
    let length = written.chars().count();
    let is_name = (1..=200).contains(&length) && !written.chars().any(char::is_control);
    is_name.then(|| written.to_owned())
}

/// One value: its tag, what is in it, what follows. `None` where the bytes end too early.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (told, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if told.len() > 4 {
            return None;
        }
        length = told
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = after;
    }
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

/// Each value in a row; ends at the first that does not read.
fn values(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut left = bytes;
    std::iter::from_fn(move || {
        let (tag, inside, after) = value(left)?;
        left = after;
        Some((tag, inside))
    })
}

/// The common names of a subject: sets of pairs of a kind and a text.
fn common_names(subject: &[u8]) -> Vec<String> {
    let pairs = values(subject)
        .filter(|(tag, _)| *tag == SET)
        .flat_map(|(_, set)| values(set))
        .filter(|(tag, _)| *tag == SEQUENCE);
    let texts = pairs.filter_map(|(_, pair)| {
        let (kind_tag, kind, rest) = value(pair)?;
        let (tag, text, _) = value(rest)?;
        let is_name = kind_tag == OBJECT_IDENTIFIER && kind == COMMON_NAME && TEXTS.contains(&tag);
        is_name.then(|| String::from_utf8(text.to_vec()).ok())?
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn made(common: &str, dns: &[&str]) -> CertificateDer<'static> {
        let names: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "another");
        params.distinguished_name.push(DnType::CommonName, common);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_is_known_by_common_name_dns_name_and_hash() {
        let certificate = made("市信访局", &["cases.example"]);
        let shown = Shown::of(&certificate);
        for name in ["市信访局", "cases.example", "CASES.example"] {
            assert!(shown.is(name), "{name}: {shown:?}");
        }
        let hash = digest::sha256_hex(&certificate);
        assert!(shown.is(&tie(&hash.to_uppercase()).unwrap()));
        for name in ["another", "市信访", "cases", "", &hash[1..]] {
            assert!(!shown.is(name), "{name}");
        }
        assert!(!Shown::of(&made("市信访局", &[])).is(&hash));
    }

    #[test]
    fn a_long_name_and_bytes_that_are_no_certificate() {
        let long = "名".repeat(60);
        assert!(Shown::of(&made(&long, &[])).is(&long));
        let broken = Shown::of(&CertificateDer::from(vec![
            0x30, 0x84, 0xff, 0xff, 0xff, 0xff,
        ]));
        assert!(broken.names.is_empty());
        for cut in [&[][..], &[0x31], &[0x31, 0x05, 0x30], &[0x31, 0x89, 1]] {
            assert!(common_names(cut).is_empty());
        }
    }

    #[test]
    fn what_a_token_may_be_tied_to() {
        let hash = "AB:".repeat(31) + "AB";
        assert_eq!(tie(&hash).unwrap(), "ab".repeat(32));
        assert_eq!(tie(" cases ").unwrap(), "cases");
        assert_eq!(tie("  "), None);
        assert_eq!(tie("a\nb"), None);
    }
}
