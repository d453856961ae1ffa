//! No database where one has been: its originals are there without it, or what a restore that was cut short had brought, or a mark outside of
//! the data folder says so (its disk is not mounted). A new, empty one is never begun there; nor is one gone on with beside a bare folder where its originals
//! lay. Leaves out why it is gone.

use std::fs;
use std::path::{Path, PathBuf};

use super::{DatabaseState, Db, LockedError, StoreError};
use crate::backup;
use crate::config::Settings;

/// Why there is no database to open, and none is begun.
#[derive(Debug, thiserror::Error)]
pub enum GoneError {
    /// It was there once.
    #[error(
        "{} is gone or empty, and {} of the same station is there: no new, empty station was begun beside it. Restore the newest back-up (laixin-admin restore --set-aside DIR --key-file FILE; what is there is kept, nothing is deleted). Only to begin anew on purpose, move everything out of the data folder first", database.display(), beside.display()
    )]
    Lost {
        /// Where it should be.
        database: PathBuf,
        /// What shows that it was.
        beside: PathBuf,
    },
    /// A restore has not ended.
    #[error(
        "a restore into {} was cut short: run it again (laixin-admin restore DIR --key-file FILE), it begins from the start; the station starts once it has ended", folder.display()
    )]
    RestoreCut {
        /// The data folder.
        folder: PathBuf,
    },
    /// The data folder has nothing, and the station was begun.
    #[error(
        "{} has no station in it, and {} says that one was begun: mount its disk, the station starts by itself then; where the disk is lost, restore the newest back-up (laixin-setup --restore DIR --key-file FILE). Only to begin anew on purpose, remove {} first", data.display(), mark.display(), mark.display()
    )]
    Emptied {
        /// The data folder.
        data: PathBuf,
        /// What says that it had a station.
        mark: PathBuf,
    },
    /// The database knows originals, and where they lay is a bare folder.
    #[error(
        "{} has no original in it, and the database knows some: mount its disk, the station starts by itself then; where the disk is lost, restore the newest back-up (laixin-admin restore --set-aside DIR --key-file FILE). Only where it is a new disk on purpose, make a folder `00` in it", folder.display()
    )]
    Originals {
        /// Where they should be.
        folder: PathBuf,
    },
    /// Nothing was ever here.
    #[error("{} is not there: this station was never started", database.display())]
    NoneYet {
        /// Where it will be.
        database: PathBuf,
    },
}

impl GoneError {
    /// Its stable name, as in the list of `laixin check`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "database_lost",
            Self::RestoreCut { .. } => "restore_cut",
            Self::Emptied { .. } => "data_emptied",
            Self::Originals { .. } => "originals_away",
            Self::NoneYet { .. } => "database_none",
        }
    }
}

/// Whether a database is there; where none is, a new one may be begun.
///
/// # Errors
/// [`GoneError::Lost`], [`GoneError::RestoreCut`], [`GoneError::Emptied`] where one has been; when the system refuses to look.
pub(super) fn is_there(settings: &Settings) -> Result<bool, StoreError> {
    let database = settings.database();
    let state = DatabaseState::of(&database).map_err(|source| LockedError::Io {
        database: database.clone(),
        source,
    })?;
    if state != DatabaseState::None {
        return Ok(true);
    }
    let data = settings.station.data_dir.as_path();
    if backup::was_cut(data) {
        let folder = data.to_owned();
        return Err(GoneError::RestoreCut { folder }.into());
    }
    // Made right after the database, and by nobody else.
    let beside = settings.evidence_dir();
    if holds_something(&beside) {
        return Err(GoneError::Lost { database, beside }.into());
    }
    match settings.begun() {
        Some(mark) => {
            let data = data.to_owned();
            Err(GoneError::Emptied { data, mark }.into())
        }
        None => Ok(false),
    }
}

/// The same for those who only look.
///
/// # Errors
/// [`GoneError`] wherever none is.
pub(super) fn must_be_there(settings: &Settings) -> Result<(), StoreError> {
    match is_there(settings)? {
        true => Ok(()),
        false => Err(GoneError::NoneYet {
            database: settings.database(),
        }
        .into()),
    }
}

/// Whether originals lie where those that the database knows should be: a disk of their own may not be mounted.
///
/// # Errors
/// [`GoneError::Originals`]; when SQLite refuses.
pub(crate) fn originals_are_there(settings: &Settings, db: &Db) -> Result<(), StoreError> {
    let folder = settings.evidence_dir();
    // A start makes `unfinished` also in a mount point.
    if holds_more_than(&["lost+found", "unfinished"], &folder) || db.some_originals()?.is_empty() {
        return Ok(());
    }
    Err(GoneError::Originals { folder }.into())
}

/// Whether there is more in the folder than a bare mount point has. One that cannot be listed may hold anything.
fn holds_something(folder: &Path) -> bool {
    holds_more_than(&["lost+found"], folder)
}

fn holds_more_than(these: &[&str], folder: &Path) -> bool {
    let is_more = |item: &fs::DirEntry| !these.iter().any(|one| item.file_name() == *one);
    match fs::read_dir(folder) {
        Ok(mut items) => items.any(|item| item.is_ok_and(|item| is_more(&item))),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;

    fn station(folder: &Path) -> Settings {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/station.toml");
        let mut settings = Settings::load(Path::new(shipped)).unwrap();
        settings.station.data_dir = folder.to_owned();
        settings.at_rest = None;
        settings
    }

    fn refused(settings: &Settings) -> &'static str {
        let found = |error| match error {
            StoreError::Gone(gone) => gone.code(),
            other => panic!("{other:?}"),
        };
        let began = found(Db::of(settings).expect_err("no station is begun"));
        assert_eq!(found(Db::look_at(settings).expect_err("none")), began);
        began
    }

    #[test]
    fn a_lost_or_empty_database_beside_originals_begins_no_new_station() {
        let folder = tempfile::tempdir().unwrap();
        let settings = station(folder.path());
        assert!(matches!(
            Db::look_at(&settings),
            Err(StoreError::Gone(GoneError::NoneYet { .. }))
        ));
        drop(Db::of(&settings).unwrap());
        let evidence = Evidence::open(&settings.evidence_dir()).unwrap();
        evidence.put(b"a page").unwrap();
        assert!(Db::of(&settings).is_ok() && Db::look_at(&settings).is_ok());
        for beside in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("station.sqlite3{beside}")));
        }
        assert_eq!(refused(&settings), "database_lost");
        fs::write(settings.database(), "").unwrap();
        assert_eq!(refused(&settings), "database_lost");
        assert_eq!(settings.database().metadata().unwrap().len(), 0);
    }

    #[test]
    fn what_a_new_station_has_before_its_first_start_is_no_lost_one() {
        let folder = tempfile::tempdir().unwrap();
        let settings = station(folder.path());
        // `laixin key new`, an empty mount for the originals, a first start that was cut.
        fs::write(folder.path().join("at-rest.json"), "{}").unwrap();
        fs::create_dir_all(settings.evidence_dir().join("lost+found")).unwrap();
        fs::write(settings.database(), "").unwrap();
        assert!(!is_there(&settings).unwrap());
    }

    #[test]
    fn an_empty_data_folder_begins_no_second_station_where_one_was_begun() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("station.toml");
        let mut settings = station(&folder.path().join("data"));
        settings.loaded.as_mut().expect("of a file").file = file.clone();
        fs::create_dir_all(settings.evidence_dir().join("lost+found")).unwrap();
        assert!(!is_there(&settings).unwrap());
        fs::write(file.with_extension("begun"), "").unwrap();
        assert_eq!(refused(&settings), "data_emptied");
        assert!(!settings.database().exists());
        // Another station's settings beside them say nothing of this one.
        let other = folder.path().join("training.toml");
        settings.loaded.as_mut().expect("of a file").file = other;
        drop(Db::of(&settings).unwrap());
        settings.loaded.as_mut().expect("of a file").file = file;
        assert!(Db::of(&settings).is_ok(), "its disk is mounted again");
    }

    #[test]
    fn a_restore_that_was_cut_is_no_station() {
        let folder = tempfile::tempdir().unwrap();
        let settings = station(folder.path());
        fs::create_dir(folder.path().join("restoring")).unwrap();
        assert_eq!(refused(&settings), "restore_cut");
        // One that had brought its originals into place already, too.
        fs::create_dir_all(settings.evidence_dir().join("ab")).unwrap();
        assert_eq!(refused(&settings), "restore_cut");
    }
}
