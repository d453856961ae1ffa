//! One model of cabinet as data: where its points are, what is possible, how long things may take.
//! From TOML text to checked values; nothing here talks to a device.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use crate::{Point, error::ProfileError};

mod check;
mod cycle;
mod identity;
mod link;
mod maintenance;
mod patience;
mod plausible;
mod words;

pub use cycle::{LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S};
pub use identity::Identity;
use identity::IdentityTable;
use link::LinkTable;
pub use link::{Address, Direction, Link, Parity, SerialLine, Transport};
pub use maintenance::Maintenance;
use maintenance::MaintenanceTable;

/// A checked profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Model name, for people.
    pub model: String,
    /// Whether the register map is real.
    pub map: MapOrigin,
    /// Where the map comes from.
    pub map_source: String,
    /// SHA-256 of the file's text, lower-case hex; goes into every cycle's record.
    pub sha256: String,
    /// Whether letters must be turned over between two exposures.
    pub sides: Sides,
    /// Whether the dose is measured.
    pub dose: Basis,
    /// Whether the ozone is measured.
    pub ozone: Basis,
    /// Points this model is said to do without, in addition to what `dose` and `ozone` say.
    pub without: Vec<Point>,
    /// How to reach the cabinet.
    pub link: Link,
    /// What tells this model from another; nothing where the device does not say.
    pub identity: Vec<Identity>,
    /// Every point of this model.
    pub points: BTreeMap<Point, PointSpec>,
    /// Thresholds.
    pub limits: Limits,
    /// Durations.
    pub timing: Timing,
    /// Limits of wear.
    pub maintenance: Maintenance,
}

/// What a limit is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A sensor.
    #[default]
    Measured,
    /// Time alone, with a longer minimum.
    Timer,
}

/// Which sides of the letters one exposure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// All of them.
    #[default]
    Both,
    /// One: letters are turned over between two exposures.
    One,
}

/// Whether a register map is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapOrigin {
    /// Made up by us, for the simulator.
    Invented,
    /// From the maker's papers.
    Published,
    /// Found out on a real device.
    Measured,
}

impl MapOrigin {
    /// Its name in profiles.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invented => "invented",
            Self::Published => "published",
            Self::Measured => "measured",
        }
    }
}

/// Where a point is and what its values may be.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSpec {
    /// The Modbus unit it is in, where that is not the cabinet's own.
    pub modbus_unit: Option<u8>,
    /// Modbus table.
    pub table: Table,
    /// Zero-based address on the wire.
    pub address: u16,
    /// How its bits are to be read.
    pub kind: Kind,
    /// Which bit of the register, from 0 for the lowest; for [`Kind::Bit`] only.
    pub bit: u8,
    /// Order of the words of a 32-bit number.
    pub word_order: WordOrder,
    /// value = raw × scale.
    pub scale: f64,
    /// Least possible value.
    pub min: f64,
    /// Greatest possible value.
    pub max: f64,
    /// Older than this is unknown.
    pub max_age: Duration,
    /// Standing still this long is unknown; for the scan counter, so is all the rest.
    pub frozen_after: Option<Duration>,
}

/// The four Modbus tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Read with 1, written with 5.
    Coil,
    /// Read with 2.
    DiscreteInput,
    /// Read with 4.
    InputRegister,
    /// Read with 3, written with 6.
    HoldingRegister,
}

impl Table {
    /// Its name in profiles.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::DiscreteInput => "discrete_input",
            Self::InputRegister => "input_register",
            Self::HoldingRegister => "holding_register",
        }
    }
}

/// How the bits of a point are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One coil or discrete input, or a command register that is 0 or 1.
    Bool,
    /// One bit of a register.
    Bit,
    /// One register, unsigned.
    U16,
    /// One register, two's complement.
    I16,
    /// Two registers, unsigned.
    U32,
    /// Two registers, two's complement.
    I32,
    /// Two registers, IEEE 754.
    F32,
}

impl Kind {
    /// Its name in profiles.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Bit => "bit",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
        }
    }

    /// Addresses it takes.
    #[must_use]
    pub fn width(self) -> u16 {
        match self {
            Self::U32 | Self::I32 | Self::F32 => 2,
            Self::Bool | Self::Bit | Self::U16 | Self::I16 => 1,
        }
    }
}

/// Which word of a 32-bit number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordOrder {
    /// As the Modbus papers suggest (ABCD).
    #[default]
    HighFirst,
    /// As many PLCs do (CDAB).
    LowFirst,
}

/// Thresholds of a cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// UV; `None` in timer mode.
    pub uv: Option<UvLimits>,
    /// Ozone allowed when the door may open; `None` in timer mode.
    pub ozone_release_mg_m3: Option<f64>,
    /// The lamp counts as lit from this current on; `None` where no current is shown.
    pub lamp_current_lit_a: Option<f64>,
}

/// Thresholds of a measured dose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UvLimits {
    /// The lamp counts as lit from here.
    pub irradiance_struck_mw_cm2: f64,
    /// The lamp counts as out up to here.
    pub irradiance_dark_mw_cm2: f64,
    /// Dose each side must get.
    pub target_dose_mj_cm2: f64,
}

/// Durations of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// From one poll to the next.
    pub poll: Duration,
    /// For door, lock and readings to be good.
    pub preflight_max: Duration,
    /// For the lamp to strike.
    pub strike_max: Duration,
    /// Least exposure of each side; in timer mode its own, longer one.
    pub min_exposure: Duration,
    /// Longest exposure.
    pub max_exposure: Duration,
    /// For the lamp to be seen out after “off”.
    pub off_confirm_max: Duration,
    /// Longest time the fan may not be seen running while it should.
    pub fan_start_max: Duration,
    /// Least ventilation with the fan seen running; in timer mode its own, longer one.
    pub ventilation: Duration,
    /// Longest ventilation.
    pub ventilation_max: Duration,
    /// For the letters to be turned over.
    pub turn_over_max: Duration,
}

impl Profile {
    /// Reads and checks a profile file.
    ///
    /// # Errors
    /// When it cannot be read, has an unknown key or a value that cannot be.
    pub fn load(path: &Path) -> Result<Self, ProfileError> {
        let bytes = std::fs::read(path).map_err(|source| ProfileError::Read {
            path: path.display().to_string(),
            source,
        })?;
        let text = String::from_utf8(bytes).map_err(|e| not_text(e.as_bytes(), &e));
        text.and_then(|text| Self::parse(&text))
            .map_err(|wrong| ProfileError::File {
                path: path.display().to_string(),
                source: Box::new(wrong),
            })
    }

    /// Checks the text of a profile file.
    ///
    /// # Errors
    /// When it has an unknown key or a value that cannot be; the message names line and key.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let file: File = toml::from_str(text).map_err(|e| shape_error(text, &e))?;
        check::check(text, file, hex(&Sha256::digest(text.as_bytes())))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn not_text(bytes: &[u8], e: &std::string::FromUtf8Error) -> ProfileError {
    let good = e.utf8_error().valid_up_to();
    let (before, after) = bytes.split_at(good);
    let begins = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let ends = after
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(after.len());
    let before = String::from_utf8_lossy(before);
    ProfileError::Shape {
        line: line_of(&before, good),
        text: String::from_utf8_lossy(&bytes[begins..good + ends]).into_owned(),
        message: "not UTF-8: save the file as UTF-8".to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

fn shape_error(text: &str, e: &toml::de::Error) -> ProfileError {
    let line = e.span().map_or(1, |span| line_of(text, span.start));
    ProfileError::Shape {
        line,
        text: text
            .lines()
            .nth(line - 1)
            .unwrap_or_default()
            .trim()
            .to_owned(),
        message: words::ours(&e.message().replace('\n', " ")),
    }
}

/// The file's own shape, before any check.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cabinet: CabinetTable,
    link: LinkTable,
    #[serde(default)]
    identity: BTreeMap<String, IdentityTable>,
    points: BTreeMap<Point, Spanned<PointTable>>,
    limits: Spanned<LimitsTable>,
    timing: Spanned<TimingTable>,
    maintenance: Option<MaintenanceTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CabinetTable {
    model: Spanned<String>,
    map: MapOrigin,
    map_source: Spanned<String>,
    #[serde(default)]
    sides: Sides,
    #[serde(default)]
    dose: Basis,
    #[serde(default)]
    ozone: Basis,
    #[serde(default)]
    without: Vec<Spanned<Point>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointTable {
    modbus_unit: Option<Spanned<u64>>,
    table: Spanned<Table>,
    address: Spanned<u64>,
    #[serde(rename = "type")]
    kind: Spanned<Kind>,
    bit: Option<Spanned<u64>>,
    #[serde(default)]
    word_order: WordOrder,
    scale: Option<Spanned<f64>>,
    unit: Option<Spanned<String>>,
    min: Option<Spanned<f64>>,
    max: Option<Spanned<f64>>,
    max_age_ms: Option<Spanned<u64>>,
    frozen_after_ms: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    irradiance_struck_mw_cm2: Option<Spanned<f64>>,
    irradiance_dark_mw_cm2: Option<Spanned<f64>>,
    target_dose_mj_cm2: Option<Spanned<f64>>,
    ozone_release_mg_m3: Option<Spanned<f64>>,
    lamp_current_lit_a: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimingTable {
    poll_ms: Spanned<u64>,
    preflight_max_s: Spanned<u64>,
    strike_max_s: Spanned<u64>,
    min_exposure_s: Spanned<u64>,
    max_exposure_s: Spanned<u64>,
    off_confirm_max_s: Spanned<u64>,
    fan_start_max_s: Spanned<u64>,
    ventilation_s: Spanned<u64>,
    ventilation_max_s: Spanned<u64>,
    timer_exposure_s: Option<Spanned<u64>>,
    timer_ventilation_s: Option<Spanned<u64>>,
    turn_over_max_s: Option<Spanned<u64>>,
}
