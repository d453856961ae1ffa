//! Alerts about letters: raised once each, acknowledged by a named person, going up until then. No letter's words.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::vouch::{self, ALERTS};
use super::{Db, Hindrance, StoreError};
use crate::clock::{self, Millis};
use crate::domain::alarm::{Code, Escalation, Verdict, level, raised};
use crate::domain::draft::Fields;

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Number, rising.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// What was seen.
    pub code: Code,
    /// When.
    pub raised: Millis,
    /// 0: the mailroom, 1: confirming officers, 2: administrators.
    pub level: i64,
    /// On this level since.
    pub level_since: Millis,
    /// Who acknowledged it, when, and what he says.
    pub acked: Option<(String, Millis, Verdict)>,
    /// In words.
    pub note: Option<String>,
}

const ALERT: &str = "SELECT id, letter_id, code, raised_ms, level, level_ms, acked_by, acked_ms, verdict, note FROM alerts";

fn alert(row: &Row<'_>) -> rusqlite::Result<AlertRow> {
    let (by, at, verdict): (Option<String>, Option<Millis>, Option<Verdict>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    Ok(AlertRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        code: row.get(2)?,
        raised: row.get(3)?,
        level: row.get(4)?,
        level_since: row.get(5)?,
        acked: by
            .zip(at)
            .zip(verdict)
            .map(|((by, at), verdict)| (by, at, verdict)),
        note: row.get(9)?,
    })
}

impl Db {
    /// Raises what a draft raises and what was not raised of this letter before.
    pub(super) fn raise_alerts(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        for code in raised(fields) {
            let id: Option<i64> = self
                .connection
                .prepare_cached(
                    "INSERT INTO alerts (letter_id, code, raised_ms, level_ms) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING RETURNING id",
                )?
                .query_row((letter, code, clock::now()), |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                let detail = json!({"letter": letter, "code": code});
                vouch::append(
                    &self.connection,
                    ("task/read", "alert.raised"),
                    (ALERTS, &id.to_string()),
                    detail,
                )?;
            }
        }
        Ok(())
    }

    /// Alerts after this number, oldest first; those that nobody acknowledged only, if so wanted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn alerts(
        &self,
        after: i64,
        wanted: AlertsWanted,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let open = if wanted == AlertsWanted::Open {
            "AND acked_ms IS NULL"
        } else {
            ""
        };
        let mut query = self.connection.prepare_cached(&format!(
            "{ALERT} WHERE id > ?1 {open} ORDER BY id LIMIT ?2"
        ))?;
        let rows = query.query_map((after, limit), alert)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn alert(&self, id: i64) -> Result<AlertRow, StoreError> {
        self.connection
            .query_row(&format!("{ALERT} WHERE id = ?1"), [id], alert)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "alert",
                id: id.to_string(),
            })
    }

    /// A named person has seen an alert and says what it is. What he says first stands until he or another decides a noted one.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] once it is decided.
    pub fn acknowledge_alert(
        &mut self,
        id: i64,
        (verdict, note): (Verdict, Option<&str>),
        by: &str,
    ) -> Result<AlertRow, StoreError> {
        self.atomically(|db| {
            let known = db.alert(id)?;
            if known.acked.as_ref().is_some_and(|(_, _, said)| *said != Verdict::Noted) {
                return Err(StoreError::WrongState {
                    why: Hindrance::Decided,
                    what: "alert",
                    id: id.to_string(),
                    state: "decided already".into(),
                    action: "acknowledge",
                });
            }
            db.connection.execute(
                "UPDATE alerts SET acked_by = ?2, acked_ms = ?3, verdict = ?4, note = ?5 WHERE id = ?1",
                (id, by, clock::now(), verdict, note),
            )?;
            let detail = json!({"letter": known.letter, "code": known.code, "verdict": verdict});
            vouch::append(&db.connection, (by, "alert.acknowledged"), (ALERTS, &id.to_string()), detail)?;
            if known.code == Code::Threat && verdict != Verdict::Noted {
                let kind = if verdict == Verdict::Confirmed { "threat_confirmed" } else { "threat_withdrawn" };
                db.amend(&known.letter, kind, by)?;
            }
            db.alert(id)
        })
    }

    /// Alerts that nobody acknowledged in time go up; those that did.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn escalate_alerts(&mut self, rules: Escalation) -> Result<Vec<AlertRow>, StoreError> {
        let now = clock::now();
        let mut risen = Vec::new();
        for open in self.alerts(0, AlertsWanted::Open, 1000)? {
            let next = level(open.level, (now.0 - open.level_since.0) / 60_000, rules);
            if next == open.level {
                continue;
            }
            risen.push(self.atomically(|db| {
                db.connection.execute(
                    "UPDATE alerts SET level = ?2, level_ms = ?3 WHERE id = ?1 AND acked_ms IS NULL",
                    (open.id, next, now),
                )?;
                let detail = json!({"letter": open.letter, "code": open.code, "level": next});
                vouch::append(&db.connection, ("task/alerts", "alert.escalated"), (ALERTS, &open.id.to_string()), detail)?;
                db.alert(open.id)
            })?);
        }
        Ok(risen)
    }

    /// The newest alert's number.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_alert(&self) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT coalesce(max(id), 0) FROM alerts", [], |row| {
                row.get(0)
            })?)
    }
}

/// Which alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertsWanted {
    /// Nobody acknowledged them.
    Open,
    /// Every one.
    All,
}
