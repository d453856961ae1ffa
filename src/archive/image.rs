//! One page's image as it goes into the file: the original's own bytes where a PDF can hold them, a derivative where it cannot.

use ocr::MediaType;

use super::derivative::{Derivative, Packed};
use crate::worker::{self, WorkerError};

/// How the bytes of an image are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// DCT; the decoder is told to leave RGB as it is.
    Jpeg { is_plain_rgb: bool },
    /// Deflate.
    Deflate,
}

/// An image for a PDF.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 or 3.
    pub(super) components: u8,
    /// 1 or 8.
    pub(super) bits: u8,
    pub(super) packing: Packing,
    pub(super) bytes: Vec<u8>,
    /// How it is to be turned to be seen upright, as TIFF and EXIF number it (1 is as it lies).
    pub(super) orientation: u16,
    /// Dots per inch, where the original says.
    pub(super) dpi: Option<f32>,
    /// Byte for byte the original.
    pub(super) is_original: bool,
}

impl Image {
    /// Width and height as it is seen, pixels.
    pub(super) fn seen(&self) -> (f32, f32) {
        let (width, height) = (self.width as f32, self.height as f32);
        match self.orientation {
            5..=8 => (height, width),
            _ => (width, height),
        }
    }

    /// The matrix that puts its unit square upright on a page of this size (ISO 32000-1, 8.3.4; TIFF 6.0, Orientation).
    pub(super) fn placed(&self, w: f32, h: f32) -> [f32; 6] {
        match self.orientation {
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

/// The image of one page of an original, which is opened in a process of its own where it has to be decoded. `None` when it cannot be.
///
/// # Errors
/// When that process cannot be started: nothing is known of the page then.
pub(super) fn image(original: Vec<u8>, frame: u32) -> Result<Option<Image>, WorkerError> {
    let original = match passed_through(original) {
        Ok(image) => return Ok(Some(image)),
        Err(original) => original,
    };
    match worker::derivative(&original, frame) {
        Ok((derivative, bytes)) => Ok(Some(derived(&derivative, bytes))),
        Err(error @ (WorkerError::NotStarted(_) | WorkerError::Stopped)) => Err(error),
        Err(_) => Ok(None),
    }
}

fn derived(derivative: &Derivative, bytes: Vec<u8>) -> Image {
    Image {
        width: derivative.width,
        height: derivative.height,
        components: derivative.components,
        bits: derivative.bits,
        packing: match derivative.packed {
            Packed::Jpeg => Packing::Jpeg {
                is_plain_rgb: false,
            },
            Packed::Deflate => Packing::Deflate,
        },
        bytes,
        orientation: 1,
        dpi: None,
        is_original: false,
    }
}

/// Grey and colour JPEG as it is; anything else is given back.
fn passed_through(original: Vec<u8>) -> Result<Image, Vec<u8>> {
    let header = match MediaType::of(&original) {
        Some(MediaType::Jpeg) => JpegHeader::of(&original),
        _ => None,
    };
    let Some(header) = header.filter(|header| matches!(header.components, 1 | 3)) else {
        return Err(original);
    };
    Ok(Image {
        width: header.width,
        height: header.height,
        components: header.components,
        bits: 8,
        packing: Packing::Jpeg {
            is_plain_rgb: header.is_plain_rgb(),
        },
        orientation: ocr::jpeg_orientation(&original),
        dpi: header.dpi,
        is_original: true,
        bytes: original,
    })
}

/// What a JPEG says of itself before its first scan.
#[derive(Debug, Default)]
pub(super) struct JpegHeader {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
    dpi: Option<f32>,
    adobe_transform: Option<u8>,
    ids: Vec<u8>,
}

impl JpegHeader {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut at = 2;
        loop {
            while *bytes.get(at)? != 0xff || *bytes.get(at + 1)? == 0xff {
                at += 1;
            }
            let marker = bytes[at + 1];
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                at += 2;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([
                *bytes.get(at + 2)?,
                *bytes.get(at + 3)?,
            ]));
            let body = bytes.get(at + 4..at + 2 + length)?;
            match marker {
                // Baseline, extended, progressive: what a DCT filter reads.
                0xc0..=0xc2 => return header.frame(body).then_some(header),
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xd9 | 0xda => return None,
                0xe0 if body.starts_with(b"JFIF\0") => header.dpi = density(body),
                0xee if body.starts_with(b"Adobe") => {
                    header.adobe_transform = body.get(11).copied();
                }
                _ => {}
            }
            at += 2 + length;
        }
    }

    fn frame(&mut self, body: &[u8]) -> bool {
        let [bits, h1, h0, w1, w0, components, rest @ ..] = body else {
            return false;
        };
        self.height = u32::from(u16::from_be_bytes([*h1, *h0]));
        self.width = u32::from(u16::from_be_bytes([*w1, *w0]));
        self.components = *components;
        self.ids = rest.chunks_exact(3).map(|part| part[0]).collect();
        *bits == 8 && self.width > 0 && self.height > 0
    }

    fn is_plain_rgb(&self) -> bool {
        self.components == 3
            && match self.adobe_transform {
                Some(transform) => transform == 0,
                None => self.ids == b"RGB",
            }
    }
}

fn density(jfif: &[u8]) -> Option<f32> {
    let value = f32::from(u16::from_be_bytes([*jfif.get(8)?, *jfif.get(9)?]));
    let dpi = match jfif.get(7)? {
        1 => value,
        2 => value * 2.54,
        _ => return None,
    };
    (50.0..=2400.0).contains(&dpi).then_some(dpi)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(format: turbojpeg::PixelFormat, bytes_per_pixel: usize) -> Vec<u8> {
        let pixels = vec![120; 24 * 16 * bytes_per_pixel];
        let image = turbojpeg::Image {
            pixels: pixels.as_slice(),
            width: 24,
            pitch: 24 * bytes_per_pixel,
            height: 16,
            format,
        };
        let subsamp = match bytes_per_pixel {
            1 => turbojpeg::Subsamp::Gray,
            _ => turbojpeg::Subsamp::None,
        };
        turbojpeg::compress(image, 90, subsamp).unwrap().to_vec()
    }

    #[test]
    fn grey_and_colour_jpegs_are_taken_as_they_are() {
        for (format, components) in [
            (turbojpeg::PixelFormat::GRAY, 1),
            (turbojpeg::PixelFormat::RGB, 3),
        ] {
            let bytes = jpeg(format, components);
            let image = passed_through(bytes.clone()).unwrap();
            assert_eq!((image.width, image.height), (24, 16));
            assert_eq!(usize::from(image.components), components);
            assert!(image.is_original && image.bytes == bytes);
            assert_eq!(
                image.packing,
                Packing::Jpeg {
                    is_plain_rgb: false
                }
            );
        }
    }

    #[test]
    fn what_is_no_image_is_not_passed_through_however_it_is_cut() {
        let bytes = jpeg(turbojpeg::PixelFormat::RGB, 3);
        for cut in 0..20 {
            assert!(passed_through(bytes[..cut].to_vec()).is_err(), "{cut}");
        }
        assert!(passed_through(b"%PDF-1.7".to_vec()).is_err());
    }

    #[test]
    fn density_is_believed_within_reason() {
        let jfif = |unit: u8, value: u16| {
            let mut body = b"JFIF\0\x01\x01".to_vec();
            body.push(unit);
            body.extend(value.to_be_bytes());
            density(&body)
        };
        assert_eq!(jfif(1, 300), Some(300.0));
        assert_eq!(jfif(2, 118).map(f32::round), Some(300.0));
        assert_eq!((jfif(0, 1), jfif(1, 1), jfif(1, 0)), (None, None, None));
    }
}
