//! With other stations of one office: the keys, the credentials, the certificates and the program that it takes, at a station, at the office's counter and
//! at a reader. Whether a broker answers says each of them itself, while it runs.

use super::{Finding, Report, machine, office, outside};
use crate::Chain;
use crate::api::tls::{self, TlsError};
use crate::broker::counter::CounterSettings;
use crate::broker::stations_key::StationsKey;
use crate::broker::{KeyFault, SealKey, crossing};
use crate::config::{Brokers, Http, ReaderSettings, Settings};

/// What a station's `[office]` takes; nothing without one.
pub(super) fn of_station(settings: &Settings, report: &mut Report) {
    let Some(office) = &settings.office else {
        return;
    };
    let mut part = Part::new("office.brokers", report);
    part.key("office.seal_key", SealKey::load(&office.seal_key));
    if let Some(file) = &office.stations_key {
        part.key("office.stations_key", StationsKey::read(file));
    }
    part.brokers(&office.brokers);
    part.end("office_ready", &[&office.station.0]);
}

/// Everything that the settings of an office's counter name.
#[must_use]
pub fn counter(settings: &CounterSettings) -> Vec<Finding> {
    let mut report = Report::default();
    machine::secrets_open(&settings.http.key, &mut report);
    let mut part = Part::new("brokers", &mut report);
    part.key("office.seal_key", SealKey::load(&settings.office.seal_key));
    part.brokers(&settings.brokers);
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
    let mut part = Part::new("brokers", &mut report);
    part.key("reader.seal_key", SealKey::load(&settings.reader.seal_key));
    part.brokers(&settings.brokers);
    part.end("reader_ready", &[&settings.reader.name.0]);
    office::reading(&settings.reading, &mut report);
    report.findings
}

/// One who has a part in it.
struct Part<'a> {
    /// The table of the brokers in its settings.
    table: &'static str,
    is_whole: bool,
    report: &'a mut Report,
}

impl<'a> Part<'a> {
    fn new(table: &'static str, report: &'a mut Report) -> Self {
        Self {
            table,
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
            self.bad("office_key", &format!("{named}: {}", Chain(&fault)));
        }
    }

    /// What is shown to the brokers, and what they are known by.
    fn brokers(&mut self, brokers: &Brokers) {
        let (table, file) = (self.table, brokers.credentials.display());
        match std::fs::read_to_string(&brokers.credentials) {
            Err(error) => self.bad(
                "office_key",
                &format!("{table}.credentials: {file}: {error}"),
            ),
            Ok(text) => {
                let is_seed = nkeys::KeyPair::from_seed(text.trim()).is_ok();
                if !is_seed && !text.contains("BEGIN USER NKEY SEED") {
                    let why = format!(
                        "{table}.credentials: {file} holds no credentials: a .creds file or one seed of an nkey (SU…) is needed"
                    );
                    self.bad("office_key", &why);
                }
            }
        }
        if let Err(error) = certificates(brokers) {
            self.bad("office_tls", &format!("{table}: {}", Chain(&error)));
        }
        let secrets = std::iter::once(&brokers.credentials).chain(&brokers.key);
        machine::secrets_open(secrets, self.report);
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

/// Tries the authority that the brokers are known by, and the certificate that is shown to them with its key.
fn certificates(brokers: &Brokers) -> Result<(), TlsError> {
    brokers
        .authority
        .as_deref()
        .map(tls::authority)
        .transpose()?;
    let shown = Http {
        certificate: brokers.certificate.clone(),
        key: brokers.key.clone(),
        ..Http::default()
    };
    tls::server_config(&shown).map(drop)
}
