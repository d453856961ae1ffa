//! A back-up → a station's data folder on this machine. Only into an empty place; what was restored is verified before it is given its name.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::folder::Folder;
use super::manifest::Manifest;
use super::{BackupError, failed};
use crate::at_rest::{self, Lock};
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

/// Restores a back-up, the newest unless one is named, into the settings' data folder.
///
/// # Errors
/// [`BackupError`]; nothing is then in the place of a station.
pub fn restore(
    settings: &Settings,
    folder: &Folder,
    snapshot: Option<&str>,
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

    let under_way = data.join(UNDER_WAY);
    if under_way.exists() {
        fs::remove_dir_all(&under_way).map_err(failed("remove", &under_way))?;
    }
    fs::create_dir_all(&under_way).map_err(failed("make", &under_way))?;
    let database = under_way.join("station.sqlite3");
    bring_database(settings, folder, &manifest, &database)?;
    check_database(&database, settings.lock()?, &manifest)?;
    let evidence = Evidence::open(&under_way.join("evidence"))?.with_lock(settings.lock()?);
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
    // The database last: it makes the folder a station.
    for (from, to) in [
        (old_settings, data.join(OLD_SETTINGS)),
        (under_way.join("evidence"), settings.evidence_dir()),
        (database, settings.database()),
    ] {
        fs::rename(&from, &to).map_err(failed("move into place", &to))?;
    }
    fs::remove_dir_all(&under_way).map_err(failed("remove", &under_way))?;
    File::open(data)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("sync", data))?;
    Ok(Restored { manifest, damaged })
}

/// Nothing but what a station that never ran, or a restore that was cut short, leaves.
fn must_be_empty(data: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(data).map_err(failed("make", data))?;
    for entry in fs::read_dir(data).map_err(failed("list", data))? {
        let name = entry.map_err(failed("list", data))?.file_name();
        if !["lock", UNDER_WAY, "lost+found", at_rest::MARKER_FILE]
            .iter()
            .any(|ours| name == *ours)
        {
            return Err(BackupError::TargetNotEmpty {
                folder: data.to_owned(),
            });
        }
    }
    Ok(())
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
