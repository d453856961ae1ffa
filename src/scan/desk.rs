//! What is done with each thing the folder shows: taken, left waiting, or set aside with its reason. Blocks; never called from async code.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scanner::claim::{self, ClaimError, Claimed};
use scanner::{Aside, FolderSettings, Found, Offer, Refused, Seen, Shape, naming};
use tokio::sync::broadcast;

use super::ScanError;
use super::ordered::Turn;
use crate::Chain;
use crate::clock::{self, Millis};
use crate::config;
use crate::domain::grouping::GroupBy;
use crate::domain::intake::{ArrivalState, Gate, next_action, reason};
use crate::domain::text::PageKind;
use crate::events::{Event, Events};
use crate::evidence::{Evidence, EvidenceError};
use crate::health::Readiness;
use crate::store::{Arrival, NewArrival, News, Store, TakePage, Taken};
use crate::worker::{self, WorkerError};

/// Files taken side by side: enough that one waits for the disk while another is copied.
const SIDE_BY_SIDE: usize = 4;

/// Where pages of one scanner are dealt with.
#[derive(Debug)]
pub struct Desk {
    pub(super) source: String,
    pub(super) inbox: PathBuf,
    pub(super) done: PathBuf,
    pub(super) held: PathBuf,
    pub(super) store: Store,
    /// What tells one letter from the next.
    pub(super) by: GroupBy,
    /// The station starts its scans.
    pub(super) driven: bool,
    settings: FolderSettings,
    evidence: Arc<Evidence>,
    pub(super) events: Events,
    readiness: Readiness,
    /// A claimed file could not be finished with; it is tried again later.
    pub(super) stuck: AtomicBool,
    /// Files whose trouble is in the log already; forgotten once a page goes through.
    told: Mutex<HashSet<String>>,
}

impl Desk {
    /// The desk of one scanner.
    pub fn new(
        scanner: &config::Scanner,
        store: Store,
        evidence: Arc<Evidence>,
        events: Events,
        readiness: Readiness,
    ) -> Self {
        let inbox = scanner.folder.clone();
        let (done, held) = (inbox.join("done"), inbox.join("held"));
        let settings = FolderSettings {
            skip: vec![done.clone(), held.clone()],
            rescan: std::time::Duration::from_secs(scanner.rescan_s.0),
            quiet: std::time::Duration::from_millis(scanner.quiet_ms.0),
            ..FolderSettings::new(&inbox)
        };
        let source = scanner.id.to_string();
        Self {
            source,
            inbox,
            done,
            held,
            store,
            by: scanner.grouped_by(),
            driven: scanner.is_driven(),
            settings,
            evidence,
            events,
            readiness,
            stuck: AtomicBool::new(false),
            told: Mutex::default(),
        }
    }

    /// How its folder is to be watched.
    pub fn folder_settings(&self) -> FolderSettings {
        self.settings.clone()
    }

    /// What comes before the first look: what an earlier run left.
    pub(super) fn begin(&self) {
        self.recover();
        if !self.driven {
            return;
        }
        if let Err(error) = self.end_interrupted() {
            tracing::error!(scanner = self.source, error = %Chain(&error), "interrupted scans were not ended");
        }
        self.settle();
    }

    pub(super) fn tell_device(&self, state: &str) {
        self.events.tell(Event::Device {
            device: self.source.clone(),
            state: state.to_owned(),
        });
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.listen()
    }

    /// How much more than one is dealt with at once when much is waiting; the task beats between two batches. A look for separators takes its time.
    pub(super) fn more_at_once(&self) -> usize {
        match self.by {
            GroupBy::Name => 250,
            _ => 8,
        }
    }

    /// Deals with what was seen, in its order as far as that counts: first sights are recorded together, and whole files that are grouped by name are
    /// taken side by side, since each waits for the disk most of the time.
    pub fn handle_all(&self, seen: Vec<Seen>) {
        let mut seen = seen.into_iter().peekable();
        while let Some(one) = seen.next() {
            match one {
                Seen::Appeared(found) => {
                    let mut all = vec![found];
                    while let Some(Seen::Appeared(found)) =
                        seen.next_if(|next| matches!(next, Seen::Appeared(_)))
                    {
                        all.push(found);
                    }
                    self.note_all(&all);
                }
                Seen::Ready(offer) if self.by == GroupBy::Name => {
                    let mut all = vec![Seen::Ready(offer)];
                    while let Some(next) = seen.next_if(|next| matches!(next, Seen::Ready(_))) {
                        all.push(next);
                    }
                    self.side_by_side(all);
                }
                other => self.handle(other),
            }
        }
    }

    fn side_by_side(&self, all: Vec<Seen>) {
        let workers = SIDE_BY_SIDE.min(all.len());
        let queue = Mutex::new(all.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(one) = next() {
                        self.handle(one);
                    }
                });
            }
        });
    }

    /// Records first sights in one transaction. What could not be recorded now is recorded when the file is whole.
    fn note_all(&self, found: &[Found]) {
        let new: Vec<NewArrival> = found.iter().map(|found| self.new_arrival(found)).collect();
        let noted = self.store.wait(move |db| {
            db.atomically(|db| {
                new.iter()
                    .try_for_each(|new| db.note_arrival(new).map(drop))
            })
        });
        if let (Err(error), Some(first)) = (noted, found.first()) {
            self.trouble(&first.name, &error.into());
        }
    }

    /// Deals with one thing seen. Trouble is reported here and nowhere else; the file stays where it is safe.
    pub fn handle(&self, seen: Seen) {
        let (name, done) = match seen {
            Seen::Appeared(found) => (found.name.clone(), self.note(&found).map(drop)),
            Seen::Ready(offer) => (offer.found.name.clone(), self.ready(&offer)),
            Seen::Refused(refused) => (refused.found.name.clone(), self.refused(&refused)),
            // The task that drives the scanner deals with it.
            Seen::Scan(_) => return,
            Seen::Lingering(found) => {
                self.alert("lingering", &found.name, "-");
                return;
            }
            Seen::Gone(found) => (found.name.clone(), self.gone(&found)),
            Seen::FolderUnreadable { folder, kind } => {
                return self.folder_unreadable(&folder, kind);
            }
            Seen::FolderBack { .. } => return self.recover(),
            Seen::WithoutEvents { error, .. } => {
                tracing::warn!(scanner = self.source, %error, "no change events for this folder: pages are found by the rescan alone");
                return;
            }
        };
        if let Err(error) = done {
            self.trouble(&name, &error);
        }
    }

    /// Records that the file was seen; the moment counts from the first run that saw it.
    fn note(&self, found: &Found) -> Result<Arrival, ScanError> {
        let new = self.new_arrival(found);
        Ok(self.store.wait(move |db| db.note_arrival(&new))?)
    }

    fn new_arrival(&self, found: &Found) -> NewArrival {
        let since = clock::monotonic().saturating_duration_since(found.first_seen);
        NewArrival {
            source: self.source.clone(),
            name: found.name.clone(),
            file_key: file_key(found),
            first_seen: Millis(
                clock::now().0 - i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            ),
        }
    }

    fn gone(&self, found: &Found) -> Result<(), ScanError> {
        let (source, name, key) = (self.source.clone(), found.name.clone(), file_key(found));
        Ok(self
            .store
            .wait(move |db| db.arrival_gone(&source, &name, &key))?)
    }

    /// A whole file: in, if its load was released before it was first seen.
    fn ready(&self, offer: &Offer) -> Result<(), ScanError> {
        let arrival = self.note(&offer.found)?;
        if arrival.state == ArrivalState::Held {
            return self.hold_in_place(
                &offer.found,
                &arrival,
                arrival.reason.as_deref().unwrap_or(reason::ARRIVING),
            );
        }
        if self.driven {
            return self.ready_of_scan(offer, &arrival);
        }
        let first_seen = arrival.first_seen;
        match self.store.wait(move |db| db.gate(first_seen))? {
            Gate::Enter { .. } => {
                let claimed = claim::claim(&offer.found, &self.inbox, &arrival.id)?;
                self.keep(&claimed, &offer.shape)
            }
            Gate::NoReleasedLoad => self.wait(&arrival, reason::NO_RELEASED_LOAD),
            Gate::SeenBeforeRelease => {
                self.hold_in_place(&offer.found, &arrival, reason::SEEN_BEFORE_RELEASE)
            }
        }
    }

    /// An image of a scan: its load is known. It waits for its turn, not for a release.
    fn ready_of_scan(&self, offer: &Offer, arrival: &Arrival) -> Result<(), ScanError> {
        let Some((scan, place)) = self.scan_of_file(&offer.found.group, offer.found.hint)? else {
            return self.hold_in_place(&offer.found, arrival, reason::UNKNOWN_SCAN);
        };
        match self.turn(&scan, place) {
            Turn::Wait => Ok(()),
            Turn::Now => {
                let claimed = claim::claim(&offer.found, &self.inbox, &arrival.id)?;
                self.keep(&claimed, &offer.shape)
            }
        }
    }

    /// From the claim to `done`. Also where a claim of an earlier run is gone on with.
    pub(super) fn keep(&self, claimed: &Claimed, shape: &Shape) -> Result<(), ScanError> {
        let frames = match frames(shape, &claimed.path) {
            Ok(frames) => frames,
            Err(WorkerError::NotStarted(source)) => {
                self.return_to_folder(claimed);
                return Err(ScanError::NotOpened(source));
            }
            Err(error) => return self.hold_claimed(claimed, error.code()),
        };
        let original = match self.evidence.put_file(&claimed.path) {
            Ok(original) => original,
            Err(error) => {
                self.return_to_folder(claimed);
                return Err(error.into());
            }
        };
        if self.by != GroupBy::Name {
            return self.keep_ordered(claimed, &frames, original);
        }
        let page = take_page(claimed, frames, original);
        // When the commit fails the file stays claimed: only the database can say later whether it was recorded.
        let taken = self
            .store
            .wait(move |db| db.take_page(&page))
            .inspect_err(|_| self.mark_stuck())?;
        match taken {
            Taken::Letter { letter, same_as } => {
                tracing::info!(
                    scanner = self.source,
                    arrival = claimed.arrival_id,
                    letter,
                    same_as,
                    "page arrived"
                );
                self.events.tell(Event::Letter {
                    letter,
                    what: "page_arrived".into(),
                });
                self.finish(claimed)
            }
            Taken::Already => self.finish(claimed),
            Taken::NotNow(Gate::SeenBeforeRelease) => {
                self.hold_claimed(claimed, reason::SEEN_BEFORE_RELEASE)
            }
            Taken::NotNow(_) => {
                self.return_to_folder(claimed);
                Ok(())
            }
            Taken::LetterClosed { .. } => self.hold_claimed(claimed, reason::LETTER_CLOSED),
        }
    }

    pub(super) fn finish(&self, claimed: &Claimed) -> Result<(), ScanError> {
        claim::finish(claimed, &self.done).inspect_err(|_| self.mark_stuck())?;
        self.told().clear();
        self.readiness.ready(&self.part());
        Ok(())
    }

    /// The driver offers it again at the next look.
    pub(super) fn return_to_folder(&self, claimed: &Claimed) {
        if let Err(error) = claim::put_back(claimed, &self.inbox) {
            self.mark_stuck();
            tracing::warn!(
                scanner = self.source,
                arrival = claimed.arrival_id,
                error = %Chain(&error),
                "stays claimed"
            );
        }
    }

    fn refused(&self, refused: &Refused) -> Result<(), ScanError> {
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
    fn wait(&self, arrival: &Arrival, code: &'static str) -> Result<(), ScanError> {
        let id = arrival.id.clone();
        if self.store.wait(move |db| db.arrival_waits(&id, code))? == News::New {
            self.alert(code, &arrival.name, &arrival.id);
        }
        Ok(())
    }

    /// Recorded first, moved then: a crash in between moves it at the next start.
    fn hold_in_place(&self, found: &Found, arrival: &Arrival, code: &str) -> Result<(), ScanError> {
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

    fn record_hold(&self, id: &str, code: &str) -> Result<(), ScanError> {
        let (id, code) = (id.to_owned(), code.to_owned());
        Ok(self.store.wait(move |db| db.hold_arrival(&id, &code))?)
    }

    fn held_now(&self, id: &str, name: &str, code: &str, kept: &Path) -> Result<(), ScanError> {
        let below = kept
            .strip_prefix(&self.inbox)
            .unwrap_or(kept)
            .to_string_lossy()
            .into_owned();
        let owned = id.to_owned();
        self.store
            .wait(move |db| db.arrival_kept_as(&owned, &below))?;
        self.hold_of_scan(name, id, code)?;
        self.alert(code, name, id);
        Ok(())
    }

    /// A held image of a scan keeps its batch from being closed.
    fn hold_of_scan(&self, name: &str, id: &str, code: &str) -> Result<(), ScanError> {
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

    fn alert(&self, code: &str, name: &str, arrival: &str) {
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
            subject: name.to_owned(),
        });
    }

    fn folder_unreadable(&self, folder: &Path, kind: std::io::ErrorKind) {
        let message = format!(
            "{} cannot be listed ({kind}): check that it exists, is mounted, and that the laixin user may read and write it",
            folder.display()
        );
        self.not_ready("folder_unreadable", &message);
    }

    pub(super) fn folder_readable(&self) {
        self.readiness.ready(&self.part());
    }

    fn not_ready(&self, code: &str, message: &str) {
        self.readiness.not_ready(&self.part(), code, message);
    }

    fn part(&self) -> String {
        format!("scanner/{}", self.source)
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
            }
        }
        if self.told().insert(name.to_owned()) {
            tracing::error!(scanner = self.source, file = name, error = %Chain(error), "page not taken; it is tried again at every rescan");
        } else {
            tracing::debug!(scanner = self.source, file = name, error = %Chain(error), "still not taken");
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // What a panic may have left half done here is at worst a line too many in the log.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_key(found: &Found) -> String {
    let key = found.stamp.key;
    match key.born_ns {
        Some(born_ns) => format!("{}@{born_ns}", key.inode),
        None => key.inode.to_string(),
    }
}

/// The pages of a file: known by its structure, or counted, in a process that may die over it.
fn frames(shape: &Shape, file: &Path) -> Result<Vec<u32>, WorkerError> {
    match shape {
        Shape::Jpeg | Shape::Png => Ok(vec![0]),
        Shape::Tiff { frames } => Ok(frames.clone()),
        Shape::Pdf => {
            let bytes = std::fs::read(file).map_err(WorkerError::NotStarted)?;
            Ok((0..worker::frames(&bytes)?).collect())
        }
    }
}

fn take_page(claimed: &Claimed, frames: Vec<u32>, original: crate::evidence::Original) -> TakePage {
    let name = naming::parse(claimed.folder.as_deref(), &claimed.file_name);
    TakePage {
        arrival: claimed.arrival_id.clone(),
        group: name.group,
        kind: match name.hint.kind {
            naming::PageKind::Letter => PageKind::Letter,
            naming::PageKind::Envelope => PageKind::Envelope,
        },
        number: name.hint.number,
        frames,
        original,
    }
}
