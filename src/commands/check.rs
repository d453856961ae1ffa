//! `laixin check`: tries the settings, every device, folder and model; one line each, with what to do next. What is looked at is in
//! `src/check.rs`; here it is printed, in the station's language or as JSON.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ConfigArg, FINDING, GOOD, USAGE};
use crate::check::{self, Finding, Level};
use crate::clock;
use crate::config::{Language, Settings};
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

/// Checks everything the settings name.
pub fn run(args: &CheckArgs) -> u8 {
    let settings = match Settings::load(&args.config.config) {
        Ok(settings) => settings,
        Err(error) => return refused(args, &crate::Chain(&error).to_string()),
    };
    let language = match args.language.as_deref() {
        Some("zh") => Language::Chinese,
        Some(_) => Language::English,
        None => settings.station.language,
    };
    let w = Words::of(language);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system can start a runtime");
    let findings = runtime.block_on(check::everything(Arc::new(settings), None));
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
    eprintln!("laixin: {why}");
    if args.json {
        let item = json!({"part": "configuration", "state": Level::Bad.name(), "code": "settings_refused", "message": why,
            "next": "mend the line it names; the comments of config/station.toml say what is allowed"});
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
    json!({"part": finding.part, "state": finding.level.name(), "code": finding.code, "message": finding.told(w), "next": finding.next(w)})
}

fn print(w: &Words, finding: &Finding) {
    let mark = match finding.level {
        Level::Good => "ok   ",
        Level::Warning => "warn ",
        Level::Bad => "BAD  ",
    };
    println!("  {mark} {}: {}", finding.part(w), finding.told(w));
    if let Some(next) = finding.next(w) {
        println!("        → {next}");
    }
}
