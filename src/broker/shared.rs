//! Roster, deadlines and access lists that all stations of an office share: set at one of them by two people, believed by the others only so, in force at every one.
//! The brokers keep the versions; each station has the last good one in its own ledger, and goes on with it when the cable is out.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, kv};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use super::stations_key::StationsKey;
use super::streams::SHARED;
use crate::config::Settings;
use crate::domain::access::Lists;
use crate::domain::deadline::Profile;
use crate::domain::roster::Roster;
use crate::health::Readiness;
use crate::office::{self, Preview};
use crate::store::{Db, OfficeSetting, Shared, Store, StoreError};
use crate::{Chain, clock};

/// The part of the station that readiness tells this of.
pub const PART: &str = "shared_settings";
/// Between two attempts after something went wrong.
const AGAIN: Duration = Duration::from_secs(2);

/// What was set, by whom, where.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Set {
    value: Value,
    station: String,
    by: String,
    approved_by: String,
    at: String,
}

/// Why a setting was not put in force everywhere; it is in force nowhere then.
#[derive(Debug, thiserror::Error)]
pub enum NotShared {
    /// Another station has set it meanwhile.
    #[error("another station has set it meanwhile")]
    Overtaken,
    /// No broker has taken it.
    #[error("the brokers do not answer")]
    Unreachable(#[source] async_nats::Error),
}

/// Why what the brokers have is not put in force; the last good one stays.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("it was not sealed with the stations' key, or for another setting")]
    NotSealed,
    #[error("two people have to set it, and it names one")]
    OnePerson,
    #[error("it is no {0}")]
    Nonsense(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a setting of all stations is set.
pub trait SetsForAll: std::fmt::Debug + Send + Sync {
    /// Puts a setting into the bucket, over the version that was looked at (`None`: there was none) and no other. The new version's place; whoever set it has the turn until it is
    /// in force here, too.
    ///
    /// # Errors
    /// [`NotShared`].
    fn set<'a>(
        &'a self,
        over: (OfficeSetting, Option<Shared>),
        value: Value,
        by: (&'a str, &'a str),
    ) -> BoxFuture<'a, Result<(Shared, OwnedMutexGuard<()>), NotShared>>;
}

/// What shared settings take; cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct SharedSettings {
    pub(super) jetstream: jetstream::Context,
    pub(super) settings: Arc<Settings>,
    pub(super) store: Store,
    pub(super) readiness: Readiness,
    pub(super) station: String,
    pub(super) key: StationsKey,
    /// One change at a time.
    pub(super) turn: Arc<Mutex<()>>,
}

fn name(setting: OfficeSetting) -> &'static str {
    match setting {
        OfficeSetting::Roster => "roster",
        OfficeSetting::Deadlines => "deadlines",
        OfficeSetting::Lists => "lists",
    }
}

fn of(name: &str) -> Option<OfficeSetting> {
    [
        OfficeSetting::Roster,
        OfficeSetting::Deadlines,
        OfficeSetting::Lists,
    ]
    .into_iter()
    .find(|setting| self::name(*setting) == name)
}

impl SetsForAll for SharedSettings {
    fn set<'a>(
        &'a self,
        over: (OfficeSetting, Option<Shared>),
        value: Value,
        by: (&'a str, &'a str),
    ) -> BoxFuture<'a, Result<(Shared, OwnedMutexGuard<()>), NotShared>> {
        Box::pin(self.put(over, value, by))
    }
}

impl SharedSettings {
    async fn put(
        &self,
        (setting, known): (OfficeSetting, Option<Shared>),
        value: Value,
        (by, approved_by): (&str, &str),
    ) -> Result<(Shared, OwnedMutexGuard<()>), NotShared> {
        let turn = self.turn.clone().lock_owned().await;
        let set = Set {
            value,
            station: self.station.clone(),
            by: by.to_owned(),
            approved_by: approved_by.to_owned(),
            at: clock::now().rfc3339(),
        };
        let unreachable = |error: async_nats::Error| NotShared::Unreachable(error);
        let text = serde_json::to_vec(&set).map_err(|error| unreachable(error.into()))?;
        let bucket = self.bucket().await.map_err(unreachable)?;
        let made = made(&bucket);
        let over = known
            .filter(|known| known.made == made)
            .map_or(0, |known| known.version);
        let sealed = self.key.seal(&format!("{SHARED}.{}", name(setting)), &text);
        let over = match self.nonsense(&bucket, setting).await.map_err(unreachable)? {
            Some(revision) => revision,
            None => over.unsigned_abs(),
        };
        let put = bucket.update(name(setting), sealed.into(), over).await;
        let version = put.map_err(|error| match error.kind() {
            kv::UpdateErrorKind::WrongLastRevision => NotShared::Overtaken,
            _ => unreachable(error.into()),
        })?;
        let version = Shared {
            made,
            version: i64::try_from(version).unwrap_or(i64::MAX),
        };
        Ok((version, turn))
    }

    /// The entry of a setting that no station of this office can have set: it is in force nowhere, and a new one goes over it.
    async fn nonsense(
        &self,
        bucket: &kv::Store,
        setting: OfficeSetting,
    ) -> Result<Option<u64>, async_nats::Error> {
        let entry = bucket.entry(name(setting)).await?;
        let entry = entry.filter(|entry| entry.operation == kv::Operation::Put);
        let other = entry.filter(|entry| self.opened(setting, &entry.value).is_err());
        Ok(other.map(|entry| entry.revision))
    }

    /// What two people set at some station.
    fn opened(&self, setting: OfficeSetting, sealed: &[u8]) -> Result<Set, Refused> {
        let text = self
            .key
            .open(&format!("{SHARED}.{}", name(setting)), sealed)
            .ok_or(Refused::NotSealed)?;
        let set: Set = serde_json::from_slice(&text).map_err(|_| Refused::Nonsense("setting"))?;
        let is_two = !set.by.is_empty() && !set.approved_by.is_empty() && set.by != set.approved_by;
        is_two.then_some(set).ok_or(Refused::OnePerson)
    }

    async fn bucket(&self) -> Result<kv::Store, async_nats::Error> {
        Ok(self.jetstream.get_key_value(SHARED).await?)
    }

    /// Puts in force what others set, until the station stops.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let followed = tokio::select! {
                () = stop.cancelled() => return,
                followed = self.follow() => followed,
            };
            if let Err(error) = followed {
                let why = format!(
                    "shared settings are not heard of: {}; the last ones stay in force",
                    Chain(error.as_ref())
                );
                self.readiness.not_ready(PART, "not_heard", &why);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    async fn follow(&self) -> Result<(), async_nats::Error> {
        let bucket = self.bucket().await?;
        let made = made(&bucket);
        let mut watch = bucket.watch_with_history(">").await?;
        self.readiness.ready(PART);
        while let Some(entry) = watch.next().await {
            let entry = entry?;
            let Some(setting) = of(&entry.key).filter(|_| entry.operation == kv::Operation::Put)
            else {
                continue;
            };
            let version = Shared {
                made: made.clone(),
                version: i64::try_from(entry.revision).unwrap_or(i64::MAX),
            };
            match self.take(setting, &entry.value, version).await {
                Ok(()) => self.readiness.ready(PART),
                Err(Refused::Store(error)) => return Err(error.into()),
                Err(refused) => {
                    let why = format!(
                        "{} of all stations: {refused}; the last good one stays in force",
                        entry.key
                    );
                    self.readiness.not_ready(PART, "setting_refused", &why);
                }
            }
        }
        Err("the bucket of shared settings ended".into())
    }

    async fn take(
        &self,
        setting: OfficeSetting,
        sealed: &[u8],
        version: Shared,
    ) -> Result<(), Refused> {
        let _turn = self.turn.lock().await;
        let known = self.store.look(move |db| db.shared(setting)).await?;
        if known.is_some_and(|known| known.made == version.made && known.version >= version.version)
        {
            return Ok(());
        }
        let set = self.opened(setting, sealed)?;
        let by = format!("{}/{}", set.station, set.by);
        let approved_by = format!("{}/{}", set.station, set.approved_by);
        match setting {
            OfficeSetting::Roster => {
                self.take_roster(set.value, version, (by, approved_by))
                    .await
            }
            OfficeSetting::Deadlines => {
                self.take_deadlines(set.value, version, (by, approved_by))
                    .await
            }
            OfficeSetting::Lists => self.take_lists(set.value, version, (by, approved_by)).await,
        }
    }

    async fn take_roster(
        &self,
        value: Value,
        version: Shared,
        (by, approved_by): (String, String),
    ) -> Result<(), Refused> {
        let roster: Roster =
            serde_json::from_value(value).map_err(|_| Refused::Nonsense("roster"))?;
        if roster.fault().is_some() {
            return Err(Refused::Nonsense("roster"));
        }
        let looked_at = roster.clone();
        let letters_of = |found: Preview| {
            found
                .letters
                .into_iter()
                .map(|moved| moved.letter)
                .collect()
        };
        let look = move |db: &Db| office::roster_preview(db, &looked_at).map(letters_of);
        let letters: Vec<String> = office::beside(&self.settings, look).await?;
        let set = self.store.with(move |db| {
            db.set_roster(Some(&roster), &letters, (&by, Some(&approved_by)))?;
            db.note_shared(OfficeSetting::Roster, &version)
        });
        Ok(set.await?)
    }

    async fn take_lists(
        &self,
        value: Value,
        version: Shared,
        (by, approved_by): (String, String),
    ) -> Result<(), Refused> {
        let lists: Lists = serde_json::from_value(value).map_err(|_| Refused::Nonsense("list"))?;
        let set = self.store.with(move |db| {
            db.set_lists(&lists, (&by, Some(&approved_by)))?;
            db.note_shared(OfficeSetting::Lists, &version)
        });
        Ok(set.await?)
    }

    async fn take_deadlines(
        &self,
        value: Value,
        version: Shared,
        (by, approved_by): (String, String),
    ) -> Result<(), Refused> {
        let profile: Profile =
            serde_json::from_value(value).map_err(|_| Refused::Nonsense("profile of deadlines"))?;
        let set = self.store.with(move |db| {
            db.set_deadlines(Some(&profile), (&by, Some(&approved_by)))?;
            db.note_shared(OfficeSetting::Deadlines, &version)
        });
        Ok(set.await?)
    }
}

/// Which bucket of that name it is.
fn made(bucket: &kv::Store) -> String {
    let info = bucket.stream.cached_info();
    info.created.unix_timestamp_nanos().to_string()
}
