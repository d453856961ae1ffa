//! Files that are not taken: left waiting with a reason, or set aside untouched. Recorded first, moved then: a crash in between moves it at the next start.

use std::path::Path;

use scanner::claim::{self, Claimed};
use scanner::{Aside, Found, Refused, naming};

use super::ScanError;
use super::desk::Desk;
use crate::evidence::Original;
use crate::store::{Arrival, HeldBeside, News};

impl Desk {
    pub(super) fn refused(&self, refused: &Refused) -> Result<(), ScanError> {
        let is_gone = |found: &Found| {
            std::fs::symlink_metadata(&found.path)
                .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        };
        if is_gone(&refused.found) {
            // Moved already, by what was told of it before: on record again, it would be on its way for ever.
            return Ok(());
        }
        let code = refused.reason.code();
        let held = match refused.reason.aside() {
            Aside::Leave => self
                .note(&refused.found)
                .and_then(|arrival| self.wait(&arrival, code)),
            Aside::Move => self
                .note(&refused.found)
                .and_then(|arrival| self.hold_in_place(&refused.found, &arrival, code)),
        };
        held.inspect_err(|_| refused.tell_again())
    }

    /// Left where it is, with a reason, told once.
    pub(super) fn wait(&self, arrival: &Arrival, code: &'static str) -> Result<(), ScanError> {
        let id = arrival.id.clone();
        if self.store.wait(move |db| db.arrival_waits(&id, code))? == News::New {
            self.alert(code, &arrival.name, &arrival.id);
        }
        Ok(())
    }

    /// Recorded first, moved then: a crash in between moves it at the next start.
    pub(super) fn hold_in_place(
        &self,
        found: &Found,
        arrival: &Arrival,
        code: &str,
    ) -> Result<(), ScanError> {
        self.record_hold(&arrival.id, code)?;
        let kept = claim::set_aside(&found.path, &self.inbox, &self.held, code)?;
        self.held_now(&arrival.id, &found.name, code, &kept)
    }

    pub(super) fn hold_claimed(&self, claimed: &Claimed, code: &str) -> Result<(), ScanError> {
        self.record_hold(&claimed.arrival_id, code)
            .inspect_err(|_| self.mark_stuck())?;
        let kept = claim::set_aside_claimed(claimed, &self.held, code)
            .inspect_err(|_| self.mark_stuck())?;
        self.held_now(&claimed.arrival_id, &claimed.name(), code, &kept)
    }

    /// The same of a file whose bytes are among the originals: they are known when they come again.
    pub(super) fn hold_kept(
        &self,
        claimed: &Claimed,
        code: &str,
        original: Original,
    ) -> Result<(), ScanError> {
        let (id, why) = (claimed.arrival_id.clone(), code.to_owned());
        self.store
            .wait(move |db| db.hold_arrival_of(&id, &why, Some(&original)))
            .inspect_err(|_| self.mark_stuck())?;
        self.hold_claimed(claimed, code)
    }

    /// Why a letter takes no more pages.
    pub(super) fn why_closed(&self, letter: String) -> Result<&'static str, ScanError> {
        Ok(self.store.wait(move |db| db.why_closed(&letter))?)
    }

    pub(super) fn record_hold(&self, id: &str, code: &str) -> Result<(), ScanError> {
        let (id, code) = (id.to_owned(), code.to_owned());
        Ok(self.store.wait(move |db| db.hold_arrival(&id, &code))?)
    }

    pub(super) fn held_now(
        &self,
        id: &str,
        name: &str,
        code: &str,
        kept: &Path,
    ) -> Result<(), ScanError> {
        self.note_place(id, kept)?;
        self.hold_of_scan(name, id, code)?;
        self.hold_beside(name, id)?;
        self.settles(name);
        self.alert(code, name, id);
        Ok(())
    }

    /// Notes where a file lies now.
    pub(super) fn note_place(&self, id: &str, kept: &Path) -> Result<(), ScanError> {
        let below = kept.strip_prefix(&self.inbox).unwrap_or(kept);
        let (id, below) = (id.to_owned(), below.to_string_lossy().into_owned());
        Ok(self.store.wait(move |db| db.arrival_kept_as(&id, &below))?)
    }

    /// A held file of a folder keeps its batch from being closed, and its letter from being confirmed.
    fn hold_beside(&self, name: &str, id: &str) -> Result<(), ScanError> {
        if self.driven {
            return Ok(());
        }
        let (folder, file) = match name.split_once('/') {
            Some((folder, file)) => (Some(folder), file),
            None => (None, name),
        };
        let held = HeldBeside {
            arrival: id.to_owned(),
            by: self.by,
            group: match self.goes_by_order() {
                true => self.source.clone(),
                false => naming::parse(folder, file).group,
            },
        };
        Ok(self.store.wait(move |db| db.hold_beside(&held))?)
    }

    /// A held image of a scan keeps its batch from being closed.
    pub(super) fn hold_of_scan(&self, name: &str, id: &str, code: &str) -> Result<(), ScanError> {
        let Some((folder, file)) = name.split_once('/').filter(|_| self.driven) else {
            return Ok(());
        };
        let hint = naming::parse(Some(folder), file).hint;
        if let Some((scan, place)) = self.scan_of_file(folder, hint)? {
            let (id, code) = (id.to_owned(), code.to_owned());
            self.store
                .wait(move |db| db.hold_scan_image(&scan, &id, (place, &code)))?;
            self.settle();
        }
        Ok(())
    }
}
