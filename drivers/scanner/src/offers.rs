//! What a device offers from one tray, and why a scan in a wanted manner would be refused: for whoever sets a scanner up, before the first scan is.

use std::fmt;

use crate::order::{Manner, Paper, Trouble};

/// A few tenths more than the device has are rounding, not another paper.
const ROUNDING_MM: f64 = 0.6;

/// Resolutions, in dots an inch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Resolutions {
    /// The device does not say.
    #[default]
    Unsaid,
    /// These and no others.
    Listed(Vec<u32>),
    /// From the first to the second.
    Range(u32, u32),
}

impl Resolutions {
    fn has(&self, dpi: u32) -> bool {
        match self {
            Self::Unsaid => true,
            Self::Listed(listed) => listed.contains(&dpi),
            Self::Range(lowest, highest) => (*lowest..=*highest).contains(&dpi),
        }
    }
}

impl fmt::Display for Resolutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => write!(f, "dpi not told"),
            Self::Listed(listed) => {
                let listed: Vec<String> = listed.iter().map(u32::to_string).collect();
                write!(f, "{} dpi", listed.join(", "))
            }
            Self::Range(lowest, highest) => write!(f, "{lowest} to {highest} dpi"),
        }
    }
}

/// What a device offers from one tray. What it does not tell is not held against a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrayOffer {
    /// Resolutions.
    pub resolutions: Resolutions,
    /// Colour modes in the device's words.
    pub modes: Vec<String>,
    /// Widest paper.
    pub widest_mm: Option<f64>,
    /// Longest paper.
    pub longest_mm: Option<f64>,
}

impl TrayOffer {
    /// What of this manner the device has not; `mode` is the device's word for its colours.
    pub(crate) fn lacks(&self, manner: &Manner, mode: &str) -> Option<Lack> {
        if !self.resolutions.has(manner.dpi) {
            return Some(Lack::Resolution {
                dpi: manner.dpi,
                has: self.resolutions.clone(),
            });
        }
        if !self.modes.is_empty() && !self.modes.iter().any(|has| has == mode) {
            return Some(Lack::Mode {
                mode: mode.to_owned(),
                has: self.modes.clone(),
            });
        }
        let Paper {
            width_mm,
            height_mm,
        } = manner.paper;
        (over(width_mm, self.widest_mm) || over(height_mm, self.longest_mm)).then(|| Lack::Paper {
            width_mm,
            height_mm,
            largest: self.largest(),
        })
    }

    /// Its largest paper, e.g. `216×356`, in mm; `?` for a side that it does not tell.
    #[must_use]
    pub fn largest(&self) -> String {
        let told = |mm: Option<f64>| mm.map_or("?".to_owned(), |mm| format!("{mm:.0}"));
        format!("{}×{}", told(self.widest_mm), told(self.longest_mm))
    }
}

/// What of a wanted manner a device has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The tray.
    Tray {
        /// The driver's word for it.
        tray: String,
        /// Those that it has; none where there is nothing to choose.
        has: Vec<String>,
    },
    /// The resolution.
    Resolution {
        /// Dots an inch.
        dpi: u32,
        /// Those that it has.
        has: Resolutions,
    },
    /// The colours.
    Mode {
        /// In the device's word.
        mode: String,
        /// Those that it has.
        has: Vec<String>,
    },
    /// Paper of that size.
    Paper {
        /// Its width.
        width_mm: u32,
        /// Its height.
        height_mm: u32,
        /// As [`TrayOffer::largest`] tells it, in mm.
        largest: String,
    },
    /// JPEG images.
    Jpeg {
        /// The formats that it has.
        has: Vec<String>,
    },
    /// A setting, as its backend said.
    Setting {
        /// What it said.
        said: String,
    },
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tray { tray, has } if has.is_empty() => {
                write!(f, "source {tray:?}; it has none to choose from")
            }
            Self::Tray { tray, has } => {
                write!(f, "source {tray:?}; it has {}", has.join(", "))
            }
            Self::Resolution { dpi, has } => write!(f, "resolution of {dpi} dpi; it has {has}"),
            Self::Mode { mode, has } => write!(f, "colour mode {mode}; it has {}", has.join(", ")),
            Self::Paper {
                width_mm,
                height_mm,
                largest,
            } => {
                write!(
                    f,
                    "paper of {width_mm}×{height_mm} mm; its largest is {largest} mm"
                )
            }
            Self::Jpeg { has } => write!(f, "format image/jpeg; it has {}", has.join(", ")),
            Self::Setting { said } => write!(f, "such a setting: {said}"),
        }
    }
}

impl From<Lack> for Trouble {
    fn from(lack: Lack) -> Self {
        Self::Unsupported {
            what: lack.to_string(),
        }
    }
}

fn over(wanted_mm: u32, most_mm: Option<f64>) -> bool {
    most_mm.is_some_and(|most| f64::from(wanted_mm) > most + ROUNDING_MM)
}

/// How a wanted manner fits what a device offers.
#[derive(Debug)]
pub struct Fit {
    /// The tray, in the device's word.
    pub tray: String,
    /// What it offers there; `None`: it has no such tray.
    pub offer: Option<TrayOffer>,
    /// Why a scan would be refused.
    pub lacks: Option<Lack>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{Colour, Sides, Tray};

    #[test]
    fn what_is_not_offered_is_named_with_what_is() {
        let manner = |dpi, width_mm| Manner {
            tray: Tray::Feeder,
            sides: Sides::One,
            colour: Colour::Grey,
            dpi,
            paper: Paper {
                width_mm,
                height_mm: 297,
            },
        };
        let offer = TrayOffer {
            resolutions: Resolutions::Listed(vec![200, 300]),
            modes: vec!["Gray".into(), "Color".into()],
            widest_mm: Some(215.9),
            longest_mm: None,
        };
        let told = |manner: Manner, mode| {
            let lack = offer.lacks(&manner, mode)?;
            Some(Trouble::from(lack).to_string())
        };
        assert_eq!(told(manner(300, 216), "Gray"), None, "a tenth is rounding");
        assert_eq!(
            told(manner(600, 210), "Gray").unwrap(),
            "the device has no resolution of 600 dpi; it has 200, 300 dpi"
        );
        assert_eq!(
            told(manner(300, 210), "Lineart").unwrap(),
            "the device has no colour mode Lineart; it has Gray, Color"
        );
        assert_eq!(
            told(manner(300, 297), "Gray").unwrap(),
            "the device has no paper of 297×297 mm; its largest is 216×? mm"
        );
        assert_eq!(
            TrayOffer::default()
                .lacks(&manner(1200, 400), "x")
                .map(|_| ()),
            None
        );
    }
}
