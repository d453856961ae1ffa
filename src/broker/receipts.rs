//! Task: what the office says of packages. A receipt counts as one out of an exchange folder does; it leaves the brokers once the store has it.

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::fault::BrokerFault;
use super::{Outside, names};
use crate::Chain;
use crate::events::Event;
use crate::handoff::answer::{self, Refusal};
use crate::handoff::receipts::parse;
use crate::sd_notify::Beat;
use crate::store::{BROKERS, StoreError};

/// Receipts taken in one go.
const AT_ONCE: usize = 100;
/// For so long the brokers hold a question for receipts open.
const OPEN: Duration = Duration::from_secs(2);
/// A receipt for a letter that a restored station has not scanned in again comes back after so long.
const LATER: Duration = Duration::from_secs(300);

/// Why a round ended early.
enum Ended {
    Fault(BrokerFault),
    Store(StoreError),
}

/// Runs until `stop`.
pub(super) async fn run(outside: &Outside, beat: &Beat, stop: &CancellationToken) {
    let mut consumer = None;
    loop {
        beat.beat();
        let round = tokio::select! {
            () = stop.cancelled() => return,
            round = round(outside, &mut consumer, beat) => round,
        };
        match round {
            Ok(()) => continue,
            Err(Ended::Store(StoreError::Stopped)) => return,
            Err(Ended::Store(error)) => {
                tracing::error!(error = %Chain(&error), "receipts cannot be taken; it is tried again");
            }
            Err(Ended::Fault(fault)) => {
                tracing::debug!(fault = %Chain(&fault), "no receipts from the brokers just now");
                consumer = None;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(super::EVERY) => {}
        }
    }
}

async fn round(
    outside: &Outside,
    consumer: &mut Option<PullConsumer>,
    beat: &Beat,
) -> Result<(), Ended> {
    let fault = |error: async_nats::Error| Ended::Fault(BrokerFault::away(error));
    if consumer.is_none() {
        let station = outside.office.station.0.as_str();
        let asked = outside.link.jetstream();
        let found = asked.get_consumer_from_stream(station, names::RECEIPTS);
        *consumer = Some(found.await.map_err(|error| fault(error.into()))?);
    }
    let consumer = consumer.as_ref().expect("it was just found");
    let asked = consumer.batch().max_messages(AT_ONCE).expires(OPEN);
    let mut came = asked
        .messages()
        .await
        .map_err(|error| fault(error.into()))?;
    let patience = OPEN + Duration::from_secs(5);
    while let Some(message) = tokio::time::timeout(patience, came.next())
        .await
        .map_err(|late| fault(late.into()))?
    {
        beat.beat();
        let message = message.map_err(fault)?;
        let kind = take(outside, &message).await.map_err(Ended::Store)?;
        message.ack_with(kind).await.map_err(fault)?;
    }
    Ok(())
}

/// What one receipt changes, and what becomes of it at the brokers.
async fn take(outside: &Outside, message: &Message) -> Result<AckKind, StoreError> {
    let opened = outside.key.open(&message.payload, &outside.office.seal_to);
    let told = opened
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| parse(&text, "json"));
    let Some(told) = told else {
        aside(
            outside,
            "no_receipt",
            "not sealed by the office, or no receipt",
        );
        return Ok(AckKind::Term);
    };
    match answer::take(&outside.handoff, BROKERS, told).await? {
        Ok(()) => Ok(AckKind::Ack),
        Err(Refusal { code, why, .. }) => {
            aside(outside, code, &why);
            Ok(match code {
                "letter_missing" => AckKind::Nak(Some(LATER)),
                _ => AckKind::Ack,
            })
        }
    }
}

fn aside(outside: &Outside, code: &str, why: &str) {
    tracing::warn!(
        channel = BROKERS,
        code,
        why,
        "a receipt from the office changes nothing: look at it"
    );
    outside.handoff.events.tell(Event::Alert {
        code: "receipt_set_aside".into(),
        subject: BROKERS.to_owned(),
    });
}
