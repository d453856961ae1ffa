//! Batches and loads as the API shows them.

use serde::Serialize;

use super::seen::{SeenBatch, batch_seen_by};
use crate::clock::Millis;
use crate::domain::access::Seer;
use crate::domain::balance::{Difference, Exception};
use crate::domain::letter::{Carrier, LoadState};
use crate::store::{Batch, BatchFiles, CycleRecord, Db, Load, RecordedException, StoreError};

/// A batch.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BatchView {
    /// Number.
    pub id: i64,
    /// How the letters came.
    pub carrier: Carrier,
    /// Letters counted at sign-in; without those that are kept from the caller, as far as they would look missing here.
    pub count: u32,
    /// Letters scanned so far; without those that are kept from the caller.
    pub letters: u32,
    /// Letters that explain a difference.
    pub exceptions: Vec<ExceptionView>,
    /// What does not come out, and where to look; the batch is closed when this is empty, or what is said at closing explains it.
    pub differences: Vec<DifferenceView>,
    /// When the office received them.
    pub received_at: String,
    /// Who signed it in.
    pub signed_by: String,
    /// When it was signed in.
    pub created_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// Its loads in order.
    pub loads: Vec<LoadView>,
    /// What scanners brought for it.
    pub files: FilesView,
}

/// Files of a batch.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FilesView {
    /// Files that were taken.
    taken: u32,
    /// Images among them that are separator sheets.
    separators: u32,
    /// Pages of letters.
    pages: u32,
    /// Files that are held and wait for a person.
    held: u32,
    /// Files that lie in a folder and are not taken yet.
    waiting: u32,
}

impl From<BatchFiles> for FilesView {
    fn from(files: BatchFiles) -> Self {
        Self {
            taken: files.taken,
            separators: files.separators,
            pages: files.pages,
            held: files.held,
            waiting: files.waiting,
        }
    }
}

/// Letters that were signed in and not scanned, or the other way round.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ExceptionView {
    /// Number.
    id: i64,
    kind: Exception,
    letters: u32,
    reason: String,
    by: String,
    at: String,
    /// Entered wrongly, and counted no more: who says so, and why.
    taken_back: Option<TakenBack>,
}

/// Who took an exception back, and why.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TakenBack {
    by: String,
    reason: String,
    at: String,
}

/// Something that does not come out.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DifferenceView {
    #[serde(flatten)]
    difference: Difference,
    /// Where to look.
    next_action: String,
}

/// A load.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LoadView {
    /// Number.
    pub id: i64,
    /// Its batch.
    pub batch: i64,
    /// Its cabinet.
    pub cabinet: String,
    /// Letters that were put in, where somebody said; `null` also where letters of the batch are kept from the caller.
    pub letters: Option<u32>,
    /// Where it stands.
    pub state: LoadState,
    /// When a cycle released it; of an overridden one none did, and `override.at` says since when it may be opened.
    pub released_at: Option<String>,
    /// The cycle that released it; of a load in its cycle or in quarantine, that cycle. None of an overridden one.
    pub cycle: Option<String>,
    /// Who opened it without one, why, when.
    pub r#override: Option<OverrideView>,
}

/// A signed override.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OverrideView {
    by: String,
    approved_by: Option<String>,
    reason: String,
    at: String,
    /// Where the cabinet's alarm stood when they signed: its lamps were seen `out`, or `not_shown`; then the two said that its mains were cut.
    alarm_lamp: Option<String>,
}

impl From<Load> for LoadView {
    fn from(load: Load) -> Self {
        let cycle = match load.state {
            LoadState::InCycle | LoadState::Quarantined => load.last_cycle,
            LoadState::Waiting | LoadState::Released | LoadState::Overridden => load.cycle_id,
        };
        Self {
            id: load.id,
            batch: load.batch_id,
            cabinet: load.cabinet,
            letters: load.letters,
            state: load.state,
            released_at: load.released.map(Millis::rfc3339),
            cycle: cycle.map(CycleRecord::number),
            r#override: load.overridden.map(|signed| OverrideView {
                by: signed.by,
                approved_by: signed.approved_by,
                reason: signed.reason,
                at: signed.at.rfc3339(),
                alarm_lamp: signed.alarm_lamp,
            }),
        }
    }
}

impl BatchView {
    pub(super) fn new(found: Found) -> Self {
        let (seen, exceptions) = found;
        let SeenBatch {
            batch,
            loads,
            counts,
            files,
            ..
        } = seen;
        let exceptions = exceptions.into_iter().map(|one| ExceptionView {
            id: one.id,
            taken_back: one.taken_back.map(|(by, reason, at)| TakenBack {
                by,
                reason,
                at: at.rfc3339(),
            }),
            kind: one.kind,
            letters: one.letters,
            reason: one.reason,
            by: one.by,
            at: one.at.rfc3339(),
        });
        let differences = counts
            .differences()
            .into_iter()
            .map(|difference| DifferenceView {
                difference,
                next_action: difference.told(),
            });
        Self {
            exceptions: exceptions.collect(),
            differences: differences.collect(),
            id: batch.id,
            carrier: batch.carrier,
            count: batch.count,
            letters: batch.letters,
            received_at: batch.received.rfc3339(),
            signed_by: batch.signed_by,
            created_at: batch.created.rfc3339(),
            closed_at: batch.closed.map(Millis::rfc3339),
            loads: loads.into_iter().map(LoadView::from).collect(),
            files: FilesView::from(files),
        }
    }

    /// A batch as it stands, as this person may know it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn read(db: &Db, id: i64, seer: &Seer) -> Result<Self, StoreError> {
        found(db, db.batch(id)?, seer).map(Self::new)
    }
}

pub(super) type Found = (SeenBatch, Vec<RecordedException>);

pub(super) fn found(db: &Db, batch: Batch, seer: &Seer) -> Result<Found, StoreError> {
    let exceptions = db.exceptions_of(batch.id)?;
    Ok((batch_seen_by(db, batch, seer)?, exceptions))
}
