//! The streams, buckets and consumers of an office. Made by the office, which alone may: a station can publish under its own name and read its
//! own receipts, and cannot make itself a consumer of anybody else's.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::object_store;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, Stream};

use super::settings::CounterSettings;
use crate::broker::bucket::bucket;
use crate::broker::fault::BrokerFault;
use crate::broker::names;

/// A message that comes again within this time is known by its id.
const SAME_WITHIN: Duration = Duration::from_secs(2 * 3600);
/// Drafts in case systems' hands at once at most.
const IN_HAND: i64 = 100_000;
/// An answer may be asked for again for so long.
const ANSWERS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// Who was handed a draft and under which number it is registered is known for so long: no draft comes again after that.
const RECORDS_KEPT: Duration = Duration::from_secs(180 * 24 * 3600);
/// Alerts lie there for so long.
const ALERTS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// A notice that no process of the office has worked through comes again after so long.
const NOTICE_WAIT: Duration = Duration::from_secs(30);
/// A receipt that a station has not taken comes again after so long.
const RECEIPT_WAIT: Duration = Duration::from_secs(60);
const MB: i64 = 1 << 20;

/// What the office works with.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    pub(super) drafts: Stream,
    pub(super) notices: Stream,
    pub(super) alerts: Stream,
    pub(super) claims: PullConsumer,
    pub(super) withdrawn: PullConsumer,
    pub(super) registered: Store,
    pub(super) handed: Store,
    pub(super) answers: Store,
}

impl Streams {
    /// Finds them, and makes what is missing.
    ///
    /// # Errors
    /// [`BrokerFault`] when the brokers do not answer, or have it otherwise.
    pub(super) async fn of(
        jetstream: &Context,
        settings: &CounterSettings,
    ) -> Result<Self, BrokerFault> {
        let own = &settings.office;
        let replicas = usize::try_from(own.replicas.0).expect("five at most");
        let stream = async |name: &str, subjects: Vec<String>, more: Config| {
            let config = Config {
                name: name.into(),
                subjects,
                num_replicas: replicas,
                discard: DiscardPolicy::New,
                duplicate_window: SAME_WITHIN,
                ..more
            };
            let found = jetstream.get_or_create_stream(config.clone()).await;
            let found = found.map_err(BrokerFault::away)?;
            let has = &found.cached_info().config;
            let as_set = has.max_messages == config.max_messages.max(-1)
                || has.max_messages <= 0 && config.max_messages <= 0;
            if !as_set || has.num_replicas != replicas {
                let changed = Config {
                    max_messages: config.max_messages,
                    num_replicas: replicas,
                    ..has.clone()
                };
                let changed = jetstream.update_stream(changed).await;
                changed.map_err(BrokerFault::away)?;
            }
            Ok::<_, BrokerFault>(found)
        };
        let queue = || Config {
            retention: RetentionPolicy::WorkQueue,
            ..Config::default()
        };
        let bytes = |mb: u64| i64::try_from(mb).expect("limited by the settings") * MB;
        let newest_only = Config {
            // What comes of a letter takes the place of what came before.
            max_messages_per_subject: 1,
            max_messages: i64::try_from(own.drafts_most.0).expect("limited by the settings"),
            ..queue()
        };
        let drafts = stream(
            names::DRAFTS,
            vec![format!("{}.*.*", names::DRAFTS)],
            newest_only,
        );
        let drafts = drafts.await?;
        let subjects = vec![format!("{}.*.*", names::NOTICES)];
        let notices = stream(names::NOTICES, subjects, queue()).await?;
        let kept = Config {
            max_age: ALERTS_KEPT,
            ..Config::default()
        };
        let alerts = stream(names::ALERTS, vec![format!("{}.*", names::ALERTS)], kept).await?;
        let receipts = stream(
            names::RECEIPTS,
            vec![format!("{}.*", names::RECEIPTS)],
            queue(),
        );
        let receipts = receipts.await?;
        for station in &settings.stations {
            let name = station.name.0.as_str();
            let of = names::receipts(name);
            consumer(&receipts, (name, of), (RECEIPT_WAIT, 1000)).await?;
            let days = own.pages_days.0 * 24 * 3600;
            pages(jetstream, name, (days, bytes(own.pages_mb.0), replicas)).await?;
        }
        // What stations and readers say to each other; the office has no part in it.
        let others = crate::broker::streams::make(jetstream, replicas).await;
        others.map_err(BrokerFault::away)?;
        let lease = Duration::from_secs(own.lease_seconds.0);
        let all = format!("{}.*.*", names::DRAFTS);
        let withdrawn = format!("{}.*.{}", names::NOTICES, names::WITHDRAWN);
        // Stations only look and write there; nobody makes it but the office.
        bucket(jetstream, names::PRESENT, (Duration::ZERO, replicas)).await?;
        Ok(Self {
            claims: consumer(&drafts, (names::CLAIMS, all), (lease, IN_HAND)).await?,
            withdrawn: consumer(&notices, (names::WITHDRAWN, withdrawn), (NOTICE_WAIT, 1000))
                .await?,
            registered: bucket(jetstream, names::REGISTERED, (RECORDS_KEPT, replicas)).await?,
            handed: bucket(jetstream, names::HANDED, (RECORDS_KEPT, replicas)).await?,
            answers: bucket(jetstream, names::ANSWERS, (ANSWERS_KEPT, replicas)).await?,
            drafts,
            notices,
            alerts,
        })
    }
}

async fn consumer(
    stream: &Stream,
    (name, filter): (&str, String),
    (wait, most): (Duration, i64),
) -> Result<PullConsumer, BrokerFault> {
    let config = pull::Config {
        durable_name: Some(name.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: wait,
        max_ack_pending: most,
        filter_subject: filter,
        ..pull::Config::default()
    };
    // Made anew with the same name it is that one, with what the settings say now.
    let made = stream.create_consumer(config).await;
    made.map_err(BrokerFault::away)
}

async fn pages(
    jetstream: &Context,
    station: &str,
    (seconds, max_bytes, num_replicas): (u64, i64, usize),
) -> Result<(), BrokerFault> {
    let bucket = names::pages(station);
    if let Ok(found) = jetstream.get_stream(format!("OBJ_{bucket}")).await {
        let has = &found.cached_info().config;
        let wanted = Config {
            max_age: Duration::from_secs(seconds),
            max_bytes,
            num_replicas,
            ..has.clone()
        };
        if *has != wanted {
            let changed = jetstream.update_stream(wanted).await;
            changed.map_err(BrokerFault::away)?;
        }
        return Ok(());
    }
    let config = object_store::Config {
        bucket,
        max_age: Duration::from_secs(seconds),
        max_bytes,
        num_replicas,
        ..object_store::Config::default()
    };
    let made = jetstream.create_object_store(config).await;
    made.map(drop).map_err(BrokerFault::away)
}
