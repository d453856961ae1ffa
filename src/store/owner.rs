//! The thread that owns the database, the one that only looks into it, and the handle everyone else holds.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::group::{self, Job};
use super::{Db, StoreError};
use crate::clock;
use crate::config::Settings;

/// Requests waiting for the owner thread at most; a caller beyond that waits.
const QUEUE: usize = 256;
/// How often it is tried whether the disk takes changes.
const TRIED_AGAIN: Duration = Duration::from_secs(20);

/// What the looking thread is asked.
type Look = Box<dyn FnOnce(&Db) + Send>;

/// Handle to the store. Cloning is cheap; its threads end when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::SyncSender<Job>,
    looks: mpsc::SyncSender<Look>,
    /// The last change could not be written.
    is_full: Arc<AtomicBool>,
    /// When it was last tried whether the disk takes changes.
    tried: Arc<Mutex<Instant>>,
}

/// Whether a job found room in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It will be done.
    Yes,
    /// The queue is full or the store has stopped; it will not be done.
    No,
}

impl Store {
    /// Opens a database in the clear and starts its owner thread.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn open(path: &Path) -> Result<(Self, JoinHandle<()>), StoreError> {
        let own = Db::open(path)?;
        Ok(Self::over(own, Db::open_to_look(path)?))
    }

    /// Opens the database of these settings and starts its owner thread.
    ///
    /// # Errors
    /// As [`Db::of`].
    pub fn of(settings: &Settings) -> Result<(Self, JoinHandle<()>), StoreError> {
        let own = Db::of(settings)?;
        Ok(Self::over(own, Db::look_at(settings)?))
    }

    fn over(mut own: Db, mut beside: Db) -> (Self, JoinHandle<()>) {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        let (looks, asked) = mpsc::sync_channel::<Look>(QUEUE);
        let looking = std::thread::Builder::new()
            .name("store-look".into())
            .spawn(move || {
                asked.into_iter().for_each(|look| {
                    if let Err(error) = beside.take_office_up() {
                        tracing::error!(error = %crate::Chain(&error), "roster and deadlines are those of before");
                    }
                    look(&beside);
                });
            })
            .expect("the system can start a thread");
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                group::serve(&mut own, &queue);
                let _ = looking.join();
            })
            .expect("the system can start a thread");
        let store = Self {
            jobs,
            looks,
            is_full: Arc::default(),
            tried: Arc::new(Mutex::new(clock::monotonic())),
        };
        (store, thread)
    }

    /// Looks at what is committed, on a connection of its own: waits for no change under way. What anybody was told of before is seen.
    ///
    /// # Errors
    /// What `look` returns, or [`StoreError::Stopped`].
    pub async fn look<T, F>(&self, look: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let look: Look = Box::new(move |db| {
            let _ = answer.send(look(db));
        });
        put(&self.looks, look).await?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Runs `work` on the owner thread and awaits its answer, which comes when everything it changed is on the disk. Its changes may be
    /// committed together with those of others that came at the same time (`store/group.rs`).
    ///
    /// # Errors
    /// What `work` returns, [`StoreError::Stopped`], or what kept its changes from being committed.
    pub async fn with<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
    {
        self.telling(work, |_| ()).await
    }

    /// As [`Store::with`]; once the changes are kept, `tell` says so to whoever else wants to know, even if the caller is gone by then.
    ///
    /// # Errors
    /// As [`Store::with`].
    pub async fn telling<T, F, K>(&self, work: F, tell: K) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
        K: FnOnce(&T) + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let full = Arc::clone(&self.is_full);
        let job = Job::Together(Box::new(move |db| {
            let done = work(db);
            Box::new(move |kept| {
                let done = kept.and(done);
                match &done {
                    Ok(done) => tell(done),
                    Err(error) if error.is_full() => full.store(true, Ordering::Relaxed),
                    Err(_) => {}
                }
                // The caller may be gone; the work is done all the same.
                let _ = answer.send(done);
            })
        }));
        put(&self.jobs, job).await?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Whether the disk takes changes. After one that it did not take, this tries; so it does now and then, for a station with nothing to write would not
    /// notice that its disk turned read-only.
    pub async fn takes_changes(&self) -> bool {
        let is_well = !self.is_full.load(Ordering::Relaxed);
        {
            let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
            if is_well && tried.elapsed() < TRIED_AGAIN {
                return true;
            }
            *tried = clock::monotonic();
        }
        let store = self.clone();
        let tried = tokio::task::spawn_blocking(move || store.wait(|db| db.try_writing()));
        let takes = matches!(tried.await, Ok(Ok(())));
        self.is_full.store(!takes, Ordering::Relaxed);
        takes
    }

    /// Leaves `work` to the owner thread without waiting for it; `work` says itself when it fails. For what must never
    /// hold anybody up.
    pub fn later<F>(&self, work: F) -> Queued
    where
        F: FnOnce(&mut Db) + Send + 'static,
    {
        match self.jobs.try_send(Job::Alone(Box::new(work))) {
            Ok(()) => Queued::Yes,
            Err(_) => Queued::No,
        }
    }

    /// As [`Store::with`], for threads that may block.
    ///
    /// # Errors
    /// As [`Store::with`].
    pub fn wait<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = Job::Together(Box::new(move |db| {
            let done = work(db);
            Box::new(move |kept| {
                let _ = answer.send(kept.and(done));
            })
        }));
        self.jobs.send(job).map_err(|_| StoreError::Stopped)?;
        answered.recv().map_err(|_| StoreError::Stopped)?
    }
}

/// Puts a request into a queue, waiting for room.
async fn put<T>(queue: &mpsc::SyncSender<T>, request: T) -> Result<(), StoreError> {
    let mut request = request;
    loop {
        match queue.try_send(request) {
            Ok(()) => return Ok(()),
            Err(mpsc::TrySendError::Full(back)) => request = back,
            Err(mpsc::TrySendError::Disconnected(_)) => return Err(StoreError::Stopped),
        }
        tokio::task::yield_now().await;
    }
}
