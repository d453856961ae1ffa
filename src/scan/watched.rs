//! Taken files compared again: software that goes on after its file was quiet writes into what was taken already, whatever that is called now. Where
//! originals are sealed, the file stays among the claimed ones meanwhile, for nobody else to read. Which files are due after a restart is known by the
//! arrivals; nothing is kept beside them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use scanner::claim::{self, ClaimError, Claimed};
use scanner::complete::{self, Verdict};
use scanner::{Shape, Stamp};

use super::ScanError;
use super::desk::{Desk, file_key, frames};
use crate::digest::sha256_of_file;
use crate::domain::intake::reason;
use crate::store::TakenLately;

/// How long one round may hold up the files that come.
const ROUND: Duration = Duration::from_millis(500);
/// A file that was changed is held once it is still, or after this long.
const STILL_WITHIN: Duration = Duration::from_secs(30);

/// Where a taken file lies.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Among the finished ones.
    Done(PathBuf),
    /// Where it was claimed to: it is removed in the end.
    Claimed(Claimed),
    /// Among the held ones, of which a person took it: it is removed in the end.
    Held(PathBuf),
    /// Taken by an earlier run: to be looked for.
    Unknown(TakenLately),
}

/// A state of a file. Renaming it changes the second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    stamp: Stamp,
    changed_ns: i128,
}

impl State {
    fn of(path: &Path) -> Result<Self, ClaimError> {
        let stamp = claim::stamp_of(path)?;
        let found = std::fs::symlink_metadata(path);
        let changed_ns = found.map_or(0, |found| {
            i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec())
        });
        Ok(Self { stamp, changed_ns })
    }
}

/// A taken file that may still be written to.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    name: String,
    sha256: String,
    place: Place,
    /// In which state its bytes are known to be those that were taken.
    state: Option<State>,
    /// Since when it is seen to be another, and in which state last.
    changing: Option<(Instant, State)>,
    until: Instant,
}

/// Taken files by their arrival.
#[derive(Debug, Default)]
pub(super) struct AllWatched {
    files: BTreeMap<String, Watched>,
    /// Where the last round stopped.
    at: String,
}

/// What came of a look at one.
enum Look {
    Wait,
    Over,
}

impl Desk {
    fn watched(&self) -> MutexGuard<'_, AllWatched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this file is compared with what was taken of it, which was its bytes in the state `known`.
    pub(super) fn watch(
        &self,
        arrival: &str,
        name: String,
        sha256: &str,
        place: Place,
        known: Option<Stamp>,
    ) {
        if self.driven {
            return;
        }
        let state = match &place {
            Place::Done(path) | Place::Held(path) => State::of(path).ok(),
            Place::Claimed(claimed) => State::of(&claimed.path).ok(),
            Place::Unknown(_) => None,
        };
        let file = Watched {
            name,
            sha256: sha256.to_owned(),
            place,
            state: state.filter(|state| known == Some(state.stamp)),
            changing: None,
            until: Instant::now() + self.watched_for,
        };
        self.watched()
            .files
            .entry(arrival.to_owned())
            .or_insert(file);
        if self.watched_for.is_zero() {
            self.look_again_at(arrival);
        }
    }

    pub(super) fn is_watched(&self, arrival: &str) -> bool {
        self.watched().files.contains_key(arrival)
    }

    /// What an earlier run took and may have had to compare again.
    pub(super) fn watch_earlier(&self) {
        if self.driven || self.evidence.is_sealed() {
            return;
        }
        let (source, within) = (self.source.clone(), self.watched_for);
        match self.store.wait(move |db| db.taken_lately(&source, within)) {
            Ok(taken) => {
                for one in taken {
                    let (id, name, sha256) = (one.id.clone(), one.name.clone(), one.sha256.clone());
                    self.watch(&id, name, &sha256, Place::Unknown(one), None);
                }
            }
            Err(error) => self.trouble("-", &error.into()),
        }
    }

    /// Looks at taken files again, as many as there is time for.
    pub(super) fn look_again(&self) {
        if self.watched().files.is_empty()
            || self.mounted.is_gone()
            || std::fs::read_dir(&self.inbox).is_err()
        {
            return;
        }
        let began = Instant::now();
        let count = self.watched().files.len();
        for _ in 0..count {
            let next = {
                let mut watched = self.watched();
                let behind = (Bound::Excluded(watched.at.as_str()), Bound::Unbounded);
                let next = watched
                    .files
                    .range::<str, _>(behind)
                    .next()
                    .map(|(id, _)| id.clone());
                watched.at = next.clone().unwrap_or_default();
                next
            };
            if let Some(id) = next {
                self.look_again_at(&id);
            }
            if began.elapsed() > ROUND {
                break;
            }
        }
    }

    fn look_again_at(&self, arrival: &str) {
        let Some(mut file) = self.watched().files.get(arrival).cloned() else {
            return;
        };
        match self.compare(arrival, &mut file) {
            Ok(Look::Wait) => {
                self.watched().files.insert(arrival.to_owned(), file);
            }
            Ok(Look::Over) => {
                self.watched().files.remove(arrival);
            }
            Err(error) => self.trouble(&file.name, &error),
        }
    }

    fn compare(&self, arrival: &str, file: &mut Watched) -> Result<Look, ScanError> {
        if let Place::Unknown(taken) = &file.place {
            match self.found_again(taken) {
                Some(path) => file.place = Place::Done(path),
                // Taken away by whoever looks after the folder.
                None => return Ok(Look::Over),
            }
        }
        let path = match &file.place {
            Place::Done(path) | Place::Held(path) => path.clone(),
            Place::Claimed(claimed) => claimed.path.clone(),
            Place::Unknown(_) => return Ok(Look::Over),
        };
        let now = match State::of(&path) {
            Ok(now) => now,
            Err(ClaimError::Gone { .. }) => return Ok(Look::Over),
            Err(error) => return Err(error.into()),
        };
        if file.state != Some(now) {
            if sha256_of_file(&path).map_err(ScanError::NotOpened)?.0 != file.sha256 {
                return self.was_written_to(arrival, file, (&path, now));
            }
            (file.state, file.changing) = (Some(now), None);
        }
        if Instant::now() < file.until {
            return Ok(Look::Wait);
        }
        match &file.place {
            Place::Claimed(claimed) => claim::discard(claimed)?,
            Place::Held(path) => std::fs::remove_file(path).map_err(ScanError::NotOpened)?,
            Place::Done(_) | Place::Unknown(_) => {}
        }
        Ok(Look::Over)
    }

    /// Where a file lies that an earlier run took.
    fn found_again(&self, taken: &TakenLately) -> Option<PathBuf> {
        let is_it = |path: &PathBuf| {
            claim::stamp_of(path).is_ok_and(|stamp| file_key(&stamp.key) == taken.file_key)
        };
        let kept = taken.kept_as.as_ref().map(|kept| self.inbox.join(kept));
        let done = claim::finished_as(&taken.name, &self.done);
        kept.into_iter().chain(done).find(is_it)
    }

    /// It is held as a file of its own once it is still. Recorded first, moved then, as any other.
    fn was_written_to(
        &self,
        arrival: &str,
        file: &mut Watched,
        (path, now): (&Path, State),
    ) -> Result<Look, ScanError> {
        let is_still = file
            .changing
            .is_some_and(|(since, last)| last == now || since.elapsed() >= STILL_WITHIN);
        if !is_still {
            let since = file.changing.map_or_else(Instant::now, |(since, _)| since);
            file.changing = Some((since, now));
            return Ok(Look::Wait);
        }
        let pages = match complete::inspect(path) {
            Verdict::Complete(
                shape @ (Shape::Jpeg | Shape::Png | Shape::Tiff { .. } | Shape::Pdf),
            ) => frames(&shape, path).ok().map(|frames| frames.len()),
            _ => None,
        };
        let of = arrival.to_owned();
        let held = self.store.wait(move |db| db.file_grew(&of, pages))?;
        let kept = match &file.place {
            Place::Claimed(claimed) => {
                claim::set_aside_claimed(claimed, &self.held, reason::FILE_GREW)?
            }
            Place::Held(path) => {
                claim::move_on(path, &self.held, &self.held.join(reason::FILE_GREW))?
            }
            Place::Done(_) | Place::Unknown(_) => {
                claim::set_aside(path, &self.done, &self.held, reason::FILE_GREW)?
            }
        };
        self.note_place(&held.id, &kept)?;
        self.alert(reason::FILE_GREW, &held.name, &held.id);
        Ok(Look::Over)
    }
}
