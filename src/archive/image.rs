//! One page's image as it goes into the file, and where it lies on its page. What it is made of is the reader's to say (`ocr::pack`).

use ocr::{Colour, Density, Fidelity, Packed};

use crate::worker::{self, WorkerError};

/// What is meant where a file does not say how dense it is: the first where an A4 sheet would fill the image at that, else the second.
const UNSAID_DPI: (f32, f32) = (300.0, 200.0);
/// Longest side of an image that may be A4 at the first of them.
const LARGE_PX: u32 = 2900;
const POINTS_PER_INCH: f32 = 72.0;
/// Longest side of a PDF page, points.
const LONGEST: f32 = 14_400.0;
/// Shortest side, points.
const SHORTEST: f32 = 3.0;

/// An image for a PDF.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) packed: Packed,
    pub(super) bytes: Vec<u8>,
}

impl Image {
    /// One bit a pixel, deflated without a predictor.
    pub(super) fn bilevel(width: u32, height: u32, bytes: Vec<u8>) -> Self {
        Self {
            packed: Packed {
                width,
                height,
                colour: Colour::Grey,
                bits: 1,
                is_inverted: false,
                coding: ocr::Coding::Flate { predictor: 1 },
                orientation: 1,
                dpi: None,
                fidelity: Fidelity::Derivative,
            },
            bytes,
        }
    }

    /// Width and height of its page, points, as it is seen.
    pub(super) fn size_points(&self) -> (f32, f32) {
        let (width, height) = (self.packed.width, self.packed.height);
        let density = self.packed.dpi.unwrap_or_else(|| {
            let is_large = width.max(height) > LARGE_PX;
            let dpi = if is_large { UNSAID_DPI.0 } else { UNSAID_DPI.1 };
            Density {
                x_dpi: dpi,
                y_dpi: dpi,
            }
        });
        let (width, height) = (
            width as f32 * POINTS_PER_INCH / density.x_dpi,
            height as f32 * POINTS_PER_INCH / density.y_dpi,
        );
        let smaller = (LONGEST / width.max(height)).min(1.0);
        let side = |points: f32| (points * smaller).max(SHORTEST);
        match self.packed.orientation {
            5..=8 => (side(height), side(width)),
            _ => (side(width), side(height)),
        }
    }

    /// The matrix that puts its unit square upright on a page of this size (ISO 32000-1, 8.3.4; TIFF 6.0, Orientation).
    pub(super) fn placed(&self, w: f32, h: f32) -> [f32; 6] {
        match self.packed.orientation {
            2 => [-w, 0.0, 0.0, h, w, 0.0],
            3 => [-w, 0.0, 0.0, -h, w, h],
            4 => [w, 0.0, 0.0, -h, 0.0, h],
            5 => [0.0, -h, -w, 0.0, w, h],
            6 => [0.0, -h, w, 0.0, 0.0, h],
            7 => [0.0, h, w, 0.0, 0.0, 0.0],
            8 => [0.0, h, -w, 0.0, w, 0.0],
            _ => [w, 0.0, 0.0, h, 0.0, 0.0],
        }
    }
}

/// The image of one page of an original: grey and colour JPEG by its header alone, all else opened in a process of its own. `None` when it cannot be.
///
/// # Errors
/// When that process cannot be started: nothing is known of the page then.
pub(super) fn image(original: Vec<u8>, frame: u32) -> Result<Option<Image>, WorkerError> {
    if let Some(packed) = ocr::pack_jpeg(&original) {
        let bytes = original;
        return Ok(Some(Image { packed, bytes }));
    }
    match worker::packed(&original, frame) {
        Ok((packed, bytes)) => Ok(Some(Image { packed, bytes })),
        Err(error @ (WorkerError::NotStarted(_) | WorkerError::Stopped)) => Err(error),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u32, height: u32, dpi: Option<(f32, f32)>, orientation: u16) -> (f32, f32) {
        let mut image = Image::bilevel(width, height, Vec::new());
        image.packed.dpi = dpi.map(|(x_dpi, y_dpi)| Density { x_dpi, y_dpi });
        image.packed.orientation = orientation;
        let (width, height) = image.size_points();
        (width.round(), height.round())
    }

    #[test]
    fn a_page_is_as_large_as_its_file_says() {
        assert_eq!(of(2480, 3508, Some((300.0, 300.0)), 1), (595.0, 842.0));
        assert_eq!(of(4960, 7016, Some((600.0, 600.0)), 1), (595.0, 842.0));
        assert_eq!(of(1728, 1146, Some((204.0, 98.0)), 1), (610.0, 842.0));
        assert_eq!(of(1146, 1728, Some((98.0, 204.0)), 6), (610.0, 842.0));
    }

    #[test]
    fn without_a_word_a4_is_meant() {
        assert_eq!(of(2480, 3508, None, 1), (595.0, 842.0));
        assert_eq!(of(1654, 2339, None, 1), (595.0, 842.0));
    }

    #[test]
    fn no_page_is_larger_or_smaller_than_a_pdf_may_have() {
        assert_eq!(
            of(15_000, 5_000, Some((50.0, 50.0)), 1),
            (14_400.0, 4_800.0)
        );
        assert_eq!(of(1, 1, Some((600.0, 600.0)), 1), (3.0, 3.0));
    }
}
