//! Who did and saw what, for auditors: by letter, by person. The look at it is in the ledger, too.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::App;
use super::auth::{Auditors, Caller};
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::store::{AuditWanted, LedgerEntry};

/// One entry of the ledger.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"seq": 812, "at": "2026-11-20T08:00:00+08:00", "actor": "zhang", "action": "page.viewed",
    "subject": "letter/A001", "detail": {"n": 1}}))]
pub struct EntryView {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Who: a person, a token, a task.
    pub actor: String,
    /// Stable code.
    pub action: String,
    /// What.
    pub subject: String,
    /// Identifiers, hashes, reasons that people gave.
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl From<LedgerEntry> for EntryView {
    fn from(entry: LedgerEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at.rfc3339(),
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            detail: serde_json::from_str(&entry.detail).unwrap_or(Value::Null),
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// About this letter only: its own entries, lists that showed it, what belongs to it; and looks at pages that are or were in it, under the name that
    /// each was seen by: another letter's, or a held file's.
    pub letter: Option<String>,
    /// By this person, or by `token/…`, only.
    pub actor: Option<String>,
    /// Looks at letters only.
    #[serde(default)]
    pub looks: bool,
}

/// Entries of the ledger, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditQuery, Part),
    responses((status = 200, body = Listed<EntryView>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Auditors>,
    Query(wanted): Query<AuditQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<EntryView>>, Problem> {
    let limit = part.limit()?;
    let before = part
        .place()?
        .map(|place| place.parse().map_err(|_| paging::invalid()))
        .transpose()?;
    let by = caller.actor();
    let wanted = AuditWanted {
        letter: wanted.letter,
        actor: wanted.actor,
        looks_only: wanted.looks,
        before,
    };
    let rows = app
        .store
        .with(move |db| {
            let rows = db.audit(&wanted, limit + 1)?;
            db.note_audit(&by, &wanted)?;
            Ok(rows)
        })
        .await?;
    let place = |entry: &LedgerEntry| entry.seq.to_string();
    Ok(Json(paging::part(rows, limit, place, EntryView::from)))
}
