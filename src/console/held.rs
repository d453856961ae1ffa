//! Held files: why each is held, what is to be seen of it, and the two things a person may decide about it; and files that wait in their folder.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use scanner::index::Unclear;

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::today::{Waits, held_words, waits};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::config::Settings;
use crate::domain::access::{Role, Seer};
use crate::domain::intake::{ArrivalState, may_be_page, may_be_seen, reason};
use crate::scan::lists::fault_of;
use crate::store::{Arrival, Db, HeldDecision, HeldFile, OpenLoadRow, StoreError};

const HELD_SHOWN: u32 = 100;
const ASIDE_SHOWN: u32 = 20;
const FILES_LOOKED_AT: u32 = 500;

struct HeldLine {
    id: String,
    what: String,
    next: &'static str,
    subject: String,
    /// The letter whose page it may be, for whoever may see that.
    letter: Option<String>,
    /// It is on its way to where held files lie.
    is_moving: bool,
    /// It may still be taken into a letter.
    may_be_page: bool,
    /// There is an image of it, or part of one.
    may_be_seen: bool,
    is_cut: bool,
    /// What it is called, for whoever cannot see its image.
    name: String,
}

/// A file that lies in its folder and is not taken.
struct WaitingLine {
    what: String,
    next: &'static str,
    subject: String,
}

struct AsideLine {
    name: String,
    text: String,
}

struct LoadChoice {
    id: i64,
    label: String,
}

#[derive(Template)]
#[template(path = "held.html")]
struct HeldPage {
    f: Frame,
    held: Vec<HeldLine>,
    waiting: Vec<WaitingLine>,
    aside: Vec<AsideLine>,
    loads: Vec<LoadChoice>,
    /// Images are shown to this person too small to read.
    is_small: bool,
}

/// A held file, the letter whose page it may be, and by which code it is told what to do.
type Held = (Arrival, Option<String>, Option<String>);

/// Lists that cannot be used, by their arrival: what is wrong with each.
type Faults = BTreeMap<String, Unclear>;

/// Looks at the lists among these again.
fn faults(settings: &Settings, held: &[Held]) -> Faults {
    let fault = |(file, ..): &Held| Some((file.id.clone(), fault_of(settings, file)?));
    held.iter().filter_map(fault).collect()
}

fn fault_words(w: &'static Words, unclear: &Unclear) -> String {
    let what = w.code("list_fault", unclear.fault.code());
    let what = match &unclear.page {
        Some(page) => w.two("held_files.fault_of", page, what),
        None => what.to_owned(),
    };
    match unclear.line {
        Some(line) => w.two("held_files.unclear_line", line, what),
        None => what,
    }
}

struct Seen {
    held: Vec<Held>,
    waiting: Vec<HeldFile>,
    waits: Waits,
    aside: Vec<(Arrival, Option<HeldDecision>)>,
    loads: Vec<OpenLoadRow>,
}

fn look(db: &mut Db, seer: &Seer) -> Result<Seen, StoreError> {
    let kept = db.arrivals_kept_from(&seer.actor)?;
    let mut held = db.arrivals(ArrivalState::Held, None, HELD_SHOWN)?;
    held.retain(|file| !kept.contains(&file.id));
    let mut aside = db.arrivals(ArrivalState::SetAside, None, ASIDE_SHOWN)?;
    aside.retain(|file| !kept.contains(&file.id));
    let mut waiting = db.held_files(FILES_LOOKED_AT)?;
    waiting.retain(|file| !file.is_held && !kept.contains(&file.id));
    // A page that no list names is decided about like a held one.
    let (unlisted, waiting): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .partition(|file| file.reason == reason::AWAITING_INDEX);
    for file in unlisted {
        held.push(db.arrival(&file.id)?);
    }
    let mut of_lists = waits(db, &waiting)?;
    let lists = held
        .iter()
        .filter(|file| file.reason.as_deref() == Some(reason::INDEX_PAGE_MISSING));
    for list in lists {
        of_lists.insert(list.id.clone(), db.waits_for(&list.id)?);
    }
    Ok(Seen {
        waits: of_lists,
        waiting,
        held: held
            .into_iter()
            .map(|arrival| {
                let letter = match db.letter_of_held(&arrival.id)? {
                    Some(letter) if db.may_know(seer, &letter)? => Some(letter),
                    _ => None,
                };
                let code = db.to_do_about(&arrival, letter.as_deref())?;
                Ok((arrival, letter, code))
            })
            .collect::<Result<_, StoreError>>()?,
        aside: aside
            .into_iter()
            .map(|arrival| {
                let decision = db.held_decision(&arrival.id)?;
                Ok((arrival, decision))
            })
            .collect::<Result<_, StoreError>>()?,
        loads: db.open_loads()?,
    })
}

fn held_line(
    w: &'static Words,
    (arrival, letter, to_do): Held,
    (waits, faults): (&Waits, &Faults),
) -> HeldLine {
    let code = arrival.reason.as_deref().unwrap_or_default();
    let missing = waits.get(&arrival.id).filter(|names| !names.is_empty());
    let missing = missing.map(|names| w.one("held_files.waits_for", names.join(", ")));
    HeldLine {
        what: w.one("alert.held", w.code("held", code)),
        next: w
            .known("held_do", to_do.as_deref().unwrap_or_default())
            .unwrap_or_default(),
        subject: [
            Some(arrival.name.clone()),
            Some(w.one("alert.by_source", &arrival.source)),
            Some(when::moment(w, arrival.first_seen)),
            missing,
            faults
                .get(&arrival.id)
                .map(|unclear| fault_words(w, unclear)),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · "),
        letter,
        is_moving: arrival.kept_as.is_none() && !arrival.awaits_list(),
        may_be_page: may_be_page(code),
        may_be_seen: may_be_seen(code, &arrival.name),
        is_cut: code == "truncated",
        name: arrival.name,
        id: arrival.id,
    }
}

fn waiting_line(w: &'static Words, file: &HeldFile, waits: &Waits) -> WaitingLine {
    WaitingLine {
        what: w.one("alert.held", w.code("held", &file.reason)),
        next: w.known("held_do", &file.reason).unwrap_or_default(),
        subject: held_words(w, file, waits),
    }
}

fn aside_line(
    w: &'static Words,
    (arrival, decision): (Arrival, Option<HeldDecision>),
) -> AsideLine {
    let text = decision.map_or_else(String::new, |decision| {
        let at = when::moment(w, decision.at);
        w.fill("held_files.decided", &[&decision.by, &at, &decision.reason])
    });
    AsideLine {
        name: arrival.name,
        text,
    }
}

/// `GET /held`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "today"));
    let seer = visitor.seer();
    let is_small = visitor.person.session.role != Role::ConfirmingOfficer;
    let seen = match app.store.with(move |db| look(db, &seer)).await {
        Ok(seen) => seen,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let (settings, held) = (app.settings.clone(), seen.held.clone());
    let faults = tokio::task::spawn_blocking(move || faults(&settings, &held)).await;
    let faults = faults.unwrap_or_default();
    show(&HeldPage {
        is_small,
        held: seen
            .held
            .into_iter()
            .map(|held| held_line(w, held, (&seen.waits, &faults)))
            .collect(),
        waiting: seen
            .waiting
            .iter()
            .map(|file| waiting_line(w, file, &seen.waits))
            .collect(),
        aside: seen
            .aside
            .into_iter()
            .map(|one| aside_line(w, one))
            .collect(),
        loads: seen
            .loads
            .into_iter()
            .map(|load| LoadChoice {
                label: w.two("held_files.load", load.id, load.batch),
                id: load.id,
            })
            .collect(),
        f,
    })
}
