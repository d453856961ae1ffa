//! The files in `systemd/` are what systemd accepts, and the service stays as confined as `systemd/README.md` says. Nothing is started here.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("systemd")
        .join(file)
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; `make setup` installs it"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("the project's path is UTF-8")
}

/// The unit as shipped, but with the program that was just built: `verify` asks that it exists.
fn unit_in(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let unit = std::fs::read_to_string(shipped("laixin.service")).unwrap();
    let copy = folder.join("laixin.service");
    let built = unit.replace("/usr/bin/laixin", env!("CARGO_BIN_EXE_laixin"));
    assert_ne!(unit, built, "ExecStart names /usr/bin/laixin");
    std::fs::write(&copy, change(built)).unwrap();
    copy
}

fn verify(unit: &Path) -> Output {
    run("systemd-analyze", &["verify", "--man=no", utf8(unit)])
}

#[test]
fn unit_is_accepted_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let answer = verify(&unit_in(folder.path(), |unit| unit));
    assert!(answer.status.success(), "{}", said(&answer));
    // systemd ignores what it does not know; a misspelt key only shows as a line that names our file.
    assert!(
        !said(&answer).contains("laixin.service"),
        "{}",
        said(&answer)
    );
}

#[test]
fn misspelt_key_would_be_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let answer = verify(&unit_in(folder.path(), |unit| {
        unit.replace("ProtectHome=", "ProtectHouse=")
    }));
    assert!(said(&answer).contains("ProtectHouse"), "{}", said(&answer));
}

#[test]
fn exposure_stays_at_1_5_or_below() {
    let unit = shipped("laixin.service");
    // The threshold is in tenths. 0.2 of it are the call by which the page worker limits its own memory.
    let answer = run(
        "systemd-analyze",
        &[
            "security",
            "--offline=true",
            "--no-pager",
            "--threshold=15",
            utf8(&unit),
        ],
    );
    assert!(answer.status.success(), "{}", said(&answer));
}

#[test]
fn the_office_is_accepted_without_a_word_and_confined_alike() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/office/laixin-office.service");
    let folder = tempfile::tempdir().unwrap();
    let unit = std::fs::read_to_string(&shipped).unwrap();
    let copy = folder.path().join("laixin-office.service");
    std::fs::write(
        &copy,
        unit.replace("/usr/bin/laixin", env!("CARGO_BIN_EXE_laixin")),
    )
    .unwrap();
    let answer = verify(&copy);
    assert!(answer.status.success(), "{}", said(&answer));
    assert!(
        !said(&answer).contains("laixin-office.service"),
        "{}",
        said(&answer)
    );
    let asked = ["security", "--offline=true", "--no-pager", "--threshold=15"];
    let answer = run("systemd-analyze", &[&asked[..], &[utf8(&shipped)]].concat());
    assert!(answer.status.success(), "{}", said(&answer));
}

#[test]
fn service_is_ready_when_it_says_so_and_is_watched() {
    let unit = std::fs::read_to_string(shipped("laixin.service")).unwrap();
    for line in [
        "Type=notify",
        "WatchdogSec=30",
        "RestartPreventExitStatus=2",
        "User=laixin",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line} is missing");
    }
}

/// After ten tries in half a minute it stayed down, and `systemctl start` was refused as well.
#[test]
fn a_fault_at_the_start_that_passes_leaves_no_station_down() {
    let unit = std::fs::read_to_string(shipped("laixin.service")).unwrap();
    let has = |line: &str| unit.lines().any(|found| found == line);
    assert!(has("StartLimitIntervalSec=0") && has("RestartSec=5") && has("Restart=on-failure"));
    let papers = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (paper, words) in [
        ("systemd/README.md", "tried again every 5 s"),
        ("docs/maintenance.md", "每 5 秒自动重试"),
    ] {
        let text = std::fs::read_to_string(papers.join(paper)).unwrap();
        assert!(text.contains(words), "{paper}: {words}");
    }
}

/// libusb, below SANE's drivers, asks the kernel for devices by netlink and gives up without it.
#[test]
fn usb_scanners_are_not_shut_out() {
    let unit = std::fs::read_to_string(shipped("laixin.service")).unwrap();
    let families = unit
        .lines()
        .find_map(|line| line.strip_prefix("RestrictAddressFamilies="));
    let families: Vec<_> = families.unwrap().split(' ').collect();
    assert!(families.contains(&"AF_NETLINK"), "{families:?}");
    assert!(unit.contains("DeviceAllow=char-usb_device rw"));
}

#[test]
fn account_is_created() {
    let root = tempfile::tempdir().unwrap();
    let account = shipped("sysusers.d/laixin.conf");
    let answer = run(
        "systemd-sysusers",
        &["--dry-run", "--root", utf8(root.path()), utf8(&account)],
    );
    assert!(answer.status.success(), "{}", said(&answer));
    assert!(
        said(&answer).contains("Creating user 'laixin'"),
        "{}",
        said(&answer)
    );
}
