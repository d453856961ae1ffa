//! The settings file: its shape, its limits, and the typed [`Settings`] everything else gets, once, at start.
//!
//! Whether devices, folders and models are really there is not asked here; `laixin check` and the station's start do that.

mod keeping;
mod office;
mod push;
mod readers;
mod roster;
mod scanner;
mod trust;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::at_rest::Lock;
use crate::clock::{self, Millis};
use crate::domain::double_entry::EntryField;

pub use keeping::{Archive, AtRest, Backup, Health, Keeping, PdfLevel, Retention};
pub use office::{Brokers, Office, PublicKey};
pub use push::{Exchange, Network, Webhook};
pub use readers::{ReaderSelf, ReaderSettings, Readers};
pub use roster::load_roster;
pub use scanner::{ScanColour, Scanner, ScannerKind, Unchecked};
pub use trust::{Access, Alerts, Http, Passwords, Statistics};

/// Why the settings were refused. `Display` names file, line, key and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A key is unknown, missing or has a value that is not allowed.
    #[error("{}:{line}: {key}: {message}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Key, e.g. `reading.threads`.
        key: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

/// A whole number between `MIN` and `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within<const MIN: u64, const MAX: u64>(pub u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_i64(WithinVisitor::<MIN, MAX>)
    }
}

impl<const MIN: u64, const MAX: u64> Serialize for Within<MIN, MAX> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

struct WithinVisitor<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> de::Visitor<'_> for WithinVisitor<MIN, MAX> {
    type Value = Within<MIN, MAX>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(value) if (MIN..=MAX).contains(&value) => Ok(Within(value)),
            _ => Err(E::custom(format!(
                "{value} is not allowed; a whole number from {MIN} to {MAX} is"
            ))),
        }
    }
}

/// An address and port, e.g. `127.0.0.1:8470`.
fn socket_address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| {
        de::Error::custom(format!(
            "\"{text}\" is not allowed; an IP address and a port are, e.g. 127.0.0.1:8470"
        ))
    })
}

/// A cabinet's address and port, or the path of its serial port.
fn cabinet_address<'de, D: Deserializer<'de>>(from: D) -> Result<uv_cabinet::Address, D::Error> {
    let text = String::deserialize(from)?;
    if Path::new(&text).is_absolute() {
        return Ok(uv_cabinet::Address::Device(text.into()));
    }
    match text.parse::<SocketAddr>() {
        Ok(address) => Ok(uv_cabinet::Address::Network(address.to_string())),
        Err(_) => Err(de::Error::custom(format!(
            "\"{text}\" is not allowed; an IP address and a port are, e.g. 192.168.1.50:502, or a serial port, e.g. /dev/cabinet-1"
        ))),
    }
}

/// A short name used in addresses, logs and the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub String);

impl std::fmt::Display for DeviceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DeviceId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let id = String::deserialize(from)?;
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.len() > 32 || !id.chars().all(good) || id.trim_matches('-').is_empty() {
            let message = format!("\"{id}\" is not allowed; 1 to 32 of a-z, 0-9 and - are");
            return Err(de::Error::custom(message));
        }
        Ok(Self(id))
    }
}

/// Everything the station was told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The station itself.
    pub station: Station,
    /// Where the console and the API listen.
    #[serde(default)]
    pub http: Http,
    /// UV cabinets.
    #[serde(default, rename = "cabinet")]
    pub cabinets: Vec<Cabinet>,
    /// Scanners: folders that their software writes into, and devices that the station drives.
    #[serde(default, rename = "scanner")]
    pub scanners: Vec<Scanner>,
    /// OCR.
    #[serde(default)]
    pub reading: Reading,
    /// Registration.
    pub registration: Registration,
    /// Hand-over to the case system.
    #[serde(default)]
    pub handoff: Handoff,
    /// Case systems that are told by HTTP.
    #[serde(default, rename = "webhook")]
    pub webhooks: Vec<Webhook>,
    /// Case systems that take packages from a folder.
    #[serde(default, rename = "exchange")]
    pub exchanges: Vec<Exchange>,
    /// The brokers of an office with several stations; without it nothing of them is started.
    #[serde(default)]
    pub office: Option<Office>,
    /// Printed papers.
    #[serde(default)]
    pub print: Print,
    /// The originals.
    #[serde(default, rename = "evidence")]
    pub keeping: Keeping,
    /// Encryption of database and originals; without it they lie in the clear.
    #[serde(default)]
    pub at_rest: Option<AtRest>,
    /// What opens them; put there by [`Settings::unlock`].
    #[serde(skip)]
    pub(crate) unlocked: Lock,
    /// The device health log.
    #[serde(default)]
    pub health: Health,
    /// Back-ups.
    #[serde(default)]
    pub backup: Backup,
    /// Files for the archive.
    #[serde(default)]
    pub archive: Archive,
    /// When letters may be destroyed; never, without any.
    #[serde(default, rename = "retention")]
    pub retentions: Vec<Retention>,
    /// What a password must be.
    #[serde(default)]
    pub passwords: Passwords,
    /// Who sees restricted letters.
    #[serde(default)]
    pub access: Access,
    /// Alerts about letters.
    #[serde(default)]
    pub alerts: Alerts,
    /// Reporting periods.
    #[serde(default)]
    pub statistics: Statistics,
    /// Logging.
    #[serde(default)]
    pub log: Log,
    /// This station is for training: sample letters, a simulated cabinet, nothing is handed over.
    #[serde(default)]
    pub training: Option<Training>,
    /// The file as it was loaded.
    #[serde(skip)]
    pub loaded: Option<Loaded>,
}

/// A settings file as it was loaded. It names files of keys and holds none.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file.
    pub file: PathBuf,
    /// What it said.
    pub text: String,
    /// When.
    pub at: Millis,
}

impl Loaded {
    /// Whether it says something else by now: the station goes on with what it loaded.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|text| text != self.text)
    }
}

/// `[training]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The folder of sample letters: `ID_p1.jpg`, `ID_env.jpg` …
    pub letters: PathBuf,
}

/// Stands before a training station's name, on every page, paper and draft.
const TRAINING_MARK: &str = "【练习】";

/// `[station]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Name of the office, as drafts carry it.
    pub name: String,
    /// Database and originals live here.
    pub data_dir: PathBuf,
    /// Language of the console until a person chooses another.
    #[serde(default)]
    pub language: Language,
}

/// Languages of the console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Language {
    /// Chinese.
    #[default]
    #[serde(rename = "zh")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// `[[cabinet]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cabinet {
    /// Its id.
    pub id: DeviceId,
    /// Its profile: register map, limits, timing.
    pub profile: PathBuf,
    /// Where it is: a Modbus TCP address and port, or a serial port. Replaces the profile's.
    #[serde(deserialize_with = "cabinet_address")]
    pub address: uv_cabinet::Address,
    /// Modbus unit.
    #[serde(default = "unit_1")]
    pub unit: Within<0, 247>,
    /// Days after a passed self test when the next one is due.
    #[serde(default = "self_test_days")]
    pub self_test_days: Within<1, 365>,
}

fn self_test_days() -> Within<1, 365> {
    Within(7)
}

fn unit_1() -> Within<0, 247> {
    Within(1)
}

/// `[reading]`; handed to the page worker as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// Which engine reads.
    pub engine: Engine,
    /// Where the PP-OCRv6 models are.
    pub models_dir: PathBuf,
    /// What computes them.
    pub runtime: Runtime,
    /// Where OpenVINO's shared libraries are, if they are installed.
    pub openvino_dir: PathBuf,
    /// Threads for one page.
    pub threads: Within<1, 64>,
    /// Pages are scaled down to this many pixels on their longest side before text is looked for.
    pub longest_side_px: Within<320, 4096>,
    /// A letter is complete when no page of it came for this long.
    pub letter_quiet_s: Within<1, 3600>,
    /// How much memory the process that reads pages may take.
    pub memory_mb: Within<512, 65_536>,
    /// A page that takes longer than this is given up.
    pub page_timeout_s: Within<10, 3600>,
    /// The models leave the memory when nothing was read for this long.
    pub unload_after_s: Within<5, 86_400>,
}

impl Default for Reading {
    fn default() -> Self {
        let models_dir = PathBuf::from("/usr/share/laixin/models");
        Self {
            engine: Engine::Ppocr,
            models_dir,
            runtime: Runtime::Auto,
            openvino_dir: PathBuf::from(OPENVINO_DIR),
            threads: Within(2),
            longest_side_px: Within(960),
            letter_quiet_s: Within(10),
            memory_mb: Within(2048),
            page_timeout_s: Within(90),
            unload_after_s: Within(300),
        }
    }
}

/// Where OpenVINO is looked for unless a setting says otherwise.
pub const OPENVINO_DIR: &str = "/usr/lib/laixin/openvino";

/// What computes the networks of PP-OCRv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// OpenVINO where it is installed and works, else rten.
    Auto,
    /// rten, on any processor.
    Rten,
    /// OpenVINO, or reading waits until it works.
    Openvino,
}

/// OCR engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PP-OCRv6 small.
    Ppocr,
    /// Tesseract, chi_sim.
    Tesseract,
}

/// `[registration]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The addressees of this office.
    pub roster: PathBuf,
    /// The deadline profile.
    pub deadlines: PathBuf,
    /// Days off and make-up working days; without it working days count weekends only, and every due date says so.
    #[serde(default)]
    pub holidays: Option<PathBuf>,
    /// Fields that a second person keys from the paper without seeing the draft; it is not confirmed before both wrote the same.
    #[serde(default)]
    pub double_entry: Vec<EntryField>,
}

/// `[handoff]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Handoff {
    /// When a draft may be claimed.
    pub offer: Offer,
    /// The longest lease a case system may ask for.
    pub max_lease_seconds: Within<10, 86_400>,
    /// Addresses that webhooks may be sent to; no other is ever spoken to.
    pub push_to: Vec<Network>,
}

impl Default for Handoff {
    fn default() -> Self {
        Self {
            offer: Offer::Confirmed,
            max_lease_seconds: Within(3600),
            push_to: Vec::new(),
        }
    }
}

/// When a draft may be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offer {
    /// As soon as it is read: the officers confirm in the case system.
    Read,
    /// Once an officer has confirmed it on the console.
    Confirmed,
}

/// `[print]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Print {
    /// The font of certificates: a TrueType or OpenType file with Chinese characters.
    pub font: PathBuf,
}

impl Default for Print {
    fn default() -> Self {
        Self {
            font: PathBuf::from("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
        }
    }
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Least severity that is logged.
    pub level: Level,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info }
    }
}

/// Severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something may fail.
    Warn,
    /// What happened.
    Info,
    /// For developers.
    Debug,
}

impl Settings {
    /// Reads, checks and types a settings file. Relative paths count from the file's folder.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line, key and what is allowed.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let mut settings: Self = load_toml(file)?;
        settings.loaded = std::fs::read_to_string(file).ok().map(|text| Loaded {
            file: file.to_owned(),
            text,
            at: clock::now(),
        });
        let base = file.parent().unwrap_or(Path::new("."));
        let here = |path: &mut PathBuf| *path = base.join(&*path);
        here(&mut settings.station.data_dir);
        here(&mut settings.reading.models_dir);
        here(&mut settings.reading.openvino_dir);
        here(&mut settings.registration.roster);
        here(&mut settings.registration.deadlines);
        settings.registration.holidays.iter_mut().for_each(here);
        here(&mut settings.print.font);
        let keeping = &mut settings.keeping;
        let backup = &mut settings.backup;
        [
            &mut keeping.second_dir,
            &mut keeping.roots_dir,
            &mut backup.folder,
            &mut backup.key_file,
        ]
        .into_iter()
        .flatten()
        .for_each(here);
        settings
            .cabinets
            .iter_mut()
            .for_each(|cabinet| here(&mut cabinet.profile));
        settings.http.settle(base);
        if let Some(at_rest) = &mut settings.at_rest {
            at_rest.settle(base);
        }
        settings
            .webhooks
            .iter_mut()
            .for_each(|hook| hook.settle(base));
        let exchanges = &mut settings.exchanges;
        exchanges.iter_mut().for_each(|folder| folder.settle(base));
        if let Some(office) = &mut settings.office {
            office.settle(base);
        }
        if let Some(training) = &mut settings.training {
            here(&mut training.letters);
            settings.station.name.insert_str(0, TRAINING_MARK);
        }
        settings.refuse_misfits(file)?;
        let data = settings.station.data_dir.clone();
        settings
            .scanners
            .iter_mut()
            .for_each(|scanner| scanner.settle(base, &data));
        settings.refuse_doubles(file)?;
        settings.refuse_mixing(file)?;
        Ok(settings)
    }

    fn refuse_doubles(&self, file: &Path) -> Result<(), ConfigError> {
        let ids = self
            .cabinets
            .iter()
            .map(|c| &c.id)
            .chain(self.scanners.iter().map(|s| &s.id))
            .chain(self.webhooks.iter().map(|hook| &hook.id))
            .chain(self.exchanges.iter().map(|folder| &folder.id));
        let mut seen = std::collections::BTreeSet::new();
        for id in ids {
            if !seen.insert(id) {
                return Err(ConfigError::Refused {
                    file: file.to_owned(),
                    line: last_line_of(file, id),
                    key: "id".into(),
                    message: format!("\"{id}\" is used twice; every device needs an id of its own"),
                });
            }
        }
        Ok(())
    }

    /// A training station has nothing through which a real letter could come in, nor a sample letter go out.
    fn refuse_mixing(&self, file: &Path) -> Result<(), ConfigError> {
        if self.training.is_none() {
            return Ok(());
        }
        let refused = |id: &DeviceId, message: &str| {
            Err(ConfigError::Refused {
                file: file.to_owned(),
                line: last_line_of(file, id),
                key: format!("training and {id}"),
                message: message.to_owned(),
            })
        };
        let told = self.webhooks.iter().map(|hook| &hook.id);
        if let Some(id) = told
            .chain(self.exchanges.iter().map(|folder| &folder.id))
            .next()
        {
            return refused(id, "a training station tells no case system: take it out");
        }
        if self.office.is_some() {
            return Err(ConfigError::Refused {
                file: file.to_owned(),
                line: line_of_key(file, "station"),
                key: "training and office".into(),
                message: "a training station belongs to no office: take [office] out".into(),
            });
        }
        let outside = |scanner: &&Scanner| {
            scanner.kind != ScannerKind::Folder
                || !scanner.folder.starts_with(&self.station.data_dir)
        };
        match self.scanners.iter().find(outside) {
            Some(scanner) => refused(
                &scanner.id,
                "a training station's scanner is a folder below its data_dir, where no real scanner writes",
            ),
            None => Ok(()),
        }
    }

    fn refuse_misfits(&self, file: &Path) -> Result<(), ConfigError> {
        if let Some((key, message)) = self.http.misfit() {
            return Err(ConfigError::Refused {
                file: file.to_owned(),
                line: line_of_key(file, key),
                key: key.to_owned(),
                message,
            });
        }
        if !self.registration.double_entry.is_empty() && self.handoff.offer == Offer::Read {
            return Err(ConfigError::Refused {
                file: file.to_owned(),
                line: line_of_key(file, "registration.double_entry"),
                key: "registration.double_entry".to_owned(),
                message: "needs handoff.offer = \"confirmed\": what is offered as it is read waits for nobody who keys it again".to_owned(),
            });
        }
        for hook in &self.webhooks {
            if let Some((key, message)) = hook.misfit(&self.handoff.push_to) {
                return Err(ConfigError::Refused {
                    file: file.to_owned(),
                    line: last_line_of(file, &hook.id),
                    key: format!("webhook {}: {key}", hook.id),
                    message,
                });
            }
        }
        if let Some((key, message)) = self.office.as_ref().and_then(Office::misfit) {
            return Err(ConfigError::Refused {
                file: file.to_owned(),
                line: line_of_key(file, key),
                key: format!("office: {key}"),
                message,
            });
        }
        for scanner in &self.scanners {
            if let Some((key, message)) = scanner.misfit() {
                return Err(ConfigError::Refused {
                    file: file.to_owned(),
                    line: last_line_of(file, &scanner.id),
                    key: format!("scanner {}: {key}", scanner.id),
                    message,
                });
            }
        }
        Ok(())
    }

    /// Whether some case system is told by the station itself.
    pub fn tells_case_systems(&self) -> bool {
        !self.webhooks.is_empty() || !self.exchanges.is_empty() || self.office.is_some()
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.station.data_dir.join("station.sqlite3")
    }

    /// The folder of originals.
    pub fn evidence_dir(&self) -> PathBuf {
        self.station.data_dir.join("evidence")
    }

    /// The mark beside the settings file, and so outside of the data folder, that a station was begun with them; `laixin-setup` writes it.
    pub fn begun(&self) -> Option<PathBuf> {
        let mark = self.loaded.as_ref()?.file.with_extension("begun");
        mark.exists().then_some(mark)
    }
}

/// The last line that names a device, from 1.
fn last_line_of(file: &Path, id: &DeviceId) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let quoted = format!("\"{id}\"");
    let named = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(&quoted));
    named.last().map_or(1, |(at, _)| at + 1)
}

/// The line of a key such as `http.listen`, from 1.
pub(crate) fn line_of_key(file: &Path, key: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let name = key.rsplit('.').next().unwrap_or(key);
    let is_it = |line: &str| {
        line.trim_start()
            .strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().position(is_it).map_or(1, |at| at + 1)
}

/// Reads any of the station's TOML files into its type, with file, line and key in the refusal.
///
/// # Errors
/// [`ConfigError`].
pub fn load_toml<T: de::DeserializeOwned>(file: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    let refused = |key: String, error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        ConfigError::Refused {
            file: file.to_owned(),
            line: text[..at].matches('\n').count() + 1,
            key: if key == "." { "the file".into() } else { key },
            message: error.message().replace('\n', "; "),
        }
    };
    let parsed =
        toml::Deserializer::parse(&text).map_err(|error| refused("syntax".into(), &error))?;
    serde_path_to_error::deserialize(parsed)
        .map_err(|error| refused(error.path().to_string(), error.inner()))
}
