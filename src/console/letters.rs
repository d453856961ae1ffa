//! The list of letters, newest first, and one line of it as every page shows it.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::domain::keeping::Withheld;
use crate::domain::letter::Stage;
use crate::store::{LetterLine, LetterLinesWanted, Overview};

const PAGE: u32 = 50;

/// Every stage with its code.
pub(super) const STAGES: [(Stage, &str); 5] = [
    (Stage::Arriving, "arriving"),
    (Stage::Reading, "reading"),
    (Stage::Drafted, "drafted"),
    (Stage::Confirmed, "confirmed"),
    (Stage::Registered, "registered"),
];

/// The code of a stage.
pub(super) fn stage_code(stage: Stage) -> &'static str {
    STAGES[stage as usize].1
}

/// What stands where a stage stands of a letter that is withheld or emptied; `stage=withheld` lists those.
pub(super) const WITHHELD: &str = "withheld";

/// Why nothing is done with a letter any more, in words.
pub(super) fn over_words(
    w: &'static Words,
    withheld: Option<Withheld>,
    emptied: bool,
) -> Option<&'static str> {
    match (withheld, emptied) {
        (_, true) => Some(w.t("letters.emptied")),
        (Some(Withheld::ReturnedUnread), _) => Some(w.code("withheld", "returned_unread")),
        (Some(Withheld::Withdrawn), _) => Some(w.code("withheld", "withdrawn")),
        (Some(Withheld::Destroyed), _) => Some(w.code("withheld", "destroyed")),
        (None, false) => None,
    }
}

/// One line as shown.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) urgent: bool,
    pub(super) pending: bool,
    pub(super) alert: bool,
    /// Not everybody sees it.
    pub(super) restricted: bool,
    pub(super) sender: String,
    pub(super) addressee: String,
    pub(super) pages: u32,
    pub(super) note: Option<String>,
    pub(super) arrived: String,
    pub(super) stage: &'static str,
    pub(super) stage_words: &'static str,
    pub(super) officer: String,
}

impl Row {
    /// A line in words.
    pub(super) fn of(w: &'static Words, line: LetterLine) -> Self {
        let over = over_words(w, line.withheld, line.emptied);
        let stage = over.map_or(stage_code(line.stage), |_| WITHHELD);
        let pending = matches!(line.stage, Stage::Arriving | Stage::Reading) && over.is_none();
        let note = if over.is_some() {
            None
        } else if line.unreadable > 0 {
            Some(w.one("letters.unreadable", line.unreadable))
        } else if line.unread > 0 {
            Some(w.one("letters.unread", line.unread))
        } else {
            None
        };
        let or_none = |text: Option<String>| text.unwrap_or_else(|| w.t("app.none").to_owned());
        Self {
            urgent: line.urgent,
            pending: pending && line.sender.is_none(),
            restricted: line.restricted,
            alert: line.alert.is_some(),
            sender: or_none(line.sender),
            addressee: or_none(line.addressee),
            pages: line.pages,
            note,
            arrived: when::moment(w, line.created),
            stage,
            stage_words: over.unwrap_or_else(|| w.code("stage", stage)),
            officer: or_none(line.officer),
            id: line.id,
        }
    }
}

/// What the list was asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    stage: Option<String>,
    batch: Option<String>,
    before: Option<String>,
}

impl Wanted {
    fn stage(&self) -> Option<(Stage, &'static str)> {
        let wanted = self.stage.as_deref()?;
        STAGES.into_iter().find(|(_, code)| *code == wanted)
    }

    fn is_withheld(&self) -> bool {
        self.stage.as_deref() == Some(WITHHELD)
    }

    /// The chosen chip.
    fn chosen(&self) -> Option<&'static str> {
        match self.is_withheld() {
            true => Some(WITHHELD),
            false => self.stage().map(|(_, code)| code),
        }
    }

    fn batch(&self) -> Option<i64> {
        self.batch.as_deref()?.parse().ok()
    }
}

fn address(stage: Option<&str>, batch: Option<i64>, before: Option<&str>) -> String {
    let parts = [
        stage.map(|stage| format!("stage={stage}")),
        batch.map(|batch| format!("batch={batch}")),
        before.map(|before| format!("before={}", super::address::encode(before))),
    ];
    let query: Vec<_> = parts.into_iter().flatten().collect();
    match query.as_slice() {
        [] => "/letters".to_owned(),
        query => format!("/letters?{}", query.join("&")),
    }
}

struct StageChip {
    href: String,
    current: &'static str,
    label: &'static str,
    count: Option<u32>,
}

struct BatchChoice {
    id: i64,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    f: Frame,
    stages: Vec<StageChip>,
    stage: Option<&'static str>,
    batches: Vec<BatchChoice>,
    letters: Vec<Row>,
    newest: Option<String>,
    more: Option<String>,
}

fn stage_chips(w: &'static Words, wanted: &Wanted, counts: &Overview) -> Vec<StageChip> {
    let here = wanted.chosen();
    let chip = |code: Option<&'static str>, label, count| StageChip {
        href: address(code, wanted.batch(), None),
        current: if here == code { "page" } else { "false" },
        label,
        count,
    };
    std::iter::once(chip(None, w.t("app.all"), None))
        .chain(STAGES.into_iter().map(|(stage, code)| {
            chip(
                Some(code),
                w.code("stage", code),
                Some(counts.letters[stage as usize]),
            )
        }))
        .chain((counts.withheld > 0).then(|| {
            chip(
                Some(WITHHELD),
                w.t("letters.withheld"),
                Some(counts.withheld),
            )
        }))
        .collect()
}

/// `GET /letters`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "letters"));
    let filter = LetterLinesWanted {
        stage: wanted.stage().map(|(stage, _)| stage),
        is_withheld: wanted.is_withheld(),
        batch: wanted.batch(),
        before: wanted.before.clone(),
    };
    let seer = visitor.seer();
    let found = app.store.with(move |db| {
        let mut lines = db.letter_lines(&filter, PAGE + 1)?;
        let there_is_more = lines.len() > PAGE as usize;
        lines.truncate(PAGE as usize);
        let last = lines
            .last()
            .filter(|_| there_is_more)
            .map(|line| line.id.clone());
        let lines = db.seen_by(&seer, "letters", lines)?;
        let counts = db.overview(&seer.actor)?;
        Ok((lines, last, counts, db.batches(None, 100)?))
    });
    let (lines, last, counts, batches) = match found.await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let stage = wanted.chosen();
    show(&LettersPage {
        f,
        stages: stage_chips(w, &wanted, &counts),
        stage,
        batches: batches
            .into_iter()
            .map(|batch| BatchChoice {
                id: batch.id,
                label: w.one("letters.batch_n", batch.id),
                chosen: wanted.batch() == Some(batch.id),
            })
            .collect(),
        newest: wanted
            .before
            .as_ref()
            .map(|_| address(stage, wanted.batch(), None)),
        more: last.map(|id| address(stage, wanted.batch(), Some(&id))),
        letters: lines.into_iter().map(|line| Row::of(w, line)).collect(),
    })
}
