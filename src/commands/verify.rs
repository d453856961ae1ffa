//! `laixin verify`: walks every original, every ledger entry and every row the ledger vouches for; names each break.

use std::path::{Path, PathBuf};

use super::spoken::{complain, say};
use super::{ConfigArg, FINDING, GOOD, USAGE, code_of};
use crate::Chain;
use crate::at_rest::Lock;
use crate::config::Settings;
use crate::evidence::{Evidence, EvidenceError, Original};
use crate::roots::Root;
use crate::store::{Db, StoreError};

/// `laixin verify`
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// A root exported earlier (a printout typed in): the ledger must still contain it. Those in evidence.roots_dir are compared without being named.
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
}

/// What was found so far.
#[derive(Default)]
struct Report {
    broken: u64,
}

impl Report {
    fn broken(&mut self, line: &str) {
        self.broken += 1;
        say!("{line}");
    }
}

/// Walks the whole evidence chain. It may run beside the station.
pub fn run(args: &VerifyArgs) -> u8 {
    let settings = match args.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let mut report = Report::default();
    let walked = Db::look_at(&settings).and_then(|db| {
        // A station beside goes on writing rows and their entries.
        let (entries, originals) = db.at_one_moment(|db| {
            let entries = ledger(db, &mut report)?;
            rows(db, &mut report)?;
            Ok((entries, db.original_rows()?))
        })?;
        Ok((entries, originals, db))
    });
    let (entries, originals, db) = match walked {
        Ok(found) => found,
        Err(error) => {
            complain!("{}: {}", settings.database().display(), Chain(&error));
            if error.is_damaged() {
                complain!("Keep it as it is and restore the last backup beside it.");
            }
            return match report.broken {
                0 => code_of(&error),
                _ => FINDING,
            };
        }
    };
    for file in &args.root {
        if let Err(code) = root(&db, file, entries, &mut report) {
            return code;
        }
    }
    anchors(&settings, &db, entries, &mut report);
    match settings.lock() {
        Ok(lock) => files((&settings, lock), &db, &originals, &mut report),
        Err(error) => {
            complain!("{}", Chain(&error));
            return USAGE;
        }
    }
    if report.broken == 0 { GOOD } else { FINDING }
}

/// How many entries are unbroken.
fn ledger(db: &Db, report: &mut Report) -> Result<i64, StoreError> {
    if let Some(told) = db.damage()? {
        report.broken(&format!(
            "database: BROKEN: {told}. Keep it as it is and restore the last backup beside it."
        ));
    }
    match db.verify_ledger()? {
        Ok(entries) => {
            let (_, hash) = db.ledger_mark()?;
            say!("ledger: {entries} entries, unbroken up to {hash}");
            Ok(entries)
        }
        Err(seq) => {
            report.broken(&format!(
                "ledger: BROKEN at entry {seq}: it or an entry before it was changed, removed or moved. Keep the database as it is and compare it with the last backup."
            ));
            Ok(seq - 1)
        }
    }
}

fn rows(db: &Db, report: &mut Report) -> Result<(), StoreError> {
    let rows = db.verify_rows()?;
    for fault in &rows.faults {
        report.broken(&format!(
            "record: BROKEN: {} {}. Keep the database as it is and compare it with the last backup.",
            fault.what, fault.why
        ));
    }
    let older = match rows.unhashed {
        0 => String::new(),
        n => format!("; {n} of an older laixin, whose entries carry no hash"),
    };
    say!("records: {} as the ledger says{older}", rows.good);
    Ok(())
}

/// Every root that lies in the folder of the settings.
fn anchors(settings: &Settings, db: &Db, entries: i64, report: &mut Report) {
    let Some(folder) = &settings.keeping.roots_dir else {
        return;
    };
    let exported = db.last_root_day().ok().flatten();
    let there: std::io::Result<Vec<PathBuf>> = std::fs::read_dir(folder)
        .and_then(|items| items.map(|item| item.map(|item| item.path())).collect());
    let mut roots = match there {
        Ok(there) => there,
        Err(error) => {
            match exported {
                Some(day) => report.broken(&format!(
                    "roots: NOT COMPARED: {}: {error}; the newest there is of {day}. Mount the folder of evidence.roots_dir and verify again.",
                    folder.display()
                )),
                None => report.broken(&format!(
                    "roots: NOT COMPARED: {}: {error}; none was exported yet, and none can be. Make or mount the folder of evidence.roots_dir.",
                    folder.display()
                )),
            }
            return;
        }
    };
    roots.retain(|file| file.extension().is_some_and(|ending| ending == "root"));
    roots.sort();
    let newest = exported.map(|day| folder.join(format!("{day}.root")));
    if let Some(missing) = newest.filter(|newest| !roots.contains(newest)) {
        report.broken(&format!(
            "root {}: MISSING: it was exported and is no longer there. Fetch it from a copy or the printout and give it as --root.",
            missing.display()
        ));
    }
    for file in &roots {
        match Root::read(file) {
            Ok(root) => {
                if let Err(error) = compared(db, file, &root, entries, report) {
                    report.broken(&format!(
                        "root {}: NOT COMPARED: {}",
                        file.display(),
                        Chain(&error)
                    ));
                }
            }
            Err(error) => report.broken(&format!("root: BROKEN: {}", Chain(&error))),
        }
    }
}

fn root(db: &Db, file: &Path, entries: i64, report: &mut Report) -> Result<(), u8> {
    let root = Root::read(file).map_err(|error| {
        complain!("{}", Chain(&error));
        USAGE
    })?;
    compared(db, file, &root, entries, report).map_err(|error| {
        complain!("{}", Chain(&error));
        code_of(&error)
    })
}

fn compared(
    db: &Db,
    file: &Path,
    root: &Root,
    entries: i64,
    report: &mut Report,
) -> Result<(), StoreError> {
    let found = db.ledger_hash(root.entries)?;
    let shown = file.display();
    match found {
        Some(hash) if hash == root.hash && root.entries <= entries => {
            say!("root {shown}: entry {} is as it was on {}", root.entries, root.day);
        }
        Some(_) => report.broken(&format!(
            "root {shown}: BROKEN: entry {} is not what it was on {}: the ledger was rewritten since. Keep the database as it is; the back-ups before that day show the old one.",
            root.entries, root.day
        )),
        None => report.broken(&format!(
            "root {shown}: BROKEN: the ledger has no entry {} any more, as it had on {}, or the root is another station's.",
            root.entries, root.day
        )),
    }
    Ok(())
}

fn files(
    (settings, lock): (&Settings, &Lock),
    db: &Db,
    originals: &[Original],
    report: &mut Report,
) {
    let folders = [
        Some(settings.evidence_dir()),
        settings.keeping.second_dir.clone(),
    ];
    let mut names = ["originals", "second copies"].into_iter();
    let mut first = None;
    // What the first folder has bad, or not at all.
    let mut bad = std::collections::BTreeSet::new();
    for folder in folders.into_iter().flatten() {
        let name = names.next().expect("two folders at most");
        // Of every original the same would be said; a station that was never started has none, and no folder.
        if !originals.is_empty()
            && let Err(error) = std::fs::read_dir(&folder)
        {
            report.broken(&format!(
                "{name}: NOT LISTED: {}: {error}. Mount the disk and verify again.",
                folder.display()
            ));
            bad.extend(originals.iter().map(|original| &original.sha256));
            continue;
        }
        let evidence = Evidence::open_to_look(&folder).with_lock(lock);
        let mut good = 0_u64;
        for original in originals {
            let whole = evidence
                .check_against(original)
                .and_then(|()| evidence.is_of_its_own(&original.sha256, first.as_ref()));
            match whole {
                Ok(()) => good += 1,
                // The original itself is whole: it must not be fetched from anywhere.
                Err(error) if first.is_some() && !bad.contains(&original.sha256) => {
                    let what = match error {
                        EvidenceError::Missing { sha256 } => {
                            format!("the second copy of {sha256} is missing")
                        }
                        other => format!("the second copy: {}", Chain(&other)),
                    };
                    report.broken(&format!(
                        "{name}: BROKEN: {what} ({}). The original is whole; the station makes the copy anew from it.",
                        whose(db, &original.sha256)
                    ));
                }
                // Nothing is said against the original: it is neither to be fetched from anywhere nor to be mended.
                Err(error) if error.is_of_the_system() => {
                    bad.insert(&original.sha256);
                    report.broken(&format!(
                        "{name}: NOT READ: {} ({}). Give the folder back to the station's account (chown -R), or see to its disk, and verify again.",
                        Chain(&error),
                        whose(db, &original.sha256)
                    ));
                }
                Err(error) => {
                    bad.insert(&original.sha256);
                    report.broken(&format!(
                        "{name}: BROKEN: {} ({}). Keep the file as it is; the station mends it from the second copy, or fetch this original from the last backup.",
                        Chain(&error),
                        whose(db, &original.sha256)
                    ));
                }
            }
        }
        say!("{name}: {good} of {} unaltered", originals.len());
        strays(name, &evidence, originals, report);
        first.get_or_insert(evidence);
    }
}

/// The letters and pages that have an original.
fn whose(db: &Db, sha256: &str) -> String {
    match db.pages_of_original(sha256) {
        Ok(pages) if pages.is_empty() => "of no letter: a file that was set aside".to_owned(),
        Ok(pages) => pages.join("; "),
        // What is damaged in the database is told above.
        Err(_) => "whose it is cannot be read".to_owned(),
    }
}

/// What lies among the originals and no record names: bytes of files that are held, for the most part.
fn strays(name: &str, evidence: &Evidence, originals: &[Original], report: &mut Report) {
    let found = match evidence.strays(originals) {
        Ok(found) => found,
        // A station that was never started has no folder yet.
        Err(EvidenceError::Io { source, .. })
            if originals.is_empty() && source.kind() == std::io::ErrorKind::NotFound =>
        {
            return;
        }
        Err(error) => {
            return report.broken(&format!("{name}: NOT LISTED: {}", Chain(&error)));
        }
    };
    for (path, error) in &found.bad {
        let why = error.as_ref().map_or_else(
            || "it is a link".to_owned(),
            |error| Chain(error).to_string(),
        );
        report.broken(&format!(
            "{name}: BROKEN: {}, that no record names (bytes of a held file may lie there): {why}. Keep it as it is and compare it with the last backup.",
            path.display()
        ));
    }
    if found.whole > 0 {
        say!(
            "{name}: {} more that no record names (of files that are held or were not taken in), unaltered",
            found.whole
        );
    }
    if found.others > 0 {
        say!("{name}: {} files that are no originals", found.others);
    }
}
