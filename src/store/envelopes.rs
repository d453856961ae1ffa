//! Numbers of registered and express mail as they stand on envelopes.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::letters::ACTOR;
use super::{Db, StoreError, ledger};
use crate::clock;
use crate::domain::grouping::hold;
use crate::domain::text::PageKind;

/// An envelope that nobody has looked at for its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncodedEnvelope {
    /// Its page.
    pub id: i64,
    /// Its original.
    pub sha256: String,
    /// Page inside the file.
    pub frame: u32,
}

/// A mail number stands on one envelope: a letter with two of them is two letters.
fn hold_for_two(step: &Connection, page: i64) -> Result<(), StoreError> {
    let (batch, letter): (i64, String) = step.query_row(
        "SELECT l.batch_id, l.id FROM letters l JOIN pages p ON p.letter_id = l.id WHERE p.id = ?1",
        [page],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut query = step.prepare_cached(NUMBERS)?;
    let codes = query.query_map([&letter], |row| row.get(0))?;
    let codes: Vec<String> = codes.collect::<Result<_, _>>()?;
    if codes.len() < 2 {
        return Ok(());
    }
    let new = NewHold {
        batch,
        letter: Some(letter),
        scan: None,
        reason: hold::TWO_MAIL_NUMBERS,
        detail: Some(codes.join(" / ")),
    };
    hold_once(step, &new).map(drop)
}

const NUMBERS: &str =
    "SELECT DISTINCT e.code FROM envelope_codes e JOIN pages p ON p.id = e.page_id
    WHERE p.letter_id = ?1 AND e.code IS NOT NULL ORDER BY e.code";

impl Db {
    /// The next envelope to look at.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn next_envelope_without_code(&self) -> Result<Option<UncodedEnvelope>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, sha256, frame FROM pages WHERE kind = ?1 AND id > (SELECT coalesce(max(page_id), 0) FROM envelope_codes)
             ORDER BY id LIMIT 1",
        )?;
        let found = query.query_row([PageKind::Envelope], |row| {
            Ok(UncodedEnvelope {
                id: row.get(0)?,
                sha256: row.get(1)?,
                frame: row.get(2)?,
            })
        });
        Ok(found.optional()?)
    }

    /// Keeps what was found on an envelope; nothing is something, too.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn keep_envelope_code(&mut self, page: i64, code: Option<&str>) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO envelope_codes (page_id, code, at_ms) VALUES (?1, ?2, ?3)",
            (page, code, clock::now()),
        )?;
        if let Some(code) = code {
            let detail = json!({"code": code});
            ledger::append(
                &step,
                ACTOR,
                "envelope.numbered",
                &format!("page/{page}"),
                &detail,
            )?;
            hold_for_two(&step, page)?;
        }
        step.commit()?;
        Ok(())
    }

    /// The mail numbers on a letter's envelopes.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn mail_numbers(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(NUMBERS)?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
