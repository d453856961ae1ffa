//! A page of a TIFF as a PDF holds it: fax and JPEG data as they came where they are one strip, strips joined without loss, all else deflated anew.

use tiff::ColorType;
use tiff::decoder::DecodingResult;
use tiff::decoder::ifd::Value;
use tiff::tags::{PhotometricInterpretation, Tag};

use crate::density::Density;
use crate::fax::{self, Coding as FaxCoding, Fax};
use crate::jpeg;
use crate::jpeg_header::JpegHeader;
use crate::orient::Orientation;
use crate::packed::{Coding, Colour, Fidelity, Packed, Samples, derived};
use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::tiff_chunks::{self, Chunk};
use crate::tiff_jpeg::joined;
use crate::tiff_pages::{self, Tiff, failed, tag};
use crate::tiff_palette;

/// What of the directory goes along whatever the compression.
#[derive(Clone, Copy)]
struct Lies {
    orientation: u16,
    dpi: Option<Density>,
}

impl Lies {
    fn of(decoder: &mut Tiff<'_>) -> Result<Self, DecodeError> {
        let orientation = match tag(decoder, Tag::Orientation, 1)? {
            known @ 1..=8 => known,
            _ => 1,
        };
        let unit = tag(decoder, Tag::ResolutionUnit, 2)?;
        let mut side = |tag| match decoder.find_tag(tag) {
            Ok(Some(Value::Rational(over, under))) => Some(f64::from(over) / f64::from(under)),
            _ => None,
        };
        let (x, y) = (side(Tag::XResolution), side(Tag::YResolution));
        Ok(Self {
            orientation,
            dpi: x.zip(y).and_then(|(x, y)| Density::in_unit(unit, x, y)),
        })
    }

    fn packed(
        self,
        (width, height): (u32, u32),
        (colour, bits): (Colour, u8),
        coding: Coding,
        fidelity: Fidelity,
    ) -> Packed {
        Packed {
            width,
            height,
            colour,
            bits,
            is_inverted: false,
            coding,
            orientation: self.orientation,
            dpi: self.dpi,
            fidelity,
        }
    }
}

type Found = Result<(Packed, Vec<u8>), DecodeError>;

pub(crate) fn pack(bytes: &[u8], frame: usize, limits: &Limits) -> Found {
    let decoder = &mut tiff_pages::at(bytes, frame, limits)?;
    let (width, height) = decoder.dimensions().map_err(failed)?;
    limits.check(width, height)?;
    let lies = Lies::of(decoder)?;
    match tag(decoder, Tag::Compression, 1)? {
        compression @ 2..=4 => fax_data(decoder, bytes, compression, lies),
        6 => {
            let page = tiff_chunks::old_jpeg_page(decoder, bytes, limits)?;
            let whole = tiff_chunks::old_jpeg(decoder, bytes)?;
            match dct(whole, (width, height), None, lies) {
                Some(packed) => Ok((packed, whole.to_vec())),
                None => turned(page, lies),
            }
        }
        7 => jpeg_data(decoder, bytes, limits, lies),
        _ => samples(decoder, bytes, frame, limits, lies),
    }
}

/// Another picture of the page, upright.
fn turned(page: Page, lies: Lies) -> Found {
    let orientation = Orientation(lies.orientation);
    let dpi = lies.dpi.map(|dpi| dpi.turned(orientation));
    derived(&orientation.apply(page), dpi)
}

/// A chunk that is the whole page.
fn only_chunk<'a>(chunks: &'a [Chunk<'a>], size: (u32, u32)) -> Option<&'a Chunk<'a>> {
    match chunks {
        [chunk] if (chunk.width, chunk.height) == size => Some(chunk),
        _ => None,
    }
}

fn fax_data(decoder: &mut Tiff<'_>, bytes: &[u8], compression: u16, lies: Lies) -> Found {
    let size = decoder.dimensions().map_err(failed)?;
    let terms = tiff_chunks::fax_terms(decoder, compression)?;
    let grey = (Colour::Grey, 1);
    let chunks = tiff_chunks::chunks(decoder, bytes)?;
    if let Some(chunk) = only_chunk(&chunks, size) {
        tiff_chunks::fax_chunk(chunk, &terms)?;
        let coding = Coding::Fax {
            k: match terms.coding {
                FaxCoding::Group4 => -1,
                FaxCoding::Rows | FaxCoding::Group3 => 0,
                FaxCoding::Group3TwoD => 1,
            },
            has_row_ends: matches!(terms.coding, FaxCoding::Group3 | FaxCoding::Group3TwoD),
            is_aligned: terms.coding == FaxCoding::Rows,
            black_is_one: terms.black_is_zero,
        };
        let (fidelity, data) = if terms.lowest_bit_first {
            (Fidelity::Lossless, fax::bits_reversed(chunk.data))
        } else {
            (Fidelity::Original, chunk.data.to_vec())
        };
        return Ok((lies.packed(size, grey, coding, fidelity), data));
    }
    let page = tiff_chunks::fax_page(decoder, bytes, compression)?;
    match group4(&page) {
        Some(data) => {
            let coding = Coding::Fax {
                k: -1,
                has_row_ends: false,
                is_aligned: false,
                black_is_one: false,
            };
            Ok((lies.packed(size, grey, coding, Fidelity::Lossless), data))
        }
        None => Samples::bilevel(&page).pack(lies.orientation, lies.dpi),
    }
}

/// A page of two shades in T.6, read back and compared; strips that were coded one by one become one.
fn group4(page: &Page) -> Option<Vec<u8>> {
    let grey: Vec<u8> = page.rgb().iter().step_by(3).copied().collect();
    let width = u16::try_from(page.width()).ok()?;
    let mut encoder = ::fax::encoder::Encoder::new(::fax::VecWriter::new());
    for row in grey.chunks_exact(usize::from(width)) {
        let shade = |sample: &u8| match sample {
            0 => ::fax::Color::Black,
            _ => ::fax::Color::White,
        };
        encoder.encode_line(row.iter().map(shade), width).ok()?;
    }
    let data = encoder.finish().ok()?.finish();
    let fax = Fax {
        coding: FaxCoding::Group4,
        width: page.width(),
        height: page.height(),
        aligned: false,
    };
    let back = fax::decode(&data, &fax).ok()?;
    (back == grey).then_some(data)
}

/// What a PDF has to know of a whole JPEG, if it can hold it and it is as large as the page. `is_rgb` is the directory's word.
fn dct(whole: &[u8], size: (u32, u32), is_rgb: Option<bool>, lies: Lies) -> Option<Packed> {
    let header = JpegHeader::of(whole)?;
    let colour = header.colour()?;
    let is_plain_rgb = match (is_rgb, header.adobe_transform()) {
        (Some(is_rgb), None) => is_rgb,
        _ => header.is_plain_rgb(),
    };
    let coding = Coding::Jpeg { is_plain_rgb };
    let is_page = (header.width, header.height) == size;
    is_page.then(|| lies.packed(size, (colour, 8), coding, Fidelity::Original))
}

fn jpeg_data(decoder: &mut Tiff<'_>, bytes: &[u8], limits: &Limits, lies: Lies) -> Found {
    let size = decoder.dimensions().map_err(failed)?;
    let photometric = tag(decoder, Tag::PhotometricInterpretation, 6)?;
    let tables = tiff_chunks::jpeg_tables(decoder)?;
    let chunks = tiff_chunks::chunks(decoder, bytes)?;
    let page = tiff_chunks::jpeg_page(decoder, bytes, limits)?;
    let is_rgb = photometric == PhotometricInterpretation::RGB.to_u16();
    let is_shown = is_rgb
        || photometric == PhotometricInterpretation::YCbCr.to_u16()
        || photometric == PhotometricInterpretation::BlackIsZero.to_u16();
    if !is_shown {
        return turned(page, lies);
    }
    let only = only_chunk(&chunks, size);
    if let Some(chunk) = only.filter(|_| tables.is_empty())
        && let Some(packed) = dct(chunk.data, size, Some(is_rgb), lies)
        && jpeg::decode_as(chunk.data, limits, MediaType::Tiff).is_ok()
    {
        return Ok((packed, chunk.data.to_vec()));
    }
    let mut parts = chunks.iter().map(|chunk| {
        let whole = tiff_chunks::with_tables(&tables, chunk.data, photometric);
        ((chunk.width, chunk.height), whole)
    });
    let whole = match only {
        Some(_) => parts.next_back().map(|(_, whole)| whole),
        None => joined(size, parts.collect()),
    };
    if let Some(whole) = whole
        && let Some(packed) = dct(&whole, size, None, lies)
        && jpeg::decode_as(&whole, limits, MediaType::Tiff).is_ok()
    {
        let fidelity = Fidelity::Lossless;
        return Ok((Packed { fidelity, ..packed }, whole));
    }
    turned(page, lies)
}

fn samples(
    decoder: &mut Tiff<'_>,
    bytes: &[u8],
    frame: usize,
    limits: &Limits,
    lies: Lies,
) -> Found {
    let (width, height) = decoder.dimensions().map_err(failed)?;
    if let Some(coloured) = tiff_palette::samples(decoder, bytes, limits)? {
        return coloured.pack(lies.orientation, lies.dpi);
    }
    let is_chunky = tag(decoder, Tag::PlanarConfiguration, 1)? == 1;
    let kind = decoder.colortype().map_err(failed)?;
    let is_known = matches!(
        kind,
        ColorType::Gray(1 | 2 | 4 | 8 | 16) | ColorType::RGB(8 | 16)
    );
    if !is_chunky || !is_known {
        let page = tiff_pages::decode_frame(bytes, frame, limits)?;
        // Decoded upright already.
        let dpi = lies
            .dpi
            .map(|dpi| dpi.turned(Orientation(lies.orientation)));
        return derived(&page, dpi);
    }
    let bytes = match decoder.read_image().map_err(failed)? {
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => samples.into_iter().flat_map(u16::to_be_bytes).collect(),
        _ => return Err(tiff_pages::unsupported(format!("{kind:?}"))),
    };
    let (colour, bits) = match kind {
        ColorType::Gray(bits) => (Colour::Grey, bits),
        ColorType::RGB(bits) => (Colour::Rgb, bits),
        _ => return Err(tiff_pages::unsupported(format!("{kind:?}"))),
    };
    let samples = Samples {
        width,
        height,
        colour,
        bits,
        bytes,
        media_type: MediaType::Tiff,
    };
    samples.pack(lies.orientation, lies.dpi)
}
