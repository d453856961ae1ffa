//! First or repeat across the office: what this station has confirmed goes out, what the others have confirmed comes in. Two loops; each goes on where it
//! was, after a cable, a broker or this station was away.
//!
//! What came in is compared with the drafts that are open here at once; while thousands come, after days away, once they are in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::Link;
use super::stations_key::StationsKey;
use super::streams::{FINGERPRINTS, fingerprints_of, station_of};
use crate::Chain;
use crate::events::{Event, Events};
use crate::health::Readiness;
use crate::store::{Db, Heard, Store, StoreError, TakenUpTo};

/// The part of the station that readiness tells this of.
pub(super) const PART: &str = "repeats";
/// Our ledger is looked at this often, besides whenever something happens.
const LOOK: Duration = Duration::from_secs(1);
/// Between two attempts after something went wrong.
const AGAIN: Duration = Duration::from_secs(2);
/// Kept in one transaction: others of this station who want the store wait so long.
const AT_ONCE: usize = 250;
/// Entries of the ledger, and of the stream, after which it is kept how far they were taken, though nothing was to be told or heard.
const UNKEPT: i64 = 5_000;

/// What it takes.
#[derive(Debug, Clone)]
pub(super) struct Fingerprints {
    pub(super) link: Link,
    pub(super) store: Store,
    pub(super) events: Events,
    pub(super) readiness: Readiness,
    pub(super) station: String,
    pub(super) key: StationsKey,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the stream of registrations cannot be used")]
    Broker(#[source] async_nats::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the stream of registrations ended")]
    Ended,
}

impl Trouble {
    fn broker(error: impl Into<async_nats::Error>) -> Self {
        Self::Broker(error.into())
    }
}

/// How far our ledger was told.
struct Told {
    /// Looked at so far.
    looked: i64,
    /// As it is kept in the store.
    kept: i64,
}

impl Fingerprints {
    /// Until the station stops.
    pub(super) async fn run(self, stop: CancellationToken) {
        // The stream was found to be another one: everything is told anew.
        let anew = AtomicBool::new(true);
        tokio::join!(self.tell(&anew, &stop), self.hear(&anew, &stop));
    }

    async fn tell(&self, anew: &AtomicBool, stop: &CancellationToken) {
        let mut events = self.events.listen();
        let mut told = Told { looked: 0, kept: 0 };
        let mut failed = false;
        loop {
            if let Err(trouble) = self.tell_all(&mut told, anew).await {
                if matches!(trouble, Trouble::Store(StoreError::Stopped)) {
                    return;
                }
                anew.store(true, Ordering::Relaxed);
                self.not_ready("registrations_not_told", &trouble);
                self.link.took(FINGERPRINTS, false).await;
                failed = true;
                if pause(AGAIN, stop).await.is_none() {
                    return;
                }
                continue;
            }
            if std::mem::take(&mut failed) {
                self.link.took(FINGERPRINTS, true).await;
                self.readiness.ready(PART);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                event = events.recv() => if event == Err(RecvError::Closed) { return },
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn tell_all(&self, told: &mut Told, anew: &AtomicBool) -> Result<(), Trouble> {
        if anew.swap(false, Ordering::Relaxed) {
            let kept = self.store.look(|db| db.told_up_to()).await?;
            *told = Told { looked: kept, kept };
        }
        loop {
            let after = told.looked;
            let news = self.store.look(move |db| db.to_tell(after)).await?;
            let Some((all, upto)) = news else {
                return Ok(());
            };
            let subject = fingerprints_of(&self.station);
            let mut under_way = Vec::with_capacity(all.len());
            for one in &all {
                let sealed = self.key.seal(&subject, &one.said.to_bytes());
                let sent = self.link.jetstream();
                let sent = sent.publish(subject.clone(), sealed.into()).await;
                under_way.push(sent.map_err(Trouble::broker)?);
            }
            for sent in under_way {
                sent.await.map_err(Trouble::broker)?;
            }
            if !all.is_empty() || upto - told.kept >= UNKEPT {
                let keep = self.store.with(move |db| db.told_elsewhere(&all, upto));
                keep.await?;
                told.kept = upto;
            }
            told.looked = upto;
        }
    }

    async fn hear(&self, anew: &AtomicBool, stop: &CancellationToken) {
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = self.hear_on(anew) => heard,
            };
            match heard {
                Err(Trouble::Store(StoreError::Stopped)) => return,
                Err(trouble) => self.not_ready("registrations_not_heard", &trouble),
                Ok(never) => match never {},
            }
            if pause(AGAIN, stop).await.is_none() {
                return;
            }
        }
    }

    async fn hear_on(&self, anew: &AtomicBool) -> Result<std::convert::Infallible, Trouble> {
        let stream = self.link.jetstream().get_stream(FINGERPRINTS).await;
        let stream = stream.map_err(Trouble::broker)?;
        let info = stream.cached_info();
        let made = info.created.unix_timestamp_nanos().to_string();
        let newest = i64::try_from(info.state.last_sequence).unwrap_or(i64::MAX);
        let mut taken = self.store.look(|db| db.stream_taken(FINGERPRINTS)).await?;
        if taken.made != made || taken.number > newest {
            let of = made.clone();
            let begun = self
                .store
                .with(move |db| db.begin_elsewhere_anew(FINGERPRINTS, &of));
            begun.await?;
            anew.store(true, Ordering::Relaxed);
            taken = TakenUpTo { made, number: 0 };
        }
        let from = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: taken.number.unsigned_abs() + 1,
            },
            ..OrderedConfig::default()
        };
        let consumer = stream
            .create_consumer(from)
            .await
            .map_err(Trouble::broker)?;
        let mut messages = consumer.messages().await.map_err(Trouble::broker)?;
        self.readiness.ready(PART);
        let mut is_behind = newest > taken.number;
        let mut kept = taken.number;
        loop {
            let first = messages.next().await.ok_or(Trouble::Ended)?;
            let mut batch = vec![first.map_err(Trouble::broker)?];
            while batch.len() < AT_ONCE
                && let Some(next) = messages.next().now_or_never()
            {
                batch.push(next.ok_or(Trouble::Ended)?.map_err(Trouble::broker)?);
            }
            let (heard, upto, waiting) = self.opened(&batch)?;
            taken.number = upto;
            // Of our own words nothing is kept but how far they went, now and then.
            if heard.is_empty() && waiting == 0 && upto - kept < UNKEPT {
                continue;
            }
            kept = upto;
            let heard = Arc::new(heard);
            let (rows, upto) = (heard.clone(), taken.clone());
            let keep = self
                .store
                .with(move |db| db.take_heard(FINGERPRINTS, &rows, &upto));
            keep.await?;
            is_behind |= waiting > 0;
            if waiting > 0 {
                continue;
            }
            match std::mem::take(&mut is_behind) {
                true => self.compare(|db, _| db.open_drafts(), &heard).await?,
                false => self.compare(Db::open_drafts_alike, &heard).await?,
            }
        }
    }

    /// What others said in these messages; the number of the last one, and how many wait behind it.
    fn opened(&self, batch: &[jetstream::Message]) -> Result<(Vec<Heard>, i64, u64), Trouble> {
        let mut heard = Vec::with_capacity(batch.len());
        let (mut upto, mut waiting) = (0, 0);
        for message in batch {
            let info = message.info().map_err(Trouble::Broker)?;
            upto = i64::try_from(info.stream_sequence).unwrap_or(i64::MAX);
            waiting = info.pending;
            let subject = message.subject.as_str();
            let Some(station) = station_of(subject).filter(|station| *station != self.station)
            else {
                continue;
            };
            let opened = self.key.open(subject, &message.payload);
            match opened.and_then(|bytes| Heard::of(station, bytes)) {
                Some(one) => heard.push(one),
                None => tracing::warn!(
                    station,
                    number = upto,
                    "what this station told of a registration cannot be opened: it has another stations_key, or a newer laixin"
                ),
            }
        }
        Ok((heard, upto, waiting))
    }

    /// Compares these open drafts again, each in a transaction of its own.
    async fn compare<F>(&self, which: F, heard: &Arc<Vec<Heard>>) -> Result<(), Trouble>
    where
        F: FnOnce(&Db, &[Heard]) -> Result<Vec<String>, StoreError> + Send + 'static,
    {
        let heard = heard.clone();
        let open = self.store.look(move |db| which(db, &heard)).await?;
        for letter in open {
            let of = letter.clone();
            let compared = self
                .store
                .with(move |db| db.compare_again(&of, "another station"));
            if compared.await? {
                self.events.tell(Event::Letter {
                    letter,
                    what: "compared_again".into(),
                });
            }
        }
        Ok(())
    }

    fn not_ready(&self, code: &str, trouble: &Trouble) {
        let why = format!(
            "{}; letters are compared with those of this station meanwhile",
            Chain(trouble)
        );
        self.readiness.not_ready(PART, code, &why);
    }
}

/// `None` at a stop.
async fn pause(time: Duration, stop: &CancellationToken) -> Option<()> {
    tokio::select! {
        () = stop.cancelled() => None,
        () = tokio::time::sleep(time) => Some(()),
    }
}
