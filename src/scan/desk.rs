//! What is done with each thing the folder shows: taken here, left waiting or set aside in `aside.rs`, told of in `told.rs`. Blocks; never called from async code.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use scanner::claim::{self, Claimed};
use scanner::{FileKey, FolderSettings, Found, Offer, Seen, Shape, Stamp, naming};
use tokio::sync::broadcast;

use super::ScanError;
use super::ahead::Ahead;
use super::earlier::Earlier;
use super::indexed::Whole;
use super::mounted::Mounted;
use super::ordered::Turn;
use super::own_time::OwnTimes;
use super::watched::{AllWatched, Place};
use crate::Chain;
use crate::clock::{self, Millis};
use crate::config::{self, Unchecked};
use crate::domain::grouping::GroupBy;
use crate::domain::intake::{ArrivalState, Gate, reason};
use crate::domain::text::PageKind;
use crate::events::{Event, Events};
use crate::evidence::{Evidence, EvidenceError};
use crate::health::Readiness;
use crate::store::{Arrival, Db, NewArrival, Store, TakePage, Taken};
use crate::worker::{self, WorkerError};

/// Files taken side by side: enough that one waits for the disk while another is copied.
pub(super) const SIDE_BY_SIDE: usize = 4;

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
    /// What becomes of express mail's numbers, which nothing checks.
    pub(super) express: Unchecked,
    /// The station starts its scans.
    pub(super) driven: bool,
    /// Sides of a sheet that its software scans.
    pub(super) sides: u8,
    settings: FolderSettings,
    /// Whole pages that wait for their list.
    pub(super) whole: Mutex<Whole>,
    /// What its files say of the clock that stamps them.
    pub(super) own_times: OwnTimes,
    /// Files that come before others.
    pub(super) earlier: Mutex<Earlier>,
    /// What is on those that are taken next.
    pub(super) ahead: Ahead,
    pub(super) evidence: Arc<Evidence>,
    pub(super) events: Events,
    pub(super) readiness: Readiness,
    /// A claimed file could not be finished with; it is tried again later.
    pub(super) stuck: AtomicBool,
    /// The folder took no change when last tried.
    pub(super) shut: AtomicBool,
    /// The folder is this station's; forgotten when the folder goes away.
    pub(super) own: Mutex<Option<claim::Owned>>,
    /// The mount that the folder lies on.
    pub(super) mounted: Mounted,
    /// Taken files that may still be written to, and for how long after they were taken.
    pub(super) watched: Mutex<AllWatched>,
    pub(super) watched_for: std::time::Duration,
    /// Files whose trouble is in the log already; forgotten once a page goes through.
    pub(super) told: Mutex<HashSet<String>>,
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
            has_indexes: scanner.grouped_by() == GroupBy::Index,
            ..FolderSettings::new(&inbox)
        };
        let source = scanner.id.to_string();
        Self {
            source,
            mounted: Mounted::of(&inbox),
            inbox,
            done,
            held,
            store,
            by: scanner.grouped_by(),
            express: scanner.express_13,
            driven: scanner.is_driven(),
            sides: scanner.sides_of_a_sheet(),
            settings,
            whole: Mutex::default(),
            own_times: OwnTimes::default(),
            earlier: Mutex::default(),
            ahead: Ahead::default(),
            evidence,
            events,
            readiness,
            stuck: AtomicBool::new(false),
            shut: AtomicBool::new(false),
            own: Mutex::default(),
            watched: Mutex::default(),
            watched_for: std::time::Duration::from_secs(scanner.watch_taken_s.0),
            told: Mutex::default(),
        }
    }

    /// Remembers in this folder on which mount its own lies.
    #[must_use]
    pub fn with_memory_in(mut self, data: &Path) -> Self {
        self.mounted = Mounted::kept_in(&self.inbox, data, &self.source);
        self.settings.mount = self.mounted.was();
        self
    }

    /// How its folder is to be watched.
    pub fn folder_settings(&self) -> FolderSettings {
        self.settings.clone()
    }

    /// What comes before the first look: what an earlier run left.
    pub(super) fn begin(&self) {
        self.recover();
        self.note_gone();
        self.clear_decided();
        self.watch_earlier();
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

    /// How much more than one is dealt with at once when much is waiting: whoever gives the task an order, or stops it, waits for that. A look for
    /// separators takes its time.
    pub(super) fn more_at_once(&self) -> usize {
        match self.by {
            GroupBy::Name | GroupBy::Index => 250,
            _ => 60,
        }
    }

    /// Deals with what was seen, in its order as far as that counts: first sights are recorded together, and whole files that are grouped by name are
    /// taken side by side, since each waits for the disk most of the time. `alive` is told after each.
    pub fn handle_all(&self, seen: Vec<Seen>, alive: &(dyn Fn() + Sync)) {
        match self.by {
            GroupBy::Index => self.handle_indexed(seen),
            _ => self.while_looking_ahead(seen, |seen| self.handle_in_order(seen, alive)),
        }
    }

    fn handle_in_order(&self, seen: Vec<Seen>, alive: &(dyn Fn() + Sync)) {
        let mut seen = seen.into_iter().peekable();
        while let Some(one) = seen.next() {
            alive();
            match one {
                Seen::Appeared(found) => {
                    let mut all = vec![found];
                    while let Some(Seen::Appeared(found)) =
                        seen.next_if(|next| matches!(next, Seen::Appeared(_)))
                    {
                        all.push(found);
                    }
                    self.comes(&all);
                    self.note_all(&all);
                }
                Seen::Ready(offer) if self.by == GroupBy::Name => {
                    let mut all = vec![Seen::Ready(offer)];
                    while let Some(next) = seen.next_if(|next| matches!(next, Seen::Ready(_))) {
                        all.push(next);
                    }
                    self.side_by_side(all, alive);
                }
                other => self.handle(other),
            }
        }
    }

    fn side_by_side(&self, all: Vec<Seen>, alive: &(dyn Fn() + Sync)) {
        let workers = SIDE_BY_SIDE.min(all.len());
        let queue = Mutex::new(all.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(one) = next() {
                        alive();
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
        let moves = matches!(seen, Seen::Ready(_) | Seen::Refused(_));
        if moves && !self.owns_folder() {
            if let Seen::Refused(refused) = &seen {
                refused.tell_again();
            }
            return;
        }
        let (name, done) = match seen {
            Seen::Appeared(found) => {
                self.comes(std::slice::from_ref(&found));
                (found.name.clone(), self.note(&found).map(drop))
            }
            Seen::Ready(offer) => (offer.found.name.clone(), self.ready(&offer)),
            // Held now, it would be nobody's finding: nothing tells which load it came with.
            Seen::Refused(refused)
                if self.waits_for_earlier(&refused.found.name) || self.clock_is_set_back() =>
            {
                return refused.tell_again();
            }
            Seen::Refused(refused) => (refused.found.name.clone(), self.refused(&refused)),
            // The task that drives the scanner deals with it.
            Seen::Scan(_) => return,
            Seen::Lingering(found) => {
                let told = self
                    .note(&found)
                    .and_then(|arrival| self.wait(&arrival, reason::LINGERING));
                (found.name.clone(), told)
            }
            Seen::Gone(found) => {
                self.settles(&found.name);
                (found.name.clone(), self.gone(&found))
            }
            Seen::FolderUnreadable { folder, kind } => {
                return self.folder_unreadable(&folder, kind);
            }
            Seen::MountGone { .. } => return self.mount_gone(),
            Seen::FolderBack { .. } => {
                // The lock may be on the folder that was there before.
                self.let_go();
                return self.recover();
            }
            Seen::WithoutEvents { error, .. } => {
                tracing::warn!(scanner = self.source, %error, "no change events for this folder: pages are found by the rescan alone");
                return;
            }
        };
        if let Err(error) = done {
            self.trouble(&name, &error);
        }
    }

    fn clock_is_set_back(&self) -> bool {
        let found = self.store.wait(|db| db.clock_set_back());
        matches!(found, Ok(Some(_)))
    }

    /// Records that the file was seen; the moment counts from the first run that saw it.
    pub(super) fn note(&self, found: &Found) -> Result<Arrival, ScanError> {
        let new = self.new_arrival(found);
        Ok(self.store.wait(move |db| db.note_arrival(&new))?)
    }

    fn new_arrival(&self, found: &Found) -> NewArrival {
        let since = clock::monotonic().saturating_duration_since(found.first_seen);
        NewArrival {
            source: self.source.clone(),
            name: found.name.clone(),
            file_key: file_key(&found.stamp.key),
            first_seen: Millis(
                clock::now().0 - i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            ),
            seen: Some(found.first_seen),
        }
    }

    fn gone(&self, found: &Found) -> Result<(), ScanError> {
        let (source, name, key) = (
            self.source.clone(),
            found.name.clone(),
            file_key(&found.stamp.key),
        );
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
        let (found, by) = (arrival.clone(), self.by);
        match self.store.wait(move |db| db.gate_of(&found, by))? {
            Gate::Enter { .. } if self.by == GroupBy::Index => self.ready_indexed(offer, arrival),
            Gate::Enter { .. } if self.waits_for_earlier(&offer.found.name) => Ok(()),
            Gate::Enter { .. } => {
                let claimed = claim::claim(&offer.found, &self.inbox, &arrival.id)?;
                self.keep(&claimed, &offer.shape)
            }
            Gate::WhichBatch => self.wait(&arrival, reason::WHICH_BATCH),
            Gate::NoReleasedLoad => self.wait(&arrival, reason::NO_RELEASED_LOAD),
            // That somebody has to say which batch it is stays asked.
            Gate::ClockSetBack if arrival.reason.as_deref() == Some(reason::WHICH_BATCH) => Ok(()),
            Gate::ClockSetBack => self.wait(&arrival, reason::CLOCK_SET_BACK),
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

    /// From the claim to `done`, or to nowhere where originals are sealed. Also where a claim of an earlier run is gone on with.
    pub(super) fn keep(&self, claimed: &Claimed, shape: &Shape) -> Result<(), ScanError> {
        if self.by == GroupBy::Index {
            // Left by an earlier run: only its list says where it belongs.
            self.return_to_folder(claimed);
            return Ok(());
        }
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
        if claim::stamp_of(&claimed.path)? != claimed.stamp {
            // Written to since its pages were counted.
            self.return_to_folder(claimed);
            return Err(EvidenceError::Changing {
                path: claimed.path.clone(),
            }
            .into());
        }
        if self.by != GroupBy::Name {
            return self.keep_ordered(claimed, &frames, original);
        }
        let sha256 = original.sha256.clone();
        let page = take_page(claimed, frames, original.clone());
        let own = self.own_time(&claimed.path);
        let take_and_judge = move |db: &mut Db| {
            let taken = db.take_page(&page)?;
            let judged = match taken {
                Taken::Letter { .. } => Some(db.judge_own_time(&page.arrival, own)?),
                _ => None,
            };
            Ok((taken, judged))
        };
        // When the commit fails the file stays claimed: only the database can say later whether it was recorded.
        let (taken, judged) = self
            .store
            .wait(move |db| db.atomically(take_and_judge))
            .inspect_err(|_| self.mark_stuck())?;
        if let Some(judged) = judged {
            self.learn_of_clock(&claimed.arrival_id, own, judged);
        }
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
                self.finish(claimed, &sha256, Some(claimed.stamp))
            }
            Taken::Already => self.finish(claimed, &sha256, Some(claimed.stamp)),
            Taken::NotNow(Gate::SeenBeforeRelease) => {
                self.hold_claimed(claimed, reason::SEEN_BEFORE_RELEASE)
            }
            Taken::NotNow(_) => {
                self.return_to_folder(claimed);
                Ok(())
            }
            Taken::NotYet => {
                self.return_to_folder(claimed);
                Ok(())
            }
            Taken::Late => self.hold_kept(claimed, reason::LATE_PAGE, original),
            Taken::Unread => self.hold_kept(claimed, reason::BYTES_RETURNED_UNREAD, original),
            Taken::LetterClosed { letter } => {
                self.hold_kept(claimed, self.why_closed(letter)?, original)
            }
        }
    }

    /// What was taken is compared with the file for a while; in the state `known` it is that. Where originals are sealed the file goes then: a copy in the
    /// clear would be all that is needed to read it.
    pub(super) fn finish(
        &self,
        claimed: &Claimed,
        sha256: &str,
        known: Option<Stamp>,
    ) -> Result<(), ScanError> {
        let finished = match (self.evidence.is_sealed(), self.driven) {
            (false, _) => claim::finish(claimed, &self.done).map(Place::Done),
            // Nobody else writes into a spool.
            (true, true) => claim::discard(claimed).map(|()| Place::Claimed(claimed.clone())),
            (true, false) => {
                claim::close_to_others(claimed);
                Ok(Place::Claimed(claimed.clone()))
            }
        };
        let place = finished.inspect_err(|_| self.mark_stuck())?;
        self.watch(&claimed.arrival_id, claimed.name(), sha256, place, known);
        self.settles(&claimed.name());
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
}

pub(super) fn file_key(key: &FileKey) -> String {
    match key.born_ns {
        Some(born_ns) => format!("{}@{born_ns}", key.inode),
        None => key.inode.to_string(),
    }
}

/// The pages of a file: known by its structure, or counted, in a process that may die over it.
pub(super) fn frames(shape: &Shape, file: &Path) -> Result<Vec<u32>, WorkerError> {
    match shape {
        Shape::Jpeg | Shape::Png => Ok(vec![0]),
        Shape::Tiff { frames } => Ok(frames.clone()),
        Shape::Index(_) => Ok(Vec::new()),
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
        kind: kind_of(name.hint.kind),
        number: name.hint.number,
        frames,
        original,
    }
}

/// What a name says a page is.
pub(super) fn kind_of(named: naming::PageKind) -> PageKind {
    match named {
        naming::PageKind::Letter => PageKind::Letter,
        naming::PageKind::Envelope => PageKind::Envelope,
    }
}
