//! Claims on a real filesystem.

use super::*;
use crate::PageHint;
use std::time::Instant;
use tempfile::TempDir;

fn found(path: &Path) -> Found {
    Found {
        path: path.to_path_buf(),
        name: "shown".into(),
        group: "A001".into(),
        hint: PageHint {
            kind: crate::PageKind::Letter,
            number: None,
        },
        stamp: stamp_of(path).unwrap(),
        first_seen: Instant::now(),
    }
}

fn with_file(name: &str) -> (TempDir, PathBuf, PathBuf) {
    let root = TempDir::new().unwrap();
    let inbox = root.path().join("inbox");
    let path = inbox.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"page").unwrap();
    (root, inbox, path)
}

#[test]
fn claim_survives_restart() {
    for name in ["A001_p1.jpg", "A001/100%2F.jpg", "信封/信 封__x.jpg"] {
        let (root, inbox, path) = with_file(name);
        let claimed = claim(&found(&path), &inbox, "01J-abc").unwrap();
        assert!(!path.exists());
        let again = leftovers(&inbox).unwrap();
        assert_eq!(again.claimed, [claimed]);
        assert!(again.strangers.is_empty());
        assert_eq!(again.claimed[0].name(), name);
        let done = finish(&again.claimed[0], &root.path().join("done")).unwrap();
        assert_eq!(done, root.path().join("done").join(name));
        assert_eq!(fs::read(done).unwrap(), b"page");
        assert!(leftovers(&inbox).unwrap().claimed.is_empty());
    }
}

#[test]
fn two_stations_on_one_folder() {
    let (_root, inbox, path) = with_file("A001_p1.jpg");
    let found = found(&path);
    claim(&found, &inbox, "one").unwrap();
    assert!(matches!(
        claim(&found, &inbox, "two"),
        Err(ClaimError::Gone { .. })
    ));
}

#[test]
fn file_written_after_the_offer_is_left() {
    let (_root, inbox, path) = with_file("A001_p1.jpg");
    let found = found(&path);
    fs::write(&path, b"page and more").unwrap();
    assert!(matches!(
        claim(&found, &inbox, "1"),
        Err(ClaimError::Changed { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"page and more");
    assert!(leftovers(&inbox).unwrap().claimed.is_empty());
}

#[test]
fn finished_files_never_replace_one_another() {
    let (root, inbox, path) = with_file("A001_p1.jpg");
    let done = root.path().join("done");
    let mut names = Vec::new();
    for (id, bytes) in [("1", b"first"), ("2", b"other"), ("3", b"third")] {
        fs::write(&path, bytes).unwrap();
        let claimed = claim(&found(&path), &inbox, id).unwrap();
        names.push(
            finish(&claimed, &done)
                .unwrap()
                .file_name()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(names, ["A001_p1.jpg", "A001_p1 (2).jpg", "A001_p1 (3).jpg"]);
    assert_eq!(fs::read(done.join("A001_p1.jpg")).unwrap(), b"first");
}

#[test]
fn set_aside_keeps_the_file_untouched() {
    let (root, inbox, path) = with_file("A001/p\n1.jpg");
    let held = set_aside(&path, &inbox, &root.path().join("held"), "unsafe_name").unwrap();
    assert_eq!(held, root.path().join("held/unsafe_name/A001/p_1.jpg"));
    assert_eq!(fs::read(held).unwrap(), b"page");
    let outside = root.path().join("other.jpg");
    fs::write(&outside, b"x").unwrap();
    assert!(matches!(
        set_aside(&outside, &inbox, &root.path().join("held"), "x"),
        Err(ClaimError::Outside { .. })
    ));
}

#[test]
fn link_is_moved_and_not_followed() {
    let (root, inbox, path) = with_file("A001_p1.jpg");
    let link = inbox.join("link.jpg");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let held = set_aside(&link, &inbox, &root.path().join("held"), "symlink").unwrap();
    assert!(held.is_symlink() && path.exists());
}

#[test]
fn long_names_still_get_a_number() {
    let (root, inbox, path) = with_file(&format!("{}.jpg", "长".repeat(80)));
    let held = root.path().join("held");
    set_aside(&path, &inbox, &held, "x").unwrap();
    fs::write(&path, b"second").unwrap();
    let second = set_aside(&path, &inbox, &held, "x").unwrap();
    assert!(second.to_string_lossy().ends_with(" (2).jpg"));
}

#[test]
fn put_back_never_replaces() {
    let (_root, inbox, path) = with_file("A001_p1.jpg");
    let claimed = claim(&found(&path), &inbox, "1").unwrap();
    fs::write(&path, b"newer").unwrap();
    assert!(put_back(&claimed, &inbox).is_err());
    assert_eq!(fs::read(&path).unwrap(), b"newer");
    fs::remove_file(&path).unwrap();
    put_back(&claimed, &inbox).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"page");
}

#[test]
fn ids_and_places_that_cannot_be() {
    let (root, inbox, path) = with_file("A001/deep/p1.jpg");
    for id in ["", "a_b", "../x", "a/b"] {
        assert!(
            matches!(
                claim(&found(&path), &inbox, id),
                Err(ClaimError::ArrivalId { .. })
            ),
            "{id}"
        );
    }
    assert!(matches!(
        claim(&found(&path), &inbox, "1"),
        Err(ClaimError::Outside { .. })
    ));
    fs::create_dir_all(inbox.join(CLAIMED_FOLDER)).unwrap();
    fs::write(inbox.join(CLAIMED_FOLDER).join("stranger.jpg"), b"x").unwrap();
    assert_eq!(leftovers(&inbox).unwrap().strangers.len(), 1);
    drop(root);
}

#[test]
fn other_filesystem_is_said() {
    let Ok(elsewhere) = TempDir::new_in("/dev/shm") else {
        println!("skipped: no second filesystem to write to");
        return;
    };
    let (_root, inbox, path) = with_file("A001_p1.jpg");
    let claimed = claim(&found(&path), &inbox, "1").unwrap();
    if stamp_of(&claimed.path).unwrap().key.device == stamp_of(elsewhere.path()).unwrap().key.device
    {
        println!("skipped: both folders are on one filesystem");
        return;
    }
    assert!(matches!(
        finish(&claimed, elsewhere.path()),
        Err(ClaimError::OtherFilesystem { .. })
    ));
    assert!(claimed.path.exists());
}

/// A second station that runs said of its folder that all was well, while the first one took the pages out of it.
#[test]
fn a_folder_that_another_process_has_is_told_from_ones_own() {
    let (root, inbox, _) = with_file("A001_p1.jpg");
    let data = root.path().join("data");
    fs::create_dir(&data).unwrap();
    let station = File::create(data.join("lock")).unwrap();
    station.try_lock().unwrap();
    let owned = own(&inbox).unwrap().unwrap();
    assert!(is_owned(&inbox) && !is_anothers(&inbox, &data));
    drop(owned);
    let mut other = std::process::Command::new("flock")
        .args(["--no-fork", "-x"])
        .arg(inbox.join(CLAIMED_FOLDER).join(LOCK_FILE))
        .args(["sleep", "60"])
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !is_owned(&inbox) && began.elapsed().as_secs() < 20 {
        std::thread::yield_now();
    }
    let is_told = is_anothers(&inbox, &data);
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(is_told);
}
