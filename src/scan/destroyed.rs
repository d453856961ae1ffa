//! The scans of destroyed originals in the scanners' folders: a letter is not gone while its pages lie in `done/`. A file is removed only where its bytes
//! are the original's; what cannot be removed is named. Copies that others made elsewhere nobody here knows of.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use scanner::claim;

use super::mounted;
use crate::Chain;
use crate::config::Settings;
use crate::digest::sha256_of_file;
use crate::store::ScanOf;

/// What became of them.
#[derive(Debug, Default)]
pub struct Swept {
    /// Arrivals whose file was removed.
    pub removed: Vec<String>,
    /// Files that are still there, or may be.
    pub left: BTreeSet<PathBuf>,
}

/// Removes what these arrivals left in their scanners' folders.
pub fn sweep(settings: &Settings, scans: &[ScanOf]) -> Swept {
    let mut swept = Swept::default();
    for scan in scans {
        let removed = there(settings, scan).and_then(|files| {
            let remove = |file: &PathBuf| {
                fs::remove_file(file)
                    .and_then(|()| {
                        file.parent()
                            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
                    })
                    .map_err(|error| (file.clone(), error))
            };
            files.iter().try_for_each(remove).map(|()| files.len())
        });
        match removed {
            Ok(0) => {}
            Ok(_) => swept.removed.push(scan.arrival.clone()),
            Err((file, error)) => {
                tracing::error!(file = %file.display(), error = %Chain(&error), "a scan of a destroyed original is still there");
                swept.left.insert(file);
            }
        }
    }
    swept
}

/// What these arrivals left in their scanners' folders and is there, or may be.
pub fn left(settings: &Settings, scans: &[ScanOf]) -> BTreeSet<PathBuf> {
    let found = scans.iter().flat_map(|scan| match there(settings, scan) {
        Ok(files) => files,
        Err((file, _)) => vec![file],
    });
    found.collect()
}

/// The files of one arrival that are there still; or which of them cannot be looked at, and why.
fn there(settings: &Settings, scan: &ScanOf) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let away =
        |file: PathBuf, what: &str| Err((file, io::Error::new(io::ErrorKind::NotFound, what)));
    let mut scanners = settings.scanners.iter();
    let Some(scanner) = scanners.find(|known| known.id.to_string() == scan.source) else {
        let file = Path::new(&scan.source).join("done").join(&scan.name);
        return away(file, "its scanner is in no settings any more");
    };
    let (inbox, done) = (&scanner.folder, scanner.folder.join("done"));
    let was = mounted::remembered(inbox, &settings.station.data_dir, &scan.source);
    if was.is_some_and(|was| scanner::mount::is_gone(inbox, &was)) || fs::read_dir(inbox).is_err() {
        return away(done.join(&scan.name), "the scanner's folder is not there");
    }
    let kept = scan.kept_as.as_ref().map(|kept| inbox.join(kept));
    let places: BTreeSet<PathBuf> = claim::finished_as(&scan.name, &done).chain(kept).collect();
    let mut files = Vec::new();
    for place in places {
        match is_scan(&place, scan) {
            Ok(true) => files.push(place),
            Ok(false) => {}
            Err(error) => return Err((place, error)),
        }
    }
    Ok(files)
}

/// Whether a file is there and has the bytes of that original.
fn is_scan(file: &Path, scan: &ScanOf) -> io::Result<bool> {
    match fs::symlink_metadata(file) {
        Ok(found) if found.is_file() && found.len() == scan.size => {
            Ok(sha256_of_file(file)?.0 == scan.sha256)
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(false),
    }
}
