//! The machine below the station: its folders and who may look into them, room and speed of its disk, and how files in scanner folders are
//! noticed.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Access, AtFlags, CWD, accessat, statfs, statvfs};

use super::Report;
use crate::config::{AtRest, Settings};
use crate::evidence::{SecondFolder, second_begins_by_itself, second_folder};
use crate::health::Readiness;
use crate::store::Db;

/// Below this the station soon keeps nothing any more; a day's letters and their working space need more.
const LITTLE_ROOM: u64 = 5 << 30;
const NO_ROOM: u64 = 500 << 20;
/// Every page takes two files; a disk that can hold no more of them is full, whatever room it has.
const FEW_FILES: u64 = 20_000;
/// A page is safe after two of these; slower, and operators wait for the disk.
const SLOW_SYNC: Duration = Duration::from_millis(150);
const SYNCS: usize = 7;

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
    super::clock::check(settings, report);
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
    // Of a folder that is shut itself everything in it is.
    let found = try_using(data).ok().and_then(|()| of_another(settings));
    if let Some((path, error)) = found {
        report.bad(
            "data_dir",
            "not_the_stations",
            &[&path.display().to_string()],
        );
        report.said(error);
    }
}

/// What of the data folder the station cannot read and write: with it, it does not start, or does not find what it has.
fn of_another(settings: &Settings) -> Option<(PathBuf, io::Error)> {
    let data = &settings.station.data_dir;
    let owner = data.metadata().ok()?.uid();
    let originals = settings.evidence_dir();
    let database = settings.database();
    let beside = |ending| PathBuf::from(format!("{}{ending}", database.display()));
    let folders = fs::read_dir(&originals)
        .into_iter()
        .flatten()
        .filter_map(|item| {
            item.ok()
                .map(|item| item.path())
                .filter(|path| path.is_dir())
        });
    [
        originals.clone(),
        database.clone(),
        beside("-wal"),
        beside("-shm"),
        data.join("lock"),
        data.join(crate::at_rest::MARKER_FILE),
    ]
    .into_iter()
    .chain(folders.filter(|path| !path.ends_with("lost+found")))
    .find_map(|path| may_use(&path, owner).err().map(|error| (path, error)))
}

/// Whether whoever asks may read and write this. Root always may: for the station, owner and mode are looked at.
fn may_use(path: &Path, owner: u32) -> io::Result<()> {
    let found = match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if owner != 0 && rustix::process::geteuid().is_root() {
        let needed = if found.is_dir() { 0o700 } else { 0o600 };
        return match found.uid() == owner && found.mode() & needed == needed {
            true => Ok(()),
            false => Err(rustix::io::Errno::ACCESS.into()),
        };
    }
    let mut access = Access::READ_OK | Access::WRITE_OK;
    if found.is_dir() {
        access |= Access::EXEC_OK;
    }
    Ok(accessat(CWD, path, access, AtFlags::EACCESS)?)
}

pub(super) fn folder(what: &str, folder: &Path, good: &'static str, report: &mut Report) {
    let shown = folder.display().to_string();
    match try_using(folder) {
        Ok(()) => report.good(what, good, &[&shown]),
        Err(error) => {
            report.bad(what, unusable(error.kind()), &[&shown]);
            report.said(error);
        }
    }
}

/// A disk that takes nothing is not mended by giving its folder to somebody.
fn unusable(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded => "disk_takes_nothing",
        _ => "cannot_be_used",
    }
}

/// Originals that a running station cannot read just now: it says so itself.
pub(super) fn unreadable(readiness: &Readiness, report: &mut Report) {
    let why = readiness.parts().remove("originals").flatten();
    if let Some(why) = why.filter(|why| why.code == "originals_unreadable") {
        report.bad("originals", "originals_unreadable", &[]);
        report.said(why.message);
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
    // Where the station's account asks and the folder is another's, that is told above: the folder is wrong, not who asks.
    if let Ok(owner) = owner.as_ref()
        && *owner != asking
        && (asking == 0 || try_using(data).is_ok())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, chown};

    fn told(settings: &Settings) -> Vec<(&'static str, Option<PathBuf>)> {
        let mut report = Report::default();
        data_folder(settings, &mut report);
        let codes = report.findings.iter().map(|one| one.code);
        let path = of_another(settings).map(|(path, _)| path);
        codes.map(|code| (code, path.clone())).collect()
    }

    #[test]
    fn a_read_only_or_full_disk_is_not_to_be_given_to_somebody() {
        for kind in [
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::StorageFull,
        ] {
            assert_eq!(unusable(kind), "disk_takes_nothing");
        }
        assert_eq!(unusable(io::ErrorKind::PermissionDenied), "cannot_be_used");
        assert_eq!(unusable(io::ErrorKind::NotFound), "cannot_be_used");
    }

    #[test]
    fn originals_that_the_stations_account_cannot_write_are_bad_before_it_fails_to_start() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root gives files away");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/station.toml");
        let mut settings = Settings::load(Path::new(shipped)).unwrap();
        settings.station.data_dir = folder.path().to_owned();
        let unfinished = settings.evidence_dir().join("unfinished");
        fs::create_dir_all(&unfinished).unwrap();
        fs::write(settings.database(), "x").unwrap();
        let station = 4711;
        for path in [
            folder.path(),
            &settings.evidence_dir(),
            &unfinished,
            &settings.database(),
        ] {
            chown(path, Some(station), Some(station)).unwrap();
        }
        assert_eq!(told(&settings), [("can_be_used", None)]);
        for path in [
            settings.evidence_dir(),
            unfinished.clone(),
            settings.database(),
        ] {
            chown(&path, Some(0), Some(0)).unwrap();
            let bad = Some(path.clone());
            let expected = [("can_be_used", bad.clone()), ("not_the_stations", bad)];
            assert_eq!(told(&settings), expected);
            chown(&path, Some(station), Some(station)).unwrap();
        }
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o500)).unwrap();
        assert_eq!(told(&settings).len(), 2);
    }
}
