//! Who did and saw what: the ledger asked by letter or by person. It shows no letter's content, because there is none in it.

use rusqlite::Row;

use super::{Db, LedgerEntry, StoreError};
use crate::clock::Millis;

/// What the ledger calls a look at a letter, its pages, its fields or a line about it.
pub const LOOKS: [&str; 10] = [
    "letter.viewed",
    "letter.opened",
    "page.viewed",
    "archive.read",
    "archive.exported",
    "draft.viewed",
    "draft.claimed",
    "letters.listed",
    "drafts.listed",
    "valuables.viewed",
];

/// Looks that showed one line of the letter among others.
const LISTED: [&str; 2] = ["letters.listed", "drafts.listed"];

/// How often somebody saw a letter, all its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saw {
    /// The person or `token/NAME`.
    pub actor: String,
    /// The letter itself: its pages, its fields, its files.
    pub looks: u32,
    /// Its line in a list.
    pub listed: u32,
    /// The last time of either.
    pub last: Millis,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct AuditWanted {
    /// About this letter only.
    pub letter: Option<String>,
    /// By this person or token only.
    pub actor: Option<String>,
    /// Looks only.
    pub looks_only: bool,
    /// Older than this entry.
    pub before: Option<i64>,
}

impl AuditWanted {
    /// The same, not only looks.
    pub fn of_anything(&self) -> Self {
        Self {
            looks_only: false,
            ..self.clone()
        }
    }
}

/// Entries about a letter: its own, those of lists that showed it, those of what belongs to it.
const OF_LETTER: &str = "seq IN (
    SELECT seq FROM ledger WHERE subject = 'letter/' || ?1
    UNION SELECT s.seq FROM ledger s, json_each(s.detail, '$.letters') e
        WHERE s.action IN ('letters.listed', 'drafts.listed') AND e.value = ?1
    UNION SELECT seq FROM ledger WHERE subject IN (
        SELECT 'restriction/' || ?1 UNION ALL SELECT 'boxed/' || ?1
        UNION ALL SELECT 'valuable/' || id FROM valuables WHERE letter_id = ?1
        UNION ALL SELECT 'loan/' || id FROM loans WHERE letter_id = ?1
        UNION ALL SELECT 'retention/' || id FROM retentions WHERE letter_id = ?1
        UNION ALL SELECT 'access/' || id FROM letter_access WHERE letter_id = ?1
        UNION ALL SELECT 'recusal/' || id FROM recusals WHERE letter_id = ?1
        UNION ALL SELECT 'alert/' || id FROM alerts WHERE letter_id = ?1))";

fn entry(row: &Row<'_>) -> rusqlite::Result<LedgerEntry> {
    Ok(LedgerEntry {
        seq: row.get(0)?,
        at: Millis(row.get(1)?),
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
    })
}

impl Db {
    /// The ledger's entries as asked for, newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn audit(&self, wanted: &AuditWanted, limit: u32) -> Result<Vec<LedgerEntry>, StoreError> {
        let of_letter = if wanted.letter.is_some() {
            OF_LETTER
        } else {
            "?1 IS NULL"
        };
        let looks = if wanted.looks_only {
            let quoted: Vec<String> = LOOKS.iter().map(|action| format!("'{action}'")).collect();
            format!("action IN ({})", quoted.join(", "))
        } else {
            "1".to_owned()
        };
        let by = if wanted.actor.is_some() {
            "actor = ?2"
        } else {
            "?2 IS NULL"
        };
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT seq, at_ms, actor, action, subject, detail FROM ledger
             WHERE {of_letter} AND {by} AND {looks} AND seq < ?3 ORDER BY seq DESC LIMIT ?4"
        ))?;
        let before = wanted.before.unwrap_or(i64::MAX);
        let rows = query.query_map((&wanted.letter, &wanted.actor, before, limit), entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Everybody who ever saw a letter, the last one first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn who_saw(&self, letter: &str) -> Result<Vec<Saw>, StoreError> {
        let quoted = |actions: &[&str]| {
            let quoted: Vec<String> = actions.iter().map(|a| format!("'{a}'")).collect();
            quoted.join(", ")
        };
        let (looks, listed) = (quoted(&LOOKS), quoted(&LISTED));
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT actor, sum(action NOT IN ({listed})), sum(action IN ({listed})), max(at_ms) FROM ledger
             WHERE {OF_LETTER} AND action IN ({looks}) GROUP BY actor ORDER BY 4 DESC, actor"
        ))?;
        let rows = query.query_map([letter], |row| {
            Ok(Saw {
                actor: row.get(0)?,
                looks: row.get(1)?,
                listed: row.get(2)?,
                last: Millis(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Who looks through the audit is in it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_audit(&mut self, by: &str, wanted: &AuditWanted) -> Result<(), StoreError> {
        let detail = serde_json::json!({"letter": wanted.letter, "actor": wanted.actor});
        self.record(by, "audit.viewed", "ledger", &detail)
    }
}
