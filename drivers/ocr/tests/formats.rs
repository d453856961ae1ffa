//! Formats scanners write, from writers that are not ours (`samples/README.md`): every picture comes out the same, every trap has its error.

#[expect(dead_code, reason = "the other test files use the rest")]
mod support;

use ocr::{DecodeError, Limits, MediaType, Page, decode, decode_frame, frames};
use support::{colour_bars, is_black};

const WIDTH: usize = 96;
const HEIGHT: usize = 64;

fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/");
    std::fs::read(format!("{folder}{name}")).expect("a sample of that name")
}

fn only_page(name: &str) -> Page {
    let mut pages =
        decode(&sample(name), &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    assert_eq!(pages.len(), 1, "{name}");
    pages.remove(0)
}

fn refused(name: &str) -> DecodeError {
    match decode(&sample(name), &Limits::default()) {
        Err(error) => error,
        Ok(pages) => panic!("{name} gave {} pages", pages.len()),
    }
}

/// The four bars, whatever became of their edges on the way.
fn shows_bars(name: &str, tolerance: u8) {
    let page = only_page(name);
    assert_eq!((page.width(), page.height()), (96, 64), "{name}");
    like(name, &page, &colour_bars(WIDTH, HEIGHT), tolerance);
}

/// The same colours in the middle of each bar; with no tolerance, everywhere.
fn like(name: &str, page: &Page, expected: &[u8], tolerance: u8) {
    for (at, (found, due)) in page.rgb().iter().zip(expected).enumerate() {
        let x = at / 3 % WIDTH;
        let in_the_middle = (8..16).contains(&(x % 24));
        assert!(
            found.abs_diff(*due) <= tolerance || tolerance > 0 && !in_the_middle,
            "{name}: {found} for {due} at x {x}, row {}",
            at / 3 / WIDTH
        );
    }
}

#[test]
fn every_compression_and_layout_of_tiff_shows_the_same_picture() {
    for name in [
        "rgb_raw.tif",
        "rgb_tiff_lzw.tif",
        "rgb_packbits.tif",
        "rgb_tiff_adobe_deflate.tif",
        "rgb_16.tif",
        "tiled.tif",
        "big_endian.tif",
        "bigtiff.tif",
    ] {
        shows_bars(name, 0);
    }
    for name in ["rgb_jpeg.tif", "tiled_jpeg.tif"] {
        shows_bars(name, 40);
    }
}

#[test]
fn the_colours_of_a_palette_are_shown() {
    for name in [
        "palette_lzw.tif",
        "palette_deflate.tif",
        "palette_raw.tif",
        "palette_4.tif",
        "palette_motorola.tif",
    ] {
        shows_bars(name, 0);
        let (packed, _) = ocr::pack(&sample(name), 0, &Limits::default()).unwrap();
        assert_eq!(packed.fidelity, ocr::Fidelity::Lossless, "{name}");
    }
    let pages = decode(&sample("palette_pages.tif"), &Limits::default()).unwrap();
    let [bars, two] = &pages[..] else {
        panic!("{} pages", pages.len())
    };
    like("palette_pages.tif", bars, &colour_bars(WIDTH, HEIGHT), 0);
    let expected: Vec<u8> = (0..WIDTH * HEIGHT)
        .flat_map(|at| match is_black(at % WIDTH, at / WIDTH) {
            true => [30, 30, 220],
            false => [250, 250, 250],
        })
        .collect();
    like("palette_1", two, &expected, 0);
}

#[test]
fn a_palette_that_is_too_short_is_damage() {
    assert!(matches!(
        refused("palette_short.tif"),
        DecodeError::Damaged { .. }
    ));
}

#[test]
fn a_file_that_ends_early_says_so_once_and_in_plain_words() {
    for (name, keep) in [
        ("palette_lzw.tif", 60),
        ("rgb_raw.tif", 200),
        ("grey.tif", 20),
    ] {
        let whole = sample(name);
        let error = decode(&whole[..keep.min(whole.len())], &Limits::default()).unwrap_err();
        let mut said = vec![error.to_string()];
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            said.push(error.to_string());
            cause = error.source();
        }
        let said = said.join(": ");
        assert_eq!(
            said, "image/tiff data are cut short or damaged: the file ends before its data do",
            "{name}"
        );
    }
    let other = decode(b"BM\0\0\0\0\0\0", &Limits::default()).unwrap_err();
    assert_eq!(other.to_string(), "not a JPEG, PNG, TIFF or PDF file");
}

#[test]
fn ink_and_grey_become_rgb() {
    shows_bars("cmyk.tif", 3);
    shows_bars("cmyk.jpg", 40);
    for (name, tolerance) in [("grey.tif", 2), ("grey.jpg", 10)] {
        let page = only_page(name);
        let grey = |p: &[u8]| {
            (f32::from(p[0]) * 0.299 + f32::from(p[1]) * 0.587 + f32::from(p[2]) * 0.114) as u8
        };
        let expected: Vec<u8> = colour_bars(WIDTH, HEIGHT)
            .chunks(3)
            .flat_map(|p| [grey(p); 3])
            .collect();
        like(name, &page, &expected, tolerance);
    }
}

#[test]
fn every_fax_coding_is_black_where_it_is_black() {
    for name in [
        "bilevel_group3.tif",
        "bilevel_group3_2d.tif",
        "bilevel_group4.tif",
        "bilevel_tiff_ccitt.tif",
        "scan_fax.pdf",
    ] {
        let page = only_page(name);
        assert_eq!((page.width(), page.height()), (96, 64), "{name}");
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let expected = if is_black(x, y) { 0 } else { 255 };
                assert_eq!(
                    page.rgb()[(y * WIDTH + x) * 3],
                    expected,
                    "{name} at ({x}, {y})"
                );
            }
        }
    }
}

#[test]
fn a_fax_cut_short_is_refused() {
    for name in [
        "bilevel_group3.tif",
        "bilevel_group4.tif",
        "bilevel_tiff_ccitt.tif",
    ] {
        let mut bytes = sample(name);
        // The data of these files lie between header and directory: a piece of them turned into zeros.
        let start = 40;
        bytes[start..start + 24].fill(0);
        assert!(
            matches!(
                decode(&bytes, &Limits::default()),
                Err(DecodeError::Damaged { .. })
            ),
            "{name}"
        );
    }
}

#[test]
fn pages_of_jpeg_in_tiff_are_all_there() {
    let bytes = sample("pages_jpeg.tif");
    assert_eq!(frames(&bytes, &Limits::default()).unwrap(), 3);
    let mirrored: Vec<u8> = (0..HEIGHT)
        .flat_map(|_| {
            let row = colour_bars(WIDTH, 1);
            row.rchunks(3).flat_map(<[u8]>::to_vec).collect::<Vec<_>>()
        })
        .collect();
    let straight = colour_bars(WIDTH, HEIGHT);
    for (frame, expected) in [&straight, &mirrored, &straight].into_iter().enumerate() {
        let page = decode_frame(&bytes, frame, &Limits::default()).unwrap();
        like("pages_jpeg.tif", &page, expected, 40);
    }
    assert!(matches!(
        decode_frame(&bytes, 3, &Limits::default()),
        Err(DecodeError::NoSuchFrame { frame: 3 })
    ));
}

#[test]
fn what_is_stored_turned_is_shown_upright() {
    shows_bars("orientation_3.tif", 0);
    shows_bars("orientation_6.tif", 0);
    shows_bars("exif_6.jpg", 12);
}

#[test]
fn other_kinds_of_jpeg_and_png() {
    shows_bars("progressive.jpg", 12);
    shows_bars("deep.png", 0);
    shows_bars("interlaced.png", 0);
}

#[test]
fn a_scanned_pdf_page_is_its_image() {
    for name in ["scan_jpeg.pdf", "hidden_text.pdf", "owner_password.pdf"] {
        shows_bars(name, 12);
    }
    shows_bars("scan_flate.pdf", 0);
    assert_eq!(only_page("scan_jpeg.pdf").media_type(), MediaType::Pdf);
    let turned = only_page("rotated.pdf");
    assert_eq!((turned.width(), turned.height()), (64, 96));
    let (first, last) = (&turned.rgb()[..3], &turned.rgb()[turned.rgb().len() - 3..]);
    assert!(
        first[0] > 200 && first[1] < 60 && last[1] > 200,
        "red is up, white is down"
    );
}

/// The same pixels as the JPEG gives that was put into the PDF.
#[test]
fn the_image_in_a_pdf_is_taken_as_it_is() {
    let bytes = sample("scan_jpeg.pdf");
    let start = bytes
        .windows(3)
        .position(|w| w == [0xFF, 0xD8, 0xFF])
        .unwrap();
    let end = bytes.windows(2).rposition(|w| w == [0xFF, 0xD9]).unwrap() + 2;
    let jpeg = decode(&bytes[start..end], &Limits::default()).unwrap();
    assert_eq!(only_page("scan_jpeg.pdf").rgb(), jpeg[0].rgb());
}

#[test]
fn every_pdf_page_is_a_frame_however_its_objects_are_packed() {
    for name in ["scan_pages.pdf", "packed_objects.pdf", "linearised.pdf"] {
        let bytes = sample(name);
        assert_eq!(frames(&bytes, &Limits::default()).unwrap(), 3, "{name}");
        for frame in 0..3 {
            let page = decode_frame(&bytes, frame, &Limits::default()).unwrap();
            assert_eq!((page.width(), page.height()), (96, 64), "{name} {frame}");
            let red_left = page.rgb()[0] > 200 && page.rgb()[1] < 60;
            assert_eq!(red_left, frame != 1, "{name} {frame}");
        }
        assert!(matches!(
            decode_frame(&bytes, 3, &Limits::default()),
            Err(DecodeError::NoSuchFrame { frame: 3 })
        ));
    }
    let two = Limits {
        pages: 2,
        ..Limits::default()
    };
    assert!(matches!(
        frames(&sample("scan_pages.pdf"), &two),
        Err(DecodeError::TooManyPages { limit: 2 })
    ));
}

#[test]
fn a_page_that_is_more_than_one_image_is_drawn() {
    let page = only_page("two_images.pdf");
    // 96 × 64 points at 300 dpi.
    assert_eq!((page.width(), page.height()), (400, 266));
    let at = |x: usize, y: usize| {
        let at = (y * page.width() as usize + x) * 3;
        [page.rgb()[at], page.rgb()[at + 1], page.rgb()[at + 2]]
    };
    for (bar, x) in [50, 150, 250, 350].into_iter().enumerate() {
        let due = &colour_bars(WIDTH, 1)[bar * 24 * 3 + 30..bar * 24 * 3 + 33];
        let found = at(x, 133);
        let far = found.iter().zip(due).any(|(a, b)| a.abs_diff(*b) > 20);
        assert!(!far, "bar {bar}: {found:?} for {due:?}");
    }
    let drawn = only_page("drawn.pdf");
    assert_eq!(&drawn.rgb()[..3], [255, 0, 0]);
    assert_eq!(&drawn.rgb()[drawn.rgb().len() - 3..], [0, 0, 255]);
}

#[test]
fn pdf_traps_are_told_by_their_code() {
    let due = [
        ("password.pdf", "encrypted"),
        ("cut_jpeg.pdf", "damaged"),
        ("cut_jpeg_drawn.pdf", "damaged"),
        ("short_flate.pdf", "damaged"),
        ("huge_image.pdf", "too_large"),
        ("lost_page.pdf", "damaged"),
    ];
    for (name, code) in due {
        let error = refused(name);
        assert_eq!(error.code(), code, "{name}: {error:?}");
    }
}

#[test]
fn glyphs_of_a_font_that_is_not_in_the_pdf_are_refused_and_latin_letters_are_drawn() {
    assert_eq!(refused("missing_font.pdf").code(), "unsupported_image");
    let page = only_page("latin_font.pdf");
    let dark = page.rgb().iter().filter(|value| **value < 128).count();
    assert!(dark > 1000, "{dark} dark samples");
}

#[test]
fn a_pdf_cut_short_anywhere_is_refused() {
    for name in ["scan_pages.pdf", "packed_objects.pdf", "linearised.pdf"] {
        let whole = sample(name);
        let end = whole.windows(5).rposition(|w| w == b"%%EOF").unwrap() + 5;
        for cut in (0..end).step_by(37).chain(end - 6..end) {
            let error = decode(&whole[..cut], &Limits::default()).expect_err("cut short");
            assert!(
                matches!(error.code(), "damaged" | "empty" | "not_an_image"),
                "{name} cut at {cut}: {error:?}"
            );
        }
    }
}
