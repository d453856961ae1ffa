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

/// Gets the key, so that what comes after can look into the database.
pub(super) fn check(settings: &mut Settings, report: &mut Report) {
    let Some(wanted) = settings.at_rest.clone() else {
        report.warn(
            "at_rest",
            "letters lie in the clear: whoever takes the disk, or a copy of it, reads them",
            "set [at_rest], run `laixin key new`, keep its sheet in a safe, stop the station and run `laixin key encrypt`",
        );
        if let Err(error) = settings.unlock() {
            report.bad(
                "at_rest",
                &Chain(&error).to_string(),
                "set [at_rest] as it was",
            );
        }
        return;
    };
    if let Err(error) = settings.unlock() {
        let then = "`laixin key check` says more; a lost key is replaced by the recovery sheet in the safe, and by nothing else";
        report.bad("at_rest", &Chain(&error).to_string(), then);
        return;
    }
    let Ok(lock) = settings.lock() else { return };
    let number = lock.current().map(|opened| opened.id().to_string());
    let how = format!(
        "{}, number {}; whoever loses it and its sheet (`laixin key sheet`) has lost every letter",
        place_of(&wanted),
        number.unwrap_or_default()
    );
    report.good("at_rest", &how);
    if lock.is_turning() {
        report.warn(
            "at_rest",
            "not everything is encrypted with this key yet: that was cut short",
            "stop the station and run `laixin key encrypt` or `laixin key rotate` again",
        );
    }
    beside_the_letters(settings, &wanted, report);
    scanner_folders(settings, report);
    swap(report);
}

/// A key on the same disk protects against nobody who takes that disk.
fn beside_the_letters(settings: &Settings, wanted: &AtRest, report: &Report) {
    let (AtRest::KeyFile(file) | AtRest::PassphraseFile(file)) = wanted else {
        return;
    };
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    let key = device(file);
    if key.is_some() && key == device(&settings.station.data_dir) {
        report.warn(
            "at_rest",
            &format!("{} lies on the same disk as the letters: whoever takes it has both", file.display()),
            "use a systemd credential (systemd/README.md), or keep the file on a medium that is taken out, or in memory (/run)",
        );
    }
}

/// What a scanner writes lies in the clear until it is taken.
fn scanner_folders(settings: &Settings, report: &Report) {
    for scanner in &settings.scanners {
        let in_memory =
            rustix::fs::statfs(&scanner.folder).map_or(true, |found| found.f_type == TMPFS_MAGIC);
        if !in_memory {
            let why = format!(
                "{}: scans lie there in the clear until they are taken, held ones until somebody decided",
                scanner.folder.display()
            );
            let then = "put the folder on an encrypted disk, or in memory (tmpfs) where a power cut may cost scans that were not taken yet";
            report.warn(&format!("scanner {}", scanner.id), &why, then);
        }
    }
}

fn swap(report: &Report) {
    let areas = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let named: Vec<&str> = areas
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|area| !area.contains("zram") && !area.contains("/dm-"))
        .collect();
    if !named.is_empty() {
        report.warn(
            "at_rest",
            &format!("memory may be written to {} in the clear", named.join(", ")),
            "encrypt the swap space, or switch it off",
        );
    }
}
