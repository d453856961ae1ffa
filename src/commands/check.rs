//! `laixin check`: tries the settings, every device, folder and model; one line each, with what to do next.

mod at_rest;
mod cabinets;
mod machine;
mod scanners;

use std::path::Path;

use super::{ConfigArg, FINDING, GOOD};
use crate::config::Settings;
use crate::domain::deadline::Profile;
use crate::print::PrintFont;
use crate::store::{Db, StoreError};
use crate::{Chain, certificate, handoff, read};

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
    let mut settings = match args.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    println!("{}", args.config.display());
    let mut report = Report::default();
    data_folder(&settings, &mut report);
    scanners::folders(&settings, &mut report);
    at_rest::check(&mut settings, &mut report);
    database(&settings, &mut report);
    machine::check(&settings, &mut report);
    backups(&settings, &report);
    office(&settings, &mut report);
    reading(&settings, &mut report);
    paper(&settings, &report);
    port(&settings, &report);
    tls(&settings, &mut report);
    exchanges(&settings, &mut report);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system can start a runtime");
    runtime.block_on(cabinets::all(&settings, &mut report));
    runtime.block_on(scanners::all(&settings, &mut report));
    runtime.block_on(webhooks(&settings, &mut report));
    match report.bad {
        0 => GOOD,
        bad => {
            println!("{bad} would keep the station or a part of it from working");
            FINDING
        }
    }
}

fn data_folder(settings: &Settings, report: &mut Report) {
    let data = settings.station.data_dir.as_path();
    // The first start makes the data folder, but not what it lies in.
    match data.parent().filter(|_| !data.exists()) {
        Some(above) => folder("data_dir", above, "the first start makes it", report),
        None => folder("data_dir", data, "can be listed and written", report),
    }
}

fn folder(what: &str, folder: &Path, good: &str, report: &mut Report) {
    match try_using(folder) {
        Ok(()) => report.good(what, &format!("{}: {good}", folder.display())),
        Err(error) => {
            let then =
                "make the folder, or give it to the user that runs laixin (read, write, list)";
            report.bad(what, &format!("{}: {error}", folder.display()), then);
        }
    }
}

fn try_using(folder: &Path) -> std::io::Result<()> {
    std::fs::read_dir(folder)?;
    let probe = folder.join(".laixin-check");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

fn database(settings: &Settings, report: &mut Report) {
    let path = settings.database();
    match path.try_exists() {
        Ok(false) => return report.good("database", "none yet; the first start makes it"),
        Ok(true) => {}
        Err(error) => {
            let why = format!("{}: {error}", path.display());
            return report.bad(
                "database",
                &why,
                "give the data folder to the user that runs laixin",
            );
        }
    }
    match Db::look_at(settings) {
        Err(StoreError::AtRest(_)) => {} // told above
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

/// Monthly back-ups are written duty (FK 一(九)5).
fn backups(settings: &Settings, report: &Report) {
    let Ok(db) = Db::look_at(settings) else {
        return; // told above, or there is none yet
    };
    let (Ok(last), Ok(first)) = (db.last_backup(), db.first_arrival()) else {
        return;
    };
    let then = "run `laixin backup DIR` onto another disk, and set backup.key_file so that it is encrypted";
    let days = |since: crate::clock::Millis| (crate::clock::now().0 - since.0) / 86_400_000;
    let limit = i64::try_from(settings.backup.warn_days.0).expect("at most 365");
    match last {
        Some(last) if days(last.made) >= limit => {
            let why = format!("the last one is {} days old", days(last.made));
            report.warn("backup", &why, then);
        }
        Some(last) if last.faults > 0 => report.warn(
            "backup",
            &format!("{} originals are missing in the last one", last.faults),
            "run `laixin verify`, and fetch them from an earlier back-up",
        ),
        Some(last) => {
            let how = format!("{} in {}", last.made.rfc3339(), last.folder);
            report.good("backup", &how);
        }
        None if first.is_some_and(|first| days(first) >= limit) => {
            report.warn("backup", "none was ever made", then);
        }
        None => report.good("backup", "none yet; nothing here is a month old"),
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
            holidays(&office.deadlines, report);
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

/// A due date that runs into a year without a table is told too early rather than too late, and says so; better to know before.
fn holidays(deadlines: &Profile, report: &Report) {
    match deadlines.table_wanting(&crate::clock::now().day()) {
        None => {
            let last = deadlines.holidays.last_year();
            let last = last.map_or("none is needed".to_owned(), |y| format!("tables up to {y}"));
            report.good("holidays", &last);
        }
        Some(year) => report.warn(
            "holidays",
            &format!("no table for {year}: due dates that reach it count weekends only, and say so"),
            "add the published days of that year to the file that registration.holidays names, and restart the station",
        ),
    }
}

fn reading(settings: &Settings, report: &mut Report) {
    match read::open_engine(&settings.reading) {
        Ok(engine) => {
            report.good("reading", engine.version());
            match engine.note() {
                Some(note) if settings.reading.openvino_dir.exists() => {
                    let then = "mend reading.openvino_dir, or set reading.runtime = \"rten\"; rten reads the same, more slowly";
                    report.warn("reading", note, then);
                }
                Some(note) => report.good(
                    "reading",
                    &format!("{note}; rten reads the same, more slowly"),
                ),
                None => {}
            }
        }
        Err(error) => {
            let then = "run make setup, or set reading.models_dir to the folder of the models";
            report.bad("reading", &Chain(&error).to_string(), then);
        }
    }
}

/// Letters are read and registered without it; only certificates are not.
fn paper(settings: &Settings, report: &Report) {
    let then = "install Debian's fonts-noto-cjk, or name another Chinese font as print.font";
    match PrintFont::load(&settings.print.font) {
        Err(error) => report.warn("print", &Chain(&error).to_string(), then),
        Ok(font) => {
            let lacks = font.lacks(&certificate::wording(settings.station.language));
            let file = font.file().display();
            if lacks.is_empty() {
                report.good("print", &file.to_string());
            } else {
                let lacks: String = lacks.into_iter().take(12).collect();
                report.warn("print", &format!("{file} has no {lacks}"), then);
            }
        }
    }
}

fn port(settings: &Settings, report: &Report) {
    let address = settings.http.listen;
    match std::net::TcpListener::bind(address) {
        Ok(_) => report.good("http", &format!("{address} is free")),
        Err(_) if machine::station_runs(settings) => {
            report.good("http", &format!("{address}: this station runs there"));
        }
        Err(error) => report.warn(
            "http",
            &format!("{address}: {error}"),
            "good if the station runs already; otherwise stop the other program or set another http.listen",
        ),
    }
}

fn tls(settings: &Settings, report: &mut Report) {
    match crate::api::tls::server_config(&settings.http) {
        Ok(None) => {}
        Ok(Some(_)) if settings.http.client_authority.is_some() => {
            report.good(
                "tls",
                "certificate and key fit; case systems show a certificate",
            );
        }
        Ok(Some(_)) => report.good("tls", "certificate and key fit"),
        Err(error) => report.bad(
            "tls",
            &crate::Chain(&error).to_string(),
            "`laixin tls new` makes a certificate and its key",
        ),
    }
}

fn exchanges(settings: &Settings, report: &mut Report) {
    for exchange in &settings.exchanges {
        let what = format!("exchange {}", exchange.id);
        match handoff::mapping(&exchange.mapping) {
            Ok(mapping) if mapping.system.invented => report.warn(
                &what,
                &format!("{}: is for an invented system", exchange.mapping.display()),
                "copy the file and write in what the makers of the case system give you",
            ),
            Ok(mapping) => report.good(&what, &mapping.system.name),
            Err(error) => report.bad(&what, &Chain(&error).to_string(), "mend the line it names"),
        }
        let folder_of = exchange.folder.as_path();
        let there = folder_of.exists();
        folder(
            &what,
            if there {
                folder_of
            } else {
                folder_of.parent().unwrap_or(folder_of)
            },
            "can be listed and written",
            report,
        );
    }
}

/// Nothing is sent: only where each would go, and with what it would sign.
async fn webhooks(settings: &Settings, report: &mut Report) {
    for hook in &settings.webhooks {
        let what = format!("webhook {}", hook.id);
        match handoff::secrets_of(&hook.secret_file) {
            Ok(secrets) => report.good(&what, &format!("signs with {} secret(s)", secrets.len())),
            Err(error) => report.bad(
                &what,
                &Chain(&error).to_string(),
                "`laixin webhook new-secret` prints a secret; give the same one to the case system",
            ),
        }
        match handoff::where_to(hook, &settings.handoff.push_to).await {
            Ok(to) => report.good(&what, &format!("goes to {to}")),
            Err(error) => report.bad(
                &what,
                &Chain(&error).to_string(),
                "mend url, or name the address in handoff.push_to",
            ),
        }
    }
}
