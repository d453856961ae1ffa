//! Files a scanner folder may hold: every fault has its own error, every page of a sound file is there.

mod support;

use ocr::{DecodeError, Limits, MediaType, decode, decode_small};
use support::{Encoding, TiffPage, colour_bars, jpeg, png_header, tiff};

fn refused(bytes: &[u8]) -> DecodeError {
    decode(bytes, &Limits::default()).expect_err("must be refused")
}

#[test]
fn a_sound_jpeg_gives_its_page() {
    let pages = decode(&jpeg(64, 48), &Limits::default()).unwrap();
    assert_eq!(
        (pages.len(), pages[0].width(), pages[0].height()),
        (1, 64, 48)
    );
    assert_eq!(pages[0].media_type(), MediaType::Jpeg);
    support::assert_like(&pages[0], &colour_bars(64, 48), 12);
}

#[test]
fn truncated_jpeg_is_refused() {
    let whole = jpeg(640, 480);
    for share in [3, 50, 90, 99] {
        let cut = &whole[..whole.len() * share / 100];
        assert!(
            matches!(
                refused(cut),
                DecodeError::Damaged {
                    format: "image/jpeg",
                    ..
                }
            ),
            "{share} %"
        );
    }
    let without_end = &whole[..whole.len() - 2];
    assert!(
        matches!(refused(without_end), DecodeError::Damaged { .. }),
        "no end marker"
    );
}

#[test]
fn jpeg_with_a_damaged_middle_is_refused() {
    let mut bytes = jpeg(640, 480);
    let middle = bytes.len() / 2;
    // A marker where entropy-coded data should be.
    bytes[middle..middle + 2].copy_from_slice(&[0xFF, 0xC4]);
    assert!(matches!(refused(&bytes), DecodeError::Damaged { .. }));
}

#[test]
fn a_small_picture_is_of_the_size_asked_for_and_shows_the_same() {
    let limits = Limits::default();
    for (at_least, (width, height)) in [(1, (80, 60)), (81, (160, 120)), (700, (640, 480))] {
        let small = decode_small(&jpeg(640, 480), 0, at_least, &limits).unwrap();
        assert_eq!((small.width(), small.height()), (width, height));
        let expected = colour_bars(width as usize, height as usize);
        support::assert_like(&small, &expected, 12);
    }
    let turned = include_bytes!("samples/exif_6.jpg");
    let whole = decode(turned, &limits).unwrap().remove(0);
    let small = decode_small(turned, 0, 1, &limits).unwrap();
    let upright = |page: &ocr::Page| page.height() > page.width();
    assert_eq!(upright(&small), upright(&whole), "EXIF counts there too");
}

#[test]
fn what_is_damaged_is_no_small_picture_either() {
    let whole = jpeg(640, 480);
    let mut hit = whole.clone();
    let middle = hit.len() / 2;
    hit[middle..middle + 2].copy_from_slice(&[0xFF, 0xC4]);
    let half = whole[..whole.len() / 2].to_vec();
    let without_end = whole[..whole.len() - 2].to_vec();
    for bytes in [hit, half, without_end] {
        let small = decode_small(&bytes, 0, 40, &Limits::default());
        assert!(
            matches!(small, Err(DecodeError::Damaged { .. })),
            "{small:?}"
        );
    }
    let missing = decode_small(&whole, 1, 40, &Limits::default());
    assert!(matches!(
        missing,
        Err(DecodeError::NoSuchFrame { frame: 1 })
    ));
}

#[test]
fn zero_byte_file_is_refused() {
    assert!(matches!(refused(b""), DecodeError::Empty));
}

#[test]
fn text_named_jpg_is_refused_by_its_bytes() {
    let DecodeError::NotAnImage { first } = refused("来信人：".as_bytes()) else {
        panic!("wrong error")
    };
    assert_eq!(first.len(), 8);
}

#[test]
fn a_png_named_jpg_is_read_as_what_it_is() {
    let mut bytes = Vec::new();
    let pixels = colour_bars(40, 30);
    image::ImageEncoder::write_image(
        image::codecs::png::PngEncoder::new(&mut bytes),
        &pixels,
        40,
        30,
        image::ExtendedColorType::Rgb8,
    )
    .unwrap();
    let pages = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(pages[0].media_type(), MediaType::Png);
    assert_eq!(pages[0].rgb(), pixels);
}

#[test]
fn truncated_png_is_refused() {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::write_image(
        encoder,
        &colour_bars(400, 300),
        400,
        300,
        image::ExtendedColorType::Rgb8,
    )
    .unwrap();
    assert!(matches!(
        refused(&bytes[..bytes.len() / 2]),
        DecodeError::Damaged {
            format: "image/png",
            ..
        }
    ));
}

#[test]
fn transparent_pixels_are_paper() {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::write_image(
        encoder,
        &[0, 0, 0, 0, 0, 0, 0, 255],
        2,
        1,
        image::ExtendedColorType::Rgba8,
    )
    .unwrap();
    assert_eq!(
        decode(&bytes, &Limits::default()).unwrap()[0].rgb(),
        [255, 255, 255, 0, 0, 0]
    );
}

/// The file is 45 bytes; the refusal must come from the header, as there is nothing else.
#[test]
fn huge_png_is_refused_before_allocation() {
    let DecodeError::TooLarge {
        width,
        height,
        side_limit_px,
        ..
    } = refused(&png_header(20_000, 20_000))
    else {
        panic!("wrong error")
    };
    assert_eq!((width, height), (20_000, 20_000));
    assert!(side_limit_px < 20_000);
    assert!(
        matches!(
            refused(&png_header(14_000, 14_000)),
            DecodeError::TooLarge { .. }
        ),
        "by its area"
    );
}

#[test]
fn huge_tiff_is_refused_before_allocation() {
    let mut page = TiffPage::new(8, 8, Encoding::Grey);
    page.claimed = Some((60_000, 60_000));
    assert!(matches!(
        refused(&tiff(&[page])),
        DecodeError::TooLarge { width: 60_000, .. }
    ));
}

#[test]
fn multi_page_tiff_gives_every_page() {
    let file = tiff(&[
        TiffPage::new(40, 30, Encoding::Rgb),
        TiffPage::new(50, 20, Encoding::Grey),
        TiffPage::new(33, 17, Encoding::Group4),
        TiffPage::new(64, 48, Encoding::Jpeg),
    ]);
    let pages = decode(&file, &Limits::default()).unwrap();
    let sizes: Vec<_> = pages.iter().map(|p| (p.width(), p.height())).collect();
    assert_eq!(sizes, [(40, 30), (50, 20), (33, 17), (64, 48)]);
    assert!(pages.iter().all(|p| p.media_type() == MediaType::Tiff));
    assert_eq!(pages[0].rgb(), colour_bars(40, 30));
}

#[test]
fn group_4_black_is_black() {
    let pages = decode(
        &tiff(&[TiffPage::new(33, 17, Encoding::Group4)]),
        &Limits::default(),
    )
    .unwrap();
    for y in 0..17 {
        for x in 0..33 {
            let expected = if support::is_black(x, y) { 0 } else { 255 };
            assert_eq!(pages[0].rgb()[(y * 33 + x) * 3], expected, "({x}, {y})");
        }
    }
}

#[test]
fn jpeg_in_tiff_keeps_its_colours() {
    for encoding in [
        Encoding::Jpeg,
        Encoding::JpegWithTables,
        Encoding::JpegStrips,
    ] {
        let pages = decode(
            &tiff(&[TiffPage::new(64, 48, encoding)]),
            &Limits::default(),
        )
        .unwrap();
        support::assert_like(&pages[0], &colour_bars(64, 48), 12);
    }
}

#[test]
fn truncated_jpeg_in_tiff_is_refused() {
    let mut page = TiffPage::new(640, 480, Encoding::Jpeg);
    page.keep_percent = 50;
    assert!(matches!(
        refused(&tiff(&[page])),
        DecodeError::Damaged {
            format: "image/tiff",
            ..
        }
    ));
}

#[test]
fn truncated_tiff_is_refused_whole() {
    let mut second = TiffPage::new(640, 480, Encoding::Rgb);
    second.keep_percent = 50;
    assert!(matches!(
        refused(&tiff(&[TiffPage::new(40, 30, Encoding::Rgb), second])),
        DecodeError::Damaged { .. }
    ));
}

#[test]
fn too_many_pages_are_refused() {
    let pages: Vec<_> = (0..4)
        .map(|_| TiffPage::new(8, 8, Encoding::Grey))
        .collect();
    let limits = Limits {
        pages: 3,
        ..Limits::default()
    };
    assert!(matches!(
        decode(&tiff(&pages), &limits),
        Err(DecodeError::TooManyPages { limit: 3 })
    ));
}

/// A PDF that says how many pages it has and lists one page so many times.
fn pdf_of(promised: usize, listed: usize) -> Vec<u8> {
    let kids = "3 0 R ".repeat(listed);
    let objects = [
        "1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n".to_owned(),
        format!("2 0 obj <</Type /Pages /Count {promised} /Kids [{kids}]>> endobj\n"),
        "3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>> endobj\n".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = "xref\n0 4\n0000000000 65535 f \n".to_owned();
    for object in &objects {
        table += &format!("{:010} 00000 n \n", file.len());
        file += object;
    }
    let at = file.len();
    file += &format!("{table}trailer <</Size 4 /Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n");
    file.into_bytes()
}

/// It was held as damaged: the library leaves out a page that comes again.
#[test]
fn a_pdf_of_thirty_thousand_pages_has_too_many_of_them_and_is_not_called_damaged() {
    for listed in [30_000, 1] {
        let told = refused(&pdf_of(30_000, listed));
        assert!(
            matches!(told, DecodeError::TooManyPages { limit: 200 }),
            "{listed}: {told:?}"
        );
    }
    assert!(matches!(
        refused(&pdf_of(3, 1)),
        DecodeError::Damaged { .. }
    ));
}

#[test]
fn no_prefix_of_a_file_panics() {
    let files = [
        jpeg(32, 32),
        tiff(&[
            TiffPage::new(16, 16, Encoding::Rgb),
            TiffPage::new(16, 16, Encoding::JpegWithTables),
        ]),
        png_header(10, 10),
    ];
    for file in &files {
        for end in 0..file.len() {
            assert!(
                decode(&file[..end], &Limits::default()).is_err(),
                "{end} of {} bytes passed",
                file.len()
            );
        }
    }
}
