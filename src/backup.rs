//! Back-ups of a running station and the way back: the database as it was at one moment, every original by its hash, the settings.
//!
//! A folder holds many back-ups: originals once, however many back-ups name them, and for each back-up a database and a manifest. The
//! manifest is written last, after everything it names was read back; a back-up that was cut short leaves files that the next one uses.
//! Leaves out files that wait or are held in a scanner's folder: no original of them exists yet.

mod folder;
mod make;
mod manifest;
mod restore;

use std::io;
use std::path::{Path, PathBuf};

use crate::at_rest::AtRestError;
use crate::evidence::EvidenceError;
use crate::store::StoreError;

pub use folder::Folder;
pub(crate) use folder::Shown;
pub use make::{Made, make};
pub(crate) use make::{apart, clear};
pub use manifest::{CopyKey, Kept, LedgerMark, Manifest};
pub(crate) use restore::was_cut;
pub use restore::{Restored, restore, set_aside};

/// Whether a folder is to be encrypted, and with what.
#[derive(Debug, Clone)]
pub enum Lock {
    /// With the passphrase in this file: its bytes without the last line break.
    KeyFile(PathBuf),
    /// Not at all, because somebody said so.
    Unencrypted,
}

/// Why there is no back-up, or nothing could be restored from it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The key file cannot be used.
    #[error("the key file {} cannot be read, or has fewer than 12 characters", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why, unless it is too short.
        #[source]
        source: Option<io::Error>,
    },
    /// The folder was sealed with another passphrase.
    #[error("{} was encrypted with another key: use the key file it was made with", folder.display())]
    WrongKey {
        /// The folder.
        folder: PathBuf,
    },
    /// One folder is encrypted or not; never both.
    #[error("{} holds {holds} back-ups: use another folder, or the same way as before", folder.display())]
    Mixed {
        /// The folder.
        folder: PathBuf,
        /// `encrypted` or `unencrypted`.
        holds: &'static str,
    },
    /// Something else lies where a back-up should.
    #[error("{} is no folder of laixin's back-ups: name one, or an empty folder for the first", folder.display())]
    NotOurs {
        /// The folder.
        folder: PathBuf,
    },
    /// Where it would be lost with the station, or would be backed up itself.
    #[error("{} lies within {}, which the back-up is of: name a folder elsewhere, on another disk", folder.display(), within.display())]
    WithinStation {
        /// The folder.
        folder: PathBuf,
        /// The station's folder it lies in.
        within: PathBuf,
    },
    /// A newer laixin wrote it.
    #[error("{} was written by a newer laixin (format {format}): use that one", folder.display())]
    NewerFormat {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        format: u32,
    },
    /// Another back-up is being written there.
    #[error("{} is in use by another back-up: wait until it has ended", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The ledger does not go on where the last back-up's ended.
    #[error(
        "the last back-up in {} ({snapshot}) ends with another ledger entry {entries} than this station has: it belongs to another station, or the ledger was rewritten. Keep both; use an empty folder, and have the ledger looked at", folder.display()
    )]
    OtherLedger {
        /// The folder.
        folder: PathBuf,
        /// The back-up.
        snapshot: String,
        /// How many entries it has.
        entries: i64,
    },
    /// The copied database is damaged.
    #[error(
        "the database is damaged ({told}): earlier back-ups stay as they are, no new one was made. Keep the database as it is"
    )]
    DatabaseDamaged {
        /// What SQLite or the ledger's chain says.
        told: String,
    },
    /// The folder has no back-up, or none of that name.
    #[error("{} has no back-up {wanted}", folder.display())]
    NoSnapshot {
        /// The folder.
        folder: PathBuf,
        /// Which one was asked for.
        wanted: String,
    },
    /// A file of the back-up is not what was written.
    #[error("{what} in {} is damaged", file.display())]
    Damaged {
        /// `original …`, `the database`, `the manifest`.
        what: String,
        /// The file.
        file: PathBuf,
    },
    /// A document of the back-up does not parse.
    #[error("{} does not parse", file.display())]
    Document {
        /// The file.
        file: PathBuf,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// There is something where the station is to be restored.
    #[error(
        "{0} is not empty, and nothing there is ever overwritten: stop the station and restore again with --set-aside, which moves what is there into a folder of its own below {0}", folder.display()
    )]
    TargetNotEmpty {
        /// The station's data folder.
        folder: PathBuf,
    },
    /// The disk or the quota is full.
    #[error("no space left at {}: make room or use another disk, and run it again; what is there already is used, and earlier back-ups stay as they were", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The station's key was refused.
    #[error(transparent)]
    AtRest(#[from] AtRestError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The originals refused.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_path_buf();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            BackupError::Full { path, source }
        }
        _ => BackupError::Io {
            doing,
            path,
            source,
        },
    }
}

impl Lock {
    const SHORTEST: usize = 12;

    fn passphrase(&self) -> Result<Option<Vec<u8>>, BackupError> {
        let Self::KeyFile(path) = self else {
            return Ok(None);
        };
        let refused = |source| BackupError::KeyFile {
            path: path.clone(),
            source,
        };
        let mut bytes = std::fs::read(path).map_err(|error| refused(Some(error)))?;
        while bytes.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            bytes.pop();
        }
        if bytes.len() < Self::SHORTEST {
            return Err(refused(None));
        }
        Ok(Some(bytes))
    }
}
