//! Claims: what the pull consumer gives is leased. A draft that is registered already is answered for once more and goes; one that cannot be
//! opened is held.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use axum::Json;
use axum::extract::State;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Counter;
use super::caller::CaseSystem;
use super::records::{self, Handed, Lease, Registered};
use crate::api::asked::Asked;
use crate::api::drafts::{CLAIM_MOST, ClaimBody, LEASE_SHORTEST};
use crate::api::problem::Problem;
use crate::broker::fault::BrokerFault;
use crate::broker::names;
use crate::broker::package::{Answer, Package};
use crate::clock;
use crate::digest;

/// For so long the brokers look for drafts before they say that there are none.
const LOOK: Duration = Duration::from_millis(250);
/// And are waited for so long beyond that.
const PATIENCE: Duration = Duration::from_secs(5);
/// What cannot be opened is looked at again after so long.
const HELD: Duration = Duration::from_secs(60);

/// Claimed drafts; empty when none is ready.
#[derive(Debug, Serialize)]
pub(super) struct Claims {
    drafts: Vec<ClaimView>,
}

/// A claimed draft, as a station's own API has it.
#[derive(Debug, Serialize)]
struct ClaimView {
    id: String,
    lease: String,
    lease_expires_at: String,
    draft: Value,
}

/// What a claim was answered with, for whoever asks again.
#[derive(Debug, Serialize, Deserialize)]
struct Answered {
    request: String,
    leases: Vec<(Lease, i64)>,
}

/// A draft under a new lease.
struct Claimed {
    lease: Lease,
    until_ms: i64,
    package: Package,
}

/// Leases drafts of every station, as they came. A repetition with its `Idempotency-Key` gives those of the first answer whose lease still runs.
pub(super) async fn claim(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    asked: Asked<ClaimBody>,
) -> Result<Json<Claims>, Problem> {
    let key = asked.key(&system);
    let limit = asked.body.limit.unwrap_or(10);
    if !(1..=CLAIM_MOST).contains(&limit) {
        let why = format!("limit: 1 to {CLAIM_MOST} is allowed");
        return Err(Problem::new("body_invalid", why));
    }
    let (usual, longest) = (
        counter.settings.office.lease_seconds.0,
        counter.settings.office.max_lease_seconds.0,
    );
    let seconds = asked.body.lease_seconds.map_or(usual, u64::from);
    if seconds < LEASE_SHORTEST.into() || seconds > longest {
        let why = format!("{LEASE_SHORTEST} to {longest} seconds are allowed");
        return Err(Problem::new("lease_too_long", why));
    }
    let kept = key.as_ref().map(|key| {
        let name = format!("{}\n{}", key.actor, key.key);
        (digest::sha256_hex(name.as_bytes()), key.request.clone())
    });
    if let Some((name, request)) = &kept
        && let Some(answered) = counter.answered(name).await?
    {
        return counter.again(&system, (request, answered)).await;
    }
    let claimed = counter.pull(&system, limit, seconds).await?;
    if let Some((name, request)) = &kept {
        let answered = Answered {
            request: request.clone(),
            leases: claimed
                .iter()
                .map(|one| (one.lease.clone(), one.until_ms))
                .collect(),
        };
        let entry = (name.as_str(), &answered);
        let is_first = counter.create(&counter.streams.answers, entry).await?;
        // Asked twice at the same time: the first answer holds, what came now is free again.
        if !is_first && let Some(first) = counter.answered(name).await? {
            for one in claimed {
                counter
                    .deliver(&one.lease.delivery, AckKind::Nak(None))
                    .await?;
            }
            return counter.again(&system, (request, first)).await;
        }
    }
    let drafts = claimed.into_iter().map(|one| counter.view(one)).collect();
    Ok(Json(Claims { drafts }))
}

impl Counter {
    async fn answered(&self, name: &str) -> Result<Option<Answered>, BrokerFault> {
        records::newest(&self.streams.answers, name, &self.key).await
    }

    fn view(&self, claimed: Claimed) -> ClaimView {
        let Claimed {
            lease,
            until_ms,
            package,
        } = claimed;
        ClaimView {
            id: names::shown(&package.station, &package.letter),
            lease: lease.token(&self.key),
            lease_expires_at: clock::Millis(until_ms).rfc3339(),
            draft: shown_draft(package),
        }
    }

    /// Those of an answer whose lease is still the caller's.
    async fn again(
        &self,
        system: &str,
        (request, answered): (&str, Answered),
    ) -> Result<Json<Claims>, Problem> {
        if answered.request != request {
            return Err(Problem::new("key_reused", "a new request needs a new key"));
        }
        let mut drafts = Vec::new();
        for (lease, until_ms) in answered.leases {
            let handed: Option<Handed> =
                records::newest(&self.streams.handed, &lease.key, &self.key).await?;
            let is_newest = handed.is_some_and(|handed| {
                handed.runs() && handed.delivery == lease.delivery && handed.system == system
            });
            if !is_newest || self.registered(&lease.key).await?.is_some() {
                continue;
            }
            if let Some(package) = self.lying(&lease.key).await?
                && package.package == lease.package
            {
                let claimed = Claimed {
                    lease,
                    until_ms,
                    package,
                };
                drafts.push(self.view(claimed));
            }
        }
        Ok(Json(Claims { drafts }))
    }

    /// Takes drafts from the brokers and leases them.
    async fn pull(
        &self,
        system: &str,
        limit: u32,
        seconds: u64,
    ) -> Result<Vec<Claimed>, BrokerFault> {
        let asked = self.streams.claims.batch().max_messages(limit as usize);
        let mut came = asked
            .expires(LOOK)
            .messages()
            .await
            .map_err(BrokerFault::away)?;
        let mut messages = Vec::new();
        loop {
            match tokio::time::timeout(LOOK + PATIENCE, came.next()).await {
                Ok(Some(Ok(message))) => messages.push(message),
                Ok(None) => break,
                // What came is worked on; what did not is offered again.
                Ok(Some(Err(error))) if messages.is_empty() => {
                    return Err(BrokerFault::away(error));
                }
                Err(late) if messages.is_empty() => return Err(BrokerFault::away(late)),
                Ok(Some(Err(_))) | Err(_) => break,
            }
        }
        let mut leasing = Vec::with_capacity(messages.len());
        for message in &messages {
            leasing.push(self.lease(message, system, seconds));
        }
        let mut claimed = Vec::with_capacity(messages.len());
        for leased in join_all(leasing).await {
            match leased {
                Ok(one) => claimed.extend(one),
                // Unanswered, it is offered again once its time is up.
                Err(fault) => {
                    tracing::warn!(fault = %crate::Chain(&fault), "a draft could not be leased");
                }
            }
        }
        Ok(claimed)
    }

    /// Leases one draft; none where it is registered already, or cannot be opened.
    async fn lease(
        &self,
        message: &Message,
        system: &str,
        seconds: u64,
    ) -> Result<Option<Claimed>, BrokerFault> {
        let Some(package) = self.opened(&message.subject, &message.payload) else {
            let later = AckKind::Nak(Some(HELD));
            message.ack_with(later).await.map_err(BrokerFault::away)?;
            return Ok(None);
        };
        let key = names::key(&package.station, &package.letter);
        if let Some(registered) = self.registered(&key).await? {
            self.tell_registered(&package.station, &registered).await?;
            message.double_ack().await.map_err(BrokerFault::away)?;
            return Ok(None);
        }
        let delivery = message.reply.as_ref().map(ToString::to_string);
        let lease = Lease {
            key: key.clone(),
            package: package.package.clone(),
            system: system.to_owned(),
            delivery: delivery.unwrap_or_default(),
        };
        let until = clock::now().plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let handed = Handed {
            package: package.package.clone(),
            letter: package.letter.clone(),
            system: system.to_owned(),
            until_ms: until.0,
            delivery: lease.delivery.clone(),
            pages: package.originals(),
            archive: package.archive.clone(),
            amended: 0,
        };
        self.write(&self.streams.handed, (key.as_str(), &handed))
            .await?;
        if seconds != self.settings.office.lease_seconds.0 {
            // Offered again after this time instead of the usual one; an acknowledgement until then counts as ever.
            let again = AckKind::Nak(Some(Duration::from_secs(seconds)));
            message.ack_with(again).await.map_err(BrokerFault::away)?;
        }
        Ok(Some(Claimed {
            lease,
            until_ms: until.0,
            package,
        }))
    }

    /// Under which number a letter is registered.
    pub(super) async fn registered(&self, key: &str) -> Result<Option<Registered>, BrokerFault> {
        records::newest(&self.streams.registered, key, &self.key).await
    }

    /// The draft of a letter that lies at the brokers now.
    pub(super) async fn lying(&self, key: &str) -> Result<Option<Package>, BrokerFault> {
        use async_nats::jetstream::stream::LastRawMessageErrorKind as Kind;
        let subject = format!("{}.{key}", names::DRAFTS);
        let found = self
            .streams
            .drafts
            .get_last_raw_message_by_subject(&subject);
        match found.await {
            Ok(message) => Ok(self.opened(&subject, &message.payload)),
            Err(error) if error.kind() == Kind::NoMessageFound => Ok(None),
            Err(error) => Err(BrokerFault::away(error)),
        }
    }

    /// The receipt of a registered letter.
    pub(super) async fn tell_registered(
        &self,
        station: &str,
        registered: &Registered,
    ) -> Result<(), BrokerFault> {
        let answer = Answer {
            package: registered.package.clone(),
            result: "accepted".into(),
            letter: registered.letter.clone(),
            case_number: Some(registered.case_number.clone()),
            reason: None,
        };
        self.tell(station, &answer).await
    }

    /// Says to JetStream what becomes of a delivery, whichever process it went to.
    pub(super) async fn deliver(&self, delivery: &str, kind: AckKind) -> Result<(), BrokerFault> {
        let reply = async_nats::Subject::from(delivery.to_owned());
        let jetstream = self.link.jetstream().clone();
        let acker = async_nats::jetstream::message::Acker::new(jetstream, Some(reply));
        acker.double_ack_with(kind).await.map_err(BrokerFault::away)
    }
}

/// The draft as the office shows it: its letter under the number that the office knows it by.
pub(super) fn shown_draft(package: Package) -> Value {
    let mut draft = package.draft.unwrap_or(Value::Null);
    if draft.is_object() {
        draft["letter"] = names::shown(&package.station, &package.letter).into();
    }
    draft
}
