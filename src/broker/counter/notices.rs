//! What is told of drafts that are out: a withdrawn package goes from the queue, amendments and alerts are listed until the case system has them. What is
//! told of a letter is for whoever has it; to others it says nothing.

use std::time::Duration;

use async_nats::jetstream::stream::LastRawMessageErrorKind;
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
use super::records::{Handed, Registered};
use super::walk::Walk;
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
    /// The pages that came, or that raised an alert.
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

/// Whose a letter is at the office.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    /// Registered by this system, or in its hands just now.
    Of(String),
    /// Nobody has it, or no record says who.
    Anybodys,
}

impl Whose {
    fn of(registered: Option<&Registered>, handed: Option<&Handed>) -> Self {
        let has_it = handed.filter(|handed| handed.runs());
        let system = registered.map(|entry| &entry.system);
        match system.or(has_it.map(|handed| &handed.system)) {
            Some(system) => Self::Of(system.clone()),
            None => Self::Anybodys,
        }
    }

    fn includes(&self, system: &str) -> bool {
        match self {
            Self::Of(own) => own == system,
            Self::Anybodys => true,
        }
    }
}

impl Counter {
    /// Whether an alert is told to this system.
    async fn hears_alert(&self, package: &Package, system: &str) -> Result<bool, BrokerFault> {
        let key = names::key(&package.station, &package.letter);
        let registered = self.registered(&key).await?;
        let handed = match registered {
            Some(_) => None,
            None => self.handed(&key).await?,
        };
        Ok(Whose::of(registered.as_ref(), handed.as_ref()).includes(system))
    }

    /// Whether a change is told to this system; from then on the files that it brings may be fetched. As long as the draft waits in the queue it is
    /// nobody's yet: whoever registers it has to hear of the change.
    async fn hears_change(
        &self,
        (place, package): (u64, &Package),
        system: &str,
    ) -> Result<bool, BrokerFault> {
        let key = names::key(&package.station, &package.letter);
        let registered = self.registered(&key).await?;
        if registered.is_none() && self.lying(&key).await?.is_some() {
            return Ok(false);
        }
        let handed = self.handed(&key).await?;
        if !Whose::of(registered.as_ref(), handed.as_ref()).includes(system) {
            return Ok(false);
        }
        let known = handed.or_else(|| registered.map(Handed::of));
        // Of a letter that the brokers lost nothing else is known.
        let known = known.unwrap_or_else(|| Handed::by_change(package, system));
        if known.amended < place && !package.files.is_empty() {
            let now = Handed {
                pages: package.originals(),
                archive: package.archive.clone(),
                amended: place,
                ..known
            };
            self.write(&self.streams.handed, (&key, &now)).await?;
        }
        Ok(true)
    }
}

/// Changes of the caller's letters that it has not acknowledged, oldest first.
pub(super) async fn amendments(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Query(part): Query<Part>,
) -> Result<Json<Listed<NoticeView>>, Problem> {
    let of = format!("{}.*.amended", names::NOTICES);
    let mut walk = Walk::begin((&counter.streams.notices, &of), &part)?;
    while let Some(message) = walk.next().await? {
        let place = message.sequence;
        if let Some(package) = counter.opened(&message.subject, &message.payload)
            && counter.hears_change((place, &package), &system).await?
        {
            walk.show(NoticeView::of(place, package));
        }
    }
    Ok(walk.done())
}

/// Alerts of letters that no other system has, oldest first, for as long as the brokers keep them; `cursor` goes on from the last one seen.
pub(super) async fn alerts(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Query(part): Query<Part>,
) -> Result<Json<Listed<NoticeView>>, Problem> {
    let of = format!("{}.*", names::ALERTS);
    let mut walk = Walk::begin((&counter.streams.alerts, &of), &part)?;
    while let Some(message) = walk.next().await? {
        if let Some(package) = counter.opened(&message.subject, &message.payload)
            && counter.hears_alert(&package, &system).await?
        {
            walk.show(NoticeView::of(message.sequence, package));
        }
    }
    Ok(walk.done())
}

/// The case system has taken a change over; twice is once, since what is gone was taken.
pub(super) async fn ack_amendment(
    State(counter): State<Counter>,
    CaseSystem(system): CaseSystem,
    Path(id): Path<u64>,
    _: Asked<Nothing>,
) -> Result<Json<Value>, Problem> {
    let none = || Problem::not_found("amendment", &id.to_string());
    let taken = Ok(Json(serde_json::json!({"id": id})));
    if id == 0 {
        return Err(none());
    }
    let stream = &counter.streams.notices;
    let message = match stream.get_raw_message(id).await {
        Ok(message) => message,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
            let told = stream.get_info().await.map_err(BrokerFault::away)?;
            return match (1..=told.state.last_sequence).contains(&id) {
                true => taken,
                false => Err(none()),
            };
        }
        Err(error) => return Err(BrokerFault::away(error).into()),
    };
    let package = counter.opened(&message.subject, &message.payload);
    let package = package.filter(|package| package.kind == Kind::Amended);
    let package = package.ok_or_else(none)?;
    if !counter.hears_change((id, &package), &system).await? {
        return Err(none());
    }
    counter.tell(&package.station, &known(&package)).await?;
    stream.delete_message(id).await.map_err(BrokerFault::away)?;
    taken
}
