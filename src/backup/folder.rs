//! The folder that back-ups are kept in: names, whole files, what belongs to whom. Every file appears under its name only when all of
//! it is on the disk.
//!
//! ```text
//! laixin-backup.json            how the key is made; in the clear
//! blobs/ab/ab…                  originals and settings, each once
//! snapshots/STAMP.database      the database of one back-up
//! snapshots/STAMP.manifest      what belongs to it; written last
//! unfinished/                   what a cut-short back-up left
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::{FORMAT, FORMAT_WITH_KEY, Kept, Manifest};
use super::{BackupError, Lock, failed};
use crate::digest::hex;
use crate::seal::{KeyRecipe, Keys, Seal, SealError};

/// Keys of back-ups open nothing else.
const REALM: &str = "laixin back-up";
const HEADER: &str = "laixin-backup.json";

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    /// `null`: not encrypted.
    key: Option<KeyRecipe>,
}

/// A folder of back-ups, open for one process.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    seal: Seal,
    _lock: File,
}

/// Hashes what goes through it.
struct Hashing<W> {
    to: W,
    hasher: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<W> Hashing<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            hasher: Sha256::new(),
            size: 0,
        }
    }

    fn kept(self) -> Kept {
        Kept {
            sha256: hex(&self.hasher.finalize()),
            size: self.size,
        }
    }
}

/// Where a back-up is that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    There,
    /// Its disk is not attached, as far as can be seen.
    Away,
    Gone,
}

impl Folder {
    /// Opens a folder to write back-ups into; makes it when it is new.
    ///
    /// # Errors
    /// [`BackupError`]: in use, another key, not ours, not writable.
    pub fn open_or_make(root: &Path, lock: &Lock) -> Result<Self, BackupError> {
        let passphrase = lock.passphrase()?;
        for part in ["", "blobs", "snapshots", "unfinished"] {
            let part = root.join(part);
            let is_new = part == root.join("") && !root.join(HEADER).exists();
            if is_new && root.exists() && holds_foreign_files(root)? {
                return Err(BackupError::NotOurs {
                    folder: root.to_owned(),
                });
            }
            fs::create_dir_all(&part).map_err(failed("make", &part))?;
        }
        let locked = take(root)?;
        if !root.join(HEADER).exists() {
            let (seal, key) = match &passphrase {
                None => (Seal::Open, None),
                Some(passphrase) => {
                    let (master, recipe) = KeyRecipe::new(passphrase, REALM)
                        .map_err(failed("make a key for", root))?;
                    (
                        Seal::Sealed(Box::new(Keys::of(&master, REALM))),
                        Some(recipe),
                    )
                }
            };
            let folder = Self {
                root: root.to_owned(),
                seal,
                _lock: locked,
            };
            folder.write_header(&Header {
                format: FORMAT,
                key,
            })?;
            return Ok(folder);
        }
        let folder = Self::unlocked(root, passphrase.as_deref(), locked)?;
        folder.clear_unfinished()?;
        Ok(folder)
    }

    /// Whether this back-up lies in a folder of back-ups, as far as can be seen without its key.
    pub(crate) fn shows(root: &Path, snapshot: &str) -> Shown {
        let manifest = root.join("snapshots").join(format!("{snapshot}.manifest"));
        let is_empty =
            |folder: &Path| fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_none());
        if manifest.is_file() {
            return Shown::There;
        }
        // A disk that is not attached leaves an empty folder, or none below one.
        let there = root.ancestors().find(|folder| folder.is_dir());
        match there.is_some_and(is_empty) {
            true => Shown::Away,
            false => Shown::Gone,
        }
    }

    /// Opens a folder to restore from; nothing in it is changed but its lock file.
    ///
    /// # Errors
    /// As [`Folder::open_or_make`].
    pub fn open(root: &Path, lock: &Lock) -> Result<Self, BackupError> {
        let passphrase = lock.passphrase()?;
        if !root.join(HEADER).is_file() {
            return Err(BackupError::NotOurs {
                folder: root.to_owned(),
            });
        }
        // A folder on a read-only medium cannot be locked, and nobody can write to it either.
        let locked = match take(root) {
            Err(BackupError::Io { source, .. }) if is_read_only(&source) => {
                let header = root.join(HEADER);
                File::open(&header).map_err(failed("open", &header))?
            }
            other => other?,
        };
        Self::unlocked(root, passphrase.as_deref(), locked)
    }

    fn unlocked(root: &Path, passphrase: Option<&[u8]>, locked: File) -> Result<Self, BackupError> {
        let file = root.join(HEADER);
        let bytes = fs::read(&file).map_err(failed("read", &file))?;
        let header: Header = serde_json::from_slice(&bytes)
            .map_err(|source| BackupError::Document { file, source })?;
        let folder = root.to_owned();
        if header.format > FORMAT_WITH_KEY {
            let format = header.format;
            return Err(BackupError::NewerFormat { folder, format });
        }
        let mixed = |holds| BackupError::Mixed {
            folder: folder.clone(),
            holds,
        };
        let seal = match (&header.key, passphrase) {
            (None, None) => Seal::Open,
            (None, Some(_)) => return Err(mixed("unencrypted")),
            (Some(_), None) => return Err(mixed("encrypted")),
            (Some(recipe), Some(passphrase)) => {
                let master = recipe.key_of(passphrase, REALM);
                match master.map_err(failed("make the key of", root))? {
                    Some(master) => Seal::Sealed(Box::new(Keys::of(&master, REALM))),
                    None => return Err(BackupError::WrongKey { folder }),
                }
            }
        };
        Ok(Self {
            root: root.to_owned(),
            seal,
            _lock: locked,
        })
    }

    fn write_header(&self, header: &Header) -> Result<(), BackupError> {
        let text = serde_json::to_vec_pretty(header).expect("a header is a JSON document");
        let path = self.root.join(HEADER);
        self.whole_file(&path, |to| to.write_all(&text))
    }

    fn clear_unfinished(&self) -> Result<(), BackupError> {
        let unfinished = self.root.join("unfinished");
        for file in fs::read_dir(&unfinished).map_err(failed("list", &unfinished))? {
            let path = file.map_err(failed("list", &unfinished))?.path();
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    /// Whether what is kept here is encrypted.
    pub fn is_sealed(&self) -> bool {
        matches!(self.seal, Seal::Sealed(_))
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn blob(&self, sha256: &str) -> PathBuf {
        let name = self.seal.name_of(sha256);
        self.root.join("blobs").join(&name[..2]).join(name)
    }

    fn database(&self, snapshot: &str) -> PathBuf {
        self.root
            .join("snapshots")
            .join(format!("{snapshot}.database"))
    }

    fn manifest(&self, snapshot: &str) -> PathBuf {
        self.root
            .join("snapshots")
            .join(format!("{snapshot}.manifest"))
    }

    /// Whether a blob is here; whether it is good only [`Folder::check_blob`] tells.
    pub(super) fn has_blob(&self, sha256: &str) -> bool {
        self.blob(sha256).is_file()
    }

    pub(super) fn write_blob(&self, sha256: &str, from: &mut dyn Read) -> Result<(), BackupError> {
        let path = self.blob(sha256);
        self.whole_file(&path, |to| {
            self.seal.write(&format!("blob/{sha256}"), from, to)
        })
    }

    pub(super) fn write_database(
        &self,
        snapshot: &str,
        from: &mut dyn Read,
    ) -> Result<(), BackupError> {
        let path = self.database(snapshot);
        self.whole_file(&path, |to| {
            self.seal.write(&format!("database/{snapshot}"), from, to)
        })
    }

    pub(super) fn write_manifest(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let text = serde_json::to_vec(manifest).expect("a manifest is a JSON document");
        let (path, what) = (
            self.manifest(&manifest.snapshot),
            format!("manifest/{}", manifest.snapshot),
        );
        self.whole_file(&path, |to| self.seal.write(&what, &mut &text[..], to))?;
        let again = self.read_manifest(&manifest.snapshot)?;
        if again != *manifest {
            return Err(self.damaged("the manifest", path));
        }
        Ok(())
    }

    /// Under another name first, on the disk whole, then under its own.
    fn whole_file(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), BackupError> {
        let name = path.file_name().expect("a file of ours has a name");
        let part = self.root.join("unfinished").join(name);
        let folder = path.parent().expect("a file of ours lies in the folder");
        let written = (|| {
            fs::create_dir_all(folder)?;
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&part)?;
            let mut to = BufWriter::new(file);
            write(&mut to)?;
            let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            drop(file);
            fs::rename(&part, path)?;
            // Some file systems of removable disks cannot sync a folder; the file itself is on the disk.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
            Ok(())
        })();
        written.map_err(|error| {
            let _ = fs::remove_file(&part);
            failed("write", path)(error)
        })
    }

    fn damaged(&self, what: &str, file: PathBuf) -> BackupError {
        BackupError::Damaged {
            what: what.to_owned(),
            file,
        }
    }

    fn read(
        &self,
        (what, shown): (&str, &str),
        path: PathBuf,
        to: &mut dyn Write,
    ) -> Result<Kept, BackupError> {
        let mut from = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.damaged(&format!("{shown} (missing)"), path.clone()),
            _ => failed("open", &path)(error),
        })?;
        let mut hashing = Hashing::new(to);
        match self.seal.read(what, &mut from, &mut hashing) {
            Ok(()) => Ok(hashing.kept()),
            Err(SealError::Damaged) => Err(self.damaged(shown, path)),
            Err(SealError::Io(error)) => Err(failed("read", &path)(error)),
        }
    }

    /// Reads a blob back: `Ok` means that its bytes are those of its hash.
    pub(super) fn check_blob(&self, kept: &Kept) -> Result<(), BackupError> {
        self.read_blob(kept, &mut io::sink())
    }

    pub(super) fn read_blob(&self, kept: &Kept, to: &mut dyn Write) -> Result<(), BackupError> {
        let shown = format!("original {}", kept.sha256);
        let path = self.blob(&kept.sha256);
        let found = self.read((&format!("blob/{}", kept.sha256), &shown), path.clone(), to)?;
        if found == *kept {
            Ok(())
        } else {
            Err(self.damaged(&shown, path))
        }
    }

    pub(super) fn read_database(
        &self,
        manifest: &Manifest,
        to: &mut dyn Write,
    ) -> Result<(), BackupError> {
        let (snapshot, shown) = (&manifest.snapshot, "the database");
        let path = self.database(snapshot);
        let found = self.read((&format!("database/{snapshot}"), shown), path.clone(), to)?;
        if found == manifest.database {
            Ok(())
        } else {
            Err(self.damaged(shown, path))
        }
    }

    /// One back-up's manifest.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] and others.
    pub fn read_manifest(&self, snapshot: &str) -> Result<Manifest, BackupError> {
        let path = self.manifest(snapshot);
        let mut bytes = Vec::new();
        self.read(
            (&format!("manifest/{snapshot}"), "the manifest"),
            path.clone(),
            &mut bytes,
        )?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|source| BackupError::Document { file: path, source })?;
        if manifest.format > FORMAT_WITH_KEY {
            return Err(BackupError::NewerFormat {
                folder: self.root.clone(),
                format: manifest.format,
            });
        }
        Ok(manifest)
    }

    /// Names of the back-ups, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn snapshots(&self) -> Result<Vec<String>, BackupError> {
        let folder = self.root.join("snapshots");
        let mut found = Vec::new();
        for file in fs::read_dir(&folder).map_err(failed("list", &folder))? {
            let name = file.map_err(failed("list", &folder))?.file_name();
            if let Some(stamp) = name.to_str().and_then(|n| n.strip_suffix(".manifest")) {
                found.push(stamp.to_owned());
            }
        }
        found.sort();
        Ok(found)
    }

    /// Forgets all but the newest `keep` back-ups, databases without a manifest, and blobs that no back-up left names.
    pub(super) fn forget(&self, keep: usize) -> Result<(), BackupError> {
        let snapshots = self.snapshots()?;
        let (old, left) = snapshots.split_at(snapshots.len().saturating_sub(keep.max(1)));
        let mut named = BTreeSet::new();
        for snapshot in left {
            let manifest = self.read_manifest(snapshot)?;
            let settings = manifest.settings.into_iter().map(|file| file.kept);
            let all = manifest.originals.into_iter().chain(settings);
            named.extend(all.map(|kept| self.seal.name_of(&kept.sha256)));
        }
        // Manifests first: a back-up is there or not, never half.
        for snapshot in old {
            remove(&self.manifest(snapshot))?;
        }
        let left: BTreeSet<String> = left.iter().map(|s| format!("{s}.database")).collect();
        for path in files(&self.root.join("snapshots"))? {
            let name = name_of(&path);
            if name.ends_with(".database") && !left.contains(&name) {
                remove(&path)?;
            }
        }
        for folder in files(&self.root.join("blobs"))? {
            for path in files(&folder)? {
                if !named.contains(&name_of(&path)) {
                    remove(&path)?;
                }
            }
        }
        Ok(())
    }
}

fn take(root: &Path) -> Result<File, BackupError> {
    let path = root.join("lock");
    let lock = File::create(&path).map_err(failed("write", &path))?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(BackupError::Busy {
            folder: root.to_owned(),
        }),
        // A file system without locks, as some network shares are: the administrator runs one at a time.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
    )
}

/// A freshly formatted disk has its `lost+found`; anything else is somebody's.
fn holds_foreign_files(root: &Path) -> Result<bool, BackupError> {
    let ours = ["lost+found", "lock", "blobs", "snapshots", "unfinished"];
    Ok(files(root)?
        .iter()
        .any(|path| !ours.contains(&name_of(path).as_str())))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let list = fs::read_dir(folder).map_err(failed("list", folder))?;
    list.map(|file| file.map(|file| file.path()).map_err(failed("list", folder)))
        .collect()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn remove(path: &Path) -> Result<(), BackupError> {
    fs::remove_file(path).map_err(failed("remove", path))
}
