//! The program: arguments → settings → station; exit codes.

use std::process::ExitCode;

use clap::Parser as _;
use laixin::arguments::Arguments;

fn main() -> ExitCode {
    // clap answers wrong usage itself, with exit code 2.
    Arguments::parse().run()
}
