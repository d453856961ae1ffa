//! `laixin health`: the device health log for maintenance staff; at its end every point as it is now, where it is going and what
//! to do next.

use std::collections::BTreeMap;

use super::{ConfigArg, DEFECT, FINDING, GOOD, USAGE};
use crate::Chain;
use crate::clock::{self, Millis};
use crate::domain::wear::{self, Outlook, State};
use crate::health::devices::{self, DeviceLine};
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
    /// As CSV: the log, its newest row of each point with the trend and the next action of now.
    #[arg(long)]
    csv: bool,
}

/// Prints the log; finds when the newest word on any point is bad.
pub fn run(args: &HealthArgs) -> u8 {
    let settings = match args.config.unlocked() {
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
    let found = Db::look_at(&settings).and_then(|db| {
        let log = db.health_log(args.device.as_deref(), since, ROWS)?;
        Ok((log, devices::lines(&db, &settings.cabinets, clock::now())?))
    });
    let (log, mut now) = match found {
        Ok(found) => found,
        Err(error) => {
            let database = settings.database();
            eprintln!("laixin: {}: {}", database.display(), Chain(&error));
            return DEFECT;
        }
    };
    now.retain(|line| {
        let wanted = args.device.as_deref();
        wanted.is_none_or(|device| line.newest.device == device)
    });
    if args.csv {
        print_csv(&log, &now);
    } else {
        print_table(&log, &now);
    }
    match now.iter().any(|line| line.newest.state == "bad") {
        true => FINDING,
        false => GOOD,
    }
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// When the limit is expected to be reached.
fn reached(outlook: Option<Outlook>) -> String {
    match outlook {
        Some(Outlook::Reaches { at_ms, .. }) => Millis(at_ms).rfc3339(),
        _ => String::new(),
    }
}

fn print_csv(log: &[HealthRow], now: &[DeviceLine]) {
    println!(
        "time,device,point,value,limit,state,code,trend,trend_per_day,limit_reached_at,next_action"
    );
    let newest: BTreeMap<_, _> = now
        .iter()
        .map(|line| {
            (
                (&line.newest.device, &line.newest.point, line.newest.at),
                line,
            )
        })
        .collect();
    for row in log {
        let line = newest.get(&(&row.device, &row.point, row.at));
        let state = State::parse(&row.state);
        let next = match line {
            Some(line) => line.newest.code.as_deref(),
            None => state.and_then(|state| wear::next_action(&row.point, state)),
        };
        let outlook = line.and_then(|line| line.outlook);
        println!(
            "{},{},{},{},{},{},{},{},{},{},{}",
            row.at.rfc3339(),
            row.device,
            row.point,
            number(row.value),
            number(row.limit),
            line.map_or(&row.state, |line| &line.newest.state),
            row.code.as_deref().unwrap_or_default(),
            outlook.map(Outlook::code).unwrap_or_default(),
            number(outlook.and_then(Outlook::per_day)),
            reached(outlook),
            next.unwrap_or_default(),
        );
    }
}

fn print_table(log: &[HealthRow], now: &[DeviceLine]) {
    for row in log {
        println!(
            "{}  {:<14} {:<24} {:>12} {:>12}  {:<8} {}",
            row.at.rfc3339(),
            row.device,
            row.point,
            number(row.value),
            number(row.limit),
            row.state,
            row.code.as_deref().unwrap_or_default()
        );
    }
    println!("now:");
    for DeviceLine {
        newest, outlook, ..
    } in now
    {
        let trend = match outlook {
            None => String::new(),
            Some(Outlook::NotEnough { have, need }) => format!("not enough yet ({have} of {need})"),
            Some(outlook) => {
                let per_day = outlook
                    .per_day()
                    .map(|change| format!("{change:+.4} a day"));
                let words = [Some(outlook.code().to_owned()), per_day];
                let words: Vec<String> = words.into_iter().flatten().collect();
                format!("{} {}", words.join(" "), reached(Some(*outlook)))
            }
        };
        println!(
            "  {:<14} {:<24} {:>12} {:>12}  {:<8} {:<24} {}",
            newest.device,
            newest.point,
            newest
                .value
                .map(|value| format!("{value:.3}"))
                .unwrap_or_default(),
            number(newest.limit),
            newest.state,
            newest.code.as_deref().unwrap_or_default(),
            trend.trim_end(),
        );
    }
}
