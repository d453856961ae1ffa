//! The machine below the station: its folders and who may look into them, room and speed of its disk, its clock, and how files in scanner
//! folders are noticed.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{statfs, statvfs};

use super::Report;
use crate::clock;
use crate::config::{AtRest, Settings};
use crate::evidence::{SecondFolder, second_begins_by_itself, second_folder};
use crate::store::{ClockTrouble, Db};

/// Below this the station soon keeps nothing any more; a day's letters and their working space need more.
const LITTLE_ROOM: u64 = 5 << 30;
const NO_ROOM: u64 = 500 << 20;
/// Every page takes two files; a disk that can hold no more of them is full, whatever room it has.
const FEW_FILES: u64 = 20_000;
/// A page is safe after two of these; slower, and operators wait for the disk.
const SLOW_SYNC: Duration = Duration::from_millis(150);
const SYNCS: usize = 7;
/// Before this was written.
const EARLIEST_YEAR: i16 = 2026;

/// Everything the station stands on.
pub(super) fn check(settings: &Settings, report: &mut Report) {
    let data = settings.station.data_dir.as_path();
    rights(settings, report);
    room("disk", data, report);
    speed(data, report);
    if let Some(second) = &settings.keeping.second_dir {
        let shown = second.display().to_string();
        match second_folder(settings) {
            Some(SecondFolder::Away) => report.bad("second_disk", "second_away", &[&shown]),
            Some(SecondFolder::New)
                if has_originals(settings) || !second_begins_by_itself(settings) =>
            {
                report.bad("second_disk", "second_new", &[&shown]);
            }
            _ => room("second_disk", second, report),
        }
    }
    if let Some(folder) = settings
        .keeping
        .roots_dir
        .as_deref()
        .filter(|folder| !folder.is_dir())
    {
        let shown = folder.display().to_string();
        report.bad("roots", "roots_away", &[&shown]);
    }
    originals(settings, report);
    clock(settings, report);
    restored(settings, report);
    for scanner in settings.scanners.iter().filter(|s| !s.is_driven()) {
        noticed(
            &scanner.id.to_string(),
            &scanner.folder,
            scanner.rescan_s.0,
            report,
        );
    }
}

fn has_originals(settings: &Settings) -> bool {
    let some = Db::look_at(settings).and_then(|db| db.some_originals());
    some.is_ok_and(|some| !some.is_empty())
}

/// Originals of which no good copy is left, as the last scrub found.
fn originals(settings: &Settings, report: &mut Report) {
    let found = Db::look_at(settings).and_then(|db| db.damaged_originals());
    for damaged in found.unwrap_or_default() {
        report.bad("originals", "original_damaged", &[&damaged.sha256]);
    }
}

pub(super) fn data_folder(settings: &Settings, report: &mut Report) {
    let data = settings.station.data_dir.as_path();
    // The first start makes the data folder, but not what it lies in.
    match data.parent().filter(|_| !data.exists()) {
        Some(above) => folder("data_dir", above, "made_at_start", report),
        None => folder("data_dir", data, "can_be_used", report),
    }
}

pub(super) fn folder(what: &str, folder: &Path, good: &'static str, report: &mut Report) {
    let shown = folder.display().to_string();
    match try_using(folder) {
        Ok(()) => report.good(what, good, &[&shown]),
        Err(error) => {
            report.bad(what, "cannot_be_used", &[&shown]);
            report.said(error);
        }
    }
}

fn try_using(folder: &Path) -> std::io::Result<()> {
    std::fs::read_dir(folder)?;
    let probe = folder.join(".laixin-check");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

/// Who else can look into what is the station's alone; and whether this look says anything about the user that runs it.
fn rights(settings: &Settings, report: &mut Report) {
    let data = &settings.station.data_dir;
    if is_open(data) {
        report.warn("rights", "open_to_others", &[&data.display().to_string()]);
    }
    let at_rest = settings.at_rest.as_ref().and_then(|wanted| match wanted {
        AtRest::Credential(_) => None,
        AtRest::KeyFile(file) | AtRest::PassphraseFile(file) => Some(file),
    });
    let secrets = settings.webhooks.iter().map(|hook| &hook.secret_file);
    let files = secrets
        .chain(at_rest)
        .chain(&settings.backup.key_file)
        .chain(&settings.http.key);
    secrets_open(files, report);
    let owner = data.metadata().map(|meta| meta.uid());
    let asking = rustix::process::geteuid().as_raw();
    if let Ok(owner) = owner.as_ref()
        && *owner != asking
    {
        let numbers = [&asking.to_string(), &owner.to_string()];
        report.warn("rights", "other_user", &numbers.map(String::as_str));
    }
}

fn is_open(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.mode() & 0o077 != 0)
}

/// Those of these files that others of this machine can read.
pub(super) fn secrets_open<'a>(files: impl IntoIterator<Item = &'a PathBuf>, report: &mut Report) {
    for file in files.into_iter().filter(|file| is_open(file)) {
        report.warn("rights", "secret_open", &[&file.display().to_string()]);
    }
}

/// Bytes free for us and bytes in all where this lies.
pub(crate) fn room_of(folder: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some((bytes(disk.f_bavail), bytes(disk.f_blocks)))
}

fn room(what: &str, folder: &Path, report: &mut Report) {
    let Some(there) = folder.ancestors().find(|above| above.exists()) else {
        return;
    };
    let (Ok(disk), Some((free, _))) = (statvfs(there), room_of(there)) else {
        return;
    };
    let (shown, gb) = (
        there.display().to_string(),
        format!("{:.1}", free as f64 / 1e9),
    );
    let told = [shown.as_str(), gb.as_str()];
    if free < NO_ROOM {
        report.bad(what, "disk_room", &told);
    } else if free < LITTLE_ROOM {
        report.warn(what, "disk_room", &told);
    } else {
        report.good(what, "disk_room", &told);
    }
    // File systems without a fixed number of files say 0.
    if disk.f_files > 0 && disk.f_favail < FEW_FILES {
        report.warn(
            what,
            "disk_files",
            &[shown.as_str(), &disk.f_favail.to_string()],
        );
    }
}

/// How long the disk takes to make a few bytes safe, the middle of some trials.
fn speed(data: &Path, report: &mut Report) {
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
    let ms = middle.as_millis().to_string();
    if middle > SLOW_SYNC {
        report.warn("disk_speed", "disk_speed", &[&ms]);
    } else {
        report.good("disk_speed", "disk_speed", &[&ms]);
    }
}

fn clock(settings: &Settings, report: &mut Report) {
    let now = clock::now();
    let back = Db::look_at(settings).ok();
    let trouble = back.and_then(|db| db.clock_trouble().ok().flatten());
    let year = now.day().get(..4).and_then(|year| year.parse::<i16>().ok());
    let told = now.rfc3339();
    if let Some(trouble) = trouble {
        let (code, last) = match trouble {
            ClockTrouble::SetBack(found) => ("clock_back", found.last),
            ClockTrouble::JumpedAhead(found) => ("clock_ahead", found.last),
        };
        report.warn("clock", code, &[&told, &last.rfc3339()]);
    } else if year.is_none_or(|year| year < EARLIEST_YEAR) {
        report.warn("clock", "clock_early", &[&told]);
    } else {
        report.good("clock", "clock_is", &[&told]);
    }
}

fn restored(settings: &Settings, report: &mut Report) {
    let db = Db::look_at(settings).ok();
    if let Some(known_until) = db.and_then(|db| db.handover_stopped().ok().flatten()) {
        report.warn("handover", "restored", &[&known_until.rfc3339()]);
    }
}

/// Mounts from other machines tell nobody of new files: they are looked through by the clock.
fn noticed(scanner: &str, folder: &Path, rescan_s: u64, report: &mut Report) {
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
    let (what, every) = (format!("scanner {scanner}"), rescan_s.to_string());
    match named {
        Some((_, name)) => report.good(&what, "folder_polled", &[&every, name]),
        None => report.good(&what, "folder_told", &[&every]),
    }
}

/// Whether a station runs on this data folder just now.
pub(super) fn station_runs(settings: &Settings) -> bool {
    let lock = File::open(settings.station.data_dir.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}
