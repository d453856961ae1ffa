//! With other stations of one office: the keys, the credentials, the certificates and the program that it takes, at a station, at the office's counter and
//! at a reader; and which of the brokers answer. Whether they know the credentials says each of them itself, while it runs.

use super::finding::Value;
use super::{Finding, Level, Report, greeting, machine, office, outside};
use crate::Chain;
use crate::api::tls;
use crate::broker::counter::CounterSettings;
use crate::broker::credentials::Held;
use crate::broker::stations_key::StationsKey;
use crate::broker::{KeyFault, SealKey, crossing};
use crate::config::{Brokers, ReaderSettings, Settings};
use crate::health::Readiness;

/// What a station's `[office]` takes; nothing without one.
pub(super) fn of_station(settings: &Settings, report: &mut Report) {
    let Some(office) = &settings.office else {
        return;
    };
    let mut part = Part::new(report);
    part.key(
        "office.seal_key",
        SealKey::load_for(&office.seal_key, office.seals_to()),
    );
    if let Some(file) = &office.stations_key {
        part.key("office.stations_key", StationsKey::read(file));
    }
    part.brokers(&office.brokers);
    part.end("office_ready", &[&office.station.0]);
}

/// What of it a running station says itself.
pub(super) fn of_running(readiness: &Readiness, report: &mut Report) {
    let own = ["office", "repeats", "shared_settings", "readers"];
    for (part, why) in readiness.parts() {
        let kind = part.split('/').next().unwrap_or_default();
        if let Some(why) = why.filter(|_| own.contains(&kind)) {
            let part = Value::Code("part", part.replace('/', "_"));
            let told = Value::Code("part_code", why.code);
            report.tell(Level::Warning, "office", "office_part", vec![part, told]);
            report.said(why.message);
        }
    }
}

/// Everything that the settings of an office's counter name.
#[must_use]
pub fn counter(settings: &CounterSettings) -> Vec<Finding> {
    let mut report = Report::default();
    machine::secrets_open(&settings.http.key, &mut report);
    let mut part = Part::new(&mut report);
    part.key("office.seal_key", settings.key());
    part.needs(&settings.brokers);
    let counts = [settings.stations.len(), settings.systems.len()];
    let counts = counts.map(|count| count.to_string());
    part.end("counter_ready", &[&counts[0], &counts[1]]);
    outside::port(&settings.http, || false, &mut report);
    outside::tls(&settings.http, &mut report);
    report.findings
}

/// Everything that a reader's settings name.
#[must_use]
pub fn reader(settings: &ReaderSettings) -> Vec<Finding> {
    let mut report = Report::default();
    let mut part = Part::new(&mut report);
    part.key("reader.seal_key", SealKey::load(&settings.reader.seal_key));
    part.needs(&settings.brokers);
    part.end("reader_ready", &[&settings.reader.name.0]);
    office::reading(&settings.reading, &mut report);
    report.findings
}

/// One who has a part in it.
struct Part<'a> {
    is_whole: bool,
    report: &'a mut Report,
}

impl<'a> Part<'a> {
    fn new(report: &'a mut Report) -> Self {
        Self {
            is_whole: true,
            report,
        }
    }

    fn bad(&mut self, code: &'static str, why: &str) {
        self.is_whole = false;
        self.report.bad("office", code, &[]);
        self.report.said(why);
    }

    fn key<K>(&mut self, named: &str, key: Result<K, KeyFault>) {
        if let Err(fault) = key {
            let code = match fault {
                KeyFault::Own { .. } => "office_own",
                _ => "office_key",
            };
            self.bad(code, &format!("{named}: {}", Chain(&fault)));
        }
    }

    /// As [`Self::brokers`], of one that has nothing to do without any of them.
    fn needs(&mut self, brokers: &Brokers) {
        if !self.brokers(brokers) {
            self.is_whole = false;
            self.report.bad("office", "brokers_none", &[]);
        }
    }

    /// What is shown to the brokers, what they are known by, and which of them answer: whether any does.
    fn brokers(&mut self, brokers: &Brokers) -> bool {
        let (table, file) = (brokers.table, brokers.credentials.display());
        match std::fs::read_to_string(&brokers.credentials) {
            Err(error) => self.bad(
                "office_key",
                &format!("{table}.credentials: {file}: {error}"),
            ),
            Ok(text) => match Held::of(&text) {
                Held::Seed(_) | Held::Creds => {}
                Held::SealingKey => {
                    let why = format!("{table}.credentials: {file} holds a sealing key (SX…)");
                    self.bad("office_other_key", &why);
                }
                Held::Nothing => {
                    let why = format!(
                        "{table}.credentials: {file} holds no credentials: a .creds file or one seed of an nkey (SU…) is needed"
                    );
                    self.bad("office_key", &why);
                }
            },
        }
        if let Err(error) = tls::of_brokers(brokers) {
            self.bad("office_tls", &format!("{table}: {}", Chain(&error)));
        }
        let secrets = std::iter::once(&brokers.credentials).chain(&brokers.key);
        machine::secrets_open(secrets, self.report);
        greeting::all(brokers, self.report)
    }

    fn end(self, whole: &'static str, values: &[&str]) {
        let program = crossing::program();
        match program.filter(|program| program.exists()) {
            None => self
                .report
                .bad("office", "office_program", &[crossing::PROGRAM]),
            Some(_) if self.is_whole => self.report.good("office", whole, values),
            Some(_) => {}
        }
    }
}
