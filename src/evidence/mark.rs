//! Whether the folder of the second copies is the one that it was: a mark lies in it since the first copy, and the station remembers beside its database
//! that it put it there. A disk that is away leaves a folder like any other, or none; copies that were made there would be gone with it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

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

/// Whether the folder of these settings is known and is not the one that was marked.
pub fn second_is_away(settings: &Settings) -> bool {
    let folder = settings.keeping.second_dir.as_deref();
    folder.is_some_and(|folder| is_away(folder, &memory(&settings.station.data_dir)))
}

fn is_known(folder: &Path, memory: &Path) -> bool {
    fs::read_to_string(memory).is_ok_and(|known| Path::new(known.trim_end_matches('\n')) == folder)
}

fn is_away(folder: &Path, memory: &Path) -> bool {
    is_known(folder, memory) && !folder.join(MARK).is_file()
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
    /// Whether these are second copies that were on a disk which is away.
    pub(super) fn is_away(&self) -> bool {
        let memory = self.memory.as_deref();
        memory.is_some_and(|memory| is_away(&self.root, memory))
    }

    /// Before something is written among second copies: the folder is made and marked once, and never again.
    pub(super) fn is_to_be_written(&self) -> Result<(), EvidenceError> {
        if let Some(memory) = &self.memory {
            if is_away(&self.root, memory) {
                return Err(EvidenceError::Away {
                    path: self.root.clone(),
                });
            }
            if !is_known(&self.root, memory) {
                fs::create_dir_all(&self.root).map_err(failed("create", &self.root))?;
                write(
                    &self.root.join(MARK),
                    "Second copies of a laixin station. Without this file it takes the disk for another one.\n",
                )?;
                write(memory, &format!("{}\n", self.root.display()))?;
            }
        }
        fs::create_dir_all(&self.unfinished).map_err(failed("create", &self.unfinished))
    }
}
