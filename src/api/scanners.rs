//! Scanners: what each is doing; a scan started for a released load, watched, stopped.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use scanner::order::Tray;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, Mailroom};
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::clock::Millis;
use crate::domain::grouping::GroupBy;
use crate::domain::intake::next_action;
use crate::events::Event;
use crate::scan::{ScanRefused, ScannerControl};
use crate::store::{Db, RequestKey, Scan, ScanOutcome, StoreError};

/// A scanner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScannerView {
    /// Its id in the settings.
    id: String,
    /// Whether scans are started here; a folder is filled by other software.
    driven: bool,
    /// What tells one letter from the next.
    by: GroupBy,
    /// The running scan.
    scan: Option<i64>,
    /// Images of it so far.
    images: u32,
    /// Stable code of why the last scan failed.
    trouble: Option<String>,
    /// What to do then.
    next_action: Option<&'static str>,
    /// Of a folder: the batch that its files go to now.
    batch: Option<i64>,
    /// Of a folder: several batches are open and nobody said which of them lies in this scanner; so many files wait for that word.
    waiting_for_batch: Option<u32>,
}

/// Every scanner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScannerList {
    items: Vec<ScannerView>,
}

impl From<&ScannerControl> for ScannerView {
    fn from(control: &ScannerControl) -> Self {
        let (settings, state) = (control.settings(), control.state());
        Self {
            id: settings.id.to_string(),
            driven: settings.is_driven(),
            by: settings.grouped_by(),
            scan: state.scan,
            images: state.images,
            next_action: state.trouble.as_deref().map(next_action),
            trouble: state.trouble,
            batch: None,
            waiting_for_batch: None,
        }
    }
}

impl ScannerView {
    fn read(db: &Db, control: &ScannerControl) -> Result<Self, StoreError> {
        let (view, settings) = (Self::from(control), control.settings());
        if settings.is_driven() {
            return Ok(view);
        }
        let lies = db.lies_in(&view.id, settings.grouped_by())?;
        Ok(Self {
            batch: lies.batch,
            waiting_for_batch: lies.is_asked.then_some(lies.waiting),
            ..view
        })
    }
}

/// Where the paper lies.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrayWord {
    /// In the feeder.
    #[default]
    Feeder,
    /// On the glass: one image.
    Glass,
}

/// A scan to start.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"load": 12}))]
pub struct NewScanBody {
    /// The load whose letters lie in the feeder; it has to be released.
    load: i64,
    /// 1 or 2; the scanner's setting otherwise.
    #[schema(minimum = 1, maximum = 2)]
    sides: Option<u8>,
    /// Where the paper lies.
    #[serde(default)]
    from: TrayWord,
}

/// A scan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ScanView {
    id: i64,
    scanner: String,
    batch: i64,
    load: i64,
    sides: u8,
    asked_by: String,
    asked_at: String,
    ended_at: Option<String>,
    outcome: Option<ScanOutcome>,
    /// Stable code where it failed.
    trouble: Option<String>,
    /// What to do then.
    next_action: Option<&'static str>,
    /// Images as the device counted them, where it says.
    device_images: Option<u32>,
    /// Images that came, whole.
    received_images: u32,
    /// Images that are pages or separators now.
    registered_images: u32,
    /// Images that are held.
    held_images: u32,
    /// Everything that came is somewhere.
    settled: bool,
}

impl From<Scan> for ScanView {
    fn from(scan: Scan) -> Self {
        Self {
            id: scan.id,
            scanner: scan.scanner,
            batch: scan.batch,
            load: scan.load,
            sides: scan.sides,
            asked_by: scan.asked_by,
            asked_at: scan.asked.rfc3339(),
            ended_at: scan.ended.map(Millis::rfc3339),
            outcome: scan.outcome,
            next_action: scan.trouble.as_deref().map(next_action),
            trouble: scan.trouble,
            device_images: scan.device_images,
            received_images: scan.received_images,
            registered_images: scan.registered_images,
            held_images: scan.held_images,
            settled: scan.settled.is_some(),
        }
    }
}

/// Which scans.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScanQuery {
    /// Only of this batch.
    batch: Option<i64>,
}

impl From<ScanRefused> for Problem {
    fn from(refused: ScanRefused) -> Self {
        let told = refused.to_string();
        match refused {
            ScanRefused::Store(error) => error.into(),
            ScanRefused::NotDriven { .. } => Self::new("scanner_not_driven", told),
            ScanRefused::Busy { .. } => Self::new("scanner_busy", told),
            ScanRefused::Stopped { .. } => Self::new("scanner_stopped", told),
        }
    }
}

fn scanner<'a>(app: &'a App, id: &str) -> Result<&'a ScannerControl, Problem> {
    app.scanners
        .get(id)
        .ok_or_else(|| Problem::not_found("scanner", id))
}

/// Every scanner and what it is doing.
#[utoipa::path(get, path = "/v1/scanners", tag = "scanners",
    responses((status = 200, body = ScannerList)))]
pub async fn list(
    State(app): State<App>,
    _: Caller<Mailroom>,
) -> Result<Json<ScannerList>, Problem> {
    let scanners = app.scanners.clone();
    let items = app.store.with(move |db| {
        let views = scanners.values().map(|one| ScannerView::read(db, one));
        views.collect::<Result<_, _>>()
    });
    Ok(Json(ScannerList {
        items: items.await?,
    }))
}

/// The batch.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"batch": 12}))]
pub struct LiesBody {
    /// It has to be open, and one of its loads released.
    batch: i64,
}

/// Says which batch lies in a scanner whose software fills a folder: where several are open, files that wait for this word are of it, and those that
/// come from now on. Files named by their letter go to the load last released unless somebody said so since.
#[utoipa::path(put, path = "/v1/scanners/{id}/batch", tag = "scanners", request_body = LiesBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = ScannerView)))]
pub async fn lies(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    asked: Asked<LiesBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let batch = asked.body.batch;
    let control = scanner(&app, &id)?.clone();
    if control.settings().is_driven() {
        return Err(Problem::new(
            "wrong_state",
            format!("scanner {id} is started for a load of its own each time"),
        ));
    }
    app.once_telling(key, move |db| {
        db.say_batch(&id, batch, &by)?;
        let view = ScannerView::read(db, &control)?;
        Ok((answer(StatusCode::OK, &view)?, Event::Batch { batch }))
    })
    .await
}

/// Starts a scan for a released load: everything that lies in the feeder. It goes on after the answer.
#[utoipa::path(post, path = "/v1/scanners/{id}/scans", tag = "scanners", request_body = NewScanBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 201, body = ScanView)))]
pub async fn start(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    asked: Asked<NewScanBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    if let Some(given) = given_before(&app, key.clone()).await? {
        return Ok(given);
    }
    let NewScanBody { load, sides, from } = asked.body;
    if sides.is_some_and(|sides| !(1..=2).contains(&sides)) {
        return Err(Problem::new("body_invalid", "sides: 1 or 2 is allowed"));
    }
    let tray = match from {
        TrayWord::Feeder => Tray::Feeder,
        TrayWord::Glass => Tray::Glass,
    };
    let scan = scanner(&app, &id)?.start(load, sides, tray, &by).await?;
    // A repetition that overtakes this answer finds the scanner busy: nothing is fed twice.
    app.once(key, move |_| {
        answer(StatusCode::CREATED, &ScanView::from(scan))
    })
    .await
}

async fn given_before(app: &App, key: Option<RequestKey>) -> Result<Option<Given>, Problem> {
    let Some(key) = key else {
        return Ok(None);
    };
    let given = app.store.with(move |db| db.answered(&key)).await?;
    Ok(given.map(Given))
}

/// Stops the running scan. What had come is kept; the scan says what is missing.
#[utoipa::path(post, path = "/v1/scanners/{id}/cancel", tag = "scanners", params(("id" = String, Path), super::openapi::Key),
    responses((status = 204)))]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(id): Path<String>,
    _: Asked<Nothing>,
) -> Result<StatusCode, Problem> {
    // Never held back by a key: stopping twice is as good as once.
    match scanner(&app, &id)?.cancel(&caller.actor()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::new(
            "wrong_state",
            format!("scanner {id} does not scan"),
        )),
    }
}

/// Scans, newest first.
#[utoipa::path(get, path = "/v1/scans", tag = "scanners", params(ScanQuery, Part),
    responses((status = 200, body = Listed<ScanView>)))]
pub async fn scans(
    State(app): State<App>,
    _: Caller<Mailroom>,
    Query(wanted): Query<ScanQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<ScanView>>, Problem> {
    let limit = part.limit()?;
    let before = part
        .place()?
        .map(|place| place.parse().map_err(|_| paging::invalid()))
        .transpose()?;
    let rows = app
        .store
        .with(move |db| db.scans(wanted.batch, before, limit + 1))
        .await?;
    let place = |scan: &Scan| scan.id.to_string();
    Ok(Json(paging::part(rows, limit, place, ScanView::from)))
}

/// One scan.
#[utoipa::path(get, path = "/v1/scans/{id}", tag = "scanners", params(("id" = i64, Path)),
    responses((status = 200, body = ScanView)))]
pub async fn scan(
    State(app): State<App>,
    _: Caller<Mailroom>,
    Path(id): Path<i64>,
) -> Result<Json<ScanView>, Problem> {
    let scan = app.store.with(move |db| db.scan(id)).await?;
    Ok(Json(scan.into()))
}
