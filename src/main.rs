//! The program: arguments → settings → station; exit codes.

use std::process::ExitCode;

use clap::Parser as _;
use laixin::arguments::Arguments;

/// What a program ends with whose reader went away; 128 + SIGPIPE, as a shell says it.
const NOBODY_READS: i32 = 141;

fn main() -> ExitCode {
    end_quietly_when_nobody_reads();
    // clap answers wrong usage itself, with exit code 2.
    Arguments::parse().run()
}

/// `laixin verify | head -1`: the rest of the output is nobody's, and no defect.
fn end_quietly_when_nobody_reads() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to std") && said.contains("Broken pipe") {
            std::process::exit(NOBODY_READS);
        }
        tell(panic);
    }));
}
