//! The close of the day, on the overview: what of it is open, and why it is closed all the same.

use crate::clock::Millis;
use crate::console::when;
use crate::console::words::Words;
use crate::store::{Day, Db, StoreError};

/// Today as the store knows it.
pub(super) struct Today {
    date: String,
    open: (u32, u32),
    closed: Option<Day>,
}

/// The same in words.
pub(super) struct DayPart {
    pub(super) date: String,
    /// What came today and is not done.
    pub(super) open: String,
    pub(super) has_open: bool,
    /// By whom it was closed, when and why.
    pub(super) closed: Option<String>,
}

/// What of today is open.
pub(super) fn look(db: &Db, now: Millis) -> Result<Option<Today>, StoreError> {
    let date = now.day();
    let Some(bounds) = Millis::bounds_of_day(&date) else {
        return Ok(None);
    };
    Ok(Some(Today {
        closed: db.day(&date)?,
        open: db.open_between(bounds)?,
        date,
    }))
}

pub(super) fn part(w: &'static Words, today: Today) -> DayPart {
    let (letters, batches) = today.open;
    let closed = today.closed.map(|day| {
        let said = w.two("day.closed", &day.closed_by, when::moment(w, day.closed));
        match day.note {
            Some(note) => w.two("day.closed_with", said, note),
            None => said,
        }
    });
    DayPart {
        has_open: letters + batches > 0,
        open: match letters + batches {
            0 => w.t("day.all_done").to_owned(),
            _ => w.two("day.open", letters, batches),
        },
        date: today.date,
        closed,
    }
}
