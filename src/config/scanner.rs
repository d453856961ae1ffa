//! `[[scanner]]`: a folder, an eSCL device or a SANE device. Which keys belong to which kind is checked once, at start.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DeviceId, Within};
use crate::domain::grouping::GroupBy;

/// What kind of scanner it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScannerKind {
    /// A folder that its software writes into.
    #[default]
    Folder,
    /// A network scanner that speaks eSCL.
    Escl,
    /// A scanner that SANE drives.
    Sane,
}

/// What is kept of the colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanColour {
    /// Everything; seals are red.
    #[default]
    Colour,
    /// 256 greys.
    Grey,
}

/// What becomes of an envelope with a number that nothing checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unchecked {
    /// It begins a letter that a person looks at.
    #[default]
    Hold,
    /// It begins a letter.
    Take,
}

/// `[[scanner]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    /// Its id.
    pub id: DeviceId,
    /// What kind.
    #[serde(default)]
    pub kind: ScannerKind,
    /// What tells one letter from the next; by name in a folder, by separator sheet otherwise.
    pub by: Option<GroupBy>,
    /// The folder. Taken files go to its sub-folder `done`, refused ones to `held`. Of a driven scanner: its spool, made by the station.
    #[serde(default)]
    pub folder: PathBuf,
    /// A file is complete when it has not changed for this long.
    #[serde(default = "quiet_800")]
    pub quiet_ms: Within<100, 60_000>,
    /// How often the whole folder is looked through, whatever the notifications said.
    #[serde(default = "rescan_5")]
    pub rescan_s: Within<1, 3600>,
    /// A taken file is compared with what was taken of it for this long: software may go on writing into it.
    #[serde(default = "watch_600")]
    pub watch_taken_s: Within<0, 86_400>,
    /// eSCL: the device's root.
    pub url: Option<String>,
    /// eSCL over https: SHA-256 of the device's own certificate.
    pub fingerprint: Option<String>,
    /// eSCL over https: a PEM file with the authority that signed its certificate.
    pub authority: Option<PathBuf>,
    /// SANE: the device's name, or a pattern with `*`.
    pub device: Option<String>,
    /// SANE: the program.
    #[serde(default = "scanimage")]
    pub program: PathBuf,
    /// SANE: the backend's words for feeder, feeder with both sides, and glass.
    #[serde(default = "sane_sources")]
    pub sources: [String; 3],
    /// SANE: further options of the backend.
    #[serde(default)]
    pub options: Vec<String>,
    /// The serial number the device has to have.
    pub serial: Option<String>,
    /// Sides of a sheet: of a driven scanner unless the operator says otherwise, of a folder as its software scans.
    pub sides: Option<Within<1, 2>>,
    /// Resolution.
    #[serde(default = "dpi_300")]
    pub dpi: Within<75, 1200>,
    /// Colours.
    #[serde(default)]
    pub colour: ScanColour,
    /// Width and height of the paper.
    #[serde(default = "a4")]
    pub paper_mm: [Within<50, 450>; 2],
    /// Nothing came for this long: the scanner is stuck.
    #[serde(default = "stall_25")]
    pub stall_s: Within<5, 30>,
    /// The thirteen digits of express mail within China, by the bars on envelopes.
    #[serde(default)]
    pub express_13: Unchecked,
    /// A scan that has more images than this is ended.
    #[serde(default = "most_2000")]
    pub most_images: Within<1, 100_000>,
}

fn quiet_800() -> Within<100, 60_000> {
    Within(800)
}

fn rescan_5() -> Within<1, 3600> {
    Within(5)
}

fn watch_600() -> Within<0, 86_400> {
    Within(600)
}

fn scanimage() -> PathBuf {
    PathBuf::from("scanimage")
}

fn sane_sources() -> [String; 3] {
    ["ADF Front", "ADF Duplex", "Flatbed"].map(str::to_owned)
}

fn dpi_300() -> Within<75, 1200> {
    Within(300)
}

fn a4() -> [Within<50, 450>; 2] {
    [Within(210), Within(297)]
}

fn stall_25() -> Within<5, 30> {
    Within(25)
}

fn most_2000() -> Within<1, 100_000> {
    Within(2000)
}

impl Scanner {
    /// A watched folder with everything else as it is by default.
    pub fn folder(id: &str, folder: impl Into<PathBuf>) -> Self {
        Self {
            id: DeviceId(id.to_owned()),
            kind: ScannerKind::Folder,
            by: None,
            folder: folder.into(),
            quiet_ms: quiet_800(),
            rescan_s: rescan_5(),
            watch_taken_s: watch_600(),
            url: None,
            fingerprint: None,
            authority: None,
            device: None,
            program: scanimage(),
            sources: sane_sources(),
            options: Vec::new(),
            serial: None,
            sides: None,
            dpi: dpi_300(),
            colour: ScanColour::default(),
            paper_mm: a4(),
            stall_s: stall_25(),
            express_13: Unchecked::default(),
            most_images: most_2000(),
        }
    }

    /// Whether the station starts its scans.
    pub fn is_driven(&self) -> bool {
        self.kind != ScannerKind::Folder
    }

    /// How many sides of a sheet come. Of a folder nobody knows unless it is said: then only the first image is the envelope.
    pub fn sides_of_a_sheet(&self) -> u8 {
        match (self.sides, self.kind) {
            (Some(sides), _) => sides.0 as u8,
            (None, ScannerKind::Folder) => 1,
            (None, ScannerKind::Escl | ScannerKind::Sane) => 2,
        }
    }

    /// What tells one letter from the next.
    pub fn grouped_by(&self) -> GroupBy {
        let usual = match self.kind {
            ScannerKind::Folder => GroupBy::Name,
            ScannerKind::Escl | ScannerKind::Sane => GroupBy::Separator,
        };
        self.by.unwrap_or(usual)
    }

    /// Paths count from the settings' folder; the spool of a driven scanner lies with the data.
    pub(super) fn settle(&mut self, base: &Path, data: &Path) {
        if self.is_driven() {
            self.folder = data.join("scans").join(&self.id.0);
        } else {
            self.folder = base.join(&self.folder);
        }
        if let Some(authority) = &mut self.authority {
            *authority = base.join(&*authority);
        }
    }

    /// The key that does not fit the kind, and what is allowed.
    pub(super) fn misfit(&self) -> Option<(&'static str, String)> {
        let given = [
            (
                "folder",
                !self.folder.as_os_str().is_empty(),
                ScannerKind::Folder,
            ),
            ("url", self.url.is_some(), ScannerKind::Escl),
            ("fingerprint", self.fingerprint.is_some(), ScannerKind::Escl),
            ("authority", self.authority.is_some(), ScannerKind::Escl),
            ("device", self.device.is_some(), ScannerKind::Sane),
            ("options", !self.options.is_empty(), ScannerKind::Sane),
        ];
        for (key, is_given, kind) in given {
            let needed = matches!(key, "folder" | "url" | "device");
            if is_given && kind != self.kind {
                return Some((key, format!("belongs to kind = \"{}\"", word(kind))));
            }
            if !is_given && needed && kind == self.kind {
                return Some((key, format!("is needed with kind = \"{}\"", word(kind))));
            }
        }
        match self.kind {
            ScannerKind::Escl => self.misfit_of_url(),
            ScannerKind::Sane => self.misfit_of_device(),
            ScannerKind::Folder if self.by == Some(GroupBy::Scan) => Some((
                "by",
                "\"scan\" is for scanners that the station drives".into(),
            )),
            ScannerKind::Folder => None,
        }
        .or_else(|| {
            let by_file = matches!(self.by, Some(GroupBy::Name | GroupBy::Index));
            (self.is_driven() && by_file).then(|| {
                (
                    "by",
                    "\"name\" and \"index\" are for folders; \"separator\", \"barcode\", \"press\" and \"scan\" are allowed"
                        .into(),
                )
            })
        })
    }

    fn misfit_of_url(&self) -> Option<(&'static str, String)> {
        let url = self.url.as_deref().unwrap_or_default();
        if url.starts_with("https://") {
            let trusted = self.fingerprint.is_some() || self.authority.is_some();
            return (!trusted).then(|| {
                ("url", "https needs the device's fingerprint (`laixin check` shows it) or an authority".into())
            });
        }
        let allowed = url.starts_with("http://");
        (!allowed).then(|| {
            (
                "url",
                "an address such as http://192.168.1.60/eSCL is allowed".into(),
            )
        })
    }

    fn misfit_of_device(&self) -> Option<(&'static str, String)> {
        let device = self.device.as_deref().unwrap_or_default();
        let by_place = device.contains("libusb:") && !device.contains('*');
        by_place.then(|| {
            (
                "device",
                "a place on the USB bus changes; write * for it, e.g. \"fujitsu:*\"".into(),
            )
        })
    }
}

fn word(kind: ScannerKind) -> &'static str {
    match kind {
        ScannerKind::Folder => "folder",
        ScannerKind::Escl => "escl",
        ScannerKind::Sane => "sane",
    }
}
