//! Every kind of original in the archive file: what another program takes out are the original's samples, and the index says how they got in.

use std::path::Path;
use std::process::Command;

use laixin::store::Role;
use ocr::{Limits, Page, decode_frame};

use super::archive::{Sheet, fetch, letter, project};
use super::house::House;

const ORIGINAL: &str = "original bytes";
const LOSSLESS: &str = "lossless, same samples packed anew";
const DERIVATIVE: &str = "derivative, original kept in the station";

/// Files of the reader's samples, how each gets in, and how far another decoder's samples may be off: no farther than rounding.
const SAMPLES: [(&str, &str, u8); 29] = [
    ("bars.png", ORIGINAL, 0),
    ("deep.png", ORIGINAL, 0),
    ("interlaced.png", LOSSLESS, 0),
    ("bilevel_group3.tif", ORIGINAL, 0),
    ("bilevel_group3_2d.tif", ORIGINAL, 0),
    ("bilevel_group4.tif", ORIGINAL, 0),
    ("bilevel_tiff_ccitt.tif", ORIGINAL, 0),
    ("strips_group4.tif", LOSSLESS, 0),
    ("rgb_raw.tif", LOSSLESS, 0),
    ("rgb_tiff_lzw.tif", LOSSLESS, 0),
    ("rgb_packbits.tif", LOSSLESS, 0),
    ("rgb_tiff_adobe_deflate.tif", LOSSLESS, 0),
    ("rgb_16.tif", LOSSLESS, 0),
    ("big_endian.tif", LOSSLESS, 0),
    ("bigtiff.tif", LOSSLESS, 0),
    ("tiled.tif", LOSSLESS, 0),
    ("grey.tif", LOSSLESS, 0),
    ("rgb_jpeg.tif", LOSSLESS, 1),
    ("ycc_jpeg.tif", LOSSLESS, 1),
    ("ycc_strips_jpeg.tif", LOSSLESS, 1),
    ("tiled_jpeg.tif", DERIVATIVE, 8),
    ("cmyk.tif", DERIVATIVE, 8),
    ("cmyk.jpg", DERIVATIVE, 8),
    ("grey.jpg", ORIGINAL, 1),
    ("progressive.jpg", ORIGINAL, 1),
    ("scan_jpeg.pdf", ORIGINAL, 1),
    ("scan_fax.pdf", ORIGINAL, 0),
    ("scan_flate.pdf", ORIGINAL, 0),
    ("drawn.pdf", DERIVATIVE, 8),
];

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(project("drivers/ocr/tests/samples").join(name)).unwrap()
}

/// Writes the archive file of a letter with these pages.
fn archived(house: &House, id: &str, originals: &[Vec<u8>]) -> (Vec<u8>, std::path::PathBuf) {
    let officer = house.person(&format!("officer-{id}"), Role::ConfirmingOfficer);
    let sheets: Vec<Sheet<'_>> = originals
        .iter()
        .map(|bytes| Sheet {
            kind: "letter",
            bytes,
            frame: 0,
            reading: None,
        })
        .collect();
    letter(house, id, &sheets);
    fetch(house, &officer, id)
}

/// The images, in order, as poppler decodes them: width, height and RGB of 8 bits.
fn taken_out(file: &Path, count: usize) -> Vec<(u32, u32, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new("pdfimages")
        .arg("-png")
        .arg(file)
        .arg(folder.path().join("i"))
        .status()
        .unwrap();
    assert!(done.success());
    let image = |at: usize| {
        let bytes = std::fs::read(folder.path().join(format!("i-{at:03}.png"))).unwrap();
        let page = decode_frame(&bytes, 0, &Limits::default()).unwrap();
        (page.width(), page.height(), page.rgb().to_vec())
    };
    (0..count).map(image).collect()
}

/// How the metadata say each page's image got in.
fn said(pdf: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(pdf);
    let list = text.split("<laixin:originals>").nth(1).unwrap();
    let list = list.split("</laixin:originals>").next().unwrap();
    let how = |page: &str| page.split_once(": ").unwrap().1.to_owned();
    list.split("; ").map(how).collect()
}

fn assert_same(name: &str, found: &(u32, u32, Vec<u8>), page: &Page, tolerance: u8) {
    assert_eq!((found.0, found.1), (page.width(), page.height()), "{name}");
    let far = found.2.iter().zip(page.rgb());
    let most = far.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(most <= tolerance, "{name}: off by {most}");
}

#[test]
fn every_kind_of_original_comes_out_of_the_archive_with_its_own_samples() {
    let house = House::new();
    let originals: Vec<Vec<u8>> = SAMPLES.iter().map(|(name, ..)| sample(name)).collect();
    let (pdf, file) = archived(&house, "K1", &originals);
    let how = said(&pdf);
    let images = taken_out(&file, SAMPLES.len());
    for (at, (name, due, tolerance)) in SAMPLES.iter().enumerate() {
        assert_eq!(how[at], *due, "{name}");
        let page = decode_frame(&originals[at], 0, &Limits::default()).unwrap();
        assert_same(name, &images[at], &page, *tolerance);
    }
}

fn png(kind: png::ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 64, 48);
    encoder.set_color(kind);
    encoder.set_depth(depth);
    if kind == png::ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 200, 30, 30, 30, 200, 30, 255, 255, 255]);
    }
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: 11_811,
        yppu: 11_811,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn scans_of_sane_are_originals_in_the_archive() {
    use png::BitDepth::{Eight, One, Sixteen, Two};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let house = House::new();
    let bytes = |count: usize| -> Vec<u8> { (0..count).map(|at| (at * 37 % 251) as u8).collect() };
    let mut opaque = bytes(64 * 48 * 4);
    opaque.iter_mut().skip(3).step_by(4).for_each(|a| *a = 255);
    let originals = vec![
        png(Grayscale, One, &bytes(8 * 48)),
        png(Grayscale, Eight, &bytes(64 * 48)),
        png(Grayscale, Sixteen, &bytes(64 * 48 * 2)),
        png(Rgb, Eight, &bytes(64 * 48 * 3)),
        png(Rgb, Sixteen, &bytes(64 * 48 * 6)),
        png(Indexed, Two, &bytes(16 * 48)),
        png(Rgba, Eight, &opaque),
        png(GrayscaleAlpha, Eight, &bytes(64 * 48 * 2)),
    ];
    let (pdf, file) = archived(&house, "S1", &originals);
    let mut due = vec![ORIGINAL; 6];
    due.extend([LOSSLESS, DERIVATIVE]);
    assert_eq!(said(&pdf), due);
    let images = taken_out(&file, originals.len());
    for (at, original) in originals.iter().enumerate() {
        let page = decode_frame(original, 0, &Limits::default()).unwrap();
        // Of 16 bits, poppler rounds to 8 where we take the high byte.
        let tolerance = match at {
            2 | 4 => 1,
            7 => 24,
            _ => 0,
        };
        assert_same(&at.to_string(), &images[at], &page, tolerance);
    }
    // The data go in as they came.
    let start = originals[3].windows(4).position(|w| w == b"IDAT").unwrap() + 4;
    let length = u32::from_be_bytes(originals[3][start - 8..start - 4].try_into().unwrap());
    let data = &originals[3][start..start + length as usize];
    assert!(pdf.windows(data.len()).any(|window| window == data));
    // 64 × 48 pixels at 300 dpi.
    assert_eq!(sizes(&file, 1), [(15.36, 11.52)]);
}

#[test]
fn jpeg_2000_in_a_pdf_goes_in_as_it_came() {
    let house = House::new();
    let original = sample("scan_jpx.pdf");
    let (pdf, _) = archived(&house, "J1", std::slice::from_ref(&original));
    assert_eq!(said(&pdf), [ORIGINAL]);
    let start = original.windows(4).position(|w| w == b"jP  ").unwrap() - 4;
    let data = &original[start..][..200];
    assert!(pdf.windows(data.len()).any(|window| window == data));
}

/// Width and height of the first pages, points.
fn sizes(file: &Path, count: u32) -> Vec<(f32, f32)> {
    let told = Command::new("pdfinfo")
        .args(["-f", "1", "-l", &count.to_string()])
        .arg(file)
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let size = |line: &str| {
        let mut words = line.split_once("size:")?.1.split_whitespace();
        let width = words.next()?.parse().ok()?;
        Some((width, words.nth(1)?.parse().ok()?))
    };
    let pages = told.lines().filter(|line| line.starts_with("Page "));
    pages.filter_map(size).collect()
}

#[test]
fn a_page_is_as_large_as_its_file_says_and_200_dpi_where_it_says_nothing() {
    let house = House::new();
    let names = [
        "strips_group4.tif",
        "ycc_jpeg.tif",
        "scan_flate.pdf",
        "bars.png",
    ];
    let originals: Vec<Vec<u8>> = names.iter().map(|name| sample(name)).collect();
    let (_, file) = archived(&house, "D1", &originals);
    let near = |points: f32| (points * 10.0).round() / 10.0;
    let found: Vec<_> = sizes(&file, 4)
        .into_iter()
        .map(|(width, height)| (near(width), near(height)))
        .collect();
    // 204 × 98 dots per inch; 118.11 per centimetre; a page of 96 × 64 points; nothing said.
    assert_eq!(
        found,
        [(33.9, 47.0), (23.0, 15.4), (96.0, 64.0), (34.6, 23.0)]
    );
}

#[test]
fn a_tiff_or_pdf_page_that_lies_on_its_side_is_turned_by_the_page_not_by_its_samples() {
    let house = House::new();
    let names = [
        "orientation_3.tif",
        "orientation_6.tif",
        "rotated.pdf",
        "exif_6.jpg",
    ];
    let originals: Vec<Vec<u8>> = names.iter().map(|name| sample(name)).collect();
    let (pdf, file) = archived(&house, "T1", &originals);
    assert_eq!(said(&pdf), [LOSSLESS, LOSSLESS, ORIGINAL, ORIGINAL]);
    let folder = tempfile::tempdir().unwrap();
    for (n, original) in (1..).zip(&originals) {
        let page = decode_frame(original, 0, &Limits::default()).unwrap();
        let number = n.to_string();
        let drawn = Command::new("pdftoppm")
            .args(["-png", "-f", &number, "-l", &number, "-scale-to-x"])
            .arg(page.width().to_string())
            .arg("-scale-to-y")
            .arg(page.height().to_string())
            .arg(&file)
            .arg(folder.path().join(&number))
            .status()
            .unwrap();
        assert!(drawn.success());
        let shown = std::fs::read(folder.path().join(format!("{n}-{n}.png"))).unwrap();
        let shown = decode_frame(&shown, 0, &Limits::default()).unwrap();
        assert_eq!(
            (shown.width(), shown.height()),
            (page.width(), page.height())
        );
        // The middle of each of the four bars, whichever way they run.
        let (w, h) = (page.width() as usize, page.height() as usize);
        for at in (0..4).map(|bar| (2 * bar + 1) * w.max(h) / 8) {
            let (x, y) = if w > h { (at, h / 2) } else { (w / 2, at) };
            let place = (y * w + x) * 3;
            let colours = |page: &Page| page.rgb()[place..place + 3].to_vec();
            let far = colours(&shown).into_iter().zip(colours(&page));
            assert!(
                far.into_iter().all(|(a, b)| a.abs_diff(b) < 12),
                "{} at {at}",
                names[n - 1]
            );
        }
    }
}
