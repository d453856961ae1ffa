//! On which mount a scanner's folder lay when the station last had it, kept beside the database: a mount that is gone leaves a folder like any other, also
//! at the next start.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use scanner::mount;

/// The mount that a folder is known to lie on.
#[derive(Debug)]
pub(super) struct Mounted {
    inbox: PathBuf,
    file: Option<PathBuf>,
    was: Mutex<Option<PathBuf>>,
}

impl Mounted {
    pub(super) fn of(inbox: &Path) -> Self {
        Self {
            inbox: inbox.to_path_buf(),
            file: None,
            was: Mutex::default(),
        }
    }

    /// Remembered from run to run, beside the database.
    pub(super) fn kept_in(inbox: &Path, data: &Path, scanner: &str) -> Self {
        Self {
            inbox: inbox.to_path_buf(),
            file: Some(file(data, scanner)),
            was: Mutex::new(remembered(inbox, data, scanner)),
        }
    }

    pub(super) fn was(&self) -> Option<PathBuf> {
        self.was
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.was()
            .is_some_and(|was| mount::is_gone(&self.inbox, &was))
    }

    /// The folder is this station's where it lies now.
    pub(super) fn note(&self) {
        let Ok(now) = mount::root(&self.inbox) else {
            return;
        };
        let was = self
            .was
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(now.clone());
        // The file system of / does not go away.
        if was.as_ref() == Some(&now) || now.parent().is_none() {
            return;
        }
        let Some(file) = &self.file else { return };
        let text = format!("{}\n{}\n", self.inbox.display(), now.display());
        if let Err(error) = std::fs::write(file, text) {
            tracing::warn!(file = %file.display(), %error, "the mount of a scanner's folder is not remembered");
        }
    }

    /// What says so on the disk.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// Where the mount of a scanner's folder is remembered.
fn file(data: &Path, scanner: &str) -> PathBuf {
    data.join(format!("{scanner}.mount"))
}

/// The mount that this folder is remembered to lie on.
pub(crate) fn remembered(inbox: &Path, data: &Path, scanner: &str) -> Option<PathBuf> {
    let text = std::fs::read_to_string(file(data, scanner)).ok()?;
    let (folder, mount) = text.split_once('\n')?;
    (Path::new(folder) == inbox).then(|| mount.trim_end_matches('\n').into())
}
