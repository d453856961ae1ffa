//! `laixin reader`: reads pages of other machines' stations.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::run::log_to_journal_or_terminal;
use super::{FINDING, GOOD, USAGE, crossing};
use crate::broker::crossing::Crossing;
use crate::broker::reader::ReaderError;
use crate::config::ReaderSettings;

/// Arguments of `laixin reader`.
#[derive(Debug, clap::Args)]
pub struct ReaderArgs {
    /// The settings file.
    #[arg(long, value_name = "FILE", default_value = "/etc/laixin/reader.toml")]
    pub config: PathBuf,
}

/// Reads until it is asked to stop.
pub fn run(args: &ReaderArgs, crossing: Option<&dyn Crossing>) -> u8 {
    let Some(crossing) = crossing else {
        return crossing::become_it();
    };
    let settings = match ReaderSettings::load(&args.config) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("laixin: {}", crate::Chain(&error));
            return USAGE;
        }
    };
    log_to_journal_or_terminal(settings.log.level);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system can start threads");
    match runtime.block_on(read(settings, crossing)) {
        Ok(()) => GOOD,
        Err(error) => {
            tracing::error!("not started: {}", crate::Chain(&error));
            FINDING
        }
    }
}

async fn read(settings: ReaderSettings, crossing: &dyn Crossing) -> Result<(), ReaderError> {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened for");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be listened for");
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let listening = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        asked.cancel();
    });
    let ended = crossing.reader(settings, stop).await;
    listening.abort();
    ended
}
