//! The watched folder: a thread that looks into it again and again and reports what it sees.
//!
//! Change events are hints that shorten the wait; a full look every few seconds is the truth, because events get lost, carry no path when the queue
//! overflows, and never come from a network mount. The thread blocks while nobody takes its reports: nothing piles up in memory, and nothing is lost,
//! since the files themselves are the queue.

mod listing;
mod tracker;
mod writers;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

pub(crate) use listing::stamp;

use crate::complete::{self, Verdict};
use crate::{Seen, index, mount};
use tracker::{Tracker, Wanted};
use writers::Writers;

/// Whether the system's change events are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Events {
    /// As hints beside the rescan.
    #[default]
    Hints,
    /// Not at all, for mounts where they never come or mislead.
    RescanOnly,
}

/// How a folder is watched.
#[derive(Clone, Debug)]
pub struct FolderSettings {
    /// The folder.
    pub inbox: PathBuf,
    /// Folders inside it that hold no pages, such as the one for pages that are done.
    pub skip: Vec<PathBuf>,
    /// Whether change events are used.
    pub events: Events,
    /// Time between two full looks.
    pub rescan: Duration,
    /// Size and time of a file must have been unchanged for this long.
    pub quiet: Duration,
    /// A whole file that its writer has not closed is taken for finished after having been unchanged for this long.
    pub writer_grace: Duration,
    /// An image without its end is refused after having been unchanged for this long.
    pub incomplete_grace: Duration,
    /// A file of 0 bytes is refused after this long: some devices create all files first.
    pub empty_grace: Duration,
    /// A temporary or ever-changing file is reported after this long.
    pub linger: Duration,
    /// Larger files are refused unread.
    pub max_file_bytes: u64,
    /// The software writes lists of the pages of a letter beside them.
    pub has_indexes: bool,
    /// Where the file system began that the folder lay on, as an earlier run saw it.
    pub mount: Option<PathBuf>,
}

impl FolderSettings {
    /// The usual settings for a folder.
    #[must_use]
    pub fn new(inbox: impl Into<PathBuf>) -> Self {
        Self {
            inbox: inbox.into(),
            skip: Vec::new(),
            events: Events::Hints,
            rescan: Duration::from_secs(5),
            quiet: Duration::from_millis(800),
            writer_grace: Duration::from_secs(60),
            incomplete_grace: Duration::from_secs(30),
            empty_grace: Duration::from_secs(30),
            linger: Duration::from_secs(300),
            max_file_bytes: 512 * 1024 * 1024,
            has_indexes: false,
            mount: None,
        }
    }
}

impl FolderSettings {
    /// A list of pages belongs to the letter of its sub-folder, or else to the one it is named after.
    fn inspect(&self, path: &Path) -> Verdict {
        if !self.is_index(path) {
            return complete::inspect(path);
        }
        let folder = path
            .parent()
            .filter(|folder| *folder != self.inbox)
            .and_then(Path::file_name);
        let usual = folder.or_else(|| path.file_stem()).unwrap_or_default();
        complete::inspect_index(path, &usual.to_string_lossy())
    }

    /// How long a file has to be still: a list that grows line by line is given more time.
    fn quiet_of(&self, path: &Path) -> Duration {
        match self.is_index(path) {
            true => self.quiet * 3,
            false => self.quiet,
        }
    }

    fn is_index(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.has_indexes && index::is_index_name(&name)
    }
}

/// A folder being watched. Dropping it stops the thread without waiting for it; [`Folder::stop`] waits.
#[derive(Debug)]
pub struct Folder {
    seen: mpsc::Receiver<Seen>,
    wake: std_mpsc::SyncSender<()>,
    asked: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Folder {
    /// Starts watching. A folder that is missing or closed is no error: it is reported and found again when it is back.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn watch(settings: FolderSettings) -> io::Result<Self> {
        const REPORTS_WAITING: usize = 256;
        let (report, seen) = mpsc::channel(REPORTS_WAITING);
        // One place is enough: a wake-up that waits already stands for all.
        let (wake, woken) = std_mpsc::sync_channel(1);
        let (asked, stopping) = (Arc::default(), Arc::default());
        let watch = Watch {
            tracker: Tracker::new(settings.clone()),
            mount: settings.mount.clone(),
            settings,
            report,
            wake: wake.clone(),
            woken,
            asked: Arc::clone(&asked),
            stopping: Arc::clone(&stopping),
            hints: None,
            writers: Writers::default(),
            trouble: None,
            waited: Duration::ZERO,
        };
        let thread = std::thread::Builder::new()
            .name("scan-folder".into())
            .spawn(move || watch.run())?;
        Ok(Self {
            seen,
            wake,
            asked,
            stopping,
            thread,
        })
    }

    /// The next report; `None` once the thread has ended.
    pub async fn next(&mut self) -> Option<Seen> {
        self.seen.recv().await
    }

    /// The next report, if one is there.
    pub fn try_next(&mut self) -> Option<Seen> {
        self.seen.try_recv().ok()
    }

    /// Asks for a look now, which also offers again what was not taken.
    pub fn look_now(&self) {
        self.asked.store(true, Ordering::Relaxed);
        // Full means that a look is due anyway; disconnected means that the thread has ended, which `next` tells.
        let _ = self.wake.try_send(());
    }

    /// Stops watching and waits for the thread; reports not taken are dropped, their files are seen again at the next start.
    pub fn stop(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.seen.close();
        self.look_now();
        // A panic of the thread has been printed by its hook; there is nothing to add here.
        let _ = self.thread.join();
    }
}

/// Why the thread ends: nobody takes its reports any more.
struct NobodyListens;

struct Watch {
    settings: FolderSettings,
    tracker: Tracker,
    report: mpsc::Sender<Seen>,
    wake: std_mpsc::SyncSender<()>,
    woken: std_mpsc::Receiver<()>,
    asked: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
    hints: Option<Hints>,
    writers: Writers,
    trouble: Option<Trouble>,
    /// Where the file system begins that the folder is on.
    mount: Option<PathBuf>,
    /// How long this look waited for its reports to be taken.
    waited: Duration,
}

/// Why nothing is seen of the folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Unreadable(io::ErrorKind),
    MountGone,
}

/// The event watcher and the folder it watches, by device and inode: one that was replaced needs a new one.
struct Hints {
    _watcher: Option<RecommendedWatcher>,
    folder: (u64, u64),
}

impl Watch {
    fn run(mut self) {
        loop {
            let began = Instant::now();
            self.waited = Duration::ZERO;
            if self.look().is_err() {
                return;
            }
            let due = self.next_look(began);
            let cost = began.elapsed().saturating_sub(self.waited);
            if self.wait_until(due, cost).is_err() {
                return;
            }
        }
    }

    fn look(&mut self) -> Result<(), NobodyListens> {
        // Before the listing: a file that comes between the two is then seen by one of them.
        let without_events = self.watch_events();
        // What is listed counts as seen from here on: never as seen after a release that came while it was listed, and no earlier than that because the
        // watcher took long to start.
        let now = Instant::now();
        match self.list() {
            Ok(entries) => {
                let is_mounted_anew = self.note_mount();
                if self.trouble.take().is_some() || is_mounted_anew {
                    self.tell(Seen::FolderBack {
                        folder: self.settings.inbox.clone(),
                    })?;
                }
                if let Some(error) = without_events {
                    let folder = self.settings.inbox.clone();
                    self.tell(Seen::WithoutEvents { folder, error })?;
                }
                let wanted = match self.asked.swap(false, Ordering::Relaxed) {
                    true => Wanted::ByUs,
                    false => Wanted::ByTheFolder,
                };
                self.tracker.begin_look(now, wanted);
                for entry in entries {
                    let entry = &listing::Entry {
                        is_open: self.writers.have_open(&entry.path),
                        ..entry
                    };
                    let inspect = &mut |path: &Path| self.settings.inspect(path);
                    for seen in self.tracker.entry(entry, now, inspect) {
                        self.tell(seen)?;
                    }
                }
                for seen in self.tracker.end_look() {
                    self.tell(seen)?;
                }
            }
            Err(trouble) => {
                self.hints = None;
                if self.trouble.replace(trouble) != Some(trouble) {
                    let folder = self.settings.inbox.clone();
                    self.tell(match trouble {
                        Trouble::Unreadable(kind) => Seen::FolderUnreadable { folder, kind },
                        Trouble::MountGone => Seen::MountGone { folder },
                    })?;
                }
            }
        }
        Ok(())
    }

    /// What lies in the folder, and not in its bare mount point: the mount may go while it is listed.
    fn list(&self) -> Result<Vec<listing::Entry>, Trouble> {
        let listed = listing::list(&self.settings.inbox, &self.settings.skip);
        let was = self.mount.as_deref();
        if was.is_some_and(|was| mount::is_gone(&self.settings.inbox, was)) {
            return Err(Trouble::MountGone);
        }
        listed.map_err(|error| Trouble::Unreadable(error.kind()))
    }

    /// Whether the folder is on another mount than at the last look.
    fn note_mount(&mut self) -> bool {
        let Ok(now) = mount::root(&self.settings.inbox) else {
            return false;
        };
        let was = self.mount.replace(now);
        was.is_some() && was != self.mount
    }

    fn tell(&mut self, seen: Seen) -> Result<(), NobodyListens> {
        let began = Instant::now();
        let told = self.report.blocking_send(seen).map_err(|_| NobodyListens);
        self.waited += began.elapsed();
        told
    }

    /// Puts the event watcher on the folder that is there now. A failure is returned once, until the folder is another one.
    fn watch_events(&mut self) -> Option<notify::Error> {
        if self.settings.events == Events::RescanOnly {
            return None;
        }
        let folder = fs::metadata(&self.settings.inbox).ok()?;
        let folder = (folder.dev(), folder.ino());
        if self
            .hints
            .as_ref()
            .is_some_and(|hints| hints.folder == folder)
        {
            return None;
        }
        self.writers.forget();
        let watcher = event_watcher(
            &self.settings.inbox,
            self.wake.clone(),
            self.writers.clone(),
        );
        let (watcher, failed) = match watcher {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(error)),
        };
        self.hints = Some(Hints {
            _watcher: watcher,
            folder,
        });
        failed
    }

    fn next_look(&self, began: Instant) -> Instant {
        let rescan = began + self.settings.rescan;
        self.tracker
            .next_quiet()
            .map_or(rescan, |quiet| quiet.min(rescan))
    }

    /// Waits for the next look or a hint. Looks are never closer than a few times what the last one cost, however many hints come; what it waited
    /// for its reports to be taken cost nobody anything.
    fn wait_until(&self, due: Instant, last_look_cost: Duration) -> Result<(), NobodyListens> {
        const SHORTEST_GAP: Duration = Duration::from_millis(20);
        let soonest = Instant::now() + SHORTEST_GAP.max(last_look_cost * 2);
        let hinted = self
            .woken
            .recv_timeout(due.saturating_duration_since(Instant::now()))
            .is_ok();
        if self.stopping.load(Ordering::Relaxed) || self.report.is_closed() {
            return Err(NobodyListens);
        }
        if hinted || due < soonest {
            std::thread::sleep(soonest.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }
}

fn event_watcher(
    inbox: &Path,
    wake: std_mpsc::SyncSender<()>,
    writers: Writers,
) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        writers.note(&event);
        if is_of_interest(&event) {
            let _ = wake.try_send(());
        }
    })?;
    watcher.watch(inbox, RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// An error or an overflow means that something was missed: look. Our own claims, below a hidden folder, mean nothing, nor does that somebody opened or
/// read something: each look does that, and would call for the next one.
fn is_of_interest(event: &notify::Result<notify::Event>) -> bool {
    event.as_ref().map_or(true, |event| {
        event.need_rescan()
            || !is_only_read(event.kind)
                && (event.paths.is_empty() || event.paths.iter().any(|path| !is_ours(path)))
    })
}

fn is_only_read(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

fn is_ours(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str() == crate::claim::CLAIMED_FOLDER)
}

#[cfg(test)]
mod tests;
