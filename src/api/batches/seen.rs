//! A batch as whoever looks may know it: letters that are kept from him, and findings of which he may not hear, are in none of its counts, so that none says how many
//! there are.

use crate::api::guard;
use crate::domain::access::Seer;
use crate::domain::balance::Counts;
use crate::store::{Batch, BatchFiles, Db, Hindrance, Load, StoreError};

/// A batch with what is counted of it.
pub(crate) struct SeenBatch {
    pub(crate) batch: Batch,
    pub(crate) loads: Vec<Load>,
    pub(crate) counts: Counts,
    pub(crate) files: BatchFiles,
    /// Nothing of it is kept from this person.
    pub(crate) is_whole: bool,
}

/// What this person may know of a batch.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn batch_seen_by(
    db: &Db,
    mut batch: Batch,
    seer: &Seer,
) -> Result<SeenBatch, StoreError> {
    let kept = db.kept_of_batch(&seer.actor, batch.id)?;
    let (mut counts, mut files) = (db.batch_counts(batch.id)?, db.batch_files(batch.id)?);
    let mut loads = db.loads_of(batch.id)?;
    let all = counts;
    let names = db.names_kept_from(&seer.actor)?;
    let holds = db.open_holds(Some(batch.id), u32::MAX)?.into_iter();
    let heard = holds.filter(|hold| !names.is_about(hold) && guard::may_hear_of(db, seer, hold));
    counts.holds = i64::try_from(heard.count()).unwrap_or(i64::MAX);
    let kept_files = db.held_among(batch.id, &db.arrivals_kept_from(&seer.actor)?)?;
    counts.files_held -= i64::from(kept_files);
    files.held = files.held.saturating_sub(kept_files);
    if kept.letters > 0 {
        batch.count = batch.count.saturating_sub(kept.letters);
        batch.letters = batch.letters.saturating_sub(kept.letters);
        counts.signed_in -= i64::from(kept.letters);
        counts.scanned -= i64::from(kept.letters);
        counts.valuables_unseen -= kept.valuables_unseen;
        counts.valuables_not_returned -= kept.valuables_not_returned;
        files.taken = files.taken.saturating_sub(kept.files);
        files.pages = files.pages.saturating_sub(kept.pages);
        // How many were put in says the same.
        loads.iter_mut().for_each(|load| load.letters = None);
    }
    Ok(SeenBatch {
        is_whole: kept.letters == 0 && counts == all,
        batch,
        loads,
        counts,
        files,
    })
}

/// Why a batch is not closed, as this person may know it: where he sees nothing that is open, somebody else closes it, and how much there is is not told.
pub(super) fn refusal_for(
    db: &Db,
    (id, seer): (i64, &Seer),
    refused: StoreError,
) -> Result<StoreError, StoreError> {
    let StoreError::WrongState {
        why: Hindrance::OutOfBalance | Hindrance::ValuablesOpen,
        ..
    } = &refused
    else {
        return Ok(refused);
    };
    let seen = batch_seen_by(db, db.batch(id)?, seer)?;
    if seen.is_whole {
        return Ok(refused);
    }
    let (why, state) = match seen.counts.differences().first() {
        Some(difference) => (
            Hindrance::OutOfBalance,
            format!("out of balance ({})", difference.told()),
        ),
        None => (
            Hindrance::SamePerson,
            "not among those that you close".to_owned(),
        ),
    };
    Ok(StoreError::WrongState {
        why,
        what: "batch",
        id: id.to_string(),
        state,
        action: "close",
    })
}
