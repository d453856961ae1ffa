//! Letters that are withheld: returned unread, withdrawn and taken back, destroyed by policy with a second person's approval.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::asked::{Asked, Given, Nothing, answer};
use super::auth::{Administrators, Caller, DestructionReader, Mailroom};
use super::problem::Problem;
use super::valuables::{ReasonBody, reason};
use crate::config::Settings;
use crate::domain::keeping::Withheld;
use crate::events::Event;
use crate::scan::destroyed;
use crate::store::{Answered, Db, RetentionRow, ScanOf, StoreError};

/// Why a letter is withheld.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WithheldView {
    /// The letter.
    pub letter: String,
    /// Why; `null` when it is not.
    pub withheld: Option<Withheld>,
    /// In words.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// Since when.
    pub at: Option<String>,
}

impl WithheldView {
    fn read(db: &Db, letter: &str) -> Result<Self, StoreError> {
        let held = db.withholding(letter)?;
        Ok(Self {
            letter: letter.to_owned(),
            withheld: held.as_ref().map(|held| held.kind),
            reason: held.as_ref().map(|held| held.reason.clone()),
            by: held.as_ref().map(|held| held.by.clone()),
            at: held.map(|held| held.at.rfc3339()),
        })
    }
}

/// A destruction that was proposed.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RetentionView {
    /// Number.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// The policy.
    pub policy: String,
    /// By whom.
    pub proposed_by: String,
    /// When.
    pub proposed_at: String,
    /// Approved by whom.
    pub approved_by: Option<String>,
    /// Refused by whom.
    pub refused_by: Option<String>,
    /// Once it is approved: scans of the letter in the scanners' folders that could not be removed.
    pub scans_left: Vec<String>,
}

impl From<RetentionRow> for RetentionView {
    fn from(row: RetentionRow) -> Self {
        Self {
            id: row.id,
            letter: row.letter,
            policy: row.policy,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed.rfc3339(),
            approved_by: row.approved_by,
            refused_by: row.refused_by,
            scans_left: Vec::new(),
        }
    }
}

/// What is not over yet of destructions.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Retentions {
    /// Proposals that wait for a second person, then destructions that left scans.
    pub items: Vec<RetentionView>,
}

/// By which policy.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestructionBody {
    /// Its name, as the settings have it.
    pub policy: String,
}

fn changed(db: &Db, letter: String, what: &str) -> Result<(Answered, Event), StoreError> {
    let given = answer(StatusCode::OK, &WithheldView::read(db, &letter)?)?;
    let what = what.to_owned();
    Ok((given, Event::Letter { letter, what }))
}

/// 误拆: opened by mistake. What was read of it is forgotten, its pages are neither read nor shown.
#[utoipa::path(post, path = "/v1/letters/{id}/return-unread", tag = "withheld", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = WithheldView)))]
pub async fn return_unread(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let reason = reason(&asked.body)?;
    app.once_telling(key, move |db| {
        db.return_unread(&letter, &reason, &by)?;
        changed(db, letter, "returned_unread")
    })
    .await
}

/// Withdraws a letter with a reason; nothing of it is deleted.
#[utoipa::path(post, path = "/v1/letters/{id}/withdraw", tag = "withheld", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = WithheldView)))]
pub async fn withdraw(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let reason = reason(&asked.body)?;
    app.once_telling(key, move |db| {
        db.withdraw(&letter, &reason, &by)?;
        changed(db, letter, "withdrawn")
    })
    .await
}

/// Takes a withdrawal back.
#[utoipa::path(post, path = "/v1/letters/{id}/reinstate", tag = "withheld", request_body = ReasonBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 200, body = WithheldView)))]
pub async fn reinstate(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<ReasonBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let reason = reason(&asked.body)?;
    app.once_telling(key, move |db| {
        db.reinstate(&letter, &reason, &by)?;
        changed(db, letter, "reinstated")
    })
    .await
}

/// Proposes to destroy a letter whose time by a policy of the settings is over.
#[utoipa::path(post, path = "/v1/letters/{id}/destruction", tag = "withheld", request_body = DestructionBody,
    params(("id" = String, Path), super::openapi::Key),
    responses((status = 201, body = RetentionView)))]
pub async fn propose(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Path(letter): Path<String>,
    asked: Asked<DestructionBody>,
) -> Result<Given, Problem> {
    let by = caller.actor();
    let key = asked.key(&by);
    let policies = app.settings.retentions.iter();
    let policy = policies
        .clone()
        .find(|known| known.policy == asked.body.policy);
    let Some(policy) = policy else {
        let names: Vec<&str> = policies.map(|known| known.policy.as_str()).collect();
        let known = format!(
            "policy: one of the settings' is needed ({})",
            names.join(", ")
        );
        return Err(Problem::new("body_invalid", known));
    };
    let (years, policy) = (policy.years(), policy.policy.clone());
    app.once_telling(key, move |db| {
        let id = db.propose_destruction(&letter, (&policy, years), &by)?;
        let view = RetentionView::from(db.retention(id)?);
        let what = "destruction_proposed".to_owned();
        Ok((
            answer(StatusCode::CREATED, &view)?,
            Event::Letter { letter, what },
        ))
    })
    .await
}

/// Proposals that wait for a second person; and letters that were destroyed while scans of them are still in the scanners' folders.
#[utoipa::path(get, path = "/v1/retentions", tag = "withheld",
    responses((status = 200, body = Retentions)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<DestructionReader>,
) -> Result<Json<Retentions>, Problem> {
    let by = caller.actor();
    let found = app.store.with(move |db| {
        let scans = db.scans_of_destroyed(None)?;
        let approved = db.approved_retentions()?;
        Ok((db.open_retentions()?, approved, scans, db.kept_from(&by)?))
    });
    let (rows, approved, scans, kept) = found.await?;
    let settings = app.settings.clone();
    let look = move || with_scans_left(&settings, approved, &scans);
    let left = tokio::task::spawn_blocking(look).await.unwrap_or_default();
    let items = rows.into_iter().map(RetentionView::from).chain(left);
    let items = items.filter(|view| !kept.contains(&view.letter)).collect();
    Ok(Json(Retentions { items }))
}

/// The destructions that left scans in the scanners' folders.
fn with_scans_left(
    settings: &Settings,
    approved: Vec<RetentionRow>,
    scans: &[ScanOf],
) -> Vec<RetentionView> {
    let left_of = |row: RetentionRow| {
        let own: Vec<ScanOf> = scans
            .iter()
            .filter(|scan| scan.letter == row.letter)
            .cloned()
            .collect();
        let left = destroyed::left(settings, &own);
        let mut view = RetentionView::from(row);
        view.scans_left = left.iter().map(|file| file.display().to_string()).collect();
        (!left.is_empty()).then_some(view)
    };
    approved.into_iter().filter_map(left_of).collect()
}

/// An administrator, not the one who proposed it, approves: originals that no other letter has are destroyed, with their scans in the scanners' folders; a
/// tombstone stays. Scans that could not be removed are named.
#[utoipa::path(post, path = "/v1/retentions/{id}/approve", tag = "withheld", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = RetentionView)))]
pub async fn approve(
    State(app): State<App>,
    caller: Caller<Administrators>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let settings = app.settings.clone();
    let approve = move |db: &mut Db, by: &str| db.approve_destruction(id, &settings.retentions, by);
    let by = caller.actor();
    let given = decide(&app, caller, id, asked, approve).await?;
    let found = app.store.with(move |db| {
        let row = db.retention(id)?;
        let scans = db.scans_of_destroyed(Some(&row.letter))?;
        Ok((row, scans, db.destroyed_originals()?))
    });
    let (row, scans, gone) = found.await?;
    gone.iter().for_each(|sha256| app.thumbnails.forget(sha256));
    let (settings, evidence) = (app.settings.clone(), app.evidence.clone());
    // What cannot be removed now the nightly scrub removes.
    let removed = tokio::task::spawn_blocking(move || {
        let originals = gone.iter().try_for_each(|sha256| evidence.destroy(sha256));
        let swept = destroyed::sweep(&settings, &scans);
        (originals, swept, scans)
    });
    let Ok((originals, swept, scans)) = removed.await else {
        return Ok(given);
    };
    if let Err(error) = originals {
        tracing::error!(error = %crate::Chain(&error), "a destroyed original is still there; it is tried again at night");
    }
    let removed = swept.removed;
    let noted = move |db: &mut Db| db.note_scans_destroyed((&scans, &removed), &by);
    app.store.with(noted).await?;
    let mut view = RetentionView::from(row);
    let left = swept.left.iter();
    view.scans_left = left.map(|file| file.display().to_string()).collect();
    Ok(Given(answer(StatusCode::OK, &view)?))
}

/// An administrator, not the one who proposed it, refuses: the letter stays.
#[utoipa::path(post, path = "/v1/retentions/{id}/refuse", tag = "withheld", params(("id" = i64, Path), super::openapi::Key),
    responses((status = 200, body = RetentionView)))]
pub async fn refuse(
    State(app): State<App>,
    caller: Caller<Administrators>,
    Path(id): Path<i64>,
    asked: Asked<Nothing>,
) -> Result<Given, Problem> {
    let refuse = move |db: &mut Db, by: &str| db.refuse_destruction(id, by);
    decide(&app, caller, id, asked, refuse).await
}

async fn decide(
    app: &App,
    caller: Caller<Administrators>,
    id: i64,
    asked: Asked<Nothing>,
    decision: impl FnOnce(&mut Db, &str) -> Result<(), StoreError> + Send + 'static,
) -> Result<Given, Problem> {
    let by = caller.actor();
    app.once_telling(asked.key(&by), move |db| {
        decision(db, &by)?;
        let row = db.retention(id)?;
        let event = Event::Letter {
            letter: row.letter.clone(),
            what: "destruction_decided".into(),
        };
        Ok((answer(StatusCode::OK, &RetentionView::from(row))?, event))
    })
    .await
}
