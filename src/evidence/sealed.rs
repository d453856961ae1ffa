//! Originals of an encrypted station: where each lies, how its file begins, and how all of them are sealed anew under another key.
//!
//! ```text
//! LXSEAL01   8 bytes
//! number     8 bytes: which key (`src/at_rest/key.rs`)
//! the rest   as `src/seal.rs` says, the first 16 bytes authenticated with every chunk
//! ```
//!
//! A file's name is a keyed hash of the original's SHA-256: nobody can tell from the folder whether a known image is in it. Every original is
//! read whole and its hash compared before any part of it is used, so nothing here reads a part of a file.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sm3::Sm3;

use super::{Evidence, EvidenceError, Original, failed, sorted, sync_folder};
use crate::at_rest::Opened;
use crate::digest::hex;
use crate::seal::{Seal, SealError};

const MAGIC: &[u8; 8] = b"LXSEAL01";
const HEAD_BYTES: usize = 16;

/// Where an original lies or would lie, and how it is read there.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) path: PathBuf,
    key: Option<&'a Opened>,
}

/// Hashes what is read through it.
pub(super) struct Hashing<'a> {
    from: &'a mut dyn Read,
    sha256: Sha256,
    sm3: Sm3,
    size: u64,
    /// The source gave an error: it is not the writing that failed.
    pub(super) has_failed: bool,
}

/// Hashes what is written to it and hands it on.
pub(super) struct Taking<F> {
    take: F,
    sha256: Sha256,
}

/// What came of sealing everything anew.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Files sealed anew.
    pub sealed: u64,
    /// Files that were so already.
    pub already: u64,
    /// Files that are no whole originals: left as they are, and told.
    pub left: Vec<PathBuf>,
}

impl<'a> Hashing<'a> {
    pub(super) fn new(from: &'a mut dyn Read) -> Self {
        Self {
            from,
            sha256: Sha256::new(),
            sm3: Sm3::new(),
            size: 0,
            has_failed: false,
        }
    }

    pub(super) fn original(self) -> Original {
        Original {
            sha256: hex(&self.sha256.finalize()),
            sm3: hex(&self.sm3.finalize()),
            size: self.size,
        }
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer).inspect_err(|error| {
            self.has_failed = error.kind() != io::ErrorKind::Interrupted;
        })?;
        self.sha256.update(&buffer[..read]);
        self.sm3.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}

impl<F: FnMut(&[u8])> Taking<F> {
    pub(super) fn new(take: F) -> Self {
        Self {
            take,
            sha256: Sha256::new(),
        }
    }

    pub(super) fn sha256(self) -> String {
        hex(&self.sha256.finalize())
    }
}

impl<F: FnMut(&[u8])> Write for Taking<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sha256.update(bytes);
        (self.take)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place<'_> {
    /// Everything of the original, in order. Until this returned `Ok` nothing of it is to be used.
    pub(super) fn read(&self, to: &mut dyn Write) -> Result<(), SealError> {
        read_file(&self.path, self.key, to)
    }
}

fn read_file(path: &Path, key: Option<&Opened>, to: &mut dyn Write) -> Result<(), SealError> {
    let mut file = File::open(path)?;
    let Some(key) = key else {
        return Seal::Open.read("", &mut file, to);
    };
    let mut head = [0; HEAD_BYTES];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(SealError::Damaged);
        }
        other => other?,
    }
    let expected = head_of(key);
    if head != expected {
        return Err(SealError::Damaged);
    }
    key.seal().read(&hex(&expected), &mut file, to)
}

fn head_of(key: &Opened) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..MAGIC.len()].copy_from_slice(MAGIC);
    head[MAGIC.len()..].copy_from_slice(&key.id().0);
    head
}

impl Evidence {
    /// Writes what comes out of the source as it is kept here.
    pub(super) fn write_sealed(&self, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
        match self.lock.current() {
            None => Seal::Open.write("", from, to),
            Some(key) => {
                let head = head_of(key);
                to.write_all(&head)?;
                key.seal().write(&hex(&head), from, to)
            }
        }
    }

    /// Whether what is kept here is encrypted.
    pub fn is_sealed(&self) -> bool {
        self.lock.is_keyed()
    }

    fn place_under<'a>(&self, sha256: &str, key: Option<&'a Opened>) -> Place<'a> {
        let name = key.map_or_else(|| sha256.to_owned(), |key| key.seal().name_of(sha256));
        Place {
            path: self.root.join(&name[..2]).join(name),
            key,
        }
    }

    /// Where an original is kept.
    pub(super) fn place_of(&self, sha256: &str) -> Result<Place<'_>, EvidenceError> {
        must_be_a_hash(sha256)?;
        Ok(self.place_under(sha256, self.lock.current()))
    }

    /// Everywhere an original may lie, the likeliest first: while a station is turned over, also where it lay before.
    pub(super) fn places_of(&self, sha256: &str) -> Result<Vec<Place<'_>>, EvidenceError> {
        must_be_a_hash(sha256)?;
        let keys = self.lock.current().into_iter().chain(self.lock.older());
        let sealed = keys.map(|key| self.place_under(sha256, Some(key)));
        Ok(sealed.chain([self.place_under(sha256, None)]).collect())
    }

    pub(super) fn found(&self, sha256: &str) -> Result<Place<'_>, EvidenceError> {
        let mut hidden = None;
        for place in self.places_of(sha256)? {
            match place.path.try_exists() {
                Ok(true) => return Ok(place),
                Ok(false) => {}
                // It may lie there: whoever may not look cannot say that it is missing.
                Err(error) => hidden = Some(failed("look for", &place.path)(error)),
            }
        }
        Err(hidden.unwrap_or_else(|| EvidenceError::Missing {
            sha256: sha256.to_owned(),
        }))
    }

    /// Verifies a file by its place: its content has to be what its name says.
    pub(super) fn check_file(&self, path: &Path) -> Result<(), EvidenceError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let not_ours = || EvidenceError::NotAHash {
            name: name.clone().into_owned(),
        };
        let mut read = Err(not_ours());
        for key in self.keys() {
            let mut taking = Taking::new(|_: &[u8]| {});
            match read_file(path, key, &mut taking) {
                Ok(()) => {
                    let found = taking.sha256();
                    if self.place_under(&found, key).path == path {
                        return Ok(());
                    }
                    read = match must_be_a_hash(&name) {
                        Ok(()) => Err(EvidenceError::Altered {
                            sha256: name.clone().into_owned(),
                            found,
                        }),
                        Err(error) => Err(error),
                    };
                }
                Err(SealError::Damaged) => {}
                Err(SealError::Io(error)) => return Err(failed("read", path)(error)),
            }
        }
        read
    }

    /// Every way a file here may be kept: sealed with one key or the other, or in the clear.
    fn keys(&self) -> impl Iterator<Item = Option<&Opened>> {
        let keys = self.lock.current().into_iter().chain(self.lock.older());
        keys.map(Some).chain([None])
    }

    /// Seals everything that is not yet sealed with the current key, one original after the other: each is whole on the disk and read back before the
    /// file it was made from goes. Killed at any moment it goes on the next time. `told` gets the number of files done so far.
    ///
    /// # Errors
    /// When the system refuses; what was done stays done.
    pub fn seal_anew(&self, told: &mut dyn FnMut(u64)) -> Result<Resealed, EvidenceError> {
        let mut done = Resealed::default();
        for folder in sorted(&self.root)? {
            let name = folder.file_name().unwrap_or_default();
            let is_damaged = name == "damaged";
            if !folder.is_dir() || !(name.len() == 2 || is_damaged) {
                continue;
            }
            for path in sorted(&folder)? {
                match is_damaged {
                    true => self.seal_damaged(&path, &mut done)?,
                    false => self.seal_file(&path, &mut done)?,
                }
                told(done.sealed + done.already + done.left.len() as u64);
            }
        }
        Ok(done)
    }

    fn seal_file(&self, path: &Path, done: &mut Resealed) -> Result<(), EvidenceError> {
        for key in self.keys() {
            let mut bytes = Vec::new();
            let mut taking = Taking::new(|block: &[u8]| bytes.extend_from_slice(block));
            match read_file(path, key, &mut taking) {
                Err(SealError::Damaged) => continue,
                Err(SealError::Io(error)) => return Err(failed("read", path)(error)),
                Ok(()) => {}
            }
            let sha256 = taking.sha256();
            if self.place_under(&sha256, key).path != path {
                continue;
            }
            if key.map(Opened::id) == self.lock.current().map(Opened::id) {
                done.already += 1;
                return Ok(());
            }
            self.keep_own(&mut bytes.as_slice())?;
            self.check(&sha256)?;
            remove(path)?;
            done.sealed += 1;
            return Ok(());
        }
        done.left.push(path.to_owned());
        Ok(())
    }

    /// Bytes that were set aside because they are no original's any more: whatever they are, they do not stay in the clear.
    fn seal_damaged(&self, path: &Path, done: &mut Resealed) -> Result<(), EvidenceError> {
        let bytes = fs::read(path).map_err(failed("read", path))?;
        if bytes.starts_with(MAGIC) {
            done.already += 1;
            return Ok(());
        }
        let part = self.unfinished.join("damaged");
        let written = File::create(&part).and_then(|mut file| {
            self.write_sealed(&mut bytes.as_slice(), &mut file)?;
            file.sync_all()?;
            fs::rename(&part, path)
        });
        written.map_err(failed("seal", path))?;
        done.sealed += 1;
        sync_folder(path.parent().unwrap_or(&self.root))
    }
}

/// How many files of a store begin as sealed ones do, and how many do not. What cannot be read counts as neither.
pub fn sealed_and_clear(root: &Path) -> (u64, u64) {
    let (mut sealed, mut clear) = (0, 0);
    let folders = sorted(root).unwrap_or_default();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for path in sorted(folder).unwrap_or_default() {
            let mut first = [0; MAGIC.len()];
            match File::open(&path).and_then(|mut file| file.read_exact(&mut first)) {
                Ok(()) if first == *MAGIC => sealed += 1,
                Ok(()) => clear += 1,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => clear += 1,
                Err(_) => {}
            }
        }
    }
    (sealed, clear)
}

fn remove(path: &Path) -> Result<(), EvidenceError> {
    fs::remove_file(path).map_err(failed("remove", path))?;
    sync_folder(path.parent().unwrap_or(path))
}

fn must_be_a_hash(name: &str) -> Result<(), EvidenceError> {
    let is_hash = name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_hash {
        return Ok(());
    }
    Err(EvidenceError::NotAHash {
        name: name.to_owned(),
    })
}
