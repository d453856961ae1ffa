//! `laixin health`: the device health log for maintenance staff; at its end every point as it is now: value, limit, age, where it
//! is going, what to do next. In the station's language for people, in stable codes and words for tables (`--csv`, which
//! `health/csv.rs` writes).

mod csv;
mod days;

use super::{ConfigArg, FINDING, GOOD, USAGE, code_of};
use crate::Chain;
use crate::clock::{self, Millis};
use crate::config::Settings;
use crate::console::words::Words;
use crate::domain::wear::Outlook;
use crate::health::devices::{self, DeviceLine};
use crate::store::{Db, HealthDay, HealthRow, StoreError};

const DAY_S: i64 = 86_400;
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
    /// A line a day of each point: mean, least, greatest, worst state; the last 400 days unless --since says otherwise.
    #[arg(long)]
    daily: bool,
    /// As CSV: the log, its newest row of each point with the trend and the next action of now.
    #[arg(long)]
    csv: bool,
}

/// What is on record.
struct Found {
    known: Vec<String>,
    log: Vec<HealthRow>,
    days: Vec<HealthDay>,
    now: Vec<DeviceLine>,
}

/// Prints the log; finds when the newest word on any point is bad.
pub fn run(args: &HealthArgs) -> u8 {
    let settings = match args.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let w = Words::of(settings.station.language);
    let back_s = if args.daily { 400 * DAY_S } else { DAY_S };
    let since = match args.since.as_deref().map(Millis::parse) {
        None => clock::now().plus_seconds(-back_s),
        Some(Some(since)) => since,
        Some(None) => {
            eprintln!("laixin: {}", w.t("health_command.no_time"));
            return USAGE;
        }
    };
    let Found {
        known,
        log,
        days,
        now,
    } = match look(&settings, args.device.as_deref(), since) {
        Ok(found) => found,
        Err(error) => {
            let database = settings.database();
            eprintln!("laixin: {}: {}", database.display(), Chain(&error));
            return code_of(&error);
        }
    };
    if let Some(unknown) = args.device.as_ref().filter(|id| !known.contains(id)) {
        let known = known.join(", ");
        let told = w.two("health_command.no_device", unknown, known);
        eprintln!("laixin: {told}");
        return USAGE;
    }
    if args.daily {
        days::print(w, &days, args.csv);
    } else if args.csv {
        csv::print(w, &log, &now);
    } else {
        print_table(w, &log, &now);
    }
    match now.iter().any(|line| line.newest.state == "bad") {
        true => FINDING,
        false => GOOD,
    }
}

fn look(settings: &Settings, device: Option<&str>, since: Millis) -> Result<Found, StoreError> {
    let db = Db::look_at(settings)?;
    let mut now = devices::lines(&db, &settings.cabinets, clock::now())?;
    now.retain(|line| device.is_none_or(|device| line.newest.device == device));
    Ok(Found {
        known: devices::known(&db, settings)?,
        log: db.health_log(device, since, ROWS)?,
        days: db.health_days(device, &since.day())?,
        now,
    })
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// What is to be done, in words, and of a point without a value what was read there and what is expected.
fn next(w: &Words, row: &HealthRow) -> String {
    let Some(code) = row.code.as_deref() else {
        return String::new();
    };
    let sections = ["health_do", "fault_do", "missing", "fault"];
    let known = sections.iter().find_map(|section| w.known(section, code));
    match &row.detail {
        Some(detail) => format!(
            "{} {}",
            known.unwrap_or(code),
            crate::console::detail_words(w, detail)
        ),
        None => known.unwrap_or(code).to_owned(),
    }
}

/// A value with its unit, or the words of one that is yes or no.
fn value(w: &Words, point: &str, value: Option<f64>) -> String {
    let Some(value) = value else {
        return "–".to_owned();
    };
    if let (Some(on), Some(off)) = (w.known("point_on", point), w.known("point_off", point)) {
        return if value >= 0.5 { on } else { off }.to_owned();
    }
    let unit = w.known("point_unit", point).unwrap_or_default();
    format!("{} {unit}", shortest(value)).trim_end().to_owned()
}

/// Three decimals at most, and none for nothing.
fn shortest(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// As wide as this on a terminal, where a Chinese character takes two places.
fn wide(text: &str, places: usize) -> String {
    let taken: usize = text
        .chars()
        .map(|c| if c >= '\u{2e80}' { 2 } else { 1 })
        .sum();
    format!("{text}{}", " ".repeat(places.saturating_sub(taken).max(1)))
}

fn state(w: &Words, row: &HealthRow) -> String {
    w.code("maintenance", &row.state).to_owned()
}

/// Point in words, with its stable name: the profile and the API have the latter.
fn named(w: &Words, row: &HealthRow) -> String {
    match w.known("point", &row.point) {
        Some(words) => format!("{words} {}", row.point),
        None => row.point.clone(),
    }
}

fn print_table(w: &Words, log: &[HealthRow], now: &[DeviceLine]) {
    for row in log {
        // The newest word on a point is judged as it is now: one measurement is not said to be good and worth a look at once.
        let mut newest = now.iter().map(|line| &line.newest);
        let same = |one: &&HealthRow| {
            (&one.device, &one.point, one.at) == (&row.device, &row.point, row.at)
        };
        let row = newest.find(same).unwrap_or(row);
        println!(
            "{}  {}{}{}{}{}{}",
            row.at.rfc3339(),
            wide(&row.device, 14),
            wide(&named(w, row), 36),
            wide(&value(w, &row.point, row.value), 18),
            wide(&value(w, &row.point, row.limit), 18),
            wide(&state(w, row), 8),
            next(w, row)
        );
    }
    let heads = [
        ("maintenance.device", 14),
        ("maintenance.point", 36),
        ("maintenance.value", 18),
        ("maintenance.limit", 18),
        ("maintenance.span", 28),
        ("maintenance.age", 14),
        ("maintenance.state", 8),
    ];
    let heads: String = heads
        .into_iter()
        .map(|(key, at)| wide(w.t(key), at))
        .collect();
    println!(
        "{heads}{} · {}",
        w.t("maintenance.next"),
        w.t("maintenance.trend")
    );
    for line in now {
        let row = &line.newest;
        let yes_or_no = w.known("point_on", &row.point).is_some();
        let span = line.span.filter(|_| !yes_or_no).map_or_else(
            || "–".to_owned(),
            |(least, greatest)| {
                let unit = w.known("point_unit", &row.point).unwrap_or_default();
                let span = match shortest(least) == shortest(greatest) {
                    true => shortest(least),
                    false => w.two("maintenance.span_of", shortest(least), shortest(greatest)),
                };
                format!("{span} {unit}").trim_end().to_owned()
            },
        );
        let rest = [next(w, row), trend(w, line)];
        let rest: Vec<String> = rest.into_iter().filter(|said| !said.is_empty()).collect();
        println!(
            "{}{}{}{}{}{}{}{}",
            wide(&row.device, 14),
            wide(&named(w, row), 36),
            wide(&value(w, &row.point, row.value), 18),
            wide(&value(w, &row.point, row.limit), 18),
            wide(&span, 28),
            wide(&crate::console::since(w, row.at), 14),
            wide(&state(w, row), 8),
            rest.join(" · "),
        );
    }
    if now.is_empty() {
        println!("{}", w.t("maintenance.none"));
    }
}

fn trend(w: &Words, line: &DeviceLine) -> String {
    let unit = w
        .known("point_unit", &line.newest.point)
        .unwrap_or_default();
    line.outlook.map_or_else(String::new, |outlook| {
        crate::console::trend_words(w, outlook, unit)
    })
}

/// When the limit is expected to be reached.
fn reached(outlook: Option<Outlook>) -> String {
    match outlook {
        Some(Outlook::Reaches { at_ms, .. }) => Millis(at_ms).rfc3339(),
        _ => String::new(),
    }
}
