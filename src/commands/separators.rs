//! `laixin separators`: a print run of separator sheets as a PDF file.

use std::path::PathBuf;

use super::{ConfigArg, DEFECT, FINDING, GOOD, USAGE};
use crate::print::PrintError;
use crate::store::Db;
use crate::{Chain, clock, separators};

/// `laixin separators`
#[derive(Debug, clap::Args)]
pub struct SeparatorsArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// How many sheets.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(separators::MOST_SHEETS)))]
    count: u32,
    /// Where to write them.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Prints them and registers the run; the station may run meanwhile.
pub fn run(args: &SeparatorsArgs) -> u8 {
    let settings = match args.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let run = separators::new_run();
    let pdf = match separators::print(&settings, &run, args.count, clock::now()) {
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
    // Registered before it is written: a sheet on paper is always known.
    let registered = Db::of(&settings)
        .and_then(|mut db| db.add_separator_run(&run, args.count, "command/separators"));
    if let Err(error) = registered {
        eprintln!("laixin: {}", Chain(&error));
        return DEFECT;
    }
    match std::fs::write(&args.output, pdf) {
        Ok(()) => {
            println!("{run}: {} sheets in {}", args.count, args.output.display());
            GOOD
        }
        Err(error) => {
            eprintln!("laixin: {}: {error}", args.output.display());
            FINDING
        }
    }
}
