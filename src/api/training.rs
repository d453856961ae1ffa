//! The guided first day of a training station (`[training]` of the settings): how far one is, and sample letters into its scanner.

use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Caller, Mailroom};
use super::problem::Problem;
use crate::config::Training;
use crate::domain::training::{Done, LETTERS_AT_ONCE, next_letters};
use crate::store::{Db, StoreError};

/// How far somebody is with his guided day.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TrainingView {
    /// The day's steps in order.
    pub steps: Vec<Done>,
    /// Sample letters that nobody has put into the scanner yet.
    pub letters_left: usize,
}

impl TrainingView {
    /// As it stands for somebody.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn of(app: &App, training: &Training, user: String) -> Result<Self, Problem> {
        let files = files_in(training.letters.clone()).await;
        let read = app.store.with(move |db| Self::read(db, &files, &user));
        Ok(read.await?)
    }

    /// `files`: those of the sample letters.
    fn read(db: &Db, files: &[String], user: &str) -> Result<Self, StoreError> {
        Ok(Self {
            steps: db.training_of(user)?,
            letters_left: next_letters(files, &db.samples_used()?).len(),
        })
    }
}

fn training(app: &App) -> Result<Training, Problem> {
    app.settings.training.clone().ok_or_else(|| {
        Problem::new(
            "not_found",
            "this is no training station: there is no [training] in its settings",
        )
    })
}

async fn files_in(folder: PathBuf) -> Vec<String> {
    let listed = tokio::task::spawn_blocking(move || {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    });
    listed.await.unwrap_or_default()
}

/// How far the caller is.
#[utoipa::path(get, path = "/v1/training", tag = "training", responses((status = 200, body = TrainingView)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<Mailroom>,
) -> Result<Json<TrainingView>, Problem> {
    let training = training(&app)?;
    Ok(Json(
        TrainingView::of(&app, &training, caller.actor()).await?,
    ))
}

/// Begins the guided day, or begins it anew: what was done before does not count any more.
#[utoipa::path(post, path = "/v1/training/begin", tag = "training", params(super::openapi::Key),
    responses((status = 200, body = TrainingView)))]
pub async fn begin(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let training = training(&app)?;
    let by = caller.actor();
    let files = files_in(training.letters).await;
    app.once(asked.key(&by), move |db| {
        db.begin_training(&by)?;
        answer(StatusCode::OK, &TrainingView::read(db, &files, &by)?)
    })
    .await
}

/// Puts the next sample letters into the scanner's folder, as if they had been scanned. Each is used once.
#[utoipa::path(post, path = "/v1/training/letters", tag = "training", params(super::openapi::Key),
    responses((status = 200, body = TrainingView)))]
pub async fn put(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let training = training(&app)?;
    let by = caller.actor();
    let key = asked.key(&by);
    if let Some(given) = app.given_before(key.clone()).await? {
        return Ok(given);
    }
    let Some(inbox) = app
        .settings
        .scanners
        .first()
        .map(|scanner| scanner.folder.clone())
    else {
        return Err(Problem::new(
            "wrong_state",
            "the training station has no scanner: add one whose folder is below its data_dir",
        ));
    };
    let files = files_in(training.letters.clone()).await;
    let chosen = files.clone();
    let next = app.store.with(move |db| {
        let mut left = next_letters(&chosen, &db.samples_used()?);
        let names: Vec<String> = left.keys().take(LETTERS_AT_ONCE).cloned().collect();
        Ok(names
            .into_iter()
            .map(|name| (left.remove(&name).unwrap_or_default(), name))
            .collect::<Vec<_>>())
    });
    let next = next.await?;
    if next.is_empty() {
        return Err(Problem::new(
            "wrong_state",
            "every sample letter was used: add some to the folder of [training], or begin with an empty data_dir",
        ));
    }
    let (pages, names): (Vec<Vec<String>>, Vec<String>) = next.into_iter().unzip();
    let copied = tokio::task::spawn_blocking(move || {
        let mut pages = pages.iter().flatten();
        pages.try_for_each(|page| copy(&training.letters, &inbox, page))
    });
    copied
        .await
        .unwrap_or_else(|defect| Err(std::io::Error::other(defect)))
        .map_err(|error| {
            tracing::warn!(%error, "a sample letter could not be put into the scanner's folder");
            Problem::new(
                "file_trouble",
                "a sample letter could not be copied into the scanner's folder",
            )
        })?;
    app.once(key, move |db: &mut Db| {
        db.samples_put(&names, &by)?;
        answer(StatusCode::OK, &TrainingView::read(db, &files, &by)?)
    })
    .await
}

/// Whole when it is seen: written beside, then named.
fn copy(from: &Path, inbox: &Path, page: &str) -> std::io::Result<()> {
    let beside = inbox.join(format!(".{page}.part"));
    std::fs::copy(from.join(page), &beside)?;
    std::fs::rename(beside, inbox.join(page))
}
