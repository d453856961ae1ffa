//! Where the rest of the program meets what speaks to brokers. The client weighs 5 MB that a station by itself has no use for: the program `laixin` links
//! none of it, and becomes `laixin-office`, which has the same commands, where its settings or its command ask for brokers.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::counter::{self, CounterError, CounterSettings};
use super::reader::{self, ReaderError};
use super::together::{self, Together};
use super::{SealKey, start};
use crate::config::ReaderSettings;
use crate::handoff::Handoff;
use crate::sd_notify::Watchdog;

/// The program that [`Nats`] is in.
pub const PROGRAM: &str = "laixin-office";

/// Where it has to lie: beside this one.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    Some(here.with_file_name(PROGRAM))
}

/// What crosses machines.
pub trait Crossing: std::fmt::Debug + Send + Sync {
    /// Starts what an `[office]` in the settings asks of a station.
    fn station(
        &self,
        together: Together,
        drafts: (Handoff, SealKey),
        with: (&Watchdog, &CancellationToken),
    ) -> Vec<JoinHandle<()>>;

    /// Runs the counter of an office until it is asked to stop: [`counter::run`].
    fn office(&self, settings: CounterSettings) -> BoxFuture<'static, Result<(), CounterError>>;

    /// Reads pages of other machines until the stop: [`reader::run`].
    fn reader(
        &self,
        settings: ReaderSettings,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), ReaderError>>;
}

/// Over NATS JetStream. Only `laixin-office` names it: whatever names it has the client in it.
#[derive(Debug)]
pub struct Nats;

impl Crossing for Nats {
    fn station(
        &self,
        together: Together,
        (handoff, key): (Handoff, SealKey),
        (watchdog, stop): (&Watchdog, &CancellationToken),
    ) -> Vec<JoinHandle<()>> {
        let Some(office) = together.settings.office.clone() else {
            return Vec::new();
        };
        vec![
            start(handoff, (office, key), (watchdog, stop)),
            tokio::spawn(together::run(together, stop.child_token())),
        ]
    }

    fn office(&self, settings: CounterSettings) -> BoxFuture<'static, Result<(), CounterError>> {
        Box::pin(counter::run(settings))
    }

    fn reader(
        &self,
        settings: ReaderSettings,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), ReaderError>> {
        Box::pin(reader::run(settings, stop))
    }
}
