//! The file beside the letters that says which key they need. It holds no key that a key of the station does not open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt, fchown};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{AtRestError, KeyId, Lock, Opened, REALM, Secret, StationKey, failed};
use crate::digest::hex;
use crate::seal::{KeyRecipe, Master, Seal};

/// Its name in the data folder.
pub(crate) const FILE: &str = "at-rest.json";
const FORMAT: u32 = 1;

/// Which key a station needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The key's number.
    pub key: KeyId,
    /// How it is made, where it is made of a passphrase.
    pub recipe: Option<KeyRecipe>,
    /// The key before, while the station is turned over to this one.
    pub older: Option<Older>,
    /// The station is turned over from the clear.
    pub converting: bool,
}

/// While a key is changed, either of the two opens the other: whoever has one can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Older {
    key: KeyId,
    recipe: Option<KeyRecipe>,
    /// The older key, sealed with the current one.
    sealed: Vec<u8>,
    /// The current key, sealed with the older one.
    successor: Vec<u8>,
    /// Nothing needs the older key any more: it is forgotten as soon as the current one was used.
    is_over: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    key: String,
    passphrase: Option<KeyRecipe>,
    converting: bool,
    older: Option<OlderDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OlderDocument {
    key: String,
    passphrase: Option<KeyRecipe>,
    sealed: String,
    successor: String,
    is_over: bool,
}

impl Marker {
    /// That of a station with this key.
    pub fn of(key: &StationKey, recipe: Option<KeyRecipe>) -> Self {
        Self {
            key: key.id(),
            recipe,
            older: None,
            converting: false,
        }
    }

    /// A new marker for a passphrase, with the key it makes.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn of_passphrase(passphrase: &[u8]) -> io::Result<(StationKey, Self)> {
        let (master, recipe) = KeyRecipe::new(passphrase, REALM)?;
        let key = StationKey::from_master(master);
        let marker = Self::of(&key, Some(recipe));
        Ok((key, marker))
    }

    /// The marker of a station that is turned over from `old` (with its marker) to this one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn after(
        mut self,
        new: &StationKey,
        (old, before): (&StationKey, &Self),
    ) -> io::Result<Self> {
        self.older = Some(Older {
            key: old.id(),
            recipe: before.recipe.clone(),
            sealed: wrap(old, new)?,
            successor: wrap(new, old)?,
            is_over: false,
        });
        Ok(self)
    }

    /// Everything is under the current key. The older one still leads to it until the current one was used once.
    pub fn over(mut self) -> Self {
        self.converting = false;
        if let Some(older) = &mut self.older {
            older.is_over = true;
        }
        self
    }

    /// Without the older key, if this secret is the current one and nothing needs the older any more.
    pub(super) fn settled_by(&self, secret: &Secret) -> Option<Self> {
        let is_over = self.older.as_ref().is_some_and(|older| older.is_over);
        let knows_it = is_over && key_by(secret, self.key, self.recipe.as_ref()).is_some();
        knows_it.then(|| Self {
            older: None,
            ..self.clone()
        })
    }

    /// Whether the station is turned over from another key.
    pub(super) fn is_changing(&self) -> bool {
        self.older.as_ref().is_some_and(|older| !older.is_over)
    }

    /// Whether the station is turned over from the clear.
    pub fn is_converting(&self) -> bool {
        self.converting
    }

    /// Reads it; none where there is none.
    ///
    /// # Errors
    /// [`AtRestError::Marker`] when it is damaged.
    pub fn read(data: &Path) -> Result<Option<Self>, AtRestError> {
        let file = data.join(FILE);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &file)(error)),
        };
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|source| AtRestError::Marker {
                file: file.clone(),
                source: Some(source),
            })?;
        let marker = document.marker();
        marker
            .map(Some)
            .ok_or(AtRestError::Marker { file, source: None })
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, data: &Path) -> Result<(), AtRestError> {
        let file = data.join(FILE);
        let part = data.join(format!(".{FILE}.{}.part", std::process::id()));
        let text = serde_json::to_vec_pretty(&Document::of(self)).expect("plain values are JSON");
        let written = (|| {
            let mut options = OpenOptions::new();
            let mut to = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o640)
                .open(&part)?;
            to.write_all(&text)?;
            give_to_owner_of(data, &to)?;
            to.sync_all()?;
            fs::rename(&part, &file)?;
            File::open(data)?.sync_all()
        })();
        written.map_err(|error| {
            let _ = fs::remove_file(&part);
            failed("write", &file)(error)
        })
    }

    /// What this secret opens.
    ///
    /// # Errors
    /// [`AtRestError::WrongKey`].
    pub(super) fn open(&self, secret: &Secret) -> Result<Lock, AtRestError> {
        let current = key_by(secret, self.key, self.recipe.as_ref());
        let Some(older) = &self.older else {
            let key = current.ok_or_else(|| self.wrong(secret))?;
            return Ok(Lock::ring(Opened::of(key), None, self.converting));
        };
        let is_outdated = current.is_none();
        let (new, old) = match current {
            Some(new) => {
                let old = unwrap(&older.sealed, &new);
                (Some(new), old)
            }
            None => {
                let old = key_by(secret, older.key, older.recipe.as_ref());
                let old = old.ok_or_else(|| self.wrong(secret))?;
                (unwrap(&older.successor, &old), Some(old))
            }
        };
        let (Some(new), Some(old)) = (new, old) else {
            return Err(self.wrong(secret));
        };
        let old = (!older.is_over).then(|| Opened::of(old));
        let lock = Lock::ring(Opened::of(new), old, self.converting);
        Ok(match is_outdated {
            true => lock.by_older(older.key),
            false => lock,
        })
    }

    fn wrong(&self, secret: &Secret) -> AtRestError {
        AtRestError::WrongKey {
            given: match secret {
                Secret::Key(key) => format!("key {}", key.id()),
                Secret::Passphrase(_) => "another passphrase".into(),
            },
            wanted: self.key,
        }
    }
}

/// The key with this number, if the secret gives it.
fn key_by(secret: &Secret, wanted: KeyId, recipe: Option<&KeyRecipe>) -> Option<StationKey> {
    let key = match (secret, recipe) {
        (Secret::Key(key), _) => key.clone(),
        (Secret::Passphrase(words), Some(recipe)) => {
            StationKey::from_master(recipe.key_of(words, REALM).ok()??)
        }
        (Secret::Passphrase(_), None) => return None,
    };
    (key.id() == wanted).then_some(key)
}

/// What a sealed key is said to be.
const WRAPPED: &str = "key";

fn seal_of(key: &StationKey) -> Seal {
    let realm = format!("{REALM}: another key");
    Seal::Sealed(Box::new(crate::seal::Keys::of(key.master(), &realm)))
}

fn wrap(key: &StationKey, with: &StationKey) -> io::Result<Vec<u8>> {
    let mut sealed = Vec::new();
    seal_of(with).write(WRAPPED, &mut key.master().as_slice(), &mut sealed)?;
    Ok(sealed)
}

fn unwrap(sealed: &[u8], with: &StationKey) -> Option<StationKey> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    seal_of(with)
        .read(WRAPPED, &mut &sealed[..], &mut *bytes)
        .ok()?;
    let mut master = Master::default();
    (bytes.len() == master.len()).then(|| master.copy_from_slice(&bytes))?;
    Some(StationKey::from_master(master))
}

/// What root writes beside a station belongs to the account whose data folder this is.
pub(crate) fn give_to_owner_of(data: &Path, file: &File) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = data.metadata()?;
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

impl Document {
    fn of(marker: &Marker) -> Self {
        Self {
            format: FORMAT,
            key: marker.key.to_string(),
            passphrase: marker.recipe.clone(),
            converting: marker.converting,
            older: marker.older.as_ref().map(|older| OlderDocument {
                key: older.key.to_string(),
                passphrase: older.recipe.clone(),
                sealed: hex(&older.sealed),
                successor: hex(&older.successor),
                is_over: older.is_over,
            }),
        }
    }

    fn marker(self) -> Option<Marker> {
        if self.format != FORMAT {
            return None;
        }
        let older = match self.older {
            None => None,
            Some(older) => Some(Older {
                key: KeyId::parse(&older.key)?,
                recipe: older.passphrase,
                sealed: unhex(&older.sealed)?,
                successor: unhex(&older.successor)?,
                is_over: older.is_over,
            }),
        };
        Some(Marker {
            key: KeyId::parse(&self.key)?,
            recipe: self.passphrase,
            older,
            converting: self.converting,
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_key_opens_a_station_that_is_turned_over_and_no_third() {
        let (old, new) = (StationKey::new().unwrap(), StationKey::new().unwrap());
        let before = Marker::of(&old, None);
        let marker = Marker::of(&new, None).after(&new, (&old, &before)).unwrap();
        for key in [&old, &new] {
            let lock = marker.open(&Secret::Key(key.clone())).unwrap();
            assert_eq!(lock.current().unwrap().id(), new.id());
            assert_eq!(lock.older().unwrap().id(), old.id());
        }
        let other = Secret::Key(StationKey::new().unwrap());
        assert!(matches!(
            marker.open(&other),
            Err(AtRestError::WrongKey { .. })
        ));
    }

    #[test]
    fn a_marker_is_read_back_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Marker::read(folder.path()).unwrap(), None);
        let (key, marker) = Marker::of_passphrase(b"twelve and more").unwrap();
        marker.write(folder.path()).unwrap();
        assert_eq!(Marker::read(folder.path()).unwrap(), Some(marker.clone()));
        let words = |words: &[u8]| Secret::Passphrase(Zeroizing::new(words.to_vec()));
        let lock = marker.open(&words(b"twelve and more")).unwrap();
        assert_eq!(lock.current().unwrap().id(), key.id());
        // The sheet in the safe opens it, too.
        assert!(marker.open(&Secret::Key(key)).is_ok());
        assert!(marker.open(&words(b"twelve and less")).is_err());
        fs::write(folder.path().join(FILE), b"{\"format\":1}").unwrap();
        assert!(matches!(
            Marker::read(folder.path()),
            Err(AtRestError::Marker { .. })
        ));
    }

    #[test]
    fn what_root_writes_beside_a_station_belongs_to_its_account() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root gives files away");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(4711), Some(4712)).unwrap();
        let key = StationKey::new().unwrap();
        Marker::of(&key, None).write(folder.path()).unwrap();
        let found = folder.path().join(FILE).metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (4711, 4712));
    }

    #[test]
    fn a_wrong_owner_is_told_with_its_next_step_and_tried_again() {
        let file = Path::new("/var/lib/laixin").join(FILE);
        let denied = failed("read", &file)(io::ErrorKind::PermissionDenied.into());
        assert!(denied.may_pass());
        assert_eq!(denied.code(), "data_dir_unusable");
        let told = denied.to_string();
        assert!(
            told.contains("chown -R laixin:laixin /var/lib/laixin;"),
            "{told}"
        );
        let broken = failed("read", &file)(io::ErrorKind::Other.into());
        assert!(broken.may_pass() && !broken.to_string().contains("chown"));
        let damaged = AtRestError::Marker { file, source: None };
        assert!(!damaged.may_pass());
    }
}
