//! The nightly scrub, second copies, exported roots, and `laixin verify` over all of it.

mod named;
mod one_byte;
mod roots_away;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use laixin::clock;
use laixin::config::Settings;
use laixin::events::{Event, Events};
use laixin::evidence::Evidence;
use laixin::roots::Root;
use laixin::scrub::Scrubber;
use laixin::store::{Scrubbed, Store};
use tokio_util::sync::CancellationToken;

use crate::support::{TestStation, wait_for};

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn told_by(station: &TestStation, command: &[&str]) -> (Option<i32>, String) {
    let done = station.try_command(command, None);
    (done.status.code(), told(&done))
}

fn verify(station: &TestStation, more: &[&str]) -> (Option<i32>, String) {
    let done = station.try_command(&[&["verify"], more].concat(), None);
    (done.status.code(), told(&done))
}

/// A stopped station with three pages, a second copy of each, and a folder for roots.
fn stopped() -> TestStation {
    let mut station = TestStation::with_settings(|text| {
        text + "[evidence]\nsecond_dir = \"data/second\"\nroots_dir = \"roots\"\nscrub_mb_per_s = 10000\n"
    });
    fs::create_dir(station.folder("roots")).unwrap();
    station.start();
    station.sign_in();
    station.open_batch(3);
    for n in 0..3_u8 {
        // Structurally a JPEG, and another one each time.
        let page = [0xff, 0xd8, 0xff, 0xda, 0, 4, 1, 2, 7, n, 0xff, 0xd9];
        station.scan_bytes(&page, &format!("L00{n}_p1.jpg"));
    }
    wait_for("the pages to be taken", 60, || {
        let done = fs::read_dir(station.folder("inbox/done")).ok()?;
        (done.count() >= 3).then_some(())
    });
    station.kill();
    station
}

fn originals(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|sub| fs::read_dir(sub.unwrap().path()).into_iter().flatten())
        .map(|file| file.unwrap().path())
        .filter(|path| path.file_name().unwrap().len() == 64)
        .collect();
    found.sort();
    found
}

fn spoil(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[9] ^= 0x40;
    fs::write(path, bytes).unwrap();
}

/// Scrubs as the task does at night.
fn scrub(station: &TestStation) -> (Scrubbed, Vec<Event>) {
    let settings = Arc::new(Settings::load(&station.folder("station.toml")).unwrap());
    let (store, thread) = Store::open(&settings.database()).unwrap();
    let evidence = Evidence::open(&settings.evidence_dir()).unwrap();
    let events = Events::default();
    let mut heard = events.listen();
    let scrubber = Scrubber {
        evidence: Arc::new(evidence.with_second(settings.keeping.second_dir.as_deref())),
        settings,
        store,
        events,
        readiness: laixin::health::Readiness::default(),
    };
    let found = scrubber.scrub(&CancellationToken::new()).unwrap();
    drop(scrubber);
    thread.join().unwrap();
    (
        found,
        std::iter::from_fn(|| heard.try_recv().ok()).collect(),
    )
}

/// A scrubber over a stopped station, and what it tells of a part.
fn watching(station: &TestStation) -> (Scrubber, std::thread::JoinHandle<()>) {
    let settings = Arc::new(Settings::load(&station.folder("station.toml")).unwrap());
    let (store, thread) = Store::open(&settings.database()).unwrap();
    let scrubber = Scrubber {
        evidence: Arc::new(Evidence::of(&settings).unwrap()),
        settings,
        store,
        events: Events::default(),
        readiness: laixin::health::Readiness::default(),
    };
    (scrubber, thread)
}

fn part(scrubber: &Scrubber, part: &str) -> Option<laixin::health::NotReady> {
    scrubber.readiness.parts().remove(part).expect("it is told")
}

/// An empty mount point was filled with copies in silence, and `/readyz` said ready.
#[test]
fn a_station_with_originals_begins_with_no_second_folder_by_itself() {
    let station = stopped();
    let (place, away) = (station.folder("data/second"), station.folder("away"));
    // As an older laixin leaves it, with the disk away.
    fs::remove_file(station.folder("data/second_dir.known")).unwrap();
    fs::remove_file(place.join("laixin-second-copies")).unwrap();
    fs::rename(&place, &away).unwrap();
    let (scrubber, thread) = watching(&station);
    let mut tried = None;
    for bare in [false, true] {
        if bare {
            fs::create_dir(&place).unwrap();
        }
        scrubber.watch_second(&mut tried).unwrap();
        assert_eq!(part(&scrubber, "second_copies").unwrap().code, "second_new");
        assert!(scrubber.evidence.put(b"meanwhile").is_ok());
        assert_eq!(fs::read_dir(&place).map_or(0, Iterator::count), 0);
    }
    let (_, text) = told_by(&station, &["check"]);
    assert!(text.contains(&place.display().to_string()), "{text}");
    assert!(text.contains("管理员在“设备”页启用"), "{text}");
    // An administrator says that the empty one is to be used.
    scrubber.evidence.begin_second().unwrap();
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(part(&scrubber, "second_copies"), None);
    assert_eq!(originals(&place).len(), 3);
    // The disk that holds the copies is known by them.
    fs::remove_file(station.folder("data/second_dir.known")).unwrap();
    fs::remove_dir_all(&place).unwrap();
    fs::rename(&away, &place).unwrap();
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(part(&scrubber, "second_copies"), None);
    assert!(station.folder("data/second_dir.known").exists());
    drop(scrubber);
    thread.join().unwrap();
}

/// `whole`, with none of the copies there: an older disk, a clone, or a new file system onto which somebody put the mark.
#[test]
fn a_second_folder_exchanged_for_one_with_the_same_mark_is_filled_before_it_is_whole() {
    let station = stopped();
    let (place, away) = (station.folder("data/second"), station.folder("away"));
    let (scrubber, thread) = watching(&station);
    scrubber.watch_second(&mut None).unwrap();
    assert_eq!(part(&scrubber, "second_copies"), None);
    let all = originals(&place).len();
    fs::rename(&place, &away).unwrap();
    fs::create_dir(&place).unwrap();
    let mark = "laixin-second-copies";
    fs::copy(away.join(mark), place.join(mark)).unwrap();
    assert_eq!(scrubber.evidence.second(), laixin::evidence::Second::Behind);
    scrubber.watch_second(&mut None).unwrap();
    assert_eq!(part(&scrubber, "second_copies"), None);
    assert_eq!(originals(&place).len(), all);
    // The same folder to look at, and the newest are not there.
    for copy in originals(&place) {
        fs::remove_file(copy).unwrap();
    }
    assert_eq!(scrubber.evidence.second(), laixin::evidence::Second::Whole);
    scrubber.watch_second(&mut None).unwrap();
    assert_eq!(originals(&place).len(), all);
    drop(scrubber);
    thread.join().unwrap();
}

/// `/readyz` said ready for as long as the next try was a minute off.
#[test]
fn a_second_copy_that_cannot_be_made_is_told_at_once() {
    let station = stopped();
    let (scrubber, thread) = watching(&station);
    let mut tried = None;
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(part(&scrubber, "second_copies"), None);
    // As on a disk that takes nothing more.
    let unfinished = station.folder("data/second/unfinished");
    fs::remove_dir_all(&unfinished).unwrap();
    fs::write(&unfinished, b"").unwrap();
    scrubber.evidence.put(b"another").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let falls_behind = scrubber.evidence.wants_looking_after();
    let limit = std::time::Duration::from_secs(5);
    let woken = runtime.block_on(async { tokio::time::timeout(limit, falls_behind).await });
    assert!(woken.is_ok(), "the task looks at once");
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(
        part(&scrubber, "second_copies").unwrap().code,
        "second_behind"
    );
    // The mark went, and came back: told as away, and as behind until the copy is there.
    let mark = station.folder("data/second/laixin-second-copies");
    let text = fs::read(&mark).unwrap();
    fs::remove_file(&mark).unwrap();
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(
        part(&scrubber, "second_copies").unwrap().code,
        "second_away"
    );
    fs::write(&mark, text).unwrap();
    scrubber.watch_second(&mut tried).unwrap();
    fs::remove_file(&unfinished).unwrap();
    scrubber.watch_second(&mut None).unwrap();
    assert_eq!(part(&scrubber, "second_copies"), None);
    drop(scrubber);
    thread.join().unwrap();
}

/// It was a number in the health log, and nobody said which original. Whose it is, whoever looks after devices is not told.
#[test]
fn a_damaged_original_is_named_without_its_letter_until_it_is_whole_again() {
    let station = stopped();
    let (first, second) = (
        originals(&station.folder("data/evidence")).swap_remove(1),
        originals(&station.folder("data/second")).swap_remove(1),
    );
    let whole = fs::read(&first).unwrap();
    spoil(&first);
    spoil(&second);
    let sha256 = first.file_name().unwrap().to_str().unwrap().to_owned();
    scrub(&station);
    let (scrubber, thread) = watching(&station);
    let letter = scrubber
        .store
        .wait(|db| db.damaged_originals())
        .unwrap()
        .swap_remove(0)
        .letters
        .join("");
    assert!(letter.starts_with("L00"), "{letter}");
    scrubber
        .watch_damaged(&BTreeSet::new(), &mut BTreeSet::new())
        .unwrap();
    let why = part(&scrubber, "originals").unwrap();
    assert_eq!(why.code, "originals_damaged");
    let names_it = |text: &str| text.contains(&sha256) && !text.contains(&letter);
    assert!(names_it(&why.message), "{}", why.message);
    for command in ["check", "health"] {
        let (code, text) = told_by(&station, &[command]);
        assert_eq!(code, Some(1), "{text}");
        assert!(names_it(&text), "{command}: {text}");
    }
    fs::write(&first, whole).unwrap();
    scrubber
        .watch_damaged(&BTreeSet::new(), &mut BTreeSet::new())
        .unwrap();
    assert_eq!(part(&scrubber, "originals"), None);
    let (_, text) = told_by(&station, &["check"]);
    assert!(!text.contains(&sha256), "{text}");
    drop(scrubber);
    thread.join().unwrap();
}

/// They stayed unread for ever, and a person was sent to the paper of a letter whose original had come back.
#[test]
fn pages_given_up_for_want_of_their_original_are_read_once_it_is_whole_again() {
    let station = stopped();
    station.tampered();
    let file = station.folder("data/station.sqlite3");
    let rows = rusqlite::Connection::open(&file).unwrap();
    let page = |at: usize| -> (std::path::PathBuf, i64, String) {
        let first = originals(&station.folder("data/evidence")).swap_remove(at);
        let sha256 = first.file_name().unwrap().to_str().unwrap().to_owned();
        let of = "SELECT p.id, p.letter_id FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE a.sha256 = ?1";
        rows.query_row(of, [sha256], |row| Ok((first, row.get(0)?, row.get(1)?)))
            .unwrap()
    };
    let (open, confirmed) = (page(0), page(1));
    let (scrubber, thread) = watching(&station);
    let mut whole = Vec::new();
    for (first, id, _) in [&open, &confirmed] {
        let name = first.file_name().unwrap();
        whole.push((first, fs::read(first).unwrap()));
        spoil(first);
        spoil(
            &station
                .folder("data/second")
                .join(first.strip_prefix(station.folder("data/evidence")).unwrap()),
        );
        assert!(scrubber.evidence.get(name.to_str().unwrap()).is_err());
        let id = *id;
        let given_up =
            move |db: &mut laixin::store::Db| db.give_up_reading(id, "original_unavailable");
        scrubber.store.wait(given_up).unwrap();
    }
    let set = "UPDATE letters SET stage = 'confirmed' WHERE id = ?1";
    rows.execute(set, [&confirmed.2]).unwrap();
    let look = || {
        let doubted = scrubber.evidence.take_doubted();
        scrubber
            .watch_damaged(&doubted, &mut BTreeSet::new())
            .unwrap();
    };
    let state = |id: i64| -> (String, Option<String>) {
        let of = "SELECT state, problem FROM pages WHERE id = ?1";
        rows.query_row(of, [id], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    };
    let asked = |letter: &str| {
        let letter = letter.to_owned();
        let open = scrubber.store.wait(move |db| db.holds_of(&letter)).unwrap();
        open.iter()
            .filter(|one| {
                one.reason == "page_unreadable"
                    && one
                        .detail
                        .as_deref()
                        .unwrap()
                        .ends_with("original_unavailable")
            })
            .count()
    };
    look();
    let given_up = (
        "unreadable".to_owned(),
        Some("original_unavailable".to_owned()),
    );
    assert_eq!((state(open.1), asked(&open.2)), (given_up.clone(), 1));
    for (file, bytes) in whole {
        fs::write(file, bytes).unwrap();
    }
    look();
    assert_eq!(
        (state(open.1), asked(&open.2)),
        (("unread".to_owned(), None), 0)
    );
    // A person has gone by the paper there.
    assert_eq!((state(confirmed.1), asked(&confirmed.2)), (given_up, 1));
    drop(scrubber);
    thread.join().unwrap();
}

/// Two seconds of a wrong owner were told as “no good copy is left, restore it”. Root reads whatever it likes: what leads nowhere but to itself is
/// refused to it as well.
#[test]
fn originals_that_cannot_be_read_now_are_neither_damaged_nor_to_be_fetched() {
    let station = stopped();
    let files = ["data/evidence", "data/second"]
        .map(|folder| originals(&station.folder(folder)).swap_remove(0));
    let folders = files.each_ref().map(|file| file.parent().unwrap());
    for (at, folder) in folders.iter().enumerate() {
        fs::rename(folder, station.folder(&format!("away-{at}"))).unwrap();
        std::os::unix::fs::symlink(folder, folder).unwrap();
    }
    let sha256 = files[0].file_name().unwrap().to_str().unwrap().to_owned();
    let (scrubber, thread) = watching(&station);
    assert!(
        scrubber
            .evidence
            .get(&sha256)
            .unwrap_err()
            .is_of_the_system()
    );
    let doubted = scrubber.evidence.take_doubted();
    let mut unreadable = BTreeSet::new();
    scrubber.watch_damaged(&doubted, &mut unreadable).unwrap();
    let why = part(&scrubber, "originals").unwrap();
    assert_eq!(why.code, "originals_unreadable");
    let damaged = scrubber.store.wait(|db| db.damaged_originals()).unwrap();
    assert_eq!((damaged, unreadable.len()), (Vec::new(), 1));
    let (code, text) = told_by(&station, &["verify"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("NOT READ") && !text.contains("last backup"),
        "{text}"
    );
    for (at, folder) in folders.iter().enumerate() {
        fs::remove_file(folder).unwrap();
        fs::rename(station.folder(&format!("away-{at}")), folder).unwrap();
    }
    scrubber
        .watch_damaged(&BTreeSet::new(), &mut unreadable)
        .unwrap();
    assert_eq!(part(&scrubber, "originals"), None);
    drop(scrubber);
    thread.join().unwrap();
}

/// Whoever asked for it was told that it is altered, and nobody else before the night.
#[test]
fn damage_found_on_reading_is_mended_or_told_at_once() {
    let station = stopped();
    let (first, second) = (
        originals(&station.folder("data/evidence")),
        originals(&station.folder("data/second")),
    );
    let name = |file: &Path| file.file_name().unwrap().to_str().unwrap().to_owned();
    for file in [&first[0], &second[0], &first[1]] {
        spoil(file);
    }
    let (scrubber, thread) = watching(&station);
    assert!(scrubber.evidence.get(&name(&first[0])).is_err());
    assert!(scrubber.evidence.get(&name(&first[1])).is_ok());
    let doubted = scrubber.evidence.take_doubted();
    assert_eq!(doubted.len(), 2);
    scrubber
        .watch_damaged(&doubted, &mut BTreeSet::new())
        .unwrap();
    let why = part(&scrubber, "originals").unwrap();
    assert!(why.message.contains(&name(&first[0])), "{}", why.message);
    assert!(!why.message.contains(&name(&first[1])), "{}", why.message);
    scrubber.evidence.get(&name(&first[1])).unwrap();
    assert!(scrubber.evidence.take_doubted().is_empty(), "it was mended");
    drop(scrubber);
    thread.join().unwrap();
}

/// It was told nowhere, and mended at night at the earliest.
#[test]
fn a_second_disk_that_is_away_is_told_and_completed_as_soon_as_it_is_back() {
    let station = stopped();
    let (scrubber, thread) = watching(&station);
    let told = || part(&scrubber, "second_copies").map(|why| why.code);
    let mut tried = None;
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(told(), None);
    let (place, away) = (station.folder("data/second"), station.folder("away"));
    fs::rename(&place, &away).unwrap();
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(told().as_deref(), Some("second_away"));
    assert!(!place.exists());
    let lost = originals(&away).swap_remove(0);
    fs::remove_file(&lost).unwrap();
    fs::rename(&away, &place).unwrap();
    scrubber.watch_second(&mut tried).unwrap();
    assert_eq!(told(), None);
    assert_eq!(originals(&place).len(), 3, "the missing one was made");
    drop(scrubber);
    thread.join().unwrap();
}

#[test]
fn a_bad_copy_is_made_anew_from_the_other_at_night_with_a_ledger_entry() {
    let station = stopped();
    let (first, second) = (
        originals(&station.folder("data/evidence")),
        originals(&station.folder("data/second")),
    );
    assert_eq!((first.len(), second.len()), (3, 3));
    let mode = fs::metadata(&first[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
    assert_eq!(verify(&station, &[]).0, Some(0));
    spoil(&first[0]);
    fs::remove_file(&second[1]).unwrap();
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1));
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        text.contains(&format!(
            "originals: BROKEN: original {} was altered",
            name(&first[0])
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "second copies: BROKEN: the second copy of {} is missing",
            name(&second[1])
        )),
        "{text}"
    );
    assert!(text.contains("The original is whole"), "{text}");
    let (found, alerts) = scrub(&station);
    assert_eq!((found.originals, found.healed, found.faults), (3, 2, 0));
    assert_eq!(alerts, []);
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(0), "{text}");
    let connection = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    let healed: i64 = connection
        .query_row(
            "SELECT count(*) FROM ledger WHERE action = 'original.healed'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(healed, 2);
    assert!(
        station.folder("data/evidence/damaged").is_dir(),
        "bad bytes are set aside"
    );
}

#[test]
fn an_original_with_no_good_copy_left_is_told_everywhere() {
    let station = stopped();
    let (first, second) = (
        originals(&station.folder("data/evidence")),
        originals(&station.folder("data/second")),
    );
    spoil(&first[2]);
    spoil(&second[2]);
    let (found, alerts) = scrub(&station);
    assert_eq!((found.originals, found.healed, found.faults), (3, 0, 1));
    assert!(
        matches!(&alerts[..], [Event::Alert { code, .. }] if code == "original_damaged"),
        "{alerts:?}"
    );
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(text.matches("BROKEN").count(), 2, "{text}");
    let health = station.try_command(&["health"], None);
    assert_eq!(health.status.code(), Some(1), "a bad point is a finding");
    assert!(
        told(&health).contains("damaged_originals"),
        "{}",
        told(&health)
    );
}

#[test]
fn the_root_of_a_day_is_exported_once_and_a_rewritten_ledger_does_not_fit_it() {
    let mut station = stopped();
    station.tampered();
    station.start();
    let roots = station.folder("roots");
    let file = wait_for("the root", 60, || {
        let file = fs::read_dir(&roots).ok()?.next()?.ok()?.path();
        file.extension()
            .is_some_and(|e| e == "root")
            .then_some(file)
    });
    let day = clock::Millis(clock::now().0 - 86_400_000).day();
    assert_eq!(file.file_stem().unwrap().to_str(), Some(day.as_str()));
    station.kill();
    let root = Root::read(&file).unwrap();
    let path = file.to_str().unwrap();
    let (code, text) = verify(&station, &["--root", path]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains(&format!("entry {} is as it was on {day}", root.entries)),
        "{text}"
    );
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(0), "{text}");
    let is_compared = format!("entry {} is as it was on {day}", root.entries);
    assert!(text.contains(&is_compared), "without being named: {text}");
    let aside = station.folder("aside.root");
    fs::rename(&file, &aside).unwrap();
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1), "the newest root is gone: {text}");
    assert!(text.contains(&format!("root {path}: MISSING")), "{text}");
    fs::rename(&aside, &file).unwrap();
    // Somebody with every right rewrites the whole chain: it verifies by itself, and not against the root.
    let connection = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    connection
        .execute(
            "UPDATE ledger SET hash = ?1 WHERE seq = ?2",
            ("f".repeat(64), root.entries),
        )
        .unwrap();
    let (code, text) = verify(&station, &["--root", path]);
    assert_eq!(code, Some(1));
    assert!(text.contains(&format!("root {path}: BROKEN")), "{text}");
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains(&format!("root {path}: BROKEN")), "{text}");
    let (code, _) = verify(
        &station,
        &["--root", station.folder("station.toml").to_str().unwrap()],
    );
    assert_eq!(code, Some(2));
}

#[test]
fn verify_names_every_row_and_entry_that_was_changed() {
    let station = stopped();
    station.tampered();
    let connection = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    let run = |sql: &str| connection.execute_batch(sql).unwrap();
    let arrival: String = connection
        .query_row(
            "SELECT id FROM arrivals WHERE state = 'taken' LIMIT 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    run(&format!(
        "UPDATE arrivals SET size = size + 1 WHERE id = '{arrival}'"
    ));
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains(&format!(
            "record: BROKEN: arrival {arrival} was changed after it was recorded"
        )),
        "{text}"
    );
    run(&format!(
        "UPDATE arrivals SET size = size - 1 WHERE id = '{arrival}'; UPDATE ledger SET actor = 'root' WHERE seq = 3;"
    ));
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("ledger: BROKEN at entry 3"), "{text}");
}

/// A letter is set forward by hand: its draft, which is vouched for, says that nobody confirmed it.
#[test]
fn verify_names_a_letter_whose_stage_says_more_than_its_draft() {
    let station = stopped();
    station.tampered();
    let connection = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    for stage in ["confirmed", "registered"] {
        let set = format!("UPDATE letters SET stage = '{stage}' WHERE id = 'L001'");
        connection.execute_batch(&set).unwrap();
        let (code, text) = verify(&station, &[]);
        assert_eq!(code, Some(1));
        assert!(text.contains("BROKEN: stage of letter L001"), "{text}");
    }
}

#[test]
fn an_export_names_what_it_leaves_out_and_marks_what_is_not_settled() {
    let station = stopped();
    station.tampered();
    let connection = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    // Whether the reader came to say that such a page cannot be read depends on the moment of the kill.
    connection
        .execute_batch(
            "DELETE FROM holds;
             UPDATE letters SET withheld = 'withdrawn', withheld_reason = 'r', withheld_by = 'a', withheld_ms = 1 WHERE id = 'L001';
             INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, 'L002', 'number_missing', 1);",
        )
        .unwrap();
    drop(connection);
    let to = station.folder("export");
    let to = to.to_str().unwrap();
    let done = station.try_command(&["archive", "--batch", "1", "-o", to], None);
    let text = told(&done);
    assert!(text.contains("L001: left out: withdrawn"), "{text}");
    assert!(
        text.contains("L002: marked: unconfirmed; findings open: number_missing"),
        "{text}"
    );
    assert!(text.contains("2 of 3 letters"), "{text}");
    assert!(
        text.contains(
            "2 of them unconfirmed, with open findings or with pages that cannot be shown"
        ),
        "{text}"
    );
    assert!(text.contains("1 withheld, 0 not exported"), "{text}");
    let csv = fs::read_to_string(station.folder("export/index.csv")).unwrap();
    let row = |letter: &str| csv.lines().find(|line| line.contains(letter)).unwrap();
    assert!(row("L001").contains("left out: withdrawn"), "{csv}");
    assert!(
        row("L002").contains("unconfirmed; findings open: number_missing"),
        "{csv}"
    );
    let xml = fs::read_to_string(station.folder("export/index.xml")).unwrap();
    assert!(
        xml.contains("mark=\"unconfirmed; pages that cannot be shown: 1\""),
        "{xml}"
    );
    let name = row("L002").split(',').next().unwrap();
    let pdf = fs::read(station.folder(&format!("export/{name}"))).unwrap();
    let mark = b"<laixin:mark>unconfirmed; findings open: number_missing";
    assert!(
        pdf.windows(mark.len()).any(|part| part == mark),
        "in the file, too"
    );
}

#[test]
fn verify_names_copies_that_are_one_file_and_what_no_record_names() {
    let station = stopped();
    assert_eq!(verify(&station, &[]).0, Some(0));
    let first = originals(&station.folder("data/evidence"));
    let second = originals(&station.folder("data/second"));
    let found = |station: &TestStation, what: &str| {
        let (code, told) = verify(station, &[]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(what), "{what}: {told}");
        let all = ["originals: 3 of 3", "second copies: 3 of 3"];
        assert!(!all.iter().all(|good| told.contains(good)), "{told}");
    };
    // The second copy is the original under another name.
    let moved = station.folder("moved");
    fs::rename(&second[0], &moved).unwrap();
    fs::hard_link(&first[0], &second[0]).unwrap();
    found(&station, "is the first copy itself");
    fs::remove_file(&second[0]).unwrap();
    fs::rename(&moved, &second[0]).unwrap();
    // The original is a link to the second copy.
    fs::rename(&first[1], &moved).unwrap();
    std::os::unix::fs::symlink(&second[1], &first[1]).unwrap();
    found(&station, "is a link");
    fs::remove_file(&first[1]).unwrap();
    fs::rename(&moved, &first[1]).unwrap();
    // Bytes of a file that was held: whole, emptied, replaced.
    let evidence = Evidence::open(&station.folder("data/evidence")).unwrap();
    let held = evidence.put(b"bytes of a held file").unwrap().sha256;
    let stray = station.folder("data/evidence").join(&held[..2]).join(&held);
    let (code, told) = verify(&station, &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("1 more that no record names"), "{told}");
    fs::set_permissions(&stray, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(&stray, b"").unwrap();
    let broken = |station: &TestStation| {
        let (code, told) = verify(station, &[]);
        assert_eq!(code, Some(1), "{told}");
        assert!(
            told.contains(&format!("{}, that no record names", stray.display())),
            "{told}"
        );
    };
    broken(&station);
    fs::remove_file(&stray).unwrap();
    fs::create_dir(&stray).unwrap();
    broken(&station);
}

#[test]
fn verify_names_a_page_that_was_made_blank_and_a_letter_whose_last_page_was_dated_anew() {
    let station = stopped();
    station.tampered();
    let database = rusqlite::Connection::open(station.folder("data/station.sqlite3")).unwrap();
    for (change, back, what) in [
        (
            "UPDATE pages SET problem = coalesce(problem, '') || 'x' WHERE id = 1",
            "UPDATE pages SET problem = nullif(rtrim(problem, 'x'), '') WHERE id = 1",
            "page_state/1",
        ),
        (
            "UPDATE pages SET state = state || 'x' WHERE id = 2",
            "UPDATE pages SET state = rtrim(state, 'x') WHERE id = 2",
            "page_state/2",
        ),
        (
            "UPDATE letters SET last_arrival_ms = last_arrival_ms + 1 WHERE id = 'L001'",
            "UPDATE letters SET last_arrival_ms = last_arrival_ms - 1 WHERE id = 'L001'",
            "letter_arrival/L001",
        ),
    ] {
        database.execute(change, []).unwrap();
        let (code, told) = verify(&station, &[]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(what), "{what}: {told}");
        database.execute(back, []).unwrap();
    }
}

/// Each waits for its turn to write; a transaction that has read first would be refused at once.
#[test]
fn six_exports_at_once_on_one_database_are_not_refused_because_it_is_locked() {
    let station = stopped();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (station, to) = (&station, station.folder(&format!("export-{n}")));
            scope.spawn(move || {
                for _ in 0..3 {
                    let to = to.to_str().unwrap();
                    let done = station.try_command(&["archive", "--batch", "1", "-o", to], None);
                    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
                }
            });
        }
    });
    let (code, text) = verify(&station, &[]);
    assert_eq!(code, Some(0), "{text}");
}
