//! Remembers every file of the folder from one look to the next and decides what is to be reported. Plain values and given instants only: it lists
//! nothing and reads no clock; looking into a file is handed in.
//!
//! ```text
//!            changed                      quiet                whole
//!  (new) ─▶ Settling ◀──────── any ── Settling ──▶ looked into ──────▶ Offered ─ answer dropped ─▶ offered again at the next rescan
//!                                                       │ no end        
//!                                                       ├──────▶ Unfinished ─ grace over ─▶ Told(truncated; a list: not clear)
//!                                                       └ anything else ──────────────────▶ Told(reason)
//! ```

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::FolderSettings;
use super::listing::{Entry, Kind};
use crate::complete::{Shape, Verdict};
use crate::{Found, Offer, Refusal, Refused, Seen, Stamp, naming};

/// Who wants a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The clock or a change event.
    ByTheFolder,
    /// Whoever takes the reports: something changed for it.
    ByUs,
}

/// How one looks into a file; a fake in tests.
pub(super) type Inspect<'a> = dyn FnMut(&Path) -> Verdict + 'a;

pub(super) struct Tracker {
    settings: FolderSettings,
    files: HashMap<PathBuf, Tracked>,
    look: u64,
    /// Whether this look offers again what was not taken, and when the last such look was.
    again: bool,
    again_at: Option<Instant>,
}

struct Tracked {
    found: Found,
    changed_at: Instant,
    last_look: u64,
    lingering_told: bool,
    /// Of the tracker, for this look.
    again: bool,
    state: State,
}

enum State {
    Settling,
    Unfinished,
    Offered {
        shape: Shape,
        /// The answer that is awaited; `None` before the first offer.
        answer: Option<Weak<()>>,
    },
    Told {
        reason: Refusal,
        again: Arc<AtomicBool>,
    },
}

impl Tracker {
    pub(super) fn new(settings: FolderSettings) -> Self {
        Self {
            settings,
            files: HashMap::new(),
            look: 0,
            again: false,
            again_at: None,
        }
    }

    /// Begins a look; every entry of the listing is then handed to [`Tracker::entry`]. What could not be taken or moved
    /// is tried again once per rescan, or when `wanted`: a failed try makes change events of its own.
    pub(super) fn begin_look(&mut self, now: Instant, wanted: Wanted) {
        self.look += 1;
        let due = |at: Instant| now.saturating_duration_since(at) >= self.settings.rescan;
        self.again = wanted == Wanted::ByUs || self.again_at.is_none_or(due);
        if self.again {
            self.again_at = Some(now);
        }
    }

    /// One entry of the listing: what is to be reported now, in order.
    pub(super) fn entry(
        &mut self,
        entry: &Entry,
        now: Instant,
        inspect: &mut Inspect<'_>,
    ) -> Vec<Seen> {
        let mut seen = Vec::new();
        let (look, again) = (self.look, self.again);
        let tracked = self
            .files
            .entry(entry.path.clone())
            .or_insert_with(|| Tracked::new(entry, now, &self.settings, &mut seen));
        tracked.last_look = look;
        tracked.again = again;
        tracked.compare(entry, now, &mut seen);
        tracked.decide(entry, now, &self.settings, inspect, &mut seen);
        seen
    }

    /// Ends a look: what was there before and is no more. Files below a sub-folder that could not be listed are kept.
    pub(super) fn end_look(&mut self) -> Vec<Seen> {
        let look = self.look;
        let closed: Vec<PathBuf> = self
            .files
            .iter()
            .filter(|(_, file)| file.last_look == look && file.is_closed_folder())
            .map(|(path, _)| path.clone())
            .collect();
        let gone = self.files.extract_if(|path, file| {
            file.last_look != look
                && !path
                    .parent()
                    .is_some_and(|folder| closed.iter().any(|c| c == folder))
        });
        gone.map(|(_, file)| Seen::Gone(file.found)).collect()
    }

    /// When the next file becomes quiet, so that one need not wait for the rescan.
    pub(super) fn next_quiet(&self) -> Option<Instant> {
        let settling = self
            .files
            .values()
            .filter(|file| matches!(file.state, State::Settling) && file.found.stamp.bytes > 0);
        settling
            .map(|file| file.changed_at + self.settings.quiet_of(&file.found.path))
            .min()
    }
}

impl Tracked {
    fn new(entry: &Entry, now: Instant, settings: &FolderSettings, seen: &mut Vec<Seen>) -> Self {
        let name = entry
            .path
            .strip_prefix(&settings.inbox)
            .unwrap_or(&entry.path);
        let file_name = entry.path.file_name().unwrap_or_default().to_string_lossy();
        let parsed = naming::parse(entry.folder.as_deref(), &file_name);
        let found = Found {
            path: entry.path.clone(),
            name: naming::shown(name.as_os_str()),
            group: naming::shown(parsed.group.as_ref()),
            hint: parsed.hint,
            stamp: entry.stamp,
            first_seen: now,
        };
        if entry.kind == Kind::File {
            seen.push(Seen::Appeared(found.clone()));
        }
        Self {
            found,
            changed_at: now,
            last_look: 0,
            lingering_told: false,
            again: false,
            state: State::Settling,
        }
    }

    fn is_closed_folder(&self) -> bool {
        matches!(
            self.state,
            State::Told {
                reason: Refusal::Unreadable { .. },
                ..
            }
        )
    }

    /// Notes a change; another inode under the same name is another file.
    fn compare(&mut self, entry: &Entry, now: Instant, seen: &mut Vec<Seen>) {
        let Stamp { key, .. } = self.found.stamp;
        if entry.stamp == self.found.stamp {
            return;
        }
        if key != entry.stamp.key {
            let before = self.found.clone();
            self.found.first_seen = now;
            self.found.stamp = entry.stamp;
            self.lingering_told = false;
            if entry.kind == Kind::File {
                seen.push(Seen::Gone(before));
                seen.push(Seen::Appeared(self.found.clone()));
            }
        }
        self.found.stamp = entry.stamp;
        // A sub-folder that cannot be listed changes whenever somebody writes into it: that is no news.
        if !matches!(entry.kind, Kind::ClosedFolder(_) | Kind::NestedFolder) {
            self.changed_at = now;
            self.state = State::Settling;
        }
    }

    fn decide(
        &mut self,
        entry: &Entry,
        now: Instant,
        settings: &FolderSettings,
        inspect: &mut Inspect<'_>,
        seen: &mut Vec<Seen>,
    ) {
        let refusal = match entry.kind {
            Kind::Symlink => Some(Refusal::Symlink),
            Kind::Special => Some(Refusal::NotAFile),
            Kind::NestedFolder => Some(Refusal::NestedFolder),
            Kind::ClosedFolder(kind) => Some(Refusal::Unreadable { kind }),
            Kind::Temporary => return self.linger(now, settings, seen),
            Kind::File if !entry.safe_name => Some(Refusal::Name),
            Kind::File => None,
        };
        if let Some(reason) = refusal {
            return self.refuse(reason, seen);
        }
        let still = now.saturating_duration_since(self.changed_at);
        let quiet = settings.quiet_of(&self.found.path);
        let needed = match entry.is_open {
            true => quiet.max(settings.writer_grace),
            false => quiet,
        };
        if still < needed {
            self.linger(now, settings, seen);
            return;
        }
        if let Some(reason) = self.refused_by_size(still, settings) {
            return self.refuse(reason, seen);
        }
        if self.found.stamp.bytes > 0 {
            self.decide_quiet(still, settings, inspect, seen);
        }
    }

    fn refused_by_size(&self, still: Duration, settings: &FolderSettings) -> Option<Refusal> {
        let bytes = self.found.stamp.bytes;
        if bytes > settings.max_file_bytes {
            return Some(Refusal::TooLarge {
                bytes,
                limit_bytes: settings.max_file_bytes,
            });
        }
        (bytes == 0 && still >= settings.empty_grace).then_some(Refusal::Empty)
    }

    /// A quiet file that has something in it: offered, refused, or waited for.
    fn decide_quiet(
        &mut self,
        still: Duration,
        settings: &FolderSettings,
        inspect: &mut Inspect<'_>,
        seen: &mut Vec<Seen>,
    ) {
        let look_again = match &self.state {
            State::Settling => true,
            // Rights can be given without the file itself changing.
            State::Told {
                reason: Refusal::Unreadable { .. },
                ..
            } => true,
            State::Unfinished | State::Offered { .. } | State::Told { .. } => false,
        };
        if look_again {
            match inspect(&self.found.path) {
                Verdict::Complete(shape) => {
                    self.state = State::Offered {
                        shape,
                        answer: None,
                    }
                }
                Verdict::Incomplete => self.state = State::Unfinished,
                Verdict::TooManyPixels { width, height } => {
                    return self.refuse(Refusal::TooManyPixels { width, height }, seen);
                }
                Verdict::TooManyPages => return self.refuse(Refusal::TooManyPages, seen),
                Verdict::UnclearIndex => return self.refuse(Refusal::UnclearIndex, seen),
                Verdict::NotAnImage(looks_like) => {
                    return self.refuse(Refusal::NotAnImage { looks_like }, seen);
                }
                Verdict::Unreadable(std::io::ErrorKind::NotFound) => return,
                Verdict::Unreadable(kind) => {
                    return self.refuse(Refusal::Unreadable { kind }, seen);
                }
            }
        }
        match &mut self.state {
            State::Offered { shape, answer }
                if answer
                    .as_ref()
                    .is_none_or(|before| self.again && before.strong_count() == 0) =>
            {
                let alive = Arc::new(());
                *answer = Some(Arc::downgrade(&alive));
                seen.push(Seen::Ready(Offer {
                    found: self.found.clone(),
                    shape: shape.clone(),
                    _alive: alive,
                }));
            }
            State::Unfinished if still >= settings.incomplete_grace => {
                let bytes = self.found.stamp.bytes;
                let reason = match settings.is_index(&self.found.path) {
                    true => Refusal::UnclearIndex,
                    false => Refusal::Truncated { bytes },
                };
                self.refuse(reason, seen);
            }
            State::Told { reason, .. } => {
                let reason = reason.clone();
                self.refuse(reason, seen);
            }
            State::Settling | State::Unfinished | State::Offered { .. } => {}
        }
    }

    fn linger(&mut self, now: Instant, settings: &FolderSettings, seen: &mut Vec<Seen>) {
        let there_for = now.saturating_duration_since(self.found.first_seen);
        if !self.lingering_told && there_for >= settings.linger {
            self.lingering_told = true;
            seen.push(Seen::Lingering(self.found.clone()));
        }
    }

    /// Tells a refusal once for each state of the file, and again only when asked to.
    fn refuse(&mut self, reason: Refusal, seen: &mut Vec<Seen>) {
        if let State::Told {
            reason: told,
            again,
        } = &self.state
            && *told == reason
            && !(self.again && again.swap(false, Ordering::Relaxed))
        {
            return;
        }
        let again = Arc::new(AtomicBool::new(false));
        self.state = State::Told {
            reason: reason.clone(),
            again: Arc::clone(&again),
        };
        seen.push(Seen::Refused(Refused {
            found: self.found.clone(),
            reason,
            again,
        }));
    }
}

#[cfg(test)]
mod tests;
