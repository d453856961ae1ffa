//! Task: once a night every original and its second copy are read and compared, a bad copy is made anew from the good one; once a day the
//! ledger's newest hash is exported. Paced: the desk must not notice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::clock::{self, Millis};
use crate::config::Settings;
use crate::events::{Event, Events};
use crate::evidence::{Evidence, Healed, Original, Second};
use crate::health::Readiness;
use crate::roots::Root;
use crate::scan::destroyed;
use crate::sd_notify::Beat;
use crate::store::{HealthRow, Scrubbed, Store, StoreError};
use crate::{Chain, roots};

/// How often the task looks at the clock.
const LOOK: Duration = Duration::from_secs(15);
/// A scrub is not begun again within this time, whatever the clock says.
const APART_MS: i64 = 12 * 3_600_000;

/// What the task needs.
#[derive(Debug, Clone)]
pub struct Scrubber {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// The originals.
    pub evidence: Arc<Evidence>,
    /// Who wants to know.
    pub events: Events,
    /// Where the second copies are told of.
    pub readiness: Readiness,
}

/// The part of the station that keeps second copies.
const PART: &str = "second_copies";
/// After one that could not be made, the missing ones are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Runs until it is told to stop; a scrub under way ends after the original it is at.
pub async fn run(scrubber: Scrubber, beat: Beat, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    let mut at_work: Option<tokio::task::JoinHandle<()>> = None;
    let tried = Arc::new(Mutex::new(None));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick() => {}
        }
        beat.beat();
        if at_work.as_ref().is_some_and(|work| !work.is_finished()) {
            continue;
        }
        let (scrubber, stop, tried) = (scrubber.clone(), stop.clone(), tried.clone());
        at_work = Some(tokio::task::spawn_blocking(move || {
            let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
            scrubber.turn(&mut tried, &stop);
        }));
    }
    if let Some(work) = at_work {
        let _ = work.await;
    }
}

impl Scrubber {
    fn turn(&self, tried: &mut Option<Instant>, stop: &CancellationToken) {
        let done = self.export_root().and_then(|()| {
            self.watch_second(tried)?;
            if self.is_due()? {
                self.scrub(stop)?;
            }
            Ok(())
        });
        match done {
            Ok(()) | Err(StoreError::Stopped) => {}
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the scrub is held up by the store");
            }
        }
    }

    /// Tells when the disk with the second copies is away, and makes what is missing as soon as it is back.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn watch_second(&self, tried: &mut Option<Instant>) -> Result<(), StoreError> {
        match self.evidence.second() {
            Second::None => Ok(()),
            Second::Whole => self.note_second(None),
            Second::Away(folder) => {
                *tried = None;
                let memory = self.settings.station.data_dir.join("second_dir.known");
                let message = format!(
                    "{} is not the folder that the second copies were put into: attach or mount its disk, the copies made meanwhile follow. If an empty disk is to take its place, remove {}: every copy is made anew",
                    folder.display(),
                    memory.display()
                );
                self.note_second(Some(("second_away", message)))
            }
            Second::Behind if tried.is_some_and(|at| at.elapsed() < TRY_AGAIN) => Ok(()),
            Second::Behind => self.complete_second(tried),
        }
    }

    fn complete_second(&self, tried: &mut Option<Instant>) -> Result<(), StoreError> {
        *tried = Some(clock::monotonic());
        let (originals, destroyed) = self
            .store
            .wait(|db| Ok((db.original_rows()?, db.destroyed_originals()?)))?;
        match self.evidence.complete_second(&originals) {
            Ok(made) => {
                if made > 0 {
                    tracing::info!(made, "second copies that were missing were made");
                }
                for sha256 in &destroyed {
                    if let Err(error) = self.evidence.destroy(sha256) {
                        tracing::error!(error = %Chain(&error), "a destroyed original is still there");
                    }
                }
                self.note_second(None)
            }
            Err(error) => {
                let message = format!(
                    "not every original has its second copy ({}): see to the disk of evidence.second_dir; it is tried again every minute",
                    Chain(&error)
                );
                self.note_second(Some(("second_behind", message)))
            }
        }
    }

    fn note_second(&self, why: Option<(&str, String)>) -> Result<(), StoreError> {
        match &why {
            None => self.readiness.ready(PART),
            Some((code, message)) => self.readiness.not_ready(PART, code, message),
        }
        let row = HealthRow {
            at: clock::now(),
            device: "evidence".into(),
            point: PART.into(),
            value: None,
            limit: None,
            state: if why.is_some() { "bad" } else { "good" }.into(),
            code: why.map(|(code, _)| code.to_owned()),
            detail: None,
        };
        self.store.wait(move |db| db.note_health(&[row]))
    }

    fn is_due(&self) -> Result<bool, StoreError> {
        let now = clock::now();
        let hour = u64::try_from(now.zoned().hour()).unwrap_or(0);
        if hour != self.settings.keeping.scrub_hour.0 {
            return Ok(false);
        }
        let last = self.store.wait(|db| db.last_scrub())?;
        // A clock that was set back does not keep the next one off for ever.
        Ok(last.is_none_or(|(ended, _)| (now.0 - ended.0).abs() > APART_MS))
    }

    /// Walks over every original now.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn scrub(&self, stop: &CancellationToken) -> Result<Scrubbed, StoreError> {
        let (id, originals, destroyed) = self.store.wait(|db| {
            Ok((
                db.begin_scrub()?,
                db.original_rows()?,
                db.destroyed_originals()?,
            ))
        })?;
        let mut found = Scrubbed::default();
        for original in &originals {
            if stop.is_cancelled() {
                return Ok(found); // it begins anew the next night
            }
            let began = clock::monotonic();
            self.look_at(original, &mut found)?;
            // Both copies were read.
            let seconds =
                original.size as f64 / (self.settings.keeping.scrub_mb_per_s.0 as f64 * 1e6);
            let left = Duration::from_secs_f64(seconds).saturating_sub(began.elapsed());
            std::thread::park_timeout(left);
        }
        for sha256 in &destroyed {
            if let Err(error) = self.evidence.destroy(sha256) {
                tracing::error!(error = %Chain(&error), "a destroyed original is still there");
            }
        }
        self.sweep()?;
        self.store.wait(move |db| db.end_scrub(id, found))?;
        self.note(found)?;
        tracing::info!(
            originals = found.originals,
            healed = found.healed,
            faults = found.faults,
            "originals scrubbed"
        );
        Ok(found)
    }

    /// Scans of destroyed originals that could not be removed at once.
    fn sweep(&self) -> Result<(), StoreError> {
        let scans = self.store.wait(|db| db.scans_of_destroyed(None))?;
        let removed = destroyed::sweep(&self.settings, &scans).removed;
        let by = "task/scrub";
        self.store
            .wait(move |db| db.note_scans_destroyed((&scans, &removed), by))
    }

    fn look_at(&self, original: &Original, found: &mut Scrubbed) -> Result<(), StoreError> {
        found.originals += 1;
        let sha256 = original.sha256.clone();
        match self.evidence.heal(original) {
            Ok(Healed::Nothing) => Ok(()),
            Ok(healed) => {
                found.healed += 1;
                let which = match healed {
                    Healed::First => "first",
                    _ => "second",
                };
                tracing::warn!(
                    original = sha256,
                    copy = which,
                    "a copy of an original was bad or missing and was made anew from the other"
                );
                self.store.wait(move |db| db.note_healed(&sha256, which))
            }
            Err(error) => {
                found.faults += 1;
                tracing::error!(original = sha256, error = %Chain(&error), "no good copy could be found or made: keep the disks, fetch it from the last back-up, run `laixin verify`");
                self.events.tell(Event::Alert {
                    code: "original_damaged".into(),
                    subject: format!("original/{sha256}"),
                });
                self.store.wait(move |db| db.note_damaged(&sha256))
            }
        }
    }

    fn note(&self, found: Scrubbed) -> Result<(), StoreError> {
        let (state, code) = match (found.faults, found.healed) {
            (0, 0) => ("good", None),
            (0, _) => ("warning", Some("copies_healed")),
            _ => ("bad", Some("originals_damaged")),
        };
        let row = |point: &str, value: u64| HealthRow {
            at: clock::now(),
            device: "evidence".into(),
            point: point.into(),
            value: Some(value as f64),
            limit: Some(0.0),
            state: state.into(),
            code: code.map(str::to_owned),
            detail: None,
        };
        let rows = [
            row("damaged_originals", found.faults),
            row("healed_copies", found.healed),
        ];
        self.store.wait(move |db| db.log_health(&rows))
    }

    /// The root of the day before, as soon as that is over; of a station that was off, the newest there is.
    fn export_root(&self) -> Result<(), StoreError> {
        let Some(folder) = &self.settings.keeping.roots_dir else {
            return Ok(());
        };
        let day = Millis(clock::now().0 - 86_400_000).day();
        let (last, (entries, hash)) = self
            .store
            .wait(|db| Ok((db.last_root_day()?, db.ledger_mark()?)))?;
        if entries == 0 || last.is_some_and(|last| last >= day) {
            return Ok(());
        }
        let root = Root {
            station: self.settings.station.name.clone(),
            day: day.clone(),
            at: clock::now(),
            entries,
            hash: hash.clone(),
        };
        match root.write(folder) {
            Ok(file) => {
                tracing::info!(file = %file.display(), entries, "the ledger's root was exported");
                self.store
                    .wait(move |db| db.note_root(&day, (entries, &hash)))
            }
            Err(error @ roots::RootError::Other { .. }) => {
                // Written, and the station died before it noted that; the next day's follows.
                tracing::warn!(error = %Chain(&error), "a root of that day is there already");
                self.store
                    .wait(move |db| db.note_root(&day, (entries, &hash)))
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "the ledger's root is not exported: check evidence.roots_dir");
                Ok(())
            }
        }
    }
}
