//! A letter's archive file: what is in it, that its text comes back, parts of it, who may have it.

use std::path::Path;
use std::process::Command;

use laixin::config::Offer;
use laixin::domain::text::Line;
use laixin::store::{Reading, Role, Scope};

use super::house::House;

/// A sheet as it is put into a letter.
pub(super) struct Sheet<'a> {
    pub(super) kind: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) frame: u32,
    pub(super) reading: Option<Reading>,
}

pub(super) fn reading(width: u32, height: u32, turned_deg: u16, lines: Vec<Line>) -> Reading {
    Reading {
        engine: "e".into(),
        width,
        height,
        turned_deg,
        lines,
        seconds: 0.1,
        blank: false,
    }
}

fn line(text: &str, quad: [[f32; 2]; 4], vertical: bool) -> Line {
    Line {
        text: text.into(),
        raw: text.into(),
        quad,
        confidence: 0.9,
        chars: Vec::new(),
        vertical,
    }
}

pub(super) fn row(text: &str, x: f32, y: f32, size: f32) -> Line {
    let end = x + size * text.chars().count() as f32;
    line(
        text,
        [[x, y], [end, y], [end, y + size], [x, y + size]],
        false,
    )
}

fn column(text: &str, x: f32, y: f32, size: f32) -> Line {
    let end = y + size * text.chars().count() as f32;
    line(
        text,
        [[x, y], [x + size, y], [x + size, end], [x, end]],
        true,
    )
}

/// Puts a letter together as intake would; its pages in the order given.
pub(super) fn letter(house: &House, id: &str, sheets: &[Sheet<'_>]) {
    house.letter(id);
    house.sql(&format!("DELETE FROM pages WHERE letter_id = '{id}'"));
    for (at, sheet) in sheets.iter().enumerate() {
        let kept = house.app.evidence.put(sheet.bytes).unwrap();
        house.sql(&format!(
            "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, sha256, sm3, size) VALUES
               ('{id}-{at}', 's', 'n', 'k', 1, 'taken', '{0}', '{1}', {2});
             INSERT INTO pages (letter_id, arrival_id, frame, kind, hint, sha256, sm3, size, state) VALUES
               ('{id}', '{id}-{at}', {3}, '{4}', 0, '{0}', '{1}', {2}, 'read');",
            kept.sha256, kept.sm3, kept.size, sheet.frame, sheet.kind
        ));
        let page = house.count("SELECT max(id) FROM pages");
        if let Some(reading) = sheet.reading.clone() {
            house
                .app
                .store
                .wait(move |db| db.finish_reading(page, &reading))
                .unwrap();
        }
    }
}

fn jpeg(width: usize, height: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|at| (at * 7 % 251) as u8)
        .collect();
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: width * 3,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    turbojpeg::compress(image, 85, turbojpeg::Subsamp::Sub2x2)
        .unwrap()
        .to_vec()
}

pub(super) fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn has(pdf: &[u8], bytes: &[u8]) -> bool {
    pdf.windows(bytes.len()).any(|window| window == bytes)
}

/// Before there is a draft only an officer is given a letter, when it waits for a person.
fn waits_for_a_person(house: &House, id: &str) {
    house.sql(&format!(
        "INSERT INTO holds (batch_id, letter_id, reason, at_ms) VALUES (1, '{id}', 'r', 1)"
    ));
}

/// Fetches the file and writes it down for other programs.
pub(super) fn fetch(
    house: &House,
    caller: &super::house::Caller,
    id: &str,
) -> (Vec<u8>, std::path::PathBuf) {
    waits_for_a_person(house, id);
    let (status, kind, pdf) = house.get_bytes(caller, &format!("/v1/letters/{id}/archive.pdf"));
    assert_eq!((status, kind.as_str()), (200, "application/pdf"));
    let file = house.folder.path().join(format!("{id}.pdf"));
    std::fs::write(&file, &pdf).unwrap();
    let checked = Command::new("qpdf")
        .arg("--check")
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    (pdf, file)
}

pub(super) fn pdftotext(file: &Path, page: u32) -> String {
    let page = page.to_string();
    let done = Command::new("pdftotext")
        .args(["-f", &page, "-l", &page, "-enc", "UTF-8"])
        .arg(file)
        .arg("-")
        .output()
        .unwrap();
    assert!(done.status.success());
    String::from_utf8(done.stdout).unwrap()
}

/// What a program finds, whatever it makes of the gaps.
fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn rows_columns_turned_pages_and_rare_characters_come_back() {
    let house = House::new();
    let zhang = house.person("zhang", Role::ConfirmingOfficer);
    let image = jpeg(1240, 1754);
    let rows = reading(
        1240,
        1754,
        0,
        vec![
            row("苏州市姑苏区平江路12号", 100.0, 200.0, 40.0),
            row("𠮷野𬱖谨上 2025年2月17日", 100.0, 300.0, 40.0),
            row("电话：0512-65227061（宅）", 100.0, 400.0, 40.0),
        ],
    );
    let columns = reading(
        1240,
        1754,
        0,
        vec![
            column("江苏省苏州市信访局收", 900.0, 200.0, 60.0),
            column("本市吴中区木渎镇𠮷某寄", 500.0, 200.0, 60.0),
        ],
    );
    // A page that was fed on its side: text runs up on the image, from the bottom left.
    let aside = |text: &str, x: f32| {
        let end = 1700.0 - 40.0 * text.chars().count() as f32;
        line(
            text,
            [[x, 1700.0], [x, end], [x + 40.0, end], [x + 40.0, 1700.0]],
            false,
        )
    };
    let turned = reading(
        1240,
        1754,
        270,
        vec![aside("第一行在这里", 200.0), aside("第二行紧随其后", 300.0)],
    );
    let sheets = [rows, columns, turned].map(|reading| Sheet {
        kind: "letter",
        bytes: &image,
        frame: 0,
        reading: Some(reading),
    });
    letter(&house, "A1", &sheets);
    let (_, file) = fetch(&house, &zhang, "A1");
    let first = solid(&pdftotext(&file, 1));
    for text in [
        "苏州市姑苏区平江路12号",
        "𠮷野𬱖谨上2025年2月17日",
        "电话：0512-65227061（宅）",
    ] {
        assert!(first.contains(text), "{text} in {first}");
    }
    let second = solid(&pdftotext(&file, 2));
    for text in ["江苏省苏州市信访局收", "本市吴中区木渎镇𠮷某寄"] {
        assert!(second.contains(text), "{text} in {second}");
    }
    let third = pdftotext(&file, 3);
    let lines: Vec<String> = third.lines().map(solid).filter(|l| !l.is_empty()).collect();
    assert_eq!(lines, ["第一行在这里", "第二行紧随其后"], "{third:?}");
    let told = Command::new("pdfinfo")
        .args(["-f", "1", "-l", "3"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("Page    3 rot:   90"), "{told}");
    assert!(told.contains("来信 A1"), "{told}");
}

#[test]
fn originals_go_in_byte_for_byte_in_binding_order_with_little_on_top() {
    let house = House::new();
    let zhang = house.person("zhang", Role::ConfirmingOfficer);
    let read = |name: &str| std::fs::read(project("tests/letters").join(name)).unwrap();
    let (envelope, first, form) = (
        read("A001_env.jpg"),
        read("A001_p1.jpg"),
        read("S001_p1.jpg"),
    );
    // Thirty full lines of different characters, more than most letters have.
    let text: Vec<char> = ('\u{4e00}'..'\u{9fa5}').step_by(29).collect();
    let lines = (0..30)
        .map(|n| {
            let line: String = (0..22).map(|c| text[(n * 22 + c) % text.len()]).collect();
            row(&line, 60.0, 60.0 + 50.0 * n as f32, 40.0)
        })
        .collect();
    let sheet = |kind, bytes| Sheet {
        kind,
        bytes,
        frame: 0,
        reading: None,
    };
    let mut sheets = [
        sheet("envelope", &envelope[..]),
        sheet("letter", &first[..]),
        sheet("transfer_form", &form[..]),
    ];
    sheets[1].reading = Some(reading(1240, 1754, 0, lines));
    letter(&house, "A1", &sheets);
    let (pdf, file) = fetch(&house, &zhang, "A1");
    for original in [&envelope, &first, &form] {
        assert!(
            has(&pdf, original),
            "an original's bytes are not in the file"
        );
    }
    let at = |bytes: &[u8]| pdf.windows(64).position(|w| w == &bytes[..64]);
    let order = [at(&form[200..]), at(&first[200..]), at(&envelope[200..])];
    assert!(order.is_sorted() && order[0].is_some(), "{order:?}");
    let images = envelope.len() + first.len() + form.len();
    let over = (pdf.len() - images) as f64 / images as f64;
    println!(
        "{} bytes over {images}: {:.2} %",
        pdf.len() - images,
        over * 100.0
    );
    assert!(over <= 0.02, "{over}");
    // Another program takes the images out again: the same bytes.
    let out = house.folder.path().join("image");
    let done = Command::new("pdfimages")
        .arg("-j")
        .arg(&file)
        .arg(&out)
        .status()
        .unwrap();
    assert!(done.success());
    let taken = std::fs::read(house.folder.path().join("image-000.jpg")).unwrap();
    assert!(taken == form, "pdfimages took other bytes out");
    assert_eq!(
        fetch(&house, &zhang, "A1").0,
        pdf,
        "the same letter, the same bytes"
    );
}

#[test]
fn pages_of_a_tiff_go_in_without_loss_and_the_original_is_named() {
    let house = House::new();
    let zhang = house.person("zhang", Role::ConfirmingOfficer);
    let tiff = super::house::two_page_tiff();
    let broken = b"\xff\xd8\xff\xe0 cut short".to_vec();
    let sheet = |bytes, frame| Sheet {
        kind: "letter",
        bytes,
        frame,
        reading: None,
    };
    letter(
        &house,
        "A1",
        &[
            sheet(&tiff[..], 0),
            sheet(&tiff[..], 1),
            sheet(&broken[..], 0),
        ],
    );
    let (pdf, file) = fetch(&house, &zhang, "A1");
    let text = String::from_utf8_lossy(&pdf);
    let hash = laixin::digest::sha256_hex(&tiff);
    assert!(text.contains(&format!("1 letter sha256={hash}")));
    assert!(text.contains("page 2 of its file: lossless, same samples packed anew"));
    assert!(
        text.contains("3 letter sha256="),
        "a page that cannot be shown is named too"
    );
    assert!(text.contains("not shown: cannot be decoded"));
    assert!(
        text.contains("pages that cannot be shown: 1"),
        "the file is marked"
    );
    assert!(
        pdftotext(&file, 3).contains("第 3 页无法显示"),
        "the page says why it is a cross"
    );
    let told = Command::new("pdfinfo").arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&told.stdout).contains("Pages:           3"));
}

#[test]
fn it_is_given_in_parts_with_its_digest_and_every_read_is_on_record() {
    let house = House::new();
    let zhang = house.person("zhang", Role::ConfirmingOfficer);
    let image = jpeg(64, 48);
    let sheet = Sheet {
        kind: "letter",
        bytes: &image,
        frame: 0,
        reading: None,
    };
    letter(&house, "A1", &[sheet]);
    waits_for_a_person(&house, "A1");
    let path = "/v1/letters/A1/archive.pdf";
    let (_, _, whole) = house.get_bytes(&zhang, path);
    let response = house.open(&zhang.with("range", "bytes=5-14"), path);
    assert_eq!(response.status(), 206);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let etag = header("etag");
    assert_eq!(etag, format!("\"{}\"", laixin::digest::sha256_hex(&whole)));
    assert_eq!(
        header("content-range"),
        format!("bytes 5-14/{}", whole.len())
    );
    assert!(header("repr-digest").starts_with("sha-256=:"));
    assert!(header("digest").starts_with("sha-256="));
    let (_, _, part) = house.get_bytes(&zhang.with("range", "bytes=5-14"), path);
    assert_eq!(part, &whole[5..15]);
    let known = house.open(&zhang.with("if-none-match", &etag), path);
    assert_eq!(known.status(), 304);
    let outside = house.open(&zhang.with("range", "bytes=99999999-"), path);
    assert_eq!(outside.status(), 416);
    assert_eq!(
        outside.headers()["content-range"],
        format!("bytes */{}", whole.len())
    );
    let told = house.get(&zhang.with("range", "bytes=99999999-"), path);
    assert_eq!(told.code(), "no_such_range");
    assert_eq!(house.count("SELECT count(*) FROM ledger WHERE action = 'archive.read' AND subject = 'letter/A1' AND actor = 'zhang'"), 6);
}

#[test]
fn only_who_may_see_the_letter_gets_it_and_never_altered_bytes() {
    let house = House::new();
    let zhang = house.person("zhang", Role::ConfirmingOfficer);
    let wang = house.person("wang", Role::Maintenance);
    let cases = house.machine("cases", Scope::CaseSystem);
    let image = jpeg(64, 48);
    let sheet = Sheet {
        kind: "letter",
        bytes: &image,
        frame: 0,
        reading: None,
    };
    letter(&house, "A1", &[sheet]);
    let path = "/v1/letters/A1/archive.pdf";
    assert_eq!(house.get(&wang, path).code(), "forbidden");
    assert_eq!(
        house.get(&cases, path).code(),
        "not_found",
        "there is no draft yet"
    );
    house.draft("A1", Offer::Read);
    assert_eq!(house.get_bytes(&cases, path).0, 200);
    assert_eq!(
        house.get(&zhang, "/v1/letters/A9/archive.pdf").code(),
        "not_found"
    );
    let sha256 = laixin::digest::sha256_hex(&image);
    let file = house
        .app
        .settings
        .evidence_dir()
        .join(&sha256[..2])
        .join(&sha256);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"something else").unwrap();
    assert_eq!(house.get(&zhang, path).code(), "original_altered");
}

/// A grey JPEG with another shade in each quarter, said to lie as EXIF numbers it.
fn quarters(orientation: u8) -> Vec<u8> {
    let (width, height) = (120, 80);
    let pixels: Vec<u8> = (0..width * height)
        .map(|at| [20, 90, 160, 230][(at / width / 40) * 2 + at % width / 60])
        .collect();
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: width,
        height,
        format: turbojpeg::PixelFormat::GRAY,
    };
    let jpeg = turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray).unwrap();
    let exif = [
        b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

/// The shade in the middle of each quarter, in reading order.
fn shades(grey: impl Fn(usize, usize) -> u8, width: usize, height: usize) -> [u8; 4] {
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| grey(width * x / 4, height * y / 4))
}

/// Width, height and pixels of a grey picture as `pdftoppm` writes it.
fn pgm_of(file: &[u8]) -> (usize, usize, &[u8]) {
    let size = file.strip_prefix(b"P5\n").unwrap();
    let mut sides = size
        .split(u8::is_ascii_whitespace)
        .map(|side| std::str::from_utf8(side).unwrap().parse().unwrap());
    let (width, height): (usize, usize) = (sides.next().unwrap(), sides.next().unwrap());
    (width, height, &file[file.len() - width * height..])
}

#[test]
fn a_page_that_lies_by_its_exif_is_shown_as_it_was_read_and_stays_the_original() {
    let house = House::new();
    let zhang = house.person("zhang", Role::ConfirmingOfficer);
    let images: Vec<_> = (1..=8).map(quarters).collect();
    let sheets: Vec<_> = images
        .iter()
        .map(|bytes| Sheet {
            kind: "letter",
            bytes,
            frame: 0,
            reading: None,
        })
        .collect();
    letter(&house, "A9", &sheets);
    let (pdf, file) = fetch(&house, &zhang, "A9");
    let drawn = Command::new("pdftoppm")
        .args(["-gray", "-r", "200"])
        .arg(&file)
        .arg(house.folder.path().join("page"))
        .status()
        .unwrap();
    assert!(drawn.success());
    for (n, image) in (1..).zip(&images) {
        assert!(has(&pdf, image), "{n} goes in as it came");
        let read = ocr::decode_frame(image, 0, &ocr::Limits::default()).unwrap();
        let (width, height) = (read.width() as usize, read.height() as usize);
        let expected = shades(|x, y| read.rgb()[(y * width + x) * 3], width, height);
        let pgm = std::fs::read(house.folder.path().join(format!("page-{n}.pgm"))).unwrap();
        let (drawn_width, drawn_height, pixels) = pgm_of(&pgm);
        assert!(
            drawn_width.abs_diff(width) <= 1 && drawn_height.abs_diff(height) <= 1,
            "orientation {n}: {drawn_width}×{drawn_height} instead of {width}×{height}"
        );
        let shown = shades(
            |x, y| pixels[y * drawn_width + x],
            drawn_width,
            drawn_height,
        );
        let far = shown.iter().zip(expected).any(|(a, b)| a.abs_diff(b) > 8);
        assert!(!far, "orientation {n}: {shown:?}, read as {expected:?}");
    }
}
