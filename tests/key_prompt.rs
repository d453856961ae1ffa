//! A key that is typed at a terminal, and one that systemd encrypted: the two ways that no file on the disk gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{LAIXIN, TestStation, project};

const WORDS: &str = "seven ordinary words one after another";

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// Asks who has an account, and types this when asked for the key.
fn typed(settings: &Path, words: &str) -> Output {
    let done = Command::new("python3")
        .arg(project("tests/terminal.py"))
        .args(["(not shown): ", words, LAIXIN, "user", "list", "--config"])
        .arg(settings)
        .output();
    done.expect("python3 starts")
}

fn with(settings: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(LAIXIN);
    command.env("LC_MESSAGES", "en");
    command.args(arguments).arg("--config").arg(settings);
    command
}

fn settings_with(station: &TestStation, at_rest: &str) -> PathBuf {
    let plain = fs::read_to_string(station.folder("station.toml")).unwrap();
    let path = station.folder("keyed.toml");
    fs::write(&path, plain + at_rest).unwrap();
    path
}

/// A station encrypted with a passphrase, and nothing of that left on the disk.
fn locked() -> (TestStation, PathBuf) {
    let station = TestStation::new();
    let words = station.folder("words");
    fs::write(&words, format!("{WORDS}\n")).unwrap();
    let settings = settings_with(
        &station,
        &format!("[at_rest]\npassphrase_file = {words:?}\n"),
    );
    let done = with(&settings, &["key", "encrypt"]).output().unwrap();
    assert!(done.status.success(), "{}", told(&done));
    fs::remove_file(&words).unwrap();
    (station, settings)
}

#[test]
fn a_passphrase_is_asked_for_at_the_terminal_and_not_shown() {
    let (_station, settings) = locked();
    let right = typed(&settings, WORDS);
    let shown = told(&right);
    assert!(right.status.success(), "{shown}");
    assert!(shown.contains("tester"), "{shown}");
    assert!(!shown.contains("ordinary"), "what was typed shows: {shown}");
    assert!(shown.contains("shows what is typed: True"), "{shown}");
    for (words, why) in [
        (
            "seven ordinary words one after the other",
            "another passphrase was given",
        ),
        ("too short", "fewer than 12"),
    ] {
        let wrong = typed(&settings, words);
        assert_eq!(wrong.status.code(), Some(2), "{}", told(&wrong));
        assert!(told(&wrong).contains(why), "{}", told(&wrong));
    }
}

#[test]
fn whoever_gives_up_at_the_question_keeps_a_terminal_that_shows_what_is_typed() {
    let (_station, settings) = locked();
    let given_up = typed(&settings, "^C");
    let shown = told(&given_up);
    assert_eq!(given_up.status.code(), Some(130), "{shown}");
    assert!(shown.contains("shows what is typed: True"), "{shown}");
}

/// What the service manager does with `LoadCredentialEncrypted=`: it decrypts the file into the service's credentials folder.
#[test]
fn a_key_that_systemd_encrypted_opens_the_station() {
    let station = TestStation::new();
    let (key, sealed, credentials) = (
        station.folder("key"),
        station.folder("laixin-key"),
        station.folder("credentials"),
    );
    let made = Command::new(LAIXIN)
        .env("LC_MESSAGES", "en")
        .args(["key", "new", "--to"])
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", told(&made));
    // Bound to no machine, since the test must not touch this one's secret; the shipped unit's key is bound to it.
    let encrypted = Command::new("systemd-creds")
        .args(["encrypt", "--with-key=tpm2-absent", "--name=laixin-key"])
        .args([&key, &sealed])
        .output();
    match encrypted {
        Ok(done) if done.status.success() => {}
        other => {
            println!("skipped: systemd-creds cannot encrypt here: {other:?}");
            return;
        }
    }
    let text = fs::read(&key).unwrap();
    let sealed_text = fs::read(&sealed).unwrap();
    assert!(!sealed_text.windows(9).any(|part| part == &text[..9]));
    fs::create_dir(&credentials).unwrap();
    let decrypted = Command::new("systemd-creds")
        .args(["decrypt", "--name=laixin-key"])
        .args([&sealed, &credentials.join("laixin-key")])
        .output()
        .unwrap();
    assert!(decrypted.status.success(), "{}", told(&decrypted));
    let settings = settings_with(&station, "[at_rest]\ncredential = \"laixin-key\"\n");
    let run = |arguments: &[&str]| {
        let mut command = with(&settings, arguments);
        command
            .env("CREDENTIALS_DIRECTORY", &credentials)
            .output()
            .unwrap()
    };
    let done = run(&["key", "encrypt"]);
    assert!(done.status.success(), "{}", told(&done));
    let listed = run(&["user", "list"]);
    assert!(told(&listed).contains("tester"), "{}", told(&listed));
    let without = with(&settings, &["user", "list"]).output().unwrap();
    assert_eq!(without.status.code(), Some(2), "{}", told(&without));
}
