//! `laixin learn …`: what the office's own history says, and thresholds taken over or back.

use super::user::{ConfigFile, operator_of_the_machine};
use super::{DEFECT, FINDING, GOOD, USAGE};
use crate::Chain;
use crate::domain::extract::shipped_threshold;
use crate::domain::learn::{Effect, FIELDS, NEVER, Proposal};
use crate::domain::lexicon::Kind;
use crate::office;
use crate::store::{Db, Ignored, Lesson, StoreError};
use clap::{Args, Subcommand};

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
    /// Takes suggested thresholds over as `propose` showed them; the station uses them within a minute.
    Apply {
        /// The number that `propose` told: what is applied is what was looked at.
        #[arg(long, value_name = "NUMBER")]
        proposal: String,
        /// Only these fields.
        #[arg(long, value_name = "FIELD")]
        field: Vec<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Heeds a name (village, estate, road, unit, writer) no longer, however often it was registered.
    Ignore {
        /// The name as `show` lists it.
        #[arg(value_name = "NAME")]
        name: String,
        /// Heeds it again.
        #[arg(long)]
        undo: bool,
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
const LISTED: usize = 10;

/// Runs the command.
pub fn run(args: LearnArgs) -> u8 {
    let config = match &args.what {
        What::Show { config }
        | What::Propose { config }
        | What::Apply { config, .. }
        | What::Ignore { config, .. }
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
        What::Apply {
            proposal, field, ..
        } => apply(&mut db, proposal, field),
        What::Ignore { name, undo, .. } => ignore(&mut db, name, *undo),
        What::Undo { .. } => undo(&mut db),
    };
    done.unwrap_or_else(|error| {
        eprintln!("laixin: {}", Chain(&error));
        DEFECT
    })
}

fn show(db: &Db) -> Result<u8, StoreError> {
    println!("names by the number of senders; registrations by their origin");
    for (kind, words) in [
        (Kind::Estate, "estates"),
        (Kind::Village, "villages"),
        (Kind::Road, "roads"),
        (Kind::Unit, "units"),
    ] {
        let lessons = db.lessons(kind, LISTED)?;
        if lessons.is_empty() {
            continue;
        }
        println!("{words}:");
        for lesson in lessons {
            println!(
                "  {:5}  {}  {}  ({}, last {})",
                lesson.times,
                lesson.name,
                lesson.within,
                origin(&lesson),
                lesson.last.day()
            );
        }
    }
    let often = db.lessons(Kind::Writer, usize::MAX)?;
    let frequent = often.iter().filter(|lesson| lesson.times >= 2).count();
    println!(
        "writers: {} known, {frequent} of them wrote more than once",
        often.len()
    );
    let ignored = db.ignored_names()?;
    if !ignored.is_empty() {
        println!("ignored: {}", ignored.join("、"));
    }
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

/// `3 registrations: 1 imported, 1 confirmed, 1 corrected`, `1 registration: 1 confirmed`.
fn origin(lesson: &Lesson) -> String {
    let confirmed = lesson.registrations - lesson.imported - lesson.corrected;
    let parts = [
        (lesson.imported, "imported"),
        (confirmed, "confirmed"),
        (lesson.corrected, "corrected"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, word)| format!("{n} {word}")).collect();
    let all = match lesson.registrations {
        1 => "1 registration".to_owned(),
        many => format!("{many} registrations"),
    };
    format!("{all}: {}", parts.join(", "))
}

fn told(threshold: f32) -> String {
    if threshold >= NEVER {
        "never".to_owned()
    } else {
        format!("{threshold:.4}")
    }
}

fn line(p: &Proposal) -> String {
    let came_to = |e: Effect| {
        let share = 100.0 * e.wrong as f64 / e.accepted.max(1) as f64;
        let (accepted, of, wrong) = (e.accepted, e.of, e.wrong);
        format!("{accepted} of {of} accepted, {wrong} of those wrong ({share:.2} %)")
    };
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
    let found = db.threshold_proposals()?;
    if found.is_empty() {
        println!(
            "nothing to change: the thresholds in force keep to 0.5 % wrong accepts, or fewer than 600 confirmed values speak for lower ones"
        );
        return Ok(GOOD);
    }
    for p in &found {
        println!("{}", line(p));
    }
    println!(
        "nothing is changed yet; “laixin learn apply --proposal {}” takes it over",
        office::number_of(&found)
    );
    Ok(GOOD)
}

fn apply(db: &mut Db, proposal: &str, fields: &[String]) -> Result<u8, StoreError> {
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
    let all = db.threshold_proposals()?;
    if all.is_empty() {
        eprintln!(
            "laixin: there is no proposal {proposal}: the history suggests no other thresholds; “laixin learn propose” shows what it suggests"
        );
        return Ok(USAGE);
    }
    if office::number_of(&all) != proposal {
        eprintln!(
            "laixin: the history suggests other thresholds than proposal {proposal}: look at “laixin learn propose” again"
        );
        return Ok(FINDING);
    }
    let wanted = |p: &Proposal| fields.is_empty() || fields.contains(&p.field);
    let found: Vec<Proposal> = all.into_iter().filter(wanted).collect();
    if found.is_empty() {
        println!("nothing to change for {}", fields.join(", "));
        return Ok(GOOD);
    }
    let change = db.apply_thresholds(&found, (&operator_of_the_machine(), None))?;
    for p in &found {
        println!("{}", line(p));
    }
    println!("change {change}; “laixin learn undo” takes it back");
    Ok(GOOD)
}

fn ignore(db: &mut Db, name: &str, undo: bool) -> Result<u8, StoreError> {
    let ignored = if undo { Ignored::No } else { Ignored::Yes };
    if !db.ignore_name(name, ignored, &operator_of_the_machine())? {
        eprintln!(
            "laixin: nothing to change: no registration taught that name, or it is as wanted already"
        );
        return Ok(FINDING);
    }
    match ignored {
        Ignored::Yes => {
            println!(
                "{name} is heeded no longer; “laixin learn ignore --undo {name}” takes it back"
            )
        }
        Ignored::No => println!("{name} is heeded again"),
    }
    Ok(GOOD)
}

fn undo(db: &mut Db) -> Result<u8, StoreError> {
    match db.undo_thresholds((&operator_of_the_machine(), None))? {
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
