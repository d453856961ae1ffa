//! Why a cycle failed, where the database did not take it: a small file beside it that is only ever written over, so that a full disk
//! has room for it. The next run puts it on the record of the cycle, if that has no end; whatever else it says is old.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::domain::cycle::Fault;
use crate::store::{CycleStep, Db, StoreError};

/// The file's length, always: what it says and blanks after it.
const LENGTH: usize = 1024;

/// What went wrong with a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Word {
    pub(super) cycle: i64,
    /// On the wall clock.
    pub(super) at_ms: i64,
    /// Since the cycle began.
    pub(super) after_ms: Option<u64>,
    pub(super) step: String,
    /// As the record would have told it.
    pub(super) told: String,
    pub(super) fault: Fault,
}

impl Word {
    /// As a step of its cycle, unless it is there.
    pub(super) fn put_on_record(&self, db: &mut Db) -> Result<(), StoreError> {
        let steps = db.cycle_record(self.cycle)?.steps;
        if steps
            .iter()
            .any(|step| step.detail.as_ref() == Some(&self.told))
        {
            return Ok(());
        }
        let step = CycleStep {
            at: Millis(self.at_ms),
            after_ms: self.after_ms,
            step: self.step.clone(),
            detail: Some(self.told.clone()),
            by: None,
        };
        db.cycle_step(self.cycle, &step)
    }
}

/// Where a cabinet's last words are kept.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    file: Option<PathBuf>,
    /// The last one, so that it is said once.
    said: Option<(i64, Fault)>,
}

impl LastWords {
    /// Of this cabinet, beside the database.
    pub(super) fn in_folder(folder: Option<&Path>, cabinet: &str) -> Self {
        Self {
            file: folder.map(|folder| folder.join(format!("{cabinet}.last-words"))),
            said: None,
        }
    }

    /// Takes the room on the disk that is needed later; nobody waits for it.
    pub(super) fn take_room(&self) {
        if let Some(file) = self.file.clone().filter(|file| !file.exists()) {
            tokio::task::spawn_blocking(move || warned(&file, write_over(&file, "")));
        }
    }

    /// Says it, once. Nobody waits for it: a disk that hangs must not cost a look.
    pub(super) fn say(&mut self, word: Word) {
        if self.said == Some((word.cycle, word.fault)) {
            return;
        }
        self.said = Some((word.cycle, word.fault));
        let Some(file) = self.file.clone() else {
            return;
        };
        tokio::task::spawn_blocking(move || match toml::to_string(&word) {
            Ok(text) => warned(&file, write_over(&file, &text)),
            Err(error) => tracing::warn!(%error, "last words that cannot be written"),
        });
    }

    /// What was said about this cycle.
    pub(super) fn about(&self, cycle: i64) -> Option<Word> {
        let mut text = String::new();
        let mut file = File::open(self.file.as_ref()?).ok()?;
        file.read_to_string(&mut text).ok()?;
        let word: Word = toml::from_str(text.trim_end_matches(['\0', ' '])).ok()?;
        (word.cycle == cycle).then_some(word)
    }
}

fn warned(file: &Path, written: io::Result<()>) {
    if let Err(error) = written {
        tracing::warn!(file = %file.display(), %error, "the last words of a cycle are not kept");
    }
}

/// In place: no block is given up and none is needed.
fn write_over(path: &Path, text: &str) -> io::Result<()> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() > LENGTH {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    bytes.resize(LENGTH, b' ');
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.write_all(&bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cycle::{Watched, WhyMissing};

    fn word(cycle: i64, fault: Fault) -> Word {
        Word {
            cycle,
            at_ms: 5,
            after_ms: Some(1_200),
            step: "aborting".into(),
            told: fault.to_string(),
            fault,
        }
    }

    #[test]
    fn last_words_are_read_back_and_lie_in_the_same_place_of_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let words = LastWords::in_folder(Some(folder.path()), "cabinet-1");
        let file = words.file.clone().unwrap();
        write_over(&file, "").unwrap();
        assert_eq!(words.about(1), None);
        let missing = Fault::ReadingMissing {
            point: Watched::Irradiance,
            why: WhyMissing::Frozen,
        };
        for (cycle, fault) in [(1, missing), (2, Fault::RecordFailed), (3, Fault::DoorOpen)] {
            let said = word(cycle, fault);
            write_over(&file, &toml::to_string(&said).unwrap()).unwrap();
            assert_eq!(words.about(cycle), Some(said));
            assert_eq!(words.about(cycle + 1), None, "of another cycle");
            assert_eq!(std::fs::metadata(&file).unwrap().len(), LENGTH as u64);
        }
        assert!(write_over(&file, &"x".repeat(LENGTH + 1)).is_err());
    }
}
