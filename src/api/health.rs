//! Alive, ready, measured; and the health of the devices. The first three answer anyone on the host, and nobody else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::App;
use super::auth::{Caller, DeviceHealth};
use super::paging::{self, Listed, Part};
use super::problem::{Problem, STORAGE_FULL};
use crate::check::{self, Level};
use crate::clock::{self, Millis};
use crate::config::Settings;
use crate::disinfect::CabinetControl;
use crate::domain::wear::Outlook;
use crate::health::NotReady;
use crate::health::devices::{self, DeviceLine};
use crate::metrics::StationFigures;
use crate::store::HealthRow;

/// Someone on the station itself. Without knowing where a caller sits, it is refused.
#[derive(Debug, Clone, Copy)]
pub struct OnHost;

impl<S: Send + Sync> FromRequestParts<S> for OnHost {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            Some(ConnectInfo(from)) if from.ip().to_canonical().is_loopback() => Ok(Self),
            _ => Err(Problem::new("host_only", "ask on the station itself")),
        }
    }
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = str, example = "ok")), security(()))]
pub async fn alive(_: OnHost) -> &'static str {
    "ok"
}

/// What is ready and what is not.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Ready {
    ready: bool,
    parts: Vec<PartReady>,
}

/// One part of the station.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartReady {
    /// `store`, `reading`, `cabinet/…`, `scanner/…`.
    part: String,
    ready: bool,
    /// Stable code of why not.
    code: Option<String>,
    /// What happened and what to do.
    message: Option<String>,
}

impl PartReady {
    fn new(part: String, why: Option<NotReady>) -> Self {
        let ready = why.is_none();
        let (code, message) = why.map(|why| (why.code, why.message)).unzip();
        Self {
            part,
            ready,
            code,
            message,
        }
    }
}

/// Whether every part works.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Ready), (status = 503, body = Ready)), security(()))]
pub async fn ready(State(app): State<App>, _: OnHost) -> Response {
    let parts: Vec<_> = parts(&app)
        .await
        .into_iter()
        .map(|(part, why)| PartReady::new(part, why))
        .collect();
    let ready = parts.iter().all(|part| part.ready);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Ready { ready, parts })).into_response()
}

/// Asks the store whether it answers and its disk takes changes, and tells it to whoever asks the station's readiness: pages and metrics too.
async fn ask_store(app: &App) {
    const PART: &str = "store";
    const SILENT: &str = "the database does not answer; the station's log says more";
    if app.store.with(|db| db.answers()).await.is_err() {
        app.readiness.not_ready(PART, "store_failed", SILENT);
    } else if let Some(folder) = shut(&app.settings) {
        let said = format!(
            "{} is no longer the station's: give it back (chown -R laixin:laixin), and the station goes on by itself",
            folder.display()
        );
        app.readiness.not_ready(PART, "data_dir_shut", &said);
    } else if app.store.takes_changes().await {
        app.readiness.ready(PART);
    } else {
        app.readiness.not_ready(PART, "storage_full", STORAGE_FULL);
    }
}

/// Which of the station's folders was given to somebody else: files that are open still work then, and nothing new can be made.
fn shut(settings: &Settings) -> Option<PathBuf> {
    let own = [settings.station.data_dir.clone(), settings.evidence_dir()];
    let needed = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    own.into_iter().find(|folder| {
        let used = accessat(CWD, folder, needed, AtFlags::EACCESS);
        used.is_err_and(|error| matches!(error, Errno::ACCESS | Errno::PERM))
    })
}

/// Every part by name, and why it does not work where it does not; the store and the cabinets are asked, the others said so themselves.
pub(crate) async fn parts(app: &App) -> BTreeMap<String, Option<NotReady>> {
    ask_store(app).await;
    let mut parts = app.readiness.parts();
    for cabinet in app.cabinets.values() {
        let view = cabinet.view();
        let part = parts.entry(format!("cabinet/{}", view.id)).or_insert(None);
        if !view.connected && part.is_none() {
            *part = Some(NotReady {
                code: "no_connection".into(),
                message: "the cabinet does not answer: check its power, its network and the address in the settings".into(),
            });
        }
    }
    parts
}

/// Counters and gauges in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "application/openmetrics-text")), security(()))]
pub async fn metrics(State(app): State<App>, _: OnHost) -> Result<Response, Problem> {
    let counted = app
        .store
        .with(|db| Ok((db.counts()?, db.cycle_outcomes()?, db.outstanding()?)));
    let (counts, outcomes, waiting) = counted.await?;
    let cabinets: Vec<_> = app.cabinets.values().map(CabinetControl::view).collect();
    let checked = app.checks.last();
    let levels = [Level::Good, Level::Warning, Level::Bad];
    let station = StationFigures {
        parts: app
            .readiness
            .parts()
            .into_iter()
            .map(|(part, why)| (part, why.is_none()))
            .collect(),
        waiting,
        disk: check::room_of(&app.settings.station.data_dir),
        findings: checked.as_ref().map_or_else(Vec::new, |made| {
            let counted = levels.map(|level| (level.name(), made.count(level)));
            counted.to_vec()
        }),
        checked: checked.map(|made| made.at),
        neighbours: app.others.neighbours.all(),
    };
    let text = app.metrics.text(counts, outcomes, &cabinets, station);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// A measurement of a device.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HealthView {
    /// The device's id in the settings.
    pub device: String,
    /// What was measured, with its unit, e.g. `lamp_hours_h`.
    pub point: String,
    /// The value.
    pub value: Option<f64>,
    /// Its limit.
    pub limit: Option<f64>,
    /// `good`, `warning`, `bad`, `unknown`.
    pub state: String,
    /// Stable code of the next action.
    pub next_action: Option<String>,
    /// Of a point without a value: where it is, what was read, what is expected.
    pub detail: Option<String>,
    /// Least value of the last 30 days; only of the newest value of a point.
    pub least: Option<f64>,
    /// Greatest value of the last 30 days; only of the newest value of a point.
    pub greatest: Option<f64>,
    /// Where it is going; only of the newest value of a point that is followed over time.
    pub trend: Option<TrendView>,
    /// When.
    pub at: String,
    /// How long ago.
    pub age_seconds: i64,
}

/// Where a series of measurements is going.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"kind": "reaches", "per_day": -0.05, "reaches_limit_at": "2026-05-03T08:00:00+08:00", "have": null, "need": null}))]
pub struct TrendView {
    /// `not_enough` measurements for a prediction; `steady`; `moving`, not towards a limit; `far_off`: towards it, but further
    /// away than can be said; `reaches`: it is reached about then.
    pub kind: &'static str,
    /// Change per day.
    pub per_day: Option<f64>,
    /// When the limit is expected to be reached.
    pub reaches_limit_at: Option<String>,
    /// Measurements there are, where they are not enough.
    pub have: Option<usize>,
    /// Measurements that are needed.
    pub need: Option<usize>,
}

impl From<Outlook> for TrendView {
    fn from(outlook: Outlook) -> Self {
        let nothing = Self {
            kind: outlook.code(),
            per_day: outlook.per_day(),
            reaches_limit_at: None,
            have: None,
            need: None,
        };
        match outlook {
            Outlook::NotEnough { have, need } => Self {
                have: Some(have),
                need: Some(need),
                ..nothing
            },
            Outlook::Reaches { at_ms, .. } => Self {
                reaches_limit_at: Some(Millis(at_ms).rfc3339()),
                ..nothing
            },
            Outlook::Steady | Outlook::Moving { .. } | Outlook::FarOff { .. } => nothing,
        }
    }
}

impl From<DeviceLine> for HealthView {
    fn from(line: DeviceLine) -> Self {
        let (least, greatest) = line.span.unzip();
        Self {
            trend: line.outlook.map(TrendView::from),
            least,
            greatest,
            ..line.newest.into()
        }
    }
}

impl From<HealthRow> for HealthView {
    fn from(entry: HealthRow) -> Self {
        Self {
            device: entry.device,
            point: entry.point,
            value: entry.value,
            limit: entry.limit,
            state: entry.state,
            next_action: entry.code,
            detail: entry.detail,
            least: None,
            greatest: None,
            trend: None,
            at: entry.at.rfc3339(),
            age_seconds: (clock::now().0 - entry.at.0) / 1000,
        }
    }
}

/// The newest measurements.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeviceList {
    items: Vec<HealthView>,
}

/// The newest measurement of every device's every point, with its limit, where it is going, and what to do next.
#[utoipa::path(get, path = "/v1/health/devices", tag = "health",
    responses((status = 200, body = DeviceList)))]
pub async fn newest(
    State(app): State<App>,
    _: Caller<DeviceHealth>,
) -> Result<Json<DeviceList>, Problem> {
    let settings = app.settings.clone();
    let found = app
        .store
        .with(move |db| devices::lines(db, &settings.cabinets, clock::now()));
    let lines = found.await?;
    Ok(Json(DeviceList {
        items: lines.into_iter().map(HealthView::from).collect(),
    }))
}

/// Which entries of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Of this device only.
    device: Option<String>,
    /// Not older than this, RFC 3339.
    since: Option<String>,
}

/// A device that nobody knows has no good health.
pub fn no_such_device(unknown: &str, known: &[String]) -> String {
    format!(
        "device: there is no device {unknown}; known are: {}",
        known.join(", ")
    )
}

/// The device health log, newest first.
#[utoipa::path(get, path = "/v1/health/log", tag = "health", params(LogQuery, Part),
    responses((status = 200, body = Listed<HealthView>)))]
pub async fn log(
    State(app): State<App>,
    _: Caller<DeviceHealth>,
    Query(LogQuery { device, since }): Query<LogQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<HealthView>>, Problem> {
    let limit = part.limit()?;
    let before = part
        .place()?
        .map(|place| place.parse().map_err(|_| paging::invalid()))
        .transpose()?;
    let refused = || Problem::new("query_invalid", "since: RFC 3339 with a zone is allowed");
    let since = since
        .map(|since| Millis::parse(&since).ok_or_else(refused))
        .transpose()?;
    let settings = app.settings.clone();
    let found = app.store.with(move |db| {
        let known = devices::known(db, &settings)?;
        if let Some(unknown) = device.as_ref().filter(|id| !known.contains(id)) {
            return Ok(Err(Problem::new(
                "query_invalid",
                no_such_device(unknown, &known),
            )));
        }
        db.health_log_part(device.as_deref(), since, before, limit + 1)
            .map(Ok)
    });
    let rows = found.await??;
    Ok(Json(paging::part(
        rows,
        limit,
        |(row, _)| row.to_string(),
        |(_, entry)| entry.into(),
    )))
}
