//! `/v1/events`: what happens, as server-sent events; the cabinets' state beside it. Identifiers only.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::wrappers::{BroadcastStream, WatchStream};

use super::App;
use super::auth::{AnyoneSignedIn, Caller, Who};
use super::problem::Problem;
use crate::disinfect::CabinetView;
use crate::events::Event;
use crate::store::{Role, Scope};

/// A cabinet's readings change many times a second; a person needs no more than this.
const CABINET_EVERY: Duration = Duration::from_millis(500);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A stream ends after this, so that whoever was signed out meanwhile is asked again; browsers reconnect by themselves.
const LONGEST: Duration = Duration::from_secs(600);

/// Events as they happen: `device`, `batch`, `letter`, `alert`; `cabinet` with its whole state for those who see devices;
/// `missed` when some were lost, then read everything again.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = "4XX", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<AnyoneSignedIn>,
) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let happened = BroadcastStream::new(app.events.listen()).map(|event| match event {
        Ok(event) => sent(name_of(&event), &event),
        Err(BroadcastStreamRecvError::Lagged(_)) => Sent::default().event("missed").data("{}"),
    });
    let sees_devices = match &caller.who {
        Who::Person(person) => {
            matches!(
                person.session.role,
                Role::Operator | Role::Maintenance | Role::Administrator
            )
        }
        Who::Machine { scope, .. } => *scope == Scope::Maintenance,
    };
    let cabinets = app
        .cabinets
        .values()
        .filter(|_| sees_devices)
        .map(|cabinet| {
            let changes = WatchStream::new(cabinet.changes());
            let slow = tokio_stream::StreamExt::throttle(changes, CABINET_EVERY);
            slow.map(|view: CabinetView| sent("cabinet", &view)).boxed()
        });
    let everything = stream::select(happened, stream::select_all(cabinets));
    let over = {
        let closing = app.closing.clone();
        async move {
            // Either way the stream ends.
            let _ = tokio::time::timeout(LONGEST, closing.cancelled()).await;
        }
    };
    let until = everything.take_until(Box::pin(over)).map(Ok);
    Sse::new(until).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Device { .. } => "device",
        Event::Batch { .. } => "batch",
        Event::Letter { .. } => "letter",
        Event::Alert { .. } => "alert",
    }
}

fn sent<T: serde::Serialize>(name: &str, body: &T) -> Sent {
    // A number that JSON cannot hold loses the event's body, not the stream.
    let event = Sent::default().event(name);
    match serde_json::to_string(body) {
        Ok(text) => event.data(text),
        Err(_) => event.data("{}"),
    }
}
