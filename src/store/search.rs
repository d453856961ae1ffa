//! Letters by what they say: the index and its upkeep, and who finds what.
//!
//! The index only proposes. What a letter says now, and what of it whoever looks may see, is read again for each one proposed: a row that is not up
//! to date shows nothing, and what may not be seen finds nothing. Triggers note which rows are to be written anew (`search_due`); that is done with
//! the change where a draft changes, otherwise before the next search.

use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::json;

use super::letter_views::AT_WORK;
use super::places::ARCHIVE_ORDER;
use super::{Db, DraftRow, LetterLine, Line, StoreError, ledger};
use crate::digest;
use crate::domain::access::{Action, Seer, Sight, Unseen, may, may_see, may_see_instruction};
use crate::domain::search::{Compared, Piece, Place, Words, compared, indexed, shown};
use crate::domain::text::PageKind;

/// Rows written in one transaction.
const AT_ONCE: u32 = 200;
/// Places shown of one letter at most.
const PLACES: usize = 4;

/// Where something was found in a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPlace {
    /// Which field, or the text.
    pub place: Place,
    /// The page where it stands, as far as that is known.
    pub page: Option<u32>,
    /// A short part of it.
    pub excerpt: Vec<Piece>,
}

/// A letter that was found.
#[derive(Debug, Clone)]
pub struct FoundLetter {
    /// Its line, as lists show it to whoever looks.
    pub line: LetterLine,
    /// Where, the fields first; nothing of a letter that he may see only after saying why.
    pub found: Vec<FoundPlace>,
    /// Its place in the order of the search.
    pub row: i64,
}

/// What was found, and whether there is more.
#[derive(Debug, Clone, Default)]
pub struct Searched {
    /// The letters, newest first.
    pub letters: Vec<FoundLetter>,
    /// The row after which more are found.
    pub next: Option<i64>,
}

/// A text of a letter that can be found.
struct Said {
    place: Place,
    page: Option<u32>,
    text: String,
    compared: Compared,
}

impl Said {
    fn of(place: Place, page: Option<u32>, text: String) -> Self {
        Self {
            place,
            page,
            compared: compared(&text),
            text,
        }
    }
}

/// A line of a reading; what else is kept of it is left unread.
#[derive(Deserialize)]
struct ReadLine {
    text: String,
}

impl Db {
    /// Writes every row of the index that is not up to date.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn index_due(&mut self) -> Result<(), StoreError> {
        loop {
            let due: Vec<String> = {
                let mut query = self
                    .connection
                    .prepare_cached("SELECT letter_id FROM search_due LIMIT ?1")?;
                let rows = query.query_map([AT_ONCE], |row| row.get(0))?;
                rows.collect::<Result<_, _>>()?
            };
            if due.is_empty() {
                return Ok(());
            }
            self.atomically(|db| due.iter().try_for_each(|letter| db.index_letter(letter)))?;
        }
    }

    /// Writes a letter's row of the index.
    pub(super) fn index_letter(&self, letter: &str) -> Result<(), StoreError> {
        self.unindex(letter)?;
        let row: Option<i64> = self
            .connection
            .prepare_cached("SELECT id FROM searched WHERE letter_id = ?1")?
            .query_row([letter], |row| row.get(0))
            .optional()?;
        if let Some(row) = row {
            let said = self.said(letter, Instructions::Shown)?;
            self.connection
                .prepare_cached("INSERT INTO search_text (rowid, text) VALUES (?1, ?2)")?
                .execute((row, indexed(said.iter().map(|said| &said.compared))))?;
        }
        self.connection
            .prepare_cached("DELETE FROM search_due WHERE letter_id = ?1")?
            .execute([letter])?;
        Ok(())
    }

    /// Takes what a letter says out of the index.
    pub(super) fn unindex(&self, letter: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM search_text WHERE rowid = (SELECT id FROM searched WHERE letter_id = ?1)")?
            .execute([letter])?;
        Ok(())
    }

    /// A letter's numbers: its own, and those of the post.
    fn numbers_of(&self, letter: &str) -> Result<Vec<Said>, StoreError> {
        let own = std::iter::once((Place::LetterNumber, letter.to_owned()));
        let posts = self.mail_numbers(letter)?.into_iter();
        let all = own.chain(posts.map(|number| (Place::MailNumber, number)));
        Ok(all
            .map(|(place, text)| Said::of(place, None, text))
            .collect())
    }

    /// What can be found of a letter, the fields first. Of pages nothing before there is a draft: only then it is known who may see them.
    fn said(&self, letter: &str, instructions: Instructions) -> Result<Vec<Said>, StoreError> {
        let mut all = self.numbers_of(letter)?;
        let mut put = |place: Place, page: Option<u32>, text: &str| {
            if !text.is_empty() {
                all.push(Said::of(place, page, text.to_owned()));
            }
        };
        let draft = match self.draft(letter) {
            Ok(draft) => Some(draft),
            // What cannot be read is found by its number.
            Err(StoreError::NotFound { .. } | StoreError::Document { .. }) => None,
            Err(error) => return Err(error),
        };
        if let Some(draft) = draft {
            of_fields(&draft, &mut put);
            for (n, text) in self.texts(letter, instructions)? {
                put(Place::Text, Some(n), &text);
            }
        }
        Ok(all)
    }

    /// The texts of a letter's pages, in archive order.
    fn texts(
        &self,
        letter: &str,
        instructions: Instructions,
    ) -> Result<Vec<(u32, String)>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT p.kind, r.lines FROM pages p LEFT JOIN readings r ON r.rowid =
             (SELECT rowid FROM readings WHERE page_id = p.id ORDER BY read_ms DESC, rowid DESC LIMIT 1)
             WHERE p.letter_id = ?1 ORDER BY {ARCHIVE_ORDER}"
        ))?;
        let mut rows = query.query([letter])?;
        let (mut texts, mut n) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            n += 1;
            let is_shown = match row.get(0)? {
                PageKind::Instruction => instructions == Instructions::Shown,
                kind => kind.is_of_the_letter(),
            };
            let lines: Option<String> = row.get(1)?;
            let Some(lines) = lines.filter(|_| is_shown) else {
                continue;
            };
            // A reading that does not parse is told of wherever it is shown; here it only is not found.
            let lines: Vec<ReadLine> = serde_json::from_str(&lines).unwrap_or_default();
            let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
            texts.push((n, lines.join("\n")));
        }
        Ok(texts)
    }

    /// Letters that have all the words and that this person may find, newest first, `limit` of those before `before`. What may not be seen is
    /// passed over before anything is counted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn search(
        &self,
        seer: &Seer,
        words: &Words,
        (before, limit): (Option<i64>, u32),
    ) -> Result<Searched, StoreError> {
        if !may(seer.holder, Action::Mailroom) {
            return Ok(Searched::default());
        }
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT t.rowid, l.id FROM search_text t JOIN searched s ON s.id = t.rowid JOIN letters l ON l.id = s.letter_id
             WHERE search_text MATCH ?1 AND t.rowid < ?2 AND {AT_WORK} ORDER BY t.rowid DESC"
        ))?;
        let mut rows = query.query((words.index_query(), before.unwrap_or(i64::MAX)))?;
        let mut letters: Vec<FoundLetter> = Vec::new();
        while let Some(row) = rows.next()? {
            let (row, letter): (i64, String) = (row.get(0)?, row.get(1)?);
            let Some(found) = self.found(seer, words, &letter)? else {
                continue;
            };
            if letters.len() == limit as usize {
                let next = letters.last().map(|last| last.row);
                return Ok(Searched { letters, next });
            }
            let line = self.letter_line(&letter)?;
            letters.push(FoundLetter { line, found, row });
        }
        Ok(Searched {
            letters,
            next: None,
        })
    }

    /// Where this person finds the words in a letter; `None` where he does not.
    fn found(
        &self,
        seer: &Seer,
        words: &Words,
        letter: &str,
    ) -> Result<Option<Vec<FoundPlace>>, StoreError> {
        let standing = self.standing(seer, letter)?;
        let sight = may_see(seer.holder, standing);
        let instructions = match may_see_instruction(seer.holder, standing) {
            true => Instructions::Shown,
            false => Instructions::Hidden,
        };
        let said = match sight {
            Sight::Full => self.said(letter, instructions)?,
            // What stands on the envelopes in the office's own lists, and nothing of what it says.
            Sight::No(Unseen::ReasonAsked) => self.numbers_of(letter)?,
            // Whom a name is hidden from does not find it by trying names either.
            Sight::Masked | Sight::No(_) => return Ok(None),
        };
        let address = said.iter().find(|said| said.place == Place::Address);
        let address = address.map(|said| &said.compared);
        let mut missing: Vec<usize> = (0..words.count()).collect();
        let mut found = Vec::new();
        for said in &said {
            let has = words.said(&said.compared, said.place.kind());
            if has.is_empty() {
                continue;
            }
            let is_new = has.iter().any(|word| missing.contains(word));
            missing.retain(|word| !has.contains(word));
            let is_of_use = is_new || said.place == Place::Text;
            if is_of_use && found.len() < PLACES.max(words.count()) {
                found.push(FoundPlace {
                    place: said.place,
                    page: said.page,
                    excerpt: shown(words, (said.place, &said.text), &said.compared, address),
                });
            }
        }
        Ok(match (missing.is_empty(), sight) {
            (false, _) => None,
            (true, Sight::Full) => Some(found),
            (true, _) => Some(Vec::new()),
        })
    }

    /// What a search found, as whoever looks may see it now; the search is on record, whatever it found: by whom, how many letters and which, and
    /// a digest of the words that tells only whether two searches were the same.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn show_searched(
        &mut self,
        seer: &Seer,
        words: &Words,
        searched: Searched,
    ) -> Result<Searched, StoreError> {
        self.atomically(|db| {
            let mut letters = Vec::with_capacity(searched.letters.len());
            for mut letter in searched.letters {
                let standing = db.standing(seer, &letter.line.id)?;
                let sight = may_see(seer.holder, standing);
                match sight {
                    Sight::Full => {}
                    Sight::No(Unseen::ReasonAsked) => letter.found.clear(),
                    // It was taken from him between looking and showing.
                    Sight::Masked | Sight::No(_) => continue,
                }
                letter.line.hide(sight);
                if standing.restricted.is_some() {
                    letter.line.mark_restricted();
                }
                letters.push(letter);
            }
            let key: Vec<u8> = db
                .connection
                .prepare_cached("SELECT key FROM search_key")?
                .query_row([], |row| row.get(0))?;
            let digest = digest::sha256_hex(&[key.as_slice(), words.canonical().as_bytes()].concat());
            let shown: Vec<&str> = letters.iter().map(|found| found.line.id.as_str()).collect();
            let detail = json!({"words": words.count(), "digest": digest, "found": shown.len(), "letters": shown});
            ledger::append(&db.connection, &seer.actor, "letters.searched", "letters", &detail)?;
            Ok(Searched { letters, next: searched.next })
        })
    }
}

/// Whether a leader's written instructions are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instructions {
    Shown,
    Hidden,
}

fn of_fields(draft: &DraftRow, put: &mut impl FnMut(Place, Option<u32>, &str)) {
    let fields = &draft.draft.fields;
    let value = |text: &Option<String>| text.clone().unwrap_or_default();
    put(
        Place::CaseNumber,
        None,
        draft.case_number.as_deref().unwrap_or_default(),
    );
    for (place, field) in [
        (Place::Sender, &fields.sender_name),
        (Place::Addressee, &fields.addressee),
        (Place::Address, &fields.address),
        (Place::IdNumber, &fields.id_number.field),
    ] {
        put(place, field.page, &value(&field.value));
    }
    for phone in &fields.phones {
        put(Place::Phone, phone.field.page, &value(&phone.field.value));
        put(Place::Person, phone.field.page, &value(&phone.owner));
    }
    for name in &fields.joint.signatories {
        put(Place::Person, None, name);
    }
    if let Some(proxy) = &fields.proxy {
        put(Place::Person, None, &proxy.agent);
    }
    for accused in &fields.accused {
        put(Place::Person, accused.page, &accused.name);
    }
}

#[cfg(test)]
mod measured;
