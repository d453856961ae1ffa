//! Who sees a letter: its restriction, its list, and from whom it is kept; for a decider to change, for others to stand back from.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::{Deciders, Mailroom, Need};
use crate::domain::access::{Action, Holder, Matched, Restricted, Sight, Unseen, may};
use crate::store::{AccessRow, Db, RecusalRow, RestrictionRow, StoreError};

struct Person {
    name: String,
    text: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    f: Frame,
    letter: String,
    me: String,
    decides: bool,
    /// In words; `None` while everybody of the mailroom sees it.
    restricted: Option<String>,
    was_lifted: Option<String>,
    may_lift: bool,
    conflict: bool,
    listed: Vec<Person>,
    recused: Vec<Person>,
    others: Vec<String>,
}

struct Seen {
    restriction: Option<RestrictionRow>,
    listed: Vec<AccessRow>,
    recused: Vec<RecusalRow>,
    conflict: bool,
    readers: Vec<String>,
    sight: Sight,
}

pub(super) fn restricted_word(why: Restricted) -> &'static str {
    match why {
        Restricted::Secret => "secret",
        Restricted::Accusation => "accusation",
        Restricted::Sensitive => "sensitive",
        Restricted::ByHand => "by_hand",
    }
}

fn matched_word(matched: Matched) -> &'static str {
    match matched {
        Matched::Sender => "sender",
        Matched::Accused => "accused",
        Matched::Address => "address",
        Matched::Place => "place",
        Matched::Matter => "matter",
        Matched::Office => "office",
    }
}

fn look(db: &mut Db, letter: &str, seer: &crate::domain::access::Seer) -> Result<Seen, StoreError> {
    db.letter_row(letter)?;
    let readers = db.users()?.into_iter().filter(|user| {
        !user.disabled
            && user.name != seer.actor
            && may(Holder::Person(user.role), Action::ReadLetters)
    });
    Ok(Seen {
        restriction: db.restriction(letter)?,
        listed: db.access_list(letter)?,
        recused: db.recusals_of(letter)?,
        conflict: db.conflict(letter)?.is_some(),
        readers: readers.map(|user| user.name).collect(),
        sight: db.sight(seer, letter)?,
    })
}

fn who_said(w: &'static Words, row: &RestrictionRow) -> String {
    let by = match row.by.as_str() {
        "task/read" => w.t("access.by_reading"),
        by => by,
    };
    let why = w.code("restricted", restricted_word(row.why));
    w.fill(
        "access.restriction",
        &[&why, &by, &when::moment(w, row.at), &row.reason],
    )
}

fn recused(w: &'static Words, row: RecusalRow) -> Person {
    let why = match row.matched {
        Some(matched) => w.code("matched", matched_word(matched)).to_owned(),
        None => row.reason.clone(),
    };
    let by = if row.by == "task/read" {
        w.t("access.by_reading").to_owned()
    } else {
        row.by
    };
    let mut text = w.fill("access.recused", &[&why, &by, &when::moment(w, row.at)]);
    if let Some((by, why)) = &row.lifted {
        text.push_str(&w.two("access.lifted", by, why));
    }
    Person {
        name: row.user,
        text,
        open: row.lifted.is_none(),
    }
}

fn listed(w: &'static Words, row: AccessRow) -> Person {
    Person {
        text: w.fill(
            "access.granted",
            &[&row.granted_by, &when::moment(w, row.granted), &row.reason],
        ),
        name: row.user,
        open: true,
    }
}

/// `GET /letters/{id}/access`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Path(letter): Path<String>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "letters"));
    let seer = visitor.seer();
    let decides = Deciders::lets(seer.holder);
    let (id, eye) = (letter.clone(), seer.clone());
    let seen = match app.store.with(move |db| look(db, &id, &eye)).await {
        Ok(seen) => seen,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let holds = seen.restriction.as_ref().filter(|row| row.holds);
    let was = seen.restriction.as_ref().filter(|row| !row.holds);
    // Others learn neither who is on the list nor whose interests a letter touches.
    let (on_list, out) = if decides {
        (seen.listed, seen.recused)
    } else {
        (Vec::new(), Vec::new())
    };
    show(&AccessPage {
        letter,
        me: seer.actor,
        decides,
        may_lift: decides && matches!(seen.sight, Sight::Full | Sight::No(Unseen::ReasonAsked)),
        conflict: seen.conflict && decides,
        restricted: holds.map(|row| {
            if decides {
                who_said(w, row)
            } else {
                w.t("access.is_restricted").to_owned()
            }
        }),
        was_lifted: was.filter(|_| decides).map(|row| who_said(w, row)),
        listed: on_list.into_iter().map(|row| listed(w, row)).collect(),
        recused: out.into_iter().map(|row| recused(w, row)).collect(),
        others: seen.readers,
        f,
    })
}
