//! `laixin learn …` and `laixin evaluate --history`: what the office's own history says, and thresholds taken over or back.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::user::{ConfigFile, operator_of_the_machine};
use super::{DEFECT, FINDING, GOOD, USAGE};
use crate::Chain;
use crate::clock::Millis;
use crate::config::Settings;
use crate::domain::extract::shipped_threshold;
use crate::domain::learn::{Effect, FIELDS, Graded, NEVER, Proposal, propose};
use crate::domain::lexicon::Kind;
use crate::store::{Db, Outcome, StoreError};

/// What the office taught.
#[derive(Debug, Args)]
pub struct LearnArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Names met most often, thresholds in force, every change of them.
    Show {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Thresholds that the history suggests, and what they would have come to. Changes nothing.
    Propose {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Takes the suggested thresholds over; the station uses them within a minute.
    Apply {
        /// Only these fields.
        #[arg(long, value_name = "FIELD")]
        field: Vec<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Takes the newest change of thresholds back.
    Undo {
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Names of each kind that are listed.
const LISTED: u32 = 10;

/// Runs the command.
pub fn run(args: LearnArgs) -> u8 {
    let config = match &args.what {
        What::Show { config }
        | What::Propose { config }
        | What::Apply { config, .. }
        | What::Undo { config } => config,
    };
    let mut db = match config.open() {
        Ok(db) => db,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return USAGE;
        }
    };
    let done = match &args.what {
        What::Show { .. } => show(&db),
        What::Propose { .. } => suggest(&db),
        What::Apply { field, .. } => apply(&mut db, field),
        What::Undo { .. } => undo(&mut db),
    };
    done.unwrap_or_else(|error| {
        eprintln!("laixin: {}", Chain(&error));
        DEFECT
    })
}

fn show(db: &Db) -> Result<u8, StoreError> {
    for (kind, words) in [
        (Kind::Estate, "estates"),
        (Kind::Village, "villages"),
        (Kind::Road, "roads"),
        (Kind::Unit, "units"),
    ] {
        println!("{words}:");
        for lesson in db.lessons(kind, LISTED)? {
            let from = if lesson.imported == lesson.times {
                "imported"
            } else {
                "confirmed here"
            };
            println!(
                "  {:5}  {}  {}  ({from}, last {})",
                lesson.times,
                lesson.name,
                lesson.within,
                lesson.last.day()
            );
        }
    }
    let often = db.lessons(Kind::Writer, u32::MAX)?;
    let frequent = often.iter().filter(|lesson| lesson.times >= 2).count();
    println!(
        "writers: {} known, {frequent} of them wrote more than once",
        often.len()
    );
    println!("thresholds:");
    let taken = db.thresholds()?;
    for field in FIELDS {
        let shipped = shipped_threshold(field).map_or("-".to_owned(), |t| format!("{t:.4}"));
        let own = taken
            .0
            .get(field)
            .map_or("as shipped".to_owned(), |t| told(*t));
        println!("  {field:<12}  shipped {shipped}  here {own}");
    }
    for change in db.threshold_changes()? {
        let undone = change.undone.map_or(String::new(), |(by, at)| {
            format!(", taken back by {by} {}", at.rfc3339())
        });
        println!(
            "  change {}: {} {} → {} by {} {}{undone}",
            change.change,
            change.field,
            told(change.before),
            told(change.threshold),
            change.by,
            change.at.rfc3339()
        );
    }
    Ok(GOOD)
}

fn told(threshold: f32) -> String {
    if threshold >= NEVER {
        "never".to_owned()
    } else {
        format!("{threshold:.4}")
    }
}

/// What the history suggests for every field it says enough about.
fn proposals(db: &Db) -> Result<Vec<Proposal>, StoreError> {
    let taken = db.thresholds()?;
    let mut history: BTreeMap<String, Vec<Graded>> = BTreeMap::new();
    for outcome in db.outcomes()? {
        history
            .entry(outcome.graded.field.clone())
            .or_default()
            .push(outcome.graded);
    }
    let of = |field: &&str| {
        let graded = history.get(*field)?;
        let before = taken
            .0
            .get(*field)
            .copied()
            .or_else(|| shipped_threshold(field))
            .unwrap_or(NEVER);
        propose(field, before, graded)
    };
    Ok(FIELDS.iter().filter_map(of).collect())
}

fn line(p: &Proposal) -> String {
    let came_to = |e: Effect| format!("{} of {} accepted, {} wrong", e.accepted, e.of, e.wrong);
    format!(
        "{:<12}  {} → {}:  {}  →  {}",
        p.field,
        told(p.before),
        told(p.after),
        came_to(p.was),
        came_to(p.becomes)
    )
}

fn suggest(db: &Db) -> Result<u8, StoreError> {
    let found = proposals(db)?;
    if found.is_empty() {
        println!(
            "nothing to change: the thresholds in force keep to 0.5 % wrong accepts, or fewer than 600 confirmed values speak for lower ones"
        );
    }
    for p in &found {
        println!("{}", line(p));
    }
    Ok(GOOD)
}

fn apply(db: &mut Db, fields: &[String]) -> Result<u8, StoreError> {
    if let Some(unknown) = fields
        .iter()
        .find(|field| !FIELDS.contains(&field.as_str()))
    {
        eprintln!(
            "laixin: {unknown} is not learned about; {} are",
            FIELDS.join(", ")
        );
        return Ok(USAGE);
    }
    let wanted = |p: &Proposal| fields.is_empty() || fields.contains(&p.field);
    let found: Vec<Proposal> = proposals(db)?.into_iter().filter(wanted).collect();
    if found.is_empty() {
        println!("nothing to change");
        return Ok(GOOD);
    }
    let change = db.apply_thresholds(&found, &operator_of_the_machine())?;
    for p in &found {
        println!("{}", line(p));
    }
    println!("change {change}; “laixin learn undo” takes it back");
    Ok(GOOD)
}

fn undo(db: &mut Db) -> Result<u8, StoreError> {
    match db.undo_thresholds(&operator_of_the_machine())? {
        Some(change) => {
            println!("change {change} taken back");
            Ok(GOOD)
        }
        None => {
            println!("no change is in force");
            Ok(FINDING)
        }
    }
}

/// `laixin evaluate --history`: every field, week by week, with what officers confirmed as truth.
pub fn evaluate_history(config: &Path, as_json: bool) -> u8 {
    let settings = match Settings::load(config) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return USAGE;
        }
    };
    let outcomes = Db::open_to_look(&settings.database()).and_then(|db| db.outcomes());
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            return USAGE;
        }
    };
    let weeks = by_week(&outcomes);
    if as_json {
        let rows: Vec<_> = weeks
            .iter()
            .map(|((week, field), f)| {
                json!({"week": week, "field": field, "n": f.n, "right": f.right, "accepted": f.accepted, "wrong_accepts": f.wrong})
            })
            .collect();
        println!("{}", json!({"weeks": rows}));
        return GOOD;
    }
    if weeks.is_empty() {
        println!("no letter was confirmed here yet");
        return GOOD;
    }
    println!("week from   field            n   right  accepted  wrong accepts");
    for ((week, field), f) in &weeks {
        let share = |part: usize| 100.0 * part as f64 / f.n.max(1) as f64;
        println!(
            "{week}  {field:<12} {:5}  {:5.1}%    {:5.1}%  {:5} ({:.2}%)",
            f.n,
            share(f.right),
            share(f.accepted),
            f.wrong,
            100.0 * f.wrong as f64 / f.accepted.max(1) as f64
        );
    }
    GOOD
}

/// A field in one week.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Fared {
    n: usize,
    right: usize,
    accepted: usize,
    wrong: usize,
}

fn by_week(outcomes: &[Outcome]) -> BTreeMap<(String, String), Fared> {
    let mut weeks: BTreeMap<(String, String), Fared> = BTreeMap::new();
    for outcome in outcomes {
        let g = &outcome.graded;
        for week in [monday(outcome.at), "all".to_owned()] {
            let fared = weeks.entry((week, g.field.clone())).or_default();
            fared.n += 1;
            fared.right += usize::from(g.right);
            fared.accepted += usize::from(g.proposed && g.accepted);
            fared.wrong += usize::from(g.proposed && g.accepted && !g.right);
        }
    }
    weeks
}

/// The Monday of its week.
fn monday(at: Millis) -> String {
    let date = at.zoned().date();
    let back = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(back))
        .unwrap_or(date)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_count_wrong_accepts_only_of_what_was_proposed() {
        let outcome = |at: &str, proposed: bool, accepted: bool, right: bool| Outcome {
            graded: Graded {
                field: "address".into(),
                confidence: 0.99,
                accepted,
                vetoed: false,
                proposed,
                right,
            },
            at: Millis::parse(at).expect("a time"),
        };
        let found = by_week(&[
            outcome("2026-11-23T04:00:00Z", true, true, true),
            outcome("2026-11-29T04:00:00Z", true, true, false),
            outcome("2026-11-30T04:00:00Z", false, false, true),
        ]);
        let of = |week: &str| found[&(week.to_owned(), "address".to_owned())];
        assert_eq!(
            of("2026-11-23"),
            Fared {
                n: 2,
                right: 1,
                accepted: 2,
                wrong: 1
            }
        );
        assert_eq!(
            of("2026-11-30"),
            Fared {
                n: 1,
                right: 1,
                accepted: 0,
                wrong: 0
            }
        );
    }
}
