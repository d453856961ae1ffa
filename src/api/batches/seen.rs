//! A batch as whoever looks may know it: letters that are kept from him, and findings of which he may not hear, are in none of its counts, so that none says how many
//! there are. What was signed in is lessened by those letters only as far as they would look missing: where more were scanned than signed in, they are the surplus.

use crate::api::guard;
use crate::domain::access::Seer;
use crate::domain::balance::{Counts, Exception};
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
    let kept_files = db.arrivals_kept_from(&seer.actor)?;
    let mut files = db.batch_files_without(batch.id, &kept_files)?;
    let mut counts = db.batch_counts(batch.id)?;
    let mut loads = db.loads_of(batch.id)?;
    let all = counts;
    let names = db.names_kept_from(&seer.actor)?;
    let holds = db.open_holds(Some(batch.id), u32::MAX)?.into_iter();
    let heard = holds.filter(|hold| !names.is_about(hold) && guard::may_hear_of(db, seer, hold));
    counts.holds = i64::try_from(heard.count()).unwrap_or(i64::MAX);
    counts.files_held = i64::from(files.held);
    counts.files_waiting = i64::from(files.waiting) - i64::from(files.left);
    counts.files_left = i64::from(files.left);
    if kept.letters > 0 {
        batch.letters = batch.letters.saturating_sub(kept.letters);
        counts.scanned -= i64::from(kept.letters);
        let missing = counts.letters_short().clamp(0, i64::from(kept.letters));
        batch.count = batch
            .count
            .saturating_sub(u32::try_from(missing).unwrap_or(0));
        counts.signed_in -= missing;
        counts.valuables_unseen -= kept.valuables_unseen;
        counts.valuables_not_returned -= kept.valuables_not_returned;
        // Behind a sheet of its own, on one side or both, each letter is counted by them, too.
        let sheets =
            files.separators * kept.letters / u32::try_from(all.scanned).unwrap_or(1).max(1);
        files.separators -= sheets;
        files.taken = files.taken.saturating_sub(kept.files + sheets);
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

/// Records an exception for somebody as far as he knows the batch: a refusal counts for him what he sees, and what he does not see is not his to explain.
pub(crate) fn explain(
    db: &mut Db,
    (id, seer): (i64, &Seer),
    (kind, letters): (Exception, u32),
    why: &str,
) -> Result<(), StoreError> {
    let seen = batch_seen_by(db, db.batch(id)?, seer)?;
    if !seen.is_whole && seen.batch.closed.is_some() && seen.counts.letters_short() == 0 {
        return Err(StoreError::WrongState {
            why: Hindrance::Closed,
            what: "batch",
            id: id.to_string(),
            state: "closed".into(),
            action: "record an exception",
        });
    }
    let done = db.add_exception(id, (kind, letters), (&seer.actor, why));
    done.map_err(|refused| as_counted(refused, seen.counts))
}

fn as_counted(refused: StoreError, counts: Counts) -> StoreError {
    match refused {
        StoreError::TooMany { letters, .. } => StoreError::TooMany {
            letters,
            counts: Box::new(counts),
        },
        other => other,
    }
}

/// Why a batch is not closed, as this person may know it: where he sees nothing that is open, somebody else closes it, and how much there is is not told.
pub(super) fn refusal_for(
    db: &Db,
    (id, seer): (i64, &Seer),
    refused: StoreError,
) -> Result<StoreError, StoreError> {
    let seen = batch_seen_by(db, db.batch(id)?, seer)?;
    let StoreError::WrongState {
        why: Hindrance::OutOfBalance | Hindrance::ValuablesOpen,
        ..
    } = &refused
    else {
        return Ok(as_counted(refused, seen.counts));
    };
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
