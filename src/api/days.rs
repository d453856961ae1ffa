//! The close of a day: what is open of it, and why it is closed all the same.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Caller, Mailroom};
use super::problem::Problem;
use crate::clock::{self, Millis};
use crate::store::Day;

/// A day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DayView {
    /// `YYYY-MM-DD`.
    day: String,
    closed: bool,
    /// Letters that are neither confirmed nor registered: now, or when it was closed.
    open_letters: u32,
    /// Batches that are not closed: now, or when it was closed.
    open_batches: u32,
    /// Letters of earlier days that are neither confirmed nor registered: now, or when it was closed.
    earlier_letters: u32,
    /// Batches of earlier days that are not closed: now, or when it was closed.
    earlier_batches: u32,
    /// Earlier days on which a batch was signed in and that were not closed since: now, or when it was closed.
    earlier_days: u32,
    /// Files in scanners' folders that are not taken and belong to no open batch: now, or when it was closed.
    open_files: u32,
    /// It was closed, and letters or batches came since: it may be closed again.
    more_came: bool,
    note: Option<String>,
    closed_by: Option<String>,
    closed_at: Option<String>,
}

impl DayView {
    fn closed(day: Day, more_came: bool) -> Self {
        let [earlier_letters, earlier_batches, earlier_days] = day.earlier;
        Self {
            earlier_letters,
            earlier_batches,
            earlier_days,
            open_files: day.open_files,
            more_came,
            day: day.day,
            closed: true,
            open_letters: day.open_letters,
            open_batches: day.open_batches,
            note: day.note,
            closed_by: Some(day.closed_by),
            closed_at: Some(day.closed.rfc3339()),
        }
    }
}

fn bounds(day: &str) -> Result<(Millis, Millis), Problem> {
    let known = clock::Millis::bounds_of_day(day).filter(|(from, _)| *from <= clock::now());
    known.ok_or_else(|| Problem::not_found("day (YYYY-MM-DD, not in the future)", day))
}

/// One day: what is open of it, and whether it is closed. Letters that are kept from the caller are in none of the counts.
#[utoipa::path(get, path = "/v1/days/{date}", tag = "batches", params(("date" = String, Path)),
    responses((status = 200, body = DayView)))]
pub async fn day(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(date): Path<String>,
) -> Result<Json<DayView>, Problem> {
    let (bounds, looks) = (bounds(&date)?, caller.actor());
    let view = app.store.with(move |db| {
        if let Some(day) = db.day_seen_by(&looks, &date)? {
            let more_came = db.came_since(&looks, bounds, day.closed)?;
            return Ok(DayView::closed(day, more_came));
        }
        let (open_letters, open_batches) = db.open_between(&looks, bounds)?;
        let [earlier_letters, earlier_batches, earlier_days] =
            db.open_before(&looks, bounds.0)?.counts();
        Ok(DayView {
            earlier_letters,
            earlier_batches,
            earlier_days,
            open_files: db.files_of_no_batch(&looks, bounds.1)?,
            more_came: false,
            day: date,
            closed: false,
            open_letters,
            open_batches,
            note: None,
            closed_by: None,
            closed_at: None,
        })
    });
    Ok(Json(view.await?))
}

/// Why a day is closed with something open.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"note": "两封信等待核对，明日处理"}))]
pub struct CloseDayBody {
    note: Option<String>,
}

/// Closes a day. With letters or batches still open, of it or of earlier days, with files in scanners' folders that belong to no open batch, or with earlier
/// days that nobody closed, a note has to say why; what was open stays on record. `same_person`: a day on which a letter is open that is kept from the caller somebody else closes. Where more came since, it may be closed again; the record shows the last closing, the ledger each.
#[utoipa::path(post, path = "/v1/days/{date}/close", tag = "batches", request_body = CloseDayBody,
    params(("date" = String, Path), super::openapi::Key),
    responses((status = 200, body = DayView)))]
pub async fn close_day(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(date): Path<String>,
    asked: Asked<CloseDayBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let bounds = bounds(&date)?;
    let note = asked.body.note;
    app.once(key, move |db| {
        let day = db.close_day(&date, bounds, (&by, note.as_deref()))?;
        answer(StatusCode::OK, &DayView::closed(day, false))
    })
    .await
}
