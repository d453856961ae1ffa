//! Pages as they come from a scanner: what was seen, in which file, and whether that file is whole.
//!
//! A [`Source`] owns one scanner (one that it drives over eSCL or SANE, or a folder that vendor software writes into) and reports what it sees. It knows nothing of letters, loads or
//! releases, decodes no picture and never deletes anything; deciding what a page belongs to, and whether it may be taken at all, is the station's.

pub mod claim;
pub mod complete;
pub mod escl;
pub mod feeding;
pub mod folder;
pub mod index;
pub mod mount;
pub mod naming;
pub mod offers;
pub mod order;
pub mod sane;
pub mod sim;
mod spool;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub use complete::{LooksLike, Shape};
pub use escl::Escl;
pub use feeding::Feeding;
pub use folder::{Events, Folder, FolderSettings};
pub use index::Listed;
pub use naming::{PageHint, PageKind};
pub use offers::{Fit, Lack, Resolutions, TrayOffer};
pub use order::{Ended, Order, Outcome, Portrait, Progress, Trouble};
pub use sane::Sane;

/// Where pages come from. A closed set: one variant for each kind of scanner that exists in a mailroom.
#[derive(Debug)]
pub enum Source {
    /// A network scanner that speaks eSCL.
    Escl(Escl, Feeding),
    /// A scanner that SANE drives, through a supervised `scanimage`.
    Sane(Sane, Feeding),
    /// A folder that scanner software writes into.
    Folder(Folder),
}

/// Why a scan did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotStarted {
    /// One is running.
    #[error("scan {order} is running")]
    Running {
        /// Which.
        order: String,
    },
    /// An order's id that cannot name a folder.
    #[error("{id:?} cannot be the id of a scan")]
    OrderId {
        /// The id.
        id: String,
    },
    /// A folder is filled by other software: nothing can be started.
    #[error("this scanner is driven by other software")]
    NotDriven,
}

impl Source {
    /// The next thing seen; `None` once the source has stopped. Nothing is lost when the call is cancelled.
    pub async fn next(&mut self) -> Option<Seen> {
        match self {
            Self::Escl(_, feeding) | Self::Sane(_, feeding) => feeding.next().await,
            Self::Folder(folder) => folder.next().await,
        }
    }

    /// What else is seen already, without waiting for more.
    pub fn try_next(&mut self) -> Option<Seen> {
        match self {
            Self::Escl(_, feeding) | Self::Sane(_, feeding) => feeding.try_next(),
            Self::Folder(folder) => folder.try_next(),
        }
    }

    /// Ends, beside everything else, the job that a killed run left on the device.
    pub fn end_left_job(&mut self) {
        if let Self::Escl(escl, feeding) = self {
            let escl = escl.clone();
            feeding.clear(|spool| async move { escl.end_left_job(spool).await });
        }
    }

    /// Starts a scan. How it goes on and ends comes as [`Seen::Scan`], its images as any other file of a folder.
    ///
    /// # Errors
    /// [`NotStarted`]. Trouble with the device is no error here: it ends the scan.
    pub fn start(&mut self, order: Order) -> Result<(), NotStarted> {
        match self {
            Self::Escl(escl, feeding) => {
                let escl = escl.clone();
                feeding.start(order, |job| async move { escl.scan(job).await })
            }
            Self::Sane(sane, feeding) => {
                let sane = sane.clone();
                feeding.start(order, |job| async move { sane.scan(job).await })
            }
            Self::Folder(_) => Err(NotStarted::NotDriven),
        }
    }

    /// Asks the running scan to stop; whether there was one. What had come is kept.
    pub fn cancel(&self) -> bool {
        match self {
            Self::Escl(_, feeding) | Self::Sane(_, feeding) => feeding.cancel(),
            Self::Folder(_) => false,
        }
    }

    /// Which scan is running.
    #[must_use]
    pub fn running(&self) -> Option<&str> {
        match self {
            Self::Escl(_, feeding) | Self::Sane(_, feeding) => feeding.running(),
            Self::Folder(_) => None,
        }
    }

    /// Asks for a look now instead of at the next rescan, for example when a load has just been released.
    pub fn look_now(&self) {
        match self {
            Self::Escl(_, feeding) | Self::Sane(_, feeding) => feeding.look_now(),
            Self::Folder(folder) => folder.look_now(),
        }
    }

    /// Stops a running scan, and waits until the device was told.
    pub async fn wind_up(&mut self) {
        if let Self::Escl(_, feeding) | Self::Sane(_, feeding) = self {
            feeding.wind_up().await;
        }
    }

    /// Stops the source and waits for its thread. Blocks: call it from a blocking context.
    pub fn stop(self) {
        match self {
            Self::Escl(_, feeding) | Self::Sane(_, feeding) => feeding.stop(),
            Self::Folder(folder) => folder.stop(),
        }
    }
}

/// Which file it is, whatever it is called: the same name with another key is another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    /// Device number of the filesystem.
    pub device: u64,
    /// Inode number on it; used again soon after a file is deleted.
    pub inode: u64,
    /// When the file was born, where the filesystem says so; tells apart two files that had one inode.
    pub born_ns: Option<u128>,
}

/// What tells one state of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Which file.
    pub key: FileKey,
    /// Its size.
    pub bytes: u64,
    /// Its modification time, only ever compared for equality: the clock of a scanner or a file server may be years off.
    pub modified_ns: i128,
}

/// A file in the folder that is, or will be, a page.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name below the watched folder, fit to be shown and logged: control characters escaped, not UTF-8 replaced.
    pub name: String,
    /// The letter it claims to belong to: its sub-folder or the front of its name.
    pub group: String,
    /// Which page of it.
    pub hint: PageHint,
    /// Its size and identity when it was last looked at.
    pub stamp: Stamp,
    /// When this process first saw this file, on the monotonic clock; earlier than the moment it became whole.
    pub first_seen: Instant,
}

/// Something a source reports.
#[derive(Debug)]
pub enum Seen {
    /// How a scan that was started goes on.
    Scan(Progress),
    /// A file has begun to exist. It may be half-written; what counts is the moment.
    Appeared(Found),
    /// A quiet, structurally whole file. Dropping the offer without claiming the file means “not now”: it is offered again.
    Ready(Offer),
    /// A file that will not become a page by itself. Told once for each state of the file.
    Refused(Refused),
    /// A temporary or hidden file that stays, or one that never stops changing: the scanner software may have died over it.
    Lingering(Found),
    /// A file that had appeared is no longer there: claimed, or taken away by somebody else.
    Gone(Found),
    /// The folder cannot be listed. Told once for each kind of trouble; heals by itself.
    FolderUnreadable {
        /// The watched folder.
        folder: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// The folder's mount is gone: what lies in its place is another folder, and nothing in it is told of. Told once; heals by itself.
    MountGone {
        /// The watched folder.
        folder: PathBuf,
    },
    /// The folder can be listed again, or lies on another mount than before.
    FolderBack {
        /// The watched folder.
        folder: PathBuf,
    },
    /// The system gives no change events here (a network mount, or its watch limit is reached): pages are found by the rescan alone.
    WithoutEvents {
        /// The watched folder.
        folder: PathBuf,
        /// What the system said.
        error: notify::Error,
    },
}

/// A whole file, offered once at a time: while an offer is alive its file is not offered again.
#[derive(Debug)]
pub struct Offer {
    /// The file.
    pub found: Found,
    /// What it holds.
    pub shape: Shape,
    /// Held, never read: its death tells the source that the answer was given.
    pub(crate) _alive: Arc<()>,
}

/// A file that is no page, and why.
#[derive(Debug)]
pub struct Refused {
    /// The file.
    pub found: Found,
    /// Why it is refused.
    pub reason: Refusal,
    pub(crate) again: Arc<AtomicBool>,
}

impl Refused {
    /// Asks to be told again at the next rescan, for instance because the file could not be moved aside.
    pub fn tell_again(&self) {
        self.again.store(true, Ordering::Relaxed);
    }
}

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It stayed at 0 bytes.
    #[error("the file is empty")]
    Empty,
    /// It begins as an image and never got its end.
    #[error("the image has no end: {bytes} bytes arrived")]
    Truncated {
        /// How much there is.
        bytes: u64,
    },
    /// Its first bytes are not those of a JPEG, PNG, TIFF or PDF, whatever its name says.
    #[error("not a JPEG, PNG, TIFF or PDF file, it looks like {looks_like}")]
    NotAnImage {
        /// What it looks like instead.
        looks_like: LooksLike,
    },
    /// A list of pages that names none, or one twice, or cannot be read.
    #[error("a list of pages that is not clear")]
    UnclearIndex,
    /// Larger than the limit of this source.
    #[error("{bytes} bytes are more than the {limit_bytes} allowed")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// More pixels than any page has.
    #[error("{width}×{height} pixels are more than a page has")]
    TooManyPixels {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// More pages than any letter has.
    #[error("more pages than a letter has")]
    TooManyPages,
    /// A symbolic link: it may point anywhere, and what it points at may change.
    #[error("a symbolic link")]
    Symlink,
    /// A pipe, socket or device.
    #[error("not a regular file")]
    NotAFile,
    /// A folder inside a sub-folder: only one level is a letter.
    #[error("a folder inside a letter's folder")]
    NestedFolder,
    /// Not UTF-8, control characters, a backslash, or too long to be kept safely.
    #[error("a name that cannot be kept safely")]
    Name,
    /// It cannot be opened or read.
    #[error("cannot be read ({kind})")]
    Unreadable {
        /// What the system said.
        kind: io::ErrorKind,
    },
}

/// What is to be done with a refused file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// Move it out of the folder, untouched.
    Move,
    /// Leave it: moving would not help, or somebody may still be writing below it.
    Leave,
}

impl Refusal {
    /// A stable code for lists, logs and folder names.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated { .. } => "truncated",
            Self::NotAnImage { .. } => "not_an_image",
            Self::UnclearIndex => "index_unclear",
            Self::TooLarge { .. } | Self::TooManyPixels { .. } => "too_large",
            Self::TooManyPages => "too_many_pages",
            Self::Symlink => "symlink",
            Self::NotAFile => "not_a_file",
            Self::NestedFolder => "nested_folder",
            Self::Name => "unsafe_name",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// Whether the file should be moved out of the way.
    #[must_use]
    pub fn aside(&self) -> Aside {
        match self {
            Self::NestedFolder | Self::Unreadable { .. } => Aside::Leave,
            _ => Aside::Move,
        }
    }
}
