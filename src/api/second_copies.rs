//! The folder of the second copies, where it is not the one that it was: an administrator says that they are kept there from now on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::App;
use super::asked::{Asked, Given, answer};
use super::auth::{Administrators, Caller, DeviceHealth};
use super::problem::Problem;
use super::valuables::{ReasonBody, reason};
use crate::Chain;
use crate::evidence::{Evidence, EvidenceError, Second};
use crate::store::{Hindrance, StoreError};

/// How the second copies stand.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondCopies {
    /// None are kept.
    None,
    /// Every original has one, as far as is known.
    Whole,
    /// Some original may have none yet.
    Behind,
    /// Their folder is not the one that they were put into.
    Away,
    /// Their folder was never used, and nobody said yet that it is to be.
    New,
}

/// The second copies.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SecondCopiesView {
    /// How they stand.
    state: SecondCopies,
    /// Their folder.
    folder: Option<String>,
}

impl SecondCopiesView {
    fn of(app: &App) -> Self {
        let folder = app.settings.keeping.second_dir.as_ref();
        Self {
            state: match app.evidence.second() {
                Second::None => SecondCopies::None,
                Second::Whole => SecondCopies::Whole,
                Second::Behind => SecondCopies::Behind,
                Second::Away(_) => SecondCopies::Away,
                Second::New(_) => SecondCopies::New,
            },
            folder: folder.map(|folder| folder.display().to_string()),
        }
    }
}

/// The second copies and their folder.
#[utoipa::path(get, path = "/v1/second-copies", tag = "health", responses((status = 200, body = SecondCopiesView)))]
pub async fn get(State(app): State<App>, _: Caller<DeviceHealth>) -> Json<SecondCopiesView> {
    Json(SecondCopiesView::of(&app))
}

fn refused(why: Hindrance, state: String) -> StoreError {
    StoreError::WrongState {
        why,
        what: "folder of the second copies",
        id: "evidence.second_dir".into(),
        state,
        action: "begin with it",
    }
}

fn begin_with(evidence: &Evidence) -> Result<String, StoreError> {
    match evidence.second() {
        Second::Away(folder) | Second::New(folder) => Ok(folder.display().to_string()),
        Second::None => Err(refused(Hindrance::Over, "not in the settings".into())),
        Second::Whole | Second::Behind => Err(refused(Hindrance::Over, "in use".into())),
    }
}

/// An administrator says that second copies are kept in the folder of the settings from now on, as it is: a new disk, or one in the place of another.
/// Every copy is made anew there. The folder has to be there: the station makes none but one right in its data folder.
#[utoipa::path(post, path = "/v1/second-copies/begin", tag = "health", request_body = ReasonBody,
    params(super::openapi::Key), responses((status = 200, body = SecondCopiesView)))]
pub async fn begin(
    State(app): State<App>,
    caller: Caller<Administrators>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let why = reason(&asked.body)?;
    let own = app.clone();
    app.once(key, move |db| {
        let folder = begin_with(&own.evidence)?;
        db.atomically(|db| {
            db.note_second_begun(&folder, (&by, &why))?;
            let begun = own.evidence.begin_second();
            begun.map_err(|error| {
                let why = match error {
                    // Made here, it would lie on whatever disk is below: the one with the first copies, most likely.
                    EvidenceError::NoFolder { .. } => Hindrance::SecondFolder,
                    _ => Hindrance::SecondDisk,
                };
                refused(why, Chain(&error).to_string())
            })
        })?;
        answer(StatusCode::OK, &SecondCopiesView::of(&own))
    })
    .await
}
