//! Of which offices a letter speaks: worked out of every line that was read of it, which takes long for a letter of many pages. Where letters are read that is
//! done beside the store, so that nobody waits for it; the store is told what came of it.

use std::collections::BTreeSet;

use super::named_offices::WHICHEVER;
use super::{Db, StoreError};
use crate::domain::access::is_of_no_known_office;
use crate::domain::draft::{Accused, Fields};
use crate::domain::extract::offices_spoken_of;
use crate::domain::roster::Roster;
use crate::domain::text::PageText;

/// The offices that a letter speaks of, and what of its fields that hangs on.
#[derive(Debug, Clone)]
pub struct SpokenOf {
    letter: String,
    addressee: Vec<String>,
    accused: Vec<Accused>,
    accuses: bool,
    offices: BTreeSet<String>,
}

impl SpokenOf {
    /// Works it out; `units` are the offices of case systems.
    #[must_use]
    pub fn of(
        letter: &str,
        (pages, fields): (&[PageText], &Fields),
        roster: &Roster,
        units: &[String],
    ) -> Self {
        let mut offices = BTreeSet::new();
        let mut accused = fields.accused.iter();
        if fields.accuses() && accused.any(|one| is_of_no_known_office(one, roster)) {
            offices.insert(WHICHEVER.to_owned());
        }
        let unknown = units
            .iter()
            .filter(|unit| roster.office_begun(unit).is_none());
        let others: Vec<String> = unknown.cloned().collect();
        if !roster.orgs.is_empty() || !others.is_empty() {
            offices.extend(offices_spoken_of(pages, fields, roster, &others));
        }
        Self {
            letter: letter.to_owned(),
            addressee: addressee(fields),
            accused: fields.accused.clone(),
            accuses: fields.accuses(),
            offices,
        }
    }

    fn is_of(&self, letter: &str, fields: &Fields) -> bool {
        self.letter == letter
            && self.addressee == addressee(fields)
            && self.accused == fields.accused
            && self.accuses == fields.accuses()
    }
}

fn addressee(fields: &Fields) -> Vec<String> {
    let addressee = &fields.addressee;
    addressee
        .value
        .iter()
        .chain(&addressee.raw)
        .cloned()
        .collect()
}

impl Db {
    /// Does this in the knowledge of which offices a letter speaks of. Where its fields turn out to be others, as an officer corrected them, that is worked out
    /// anew.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn knowing<T>(
        &mut self,
        spoken: SpokenOf,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.spoken = Some(spoken);
        let done = work(self);
        self.spoken = None;
        done
    }

    /// What the lines of a letter will be once this page of it is read.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn texts_with(
        &self,
        letter: &str,
        page: i64,
        text: PageText,
    ) -> Result<Vec<PageText>, StoreError> {
        let mut all = self.page_texts(letter)?;
        let ids = self.page_ids(letter)?;
        let Some((_, n)) = ids.iter().zip(1..).find(|(id, _)| **id == page) else {
            return Ok(all);
        };
        let kind = self
            .connection
            .prepare_cached("SELECT kind FROM pages WHERE id = ?1")?
            .query_row([page], |row| row.get(0))?;
        let text = PageText { n, kind, ..text };
        all.retain(|other| other.n != text.n);
        all.push(text);
        all.sort_by_key(|text| text.n);
        Ok(all)
    }

    /// By their full names.
    pub(super) fn spoken_of(
        &self,
        letter: &str,
        fields: &Fields,
    ) -> Result<BTreeSet<String>, StoreError> {
        if let Some(known) = self
            .spoken
            .as_ref()
            .filter(|known| known.is_of(letter, fields))
        {
            return Ok(known.offices.clone());
        }
        let units = self.units()?;
        let pages = self.page_texts(letter)?;
        Ok(SpokenOf::of(letter, (&pages, fields), self.roster(), &units).offices)
    }
}
