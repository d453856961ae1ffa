//! The thread that owns the database, and the handle everyone else holds.

use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Db, StoreError};
use crate::Chain;
use crate::config::Settings;

type Job = Box<dyn FnOnce(&mut Db) + Send>;

/// Requests waiting for the owner thread at most; a caller beyond that waits.
const QUEUE: usize = 256;

/// Handle to the store. Cloning is cheap; the thread ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::SyncSender<Job>,
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
            .spawn(move || {
                for job in queue {
                    job(&mut db);
                    if let Err(error) = db.tell_the_rest() {
                        tracing::error!(error = %Chain(&error), "the ledger did not take what was changed; it is told with the next entry");
                    }
                }
            })
            .expect("the system can start a thread");
        (Self { jobs }, thread)
    }

    /// Runs `work` on the owner thread and awaits its answer.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Stopped`].
    pub async fn with<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            // The caller may be gone; the work is done all the same.
            let _ = answer.send(work(db));
        });
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

    /// Leaves `work` to the owner thread without waiting for it; `work` says itself when it fails. For what must never
    /// hold anybody up.
    pub fn later<F>(&self, work: F) -> Queued
    where
        F: FnOnce(&mut Db) + Send + 'static,
    {
        match self.jobs.try_send(Box::new(work)) {
            Ok(()) => Queued::Yes,
            Err(_) => Queued::No,
        }
    }

    /// As [`Store::with`], for threads that may block.
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
            .send(Box::new(move |db| {
                let _ = answer.send(work(db));
            }))
            .map_err(|_| StoreError::Stopped)?;
        answered.recv().map_err(|_| StoreError::Stopped)?
    }
}
