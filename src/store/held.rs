//! What a person decides about a held file: taken in after all, or set aside for good. Who, why and which bytes stand in the ledger.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::letters::{gate, letter_of, subject, take_arrival};
use super::scans::open_load;
use super::unreleased::opened_early;
use super::{Arrival, Db, DraftState, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::access::{Action, Seer, may};
use crate::domain::grouping::GroupBy;
use crate::domain::intake::{ArrivalState, Gate, reason};
use crate::domain::keeping::Withheld;
use crate::domain::letter::{LoadState, Stage};
use crate::domain::text::PageKind;
use crate::evidence::Original;

/// A held file's way into a letter or aside, in the ledger.
const TAKEN: &str = "page.arrived";
const SET_ASIDE: &str = "page.set_aside";

/// The letter a held file is taken into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldInto {
    /// One that is there.
    Letter(String),
    /// One of this load, which has to be open; named by the file.
    Load(i64),
}

/// A held file that a person takes in after all.
#[derive(Debug, Clone)]
pub struct TakeHeld {
    /// Its arrival.
    pub arrival: String,
    /// Where its pages belong.
    pub into: HeldInto,
    /// The page of that letter that they come before, where the person says so.
    pub before: Option<u32>,
    /// What tells letters apart at its scanner.
    pub by: GroupBy,
    /// The letter that its name claims.
    pub group: String,
    /// Letter sheet or envelope.
    pub kind: PageKind,
    /// The number in its name.
    pub number: Option<u32>,
    /// Positions of its pages in the file.
    pub frames: Vec<u32>,
    /// Its bytes in the evidence store.
    pub original: Original,
}

/// What a person decided about a held file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDecision {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Millis,
}

/// A load whose letters may be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenLoadRow {
    /// Number.
    pub id: i64,
    /// Its batch.
    pub batch: i64,
}

/// Files held for a letter that had gone on, or set aside since, and that letter.
const LETTER_OF_HELD: &str = "SELECT b.id AS arrival, n.letter FROM arrivals b JOIN arrivals a ON a.sha256 = b.sha256 AND a.id <> b.id
    JOIN (SELECT p.arrival_id AS arrival, p.letter_id AS letter FROM pages p
      UNION SELECT arrival, letter FROM held_by_name) n ON n.arrival = a.id
    JOIN letters l ON l.id = n.letter AND l.withheld = 'returned_unread'
    WHERE b.state IN ('held', 'set_aside') AND b.reason = 'bytes_returned_unread'
    UNION SELECT arrival, letter FROM held_by_name";

const HELD_BY_NAME: &str = "SELECT a.id AS arrival, l.id AS letter FROM arrivals a
    JOIN holds h ON h.reason IN ('image_held', 'file_grew') AND substr(h.detail, -length(a.name) - 2) = ': ' || a.name
    JOIN letters l ON l.id = h.letter_id OR h.letter_id IS NULL AND l.batch_id = h.batch_id AND h.detail = l.group_name || ': ' || a.name
    WHERE a.state IN ('held', 'set_aside')
    AND a.reason IN ('late_page', 'letter_closed', 'letter_returned_unread', 'letter_withdrawn', 'letter_emptied', 'file_grew')";

/// The same, and every letter that pages of that one were put into: what comes late may be of either.
pub(super) fn letters_of_held() -> String {
    format!(
        "WITH RECURSIVE held_by_name AS ({HELD_BY_NAME}), of_held (arrival, letter) AS (
         SELECT arrival, letter FROM ({LETTER_OF_HELD})
         UNION SELECT h.arrival, m.to_letter FROM of_held h JOIN page_moves m ON m.from_letter = h.letter)
         SELECT arrival, letter FROM of_held"
    )
}

/// Whether these bytes are a page's of a letter returned unread, or of a file that is kept back for one, and of no other letter.
pub(super) fn is_unread(connection: &Connection, sha256: &str) -> Result<bool, StoreError> {
    let mut there = connection.prepare_cached("SELECT 1 FROM arrivals WHERE sha256 = ?1")?;
    // Most bytes are seen once.
    if !there.exists([sha256])? {
        return Ok(false);
    }
    let of_letters = |wanted: &str| -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT 1 FROM arrivals a JOIN pages p ON p.arrival_id = a.id JOIN letters l ON l.id = p.letter_id
             WHERE a.sha256 = ?1 AND l.withheld {wanted} 'returned_unread'"
        );
        Ok(connection.prepare_cached(&sql)?.exists([sha256])?)
    };
    if of_letters("IS NOT")? {
        return Ok(false);
    }
    if of_letters("IS")? {
        return Ok(true);
    }
    let mut kept_back = connection.prepare_cached(&format!(
        "WITH held_by_name AS ({HELD_BY_NAME}) SELECT 1 FROM arrivals a WHERE a.sha256 = ?1 AND a.state IN ('held', 'set_aside')
         AND (a.reason IN ('letter_returned_unread', 'bytes_returned_unread') OR EXISTS
          (SELECT 1 FROM held_by_name n JOIN letters l ON l.id = n.letter WHERE n.arrival = a.id AND l.withheld = 'returned_unread'))"
    ))?;
    Ok(kept_back.exists([sha256])?)
}

fn refused(why: Hindrance, arrival: &str, state: &str, action: &'static str) -> StoreError {
    StoreError::WrongState {
        why,
        what: "file",
        id: arrival.to_owned(),
        state: state.into(),
        action,
    }
}

impl Db {
    /// A held file, when it lies in its place and nobody has decided about it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when it is not held, or is being moved.
    pub fn undecided(&self, id: &str, action: &'static str) -> Result<Arrival, StoreError> {
        let found = self.arrival(id)?;
        let not_held = |state| Err(refused(Hindrance::NotHeld, id, state, action));
        match (found.state, &found.kept_as) {
            (ArrivalState::Held, Some(_)) => Ok(found),
            (ArrivalState::Held, None) => {
                Err(refused(Hindrance::Moving, id, "being moved", action))
            }
            (ArrivalState::Waiting, _) => not_held("waiting, not held"),
            (ArrivalState::Taken, _) => not_held("taken already"),
            (ArrivalState::Gone, _) => not_held("gone"),
            (ArrivalState::SetAside, _) => not_held("set aside already"),
        }
    }

    /// Takes a held file into a letter of an open load, because a person says so. **No page without a release**: that holds here, too.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when it is not held, or the letter or load is closed.
    pub fn take_held(
        &mut self,
        take: &TakeHeld,
        (by, why): (&str, &str),
    ) -> Result<String, StoreError> {
        const ACTION: &str = "take the file in";
        self.atomically(|db| {
            db.clock_is_right(ACTION)?;
            let found = db.undecided(&take.arrival, ACTION)?;
            let (load, letter) = db.letter_for(take, &found)?;
            let mut withheld = Vec::new();
            for earlier in db.letters_of_held(&take.arrival)? {
                if let Some(held) = db.withholding(&earlier)? {
                    withheld.push(json!({"letter": earlier, "kind": held.kind}));
                }
                if earlier != letter {
                    db.restrict_like(&earlier, &letter, (by, why))?;
                }
            }
            // Of a file that grew only what it grew by; one that has no more images than before is another state of them.
            let known = db.images_known(&take.arrival)?;
            let new: Vec<u32> = take.frames.iter().copied().filter(|frame| *frame >= known).collect();
            let grew = known > 0 && !new.is_empty();
            let frames = if new.is_empty() { take.frames.clone() } else { new };
            let before = take.before.map(|n| db.page_to_come_before(&letter, n)).transpose()?;
            let place = db.place_of_held(take, &found, (&letter, grew))?;
            let same_as = take_arrival(&db.connection, &take.arrival, &take.original)?;
            for frame in &frames {
                db.connection.execute(
                    "INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    (
                        &letter,
                        &take.arrival,
                        frame,
                        take.kind,
                        place.kept(),
                        &take.original.sha256,
                        &take.original.sm3,
                        take.original.size as i64,
                    ),
                )?;
            }
            let before = match before {
                None => db.next_in_order(take, &letter)?,
                asked => asked,
            };
            if let Some(before) = before {
                db.put_before(&letter, &db.page_ids_of(&take.arrival)?, before)?;
            }
            if db.takes_late_page(&letter)? {
                db.connection.execute(
                    "UPDATE letters SET last_arrival_ms = ?2, version = version + 1 WHERE id = ?1",
                    (&letter, clock::now()),
                )?;
            } else {
                db.regrouped(&letter)?;
            }
            let mut detail = json!({"letter": letter, "load": load, "frames": frames, "sha256": take.original.sha256,
                "sm3": take.original.sm3, "size": take.original.size, "same_as": same_as, "held_for": found.reason, "held_of": withheld, "why": why});
            if let Some(n) = take.before {
                detail["before"] = json!(n);
            }
            ledger::append(&db.connection, by, TAKEN, &subject(&take.arrival), &detail)?;
            db.hold_of_image_done(&take.arrival, (by, why))?;
            if found.reason.as_deref() == Some(reason::SEEN_BEFORE_RELEASE) {
                let batch: i64 = db.connection.query_row(
                    "SELECT batch_id FROM letters WHERE id = ?1",
                    [&letter],
                    |row| row.get(0),
                )?;
                opened_early(&db.connection, (batch, &letter), found.name)?;
            }
            Ok(letter)
        })
    }

    /// Sets a held file aside for good; its bytes stay among the originals where there are any.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when it is not held.
    pub fn set_held_aside(
        &mut self,
        id: &str,
        original: Option<&Original>,
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.undecided(id, "set aside")?;
            let (sha256, sm3, size) = match original {
                Some(kept) => (Some(&kept.sha256), Some(&kept.sm3), Some(kept.size as i64)),
                None => (None, None, None),
            };
            db.connection.execute(
                "UPDATE arrivals SET state = ?2, sha256 = ?3, sm3 = ?4, size = ?5 WHERE id = ?1",
                (id, ArrivalState::SetAside, sha256, sm3, size),
            )?;
            let detail = json!({"held_for": found.reason, "why": why, "sha256": sha256, "sm3": sm3, "size": size});
            ledger::append(&db.connection, by, SET_ASIDE, &subject(id), &detail)?;
            db.hold_of_image_done(id, (by, why))
        })
    }

    /// The letter whose page a file may be that is held for it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letter_of_held(&self, id: &str) -> Result<Option<String>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "WITH held_by_name AS ({HELD_BY_NAME}) SELECT letter FROM ({LETTER_OF_HELD}) WHERE arrival = ?1"
        ))?;
        Ok(query.query_row([id], |row| row.get(0)).optional()?)
    }

    /// What is to be done about a file goes by this code: its reason, and of a late page how its letter stands now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn to_do_about(
        &self,
        file: &Arrival,
        letter: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        let Some(letter) = letter else {
            return Ok(file.reason.clone());
        };
        Ok(match file.reason.as_deref() {
            Some(reason::LATE_PAGE) if self.withholding(letter)?.is_some() => {
                Some(self.why_closed(letter)?.to_owned())
            }
            Some(reason::LATE_PAGE | reason::LETTER_CLOSED)
                if self.letter_row(letter)?.stage == Stage::Confirmed
                    && !self.takes_late_page(letter)? =>
            {
                Some(reason::LETTER_CONFIRMED.to_owned())
            }
            _ => file.reason.clone(),
        })
    }

    /// Why this letter takes no more pages, as files that are held for it have it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn why_closed(&self, letter: &str) -> Result<&'static str, StoreError> {
        Ok(match self.withholding(letter)?.map(|held| held.kind) {
            None => reason::LETTER_CLOSED,
            Some(Withheld::ReturnedUnread) => reason::LETTER_RETURNED_UNREAD,
            Some(Withheld::Withdrawn) if self.page_ids(letter)?.is_empty() => {
                reason::LETTER_EMPTIED
            }
            Some(Withheld::Withdrawn | Withheld::Destroyed) => reason::LETTER_WITHDRAWN,
        })
    }

    /// Every letter whose page a held file may be.
    fn letters_of_held(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT DISTINCT letter FROM ({}) WHERE arrival = ?1",
            letters_of_held()
        ))?;
        let rows = query.query_map([id], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Refuses whoever may not see every letter whose page a held file may be: he sees and decides nothing about it. A letter that is kept from him
    /// comes first, because for him there is none.
    ///
    /// # Errors
    /// [`StoreError::Unseen`].
    pub fn let_see_held(&self, seer: &Seer, id: &str) -> Result<(), StoreError> {
        let letters = self.letters_of_held(id)?;
        letters
            .iter()
            .try_for_each(|letter| self.let_touch(seer, letter))?;
        letters
            .iter()
            .try_for_each(|letter| self.let_see(seer, letter))
    }

    /// Refuses whoever may not decide that a page which may be of a letter that is shown to nobody is another one's. One returned unread was not for this
    /// office to read (FK 二(二)2): in another letter its page would be.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub fn let_take_held(&self, seer: &Seer, id: &str) -> Result<(), StoreError> {
        if may(seer.holder, Action::DecideAccess) {
            return Ok(());
        }
        for letter in self.letters_of_held(id)? {
            let withheld = self.withholding(&letter)?;
            if let Some(held) = withheld
                && !self.is_emptied(&letter)?
            {
                let state = format!("held for letter {letter}, which was {}", held.kind.told());
                return Err(refused(
                    Hindrance::OfficerDecides,
                    id,
                    &state,
                    "take the file in",
                ));
            }
        }
        Ok(())
    }

    /// Refuses to show a file held for a letter that is itself shown to nobody. One whose pages were all put into others is what those are.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub fn held_not_withheld(&self, id: &str) -> Result<(), StoreError> {
        for letter in self.letters_of_held(id)? {
            if !self.is_emptied(&letter)? {
                self.not_withheld(&letter, "show")?;
            }
        }
        Ok(())
    }

    /// Files of a source about which a person decided and that may still lie among the held ones.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn decided_in_held(&self, source: &str) -> Result<Vec<Arrival>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id FROM arrivals WHERE source = ?1 AND state IN (?2, ?3) AND kept_as LIKE 'held/%' AND kept_as NOT LIKE 'held/set_aside/%'",
        )?;
        let ids: Vec<String> = query
            .query_map(
                (source, ArrivalState::Taken, ArrivalState::SetAside),
                |row| row.get(0),
            )?
            .collect::<Result<_, _>>()?;
        ids.iter().map(|id| self.arrival(id)).collect()
    }

    /// Who decided about a held file, and why.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn held_decision(&self, id: &str) -> Result<Option<HeldDecision>, StoreError> {
        let found = self.connection.query_row(
            "SELECT actor, json_extract(detail, '$.why'), at_ms FROM ledger WHERE subject = ?1 AND action IN (?2, ?3)
             AND json_extract(detail, '$.why') IS NOT NULL ORDER BY seq DESC LIMIT 1",
            (subject(id), TAKEN, SET_ASIDE),
            |row| {
                Ok(HeldDecision {
                    by: row.get(0)?,
                    reason: row.get(1)?,
                    at: row.get(2)?,
                })
            },
        );
        Ok(found.optional()?)
    }

    /// Loads whose letters may be scanned now, newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_loads(&self) -> Result<Vec<OpenLoadRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.id, l.batch_id FROM loads l JOIN batches b ON b.id = l.batch_id
             WHERE l.state IN (?1, ?2) AND l.released_ms IS NOT NULL AND b.closed_ms IS NULL ORDER BY l.id DESC",
        )?;
        let rows = query.query_map((LoadState::Released, LoadState::Overridden), |row| {
            Ok(OpenLoadRow {
                id: row.get(0)?,
                batch: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letter that is meant, made if it has to be, and its load, which has to be open.
    fn letter_for(&self, take: &TakeHeld, page: &Arrival) -> Result<(i64, String), StoreError> {
        let into = &take.into;
        let load = match into {
            HeldInto::Letter(letter) => {
                if !self.takes_late_page(letter)? {
                    self.may_regroup(letter)?;
                }
                self.connection.query_row(
                    "SELECT load_id FROM letters WHERE id = ?1",
                    [letter],
                    |row| row.get(0),
                )?
            }
            HeldInto::Load(load) => self.load(*load)?.id,
        };
        // A later page came through the cabinet with a load of its own; its letter's batch may be closed for long. A file that grew was let in with its letter.
        let came_released = matches!(into, HeldInto::Letter(_))
            && match page.reason.as_deref() {
                Some(reason::LATE_PAGE) => {
                    matches!(gate(&self.connection, page)?, Gate::Enter { .. })
                }
                Some(reason::FILE_GREW) => true,
                _ => false,
            };
        if !came_released && open_load(&self.connection, load)?.is_none() {
            return Err(StoreError::WrongState {
                why: Hindrance::LoadNotOpen,
                what: "load",
                id: load.to_string(),
                state: "not released, or of a closed batch".into(),
                action: "take the file in",
            });
        }
        let letter = match into {
            HeldInto::Letter(letter) => letter.clone(),
            HeldInto::Load(_) => {
                let (letter, stage) = letter_of(&self.connection, load, &take.group)?;
                if stage != Stage::Arriving && !self.takes_late_page(&letter)? {
                    self.may_regroup(&letter)?;
                }
                letter
            }
        };
        Ok((load, letter))
    }

    /// A letter whose draft a case system has or has registered keeps it as it is: a page that comes late is read, and told it as an amendment.
    pub(super) fn takes_late_page(&self, letter: &str) -> Result<bool, StoreError> {
        match self.draft(letter) {
            Ok(draft) => Ok(draft.state != DraftState::Open && self.withholding(letter)?.is_none()),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The decision answers what was to be looked at because of this image of a scan.
    fn hold_of_image_done(&mut self, id: &str, (by, why): (&str, &str)) -> Result<(), StoreError> {
        let open: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT h.id FROM holds h JOIN arrivals a ON a.scan_id = h.scan_id AND h.detail = 'image ' || a.place
                 WHERE a.id = ?1 AND h.resolved_ms IS NULL",
            )?
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        open.into_iter()
            .try_for_each(|hold| self.settle_hold(hold, by, why).map(drop))?;
        self.held_beside_done(id, (by, why))
    }
}
