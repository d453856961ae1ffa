//! Arrivals: every file that a source showed, and what became of it; the letters and pages they turn into.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::json;

use super::amiss::{beside_held, number_again, same_bytes};
use super::held::is_unread;
use super::late::{is_late, may_be_joined};
use super::lies::gate_of;
use super::places::place_by_name;
use super::set_back::set_back;
use super::unreleased::{hold_if_beyond, hold_if_opened_early};
use super::{Db, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::digest;
use crate::domain::grouping::{GroupBy, hold};
use crate::domain::intake::{self, ArrivalState, FirstSeen, Gate, OpenLoad, reason};
use crate::domain::letter::{Carrier, LoadState, Stage};
use crate::domain::text::PageKind;
use crate::evidence::Original;

pub(super) const ACTOR: &str = "task/scan";

/// A file as its source shows it.
#[derive(Debug, Clone)]
pub struct NewArrival {
    /// Id of the folder or scanner.
    pub source: String,
    /// Its name below the source's folder.
    pub name: String,
    /// Which file of that name: names are used again.
    pub file_key: String,
    /// When it was first seen, by the wall clock.
    pub first_seen: Millis,
    /// The same on the clock that never jumps; none of a file that was not seen by this run.
    pub seen: Option<Instant>,
}

/// An arrival as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Number; sorts by time.
    pub id: String,
    /// Id of the folder or scanner.
    pub source: String,
    /// Its name below the source's folder.
    pub name: String,
    /// When it was first seen, by any run of the station.
    pub first_seen: Millis,
    /// When it was taken.
    pub taken: Option<Millis>,
    /// Where it stands.
    pub state: ArrivalState,
    /// Stable code while it waits or is held.
    pub reason: Option<String>,
    /// Where a held file lies, below the source's folder.
    pub kept_as: Option<String>,
    /// Its original.
    pub sha256: Option<String>,
    /// An earlier arrival with the same bytes.
    pub same_as: Option<String>,
}

impl Arrival {
    /// It waits for a list that names it, and may be decided about meanwhile.
    #[must_use]
    pub fn awaits_list(&self) -> bool {
        self.state == ArrivalState::Waiting
            && self.reason.as_deref() == Some(reason::AWAITING_INDEX)
    }
}

/// A page file to be taken into a letter.
#[derive(Debug, Clone)]
pub struct TakePage {
    /// Its arrival.
    pub arrival: String,
    /// The letter it claims to belong to.
    pub group: String,
    /// Letter sheet or envelope.
    pub kind: PageKind,
    /// The number in its name.
    pub number: Option<u32>,
    /// Positions of its pages in the file; `[0]` for a file of one page.
    pub frames: Vec<u32>,
    /// Its bytes in the evidence store.
    pub original: Original,
}

/// What became of a page that was to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It belongs to this letter now.
    Letter {
        /// The letter.
        letter: String,
        /// An earlier arrival with the same bytes, e.g. another blank page, or the same sheet scanned twice.
        same_as: Option<String>,
    },
    /// It was taken by an earlier run.
    Already,
    /// The gate is shut; nothing was written.
    NotNow(Gate),
    /// A first page of its name may still come; nothing was written.
    NotYet,
    /// It is no first page, and its name is an earlier letter's: a person has to look. Nothing was written.
    Late,
    /// Its bytes are a page's of a letter returned unread: nobody reads them. Nothing was written.
    Unread,
    /// Its letter is confirmed or registered: a person has to look. Nothing was written.
    LetterClosed {
        /// The letter.
        letter: String,
    },
}

const ARRIVAL: &str = "SELECT id, source, name, first_seen_ms, taken_ms, state, reason, kept_as, sha256, same_as FROM arrivals";

fn arrival(row: &Row<'_>) -> rusqlite::Result<Arrival> {
    Ok(Arrival {
        id: row.get(0)?,
        source: row.get(1)?,
        name: row.get(2)?,
        first_seen: row.get(3)?,
        taken: row.get(4)?,
        state: row.get(5)?,
        reason: row.get(6)?,
        kept_as: row.get(7)?,
        sha256: row.get(8)?,
        same_as: row.get(9)?,
    })
}

impl Db {
    /// Records that a file was seen. The same file seen again, also by a later run, is the same arrival and keeps the moment it was first seen, so
    /// that a release can never reach back. A held file that was not yet moved is the same arrival too.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_arrival(&mut self, new: &NewArrival) -> Result<Arrival, StoreError> {
        let known = self
            .connection
            .prepare_cached(&format!(
                "{ARRIVAL} WHERE source = ?1 AND name = ?2 AND file_key = ?3
                 AND (state IN (?4, ?5) OR state = ?6 AND kept_as IS NULL) ORDER BY first_seen_ms LIMIT 1"
            ))?
            .query_row(
                (&new.source, &new.name, &new.file_key, ArrivalState::Waiting, ArrivalState::Gone, ArrivalState::Held),
                arrival,
            )
            .optional()?;
        if let Some(known) = known {
            if known.state == ArrivalState::Gone {
                self.connection.execute(
                    "UPDATE arrivals SET state = ?2 WHERE id = ?1",
                    (&known.id, ArrivalState::Waiting),
                )?;
            }
            return Ok(known);
        }
        let after = self.seen_after(new.seen)?;
        let step = self.connection.savepoint()?;
        let random: String = step
            .prepare_cached("SELECT lower(hex(randomblob(4)))")?
            .query_row([], |row| row.get(0))?;
        let id = format!("{:011x}-{random}", clock::now().0);
        step.prepare_cached(
            "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((&id, &new.source, &new.name, &new.file_key, new.first_seen, ArrivalState::Waiting, reason::ARRIVING))?;
        let detail = json!({"source": new.source, "name": new.name, "first_seen_ms": new.first_seen.0, "after": after});
        ledger::append(&step, ACTOR, "page.seen", &subject(&id), &detail)?;
        step.commit()?;
        self.arrival(&id)
    }

    /// One arrival.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn arrival(&self, id: &str) -> Result<Arrival, StoreError> {
        self.find_arrival(id)?.ok_or_else(|| StoreError::NotFound {
            what: "arrival",
            id: id.to_owned(),
        })
    }

    /// One arrival, if it is known.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn find_arrival(&self, id: &str) -> Result<Option<Arrival>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{ARRIVAL} WHERE id = ?1"))?;
        Ok(query.query_row([id], arrival).optional()?)
    }

    /// Arrivals in one state, newest first, with ids below `before`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn arrivals(
        &self,
        state: ArrivalState,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Arrival>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{ARRIVAL} WHERE state = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
        ))?;
        let rows = query.query_map((state, before, limit), arrival)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes why an arrival waits. Says whether that is news.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn arrival_waits(&mut self, id: &str, reason: &str) -> Result<News, StoreError> {
        let step = self.connection.savepoint()?;
        let changed = step.execute(
            "UPDATE arrivals SET reason = ?2 WHERE id = ?1 AND state = ?3 AND reason IS NOT ?2",
            (id, reason, ArrivalState::Waiting),
        )?;
        if changed == 0 {
            return Ok(News::Known);
        }
        ledger::append(
            &step,
            ACTOR,
            "page.waits",
            &subject(id),
            &json!({"reason": reason}),
        )?;
        step.commit()?;
        Ok(News::New)
    }

    /// Sets an arrival aside for a person; its file is moved after this.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it was taken.
    pub fn hold_arrival(&mut self, id: &str, reason: &str) -> Result<(), StoreError> {
        self.hold_arrival_of(id, reason, None)
    }

    /// The same of a file whose bytes are known: the same again are known by them.
    ///
    /// # Errors
    /// As [`Db::hold_arrival`].
    pub fn hold_arrival_of(
        &mut self,
        id: &str,
        reason: &str,
        original: Option<&Original>,
    ) -> Result<(), StoreError> {
        let found = self.arrival(id)?;
        if found.state == ArrivalState::Taken {
            let (state, action) = ("taken".into(), "hold");
            return Err(StoreError::WrongState {
                why: Hindrance::Over,
                what: "arrival",
                id: id.to_owned(),
                state,
                action,
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE arrivals SET state = ?2, reason = ?3 WHERE id = ?1",
            (id, ArrivalState::Held, reason),
        )?;
        if found.state != ArrivalState::Held {
            let mut detail = json!({"reason": reason});
            if let Some(Original { sha256, sm3, size }) = original {
                step.execute(
                    "UPDATE arrivals SET sha256 = ?2, sm3 = ?3, size = ?4 WHERE id = ?1",
                    (id, sha256, sm3, *size as i64),
                )?;
                detail["sha256"] = json!(sha256);
            }
            ledger::append(&step, ACTOR, "page.held", &subject(id), &detail)?;
        }
        step.commit()?;
        Ok(())
    }

    /// Holds a claimed file that no arrival explains, under the id in its name.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn hold_unknown(&mut self, id: &str, source: &str, name: &str) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT OR IGNORE INTO arrivals (id, source, name, file_key, first_seen_ms, state, reason) VALUES (?1, ?2, ?3, '', ?4, ?5, ?6)",
            (id, source, name, clock::now(), ArrivalState::Held, reason::UNKNOWN_CLAIM),
        )?;
        let detail = json!({"reason": reason::UNKNOWN_CLAIM, "source": source, "name": name});
        ledger::append(&step, ACTOR, "page.held", &subject(id), &detail)?;
        step.commit()?;
        Ok(())
    }

    /// Notes where a held file lies now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn arrival_kept_as(&mut self, id: &str, kept_as: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE arrivals SET kept_as = ?2 WHERE id = ?1",
            (id, kept_as),
        )?;
        Ok(())
    }

    /// Names and keys of a source's files that wait.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn waiting_files(&self, source: &str) -> Result<Vec<(String, String)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT name, file_key FROM arrivals WHERE source = ?1 AND state = ?2",
        )?;
        let rows = query.query_map((source, ArrivalState::Waiting), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that a waiting file is no longer there.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn arrival_gone(
        &mut self,
        source: &str,
        name: &str,
        file_key: &str,
    ) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        let id: Option<String> = step
            .query_row(
                "UPDATE arrivals SET state = ?4 WHERE source = ?1 AND name = ?2 AND file_key = ?3 AND state = ?5 RETURNING id",
                (source, name, file_key, ArrivalState::Gone, ArrivalState::Waiting),
                |row| row.get(0),
            )
            .optional()?;
        if let Some(id) = id {
            ledger::append(&step, ACTOR, "page.gone", &subject(&id), &json!({}))?;
            step.commit()?;
            return self.list_waits_no_more(&id, "the list is gone");
        }
        step.commit()?;
        Ok(())
    }

    /// Takes a page file into its letter: arrival, letter, pages and ledger in one transaction. The gate is asked again inside it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn take_page(&mut self, page: &TakePage) -> Result<Taken, StoreError> {
        let found = self.arrival(&page.arrival)?;
        if found.state != ArrivalState::Taken
            && let Gate::Enter { load } = gate_of(&self.connection, &found, GroupBy::Name)?
            && is_late(&self.connection, load, page)?
        {
            return Ok(
                match may_be_joined(&self.connection, page, found.first_seen)? {
                    true => Taken::NotYet,
                    false => Taken::Late,
                },
            );
        }
        self.take_named(page)
    }

    /// The same for a page whose letter is known from elsewhere than its name: a list of pages.
    pub(super) fn take_named(&mut self, page: &TakePage) -> Result<Taken, StoreError> {
        let found = self.arrival(&page.arrival)?;
        if found.state == ArrivalState::Taken {
            return Ok(Taken::Already);
        }
        let step = self.connection.savepoint()?;
        let load = match gate_of(&step, &found, GroupBy::Name)? {
            Gate::Enter { load } => load,
            shut => return Ok(Taken::NotNow(shut)),
        };
        let (letter, stage) = letter_of(&step, load, &page.group)?;
        let withheld: bool = step
            .prepare_cached("SELECT withheld IS NOT NULL FROM letters WHERE id = ?1")?
            .query_row([&letter], |row| row.get(0))?;
        if withheld || matches!(stage, Stage::Confirmed | Stage::Registered) {
            return Ok(Taken::LetterClosed { letter });
        }
        if is_unread(&step, &page.original.sha256)? {
            return Ok(Taken::Unread);
        }
        let same_as = take_arrival(&step, &page.arrival, &page.original)?;
        let place = place_by_name(&step, &letter, page.kind, (&found.name, page.number))?;
        for frame in &page.frames {
            step.prepare_cached(
                "INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                &letter,
                &page.arrival,
                frame,
                page.kind,
                place.kept(),
                &page.original.sha256,
                &page.original.sm3,
                page.original.size as i64,
            ))?;
        }
        let batch: i64 = step
            .prepare_cached("SELECT batch_id FROM loads WHERE id = ?1")?
            .query_row([load], |row| row.get(0))?;
        same_bytes(&step, batch, (&letter, &page.arrival), same_as.as_deref())?;
        number_again(&step, batch, &letter, &page.arrival)?;
        hold_if_opened_early(&step, (batch, &letter), &page.arrival)?;
        let by_name = (hold::IMAGE_HELD, Millis(0));
        beside_held(&step, (batch, &letter), &page.group, by_name)?;
        let detail = json!({"letter": letter, "load": load, "frames": page.frames, "sha256": page.original.sha256,
            "sm3": page.original.sm3, "size": page.original.size, "same_as": same_as});
        ledger::append(
            &step,
            ACTOR,
            "page.arrived",
            &subject(&page.arrival),
            &detail,
        )?;
        step.commit()?;
        Ok(Taken::Letter { letter, same_as })
    }
}

/// Whether something noted was not known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It was not.
    New,
    /// It was.
    Known,
}

pub(super) fn subject(arrival: &str) -> String {
    format!("arrival/{arrival}")
}

pub(super) fn gate(connection: &Connection, seen: &Arrival) -> Result<Gate, StoreError> {
    if set_back(connection)?.is_some() {
        return Ok(Gate::ClockSetBack);
    }
    let first_seen = first_seen(connection, seen)?;
    Ok(intake::gate(first_seen, &open_loads(connection)?))
}

/// When a page was first seen, by the order of the ledger where that is known.
pub(super) fn first_seen(connection: &Connection, seen: &Arrival) -> Result<FirstSeen, StoreError> {
    let after: Option<Option<i64>> = connection
        .prepare_cached(
            "SELECT json_extract(detail, '$.after') FROM ledger WHERE subject = ?1 AND action = 'page.seen' ORDER BY seq LIMIT 1",
        )?
        .query_row([subject(&seen.id)], |row| row.get(0))
        .optional()?;
    Ok(FirstSeen {
        at_ms: seen.first_seen.0,
        after: after.flatten(),
    })
}

/// Loads whose letters may be scanned now.
pub(super) fn open_loads(connection: &Connection) -> Result<Vec<OpenLoad>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT l.id, l.batch_id, l.released_ms, CASE WHEN l.state = ?2
             THEN (SELECT max(seq) FROM ledger WHERE subject = 'load/' || l.id AND action = 'load.overridden')
             ELSE (SELECT max(seq) FROM ledger WHERE subject = 'cycle/' || l.cycle_id AND action = 'cycle.ended') END
         FROM loads l JOIN batches b ON b.id = l.batch_id
         WHERE l.state IN (?1, ?2) AND l.released_ms IS NOT NULL AND b.closed_ms IS NULL",
    )?;
    let open = query.query_map((LoadState::Released, LoadState::Overridden), |row| {
        Ok(OpenLoad {
            load: row.get(0)?,
            batch: row.get(1)?,
            released_ms: row.get(2)?,
            entry: row.get(3)?,
        })
    })?;
    Ok(open.collect::<Result<_, _>>()?)
}

/// Marks the arrival as taken and links it to an earlier one with the same bytes.
pub(super) fn take_arrival(
    step: &Connection,
    arrival: &str,
    original: &Original,
) -> Result<Option<String>, StoreError> {
    let same_as: Option<String> = step
        .prepare_cached(
            "SELECT id FROM arrivals WHERE sha256 = ?1 AND id <> ?2 AND state <> 'held' ORDER BY taken_ms, id LIMIT 1",
        )?
        .query_row((&original.sha256, arrival), |row| row.get(0))
        .optional()?;
    step.prepare_cached(
        "UPDATE arrivals SET state = ?2, reason = NULL, taken_ms = ?3, sha256 = ?4, sm3 = ?5, size = ?6, same_as = ?7 WHERE id = ?1",
    )?
    .execute((
        arrival,
        ArrivalState::Taken,
        clock::now(),
        &original.sha256,
        &original.sm3,
        original.size as i64,
        &same_as,
    ))?;
    Ok(same_as)
}

/// The letter of this group in the load's batch, for a page that came. One that begins with it may be of another load.
pub(super) fn letter_of(
    step: &Connection,
    load: i64,
    group: &str,
) -> Result<(String, Stage), StoreError> {
    let (batch, letter, stage, news) = letter_named(step, load, group)?;
    if news == News::New {
        hold_if_beyond(step, (batch, &letter))?;
    }
    Ok((letter, stage))
}

/// The letter of this group in the load's batch; made when it is not there yet. A drafted letter goes back: its draft is made anew with the page.
pub(super) fn letter_named(
    step: &Connection,
    load: i64,
    group: &str,
) -> Result<(i64, String, Stage, News), StoreError> {
    let (batch, carrier): (i64, Carrier) = step.query_row(
        "SELECT b.id, b.carrier FROM loads l JOIN batches b ON b.id = l.batch_id WHERE l.id = ?1",
        [load],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let now = clock::now();
    let known: Option<(String, Stage)> = step
        .query_row(
            "SELECT id, stage FROM letters WHERE batch_id = ?1 AND group_name = ?2",
            (batch, group),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((id, stage)) = known {
        let stage = if stage == Stage::Drafted {
            Stage::Reading
        } else {
            stage
        };
        step.execute(
            "UPDATE letters SET last_arrival_ms = ?2, stage = ?3, version = version + 1 WHERE id = ?1",
            (&id, now, stage),
        )?;
        return Ok((batch, id, stage, News::Known));
    }
    let id = free_id(step, group)?;
    let urgent = matches!(carrier, Carrier::Express | Carrier::Telegram);
    step.execute(
        "INSERT INTO letters (id, batch_id, load_id, group_name, stage, urgent, created_ms, last_arrival_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        (&id, batch, load, group, Stage::Arriving, urgent, now),
    )?;
    ledger::append(
        step,
        ACTOR,
        "letter.begun",
        &format!("letter/{id}"),
        &json!({"batch": batch, "load": load}),
    )?;
    Ok((batch, id, Stage::Arriving, News::New))
}

/// The group's name as a letter's number, fit for an address line; names come back every day, so a taken one gets a suffix.
fn free_id(step: &Connection, group: &str) -> Result<String, StoreError> {
    let word = first_id(group);
    let mut taken = step.prepare_cached("SELECT 1 FROM letters WHERE id = ?1")?;
    let mut id = word.clone();
    let mut suffix = 2_u32;
    while taken.exists([&id])? {
        id = format!("{word}-{suffix}");
        suffix += 1;
    }
    Ok(id)
}

/// A letter's number goes into names of files, and a suffix or a pattern is put to it.
const ID_BYTES: usize = 96;

/// The number of the first letter that ever had this name.
pub(super) fn first_id(group: &str) -> String {
    let word: String = group
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    if word.is_empty() {
        "letter".to_owned()
    } else {
        digest::bounded_name(&word, ID_BYTES)
    }
}
