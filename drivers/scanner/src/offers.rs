//! What a device offers from one tray, and why a scan in a wanted manner would be refused: for whoever sets a scanner up, before the first scan is.

use std::fmt;

use crate::order::{Manner, Trouble};

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
    /// Why a scan in this manner would be refused; `mode` is the device's word for its colours.
    pub(crate) fn lacks(&self, manner: &Manner, mode: &str) -> Option<Trouble> {
        let what = if !self.resolutions.has(manner.dpi) {
            format!(
                "resolution of {} dpi; it has {}",
                manner.dpi, self.resolutions
            )
        } else if !self.modes.is_empty() && !self.modes.iter().any(|has| has == mode) {
            format!("colour mode {mode}; it has {}", self.modes.join(", "))
        } else if over(manner.paper.width_mm, self.widest_mm)
            || over(manner.paper.height_mm, self.longest_mm)
        {
            let (width, height) = (manner.paper.width_mm, manner.paper.height_mm);
            format!(
                "paper of {width}×{height} mm; its largest is {}",
                self.largest()
            )
        } else {
            return None;
        };
        Some(Trouble::Unsupported { what })
    }

    fn largest(&self) -> String {
        let told = |mm: Option<f64>| mm.map_or("?".to_owned(), |mm| format!("{mm:.0}"));
        format!("{}×{} mm", told(self.widest_mm), told(self.longest_mm))
    }
}

fn over(wanted_mm: u32, most_mm: Option<f64>) -> bool {
    most_mm.is_some_and(|most| f64::from(wanted_mm) > most + ROUNDING_MM)
}

impl fmt::Display for TrayOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modes = match self.modes.is_empty() {
            true => "colours not told".to_owned(),
            false => self.modes.join(", "),
        };
        write!(
            f,
            "{}; {modes}; paper up to {}",
            self.resolutions,
            self.largest()
        )
    }
}

/// How a wanted manner fits what a device offers.
#[derive(Debug)]
pub struct Fit {
    /// The tray, in the device's word.
    pub tray: String,
    /// What it offers there; `None`: it has no such tray.
    pub offer: Option<TrayOffer>,
    /// Why a scan would be refused.
    pub lacks: Option<Trouble>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{Colour, Paper, Sides, Tray};

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
        let told = |manner: Manner, mode| offer.lacks(&manner, mode).map(|it| it.to_string());
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
