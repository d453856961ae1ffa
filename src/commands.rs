//! The commands beside the daemon; each file is one of them, with its arguments.

pub mod archive;
pub mod audit;
pub mod backup;
pub mod cabinet;
pub mod certificate;
pub mod check;
mod crossing;
pub mod evaluate;
pub mod extract;
pub mod health;
pub mod history;
mod images;
pub mod key;
pub mod learn;
pub mod office;
pub mod page_worker;
pub mod read;
pub mod reader;
pub mod restore;
pub mod run;
pub mod scanner;
mod self_test;
pub mod separators;
mod spoken;
pub mod tls;
pub mod token;
pub mod user;
pub mod verify;
pub mod webhook;
mod weeks;

use std::path::{Path, PathBuf};

use crate::at_rest::AtRestError;
use crate::config::Settings;
use crate::store::StoreError;

/// Good.
pub const GOOD: u8 = 0;
/// A finding: something is not as it should be.
pub const FINDING: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// A defect of ours.
pub const DEFECT: u8 = 70;

/// `--config FILE`
#[derive(Debug, clap::Args)]
pub struct ConfigArg {
    /// The settings file.
    #[arg(long, value_name = "FILE", default_value = "/etc/laixin/station.toml")]
    pub config: PathBuf,
}

impl ConfigArg {
    /// Loads the settings, or says on stderr why not.
    ///
    /// # Errors
    /// The exit code [`USAGE`].
    pub fn load(&self) -> Result<Settings, u8> {
        load(&self.config)
    }
}

impl ConfigArg {
    /// The same, and gets the station's key: for commands that open its database or originals.
    ///
    /// # Errors
    /// The exit code [`USAGE`].
    pub fn unlocked(&self) -> Result<Settings, u8> {
        unlocked(&self.config)
    }
}

fn unlocked(file: &Path) -> Result<Settings, u8> {
    unlock(load(file)?)
}

fn unlock(mut settings: Settings) -> Result<Settings, u8> {
    match settings.unlock() {
        Ok(()) => Ok(settings),
        Err(error) => {
            spoken::complain!("{}", crate::Chain(&error));
            Err(code_of_key(&error))
        }
    }
}

/// The exit code where the station's data does not open.
fn code_of_key(error: &AtRestError) -> u8 {
    match error.may_pass() {
        true => FINDING,
        false => USAGE,
    }
}

/// The exit code for a database that does not open: a defect of ours only where none of this is the case.
pub(super) fn code_of(error: &StoreError) -> u8 {
    match error {
        StoreError::Gone(_)
        | StoreError::Locked(_)
        | StoreError::AtRest(_)
        | StoreError::Newer { .. }
        | StoreError::Older { .. } => FINDING,
        _ if error.is_damaged() => FINDING,
        _ => DEFECT,
    }
}

fn load(file: &Path) -> Result<Settings, u8> {
    let settings = Settings::load(file).map_err(|error| {
        eprintln!("laixin: {}", crate::Chain(&error));
        USAGE
    })?;
    spoken::as_in(&settings);
    Ok(settings)
}
