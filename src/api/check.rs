//! What would stop the station, or soon will: the list of `laixin check` of the running station. Files and devices, no letter's content.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::App;
use super::asked::{Asked, Nothing};
use super::auth::{Caller, DeviceHealth};
use super::problem::Problem;
use crate::check::{Checked, Finding, Level};
use crate::console::words::Words;

/// The list as it was last made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CheckView {
    /// When; none if nothing was checked since the station started.
    checked_at: Option<String>,
    /// How many would stop the station or a part of it.
    bad: usize,
    /// How many have to be looked after.
    warnings: usize,
    items: Vec<CheckLine>,
}

/// One line of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"part": "backup", "state": "warning", "code": "backup_old", "message": "最近一次在 40 天前",
    "next": "运行 laixin backup 目录 备份到另一块磁盘，并设置 backup.key_file 加密"}))]
pub struct CheckLine {
    /// What was looked at, e.g. `disk`, `cabinet cabinet-1`.
    part: String,
    state: Level,
    /// Stable code of what was found.
    code: String,
    /// What was found, in the station's language.
    message: String,
    /// What to do next; none where all is well.
    next: Option<String>,
}

impl CheckLine {
    fn new(w: &Words, finding: &Finding) -> Self {
        Self {
            part: finding.part.clone(),
            state: finding.level,
            code: finding.code.to_owned(),
            message: finding.whole(w),
            next: finding.next(w),
        }
    }
}

fn view(app: &App, checked: Option<Checked>) -> CheckView {
    let w = Words::of(app.settings.station.language);
    let count = |level| checked.as_ref().map_or(0, |made| made.count(level));
    CheckView {
        checked_at: checked.as_ref().map(|made| made.at.rfc3339()),
        bad: count(Level::Bad),
        warnings: count(Level::Warning),
        items: checked
            .iter()
            .flat_map(|made| &made.findings)
            .map(|finding| CheckLine::new(w, finding))
            .collect(),
    }
}

/// Settings, machine, keys, back-ups, office and devices as they were last checked: by the station, as it starts and once a day, or by whoever asked.
#[utoipa::path(get, path = "/v1/check", tag = "health", responses((status = 200, body = CheckView)))]
pub async fn last(State(app): State<App>, _: Caller<DeviceHealth>) -> Json<CheckView> {
    let last = app.checks.last();
    Json(view(&app, last))
}

/// Checks them now. Nothing is changed but a small file written and removed again in each folder; cabinets are not asked a second time.
#[utoipa::path(post, path = "/v1/check", tag = "health", params(super::openapi::Key),
    responses((status = 200, body = CheckView)))]
pub async fn again(
    State(app): State<App>,
    _: Caller<DeviceHealth>,
    _: Asked<Nothing>,
) -> Result<Json<CheckView>, Problem> {
    let made = app.check_again().await;
    let made = made.ok_or_else(|| Problem::new("defect", "the station's log says more"))?;
    Ok(Json(view(&app, Some(made))))
}
