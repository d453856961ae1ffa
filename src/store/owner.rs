//! The thread that owns the database, and the handle everyone else holds.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::group::{self, Job};
use super::{Db, StoreError};
use crate::config::Settings;

/// Requests waiting for the owner thread at most; a caller beyond that waits.
const QUEUE: usize = 256;

/// Handle to the store. Cloning is cheap; the thread ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::SyncSender<Job>,
    /// The last change could not be written.
    is_full: Arc<AtomicBool>,
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
        Ok(Self::over(Db::open(path)?))
    }

    /// Opens the database of these settings and starts its owner thread.
    ///
    /// # Errors
    /// As [`Db::of`].
    pub fn of(settings: &Settings) -> Result<(Self, JoinHandle<()>), StoreError> {
        Ok(Self::over(Db::of(settings)?))
    }

    fn over(mut db: Db) -> (Self, JoinHandle<()>) {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || group::serve(&mut db, &queue))
            .expect("the system can start a thread");
        let is_full = Arc::default();
        (Self { jobs, is_full }, thread)
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
        let mut job = Some(job);
        while let Some(next) = job.take() {
            match self.jobs.try_send(next) {
                Ok(()) => {}
                Err(mpsc::TrySendError::Full(back)) => {
                    job = Some(back);
                    tokio::task::yield_now().await;
                }
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(StoreError::Stopped),
            }
        }
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Whether the disk takes changes. After one that it did not take, this tries.
    pub async fn takes_changes(&self) -> bool {
        if !self.is_full.load(Ordering::Relaxed) {
            return true;
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

    /// As [`Store::with`], for threads that may block; what it changes is committed by itself.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Stopped`].
    pub fn wait<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        self.jobs
            .send(Job::Alone(Box::new(move |db| {
                let _ = answer.send(work(db));
            })))
            .map_err(|_| StoreError::Stopped)?;
        answered.recv().map_err(|_| StoreError::Stopped)?
    }
}
