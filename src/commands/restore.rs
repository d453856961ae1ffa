//! `laixin restore`: a back-up → the data folder of this machine. Never over something that is there.

use std::path::PathBuf;

use super::backup::{LockArgs, folder_of, told};
use super::spoken::{complain, say};
use super::user::operator_of_the_machine;
use super::{ConfigArg, FINDING, GOOD};
use crate::Chain;
use crate::backup::{self, Folder, Restored};
use crate::config::Settings;
use crate::station::{StationError, take_data_dir};

/// `laixin restore`
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The folder of back-ups; `backup.folder` of the settings otherwise.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    lock: LockArgs,
    /// Which back-up, as `laixin backup --list` names it; the newest otherwise.
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
    /// What lies in the data folder (a station that lost its database, or whose database is damaged) is first moved into a folder of its own below it; nothing is deleted.
    #[arg(long)]
    set_aside: bool,
}

/// Restores into the settings' data folder.
pub fn run(args: &RestoreArgs) -> u8 {
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
    let _station = match take_data_dir(&settings) {
        Ok(lock) => lock,
        Err(error @ StationError::InUse { .. }) => {
            complain!("{}", Chain(&error));
            return FINDING;
        }
        Err(error) => {
            complain!("{}", Chain(&error));
            return FINDING;
        }
    };
    let restored = Folder::open(&folder, &lock).and_then(|folder| {
        if args.set_aside
            && let Some(aside) = backup::set_aside(&settings.station.data_dir)?
        {
            say!("{}: what was there before", aside.display());
        }
        let by = operator_of_the_machine();
        backup::restore(&settings, &folder, args.snapshot.as_deref(), &by)
    });
    match restored {
        Ok(restored) => report(&settings, &restored),
        Err(error) => told(&error),
    }
}

fn report(settings: &Settings, restored: &Restored) -> u8 {
    let manifest = &restored.manifest;
    say!(
        "{}: restored the back-up {} of {}, {} originals, ledger {} entries up to {}. Everybody signs in anew. Nothing is handed out until every case system has acknowledged again what it registered since, and an officer says so on page Today. The old settings lie in its folder restored-settings. Run `laixin verify`, then start the station.",
        settings.station.data_dir.display(),
        manifest.snapshot,
        manifest.station,
        manifest.originals.len() - restored.damaged.len(),
        manifest.ledger.entries,
        manifest.ledger.hash,
    );
    let lost = manifest
        .lost
        .iter()
        .map(|sha256| (sha256, "was lost already when the back-up was made"));
    let damaged = restored
        .damaged
        .iter()
        .map(|sha256| (sha256, "is damaged in the back-up"));
    for (sha256, why) in lost.clone().chain(damaged.clone()) {
        say!("original {sha256} is NOT restored: it {why}; look for it in another back-up");
    }
    match lost.count() + damaged.count() {
        0 => GOOD,
        _ => FINDING,
    }
}
