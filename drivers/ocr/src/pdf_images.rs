//! Whether every image that a PDF page draws is there to its last pixel. The renderer leaves out an image that it cannot decode, stretches one that is too
//! short and fills up one that was broken off: a written sheet would look blank.

use crate::jbig2;
use crate::jpeg;
use crate::jpx;
use crate::page::{DecodeError, Limits, MediaType};
use crate::pdf::{colours, damaged, fax_grey, fax_width, unsupported};
use flate2::read::ZlibDecoder;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::object::stream::ImageDecodeParams;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page as PdfPage, Resources};
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

/// Forms nest no deeper than this in any file of a scanner's.
const DEEPEST: usize = 32;
/// A coded image is no longer than this once it is unpacked, bytes.
const LONGEST: u64 = 512 * 1024 * 1024;

/// Looks at every image of a page, also at those inside forms, between the instructions, and at their masks.
///
/// # Errors
/// Of the first image that is not whole, and of something drawn that the renderer would leave out.
pub(crate) fn check(page: &PdfPage<'_>, limits: &Limits) -> Result<(), DecodeError> {
    let mut look = Look {
        limits,
        seen: HashSet::new(),
    };
    look.through(page.typed_operations(), page.resources(), 0)
}

/// Refuses an image that is packed in a way of which the library knows nothing: it would take what is packed for pixels.
pub(crate) fn check_packing(stream: &Stream<'_>) -> Result<(), DecodeError> {
    let named =
        ["F", "Filter"]
            .iter()
            .find_map(|key| match stream.dict().get::<Object<'_>>(*key) {
                Some(Object::Name(_)) => Some(1),
                Some(Object::Array(all)) => Some(all.iter::<Object<'_>>().count()),
                _ => None,
            });
    match named.unwrap_or(0) == stream.filters().len() {
        true => Ok(()),
        false => Err(unsupported("an image packed in an unknown way")),
    }
}

struct Look<'l> {
    limits: &'l Limits,
    seen: HashSet<ObjectIdentifier>,
}

impl Look<'_> {
    fn through(
        &mut self,
        mut instructions: TypedIter<'_>,
        resources: &Resources<'_>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        while let Some(instruction) = instructions.next() {
            match instruction {
                TypedInstruction::InlineImage(image) => self.image(image.0)?,
                TypedInstruction::XObject(drawn) => match resources.get_x_object(drawn.0) {
                    Some(stream) if self.seen.insert(stream.obj_id()) => {
                        self.object(&stream, resources, depth)?;
                    }
                    Some(_) => {}
                    None => {
                        return Err(damaged("a page draws something that is not in the file"));
                    }
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        stream: &Stream<'_>,
        resources: &Resources<'_>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        let dict = stream.dict();
        let kind = dict.get::<Name<'_>>("Subtype");
        match kind.as_ref().map(|kind| kind.as_str()) {
            Some("Image") => self.image(stream),
            Some("Form") if depth == DEEPEST => Err(damaged("forms nest too deeply")),
            Some("Form") => {
                let drawn = stream
                    .decoded_data()
                    .ok()
                    .filter(|_| dict.contains_key("BBox"));
                let drawn = drawn.ok_or_else(|| damaged("a form on the page cannot be drawn"))?;
                let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
                let inside = TypedIter::new(&drawn);
                self.through(inside, own.as_ref().unwrap_or(resources), depth + 1)
            }
            // What only a printer understands.
            Some(_) => Ok(()),
            None => Err(damaged("a page draws something of no kind")),
        }
    }

    fn image(&self, stream: &Stream<'_>) -> Result<(), DecodeError> {
        self.pixels(stream)?;
        // A mask has none of its own: one that names itself would be looked at without end.
        let masks = ["SMask", "Mask"].into_iter();
        masks
            .filter_map(|key| stream.dict().get::<Stream<'_>>(key))
            .try_for_each(|mask| self.pixels(&mask))
    }

    fn pixels(&self, stream: &Stream<'_>) -> Result<(), DecodeError> {
        let dict = stream.dict();
        let side = |keys: [&str; 2]| {
            let found = keys.iter().find_map(|key| dict.get::<i64>(*key))?;
            u32::try_from(found).ok().filter(|px| *px > 0)
        };
        let size = side(["W", "Width"]).zip(side(["H", "Height"]));
        let (width, height) = size.ok_or_else(|| damaged("an image without a size"))?;
        self.limits.check(width, height)?;
        check_packing(stream)?;
        self.whole(stream, (width, height))
    }

    fn whole(&self, stream: &Stream<'_>, size: (u32, u32)) -> Result<(), DecodeError> {
        let filters = stream.filters();
        let Some((last, before)) = filters.split_last() else {
            return samples(stream, size);
        };
        let coded = || inflated(stream, before).transpose();
        match last {
            Filter::DctDecode => match coded()? {
                Some(data) => jpeg::decode_as(&data, self.limits, MediaType::Pdf).map(drop),
                None => samples(stream, size),
            },
            Filter::CcittFaxDecode
                if before.is_empty() && fax_width(stream) == i64::from(size.0) =>
            {
                fax_grey(stream, size.0, size.1).map(drop)
            }
            Filter::JpxDecode => {
                if let Some(data) = coded()? {
                    jpx::check(&data).map_err(damaged)?;
                }
                samples(stream, size)
            }
            Filter::Jbig2Decode => {
                if let Some(data) = coded()? {
                    let pixels = u64::from(size.0) * u64::from(size.1);
                    jbig2::check(&data, pixels).map_err(damaged)?;
                }
                samples(stream, size)
            }
            _ => samples(stream, size),
        }
    }
}

/// The data as the last filter gets them; `None` where they are packed in another way than deflated before.
fn inflated<'a>(
    stream: &Stream<'a>,
    before: &[Filter],
) -> Option<Result<Cow<'a, [u8]>, DecodeError>> {
    if before.iter().any(|filter| *filter != Filter::FlateDecode) {
        return None;
    }
    let mut data = stream.raw_data();
    for _ in before {
        let mut unpacked = Vec::new();
        let read = ZlibDecoder::new(&data[..])
            .take(LONGEST)
            .read_to_end(&mut unpacked);
        if read.is_err() {
            return Some(Err(damaged("an image cannot be unpacked")));
        }
        data = Cow::Owned(unpacked);
    }
    Some(Ok(data))
}

/// Every pixel has its samples.
fn samples(stream: &Stream<'_>, (width, height): (u32, u32)) -> Result<(), DecodeError> {
    let dict = stream.dict();
    let is_mask = ["IM", "ImageMask"]
        .iter()
        .any(|key| dict.get::<bool>(*key) == Some(true));
    let each = if is_mask { 1 } else { components(dict) };
    let bits = ["BPC", "BitsPerComponent"]
        .iter()
        .find_map(|key| dict.get::<u8>(*key));
    let image = ImageDecodeParams {
        bpc: bits,
        num_components: Some(each),
        width,
        height,
        ..ImageDecodeParams::default()
    };
    let found = stream
        .decoded_image(&image)
        .map_err(|_| damaged("an image on the page cannot be decoded"))?;
    let bits = bits.unwrap_or(if is_mask { 1 } else { 8 });
    let (across, down, bits) = match &found.image_data {
        Some(known) if known.height < height && !stream.filters().contains(&Filter::JpxDecode) => {
            return Err(damaged("an image has fewer rows than it says"));
        }
        Some(known) => (known.width, known.height, known.bits_per_component),
        None => (width, height, bits),
    };
    let row = (u64::from(across) * u64::from(each) * u64::from(bits)).div_ceil(8);
    match found.data.len() as u64 >= row * u64::from(down) {
        true => Ok(()),
        false => Err(damaged("an image has fewer samples than pixels")),
    }
}

/// Samples that a pixel has at least.
fn components(dict: &Dict<'_>) -> u8 {
    let listed = || {
        let space = dict.get::<Array<'_>>("ColorSpace")?;
        let mut parts = space.iter::<Object<'_>>();
        match (parts.next()?, parts.next()?) {
            (Object::Name(kind), Object::Array(names)) if kind.as_str() == "DeviceN" => {
                u8::try_from(names.iter::<Object<'_>>().count()).ok()
            }
            (Object::Name(kind), _) if kind.as_str() == "Lab" => Some(3),
            _ => None,
        }
    };
    colours(dict).or_else(listed).unwrap_or(1)
}
