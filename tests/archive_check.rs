//! `make archive-check`: the archive files of real sample letters, read by the real engine, asked of veraPDF. See `tests/verapdf/README.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use laixin::archive::{self, Outline};
use laixin::config::PdfLevel;
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
    let folder =
        std::env::var_os("LAIXIN_LETTERS").map_or_else(|| project("tests/letters"), PathBuf::from);
    let count = std::env::var("LAIXIN_COUNT")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let engine = ocr::Engine::open(&ocr::Settings::new(models())).unwrap();
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join("station.sqlite3");
    let evidence = Evidence::open(&home.path().join("evidence")).unwrap();
    drop(Db::open(&database).unwrap());
    let (mut files, mut over) = (Vec::new(), Vec::new());
    for (letter, images) in letters(&folder).into_iter().take(count) {
        put(&database, &evidence, &letter, &images, &engine);
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

fn put(
    database: &Path,
    evidence: &Evidence,
    letter: &str,
    images: &[PathBuf],
    engine: &ocr::Engine,
) {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .execute_batch(&format!(
            "INSERT OR IGNORE INTO batches (id, carrier, count, received_ms, signed_by, created_ms) VALUES (1, 'letter', 9, 1, 't', 1);
             INSERT OR IGNORE INTO loads (id, batch_id, cabinet, state, created_ms, released_ms) VALUES (1, 1, 'c', 'released', 1, 1);
             INSERT INTO letters (id, batch_id, load_id, group_name, stage, created_ms, last_arrival_ms) VALUES ('{letter}', 1, 1, '{letter}', 'drafted', 1, 1);"
        ))
        .unwrap();
    for (at, path) in images.iter().enumerate() {
        let bytes = std::fs::read(path).unwrap();
        let kept = evidence.put(&bytes).unwrap();
        let kind = if path.to_string_lossy().contains("_env") {
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
        let page = ocr::decode_frame(&bytes, 0, &ocr::Limits::default()).unwrap();
        let text = engine.read(&page).unwrap();
        let reading = Reading {
            engine: "e".into(),
            width: text.width,
            height: text.height,
            turned_deg: text.turned_deg,
            lines: text.lines.into_iter().map(laixin::read::line).collect(),
            seconds: 0.0,
        };
        Db::open(database)
            .unwrap()
            .finish_reading(id, &reading)
            .unwrap();
    }
}
