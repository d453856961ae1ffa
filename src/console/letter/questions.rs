//! What a letter's page asks of a person: findings, and whether it accuses an office.

use crate::console::scanning::hold_words;
use crate::console::words::Words;
use crate::domain::access::Action;
use crate::domain::grouping::hold;
use crate::store::{Hold, KeptPages, KeptUntil, NamedOffice};

/// A finding of this letter, and what is to be done.
pub(super) struct HoldQuestion {
    pub(super) id: i64,
    pub(super) what: String,
    pub(super) next: String,
    /// Who says what was found, where this person may not.
    pub(super) whose: Option<String>,
}

pub(super) fn hold_question(w: &'static Words, hold: Hold, is_officer: bool) -> HoldQuestion {
    let is_an_officers = hold::is_for_an_officer(&hold.reason);
    let what = w.known("hold", &hold.reason);
    let what = what.unwrap_or_else(|| w.code("held", &hold.reason));
    let next = w.known("hold_do", &hold.reason);
    let next = next.or_else(|| w.known("held_do", &hold.reason));
    HoldQuestion {
        id: hold.id,
        what: match hold_words(w, &hold) {
            Some(more) => format!("{what} · {more}"),
            None => what.to_owned(),
        },
        next: next.unwrap_or_default().to_owned(),
        whose: (is_an_officers && !is_officer)
            .then(|| w.one("scanning.for_officer", w.who_may(Action::DecideAccess))),
    }
}

/// Which pages are kept back from whom, and what they wait for.
pub(super) fn kept_words(w: &'static Words, kept: &KeptPages) -> String {
    let pages: Vec<String> = kept.pages.iter().map(u32::to_string).collect();
    let pages = w.list(&pages);
    match (kept.until, &kept.office) {
        (KeptUntil::AlertDecided, _) => w.one("letter.kept_until_decided", pages),
        (KeptUntil::AlertOfUnread, _) => w.one("letter.kept_until_seen", pages),
        (KeptUntil::MarkDecided, _) => w.one("letter.kept_until_unmarked", pages),
        (KeptUntil::OfficeJudged, Some(office)) => w.two("letter.kept_until_judged", pages, office),
        (_, Some(office)) => w.two("letter.kept_for_good", pages, office),
        (_, None) => w.one("letter.kept_from_system", pages),
    }
}

/// Whether the letter accuses an office, for an officer to say.
pub(super) struct OfficeQuestion {
    /// Its full name; empty: of which office the accused is.
    pub(super) office: String,
    pub(super) words: String,
    pub(super) no: String,
    /// Where it can be said here.
    pub(super) yes: Option<&'static str>,
    /// What stands as the reason where he writes none.
    pub(super) why_no: &'static str,
    pub(super) why_yes: &'static str,
}

/// Whether it accuses each office of which this person has a say.
pub(super) fn office_questions(
    w: &'static Words,
    (offices, of_systems): (&[(NamedOffice, bool)], &[String]),
) -> Vec<OfficeQuestion> {
    let question = |one: &NamedOffice| match &one.office {
        Some(office) => OfficeQuestion {
            words: w.one("letter.office_question", office),
            no: w.t("letter.office_no").to_owned(),
            yes: Some(w.t("letter.office_yes")),
            why_no: w.t("letter.office_why_no"),
            why_yes: w.t("letter.office_why_yes"),
            office: office.clone(),
        },
        None => OfficeQuestion {
            words: w.t("letter.whichever_question").to_owned(),
            no: w.one("letter.whichever_no", w.list(of_systems)),
            yes: None,
            why_no: w.t("letter.whichever_why_no"),
            why_yes: "",
            office: String::new(),
        },
    };
    let others = offices.iter().filter(|(_, is_his)| !is_his);
    others.map(|(one, _)| question(one)).collect()
}
