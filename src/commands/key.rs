//! `laixin key …`: the key that database and originals are encrypted with. Made, shown for the safe, checked, changed; a station in the clear encrypted.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, Subcommand};

use super::spoken::{complain, say};
use super::{ConfigArg, FINDING, GOOD, USAGE};
use crate::at_rest::{self, AtRestError, KeyId, Marker, Secret, StationKey, TurnError, Turned};
use crate::broker::SealKey;
use crate::config::{AtRest, Settings};
use crate::evidence::Resealed;
use crate::station::take_data_dir;
use crate::store::DatabaseState;
use crate::{Chain, clock};

/// Where `LoadCredentialEncrypted=` looks for credentials by their name.
const CREDENTIALS: &str = "/etc/credstore.encrypted";

/// `laixin key`
#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes the key of a station and prints the sheet for the safe. Writes where [at_rest] says: `key_file` there, `credential` into
    /// /etc/credstore.encrypted, whatever folder the settings lie in.
    New {
        /// Only makes a key in this file, to change to with `rotate`; the settings are not looked at.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Says whether the key is there and is the right one, and whether everything is encrypted with it.
    Check {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Prints the sheet for the safe once more: with it everything can be opened.
    Sheet {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Encrypts a stopped station that lies in the clear; prints the sheet. Cut short, it is simply run again.
    Encrypt {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Makes the sealing key of a station or of an office; prints what the others' settings call seal_to.
    Office {
        /// The file for its seed.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Makes the key that a station, an office or a reader shows to the brokers; prints what their configuration calls nkey.
    Broker {
        /// The file for its seed.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Encrypts a stopped station anew with another key; prints its sheet. Cut short, it is simply run again.
    Rotate {
        /// The file with the new key (`laixin key new --to FILE`), or with the new passphrase where the settings say passphrase_file.
        #[arg(long, value_name = "FILE")]
        new: PathBuf,
        #[command(flatten)]
        config: ConfigArg,
    },
}

/// Runs the command.
pub fn run(args: &KeyArgs) -> u8 {
    let done = match &args.what {
        What::New { to: Some(file), .. } => new_file(file),
        What::New { to: None, config } => new(config),
        What::Office { to } => office(to),
        What::Broker { to } => broker(to),
        What::Check { config } => return check(config),
        What::Sheet { config } => sheet_again(config),
        What::Encrypt { config } => encrypt(config),
        What::Rotate { new, config } => rotate(config, new),
    };
    done.unwrap_or_else(|code| code)
}

fn told(error: &dyn std::error::Error, code: u8) -> u8 {
    complain!("{}", Chain(error));
    code
}

fn refused(error: &AtRestError) -> u8 {
    told(error, USAGE)
}

fn named(settings: &Settings) -> Result<&AtRest, u8> {
    settings.at_rest.as_ref().ok_or_else(|| {
        complain!(
            "the settings say nothing of a key: set [at_rest], e.g. credential = \"laixin-key\" (config/station.toml explains the choice)"
        );
        USAGE
    })
}

fn new(config: &ConfigArg) -> Result<u8, u8> {
    let settings = config.load()?;
    let wanted = named(&settings)?;
    let data = settings.station.data_dir.as_path();
    if let Some(marker) = Marker::read(data).map_err(|error| refused(&error))? {
        complain!(
            "this station has key {} already; `laixin key rotate` changes it",
            marker.key
        );
        return Err(USAGE);
    }
    let state = DatabaseState::of(&settings.database());
    let is_new = state.is_ok_and(|state| state == DatabaseState::None);
    let (key, marker) = match wanted {
        AtRest::PassphraseFile(_) if !is_new => {
            complain!(
                "there is a station already: `laixin key encrypt` makes its key of the passphrase and encrypts it"
            );
            return Err(USAGE);
        }
        AtRest::PassphraseFile(file) => {
            match Secret::in_file(file, true).map_err(|error| refused(&error))? {
                Secret::Passphrase(words) => {
                    Marker::of_passphrase(&words).map_err(|error| told(&error, FINDING))?
                }
                Secret::Key(key) => (key.clone(), Marker::of(&key, None)),
            }
        }
        AtRest::KeyFile(file) => {
            let key = StationKey::new().map_err(|error| told(&error, FINDING))?;
            write_new(file, &key.text())?;
            let marker = Marker::of(&key, None);
            (key, marker)
        }
        AtRest::Credential(name) => {
            let key = StationKey::new().map_err(|error| told(&error, FINDING))?;
            encrypt_credential(name, &key)?;
            let marker = Marker::of(&key, None);
            (key, marker)
        }
    };
    if is_new {
        std::fs::create_dir_all(data).map_err(|error| told(&error, FINDING))?;
        marker.write(data).map_err(|error| refused(&error))?;
    }
    print_sheet(&settings.station.name, &key);
    let place = match wanted {
        AtRest::Credential(name) => format!(
            "{} (written to {CREDENTIALS}/{name})",
            at_rest::place_of(wanted)
        ),
        _ => at_rest::place_of(wanted),
    };
    match is_new {
        true => say!("{place} is in place; the first start encrypts everything with it."),
        false => say!(
            "{place} is in place. This station still lies in the clear: stop it and run `laixin key encrypt`."
        ),
    }
    Ok(GOOD)
}

fn office(file: &Path) -> Result<u8, u8> {
    let key = SealKey::generated();
    write_new(file, &key.seed())?;
    println!("{}", key.public().0);
    Ok(GOOD)
}

fn broker(file: &Path) -> Result<u8, u8> {
    let pair = nkeys::KeyPair::new_user();
    let seed = pair.seed().expect("it was made with its seed");
    write_new(file, &seed)?;
    println!("{}", pair.public_key());
    Ok(GOOD)
}

fn new_file(file: &Path) -> Result<u8, u8> {
    let key = StationKey::new().map_err(|error| told(&error, FINDING))?;
    write_new(file, &key.text())?;
    say!(
        "{}: a new key, number {}. `laixin key rotate --new {}` changes a station to it.",
        file.display(),
        key.id(),
        file.display()
    );
    Ok(GOOD)
}

/// Never over a file that is there.
fn write_new(file: &Path, text: &str) -> Result<(), u8> {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut to| {
            to.write_all(text.as_bytes())?;
            to.write_all(b"\n")?;
            to.sync_all()
        });
    made.map_err(|error| {
        complain!(
            "{}: {error}; an existing file is never overwritten",
            file.display()
        );
        FINDING
    })
}

/// Encrypted by the machine's own secret (and its TPM, where there is one), readable by the service alone.
fn encrypt_credential(name: &str, key: &StationKey) -> Result<(), u8> {
    let file = Path::new(CREDENTIALS).join(name);
    if file.exists() {
        complain!(
            "{} is there already and is never overwritten",
            file.display()
        );
        return Err(FINDING);
    }
    let encrypted = std::fs::create_dir_all(CREDENTIALS).and_then(|()| {
        let mut child = Command::new("systemd-creds")
            .arg("encrypt")
            .arg(format!("--name={name}"))
            .arg("-")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take().expect("it was piped");
        input.write_all(key.text().as_bytes())?;
        drop(input);
        child.wait()
    });
    let why = match encrypted {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    complain!(
        "systemd-creds cannot encrypt the key into {}: {why}. Run this as root on the machine itself, or set key_file in [at_rest]",
        file.display()
    );
    Err(FINDING)
}

fn sheet_again(config: &ConfigArg) -> Result<u8, u8> {
    let settings = config.unlocked()?;
    named(&settings)?;
    let lock = settings.lock().map_err(|error| refused(&error))?;
    let Some(opened) = lock.current() else {
        return Err(USAGE);
    };
    print_sheet(&settings.station.name, opened.key());
    Ok(GOOD)
}

/// Said before a key can be lost, to whoever makes it.
fn print_sheet(station: &str, key: &StationKey) {
    let text = key.text();
    let groups: Vec<&str> = text.split('-').collect();
    println!("════ 恢复密钥 · recovery key ════");
    println!(
        "{station} · 密钥编号 key number {} · {}",
        key.id(),
        clock::now().day()
    );
    println!();
    for line in groups.chunks(7) {
        println!("    {}", line.join(" "));
    }
    println!();
    println!(
        "请打印或抄写本页，放入保险柜，不要与本机或硬盘放在一起。密钥和本页都丢失时，任何人都无法再读出来信，"
    );
    println!("也没有后门；备份用备份自己的密钥另行打开。得到本页的人可以读出本机的全部来信。");
    println!(
        "Print or copy this sheet and put it into a safe, away from this machine and its disks. If key and sheet are both"
    );
    println!(
        "lost, nobody can ever read these letters again, and there is no way around it; back-ups open with their own key."
    );
    println!("Whoever has this sheet can read every letter on this machine.");
    println!("═════════════════════════════════");
}

fn encrypt(config: &ConfigArg) -> Result<u8, u8> {
    let settings = config.load()?;
    named(&settings)?;
    let _station = take_data_dir(&settings).map_err(|error| told(&error, FINDING))?;
    let done = at_rest::encrypt(&settings, &mut progress);
    let (key, turned) = done.map_err(|error| not_turned(&error))?;
    print_sheet(&settings.station.name, &key);
    say!(
        "What lay in the clear before may still be found in free places of these disks: overwrite or replace them where that matters."
    );
    Ok(report(key.id(), &turned))
}

fn rotate(config: &ConfigArg, new: &Path) -> Result<u8, u8> {
    let settings = config.load()?;
    let wanted = named(&settings)?;
    let takes_passphrase = matches!(wanted, AtRest::PassphraseFile(_));
    if !new.exists() {
        let file = new.display();
        match takes_passphrase {
            true => {
                complain!("{file} is not there: write the new passphrase into it first")
            }
            false => complain!("{file} is not there: `laixin key new --to {file}` makes a new key"),
        }
        return Err(USAGE);
    }
    let secret = Secret::in_file(new, takes_passphrase).map_err(|error| refused(&error))?;
    let _station = take_data_dir(&settings).map_err(|error| told(&error, FINDING))?;
    let done = at_rest::rotate(&settings, &secret, &mut progress);
    let (key, turned) = done.map_err(|error| not_turned(&error))?;
    print_sheet(&settings.station.name, &key);
    say!(
        "Now put the new key in the place of the old one: {}. The old one is forgotten as soon as the new one was used once (`laixin key check`).",
        at_rest::place_of(wanted)
    );
    Ok(report(key.id(), &turned))
}

fn progress(done: u64) {
    if done.is_multiple_of(1000) {
        eprintln!("{done} originals");
    }
}

fn not_turned(error: &TurnError) -> u8 {
    let code = match error {
        TurnError::AtRest(AtRestError::Io { .. })
        | TurnError::Store(_)
        | TurnError::Evidence(_)
        | TurnError::SecondAway { .. }
        | TurnError::Copy => FINDING,
        _ => USAGE,
    };
    told(error, code)
}

fn report(key: KeyId, turned: &Turned) -> u8 {
    let line = |name: &str, of: &Resealed| {
        say!(
            "{name}: {} encrypted with key {key}, {} were already",
            of.sealed,
            of.already
        );
        for file in &of.left {
            say!(
                "{name}: {} is no whole original and was left as it is: run `laixin verify`",
                file.display()
            );
        }
    };
    line("originals", &turned.originals);
    line("second copies", &turned.second);
    for (folder, count) in &turned.taken_files {
        say!(
            "{}: {count} taken files lie there in the clear; they are among the originals: remove them",
            folder.display()
        );
    }
    let whole = turned.originals.left.is_empty() && turned.second.left.is_empty();
    if whole { GOOD } else { FINDING }
}

fn check(config: &ConfigArg) -> u8 {
    let settings = match config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let Some(wanted) = &settings.at_rest else {
        say!(
            "this station lies in the clear: whoever takes its disk reads every letter. Set [at_rest], run `laixin key new`, then `laixin key encrypt`"
        );
        return FINDING;
    };
    let lock = match settings.lock() {
        Ok(lock) => lock,
        Err(error) => return refused(&error),
    };
    let Some(opened) = lock.current() else {
        return USAGE;
    };
    let place = at_rest::place_of(wanted);
    if let Some(outdated) = lock.outdated() {
        say!(
            "{place}: STILL THE OLD KEY {outdated}. The station's is {}: put the new key there now, and keep it and its sheet; the old one leads to it only until the new one was used once",
            opened.id()
        );
        return FINDING;
    }
    say!("{place}: key {}, the station's", opened.id());
    if lock.is_turning() {
        say!(
            "it was being encrypted, or its key changed, and that was cut short: stop the station and run `laixin key encrypt` or `laixin key rotate` again"
        );
        return FINDING;
    }
    match crate::store::Db::look_at(&settings).and_then(|db| db.damage()) {
        Ok(None) => say!(
            "{}: opens, every page as it was written",
            settings.database().display()
        ),
        Ok(Some(why)) => {
            say!("{}: {why}", settings.database().display());
            return FINDING;
        }
        Err(crate::store::StoreError::Sqlite(_)) if !settings.database().exists() => {
            say!("no database yet; the first start makes it");
        }
        Err(error) => return told(&error, FINDING),
    }
    in_the_clear(&settings)
}

/// Originals that lie in the clear beside the sealed ones.
fn in_the_clear(settings: &Settings) -> u8 {
    let folders = [
        Some(settings.evidence_dir()),
        settings.keeping.second_dir.clone(),
    ];
    let mut found = 0;
    for folder in folders.into_iter().flatten() {
        let (sealed, clear) = crate::evidence::sealed_and_clear(&folder);
        say!(
            "{}: {sealed} encrypted, {clear} in the clear",
            folder.display()
        );
        found += clear;
    }
    match found {
        0 => GOOD,
        _ => FINDING,
    }
}
