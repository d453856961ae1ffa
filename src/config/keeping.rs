//! Settings of what is kept: back-ups, the originals and their second copy, encryption at rest, the archive, retention.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

use super::Within;

/// `[backup]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Where `laixin backup` writes unless a folder is named.
    pub folder: Option<PathBuf>,
    /// The passphrase that back-ups are encrypted with.
    pub key_file: Option<PathBuf>,
    /// Without a key file, back-ups are written in the clear only when this is set or `--unencrypted` is given.
    pub unencrypted: bool,
    /// Back-ups kept in one folder; older ones are forgotten.
    pub keep: Within<1, 1000>,
    /// A last back-up older than this is a warning.
    pub warn_days: Within<1, 365>,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            folder: None,
            key_file: None,
            unencrypted: false,
            keep: Within(12),
            warn_days: Within(31),
        }
    }
}

/// `[health]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// Days for which every entry of the device health log is kept; trends look back 180 days.
    pub full_days: Within<200, 3650>,
    /// Years for which a row a day is kept after that.
    pub daily_years: Within<1, 100>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            // More than a year, so that the same season can be compared.
            full_days: Within(400),
            daily_years: Within(10),
        }
    }
}

/// `[evidence]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keeping {
    /// A second copy of every original, on another disk or mount.
    pub second_dir: Option<PathBuf>,
    /// The ledger's newest hash is written there once a day.
    pub roots_dir: Option<PathBuf>,
    /// Hour of the day, local, at which every original is read and compared.
    pub scrub_hour: Within<0, 23>,
    /// How fast at most; the desk must not notice.
    pub scrub_mb_per_s: Within<1, 10_000>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            second_dir: None,
            roots_dir: None,
            scrub_hour: Within(2),
            scrub_mb_per_s: Within(20),
        }
    }
}

/// `[at_rest]`: where the key is that database and originals are encrypted with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AtRestKeys")]
pub enum AtRest {
    /// A credential that the service manager hands over.
    Credential(String),
    /// A file with the key.
    KeyFile(PathBuf),
    /// A file with a passphrase that the key is made of.
    PassphraseFile(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtRestKeys {
    credential: Option<String>,
    key_file: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
}

impl TryFrom<AtRestKeys> for AtRest {
    type Error = &'static str;

    fn try_from(keys: AtRestKeys) -> Result<Self, Self::Error> {
        match (keys.credential, keys.key_file, keys.passphrase_file) {
            (Some(name), None, None) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                match !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) {
                    true => Ok(Self::Credential(name)),
                    false => Err("credential is a name of letters, digits, -, _ and ."),
                }
            }
            (None, Some(file), None) => Ok(Self::KeyFile(file)),
            (None, None, Some(file)) => Ok(Self::PassphraseFile(file)),
            _ => Err("one of credential, key_file and passphrase_file is needed, and only one"),
        }
    }
}

impl AtRest {
    /// Paths count from the settings' folder.
    pub(super) fn settle(&mut self, base: &Path) {
        match self {
            Self::Credential(_) => {}
            Self::KeyFile(file) | Self::PassphraseFile(file) => *file = base.join(&*file),
        }
    }
}

/// `[archive]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// What its files conform to.
    pub level: PdfLevel,
    /// The office's fonds number (全宗号), for `{fonds}`.
    pub fonds: String,
    /// Names of its files.
    #[serde(deserialize_with = "name_pattern")]
    pub name: String,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            level: PdfLevel::TwoU,
            fonds: String::new(),
            name: "{letter}".into(),
        }
    }
}

/// Levels of PDF/A-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum PdfLevel {
    /// Every character of the text layer has its Unicode.
    #[serde(rename = "2u")]
    TwoU,
    /// Looks the same for ever.
    #[serde(rename = "2b")]
    TwoB,
}

/// What a file's name may be made of.
const PLACES: [&str; 5] = ["fonds", "year", "number", "letter", "case"];

fn name_pattern<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let refused = |why: &str| {
        Err(de::Error::custom(format!(
            "\"{text}\" is not allowed: {why}; {{fonds}}, {{year}}, {{number}}, {{letter}} and {{case}} are, with plain characters between"
        )))
    };
    if text.contains(['/', '\\', '\0']) || text.starts_with('.') || text.is_empty() {
        return refused("it is no file name");
    }
    let mut rest = text.as_str();
    let mut tells_apart = false;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((place, left)) = after.split_once('}') else {
            return refused("a { is not closed");
        };
        if !PLACES.contains(&place) {
            return refused("a place is unknown");
        }
        tells_apart |= matches!(place, "number" | "letter");
        rest = left;
    }
    if !tells_apart {
        return refused("every letter would have the same name");
    }
    Ok(text)
}

/// `[[retention]]`: after how long letters may be destroyed, once two people agree.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Its name, as records quote it.
    pub policy: String,
    /// Years since the letter was registered or withdrawn, and its last page came.
    pub years: Within<1, 200>,
}

impl Retention {
    /// How many they are.
    #[must_use]
    pub fn years(&self) -> i64 {
        i64::try_from(self.years.0).expect("at most 200")
    }
}
