//! What people are told of a desk's trouble: alerts, readiness, the log. Each thing once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use scanner::claim::{self, ClaimError};

use super::ScanError;
use super::desk::Desk;
use crate::Chain;
use crate::clock;
use crate::domain::intake::next_action;
use crate::events::Event;
use crate::evidence::EvidenceError;
use crate::store::HealthRow;

impl Desk {
    pub(super) fn alert(&self, code: &str, name: &str, arrival: &str) {
        tracing::warn!(
            scanner = self.source,
            arrival,
            file = name,
            code,
            "not taken, kept untouched: {}",
            next_action(code)
        );
        self.events.tell(Event::Alert {
            code: code.to_owned(),
            // Not the file: its name has the letter's number, and whoever looks after scanners hears this, too.
            subject: self.source.clone(),
        });
    }

    pub(super) fn folder_unreadable(&self, folder: &Path, kind: std::io::ErrorKind) {
        self.let_go();
        let message = format!(
            "{} cannot be listed ({kind}): check that it exists, is mounted, and that the laixin user may read and write it",
            folder.display()
        );
        self.not_ready("folder_unreadable", &message);
        self.note_folder("bad", Some("check_folder"));
    }

    /// Nothing is taken from what lies in the folder's place.
    pub(super) fn mount_gone(&self) {
        self.let_go();
        let was = self.mounted.was().unwrap_or_default();
        let mut message = format!(
            "{} lay on the mount {}, which is gone: mount it again and pages go on; nothing is taken from there meanwhile",
            self.inbox.display(),
            was.display()
        );
        if let Some(file) = self.mounted.file() {
            message += &format!(
                ". If it is to be a plain folder from now on, remove {} and start the station again",
                file.display()
            );
        }
        self.not_ready("mount_gone", &message);
        self.note_folder("bad", Some("check_folder"));
    }

    /// The folder is no longer this station's.
    pub(super) fn let_go(&self) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn folder_readable(&self) {
        self.readiness.ready(&self.part());
        if !self.driven {
            self.note_folder("good", None);
        }
    }

    /// The device health log keeps when the folder went and came.
    fn note_folder(&self, state: &str, code: Option<&str>) {
        let row = HealthRow {
            at: clock::now(),
            device: self.source.clone(),
            point: "folder".into(),
            value: None,
            limit: None,
            state: state.into(),
            code: code.map(str::to_owned),
            detail: None,
        };
        if let Err(error) = self.store.wait(move |db| db.note_health(&[row])) {
            tracing::warn!(scanner = self.source, error = %Chain(&error), "the device health log was not written");
        }
    }

    pub(super) fn not_ready(&self, code: &str, message: &str) {
        self.readiness.not_ready(&self.part(), code, message);
    }

    pub(super) fn part(&self) -> String {
        format!("scanner/{}", self.source)
    }

    /// A folder that took nothing and is given back: told well again without waiting for its next file.
    pub(super) fn look_whether_given_back(&self) {
        if self.shut.load(Ordering::Relaxed) && self.takes_changes() {
            self.shut.store(false, Ordering::Relaxed);
            self.recover();
        }
    }

    /// Whether files can be moved out of the folder and into those below it.
    fn takes_changes(&self) -> bool {
        let below = ["", "done", "held", claim::CLAIMED_FOLDER].map(|name| self.inbox.join(name));
        let usable = |folder: &PathBuf| match accessat(
            CWD,
            folder,
            Access::WRITE_OK | Access::EXEC_OK,
            AtFlags::EACCESS,
        ) {
            Ok(()) => true,
            // What is not there yet is made.
            Err(error) => error == Errno::NOENT && *folder != self.inbox,
        };
        below.iter().all(usable)
    }

    pub(super) fn mark_stuck(&self) {
        self.stuck.store(true, Ordering::Relaxed);
    }

    /// Says once what went wrong with one file. Every such file is tried again: by the next look, or from its claim.
    pub(super) fn trouble(&self, name: &str, error: &ScanError) {
        match error {
            ScanError::Claim(ClaimError::Gone { .. } | ClaimError::Changed { .. }) | ScanError::Evidence(EvidenceError::Changing { .. }) => {
                tracing::info!(scanner = self.source, file = name, error = %Chain(error), "not taken this time");
                return;
            }
            ScanError::Evidence(EvidenceError::Full { .. }) => {
                self.not_ready("disk_full", "no space for originals: free some on the disk of the data folder; pages wait in the scanner's folder");
            }
            ScanError::Evidence(EvidenceError::Altered { sha256, .. }) => {
                let message = format!("original {sha256} was altered on the disk: run `laixin verify`, restore it from the backup");
                self.not_ready("original_altered", &message);
            }
            ScanError::Claim(ClaimError::OtherFilesystem { .. }) => {
                self.not_ready("other_filesystem", "the scanner's folder and its sub-folders done and held must be on one filesystem");
            }
            ScanError::Store(_) => self.not_ready("store_refuses", "the database does not accept pages: see the log for why; pages stay claimed"),
            ScanError::Evidence(_) => self.not_ready("cannot_keep_originals", "originals cannot be kept: check the rights and the disk of evidence/ in the data folder; pages wait in the scanner's folder"),
            _ => {
                let message = format!("files in {} cannot be moved: check that the laixin user may write there and in done, held and .claimed below it", self.inbox.display());
                self.not_ready("cannot_take_pages", &message);
                self.shut.store(true, Ordering::Relaxed);
            }
        }
        if self.told().insert(name.to_owned()) {
            tracing::error!(scanner = self.source, file = name, error = %Chain(error), "page not taken; it is tried again at every rescan");
        } else {
            tracing::debug!(scanner = self.source, file = name, error = %Chain(error), "still not taken");
        }
    }

    pub(super) fn told(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // What a panic may have left half done here is at worst a line too many in the log.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
