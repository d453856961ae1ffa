//! What case systems were told: messages that a person has to look at first, then the newest.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Visitor};
use super::refused::{Refused, show};
use super::scanning::detail_words;
use super::today::part_name;
use super::when;
use super::words::Words;
use crate::api::App;
use crate::api::auth::{Deciders, Mailroom, Need};
use crate::clock::Millis;
use crate::domain::access::Seer;
use crate::domain::outgoing::State as Standing;
use crate::handoff;
use crate::store::{Db, Hold, Message, SharedCaseNumber, StoreError};

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
    is_given_up: bool,
    may_resend: bool,
    at: String,
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage {
    f: Frame,
    has_channels: bool,
    /// How many letters nobody has fetched and no way out has taken.
    left: Option<String>,
    set_aside: Vec<AsideLine>,
    given_up: Vec<Group>,
    newest: Vec<Line>,
    shared: Vec<SharedLine>,
    contradicted: Vec<ContradictedLine>,
}

/// Messages that want a person: those that one receiver did not get together, others each alone.
struct Group {
    /// Of several.
    what: String,
    /// What came of them, each once.
    results: Vec<String>,
    lines: Vec<Line>,
    /// The calls that send all of them again, and the words for it.
    all: Option<(String, String)>,
}

/// Given-up messages of one receiver together, in the order of the newest of each.
fn groups(w: &'static Words, lines: Vec<Line>) -> Vec<Group> {
    let mut groups: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        let like = |group: &&mut Vec<Line>| {
            line.is_given_up && group[0].is_given_up && group[0].channel == line.channel
        };
        match groups.iter_mut().find(like) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups.into_iter().map(|lines| group(w, lines)).collect()
}

fn group(w: &'static Words, lines: Vec<Line>) -> Group {
    let mut results: Vec<String> = Vec::new();
    for line in &lines {
        if !results.contains(&line.result) {
            results.push(line.result.clone());
        }
    }
    let calls = lines.iter().filter(|line| line.may_resend);
    let calls: Vec<String> = calls
        .map(|line| format!("/v1/outbox/{}/resend", line.id))
        .collect();
    Group {
        what: w.two(
            "outbox.given_up_many",
            part_name(w, &lines[0].channel),
            lines.len(),
        ),
        results,
        all: (calls.len() > 1).then(|| (calls.join(" "), w.one("outbox.resend_all", calls.len()))),
        lines,
    }
}

/// A letter that waits because a receipt contradicts what is known of it.
struct ContradictedLine {
    letter: String,
    /// The number on the receipt, and in brackets which folder it came through.
    number: String,
    at: String,
}

/// A case number that stands for several letters.
struct SharedLine {
    number: String,
    letters: Vec<String>,
    about: String,
}

fn shared(w: &'static Words, one: SharedCaseNumber) -> SharedLine {
    let by = one.by.strip_prefix("token/").unwrap_or(&one.by).to_owned();
    SharedLine {
        about: format!("{by} · {}", when::moment(w, one.last)),
        number: one.case_number,
        letters: one.letters,
    }
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
        Standing::Unfit => "unfit",
        Standing::Dead => "dead",
        Standing::Dropped => "dropped",
        Standing::KeptBack => "kept_back",
    }
}

/// What an attempt came to, in words; a status that has no word of its own shows its number.
fn result(w: &'static Words, message: &Message) -> String {
    let (Some(plain), said) = message.result_and_said() else {
        return String::new();
    };
    let plain = plain.as_str();
    let told = match (
        w.known("outbox_result", plain),
        plain.strip_prefix("answered_"),
    ) {
        (Some(told), _) => told.to_owned(),
        (None, Some(status)) => w.one("outbox.answered", status),
        (None, None) => plain.to_owned(),
    };
    let told = match said {
        Some(said) if message.state == Standing::Unfit => {
            w.two("outbox.said", told, field_words(w, &said))
        }
        Some(said) => w.two("outbox.said", told, said),
        None => told,
    };
    if message.state != Standing::Waiting || message.attempts == 0 {
        return told;
    }
    let next = when::moment(w, message.next);
    format!("{told} · {}", w.two("outbox.tries", message.attempts, next))
}

/// Our field in words, before what the other system calls it.
fn field_words(w: &'static Words, names: &str) -> String {
    match names.split_once(" → ") {
        Some((ours, theirs)) => {
            let known = w.known("mapped", ours).or_else(|| w.known("field", ours));
            w.two("outbox.unfit_field", known.unwrap_or(ours), theirs)
        }
        None => names.to_owned(),
    }
}

/// What came back, and what is to be done about it.
pub(super) fn returned_words(w: &'static Words, message: &Message) -> (String, &'static str) {
    let state = w.code("outbox_state", word(message.state));
    let told = format!("{} · {state} · {}", message.channel, result(w, message));
    let code = message.result_and_said().0.unwrap_or_default();
    let next = w.known("returned_do", &code);
    (told, next.unwrap_or(w.t("returned_do.rejected")))
}

fn line(w: &'static Words, message: Message, may_resend: bool) -> Line {
    let kind = w.code("outbox_kind", message.kind.word()).to_owned();
    let code = message
        .code
        .as_deref()
        .map(|code| w.code("outbox_code", code));
    Line {
        what: code.map_or(kind.clone(), |code| format!("{kind} · {code}")),
        state: w.code("outbox_state", word(message.state)),
        result: result(w, &message),
        is_bad: matches!(
            message.state,
            Standing::Dead | Standing::Rejected | Standing::Unfit
        ),
        is_given_up: message.state == Standing::Dead,
        may_resend: may_resend && message.may_go_again(),
        at: when::moment(w, message.last.unwrap_or(message.made)),
        id: message.id,
        letter: message.letter,
        channel: message.channel,
    }
}

/// Messages of which this person may know, each with whether he may send it again.
fn known(db: &Db, seer: &Seer, messages: Vec<Message>) -> Result<Vec<(Message, bool)>, StoreError> {
    let mut kept = Vec::with_capacity(messages.len());
    for message in messages {
        if db.may_know_of_message(seer, &message)? {
            let may_resend =
                Deciders::lets(seer.holder) && db.let_decide(seer, &message.letter).is_ok();
            kept.push((db.message_for(seer, message)?, may_resend));
        }
    }
    Ok(kept)
}

/// Numbers that stand for several letters, of which this person may know.
pub(super) fn shared_numbers(
    db: &Db,
    seer: &Seer,
    since: Millis,
) -> Result<Vec<SharedCaseNumber>, StoreError> {
    let mut shared = db.shared_case_numbers(SHOWN)?;
    shared.retain(|one| one.last >= since);
    for one in &mut shared {
        let mut known = Vec::new();
        for letter in std::mem::take(&mut one.letters) {
            if db.may_know_of(seer, &letter)? {
                known.push(letter);
            }
        }
        one.letters = known;
    }
    shared.retain(|one| one.letters.len() > 1);
    Ok(shared)
}

struct Seen {
    left: u64,
    /// Messages that want a person.
    bad: Vec<(Message, bool)>,
    newest: Vec<(Message, bool)>,
    shared: Vec<SharedCaseNumber>,
    contradicted: Vec<Hold>,
}

fn look(db: &Db, seer: &Seer) -> Result<Seen, StoreError> {
    let mut bad = db.messages(Some(Standing::Dead), None, SHOWN)?;
    for state in [Standing::Rejected, Standing::Unfit] {
        bad.extend(db.messages(Some(state), None, SHOWN)?);
    }
    bad.sort_by_key(|message| std::cmp::Reverse(message.id));
    let newest = db.messages(None, None, SHOWN)?;
    let mut contradicted = Vec::new();
    for hold in db.contradicted(SHOWN)? {
        if let Some(letter) = &hold.letter
            && db.may_know_of(seer, letter)?
        {
            contradicted.push(hold);
        }
    }
    Ok(Seen {
        left: db.left_open()?,
        bad: known(db, seer, bad)?,
        newest: known(db, seer, newest)?,
        shared: shared_numbers(db, seer, Millis(0))?,
        contradicted,
    })
}

/// `GET /outbox`
pub(super) async fn page(State(app): State<App>, visitor: Visitor<Mailroom>) -> Response {
    let (w, f) = (visitor.words(), visitor.frame(&app, "outbox"));
    let seer = visitor.seer();
    let seen = match app.store.with(move |db| look(db, &seer)).await {
        Ok(found) => found,
        Err(error) => return Refused::by_store(f, &error).into_response(),
    };
    let lines = |messages: Vec<(Message, bool)>| {
        let lines = messages.into_iter();
        lines
            .map(|(message, may_resend)| line(w, message, may_resend))
            .collect::<Vec<_>>()
    };
    show(&OutboxPage {
        f,
        has_channels: app.settings.tells_case_systems(),
        left: (seen.left > 0).then(|| w.one("outbox.left", seen.left)),
        set_aside: set_aside(&app, w).await,
        given_up: groups(w, lines(seen.bad)),
        newest: lines(seen.newest),
        shared: seen.shared.into_iter().map(|one| shared(w, one)).collect(),
        contradicted: seen
            .contradicted
            .into_iter()
            .map(|hold| ContradictedLine {
                letter: hold.letter.unwrap_or_default(),
                number: detail_words(w, &hold.detail.unwrap_or_default()),
                at: when::moment(w, hold.at),
            })
            .collect(),
    })
}
