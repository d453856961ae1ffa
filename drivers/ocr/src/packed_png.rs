//! PNG as a PDF holds it: its own deflate stream where it is neither interlaced nor transparent, for `FlateDecode` knows PNG's predictors.

use std::io::{Cursor, Read};

use flate2::read::ZlibDecoder;
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, EncodingError, Filter};

use crate::density::Density;
use crate::packed::{Coding, Colour, Fidelity, Packed, Samples, derived, size_of};
use crate::page::{DecodeError, Limits, MediaType, decode, png_size};

fn damaged(said: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DecodeError {
    DecodeError::damaged(MediaType::Png, said)
}

pub(crate) fn pack(bytes: &[u8], limits: &Limits) -> Result<(Packed, Vec<u8>), DecodeError> {
    let (width, height) = png_size(bytes).ok_or_else(|| damaged("the header chunk is missing"))?;
    limits.check(width, height)?;
    let memory = usize::try_from(limits.pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    let decoder = Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: memory });
    let mut reader = decoder.read_info().map_err(damaged)?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| damaged("no size"))?;
    let mut samples = vec![0; size];
    reader.next_frame(&mut samples).map_err(damaged)?;
    let info = reader.info();
    let dpi = info.pixel_dims.and_then(|dims| match dims.unit {
        png::Unit::Meter => Density::per_m(f64::from(dims.xppu), f64::from(dims.yppu)),
        png::Unit::Unspecified => None,
    });
    let bits = info.bit_depth as u8;
    let colour = match (info.color_type, &info.palette) {
        _ if info.trns.is_some() => None,
        (ColorType::Grayscale, _) => Some(Colour::Grey),
        (ColorType::Rgb, _) => Some(Colour::Rgb),
        (ColorType::Indexed, Some(palette)) => Some(Colour::Palette(palette.to_vec())),
        _ => None,
    };
    let Some(colour) = colour else {
        return transparent(bytes, (info.color_type, bits), samples, dpi, limits);
    };
    let is_interlaced = info.interlaced;
    drop(reader);
    if !is_interlaced {
        // A filter type before each row.
        let due = size_of(width, height, &colour, bits) + u64::from(height);
        if let Some(data) = data(bytes).filter(|data| is_of_size(data, due)) {
            let packed = Packed {
                width,
                height,
                colour,
                bits,
                is_inverted: false,
                coding: Coding::Flate { predictor: 15 },
                orientation: 1,
                dpi,
                fidelity: Fidelity::Original,
            };
            return Ok((packed, data));
        }
    }
    let samples = Samples {
        width,
        height,
        colour,
        bits,
        bytes: samples,
        media_type: MediaType::Png,
    };
    samples.pack(1, dpi)
}

/// A channel of opacity that says nothing is left out without loss; else the page is seen on white.
fn transparent(
    bytes: &[u8],
    (kind, bits): (ColorType, u8),
    samples: Vec<u8>,
    dpi: Option<Density>,
    limits: &Limits,
) -> Result<(Packed, Vec<u8>), DecodeError> {
    let (colour, of_pixel) = match kind {
        ColorType::GrayscaleAlpha => (Colour::Grey, 2),
        ColorType::Rgba => (Colour::Rgb, 4),
        _ => (Colour::Rgb, 0),
    };
    let wide = usize::from(bits / 8);
    let opaque = |pixel: &[u8]| pixel[pixel.len() - wide..].iter().all(|byte| *byte == 255);
    if of_pixel > 0 && samples.chunks_exact(of_pixel * wide).all(opaque) {
        let (width, height) =
            png_size(bytes).ok_or_else(|| damaged("the header chunk is missing"))?;
        let seen = (of_pixel - 1) * wide;
        let pixels = samples.chunks_exact(of_pixel * wide);
        let samples = Samples {
            width,
            height,
            colour,
            bits,
            bytes: pixels.flat_map(|pixel| &pixel[..seen]).copied().collect(),
            media_type: MediaType::Png,
        };
        return samples.pack(1, dpi);
    }
    derived(&decode(bytes, limits)?.remove(0), dpi)
}

/// The stream inflates to exactly so many bytes, and its checksum is right: no reader finds more or less in it.
pub(crate) fn is_of_size(data: &[u8], due: u64) -> bool {
    let mut inflated = ZlibDecoder::new(data).take(due + 1);
    let found = std::io::copy(&mut inflated, &mut std::io::sink());
    found.is_ok_and(|found| found == due)
}

/// What the data chunks hold, one after another.
fn data(png: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::with_capacity(png.len());
    let mut at = 8;
    loop {
        let head = png.get(at..at + 8)?;
        let length = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let body = png.get(at + 8..(at + 8).checked_add(length)?)?;
        match &head[4..] {
            b"IDAT" => data.extend_from_slice(body),
            b"IEND" => return Some(data),
            _ => {}
        }
        at += 12 + length;
    }
}

/// Samples as the data of a PNG.
pub(crate) fn deflated(samples: &Samples) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, samples.width, samples.height);
    match &samples.colour {
        Colour::Grey => encoder.set_color(ColorType::Grayscale),
        Colour::Rgb => encoder.set_color(ColorType::Rgb),
        Colour::Palette(palette) => {
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(&palette[..]);
        }
    }
    encoder.set_depth(match samples.bits {
        1 => BitDepth::One,
        2 => BitDepth::Two,
        4 => BitDepth::Four,
        16 => BitDepth::Sixteen,
        _ => BitDepth::Eight,
    });
    // Photographs by the fast way: an A3 sheet of 600 dpi must be packed long before the page worker's time is over.
    let is_small = samples.bits < 8 || matches!(samples.colour, Colour::Palette(_));
    let (compression, filter) = match is_small {
        true => (Compression::Balanced, Filter::NoFilter),
        false => (Compression::Fast, Filter::Adaptive),
    };
    encoder.set_compression(compression);
    encoder.set_filter(filter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&samples.bytes)?;
    writer.finish()?;
    Ok(data(&file).expect("the encoder has written whole chunks"))
}
