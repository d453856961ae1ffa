//! The overview: what wants a person now, how much is in hand, the cabinets, the last letters.

mod alerts;
mod at_work;
mod day;
mod destructions;
mod due;
mod findings;
mod raised;
mod returned;

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::cabinet;
use super::frame::{Frame, Visitor};
use super::letters::Row;
use super::outbox::shared_numbers;
use super::refused::{Refused, show};
use super::scanning::{BatchOfScan, scans_now};
use super::words::Words;
use crate::api::App;
use crate::api::auth::{Mailroom, Need, Oneself};
use crate::clock::Millis;
use crate::disinfect::CabinetView;
use crate::domain::access::{Action, Seer, may};
use crate::store::{
    AtWork, ClockTrouble, Db, Due, HeldFile, LetterLine, LetterLinesWanted, Load, Message,
    Overview, RetentionRow, SharedCaseNumber, StoreError,
};
use alerts::Alert;
pub(super) use alerts::{Waits, held_words, part_name, part_words, waits};

const HELD_SHOWN: u32 = 20;
/// Files that were not taken are counted up to this many.
const FILES_COUNTED: u32 = 500;
const LETTERS_SHOWN: u32 = 12;
/// Page 交接 shows them for good.
const SAME_NUMBER_DAYS: i64 = 3;

struct Queue {
    label: &'static str,
    count: u32,
    href: String,
    tone: &'static str,
}

struct CabinetLine {
    id: String,
    state: String,
    detail: Option<String>,
    percent: Option<u32>,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    f: Frame,
    queues: Vec<Queue>,
    alerts: Vec<Alert>,
    cabinets: Vec<CabinetLine>,
    letters: Vec<Row>,
    handles_letters: bool,
    /// For an administrator.
    destructions: Vec<destructions::Destruction>,
    /// What the clock says and what is on record, where that does not agree: heading, what is the matter, what to do.
    clock: Option<[String; 3]>,
    /// Until when a restored station knows what happened, as long as nothing is handed out.
    restored: Option<String>,
    /// For whoever works with letters.
    day: Option<day::DayPart>,
    at_work: Vec<at_work::Line>,
}

#[derive(Default)]
struct Seen {
    /// The disk takes nothing: who looks could not be put on record, so no letter is among it.
    is_unrecorded: bool,
    clock: Option<ClockTrouble>,
    restored: Option<Millis>,
    day: Option<day::Today>,
    at_work: Vec<AtWork>,
    findings: findings::Findings,
    /// Open batches of scans that ended last.
    scans: BatchOfScan,
    /// Letters that an exchange folder did not take.
    returned: Vec<Message>,
    due: Due,
    /// Letters whose destruction waits for an administrator.
    destructions: Vec<RetentionRow>,
    counts: Overview,
    held: Vec<HeldFile>,
    waits: Waits,
    letters: Vec<LetterLine>,
    troubled: Vec<LetterLine>,
    /// Alerts that wait for this person.
    raised: Vec<raised::Open>,
    loads: Vec<Load>,
    kept: Kept,
    /// Case numbers that were given to several letters in the last days.
    shared: Vec<SharedCaseNumber>,
    /// Letters that are kept from somebody and wait for another person: whoever decides who sees a letter takes care that one is found. That somebody is
    /// recused from which letter is nobody else's.
    for_another: BTreeSet<String>,
    /// Letters of which an original is damaged.
    damaged: Vec<String>,
    /// Letters that wait for an officer to say whether they accuse the office whose system would get them.
    to_be_judged: Vec<String>,
}

/// What is kept safe, and what is not.
#[derive(Default)]
struct Kept {
    /// The newest back-up, or else the first page that none holds.
    safe_since: Option<Millis>,
    open_valuables: Vec<(String, u32, Millis)>,
}

/// What is to be seen; on a disk that takes nothing all but the letters, since that is told here.
async fn seen(app: &App, seer: Seer) -> Result<Seen, StoreError> {
    let again = seer.clone();
    let scans = scans_now(app);
    let same = scans.clone();
    match app
        .store
        .with(move |db| look(db, &seer, &scans, true))
        .await
    {
        Err(error) if error.is_full() => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "no letter is shown"
            );
            app.store
                .with(move |db| look(db, &again, &same, false))
                .await
        }
        seen => seen,
    }
}

/// The batches of these scans, as far as they are open.
fn open_batches_of(db: &Db, scans: &[i64]) -> Result<BatchOfScan, StoreError> {
    let mut open = BatchOfScan::new();
    for scan in scans {
        if let Some(found) = db.find_scan(*scan)?
            && db.batch(found.batch)?.closed.is_none()
        {
            open.insert(*scan, found.batch);
        }
    }
    Ok(open)
}

/// What this person may see of it: whoever looks after devices sees no letter.
fn look(db: &mut Db, seer: &Seer, scans: &[i64], is_recorded: bool) -> Result<Seen, StoreError> {
    let (letters, troubled) = match is_recorded {
        true => (
            db.letter_lines(&LetterLinesWanted::default(), LETTERS_SHOWN)?,
            db.troubled_letters(HELD_SHOWN)?,
        ),
        false => (Vec::new(), Vec::new()),
    };
    let mut open_valuables = Vec::new();
    for (letter, count, since) in db.letters_with_open_valuables()? {
        if db.may_know_of(seer, &letter)? {
            open_valuables.push((letter, count, since));
        }
    }
    let reads = Mailroom::lets(seer.holder);
    let mut for_another = BTreeSet::new();
    let mut to_be_judged = Vec::new();
    if may(seer.holder, Action::DecideAccess) {
        for letter in db.letters_to_be_judged()? {
            if db.may_know(seer, &letter)? {
                to_be_judged.push(letter);
            }
        }
        for row in db.waiting_for_another()? {
            if row.user != seer.actor && db.may_know(seer, &row.letter)? {
                for_another.insert(row.letter);
            }
        }
    }
    let since = Millis(crate::clock::now().0 - SAME_NUMBER_DAYS * 86_400_000);
    let held = match reads {
        true => {
            let kept = db.arrivals_kept_from(&seer.actor)?;
            let mut held = db.held_files(FILES_COUNTED)?;
            held.retain(|file| !kept.contains(&file.id));
            held
        }
        false => Vec::new(),
    };
    let mut damaged = Vec::new();
    for letter in db
        .damaged_originals()?
        .into_iter()
        .flat_map(|one| one.letters)
    {
        if db.may_know_of(seer, &letter)? {
            damaged.push(letter);
        }
    }
    Ok(Seen {
        is_unrecorded: !is_recorded,
        damaged,
        clock: db.clock_trouble()?,
        restored: db.handover_stopped()?,
        day: match reads {
            true => day::look(db, &seer.actor, crate::clock::now())?,
            false => None,
        },
        at_work: match reads {
            true => at_work::look(db, seer)?,
            false => Vec::new(),
        },
        findings: match reads {
            true => findings::look(db, seer)?,
            false => findings::Findings::default(),
        },
        scans: match reads {
            true => open_batches_of(db, scans)?,
            false => BatchOfScan::new(),
        },
        returned: match reads {
            true => returned::look(db, seer)?,
            false => Vec::new(),
        },
        due: match reads {
            true => db.due(seer, crate::clock::now(), due::NEAR_DAYS)?,
            false => Due::default(),
        },
        destructions: destructions::look(db, seer)?,
        for_another,
        to_be_judged,
        shared: match reads {
            true => shared_numbers(db, seer, since)?,
            false => Vec::new(),
        },
        counts: db.overview(&seer.actor)?,
        waits: waits(db, &held)?,
        held,
        letters: db.seen_by(seer, "today", letters)?,
        troubled: look_at_troubled(db, seer, troubled)?,
        raised: match is_recorded && may(seer.holder, Action::Alerts) {
            true => raised::look(db, seer)?,
            false => Vec::new(),
        },
        loads: db.loads_to_disinfect()?,
        kept: Kept {
            safe_since: match db.last_backup()? {
                Some(last) => Some(last.made),
                None => db.first_arrival()?,
            },
            open_valuables,
        },
    })
}

/// Whoever may not see a letter hears nothing of what is the matter with it; an officer who has not said yet why he looks, that something is.
fn look_at_troubled(
    db: &mut Db,
    seer: &Seer,
    troubled: Vec<LetterLine>,
) -> Result<Vec<LetterLine>, StoreError> {
    let mut known = Vec::with_capacity(troubled.len());
    for letter in troubled {
        if db.may_know(seer, &letter.id)? {
            known.push(letter);
        }
    }
    db.seen_by(seer, "today_alerts", known)
}

fn queues(w: &'static Words, counts: &Overview) -> Vec<Queue> {
    let busy = |count: u32, tone: &'static str| if count > 0 { tone } else { "" };
    let queue = |key, count, href: &str, tone| Queue {
        label: w.t(key),
        count,
        href: href.to_owned(),
        tone: busy(count, tone),
    };
    let [arriving, reading, drafted, confirmed, registered] = counts.letters;
    vec![
        queue("today.open_batches", counts.open_batches, "/batches", "run"),
        queue(
            "today.waiting_loads",
            counts.waiting_loads,
            "/batches",
            "work",
        ),
        queue("today.arriving", arriving, "/letters?stage=arriving", "run"),
        queue("today.reading", reading, "/letters?stage=reading", "run"),
        queue("today.review", drafted, "/letters?stage=drafted", "work"),
        queue(
            "today.handover",
            confirmed,
            "/letters?stage=confirmed",
            "good",
        ),
        queue(
            "today.registered",
            registered,
            "/letters?stage=registered",
            "good",
        ),
    ]
}

fn cabinet_line(w: &'static Words, view: CabinetView) -> CabinetLine {
    let tone = cabinet::tone(&view);
    let running = view.cycle.as_ref().filter(|_| cabinet::is_running(&view));
    let state = if view.connected {
        cabinet::step_words(w, &view, cabinet::shown_step(&view))
    } else {
        w.t("cabinet.disconnected").to_owned()
    };
    CabinetLine {
        state,
        detail: cabinet::fault_code(&view).map(|code| w.code("fault", &code).to_owned()),
        percent: running.map(cabinet::progress),
        tone,
        id: view.id,
    }
}

/// `GET /today`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Oneself>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "today"));
    if !f.sees_today() {
        return Redirect::to(f.home()).into_response();
    }
    let seer = visitor.seer();
    let handles_letters = Mailroom::lets(seer.holder);
    let mut seen = match seen(&app, seer).await {
        Ok(seen) => seen,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    // With its day: that may be what is wrong.
    let at = |at: Millis| at.zoned().strftime("%Y-%m-%d %H:%M").to_string();
    let restored = seen
        .restored
        .map(|known_until| w.one("restored.what", at(known_until)));
    let clock = seen.clock.map(|trouble| {
        let [heading, what, act] = match trouble {
            ClockTrouble::SetBack(_) => ["clock.heading", "clock.behind", "clock.do"],
            ClockTrouble::JumpedAhead(_) => {
                ["clock.heading_ahead", "clock.ahead", "clock.do_ahead"]
            }
        };
        let (ClockTrouble::SetBack(found) | ClockTrouble::JumpedAhead(found)) = trouble;
        let told = w.two(what, at(found.now), at(found.last));
        [w.t(heading).to_owned(), told, w.t(act).to_owned()]
    });
    let alerts = alerts::alerts(w, &app, &seen);
    let destructions = destructions::shown(w, &seen.destructions, &visitor.person.session.user);
    show(&TodayPage {
        clock,
        restored,
        day: seen.day.take().map(|today| day::part(w, today)),
        at_work: at_work::lines(w, std::mem::take(&mut seen.at_work)),
        queues: queues(w, &seen.counts),
        handles_letters,
        destructions,
        alerts,
        cabinets: app
            .cabinets
            .values()
            .map(|cabinet| cabinet_line(w, cabinet.view()))
            .collect(),
        letters: seen
            .letters
            .into_iter()
            .map(|line| Row::of(w, line))
            .collect(),
        f,
    })
}
