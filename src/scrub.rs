//! Task: once a night every original and its second copy are read and compared, a bad copy is made anew from the good one; once a day the
//! ledger's newest hash is exported. Paced: the desk must not notice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::clock::{self, Millis};
use crate::config::Settings;
use crate::events::{Event, Events};
use crate::evidence::{Evidence, EvidenceError, Healed, Original, Second};
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
/// The part that exports the ledger's roots.
const ROOTS: &str = "roots";
/// The part that has the originals.
const ORIGINALS: &str = "originals";
/// So many damaged originals are named.
const NAMED: usize = 5;
/// After one that could not be made, the missing ones are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Runs until it is told to stop; a scrub under way ends after the original it is at.
pub async fn run(scrubber: Scrubber, beat: Beat, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    let mut at_work: Option<tokio::task::JoinHandle<()>> = None;
    let tried = Arc::new(Mutex::new(Tried::default()));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick() => {}
            () = scrubber.evidence.wants_looking_after() => {}
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

/// When something that could not be mended was last tried.
#[derive(Debug, Default)]
struct Tried {
    second: Option<Instant>,
    damaged: Option<Instant>,
    /// Originals that the system did not let be read when they were looked at last.
    unreadable: BTreeSet<String>,
}

impl Scrubber {
    fn turn(&self, tried: &mut Tried, stop: &CancellationToken) {
        let done = self.export_root().and_then(|()| {
            self.watch_second(&mut tried.second)?;
            let doubted = self.evidence.take_doubted();
            if !doubted.is_empty() || tried.damaged.is_none_or(|at| at.elapsed() >= TRY_AGAIN) {
                tried.damaged = Some(clock::monotonic());
                self.watch_damaged(&doubted, &mut tried.unreadable)?;
            }
            if self.is_due()? {
                self.scrub_noting(stop, &mut tried.unreadable)?;
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
            // Another disk with the same mark, a clone or an older one, lacks the newest.
            Second::Whole if !self.holds_newest()? => {
                self.evidence.doubt_second();
                self.complete_second(tried)
            }
            Second::Whole => self.note_second(None),
            Second::Away(folder) => {
                *tried = None;
                let message = format!(
                    "{} is not the folder that the second copies were put into: attach or mount its disk, the copies made meanwhile follow. Where another disk takes its place, an administrator says so on page Devices",
                    folder.display()
                );
                self.note_second(Some(("second_away", message)))
            }
            Second::New(folder) => match self.is_ours()? {
                true => {
                    *tried = None;
                    if let Err(error) = self.evidence.begin_second() {
                        return self.note_behind(&error);
                    }
                    self.complete_second(tried)
                }
                false => {
                    let message = format!(
                        "no second copies are kept in {} yet: attach or mount its disk if it is away. If they are to be kept there from now on, an administrator says so on page Devices",
                        folder.display()
                    );
                    self.note_second(Some(("second_new", message)))
                }
            },
            Second::Behind if tried.is_some_and(|at| at.elapsed() < TRY_AGAIN) => {
                match self.readiness.parts().get(PART) {
                    Some(None) => self.note_second(Some((
                        "second_behind",
                        "not every original has its second copy: see to the disk of evidence.second_dir; it is tried again every minute".to_owned(),
                    ))),
                    _ => Ok(()),
                }
            }
            Second::Behind => self.complete_second(tried),
        }
    }

    /// Whether the second copies of the newest originals are there.
    fn holds_newest(&self) -> Result<bool, StoreError> {
        let newest = self.store.wait(|db| db.newest_originals())?;
        Ok(newest
            .iter()
            .all(|sha256| self.evidence.second_holds(sha256)))
    }

    /// Whether a folder that is not known is the second copies': most originals lie there already, or there are none yet and it cannot be a bare mount point.
    fn is_ours(&self) -> Result<bool, StoreError> {
        let some = self.store.wait(|db| db.some_originals())?;
        if some.is_empty() {
            return Ok(self.evidence.second_begins_by_itself());
        }
        let there = some
            .iter()
            .filter(|sha256| self.evidence.second_holds(sha256));
        Ok(2 * there.count() >= some.len())
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
            Err(error) => self.note_behind(&error),
        }
    }

    fn note_behind(&self, error: &EvidenceError) -> Result<(), StoreError> {
        let message = format!(
            "not every original has its second copy ({}): see to the disk of evidence.second_dir; it is tried again every minute",
            Chain(error)
        );
        self.note_second(Some(("second_behind", message)))
    }

    /// Looks at originals that could not be read when they were asked for, again at those that the system did not let be read (`unreadable`), and at
    /// those of which no good copy was left: one that was put back is whole. The others are told of until then.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn watch_damaged(
        &self,
        doubted: &BTreeSet<String>,
        unreadable: &mut BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let damaged = self.store.wait(|db| db.damaged_originals())?;
        let doubted = doubted | &std::mem::take(unreadable);
        if !damaged.is_empty() || !doubted.is_empty() {
            let is_damaged = |sha256: &str| damaged.iter().any(|known| known.sha256 == sha256);
            let mut originals = self.store.wait(|db| db.original_rows())?;
            originals.retain(|one| is_damaged(&one.sha256) || doubted.contains(&one.sha256));
            for original in &originals {
                if !is_damaged(&original.sha256) {
                    if self.look_at(original, &mut Scrubbed::default(), unreadable)? {
                        self.read_again(&original.sha256)?;
                    }
                } else if self.evidence.heal(original).is_ok() {
                    tracing::info!(
                        original = original.sha256,
                        "a damaged original is whole again"
                    );
                    let sha256 = original.sha256.clone();
                    self.store.wait(move |db| db.note_whole(&sha256))?;
                    self.read_again(&original.sha256)?;
                }
            }
        }
        self.tell_damaged(unreadable)
    }

    /// Its pages may have been given up for want of it.
    fn read_again(&self, sha256: &str) -> Result<(), StoreError> {
        let original = sha256.to_owned();
        let pages = self.store.wait(move |db| db.read_again(&original))?;
        if pages > 0 {
            tracing::info!(
                original = sha256,
                pages,
                "pages whose original was not to be had are read after all"
            );
        }
        Ok(())
    }

    fn tell_damaged(&self, unreadable: &BTreeSet<String>) -> Result<(), StoreError> {
        let damaged = self.store.wait(|db| db.damaged_originals())?;
        // Not its letter: whoever looks after devices reads this, too.
        let named = damaged.iter().take(NAMED).map(|one| one.sha256.as_str());
        let mut told = named.collect::<Vec<_>>().join("; ");
        if damaged.len() > NAMED {
            told = format!("{told}; +{}", damaged.len() - NAMED);
        }
        match damaged.is_empty() {
            true if unreadable.is_empty() => self.readiness.ready(ORIGINALS),
            true => self.readiness.not_ready(
                ORIGINALS,
                "originals_unreadable",
                &format!("{} originals cannot be read now, by their rights or their disk; nothing is known to be lost, and their pages wait: give the folder evidence back to the station's account (chown -R laixin:laixin), or see to the disk; it is tried again every minute", unreadable.len()),
            ),
            false => self.readiness.not_ready(
                ORIGINALS,
                "originals_damaged",
                &format!("no good copy is left of {told}: keep the disks as they are and put the file back from the last back-up; `laixin verify` names where it lies, page Today whose it is"),
            ),
        }
        let is_bad = !damaged.is_empty();
        let row = HealthRow {
            at: clock::now(),
            device: "evidence".into(),
            point: "damaged_originals".into(),
            value: Some(damaged.len() as f64),
            limit: Some(0.0),
            state: if is_bad { "bad" } else { "good" }.into(),
            code: is_bad.then(|| "originals_damaged".to_owned()),
            detail: is_bad.then_some(told),
        };
        self.store.wait(move |db| db.note_health(&[row]))
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
        self.scrub_noting(stop, &mut BTreeSet::new())
    }

    fn scrub_noting(
        &self,
        stop: &CancellationToken,
        unreadable: &mut BTreeSet<String>,
    ) -> Result<Scrubbed, StoreError> {
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
            self.look_at(original, &mut found, unreadable)?;
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
        self.note(found, unreadable)?;
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

    /// Whether it is whole now.
    fn look_at(
        &self,
        original: &Original,
        found: &mut Scrubbed,
        unreadable: &mut BTreeSet<String>,
    ) -> Result<bool, StoreError> {
        found.originals += 1;
        let sha256 = original.sha256.clone();
        match self.evidence.heal(original) {
            // One that was damaged before is told as whole by whoever watches those.
            Ok(Healed::Nothing) => Ok(true),
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
                self.store.wait(move |db| db.note_healed(&sha256, which))?;
                Ok(true)
            }
            // It may be whole: nobody is told to fetch it from a back-up.
            Err(error) if error.is_of_the_system() => {
                if unreadable.is_empty() {
                    tracing::warn!(original = sha256, error = %Chain(&error), "originals cannot be read now: see to the rights of the folder evidence, or to its disk");
                }
                unreadable.insert(sha256);
                Ok(false)
            }
            Err(error) => {
                found.faults += 1;
                tracing::error!(original = sha256, error = %Chain(&error), "no good copy could be found or made: keep the disks, fetch it from the last back-up, run `laixin verify`");
                self.events.tell(Event::Alert {
                    code: "original_damaged".into(),
                    subject: format!("original/{sha256}"),
                });
                self.store.wait(move |db| db.note_damaged(&sha256))?;
                Ok(false)
            }
        }
    }

    fn note(&self, found: Scrubbed, unreadable: &BTreeSet<String>) -> Result<(), StoreError> {
        self.tell_damaged(unreadable)?;
        let has_healed = found.healed > 0;
        let row = HealthRow {
            at: clock::now(),
            device: "evidence".into(),
            point: "healed_copies".into(),
            value: Some(found.healed as f64),
            limit: Some(0.0),
            state: if has_healed { "warning" } else { "good" }.into(),
            code: has_healed.then(|| "copies_healed".to_owned()),
            detail: None,
        };
        self.store.wait(move |db| db.log_health(&[row]))
    }

    /// The root of the day before, as soon as that is over; of a station that was off, the newest there is.
    fn export_root(&self) -> Result<(), StoreError> {
        let Some(folder) = &self.settings.keeping.roots_dir else {
            return Ok(());
        };
        match folder.is_dir() {
            true => self.readiness.ready(ROOTS),
            false => self.readiness.not_ready(
                ROOTS,
                "roots_away",
                &format!("{} is not there, and no root of the ledger is exported: make the folder of evidence.roots_dir or mount its disk", folder.display()),
            ),
        }
        let day = Millis(clock::now().0 - 86_400_000).day();
        // That a later day has one says nothing: a clock that jumped ahead exported it.
        let of = day.clone();
        let (is_there, (entries, hash)) = self
            .store
            .wait(move |db| Ok((db.has_root(&of)?, db.ledger_mark()?)))?;
        if entries == 0 || is_there {
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
