//! `[office.readers]`, and the settings of `laixin reader`: pages that are read on other machines.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Brokers, ConfigError, DeviceId, Log, PublicKey, Reading, Within, load_toml};

/// `[office.readers]`: a station that gives pages away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readers {
    /// The readers' public sealing key: only they open the pages.
    pub seal_to: PublicKey,
    /// So many unread pages are the station's own; those behind them are given away.
    #[serde(default = "queue")]
    pub queue: Within<0, 100_000>,
    /// Pages that are given away at once for each reader that answers.
    #[serde(default = "each")]
    pub each: Within<1, 64>,
    /// A page that nobody has read for so many seconds is read here.
    #[serde(default = "answer_s")]
    pub answer_s: Within<2, 3600>,
}

fn queue() -> Within<0, 100_000> {
    Within(10)
}

fn each() -> Within<1, 64> {
    Within(4)
}

fn answer_s() -> Within<2, 3600> {
    Within(60)
}

/// The settings of `laixin reader`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderSettings {
    /// The reader itself.
    pub reader: ReaderSelf,
    /// The brokers.
    pub brokers: Brokers,
    /// OCR: the same as the stations', or no page comes.
    #[serde(default)]
    pub reading: Reading,
    /// Logging.
    #[serde(default)]
    pub log: Log,
}

/// `[reader]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderSelf {
    /// Its name among the others; no two have the same.
    pub name: DeviceId,
    /// A file with the seed of the readers' sealing key (`SX…`), the same for all of them.
    pub seal_key: PathBuf,
}

impl ReaderSettings {
    /// Reads, checks and types a settings file. Relative paths count from the file's folder.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line, key and what is allowed.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let mut settings: Self = load_toml(file)?;
        let base = file.parent().unwrap_or(Path::new("."));
        settings.brokers.settle(base, "brokers");
        for path in [
            &mut settings.reader.seal_key,
            &mut settings.reading.models_dir,
            &mut settings.reading.openvino_dir,
        ] {
            *path = base.join(&*path);
        }
        match settings.brokers.misfit() {
            None => Ok(settings),
            Some((key, message)) => Err(ConfigError::Refused {
                file: file.to_owned(),
                line: super::line_of_key(file, key),
                key: format!("brokers: {key}"),
                message,
            }),
        }
    }
}
