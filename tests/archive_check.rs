//! `make archive-check`: the archive files of real sample letters, read by the real engine, asked of veraPDF. See `tests/verapdf/README.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use laixin::archive::{self, Outline};
use laixin::config::PdfLevel;
use laixin::domain::text::{PageKind, PageText};
use laixin::evidence::Evidence;
use laixin::store::{Db, Reading};

use crate::support::{models, project};

/// Letters of a folder by their images: `A001_p1.jpg`, `A001_env.jpg`.
fn letters(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let mut found = std::collections::BTreeMap::<String, Vec<PathBuf>>::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "jpg")
            && let Some((letter, _)) = name.split_once('_')
        {
            found.entry(letter.to_owned()).or_default().push(path);
        }
    }
    for pages in found.values_mut() {
        pages.sort();
    }
    found.into_iter().collect()
}

#[test]
#[ignore = "needs Java and veraPDF: make archive-check"]
fn archive_check() {
    laixin::worker::program_is(env!("CARGO_BIN_EXE_laixin"));
    let folder =
        std::env::var_os("LAIXIN_LETTERS").map_or_else(|| project("tests/letters"), PathBuf::from);
    let count = std::env::var("LAIXIN_COUNT")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let engine =
        std::cell::LazyCell::new(|| ocr::Engine::open(&ocr::Settings::new(models())).unwrap());
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join("station.sqlite3");
    let evidence = Evidence::open(&home.path().join("evidence")).unwrap();
    drop(Db::open(&database).unwrap());
    let (mut files, mut over) = (Vec::new(), Vec::new());
    for (letter, images) in letters(&folder).into_iter().take(count) {
        let readings = readings(&letter, &images, |bytes| {
            let page = ocr::decode_frame(bytes, 0, &ocr::Limits::default()).unwrap();
            engine.read(&page).unwrap()
        });
        put(&database, &evidence, &letter, &images, readings);
        let db = Db::open(&database).unwrap();
        let outline = Outline::of(&db, &letter).unwrap();
        let made = archive::make(outline, &evidence, "测试信访局", PdfLevel::TwoU).unwrap();
        let percent = (made.pdf.len() as f64 / made.image_bytes as f64 - 1.0) * 100.0;
        println!(
            "{letter}: {} pages, {} bytes, {percent:.2} % over its images",
            images.len(),
            made.pdf.len()
        );
        over.push(percent);
        let file = home.path().join(format!("{letter}.pdf"));
        std::fs::write(&file, made.pdf).unwrap();
        files.push(file);
    }
    files.push(kinds(&database, &evidence, home.path()));
    let most = over.iter().copied().fold(0.0, f64::max);
    println!(
        "{} letters, mean {:.2} %, most {most:.2} % over their images",
        over.len(),
        over.iter().sum::<f64>() / over.len() as f64
    );
    let asked = Command::new(project("tests/verapdf/check.sh"))
        .arg("2u")
        .args(&files)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&asked.stdout).into_owned();
    println!("{told}{}", String::from_utf8_lossy(&asked.stderr));
    assert!(
        asked.status.success() && told.contains(&format!("{0} of {0} are PDF/A-2u", files.len()))
    );
    assert!(most <= 2.0, "{most}");
}

/// The archive file of a letter with a page of every kind of original there is.
fn kinds(database: &Path, evidence: &Evidence, home: &Path) -> PathBuf {
    let samples = std::fs::read_dir(project("drivers/ocr/tests/samples")).unwrap();
    let can_be_shown = |path: &PathBuf| {
        let is_bomb = path.ends_with("bomb.pdf");
        let bytes = std::fs::read(path).unwrap();
        !is_bomb && ocr::decode_frame(&bytes, 0, &ocr::Limits::default()).is_ok()
    };
    let paths = samples.map(|entry| entry.unwrap().path());
    let mut images: Vec<PathBuf> = paths.filter(can_be_shown).collect();
    images.sort();
    let nothing = Reading {
        engine: "e".into(),
        width: 96,
        height: 64,
        turned_deg: 0,
        lines: Vec::new(),
        seconds: 0.0,
        blank: true,
    };
    put(
        database,
        evidence,
        "KINDS",
        &images,
        vec![nothing; images.len()],
    );
    let outline = Outline::of(&Db::open(database).unwrap(), "KINDS").unwrap();
    let made = archive::make(outline, evidence, "测试信访局", PdfLevel::TwoU).unwrap();
    println!("KINDS: {} pages", images.len());
    let file = home.join("KINDS.pdf");
    std::fs::write(&file, made.pdf).unwrap();
    file
}

/// What was read on a letter's pages: kept by `laixin evaluate --lines DIR` (`LAIXIN_LINES`), or read now.
fn readings(
    letter: &str,
    images: &[PathBuf],
    engine: impl Fn(&[u8]) -> ocr::PageText,
) -> Vec<Reading> {
    let reading = |width, height, turned_deg, lines| Reading {
        engine: "e".into(),
        width,
        height,
        turned_deg,
        lines,
        seconds: 0.0,
        blank: false,
    };
    let kept = std::env::var_os("LAIXIN_LINES")
        .and_then(|folder| std::fs::read(Path::new(&folder).join(format!("{letter}.json"))).ok());
    if let Some(kept) = kept {
        let kept: Vec<PageText> = serde_json::from_slice(&kept).unwrap();
        let mut sheets = kept.iter().filter(|page| page.kind != PageKind::Envelope);
        let mut envelopes = kept.iter().filter(|page| page.kind == PageKind::Envelope);
        let of = |path: &PathBuf| {
            let page = if is_envelope(path) {
                envelopes.next()
            } else {
                sheets.next()
            };
            let page = page.unwrap_or_else(|| panic!("{letter}: no lines of {}", path.display()));
            reading(page.width, page.height, 0, page.lines.clone())
        };
        return images.iter().map(of).collect();
    }
    let of = |path: &PathBuf| {
        let text = engine(&std::fs::read(path).unwrap());
        let lines = text.lines.into_iter().map(laixin::read::line).collect();
        reading(text.width, text.height, text.turned_deg, lines)
    };
    images.iter().map(of).collect()
}

fn is_envelope(path: &Path) -> bool {
    path.to_string_lossy().contains("_env")
}

fn put(
    database: &Path,
    evidence: &Evidence,
    letter: &str,
    images: &[PathBuf],
    readings: Vec<Reading>,
) {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .execute_batch(&format!(
            "INSERT OR IGNORE INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 9, 1, 't', 1);
             INSERT OR IGNORE INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (1, 1, 'c', 'released', 1, 1);
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES ('{letter}', 1, 1, '{letter}', 'drafted', 1, 1);"
        ))
        .unwrap();
    for ((at, path), reading) in images.iter().enumerate().zip(readings) {
        let bytes = std::fs::read(path).unwrap();
        let kept = evidence.put(&bytes).unwrap();
        let kind = if is_envelope(path) {
            "envelope"
        } else {
            "letter"
        };
        connection
            .execute_batch(&format!(
                "INSERT INTO arrivals (id, source, name, file_key, first_seen_ms, state, sha256, sm3, size)
                   VALUES ('{letter}-{at}', 's', 'n', 'k', 1, 'taken', '{0}', '{1}', {2});
                 INSERT INTO pages (letter_id, arrival_id, kind, hint, sha256, sm3, size, state)
                   VALUES ('{letter}', '{letter}-{at}', '{kind}', {at}, '{0}', '{1}', {2}, 'read');",
                kept.sha256, kept.sm3, kept.size
            ))
            .unwrap();
        let id = connection.last_insert_rowid();
        Db::open(database)
            .unwrap()
            .finish_reading(id, &reading)
            .unwrap();
    }
}
