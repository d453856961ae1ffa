//! Strips and tiles of a TIFF whose data are fax or JPEG: each is decoded strictly by itself and laid in its place. A chunk that does
//! not fill its place is damage: nothing is left black or white for want of data.

use crate::fax::{self, Coding, Fax};
use crate::jpeg;
use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::samples::grey_to_rgb;
use crate::tiff_pages::{Tiff, failed, tag, unsupported};
use tiff::decoder::ChunkType;
use tiff::tags::{PhotometricInterpretation, Tag};

const T4_OPTIONS: Tag = Tag::from_u16_exhaustive(292);
const JPEG_FORMAT: Tag = Tag::from_u16_exhaustive(513);
const JPEG_LENGTH: Tag = Tag::from_u16_exhaustive(514);

fn damaged(said: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DecodeError {
    DecodeError::damaged(MediaType::Tiff, said)
}

/// Where a chunk's data are and which part of the page they make.
pub(crate) struct Chunk<'a> {
    pub(crate) data: &'a [u8],
    left: u32,
    top: u32,
    /// Size of the chunk as it is coded; tiles may reach beyond the page.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The page's strips or tiles in order.
pub(crate) fn chunks<'a>(
    decoder: &mut Tiff<'_>,
    bytes: &'a [u8],
) -> Result<Vec<Chunk<'a>>, DecodeError> {
    let (page_width, page_height) = decoder.dimensions().map_err(failed)?;
    let kind = decoder.get_chunk_type();
    let (at, sizes) = match kind {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let at = decoder.get_tag_u64_vec(at).map_err(failed)?;
    let sizes = decoder.get_tag_u64_vec(sizes).map_err(failed)?;
    let (width, height) = decoder.chunk_dimensions();
    let (width, height) = (width.max(1), height.max(1));
    let across = page_width.div_ceil(width) as usize;
    let due = across * page_height.div_ceil(height) as usize;
    if at.len() != due || sizes.len() != due {
        return Err(unsupported("planar samples"));
    }
    let chunk = |(i, (&at, &size)): (usize, (&u64, &u64))| {
        let data = slice(bytes, at, size)
            .ok_or_else(|| damaged("a strip lies beyond the end of the file"))?;
        let (left, top) = ((i % across) as u32 * width, (i / across) as u32 * height);
        // The last strip is only as high as what is left; tiles are always whole.
        let height = match kind {
            ChunkType::Strip => height.min(page_height - top),
            ChunkType::Tile => height,
        };
        Ok(Chunk {
            data,
            left,
            top,
            width,
            height,
        })
    };
    at.iter().zip(&sizes).enumerate().map(chunk).collect()
}

fn slice(bytes: &[u8], at: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(at).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// An empty page and the way to fill it.
struct Sheet {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Sheet {
    fn new(decoder: &mut Tiff<'_>) -> Result<Self, DecodeError> {
        let (width, height) = decoder.dimensions().map_err(failed)?;
        let rgb = vec![0; width as usize * height as usize * 3];
        Ok(Self { width, height, rgb })
    }

    /// Lays `rgb`, `width` pixels wide, where the chunk belongs; what reaches beyond the page is left out.
    fn lay(&mut self, chunk: &Chunk<'_>, rgb: &[u8], width: u32) -> Result<(), DecodeError> {
        let due_width = chunk.width.min(self.width - chunk.left);
        let due_height = chunk.height.min(self.height - chunk.top);
        let height = (rgb.len() / 3) as u32 / width.max(1);
        if width < due_width || height < due_height {
            return Err(damaged("a strip or tile is smaller than its place"));
        }
        let columns = due_width as usize * 3;
        for row in 0..due_height {
            let from = row as usize * width as usize * 3;
            let to = ((chunk.top + row) as usize * self.width as usize + chunk.left as usize) * 3;
            self.rgb[to..to + columns].copy_from_slice(&rgb[from..from + columns]);
        }
        Ok(())
    }

    fn page(self) -> Result<Page, DecodeError> {
        Page::from_rgb(self.width, self.height, self.rgb, MediaType::Tiff)
            .ok_or(DecodeError::NoPixels)
    }
}

/// What the directory says of its fax data.
pub(crate) struct FaxTerms {
    pub(crate) coding: Coding,
    pub(crate) lowest_bit_first: bool,
    /// What fax calls black is white.
    pub(crate) black_is_zero: bool,
}

/// Of compressions 2 (rows of runs), 3 (T.4) and 4 (T.6).
pub(crate) fn fax_terms(decoder: &mut Tiff<'_>, compression: u16) -> Result<FaxTerms, DecodeError> {
    if tag(decoder, Tag::SamplesPerPixel, 1)? != 1 || tag(decoder, Tag::BitsPerSample, 1)? != 1 {
        return Err(unsupported("fax data that are not bilevel"));
    }
    let options = tag(decoder, T4_OPTIONS, 0)?;
    Ok(FaxTerms {
        coding: match (compression, options & 1) {
            (2, _) => Coding::Rows,
            (3, 0) => Coding::Group3,
            (3, _) => Coding::Group3TwoD,
            _ => Coding::Group4,
        },
        lowest_bit_first: tag(decoder, Tag::FillOrder, 1)? == 2,
        black_is_zero: tag(decoder, Tag::PhotometricInterpretation, 0)?
            == PhotometricInterpretation::BlackIsZero.to_u16(),
    })
}

/// One byte a pixel, 0 where it is seen black.
pub(crate) fn fax_chunk(chunk: &Chunk<'_>, terms: &FaxTerms) -> Result<Vec<u8>, DecodeError> {
    let fax = Fax {
        coding: terms.coding,
        width: chunk.width,
        height: chunk.height,
        aligned: false,
    };
    let mut grey = if terms.lowest_bit_first {
        fax::decode(&fax::bits_reversed(chunk.data), &fax)
    } else {
        fax::decode(chunk.data, &fax)
    }
    .map_err(damaged)?;
    if terms.black_is_zero {
        grey.iter_mut().for_each(|g| *g = 255 - *g);
    }
    Ok(grey)
}

/// Compressions 2 (rows of runs), 3 (T.4) and 4 (T.6).
pub(crate) fn fax_page(
    decoder: &mut Tiff<'_>,
    bytes: &[u8],
    compression: u16,
) -> Result<Page, DecodeError> {
    let terms = fax_terms(decoder, compression)?;
    let mut sheet = Sheet::new(decoder)?;
    for chunk in chunks(decoder, bytes)? {
        let grey = fax_chunk(&chunk, &terms)?;
        sheet.lay(&chunk, &grey_to_rgb(&grey), chunk.width)?;
    }
    sheet.page()
}

/// What the JPEGs of a directory have in common; empty where each is whole.
pub(crate) fn jpeg_tables(decoder: &mut Tiff<'_>) -> Result<Vec<u8>, DecodeError> {
    match decoder.find_tag(Tag::JPEGTables).map_err(failed)? {
        Some(_) => decoder.get_tag_u8_vec(Tag::JPEGTables).map_err(failed),
        None => Ok(Vec::new()),
    }
}

/// Compression 7: a JPEG for each strip or tile, mostly with tables of their own.
pub(crate) fn jpeg_page(
    decoder: &mut Tiff<'_>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let photometric = tag(decoder, Tag::PhotometricInterpretation, 6)?;
    let tables = jpeg_tables(decoder)?;
    let mut sheet = Sheet::new(decoder)?;
    for chunk in chunks(decoder, bytes)? {
        // A chunk is coded in blocks of at most 32 pixels; one that claims more would be decoded in vain.
        let limits = Limits {
            side_px: limits.side_px.min(chunk.width.max(chunk.height) + 32),
            ..*limits
        };
        let whole = with_tables(&tables, chunk.data, photometric);
        let decoded = jpeg::decode_as(&whole, &limits, MediaType::Tiff)?;
        sheet.lay(&chunk, decoded.rgb(), decoded.width())?;
    }
    sheet.page()
}

/// The whole JPEG that a tag of compression 6 points to.
pub(crate) fn old_jpeg<'a>(
    decoder: &mut Tiff<'_>,
    bytes: &'a [u8],
) -> Result<&'a [u8], DecodeError> {
    let at = decoder
        .find_tag_unsigned::<u64>(JPEG_FORMAT)
        .map_err(failed)?;
    let length = decoder
        .find_tag_unsigned::<u64>(JPEG_LENGTH)
        .map_err(failed)?;
    let (Some(at), Some(length)) = (at, length) else {
        return Err(unsupported("old-style JPEG without a whole stream"));
    };
    slice(bytes, at, length).ok_or_else(|| damaged("the JPEG lies beyond the end of the file"))
}

/// Compression 6, given up in 1995 and still written: one whole JPEG that its own tag points to.
pub(crate) fn old_jpeg_page(
    decoder: &mut Tiff<'_>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Page, DecodeError> {
    let (width, height) = decoder.dimensions().map_err(failed)?;
    let whole = old_jpeg(decoder, bytes)?;
    let page = jpeg::decode_as(whole, limits, MediaType::Tiff)?;
    if (page.width(), page.height()) != (width, height) {
        return Err(damaged("the JPEG is of another size than the page"));
    }
    Ok(page)
}

/// An abbreviated JPEG stream made whole: start marker, an Adobe marker that states the colour space (TIFF says it
/// in a tag, where a JPEG decoder would only guess), the tables without their own markers, then the rest.
pub(crate) fn with_tables(tables: &[u8], chunk: &[u8], photometric: u16) -> Vec<u8> {
    let transform = u8::from(photometric == PhotometricInterpretation::YCbCr.to_u16());
    let mut whole = vec![
        0xFF, 0xD8, 0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform,
    ];
    // Ink in a TIFF is ink: the marker would turn it into paper.
    if photometric == PhotometricInterpretation::CMYK.to_u16() {
        whole.truncate(2);
    }
    let tables = tables.strip_prefix(&[0xFF, 0xD8]).unwrap_or(tables);
    whole.extend_from_slice(tables.strip_suffix(&[0xFF, 0xD9]).unwrap_or(tables));
    whole.extend_from_slice(chunk.strip_prefix(&[0xFF, 0xD8]).unwrap_or(chunk));
    whole
}
