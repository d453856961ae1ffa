//! The program. Nothing of it speaks to brokers: `laixin-office` does.

use std::process::ExitCode;

fn main() -> ExitCode {
    laixin::arguments::program(None)
}
