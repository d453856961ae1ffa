//! The queue of letters to be reviewed: what is urgent first, then what wants a person most.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::letters::Row;
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::clock;
use crate::domain::double_entry::Agreement;
use crate::store::{Db, StoreError, Waiting};

/// How many of the queue are listed; the rest comes up as these are done.
const LISTED: usize = 50;

struct QueueRow {
    letter: Row,
    alarmed: bool,
    doubts: String,
    is_sure: bool,
    at_work: String,
    /// A second person has to key fields of it.
    to_key: bool,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    f: Frame,
    all: usize,
    rows: Vec<QueueRow>,
    first: Option<String>,
}

fn row(w: &'static Words, waiting: Waiting, to_key: bool) -> QueueRow {
    QueueRow {
        to_key,
        alarmed: waiting.alarmed,
        is_sure: waiting.doubts == 0,
        doubts: match waiting.doubts {
            0 => w.t("review.sure").to_owned(),
            some => w.one("letters.to_check", some),
        },
        at_work: waiting
            .at_work
            .map(|(who, since)| w.two("review.at_work", who, when::moment(w, since)))
            .unwrap_or_default(),
        letter: Row::of(w, waiting.line),
    }
}

/// Those of which a second person has to key fields; none in an office that does not want that.
fn letters_to_key(db: &Db, waiting: &[Waiting]) -> Result<BTreeSet<String>, StoreError> {
    let mut letters = BTreeSet::new();
    if db.keyed_twice().is_empty() {
        return Ok(letters);
    }
    for one in waiting {
        let entries = db.entries_of(&db.draft(&one.line.id)?.draft)?;
        if entries.iter().any(|(_, told)| *told != Agreement::Agrees) {
            letters.insert(one.line.id.clone());
        }
    }
    Ok(letters)
}

/// `GET /review`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "review"));
    let seer = visitor.seer();
    let found = app.store.with(move |db| {
        let (all, waiting) = db.waiting(&seer, LISTED, clock::now())?;
        let (mut lines, mut rest) = (Vec::new(), Vec::new());
        for one in waiting {
            lines.push(one.line.clone());
            rest.push(one);
        }
        let seen = db.seen_by(&seer, "review", lines)?;
        rest.retain(|one| seen.iter().any(|line| line.id == one.line.id));
        for (one, line) in rest.iter_mut().zip(seen) {
            one.line = line;
        }
        let to_key = letters_to_key(db, &rest)?;
        Ok((all, rest, to_key))
    });
    let (all, waiting, to_key) = match found.await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let first = waiting
        .iter()
        .find(|one| one.at_work.is_none())
        .map(|one| one.line.id.clone());
    show(&ReviewPage {
        f,
        all,
        first,
        rows: waiting
            .into_iter()
            .map(|one| {
                let to_key = to_key.contains(&one.line.id);
                row(w, one, to_key)
            })
            .collect(),
    })
}
