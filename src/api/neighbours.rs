//! How the other stations and the readers of the office are, as they say it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::App;
use super::auth::{Caller, DeviceHealth};
use crate::broker::neighbours::{Kind, Neighbour};

/// A station or a reader.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"kind": "station", "name": "desk-b", "answers": true, "heard_seconds": 2, "version": "0.1.0", "engine": "ppocr-v6-small …",
    "parts": [{"part": "store", "ready": true, "code": null}], "pages_unread": 4, "drafts_waiting": 11, "free_bytes": 402_000_000_000_u64}))]
pub struct NeighbourView {
    kind: Kind,
    /// Its name among the others.
    name: String,
    /// It has said something lately.
    answers: bool,
    /// How long ago it said something last; `null`: not since this station began to listen.
    heard_seconds: Option<u64>,
    /// Of which version it is.
    version: String,
    /// Engine and models that it reads with, once they are loaded.
    engine: Option<String>,
    parts: Vec<NeighbourPart>,
    /// Pages that wait to be read there.
    pages_unread: u64,
    /// Drafts that wait for somebody there.
    drafts_waiting: u64,
    /// Bytes free where its letters lie.
    free_bytes: Option<u64>,
}

/// One of its parts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NeighbourPart {
    /// `store`, `reading`, `cabinet/…`, `scanner/…`.
    part: String,
    ready: bool,
    /// Stable code of why not.
    code: Option<String>,
}

/// All of them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NeighbourList {
    items: Vec<NeighbourView>,
}

impl From<Neighbour> for NeighbourView {
    fn from(one: Neighbour) -> Self {
        let parts = one.word.parts.iter().map(|(part, code)| NeighbourPart {
            part: part.clone(),
            ready: code.is_none(),
            code: code.clone(),
        });
        Self {
            kind: one.kind,
            answers: one.is_there(),
            heard_seconds: one.heard.map(|ago| ago.as_secs()),
            parts: parts.collect(),
            name: one.name,
            version: one.word.version,
            engine: one.word.engine,
            pages_unread: one.word.unread,
            drafts_waiting: one.word.drafts,
            free_bytes: one.word.free_bytes,
        }
    }
}

/// The stations and readers of the office, this one among them; none without `[office]`.
#[utoipa::path(get, path = "/v1/health/stations", tag = "health", responses((status = 200, body = NeighbourList)))]
pub async fn all(State(app): State<App>, _: Caller<DeviceHealth>) -> Json<NeighbourList> {
    let all = app.others.neighbours.all().into_iter();
    Json(NeighbourList {
        items: all.map(NeighbourView::from).collect(),
    })
}
