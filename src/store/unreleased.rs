//! Pages that come while another load is not released: nothing in a folder tells whose they are.

use rusqlite::Connection;

use super::StoreError;
use super::grouping::{NewHold, hold_once};
use crate::clock::Millis;
use crate::domain::grouping::hold;
use crate::domain::letter::LoadState;

/// Pages of a released load came while another one waited for its cycle, was in it, or lay quarantined: nothing tells whether they are that one's.
/// A person says so, once for each such load, before the batch is closed.
pub(super) fn warn_of_unreleased(
    step: &Connection,
    load: i64,
    first_seen: Millis,
) -> Result<(), StoreError> {
    let mut query = step.prepare_cached(
        "SELECT l.id, (SELECT batch_id FROM loads WHERE id = ?1) FROM loads l JOIN batches b ON b.id = l.batch_id
         WHERE l.state IN (?2, ?3, ?6) AND b.closed_ms IS NULL AND l.created_ms <= ?4
         AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.batch_id = (SELECT batch_id FROM loads WHERE id = ?1)
                         AND h.reason = ?5 AND h.detail = 'load ' || l.id)",
    )?;
    let unreleased = query.query_map(
        (
            load,
            LoadState::Waiting,
            LoadState::Quarantined,
            first_seen,
            hold::UNRELEASED_LOAD,
            LoadState::InCycle,
        ),
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    for (other, batch) in unreleased.collect::<Result<Vec<_>, _>>()? {
        hold_once(
            step,
            &NewHold {
                batch,
                letter: None,
                scan: None,
                reason: hold::UNRELEASED_LOAD,
                detail: Some(format!("load {other}")),
            },
        )?;
    }
    Ok(())
}
