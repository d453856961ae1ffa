//! `laixin page-worker`: the child in which the station opens foreign files; started by the station alone.

use super::{DEFECT, GOOD};

/// Arguments of `laixin page-worker`.
#[derive(Debug, clap::Args)]
pub struct PageWorkerArgs {
    /// How much memory it may take, MB.
    #[arg(long, value_name = "MB")]
    pub memory_mb: u64,
}

/// Answers the station until it closes the socket.
pub fn run(args: &PageWorkerArgs) -> u8 {
    match crate::worker::child::serve(args.memory_mb) {
        Ok(()) => GOOD,
        Err(error) => {
            eprintln!(
                "laixin: page-worker is started by the station, with a socket as its input: {error}"
            );
            DEFECT
        }
    }
}
