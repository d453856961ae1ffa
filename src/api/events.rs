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
use crate::disinfect::CabinetView;
use crate::domain::access::{Action, Holder, Seer, may};
use crate::events::Event;

/// A cabinet's readings change many times a second; a person needs no more than this.
const CABINET_EVERY: Duration = Duration::from_millis(500);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A stream ends within this once its session or token does.
const HOLDS_EVERY: Duration = Duration::from_millis(500);
/// A stream ends after this; browsers reconnect by themselves.
const LONGEST: Duration = Duration::from_secs(600);
/// What an alert about a letter has for its subject, before the number.
const LETTER: &str = "letter/";
/// What an administrator hears of such an alert.
const GONE_UP: &str = "gone_up";

/// Events as they happen: `device`, `batch`, `letter`, `alert`; `cabinet` with its whole state for those who see devices;
/// `missed` when some were lost, then read everything again. A case system hears of letters that it may claim (`offered`, whatever happened), and of its own
/// that they are `registered`, or `amended`: there is a change in `/v1/amendments`.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<AnyoneSignedIn>,
) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let seer = caller.seer();
    let sees_devices = sees_devices(&seer);
    let told = app.clone();
    let happened = BroadcastStream::new(app.events.listen()).filter_map(move |event| {
        let (app, seer) = (told.clone(), seer.clone());
        async move {
            match event {
                Ok(event) => {
                    let heard = heard_by(&app, &seer, event).await;
                    heard.map(|event| sent(name_of(&event), &event))
                }
                Err(BroadcastStreamRecvError::Lagged(_)) => {
                    Some(Sent::default().event("missed").data("{}"))
                }
            }
        }
    });
    let happened = happened.boxed();
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
        let (app, who) = (app.clone(), caller.who);
        async move {
            tokio::select! {
                () = app.closing.cancelled() => {}
                () = tokio::time::sleep(LONGEST) => {}
                () = no_longer_holds(&app, who) => {}
            }
        }
    };
    let until = everything.take_until(Box::pin(over)).map(Ok);
    Sse::new(until).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Comes back when the session ended, its account was closed or got another role, or the token was revoked; also by the command line beside us.
async fn no_longer_holds(app: &App, who: Who) {
    loop {
        tokio::time::sleep(HOLDS_EVERY).await;
        let (who, lasting) = (who.clone(), app.lasting());
        let holds = app.store.with(move |db| match &who {
            Who::Person(person) => db.session_holds(&person.cookie, person.session.role, lasting),
            Who::Machine { name, .. } => db.token_holds(name),
        });
        if !holds.await.unwrap_or(false) {
            return;
        }
    }
}

fn sees_devices(seer: &Seer) -> bool {
    may(seer.holder, Action::Cabinets) || may(seer.holder, Action::DeviceHealth)
}

/// What somebody learns of an event. Of a letter that is kept from him he learns nothing, not even that it moved.
async fn heard_by(app: &App, seer: &Seer, event: Event) -> Option<Event> {
    let is_his = match &event {
        Event::Device { .. } => sees_devices(seer),
        Event::Batch { .. } => may(seer.holder, Action::Mailroom),
        Event::Letter { .. } => may(seer.holder, Action::ReadLetters),
        Event::Alert { subject, .. } if subject.starts_with(LETTER) => {
            may(seer.holder, Action::Alerts)
        }
        Event::Alert { .. } => sees_devices(seer),
    };
    if !is_his {
        return None;
    }
    let seer = seer.clone();
    let heard = app.store.with(move |db| match event {
        Event::Letter { letter, what } => {
            let what = db.told_of(&seer, &letter, &what)?;
            Ok(what.map(|what| Event::Letter { letter, what }))
        }
        Event::Alert { code, subject } => {
            let is_heard = match subject.strip_prefix(LETTER) {
                Some(letter) => db.hears_of_alert(&seer, letter, &code)?,
                None => true,
            };
            // Whoever sees no letter hears of one that it is there, not what was seen in it.
            let is_shut = matches!(seer.holder, Holder::Person(_))
                && !may(seer.holder, Action::ReadLetters)
                && subject.starts_with(LETTER);
            let code = if is_shut { GONE_UP.to_owned() } else { code };
            Ok(is_heard.then_some(Event::Alert { code, subject }))
        }
        event => Ok(Some(event)),
    });
    heard.await.ok().flatten()
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
