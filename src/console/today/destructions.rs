//! Destructions that wait for an administrator: he decides by the letter's number and opens no letter.

use crate::api::auth::{Administrators, Need};
use crate::console::keeping::proposed;
use crate::console::words::Words;
use crate::domain::access::Seer;
use crate::store::{Db, RetentionRow, StoreError};

/// A proposal as he sees it.
pub(super) struct Destruction {
    pub(super) id: i64,
    pub(super) told: String,
    /// He did not propose it himself.
    pub(super) may_decide: bool,
}

/// Those that this person may decide or has proposed; of a letter that is kept from him he hears nothing.
pub(super) fn look(db: &Db, seer: &Seer) -> Result<Vec<RetentionRow>, StoreError> {
    if !Administrators::lets(seer.holder) {
        return Ok(Vec::new());
    }
    let kept = db.kept_from(&seer.actor)?;
    let mut open = db.open_retentions()?;
    open.retain(|row| !kept.contains(&row.letter));
    Ok(open)
}

pub(super) fn shown(w: &'static Words, rows: &[RetentionRow], me: &str) -> Vec<Destruction> {
    let shown = |row: &RetentionRow| Destruction {
        id: row.id,
        told: format!(
            "{}{}",
            w.one("today.destruction", &row.letter),
            proposed(w, row)
        ),
        may_decide: row.proposed_by != me,
    };
    rows.iter().map(shown).collect()
}
