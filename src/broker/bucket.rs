//! Buckets of keys and values: streams of a known form. Made by hand, since the client asks the brokers for what Debian's (2.9) do not tell.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::{Config, DiscardPolicy};

use super::fault::BrokerFault;

/// A second publish within this time is known by its id; no bucket uses one.
const SAME_WITHIN: Duration = Duration::from_secs(120);

/// The bucket of this name; made where it is missing. Entries are kept for `max_age`, zero: for ever.
///
/// # Errors
/// [`BrokerFault`] when the brokers do not answer, or this side may not make it.
pub async fn bucket(
    jetstream: &Context,
    name: &str,
    (max_age, num_replicas): (Duration, usize),
) -> Result<Store, BrokerFault> {
    if let Ok(found) = jetstream.get_key_value(name).await {
        return Ok(found);
    }
    let config = Config {
        name: format!("KV_{name}"),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        max_age,
        num_replicas,
        discard: DiscardPolicy::New,
        duplicate_window: SAME_WITHIN,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        ..Config::default()
    };
    let made = jetstream.get_or_create_stream(config).await;
    made.map_err(BrokerFault::away)?;
    let found = jetstream.get_key_value(name).await;
    found.map_err(BrokerFault::away)
}
