//! One back-up: the database first, then the originals it refers to, then everything read back, then the manifest. Runs beside the
//! station: the database is copied as it stands at one moment, and an original is on the disk before the database knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::manifest::{CopyKey, FORMAT, FORMAT_WITH_KEY, Kept, LedgerMark, Manifest, SettingsFile};
use super::{BackupError, failed};
use crate::at_rest::{Lock, StationKey};
use crate::clock::{self, Millis};
use crate::config::Settings;
use crate::digest;
use crate::evidence::Evidence;
use crate::store::{DatabaseState, Db};

/// What a back-up came to.
#[derive(Debug, Clone)]
pub struct Made {
    /// What belongs to it.
    pub manifest: Manifest,
    /// Originals that the folder did not have before.
    pub added: u64,
    /// Blobs that were damaged in the folder and were written again from the station.
    pub mended: Vec<String>,
    /// Originals that neither the station nor the folder has whole.
    pub lost: Vec<String>,
}

/// Makes a back-up of the station with these settings. Nothing is changed at the station.
///
/// # Errors
/// [`BackupError`]; earlier back-ups stay as they were.
pub fn make(
    settings: &Settings,
    config: &Path,
    folder: &Folder,
    keep: usize,
) -> Result<Made, BackupError> {
    let scratch = Scratch::new(&settings.station.data_dir)?;
    let copy = scratch.path.join("copy.sqlite3");
    let (once, lock) = key_for_the_copy(settings)?;
    Db::look_at(settings)?.back_up_to(&copy, lock.database_keys().next())?;
    let db = Db::look_with(&copy, &lock)?;
    let ledger = checked(&db)?;
    goes_on(folder, &db)?;
    let mut originals: Vec<Kept> = db
        .original_rows()?
        .into_iter()
        .map(|row| Kept {
            sha256: row.sha256,
            size: row.size,
        })
        .collect();
    drop(db);

    let evidence = Evidence::look_at(settings)?;
    let mut copying = Copying {
        folder,
        evidence: &evidence,
        added: 0,
        mended: Vec::new(),
        lost: BTreeSet::new(),
    };
    for original in &originals {
        copying.bring(original)?;
    }
    let (snapshot, made) = stamp(folder)?;
    let settings_files = settings_files(settings, config, folder)?;
    let database = kept_of(&copy)?;
    let mut from = File::open(&copy).map_err(failed("open", &copy))?;
    folder.write_database(&snapshot, &mut from)?;
    for original in &originals {
        copying.check(original)?;
    }
    let Copying {
        added,
        mended,
        lost,
        ..
    } = copying;
    originals.retain(|original| !lost.contains(&original.sha256));
    let manifest = Manifest {
        format: once.as_ref().map_or(FORMAT, |_| FORMAT_WITH_KEY),
        snapshot,
        made_at: made.rfc3339(),
        laixin: env!("CARGO_PKG_VERSION").to_owned(),
        station: settings.station.name.clone(),
        database,
        database_key: once.as_ref().map(CopyKey::of),
        ledger,
        originals,
        lost: lost.iter().cloned().collect(),
        settings: settings_files,
    };
    folder.read_database(&manifest, &mut std::io::sink())?;
    folder.write_manifest(&manifest)?;
    folder.forget(keep)?;
    Ok(Made {
        manifest,
        added,
        mended,
        lost: lost.into_iter().collect(),
    })
}

/// Refuses a folder within the station's own: its back-ups would be lost with the letters.
///
/// # Errors
/// [`BackupError::WithinStation`].
pub(crate) fn apart(settings: &Settings, folder: &Path) -> Result<(), BackupError> {
    // What is not there yet lies where its nearest folder does.
    let real = |path: &Path| {
        let there = path.ancestors().find(|part| part.exists()).unwrap_or(path);
        let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
        let there = if there.as_os_str().is_empty() {
            Path::new(".")
        } else {
            there
        };
        fs::canonicalize(there).map_or_else(|_| path.to_owned(), |there| there.join(rest))
    };
    let (data, evidence) = (settings.station.data_dir.clone(), settings.evidence_dir());
    let scanners = settings
        .scanners
        .iter()
        .map(|scanner| scanner.folder.clone());
    let second = settings.keeping.second_dir.clone();
    let own = [data, evidence].into_iter().chain(second).chain(scanners);
    for within in own.filter(|own| !own.as_os_str().is_empty()) {
        if real(folder).starts_with(real(&within)) {
            let folder = folder.to_owned();
            return Err(BackupError::WithinStation { folder, within });
        }
    }
    Ok(())
}

/// The copy of an encrypted database gets a key of its own: it is restored on another machine, under another key, and never lies in the clear.
fn key_for_the_copy(settings: &Settings) -> Result<(Option<StationKey>, Lock), BackupError> {
    let database = settings.database();
    match DatabaseState::of(&database).map_err(failed("read", &database))? {
        DatabaseState::Sealed => {
            let once = StationKey::new().map_err(failed("make a key for a copy of", &database))?;
            let lock = Lock::of(once.clone());
            Ok((Some(once), lock))
        }
        _ => Ok((None, Lock::default())),
    }
}

/// The copy of the database lies beside the original, never in the clear on the disk that leaves the house.
struct Scratch {
    path: PathBuf,
}

const SCRATCH: &str = "backing-up-";

impl Scratch {
    fn new(data_dir: &Path) -> Result<Self, BackupError> {
        clear(data_dir).map_err(failed("clear", data_dir))?;
        let path = data_dir.join(format!("{SCRATCH}{}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(failed("make", &path))?;
        let copy = path.join("copy.sqlite3");
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&copy)
            .map_err(failed("make", &copy))?;
        Ok(Self { path })
    }
}

/// Removes copies of the database that a killed back-up left.
pub(crate) fn clear(data_dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(SCRATCH);
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: the next run removes what is left.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A damaged database is never put in the place of a good one.
fn checked(db: &Db) -> Result<LedgerMark, BackupError> {
    let damaged = |told| BackupError::DatabaseDamaged { told };
    if let Some(told) = db.damage()? {
        return Err(damaged(told));
    }
    if let Err(seq) = db.verify_ledger()? {
        return Err(damaged(format!("ledger broken at entry {seq}")));
    }
    let (entries, hash) = db.ledger_mark()?;
    Ok(LedgerMark { entries, hash })
}

/// The new back-up's ledger has the last one's as its beginning.
fn goes_on(folder: &Folder, db: &Db) -> Result<(), BackupError> {
    let Some(snapshot) = folder.snapshots()?.pop() else {
        return Ok(());
    };
    let last = folder.read_manifest(&snapshot)?.ledger;
    let same = match last.entries {
        0 => true,
        entries => db.ledger_hash(entries)?.as_deref() == Some(last.hash.as_str()),
    };
    if same {
        return Ok(());
    }
    Err(BackupError::OtherLedger {
        folder: folder.root().to_owned(),
        snapshot,
        entries: last.entries,
    })
}

struct Copying<'a> {
    folder: &'a Folder,
    evidence: &'a Evidence,
    added: u64,
    mended: Vec<String>,
    lost: BTreeSet<String>,
}

impl Copying<'_> {
    fn bring(&mut self, original: &Kept) -> Result<(), BackupError> {
        if self.folder.has_blob(&original.sha256) {
            return Ok(());
        }
        if self.write(original)? {
            self.added += 1;
        }
        Ok(())
    }

    /// `false` when the station has no whole original to write.
    fn write(&mut self, original: &Kept) -> Result<bool, BackupError> {
        match self.evidence.get(&original.sha256) {
            Ok(bytes) => {
                self.folder
                    .write_blob(&original.sha256, &mut bytes.as_slice())?;
                Ok(true)
            }
            Err(_) => {
                self.lost.insert(original.sha256.clone());
                Ok(false)
            }
        }
    }

    /// What lies in the folder is read back, also what was there before: disks forget.
    fn check(&mut self, original: &Kept) -> Result<(), BackupError> {
        if self.lost.contains(&original.sha256) {
            return Ok(());
        }
        match self.folder.check_blob(original) {
            Ok(()) => Ok(()),
            Err(BackupError::Damaged { .. }) => {
                if self.write(original)? {
                    self.folder.check_blob(original)?;
                    self.mended.push(original.sha256.clone());
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// A name that sorts by time and that every file system takes.
fn stamp(folder: &Folder) -> Result<(String, Millis), BackupError> {
    let now = clock::now();
    let taken: BTreeSet<String> = folder.snapshots()?.into_iter().collect();
    // A clock that was set back must not put a new back-up behind an older one.
    let newest = taken.last().cloned().unwrap_or_default();
    let plain = now.stamp();
    if plain > newest {
        return Ok((plain, now));
    }
    let base = newest.split('-').next().unwrap_or_default().to_owned();
    let next = (1..1000)
        .map(|n| format!("{base}-{n:03}"))
        .find(|name| *name > newest);
    Ok((next.unwrap_or(plain), now))
}

fn kept_of(path: &Path) -> Result<Kept, BackupError> {
    let (sha256, size) = digest::sha256_of_file(path).map_err(failed("read", path))?;
    Ok(Kept { sha256, size })
}

/// The settings file and every file it names: a new machine has none of them.
fn settings_files(
    settings: &Settings,
    config: &Path,
    folder: &Folder,
) -> Result<Vec<SettingsFile>, BackupError> {
    let mut paths = vec![config.to_owned()];
    paths.push(settings.registration.roster.clone());
    paths.push(settings.registration.deadlines.clone());
    paths.extend(settings.registration.holidays.clone());
    paths.extend(settings.cabinets.iter().map(|c| c.profile.clone()));
    let mut files = BTreeMap::new();
    for path in paths {
        // A file that is not there stops the station, not its back-up.
        let Ok(bytes) = fs::read(&path) else {
            continue;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let kept = Kept {
            sha256: digest::sha256_hex(&bytes),
            size: bytes.len() as u64,
        };
        if !folder.has_blob(&kept.sha256) || folder.check_blob(&kept).is_err() {
            folder.write_blob(&kept.sha256, &mut bytes.as_slice())?;
            folder.check_blob(&kept)?;
        }
        let mut free = name.to_string();
        let mut n = 2;
        while files.get(&free).is_some_and(|other| *other != kept) {
            free = format!("{n}-{name}");
            n += 1;
        }
        files.insert(free, kept);
    }
    let files = files.into_iter();
    Ok(files
        .map(|(name, kept)| SettingsFile { name, kept })
        .collect())
}
