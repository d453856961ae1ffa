//! `laixin health`: the device health log for maintenance staff.

use super::{ConfigArg, DEFECT, FINDING, GOOD, USAGE};
use crate::clock::{self, Millis};
use crate::store::{Db, HealthRow};

/// Rows shown at most.
const ROWS: u32 = 100_000;

/// `laixin health`
#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Only this device.
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// Only since then (RFC 3339); the last 24 hours otherwise.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// As CSV.
    #[arg(long)]
    csv: bool,
}

/// Prints the log; finds when the newest word on any point is bad.
pub fn run(args: &HealthArgs) -> u8 {
    let settings = match args.config.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let since = match args.since.as_deref().map(Millis::parse) {
        None => clock::now().plus_seconds(-24 * 3600),
        Some(Some(since)) => since,
        Some(None) => {
            eprintln!("laixin: --since is not a time; 2026-03-01T08:00:00+08:00 is one");
            return USAGE;
        }
    };
    let found = Db::open_to_look(&settings.database())
        .and_then(|db| db.health_log(args.device.as_deref(), since, ROWS));
    let rows = match found {
        Ok(rows) => rows,
        Err(error) => {
            eprintln!(
                "laixin: {}: {}",
                settings.database().display(),
                crate::Chain(&error)
            );
            return DEFECT;
        }
    };
    if args.csv {
        println!("time,device,point,value,limit,state,code");
    }
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for row in &rows {
        let HealthRow {
            at,
            device,
            point,
            value,
            limit,
            state,
            code,
        } = row;
        let (value, limit, code) = (
            number(*value),
            number(*limit),
            code.as_deref().unwrap_or_default(),
        );
        if args.csv {
            println!(
                "{},{device},{point},{value},{limit},{state},{code}",
                at.rfc3339()
            );
        } else {
            println!(
                "{}  {device:<14} {point:<24} {value:>12} {limit:>12}  {state:<8} {code}",
                at.rfc3339()
            );
        }
    }
    let newest: std::collections::BTreeMap<_, _> = rows
        .iter()
        .map(|row| ((&row.device, &row.point), row))
        .collect();
    if newest.values().any(|row| row.state == "bad") {
        FINDING
    } else {
        GOOD
    }
}
