//! Which batch lies in a scanner whose files say nothing of it: the last word of a person, by a press or in so many words. It stands in the ledger and
//! nowhere else.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::letters::{ACTOR, first_seen, open_loads};
use super::set_back::set_back;
use super::{Arrival, Db, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::grouping::{GroupBy, hold};
use crate::domain::intake::{self, ArrivalState, FirstSeen, Gate, OpenLoad, Said, reason};

const SAID: &str = "scanner.batch";
/// Every scanner that goes by the key.
const BY_PRESS: &str = "scanner/*";

/// Files are put into a folder, and somebody says then what lies there.
const SHORTLY_MS: i64 = 10 * 60_000;

/// Where files of a folder go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiesIn {
    /// The batch; `None` when none is open, or several are and nobody said which.
    pub batch: Option<i64>,
    /// Several are open and nobody said which lies there: files wait.
    pub is_asked: bool,
    /// So many wait for that.
    pub waiting: u32,
}

/// The last word that counts for a file first seen then.
fn said(
    connection: &Connection,
    source: &str,
    by: GroupBy,
    first_seen: Millis,
) -> Result<Option<Said>, StoreError> {
    // From the last word back, by the index: there is one for each press.
    let mut query = connection.prepare_cached(
        "SELECT seq, detail ->> '$.batch', detail ->> '$.from_ms' FROM ledger
         WHERE subject = ?1 AND action = ?2 AND detail ->> '$.from_ms' <= ?3 ORDER BY seq DESC LIMIT 1",
    )?;
    let mut last: Option<(i64, Said)> = None;
    let pressed = (by == GroupBy::Press).then(|| BY_PRESS.to_owned());
    for of in [Some(subject(source)), pressed].into_iter().flatten() {
        let found = query.query_row((&of, SAID, first_seen), |row| {
            let said = Said {
                batch: row.get(1)?,
                from_ms: row.get(2)?,
            };
            Ok((row.get::<_, i64>(0)?, said))
        });
        last = [last, found.optional()?]
            .into_iter()
            .flatten()
            .max_by_key(|(seq, _)| *seq);
    }
    Ok(last.map(|(_, said)| said))
}

fn subject(scanner: &str) -> String {
    format!("scanner/{scanner}")
}

/// Whether a file of a folder may enter now, and to which load it belongs.
pub(super) fn gate_of(
    connection: &Connection,
    found: &Arrival,
    by: GroupBy,
) -> Result<Gate, StoreError> {
    if set_back(connection)?.is_some() {
        return Ok(Gate::ClockSetBack);
    }
    gate_of_open(connection, found, by, &open_loads(connection)?)
}

/// The same of these open loads, whatever the clock says.
pub(super) fn gate_of_open(
    connection: &Connection,
    found: &Arrival,
    by: GroupBy,
    open: &[OpenLoad],
) -> Result<Gate, StoreError> {
    if open.is_empty() {
        return Ok(Gate::NoReleasedLoad);
    }
    let seen = first_seen(connection, found)?;
    let is_asked = found.reason.as_deref() == Some(reason::WHICH_BATCH);
    if !is_asked && open.iter().all(|load| load.batch == open[0].batch) {
        return Ok(intake::gate(seen, open));
    }
    let said = said(connection, &found.source, by, found.first_seen)?;
    let tells = by.tells_letters_apart_by_file();
    Ok(intake::gate_of_folder(seen, open, said, (tells, is_asked)))
}

impl Db {
    /// Whether a file of a folder may enter now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn gate_of(&self, found: &Arrival, by: GroupBy) -> Result<Gate, StoreError> {
        gate_of(&self.connection, found, by)
    }

    /// A person says which batch lies in a scanner: files that wait for that word are of it, those that were put there shortly before while nobody had said
    /// anything, and those that come from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when the batch is closed or none of its loads is released.
    pub fn say_batch(&mut self, scanner: &str, batch: i64, by: &str) -> Result<(), StoreError> {
        let refused = |why, state: &str| StoreError::WrongState {
            why,
            what: "batch",
            id: batch.to_string(),
            state: state.to_owned(),
            action: "put into the scanner",
        };
        self.clock_is_right("say which batch lies in the scanner")?;
        if self.batch(batch)?.closed.is_some() {
            return Err(refused(Hindrance::Closed, "closed"));
        }
        let open = open_loads(&self.connection)?;
        if !open.iter().any(|load| load.batch == batch) {
            return Err(refused(Hindrance::LoadNotOpen, "not released"));
        }
        let waits_since: Option<Millis> = self.connection.query_row(
            "SELECT min(first_seen_ms) FROM arrivals WHERE source = ?1 AND state = ?2 AND reason IN (?3, ?4)
             AND EXISTS (SELECT 1 FROM arrivals WHERE source = ?1 AND state = ?2 AND reason = ?3)",
            (scanner, ArrivalState::Waiting, reason::WHICH_BATCH, reason::ARRIVING),
            |row| row.get(0),
        )?;
        let shortly_before = self.unsaid_lately(scanner, &open)?;
        let since = [waits_since, shortly_before].into_iter().flatten().min();
        self.atomically(|db| {
            db.note_said(&subject(scanner), (batch, since), by)?;
            match since {
                Some(since) => db.ask_of_batch((scanner, since), batch),
                None => Ok(()),
            }
        })
    }

    /// Since when files lie there that are not taken, that came after the last release, and over which no word counts yet; not longer than a moment.
    fn unsaid_lately(
        &self,
        scanner: &str,
        open: &[OpenLoad],
    ) -> Result<Option<Millis>, StoreError> {
        let now = clock::now();
        let by = self.grouped_by(scanner);
        let said = said(&self.connection, scanner, by, now)?;
        if said.is_some_and(|said| open.iter().any(|load| load.batch == said.batch)) {
            return Ok(None);
        }
        let released = open.iter().map(|load| load.released_ms).max();
        let from = released.unwrap_or(0).max(now.0 - SHORTLY_MS);
        Ok(self.connection.query_row(
            "SELECT min(first_seen_ms) FROM arrivals WHERE source = ?1 AND state IN (?2, ?3) AND first_seen_ms >= ?4",
            (scanner, ArrivalState::Waiting, ArrivalState::Held, from),
            |row| row.get(0),
        )?)
    }

    /// What was found of files that are held there since then is asked of the batch that lies there.
    fn ask_of_batch(
        &mut self,
        (scanner, since): (&str, Millis),
        batch: i64,
    ) -> Result<(), StoreError> {
        let held: Vec<(i64, Option<String>)> = self
            .connection
            .prepare_cached(
                "SELECT h.id, h.detail FROM holds h JOIN arrivals a ON substr(h.detail, -length(a.name) - 2) = ': ' || a.name
                 WHERE a.source = ?1 AND a.state = ?2 AND a.first_seen_ms >= ?3
                 AND h.reason = ?4 AND h.letter_id IS NULL AND h.resolved_ms IS NULL AND h.batch_id <> ?5",
            )?
            .query_map(
                (scanner, ArrivalState::Held, since, hold::IMAGE_HELD, batch),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .collect::<Result<_, _>>()?;
        for (found, detail) in held {
            self.settle_hold(found, ACTOR, "its folder holds another batch")?;
            let new = NewHold {
                batch,
                letter: None,
                scan: None,
                reason: hold::IMAGE_HELD,
                detail,
            };
            hold_once(&self.connection, &new)?;
        }
        Ok(())
    }

    /// A press says so of the scanner it is meant for, or of every one that goes by the key; also of what waits there for that word.
    pub(super) fn pressed(
        &mut self,
        scanner: Option<&str>,
        batch: i64,
        by: &str,
    ) -> Result<(), StoreError> {
        let of = scanner.map_or_else(|| BY_PRESS.to_owned(), subject);
        let since = self.unsaid_since(scanner)?;
        self.note_said(&of, (batch, since), by)
    }

    /// Since when pages wait there for a word that nobody has given yet.
    fn unsaid_since(&self, scanner: Option<&str>) -> Result<Option<Millis>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT source, min(first_seen_ms) FROM arrivals WHERE state = ?1 AND reason = ?2 AND source = coalesce(?3, source) GROUP BY source",
        )?;
        let rows = query.query_map(
            (ArrivalState::Waiting, reason::WHICH_BATCH, scanner),
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, Millis>(1)?)),
        )?;
        let open = open_loads(&self.connection)?;
        let mut since = None;
        for row in rows {
            let (source, first) = row?;
            let said = said(&self.connection, &source, GroupBy::Press, first)?;
            if !said.is_some_and(|said| open.iter().any(|load| load.batch == said.batch)) {
                since = Some(since.map_or(first, |since: Millis| since.min(first)));
            }
        }
        Ok(since)
    }

    fn note_said(
        &mut self,
        of: &str,
        (batch, since): (i64, Option<Millis>),
        by: &str,
    ) -> Result<(), StoreError> {
        let from_ms = since.unwrap_or_else(clock::now).0;
        let detail = json!({"batch": batch, "from_ms": from_ms});
        ledger::append(&self.connection, by, SAID, of, &detail)
    }

    /// Where files of a folder go that come now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn lies_in(&self, scanner: &str, by: GroupBy) -> Result<LiesIn, StoreError> {
        let now = clock::now();
        let open = open_loads(&self.connection)?;
        let said = said(&self.connection, scanner, by, now)?;
        let tells = by.tells_letters_apart_by_file();
        let comes = FirstSeen {
            at_ms: now.0,
            after: Some(i64::MAX),
        };
        let gate = intake::gate_of_folder(comes, &open, said, (tells, false));
        let waiting = self.connection.query_row(
            "SELECT count(*) FROM arrivals WHERE source = ?1 AND state = ?2 AND reason = ?3",
            (scanner, ArrivalState::Waiting, reason::WHICH_BATCH),
            |row| row.get(0),
        )?;
        let batch = match gate {
            Gate::Enter { load } => open
                .iter()
                .find(|one| one.load == load)
                .map(|one| one.batch),
            _ => None,
        };
        Ok(LiesIn {
            batch,
            is_asked: gate == Gate::WhichBatch || waiting > 0,
            waiting,
        })
    }
}
