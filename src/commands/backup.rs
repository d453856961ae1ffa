//! `laixin backup`: a consistent, verified copy of the running station in a folder on another disk.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::spoken::{complain, say};
use super::user::operator_of_the_machine;
use super::{ConfigArg, FINDING, GOOD, USAGE};
use crate::api::password::random_hex;
use crate::backup::{self, BackupError, Folder, Lock, Made};
use crate::config::Settings;
use crate::store::{BackupRow, Db};
use crate::{Chain, clock};

/// `laixin backup`
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The folder; `backup.folder` of the settings otherwise.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    lock: LockArgs,
    /// Makes a new key file and does nothing else.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "key_file", "unencrypted"])]
    new_key: Option<PathBuf>,
    /// Names the back-ups in the folder and does nothing else.
    #[arg(long)]
    list: bool,
}

/// What the folder is locked with.
#[derive(Debug, clap::Args)]
pub(super) struct LockArgs {
    /// The passphrase of encrypted back-ups; `backup.key_file` of the settings otherwise.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Back-ups in the clear: whoever has the disk reads every letter.
    #[arg(long, conflicts_with = "key_file")]
    unencrypted: bool,
}

impl LockArgs {
    /// The lock, or on stderr why there is none.
    pub(super) fn lock(&self, settings: &Settings) -> Result<Lock, u8> {
        let backup = &settings.backup;
        if self.unencrypted {
            return Ok(Lock::Unencrypted);
        }
        match (&self.key_file, &backup.key_file) {
            (Some(file), _) | (None, Some(file)) => Ok(Lock::KeyFile(file.clone())),
            (None, None) if backup.unencrypted => Ok(Lock::Unencrypted),
            (None, None) => {
                complain!(
                    "back-ups are encrypted, and no key is named: --key-file FILE (or backup.key_file in the settings) names the key they were made with; no other opens them. For the first back-up `laixin backup --new-key FILE` makes one (keep a copy of it in a safe, not with the back-ups). Back-ups in the clear: --unencrypted"
                );
                Err(USAGE)
            }
        }
    }
}

/// The folder of the command line or of the settings.
pub(super) fn folder_of(named: Option<&PathBuf>, settings: &Settings) -> Result<PathBuf, u8> {
    named
        .or(settings.backup.folder.as_ref())
        .cloned()
        .ok_or_else(|| {
            complain!("name a folder, or set backup.folder in the settings");
            USAGE
        })
}

/// Says what went wrong; the exit code.
pub(super) fn told(error: &BackupError) -> u8 {
    complain!("{}", Chain(error));
    match error {
        BackupError::KeyFile { .. }
        | BackupError::WrongKey { .. }
        | BackupError::Mixed { .. }
        | BackupError::NotOurs { .. }
        | BackupError::WithinStation { .. }
        | BackupError::NoSnapshot { .. }
        | BackupError::TargetNotEmpty { .. } => USAGE,
        _ => FINDING,
    }
}

/// Makes a back-up, or a key.
pub fn run(args: &BackupArgs) -> u8 {
    if let Some(file) = &args.new_key {
        return new_key(file);
    }
    let settings = match args.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let (lock, folder) = match args
        .lock
        .lock(&settings)
        .and_then(|lock| Ok((lock, folder_of(args.folder.as_ref(), &settings)?)))
    {
        Ok(both) => both,
        Err(code) => return code,
    };
    if args.list {
        return list(&folder, &lock);
    }
    let keep = usize::try_from(settings.backup.keep.0).expect("at most 1000");
    let began = clock::monotonic();
    let opened =
        backup::apart(&settings, &folder).and_then(|()| Folder::open_or_make(&folder, &lock));
    let made = opened.and_then(|folder| {
        let made = backup::make(&settings, &args.config.config, &folder, keep)?;
        record(&settings, &folder, &made)?;
        Ok(made)
    });
    match made {
        Ok(made) => report(&made, &folder, began.elapsed().as_secs_f64()),
        Err(error) => told(&error),
    }
}

fn record(settings: &Settings, folder: &Folder, made: &Made) -> Result<(), BackupError> {
    let manifest = &made.manifest;
    let row = BackupRow {
        made: clock::now(),
        folder: folder.root().display().to_string(),
        snapshot: manifest.snapshot.clone(),
        sealed: folder.is_sealed(),
        entries: manifest.ledger.entries,
        root: manifest.ledger.hash.clone(),
        originals: manifest.originals.len() as u64,
        added: made.added,
        faults: made.lost.len() as u64,
    };
    let mut db = Db::of(settings)?;
    Ok(db.record_backup(&row, &operator_of_the_machine())?)
}

fn report(made: &Made, folder: &Path, seconds: f64) -> u8 {
    let manifest = &made.manifest;
    say!(
        "{}: back-up {}, {} originals ({} new), ledger {} entries up to {}; everything read back and compared, {seconds:.1} s",
        folder.display(),
        manifest.snapshot,
        manifest.originals.len(),
        made.added,
        manifest.ledger.entries,
        manifest.ledger.hash,
    );
    for sha256 in &made.mended {
        say!(
            "original {sha256} was damaged in the back-up and was written again; have the disk looked at"
        );
    }
    for sha256 in &made.lost {
        say!(
            "original {sha256} is NOT in this back-up: the station has lost it or it was altered; run `laixin verify`"
        );
    }
    if made.lost.is_empty() { GOOD } else { FINDING }
}

fn list(folder: &Path, lock: &Lock) -> u8 {
    let listed = Folder::open(folder, lock).and_then(|folder| {
        for snapshot in folder.snapshots()? {
            let manifest = folder.read_manifest(&snapshot)?;
            say!(
                "{snapshot}\t{}\t{}\t{} originals\tledger {} {}",
                manifest.made_at,
                manifest.station,
                manifest.originals.len(),
                manifest.ledger.entries,
                manifest.ledger.hash
            );
        }
        Ok(())
    });
    listed.map_or_else(|error| told(&error), |()| GOOD)
}

fn new_key(file: &Path) -> u8 {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut to| {
            writeln!(to, "{}", random_hex::<32>())?;
            to.sync_all()
        });
    match made {
        Ok(()) => {
            say!(
                "{}: a new key. Without it no back-up can be restored: print it or copy it into a safe, not onto the back-up disk. Name it as backup.key_file in the settings.",
                file.display()
            );
            GOOD
        }
        Err(error) => {
            complain!(
                "{}: {error}; an existing file is never overwritten",
                file.display()
            );
            FINDING
        }
    }
}
