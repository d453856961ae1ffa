//! Taking a file out of the watched folder, for good or aside: by rename on the same filesystem only. Nothing is copied or overwritten here, nothing but
//! what [`discard`] is told deleted, and every change is on the disk before the call returns.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};

use crate::{Found, Stamp, naming};

/// The hidden folder inside the watched one that holds claimed files.
pub const CLAIMED_FOLDER: &str = ".claimed";

/// So many files of one name are told apart by a number.
const MOST_NUMBERS: u32 = 100_000;

/// The file in it by whose lock one station keeps others out.
const LOCK_FILE: &str = ".station";

/// The folder as one station's own: no other claims in it while this lives.
#[derive(Debug)]
pub struct Owned {
    _lock: Option<File>,
}

/// Makes the folder this station's own; `None` while another one has it. A mount that knows no locks is everybody's, as it always was.
///
/// # Errors
/// [`ClaimError`] when nothing can be written there.
pub fn own(inbox: &Path) -> Result<Option<Owned>, ClaimError> {
    if !inbox.is_dir() {
        return Err(ClaimError::Gone {
            path: inbox.to_path_buf(),
        });
    }
    let folder = inbox.join(CLAIMED_FOLDER);
    create_folder(&folder)?;
    let path = folder.join(LOCK_FILE);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| ClaimError::Io {
            doing: "open",
            path: path.clone(),
            source,
        })?;
    match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Owned { _lock: Some(lock) })),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(_) => Ok(Some(Owned { _lock: None })),
    }
}

/// Whether a station has the folder for its own just now. Changes nothing there.
#[must_use]
pub fn is_owned(inbox: &Path) -> bool {
    File::open(inbox.join(CLAIMED_FOLDER).join(LOCK_FILE)).is_ok_and(|lock| {
        let tried = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockShared);
        tried == Err(rustix::io::Errno::WOULDBLOCK)
    })
}

/// Whether another process has the folder for its own than the one that works with this data folder, as far as this machine's list of locks tells.
#[must_use]
pub fn is_anothers(inbox: &Path, data: &Path) -> bool {
    let holder = |lock: PathBuf| holder_of(fs::metadata(lock).ok()?.ino());
    let folder = holder(inbox.join(CLAIMED_FOLDER).join(LOCK_FILE));
    let station = holder(data.join("lock"));
    station.is_some() && folder.is_some() && folder != station
}

/// The process that has locked the file of this number, as `/proc/locks` has it: `1: FLOCK ADVISORY WRITE 4242 fd:01:131233 0 EOF`.
fn holder_of(file: u64) -> Option<String> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let number = format!(":{file}");
    locks.lines().find_map(|lock| {
        let mut words = lock.split_whitespace().skip(1);
        let is_held = words.next()? == "FLOCK";
        let process = words.nth(2)?;
        (is_held && words.next()?.ends_with(&number)).then(|| process.to_owned())
    })
}

/// A file that was taken and is not yet finished with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The id it was taken under.
    pub arrival_id: String,
    /// The sub-folder it lay in.
    pub folder: Option<String>,
    /// Its name as the scanner gave it.
    pub file_name: String,
    /// Where it lies now.
    pub path: PathBuf,
    /// What it was when it was claimed, or found claimed.
    pub stamp: Stamp,
}

impl Claimed {
    /// Its name below the watched folder, as it was.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.folder {
            Some(folder) => format!("{folder}/{}", self.file_name),
            None => self.file_name.clone(),
        }
    }

    fn parse(path: PathBuf) -> Option<Self> {
        let (arrival_id, kept) = path.file_name()?.to_str()?.split_once("__")?;
        let (folder, file_name) = match kept.split_once("%2F") {
            Some((folder, file)) => (Some(unescape(folder)), unescape(file)),
            None => (None, unescape(kept)),
        };
        let good = is_arrival_id(arrival_id) && !file_name.is_empty();
        let stamp = stamp_of(&path).ok().filter(|_| good)?;
        Some(Self {
            arrival_id: arrival_id.to_owned(),
            folder,
            file_name,
            path: path.clone(),
            stamp,
        })
    }
}

/// Why a file could not be taken or put away.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// It is no longer there: another station took it, or somebody removed it.
    #[error("{} is no longer there", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// It is not the file that was offered, or it was written to since; it was left in the folder.
    #[error("{} changed after it had been quiet", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It lies neither in the watched folder nor one level below, or has a name that cannot be kept.
    #[error("{} cannot be claimed from this folder", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// An id that cannot be part of a file name: letters, digits and `-` only, at most 40.
    #[error("{id:?} cannot be an arrival id")]
    ArrivalId {
        /// The id.
        id: String,
    },
    /// The two folders are not on one filesystem.
    #[error("{} and {} are not on one filesystem", from.display(), to.display())]
    OtherFilesystem {
        /// The file.
        from: PathBuf,
        /// Where it should go.
        to: PathBuf,
    },
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Takes an offered file: `<inbox>/.claimed/<arrival id>__<name>`. A file that changed since the offer is put back.
///
/// # Errors
/// [`ClaimError`]; the file is then where it was.
pub fn claim(found: &Found, inbox: &Path, arrival_id: &str) -> Result<Claimed, ClaimError> {
    if !is_arrival_id(arrival_id) {
        return Err(ClaimError::ArrivalId {
            id: arrival_id.to_owned(),
        });
    }
    let (folder, file_name) = below(&found.path, inbox)?;
    let kept = match &folder {
        Some(folder) => format!("{}%2F{}", escape(folder), escape(&file_name)),
        None => escape(&file_name),
    };
    is_there(&found.path)?;
    let claimed_folder = inbox.join(CLAIMED_FOLDER);
    create_folder(&claimed_folder)?;
    let path = claimed_folder.join(format!("{arrival_id}__{kept}"));
    move_file(&found.path, &path)?;
    if stamp_of(&path)? != found.stamp {
        move_file(&path, &found.path)?;
        return Err(ClaimError::Changed {
            path: found.path.clone(),
        });
    }
    Ok(Claimed {
        arrival_id: arrival_id.to_owned(),
        folder,
        file_name,
        path,
        stamp: found.stamp,
    })
}

/// Puts a claimed file back under its name, for another try later. When that name is taken it stays claimed.
///
/// # Errors
/// [`ClaimError`]; the file is then where it was.
pub fn put_back(claimed: &Claimed, inbox: &Path) -> Result<(), ClaimError> {
    is_there(&claimed.path)?;
    let mut path = inbox.to_path_buf();
    path.extend(claimed.folder.as_ref());
    create_folder(&path)?;
    move_file(&claimed.path, &path.join(&claimed.file_name))
}

/// Moves a claimed file to where finished ones are kept, in its sub-folder; a name that is taken gets a number.
///
/// # Errors
/// [`ClaimError`]; the file is then where it was.
pub fn finish(claimed: &Claimed, done: &Path) -> Result<PathBuf, ClaimError> {
    let mut folder = done.to_path_buf();
    folder.extend(claimed.folder.as_ref());
    move_numbered(&claimed.path, &folder, claimed.file_name.as_ref())
}

/// Removes a claimed file whose bytes are kept elsewhere. One that is gone already is gone.
///
/// # Errors
/// [`ClaimError`] when the system refuses.
pub fn discard(claimed: &Claimed) -> Result<(), ClaimError> {
    match fs::remove_file(&claimed.path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(ClaimError::Io {
                doing: "remove",
                path: claimed.path.clone(),
                source,
            });
        }
        _ => {}
    }
    claimed.path.parent().map_or(Ok(()), sync_folder)
}

/// Where [`finish`] may have put a file of this name, below the watched folder, that was moved there in an earlier run.
pub fn finished_as(name: &str, done: &Path) -> impl Iterator<Item = PathBuf> {
    let (folder, file) = match name.rsplit_once('/') {
        Some((folder, file)) => (done.join(folder), file.to_owned()),
        None => (done.to_path_buf(), name.to_owned()),
    };
    (1..MOST_NUMBERS)
        .map(move |number| folder.join(numbered(&file, number)))
        .take_while(|path| fs::symlink_metadata(path).is_ok())
}

/// Nobody else reads a claimed file that stays for a while; whoever has it open goes on. A mount that knows no rights keeps its own.
pub fn close_to_others(claimed: &Claimed) {
    let _ = fs::set_permissions(&claimed.path, fs::Permissions::from_mode(0o600));
}

/// Moves a claimed file aside, untouched: `<held>/<reason code>/[sub-folder/]<name>`.
///
/// # Errors
/// [`ClaimError`]; the file is then where it was.
pub fn set_aside_claimed(
    claimed: &Claimed,
    held: &Path,
    reason_code: &str,
) -> Result<PathBuf, ClaimError> {
    finish(claimed, &held.join(reason_code))
}

/// Moves a file that was never claimed aside, untouched and whatever it is: `<held>/<reason code>/[sub-folder/]<name>`. A link is moved, not what it names.
///
/// # Errors
/// [`ClaimError`]; the file is then where it was.
pub fn set_aside(
    path: &Path,
    inbox: &Path,
    held: &Path,
    reason_code: &str,
) -> Result<PathBuf, ClaimError> {
    let outside = || ClaimError::Outside {
        path: path.to_path_buf(),
    };
    let below = path.strip_prefix(inbox).map_err(|_| outside())?;
    let name = path.file_name().ok_or_else(outside)?;
    let mut folder = held.join(reason_code);
    folder.extend(below.parent());
    move_numbered(path, &folder, name)
}

/// Moves a file that was set aside on, from `<held>/<reason code>/[sub-folder/]<name>` to the same place below another folder.
///
/// # Errors
/// [`ClaimError`]; the file is then where it was.
pub fn move_on(path: &Path, held: &Path, to: &Path) -> Result<PathBuf, ClaimError> {
    let outside = || ClaimError::Outside {
        path: path.to_path_buf(),
    };
    let below = path.strip_prefix(held).map_err(|_| outside())?;
    let plain = below
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let name = below.file_name().filter(|_| plain).ok_or_else(outside)?;
    let mut folder = to.to_path_buf();
    folder.extend(
        below
            .parent()
            .into_iter()
            .flat_map(|parent| parent.iter().skip(1)),
    );
    move_numbered(path, &folder, name)
}

/// What was claimed and not finished when the station stopped, oldest id first, and files in the claimed folder that no claim of ours explains.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// Claims to be gone on with.
    pub claimed: Vec<Claimed>,
    /// Files that somebody else put there.
    pub strangers: Vec<PathBuf>,
}

/// Looks for claims of an earlier run.
///
/// # Errors
/// When the claimed folder is there and cannot be listed.
pub fn leftovers(inbox: &Path) -> Result<Leftovers, ClaimError> {
    let folder = inbox.join(CLAIMED_FOLDER);
    let mut found = Leftovers::default();
    let items = match fs::read_dir(&folder) {
        Ok(items) => items,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(source) => {
            return Err(ClaimError::Io {
                doing: "list",
                path: folder,
                source,
            });
        }
    };
    for item in items {
        let path = item
            .map_err(|source| ClaimError::Io {
                doing: "list",
                path: folder.clone(),
                source,
            })?
            .path();
        if path.file_name().is_some_and(|name| name == LOCK_FILE) {
            continue;
        }
        match Claimed::parse(path.clone()) {
            Some(claimed) => found.claimed.push(claimed),
            None => found.strangers.push(path),
        }
    }
    found.claimed.sort_by(|a, b| a.path.cmp(&b.path));
    found.strangers.sort();
    Ok(found)
}

fn is_arrival_id(id: &str) -> bool {
    (1..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The sub-folder and name of a file directly in the folder or one level below.
fn below(path: &Path, inbox: &Path) -> Result<(Option<String>, String), ClaimError> {
    let outside = || ClaimError::Outside {
        path: path.to_path_buf(),
    };
    let below = path.strip_prefix(inbox).map_err(|_| outside())?;
    let parts: Option<Vec<&str>> = below
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str().filter(|name| naming::is_safe(name)),
            _ => None,
        })
        .collect();
    match parts.as_deref() {
        Some([file]) => Ok((None, (*file).to_owned())),
        Some([folder, file]) => Ok((Some((*folder).to_owned()), (*file).to_owned())),
        _ => Err(outside()),
    }
}

fn escape(name: &str) -> String {
    name.replace('%', "%25")
}

fn unescape(name: &str) -> String {
    name.replace("%25", "%")
}

/// What a file is now.
///
/// # Errors
/// [`ClaimError::Gone`]; [`ClaimError::Io`] when the system refuses.
pub fn stamp_of(path: &Path) -> Result<Stamp, ClaimError> {
    let metadata = fs::symlink_metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ClaimError::Gone {
            path: path.to_path_buf(),
        },
        _ => ClaimError::Io {
            doing: "look at",
            path: path.to_path_buf(),
            source,
        },
    })?;
    Ok(crate::folder::stamp(&metadata))
}

/// A folder that went away with its mount is not made anew in its mount point: what is to be moved has to be there.
fn is_there(path: &Path) -> Result<(), ClaimError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ClaimError::Gone {
            path: path.to_path_buf(),
        }),
        _ => Ok(()),
    }
}

fn create_folder(path: &Path) -> Result<(), ClaimError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|source| ClaimError::Io {
        doing: "create",
        path: path.to_path_buf(),
        source,
    })?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(path: &Path) -> Result<(), ClaimError> {
    let sync = File::open(path).and_then(|folder| folder.sync_all());
    sync.map_err(|source| ClaimError::Io {
        doing: "sync",
        path: path.to_path_buf(),
        source,
    })
}

fn move_numbered(from: &Path, folder: &Path, name: &OsStr) -> Result<PathBuf, ClaimError> {
    is_there(from)?;
    create_folder(folder)?;
    for number in 1..MOST_NUMBERS {
        let to = folder.join(numbered(&name.to_string_lossy(), number));
        match move_file(from, &to) {
            Err(ClaimError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
            }
            other => return other.map(|()| to),
        }
    }
    let source = io::ErrorKind::AlreadyExists.into();
    Err(ClaimError::Io {
        doing: "find a free name for",
        path: from.to_path_buf(),
        source,
    })
}

/// `a.jpg`, `a (2).jpg` …; control characters become `_`, and a long name is shortened so that the number fits.
fn numbered(name: &str, number: u32) -> String {
    const LONGEST_BYTES: usize = 240;
    let safe: String = name
        .chars()
        .map(|c| if c.is_control() { '_' } else { c })
        .collect();
    let (stem, extension) = match safe.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 => {
            (stem, format!(".{extension}"))
        }
        _ => (safe.as_str(), String::new()),
    };
    let tail = if number == 1 {
        extension
    } else {
        format!(" ({number}){extension}")
    };
    let mut end = stem.len().min(LONGEST_BYTES - tail.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{tail}", &stem[..end])
}

/// Renames without ever replacing, and makes it durable on both sides.
fn move_file(from: &Path, to: &Path) -> Result<(), ClaimError> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ClaimError::Gone {
            path: from.to_path_buf(),
        },
        io::ErrorKind::CrossesDevices => ClaimError::OtherFilesystem {
            from: from.to_path_buf(),
            to: to.to_path_buf(),
        },
        _ => ClaimError::Io {
            doing: "move",
            path: from.to_path_buf(),
            source,
        },
    };
    rename_no_replace(from, to).map_err(refused)?;
    for folder in [to.parent(), from.parent()].into_iter().flatten() {
        sync_folder(folder)?;
    }
    Ok(())
}

fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some network mounts do not know the flag; there the check before the rename has to do.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests;
