//! Task: pages from a scanner into the evidence store and their letter, only from a released load.
//!
//! One page: seen → gate → claimed → original kept → arrival, letter and pages in one commit → file moved to `done`. Each step may run twice; what a
//! crash leaves behind is found by the arrival's id in the claimed file's name. No file is ever deleted, and none is moved before its bytes are safe.
//!
//! A driven scanner writes its images into a spool that is such a folder, too. Its scans are begun here, each for one released load.

mod ahead;
mod aside;
mod bars;
pub mod codes;
mod control;
mod desk;
pub mod destroyed;
mod device;
mod earlier;
mod health;
mod held;
mod indexed;
pub mod lists;
pub(crate) mod mounted;
mod ordered;
mod own_time;
mod recover;
pub mod separators;
mod told;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use scanner::{Seen, Source};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

pub use control::{Orders, ScanRefused, ScannerControl, ScannerState};
pub use desk::Desk;
pub use device::{Device, device_of, looked_at};
pub use held::{HeldRefused, HeldWish};

use crate::config;
use crate::events::Event;
use crate::sd_notify::Beat;
use control::Driver;

/// How long a page that could not be finished stays claimed before it is tried again.
const RECOVER_EVERY: Duration = Duration::from_secs(60);

/// How often taken files are compared with what was taken.
const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(3);

/// How often the task shows that it completes its loop.
const PULSE: Duration = Duration::from_secs(5);

/// Why the task, or one page, could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The store refused.
    #[error("the store did not record the page")]
    Store(#[from] crate::store::StoreError),
    /// The file could not be moved.
    #[error("the file could not be moved")]
    Claim(#[from] scanner::claim::ClaimError),
    /// The original could not be kept.
    #[error("the original could not be kept")]
    Evidence(#[from] crate::evidence::EvidenceError),
    /// A file could not be looked into, for a reason that is not the file's.
    #[error("the file could not be looked into")]
    NotOpened(#[source] std::io::Error),
    /// The folder's thread could not be started.
    #[error("the folder cannot be watched")]
    Watch(#[source] std::io::Error),
    /// A step of ours panicked.
    #[error("a step of the scan task panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

/// Opens a scanner: its source, what commands it, and who does. Nothing is asked of a device yet.
///
/// # Errors
/// When its folder's thread cannot be started or its spool cannot be made.
pub fn open(
    scanner: &config::Scanner,
    desk: &Desk,
) -> Result<(Source, ScannerControl, Orders), ScanError> {
    let source = device::source_of(scanner, desk.folder_settings()).map_err(ScanError::Watch)?;
    let (control, orders) = control::pair(scanner);
    Ok((source, control, orders))
}

/// Serves one scanner until it is told to stop. The page under way is finished first; a running scan is stopped at the device.
///
/// # Errors
/// When a step panics; trouble with one page, a folder or a device is reported and survived.
pub async fn run(
    desk: Desk,
    mut source: Source,
    orders: Orders,
    beat: Beat,
    stop: CancellationToken,
) -> Result<(), ScanError> {
    let desk = Arc::new(desk);
    let mut events = desk.listen();
    blocking(&desk, Desk::begin).await?;
    source.end_left_job();
    let mut driver = Driver::new(Arc::clone(&desk), orders);
    let mut recover = tokio::time::interval(RECOVER_EVERY);
    let mut again = tokio::time::interval(LOOK_AGAIN_EVERY);
    let mut pulse = tokio::time::interval(PULSE);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = pulse.tick() => {
                beat.beat();
                driver.pulse().await;
            }
            _ = again.tick() => {
                blocking(&desk, Desk::look_again).await?;
                blocking(&desk, Desk::look_whether_given_back).await?;
            }
            _ = recover.tick() => blocking(&desk, Desk::recover_if_stuck).await?,
            Some(command) = driver.next() => driver.carry_out(command, &mut source).await,
            event = events.recv() => match event {
                // A load may have been released: pages that wait need not wait for the rescan.
                Ok(Event::Batch { .. }) | Err(RecvError::Lagged(_)) => source.look_now(),
                Ok(_) | Err(RecvError::Closed) => {}
            },
            seen = source.next() => match seen {
                Some(Seen::Scan(progress)) => {
                    driver.progress(progress).await;
                    source.look_now();
                }
                Some(seen) => {
                    let mut batch = vec![seen];
                    batch.extend(std::iter::from_fn(|| source.try_next()).take(desk.more_at_once()));
                    let beat = beat.clone();
                    blocking(&desk, move |desk| desk.handle_all(batch, &|| beat.beat())).await?;
                    if desk.wants_look() {
                        source.look_now();
                    }
                }
                None => break,
            },
        }
    }
    source.wind_up().await;
    tokio::task::spawn_blocking(|| source.stop()).await?;
    Ok(())
}

/// Renames and fsyncs block: they run beside the async threads.
async fn blocking(
    desk: &Arc<Desk>,
    work: impl FnOnce(&Desk) + Send + 'static,
) -> Result<(), ScanError> {
    let desk = Arc::clone(desk);
    Ok(tokio::task::spawn_blocking(move || work(&desk)).await?)
}
