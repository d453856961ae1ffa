//! How the other stations and readers of the office are: each says it every few seconds, everybody hears it. Who has been silent for a while is told as
//! silent; no clock but our own is asked.
//!
//! Said in the clear: names, codes and counts, nothing of any letter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::kv::{Operation, Store as Bucket};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::streams::HEALTH;
use crate::{Chain, clock};

/// Everybody says this often how he is.
const EVERY: Duration = Duration::from_secs(3);
/// Who says nothing for so long is silent.
const SILENT: Duration = Duration::from_secs(12);
/// Between two attempts after something went wrong.
const AGAIN: Duration = Duration::from_secs(2);
/// What is longer is no word of ours.
const LONGEST: usize = 64 * 1024;

/// What somebody is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = NeighbourKind)]
pub enum Kind {
    /// A station.
    Station,
    /// A reader.
    Reader,
}

impl Kind {
    /// As keys and figures name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Reader => "reader",
        }
    }
}

/// What somebody says of himself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Of which laixin it is.
    pub version: String,
    /// Engine and models that it reads with, once they are loaded.
    pub engine: Option<String>,
    /// Its parts; of one that is not ready the code of why.
    pub parts: BTreeMap<String, Option<String>>,
    /// Pages that wait to be read.
    pub unread: u64,
    /// Drafts that wait for somebody.
    pub drafts: u64,
    /// Bytes free where its letters lie.
    pub free_bytes: Option<u64>,
}

/// Somebody of the office, and what was heard of him last.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// What he is.
    pub kind: Kind,
    /// His name.
    pub name: String,
    /// What he said last.
    pub word: Word,
    /// How long ago; `None`: nothing since this station began to listen.
    pub heard: Option<Duration>,
}

impl Neighbour {
    /// He has said something lately.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.heard.is_some_and(|ago| ago < SILENT)
    }
}

type Known = BTreeMap<(Kind, String), (Word, Option<Instant>)>;

/// Everybody who was heard of; cloning gives another handle to the same.
#[derive(Debug, Clone, Default)]
pub struct Neighbours(Arc<Mutex<Known>>);

impl Neighbours {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing is left half done under it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody, stations first.
    #[must_use]
    pub fn all(&self) -> Vec<Neighbour> {
        let now = clock::monotonic();
        let known = self.known();
        let all = known.iter().map(|((kind, name), (word, heard))| Neighbour {
            kind: *kind,
            name: name.clone(),
            word: word.clone(),
            heard: heard.map(|at| now.saturating_duration_since(at)),
        });
        all.collect()
    }

    /// How many readers are there that read as this engine does.
    #[must_use]
    pub fn readers_with(&self, engine: &str) -> usize {
        let all = self.all().into_iter();
        all.filter(|one| one.kind == Kind::Reader && one.is_there())
            .filter(|one| one.word.engine.as_deref() == Some(engine))
            .count()
    }

    /// Those who are there and read, but otherwise than this engine does.
    #[must_use]
    pub fn reading_otherwise(&self, engine: &str) -> Vec<Neighbour> {
        let mut all = self.all();
        all.retain(|one| one.is_there());
        all.retain(|one| {
            one.word
                .engine
                .as_deref()
                .is_some_and(|other| other != engine)
        });
        all
    }

    /// Somebody says that he reads with this engine.
    #[cfg(test)]
    pub(crate) fn meets(&self, key: &str, engine: &str) {
        self.said(key, Some(&tests::word(Some(engine))), true);
    }

    fn said(&self, key: &str, said: Option<&[u8]>, is_new: bool) {
        let of = key.split_once('.').and_then(|(kind, name)| {
            let kind = match kind {
                "station" => Kind::Station,
                "reader" => Kind::Reader,
                _ => return None,
            };
            Some((kind, name.to_owned()))
        });
        let Some(of) = of else { return };
        let word = said.filter(|said| said.len() <= LONGEST);
        let word = word.and_then(|said| serde_json::from_slice(said).ok());
        match word {
            None => self.known().remove(&of),
            Some(word) => self
                .known()
                .insert(of, (word, is_new.then(clock::monotonic))),
        };
    }
}

/// Says every few seconds how one is, and hears how the others are, until the stop.
pub(super) async fn run<F, W>(
    jetstream: jetstream::Context,
    (kind, name): (Kind, String),
    neighbours: Neighbours,
    how: F,
    stop: CancellationToken,
) where
    F: Fn() -> W,
    W: Future<Output = Option<Word>>,
{
    let key = format!("{}.{name}", kind.word());
    loop {
        let met = async {
            let bucket = jetstream.get_key_value(HEALTH).await?;
            tokio::try_join!(say(&bucket, &key, &how), hear(&bucket, &neighbours)).map(drop)
        };
        tokio::select! {
            () = stop.cancelled() => return,
            ended = met => if let Err(error) = ended {
                tracing::debug!(error = %Chain(error.as_ref()), "the others of the office are not heard");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn say<F, W>(bucket: &Bucket, key: &str, how: F) -> Result<(), async_nats::Error>
where
    F: Fn() -> W,
    W: Future<Output = Option<Word>>,
{
    loop {
        if let Some(word) = how().await {
            let word = serde_json::to_vec(&word).expect("plain values have a JSON form");
            bucket.put(key, word.into()).await?;
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn hear(bucket: &Bucket, neighbours: &Neighbours) -> Result<(), async_nats::Error> {
    let mut watch = bucket.watch_with_history(">").await?;
    // What lay there may be of somebody who is long gone.
    let mut is_new = false;
    while let Some(entry) = watch.next().await {
        let entry = entry?;
        let said = (entry.operation == Operation::Put).then_some(entry.value.as_ref());
        neighbours.said(&entry.key, said, is_new);
        is_new |= entry.delta == 0;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn word(engine: Option<&str>) -> Vec<u8> {
        let word = Word {
            version: "1".into(),
            engine: engine.map(str::to_owned),
            parts: BTreeMap::new(),
            unread: 0,
            drafts: 0,
            free_bytes: None,
        };
        serde_json::to_vec(&word).unwrap()
    }

    #[test]
    fn readers_of_another_model_are_told_apart() {
        let all = Neighbours::default();
        all.said("reader.r1", Some(&word(Some("a"))), true);
        all.said("reader.r2", Some(&word(Some("b"))), true);
        all.said("reader.r3", Some(&word(None)), true);
        all.said("station.s1", Some(&word(Some("a"))), true);
        assert_eq!(all.readers_with("a"), 1);
        let otherwise = all.reading_otherwise("a");
        assert_eq!(otherwise.len(), 1);
        assert_eq!(otherwise[0].name, "r2");
    }

    #[test]
    fn what_lay_there_before_says_nothing_of_now() {
        let all = Neighbours::default();
        all.said("reader.r1", Some(&word(Some("a"))), false);
        assert_eq!((all.readers_with("a"), all.all().len()), (0, 1));
        all.said("reader.r1", Some(&word(Some("a"))), true);
        assert_eq!(all.readers_with("a"), 1);
    }

    #[test]
    fn nonsense_is_nobody() {
        let all = Neighbours::default();
        all.said("reader.r1", Some(&word(Some("a"))), true);
        all.said("reader.r1", Some(b"nonsense"), true);
        all.said("r1", Some(&word(None)), true);
        all.said("king.r1", Some(&word(None)), true);
        all.said("station.s1", None, true);
        assert_eq!(all.all(), []);
    }
}
