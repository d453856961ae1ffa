//! The originals, kept under their own hash, written once and never altered. It leaves out what they show, which letter they belong to, and who may
//! see them.
//!
//! An original is on the disk before its name is: written beside, fsynced, renamed, and the folder fsynced. Every read hashes again. Of an
//! encrypted station the files are sealed and their names are keyed (`src/evidence/sealed.rs`); everybody else asks by hash all the same.

mod copies;
mod mark;
mod sealed;

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sm3::{Digest, Sm3};

use crate::at_rest::{AtRestError, Lock};
use crate::config::Settings;
use crate::digest::hex;
use crate::seal::SealError;
use sealed::{Hashing, Place, Taking};

pub use copies::{Healed, Second};
pub use mark::{SecondFolder, second_begins_by_itself, second_folder};
pub use sealed::{Resealed, sealed_and_clear};

/// An original in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// SHA-256, hex; its name.
    pub sha256: String,
    /// SM3, hex.
    pub sm3: String,
    /// Bytes.
    pub size: u64,
}

/// Why an original could not be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Its bytes are no longer those it was kept for.
    #[error("original {sha256} was altered: its bytes now hash to {found}")]
    Altered {
        /// The hash it was kept under.
        sha256: String,
        /// The hash its bytes have now.
        found: String,
    },
    /// There is none under this hash.
    #[error("there is no original {sha256}")]
    Missing {
        /// The hash.
        sha256: String,
    },
    /// There is a name, and behind it no file of its own: a link, or a second name of the other copy.
    #[error("original {sha256} has no copy of its own here: {} is {what}", path.display())]
    NoCopy {
        /// The hash.
        sha256: String,
        /// Where it should lie.
        path: PathBuf,
        /// What lies there.
        what: &'static str,
    },
    /// The disk with the second copies is away, or another one is in its place.
    #[error("the second copies are away: {} is not the folder that they were put into", path.display())]
    Away {
        /// The folder.
        path: PathBuf,
    },
    /// The folder of the second copies was never used, and nobody said that it is to be.
    #[error("no second copies are kept in {} yet: its disk is away, or an administrator begins with it", path.display())]
    NotBegun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder that second copies are to be kept in from now on is not there.
    #[error("{} is not there", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Not 64 lower-case hex digits.
    #[error("{name:?} is not a SHA-256")]
    NotAHash {
        /// What was asked for.
        name: String,
    },
    /// The file grew or shrank while it was copied.
    #[error("{} changed while it was copied", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// The disk or the quota is full.
    #[error("no space left for {}", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The station's key was not asked for.
    #[error(transparent)]
    AtRest(#[from] AtRestError),
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl EvidenceError {
    /// Whether it was the system that did not let an original be read (rights, a failing or absent disk), which says nothing about the original.
    pub fn is_of_the_system(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Full { .. })
    }

    /// What is to be said of an original of which neither copy was given: it is lost only where nothing kept either from being looked at.
    fn of_both(self, second: Self) -> Self {
        match second.is_of_the_system() {
            true => second,
            false => self,
        }
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EvidenceError {
    let path = path.to_path_buf();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            EvidenceError::Full { path, source }
        }
        _ => EvidenceError::Io {
            doing,
            path,
            source,
        },
    }
}

/// What [`Evidence::verify_all`] found.
#[derive(Debug, Default)]
pub struct Scrub {
    /// Originals whose bytes are what their name says.
    pub good: u64,
    /// The others: altered, unreadable, or not an original at all.
    pub faults: Vec<EvidenceError>,
}

/// What [`Evidence::strays`] found.
#[derive(Debug, Default)]
pub struct Strays {
    /// Files whose bytes are what their name says.
    pub whole: u64,
    /// What is no original by its name.
    pub others: u64,
    /// What has an original's name and is none, with what is wrong; nothing of a link.
    pub bad: Vec<(PathBuf, Option<EvidenceError>)>,
}

/// The store of originals, a folder on a local disk.
#[derive(Debug)]
pub struct Evidence {
    root: PathBuf,
    unfinished: PathBuf,
    next_copy: AtomicU64,
    second: Option<Box<Self>>,
    /// Of second copies: where it is remembered that their folder was marked.
    memory: Option<PathBuf>,
    /// Of second copies: their folder, as it was looked at last.
    seen: Mutex<Option<mark::Identity>>,
    /// Some original may have no second copy.
    is_behind: AtomicBool,
    /// Originals that were asked for and had a bad copy, or none.
    doubted: Mutex<BTreeSet<String>>,
    /// For whoever looks after the copies: something is to be done.
    wanting: tokio::sync::Notify,
    lock: Lock,
}

impl Evidence {
    /// The store of these settings, with its second copy.
    ///
    /// # Errors
    /// When the folder cannot be created or cleaned, or the station's key was not asked for.
    pub fn of(settings: &Settings) -> Result<Self, EvidenceError> {
        let lock = settings.lock()?;
        Ok(Self::open(&settings.evidence_dir())?
            .with_lock(lock)
            .with_second(settings.keeping.second_dir.as_deref())
            .remembering_in(&settings.station.data_dir))
    }

    /// The first copies of these settings' station, which may be running: to read only.
    ///
    /// # Errors
    /// When the station's key was not asked for.
    pub fn look_at(settings: &Settings) -> Result<Self, EvidenceError> {
        Ok(Self::open_to_look(&settings.evidence_dir()).with_lock(settings.lock()?))
    }

    /// Seals what it keeps, and opens what was sealed.
    #[must_use]
    pub fn with_lock(mut self, lock: &Lock) -> Self {
        self.lock = lock.clone();
        self
    }

    /// Opens or creates the store. Copies that a crash left unfinished are removed: their sources were never moved.
    ///
    /// # Errors
    /// When the folder cannot be created or cleaned.
    pub fn open(root: &Path) -> Result<Self, EvidenceError> {
        let unfinished = root.join("unfinished");
        fs::create_dir_all(&unfinished).map_err(failed("create", &unfinished))?;
        for copy in fs::read_dir(&unfinished).map_err(failed("list", &unfinished))? {
            let path = copy.map_err(failed("list", &unfinished))?.path();
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
        sync_folder(root)?;
        Ok(Self {
            root: root.to_path_buf(),
            unfinished,
            next_copy: AtomicU64::new(0),
            second: None,
            memory: None,
            seen: Mutex::default(),
            is_behind: AtomicBool::new(true),
            doubted: Mutex::default(),
            wanting: tokio::sync::Notify::new(),
            lock: Lock::default(),
        })
    }

    /// The store of a station that may be running: to read only, nothing is created or cleaned.
    pub fn open_to_look(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            unfinished: root.join("unfinished"),
            next_copy: AtomicU64::new(0),
            second: None,
            memory: None,
            seen: Mutex::default(),
            is_behind: AtomicBool::new(true),
            doubted: Mutex::default(),
            wanting: tokio::sync::Notify::new(),
            lock: Lock::default(),
        }
    }

    /// Keeps these bytes.
    ///
    /// # Errors
    /// [`EvidenceError`]; nothing is then kept.
    pub fn put(&self, bytes: &[u8]) -> Result<Original, EvidenceError> {
        self.keep(&mut &bytes[..])
    }

    /// Keeps the bytes of a file, which stays where it is. A link is not followed.
    ///
    /// # Errors
    /// [`EvidenceError`]; nothing is then kept.
    pub fn put_file(&self, path: &Path) -> Result<Original, EvidenceError> {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let mut source = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits() as i32)
            .open(path)
            .map_err(failed("open", path))?;
        let before = source.metadata().map_err(failed("look at", path))?;
        let original = self.keep(&mut source)?;
        let after = source.metadata().map_err(failed("look at", path))?;
        let changed = before.modified().ok() != after.modified().ok();
        if changed || after.len() != original.size {
            // What was copied stays as an original that nobody refers to: it may be one that is already in use.
            return Err(EvidenceError::Changing {
                path: path.to_path_buf(),
            });
        }
        Ok(original)
    }

    fn keep(&self, source: &mut dyn Read) -> Result<Original, EvidenceError> {
        let original = self.keep_own(source)?;
        self.put_second(&original);
        Ok(original)
    }

    fn keep_own(&self, source: &mut dyn Read) -> Result<Original, EvidenceError> {
        let copy = self.unfinished.join(format!(
            "{}",
            self.next_copy.fetch_add(1, Ordering::Relaxed)
        ));
        let kept = self
            .copy(source, &copy)
            .and_then(|original| self.give_name(&copy, original));
        if kept.is_err() {
            // Best effort: the next start removes what is left.
            let _ = fs::remove_file(&copy);
        }
        kept
    }

    fn copy(&self, source: &mut dyn Read, to: &Path) -> Result<Original, EvidenceError> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(to)
            .map_err(failed("create", to))?;
        let mut hashing = Hashing::new(source);
        self.write_sealed(&mut hashing, &mut file)
            .map_err(match hashing.has_failed {
                true => failed("read the source of", to),
                false => failed("write", to),
            })?;
        file.set_permissions(Permissions::from_mode(0o444))
            .map_err(failed("protect", to))?;
        file.sync_all().map_err(failed("sync", to))?;
        Ok(hashing.original())
    }

    /// Renames the finished copy to its hash; one that is there already is verified and used.
    fn give_name(&self, copy: &Path, original: Original) -> Result<Original, EvidenceError> {
        let path = self.place_of(&original.sha256)?.path;
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
            sync_folder(&self.root)?;
        }
        if path.exists() {
            self.check(&original.sha256)?;
            fs::remove_file(copy).map_err(failed("remove", copy))?;
        } else {
            fs::rename(copy, &path).map_err(failed("rename", copy))?;
        }
        sync_folder(folder)?;
        Ok(original)
    }

    /// The bytes of an original, verified; from the second copy when the first is bad.
    ///
    /// # Errors
    /// [`EvidenceError::Altered`] when they are no longer those that were kept, [`EvidenceError::Missing`]; [`EvidenceError::is_of_the_system`] when
    /// they may be whole and cannot be read now.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, EvidenceError> {
        let own = self.get_own(sha256);
        if own.is_err() {
            self.doubt(sha256);
        }
        match (own, &self.second) {
            (Err(error), Some(second)) => {
                second.get_own(sha256).map_err(|other| error.of_both(other))
            }
            (own, _) => own,
        }
    }

    fn doubt(&self, sha256: &str) {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        if doubted.insert(sha256.to_owned()) {
            self.wanting.notify_one();
        }
    }

    /// Originals that were asked for since and had a bad copy, or none.
    pub fn take_doubted(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.doubted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends when an original was kept without its second copy, or was asked for and could not be read from its place.
    pub async fn wants_looking_after(&self) {
        self.wanting.notified().await;
    }

    fn get_own(&self, sha256: &str) -> Result<Vec<u8>, EvidenceError> {
        let mut bytes = Vec::new();
        self.each_block(sha256, |block| bytes.extend_from_slice(block))?;
        Ok(bytes)
    }

    /// Verifies one original and says how large it is.
    ///
    /// # Errors
    /// As [`Evidence::get`].
    pub fn check(&self, sha256: &str) -> Result<u64, EvidenceError> {
        let mut size = 0;
        self.each_block(sha256, |block| size += block.len() as u64)?;
        Ok(size)
    }

    /// Verifies one original against everything that is known of it: both hashes and its size.
    ///
    /// # Errors
    /// As [`Evidence::get`].
    pub fn check_against(&self, known: &Original) -> Result<(), EvidenceError> {
        let (mut sm3, mut size) = (Sm3::new(), 0);
        self.each_block(&known.sha256, |block| {
            sm3.update(block);
            size += block.len() as u64;
        })?;
        let found = hex(&sm3.finalize());
        if found == known.sm3 && size == known.size {
            return Ok(());
        }
        Err(EvidenceError::Altered {
            sha256: known.sha256.clone(),
            found: format!("SM3 {found}, {size} bytes"),
        })
    }

    fn each_block(&self, sha256: &str, take: impl FnMut(&[u8])) -> Result<(), EvidenceError> {
        let place = self.found(sha256)?;
        let mut taking = Taking::new(take);
        let read = place.read(&mut taking);
        let found = match read {
            Ok(()) => taking.sha256(),
            Err(SealError::Damaged) => "bytes that its key does not open".to_owned(),
            Err(SealError::Io(error)) => return Err(failed("read", &place.path)(error)),
        };
        if found == sha256 {
            Ok(())
        } else {
            Err(EvidenceError::Altered {
                sha256: sha256.to_owned(),
                found,
            })
        }
    }

    /// What lies here and is none of these: how many whole files (of files that are held, of pages that nobody took in), how many that are no originals,
    /// and what is wrong with those whose name says what they should be.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn strays(&self, known: &[Original]) -> Result<Strays, EvidenceError> {
        // A station has millions: half of a name tells them apart.
        let half = |path: &Path| {
            let name = path.file_name()?.to_str().filter(|name| name.len() == 64)?;
            u128::from_str_radix(name.get(..32)?, 16).ok()
        };
        let mut names = HashSet::new();
        for original in known {
            let all = self.places_of(&original.sha256)?.into_iter();
            names.extend(all.filter_map(|place| half(&place.path)));
        }
        let mut strays = Strays::default();
        for folder in sorted(&self.root)? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            // `lost+found` is the file system's; the other two are kept apart on purpose.
            if ["unfinished", "damaged", "lost+found", mark::MARK].contains(&name.as_ref()) {
                continue;
            }
            let files = match folder.is_dir() && name.len() == 2 {
                true => sorted(&folder)?,
                false => vec![folder.clone()],
            };
            for path in files {
                match half(&path) {
                    None => {
                        strays.others += 1;
                        continue;
                    }
                    Some(name) if names.contains(&name) => continue,
                    Some(_) => {}
                }
                let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
                match self.check_file(&path) {
                    Ok(()) if is_file => strays.whole += 1,
                    Ok(()) => strays.bad.push((path, None)),
                    Err(error) => strays.bad.push((path, Some(error))),
                }
            }
        }
        Ok(strays)
    }

    /// Verifies everything that is there. What should be there and is not, only the database knows: see [`Evidence::check`].
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn verify_all(&self) -> Result<Scrub, EvidenceError> {
        let mut scrub = Scrub::default();
        for folder in sorted(&self.root)? {
            if folder == self.unfinished
                || folder.ends_with("damaged")
                || folder.ends_with(mark::MARK)
            {
                continue;
            }
            let originals = if folder.is_dir() {
                sorted(&folder)?
            } else {
                vec![folder]
            };
            for path in originals {
                let fault = self.check_file(&path).err();
                match fault {
                    None => scrub.good += 1,
                    Some(fault) => scrub.faults.push(fault),
                }
            }
        }
        Ok(scrub)
    }
}

fn sync_folder(path: &Path) -> Result<(), EvidenceError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("sync", path))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    let items = fs::read_dir(folder).map_err(failed("list", folder))?;
    let paths: io::Result<Vec<PathBuf>> = items.map(|item| item.map(|item| item.path())).collect();
    let mut paths = paths.map_err(failed("list", folder))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn store() -> (TempDir, Evidence) {
        let folder = TempDir::new().unwrap();
        let evidence = Evidence::open(&folder.path().join("evidence")).unwrap();
        (folder, evidence)
    }

    #[test]
    fn kept_under_its_hash_and_read_only() {
        let (_folder, evidence) = store();
        let original = evidence.put(b"abc").unwrap();
        // The examples of FIPS 180-4 and GB/T 32905.
        assert_eq!(
            original.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            original.sm3,
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
        assert_eq!(evidence.get(&original.sha256).unwrap(), b"abc");
        let mode = fs::metadata(evidence.place_of(&original.sha256).unwrap().path)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o444);
        assert!(sorted(&evidence.unfinished).unwrap().is_empty());
    }

    #[test]
    fn same_bytes_are_kept_once() {
        let (folder, evidence) = store();
        let page = folder.path().join("page");
        fs::write(&page, vec![7; 600_000]).unwrap();
        let first = evidence.put_file(&page).unwrap();
        assert_eq!(evidence.put_file(&page).unwrap(), first);
        assert_eq!(evidence.verify_all().unwrap().good, 1);
        assert!(page.exists() && sorted(&evidence.unfinished).unwrap().is_empty());
    }

    fn alter(evidence: &Evidence, sha256: &str) {
        let path = evidence.place_of(sha256).unwrap().path;
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        fs::write(&path, b"abd").unwrap();
    }

    #[test]
    fn altered_original_is_never_given_out() {
        let (_folder, evidence) = store();
        let original = evidence.put(b"abc").unwrap();
        alter(&evidence, &original.sha256);
        for refused in [
            evidence.get(&original.sha256).err(),
            evidence.check(&original.sha256).err(),
            evidence.put(b"abc").err(),
        ] {
            assert!(
                matches!(refused, Some(EvidenceError::Altered { sha256, .. }) if sha256 == original.sha256)
            );
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn any_flipped_added_or_missing_byte_is_found(bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..5000), at: usize, bit in 0..8_u8) {
            let (_folder, evidence) = store();
            let original = evidence.put(&bytes).unwrap();
            evidence.check_against(&original).unwrap();
            let path = evidence.place_of(&original.sha256).unwrap().path;
            fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
            let mut flipped = bytes.clone();
            flipped[at % bytes.len()] ^= 1 << bit;
            for bad in [flipped, bytes[1..].to_vec(), [&bytes[..], b"x"].concat()] {
                fs::write(&path, &bad).unwrap();
                let found = evidence.check_against(&original);
                proptest::prop_assert!(matches!(found, Err(EvidenceError::Altered { sha256, .. }) if sha256 == original.sha256), "not found");
            }
        }
    }

    #[test]
    fn scrub_names_every_fault() {
        let (folder, evidence) = store();
        let altered = evidence.put(b"abc").unwrap();
        evidence.put(b"good").unwrap();
        alter(&evidence, &altered.sha256);
        fs::write(folder.path().join("evidence/stranger"), b"x").unwrap();
        let scrub = evidence.verify_all().unwrap();
        assert_eq!((scrub.good, scrub.faults.len()), (1, 2));
        assert!(
            scrub
                .faults
                .iter()
                .any(|fault| fault.to_string().contains(&altered.sha256))
        );
    }

    #[test]
    fn missing_and_impossible_names() {
        let (_folder, evidence) = store();
        assert!(matches!(
            evidence.get(&"0".repeat(64)),
            Err(EvidenceError::Missing { .. })
        ));
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"z".repeat(64)] {
            assert!(
                matches!(evidence.get(name), Err(EvidenceError::NotAHash { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn link_is_not_followed() {
        let (folder, evidence) = store();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert!(evidence.put_file(&link).is_err());
    }

    #[test]
    fn copy_cut_short_by_a_crash_is_removed_at_start() {
        let (folder, evidence) = store();
        fs::write(evidence.unfinished.join("0"), b"half a pa").unwrap();
        drop(evidence);
        let evidence = Evidence::open(&folder.path().join("evidence")).unwrap();
        assert!(sorted(&evidence.unfinished).unwrap().is_empty());
        evidence.put(b"abc").unwrap();
    }
}
