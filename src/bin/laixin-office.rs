//! The program with what speaks to an office's brokers: `laixin` becomes it where it has to.

use std::process::ExitCode;

use laixin::broker::crossing::Nats;

fn main() -> ExitCode {
    laixin::arguments::program(Some(&Nats))
}
