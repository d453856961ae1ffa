//! Batches: signing one in, loading it, its balance, closing it; and the override with its consequences said.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::scanning::{self, Answered, BatchOfScan, Scanning};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::api::batches::seen::batch_seen_by;
use crate::api::guard;
use crate::clock::Millis;
use crate::domain::access::Seer;
use crate::domain::balance::Exception;
use crate::domain::grouping::GroupBy;
use crate::domain::letter::{Carrier, LoadState};
use crate::separators::MOST_SHEETS;
use crate::store::{Batch, CycleRecord, Db, Load, RecordedException, StoreError};

const PAGE: u32 = 20;
/// As many findings as one answer may settle (`POST /v1/holds/resolve`).
const HOLDS_SHOWN: u32 = 500;

const CARRIERS: [(Carrier, &str); 8] = [
    (Carrier::Letter, "letter"),
    (Carrier::Registered, "registered"),
    (Carrier::Express, "express"),
    (Carrier::Telegram, "telegram"),
    (Carrier::Fax, "fax"),
    (Carrier::Postcard, "postcard"),
    (Carrier::MoneyOrder, "money_order"),
    (Carrier::Parcel, "parcel"),
];

/// The word for a carrier.
pub(super) fn carrier_words(w: &'static Words, carrier: Carrier) -> &'static str {
    w.code("carrier", carrier_code(carrier))
}

/// A carrier's stable name.
pub(crate) fn carrier_code(carrier: Carrier) -> &'static str {
    CARRIERS[carrier as usize].1
}

/// A batch's card, at the head of its list.
pub(super) fn card_href(batch: i64) -> String {
    format!("/batches?before={}#batch-{batch}", batch + 1)
}

fn state_code(state: LoadState) -> &'static str {
    match state {
        LoadState::Waiting => "waiting",
        LoadState::InCycle => "in_cycle",
        LoadState::Released => "released",
        LoadState::Quarantined => "quarantined",
        LoadState::Overridden => "overridden",
    }
}

struct CarrierChoice {
    code: &'static str,
    label: &'static str,
}

struct LoadLine {
    id: i64,
    title: String,
    cabinet: String,
    state: &'static str,
    state_words: &'static str,
    detail: String,
    may_start: bool,
    /// What is to be said of its cabinet's self test before a start.
    test_due: Option<String>,
    /// It lies in a cabinet whose alarm stands and that does not show its lamps: whoever signs says that the mains are cut.
    wants_mains_cut: bool,
    running: bool,
    /// Number of the newest cycle, once it has ended: it has a certificate.
    certificate: Option<String>,
}

/// An exception on record.
struct ExceptionLine {
    id: i64,
    words: String,
    /// By whom and why it was taken back.
    taken_back: Option<String>,
}

struct KindChoice {
    code: &'static str,
    label: &'static str,
}

/// What exceptions can be: those that explain letters too few, or too many.
fn kinds(w: &'static Words, signs: &[i64]) -> Vec<KindChoice> {
    let kinds = Exception::ALL.into_iter();
    let fit = kinds.filter(|kind| signs.contains(&kind.sign()));
    let choice = |kind: Exception| KindChoice {
        code: kind.code(),
        label: w.code("exception", kind.code()),
    };
    fit.map(choice).collect()
}

fn exception_line(w: &'static Words, one: &RecordedException) -> ExceptionLine {
    let kind = w.code("exception", one.kind.code());
    let letters = format!("{:+}", one.kind.sign() * i64::from(one.letters));
    let at = when::moment(w, one.at);
    let told = |(by, reason, at): &(String, String, Millis)| {
        let at = when::moment(w, *at);
        w.fill("batches.exception_taken_back", &[&reason, &by, &at])
    };
    ExceptionLine {
        id: one.id,
        words: w.fill(
            "batches.exception_line",
            &[&letters, &kind, &one.reason, &one.by, &at],
        ),
        taken_back: one.taken_back.as_ref().map(told),
    }
}

struct BatchCard {
    id: i64,
    exceptions: Vec<ExceptionLine>,
    /// What can be recorded.
    kinds: Vec<KindChoice>,
    /// What explains that letters are missing, or too many, and how many they are.
    explained_by: Vec<KindChoice>,
    differs_by: u64,
    title: String,
    carrier: &'static str,
    urgent: bool,
    received: String,
    signed_by: String,
    closed: bool,
    count: u32,
    letters: u32,
    counts: String,
    balance: &'static str,
    verdict: String,
    close_text: String,
    /// Whoever closes it has to say why something does not come out.
    needs_note: bool,
    loads: Vec<LoadLine>,
    /// Letters that are in no load yet, where that is known.
    left: Option<i64>,
    scanning: Scanning,
    /// It was signed in just now.
    is_next: bool,
}

#[derive(Template)]
#[template(path = "batches.html")]
struct BatchesPage {
    f: Frame,
    carriers: Vec<CarrierChoice>,
    cabinets: Vec<String>,
    now: String,
    zone: String,
    /// Separator sheets that are printed at once.
    most_sheets: u32,
    batches: Vec<BatchCard>,
    more: Option<String>,
}

type Found = (
    Batch,
    Vec<(Load, Option<CycleRecord>)>,
    Option<i64>,
    scanning::Found,
);

fn look(
    db: &mut Db,
    before: Option<i64>,
    seer: &Seer,
    scans: &[i64],
    folders: &[(String, GroupBy)],
) -> Result<(Vec<Found>, BatchOfScan), StoreError> {
    let kept = db.names_kept_from(&seer.actor)?;
    let open: BTreeSet<i64> = db.open_loads()?.iter().map(|load| load.batch).collect();
    let mut lies = Vec::new();
    for (scanner, by) in folders {
        lies.push((scanner.clone(), db.lies_in(scanner, *by)?));
    }
    let mut of_scans = BatchOfScan::new();
    for scan in scans {
        if let Some(found) = db.find_scan(*scan)? {
            of_scans.insert(*scan, found.batch);
        }
    }
    let batches = db.batches(before, PAGE + 1)?;
    let found: Result<Vec<Found>, StoreError> = batches
        .into_iter()
        .map(|batch| {
            let seen = batch_seen_by(db, batch, seer)?;
            let batch = seen.batch;
            let loads = seen.loads.into_iter();
            let loads = loads
                .map(|load| Ok((load.clone(), db.newest_cycle_of(load.id)?)))
                .collect::<Result<_, StoreError>>()?;
            let mut holds = db.open_holds(Some(batch.id), HOLDS_SHOWN)?;
            holds.retain(|hold| !kept.is_about(hold) && guard::may_hear_of(db, seer, hold));
            let holds = guard::as_heard(db, seer, holds)?.into_iter().map(|hold| {
                let answered = match db.undecided_file_of(&hold)? {
                    Some(_) => Answered::ByItsFile,
                    None if guard::let_resolve(db, seer, hold.id).is_ok() => Answered::Here,
                    None => Answered::ByAnother,
                };
                Ok((hold, answered))
            });
            let holds = holds.collect::<Result<_, StoreError>>()?;
            let newest = db.scans(Some(batch.id), None, 1)?.into_iter().next();
            let scanning = scanning::Found {
                counts: seen.counts,
                exceptions: db.exceptions_of(batch.id)?,
                files: seen.files,
                holds,
                newest,
                lies: lies.clone(),
                are_several: open.len() > 1,
            };
            let left = match seen.is_whole {
                true => db.letters_to_load(batch.id)?,
                false => None,
            };
            Ok((batch, loads, left, scanning))
        })
        .collect();
    Ok((found?, of_scans))
}

/// What stands behind a load's state: the cycle that released it, the fault, or the override.
fn detail(w: &'static Words, load: &Load, cycle: Option<&CycleRecord>) -> String {
    if let Some(signed) = &load.overridden {
        let signers = w.signers(&signed.by, signed.approved_by.as_deref());
        let said = w.fill(
            "batches.overridden",
            &[&signers, &when::moment(w, signed.at), &signed.reason],
        );
        return match &signed.alarm_lamp {
            Some(lamp) => format!("{said} · {}", w.code("override_lamp", lamp)),
            None => said,
        };
    }
    let Some(cycle) = cycle else {
        return String::new();
    };
    let number = CycleRecord::number(cycle.id);
    match (&cycle.reason, load.released) {
        (Some(reason), _) => format!("{number} · {}", w.code("fault", reason)),
        (None, Some(at)) => format!("{number} · {}", when::moment(w, at)),
        (None, None) => number,
    }
}

fn load_line(
    w: &'static Words,
    app: &App,
    open: Openness,
    load: &Load,
    cycle: Option<&CycleRecord>,
) -> LoadLine {
    let state = state_code(load.state);
    let may_start =
        matches!(load.state, LoadState::Waiting | LoadState::Quarantined) && open == Openness::Open;
    LoadLine {
        id: load.id,
        title: match load.letters {
            Some(letters) => w.two("batches.load_of", load.id, letters),
            None => w.one("batches.load", load.id),
        },
        cabinet: load.cabinet.clone(),
        state,
        state_words: w.code("load_state", state),
        detail: detail(w, load, cycle),
        test_due: super::cabinet::due_before_start(w, app, &load.cabinet).filter(|_| may_start),
        wants_mains_cut: app.cabinets.values().any(|cabinet| {
            let view = cabinet.view();
            let holds = view
                .cycle
                .as_ref()
                .is_some_and(|cycle| cycle.load == load.id);
            holds && view.step == "alarm" && !view.shows_lamps()
        }),
        may_start,
        running: load.state == LoadState::InCycle,
        certificate: cycle
            .filter(|cycle| cycle.ended.is_some())
            .map(|cycle| CycleRecord::number(cycle.id)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Openness {
    Open,
    Closed,
}

/// What was signed in stays what it is; exceptions stand beside it.
pub(super) fn signed_words(w: &'static Words, count: u32, exceptions: i64) -> String {
    match exceptions {
        0 => count.to_string(),
        _ => w.two("batches.with_exceptions", count, format!("{exceptions:+}")),
    }
}

fn card(
    w: &'static Words,
    app: &App,
    (batch, loads, left, scanning): Found,
    scans_of: &BatchOfScan,
) -> BatchCard {
    let counts = scanning.counts;
    // What has to be scanned: the letters signed in, less or more the exceptions on record.
    let expected = i64::from(batch.count) + counts.exceptions;
    let (signed_in, scanned) = (u32::try_from(expected).unwrap_or(0), batch.letters);
    let (balance, verdict) = match signed_in.cmp(&scanned) {
        std::cmp::Ordering::Equal if counts.holds > 0 => {
            ("even", w.one("batches.balanced_but", counts.holds))
        }
        std::cmp::Ordering::Equal => ("even", w.t("batches.balanced").to_owned()),
        std::cmp::Ordering::Greater => ("short", w.one("batches.short", signed_in - scanned)),
        std::cmp::Ordering::Less => ("over", w.one("batches.over", scanned - signed_in)),
    };
    let short = counts.letters_short();
    let explained_by = match short {
        0 => Vec::new(),
        short => kinds(w, &[-short.signum()]),
    };
    let signed = signed_words(w, batch.count, counts.exceptions);
    let close_text = match balance {
        "even" => w.two("close.equal", &signed, scanned),
        _ => w.two("close.differs", &signed, scanned),
    };
    let open = if batch.closed.is_some() {
        Openness::Closed
    } else {
        Openness::Open
    };
    let lines = scanning.exceptions.iter();
    BatchCard {
        id: batch.id,
        exceptions: lines.map(|one| exception_line(w, one)).collect(),
        kinds: match (open, short.signum()) {
            // After the closing only what settles it.
            (Openness::Closed, sign) => kinds(w, &[-sign]),
            (Openness::Open, _) => kinds(w, &[-1, 1]),
        },
        explained_by,
        differs_by: short.unsigned_abs(),
        title: w.one("batches.number", batch.id),
        carrier: carrier_words(w, batch.carrier),
        urgent: matches!(batch.carrier, Carrier::Express | Carrier::Telegram),
        received: when::moment(w, batch.received),
        signed_by: w.one("batches.signed_by", &batch.signed_by),
        closed: batch.closed.is_some(),
        scanning: Scanning::of(
            w,
            app,
            (
                batch.id,
                &loads
                    .iter()
                    .map(|(load, _)| load.clone())
                    .collect::<Vec<_>>(),
            ),
            scanning,
            (open == Openness::Open, scans_of),
        ),
        needs_note: balance != "even"
            || (open == Openness::Open
                && counts
                    .differences()
                    .iter()
                    .any(|one| one.is_explained_by_a_note())),
        count: signed_in,
        letters: scanned,
        counts: w.two("batches.balance", &signed, scanned),
        balance,
        verdict,
        close_text,
        left,
        is_next: false,
        loads: loads
            .iter()
            .map(|(load, cycle)| load_line(w, app, open, load, cycle.as_ref()))
            .collect(),
    }
}

/// Which part of the list.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    before: Option<i64>,
    /// The batch that was signed in just now: its load is what comes next.
    signed_in: Option<i64>,
}

/// `GET /batches`
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor<Mailroom>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "batches"));
    let seer = visitor.seer();
    let scans = scanning::scans_now(&app);
    let folders = scanning::folders(&app);
    let found = app
        .store
        .with(move |db| look(db, wanted.before, &seer, &scans, &folders))
        .await;
    let (mut found, scans_of) = match found {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let there_is_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let last = found.last().filter(|_| there_is_more);
    let (now, zone) = when::now_for_input();
    let carriers = CARRIERS.into_iter().map(|(_, code)| CarrierChoice {
        code,
        label: w.code("carrier", code),
    });
    show(&BatchesPage {
        f,
        carriers: carriers.collect(),
        cabinets: app.cabinets.keys().cloned().collect(),
        now,
        zone,
        most_sheets: MOST_SHEETS,
        more: last.map(|(batch, ..)| format!("/batches?before={}", batch.id)),
        batches: found
            .into_iter()
            .map(|found| BatchCard {
                is_next: wanted.signed_in == Some(found.0.id),
                ..card(w, &app, found, &scans_of)
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    #[test]
    fn an_exception_stands_beside_what_was_signed_in() {
        let w = Words::of(Language::Chinese);
        assert_eq!(signed_words(w, 60, 0), "60");
        assert_eq!(signed_words(w, 60, 1), "60 件、例外 +1");
        assert_eq!(signed_words(w, 60, -2), "60 件、例外 -2");
    }
}
