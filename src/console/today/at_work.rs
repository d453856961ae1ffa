//! Who works on what, on the overview.

use crate::clock;
use crate::console::when;
use crate::console::words::Words;
use crate::domain::access::Seer;
use crate::store::{AtWork, Db, StoreError};

/// Somebody and the letters he has open.
pub(super) struct Line {
    pub(super) user: String,
    pub(super) letters: Vec<String>,
    pub(super) since: String,
}

pub(super) fn look(db: &Db, seer: &Seer) -> Result<Vec<AtWork>, StoreError> {
    db.at_work(seer, clock::now())
}

pub(super) fn lines(w: &'static Words, people: Vec<AtWork>) -> Vec<Line> {
    let line = |one: AtWork| Line {
        user: one.user,
        letters: one.letters,
        since: w.one("today.since", when::moment(w, one.since)),
    };
    people.into_iter().map(line).collect()
}
