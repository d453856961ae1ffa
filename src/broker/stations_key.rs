//! What stations of one office say to each other is sealed with a key that only they share: XChaCha20-Poly1305, bound to what it is said under, so that it
//! cannot be taken for something else. The brokers read nothing of it.

use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::key_file::{self, KeyFault};
use crate::seal::{Master, derive};

const NONCE_BYTES: usize = 24;

/// The key that the stations of an office share.
#[derive(Clone)]
pub struct StationsKey(XChaCha20Poly1305);

impl std::fmt::Debug for StationsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StationsKey")
    }
}

impl StationsKey {
    /// Out of a file with 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn read(file: &Path) -> Result<Self, KeyFault> {
        let what = "key of the stations: 64 hexadecimal digits (openssl rand -hex 32)";
        key_file::read(file, what, |text| digits(text).map(|key| Self::of(&key)))
    }

    /// Derived from 32 secret bytes.
    pub fn of(secret: &Master) -> Self {
        let key = derive(secret, "laixin office: stations");
        Self(XChaCha20Poly1305::new(key.as_slice().into()))
    }

    /// Sealed as said under `name`.
    pub fn seal(&self, name: &str, said: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; NONCE_BYTES];
        getrandom::fill(&mut sealed).expect("the system gives random numbers");
        let payload = Payload {
            msg: said,
            aad: name.as_bytes(),
        };
        let body = self.0.encrypt(XNonce::from_slice(&sealed), payload);
        sealed.extend(body.expect("what is said is shorter than 256 GB"));
        sealed
    }

    /// What was sealed as said under `name`; `None` for anything else.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload {
            msg: body,
            aad: name.as_bytes(),
        };
        self.0.decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

fn digits(text: &str) -> Option<Master> {
    let pairs = text.as_bytes().as_chunks::<2>();
    if pairs.0.len() != 32 || !pairs.1.is_empty() {
        return None;
    }
    let mut secret = Master::default();
    for (byte, pair) in secret.iter_mut().zip(pairs.0) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn key(byte: u8) -> StationsKey {
        StationsKey::of(&Master::new([byte; 32]))
    }

    #[test]
    fn what_is_sealed_is_opened_under_its_name_by_whoever_has_the_key() {
        let sealed = key(1).seal("fingerprints.desk-a", "陆思雨".as_bytes());
        assert!(!String::from_utf8_lossy(&sealed).contains("陆"));
        let opened = key(1).open("fingerprints.desk-a", &sealed);
        assert_eq!(opened.as_deref(), Some("陆思雨".as_bytes()));
        assert_eq!(key(1).open("fingerprints.desk-b", &sealed), None);
        assert_eq!(key(2).open("fingerprints.desk-a", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key(1).open("fingerprints.desk-a", &changed), None);
            assert_eq!(key(1).open("fingerprints.desk-a", &sealed[..at]), None);
        }
    }

    #[test]
    fn a_key_is_64_digits_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let mode = |mode| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            mode(0o600);
            StationsKey::read(&file)
        };
        let good = format!("{}\n", "0a".repeat(32));
        let sealed = read(&good).unwrap().seal("x", b"y");
        assert_eq!(key(10).open("x", &sealed).as_deref(), Some(b"y".as_slice()));
        for bad in [
            "",
            "0a",
            &"0a".repeat(33),
            &"zz".repeat(32),
            &"é".repeat(32),
        ] {
            assert!(matches!(read(bad), Err(KeyFault::Other { .. })), "{bad}");
        }
        read(&good).unwrap();
        mode(0o640);
        assert!(matches!(
            StationsKey::read(&file),
            Err(KeyFault::Open { .. })
        ));
        let missing = StationsKey::read(Path::new("/nowhere/key"));
        assert!(matches!(missing, Err(KeyFault::Unreadable { .. })));
    }
}
