//! Files that scanners showed: waiting, taken, held with their reason, gone. Nothing is deleted here or anywhere.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use super::App;
use super::auth::{Caller, Mailroom};
use super::paging::{self, Listed, Part};
use super::problem::Problem;
use crate::clock::Millis;
use crate::domain::intake::{ArrivalState, next_action};
use crate::store::Arrival;

/// Which arrivals.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArrivalQuery {
    /// `held` unless said otherwise.
    state: Option<ArrivalState>,
}

/// One file as a scanner showed it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArrivalView {
    id: String,
    /// The scanner.
    source: String,
    /// Name below the scanner's folder.
    name: String,
    first_seen_at: String,
    taken_at: Option<String>,
    state: ArrivalState,
    /// Stable code while it waits or is held.
    reason: Option<String>,
    /// What to do then.
    next_action: Option<&'static str>,
    /// Where a held file lies, below the scanner's folder.
    kept_as: Option<String>,
    /// Its original.
    sha256: Option<String>,
    /// An earlier arrival with the same bytes.
    same_as: Option<String>,
}

impl From<Arrival> for ArrivalView {
    fn from(arrival: Arrival) -> Self {
        Self {
            next_action: arrival.reason.as_deref().map(next_action),
            id: arrival.id,
            source: arrival.source,
            name: arrival.name,
            first_seen_at: arrival.first_seen.rfc3339(),
            taken_at: arrival.taken.map(Millis::rfc3339),
            state: arrival.state,
            reason: arrival.reason,
            kept_as: arrival.kept_as,
            sha256: arrival.sha256,
            same_as: arrival.same_as,
        }
    }
}

/// Files that scanners showed, newest first.
#[utoipa::path(get, path = "/v1/arrivals", tag = "letters", params(ArrivalQuery, Part),
    responses((status = 200, body = Listed<ArrivalView>), (status = "4XX", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<Mailroom>,
    Query(wanted): Query<ArrivalQuery>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<ArrivalView>>, Problem> {
    let limit = part.limit()?;
    let before = part.place()?;
    let state = wanted.state.unwrap_or(ArrivalState::Held);
    let by = caller.actor();
    let found = app.store.with(move |db| {
        let rows = db.arrivals(state, before.as_deref(), limit + 1)?;
        Ok((rows, db.arrivals_kept_from(&by)?))
    });
    let (rows, kept) = found.await?;
    let place = |arrival: &Arrival| arrival.id.clone();
    let listed = paging::part(rows, limit, place, |arrival| arrival);
    // A file is named after its letter.
    let seen = listed
        .items
        .into_iter()
        .filter(|arrival| !kept.contains(&arrival.id));
    Ok(Json(Listed {
        items: seen.map(ArrivalView::from).collect(),
        next: listed.next,
    }))
}
