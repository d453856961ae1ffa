//! A page of a PDF as another PDF holds it: the stream of the one image that it is, where PDF/A-2 takes it (ISO 19005-2, 6.1.7 and 6.2.8), else its
//! samples deflated anew; a page that has to be drawn is a derivative.

use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, Dict, Number, Object, Stream};
use hayro::hayro_syntax::page::Page as PdfPage;

use crate::density::Density;
use crate::jpeg;
use crate::jpeg_header::JpegHeader;
use crate::packed::{Coding, Colour, Fidelity, Packed, Samples, derived, size_of};
use crate::packed_png::is_of_size;
use crate::page::{DecodeError, Limits, MediaType};
use crate::pdf::{self, colours, damaged, fax_grey, turned};
use crate::pdf_content::{Picture, content};

type Found = Result<(Packed, Vec<u8>), DecodeError>;

pub(crate) fn pack(bytes: &[u8], frame: usize, limits: &Limits) -> Found {
    pdf::with_page(bytes, frame, limits, |page| {
        let content = content(page)?;
        let only = content.only_picture(page);
        let found = only.map(|picture| embedded(picture, limits)).transpose()?;
        if let Some((mut packed, data)) = found.flatten() {
            packed.orientation = turned(page.rotation()).0;
            let (across, down) = page.base_dimensions();
            packed.dpi = Density::filling(
                (packed.width, packed.height),
                (f64::from(across), f64::from(down)),
            );
            if packed.coding != Coding::Jpeg2000 || pdf::drawn(page, &content, limits).is_ok() {
                return Ok((packed, data));
            }
        }
        drawn(page, limits)
    })
}

fn drawn(page: &PdfPage<'_>, limits: &Limits) -> Found {
    let shown = pdf::page(page, limits)?;
    let (across, down) = page.render_dimensions();
    let size = (shown.width(), shown.height());
    derived(
        &shown,
        Density::filling(size, (f64::from(across), f64::from(down))),
    )
}

/// How an image's samples are to be understood; `None` for what the archive has no words for.
struct Meaning {
    colour: Colour,
    bits: u8,
    is_inverted: bool,
}

fn meaning(dict: &Dict<'_>) -> Option<Meaning> {
    let is_plain = ["SMask", "Mask", "ImageMask", "SMaskInData"]
        .iter()
        .all(|key| !dict.contains_key(*key));
    if !is_plain {
        return None;
    }
    let colour = match colours(dict) {
        Some(1) => Colour::Grey,
        Some(3) => Colour::Rgb,
        Some(_) => return None,
        None => Colour::Palette(palette(dict)?),
    };
    let bits = u8::try_from(dict.get::<i64>("BitsPerComponent").unwrap_or(8)).ok()?;
    let is_inverted = match dict.get::<Array<'_>>("Decode") {
        None => false,
        Some(range) => {
            let range: Vec<f64> = range.iter::<Number>().map(|n| n.as_f64()).collect();
            match (&colour, &range[..]) {
                (Colour::Grey, [0.0, 1.0]) => false,
                (Colour::Rgb, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]) => false,
                (Colour::Grey, [1.0, 0.0]) => true,
                _ => return None,
            }
        }
    };
    Some(Meaning {
        colour,
        bits,
        is_inverted,
    })
}

/// The list of an indexed colour space as RGB.
fn palette(dict: &Dict<'_>) -> Option<Vec<u8>> {
    let space = dict.get::<Array<'_>>("ColorSpace")?;
    let mut parts = space.iter::<Object<'_>>();
    let (Object::Name(kind), base, _, list) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    let list = match list {
        Object::String(list) => list.as_bytes().to_vec(),
        Object::Stream(list) => list.decoded_data().ok()?.to_vec(),
        _ => return None,
    };
    if kind.as_str() != "Indexed" || list.is_empty() || list.len() > 768 {
        return None;
    }
    match base {
        Object::Name(name) if name.as_str() == "DeviceRGB" && list.len() % 3 == 0 => Some(list),
        Object::Name(name) if name.as_str() == "DeviceGray" => {
            Some(list.iter().flat_map(|grey| [*grey; 3]).collect())
        }
        _ => None,
    }
}

/// The first of its parameters' dictionaries.
fn terms<'a>(dict: &Dict<'a>) -> Dict<'a> {
    let alone = dict.get::<Dict<'_>>("DecodeParms");
    let listed = || {
        let all = dict.get::<Array<'_>>("DecodeParms")?;
        all.iter::<Dict<'_>>().next()
    };
    alone.or_else(listed).unwrap_or_default()
}

fn embedded(
    picture: &Picture<'_>,
    limits: &Limits,
) -> Result<Option<(Packed, Vec<u8>)>, DecodeError> {
    let (stream, size) = (&picture.stream, (picture.width, picture.height));
    limits.check(size.0, size.1)?;
    let Some(meaning) = meaning(stream.dict()) else {
        return Ok(None);
    };
    match stream.filters().as_slice() {
        [Filter::DctDecode] => dct(stream, size, meaning, limits),
        [Filter::CcittFaxDecode] => fax(stream, size, meaning),
        [Filter::JpxDecode] => Ok(jpx(stream, size, meaning)),
        [Filter::FlateDecode] => flate(stream, size, meaning),
        [] | [Filter::LzwDecode | Filter::RunLengthDecode] => anew(stream, size, meaning),
        _ => Ok(None),
    }
}

fn as_found((width, height): (u32, u32), meaning: Meaning, coding: Coding) -> Packed {
    Packed {
        width,
        height,
        colour: meaning.colour,
        bits: meaning.bits,
        is_inverted: meaning.is_inverted,
        coding,
        orientation: 1,
        dpi: None,
        fidelity: Fidelity::Original,
    }
}

fn dct(
    stream: &Stream<'_>,
    size: (u32, u32),
    meaning: Meaning,
    limits: &Limits,
) -> Result<Option<(Packed, Vec<u8>)>, DecodeError> {
    let data = stream.raw_data();
    jpeg::decode_as(&data, limits, MediaType::Pdf)?;
    let transform = terms(stream.dict()).get::<i64>("ColorTransform");
    let header = JpegHeader::of(&data).filter(|header| {
        let is_alike = header.colour().as_ref() == Some(&meaning.colour);
        is_alike && (header.width, header.height) == size && meaning.bits == 8
    });
    let Some(header) = header else {
        return Ok(None);
    };
    let is_plain_rgb = match (header.adobe_transform(), transform) {
        (None, Some(transform)) => meaning.colour == Colour::Rgb && transform == 0,
        // Without a word a PDF's decoder transforms, whatever the components are called.
        (None, None) => false,
        _ => header.is_plain_rgb(),
    };
    let coding = Coding::Jpeg { is_plain_rgb };
    Ok(Some((as_found(size, meaning, coding), data.into_owned())))
}

fn fax(
    stream: &Stream<'_>,
    size: (u32, u32),
    meaning: Meaning,
) -> Result<Option<(Packed, Vec<u8>)>, DecodeError> {
    if meaning.colour == Colour::Rgb {
        return Ok(None);
    }
    let meaning = Meaning { bits: 1, ..meaning };
    fax_grey(stream, size.0, size.1)?;
    let terms = terms(stream.dict());
    let flag = |key: &str| terms.get::<bool>(key).unwrap_or(false);
    let k = terms.get::<i64>("K").unwrap_or(0).signum();
    let coding = Coding::Fax {
        k: k as i32,
        has_row_ends: flag("EndOfLine"),
        is_aligned: flag("EncodedByteAlign"),
        black_is_one: flag("BlackIs1"),
    };
    let data = stream.raw_data().into_owned();
    Ok(Some((as_found(size, meaning, coding), data)))
}

fn flate(
    stream: &Stream<'_>,
    size: (u32, u32),
    meaning: Meaning,
) -> Result<Option<(Packed, Vec<u8>)>, DecodeError> {
    let terms = terms(stream.dict());
    let number = |key: &str, otherwise: i64| terms.get::<i64>(key).unwrap_or(otherwise);
    let predictor = number("Predictor", 1);
    let fits = number("Colors", 1) == i64::from(meaning.colour.samples())
        && number("BitsPerComponent", 8) == i64::from(meaning.bits)
        && number("Columns", 1) == i64::from(size.0);
    let rows = u64::from(size.1);
    let packed = size_of(size.0, size.1, &meaning.colour, meaning.bits);
    let (predictor, due) = match predictor {
        1 => (1, packed),
        2 if fits => (2, packed),
        10..=15 if fits => (15, packed + rows),
        _ => return anew(stream, size, meaning),
    };
    let data = stream.raw_data();
    if !is_of_size(&data, due) {
        return anew(stream, size, meaning);
    }
    let coding = Coding::Flate { predictor };
    Ok(Some((as_found(size, meaning, coding), data.into_owned())))
}

/// The samples, deflated anew.
fn anew(
    stream: &Stream<'_>,
    (width, height): (u32, u32),
    meaning: Meaning,
) -> Result<Option<(Packed, Vec<u8>)>, DecodeError> {
    if !matches!(meaning.bits, 1 | 2 | 4 | 8 | 16) {
        return Ok(None);
    }
    let data = stream
        .decoded_data()
        .map_err(|_| damaged("an image cannot be unpacked"))?;
    let due = size_of(width, height, &meaning.colour, meaning.bits);
    let due = usize::try_from(due).map_err(damaged)?;
    let Some(bytes) = data.get(..due) else {
        return Err(damaged("an image has fewer samples than pixels"));
    };
    let samples = Samples {
        width,
        height,
        colour: meaning.colour,
        bits: meaning.bits,
        bytes: bytes.to_vec(),
        media_type: MediaType::Pdf,
    };
    let (packed, data) = samples.pack(1, None)?;
    let is_inverted = meaning.is_inverted;
    Ok(Some((
        Packed {
            is_inverted,
            ..packed
        },
        data,
    )))
}

/// JPEG 2000 with what PDF/A-2 asks of its boxes: eight bits, grey or RGB, one colour specification, no palette, no opacity.
fn jpx(stream: &Stream<'_>, size: (u32, u32), meaning: Meaning) -> Option<(Packed, Vec<u8>)> {
    let data = stream.raw_data();
    let meant = match (boxes(&data, size)?, &meaning.colour) {
        ((1, 17), Colour::Grey) | ((3, 16 | 18), Colour::Rgb) => !meaning.is_inverted,
        _ => false,
    };
    let meaning = Meaning { bits: 8, ..meaning };
    meant.then(|| (as_found(size, meaning, Coding::Jpeg2000), data.into_owned()))
}

/// Channels and the number of the colour space (ISO 15444-1, I.5.3).
fn boxes(file: &[u8], (width, height): (u32, u32)) -> Option<(u16, u32)> {
    let long = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?));
    let next = |bytes: &'_ [u8]| -> Option<([u8; 4], std::ops::Range<usize>)> {
        let length = long(bytes)? as usize;
        let kind = bytes.get(4..8)?.try_into().ok()?;
        (length >= 8 && length <= bytes.len()).then_some((kind, 8..length))
    };
    let mut rest = file;
    let header = loop {
        let (kind, body) = next(rest)?;
        if kind == *b"jp2h" {
            break &rest[body];
        }
        rest = &rest[body.end..];
    };
    let (mut rest, mut channels, mut space) = (header, None, None);
    while !rest.is_empty() {
        let (kind, at) = next(rest)?;
        let body = &rest[at.clone()];
        match &kind {
            b"ihdr" => {
                let is_size = long(body)? == height && long(body.get(4..)?)? == width;
                let found = u16::from_be_bytes([*body.get(8)?, *body.get(9)?]);
                channels = (is_size && *body.get(10)? == 7).then_some(found);
            }
            b"colr" if space.is_none() && body.first() == Some(&1) => {
                space = long(body.get(3..)?);
            }
            b"res " => {}
            _ => return None,
        }
        rest = &rest[at.end..];
    }
    channels.zip(space)
}
