//! Folders that are away: told, once each.

use std::fs;

use super::{stopped, verify};

/// The anchor outside the station was missing for ever, and only the log knew.
#[test]
fn a_missing_folder_for_roots_is_told_by_the_check_and_by_verify() {
    let station = stopped();
    let check = || station.try_command(&["check"], None);
    let told = |what: &str| String::from_utf8_lossy(&check().stdout).contains(what);
    let folder = station.folder("roots");
    assert!(!told(&format!("{}：不存在", folder.display())));
    fs::remove_dir_all(&folder).unwrap();
    assert!(told(&format!("{}：不存在", folder.display())));
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("roots: NOT COMPARED"), "{text}");
}

#[test]
fn second_copies_that_are_away_are_told_once_and_not_for_each_original() {
    let station = stopped();
    fs::remove_dir_all(station.folder("data/second")).unwrap();
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(text.matches("second copies").count(), 1, "{text}");
}
