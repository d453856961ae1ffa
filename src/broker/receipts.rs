//! Task: what the office says of packages. A receipt counts as one out of an exchange folder does; it leaves the brokers once the store has it. One that
//! does not open waits there: the key that it was sealed to may come back.

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::fault::BrokerFault;
use super::package::Answer;
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
/// One that does not open comes back after so long.
const HELD: Duration = Duration::from_secs(60);
/// What readiness calls this station's sealing key.
const PART: &str = "office/key";
const KEY_UNKNOWN: &str = "seal_key_unknown";

/// Why a round ended early.
enum Ended {
    Fault(BrokerFault),
    Store(StoreError),
}

/// Runs until `stop`.
pub(super) async fn run(outside: &Outside, beat: &Beat, stop: &CancellationToken) {
    let (mut consumer, mut opened) = (None, 0);
    loop {
        beat.beat();
        let round = tokio::select! {
            () = stop.cancelled() => return,
            round = round(outside, (&mut consumer, &mut opened), beat) => round,
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
    (consumer, opened): (&mut Option<PullConsumer>, &mut u64),
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
        let taken = take(outside, &message, opened).await;
        let kind = taken.map_err(Ended::Store)?;
        message.ack_with(kind).await.map_err(fault)?;
    }
    Ok(())
}

/// What one receipt changes, and what becomes of it at the brokers. `opened` is the place of the last one that this key opened.
async fn take(
    outside: &Outside,
    message: &Message,
    opened: &mut u64,
) -> Result<AckKind, StoreError> {
    let place = message.info().map_or(0, |info| info.stream_sequence);
    let plain = outside.key.open(&message.payload, &outside.office.seal_to);
    let Some(plain) = plain else {
        // The office has sealed to this key since: the one before is out of use there.
        if place < *opened {
            aside(outside, "no_receipt", "sealed to another key than this");
            return Ok(AckKind::Term);
        }
        key_unknown(outside, "a receipt of the office does not open here");
        return Ok(AckKind::Nak(Some(HELD)));
    };
    let is_newest = place >= *opened;
    *opened = place.max(*opened);
    if Answer::is_unreadable(&plain) {
        if is_newest {
            key_unknown(
                outside,
                "the office cannot open what it gets under this station's name",
            );
        }
        return Ok(AckKind::Ack);
    }
    outside.handoff.readiness.ready(PART);
    let told = String::from_utf8(plain).ok();
    let Some(told) = told.and_then(|text| parse(&text, "json")) else {
        aside(outside, "no_receipt", "it is no receipt");
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

fn key_unknown(outside: &Outside, what: &str) {
    let station = &outside.office.station.0;
    let own = outside.key.public().0;
    let why = format!(
        "{what}: office.toml names another key for {station} than that of office.seal_key here ({own}), another station uses this name, or office.seal_to is not the office's key; drafts and receipts wait at the brokers"
    );
    let readiness = &outside.handoff.readiness;
    readiness.not_ready(PART, KEY_UNKNOWN, &why);
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
