//! One page's image as a PDF holds it (ISO 32000-1, 7.4 and 8.9.5): the file's own coded data where a PDF/A-2 may hold them, else the same
//! samples packed anew, else – and only then – another picture of the page. How it lies and how dense it is are said beside it; no pixel is
//! moved for that. The formats live in `packed_png.rs`, `packed_tiff.rs` and `packed_pdf.rs`.

use serde::{Deserialize, Serialize};

use crate::density::Density;
use crate::jpeg_header::JpegHeader;
use crate::orient::Orientation;
use crate::page::{DecodeError, Limits, MediaType, Page, decode_frame};
use crate::{packed_pdf, packed_png, packed_tiff};

/// What the data of an image have to do with its original's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// The original's own coded data, byte for byte.
    Original,
    /// The same samples, or for JPEG the same coefficients, packed anew.
    Lossless,
    /// Another picture of the page: rendered, converted or coded with loss.
    Derivative,
}

impl Fidelity {
    /// The word of records and the index.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Lossless => "lossless",
            Self::Derivative => "derivative",
        }
    }
}

/// What a sample means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    /// One sample a pixel, the highest is white.
    Grey,
    /// Three samples a pixel.
    Rgb,
    /// One sample a pixel, a place in this list of RGB triples.
    Palette(Vec<u8>),
}

impl Colour {
    /// Samples a pixel.
    #[must_use]
    pub fn samples(&self) -> u8 {
        match self {
            Self::Grey | Self::Palette(_) => 1,
            Self::Rgb => 3,
        }
    }
}

/// How the data are coded, by the PDF filter that reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coding {
    /// `DCTDecode`.
    Jpeg {
        /// The samples are RGB already: no transform.
        is_plain_rgb: bool,
    },
    /// `JPXDecode`.
    Jpeg2000,
    /// `FlateDecode`; 1 is no predictor, 2 TIFF's, 15 those of PNG.
    Flate {
        /// As PDF numbers them.
        predictor: u8,
    },
    /// `CCITTFaxDecode`.
    Fax {
        /// Below zero T.6, zero T.4 in one dimension, above in two.
        k: i32,
        /// Each row is followed by an end-of-line code.
        has_row_ends: bool,
        /// Rows begin on a byte.
        is_aligned: bool,
        /// Black runs are ones.
        black_is_one: bool,
    },
}

/// What a PDF has to know of an image beside its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    /// Pixels across, as stored.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
    /// What a sample means.
    pub colour: Colour,
    /// Bits a sample.
    pub bits: u8,
    /// The highest sample is black.
    pub is_inverted: bool,
    /// How the data are coded.
    pub coding: Coding,
    /// How it is to be turned to be seen upright, as TIFF and EXIF number it (1 is as it lies).
    pub orientation: u16,
    /// Dots per inch across and down as stored, where the file says so.
    pub dpi: Option<Density>,
    /// What the data have to do with the original's.
    pub fidelity: Fidelity,
}

/// Packs one page of a file, `frame` counted as in [`decode_frame`]. What cannot be decoded is refused, whether or not its data could go in as they are.
///
/// # Errors
/// [`DecodeError`].
pub fn pack(bytes: &[u8], frame: usize, limits: &Limits) -> Result<(Packed, Vec<u8>), DecodeError> {
    match MediaType::of(bytes) {
        Some(MediaType::Png) if frame == 0 => packed_png::pack(bytes, limits),
        Some(MediaType::Tiff) => packed_tiff::pack(bytes, frame, limits),
        Some(MediaType::Pdf) => packed_pdf::pack(bytes, frame, limits),
        _ => {
            let page = decode_frame(bytes, frame, limits)?;
            let header = JpegHeader::of(bytes);
            let lies = Orientation::of_jpeg(bytes);
            let dpi = header.and_then(|header| header.dpi(bytes));
            derived(&page, dpi.map(|dpi| dpi.turned(lies)))
        }
    }
}

/// A grey or colour JPEG by its header alone: its bytes are the data. `None` for anything else.
#[must_use]
pub fn pack_jpeg(bytes: &[u8]) -> Option<Packed> {
    let is_jpeg = MediaType::of(bytes) == Some(MediaType::Jpeg);
    let header = is_jpeg.then(|| JpegHeader::of(bytes)).flatten()?;
    Some(Packed {
        width: header.width,
        height: header.height,
        colour: header.colour()?,
        bits: 8,
        is_inverted: false,
        coding: Coding::Jpeg {
            is_plain_rgb: header.is_plain_rgb(),
        },
        orientation: crate::jpeg_orientation(bytes),
        dpi: header.dpi(bytes),
        fidelity: Fidelity::Original,
    })
}

/// JPEG quality of a derivative.
const QUALITY: i32 = 92;

/// A page as it is seen: two shades without loss, the rest as JPEG of high quality.
pub(crate) fn derived(page: &Page, dpi: Option<Density>) -> Result<(Packed, Vec<u8>), DecodeError> {
    let rgb = page.rgb();
    let is_grey = rgb.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
    let (width, height) = (page.width(), page.height());
    let packed = |colour, coding| Packed {
        width,
        height,
        colour,
        bits: 8,
        is_inverted: false,
        coding,
        orientation: 1,
        dpi,
        fidelity: Fidelity::Derivative,
    };
    if is_grey && rgb.iter().all(|sample| matches!(sample, 0 | 255)) {
        let (found, data) = Samples::bilevel(page).pack(1, dpi)?;
        return Ok((
            Packed {
                fidelity: Fidelity::Derivative,
                ..found
            },
            data,
        ));
    }
    let grey: Vec<u8>;
    let (pixels, format, subsamp, colour) = if is_grey {
        grey = rgb.iter().step_by(3).copied().collect();
        let format = turbojpeg::PixelFormat::GRAY;
        (&grey[..], format, turbojpeg::Subsamp::Gray, Colour::Grey)
    } else {
        let format = turbojpeg::PixelFormat::RGB;
        (rgb, format, turbojpeg::Subsamp::None, Colour::Rgb)
    };
    let image = turbojpeg::Image {
        pixels,
        width: width as usize,
        pitch: width as usize * usize::from(colour.samples()),
        height: height as usize,
        format,
    };
    let jpeg = turbojpeg::compress(image, QUALITY, subsamp)
        .map_err(|error| DecodeError::damaged(page.media_type(), error))?;
    let coding = Coding::Jpeg {
        is_plain_rgb: false,
    };
    Ok((packed(colour, coding), jpeg.to_vec()))
}

/// Decoded samples: rows from the top, each beginning on a byte, 16 bits with the high byte first.
pub(crate) struct Samples {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) colour: Colour,
    pub(crate) bits: u8,
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: MediaType,
}

/// Bytes of all rows.
pub(crate) fn size_of(width: u32, height: u32, colour: &Colour, bits: u8) -> u64 {
    let row = u64::from(width) * u64::from(colour.samples()) * u64::from(bits);
    row.div_ceil(8) * u64::from(height)
}

impl Samples {
    /// Of a page that is black and white: one bit a pixel.
    pub(crate) fn bilevel(page: &Page) -> Self {
        let rows = page.rgb().chunks_exact(page.width() as usize * 3);
        let bits = |pixels: &[u8]| {
            let ones = pixels.chunks(3).enumerate();
            ones.fold(0, |byte, (at, p)| byte | (u8::from(p[0] != 0) << (7 - at)))
        };
        Self {
            width: page.width(),
            height: page.height(),
            colour: Colour::Grey,
            bits: 1,
            bytes: rows.flat_map(|row| row.chunks(24).map(bits)).collect(),
            media_type: page.media_type(),
        }
    }

    /// Deflated with PNG's predictors: as a PNG, out of which its data are taken.
    pub(crate) fn pack(
        self,
        orientation: u16,
        dpi: Option<Density>,
    ) -> Result<(Packed, Vec<u8>), DecodeError> {
        let data = packed_png::deflated(&self)
            .map_err(|error| DecodeError::damaged(self.media_type, error))?;
        let packed = Packed {
            width: self.width,
            height: self.height,
            colour: self.colour,
            bits: self.bits,
            is_inverted: false,
            coding: Coding::Flate { predictor: 15 },
            orientation,
            dpi,
            fidelity: Fidelity::Lossless,
        };
        Ok((packed, data))
    }
}
