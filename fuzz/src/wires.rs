//! What scanners and their software write.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use scanner::escl::xml;
use scanner::{index, naming};

/// A folder in memory, where there is one.
pub(super) fn quick_folder() -> PathBuf {
    let in_memory = Path::new("/dev/shm");
    if in_memory.is_dir() {
        in_memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// Capabilities and state over eSCL, and the options of `scanimage`.
pub(super) fn scanner(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(status) = xml::status(&text) {
        let _ = status.job("/eSCL/ScanJobs/1");
    }
    let _ = xml::capabilities(&text);
    let _ = scanner::sane::offer_of(&text);
}

/// A list that it takes names no image twice, and none by a path.
pub(super) fn index(bytes: &[u8]) {
    let Ok(letters) = index::parse("A001", bytes) else {
        return;
    };
    let mut seen = HashSet::new();
    for letter in &letters {
        assert!(!letter.pages.is_empty());
        for page in &letter.pages {
            assert!(seen.insert(page), "{page} twice");
            assert!(!page.contains(['/', '\\']), "{page}");
            let alone = naming::parse(None, page);
            assert!(page.starts_with(&alone.group), "{page}: {alone:?}");
            assert_eq!(
                naming::parse(Some(&letter.letter), page).group,
                letter.letter
            );
        }
    }
}
