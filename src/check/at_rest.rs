//! What `laixin check` says about encryption at rest: that it is missing, that the key is not there, or what would give it away all the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Report;
use crate::Chain;
use crate::at_rest::place_of;
use crate::config::{AtRest, Settings};

/// `statfs(2)`: the file system lives in memory.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Gets the key, so that what comes after can look into the database; a running station has it.
pub(super) fn check(settings: &mut Settings, is_inside: bool, report: &mut Report) {
    let unlocked = match is_inside {
        true => Ok(()),
        false => settings.unlock(),
    };
    let Some(wanted) = settings.at_rest.clone() else {
        report.warn("at_rest", "in_the_clear", &[]);
        if let Err(error) = unlocked {
            report.bad("at_rest", "key_not_named", &[]);
            report.said(Chain(&error));
        }
        return;
    };
    if let Err(error) = unlocked {
        report.bad("at_rest", "key_not_there", &[]);
        report.said(Chain(&error));
        return;
    }
    let Ok(lock) = settings.lock() else { return };
    let number = lock.current().map(|opened| opened.id().to_string());
    let place = place_of(&wanted);
    report.good("at_rest", "key_is", &[&place, &number.unwrap_or_default()]);
    if lock.is_turning() {
        report.warn("at_rest", "key_half_turned", &[]);
    }
    beside_the_letters(settings, &wanted, report);
    scanner_folders(settings, report);
    swap(report);
}

/// A key on the same disk protects against nobody who takes that disk.
fn beside_the_letters(settings: &Settings, wanted: &AtRest, report: &mut Report) {
    let (AtRest::KeyFile(file) | AtRest::PassphraseFile(file)) = wanted else {
        return;
    };
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    let key = device(file);
    if key.is_some() && key == device(&settings.station.data_dir) {
        report.warn(
            "at_rest",
            "key_beside_letters",
            &[&file.display().to_string()],
        );
    }
}

/// What a scanner writes lies in the clear until it is taken.
fn scanner_folders(settings: &Settings, report: &mut Report) {
    for scanner in &settings.scanners {
        let in_memory =
            rustix::fs::statfs(&scanner.folder).map_or(true, |found| found.f_type == TMPFS_MAGIC);
        if !in_memory {
            let folder = scanner.folder.display().to_string();
            let what = format!("scanner {}", scanner.id);
            report.warn(&what, "scans_in_the_clear", &[&folder]);
        }
    }
}

fn swap(report: &mut Report) {
    let areas = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let named: Vec<&str> = areas
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|area| !area.contains("zram") && !area.contains("/dm-"))
        .collect();
    if !named.is_empty() {
        report.warn("at_rest", "swap_in_the_clear", &[&named.join(", ")]);
    }
}
