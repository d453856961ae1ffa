//! From `laixin` to `laixin-office`: the same commands, and what speaks to brokers.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::FINDING;
use crate::broker::crossing::{PROGRAM, program};

/// Goes on as that program: the same process, the same arguments. The exit code where it is not there.
pub(super) fn become_it() -> u8 {
    let why = match program() {
        Some(program) => Command::new(program)
            .args(std::env::args_os().skip(1))
            .exec(),
        None => io::ErrorKind::NotFound.into(),
    };
    eprintln!(
        "laixin: what speaks to an office's brokers is a program of its own, {PROGRAM}, and cannot be started ({why}): install the package {PROGRAM}"
    );
    FINDING
}
