//! `laixin check`: tries the settings, every device, folder and model; one line each, with what to do next.

use std::path::Path;
use std::time::Instant;

use uv_cabinet::Cabinet;

use super::{ConfigArg, FINDING, GOOD};
use crate::config::Settings;
use crate::store::Db;
use crate::{Chain, disinfect, read};

/// Collects the lines.
#[derive(Default)]
struct Report {
    bad: u32,
}

impl Report {
    fn good(&self, what: &str, how: &str) {
        println!("  ok    {what}: {how}");
    }

    /// Would stop the station or a part of it.
    fn bad(&mut self, what: &str, why: &str, then: &str) {
        self.bad += 1;
        println!("  BAD   {what}: {why}\n        → {then}");
    }

    /// The station runs without it and says so.
    fn warn(&self, what: &str, why: &str, then: &str) {
        println!("  warn  {what}: {why}\n        → {then}");
    }
}

/// Checks everything the settings name.
pub fn run(args: &ConfigArg) -> u8 {
    let settings = match args.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    println!("{}", args.config.display());
    let mut report = Report::default();
    folders(&settings, &mut report);
    database(&settings, &mut report);
    office(&settings, &mut report);
    reading(&settings, &mut report);
    port(&settings, &report);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system can start a runtime");
    runtime.block_on(cabinets(&settings, &mut report));
    match report.bad {
        0 => GOOD,
        bad => {
            println!("{bad} would keep the station or a part of it from working");
            FINDING
        }
    }
}

fn folders(settings: &Settings, report: &mut Report) {
    let data = ("data_dir".to_owned(), settings.station.data_dir.as_path());
    let scanners = settings
        .scanners
        .iter()
        .map(|s| (format!("scanner {}", s.id), s.folder.as_path()));
    for (what, folder) in std::iter::once(data).chain(scanners) {
        match try_writing(folder) {
            Ok(()) => report.good(&what, &format!("{} can be written", folder.display())),
            Err(error) => {
                let then = "make the folder, or give it to the user that runs laixin";
                report.bad(&what, &format!("{}: {error}", folder.display()), then);
            }
        }
    }
}

fn try_writing(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(".laixin-check");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

fn database(settings: &Settings, report: &mut Report) {
    let path = settings.database();
    if !path.exists() {
        return report.good("database", "none yet; the first start makes it");
    }
    match Db::open_to_look(&path) {
        Ok(_) => report.good("database", &path.display().to_string()),
        Err(error) => {
            let why = format!("{}: {}", path.display(), Chain(&error));
            report.bad(
                "database",
                &why,
                "keep the file as it is; restore the last backup beside it and compare",
            );
        }
    }
}

fn office(settings: &Settings, report: &mut Report) {
    match read::office(settings) {
        Ok(office) => {
            let found = format!(
                "{} leaders, {} organisations",
                office.roster.leaders.len(),
                office.roster.orgs.len()
            );
            report.good("roster and deadlines", &found);
            if office.roster.leaders.is_empty() && office.roster.orgs.is_empty() {
                report.warn(
                    "roster",
                    "nobody is on it",
                    "enter the addressees of this office; no letter finds its addressee without",
                );
            }
        }
        Err(error) => report.bad(
            "roster and deadlines",
            &Chain(&error).to_string(),
            "mend the line it names, or set the right path where the file is missing",
        ),
    }
}

fn reading(settings: &Settings, report: &mut Report) {
    match read::open_engine(&settings.reading) {
        Ok(engine) => report.good("reading", engine.version()),
        Err(error) => {
            let then = "run make setup, or set reading.models_dir to the folder of the models";
            report.bad("reading", &Chain(&error).to_string(), then);
        }
    }
}

fn port(settings: &Settings, report: &Report) {
    let address = settings.http.listen;
    match std::net::TcpListener::bind(address) {
        Ok(_) => report.good("http", &format!("{address} is free")),
        Err(error) => report.warn(
            "http",
            &format!("{address}: {error}"),
            "good if the station runs already; otherwise stop the other program or set another http.listen",
        ),
    }
}

async fn cabinets(settings: &Settings, report: &mut Report) {
    for cabinet in &settings.cabinets {
        let what = format!("cabinet {}", cabinet.id);
        let profile = match disinfect::profile_of(cabinet) {
            Ok(profile) => profile,
            Err(error) => {
                report.bad(
                    &what,
                    &Chain(&error).to_string(),
                    "mend the line it names, or set the right path where the file is missing",
                );
                continue;
            }
        };
        let (handle, task) = Cabinet::new(profile);
        let task = tokio::spawn(task.run());
        let readings = handle.poll().await;
        let missing: Vec<_> = readings
            .all(Instant::now())
            .filter_map(|(point, reading)| {
                reading
                    .err()
                    .map(|missing| format!("{} ({})", point.name(), missing.code()))
            })
            .collect();
        drop(handle);
        let _ = task.await;
        if missing.is_empty() {
            report.good(&what, &format!("answers at {}", cabinet.address));
        } else {
            let why = format!("{}: no reading of {}", cabinet.address, missing.join(", "));
            report.bad(
                &what,
                &why,
                "switch the cabinet on, check its cable and cabinet.address",
            );
        }
    }
}
