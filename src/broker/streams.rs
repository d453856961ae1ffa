//! The streams and buckets by which stations and readers of one office speak to each other, and what is said under which name. They are made by whoever
//! runs the brokers (`laixin office`, or a test); a station only uses them.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::object_store::{self, ObjectStore};
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType};

/// What stations tell of their confirmed registrations, under `fingerprints.STATION`.
pub const FINGERPRINTS: &str = "FINGERPRINTS";
/// Pages to be read, under `reading.task.MODEL.STATION`; who has read one takes it out.
pub const READING: &str = "READING";
/// The bucket of these pages' bytes.
pub const PAGES: &str = "reading";
/// The bucket in which everybody says how it is, under `station.NAME` and `reader.NAME`.
pub const HEALTH: &str = "health";
/// The bucket of what is set for all stations, by its name.
pub const SHARED: &str = "shared";

/// What nobody has fetched for so long is gone: its station has read it long since.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// Versions of a shared setting that are kept.
const VERSIONS: i64 = 64;

/// Where a station tells of its registrations.
pub(super) fn fingerprints_of(station: &str) -> String {
    format!("fingerprints.{station}")
}

/// Whose subject that is.
pub(super) fn station_of(subject: &str) -> Option<&str> {
    subject.rsplit('.').next().filter(|name| !name.is_empty())
}

/// Where a station puts pages for readers of this model.
pub(super) fn task(model: &str, station: &str) -> String {
    format!("reading.task.{model}.{station}")
}

/// Where such readers look.
pub(super) fn tasks(model: &str) -> String {
    format!("reading.task.{model}.*")
}

/// Where readers answer a station.
pub(super) fn done(station: &str) -> String {
    format!("reading.done.{station}")
}

/// Makes what is missing, each on so many brokers.
///
/// # Errors
/// What the brokers say.
pub async fn make(
    jetstream: &jetstream::Context,
    replicas: usize,
) -> Result<(), async_nats::Error> {
    let plain = stream::Config {
        storage: StorageType::File,
        num_replicas: replicas,
        ..stream::Config::default()
    };
    let fingerprints = stream::Config {
        name: FINGERPRINTS.into(),
        subjects: vec![fingerprints_of("*")],
        ..plain.clone()
    };
    jetstream.get_or_create_stream(fingerprints).await?;
    let reading = stream::Config {
        name: READING.into(),
        subjects: vec!["reading.task.*.*".into()],
        retention: RetentionPolicy::WorkQueue,
        max_age: FORGOTTEN,
        ..plain
    };
    jetstream.get_or_create_stream(reading).await?;
    if jetstream.get_object_store(PAGES).await.is_err() {
        let pages = object_store::Config {
            bucket: PAGES.into(),
            max_age: FORGOTTEN,
            num_replicas: replicas,
            ..object_store::Config::default()
        };
        jetstream.create_object_store(pages).await?;
    }
    for (bucket, versions) in [(HEALTH, 1), (SHARED, VERSIONS)] {
        let stream = key_value(bucket, versions, replicas);
        jetstream.get_or_create_stream(stream).await?;
    }
    Ok(())
}

/// The stream that is a key-value bucket. Made by hand: `create_key_value` of async-nats 0.51 asks a broker before 2.10 what it does not read.
fn key_value(bucket: &str, versions: i64, replicas: usize) -> stream::Config {
    stream::Config {
        name: format!("KV_{bucket}"),
        subjects: vec![format!("$KV.{bucket}.>")],
        max_messages_per_subject: versions,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        num_replicas: replicas,
        ..stream::Config::default()
    }
}

/// The bucket of pages.
pub(super) async fn pages(
    jetstream: &jetstream::Context,
) -> Result<ObjectStore, async_nats::Error> {
    Ok(jetstream.get_object_store(PAGES).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_station() {
        assert_eq!(station_of(&fingerprints_of("desk-a")), Some("desk-a"));
        assert_eq!(station_of(&task("0a1b", "desk-a")), Some("desk-a"));
        assert_eq!(station_of("fingerprints."), None);
    }
}
