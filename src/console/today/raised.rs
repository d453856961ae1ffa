//! Alerts about letters that nobody has decided, on the overview until somebody does, wherever their letter stands by then.

use super::Alert;
use crate::console::letter::raised::{Raised, answer_words, place_words, quoted_words};
use crate::console::when;
use crate::console::words::Words;
use crate::domain::access::{Seer, Sight, Unseen};
use crate::domain::alarm::Code;
use crate::store::{Db, LetterLine, StoreError};

/// So many are looked at, and so many are named.
const LOOKED_AT: u32 = 500;
const NAMED: usize = 20;

/// An alert, and what this person may do with its letter.
pub(super) type Open = (Raised, Letter);

/// How an open alert's letter is to whoever looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    /// He reads it.
    Read,
    /// He opens it with a reason, or asks for somebody who may.
    Shut,
    /// He hears its number only.
    Number,
}

/// Those that wait for this person; what he reads of the letters is on record.
pub(super) fn look(db: &mut Db, seer: &Seer) -> Result<Vec<Open>, StoreError> {
    let (mut open, mut shown) = (Vec::new(), Vec::new());
    for alert in db.open_alerts(LOOKED_AT)? {
        if !alert.waits_for(seer) || !db.may_know_of_alert(seer, &alert)? {
            continue;
        }
        let quotes = db.quotes_of(seer, &alert)?;
        if !quotes.is_empty() && open.len() < NAMED {
            shown.push((alert.letter.clone(), format!("{} {quotes:?}", alert.letter)));
        }
        let letter = match db.sight(seer, &alert.letter)? {
            Sight::Full => Letter::Read,
            Sight::No(Unseen::Role) => Letter::Number,
            _ => Letter::Shut,
        };
        open.push(((alert, quotes), letter));
    }
    db.note_list(seer, "today_raised", &shown)?;
    Ok(open)
}

/// Whether a letter with something the matter is among them already.
pub(super) fn is_told(open: &[Open], letter: &LetterLine) -> bool {
    let is_its =
        |((alert, _), _): &Open| alert.letter == letter.id && alert.code != Code::PageKeptBack;
    open.iter().any(is_its) && (letter.alert.is_some() || letter.unreadable == 0)
}

pub(super) fn alerts(w: &'static Words, open: &[Open]) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = open.iter().take(NAMED).map(|one| told(w, one)).collect();
    if open.len() > NAMED {
        alerts.push(Alert {
            what: w.one("alert.more_open", open.len() - NAMED),
            next: w.t("alert.more_open_do").to_owned(),
            subject: String::new(),
            href: None,
            tone: "bad",
        });
    }
    alerts
}

fn told(w: &'static Words, ((alert, quotes), is): &Open) -> Alert {
    let (letter, code) = (&alert.letter, alert.code);
    let (mut what, next) = match (is, code) {
        (Letter::Shut, _) => (w.one("alert.reason_asked", letter), "alert.reason_asked_do"),
        (Letter::Number, _) => (w.one("alert.reason_asked", letter), "alert.number_only_do"),
        (Letter::Read, Code::PageKeptBack) => (
            w.one("alarm.page_kept_back", letter),
            "alert.page_kept_back_do",
        ),
        (Letter::Read, code) => (
            w.two("alert.flagged", letter, w.code("flag", code.word())),
            "alert.flagged_do",
        ),
    };
    let late: Vec<String> = quotes
        .iter()
        .filter(|one| one.is_late)
        .map(|one| place_words(w, one))
        .collect();
    if !late.is_empty() {
        what = format!("{what} · {}", w.list(&late));
    }
    let mut subject: Vec<String> = quotes.iter().map(|quote| quoted_words(w, quote)).collect();
    if *is == Letter::Read {
        subject.extend(alert.answers().iter().map(|answer| answer_words(w, answer)));
    }
    let level = w.known("alarm", &format!("level{}", alert.level));
    let raised = [
        Some(when::moment(w, alert.raised_last())),
        level.map(str::to_owned),
    ];
    subject.push(raised.into_iter().flatten().collect::<Vec<_>>().join(" · "));
    Alert {
        what,
        next: w.t(next).to_owned(),
        subject: subject.join("\n"),
        href: (*is != Letter::Number).then(|| format!("/letters/{letter}")),
        tone: "bad",
    }
}
