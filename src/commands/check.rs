//! `laixin check`: tries the settings, every device, folder and model; one line each, with what to do next. What is looked at is in
//! `src/check.rs`; here it is printed, in the station's language or as JSON. Settings of `laixin office` and `laixin reader` are known by their tables.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{ConfigArg, FINDING, GOOD, USAGE};
use crate::broker::counter::CounterSettings;
use crate::check::{self, Finding, Level};
use crate::clock;
use crate::config::{ConfigError, Language, ReaderSettings, Settings, load_toml};
use crate::console::words::Words;

/// `laixin check`
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON document instead of lines.
    #[arg(long)]
    json: bool,
    /// In this language; the station's otherwise.
    #[arg(long, value_parser = ["zh", "en"])]
    language: Option<String>,
}

impl CheckArgs {
    fn language(&self) -> Option<Language> {
        self.language.as_deref().map(|language| match language {
            "zh" => Language::Chinese,
            _ => Language::English,
        })
    }
}

/// Whose settings a file holds.
enum Whose {
    Station(Box<Settings>),
    Counter(CounterSettings),
    Reader(ReaderSettings),
}

impl Whose {
    /// A station has its brokers in `[office]`; what has them in a table of their own is none.
    fn load(file: &Path) -> Result<Self, ConfigError> {
        let tables = load_toml::<toml::Table>(file)?;
        if tables.contains_key("reader") {
            return ReaderSettings::load(file).map(Self::Reader);
        }
        if tables.contains_key("brokers") {
            return CounterSettings::load(file).map(Self::Counter);
        }
        Settings::load(file).map(|settings| Self::Station(Box::new(settings)))
    }

    fn language(&self) -> Language {
        match self {
            Self::Station(settings) => settings.station.language,
            Self::Counter(_) | Self::Reader(_) => Language::default(),
        }
    }

    fn checked(self) -> Vec<Finding> {
        let settings = match self {
            Self::Counter(settings) => return check::counter(&settings),
            Self::Reader(settings) => return check::reader(&settings),
            Self::Station(settings) => settings,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system can start a runtime");
        runtime.block_on(check::everything(Arc::from(settings), None))
    }
}

/// Checks everything the settings name.
pub fn run(args: &CheckArgs) -> u8 {
    let whose = match Whose::load(&args.config.config) {
        Ok(whose) => whose,
        Err(error) => return refused(args, &crate::Chain(&error).to_string()),
    };
    let w = Words::of(args.language().unwrap_or_else(|| whose.language()));
    let findings = whose.checked();
    let bad = count(&findings, Level::Bad);
    if args.json {
        let items: Vec<Value> = findings.iter().map(|finding| item(w, finding)).collect();
        print_json(args, bad, count(&findings, Level::Warning), items);
    } else {
        println!("{}", args.config.config.display());
        findings.iter().for_each(|finding| print(w, finding));
        if bad > 0 {
            println!("{}", w.one("check_page.bad_in_all", bad));
        }
    }
    if bad == 0 { GOOD } else { FINDING }
}

/// Settings that cannot be read are a finding too, and the only one.
fn refused(args: &CheckArgs, why: &str) -> u8 {
    let w = Words::of(args.language().unwrap_or_default());
    let next = w.code("check_do", "settings_refused");
    eprintln!("laixin: {why}\n        → {next}");
    if args.json {
        let item = json!({"part": "configuration", "state": Level::Bad.name(), "code": "settings_refused", "message": why, "next": next});
        print_json(args, 1, 0, vec![item]);
    }
    USAGE
}

fn print_json(args: &CheckArgs, bad: usize, warnings: usize, items: Vec<Value>) {
    let document = json!({"config": args.config.config.display().to_string(), "checked_at": clock::now().rfc3339(), "bad": bad,
        "warnings": warnings, "items": items});
    println!("{document:#}");
}

fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|one| one.level == level).count()
}

fn item(w: &Words, finding: &Finding) -> Value {
    json!({"part": finding.part, "state": finding.level.name(), "code": finding.code, "message": finding.whole(w), "next": finding.next(w)})
}

fn print(w: &Words, finding: &Finding) {
    let mark = match finding.level {
        Level::Good => "ok   ",
        Level::Warning => "warn ",
        Level::Bad => "BAD  ",
    };
    println!("  {mark} {}: {}", finding.part(w), finding.whole(w));
    if let Some(next) = finding.next(w) {
        println!("        → {next}");
    }
}
