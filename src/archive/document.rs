//! The file itself: PDF 1.7 as PDF/A-2u (ISO 19005-2). One page per image, the image as it came, the text layer over it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ocr::{Coding, Colour};
use pdf_writer::types::{CidFontType, FontFlags, OutputIntentSubtype, Predictor};
use pdf_writer::{Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};

use super::image::Image;
use super::metadata;
use super::text::{self, Characters, FONT, SYSTEM, Scale};
use super::{Archive, Sheet, colour, glyphless, not_shown};
use crate::clock::Millis;
use crate::digest;

const BASE_FONT: Name<'static> = Name(b"LaixinGlyphless");
const IMAGE: Name<'static> = Name(b"I");
/// A4, for a page that cannot be shown.
const A4: (f32, f32) = (595.28, 841.89);

struct Fixed {
    catalog: Ref,
    pages: Ref,
    info: Ref,
    metadata: Ref,
    profile: Ref,
    font: Ref,
    cid_font: Ref,
    descriptor: Ref,
    font_file: Ref,
    glyphs: Ref,
    unicode: Ref,
}

impl Fixed {
    fn new(next: &mut Ref) -> Self {
        Self {
            catalog: next.bump(),
            pages: next.bump(),
            info: next.bump(),
            metadata: next.bump(),
            profile: next.bump(),
            font: next.bump(),
            cid_font: next.bump(),
            descriptor: next.bump(),
            font_file: next.bump(),
            glyphs: next.bump(),
            unicode: next.bump(),
        }
    }
}

/// Writes the file. The same letter gives the same bytes.
pub(super) fn write(archive: &Archive, sheets: Vec<Sheet>) -> Vec<u8> {
    let mut next = Ref::new(1);
    let fixed = Fixed::new(&mut next);
    let size: usize = sheets
        .iter()
        .filter_map(|sheet| Some(sheet.image.as_ref()?.bytes.len()))
        .sum();
    let mut pdf = Pdf::with_capacity(size + 64 * 1024);
    let mut characters = Characters::default();
    let mut kids = Vec::new();
    for sheet in sheets {
        kids.push(page(&mut pdf, &mut next, &fixed, &sheet, &mut characters));
    }
    pdf.pages(fixed.pages)
        .count(i32::try_from(kids.len()).unwrap_or(i32::MAX))
        .kids(kids);
    font(&mut pdf, &fixed, &characters);
    catalog(&mut pdf, &fixed, archive);
    let id = digest::sha256_hex(
        archive
            .pages
            .iter()
            .map(|page| page.sha256.as_str())
            .collect::<String>()
            .as_bytes(),
    );
    let id = id.as_bytes()[..32].to_vec();
    pdf.set_file_id((id.clone(), id));
    pdf.finish()
}

fn page(
    pdf: &mut Pdf,
    next: &mut Ref,
    fixed: &Fixed,
    sheet: &Sheet,
    characters: &mut Characters,
) -> Ref {
    let (id, contents, image_id) = (next.bump(), next.bump(), next.bump());
    let (width, height) = sheet.image.as_ref().map_or(A4, Image::size_points);
    let mut content = Content::new();
    match &sheet.image {
        Some(image) => {
            content.save_state();
            content.transform(image.placed(width, height));
            content.x_object(IMAGE);
            content.restore_state();
            write_image(pdf, image_id, image);
        }
        None => {
            crossed_out(&mut content, width, height);
            let words = not_shown::image();
            let (wide, high) = not_shown::SIZE;
            let of_page = (width - 120.0) / wide;
            content.save_state();
            // The words stand on white, clear of the strokes.
            content.transform([wide * of_page, 0.0, 0.0, high * of_page, 60.0, height / 2.0]);
            content.x_object(IMAGE);
            content.restore_state();
            write_image(pdf, image_id, &words);
        }
    }
    let mut has_text = false;
    if let Some(reading) = &sheet.reading
        && !reading.lines.is_empty()
    {
        let scale = Scale {
            x: width / reading.width.max(1) as f32,
            y: height / reading.height.max(1) as f32,
            height,
        };
        text::set(&mut content, &reading.lines, scale, characters);
        has_text = true;
    }
    let packed = deflate(&content.finish().into_vec());
    pdf.stream(contents, &packed).filter(Filter::FlateDecode);

    let mut page = pdf.page(id);
    page.parent(fixed.pages)
        .media_box(Rect::new(0.0, 0.0, width, height))
        .contents(contents);
    let turned = sheet
        .reading
        .as_ref()
        .map_or(0, |reading| reading.turned_deg);
    if !turned.is_multiple_of(360) {
        // A page that lies off clockwise is shown turned back.
        page.rotate(360 - i32::from(turned % 360));
    }
    let mut resources = page.resources();
    resources.x_objects().pair(IMAGE, image_id);
    if has_text {
        resources.fonts().pair(FONT, fixed.font);
    }
    resources.finish();
    page.finish();
    id
}

/// A sheet whose original cannot be shown: its outline, struck through.
fn crossed_out(content: &mut Content, width: f32, height: f32) {
    content.set_line_width(1.5);
    content.rect(40.0, 40.0, width - 80.0, height - 80.0);
    content
        .move_to(40.0, 40.0)
        .line_to(width - 40.0, height - 40.0);
    content
        .move_to(40.0, height - 40.0)
        .line_to(width - 40.0, 40.0);
    content.stroke();
}

fn write_image(pdf: &mut Pdf, id: Ref, image: &Image) {
    let packed = &image.packed;
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let (samples, bits) = (i32::from(packed.colour.samples()), i32::from(packed.bits));
    let (width, height) = (number(packed.width), number(packed.height));
    let mut object = pdf.image_xobject(id, &image.bytes);
    object.width(width).height(height).bits_per_component(bits);
    match &packed.colour {
        Colour::Grey => object.color_space().device_gray(),
        Colour::Rgb => object.color_space().device_rgb(),
        Colour::Palette(list) => {
            let last = number(list.len() as u32 / 3) - 1;
            object.color_space().indexed(Name(b"DeviceRGB"), last, list);
        }
    }
    if packed.is_inverted {
        object.decode([1.0, 0.0]);
    }
    object.filter(match packed.coding {
        Coding::Jpeg { .. } => Filter::DctDecode,
        Coding::Jpeg2000 => Filter::JpxDecode,
        Coding::Flate { .. } => Filter::FlateDecode,
        Coding::Fax { .. } => Filter::CcittFaxDecode,
    });
    match packed.coding {
        Coding::Jpeg { is_plain_rgb: true } => {
            object.decode_parms().color_transform(false);
        }
        Coding::Flate {
            predictor: predictor @ (2 | 15),
        } => {
            let mut terms = object.decode_parms();
            terms.predictor(if predictor == 2 {
                Predictor::Tiff
            } else {
                Predictor::PngOptimum
            });
            terms
                .colors(samples)
                .bits_per_component(bits)
                .columns(width);
        }
        Coding::Fax {
            k,
            has_row_ends,
            is_aligned,
            black_is_one,
        } => {
            let mut terms = object.decode_parms();
            terms.k(k).columns(width).rows(height);
            // What follows the last row, if anything, is not looked at.
            terms.end_of_block(false).end_of_line(has_row_ends);
            terms
                .encoded_byte_align(is_aligned)
                .black_is_1(black_is_one);
        }
        Coding::Jpeg { .. } | Coding::Jpeg2000 | Coding::Flate { .. } => {}
    }
}

/// Deflated, in zlib's wrapping, as `FlateDecode` wants it.
fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed
        .write_all(bytes)
        .and_then(|()| packed.finish())
        .expect("a Vec takes every write")
}

fn font(pdf: &mut Pdf, fixed: &Fixed, characters: &Characters) {
    if characters.is_empty() {
        return;
    }
    pdf.type0_font(fixed.font)
        .base_font(BASE_FONT)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(fixed.cid_font)
        .to_unicode(fixed.unicode);
    pdf.cid_font(fixed.cid_font)
        .subtype(CidFontType::Type2)
        .base_font(BASE_FONT)
        .system_info(SYSTEM)
        .font_descriptor(fixed.descriptor)
        .default_width(f32::from(glyphless::UNITS))
        .cid_to_gid_map_stream(fixed.glyphs);
    pdf.font_descriptor(fixed.descriptor)
        .name(BASE_FONT)
        .flags(FontFlags::SYMBOLIC | FontFlags::FIXED_PITCH)
        .bbox(Rect::new(
            0.0,
            f32::from(glyphless::DESCENT),
            f32::from(glyphless::UNITS),
            f32::from(glyphless::ASCENT),
        ))
        .italic_angle(0.0)
        .ascent(f32::from(glyphless::ASCENT))
        .descent(f32::from(glyphless::DESCENT))
        .cap_height(f32::from(glyphless::ASCENT))
        .stem_v(80.0)
        .font_file2(fixed.font_file);
    let file = glyphless::font();
    let packed = deflate(&file);
    pdf.stream(fixed.font_file, &packed)
        .filter(Filter::FlateDecode)
        .pair(Name(b"Length1"), file.len() as i32);
    let packed = deflate(&characters.to_glyphs());
    pdf.stream(fixed.glyphs, &packed)
        .filter(Filter::FlateDecode);
    let packed = deflate(&characters.to_unicode());
    pdf.stream(fixed.unicode, &packed)
        .filter(Filter::FlateDecode);
}

fn catalog(pdf: &mut Pdf, fixed: &Fixed, archive: &Archive) {
    let title = archive.title();
    let packed = deflate(&colour::srgb());
    pdf.icc_profile(fixed.profile, &packed)
        .n(3)
        .filter(Filter::FlateDecode);
    // Metadata stays readable without a decoder: that is its purpose.
    let xmp = metadata::xmp(archive, &title);
    pdf.stream(fixed.metadata, &xmp)
        .pair(Name(b"Type"), Name(b"Metadata"))
        .pair(Name(b"Subtype"), Name(b"XML"));
    let made = date(archive.at);
    let producer = metadata::producer();
    pdf.document_info(fixed.info)
        .title(TextStr(&title))
        .author(TextStr(&archive.station))
        .creator(TextStr(&producer))
        .producer(TextStr(&producer))
        .creation_date(made)
        .modified_date(made);
    let mut catalog = pdf.catalog(fixed.catalog);
    catalog
        .pages(fixed.pages)
        .metadata(fixed.metadata)
        .lang(TextStr("zh-CN"));
    catalog.viewer_preferences().display_doc_title(true);
    catalog
        .output_intents()
        .push()
        .subtype(OutputIntentSubtype::PDFA)
        .output_condition_identifier(TextStr("sRGB"))
        .info(TextStr("sRGB IEC61966-2.1"))
        .dest_output_profile(fixed.profile);
    catalog.finish();
}

fn date(at: Millis) -> Date {
    let at = at.zoned();
    let minutes = at.offset().seconds() / 60;
    let small = |value: i8| u8::try_from(value).unwrap_or(0);
    Date::new(u16::try_from(at.year()).unwrap_or(0))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(i8::try_from(minutes / 60).unwrap_or(0))
        .utc_offset_minute(u8::try_from((minutes % 60).abs()).unwrap_or(0))
}
