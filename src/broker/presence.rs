//! Which process is this station: two of one name would hand the same letters out twice. Each says every few seconds at the brokers that it
//! lives; whoever finds another living one under its name holds back until that is silent. No clock is compared: silence is counted here.

use std::path::Path;
use std::time::{Duration, Instant};

use async_nats::jetstream::kv::{CreateErrorKind, Entry, Store, UpdateErrorKind};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::fault::BrokerFault;
use super::{Outside, names};
use crate::clock::{self, Millis};
use crate::sd_notify::Beat;
use crate::{Chain, digest};

/// How often a station says that it lives.
const EVERY: Duration = Duration::from_secs(3);
/// Another of its name that has said nothing for so long is gone.
const SILENT: Duration = Duration::from_secs(20);
/// What readiness calls it.
const PART: &str = "office/name";
const CLOCK: &str = "office/clock";

/// What lies at the brokers under a station's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Present {
    /// The machine and the folder; a restart has the same.
    place: String,
    /// The process.
    process: String,
}

impl Present {
    fn here(data_dir: &Path) -> Self {
        let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let folder = data_dir.canonicalize().unwrap_or(data_dir.to_owned());
        let place = format!("{}\n{}", machine.trim(), folder.display());
        Self {
            place: digest::sha256_hex(place.as_bytes()),
            process: crate::api::password::random_hex::<16>(),
        }
    }
}

/// What is known of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// Not asked yet, or nobody has it.
    Free,
    /// This process has it, since this entry.
    Ours(u64),
    /// Another has it: its newest entry, first seen then.
    Theirs(u64, Instant),
}

/// What to do about an entry under the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Do {
    /// Write over this entry.
    Take(u64),
    /// Hold back.
    Wait(Name),
}

/// The whole rule: what was known, what lies there, whether that is this process's or this folder's, what time it is.
fn decide(known: Name, entry: u64, (own_process, own_place): (bool, bool), now: Instant) -> Do {
    match known {
        _ if own_process => Do::Take(entry),
        // A station that was killed and starts again; its folder's lock lets no second one run beside it.
        Name::Free if own_place => Do::Take(entry),
        Name::Theirs(seen, since) if seen == entry => {
            if now.duration_since(since) >= SILENT {
                Do::Take(entry)
            } else {
                Do::Wait(known)
            }
        }
        // A new entry: somebody lives. That holds for one with this folder's place too: then the folder was copied with its machine.
        Name::Free | Name::Ours(_) | Name::Theirs(..) => Do::Wait(Name::Theirs(entry, now)),
    }
}

/// Runs until `stop`; says in `is_ours` whether drafts may be sent.
pub(super) async fn run(
    outside: &Outside,
    is_ours: watch::Sender<bool>,
    beat: &Beat,
    stop: &CancellationToken,
) {
    let here = Present::here(&outside.handoff.settings.station.data_dir);
    let (mut name, mut wrote) = (Name::Free, None);
    // Nothing is sent before the clock was seen to be right.
    let mut is_right = false;
    let mut bucket = None;
    loop {
        beat.beat();
        let round = async {
            if bucket.is_none() {
                let found = outside.link.jetstream().get_key_value(names::PRESENT);
                bucket = Some(found.await.map_err(BrokerFault::away)?);
            }
            let store = bucket.as_ref().expect("it was just opened");
            step(outside, store, (&here, name, &mut wrote)).await
        };
        let stream = format!("KV_{}", names::PRESENT);
        match outside.link.put(&stream, round).await {
            Ok((known, seen)) => {
                name = known;
                is_right = seen.unwrap_or(is_right);
                is_ours.send_replace(matches!(name, Name::Ours(_)) && is_right);
            }
            Err(fault) => {
                let why = format!("{}; drafts wait here", Chain(&fault));
                outside
                    .handoff
                    .readiness
                    .not_ready(PART, fault.code(), &why);
                // Whoever took it meanwhile is seen first.
                is_ours.send_replace(false);
                bucket = None;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Looks, and writes where that is right; what is known then, and whether the clock may be trusted, where that was seen.
async fn step(
    outside: &Outside,
    store: &Store,
    (here, known, wrote): (&Present, Name, &mut Option<(u64, Millis)>),
) -> Result<(Name, Option<bool>), BrokerFault> {
    let station = outside.office.station.0.as_str();
    let found = store.entry(station).await.map_err(BrokerFault::away)?;
    let is_right = clock_is_right(outside, found.as_ref(), *wrote);
    let now = Instant::now();
    let (over, theirs) = match &found {
        None => (None, false),
        Some(entry) => {
            let is: Option<Present> = serde_json::from_slice(&entry.value).ok();
            let own_process = is.as_ref().is_some_and(|is| is.process == here.process);
            let own_place = is.as_ref().is_some_and(|is| is.place == here.place);
            match decide(known, entry.revision, (own_process, own_place), now) {
                Do::Take(revision) => (Some(revision), !own_process && !own_place),
                Do::Wait(name) => {
                    let why = format!(
                        "another station at the brokers is called {station}: give one of the two another office.station; this one keeps its drafts until the other is silent"
                    );
                    outside
                        .handoff
                        .readiness
                        .not_ready(PART, "name_taken", &why);
                    return Ok((name, is_right));
                }
            }
        }
    };
    let value = serde_json::to_vec(here).expect("plain values are JSON");
    let at = clock::now();
    let written = match over {
        None => store.create(station, value.into()).await.map_err(|error| {
            let lost = error.kind() == CreateErrorKind::AlreadyExists;
            (lost, BrokerFault::away(error))
        }),
        Some(over) => store
            .update(station, value.into(), over)
            .await
            .map_err(|error| {
                let lost = error.kind() == UpdateErrorKind::WrongLastRevision;
                (lost, BrokerFault::away(error))
            }),
    };
    match written {
        Ok(revision) => {
            if theirs {
                tracing::warn!(
                    station,
                    "the name of a station that is silent was taken over"
                );
            }
            *wrote = Some((revision, at));
            outside.handoff.readiness.ready(PART);
            Ok((Name::Ours(revision), is_right))
        }
        // Somebody wrote in between, or a broker that is behind was asked: looked at again.
        Err((true, _)) => Ok((known, is_right)),
        Err((false, fault)) => Err(fault),
    }
}

/// The brokers' clock is read off what this station wrote itself.
fn clock_is_right(
    outside: &Outside,
    found: Option<&Entry>,
    wrote: Option<(u64, Millis)>,
) -> Option<bool> {
    let (entry, (revision, at)) = (found?, wrote?);
    if entry.revision != revision {
        return None;
    }
    let theirs_s = entry.created.unix_timestamp();
    let apart_s = theirs_s - at.0.div_euclid(1000);
    let allowed = i64::try_from(outside.office.clock_apart_s.0).expect("limited by its type");
    let readiness = &outside.handoff.readiness;
    if apart_s.abs() <= allowed {
        readiness.ready(CLOCK);
        return Some(true);
    }
    let why = format!(
        "this machine's clock is {} minutes {} the brokers': set it (NTP); drafts are kept here until then",
        apart_s.abs() / 60,
        if apart_s > 0 { "behind" } else { "ahead of" },
    );
    readiness.not_ready(CLOCK, "clock_apart", &why);
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: (bool, bool) = (false, false);

    #[test]
    fn a_living_other_keeps_the_name_and_a_silent_one_loses_it() {
        let start = Instant::now();
        let first = decide(Name::Free, 7, OTHER, start);
        assert_eq!(first, Do::Wait(Name::Theirs(7, start)));
        let later = start + SILENT - Duration::from_secs(1);
        let known = Name::Theirs(7, start);
        assert_eq!(decide(known, 7, OTHER, later), Do::Wait(known));
        let alive = decide(known, 8, OTHER, start + SILENT);
        assert_eq!(alive, Do::Wait(Name::Theirs(8, start + SILENT)));
        assert_eq!(decide(known, 7, OTHER, start + SILENT), Do::Take(7));
    }

    #[test]
    fn a_station_that_starts_again_has_its_name_at_once() {
        let now = Instant::now();
        assert_eq!(decide(Name::Free, 7, (false, true), now), Do::Take(7));
        assert_eq!(decide(Name::Ours(7), 7, (true, true), now), Do::Take(7));
    }

    #[test]
    fn whoever_finds_another_process_in_its_place_holds_back_copied_folder_or_not() {
        let now = Instant::now();
        for own_place in [false, true] {
            let told = decide(Name::Ours(7), 9, (false, own_place), now);
            assert_eq!(told, Do::Wait(Name::Theirs(9, now)));
        }
    }
}
