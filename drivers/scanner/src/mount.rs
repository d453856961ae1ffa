//! On what a folder is mounted. A mount that vanishes leaves its bare mount point: a folder like any other, with other files in it or none. A folder that
//! another one of the same file system is bound onto is not told apart.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Where the file system begins that a folder lies on.
///
/// # Errors
/// When the folder is not there, or the system refuses.
pub fn root(folder: &Path) -> io::Result<PathBuf> {
    let folder = folder.canonicalize()?;
    let device = fs::metadata(&folder)?.dev();
    let within = folder
        .ancestors()
        .take_while(|above| fs::metadata(above).is_ok_and(|above| above.dev() == device));
    Ok(within.last().unwrap_or(&folder).to_path_buf())
}

/// Whether a folder that lay on a mount now lies on what that mount covered.
#[must_use]
pub fn is_gone(folder: &Path, was: &Path) -> bool {
    root(folder).is_ok_and(|now| is_below(&now, was))
}

/// The file system that the folder is on now begins above the one it was on. One that begins elsewhere was mounted since.
fn is_below(now: &Path, was: &Path) -> bool {
    now != was && was.starts_with(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_mount_covered_is_below_it() {
        let below = |now: &str, was: &str| is_below(Path::new(now), Path::new(was));
        assert!(below("/", "/srv/scans"), "the mount is gone");
        assert!(below("/srv", "/srv/scans"), "the upper of two mounts");
        assert!(!below("/srv/scans", "/srv/scans"), "as it was");
        assert!(!below("/srv/scans", "/"), "mounted since");
        assert!(!below("/mnt/new", "/srv/scans"), "another place");
        let folder = tempfile::TempDir::new().unwrap();
        let inbox = folder.path().join("inbox");
        fs::create_dir(&inbox).unwrap();
        assert_eq!(root(&inbox).unwrap(), root(folder.path()).unwrap());
        assert!(!is_gone(&inbox, &root(&inbox).unwrap()));
        assert!(!is_gone(&inbox.join("none"), Path::new("/srv/scans")));
    }
}
