//! `laixin run`: the daemon.

use std::io::IsTerminal;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::{ConfigArg, FINDING, GOOD, USAGE, crossing};
use crate::broker::crossing::Crossing;
use crate::config::{Language, Level};
use crate::journal::Journal;
use crate::sd_notify;
use crate::station;

/// How long a check that is under way may still take at a stop.
const LOOKING: Duration = Duration::from_secs(5);

/// Runs the station until it is asked to stop.
pub fn run(args: &ConfigArg, crossing: Option<&dyn Crossing>) -> u8 {
    let not_started =
        |language, code| sd_notify::status(&station::status::not_started(language, code));
    let mut settings = match args.load() {
        Ok(settings) if settings.office.is_some() && crossing.is_none() => {
            return crossing::become_it();
        }
        Ok(settings) => settings,
        Err(code) => {
            not_started(Language::default(), "settings_refused");
            return code;
        }
    };
    let language = settings.station.language;
    if let Err(error) = settings.unlock() {
        not_started(language, error.code());
        // For the journal, which is English.
        eprintln!("laixin: {}", crate::Chain(&error));
        return super::code_of_key(&error);
    }
    log_to_journal_or_terminal(settings.log.level);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system can start threads");
    let ended = runtime.block_on(station::run(settings, crossing));
    // Whoever looks at a disk that does not answer is not waited for.
    runtime.shutdown_timeout(LOOKING);
    match ended {
        Ok(()) => GOOD,
        Err(error) => {
            tracing::error!(code = error.code(), "not started: {}", crate::Chain(&error));
            not_started(language, error.code());
            match error.may_pass() {
                true => FINDING,
                false => USAGE,
            }
        }
    }
}

/// Under systemd straight to the journal (`src/journal.rs`), otherwise to stderr.
pub(super) fn log_to_journal_or_terminal(level: Level) {
    let level = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
    };
    let filter = EnvFilter::new(level);
    let registry = tracing_subscriber::registry().with(filter);
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| Journal::open().ok());
    match journal {
        Some(journal) => registry.with(journal).init(),
        None => registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal()),
            )
            .init(),
    }
}
