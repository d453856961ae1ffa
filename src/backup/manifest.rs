//! What one back-up consists of: a document beside its database, sealed like it.

use serde::{Deserialize, Serialize};

/// Raised when an older laixin could not restore what this one writes.
pub(super) const FORMAT: u32 = 1;

/// A file of a back-up by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// SHA-256 of its content, hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// Where a ledger stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerMark {
    /// How many entries.
    pub entries: i64,
    /// Hash of the last one; empty without any.
    pub hash: String,
}

/// A file of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsFile {
    /// Its name.
    pub name: String,
    /// Its content.
    pub kept: Kept,
}

/// One back-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Its name, a moment in UTC: `20261127T013000Z`.
    pub snapshot: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// Version that made it.
    pub laixin: String,
    /// Name of the office.
    pub station: String,
    /// The database.
    pub database: Kept,
    /// Where its ledger stands.
    pub ledger: LedgerMark,
    /// Every original that the database refers to and the folder has.
    pub originals: Vec<Kept>,
    /// Originals that the station itself had lost or had altered when the back-up was made.
    pub lost: Vec<String>,
    /// The settings file and those it names.
    pub settings: Vec<SettingsFile>,
}
