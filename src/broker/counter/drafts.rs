//! One draft: looked at, registered, given back. The first acknowledgement creates the letter's entry; whoever comes after it finds one.

use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::message::StreamMessage;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Counter;
use super::caller::CaseSystem;
use super::claims::shown_draft;
use super::records::{self, Handed, Lease, Registered};
use super::walk::Walk;
use crate::api::asked::Asked;
use crate::api::drafts::{AckBody, NackBody, check_text};
use crate::api::health::OnHost;
use crate::api::paging::{Listed, Part};
use crate::api::problem::Problem;
use crate::broker::fault::BrokerFault;
use crate::broker::names;
use crate::broker::package::Answer;
use crate::clock::{self, Millis};

/// A draft that was given back comes again after so long: others are offered first.
const BACK: Duration = Duration::from_secs(5);

/// Where a draft stands at the office.
#[derive(Debug, Serialize)]
pub(super) struct View {
    id: String,
    state: &'static str,
    claimed_by: Option<String>,
    lease_expires_at: Option<String>,
    case_number: Option<String>,
    acked_at: Option<String>,
    draft: Option<Value>,
}

impl View {
    fn registered(id: &str, registered: &Registered) -> Self {
        Self {
            id: id.to_owned(),
            state: "acked",
            claimed_by: Some(registered.system.clone()),
            lease_expires_at: None,
            case_number: Some(registered.case_number.clone()),
            acked_at: Some(Millis(registered.at_ms).rfc3339()),
            draft: None,
        }
    }

    fn out(id: &str, handed: Option<&Handed>, draft: Option<Value>) -> Self {
        let held = handed.filter(|handed| handed.runs());
        Self {
            id: id.to_owned(),
            state: if held.is_some() { "leased" } else { "open" },
            claimed_by: held.map(|held| held.system.clone()),
            lease_expires_at: held.map(|held| held.until().rfc3339()),
            case_number: None,
            acked_at: None,
            draft,
        }
    }
}

/// The same, acknowledged.
#[derive(Debug, Serialize)]
pub(super) struct AckView {
    #[serde(flatten)]
    view: View,
    same_case_number: Vec<String>,
    changed_since_claim: bool,
}

/// A letter by the number that the office knows it by.
struct Known {
    id: String,
    station: String,
    key: String,
}

impl Counter {
    fn known(&self, id: String) -> Result<Known, Problem> {
        let (station, letter) =
            names::meant(&id).ok_or_else(|| Problem::not_found("draft", &id))?;
        if self.key_of(station).is_none() {
            return Err(Problem::not_found("draft", &id));
        }
        let (station, key) = (station.to_owned(), names::key(station, letter));
        Ok(Known { id, station, key })
    }

    pub(super) async fn handed(&self, key: &str) -> Result<Option<Handed>, BrokerFault> {
        records::newest(&self.streams.handed, key, &self.key).await
    }

    /// What a caller's lease is about; nothing without one, a refusal for one that is not his or not of this draft.
    fn read_lease(
        &self,
        lease: Option<&str>,
        (system, key): (&str, &str),
    ) -> Result<Option<Lease>, Problem> {
        let Some(token) = lease else { return Ok(None) };
        let lease = Lease::read(token, &self.key);
        let own = lease.filter(|lease| lease.key == key && lease.system == system);
        own.map(Some).ok_or_else(|| {
            Problem::new(
                "lease_outdated",
                "this lease is not yours, or of another draft",
            )
        })
    }
}

/// One draft, as long as it lies at the brokers; of a registered one where it stands. Of what another system has there is nothing to see.
pub(super) async fn get(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Path(id): Path<String>,
) -> Result<Json<View>, Problem> {
    let known = counter.known(id)?;
    let none = || Problem::not_found("draft", &known.id);
    if let Some(registered) = counter.registered(&known.key).await? {
        let own = Some(registered).filter(|registered| registered.system == system);
        return Ok(Json(View::registered(&known.id, &own.ok_or_else(none)?)));
    }
    let package = counter.lying(&known.key).await?.ok_or_else(none)?;
    let handed = counter.handed(&known.key).await?;
    if handed
        .as_ref()
        .is_some_and(|handed| handed.is_kept_from(&system))
    {
        return Err(none());
    }
    let draft = Some(shown_draft(package));
    Ok(Json(View::out(&known.id, handed.as_ref(), draft)))
}

/// Says that a draft is registered; twice is once, whatever process of the office hears it.
pub(super) async fn ack(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Path(id): Path<String>,
    asked: Asked<AckBody>,
) -> Result<Json<AckView>, Problem> {
    let AckBody { case_number, lease } = asked.body;
    check_text("case_number", &case_number, 64)?;
    let known = counter.known(id)?;
    let lease = counter.read_lease(lease.as_deref(), (&system, &known.key))?;
    let handed = counter.handed(&known.key).await?;
    let registered = match counter.registered(&known.key).await? {
        Some(registered) => registered,
        None => {
            let said = (system.as_str(), case_number.as_str());
            counter
                .register(&known, (lease.as_ref(), handed.as_ref()), said)
                .await?
        }
    };
    if registered.system != system {
        let why = "another case system has registered it";
        return Err(Problem::new("registered_elsewhere", why));
    }
    if registered.case_number != case_number {
        let why = format!("registered under {} already", registered.case_number);
        return Err(Problem::new("other_case_number", why));
    }
    counter.tell_registered(&known.station, &registered).await?;
    // The message goes last: whatever died before, it comes again and is answered once more.
    let lying = counter.lying(&known.key).await?;
    let changed = lying.is_some_and(|package| package.package != registered.package);
    let delivery = lease.map(|lease| lease.delivery);
    let delivery = delivery.or(handed.map(|handed| handed.delivery));
    if let Some(delivery) = delivery
        && let Err(fault) = counter.deliver(&delivery, AckKind::Ack).await
    {
        tracing::debug!(fault = %crate::Chain(&fault), "an acknowledged draft stays at the brokers for now");
    }
    Ok(Json(AckView {
        view: View::registered(&known.id, &registered),
        same_case_number: Vec::new(),
        changed_since_claim: changed,
    }))
}

impl Counter {
    /// Creates a letter's entry, or finds that another was faster.
    async fn register(
        &self,
        known: &Known,
        (lease, handed): (Option<&Lease>, Option<&Handed>),
        (system, case_number): (&str, &str),
    ) -> Result<Registered, Problem> {
        let Some(handed) = handed else {
            return Err(Problem::not_found("draft", &known.id));
        };
        // Workers that share a token are told apart while a lease runs; afterwards nothing hangs on it.
        if lease.is_some_and(|lease| lease.delivery != handed.delivery) && handed.runs() {
            let why = "leased under a newer lease";
            return Err(Problem::new("lease_outdated", why));
        }
        if lease.is_none() && handed.is_kept_from(system) {
            let why = "leased to another case system";
            return Err(Problem::new("leased_to_another", why));
        }
        // Never claimed, or given back: it is claimed anew first. A lease that ran out still counts as long as nobody else has the draft.
        let is_own = handed.system == system && handed.until_ms != 0;
        let is_older = lease.is_some_and(|lease| lease.delivery != handed.delivery);
        if !is_own && !is_older {
            return Err(Problem::new("not_leased", "not leased to you"));
        }
        let package = lease.map_or(&handed.package, |lease| &lease.package);
        let registered = Registered {
            package: package.clone(),
            letter: handed.letter.clone(),
            case_number: case_number.to_owned(),
            system: system.to_owned(),
            at_ms: clock::now().0,
            pages: handed.pages.clone(),
            archive: handed.archive.clone(),
        };
        let entry = (known.key.as_str(), &registered);
        if self.create(&self.streams.registered, entry).await? {
            return Ok(registered);
        }
        let first = self.registered(&known.key).await?;
        first.ok_or_else(|| {
            Problem::new(
                "timeout",
                "the brokers do not agree yet; ask again under the same key",
            )
        })
    }
}

/// Gives a draft back; it is offered again behind others, and its station is told why.
pub(super) async fn nack(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Path(id): Path<String>,
    asked: Asked<NackBody>,
) -> Result<Json<View>, Problem> {
    let NackBody { reason, lease } = asked.body;
    check_text("reason", &reason, 500)?;
    let known = counter.known(id)?;
    let lease = counter.read_lease(lease.as_deref(), (&system, &known.key))?;
    if counter.registered(&known.key).await?.is_some() {
        return Err(Problem::new("already_registered", "it is registered"));
    }
    let handed = counter.handed(&known.key).await?;
    let handed = handed.ok_or_else(|| Problem::not_found("draft", &known.id))?;
    let is_his =
        handed.system == system && lease.is_none_or(|lease| lease.delivery == handed.delivery);
    // Given back already, and asked again.
    if is_his && handed.until_ms == 0 {
        return Ok(Json(View::out(&known.id, None, None)));
    }
    if !is_his || !handed.runs() {
        return Err(Problem::new("not_leased", "not leased to you"));
    }
    let free = Handed {
        until_ms: 0,
        ..handed.clone()
    };
    let entry = (known.key.as_str(), &free);
    counter.write(&counter.streams.handed, entry).await?;
    counter
        .deliver(&handed.delivery, AckKind::Nak(Some(BACK)))
        .await?;
    let answer = Answer {
        package: handed.package,
        result: "given_back".into(),
        letter: handed.letter,
        case_number: None,
        reason: Some(reason),
    };
    counter.tell(&known.station, &answer).await?;
    Ok(Json(View::out(&known.id, None, None)))
}

/// Which drafts.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    state: Option<String>,
}

/// Drafts that the caller registered, in that order; nothing else is listed, since what is open comes by claims.
pub(super) async fn list(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Query(Which { state }): Query<Which>,
    Query(part): Query<Part>,
) -> Result<Json<Listed<View>>, Problem> {
    if state.as_deref() != Some("acked") {
        return Err(Problem::new(
            "query_invalid",
            "state: acked is allowed at the office",
        ));
    }
    let shown = |message: &StreamMessage| {
        let station = message.subject.split('.').nth(2)?;
        let entry = records::unsealed::<Registered>(&message.payload, &counter.key)?;
        let id = names::shown(station, &entry.letter);
        (entry.system == system).then(|| View::registered(&id, &entry))
    };
    let all = format!("$KV.{}.>", names::REGISTERED);
    let mut walk = Walk::begin((&counter.streams.registered.stream, &all), &part)?;
    while let Some(message) = walk.next().await? {
        if let Some(view) = shown(&message) {
            walk.show(view);
        }
    }
    Ok(walk.done())
}

/// What is ready and what is not.
pub(super) async fn ready(_: OnHost, State(counter): State<Counter>) -> Response {
    let parts = counter.readiness.parts();
    let status = match parts.values().all(Option::is_none) {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let parts: Vec<Value> = parts
        .into_iter()
        .map(|(part, why)| match why {
            None => json!({"part": part, "ready": true}),
            Some(why) => {
                json!({"part": part, "ready": false, "code": why.code, "message": why.message})
            }
        })
        .collect();
    let body = json!({"ready": status == StatusCode::OK, "parts": parts});
    (status, Json(body)).into_response()
}
