//! What an unsafe request brings: its JSON body, checked, and its `Idempotency-Key`; and the answer that may be repeated.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use super::body;
use super::problem::{Problem, Wanted};
use crate::digest;
use crate::domain::text::hidden_mark;
use crate::events::Event;
use crate::store::{Answered, Db, RequestKey, StoreError};

const KEY_HEADER: &str = "idempotency-key";
const KEY_LONGEST: usize = 255;

/// A body and the request's fingerprint.
#[derive(Debug, Clone)]
pub struct Asked<T> {
    /// The body.
    pub body: T,
    key: Option<String>,
    request: String,
    /// Method and path.
    route: String,
}

/// A request without a body; what is sent is not looked at.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct Nothing {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let key = key_of(&request)?;
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| {
                kind.split(';')
                    .next()
                    .is_some_and(|kind| kind.trim().ends_with("json"))
            });
        let what = format!("{} {}\n", request.method(), request.uri().path());
        body::fits(request.headers())?;
        let bytes = body::whole(request.into_body()).await?;
        if !bytes.is_empty() && !is_json {
            return Err(Problem::new(
                "content_type",
                "send JSON with Content-Type: application/json",
            ));
        }
        let request = digest::sha256_hex(&[what.as_bytes(), &bytes].concat());
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        if text.trim_ascii_start().starts_with(b"[") {
            // It would be taken for the fields in their order, which nobody described.
            return Err(Problem::new("body_invalid", "the body: expected an object"));
        }
        let body =
            serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(text))
                .map_err(|error| unreadable(&error))?;
        free_of_hidden_marks(text)?;
        Ok(Self {
            body,
            key,
            request,
            route: what,
        })
    }
}

/// Every text of every request: what a person signs must be what others see.
fn free_of_hidden_marks(text: &[u8]) -> Result<(), Problem> {
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(text) else {
        return Ok(());
    };
    match hidden_in(&document, String::new()) {
        None => Ok(()),
        Some((place, mark)) => Err(Problem::body(&place, Wanted::Visible(mark))),
    }
}

/// Where the first such mark is; the names of places are ours.
fn hidden_in(value: &serde_json::Value, place: String) -> Option<(String, char)> {
    match value {
        serde_json::Value::String(text) => hidden_mark(text).map(|mark| (place, mark)),
        serde_json::Value::Array(all) => {
            let mut at = all.iter().enumerate();
            at.find_map(|(at, one)| hidden_in(one, format!("{place}[{at}]")))
        }
        serde_json::Value::Object(all) => all.iter().find_map(|(name, one)| {
            let dot = if place.is_empty() { "" } else { "." };
            hidden_in(one, format!("{place}{dot}{name}"))
        }),
        _ => None,
    }
}

/// Names the place and what is expected there, never what stands there: a correction's text belongs to a letter.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    let at = format!("line {}, column {}", inner.line(), inner.column());
    if inner.classify() != serde_json::error::Category::Data {
        return Problem::new("not_json", format!("the body stops being JSON at {at}"));
    }
    let place = match error.path().to_string() {
        path if path == "." => "the body".to_owned(),
        path => path,
    };
    let words = format!("{} ({at})", expected(&inner.to_string()));
    Problem::body(&place, Wanted::Said(&words))
}

/// The half of serde's words that does not repeat the sender's.
fn expected(told: &str) -> String {
    let told = told.split(" at line ").next().unwrap_or_default();
    let names_our_own = told.starts_with("missing field") || told.starts_with("duplicate field");
    match told.rsplit_once(", expected ") {
        Some((_, wanted)) if told.starts_with("unknown field") => {
            format!("a field is unknown; there is {wanted}")
        }
        // What it is called in our sources is nobody's matter.
        Some((_, wanted)) if wanted.starts_with("struct ") => "expected an object".to_owned(),
        Some((_, wanted)) if wanted.starts_with("enum ") => {
            "expected one of the words in /openapi.json".to_owned()
        }
        Some((_, wanted)) => format!("expected {}", in_words(wanted)),
        None if names_our_own => told.to_owned(),
        None => "has a value that is not allowed".to_owned(),
    }
}

/// A number's kind is a matter of our sources, too.
fn in_words(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        other => other,
    }
}

fn key_of(request: &Request) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(HeaderName::from_static(KEY_HEADER)) else {
        return Ok(None);
    };
    let printable = |key: &&str| {
        (1..=KEY_LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
    };
    match value.to_str().ok().filter(printable) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::new(
            "key_invalid",
            format!("1 to {KEY_LONGEST} printable ASCII characters are"),
        )),
    }
}

impl<T> Asked<T> {
    /// The key of a repeatable request, as this caller's.
    pub fn key(&self, actor: &str) -> Option<RequestKey> {
        self.key.as_ref().map(|key| RequestKey {
            actor: actor.to_owned(),
            key: key.clone(),
            request: self.request.clone(),
        })
    }

    /// The same for a request that brings a secret: told from others by its route and these parts, of which none is secret.
    pub fn key_of(&self, actor: &str, parts: &[&str]) -> Option<RequestKey> {
        let parts = std::iter::once(self.route.as_str()).chain(parts.iter().copied());
        let told_by: Vec<u8> = parts
            .flat_map(|part| [digest::sha256_hex(part.as_bytes()).into_bytes(), vec![b' ']])
            .flatten()
            .collect();
        self.key(actor).map(|key| RequestKey {
            request: digest::sha256_hex(&told_by),
            ..key
        })
    }
}

/// An answer in JSON.
///
/// # Errors
/// [`StoreError::Document`] when it cannot be written as JSON, which no answer of ours does.
pub fn answer<T: Serialize>(status: StatusCode, body: &T) -> Result<Answered, StoreError> {
    let body = serde_json::to_string(body).map_err(|source| StoreError::Document {
        what: "answer",
        id: String::new(),
        source,
    })?;
    Ok(Answered {
        status: status.as_u16(),
        body,
    })
}

/// An answer that was given or is given again.
#[derive(Debug)]
pub struct Given(pub Answered);

impl IntoResponse for Given {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.0.body.is_empty() {
            return status.into_response();
        }
        let json = HeaderValue::from_static("application/json");
        (status, [(header::CONTENT_TYPE, json)], self.0.body).into_response()
    }
}

impl App {
    /// The answer that this request was given before, if it was.
    ///
    /// # Errors
    /// When the store does not answer, or the key was used for something else.
    pub async fn given_before(&self, key: Option<RequestKey>) -> Result<Option<Given>, Problem> {
        let Some(key) = key else {
            return Ok(None);
        };
        Ok(self
            .store
            .with(move |db| db.answered(&key))
            .await?
            .map(Given))
    }

    /// As [`App::once`], and tells what happened once it is kept; a repetition tells nothing.
    ///
    /// # Errors
    /// What `work` returns, as a problem.
    pub async fn once_telling<F>(&self, key: Option<RequestKey>, work: F) -> Result<Given, Problem>
    where
        F: FnOnce(&mut Db) -> Result<(Answered, Event), StoreError> + Send + 'static,
    {
        let events = self.events.clone();
        let done = move |db: &mut Db| {
            let mut happened = None;
            let answered = db.once(key.as_ref(), |db| {
                let (answered, event) = work(db)?;
                happened = Some(event);
                Ok(answered)
            })?;
            Ok((answered, happened))
        };
        let told = move |(_, happened): &(Answered, Option<Event>)| {
            happened
                .iter()
                .cloned()
                .for_each(|event| events.tell(event));
        };
        let (answered, _) = self.store.telling(done, told).await?;
        Ok(Given(answered))
    }

    /// Changes the store once for this request, see [`Db::once`].
    ///
    /// # Errors
    /// What `work` returns, as a problem.
    pub async fn once<F>(&self, key: Option<RequestKey>, work: F) -> Result<Given, Problem>
    where
        F: FnOnce(&mut Db) -> Result<Answered, StoreError> + Send + 'static,
    {
        self.once_or(key, work, |_, answered| Ok(answered)).await
    }

    /// The same, where a repetition is told of the first answer only what `again` leaves, see [`Db::once_or`].
    ///
    /// # Errors
    /// What `work` and `again` return, as a problem.
    pub async fn once_or<F, A>(
        &self,
        key: Option<RequestKey>,
        work: F,
        again: A,
    ) -> Result<Given, Problem>
    where
        F: FnOnce(&mut Db) -> Result<Answered, StoreError> + Send + 'static,
        A: FnOnce(&Db, Answered) -> Result<Answered, StoreError> + Send + 'static,
    {
        Ok(Given(
            self.store
                .with(move |db| db.once_or(key.as_ref(), work, again))
                .await?,
        ))
    }
}
