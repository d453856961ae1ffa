//! What case systems were told: messages that a person has to look at first, then the newest.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::Mailroom;
use crate::domain::access::Seer;
use crate::domain::outgoing::State as Standing;
use crate::handoff;
use crate::store::{Db, Message, StoreError};

const SHOWN: u32 = 100;

struct Line {
    id: i64,
    letter: String,
    what: String,
    channel: String,
    state: &'static str,
    /// What came of the last attempt, and what follows.
    result: String,
    is_bad: bool,
    may_resend: bool,
    at: String,
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage {
    f: Frame,
    has_channels: bool,
    set_aside: Vec<AsideLine>,
    given_up: Vec<Line>,
    newest: Vec<Line>,
}

/// A file of an exchange folder that changed nothing.
struct AsideLine {
    channel: String,
    file: String,
    why: String,
}

/// What lies aside in the exchange folders; a folder that cannot be listed says so in the station's state.
async fn set_aside(app: &App, w: &'static Words) -> Vec<AsideLine> {
    let mut lines = Vec::new();
    for exchange in &app.settings.exchanges {
        let folder = exchange.folder.clone();
        let listed = tokio::task::spawn_blocking(move || handoff::set_aside(&folder)).await;
        let found = listed.ok().and_then(Result::ok).unwrap_or_default();
        lines.extend(found.into_iter().map(|one| AsideLine {
            channel: format!("exchange/{}", exchange.id),
            why: w.code("receipt_aside", &one.code).to_owned(),
            file: one.file,
        }));
    }
    lines
}

fn word(state: Standing) -> &'static str {
    match state {
        Standing::Waiting => "waiting",
        Standing::Staged => "staged",
        Standing::Sent => "sent",
        Standing::Accepted => "accepted",
        Standing::Rejected => "rejected",
        Standing::Dead => "dead",
        Standing::Dropped => "dropped",
        Standing::KeptBack => "kept_back",
    }
}

/// What an attempt came to, in words; a status that has no word of its own shows its number.
fn result(w: &'static Words, message: &Message) -> String {
    let Some(code) = &message.result else {
        return String::new();
    };
    let plain = code
        .split_once(": ")
        .map_or(code.as_str(), |(code, _)| code);
    let told = match (
        w.known("outbox_result", plain),
        plain.strip_prefix("answered_"),
    ) {
        (Some(told), _) => told.to_owned(),
        (None, Some(status)) => w.one("outbox.answered", status),
        (None, None) => plain.to_owned(),
    };
    let detail = code.split_once(": ").map(|(_, detail)| detail);
    let told = detail.map_or(told.clone(), |detail| format!("{told}（{detail}）"));
    if message.state != Standing::Waiting || message.attempts == 0 {
        return told;
    }
    let next = when::moment(w, message.next);
    format!("{told} · {}", w.two("outbox.tries", message.attempts, next))
}

fn line(w: &'static Words, message: Message) -> Line {
    let kind = w.code("outbox_kind", message.kind.word()).to_owned();
    let code = message
        .code
        .as_deref()
        .map(|code| w.code("outbox_code", code));
    Line {
        what: code.map_or(kind.clone(), |code| format!("{kind} · {code}")),
        state: w.code("outbox_state", word(message.state)),
        result: result(w, &message),
        is_bad: matches!(message.state, Standing::Dead | Standing::Rejected),
        may_resend: matches!(message.state, Standing::Dead | Standing::Sent),
        at: when::moment(w, message.last.unwrap_or(message.made)),
        id: message.id,
        letter: message.letter,
        channel: message.channel,
    }
}

fn known(db: &Db, seer: &Seer, messages: Vec<Message>) -> Result<Vec<Message>, StoreError> {
    let mut kept = Vec::with_capacity(messages.len());
    for message in messages {
        if db.may_know_of(seer, &message.letter)? {
            kept.push(message);
        }
    }
    Ok(kept)
}

/// Those that want a person, and the newest of all.
fn look(db: &Db, seer: &Seer) -> Result<(Vec<Message>, Vec<Message>), StoreError> {
    let mut bad = db.messages(Some(Standing::Dead), None, SHOWN)?;
    bad.extend(db.messages(Some(Standing::Rejected), None, SHOWN)?);
    bad.sort_by_key(|message| std::cmp::Reverse(message.id));
    let newest = db.messages(None, None, SHOWN)?;
    Ok((known(db, seer, bad)?, known(db, seer, newest)?))
}

/// `GET /outbox`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "outbox"));
    let seer = visitor.seer();
    let (bad, newest) = match app.store.with(move |db| look(db, &seer)).await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let lines = |messages: Vec<Message>| {
        let lines = messages.into_iter().map(|message| line(w, message));
        lines.collect::<Vec<_>>()
    };
    show(&OutboxPage {
        f,
        has_channels: app.settings.tells_case_systems(),
        set_aside: set_aside(&app, w).await,
        given_up: lines(bad),
        newest: lines(newest),
    })
}
