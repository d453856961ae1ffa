//! From `laixin` to `laixin-office`: the same commands, and what speaks to brokers.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::FINDING;

const PROGRAM: &str = "laixin-office";

/// Goes on as that program, which lies beside this one: the same process, the same arguments. The exit code where it is not there.
pub(super) fn become_it() -> u8 {
    let beside = std::env::current_exe().map(|here| here.with_file_name(PROGRAM));
    let failed = beside.map(|program| {
        Command::new(program)
            .args(std::env::args_os().skip(1))
            .exec()
    });
    let (Ok(why) | Err(why)) = failed;
    eprintln!(
        "laixin: what speaks to an office's brokers is a program of its own, {PROGRAM}, and cannot be started ({why}): install the package {PROGRAM}"
    );
    FINDING
}
