//! What the driven scanners have in common: one scan at a time, its images in a spool that is watched like any folder, and the word when it is over.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::folder::{Folder, FolderSettings};
use crate::order::{Ended, Order, Progress};
use crate::spool::Spool;
use crate::{NotStarted, Seen};

/// A spool, and the scan that writes into it.
#[derive(Debug)]
pub struct Feeding {
    folder: Folder,
    spool: Spool,
    tell: mpsc::Sender<Progress>,
    told: mpsc::Receiver<Progress>,
    running: Option<Running>,
    /// What an earlier run left on the device is being ended.
    clearing: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Running {
    order: String,
    cancel: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What a running scan holds.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) order: Order,
    pub(crate) spool: Spool,
    cancelled: watch::Receiver<bool>,
    tell: mpsc::Sender<Progress>,
    /// Images that are on the disk.
    pub(crate) images: u32,
}

impl Job {
    /// Notes an image.
    pub(crate) async fn image(&mut self, bytes: u64) {
        self.images += 1;
        let (order, number) = (self.order.id.clone(), self.images);
        // Nobody listens any more only when the source was stopped; the image is on the disk either way.
        let _ = self
            .tell
            .send(Progress::Image {
                order,
                number,
                bytes,
            })
            .await;
    }

    /// Resolves when the scan is to stop.
    pub(crate) fn cancelled(&self) -> impl Future<Output = ()> + use<> {
        let mut cancelled = self.cancelled.clone();
        async move {
            // The sender is gone only when the source was dropped: stop then, too.
            let _ = cancelled.wait_for(|cancelled| *cancelled).await;
        }
    }
}

impl Feeding {
    /// Opens the spool of a scanner. What an earlier run left in it whole is offered; what it left half is kept aside.
    ///
    /// # Errors
    /// When the folder cannot be made or listed, or the system gives no thread.
    pub fn open(spool: &Path, skip: &[std::path::PathBuf]) -> io::Result<Self> {
        const REPORTS_WAITING: usize = 64;
        let opened = Spool::open(spool)?;
        let mut skip = skip.to_vec();
        skip.extend([opened.held(), opened.job_file()]);
        let folder = Folder::watch(FolderSettings {
            skip,
            // Images get their names when they are whole: there is nothing to wait for.
            quiet: Duration::from_millis(20),
            rescan: Duration::from_secs(2),
            ..FolderSettings::new(spool)
        })?;
        let (tell, told) = mpsc::channel(REPORTS_WAITING);
        Ok(Self {
            folder,
            spool: opened,
            tell,
            told,
            running: None,
            clearing: None,
        })
    }

    /// Lets `work` end what an earlier run left on the device, beside everything else.
    pub(crate) fn clear<W>(&mut self, work: impl FnOnce(Spool) -> W)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.clearing = Some(tokio::spawn(work(self.spool.clone())));
    }

    pub(crate) async fn next(&mut self) -> Option<Seen> {
        tokio::select! {
            seen = self.folder.next() => seen,
            Some(progress) = self.told.recv() => {
                if let Progress::Ended(Ended { order, .. }) = &progress
                    && self.running.as_ref().is_some_and(|running| running.order == *order)
                {
                    self.running = None;
                }
                Some(Seen::Scan(progress))
            }
        }
    }

    pub(crate) fn try_next(&mut self) -> Option<Seen> {
        self.folder.try_next()
    }

    pub(crate) fn look_now(&self) {
        self.folder.look_now();
    }

    /// Starts `work` for an order; its result is told as [`Progress::Ended`].
    pub(crate) fn start<W>(
        &mut self,
        order: Order,
        work: impl FnOnce(Job) -> W,
    ) -> Result<(), NotStarted>
    where
        W: Future<Output = Ended> + Send + 'static,
    {
        if let Some(running) = &self.running {
            return Err(NotStarted::Running {
                order: running.order.clone(),
            });
        }
        let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        if !(1..=40).contains(&order.id.len()) || !order.id.bytes().all(fits) {
            return Err(NotStarted::OrderId { id: order.id });
        }
        let (cancel, cancelled) = watch::channel(false);
        let id = order.id.clone();
        let tell = self.tell.clone();
        let work = work(Job {
            order,
            spool: self.spool.clone(),
            cancelled,
            tell: self.tell.clone(),
            images: 0,
        });
        let task = tokio::spawn(async move {
            let ended = work.await;
            let _ = tell.send(Progress::Ended(ended)).await;
        });
        self.running = Some(Running {
            order: id,
            cancel,
            task,
        });
        Ok(())
    }

    /// Asks the running scan to stop; whether there was one.
    pub(crate) fn cancel(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.cancel.send(true).is_ok())
    }

    /// Which scan runs.
    pub(crate) fn running(&self) -> Option<&str> {
        self.running.as_ref().map(|running| running.order.as_str())
    }

    /// Stops the running scan and waits for its end, for a while.
    pub(crate) async fn wind_up(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(8);
        self.cancel();
        if let Some(clearing) = self.clearing.take() {
            clearing.abort();
        }
        let Some(mut running) = self.running.take() else {
            return;
        };
        let ended = async {
            loop {
                tokio::select! {
                    _ = &mut running.task => break,
                    // Room for what it still tells.
                    told = self.told.recv() => if told.is_none() { break },
                }
            }
        };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            running.task.abort();
        }
    }

    pub(crate) fn stop(self) {
        self.folder.stop();
    }
}
