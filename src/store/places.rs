//! Where the pages of a letter stand, as `domain/page_order.rs` has it.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{Arrival, Db, DraftState, Hindrance, StoreError, TakeHeld, ledger};
use crate::domain::grouping::natural;
use crate::domain::letter::Stage;
use crate::domain::page_order::{self, Known, Place};
use crate::domain::text::PageKind;

macro_rules! archive_rank {
    () => {
        "CASE WHEN p.hint >= 1000000000000 THEN 9 WHEN p.kind IN ('transfer_form', 'instruction') THEN 0 WHEN p.kind = 'letter' THEN 1
    WHEN p.kind = 'attachment' THEN 2 WHEN p.kind = 'photograph' THEN 3 WHEN p.kind = 'separator' THEN 5
    WHEN p.kind = 'retaken' THEN 6 ELSE 4 END"
    };
}

/// Archive order: form, letter, attachments, envelope, what is no page of the letter, then what came when a case system had the letter
/// ([`page_order::HANDED_OUT`]); then the place in the letter, then arrival.
pub(super) const ARCHIVE_ORDER: &str = concat!(archive_rank!(), ", p.hint, p.id");
const ARCHIVE_RANK: &str = archive_rank!();

/// The number in `pages.hint`, without the addition that its page came with.
pub(super) const NUMBER: &str = "hint % 1000000";

/// A person put pages of a letter in another order.
pub(super) const ORDERED: &str = "pages.ordered";

/// A page's row, its rank by kind, and its place.
type Standing = (i64, i64, Place);

/// The place of a page that comes with its name and number. One without a number begins a letter; it does not come before what was drafted already.
pub(super) fn place_by_name(
    step: &Connection,
    letter: &str,
    kind: PageKind,
    (name, number): (&str, Option<u32>),
) -> Result<Place, StoreError> {
    if is_handed_out(step, letter)? {
        return place_behind(step, letter);
    }
    let Some(number) = number.filter(|number| *number > 0) else {
        let is_arriving: bool = step
            .prepare_cached("SELECT stage = ?2 FROM letters WHERE id = ?1")?
            .query_row((letter, Stage::Arriving), |row| row.get(0))?;
        return match is_arriving {
            true => Ok(Place::default()),
            false => place_behind(step, letter),
        };
    };
    let place = Place {
        addition: 0,
        number,
    };
    let is_plain: bool = step
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM pages WHERE letter_id = ?1 AND (hint >= ?4 OR kind = ?2 AND hint = ?3))",
        )?
        .query_row((letter, kind, place.kept(), Place::ADDED.kept()), |row| {
            row.get(0)
        })?;
    if is_plain {
        return Ok(place);
    }
    let mut query = step.prepare_cached(
        "SELECT p.hint, a.name FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE p.letter_id = ?1 AND p.kind = ?2 ORDER BY p.id",
    )?;
    let known = query.query_map((letter, kind), |row| {
        Ok(Known {
            place: Place::of(row.get(0)?),
            naming: page_order::naming(&row.get::<_, String>(1)?),
        })
    })?;
    let known = known.collect::<Result<Vec<_>, _>>()?;
    Ok(page_order::by_number(
        &known,
        number,
        &page_order::naming(name),
    ))
}

/// The place behind everything that a letter has.
pub(super) fn place_behind(step: &Connection, letter: &str) -> Result<Place, StoreError> {
    let last: Option<i64> = step
        .prepare_cached("SELECT max(hint) FROM pages WHERE letter_id = ?1")?
        .query_row([letter], |row| row.get(0))?;
    let behind = page_order::behind(last.map(Place::of));
    Ok(match is_handed_out(step, letter)? {
        true => behind.once_handed_out(),
        false => behind,
    })
}

fn is_handed_out(step: &Connection, letter: &str) -> Result<bool, StoreError> {
    let mut query =
        step.prepare_cached("SELECT 1 FROM drafts WHERE letter_id = ?1 AND state IN (?2, ?3)")?;
    Ok(query.exists((letter, DraftState::Leased, DraftState::Acked))?)
}

impl Db {
    /// The pages of a letter in archive order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn page_ids(&self, letter: &str) -> Result<Vec<i64>, StoreError> {
        let standing = self.pages_standing(letter)?;
        Ok(standing.into_iter().map(|(id, ..)| id).collect())
    }

    fn pages_standing(&self, letter: &str) -> Result<Vec<Standing>, StoreError> {
        let query = format!(
            "SELECT p.id, {ARCHIVE_RANK}, p.hint FROM pages p WHERE p.letter_id = ?1 ORDER BY {ARCHIVE_ORDER}"
        );
        let mut query = self.connection.prepare_cached(&query)?;
        let rows = query.query_map([letter], |row| {
            Ok((row.get(0)?, row.get(1)?, Place::of(row.get(2)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The page of a letter that others are to come before. What a case system has keeps its order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`].
    pub(super) fn page_to_come_before(&self, letter: &str, n: u32) -> Result<i64, StoreError> {
        if self.takes_late_page(letter)? {
            return Err(StoreError::WrongState {
                why: Hindrance::WithCaseSystem,
                what: "letter",
                id: letter.to_owned(),
                state: "with a case system: what comes later comes behind".into(),
                action: "put a page before another",
            });
        }
        let at = (n as usize).checked_sub(1);
        let pages = self.page_ids(letter)?;
        at.and_then(|at| pages.get(at).copied())
            .ok_or_else(|| StoreError::NotFound {
                what: "page of this letter",
                id: n.to_string(),
            })
    }

    /// Puts pages of a letter in front of another page of it, in the order in which they are named; the draft is made anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] once a case system has it, or when they would stand as before.
    pub(super) fn order_pages(
        &mut self,
        letter: &str,
        (pages, n): (&[i64], u32),
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.clock_is_right("order pages")?;
            db.may_regroup(letter)?;
            let before = db.page_to_come_before(letter, n)?;
            let was = db.page_ids(letter)?;
            if let Some(other) = pages.iter().find(|page| !was.contains(page)) {
                return Err(StoreError::NotFound {
                    what: "page of this letter",
                    id: other.to_string(),
                });
            }
            for page in pages.iter().filter(|page| **page != before) {
                db.put_before(letter, &[*page], before)?;
            }
            let now = db.page_ids(letter)?;
            if now == was {
                return Err(StoreError::WrongState {
                    why: Hindrance::NotSo,
                    what: "letter",
                    id: letter.to_owned(),
                    state: "in this order already: pages of another kind stand where the archive has them"
                        .into(),
                    action: "order its pages",
                });
            }
            db.regrouped(letter)?;
            let detail =
                json!({"pages": pages, "before": before, "was": was, "now": now, "reason": why});
            let about = format!("letter/{letter}");
            ledger::append(&db.connection, by, ORDERED, &about, &detail)
        })
    }

    /// Puts pages of one file in front of another page of their letter; as far as their kinds allow that.
    pub(super) fn put_before(
        &self,
        letter: &str,
        pages: &[i64],
        before: i64,
    ) -> Result<(), StoreError> {
        let mut standing = self.pages_standing(letter)?;
        let Some(rank) = standing.iter().find(|one| pages.contains(&one.0)) else {
            return Ok(());
        };
        let rank = rank.1;
        standing.retain(|one| !pages.contains(&one.0));
        let is_kin = |one: &&Standing| one.1 == rank;
        let front = standing.iter().take_while(|one| one.0 != before);
        let at = front.filter(is_kin).count();
        let kin: Vec<&Standing> = standing.iter().filter(is_kin).collect();
        let places: Vec<Place> = kin.iter().map(|one| one.2).collect();
        let (own, others) = page_order::before(&places, at);
        for (one, place) in kin
            .iter()
            .zip(others)
            .filter(|(one, place)| one.2 != *place)
        {
            self.stand(one.0, place)?;
        }
        pages.iter().try_for_each(|page| self.stand(*page, own))
    }

    pub(super) fn stand(&self, page: i64, place: Place) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE pages SET hint = ?2 WHERE id = ?1")?
            .execute((page, place.kept()))?;
        Ok(())
    }

    /// The place of a held file that a person takes into a letter, unless he says another: by its number where its name is that letter's, beside the
    /// images that it grew by, otherwise behind. So is everything that comes to a letter which a case system has.
    pub(super) fn place_of_held(
        &self,
        take: &TakeHeld,
        found: &Arrival,
        (letter, grew): (&str, bool),
    ) -> Result<Place, StoreError> {
        let step = &self.connection;
        if self.takes_late_page(letter)? {
            return place_behind(step, letter);
        }
        if grew
            && let Some(place) = step
                .prepare_cached(
                    "SELECT p.hint FROM pages p JOIN arrivals a ON a.id = p.arrival_id
                     WHERE p.letter_id = ?1 AND a.source = ?2 AND a.name = ?3 AND p.kind = ?4 ORDER BY p.id DESC LIMIT 1",
                )?
                .query_row((letter, &found.source, &found.name, take.kind), |row| row.get(0))
                .optional()?
        {
            return Ok(Place::of(place));
        }
        let group: String = step
            .prepare_cached("SELECT group_name FROM letters WHERE id = ?1")?
            .query_row([letter], |row| row.get(0))?;
        match group == take.group {
            true => place_by_name(step, letter, take.kind, (&found.name, take.number)),
            false => place_behind(step, letter),
        }
    }

    /// Where the order of images makes the letters: the page of the letter before which a held image lay, between others of its.
    pub(super) fn next_in_order(
        &self,
        take: &TakeHeld,
        letter: &str,
    ) -> Result<Option<i64>, StoreError> {
        if take.by.tells_letters_apart_by_file() || self.takes_late_page(letter)? {
            return Ok(None);
        }
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT p.id, a.name, own.name FROM arrivals own JOIN arrivals a ON a.source = own.source AND a.scan_id IS own.scan_id AND a.id <> own.id
             JOIN pages p ON p.arrival_id = a.id WHERE own.id = ?2 AND p.letter_id = ?1 ORDER BY {ARCHIVE_ORDER}"
        ))?;
        let rows = query.query_map([letter, take.arrival.as_str()], |row| {
            let [name, own]: [String; 2] = [row.get(1)?, row.get(2)?];
            Ok((row.get(0)?, natural(&name) > natural(&own)))
        })?;
        let rows = rows.collect::<Result<Vec<(i64, bool)>, _>>()?;
        let lies_between = rows.iter().any(|(_, is_later)| !is_later);
        let next = rows.iter().find(|(_, is_later)| *is_later);
        Ok(next.filter(|_| lies_between).map(|(id, _)| *id))
    }

    pub(super) fn page_ids_of(&self, arrival: &str) -> Result<Vec<i64>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT id FROM pages WHERE arrival_id = ?1 ORDER BY frame")?;
        let rows = query.query_map([arrival], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
