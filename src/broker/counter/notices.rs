//! What is told of drafts that are out: a withdrawn package goes from the queue, amendments and alerts are listed until the case system has them.

use std::time::Duration;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{AckKind, Message};
use axum::Json;
use axum::extract::{Path, Query, State};
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Counter;
use super::caller::CaseSystem;
use super::claims::shown_draft;
use super::walk;
use crate::Chain;
use crate::api::asked::{Asked, Nothing};
use crate::api::paging::{Listed, Part};
use crate::api::problem::Problem;
use crate::broker::fault::BrokerFault;
use crate::broker::names;
use crate::broker::package::{Answer, Package};
use crate::domain::outgoing::Kind;

/// For so long the brokers hold a question for notices open.
const OPEN: Duration = Duration::from_secs(5);
/// Notices in one go.
const AT_ONCE: usize = 50;
/// After a failure it is asked again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Task: takes withdrawn packages out of the queue, until `stop`.
pub(super) async fn run(counter: Counter, stop: CancellationToken) {
    loop {
        let round = tokio::select! {
            () = stop.cancelled() => return,
            round = counter.withdrawals() => round,
        };
        let Err(fault) = round else { continue };
        tracing::debug!(fault = %Chain(&fault), "no notices from the brokers just now");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

impl Counter {
    async fn withdrawals(&self) -> Result<(), BrokerFault> {
        let asked = self.streams.withdrawn.batch().max_messages(AT_ONCE);
        let mut came = asked
            .expires(OPEN)
            .messages()
            .await
            .map_err(BrokerFault::away)?;
        let patience = OPEN + Duration::from_secs(5);
        while let Some(message) = tokio::time::timeout(patience, came.next())
            .await
            .map_err(BrokerFault::away)?
        {
            let message = message.map_err(BrokerFault::away)?;
            let kind = self.withdraw(&message).await?;
            message.ack_with(kind).await.map_err(BrokerFault::away)?;
        }
        Ok(())
    }

    /// The package goes from the queue, unless another came in its place; its station hears that nothing more comes of it. Where it was registered
    /// before, that is said once more: it counts there whenever it comes.
    async fn withdraw(&self, message: &Message) -> Result<AckKind, BrokerFault> {
        let Some(notice) = self.opened(&message.subject, &message.payload) else {
            return Ok(AckKind::Nak(Some(Duration::from_secs(60))));
        };
        let key = names::key(&notice.station, &notice.letter);
        let subject = format!("{}.{key}", names::DRAFTS);
        let lying = self
            .streams
            .drafts
            .get_last_raw_message_by_subject(&subject);
        match lying.await {
            Ok(lying) => {
                let package = self.opened(&subject, &lying.payload);
                if package.is_some_and(|package| Some(package.package) == notice.withdrawn) {
                    let gone = self.streams.drafts.delete_message(lying.sequence);
                    gone.await.map_err(BrokerFault::away)?;
                }
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {}
            Err(error) => return Err(BrokerFault::away(error)),
        }
        if let Some(registered) = self.registered(&key).await? {
            self.tell_registered(&notice.station, &registered).await?;
        }
        self.tell(&notice.station, &known(&notice)).await?;
        Ok(AckKind::Ack)
    }
}

/// That a notice is known: it registers nothing, whatever number stands there.
fn known(notice: &Package) -> Answer {
    Answer {
        package: notice.package.clone(),
        result: "accepted".into(),
        letter: notice.letter.clone(),
        case_number: Some("-".into()),
        reason: None,
    }
}

/// A change of a registered letter, or an alert.
#[derive(Debug, Serialize)]
pub(super) struct NoticeView {
    /// Its number at the office.
    id: u64,
    /// The letter, as the office knows it.
    letter: String,
    /// `page_added`, `corrected`, `withdrawn`, `reinstated`, `threat_confirmed`, `threat_withdrawn`; of an alert its code.
    kind: Option<String>,
    at: String,
    /// The pages that raised an alert.
    pages: Vec<u32>,
    /// The draft as it is now, where the letter was not withdrawn.
    draft: Option<Value>,
}

impl NoticeView {
    fn of(id: u64, package: Package) -> Self {
        let has_draft = package.draft.is_some();
        Self {
            id,
            letter: names::shown(&package.station, &package.letter),
            kind: package.code.clone(),
            at: package.made_at.clone(),
            pages: package.pages.clone(),
            draft: has_draft.then(|| shown_draft(package)),
        }
    }
}

/// Changes of letters that no case system has acknowledged, oldest first.
pub(super) async fn amendments(
    State(counter): State<Counter>,
    _: CaseSystem,
    Query(part): Query<Part>,
) -> Result<Json<Listed<NoticeView>>, Problem> {
    let of = format!("{}.*.amended", names::NOTICES);
    counter.listed((&counter.streams.notices, &of), &part).await
}

/// Alerts, oldest first, for as long as the brokers keep them; `cursor` goes on from the last one seen.
pub(super) async fn alerts(
    State(counter): State<Counter>,
    _: CaseSystem,
    Query(part): Query<Part>,
) -> Result<Json<Listed<NoticeView>>, Problem> {
    let of = format!("{}.*", names::ALERTS);
    counter.listed((&counter.streams.alerts, &of), &part).await
}

impl Counter {
    async fn listed(
        &self,
        of: (&Stream, &str),
        part: &Part,
    ) -> Result<Json<Listed<NoticeView>>, Problem> {
        let shown = |message: &StreamMessage| {
            let package = self.opened(&message.subject, &message.payload)?;
            Some(NoticeView::of(message.sequence, package))
        };
        walk::page(of, part, shown).await
    }
}

/// The case system has taken a change over; twice is once, since what is gone was taken.
pub(super) async fn ack_amendment(
    State(counter): State<Counter>,
    _: CaseSystem,
    Path(id): Path<u64>,
    _: Asked<Nothing>,
) -> Result<Json<Value>, Problem> {
    let taken = || Ok(Json(serde_json::json!({"id": id})));
    let stream = &counter.streams.notices;
    let message = match stream.get_raw_message(id).await {
        Ok(message) => message,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return taken(),
        Err(error) => return Err(BrokerFault::away(error).into()),
    };
    let package = counter.opened(&message.subject, &message.payload);
    let package = package.filter(|package| package.kind == Kind::Amended);
    let package = package.ok_or_else(|| Problem::not_found("amendment", &id.to_string()))?;
    counter.tell(&package.station, &known(&package)).await?;
    stream.delete_message(id).await.map_err(BrokerFault::away)?;
    taken()
}
