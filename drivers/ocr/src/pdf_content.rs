//! What a PDF page draws, as far as it matters here: which pictures, where, and whether there is anything else.

use crate::page::DecodeError;
use crate::pdf::damaged;
use crate::pdf_images::check_packing;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::object::{Array, Name, Number, Object, Stream};
use hayro::hayro_syntax::page::Page as PdfPage;

/// A picture drawn on a page.
pub(crate) struct Picture<'a> {
    pub(crate) stream: Stream<'a>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Where its unit square lies, points.
    matrix: [f64; 6],
}

impl Picture<'_> {
    /// Pixels a point, along the denser direction.
    pub(crate) fn density(&self) -> f64 {
        let [a, b, c, d, ..] = self.matrix;
        let (across, down) = (a.hypot(b), c.hypot(d));
        (f64::from(self.width) / across.max(1e-3)).max(f64::from(self.height) / down.max(1e-3))
    }
}

/// What a page draws.
pub(crate) struct Content<'a> {
    pub(crate) pictures: Vec<Picture<'a>>,
    /// Something visible that is no picture: text, lines, areas, forms, annotations.
    other: bool,
}

/// More nested graphic states than any writer makes.
const MOST_STATES: usize = 256;
/// More pictures than a scanned page is cut into.
const MOST_PICTURES: usize = 4096;
/// How far a scanned image's edges may be from the page's, as a share of its sides.
const EDGE: f64 = 0.01;
/// Text drawn in this mode cannot be seen: what scanner software lays over its images.
const INVISIBLE: i64 = 3;

impl<'a> Content<'a> {
    /// The picture of a page that is this picture and nothing else, upright and filling it.
    pub(crate) fn only_picture(&self, page: &PdfPage<'_>) -> Option<&Picture<'a>> {
        let [picture] = self.pictures.as_slice() else {
            return None;
        };
        let sheet = page.intersected_crop_box();
        let (width, height) = (sheet.x1 - sheet.x0, sheet.y1 - sheet.y0);
        let [a, b, c, d, e, f] = picture.matrix;
        let near = |value: f64, due: f64, side: f64| (value - due).abs() <= EDGE * side.abs();
        let fills = near(a, width, width)
            && near(d, height, height)
            && near(b, 0.0, height)
            && near(c, 0.0, width)
            && near(e, sheet.x0, width)
            && near(f, sheet.y0, height);
        (fills && !self.other).then_some(picture)
    }
}

/// Walks a page's instructions.
///
/// # Errors
/// A content stream or a picture that cannot be read: drawing the rest would hide that something is missing.
pub(crate) fn content<'a>(page: &'a PdfPage<'a>) -> Result<Content<'a>, DecodeError> {
    check_streams(page)?;
    let annotated = page
        .raw()
        .get::<Array<'_>>("Annots")
        .is_some_and(|notes| notes.raw_iter().next().is_some());
    let mut found = Content {
        pictures: Vec::new(),
        other: annotated,
    };
    let mut matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let mut mode = 0;
    let mut states = Vec::new();
    let mut instructions = page.typed_operations();
    while let Some(instruction) = instructions.next() {
        use TypedInstruction as I;
        match instruction {
            I::SaveState(_) if states.len() < MOST_STATES => states.push((matrix, mode)),
            I::SaveState(_) => return Err(damaged("graphic states nest too deeply")),
            I::RestoreState(_) => (matrix, mode) = states.pop().unwrap_or((matrix, mode)),
            I::Transform(t) => {
                let number = |n: Number| n.as_f64();
                let step = [t.0, t.1, t.2, t.3, t.4, t.5].map(number);
                matrix = product(step, matrix);
            }
            I::TextRenderingMode(set) => mode = set.0.as_i64(),
            I::XObject(drawn) => match page.resources().get_x_object(drawn.0) {
                Some(stream) => found.draw(stream, matrix)?,
                None => return Err(damaged("a page draws something that is not in the file")),
            },
            I::ShowText(_)
            | I::ShowTexts(_)
            | I::NextLineAndShowText(_)
            | I::ShowTextWithParameters(_) => found.other |= mode != INVISIBLE,
            I::StrokePath(_)
            | I::CloseAndStrokePath(_)
            | I::FillPathNonZero(_)
            | I::FillPathNonZeroCompatibility(_)
            | I::FillPathEvenOdd(_)
            | I::FillAndStrokeNonZero(_)
            | I::FillAndStrokeEvenOdd(_)
            | I::CloseFillAndStrokeNonZero(_)
            | I::CloseFillAndStrokeEvenOdd(_)
            | I::ClipNonZero(_)
            | I::ClipEvenOdd(_)
            | I::SetGraphicsState(_)
            | I::Shading(_)
            | I::InlineImage(_) => found.other = true,
            _ => {}
        }
    }
    Ok(found)
}

impl<'a> Content<'a> {
    fn draw(&mut self, stream: Stream<'a>, matrix: [f64; 6]) -> Result<(), DecodeError> {
        let dict = stream.dict();
        let is_image = dict
            .get::<Name<'_>>("Subtype")
            .is_some_and(|kind| kind.as_str() == "Image");
        if !is_image {
            self.other = true;
            return Ok(());
        }
        let side = |key: &str| {
            let value = dict.get::<i64>(key)?;
            u32::try_from(value).ok().filter(|px| *px > 0)
        };
        let (Some(width), Some(height)) = (side("Width"), side("Height")) else {
            return Err(damaged("an image without a size"));
        };
        check_packing(&stream)?;
        if self.pictures.len() == MOST_PICTURES {
            return Err(damaged("too many images on one page"));
        }
        self.pictures.push(Picture {
            width,
            height,
            matrix,
            stream,
        });
        Ok(())
    }
}

/// Every content stream of the page can be unpacked; the library leaves out those that cannot.
fn check_streams(page: &PdfPage<'_>) -> Result<(), DecodeError> {
    let lost = || damaged("a page's content cannot be unpacked");
    let sound = |stream: Stream<'_>| stream.decoded_data().is_ok();
    match page.raw().get::<Object<'_>>("Contents") {
        None if page.raw().contains_key("Contents") => Err(lost()),
        None => Ok(()),
        Some(Object::Stream(stream)) => sound(stream).then_some(()).ok_or_else(lost),
        Some(Object::Array(parts)) => {
            let whole = parts
                .iter::<Object<'_>>()
                .all(|part| part.into_stream().is_some_and(sound));
            whole.then_some(()).ok_or_else(lost)
        }
        Some(_) => Err(lost()),
    }
}

/// First `step`, then `matrix`, as PDF multiplies.
fn product(step: [f64; 6], matrix: [f64; 6]) -> [f64; 6] {
    let [a, b, c, d, e, f] = step;
    let [p, q, r, s, t, u] = matrix;
    [
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    ]
}
