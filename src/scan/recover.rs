//! Goes on with files that an earlier run, or a failed try, left claimed. The arrival's row says how far each had come.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use scanner::claim::{self, Claimed};
use scanner::complete::{self, Verdict};

use super::ScanError;
use super::desk::Desk;
use crate::Chain;
use crate::domain::intake::{ArrivalState, reason};

impl Desk {
    /// Whether this station may claim in the folder: two that watch one folder would put away each other's claims.
    pub(super) fn owns_folder(&self) -> bool {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.is_some() {
            return true;
        }
        if self.mounted.is_gone() {
            drop(own);
            self.mount_gone();
            return false;
        }
        match claim::own(&self.inbox) {
            Ok(Some(owned)) => {
                *own = Some(owned);
                drop(own);
                self.mounted.note();
                self.folder_readable();
                // What another station left half done is nobody's now.
                self.recover();
                true
            }
            Ok(None) => {
                self.not_ready("folder_in_use", "another laixin takes pages out of this folder: stop one of the two, or give each a folder of its own");
                false
            }
            Err(error) => {
                self.trouble(claim::CLAIMED_FOLDER, &error.into());
                false
            }
        }
    }

    /// Goes on with every claimed file. Runs at start and when the folder is back.
    pub fn recover(&self) {
        // The watcher tells of a folder that cannot be listed, and of its return.
        if std::fs::read_dir(&self.inbox).is_err() {
            return;
        }
        if !self.owns_folder() {
            self.mark_stuck();
            return;
        }
        self.folder_readable();
        self.stuck.store(false, Ordering::Relaxed);
        let left = match claim::leftovers(&self.inbox) {
            Ok(left) => left,
            Err(error) => return self.trouble(claim::CLAIMED_FOLDER, &error.into()),
        };
        for stranger in &left.strangers {
            tracing::warn!(scanner = self.source, file = %stranger.display(), "somebody put a file among the claimed ones: move it to the scanner's folder");
        }
        let waits = |claimed: &&Claimed| !self.is_watched(&claimed.arrival_id);
        for claimed in left.claimed.iter().filter(waits) {
            if let Err(error) = self.go_on_with(claimed) {
                self.trouble(&claimed.name(), &error);
            }
        }
    }

    /// Files that waited, and that somebody took away while no station looked.
    pub(super) fn note_gone(&self) {
        // The watcher tells of a folder that cannot be listed.
        if self.driven || self.mounted.is_gone() || std::fs::read_dir(&self.inbox).is_err() {
            return;
        }
        let source = self.source.clone();
        let noted = self.store.wait(move |db| db.waiting_files(&source));
        let gone = noted.map(|waiting| {
            let is_gone = |(name, _): &(String, String)| {
                std::fs::symlink_metadata(self.inbox.join(name))
                    .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
            };
            waiting.into_iter().filter(is_gone).collect::<Vec<_>>()
        });
        let source = self.source.clone();
        let noted = gone.and_then(|gone| {
            self.store.wait(move |db| {
                gone.iter()
                    .try_for_each(|(name, key)| db.arrival_gone(&source, name, key))
            })
        });
        if let Err(error) = noted {
            self.trouble("-", &error.into());
        }
    }

    /// As [`Desk::recover`], when a file could not be finished with since.
    pub(super) fn recover_if_stuck(&self) {
        if self.stuck.load(Ordering::Relaxed) {
            self.recover();
        }
    }

    fn go_on_with(&self, claimed: &Claimed) -> Result<(), ScanError> {
        let id = claimed.arrival_id.clone();
        let Some(arrival) = self.store.wait(move |db| db.find_arrival(&id))? else {
            let (id, source, name) = (
                claimed.arrival_id.clone(),
                self.source.clone(),
                claimed.name(),
            );
            self.store
                .wait(move |db| db.hold_unknown(&id, &source, &name))?;
            return self.hold_claimed(claimed, reason::UNKNOWN_CLAIM);
        };
        match arrival.state {
            ArrivalState::Taken => {
                self.finish(claimed, arrival.sha256.as_deref().unwrap_or_default(), None)
            }
            ArrivalState::Held => self.hold_claimed(
                claimed,
                arrival.reason.as_deref().unwrap_or(reason::UNKNOWN_CLAIM),
            ),
            // Decided about where it lay among the held ones: nothing claimed has this state.
            ArrivalState::SetAside => self.hold_claimed(claimed, reason::UNKNOWN_CLAIM),
            ArrivalState::Waiting | ArrivalState::Gone => match complete::inspect(&claimed.path) {
                Verdict::Complete(shape) => self.keep(claimed, &shape),
                // The folder went away under it, or the disk failed: that says nothing of the page, which was whole when it was claimed.
                Verdict::Unreadable(kind) => {
                    self.mark_stuck();
                    Err(ScanError::NotOpened(kind.into()))
                }
                verdict => {
                    tracing::warn!(
                        arrival = claimed.arrival_id,
                        ?verdict,
                        "a claimed file is no longer whole"
                    );
                    self.hold_claimed(claimed, "truncated")
                }
            },
        }
        .inspect_err(|error| {
            tracing::debug!(
                arrival = claimed.arrival_id,
                error = %Chain(error),
                "claim not finished"
            )
        })
    }
}
