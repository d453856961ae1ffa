//! The engines on a real page and on a blank one, and every way in which they refuse to open.
//! The models come from the set-up; without them these tests fail, they are never skipped.

use ocr::{Engine, EngineKind, Limits, MediaType, OpenError, Page, PageText, Runtime, Settings};
use std::path::PathBuf;

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn models() -> PathBuf {
    let dir = std::env::var_os("LAIXIN_MODELS")
        .map_or_else(|| workspace().join(".setup/models"), PathBuf::from);
    assert!(
        dir.join("PP-OCRv6_rec_small.onnx").is_file(),
        "no models in {}: run `make setup`",
        dir.display()
    );
    dir
}

fn sample() -> Page {
    let path = workspace().join("tests/letters/A001_p1.jpg");
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    ocr::decode(&bytes, &Limits::default())
        .expect("the sample is sound")
        .remove(0)
}

fn text(page: &PageText) -> String {
    page.lines
        .iter()
        .map(|l| l.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

fn assert_sound(page: &PageText) {
    for line in &page.lines {
        assert_eq!(line.chars.len(), line.text.chars().count());
        assert_eq!(line.chars.len(), line.raw.chars().count());
        assert!(line.text.chars().eq(line.chars.iter().map(|c| c.ch)));
        assert!((0.0..=1.0).contains(&line.confidence));
        assert!(
            line.chars.is_sorted_by(|a, b| a.at <= b.at),
            "{:?}",
            line.chars
        );
        for [x, y] in line.quad {
            assert!(
                (0.0..=page.width as f32).contains(&x) && (0.0..=page.height as f32).contains(&y)
            );
        }
    }
}

#[test]
fn pp_ocr_reads_a_handwritten_letter_in_order() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    let page = sample();
    let read = engine.read(&page).unwrap();
    assert_eq!(
        (read.width, read.height, read.turned_deg),
        (page.width(), page.height(), 0)
    );
    assert_sound(&read);
    let text = text(&read);
    let mut from = 0;
    for part in [
        "情况反映",
        "林市长",
        "彩虹新村38幢",
        "依法拆除",
        "敬礼",
        "陆思雨",
        "2025年2月17日",
    ] {
        let at = text[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part} is missing or out of order in\n{text}"));
    }
    assert_eq!(
        engine.read(&page).unwrap().lines,
        read.lines,
        "the same page reads the same"
    );
}

#[test]
fn one_thread_reads_what_two_read() {
    let page = sample();
    let read = |threads: usize| {
        let settings = Settings {
            threads: threads.try_into().unwrap(),
            ..Settings::new(models())
        };
        text(&Engine::open(&settings).unwrap().read(&page).unwrap())
    };
    assert_eq!(read(1), read(2));
}

#[test]
fn a_blank_page_has_no_lines() {
    let blank = Page::from_rgb(800, 1100, vec![255; 800 * 1100 * 3], MediaType::Png).unwrap();
    for kind in [EngineKind::PpOcr, EngineKind::Tesseract] {
        let settings = Settings {
            engine: kind,
            ..Settings::new(models())
        };
        assert_eq!(
            Engine::open(&settings).unwrap().read(&blank).unwrap().lines,
            [],
            "{kind:?}"
        );
    }
}

/// The page as its ink shines through the paper: pale and blurred, seen from this side, or from behind.
fn pale(page: &Page, mirrored: bool) -> Page {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let grey = |x: usize, y: usize| {
        let x = if mirrored { width - 1 - x } else { x };
        let at = 3 * (y * width + x);
        page.rgb()[at..at + 3]
            .iter()
            .map(|v| u32::from(*v))
            .sum::<u32>()
            / 3
    };
    let rgb = (0..width * height)
        .flat_map(|i| {
            let (x, y) = (i % width, i / width);
            let xs = x.saturating_sub(2)..(x + 3).min(width);
            let count = xs.len() as u32;
            let mean = xs.map(|x| grey(x, y)).sum::<u32>() / count;
            [255 - ((255 - mean) * 3 / 10) as u8; 3]
        })
        .collect();
    Page::from_rgb(page.width(), page.height(), rgb, MediaType::Png).expect("as many pixels")
}

#[test]
fn writing_that_shines_through_a_blank_back_is_no_text_and_pale_writing_is() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    let back = pale(&sample(), true);
    let read = engine.read(&back).unwrap();
    assert_eq!(text(&read), "");
    assert!(read.shows_through);
    assert!(ocr::Sheet::of(&back).unwrap().is_blank(&read));

    let pencil = pale(&sample(), false);
    let read = engine.read(&pencil).unwrap();
    assert!(!read.shows_through && !ocr::Sheet::of(&pencil).unwrap().is_blank(&read));
    for part in ["林市长", "依法拆除", "陆思雨"] {
        assert!(text(&read).contains(part), "{part} is missing");
    }
}

/// The page with nothing but these rows.
fn only(page: &Page, rows: std::ops::Range<usize>) -> Page {
    let width = page.width() as usize;
    let pixels = page.rgb().chunks_exact(3).enumerate();
    let rgb = pixels.flat_map(|(at, pixel)| match rows.contains(&(at / width)) {
        true => [pixel[0], pixel[1], pixel[2]],
        false => [240; 3],
    });
    Page::from_rgb(page.width(), page.height(), rgb.collect(), MediaType::Png)
        .expect("as many pixels")
}

#[test]
fn a_single_line_that_shines_through_a_back_is_no_text_and_a_single_pale_one_is() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    let line = only(&sample(), 980..1120);
    let read = engine.read(&pale(&line, true)).unwrap();
    assert_eq!(text(&read), "");
    assert!(read.shows_through);
    let read = engine.read(&pale(&line, false)).unwrap();
    assert!(text(&read).contains("公共绿地"), "{}", text(&read));
}

#[test]
fn a_page_of_a_few_pixels_is_read_without_a_fault() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    for (width, height) in [(1, 1), (1, 900), (900, 1), (31, 33)] {
        let page = Page::from_rgb(
            width,
            height,
            vec![128; (width * height * 3) as usize],
            MediaType::Png,
        )
        .unwrap();
        assert!(engine.read(&page).unwrap().lines.is_empty());
    }
}

#[test]
fn tesseract_gives_lines_with_boxes() {
    let settings = Settings {
        engine: EngineKind::Tesseract,
        ..Settings::new(models())
    };
    let engine = Engine::open(&settings).unwrap();
    let read = engine.read(&sample()).unwrap();
    assert!(read.lines.len() > 5);
    assert_sound(&read);
    assert_ne!(
        engine.version(),
        Engine::open(&Settings::new(models())).unwrap().version()
    );
}

#[test]
fn tesseract_without_its_language_data_does_not_open() {
    let empty = tempfile::tempdir().unwrap();
    let settings = Settings {
        engine: EngineKind::Tesseract,
        tessdata_dir: Some(empty.path().to_path_buf()),
        ..Settings::new("unused")
    };
    assert!(matches!(
        Engine::open(&settings),
        Err(OpenError::Tesseract {
            language: "chi_sim",
            ..
        })
    ));
}

#[test]
fn missing_model_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = Engine::open(&Settings::new(empty.path())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("PP-OCRv6_det_small.onnx is missing"),
        "{error}"
    );
}

#[test]
fn wrong_checksum_names_file_and_both_hashes() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(
        models().join("PP-OCRv6_det_small.onnx"),
        dir.path().join("PP-OCRv6_det_small.onnx"),
    )
    .unwrap();
    let mut bytes = std::fs::read(models().join("PP-OCRv6_rec_small.onnx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(dir.path().join("PP-OCRv6_rec_small.onnx"), bytes).unwrap();
    let error = Engine::open(&Settings::new(dir.path())).unwrap_err();
    let OpenError::WrongChecksum {
        path,
        expected,
        found,
    } = &error
    else {
        panic!("{error}")
    };
    assert!(path.ends_with("PP-OCRv6_rec_small.onnx") && expected.len() == 64 && found.len() == 64);
    assert!(error.to_string().contains(found.as_str()));
}

fn decoded(name: &str) -> Page {
    let bytes = std::fs::read(workspace().join("tests/letters").join(name)).expect("a sample");
    ocr::decode(&bytes, &Limits::default())
        .expect("the sample is sound")
        .remove(0)
}

#[test]
fn postcodes_in_frames_and_the_postmark_are_read_on_an_envelope() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    let read = engine.read(&decoded("A001_env.jpg")).unwrap();
    assert_sound(&read);
    let lines: Vec<&str> = read.lines.iter().map(|l| l.text.as_str()).collect();
    for whole in ["215004", "215000"] {
        assert!(lines.contains(&whole), "{whole} is no line of {lines:?}");
    }
    let postcode = read.lines.iter().find(|l| l.text == "215004").unwrap();
    assert!(
        postcode
            .chars
            .iter()
            .all(|c| c.digit.map(|d| d.ch) == Some(c.ch))
    );
    assert!(
        lines.contains(&"苏州"),
        "no place of a postmark in {lines:?}"
    );
}

#[test]
fn every_character_tells_what_else_it_may_be() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    let read = engine.read(&sample()).unwrap();
    let chars: Vec<_> = read.lines.iter().flat_map(|l| &l.chars).collect();
    assert!(chars.iter().any(|c| !c.others.is_empty()));
    for c in chars {
        assert!(c.others.len() <= 5 && c.others.iter().all(|o| o.confidence > 0.0));
        assert!(c.others.is_sorted_by(|a, b| a.confidence >= b.confidence));
        let told = |i: usize| [c.ch].into_iter().chain(c.others[..i].iter().map(|o| o.ch));
        let again = |i: usize| told(i).any(|ch| ch == c.others[i].ch);
        assert!(!(0..c.others.len()).any(again), "no character twice: {c:?}");
        assert!(c.digit.is_some() || c.ch == ' ');
    }
}

/// `page` turned clockwise by quarters.
fn turned(page: &Page, quarters: usize) -> Page {
    let mut turned = page.clone();
    for _ in 0..quarters {
        let (width, height) = (turned.width() as usize, turned.height() as usize);
        let mut rgb = Vec::with_capacity(turned.rgb().len());
        for y in 0..width {
            for x in 0..height {
                let at = 3 * ((height - 1 - x) * width + y);
                rgb.extend_from_slice(&turned.rgb()[at..at + 3]);
            }
        }
        turned = Page::from_rgb(height as u32, width as u32, rgb, MediaType::Png)
            .expect("a turned page has as many pixels");
    }
    turned
}

#[test]
fn a_page_on_its_side_or_head_reads_as_when_it_lies_right() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    let page = sample();
    for quarters in 1..4 {
        let given = turned(&page, quarters);
        let read = engine.read(&given).unwrap();
        assert_eq!(read.turned_deg as usize, 90 * quarters);
        assert_eq!((read.width, read.height), (given.width(), given.height()));
        assert_sound(&read);
        let text = text(&read);
        for part in ["情况反映", "林市长", "陆思雨", "2025年2月17日"] {
            assert!(
                text.contains(part),
                "{part} is missing at {}°",
                90 * quarters
            );
        }
    }
}

/// It has few lines, and they run across as an ordinary envelope's do.
#[test]
fn a_vertical_envelope_on_either_side_reads_as_when_it_stands() {
    let engine = Engine::open(&Settings::new(models())).unwrap();
    for name in ["S004_env.jpg", "S006_env.jpg"] {
        let page = decoded(name);
        let standing = engine.read(&page).unwrap();
        assert_eq!(standing.turned_deg, 0, "{name}");
        for quarters in 1..4 {
            let read = engine.read(&turned(&page, quarters)).unwrap();
            assert_eq!(read.turned_deg as usize, 90 * quarters, "{name}");
            assert_eq!(text(&read), text(&standing), "{name}");
        }
    }
    let across = engine.read(&decoded("A001_env.jpg")).unwrap();
    assert_eq!(across.turned_deg, 0);
}

/// OpenVINO's libraries, where the set-up or the system has them.
fn openvino() -> Option<PathBuf> {
    let set_up = || workspace().join(".setup/openvino/openvino/libs");
    let dir = std::env::var_os("LAIXIN_OPENVINO").map_or_else(set_up, PathBuf::from);
    dir.is_dir().then_some(dir)
}

#[test]
fn openvino_reads_what_rten_reads() {
    let Some(dir) = openvino() else {
        eprintln!("NOT TRIED: OpenVINO is not installed; make setup installs it");
        return;
    };
    let open = |runtime| {
        let settings = Settings {
            runtime,
            openvino_dir: Some(dir.clone()),
            ..Settings::new(models())
        };
        Engine::open(&settings).unwrap()
    };
    let (rten, openvino) = (open(Runtime::Rten), open(Runtime::OpenVino));
    assert!(rten.version().contains(" rten "), "{}", rten.version());
    assert!(
        openvino.version().contains(" openvino-2"),
        "{}",
        openvino.version()
    );
    assert_eq!(open(Runtime::Auto).version(), openvino.version());
    for name in ["A001_p1.jpg", "A001_env.jpg", "S004_env.jpg", "S009_p1.jpg"] {
        let page = decoded(name);
        let (one, other) = (rten.read(&page).unwrap(), openvino.read(&page).unwrap());
        assert_eq!(text(&one), text(&other), "{name}");
        for (a, b) in one.lines.iter().zip(&other.lines) {
            assert!(
                (a.confidence - b.confidence).abs() < 0.02,
                "{name}: {a:?} {b:?}"
            );
            let apart = |(p, q): (&[f32; 2], &[f32; 2])| (p[0] - q[0]).hypot(p[1] - q[1]);
            let most = a.quad.iter().zip(&b.quad).map(apart).fold(0.0, f32::max);
            assert!(most < 6.0, "{name}: boxes {most} pixels apart");
        }
    }
}

#[test]
fn openvino_that_is_not_there_is_named_and_rten_reads() {
    let empty = tempfile::tempdir().unwrap();
    let settings = |runtime| Settings {
        runtime,
        openvino_dir: Some(empty.path().to_owned()),
        ..Settings::new(models())
    };
    let engine = Engine::open(&settings(Runtime::Auto)).unwrap();
    assert!(engine.version().contains(" rten "), "{}", engine.version());
    let note = engine.note().expect("it says why");
    assert!(note.contains(&empty.path().display().to_string()), "{note}");
    let error = Engine::open(&settings(Runtime::OpenVino)).unwrap_err();
    assert!(
        matches!(error, OpenError::OpenVinoMissing { dir: Some(_) }),
        "{error}"
    );
    assert_eq!(Engine::open(&settings(Runtime::Rten)).unwrap().note(), None);
}
