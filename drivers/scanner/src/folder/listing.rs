//! One look at the watched folder: what lies in it and one level below. Opens no file and follows no link.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::{FileKey, Stamp, naming};

/// What kind of thing lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file with a name of its own.
    File,
    /// A hidden file or one whose name says it is not finished.
    Temporary,
    Symlink,
    Special,
    NestedFolder,
    /// A sub-folder that cannot be listed.
    ClosedFolder(io::ErrorKind),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// The sub-folder's name, if it lies in one.
    pub(super) folder: Option<String>,
    pub(super) kind: Kind,
    pub(super) stamp: Stamp,
    pub(super) safe_name: bool,
    /// Somebody writes into it and has not closed it, as far as is known.
    pub(super) is_open: bool,
}

/// Lists the folder, sorted by path. A sub-folder that cannot be listed is an entry of its own; only the watched folder itself is an error.
pub(super) fn list(inbox: &Path, skip: &[PathBuf]) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for item in fs::read_dir(inbox)? {
        let item = item?;
        let Some(metadata) = still_there(&item)? else {
            continue;
        };
        if metadata.is_dir() {
            if !is_hidden(&item.file_name()) && !skip.contains(&item.path()) {
                list_letter_folder(&item.path(), &metadata, &mut entries);
            }
        } else if !is_clutter(&item.file_name()) && !skip.contains(&item.path()) {
            entries.push(entry(item.path(), None, &metadata));
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn list_letter_folder(path: &Path, metadata: &Metadata, entries: &mut Vec<Entry>) {
    let before = entries.len();
    if let Err(error) = try_list_letter_folder(path, entries) {
        entries.truncate(before);
        if error.kind() != io::ErrorKind::NotFound {
            let closed = Entry {
                kind: Kind::ClosedFolder(error.kind()),
                ..entry(path.to_path_buf(), None, metadata)
            };
            entries.push(closed);
        }
    }
}

fn try_list_letter_folder(path: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    let folder = path
        .file_name()
        .map(OsStr::to_os_string)
        .unwrap_or_default();
    for item in fs::read_dir(path)? {
        let item = item?;
        let Some(metadata) = still_there(&item)? else {
            continue;
        };
        let hidden_folder = metadata.is_dir() && is_hidden(&item.file_name());
        if !hidden_folder && !is_clutter(&item.file_name()) {
            entries.push(entry(item.path(), Some(&folder), &metadata));
        }
    }
    Ok(())
}

/// Metadata of the entry itself; `None` when it went away while we looked.
fn still_there(item: &DirEntry) -> io::Result<Option<Metadata>> {
    match item.metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn entry(path: PathBuf, folder: Option<&OsStr>, metadata: &Metadata) -> Entry {
    let name = path.file_name().unwrap_or_default();
    let kind = if metadata.is_symlink() {
        Kind::Symlink
    } else if metadata.is_dir() {
        Kind::NestedFolder
    } else if !metadata.is_file() {
        Kind::Special
    } else if is_temporary(name) {
        Kind::Temporary
    } else {
        Kind::File
    };
    let safe_name = is_safe(name, folder);
    Entry {
        safe_name,
        is_open: false,
        kind,
        stamp: stamp(metadata),
        folder: folder.map(|f| f.to_string_lossy().into_owned()),
        path,
    }
}

/// Both names together go into one name when the file is claimed.
fn is_safe(name: &OsStr, folder: Option<&OsStr>) -> bool {
    let names = || {
        [Some(name), folder]
            .into_iter()
            .flatten()
            .map(OsStr::to_str)
    };
    names().all(|name| name.is_some_and(naming::is_safe))
        && names().flatten().map(naming::kept_bytes).sum::<usize>() <= naming::LONGEST_KEPT_BYTES
}

/// What tells this state of a file from the next.
pub(crate) fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        key: FileKey {
            device: metadata.dev(),
            inode: metadata.ino(),
            born_ns: born_ns(metadata),
        },
        bytes: metadata.len(),
        modified_ns: i128::from(metadata.mtime()) * 1_000_000_000
            + i128::from(metadata.mtime_nsec()),
    }
}

fn born_ns(metadata: &Metadata) -> Option<u128> {
    let since = metadata.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_nanos())
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Files that file managers leave behind and nobody misses.
fn is_clutter(name: &OsStr) -> bool {
    ["thumbs.db", "desktop.ini", ".ds_store", ".directory"]
        .iter()
        .any(|clutter| name.eq_ignore_ascii_case(clutter))
}

fn is_temporary(name: &OsStr) -> bool {
    let lower = name.to_string_lossy().to_lowercase();
    lower.starts_with('.')
        || lower.starts_with('~')
        || lower.ends_with('~')
        || [
            ".tmp",
            ".temp",
            ".part",
            ".partial",
            ".filepart",
            ".crdownload",
            ".swp",
        ]
        .iter()
        .any(|end| lower.ends_with(end))
}
