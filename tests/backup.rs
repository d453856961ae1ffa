//! Back-up and restore of a running station, with what goes wrong: killed, full, damaged, another key, another station.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::{LAIXIN, TestStation, wait_for};

/// Another page each time, small and quick to read.
fn page(number: u32) -> Vec<u8> {
    let (width, height) = (64u32, 48u32);
    let mut pixels: Vec<u8> = (0..width * height)
        .map(|at| 200 + (at % 31) as u8)
        .collect();
    pixels[..4].copy_from_slice(&number.to_be_bytes());
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

struct Seed(u64);

impl Seed {
    /// `LAIXIN_SEED` repeats a run.
    fn new() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let fresh = now.expect("after 1970").as_nanos() as u64;
        let given = std::env::var("LAIXIN_SEED").ok();
        let seed = given.and_then(|text| text.parse().ok()).unwrap_or(fresh);
        println!("LAIXIN_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn key(station: &TestStation) -> PathBuf {
    let file = station.folder("backup.key");
    if !file.exists() {
        let text = file.to_str().unwrap();
        let done = Command::new(LAIXIN)
            .env("LC_MESSAGES", "en")
            .args(["backup", "--new-key", text])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", told(&done));
    }
    file
}

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn backup(station: &TestStation, to: &Path) -> Output {
    let (to, key) = (to.to_str().unwrap(), key(station));
    station.try_command(&["backup", to, "--key-file", key.to_str().unwrap()], None)
}

/// Restores into a machine of its own: a folder whose settings differ in their data folder only.
fn restore(station: &TestStation, from: &Path, machine: &str) -> Output {
    restore_with(station, from, machine, &[])
}

fn restore_with(station: &TestStation, from: &Path, machine: &str, more: &[&str]) -> Output {
    let settings = fs::read_to_string(station.folder("station.toml")).unwrap();
    let other = settings.replace("data_dir = \"data\"", &format!("data_dir = \"{machine}\""));
    let config = station.folder(&format!("{machine}.toml"));
    fs::write(&config, other).unwrap();
    let key = key(station);
    Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .arg("restore")
        .arg(from)
        .args(more)
        .arg("--key-file")
        .arg(key)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap()
}

fn verify(station: &TestStation, machine: &str) -> Output {
    Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .arg("verify")
        .arg("--config")
        .arg(station.folder(&format!("{machine}.toml")))
        .output()
        .unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn originals(data: &Path) -> BTreeSet<String> {
    let all = files_below(&data.join("evidence"));
    all.iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| name.len() == 64)
        .collect()
}

/// A station with an open load, a few pages in it.
fn station_with(pages: u32) -> TestStation {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    station.open_batch(pages);
    for n in 0..pages {
        station.scan_bytes(&page(n), &format!("L{n:03}_p1.png"));
    }
    arrived(&station, pages as usize);
    station
}

/// A file is in `done` once its page is committed.
fn arrived(station: &TestStation, pages: usize) {
    wait_for("the pages to arrive", 90, || {
        (files_below(&station.folder("inbox/done")).len() >= pages).then_some(())
    });
}

#[test]
fn killed_at_random_moments_while_pages_arrive_and_then_restored_on_another_machine() {
    let mut seed = Seed::new();
    let mut station = station_with(6);
    let to = station.folder("backups");
    let key = key(&station);
    let mut whole = 0;
    for round in 0..12 {
        for n in 0..3 {
            let number = 100 + round * 10 + n;
            station.scan_bytes(&page(number), &format!("L{number:03}_p1.png"));
        }
        let mut child = Command::new(LAIXIN)
            .env("LC_MESSAGES", "en")
            .arg("backup")
            .arg(&to)
            .arg("--key-file")
            .arg(&key)
            .arg("--config")
            .arg(station.folder("station.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The moment of the kill is the point of this test, so it is a time and not a condition.
        std::thread::park_timeout(Duration::from_millis(seed.below(2500)));
        let _ = child.kill();
        whole += u32::from(child.wait().unwrap().success());
        // Whatever is there under its name is whole.
        let done = backup_list(&station, &to, &key);
        assert!(
            done.status.success() || !to.join("laixin-backup.json").exists(),
            "round {round}: {}",
            told(&done)
        );
    }
    println!("{whole} of 12 were through before the kill");
    arrived(&station, 42);
    let last = backup(&station, &to);
    assert!(last.status.success(), "{}", told(&last));
    assert!(
        files_below(&station.folder("data"))
            .iter()
            .all(|file| !file.to_string_lossy().contains("backing-up")),
        "no copy of the database stays behind"
    );
    let expected = originals(&station.folder("data"));
    station.kill();
    let done = restore(&station, &to, "other");
    assert!(done.status.success(), "{}", told(&done));
    assert_eq!(originals(&station.folder("other")), expected);
    assert_eq!(expected.len(), 42);
    let done = verify(&station, "other");
    assert!(done.status.success(), "{}", told(&done));
    assert!(told(&done).contains("originals: 42 of 42 unaltered"));
}

fn backup_list(station: &TestStation, folder: &Path, key: &Path) -> Output {
    let (folder, key) = (folder.to_str().unwrap(), key.to_str().unwrap());
    station.try_command(&["backup", folder, "--key-file", key, "--list"], None)
}

#[test]
fn a_second_back_up_writes_only_what_is_new_and_nothing_can_be_read_without_the_key() {
    let station = station_with(3);
    let to = station.folder("backups");
    let first = backup(&station, &to);
    assert!(
        told(&first).contains("3 originals (3 new)"),
        "{}",
        told(&first)
    );
    let before: Vec<_> = files_below(&to.join("blobs"));
    let times = |files: &[PathBuf]| -> Vec<SystemTime> {
        let modified = |file: &PathBuf| fs::metadata(file).unwrap().modified().unwrap();
        files.iter().map(modified).collect()
    };
    let old = times(&before);
    station.scan_bytes(&page(50), "L050_p1.png");
    arrived(&station, 4);
    let second = backup(&station, &to);
    assert!(
        told(&second).contains("4 originals (1 new)"),
        "{}",
        told(&second)
    );
    assert_eq!(times(&before), old, "what was there was not written again");
    for file in files_below(&to) {
        let bytes = fs::read(&file).unwrap();
        let name = file.to_string_lossy().into_owned();
        let shows = |word: &[u8]| bytes.windows(word.len()).any(|w| w == word);
        assert!(!shows(b"\x89PNG"), "{name} shows an image");
        assert!(!shows(b"SQLite format"), "{name} shows the database");
        assert!(!shows("测试信访局".as_bytes()), "{name} shows the office");
    }
    for sha256 in originals(&station.folder("data")) {
        let named = files_below(&to).iter().any(|f| f.ends_with(&sha256));
        assert!(!named, "a file's name tells what it is");
    }
}

#[test]
fn without_a_key_nothing_is_written_unless_somebody_asks_for_it_in_words() {
    let station = station_with(1);
    let to = station.folder("backups");
    let folder = to.to_str().unwrap();
    let refused = station.try_command(&["backup", folder], None);
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("--new-key"), "{}", told(&refused));
    assert!(!to.exists());
    let open = station.try_command(&["backup", folder, "--unencrypted"], None);
    assert!(open.status.success(), "{}", told(&open));
    let mixed = backup(&station, &to);
    assert_eq!(mixed.status.code(), Some(2));
    assert!(told(&mixed).contains("holds unencrypted back-ups"));
    let none = station.folder("short.key");
    fs::write(&none, "secret\n").unwrap();
    let sealed = station.folder("sealed");
    let short = [
        "backup",
        sealed.to_str().unwrap(),
        "--key-file",
        none.to_str().unwrap(),
    ];
    assert_eq!(station.try_command(&short, None).status.code(), Some(2));
}

#[test]
fn another_key_another_station_and_a_strangers_folder_are_refused() {
    let station = station_with(1);
    let to = station.folder("backups");
    assert!(backup(&station, &to).status.success());
    let other_key = station.folder("other.key");
    fs::write(&other_key, "quite another passphrase").unwrap();
    let wrong = station.try_command(
        &[
            "backup",
            to.to_str().unwrap(),
            "--key-file",
            other_key.to_str().unwrap(),
        ],
        None,
    );
    assert_eq!(wrong.status.code(), Some(2));
    assert!(told(&wrong).contains("another key"), "{}", told(&wrong));

    let stranger = TestStation::new();
    fs::copy(key(&station), stranger.folder("backup.key")).unwrap();
    let mixed = backup(&stranger, &to);
    assert_eq!(mixed.status.code(), Some(1));
    assert!(told(&mixed).contains("another station"), "{}", told(&mixed));

    let photos = station.folder("photos");
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("holiday.jpg"), "x").unwrap();
    let refused = backup(&station, &photos);
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("no folder of laixin's back-ups"));
    assert_eq!(files_below(&photos).len(), 1, "nothing was put there");
}

#[test]
fn a_folder_within_the_station_is_refused_and_nothing_is_put_there() {
    let station = station_with(1);
    for within in [
        "data/backups",
        "data",
        "data/evidence/../old",
        "data/evidence/backups",
    ] {
        let refused = backup(&station, &station.folder(within));
        assert_eq!(refused.status.code(), Some(2), "{within}");
        let said = told(&refused);
        assert!(said.contains("lies within"), "{within}: {said}");
    }
    assert!(!station.folder("data/backups").exists());
    assert!(!station.folder("data/old").exists());
    assert!(
        backup(&station, &station.folder("backups"))
            .status
            .success()
    );
}

#[test]
fn the_offices_own_holidays_are_in_the_back_up_and_come_back() {
    let station = station_with(1);
    let holidays = station.folder("holidays.toml");
    fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/config/holidays.toml"),
        &holidays,
    )
    .unwrap();
    let config = station.folder("station.toml");
    let settings = fs::read_to_string(&config).unwrap();
    let mut named = settings.parse::<toml::Table>().unwrap();
    let registration = named
        .entry("registration")
        .or_insert(toml::Table::new().into());
    let table = registration.as_table_mut().unwrap();
    table.insert("holidays".into(), "holidays.toml".into());
    fs::write(&config, named.to_string()).unwrap();
    let to = station.folder("backups");
    let made = backup(&station, &to);
    assert!(made.status.success(), "{}", told(&made));
    let done = restore(&station, &to, "other");
    assert!(done.status.success(), "{}", told(&done));
    let back = station.folder("other/restored-settings/holidays.toml");
    assert_eq!(fs::read(back).unwrap(), fs::read(holidays).unwrap());
}

#[test]
fn a_back_up_that_is_gone_is_told_and_one_whose_disk_is_not_attached_is_not() {
    let mut station = station_with(1);
    let disk = station.folder("disk");
    fs::create_dir(&disk).unwrap();
    let to = disk.join("backups");
    assert!(backup(&station, &to).status.success());
    station.kill();
    let said = || told(&station.try_command(&["check", "--language", "en"], None));
    assert!(said().contains("ok    backup"), "{}", said());
    let aside = station.folder("aside");
    fs::rename(&to, &aside).unwrap();
    assert!(
        said().contains("ok    backup"),
        "an empty mount point: {}",
        said()
    );
    fs::write(disk.join("note.txt"), "x").unwrap();
    assert!(said().contains("is no longer in"), "{}", said());
    fs::rename(&aside, &to).unwrap();
    for file in fs::read_dir(to.join("snapshots")).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    assert!(said().contains("is no longer in"), "{}", said());
}

#[test]
fn nothing_is_restored_over_a_station() {
    let mut station = station_with(1);
    let to = station.folder("backups");
    assert!(backup(&station, &to).status.success());
    let running = restore(&station, &to, "data");
    assert_eq!(running.status.code(), Some(1));
    assert!(told(&running).contains("in use by another laixin"));
    station.kill();
    let before = originals(&station.folder("data"));
    let refused = restore(&station, &to, "data");
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("--set-aside"), "{}", told(&refused));
    assert_eq!(originals(&station.folder("data")), before);
    // A restore that was cut short is no station: the next one begins anew.
    fs::create_dir_all(station.folder("other/restoring/evidence")).unwrap();
    fs::write(station.folder("other/restoring/station.sqlite3"), "half").unwrap();
    let done = restore(&station, &to, "other");
    assert!(done.status.success(), "{}", told(&done));
    let config = station.folder("other.toml");
    let check = Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .arg("check")
        .arg("--config")
        .arg(config)
        .output();
    let checked = told(&check.unwrap());
    assert!(checked.contains("恢复自备份"), "{checked}");
    let again = restore(&station, &to, "other");
    assert_eq!(again.status.code(), Some(2));
}

fn lose_the_database(data: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(data.join(format!("station.sqlite3{ending}")));
    }
}

/// `rm station.sqlite3` gave a new, empty station, and everything called it good.
#[test]
fn a_lost_database_is_not_begun_anew_and_what_is_left_is_kept_by_the_restore() {
    let mut station = station_with(2);
    let to = station.folder("backups");
    assert!(backup(&station, &to).status.success());
    station.kill();
    station.tampered();
    let data = station.folder("data");
    lose_the_database(&data);
    let left = originals(&data);
    for _ in ["gone", "empty"] {
        let run = station.try_command(&["run"], None);
        assert_eq!(run.status.code(), Some(2), "{}", told(&run));
        assert!(told(&run).contains("database_lost"), "{}", told(&run));
        let checked = station.try_command(&["check"], None);
        assert_eq!(checked.status.code(), Some(1));
        let said = told(&checked);
        assert!(
            said.contains("BAD") && said.contains("restore --set-aside"),
            "{said}"
        );
        let user = ["user", "add", "x", "--first"];
        for command in [&["verify"][..], &["health"], &user] {
            let done = station.try_command(command, None);
            let code = done.status.code();
            assert!(
                code == Some(1) || code == Some(2),
                "{command:?}: {}",
                told(&done)
            );
            assert!(
                told(&done).contains("no new, empty station"),
                "{}",
                told(&done)
            );
        }
        fs::write(data.join("station.sqlite3"), "").unwrap();
    }
    assert_eq!(restore(&station, &to, "data").status.code(), Some(2));
    let done = restore_with(&station, &to, "data", &["--set-aside"]);
    assert!(done.status.success(), "{}", told(&done));
    let aside = fs::read_dir(&data)
        .unwrap()
        .map(|item| item.unwrap().path());
    let aside: Vec<_> = aside
        .filter(|path| path.to_string_lossy().contains("set-aside-"))
        .collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(originals(&aside[0]), left);
    assert_eq!(originals(&data), left);
    let verified = verify(&station, "data");
    assert!(verified.status.success(), "{}", told(&verified));
}

/// With their disk not mounted, every page was called damaged, and new ones went into the mount point.
#[test]
fn a_bare_folder_of_originals_beside_its_database_is_told_and_not_written_into() {
    let mut station = station_with(1);
    station.kill();
    station.tampered();
    let (folder, disk) = (station.folder("data/evidence"), station.folder("disk"));
    fs::rename(&folder, &disk).unwrap();
    // A start makes `unfinished` also in a mount point.
    fs::create_dir_all(folder.join("unfinished")).unwrap();
    let run = station.try_command(&["run"], None);
    assert_eq!(run.status.code(), Some(1), "{}", told(&run));
    assert!(told(&run).contains("originals_away"), "{}", told(&run));
    let checked = station.try_command(&["check"], None);
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        told(&checked).contains("磁盘没有挂载"),
        "{}",
        told(&checked)
    );
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&disk, &folder).unwrap();
    station.start();
    station.command(&["verify"], None);
}

/// Nothing of the old station is in it, and the first start made a new one without a word.
#[test]
fn an_empty_or_unmounted_data_folder_begins_no_new_station() {
    let mut station = station_with(1);
    let to = station.folder("backups");
    assert!(backup(&station, &to).status.success());
    station.kill();
    station.tampered();
    fs::write(station.folder("station.begun"), "").unwrap();
    let (data, disk) = (station.folder("data"), station.folder("disk"));
    fs::rename(&data, &disk).unwrap();
    for folder in ["none", "bare"] {
        let run = station.try_command(&["run"], None);
        assert_eq!(run.status.code(), Some(1), "{}", told(&run));
        assert!(told(&run).contains("data_emptied"), "{}", told(&run));
        let checked = station.try_command(&["check"], None);
        assert_eq!(checked.status.code(), Some(1));
        let said = told(&checked);
        assert!(said.contains("磁盘没有挂载"), "{folder}: {said}");
        let user = ["user", "add", "x", "--first"];
        for command in [&["verify"][..], &["health"], &user] {
            let done = station.try_command(command, None);
            assert!(!done.status.success(), "{command:?}");
            assert!(told(&done).contains("mount its disk"), "{}", told(&done));
        }
        assert!(!data.join("station.sqlite3").exists());
        fs::create_dir_all(data.join("lost+found")).unwrap();
    }
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&disk, &data).unwrap();
    station.command(&["verify"], None);
    // The disk is lost: the back-up goes into the empty folder, by the settings that `restore` below writes.
    fs::write(station.folder("data.begun"), "").unwrap();
    fs::rename(&data, &disk).unwrap();
    let done = restore(&station, &to, "data");
    assert!(done.status.success(), "{}", told(&done));
    assert_eq!(originals(&data), originals(&disk));
}

/// It left a folder that looked like a new station's, and the restore after that was refused.
#[test]
fn a_restore_that_was_cut_says_so_and_is_run_again() {
    let mut station = station_with(2);
    let to = station.folder("backups");
    assert!(backup(&station, &to).status.success());
    station.kill();
    assert!(restore(&station, &to, "cut").status.success());
    let cut = station.folder("cut");
    let whole = originals(&cut);
    // As it was just before the database came into place: its originals had.
    let under_way = cut.join("restoring");
    fs::create_dir(&under_way).unwrap();
    fs::rename(
        cut.join("station.sqlite3"),
        under_way.join("station.sqlite3"),
    )
    .unwrap();
    fs::write(under_way.join("into-place"), "").unwrap();
    let run = |command: &str| {
        let done = Command::new(LAIXIN)
            .env("LC_MESSAGES", "en")
            .args([command, "--config"])
            .arg(station.folder("cut.toml"))
            .output();
        done.unwrap()
    };
    assert_eq!(run("run").status.code(), Some(2));
    for command in ["check", "verify"] {
        assert_eq!(run(command).status.code(), Some(1), "{command}");
    }
    assert!(told(&run("check")).contains("恢复到一半中断"));
    let again = restore(&station, &to, "cut");
    assert!(again.status.success(), "{}", told(&again));
    assert_eq!(originals(&cut), whole);
    assert!(!under_way.exists() && run("verify").status.success());
    // Originals that were there before are no leftovers of a restore, whatever was begun beside them.
    lose_the_database(&cut);
    fs::create_dir(&under_way).unwrap();
    assert_eq!(restore(&station, &to, "cut").status.code(), Some(2));
    assert_eq!(originals(&cut), whole);
}

#[test]
fn a_damaged_blob_is_named_on_restore_and_mended_by_the_next_back_up() {
    let mut station = station_with(3);
    let to = station.folder("backups");
    assert!(backup(&station, &to).status.success());
    let blobs = files_below(&to.join("blobs"));
    // Settings are blobs too: the damaged one is an original when restoring says so.
    let largest = |f: &&PathBuf| fs::metadata(f).unwrap().len() < 4000;
    let mut named = 0;
    for (at, blob) in blobs.iter().filter(largest).enumerate() {
        let good = fs::read(blob).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(blob, &bad).unwrap();
        let machine = format!("machine{at}");
        let done = restore(&station, &to, &machine);
        assert_eq!(done.status.code(), Some(1), "{}", told(&done));
        if told(&done).contains("is NOT restored: it is damaged in the back-up") {
            named += 1;
            assert_eq!(
                originals(&station.folder(&machine)).len(),
                2,
                "the others are there"
            );
            let found = verify(&station, &machine);
            assert_eq!(found.status.code(), Some(1));
            assert!(told(&found).contains("originals: BROKEN: there is no original"));
            let mended = backup(&station, &to);
            assert!(mended.status.success(), "{}", told(&mended));
            assert!(told(&mended).contains("was damaged in the back-up and was written again"));
            let done = restore(&station, &to, &format!("mended{at}"));
            assert!(done.status.success(), "{}", told(&done));
        }
        fs::write(blob, good).unwrap();
    }
    assert_eq!(named, 3);
    station.kill();
}

#[test]
fn a_full_disk_is_named_and_the_back_up_before_stays_good() {
    let Some(small) = SmallDisk::new("2m") else {
        println!("skipped: a small tmpfs cannot be mounted here (not root)");
        return;
    };
    let station = station_with(2);
    let to = small.0.path().join("backups");
    let first = backup(&station, &to);
    assert!(first.status.success(), "{}", told(&first));
    let filler = small.0.path().join("filler");
    assert!(
        fs::write(&filler, vec![1; 4 << 20]).is_err(),
        "it is full now"
    );
    let full = backup(&station, &to);
    assert_eq!(full.status.code(), Some(1));
    assert!(told(&full).contains("no space left"), "{}", told(&full));
    let done = restore(&station, &to, "other");
    assert!(done.status.success(), "{}", told(&done));
    fs::remove_file(&filler).unwrap();
    let again = backup(&station, &to);
    assert!(again.status.success(), "{}", told(&again));
}

#[test]
fn an_original_that_the_station_lost_is_named_and_the_rest_is_backed_up() {
    let station = station_with(3);
    let data = station.folder("data");
    let lost = originals(&data).into_iter().next().unwrap();
    fs::remove_file(data.join("evidence").join(&lost[..2]).join(&lost)).unwrap();
    let to = station.folder("backups");
    let done = backup(&station, &to);
    assert_eq!(done.status.code(), Some(1));
    assert!(told(&done).contains(&format!("original {lost} is NOT in this back-up")));
    assert!(told(&done).contains("2 originals (2 new)"));
}

#[test]
fn check_warns_when_the_last_back_up_is_older_than_a_month() {
    let mut station = station_with(1);
    station.tampered();
    station.kill();
    let said =
        |station: &TestStation| told(&station.try_command(&["check", "--language", "en"], None));
    let month = 31 * 24 * 3600 * 1000_i64;
    let sql = |sql: String| {
        let database = station.folder("data/station.sqlite3");
        let connection = rusqlite::Connection::open(database).unwrap();
        connection.execute_batch(&sql).unwrap();
    };
    assert!(
        said(&station).contains("ok    backup: none yet"),
        "{}",
        said(&station)
    );
    sql(format!(
        "UPDATE arrivals SET taken_ms = taken_ms - {month} - 60000"
    ));
    assert!(
        said(&station).contains("warn  backup: none was ever made"),
        "{}",
        said(&station)
    );
    assert!(
        backup(&station, &station.folder("backups"))
            .status
            .success()
    );
    assert!(
        said(&station).contains("ok    backup"),
        "{}",
        said(&station)
    );
    sql(format!(
        "UPDATE backups SET made_ms = made_ms - {month} - 60000"
    ));
    assert!(
        said(&station).contains("warn  backup: the last one is 31 days old"),
        "{}",
        said(&station)
    );
}

/// A small tmpfs, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}
