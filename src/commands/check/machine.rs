//! The machine below the station: room and speed of its disk, its clock, and how files in scanner folders are noticed.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{statfs, statvfs};

use super::Report;
use crate::clock;
use crate::config::Settings;
use crate::store::{AuditWanted, Db};

/// Below this the station soon keeps nothing any more; a day's letters and their working space need more.
const LITTLE_ROOM: u64 = 5 << 30;
const NO_ROOM: u64 = 500 << 20;
/// A page is safe after two of these; slower, and operators wait for the disk.
const SLOW_SYNC: Duration = Duration::from_millis(150);
const SYNCS: usize = 7;
/// Before this was written.
const EARLIEST_YEAR: i16 = 2026;
/// A clock that went back by more than this is not summer time.
const BACK_MS: i64 = 2 * 60 * 60 * 1000;

/// Everything the station stands on.
pub(super) fn check(settings: &Settings, report: &mut Report) {
    let data = settings.station.data_dir.as_path();
    room("disk", data, report);
    speed(data, report);
    if let Some(second) = &settings.keeping.second_dir {
        room("second disk", second, report);
    }
    clock(settings, report);
    for scanner in settings.scanners.iter().filter(|s| !s.is_driven()) {
        noticed(
            &scanner.id.to_string(),
            &scanner.folder,
            scanner.rescan_s.0,
            report,
        );
    }
}

fn room(what: &str, folder: &Path, report: &mut Report) {
    let Some(there) = folder.ancestors().find(|above| above.exists()) else {
        return;
    };
    let Ok(disk) = statvfs(there) else { return };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let told = format!("{}: {:.1} GB free", there.display(), free as f64 / 1e9);
    let then = "make room, or move the data folder to a larger disk; originals are never deleted by the station";
    if free < NO_ROOM {
        report.bad(what, &told, then);
    } else if free < LITTLE_ROOM {
        report.warn(what, &told, then);
    } else {
        report.good(what, &told);
    }
}

/// How long the disk takes to make a few bytes safe, the middle of some trials.
fn speed(data: &Path, report: &Report) {
    let probe = data.join(".laixin-check");
    let once = || -> std::io::Result<Duration> {
        let began = Instant::now();
        let mut file = File::create(&probe)?;
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        Ok(began.elapsed())
    };
    let took: std::io::Result<Vec<_>> = (0..SYNCS).map(|_| once()).collect();
    let _ = std::fs::remove_file(&probe);
    // A folder that cannot be written was told above.
    let Ok(mut took) = took else { return };
    took.sort();
    let middle = took[SYNCS / 2];
    let told = format!("{} ms to make a page's record safe", middle.as_millis());
    if middle > SLOW_SYNC {
        let then =
            "take a solid-state disk for the data folder, or find what else writes to this one";
        report.warn("disk speed", &told, then);
    } else {
        report.good("disk speed", &told);
    }
}

fn clock(settings: &Settings, report: &Report) {
    let now = clock::now();
    let then = "set the clock (timedatectl); due dates and records count by it";
    let newest = Db::look_at(settings)
        .ok()
        .and_then(|db| db.audit(&AuditWanted::default(), 1).ok());
    let newest = newest.and_then(|entries| entries.into_iter().next());
    let back = newest.filter(|entry| now.0 + BACK_MS < entry.at.0);
    let year = now.day().get(..4).and_then(|year| year.parse::<i16>().ok());
    if let Some(entry) = back {
        let why = format!(
            "{}: before the ledger's newest entry of {}",
            now.rfc3339(),
            entry.at.rfc3339()
        );
        report.warn("clock", &why, then);
    } else if year.is_none_or(|year| year < EARLIEST_YEAR) {
        report.warn("clock", &format!("{}: too early", now.rfc3339()), then);
    } else {
        report.good("clock", &now.rfc3339());
    }
}

/// Mounts from other machines tell nobody of new files: they are looked through by the clock.
fn noticed(scanner: &str, folder: &Path, rescan_s: u64, report: &Report) {
    const FROM_ELSEWHERE: [(u32, &str); 6] = [
        (0x6969, "NFS"),
        (0xFF53_4D42, "SMB"),
        (0xFE53_4D42, "SMB"),
        (0x517B, "SMB"),
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9p"),
    ];
    let Ok(disk) = statfs(folder) else { return };
    let kind = disk.f_type as u32;
    let named = FROM_ELSEWHERE.iter().find(|(magic, _)| *magic == kind);
    let how = match named {
        Some((_, name)) => {
            format!("looked through every {rescan_s} s: {name} tells nobody of new files")
        }
        None => format!("new files are told at once, and looked for every {rescan_s} s besides"),
    };
    report.good(&format!("scanner {scanner}"), &how);
}

/// Whether a station runs on this data folder just now.
pub(super) fn station_runs(settings: &Settings) -> bool {
    let lock = File::open(settings.station.data_dir.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}
