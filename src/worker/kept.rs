//! Page workers that are kept from one file to the next: starting one takes longer than most files do. So many work at once at most; whoever comes
//! then waits. Kept is only a worker that answered: one that refused a file, or died or hung over it, is ended with whatever the file left in it.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::{Done, Patience, SHORT, SHORT_MEMORY_MB, Task, Wait, Worker, WorkerError, unexpected};
use crate::clock;
use crate::scan::separators::{Codes, Said};

/// How long a worker rests before it is ended.
const REST: Duration = Duration::from_secs(10);
/// Files that one worker opens: what they leave in its memory does not pile up.
const FILES: u32 = 500;
/// At once at least and at most, whatever the processors are.
const AT_ONCE: (usize, usize) = (2, 8);

/// Workers for whoever asks.
#[derive(Debug)]
pub struct Kept {
    shelf: Arc<Shelf>,
    keeper: mpsc::Sender<Wish>,
}

#[derive(Debug)]
struct Shelf {
    places: Mutex<Places>,
    free: Condvar,
    at_once: usize,
    rest: Duration,
}

#[derive(Debug, Default)]
struct Places {
    resting: Vec<Resting>,
    at_work: usize,
}

#[derive(Debug)]
struct Resting {
    worker: Worker,
    files: u32,
    since: Instant,
}

enum Wish {
    /// A new worker, at this end.
    Start(mpsc::SyncSender<Result<Worker, WorkerError>>),
    /// One rests that may have to be ended.
    Look,
}

/// The station's own.
pub(super) fn of_the_station() -> &'static Kept {
    static KEPT: OnceLock<Kept> = OnceLock::new();
    KEPT.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(AT_ONCE.0, usize::from);
        Kept::new(processors.clamp(AT_ONCE.0, AT_ONCE.1), REST)
    })
}

impl Kept {
    /// None is started yet. So many work at once at most; one that rested for this long is ended.
    pub fn new(at_once: usize, rest: Duration) -> Self {
        let shelf = Arc::new(Shelf {
            places: Mutex::default(),
            free: Condvar::new(),
            at_once,
            rest,
        });
        let (keeper, wishes) = mpsc::channel();
        let kept = Arc::clone(&shelf);
        // One thread starts every child: the system ends a child with the thread that started it. It ends when nobody can ask any more.
        std::thread::Builder::new()
            .name("page-workers".into())
            .spawn(move || kept.keep(&wishes))
            .expect("the system can start a thread");
        Self { shelf, keeper }
    }

    /// Process numbers of the workers that rest.
    pub fn resting(&self) -> Vec<u32> {
        let places = self.shelf.places();
        let workers = places.resting.iter();
        workers.filter_map(|one| one.worker.process()).collect()
    }

    /// As [`Worker::ask`], of a worker that rests or of a new one.
    ///
    /// # Errors
    /// [`WorkerError`].
    pub fn ask(&self, task: &Task, file: &[u8]) -> Result<(Done, Vec<u8>), WorkerError> {
        let _place = self.shelf.place();
        let rested = self.shelf.places().resting.pop();
        if let Some(Resting { worker, files, .. }) = rested {
            match self.ask_one(worker, files, task, file) {
                // While it rested, or of what an earlier file had left in it: this file gets a worker that saw no other.
                Err(WorkerError::Died { .. }) => {}
                answer => return answer,
            }
        }
        self.ask_one(self.started()?, 0, task, file)
    }

    fn ask_one(
        &self,
        mut worker: Worker,
        files: u32,
        task: &Task,
        file: &[u8],
    ) -> Result<(Done, Vec<u8>), WorkerError> {
        let mut on = |_| Wait::On;
        let answer = worker.ask(task, file, &mut Patience::new(SHORT, &mut on))?;
        if files + 1 < FILES {
            self.shelf.places().resting.push(Resting {
                worker,
                files: files + 1,
                since: clock::monotonic(),
            });
            // The keeper lives as long as this sender.
            let _ = self.keeper.send(Wish::Look);
        }
        Ok(answer)
    }

    fn started(&self) -> Result<Worker, WorkerError> {
        let gone = || WorkerError::NotStarted(std::io::Error::other("its keeper is gone"));
        let (answer, answered) = mpsc::sync_channel(1);
        let asked = self.keeper.send(Wish::Start(answer));
        asked.map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Shelf {
    fn places(&self) -> MutexGuard<'_, Places> {
        // Nothing is left half done under it.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more may work.
    fn place(&self) -> Place<'_> {
        let mut places = self.places();
        while places.at_work >= self.at_once {
            places = self
                .free
                .wait(places)
                .unwrap_or_else(PoisonError::into_inner);
        }
        places.at_work += 1;
        Place(self)
    }

    fn keep(&self, wishes: &mpsc::Receiver<Wish>) {
        loop {
            let due = self.places().resting.iter().map(|one| one.since).min();
            let wish = match due {
                None => wishes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => {
                    let due = since + self.rest;
                    wishes.recv_timeout(due.saturating_duration_since(clock::monotonic()))
                }
            };
            match wish {
                Ok(Wish::Start(answer)) => {
                    // Whoever asked waits for it; a worker that nobody takes is ended.
                    let _ = answer.send(Worker::begun(SHORT_MEMORY_MB));
                }
                Ok(Wish::Look) => {}
                Err(RecvTimeoutError::Timeout) => drop(self.rested()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Those that rested long enough.
    fn rested(&self) -> Vec<Resting> {
        let now = clock::monotonic();
        let mut places = self.places();
        let long = |one: &mut Resting| now.saturating_duration_since(one.since) >= self.rest;
        places.resting.extract_if(.., long).collect()
    }
}

/// One that works; the place is free again when it is dropped.
struct Place<'a>(&'a Shelf);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.places().at_work -= 1;
        self.0.free.notify_one();
    }
}

/// How many pages a file has, counted in a kept child.
///
/// # Errors
/// [`WorkerError`].
pub fn frames(file: &[u8]) -> Result<u32, WorkerError> {
    match of_the_station().ask(&Task::Frames, file)? {
        (Done::Frames(count), _) => Ok(count),
        (other, _) => Err(unexpected(&other)),
    }
}

/// One page as a JPEG, drawn in a kept child.
///
/// # Errors
/// [`WorkerError`].
pub fn picture(file: &[u8], frame: u32, longest_px: Option<u32>) -> Result<Vec<u8>, WorkerError> {
    match of_the_station().ask(&Task::Picture { frame, longest_px }, file)? {
        (Done::Picture(_), jpeg) => Ok(jpeg),
        (other, _) => Err(unexpected(&other)),
    }
}

/// What there is of a file's first page as a JPEG, however damaged it is, drawn in a kept child.
///
/// # Errors
/// [`WorkerError`].
pub fn glimpse(file: &[u8], longest_px: u32) -> Result<Vec<u8>, WorkerError> {
    match of_the_station().ask(&Task::Glimpse { longest_px }, file)? {
        (Done::Picture(_), jpeg) => Ok(jpeg),
        (other, _) => Err(unexpected(&other)),
    }
}

/// What the codes on one page say, made out in a kept child.
///
/// # Errors
/// [`WorkerError`].
pub fn codes(file: &[u8], frame: u32, codes: Codes) -> Result<Said, WorkerError> {
    match of_the_station().ask(&Task::Codes { frame, codes }, file)? {
        (Done::Codes(said), _) => Ok(said),
        (other, _) => Err(unexpected(&other)),
    }
}

/// Whether nothing is on one page, looked at in a kept child.
///
/// # Errors
/// [`WorkerError`].
pub fn is_blank(file: &[u8], frame: u32) -> Result<bool, WorkerError> {
    match of_the_station().ask(&Task::Blank { frame }, file)? {
        (Done::Blank(blank), _) => Ok(blank),
        (other, _) => Err(unexpected(&other)),
    }
}

/// One page packed for the archive, in a kept child.
///
/// # Errors
/// [`WorkerError`].
pub fn packed(file: &[u8], frame: u32) -> Result<(ocr::Packed, Vec<u8>), WorkerError> {
    match of_the_station().ask(&Task::Pack { frame }, file)? {
        (Done::Packed(packed), bytes) => Ok((*packed, bytes)),
        (other, _) => Err(unexpected(&other)),
    }
}
