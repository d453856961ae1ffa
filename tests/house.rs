//! The rules of the house that a compiler does not keep: a pure domain, drivers that know nothing of us, documents
//! that name only files that exist.

use std::fs;
use std::path::{Path, PathBuf};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}

/// Code lines with comments dropped, up to the file's unit tests.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).expect("a readable file");
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .enumerate()
        .map(|(at, line)| {
            (
                at + 1,
                line.split("//").next().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_domain_is_pure() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::io",
        "std::time::SystemTime",
        "std::time::Instant",
        "Instant::now",
        "std::env",
        "std::thread",
        "std::process",
        "tokio",
        "tracing",
        "rusqlite",
        "axum",
        "jiff",
        "async fn",
        "println!",
        "eprintln!",
        "crate::store",
        "crate::api",
        "crate::clock",
        "crate::config",
        "crate::events",
        "crate::evidence",
    ];
    let mut broken = Vec::new();
    let mut files = files_below(&project().join("src/domain"), "rs");
    files.push(project().join("src/domain.rs"));
    files.extend(files_below(&project().join("cycle/src"), "rs"));
    assert!(files.len() > 8, "the domain was not found");
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        for (at, line) in code(file) {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{}:{at}: {word}", file.display()));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "the domain takes values and returns values:\n{}",
        broken.join("\n")
    );
}

#[test]
fn drivers_stand_alone() {
    for driver in ["meaning", "ocr", "scanner", "uv-cabinet"] {
        let manifest =
            fs::read_to_string(project().join("drivers").join(driver).join("Cargo.toml"))
                .expect("a manifest");
        for other in ["laixin", "meaning", "ocr", "scanner", "uv-cabinet"] {
            let named = manifest.lines().any(|line| {
                line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} ="))
            });
            assert!(!named, "drivers/{driver} depends on {other}");
        }
        assert!(
            !manifest.contains("path = \"../"),
            "drivers/{driver} depends on a neighbour by its path"
        );
    }
}

#[test]
fn every_driver_readme_has_the_same_headings() {
    for driver in ["meaning", "ocr", "scanner", "uv-cabinet"] {
        let text = fs::read_to_string(project().join("drivers").join(driver).join("README.md"))
            .expect("a README");
        let headings: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        let expected = [
            "What it drives",
            "How to use it",
            "Limits",
            "Faults and what they look like",
            "Measured",
            "Sources and licences",
        ];
        assert_eq!(headings, expected, "drivers/{driver}/README.md");
    }
}

#[test]
fn every_file_says_what_it_is() {
    let mut silent = Vec::new();
    for folder in ["src", "cycle", "drivers", "tests"] {
        for file in files_below(&project().join(folder), "rs") {
            let text = fs::read_to_string(&file).expect("a readable file");
            if !text.starts_with("//!") {
                silent.push(file.display().to_string());
            }
        }
    }
    assert!(
        silent.is_empty(),
        "a //! line opens every file:\n{}",
        silent.join("\n")
    );
}

/// `path/with.ext` in a code span of these documents is a file or folder of the project.
#[test]
fn documents_name_only_what_exists() {
    let mut lost = Vec::new();
    for document in [
        "README.md",
        "README.zh-CN.md",
        "ARCHITECTURE.md",
        "drivers/README.md",
    ] {
        let text = fs::read_to_string(project().join(document)).expect("a readable document");
        for span in text.split('`').skip(1).step_by(2) {
            let first = span.split('/').next().unwrap_or_default();
            let ours = [
                "src", "drivers", "config", "tests", "systemd", "setup", "demo", ".ci",
            ]
            .contains(&first);
            let plain = span.contains('/')
                && span
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if ours && plain && !project().join(span).exists() {
                lost.push(format!("{document}: {span}"));
            }
        }
    }
    assert!(lost.is_empty(), "named but not there:\n{}", lost.join("\n"));
}
