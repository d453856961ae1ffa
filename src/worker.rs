//! Foreign files are opened in a child process: what kills, hangs or bloats over a crafted file is the child, never the station.
//!
//! The child is this program again (`laixin page-worker`), on one end of a socket. It has a limit on its memory, no door but the
//! socket, and is told one thing at a time; whoever asks has a bound on how long. With the reader's child the models go too, so that a
//! station with nothing to read is small.

pub mod child;
mod kept;
mod wire;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::config;
use crate::scan::separators::{Codes, Said};
use crate::store::Reading;

pub use kept::{Kept, codes, frames, glimpse, is_blank, packed, picture};

/// The name of the child's command.
pub const COMMAND: &str = "page-worker";
/// The child looks up from waiting this often, so that whoever asked may beat, or stop.
const TICK: Duration = Duration::from_millis(250);
/// How long a child that closed its socket may take to end.
const LAST_BREATH: Duration = Duration::from_secs(2);
/// How long one page may take to be drawn or a file's pages to be counted.
const SHORT: Duration = Duration::from_secs(30);
/// Memory for that, MB: a page of A3 at 600 dpi with 16 bits a sample, three times over.
const SHORT_MEMORY_MB: u64 = 2048;

/// How the C library is to keep memory in a worker. Left to itself it puts freed buffers of up to 32 MB (images, what lies between a
/// network's layers) on shelves of every thread's own, where some 250 MB of holes gather. So there is one shelf, buffers of 4 MB and more
/// go back to the system when they are freed, and the shelf grows by 32 MB so that it is not given back and taken again all the time.
const KEPT_MEMORY: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "4194304"),
    ("MALLOC_TOP_PAD_", "33554432"),
];

/// This program, also after an update has put another file in its place.
const THIS_PROGRAM: &str = "/proc/self/exe";
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that is started as the child, once: for whoever uses the library without being the station, as tests do.
pub fn program_is(program: impl Into<PathBuf>) {
    // Named before: it stays.
    let _ = PROGRAM.set(program.into());
}

/// What a child is asked to do with a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Task {
    /// Load the models. No file comes with it.
    Open(Box<config::Reading>),
    /// Read one page.
    Read {
        /// Page inside the file, from 0.
        frame: u32,
    },
    /// Count the pages.
    Frames,
    /// Draw one page as a JPEG.
    Picture {
        /// Page inside the file, from 0.
        frame: u32,
        /// Longest side in pixels; `None` is as large as the page is.
        longest_px: Option<u32>,
    },
    /// Draw what there is of the first page, however damaged it is.
    Glimpse {
        /// Longest side in pixels.
        longest_px: u32,
    },
    /// Say what the codes on one page say.
    Codes {
        /// Page inside the file, from 0.
        frame: u32,
        /// Which of them.
        codes: Codes,
    },
    /// Say whether anything is on one page.
    Blank {
        /// Page inside the file, from 0.
        frame: u32,
    },
    /// Pack one page for the archive.
    Pack {
        /// Page inside the file, from 0.
        frame: u32,
    },
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Done {
    /// The models are loaded.
    Opened {
        /// Engine and model version.
        engine: String,
        /// What a person should know about it.
        note: Option<String>,
    },
    /// The page is read.
    Read(Box<Reading>),
    /// So many pages.
    Frames(u32),
    /// A JPEG of so many bytes follows.
    Picture(u32),
    /// What the codes say.
    Codes(Said),
    /// Nothing is on the page.
    Blank(bool),
    /// The bytes of an archive's image follow.
    Packed(Box<ocr::Packed>),
    /// It cannot be done with this file.
    Refused(Refusal),
}

/// Why a file or page cannot be used. `detail` names files, sizes and kinds, never content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// What was found.
    pub detail: String,
}

/// The engine failed over a page.
pub(crate) const READER_FAILED: &str = "reader_failed";
/// The engine panicked over a page.
pub(crate) const READER_DEFECT: &str = "reader_defect";

impl Refusal {
    /// Whether it may be what earlier pages left in the worker, such as too little memory, and not this page.
    pub(crate) fn may_be_the_workers(&self) -> bool {
        matches!(self.code.as_str(), READER_FAILED | READER_DEFECT)
    }
}

/// Why a child gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It answered that this file cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It ended.
    #[error("the page worker ended: {how}")]
    Died {
        /// By which signal, or with which code.
        how: String,
    },
    /// It was ended because it took too long.
    #[error("the page worker took more than {} s and was ended", limit.as_secs())]
    Hung {
        /// How long it had.
        limit: Duration,
    },
    /// It was ended because the station stops.
    #[error("the station stops")]
    Stopped,
    /// It could not be started.
    #[error("the page worker cannot be started")]
    NotStarted(#[source] std::io::Error),
}

impl WorkerError {
    /// Stable code for records and messages.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            Self::Died { .. } => "reader_died",
            Self::Hung { .. } => "reader_hung",
            Self::Stopped => "stopped",
            Self::NotStarted(_) => "reader_not_started",
        }
    }
}

/// Whether to go on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Go on.
    On,
    /// End the child now.
    Stop,
}

/// How long an answer may take, and who is told meanwhile that the child is still at it.
pub struct Patience<'a> {
    limit: Duration,
    tick: &'a mut dyn FnMut(Duration) -> Wait,
}

impl<'a> Patience<'a> {
    /// `tick` gets the time waited so far, several times a second.
    pub fn new(limit: Duration, tick: &'a mut dyn FnMut(Duration) -> Wait) -> Self {
        Self { limit, tick }
    }
}

/// One child, started when it is first needed and again after it ended.
#[derive(Debug)]
pub struct Worker {
    program: PathBuf,
    memory_mb: u64,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    socket: UnixStream,
}

impl Worker {
    /// Not started yet. `memory_mb` is how much the child may take.
    pub fn new(memory_mb: u64) -> Self {
        Self {
            program: PROGRAM
                .get()
                .cloned()
                .unwrap_or_else(|| THIS_PROGRAM.into()),
            memory_mb,
            running: None,
        }
    }

    /// Another program than this one.
    #[cfg(test)]
    pub(crate) fn of(program: PathBuf) -> Self {
        let mut worker = Self::new(SHORT_MEMORY_MB);
        worker.program = program;
        worker
    }

    /// Started already.
    fn begun(memory_mb: u64) -> Result<Self, WorkerError> {
        let mut worker = Self::new(memory_mb);
        worker.running = Some(start(&worker.program, memory_mb).map_err(WorkerError::NotStarted)?);
        Ok(worker)
    }

    /// Whether there is a child now.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The child's process number, if there is one.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|r| r.child.id())
    }

    /// Asks for one thing and waits for it. A child that dies or takes too long is gone afterwards; the next question starts another.
    ///
    /// # Errors
    /// [`WorkerError`].
    pub fn ask(
        &mut self,
        task: &Task,
        file: &[u8],
        patience: &mut Patience<'_>,
    ) -> Result<(Done, Vec<u8>), WorkerError> {
        let running = match self.running.take() {
            Some(running) => running,
            None => start(&self.program, self.memory_mb).map_err(WorkerError::NotStarted)?,
        };
        let mut running = EndedOnDrop(Some(running));
        let began = clock::monotonic();
        let mut bound = Bound { began, patience };
        let socket = &mut running.get().socket;
        let answer = wire::send(socket, task, file, &mut |waited| bound.check(waited))
            .and_then(|()| wire::receive::<Done>(socket, &mut |waited| bound.check(waited)));
        match answer {
            Ok((Done::Refused(refusal), _)) => {
                self.running = running.0.take();
                Err(refusal.into())
            }
            Ok(answer) => {
                self.running = running.0.take();
                Ok(answer)
            }
            Err(wire::Broken::Ended) => Err(WorkerError::Died {
                how: running.how_it_ended(),
            }),
            Err(wire::Broken::Waited) if began.elapsed() >= bound.patience.limit => {
                Err(WorkerError::Hung {
                    limit: bound.patience.limit,
                })
            }
            Err(wire::Broken::Waited) => Err(WorkerError::Stopped),
        }
    }

    /// Ends the child, and with it whatever it holds in memory.
    pub fn end(&mut self) {
        drop(EndedOnDrop(self.running.take()));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

struct Bound<'a, 'b> {
    began: Instant,
    patience: &'a mut Patience<'b>,
}

impl Bound<'_, '_> {
    fn check(&mut self, _since: Duration) -> Wait {
        let waited = self.began.elapsed();
        if waited >= self.patience.limit {
            return Wait::Stop;
        }
        (self.patience.tick)(waited)
    }
}

/// A child that nobody keeps is killed and waited for, so that none is left behind.
struct EndedOnDrop(Option<Running>);

impl EndedOnDrop {
    fn get(&mut self) -> &mut Running {
        self.0.as_mut().expect("it is only taken at the end")
    }

    fn how_it_ended(&mut self) -> String {
        let child = &mut self.get().child;
        let closed = clock::monotonic();
        // It has closed the socket and is about to end; one that talks nonsense instead is ended.
        while matches!(child.try_wait(), Ok(None)) {
            if closed.elapsed() > LAST_BREATH {
                let _ = child.kill();
                break;
            }
            std::thread::sleep(TICK / 10);
        }
        match child.wait() {
            Ok(status) => match (status.signal(), status.code()) {
                (Some(signal), _) => format!("signal {signal}"),
                (None, Some(code)) => format!("exit code {code}"),
                (None, None) => "for an unknown reason".into(),
            },
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for EndedOnDrop {
    fn drop(&mut self) {
        if let Some(mut running) = self.0.take() {
            // It may have ended by itself; either way it is waited for.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

fn start(program: &std::path::Path, memory_mb: u64) -> std::io::Result<Running> {
    let (socket, of_child) = UnixStream::pair()?;
    socket.set_read_timeout(Some(TICK))?;
    socket.set_write_timeout(Some(TICK))?;
    let child = Command::new(program)
        .arg(COMMAND)
        .arg("--memory-mb")
        .arg(memory_mb.to_string())
        .envs(KEPT_MEMORY)
        // The child is no part of what the service manager listens to.
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_USEC")
        .env_remove("WATCHDOG_PID")
        .env_remove("CREDENTIALS_DIRECTORY")
        .stdin(Stdio::from(OwnedFd::from(of_child)))
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Running { child, socket })
}

/// A child that answers something else than it was asked is of another version or out of its mind.
pub(crate) fn unexpected(answer: &Done) -> WorkerError {
    let kind = match answer {
        Done::Opened { .. } => "opened",
        Done::Read(_) => "read",
        Done::Frames(_) => "frames",
        Done::Picture(_) => "picture",
        Done::Codes(_) => "codes",
        Done::Blank(_) => "blank",
        Done::Packed(_) => "packed",
        Done::Refused(_) => "refused",
    };
    WorkerError::Died {
        how: format!("it answered “{kind}” to another question"),
    }
}
