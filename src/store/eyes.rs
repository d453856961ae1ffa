//! Lists through the eyes of whoever looks: what is kept from him is not there, what he may not read is hidden or masked; and what was shown
//! is in the ledger, once for as long as the list says the same.

use serde_json::json;

use super::{Db, LetterLine, LetterRow, StoreError, ledger};
use crate::digest;
use crate::domain::access::{Action, Holder, Seer, Sight, Unseen, may, may_see};
use crate::domain::draft::{Draft, EarlierFrom};
use crate::domain::mask;

/// Lists that are remembered as shown; more are forgotten all at once, which only repeats an entry.
const REMEMBERED: usize = 4096;

/// A line of a list of letters.
pub trait Line {
    /// The letter's number.
    fn id(&self) -> &str;
    /// Keeps only what may be seen.
    fn hide(&mut self, sight: Sight);
    /// Marks it as a letter that not everybody sees.
    fn mark_restricted(&mut self);
    /// What it shows of the letter's content, to tell whether it says something new.
    fn shown(&self) -> String;
}

fn masked(sender: &mut Option<String>, sight: Sight) {
    *sender = match sight {
        Sight::Full => return,
        Sight::Masked => sender.take().map(|name| mask::name(&name)),
        Sight::No(_) => None,
    };
}

impl Line for LetterRow {
    fn id(&self) -> &str {
        &self.id
    }

    fn hide(&mut self, sight: Sight) {
        masked(&mut self.sender, sight);
        self.urgent &= sight.is_full();
    }

    fn mark_restricted(&mut self) {
        self.restricted = true;
    }

    fn shown(&self) -> String {
        format!("{} {:?}", self.id, self.sender)
    }
}

impl Line for LetterLine {
    fn id(&self) -> &str {
        &self.id
    }

    fn hide(&mut self, sight: Sight) {
        masked(&mut self.sender, sight);
        if !sight.is_full() {
            self.addressee = None;
            self.alert = None;
            // It may be a threat that makes it so.
            self.urgent = false;
        }
    }

    fn mark_restricted(&mut self) {
        self.restricted = true;
    }

    fn shown(&self) -> String {
        format!("{} {:?} {:?}", self.id, self.sender, self.addressee)
    }
}

impl Db {
    /// The lines as this seer may see them; the look is on record.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn seen_by<T: Line>(
        &mut self,
        seer: &Seer,
        list: &'static str,
        lines: Vec<T>,
    ) -> Result<Vec<T>, StoreError> {
        if !may(seer.holder, Action::ReadLetters) {
            return Ok(Vec::new());
        }
        let mut seen = Vec::with_capacity(lines.len());
        let mut shown = Vec::new();
        for mut line in lines {
            let standing = self.standing(seer, line.id())?;
            let sight = may_see(seer.holder, standing);
            if sight == Sight::No(Unseen::Recused) {
                continue;
            }
            line.hide(sight);
            if standing.restricted.is_some() {
                line.mark_restricted();
            }
            if !matches!(sight, Sight::No(_)) {
                shown.push((line.id().to_owned(), line.shown()));
            }
            seen.push(line);
        }
        self.note_list(seer, list, &shown)?;
        Ok(seen)
    }

    /// Records that a list was shown, unless it says what it said to the same person before.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_list(
        &mut self,
        seer: &Seer,
        list: &'static str,
        shown: &[(String, String)],
    ) -> Result<(), StoreError> {
        if shown.is_empty() {
            return Ok(());
        }
        let text: String = shown
            .iter()
            .flat_map(|(_, line)| [line.as_str(), "\n"])
            .collect();
        let said = digest::sha256_hex(text.as_bytes());
        let key = (seer.actor.clone(), list);
        if self.lists_shown.get(&key) == Some(&said) {
            return Ok(());
        }
        if self.lists_shown.len() >= REMEMBERED {
            self.lists_shown.clear();
        }
        let letters: Vec<&str> = shown.iter().map(|(id, _)| id.as_str()).collect();
        let detail = json!({"list": list, "letters": letters});
        self.atomically(|db| {
            ledger::append(
                &db.connection,
                &seer.actor,
                "letters.listed",
                "letters",
                &detail,
            )
        })?;
        self.lists_shown.insert(key, said);
        Ok(())
    }

    /// Takes out of a draft what it says of other letters that this person or system may not see. A case system does not learn either that there is
    /// one: what is left is told as if that were all.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn without_unseen(&self, seer: &Seer, draft: &mut Draft) -> Result<(), StoreError> {
        let repeat = &mut draft.fields.repeat;
        let mut candidates = Vec::with_capacity(repeat.candidates.len());
        let mut taken_back = Vec::new();
        for candidate in std::mem::take(&mut repeat.candidates) {
            let may_know = match candidate.from {
                EarlierFrom::Station => self.may_know(seer, &candidate.of)?,
                EarlierFrom::Imported => true,
                EarlierFrom::OtherStation => self.is_heard(&candidate.of)?,
            };
            match may_know {
                true => candidates.push(candidate),
                false => taken_back.push(candidate.of),
            }
        }
        repeat.candidates = candidates;
        if let Some(of) = repeat.of.take() {
            if !taken_back.contains(&of) && self.may_know(seer, &of)? {
                repeat.of = Some(of);
            } else if matches!(seer.holder, Holder::Machine(_)) {
                repeat.link_to_what_is_left();
            }
        }
        if let Some(copies) = &mut repeat.copies {
            let mut letters = Vec::with_capacity(copies.letters.len());
            for letter in std::mem::take(&mut copies.letters) {
                if self.may_know(seer, &letter)? {
                    letters.push(letter);
                }
            }
            if !letters.contains(&copies.handled) {
                copies.handled = letters.first().cloned().unwrap_or_default();
            }
            copies.letters = letters;
        }
        repeat.copies = repeat
            .copies
            .take()
            .filter(|copies| copies.letters.len() > 1);
        Ok(())
    }

    /// Whether this person may know what another letter is about: an imported registration, which is no letter here, is told elsewhere.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn may_know(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        match self.sight(seer, letter) {
            Ok(sight) => Ok(matches!(
                sight,
                Sight::Full | Sight::No(Unseen::ReasonAsked)
            )),
            Err(StoreError::NotFound { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether this person may know that there is such a letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn may_know_of(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        match self.sight(seer, letter) {
            Ok(Sight::No(Unseen::Role | Unseen::Recused)) => Ok(false),
            // The office that a letter accuses does not hear of it by its machine either.
            Ok(_) => Ok(!self.accuses_unit_of(seer, letter)?),
            Err(StoreError::NotFound { .. }) => Ok(may(seer.holder, Action::ReadLetters)),
            Err(error) => Err(error),
        }
    }
}
