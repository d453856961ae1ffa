//! eSCL documents: what a device tells, read; what it is asked, written. Pure; bounded in size and depth, since a device may answer anything.
//!
//! Names are compared without their namespace: vendors bind the prefixes as they like.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::offers::{Resolutions, TrayOffer};
use crate::order::{Colour, Manner, Sides, Tray};

/// Larger answers are not documents of a scanner.
pub const LONGEST_BYTES: usize = 1024 * 1024;
const DEEPEST: usize = 32;

/// Why a document is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// No XML, or broken.
    #[error("it is not XML")]
    NotXml,
    /// Too large or too deep.
    #[error("it is larger than any such document")]
    TooLarge,
    /// Another document.
    #[error("it is a {found}, not a {wanted}")]
    Other {
        /// What is wanted.
        wanted: &'static str,
        /// Its root.
        found: String,
    },
}

/// One element with what lies in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Follows names downwards.
    fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter()
            .try_fold(self, |element, name| element.child(name))
    }

    fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.trim())
            .filter(|text| !text.is_empty())
    }

    fn number_of(&self, name: &str) -> Option<u32> {
        self.text_of(name)?.parse().ok()
    }

    /// Every element of this name, at any depth.
    fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            child.all(name, found);
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.all(name, &mut found);
        found
            .into_iter()
            .map(|element| element.text.trim().to_owned())
            .collect()
    }
}

fn parse(text: &str, wanted: &'static str) -> Result<Element, XmlError> {
    if text.len() > LONGEST_BYTES {
        return Err(XmlError::TooLarge);
    }
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|_| XmlError::NotXml)?;
        let top = open.last_mut().ok_or(XmlError::NotXml)?;
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err(XmlError::TooLarge);
                }
                open.push(named(start.local_name().as_ref()));
            }
            Event::Empty(empty) => top.children.push(named(empty.local_name().as_ref())),
            Event::End(_) => {
                let done = open.pop().ok_or(XmlError::NotXml)?;
                open.last_mut().ok_or(XmlError::NotXml)?.children.push(done);
            }
            Event::Text(text) => top.text.push_str(&text.xml10_content()),
            Event::CData(text) => top.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => top.text.push(c),
                // The five names that XML knows; no document of a scanner defines others, and none is ever fetched.
                _ => top.text.push_str(match &*reference.xml10_content() {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "apos" => "'",
                    "quot" => "\"",
                    _ => "",
                }),
            },
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let mut bottom = open
        .pop()
        .filter(|_| open.is_empty())
        .ok_or(XmlError::NotXml)?;
    let root = bottom.children.pop().ok_or(XmlError::NotXml)?;
    if root.name == wanted {
        return Ok(root);
    }
    Err(XmlError::Other {
        wanted,
        found: root.name.chars().take(40).collect(),
    })
}

fn named(name: &str) -> Element {
    Element {
        name: name.to_owned(),
        ..Element::default()
    }
}

/// What a device can do from one tray.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrayCapabilities {
    /// In 1/300 inch.
    pub max_width: u32,
    /// In 1/300 inch.
    pub max_height: u32,
    /// Offered resolutions; empty where a range is offered.
    pub resolutions: Vec<u32>,
    /// Smallest and largest, where a range is offered.
    pub range: Option<(u32, u32)>,
    /// `RGB24`, `Grayscale8`, …
    pub colour_modes: Vec<String>,
    /// MIME types.
    pub formats: Vec<String>,
}

impl TrayCapabilities {
    /// The same in the words and measures of every driver.
    pub(super) fn offer(&self) -> TrayOffer {
        let mm = |hundredths: u32| (hundredths > 0).then(|| f64::from(hundredths) * 25.4 / 300.0);
        TrayOffer {
            resolutions: match self.range {
                Some((lowest, highest)) => Resolutions::Range(lowest, highest),
                None if self.resolutions.is_empty() => Resolutions::Unsaid,
                None => Resolutions::Listed(self.resolutions.clone()),
            },
            modes: self.colour_modes.clone(),
            widest_mm: mm(self.max_width),
            longest_mm: mm(self.max_height),
        }
    }
}

/// `ScannerCapabilities`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `Version`
    pub version: String,
    /// `MakeAndModel`
    pub model: String,
    /// `SerialNumber`
    pub serial: Option<String>,
    /// The glass.
    pub glass: Option<TrayCapabilities>,
    /// The feeder, one side.
    pub feeder: Option<TrayCapabilities>,
    /// The feeder, both sides.
    pub duplex: Option<TrayCapabilities>,
}

/// Reads `ScannerCapabilities`.
///
/// # Errors
/// [`XmlError`].
pub fn capabilities(text: &str) -> Result<Capabilities, XmlError> {
    let root = parse(text, "ScannerCapabilities")?;
    let tray = |path: &[&str]| root.at(path).map(tray_capabilities);
    Ok(Capabilities {
        version: root.text_of("Version").unwrap_or("2.0").to_owned(),
        model: root.text_of("MakeAndModel").unwrap_or_default().to_owned(),
        serial: root.text_of("SerialNumber").map(str::to_owned),
        glass: tray(&["Platen", "PlatenInputCaps"]),
        feeder: tray(&["Adf", "AdfSimplexInputCaps"]),
        duplex: tray(&["Adf", "AdfDuplexInputCaps"]),
    })
}

fn tray_capabilities(caps: &Element) -> TrayCapabilities {
    let mut found = Vec::new();
    caps.all("DiscreteResolution", &mut found);
    let resolutions = found
        .iter()
        .filter_map(|one| one.number_of("XResolution"))
        .collect();
    let mut ranges = Vec::new();
    caps.all("XResolutionRange", &mut ranges);
    let range = ranges
        .first()
        .and_then(|range| range.number_of("Min").zip(range.number_of("Max")));
    let mut formats = caps.texts("DocumentFormat");
    formats.extend(caps.texts("DocumentFormatExt"));
    TrayCapabilities {
        max_width: caps.number_of("MaxWidth").unwrap_or(0),
        max_height: caps.number_of("MaxHeight").unwrap_or(0),
        resolutions,
        range,
        colour_modes: caps.texts("ColorMode"),
        formats,
    }
}

/// A job as `ScannerStatus` lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStatus {
    /// `JobUri`
    pub uri: String,
    /// `Pending`, `Processing`, `Completed`, `Canceled`, `Aborted`.
    pub state: String,
    /// `ImagesCompleted`
    pub images_completed: Option<u32>,
    /// `ImagesToTransfer`
    pub images_to_transfer: Option<u32>,
    /// `JobStateReason`s.
    pub reasons: Vec<String>,
}

/// `ScannerStatus`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `Idle`, `Processing`, `Testing`, `Stopped`, `Down`.
    pub state: String,
    /// `ScannerAdfLoaded`, `ScannerAdfJam`, …
    pub adf: Option<String>,
    /// Its jobs.
    pub jobs: Vec<JobStatus>,
}

impl Status {
    /// The job of this address; devices write it with or without host, some with another path.
    #[must_use]
    pub fn job(&self, path: &str) -> Option<&JobStatus> {
        let last = |uri: &str| {
            uri.trim_end_matches('/')
                .rsplit('/')
                .next()
                .map(str::to_owned)
        };
        let wanted = last(path);
        self.jobs.iter().find(|job| last(&job.uri) == wanted)
    }
}

/// Reads `ScannerStatus`.
///
/// # Errors
/// [`XmlError`].
pub fn status(text: &str) -> Result<Status, XmlError> {
    let root = parse(text, "ScannerStatus")?;
    let mut infos = Vec::new();
    root.all("JobInfo", &mut infos);
    Ok(Status {
        state: root.text_of("State").unwrap_or_default().to_owned(),
        adf: root.text_of("AdfState").map(str::to_owned),
        jobs: infos
            .into_iter()
            .map(|info| JobStatus {
                uri: info.text_of("JobUri").unwrap_or_default().to_owned(),
                state: info.text_of("JobState").unwrap_or_default().to_owned(),
                images_completed: info.number_of("ImagesCompleted"),
                images_to_transfer: info.number_of("ImagesToTransfer"),
                reasons: info.texts("JobStateReason"),
            })
            .collect(),
    })
}

/// The device's word for a colour.
#[must_use]
pub fn colour_mode(colour: Colour) -> &'static str {
    match colour {
        Colour::Colour => "RGB24",
        Colour::Grey => "Grayscale8",
        Colour::BlackAndWhite => "BlackAndWhite1",
    }
}

/// Millimetres in the 1/300 inch that eSCL measures in.
#[must_use]
pub fn three_hundredths(mm: u32) -> u32 {
    // 1 inch is 25.4 mm.
    ((f64::from(mm) * 300.0 / 25.4) + 0.5) as u32
}

/// `ScanSettings`: one JPEG a side.
#[must_use]
pub fn scan_settings(version: &str, manner: &Manner) -> String {
    let (width, height) = (
        three_hundredths(manner.paper.width_mm),
        three_hundredths(manner.paper.height_mm),
    );
    let tray = match manner.tray {
        Tray::Feeder => "Feeder",
        Tray::Glass => "Platen",
    };
    let duplex = match (manner.tray, manner.sides) {
        (Tray::Glass, _) => "",
        (Tray::Feeder, Sides::One) => "<scan:Duplex>false</scan:Duplex>",
        (Tray::Feeder, Sides::Both) => "<scan:Duplex>true</scan:Duplex>",
    };
    // The version is the device's own text and goes back into a document: digits and points only.
    let version: String = version
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<scan:ScanSettings xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03" xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm">
<pwg:Version>{version}</pwg:Version>
<scan:Intent>Document</scan:Intent>
<pwg:ScanRegions><pwg:ScanRegion>
<pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>
<pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset>
<pwg:Width>{width}</pwg:Width><pwg:Height>{height}</pwg:Height>
</pwg:ScanRegion></pwg:ScanRegions>
<pwg:InputSource>{tray}</pwg:InputSource>
<scan:ColorMode>{mode}</scan:ColorMode>
<scan:XResolution>{dpi}</scan:XResolution><scan:YResolution>{dpi}</scan:YResolution>
<pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat>
<scan:DocumentFormatExt>image/jpeg</scan:DocumentFormatExt>
{duplex}
</scan:ScanSettings>
"#,
        mode = colour_mode(manner.colour),
        dpi = manner.dpi,
    )
}

#[cfg(test)]
mod tests;
