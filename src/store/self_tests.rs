//! Self tests of the cabinets: the “check that the device runs properly”, and its findings.

use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};

/// How a self test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// Every check was good.
    Passed,
    /// At least one was not.
    Failed,
    /// A person or the end of the station stopped it.
    Aborted,
    /// The daemon died in the middle of it.
    CutShort,
}

/// How one check of a self test went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// Stable name of the check, e.g. `strike`.
    pub check: String,
    /// Whether it was good.
    pub good: bool,
    /// Stable code of what was wrong.
    pub code: Option<String>,
    /// What was measured.
    pub value: Option<f64>,
    /// The limit it is held against.
    pub limit: Option<f64>,
    /// Unit of both.
    pub unit: String,
}

/// A self test as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfTest {
    /// Number.
    pub id: i64,
    /// Cabinet.
    pub cabinet: String,
    /// SHA-256 of the cabinet's profile file.
    pub profile_sha256: String,
    /// Who ordered it and said that the cabinet is empty.
    pub by: String,
    /// When it began.
    pub began: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// How; `None` while it runs.
    pub outcome: Option<TestOutcome>,
    /// Every check in order.
    pub findings: Vec<Finding>,
}

pub(super) const SELF_TEST: &str =
    "SELECT id, cabinet, profile_sha256, by, began_ms, ended_ms, outcome, findings FROM self_tests";

pub(super) fn self_test(row: &Row<'_>) -> rusqlite::Result<SelfTest> {
    let findings: String = row.get(7)?;
    Ok(SelfTest {
        id: row.get(0)?,
        cabinet: row.get(1)?,
        profile_sha256: row.get(2)?,
        by: row.get(3)?,
        began: row.get(4)?,
        ended: row.get(5)?,
        outcome: row.get(6)?,
        findings: serde_json::from_str(&findings).map_err(|source| {
            rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, source.into())
        })?,
    })
}

impl Db {
    /// Records that a self test begins, before anything is switched on.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_self_test(
        &mut self,
        cabinet: &str,
        profile_sha256: &str,
        by: &str,
    ) -> Result<i64, StoreError> {
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO self_tests (cabinet, profile_sha256, by, began_ms) VALUES (?1, ?2, ?3, ?4)",
            (cabinet, profile_sha256, by, clock::now()),
        )?;
        let id = step.last_insert_rowid();
        let detail = json!({"cabinet": cabinet, "profile_sha256": profile_sha256});
        ledger::append(
            &step,
            by,
            "self_test.begun",
            &format!("self_test/{id}"),
            &detail,
        )?;
        step.commit()?;
        Ok(id)
    }

    /// Records how a self test ended.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn end_self_test(
        &mut self,
        id: i64,
        outcome: TestOutcome,
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE self_tests SET ended_ms = ?2, outcome = ?3, findings = ?4 WHERE id = ?1 AND ended_ms IS NULL",
            (id, clock::now(), outcome, json!(findings).to_string()),
        )?;
        let bad: Vec<_> = findings
            .iter()
            .filter(|finding| !finding.good)
            .map(|finding| &finding.check)
            .collect();
        let detail = json!({"outcome": outcome, "bad": bad});
        ledger::append(
            &step,
            "task/disinfect",
            "self_test.ended",
            &format!("self_test/{id}"),
            &detail,
        )?;
        step.commit()?;
        Ok(())
    }

    /// The newest self test of a cabinet, ended or not.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_self_test(&self, cabinet: &str) -> Result<Option<SelfTest>, StoreError> {
        let newest = format!("{SELF_TEST} WHERE cabinet = ?1 ORDER BY id DESC LIMIT 1");
        Ok(self
            .connection
            .query_row(&newest, [cabinet], self_test)
            .optional()?)
    }

    /// Whether the last self test of a cabinet that said anything failed, or was never ended because the daemon died in it. One that a
    /// person aborted says nothing.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn self_test_failed(&self, cabinet: &str) -> Result<bool, StoreError> {
        let last = "SELECT outcome FROM self_tests WHERE cabinet = ?1 AND outcome IN (?2, ?3, ?4) ORDER BY id DESC LIMIT 1";
        let (passed, failed, cut_short) = (
            TestOutcome::Passed,
            TestOutcome::Failed,
            TestOutcome::CutShort,
        );
        let found = self
            .connection
            .query_row(last, (cabinet, passed, failed, cut_short), |row| {
                row.get::<_, TestOutcome>(0)
            });
        Ok(found.optional()?.is_some_and(|outcome| outcome != passed))
    }

    /// One self test.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn self_test(&self, id: i64) -> Result<SelfTest, StoreError> {
        self.connection
            .query_row(&format!("{SELF_TEST} WHERE id = ?1"), [id], self_test)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "self test",
                id: id.to_string(),
            })
    }
}
