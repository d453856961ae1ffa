//! TIFF, every page of it: bilevel, grey, palette, RGB, CMYK and YCbCr, 1 to 16 bits, in strips or tiles, in every compression scanners
//! write. What the `tiff` crate does not know strictly (fax, JPEG) goes through our own paths in `tiff_chunks.rs`.

use crate::orient::Orientation;
use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::samples::to_rgb;
use crate::tiff_chunks;
use crate::tiff_palette;
use std::io::Cursor;
use tiff::TiffError;
use tiff::decoder::Decoder;
use tiff::tags::Tag;

pub(crate) type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

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
    page(&mut at(bytes, frame, limits)?, bytes, limits)
}

/// At one directory of the file.
pub(crate) fn at<'a>(
    bytes: &'a [u8],
    frame: usize,
    limits: &Limits,
) -> Result<Tiff<'a>, DecodeError> {
    let mut decoder = open(bytes, limits)?;
    for _ in 0..frame {
        if !decoder.more_images() {
            return Err(DecodeError::NoSuchFrame { frame });
        }
        decoder.next_image().map_err(failed)?;
    }
    Ok(decoder)
}

/// How many directories there are.
pub(crate) fn frames(bytes: &[u8], limits: &Limits) -> Result<usize, DecodeError> {
    let mut decoder = open(bytes, limits)?;
    let mut frames = 1;
    while decoder.more_images() {
        if frames == limits.pages {
            return Err(DecodeError::TooManyPages {
                limit: limits.pages,
            });
        }
        decoder.next_image().map_err(failed)?;
        frames += 1;
    }
    Ok(frames)
}

pub(crate) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Tiff<'a>, DecodeError> {
    let mut memory = tiff::decoder::Limits::default();
    memory.decoding_buffer_size =
        usize::try_from(limits.pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    memory.intermediate_buffer_size = memory.decoding_buffer_size;
    Ok(Decoder::new(Cursor::new(bytes))
        .map_err(failed)?
        .with_limits(memory))
}

pub(crate) fn failed(error: TiffError) -> DecodeError {
    match error {
        TiffError::UnsupportedError(kind) => unsupported(kind.to_string()),
        other => DecodeError::damaged(MediaType::Tiff, other),
    }
}

pub(crate) fn unsupported(kind: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported {
        format: MediaType::Tiff.as_str(),
        kind: kind.into(),
    }
}

/// A small number of the page's directory, or what the standard says when it is not there.
pub(crate) fn tag(decoder: &mut Tiff<'_>, tag: Tag, otherwise: u16) -> Result<u16, DecodeError> {
    let found = decoder.find_tag_unsigned::<u16>(tag).map_err(failed)?;
    Ok(found.unwrap_or(otherwise))
}

fn page(decoder: &mut Tiff<'_>, bytes: &[u8], limits: &Limits) -> Result<Page, DecodeError> {
    let (width, height) = decoder.dimensions().map_err(failed)?;
    limits.check(width, height)?;
    let orientation = Orientation(tag(decoder, Tag::Orientation, 1)?);
    let compression = tag(decoder, Tag::Compression, 1)?;
    let page = match compression {
        2..=4 => tiff_chunks::fax_page(decoder, bytes, compression)?,
        6 => tiff_chunks::old_jpeg_page(decoder, bytes, limits)?,
        7 => tiff_chunks::jpeg_page(decoder, bytes, limits)?,
        _ => match tiff_palette::samples(decoder, bytes, limits)? {
            Some(coloured) => coloured.page()?,
            None => sample_page(decoder, width, height)?,
        },
    };
    Ok(orientation.apply(page))
}

fn sample_page(decoder: &mut Tiff<'_>, width: u32, height: u32) -> Result<Page, DecodeError> {
    if tag(decoder, Tag::PlanarConfiguration, 1)? != 1 {
        return Err(unsupported("planar samples"));
    }
    let kind = decoder.colortype().map_err(failed)?;
    let samples = decoder.read_image().map_err(failed)?;
    let rgb = to_rgb(kind, &samples, width as usize, height as usize).map_err(unsupported)?;
    Page::from_rgb(width, height, rgb, MediaType::Tiff)
        .ok_or_else(|| DecodeError::damaged(MediaType::Tiff, "fewer samples than pixels"))
}
