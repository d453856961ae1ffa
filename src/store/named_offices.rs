//! Offices that a letter speaks of (`domain::extract`), and a confirming officer's word whether it accuses them. Until he has said it, the letter goes to no
//! system of such an office; others get it as ever. So with an accused of whom nobody knows where he works: for every office.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::vouch::{self, NAMED_OFFICES};
use super::{Db, DraftState, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::config::Offer;
use crate::domain::access::{Interest, Restricted};
use crate::domain::correct::{Corrections, NamedAccused, NewAccused};
use crate::domain::draft::{Accused, Fields};

/// The row of an accused of whom nobody knows of which office he is.
pub(super) const WHICHEVER: &str = "*";
/// What the first start of this laixin writes once it has looked through older drafts.
const LOOKED: &str = "offices.looked";

/// So many that wait are looked at for the overview.
const MOST: u32 = 500;

/// How a letter stands to an office, beside whom it names as accused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OfficeWord {
    /// It does not speak of it, or an officer says that it does not accuse it.
    Free,
    /// It speaks of it, and no officer has said what.
    Open,
    /// An officer says that it accuses it.
    Accused,
}

/// An office that a letter speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedOffice {
    /// The letter.
    pub letter: String,
    /// Its full name; `None`: whichever the accused is of.
    pub office: Option<String>,
    /// Since when.
    pub raised: Millis,
    /// Whether the letter accuses it, by whom, when and why.
    pub decided: Option<(bool, String, Millis, String)>,
    /// It waits for an officer: nobody has said it, or not of the letter's last page.
    pub is_open: bool,
}

const NAMED: &str =
    "SELECT n.letter_id, n.office, n.raised_ms, n.accuses, n.decided_by, n.decided_ms, n.reason,
    n.accuses IS NOT 1 AND (n.decided_ms IS NULL OR n.decided_ms < l.last_arrival_ms) AS is_open, n.id
    FROM named_offices n JOIN letters l ON l.id = n.letter_id WHERE n.ended_ms IS NULL";

fn named(row: &Row<'_>) -> rusqlite::Result<NamedOffice> {
    let office: String = row.get(1)?;
    let accuses: Option<bool> = row.get(3)?;
    let decided = match accuses {
        Some(accuses) => Some((accuses, row.get(4)?, row.get(5)?, row.get(6)?)),
        None => None,
    };
    Ok(NamedOffice {
        letter: row.get(0)?,
        office: Some(office).filter(|office| office != WHICHEVER),
        raised: row.get(2)?,
        decided,
        is_open: row.get(7)?,
    })
}

impl Db {
    /// Notes which offices a letter speaks of, as far as it is read.
    pub(super) fn note_offices(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        let now = clock::now();
        for office in self.spoken_of(letter, fields)? {
            let id: Option<i64> = self
                .connection
                .prepare_cached(
                    "INSERT INTO named_offices (letter_id, office, raised_ms) VALUES (?1, ?2, ?3)
                     ON CONFLICT (letter_id, office) DO UPDATE SET raised_ms = ?3, ended_ms = NULL WHERE ended_ms IS NOT NULL RETURNING id",
                )?
                .query_row((letter, &office, now), |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                let detail = json!({"letter": letter, "office": office});
                self.vouch_for_office(id, ("task/read", "office.named"), detail)?;
            }
        }
        Ok(())
    }

    /// By their full names, the offices of which a letter speaks and of which no officer has said that it does not accuse them.
    pub(super) fn offices_in_question(&self, letter: &str) -> Result<Vec<Accused>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT office FROM ({NAMED}) WHERE letter_id = ?1 AND office <> '{WHICHEVER}' AND (is_open OR accuses)"
        ))?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        let offices: Vec<String> = rows.collect::<Result<_, _>>()?;
        let as_accused = |name| Accused {
            name,
            ..Accused::default()
        };
        Ok(offices.into_iter().map(as_accused).collect())
    }

    /// Of a whole letter: what it does not speak of any more, since those pages are another letter's, is over, unless an officer has said that it
    /// accuses that office, or somebody who read it said that it speaks of it and no officer has answered.
    pub(super) fn settle_offices(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        let spoken_of = self.spoken_of(letter, fields)?;
        let mut query = self.connection.prepare_cached(
            "SELECT id, office FROM named_offices WHERE letter_id = ?1 AND ended_ms IS NULL AND accuses IS NOT 1
             AND (decided_by IS NULL OR accuses IS NOT NULL)",
        )?;
        let rows = query.query_map([letter], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let known: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
        for (id, office) in known
            .into_iter()
            .filter(|(_, office)| !spoken_of.contains(office))
        {
            self.connection.execute(
                "UPDATE named_offices SET ended_ms = ?2 WHERE id = ?1",
                (id, clock::now()),
            )?;
            let detail = json!({"letter": letter, "office": office});
            self.vouch_for_office(id, ("task/read", "office.not_named"), detail)?;
        }
        Ok(())
    }

    pub(super) fn vouch_for_office(
        &self,
        id: i64,
        by: (&str, &str),
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        vouch::append(
            &self.connection,
            by,
            (NAMED_OFFICES, &id.to_string()),
            detail,
        )
    }

    /// By its full name, the office that a case system's unit is or belongs to.
    pub(super) fn office_of(&self, unit: &str) -> String {
        let known = self.roster().office_begun(unit);
        known.map_or_else(|| unit.to_owned(), |org| org.name.clone())
    }

    /// How a letter stands to the office of a case system.
    pub(super) fn office_word(
        &self,
        letter: &str,
        unit: Option<&str>,
    ) -> Result<OfficeWord, StoreError> {
        let Some(unit) = unit else {
            return Ok(OfficeWord::Free);
        };
        let words = self.office_words(letter, Some(unit))?;
        let strictest = words.into_iter().map(|(_, word)| word).max();
        Ok(strictest.unwrap_or(OfficeWord::Free))
    }

    /// The same question by question, each with its number.
    pub(super) fn office_words(
        &self,
        letter: &str,
        unit: Option<&str>,
    ) -> Result<Vec<(i64, OfficeWord)>, StoreError> {
        let Some(unit) = unit else {
            return Ok(Vec::new());
        };
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT id, accuses IS 1, is_open FROM ({NAMED}) WHERE letter_id = ?1 AND office IN (?2, ?3)"
        ))?;
        let rows = query.query_map((letter, self.office_of(unit), WHICHEVER), |row| {
            let word = match (row.get(1)?, row.get(2)?) {
                (true, _) => OfficeWord::Accused,
                (false, true) => OfficeWord::Open,
                (false, false) => OfficeWord::Free,
            };
            Ok((row.get(0)?, word))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Offices that a letter speaks of and that a case system stands for.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn named_offices(&self, letter: &str) -> Result<Vec<NamedOffice>, StoreError> {
        let ours = self.offices_of_systems()?;
        let mut query = self
            .connection
            .prepare_cached(&format!("{NAMED} AND n.letter_id = ?1 ORDER BY n.id"))?;
        let rows = query.query_map([letter], named)?;
        let mut all: Vec<NamedOffice> = rows.collect::<Result<_, _>>()?;
        all.retain(|one| one.is_asked_of(&ours));
        Ok(all)
    }

    /// By their full names, the offices that case systems stand for.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn offices_of_systems(&self) -> Result<BTreeSet<String>, StoreError> {
        Ok(self
            .units()?
            .iter()
            .map(|unit| self.office_of(unit))
            .collect())
    }

    /// Letters whose hand-over to an office's system waits for an officer's word and for nothing else, and those that it has registered, with a page that it
    /// does not get before.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_to_be_judged(&self) -> Result<BTreeSet<String>, StoreError> {
        let ours = self.offices_of_systems()?;
        let mut query = self.connection.prepare_cached(&format!(
            "{NAMED} AND l.withheld IS NULL AND n.accuses IS NOT 1 AND (n.decided_ms IS NULL OR n.decided_ms < l.last_arrival_ms)
             ORDER BY n.id LIMIT {MOST}"
        ))?;
        let rows = query.query_map([], named)?;
        let mut letters = BTreeSet::new();
        for row in rows {
            let row = row?;
            if !row.is_asked_of(&ours) || letters.contains(&row.letter) {
                continue;
            }
            let draft = match self.draft(&row.letter) {
                Ok(draft) => draft,
                Err(StoreError::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            let waits = match (draft.state, &draft.claimed_by) {
                (DraftState::Open, _) => draft.ready.is_some(),
                (_, Some(holder)) => match self.unit_of(holder)? {
                    Some(unit) => row
                        .office
                        .is_none_or(|office| office == self.office_of(&unit)),
                    None => false,
                },
                (_, None) => false,
            };
            if waits {
                letters.insert(row.letter);
            }
        }
        Ok(letters)
    }

    /// Whether somebody holds office there by the roster, or declared an interest that covers it; `None`: in one of those whose systems wait.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_his_office(&self, user: &str, office: Option<&str>) -> Result<bool, StoreError> {
        let all = match office {
            Some(office) => BTreeSet::from([self.office_of(office)]),
            None => self.offices_of_systems()?,
        };
        let offices: Vec<Accused> = all
            .into_iter()
            .map(|name| Accused {
                name,
                ..Accused::default()
            })
            .collect();
        let declared = self.interests(Some(user))?.into_iter();
        let mut interests = declared.map(|row| row.interest).chain(Interest::own(user));
        Ok(interests.any(|interest| self.offices.accuse(&offices, &interest)))
    }

    /// Whether somebody has looked at a letter since its last page came.
    pub(super) fn has_opened(&self, user: &str, letter: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM ledger WHERE subject = 'letter/' || ?1 AND actor = ?2
             AND action IN ('letter.viewed', 'letter.opened', 'draft.viewed', 'page.viewed', 'archive.read')
             AND at_ms >= (SELECT last_arrival_ms FROM letters WHERE id = ?1))",
        )?;
        Ok(query.query_row((letter, user), |row| row.get(0))?)
    }

    /// Nobody judges his own office, nor what he has not read.
    fn may_judge(&self, letter: &str, office: Option<&str>, user: &str) -> Result<(), StoreError> {
        let refused = |why: Hindrance, state: &str| {
            Err(StoreError::WrongState {
                why,
                what: "letter",
                id: letter.to_owned(),
                state: state.into(),
                action: "judge an office",
            })
        };
        if self.is_his_office(user, office)? {
            return refused(Hindrance::SamePerson, "about an office of your own");
        }
        if !self.has_opened(user, letter)? {
            return refused(
                Hindrance::NotOpened,
                "one that you have not opened since its last page came",
            );
        }
        Ok(())
    }

    /// A confirming officer says whether a letter accuses an office that it speaks of; `None`: of an accused of whom nobody knew it, that he is of none of
    /// those whose systems wait. Where it does, that office is accused from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the letter does not speak of it; [`StoreError::WrongState`] where he would have to name the office, where it is his
    /// own, and unless he has opened the letter.
    pub fn judge_office(
        &mut self,
        letter: &str,
        (office, accuses): (Option<&str>, bool),
        (by, reason, offer): (&str, &str, Offer),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.not_withheld(letter, "judge an office")?;
            db.may_judge(letter, office, by)?;
            let name = office.map_or_else(|| WHICHEVER.to_owned(), |office| db.office_of(office));
            let id: i64 = db
                .connection
                .query_row(
                    "SELECT id FROM named_offices WHERE letter_id = ?1 AND office = ?2 AND ended_ms IS NULL",
                    (letter, &name),
                    |row| row.get(0),
                )
                .optional()?
                .ok_or_else(|| StoreError::NotFound {
                    what: "question in this letter about",
                    id: office.unwrap_or("somebody of whom nobody knows where he works").to_owned(),
                })?;
            if accuses && office.is_none() {
                return Err(StoreError::WrongState {
                    why: Hindrance::AccusedUnknown,
                    what: "letter",
                    id: letter.to_owned(),
                    state: "about somebody of whom nobody knows of which office he is".into(),
                    action: "say that it accuses one",
                });
            }
            db.connection.execute(
                "UPDATE named_offices SET accuses = ?2, decided_by = ?3, decided_ms = ?4, reason = ?5 WHERE id = ?1",
                (id, accuses, by, clock::now(), reason),
            )?;
            let detail = json!({"letter": letter, "office": name, "accuses": accuses, "reason": reason});
            db.vouch_for_office(id, (by, "office.judged"), detail)?;
            if accuses {
                db.accuse_office(letter, &name, (by, reason, offer))?;
            } else {
                db.settle_recusals(letter, None)?;
            }
            db.answer_kept_page(letter, accuses, (by, reason))
        })
    }

    /// What follows: its system gives back what it only leased, it is among the accused where the draft may still be corrected, the letter is restricted in any
    /// case, and an officer hears of it where its system had read the draft.
    fn accuse_office(
        &mut self,
        letter: &str,
        office: &str,
        (by, reason, offer): (&str, &str, Offer),
    ) -> Result<(), StoreError> {
        self.take_back_from_office(letter, office, by)?;
        let row = self.draft(letter)?;
        let mut listed: Vec<NamedAccused> = row
            .draft
            .fields
            .accused
            .iter()
            .map(NamedAccused::of)
            .collect();
        let is_listed = listed.iter().any(|one| self.office_of(&one.name) == office);
        if row.state == DraftState::Open && !is_listed {
            listed.push(NamedAccused {
                name: office.to_owned(),
                office: None,
            });
            let corrections = Corrections {
                accused: Some(NewAccused {
                    named: listed,
                    reason: None,
                }),
                ..Corrections::default()
            };
            let version = self.letter_row(letter)?.version;
            self.correct(letter, version, &corrections, (by, offer))?;
        }
        match self.restriction(letter)? {
            Some(known) if known.holds && known.why != Restricted::Sensitive => {}
            _ => self.restrict(letter, Restricted::Accusation, (by, reason))?,
        }
        self.hold_if_accused_saw(letter, &row.draft.fields)
    }

    /// Takes a leased draft back from the system of this office.
    fn take_back_from_office(
        &self,
        letter: &str,
        office: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        let row = self.draft(letter)?;
        let holder = row.claimed_by.filter(|_| row.state == DraftState::Leased);
        let Some(holder) = holder else {
            return Ok(());
        };
        match self.unit_of(&holder)? {
            Some(unit) if self.office_of(&unit) == office => self.take_back(letter, &holder, by),
            _ => Ok(()),
        }
    }

    /// Drafts that an older laixin made and nobody has registered: which offices they speak of, before anything of them goes out. How many.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn name_offices_of_older(&mut self) -> Result<usize, StoreError> {
        let letters: Vec<String> = self
            .connection
            .prepare(
                "SELECT letter_id FROM drafts WHERE state <> 'acked' AND created_ms < (SELECT applied_ms FROM schema_versions WHERE version = 16)
                 AND NOT EXISTS (SELECT 1 FROM ledger WHERE subject = 'letters' AND action = ?1)",
            )?
            .query_map([LOOKED], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if letters.is_empty() {
            return Ok(0);
        }
        self.atomically(|db| {
            for letter in &letters {
                let fields = db.draft(letter)?.draft.fields;
                db.note_offices(letter, &fields)?;
            }
            ledger::append(
                &db.connection,
                "task/letters",
                LOOKED,
                "letters",
                &json!({"letters": letters.len()}),
            )?;
            Ok(letters.len())
        })
    }
}

impl NamedOffice {
    /// Whether the system of one of these offices waits for it.
    fn is_asked_of(&self, offices: &BTreeSet<String>) -> bool {
        match &self.office {
            Some(office) => offices.contains(office),
            None => !offices.is_empty(),
        }
    }
}
