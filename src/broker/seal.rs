//! Sealing: what goes to the brokers only its receiver opens, and he sees that it came from whom it says. Curve25519 boxes (nkeys' xkeys), the
//! sender's key and the receiver's; neither broker nor disk has one of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use nkeys::XKey;

use crate::config::PublicKey;

/// Why there is no key to seal with.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file cannot be read.
    #[error("{} cannot be read: it holds the key that letters are sealed with", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others on this machine may read it.
    #[error("{} may be read by other users of this machine: chmod 600", file.display())]
    Open {
        /// The file.
        file: PathBuf,
    },
    /// It holds none.
    #[error("{} holds no sealing key: one seed is needed (SX…); `laixin key office` makes one", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
}

/// One's own sealing key. Says nothing of itself.
#[derive(Clone)]
pub struct SealKey(XKey);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealKey({})", self.0.public_key())
    }
}

impl SealKey {
    /// A new one.
    #[must_use]
    pub fn generated() -> Self {
        Self(XKey::new())
    }

    /// Reads a seed out of a file that only its owner reads.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn load(file: &Path) -> Result<Self, KeyFault> {
        let unreadable = |source| KeyFault::Unreadable {
            file: file.to_owned(),
            source,
        };
        let meta = std::fs::metadata(file).map_err(unreadable)?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(KeyFault::Open {
                file: file.to_owned(),
            });
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Self::parse(text.trim()).ok_or_else(|| KeyFault::NoKey {
            file: file.to_owned(),
        })
    }

    /// Reads a seed.
    #[must_use]
    pub fn parse(seed: &str) -> Option<Self> {
        XKey::from_seed(seed).ok().map(Self)
    }

    /// The seed, as the file holds it.
    #[must_use]
    pub fn seed(&self) -> String {
        self.0.seed().expect("it was made with its seed")
    }

    /// What others seal to.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key())
    }

    /// Sealed so that only `to` opens it.
    #[must_use]
    pub fn seal(&self, bytes: &[u8], to: &PublicKey) -> Vec<u8> {
        let to = XKey::from_public_key(&to.0).expect("the settings took it as a key");
        self.0
            .seal(bytes, &to)
            .expect("a box takes any bytes, and the seed is there")
    }

    /// What `from` sealed to this key; nothing of what anybody else did.
    #[must_use]
    pub fn open(&self, sealed: &[u8], from: &PublicKey) -> Option<Vec<u8>> {
        let from = XKey::from_public_key(&from.0).ok()?;
        self.0.open(sealed, &from).ok()
    }

    /// Sealed for its own later use.
    #[must_use]
    pub fn keep(&self, bytes: &[u8]) -> Vec<u8> {
        self.seal(bytes, &self.public())
    }

    /// What [`SealKey::keep`] made.
    #[must_use]
    pub fn kept(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open(sealed, &self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_receiver_opens_and_only_what_the_sender_sealed() {
        let (station, office, other) = (
            SealKey::generated(),
            SealKey::generated(),
            SealKey::generated(),
        );
        let sealed = station.seal("某某".as_bytes(), &office.public());
        assert!(!sealed.windows(6).any(|part| part == "某某".as_bytes()));
        let opened = office.open(&sealed, &station.public());
        assert_eq!(opened.as_deref(), Some("某某".as_bytes()));
        assert_eq!(office.open(&sealed, &other.public()), None);
        assert_eq!(other.open(&sealed, &station.public()), None);
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert_eq!(office.open(&bent, &station.public()), None);
        assert_eq!(office.open(&[], &station.public()), None);
    }

    #[test]
    fn what_is_kept_opens_for_every_process_with_the_same_seed() {
        let key = SealKey::generated();
        let again = SealKey::parse(&key.seed()).unwrap();
        assert_eq!(
            again.kept(&key.keep(b"lease")).as_deref(),
            Some(&b"lease"[..])
        );
        assert_eq!(SealKey::generated().kept(&key.keep(b"lease")), None);
        assert!(SealKey::parse(&key.public().0).is_none());
    }

    #[test]
    fn a_key_that_others_may_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        std::fs::write(&file, SealKey::generated().seed()).unwrap();
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
        mode(0o644).unwrap();
        assert!(matches!(SealKey::load(&file), Err(KeyFault::Open { .. })));
        mode(0o600).unwrap();
        assert!(SealKey::load(&file).is_ok());
        std::fs::write(&file, "SX").unwrap();
        assert!(matches!(SealKey::load(&file), Err(KeyFault::NoKey { .. })));
    }
}
