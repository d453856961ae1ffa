//! TIFF, every page of it: bilevel, grey and RGB in any compression the `tiff` crate knows (none, PackBits,
//! LZW, Deflate, fax group 4). JPEG-in-TIFF strips and tiles go through our strict JPEG path instead, with the
//! shared tables put back in front. Palette, CMYK, planar and old-style JPEG pages are refused.

use crate::jpeg;
use crate::page::{DecodeError, Limits, MediaType, Page};
use std::io::Cursor;
use tiff::decoder::{ChunkType, Decoder, DecodingResult};
use tiff::tags::{CompressionMethod, PhotometricInterpretation, Tag};
use tiff::{ColorType, TiffError};

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Page>, DecodeError> {
    let mut decoder = open(bytes, limits)?;
    let mut pages = Vec::new();
    loop {
        if pages.len() == limits.pages {
            return Err(DecodeError::TooManyPages {
                limit: limits.pages,
            });
        }
        pages.push(page(&mut decoder, bytes, limits)?);
        if !decoder.more_images() {
            return Ok(pages);
        }
        decoder.next_image().map_err(failed)?;
    }
}

/// One directory of the file; the others are stepped over without decoding them.
pub(crate) fn decode_frame(
    bytes: &[u8],
    frame: usize,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let mut decoder = open(bytes, limits)?;
    for _ in 0..frame {
        if !decoder.more_images() {
            return Err(DecodeError::NoSuchFrame { frame });
        }
        decoder.next_image().map_err(failed)?;
    }
    page(&mut decoder, bytes, limits)
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Tiff<'a>, DecodeError> {
    let mut memory = tiff::decoder::Limits::default();
    memory.decoding_buffer_size =
        usize::try_from(limits.pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    memory.intermediate_buffer_size = memory.decoding_buffer_size;
    Ok(Decoder::new(Cursor::new(bytes))
        .map_err(failed)?
        .with_limits(memory))
}

fn failed(error: TiffError) -> DecodeError {
    match error {
        TiffError::UnsupportedError(kind) => unsupported(kind.to_string()),
        other => DecodeError::damaged(MediaType::Tiff, other),
    }
}

fn unsupported(kind: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported {
        format: MediaType::Tiff.as_str(),
        kind: kind.into(),
    }
}

fn page(decoder: &mut Tiff<'_>, bytes: &[u8], limits: &Limits) -> Result<Page, DecodeError> {
    let (width, height) = decoder.dimensions().map_err(failed)?;
    limits.check(width, height)?;
    let compression = decoder
        .find_tag_unsigned::<u16>(Tag::Compression)
        .map_err(failed)?
        .unwrap_or(1);
    if compression == CompressionMethod::ModernJPEG.to_u16() {
        return jpeg_page(decoder, bytes, width, height, limits);
    }
    if decoder
        .find_tag_unsigned::<u16>(Tag::PlanarConfiguration)
        .map_err(failed)?
        .unwrap_or(1)
        != 1
    {
        return Err(unsupported("planar samples"));
    }
    let kind = decoder.colortype().map_err(failed)?;
    let samples = decoder.read_image().map_err(failed)?;
    let rgb = to_rgb(kind, &samples, width as usize, height as usize)?;
    Page::from_rgb(width, height, rgb, MediaType::Tiff)
        .ok_or_else(|| DecodeError::damaged(MediaType::Tiff, "fewer samples than pixels"))
}

fn to_rgb(
    kind: ColorType,
    samples: &DecodingResult,
    width: usize,
    height: usize,
) -> Result<Vec<u8>, DecodeError> {
    let spread = |grey: Vec<u8>| grey.into_iter().flat_map(|g| [g, g, g]).collect();
    // The high byte of a 16-bit sample.
    let high = |wide: &[u16]| -> Vec<u8> { wide.iter().map(|s| s.to_be_bytes()[0]).collect() };
    Ok(match (kind, samples) {
        (ColorType::Gray(bits @ (1 | 2 | 4)), DecodingResult::U8(packed)) => {
            spread(unpacked(packed, usize::from(bits), width, height))
        }
        (ColorType::Gray(8), DecodingResult::U8(grey)) => spread(grey.clone()),
        (ColorType::Gray(16), DecodingResult::U16(grey)) => spread(high(grey)),
        (ColorType::RGB(8), DecodingResult::U8(rgb)) => rgb.clone(),
        (ColorType::RGB(16), DecodingResult::U16(rgb)) => high(rgb),
        (ColorType::RGBA(8), DecodingResult::U8(rgba)) => rgba
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect(),
        (kind, _) => return Err(unsupported(format!("{kind:?}"))),
    })
}

/// Samples of 1, 2 or 4 bits, rows beginning on byte borders, to 0–255.
fn unpacked(packed: &[u8], bits: usize, width: usize, height: usize) -> Vec<u8> {
    let row_bytes = (width * bits).div_ceil(8);
    let highest = (1_u16 << bits) - 1;
    packed
        .chunks_exact(row_bytes)
        .take(height)
        .flat_map(|row| {
            (0..width).map(move |x| {
                let shift = 8 - bits - (x * bits) % 8;
                let sample = (u16::from(row[x * bits / 8]) >> shift) & highest;
                u8::try_from(sample * 255 / highest).unwrap_or(u8::MAX)
            })
        })
        .collect()
}

fn jpeg_page(
    decoder: &mut Tiff<'_>,
    bytes: &[u8],
    width: u32,
    height: u32,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let photometric = decoder
        .get_tag_unsigned::<u16>(Tag::PhotometricInterpretation)
        .map_err(failed)?;
    let tables = match decoder.find_tag(Tag::JPEGTables).map_err(failed)? {
        Some(_) => decoder.get_tag_u8_vec(Tag::JPEGTables).map_err(failed)?,
        None => Vec::new(),
    };
    let (at, sizes) = match decoder.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let at = decoder.get_tag_u64_vec(at).map_err(failed)?;
    let sizes = decoder.get_tag_u64_vec(sizes).map_err(failed)?;
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let across = (width.div_ceil(chunk_width.max(1))) as usize;
    let mut rgb = vec![0; width as usize * height as usize * 3];
    let due = across * (height.div_ceil(chunk_height.max(1))) as usize;
    if at.len() != due || sizes.len() != due {
        return Err(unsupported("planar JPEG"));
    }
    for (i, (&at, &size)) in at.iter().zip(&sizes).enumerate() {
        let chunk = slice(bytes, at, size).ok_or_else(|| {
            DecodeError::damaged(
                MediaType::Tiff,
                "a JPEG strip lies beyond the end of the file",
            )
        })?;
        let chunk = jpeg::decode_as(
            &with_tables(&tables, chunk, photometric),
            limits,
            MediaType::Tiff,
        )?;
        let left = (i % across) as u32 * chunk_width;
        let top = (i / across) as u32 * chunk_height;
        copy(&chunk, &mut rgb, (left, top), (width, height));
    }
    Page::from_rgb(width, height, rgb, MediaType::Tiff).ok_or(DecodeError::NoPixels)
}

fn slice(bytes: &[u8], at: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(at).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// An abbreviated JPEG stream made whole: start marker, an Adobe marker that states the colour space (TIFF says it
/// in a tag, where a JPEG decoder would only guess), the tables without their own markers, then the rest.
fn with_tables(tables: &[u8], chunk: &[u8], photometric: u16) -> Vec<u8> {
    let transform = u8::from(photometric == PhotometricInterpretation::YCbCr.to_u16());
    let mut whole = vec![
        0xFF, 0xD8, 0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform,
    ];
    let tables = tables.strip_prefix(&[0xFF, 0xD8]).unwrap_or(tables);
    whole.extend_from_slice(tables.strip_suffix(&[0xFF, 0xD9]).unwrap_or(tables));
    whole.extend_from_slice(chunk.strip_prefix(&[0xFF, 0xD8]).unwrap_or(chunk));
    whole
}

/// Copies what of `chunk` lies on the page; the last strip or tile may reach beyond it.
fn copy(chunk: &Page, rgb: &mut [u8], (left, top): (u32, u32), (width, height): (u32, u32)) {
    let columns = chunk.width().min(width.saturating_sub(left)) as usize * 3;
    for row in 0..chunk.height().min(height.saturating_sub(top)) {
        let from = row as usize * chunk.width() as usize * 3;
        let to = ((top + row) as usize * width as usize + left as usize) * 3;
        rgb[to..to + columns].copy_from_slice(&chunk.rgb()[from..from + columns]);
    }
}
