//! What of a batch waits for a person, on the overview: findings that nobody has looked at, and a balance that was put out after the closing.

use std::collections::BTreeMap;

use super::Alert;
use crate::api::batches::seen::batch_seen_by;
use crate::api::guard;
use crate::console::batches::card_href;
use crate::console::words::Words;
use crate::domain::access::Seer;
use crate::store::{Db, Hold, StoreError};

/// Findings are counted up to this many.
const COUNTED: u32 = 500;
/// So many kinds of a batch are named.
const KINDS_NAMED: usize = 3;

/// What is to be looked at.
#[derive(Default)]
pub(super) struct Findings {
    of_batches: BTreeMap<i64, Vec<Hold>>,
    /// Closed batches with letters short, or over where negative.
    out_of_balance: Vec<(i64, i64)>,
}

/// What this person may know of it.
pub(super) fn look(db: &Db, seer: &Seer) -> Result<Findings, StoreError> {
    let kept = db.names_kept_from(&seer.actor)?;
    let mut of_batches = BTreeMap::<i64, Vec<Hold>>::new();
    for hold in db.open_holds(None, COUNTED)? {
        let is_known = match &hold.letter {
            Some(letter) => db.may_know_of(seer, letter)?,
            None => true,
        };
        if is_known && !kept.is_about(&hold) && guard::may_hear_of(db, seer, &hold) {
            of_batches.entry(hold.batch).or_default().push(hold);
        }
    }
    let mut out_of_balance = Vec::new();
    for (batch, _) in db.closed_out_of_balance()? {
        let seen = batch_seen_by(db, db.batch(batch)?, seer)?;
        match seen.counts.letters_short() {
            0 => {}
            short => out_of_balance.push((batch, short)),
        }
    }
    Ok(Findings {
        of_batches,
        out_of_balance,
    })
}

pub(super) fn alerts(w: &'static Words, findings: &Findings) -> Vec<Alert> {
    let held = findings.of_batches.iter().map(|(batch, holds)| {
        let mut kinds: Vec<&str> = Vec::new();
        for hold in holds {
            if !kinds.contains(&hold.reason.as_str()) {
                kinds.push(&hold.reason);
            }
        }
        let subject: Vec<&str> = kinds
            .iter()
            .take(KINDS_NAMED)
            .map(|kind| w.code("hold", kind))
            .collect();
        Alert {
            what: w.two("alert.findings", batch, holds.len()),
            next: match kinds.as_slice() {
                [kind] => w.known("hold_do", kind),
                _ => None,
            }
            .unwrap_or(w.t("alert.findings_do"))
            .to_owned(),
            subject: subject.join("\n"),
            href: Some(card_href(*batch)),
            tone: "",
        }
    });
    let out = findings.out_of_balance.iter().map(|(batch, short)| Alert {
        what: match short {
            1.. => w.two("alert.closed_short", batch, short),
            _ => w.two("alert.closed_over", batch, -short),
        },
        next: w.t("alert.closed_out_do").to_owned(),
        subject: String::new(),
        href: Some(card_href(*batch)),
        tone: "",
    });
    held.chain(out).collect()
}
