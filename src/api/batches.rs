//! Batches and loads: signed in, put into a cabinet, closed; a load opened by a signed override.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Mailroom};
use super::paging::{self, Listed, Part};
use super::problem::{Problem, Wanted};
use super::second_person::Proof;
use crate::clock::{self, Millis};
use crate::disinfect::{CabinetControl, CabinetView};
use crate::domain::balance::Exception;
use crate::domain::letter::Carrier;
use crate::events::Event;
use crate::store::{NewBatch, News};

pub(crate) mod seen;
mod views;

use views::found;
pub use views::{BatchView, DifferenceView, ExceptionView, LoadView, OverrideView, TakenBack};

/// A batch to sign in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"carrier": "registered", "count": 12, "received_at": "2026-11-20T08:30:00+08:00"}))]
pub struct NewBatchBody {
    carrier: Carrier,
    /// Letters counted at sign-in.
    #[schema(minimum = 1, maximum = 10000)]
    count: u32,
    /// When the office received them, RFC 3339.
    received_at: String,
}

/// A cabinet to load.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"cabinet": "cabinet-1", "letters": 12}))]
pub struct NewLoadBody {
    /// Its id in the settings.
    cabinet: String,
    /// Letters that are put in. Left away, the only load of a batch has all its letters; of several, nobody can tell whose letters come,
    /// and each waits for a person while one of them is not released.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10000)]
    letters: Option<u32>,
}

/// Why something does not come out, if it does not.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"exception": "returned", "letters": 1, "note": "一封退回"}))]
pub struct CloseBody {
    /// What became of the letters that are missing, or where those come from that are too many: recorded as an exception, with the note as its reason. Needs
    /// `letters` and `note`.
    exception: Option<Exception>,
    /// How many they are.
    #[schema(minimum = 1, maximum = 10000)]
    letters: Option<u32>,
    note: Option<String>,
}

impl CloseBody {
    fn exception(&self) -> Result<Option<(Exception, u32)>, Problem> {
        match (self.exception, self.letters, &self.note) {
            (None, None, _) => Ok(None),
            (Some(kind), Some(letters @ 1..=10_000), Some(_)) => Ok(Some((kind, letters))),
            _ => Err(Problem::new(
                "body_invalid",
                "exception: it takes letters, 1 to 10000, and a note that says why",
            )),
        }
    }
}

/// Why a load is opened without a released cycle, and the second person who signs for it on the same screen.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "柜体故障，已人工消毒", "approver": "li", "approver_password": "…"}))]
pub struct OverrideBody {
    reason: String,
    /// Another account that may sign; not that of the caller.
    approver: String,
    /// The password of that account. A wrong one counts towards its lock-out.
    approver_password: String,
    /// That the cabinet's mains are cut. Needed where the load lies in a cabinet whose alarm stands and that does not show its lamps, silent or not.
    #[serde(default)]
    mains_cut: bool,
}

/// A batch that lay for longer than this was not received when somebody says.
const LAY_AT_MOST_DAYS: i64 = 3_653;
/// A clock may be a little ahead of another.
const AHEAD_AT_MOST_S: i64 = 3_600;

/// Every deadline is counted from when the office received a letter: a slip of the pen would spoil all of them.
fn plausible(received: Millis, now: Millis) -> Result<(), Problem> {
    let (early, late) = (
        now.plus_seconds(-LAY_AT_MOST_DAYS * 86_400),
        now.plus_seconds(AHEAD_AT_MOST_S),
    );
    if (early.0..=late.0).contains(&received.0) {
        return Ok(());
    }
    Err(Problem::body(
        "received_at",
        Wanted::Moment(early, late, now),
    ))
}

/// Signs a batch in.
#[utoipa::path(post, path = "/v1/batches", tag = "batches", request_body = NewBatchBody, params(super::openapi::Key),
    responses((status = 201, body = BatchView)))]
pub async fn sign_in(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<NewBatchBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let NewBatchBody {
        carrier,
        count,
        received_at,
    } = asked.body;
    if !(1..=10_000).contains(&count) {
        return Err(Problem::body("count", Wanted::Number(1, 10_000)));
    }
    let received = Millis::parse(&received_at).ok_or_else(|| {
        let words = "RFC 3339 with a zone is allowed";
        Problem::body("received_at", Wanted::Said(words))
    })?;
    plausible(received, clock::now())?;
    app.once_telling(key, move |db| {
        let batch = db.sign_in_batch(
            &NewBatch {
                carrier,
                count,
                received,
            },
            &by,
        )?;
        Ok((
            answer(StatusCode::CREATED, &BatchView::read(db, batch, &seer)?)?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// Batches, newest first.
#[utoipa::path(get, path = "/v1/batches", tag = "batches", params(Part),
    responses((status = 200, body = Listed<BatchView>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<BatchView>>, Problem> {
    let limit = part.limit()?;
    let seer = caller.seer();
    let before = part
        .place()?
        .map(|place| place.parse().map_err(|_| paging::invalid()))
        .transpose()?;
    let rows = app
        .store
        .with(move |db| {
            let batches = db.batches(before, limit + 1)?;
            batches
                .into_iter()
                .map(|batch| found(db, batch, &seer))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Json(paging::part(
        rows,
        limit,
        |(seen, _)| seen.batch.id.to_string(),
        BatchView::new,
    )))
}

/// One batch.
#[utoipa::path(get, path = "/v1/batches/{id}", tag = "batches", params(("id" = i64, Path)),
    responses((status = 200, body = BatchView)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
) -> Result<Json<BatchView>, Problem> {
    let seer = caller.seer();
    let read = app.store.with(move |db| BatchView::read(db, id, &seer));
    Ok(Json(read.await?))
}

/// Puts a batch, or what fits of it, into a cabinet.
#[utoipa::path(post, path = "/v1/batches/{id}/loads", tag = "batches", request_body = NewLoadBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 201, body = LoadView)))]
pub async fn load(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(batch): Path<i64>,
    asked: Asked<NewLoadBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let NewLoadBody { cabinet, letters } = asked.body;
    if letters.is_some_and(|letters| !(1..=10_000).contains(&letters)) {
        return Err(Problem::body("letters", Wanted::Number(1, 10_000)));
    }
    // Without any cabinet in the settings loads open only by override; any name will do for those.
    if !app.cabinets.is_empty() && !app.cabinets.contains_key(&cabinet) {
        return Err(Problem::not_found("cabinet", &cabinet));
    }
    app.once_telling(key, move |db| {
        let load = db.add_load_of(batch, (&cabinet, letters), &by)?;
        Ok((
            answer(StatusCode::CREATED, &LoadView::from(db.load(load)?))?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// Closes a batch. Where letters are missing, or too many, `exception`, `letters` and `note` say what became of them, unless exceptions on record do;
/// nothing is recorded by itself. Valuables that are not given back yet, and files that a scanner's software never finished, need a note; scans under way, missing images, files that wait or are held, valuables
/// that one person alone has seen and findings that nobody has looked at are explained by none. A last separator sheet of a folder without a page behind it
/// becomes a finding (`letter_empty`) when the batch is to be closed.
#[utoipa::path(post, path = "/v1/batches/{id}/close", tag = "batches", request_body = CloseBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = BatchView)))]
pub async fn close(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(batch): Path<i64>,
    asked: Asked<CloseBody>,
) -> Result<Given, Problem> {
    let (by, seer) = (caller.actor(), caller.seer());
    let key = asked.key(&by);
    let mut body = asked.body;
    body.note = body.note.filter(|note| !note.trim().is_empty());
    let note = body.note.as_deref().map(super::grouping::reason);
    let (exception, note) = (body.exception()?, note.transpose()?);
    // Before what is undone when the closing is refused.
    let found = app.store.with(move |db| db.hold_empty_last_sheets(batch));
    if found.await? == News::New {
        app.events.tell(Event::Batch { batch });
    }
    app.once_telling(key, move |db| {
        if let Err(refused) = db.close_batch_with(batch, &by, (exception, note.as_deref())) {
            return Err(seen::refusal_for(db, (batch, &seer), refused)?);
        }
        Ok((
            answer(StatusCode::OK, &BatchView::read(db, batch, &seer)?)?,
            Event::Batch { batch },
        ))
    })
    .await
}

/// What is said of an alarm on the record of an override: the cabinet, and what was known of its lamps.
fn told_of_alarm(
    views: impl Iterator<Item = CabinetView>,
    load: i64,
    mains_cut: bool,
) -> Result<Option<serde_json::Value>, Problem> {
    let holds = |view: &CabinetView| view.cycle.as_ref().is_some_and(|cycle| cycle.load == load);
    let mut unsafe_to_open =
        views.filter(|view| holds(view) && matches!(view.step.as_str(), "alarm" | "aborting"));
    let Some(view) = unsafe_to_open.next() else {
        return Ok(None);
    };
    let refused = |reason: &str, told: String| {
        Err(Problem {
            reason: Some(reason.into()),
            ..Problem::new("wrong_state", told)
        })
    };
    let id = &view.id;
    let lamps = match (view.alarm_lamp.as_deref(), view.shows_lamps()) {
        (Some("out"), _) => "out",
        (Some(_), false) if mains_cut => "not_shown",
        (Some(_), false) => {
            return refused(
                "mains_not_cut",
                format!(
                    "{id}, with load {load} inside, does not show its lamps: cut its mains, then sign with mains_cut true. Its alarm stands all the same"
                ),
            );
        }
        _ => {
            return refused(
                "lamp_not_seen_out",
                format!(
                    "the lamps of {id}, with load {load} inside, were not seen out: cut its mains, then sign"
                ),
            );
        }
    };
    Ok(Some(
        serde_json::json!({"cabinet": id, "lamps": lamps, "mains_cut": mains_cut}),
    ))
}

/// Two people take responsibility, by name and with a reason, for opening a load that no cycle released: the caller, and another
/// one with a password of his own. While its cabinet's alarm stands that is possible once the lamps are seen out, or with `mains_cut` where the cabinet
/// does not show them; the alarm stands all the same, and the ledger's entry says so.
#[utoipa::path(post, path = "/v1/loads/{id}/override", tag = "batches", request_body = OverrideBody,
    params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = LoadView)))]
pub async fn override_load(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<i64>,
    asked: Asked<OverrideBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let OverrideBody {
        reason,
        approver,
        approver_password,
        mains_cut,
    } = &asked.body;
    let (reason, approver) = (reason.trim().to_owned(), approver.trim().to_owned());
    // The password is not part of what is kept to know a repetition by.
    let key = asked.key_of(&by, &[&reason, &approver]);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let reason = super::grouping::reason(&reason)?;
    let views = app.cabinets.values().map(CabinetControl::view);
    let alarm = told_of_alarm(views, id, *mains_cut)?;
    let approver = Proof::of(&approver, approver_password);
    let approved_by = app.second_person::<Mailroom>(&by, approver).await?;
    app.once_telling(key, move |db| {
        db.override_load_in_alarm(id, (&by, &approved_by), &reason, alarm)?;
        let load = db.load(id)?;
        let batch = load.batch_id;
        Ok((
            answer(StatusCode::OK, &LoadView::from(load))?,
            Event::Batch { batch },
        ))
    })
    .await
}
