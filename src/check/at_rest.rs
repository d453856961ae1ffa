//! What `laixin check` says about encryption at rest: that it is missing, that the key is not there, or what would give it away all the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::finding::Value;
use super::{Level, Report};
use crate::Chain;
use crate::at_rest::AtRestError;
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
        match &error {
            // Not the key: what it opens cannot be looked at.
            AtRestError::Io { path, .. } => {
                report.bad("database", "database_shut", &[&path.display().to_string()]);
            }
            AtRestError::Emptied { .. } => return, // told of the database
            // What the credential opens was not begun either: laixin-setup makes both.
            _ if is_before_setup(&wanted, settings) => {
                return report.bad("at_rest", "key_not_made", &[]);
            }
            _ => report.bad("at_rest", "key_not_there", &[]),
        }
        report.said(Chain(&error));
        return;
    }
    let Ok(lock) = settings.lock() else { return };
    let number = lock.current().map(|opened| opened.id().to_string());
    let found = vec![place(&wanted), number.unwrap_or_default().into()];
    report.tell(Level::Good, "at_rest", "key_is", found);
    if lock.is_turning() {
        report.warn("at_rest", "key_half_turned", &[]);
    }
    beside_the_letters(settings, &wanted, report);
    if let AtRest::Credential(name) = &wanted {
        credential(name, report);
    }
    scanner_folders(settings, report);
    swap(report);
}

/// A station out of the package before `laixin-setup`: its key is to be a credential, and nothing is there that a key was made for.
fn is_before_setup(wanted: &AtRest, settings: &Settings) -> bool {
    let begun = [
        settings.database(),
        settings.evidence_dir(),
        settings.station.data_dir.join(crate::at_rest::MARKER_FILE),
    ];
    matches!(wanted, AtRest::Credential(_)) && !begun.iter().any(|path| path.exists())
}

/// Where the key comes from, in words.
fn place(wanted: &AtRest) -> Value {
    let (words, name) = match wanted {
        AtRest::Credential(name) => ("check_page.key_credential", name.clone()),
        AtRest::KeyFile(file) => ("check_page.key_file", file.display().to_string()),
        AtRest::PassphraseFile(file) => ("check_page.key_passphrase", file.display().to_string()),
    };
    Value::Text(words, vec![name.into()])
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

/// Where systemd keeps encrypted credentials, and where `laixin-admin`, which alone may look there, hands on how this one begins.
const STORED: &str = "/etc/credstore.encrypted";
/// How a credential begins that systemd encrypted with the host's own secret alone (`CRED_AES256_GCM_BY_HOST` of its `creds-util.h`, in base64 as the
/// file has it); with a TPM it begins otherwise.
const BY_HOST: &str = "Whxqht+dQJax1aZeCGLx";

/// Without a TPM systemd encrypts with a file of the machine: on the disk of the letters that protects against nobody who takes the disk.
fn credential(name: &str, report: &mut Report) {
    let begins = std::env::var_os("CREDENTIALS_DIRECTORY")
        .and_then(|folder| fs::read(Path::new(&folder).join(format!("{name}.begins"))).ok())
        .or_else(|| fs::read(Path::new(STORED).join(name)).ok());
    let has_tpm = Path::new("/sys/class/tpm/tpm0").exists();
    if is_by_host(begins.as_deref(), has_tpm) {
        report.warn("at_rest", "key_by_host", &[]);
    }
}

/// Where the credential itself cannot be looked at: without a TPM there is nothing else.
fn is_by_host(begins: Option<&[u8]>, has_tpm: bool) -> bool {
    begins.map_or(!has_tpm, |begins| begins.starts_with(BY_HOST.as_bytes()))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What systemd 252 made of one byte with `--with-key=host`, and the example of its documentation for a host with a TPM.
    #[test]
    fn a_key_that_only_the_same_disk_encrypts_is_told_apart_from_one_bound_to_a_tpm() {
        let host = b"Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAAAEt9CMlROXm5UUgS4AAAAAnAvkPomCeq";
        let tpm = b"k6iUCUh0RJCQyvL8k8q1UyAAAAABAAAADAAAABAAAAC1lFmbWAqWZ8dCCQkAAAAAgAAAAAAAAAAL";
        assert!(is_by_host(Some(host), true) && is_by_host(Some(host), false));
        assert!(!is_by_host(Some(tpm), true));
        assert!(is_by_host(None, false) && !is_by_host(None, true));
    }
}
