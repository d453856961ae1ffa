//! A back-up → a station's data folder on this machine. Only into an empty place; what was restored is verified before it is given its name.
//!
//! ```text
//! empty ── begun: the folder `restoring` ──→ brought and verified in it ── into place, the database last ──→ a station
//! ```
//!
//! While `restoring` is there without a database the folder is nobody's station (`src/store/gone.rs`): a restore that was cut is run again.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::manifest::Manifest;
use super::{BackupError, failed};
use crate::at_rest::{self, Lock};
use crate::clock;
use crate::config::Settings;
use crate::evidence::Evidence;
use crate::store::{Db, StoreError, recode};

/// What came back.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The back-up.
    pub manifest: Manifest,
    /// Originals that are damaged in the back-up; everything else is there.
    pub damaged: Vec<String>,
}

const UNDER_WAY: &str = "restoring";
const OLD_SETTINGS: &str = "restored-settings";
const ORIGINALS: &str = "evidence";
/// In the folder of a restore under way: what lies beside it, out of it into place, is the restore's own.
const INTO_PLACE: &str = "into-place";
const SET_ASIDE: &str = "set-aside-";

/// Whether a restore into this folder did not end; where a database is there besides, it did.
pub(crate) fn was_cut(data: &Path) -> bool {
    data.join(UNDER_WAY).is_dir()
}

/// Moves what lies in the data folder, a station without its database or with a damaged one, into a folder of its own below it. Nothing is deleted; until a
/// restore has ended, no station starts there.
///
/// # Errors
/// When the system refuses; what was moved stays moved, and the next call moves the rest.
pub fn set_aside(data: &Path) -> Result<Option<PathBuf>, BackupError> {
    if must_be_empty(data).is_ok() {
        return Ok(None);
    }
    clear(&data.join(UNDER_WAY))?;
    let stamp = clock::now().zoned().strftime("%Y%m%d-%H%M%S").to_string();
    let aside = data.join(format!("{SET_ASIDE}{stamp}"));
    fs::create_dir_all(&aside).map_err(failed("make", &aside))?;
    for entry in fs::read_dir(data).map_err(failed("list", data))? {
        let entry = entry.map_err(failed("list", data))?;
        let (from, to) = (entry.path(), aside.join(entry.file_name()));
        if entry.file_name() == at_rest::MARKER_FILE {
            // Both need it: what was set aside is sealed with the same key.
            fs::copy(&from, &to).map_err(failed("copy", &to))?;
        } else if !stays(&entry.file_name()) {
            fs::rename(&from, &to).map_err(failed("set aside", &from))?;
        }
    }
    sync(data)?;
    Ok(Some(aside))
}

/// Restores a back-up, the newest unless one is named, into the settings' data folder; `by` whom, its ledger says.
///
/// # Errors
/// [`BackupError`]; nothing is then in the place of a station.
pub fn restore(
    settings: &Settings,
    folder: &Folder,
    snapshot: Option<&str>,
    by: &str,
) -> Result<Restored, BackupError> {
    let data = settings.station.data_dir.as_path();
    let wanted = snapshot.unwrap_or("(none at all)");
    let found = folder.snapshots()?;
    let name = match snapshot {
        None => found.last(),
        Some(wanted) => found.iter().find(|name| *name == wanted),
    };
    let name = name.ok_or_else(|| BackupError::NoSnapshot {
        folder: folder.root().to_owned(),
        wanted: wanted.to_owned(),
    })?;
    must_be_empty(data)?;
    let manifest = folder.read_manifest(name)?;

    let under_way = begin(data)?;
    let database = under_way.join("station.sqlite3");
    bring_database(settings, folder, &manifest, &database)?;
    check_database(&database, settings.lock()?, &manifest)?;
    let evidence = Evidence::open(&under_way.join(ORIGINALS))?.with_lock(settings.lock()?);
    let mut damaged = Vec::new();
    for original in &manifest.originals {
        let mut bytes = Vec::new();
        match folder.read_blob(original, &mut bytes) {
            Ok(()) => drop(evidence.put(&bytes)?),
            Err(BackupError::Damaged { .. }) => damaged.push(original.sha256.clone()),
            Err(error) => return Err(error),
        }
    }
    let old_settings = under_way.join(OLD_SETTINGS);
    fs::create_dir_all(&old_settings).map_err(failed("make", &old_settings))?;
    for file in &manifest.settings {
        // The name comes out of the back-up: it must not lead out of its folder.
        if let Some(name) = Path::new(&file.name).file_name() {
            new_file(&old_settings.join(name), |to| {
                folder.read_blob(&file.kept, to)
            })?;
        }
    }
    drop(evidence);
    note_in(&database, settings.lock()?, (name, &damaged), by)?;
    let into_place = under_way.join(INTO_PLACE);
    File::create(&into_place).map_err(failed("make", &into_place))?;
    sync(&under_way)?;
    // The database last: it makes the folder a station.
    for (from, to) in [
        (old_settings, data.join(OLD_SETTINGS)),
        (under_way.join(ORIGINALS), settings.evidence_dir()),
        (database, settings.database()),
    ] {
        fs::rename(&from, &to).map_err(failed("move into place", &to))?;
        sync(data)?;
    }
    fs::remove_dir_all(&under_way).map_err(failed("remove", &under_way))?;
    sync(data)?;
    Ok(Restored { manifest, damaged })
}

/// The folder that says that a restore is under way, with nothing in it; what one that was cut brought into place already is brought anew.
fn begin(data: &Path) -> Result<PathBuf, BackupError> {
    let under_way = data.join(UNDER_WAY);
    fs::create_dir_all(&under_way).map_err(failed("make", &under_way))?;
    if under_way.join(INTO_PLACE).exists() {
        for brought in [ORIGINALS, OLD_SETTINGS] {
            let (from, back) = (data.join(brought), under_way.join(brought));
            if from.exists() && !back.exists() {
                fs::rename(&from, &back).map_err(failed("take back", &from))?;
            }
        }
    }
    clear(&under_way)?;
    sync(data)?;
    Ok(under_way)
}

/// Makes a folder, or empties it; never without the folder itself.
fn clear(folder: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(folder).map_err(failed("make", folder))?;
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let path = entry.map_err(failed("list", folder))?.path();
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(failed("remove", &path))?;
    }
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed("sync", folder))
}

/// The restored database says that it is one before it is a station's: nothing is handed out, and everybody signs in anew.
fn note_in(
    database: &Path,
    lock: &Lock,
    (snapshot, damaged): (&str, &[String]),
    by: &str,
) -> Result<(), BackupError> {
    let mut db = Db::open_with(database, lock)?;
    db.note_restored(snapshot, damaged, by)?;
    Ok(db.close()?)
}

/// Nothing but what a station that never ran, or a restore that was cut short, leaves.
fn must_be_empty(data: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(data).map_err(failed("make", data))?;
    for entry in fs::read_dir(data).map_err(failed("list", data))? {
        let name = entry.map_err(failed("list", data))?.file_name();
        let was_brought = [ORIGINALS, OLD_SETTINGS]
            .iter()
            .any(|brought| name == *brought)
            && data.join(UNDER_WAY).join(INTO_PLACE).exists();
        if !(stays(&name) || was_brought) {
            return Err(BackupError::TargetNotEmpty {
                folder: data.to_owned(),
            });
        }
    }
    Ok(())
}

/// Whether a restore leaves what has this name where it is.
fn stays(name: &OsStr) -> bool {
    ["lock", UNDER_WAY, "lost+found", at_rest::MARKER_FILE]
        .iter()
        .any(|ours| name == *ours)
        || name.to_string_lossy().starts_with(SET_ASIDE)
}

/// The database under this station's key, or in the clear where it has none.
fn bring_database(
    settings: &Settings,
    folder: &Folder,
    manifest: &Manifest,
    database: &Path,
) -> Result<(), BackupError> {
    let lock = settings.lock()?;
    let copied = match &manifest.database_key {
        None => None,
        Some(once) => {
            let odd = || BackupError::Damaged {
                what: "the manifest".into(),
                file: folder.root().to_owned(),
            };
            Some(Lock::of(once.key().ok_or_else(odd)?))
        }
    };
    lock.note_in(&settings.station.data_dir)?;
    if copied.is_none() && !lock.is_keyed() {
        return new_file(database, |to| folder.read_database(manifest, to));
    }
    let as_it_came = database.with_extension("as-it-came");
    new_file(&as_it_came, |to| folder.read_database(manifest, to))?;
    let key_from = copied.as_ref().and_then(|lock| lock.database_keys().next());
    drop(recode(
        (&as_it_came, key_from),
        (database, lock.database_keys().next()),
    )?);
    fs::remove_file(&as_it_came).map_err(failed("remove", &as_it_came))
}

fn new_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(path)
        .map_err(failed("make", path))?;
    let mut to = BufWriter::new(file);
    write(&mut to)?;
    let file = to
        .into_inner()
        .map_err(|error| failed("write", path)(error.into_error()))?;
    file.sync_all().map_err(failed("sync", path))
}

/// The restored database is whole, and its ledger ends where the back-up's did.
fn check_database(path: &Path, lock: &Lock, manifest: &Manifest) -> Result<(), BackupError> {
    let damaged = |told| BackupError::DatabaseDamaged { told };
    // One of an older schema is brought up to date by this; a newer one is refused untouched.
    let db = Db::open_with(path, lock)?;
    if let Some(told) = db.damage()? {
        return Err(damaged(told));
    }
    if let Err(seq) = db.verify_ledger()? {
        return Err(damaged(format!("ledger broken at entry {seq}")));
    }
    let (entries, hash) = db.ledger_mark()?;
    if (entries, hash.as_str()) != (manifest.ledger.entries, manifest.ledger.hash.as_str()) {
        let told = format!("its ledger ends at entry {entries}, not as the manifest says");
        return Err(damaged(told));
    }
    // One file again: nothing is left beside it when it moves.
    Ok::<_, StoreError>(db.close()?).map_err(BackupError::from)
}
