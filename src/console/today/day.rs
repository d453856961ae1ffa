//! The close of the day, on the overview: what of it is open, what earlier days left open, and why it is closed all the same.

use super::Alert;
use crate::clock::Millis;
use crate::console::batches;
use crate::console::when;
use crate::console::words::Words;
use crate::store::{Day, Db, Earlier, StoreError};

/// Today as the store knows it.
pub(super) struct Today {
    date: String,
    open: (u32, u32),
    closed: Option<Day>,
    came_since: bool,
    earlier: Earlier,
    /// Files that belong to no open batch.
    files: u32,
    /// The oldest day that nobody closed, what came until its end and is open, and such files.
    first: Option<(String, (u32, u32), u32)>,
}

/// The same in words.
pub(super) struct DayPart {
    pub(super) date: String,
    /// What came today, or earlier, and is not done.
    pub(super) open: Vec<String>,
    pub(super) has_open: bool,
    /// By whom it was closed, when and why.
    pub(super) closed: Option<String>,
    pub(super) may_close: bool,
    pub(super) first: Option<FirstDay>,
}

/// The oldest day that nobody closed.
pub(super) struct FirstDay {
    pub(super) date: String,
    pub(super) open: String,
    pub(super) has_open: bool,
}

/// What of today is open, and of earlier days, as far as this person may know of it.
pub(super) fn look(db: &Db, looks: &str, now: Millis) -> Result<Option<Today>, StoreError> {
    let date = now.day();
    let Some(bounds) = Millis::bounds_of_day(&date) else {
        return Ok(None);
    };
    let closed = db.day_seen_by(looks, &date)?;
    let came_since = match &closed {
        Some(day) => db.came_since(looks, bounds, day.closed)?,
        None => false,
    };
    let earlier = db.open_before(looks, bounds.0)?;
    let first = match earlier.days.first() {
        Some(day) => {
            let end = Millis::bounds_of_day(day).map_or(bounds.0, |(_, end)| end);
            Some((
                day.clone(),
                db.open_between(looks, (Millis(i64::MIN), end))?,
                db.files_of_no_batch(looks, end)?,
            ))
        }
        None => None,
    };
    Ok(Some(Today {
        open: db.open_between(looks, bounds)?,
        files: db.files_of_no_batch(looks, bounds.1)?,
        closed,
        came_since,
        earlier,
        first,
        date,
    }))
}

/// What earlier days left open, one line of each kind.
pub(super) fn alerts(w: &'static Words, today: &Today) -> Vec<Alert> {
    let Earlier {
        letters,
        batches,
        batch_of_letters,
        first_batch,
        days,
    } = &today.earlier;
    let mut alerts = Vec::new();
    let mut add = |count: u32, what, next, subject: &str, href: String| {
        if count > 0 {
            alerts.push(Alert {
                what: w.one(what, count),
                next: w.t(next).to_owned(),
                subject: subject.to_owned(),
                href: Some(href),
                tone: "",
            });
        }
    };
    let of_letters = batch_of_letters.map_or_else(String::new, |id| format!("?batch={id}"));
    add(
        *letters,
        "alert.earlier_letters",
        "alert.earlier_letters_do",
        "",
        format!("/letters{of_letters}"),
    );
    let card = first_batch.map_or_else(|| "/batches".to_owned(), batches::card_href);
    add(
        *batches,
        "alert.earlier_batches",
        "alert.earlier_batches_do",
        "",
        card,
    );
    let count = u32::try_from(days.len()).unwrap_or(u32::MAX);
    add(
        count,
        "alert.earlier_days",
        "alert.earlier_days_do",
        days.first().map_or("", String::as_str),
        "/today#live-day".to_owned(),
    );
    alerts
}

pub(super) fn part(w: &'static Words, today: Today) -> DayPart {
    let (letters, batches) = today.open;
    let may_close = today.closed.is_none() || today.came_since;
    let closed = today.closed.map(|day| {
        let said = w.two("day.closed", &day.closed_by, when::moment(w, day.closed));
        let said = match day.note {
            Some(note) => w.two("day.closed_with", said, note),
            None => said,
        };
        match today.came_since {
            true => w.one("day.came_since", said),
            false => said,
        }
    });
    let earlier = today.earlier.counts();
    let mut open = vec![match letters + batches {
        0 => w.t("day.all_done").to_owned(),
        _ => w.two("day.open", letters, batches),
    }];
    if let [letters, batches, days] = earlier
        && letters + batches + days > 0
    {
        open.push(w.fill("day.earlier", &[&letters, &batches, &days]));
    }
    let loose = |files: u32| (files > 0).then(|| w.one("day.loose_files", files));
    open.extend(loose(today.files));
    DayPart {
        has_open: letters + batches + today.files + earlier.iter().sum::<u32>() > 0,
        open,
        date: today.date,
        closed,
        may_close,
        first: today.first.map(|(date, (letters, batches), files)| {
            let told = w.fill("day.first", &[&date, &letters, &batches]);
            FirstDay {
                open: [Some(told), loose(files)]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" "),
                has_open: letters + batches + files > 0,
                date,
            }
        }),
    }
}
