//! What one back-up consists of: a document beside its database, sealed like it.

use serde::{Deserialize, Serialize};

use crate::at_rest::StationKey;

/// Of folders, and of back-ups whose database lies in them in the clear.
pub(super) const FORMAT: u32 = 1;
/// Of back-ups whose database has a key of its own, [`Manifest::database_key`]: an older laixin cannot restore them.
pub(super) const FORMAT_WITH_KEY: u32 = 2;

/// The key of one copy of a database, as [`StationKey::text`] has it; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CopyKey(String);

impl std::fmt::Debug for CopyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CopyKey")
    }
}

impl CopyKey {
    pub(super) fn of(key: &StationKey) -> Self {
        Self(key.text().to_string())
    }

    pub(super) fn key(&self) -> Option<StationKey> {
        StationKey::parse(&self.0)
    }
}

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
    /// 1, or 2 with a [`Manifest::database_key`].
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
    /// Of an encrypted station: what the copied database opens with. The manifest is sealed as the back-up is; the station's own key is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_key: Option<CopyKey>,
    /// Where its ledger stands.
    pub ledger: LedgerMark,
    /// Every original that the database refers to and the folder has.
    pub originals: Vec<Kept>,
    /// Originals that the station itself had lost or had altered when the back-up was made.
    pub lost: Vec<String>,
    /// The settings file and those it names.
    pub settings: Vec<SettingsFile>,
}
