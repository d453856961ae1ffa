//! Encryption at rest: what a stolen disk shows, what a changed bit does, keys that are wrong, missing, changed, and kills in the middle of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::{LAIXIN, TestStation, project, wait_for};

/// A station whose key lies in a file, outside its folder.
struct Keyed {
    station: TestStation,
    keys: tempfile::TempDir,
}

impl Keyed {
    fn key(&self, name: &str) -> PathBuf {
        self.keys.path().join(name)
    }
}

fn laixin(arguments: &[&str]) -> Output {
    let child = Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    child.expect("the binary starts")
}

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn new_key(file: &Path) {
    let made = laixin(&["key", "new", "--to", file.to_str().unwrap()]);
    assert!(made.status.success(), "{}", told(&made));
}

const SECOND: &str = "[evidence]\nsecond_dir = \"data/second\"\nscrub_mb_per_s = 10000\n";

fn named(key: &Path) -> String {
    format!("[at_rest]\nkey_file = {key:?}\n")
}

/// An encrypted station, with second copies.
/// A taken file is not compared again: it is gone at once.
fn unwatched(text: String) -> String {
    text.replace("quiet_ms = 200", "quiet_ms = 200\nwatch_taken_s = 0")
}

fn keyed() -> Keyed {
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("key");
    new_key(&key);
    let station = TestStation::with_settings(|text| unwatched(text) + SECOND + &named(&key));
    Keyed { station, keys }
}

/// Structurally a JPEG, and another one each time.
fn page(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut page = vec![0xff, 0xd8, 0xff, 0xda, 0, 4, 1, 2];
    page.extend(b"the very words of a page ".repeat(40));
    page.extend([high / 16, high % 16, low / 16, low % 16, 0xff, 0xd9]);
    page
}

/// Feeds pages and waits until every one is taken; the station is left running.
fn feed(station: &mut TestStation, pages: u16) {
    station.start();
    station.sign_in();
    station.open_batch(u32::from(pages));
    for n in 0..pages {
        station.scan_bytes(&page(n), &format!("L{n:03}_p1.jpg"));
    }
    wait_for("the pages to be taken", 120, || {
        let waiting = files_below(&station.folder("inbox"))
            .iter()
            .filter(|file| !file.to_string_lossy().contains("/done/"))
            .filter(|file| !file.ends_with(".station"))
            .count();
        (waiting == 0).then_some(())
    });
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    let first = wanted[0];
    let starts = bytes.iter().enumerate().filter(|(_, b)| **b == first);
    starts
        .map(|(at, _)| &bytes[at..])
        .any(|rest| rest.starts_with(wanted))
}

/// What a letter's disk must not show: words of the letter, beginnings of files, pieces out of the middle of its images.
fn secrets() -> Vec<(String, Vec<u8>)> {
    let truth: Value =
        serde_json::from_slice(&fs::read(project("tests/letters/A001.json")).unwrap()).unwrap();
    let mut found: Vec<(String, Vec<u8>)> = ["陆思雨", "人民路449号", "同归于尽", "违章搭建"]
        .iter()
        .map(|word| ((*word).to_owned(), word.as_bytes().to_vec()))
        .collect();
    let name = truth["fields"]["sender_name"]["value"].as_str().unwrap();
    assert_eq!(name, found[0].0);
    for (what, magic) in [
        ("a database", &b"SQLite format 3\0"[..]),
        ("a JPEG", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ("a PNG", b"\x89PNG\r\n\x1a\n"),
        ("a PDF", b"%PDF-1."),
    ] {
        found.push((what.to_owned(), magic.to_vec()));
    }
    for image in ["A001_p1.jpg", "A001_env.jpg"] {
        let bytes = fs::read(project("tests/letters").join(image)).unwrap();
        for part in 1..10 {
            let at = bytes.len() / 10 * part;
            found.push((format!("{image} at {at}"), bytes[at..at + 24].to_vec()));
        }
    }
    found
}

/// One letter, read and drafted; the station is killed, its files are searched. Names of what was found.
fn seen_on_disk(station: &mut TestStation, folders: &[&str]) -> Vec<String> {
    station.start();
    station.sign_in();
    station.open_batch(1);
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.scan(&project("tests/letters/A001_env.jpg"), "A001_env.jpg");
    let letter = station.wait_for_stage("A001", &["drafted"], 120);
    let draft = &letter["draft"]["draft"];
    assert_eq!(draft["fields"]["sender_name"]["value"], "陆思雨");
    let original = fs::read(project("tests/letters/A001_p1.jpg")).unwrap();
    assert!(station.bytes("/v1/letters/A001/pages/1") == original);
    assert!(station.bytes("/v1/letters/A001/pages/1/thumbnail").len() > 1000);
    assert!(
        station
            .bytes("/v1/letters/A001/archive.pdf")
            .starts_with(b"%PDF")
    );
    let part = ranged(station, "/v1/letters/A001/archive.pdf", "bytes=0-7");
    assert_eq!((part.0, part.1.len()), (206, 8));
    // Its journal stays behind.
    station.kill();
    let mut seen = Vec::new();
    let secrets = secrets();
    for folder in folders {
        for file in files_below(&station.folder(folder)) {
            let bytes = fs::read(&file).unwrap();
            for (what, wanted) in &secrets {
                if has(&bytes, wanted) {
                    seen.push(format!("{what} in {}", file.display()));
                }
            }
        }
    }
    seen
}

fn ranged(station: &TestStation, path: &str, range: &str) -> (u16, Vec<u8>) {
    station.bytes_of(path, &[("range", range)])
}

#[test]
fn a_stolen_disk_shows_nothing_of_a_letter_and_without_a_key_the_same_search_finds_it() {
    let folders = ["data", "inbox"];
    let mut of = keyed();
    let seen = seen_on_disk(&mut of.station, &folders);
    assert_eq!(seen, Vec::<String>::new());
    // The database's journal was there to be searched.
    let wal = of.station.folder("data/station.sqlite3-wal");
    assert!(fs::metadata(wal).unwrap().len() > 10_000);
    let key = fs::read(of.key("key")).unwrap();
    for file in files_below(&of.station.folder("data")) {
        assert!(!has(&fs::read(&file).unwrap(), key.trim_ascii()));
    }
    let sha256 =
        laixin::digest::sha256_hex(&fs::read(project("tests/letters/A001_p1.jpg")).unwrap());
    let named = |folder: &str| {
        let files = files_below(&of.station.folder(folder));
        files.iter().any(|file| file.ends_with(&sha256))
    };
    assert!(!named("data"), "a name tells what it is");
    let verified = of.station.try_command(&["verify"], None);
    assert!(verified.status.success(), "{}", told(&verified));
    assert!(told(&verified).contains("originals: 2 of 2 unaltered"));
    assert!(told(&verified).contains("second copies: 2 of 2 unaltered"));

    let mut plain = TestStation::with_settings(|text| unwatched(text) + SECOND);
    let seen = seen_on_disk(&mut plain, &folders);
    for wanted in [
        "陆思雨",
        "同归于尽",
        "a database",
        "a JPEG",
        "A001_p1.jpg at",
        "A001_env.jpg at",
    ] {
        assert!(
            seen.iter().any(|what| what.starts_with(wanted)),
            "{wanted}: {seen:?}"
        );
    }
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

#[test]
fn a_single_changed_bit_anywhere_is_found_and_named() {
    let mut seed = Seed::new();
    let mut of = keyed();
    feed(&mut of.station, 3);
    of.station.stop();
    let good = of.station.try_command(&["verify"], None);
    assert!(good.status.success(), "{}", told(&good));
    let mut files = files_below(&of.station.folder("data"));
    // The index of the journal is made anew by whoever opens the database; an empty journal has no bit to change; a cabinet's last words can only make a
    // cycle that has no end a failed one.
    files.retain(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        let is_empty = fs::metadata(file).unwrap().len() == 0;
        // Where the second copies lie: a station that finds that changed marks their folder anew.
        let is_place = name == "second_dir.known" || name == "laixin-second-copies";
        let is_nothing =
            name == "lock" || name.ends_with("-shm") || name.ends_with(".last-words") || is_place;
        !is_empty && !is_nothing
    });
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let whole = fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let mut places = vec![0, 7, 9, 15, 17, 40, whole.len() - 1];
        places.extend((0..6).map(|_| seed.below(whole.len() as u64) as usize));
        let mode = fs::metadata(&file).unwrap().permissions();
        for place in places.into_iter().filter(|place| *place < whole.len()) {
            let mut changed = whole.clone();
            changed[place] ^= 1 << seed.below(8);
            fs::remove_file(&file).unwrap();
            fs::write(&file, &changed).unwrap();
            let found = of.station.try_command(&["verify"], None);
            let said = told(&found);
            assert_ne!(found.status.code(), Some(0), "{name} at {place}: {said}");
            assert_ne!(found.status.code(), Some(70), "{name} at {place}: {said}");
            let is_named = match name.as_str() {
                "station.sqlite3" => said.contains("database") || said.contains(&name),
                "at-rest.json" => {
                    said.contains(&name) || said.contains("not the key of this station")
                }
                _ => {
                    said.contains("BROKEN: original")
                        || said.contains("BROKEN: the second copy: original")
                }
            };
            assert!(is_named, "{name} at {place}: {said}");
        }
        fs::remove_file(&file).unwrap();
        fs::write(&file, &whole).unwrap();
        fs::set_permissions(&file, mode).unwrap();
    }
    let good = of.station.try_command(&["verify"], None);
    assert!(good.status.success(), "{}", told(&good));
}

/// The same station's settings with another key, or none.
fn settings_with(station: &TestStation, name: &str, at_rest: &str) -> PathBuf {
    let text = fs::read_to_string(station.folder("station.toml")).unwrap();
    let before = text.find("[at_rest]").unwrap_or(text.len());
    let file = station.folder(&format!("{name}.toml"));
    fs::write(&file, format!("{}{at_rest}", &text[..before])).unwrap();
    file
}

fn with(settings: &Path, arguments: &[&str]) -> Output {
    laixin(&[arguments, &["--config", settings.to_str().unwrap()]].concat())
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files_below(folder).into_iter();
    files
        .map(|file| (file.clone(), fs::read(&file).unwrap()))
        .collect()
}

#[test]
fn a_wrong_and_a_missing_key_are_refused_in_one_sentence_and_nothing_is_written() {
    let mut of = keyed();
    feed(&mut of.station, 2);
    of.station.stop();
    let other = of.key("other");
    new_key(&other);
    let mistyped = of.key("mistyped");
    let mut text = fs::read_to_string(of.key("key")).unwrap();
    let last = text.trim_end().len() - 1;
    let digit = if text.as_bytes()[last] == b'7' {
        "8"
    } else {
        "7"
    };
    text.replace_range(last..=last, digit);
    fs::write(&mistyped, text).unwrap();
    let cases = [
        ("wrong", named(&other), "not the key of this station"),
        (
            "missing",
            named(&of.key("gone")),
            "the station's key is not there",
        ),
        ("mistyped", named(&mistyped), "holds no key"),
        (
            "none",
            String::new(),
            "this station is encrypted, and the settings name no key",
        ),
        (
            "credential",
            "[at_rest]\ncredential = \"laixin-key\"\n".into(),
            "the station's key is not there",
        ),
    ];
    let before = contents(&of.station.folder("data"));
    for (name, at_rest, sentence) in cases {
        let settings = settings_with(&of.station, name, &at_rest);
        let out = of.station.folder("out.pdf");
        let out = out.to_str().unwrap();
        for arguments in [
            &["run"][..],
            &["verify"],
            &["backup", "nowhere", "--unencrypted"],
            &["user", "list"],
            &["user", "add", "somebody", "--first"],
            &["token", "list"],
            &["audit", "letter", "L000"],
            &["health"],
            &["history", "stats"],
            &["learn", "show"],
            &["evaluate", "--history"],
            &["archive", "L000", "-o", out],
            &["separators", "-o", out],
            &["key", "sheet"],
        ] {
            let done = with(&settings, arguments);
            let said = told(&done);
            assert_eq!(done.status.code(), Some(2), "{name} {arguments:?}: {said}");
            assert_eq!(
                said.trim_end().lines().count(),
                1,
                "{name} {arguments:?}: {said}"
            );
            assert!(said.contains(sentence), "{name} {arguments:?}: {said}");
        }
        let checked = with(&settings, &["check", "--language", "en"]);
        assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
        assert!(
            told(&checked).contains("BAD   at_rest"),
            "{}",
            told(&checked)
        );
    }
    let after = contents(&of.station.folder("data"));
    assert!(before == after, "something was written");
    assert!(!of.station.folder("nowhere").exists() && !of.station.folder("out.pdf").exists());
    // A key that is right opens it as a credential, too.
    fs::copy(of.key("key"), of.key("laixin-key")).unwrap();
    let settings = settings_with(
        &of.station,
        "credential",
        "[at_rest]\ncredential = \"laixin-key\"\n",
    );
    let done = Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .args(["key", "check", "--config"])
        .arg(settings)
        .env("CREDENTIALS_DIRECTORY", of.keys.path())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", told(&done));
}

#[test]
fn every_command_beside_the_station_works_with_the_key() {
    let mut of = keyed();
    feed(&mut of.station, 2);
    let letters = of.station.folder("letters.pdf");
    for arguments in [
        &["user", "list"][..],
        &["user", "add", "chief", "--first"],
        &["token", "add", "case", "--scope", "case_system"],
        &["token", "list"],
        &["audit", "person", "tester"],
        &["health"],
        &["history", "stats"],
        &["learn", "show"],
        &["evaluate", "--history"],
        &["archive", "L000", "-o", letters.to_str().unwrap()],
        &["verify"],
        &["key", "check"],
    ] {
        let done = of.station.try_command(arguments, None);
        assert_eq!(
            done.status.code(),
            Some(0),
            "{arguments:?}: {}",
            told(&done)
        );
    }
    assert!(fs::read(letters).unwrap().starts_with(b"%PDF"));
    // What was taken left the scanner's folder.
    assert!(!of.station.folder("inbox/done").exists());
}

/// A stopped station in the clear, with second copies, and a key that it does not use yet.
fn plain(pages: u16) -> Keyed {
    let keys = tempfile::tempdir().unwrap();
    new_key(&keys.path().join("key"));
    let mut station = TestStation::with_settings(|text| unwatched(text) + SECOND);
    feed(&mut station, pages);
    station.stop();
    Keyed { station, keys }
}

/// Starts it, kills it after a random time unless it has ended before; whether it ended well.
fn killed(seed: &mut Seed, longest_ms: u64, settings: &Path, arguments: &[&str]) -> bool {
    let mut child = Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .args(arguments)
        .arg("--config")
        .arg(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The moment of the kill is the point of this test, so it is a time and not a condition.
    std::thread::park_timeout(Duration::from_millis(seed.below(longest_ms)));
    let _ = child.kill();
    child.wait().unwrap().success()
}

fn all_verified(output: &Output, pages: u16) {
    let said = told(output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(&format!("originals: {pages} of {pages} unaltered")),
        "{said}"
    );
    assert!(
        said.contains(&format!("second copies: {pages} of {pages} unaltered")),
        "{said}"
    );
}

#[test]
fn killed_while_a_station_is_encrypted_it_stays_usable_and_is_finished_the_next_time() {
    const PAGES: u16 = 40;
    let mut seed = Seed::new();
    let of = plain(PAGES);
    let settings = settings_with(&of.station, "keyed", &named(&of.key("key")));
    let refused = with(&settings, &["run"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        told(&refused).contains("laixin key encrypt"),
        "{}",
        told(&refused)
    );
    let (mut rounds, mut begun) = (0, 0);
    while !killed(&mut seed, 30 + 60 * rounds, &settings, &["key", "encrypt"]) {
        rounds += 1;
        let marker = fs::read_to_string(of.station.folder("data/at-rest.json")).ok();
        // Killed behind its last step: it is done, and says so the next time.
        if marker
            .as_ref()
            .is_some_and(|text| text.contains("\"converting\": false"))
        {
            break;
        }
        assert!(rounds < 60, "it never ends");
        let marker = marker.is_some();
        match marker {
            true => {
                begun += 1;
                all_verified(&with(&settings, &["verify"]), PAGES);
            }
            // Nothing was begun: it is the station that it was.
            false => all_verified(&of.station.try_command(&["verify"], None), PAGES),
        }
    }
    println!("{rounds} kills, {begun} of them with something begun");
    assert!(begun > 0);
    all_verified(&with(&settings, &["verify"]), PAGES);
    let checked = with(&settings, &["key", "check"]);
    assert!(checked.status.success(), "{}", told(&checked));
    let words = b"the very words of a page";
    for (file, bytes) in contents(&of.station.folder("data")) {
        assert!(!has(&bytes, words), "{} shows a page", file.display());
        assert!(
            !has(&bytes, b"SQLite format 3"),
            "{} is in the clear",
            file.display()
        );
    }
    let again = with(&settings, &["key", "encrypt"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        told(&again).contains("encrypted already"),
        "{}",
        told(&again)
    );
}

#[test]
fn killed_while_a_key_is_changed_either_key_opens_the_station_and_afterwards_only_the_new_one() {
    const PAGES: u16 = 40;
    let mut seed = Seed::new();
    let mut of = keyed();
    feed(&mut of.station, PAGES);
    of.station.stop();
    let (old, new) = (of.key("key"), of.key("new"));
    new_key(&new);
    let with_old = settings_with(&of.station, "old", &named(&old));
    let with_new = settings_with(&of.station, "new", &named(&new));
    let marker = of.station.folder("data/at-rest.json");
    let before = fs::read(&marker).unwrap();
    let change = ["key", "rotate", "--new", new.to_str().unwrap()];
    let (mut rounds, mut begun) = (0, 0);
    while !killed(&mut seed, 30 + 60 * rounds, &with_old, &change) {
        rounds += 1;
        let now = fs::read(&marker).unwrap();
        if has(&now, b"\"is_over\": true") {
            break;
        }
        assert!(rounds < 60, "it never ends");
        all_verified(&with(&with_old, &["verify"]), PAGES);
        if now != before {
            begun += 1;
            all_verified(&with(&with_new, &["verify"]), PAGES);
            let third = of.key("third");
            if !third.exists() {
                new_key(&third);
            }
            let refused = with(
                &with_old,
                &["key", "rotate", "--new", third.to_str().unwrap()],
            );
            assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
            assert!(
                told(&refused).contains("finish that first"),
                "{}",
                told(&refused)
            );
        }
    }
    println!("{rounds} kills, {begun} of them with something begun");
    assert!(begun > 0);
    all_verified(&with(&with_new, &["verify"]), PAGES);
    let checked = with(&with_new, &["key", "check"]);
    assert!(checked.status.success(), "{}", told(&checked));
    // The new key was used: the old one opens nothing any more.
    let refused = with(&with_old, &["verify"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        told(&refused).contains("not the key of this station"),
        "{}",
        told(&refused)
    );
    for sheet in [&old, &new] {
        let text = fs::read(sheet).unwrap();
        for (file, bytes) in contents(&of.station.folder("data")) {
            assert!(
                !has(&bytes, text.trim_ascii()),
                "{} shows a key",
                file.display()
            );
        }
    }
}

/// Whoever believed that the file before them is the station's key would throw the new one away.
#[test]
fn a_key_that_was_changed_is_called_old_until_the_new_one_lies_in_its_place() {
    let mut of = keyed();
    feed(&mut of.station, 1);
    of.station.stop();
    let (old, new) = (of.key("key"), of.key("new"));
    new_key(&new);
    let with_old = settings_with(&of.station, "old", &named(&old));
    let with_new = settings_with(&of.station, "new", &named(&new));
    let number = |settings: &Path| {
        let told = told(&with(settings, &["key", "check"]));
        let is_number =
            |word: &&str| word.len() == 16 && word.chars().all(|c| c.is_ascii_hexdigit());
        let mut words = told.split(|c: char| !c.is_ascii_alphanumeric());
        let number = words.find(is_number).map(str::to_owned);
        number.unwrap_or_else(|| panic!("{told}"))
    };
    let before = number(&with_old);
    let changed = with(
        &with_old,
        &["key", "rotate", "--new", new.to_str().unwrap()],
    );
    assert!(changed.status.success(), "{}", told(&changed));
    let checked = with(&with_old, &["key", "check"]);
    assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
    let wanted = format!("STILL THE OLD KEY {before}");
    assert!(told(&checked).contains(&wanted), "{}", told(&checked));
    assert_ne!(number(&with_new), before);
    assert!(with(&with_new, &["key", "check"]).status.success());
}

/// It said only that the file cannot be read.
#[test]
fn a_change_to_a_key_that_is_not_there_names_the_command_that_makes_one() {
    let of = keyed();
    let new = of.key("new");
    let change = ["key", "rotate", "--new", new.to_str().unwrap()];
    let refused = of.station.try_command(&change, None);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    let wanted = format!("`laixin key new --to {}`", new.display());
    assert!(told(&refused).contains(&wanted), "{}", told(&refused));
}

#[test]
fn a_passphrase_opens_it_the_sheet_too_and_another_passphrase_does_not() {
    let keys = tempfile::tempdir().unwrap();
    let words = keys.path().join("words");
    fs::write(&words, "seven ordinary words one after another\n").unwrap();
    let station = TestStation::new();
    // The station's database is there, in the clear: it is encrypted with a key made of the passphrase.
    let at_rest = format!("[at_rest]\npassphrase_file = {words:?}\n");
    let settings = settings_with(&station, "words", &at_rest);
    let done = with(&settings, &["key", "encrypt"]);
    assert!(done.status.success(), "{}", told(&done));
    let said = told(&done);
    let group = |line: &str| {
        let groups: Vec<&str> = line.split_whitespace().collect();
        (groups.len() == 7 && groups.iter().all(|g| g.len() == 4)).then(|| groups.join("-"))
    };
    let sheet: Vec<String> = said.lines().filter_map(group).collect();
    assert_eq!(sheet.len(), 2, "{said}");
    let typed = keys.path().join("typed");
    fs::write(&typed, sheet.join("\n").to_lowercase()).unwrap();
    let by_sheet = settings_with(&station, "sheet", &named(&typed));
    for settings in [&settings, &by_sheet] {
        let done = with(settings, &["user", "list"]);
        assert!(done.status.success(), "{}", told(&done));
    }
    fs::write(&words, "seven ordinary words one after the other\n").unwrap();
    let done = with(&settings, &["user", "list"]);
    assert_eq!(done.status.code(), Some(2));
    // Not as if what is named were the passphrase that is needed.
    let wanted = "another passphrase was given, and the station's key has the number ";
    assert!(told(&done).contains(wanted), "{}", told(&done));
    fs::write(&words, "too short").unwrap();
    assert!(told(&with(&settings, &["user", "list"])).contains("fewer than 12"));
}

#[test]
fn a_back_up_of_an_encrypted_station_is_restored_under_another_key_and_in_the_clear_and_back() {
    let mut of = keyed();
    feed(&mut of.station, 3);
    let to = of.station.folder("backups");
    let backup_key = of.key("backup.key");
    fs::write(&backup_key, "a passphrase for back-ups only").unwrap();
    let (to, backup_key) = (to.to_str().unwrap(), backup_key.to_str().unwrap());
    let made = of
        .station
        .try_command(&["backup", to, "--key-file", backup_key], None);
    assert!(made.status.success(), "{}", told(&made));
    let listed = of
        .station
        .try_command(&["backup", to, "--key-file", backup_key, "--list"], None);
    assert!(told(&listed).contains("3 originals"), "{}", told(&listed));
    of.station.stop();
    for (file, bytes) in contents(Path::new(to)) {
        assert!(
            !has(&bytes, b"the very words of a page"),
            "{}",
            file.display()
        );
        assert!(!has(&bytes, b"SQLite format 3"), "{}", file.display());
    }
    let other = of.key("other");
    new_key(&other);
    let machine = |name: &str, at_rest: &str| {
        let settings = settings_with(&of.station, name, at_rest);
        let text = fs::read_to_string(&settings).unwrap();
        let text = text
            .replace("data_dir = \"data\"", &format!("data_dir = \"{name}\""))
            .replace(SECOND, "");
        fs::write(&settings, text).unwrap();
        settings
    };
    let restored = |settings: &Path, from: &str| {
        let done = with(settings, &["restore", from, "--key-file", backup_key]);
        assert!(done.status.success(), "{}", told(&done));
        let verified = with(settings, &["verify"]);
        assert!(verified.status.success(), "{}", told(&verified));
        assert!(told(&verified).contains("originals: 3 of 3 unaltered"));
    };
    let under_another = machine("machine-a", &named(&other));
    restored(&under_another, to);
    for (file, bytes) in contents(&of.station.folder("machine-a")) {
        assert!(
            !has(&bytes, b"the very words of a page"),
            "{}",
            file.display()
        );
        assert!(!has(&bytes, b"SQLite format 3"), "{}", file.display());
    }
    let first_key = machine("machine-a-wrong", &named(&of.key("key")));
    let text = fs::read_to_string(&first_key).unwrap();
    fs::write(&first_key, text.replace("machine-a-wrong", "machine-a")).unwrap();
    assert_eq!(with(&first_key, &["verify"]).status.code(), Some(2));

    let in_the_clear = machine("machine-b", "");
    restored(&in_the_clear, to);
    let database = fs::read(of.station.folder("machine-b/station.sqlite3")).unwrap();
    assert!(database.starts_with(b"SQLite format 3"));
    // And a back-up in the clear comes back under a key.
    let open = of.station.folder("open-backups");
    let open = open.to_str().unwrap();
    let made = with(&in_the_clear, &["backup", open, "--unencrypted"]);
    assert!(made.status.success(), "{}", told(&made));
    let again = machine("machine-c", &named(&other));
    let done = with(&again, &["restore", open, "--unencrypted"]);
    assert!(done.status.success(), "{}", told(&done));
    let verified = with(&again, &["verify"]);
    assert!(
        told(&verified).contains("originals: 3 of 3 unaltered"),
        "{}",
        told(&verified)
    );
    assert!(with(&again, &["key", "check"]).status.success());
}

#[test]
fn a_second_disk_that_is_away_keeps_the_key_from_being_changed() {
    let mut of = keyed();
    feed(&mut of.station, 1);
    of.station.stop();
    let new = of.key("new");
    new_key(&new);
    fs::rename(of.station.folder("data/second"), of.station.folder("away")).unwrap();
    let change = ["key", "rotate", "--new", new.to_str().unwrap()];
    let refused = of.station.try_command(&change, None);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("attach the disk"),
        "{}",
        told(&refused)
    );
    assert!(of.station.try_command(&["verify"], None).status.code() == Some(1));
    fs::rename(of.station.folder("away"), of.station.folder("data/second")).unwrap();
    let done = of.station.try_command(&change, None);
    assert!(done.status.success(), "{}", told(&done));
}

#[test]
fn a_running_station_is_not_turned_over_and_a_new_one_needs_no_turning() {
    let mut of = keyed();
    of.station.start();
    let new = of.key("new");
    new_key(&new);
    let refused = of
        .station
        .try_command(&["key", "rotate", "--new", new.to_str().unwrap()], None);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("in use by another laixin"),
        "{}",
        told(&refused)
    );
    // Made for a machine where nothing is yet.
    let home = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(of.station.folder("station.toml")).unwrap();
    let text = text
        .replace(
            "data_dir = \"data\"",
            &format!("data_dir = {:?}", home.path().join("data")),
        )
        .replace(
            of.key("key").to_str().unwrap(),
            home.path().join("key").to_str().unwrap(),
        );
    let settings = of.station.folder("fresh.toml");
    fs::write(&settings, text).unwrap();
    let refused = with(&settings, &["user", "add", "chief", "--first"]);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    let made = with(&settings, &["key", "new"]);
    assert!(made.status.success(), "{}", told(&made));
    assert!(told(&made).contains("恢复密钥") && told(&made).contains("nobody can ever read"));
    assert!(
        with(&settings, &["user", "add", "chief", "--first"])
            .status
            .success()
    );
    let database = fs::read(home.path().join("data/station.sqlite3")).unwrap();
    assert!(!database.starts_with(b"SQLite format 3"));
    let again = with(&settings, &["key", "new"]);
    assert_eq!(again.status.code(), Some(2), "{}", told(&again));
}

/// Figures for the report: `cargo test --release --test station -- --ignored --nocapture measure_what_encryption_costs`.
#[test]
#[ignore = "a measurement: it wants a quiet machine"]
fn measure_what_encryption_costs() {
    use laixin::at_rest::{Lock, StationKey};
    use laixin::evidence::Evidence;
    use laixin::store::Db;
    const PAGES: usize = 200;
    let middle = |mut times: Vec<Duration>| {
        times.sort();
        (times[times.len() / 2], times[times.len() * 95 / 100])
    };
    let mut seed = Seed::new();
    let pages: Vec<Vec<u8>> = (0..PAGES)
        .map(|_| (0..1_000_000).map(|_| seed.below(256) as u8).collect())
        .collect();
    let keyed = Lock::of(StationKey::new().unwrap());
    for (name, lock) in [("in the clear", Lock::default()), ("encrypted", keyed)] {
        let folder =
            tempfile::tempdir_in(std::env::var("LAIXIN_DISK").unwrap_or("/tmp".into())).unwrap();
        let evidence = Evidence::open(&folder.path().join("evidence"))
            .unwrap()
            .with_lock(&lock);
        let timed = |work: &mut dyn FnMut()| {
            let began = std::time::Instant::now();
            work();
            began.elapsed()
        };
        let mut hashes = Vec::new();
        let put = pages
            .iter()
            .map(|page| timed(&mut || hashes.push(evidence.put(page).unwrap().sha256)));
        let put = middle(put.collect());
        let get = hashes
            .iter()
            .map(|hash| timed(&mut || drop(evidence.get(hash).unwrap())));
        let get = middle(get.collect());
        println!("{name}: a page of 1 MB written {put:?}, read {get:?} (median, p95)");
        let path = folder.path().join("station.sqlite3");
        let mut db = Db::open_with(&path, &lock).unwrap();
        let commit = (0..500).map(|n| {
            let detail = serde_json::json!({"n": n});
            timed(&mut || {
                db.record("somebody", "page.viewed", "letter/A001", &detail)
                    .unwrap()
            })
        });
        println!(
            "{name}: an entry of the ledger committed {:?}",
            middle(commit.collect())
        );
        drop(db);
        let open = (0..50).map(|_| timed(&mut || drop(Db::open_with(&path, &lock).unwrap())));
        println!("{name}: the database opened {:?}", middle(open.collect()));
    }
}
