//! `laixin cabinet certificate`: the certificate of one cycle as a PDF file.

use std::path::PathBuf;

use super::{ConfigArg, DEFECT, FINDING, GOOD, USAGE, code_of};
use crate::print::PrintError;
use crate::store::{CycleRecord, Db, StoreError};
use crate::{Chain, certificate, clock};

/// `laixin cabinet certificate`
#[derive(Debug, clap::Args)]
pub struct CertificateArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Number of the cycle, e.g. C000012.
    #[arg(value_name = "CYCLE")]
    cycle: String,
    /// Where to write it; CYCLE.pdf here otherwise.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints it into the file.
pub fn run(args: &CertificateArgs) -> u8 {
    let settings = match args.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let Some(id) = CycleRecord::id_of(&args.cycle) else {
        eprintln!(
            "laixin: {:?} is no number of a cycle; C000012 is one",
            args.cycle
        );
        return USAGE;
    };
    let found = Db::look_at(&settings).and_then(|db| db.cycle_file(id));
    let file = match found {
        Ok(file) => file,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return match error {
                StoreError::NotFound { .. } => USAGE,
                error => code_of(&error),
            };
        }
    };
    let pdf = match certificate::print(&settings, &file, clock::now()) {
        Ok(pdf) => pdf,
        Err(error @ PrintError::Refused(_)) => {
            eprintln!("laixin: {}", Chain(&error));
            return DEFECT;
        }
        Err(error) => {
            eprintln!(
                "laixin: {}: install Debian's fonts-noto-cjk, or name another Chinese font as print.font",
                Chain(&error)
            );
            return USAGE;
        }
    };
    let name = || PathBuf::from(format!("{}.pdf", CycleRecord::number(id)));
    let output = args.output.clone().unwrap_or_else(name);
    match std::fs::write(&output, pdf) {
        Ok(()) => GOOD,
        Err(error) => {
            eprintln!("laixin: {}: {error}", output.display());
            FINDING
        }
    }
}
