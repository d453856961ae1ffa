//! One page's image as it goes into the file: the original's own bytes where a PDF can hold them, a derivative where it cannot.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ocr::{Limits, MediaType, Page};

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
    /// Dots per inch, where the original says.
    pub(super) dpi: Option<f32>,
    /// Byte for byte the original.
    pub(super) is_original: bool,
}

/// JPEG quality of a derivative; bilevel and few-grey originals are packed without loss instead.
const QUALITY: i32 = 92;

/// The image of one page of an original. `None` when it cannot be decoded either.
pub(super) fn image(original: Vec<u8>, frame: u32) -> Option<Image> {
    if MediaType::of(&original) == Some(MediaType::Jpeg)
        && let Some(header) = JpegHeader::of(&original)
        && matches!(header.components, 1 | 3)
    {
        return Some(Image {
            width: header.width,
            height: header.height,
            components: header.components,
            bits: 8,
            packing: Packing::Jpeg {
                is_plain_rgb: header.is_plain_rgb(),
            },
            dpi: header.dpi,
            is_original: true,
            bytes: original,
        });
    }
    if let Some(page) = cmyk(&original) {
        return derivative(&page);
    }
    let page = ocr::decode_frame(&original, frame as usize, &Limits::default()).ok()?;
    derivative(&page)
}

/// A JPEG of four inks as RGB. Writers of such files store them inverted, as Adobe's does.
fn cmyk(original: &[u8]) -> Option<Page> {
    let header = JpegHeader::of(original).filter(|header| header.components == 4)?;
    let limits = Limits::default();
    let (width, height) = (header.width, header.height);
    if width.max(height) > limits.side_px || u64::from(width) * u64::from(height) > limits.pixels {
        return None;
    }
    let mut inks = vec![0; width as usize * height as usize * 4];
    let target = turbojpeg::Image {
        pixels: inks.as_mut_slice(),
        width: width as usize,
        pitch: width as usize * 4,
        height: height as usize,
        format: turbojpeg::PixelFormat::CMYK,
    };
    turbojpeg::Decompressor::new()
        .and_then(|mut decompressor| {
            decompressor.read_header(original)?;
            decompressor.decompress(original, target)
        })
        .ok()?;
    let rgb = inks.chunks_exact(4).flat_map(|ink| {
        let black = u16::from(ink[3]);
        [ink[0], ink[1], ink[2]].map(|value| (u16::from(value) * black / 255) as u8)
    });
    Page::from_rgb(width, height, rgb.collect(), MediaType::Jpeg)
}

fn derivative(page: &Page) -> Option<Image> {
    let pixels = page.rgb();
    let is_grey = pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
    let is_bilevel = is_grey && pixels.iter().all(|v| matches!(v, 0 | 255));
    let (width, height) = (page.width(), page.height());
    let image = |components, bits, packing, bytes| Image {
        width,
        height,
        components,
        bits,
        packing,
        bytes,
        dpi: None,
        is_original: false,
    };
    if is_bilevel {
        let rows = pixels.chunks_exact(width as usize * 3);
        let packed: Vec<u8> = rows.flat_map(pack_row).collect();
        return Some(image(1, 1, Packing::Deflate, deflate(&packed)));
    }
    let (w, h) = (width as usize, height as usize);
    let jpeg = if is_grey {
        let grey: Vec<u8> = pixels.iter().step_by(3).copied().collect();
        let image = turbojpeg::Image {
            pixels: grey.as_slice(),
            width: w,
            pitch: w,
            height: h,
            format: turbojpeg::PixelFormat::GRAY,
        };
        turbojpeg::compress(image, QUALITY, turbojpeg::Subsamp::Gray)
    } else {
        let image = turbojpeg::Image {
            pixels,
            width: w,
            pitch: w * 3,
            height: h,
            format: turbojpeg::PixelFormat::RGB,
        };
        turbojpeg::compress(image, QUALITY, turbojpeg::Subsamp::None)
    };
    let components = if is_grey { 1 } else { 3 };
    let packing = Packing::Jpeg {
        is_plain_rgb: false,
    };
    Some(image(components, 8, packing, jpeg.ok()?.to_vec()))
}

/// Eight pixels a byte, white is 1.
fn pack_row(row: &[u8]) -> Vec<u8> {
    let pixels: Vec<u8> = row.iter().step_by(3).copied().collect();
    let byte = |eight: &[u8]| {
        let bits = eight.iter().enumerate();
        bits.fold(0, |byte, (at, value)| {
            byte | (u8::from(*value != 0) << (7 - at))
        })
    };
    pixels.chunks(8).map(byte).collect()
}

/// Deflated, in zlib's wrapping, as `FlateDecode` wants it.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed
        .write_all(bytes)
        .and_then(|()| packed.finish())
        .expect("a Vec takes every write")
}

/// What a JPEG says of itself before its first scan.
#[derive(Debug, Default)]
struct JpegHeader {
    width: u32,
    height: u32,
    components: u8,
    dpi: Option<f32>,
    adobe_transform: Option<u8>,
    ids: Vec<u8>,
}

impl JpegHeader {
    fn of(bytes: &[u8]) -> Option<Self> {
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
            let image = image(bytes.clone(), 0).unwrap();
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
    fn what_is_no_image_is_none_however_it_is_cut() {
        let bytes = jpeg(turbojpeg::PixelFormat::RGB, 3);
        for cut in 0..20 {
            assert!(image(bytes[..cut].to_vec(), 0).is_none(), "{cut}");
        }
        assert!(image(b"%PDF-1.7".to_vec(), 0).is_none());
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
