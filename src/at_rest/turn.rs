//! A station that stands still is turned over: from the clear to a key, or from one key to another. Killed at any moment it opens with its key
//! (while keys are changed: with either), and goes on where it was when the same is asked again.
//!
//! ```text
//! marker says what is under way ──▶ database copied, compared, renamed ──▶ originals one by one ──▶ second copies ──▶ marker says it is over
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{AtRestError, KeyId, Lock, Marker, Secret, StationKey, failed, opened_by};
use crate::backup;
use crate::config::Settings;
use crate::evidence::{self, Evidence, EvidenceError, Resealed};
use crate::store::{DatabaseState, Db, DbKey, StoreError, recode};

/// Why a station was not turned over, or not wholly. What was done stays done.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The settings name no key.
    #[error("the settings name no key: set [at_rest] first")]
    NotNamed,
    /// It is encrypted already.
    #[error("this station is encrypted already, with key {0}: `laixin key rotate` changes the key")]
    Already(KeyId),
    /// There is nothing to be turned over.
    #[error("this station lies in the clear: `laixin key encrypt` comes first")]
    InTheClear,
    /// The new key is the old one.
    #[error("the new key is the one the station has")]
    SameKey,
    /// Another change is under way.
    #[error("the change to key {0} was cut short: finish that first, with that key's file")]
    UnderWay(KeyId),
    /// The second copies cannot be reached: they would stay as they are, and nobody would know.
    #[error(
        "{} is not there: attach the disk with the second copies, so that they are turned over too", folder.display()
    )]
    SecondAway {
        /// Its folder.
        folder: PathBuf,
    },
    /// The copied database is not what it was copied from.
    #[error(
        "the copy of the database is not what it was copied from: nothing was changed; run `laixin verify`"
    )]
    Copy,
    /// The key was refused.
    #[error(transparent)]
    AtRest(#[from] AtRestError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The originals refused.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Turned {
    /// The originals.
    pub originals: Resealed,
    /// The second copies.
    pub second: Resealed,
    /// Scanner folders, and how many taken files lie there in the clear: outside the data folder it is not ours to remove them.
    pub taken_files: Vec<(PathBuf, usize)>,
}

/// Encrypts a station that lies in the clear. Whoever calls holds the station's lock.
///
/// # Errors
/// [`TurnError`].
pub fn encrypt(
    settings: &Settings,
    told: &mut dyn FnMut(u64),
) -> Result<(StationKey, Turned), TurnError> {
    let wanted = settings.at_rest.as_ref().ok_or(TurnError::NotNamed)?;
    let data = settings.station.data_dir.as_path();
    let secret = Secret::of(wanted)?;
    let marker = match Marker::read(data)? {
        Some(marker) if !marker.is_converting() => return Err(TurnError::Already(marker.key)),
        Some(marker) => marker,
        None => {
            let (_, marker) = new_marker(&secret, data)?;
            Marker {
                converting: true,
                ..marker
            }
        }
    };
    let lock = opened_by(&secret, Some(&marker))?;
    second_is_there(settings)?;
    marker.write(data)?;
    let turned = turn(settings, &lock, told)?;
    marker.over().write(data)?;
    let key = lock.current().expect("it was just opened").key().clone();
    Ok((key, turned))
}

/// Gives an encrypted station another key. Whoever calls holds the station's lock.
///
/// # Errors
/// [`TurnError`].
pub fn rotate(
    settings: &Settings,
    new: &Secret,
    told: &mut dyn FnMut(u64),
) -> Result<(StationKey, Turned), TurnError> {
    let wanted = settings.at_rest.as_ref().ok_or(TurnError::NotNamed)?;
    let data = settings.station.data_dir.as_path();
    let before = Marker::read(data)?.ok_or(TurnError::InTheClear)?;
    let (marker, lock) = match opened_by(new, Some(&before)) {
        // Cut short before, and gone on with: the marker knows both.
        Ok(lock) if lock.older().is_some() => (before, lock),
        Ok(_) => return Err(TurnError::SameKey),
        Err(AtRestError::WrongKey { .. }) if before.is_changing() => {
            return Err(TurnError::UnderWay(before.key));
        }
        Err(AtRestError::WrongKey { .. }) => {
            let old = opened_by(&Secret::of(wanted)?, Some(&before))?;
            if before.is_converting() {
                return Err(TurnError::InTheClear);
            }
            let old = old.current().ok_or(TurnError::InTheClear)?.key().clone();
            let (key, marker) = new_marker(new, data)?;
            let marker = marker
                .after(&key, (&old, &before))
                .map_err(failed("make a marker in", data))?;
            let lock = opened_by(new, Some(&marker))?;
            (marker, lock)
        }
        Err(error) => return Err(error.into()),
    };
    second_is_there(settings)?;
    marker.write(data)?;
    let turned = turn(settings, &lock, told)?;
    marker.over().write(data)?;
    let key = lock.current().expect("it was just opened").key().clone();
    Ok((key, turned))
}

fn new_marker(secret: &Secret, data: &Path) -> Result<(StationKey, Marker), AtRestError> {
    match secret {
        Secret::Key(key) => Ok((key.clone(), Marker::of(key, None))),
        Secret::Passphrase(words) => {
            Marker::of_passphrase(words).map_err(failed("make a key for", data))
        }
    }
}

fn second_is_there(settings: &Settings) -> Result<(), TurnError> {
    let Some(folder) = &settings.keeping.second_dir else {
        return Ok(());
    };
    let holds = |folder: &Path| {
        let items = folder.read_dir();
        items.is_ok_and(|mut items| items.any(|item| item.is_ok_and(|i| i.file_name().len() == 2)))
    };
    let is_there = match evidence::second_folder(settings) {
        Some(evidence::SecondFolder::Away) => false,
        Some(evidence::SecondFolder::Known) => folder.is_dir(),
        // Never used, or used by an older laixin, which left no mark.
        _ => holds(folder),
    };
    if holds(&settings.evidence_dir()) && !is_there {
        return Err(TurnError::SecondAway {
            folder: folder.clone(),
        });
    }
    Ok(())
}

fn turn(settings: &Settings, lock: &Lock, told: &mut dyn FnMut(u64)) -> Result<Turned, TurnError> {
    let data = settings.station.data_dir.as_path();
    turn_database(&settings.database(), lock)?;
    backup::clear(data).map_err(failed("clear", data))?;
    let originals = Evidence::open(&settings.evidence_dir())?
        .with_lock(lock)
        .seal_anew(told)?;
    let second = match &settings.keeping.second_dir {
        Some(folder) if folder.is_dir() => {
            Evidence::open(folder)?.with_lock(lock).seal_anew(told)?
        }
        _ => Resealed::default(),
    };
    Ok(Turned {
        originals,
        second,
        taken_files: taken_files(settings)?,
    })
}

fn turn_database(database: &Path, lock: &Lock) -> Result<(), TurnError> {
    let state = DatabaseState::of(database).map_err(failed("read", database))?;
    let current = lock.current().ok_or(TurnError::NotNamed)?;
    let with_current = Lock::of(current.key().clone());
    let from: Option<&DbKey> = match state {
        DatabaseState::None => return Ok(()),
        DatabaseState::Plain => None,
        DatabaseState::Sealed => match (Db::look_with(database, &with_current), lock.older()) {
            (Err(StoreError::Locked(_)), Some(older)) => Some(older.database()),
            (Err(error @ StoreError::Locked(_)), None) => return Err(error.into()),
            // It opens with the current key, whatever its schema.
            _ => return Ok(()),
        },
    };
    let before = {
        let old = match (from, lock.older()) {
            (Some(_), Some(older)) => Lock::of(older.key().clone()),
            _ => Lock::default(),
        };
        // A schema of an older laixin is brought up to date by this, as a start would.
        Db::open_with(database, &old)?.ledger_mark()?
    };
    let copy = database.with_extension("turning");
    remove_with_journals(&copy)?;
    let held = recode((database, from), (&copy, Some(current.database())))?;
    let after = Db::look_with(&copy, &with_current)?;
    if after.ledger_mark()? != before || after.damage()?.is_some() {
        return Err(TurnError::Copy);
    }
    after.close()?;
    // Before the new one is in its place: whoever is killed behind that comes back to a database that opens, and looks no more for what lies beside it. What
    // was held here is committed, and nothing more is written into it.
    remove_journals(database)?;
    fs::rename(&copy, database).map_err(failed("move into place", database))?;
    sync_folder_of(database)?;
    drop(held);
    remove_journals(database)?;
    Ok(())
}

/// What SQLite puts beside a file; of the database that was replaced nothing may be left.
fn remove_journals(database: &Path) -> Result<(), TurnError> {
    for ending in ["-wal", "-shm", "-journal"] {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        remove(Path::new(&name))?;
    }
    Ok(())
}

fn remove_with_journals(database: &Path) -> Result<(), TurnError> {
    remove(database)?;
    remove_journals(database)
}

fn remove(file: &Path) -> Result<(), TurnError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", file)(error).into())
        }
        _ => Ok(()),
    }
}

fn sync_folder_of(file: &Path) -> Result<(), TurnError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(synced.map_err(failed("sync", folder))?)
}

/// Taken files in the spools of driven scanners are removed, they are among the originals; those in folders of others are counted.
fn taken_files(settings: &Settings) -> Result<Vec<(PathBuf, usize)>, TurnError> {
    let mut left = Vec::new();
    for scanner in &settings.scanners {
        let done = scanner.folder.join("done");
        if !done.is_dir() {
            continue;
        }
        if scanner.is_driven() {
            fs::remove_dir_all(&done).map_err(failed("remove", &done))?;
            continue;
        }
        let count = count_files(&done);
        if count > 0 {
            left.push((done, count));
        }
    }
    Ok(left)
}

fn count_files(folder: &Path) -> usize {
    let items = folder.read_dir().into_iter().flatten().flatten();
    items
        .map(|item| match item.path() {
            path if path.is_dir() => count_files(&path),
            _ => 1,
        })
        .sum()
}
