//! Images as the page worker opens them, with limits that a small file comes to.

use std::io::Write as _;

use laixin::scan::separators::Codes;
use ocr::{DecodeError, Limits};

const LIMITS: Limits = Limits {
    side_px: 2_000,
    pixels: 1_000_000,
    pages: 20,
};
/// Pages of one file that are looked at.
const PAGES: usize = 3;

/// Everything that is done with a file of any kind.
pub(super) fn image(bytes: &[u8]) {
    assert!((1..=8).contains(&ocr::jpeg_orientation(bytes)));
    let _ = ocr::pack_jpeg(bytes);
    let counted = ocr::frames(bytes, &LIMITS);
    if let Ok(pages) = counted {
        assert!(pages <= LIMITS.pages);
        let beyond = ocr::decode_frame(bytes, pages, &LIMITS);
        assert!(beyond.is_err(), "a page behind the last");
    }
    for frame in 0..counted.unwrap_or(0).min(PAGES) {
        one_page(bytes, frame);
    }
    if let Ok(glimpse) = ocr::decode_glimpse(bytes, 64, &LIMITS) {
        assert!(glimpse.width() > 0 && glimpse.height() > 0);
        for codes in [Codes::Squares, Codes::Bars] {
            let _ = codes.said(bytes, 0);
        }
    }
}

fn one_page(bytes: &[u8], frame: usize) {
    let decoded = told(ocr::decode_frame(bytes, frame, &LIMITS));
    if let Some(page) = &decoded {
        let pixels = u64::from(page.width()) * u64::from(page.height());
        assert!(pixels <= LIMITS.pixels);
        assert_eq!(page.rgb().len() as u64, 3 * pixels);
        let _ = ocr::Sheet::of(page).map(ocr::Sheet::is_bare);
    }
    if let Some(small) = told(ocr::decode_small(bytes, frame, 40, &LIMITS)) {
        assert!(
            decoded.is_some(),
            "drawn small, and not to be decoded: {small:?}"
        );
    }
    if let Some((packed, data)) = told(ocr::pack(bytes, frame, &LIMITS)) {
        assert!(
            decoded.is_some(),
            "packed, and not to be decoded: {packed:?}"
        );
        assert!(packed.width > 0 && packed.height > 0 && !data.is_empty());
        assert!((1..=8).contains(&packed.orientation));
        serde_json::to_string(&packed).expect("it goes over the worker's socket");
    }
}

/// A refusal has its code and its words.
fn told<T>(done: Result<T, DecodeError>) -> Option<T> {
    if let Err(error) = &done {
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
    }
    done.ok()
}

/// A page whose only image is these bytes, coded as the first of them says.
pub(super) fn inside_pdf(bytes: &[u8]) {
    const FILTERS: [&str; 6] = [
        "DCTDecode",
        "JPXDecode",
        "JBIG2Decode",
        "CCITTFaxDecode",
        "FlateDecode",
        "LZWDecode",
    ];
    let [what, width, height, data @ ..] = bytes else {
        return;
    };
    let filter = FILTERS[usize::from(what % 6)];
    let parameters = match (filter, what / 6 % 4) {
        ("CCITTFaxDecode", k) => {
            let (k, columns) = ([-1, 0, 4, -1][usize::from(k)], 1 + u16::from(*width));
            format!("/DecodeParms << /K {k} /Columns {columns} /Rows {height} >>")
        }
        ("FlateDecode" | "LZWDecode", predictor @ 1..) => {
            let predictor = [1, 2, 12, 15][usize::from(predictor)];
            format!("/DecodeParms << /Predictor {predictor} /Colors 1 /Columns {width} >>")
        }
        _ => String::new(),
    };
    let bits = match (filter, what & 0x80) {
        ("JBIG2Decode" | "CCITTFaxDecode", _) => 1,
        (_, 0) => 8,
        _ => 4,
    };
    let colour = match what / 24 % 3 {
        0 => "/DeviceGray",
        1 => "/DeviceRGB",
        _ => "[/Indexed /DeviceRGB 3 <000000 ff0000 00ff00 ffffff>]",
    };
    let colour = if bits == 1 { "/DeviceGray" } else { colour };
    let image = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent {bits} /ColorSpace {colour} /Filter /{filter} {parameters}"
    );
    image_in(&image, data);
}

fn image_in(dictionary: &str, data: &[u8]) {
    let draw = b"q 100 0 0 100 0 0 cm /I Do Q";
    let objects: [(String, Option<&[u8]>); 5] = [
        ("/Type /Catalog /Pages 2 0 R".into(), None),
        ("/Type /Pages /Kids [3 0 R] /Count 1".into(), None),
        (
            "/Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 5 0 R /Resources << /XObject << /I 4 0 R >> >>".into(),
            None,
        ),
        (dictionary.into(), Some(data)),
        (String::new(), Some(draw)),
    ];
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (number, (dictionary, stream)) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        let length = stream.map_or(String::new(), |data| format!("/Length {}", data.len()));
        file.extend(format!("{number} 0 obj\n<< {dictionary} {length} >>\n").bytes());
        if let Some(data) = stream {
            file.extend([b"stream\n", *data, b"\nendstream\n"].concat());
        }
        file.extend(b"endobj\n");
    }
    let at = file.len();
    file.extend(
        format!("xref\n0 6\n{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n")
            .bytes(),
    );
    image(&file);
}

/// Pixels a module is wide.
const MODULE: usize = 4;
const QUIET: usize = 40;

/// Squares out of modules, a bit each, or bars out of runs, a byte each: an image that is sound, with whatever on it.
pub(super) fn codes(bytes: &[u8]) {
    let Some((what, drawn)) = bytes.split_first() else {
        return;
    };
    let (width, height, pixels, codes) = match what & 1 {
        0 => squares(*what, drawn),
        _ => bars(drawn),
    };
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::NoCompression);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    let said = codes.said(&file, 0).expect("a sound image is decoded");
    let read = laixin::scan::separators::face(&said.codes);
    let of_bars = laixin::domain::mail_number::face_of(&said.codes, said.has_unread_bars);
    // Whatever they say goes into a record by its debug form at most.
    assert!(!format!("{read:?}{of_bars:?}").is_empty());
}

fn squares(what: u8, drawn: &[u8]) -> (usize, usize, Vec<u8>, Codes) {
    let modules = 21 + 4 * usize::from(what / 2 % 4);
    let side = modules * MODULE + 2 * QUIET;
    let mut pixels = vec![255; side * side];
    let mut is_dark = |x: usize, y: usize| {
        for row in 0..MODULE {
            let at = (QUIET + y * MODULE + row) * side + QUIET + x * MODULE;
            pixels[at..at + MODULE].fill(0);
        }
    };
    for at in 0..modules * modules {
        if drawn
            .get(at / 8)
            .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
        {
            is_dark(at % modules, at / modules);
        }
    }
    // The three corners that a square is found by.
    if what & 0x80 == 0 {
        for (left, top) in [(0, 0), (modules - 7, 0), (0, modules - 7)] {
            for (x, y) in (0_usize..49).map(|at| (at % 7, at / 7)) {
                let from_middle = x.abs_diff(3).max(y.abs_diff(3));
                if from_middle != 2 {
                    is_dark(left + x, top + y);
                }
            }
        }
    }
    (side, side, pixels, Codes::Squares)
}

fn bars(drawn: &[u8]) -> (usize, usize, Vec<u8>, Codes) {
    const HEIGHT: usize = 72;
    let mut row = vec![255; QUIET];
    for (at, run) in drawn.iter().take(400).enumerate() {
        let shade = if at % 2 == 0 {
            run & 0x70
        } else {
            255 - (run & 0x70)
        };
        row.extend(vec![shade; 2 + 2 * usize::from(run & 3)]);
    }
    row.extend(vec![255; QUIET]);
    let paper = vec![255; row.len()];
    let rows = (0..HEIGHT).map(|y| {
        if (8..HEIGHT - 8).contains(&y) {
            &row
        } else {
            &paper
        }
    });
    let pixels = rows.flatten().copied().collect();
    (row.len(), HEIGHT, pixels, Codes::Bars)
}

/// Whether a file is whole is asked of a file.
pub(super) fn whole(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new_in(super::wires::quick_folder()).expect("a file");
    file.write_all(bytes).expect("written");
    let verdict = scanner::complete::inspect(file.path());
    if let scanner::complete::Verdict::Complete(scanner::Shape::Tiff { frames }) = verdict {
        assert!(!frames.is_empty() && frames.is_sorted());
    }
}
