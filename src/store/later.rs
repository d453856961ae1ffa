//! Pages that come after a letter was handed over and call for a restriction that it did not have, accuse somebody, or cannot be read: no case system gets them before
//! a confirming officer has judged them, and the accused office never does. What it holds already cannot be taken back, unless it only leased it.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::amendments::AmendmentRow;
use super::drafts::subject;
use super::named_offices::OfficeWord;
use super::units::case_system;
use super::vouch::{self, ALERTS};
use super::{Db, DraftRow, DraftState, PAGE_UNREAD, PageRow, StoreError, ledger};
use crate::clock;
use crate::domain::access::{Holder, Restricted, Seer, called_for};
use crate::domain::alarm::{Code, Verdict};
use crate::domain::draft::{Accused, Draft, Fields};
use crate::domain::letter::Stage;

/// The draft's note of a page that could not be read.
const PAGE_UNREADABLE: &str = "page_unreadable";

/// The amendment that tells of a page.
pub(super) const PAGE_ADDED: &str = "page_added";

/// What later pages say that nobody knew at the hand-over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Later {
    /// Whom they accuse; nobody where they only call for a restriction.
    accused: Vec<Accused>,
    /// SHA-256 of those pages.
    pages: Vec<String>,
    /// Of those that came before and were no reason for it: they stay to be read.
    #[serde(default)]
    cleared: Vec<String>,
    /// A secret mark alone is the reason: that there is none lets them go.
    #[serde(default)]
    is_marked: bool,
}

impl Later {
    /// What the pages that the earlier draft does not have call for.
    pub(super) fn found(earlier: &Draft, now: &Draft) -> Option<Self> {
        let is_new = |sha256: &String| earlier.pages.iter().all(|page| page.sha256 != *sha256);
        let pages = now.pages.iter().map(|page| page.sha256.clone());
        let pages: Vec<String> = pages.filter(is_new).collect();
        if pages.is_empty() {
            return None;
        }
        let is_on_one = |n: u32| {
            now.pages
                .iter()
                .any(|page| page.n == n && pages.contains(&page.sha256))
        };
        let known = &earlier.fields.accused;
        let accused: Vec<Accused> = now
            .fields
            .accused
            .iter()
            .filter(|one| known.iter().all(|known| known.name != one.name))
            .filter(|one| one.page.is_none_or(is_on_one))
            .cloned()
            .collect();
        let calls = match (called_for(&now.fields), called_for(&earlier.fields)) {
            (Some(why @ (Restricted::Secret | Restricted::Accusation)), before) => {
                before.is_none_or(|before| (why as u8) < before as u8)
            }
            _ => false,
        };
        // Of a page that could not be read nobody knows what it says.
        let is_unread = |note: &String| {
            let told = note.split_once(": ");
            let n = told.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
            matches!(told, Some((PAGE_UNREADABLE | PAGE_UNREAD, _))) && n.is_some_and(is_on_one)
        };
        let is_unread = now.notes.iter().any(is_unread);
        let is_marked = called_for(&now.fields) == Some(Restricted::Secret)
            && !now.fields.accuses()
            && !is_unread;
        (calls || is_unread || !accused.is_empty()).then_some(Self {
            accused,
            pages,
            cleared: Vec::new(),
            is_marked,
        })
    }
}

impl Later {
    pub(super) fn accused(&self) -> &[Accused] {
        &self.accused
    }

    /// Whether this page is one of them, not of those that came before.
    pub(super) fn is_about(&self, sha256: &str) -> bool {
        self.pages.iter().any(|page| page == sha256) && !self.is_cleared(sha256)
    }

    /// A secret mark is all that these pages wait for.
    pub(super) fn is_marked(&self) -> bool {
        self.is_marked && self.accused.is_empty()
    }

    pub(super) fn is_cleared(&self, sha256: &str) -> bool {
        self.cleared.iter().any(|page| page == sha256)
    }

    /// Whoever an officer had named before, those are accused as well.
    pub(super) fn add_to(&self, fields: &mut Fields) {
        for one in &self.accused {
            if fields.accused.iter().all(|known| known.name != one.name) {
                fields.accused.push(one.clone());
            }
        }
    }
}

impl Db {
    pub(super) fn later(
        &self,
        letter: &str,
    ) -> Result<Option<(Later, Option<Verdict>)>, StoreError> {
        let found: Option<(Option<String>, Option<Verdict>)> = self
            .connection
            .prepare_cached("SELECT later, verdict FROM alerts WHERE letter_id = ?1 AND code = ?2")?
            .query_row((letter, Code::PageKeptBack), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((later, verdict)) = found else {
            return Ok(None);
        };
        let later: Result<Later, _> =
            serde_json::from_str(later.as_deref().unwrap_or("{\"accused\":[],\"pages\":[]}"));
        let later = later.map_err(|source| StoreError::Document {
            what: "alert",
            id: letter.to_owned(),
            source,
        })?;
        // They may be another letter's by now.
        let is_here = later.pages.is_empty() || self.has_one_of(letter, &later.pages)?;
        Ok(is_here.then_some((later, verdict)))
    }

    fn has_one_of(&self, letter: &str, pages: &[String]) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT sha256 FROM pages WHERE letter_id = ?1")?;
        let here = query.query_map([letter], |row| row.get::<_, String>(0))?;
        for sha256 in here {
            if pages.contains(&sha256?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whom pages that came after the hand-over accuse; nobody, where an officer says that they do not.
    pub(super) fn later_accused(&self, letter: &str) -> Result<Vec<Accused>, StoreError> {
        Ok(match self.later(letter)? {
            Some((later, verdict)) if verdict != Some(Verdict::FalseAlarm) => later.accused,
            _ => Vec::new(),
        })
    }

    /// Whether pages that came after the hand-over are kept from this office's system: from every one until an officer has judged them, then from those
    /// that they accuse; where nobody knows whom they accuse, from every office's.
    pub(super) fn keeps_later_pages_from(
        &self,
        letter: &str,
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        let Some((later, verdict)) = self.later(letter)? else {
            return Ok(false);
        };
        match verdict {
            Some(Verdict::FalseAlarm) => Ok(false),
            Some(Verdict::Confirmed) if later.accused.is_empty() => Ok(unit.is_some()),
            Some(Verdict::Confirmed) => {
                self.accuses(letter, &self.draft(letter)?.draft.fields, unit)
            }
            _ => Ok(true),
        }
    }

    /// Later pages wait for an officer, and an alert says so; again where there are others than he knew.
    pub(super) fn keep_back(&mut self, letter: &str, found: &Later) -> Result<(), StoreError> {
        let mut all = found.clone();
        let known = self.later(letter)?;
        all.cleared = match &known {
            Some((known, verdict)) if *verdict != Some(Verdict::FalseAlarm) => {
                known.cleared.clone()
            }
            _ => self.read_since(letter)?.into_iter().collect(),
        };
        if let Some((known, _)) = known {
            if found.pages.iter().all(|page| known.pages.contains(page)) {
                return Ok(());
            }
            let more = known
                .accused
                .into_iter()
                .filter(|one| found.accused.iter().all(|other| other.name != one.name));
            all.is_marked &= known.is_marked;
            all.accused.extend(more);
        }
        let later = serde_json::to_string(&all).expect("names are a document");
        let id: i64 = self
            .connection
            .prepare_cached(
                "INSERT INTO alerts (letter_id, code, raised_ms, level_ms, later) VALUES (?1, ?2, ?3, ?3, ?4)
                 ON CONFLICT (letter_id, code) DO UPDATE SET raised_ms = ?3, level = 0, level_ms = ?3, acked_by = NULL, acked_ms = NULL,
                 verdict = NULL, note = NULL, later = ?4 RETURNING id",
            )?
            .query_row((letter, Code::PageKeptBack, clock::now(), later), |row| row.get(0))?;
        let detail = json!({"letter": letter, "code": Code::PageKeptBack});
        let (by, id) = (("task/read", "alert.raised"), id.to_string());
        vouch::append(&self.connection, by, (ALERTS, &id), detail)
    }

    /// Forgets whom later pages accuse and what is quoted of any; that an alert was raised stays.
    pub(super) fn forget_later(&self, letter: &str) -> Result<(), StoreError> {
        let mut query = self
            .connection
            .prepare_cached("UPDATE alerts SET later = NULL WHERE letter_id = ?1 AND later IS NOT NULL RETURNING id")?;
        let rows = query.query_map([letter], |row| row.get::<_, i64>(0))?;
        for id in rows.collect::<Result<Vec<_>, _>>()? {
            let (by, detail) = (
                ("task/letters", "alert.forgotten"),
                json!({"letter": letter}),
            );
            vouch::append(&self.connection, by, (ALERTS, &id.to_string()), detail)?;
        }
        Ok(())
    }

    /// Takes a leased draft back from the office that it accuses as it reads now.
    pub(super) fn take_back_from_accused(
        &self,
        earlier: &mut DraftRow,
        now: &Fields,
    ) -> Result<(), StoreError> {
        let holder = earlier.claimed_by.clone().unwrap_or_default();
        let unit = self.unit_of(&holder)?;
        let is_accused = unit.is_some() && self.goes_to_accused(now, unit.as_deref());
        if earlier.state == DraftState::Leased && is_accused {
            self.take_back(&earlier.draft.letter, &holder, "task/read")?;
            earlier.state = DraftState::Open;
        }
        Ok(())
    }

    /// Takes a leased draft back from whoever has it; a package too, where it still lies there.
    pub(super) fn take_back(&self, letter: &str, holder: &str, by: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE drafts SET state = 'open', claimed_by = NULL, lease = NULL, lease_ms = NULL, ready_ms = NULL
             WHERE letter_id = ?1",
            [letter],
        )?;
        self.hold_unanswered(letter, holder)?;
        self.drop_packages((letter, holder), 0)?;
        let detail = json!({"from": holder});
        ledger::append(
            &self.connection,
            by,
            "draft.taken_back",
            &subject(letter),
            &detail,
        )
    }

    /// Whether every page of a letter that came is in its draft: whom it accuses is known as far as it can be.
    pub(super) fn is_settled(&self, letter: &str) -> Result<bool, StoreError> {
        let settled: Option<bool> = self
            .connection
            .prepare_cached(
                "SELECT l.stage NOT IN (?2, ?3) AND d.created_ms >= l.last_arrival_ms FROM letters l JOIN drafts d ON d.letter_id = l.id WHERE l.id = ?1",
            )?
            .query_row((letter, Stage::Arriving, Stage::Reading), |row| row.get(0))
            .optional()?;
        Ok(settled.unwrap_or(false))
    }

    /// Which of a letter's pages this case system does not get: those that it was not handed, as long as nobody has judged them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn pages_kept_from(
        &self,
        seer: &Seer,
        letter: &str,
        pages: &[PageRow],
    ) -> Result<Vec<u32>, StoreError> {
        if matches!(seer.holder, Holder::Person(_)) {
            return Ok(Vec::new());
        }
        let handed = self.draft(letter)?.draft.pages;
        let is_handed = |page: &&PageRow| handed.iter().any(|known| known.sha256 == page.sha256);
        let others: Vec<&PageRow> = pages.iter().filter(|page| !is_handed(page)).collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let unit = self.unit_of(&seer.actor)?;
        let unit = unit.as_deref();
        let mut kept = Vec::new();
        for page in others {
            let is_kept = match self.is_page_kept((letter, &page.sha256), unit)? {
                Some(is_kept) => is_kept,
                None => {
                    !self.is_settled(letter)?
                        || self.keeps_later_pages_from(letter, unit)?
                        || self.office_word(letter, unit)? != OfficeWord::Free
                }
            };
            if is_kept {
                kept.push(page.n);
            }
        }
        Ok(kept)
    }

    /// The same for the channel of an exchange folder.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn pages_kept_from_channel(
        &self,
        channel: &str,
        letter: &str,
    ) -> Result<Vec<u32>, StoreError> {
        self.pages_kept_from(&case_system(channel), letter, &self.page_rows(letter)?)
    }

    pub(super) fn was_taken_back_from(
        &self,
        letter: &str,
        holder: &str,
    ) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM ledger WHERE subject = ?1 AND action = 'draft.taken_back' AND detail ->> '$.from' = ?2",
        )?;
        Ok(query.exists((subject(letter), holder))?)
    }

    /// Whether these pages are such as the system that registered the letter never gets: an officer has said that they accuse its office. They may become
    /// a letter of their own, which other systems then get. So may those of one that had been taken back from it as accusing it when its receipt came: the
    /// office is told that it is withdrawn, and somebody else has to get them.
    pub(super) fn are_kept_from_its_system(
        &self,
        letter: &str,
        pages: &[i64],
    ) -> Result<bool, StoreError> {
        let kept = self.kept_from_its_system(letter)?;
        let is_kept = |id| kept.iter().any(|(_, kept)| kept == id);
        Ok(!kept.is_empty() && pages.iter().all(is_kept))
    }

    /// Which of a letter's pages may become a letter of their own though it is registered: see above.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn pages_to_part(&self, letter: &str) -> Result<Vec<u32>, StoreError> {
        let kept = self.kept_from_its_system(letter)?;
        Ok(kept.into_iter().map(|(n, _)| n).collect())
    }

    /// Those pages, by number and row; asked once of a whole letter, which may have hundreds.
    fn kept_from_its_system(&self, letter: &str) -> Result<Vec<(u32, i64)>, StoreError> {
        let row = match self.draft(letter) {
            Ok(row) => row,
            Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let Some(holder) = row.claimed_by.filter(|_| row.state == DraftState::Acked) else {
            return Ok(Vec::new());
        };
        let mut pages: Vec<(u32, i64)> = (1..).zip(self.page_ids(letter)?).collect();
        let unit = self.unit_of(&holder)?;
        if self.was_taken_back_from(letter, &holder)?
            && self.accuses(letter, &row.draft.fields, unit.as_deref())?
        {
            return Ok(pages);
        }
        let later = self.later(letter)?;
        let is_judged = later.is_some_and(|(_, verdict)| verdict == Some(Verdict::Confirmed))
            || self.office_word(letter, unit.as_deref())? == OfficeWord::Accused;
        if !is_judged {
            return Ok(Vec::new());
        }
        let all = self.page_rows(letter)?;
        let kept = self.pages_kept_from(&case_system(&holder), letter, &all)?;
        pages.retain(|(n, _)| kept.contains(n));
        Ok(pages)
    }

    /// Whether an amendment tells of a page that this office's system may read, whatever came since.
    pub(super) fn is_free_to_tell(
        &self,
        (letter, amendment): (&str, i64),
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        if self.tells_of_kept_page((letter, amendment), unit)? != Some(false) {
            return Ok(false);
        }
        let accused = self.goes_to_accused(&self.draft(letter)?.draft.fields, unit);
        Ok(!(unit.is_some() && accused))
    }

    /// Whether a change of a letter is kept from the system of this office: whatever is new of a letter that accuses it or of which an officer has
    /// to say whether it does, and a page that waits for him.
    pub(super) fn keeps_change_from(
        &self,
        change: &AmendmentRow,
        unit: Option<&str>,
    ) -> Result<bool, StoreError> {
        let (letter, kind) = (change.letter.as_str(), change.kind.as_str());
        if kind == PAGE_ADDED && self.is_free_to_tell((letter, change.id), unit)? {
            return Ok(false);
        }
        let is_kept = match self.draft(letter) {
            Ok(row) => {
                unit.is_some() && self.accuses(letter, &row.draft.fields, unit)?
                    || self.office_word(letter, unit)? != OfficeWord::Free
            }
            Err(StoreError::NotFound { .. }) => false,
            Err(error) => return Err(error),
        };
        Ok(is_kept || kind == PAGE_ADDED && self.keeps_later_pages_from(letter, unit)?)
    }
}
