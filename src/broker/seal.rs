//! Sealing: what goes to the brokers only its receiver opens, and he sees that it came from whom it says. Curve25519 boxes (nkeys' xkeys), the
//! sender's key and the receiver's; neither broker nor disk has one of them.

use std::path::Path;

use nkeys::XKey;

use super::key_file::{self, KeyFault};
use crate::config::PublicKey;

/// One's own sealing key. Says nothing of itself.
#[derive(Clone)]
pub struct SealKey(pub(super) XKey);

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
        let what = "sealing key: one seed is needed (SX…); `laixin key office` makes one";
        key_file::read(file, what, Self::parse)
    }

    /// The same of whoever seals to these: none of them is himself.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn load_for<'a>(
        file: &Path,
        to: impl IntoIterator<Item = &'a PublicKey>,
    ) -> Result<Self, KeyFault> {
        let key = Self::load(file)?;
        let own = key.public();
        match to.into_iter().any(|to| *to == own) {
            true => Err(KeyFault::Own {
                file: file.to_owned(),
            }),
            false => Ok(key),
        }
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
    use std::os::unix::fs::PermissionsExt as _;

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
        let key = SealKey::load(&file).unwrap();
        let other = SealKey::generated().public();
        assert!(SealKey::load_for(&file, [&other]).is_ok());
        let own = SealKey::load_for(&file, [&other, &key.public()]);
        assert!(matches!(own, Err(KeyFault::Own { .. })));
        std::fs::write(&file, "SX").unwrap();
        assert!(matches!(SealKey::load(&file), Err(KeyFault::Other { .. })));
    }
}
