//! How dense a page's pixels are, by the file's own word: believed within reason, and never guessed here.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

use crate::orient::Orientation;

/// What scanners and faxes make; whatever lies outside was put there by a program that did not know.
const BELIEVED_DPI: RangeInclusive<f64> = 50.0..=2400.0;
const MM_PER_INCH: f64 = 25.4;

/// Dots per inch across and down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// Across.
    pub x_dpi: f32,
    /// Down.
    pub y_dpi: f32,
}

impl Density {
    /// Of dots per inch.
    pub(crate) fn per_inch(x: f64, y: f64) -> Option<Self> {
        let is_believed = BELIEVED_DPI.contains(&x) && BELIEVED_DPI.contains(&y);
        is_believed.then_some(Self {
            x_dpi: x as f32,
            y_dpi: y as f32,
        })
    }

    /// Of dots per centimetre.
    pub(crate) fn per_cm(x: f64, y: f64) -> Option<Self> {
        let inch = MM_PER_INCH / 10.0;
        Self::per_inch(x * inch, y * inch)
    }

    /// Of dots per metre.
    pub(crate) fn per_m(x: f64, y: f64) -> Option<Self> {
        Self::per_cm(x / 100.0, y / 100.0)
    }

    /// Of a resolution unit as TIFF and EXIF number it.
    pub(crate) fn in_unit(unit: u16, x: f64, y: f64) -> Option<Self> {
        match unit {
            2 => Self::per_inch(x, y),
            3 => Self::per_cm(x, y),
            _ => None,
        }
    }

    /// Of an image so many pixels wide and high that fills so many points.
    pub(crate) fn filling((width, height): (u32, u32), (across, down): (f64, f64)) -> Option<Self> {
        Self::per_inch(
            f64::from(width) * 72.0 / across,
            f64::from(height) * 72.0 / down,
        )
    }

    /// Of the same image as it is seen.
    pub(crate) fn turned(self, lies: Orientation) -> Self {
        match lies.0 {
            5..=8 => Self {
                x_dpi: self.y_dpi,
                y_dpi: self.x_dpi,
            },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_heeded_and_nonsense_is_not() {
        let x = |density: Option<Density>| density.map(|d| d.x_dpi.round());
        assert_eq!(x(Density::per_inch(300.0, 300.0)), Some(300.0));
        assert_eq!(x(Density::in_unit(3, 118.11, 118.11)), Some(300.0));
        assert_eq!(x(Density::per_m(11811.0, 11811.0)), Some(300.0));
        assert_eq!(x(Density::in_unit(1, 300.0, 300.0)), None);
        assert_eq!(
            x(Density::filling((2480, 3508), (595.2, 841.92))),
            Some(300.0)
        );
        for odd in [0.0, 1.0, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(Density::per_inch(odd, 300.0), None);
            assert_eq!(Density::per_inch(300.0, odd), None);
        }
    }

    #[test]
    fn a_fax_is_denser_across_than_down() {
        let fax = Density::per_inch(204.0, 98.0).unwrap();
        let seen = fax.turned(Orientation(6));
        assert_eq!((seen.x_dpi, seen.y_dpi), (98.0, 204.0));
        assert_eq!(fax.turned(Orientation(3)), fax);
    }
}
