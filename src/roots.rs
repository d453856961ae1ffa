//! The ledger's newest hash, once a day, where this machine cannot take it back: in a file on another disk, or on paper. A hash
//! chain alone proves nothing against someone who can rewrite all of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::clock::Millis;

/// Where the ledger stood at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Name of the office.
    pub station: String,
    /// The local day, `YYYY-MM-DD`.
    pub day: String,
    /// When it was taken.
    pub at: Millis,
    /// Entries so far.
    pub entries: i64,
    /// Hash of the last of them.
    pub hash: String,
}

/// Why a root could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The file is no root.
    #[error("{} is no root of laixin: it has lines `entries:` and `hash:` (64 hex digits, spaces allowed)", file.display())]
    NotARoot {
        /// The file.
        file: PathBuf,
    },
    /// There is another root of that day.
    #[error("{} is there already and says something else: it is never overwritten", file.display())]
    Other {
        /// The file.
        file: PathBuf,
    },
    /// The system refused.
    #[error("cannot {doing} {}", file.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Root {
    /// As it is exported: short enough to print, to read out, to type in.
    #[must_use]
    pub fn text(&self) -> String {
        let groups: Vec<&str> = (0..self.hash.len())
            .step_by(8)
            .filter_map(|at| self.hash.get(at..at + 8))
            .collect();
        format!(
            "laixin ledger root · 来信存证链根\nstation: {}\nday: {}\nat: {}\nentries: {}\nhash: {}\n",
            self.station,
            self.day,
            self.at.rfc3339(),
            self.entries,
            groups.join(" ")
        )
    }

    /// Writes it into a folder as `DAY.root`. The same again changes nothing.
    ///
    /// # Errors
    /// [`RootError::Other`] when another root of that day is there.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, RootError> {
        let file = folder.join(format!("{}.root", self.day));
        if file.exists() {
            let there = Self::read(&file)?;
            return if (there.entries, &there.hash) == (self.entries, &self.hash) {
                Ok(file)
            } else {
                Err(RootError::Other { file })
            };
        }
        let part = folder.join(format!(".{}.part", self.day));
        let written = (|| {
            let mut to = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o444)
                .open(&part)?;
            to.write_all(self.text().as_bytes())?;
            to.sync_all()?;
            fs::rename(&part, &file)?;
            // Some mounts cannot sync a folder.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
            Ok(())
        })();
        written.map_err(|source| RootError::Io {
            doing: "write",
            file: file.clone(),
            source,
        })?;
        Ok(file)
    }

    /// Reads an exported root, or one typed in from paper.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn read(file: &Path) -> Result<Self, RootError> {
        let text = fs::read_to_string(file).map_err(|source| RootError::Io {
            doing: "read",
            file: file.to_owned(),
            source,
        })?;
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
        };
        let hash: String = value("hash")
            .unwrap_or_default()
            .split_whitespace()
            .collect::<String>()
            .to_lowercase();
        let whole = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let entries = value("entries").and_then(|n| n.parse::<i64>().ok());
        match entries.filter(|n| *n > 0 && whole) {
            Some(entries) => Ok(Self {
                station: value("station").unwrap_or_default(),
                day: value("day").unwrap_or_else(|| "that day".into()),
                at: value("at")
                    .and_then(|at| Millis::parse(&at))
                    .unwrap_or(Millis(0)),
                entries,
                hash,
            }),
            None => Err(RootError::NotARoot {
                file: file.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        Root {
            station: "测试信访局".into(),
            day: "2026-11-27".into(),
            at: Millis(1_795_000_000_000),
            entries: 7,
            hash: "0123456789abcdef".repeat(4),
        }
    }

    #[test]
    fn a_root_comes_back_also_typed_in_capitals() {
        let folder = tempfile::tempdir().unwrap();
        let file = root().write(folder.path()).unwrap();
        assert_eq!(Root::read(&file).unwrap(), root());
        assert_eq!(root().write(folder.path()).unwrap(), file, "again");
        let typed = folder.path().join("typed");
        let text = format!("entries: 7\nhash: {}\n", root().hash.to_uppercase());
        fs::write(&typed, text).unwrap();
        let read = Root::read(&typed).unwrap();
        assert_eq!((read.entries, read.hash), (7, root().hash));
    }

    #[test]
    fn another_root_of_the_same_day_is_refused_and_the_first_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = root().write(folder.path()).unwrap();
        let mut other = root();
        other.hash = "f".repeat(64);
        assert!(matches!(
            other.write(folder.path()),
            Err(RootError::Other { .. })
        ));
        assert_eq!(Root::read(&file).unwrap(), root());
        fs::write(folder.path().join("odd"), "entries: 7\nhash: 12\n").unwrap();
        assert!(Root::read(&folder.path().join("odd")).is_err());
    }
}
