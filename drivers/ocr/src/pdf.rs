//! PDF, every page of it. A page that is one scanned image gives that image's own pixels, decoded as strictly as a file of its kind;
//! any other page is rendered. Encrypted files, damaged ones and pages that would be drawn with something missing are errors.

use crate::fax::{self, Coding, Fax};
use crate::jpeg;
use crate::orient::Orientation;
use crate::page::{DecodeError, Limits, MediaType, Page};
use crate::pdf_content::{Content, Picture, content};
use crate::pdf_images;
use crate::pdf_render::render;
use crate::samples::{grey_to_rgb, unpacked};
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::{Page as PdfPage, Rotation};
use hayro::hayro_syntax::{DecryptionError, Filter, LoadPdfError, Pdf};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) fn damaged(said: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DecodeError {
    DecodeError::damaged(MediaType::Pdf, said)
}

pub(crate) fn unsupported(kind: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported {
        format: MediaType::Pdf.as_str(),
        kind: kind.into(),
    }
}

/// How many pages there are.
pub(crate) fn frames(bytes: &[u8], limits: &Limits) -> Result<usize, DecodeError> {
    guarded(|| open(bytes, limits).map(|pdf| pdf.pages().len()))
}

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Page>, DecodeError> {
    guarded(|| {
        let pdf = open(bytes, limits)?;
        pdf.pages().iter().map(|p| page(p, limits)).collect()
    })
}

pub(crate) fn decode_frame(
    bytes: &[u8],
    frame: usize,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    with_page(bytes, frame, limits, |found| page(found, limits))
}

/// Does something with one page of the file.
pub(crate) fn with_page<T>(
    bytes: &[u8],
    frame: usize,
    limits: &Limits,
    work: impl FnOnce(&PdfPage<'_>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    guarded(|| {
        let pdf = open(bytes, limits)?;
        let found = pdf.pages().get(frame);
        work(found.ok_or(DecodeError::NoSuchFrame { frame })?)
    })
}

/// A panic over a crafted file is damage like any other.
fn guarded<T>(work: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged("the PDF library gave up on it")))
}

fn open(bytes: &[u8], limits: &Limits) -> Result<Pdf, DecodeError> {
    // The library repairs what was cut short, by leaving out what is lost.
    if !has_end(bytes) {
        return Err(damaged("the end of the file is missing"));
    }
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => DecodeError::Encrypted,
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => DecodeError::Encrypted,
        LoadPdfError::Decryption(_) => damaged("its encryption is invalid"),
        LoadPdfError::Invalid => damaged("no PDF structure was found"),
    })?;
    let found = pdf.pages().len();
    // Pages that cannot be parsed, or are there a second time, are left out by the library; the page tree says how many there should be.
    let promised = pdf
        .xref()
        .get::<Dict<'_>>(pdf.xref().root_id())
        .and_then(|root| root.get::<Dict<'_>>("Pages"))
        .and_then(|tree| tree.get::<i64>("Count"));
    let most = promised.unwrap_or(0).max(found as i64);
    if most > limits.pages as i64 {
        return Err(DecodeError::TooManyPages {
            limit: limits.pages,
        });
    }
    if found == 0 {
        return Err(DecodeError::NoPixels);
    }
    if promised.is_some_and(|count| count != found as i64) {
        return Err(damaged("the file has not the pages that it lists"));
    }
    Ok(pdf)
}

/// How far from its end a file may state where its table of objects is, bytes.
const END_REACH: usize = 2048;

/// `startxref`, a place in the file, `%%EOF`, near the end: what a writer writes last.
fn has_end(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(END_REACH)..];
    let find = |what: &[u8]| tail.windows(what.len()).rposition(|window| window == what);
    let (Some(start), Some(end)) = (find(b"startxref"), find(b"%%EOF")) else {
        return false;
    };
    let stated = tail.get(start + 9..end).map(<[u8]>::trim_ascii);
    let at = stated
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse::<usize>().ok());
    at.is_some_and(|at| at > 0 && at < bytes.len())
}

pub(crate) fn page(page: &PdfPage<'_>, limits: &Limits) -> Result<Page, DecodeError> {
    let content = content(page)?;
    let scanned = match content.only_picture(page) {
        Some(picture) => scanned(picture, limits)?,
        None => None,
    };
    match scanned {
        Some(image) => Ok(turned(page.rotation()).apply(image)),
        None => drawn(page, &content, limits),
    }
}

/// The page as the renderer draws it.
pub(crate) fn drawn(
    page: &PdfPage<'_>,
    content: &Content<'_>,
    limits: &Limits,
) -> Result<Page, DecodeError> {
    pdf_images::check(page, limits)?;
    render(page, content, limits)
}

pub(crate) fn turned(rotation: Rotation) -> Orientation {
    Orientation(match rotation {
        Rotation::None => 1,
        Rotation::Horizontal => 6,
        Rotation::Flipped => 3,
        Rotation::FlippedHorizontal => 8,
    })
}

/// The image's own pixels; `None` for the kinds that only the renderer knows.
fn scanned(picture: &Picture<'_>, limits: &Limits) -> Result<Option<Page>, DecodeError> {
    let stream = &picture.stream;
    let dict = stream.dict();
    let plain = ["SMask", "Mask", "Decode", "ImageMask"]
        .iter()
        .all(|key| !dict.contains_key(*key));
    if !plain {
        return Ok(None);
    }
    let (width, height) = (picture.width, picture.height);
    limits.check(width, height)?;
    let colours = colours(dict);
    let rgb = match stream.filters().as_slice() {
        [Filter::DctDecode] if colours != Some(4) => {
            let page = jpeg::decode_as(&stream.raw_data(), limits, MediaType::Pdf)?;
            return Ok(Some(page));
        }
        [Filter::CcittFaxDecode] => grey_to_rgb(&fax_grey(stream, width, height)?),
        [] | [Filter::FlateDecode | Filter::LzwDecode | Filter::RunLengthDecode] => {
            let bits = dict.get::<i64>("BitsPerComponent").unwrap_or(8);
            let (Some(colours @ (1 | 3)), 1 | 8) = (colours, bits) else {
                return Ok(None);
            };
            match plain_rgb(stream, (width, height), colours, bits as usize)? {
                Some(rgb) => rgb,
                None => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    let page = Page::from_rgb(width, height, rgb, MediaType::Pdf);
    page.map(Some).ok_or(DecodeError::NoPixels)
}

/// Components a pixel, of the colour spaces scanners use.
pub(crate) fn colours(dict: &Dict<'_>) -> Option<u8> {
    let named = |name: &str| match name {
        "DeviceGray" | "CalGray" | "G" => Some(1),
        "DeviceRGB" | "CalRGB" | "RGB" => Some(3),
        "DeviceCMYK" | "CMYK" => Some(4),
        _ => None,
    };
    let space = dict.get::<Object<'_>>("ColorSpace");
    match space.or_else(|| dict.get("CS"))? {
        Object::Name(name) => named(name.as_str()),
        Object::Array(array) => {
            let kind = array.iter::<Name<'_>>().next()?;
            if kind.as_str() != "ICCBased" {
                return match named(kind.as_str()) {
                    // A calibrated space has its own white and gamma, which matter to nobody here.
                    Some(n) if kind.as_str().starts_with("Cal") => Some(n),
                    _ => None,
                };
            }
            let profile = array.iter::<Object<'_>>().nth(1)?.into_stream()?;
            u8::try_from(profile.dict().get::<i64>("N")?).ok()
        }
        _ => None,
    }
}

fn plain_rgb(
    stream: &Stream<'_>,
    (width, height): (u32, u32),
    colours: u8,
    bits: usize,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let (width, height) = (width as usize, height as usize);
    let row_bytes = (width * usize::from(colours) * bits).div_ceil(8);
    let data = stream
        .decoded_data()
        .map_err(|_| damaged("an image cannot be unpacked"))?;
    if data.len() < row_bytes * height {
        return Err(damaged("an image has fewer samples than pixels"));
    }
    let data = &data[..row_bytes * height];
    Ok(match (colours, bits) {
        (1, 1) => Some(grey_to_rgb(&unpacked(data, 1, width, height))),
        (1, 8) => Some(grey_to_rgb(data)),
        (3, 8) => Some(data.to_vec()),
        _ => None,
    })
}

fn fax_terms<'a>(stream: &Stream<'a>) -> Dict<'a> {
    let found = ["DP", "DecodeParms"].iter().find_map(|key| {
        let alone = stream.dict().get::<Dict<'a>>(*key);
        alone.or_else(|| {
            let all = stream.dict().get::<Array<'a>>(*key)?;
            all.iter::<Dict<'a>>().next()
        })
    });
    found.unwrap_or_default()
}

/// Pixels in a row of fax data.
pub(crate) fn fax_width(stream: &Stream<'_>) -> i64 {
    fax_terms(stream).get::<i64>("Columns").unwrap_or(1728)
}

/// One byte a pixel, without what `Decode` says.
pub(crate) fn fax_grey(
    stream: &Stream<'_>,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, DecodeError> {
    let terms = fax_terms(stream);
    let flag = |key: &str| terms.get::<bool>(key).unwrap_or(false);
    if fax_width(stream) != i64::from(width) {
        return Err(unsupported("fax rows of another width than the image"));
    }
    let fax = Fax {
        coding: match terms.get::<i64>("K").unwrap_or(0) {
            k if k < 0 => Coding::Group4,
            0 => Coding::Group3,
            _ => Coding::Group3TwoD,
        },
        width,
        height,
        aligned: flag("EncodedByteAlign"),
    };
    let mut grey = fax::decode(&stream.raw_data(), &fax).map_err(damaged)?;
    if flag("BlackIs1") {
        // Black pixels are ones, and a one is white in a grey image.
        grey.iter_mut().for_each(|g| *g = 255 - *g);
    }
    Ok(grey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_end_is_not_whole() {
        let whole =
            b"%PDF-1.4\n1 0 obj <<>> endobj\nxref\n0 1\ntrailer <<>>\nstartxref\n29\n%%EOF\n";
        assert!(has_end(whole));
        for cut in 0..whole.len() - 1 {
            assert!(!has_end(&whole[..cut]), "cut at {cut}");
        }
        assert!(
            !has_end(b"%PDF-1.4\nstartxref\n0\n%%EOF\n"),
            "the first part of a linearised file"
        );
        assert!(
            !has_end(b"%PDF-1.4\nstartxref\n99999\n%%EOF\n"),
            "a table beyond the end"
        );
    }
}
