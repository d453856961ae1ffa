//! `laixin audit …`: who saw and did what, out of the ledger. It may run beside the station.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{ConfigArg, FINDING, GOOD, code_of};
use crate::Chain;
use crate::console::audit;
use crate::console::words::Words;
use crate::store::{AuditWanted, Db, LOOKS, LedgerEntry, Saw, StoreError};

/// `laixin audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Who saw a letter, and what was done with it: newest first.
    Letter {
        /// Its number.
        id: String,
        #[command(flatten)]
        how: How,
    },
    /// What a person or `token/NAME` did and saw: newest first.
    Person {
        /// The name.
        name: String,
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, Args)]
struct How {
    /// Looks only.
    #[arg(long)]
    looks: bool,
    /// Everything, as without it.
    #[arg(long, hide = true, conflicts_with = "looks")]
    all: bool,
    /// One JSON document.
    #[arg(long)]
    json: bool,
    /// Entries at most.
    #[arg(long, default_value = "1000")]
    limit: u32,
    #[command(flatten)]
    config: ConfigArg,
}

/// Runs the command: 1 when there is no such letter.
pub fn run(args: &AuditArgs) -> u8 {
    let (mut wanted, how) = match &args.what {
        What::Letter { id, how } => (
            AuditWanted {
                letter: Some(id.clone()),
                looks_only: how.looks,
                ..AuditWanted::default()
            },
            how,
        ),
        What::Person { name, how } => (
            AuditWanted {
                actor: Some(name.clone()),
                looks_only: how.looks,
                ..AuditWanted::default()
            },
            how,
        ),
    };
    let settings = match how.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let w = Words::of(settings.station.language);
    let found = Db::look_at(&settings).and_then(|db| {
        let tokens = db.tokens()?;
        let is_token = |name: &str| tokens.iter().any(|token| token.name == name);
        if let Some(name) = &wanted.actor
            && !db.users()?.iter().any(|user| user.name == *name)
            && is_token(name)
        {
            // Machines are on record as `token/NAME`.
            wanted.actor = Some(format!("token/{name}"));
        }
        let saw = match &wanted.letter {
            Some(letter) => {
                db.letter_row(letter)?;
                db.who_saw(letter)?
            }
            None => Vec::new(),
        };
        let is_known = match &wanted.actor {
            Some(name) => {
                db.users()?.iter().any(|user| user.name == *name)
                    || name.strip_prefix("token/").is_some_and(is_token)
                    || !db.audit(&wanted.of_anything(), 1)?.is_empty()
            }
            None => true,
        };
        Ok((db.audit(&wanted, how.limit)?, saw, is_known))
    });
    match found {
        Ok((_, _, false)) => {
            let name = wanted.actor.unwrap_or_default();
            eprintln!("laixin: {}", w.one("audit.no_person", name));
            return FINDING;
        }
        Ok((entries, saw, _)) if how.json => print_json(&entries, &saw),
        Ok((entries, saw, _)) => {
            if wanted.letter.is_some() && saw.is_empty() {
                println!("{}", w.t("audit.nobody"));
            }
            for saw in &saw {
                println!("{}\t{}", saw.actor, audit::times(w, saw));
            }
            for run in runs(entries) {
                println!("{}", audit::told_of_run(w, run));
            }
        }
        Err(StoreError::NotFound { id, .. }) => {
            eprintln!("laixin: {}", w.one("audit.no_letter", id));
            return FINDING;
        }
        Err(error) => {
            eprintln!(
                "laixin: {}: {}",
                settings.database().display(),
                Chain(&error)
            );
            return code_of(&error);
        }
    }
    GOOD
}

/// Looks that came one after the other, of the same kind, by the same person, at the same letter, are told together.
fn runs(entries: Vec<LedgerEntry>) -> Vec<Vec<LedgerEntry>> {
    let mut runs: Vec<Vec<LedgerEntry>> = Vec::new();
    for entry in entries {
        let goes_on = |run: &&mut Vec<LedgerEntry>| {
            let told =
                |one: &LedgerEntry| (one.actor.clone(), one.action.clone(), one.subject.clone());
            LOOKS.contains(&entry.action.as_str()) && told(&run[0]) == told(&entry)
        };
        match runs.last_mut().filter(goes_on) {
            Some(run) => run.push(entry),
            None => runs.push(vec![entry]),
        }
    }
    runs
}

fn print_json(entries: &[LedgerEntry], saw: &[Saw]) {
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| {
            let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap_or_default();
            json!({"seq": entry.seq, "at": entry.at.rfc3339(), "actor": entry.actor, "action": entry.action,
                "subject": entry.subject, "detail": detail})
        })
        .collect();
    let saw: Vec<_> = saw
        .iter()
        .map(|saw| json!({"actor": saw.actor, "looks": saw.looks, "listed": saw.listed, "last": saw.last.rfc3339(),
            "under": saw.under}))
        .collect();
    println!("{}", json!({"entries": entries, "saw": saw}));
}
