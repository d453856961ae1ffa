//! Whether the folder of the second copies is the one that it was: a mark lies in it since the first copy, and the station remembers beside its database
//! that it put it there. A disk that is away leaves a folder like any other, or none; copies that were made there would be gone with it. So a station
//! begins by itself only where its copies lie already and, as long as it has no originals, with a folder on another disk than its own or right in its
//! data folder. That one alone it makes itself. Of any other an administrator says that it is to be.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{Evidence, EvidenceError, failed, sync_folder};
use crate::config::Settings;

/// What lies in the folder.
pub(super) const MARK: &str = "laixin-second-copies";
/// What lies beside the database.
const KNOWN: &str = "second_dir.known";

/// Where a station remembers which folder it marked.
pub(super) fn memory(data: &Path) -> PathBuf {
    data.join(KNOWN)
}

/// What the folder of the second copies is to the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFolder {
    /// The one that was marked.
    Known,
    /// It was marked, and what is there now is not it.
    Away,
    /// It was never used, as far as is known.
    New,
}

/// What the folder of these settings is; `None`: no second copies are kept.
pub fn second_folder(settings: &Settings) -> Option<SecondFolder> {
    let folder = settings.keeping.second_dir.as_deref()?;
    Some(state(folder, &memory(&settings.station.data_dir)))
}

/// Whether a station that has no originals begins with the folder of these settings by itself.
pub fn second_begins_by_itself(settings: &Settings) -> bool {
    let folder = settings.keeping.second_dir.as_deref();
    folder.is_some_and(|folder| begins_by_itself(folder, &settings.station.data_dir))
}

fn begins_by_itself(folder: &Path, data: &Path) -> bool {
    let disk = |folder: &Path| fs::metadata(folder).ok().map(|found| found.dev());
    let is_elsewhere = disk(folder).is_some_and(|own| disk(data).is_some_and(|data| own != data));
    is_right_in(folder, data) || folder.is_dir() && is_elsewhere
}

fn is_right_in(folder: &Path, data: &Path) -> bool {
    settled(folder).parent() == Some(&settled(data))
}

fn state(folder: &Path, memory: &Path) -> SecondFolder {
    match (is_known(folder, memory), folder.join(MARK).is_file()) {
        (false, _) => SecondFolder::New,
        (true, true) => SecondFolder::Known,
        (true, false) => SecondFolder::Away,
    }
}

fn is_known(folder: &Path, memory: &Path) -> bool {
    let Ok(known) = fs::read_to_string(memory) else {
        return false;
    };
    let known = Path::new(known.trim_end_matches('\n'));
    match known.is_absolute() {
        true => settled(known) == settled(folder),
        // As an older laixin wrote it, below the folder that it was started in.
        false => settled(folder).ends_with(known.strip_prefix(".").unwrap_or(known)),
    }
}

/// The same wherever the program was started, and without the way back that a settings file's place may bring.
fn settled(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut settled = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(settled.pop()),
            part => settled.push(part),
        }
    }
    settled
}

/// Which folder it is, and which mark lies in it: another disk in its place has others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    folder: (u64, u64),
    mark: (u64, i64, i64),
}

fn identity(folder: &Path) -> Option<Identity> {
    let (own, mark) = (
        fs::metadata(folder).ok()?,
        fs::metadata(folder.join(MARK)).ok()?,
    );
    Some(Identity {
        folder: (own.dev(), own.ino()),
        mark: (mark.ino(), mark.mtime(), mark.mtime_nsec()),
    })
}

fn write(file: &Path, text: &str) -> Result<(), EvidenceError> {
    let written = File::create(file).and_then(|mut to| {
        to.write_all(text.as_bytes())?;
        to.sync_all()
    });
    written.map_err(failed("write", file))?;
    file.parent().map_or(Ok(()), sync_folder)
}

impl Evidence {
    /// Of second copies: what their folder is to the station. One whose memory nobody keeps is taken as it is.
    pub(super) fn as_second(&self) -> SecondFolder {
        let memory = self.memory.as_deref();
        memory.map_or(SecondFolder::Known, |memory| state(&self.root, memory))
    }

    /// Before something is written among second copies: the folder was marked, and is there.
    pub(super) fn is_to_be_written(&self) -> Result<(), EvidenceError> {
        let path = || self.root.clone();
        match self.as_second() {
            SecondFolder::Away => return Err(EvidenceError::Away { path: path() }),
            SecondFolder::New => return Err(EvidenceError::NotBegun { path: path() }),
            SecondFolder::Known => {}
        }
        fs::create_dir_all(&self.unfinished).map_err(failed("create", &self.unfinished))
    }

    /// Of second copies: whether their folder is another one than when it was looked at last, with the same mark.
    pub(super) fn was_exchanged(&self) -> bool {
        if self.memory.is_none() {
            return false;
        }
        let now = identity(&self.root);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *seen, now);
        before.is_some() && before != now
    }

    /// The second copies may be fewer than they should be: they are counted, and made, before they are called whole.
    pub fn doubt_second(&self) {
        self.is_behind.store(true, Ordering::Relaxed);
    }

    /// Of a station without originals: whether it begins with the second copies' folder by itself.
    pub fn second_begins_by_itself(&self) -> bool {
        let second = self.second.as_deref();
        let data = |second: &Self| Some(second.memory.as_deref()?.parent()?.to_owned());
        second.is_some_and(|second| {
            data(second).is_some_and(|data| begins_by_itself(&second.root, &data))
        })
    }

    /// From now on the second copies are kept in the folder of the settings as it is: marked, and remembered. Only right in the data folder it is made.
    ///
    /// # Errors
    /// [`EvidenceError::NoFolder`]; when it cannot be written.
    pub fn begin_second(&self) -> Result<(), EvidenceError> {
        let Some(second) = &self.second else {
            return Ok(());
        };
        if let Some(memory) = &second.memory {
            if !second.root.is_dir() {
                let data = memory.parent();
                if !data.is_some_and(|data| is_right_in(&second.root, data)) {
                    let path = second.root.clone();
                    return Err(EvidenceError::NoFolder { path });
                }
                fs::create_dir(&second.root).map_err(failed("create", &second.root))?;
            }
            write(
                &second.root.join(MARK),
                "Second copies of a laixin station. Without this file it takes the disk for another one.\n",
            )?;
            write(memory, &format!("{}\n", settled(&second.root).display()))?;
        }
        self.is_behind.store(true, Ordering::Relaxed);
        self.wanting.notify_one();
        Ok(())
    }

    /// Whether the second copies' folder has a copy of this original.
    pub fn second_holds(&self, sha256: &str) -> bool {
        let second = self.second.as_ref();
        second.is_some_and(|second| second.found(sha256).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `laixin check`, called in another folder, took one in use for one never used.
    /// A missing mount point was made on the disk below, and filled.
    #[test]
    fn a_folder_that_is_not_there_is_made_right_in_the_data_folder_only() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let open = |second: &Path| {
            Evidence::open(&data.join("originals"))
                .unwrap()
                .with_second(Some(second))
                .remembering_in(&data)
        };
        for away in [home.path().join("second"), data.join("mount/second")] {
            let evidence = open(&away);
            assert!(!evidence.second_begins_by_itself());
            let refused = evidence.begin_second();
            assert!(matches!(refused, Err(EvidenceError::NoFolder { .. })));
            assert!(!away.exists());
            // A bare mount point is there, on this disk.
            fs::create_dir_all(&away).unwrap();
            assert!(!evidence.second_begins_by_itself());
            evidence.begin_second().unwrap();
            assert!(away.join(MARK).is_file(), "somebody said so");
        }
        let evidence = open(&home.path().join("data/../data/second"));
        assert!(evidence.second_begins_by_itself());
        evidence.begin_second().unwrap();
        assert!(data.join("second").join(MARK).is_file());
    }

    #[test]
    fn a_folder_is_known_from_wherever_it_is_looked_at() {
        let data = tempfile::tempdir().unwrap();
        let memory = memory(data.path());
        for known in ["/srv/laixin/second\n", "second\n", "./second\n"] {
            fs::write(&memory, known).unwrap();
            for folder in ["/srv/laixin/second", "/srv/other/../laixin/./second"] {
                assert!(is_known(Path::new(folder), &memory), "{known} {folder}");
            }
            assert!(!is_known(Path::new("/srv/laixin/third"), &memory));
        }
        fs::write(&memory, "/srv/laixin/second\n").unwrap();
        assert!(!is_known(Path::new("/mnt/second"), &memory));
    }
}
