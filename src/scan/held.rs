//! Held files about which a person decides: taken into a letter after all, or set aside for good. The bytes are safe and the decision is on record
//! before the file moves; a crash in between moves it at the next start.

use std::fs;
use std::io;
use std::path::PathBuf;

use scanner::claim;
use scanner::complete::{self, Verdict};
use scanner::naming;

use super::desk::{Desk, frames, kind_of};
use super::watched::Place;
use super::{ScanError, control};
use crate::domain::intake::ArrivalState;
use crate::domain::text::PageKind;
use crate::evidence::Original;
use crate::store::{Arrival, HeldInto, StoreError, TakeHeld};

/// The folder below `held` of what was set aside for good.
const ASIDE_FOLDER: &str = "set_aside";

/// What a person wants of a held file.
#[derive(Debug, Clone)]
pub enum HeldWish {
    /// Its pages belong to this letter, in front of this page of it or behind what it has.
    IntoLetter(String, Option<u32>),
    /// Its pages belong to the letter of this load that its name claims.
    IntoLoad(i64),
    /// It is no page.
    Aside,
}

/// Why nothing was done about it.
#[derive(Debug, thiserror::Error)]
pub enum HeldRefused {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not where it was put.
    #[error("the file is no longer at {kept_as}: put it back there, or set it aside")]
    Gone {
        /// Below the scanner's folder.
        kept_as: String,
    },
    /// Nothing that could be a page of a letter.
    #[error("the file cannot be a page ({code}): set it aside and scan the sheet again")]
    NoPage {
        /// Stable code.
        code: String,
    },
    /// The disk, the worker or the folder refused.
    #[error("the file could not be taken")]
    Trouble(#[from] ScanError),
}

impl Desk {
    /// Does what a person wants of a held file; the letter it is in now, unless it was set aside.
    pub(super) fn decide(
        &self,
        id: &str,
        wish: &HeldWish,
        (by, why): (&str, &str),
    ) -> Result<Option<String>, HeldRefused> {
        let (action, key) = match wish {
            HeldWish::Aside => ("set aside", id.to_owned()),
            _ => ("take in", id.to_owned()),
        };
        self.hold_unlisted(id)?;
        let arrival = self.store.wait(move |db| db.undecided(&key, action))?;
        let letter = match wish {
            HeldWish::Aside => {
                let kept = self.kept_bytes(&arrival)?;
                let (id, by, why) = (arrival.id.clone(), by.to_owned(), why.to_owned());
                self.store
                    .wait(move |db| db.set_held_aside(&id, kept.as_ref(), (&by, &why)))?;
                None
            }
            HeldWish::IntoLetter(letter, before) => {
                let into = HeldInto::Letter(letter.clone());
                Some(self.take_held(&arrival, (into, *before), (by, why))?)
            }
            HeldWish::IntoLoad(load) => {
                Some(self.take_held(&arrival, (HeldInto::Load(*load), None), (by, why))?)
            }
        };
        tracing::info!(
            scanner = self.source,
            arrival = id,
            by,
            letter,
            "a person decided about a held file"
        );
        self.clear_decided();
        self.settle();
        Ok(letter)
    }

    fn take_held(
        &self,
        arrival: &Arrival,
        (into, before): (HeldInto, Option<u32>),
        (by, why): (&str, &str),
    ) -> Result<String, HeldRefused> {
        let path = self.place_of(arrival);
        let no_page = |code: &str| HeldRefused::NoPage {
            code: code.to_owned(),
        };
        let shape = match complete::inspect(&path) {
            Verdict::Complete(shape) => shape,
            Verdict::Unreadable(io::ErrorKind::NotFound) => {
                let kept_as = arrival.kept_as.clone().unwrap_or_default();
                return Err(HeldRefused::Gone { kept_as });
            }
            _ => return Err(no_page(arrival.reason.as_deref().unwrap_or("not_an_image"))),
        };
        let frames = frames(&shape, &path).map_err(|error| no_page(error.code()))?;
        let original = self.evidence.put_file(&path).map_err(ScanError::from)?;
        let (group, kind, number) = named(arrival);
        let take = TakeHeld {
            arrival: arrival.id.clone(),
            into,
            before,
            by: self.by,
            group,
            kind,
            number,
            frames,
            original,
        };
        let (by, why) = (by.to_owned(), why.to_owned());
        Ok(self
            .store
            .wait(move |db| db.take_held(&take, (&by, &why)))?)
    }

    /// The bytes of a file that is set aside, among the originals; none where it is gone, no plain file, empty or beyond every limit.
    fn kept_bytes(&self, arrival: &Arrival) -> Result<Option<Original>, HeldRefused> {
        let path = self.place_of(arrival);
        let limit = self.folder_settings().max_file_bytes;
        match fs::symlink_metadata(&path) {
            Ok(file) if file.is_file() && (1..=limit).contains(&file.len()) => Ok(Some(
                self.evidence.put_file(&path).map_err(ScanError::from)?,
            )),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ScanError::Watch(error).into()),
        }
    }

    fn place_of(&self, arrival: &Arrival) -> PathBuf {
        self.inbox
            .join(arrival.kept_as.as_deref().unwrap_or_default())
    }

    /// Moves files about which a person decided out of the held ones; what cannot be moved now is moved at the next start.
    pub(super) fn clear_decided(&self) {
        let source = self.source.clone();
        let decided = match self.store.wait(move |db| db.decided_in_held(&source)) {
            Ok(decided) => decided,
            Err(error) => return self.trouble("held", &error.into()),
        };
        for arrival in decided {
            let path = self.place_of(&arrival);
            if fs::symlink_metadata(&path).is_err() {
                continue;
            }
            if let Some(sha256) = arrival
                .sha256
                .as_deref()
                .filter(|_| self.evidence.is_sealed())
            {
                // Its bytes are among the sealed originals.
                if arrival.state == ArrivalState::Taken && !self.driven {
                    let (name, place) = (arrival.name.clone(), Place::Held(path));
                    self.watch(&arrival.id, name, sha256, place, None);
                } else if let Err(source) = fs::remove_file(&path) {
                    self.trouble(&arrival.name, &ScanError::Watch(source));
                }
                continue;
            }
            let to = match arrival.state {
                ArrivalState::Taken => self.done.clone(),
                _ => self.held.join(ASIDE_FOLDER),
            };
            let moved = claim::move_on(&path, &self.held, &to)
                .map_err(ScanError::from)
                .and_then(|kept| self.note_place(&arrival.id, &kept).map(|()| kept));
            match (moved, arrival.sha256) {
                (Ok(kept), Some(sha256)) if arrival.state == ArrivalState::Taken => {
                    self.watch(&arrival.id, arrival.name, &sha256, Place::Done(kept), None);
                }
                (Ok(_), _) => {}
                (Err(error), _) => self.trouble(&arrival.name, &error),
            }
        }
    }
}

/// What the name of a held file says: the letter, the kind of its page, and its number.
fn named(arrival: &Arrival) -> (String, PageKind, Option<u32>) {
    let (folder, file) = match arrival.name.split_once('/') {
        Some((folder, file)) => (Some(folder), file),
        None => (None, arrival.name.as_str()),
    };
    let name = naming::parse(folder, file);
    // An image of a scan is one letter with no other.
    let group = match control::scan_of(&name.group).zip(name.hint.number) {
        Some((scan, place)) => format!("scan-{scan}-{place}"),
        None => name.group,
    };
    (group, kind_of(name.hint.kind), name.hint.number)
}
