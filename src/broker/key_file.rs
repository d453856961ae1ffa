//! A key in a file that only its owner reads.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file cannot be read.
    #[error("{} cannot be read: it should hold the {what}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others on this machine may read it.
    #[error("{} may be read by other users of this machine: chmod 600", file.display())]
    Open {
        /// The file.
        file: PathBuf,
    },
    /// It holds something else.
    #[error("{} holds no {what}", file.display())]
    Other {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// What is meant for another is sealed to the one who seals it.
    #[error("{} is the private half of what seal_to names: write the other side's public key there, for nobody else could open what is sealed", file.display())]
    Own {
        /// The file.
        file: PathBuf,
    },
}

/// The key that `parse` makes of the file's text.
///
/// # Errors
/// [`KeyFault`].
pub(super) fn read<K>(
    file: &Path,
    what: &'static str,
    parse: impl FnOnce(&str) -> Option<K>,
) -> Result<K, KeyFault> {
    let unreadable = |source| KeyFault::Unreadable {
        file: file.to_owned(),
        what,
        source,
    };
    let meta = std::fs::metadata(file).map_err(unreadable)?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(KeyFault::Open {
            file: file.to_owned(),
        });
    }
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(unreadable)?);
    parse(text.trim()).ok_or_else(|| KeyFault::Other {
        file: file.to_owned(),
        what,
    })
}
