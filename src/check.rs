//! What would stop this station, or soon will: settings, machine, keys, database, office, devices, each finding with what to do next. Asked
//! by `laixin check`, by `POST /v1/check` and once a day by the station itself; the words are in the console's message files. Names files
//! and devices, never a letter's content. Leaves out what only time shows: that is the device health log.

mod at_rest;
mod cabinets;
mod clock;
mod finding;
mod greeting;
mod machine;
mod office;
mod outside;
mod package;
mod scanners;
mod together;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::clock::Millis;
use crate::config::Settings;
use crate::disinfect::CabinetControl;
use crate::health::Readiness;
use crate::store::{Db, GoneError, StoreError};

pub use finding::Finding;
pub(crate) use finding::Said;
use finding::Value;
pub(crate) use machine::room_of;
pub use together::{counter, reader};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to do.
    Good,
    /// The station runs with it and says so.
    Warning,
    /// Would stop the station or a part of it.
    Bad,
}

impl Level {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// Collects the lines.
#[derive(Debug, Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, level: Level, part: &str, code: &'static str, values: &[&str]) {
        self.tell(level, part, code, values.iter().map(Value::from).collect());
    }

    /// The same with values that have words of their own.
    fn tell(&mut self, level: Level, part: &str, code: &'static str, values: Vec<Value>) {
        self.findings.push(Finding {
            part: part.to_owned(),
            level,
            code,
            values,
            said: None,
            advice: None,
        });
    }

    fn good(&mut self, part: &str, code: &'static str, values: &[&str]) {
        self.add(Level::Good, part, code, values);
    }

    fn warn(&mut self, part: &str, code: &'static str, values: &[&str]) {
        self.add(Level::Warning, part, code, values);
    }

    fn bad(&mut self, part: &str, code: &'static str, values: &[&str]) {
        self.add(Level::Bad, part, code, values);
    }

    /// What the system or a device said of the last one: words of theirs, in their language.
    fn said(&mut self, said: impl std::fmt::Display) {
        if let Some(last) = self.findings.last_mut() {
            last.said = Some(said.to_string());
        }
    }

    /// The driver knows better what to do.
    fn advise(&mut self, advice: &str, trouble: &str) {
        if let Some(last) = self.findings.last_mut() {
            last.advice = Some((advice.to_owned(), trouble.to_owned()));
        }
    }
}

/// A station that runs in this process.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its cabinets: they are asked by their tasks and by nobody else.
    pub cabinets: Arc<BTreeMap<String, CabinetControl>>,
    /// What its parts say of themselves.
    pub readiness: Readiness,
}

/// Checks everything the settings name. Beside a running station its cabinets are not asked a second time.
pub async fn everything(settings: Arc<Settings>, running: Option<Running>) -> Vec<Finding> {
    let is_inside = running.is_some();
    let look = tokio::task::spawn_blocking(move || below(&settings, is_inside));
    let (settings, mut report) = look.await.expect("looking has no defect that panics");
    match &running {
        Some(running) => {
            machine::unreadable(&running.readiness, &mut report);
            together::of_running(&running.readiness, &mut report);
            cabinets::seen(&settings, &running.cabinets, &mut report);
        }
        None => cabinets::all(&settings, &mut report).await,
    }
    scanners::all(&settings, is_inside, &mut report).await;
    outside::webhooks(&settings, &mut report).await;
    report.findings
}

/// Whether packages of the station are being installed just now, as far as anybody can see.
pub(crate) fn is_being_installed() -> bool {
    package::is_at_work(package::DPKG.as_ref())
}

/// What was found, and when.
#[derive(Debug, Clone)]
pub struct Checked {
    /// When.
    pub at: Millis,
    /// Every line, in the order of the station's parts.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// How many are of this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings
            .iter()
            .filter(|one| one.level == level)
            .count()
    }
}

/// The list of a running station as it was last made.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    last: Arc<Mutex<Option<Checked>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Checks {
    /// As it was last made.
    pub fn last(&self) -> Option<Checked> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// Makes it anew. Who asks while that is under way gets the same list as who asked first.
    pub async fn again(&self, settings: Arc<Settings>, running: Running) -> Checked {
        let asked = crate::clock::now();
        let _turn = self.turn.lock().await;
        if let Some(made) = self.last().filter(|made| made.at.0 > asked.0) {
            return made;
        }
        let findings = everything(settings, Some(running)).await;
        let made = Checked {
            at: crate::clock::now(),
            findings,
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(made.clone());
        made
    }
}

/// What needs no device; also gets the station's key, where it was not got yet.
fn below(settings: &Settings, is_inside: bool) -> (Settings, Report) {
    let mut settings = settings.clone();
    let mut report = Report::default();
    package::check(package::DPKG.as_ref(), &mut report);
    machine::data_folder(&settings, &mut report);
    scanners::folders(&settings, &mut report);
    at_rest::check(&mut settings, is_inside, &mut report);
    database(&settings, &mut report);
    machine::check(&settings, &mut report);
    office::check(&settings, &mut report);
    outside::check(&settings, &mut report);
    (settings, report)
}

fn database(settings: &Settings, report: &mut Report) {
    let shown = settings.database().display().to_string();
    let shown = &[shown.as_str()];
    let error = match Db::look_at(settings) {
        Ok(db) => {
            report.good("database", "database_opens", shown);
            if let Err(StoreError::Gone(gone)) = crate::store::originals_are_there(settings, &db) {
                let folder = settings.evidence_dir().display().to_string();
                report.bad("originals", gone.code(), &[&folder]);
            }
            return office::accounts(&db, report);
        }
        Err(error) => error,
    };
    match &error {
        StoreError::AtRest(_) => return, // told above
        StoreError::Gone(GoneError::NoneYet { .. }) => {
            return report.good("database", "database_none", &[]);
        }
        StoreError::Gone(GoneError::Emptied { data, mark }) => {
            let told = [data, mark].map(|path| path.display().to_string());
            return report.bad("database", "data_emptied", &[&told[0], &told[1]]);
        }
        StoreError::Gone(gone) => return report.bad("database", gone.code(), shown),
        // It is brought up to date by the next start.
        StoreError::Older { .. } => report.warn("database", "database_older", shown),
        StoreError::Newer { .. } => report.bad("database", "database_newer", shown),
        error if error.is_full() => report.bad("database", "database_no_room", shown),
        error if error.is_shut() => report.bad("database", "database_shut", shown),
        _ => report.bad("database", "database_broken", shown),
    }
    report.said(crate::Chain(&error));
}
