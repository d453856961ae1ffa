//! Who did and saw what: the ledger asked by letter or by person. It shows no letter's content, because there is none in it.
//!
//! A letter is its pages: who saw one of them while it was held, or while it was in another letter, saw the letter it was in before or is in now.

use rusqlite::Row;

use super::{Db, LedgerEntry, StoreError};
use crate::clock::Millis;

/// What the ledger calls a look at a letter, its pages, its fields or a line about it.
pub const LOOKS: [&str; 11] = [
    "letter.viewed",
    "letter.opened",
    "page.viewed",
    "archive.read",
    "archive.exported",
    "draft.viewed",
    "draft.claimed",
    "letters.listed",
    "letters.searched",
    "drafts.listed",
    "valuables.viewed",
];

/// Looks that showed one line of the letter among others.
const LISTED: [&str; 3] = ["letters.listed", "letters.searched", "drafts.listed"];

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
    /// Under which other names he saw pages of it: letters that they were in, files that were held.
    pub under: Vec<String>,
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

/// Where every page of letter `?1` was besides, from when to when: of each page that is or was in it, every letter that it is or was in.
const STAYS: &str = "stays (letter, sha256, since, until) AS (
    SELECT m.from_letter, p.sha256, coalesce((SELECT max(b.at_ms) FROM page_moves b WHERE b.page_id = p.id AND b.id < m.id), a.taken_ms, 0), m.at_ms
        FROM of_it o JOIN pages p ON p.id = o.page JOIN page_moves m ON m.page_id = p.id LEFT JOIN arrivals a ON a.id = p.arrival_id
    UNION ALL SELECT p.letter_id, p.sha256, coalesce((SELECT max(b.at_ms) FROM page_moves b WHERE b.page_id = p.id), a.taken_ms, 0), 9e18
        FROM of_it o JOIN pages p ON p.id = o.page LEFT JOIN arrivals a ON a.id = p.arrival_id)";

/// The pages that are or were in letter `?1`.
const OF_IT: &str = "of_it (page) AS (SELECT id FROM pages WHERE letter_id = ?1
    UNION SELECT page_id FROM page_moves WHERE ?1 IN (from_letter, to_letter))";

/// Looks at pages of letter `?1` under another name, and that name: what became of them while they were held, and looks at the letters that they were in
/// meanwhile, or at a list with those.
fn under_another_name(looks: &str) -> String {
    format!(
        "SELECT l.seq, coalesce(a.name, a.id) AS name FROM arrivals a JOIN ledger l ON l.subject = 'arrival/' || a.id
            WHERE a.id IN (SELECT p.arrival_id FROM of_it o JOIN pages p ON p.id = o.page)
         UNION SELECT l.seq, s.letter FROM stays s JOIN ledger l ON l.subject = 'letter/' || s.letter
            WHERE s.letter <> ?1 AND l.action IN ({looks}) AND l.at_ms BETWEEN s.since AND s.until
            AND (l.action <> 'page.viewed' OR coalesce(l.detail ->> '$.sha256', s.sha256) = s.sha256)
         UNION SELECT l.seq, s.letter FROM ledger l, json_each(l.detail, '$.letters') e JOIN stays s ON s.letter = e.value
            WHERE l.action IN ('letters.listed', 'letters.searched', 'drafts.listed') AND s.letter <> ?1 AND l.at_ms BETWEEN s.since AND s.until"
    )
}

/// Entries about a letter: its own, those of lists that showed it, those of what belongs to it; and looks at its pages wherever they were.
const OF_LETTER: &str = "seq IN (
    SELECT seq FROM ledger WHERE subject = 'letter/' || ?1
    UNION SELECT seq FROM elsewhere
    UNION SELECT s.seq FROM ledger s, json_each(s.detail, '$.letters') e
        WHERE s.action IN ('letters.listed', 'letters.searched', 'drafts.listed') AND e.value = ?1
    UNION SELECT seq FROM ledger WHERE subject IN (
        SELECT 'restriction/' || ?1 UNION ALL SELECT 'boxed/' || ?1
        UNION ALL SELECT 'valuable/' || id FROM valuables WHERE letter_id = ?1
        UNION ALL SELECT 'loan/' || id FROM loans WHERE letter_id = ?1
        UNION ALL SELECT 'retention/' || id FROM retentions WHERE letter_id = ?1
        UNION ALL SELECT 'access/' || id FROM letter_access WHERE letter_id = ?1
        UNION ALL SELECT 'recusal/' || id FROM recusals WHERE letter_id = ?1
        UNION ALL SELECT 'office/' || id FROM named_offices WHERE letter_id = ?1
        UNION ALL SELECT 'alert/' || id FROM alerts WHERE letter_id = ?1))";

fn quoted(actions: &[&str]) -> String {
    let quoted: Vec<String> = actions.iter().map(|action| format!("'{action}'")).collect();
    quoted.join(", ")
}

/// What [`OF_LETTER`] and whoever asks for names look into.
fn with_elsewhere() -> String {
    let elsewhere = under_another_name(&quoted(&LOOKS));
    format!("WITH {OF_IT}, {STAYS}, elsewhere (seq, name) AS ({elsewhere})")
}

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
        let (with, of_letter) = match wanted.letter {
            Some(_) => (with_elsewhere(), OF_LETTER),
            None => (String::new(), "?1 IS NULL"),
        };
        let looks = match wanted.looks_only {
            true => format!("action IN ({})", quoted(&LOOKS)),
            false => "1".to_owned(),
        };
        let by = if wanted.actor.is_some() {
            "actor = ?2"
        } else {
            "?2 IS NULL"
        };
        let mut query = self.connection.prepare_cached(&format!(
            "{with} SELECT seq, at_ms, actor, action, subject, detail FROM ledger
             WHERE {of_letter} AND {by} AND {looks} AND seq < ?3 ORDER BY seq DESC LIMIT ?4"
        ))?;
        let before = wanted.before.unwrap_or(i64::MAX);
        let rows = query.query_map((&wanted.letter, &wanted.actor, before, limit), entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Everybody who ever saw a letter, or a page of it under another name, the last one first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn who_saw(&self, letter: &str) -> Result<Vec<Saw>, StoreError> {
        let (looks, listed, with) = (quoted(&LOOKS), quoted(&LISTED), with_elsewhere());
        let mut query = self.connection.prepare_cached(&format!(
            "{with} SELECT actor, sum(action NOT IN ({listed})), sum(action IN ({listed})), max(at_ms),
             (SELECT json_group_array(DISTINCT e.name) FROM elsewhere e JOIN ledger l ON l.seq = e.seq
              WHERE l.actor = ledger.actor AND l.action IN ({looks}))
             FROM ledger WHERE {OF_LETTER} AND action IN ({looks}) GROUP BY actor ORDER BY 4 DESC, actor"
        ))?;
        let rows = query.query_map([letter], |row| {
            let under: String = row.get(4)?;
            Ok(Saw {
                under: serde_json::from_str(&under).unwrap_or_default(),
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
