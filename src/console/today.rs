//! The overview: what wants a person now, how much is in hand, the cabinets, the last letters.

mod at_work;
mod day;
mod destructions;
mod due;
mod findings;
mod raised;
mod returned;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::cabinet;
use super::frame::{Frame, Visitor};
use super::letters::Row;
use super::outbox::shared_numbers;
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::{Mailroom, Need, Oneself};
use crate::clock::Millis;
use crate::disinfect::{CHANGED, CabinetControl, CabinetView};
use crate::domain::access::{Action, Seer, may};
use crate::domain::intake::reason;
use crate::domain::letter::LoadState;
use crate::store::{
    AtWork, ClockTrouble, Db, Due, HeldFile, LetterLine, LetterLinesWanted, Load, Message,
    Overview, RetentionRow, SharedCaseNumber, StoreError,
};

const HELD_SHOWN: u32 = 20;
/// Files that were not taken are counted up to this many.
const FILES_COUNTED: u32 = 500;
/// So many files of one reason are named.
const NAMED_OF_A_GROUP: usize = 3;
const LETTERS_SHOWN: u32 = 12;
/// So many letters that wait for an officer's word are named.
const NAMED_TO_BE_JUDGED: usize = 8;
/// Page 交接 shows them for good.
const SAME_NUMBER_DAYS: i64 = 3;

/// The pages that lists wait for, by the list's arrival.
pub(super) type Waits = BTreeMap<String, Vec<String>>;

/// What lists of pages wait for.
pub(super) fn waits(db: &Db, files: &[HeldFile]) -> Result<Waits, StoreError> {
    let lists = files
        .iter()
        .filter(|file| file.reason == reason::INDEX_PAGE_MISSING);
    lists
        .take(20)
        .map(|list| Ok((list.id.clone(), db.waits_for(&list.id)?)))
        .collect()
}

struct Queue {
    label: &'static str,
    count: u32,
    href: String,
    tone: &'static str,
}

struct Alert {
    what: String,
    next: String,
    subject: String,
    href: Option<String>,
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
    match app.store.with(move |db| look(db, &seer, true)).await {
        Err(error) if error.is_full() => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "no letter is shown"
            );
            app.store.with(move |db| look(db, &again, false)).await
        }
        seen => seen,
    }
}

/// What this person may see of it: whoever looks after devices sees no letter.
fn look(db: &mut Db, seer: &Seer, is_recorded: bool) -> Result<Seen, StoreError> {
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

/// Files that were not taken, those of one reason together.
fn held(w: &'static Words, seen: &Seen) -> Vec<Alert> {
    let mut groups: Vec<Vec<&HeldFile>> = Vec::new();
    for file in &seen.held {
        let like = |group: &&mut Vec<&HeldFile>| {
            (&group[0].reason, group[0].is_held) == (&file.reason, file.is_held)
        };
        match groups.iter_mut().find(like) {
            Some(group) => group.push(file),
            None => groups.push(vec![file]),
        }
    }
    groups
        .iter()
        .map(|group| held_group(w, group, &seen.waits))
        .collect()
}

fn held_group(w: &'static Words, group: &[&HeldFile], waits: &Waits) -> Alert {
    let reason = &group[0].reason;
    let why = w.code("held", reason);
    let mut subject: Vec<String> = group
        .iter()
        .take(NAMED_OF_A_GROUP)
        .map(|file| held_words(w, file, waits))
        .collect();
    if group.len() > NAMED_OF_A_GROUP {
        subject.push(w.one("alert.held_more", group.len() - NAMED_OF_A_GROUP));
    }
    Alert {
        what: match group.len() {
            1 => w.one("alert.held", why),
            many => w.two("alert.held_many", many, why),
        },
        next: w.known("held_do", reason).unwrap_or_default().to_owned(),
        subject: subject.join("\n"),
        href: Some("/held".to_owned()),
        tone: "",
    }
}

/// A file and what it waits for; a folder below the scanner's counts as part of the file's name.
pub(super) fn held_words(w: &'static Words, file: &HeldFile, waits: &Waits) -> String {
    let mut told = vec![
        file.name.clone(),
        w.one("alert.by_source", &file.source),
        when::moment(w, file.seen),
    ];
    if let Some(names) = waits.get(&file.id).filter(|names| !names.is_empty()) {
        told.push(w.one("held_files.waits_for", names.join(", ")));
    }
    told.join(" · ")
}

fn troubled(w: &'static Words, letter: &LetterLine) -> Alert {
    let (what, next, tone) = match &letter.alert {
        Some(flag) => (
            w.two("alert.flagged", &letter.id, w.code("flag", flag)),
            w.t("alert.flagged_do"),
            "bad",
        ),
        None if letter.unreadable == 0 => (
            w.one("alert.reason_asked", &letter.id),
            w.t("alert.reason_asked_do"),
            "bad",
        ),
        None => (
            w.one("alert.unreadable", &letter.id),
            w.t("alert.unreadable_do"),
            "",
        ),
    };
    Alert {
        what,
        next: next.to_owned(),
        subject: when::moment(w, letter.created),
        href: Some(format!("/letters/{}", letter.id)),
        tone,
    }
}

fn alerts(w: &'static Words, app: &App, seen: &Seen) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if seen.is_unrecorded {
        alerts.push(Alert {
            what: w.t("alert.unrecorded").to_owned(),
            next: w.t("alert.unrecorded_do").to_owned(),
            subject: String::new(),
            href: None,
            tone: "bad",
        });
    }
    alerts.extend(raised::alerts(w, &seen.raised));
    let others = seen
        .troubled
        .iter()
        .filter(|letter| !raised::is_told(&seen.raised, letter));
    alerts.extend(others.map(|letter| troubled(w, letter)));
    let quarantined = seen
        .loads
        .iter()
        .filter(|load| load.state == LoadState::Quarantined);
    alerts.extend(quarantined.map(|load| Alert {
        what: w.one("alert.quarantined", load.id),
        next: w.t("alert.quarantined_do").to_owned(),
        subject: load.cabinet.clone(),
        href: Some(format!("/cabinets/{}", load.cabinet)),
        tone: "bad",
    }));
    let damaged = match seen.damaged.is_empty() {
        true => String::new(),
        false => w.one("today.damaged", seen.damaged.join(w.t("outbox.and"))),
    };
    let parts = app.readiness.parts().into_iter();
    alerts.extend(parts.filter_map(|(part, why)| {
        let why = why?;
        let cabinet = part.strip_prefix("cabinet/");
        Some(Alert {
            what: w.one("alert.not_ready", part_name(w, &part)),
            next: cabinet
                .and_then(|id| cabinet::blocked_words(w, &app.cabinets.get(id)?.view(), &why.code))
                .unwrap_or_else(|| w.code("part_code", &why.code).to_owned()),
            // A cabinet's page says the rest in this person's language.
            subject: match cabinet {
                Some(id) => id.to_owned(),
                // These are told below.
                None if part == "clock" || part == "handover" => String::new(),
                None if part == "originals" => damaged.clone(),
                None => why.message,
            },
            href: cabinet.map(|id| format!("/cabinets/{id}")),
            tone: "bad",
        })
    }));
    let views = app.cabinets.values().map(CabinetControl::view);
    alerts.extend(views.filter(cabinet::is_told_by_another).map(|view| Alert {
        what: w.one(
            "alert.changed",
            part_name(w, &format!("cabinet/{}", view.id)),
        ),
        next: w.code("fault_do", CHANGED).to_owned(),
        subject: view.id.clone(),
        href: Some(format!("/cabinets/{}", view.id)),
        tone: "bad",
    }));
    if let Some(first) = seen.to_be_judged.first() {
        let named = seen.to_be_judged.iter().take(NAMED_TO_BE_JUDGED);
        let named: Vec<&str> = named.map(String::as_str).collect();
        alerts.push(Alert {
            what: w.two(
                "alert.office_waits",
                seen.to_be_judged.len(),
                named.join("、"),
            ),
            next: w.t("alert.office_waits_do").to_owned(),
            subject: String::new(),
            href: Some(format!("/letters/{first}")),
            tone: "bad",
        });
    }
    alerts.extend(seen.for_another.iter().map(|letter| Alert {
        what: w.one("alert.for_another", letter),
        next: w.t("alert.for_another_do").to_owned(),
        subject: String::new(),
        href: Some(format!("/letters/{letter}")),
        tone: "",
    }));
    alerts.extend(seen.shared.iter().map(|one| {
        let letters = one.letters.join(w.t("outbox.and"));
        Alert {
            what: w.two("alert.same_number", &one.case_number, letters),
            next: w.t("alert.same_number_do").to_owned(),
            subject: when::moment(w, one.last),
            href: Some("/outbox".to_owned()),
            tone: "",
        }
    }));
    alerts.extend(due::alerts(w, &seen.due, crate::clock::now()));
    alerts.extend(returned::alerts(w, &seen.returned));
    alerts.extend(findings::alerts(w, &seen.findings));
    alerts.extend(seen.day.iter().flat_map(|today| day::alerts(w, today)));
    alerts.extend(kept(w, app, &seen.kept));
    alerts.extend(held(w, seen));
    alerts
}

/// Originals that are damaged, back-ups that are overdue, valuables that are not returned.
fn kept(w: &'static Words, app: &App, kept: &Kept) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let mut add =
        |what: String, next: &'static str, subject: String, href: Option<String>, tone| {
            alerts.push(Alert {
                what,
                next: w.t(next).to_owned(),
                subject,
                href,
                tone,
            });
        };
    let limit = i64::try_from(app.settings.backup.warn_days.0).expect("at most 365");
    let days = kept
        .safe_since
        .map_or(0, |since| (crate::clock::now().0 - since.0) / 86_400_000);
    if days >= limit {
        let what = w.one("alert.backup", days);
        add(what, "alert.backup_do", String::new(), None, "");
    }
    for (letter, count, since) in &kept.open_valuables {
        let what = w.two("alert.valuables", letter, count);
        let href = Some(format!("/letters/{letter}/keeping"));
        add(
            what,
            "alert.valuables_do",
            when::moment(w, *since),
            href,
            "",
        );
    }
    alerts
}

/// A part of the station in words: `cabinet/cabinet-1` is the cabinet `cabinet-1`.
pub(super) fn part_name(w: &Words, part: &str) -> String {
    match part.split_once('/') {
        None => w.code("part", part).to_owned(),
        Some((kind, id)) => format!("{} {id}", w.code("part", kind)),
    }
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
    let alerts = alerts(w, &app, &seen);
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
