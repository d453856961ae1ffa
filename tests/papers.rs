//! The papers in `docs`: every command in them is run against a station, and what they quote is what the console says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::{LAIXIN, TestStation, project, reader, wait_for};

/// The other disk of the papers.
const DISK: &str = "/media/backup";
/// Where they keep the key of back-ups: not on that disk.
const KEYS: &str = "/etc/laixin/keys";
/// What only an installed package has, or root does; `make package-trial` runs these.
const OF_THE_PACKAGE: [&str; 6] = [
    "chown",
    "dpkg",
    "install",
    "laixin-setup",
    "systemctl",
    "journalctl",
];

fn papers() -> Vec<(String, String)> {
    let folder = fs::read_dir(project("docs")).expect("the papers");
    let files = folder.map(|file| file.expect("a file").path());
    let mut all: Vec<(String, String)> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "md"))
        .map(|file| {
            let name = file
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(file).expect("a paper"))
        })
        .collect();
    all.sort();
    assert_eq!(
        all.len(),
        4,
        "operator, maintenance, integrator, administrator"
    );
    all
}

/// Code blocks of this kind.
fn blocks<'a>(paper: &'a str, kind: &str) -> Vec<&'a str> {
    let mut parts = paper.split("\n```");
    parts.next();
    parts
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .filter(|(told, _)| *told == kind)
        .map(|(_, text)| text)
        .collect()
}

/// A station with one letter that waits to be claimed, and `laixin-admin` as the package has it.
fn station() -> (TestStation, String) {
    let mut station = TestStation::with_settings(|text| reader::chosen(&text));
    let path = reader::surround(&mut station);
    station.start_simulator();
    station.start();
    station.sign_in();
    station.open_batch(1);
    station.scan_bytes(&reader::page(1), "A001_p1.png");
    let admin = station.folder("programs/laixin-admin");
    let settings = station.folder("station.toml");
    let script = format!(
        "#!/bin/sh\nexec {LAIXIN} \"$@\" --config {}\n",
        settings.display()
    );
    fs::write(&admin, script).expect("written");
    fs::set_permissions(&admin, fs::Permissions::from_mode(0o755)).expect("made a program");
    station.wait_for_stage("A001", &["drafted"], 60);
    wait_for("the cabinet", 20, || {
        let seen = station.call("GET", "/v1/cabinets/cabinet-1", None).1;
        (seen["connected"] == true).then_some(())
    });
    (station, path)
}

#[test]
fn every_command_of_the_papers_does_what_it_should() {
    let (station, path) = station();
    let place = station.folder("papers").display().to_string();
    fs::create_dir(&place).expect("a place");
    let mut run = 0;
    for (name, paper) in papers() {
        for block in blocks(&paper, "sh") {
            let done = Command::new("sh")
                .args([
                    "-e",
                    "-c",
                    &block.replace(DISK, &place).replace(KEYS, &place),
                ])
                .current_dir(&place)
                .env("PATH", &path)
                .env("STATION", format!("http://{}", station.address))
                .output()
                .expect("a shell");
            let told = [done.stdout, done.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(
                done.status.success(),
                "{name}: {}\n{block}\n{told}",
                done.status
            );
            run += block.lines().count();
        }
    }
    assert!(run > 20, "{run} lines were run");
    assert_eq!(
        station.ok("GET", "/v1/letters/A001", None)["stage"],
        "registered"
    );
}

#[test]
fn commands_of_the_installed_package_are_tried_by_its_trial() {
    let trial = fs::read_to_string(project("package/trial.py")).expect("the trial");
    for (name, paper) in papers() {
        let kinds = paper.lines().filter_map(|line| line.strip_prefix("```"));
        for kind in kinds.filter(|kind| !kind.is_empty()) {
            assert!(["sh", "sh package"].contains(&kind), "{name}: {kind}");
        }
        for line in blocks(&paper, "sh package")
            .iter()
            .flat_map(|block| block.lines())
        {
            let program = line.split(' ').next().unwrap_or_default();
            assert!(OF_THE_PACKAGE.contains(&program), "{name}: {line}");
            assert!(
                trial.contains(program),
                "{name}: the trial does not run {program}"
            );
        }
    }
}

/// What stands in Chinese quotation marks is a text of the console.
#[test]
fn the_papers_use_the_words_of_the_console() {
    let messages =
        fs::read_to_string(project("src/console/messages/zh.toml")).expect("the messages");
    let templates = messages.replace("{}", "…");
    for (name, paper) in papers() {
        for quoted in paper.split('“').skip(1) {
            let (words, _) = quoted.split_once('”').expect("closed");
            assert!(
                templates.contains(words),
                "{name}: the console does not say “{words}”"
            );
        }
    }
}
