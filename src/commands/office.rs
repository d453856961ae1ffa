//! `laixin office`: the counter of an office with several stations.

use std::path::PathBuf;

use super::{FINDING, GOOD, USAGE, crossing};
use crate::Chain;
use crate::broker::counter::{CounterError, CounterSettings};
use crate::broker::crossing::Crossing;

/// `laixin office`
#[derive(Debug, clap::Args)]
pub struct OfficeArgs {
    /// The office's settings file.
    #[arg(long, value_name = "FILE", default_value = "/etc/laixin/office.toml")]
    pub config: PathBuf,
}

/// Runs the office until it is asked to stop.
pub fn run(args: &OfficeArgs, crossing: Option<&dyn Crossing>) -> u8 {
    let Some(crossing) = crossing else {
        return crossing::become_it();
    };
    let settings = match CounterSettings::load(&args.config) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return USAGE;
        }
    };
    super::run::log_to_journal_or_terminal(settings.level());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system can start threads");
    match runtime.block_on(crossing.office(settings)) {
        Ok(()) => GOOD,
        Err(error) => {
            tracing::error!("not started: {}", Chain(&error));
            match error {
                CounterError::Key(_) | CounterError::Tls(_) => USAGE,
                CounterError::Listen { .. } | CounterError::Http(_) => FINDING,
            }
        }
    }
}
