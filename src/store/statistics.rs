//! Counts of a period, by the day a letter was received. Numbers only: no name, no address, no letter.

use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::clock::Millis;

/// A count by what it counts.
pub type Counted = Vec<(String, u32)>;

/// What happened in a period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// Letters received.
    pub letters: u32,
    /// How they came.
    pub carriers: Counted,
    /// Their purposes.
    pub purposes: Counted,
    /// Categories of their main matters, first level.
    pub categories: Counted,
    /// Divisions of their senders' addresses or of the matter, as far as they are told.
    pub places: Counted,
    /// Repeat letters.
    pub repeat: u32,
    /// Joint letters.
    pub joint: u32,
    /// Anonymous letters.
    pub anonymous: u32,
    /// Letters that threaten, unless somebody said that it was a false alarm.
    pub threats: u32,
    /// Letters that an officer confirmed.
    pub confirmed: u32,
    /// Of them those in which he corrected nothing.
    pub straight_through: u32,
    /// Letters that the case system registered.
    pub registered: u32,
    /// Minutes from a letter's last page to its confirmation: half of them took no longer.
    pub median_minutes: Option<f64>,
}

const OF_PERIOD: &str =
    "FROM letters l JOIN batches b ON b.id = l.batch_id LEFT JOIN drafts d ON d.letter_id = l.id
    WHERE b.received_ms >= ?1 AND b.received_ms < ?2 AND l.withheld IS NULL
    AND l.id NOT IN (SELECT letter_id FROM recusals WHERE user = ?3 AND lifted_ms IS NULL)";

impl Db {
    /// The counts between two moments, without the letters that are kept from whoever looks.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn statistics(
        &self,
        from: Millis,
        until: Millis,
        looks: &str,
    ) -> Result<Statistics, StoreError> {
        let grouped = |by: &str| -> Result<Counted, StoreError> {
            let sql = format!(
                "SELECT {by} AS what, count(*) {OF_PERIOD} AND {by} IS NOT NULL GROUP BY what ORDER BY 2 DESC, 1"
            );
            let mut query = self.connection.prepare(&sql)?;
            let rows =
                query.query_map((from, until, looks), |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let counted = |that: &str| -> Result<u32, StoreError> {
            let sql = format!("SELECT count(*) {OF_PERIOD} AND {that}");
            Ok(self
                .connection
                .query_row(&sql, (from, until, looks), |row| row.get(0))?)
        };
        let main = "(SELECT {} FROM json_each(d.body, '$.fields.matters') m WHERE m.value ->> '$.main' LIMIT 1)";
        let category = main.replace(
            "{}",
            "CASE instr(m.value ->> '$.category', '/') WHEN 0 THEN m.value ->> '$.category'
             ELSE substr(m.value ->> '$.category', 1, instr(m.value ->> '$.category', '/') - 1) END",
        );
        let place = main.replace("{}", "m.value ->> '$.place'");
        Ok(Statistics {
            letters: counted("1")?,
            carriers: grouped("b.carrier")?,
            purposes: grouped("d.body ->> '$.fields.purpose.value'")?,
            categories: grouped(&category)?,
            places: grouped(&place)?,
            repeat: counted("d.body ->> '$.fields.repeat.relation' = 'repeat'")?,
            joint: counted("d.body ->> '$.fields.joint.is_joint'")?,
            anonymous: counted("d.body ->> '$.fields.anonymous.value'")?,
            threats: counted(
                "EXISTS (SELECT 1 FROM alerts a WHERE a.letter_id = l.id AND a.code = 'threat' AND a.verdict IS NOT 'false_alarm')",
            )?,
            confirmed: counted("d.confirmed_ms IS NOT NULL")?,
            straight_through: counted(
                "d.confirmed_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM corrections_in_force c WHERE c.letter_id = l.id)",
            )?,
            registered: counted("d.state = 'acked'")?,
            median_minutes: self.median_minutes(from, until, looks)?,
        })
    }

    /// A letter to which something came after it was confirmed does not tell how long that took.
    fn median_minutes(
        &self,
        from: Millis,
        until: Millis,
        looks: &str,
    ) -> Result<Option<f64>, StoreError> {
        let sql = format!(
            "SELECT (d.confirmed_ms - l.last_arrival_ms) / 60000.0 {OF_PERIOD} AND d.confirmed_ms >= l.last_arrival_ms ORDER BY 1"
        );
        let mut query = self.connection.prepare(&sql)?;
        let minutes: Vec<f64> = query
            .query_map((from, until, looks), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let middle = minutes.len() / 2;
        Ok(match minutes.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(minutes[middle]),
            _ => Some((minutes[middle - 1] + minutes[middle]) / 2.0),
        })
    }

    /// Figures left the station: who took them, who approved it, which.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_export(
        &mut self,
        (by, approver): (&str, &str),
        (from, until): (&str, &str),
        sha256: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let detail =
                json!({"approver": approver, "from": from, "until": until, "sha256": sha256});
            ledger::append(
                &db.connection,
                by,
                "statistics.exported",
                "statistics",
                &detail,
            )
        })
    }
}
