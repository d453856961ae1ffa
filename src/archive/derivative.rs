//! What goes into the file where the original cannot: bilevel without loss, the rest as JPEG. Made in the page worker, from foreign bytes.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ocr::{Limits, MediaType, Page};
use serde::{Deserialize, Serialize};

use super::image::JpegHeader;

/// How a derivative's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Packed {
    /// JPEG.
    Jpeg,
    /// Deflate, in zlib's wrapping.
    Deflate,
}

/// What a PDF has to know of a derivative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivative {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// 1 or 3.
    pub components: u8,
    /// 1 or 8.
    pub bits: u8,
    /// How its bytes are packed.
    pub packed: Packed,
}

/// JPEG quality of a derivative; bilevel and few-grey originals are packed without loss instead.
const QUALITY: i32 = 92;

/// One page of an original, upright. `None` when it cannot be decoded.
pub(crate) fn derivative(original: &[u8], frame: u32) -> Option<(Derivative, Vec<u8>)> {
    let page = match cmyk(original) {
        Some(page) => page,
        None => ocr::decode_frame(original, frame as usize, &Limits::default()).ok()?,
    };
    packed(&page)
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

fn packed(page: &Page) -> Option<(Derivative, Vec<u8>)> {
    let pixels = page.rgb();
    let is_grey = pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
    let is_bilevel = is_grey && pixels.iter().all(|v| matches!(v, 0 | 255));
    let (width, height) = (page.width(), page.height());
    let derivative = |components, bits, packed| Derivative {
        width,
        height,
        components,
        bits,
        packed,
    };
    if is_bilevel {
        let rows = pixels.chunks_exact(width as usize * 3);
        let packed: Vec<u8> = rows.flat_map(pack_row).collect();
        return Some((derivative(1, 1, Packed::Deflate), deflate(&packed)));
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
    Some((derivative(components, 8, Packed::Jpeg), jpeg.ok()?.to_vec()))
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
