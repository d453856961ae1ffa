//! What a station does together with the others of its office: tells and hears of registrations, lends pages, shares settings, says how it is. Each goes
//! its own way; none is on a letter's way.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use super::fingerprints::{self, Fingerprints};
use super::lend::Carrier;
use super::neighbours::{self, Kind, Neighbours, Word};
use super::shared::{SetsForAll, SharedSettings};
use super::stations_key::StationsKey;
use super::{Link, lend, shared};
use crate::Chain;
use crate::check::room_of;
use crate::config::{Office, Settings};
use crate::events::Events;
use crate::health::Readiness;
use crate::store::Store;

/// The others, as the rest of the station knows them; cloning gives another handle to the same.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// How they are.
    pub neighbours: Neighbours,
    shared: Arc<OnceLock<Arc<dyn SetsForAll>>>,
    engine: Arc<OnceLock<String>>,
}

impl Others {
    /// Where settings of all stations are set, once there is a connection.
    #[must_use]
    pub fn shared(&self) -> Option<&dyn SetsForAll> {
        self.shared.get().map(AsRef::as_ref)
    }

    /// This station reads with this engine.
    pub fn reads_with(&self, engine: &str) {
        // Loaded again, it is the same.
        let _ = self.engine.set(engine.to_owned());
    }
}

/// What it takes.
#[derive(Debug)]
pub struct Together {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// Who wants to know.
    pub events: Events,
    /// Where each part says whether it works.
    pub readiness: Readiness,
    /// What is known of the others.
    pub others: Others,
    /// Pages that go to readers, where the settings have any.
    pub carrier: Option<Carrier>,
}

/// Until the station stops; nothing without `[office]`.
pub(super) async fn run(together: Together, stop: CancellationToken) {
    let Some(office) = together.settings.office.clone() else {
        return;
    };
    let Together {
        settings,
        store,
        events,
        readiness,
        others,
        carrier,
    } = together;
    let key = stations_key(&office, &readiness);
    let station = office.station.0.clone();
    let established = Link::established(&office.brokers, &station, (&readiness, &stop));
    let Some(link) = established.await else {
        return;
    };
    let jetstream = link.jetstream().clone();
    let mut tasks = Vec::new();
    let kept = (link.clone(), readiness.clone(), stop.clone());
    tasks.push(tokio::spawn(async move {
        let (link, readiness, stop) = kept;
        link.keep(&readiness, &stop).await;
    }));
    if let Some(key) = key {
        let fingerprints = Fingerprints {
            link: link.clone(),
            store: store.clone(),
            events,
            readiness: readiness.clone(),
            station: station.clone(),
            key: key.clone(),
        };
        tasks.push(tokio::spawn(fingerprints.run(stop.clone())));
        if office.shared_settings {
            let shared = SharedSettings {
                jetstream: jetstream.clone(),
                settings: settings.clone(),
                store: store.clone(),
                readiness: readiness.clone(),
                station: station.clone(),
                key,
                turn: Arc::default(),
            };
            let _ = others.shared.set(Arc::new(shared.clone()));
            tasks.push(tokio::spawn(shared.run(stop.clone())));
        }
    }
    if let Some(carrier) = carrier {
        tasks.push(tokio::spawn(carrier.run(
            link.clone(),
            station.clone(),
            readiness.clone(),
            stop.clone(),
        )));
    }
    let how = || how(&settings, &store, &readiness, &others);
    neighbours::run(
        jetstream,
        (Kind::Station, station),
        others.neighbours.clone(),
        how,
        stop,
    )
    .await;
    for task in tasks {
        if task.await.is_err() {
            tracing::error!("a task with the office's brokers ended by a defect");
        }
    }
}

fn stations_key(office: &Office, readiness: &Readiness) -> Option<StationsKey> {
    let read = StationsKey::read(office.stations_key.as_ref()?);
    match read {
        Ok(key) => Some(key),
        Err(fault) => {
            for part in [fingerprints::PART, shared::PART] {
                let why = format!(
                    "office.stations_key: {}; restart the station once it is mended",
                    Chain(&fault)
                );
                readiness.not_ready(part, "key_missing", &why);
            }
            None
        }
    }
}

/// How this station is; `None` while its store does not say.
async fn how(
    settings: &Settings,
    store: &Store,
    readiness: &Readiness,
    others: &Others,
) -> Option<Word> {
    let counts = store.look(|db| db.counts()).await.ok()?;
    let counted = |of: &str, states: &[&str]| -> u64 {
        let found = counts
            .iter()
            .filter(|(what, state, _)| *what == of && states.contains(&state.as_str()));
        found.map(|(.., count)| count.unsigned_abs()).sum()
    };
    let engine = others.engine.get();
    if let (Some(engine), Some(_)) = (engine, lend::of(settings.office.as_ref())) {
        warn_of_others(engine, others, readiness);
    }
    let parts = readiness.parts().into_iter();
    Some(Word {
        version: env!("CARGO_PKG_VERSION").into(),
        engine: engine.cloned(),
        parts: parts
            .map(|(part, why)| (part, why.map(|why| why.code)))
            .collect::<BTreeMap<_, _>>(),
        unread: counted("pages", &["unread"]),
        drafts: counted("drafts", &["open", "unconfirmed"]),
        free_bytes: room_of(&settings.station.data_dir).map(|(free, _)| free),
    })
}

/// A reader with another model gets nothing from here: somebody should know.
fn warn_of_others(engine: &str, others: &Others, readiness: &Readiness) {
    let mut all = others.neighbours.reading_otherwise(engine);
    all.retain(|one| one.kind == Kind::Reader);
    let Some(other) = all.first() else {
        if others.neighbours.readers_with(engine) > 0 {
            readiness.ready(lend::PART);
        }
        return;
    };
    let why = format!(
        "reader {} reads with another model ({}; this station: {engine}): it gets no pages from here",
        other.name,
        other.word.engine.as_deref().unwrap_or_default()
    );
    readiness.not_ready(lend::PART, "another_model", &why);
}
